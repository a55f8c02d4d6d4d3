"""Step 08: every figure of the study, one function each: data in, figure out."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Wedge
from scipy.cluster.hierarchy import dendrogram

from cluster_anatomy.entry_patterns import ORIGINS
from cluster_anatomy.firm_lists import split
from cluster_anatomy.style import COLOURS, HATCHES, TWO_COLUMNS

TIE_WORDS = {
    "founded": "founded",
    "invested_in": "invested in",
    "subsidiary_of": "part of",
    "spun_off_from": "spun off from",
    "acquired": "acquired",
    "licensed_from": "licensed from",
    "staff_moved_to": "staff moved to",
    "joint_venture_with": "joint venture",
    "rd_site_of": "R&D site of",
    "manufacturing_site_of": "plant of",
    "developed_product_for": "developed product for",
}
"""Types of tie as they are written on an arrow."""


VERDICTS = {
    "supported": ("#009E73", "", "supported"),
    "partly": ("#F0E442", "...", "partly"),
    "contradicted": ("#D55E00", "xxx", "contradicted"),
    "not_testable": ("#D9D9D9", "///", "not testable"),
    "definition": ("#FFFFFF", "---", "definition"),
}
"""Verdicts as they are drawn: colour, second cue, words."""


def words(table: pd.DataFrame, **parameters) -> dict[str, dict[str, str]]:
    """Return title, caption and alternative text of every figure, parameters filled in.

    Parameters
    ----------
    table : DataFrame
        ``figure``, ``title``, ``caption``, ``alt``; a text may hold ``{parameter}``.
    """
    texts = table.set_index("figure").to_dict("index")
    return {
        name: {part: text.format(**parameters) for part, text in parts.items()}
        for name, parts in texts.items()
    }


def composition_data(members: list[tuple[str, str, pd.DataFrame]]) -> pd.DataFrame:
    """Count entries by origin for the bars of a composition figure.

    Parameters
    ----------
    members : list of (panel, bar, entries)
        In the order of the figure.

    Returns
    -------
    DataFrame
        ``panel``, ``bar``, ``label``, ``entries``, ``n`` (of the bar), ``firm_ids`` (``|`` between
        them).
    """
    rows = []
    for panel, bar, group in members:
        for label in ORIGINS:
            firms = group.loc[group["label"] == label, "firm_id"]
            rows.append(
                (panel, bar, label, len(firms), len(group), "|".join(sorted(firms)) or pd.NA)
            )
    return pd.DataFrame(rows, columns=["panel", "bar", "label", "entries", "n", "firm_ids"])


def composition(data: pd.DataFrame, share: bool = True) -> Figure:
    """Draw stacked bars of entries by origin, one panel above the other.

    Parameters
    ----------
    data : DataFrame
        From `composition_data`.
    share : bool
        Whether bars are shares of their n (written beside them) or counts.
    """
    panels = list(dict.fromkeys(data["panel"]))
    heights = [data[data["panel"] == panel]["bar"].nunique() for panel in panels]
    figure, axes = plt.subplots(
        len(panels),
        1,
        figsize=(TWO_COLUMNS, 1.2 + 0.25 * sum(heights) + 0.4 * len(panels)),
        squeeze=False,
        height_ratios=[rows + 1 for rows in heights],
        layout="constrained",
    )
    for axis, panel in zip(axes[:, 0], panels, strict=True):
        part = data[data["panel"] == panel]
        bars = list(dict.fromkeys(part["bar"]))
        left = np.zeros(len(bars))
        totals = part.groupby("bar")["n"].first().reindex(bars).to_numpy()
        for label in ORIGINS:
            counts = (
                part[part["label"] == label]
                .set_index("bar")["entries"]
                .reindex(bars)
                .to_numpy(dtype=float)
            )
            width = counts / totals if share else counts
            axis.barh(
                bars,
                width,
                left=left,
                color=COLOURS[label],
                hatch=HATCHES[label],
                edgecolor="white",
                linewidth=0.4,
                label=ORIGINS[label],
            )
            left += width
        for bar, total, end in zip(bars, totals, left, strict=True):
            axis.text(end + (0.01 if share else 0.3), bar, f"n = {total}", va="center", fontsize=7)
        axis.invert_yaxis()
        axis.set_title(panel, loc="left")
        axis.tick_params(axis="y", length=0)
        if share:
            axis.set_xlim(0, 1.12)
            axis.spines["bottom"].set_bounds(0, 1)
            axis.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
        if axis is not axes[-1, 0]:
            axis.tick_params(axis="x", labelbottom=False)
    axes[-1, 0].set_xlabel("Share of entries" if share else "Entries")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def difference_data(
    shares: pd.DataFrame, differences: pd.DataFrame, properties: pd.DataFrame
) -> pd.DataFrame:
    """Put shares of both countries and their difference into one table for the figure.

    Returns
    -------
    DataFrame
        ``property``, ``label``, ``series`` (a frame, or ``difference``), ``value``, ``low``,
        ``high``, ``bound_low``, ``bound_high``, ``n``, ``n2``.
    """
    first = shares.rename(columns={"frame": "series"})
    second = differences.assign(series="difference")
    table = pd.concat([first, second], ignore_index=True).merge(
        properties[["property", "label"]], on="property"
    )
    columns = [
        "property",
        "label",
        "series",
        "value",
        "low",
        "high",
        "bound_low",
        "bound_high",
        "n",
        "n2",
    ]
    return table.reindex(columns=columns)


def china_usa(
    data: pd.DataFrame,
    names: dict[str, str],
    published: dict[str, float],
    difference: str = "China minus USA",
) -> Figure:
    """Draw shares of two frames side by side and, beside them, their differences with intervals.

    Parameters
    ----------
    data : DataFrame
        From `difference_data`.
    names : dict
        Frame to the words of the legend, the minuend first.
    published : dict
        Property to the published share of the USA, drawn as a line.
    difference : str
        What is taken from what, for the axis.
    """
    labels = list(dict.fromkeys(data["label"]))
    place = {label: row for row, label in enumerate(labels)}
    figure, (left, right) = plt.subplots(
        1,
        2,
        figsize=(TWO_COLUMNS, 0.9 + 0.42 * len(labels)),
        sharey=True,
        width_ratios=[3, 2],
        layout="constrained",
    )
    looks = [("#D55E00", "o", -0.16), ("#0072B2", "s", 0.16)]
    for (series, name), (colour, marker, shift) in zip(names.items(), looks, strict=True):
        part = data[data["series"] == series]
        rows = part["label"].map(place) + shift
        left.hlines(
            rows, part["bound_low"], part["bound_high"], color=colour, alpha=0.25, linewidth=5
        )
        _interval(left, part, rows, colour, marker, name)
    property_of = dict(zip(data["property"], data["label"], strict=True))
    for prop, value in published.items():
        row = place[property_of[prop]]
        left.plot(
            [value, value], [row - 0.42, row + 0.42], color="black", linewidth=1, linestyle=":"
        )
        left.annotate(
            "published, USA",
            (value, row + 0.42),
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7,
        )
    part = data[data["series"] == "difference"]
    rows = part["label"].map(place)
    right.hlines(
        rows, part["bound_low"], part["bound_high"], color="black", alpha=0.15, linewidth=5
    )
    _interval(right, part, rows, "black", "D", difference)
    right.axvline(0, color="black", linewidth=0.6)
    left.set_yticks(range(len(labels)), [label[0].upper() + label[1:] for label in labels])
    left.set_ylim(len(labels) - 0.4, -0.6)
    left.set_xlim(0, 1)
    left.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
    left.set_xlabel("Share of entries")
    right.set_xlim(-1, 1)
    right.set_xticks([-1, -0.5, 0, 0.5, 1], ["−100", "−50", "0", "50", "100 points"])
    right.set_xlabel(f"Difference, {difference}")
    left.tick_params(axis="y", length=0)
    right.tick_params(axis="y", length=0)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def _interval(axis, part: pd.DataFrame, rows, colour: str, marker: str, name: str) -> None:
    errors = [part["value"] - part["low"], part["high"] - part["value"]]
    axis.errorbar(
        part["value"],
        rows,
        xerr=np.array(errors, dtype=float).clip(0),
        color=colour,
        marker=marker,
        markersize=4,
        linestyle="none",
        linewidth=1,
        capsize=2,
        label=name,
    )


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
        known = ties.dropna(subset=[f"{end}_city"])
        city |= dict(zip(known[f"{end}_name"], known[f"{end}_city"], strict=True))
    chinese = dict(zip(organisations["org_name"], organisations["name_zh"], strict=True))
    chinese |= dict(zip(persons["person"], persons["name_zh"], strict=True))
    for firm in firms.itertuples():
        for name in [firm.name_en, *split(firm.other_names)]:
            if pd.notna(name):
                city.setdefault(name, firm.city)
                chinese.setdefault(name, firm.name_zh)
    keep = [
        {name: word for name, word in words.items() if pd.notna(word)} for words in (city, chinese)
    ]
    return keep[0], keep[1]


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
    chosen = edges[edges["figure"] == figure].copy()
    year = ["" if pd.isna(value) else f" {value}" for value in chosen["year"]]
    chosen["words"] = chosen["tie_type"].map(TIE_WORDS) + year
    chosen["in_paper"] = chosen["provenance"].str.startswith("seed")
    pairs = chosen.groupby(["source_name", "target_name"], sort=True)
    table = pairs.agg(
        words=("words", lambda words: "; ".join(dict.fromkeys(words))),
        in_paper=("in_paper", "max"),
    ).reset_index()
    table["in_paper"] = table["in_paper"].map({True: "yes", False: "no"})
    table = table.rename(columns={"source_name": "source", "target_name": "target"})
    for end in ("source", "target"):
        table[f"{end}_city"] = table[end].map(places)
        table[f"{end}_zh"] = table[end].map(chinese)
    columns = [
        "source",
        "target",
        "words",
        "in_paper",
        "source_city",
        "target_city",
        "source_zh",
        "target_zh",
    ]
    return table[columns]


def ego_network(data: pd.DataFrame, centre: str) -> Figure:
    """Draw the ties around one person or firm; full arrows stand in the paper, dashed ones were
    found elsewhere.

    Left stands who reaches the centre, right whom it reaches (and all others); each arrow is
    numbered, and its words stand in the list below.
    """
    keyed = data.reset_index(drop=True)
    labels = {
        name: [
            _wrap(name),
            *([zh] if pd.notna(zh) else []),
            f"({city})" if pd.notna(city) else "(place not known)",
        ]
        for end in ("source", "target")
        for name, zh, city in keyed[[end, f"{end}_zh", f"{end}_city"]].itertuples(index=False)
    }
    left = sorted(set(keyed.loc[keyed["target"] == centre, "source"]) - {centre})
    reached = set(keyed.loc[keyed["source"] == centre, "target"])
    right = sorted(set(labels) - set(left) - {centre}, key=lambda name: (name not in reached, name))
    height = 0.62 * max(len(left), len(right), 2)
    below = 0.16 * len(keyed) + 0.5
    at = {centre: (TWO_COLUMNS / 2 if left else 1.45, height / 2)}
    for names, x in ((left, 1.45), (right, TWO_COLUMNS - 1.45)):
        for row, name in enumerate(names):
            at[name] = (x, height - (row + 0.5) * height / len(names))
    figure = plt.figure(figsize=(TWO_COLUMNS, height + below))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_xlim(0, TWO_COLUMNS)
    axis.set_ylim(-below, height)
    axis.axis("off")
    drawn = {}
    for name, (x, y) in at.items():
        drawn[name] = axis.text(
            x,
            y,
            "\n".join(labels[name]),
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
    figure.canvas.draw()
    half = {
        name: text.get_bbox_patch().get_window_extent().width / figure.dpi / 2
        for name, text in drawn.items()
    }
    boxes = [(*spot, half[name]) for name, spot in at.items()]
    taken: list[tuple] = []
    for number, tie in enumerate(keyed.itertuples(), 1):
        ends = [(*at[name], half[name]) for name in (tie.source, tie.target)]
        _arrow(axis, *ends, str(number), tie.in_paper == "yes", taken, boxes)
        mark = "" if tie.in_paper == "yes" else " (found elsewhere)"
        line = f"{number}  {tie.source} → {tie.target}: {tie.words}{mark}"
        axis.text(0.1, -0.35 - 0.16 * number, line, fontsize=7, va="center")
    axis.text(
        0.1,
        -0.3,
        "Full arrow: stated in the paper. Dashed arrow: found in public sources.",
        fontsize=7.5,
        va="center",
    )
    return figure


def _arrow(
    axis, start: tuple, end: tuple, number: str, in_paper: bool, taken: list[tuple], boxes
) -> None:
    """Draw one numbered arrow from box to box; within a column it bends outwards."""
    (x, y, half), (x2, y2, half2) = start, end
    if x == x2:
        side = -1 if x < TWO_COLUMNS / 2 else 1
        start, end = (x + side * half, y), (x2 + side * half2, y2)
        bend = -side * 0.35 * (1 if start[1] > end[1] else -1)
    else:
        side = 1 if x < x2 else -1
        start, end, bend = (x + side * half, y), (x2 - side * half2, y2), 0.04
    colour = "#0072B2" if in_paper else "#D55E00"
    axis.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=8,
            shrinkA=1,
            shrinkB=1,
            zorder=1,
            color=colour,
            linestyle="-" if in_paper else (0, (4, 2)),
            linewidth=1.1,
            connectionstyle=f"arc3,rad={bend}",
        )
    )
    spot = _free_spot(start, end, bend, taken, boxes)
    taken.append(spot)
    axis.text(
        *spot,
        number,
        fontsize=7,
        ha="center",
        va="center",
        zorder=2,
        bbox={"boxstyle": "circle,pad=0.1", "facecolor": "white", "edgecolor": "none"},
    )


def _free_spot(
    start: tuple, end: tuple, bend: float, taken: list[tuple], boxes
) -> tuple[float, float]:
    """Find a point of a bent arrow (a quadratic Bezier curve) that is clear of names and of the
    numbers already placed.
    """
    first, last = np.array(start), np.array(end)
    control = (first + last) / 2 + bend * np.array([last[1] - first[1], first[0] - last[0]])
    spots = [
        (1 - t) ** 2 * first + 2 * t * (1 - t) * control + t**2 * last
        for t in (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8, 0.13, 0.87)
    ]
    clearance = [min((np.hypot(*(spot - other)) for other in taken), default=9.0) for spot in spots]
    for number, spot in enumerate(spots):
        if any(abs(spot[0] - x) < half + 0.12 and abs(spot[1] - y) < 0.36 for x, y, half in boxes):
            clearance[number] = 0.0
    best = next((n for n, room in enumerate(clearance) if room > 0.2), int(np.argmax(clearance)))
    return float(spots[best][0]), float(spots[best][1])


def _wrap(name: str, width: int = 22) -> str:
    lines, line = [], ""
    for word in name.split():
        if line and len(line) + len(word) + 1 > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


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


def claims_at_a_glance(claims: pd.DataFrame) -> Figure:
    """Draw every claim as a cell, by section of the paper, coloured and marked by its verdict.

    Parameters
    ----------
    claims : DataFrame
        ``claim_id``, ``part`` (section as drawn), ``verdict``.
    """
    parts = list(dict.fromkeys(claims["part"]))
    widest = claims.groupby("part").size().max()
    figure, axis = plt.subplots(
        figsize=(TWO_COLUMNS, 0.7 + 0.26 * len(parts)), layout="constrained"
    )
    for row, part in enumerate(parts):
        for column, claim in enumerate(claims[claims["part"] == part].itertuples()):
            axis.add_patch(
                plt.Rectangle(
                    (column, row - 0.42), 0.9, 0.84, linewidth=0.5, **_cell(claim.verdict)
                )
            )
    axis.set_xlim(0, widest)
    axis.set_ylim(len(parts) - 0.4, -0.6)
    axis.set_yticks(range(len(parts)), parts)
    axis.set_xlabel("Claims in the order of the paper")
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    counts = claims["verdict"].value_counts()
    handles = [plt.Rectangle((0, 0), 1, 1, **_cell(verdict)) for verdict in VERDICTS]
    labels = [f"{words} ({counts.get(verdict, 0)})" for verdict, (_, _, words) in VERDICTS.items()]
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure


def _cell(verdict: str) -> dict[str, str]:
    colour, hatch, _ = VERDICTS[verdict]
    return {
        "facecolor": colour,
        "hatch": hatch,
        "edgecolor": "#777777" if colour == "#FFFFFF" else "white",
    }


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


def specification_curve(data: pd.DataFrame, choices: list[str], label: str) -> Figure:
    """Draw the estimates of all specifications in ascending order and, below, which options are in
    force.

    Parameters
    ----------
    data : DataFrame
        One row per specification: ``value``, ``low``, ``high``, ``default`` (``yes``, ``no``) and
        the choices.
    choices : list of str
        Columns of choices, a band of rows each.
    label : str
        What the estimate is (Simonsohn, Simmons and Nelson 2020).
    """
    data = data.sort_values(["value", *choices], ignore_index=True)
    options = [
        (choice, option) for choice in choices for option in sorted(data[choice].dropna().unique())
    ]
    figure, (top, below) = plt.subplots(
        2,
        1,
        figsize=(TWO_COLUMNS, 2.2 + 0.16 * len(options)),
        sharex=True,
        height_ratios=[2, 0.16 * len(options)],
        layout="constrained",
    )
    x = np.arange(len(data))
    top.fill_between(
        x,
        data["low"],
        data["high"],
        color="#56B4E9",
        alpha=0.35,
        linewidth=0,
        label="95 % interval",
    )
    top.plot(x, data["value"], color="#0072B2", linewidth=1.2, label="estimate")
    default = data.index[data["default"] == "yes"]
    top.plot(
        default,
        data.loc[default, "value"],
        "D",
        color="#D55E00",
        markersize=4,
        linestyle="none",
        label="default reading",
    )
    top.axhline(0, color="black", linewidth=0.6)
    top.set_ylabel(label)
    top.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}".replace("-", "−"))
    top.legend(loc="upper left", ncols=3)
    for row, (choice, option) in enumerate(options):
        chosen = data.index[data[choice] == option]
        below.plot(
            chosen,
            np.full(len(chosen), row),
            "|",
            color="#333333",
            markersize=4,
            markeredgewidth=0.3,
        )
    below.set_yticks(
        range(len(options)),
        [f"{choice}: {option}".replace("_", " ") for choice, option in options],
        fontsize=7,
    )
    below.set_ylim(len(options) - 0.4, -0.6)
    below.tick_params(axis="y", length=0)
    below.set_xlabel(f"{len(data)} specifications in ascending order")
    return figure


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


def curve_data(specifications: pd.DataFrame) -> pd.DataFrame:
    """Choose the columns of a specification curve, in ascending order of the estimates."""
    columns = [
        "specification",
        "value",
        "low",
        "high",
        "default",
        "frame",
        "unknown",
        "confidence",
        "region",
        "mixed",
    ]
    columns += ["employer_abroad", "founders", "control", "joint_venture", "institutes"]
    return specifications.sort_values(["value", "specification"])[columns]


def claims_data(claims: pd.DataFrame) -> pd.DataFrame:
    """Put claims in the order of the paper's sections, footnotes last.

    Returns
    -------
    DataFrame
        ``claim_id``, ``part``, ``verdict``.
    """
    part = claims["section"].where(~claims["section"].str.startswith("fn"), "footnotes")
    table = claims.assign(part=part.where(~part.str.match(r"\d"), "section " + part))
    table["last"] = table["part"] == "footnotes"
    return table.sort_values(["last", "claim_id"], kind="stable")[
        ["claim_id", "part", "verdict"]
    ].reset_index(drop=True)
