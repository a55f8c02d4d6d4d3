"""The description of an own list: ``description.toml``, read, checked and found."""

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cluster_anatomy.compendium import paths
from cluster_anatomy.reading.countries import country_name
from cluster_anatomy.reading.headings import columns
from cluster_anatomy.reading.problems import Problem, meant
from cluster_anatomy.reading.sources import FILE, Source
from cluster_anatomy.reading.years import ABOUT
from cluster_anatomy.tables.contract import TableError

FOLDER = "own_lists"
TABLES = ("firms", "evidence", "ties", "places")
BESIDE = ("China", "USA")


@dataclass(frozen=True)
class Description:
    """What the user says of the list.

    Attributes
    ----------
    title, country, industry : str
        `country` is that of firms without one; may be empty if each firm has its own.
    beside : tuple of str
        Countries of the study to compare with: China, USA, both or none.
    frame_name, frame_meaning : str
        Why these firms are in the list.
    carries_shares : bool
        Whether a share computed on the list speaks for more than the list: it is complete or a
        sample.
    first, last : int or None
        Years of entry that are counted.
    about : int
        Years on either side that "c. 1998" stands for.
    sources : dict of str to Source
        By table: firms, evidence, ties, places.
    """

    title: str
    country: str
    industry: str
    beside: tuple[str, ...]
    frame_name: str
    frame_meaning: str
    carries_shares: bool
    first: int | None
    last: int | None
    about: int
    sources: dict[str, Source]


KEYS = {
    "": (
        {
            "title": str,
            "country": str,
            "industry": str,
            "beside": list,
            "frame": dict,
            "years": dict,
        }
        | dict.fromkeys(TABLES, dict)
    ),
    "frame": {"name": str, "meaning": str, "carries_shares": str},
    "years": {"first": int, "last": int, "about": int},
    "table": {
        "file": str,
        "sheet": str,
        "header_row": int,
        "encoding": str,
        "delimiter": str,
        "columns": dict,
    },
}
WANTED = {
    str: "text in quotes",
    int: "a whole number",
    list: 'a list such as ["China", "USA"]',
    dict: "a table in [brackets]",
}


def locate(name: str | Path) -> Path:
    """Return the folder of an own list: a bare name is one below ``own_lists/``, all else is a
    path.
    """
    text = str(name)
    if re.fullmatch(r"[\w.-]+", text) and text not in (".", ".."):
        inside = paths.root() / FOLDER / text
        return (
            inside if inside.is_dir() or not (Path(text) / FILE).is_file() else Path(text).resolve()
        )
    return Path(text).expanduser().resolve()


def known_lists() -> list[str]:
    """Return the names of the own lists in the compendium."""
    return sorted(path.parent.name for path in (paths.root() / FOLDER).glob(f"*/{FILE}"))


