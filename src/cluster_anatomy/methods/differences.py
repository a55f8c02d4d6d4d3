"""Differences of two shares: interval, test, power, and families of such tests."""

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep


def difference(hits: float, n: int, hits2: float, n2: int) -> dict[str, float]:
    """Estimate the difference of two independent shares, first minus second.

    Parameters
    ----------
    hits, hits2 : float
        Items with the property in the first and in the second group.
    n, n2 : int
        Items of the first and of the second group.

    Returns
    -------
    dict
        ``value``, ``low``, ``high`` (95 % interval: hybrid score, method 10), as fractions, ``n``
        and ``n2``; the first three are ``nan`` where a group is empty.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890.

    Examples
    --------
    >>> result = difference(56, 70, 48, 80)
    >>> round(result["value"], 4), round(result["low"], 4), round(result["high"], 4)
    (0.2, 0.0524, 0.3339)
    """
    if not n or not n2:
        return {"value": np.nan, "low": np.nan, "high": np.nan, "n": n, "n2": n2}
    low, high = confint_proportions_2indep(hits, n, hits2, n2, compare="diff", method="newcomb")
    value = hits / n - hits2 / n2
    return {"value": value, "low": float(low), "high": float(high), "n": n, "n2": n2}


def against_published(hits: float, n: int, published: float) -> dict[str, float]:
    """Set a share against a published one that comes without its n: exact binomial test.

    Parameters
    ----------
    hits : float
        Items with the property; for the test rounded to a whole number.
    n : int
        Items whose value is known.
    published : float
        The share to compare with, taken as free of error.

    Returns
    -------
    dict
        ``value`` (own share minus the published one), ``p`` (two-sided), ``n``; the first two are
        ``nan`` where n is 0.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26, 404-413: the exact binomial law of a count.

    Examples
    --------
    >>> round(against_published(9, 10, 0.5)["p"], 4)
    0.0215
    """
    if not n:
        return {"value": np.nan, "p": np.nan, "n": 0}
    p = float(stats.binomtest(round(hits), n, published).pvalue)
    return {"value": hits / n - published, "p": p, "n": n}


def difference_test(hits: int, n: int, hits2: int, n2: int) -> dict[str, float]:
    """Estimate the difference of two independent shares and test it: Fisher's exact test.

    Parameters
    ----------
    hits, hits2 : int
        Items with the property in the first and in the second group.
    n, n2 : int
        Items of the first and of the second group.

    Returns
    -------
    dict
        ``value``, ``low``, ``high`` as in `difference`, and ``p`` (two-sided); ``nan`` where a
        group is empty.

    References
    ----------
    Fisher (1935), The Design of Experiments, chapter 2.

    Examples
    --------
    Three of four cups told right, and one of four told wrong: the lady tasting tea.

    >>> round(difference_test(3, 4, 1, 4)["p"], 4)
    0.4857
    """
    result = difference(hits, n, hits2, n2)
    cells = [[hits, n - hits], [hits2, n2 - hits2]]
    p = float(stats.fisher_exact(cells).pvalue) if n and n2 else np.nan
    return {"value": result["value"], "low": result["low"], "high": result["high"], "p": p}


def fisher_power(n: int, value: float, n2: int, value2: float, alpha: float = 0.05) -> float:
    """Return the probability that Fisher's exact test tells two true shares apart.

    All tables that the two binomial laws can give are tried.

    Parameters
    ----------
    n, n2 : int
        Sizes of the two groups.
    value, value2 : float
        True shares.
    alpha : float
        Level of the two-sided test.

    Returns
    -------
    float
        Power, 0 to 1.

    References
    ----------
    Bennett and Hsu (1960), Biometrika 47, 393-398.

    Examples
    --------
    >>> round(fisher_power(20, 0.5, 20, 0.9), 2)
    0.74
    """
    chance = np.outer(
        stats.binom.pmf(range(n + 1), n, value), stats.binom.pmf(range(n2 + 1), n2, value2)
    )
    p = [
        [stats.fisher_exact([[x, n - x], [y, n2 - y]]).pvalue for y in range(n2 + 1)]
        for x in range(n + 1)
    ]
    return float(chance[np.array(p) <= alpha].sum())


