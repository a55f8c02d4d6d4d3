"""Step 03: how clusters began, what they are made of, and whether that says which kind of cluster
they are.

Everything here describes the firms that were found. No function computes a share that would stand
for an industry; distances, maps and trees compare the firms of one cluster with those of another.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations, product
from math import factorial, prod

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import jensenshannon, squareform
from scipy.stats import contingency

from cluster_anatomy.firm_lists import place_index, split
from cluster_anatomy.firm_origins import ABROAD, organisation_key
from cluster_anatomy.statistics import DRAWS, SEED

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


def torch_bases(numbers: pd.DataFrame, places: pd.DataFrame, provinces: Sequence[str]) -> pd.Series:
    """Count torch bases of all fields per province, cities that are listed apart put back into
    their province.

    Parameters
    ----------
    numbers : DataFrame
        The published table: ``region`` such as ``Jiangsu (without Nanjing)`` or ``Nanjing``,
        ``value``.

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
    index, counts = place_index(places), Counter()
    whole = numbers[
        (numbers["measure"] == "torch programme specialised industrial bases")
        & (numbers["denominator"] == "133")
    ]
    for row in whole.itertuples():
        province = row.region.split(" (without")[0]
        if province not in provinces:
            if (province, None) not in index:
                raise ValueError(f"'{row.region}' is neither a province nor a known city.")
            province = index[province, None]["admin"]
        counts[province] += int(row.value)
    return pd.Series(
        {province: counts[province] for province in provinces}, name="torch_bases"
    ).rename_axis("province")


