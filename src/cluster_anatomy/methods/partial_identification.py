"""Intervals for shares of which some values are missing: sampling error and bounds in one.

Bounds say what the missing values could change, an interval what other samples could. The joint
interval covers the true share with 95 %, whatever the missing values are: it is wider than either
and narrower than adding the whole interval to each bound, since the truth cannot lie beyond both
bounds at once.
"""

import numpy as np
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

LEVEL = 0.95
KEYS = ("bound_low", "bound_high", "joint_low", "joint_high", "critical")


def critical_value(gap: float, se: float) -> float:
    """Return by how many standard errors an interval must reach beyond two bounds.

    Parameters
    ----------
    gap : float
        Upper bound minus lower bound, not negative.
    se : float
        The larger of the standard errors of the two bounds.

    Returns
    -------
    float
        From 1.96, where the bounds are one point, down to 1.64, where they are far apart and only
        one of them can be missed.

    References
    ----------
    Imbens and Manski (2004), Econometrica 72, 1845-1857.

    Examples
    --------
    >>> [round(critical_value(gap, 0.1), 3) for gap in (0, 0.05, 0.1, 1)]
    [1.96, 1.77, 1.681, 1.645]
    """
    one_sided, two_sided = stats.norm.ppf(LEVEL), stats.norm.ppf((1 + LEVEL) / 2)
    if gap <= 0 or se <= 0:
        return float(one_sided if gap > 0 else two_sided)

    def excess(critical: float) -> float:
        return float(stats.norm.cdf(critical + gap / se) - stats.norm.cdf(-critical) - LEVEL)

    return float(brentq(excess, one_sided - 1e-9, two_sided))


def share_interval(hits: float, n: int, unknown: int = 0) -> dict[str, float]:
    """Return the joint interval of a share of which some values are missing.

    The bounds are shares of the same items, so the lower one never exceeds the upper one, and the
    interval of Imbens and Manski is valid however few values are missing (Stoye, lemma 3). Their
    standard errors are binomial; the limits are the score limits of each bound at the critical
    value, so that the interval is Wilson's where nothing is missing.

    Parameters
    ----------
    hits : float
        Items with the property.
    n : int
        Items whose value is known.
    unknown : int
        Items whose value is not known.

    Returns
    -------
    dict
        ``bound_low``, ``bound_high`` (as in `shares.share`), ``joint_low``, ``joint_high`` (95 %),
        ``critical`` (see `critical_value`), as fractions; all ``nan`` where there is no item.

    Raises
    ------
    ValueError
        If ``hits`` is not between 0 and ``n``.

    References
    ----------
    Imbens and Manski (2004), Econometrica 72, 1845-1857: the critical value.
    Stoye (2009), Econometrica 77, 1299-1315: when it is valid.
    Wilson (1927), Journal of the American Statistical Association 22, 209-212: the limits.

    Examples
    --------
    >>> result = share_interval(22, 46, unknown=47)
    >>> round(result["bound_low"], 3), round(result["bound_high"], 3)
    (0.237, 0.742)
    >>> round(result["joint_low"], 3), round(result["joint_high"], 3)
    (0.172, 0.809)
    """
    low, high, total = _bounds(hits, n, unknown)
    if not total:
        return dict.fromkeys(KEYS, np.nan)
    critical = critical_value(high - low, max(_variance(low, total), _variance(high, total)) ** 0.5)
    alpha = 2 * stats.norm.sf(critical)
    joint_low, _ = proportion_confint(low * total, total, alpha, method="wilson")
    _, joint_high = proportion_confint(high * total, total, alpha, method="wilson")
    return dict(zip(KEYS, (low, high, float(joint_low), float(joint_high), critical), strict=True))


def difference_interval(
    hits: float, n: int, unknown: int, hits2: float, n2: int, unknown2: int
) -> dict[str, float]:
    """Return the joint interval of a difference of two shares of which some values are missing.

    The lower bound has every missing value of the first group a miss and every one of the second a
    hit, the upper one the reverse. The limits are Newcombe's of each bound at the critical value,
    so that the interval is that of `differences.difference` where nothing is missing.

    Parameters
    ----------
    hits, hits2 : float
        Items with the property in the first and in the second group.
    n, n2 : int
        Items whose value is known.
    unknown, unknown2 : int
        Items whose value is not known.

    Returns
    -------
    dict
        As `share_interval` returns it, first minus second; all ``nan`` where a group is empty.

    Raises
    ------
    ValueError
        If hits are not between 0 and the items whose value is known.

    References
    ----------
    Imbens and Manski (2004), Econometrica 72, 1845-1857: the critical value.
    Stoye (2009), Econometrica 77, 1299-1315: when it is valid.
    Newcombe (1998), Statistics in Medicine 17, 873-890: the limits.
    Horowitz and Manski (2000), Journal of the American Statistical Association 95, 77-84: the
    bounds.

    Examples
    --------
    >>> result = difference_interval(22, 46, 47, 38, 55, 18)
    >>> round(result["bound_low"], 3), round(result["bound_high"], 3)
    (-0.531, 0.221)
    >>> round(result["joint_low"], 3), round(result["joint_high"], 3)
    (-0.626, 0.338)
    """
    least, most, total = _bounds(hits, n, unknown)
    least2, most2, total2 = _bounds(hits2, n2, unknown2)
    if not total or not total2:
        return dict.fromkeys(KEYS, np.nan)
    low, high = least - most2, most - least2
    variance = max(
        _variance(least, total) + _variance(most2, total2),
        _variance(most, total) + _variance(least2, total2),
    )
    critical = critical_value(high - low, variance**0.5)
    options = {"compare": "diff", "method": "newcomb", "alpha": 2 * stats.norm.sf(critical)}
    joint_low, _ = confint_proportions_2indep(
        least * total, total, most2 * total2, total2, **options
    )
    _, joint_high = confint_proportions_2indep(
        most * total, total, least2 * total2, total2, **options
    )
    return dict(zip(KEYS, (low, high, float(joint_low), float(joint_high), critical), strict=True))


def _bounds(hits: float, n: int, unknown: int) -> tuple[float, float, int]:
    """Return the least and the greatest share, and of how many items."""
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits among {n} items: hits must lie between 0 and n.")
    total = n + unknown
    return (hits / total, (hits + unknown) / total, total) if total else (np.nan, np.nan, 0)


def _variance(share: float, n: int) -> float:
    """Return the binomial variance of a share."""
    return share * (1 - share) / n
