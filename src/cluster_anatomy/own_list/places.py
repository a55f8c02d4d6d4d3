"""Where the firms of a list are: places given, places of the study's gazetteer, or regions of their
own.
"""

import re
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path

import pandas as pd
from rapidfuzz import fuzz, process

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.firms.scripts import BRACKETS
from cluster_anatomy.reading import countries, headings
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.reading.problems import closest

ALIKE_FROM = 85.0
"""Score from which two places look alike (rapidfuzz ``ratio``, 0 to 100)."""
NEAR_FROM = 80.0
"""Score from which a known place is suggested for an unknown one (rapidfuzz ``WRatio``)."""


def blank(value) -> str:
    """Return a cell as text, a missing one as the empty text."""
    return "" if pd.isna(value) else str(value)


def place_key(text: str) -> str:
    """Return what counts of a place name: letters and digits without case, accents, signs or 市."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    folded = "".join(char for char in folded if char.isalnum())
    return folded.removesuffix("市") or folded


@cache
def gazetteer(root: Path) -> pd.DataFrame:
    """Return the study's places in the columns of an own list's places; read once for each
    compendium.
    """
    places = tables.read("data/raw/places/places.csv")
    names = zip(places["name_zh"], places["aliases"], strict=True)
    return pd.DataFrame(
        {
            "name": places["name"],
            "other_names": [
                "|".join(part for part in both if pd.notna(part)) or pd.NA for both in names
            ],
            "admin": places["admin"],
            "country": places["country"],
            "region": places["metro"],
            "cluster": places["cluster"].fillna(places["metro"]),
            "latitude": places["latitude"],
            "longitude": places["longitude"],
        },
        dtype=object,
    )


def given_places(cells: Cells, places: pd.DataFrame) -> pd.DataFrame:
    """Fill region and cluster of the places given; say which stand there twice or have half a
    coordinate.
    """
    places["region"] = places["region"].where(places["region"].notna(), places["name"])
    places["cluster"] = places["cluster"].where(places["cluster"].notna(), places["region"])
    seen: dict[tuple, int] = {}
    for row, place in places[places["name"].notna()].iterrows():
        key = (place_key(place["name"]), blank(place["admin"]), blank(place["country"]))
        if (first := seen.setdefault(key, row)) != row:
            right = "keep one of them, or tell them apart by `admin`"
            cells.say(row, "name", place["name"], f"row {first} is the same place", right)
        if pd.isna(place["latitude"]) != pd.isna(place["longitude"]):
            cells.say(
                row, "latitude", None, "one of latitude and longitude is blank", "fill both or none"
            )
    return places


def located(
    cells: Cells, firms: pd.DataFrame, own: pd.DataFrame, known: pd.DataFrame, given: Cells
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put every firm at a place: one of those given, one of the gazetteer, or else a region of its
    own.

    Parameters
    ----------
    cells, given : Cells
        The files of firms and of places; `cells` gets the problems.
    firms, own, known : DataFrame
        The firms; the places given and those of the gazetteer, in the columns of ``own_places``.

    Returns
    -------
    firms : DataFrame
        With the place's name in `place` and what stood in the file in `place_as_given`.
    places : DataFrame
        The places used and those given.
    """
    firms["place_as_given"] = firms["place"]
    rooms = [(own, _index(own)), (known, _index(known))]
    told = firms[firms["place"].notna() & firms["country"].notna()]
    wanted: dict[tuple[str, str, str], list[int]] = {}
    for row, *key in zip(
        told.index, told["country"], told["admin"].map(blank), told["place"], strict=True
    ):
        wanted.setdefault(tuple(key), []).append(row)
    used, alone, where = {}, {}, {}
    for (country, admin, text), rows in wanted.items():
        found = None
        for places, index in rooms:
            found = (
                _find(cells, rows, (country, admin, text), places, index)
                if found is None
                else found
            )
        if found is None:
            place, area = _apart(text, admin, country)
            alone.setdefault((country, area, place_key(place) or place), []).extend(
                (row, place) for row in rows
            )
        elif found is not False:
            used[found["name"], blank(found["admin"]), found["country"]] = found
            where |= dict.fromkeys(rows, (found["name"], blank(found["admin"]) or admin or pd.NA))
    alone = _one_area(cells, alone)
    called = Counter((country, key) for country, _, key in alone)
    names: dict[str, list[str]] = {}
    for places, _ in rooms:
        for country, group in places[places["name"].notna()].groupby("country"):
            names.setdefault(country, []).extend(group["name"])
    for (country, admin, key), rows in alone.items():
        name = _one_spelling(cells, rows)
        where |= dict.fromkeys((row for row, _ in rows), (name, admin or pd.NA))
        shared = name in names.get(country, ()) or called[country, key] > 1
        region = f"{name} ({admin})" if shared and admin else name
        labels = ["name", "admin", "country", "region", "cluster"]
        used[name, admin, country] = pd.Series(
            [name, admin or pd.NA, country, region, region], labels
        )
        _say_alone(
            cells,
            [row for row, _ in rows],
            name,
            closest(name, names.get(country, ()), 3, NEAR_FROM),
            given,
        )
    for position, label in enumerate(("place", "admin")):
        old = zip(firms.index, firms[label], strict=True)
        firms[label] = [where[row][position] if row in where else value for row, value in old]
    if not len(given.frame):
        _say_alike(cells, {key: (rows[0][1], rows[0][0]) for key, rows in alone.items()})
    left = [
        row
        for _, row in own.iterrows()
        if (row["name"], blank(row["admin"]), row["country"]) not in used
    ]
    return firms, pd.DataFrame(
        [*used.values(), *left], columns=list(headings.columns("places")), dtype=object
    )


