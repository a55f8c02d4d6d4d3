"""What an archive asks for: metadata in four forms from one record, checksums, and a release that
runs elsewhere.

The record is ``[project]`` and ``[tool.cluster-anatomy]`` in ``pyproject.toml``, with the contracts
for the tables, ``notebooks/steps.toml`` for the steps and ``seeds/record.toml`` for the paper. From
these ``python -m cluster_anatomy archive`` writes

- ``CITATION.cff`` (Citation File Format 1.2.0),
- ``codemeta.json`` (CodeMeta 3.0),
- ``datapackage.json`` (Data Package 2.0: a resource for every table, a field for every column),
- ``ro-crate-metadata.json`` (RO-Crate 1.2: files, steps with what they read and write, licences),
- ``docs/NUMBERS.md``, and the lists that other pages hold between marks (`exhibits.fill`).

Nothing depends on the time or the machine: the date is that of the record.
"""

import csv
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from . import exhibits, paths, steps
from .check import git
from .contracts import Column, Table, TableError, contract_of, contracts, limits
from .steps import PipelineError

CITATION, CODEMETA = "CITATION.cff", "codemeta.json"
PACKAGE, CRATE = "datapackage.json", "ro-crate-metadata.json"
MANIFEST, SUMS = "MANIFEST", "SHA256SUMS"
SPDX = "https://spdx.org/licenses/"
ORGANISATION = "#developers"
FOLDERS = {
    "data/raw/": (
        "Raw data",
        "What was collected, and the decisions of this study as data; never edited by a step.",
    ),
    "data/processed/": (
        "Processed data",
        "What the steps make of the raw data, the register of results among it.",
    ),
    "seeds/": ("Seeds", "The paper as a source: record, its claims in our own words, references."),
    "notebooks/": ("Notebooks", "The steps of the study, with their outputs."),
    "figures/": ("Figures", "Each figure as PDF and PNG, and the table that it draws."),
    "own_lists/": (
        "Own lists",
        "Lists of firms that the same notebooks run on, as an example of one's own.",
    ),
}
"""Folders whose files are listed one by one, with size and checksum."""
CODE = {
    "src/": ("Package", "The functions of the study, one module per step."),
    "tests/": ("Tests", "Tests of functions, data, notebooks and documents."),
    "benchmarks/": (
        "Benchmarks",
        "What measures speed, planted faults and bad input, and what was measured.",
    ),
    "docs/": ("Documents", "Checklists, the list of numbers, and guides."),
}
"""Folders that are described as a whole."""
ROOMS = ("data/", "figures/", "seeds/")
"""Where every table must have a contract."""
FORMATS = {
    ".csv": "text/csv",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".ipynb": "application/x-ipynb+json",
    ".md": "text/markdown",
    ".toml": "application/toml",
    ".json": "application/json",
    ".cff": "application/yaml",
    ".yml": "application/yaml",
    ".bib": "application/x-bibtex",
}
TYPES = {
    "string": "string",
    "list": "string",
    "url_list": "string",
    "integer": "integer",
    "year": "year",
    "number": "number",
}


@dataclass(frozen=True)
class Record:
    """What the compendium says of itself, from ``pyproject.toml``, and the paper, from
    ``seeds/record.toml``.
    """

    name: str
    version: str
    title: str
    description: str
    abstract: str
    authors: tuple[str, ...]
    keywords: tuple[str, ...]
    code_licence: str
    data_licence: str
    released: str
    python: str
    requirements: tuple[str, ...]
    countries: tuple[str, ...]
    doi: str
    repository: str
    paper: dict


