"""Permutation tests of labels, and which p such a test can reach at all.

With few items there are few ways to hand their labels out, and the p of a test has a floor: no
outcome could have been called significant below it. `attainable` tells that floor before a p that
is not small is read as evidence of nothing.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from math import factorial, prod

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cluster_anatomy.methods.randomness import DRAWS, SEED

Statistic = Callable[[list[Hashable]], float]
"""Takes labels in the order of their items; the larger, the more they go against chance."""
TIE = 1e-12
"""Values of a statistic that are as near as this are the same."""


def arrangements(
    labels: Sequence[Hashable], draws: int = DRAWS, seed: int = SEED
) -> tuple[int, Iterator[list[Hashable]]]:
    """Give the ways to hand out labels anew: all different ones, or many random ones.

    Parameters
    ----------
    labels : sequence
        One label per item.
    draws : int
        How many ways are tried at most: all if there are no more, else this many by chance.
    seed : int
        Seed of the random generator.

    Returns
    -------
    different : int
        How many different ways there are.
    ways : iterator of list
        The labels in a new order, way by way.

    Examples
    --------
    >>> different, ways = arrangements(["a", "a", "b"])
    >>> different, ["".join(way) for way in ways]
    (3, ['aab', 'aba', 'baa'])
    """
    tallies = Counter(labels)
    different = factorial(len(labels)) // prod(map(factorial, tallies.values()))
    if different <= draws:
        return different, _all_ways(tallies)
    rng = np.random.default_rng(seed)
    return different, (list(rng.permutation(np.array(labels, dtype=object))) for _ in range(draws))


def _all_ways(tallies: Mapping[Hashable, int]) -> Iterator[list[Hashable]]:
    """Give all different orders of labels, of which so many are left each."""
    if not any(tallies.values()):
        yield []
    for label in (label for label, left in tallies.items() if left):
        for rest in _all_ways({**tallies, label: tallies[label] - 1}):
            yield [label, *rest]


def permutation_test(
    statistic: Statistic, labels: Sequence[Hashable], draws: int = DRAWS, seed: int = SEED
) -> dict[str, float]:
    """Test a statistic of labels against all, or many random, ways to hand the labels out.

    Parameters
    ----------
    statistic : callable
        Takes a list of labels in the order of the items, returns a number or ``nan``.
    labels : sequence
        The observed labels.
    draws, seed : int
        As in `arrangements`.

    Returns
    -------
    dict
        ``value``, ``p`` (part of the ways with a value at least as high; for random ways with the
        observed one among them), ``n`` (items), ``ways`` (how many different ones there are),
        ``draws`` (0 if all were tried); value and p are ``nan`` where the value is undefined.

    References
    ----------
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9 (1), 39.

    Examples
    --------
    Two of five fields were treated and have the highest yields, one of ten ways to choose two:

    >>> yields = np.array([19.0, 18.5, 17.0, 16.5, 16.0])
    >>> def gain(labels):
    ...     treated = np.array(labels) == "treated"
    ...     return yields[treated].mean() - yields[~treated].mean()
    >>> permutation_test(gain, ["treated", "treated", "plain", "plain", "plain"])["p"]
    0.1
    """
    value, (different, ways) = statistic(list(labels)), arrangements(labels, draws, seed)
    drawn = 0 if different <= draws else draws
    p = np.nan
    if not np.isnan(value):
        hits = [statistic(way) >= value - TIE for way in ways]
        p = float((sum(hits) + bool(drawn)) / (len(hits) + bool(drawn)))
    return {"value": value, "p": p, "n": len(labels), "ways": different, "draws": drawn}


def null_values(
    statistic: Statistic, labels: Sequence[Hashable], draws: int = DRAWS, seed: int = SEED
) -> pd.DataFrame:
    """List the values that a statistic takes over the ways to hand the labels out.

    Parameters
    ----------
    statistic, labels, draws, seed
        As in `permutation_test`.

    Returns
    -------
    DataFrame
        One row per different value, lowest first: ``value``, ``ways`` (in how many of the ways
        that were tried it comes out), ``p`` (what `permutation_test` returns if this is the
        observed value). Ways under which the statistic is undefined have no row, but count in p.

    References
    ----------
    As for `permutation_test`.

    Examples
    --------
    In how many of two pairs are labels alike, if there are two of each?

    >>> def alike(labels):
    ...     return (labels[0] == labels[1]) + (labels[2] == labels[3])
    >>> null_values(alike, list("aabb")).round(3)
       value  ways      p
    0      0     4  1.000
    1      2     2  0.333
    """
    different, ways = arrangements(labels, draws, seed)
    every = [statistic(way) for way in ways]
    own = int(different > draws)
    values = np.sort([value for value in every if not np.isnan(value)])
    starts = np.flatnonzero(np.diff(values, prepend=-np.inf) > TIE)
    at_least = len(values) - starts
    return pd.DataFrame(
        {
            "value": values[starts],
            "ways": np.diff(starts, append=len(values)),
            "p": (at_least + own) / (len(every) + own),
        }
    )


def attainable(
    statistic: Statistic,
    labels: Sequence[Hashable],
    draws: int = DRAWS,
    seed: int = SEED,
    alpha: float = 0.05,
) -> dict[str, float]:
    """Return the smallest p that a permutation test of these labels can reach.

    A test whose smallest p is above its level could not have rejected, whatever the data: it is
    undecidable, and its p says nothing for chance.

    Parameters
    ----------
    statistic, labels, draws, seed
        As in `permutation_test`.
    alpha : float
        Level of the test.

    Returns
    -------
    dict
        ``p`` (of the highest value), ``value`` (the highest one), ``values`` (how many different
        values there are), ``ways`` (how many different ways), ``draws`` (0 if all were tried; else
        the first three are those of the ways that were drawn: p can be somewhat smaller, but not
        below one by draws plus one), ``undecidable`` (whether no outcome reaches ``alpha``). p and
        value are ``nan`` where every value is.

    References
    ----------
    Tarone (1990), Biometrics 46, 515-522: the smallest p that a discrete test can reach.
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9 (1), 39.

    Examples
    --------
    How well can a grouping of five agree with labels of which only one differs?

    >>> from functools import partial
    >>> from cluster_anatomy.methods.similarity import adjusted_rand
    >>> attainable(partial(adjusted_rand, [0, 0, 0, 0, 1]), ["x", "x", "x", "x", "y"])["p"]
    0.2
    """
    different, _ = arrangements(labels, draws, seed)
    table = null_values(statistic, labels, draws, seed)
    highest = table.iloc[-1] if len(table) else pd.Series({"p": np.nan, "value": np.nan})
    return {
        "p": float(highest["p"]),
        "value": float(highest["value"]),
        "values": len(table),
        "ways": different,
        "draws": 0 if different <= draws else draws,
        "undecidable": not highest["p"] <= alpha,
    }


def against_null(null: NDArray[np.float64], value: float) -> dict[str, float]:
    """Set a value against those of random draws: their mean, their range and a two-sided p.

    Parameters
    ----------
    null : ndarray
        The statistic in each draw; draws in which it is undefined (``nan``) are left out.
    value : float
        The observed one.

    Returns
    -------
    dict
        ``null_mean``, ``null_low``, ``null_high`` (2.5 and 97.5 percentiles), ``p`` (two-sided,
        the observed value counted among the draws); p is ``nan`` where the value is undefined, the
        others where no draw is left.

    References
    ----------
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9 (1), 39.

    Examples
    --------
    >>> against_null(np.arange(1.0, 20.0), 25.0)["p"]
    0.1
    """
    defined = null[~np.isnan(null)]
    result = dict.fromkeys(("null_mean", "null_low", "null_high", "p"), np.nan)
    if len(defined):
        low, high = np.percentile(defined, [2.5, 97.5])
        result |= {"null_mean": defined.mean(), "null_low": low, "null_high": high}
    if not np.isnan(value):
        below, above = 1 + (defined <= value + TIE).sum(), 1 + (defined >= value - TIE).sum()
        result["p"] = min(1.0, 2 * min(below, above) / (len(defined) + 1))
    return {name: float(number) for name, number in result.items()}
