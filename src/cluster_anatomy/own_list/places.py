"""Where firms are: at places given, at places of the study, or in regions of their own."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
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
COMPARED_AT_MOST = 4000
"""Unknown places of one area up to which all pairs are compared."""
NEAR_FROM = 80.0
"""Score from which a known place is suggested for an unknown one (rapidfuzz ``WRatio``)."""


Area = tuple[str, str, str]
"""Country, province or state (or the empty text), and the name or key of a place."""
Index = dict[tuple[str, str], list[int]]
"""Country and key of any name to the positions of the places so called."""
Spelling = tuple[int, str]
"""A row of firms and how it spells its place."""


@dataclass
class _Located:
    """Places that are used, and the name and the province of the place of each row."""

    places: dict[Area, pd.Series] = field(default_factory=dict)
    of_row: dict[int, tuple[str, object]] = field(default_factory=dict)

    def put(self, rows: list[int], place: pd.Series, admin: str) -> None:
        """Put rows at a place; `admin` is what they say, for a place without a province."""
        area = blank(place["admin"])
        self.places[place["name"], area, place["country"]] = place
        self.of_row |= dict.fromkeys(rows, (place["name"], area or admin or pd.NA))


def blank(value: object) -> str:
    """Return a cell as text, a missing one as the empty text."""
    return "" if pd.isna(value) else str(value)


def place_key(text: str) -> str:
    """Return what counts of a place name: letters and digits without case, accents, signs or 市."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    folded = "".join(char for char in folded if char.isalnum())
    return folded.removesuffix("市") or folded


