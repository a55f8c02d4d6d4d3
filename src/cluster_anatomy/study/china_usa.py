"""Step 06: China beside the USA, and both beside what Romanelli and Feldman (2006) found.

Differences are between a Chinese frame and the frame rows of the USA; purposive rows are described
apart.
"""

import math

import pandas as pd

from cluster_anatomy.firms.entries import filled, in_frame, property_share
from cluster_anatomy.firms.open_lists import region_of_firm
from cluster_anatomy.methods.contingency import independence, ratio_interval, residuals
from cluster_anatomy.methods.differences import against_published, difference
from cluster_anatomy.methods.randomness import DRAWS, SEED


def property_shares(
    table: pd.DataFrame, frames: pd.DataFrame, properties: pd.DataFrame
) -> pd.DataFrame:
    """Estimate the share of every property in every frame.

    Returns
    -------
    DataFrame
        ``property``, ``frame``, ``carries_shares`` and the columns of `shares.share`.
    """
    rows = [
        {
            "property": prop.property,
            "frame": frame.frame,
            "carries_shares": frame.carries_shares,
            **property_share(in_frame(table, frames, frame.frame), prop),
        }
        for prop in properties.itertuples()
        for frame in filled(table, frames).itertuples()
    ]
    return pd.DataFrame(rows)


def differences(
    shares: pd.DataFrame, chinese_frames: list[str], us_frame: str = "us_frame"
) -> pd.DataFrame:
    """Compare each Chinese frame with the American one, property by property (China minus USA).

    Returns
    -------
    DataFrame
        ``property``, ``frame`` (Chinese), ``us_frame``, ``china``, ``usa``, ``n``, ``n2``,
        ``value``, ``low``, ``high`` (Newcombe 1998), ``bound_low``, ``bound_high`` (all unknown
        firms against, all for the difference).
    """
    by_key = shares.set_index(["property", "frame"])
    rows = []
    for prop in dict.fromkeys(shares["property"]):
        usa = by_key.loc[(prop, us_frame)]
        for frame in (name for name in chinese_frames if (prop, name) in by_key.index):
            china = by_key.loc[(prop, frame)]
            rows.append(
                {
                    "property": prop,
                    "frame": frame,
                    "us_frame": us_frame,
                    "china": china["value"],
                    "usa": usa["value"],
                    **difference(china["count"], int(china["n"]), usa["count"], int(usa["n"])),
                    "bound_low": china["bound_low"] - usa["bound_high"],
                    "bound_high": china["bound_high"] - usa["bound_low"],
                }
            )
    return pd.DataFrame(rows)


def origin_table(
    table: pd.DataFrame, frames: pd.DataFrame, chosen: list[str], column: str = "mode"
) -> pd.DataFrame:
    """Count the entries of some frames (rows) by one dimension of origin; unknown left out."""
    counts = {frame: in_frame(table, frames, frame)[column].value_counts() for frame in chosen}
    return (
        pd.DataFrame(counts)
        .T.fillna(0)
        .astype(int)
        .drop(columns="unknown", errors="ignore")
        .sort_index(axis=1)
    )


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
    known region.

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


def labelled(table: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Add what each property is called in a sentence (``label``), in the properties' order."""
    return properties[["property", "label"]].merge(table, on="property", validate="1:m")


def mode_tests(counts: pd.DataFrame, seed: int = SEED) -> dict[str, dict[str, float]]:
    """Test whether mode of entry and country are independent, with and without pre-reform works.

    Parameters
    ----------
    counts : DataFrame
        From `origin_table`.
    seed : int
        Seed of the Monte Carlo draws.

    Returns
    -------
    dict
        ``modes_independent`` and ``modes_independent_after_reform``: ``value`` (p), ``n``.
    """
    after = counts.drop(columns="backbone", errors="ignore")
    tests = {"modes_independent": counts, "modes_independent_after_reform": after}
    found = {name: independence(table, seed=seed) for name, table in tests.items()}
    return {name: {"value": test["p"], "n": test["n"]} for name, test in found.items()}


def beside_published(
    shares: pd.DataFrame, published: pd.DataFrame, frame_china: str, frame_usa: str
) -> dict[str, dict[str, float] | float]:
    """Set the home shares of both frames against the published American ones (their footnote 36).

    Parameters
    ----------
    shares : DataFrame
        From `property_shares`.
    published : DataFrame
        ``category`` and ``value`` in percent, as quoted.
    frame_china, frame_usa : str
        Names of the frames.

    Returns
    -------
    dict
        ``published_home_usa``, ``published_outside_usa`` (shares), ``outside_share_usa``,
        ``home_usa_against_published``, ``home_china_against_published`` (``value`` is p).
    """
    quoted = published.set_index("category")["value"] / 100
    home = shares[shares["property"] == "home"].set_index("frame")
    usa = home.loc[frame_usa]
    numbers: dict[str, dict[str, float] | float] = {
        "published_home_usa": quoted["home region"],
        "published_outside_usa": quoted[
            "from elsewhere (relocation of entrepreneurs or organizations)"
        ],
        "outside_share_usa": {
            "value": 1 - usa["value"],
            "low": 1 - usa["high"],
            "high": 1 - usa["low"],
            "n": usa["n"],
            "count": usa["n"] - usa["count"],
        },
    }
    for country, frame in (("usa", frame_usa), ("china", frame_china)):
        row = home.loc[frame]
        test = against_published(row["count"], int(row["n"]), quoted["home region"])
        numbers[f"home_{country}_against_published"] = {"value": test["p"], "n": test["n"]}
    return numbers


def residual_table(counts: pd.DataFrame) -> pd.DataFrame:
    """Return adjusted residuals beside the counts they come from.

    Returns
    -------
    DataFrame
        ``frame``, ``mode``, ``residual`` (Haberman 1973), ``entries``.
    """
    table = residuals(counts).stack().rename("residual").rename_axis(["frame", "mode"])
    return table.reset_index().assign(entries=counts.stack().to_numpy())
