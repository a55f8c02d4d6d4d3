"""Ego networks: an actor and those it is tied to (Figures 1 to 3 of the paper)."""

from collections import Counter
from textwrap import fill
from typing import NamedTuple

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

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
        located = ties.dropna(subset=[f"{end}_city"])
        city |= dict(zip(located[f"{end}_name"], located[f"{end}_city"], strict=True))
    chinese = dict(zip(organisations["org_name"], organisations["name_zh"], strict=True))
    chinese |= dict(zip(persons["person"], persons["name_zh"], strict=True))
    for firm in firms.itertuples():
        for name in [firm.name_en, *split(firm.other_names)]:
            if pd.notna(name):
                city.setdefault(name, firm.city)
                chinese.setdefault(name, firm.name_zh)
    return _without_blanks(city), _without_blanks(chinese)


def _without_blanks(words: dict[str, str]) -> dict[str, str]:
    return {name: word for name, word in words.items() if pd.notna(word)}


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
    ties = edges[edges["figure"] == figure].copy()
    year = ["" if pd.isna(value) else f" {value}" for value in ties["year"]]
    ties["words"] = ties["tie_type"].map(TIE_WORDS) + year
    ties["in_paper"] = ties["provenance"].str.startswith("seed")
    pairs = ties.groupby(["source_name", "target_name"], sort=True)
    table = pairs.agg(
        words=("words", lambda words: "; ".join(dict.fromkeys(words))),
        in_paper=("in_paper", "max"),
    ).reset_index()
    table["in_paper"] = table["in_paper"].map({True: "yes", False: "no"})
    table = table.rename(columns={"source_name": "source", "target_name": "target"})
    for end in ("source", "target"):
        table[f"{end}_city"] = table[end].map(places)
        table[f"{end}_zh"] = table[end].map(chinese)
    columns = ["source", "target", "words", "in_paper"]
    columns += ["source_city", "target_city", "source_zh", "target_zh"]
    return table[columns]


PAPER = {
    "Fig1": ("1_tonghua_dongbao", "Tonghua Dongbao Pharmaceutical"),
    "Fig2": ("2_hou_yunde", "Hou Yunde"),
    "Fig3": ("3_shenzhen_xinpeng", "Shenzhen Xinpeng Biotech"),
}
"""Figures of the paper: the end of the file's name, and who stands in the centre."""
LINE = 0.125
"""Height of a line of text in inches."""
BAR, BOX, GAP = 0.95, 1.6, 1.15
"""Widths in inches: the bar of the centre, the box of a name, the room for an arrow."""


class Tie(NamedTuple):
    """A tie as drawn: who is tied to whom, the words of the arrow, whether it is in the paper."""

    source: str
    target: str
    words: str
    in_paper: bool


class Neighbour(NamedTuple):
    """An actor, its ties with the centre, and those with others."""

    name: str
    direct: list[Tie]
    further: list[Tie]


def ego_network(data: pd.DataFrame, centre: str) -> Figure:
    """Draw the ties around one person or firm.

    Left of the centre stands who reaches it, right whom it reaches; the words of a tie stand on its
    arrow. Below a name stand its ties with others. Full arrows stand in the paper, dashed ones were
    found elsewhere.

    Parameters
    ----------
    data : DataFrame
        From `ego_data`.
    centre : str
        Name of the person or firm.
    """
    left, right = _neighbours(data, centre)
    labels, boxed = _labels(data), {name for name, *_ in [*left, *right]}
    about = {name: name if name in boxed else " ".join(labels[name]) for name in labels}
    figure = plt.figure(figsize=(TWO_COLUMNS, 1))
    axis = figure.add_axes((0, 0, 1, 1))
    bar = BOX + GAP if left else 0.0
    ends = [_draw_column(axis, left, labels, about, 0.0, bar)] if left else []
    ends.append(_draw_column(axis, right, labels, about, bar + BAR + GAP, bar + BAR))
    reach, bottom = min(end for end, _ in ends), min(end for _, end in ends)
    text = "\n".join(fill(part, 16 if part.isascii() else 7) for part in labels[centre])
    _draw_box(axis, bar, reach, BAR, -reach, text, "#FFF3D6")
    key = "Full arrow: stated in the paper. Dashed arrow: found in public sources."
    axis.text(0, bottom - 0.1, key, fontsize=7.5, va="center")
    axis.set_xlim(0, TWO_COLUMNS)
    axis.set_ylim(bottom - 0.2, 0)
    axis.axis("off")
    figure.set_figheight(0.2 - bottom)
    return figure


