"""Headings: what a column may be called, in many languages."""

import tomllib
import unicodedata
from functools import cache
from importlib import resources

from cluster_anatomy.tables.contract import Column, contracts


@cache
def headings() -> dict[str, dict[str, list[str]]]:
    """Return the headings that are understood by themselves, by table and column."""
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
