"""Ties between clusters, the E-I index against its null, families of firms."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from cluster_anatomy.figures.style import TWO_COLUMNS
from cluster_anatomy.figures.vocabulary import TIE_WORDS


def tie_matrix_data(ties: pd.DataFrame, country: str, largest: int) -> pd.DataFrame:
    """Count the ties between clusters of a country, without direction, and those that leave it.

    Returns
    -------
    DataFrame
        ``cluster``, ``other`` (a cluster, ``other clusters``, ``abroad``), ``ties``: each cluster
        with each, for the ``largest`` clusters by number of ties; ties with an unknown end are left
        out.
    """
    known = ties[
        (ties["seen_from"] == country) & ties["kind"].isin(["local", "external", "foreign"])
    ]
    home = {
        end: known[f"{end}_cluster"].where(known[f"{end}_country"] == country, "abroad")
        for end in ("source", "target")
    }
    pairs = pd.DataFrame({"cluster": home["source"], "other": home["target"]}).dropna()
    both = pd.concat(
        [
            pairs,
            pairs[pairs["cluster"] != pairs["other"]].rename(
                columns={"cluster": "other", "other": "cluster"}
            ),
        ],
        ignore_index=True,
    )
    sizes = both.loc[both["cluster"] != "abroad", "cluster"].value_counts()
    chosen = sorted(sizes.index, key=lambda name: (-sizes[name], name))[:largest]
    both = both[both["cluster"].isin(chosen)]
    both["other"] = both["other"].where(both["other"].isin([*chosen, "abroad"]), "other clusters")
    counts = pd.crosstab(both["cluster"], both["other"]).reindex(
        index=chosen, columns=[*chosen, "other clusters", "abroad"], fill_value=0
    )
    return counts.stack().rename("ties").reset_index()


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
        for place in range(len(order)):
            axis.add_patch(
                plt.Rectangle((place, place), 1, 1, fill=False, edgecolor="#D55E00", linewidth=1)
            )
        axis.set(xlabel="", ylabel="")
        axis.tick_params(length=0)
        axis.set_title(country, loc="left")
    return figure


def ei_against_null(data: pd.DataFrame) -> Figure:
    """Draw E-I indices beside what chance would give: -1 all ties inside clusters, +1 all across.

    Parameters
    ----------
    data : DataFrame
        ``group`` (panel), ``label``, ``ei``, ``null_mean``, ``null_low``, ``null_high``, ``n``
        (ties).
    """
    panels = list(dict.fromkeys(data["group"]))
    heights = [int((data["group"] == panel).sum()) for panel in panels]
    figure, axes = plt.subplots(
        len(panels),
        1,
        figsize=(TWO_COLUMNS, 0.9 + 0.21 * sum(heights) + 0.35 * len(panels)),
        sharex=True,
        squeeze=False,
        height_ratios=[height + 0.8 for height in heights],
        layout="constrained",
    )
    for axis, panel in zip(axes[:, 0], panels, strict=True):
        part = data[data["group"] == panel].reset_index(drop=True)
        rows = np.arange(len(part))
        axis.hlines(
            rows,
            part["null_low"],
            part["null_high"],
            color="#999999",
            linewidth=4,
            alpha=0.6,
            label="95 % of random clusters",
        )
        axis.plot(part["null_mean"], rows, "|", color="#555555", markersize=7, label="their mean")
        axis.plot(part["ei"], rows, "o", color="#0072B2", markersize=4, label="observed")
        axis.set_yticks(
            rows, [f"{label} ({n})" for label, n in zip(part["label"], part["n"], strict=True)]
        )
        axis.set_ylim(len(part) - 0.5, -0.5)
        axis.axvline(0, color="black", linewidth=0.5)
        axis.set_title(panel, loc="left")
        axis.tick_params(axis="y", length=0)
    axes[-1, 0].set_xlim(-1.05, 1.05)
    axes[-1, 0].set_xlabel("E-I index: −1 all ties inside clusters, +1 all across")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def genealogy(data: pd.DataFrame, roots: dict[str, list[str]]) -> Figure:
    """Draw second-order genealogies: who left which firm to found the next, one panel per country.

    Parameters
    ----------
    data : DataFrame
        ``root``, ``parent``, ``child``, ``generation``, ``year``, ``child_cluster``, ``kind``.
    roots : dict
        Country to the roots drawn.
    """
    listed = {
        country: [line for root in names for line in _descendants(data[data["root"] == root], root)]
        for country, names in roots.items()
    }
    tallest = max(map(len, listed.values()))
    figure, axes = plt.subplots(
        1,
        len(roots),
        figsize=(TWO_COLUMNS, 0.6 + 0.17 * tallest),
        layout="constrained",
        squeeze=False,
    )
    for axis, (country, lines) in zip(axes[0], listed.items(), strict=True):
        above: dict[int, int] = {}
        for row, (depth, words, kind) in enumerate(lines):
            above[depth] = row
            if depth:
                axis.plot(
                    [depth - 0.9, depth - 0.9, depth - 0.1],
                    [above[depth - 1] + 0.4, row, row],
                    color="#777777",
                    linewidth=0.7,
                )
            look = {"local": "#0072B2", "external": "#D55E00", "foreign": "#CC79A7"}.get(
                kind, "black"
            )
            axis.text(depth, row, words, fontsize=7, va="center", color=look)
        axis.set_xlim(-0.2, 6)
        axis.set_ylim(tallest - 0.5, -0.8)
        axis.set_title(country, loc="left")
        axis.axis("off")
    figure.text(
        0.01,
        0,
        "Blue: founded in the parent's cluster. Orange ↑: in another cluster. Pink →: in another"
        " country. Black: place not known.",
        fontsize=7,
        va="top",
    )
    return figure


def _descendants(data: pd.DataFrame, root: str) -> list[tuple[int, str, str]]:
    """List a family from its root down: depth, words, and whether the child stayed in the parent's
    cluster.
    """
    lines: list[tuple[int, str, str]] = [(0, root, "")]

    def add(parent: str, depth: int, seen: frozenset) -> None:
        children = (
            data[data["parent"] == parent].drop_duplicates("child").sort_values(["year", "child"])
        )
        for row in children.itertuples():
            mark = {"external": " ↑", "foreign": " →"}.get(row.kind, "")
            year = "" if pd.isna(row.year) else f" {int(row.year)}"
            lines.append((depth, f"{row.child}{year}{mark}", row.kind))
            if row.child not in seen:
                add(row.child, depth + 1, seen | {row.child})

    add(root, 1, frozenset({root}))
    return lines


def ei_data(table: pd.DataFrame) -> pd.DataFrame:
    """Choose the rows of the E-I figure: each country, its clusters and its types of tie, foreign
    ties left out.
    """
    chosen = table[
        (table["foreign_ties"] == "left_out") & table["scope"].isin(["all", "cluster", "tie_type"])
    ].copy()
    part = chosen["scope"].map(
        {"all": "clusters", "cluster": "clusters", "tie_type": "types of tie"}
    )
    chosen["group"] = chosen["country"] + ", " + part
    chosen["label"] = chosen["member"].replace(TIE_WORDS | {"all": "all clusters"})
    chosen["n"] = chosen["internal"] + chosen["external"]
    return chosen[["group", "label", "n", "ei", "null_mean", "null_low", "null_high"]].reset_index(
        drop=True
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
