"""How much a word tells, counted in the very list that is linked.

The tables of the model say how common words are in names of the USA and China. What is rare there
may be common elsewhere: a word of the country, of its trades, of the way in which the list is
written. The fewer bits count: those of the model, those of the country and those of the whole list.
"""

from collections.abc import Iterable, Mapping
from math import log2

import pandas as pd

from cluster_anatomy.firms.linkage.model import Model
from cluster_anatomy.firms.names import NameRules

ENOUGH = 300
"""Different names from which shares of words are counted; below, the model's own tables hold."""
COMMON = 3
"""Names from which a word is counted: two may be those of one firm."""
MOST_BITS = 24
"""Bits that a word tells at most, in a list of any size."""


EVERYWHERE = "*"


def group_of(script: str, country: object = EVERYWHERE) -> str:
    """Return the key of the names of one script and country, which may be unknown."""
    return f"{script}|{country if isinstance(country, str) else ''}"


def names_by_country(cleaned: pd.DataFrame) -> dict[str, int]:
    """Count the different names (by their words in order) of each script and country.

    Parameters
    ----------
    cleaned : DataFrame
        ``script``, ``country``, ``sorted`` (`features.take_apart`).

    Returns
    -------
    dict
        By `group_of`.
    """
    placed = cleaned.assign(country=cleaned["country"].fillna(""))
    within = placed.groupby(["script", "country"])["sorted"].nunique()
    everywhere = cleaned.groupby("script")["sorted"].nunique()
    names = {group_of(script, country): int(n) for (script, country), n in within.items()}
    return names | {group_of(script): int(n) for script, n in everywhere.items()}


def seen(cleaned: pd.DataFrame, names: Mapping[str, int]) -> list[list[str]]:
    """Return for each name its common words, with how many names hold them.

    Parameters
    ----------
    cleaned : DataFrame
        ``script``, ``country``, ``sorted``, ``terms``.
    names : dict
        `names_by_country`; a list of few names is not counted.

    Returns
    -------
    list of list of str
        ``IN_COUNTRY IN_ALL WORD``.
    """
    if max(names.values(), default=0) < ENOUGH:
        return [[] for _ in range(len(cleaned))]
    table = cleaned[["script", "country", "sorted", "terms"]].explode("terms")
    table["country"] = table["country"].fillna("")
    within = table.groupby(["script", "country", "terms"])["sorted"].nunique()
    everywhere = table.groupby(["script", "terms"])["sorted"].nunique()
    here, all_over = within.to_dict(), everywhere[everywhere >= COMMON].to_dict()
    return [
        [
            f"{here[script, country, term]} {all_over[script, term]} {term}"
            for term in dict.fromkeys(terms)
            if (script, term) in all_over
        ]
        for script, country, terms in zip(
            cleaned["script"], cleaned["country"].fillna(""), cleaned["terms"], strict=True
        )
    ]


class Information:
    """How many bits the words of one name tell.

    Parameters
    ----------
    model, rules
        What the shipped tables say (`Model.bits`).
    script, country : str
        Of the name.
    seen : list of str
        As `seen` has it.
    names : dict
        As `names_by_country` has it.
    """

    def __init__(
        self,
        model: Model,
        rules: NameRules,
        script: str,
        country: object,
        seen: Iterable[str],
        names: Mapping[str, int],
    ):
        self._model, self._rules = model, rules
        sizes = (names.get(group_of(script, country), 0), names.get(group_of(script), 0))
        self._seen = {
            word: [*zip((int(here), int(all_over)), sizes, strict=True)]
            for here, all_over, word in (text.split(" ", 2) for text in seen)
        }
        # a list of millions can tell more of a rare word than a table of thousands
        self._rare = max(model.rare, min(MOST_BITS, int(log2(max(sizes[1], 1)))))

    def of(self, word: str) -> int:
        """Return the bits that a word tells: -log2 of its share of the other names."""
        bits: float = self._model.bits(word, self._rules)
        if bits == self._model.rare:
            bits = self._rare
        for holding, names in self._seen.get(word, ()):
            if names >= ENOUGH and holding >= COMMON:
                bits = min(bits, -log2((holding - 2) / names))
        return max(1, round(bits))
