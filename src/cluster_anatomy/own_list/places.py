"""Where firms are: at places given, at places that are known, or in regions of their own."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd
from rapidfuzz import fuzz, process

from cluster_anatomy.firms.romanisation import usual_name
from cluster_anatomy.firms.scripts import is_east_asian
from cluster_anatomy.reading import headings
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.reading.countries import area_name, known_country, name_key
from cluster_anatomy.reading.places import (
    Known,
    PlaceText,
    Reading,
    is_address,
    read_place,
    town_key,
)

ALIKE_FROM = 85.0
"""Score from which two places look alike (rapidfuzz ``ratio`` of their keys, 0 to 100)."""
COMPARED_AT_MOST = 4000
"""Unknown places of one area up to which all pairs are compared."""
EXAMPLES = 5
"""Examples in a line that speaks of many rows."""


Area = tuple[str, str, str]
"""Country, province or state (or the empty text), and the name or key of a place."""


@dataclass
class _Spelling:
    """How rows write a place that nobody knows, and whether it may be one of several."""

    rows: list[int]
    name: str
    admin: str
    doubtful: bool


@dataclass
class _Located:
    """Places that are used; name, province and country of the place of each row."""

    places: dict[Area, pd.Series] = field(default_factory=dict)
    of_row: dict[int, tuple[str, object, str]] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)

    def put(self, rows: list[int], place: pd.Series, admin: str) -> None:
        """Put rows at a place; `admin` is what they say, for a place without a province."""
        area = blank(place["admin"])
        self.places[place["name"], area, place["country"]] = place
        there = (place["name"], area or admin or pd.NA, place["country"])
        self.of_row |= dict.fromkeys(rows, there)


def blank(value: object) -> str:
    """Return a cell as text, a missing one as the empty text."""
    return "" if pd.isna(value) else str(value)


def given_places(cells: Cells, places: pd.DataFrame) -> pd.DataFrame:
    """Fill region and cluster of the places given; say which stand twice or lack a coordinate."""
    places["region"] = places["region"].where(places["region"].notna(), places["name"])
    places["cluster"] = places["cluster"].where(places["cluster"].notna(), places["region"])
    seen: dict[tuple, int] = {}
    for row, place in places[places["name"].notna()].iterrows():
        country, admin = blank(place["country"]), blank(place["admin"])
        key = (town_key(place["name"]), name_key(area_name(country, admin) or admin), country)
        if (first := seen.setdefault(key, row)) != row:
            right = "keep one of them, or tell them apart by `admin`"
            cells.say(row, "name", place["name"], f"row {first} is the same place", right)
        if pd.isna(place["latitude"]) != pd.isna(place["longitude"]):
            cells.say(
                row, "latitude", None, "one of latitude and longitude is blank", "fill both or none"
            )
    return places


def located(
    cells: Cells, firms: pd.DataFrame, own: pd.DataFrame, known: Known, given: Cells
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put every firm at a place: one given, one of the gazetteer, or a region of its own.

    Parameters
    ----------
    cells, given : Cells
        The files of firms and of places; `cells` gets the problems.
    firms, own : DataFrame
        The firms, and the places given.
    known : Known
        The gazetteer.

    Returns
    -------
    firms : DataFrame
        With the place's name in `place`, its country where the text says another one, and what
        stood in the file in `place_as_given`.
    places : DataFrame
        The places used and those given.
    """
    firms["place_as_given"] = firms["place"]
    _say_countries(cells, firms)
    result = _Located()
    alone = _one_area(cells, _find_known(cells, firms, [Known(own), known], result))
    _add_regions(cells, alone, [own, known.table], given, result)
    _say_moved(cells, firms, result)
    for position, label in enumerate(("place", "admin", "country")):
        old = zip(firms.index, firms[label], strict=True)
        firms[label] = [
            result.of_row[row][position] if row in result.of_row else value for row, value in old
        ]
    _say_addresses(cells, firms, result)
    if not len(given.frame):
        _say_near(cells, alone, known.table)
        _say_alike(cells, alone)
        _say_sum(cells, alone, result)
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
    cells: Cells, firms: pd.DataFrame, sets: list[Known], result: _Located
) -> dict[Area, list[_Spelling]]:
    """Put firms at known places; return the places that nobody knows, with their rows."""
    alone: dict[Area, list[_Spelling]] = {}
    doubtful: list[tuple[str, list[int], pd.DataFrame]] = []
    for (country, admin, text), rows in _spellings(firms).items():
        said = read_place(text, admin, country)
        place, several = _find(said, sets)
        if place is None and several is None:
            place = _of_another_area(cells, rows, text, said, sets[0])
        if place is not None:
            result.put(rows, place, admin)
            result.known |= set(rows)
        elif several is not None and len(several) > 1 and country != "USA":
            _say_several(cells, rows, text, several)
        else:
            one = said.alone
            written = _as_written(
                one, [admin, *text.replace("，", ",").split(","), text.split()[0]]
            )
            key = (one.country, one.area, _place_key(one))
            spelling = _Spelling(rows, one.name, written, several is not None)
            alone.setdefault(key, []).append(spelling)
            if several is not None:
                doubtful.append((text, rows, several))
    _say_doubtful(cells, doubtful)
    return alone


