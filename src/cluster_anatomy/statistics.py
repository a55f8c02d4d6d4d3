"""Shares with honest uncertainty: counts, intervals, bounds for unknowns, differences, tests.

Undefined stays undefined (``nan``): a share of nobody is not zero. Unknown firms are never dropped
in silence: the share is of the firms whose value is known, and two bounds beside it say what it
would be if all, or none, of the unknown ones were hits (Manski 1990).
"""

from collections.abc import Hashable, Iterable

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

SEED = 20100801
"""Seed of every random draw in the study: the month of the paper."""
DRAWS = 9_999
"""Monte Carlo tables and permutations drawn per test."""


def share(hits: float, n: int, unknown: int = 0) -> dict[str, float]:
    """Estimate a share of known firms, with its interval and its bounds.

    Parameters
    ----------
    hits : float
        Firms with the property; half firms are allowed (mixed reach).
    n : int
        Firms whose value is known.
    unknown : int
        Firms whose value is not known.

    Returns
    -------
    dict
        ``count``, ``n``, ``unknown``, ``value``, ``low`` and ``high`` (95 % Wilson interval; Wilson
        1927), ``bound_low`` (no unknown firm is a hit) and ``bound_high`` (all are; Manski 1990).
        All but the counts are ``nan`` where n is 0.

    Raises
    ------
    ValueError
        If ``hits`` is not between 0 and ``n``.

    Examples
    --------
    >>> result = share(38, 55, unknown=18)
    >>> round(result["value"], 3), round(result["bound_low"], 3), round(result["bound_high"], 3)
    (0.691, 0.521, 0.767)
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits among {n} firms: hits must lie between 0 and n.")
    total = n + unknown
    low, high = proportion_confint(hits, n, method="wilson") if n else (np.nan, np.nan)
    return {
        "count": hits,
        "n": n,
        "unknown": unknown,
        "value": hits / n if n else np.nan,
        "low": low,
        "high": high,
        "bound_low": hits / total if total else np.nan,
        "bound_high": (hits + unknown) / total if total else np.nan,
    }


def composition(
    frame: pd.DataFrame,
    by: list[str],
    column: str,
    values: Iterable[Hashable],
    unknown: str = "unknown",
) -> pd.DataFrame:
    """Estimate what share of the firms of each group has each value of a column.

    Parameters
    ----------
    frame : DataFrame
        One row per firm.
    by : list of str
        Columns that make the groups; an empty list makes one group of all.
    column : str
        The column whose values are shared out.
    values : iterable
        All values in the order wanted, without the unknown one; a value that does not occur has the
        share 0.
    unknown : str
        The value that means not known.

    Returns
    -------
    DataFrame
        ``by``, ``column`` (the value), and what `share` returns: one row per group and value.
    """
    groups = frame.groupby(by, sort=True, observed=True)[column] if by else [((), frame[column])]
    rows = []
    for key, group in groups:
        counts = group.value_counts().to_dict()
        left_out = counts.get(unknown, 0)
        for value in values:
            found = share(counts.get(value, 0), len(group) - left_out, left_out)
            rows.append({**dict(zip(by, key, strict=True)), column: value, **found})
    return pd.DataFrame(rows)


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


def independence(table: pd.DataFrame, draws: int = DRAWS, seed: int = SEED) -> dict[str, float]:
    """Test whether rows and columns of a table of counts are independent.

    A 2 x 2 table gets Fisher's exact test; a larger one the Freeman-Halton test (1951) by Monte
    Carlo with a fixed seed. Rows and columns without any firm are left out.

    Returns
    -------
    dict
        ``p``, ``n``, ``draws`` (0 for an exact test), ``seed``, ``cramers_v`` (bias-corrected;
        Bergsma 2013); ``p`` and ``cramers_v`` are ``nan`` if fewer than two rows or columns are
        left.
    """
    table = table.loc[table.sum(axis=1) > 0, table.sum(axis=0) > 0]
    n = int(table.to_numpy().sum())
    if min(table.shape, default=0) < 2:
        return {"p": np.nan, "n": n, "draws": 0, "seed": seed, "cramers_v": np.nan}
    if table.shape == (2, 2):
        p, draws = stats.fisher_exact(table.to_numpy()).pvalue, 0
    else:
        method = stats.MonteCarloMethod(n_resamples=draws, rng=np.random.default_rng(seed))
        p = stats.fisher_exact(table.to_numpy(), method=method).pvalue
    return {"p": float(p), "n": n, "draws": draws, "seed": seed, "cramers_v": cramers_v(table)}


def cramers_v(table: pd.DataFrame) -> float:
    """Measure association of a table of counts: Cramér's V corrected for bias (Bergsma 2013), 0 to
    1.
    """
    n, (rows, columns) = table.to_numpy().sum(), table.shape
    phi = stats.chi2_contingency(table, correction=False).statistic / n
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(phi / least)) if least > 0 else np.nan


def residuals(table: pd.DataFrame) -> pd.DataFrame:
    """Return adjusted standardised residuals of a table of counts (Haberman 1973): |value| > 2
    stands out.
    """
    expected = stats.contingency.expected_freq(table)
    n = table.to_numpy().sum()
    rows = table.sum(axis=1).to_numpy()[:, None] / n
    columns = table.sum(axis=0).to_numpy()[None, :] / n
    with np.errstate(divide="ignore", invalid="ignore"):
        return (table - expected) / np.sqrt(expected * (1 - rows) * (1 - columns))
