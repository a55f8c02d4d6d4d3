"""Correspondence analysis of a table of counts."""

import numpy as np
import pandas as pd


def correspondence(table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw clusters and origins into one map: correspondence analysis (Benzécri 1973; Greenacre
    1984).

    Singular value decomposition of the standardised residuals; rows and columns in principal
    coordinates. Rows and columns without any firm are left out. The sign of an axis is free: the
    column that is farthest out is positive.

    Parameters
    ----------
    table : DataFrame
        Counts.

    Returns
    -------
    points : DataFrame
        ``side`` (``row``, ``column``), ``name``, ``axis1``, ``axis2`` (``nan`` where there is no
        such axis), ``mass``, ``inertia`` (mass by squared chi-square distance to the mean),
        ``quality`` (part of it that the two axes show).
    inertias : ndarray
        Principal inertias, largest first; their sum is chi-square by n.
    """
    table = table.loc[table.sum(axis=1) > 0, table.sum(axis=0) > 0]
    p = table.to_numpy(float) / table.to_numpy().sum()
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    residuals = (p - np.outer(rows, columns)) / np.sqrt(np.outer(rows, columns))
    u, singular, vt = np.linalg.svd(residuals, full_matrices=False)
    kept = min(table.shape) - 1
    u, singular, v = u[:, :kept], singular[:kept], vt[:kept].T
    row_points, column_points = (
        u * singular / np.sqrt(rows)[:, None],
        v * singular / np.sqrt(columns)[:, None],
    )
    farthest = np.argmax(np.round(np.abs(column_points), 9), axis=0)
    sign = np.where(column_points[farthest, range(kept)] < 0, -1.0, 1.0)
    parts = []
    for side, names, points, mass in (
        ("row", table.index, row_points, rows),
        ("column", table.columns, column_points, columns),
    ):
        squares = points**2
        whole = squares.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            quality = np.where(whole > 1e-12, squares[:, :2].sum(axis=1) / whole, np.nan)
        axes = np.full((len(names), 2), np.nan)
        axes[:, : min(kept, 2)] = (points * sign)[:, :2]
        part = pd.DataFrame(
            {"side": side, "name": list(names), "axis1": axes[:, 0], "axis2": axes[:, 1]}
        )
        parts.append(part.assign(mass=mass, inertia=mass * whole, quality=quality))
    return pd.concat(parts, ignore_index=True), singular**2
