"""What people write into cells: cleaned, missing, or a word of a vocabulary."""

import re
import unicodedata

from cluster_anatomy.reading.problems import meant
from cluster_anatomy.tables.cells import UNSEEN
from cluster_anatomy.tables.contract import Column

DOMAIN = r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:[/?#]\S*)?"
"""A web address that lacks its ``https://``."""
MISSING = {
    "",
    "-",
    "--",
    "–",
    "—",
    "?",
    "??",
    ".",
    "/",
    "n/a",
    "n.a.",
    "na",
    "nan",
    "none",
    "null",
    "unknown",
    "not known",
    "unbekannt",
    "k.a.",
    "k. a.",
    "inconnu",
    "n.d.",
    "nd",
    "tbd",
    "不详",
    "不詳",
    "未知",
    "无",
    "無",
    "不明",
    "#n/a",
}
"""What stands for "not known" in a column of years, numbers, places or a vocabulary."""
YES_NO = {
    "yes": "y yes true 1 x ja oui si sí 是 有 はい כן",
    "no": "n no false 0 nein non 否 没有 無 无 いいえ לא",
}


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


def is_missing(text: str) -> bool:
    """Say whether a cleaned cell of years, numbers, places or words stands for "not known"."""
    return unicodedata.normalize("NFKC", text).casefold().strip() in MISSING


def word(part: str, column: Column) -> tuple[str | None, str]:
    """Return the word of a closed vocabulary that is meant, or none and what would be right."""
    folded = {_fold(value): value for value in column.allowed}
    if set(column.allowed) <= {"yes", "no"}:
        folded |= {alias: value for value in column.allowed for alias in YES_NO[value].split()}
    if (value := folded.get(_fold(part)) or folded.get(part.casefold())) is not None:
        return value, ""
    hint = meant(part.replace("_", " "), column.allowed)
    return None, f"{hint} " * bool(hint) + f"allowed: {', '.join(column.allowed)}"


def _fold(text: str) -> str:
    return "".join(
        char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum()
    )
