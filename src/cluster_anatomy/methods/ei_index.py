"""The E-I index of ties inside and between groups, and its null."""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cluster_anatomy.methods.permutation import against_null
from cluster_anatomy.methods.randomness import DRAWS, SEED


def ei_index(
    edges: Iterable[tuple[Hashable, Hashable]],
    groups: Mapping[Hashable, Hashable],
    member: Hashable = None,
) -> dict[str, float]:
    """Compute the E-I index: external minus internal ties, over both.

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
        ``internal``, ``external`` (counts), ``ei``: -1 if all ties are inside groups, +1 if all are
        between groups, ``nan`` if there is none.

    Raises
    ------
    KeyError
        If a node has no group.

    References
    ----------
    Krackhardt and Stern (1988), Social Psychology Quarterly 51, 123-140.

    Examples
    --------
    >>> groups = {"a": 1, "b": 1, "c": 2}
    >>> ei_index([("a", "b"), ("a", "c"), ("b", "c")], groups)["ei"]
    0.3333333333333333
    """
    ends = [(groups[first], groups[second]) for first, second in edges]
    touching = [pair for pair in ends if member is None or member in pair]
    internal = sum(first == second for first, second in touching)
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
    held: Collection[Hashable] = (),
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
    held : collection
        Groups whose nodes keep them in every draw, such as other countries. Ties between two of
        these nodes say nothing of the others' groups and do not count.

    Returns
    -------
    dict
        ``internal``, ``external``, ``ei``; ``null_mean``, ``null_low``, ``null_high`` (2.5 and 97.5
        percentiles); ``p`` (two-sided, the observed value counted among the draws); ``draws``,
        ``seed``, ``nodes`` (those that are permuted). The null is ``nan`` where the index is.

    Raises
    ------
    KeyError
        If a node has no group.

    References
    ----------
    Krackhardt and Stern (1988), Social Psychology Quarterly 51, 123-140: the index.
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9 (1), 39:
    the p of a permutation test.

    Examples
    --------
    Two groups of three, every tie inside:

    >>> groups = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "f": 2}
    >>> ties = [("a", "b"), ("b", "c"), ("a", "c"), ("d", "e"), ("e", "f"), ("d", "f")]
    >>> result = ei_with_null(ties, groups, draws=999, seed=1)
    >>> result["ei"], round(result["null_mean"], 1), result["p"] < 0.25
    (-1.0, 0.2, True)
    """
    edges = [edge for edge in edges if not all(groups[node] in held for node in edge)]
    nodes = sorted({node for edge in edges for node in edge}, key=str)
    dealt = [node for node in nodes if groups[node] not in held]
    fixed = [node for node in nodes if groups[node] in held]
    observed = ei_index(edges, groups, member)
    observed |= {"nodes": len(dealt), "draws": draws, "seed": seed}
    defined = not np.isnan(observed["ei"])
    null = _null(edges, dealt, fixed, groups, member, draws, seed) if defined else np.empty(0)
    return observed | against_null(null, observed["ei"])


def _null(
    edges: Sequence[tuple[Hashable, Hashable]],
    dealt: Sequence[Hashable],
    fixed: Sequence[Hashable],
    groups: Mapping[Hashable, Hashable],
    member: Hashable,
    draws: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return the index of every draw of groups for the nodes that are dealt out anew."""
    position = {node: index for index, node in enumerate([*dealt, *fixed])}
    names = sorted({groups[node] for node in position}, key=str)
    codes = {group: code for code, group in enumerate(names)}
    labels = np.array([codes[groups[node]] for node in position], dtype=np.int16)
    drawn = np.tile(labels, (draws, 1))
    part = drawn[:, : len(dealt)]
    np.random.default_rng(seed).permuted(part, axis=1, out=part)
    first, second = (drawn[:, [position[edge[end]] for edge in edges]] for end in (0, 1))
    equal = first == second
    if member is None:
        touching = np.ones_like(equal)
    else:
        touching = (first == codes[member]) | (second == codes[member])
    total, internal = touching.sum(axis=1), (equal & touching).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray((total - 2 * internal) / total)
