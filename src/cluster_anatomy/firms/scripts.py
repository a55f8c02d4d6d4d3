"""Text of any script made comparable: folded, romanised, without what stands in brackets."""

import re
import unicodedata
from functools import cache

from opencc import OpenCC
from pypinyin import lazy_pinyin

BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
"""What stands in brackets, Latin or Chinese ones, with the brackets."""
_HAN = re.compile(r"[\u3400-\u9fff]")
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
_UNDECOMPOSED = str.maketrans({odd: plain for plain, many in _PLAIN.items() for odd in many})


def is_chinese(text: str) -> bool:
    """Say whether a text holds at least one Chinese character."""
    return bool(_HAN.search(text))


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
