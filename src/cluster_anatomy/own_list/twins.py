"""Firms of one place whose names look alike: are they one firm?"""

from functools import cache
from pathlib import Path

import pandas as pd
from rapidfuzz import fuzz, process

from cluster_anatomy.compendium import paths
from cluster_anatomy.firms.names import NameRules
from cluster_anatomy.firms.scripts import is_chinese
from cluster_anatomy.own_list.places import blank
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.reading.headings import fold
from cluster_anatomy.tables import files

TWINS_FROM = 90.0
"""Score from which two names at one place look alike (rapidfuzz, 0 to 100)."""
COMPARED_AT_MOST = 4000
"""Names at one place up to which all pairs are scored; above it only equal cores are found."""


def twins(names: list[str], rules: NameRules) -> list[tuple[int, int, str]]:
    """Return the pairs of names that look alike, and how.

    They are equal but for the legal form, alike in letters, or one holds the other. Names are
    compared without legal form, case, accents and the order of words (rapidfuzz
    ``token_sort_ratio``; Chinese and Japanese ones as characters, ``ratio``).

    Parameters
    ----------
    names : list of str
        Names at one place.
    rules : NameRules
        Cleans them.
    """
    cleaned = [" ".join(rules.clean(name)[0]) or name.casefold() for name in names]
    pairs: dict[tuple[int, int], str] = {}
    first: dict[str, int] = {}
    for position, text in enumerate(cleaned):
        if first.setdefault(text, position) != position:
            pairs[first[text], position] = "the same without legal form"
    measures = {
        True: (fuzz.ratio, fuzz.partial_ratio, 4),
        False: (fuzz.token_sort_ratio, fuzz.token_set_ratio, 5),
    }
    for chinese, (alike, inside, shortest) in measures.items():
        alike_script = [at for at, text in enumerate(cleaned) if is_chinese(text) == chinese]
        if not 2 <= len(alike_script) <= COMPARED_AT_MOST:
            continue
        some = [cleaned[position] for position in alike_script]
        whole = process.cdist(some, some, scorer=alike, score_cutoff=TWINS_FROM)
        part = process.cdist(some, some, scorer=inside, score_cutoff=100)
        for left, right in zip(*(whole + part).nonzero(), strict=True):
            if left < right and whole[left, right]:
                how = f"alike, {whole[left, right]:.0f} of 100"
                pairs.setdefault((alike_script[left], alike_script[right]), how)
            elif left < right and min(len(some[left]), len(some[right])) >= shortest:
                pairs.setdefault((alike_script[left], alike_script[right]), "one holds the other")
    return sorted((left, right, how) for (left, right), how in pairs.items())


@cache
def _rules(root: Path) -> NameRules:
    """Return the study's rules on names; read once for each compendium."""
    words, provinces, forms = (
        files.read(f"data/raw/coding/{name}.csv")
        for name in ("name_words", "provinces", "legal_forms")
    )
    return NameRules(words, provinces, files.read("data/raw/places/places.csv"), forms)


def warn_of_twins(cells: Cells, firms: pd.DataFrame) -> None:
    """Warn of firms of one place of which some names look alike."""
    named = firms[firms["name"].notna()]
    if len(named) < 2:
        return
    rules = _rules(paths.root())
    where = [named["country"].map(blank), named["place"].map(blank)]
    named = named[["name", "name_local", "other_names", "former_names"]]
    for _, group in named.groupby(where):
        if len(group) < 2:
            continue
        entries = [
            (firm.Index, name)
            for firm in group.itertuples()
            for name in dict.fromkeys(names_of(firm))
        ]
        own = {firm.Index: fold(firm.name) for firm in group.itertuples()}
        warned: set[tuple[int, int]] = set()
        for left, right, how in twins([name for _, name in entries], rules):
            (first, earlier), (second, name) = sorted(
                (entries[left], entries[right]), key=lambda entry: entry[0]
            )
            if first == second or (first, second) in warned or own[first] == own[second]:
                continue
            warned.add((first, second))
            wrong = (
                f"looks like '{earlier}' in row {first} (twins: {how}), but they count as two firms"
            )
            remedy = "if they are one, take a row out and keep its name in other_names"
            cells.warn(second, "name", name, wrong, remedy)


def names_of(firm) -> list[str]:
    """Return every name of a firm."""
    cells = (firm.name, firm.name_local, firm.other_names, firm.former_names)
    return [part for cell in cells for part in blank(cell).split("|") if part]
