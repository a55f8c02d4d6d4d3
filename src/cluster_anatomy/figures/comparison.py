"""China beside the USA, and two frames beside each other."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cluster_anatomy.figures.style import TWO_COLUMNS

PAIRS = {
    "classic": ("classic pair: the paper's era", "#D55E00", "o"),
    "listed": ("listed pair: went public since 2008", "#0072B2", "s"),
}
"""Pair of frames to its words in the legend, its colour and its marker."""
NARROW = 4.0
"""Width in inches at which text can be read on the screen of a telephone."""


def difference_data(
    shares: pd.DataFrame, differences: pd.DataFrame, properties: pd.DataFrame
) -> pd.DataFrame:
    """Put shares of both countries and their difference into one table for the figure.

    Returns
    -------
    DataFrame
        ``property``, ``label``, ``series`` (a frame, or ``difference``), ``value``, ``low``,
        ``high``, ``bound_low``, ``bound_high``, ``n``, ``n2``.
    """
    series = [shares.rename(columns={"frame": "series"}), differences.assign(series="difference")]
    table = pd.concat(series, ignore_index=True).merge(
        properties[["property", "label"]], on="property"
    )
    columns = ["property", "label", "series", "value", "low", "high"]
    columns += ["bound_low", "bound_high", "n", "n2"]
    return table.reindex(columns=columns)


def two_frames(
    data: pd.DataFrame,
    names: dict[str, str],
    published: dict[str, float],
    difference: str = "China minus USA",
) -> Figure:
    """Draw shares of two frames side by side and, beside them, their differences with intervals.

    Parameters
    ----------
    data : DataFrame
        From `difference_data`.
    names : dict
        Frame to the words of the legend, the minuend first.
    published : dict
        Property to the published share of the USA, drawn as a line.
    difference : str
        What is taken from what, for the axis.
    """
    labels = list(dict.fromkeys(data["label"]))
    data = data.assign(row=data["label"].map(labels.index))
    figure, (left, right) = plt.subplots(
        1,
        2,
        figsize=(TWO_COLUMNS, 0.9 + 0.42 * len(labels)),
        sharey=True,
        width_ratios=[3, 2],
        layout="constrained",
    )
    _draw_shares(left, data, names)
    _draw_published(left, published, dict(zip(data["property"], data["row"], strict=True)))
    _draw_differences(right, data, difference)
    left.set_yticks(range(len(labels)), [label[0].upper() + label[1:] for label in labels])
    left.set_ylim(len(labels) - 0.4, -0.6)
    left.tick_params(axis="y", length=0)
    right.tick_params(axis="y", length=0)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def china_usa_data(differences: pd.DataFrame, contrasts: Mapping[str, str]) -> pd.DataFrame:
    """Return some differences of both pairs of frames as the figure draws them.

    Parameters
    ----------
    differences : DataFrame
        ``differences.csv``; only the two frames of each pair that are tested are drawn.
    contrasts : mapping
        Property to what it is called, in the order of the figure.

    Returns
    -------
    DataFrame
        The columns of the contract ``figure_china_usa``.
    """
    order = list(contrasts)
    rows = differences[differences["p"].notna() & differences["property"].isin(order)]
    rows = rows.assign(
        label=rows["property"].map(contrasts), rank=rows["property"].map(order.index)
    ).sort_values(["rank", "pair"], ignore_index=True)
    columns = ["property", "pair", "label", "china", "usa", "value", "low", "high"]
    columns += ["bound_low", "bound_high", "joint_low", "joint_high", "n", "n2"]
    return rows[columns]


def china_usa(data: pd.DataFrame) -> Figure:
    """Draw differences of two pairs of frames with their intervals, and the shares beside them.

    Parameters
    ----------
    data : DataFrame
        From `china_usa_data`.
    """
    labels = list(dict.fromkeys(data["label"]))
    figure, axis = plt.subplots(figsize=(NARROW, 1.1 + 0.62 * len(labels)), layout="constrained")
    for rank, (pair, (name, colour, marker)) in enumerate(PAIRS.items()):
        part = data[data["pair"] == pair]
        rows = part["label"].map(labels.index) + (rank - 0.5) * 0.3
        ends = part.assign(bound_low=part["joint_low"], bound_high=part["joint_high"])
        _draw_estimates(axis, ends, rows, colour, marker, name, band=0.25)
        for row, china, usa in zip(rows, part["china"], part["usa"], strict=True):
            _beside(axis, row, (f"{100 * china:.0f} %", f"{100 * usa:.0f} %"), colour)
    for row, label in enumerate(labels):
        words = label[0].upper() + label[1:]
        text = axis.text(-1, row - 0.36, words, fontsize=8.5, fontweight="bold", va="bottom")
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    _beside(axis, -0.5, ("China", "USA"), "black")
    axis.axvline(0, color="black", linewidth=0.6)
    axis.set(xlim=(-1, 1), ylim=(len(labels) - 0.6, -0.75), yticks=[])
    axis.set_xticks([-1, -0.5, 0, 0.5, 1], ["−100", "−50", "0", "50", "100"], fontsize=8.5)
    axis.set_xlabel("China minus USA, percentage points", fontsize=8.5)
    axis.spines["left"].set_visible(False)
    figure.legend(loc="outside lower left", ncols=1, fontsize=8.5)
    return figure


def _beside(axis: Axes, row: float, words: tuple[str, str], colour: str) -> None:
    """Write two words to the right of the axis, below those of the row above."""
    for place, word in zip((1.12, 1.29), words, strict=True):
        axis.annotate(
            word,
            (place, row),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center",
            fontsize=8,
            color=colour,
            annotation_clip=False,
        )


def _draw_shares(axis: Axes, data: pd.DataFrame, names: dict[str, str]) -> None:
    looks = [("#D55E00", "o", -0.16), ("#0072B2", "s", 0.16)]
    for (series, name), (colour, marker, shift) in zip(names.items(), looks, strict=True):
        part = data[data["series"] == series]
        _draw_estimates(axis, part, part["row"] + shift, colour, marker, name, band=0.25)
    axis.set_xlim(0, 1)
    axis.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
    axis.set_xlabel("Share of entries")


def _draw_published(axis: Axes, published: dict[str, float], rows: dict[str, int]) -> None:
    for name, value in published.items():
        low, high = rows[name] - 0.42, rows[name] + 0.42
        axis.plot([value, value], [low, high], color="black", linewidth=1, linestyle=":")
        axis.annotate(
            "published, USA",
            (value, high),
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7,
        )


def _draw_differences(axis: Axes, data: pd.DataFrame, name: str) -> None:
    part = data[data["series"] == "difference"]
    _draw_estimates(axis, part, part["row"], "black", "D", name, band=0.15)
    axis.axvline(0, color="black", linewidth=0.6)
    axis.set_xlim(-1, 1)
    axis.set_xticks([-1, -0.5, 0, 0.5, 1], ["−100", "−50", "0", "50", "100 points"])
    axis.set_xlabel(f"Difference, {name}")


def _draw_estimates(
    axis: Axes,
    part: pd.DataFrame,
    rows: pd.Series,
    colour: str,
    marker: str,
    name: str,
    band: float,
) -> None:
    """Draw values with their intervals, over a band from bound to bound of the given opacity."""
    axis.hlines(rows, part["bound_low"], part["bound_high"], color=colour, alpha=band, linewidth=5)
    errors = [part["value"] - part["low"], part["high"] - part["value"]]
    axis.errorbar(
        part["value"],
        rows,
        xerr=np.array(errors, dtype=float).clip(0),
        color=colour,
        marker=marker,
        markersize=4,
        clip_on=False,  # whole markers at the ends of the axis
        linestyle="none",
        linewidth=1,
        capsize=2,
        label=name,
    )
