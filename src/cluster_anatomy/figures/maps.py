"""Entries by province and state, on maps of equal squares."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle, Wedge

from cluster_anatomy.figures.bars import origin_legend
from cluster_anatomy.figures.style import COLOURS, HATCHES, TWO_COLUMNS
from cluster_anatomy.firms.entries import ORIGINS

LARGEST = 0.31
"""Radius of the largest pie in squares: it fits below the label, within its square."""


def map_data(entries: pd.DataFrame, tiles: pd.DataFrame) -> pd.DataFrame:
    """Count entries by province or state and origin, with the square of each.

    Returns
    -------
    DataFrame
        ``country``, ``admin``, ``code``, ``row``, ``column``, ``label``, ``entries``: squares
        without an entry have one row with 0 and no origin.
    """
    counts = entries.groupby(["country", "admin", "label"]).size().rename("entries").reset_index()
    table = tiles.merge(counts, on=["country", "admin"], how="left")
    table["entries"] = table["entries"].fillna(0).astype(int)
    order = {label: position for position, label in enumerate(ORIGINS)}
    table = table.sort_values(
        ["country", "row", "column", "label"],
        key=lambda c: c.map(order) if c.name == "label" else c,
    )
    return table[["country", "admin", "code", "row", "column", "label", "entries"]].reset_index(
        drop=True
    )


def tile_map(data: pd.DataFrame) -> Figure:
    """Draw a pie per province or state: its area is the number of entries, its wedges their origin.

    Parameters
    ----------
    data : DataFrame
        From `map_data`.
    """
    parts = dict(list(data.groupby("country")))
    rows = 1 + max(part["row"].max() - part["row"].min() for part in parts.values())
    columns = [1 + part["column"].max() - part["column"].min() for part in parts.values()]
    figure, axes = plt.subplots(
        1,
        len(parts),
        figsize=(TWO_COLUMNS, 1.0 + TWO_COLUMNS * rows / sum(columns)),
        width_ratios=columns,
        layout="constrained",
        squeeze=False,
    )
    largest = data.groupby(["country", "admin"])["entries"].sum().max()
    for axis, (country, part) in zip(axes[0], parts.items(), strict=True):
        _draw_country(axis, part, largest)
        top = part["row"].min() - 0.5
        axis.set_ylim(top + rows, top)
        axis.set_title(
            f"{country}: {part['entries'].sum()} entries with a known province or state",
            loc="left",
            fontsize=8,
        )
    origin_legend(
        figure,
        {
            label: Rectangle(
                (0, 0), 1, 1, facecolor=COLOURS[label], hatch=HATCHES[label], edgecolor="white"
            )
            for label in ORIGINS
        },
    )
    return figure


def _draw_country(axis: Axes, data: pd.DataFrame, largest: int) -> None:
    for (row, column, code), square in data.groupby(["row", "column", "code"]):
        axis.add_patch(
            Rectangle(
                (column - 0.48, row - 0.48),
                0.96,
                0.96,
                facecolor="white",
                edgecolor="#BBBBBB",
                linewidth=0.5,
            )
        )
        total = square["entries"].sum()
        axis.text(
            column - 0.45,
            row - 0.47,
            f"{code} {total}" if total else code,
            fontsize=7,
            va="top",
            ha="left",
            color="#333333",
            zorder=4,
        )
        if total:
            radius = LARGEST * np.sqrt(total / largest)
            _draw_pie(axis, (column, row + 0.46 - LARGEST), radius, square)
    axis.set_xlim(data["column"].min() - 0.5, data["column"].max() + 0.5)
    axis.set_aspect("equal")
    axis.axis("off")


def _draw_pie(axis: Axes, centre: tuple[float, float], radius: float, square: pd.DataFrame) -> None:
    start = 90.0
    for label, entries in zip(square["label"], square["entries"], strict=True):
        end = start - 360 * entries / square["entries"].sum()
        axis.add_patch(
            Wedge(
                centre,
                radius,
                -start,
                -end,
                facecolor=COLOURS[label],
                hatch=HATCHES[label] if radius > LARGEST / 2 else "",  # noise in a small one
                edgecolor="white",
                linewidth=0.3,
                zorder=3,
            )
        )
        start = end
    axis.add_patch(Circle(centre, radius, fill=False, edgecolor="#777777", linewidth=0.3, zorder=3))
