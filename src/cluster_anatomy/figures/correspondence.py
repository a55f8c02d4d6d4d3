"""Clusters and origins in one plane (correspondence analysis), beside the tree of clusters."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import BboxBase
from scipy.cluster.hierarchy import dendrogram

from cluster_anatomy.figures.style import TWO_COLUMNS

BESIDE = [
    (side * 5, up, align)
    for up in (4, -10, 14, -20, 24, -30)
    for side, align in ((1, "left"), (-1, "right"))
]
LABEL_PLACES = [*BESIDE[:2], (0, 9, "center"), (0, -16, "center"), *BESIDE[2:]]
"""Where a label may stand, in order of preference: points to the right and up, alignment."""


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
            s=12 + 300 * points["mass"],
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
    axis.set_xlabel("distance of compositions")


def _label_points(axis: Axes, data: pd.DataFrame) -> None:
    """Write a label beside each point where it meets none of those already written.

    Raises
    ------
    ValueError
        If there is no such place for a label.
    """
    colours = {"cluster": "#0B3C5D", "origin": "#9C3A00"}
    written: list[BboxBase] = []
    for point in data.itertuples():
        for right, up, align in LABEL_PLACES:
            text = axis.annotate(
                point.words,
                (point.axis1, point.axis2),
                xytext=(right, up),
                textcoords="offset points",
                ha=align,
                fontsize=7,
                color=colours[point.kind],
            )
            text.set_in_layout(False)
            box = text.get_window_extent()
            if not any(box.overlaps(other) for other in written):
                written.append(box)
                break
            text.remove()
        else:
            raise ValueError(f"No room for the label '{point.words}'.")
