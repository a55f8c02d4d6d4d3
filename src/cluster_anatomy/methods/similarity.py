"""Similarity of compositions and of groupings: distances, trees with support, adjusted Rand."""

from collections import Counter
from collections.abc import Hashable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import jensenshannon, squareform
from scipy.stats import contingency

from cluster_anatomy.methods.permutation import permutation_test
from cluster_anatomy.methods.randomness import DRAWS, SEED

Numbers = NDArray[np.float64]
Labels = Sequence[Hashable] | NDArray[np.int64]


def pair_distances(profiles: Numbers, measure: str = "jensen_shannon") -> Numbers:
    """Measure how far compositions are apart, pair by pair, 0 (same) to 1 (nothing in common).

    Parameters
    ----------
    profiles : ndarray
        The last axis holds shares that sum to 1, the axis before it the items; more axes are
        copies.
    measure : {"jensen_shannon", "hellinger"}
        Square root of the Jensen-Shannon divergence in bits, or Hellinger distance; both are
        metrics.

    Returns
    -------
    ndarray
        The pairs in the order of `scipy.spatial.distance.squareform` on the last axis.

    Raises
    ------
    ValueError
        If there is no such measure.

    References
    ----------
    Lin (1991), IEEE Transactions on Information Theory 37, 145-151: the divergence.
    Endres and Schindelin (2003), IEEE Transactions on Information Theory 49, 1858-1860: its root.
    Hellinger (1909), Journal für die reine und angewandte Mathematik 136, 210-271.

    Examples
    --------
    >>> profiles = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    >>> pair_distances(profiles).round(3)
    array([0.558, 1.   , 0.558])
    """
    left, right = np.triu_indices(profiles.shape[-2], 1)
    first, second = profiles[..., left, :], profiles[..., right, :]
    if measure == "jensen_shannon":
        return np.asarray(jensenshannon(first, second, base=2, axis=-1))
    if measure == "hellinger":
        return np.asarray(np.sqrt(((np.sqrt(first) - np.sqrt(second)) ** 2).sum(axis=-1) / 2))
    raise ValueError(f"There is no measure '{measure}'; there are: jensen_shannon, hellinger.")


def distances(table: pd.DataFrame, measure: str = "jensen_shannon") -> pd.DataFrame:
    """Return the distances between the compositions of all items as a square table.

    Parameters
    ----------
    table : DataFrame
        Counts: items in rows (none of them empty), categories in columns.
    measure : {"jensen_shannon", "hellinger"}
        As in `pair_distances`.

    Returns
    -------
    DataFrame
        Items in rows and columns; 0 (same) to 1 (nothing in common).

    Raises
    ------
    ValueError
        If there is no such measure.

    References
    ----------
    As for `pair_distances`.

    Examples
    --------
    >>> distances(pd.DataFrame([[4, 0], [1, 1]], index=["a", "b"])).round(3)
           a      b
    a  0.000  0.558
    b  0.558  0.000
    """
    profiles = table.to_numpy(float) / table.to_numpy(float).sum(axis=1, keepdims=True)
    square = squareform(pair_distances(profiles, measure), checks=False)
    return pd.DataFrame(square, index=table.index, columns=pd.Index(table.index, name=None))


def leaf_groups(steps: Numbers, size: int, groups: int) -> NDArray[np.int64]:
    """Cut a tree into groups by undoing its highest merges.

    Parameters
    ----------
    steps : ndarray
        Linkage matrix of `scipy.cluster.hierarchy.linkage`.
    size : int
        Number of leaves.
    groups : int
        Number of groups.

    Returns
    -------
    ndarray
        The number of the group of every leaf; group 0 holds the first leaf, and so on.

    Examples
    --------
    >>> leaf_groups(linkage([[0.0], [10.0], [1.0]], "average"), 3, 2)
    array([0, 1, 0])
    """
    parts = sorted(_clades(steps, size, groups)[1], key=lambda mask: mask & -mask)
    return np.array(
        [
            next(number for number, mask in enumerate(parts) if mask >> leaf & 1)
            for leaf in range(size)
        ]
    )


