"""Compositions: the origins of the firms of clusters, compared between clusters."""

from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from cluster_anatomy.firms.clusters import entrants
from cluster_anatomy.methods.correspondence import correspondence
from cluster_anatomy.methods.permutation import attainable, permutation_test
from cluster_anatomy.methods.quotients import location_quotients
from cluster_anatomy.methods.similarity import (
    adjusted_rand,
    distances,
    gap,
    leaf_groups,
    rand_test,
)


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
        itself states), ``groups``, ``n`` (clusters), ``ways`` to hand out the kinds; ``rand``,
        ``rand_p``, ``rand_least`` (the smallest p that any way reaches), ``rand_values`` (how many
        values the index can take), ``gap``, ``gap_p``, ``gap_least``; undefined where there is only
        one kind.
    """
    options = {"paper_type": entries, "label": entries, "entrants": entrants(entries)}
    rows = []
    for (origin, compared), measure, which in product(
        options.items(), ("jensen_shannon", "hellinger"), ("all", "stated")
    ):
        kind = paper[(paper["kind_by"] == "paper") | (which == "all")].set_index("cluster")["kind"]
        whole = counts(compared, "paper_type" if origin == "entrants" else origin, smallest)
        table = whole[whole.index.isin(kind.index)]
        labels, square = list(kind.reindex(table.index)), distances(table, measure)
        steps = linkage(squareform(square, checks=False), "average")
        statistic = partial(gap, square.to_numpy())
        apart, best = permutation_test(statistic, labels), attainable(statistic, labels)
        for number in groups:
            cut = list(leaf_groups(steps, len(table), number))
            rand, highest = rand_test(cut, labels), attainable(partial(adjusted_rand, cut), labels)
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
                    "rand_least": highest["p"],
                    "rand_values": highest["values"],
                    "gap": apart["value"],
                    "gap_p": apart["p"],
                    "gap_least": best["p"],
                }
            )
    return pd.DataFrame(rows)
