"""Ties between clusters, and the E-I index against its null."""

import itertools
from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MultipleLocator

from cluster_anatomy.figures.style import TWO_COLUMNS
from cluster_anatomy.figures.vocabulary import TIE_WORDS
from cluster_anatomy.firms.ties import until

# --- Ties within and between clusters


def tie_matrix_data(ties: pd.DataFrame, country: str, largest: int) -> pd.DataFrame:
    """Count the ties between clusters of a country, without direction, and those that leave it.

    Returns
    -------
    DataFrame
        ``cluster``, ``other`` (a cluster, ``other clusters``, ``abroad``), ``ties``: each cluster
        with each, for the ``largest`` clusters by number of ties; ties with an unknown end are left
        out.
    """
    located = ties[
        (ties["seen_from"] == country) & ties["kind"].isin(["local", "external", "foreign"])
    ]
    home = {
        end: located[f"{end}_cluster"].where(located[f"{end}_country"] == country, "abroad")
        for end in ("source", "target")
    }
    pairs = pd.DataFrame({"cluster": home["source"], "other": home["target"]}).dropna()
    between = pairs[pairs["cluster"] != pairs["other"]]
    turned = between.rename(columns={"cluster": "other", "other": "cluster"})
    both = pd.concat([pairs, turned], ignore_index=True)
    sizes = both.loc[both["cluster"] != "abroad", "cluster"].value_counts()
    clusters = sorted(sizes.index, key=lambda name: (-sizes[name], name))[:largest]
    both = both[both["cluster"].isin(clusters)]
    both["other"] = both["other"].where(both["other"].isin([*clusters, "abroad"]), "other clusters")
    counts = pd.crosstab(both["cluster"], both["other"]).reindex(
        index=clusters, columns=[*clusters, "other clusters", "abroad"], fill_value=0
    )
    return counts.stack().rename("ties").reset_index()


def tie_matrices(
    ties: pd.DataFrame, countries: Iterable[str], largest: int, last_year: int
) -> pd.DataFrame:
    """Return `tie_matrix_data` of several countries, with the column ``country``.

    Ties dated after the last year are left out.
    """
    in_time = until(ties, last_year)
    return pd.concat(
        [tie_matrix_data(in_time, name, largest).assign(country=name) for name in countries]
    )


def tie_matrix(data: pd.DataFrame) -> Figure:
    """Draw the numbers of ties within and between clusters; the diagonal is local.

    Parameters
    ----------
    data : DataFrame
        ``country`` and the columns of `tie_matrix_data`.
    """
    countries = list(dict.fromkeys(data["country"]))
    figure, axes = plt.subplots(
        1, len(countries), figsize=(TWO_COLUMNS, 4.1), layout="constrained", squeeze=False
    )
    for axis, country in zip(axes[0], countries, strict=True):
        part = data[data["country"] == country]
        order, columns = list(dict.fromkeys(part["cluster"])), list(dict.fromkeys(part["other"]))
        table = part.pivot(index="cluster", columns="other", values="ties").loc[order, columns]
        seaborn.heatmap(
            table.astype(float),
            ax=axis,
            cmap="Blues",
            norm=PowerNorm(0.5),
            cbar=False,
            annot=True,
            fmt=".0f",
            annot_kws={"fontsize": 7},
            mask=table == 0,
            xticklabels=True,
            yticklabels=True,
        )
        for index in range(len(order)):
            axis.add_patch(
                Rectangle(
                    (index, index),
                    1,
                    1,
                    fill=False,
                    edgecolor="#D55E00",
                    linewidth=1,
                    clip_on=False,
                )
            )
        axis.set(xlabel="", ylabel="")
        axis.tick_params(length=0)
        axis.set_title(country, loc="left")
    return figure


# --- E-I index


def ei_data(table: pd.DataFrame) -> pd.DataFrame:
    """Choose the rows of the E-I figure: countries, clusters, types of tie; no foreign ties."""
    domestic = table["foreign_ties"] == "left_out"
    rows = table[domestic & table["scope"].isin(["all", "cluster", "tie_type"])].copy()
    panels = {"all": "clusters", "cluster": "clusters", "tie_type": "types of tie"}
    rows["group"] = rows["country"] + ", " + rows["scope"].map(panels)
    rows["label"] = rows["member"].replace(TIE_WORDS | {"all": "all clusters"})
    rows["n"] = rows["internal"] + rows["external"]
    columns = ["group", "label", "n", "ei", "null_mean", "null_low", "null_high"]
    return rows[columns].reset_index(drop=True)


def ei_against_null(data: pd.DataFrame) -> Figure:
    """Draw E-I indices (-1 all ties inside clusters, +1 all across) beside places dealt at random.

    Parameters
    ----------
    data : DataFrame
        ``group`` (panel: a country and what is drawn), ``label``, ``ei``, ``null_mean``,
        ``null_low``, ``null_high``, ``n`` (ties). Countries stand side by side.
    """
    panels = {group: part for group, part in data.groupby("group", sort=False)}
    countries = list(dict.fromkeys(group.split(", ")[0] for group in panels if ", " in group))
    columns = (
        [[group for group in panels if group.startswith(f"{name}, ")] for name in countries]
        if len(countries) > 1
        else [list(panels)]
    )
    rows = list(itertools.zip_longest(*columns))
    heights = [max(len(panels[group]) for group in row if group) for row in rows]
    figure, axes = plt.subplots(
        len(rows),
        len(columns),
        figsize=(TWO_COLUMNS, 0.9 + 0.21 * sum(heights) + 0.35 * len(rows)),
        sharex=True,
        squeeze=False,
        height_ratios=[height + 0.8 for height in heights],
        layout="constrained",
    )
    for axis, group in zip(axes.flat, itertools.chain(*rows), strict=True):
        axis.set_visible(bool(group))
        if group:
            _draw_indices(axis, panels[group])
            axis.set_title(group, loc="left")
    for row, height in zip(axes, heights, strict=True):
        for axis in row:
            axis.set_ylim(height - 0.5, -0.5)
    axes[-1, 0].set_xlim(-1.05, 1.05)
    axes[-1, 0].xaxis.set_major_locator(MultipleLocator(0.5))
    for axis in axes[-1]:
        axis.set_xlabel("E-I index: −1 all ties inside clusters, +1 all across")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _draw_indices(axis: Axes, data: pd.DataFrame) -> None:
    rows = np.arange(len(data))
    axis.hlines(
        rows,
        data["null_low"],
        data["null_high"],
        color="#999999",
        linewidth=4,
        alpha=0.6,
        label="places dealt at random, 95 %",
    )
    axis.plot(data["null_mean"], rows, "|", color="#555555", markersize=7, label="their mean")
    axis.plot(data["ei"], rows, "o", color="#0072B2", markersize=4, label="observed")
    axis.set_yticks(
        rows, [f"{label} ({n})" for label, n in zip(data["label"], data["n"], strict=True)]
    )
    axis.axvline(0, color="black", linewidth=0.5)
    axis.tick_params(axis="y", length=0)
