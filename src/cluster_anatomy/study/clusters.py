"""Step 03: how clusters began, what they are made of, and whether that tells their kind.

Everything here describes the firms that were found. No function computes a share that would stand
for an industry; distances, maps and trees compare the firms of one cluster with those of another.
"""

from collections.abc import Sequence
from functools import partial
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from cluster_anatomy.firms.names import organisation_key
from cluster_anatomy.firms.origins import FOREIGN_TYPES
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.firms.sites import BIO_BASE
from cluster_anatomy.methods.correspondence import correspondence
from cluster_anatomy.methods.permutation import permutation_test
from cluster_anatomy.methods.quotients import location_quotients
from cluster_anatomy.methods.similarity import distances, gap, leaf_groups, rand_test
from cluster_anatomy.tables.cells import split

GROUPS = {
    "a_academic": "academic",
    "b_enterprise": "enterprise",
    "c_subsidiary": "subsidiary",
    "d_relocation": "relocation",
    "backbone": "backbone",
    "other": "other",
}
"""The paper's four types of firm by origin (section 2.2), pre-reform works and the rest: value and
short name.
"""
ACADEMIC = [
    "university",
    "public_research_institute",
    "military_institute",
    "biological_products_institute",
]
"""Kinds of organisation that are academia at home."""


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
            "cluster": clusters["city"].map(lambda city: _cluster_of(gazetteer, city)),
            "name_in_paper": clusters["cluster"],
            "kind": clusters["kind"],
            "kind_by": np.where(reading, "reading", "paper"),
            "anchors": clusters["anchor_firms"],
            "basis": clusters["basis"],
        }
    )


def _cluster_of(gazetteer: Gazetteer, city: str) -> str | None:
    place = gazetteer.find(city)
    return None if place is None else place.cluster


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
    cluster_of = partial(_cluster_of, gazetteer)
    by_metro = gazetteer.table.drop_duplicates("metro").set_index("metro")["cluster"]
    seen = source_rows[source_rows["org_type"].isin(ACADEMIC) & source_rows["organisation"].notna()]
    named = organisations[organisations["org_type"].isin(ACADEMIC)]
    academia = pd.concat(
        [
            pd.DataFrame({"cluster": seen["region"].map(by_metro), "name": seen["organisation"]}),
            pd.DataFrame({"cluster": named["city"].map(cluster_of), "name": named["org_name"]}),
        ]
    ).dropna()
    academia["key"] = academia["name"].map(organisation_key)
    local = seen[seen["timing"] == "at_entry"].assign(cluster=seen["region"].map(by_metro))
    pairs = set(local[["firm_id", "cluster"]].dropna().itertuples(index=False, name=None))
    early = first_entrants(entries, first)
    early["local"] = [(row.firm_id, row.cluster) in pairs for row in early.itertuples()]
    chinese = entries[entries["country"] == "China"]
    result = pd.DataFrame(
        index=pd.Index(sorted(chinese["cluster"].dropna().unique()), name="cluster")
    )
    result["institutes"] = academia.groupby("cluster")["key"].nunique()
    result["local_first"] = early.groupby("cluster")["local"].sum()
    result["pre_reform_works"] = (
        chinese[chinese["label"] == "state_backbone"].groupby("cluster").size()
    )
    result = result.fillna(0).astype(int)
    checked = sites[sites["only_paper"] == "no"].assign(cluster=sites["city"].map(cluster_of))
    for kind in ("park", "base"):
        years = checked[checked["kind"] == kind].groupby("cluster")["year"].min()
        result[f"first_{kind}"] = years.reindex(result.index).astype("Int64")
    return result


