"""From a list to the study's tables of places and firms."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import pandas as pd

from cluster_anatomy.firms.coders import MERGED_COLUMNS
from cluster_anatomy.firms.names import slug
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.firms.scripts import is_chinese
from cluster_anatomy.own_list.layout import OWN, shaped
from cluster_anatomy.tables.cells import split
from cluster_anatomy.tables.contract import ADDRESS, TableError

SEAT = {
    "place_id": "place_id",
    "name": "city",
    "metro": "region",
    "cluster": "cluster",
    "latitude": "latitude",
    "longitude": "longitude",
}
"""Columns of a place and what they are called in the register."""


def place_table(
    places: pd.DataFrame, names: Iterable[str], country: str, known: pd.DataFrame
) -> pd.DataFrame:
    """Return the table of places: those of the list, sorted by name, then those of the study.

    A place that only firms name is one of the list. A place without a region is a region of its
    own.

    Parameters
    ----------
    places : DataFrame
        From `own_list.read`: ``name``, ``other_names``, ``admin``, ``country``, ``region``,
        ``cluster``, ``latitude``, ``longitude``.
    names : iterable of str
        Places of firms.
    country : str
        Country of places that do not say theirs.
    known : DataFrame
        The study's table of places.
    """
    own = places.rename(columns={"other_names": "aliases", "region": "metro"}).copy()
    own["country"] = own["country"].fillna(country)
    own["metro"] = own["metro"].fillna(own["name"])
    own["cluster"] = own["cluster"].fillna(own["metro"])
    seen = Gazetteer(pd.concat([own, known[known["country"] == country]], ignore_index=True))
    rest = sorted({name for name in names if pd.notna(name) and name not in seen})
    only = pd.DataFrame(
        {"name": rest, "metro": rest, "cluster": rest, "country": country}, dtype="string"
    )
    own = pd.concat([own, only], ignore_index=True).sort_values(
        ["name", "admin"], ignore_index=True
    )
    own["place_id"] = _distinct(
        [_key("ow", name) for name in own["name"]],
        [_key("", admin) for admin in own["admin"].fillna("")],
    )
    return shaped(pd.concat([own, known], ignore_index=True), "places")


def firm_register(
    given: pd.DataFrame, evidence: pd.DataFrame, places: pd.DataFrame, years: Sequence[int | None]
) -> pd.DataFrame:
    """Return the register of firms in the columns of the study (contract ``firms``), by id.

    Parameters
    ----------
    given : DataFrame
        From `identified`.
    evidence : DataFrame
        From `coded`.
    places : DataFrame
        From `place_table`.
    years : sequence
        First and last year of entry that count, None where there is no limit; a firm without a year
        counts.
    """
    about = evidence.groupby("name_en").first()
    firms = _with_evidence(given, about)
    firms = _with_seats(firms, places)
    firms = _with_names(firms)
    firms["lead_products"] = firms["product"]
    addresses = evidence.groupby("name_en")["source_urls"].agg(_joined)
    firms["source_urls"] = [
        _joined([cell, addresses.get(name)])
        for cell, name in zip(firms["source_urls"], firms["name"], strict=True)
    ]
    firms["coders"] = firms["name"].isin(about.index).map({True: OWN, False: None})
    first, last = (
        limit if limit is not None else end for limit, end in zip(years, (0, 9999), strict=True)
    )
    counts = firms["entry_year"].between(first, last).fillna(True)
    scope = counts.map({True: "entry", False: "outside_years"})
    firms = firms.assign(frame=OWN, lists=OWN, scope=scope)
    return shaped(firms, "firms").sort_values("firm_id", ignore_index=True)


def _with_evidence(given: pd.DataFrame, about: pd.DataFrame) -> pd.DataFrame:
    """Put the evidence beside each firm; each part of a cell once."""
    firms = given.merge(
        about.drop(columns="source_urls"),
        how="left",
        left_on="name",
        right_index=True,
        suffixes=("", "_evidence"),
    )
    for column in set(MERGED_COLUMNS) & set(about.columns) - {"source_urls"}:
        firms[column] = [_parts_once(split(cell)) for cell in firms[column]]
    return firms


def _with_seats(firms: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Add city, region, cluster and coordinates; the province too where the firm has none.

    Places of the list go before those of the study, which may lack a cluster.
    """
    here = places[places["country"].isin(firms["country"])]
    study = ~here["place_id"].str.startswith("ow-")
    known: dict[str, list[Gazetteer]] = {}
    for (country, _), group in here.groupby(["country", study]):
        known.setdefault(country, []).append(Gazetteer(group))
    seats = [_seat(firm, known.get(firm.country, [])) for firm in firms.itertuples()]
    firms[list(SEAT.values())] = pd.DataFrame(seats, index=firms.index, dtype=object)
    admin = firms["place_id"].map(places.set_index("place_id")["admin"])
    return firms.assign(admin=firms["admin"].fillna(admin))


def _with_names(firms: pd.DataFrame) -> pd.DataFrame:
    """Tell Chinese local names from others, which are among the other names of the study."""
    chinese = firms["name_local"].map(lambda name: pd.notna(name) and is_chinese(name)).astype(bool)
    others = [
        _parts_once([*split(pd.NA if zh else local), *split(others)])
        for local, others, zh in zip(
            firms["name_local"], firms["other_names"], chinese, strict=True
        )
    ]
    return firms.assign(
        name_en=firms["name"], name_zh=firms["name_local"].where(chinese), other_names=others
    )


