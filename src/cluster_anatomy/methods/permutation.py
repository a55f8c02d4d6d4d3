"""Permutation tests of labels, exact where all ways to hand them out can be tried."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from math import factorial, prod

import numpy as np

from cluster_anatomy.methods.randomness import DRAWS, SEED


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
