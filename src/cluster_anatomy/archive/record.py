"""The record of the compendium, and the files that belong to it."""

import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypedDict

from cluster_anatomy.compendium.git import git, refusal, walked
from cluster_anatomy.compendium.steps import PipelineError

CITATION, CODEMETA = "CITATION.cff", "codemeta.json"
PACKAGE, CRATE = "datapackage.json", "ro-crate-metadata.json"
MANIFEST, SUMS = "MANIFEST", "SHA256SUMS"
SPDX = "https://spdx.org/licenses/"


class Paper(TypedDict):
    """The paper that the compendium tests; its authors as they sign, given name first."""

    title: str
    authors: list[str]
    year: int
    series: str
    number: str
    publisher: str


@dataclass(frozen=True)
class Record:
    """What the compendium says of itself.

    From ``pyproject.toml``; ``paper`` is the paper that it tests, from ``seeds/record.toml``.
    ``authors_stand_in`` says that no person is named yet.
    """

    name: str
    version: str
    title: str
    description: str
    abstract: str
    authors: tuple[str, ...]
    authors_stand_in: bool
    keywords: tuple[str, ...]
    code_licence: str
    data_licence: str
    released: str
    python: str
    requirements: tuple[str, ...]
    countries: tuple[str, ...]
    doi: str
    repository: str
    paper: Paper

    @property
    def paper_authors(self) -> list[tuple[str, str]]:
        """Given and family name of each author of the paper."""
        return [_given_and_family(person) for person in self.paper["authors"]]


def _given_and_family(person: str) -> tuple[str, str]:
    given, _, family = person.rpartition(" ")
    return given, family


def read_record(base: Path) -> Record:
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
        record = Record(
            name=project["name"],
            version=project["version"],
            description=project["description"],
            authors=tuple(author["name"] for author in project["authors"]),
            authors_stand_in=own.pop("authors-stand-in", False),
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
    return record


# --- Files


def files(base: Path, committed: bool = False) -> list[str]:
    """Return the files of the compendium, sorted.

    Those that git knows, else those that a release lists, else (a downloaded ZIP, or a checkout
    that git does not read) all in the folder that ``.gitignore`` does not name.

    Parameters
    ----------
    base : Path
        Folder of the compendium.
    committed : bool
        Leave out files that git does not know yet (those it ignores are never listed).

    Raises
    ------
    PipelineError
        If what is committed is asked for, and neither git nor a release can tell.
    """
    listed = git(base, "ls-files", "-z", *([] if committed else ["-co", "--exclude-standard"]))
    if listed is not None:
        paths = {
            path for path in os.fsdecode(listed).split("\0") if path and (base / path).is_file()
        }
    elif (base / SUMS).is_file():
        paths = {path for path in sums(base) if (base / path).is_file()} - {MANIFEST}
    elif committed:
        raise PipelineError(
            f"what is committed cannot be told: {refusal(base)}, and it is no unpacked release (no"
            f" {SUMS} in it)"
        )
    else:
        paths = set(walked(base))
    return sorted(paths)


def without_list(base: Path) -> str:
    """Say in a line why neither git nor a release lists the files; empty if one does."""
    why = "" if (base / SUMS).is_file() else refusal(base)
    return why and f"note: {why}; all files but those that .gitignore names are its own\n"


def sums(base: Path) -> dict[str, str]:
    """Return path -> SHA-256 from the checksums of a release.

    Raises
    ------
    PipelineError
        If a line is malformed or names a path outside the release.
    """
    digests = {}
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
        digests[path] = digest
    return digests


def to_json(value: object) -> str:
    """Return a document as JSON, as it is written to a file."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