def _place_key(reading: Reading) -> str:
    """Return what counts of the name of an unknown place.

    A name in another alphabet than Latin counts as the usual name of its town.
    Characters are left as they are, since many towns sound alike.
    """
    usual = "" if is_east_asian(reading.name) else usual_name(reading.name, reading.country)
    return town_key(usual or reading.name) or reading.name


def _find(said: PlaceText, sets: list[Known]) -> tuple[pd.Series | None, pd.DataFrame | None]:
    """Return the known place that a text means, or the places of which it can mean each."""
    for reading in said.readings:
        for places in sets:
            found, sure = places.find(reading)
            if sure:
                return places.table.iloc[found[0]], None
            if found:
                return None, places.table.iloc[found]
    return None, None


def _of_another_area(
    cells: Cells, rows: list[int], text: str, said: PlaceText, own: Known
) -> pd.Series | None:
    """Return the place given of that name if the state that a row says is none that is known."""
    one = said.alone
    if not one.area or area_name(one.country, one.area):
        return None
    found, sure = own.find(Reading(one.country, "", one.name))
    if not sure or name_key(one.area) in set(own.table["admin"].map(blank).map(name_key)):
        return None
    place = own.table.iloc[found[0]]
    wrong = f"was taken as {place['name']} in {place['admin']}; '{one.area}' is not known"
    right = f"write the province or state as {place['admin']} if that is right"
    cells.warn(rows[0], "place", text, wrong, right)
    return place


def _as_written(reading: Reading, texts: Iterable[str]) -> str:
    """Return a state or province as the list writes it."""
    same = (text.strip() for text in texts if reading.area)
    return next(
        (text for text in same if area_name(reading.country, text) == reading.area), reading.area
    )


def _one_area(cells: Cells, alone: dict[Area, list[_Spelling]]) -> dict[Area, list[_Spelling]]:
    """Put rows without a province to the only one that other rows give for a place of that name."""
    areas: dict[tuple[str, str], list[str]] = {}
    for country, admin, key in alone:
        areas.setdefault((country, key), []).extend([admin] if admin else [])
    merged: dict[Area, list[_Spelling]] = {}
    for (country, admin, key), spellings in alone.items():
        others = areas[country, key]
        doubtful = any(spelling.doubtful for spelling in spellings)
        area = others[0] if not admin and len(others) == 1 and not doubtful else admin
        if area != admin:
            row, text = min((spelling.rows[0], spelling.name) for spelling in spellings)
            there = alone[country, area, key][0].admin
            cells.warn(row, "place", text, f"was taken as the one in {there} that other rows name")
        merged.setdefault((country, area, key), []).extend(spellings)
    return merged


def _add_regions(
    cells: Cells,
    alone: dict[Area, list[_Spelling]],
    sets: list[pd.DataFrame],
    given: Cells,
    result: _Located,
) -> None:
    """Make each place that nobody knows a region of its own, and say so where that is doubtful."""
    lands = {country for country, _, _ in alone}
    pairs = pd.concat([places[["country", "name"]] for places in sets])
    pairs = pairs[pairs["country"].isin(lands)].dropna()
    names = set(pairs.itertuples(index=False, name=None))
    taken = Counter(key for _, _, key in alone)
    regions = {place["region"] for place in result.places.values()}
    for (country, area, key), spellings in alone.items():
        name = _one_spelling(cells, spellings)
        rows = sorted(row for spelling in spellings for row in spelling.rows)
        admin = next((spelling.admin for spelling in spellings if spelling.admin), area)
        region, where = name, admin or ("state not given" if spellings[0].doubtful else country)
        if (admin and (country, name) in names) or taken[key] > 1 or name in regions:
            region = f"{name} ({where})"
        labels = ["name", "admin", "country", "region", "cluster"]
        place = pd.Series([name, admin or pd.NA, country, region, region], labels)
        result.put(rows, place, admin)
        if len(given.frame):
            _say_not_given(cells, rows, name, given)


