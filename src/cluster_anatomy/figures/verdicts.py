"""The claims at a glance."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cluster_anatomy.figures.style import TWO_COLUMNS

VERDICTS = {
    "supported": ("#009E73", "", "supported"),
    "partly": ("#F0E442", "...", "partly"),
    "contradicted": ("#D55E00", "xxx", "contradicted"),
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
    counts = claims["verdict"].value_counts()
    handles = [_cell(verdict, (0, 0), 1, 1) for verdict in VERDICTS]
    labels = [f"{words} ({counts.get(verdict, 0)})" for verdict, (_, _, words) in VERDICTS.items()]
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure


def _cell(verdict: str, corner: tuple[float, float], width: float, height: float) -> Rectangle:
    colour, hatch, _ = VERDICTS[verdict]
    edge = "#777777" if colour == "#FFFFFF" else "white"
    return Rectangle(corner, width, height, facecolor=colour, hatch=hatch, edgecolor=edge)