def record(base: Path) -> Record:
    """Read the record.

    Raises
    ------
    PipelineError
        If a part of it is missing or the table has an unknown key.
    """
    try:
        whole = tomllib.loads((base / "pyproject.toml").read_text(encoding="utf-8"))
        paper = tomllib.loads((base / "seeds/record.toml").read_text(encoding="utf-8"))["paper"]
        project, own = whole["project"], dict(whole["tool"]["cluster-anatomy"])
        found = Record(
            name=project["name"],
            version=project["version"],
            description=project["description"],
            authors=tuple(author["name"] for author in project["authors"]),
            keywords=tuple(project["keywords"]),
            code_licence=project["license"],
            python=project["requires-python"],
            requirements=tuple(project["dependencies"]),
            title=own.pop("title"),
            abstract=own.pop("abstract"),
            data_licence=own.pop("data-licence"),
            released=own.pop("released").isoformat(),
            countries=tuple(own.pop("countries")),
            doi=own.pop("doi", ""),
            repository=own.pop("repository", ""),
            paper=paper,
        )
    except (OSError, ValueError, AttributeError) as error:
        raise PipelineError(f"the record of the compendium cannot be read: {error}") from None
    except KeyError as error:
        raise PipelineError(f"pyproject.toml or seeds/record.toml: {error} is missing") from None
    if own:
        raise PipelineError(
            f"pyproject.toml, [tool.cluster-anatomy]: unknown key {', '.join(sorted(own))}"
        )
    return found


# --- Files


def files(base: Path, committed: bool = False) -> list[str]:
    """Return the files of the compendium, sorted: those git knows, else those a release lists.

    Parameters
    ----------
    base : Path
        Folder of the compendium.
    committed : bool
        Leave out files that git does not know yet (those it ignores are never listed).

    Raises
    ------
    PipelineError
        If the folder is neither a git checkout nor an unpacked release.
    """
    listed = git(base, "ls-files", "-z", *([] if committed else ["-co", "--exclude-standard"]))
    if listed is not None:
        found = {
            path for path in os.fsdecode(listed).split("\0") if path and (base / path).is_file()
        }
    elif (base / SUMS).is_file():
        found = {path for path in sums(base) if (base / path).is_file()} - {MANIFEST}
    else:
        raise PipelineError(
            f"{base} is neither a git checkout nor an unpacked release (no {SUMS} in it)"
        )
    return sorted(found)


def sums(base: Path) -> dict[str, str]:
    """Return path -> SHA-256 from the checksums of a release.

    Raises
    ------
    PipelineError
        If a line is malformed or names a path outside the release.
    """
    found = {}
    for number, line in enumerate((base / SUMS).read_text(encoding="utf-8").splitlines(), start=1):
        digest, _, path = line.partition("  ")
        pure = PurePosixPath(path)
        if (
            not re.fullmatch(r"[0-9a-f]{64}", digest)
            or pure.is_absolute()
            or ".." in pure.parts
            or not path
        ):
            raise PipelineError(
                f"{SUMS}, line {number}: not a checksum and a path inside the release"
            )
        found[path] = digest
    return found


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


def _names(person: str) -> dict[str, str]:
    given, _, family = person.rpartition(" ")
    return {"family-names": family, "given-names": given}


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
                "authors": [_names(person) for person in paper["authors"]],
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


# --- CodeMeta


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _paper(about: Record) -> dict:
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
        for n in map(_names, about.paper["authors"])
    ]
    return _json(
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
            "referencePublication": _paper(about) | {"author": persons},
        }
    )


# --- Data Package


def _resource_name(path: str) -> str:
    return re.sub(r"[^a-z0-9._-]", "-", path.lower().removesuffix(".csv"))


def _pattern(column: Column) -> str | None:
    """Return the regular expression for a whole cell that says what a contract says of the parts of
    a list.
    """
    if column.type not in ("list", "url_list"):
        return column.pattern
    one = "|".join(map(re.escape, column.allowed)) or column.pattern
    if not one:
        return None
    one = f"({one})?" if column.blank_parts else f"({one})"
    return rf"\s*{one}\s*({re.escape(column.separator)}\s*{one}\s*)*"


