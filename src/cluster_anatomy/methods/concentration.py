"""Geographic concentration beyond what a distribution of reference would bring."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cluster_anatomy.methods.permutation import against_null
from cluster_anatomy.methods.randomness import DRAWS, SEED


def ellison_glaeser(
    places: pd.Series,
    reference: pd.Series,
    sizes: pd.Series | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, float]:
    """Measure how concentrated units are, with darts thrown on places of reference as the null.

    Parameters
    ----------
    places : Series
        Place of each unit; units without one are left out.
    reference : Series
        Weight of each place (index), such as how many units of all kinds it has. A place that is
        not in it, or has no weight, is one where no dart falls.
    sizes : Series, optional
        Size of each unit, in the order of ``places``; without, all have the same.
    draws, seed : int
        Throws of all units on the places by the reference shares, and their seed.

    Returns
    -------
    dict
        ``value`` (the index gamma: 0 is as by darts, above 0 is concentrated), ``raw``
        (sum of squared differences of the shares), ``herfindahl`` (of the sizes), ``n`` (units),
        ``null_mean``, ``null_low``, ``null_high`` (2.5 and 97.5 percentiles), ``p`` (two-sided),
        ``draws``, ``seed``. The index and its null are ``nan`` for fewer than two units and where
        all reference is in one place.

    Raises
    ------
    ValueError
        If the reference has no positive weight, or a negative one.

    References
    ----------
    Ellison and Glaeser (1997), Journal of Political Economy 105, 889-927.

    Examples
    --------
    >>> places = pd.Series(["north", "north", "north", "south"])
    >>> result = ellison_glaeser(places, pd.Series({"north": 1, "south": 1}), draws=999)
    >>> round(result["value"], 3), round(result["raw"], 3), abs(result["null_mean"]) < 0.05
    (0.0, 0.125, True)
    """
    if (reference < 0).any() or not reference.sum() > 0:
        raise ValueError("The reference needs weights of at least 0, and one above 0.")
    known = places.notna().to_numpy()
    every = sorted(set(reference.index) | set(places[known]), key=str)
    codes = pd.Index(every).get_indexer(places[known])
    size = np.ones(len(codes)) if sizes is None else sizes.to_numpy(float)[known]
    weight = size / size.sum()
    shares = (reference / reference.sum()).reindex(every, fill_value=0.0).to_numpy(float)
    raw, herfindahl = _raw(codes[None, :], weight, shares), float((weight**2).sum())
    spread = 1 - float((shares**2).sum())
    defined = len(codes) > 1 and spread > 0
    thrown = np.random.default_rng(seed).choice(len(every), (draws, len(codes)), p=shares)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed, null = (
            (each - spread * herfindahl) / (spread * np.float64(1 - herfindahl))
            for each in (raw, _raw(thrown, weight, shares))
        )
    value = float(observed[0]) if defined else np.nan
    return {
        "value": value,
        "raw": float(raw[0]) if len(codes) else np.nan,
        "herfindahl": herfindahl if len(codes) else np.nan,
        "n": len(codes),
        **against_null(null if defined else np.empty(0), value),
        "draws": draws,
        "seed": seed,
    }


def _raw(
    codes: NDArray[np.int64], weight: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the squared distance of the shares of places from those of reference, row by row."""
    inside = np.stack([(codes == place) @ weight for place in range(len(shares))], axis=1)
    return np.asarray(((inside - shares) ** 2).sum(axis=1))