def _index(places: pd.DataFrame) -> dict[tuple[str, str], list[int]]:
    """Return (country, key of any name) -> positions of the places so called."""
    index: dict[tuple[str, str], list[int]] = {}
    for position, place in enumerate(places.itertuples(index=False)):
        names = [
            blank(place.name),
            BRACKETS.sub("", blank(place.name)),
            *blank(place.other_names).split("|"),
        ]
        for key in dict.fromkeys(place_key(name) for name in names if name):
            index.setdefault((blank(place.country), key), []).append(position)
    return index


def _readings(text: str) -> list[tuple[str, str]]:
    """Return (place, admin) readings of a text: as it is, without brackets, before a comma or
    slash.
    """
    bare = re.sub(r"\s*[(（\[].*?[)）\]]", "", text).strip()
    head, _, tail = re.sub(r"[，、/;]", ",", bare).partition(",")
    return list(dict.fromkeys([(text, ""), (bare, ""), (head.strip(), tail.split(",")[0].strip())]))


def _find(
    cells: Cells, rows: list[int], wanted: tuple[str, str, str], places: pd.DataFrame, index: dict
):
    """Return the place so called in one set of places, None if it is not there, False if several
    are.
    """
    country, admin, place = wanted
    for text, tail in _readings(place):
        hits = index.get((country, place_key(text)), []) if text else []
        if not hits:
            continue
        area = _area(admin or tail)
        exact = [
            hit for hit in hits if area and place_key(blank(places.iloc[hit]["admin"])) == area
        ]
        by_name = [hit for hit in hits if place_key(places.iloc[hit]["name"]) == place_key(text)]
        for some in (exact, hits, [] if area else by_name):
            if len(some) == 1:
                return _unless_elsewhere(
                    cells, rows, place, admin, area, places.iloc[some[0]], places
                )
        which = " or ".join(
            f"'{places.iloc[hit]['name']}' ({blank(places.iloc[hit]['admin'])})" for hit in hits
        )
        for row in rows:
            cells.say(
                row,
                "place",
                place,
                f"may be {which}",
                "write the province or state in a column `admin`",
            )
        return False
    return None


def _unless_elsewhere(
    cells: Cells,
    rows: list[int],
    text: str,
    admin: str,
    area: str,
    place: pd.Series,
    places: pd.DataFrame,
) -> pd.Series | None:
    """Return the place of that name unless it is known to be in another province; say if that is
    not sure.
    """
    there = place_key(blank(place["admin"]))
    if not admin or not there or area == there:
        return place
    if area in set(places["admin"].map(blank).map(place_key)):
        return None
    what = f"was taken as {place['name']} in {place['admin']}; '{admin}' is not known"
    cells.warn(
        rows[0],
        "place",
        text,
        what,
        f"write the province or state as {place['admin']} if that is right",
    )
    return place