def field(column: Column, key: Iterable[str] = ()) -> dict:
    """Return a field of a Table Schema: name, type, description and constraints, from the contract
    of a column.
    """
    low, high = limits(column)
    whole = column.type in ("integer", "year")
    constraints = {
        "required": True if column.required else None,
        "unique": True if tuple(key) == (column.name,) else None,
        "enum": (
            list(column.allowed)
            if column.allowed and column.type not in ("list", "url_list")
            else None
        ),
        "pattern": _pattern(column) if column.type in ("string", "list", "url_list") else None,
        "minimum": low if low is None or not whole else int(low),
        "maximum": high if high is None or not whole else int(high),
    }
    said = column.description
    if column.type in ("list", "url_list"):
        said += f" A list, its parts between '{column.separator}'."
    if column.references:
        said += f" Occurs in {column.references}."
    found = {"name": column.name, "type": TYPES[column.type], "description": said}
    constraints = {name: value for name, value in constraints.items() if value is not None}
    return found | ({"constraints": constraints} if constraints else {})


def _foreign_keys(table: Table, path: str, listed: list[str]) -> list[dict]:
    """Return the references of a table that a Data Package can state: one value, in a table of one
    file.
    """
    found = []
    for column in table.columns:
        if not column.references or column.type == "list":
            continue
        name, _, label = column.references.partition(".")
        homes = [other for other in listed if contract_of(other).name == name]
        if len(homes) == 1:
            resource = "" if homes[0] == path else _resource_name(homes[0])
            found.append(
                {"fields": [column.name], "reference": {"resource": resource, "fields": [label]}}
            )
    return found


def _licence(text: str, about: Record) -> dict:
    """Return a licence of the Data Package; what the contract says of rights stays beside its name."""
    name = about.data_licence
    short = name.replace("-", " ", 1).replace("-", " ") == text.rstrip(".")
    return {
        "name": name,
        "path": "https://creativecommons.org/licenses/by/4.0/",
        "title": "Creative Commons Attribution 4.0" if short else f"{text} See LICENSE-DATA.",
    }


def _header(path: Path) -> list[str]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        return next(csv.reader(file), [])


def _schema(table: Table, path: str, labels: list[str], listed: list[str]) -> dict:
    """Return the Table Schema of a file with these columns.

    Raises
    ------
    TableError
        If the columns are not those of the contract. A list as somebody else gave it (an optional
        table outside the data rooms) may have headings of its own; its columns are then plain text.
    """
    known = {column.name: column for column in table.columns}
    if sorted(labels) != sorted(known):
        if not table.optional or path.startswith(ROOMS):
            raise TableError(
                [f"{path}: the columns are not those of its contract ({', '.join(known)})"]
            )
        said = {
            label: known[label].description if label in known else "As the list names it."
            for label in labels
        }
        return {
            "fields": [
                {"name": name, "type": "string", "description": text} for name, text in said.items()
            ]
        }
    keys: dict = {}
    if table.key:
        blank = {column.name for column in table.columns if not column.required}
        keys = (
            {"uniqueKeys": [list(table.key)]}
            if blank & set(table.key)
            else {"primaryKey": list(table.key)}
        )
    foreign = _foreign_keys(table, path, listed)
    return {
        "fields": [field(known[label], table.key) for label in labels],
        "missingValues": [""],
        **keys,
        **({"foreignKeys": foreign} if foreign else {}),
    }


def resource(path: str, base: Path, about: Record, listed: list[str]) -> dict:
    """Return one table as a resource of the Data Package.

    Raises
    ------
    TableError
        If no contract names the file, or the file has other columns than its contract.
    """
    table, file = contract_of(path), base / path
    schema = _schema(table, path, _header(file), listed)
    return {
        "name": _resource_name(path),
        "path": path,
        "type": "table",
        "title": table.title,
        "description": f"{table.description.strip()} One row: {table.unit_of_observation}.",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.stat().st_size,
        "hash": f"sha256:{paths.digest(file)}",
        "sources": [{"title": table.source}],
        "licenses": [_licence(table.licence, about)],
        "schema": {"$schema": "https://datapackage.org/profiles/2.0/tableschema.json"} | schema,
    }


def _tables(listed: Iterable[str]) -> list[str]:
    """Return the tables among the files: all in the data rooms, elsewhere those with a contract."""
    closed = set(contracts()["closed_lists"].path)
    patterns = [path for table in contracts().values() for path in table.path]
    return [
        path
        for path in listed
        if path.endswith(".csv")
        and path not in closed
        and (path.startswith(ROOMS) or any(fnmatchcase(path, pattern) for pattern in patterns))
    ]


