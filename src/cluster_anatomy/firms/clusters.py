"""Clusters: the paper's kinds, entrants, growth, take-off, and each cluster in one row."""

import numpy as np
import pandas as pd
from pandas.api.typing import NAType

from cluster_anatomy.firms.places import Gazetteer

GROUPS = {
    "a_academic": "academic",
    "b_enterprise": "enterprise",
    "c_subsidiary": "subsidiary",
    "d_relocation": "relocation",
    "backbone": "backbone",
    "other": "other",
}
"""The paper's four types of firm by origin (section 2.2), works, and the rest: value, name."""


def kinds(clusters: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    """Return the paper's kind of each of its clusters under the name that the register uses.

    Returns
    -------
    DataFrame
        ``cluster``, ``name_in_paper``, ``kind`` (``endogenous``, ``policy_induced``), ``kind_by``
        (``paper``, or ``reading`` where the label is ours), ``anchors``, ``basis``.
    """
    reading = clusters["basis"].str.contains("our reading")
    return pd.DataFrame(
        {
            "cluster": clusters["city"].map(lambda city: cluster_of(gazetteer, city)),
            "name_in_paper": clusters["cluster"],
            "kind": clusters["kind"],
            "kind_by": np.where(reading, "reading", "paper"),
            "anchors": clusters["anchor_firms"],
            "basis": clusters["basis"],
        }
    )


def cluster_of(gazetteer: Gazetteer, city: str) -> str | None:
    """Return the cluster in which a city lies, ``None`` where it is not known."""
    place = gazetteer.find(city)
    return None if place is None else place.cluster


def entrants(entries: pd.DataFrame) -> pd.DataFrame:
    """Return the entries that have a cluster, without pre-reform works (stock, not entry)."""
    return entries[entries["cluster"].notna() & (entries["label"] != "state_backbone")]


def first_entrants(entries: pd.DataFrame, first: int = 5) -> pd.DataFrame:
    """List the first dated entrants of each cluster, with all firms of the last one's year.

    Returns
    -------
    DataFrame
        ``country``, ``cluster``, ``place`` (rank by year, the same for one year), ``firm_id``,
        ``name``, ``entry_year``, ``label``, ``source``, ``reach``, ``evidence``, ``frame``,
        ``source_urls``; sorted.
    """
    dated = entrants(entries).dropna(subset=["entry_year"]).copy()
    dated["place"] = (
        dated.groupby(["country", "cluster"])["entry_year"].rank(method="min").astype(int)
    )
    dated["name"] = dated["name_en"].fillna(dated["name_zh"])
    early = dated[dated["place"] <= first].rename(columns={"evidence_used": "evidence"})
    order = ["country", "cluster", "place", "firm_id"]
    columns = [*order, "name", "entry_year", "label", "source", "reach", "evidence", "frame"]
    return early.sort_values(order, ignore_index=True)[[*columns, "source_urls"]]


def cumulated(entries: pd.DataFrame) -> pd.DataFrame:
    """Count dated entrants per cluster in every year from the first to the last, and cumulate.

    Returns
    -------
    DataFrame
        ``country``, ``cluster``, ``year``, ``entries``, ``cumulated``.
    """
    dated = entrants(entries).dropna(subset=["entry_year"])
    parts = []
    for (country, cluster), group in dated.groupby(["country", "cluster"], sort=True):
        counts = group["entry_year"].astype(int).value_counts()
        years = pd.RangeIndex(counts.index.min(), counts.index.max() + 1, name="year")
        part = counts.reindex(years, fill_value=0).rename("entries").reset_index()
        parts.append(
            part.assign(country=country, cluster=cluster, cumulated=part["entries"].cumsum())
        )
    columns = ["country", "cluster", "year", "entries", "cumulated"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def take_off(years: pd.Series, window: int = 5, part: int = 3, least: int = 5) -> int | NAType:
    """Return the year in which a cluster took off: the start of the first dense spell of entry.

    A spell is ``window`` years that begin with an entry and hold at least one in ``part`` of all
    dated entries, and at least ``least`` of them. The rule looks back from the end of the data; it
    is ours, in the spirit of the second phase of Feldman, Francis and Bercovitz (2005).

    Returns
    -------
    int or NA
        ``NA`` where no spell is dense enough, as in any cluster with fewer than ``least`` dated
        entries.

    Raises
    ------
    ValueError
        If ``window`` or ``part`` is below 1.

    Examples
    --------
    >>> take_off(pd.Series([1985, 1996, 1998, 1999, 2000, 2000, 2010]))
    1996
    """
    if window < 1 or part < 1:
        raise ValueError(f"A spell of {window} years with one in {part} entries: both begin at 1.")
    dated = np.sort(years.dropna().to_numpy(dtype=int))
    needed = max(-(-len(dated) // part), least)
    for year in np.unique(dated):
        if ((dated >= year) & (dated < year + window)).sum() >= needed:
            return int(year)
    return pd.NA


def phases(entries: pd.DataFrame, window: int = 5, part: int = 3, least: int = 5) -> pd.DataFrame:
    """Describe every cluster in one row: how many entered, of which origin, from when on.

    Parameters
    ----------
    entries : DataFrame
        Entries of any country; those without a cluster are left out.
    window, part, least : int
        Of `take_off`.

    Returns
    -------
    DataFrame
        ``country``, ``cluster``, ``entries``, ``known``, ``unknown`` (by origin), ``dated``,
        ``undated`` (entrants, without pre-reform works), ``first_year``, ``take_off``, one column
        per origin group, ``leading`` (the group with most entries; blank in a tie).
    """
    placed = entries.dropna(subset=["cluster"])
    rows = []
    for (country, cluster), group in placed.groupby(["country", "cluster"], sort=True):
        tallies = {
            short: int((group["paper_type"] == name).sum()) for name, short in GROUPS.items()
        }
        known, years = sum(tallies.values()), entrants(group)["entry_year"]
        top = [name for name, count in tallies.items() if count and count == max(tallies.values())]
        rows.append(
            {
                "country": country,
                "cluster": cluster,
                "entries": len(group),
                "known": known,
                "unknown": len(group) - known,
                "dated": int(years.notna().sum()),
                "undated": int(years.isna().sum()),
                "first_year": years.min(),
                "take_off": take_off(years, window, part, least),
                **tallies,
                "leading": top[0] if len(top) == 1 else pd.NA,
            }
        )
    columns = ["country", "cluster", "entries", "known", "unknown", "dated", "undated"]
    columns += ["first_year", "take_off", *GROUPS.values(), "leading"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"first_year": "Int64", "take_off": "Int64"})


def profiles(
    entries: pd.DataFrame,
    paper: pd.DataFrame,
    endowed: pd.DataFrame,
    grouped: pd.DataFrame,
    window: int,
    part: int,
    least: int,
) -> pd.DataFrame:
    """Describe every cluster in one row.

    Parameters
    ----------
    entries : DataFrame
        All entries of both countries.
    paper, endowed : DataFrame
        From `kinds` and `endowments.endowments`.
    grouped : DataFrame
        From `similarity.tree`, the members of both countries one below the other (index: cluster).
    window, part, least : int
        Of `take_off`.

    Returns
    -------
    DataFrame
        The columns of `phases`, ``name_in_paper``, ``kind``, ``kind_by``, the columns of
        ``endowed`` but for the works, and those of ``grouped``.
    """
    table = phases(entries, window, part, least)
    table = table.merge(
        paper[["cluster", "name_in_paper", "kind", "kind_by"]],
        on="cluster",
        how="left",
        validate="1:1",
    )
    table = table.merge(
        endowed.drop(columns="pre_reform_works"), left_on="cluster", right_index=True, how="left"
    )
    table = table.merge(grouped, left_on="cluster", right_index=True, how="left", validate="1:1")
    return table.astype({"institutes": "Int64", "local_first": "Int64"})
