"""Distances on the globe."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS = 6371.0088
"""Mean radius of the earth in kilometres (Moritz 2000, Journal of Geodesy 74, 128-133)."""


def kilometres(
    lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike
) -> NDArray[np.float64]:
    """Return great-circle distances by the haversine formula.

    Parameters
    ----------
    lat1, lon1, lat2, lon2 : array_like
        Degrees north and east; missing coordinates give ``nan``.

    Returns
    -------
    ndarray
        Kilometres on a sphere of the earth's mean radius; against the ellipsoid up to half a
        percent off.

    References
    ----------
    Sinnott (1984), Sky and Telescope 68 (2), 159.

    Examples
    --------
    Berlin to Paris:

    >>> round(float(kilometres(52.5244, 13.4105, 48.8534, 2.3488)))
    878
    """
    north1, east1, north2, east2 = (
        np.radians(np.asarray(degrees, dtype=float)) for degrees in (lat1, lon1, lat2, lon2)
    )
    haversine = (
        np.sin((north2 - north1) / 2) ** 2
        + np.cos(north1) * np.cos(north2) * np.sin((east2 - east1) / 2) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(haversine, 0, 1))))
