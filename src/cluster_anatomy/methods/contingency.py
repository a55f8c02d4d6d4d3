"""Tables of counts: independence, association, residuals, agreement of two labellings."""

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from cluster_anatomy.methods.randomness import DRAWS, SEED


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


def agreement(one: pd.Series, other: pd.Series) -> dict[str, float]:
    """Measure how far two labellings agree: Cohen's kappa with a large-sample 95 % interval (Cohen
    1960).

    Parameters
    ----------
    one, other : Series
        Labels of the same firms in the same order.

    Returns
    -------
    dict
        ``n``, ``agree`` (count), ``kappa``, ``low``, ``high`` (``nan`` where kappa is undefined:
        one label only).
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    table = pd.crosstab(one.to_numpy(), other.to_numpy())
    labels = sorted(set(table.index) | set(table.columns))
    table = table.reindex(index=labels, columns=labels, fill_value=0)
    agree, n = int(np.trace(table)), int(table.to_numpy().sum())
    if len(labels) < 2:
        return {"n": n, "agree": agree, "kappa": np.nan, "low": np.nan, "high": np.nan}
    result = cohens_kappa(table.to_numpy())
    low, high = result.kappa - 1.96 * result.std_kappa, result.kappa + 1.96 * result.std_kappa
    return {"n": n, "agree": agree, "kappa": result.kappa, "low": low, "high": min(1.0, high)}


def ratio_interval(hits: int, n: int, hits2: int, n2: int) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of two independent shares by the score method (Koopman
    1984).

    Examples
    --------
    >>> low, high = ratio_interval(36, 40, 16, 80)
    >>> round(low, 2), round(high, 2)
    (2.94, 7.15)
    """
    low, high = confint_proportions_2indep(
        hits, n, hits2, n2, compare="ratio", method="score", correction=False
    )
    return float(low), float(high)
