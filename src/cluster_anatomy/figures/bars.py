"""Stacked bars, such as those of entries by origin."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cluster_anatomy.figures.style import COLOURS, HATCHES
from cluster_anatomy.firms.entries import ORIGINS


def by_origin(data: pd.DataFrame, bar: str) -> pd.DataFrame:
    """Return entries with a row per bar and a column per origin, 0 where there are none.

    Parameters
    ----------
    data : DataFrame
        ``label`` (an origin), ``entries`` and the column that tells the bars apart.
    bar : str
        That column.
    """
    table = data.pivot(index=bar, columns="label", values="entries")
    return table.reindex(columns=list(ORIGINS)).fillna(0).astype(float)


def stack(
    axis: Axes,
    lengths: pd.DataFrame,
    thickness: float = 0.8,
    linewidth: float = 0.4,
    horizontal: bool = False,
    colours: Mapping[str, str] = COLOURS,
    hatches: Mapping[str, str] = HATCHES,
) -> dict[str, Artist]:
    """Draw stacked bars and return a part of each column, for the legend.

    Parameters
    ----------
    axis : Axes
        Where to draw.
    lengths : DataFrame
        A row per bar, its index the place on the axis (a number or a name); a column per
        origin, or whatever the parts of a bar are.
    thickness, linewidth : float
        Of the bars, in units of the axis, and of the white lines between their parts, in points.
    horizontal : bool
        Whether the bars lie.
    colours, hatches : mapping
        Column to its colour, and to its second cue.
    """
    draw = axis.barh if horizontal else axis.bar
    handles: dict[str, Artist] = {}
    start = pd.Series(0.0, index=lengths.index)
    for label in lengths.columns:
        bars = draw(
            list(lengths.index),
            lengths[label],
            thickness,
            start,
            color=colours[label],
            hatch=hatches.get(label),
            edgecolor="white",
            linewidth=linewidth,
        )
        handles[label] = bars.patches[0]
        start = start + lengths[label]
    return handles


def drawn(handles: Mapping[str, Artist], lengths: pd.DataFrame) -> dict[str, Artist]:
    """Return the parts of `stack` that are there to be seen: those of some length in some bar."""
    return {label: part for label, part in handles.items() if (lengths[label] > 0).any()}


def origin_legend(figure: Figure, handles: Mapping[str, Artist]) -> None:
    """Write the legend of the origins drawn, in their order, below the figure."""
    labels = [label for label in ORIGINS if label in handles]
    figure.legend(
        [handles[label] for label in labels],
        [ORIGINS[label] for label in labels],
        loc="outside lower center",
        ncols=4,
    )