@cache
def gazetteer(root: Path) -> pd.DataFrame:
    """Return the study's places in the columns of an own list's places; read once per study."""
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
    """Fill region and cluster of the places given; say which stand twice or lack a coordinate."""
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
    """Put every firm at a place: one given, one of the gazetteer, or a region of its own.

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
    result = _Located()
    sets = [(own, _index(own)), (known, _index(known))]
    alone = _one_area(cells, _find_known(cells, firms, sets, result))
    _add_regions(cells, alone, _names_by_country([own, known]), given, result)
    for position, label in enumerate(("place", "admin")):
        old = zip(firms.index, firms[label], strict=True)
        firms[label] = [
            result.of_row[row][position] if row in result.of_row else value for row, value in old
        ]
    if not len(given.frame):
        _say_alike(cells, {key: (rows[0][1], rows[0][0]) for key, rows in alone.items()})
    unused = [
        place
        for _, place in own.iterrows()
        if (place["name"], blank(place["admin"]), place["country"]) not in result.places
    ]
    columns = list(headings.columns("places"))
    return firms, pd.DataFrame([*result.places.values(), *unused], columns=columns, dtype=object)


def _spellings(firms: pd.DataFrame) -> dict[Area, list[int]]:
    """Return (country, province, place) as the firms write them, with their rows."""
    placed = firms[firms["place"].notna() & firms["country"].notna()]
    keys = zip(placed["country"], placed["admin"].map(blank), placed["place"], strict=True)
    spellings: dict[Area, list[int]] = {}
    for row, key in zip(placed.index, keys, strict=True):
        spellings.setdefault(key, []).append(row)
    return spellings


def _find_known(
    cells: Cells,
    firms: pd.DataFrame,
    sets: list[tuple[pd.DataFrame, Index]],
    result: _Located,
) -> dict[Area, list[Spelling]]:
    """Put firms at known places; return the places that nobody knows, with their rows."""
    alone: dict[Area, list[Spelling]] = {}
    for (country, admin, text), rows in _spellings(firms).items():
        place: pd.Series | bool | None = None
        for places, index in sets:
            if place is None:
                place = _find(cells, rows, (country, admin, text), places, index)
        if place is None:
            name, area = _apart(text, admin, country)
            key = (country, area, place_key(name) or name)
            alone.setdefault(key, []).extend((row, name) for row in rows)
        elif isinstance(place, pd.Series):
            result.put(rows, place, admin)
    return alone


def _names_by_country(sets: list[pd.DataFrame]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for places in sets:
        for country, group in places[places["name"].notna()].groupby("country"):
            names.setdefault(str(country), []).extend(group["name"])
    return names


def _add_regions(
    cells: Cells,
    alone: dict[Area, list[Spelling]],
    names: dict[str, list[str]],
    given: Cells,
    result: _Located,
) -> None:
    """Make each place that nobody knows a region of its own, and say so where that is doubtful."""
    areas_of = Counter((country, key) for country, _, key in alone)
    for (country, admin, key), spellings in alone.items():
        name, rows = _one_spelling(cells, spellings), [row for row, _ in spellings]
        shared = name in names.get(country, ()) or areas_of[country, key] > 1
        region = f"{name} ({admin})" if shared and admin else name
        labels = ["name", "admin", "country", "region", "cluster"]
        place = pd.Series([name, admin or pd.NA, country, region, region], labels)
        result.put(rows, place, admin)
        known = () if cells.enough("place") else names.get(country, ())
        _say_alone(cells, rows, name, closest(name, known, 3, NEAR_FROM), given)


def _index(places: pd.DataFrame) -> Index:
    index: Index = {}
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
    """Return (place, admin) readings of a text: as it is, without brackets, before a comma."""
    bare = re.sub(r"\s*[(（\[].*?[)）\]]", "", text).strip()
    head, _, tail = re.sub(r"[，、/;]", ",", bare).partition(",")
    return list(dict.fromkeys([(text, ""), (bare, ""), (head.strip(), tail.split(",")[0].strip())]))


def _find(
    cells: Cells, rows: list[int], wanted: Area, places: pd.DataFrame, index: Index
) -> pd.Series | bool | None:
    """Return the place so called in one set of places; None if there is none, False if several."""
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
        right = "write the province or state in a column `admin`"
        for row in rows:
            cells.say(row, "place", place, f"may be {which}", right)
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
    """Return the place unless it is known to be in another province; say if that is not sure."""
    there = place_key(blank(place["admin"]))
    if not admin or not there or area == there:
        return place
    if area in set(places["admin"].map(blank).map(place_key)):
        return None
    wrong = f"was taken as {place['name']} in {place['admin']}; '{admin}' is not known"
    right = f"write the province or state as {place['admin']} if that is right"
    cells.warn(rows[0], "place", text, wrong, right)
    return place


def _area(text: str) -> str:
    """Return the key of a province or state; Chinese provinces also by their Chinese name."""
    key = place_key(text)
    return _provinces(paths.root()).get(key.removesuffix("省"), key)


@cache
def _provinces(root: Path) -> dict[str, str]:
    """Return the key of each Chinese province by that of its Chinese name; read once per study."""
    names = tables.read("data/raw/coding/provinces.csv")
    return dict(zip(names["name_zh"].map(place_key), names["province"].map(place_key), strict=True))


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


def _one_area(cells: Cells, alone: dict[Area, list[Spelling]]) -> dict[Area, list[Spelling]]:
    """Put rows without a province to the only one that other rows give for a place of that name."""
    areas: dict[tuple[str, str], list[str]] = {}
    for country, admin, key in alone:
        areas.setdefault((country, key), []).extend([admin] if admin else [])
    merged: dict[Area, list[Spelling]] = {}
    for (country, admin, key), rows in alone.items():
        others = areas[country, key]
        area = others[0] if not admin and len(others) == 1 else admin
        if area != admin:
            row, text = min(rows)
            cells.warn(row, "place", text, f"was taken as the one in {area} that other rows name")
        merged.setdefault((country, area, key), []).extend(rows)
    return {key: sorted(rows) for key, rows in merged.items()}


def _one_spelling(cells: Cells, rows: list[Spelling]) -> str:
    """Return the commonest spelling of a region of its own; say which others were put to it."""
    texts = Counter(text for _, text in rows)
    name = min(texts, key=lambda text: (-texts[text], text))
    if len(texts) > 1:
        spelled = ", ".join(f"'{text}'" for text in sorted(texts))
        cells.warn(rows[0][0], "place", None, f"{spelled} were taken as one place, '{name}'")
    return name


def _say_alone(cells: Cells, rows: list[int], name: str, near: list[str], given: Cells) -> None:
    """Say what a place could be that nobody knows; a near miss of a place given is an error."""
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else ""
    count = "" if len(rows) == 1 else f" ({len(rows)} rows)"
    taken = f"it was taken as a region of its own{count}"
    wrong = f"is not a place of {given.file}"
    if len(given.frame) and near:
        for row in rows:
            cells.say(row, "place", name, wrong, f"{hint} Else add a row for it there")
    elif len(given.frame):
        right = "add a row for it there if it belongs to a larger region"
        cells.warn(rows[0], "place", name, f"{wrong}; {taken}", right)
    elif near:
        cells.warn(rows[0], "place", name, f"is not known; {taken}", hint)


def _say_alike(cells: Cells, alone: dict[Area, tuple[str, int]]) -> None:
    """Warn of regions of their own that look alike; nobody said that they are one."""
    groups: dict[tuple[str, str], list[str]] = {}
    for country, admin, key in alone:
        groups.setdefault((country, admin), []).append(key)
    for area, keys in groups.items():
        if len(keys) > COMPARED_AT_MOST:
            cells.note(
                None, "place", f"{len(keys):,} unknown places were not compared for likeness"
            )
            continue
        keys.sort()
        for position, left in enumerate(keys):
            alike = process.extract(
                left, keys[position + 1 :], scorer=fuzz.ratio, score_cutoff=ALIKE_FROM, limit=5
            )
            for right, *_ in alike:
                (name, row), (other, other_row) = sorted(
                    (alone[*area, left], alone[*area, right]), key=lambda place: place[1]
                )
                wrong = f"looks like '{name}' in row {row}, but they count as two regions"
                remedy = "if they are one, write one of them everywhere, or both into a places file"
                cells.warn(other_row, "place", other, wrong, remedy)
