"""Maps: entries by province and state, clusters and origins in one plane."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from scipy.cluster.hierarchy import dendrogram

from cluster_anatomy.figures.style import COLOURS, HATCHES, TWO_COLUMNS
from cluster_anatomy.firms.entries import ORIGINS


def map_data(entries: pd.DataFrame, tiles: pd.DataFrame) -> pd.DataFrame:
    """Count entries by province or state and origin, with the square of each.

    Returns
    -------
    DataFrame
        ``country``, ``admin``, ``code``, ``row``, ``column``, ``label``, ``entries``: squares
        without an entry have one row with 0 and no origin.
    """
    counts = entries.groupby(["country", "admin", "label"]).size().rename("entries").reset_index()
    table = tiles.merge(counts, on=["country", "admin"], how="left")
    table["entries"] = table["entries"].fillna(0).astype(int)
    order = {label: place for place, label in enumerate(ORIGINS)}
    table = table.sort_values(
        ["country", "row", "column", "label"],
        key=lambda c: c.map(order) if c.name == "label" else c,
    )
    return table[["country", "admin", "code", "row", "column", "label", "entries"]].reset_index(
        drop=True
    )


def tile_map(data: pd.DataFrame) -> Figure:
    """Draw a map of equal squares per country; each pie's area is the number of entries, its wedges
    their origin.

    Parameters
    ----------
    data : DataFrame
        From `map_data`.
    """
    countries = list(dict.fromkeys(data["country"]))
    figure, axes = plt.subplots(
        1, len(countries), figsize=(TWO_COLUMNS, 3.7), layout="constrained", squeeze=False
    )
    largest = data.groupby(["country", "admin"])["entries"].sum().max()
    for axis, country in zip(axes[0], countries, strict=True):
        part = data[data["country"] == country]
        for (row, column, code), square in part.groupby(["row", "column", "code"]):
            axis.add_patch(
                plt.Rectangle(
                    (column - 0.48, row - 0.48),
                    0.96,
                    0.96,
                    facecolor="#F4F4F4",
                    edgecolor="#BBBBBB",
                    linewidth=0.5,
                )
            )
            total = square["entries"].sum()
            words = f"{code} {total}" if total else code
            axis.text(
                column - 0.42,
                row - 0.44,
                words,
                fontsize=7,
                va="top",
                ha="left",
                color="#333333",
                zorder=4,
            )
            if total:
                _pie(axis, column, row + 0.14, 0.46 * np.sqrt(total / largest), square)
        axis.set_xlim(part["column"].min() - 0.6, part["column"].max() + 0.6)
        axis.set_ylim(part["row"].max() + 0.6, part["row"].min() - 0.6)
        axis.set_aspect("equal")
        axis.axis("off")
        axis.set_title(
            f"{country}: {part['entries'].sum()} entries with a known province or state",
            loc="left",
            fontsize=8,
        )
    handles = [
        plt.Rectangle(
            (0, 0), 1, 1, facecolor=COLOURS[label], hatch=HATCHES[label], edgecolor="white"
        )
        for label in ORIGINS
    ]
    figure.legend(handles, ORIGINS.values(), loc="outside lower center", ncols=4)
    return figure


def _pie(axis, x: float, y: float, radius: float, square: pd.DataFrame) -> None:
    start = 90.0
    for label, entries in zip(square["label"], square["entries"], strict=True):
        end = start - 360 * entries / square["entries"].sum()
        axis.add_patch(
            Wedge(
                (x, y),
                radius,
                -start,
                -end,
                facecolor=COLOURS[label],
                hatch=HATCHES[label],
                edgecolor="white",
                linewidth=0.3,
                zorder=3,
            )
        )
        start = end


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
    for (axis, tree), (country, steps) in zip(axes, merges.items(), strict=True):
        part = data[data["country"] == country].reset_index(drop=True)
        for kind, colour, marker in (("cluster", "#0072B2", "o"), ("origin", "#D55E00", "^")):
            some = part[part["kind"] == kind]
            axis.scatter(
                some["axis1"],
                some["axis2"],
                s=12 + 300 * some["mass"],
                color=colour,
                marker=marker,
                alpha=0.6,
                label=kind,
            )
        axis.axhline(0, color="black", linewidth=0.4)
        axis.axvline(0, color="black", linewidth=0.4)
        axis.margins(0.16)
        first, second = (f"{100 * part[f'axis{number}_share'].iloc[0]:.0f} %" for number in (1, 2))
        axis.set_xlabel(f"first axis ({first} of inertia)")
        axis.set_ylabel(f"second axis ({second})")
        axis.set_title(country, loc="left")
        clusters = list(part.loc[part["kind"] == "cluster", "name"])
        dendrogram(
            steps[["left", "right", "height", "size"]].to_numpy(float),
            labels=clusters,
            orientation="left",
            ax=tree,
            color_threshold=0,
            above_threshold_color="#555555",
            leaf_font_size=7,
        )
        tree.set_xlabel("distance of compositions")
    axes[0, 0].legend(loc="lower right")
    figure.canvas.draw()
    for axis, country in zip(axes[:, 0], merges, strict=True):
        part = data[data["country"] == country]
        colours = part["kind"].map({"cluster": "#0B3C5D", "origin": "#9C3A00"})
        labels = [names.get(name, name) for name in part["name"]]
        _label_points(axis, part["axis1"], part["axis2"], labels, list(colours))
    return figure


def _label_points(axis, x, y, labels: list[str], colours: list[str]) -> None:
    """Write a label beside each point where it meets none of those already written; leave none out."""
    renderer = axis.figure.canvas.get_renderer()
    spots = [(0, 9, "center"), (0, -16, "center")]
    spots += [
        (side * 5, up, align)
        for up in (4, -10, 14, -20, 24, -30)
        for side, align in ((1, "left"), (-1, "right"))
    ]
    written = []
    for px, py, label, colour in zip(x, y, labels, colours, strict=True):
        for dx, dy, align in spots[2:4] + spots[:2] + spots[4:]:
            text = axis.annotate(
                label,
                (px, py),
                xytext=(dx, dy),
                textcoords="offset points",
                ha=align,
                fontsize=7,
                color=colour,
            )
            text.set_in_layout(False)
            box = text.get_window_extent(renderer)
            if not any(box.overlaps(other) for other in written):
                written.append(box)
                break
            text.remove()
        else:
            raise ValueError(f"No room for the label '{label}'.")


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
