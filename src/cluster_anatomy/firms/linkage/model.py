"""The model as its file has it: comparisons, their levels, and how much a word tells."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal, NotRequired, TypedDict

from cluster_anatomy.firms.names import NameRules
from cluster_anatomy.firms.scripts import is_chinese

TRADE_BITS = 3
"""Bits that a word of the trade tells at most."""
FILTERS = 8
"""Whole numbers that hold the words of a name as a Bloom filter (``f1`` to ``f8``)."""


class Level(TypedDict):
    """One level of a comparison.

    ``m`` and ``u`` are the probabilities that two names are on it if they are one firm, and if
    they are not. Two names on a level that is ``borderline`` are at most that: always, or unless
    place or year agrees and the other does not contradict (``unwitnessed``; in a register that has
    both).
    """

    label: str
    sql: str
    m: float
    u: float
    borderline: NotRequired[Literal["always", "unwitnessed"]]


class Comparison(TypedDict):
    """What is compared of two names: when nothing is known (``null``, SQL), and the levels."""

    name: str
    meaning: NotRequired[str]
    source: NotRequired[str]
    given: NotRequired[str]
    null: str
    levels: list[Level]


@dataclass(frozen=True)
class Model:
    """The linkage model.

    Attributes
    ----------
    prior : float
        Probability that two records drawn at random are one firm.
    same_from, borderline_from : float
        Probabilities from which a pair is the same firm, and from which it is looked at.
    largest_block : int
        A key that more names share than this makes no pairs.
    rare : int
        Bits of a word that no table of common words holds.
    words, characters : dict
        Bits of common words, and of common pairs of Chinese characters.
    comparisons : list of Comparison
        ``name``, ``meaning``, ``source``, ``null`` (SQL) and ``levels`` with ``label``, ``sql``,
        ``m``, ``u``.
    """

    prior: float
    same_from: float
    borderline_from: float
    largest_block: int
    rare: int
    words: dict[str, int]
    characters: dict[str, int]
    comparisons: list[Comparison]

    def bits(self, word: str, rules: NameRules) -> int:
        """Return how much two names that share a word tell, in bits: -log2 of its share of firms.

        The name of a place tells one bit (places are compared apart); a word of the trade and a
        single letter tell `TRADE_BITS` at most.
        """
        if word in rules.place_words:
            return 1
        if is_chinese(word):
            bits = self.characters.get(word, self.rare if len(word) > 1 else self.rare // 2)
        else:
            bits = self.words.get(word, self.rare)
        if word in rules.trade_words or (len(word) == 1 and word.isascii() and word.isalpha()):
            return min(bits, TRADE_BITS)
        return bits


@cache
def load_model(path: str | Path | None = None) -> Model:
    """Read the model: the package's own, or another file of the same form.

    A file is read once; ``load_model.cache_clear()`` forgets it after it was written anew.

    Raises
    ------
    ValueError
        If the file is no TOML, lacks a part or holds a probability outside (0, 1).
    """
    file = resources.files("cluster_anatomy.firms") / "linkage.toml" if path is None else Path(path)
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file}: not a TOML file ({error})") from None
    try:
        model = Model(
            **raw["model"],
            words=_by_word(raw["words"]),
            characters=_by_word(raw["characters"]),
            comparisons=raw["comparison"],
        )
        impossible = _impossible_level(model)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file}: a part of the model is missing or unknown ({error})") from None
    if impossible:
        raise ValueError(f"{file}: {impossible}: m and u must lie between 0 and 1")
    return model


def _by_word(table: dict[str, str]) -> dict[str, int]:
    return {word: int(bits) for bits, words in table.items() for word in words.split()}


def _impossible_level(model: Model) -> str:
    """Return the first level whose m or u is no probability, blank if there is none."""
    for comparison in model.comparisons:
        for level in comparison["levels"]:
            if not (0 < level["m"] < 1 and 0 < level["u"] < 1):
                return f"comparison '{comparison['name']}', level '{level['label']}'"
    return ""


SHARED = " + ".join(
    f"CAST(bit_count(f{number}_l & f{number}_r) AS INTEGER)" for number in range(1, FILTERS + 1)
)
SHORTHANDS = {
    "shared": f"({SHARED})",
    "least": "({shared} * 100 / GREATEST(info_l, info_r))",
    "most": "({shared} * 100 / LEAST(info_l, info_r))",
    "own": "(LEAST(info_l, info_r) - {shared})",
    "more": "(GREATEST(info_l, info_r) - {shared})",
    "contains": "(strpos(joined_l, joined_r) > 0 OR strpos(joined_r, joined_l) > 0)",
    "unlike": (
        "(levenshtein(joined_l, joined_r) > LEAST(2, length(joined_l) / 6)"
        " AND levenshtein(sorted_l, sorted_r) > LEAST(2, length(sorted_l) / 6)"
        " AND levenshtein(core_l, core_r) > LEAST(2, length(core_l) / 6)"
        " AND strpos(joined_l, joined_r) <> 1 AND strpos(joined_r, joined_l) <> 1)"
    ),
    "beside": (
        "(levenshtein(beside_l, beside_r) > 2"
        " AND levenshtein(joined_l, joined_r) > 2 AND levenshtein(sorted_l, sorted_r) > 2"
        " AND strpos(joined_l, joined_r) <> 1 AND strpos(joined_r, joined_l) <> 1"
        " AND (beside_l = '' OR strpos(beside_r, beside_l) <> 1)"
        " AND (beside_r = '' OR strpos(beside_l, beside_r) <> 1))"
    ),
    "numbers": "COALESCE(numbers_l, '') = COALESCE(numbers_r, '')",
    "opens": (
        "(first_l = first_r OR strpos(joined_l, first_r) = 1 OR strpos(joined_r, first_l) = 1)"
    ),
}
"""What the words in braces of the model file stand for, in SQL."""


def sql_levels(template: str, counted: bool = False) -> str:
    """Fill in the shorthands of the model file.

    Parameters
    ----------
    template : str
        SQL with words in braces.
    counted : bool
        A column ``shared`` has the bits that two names share; they are not counted again.
    """
    for name, sql in reversed(SHORTHANDS.items()):
        template = template.replace(f"{{{name}}}", sql if name != "shared" or not counted else name)
    return template
