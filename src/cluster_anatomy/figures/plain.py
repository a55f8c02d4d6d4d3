"""Plain figures for reading: heat maps, dots with intervals, bars; one look for all notebooks."""

import math
import textwrap
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FormatStrFormatter, MaxNLocator, NullLocator

from cluster_anatomy.figures.bars import stack
from cluster_anatomy.figures.style import TWO_COLUMNS

DARK, PALE = "#0072B2", "#B9D5E8"
SERIES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666"]
"""Colours of Okabe and Ito (2008), told apart by readers of every colour vision."""


def heat_map(table: pd.DataFrame, label: str, decimals: int = 0, diverging: bool = False) -> Figure:
    """Draw a table of numbers as coloured cells with the numbers in them.

    Parameters
    ----------
    table : DataFrame
        Index and columns in words; a missing number leaves its cell blank.
    label : str
        What the numbers are, beside the colour bar.
    decimals : int
        Decimals shown.
    diverging : bool
        Whether zero is the middle (residuals) instead of the least (counts).
    """
    height = 0.8 + 0.27 * len(table) + (1.1 if len(table.columns) > 6 else 0.4)
    figure, axes = plt.subplots(figsize=(TWO_COLUMNS, height), layout="constrained")
    numbers = table.astype(float)
    largest = float(np.nanmax(np.abs(numbers.to_numpy())))
    sns.heatmap(
        numbers,
        ax=axes,
        annot=True,
        fmt=f".{decimals}f",
        annot_kws={"size": 7.5},
        cmap="RdBu_r" if diverging else sns.light_palette(DARK, as_cmap=True),
        vmin=-largest if diverging else 0,
        vmax=largest,
        linewidths=0.5,
        cbar_kws={"label": label},
    )
    axes.set(xlabel="", ylabel="")
    axes.tick_params(length=0)
    many = len(table.columns) > 6
    labels = [str(name) for name in table.columns]
    if not many:
        labels = [textwrap.fill(name, 60 // len(labels), break_long_words=False) for name in labels]
    axes.set_xticklabels(labels, rotation=90 if many else 0)
    axes.tick_params(axis="y", rotation=0)
    return figure


def dots(
    table: pd.DataFrame,
    axis: str,
    series: Sequence[str] = (),
    percent: bool = False,
    line: float | None = None,
    bounds: bool = True,
    ratio: bool = False,
) -> Figure:
    """Draw estimates as dots with their intervals, one line per row; pale bars are bounds.

    Rows of several series have their own band, so that each dot is seen to belong to one label.

    Parameters
    ----------
    table : DataFrame
        ``label`` (in words), ``value``, ``low``, ``high``, optionally ``bound_low``, ``bound_high``
        and ``series`` (what the colours tell apart). Rows of one label stand together.
    axis : str
        What is measured, in words.
    series : sequence of str
        Order of the series.
    percent : bool
        Whether numbers are fractions, to be shown in percent or points.
    line : float, optional
        Where a line marks what no difference would be.
    bounds : bool
        Whether bounds are drawn where the table has them.
    ratio : bool
        Whether the axis is logarithmic from a quarter on (and linear below, so that 0 has a place).
    """
    labels = list(dict.fromkeys(table["label"]))
    order = list(series) or list(dict.fromkeys(table.get("series", pd.Series([""]))))
    scale, step = 100 if percent else 1, 0.66 / max(len(order), 1)
    height = 0.8 + len(labels) * max(0.24, 0.17 * len(order))
    figure, axes = plt.subplots(figsize=(TWO_COLUMNS, height), layout="constrained")
    if len(order) > 1:
        for row in range(0, len(labels), 2):
            axes.axhspan(row - 0.5, row + 0.5, color="#F2F2F2", lw=0, zorder=0)
    for rank, name in enumerate(order):
        part = table[table["series"] == name] if "series" in table else table
        y = np.array([labels.index(label) for label in part["label"]], dtype=float)
        y += (rank - (len(order) - 1) / 2) * step
        colour = SERIES[rank % len(SERIES)]
        numbers = scale * part.filter(["value", "low", "high", "bound_low", "bound_high"])
        if bounds and "bound_low" in numbers:
            ends = numbers["bound_low"], numbers["bound_high"]
            axes.hlines(y, *ends, color=colour, alpha=0.25, lw=5)
        axes.hlines(y, numbers["low"], numbers["high"], color=colour, lw=1.2)
        axes.plot(numbers["value"], y, "o", color=colour, ms=4, label=name or None)
    if line is not None:
        axes.axvline(line, color="black", lw=0.6)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    if ratio:
        _logarithmic(axes, 0.25, 0.3, [0, 0.25, 0.5, 1, 2, 5, 10, 20, 50])
        axes.set_xlim(left=-0.1)  # a ratio is never negative; room for the dots at 0
    axes.set_xlabel(axis)
    if len(order) > 1:
        _legend(figure, *axes.get_legend_handles_labels())
    return figure


def _legend(figure: Figure, handles: Sequence[Artist], labels: Sequence[str]) -> None:
    """Place a legend above the axes that is read row by row, in as few rows as fit the width."""
    width = sum(0.5 + 0.065 * len(label) for label in labels)  # inches
    columns = math.ceil(len(labels) / math.ceil(width / TWO_COLUMNS))
    order = [index for column in range(columns) for index in range(column, len(labels), columns)]
    figure.legend(
        [handles[index] for index in order],
        [labels[index] for index in order],
        loc="outside upper center",
        ncols=columns,
    )


def _logarithmic(axes: Axes, linear_to: float, width: float, ticks: Sequence[float]) -> None:
    """Make an axis logarithmic but near zero, where it is linear over ``width`` decades."""
    axes.set_xscale("symlog", linthresh=linear_to, linscale=width)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_locator(NullLocator())


def bars(
    table: pd.DataFrame, axis: str, order: Sequence[str] = (), percent: bool = False
) -> Figure:
    """Draw horizontal bars, stacked by series where there are several.

    Parameters
    ----------
    table : DataFrame
        ``label``, ``value`` and optionally ``series``; one row per bar or part of a bar.
    axis : str
        What is measured, in words.
    order : sequence of str
        Order of the series.
    percent : bool
        Whether numbers are fractions, to be shown in percent.
    """
    wide = table.assign(series=table.get("series", "")).pivot_table(
        index="label", columns="series", values="value", sort=False, aggfunc="sum"
    )
    wide = wide[[name for name in order if name in wide] if order else list(wide.columns)]
    height = 0.8 + 0.24 * len(wide)
    figure, axes = plt.subplots(figsize=(TWO_COLUMNS, height), layout="constrained")
    ranks = list(order) or list(wide.columns)  # a series that is absent keeps its colour
    colours = {name: SERIES[rank % len(SERIES)] for rank, name in enumerate(ranks)}
    colours["unknown"] = "#D9D9D9"
    lengths = wide.fillna(0).astype(float).set_axis(range(len(wide))) * (100 if percent else 1)
    parts = stack(axes, lengths, linewidth=0, horizontal=True, colours=colours, hatches={})
    axes.set_yticks(range(len(wide)), list(wide.index))
    axes.set_ylim(len(wide) - 0.5, -0.5)
    axes.set_xlabel(axis)
    if not percent and (wide.fillna(0) % 1 == 0).all(axis=None):
        axes.locator_params(axis="x", integer=True)
    if len(parts) > 1:
        _legend(figure, list(parts.values()), list(parts))
    return figure


def waterfall(table: pd.DataFrame, axis: str) -> Figure:
    """Draw a ledger: each bar begins where the one above it ends.

    Parameters
    ----------
    table : DataFrame
        ``label`` (in words), ``change`` (what comes in or goes out), ``rows_out`` (what is left).
    axis : str
        What is counted, in words.
    """
    height = 0.8 + 0.24 * (len(table) + 1)
    figure, axes = plt.subplots(figsize=(TWO_COLUMNS, height), layout="constrained")
    left = table["rows_out"] - table["change"].clip(lower=0)
    colours = np.where(table["change"] > 0, DARK, "#D55E00")
    axes.barh(range(len(table)), table["change"].abs(), left=left, color=colours)
    axes.barh([len(table)], [table["rows_out"].iloc[-1]], color="#666666")
    for position, (change, end) in enumerate(zip(table["change"], table["rows_out"], strict=True)):
        start = end if change < 0 else end - change
        axes.annotate(
            f"{change:+d}".replace("-", "−"),
            (start + abs(change), position),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
        )
    axes.set_yticks(range(len(table) + 1), [*table["label"], "left"])
    axes.set_ylim(len(table) + 0.5, -0.5)
    axes.set_xlim(0, table["rows_out"].max() * 1.08)
    axes.set_xlabel(axis)
    return figure


def cumulated(table: pd.DataFrame, axis: str) -> Figure:
    """Draw the cumulated share of each series by a distance (empirical distribution functions).

    Parameters
    ----------
    table : DataFrame
        ``series``, ``value`` (kilometres).
    axis : str
        What is measured, in words.
    """
    figure, axes = plt.subplots(figsize=(TWO_COLUMNS, 2.6), layout="constrained")
    for rank, (name, part) in enumerate(table.groupby("series", sort=False)):
        colour = SERIES[rank % len(SERIES)]
        sns.ecdfplot(part["value"], ax=axes, color=colour, label=f"{name} (n = {len(part)})")
    _logarithmic(axes, 10, 0.4, [0, 10, 100, 1000, 10_000])
    axes.set(xlabel=axis, ylabel="share of entries", ylim=(0, 1.02))
    axes.legend(loc="lower right")
    return figure


def lines(table: pd.DataFrame, axis: str) -> Figure:
    """Draw a number over the years, one step line per series, named at its end.

    Parameters
    ----------
    table : DataFrame
        ``series``, ``year``, ``value``.
    axis : str
        What is measured, in words.
    """
    figure, axes = plt.subplots(figsize=(TWO_COLUMNS, 2.8), layout="constrained")
    for rank, (name, part) in enumerate(table.groupby("series", sort=False)):
        style = "-" if rank < len(SERIES) else "--"
        colour = SERIES[rank % len(SERIES)]
        axes.step(
            part["year"], part["value"], style, where="post", color=colour, label=name, lw=1.3
        )
    axes.set_ylabel(axis)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper left", ncols=2)
    return figure
