"""Conditional logit models of choices, and of which place gets the next unit.

Units that come one after another to places that differ in size make a place with many earlier
units look attractive, whatever the order: large places have large stocks. The observed coefficient
is therefore set against those of the same units with their years permuted.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from cluster_anatomy.methods.permutation import against_null
from cluster_anatomy.methods.randomness import SEED

Numbers = NDArray[np.float64]
STEPS = 50
"""Steps of Newton's method at most."""
FLAT = 1e-8
"""Part of the curvature at the start below which a likelihood is flat: it has no maximum."""
YEAR_DRAWS = 1_000
"""Permutations of the years."""


class Fit(NamedTuple):
    """Estimates and standard errors of the terms, and the log likelihood."""

    estimate: Numbers
    se: Numbers
    log_likelihood: float


def conditional_logit(counts: Numbers, design: Numbers) -> Fit:
    """Fit a conditional logit: what makes an alternative more likely to be chosen?

    Parameters
    ----------
    counts : ndarray
        How often each alternative was chosen: one row per choice (or per set of choices with the
        same design), one column per alternative.
    design : ndarray
        What is known of the alternatives: choices by alternatives by terms.

    Returns
    -------
    Fit
        ``estimate`` (log odds ratio per unit of the term) and ``se``, one per term, and
        ``log_likelihood``; all ``nan`` where terms cannot be told apart or the likelihood has no
        maximum.

    References
    ----------
    McFadden (1974), Conditional logit analysis of qualitative choice behavior, in: Zarembka (ed.),
    Frontiers in Econometrics, 105-142.

    Examples
    --------
    Of forty choices between two alternatives thirty are the one with the feature:

    >>> fit = conditional_logit(np.array([[30.0, 10.0]]), np.array([[[1.0], [0.0]]]))
    >>> np.exp(fit.estimate).round(6), fit.se.round(4)
    (array([3.]), array([0.3651]))
    """
    terms = design.shape[2]
    undefined = Fit(np.full(terms, np.nan), np.full(terms, np.nan), np.nan)
    if not counts.size:
        return undefined
    total, estimate = counts.sum(axis=1, keepdims=True), np.zeros(terms)
    likelihood, chance = _likelihood(counts, design, estimate)
    first = None
    for _ in range(STEPS):
        centred = design - np.einsum("sj,sjk->sk", chance, design)[:, None, :]
        flat = centred.reshape(-1, terms)
        information = (flat * (total * chance).reshape(-1, 1)).T @ flat
        if np.linalg.matrix_rank(information) < terms:
            return undefined
        first = information if first is None else first
        step = np.linalg.solve(information, flat.T @ counts.reshape(-1))
        new, chance = _likelihood(counts, design, estimate + step)
        while new < likelihood - 1e-9:
            step /= 2
            new, chance = _likelihood(counts, design, estimate + step)
        estimate, likelihood = estimate + step, new
        if (np.abs(step) <= 1e-9 * (1 + np.abs(estimate))).all():
            # where the likelihood has no maximum, its curvature dies away on the way to infinity
            left = np.linalg.eigvals(np.linalg.solve(first, information)).real.min()
            se = np.sqrt(np.diag(np.linalg.inv(information)))
            return Fit(estimate, se, likelihood) if left > FLAT else undefined
    return undefined


def _likelihood(counts: Numbers, design: Numbers, estimate: Numbers) -> tuple[float, Numbers]:
    """Return the log likelihood, and the chance of each alternative to be chosen."""
    utility = design @ estimate
    utility -= utility.max(axis=1, keepdims=True)
    utility -= np.log(np.exp(utility).sum(axis=1, keepdims=True))
    return float((counts * utility).sum()), np.exp(utility)


