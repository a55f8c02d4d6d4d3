"""How to cite: CITATION.cff and codemeta.json."""

import json

from cluster_anatomy.archive.record import SPDX, Record, names, to_json

# --- Citation File Format


def _yaml(value: object, indent: int = 0) -> list[str]:
    """Return plain data as lines of YAML; every text is quoted as in JSON, which is YAML too."""
    pad = "  " * indent
    lines = []
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list):
                lines += [f"{pad}{key}:", *_yaml(item, indent + 1)]
            else:
                lines.append(f"{pad}{key}: {json.dumps(item, ensure_ascii=False)}")
    else:
        for item in value:
            inner = _yaml(item, indent + 1) if isinstance(item, dict | list) else []
            first = inner[0].strip() if inner else json.dumps(item, ensure_ascii=False)
            lines += [f"{pad}- {first}", *inner[1:]]
    return lines


def citation(about: Record) -> str:
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
                "authors": [names(person) for person in paper["authors"]],
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
    return head + "\n".join(_yaml(entry)) + "\n"


def paper_reference(about: Record) -> dict:
    paper = about.paper
    return {
        "@type": "ScholarlyArticle",
        "name": paper["title"],
        "datePublished": str(paper["year"]),
        "isPartOf": f"{paper['series']} {paper['number']}",
    }


def codemeta(about: Record) -> str:
    """Return codemeta.json."""
    persons = [
        {"@type": "Person", "givenName": n["given-names"], "familyName": n["family-names"]}
        for n in map(names, about.paper["authors"])
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
