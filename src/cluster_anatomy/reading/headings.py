"""Headings: what a column may be called, in many languages."""

import tomllib
import unicodedata
from functools import cache
from importlib import resources

from cluster_anatomy.tables.contract import Column, contracts

SHORT = 3
"""Letters of a heading up to which an accent counts."""


@cache
def headings() -> dict[str, dict[str, list[str]]]:
    """Return the headings that are understood by themselves, by table and column.

    Those of the tables ``last`` and ``address`` mean a column of firms only where no other does.
    """
    text = resources.files(__package__).joinpath("headings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def columns(table: str) -> dict[str, Column]:
    """Return the columns of a table of an own list, by name."""
    return {column.name: column for column in contracts()[f"own_{table}"].columns}


def fold(text: str) -> str:
    """Return what counts of a heading or name: letters and digits, without case and width."""
    return "".join(
        char
        for char in unicodedata.normalize("NFKC", text).casefold()
        if char.isalnum() or char == "#"
    )


def key(heading: str) -> str:
    """Return what counts of a heading: as `fold`, and in one of some length without accents."""
    bare = "".join(
        char for char in unicodedata.normalize("NFKD", heading).casefold() if char.isalnum()
    )
    return bare if len(bare) > SHORT else fold(heading)


def words(table: str, column: str) -> list[str]:
    """Return the headings of a column, its own name first, those of the table ``last`` at the end.

    Those of addresses are not among them.
    """
    later = headings()["last"].get(column, []) if table == "firms" else []
    return [column, *headings()[table].get(column, []), *later]


@cache
def last(column: str) -> dict[str, str]:
    """Return the headings that mean a column of firms only where no other does, by their key."""
    later = [*headings()["last"].get(column, []), *headings()["address"].get(column, [])]
    return {key(heading): heading for heading in later}
