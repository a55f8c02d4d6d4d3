"""Words of a name that only say where its record is."""

from functools import lru_cache
from typing import NamedTuple

from cluster_anatomy.firms.names import NameRules
from cluster_anatomy.firms.scripts import fold, is_chinese

STEM = 4
"""Letters from which the beginning of a country's name stands for it (``Thai``, ``Indonesian``)."""
ENDING = 3
"""Letters at the end of a country's name that may be others."""


class Whereabouts(NamedTuple):
    """The words of the place, region and country of a record."""

    words: frozenset[str]
    text: str
    country: str

    def among(self, terms: list[str]) -> list[str]:
        """Return the words of a name that are the record's own place, region or country."""
        return [term for term in terms if self._is_own(term)]

    def _is_own(self, term: str) -> bool:
        if is_chinese(term):
            return len(term) > 1 and term in self.text
        if term in self.words:
            return True
        stem = self.country[: max(STEM, len(self.country) - ENDING)]
        if len(term) < STEM or len(stem) < STEM:
            return False
        return self.country.startswith(term) or term.startswith(stem)


@lru_cache(2**16)
def whereabouts(rules: NameRules, country: str | None, *places: str | None) -> Whereabouts:
    """Return the words that say where a record is, folded as words of names are.

    Of a town that is known its province or state is, too.
    """
    given = [text for text in (country, *places) if text]
    texts = given + [admin for text in given if (admin := rules.place(text).admin)]
    words = {word for text in texts for word in (*rules.clean(text)[0], *fold(text).split())}
    return Whereabouts(frozenset(words), " ".join(texts), fold(country or ""))
