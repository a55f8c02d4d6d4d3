"""Correspondence analysis of a table of counts."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def correspondence(table: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Draw rows and columns of a table of counts into one map: correspondence analysis.

    Singular value decomposition of the standardised residuals; rows and columns in principal
    coordinates. Empty rows and columns are left out. The sign of an axis is free: the column that
    is farthest out is positive.

    Parameters
    ----------
    table : DataFrame
        Counts.

    Returns
    -------
    points : DataFrame
        ``side`` (``row``, ``column``), ``name``, ``axis1``, ``axis2`` (``nan`` where there is no
        such axis), ``mass`` (part of all counts), ``inertia`` (mass by squared chi-square distance
        to the mean), ``quality`` (part of it that the two axes show).
    inertias : ndarray
        Principal inertias, largest first; their sum is chi-square by n.

    References
    ----------
    Benzécri (1973), L'analyse des données.
    Greenacre (1984), Theory and Applications of Correspondence Analysis.

    Examples
    --------
    >>> table = pd.DataFrame([[8, 2], [2, 8]], index=["left", "right"], columns=["x", "y"])
    >>> points, inertias = correspondence(table)
    >>> points[["side", "name", "axis1"]].round(3)
         side   name  axis1
    0     row   left    0.6
    1     row  right   -0.6
    2  column      x    0.6
    3  column      y   -0.6
    >>> inertias.round(3)
    array([0.36])
    """
    table = table.loc[table.sum(axis=1) > 0, table.sum(axis=0) > 0]
    p = table.to_numpy(float) / table.to_numpy().sum()
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    residuals = (p - np.outer(rows, columns)) / np.sqrt(np.outer(rows, columns))
    u, singular, vt = np.linalg.svd(residuals, full_matrices=False)
    axes = min(table.shape) - 1
    u, singular, v = u[:, :axes], singular[:axes], vt[:axes].T
    row_points = u * singular / np.sqrt(rows)[:, None]
    column_points = v * singular / np.sqrt(columns)[:, None]
    farthest = np.argmax(np.round(np.abs(column_points), 9), axis=0)
    sign = np.where(column_points[farthest, range(axes)] < 0, -1.0, 1.0)
    points = [
        _described("row", table.index, row_points * sign, rows),
        _described("column", table.columns, column_points * sign, columns),
    ]
    return pd.concat(points, ignore_index=True), singular**2


def _described(
    side: str, names: pd.Index, points: NDArray[np.float64], mass: NDArray[np.float64]
) -> pd.DataFrame:
    """Return the points of one side on the first two axes, with what the two show of them."""
    squares = points**2
    whole = squares.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        quality = np.where(whole > 1e-12, squares[:, :2].sum(axis=1) / whole, np.nan)
    axes = np.full((len(names), 2), np.nan)
    axes[:, : points.shape[1]] = points[:, :2]
    part = pd.DataFrame(
        {"side": side, "name": list(names), "axis1": axes[:, 0], "axis2": axes[:, 1]}
    )
    return part.assign(mass=mass, inertia=mass * whole, quality=quality)
