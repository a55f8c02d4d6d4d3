"""Differences of two shares: interval, test and power."""

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep


def difference(hits: float, n: int, hits2: float, n2: int) -> dict[str, float]:
    """Estimate the difference of two independent shares, first minus second.

    Returns
    -------
    dict
        ``value``, ``low``, ``high``: hybrid score interval at 95 % (Newcombe 1998, method 10),
        ``n`` and ``n2``; ``nan`` where one share is of nobody.
    """
    if not n or not n2:
        return {"value": np.nan, "low": np.nan, "high": np.nan, "n": n, "n2": n2}
    low, high = confint_proportions_2indep(hits, n, hits2, n2, compare="diff", method="newcomb")
    return {"value": hits / n - hits2 / n2, "low": low, "high": high, "n": n, "n2": n2}


def against_published(count: float, n: int, published: float) -> dict[str, float]:
    """Set a share against a published one that comes without its n: exact binomial test.

    Returns
    -------
    dict
        ``value`` (our share minus the published one), ``p`` (two-sided), ``n``; ``nan`` if n is 0.
    """
    if not n:
        return {"value": np.nan, "p": np.nan, "n": 0}
    return {
        "value": count / n - published,
        "p": stats.binomtest(round(count), n, published).pvalue,
        "n": n,
    }


def compared(row: dict) -> dict[str, float]:
    """Difference of two shares with its interval, and Fisher's exact p."""
    numbers = difference(row["count"], row["n"], row["count2"], row["n2"])
    cells = [[row["count"], row["n"] - row["count"]], [row["count2"], row["n2"] - row["count2"]]]
    p = stats.fisher_exact(cells).pvalue if row["n"] and row["n2"] else np.nan
    return {key: numbers[key] for key in ("value", "low", "high")} | {"p": p}


def fisher_power(n: int, value: float, n2: int, value2: float, alpha: float = 0.05) -> float:
    """Return the probability that Fisher's exact test tells two true shares apart, by enumeration
    of all tables.

    Parameters
    ----------
    n, n2 : int
        Sizes of the two groups.
    value, value2 : float
        True shares.
    alpha : float
        Level of the two-sided test.
    """
    chance = np.outer(
        stats.binom.pmf(range(n + 1), n, value), stats.binom.pmf(range(n2 + 1), n2, value2)
    )
    p = [
        [stats.fisher_exact([[x, n - x], [y, n2 - y]]).pvalue for y in range(n2 + 1)]
        for x in range(n + 1)
    ]
    return float(chance[np.array(p) <= alpha].sum())