def datapackage(about: Record, base: Path, listed: list[str]) -> str:
    """Return datapackage.json: a resource for every committed table, a field for every column.

    Raises
    ------
    TableError
        If a table has no contract or other columns than its contract says.
    """
    resources = _tables(listed)
    return _json(
        {
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": about.name,
            **({"id": f"https://doi.org/{about.doi}"} if about.doi else {}),
            "title": about.title,
            "description": about.abstract,
            "version": about.version,
            "created": f"{about.released}T00:00:00Z",
            "keywords": list(about.keywords),
            "contributors": [{"title": name, "roles": ["author"]} for name in about.authors],
            "licenses": [_licence("CC BY 4.0", about)],
            "sources": [
                {
                    "title": (
                        f"{' and '.join(about.paper['authors'])} ({about.paper['year']}),"
                        f" {about.paper['title']}"
                    )
                }
            ],
            "resources": [resource(path, base, about, resources) for path in resources],
        }
    )


# --- RO-Crate


def _ref(*names: str) -> list[dict]:
    return [{"@id": name} for name in names]


def _about_file(
    path: str, by_step: dict[str, steps.Step], figures: dict[str, dict]
) -> tuple[str, str]:
    """Return a name and a sentence on a file, from contracts, steps and captions."""
    stem = PurePosixPath(path).stem
    if _tables([path]):
        table = contract_of(path)
        return table.title, f"{table.description.strip()} One row: {table.unit_of_observation}."
    if path.startswith("figures/") and stem in figures:
        return figures[stem]["title"], figures[stem]["alt"]
    if stem in by_step:
        return by_step[stem].title, f"Step {stem} of the study, executed, with its outputs."
    known = {
        "data/raw/SHA256SUMS": "Checksums of the raw data, as sha256sum writes them.",
        "notebooks/steps.toml": "The workflow: which notebook reads and writes what.",
        "seeds/record.toml": (
            "Bibliographic record of the paper, with the checksum of the text that was read."
        ),
        "seeds/references.bib": (
            "Works that the study restates, compares with or takes a method from."
        ),
        "seeds/README.md": "What the study takes from the paper.",
    }
    return PurePosixPath(path).name, known.get(path, f"{path} of the compendium.")


def _entity(path: str, base: Path, about: Record, words: tuple[str, str]) -> dict:
    name, said = words
    entity = {
        "@id": path,
        "@type": "File",
        "name": name,
        "description": said,
        "encodingFormat": FORMATS.get(PurePosixPath(path).suffix, "text/plain"),
        "license": {"@id": SPDX + about.data_licence},
    }
    if path.startswith(tuple(FOLDERS)):
        entity |= {
            "contentSize": str((base / path).stat().st_size),
            "sha256": paths.digest(base / path),
        }
    return entity


