"""The E-I index of ties inside and between groups, and its null."""

from collections.abc import Hashable, Iterable, Mapping

import numpy as np

from cluster_anatomy.methods.randomness import DRAWS, SEED


def ei_index(
    edges: Iterable[tuple[Hashable, Hashable]],
    groups: Mapping[Hashable, Hashable],
    member: Hashable = None,
) -> dict:
    """Compute the E-I index: external minus internal ties, over both (Krackhardt and Stern 1988).

    Parameters
    ----------
    edges : iterable of pairs
        Ties between nodes, without direction.
    groups : mapping
        Group of each node.
    member : hashable, optional
        Count only ties that touch this group.

    Returns
    -------
    dict
        ``internal``, ``external``, ``ei``: −1 if all ties are inside groups, +1 if all are between
        groups, ``nan`` if there is none.

    Examples
    --------
    >>> groups = {"a": 1, "b": 1, "c": 2}
    >>> ei_index([("a", "b"), ("a", "c"), ("b", "c")], groups)["ei"]
    0.3333333333333333
    """
    ends = [(groups[one], groups[other]) for one, other in edges]
    touching = [pair for pair in ends if member is None or member in pair]
    internal = sum(one == other for one, other in touching)
    external = len(touching) - internal
    return {
        "internal": internal,
        "external": external,
        "ei": (external - internal) / len(touching) if touching else np.nan,
    }


def ei_with_null(
    edges: Iterable[tuple[Hashable, Hashable]],
    groups: Mapping[Hashable, Hashable],
    member: Hashable = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, float]:
    """Compare the E-I index with what it would be if nodes were dealt to groups at random.

    Who is tied to whom and how large each group is stay as they are; the groups are permuted among
    the nodes. With many small groups the index is near +1 by chance alone, so a value means little
    without its null.

    Parameters
    ----------
    edges, groups, member
        As in `ei_index`; only nodes that occur in ``edges`` are permuted.
    draws : int
        Number of permutations.
    seed : int
        Seed of the random generator.

    Returns
    -------
    dict
        ``internal``, ``external``, ``ei``; ``null_mean``, ``null_low``, ``null_high`` (2.5 and 97.5
        percentiles); ``p`` (two-sided, the observed value counted among the draws; Phipson and
        Smyth 2010); ``draws``, ``seed``, ``nodes``. The null is ``nan`` where the index is.

    Examples
    --------
    Two groups of three, every tie inside:

    >>> groups = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "f": 2}
    >>> ties = [("a", "b"), ("b", "c"), ("a", "c"), ("d", "e"), ("e", "f"), ("d", "f")]
    >>> result = ei_with_null(ties, groups, draws=999, seed=1)
    >>> result["ei"], round(result["null_mean"], 1), result["p"] < 0.25
    (-1.0, 0.2, True)
    """
    edges = list(edges)
    nodes = sorted({node for edge in edges for node in edge}, key=str)
    seen = ei_index(edges, groups, member) | {"nodes": len(nodes), "draws": draws, "seed": seed}
    if np.isnan(seen["ei"]):
        return seen | dict.fromkeys(("null_mean", "null_low", "null_high", "p"), np.nan)
    position = {node: place for place, node in enumerate(nodes)}
    codes = {
        group: code for code, group in enumerate(sorted({groups[node] for node in nodes}, key=str))
    }
    labels = np.array([codes[groups[node]] for node in nodes], dtype=np.int16)
    dealt = np.random.default_rng(seed).permuted(np.tile(labels, (draws, 1)), axis=1)
    one, other = (dealt[:, [position[edge[end]] for edge in edges]] for end in (0, 1))
    equal = one == other
    touching = (
        np.ones_like(equal) if member is None else (one == codes[member]) | (other == codes[member])
    )
    total, internal = touching.sum(axis=1), (equal & touching).sum(axis=1)
    with np.errstate(invalid="ignore"):
        null = (total - 2 * internal) / total
    null = null[~np.isnan(null)]
    below, above = (
        (1 + (null <= seen["ei"] + 1e-12).sum()),
        (1 + (null >= seen["ei"] - 1e-12).sum()),
    )
    low, high = np.percentile(null, [2.5, 97.5]) if len(null) else (np.nan, np.nan)
    p = min(1.0, 2 * min(below, above) / (len(null) + 1))
    return seen | {
        "null_mean": float(null.mean()) if len(null) else np.nan,
        "null_low": low,
        "null_high": high,
        "p": float(p),
    }
