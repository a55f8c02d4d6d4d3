"""Step 08: every figure of the study, one function each: data in, figure out."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

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


def words(table: pd.DataFrame, **parameters) -> dict[str, dict[str, str]]:
    """Return title, caption and alternative text of every figure, parameters filled in.

    Parameters
    ----------
    table : DataFrame
        ``figure``, ``title``, ``caption``, ``alt``; a text may hold ``{parameter}``.
    """
    texts = table.set_index("figure").to_dict("index")
    return {name: {part: text.format(**parameters) for part, text in parts.items()} for name, parts in texts.items()}


def composition_data(members: list[tuple[str, str, pd.DataFrame]]) -> pd.DataFrame:
    """Count entries by origin for the bars of a composition figure.

    Parameters
    ----------
    members : list of (panel, bar, entries)
        In the order of the figure.

    Returns
    -------
    DataFrame
        ``panel``, ``bar``, ``label``, ``entries``, ``n`` (of the bar), ``firm_ids`` (``|`` between them).
    """
    rows = []
    for panel, bar, group in members:
        for label in ORIGINS:
            firms = group.loc[group["label"] == label, "firm_id"]
            rows.append((panel, bar, label, len(firms), len(group), "|".join(sorted(firms)) or pd.NA))
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
        len(panels), 1, figsize=(TWO_COLUMNS, 1.2 + 0.25 * sum(heights) + 0.4 * len(panels)), squeeze=False,
        height_ratios=[rows + 1 for rows in heights], layout="constrained",
    )  # fmt: skip
    for axis, panel in zip(axes[:, 0], panels, strict=True):
        part = data[data["panel"] == panel]
        bars = list(dict.fromkeys(part["bar"]))
        left = np.zeros(len(bars))
        totals = part.groupby("bar")["n"].first().reindex(bars).to_numpy()
        for label in ORIGINS:
            counts = part[part["label"] == label].set_index("bar")["entries"].reindex(bars).to_numpy(dtype=float)
            width = counts / totals if share else counts
            axis.barh(
                bars, width, left=left, color=COLOURS[label], hatch=HATCHES[label], edgecolor="white",
                linewidth=0.4, label=ORIGINS[label],
            )  # fmt: skip
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


def difference_data(shares: pd.DataFrame, differences: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Put shares of both countries and their difference into one table for the figure.

    Returns
    -------
    DataFrame
        ``property``, ``label``, ``series`` (a frame, or ``difference``), ``value``, ``low``, ``high``,
        ``bound_low``, ``bound_high``, ``n``, ``n2``.
    """
    first = shares.rename(columns={"frame": "series"})
    second = differences.assign(series="difference")
    table = pd.concat([first, second], ignore_index=True).merge(properties[["property", "label"]], on="property")
    columns = ["property", "label", "series", "value", "low", "high", "bound_low", "bound_high", "n", "n2"]
    return table.reindex(columns=columns)


def china_usa(data: pd.DataFrame, names: dict[str, str], published: dict[str, float]) -> Figure:
    """Draw shares of two frames side by side and, beside them, their differences with intervals.

    Parameters
    ----------
    data : DataFrame
        From `difference_data`.
    names : dict
        Frame to the words of the legend, China first.
    published : dict
        Property to the published share of the USA, drawn as a line.
    """
    labels = list(dict.fromkeys(data["label"]))
    place = {label: row for row, label in enumerate(labels)}
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(TWO_COLUMNS, 0.9 + 0.42 * len(labels)), sharey=True, width_ratios=[3, 2], layout="constrained"
    )
    looks = [("#D55E00", "o", -0.16), ("#0072B2", "s", 0.16)]
    for (series, name), (colour, marker, shift) in zip(names.items(), looks, strict=True):
        part = data[data["series"] == series]
        rows = part["label"].map(place) + shift
        left.hlines(rows, part["bound_low"], part["bound_high"], color=colour, alpha=0.25, linewidth=5)
        _interval(left, part, rows, colour, marker, name)
    property_of = dict(zip(data["property"], data["label"], strict=True))
    for prop, value in published.items():
        row = place[property_of[prop]]
        left.plot([value, value], [row - 0.42, row + 0.42], color="black", linewidth=1, linestyle=":")
        left.annotate(
            "published, USA", (value, row + 0.42), xytext=(0, -3), textcoords="offset points", ha="center",
            va="top", fontsize=7,
        )  # fmt: skip
    part = data[data["series"] == "difference"]
    rows = part["label"].map(place)
    right.hlines(rows, part["bound_low"], part["bound_high"], color="black", alpha=0.15, linewidth=5)
    _interval(right, part, rows, "black", "D", "China minus USA")
    right.axvline(0, color="black", linewidth=0.6)
    left.set_yticks(range(len(labels)), [label[0].upper() + label[1:] for label in labels])
    left.set_ylim(len(labels) - 0.4, -0.6)
    left.set_xlim(0, 1)
    left.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
    left.set_xlabel("Share of entries")
    right.set_xlim(-1, 1)
    right.set_xticks([-1, -0.5, 0, 0.5, 1], ["−100", "−50", "0", "50", "100 points"])
    right.set_xlabel("Difference, China minus USA")
    left.tick_params(axis="y", length=0)
    right.tick_params(axis="y", length=0)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def _interval(axis, part: pd.DataFrame, rows, colour: str, marker: str, name: str) -> None:
    errors = [part["value"] - part["low"], part["high"] - part["value"]]
    axis.errorbar(
        part["value"], rows, xerr=np.array(errors, dtype=float).clip(0), color=colour, marker=marker, markersize=4,
        linestyle="none", linewidth=1, capsize=2, label=name,
    )  # fmt: skip


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


