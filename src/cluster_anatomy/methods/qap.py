"""Logit models of ties between pairs of nodes, tested by permuting the nodes.

Pairs that share a node are not independent, so that the standard errors of the model are too small.
The quadratic assignment procedure (QAP) permutes the nodes of a predictor as a whole and keeps who
is tied to whom.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from cluster_anatomy.methods.choice_models import Fit, conditional_logit
from cluster_anatomy.methods.distance import kilometres
from cluster_anatomy.methods.permutation import against_null
from cluster_anatomy.methods.randomness import SEED

Numbers = NDArray[np.float64]
NODE_DRAWS = 999
"""Permutations of the nodes."""
BLOCK = 20
"""Permutations that are computed at once."""


def alike(labels: pd.Series) -> Numbers:
    """Say of each pair of nodes whether they have the same label.

    Parameters
    ----------
    labels : Series
        Label of each node.

    Returns
    -------
    ndarray
        Square: 1 for the same label, else 0; ``nan`` in rows and columns of a missing one.

    References
    ----------
    Krackhardt (1988), Social Networks 10, 359-381: attributes of nodes as attributes of pairs.

    Examples
    --------
    >>> alike(pd.Series(["x", "y", "x"]))
    array([[1., 0., 1.],
           [0., 1., 0.],
           [1., 0., 1.]])
    """
    codes = pd.factorize(labels)[0]
    square = (codes[:, None] == codes).astype(float)
    square[codes < 0], square[:, codes < 0] = np.nan, np.nan
    return np.asarray(square)


def log_distances(latitude: pd.Series, longitude: pd.Series) -> Numbers:
    """Return the logarithm of one plus the kilometres between each pair of nodes.

    Parameters
    ----------
    latitude, longitude : Series
        Degrees of each node.

    Returns
    -------
    ndarray
        Square: 0 for the same spot; ``nan`` in rows and columns of missing degrees.

    References
    ----------
    Isard (1954), Quarterly Journal of Economics 68, 305-320: ties that fall with distance, as in
    gravity.

    Examples
    --------
    Berlin and Paris:

    >>> log_distances(pd.Series([52.5244, 48.8534]), pd.Series([13.4105, 2.3488])).round(2)
    array([[0.  , 6.78],
           [6.78, 0.  ]])
    """
    north, east = latitude.to_numpy(float), longitude.to_numpy(float)
    return np.asarray(np.log1p(kilometres(north[:, None], east[:, None], north, east)))


def tie_model(
    ties: NDArray[np.bool_],
    predictors: Mapping[str, Numbers],
    draws: int = NODE_DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Fit a logit model of ties, and test each predictor with the others held.

    Double semi-partialling: what the other predictors do not explain of one predictor is permuted
    over the nodes, all else stays. The statistic is that of the score test, which needs no new fit
    in a draw and exists even where an odds ratio is zero or infinite.

    Parameters
    ----------
    ties : ndarray of bool
        Square and symmetric: whether two nodes are tied (``networkx.to_numpy_array``). The diagonal
        does not count.
    predictors : mapping
        Square and symmetric array of each predictor by its name (see `alike`, `log_distances`).
    draws : int
        Permutations of the nodes.
    seed : int
        Seed of the random generator.

    Returns
    -------
    DataFrame
        One row per predictor: ``term``, ``estimate`` (log odds ratio), ``value`` (odds ratio per
        unit), ``low``, ``high`` (95 %, Wald, as if pairs were independent), ``z`` (score
        statistic), ``null_mean``, ``null_low``, ``null_high`` (of z; 2.5 and 97.5 percentiles),
        ``p`` (two-sided, by permutation), ``n`` (pairs), ``ties``, ``nodes``, ``draws``, ``seed``.
        Estimates are ``nan`` where the likelihood has no maximum; so is z where what is left
        without the predictor has none, or where the others explain the predictor.

    Raises
    ------
    ValueError
        If an array has another shape, is not symmetric, or misses values: leave such nodes out.

    References
    ----------
    Krackhardt (1988), Social Networks 10, 359-381.
    Dekker, Krackhardt and Snijders (2007), Psychometrika 72, 563-581: double semi-partialling.

    Examples
    --------
    Two triangles of different kind, tied once:

    >>> kind = alike(pd.Series(list("xxxyyy")))
    >>> ties = kind.astype(bool)
    >>> ties[0, 3] = ties[3, 0] = True
    >>> ties[1, 2] = ties[2, 1] = False
    >>> tie_model(ties, {"kind": kind}, draws=199)[["term", "value", "z", "n", "ties"]].round(2)
       term  value    z   n  ties
    0  kind   40.0  2.8  15     6
    """
    _check(ties, predictors)
    rows, columns = np.triu_indices(len(ties), 1)
    tied = np.asarray(ties)[rows, columns].astype(float)
    design = np.column_stack(
        [np.ones(len(rows)), *(square[rows, columns] for square in predictors.values())]
    )
    fit, rng = _logit(tied, design), np.random.default_rng(seed)
    orders = [np.arange(len(ties)), *(rng.permutation(len(ties)) for _ in range(draws))]
    size = {"n": len(rows), "ties": int(tied.sum()), "nodes": len(ties)}
    table = []
    for number, term in enumerate(predictors, 1):
        estimate, reach = fit.estimate[number], stats.norm.ppf(0.975) * fit.se[number]
        ratios = {"value": estimate, "low": estimate - reach, "high": estimate + reach}
        z = _scores(tied, design, number, orders)
        table.append(
            {"term": term, "estimate": estimate}
            | {name: float(np.exp(logarithm)) for name, logarithm in ratios.items()}
            | {"z": z[0], **against_null(z[1:], float(z[0])), **size}
        )
    return pd.DataFrame(table).assign(draws=draws, seed=seed)