def read_description(folder: Path) -> tuple[Description | None, list[Problem]]:
    """Read the description of a list; if it cannot be read at all there is none, only problems."""
    path = folder / FILE
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return None, [Problem(FILE, f"line {line} is not UTF-8 text", "save the file in UTF-8")]
    except OSError as error:
        return None, [Problem(FILE, f"cannot be opened ({error.strerror})")]
    try:
        said = tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        return None, [
            Problem(
                FILE, f"is not TOML: {error}", 'write lines such as: title = "Biotech in India"'
            )
        ]
    problems: list[Problem] = []

    def pick(table: dict, kind: str, where: str) -> dict:
        known, good = KEYS[kind], {}
        for key, value in table.items():
            if key not in known:
                right = meant(key, known, cutoff=50) or f"the keys are: {', '.join(known)}"
                problems.append(Problem(FILE, f"unknown key '{where}{key}'", right))
            elif key == "carries_shares" and isinstance(value, bool):
                good[key] = "yes" if value else "no"
            elif not isinstance(value, known[key]) or isinstance(value, bool):
                problems.append(
                    Problem(
                        FILE,
                        f"'{where}{key}' has the value {value!r}",
                        f"write {WANTED[known[key]]}",
                    )
                )
            else:
                good[key] = value
        return good

    top = pick(said, "", "")
    frame = pick(top.get("frame", {}), "frame", "frame.")
    years = pick(top.get("years", {}), "years", "years.")
    sources = {
        table: _source(
            table, pick(top.get(table, {}), "table", f"{table}."), table in top, problems
        )
        for table in TABLES
    }
    if not str(top.get("title", "")).strip():
        problems.append(
            Problem(
                FILE,
                "the list has no title; its folder's name is used",
                'write title = "..."',
                severity="warning",
            )
        )
    beside = []
    for value in top.get("beside", []):
        if isinstance(value, str) and country_name(value) in BESIDE:
            beside.append(country_name(value))
        else:
            problems.append(
                Problem(
                    FILE,
                    f"'beside' holds {value!r}",
                    'the study has "China" and "USA"; [] is neither',
                )
            )
    if (shares := frame.get("carries_shares", "no").casefold()) not in ("yes", "no"):
        problems.append(
            Problem(
                FILE,
                f"'frame.carries_shares' has the value {shares!r}",
                'write "yes" if the list is complete or a sample, else "no"',
            )
        )
    first, last = years.get("first"), years.get("last")
    for key, year in years.items():
        if (key == "about" and not 0 <= year <= 10) or (
            key != "about" and not 1800 <= year <= 2100
        ):
            problems.append(
                Problem(
                    FILE,
                    f"'years.{key}' is {year}",
                    "write 0 to 10" if key == "about" else "write a year from 1800 to 2100",
                )
            )
    if first is not None and last is not None and first > last:
        problems.append(
            Problem(FILE, f"'years.first' {first} comes after 'years.last' {last}", "exchange them")
        )
    return (
        Description(
            title=top.get("title", "").strip() or folder.name,
            country=country_name(top.get("country", "").strip()),
            industry=top.get("industry", "").strip(),
            beside=tuple(dict.fromkeys(beside)),
            frame_name=frame.get("name", "").strip() or folder.name,
            frame_meaning=frame.get("meaning", "").strip(),
            carries_shares=shares == "yes",
            first=first,
            last=last,
            about=years.get("about", ABOUT),
            sources=sources,
        ),
        problems,
    )


def _source(table: str, given: dict, named: bool, problems: list[Problem]) -> Source:
    known, mapped = columns(table), {}
    for ours, theirs in given.pop("columns", {}).items():
        words = [theirs] if isinstance(theirs, str) else theirs
        if ours not in known:
            right = meant(ours, known) or f"the columns are: {', '.join(known)}"
            problems.append(
                Problem(FILE, f"[{table}.columns] names a column '{ours}' that there is not", right)
            )
        elif (
            not isinstance(words, list)
            or not words
            or not all(isinstance(entry, str) and entry.strip() for entry in words)
        ):
            problems.append(
                Problem(
                    FILE,
                    f"[{table}.columns] {ours} has the value {theirs!r}",
                    f'write {ours} = "the heading in your file"',
                )
            )
        else:
            mapped[ours] = tuple(words)
    if given.get("header_row", 1) < 1:
        problems.append(
            Problem(FILE, f"'{table}.header_row' is {given['header_row']}", "the first row is 1")
        )
        del given["header_row"]
    return Source(**({"file": table} | given), given=named and "file" in given, columns=mapped)


def find(name: str, steps: Iterable[str] = ()) -> Path:
    """Return the folder of an own list that is there.

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
    raise _not_found(name, steps)


def shown(folder: Path) -> str:
    """Return a folder as a message names it: inside the compendium relative to it."""
    base = paths.root()
    return folder.relative_to(base).as_posix() if folder.is_relative_to(base) else str(folder)


def _not_found(name: str, steps: Iterable[str]) -> TableError:
    """Return the error on a word that names no list (and no step, where steps could be meant)."""
    steps, lists = list(steps), known_lists()
    both = sorted(
        [*steps, *lists], key=lambda word: -difflib.SequenceMatcher(None, name, word).ratio()
    )
    near = [word for word in both if difflib.SequenceMatcher(None, name, word).ratio() >= 0.5][:2]
    what = f"no list {name!r} in {FOLDER}/ (lists: {', '.join(lists) or 'none'})"
    what += f" and no step {name!r} (steps: {', '.join(steps)})" if steps else ""
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return TableError([f"There is {what}.{hint} A new list begins with: new {name}"])