def take_off(years: pd.Series, window: int = 5, part: int = 3, least: int = 5):
    """Return the year in which a cluster took off: the start of the first dense spell of entry.

    A spell is ``window`` years that begin with an entry and hold at least one in ``part`` of all
    dated entries, and at least ``least`` of them. The rule looks back from the end of the data; it
    is ours, in the spirit of the second phase of Feldman, Francis and Bercovitz (2005).

    Returns
    -------
    int or NA
        ``NA`` where no spell is dense enough, as in any cluster with fewer than ``least`` dated
        entries.

    Examples
    --------
    >>> take_off(pd.Series([1985, 1996, 1998, 1999, 2000, 2000, 2010]))
    1996
    """
    known = np.sort(years.dropna().to_numpy(dtype=int))
    needed = max(-(-len(known) // part), least)
    for year in np.unique(known):
        if ((known >= year) & (known < year + window)).sum() >= needed:
            return int(year)
    return pd.NA


def entrants(entries: pd.DataFrame) -> pd.DataFrame:
    """Return the entries that have a cluster, without pre-reform works (stock, not entry)."""
    return entries[entries["cluster"].notna() & (entries["label"] != "state_backbone")]


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
    chosen = dated[dated["place"] <= first].rename(columns={"evidence_used": "evidence"})
    columns = [
        "country",
        "cluster",
        "place",
        "firm_id",
        "name",
        "entry_year",
        "label",
        "source",
        "reach",
        "evidence",
        "frame",
        "source_urls",
    ]
    return chosen.sort_values(["country", "cluster", "place", "firm_id"], ignore_index=True)[
        columns
    ]


def counts(entries: pd.DataFrame, dimension: str = "paper_type", smallest: int = 1) -> pd.DataFrame:
    """Count entries of known origin by cluster (rows) and origin (columns).

    Parameters
    ----------
    entries : DataFrame
        Entries of one country.
    dimension : str
        Column of origin, such as ``paper_type`` or ``label``.
    smallest : int
        Clusters with fewer entries of known origin are left out.
    """
    known = entries[(entries[dimension] != "unknown") & entries["cluster"].notna()]
    table = pd.crosstab(known["cluster"], known[dimension])
    table = table[table.sum(axis=1) >= smallest]
    return table.loc[:, table.sum(axis=0) > 0]


def agreement(
    entries: pd.DataFrame, paper: pd.DataFrame, smallest: int, groups: Sequence[int] = (2, 3)
) -> pd.DataFrame:
    """Compare compositions with the paper's kinds, by every reading of origin, distance and kind.

    Parameters
    ----------
    entries : DataFrame
        Chinese entries.
    paper : DataFrame
        From `kinds`.
    smallest : int
        Entries of known origin from which a cluster is compared.
    groups : sequence of int
        Into how many groups the tree is cut.

    Returns
    -------
    DataFrame
        ``origin`` (``paper_type``, ``label``, each with pre-reform works; ``entrants``: paper_type
        without them), ``measure``, ``kinds`` (``all``, or ``stated``: only those that the paper
        itself states), ``groups``, ``n`` (clusters), ``ways`` to hand out the kinds (no p-value can
        be below one by this), ``rand``, ``rand_p``, ``gap``, ``gap_p``; undefined where there is
        only one kind.
    """
    options = {"paper_type": entries, "label": entries, "entrants": entrants(entries)}
    rows = []
    for (origin, chosen), measure, which in product(
        options.items(), ("jensen_shannon", "hellinger"), ("all", "stated")
    ):
        kind = paper[(paper["kind_by"] == "paper") | (which == "all")].set_index("cluster")["kind"]
        whole = counts(chosen, "paper_type" if origin == "entrants" else origin, smallest)
        table = whole[whole.index.isin(kind.index)]
        labels, square = list(kind.reindex(table.index)), distances(table, measure)
        steps = linkage(squareform(square, checks=False), "average")
        apart = permutation_test(partial(gap, square.to_numpy()), labels)
        for number in groups:
            rand = rand_test(list(leaf_groups(steps, len(table), number)), labels)
            rows.append(
                {
                    "origin": origin,
                    "measure": measure,
                    "kinds": which,
                    "groups": number,
                    "n": len(table),
                    "ways": rand["ways"],
                    "rand": rand["value"],
                    "rand_p": rand["p"],
                    "gap": apart["value"],
                    "gap_p": apart["p"],
                }
            )
    return pd.DataFrame(rows)


def map_table(country: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return a correspondence analysis of clusters and origins as one table.

    Returns
    -------
    DataFrame
        ``country``, ``kind`` (``cluster``, ``origin``) and the columns of `correspondence`, with
        ``total_inertia``, ``axis1_share`` and ``axis2_share`` in every row.
    """
    points, inertias = correspondence(table)
    points = points.rename(columns={"side": "kind"}).replace(
        {"kind": {"row": "cluster", "column": "origin"}}
    )
    shares = (
        np.append(inertias, [0.0, 0.0])[:2] / inertias.sum()
        if inertias.sum() > 0
        else [np.nan, np.nan]
    )
    points.insert(0, "country", country)
    return points.assign(total_inertia=inertias.sum(), axis1_share=shares[0], axis2_share=shares[1])


def origin_quotients(
    country: str, entries: pd.DataFrame, dimension: str = "paper_type"
) -> pd.DataFrame:
    """Compute location quotients of origins in clusters.

    At risk are entries with a cluster and a known origin. Clusters whose entries are all of
    unknown origin are kept, with an undefined quotient.

    Returns
    -------
    DataFrame
        ``country``, ``measure`` (``origin``), ``place``, ``category``, ``count``, ``place_total``,
        ``category_total``, ``total``, ``expected`` (count if the place were like all), ``value``.
    """
    places = sorted(entries["cluster"].dropna().unique())
    table = counts(entries, dimension).reindex(places, fill_value=0)
    return _quotients(country, "origin", table)


def _quotients(country: str, measure: str, table: pd.DataFrame) -> pd.DataFrame:
    quotients = location_quotients(table)
    total, rows, columns = int(table.to_numpy().sum()), table.sum(axis=1), table.sum(axis=0)
    return pd.DataFrame(
        [
            {
                "country": country,
                "measure": measure,
                "place": place,
                "category": category,
                "count": int(table.loc[place, category]),
                "place_total": int(rows[place]),
                "category_total": int(columns[category]),
                "total": total,
                "expected": rows[place] * columns[category] / total if total else np.nan,
                "value": quotients.loc[place, category],
            }
            for place in table.index
            for category in table.columns
        ]
    )


def base_quotients(sites: pd.DataFrame, torch: pd.Series) -> pd.DataFrame:
    """Compare where national bio-industry bases are with where torch bases of all fields are.

    The share of a province in the bio-industry bases, by its share in the torch bases. Undefined
    where a province has no torch base. At risk: all provinces.

    Returns
    -------
    DataFrame
        As `origin_quotients`, with ``measure`` ``bio_bases``: ``count`` and ``category_total`` are
        bio-industry bases, ``place_total`` and ``total`` torch bases.
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
    columns = [
        "country",
        "cluster",
        "entries",
        "known",
        "unknown",
        "dated",
        "undated",
        "first_year",
        "take_off",
    ]
    table = pd.DataFrame(rows, columns=[*columns, *GROUPS.values(), "leading"])
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
        From `kinds` and `endowments`.
    grouped : DataFrame
        From `tree`, the members of both countries one below the other (index: cluster).
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


def growth(numbers: pd.DataFrame) -> pd.DataFrame:
    """Compare published numbers over time, where one source gives the same measure twice.

    Returns
    -------
    DataFrame
        ``region``, ``measure``, ``category``, ``unit``, ``first_year``, ``first``, ``last_year``,
        ``last``, ``ratio``, ``per_year`` (mean yearly growth): neighbouring years only.
    """
    keys = ["region", "measure", "category", "unit", "source_citation"]
    rows = []
    for key, group in numbers.dropna(subset=["period_end"]).groupby(keys, sort=True):
        group = group.sort_values("period_end").drop_duplicates("period_end")
        for earlier, later in zip(group[:-1].itertuples(), group[1:].itertuples(), strict=True):
            ratio, years = later.value / earlier.value, int(later.period_end - earlier.period_end)
            rows.append(
                (
                    *key[:4],
                    earlier.period_end,
                    earlier.value,
                    later.period_end,
                    later.value,
                    ratio,
                    ratio ** (1 / years) - 1,
                )
            )
    columns = [
        "region",
        "measure",
        "category",
        "unit",
        "first_year",
        "first",
        "last_year",
        "last",
        "ratio",
        "per_year",
    ]
    return pd.DataFrame(rows, columns=columns)


def central_officials(entries: pd.DataFrame, source_rows: pd.DataFrame) -> pd.Series:
    """Say of each entry whether a founder came from a government body that sits in Beijing."""
    hit = source_rows[
        (source_rows["role"] == "founder")
        & (source_rows["timing"] == "at_entry")
        & (source_rows["org_type"] == "government")
        & (source_rows["region"] == "Beijing")
    ]
    return entries["firm_id"].isin(hit["firm_id"])


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


def open_addresses(cell) -> int:
    """Count the addresses of a cell other than the paper itself."""
    return len([address for address in split(cell) if address != "seed"])


def pairs_of(square: pd.DataFrame) -> pd.DataFrame:
    """Turn a square of distances into rows ``left``, ``right``, ``distance``, nearest first."""
    rows = [(left, right, square.loc[left, right]) for left, right in combinations(square.index, 2)]
    return pd.DataFrame(rows, columns=["left", "right", "distance"]).sort_values(
        ["distance", "left", "right"], ignore_index=True
    )
