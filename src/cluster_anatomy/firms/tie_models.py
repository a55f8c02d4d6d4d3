"""Ties of located actors modelled on borders and distance."""

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cluster_anatomy.methods import qap
from cluster_anatomy.methods.randomness import SEED

TERMS = {
    "same_cluster": "same cluster",
    "tenfold_distance": "ten times the distance",
    "same_type": "same type of organisation",
}
"""What a tie is modelled on."""
Square = NDArray[np.float64]


def network(pairs: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Return the actors of the domestic ties of known length, and who is tied to whom.

    An actor that has ties from two places is two nodes. Ties with an end of unknown type are left
    out.

    Parameters
    ----------
    pairs : DataFrame
        From `ties.collapse`, of one country.

    Returns
    -------
    nodes : DataFrame
        Index (actor, latitude, longitude); ``cluster``, ``type``.
    ties : ndarray of bool
        Square, in the order of the nodes.
    """
    ends = ["source_type", "target_type", "source_cluster", "target_cluster", "kilometres"]
    known = pairs[pairs["kind"].isin(["local", "external"])].dropna(subset=ends)
    key, about = ["actor", "latitude", "longitude"], ["cluster", "type"]
    sides = [
        known[[end, *(f"{end}_{name}" for name in [*key[1:], *about])]].set_axis(
            [*key, *about], axis=1
        )
        for end in ("source", "target")
    ]
    nodes = pd.concat(sides).groupby(key).first()
    graph = nx.Graph()
    edges = zip(*(side[key].itertuples(index=False, name=None) for side in sides), strict=True)
    graph.add_edges_from(edges)
    return nodes, nx.to_numpy_array(graph, nodelist=list(nodes.index), dtype=bool, weight=None)


def distance_models(pairs: pd.DataFrame, draws: int, seed: int = SEED) -> pd.DataFrame:
    """Model domestic ties of each country on border, distance and type (`qap.tie_model`).

    Parameters
    ----------
    pairs : DataFrame
        From `ties.collapse`.
    draws, seed : int
        Permutations of the nodes, and their seed.

    Returns
    -------
    DataFrame
        ``country``, ``place``, ``term``, ``words``, ``label``, ``value`` (odds ratio, all else
        held), ``bound_low``, ``bound_high`` (95 % of the draws in which the term is permuted over
        the nodes, their score turned into odds by the standard error of the model), ``p``,
        ``count`` (ties), ``n`` (pairs of nodes), ``nodes``, ``single`` (nodes with one tie);
        ``low`` and ``high`` are missing: an interval would take pairs for independent.
    """
    tables = []
    for country, part in pairs.groupby("seen_from"):
        nodes, ties = network(part)
        tenfold = _log_distances(nodes) / np.log(10)
        squares = [qap.alike(nodes["cluster"]), tenfold, qap.alike(nodes["type"])]
        model = qap.tie_model(ties, dict(zip(TERMS, squares, strict=True)), draws, seed)
        single = int((ties.sum(axis=0) == 1).sum())
        tables.append(model.assign(country=country, place=country.lower(), single=single))
    table = pd.concat(tables, ignore_index=True)
    spread = np.log(table["high"] / table["low"]) / (2 * 1.96)
    words = table["term"].map(TERMS)
    return table.assign(
        words=words,
        label=table["country"] + ": " + words,
        bound_low=np.exp(spread * table["null_low"]),
        bound_high=np.exp(spread * table["null_high"]),
        low=np.nan,
        high=np.nan,
        count=table["ties"],
    )


def across_the_border(pairs: pd.DataFrame, nearest: float, farthest: float) -> pd.DataFrame:
    """Count ties between actors at like distances inside one cluster and across two.

    The model of `distance_models` leans on its form where few pairs are near and yet in two
    clusters, or in one and yet apart; these are the pairs that tell the two without a form.

    Parameters
    ----------
    pairs : DataFrame
        From `ties.collapse`.
    nearest, farthest : float
        Kilometres between which a pair of nodes counts.

    Returns
    -------
    DataFrame
        ``country``, ``place``, ``side`` (``within``, ``across``), ``words``, ``value`` (ties),
        ``n`` (pairs of nodes).
    """
    rows = []
    for country, part in pairs.groupby("seen_from"):
        nodes, ties = network(part)
        length, same = np.expm1(_log_distances(nodes)), qap.alike(nodes["cluster"])
        band = np.triu((length >= nearest) & (length <= farthest), 1)
        sides = {"within": ("in one cluster", same == 1), "across": ("in two clusters", same == 0)}
        for side, (words, there) in sides.items():
            counts = {"value": int((band & there & ties).sum()), "n": int((band & there).sum())}
            about = {"country": country, "place": country.lower(), "side": side, "words": words}
            rows.append(about | counts)
    return pd.DataFrame(rows)


def _log_distances(nodes: pd.DataFrame) -> Square:
    """Return the logarithm of one plus the kilometres between nodes."""
    where = nodes.index.to_frame()
    return qap.log_distances(where["latitude"], where["longitude"])