def crate(about: Record, base: Path, listed: list[str]) -> str:
    """Return ro-crate-metadata.json: what is in the compendium, what made it, and who may do what
    with it.
    """
    order = steps.load_steps(base)
    by_step = {step.name: step for step in order}
    figures = exhibits.captions(base)
    single = [
        path for path in listed if "/" not in path and path != CRATE and not path.startswith(".")
    ]
    single += [path for path in ("data/README.md", "data/CODEBOOK.md") if path in listed]
    code = {
        "pyproject.toml",
        "requirements.lock",
        "environment.yml",
        "Makefile",
        "notebooks/steps.toml",
    }
    entities: dict[str, dict] = {}
    for path in [*single, *(path for path in listed if path.startswith(tuple(FOLDERS)))]:
        entities[path] = _entity(path, base, about, _about_file(path, by_step, figures))
        if path in code or path.endswith(".ipynb"):
            entities[path]["license"] = {"@id": SPDX + about.code_licence}
    for step in order:
        entities[step.notebook] |= {
            "@type": ["File", "SoftwareSourceCode"],
            "programmingLanguage": {"@id": "#python"},
            "license": _ref(SPDX + about.code_licence, SPDX + about.data_licence),
        }
    entities[steps.STEPS_FILE] |= {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": "Workflow of the study",
        "programmingLanguage": {"@id": "#python"},
        "hasPart": _ref(*(step.notebook for step in order)),
        "step": _ref(*(f"#step-{step.name}" for step in order)),
    }
    folders = []
    for folder, (name, said) in (FOLDERS | CODE).items():
        inside = [path for path in listed if path.startswith(folder)]
        if not inside:
            continue
        entity = {"@id": folder, "@type": "Dataset", "name": name, "description": said}
        entity["license"] = {
            "@id": SPDX + (about.data_licence if folder in FOLDERS else about.code_licence)
        }
        entity |= {"hasPart": _ref(*inside)} if folder in FOLDERS else {}
        folders.append(entity)
    actions = []
    for number, step in enumerate(order, start=1):
        patterns = (glob.glob(pattern, root_dir=base, recursive=True) for pattern in step.reads)
        reads = sorted(
            {Path(path).as_posix() for found in patterns for path in found} & entities.keys()
        )
        writes = [path for path in step.outputs if path in entities]
        actions += [
            {
                "@id": f"#step-{step.name}",
                "@type": "HowToStep",
                "position": str(number),
                "name": step.title,
                "workExample": {"@id": step.notebook},
            },
            {
                "@id": f"#run-{step.name}",
                "@type": "CreateAction",
                "name": f"Run of {step.name}",
                "description": f"{step.title}: what the notebook reads and writes.",
                "agent": {"@id": ORGANISATION},
                "instrument": {"@id": step.notebook},
                "object": _ref(*reads),
                "result": _ref(*writes),
            },
        ]
    paper = about.paper
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": about.title,
        "description": about.abstract,
        "datePublished": about.released,
        "version": about.version,
        "keywords": ", ".join(about.keywords),
        "license": _ref(SPDX + about.data_licence, SPDX + about.code_licence),
        "author": {"@id": ORGANISATION},
        "publisher": {"@id": ORGANISATION},
        "isBasedOn": {"@id": "#paper"},
        "spatialCoverage": _ref(
            *(f"#place-{country.replace(' ', '-')}" for country in about.countries)
        ),
        "mainEntity": {"@id": steps.STEPS_FILE},
        "mentions": _ref(*(f"#run-{step.name}" for step in order)),
        **({"identifier": f"https://doi.org/{about.doi}"} if about.doi else {}),
        "hasPart": _ref(*single, *(folder["@id"] for folder in folders)),
    }
    context = [
        {"@id": ORGANISATION, "@type": "Organization", "name": " and ".join(about.authors)},
        {
            "@id": SPDX + about.code_licence,
            "@type": "CreativeWork",
            "name": "MIT License",
            "description": "Of the code.",
        },
        {
            "@id": SPDX + about.data_licence,
            "@type": "CreativeWork",
            "name": "Creative Commons Attribution 4.0 International",
            "description": (
                "Of data coding, text and figures; see LICENSE-DATA for facts and third parties."
            ),
        },
        {
            "@id": "#python",
            "@type": "ComputerLanguage",
            "name": "Python",
            "version": about.python.lstrip(">="),
            "url": "https://www.python.org/",
        },
        {
            "@id": "#paper",
            "author": _ref(*(f"#{_names(person)['family-names']}" for person in paper["authors"])),
            **_paper(about),
        },
        *(
            {"@id": f"#{_names(person)['family-names']}", "@type": "Person", "name": person}
            for person in paper["authors"]
        ),
        *(
            {"@id": f"#place-{country.replace(' ', '-')}", "@type": "Country", "name": country}
            for country in about.countries
        ),
    ]
    descriptor = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "name": "Metadata of this RO-Crate",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
        "about": {"@id": "./"},
    }
    graph = [descriptor, root, *folders, *entities.values(), *actions, *context]
    return _json({"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": graph})


# --- All of them


