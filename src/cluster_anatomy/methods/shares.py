"""Shares with honest uncertainty: counts, an interval, and bounds for what is unknown.

Undefined stays undefined (``nan``): a share of nothing is not zero. Unknown items are never dropped
in silence: the share is of the items whose value is known, and two bounds beside it say what it
would be if none, or all, of the unknown ones were hits.
"""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import pandas as pd


def share(hits: float, n: int, unknown: int = 0) -> dict[str, float]:
    """Estimate a share of the items that are known, with its interval and its bounds.

    Parameters
    ----------
    hits : float
        Items with the property; an item may count in part.
    n : int
        Items whose value is known.
    unknown : int
        Items whose value is not known.

    Returns
    -------
    dict
        ``count`` (the hits), ``n``, ``unknown``, ``value``, ``low`` and ``high`` (95 % Wilson
        interval), ``bound_low`` (no unknown item is a hit) and ``bound_high`` (all are), as
        fractions. ``value``, ``low`` and ``high`` are ``nan`` where ``n`` is 0, the bounds where
        there is no item at all.

    Raises
    ------
    ValueError
        If ``hits`` is not between 0 and ``n``.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22, 209-212: the interval.
    Manski (1990), American Economic Review 80 (2), 319-323: the bounds.

    Examples
    --------
    >>> result = share(38, 55, unknown=18)
    >>> round(result["value"], 3), round(result["bound_low"], 3), round(result["bound_high"], 3)
    (0.691, 0.521, 0.767)
    """
    from statsmodels.stats.proportion import proportion_confint  # takes seconds to load

    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits among {n} items: hits must lie between 0 and n.")
    total = n + unknown
    low, high = proportion_confint(hits, n, method="wilson") if n else (np.nan, np.nan)
    return {
        "count": hits,
        "n": n,
        "unknown": unknown,
        "value": hits / n if n else np.nan,
        "low": float(low),
        "high": float(high),
        "bound_low": hits / total if total else np.nan,
        "bound_high": (hits + unknown) / total if total else np.nan,
    }


def composition(
    table: pd.DataFrame,
    by: Sequence[str],
    column: str,
    values: Iterable[Hashable],
    unknown: Hashable = "unknown",
) -> pd.DataFrame:
    """Estimate what share of the items of each group has each value of a column.

    Parameters
    ----------
    table : DataFrame
        One row per item.
    by : sequence of str
        Columns that make the groups; an empty list makes one group of all.
    column : str
        The column whose values are shared out.
    values : iterable
        All values in their order, without the unknown one; a value that does not occur has the
        share 0.
    unknown : hashable
        The value that means not known.

    Returns
    -------
    DataFrame
        ``by``, ``column`` (the value), and what `share` returns: one row per group and value.

    Examples
    --------
    >>> table = pd.DataFrame({"size": ["small", "large", "small", "unknown"]})
    >>> composition(table, [], "size", ["small", "large"])[["size", "count", "n", "bound_high"]]
        size  count  n  bound_high
    0  small      2  3        0.75
    1  large      1  3        0.50
    """
    by, values = list(by), list(values)
    groups = table.groupby(by, sort=True, observed=True)[column] if by else [((), table[column])]
    rows = []
    for key, group in groups:
        counts = group.value_counts().to_dict()
        blank = counts.get(unknown, 0)
        for value in values:
            estimate = share(counts.get(value, 0), len(group) - blank, blank)
            rows.append({**dict(zip(by, key, strict=True)), column: value, **estimate})
    return pd.DataFrame(rows)


def tally(hits: int, n: int, unknown: int = 0) -> dict[str, float]:
    """Count hits, with the number of items for which it is known and the bounds the others leave.

    Parameters
    ----------
    hits : int
        Items with the property.
    n : int
        Items whose value is known.
    unknown : int
        Items whose value is not known.

    Returns
    -------
    dict
        ``value`` and ``count`` (the hits), ``n``, ``unknown``, ``bound_low`` (no unknown item is a
        hit) and ``bound_high`` (all are), as counts.

    References
    ----------
    Manski (1990), American Economic Review 80 (2), 319-323: the bounds, there of a share.

    Examples
    --------
    >>> result = tally(3, 10, unknown=2)
    >>> result["value"], result["bound_low"], result["bound_high"]
    (3, 3, 5)
    """
    return {
        "value": hits,
        "count": hits,
        "n": n,
        "unknown": unknown,
        "bound_low": hits,
        "bound_high": hits + unknown,
    }


def count_where(
    table: pd.DataFrame, column: str, values: Sequence[Hashable], unknown: Hashable = "unknown"
) -> dict[str, float]:
    """Count the items of a table that have one of some values.

    Parameters
    ----------
    table : DataFrame
        One row per item.
    column : str
        The column to look at.
    values : sequence
        The values that count.
    unknown : hashable
        The value that means not known.

    Returns
    -------
    dict
        As `tally` returns it.

    Examples
    --------
    >>> table = pd.DataFrame({"size": ["small", "large", "unknown"]})
    >>> count_where(table, "size", ["small"])["bound_high"]
    2
    """
    blank = int((table[column] == unknown).sum())
    return tally(int(table[column].isin(values).sum()), len(table) - blank, blank)


def count_until(values: pd.Series, last: float) -> dict[str, float]:
    """Count the values up to a last one, such as years; missing values are unknown.

    Parameters
    ----------
    values : Series
        One number per item, or missing.
    last : float
        The largest number that counts.

    Returns
    -------
    dict
        As `tally` returns it.

    Examples
    --------
    >>> result = count_until(pd.Series([1990, 2000, None]), 1995)
    >>> result["count"], result["n"], result["unknown"]
    (1, 2, 1)
    """
    return tally(int(values.le(last).sum()), int(values.notna().sum()), int(values.isna().sum()))
