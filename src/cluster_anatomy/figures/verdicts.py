"""The claims at a glance."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cluster_anatomy.figures.style import TWO_COLUMNS

VERDICTS = {
    "supported": ("#009E73", "", "supported"),
    "partly": ("#F0E442", "...", "partly"),
    "contradicted": ("#D55E00", "xxx", "contradicted"),
    "undecidable": ("#56B4E9", "\\\\\\", "undecidable"),
    "not_testable": ("#D9D9D9", "///", "not testable"),
    "definition": ("#FFFFFF", "---", "definition"),
}
"""Verdicts as they are drawn: colour, second cue, words."""


def claims_data(claims: pd.DataFrame) -> pd.DataFrame:
    """Put claims in the order of the paper's sections, footnotes last.

    Returns
    -------
    DataFrame
        ``claim_id``, ``part``, ``verdict``.
    """
    part = claims["section"].where(~claims["section"].str.startswith("fn"), "footnotes")
    table = claims.assign(part=part.where(~part.str.match(r"\d"), "section " + part))
    table["last"] = table["part"] == "footnotes"
    return table.sort_values(["last", "claim_id"], kind="stable")[
        ["claim_id", "part", "verdict"]
    ].reset_index(drop=True)


def claims_at_a_glance(claims: pd.DataFrame) -> Figure:
    """Draw every claim as a cell, by section of the paper, coloured and marked by its verdict.

    Parameters
    ----------
    claims : DataFrame
        ``claim_id``, ``part`` (section as drawn), ``verdict``.
    """
    parts = list(dict.fromkeys(claims["part"]))
    widest = claims.groupby("part").size().max()
    figure, axis = plt.subplots(
        figsize=(TWO_COLUMNS, 0.7 + 0.26 * len(parts)), layout="constrained"
    )
    for row, part in enumerate(parts):
        for column, verdict in enumerate(claims.loc[claims["part"] == part, "verdict"]):
            cell = _cell(verdict, (column, row - 0.42), 0.9, 0.84)
            cell.set_linewidth(0.5)
            axis.add_patch(cell)
    axis.set_xlim(0, widest)
    axis.set_ylim(len(parts) - 0.4, -0.6)
    axis.set_yticks(range(len(parts)), parts)
    axis.set_xlabel("Claims in the order of the paper")
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    _legend(figure, claims["verdict"].value_counts())
    return figure


def verdict_shares(panels: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the verdicts on groups of claims as stacked bars of shares, one panel above the other.

    Parameters
    ----------
    panels : mapping
        Title -> counts, a row per group (in words) and a column per verdict; each panel holds all
        claims.
    """
    heights = [len(counts) + 1 for counts in panels.values()]
    figure, axes = plt.subplots(
        len(panels),
        1,
        figsize=(TWO_COLUMNS, 0.8 + 0.22 * sum(heights)),
        sharex=True,
        squeeze=False,
        height_ratios=heights,
        layout="constrained",
    )
    for axis, (title, counts) in zip(axes[:, 0], panels.items(), strict=True):
        _draw_shares(axis, counts)
        axis.set_title(title, loc="left")
    axes[-1, 0].set_xlim(0, 1.1)
    axes[-1, 0].set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
    axes[-1, 0].set_xlabel("Share of claims")
    _legend(figure, counts.sum())
    return figure


def _draw_shares(axis: Axes, counts: pd.DataFrame) -> None:
    totals = counts.sum(axis=1)
    ends = counts[list(VERDICTS)].div(totals, axis="index").cumsum(axis=1)
    starts = ends.shift(axis=1, fill_value=0)
    for row, total in enumerate(totals):
        for verdict in VERDICTS:
            start, end = starts.iloc[row][verdict], ends.iloc[row][verdict]
            part = _cell(verdict, (start, row - 0.4), end - start, 0.8)
            part.set_linewidth(0.5)
            axis.add_patch(part)
        axis.text(1.01, row, f"n = {total}", va="center", fontsize=7)
    axis.set_yticks(range(len(totals)), list(totals.index))
    axis.set_ylim(len(totals) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.spines["bottom"].set_bounds(0, 1)


def _legend(figure: Figure, counts: pd.Series) -> None:
    """Write the legend of all verdicts with the number of claims below the figure."""
    handles = [_cell(verdict, (0, 0), 1, 1) for verdict in VERDICTS]
    labels = [f"{words} ({counts.get(verdict, 0)})" for verdict, (_, _, words) in VERDICTS.items()]
    figure.legend(handles, labels, loc="outside lower center", ncols=len(VERDICTS))


def _cell(verdict: str, corner: tuple[float, float], width: float, height: float) -> Rectangle:
    colour, hatch, _ = VERDICTS[verdict]
    edge = "#777777" if colour == "#FFFFFF" else "white"
    return Rectangle(corner, width, height, facecolor=colour, hatch=hatch, edgecolor=edge)
