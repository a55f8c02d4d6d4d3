"""Entry over time."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from cluster_anatomy.figures.style import COLOURS, HATCHES, TWO_COLUMNS
from cluster_anatomy.firms.entries import ORIGINS


def over_time_data(frames: dict[str, pd.DataFrame], step: int = 3) -> pd.DataFrame:
    """Count entries by country, period of some years and origin.

    Returns
    -------
    DataFrame
        ``frame``, ``first_year`` (of the period), ``years``, ``label``, ``entries``.
    """
    rows = []
    for frame, chosen in frames.items():
        known = chosen.dropna(subset=["entry_year"])
        start = (known["entry_year"].astype(int) - 1) // step * step + 1
        counts = known.assign(first_year=start).groupby(["first_year", "label"]).size()
        for (first, label), entries in counts.items():
            rows.append((frame, first, step, label, entries))
    return pd.DataFrame(rows, columns=["frame", "first_year", "years", "label", "entries"])


def over_time(
    data: pd.DataFrame, names: dict[str, str], events: dict[str, list[tuple[int, str]]], first: int
) -> Figure:
    """Draw entries over time by origin, a panel per frame, with dated events.

    Parameters
    ----------
    data : DataFrame
        From `over_time_data`.
    names : dict
        Frame to its title.
    events : dict
        Frame to a list of (year, words).
    first : int
        First year shown; earlier entries are counted in the title.
    """
    figure, axes = plt.subplots(
        len(names),
        1,
        figsize=(TWO_COLUMNS, 0.6 + 2.1 * len(names)),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    years = int(data["years"].iloc[0])
    for axis, (frame, title) in zip(axes[:, 0], names.items(), strict=True):
        part = data[(data["frame"] == frame)]
        early = int(part.loc[part["first_year"] < first, "entries"].sum())
        part = part[part["first_year"] >= first]
        bottom = pd.Series(0.0, index=sorted(part["first_year"].unique()))
        for label in ORIGINS:
            counts = (
                part[part["label"] == label]
                .set_index("first_year")["entries"]
                .reindex(bottom.index)
                .fillna(0)
            )
            axis.bar(
                bottom.index + years / 2 - 0.5,
                counts,
                width=years * 0.9,
                bottom=bottom,
                color=COLOURS[label],
                hatch=HATCHES[label],
                edgecolor="white",
                linewidth=0.4,
                label=ORIGINS[label],
            )
            bottom += counts
        top = bottom.max() * 1.3
        axis.set_ylim(0, top)
        for place, (year, words) in enumerate(events.get(frame, [])):
            axis.axvline(year - 0.5, color="black", linewidth=0.6, linestyle="--")
            axis.text(
                year - 0.2,
                top * (0.98 - 0.11 * (place % 2)),
                words,
                fontsize=7,
                va="top",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            )
        note = f"; {early} before {first} not drawn" if early else ""
        axis.set_title(
            f"{title} ({int(part['entries'].sum())} entries with a year{note})", loc="left"
        )
        axis.set_ylabel(f"Entries per {years} years")
        axis.yaxis.get_major_locator().set_params(integer=True)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def cluster_years_data(
    entries: pd.DataFrame, profiles: pd.DataFrame, smallest: int, years: int
) -> pd.DataFrame:
    """Count dated entries per cluster, period of years and origin, with the cluster's year of
    take-off.

    Returns
    -------
    DataFrame
        ``country``, ``cluster``, ``first_year``, ``years``, ``label``, ``entries``, ``take_off``
        (blank where undefined); clusters with at least ``smallest`` dated entries.
    """
    dated = entries.dropna(subset=["entry_year", "cluster"])
    dated = dated.assign(
        first_year=(dated["entry_year"].astype(int) - 1) // years * years + 1, years=years
    )
    sizes = dated.groupby(["country", "cluster"])["firm_id"].transform("size")
    keys = ["country", "cluster", "first_year", "years", "label"]
    table = dated[sizes >= smallest].groupby(keys).size().rename("entries").reset_index()
    return table.merge(
        profiles[["country", "cluster", "take_off"]], on=["country", "cluster"], how="left"
    )


def cluster_years(data: pd.DataFrame, first: int) -> Figure:
    """Draw entries over time by origin, a small panel per cluster; the dashed line is the year of
    take-off.

    Parameters
    ----------
    data : DataFrame
        From `cluster_years_data`.
    first : int
        First year drawn.
    """
    data = data[data["first_year"] >= first]
    totals = data.groupby(["country", "cluster"])["entries"].sum().reset_index()
    totals = totals.sort_values(["country", "entries", "cluster"], ascending=[True, False, True])
    columns = min(4, len(totals))
    rows = -(-len(totals) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(TWO_COLUMNS, 0.7 + 1.25 * rows),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    years, drawn = int(data["years"].iloc[0]), {}
    for axis, (country, cluster, total) in zip(
        axes.flat, totals.itertuples(index=False), strict=False
    ):
        part = data[(data["country"] == country) & (data["cluster"] == cluster)]
        bottom = pd.Series(0.0, index=sorted(part["first_year"].unique()))
        for label in [label for label in ORIGINS if label in set(part["label"])]:
            counts = (
                part[part["label"] == label]
                .set_index("first_year")["entries"]
                .reindex(bottom.index)
                .fillna(0)
            )
            drawn[label] = axis.bar(
                bottom.index + years / 2 - 0.5,
                counts,
                width=years * 0.9,
                bottom=bottom,
                color=COLOURS[label],
                hatch=HATCHES[label],
                edgecolor="white",
                linewidth=0.3,
            )
            bottom += counts
        if pd.notna(part["take_off"].iloc[0]):
            axis.axvline(part["take_off"].iloc[0], color="black", linewidth=0.7, linestyle="--")
        axis.set_title(f"{cluster} ({total})", loc="left", fontsize=8)
        axis.yaxis.get_major_locator().set_params(integer=True)
    for axis in axes.flat[len(totals) :]:
        axis.set_visible(False)
    order = [label for label in ORIGINS if label in drawn]
    figure.legend(
        [drawn[label] for label in order],
        [ORIGINS[label] for label in order],
        loc="outside lower center",
        ncols=4,
    )
    figure.supylabel(f"Entries per {years} years", fontsize=8)
    return figure