def _one_spelling(cells: Cells, spellings: list[_Spelling]) -> str:
    """Return the commonest spelling of a region of its own; say which others were put to it.

    Upper and lower case are no matter of which a user need be told.
    """
    texts: Counter[str] = Counter()
    for spelling in spellings:
        texts[spelling.name] += len(spelling.rows)
    name = min(texts, key=lambda text: (-texts[text], text))
    if len({text.casefold() for text in texts}) > 1:
        spelled = ", ".join(f"'{text}'" for text in sorted(texts))
        row = min(spelling.rows[0] for spelling in spellings)
        cells.warn(row, "place", None, f"{spelled} were taken as one place, '{name}'")
    return name


# --- What is said


def _listed(things: Iterable[object], count: int) -> str:
    """Return the first of some things, and how many more there are."""
    first = [str(thing) for _, thing in zip(range(EXAMPLES), things, strict=False)]
    more = count - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more > 0 else "")


def _say_countries(cells: Cells, firms: pd.DataFrame) -> None:
    """Note how many firms each country has; warn of texts that are no country."""
    counts = firms["country"].dropna().value_counts()
    if len(counts) > 1:
        each = (f"{country} {count:,}" for country, count in counts.items())
        cells.note(None, "country", f"firms by country: {_listed(each, len(counts))}")
    unknown = counts[[known_country(country) is None for country in counts.index]]
    if len(unknown):
        each = (f"'{country}' ({count:,})" for country, count in unknown.items())
        wrong = f"no country is known by the name {_listed(each, len(unknown))}; each counts as one"
        cells.warn(None, "country", None, wrong, "write the country's name or its ISO 3166 code")


def _say_several(cells: Cells, rows: list[int], text: str, several: pd.DataFrame) -> None:
    which = " or ".join(
        f"'{name}' ({blank(admin)})"
        for name, admin in zip(several["name"], several["admin"], strict=True)
    )
    right = "write the province or state in a column `admin`"
    for row in rows:
        cells.say(row, "place", text, f"may be {which}", right)


def _say_doubtful(cells: Cells, doubtful: list[tuple[str, list[int], pd.DataFrame]]) -> None:
    """Warn, in one line, of American towns that are named without a state."""
    if not doubtful:
        return
    ranked = sorted(doubtful, key=lambda one: (-len(one[1]), one[0]))
    each = (
        f"{text} ({len(rows):,}; {', '.join(sorted(set(several['admin'].map(blank)))[:4])} ...)"
        for text, rows, several in ranked
    )
    wrong = (
        f"may be one of several towns, each a region of its own here: {_listed(each, len(ranked))}"
    )
    right = "write the state in a column `admin` or after a comma"
    cells.warn(min(rows[0] for _, rows, _ in ranked), "place", None, wrong, right)


def _say_moved(cells: Cells, firms: pd.DataFrame, result: _Located) -> None:
    """Warn, in one line, of firms whose place says another country than their row or the list."""
    moved = [row for row, there in result.of_row.items() if firms.loc[row, "country"] != there[2]]
    if moved:
        each = (f"'{firms.loc[row, 'place']}' in {result.of_row[row][2]}" for row in sorted(moved))
        many = "1 place is" if len(moved) == 1 else f"{len(moved):,} places are"
        wrong = f"{many} in another country: {_listed(each, len(moved))}"
        right = "write the country in a column `country` if that is wrong"
        cells.warn(min(moved), "place", None, wrong, right)
    two = [row for row in result.of_row if ";" in firms.loc[row, "place"]]
    if two:
        each = (f"'{firms.loc[row, 'place']}'" for row in sorted(two))
        many = "1 cell names" if len(two) == 1 else f"{len(two):,} cells name"
        wrong = f"{many} two places, of which the first was taken: "
        cells.warn(min(two), "place", None, wrong + _listed(each, len(two)))


