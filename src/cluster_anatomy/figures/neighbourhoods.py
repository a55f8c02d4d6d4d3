"""Ego networks: an actor and those it is tied to (Figures 1 to 3 of the paper)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
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
