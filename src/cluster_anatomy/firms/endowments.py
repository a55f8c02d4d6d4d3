"""Endowments: what a cluster had in its beginnings, as far as the open record shows it."""

from functools import partial

import pandas as pd

from cluster_anatomy.firms.clusters import cluster_of, first_entrants
from cluster_anatomy.firms.names import organisation_key
from cluster_anatomy.firms.places import Gazetteer

ACADEMIC = [
    "university",
    "public_research_institute",
    "military_institute",
    "biological_products_institute",
]
"""Kinds of organisation that are academia at home."""


def endowments(
    entries: pd.DataFrame,
    source_rows: pd.DataFrame,
    organisations: pd.DataFrame,
    gazetteer: Gazetteer,
    sites: pd.DataFrame,
    first: int = 5,
) -> pd.DataFrame:
    """Say of each Chinese cluster what the open record shows of its beginnings.

    The record does not date institutes: one counts if it is a founder's or a parent's organisation
    of any entry, anywhere, or if the paper names it. That it was there before the firm follows;
    before the first firm does not.

    Parameters
    ----------
    entries : DataFrame
        From `entries.entries`.
    source_rows : DataFrame
        Step 02: ``firm_id``, ``organisation``, ``org_type``, ``region``, ``timing``.
    organisations : DataFrame
        The paper's organisations: ``org_name``, ``org_type``, ``city``.
    gazetteer : Gazetteer
        The places that cities mean.
    sites : DataFrame
        From `bases_and_parks`.
    first : int
        How many of the first dated entrants are looked at.

    Returns
    -------
    DataFrame
        Index: cluster. ``institutes`` (academic organisations of the place), ``local_first`` (of
        the first entrants, those with a local academic source), ``pre_reform_works``,
        ``first_park``, ``first_base`` (years).
    """
    chinese = entries[entries["country"] == "China"]
    result = pd.DataFrame(
        index=pd.Index(sorted(chinese["cluster"].dropna().unique()), name="cluster")
    )
    by_metro = gazetteer.table.drop_duplicates("metro").set_index("metro")["cluster"]
    seen = source_rows[source_rows["org_type"].isin(ACADEMIC) & source_rows["organisation"].notna()]
    seen = seen.assign(cluster=seen["region"].map(by_metro))
    academia = _academic_organisations(seen, organisations, gazetteer)
    result["institutes"] = academia.groupby("cluster")["key"].nunique()
    result["local_first"] = _local_first(first_entrants(entries, first), seen)
    result["pre_reform_works"] = (
        chinese[chinese["label"] == "state_backbone"].groupby("cluster").size()
    )
    result = result.fillna(0).astype(int)
    return result.assign(**_first_sites(sites, gazetteer, result.index))


def _academic_organisations(
    seen: pd.DataFrame, organisations: pd.DataFrame, gazetteer: Gazetteer
) -> pd.DataFrame:
    """List academic organisations, of sources and of the paper: ``cluster``, ``name``, ``key``."""
    named = organisations[organisations["org_type"].isin(ACADEMIC)]
    cluster = named["city"].map(partial(cluster_of, gazetteer))
    table = pd.concat(
        [
            pd.DataFrame({"cluster": seen["cluster"], "name": seen["organisation"]}),
            pd.DataFrame({"cluster": cluster, "name": named["org_name"]}),
        ]
    ).dropna()
    return table.assign(key=table["name"].map(organisation_key))


def _local_first(early: pd.DataFrame, seen: pd.DataFrame) -> pd.Series:
    """Count, by cluster, the first entrants that have an academic source in their cluster."""
    local = seen.loc[seen["timing"] == "at_entry", ["firm_id", "cluster"]].dropna()
    pairs = set(local.itertuples(index=False, name=None))
    is_local = [(row.firm_id, row.cluster) in pairs for row in early.itertuples()]
    return early.assign(local=is_local).groupby("cluster")["local"].sum()


def _first_sites(
    sites: pd.DataFrame, gazetteer: Gazetteer, clusters: pd.Index
) -> dict[str, pd.Series]:
    """Return the years of the first park and the first base of each cluster."""
    checked = sites[sites["only_paper"] == "no"]
    checked = checked.assign(cluster=checked["city"].map(partial(cluster_of, gazetteer)))
    years = checked.groupby(["kind", "cluster"])["year"].min()
    return {
        f"first_{kind}": years[kind].reindex(clusters).astype("Int64") for kind in ("park", "base")
    }
