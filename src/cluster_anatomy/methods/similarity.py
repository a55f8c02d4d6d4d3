"""Similarity of compositions and of groupings: distances, trees with support, adjusted Rand index."""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import jensenshannon, squareform
from scipy.stats import contingency

from cluster_anatomy.methods.permutation import permutation_test
from cluster_anatomy.methods.randomness import DRAWS, SEED


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


def leaf_groups(tree: np.ndarray, size: int, groups: int) -> np.ndarray:
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
    branches, side = _clades(steps, size, groups)[0], leaf_groups(steps, size, groups)
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
        sides[draw] = leaf_groups(again, size, groups)
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
