"""The bars of the composition figures, each part of which leads to its firms."""

from typing import TypedDict

import pandas as pd

from cluster_anatomy.firms.entries import ORIGINS
from cluster_anatomy.tables.cells import split


class Segment(TypedDict):
    """A part of a bar: the entries of one origin and their firms."""

    key: str
    label: str
    words: str
    entries: int
    firms: list[str]


class Bar(TypedDict):
    """A bar of a composition figure, its group the panel and the kind of bar."""

    key: str
    group: str
    panel: str
    bar: str
    n: int
    segments: list[Segment]


def bars(composition: pd.DataFrame, kind: str) -> list[Bar]:
    """Turn the table behind a composition figure into bars, in the order of the figure.

    Parameters
    ----------
    composition : DataFrame
        ``panel``, ``bar``, ``label``, ``entries``, ``n``, ``firm_ids``.
    kind : str
        What a bar is: a cluster, a frame.
    """
    order = {label: position for position, label in enumerate(ORIGINS)}
    made: list[Bar] = []
    for (panel, bar), rows in composition.groupby(["panel", "bar"], sort=False):
        rows = rows.assign(order=rows["label"].map(order)).sort_values("order")
        segments: list[Segment] = [
            {
                "key": f"{panel}/{bar}/{row.label}",
                "label": row.label,
                "words": ORIGINS[row.label],
                "entries": int(row.entries),
                "firms": split(row.firm_ids),
            }
            for row in rows.itertuples()
            if row.entries
        ]
        made.append(
            {
                "key": f"{panel}/{bar}",
                "group": f"{panel}, by {kind}",
                "panel": panel,
                "bar": bar,
                "n": int(rows["n"].iloc[0]),
                "segments": segments,
            }
        )
    return made


def widths(bars: list[Bar]) -> str:
    """Return the style of segments as wide as their entries; no page has a style of its own."""
    counts = sorted({segment["entries"] for bar in bars for segment in bar["segments"]})
    return "".join(f".bar .n-{count}{{flex-grow:{count}}}\n" for count in counts)


def bar_firms(bars: list[Bar]) -> dict[str, tuple[str, list[str]]]:
    """Return, for the key of each bar and of each segment, its words and its firms."""
    firms_of = {}
    for bar in bars:
        words = f"{bar['panel']} · {bar['bar']}"
        every = [firm for segment in bar["segments"] for firm in segment["firms"]]
        firms_of[bar["key"]] = (words, every)
        for segment in bar["segments"]:
            firms_of[segment["key"]] = (f"{words} · {segment['words']}", segment["firms"])
    return firms_of