def _area(text: str) -> str:
    """Return the key of a province or state; Chinese provinces also by their Chinese name."""
    key = place_key(text)
    return _provinces(paths.root()).get(key.removesuffix("省"), key)


@cache
def _provinces(root: Path) -> dict[str, str]:
    """Return the key of each Chinese province by that of its Chinese name; read once for each
    compendium.
    """
    known = tables.read("data/raw/coding/provinces.csv")
    return dict(zip(known["name_zh"].map(place_key), known["province"].map(place_key), strict=True))


def _apart(text: str, admin: str, country: str) -> tuple[str, str]:
    """Return place and province of a text such as ``Pune, Maharashtra, India``; any other text is
    the place.
    """
    parts = [part.strip() for part in re.split("[,，]", text) if part.strip()]
    if len(parts) > 1 and countries.country_name(parts[-1]) == country:
        parts.pop()
    if len(parts) == 2 and (not admin or place_key(admin) == place_key(parts[1])):
        return parts[0], admin or parts[1]
    return (parts[0], admin) if len(parts) == 1 else (text, admin)


def _one_area(
    cells: Cells, alone: dict[tuple, list[tuple[int, str]]]
) -> dict[tuple, list[tuple[int, str]]]:
    """Put rows without a province to the only province that other rows give for a place of that
    name.
    """
    areas: dict[tuple, list[str]] = {}
    for country, admin, key in alone:
        areas.setdefault((country, key), []).extend([admin] if admin else [])
    merged: dict[tuple, list[tuple[int, str]]] = {}
    for (country, admin, key), rows in alone.items():
        known = areas[country, key]
        area = known[0] if not admin and len(known) == 1 else admin
        if area != admin:
            cells.warn(
                min(rows)[0],
                "place",
                min(rows)[1],
                f"was taken as the one in {area} that other rows name",
            )
        merged.setdefault((country, area, key), []).extend(rows)
    return {key: sorted(rows) for key, rows in merged.items()}


def _one_spelling(cells: Cells, rows: list[tuple[int, str]]) -> str:
    """Return the commonest spelling of a region of its own; say which others were put to it."""
    texts = Counter(text for _, text in rows)
    name = min(texts, key=lambda text: (-texts[text], text))
    if len(texts) > 1:
        spelled = ", ".join(f"'{text}'" for text in sorted(texts))
        cells.warn(rows[0][0], "place", None, f"{spelled} were taken as one place, '{name}'")
    return name


def _say_alone(cells: Cells, rows: list[int], name: str, near: list[str], given: Cells) -> None:
    """Say of a place that nobody knows what it could be; where places were given, a near miss is an
    error.
    """
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else ""
    count = "" if len(rows) == 1 else f" ({len(rows)} rows)"
    taken = f"it was taken as a region of its own{count}"
    if len(given.frame) and near:
        for row in rows:
            cells.say(
                row,
                "place",
                name,
                f"is not a place of {given.file}",
                f"{hint} Else add a row for it there",
            )
    elif len(given.frame):
        right = "add a row for it there if it belongs to a larger region"
        cells.warn(rows[0], "place", name, f"is not a place of {given.file}; {taken}", right)
    elif near:
        cells.warn(rows[0], "place", name, f"is not known; {taken}", hint)


def _say_alike(cells: Cells, alone: dict[tuple, tuple[str, int]]) -> None:
    """Warn of places that are regions of their own and look alike; nobody said that they are one."""
    groups: dict[tuple, list[str]] = {}
    for country, admin, key in alone:
        groups.setdefault((country, admin), []).append(key)
    for area, keys in groups.items():
        keys.sort()
        for position, left in enumerate(keys):
            rest = keys[position + 1 :]
            for right, *_ in process.extract(
                left, rest, scorer=fuzz.ratio, score_cutoff=ALIKE_FROM, limit=5
            ):
                one, other = sorted(
                    (alone[*area, left], alone[*area, right]), key=lambda place: place[1]
                )
                wrong = f"looks like '{one[0]}' in row {one[1]}, but they count as two regions"
                cure = "if they are one, write one of them everywhere, or both into a places file"
                cells.warn(other[1], "place", other[0], wrong, cure)