def kinds(clusters: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Return the paper's kind of each of its clusters under the name that the register uses.

    Returns
    -------
    DataFrame
        ``cluster``, ``name_in_paper``, ``kind`` (``endogenous``, ``policy_induced``), ``kind_by``
        (``paper``, or ``reading`` where the label is ours), ``anchors``, ``basis``.
    """
    index = place_index(places)
    reading = clusters["basis"].str.contains("our reading")
    return pd.DataFrame(
        {
            "cluster": [index[city, None]["cluster"] for city in clusters["city"]],
            "name_in_paper": clusters["cluster"],
            "kind": clusters["kind"],
            "kind_by": np.where(reading, "reading", "paper"),
            "anchors": clusters["anchor_firms"],
            "basis": clusters["basis"],
        }
    )


def endowments(
    entries: pd.DataFrame,
    source_rows: pd.DataFrame,
    organisations: pd.DataFrame,
    places: pd.DataFrame,
    sites: pd.DataFrame,
    first: int = 5,
) -> pd.DataFrame:
    """Say of each Chinese cluster what the open record shows to have been there when firms began to
    enter.

    The record does not date institutes: one counts if it is a founder's or a parent's organisation
    of any entry, anywhere, or if the paper names it. That it was there before the firm follows;
    before the first firm does not.

    Parameters
    ----------
    entries : DataFrame
        From `entry_patterns.entries`.
    source_rows : DataFrame
        Step 02: ``firm_id``, ``organisation``, ``org_type``, ``region``, ``timing``.
    organisations : DataFrame
        The paper's organisations: ``org_name``, ``org_type``, ``city``.
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
    index = place_index(places)
    cluster_of = {name: place["cluster"] for (name, _), place in index.items()}
    by_metro = {place["metro"]: place["cluster"] for place in index.values()}
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


def tally(hits: int, known: int, unknown: int = 0) -> dict[str, float]:
    """Return a count with the number of firms for which it is known and the bounds that the others
    leave.
    """
    return {
        "value": hits,
        "count": hits,
        "n": known,
        "unknown": unknown,
        "bound_low": hits,
        "bound_high": hits + unknown,
    }


def count_where(table: pd.DataFrame, column: str, values: Sequence[str]) -> dict[str, float]:
    """Count the firms of a table whose value is one of some; ``unknown`` values stay unknown (see
    `tally`).
    """
    unknown = int((table[column] == "unknown").sum())
    return tally(int(table[column].isin(values).sum()), len(table) - unknown, unknown)


def count_until(years: pd.Series, last: int) -> dict[str, float]:
    """Count the years up to one; firms without a year are unknown (see `tally`)."""
    return tally(int(years.le(last).sum()), int(years.notna().sum()), int(years.isna().sum()))


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
    """Return the entries that have a cluster and are no works from before the reforms (those are
    stock, not entry).
    """
    return entries[entries["cluster"].notna() & (entries["label"] != "state_backbone")]


def cumulated(entries: pd.DataFrame) -> pd.DataFrame:
    """Count dated entrants per cluster and year, and cumulate them (every year from the first to
    the last).

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
    """List the first dated entrants of each cluster; firms of the year of the last one are all
    kept.

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


def pair_distances(profiles: np.ndarray, measure: str = "jensen_shannon") -> np.ndarray:
    """Measure how far compositions are apart, pair by pair, 0 (same) to 1 (nothing in common).

    Parameters
    ----------
    profiles : ndarray
        The last axis holds shares that sum to 1, the axis before it the clusters; more axes are
        copies.
    measure : {"jensen_shannon", "hellinger"}
        Square root of the Jensen-Shannon divergence in bits (Lin 1991; a metric: Endres and
        Schindelin 2003), or Hellinger distance (1909), by `scipy` and by its formula.

    Returns
    -------
    ndarray
        The pairs in the order of `scipy.spatial.distance.squareform` on the last axis.
    """
    left, right = np.triu_indices(profiles.shape[-2], 1)
    one, other = profiles[..., left, :], profiles[..., right, :]
    if measure == "jensen_shannon":
        return jensenshannon(one, other, base=2, axis=-1)
    if measure == "hellinger":
        return np.sqrt(((np.sqrt(one) - np.sqrt(other)) ** 2).sum(axis=-1) / 2)
    raise ValueError(f"There is no measure '{measure}'; there are: jensen_shannon, hellinger.")


def distances(table: pd.DataFrame, measure: str = "jensen_shannon") -> pd.DataFrame:
    """Return the distances between the compositions of all clusters of `counts` as a square table."""
    profiles = table.to_numpy(float) / table.to_numpy(float).sum(axis=1, keepdims=True)
    square = squareform(pair_distances(profiles, measure), checks=False)
    return pd.DataFrame(square, index=table.index, columns=pd.Index(table.index, name=None))


def _clades(tree: np.ndarray, size: int, groups: int) -> tuple[list[int], list[int]]:
    """Return the members of every merge, and of the groups left when the highest merges are undone,
    as bit masks.
    """
    masks = [1 << place for place in range(size)]
    children = {}
    for left, right in tree[:, :2].astype(int):
        children[len(masks)] = (left, right)
        masks.append(masks[left] | masks[right])
    nodes = [len(masks) - 1]
    while len(nodes) < min(groups, size):
        highest = max(nodes)
        nodes = [node for node in nodes if node != highest] + list(children[highest])
    return masks[size:], [masks[node] for node in nodes]


def _sides(tree: np.ndarray, size: int, groups: int) -> np.ndarray:
    """Return the number of the group of every leaf; group 0 holds the first leaf, and so on."""
    parts = sorted(_clades(tree, size, groups)[1], key=lambda mask: mask & -mask)
    return np.array(
        [
            next(number for number, mask in enumerate(parts) if mask >> leaf & 1)
            for leaf in range(size)
        ]
    )


def tree(
    table: pd.DataFrame,
    measure: str = "jensen_shannon",
    groups: int = 2,
    draws: int = DRAWS,
    seed: int = SEED,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join clusters of like composition by average linkage, and resample their firms to see what
    holds.

    Firms are drawn anew within each cluster, as many as it has (bootstrap; Felsenstein 1985 for
    trees). Support is the part of the draws in which a branch, or the side on which a cluster
    stands, comes out again. It says how far the tree depends on single firms, nothing on firms that
    were not found.

    Parameters
    ----------
    table : DataFrame
        From `counts`: at least two clusters.
    groups : int
        Into how many groups the tree is cut.

    Returns
    -------
    merges : DataFrame
        The tree in `scipy` order: ``step``, ``left``, ``right`` (numbers as in a linkage matrix),
        ``height``, ``size``, ``members`` (``|`` between them), ``support``.
    members : DataFrame
        Index: cluster. ``group`` (A holds the first cluster by name), ``group_support`` (part of
        the draws in which its group has exactly these members), ``pair_support`` (mean part of the
        draws in which it stands together with, or apart from, each other cluster as it does here).
    """
    observed = table.to_numpy(float)
    totals, size = observed.sum(axis=1).astype(int), len(table)
    profiles = observed / totals[:, None]
    steps = linkage(pair_distances(profiles, measure), "average")
    branches, side = _clades(steps, size, groups)[0], _sides(steps, size, groups)
    rng = np.random.default_rng(seed)
    resampled = np.stack(
        [
            rng.multinomial(total, profile, size=draws) / total
            for total, profile in zip(totals, profiles, strict=True)
        ],
        axis=1,
    )
    found, sides = Counter(), np.empty((draws, size), dtype=int)
    for draw, pairs in enumerate(pair_distances(resampled, measure)):
        again = linkage(pairs, "average")
        found.update(_clades(again, size, groups)[0])
        sides[draw] = _sides(again, size, groups)
    names = list(table.index)
    merges = pd.DataFrame(steps, columns=["left", "right", "height", "size"]).astype(
        {"left": int, "right": int, "size": int}
    )
    merges.insert(0, "step", range(1, size))
    merges["members"] = [
        "|".join(name for place, name in enumerate(names) if mask >> place & 1) for mask in branches
    ]
    merges["support"] = [found[mask] / draws for mask in branches]
    together, again = side[:, None] == side[None, :], sides[:, :, None] == sides[:, None, :]
    members = pd.DataFrame(index=table.index)
    members["group"] = [chr(ord("A") + number) for number in side]
    members["group_support"] = (again == together).all(axis=2).mean(axis=0)
    agrees = (again == together).mean(axis=0)
    members["pair_support"] = (agrees.sum(axis=1) - 1) / (size - 1)
    return merges, members


def adjusted_rand(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """Measure how far two groupings of the same things agree: adjusted Rand index (Hubert and
    Arabie 1985).

    Returns
    -------
    float
        1 where they are the same, 0 on average by chance, below 0 where they agree less; ``nan``
        where no grouping could differ (both put all things together, or all apart).

    Examples
    --------
    >>> round(adjusted_rand([0, 0, 1, 2], [0, 0, 1, 1]), 2)
    0.57
    """
    table = contingency.crosstab(list(one), list(other)).count
    pairs = [
        (part * (part - 1) / 2).sum() for part in (table, table.sum(axis=1), table.sum(axis=0))
    ]
    total = len(one) * (len(one) - 1) / 2
    expected = pairs[1] * pairs[2] / total if total else np.nan
    highest = (pairs[1] + pairs[2]) / 2
    return float((pairs[0] - expected) / (highest - expected)) if highest != expected else np.nan


def arrangements(
    labels: Sequence[Hashable], draws: int = DRAWS, seed: int = SEED
) -> tuple[int, Iterator[list]]:
    """Give the ways to hand out labels anew: all different ones if there are no more than
    ``draws``, else that many.

    Returns
    -------
    different : int
        How many different ways there are.
    ways : iterator of list
    """
    tallies = Counter(labels)
    different = factorial(len(labels)) // prod(map(factorial, tallies.values()))
    if different <= draws:
        return different, _all_ways(tallies)
    rng = np.random.default_rng(seed)
    return different, (list(rng.permutation(np.array(labels, dtype=object))) for _ in range(draws))


def _all_ways(tallies: Mapping[Hashable, int]) -> Iterator[list]:
    if not any(tallies.values()):
        yield []
    for label in sorted(label for label, left in tallies.items() if left):
        for rest in _all_ways({**tallies, label: tallies[label] - 1}):
            yield [label, *rest]


def permutation_test(
    statistic, labels: Sequence[Hashable], draws: int = DRAWS, seed: int = SEED
) -> dict[str, float]:
    """Test a statistic of labels against all, or many random, ways to hand the labels out.

    Returns
    -------
    dict
        ``value``, ``p`` (part of the ways with a value at least as high; for random ways with the
        real one among them, Phipson and Smyth 2010), ``n``, ``ways`` (how many different ones there
        are), ``draws`` (0 if all were tried); value and p are ``nan`` where the value is undefined.
    """
    value, (different, ways) = statistic(list(labels)), arrangements(list(labels), draws, seed)
    drawn = 0 if different <= draws else draws
    p = np.nan
    if not np.isnan(value):
        hits = [statistic(way) >= value - 1e-12 for way in ways]
        p = (sum(hits) + bool(drawn)) / (len(hits) + bool(drawn))
    return {"value": value, "p": p, "n": len(labels), "ways": different, "draws": drawn}


def rand_test(
    groups: Sequence[Hashable], labels: Sequence[Hashable], draws: int = DRAWS, seed: int = SEED
) -> dict[str, float]:
    """Test whether a grouping agrees with given kinds more than by chance (see `permutation_test`)."""
    return permutation_test(lambda way: adjusted_rand(groups, way), labels, draws, seed)


def gap(square: np.ndarray, labels: Sequence[Hashable]) -> float:
    """Mean distance between clusters of different kinds minus that between clusters of one kind.

    Returns
    -------
    float
        ``nan`` where there is no pair of one of the two sorts.
    """
    left, right = np.triu_indices(len(labels), 1)
    same = np.array([labels[i] == labels[j] for i, j in zip(left, right, strict=True)], dtype=bool)
    pairs = square[left, right]
    return (
        float(pairs[~same].mean() - pairs[same].mean()) if same.any() and (~same).any() else np.nan
    )


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
            rand = rand_test(_sides(steps, len(table), number), labels)
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


def correspondence(table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw clusters and origins into one map: correspondence analysis (Benzécri 1973; Greenacre
    1984).

    Singular value decomposition of the standardised residuals; rows and columns in principal
    coordinates. Rows and columns without any firm are left out. The sign of an axis is free: the
    column that is farthest out is positive.

    Parameters
    ----------
    table : DataFrame
        Counts.

    Returns
    -------
    points : DataFrame
        ``side`` (``row``, ``column``), ``name``, ``axis1``, ``axis2`` (``nan`` where there is no
        such axis), ``mass``, ``inertia`` (mass by squared chi-square distance to the mean),
        ``quality`` (part of it that the two axes show).
    inertias : ndarray
        Principal inertias, largest first; their sum is chi-square by n.
    """
    table = table.loc[table.sum(axis=1) > 0, table.sum(axis=0) > 0]
    p = table.to_numpy(float) / table.to_numpy().sum()
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    residuals = (p - np.outer(rows, columns)) / np.sqrt(np.outer(rows, columns))
    u, singular, vt = np.linalg.svd(residuals, full_matrices=False)
    kept = min(table.shape) - 1
    u, singular, v = u[:, :kept], singular[:kept], vt[:kept].T
    row_points, column_points = (
        u * singular / np.sqrt(rows)[:, None],
        v * singular / np.sqrt(columns)[:, None],
    )
    farthest = np.argmax(np.round(np.abs(column_points), 9), axis=0)
    sign = np.where(column_points[farthest, range(kept)] < 0, -1.0, 1.0)
    parts = []
    for side, names, points, mass in (
        ("row", table.index, row_points, rows),
        ("column", table.columns, column_points, columns),
    ):
        squares = points**2
        whole = squares.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            quality = np.where(whole > 1e-12, squares[:, :2].sum(axis=1) / whole, np.nan)
        axes = np.full((len(names), 2), np.nan)
        axes[:, : min(kept, 2)] = (points * sign)[:, :2]
        part = pd.DataFrame(
            {"side": side, "name": list(names), "axis1": axes[:, 0], "axis2": axes[:, 1]}
        )
        parts.append(part.assign(mass=mass, inertia=mass * whole, quality=quality))
    return pd.concat(parts, ignore_index=True), singular**2


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


def location_quotients(table: pd.DataFrame) -> pd.DataFrame:
    """Say how much of a category a place has relative to all places: location quotient (Florence
    1939).

    The share of the category in the place, by its share in all places: 1 is the mean. A place
    without any firm, or a category without any, has no quotient; it is undefined, not 0.

    Parameters
    ----------
    table : DataFrame
        Counts: places in rows, categories in columns, all that are at risk.

    Returns
    -------
    DataFrame
        Same shape; ``nan`` is undefined.

    Examples
    --------
    >>> location_quotients(pd.DataFrame({"furniture": [20, 30], "other": [20, 130]})).loc[0, "furniture"]
    np.float64(2.0)
    """
    observed = table.to_numpy(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        local = observed / observed.sum(axis=1, keepdims=True)
        overall = observed.sum(axis=0) / observed.sum()
        return pd.DataFrame(local / overall, index=table.index, columns=table.columns).replace(
            np.inf, np.nan
        )


def origin_quotients(
    country: str, entries: pd.DataFrame, dimension: str = "paper_type"
) -> pd.DataFrame:
    """Compute location quotients of origins in clusters; at risk: entries with a cluster and a
    known origin.

    Clusters whose entries are all of unknown origin are kept, with an undefined quotient.

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
    """Compare published numbers over time, where one source gives one measure of one region in one
    unit twice.

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
        for one, other in zip(group[:-1].itertuples(), group[1:].itertuples(), strict=True):
            ratio, years = other.value / one.value, int(other.period_end - one.period_end)
            rows.append(
                (
                    *key[:4],
                    one.period_end,
                    one.value,
                    other.period_end,
                    other.value,
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
    """Say of each entry whether a founder came from a government body that sits in Beijing
    (``True``, ``False``).
    """
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
    ].isin(ABROAD)
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
    """Turn a square table of distances into one row per pair, nearest first (``left``, ``right``,
    ``distance``).
    """
    rows = [(left, right, square.loc[left, right]) for left, right in combinations(square.index, 2)]
    return pd.DataFrame(rows, columns=["left", "right", "distance"]).sort_values(
        ["distance", "left", "right"], ignore_index=True
    )
