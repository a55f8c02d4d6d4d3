"""Bases and parks: one table, counts by province, and where they are concentrated."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cluster_anatomy.firms.places import Gazetteer

BIO_BASE = "national bio-industry base (NDRC)"
TORCH_BASE = "torch programme specialised industrial base (MOST)"


def bases_and_parks(bases: pd.DataFrame, parks: pd.DataFrame) -> pd.DataFrame:
    """Put national bases and high-tech zones into one table and mark years that nobody states.

    Parameters
    ----------
    bases : DataFrame
        ``base``, ``city``, ``province``, ``kind``, ``year``, ``source_url``, ``note``.
    parks : DataFrame
        ``park``, ``city``, ``province``, ``year``, ``source_url``, ``note`` (``inferred: ...``
        where the year is what remains when dated zones are taken from a list).

    Returns
    -------
    DataFrame
        ``province``, ``year``, ``kind`` (``base``, ``park``), ``name``, ``city``, ``programme``,
        ``year_basis`` (``stated``, ``inferred``; blank without a year), ``only_paper`` (``yes``
        where the paper is the only source, so that the row cannot test it), ``note``; sorted.
    """
    zones = parks.rename(columns={"park": "name"}).assign(
        kind="park", programme="national high-tech zone"
    )
    named = bases.rename(columns={"base": "name", "kind": "programme"}).assign(kind="base")
    table = pd.concat([named, zones], ignore_index=True)
    inferred = table["note"].str.startswith("inferred").fillna(False).astype(bool)
    table["year_basis"] = inferred.map({True: "inferred", False: "stated"}).where(
        table["year"].notna()
    )
    table["only_paper"] = (table["source_url"] == "seed").map({True: "yes", False: "no"})
    columns = [
        "province",
        "year",
        "kind",
        "name",
        "city",
        "programme",
        "year_basis",
        "only_paper",
        "note",
    ]
    return table.sort_values(["province", "kind", "year", "name"], ignore_index=True)[columns]


def by_province(table: pd.DataFrame, provinces: Sequence[str], last_year: int) -> pd.DataFrame:
    """Count bases and parks per province up to a year; rows that only the paper names are left out.

    Returns
    -------
    DataFrame
        Index: every province. ``bases``, ``parks`` (dated, up to ``last_year``), ``bases_undated``,
        ``parks_undated``, ``first_base``, ``first_park`` (years, blank where there is none).
    """
    table = table[table["only_paper"] == "no"]
    dated = table[table["year"].le(last_year).fillna(False)]
    result = pd.DataFrame(index=pd.Index(provinces, name="province"))
    for kind in ("base", "park"):
        mine, open_year = (
            dated[dated["kind"] == kind],
            table[(table["kind"] == kind) & table["year"].isna()],
        )
        result[f"{kind}s"] = mine.groupby("province").size()
        result[f"{kind}s_undated"] = open_year.groupby("province").size()
        result[f"first_{kind}"] = mine.groupby("province")["year"].min()
    counts = ["bases", "bases_undated", "parks", "parks_undated"]
    result[counts] = result[counts].fillna(0).astype(int)
    return result[[*counts, "first_base", "first_park"]].astype(
        {"first_base": "Int64", "first_park": "Int64"}
    )


def torch_bases(numbers: pd.DataFrame, gazetteer: Gazetteer, provinces: Sequence[str]) -> pd.Series:
    """Count torch bases of all fields per province, with the cities that are listed apart.

    Parameters
    ----------
    numbers : DataFrame
        The published table: ``region`` such as ``Jiangsu (without Nanjing)`` or ``Nanjing``,
        ``value``.
    gazetteer : Gazetteer
        Says in which province a city lies.
    provinces : sequence of str
        All provinces, in the order of the result.

    Returns
    -------
    Series
        Bases per province; a province that the table does not name has 0, because the table is a
        full list.

    Raises
    ------
    ValueError
        If a region is neither a province nor a city of the gazetteer.
    """
    counts: Counter[str] = Counter()
    whole = numbers[
        (numbers["measure"] == "torch programme specialised industrial bases")
        & (numbers["denominator"] == "133")
    ]
    for row in whole.itertuples():
        province = row.region.split(" (without")[0]
        if province not in provinces:
            city = gazetteer.find(province)
            if city is None or city.admin is None:
                raise ValueError(f"'{row.region}' is neither a province nor a known city.")
            province = city.admin
        counts[province] += int(row.value)
    return pd.Series(
        {province: counts[province] for province in provinces}, name="torch_bases"
    ).rename_axis("province")


def base_quotients(sites: pd.DataFrame, torch: pd.Series) -> pd.DataFrame:
    """Compare where national bio-industry bases are with where torch bases of all fields are.

    The share of a province in the bio-industry bases, by its share in the torch bases. Undefined
    where a province has no torch base. At risk: all provinces.

    Returns
    -------
    DataFrame
        As `compositions.origin_quotients`, with ``measure`` ``bio_bases``: ``count`` and
        ``category_total`` are bio-industry bases, ``place_total`` and ``total`` torch bases.
    """
    mine = sites[(sites["programme"] == BIO_BASE) & (sites["only_paper"] == "no")]
    bio = mine.groupby("province").size().reindex(torch.index, fill_value=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = (bio / bio.sum()) / (torch / torch.sum())
    return pd.DataFrame(
        {
            "country": "China",
            "measure": "bio_bases",
            "place": torch.index,
            "category": "national bio-industry base",
            "count": bio.to_numpy(),
            "place_total": torch.to_numpy(),
            "category_total": int(bio.sum()),
            "total": int(torch.sum()),
            "expected": (torch * bio.sum() / torch.sum()).to_numpy(),
            "value": value.replace(np.inf, np.nan).to_numpy(),
        }
    )
