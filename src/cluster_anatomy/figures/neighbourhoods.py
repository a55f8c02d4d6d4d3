"""Ego networks: an actor and those it is tied to (Figures 1 to 3 of the paper)."""

from textwrap import fill
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from cluster_anatomy.figures.style import TWO_COLUMNS
from cluster_anatomy.figures.vocabulary import TIE_WORDS
from cluster_anatomy.tables.cells import split


def known_words(
    ties: pd.DataFrame, firms: pd.DataFrame, persons: pd.DataFrame, organisations: pd.DataFrame
) -> tuple[dict[str, str], dict[str, str]]:
    """Collect the city and the Chinese name of everyone whom the ties name.

    Returns
    -------
    city, chinese : dict
        Name to city; name to Chinese name.
    """
    city = dict(zip(organisations["org_name"], organisations["city"], strict=True))
    for end in ("source", "target"):
        located = ties.dropna(subset=[f"{end}_city"])
        city |= dict(zip(located[f"{end}_name"], located[f"{end}_city"], strict=True))
    chinese = dict(zip(organisations["org_name"], organisations["name_zh"], strict=True))
    chinese |= dict(zip(persons["person"], persons["name_zh"], strict=True))
    for firm in firms.itertuples():
        for name in [firm.name_en, *split(firm.other_names)]:
            if pd.notna(name):
                city.setdefault(name, firm.city)
                chinese.setdefault(name, firm.name_zh)
    return _without_blanks(city), _without_blanks(chinese)


def _without_blanks(words: dict[str, str]) -> dict[str, str]:
    return {name: word for name, word in words.items() if pd.notna(word)}


def ego_data(
    edges: pd.DataFrame, figure: str, places: dict[str, str], chinese: dict[str, str]
) -> pd.DataFrame:
    """Collapse the ties of one of the paper's figures to one row per pair of names.

    Parameters
    ----------
    edges : DataFrame
        ``figure``, ``source_name``, ``target_name``, ``tie_type``, ``year``, ``provenance``.
    figure : str
        ``Fig1``, ``Fig2`` or ``Fig3``.
    places, chinese : dict
        Name to city, and name to Chinese name, where known.

    Returns
    -------
    DataFrame
        ``source``, ``target``, ``words`` (types and years of the ties), ``in_paper`` (``yes``,
        ``no``), ``source_city``, ``target_city``, ``source_zh``, ``target_zh``.
    """
    ties = edges[edges["figure"] == figure].copy()
    year = ["" if pd.isna(value) else f" {value}" for value in ties["year"]]
    ties["words"] = ties["tie_type"].map(TIE_WORDS) + year
    ties["in_paper"] = ties["provenance"].str.startswith("seed")
    pairs = ties.groupby(["source_name", "target_name"], sort=True)
    table = pairs.agg(
        words=("words", lambda words: "; ".join(dict.fromkeys(words))),
        in_paper=("in_paper", "max"),
    ).reset_index()
    table["in_paper"] = table["in_paper"].map({True: "yes", False: "no"})
    table = table.rename(columns={"source_name": "source", "target_name": "target"})
    for end in ("source", "target"):
        table[f"{end}_city"] = table[end].map(places)
        table[f"{end}_zh"] = table[end].map(chinese)
    columns = ["source", "target", "words", "in_paper"]
    columns += ["source_city", "target_city", "source_zh", "target_zh"]
    return table[columns]


Point = tuple[float, float]
"""Inches from the left, and up from the list below the network."""


class Box(NamedTuple):
    """The frame around a name: its centre and half of its width, in inches."""

    x: float
    y: float
    half: float


def ego_network(data: pd.DataFrame, centre: str) -> Figure:
    """Draw the ties around one person or firm.

    Left stands who reaches the centre, right whom it reaches (and all others); each arrow is
    numbered, and its words stand in the list below. Full arrows stand in the paper, dashed ones
    were found elsewhere.

    Parameters
    ----------
    data : DataFrame
        From `ego_data`.
    centre : str
        Name of the person or firm.
    """
    left, right = _sides(data, centre)
    height = 0.62 * max(len(left), len(right), 2)
    below = 0.16 * len(data) + 0.5
    points = {centre: (TWO_COLUMNS / 2 if left else 1.45, height / 2)}
    for names, x in ((left, 1.45), (right, TWO_COLUMNS - 1.45)):
        for row, name in enumerate(names):
            points[name] = (x, height - (row + 0.5) * height / len(names))
    figure = plt.figure(figsize=(TWO_COLUMNS, height + below))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_xlim(0, TWO_COLUMNS)
    axis.set_ylim(-below, height)
    axis.axis("off")
    boxes = _write_names(axis, points, _labels(data), centre)
    taken: list[Point] = []
    for number, tie in enumerate(data.itertuples(), 1):
        in_paper = tie.in_paper == "yes"
        start, end, bend = _arrow_path(boxes[tie.source], boxes[tie.target])
        _draw_arrow(axis, start, end, bend, in_paper)
        spot = _free_spot(start, end, bend, taken, list(boxes.values()))
        taken.append(spot)
        _write_number(axis, spot, number)
        mark = "" if in_paper else " (found elsewhere)"
        line = f"{number}  {tie.source} → {tie.target}: {tie.words}{mark}"
        axis.text(0.1, -0.35 - 0.16 * number, line, fontsize=7, va="center")
    key = "Full arrow: stated in the paper. Dashed arrow: found in public sources."
    axis.text(0.1, -0.3, key, fontsize=7.5, va="center")
    return figure


