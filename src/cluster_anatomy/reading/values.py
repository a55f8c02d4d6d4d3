"""What people write into cells: cleaned, missing, or a word of a vocabulary."""

import re
import tomllib
import unicodedata
from functools import cache
from importlib import resources
from typing import Any

from cluster_anatomy.reading.problems import meant
from cluster_anatomy.tables.cells import UNSEEN
from cluster_anatomy.tables.contract import Column

DOMAIN = r"[\w-]+(?:\.[\w-]+)*\.(?:[a-z]{2,}|xn--[a-z0-9-]+)(?::\d+)?(?:[/?#]\S*)?"
"""A web address that lacks its ``https://``."""
SCHEME = re.compile(r"https?://\s*", re.IGNORECASE)
"""Begin of a web address; its case does not count (RFC 3986, 3.1)."""
NO_ADDRESS = re.compile(r"(https?:?/*)?(www\.?)?", re.IGNORECASE)
"""What a form begins an address with, if nobody has gone on."""


def clean(cell: str) -> str:
    """Return a cell on one line, without characters that nobody sees and with single plain spaces.

    Letters of any script, markup and formulas stay as they are.
    """
    if cell.isascii() and cell.isprintable():
        return " ".join(cell.split())
    text = re.sub(r"[\t\n\r\x0b\x0c\u2028\u2029]", " ", unicodedata.normalize("NFC", cell))
    text = UNSEEN.sub(
        "", "".join(" " if unicodedata.category(char) == "Zs" else char for char in text)
    )
    return " ".join(text.split())


@cache
def words() -> dict[str, Any]:
    """Return words for "not known", yes and no in many languages (``values.toml``)."""
    text = resources.files(__package__).joinpath("values.toml").read_text(encoding="utf-8")
    given = tomllib.loads(text)
    return given | {"missing": frozenset(word.rstrip(".") for word in given["missing"])}


def is_missing(text: str) -> bool:
    """Say whether a cleaned cell of years, numbers, places or words stands for "not known".

    So do signs alone, whatever their width, and the words in brackets.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().strip("()[]<>{}*\"' ")
    if not re.search(r"[^\s\-‐-―−ー_?¿!.,;:·•・*/\\|~〜()\[\]]", plain):
        return True
    return re.sub(r"\s*([./])\s*", r"\1", plain).rstrip(".") in words()["missing"]


def web_address(text: str) -> str | None:
    """Return a web address with its scheme in small letters; without one it is ``http``.

    Returns
    -------
    str or None
        The empty text if only the beginning of an address stands there, None if it is none.
    """
    if NO_ADDRESS.fullmatch(text.strip()):
        return ""
    if scheme := SCHEME.match(text):
        rest = text[scheme.end() :]
        return scheme[0].strip().lower() + rest if re.match(r"\S", rest) else ""
    text = text.rstrip(".,;")
    return f"http://{text}" if re.fullmatch(DOMAIN, text, re.IGNORECASE) else None


def word(part: str, column: Column) -> tuple[str | None, str]:
    """Return the word of a closed vocabulary that is meant, or none and what would be right."""
    folded = {_fold(value): value for value in column.allowed}
    if set(column.allowed) <= {"yes", "no"}:
        folded |= {alias: value for value in column.allowed for alias in words()["answers"][value]}
    if (value := folded.get(_fold(part)) or folded.get(part.casefold())) is not None:
        return value, ""
    hint = meant(part.replace("_", " "), column.allowed)
    return None, f"{hint} " * bool(hint) + f"allowed: {', '.join(column.allowed)}"


def _fold(text: str) -> str:
    return "".join(
        char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum()
    )
