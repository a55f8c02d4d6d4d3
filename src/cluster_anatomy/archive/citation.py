"""How to cite and how to find: CITATION.cff, codemeta.json, and the data set in schema.org's words.

Two licences hold, each for its part. A list of licences in CITATION.cff would leave the choice, so
that it names the one of the data there, and both in its message.
"""

from collections.abc import Mapping

import yaml

from cluster_anatomy.archive.record import SPDX, Record, to_json

PLACEHOLDER = (
    "# No person is named yet: the author below is a placeholder, and persons take its place"
    " before a deposit.\n"
)


def citation_file(about: Record) -> str:
    """Return CITATION.cff: how to cite the compendium, and the paper that it tests."""
    paper = about.paper
    entry = {
        "cff-version": "1.2.0",
        "message": "If you use this compendium, please cite it and the paper that it tests. "
        f"{licences_in_words(about)}",
        "title": about.title,
        "abstract": about.abstract,
        "type": "dataset",
        "version": about.version,
        "date-released": about.released,
        **({"doi": about.doi} if about.doi else {}),
        **({"repository-code": about.repository} if about.repository else {}),
        "authors": [{"name": name} for name in about.authors],
        "keywords": list(about.keywords),
        "license": about.data_licence,
        "references": [
            {
                "type": "report",
                "title": paper["title"],
                "authors": [
                    {"family-names": family, "given-names": given}
                    for given, family in about.paper_authors
                ],
                "year": paper["year"],
                "institution": {"name": paper["publisher"]},
                "collection-title": paper["series"],
                "number": paper["number"],
            }
        ],
    }
    head = (
        "# Generated from pyproject.toml by `python -m cluster_anatomy archive`; change the record,"
        " not this file.\n"
    )
    head += PLACEHOLDER if about.authors_stand_in else ""
    return head + yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=100)


def licences_in_words(about: Record) -> str:
    """Return which licence holds for what."""
    return (
        f"Two licences hold, each for its part: {about.code_licence} for the code and"
        f" {about.data_licence} for data, text and figures ({about.code_licence} AND"
        f" {about.data_licence})."
    )


def paper_reference(about: Record) -> dict[str, object]:
    """Return the paper in the words of schema.org, without its authors."""
    paper = about.paper
    return {
        "@type": "ScholarlyArticle",
        "name": paper["title"],
        "datePublished": str(paper["year"]),
        "isPartOf": f"{paper['series']} {paper['number']}",
    }


def codemeta_file(about: Record) -> str:
    """Return codemeta.json."""
    return to_json(
        {
            "@context": "https://w3id.org/codemeta/3.0",
            "@type": "SoftwareSourceCode",
            "name": about.title,
            "description": about.abstract,
            "version": about.version,
            "author": [{"@type": "Organization", "name": name} for name in about.authors],
            "license": [SPDX + about.code_licence, SPDX + about.data_licence],
            "hasPart": _parts(about),
            "keywords": list(about.keywords),
            "dateModified": about.released,
            **({"identifier": f"https://doi.org/{about.doi}"} if about.doi else {}),
            **({"codeRepository": about.repository} if about.repository else {}),
            "programmingLanguage": "Python",
            "runtimePlatform": f"Python {about.python}",
            "operatingSystem": ["Linux", "macOS"],
            "softwareRequirements": list(about.requirements),
            "developmentStatus": "active",
            "readme": "README.md",
            "buildInstructions": "README.md",
            "referencePublication": paper_reference(about) | {"author": _persons(about)},
        }
    )


def _parts(about: Record) -> list[dict[str, str]]:
    """Return which licence holds for which part."""
    parts = {"Code": about.code_licence, "Data, text and figures": about.data_licence}
    return [{"name": name, "license": SPDX + licence} for name, licence in parts.items()]


def _persons(about: Record) -> list[dict[str, str]]:
    """Return the authors of the paper in the words of schema.org."""
    return [
        {"@type": "Person", "givenName": given, "familyName": family}
        for given, family in about.paper_authors
    ]


def dataset(about: Record, tables: Mapping[str, str]) -> dict[str, object]:
    """Return the data set in the words of schema.org, as search engines for data read it.

    Parameters
    ----------
    about : Record
        What the compendium says of itself.
    tables : mapping
        Address of each table, as seen from the page that carries this, to its title.
    """
    creators = [{"@type": "Organization", "name": name} for name in about.authors]
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": about.title,
        "description": f"{about.abstract} {licences_in_words(about)}",
        "version": about.version,
        "datePublished": about.released,
        "creator": creators,
        "keywords": list(about.keywords),
        "license": SPDX + about.data_licence,
        "isAccessibleForFree": True,
        "inLanguage": "en",
        "spatialCoverage": [{"@type": "Country", "name": name} for name in about.countries],
        **({"identifier": f"https://doi.org/{about.doi}"} if about.doi else {}),
        **({"url": about.repository} if about.repository else {}),
        "citation": paper_reference(about) | {"author": _persons(about)},
        "distribution": [
            {
                "@type": "DataDownload",
                "name": title,
                "contentUrl": address,
                "encodingFormat": "text/csv",
            }
            for address, title in tables.items()
        ],
    }
