"""Poisson models of counts with robust errors."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

ESTIMATES = ["estimate", "se", "low", "high", "p", "dispersion"]


def count_model(
    table: pd.DataFrame,
    terms: Sequence[str],
    within: bool = False,
    *,
    outcome: str = "events",
    unit: str = "unit",
    period: str = "period",
) -> pd.DataFrame:
    """Fit a Poisson model of counts with effects of periods, and two kinds of robust error.

    Periods in which no unit had an event are left out: their effect takes them up entirely. The
    interval with errors clustered by unit uses t with units minus one degrees of freedom; it is
    blank where there are not at least two units more than terms. Even then, below some twenty
    units such errors tend to be too small.

    Parameters
    ----------
    table : DataFrame
        One row per unit and period.
    terms : sequence of str
        Columns that explain the count.
    within : bool
        Whether units have effects of their own: a coefficient then speaks of change inside a unit
        (and is pulled down where a term sums up earlier outcomes; Nickell 1981).
    outcome, unit, period : str
        Columns of the count, of the unit and of the period.

    Returns
    -------
    DataFrame
        ``term``, ``errors`` (``cluster``: clustered by unit; ``HC1``), ``estimate`` (log of the
        rate ratio), ``se``, ``low``, ``high`` (95 % interval), ``p`` (two-sided), ``dispersion``
        (Pearson chi-square over degrees of freedom), ``n`` (rows), ``events`` (sum of the counts),
        ``units``; estimates are ``nan`` where the terms cannot be told apart.

    References
    ----------
    Cameron and Miller (2015), Journal of Human Resources 50, 317-372: errors clustered by unit.
    MacKinnon and White (1985), Journal of Econometrics 29, 305-325: HC1.
    Nickell (1981), Econometrica 49, 1417-1426.

    Examples
    --------
    Twice the rate where the dose is one:

    >>> table = pd.DataFrame({"unit": list("abcd"), "period": 1, "events": [1, 3, 3, 5]})
    >>> fitted = count_model(table.assign(dose=[0, 0, 1, 1]), ["dose"])
    >>> fitted[["term", "errors", "estimate", "n", "events", "units"]].round(3)
       term   errors  estimate  n  events  units
    0  dose  cluster     0.693  4      12      4
    1  dose      HC1     0.693  4      12      4
    """
    kept = table[table.groupby(period)[outcome].transform("sum") > 0]
    if within:
        kept = kept[kept.groupby(unit)[outcome].transform("sum") > 0]
    effects = [pd.get_dummies(kept[period], prefix=period, dtype=float)]
    if within:
        effects.append(pd.get_dummies(kept[unit], prefix=unit, drop_first=True, dtype=float))
    design = pd.concat([kept[list(terms)].astype(float), *effects], axis=1)
    size = {"n": len(kept), "events": int(kept[outcome].sum()), "units": kept[unit].nunique()}
    estimable = _estimable(design, size["units"])
    rows = []
    for errors in ("cluster", "HC1"):
        if estimable:
            fits = _fitted(kept[outcome], design, terms, errors, kept[unit])
        else:
            fits = [{"term": term, **dict.fromkeys(ESTIMATES, np.nan)} for term in terms]
        rows += [{"term": fit["term"], "errors": errors, **fit, **size} for fit in fits]
    return pd.DataFrame(rows)


def _estimable(design: pd.DataFrame, units: int) -> bool:
    """Say whether there is enough to estimate all columns of a design."""
    rows, columns = design.shape
    return rows > columns and units > 1 and int(np.linalg.matrix_rank(design)) == columns


def _fitted(
    counts: pd.Series, design: pd.DataFrame, terms: Sequence[str], errors: str, units: pd.Series
) -> list[dict[str, object]]:
    """Fit the model with one kind of error: one row per term."""
    clustered, size = errors == "cluster", units.nunique()
    options = {"groups": pd.factorize(units)[0]} if clustered else {}
    model = sm.GLM(counts.astype(float), design, family=sm.families.Poisson())
    fit = model.fit(cov_type=errors, cov_kwds=options)
    enough = not clustered or size >= len(terms) + 2
    law = stats.t(size - 1) if clustered else stats.norm
    # statsmodels' HC1 of a GLM lacks the factor n / (n - k) that makes it HC1
    factor = 1.0 if clustered else np.sqrt(len(counts) / fit.df_resid)
    rows = []
    for term in terms:
        estimate, se = fit.params[term], factor * fit.bse[term] if enough else np.nan
        reach = law.ppf(0.975) * se
        p = 2 * law.sf(abs(estimate / se)) if enough else np.nan
        numbers = [estimate, se, estimate - reach, estimate + reach, p]
        dispersion = fit.pearson_chi2 / fit.df_resid
        rows.append({"term": term, **dict(zip(ESTIMATES, [*numbers, dispersion], strict=True))})
    return rows


def rate_ratio(row: pd.Series) -> dict[str, float]:
    """Return a coefficient as the ratio of rates per unit of its term.

    Parameters
    ----------
    row : Series
        A row of `count_model`: ``estimate``, ``low``, ``high``, ``n``.

    Returns
    -------
    dict
        ``value`` (1 is no effect), ``low``, ``high`` (95 % interval), ``n``.

    References
    ----------
    Cameron and Trivedi (2013), Regression Analysis of Count Data, section 3.5.

    Examples
    --------
    >>> row = pd.Series({"estimate": np.log(2), "low": 0.0, "high": np.log(4), "n": 40})
    >>> {name: round(value, 6) for name, value in rate_ratio(row).items()}
    {'value': 2.0, 'low': 1.0, 'high': 4.0, 'n': 40}
    """
    low, high = (float(np.exp(row[key])) for key in ("low", "high"))
    return {"value": float(np.exp(row["estimate"])), "low": low, "high": high, "n": int(row["n"])}
