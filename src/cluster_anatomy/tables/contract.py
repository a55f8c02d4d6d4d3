"""Contracts: what each CSV file of the compendium holds, and the codebook made from that.

A contract is a TOML table in ``cluster_anatomy/contracts/*.toml``, one per file or family of like files::

    [table_name]
    path = "data/raw/x.csv"         # or a list; a path may hold * (an exact path elsewhere wins)
    title = "..."                   # also: description, unit_of_observation, source, licence
    key = ["firm_id"]               # no two rows of a file may agree in all of these; [] for none
    file_column = "coder"           # optional: `read_all` puts the file's stem into this first column
    optional = true                 # optional: the file may be absent

    [[table_name.columns]]
    name = "..."                    # in the order of the file
    type = "string"                 # string | integer | number | year | list | url_list
    description = "..."             # what it is, with its unit
    required = true                 # optional: may not be blank
    allowed = ["a", "b"]            # optional: closed vocabulary (of each part of a list)
    minimum = 0                     # optional, also maximum: of a number (a year is within 1800-2100)
    pattern = "C[0-9]+"             # optional: regular expression for the whole text (of each part of a list)
    separator = "|"                 # optional: between the parts of a list
    blank_parts = true              # optional: a part of a list may be blank (its place in the list is known)
    references = "table.column"     # optional: each value must occur in that column of that table's files
    decimals = 3                    # optional: written with so many decimals (else ten significant digits)
"""

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path

import pandas as pd

from cluster_anatomy.compendium.paths import StudyError
from cluster_anatomy.tables.cells import LONGEST, visible

SHOWN = 20
NUMBERS, LISTS = ("integer", "number", "year"), ("list", "url_list")
ADDRESS = r"https?://\S.*|seed|github-index:\d+"


class TableError(StudyError):
    """A table breaks its contract; the message lists every problem, up to twenty.

    Parameters
    ----------
    problems : list of str
        A line for each, at least for the first twenty.
    total : int, optional
        How many there are, if not all are in the list.
    """

    def __init__(self, problems: list[str], total: int | None = None):
        self.problems = problems
        left = (len(problems) if total is None else total) - SHOWN
        super().__init__(
            "\n".join(problems[:SHOWN] + ([f"... and {left} more"] if left > 0 else []))
        )


@dataclass(frozen=True)
class Column:
    """One column of a contract; the fields are those of the TOML table."""

    name: str
    type: str
    description: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    separator: str = "|"
    blank_parts: bool = False
    references: str | None = None
    decimals: int | None = None

    def parts(self, value: str) -> list[str]:
        """Return the parts of a cell that are checked one by one: the cell itself if it is no list."""
        if self.type not in LISTS:
            return [value]
        parts = [part.strip() for part in value.split(self.separator)]
        return [part for part in parts if part] if self.blank_parts else parts


@dataclass(frozen=True)
class Table:
    """The contract of one file or one family of files."""

    name: str
    path: tuple[str, ...]
    title: str
    description: str
    unit_of_observation: str
    source: str
    licence: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    file_column: str | None = None
    optional: bool = False


def parse_contracts(text: str) -> dict[str, Table]:
    """Return the contracts written in a TOML text, by table name, in their order."""
    tables = {}
    for name, entry in tomllib.loads(text).items():
        columns = tuple(
            Column(**(column | {"allowed": tuple(column.get("allowed", ()))}))
            for column in entry["columns"]
        )
        path = (entry["path"],) if isinstance(entry["path"], str) else tuple(entry["path"])
        rest = {"path": path, "key": tuple(entry["key"]), "columns": columns}
        tables[name] = Table(**({"name": name} | entry | rest))
    return tables


@cache
def contracts() -> dict[str, Table]:
    """Return every contract of the package by table name: raw, seeds, coding, processed, then other
    rooms.
    """
    rooms = ["raw", "seeds", "coding", "processed"]
    files = [
        f
        for f in resources.files(__package__).joinpath("contracts").iterdir()
        if f.name.endswith(".toml")
    ]
    files.sort(
        key=lambda f: (rooms.index(f.name[:-5]) if f.name[:-5] in rooms else len(rooms), f.name)
    )
    found: dict[str, Table] = {}
    for file in files:
        new = parse_contracts(file.read_text(encoding="utf-8"))
        if twice := found.keys() & new.keys():
            raise TableError(
                [
                    f"{file.name}: table {', '.join(sorted(twice))} has a contract in another"
                    " file too"
                ]
            )
        found |= new
    return found


def contract_of(relative: str | Path) -> Table:
    """Return the contract of a file: the one that names it exactly, else the one whose pattern
    fits.

    Raises
    ------
    TableError
        If no contract fits.
    """
    text = Path(relative).as_posix()
    for fits in (lambda path: path == text, lambda path: fnmatchcase(text, path)):
        for table in contracts().values():
            if any(fits(path) for path in table.path):
                return table
    known = [path for table in contracts().values() for path in table.path]
    raise TableError([f"{text}: no contract names this file.{nearest(text, known, 0.85)}"])


def failed_check(column: Column, value: object) -> str | None:
    """Return the field of the contract that a value of a column does not keep (None: it keeps all).

    Parameters
    ----------
    column : Column
    value : str, int, float or missing
        In the type of the column.
    """
    if pd.isna(value):
        return "required" if column.required else None
    if column.type in NUMBERS:
        low, high = limits(column)
        if low is not None and value < low:
            return "minimum"
        return "maximum" if high is not None and value > high else None
    parts = column.parts(value)
    if column.type in LISTS and "" in parts:
        return "blank_parts"
    if column.allowed and not set(parts) <= set(column.allowed):
        return "allowed"
    if column.pattern and not all(re.fullmatch(column.pattern, part) for part in parts):
        return "pattern"
    if column.type == "url_list" and not all(re.fullmatch(ADDRESS, part) for part in parts):
        return "address"
    return None


def limits(column: Column) -> tuple[float | None, float | None]:
    """Return the least and the greatest number a column may hold (None: no bound)."""
    low, high = (1800, 2100) if column.type == "year" else (None, None)
    return (
        low if column.minimum is None else column.minimum,
        high if column.maximum is None else column.maximum,
    )


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return a hint at the known word most like this one (empty if none is)."""
    found = difflib.get_close_matches(word[:LONGEST], list(known), 1, cutoff)
    return f" Did you mean '{visible(found[0])}'?" if found else ""
