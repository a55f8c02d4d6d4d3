"""Shares with honest uncertainty: counts, intervals, bounds for unknowns, differences, tests.

Undefined stays undefined (``nan``): a share of nobody is not zero. Unknown firms are never dropped
in silence: the share is of the firms whose value is known, and two bounds beside it say what it
would be if all, or none, of the unknown ones were hits (Manski 1990).
"""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint


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


def tally(hits: int, known: int, unknown: int = 0) -> dict[str, float]:
    """Return a count with the number of firms for which it is known and the bounds that the others
    leave.
    """
    return {
        "value": hits,
        "count": hits,
        "n": known,
        "unknown": unknown,
        "bound_low": hits,
        "bound_high": hits + unknown,
    }


def count_where(table: pd.DataFrame, column: str, values: Sequence[str]) -> dict[str, float]:
    """Count the firms of a table whose value is one of some; ``unknown`` values stay unknown (see
    `tally`).
    """
    unknown = int((table[column] == "unknown").sum())
    return tally(int(table[column].isin(values).sum()), len(table) - unknown, unknown)


def count_until(years: pd.Series, last: int) -> dict[str, float]:
    """Count the years up to one; firms without a year are unknown (see `tally`)."""
    return tally(int(years.le(last).sum()), int(years.notna().sum()), int(years.isna().sum()))
