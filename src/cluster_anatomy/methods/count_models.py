"""Poisson models of counts with robust errors."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats


def count_model(table: pd.DataFrame, terms: list[str], within: bool = False) -> pd.DataFrame:
    """Fit a Poisson model of entries on stocks with year effects, with two kinds of robust error.

    Years in which no cluster had an entry are left out: their effect takes them up entirely. The
    interval with errors by cluster uses t with clusters minus one degrees of freedom (Cameron and
    Miller 2015); it is blank where there are not at least two clusters more than terms. Even then,
    below some twenty clusters such errors tend to be too small.

    Parameters
    ----------
    table : DataFrame
        From `panel`.
    terms : list of str
        Columns of stocks.
    within : bool
        Whether clusters have effects of their own: the coefficient then speaks of change inside a
        cluster (and is pulled down, because a stock is the sum of earlier outcomes; Nickell 1981).

    Returns
    -------
    DataFrame
        ``term``, ``errors`` (``cluster``, ``HC1``), ``estimate``, ``se``, ``low``, ``high``, ``p``,
        ``n``, ``entries``, ``clusters``, ``dispersion`` (Pearson chi-square over degrees of
        freedom).
    """
    alive = table[table.groupby("year")["entries"].transform("sum") > 0]
    if within:
        alive = alive[alive.groupby("cluster")["entries"].transform("sum") > 0]
    clusters, n = alive["cluster"].nunique(), len(alive)
    effects = [pd.get_dummies(alive["year"], prefix="year", dtype=float)]
    if within:
        effects.append(pd.get_dummies(alive["cluster"], drop_first=True, dtype=float))
    design = pd.concat([alive[terms].astype(float), *effects], axis=1)
    numbers = {"n": n, "entries": int(alive["entries"].sum()), "clusters": clusters}
    rows = []
    possible = (
        n > design.shape[1] and clusters > 1 and np.linalg.matrix_rank(design) == design.shape[1]
    )
    for errors in ("cluster", "HC1"):
        if not possible:
            blank = dict.fromkeys(["estimate", "se", "low", "high", "p", "dispersion"], np.nan)
            rows += [{"term": term, "errors": errors, **blank, **numbers} for term in terms]
            continue
        options = {"groups": pd.factorize(alive["cluster"])[0]} if errors == "cluster" else {}
        model = sm.GLM(alive["entries"].astype(float), design, family=sm.families.Poisson())
        fit = model.fit(cov_type=errors, cov_kwds=options)
        spread = fit.pearson_chi2 / fit.df_resid
        enough = errors == "HC1" or clusters >= len(terms) + 2
        law = stats.norm if errors == "HC1" else stats.t(clusters - 1)
        # statsmodels' HC1 of a GLM leaves the factor n / (n - k) out that makes it HC1 (MacKinnon
        # and White 1985)
        factor = np.sqrt(n / fit.df_resid) if errors == "HC1" else 1.0
        for term in terms:
            estimate, se = fit.params[term], factor * fit.bse[term] if enough else np.nan
            reach = law.ppf(0.975) * se
            rows.append(
                {
                    "term": term,
                    "errors": errors,
                    "estimate": estimate,
                    "se": se,
                    "low": estimate - reach,
                    "high": estimate + reach,
                    "p": 2 * law.sf(abs(estimate / se)) if enough else np.nan,
                    "dispersion": spread,
                    **numbers,
                }
            )
    return pd.DataFrame(rows)


def rate_ratio(row: pd.Series) -> dict[str, float]:
    """Return a coefficient as a rate ratio per earlier entry, with its interval and n."""
    low, high = (float(np.exp(row[key])) for key in ("low", "high"))
    return {"value": float(np.exp(row["estimate"])), "low": low, "high": high, "n": int(row["n"])}
