"""Contracts: what each CSV file of the compendium holds, and the codebook made from that.

A contract is a TOML table in ``tables/contracts/*.toml``, one for each file or family of files::

    [table_name]
    path = "data/raw/x.csv"      # or a list; may hold * (a contract with the exact path wins)
    title = "..."                # also: description, unit_of_observation, source, licence
    key = ["firm_id"]            # no two rows of a file agree in all of these; [] for none
    file_column = "coder"        # optional: `read_all` puts the file's stem into this first column
    optional = true              # optional: the file may be absent
    columns = "other_table"      # instead of columns: those of a table further up in the same text
    references = {a = "b"}       # optional with it: what refers to table a refers to table b here

    [[table_name.columns]]
    name = "..."                 # in the order of the file
    type = "string"              # string | integer | number | year | list | url_list
    description = "..."          # what it is, with its unit
    required = true              # optional: may not be blank
    allowed = ["a", "b"]         # optional: closed vocabulary
    minimum = 0                  # optional, also maximum: of a number (a year: 1500 to 2100)
    pattern = "C[0-9]+"          # optional: regular expression for the whole text
    separator = "|"              # optional: between the parts of a list
    blank_parts = true           # optional: a part of a list may be blank (its place is known)
    parallel_to = "column"       # optional: one part for each part of that list, or blank
    references = "table.column"  # optional: each value occurs in that column of that table's files
    decimals = 3                 # optional: written with so many (else ten significant digits)

Of a list, each part must be of the vocabulary, have the form and occur in the reference.
"""

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path

from cluster_anatomy.compendium.paths import StudyError
from cluster_anatomy.tables.cells import LONGEST, visible

SHOWN = 20
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
    parallel_to: str | None = None
    references: str | None = None
    decimals: int | None = None

    @property
    def is_list(self) -> bool:
        """Whether a cell holds parts between separators."""
        return self.type in ("list", "url_list")

    @property
    def is_number(self) -> bool:
        """Whether a cell holds a number."""
        return self.type in ("integer", "number", "year")

    def parts(self, value: str) -> list[str]:
        """Return the parts of a cell that are checked one by one (all of it, if it is no list)."""
        if not self.is_list:
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
    tables: dict[str, Table] = {}
    for name, entry in tomllib.loads(text).items():
        given = entry["columns"]
        columns = (
            _columns_of(tables[given], entry.pop("references", {}))
            if isinstance(given, str)
            else tuple(
                Column(**(column | {"allowed": tuple(column.get("allowed", ()))}))
                for column in given
            )
        )
        path = (entry["path"],) if isinstance(entry["path"], str) else tuple(entry["path"])
        rest = {"path": path, "key": tuple(entry["key"]), "columns": columns}
        tables[name] = Table(**({"name": name} | entry | rest))
    return tables


def _columns_of(table: Table, instead: dict[str, str]) -> tuple[Column, ...]:
    """Return the columns of a table, their references to some tables led to others instead."""
    columns = []
    for column in table.columns:
        name, _, label = (column.references or "").partition(".")
        other = f"{instead[name]}.{label}" if name in instead else column.references
        columns.append(replace(column, references=other))
    return tuple(columns)


@cache
def contracts() -> dict[str, Table]:
    """Return every contract by table name: raw, seeds, coding, processed, then the others."""
    first = ["raw.toml", "seeds.toml", "coding.toml", "processed.toml"]
    folder = resources.files(__package__).joinpath("contracts")
    files = {file.name: file for file in folder.iterdir() if file.name.endswith(".toml")}
    tables: dict[str, Table] = {}
    for name in [*first, *sorted(files.keys() - {*first})]:
        new = parse_contracts(files[name].read_text(encoding="utf-8"))
        if repeated := ", ".join(sorted(tables.keys() & new.keys())):
            raise TableError([f"{name}: table {repeated} has a contract in another file too"])
        tables |= new
    return tables


def contract_of(relative: str | Path) -> Table:
    """Return the contract of a file: the one that names it, else the one whose pattern fits.

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
    paths = [path for table in contracts().values() for path in table.path]
    raise TableError([f"{text}: no contract names this file.{nearest(text, paths, 0.85)}"])


def limits(column: Column) -> tuple[float | None, float | None]:
    """Return the least and the greatest number a column may hold (None: no bound)."""
    low, high = (1500, 2100) if column.type == "year" else (None, None)
    return (
        low if column.minimum is None else column.minimum,
        high if column.maximum is None else column.maximum,
    )


def nearest(word: str, words: Iterable[str], cutoff: float = 0.6) -> str:
    """Return a hint at the word most like this one (empty if none is)."""
    similar = difflib.get_close_matches(word[:LONGEST], list(words), 1, cutoff)
    return f" Did you mean '{visible(similar[0])}'?" if similar else ""