def fisher_attainable(
    hits: int, n: int, hits2: int, n2: int, alpha: float = 0.05
) -> dict[str, float]:
    """Return the smallest p that Fisher's exact test can reach with these margins.

    Where it is above the level, no way to spread the hits over the two groups could have told them
    apart: the comparison is undecidable, and its p says nothing for equality.

    Parameters
    ----------
    hits, hits2 : int
        Items with the property in the first and in the second group; only their sum counts.
    n, n2 : int
        Items of the first and of the second group.
    alpha : float
        Level of the two-sided test.

    Returns
    -------
    dict
        ``p`` (the smallest), ``tables`` (how many there are with these margins), ``size`` (chance
        that p is at most ``alpha`` if the true shares are equal), ``undecidable`` (whether no table
        reaches ``alpha``); ``p`` and ``size`` are ``nan`` where a group is empty.

    References
    ----------
    Tarone (1990), Biometrics 46, 515-522.

    Examples
    --------
    The lady who tastes four cups of each kind can prove herself only with no mistake at all; with
    three of each, not even then.

    >>> result = fisher_attainable(3, 4, 1, 4)
    >>> round(result["p"], 4), result["undecidable"]
    (0.0286, False)
    >>> fisher_attainable(2, 3, 1, 3)["undecidable"]
    True
    """
    total = hits + hits2
    splits = range(max(0, total - n2), min(n, total) + 1)
    if not n or not n2:
        return {"p": np.nan, "tables": len(splits), "size": np.nan, "undecidable": True}
    p = np.array(
        [stats.fisher_exact([[x, n - x], [total - x, n2 - total + x]]).pvalue for x in splits]
    )
    chance = stats.hypergeom.pmf(list(splits), n + n2, total, n)
    return {
        "p": float(p.min()),
        "tables": len(splits),
        "size": float(chance[p <= alpha].sum()),
        "undecidable": bool(p.min() > alpha),
    }


def holm(p: pd.Series) -> pd.Series:
    """Adjust the p-values of a family of tests, so that one false alarm in all is as rare as alpha.

    Parameters
    ----------
    p : Series
        One p-value per test; undefined ones (``nan``) are no members of the family.

    Returns
    -------
    Series
        Adjusted p-values, ``nan`` where ``p`` is.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    Examples
    --------
    >>> holm(pd.Series([0.01, 0.04, 0.03, 0.005])).round(2).tolist()
    [0.03, 0.06, 0.06, 0.02]
    """
    defined = p.notna()
    adjusted = pd.Series(np.nan, index=p.index, name=p.name, dtype=float)
    if defined.any():
        adjusted[defined] = multipletests(p[defined], method="holm")[1]
    return adjusted


def difference_tests(table: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """Test a family of differences of two shares, and adjust for their number.

    Parameters
    ----------
    table : DataFrame
        One row per difference, with ``hits``, ``n``, ``hits2``, ``n2`` (as in `difference_test`).
    alpha : float
        Level of the family.

    Returns
    -------
    DataFrame
        The table with ``value``, ``low``, ``high``, ``p`` (Fisher's), ``p_holm`` (adjusted, see
        `holm`), ``p_least`` and ``undecidable`` (see `fisher_attainable`; undecidable differences
        stay members of the family); numbers are ``nan`` where a group is empty.

    References
    ----------
    Fisher (1935), The Design of Experiments, chapter 2.
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    Examples
    --------
    >>> table = pd.DataFrame({"hits": [9, 3], "n": 10, "hits2": [2, 4], "n2": 10})
    >>> difference_tests(table)[["value", "p", "p_holm", "p_least"]].round(4)
       value       p  p_holm  p_least
    0    0.7  0.0055   0.011   0.0001
    1   -0.1  1.0000   1.000   0.0031
    """
    rows = []
    for hits, n, hits2, n2 in table[["hits", "n", "hits2", "n2"]].astype(int).to_numpy():
        least = fisher_attainable(hits, n, hits2, n2, alpha)
        floor = {"p_least": least["p"], "undecidable": least["undecidable"]}
        rows.append(difference_test(hits, n, hits2, n2) | floor)
    columns = ["value", "low", "high", "p", "p_least", "undecidable"]
    tested = pd.DataFrame(rows, columns=columns, index=table.index)
    return table.assign(**tested, p_holm=holm(tested["p"]))
