"""Inference on a specification curve: could the whole curve be luck of the sample?

The specifications of a curve are made from the same units and hang together, so that counting
their p-values proves nothing. Permuting which unit belongs to which group, and computing all
specifications anew each time, says what curves come about where the groups do not differ.
"""

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.proportion import confint_proportions_2indep

from cluster_anatomy.methods.permutation import TIE, against_null
from cluster_anatomy.methods.randomness import SEED

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]
GROUP_DRAWS = 999
"""Permutations of the groups."""
BLOCK = 100
"""Permutations that are computed at once."""
STATISTICS = ["median", "share_dominant_sign", "share_excluding_zero"]


def curve_test(
    known: Flags,
    hits: Flags,
    first: Flags,
    draws: int = GROUP_DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Test a curve of differences of two shares by permuting the groups of the units.

    Parameters
    ----------
    known : ndarray of bool
        Specifications in rows, units in columns: whether the unit is in the specification's sample
        and its value is known there.
    hits : ndarray of bool
        Whether it has the property there; units that are not known do not count.
    first : ndarray of bool
        Whether each unit belongs to the first group; the others belong to the second.
    draws : int
        Permutations of the groups.
    seed : int
        Seed of the random generator.

    Returns
    -------
    DataFrame
        One row per ``statistic``: ``median`` (of the differences, first minus second share),
        ``share_dominant_sign`` (part of the specifications with the sign that is more frequent),
        ``share_excluding_zero`` (part whose 95 % interval excludes zero on the side of that sign;
        if both signs are as frequent, on the side where there are more).
        ``value``, ``null_mean``, ``null_low``, ``null_high`` (2.5 and 97.5 percentiles), ``p`` (of
        a median as far from zero, or a share as large; the observed one counted among the draws),
        ``specifications``, ``distinct`` (samples with different units or hits), ``n`` (units),
        ``draws``, ``seed``. A specification in which a group is empty has no estimate and is left
        out; without any estimate value and p are ``nan``.

    References
    ----------
    Simonsohn, Simmons and Nelson (2020), Nature Human Behaviour 4, 1208-1214.
    Newcombe (1998), Statistics in Medicine 17, 873-890: the interval.
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9 (1), 39:
    the p of a permutation test.

    Examples
    --------
    Ten units, of which the first five have the property in every reading:

    >>> first = np.arange(10) < 5
    >>> known = np.ones((3, 10), dtype=bool)
    >>> known[1, 4], known[2, 9] = False, False
    >>> result = curve_test(known, known & first, first)
    >>> result[["statistic", "value", "null_mean", "p"]].round(2)
                  statistic  value  null_mean     p
    0                median    1.0       0.00  0.01
    1   share_dominant_sign    1.0       1.00  1.00
    2  share_excluding_zero    1.0       0.03  0.01
    """
    rng = np.random.default_rng(seed)
    dealt = np.column_stack([first, *(rng.permutation(first) for _ in range(draws))])
    blocks = np.array_split(dealt, range(BLOCK, draws + 1, BLOCK), axis=1)
    values = np.hstack([_statistics(known, hits & known, block) for block in blocks])
    samples = np.concatenate([known, hits & known], axis=1)
    size = {"specifications": len(known), "distinct": len(np.unique(samples, axis=0))}
    rows = []
    for name, (value, *null) in zip(STATISTICS, values, strict=True):
        drawn = np.array(null)
        about = against_null(drawn, value) | {"p": _p_of_extremes(drawn, value)}
        rows.append({"statistic": name, "value": value} | about)
    return pd.DataFrame(rows).assign(**size, n=known.shape[1], draws=draws, seed=seed)


def _statistics(known: Flags, hits: Flags, dealt: Flags) -> Numbers:
    """Return the statistics of the curve: `STATISTICS` in rows, ways to deal groups in columns."""
    # products of flags are counts: of hits and of known units, by specification and way
    counts = [
        part.astype(float) @ group.astype(float)
        for group in (dealt, ~dealt)
        for part in (hits, known)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of empty groups and of nothing but them
        difference = counts[0] / counts[1] - counts[2] / counts[3]
        low, high = confint_proportions_2indep(*counts, compare="diff", method="newcomb")
        above, below = (
            np.array([(side > TIE).sum(axis=0), (limit > TIE).sum(axis=0)])
            for side, limit in ((difference, low), (-difference, -high))
        )
        even = np.where(above[0] == below[0], np.maximum(above, below), above)
        dominant = np.where(above[0] < below[0], below, even)
        estimates = (~np.isnan(difference)).sum(axis=0)
        return np.vstack([np.nanmedian(difference, axis=0), dominant / estimates])


def _p_of_extremes(null: Numbers, value: float) -> float:
    """Return the part of draws, the observed one among them, at least as far from zero."""
    defined = null[~np.isnan(null)]
    hits = (np.abs(defined) >= abs(value) - TIE).sum()
    return np.nan if np.isnan(value) else float((1 + hits) / (1 + len(defined)))
