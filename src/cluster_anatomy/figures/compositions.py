"""Compositions of entry by origin, as stacked bars."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cluster_anatomy.figures.bars import by_origin, drawn, origin_legend, stack
from cluster_anatomy.figures.style import TWO_COLUMNS
from cluster_anatomy.firms.entries import ORIGINS, in_frame

Member = tuple[str, str, pd.DataFrame]
"""A bar of a composition figure: its panel, its name, its entries."""


def cluster_members(entries: pd.DataFrame, smallest: int) -> list[Member]:
    """Return a bar for each cluster with at least ``smallest`` entries, by country and size."""
    sizes = entries.groupby(["country", "cluster"]).size()
    large = sizes[sizes >= smallest].sort_values(ascending=False, kind="stable").index
    groups = dict(list(entries.groupby(["country", "cluster"])))
    return sorted(((*key, groups[key]) for key in large), key=lambda member: member[0])


def frame_members(entries: pd.DataFrame, frames: pd.DataFrame) -> list[Member]:
    """Return a bar for each frame, named by what follows the country in its label."""
    return [
        (row.country, row.label.split(": ")[1], in_frame(entries, frames, row.frame))
        for row in frames.itertuples()
    ]


def composition_data(members: list[Member]) -> pd.DataFrame:
    """Count entries by origin for the bars of a composition figure.

    Parameters
    ----------
    members : list of (panel, bar, entries)
        In the order of the figure.

    Returns
    -------
    DataFrame
        ``panel``, ``bar``, ``label``, ``entries``, ``n`` (of the bar), ``firm_ids`` (a list).
    """
    rows = []
    for panel, bar, group in members:
        for label in ORIGINS:
            firms = group.loc[group["label"] == label, "firm_id"]
            rows.append(
                (panel, bar, label, len(firms), len(group), "|".join(sorted(firms)) or pd.NA)
            )
    return pd.DataFrame(rows, columns=["panel", "bar", "label", "entries", "n", "firm_ids"])


def composition(data: pd.DataFrame, share: bool = True) -> Figure:
    """Draw stacked bars of entries by origin, one panel above the other.

    Parameters
    ----------
    data : DataFrame
        From `composition_data`.
    share : bool
        Whether bars are shares of their n (written beside them) or counts.
    """
    panels = list(dict.fromkeys(data["panel"]))
    heights = [data[data["panel"] == panel]["bar"].nunique() for panel in panels]
    figure, axes = plt.subplots(
        len(panels),
        1,
        figsize=(TWO_COLUMNS, 1.2 + 0.25 * sum(heights) + 0.4 * len(panels)),
        squeeze=False,
        height_ratios=[rows + 1 for rows in heights],
        layout="constrained",
    )
    handles: dict[str, Artist] = {}
    for axis, panel in zip(axes[:, 0], panels, strict=True):
        handles |= _draw_panel(axis, data[data["panel"] == panel], share)
        axis.set_title(panel, loc="left")
        axis.tick_params(axis="x", labelbottom=panel == panels[-1])
    axes[-1, 0].set_xlabel("Share of entries" if share else "Entries")
    origin_legend(figure, handles)
    return figure


def _draw_panel(axis: Axes, data: pd.DataFrame, share: bool) -> dict[str, Artist]:
    totals = data.groupby("bar", sort=False)["n"].first()
    lengths = by_origin(data, "bar").loc[totals.index]
    if share:
        lengths = lengths.div(totals, axis="index")
    handles = drawn(stack(axis, lengths, horizontal=True), lengths)
    ends = lengths.cumsum(axis="columns").iloc[:, -1]
    for bar, total, end in zip(totals.index, totals, ends, strict=True):
        axis.text(end + (0.01 if share else 0.3), bar, f"n = {total}", va="center", fontsize=7)
    axis.invert_yaxis()
    axis.tick_params(axis="y", length=0)
    if share:
        axis.set_xlim(0, 1.12)
        axis.spines["bottom"].set_bounds(0, 1)
        axis.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
    return handles
