"""Tables of counts: independence, association, residuals, agreement of two labellings."""

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    score_test_proportions_2indep,
)

from cluster_anatomy.methods.randomness import DRAWS, SEED


def independence(table: pd.DataFrame, draws: int = DRAWS, seed: int = SEED) -> dict[str, float]:
    """Test whether rows and columns of a table of counts are independent.

    A 2 x 2 table gets Fisher's exact test; a larger one the test of Freeman and Halton by Monte
    Carlo. Empty rows and columns are left out.

    Parameters
    ----------
    table : DataFrame
        Counts.
    draws : int
        Random tables with the same margins.
    seed : int
        Seed of the random generator.

    Returns
    -------
    dict
        ``p``, ``n``, ``draws`` (0 for an exact test), ``seed``, ``cramers_v`` (see `cramers_v`);
        ``p`` and ``cramers_v`` are ``nan`` if fewer than two rows or columns are left.

    References
    ----------
    Fisher (1935), The Design of Experiments, chapter 2.
    Freeman and Halton (1951), Biometrika 38, 141-149.

    Examples
    --------
    >>> round(independence(pd.DataFrame([[3, 1], [1, 3]]))["p"], 4)
    0.4857
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
    """Measure association of a table of counts: Cramér's V, corrected for bias.

    Parameters
    ----------
    table : DataFrame
        Counts, without an empty row or column.

    Returns
    -------
    float
        0 (none) to 1; ``nan`` where the table is too small for the correction.

    References
    ----------
    Bergsma (2013), Journal of the Korean Statistical Society 42, 323-328.

    Examples
    --------
    >>> round(cramers_v(pd.DataFrame([[20, 5], [10, 15]])), 3)
    0.386
    """
    n, (rows, columns) = table.to_numpy().sum(), table.shape
    phi = stats.chi2_contingency(table, correction=False).statistic / n
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(phi / least)) if least > 0 else np.nan


def residuals(table: pd.DataFrame) -> pd.DataFrame:
    """Return adjusted standardised residuals of a table of counts: beyond 2 a cell stands out.

    Parameters
    ----------
    table : DataFrame
        Counts.

    Returns
    -------
    DataFrame
        Same shape, in standard deviations of the cell if rows and columns are independent; ``nan``
        where a row or column is empty or holds everything.

    References
    ----------
    Haberman (1973), Biometrics 29, 205-220.

    Examples
    --------
    >>> residuals(pd.DataFrame([[20, 5], [10, 15]])).round(2)
          0     1
    0  2.89 -2.89
    1 -2.89  2.89
    """
    expected = stats.contingency.expected_freq(table)
    n = table.to_numpy().sum()
    rows = table.sum(axis=1).to_numpy()[:, None] / n
    columns = table.sum(axis=0).to_numpy()[None, :] / n
    with np.errstate(divide="ignore", invalid="ignore"):
        return (table - expected) / np.sqrt(expected * (1 - rows) * (1 - columns))


def agreement(first: pd.Series, second: pd.Series) -> dict[str, float]:
    """Measure how far two labellings agree: Cohen's kappa with a large-sample interval.

    Parameters
    ----------
    first, second : Series
        Labels of the same items in the same order.

    Returns
    -------
    dict
        ``n``, ``agree`` (items labelled alike), ``kappa`` (1 where all agree, 0 where as many as by
        chance), ``low``, ``high`` (95 % interval, at most 1); the last three are ``nan`` where
        there is one label only.

    References
    ----------
    Cohen (1960), Educational and Psychological Measurement 20, 37-46: kappa.
    Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72, 323-327: its standard error.

    Examples
    --------
    >>> first = pd.Series(["yes"] * 25 + ["no"] * 25)
    >>> second = pd.Series(["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15)
    >>> result = agreement(first, second)
    >>> result["agree"], round(float(result["kappa"]), 3)
    (35, 0.4)
    """
    table = pd.crosstab(first.to_numpy(), second.to_numpy())
    labels = sorted(set(table.index) | set(table.columns))
    table = table.reindex(index=labels, columns=labels, fill_value=0)
    agree, n = int(np.trace(table)), int(table.to_numpy().sum())
    if len(labels) < 2:
        return {"n": n, "agree": agree, "kappa": np.nan, "low": np.nan, "high": np.nan}
    result = cohens_kappa(table.to_numpy())
    low, high = result.kappa - 1.96 * result.std_kappa, result.kappa + 1.96 * result.std_kappa
    return {"n": n, "agree": agree, "kappa": result.kappa, "low": low, "high": min(1.0, high)}


def ratio_interval(hits: int, n: int, hits2: int, n2: int) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of two independent shares by the score method.

    Parameters
    ----------
    hits, hits2 : int
        Items with the property in the first and in the second group, at least one each.
    n, n2 : int
        Items of the first and of the second group.

    Returns
    -------
    low, high : float
        Limits of the first share over the second.

    References
    ----------
    Koopman (1984), Biometrics 40, 513-517.

    Examples
    --------
    >>> low, high = ratio_interval(36, 40, 16, 80)
    >>> round(low, 2), round(high, 2)
    (2.94, 7.15)
    """
    if hits == n or hits2 == n2:
        return _inverted(hits, n, hits2, n2)
    low, high = confint_proportions_2indep(
        hits, n, hits2, n2, compare="ratio", method="score", correction=False
    )
    return float(low), float(high)


def _inverted(hits: int, n: int, hits2: int, n2: int) -> tuple[float, float]:
    """Return the ratios that the score test does not reject.

    The closed formula of statsmodels takes the estimate for its own limit if one share is whole.
    """
    estimate = np.log(hits / n / (hits2 / n2))

    def excess(log_ratio: float) -> float:
        with np.errstate(invalid="ignore"):
            z, _ = score_test_proportions_2indep(
                hits,
                n,
                hits2,
                n2,
                np.exp(log_ratio),
                "ratio",
                correction=False,
                return_results=False,
            )
        # so near the estimate that rounding leaves z undefined, it is 0
        return float(abs(np.nan_to_num(z)) - stats.norm.ppf(0.975))

    low, high = brentq(excess, estimate - 20, estimate), brentq(excess, estimate, estimate + 20)
    return float(np.exp(low)), float(np.exp(high))
