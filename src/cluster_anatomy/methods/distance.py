"""Distances on the globe."""

import numpy as np

EARTH_RADIUS = 6371.0088
"""Mean radius of the earth in kilometres (Moritz 2000)."""


def kilometres(lat1, lon1, lat2, lon2) -> np.ndarray:
    """Return great-circle distances by the haversine formula (Sinnott 1984).

    Parameters
    ----------
    lat1, lon1, lat2, lon2 : array_like
        Degrees north and east; missing coordinates give ``nan``.

    Returns
    -------
    ndarray
        Kilometres on a sphere of the earth's mean radius; against the ellipsoid up to half a
        percent off.

    Examples
    --------
    >>> round(float(kilometres(52.5244, 13.4105, 48.8534, 2.3488)))
    878
    """
    lat1, lon1, lat2, lon2 = (
        np.radians(np.asarray(x, dtype=float)) for x in (lat1, lon1, lat2, lon2)
    )
    half = (
        np.sin((lat2 - lat1) / 2) ** 2
        + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
