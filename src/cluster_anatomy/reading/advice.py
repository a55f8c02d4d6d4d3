"""Which column of a file may be one that is missing: its heading and its cells must both say so."""

import re
import unicodedata
from collections.abc import Callable, Iterable

from rapidfuzz.distance import OSA

from cluster_anatomy.reading.headings import headings, key
from cluster_anatomy.reading.rows import Rows
from cluster_anatomy.reading.values import DOMAIN, clean, is_missing, word
from cluster_anatomy.reading.years import YearError, read_year
from cluster_anatomy.tables.contract import Column

SAMPLE = 300
"""Filled cells of a column that are looked at."""
LONGEST = 200
"""Characters of a cell that are looked at."""
LONGEST_DATE = 30
"""Characters of a date."""
NAMES = ("name", "name_local", "source_name", "target_name")
AREAS = ("place", "admin", "country")
ENOUGH = 5
"""Filled cells from which they say what kind of column they are of."""
SURE = 0.8
"""Share of the cells that must be of the kind of a column before it is advised."""
NEARLY_UNIQUE = 0.9
"""Share of the names in a list that are different."""
IN_TOWNS = 20
"""Rows from which a place that never repeats is no town."""
LEGAL_FORM = re.compile(
    r"\b(inc|incorporated|ltd|limited|llc|llp|lp|plc|corp|corporation|pvt|pty|gmbh|ag|kg|se|s\.?a\.?"
    r"|s\.?a\.?s|s\.?a\.?r\.?l|s\.?l|s\.?r\.?l|s\.?p\.?a|ltda|s/a|b\.?v|n\.?v|ab|asa?|a/s|aps|oyj?"
    r"|kft|nyrt|zrt|s\.\s?r\.\s?o|a\.\s?s|sp\. z o\.?\s?o|tbk|bhd|a\.ş|ооо|оао|зао|пао|ао)\.?$"
    r"|有限公司|股份|株式会社|有限会社|주식회사|\(주\)|㈜|בע.מ|ش\.?م",
    re.IGNORECASE,
)
YEAR = re.compile(r"(?<!\d)(1[5-9]|20)\d\d(?!\d)")
CODE = re.compile(r"[A-Z]{0,6}[\d./-]+[A-Z]{0,4}|[A-Z]{1,5}(\.[A-Z]{1,3})?")
POSTCODE = re.compile(r"^\w{0,3}-?\d[\d ]{2,6}\s+(?=\D+$)|\s+\d{4,6}$")
NOT_LATIN = re.compile("[\u0590-\u06ff\u0900-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Hebrew, Arabic, Indian and Thai letters, kana, Chinese characters, Hangul."""


# --- Cells


def filled(body: Rows, position: int) -> list[str]:
    """Return the cells of a column that hold something, cleaned: the first `SAMPLE`."""
    texts = []
    for _, row in body:
        text = clean(row[position])[:LONGEST] if position < len(row) else ""
        if not is_missing(text):
            texts.append(text)
            if len(texts) == SAMPLE:
                break
    return texts


def kind(column: Column) -> str:
    """Return what a column holds that differs from any other text, or nothing."""
    if column.type == "url_list":
        return "web address"
    if column.allowed and column.type == "string":
        return f"allowed word ({', '.join(column.allowed)})"
    by_type = {"year": "year", "integer": "number", "number": "number"}
    by_name = {"name": "name", "place": "name of a place"}
    return by_type.get(column.type, by_name.get(column.name, ""))


def may_be(column: Column, texts: list[str]) -> bool:
    """Whether a column whose heading is understood may be what the heading says.

    No, only if none of its cells is of the kind: what is wrong with some of them is said later.
    """
    if column.type == "url_list":
        return not texts or any(map(_is_address, texts))
    if column.allowed and column.type == "string":
        return not texts or any(word(text, column)[0] is not None for text in texts)
    if len(texts) < ENOUGH:
        return True
    if column.type in ("year", "integer", "number"):
        return any(char.isdigit() for text in texts for char in text)
    if column.name in AREAS:
        texts = [text for text in texts if not _is_address(text)]
    if column.name in (*NAMES, *AREAS):
        return any(char.isalpha() for text in texts for char in text)
    return True


def holds_addresses(texts: list[str]) -> bool:
    """Whether most cells of a column of places have numbers, as the addresses of streets have."""
    places = sum(map(_is_place, texts))
    return len(texts) >= ENOUGH and 2 * places < len(texts)


def _speaks_for(column: Column, texts: list[str]) -> bool:
    """Whether the cells of a column speak for one of ours, or are too few to speak."""
    if len(texts) < ENOUGH:
        return True
    test = _test(column)
    different = len(set(texts)) / len(texts)
    if test is not None and sum(map(test, texts)) < SURE * len(texts):
        return False
    if column.name == "name":
        return different >= NEARLY_UNIQUE
    if column.name == "place":
        return len(texts) < IN_TOWNS or different < NEARLY_UNIQUE
    return True


def _test(column: Column) -> Callable[[str], bool] | None:
    """Return whether a cell is of the kind of a column; None where it may be any text."""
    if column.allowed and column.type == "string":
        return lambda text: word(text, column)[0] is not None
    if column.name in (*NAMES, *AREAS):
        return _is_name if column.name in NAMES else _is_place
    by_type: dict[str, Callable[[str], bool]] = {
        "url_list": _is_address,
        "year": _is_year,
        "integer": _is_number,
        "number": _is_number,
    }
    return by_type.get(column.type)


def _is_year(text: str) -> bool:
    """Whether a year can be read, or stands in a short text that needs a decision."""
    try:
        read_year(text)
    except YearError:
        return len(text) <= LONGEST_DATE and YEAR.search(text) is not None
    return True


def _is_address(text: str) -> bool:
    return re.search(rf"https?://|{DOMAIN}", text, re.IGNORECASE) is not None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+([.,]\d+)?\.?", text) is not None


def _is_name(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters > 1 and 2 * letters > len(text) - text.count(" ") and not _is_code(text)


def _is_code(text: str) -> bool:
    return CODE.fullmatch(text) is not None


def _is_place(text: str) -> bool:
    """Whether a text has few digits; an address in a script without blanks may have more."""
    if "@" in text or "://" in text or _is_year(text) or not any(map(str.isalpha, text)):
        return False
    if NOT_LATIN.search(text):
        return True
    return not any(map(str.isdigit, POSTCODE.sub("", text)))


# --- Headings


def like(heading: str, known: Iterable[str]) -> bool:
    """Whether a heading is a known one with a slip of the pen, or with words that add nothing."""
    said, whole = _words(heading), key(heading)
    vocabulary = headings()["words"]
    neutral = set(vocabulary["neutral"])
    if not said.isdisjoint(vocabulary["other_events"]):
        return False
    for other in known:
        meant = key(other)
        slips = 1 if len(meant) < 10 else 2
        if len(meant) >= 5 and OSA.distance(whole, meant, score_cutoff=slips) <= slips:
            return True
        if NOT_LATIN.search(other):
            rest = heading.replace(other, "", 1)
            for sign in vocabulary["neutral_signs"]:
                rest = rest.replace(sign, "")
            if len(other) > 1 and other in heading and not key(rest):
                return True
        elif len(meant) >= 4 and (parts := _words(other)) <= said and said - parts <= neutral:
            return bool(parts - neutral)
    return False


def _words(heading: str) -> set[str]:
    """Return the words of a heading without case and accents; ``PostTown`` has two."""
    apart = re.sub(r"(?<=[a-zа-я])(?=[A-ZА-Я])", " ", heading)
    bare = "".join(
        char for char in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(char)
    )
    return set(re.findall(r"[^\W_]+", bare.casefold()))


# --- Advice


def advised(column: Column, known: Iterable[str], heads: dict[int, str], body: Rows) -> str | None:
    """Return the heading of the column of a file that is most likely a column of ours.

    Parameters
    ----------
    column : Column
        The column that is missing.
    known : iterable of str
        Its headings.
    heads : dict of int to str
        The headings that are not used, by position.
    body : Rows
        The rows below the headings.

    Returns
    -------
    str or None
        None if no heading is like those of the column, if two are, or if the cells are of another
        kind.
    """
    known = list(known)
    near = {
        position: head
        for position, head in heads.items()
        if like(head, known) and _speaks_for(column, filled(body, position))
    }
    if not near and column.name == "name":
        near = _with_legal_forms(heads, body)
    return next(iter(near.values())) if len(near) == 1 else None


def _with_legal_forms(heads: dict[int, str], body: Rows) -> dict[int, str]:
    """Return the columns whose cells are names of firms whatever their heading."""
    found = {}
    for position, head in heads.items():
        texts = filled(body, position)
        if len(texts) < max(ENOUGH, SURE * min(len(body), SAMPLE)):
            continue
        forms = sum(LEGAL_FORM.search(text) is not None for text in texts) / len(texts)
        if forms > 1 - SURE and len(set(texts)) / len(texts) >= NEARLY_UNIQUE:
            found[position] = head
    return found