def documents(base: Path) -> dict[str, str]:
    """Return everything that `archive` generates, path -> text.

    Raises
    ------
    PipelineError, TableError
        If the record, a contract or a step is not in order.
    """
    about, listed = record(base), files(base)
    made = {CITATION, CODEMETA, PACKAGE, CRATE, exhibits.NUMBERS}
    listed = sorted({*listed, *made})
    texts = {
        CITATION: citation(about),
        CODEMETA: codemeta(about),
        PACKAGE: datapackage(about, base, listed),
        CRATE: crate(about, base, listed),
        exhibits.NUMBERS: exhibits.numbers_page(base),
    }
    for path in exhibits.pages(base):
        texts[path] = exhibits.fill((base / path).read_text(encoding="utf-8"), base)
    return texts


def stale(base: Path) -> list[str]:
    """Return which of the generated documents are missing or not what they would be now."""
    found = []
    for path, text in documents(base).items():
        file = base / path
        if not file.is_file():
            found.append(f"{path} is missing")
        elif file.read_text(encoding="utf-8") != text:
            found.append(f"{path} is stale")
    return found


def write(base: Path) -> list[str]:
    """Write what is stale and return its paths; either all documents can be made or none is
    touched.
    """
    texts, changed = documents(base), []
    for path, text in texts.items():
        file = base / path
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        paths.replace_text(file, text)
        changed.append(path)
    return changed


# --- The release


def release(base: Path, into: Path) -> Path:
    """Write the release: every committed file, with a manifest and checksums, the same bytes each
    time.

    Files are stored without compression, sorted, all with the date of the record, so that the
    archive does not depend on the machine or on the version of a compressor.

    Raises
    ------
    PipelineError
        If something is not committed or a generated document is stale.
    """
    if dirty := os.fsdecode(git(base, "status", "--porcelain") or b""):
        first = ", ".join(line[3:] for line in dirty.splitlines()[:3])
        raise PipelineError(f"a release holds what is committed; commit or remove first: {first}")
    if old := stale(base):
        raise PipelineError(f"{'; '.join(old)}: run `python -m cluster_anatomy archive` and commit")
    about, listed = record(base), files(base, committed=True)
    commit = os.fsdecode(git(base, "rev-parse", "HEAD") or b"").strip()
    if not commit:
        commit = next(
            (
                line.partition(": ")[2]
                for line in (base / MANIFEST).read_text(encoding="utf-8").splitlines()
                if line.startswith("commit: ")
            ),
            "unknown",
        )
    contents = {path: (base / path).read_bytes() for path in listed}
    head = [
        f"{about.title}",
        f"version: {about.version}",
        f"date: {about.released}",
        f"commit: {commit}",
        f"files: {len(contents)}",
        f"bytes: {sum(map(len, contents.values()))}",
        "",
    ]
    lines = [f"{len(content):>9}  {path}" for path, content in contents.items()]
    contents[MANIFEST] = ("\n".join(head + lines) + "\n").encode()
    checksums = [
        f"{hashlib.sha256(content).hexdigest()}  {path}\n"
        for path, content in sorted(contents.items())
    ]
    contents[SUMS] = "".join(checksums).encode()
    date = (*map(int, about.released.split("-")), 0, 0, 0)
    top = f"{about.name}-{about.version}"
    into.parent.mkdir(parents=True, exist_ok=True)
    draft = into.with_name(f".{into.name}.tmp")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
            for path, content in sorted(contents.items()):
                info = zipfile.ZipInfo(f"{top}/{path}", date)
                info.create_system = 3
                script = content.startswith(b"#!")
                info.external_attr = (0o100755 if script else 0o100644) << 16
                archive.writestr(info, content)
        os.replace(draft, into)
    finally:
        draft.unlink(missing_ok=True)
    return into


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a release into a folder and check every file against its checksum.

    Returns
    -------
    Path
        The folder of the compendium.

    Raises
    ------
    PipelineError
        If it is no release, a file is missing, added or damaged, or a path would leave the folder.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = opened.namelist()
            tops = {name.partition("/")[0] for name in names}
            if len(tops) != 1 or any(
                PurePosixPath(n).is_absolute() or ".." in PurePosixPath(n).parts for n in names
            ):
                raise PipelineError(
                    f"{archive}: not a release (it must hold one folder, and nothing beside it)"
                )
            opened.extractall(into)
    except (OSError, zipfile.BadZipFile) as error:
        raise PipelineError(f"{archive}: {error}") from None
    base = into / tops.pop()
    if not (base / SUMS).is_file():
        raise PipelineError(f"{archive}: not a release (no {SUMS} in it)")
    if problems := differing(base):
        raise PipelineError(f"{archive}: damaged: {'; '.join(problems[:10])}")
    return base


