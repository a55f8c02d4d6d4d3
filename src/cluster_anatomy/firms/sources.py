"""Sources of entries: which of them count, and where founders, parents and former seats were."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cluster_anatomy.firms.names import organisation_key
from cluster_anatomy.firms.places import Gazetteer

FOREIGN_TYPES = ["foreign_firm", "foreign_university"]
"""Kinds of organisation that are abroad, but for a firm's house in the entry's own country."""


def counted(
    source_rows: pd.DataFrame, firms: pd.DataFrame, options: Mapping[str, str]
) -> pd.DataFrame:
    """Return the sources that count under the conventions, for the origin and for its reach alike.

    Left out are parents seen only later (convention ``later_parents``), employers before the last
    one (``founders``), venture houses (``venture_house``) and seats abroad (``begun_abroad``). A
    founder's job at a foreign firm's house in the country of the entry is one at a firm of the
    industry there, or one abroad (``foreign_house``).

    Parameters
    ----------
    source_rows : DataFrame
        From `origins.sources`.
    firms : DataFrame
        The register; sources of other firms are left out.
    options : mapping
        The conventions in force (`origins.choose`).

    Notes
    -----
    Under ``founders=first_listed`` every station of a career counts and the one that the coder
    lists first leads, whoever's it is and however long ago: what ``first_named`` meant until the
    last employers were told apart.
    """
    timings = {"at_entry"}
    if options["later_parents"] == "counted":
        timings.add("later")
    if options["founders"] == "first_listed":
        timings.add("earlier")
    rows = source_rows[source_rows["timing"].isin(timings)]
    rows = rows[rows["firm_id"].isin(firms["firm_id"])]
    own = rows["firm_id"].map(firms.set_index("firm_id")["country"])
    at_home = (rows["country"] == own).fillna(False).astype(bool)
    drop = _venture_houses(rows, options["venture_house"])
    if options["begun_abroad"] == "founders":
        drop |= (rows["role"] == "mover") & rows["country"].notna() & ~at_home
    house = (rows["role"] == "founder") & (rows["org_type"] == "foreign_firm") & at_home
    if options["foreign_house"] == "at_place":
        rows = rows.assign(org_type=rows["org_type"].mask(house, "firm_same_industry"))
    else:
        places = {name: rows[name].mask(house) for name in ("city", "country", "region")}
        rows = rows.assign(**places)
    return rows[~drop]


def _venture_houses(rows: pd.DataFrame, convention: str) -> pd.Series:
    """Say which sources are venture houses that do not count."""
    house = (rows["org_type"] == "venture_capital").fillna(False).astype(bool)
    if convention == "always":
        return pd.Series(False, index=rows.index)
    if convention == "never":
        return house
    known = rows[~house & rows["org_type"].notna()]
    others = pd.MultiIndex.from_frame(known[["firm_id", "role"]])
    return house & pd.MultiIndex.from_frame(rows[["firm_id", "role"]]).isin(others)


def known_places(
    organisations: pd.DataFrame,
    evidence: pd.DataFrame,
    ties: pd.DataFrame,
    gazetteer: Gazetteer,
    homonyms: pd.DataFrame,
) -> dict[str, str]:
    """Find the city of every organisation on whose place the raw data agree.

    Parameters
    ----------
    organisations, evidence, ties : DataFrame
        Tables of the raw data that name organisations with a city.
    gazetteer : Gazetteer
        The places that cities mean; only cities that it knows are taken.
    homonyms : DataFrame
        ``organisation``: names that stand for several organisations.

    Returns
    -------
    dict
        Key of the name (`names.organisation_key`) to city; an organisation that is said to be in
        two places is left out.
    """
    named = [organisations[["org_name", "city"]], evidence[["name_en", "city"]]]
    named += [ties[[f"{side}_name", f"{side}_city"]] for side in ("source", "target")]
    pairs = pd.concat([table.set_axis(["name", "city"], axis=1) for table in named]).dropna()
    pairs["key"] = pairs["name"].map(organisation_key)
    pairs["place"] = [
        None if place is None else place.place_id for place in map(gazetteer.find, pairs["city"])
    ]
    pairs = pairs.dropna(subset="place").drop_duplicates(["key", "place"])
    several = pairs["key"].duplicated(keep=False)
    barred = pairs["key"].isin(homonyms["organisation"].map(organisation_key))
    return pairs[~several & ~barred].set_index("key")["city"].to_dict()


def with_known_places(
    rows: pd.DataFrame, known: Mapping[str, str], gazetteer: Gazetteer
) -> pd.DataFrame:
    """Give sources without a city that of their organisation, unless their country forbids it."""
    city = rows["organisation"].fillna("").map(organisation_key).map(known).astype(object)
    places = [gazetteer.find(name) for name in city]
    country = pd.Series([None if place is None else place.country for place in places], rows.index)
    fits = rows["country"].isna() | (rows["country"] == country)
    fills = rows["city"].isna() & country.notna() & fits
    return rows.assign(city=rows["city"].astype(object).mask(fills, city))


def has_source(entries: pd.DataFrame, source_rows: pd.DataFrame, where: str) -> pd.Series:
    """Say of each entry whether any founder, parent or former seat was in one kind of place.

    Unlike ``reach`` this looks at every source, so a firm with founders from elsewhere and from
    abroad has both.

    Parameters
    ----------
    where : {"home", "elsewhere", "abroad"}
        In the region of the entry, in another one of its country, or in another country.

    Returns
    -------
    Series
        ``yes``, ``no`` or ``unknown`` (no source has a known place), in the order of the entries.
    """
    here = entries.set_index("firm_id")[["country", "region"]].add_prefix("own_")
    rows = source_rows[source_rows["timing"] == "at_entry"].join(here, on="firm_id", how="inner")
    abroad = (rows["country"].notna() & (rows["country"] != rows["own_country"])) | rows[
        "org_type"
    ].isin(FOREIGN_TYPES)
    home = (rows["region"] == rows["own_region"]).fillna(False).astype(bool)
    rows["where"] = np.select(
        [abroad, rows["region"].isna(), home], ["abroad", "unknown", "home"], "elsewhere"
    )
    hit = entries["firm_id"].isin(rows.loc[rows["where"] == where, "firm_id"])
    seen = entries["firm_id"].isin(rows.loc[rows["where"] != "unknown", "firm_id"])
    return pd.Series(np.select([hit, seen], ["yes", "no"], "unknown"), index=entries.index)


def central_officials(entries: pd.DataFrame, source_rows: pd.DataFrame) -> pd.Series:
    """Say of each entry whether a founder came from a government body that sits in Beijing."""
    hit = source_rows[
        (source_rows["role"] == "founder")
        & (source_rows["timing"] == "at_entry")
        & (source_rows["org_type"] == "government")
        & (source_rows["region"] == "Beijing")
    ]
    return entries["firm_id"].isin(hit["firm_id"])
