"""Clusters and origins in one plane (correspondence analysis), beside the tree of clusters."""

import itertools
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox
from scipy.cluster.hierarchy import dendrogram

from cluster_anatomy.figures.style import TWO_COLUMNS

DIRECTIONS = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)]
"""Where a label may stand, in order of preference: to the right and up of its point."""
DISTANCES = [2, 7, 13, 20, 28, 38, 50]
"""Points between a marker and its label; from the second on a line joins them."""
SMALL, LARGE = 12, 300
"""Area of the marker of an empty point, and of what a mass of one adds, in square points."""


def clusters_and_origins_data(
    correspondence: pd.DataFrame, trees: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """Put the points of the maps and the merges of the trees into one table."""
    points = correspondence[["country", "kind", "name", "axis1", "axis2", "mass"]]
    merges = [
        tree.assign(country=country, kind="merge", name=tree["members"])[
            ["country", "kind", "name", "height"]
        ]
        for country, tree in trees.items()
    ]
    return pd.concat([points, *merges], ignore_index=True)


def clusters_and_origins(
    data: pd.DataFrame, merges: dict[str, pd.DataFrame], names: dict[str, str]
) -> Figure:
    """Draw clusters and origins in one map per country, and the tree of clusters beside it.

    Parameters
    ----------
    data : DataFrame
        ``country``, ``kind`` (``cluster``, ``origin``), ``name``, ``axis1``, ``axis2``, ``mass``,
        ``axis1_share``, ``axis2_share`` (correspondence analysis).
    merges : dict
        Country to the tree: ``left``, ``right``, ``height``, ``size`` in scipy's order.
    names : dict
        Origin to the words of the map.
    """
    figure, axes = plt.subplots(
        2, 2, figsize=(TWO_COLUMNS, 6.4), width_ratios=[3, 2], layout="constrained"
    )
    points = {country: data[data["country"] == country] for country in merges}
    for (plane, tree), (country, steps) in zip(axes, merges.items(), strict=True):
        part = points[country]
        _draw_points(plane, part)
        plane.set_title(country, loc="left")
        _draw_tree(tree, steps, list(part.loc[part["kind"] == "cluster", "name"]))
    axes[0, 0].legend(loc="lower right")
    figure.canvas.draw()
    for plane, part in zip(axes[:, 0], points.values(), strict=True):
        _label_points(plane, part.assign(words=part["name"].replace(names)))
    return figure


def _draw_points(axis: Axes, data: pd.DataFrame) -> None:
    for kind, colour, marker in (("cluster", "#0072B2", "o"), ("origin", "#D55E00", "^")):
        points = data[data["kind"] == kind]
        axis.scatter(
            points["axis1"],
            points["axis2"],
            s=SMALL + LARGE * points["mass"],
            color=colour,
            marker=marker,
            alpha=0.6,
            label=kind,
        )
    axis.axhline(0, color="black", linewidth=0.4)
    axis.axvline(0, color="black", linewidth=0.4)
    axis.margins(0.16)
    first, second = (f"{100 * data[f'axis{number}_share'].iloc[0]:.0f} %" for number in (1, 2))
    axis.set_xlabel(f"first axis ({first} of inertia)")
    axis.set_ylabel(f"second axis ({second})")


def _draw_tree(axis: Axes, steps: pd.DataFrame, clusters: list[str]) -> None:
    dendrogram(
        steps[["left", "right", "height", "size"]].to_numpy(float),
        labels=clusters,
        orientation="left",
        ax=axis,
        color_threshold=0,
        above_threshold_color="#555555",
        leaf_font_size=7,
    )
    axis.spines["left"].set_visible(False)
    axis.set_xlabel("distance of compositions")


def _label_points(axis: Axes, data: pd.DataFrame) -> None:
    """Write a label beside each point where it covers least of the markers and other labels."""
    colours = {"cluster": "#0B3C5D", "origin": "#9C3A00"}
    scale = axis.figure.dpi / 72
    radii = np.sqrt(SMALL + LARGE * data["mass"]) / 2
    centres = axis.transData.transform(data[["axis1", "axis2"]].to_numpy(float))
    taken = [
        Bbox.from_extents(*(centre - radius * scale), *(centre + radius * scale))
        for centre, radius in zip(centres, radii, strict=True)
    ]
    if legend := axis.get_legend():
        taken.append(legend.get_window_extent())
    for point, radius in zip(data.itertuples(), radii, strict=True):
        best, least = None, np.inf
        for text in _candidates(axis, point.words, (point.axis1, point.axis2), radius):
            box = Bbox.from_extents(*text.get_window_extent().extents)
            covered = _covered(box, taken) + _outside(box, axis.bbox)
            if covered < least:
                if best is not None:
                    best.remove()
                best, least = text, covered
            else:
                text.remove()
            if not least:
                break
        if best is not None:
            best.set_color(colours[point.kind])
            taken.append(Bbox.from_extents(*best.get_window_extent().extents))


def _covered(box: Bbox, taken: list[Bbox]) -> float:
    """Area of a box that lies on others, in square pixels."""
    common = (Bbox.intersection(box, other) for other in taken)
    return sum(part.width * part.height for part in common if part is not None)


def _outside(box: Bbox, frame: Bbox) -> float:
    """Area of a box that lies left or right of a frame, in square pixels."""
    beyond = max(frame.x0 - box.x0, 0) + max(box.x1 - frame.x1, 0)
    return float(beyond * box.height)


def _candidates(
    axis: Axes, words: str, point: tuple[float, float], radius: float
) -> Iterator[Annotation]:
    """Write a label at one place after another, near ones first."""
    across = {1: "left", 0: "center", -1: "right"}
    along = {1: "bottom", 0: "center_baseline", -1: "top"}
    for distance, (right, up) in itertools.product(DISTANCES, DIRECTIONS):
        reach = (radius + distance) / np.hypot(right, up)
        text = axis.annotate(
            words,
            point,
            xytext=(right * reach, up * reach),
            textcoords="offset points",
            ha=across[right],
            va=along[up],
            fontsize=7,
            path_effects=[withStroke(linewidth=2, foreground="white")],
            arrowprops=None
            if distance == DISTANCES[0]
            else {"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkB": radius},
        )
        text.set_in_layout(False)
        yield text
