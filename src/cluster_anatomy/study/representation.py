"""Step 07: does the sample look like the world? The register beside two open lists of firms."""

import math
from collections.abc import Sequence

import pandas as pd

from cluster_anatomy.firms.entries import filled, in_frame
from cluster_anatomy.firms.open_lists import region_of_firm
from cluster_anatomy.methods.concentration import ellison_glaeser
from cluster_anatomy.methods.contingency import independence, ratio_interval
from cluster_anatomy.methods.randomness import DRAWS, SEED

SOUTH = ["Pearl River Delta", "South-west", "South-east coast"]
SOUTH += ["Yangtze River Delta without Shanghai"]
SHORT = {"financedatabase_2022": "listed", "crunchbase_2013": "funded"}
"""What each open list holds, in one word."""
PICKED = {
    "beijing_health_china": ("china", "listed", "all_health", "Beijing"),
    "shanghai_health_china": ("china", "listed", "all_health", "Shanghai"),
    "northeast_health_china": ("china", "listed", "all_health", "North-east"),
    "eighties_listed_china": ("china", "listed", "biotechnology", "second"),
    "late_listed_china": ("china", "listed", "biotechnology", "last"),
    "other_funded_usa": ("usa", "funded", "biotechnology", "other"),
    "eighties_funded_usa": ("usa", "funded", "biotechnology", "second"),
    "san_diego_listed_all_usa": ("us_all", "listed", "biotechnology", "San Diego"),
    "other_listed_all_usa": ("us_all", "listed", "biotechnology", "other"),
    "late_listed_all_usa": ("us_all", "listed", "biotechnology", "last"),
}
"""Ratios that are quoted: frame, list, class of firms, region or rank of a period."""
INDEX = ("value", "n", "null_mean", "null_low", "null_high", "p")
"""What is kept of a measure with its null."""


def representation(
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    counts: pd.DataFrame,
    places: pd.DataFrame,
    periods: pd.DataFrame,
    industry: str = "biotechnology",
) -> pd.DataFrame:
    """Set the spread of entries over regions and periods beside that of each open list.

    Both sides hold firms with a known year up to the last year of entry of the frame (a list that
    goes on for longer would else count firms that the frame cannot have), for regions also with a
    known region. In China neither side holds works from before the reforms, which are stock and no
    entries: on a list these are the firms of the first period.

    Parameters
    ----------
    entries, frames, periods, places : DataFrame
        Entries with ``place_id`` and ``entry_year``; frames; periods; places.
    counts : DataFrame
        From `count`.
    industry : {"biotechnology", "all_health"}
        Which firms of the lists.

    Returns
    -------
    DataFrame
        ``country``, ``frame``, ``carries_shares``, ``list``, ``industry``, ``dimension``
        (``region``, ``period``), ``category``, ``until``, ``entries``, ``n``, ``firms``, ``n2``,
        ``share``, ``share2``, ``ratio`` (missing where the list has no firm), ``low``, ``high``
        (score interval; Koopman 1984).
    """
    if industry != "all_health":
        counts = counts[counts["industry"] == industry]
    region = region_of_firm(places)
    rows = []
    for frame in filled(entries, frames).itertuples():
        dated = in_frame(entries, frames, frame.frame).dropna(subset=["entry_year"])
        until = int(dated["entry_year"].max())
        units = dated["place_id"].map(region).fillna("unknown").astype("str")
        ours = {"region": units.value_counts(), "period": dated["period"].value_counts()}
        in_time = (counts["year"] <= until).fillna(False)
        if frame.country == "China":
            in_time &= counts["year"] > periods["last_year"].min()
        listed = counts[(counts["country"] == frame.country) & in_time]
        for name in dict.fromkeys(counts.loc[counts["country"] == frame.country, "list"]):
            theirs = _listed_spread(listed[listed["list"] == name], periods)
            about = {
                "country": frame.country,
                "frame": frame.frame,
                "carries_shares": frame.carries_shares,
                "list": name,
                "industry": industry,
                "until": until,
            }
            for dimension in ours:
                known = (
                    spread[dimension].drop("unknown", errors="ignore") for spread in (ours, theirs)
                )
                rows += [about | {"dimension": dimension} | row for row in beside(*known)]
    return pd.DataFrame(rows)


def _listed_spread(listed: pd.DataFrame, periods: pd.DataFrame) -> dict[str, pd.Series]:
    """Firms of a list by region and by period."""
    period = listed["year"].map(lambda year: period_of(year, periods))
    return {
        "region": listed.groupby("region")["firms"].sum(),
        "period": listed.groupby(period)["firms"].sum(),
    }


def period_of(year: int, periods: pd.DataFrame) -> str:
    """Return the period of a year."""
    inside = periods[(periods["first_year"] <= year) & (periods["last_year"] >= year)]
    return inside["period"].iloc[0]