def over_time(data: pd.DataFrame, names: dict[str, str], events: dict[str, list[tuple[int, str]]], first: int) -> Figure:
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
        len(names), 1, figsize=(TWO_COLUMNS, 0.6 + 2.1 * len(names)), sharex=True, squeeze=False, layout="constrained"
    )
    years = int(data["years"].iloc[0])
    for axis, (frame, title) in zip(axes[:, 0], names.items(), strict=True):
        part = data[(data["frame"] == frame)]
        early = int(part.loc[part["first_year"] < first, "entries"].sum())
        part = part[part["first_year"] >= first]
        bottom = pd.Series(0.0, index=sorted(part["first_year"].unique()))
        for label in ORIGINS:
            counts = part[part["label"] == label].set_index("first_year")["entries"].reindex(bottom.index).fillna(0)
            axis.bar(
                bottom.index + years / 2 - 0.5, counts, width=years * 0.9, bottom=bottom, color=COLOURS[label],
                hatch=HATCHES[label], edgecolor="white", linewidth=0.4, label=ORIGINS[label],
            )  # fmt: skip
            bottom += counts
        top = bottom.max() * 1.3
        axis.set_ylim(0, top)
        for place, (year, words) in enumerate(events.get(frame, [])):
            axis.axvline(year - 0.5, color="black", linewidth=0.6, linestyle="--")
            axis.text(
                year - 0.2, top * (0.98 - 0.11 * (place % 2)), words, fontsize=7, va="top",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            )  # fmt: skip
        note = f"; {early} before {first} not drawn" if early else ""
        axis.set_title(f"{title} ({int(part['entries'].sum())} entries with a year{note})", loc="left")
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
    keep = [{name: word for name, word in words.items() if pd.notna(word)} for words in (city, chinese)]
    return keep[0], keep[1]


def ego_data(edges: pd.DataFrame, figure: str, places: dict[str, str], chinese: dict[str, str]) -> pd.DataFrame:
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
        ``source``, ``target``, ``words`` (types and years of the ties), ``in_paper`` (``yes``, ``no``),
        ``source_city``, ``target_city``, ``source_zh``, ``target_zh``.
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
    columns = ["source", "target", "words", "in_paper", "source_city", "target_city", "source_zh", "target_zh"]
    return table[columns]


def ego_network(data: pd.DataFrame, centre: str) -> Figure:
    """Draw the ties around one person or firm; full arrows stand in the paper, dashed ones were found elsewhere.

    Left stands who reaches the centre, right whom it reaches (and all others); each arrow is numbered, and its
    words stand in the list below.
    """
    keyed = data.reset_index(drop=True)
    labels = {
        name: [_wrap(name), *([zh] if pd.notna(zh) else []), f"({city})" if pd.notna(city) else "(place not known)"]
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
            x, y, "\n".join(labels[name]), ha="center", va="center", fontsize=7, zorder=3,
            bbox={
                "boxstyle": "round,pad=0.25", "facecolor": "#FFF3D6" if name == centre else "white",
                "edgecolor": "#555555", "linewidth": 0.7,
            },
        )  # fmt: skip
    figure.canvas.draw()
    half = {name: text.get_bbox_patch().get_window_extent().width / figure.dpi / 2 for name, text in drawn.items()}
    boxes = [(*spot, half[name]) for name, spot in at.items()]
    taken: list[tuple] = []
    for number, tie in enumerate(keyed.itertuples(), 1):
        ends = [(*at[name], half[name]) for name in (tie.source, tie.target)]
        _arrow(axis, *ends, str(number), tie.in_paper == "yes", taken, boxes)
        mark = "" if tie.in_paper == "yes" else " (found elsewhere)"
        line = f"{number}  {tie.source} → {tie.target}: {tie.words}{mark}"
        axis.text(0.1, -0.35 - 0.16 * number, line, fontsize=7, va="center")
    axis.text(
        0.1, -0.3, "Full arrow: stated in the paper. Dashed arrow: found in public sources.", fontsize=7.5, va="center"
    )
    return figure


def _arrow(axis, start: tuple, end: tuple, number: str, in_paper: bool, taken: list[tuple], boxes) -> None:
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
            start, end, arrowstyle="-|>", mutation_scale=8, shrinkA=1, shrinkB=1, zorder=1, color=colour,
            linestyle="-" if in_paper else (0, (4, 2)), linewidth=1.1, connectionstyle=f"arc3,rad={bend}",
        )
    )  # fmt: skip
    spot = _free_spot(start, end, bend, taken, boxes)
    taken.append(spot)
    axis.text(
        *spot, number, fontsize=7, ha="center", va="center", zorder=2,
        bbox={"boxstyle": "circle,pad=0.1", "facecolor": "white", "edgecolor": "none"},
    )  # fmt: skip


def _free_spot(start: tuple, end: tuple, bend: float, taken: list[tuple], boxes) -> tuple[float, float]:
    """Find a point of a bent arrow (a quadratic Bezier curve) that is clear of names and of the numbers already placed."""
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
