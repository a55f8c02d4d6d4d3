"""China beside the USA."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cluster_anatomy.figures.style import TWO_COLUMNS


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
    first = shares.rename(columns={"frame": "series"})
    second = differences.assign(series="difference")
    table = pd.concat([first, second], ignore_index=True).merge(
        properties[["property", "label"]], on="property"
    )
    columns = [
        "property",
        "label",
        "series",
        "value",
        "low",
        "high",
        "bound_low",
        "bound_high",
        "n",
        "n2",
    ]
    return table.reindex(columns=columns)


def china_usa(
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
    place = {label: row for row, label in enumerate(labels)}
    figure, (left, right) = plt.subplots(
        1,
        2,
        figsize=(TWO_COLUMNS, 0.9 + 0.42 * len(labels)),
        sharey=True,
        width_ratios=[3, 2],
        layout="constrained",
    )
    looks = [("#D55E00", "o", -0.16), ("#0072B2", "s", 0.16)]
    for (series, name), (colour, marker, shift) in zip(names.items(), looks, strict=True):
        part = data[data["series"] == series]
        rows = part["label"].map(place) + shift
        left.hlines(
            rows, part["bound_low"], part["bound_high"], color=colour, alpha=0.25, linewidth=5
        )
        _interval(left, part, rows, colour, marker, name)
    property_of = dict(zip(data["property"], data["label"], strict=True))
    for prop, value in published.items():
        row = place[property_of[prop]]
        left.plot(
            [value, value], [row - 0.42, row + 0.42], color="black", linewidth=1, linestyle=":"
        )
        left.annotate(
            "published, USA",
            (value, row + 0.42),
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7,
        )
    part = data[data["series"] == "difference"]
    rows = part["label"].map(place)
    right.hlines(
        rows, part["bound_low"], part["bound_high"], color="black", alpha=0.15, linewidth=5
    )
    _interval(right, part, rows, "black", "D", difference)
    right.axvline(0, color="black", linewidth=0.6)
    left.set_yticks(range(len(labels)), [label[0].upper() + label[1:] for label in labels])
    left.set_ylim(len(labels) - 0.4, -0.6)
    left.set_xlim(0, 1)
    left.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
    left.set_xlabel("Share of entries")
    right.set_xlim(-1, 1)
    right.set_xticks([-1, -0.5, 0, 0.5, 1], ["−100", "−50", "0", "50", "100 points"])
    right.set_xlabel(f"Difference, {difference}")
    left.tick_params(axis="y", length=0)
    right.tick_params(axis="y", length=0)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def _interval(axis, part: pd.DataFrame, rows, colour: str, marker: str, name: str) -> None:
    errors = [part["value"] - part["low"], part["high"] - part["value"]]
    axis.errorbar(
        part["value"],
        rows,
        xerr=np.array(errors, dtype=float).clip(0),
        color=colour,
        marker=marker,
        markersize=4,
        linestyle="none",
        linewidth=1,
        capsize=2,
        label=name,
    )
