"""The record of the compendium, and the files that belong to it."""

import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cluster_anatomy.compendium.git import git
from cluster_anatomy.compendium.steps import PipelineError

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


def names(person: str) -> dict[str, str]:
    given, _, family = person.rpartition(" ")
    return {"family-names": family, "given-names": given}


# --- CodeMeta


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
