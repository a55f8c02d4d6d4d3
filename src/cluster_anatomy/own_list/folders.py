"""Where the lists of users lie, and how they are found by name."""

import difflib
import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from cluster_anatomy.compendium import paths
from cluster_anatomy.reading.sources import FILE
from cluster_anatomy.tables.contract import TableError

FOLDER = "own_lists"
AREAS = "build/lists"
"""Where in the compendium the work areas of lists lie, one for each folder of a list."""


def locate(name: str | Path) -> Path:
    """Return the folder of a list: a bare name is one below ``own_lists/``, all else is a path."""
    text = str(name)
    if not re.fullmatch(r"[\w.-]+", text) or text in (".", ".."):
        return Path(text).expanduser().resolve()
    inside = paths.root() / FOLDER / text
    if not inside.is_dir() and (Path(text) / FILE).is_file():
        return Path(text).resolve()
    return inside


def list_names() -> list[str]:
    """Return the names of the lists in the compendium, none where there is no compendium."""
    base = paths.found()
    lists = (base / FOLDER).glob(f"*/{FILE}") if base else ()
    return sorted(path.parent.name for path in lists)


def display_name(folder: Path) -> str:
    """Return a folder as a message names it: inside the compendium relative to it."""
    base = paths.found()
    if base and folder.is_relative_to(base):
        return folder.relative_to(base).as_posix()
    return str(folder)


def find(name: str, steps: Iterable[str] = ()) -> Path:
    """Return the folder of a list that is there.

    Parameters
    ----------
    name : str
        A bare name or a path.
    steps : iterable of str, optional
        Steps of the study that the word could have meant.

    Raises
    ------
    TableError
        If there is no such folder or it holds no description; names what is like it.
    """
    folder = locate(name)
    if (folder / FILE).is_file():
        return folder
    if folder.is_dir():
        raise TableError(
            [
                f"'{name}' is a folder without {FILE}, so no list of your own; `new` writes one"
                " into a new folder"
            ]
        )
    raise _not_found(name, list(steps))


def _not_found(name: str, steps: list[str]) -> TableError:
    """Return the error on a word that names no list (and no step, where steps could be meant)."""
    lists = list_names()
    near = difflib.get_close_matches(name, sorted([*steps, *lists]), n=2, cutoff=0.5)
    what = f"no list {name!r} in {FOLDER}/ (lists: {', '.join(lists) or 'none'})"
    what += f" and no step {name!r} (steps: {', '.join(steps)})" if steps else ""
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return TableError([f"There is {what}.{hint} A new list begins with: new {name}"])


def work_area(folder: Path) -> Path:
    """Make the work area of a list; those of lists that are gone are swept."""
    areas = paths.root() / AREAS
    for note in areas.glob("*/list.txt"):
        if not Path(note.read_text(encoding="utf-8", errors="surrogateescape")).is_dir():
            shutil.rmtree(note.parent, ignore_errors=True)
    where = os.fsencode(folder)
    area = areas / hashlib.sha256(where).hexdigest()[:16]
    (area / "case").mkdir(parents=True, exist_ok=True)
    (area / "list.txt").write_bytes(where)
    return area