def _clades(steps: Numbers, size: int, groups: int) -> tuple[list[int], list[int]]:
    """Return the members of every merge, and of the groups that a cut leaves, as bit masks."""
    masks = [1 << leaf for leaf in range(size)]
    children = {}
    for left, right in steps[:, :2].astype(int):
        children[len(masks)] = (left, right)
        masks.append(masks[left] | masks[right])
    nodes = [len(masks) - 1]
    while len(nodes) < min(groups, size):
        highest = max(nodes)
        nodes = [node for node in nodes if node != highest] + list(children[highest])
    return masks[size:], [masks[node] for node in nodes]


def tree(
    table: pd.DataFrame,
    measure: str = "jensen_shannon",
    groups: int = 2,
    draws: int = DRAWS,
    seed: int = SEED,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join items of like composition by average linkage, and resample to see what holds.

    What was counted is drawn anew within each item, as much as it has (bootstrap). Support is the
    part of the draws in which a branch, or the side on which an item stands, comes out again. It
    says how far the tree depends on single counts, nothing on what was not counted.

    Parameters
    ----------
    table : DataFrame
        Counts: at least two items in rows (none of them empty), categories in columns.
    measure : {"jensen_shannon", "hellinger"}
        As in `pair_distances`.
    groups : int
        Into how many groups the tree is cut.
    draws, seed : int
        Draws of the bootstrap and their seed.

    Returns
    -------
    merges : DataFrame
        The tree in `scipy` order: ``step``, ``left``, ``right`` (numbers as in a linkage matrix),
        ``height``, ``size``, ``members`` (``|`` between them), ``support``.
    members : DataFrame
        Index: item. ``group`` (A holds the first item), ``group_support`` (part of the draws in
        which its group has exactly these members), ``pair_support`` (mean part of the draws in
        which it stands together with, or apart from, each other item as it does here).

    Raises
    ------
    ValueError
        If there is no such measure.

    References
    ----------
    Sokal and Michener (1958), University of Kansas Science Bulletin 38, 1409-1438: the tree.
    Felsenstein (1985), Evolution 39, 783-791: its support.

    Examples
    --------
    >>> table = pd.DataFrame([[50, 0], [49, 1], [0, 50]], index=["a", "b", "c"])
    >>> merges, members = tree(table, draws=99)
    >>> merges[["members", "support"]]
      members  support
    0     a|b      1.0
    1   a|b|c      1.0
    """
    observed = table.to_numpy(float)
    size = len(table)
    steps = linkage(pair_distances(observed / observed.sum(axis=1)[:, None], measure), "average")
    branches, side = _clades(steps, size, groups)[0], leaf_groups(steps, size, groups)
    again: Counter[int] = Counter()
    sides = np.empty((draws, size), dtype=int)
    for draw, pairs in enumerate(pair_distances(_resampled(observed, draws, seed), measure)):
        drawn = linkage(pairs, "average")
        again.update(_clades(drawn, size, groups)[0])
        sides[draw] = leaf_groups(drawn, size, groups)
    merges = pd.DataFrame(steps, columns=["left", "right", "height", "size"]).astype(
        {"left": int, "right": int, "size": int}
    )
    merges.insert(0, "step", range(1, size))
    merges["members"] = [
        "|".join(name for leaf, name in enumerate(table.index) if mask >> leaf & 1)
        for mask in branches
    ]
    merges["support"] = [again[mask] / draws for mask in branches]
    return merges, _supported(table.index, side, sides)


def _resampled(observed: Numbers, draws: int, seed: int) -> Numbers:
    """Return compositions of the same size drawn from the observed ones: draw, item, category."""
    rng = np.random.default_rng(seed)
    totals = observed.sum(axis=1)
    profiles = observed / totals[:, None]
    return np.stack(
        [
            rng.multinomial(int(total), profile, size=draws) / int(total)
            for total, profile in zip(totals, profiles, strict=True)
        ],
        axis=1,
    )


def _supported(items: pd.Index, side: NDArray[np.int64], sides: NDArray[np.int64]) -> pd.DataFrame:
    """Return the group of each item, and how often the draws put it there with the same others."""
    agrees = (sides[:, :, None] == sides[:, None, :]) == (side[:, None] == side[None, :])
    members = pd.DataFrame(index=items)
    members["group"] = [chr(ord("A") + number) for number in side]
    members["group_support"] = agrees.all(axis=2).mean(axis=0)
    members["pair_support"] = (agrees.mean(axis=0).sum(axis=1) - 1) / (len(side) - 1)
    return members


def adjusted_rand(first: Labels, second: Labels) -> float:
    """Measure how far two groupings of the same items agree: adjusted Rand index.

    Parameters
    ----------
    first, second : sequence
        Groups of the items in the same order; only who is with whom counts, not the names.

    Returns
    -------
    float
        1 where they are the same, 0 on average by chance, below 0 where they agree less; ``nan``
        where no grouping could differ (both put all items together, or all apart).

    References
    ----------
    Hubert and Arabie (1985), Journal of Classification 2, 193-218.

    Examples
    --------
    >>> round(adjusted_rand([0, 0, 1, 2], [0, 0, 1, 1]), 2)
    0.57
    """
    table = contingency.crosstab(list(first), list(second)).count
    pairs = [
        (part * (part - 1) / 2).sum() for part in (table, table.sum(axis=1), table.sum(axis=0))
    ]
    total = len(first) * (len(first) - 1) / 2
    expected = pairs[1] * pairs[2] / total if total else np.nan
    highest = (pairs[1] + pairs[2]) / 2
    return float((pairs[0] - expected) / (highest - expected)) if highest != expected else np.nan


def rand_test(
    groups: Labels, labels: Sequence[Hashable], draws: int = DRAWS, seed: int = SEED
) -> dict[str, float]:
    """Test whether a grouping agrees with given labels more than by chance.

    Parameters
    ----------
    groups : sequence
        Group of each item, held fixed.
    labels : sequence
        Label of each item, handed out anew.
    draws, seed : int
        As in `permutation.arrangements`.

    Returns
    -------
    dict
        As `permutation.permutation_test` returns it, of the adjusted Rand index. The smallest p
        that it can reach is that of ``attainable(partial(adjusted_rand, groups), labels)``.

    References
    ----------
    Hubert and Arabie (1985), Journal of Classification 2, 193-218: the index.
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9 (1), 39.

    Examples
    --------
    >>> result = rand_test([0, 0, 0, 1, 1], ["x", "x", "x", "y", "y"])
    >>> result["value"], result["p"], result["ways"]
    (1.0, 0.1, 10)
    """
    return permutation_test(partial(adjusted_rand, groups), labels, draws, seed)


def gap(square: Numbers, labels: Sequence[Hashable]) -> float:
    """Return the mean distance between items of different labels minus that between like ones.

    Parameters
    ----------
    square : ndarray
        Distances of all items from all.
    labels : sequence
        Label of each item.

    Returns
    -------
    float
        In the unit of the distances; above 0 where like items are nearer. ``nan`` where there is no
        pair of one of the two sorts.

    References
    ----------
    Mielke, Berry and Johnson (1976), Communications in Statistics A5, 1409-1424: permutation tests
    of mean distances within groups.

    Examples
    --------
    >>> gap(np.array([[0, 1, 3], [1, 0, 3], [3, 3, 0]]), ["x", "x", "y"])
    2.0
    """
    left, right = np.triu_indices(len(labels), 1)
    pairs = square[left, right]
    same = np.array(
        [labels[int(i)] == labels[int(j)] for i, j in zip(left, right, strict=True)], dtype=bool
    )
    if same.all() or not same.any():
        return np.nan
    return float(pairs[~same].mean() - pairs[same].mean())
