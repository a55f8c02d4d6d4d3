"""Families of firms: who left which firm to found the next."""

import re
from typing import NamedTuple

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cluster_anatomy.figures.style import TWO_COLUMNS

COLOURS = {"local": "#0067A3", "external": "#B34E00", "foreign": "#A5487E"}
MARKS = {"external": " ↑", "foreign": " →"}
"""Colour and mark of a child by where it was founded, seen from its parent."""
COLUMNS, LONGEST = 3, 36
"""Most columns, and letters of a name from which on other names in brackets are left out."""
INDENT, LETTER = 0.16, 0.056
"""Inches from a generation to the next, and of a letter."""
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


class Line(NamedTuple):
    """A line of a tree: how deep it stands, its words, and where the child was founded."""

    depth: int
    words: str
    kind: str = ""


def genealogy(data: pd.DataFrame, roots: dict[str, list[str]]) -> Figure:
    """Draw second-order genealogies; the families of a country stand below one another.

    Parameters
    ----------
    data : DataFrame
        ``root``, ``parent``, ``child``, ``generation``, ``year``, ``child_cluster``, ``kind``.
    roots : dict
        Country to the roots drawn.
    """
    trees = {
        country: [_descendants(data[data["root"] == root], root) for root in names]
        for country, names in roots.items()
    }
    columns = _columns(trees)
    tallest = max(len(lines) for _, lines in columns)
    widths = [max(INDENT * one.depth + LETTER * len(one.words) for one in c) for _, c in columns]
    figure, axes = plt.subplots(
        1,
        len(columns),
        figsize=(max(TWO_COLUMNS / 2, min(TWO_COLUMNS, sum(widths))), 0.6 + 0.17 * tallest),
        width_ratios=widths,
        layout="constrained",
        squeeze=False,
    )
    for axis, (title, lines), width in zip(axes[0], columns, widths, strict=True):
        _draw_lines(axis, lines)
        axis.set_xlim(0, width)
        axis.set_ylim(tallest - 0.5, -0.8)
        axis.set_title(title, loc="left")
    figure.text(0.01, 0, LEGEND, fontsize=7, va="top")
    return figure


def _columns(trees: dict[str, list[list[Line]]]) -> list[tuple[str, list[Line]]]:
    """Share trees out to few columns, as low as can be; each country begins a column.

    Returns
    -------
    list of (title, lines)
        The title is the country where it begins, else blank.
    """
    height = max(len(tree) for country in trees.values() for tree in country)
    while True:
        columns: list[tuple[str, list[Line]]] = []
        for country, families in trees.items():
            columns.append((country, []))
            for tree in families:
                if columns[-1][1] and len(columns[-1][1]) + len(tree) > height:
                    columns.append(("", []))
                columns[-1][1].extend(tree)
        if len(columns) <= max(COLUMNS, len(trees)):
            return columns
        height += 1


def _draw_lines(axis: Axes, lines: list[Line]) -> None:
    """Write a line per firm, indented by its generation and joined to the parent above."""
    last_row: dict[int, int] = {}
    for row, (depth, words, kind) in enumerate(lines):
        last_row[depth] = row
        x = INDENT * depth
        if depth:
            axis.plot(
                [x - 0.1, x - 0.1, x - 0.02],
                [last_row[depth - 1] + 0.4, row, row],
                color="#777777",
                linewidth=0.7,
            )
        axis.text(x, row, words, fontsize=7, va="center", color=COLOURS.get(kind, "black"))
    axis.axis("off")


def _descendants(data: pd.DataFrame, root: str) -> list[Line]:
    """List a family from its root down."""
    lines = [Line(0, _short(root))]

    def add(parent: str, depth: int, seen: frozenset[str]) -> None:
        children = (
            data[data["parent"] == parent].drop_duplicates("child").sort_values(["year", "child"])
        )
        for row in children.itertuples():
            year = "" if pd.isna(row.year) else f" {int(row.year)}"
            words = f"{_short(row.child)}{year}{MARKS.get(row.kind, '')}"
            lines.append(Line(depth, words, row.kind))
            if row.child not in seen:
                add(row.child, depth + 1, seen | {row.child})

    add(root, 1, frozenset({root}))
    return lines


def _short(name: str) -> str:
    """Return a name without other names in brackets, if it is long; the table has all of it."""
    return name if len(name) <= LONGEST else re.sub(r" \(.*\)$", "", name)
