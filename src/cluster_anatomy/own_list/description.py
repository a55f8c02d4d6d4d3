"""The description of an own list: ``description.toml``, read and checked."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster_anatomy.reading.countries import country_name
from cluster_anatomy.reading.headings import columns
from cluster_anatomy.reading.problems import Problem, UnreadableError, as_shown, meant
from cluster_anatomy.reading.sources import FILE, Source, read_file
from cluster_anatomy.reading.years import ABOUT, FIRST_YEAR

TABLES = ("firms", "evidence", "ties", "places")
BESIDE = ("China", "USA")
JOINS = {"cn_listed": "China", "us_listed": "USA"}
"""Frames that a list can join, and the country of their firms."""
CHOICES = {
    "years.several": ("error", "first", "last", "unknown"),
    "years.unreadable": ("error", "unknown"),
    "years.doubtful": ("unknown", "as written"),
    "repeated": ("error", "one firm"),
}
"""What a setting may be; the first is what holds without it."""
LARGEST, LONGEST = 2**16, 4000
"""Bytes that a description may have, and characters a line of it: a key of many parts would take
TOML a time and memory that grow with the square of its length."""


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
        Whether a share computed on the list speaks for more than the list, which is then complete
        or a sample.
    first, last : int or None
        Years of entry that are counted.
    about : int
        Years on either side that "c. 1998" stands for.
    several, unreadable, doubtful : str
        What is done with a cell that holds several years, no year, or a day that mostly stands for
        a blank (`CHOICES`).
    repeated : str
        What is done with a firm that stands twice at one place (`CHOICES`).
    sources : dict of str to Source
        By table: firms, evidence, ties, places.
    joins : str
        The frame of the listed pair whose firms the list is about; empty if it has its own.
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
    joins: str = ""
    several: str = "error"
    unreadable: str = "error"
    doubtful: str = "unknown"
    repeated: str = "error"


KEYS: dict[str, dict[str, type]] = {
    "": {
        "title": str,
        "country": str,
        "industry": str,
        "beside": list,
        "joins": str,
        "repeated": str,
        "frame": dict,
        "years": dict,
        **dict.fromkeys(TABLES, dict),
    },
    "frame": {"name": str, "meaning": str, "carries_shares": str},
    "years": {
        "first": int,
        "last": int,
        "about": int,
        "several": str,
        "unreadable": str,
        "doubtful": str,
    },
    "table": {
        "file": str,
        "sheet": str,
        "header_row": int,
        "encoding": str,
        "delimiter": str,
        "columns": dict,
    },
}
KEYS["firms"] = KEYS["table"] | {"repeated": str}
KINDS = {
    str: "text in quotes",
    int: "a whole number",
    list: 'a list such as ["China", "USA"]',
    dict: "a table in [brackets]",
}


def read_description(folder: Path) -> tuple[Description | None, list[Problem]]:
    """Read the description of a list; if it cannot be read at all there is none, only problems."""
    given = _load(folder)
    if isinstance(given, Problem):
        return None, [given]
    problems: list[Problem] = []
    top = _pick(given, "", "", problems)
    frame = _pick(top.get("frame", {}), "frame", "frame.", problems)
    years = _pick(top.get("years", {}), "years", "years.", problems)
    kinds = dict.fromkeys(TABLES, "table") | {"firms": "firms"}
    given_tables = {
        table: _pick(top.get(table, {}), kind, f"{table}.", problems)
        for table, kind in kinds.items()
    }
    top = {"repeated": given_tables["firms"].pop("repeated", CHOICES["repeated"][0])} | top
    sources = {
        table: _source(table, given_tables[table], table in top, problems) for table in TABLES
    }
    if not str(top.get("title", "")).strip():
        wrong = "the list has no title; its folder's name is used"
        problems.append(Problem(FILE, wrong, 'write title = "..."', severity="warning"))
    beside = _beside(top.get("beside", []), problems)
    carries_shares = _carries_shares(frame, problems)
    joins = _joins(top, problems)
    _check_years(years, problems)
    description = Description(
        title=top.get("title", "").strip() or folder.name,
        country=JOINS.get(joins) or country_name(top.get("country", "").strip()),
        industry=top.get("industry", "").strip(),
        beside=beside,
        frame_name=frame.get("name", "").strip() or folder.name,
        frame_meaning=frame.get("meaning", "").strip(),
        carries_shares=carries_shares,
        first=years.get("first"),
        last=years.get("last"),
        about=years.get("about", ABOUT),
        sources=sources,
        joins=joins,
        **_choices(top, years, problems),
    )
    return description, problems


def _load(folder: Path) -> dict[str, Any] | Problem:
    """Return what the description of a folder holds, or why it cannot be read."""
    try:
        data = read_file(folder, FILE, LARGEST)
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > LONGEST:
                wrong = f"line {number} has {len(line):,} characters"
                return Problem(FILE, wrong, f"write lines of at most {LONGEST:,}")
        given = tomllib.loads(text)
        repr(given)  # what is too deep to be shown is too deep to be checked
        return given
    except UnreadableError as error:
        return Problem(FILE, str(error))
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        return Problem(FILE, f"line {number} is not UTF-8 text", "save the file in UTF-8")
    except ValueError as error:
        right = 'write lines such as: title = "Biotech in India"'
        return Problem(FILE, f"is not TOML: {as_shown(str(error), 200)}", right)
    except RecursionError:
        return Problem(FILE, "is nested too deeply", "write plain lines and [tables]")


def _pick(table: dict[str, Any], kind: str, prefix: str, problems: list[Problem]) -> dict[str, Any]:
    """Return the keys of a table that are known and of the right type; say which are not."""
    types = KEYS[kind]
    good: dict[str, Any] = {}
    for key, value in table.items():
        if key not in types:
            right = meant(key, types, cutoff=50) or f"the keys are: {', '.join(types)}"
            problems.append(Problem(FILE, f"unknown key '{prefix}{as_shown(key)}'", right))
        elif key == "carries_shares" and isinstance(value, bool):
            good[key] = "yes" if value else "no"
        elif not isinstance(value, types[key]) or isinstance(value, bool):
            wrong = f"'{prefix}{key}' has the value {as_shown(repr(value))}"
            problems.append(Problem(FILE, wrong, f"write {KINDS[types[key]]}"))
        else:
            good[key] = value
    return good


def _beside(values: list[Any], problems: list[Problem]) -> tuple[str, ...]:
    """Return the countries of the study to compare with, each once."""
    beside = []
    for value in values:
        if isinstance(value, str) and country_name(value) in BESIDE:
            beside.append(country_name(value))
        else:
            right = 'the study has "China" and "USA"; [] is neither'
            problems.append(Problem(FILE, f"'beside' holds {as_shown(repr(value))}", right))
    return tuple(dict.fromkeys(beside))


def _joins(top: dict[str, Any], problems: list[Problem]) -> str:
    """Return the frame that the list joins, which has its own words and the one beside it."""
    joins = top.get("joins", "").strip()
    if joins and joins not in JOINS:
        right = meant(joins, JOINS) or f"write {' or '.join(JOINS)}"
        problems.append(Problem(FILE, f"'joins' has the value {as_shown(repr(joins))}", right))
        return ""
    for key in ("frame", "beside"):
        if joins and top.get(key):
            wrong = f"'{key}' is that of the frame which the list joins"
            problems.append(Problem(FILE, wrong, "take it out"))
    return joins


def _carries_shares(frame: dict[str, Any], problems: list[Problem]) -> bool:
    answer = frame.get("carries_shares", "no").casefold()
    if answer not in ("yes", "no"):
        wrong = f"'frame.carries_shares' has the value {as_shown(repr(answer))}"
        right = 'write "yes" if the list is complete or a sample, else "no"'
        problems.append(Problem(FILE, wrong, right))
    return answer == "yes"


def _choices(top: dict[str, Any], years: dict[str, Any], problems: list[Problem]) -> dict[str, str]:
    """Return the settings that are one of a few words; say which are none of them."""
    chosen = {}
    for key, words in CHOICES.items():
        table, name = (years, key.partition(".")[2]) if "." in key else (top, key)
        value = table.get(name, words[0])
        chosen[name] = value.strip().casefold()
        if chosen[name] not in words:
            right = meant(value, words) or "write " + " or ".join(f'"{word}"' for word in words)
            problems.append(Problem(FILE, f"'{key}' has the value {as_shown(repr(value))}", right))
    return chosen


def _check_years(years: dict[str, Any], problems: list[Problem]) -> None:
    for key, year in years.items():
        if not isinstance(year, int):
            continue
        low, high = (0, 10) if key == "about" else (FIRST_YEAR, 2100)
        if not low <= year <= high:
            right = f"write {low} to 10" if key == "about" else f"write a year from {low} to {high}"
            problems.append(Problem(FILE, f"'years.{key}' is {as_shown(str(year))}", right))
    first, last = years.get("first"), years.get("last")
    if first is not None and last is not None and first > last:
        wrong = f"'years.first' {first} comes after 'years.last' {last}"
        problems.append(Problem(FILE, wrong, "exchange them"))


def _source(table: str, given: dict[str, Any], named: bool, problems: list[Problem]) -> Source:
    """Return where a table comes from; `given` is what the description says of it, if `named`."""
    mapped = _mapped_columns(table, given.pop("columns", {}), problems)
    if given.get("header_row", 1) < 1:
        wrong = f"'{table}.header_row' is {given.pop('header_row')}"
        problems.append(Problem(FILE, wrong, "the first row is 1"))
    return Source(**({"file": table} | given), given=named and "file" in given, columns=mapped)


def _mapped_columns(
    table: str, given: dict[str, Any], problems: list[Problem]
) -> dict[str, tuple[str, ...]]:
    """Return the headings that the description names for our columns."""
    mapped = {}
    for column, headings in given.items():
        words = [headings] if isinstance(headings, str) else headings
        if column not in columns(table):
            right = meant(column, columns(table))
            right = right or f"the columns are: {', '.join(columns(table))}"
            wrong = f"[{table}.columns] names a column '{as_shown(column)}' that there is not"
            problems.append(Problem(FILE, wrong, right))
        elif not _are_headings(words):
            wrong = f"[{table}.columns] {column} has the value {as_shown(repr(headings))}"
            right = f'write {column} = "the heading in your file"'
            problems.append(Problem(FILE, wrong, right))
        else:
            mapped[column] = tuple(words)
    return mapped


def _are_headings(words: Any) -> bool:
    return (
        isinstance(words, list)
        and bool(words)
        and all(isinstance(word, str) and word.strip() for word in words)
    )
