"""Shares of items that were found with unequal chances: weights of one over the yield."""

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint


def inverse_yields(strata: pd.Series, known: pd.Series) -> pd.Series:
    """Weight known items by one over the part of their stratum that is known.

    Parameters
    ----------
    strata : Series
        Stratum of each item, such as the list it is drawn from.
    known : Series
        Whether the value of the item is known.

    Returns
    -------
    Series
        Weight by item: items of the stratum over known ones, 0 where the value is not known. The
        weights of a stratum sum to its size; one of which nothing is known has no item to stand
        for it.

    References
    ----------
    Horvitz and Thompson (1952), Journal of the American Statistical Association 47, 663-685.
    Little and Rubin (2019), Statistical Analysis with Missing Data: weighting classes.

    Examples
    --------
    >>> strata, known = pd.Series(list("xxxy")), pd.Series([True, False, True, True])
    >>> inverse_yields(strata, known).tolist()
    [1.5, 0.0, 1.5, 1.0]
    """
    flags = known.astype(float)
    yields = flags.groupby(strata).transform("mean")
    return (flags / yields.where(yields > 0, 1.0)).rename("weight")


def weighted_share(hits: pd.Series, weights: pd.Series) -> dict[str, float]:
    """Estimate a weighted share, with the number of equal items that would say as much.

    The interval is Wilson's with the effective number of items in place of their number, so that
    equal weights give that of `shares.share`.

    Parameters
    ----------
    hits : Series
        Whether each item has the property: true, false, or missing (unknown: left out).
    weights : Series
        Weight of each item, in the order of ``hits``; not negative.

    Returns
    -------
    dict
        ``value``, ``low``, ``high`` (95 %), as fractions; ``se`` (linearised, for weights that are
        given); ``n`` (known items with a weight above 0), ``n_effective`` (squared sum of the
        weights over the sum of their squares). Undefined is ``nan``.

    Raises
    ------
    ValueError
        If a weight is negative or missing.

    References
    ----------
    Kish (1965), Survey Sampling: the effective number.
    Wilson (1927), Journal of the American Statistical Association 22, 209-212, and Korn and
    Graubard (1998), Survey Methodology 24, 193-201: an interval for a share at that number.
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling: the error.

    Examples
    --------
    >>> result = weighted_share(pd.Series([True, False, True]), pd.Series([1.0, 2.0, 1.0]))
    >>> round(result["value"], 2), result["n"], round(result["n_effective"], 2)
    (0.5, 3, 2.67)
    """
    weight = weights.to_numpy(float)
    if not (weight >= 0).all():
        raise ValueError("Weights must be numbers of at least 0.")
    counted = hits.notna().to_numpy() & (weight > 0)
    weight, hit = weight[counted], hits[counted].to_numpy(float)
    result = dict.fromkeys(("value", "low", "high", "se"), np.nan)
    if len(hit):
        value = np.average(hit, weights=weight)
        effective = weight.sum() ** 2 / (weight**2).sum()
        low, high = proportion_confint(value * effective, effective, method="wilson")
        se = np.sqrt((weight**2 * (hit - value) ** 2).sum()) / weight.sum()
        result |= {"value": float(value), "low": float(low), "high": float(high), "se": float(se)}
    else:
        effective = 0.0
    return result | {"n": len(hit), "n_effective": float(effective)}
