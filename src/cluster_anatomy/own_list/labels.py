"""What figures call the places and firms of a list whose names are not in Latin letters.

A figure is read by people of many languages and drawn with the fonts of the study, so that it looks
the same on every machine. All names of a list are therefore in Latin letters in all its figures,
never some of them; captions say what they stand for.
"""

from collections.abc import Iterator, Mapping

import pandas as pd

from cluster_anatomy.firms.romanisation import is_guess, is_latin, romanised
from cluster_anatomy.own_list.layout import shaped
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.tables.cells import split

SHOWN = 3
"""Names that a remark gives as examples."""


def labels(own: Mapping[str, pd.DataFrame], country: str) -> pd.DataFrame:
    """Say what figures call places, regions and firms that are not written in Latin letters.

    The first Latin name that the list itself gives (``other_names``, or ``name_local`` of a firm);
    a place without one by its usual name, or romanised. Other firms are romanised when drawn.

    Parameters
    ----------
    own : mapping
        Tables of `own_list.read`: ``firms``, ``places``.
    country : str
        Country of places that do not say theirs.

    Returns
    -------
    DataFrame
        The columns of the contract ``case_labels``, each name once.
    """
    rows = [*_places(own["places"], country), *_firms(own["firms"])]
    table = pd.DataFrame(rows, columns=["name", "label", "basis"], dtype="string")
    order = table["basis"].map({"given": 0, "romanised": 1})
    table = table.iloc[order.argsort(kind="stable")].drop_duplicates("name")
    return shaped(table.sort_values("name", ignore_index=True), "case_labels")


def _places(places: pd.DataFrame, country: str) -> Iterator[tuple[str, str, str]]:
    for place in places.itertuples():
        land = country if pd.isna(place.country) else place.country
        if given := _latin_part(place.name, place.other_names):
            yield place.name, given, "given"
        for name in (place.name, place.region, place.cluster):
            if pd.notna(name) and not is_latin(name):
                yield name, romanised(name, land, place=True), "romanised"


def _firms(firms: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    for firm in firms.itertuples():
        if given := _latin_part(firm.name, firm.name_local, firm.other_names):
            yield firm.name, given, "given"


def _latin_part(name: str | float, *others: str | float) -> str:
    """Return the first of some other names in Latin letters, for a name that is not."""
    if pd.isna(name) or is_latin(str(name)):
        return ""
    parts = (part for cell in others for part in split(cell))
    return next((part for part in parts if any(map(str.isalpha, part)) and is_latin(part)), "")


def say(cells: Cells, own: Mapping[str, pd.DataFrame], country: str) -> None:
    """Say what figures will call places of other scripts, and which are read letter by letter."""
    table = labels({"places": own["places"], "firms": own["firms"].iloc[:0]}, country)
    if table.empty:
        return
    told = [f"'{row.name}' as {row.label}" for row in table.head(SHOWN).itertuples(index=False)]
    cells.note(None, "place", f"figures are in Latin letters: {_listed(told, len(table))}")
    guessed = table[table["basis"] == "romanised"]
    guessed = guessed[[is_guess(name, country) for name in guessed["name"]]]
    if len(guessed):
        told = [f"'{row.name}' as {row.label}" for row in guessed.itertuples(index=False)]
        wrong = f"figures write letter by letter {_listed(told[:SHOWN], len(told))}"
        right = "give their Latin names in `other_names` of a places file"
        cells.warn(None, "place", None, wrong, right)


def _listed(told: list[str], count: int) -> str:
    """Join some examples and say how many more there are."""
    return ", ".join(told) + (f" and {count - len(told)} more" if count > len(told) else "")