def differing(base: Path) -> list[str]:
    """Return what in an unpacked release is not as its checksums say; ``build/`` and caches do not
    count.
    """
    expected = sums(base)
    aside = {"build", "__pycache__", ".venv"}
    found = {
        path.relative_to(base).as_posix()
        for path in base.rglob("*")
        if path.is_file() and not aside.intersection(path.relative_to(base).parts)
    } - {SUMS}
    problems = [f"{path} is missing" for path in sorted(expected.keys() - found)]
    problems += [f"{path} is not part of the release" for path in sorted(found - expected.keys())]
    return problems + [
        f"{path} has other bytes"
        for path in sorted(found & expected.keys())
        if paths.digest(base / path) != expected[path]
    ]


def verify(
    archive: Path, into: Path | None = None, tell: Callable[[str], None] = print
) -> list[str]:
    """Unpack a release elsewhere, run the whole study there without git, and compare every byte.

    What the steps write is removed first, so that nothing can be taken from the release unseen;
    README.md stays, since the run fills it in.

    Parameters
    ----------
    archive : Path
        The zip.
    into : Path, optional
        New or empty folder to unpack into, which is then kept; else a temporary one, kept if
        anything differs.
    tell : callable
        Takes each line of progress.

    Returns
    -------
    list of str
        What differs from the release after the run; empty if it reproduces.

    Raises
    ------
    PipelineError
        If the release is damaged or the run fails.
    """
    if into and into.exists() and (into.is_file() or any(into.iterdir())):
        raise PipelineError(f"{into} is not an empty folder")
    folder = Path(into or tempfile.mkdtemp(prefix="cluster-anatomy-release-")).resolve()
    base = unpack(archive, folder)
    tell(f"unpacked in {base}: {len(sums(base))} files are as their checksums say")
    for step in steps.load_steps(base):
        for path in step.writes:
            if path != "README.md":
                (base / path).unlink()
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("CLUSTER_ANATOMY_", "GIT_"))
    }
    environment |= {
        "CLUSTER_ANATOMY_ROOT": str(base),
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(base / "src"), os.environ.get("PYTHONPATH")])
        ),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "cluster_anatomy", "run"], cwd=base, env=environment, check=False
    )
    if done.returncode:
        raise PipelineError(f"the run of the unpacked release failed; it is kept in {base}")
    found = differing(base)
    if not found and not into:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def validate(base: Path, tell: Callable[[str], None] = print) -> int:
    """Check the metadata with the standards' own schemas and tools and return the exit code.

    They stay out of the study's environment: one of their own is built below ``build/`` from
    ``.ci/validators.lock`` (which needs network the first time).

    Raises
    ------
    PipelineError
        If that environment cannot be built.
    """
    lock, folder = base / ".ci/validators.lock", base / "build/validators"
    python, stamp = folder / "bin/python", folder / "lock.sha256"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != paths.digest(lock):
        tell(f"building {folder.relative_to(base)} from {lock.relative_to(base)}")
        shutil.rmtree(folder, ignore_errors=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        try:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([*install, "--require-hashes", "--no-deps", "-r", lock], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise PipelineError(
                f"the environment of the validators cannot be built: {error}"
            ) from None
        stamp.write_text(paths.digest(lock), encoding="utf-8")
    return subprocess.run([python, base / ".ci/validate_metadata.py", base], check=False).returncode
