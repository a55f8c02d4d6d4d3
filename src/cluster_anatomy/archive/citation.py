"""How to cite: CITATION.cff and codemeta.json."""

import yaml

from cluster_anatomy.archive.record import SPDX, Record, to_json


def citation_file(about: Record) -> str:
    """Return CITATION.cff: how to cite the compendium, and the paper that it tests."""
    paper = about.paper
    entry = {
        "cff-version": "1.2.0",
        "message": "If you use this compendium, please cite it and the paper that it tests.",
        "title": about.title,
        "abstract": about.abstract,
        "type": "dataset",
        "version": about.version,
        "date-released": about.released,
        **({"doi": about.doi} if about.doi else {}),
        **({"repository-code": about.repository} if about.repository else {}),
        "authors": [{"name": name} for name in about.authors],
        "keywords": list(about.keywords),
        "license": [about.code_licence, about.data_licence],
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
    return head + yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=100)


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
    persons: list[object] = [
        {"@type": "Person", "givenName": given, "familyName": family}
        for given, family in about.paper_authors
    ]
    return to_json(
        {
            "@context": "https://w3id.org/codemeta/3.0",
            "@type": "SoftwareSourceCode",
            "name": about.title,
            "description": about.abstract,
            "version": about.version,
            "author": [{"@type": "Organization", "name": name} for name in about.authors],
            "license": [SPDX + about.code_licence, SPDX + about.data_licence],
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
            "referencePublication": paper_reference(about) | {"author": persons},
        }
    )