def next_place_model(
    table: pd.DataFrame,
    first_year: int,
    last_year: int,
    kinds: Sequence[Hashable] = (),
    *,
    place_effects: bool = False,
    smallest: int = 5,
    width: int = 1,
    draws: int = YEAR_DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Ask whether a place with more earlier units is more likely to get the next one.

    Each unit chooses among the places at risk: those with at least ``smallest`` dated units up to
    ``last_year``. Terms are the stocks of units of earlier years, of each kind or of all. The
    likelihood is that of a Poisson model of counts with effects of years. The null permutes the
    years among the units at risk; place and kind stay with the unit.

    Parameters
    ----------
    table : DataFrame
        One row per unit, with ``place``, ``year`` and, if ``kinds`` are given, ``kind``; units
        without a place or a year are left out.
    first_year, last_year : int
        First and last year in which a unit chooses; earlier units are in the stocks only.
    kinds : sequence
        Kinds whose stocks are terms of their own; none: one term, ``stock``, of all units.
    place_effects : bool
        Whether places have effects of their own. A coefficient is then pulled down, and so is its
        null.
    smallest : int
        Dated units from which a place is at risk.
    width : int
        Years that make a period; the stock is that of the period's beginning.
    draws, seed : int
        Permutations of the years and their seed.

    Returns
    -------
    DataFrame
        One row per term: ``term``, ``estimate`` (log odds ratio per earlier unit), ``se``,
        ``value`` (odds ratio), ``low``, ``high`` (95 %, Wald); ``null_mean``, ``null_low``,
        ``null_high`` (mean and 95 % range of the odds ratio under the null), ``p`` (two-sided),
        ``n`` (units that choose), ``places`` (at risk), ``draws``, ``undefined`` (draws without an
        estimate), ``seed``. Undefined numbers are ``nan``.

    References
    ----------
    McFadden (1974), in: Zarembka (ed.), Frontiers in Econometrics, 105-142: the model.
    Guimarães, Figueiredo and Woodward (2003), Review of Economics and Statistics 85, 201-204: that
    it has the likelihood of a Poisson model.
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9 (1), 39:
    the p of a permutation test.

    Examples
    --------
    A place with more units gets more, whatever their order:

    >>> table = pd.DataFrame({"place": list("aaaaabbaaa"), "year": range(2000, 2010)})
    >>> model = next_place_model(table, 2001, 2009, smallest=2, draws=99)
    >>> model[["term", "value", "null_mean", "n", "places"]].round(2)
        term  value  null_mean  n  places
    0  stock   1.26       1.39  9       2
    """
    if last_year < first_year:
        raise ValueError(f"There are no years from {first_year} to {last_year}.")
    units = _at_risk(table, last_year, smallest)
    names: list[Hashable] = list(kinds) or ["stock"]
    places, place = np.unique(units["place"].astype(str), return_inverse=True)
    kind = pd.Index(kinds).get_indexer(units["kind"]) if len(kinds) else np.zeros(len(units), int)
    period = (units["year"].to_numpy(int) - first_year) // width
    shape = ((last_year - first_year) // width + 1, len(places), len(names))

    def fitted(periods: NDArray[np.int64]) -> Fit:
        counts, stocks = _stocks(periods, place, kind, shape)
        return conditional_logit(*_with_place_effects(counts, stocks, place_effects))

    observed, rng = fitted(period), np.random.default_rng(seed)
    drawn = [fitted(rng.permutation(period)).estimate[: len(names)] for _ in range(draws)]
    null = np.reshape(drawn, (draws, len(names)))
    rows = []
    for number, name in enumerate(names):
        estimate, se = observed.estimate[number], observed.se[number]
        reach = stats.norm.ppf(0.975) * se
        ratios = np.exp(null[:, number]).round(9)  # ties that rounding breaks are ties
        rows.append(
            {"term": name, "estimate": estimate, "se": se, "value": np.exp(estimate)}
            | {"low": np.exp(estimate - reach), "high": np.exp(estimate + reach)}
            | against_null(ratios, float(np.exp(estimate).round(9)))
            | {"n": int((period >= 0).sum()), "places": len(places), "draws": draws}
            | {"undefined": int(np.isnan(ratios).sum()), "seed": seed}
        )
    return pd.DataFrame(rows)


def _at_risk(table: pd.DataFrame, last_year: int, smallest: int) -> pd.DataFrame:
    """Return the dated units, up to the last year, of places that have enough of them."""
    dated = table.dropna(subset=["place", "year"])
    dated = dated[dated["year"] <= last_year]
    return dated[dated.groupby("place")["place"].transform("size") >= smallest]


def _stocks(
    period: NDArray[np.int64],
    place: NDArray[np.int64],
    kind: NDArray[np.int64],
    shape: tuple[int, int, int],
) -> tuple[Numbers, Numbers]:
    """Count units by period and place, and those of earlier periods by kind as well."""
    periods, places, kinds = shape
    row = np.maximum(period, -1) + 1
    arrivals = np.zeros((periods + 1, places, kinds + 1))
    np.add.at(arrivals, (row, place, kind), 1)  # kinds that are no term fall into the last, -1
    stocks = arrivals.cumsum(axis=0)[:-1, :, :kinds]
    return arrivals[1:].sum(axis=2), stocks


def _with_place_effects(
    counts: Numbers, design: Numbers, place_effects: bool
) -> tuple[Numbers, Numbers]:
    """Leave out periods that no unit chose in, and add effects of places.

    A place that no unit chose has no effect to be estimated and leaves the choice.
    """
    counts, design = counts[counts.any(axis=1)], design[counts.any(axis=1)]
    if not place_effects:
        return counts, design
    chosen = counts.any(axis=0)
    counts, design = counts[:, chosen], design[:, chosen]
    effects = np.eye(int(chosen.sum()))[:, 1:]
    repeated = np.broadcast_to(effects, (len(counts), *effects.shape))
    return counts, np.concatenate([design, repeated], axis=2)
