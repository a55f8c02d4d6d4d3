"""Names of firms: what is left of a name when legal form, place and industry words are taken off.

Firms appear in Chinese and in English, in long and short forms. Two names are compared by their *core*, and
their places are compared apart, since half of the industry's firms are called after a city. The words to take
off are data (``data/raw/coding/name_words.csv``), so a rule can be read and changed without touching code.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property

import pandas as pd
from pypinyin import lazy_pinyin
from rapidfuzz import fuzz

_HAN = re.compile(r"[\u3400-\u9fff]")
BRACKETS = re.compile(r"[(（][^()（）]*[)）]")


def is_chinese(name: str) -> bool:
    """Say whether a name holds at least one Chinese character."""
    return bool(_HAN.search(name))


def ascii_fold(text: str) -> str:
    """Lower-case a text and take accents and apostrophes off (``Xi'an`` becomes ``xian``)."""
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return text.lower().replace("'", "").replace("’", "")


@cache
def pinyin(chinese: str) -> str:
    """Romanise Chinese characters without tones or spaces (``天元`` becomes ``tianyuan``)."""
    return "".join(lazy_pinyin(chinese)).lower()


@dataclass(frozen=True)
class Place:
    """Where a name says it is: metro region and province or state, either of them unknown (``None``)."""

    metro: str | None = None
    admin: str | None = None

    def fits(self, other: "Place") -> bool | None:
        """Compare two places: ``True`` same, ``False`` different, ``None`` not known."""
        if self.metro and other.metro:
            return self.metro == other.metro
        if self.admin and other.admin:
            return None if self.admin == other.admin else False
        return None


class NameRules:
    """Take names apart by the tables of name words, provinces and places.

    Parameters
    ----------
    words : DataFrame
        Columns ``word``, ``script`` (``zh`` or ``en``), ``kind`` (``legal_form``, ``industry_word``, ``kept``).
    provinces : DataFrame
        Columns ``province``, ``name_zh``.
    places : DataFrame
        Columns ``name``, ``name_zh``, ``aliases``, ``admin``, ``country``, ``metro``.
    """

    def __init__(self, words: pd.DataFrame, provinces: pd.DataFrame, places: pd.DataFrame):
        self._words = words
        self._provinces = provinces
        self._places = places

    def _list(self, script: str, *kinds: str) -> list[str]:
        chosen = self._words[(self._words["script"] == script) & self._words["kind"].isin(kinds)]["word"]
        return sorted(chosen, key=lambda word: (-len(word), word))

    @cached_property
    def _chinese_places(self) -> dict[str, Place]:
        found = {row.name_zh: Place(admin=row.province) for row in self._provinces.itertuples()}
        for row in self._places.dropna(subset=["name_zh"]).itertuples():
            found[row.name_zh] = Place(metro=row.metro, admin=row.admin)
        return dict(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))

    @cached_property
    def _english_places(self) -> dict[str, Place]:
        """English place words; a word that names two places (Taizhou, Fuzhou) keeps neither."""
        found = {ascii_fold(row.province): Place(admin=row.province) for row in self._provinces.itertuples()}
        words: dict[str, set[Place]] = {}
        for row in self._places.itertuples():
            word = ascii_fold(BRACKETS.sub("", row.name)).strip()
            words.setdefault(word, set()).add(Place(row.metro, None if pd.isna(row.admin) else row.admin))
        found |= {word: next(iter(places)) if len(places) == 1 else Place() for word, places in words.items()}
        return found

    @cached_property
    def _english_pattern(self) -> re.Pattern:
        longest_first = sorted(self._english_places, key=lambda word: (-len(word), word))
        return re.compile(r"\b(" + "|".join(map(re.escape, longest_first)) + r")\b")

    def place(self, name: str) -> Place:
        """Read the place that a name carries: a Chinese prefix, or an English place word."""
        if is_chinese(name):
            return next(
                (place for word, place in self._chinese_places.items() if name.startswith(word)), Place()
            )
        hit = self._english_pattern.search(ascii_fold(name))
        return self._english_places[hit.group(1)] if hit else Place()

    def core(self, name: str) -> str:
        """Return the core of a name: no brackets, place prefix, legal form or industry words.

        Where nothing would be left (``Biotech Pharmaceutical``), the words stay.
        """
        return self._chinese_core(name) if is_chinese(name) else self._english_core(name)

    @cached_property
    def _chinese_endings(self) -> re.Pattern:
        return re.compile("|".join(map(re.escape, self._list("zh", "legal_form"))))

    @cached_property
    def _chinese_industry(self) -> re.Pattern:
        kept = [f"(?:{re.escape(word)})" for word in self._list("zh", "kept")]
        words = list(map(re.escape, self._list("zh", "industry_word")))
        return re.compile(f"({'|'.join(kept)})|" + "|".join(words))

    def legal(self, name: str) -> str:
        """Return a Chinese name without brackets, spaces and legal form: what two prints of one firm share."""
        return self._chinese_endings.sub("", re.sub(r"[\s…·]", "", BRACKETS.sub("", name)))

    def _chinese_core(self, name: str) -> str:
        legal = self.legal(name)
        bare = legal
        while prefix := next((word for word in self._chinese_places if bare.startswith(word)), None):
            bare = bare[len(prefix) :].lstrip("省市")
        core = self._chinese_industry.sub(lambda hit: hit.group(1) or "", bare)
        return core or bare or legal

    @cached_property
    def _english_drop(self) -> set[str]:
        return set(self._list("en", "legal_form", "industry_word"))

    def _english_core(self, name: str) -> str:
        text = re.sub(r"[^a-z0-9 ]", " ", ascii_fold(BRACKETS.sub(" ", name)).replace("&", " and "))
        words = [
            word for word in self._english_pattern.sub(" ", text).split() if word not in self._english_drop
        ]
        return " ".join(words) or " ".join(text.split())


def similarity(one: str, other: str) -> float:
    """Compare two cores, 0 to 100; Chinese and English cores meet through pinyin.

    Word order does not matter for English cores (rapidfuzz ``token_sort_ratio``); Chinese cores are compared
    character by character (``ratio``).
    """
    if is_chinese(one) and is_chinese(other):
        return fuzz.ratio(one, other)
    if not is_chinese(one) and not is_chinese(other):
        return fuzz.token_sort_ratio(one, other)
    chinese, english = (one, other) if is_chinese(one) else (other, one)
    return fuzz.ratio(pinyin(chinese), english.replace(" ", ""))