def _sides(data: pd.DataFrame, centre: str) -> tuple[list[str], list[str]]:
    """Return the names on the left of the centre and those on its right, from top to bottom."""
    left = sorted(set(data.loc[data["target"] == centre, "source"]) - {centre})
    reached = set(data.loc[data["source"] == centre, "target"])
    others = {*data["source"], *data["target"]} - {centre, *left}
    right = sorted(others, key=lambda name: (name not in reached, name))
    return left, right


def _labels(data: pd.DataFrame) -> dict[str, str]:
    """Return what stands in the box of each name: name, Chinese name, city."""
    labels = {}
    for end in ("source", "target"):
        rows = data[[end, f"{end}_zh", f"{end}_city"]]
        for name, chinese, city in rows.itertuples(index=False):
            lines = [fill(name, 22, break_long_words=False, break_on_hyphens=False)]
            lines += [chinese] if pd.notna(chinese) else []
            lines += [f"({city})" if pd.notna(city) else "(place not known)"]
            labels[name] = "\n".join(lines)
    return labels


def _write_names(
    axis: Axes, points: dict[str, Point], labels: dict[str, str], centre: str
) -> dict[str, Box]:
    """Write each name in a frame and return the frames as drawn."""
    texts = {}
    for name, (x, y) in points.items():
        texts[name] = axis.text(
            x,
            y,
            labels[name],
            ha="center",
            va="center",
            fontsize=7,
            zorder=3,
            bbox={
                "boxstyle": "round,pad=0.25",
                "facecolor": "#FFF3D6" if name == centre else "white",
                "edgecolor": "#555555",
                "linewidth": 0.7,
            },
        )
    axis.figure.canvas.draw()
    boxes = {}
    for name, text in texts.items():
        if frame := text.get_bbox_patch():
            width = frame.get_window_extent().width / axis.figure.dpi
            boxes[name] = Box(*points[name], width / 2)
    return boxes


def _arrow_path(source: Box, target: Box) -> tuple[Point, Point, float]:
    """Return start, end and bend of an arrow; within a column it bends outwards."""
    if source.x == target.x:
        side = -1 if source.x < TWO_COLUMNS / 2 else 1
        bend = -side * 0.35 * (1 if source.y > target.y else -1)
        end = (target.x + side * target.half, target.y)
    else:
        side, bend = (1 if source.x < target.x else -1), 0.04
        end = (target.x - side * target.half, target.y)
    return (source.x + side * source.half, source.y), end, bend


def _draw_arrow(axis: Axes, start: Point, end: Point, bend: float, in_paper: bool) -> None:
    axis.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=8,
            shrinkA=1,
            shrinkB=1,
            zorder=1,
            color="#0072B2" if in_paper else "#D55E00",
            linestyle="-" if in_paper else (0, (4, 2)),
            linewidth=1.1,
            connectionstyle=f"arc3,rad={bend}",
        )
    )


def _write_number(axis: Axes, spot: Point, number: int) -> None:
    axis.text(
        *spot,
        str(number),
        fontsize=7,
        ha="center",
        va="center",
        zorder=2,
        bbox={"boxstyle": "circle,pad=0.1", "facecolor": "white", "edgecolor": "none"},
    )


def _free_spot(
    start: Point, end: Point, bend: float, taken: list[Point], boxes: list[Box]
) -> Point:
    """Find a point of a bent arrow, clear of names and of the numbers already placed.

    The arrow is a quadratic Bezier curve.
    """
    first, last = np.array(start), np.array(end)
    control = (first + last) / 2 + bend * np.array([last[1] - first[1], first[0] - last[0]])
    spots = [
        (1 - t) ** 2 * first + 2 * t * (1 - t) * control + t**2 * last
        for t in (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8, 0.13, 0.87)
    ]
    clearance = [min((np.hypot(*(spot - other)) for other in taken), default=9.0) for spot in spots]
    for index, spot in enumerate(spots):
        if any(abs(spot[0] - x) < half + 0.12 and abs(spot[1] - y) < 0.36 for x, y, half in boxes):
            clearance[index] = 0.0
    free = (index for index, room in enumerate(clearance) if room > 0.2)
    best = next(free, int(np.argmax(clearance)))
    return float(spots[best][0]), float(spots[best][1])
