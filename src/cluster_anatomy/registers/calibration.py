"""How probable alike names are one firm in this very register: place and year as witnesses.

The weights that the model brings were fitted on other lists. In a register of its own kind and size
a level of the comparison of names can say more or less. Among the pairs on a level, matches agree
in place and year far more often than strangers do; from how often they agree follows which share of
them are matches: a mixture of two known distributions whose one unknown, the share, is found by
expectation maximisation (Dempster, Laird and Rubin 1977). Its likelihood is concave, so that there
is one maximum. The weights of the model count as `PRIOR` pairs that were seen before.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PRIOR = 30.0
"""Pairs that the weights of the model are worth on each level."""
FARTHEST = 12.0
"""Bits by which a level can move from the weights of the model."""
ROUNDS = 200
MOST = 2.0
"""Matches per record, at most; if more are fitted, the fit is not believed."""
BANDS = (0.5, 0.9, 0.99, 1.0)
"""Probabilities, said without the year, between which it is asked what the years say."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Log-odds of a match on each level, and whether they were fitted in the register.

    Attributes
    ----------
    odds : dict
        (comparison of names, level, way in which the pair met) -> bits.
    said : str
        What is told of it.
    seen : list of (float, float, int, float)
        Pairs said to be one firm with a probability from, to; how many; which share the years bear
        out.
    """

    odds: dict[tuple[str, int, str], float]
    said: str
    seen: list[tuple[float, float, int, float]]


def share(weight: Numbers) -> Numbers:
    """Return the probability that log-odds in bits stand for."""
    return 1 / (1 + np.exp2(-np.clip(weight, -60, 60)))


def log_odds(probability: Numbers) -> Numbers:
    """Return the log-odds of probabilities in bits."""
    inside = np.clip(probability, 2.0**-60, 1 - 2.0**-50)
    return np.log2(inside) - np.log2(1 - inside)


def fit(cells: pd.DataFrame, start: Numbers, pinned: NDArray[np.bool_], most: float) -> Numbers:
    """Estimate the log-odds of a match on each level.

    Parameters
    ----------
    cells : DataFrame
        ``level`` (number), ``evidence`` (bits of the witnesses and of all else but the name) and
        ``n`` (pairs).
    start : ndarray
        Log-odds of each level by the weights of the model.
    pinned : ndarray of bool
        Levels that stay as they are.
    most : float
        Log-odds that no level exceeds. No level moves by more than `FARTHEST` bits.

    Returns
    -------
    ndarray
        Log-odds of each level.
    """
    level, n = cells["level"].to_numpy(), cells["n"].to_numpy(float)
    evidence = cells["evidence"].to_numpy(float)
    total = np.bincount(level, n, len(start))
    odds, before = start.copy(), share(start)
    highest = np.maximum(start, np.minimum(start + FARTHEST, most))
    for _ in range(ROUNDS):
        matches = np.bincount(level, n * share(odds[level] + evidence), len(start))
        fitted = log_odds((matches + PRIOR * before) / (total + PRIOR))
        new = np.where(pinned, start, np.clip(fitted, start - FARTHEST, highest))
        if np.abs(new - odds).max(initial=0) < 1e-4:
            break
        odds = new
    return odds


def believed(cells: pd.DataFrame, odds: Numbers, records: float) -> bool:
    """Say whether a fit leaves a register with no more matches than it can have."""
    level, n = cells["level"].to_numpy(), cells["n"].to_numpy(float)
    found = (n * share(odds[level] + cells["evidence"].to_numpy(float))).sum()
    return bool(found <= MOST * records)


def borne_out(
    said: Numbers, agrees: NDArray[np.bool_], n: Numbers, m: float, u: float
) -> list[tuple[float, float, int, float]]:
    """Return for bands of probability which share of the pairs the years say to be one firm.

    Parameters
    ----------
    said : ndarray
        Probability by all but the year, of pairs of which both years are known.
    agrees : ndarray of bool
        Whether the years are the same.
    n : ndarray
        Pairs.
    m, u : float
        Probability that the years of one firm, and of two, are the same.
    """
    bands = []
    for low, high in pairwise(BANDS):
        inside = (said >= low) & ((said < high) | (high == BANDS[-1]))
        pairs = n[inside].sum()
        if pairs >= 1:
            agreed = n[inside & agrees].sum() / pairs
            bands.append((low, high, int(pairs), float(np.clip((agreed - u) / (m - u), 0, 1))))
    return bands
