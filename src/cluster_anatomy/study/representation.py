"""Step 07: does the sample look like the world? The register beside two open lists of firms."""

import pandas as pd

from cluster_anatomy.study.china_usa import distance, representation

SOUTH = ["Pearl River Delta", "South-west", "South-east coast"]
SOUTH += ["Yangtze River Delta without Shanghai"]
SHORT = {"financedatabase_2022": "listed", "crunchbase_2013": "funded"}
"""What each open list holds, in one word."""
PICKED = {
    "beijing_health_china": ("china", "listed", "all_health", "Beijing"),
    "shanghai_health_china": ("china", "listed", "all_health", "Shanghai"),
    "northeast_health_china": ("china", "listed", "all_health", "North-east"),
    "early_listed_china": ("china", "listed", "biotechnology", "first"),
    "late_listed_china": ("china", "listed", "biotechnology", "last"),
    "other_funded_usa": ("usa", "funded", "biotechnology", "other"),
    "eighties_funded_usa": ("usa", "funded", "biotechnology", "second"),
    "san_diego_listed_all_usa": ("us_all", "listed", "biotechnology", "San Diego"),
    "other_listed_all_usa": ("us_all", "listed", "biotechnology", "other"),
    "late_listed_all_usa": ("us_all", "listed", "biotechnology", "last"),
}
"""Ratios that are quoted: frame, list, class of firms, region or rank of a period."""


def dated_firms(listed: pd.DataFrame) -> pd.DataFrame:
    """Count the health firms of each open list that have a year.

    Parameters
    ----------
    listed : DataFrame
        ``list``, ``country``, ``industry``, ``year``, ``firms`` (counts of the open lists).

    Returns
    -------
    DataFrame
        ``list``, ``country``, ``value`` (firms with a year), ``n`` (all), ``short``, ``place``.
    """
    dated = listed.assign(value=listed["firms"].where(listed["year"].notna(), 0))
    table = dated.groupby(["list", "country"], as_index=False)[["value", "firms"]].sum()
    table = table.rename(columns={"firms": "n"}).astype({"value": int, "n": int})
    return table.assign(short=table["list"].map(SHORT), place=table["country"].str.lower())


def beside_lists(
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    listed: pd.DataFrame,
    places: pd.DataFrame,
    periods: pd.DataFrame,
) -> pd.DataFrame:
    """Set every frame beside both lists, for biotechnology and for all health firms of the list.

    Returns
    -------
    DataFrame
        From `representation`, with ``industry``.
    """
    parts = [
        representation(entries, frames, listed, places, periods, industry)
        for industry in ("biotechnology", "all_health")
    ]
    return pd.concat(parts, ignore_index=True)


def spread(beside: pd.DataFrame, industry: str, seed: int, frames: dict[str, str]) -> pd.DataFrame:
    """Measure how far the entries of some frames are spread otherwise than the firms of a list.

    Parameters
    ----------
    beside : DataFrame
        From `beside_lists`.
    industry : {"biotechnology", "all_health"}
        Class of firms of the list.
    seed : int
        Seed of the Monte Carlo test.
    frames : dict
        Name of a frame -> the word that stands for it in ids.

    Returns
    -------
    DataFrame
        ``frame``, ``list``, ``dimension``, ``dissimilarity``, ``p``, ``n``, ``short``, ``place``.
    """
    table = distance(beside[beside["industry"] == industry], seed=seed)
    table = table[table["frame"].isin(list(frames))].astype({"n": int})
    return table.assign(short=table["list"].map(SHORT), place=table["frame"].map(frames))


def picked_ratios(
    beside: pd.DataFrame, periods: pd.DataFrame, frame_china: str, frame_usa: str
) -> pd.DataFrame:
    """Return the ratios of `PICKED`: share of the entries over share of the list's firms.

    Returns
    -------
    DataFrame
        ``name``, ``frame``, ``list``, ``industry``, ``category``, ``value``, ``low``, ``high``,
        ``count`` (entries), ``n``.
    """
    rank = dict(zip(("first", "second", "last"), periods["period"].iloc[[0, 1, -1]], strict=True))
    frame_of, list_of = {"china": frame_china, "usa": frame_usa}, {v: k for k, v in SHORT.items()}
    keys = pd.DataFrame(PICKED.values(), columns=["frame", "list", "industry", "category"])
    keys = keys.assign(
        name=list(PICKED),
        frame=keys["frame"].replace(frame_of),
        list=keys["list"].map(list_of),
        category=keys["category"].replace(rank),
    )
    table = keys.merge(beside, on=["frame", "list", "industry", "category"], validate="1:1")
    return table.rename(columns={"ratio": "value", "entries": "count"})


def drawn(beside: pd.DataFrame, frame: str, dimension: str, series: str) -> pd.DataFrame:
    """Return the ratios of one frame as a figure draws them.

    Parameters
    ----------
    beside : DataFrame
        From `beside_lists`.
    frame : str
        Name of the frame.
    dimension : {"region", "period"}
        What the rows are.
    series : {"industry", "list"}
        What the colours tell apart: classes of firms (of the list of listed ones), or lists (of
        biotechnology).

    Returns
    -------
    DataFrame
        ``label``, ``series`` (in words), ``value``, ``low``, ``high``, without undefined ratios.
    """
    table = beside[(beside["frame"] == frame) & (beside["dimension"] == dimension)]
    if series == "list":
        table = table[table["industry"] == "biotechnology"]
        words = table["list"].map(SHORT)
    else:
        words = table["industry"].str.replace("_", " ")
    table = table.assign(label=table["category"], series=words, value=table["ratio"])
    return table.dropna(subset=["value"])[["label", "series", "value", "low", "high"]]