def _neighbours(data: pd.DataFrame, centre: str) -> tuple[list[Neighbour], list[Neighbour]]:
    """Return who stands on the left of the centre and who on its right.

    A tie between two others stands with the one on the right, if there is one, else with the one on
    the left; where neither is tied to the centre, with the one that has more such ties.
    """
    ties = [
        Tie(row.source, row.target, row.words, row.in_paper == "yes") for row in data.itertuples()
    ]
    direct = [tie for tie in ties if centre in tie[:2]]
    further = [tie for tie in ties if centre not in tie[:2]]
    left = sorted({tie.source for tie in direct} - {centre})
    right = sorted({tie.target for tie in direct} - {centre, *left})
    apart = [tie for tie in further if not {*tie[:2]} & {*left, *right}]
    often = Counter(name for tie in apart for name in tie[:2])
    right += list(dict.fromkeys(max(tie[:2], key=often.__getitem__) for tie in apart))
    beside = {tie: next(name for name in (*right, *left) if name in tie[:2]) for tie in further}

    def neighbours(names: list[str]) -> list[Neighbour]:
        return [
            Neighbour(
                name,
                [tie for tie in direct if name in tie[:2]],
                [tie for tie in further if beside[tie] == name],
            )
            for name in names
        ]

    return neighbours(left), neighbours(right)


def _labels(data: pd.DataFrame) -> dict[str, list[str]]:
    """Return what stands in the box of each name: name, Chinese name, city."""
    labels = {}
    for end in ("source", "target"):
        rows = data[[end, f"{end}_zh", f"{end}_city"]]
        for name, chinese, city in rows.itertuples(index=False):
            place = f"({city})" if pd.notna(city) else "(place not known)"
            labels[name] = [name, *([chinese] if pd.notna(chinese) else []), place]
    return labels


def _draw_column(
    axis: Axes,
    neighbours: list[Neighbour],
    labels: dict[str, list[str]],
    about: dict[str, str],
    x: float,
    bar: float,
) -> tuple[float, float]:
    """Draw names from the top down; return where the last arrow to the bar, and all, ends."""
    y, reach = 0.0, 0.0
    edge = x if bar < x else x + BOX
    letters = round((TWO_COLUMNS - x - 0.5 if bar < x else BOX + GAP - 0.5) / 0.058)
    for name, direct, further in neighbours:
        text = "\n".join(fill(part, 26, break_on_hyphens=False) for part in labels[name])
        words = [fill(tie.words, 20) for tie in direct]
        rooms = [LINE * (1 + part.count("\n")) + 0.13 for part in words]
        box = LINE * (1 + text.count("\n")) + 0.08
        height = max(box, sum(rooms))
        _draw_box(axis, x, y - (height + box) / 2, BOX, box, text, "white")
        row = y - (height - sum(rooms)) / 2
        for tie, part, room in zip(direct, words, rooms, strict=True):
            row -= room
            start, end = (edge, bar) if tie.source == name else (bar, edge)
            _draw_arrow(axis, start, end, row + 0.06, tie.in_paper)
            axis.text((edge + bar) / 2, row + 0.09, part, fontsize=7, ha="center", va="bottom")
        if direct:
            reach = y - height
        y -= height + 0.04
        y = _draw_further(axis, name, further, about, x + 0.1, y, letters) - 0.14
    return reach, y


def _draw_further(
    axis: Axes,
    name: str,
    ties: list[Tie],
    about: dict[str, str],
    x: float,
    y: float,
    letters: int,
) -> float:
    """Write the ties of a name with others below it, each with a short arrow; return the end."""
    for tie in ties:
        outgoing = tie.source == name
        other = about[tie.target if outgoing else tie.source]
        text = f"{other}: {tie.words}"
        wide = sum(ord(sign) > 0x2E80 for sign in text)  # a Chinese sign takes the room of two
        text = fill(text, letters - wide // 2, break_on_hyphens=False)
        start, end = (x, x + 0.3) if outgoing else (x + 0.3, x)
        _draw_arrow(axis, start, end, y - LINE / 2, tie.in_paper)
        axis.text(x + 0.34, y, text, fontsize=7, va="top", linespacing=1.15)
        y -= LINE * (1 + text.count("\n")) + 0.03
    return y


def _draw_box(
    axis: Axes, x: float, y: float, width: float, height: float, text: str, colour: str
) -> None:
    axis.add_patch(
        Rectangle((x, y), width, height, facecolor=colour, edgecolor="#555555", linewidth=0.7)
    )
    middle = x + width / 2, y + height / 2
    axis.text(*middle, text, fontsize=7, ha="center", va="center", linespacing=1.15)


def _draw_arrow(axis: Axes, start: float, end: float, y: float, in_paper: bool) -> None:
    axis.add_patch(
        FancyArrowPatch(
            (start, y),
            (end, y),
            arrowstyle="-|>",
            mutation_scale=7,
            shrinkA=1,
            shrinkB=1,
            color="#0072B2" if in_paper else "#D55E00",
            linestyle="-" if in_paper else (0, (3, 1.5)),
            linewidth=1.1,
        )
    )
