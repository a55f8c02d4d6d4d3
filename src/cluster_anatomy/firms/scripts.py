"""Text of any script made comparable: folded, romanised, without what stands in brackets."""

import re
import unicodedata
from functools import cache

from opencc import OpenCC
from pypinyin import lazy_pinyin

BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
"""What stands in brackets, Latin or Chinese ones, with the brackets."""
_HAN = re.compile(r"[\u3400-\u9fff]")
_EAST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_BEYOND_LATIN = re.compile(r"[^\W\d_\x00-\u024f\u1e00-\u1eff]")
_MARKS = re.compile(r"[\u0300-\u036f\u0591-\u05c7]")
_PLAIN = {
    "ss": "ßẞ",
    "ae": "æÆ",
    "oe": "œŒ",
    "o": "øØ",
    "l": "łŁ",
    "d": "đĐðÐ",
    "i": "ı",
    "th": "þÞ",
}
_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
    | {"Ø": "Oe", "Å": "Aa"}
)
_SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("ph", "f"),
        ("ck|q", "k"),
        ("c(?=[eiy])|z", "s"),
        ("c(?!h)", "k"),
        ("x", "ks"),
        ("w", "v"),
        ("y", "i"),
        (r"(.)\1+", r"\1"),
    )
]
_UNDECOMPOSED = str.maketrans({odd: plain for plain, many in _PLAIN.items() for odd in many})


def is_chinese(text: str) -> bool:
    """Say whether a text holds at least one Chinese character."""
    return bool(_HAN.search(text))


def is_east_asian(text: str) -> bool:
    """Say whether a text holds at least one Chinese character or kana."""
    return bool(_EAST.search(text))


def is_beyond_latin(text: str) -> bool:
    """Say whether a text holds a letter of another script than the Latin one."""
    return bool(_BEYOND_LATIN.search(text))


def spelt_out(text: str) -> str:
    """Write umlauts with two letters (``Müller`` becomes ``Mueller``)."""
    return unicodedata.normalize("NFC", text).translate(_UMLAUTS)


@cache
def sound(word: str) -> str:
    """Return letters under which spellings of one sound meet (``biocad``, ``biokad``)."""
    for pattern, letters in _SOUNDS:
        word = pattern.sub(letters, word)
    return word


def fold(text: str) -> str:
    """Lower-case text of any script and take its accents off (``Società`` becomes ``societa``)."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text.translate(_UNDECOMPOSED))
    return unicodedata.normalize("NFC", _MARKS.sub("", text)).lower()


def ascii_fold(text: str) -> str:
    """Lower-case a text and take accents and apostrophes off (``Xi'an`` becomes ``xian``)."""
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return text.lower().replace("'", "").replace("’", "")


@cache
def pinyin(chinese: str) -> str:
    """Romanise Chinese characters without tones or spaces (``天元`` becomes ``tianyuan``)."""
    return "".join(lazy_pinyin(chinese)).lower()


@cache
def _traditional_to_simplified() -> OpenCC:
    return OpenCC("t2s")


def simplified(text: str) -> str:
    """Write traditional characters as simplified ones (``臺灣`` becomes ``台湾``; OpenCC)."""
    return _traditional_to_simplified().convert(text) if is_chinese(text) else text