def _say_addresses(cells: Cells, firms: pd.DataFrame, result: _Located) -> None:
    """Warn, in one line, of street addresses: the town in them was taken, or each is a region."""
    given = firms["place_as_given"]
    rows = [row for row in sorted(result.of_row) if is_address(given[row])]
    if rows:
        whole = sum(is_address(result.of_row[row][0]) for row in rows)
        wrong = f"{len(rows):,} of {len(result.of_row):,} places look like street addresses; "
        if whole == len(rows):
            wrong += "each is a region of its own"
        elif whole:
            wrong += f"the town in them was taken, but {whole:,} are each a region of their own"
        else:
            wrong += "the town in them was taken"
        right = 'name a column that holds the town: [firms.columns] place = "...", or add one'
        right += "" if whole else ", if that is wrong"
        cells.warn(rows[0], "place", given[rows[0]], wrong, right)


def _say_not_given(cells: Cells, rows: list[int], name: str, given: Cells) -> None:
    """Say that a place is not among those given; a near miss of one is an error."""
    taken = "it was taken as a region of its own" + (f" ({len(rows)} rows)" if rows[1:] else "")
    wrong = f"is not a place of {given.file}"
    names = {} if cells.enough("place") else {town_key(n): n for n in given.frame["name"] if n}
    if near := _near(town_key(name), names):
        for row in rows:
            right = f"did you mean {' or '.join(map(repr, near))}? Else add a row for it there"
            cells.say(row, "place", name, wrong, right)
    else:
        right = "add a row for it there if it belongs to a larger region"
        cells.warn(rows[0], "place", name, f"{wrong}; {taken}", right)


def _near(key: str, names: dict[str, str], cutoff: float = ALIKE_FROM) -> list[str]:
    """Return the names whose key is nearly that of a place."""
    hits = process.extract(key, list(names), scorer=fuzz.ratio, score_cutoff=cutoff, limit=3)
    return [names[hit] for hit, _, _ in hits if hit != key]


def _say_near(cells: Cells, alone: dict[Area, list[_Spelling]], known: pd.DataFrame) -> None:
    """Warn, in one line, of unknown places that look like known ones of their state or country."""
    names: dict[tuple[str, str], dict[str, str]] = {}
    lands = known[known["country"].isin({country for country, _, _ in alone})]
    for name, admin, country in zip(lands["name"], lands["admin"], lands["country"], strict=True):
        names.setdefault((country, blank(admin)), {})[town_key(name)] = name
    found = {}
    for (country, area, key), spellings in alone.items():
        rows = sum(len(spelling.rows) for spelling in spellings)
        rare = len(key) > 4 and rows < 10 and not is_address(spellings[0].name)
        if rare and (near := _near(key, names.get((country, area), {}), 90.0)):
            found[spellings[0].rows[0]] = f"'{spellings[0].name}' ({near[0]}?)"
    if found:
        wrong = (
            f"look like known places, but count as regions: {_listed(found.values(), len(found))}"
        )
        cells.warn(min(found), "place", None, wrong, "correct them if they are")


def _say_alike(cells: Cells, alone: dict[Area, list[_Spelling]]) -> None:
    """Warn of regions of their own that look alike; nobody said that they are one."""
    groups: dict[tuple[str, str], dict[str, tuple[str, int]]] = {}
    for (country, area, key), spellings in alone.items():
        first = min(spellings, key=lambda spelling: spelling.rows[0])
        if not is_address(first.name):
            groups.setdefault((country, area), {})[key] = (first.name, first.rows[0])
    for places in groups.values():
        keys = sorted(places)
        if len(keys) > COMPARED_AT_MOST:
            wrong = f"{len(keys):,} unknown places were not compared for likeness"
            cells.note(None, "place", wrong)
            continue
        for position, left in enumerate(keys):
            alike = process.extract(
                left, keys[position + 1 :], scorer=fuzz.ratio, score_cutoff=ALIKE_FROM, limit=5
            )
            for right, *_ in alike:
                (name, row), (other, other_row) = sorted(
                    (places[left], places[right]), key=lambda place: place[1]
                )
                wrong = f"looks like '{name}' in row {row}, but they count as two regions"
                remedy = "if they are one, write one of them everywhere, or both into a places file"
                cells.warn(other_row, "place", other, wrong, remedy)


def _say_sum(cells: Cells, alone: dict[Area, list[_Spelling]], result: _Located) -> None:
    """Note how many firms lie in known regions, and which other places have most firms."""
    counts = {
        spellings[0].name: sum(len(spelling.rows) for spelling in spellings)
        for spellings in alone.values()
    }
    if counts:
        ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        each = (f"{name} {count:,}" for name, count in ranked)
        said = f"{len(result.known):,} of {len(result.of_row):,} firms lie in known regions; the"
        said += f" largest other places, each a region of its own: {_listed(each, len(ranked))};"
        cells.note(None, "place", f"{said} put them together in a places file")
