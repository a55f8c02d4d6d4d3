"""Families of firms: who left which firm to found the next."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cluster_anatomy.figures.style import TWO_COLUMNS

COLOURS = {"local": "#0072B2", "external": "#D55E00", "foreign": "#CC79A7"}
MARKS = {"external": " ↑", "foreign": " →"}
"""Colour and mark of a child by where it was founded, seen from its parent."""
LEGEND = (
    "Blue: founded in the parent's cluster. Orange ↑: in another cluster. Pink →: in another"
    " country. Black: place not known."
)


def genealogy_data(families: pd.DataFrame, roots: dict[str, list[str]]) -> pd.DataFrame:
    """Choose the families drawn, a panel per country."""
    parts = [
        families[families["root"] == root]
        .drop_duplicates(["parent", "child"])
        .assign(country=country)
        for country, names in roots.items()
        for root in names
    ]
    return pd.concat(parts)[["country", "root", "parent", "child", "year", "child_cluster", "kind"]]


def genealogy(data: pd.DataFrame, roots: dict[str, list[str]]) -> Figure:
    """Draw second-order genealogies, one panel per country.

    Parameters
    ----------
    data : DataFrame
        ``root``, ``parent``, ``child``, ``generation``, ``year``, ``child_cluster``, ``kind``.
    roots : dict
        Country to the roots drawn.
    """
    panels = {
        country: [line for root in names for line in _descendants(data[data["root"] == root], root)]
        for country, names in roots.items()
    }
    tallest = max(map(len, panels.values()))
    figure, axes = plt.subplots(
        1,
        len(roots),
        figsize=(TWO_COLUMNS, 0.6 + 0.17 * tallest),
        layout="constrained",
        squeeze=False,
    )
    for axis, (country, lines) in zip(axes[0], panels.items(), strict=True):
        _draw_lines(axis, lines)
        axis.set_ylim(tallest - 0.5, -0.8)
        axis.set_title(country, loc="left")
    figure.text(0.01, 0, LEGEND, fontsize=7, va="top")
    return figure


def _draw_lines(axis: Axes, lines: list[tuple[int, str, str]]) -> None:
    """Write a line per firm, indented by its generation and joined to the parent above."""
    last_row: dict[int, int] = {}
    for row, (depth, words, kind) in enumerate(lines):
        last_row[depth] = row
        if depth:
            axis.plot(
                [depth - 0.9, depth - 0.9, depth - 0.1],
                [last_row[depth - 1] + 0.4, row, row],
                color="#777777",
                linewidth=0.7,
            )
        axis.text(depth, row, words, fontsize=7, va="center", color=COLOURS.get(kind, "black"))
    axis.set_xlim(-0.2, 6)
    axis.axis("off")


def _descendants(data: pd.DataFrame, root: str) -> list[tuple[int, str, str]]:
    """List a family from its root down: depth, words, and where the child was founded."""
    lines: list[tuple[int, str, str]] = [(0, root, "")]

    def add(parent: str, depth: int, seen: frozenset[str]) -> None:
        children = (
            data[data["parent"] == parent].drop_duplicates("child").sort_values(["year", "child"])
        )
        for row in children.itertuples():
            year = "" if pd.isna(row.year) else f" {int(row.year)}"
            lines.append((depth, f"{row.child}{year}{MARKS.get(row.kind, '')}", row.kind))
            if row.child not in seen:
                add(row.child, depth + 1, seen | {row.child})

    add(root, 1, frozenset({root}))
    return lines
