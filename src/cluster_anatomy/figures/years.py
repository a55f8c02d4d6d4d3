"""Entry over time."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cluster_anatomy.figures.bars import by_origin, drawn, origin_legend, stack
from cluster_anatomy.figures.style import TWO_COLUMNS, fit_title


def _period_start(year: pd.Series, length: int) -> pd.Series:
    """Return the first year of each year's period; the last one is a multiple of the length."""
    return (year.astype(int) - 1) // length * length + 1


def _draw_periods(
    axis: Axes, lengths: pd.DataFrame, years: int, linewidth: float
) -> dict[str, Artist]:
    """Draw a stacked bar per period, which covers its years."""
    middles = lengths.set_axis(lengths.index + years / 2 - 0.5)
    parts = stack(axis, middles, thickness=years * 0.9, linewidth=linewidth)
    axis.locator_params(axis="y", integer=True)
    return parts


# --- By frame


def over_time_data(frames: dict[str, pd.DataFrame], step: int = 3) -> pd.DataFrame:
    """Count entries by country, period of some years and origin.

    Returns
    -------
    DataFrame
        ``frame``, ``first_year`` (of the period), ``years``, ``label``, ``entries``.

    Raises
    ------
    ValueError
        If a period has not at least one year.
    """
    if step < 1:
        raise ValueError(f"Periods of {step} years: a period has at least one year.")
    rows = []
    for frame, entries in frames.items():
        dated = entries.dropna(subset=["entry_year"])
        start = _period_start(dated["entry_year"], step)
        counts = dated.assign(first_year=start).groupby(["first_year", "label"]).size()
        for (first, label), count in counts.items():
            rows.append((frame, first, step, label, count))
    return pd.DataFrame(rows, columns=["frame", "first_year", "years", "label", "entries"])


def events_by_frame(
    events: pd.DataFrame, countries: dict[str, str]
) -> dict[str, list[tuple[int, str]]]:
    """Return the dated events of each frame's country, as (year, words).

    Parameters
    ----------
    events : DataFrame
        ``country``, ``year``, ``event``.
    countries : dict
        Frame to its country.
    """
    return {
        frame: [(row.year, row.event) for row in events[events["country"] == country].itertuples()]
        for frame, country in countries.items()
    }


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
    handles: dict[str, Artist] = {}
    for axis, (frame, title) in zip(axes[:, 0], names.items(), strict=True):
        all_years = data[data["frame"] == frame]
        part = all_years[all_years["first_year"] >= first]
        lengths = by_origin(part, "first_year")
        handles |= drawn(_draw_periods(axis, lengths, years, linewidth=0.4), lengths)
        axis.set_ylim(0, lengths.sum(axis="columns").max() * 1.3)
        _mark_events(axis, events.get(frame, []))
        axis.set_title(f"{title} ({_counted(all_years, first)})", loc="left")
        axis.set_ylabel(f"Entries per {years} years")
    origin_legend(figure, handles)
    return figure


def _counted(data: pd.DataFrame, first: int) -> str:
    """Say how many entries are drawn, how many works from before the reforms, and what is not."""
    drawn, works = data["first_year"] >= first, data["label"] == "state_backbone"
    shown, stock = (int(data.loc[drawn & rows, "entries"].sum()) for rows in (~works, works))
    early = int(data.loc[~drawn, "entries"].sum())
    parts = [f"{shown} entries with a year"]
    parts += [f"{stock} works from before the reforms"] if stock else []
    parts += [f"{early} before {first} not drawn"] if early else []
    return "; ".join(parts)


def _mark_events(axis: Axes, events: list[tuple[int, str]]) -> None:
    """Draw a line per dated event; their words stand on two levels by turns."""
    top = axis.get_ylim()[1]
    for index, (year, words) in enumerate(events):
        axis.axvline(year - 0.5, color="black", linewidth=0.6, linestyle="--")
        axis.text(
            year - 0.2,
            top * (0.98 - 0.11 * (index % 2)),
            words,
            fontsize=7,
            va="top",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )


# --- By cluster


def cluster_years_data(
    entries: pd.DataFrame, profiles: pd.DataFrame, smallest: int, years: int
) -> pd.DataFrame:
    """Count dated entries per cluster, period and origin, beside the cluster's year of take-off.

    Returns
    -------
    DataFrame
        ``country``, ``cluster``, ``first_year``, ``years``, ``label``, ``entries``, ``take_off``
        (blank where undefined); clusters with at least ``smallest`` dated entries.
    """
    dated = entries.dropna(subset=["entry_year", "cluster"])
    dated = dated.assign(first_year=_period_start(dated["entry_year"], years), years=years)
    sizes = dated.groupby(["country", "cluster"])["firm_id"].transform("size")
    keys = ["country", "cluster", "first_year", "years", "label"]
    table = dated[sizes >= smallest].groupby(keys).size().rename("entries").reset_index()
    return table.merge(
        profiles[["country", "cluster", "take_off"]], on=["country", "cluster"], how="left"
    )


def cluster_years(data: pd.DataFrame, first: int, own_scales: bool = False) -> Figure:
    """Draw entries over time by origin, a panel per cluster; a dashed line marks take-off.

    The first panel of each country names it, where there are several.

    Parameters
    ----------
    data : DataFrame
        From `cluster_years_data`.
    first : int
        First year drawn; earlier entries are not counted in the titles.
    own_scales : bool
        Whether each panel has its own vertical scale, so that a large cluster does not flatten the
        others.
    """
    data = data[data["first_year"] >= first]
    totals = data.groupby(["country", "cluster"])["entries"].sum().reset_index()
    totals = totals.sort_values(
        ["country", "entries", "cluster"], ascending=[True, False, True], ignore_index=True
    )
    countries = totals["country"].drop_duplicates()
    begins = set(countries.index) if len(countries) > 1 else set()
    columns = min(4, len(totals))
    rows = -(-len(totals) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(TWO_COLUMNS, 0.7 + 1.25 * rows),
        sharex=True,
        sharey=not own_scales,
        squeeze=False,
        layout="constrained",
    )
    years = int(data["years"].iloc[0])
    handles: dict[str, Artist] = {}
    for axis, panel in zip(axes.flat, totals.itertuples(), strict=False):
        part = data[(data["country"] == panel.country) & (data["cluster"] == panel.cluster)]
        lengths = by_origin(part, "first_year")
        handles |= _draw_periods(axis, lengths.loc[:, lengths.any()], years, linewidth=0.3)
        take_off = part["take_off"].iloc[0]
        if pd.notna(take_off):
            axis.axvline(take_off, color="black", linewidth=0.7, linestyle="--")
        title = f"{panel.cluster} ({panel.entries})"
        if panel.Index in begins:
            title = f"{panel.country}: {title}"
        written = axis.set_title(title, loc="left", fontsize=8)
        fit_title(figure, written, TWO_COLUMNS / columns - 0.2)
    for place in range(len(totals), rows * columns):
        axes.flat[place].set_visible(False)
        axes.flat[place - columns].tick_params(labelbottom=True)
    origin_legend(figure, handles)
    figure.supylabel(f"Entries per {years} years", fontsize=8)
    return figure