def _logit(tied: Numbers, design: Numbers) -> Fit:
    """Fit a logit: a choice between a tie and none, of which nothing is known."""
    counts = np.column_stack([tied, 1 - tied])
    return conditional_logit(counts, np.stack([design, np.zeros_like(design)], axis=1))


def _scores(
    tied: Numbers, design: Numbers, number: int, orders: list[NDArray[np.int64]]
) -> Numbers:
    """Return the score statistic of one column of the design, for each order of the nodes."""
    others = np.delete(design, number, axis=1)
    residual = design[:, number] - others @ np.linalg.lstsq(others, design[:, number])[0]
    size = len(orders[0])
    rows, columns = np.triu_indices(size, 1)
    square = np.zeros((size, size))
    square[rows, columns] = square[columns, rows] = residual
    restricted = _logit(tied, others).estimate
    if np.isnan(restricted).any() or np.allclose(residual, 0):
        return np.full(len(orders), np.nan)
    chance = 1 / (1 + np.exp(-others @ restricted))
    weight, surprise = chance * (1 - chance), tied - chance
    weighted = others * weight[:, None]
    inverse = np.linalg.inv(others.T @ weighted)
    statistics = []
    for block in np.array_split(np.array(orders), range(BLOCK, len(orders), BLOCK)):
        moved = square[block[:, rows], block[:, columns]]
        shared = moved @ weighted
        information = moved**2 @ weight - ((shared @ inverse) * shared).sum(axis=1)
        statistics.append(moved @ surprise / np.sqrt(information))
    return np.concatenate(statistics)


def _check(ties: NDArray[np.bool_], predictors: Mapping[str, Numbers]) -> None:
    """Refuse arrays that are not square, symmetric and whole."""
    for name, square in {"ties": np.asarray(ties, dtype=float), **predictors}.items():
        if square.shape != (len(ties), len(ties)) or not np.array_equal(square, square.T):
            raise ValueError(
                f"'{name}' must be square, symmetric and without missing values, for"
                f" {len(ties)} nodes."
            )