def beside(ours: pd.Series, theirs: pd.Series) -> list[dict]:
    """Compare two spreads of counts: one row per category that occurs in either."""
    n, n2 = int(ours.sum()), int(theirs.sum())
    rows = []
    for category in sorted(set(ours.index) | set(theirs.index)):
        x, y = int(ours.get(category, 0)), int(theirs.get(category, 0))
        row = {"category": category, "entries": x, "n": n, "firms": y, "n2": n2}
        row |= {"share": x / n if n else math.nan, "share2": y / n2 if n2 else math.nan}
        row["ratio"] = row["share"] / row["share2"] if y and n else math.nan
        row["low"], row["high"] = ratio_interval(x, n, y, n2) if x and y else (math.nan, math.nan)
        rows.append(row)
    return rows


def distance(table: pd.DataFrame, draws: int = DRAWS, seed: int = SEED) -> pd.DataFrame:
    """Measure and test how far the spread of each frame is from that of each list.

    Parameters
    ----------
    table : DataFrame
        From `representation`.

    Returns
    -------
    DataFrame
        ``frame``, ``list``, ``dimension``, ``n``, ``n2``, ``dissimilarity`` (part of the entries
        that would have to be elsewhere for the two spreads to agree; Duncan and Duncan 1955), ``p``
        (Freeman-Halton by Monte Carlo), ``cramers_v``, ``draws``, ``seed``.
    """
    rows = []
    for (frame, name, dimension), group in table.groupby(
        ["frame", "list", "dimension"], sort=False
    ):
        gap = (group["share"] - group["share2"]).abs().sum() / 2
        test = independence(group[["entries", "firms"]].T.reset_index(drop=True), draws, seed)
        first = group.iloc[0]
        row = {
            "frame": frame,
            "list": name,
            "dimension": dimension,
            "n": first["n"],
            "n2": first["n2"],
        }
        tested = {key: test[key] for key in ("p", "cramers_v", "draws", "seed")}
        rows.append(row | {"dissimilarity": gap} | tested)
    return pd.DataFrame(rows)


# --- What is quoted, and what figures draw


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


def concentrations(
    beside: pd.DataFrame, frames: dict[str, str], draws: int = DRAWS, seed: int = SEED
) -> pd.DataFrame:
    """Measure how concentrated the entries of some frames are beyond the firms of a list.

    Ellison and Glaeser's index with each entry as a plant of equal size, and the shares of the
    list's firms by region as those that darts would follow. The shares are taken as they are: that
    the list is itself a handful of firms is not in the null.

    Parameters
    ----------
    beside : DataFrame
        From `beside_lists`.
    frames : dict
        Name of a frame -> the word that stands for it in ids.
    draws, seed : int
        Throws of the null, and their seed.

    Returns
    -------
    DataFrame
        ``frame``, ``list``, ``short``, ``place``, ``industry``, ``words``, ``label``, ``value``
        (0 as the list, above 0 more concentrated; missing where undefined), ``n`` (entries),
        ``n2`` (firms of the list), ``null_mean``, ``null_low``, ``null_high`` (95 % of the draws),
        ``p``;
        ``low``, ``high`` are missing.
    """
    regions = beside[(beside["dimension"] == "region") & beside["frame"].isin(list(frames))]
    table = regions.sort_values(
        "frame", key=lambda names: names.map(list(frames).index), kind="stable"
    )
    rows = []
    for (frame, name, industry), part in table.groupby(["frame", "list", "industry"], sort=False):
        places = part["category"].repeat(part["entries"])
        index = ellison_glaeser(places, part.set_index("category")["firms"], None, draws, seed)
        words = f"{SHORT[name]} firms, {industry.replace('_', ' ')}"
        row = {"frame": frame, "list": name, "short": SHORT[name], "place": frames[frame]}
        row |= {"industry": industry, "words": words, "n2": int(part["firms"].sum())}
        row["label"] = f"{part['country'].iloc[0]}, beside {words} (n = {index['n']})"
        rows.append(row | {key: index[key] for key in INDEX})
    return pd.DataFrame(rows).assign(low=math.nan, high=math.nan)


def concentration_null(concentrations: pd.DataFrame) -> pd.DataFrame:
    """Return what darts would give for each concentration, as numbers of their own."""
    null = {"value": "null_mean", "low": "null_low", "high": "null_high"}
    return concentrations.assign(**{name: concentrations[column] for name, column in null.items()})


def drawn(
    beside: pd.DataFrame, frame: str, dimension: str, series: str, order: Sequence[str] = ()
) -> pd.DataFrame:
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
    order : sequence of str
        Categories in their order, if it is not that of the table (periods).

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
    label = pd.Categorical(table["category"], list(order) or table["category"].unique())
    table = table.assign(label=label, series=words, value=table["ratio"]).sort_values(
        "label", kind="stable"
    )
    return table.dropna(subset=["value"])[["label", "series", "value", "low", "high"]]


def south_below(drawn: pd.DataFrame) -> bool:
    """Say whether the regions of `SOUTH` have less than their share of all listed health firms."""
    south = drawn["label"].isin(SOUTH) & (drawn["series"] == "all health")
    return bool((drawn.loc[south, "value"] < 1).all())