def identified(firms: pd.DataFrame, country: str) -> pd.DataFrame:
    """Give each firm of a list its id: country and name, with the place where a name occurs twice.

    Raises
    ------
    TableError
        If two rows have one name and one place.
    """
    earlier = (
        firms["former_names"] if "former_names" in firms else pd.Series(pd.NA, index=firms.index)
    )
    others = [
        _parts_once([*split(names), *split(former)])
        for names, former in zip(firms["other_names"], earlier, strict=True)
    ]
    firms = firms.assign(country=firms["country"].fillna(country), other_names=others)
    keys = [
        slug(f"{re.sub(r'[^A-Za-z]', '', unicodedata.normalize('NFKD', land)) or 'xx'} {name}")
        for land, name in zip(firms["country"], firms["name"], strict=True)
    ]
    places = [_key("", place) for place in firms["place"].fillna("")]
    twice = firms.duplicated(["country", "name", "place"], keep=False)
    if twice.any():
        names = ", ".join(sorted(set(firms.loc[twice, "name"])))
        raise TableError(
            [f"firms: named twice at one place: {names}; keep one row, or make the names different"]
        )
    return firms.assign(firm_id=_distinct(keys, places)).sort_values("firm_id", ignore_index=True)


def coded(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return the evidence of a list in the columns of the study, with the list as its coder."""
    table = shaped(evidence.assign(name_en=evidence["name"], coder=OWN), "case_evidence")
    return table.assign(confidence=table["confidence"].fillna("high")).sort_values(
        "name_en", ignore_index=True
    )


def members(firms: pd.DataFrame) -> pd.DataFrame:
    """Say which row of the list makes which firm (contract ``firm_evidence``)."""
    table = pd.DataFrame(
        {"firm_id": firms["firm_id"], "coder": OWN, "name_as_given": firms["name_en"]}
    )
    table["kind"] = firms["coders"].notna().map({True: "evidence", False: "list"})
    table["row_id"] = f"{OWN}:" + firms["firm_id"]
    return shaped(table, "firm_evidence")


def periods(years: pd.Series) -> pd.DataFrame:
    """Return the decades from the first to the last year; half centuries if they are many."""
    if years.dropna().empty:
        return pd.DataFrame({"period": [], "first_year": [], "last_year": [], "meaning": []})
    first, last = int(years.min()), int(years.max())
    width = 10 if last - first <= 120 else 50
    starts = range(first // width * width, last + 1, width)
    rows = [
        (f"{start}-{start + width - 1}", start, start + width - 1, f"{width} years")
        for start in starts
    ]
    return pd.DataFrame(rows, columns=["period", "first_year", "last_year", "meaning"])


def in_scope(firms: pd.DataFrame) -> pd.DataFrame:
    """Return the firms whose entry counts: those that did not enter outside the years given."""
    return firms[firms["scope"] == "entry"]


def entry_years(firms: pd.DataFrame) -> pd.DataFrame:
    """Count entries by year and cumulate them, also with every year the latest and the earliest.

    Returns
    -------
    DataFrame
        ``year``, ``entries``, ``cumulated``, ``cumulated_low``, ``cumulated_high``; firms without a
        year are left out.
    """
    dated = firms.dropna(subset=["entry_year"])
    year = dated["entry_year"].astype(int)
    low, high = (dated[f"entry_year_{end}"].fillna(year).astype(int) for end in ("low", "high"))
    grid = range(min([*year, *low]), max([*year, *high]) + 1) if len(dated) else range(0)
    table = pd.DataFrame({"year": list(grid)}, dtype="Int64")
    counts = {"entries": year, "cumulated": year, "cumulated_low": high, "cumulated_high": low}
    for column, years in counts.items():
        per_year = table["year"].map(years.value_counts()).fillna(0).astype("Int64")
        table[column] = per_year if column == "entries" else per_year.cumsum()
    return table


def _key(prefix: str, name: str) -> str:
    """Return a name in small letters, digits and hyphens, or a checksum of it."""
    return slug(f"China {name}").replace("cn-", f"{prefix}-", 1) if name else ""


def _distinct(keys: list[str], more: list[str]) -> list[str]:
    """Return keys that differ: those that occur twice get more, and at last a number."""
    counts = pd.Series(keys).value_counts()
    keys = [key + tail if counts[key] > 1 else key for key, tail in zip(keys, more, strict=True)]
    number = pd.Series(keys).groupby(keys).cumcount()
    return [
        key if not count else f"{key}-{count + 1}" for key, count in zip(keys, number, strict=True)
    ]


def _seat(firm, known: Sequence[Gazetteer]) -> tuple:
    """Return the seat of a firm among the places of its country."""
    found = [here.find_within(firm.place, firm.admin) for here in known]
    found += [here.find(firm.place) for here in known]
    place = next(filter(None, found), None)
    return tuple(getattr(place, column) if place else pd.NA for column in SEAT)


def _joined(cells: Iterable) -> str:
    """Join the addresses of some cells; what is no address stays in the list's own file."""
    every = (address for cell in cells for address in split(cell))
    return _parts_once(address for address in every if re.fullmatch(ADDRESS, address))


def _parts_once(parts: Iterable[str]) -> str:
    """Join parts by the bar, each once; blank if there is none."""
    return "|".join(dict.fromkeys(parts)) or pd.NA
