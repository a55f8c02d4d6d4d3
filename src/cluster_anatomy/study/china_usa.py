"""Step 06: China beside the USA, and both beside what Romanelli and Feldman (2006) found.

What pairs of frames can carry is in `pairs`.
"""

from collections.abc import Mapping

import pandas as pd

from cluster_anatomy.firms.entries import filled, in_frame, property_share
from cluster_anatomy.methods.contingency import independence, residuals
from cluster_anatomy.methods.differences import against_published, difference
from cluster_anatomy.methods.partial_identification import difference_interval
from cluster_anatomy.methods.randomness import SEED
from cluster_anatomy.study.entry_patterns import MODES


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
        ``property``, ``frame`` (Chinese), ``us_frame``, ``china``, ``usa``, ``hits``, ``hits2``,
        ``n``, ``n2``, ``value``, ``low``, ``high`` (Newcombe 1998), ``bound_low``, ``bound_high``
        (all unknown firms against, all for the difference), ``joint_low``, ``joint_high`` (both in
        one, Imbens and Manski 2004).
    """
    by_key = shares.set_index(["property", "frame"])
    rows = []
    for prop in dict.fromkeys(shares["property"]):
        usa = by_key.loc[(prop, us_frame)]
        for frame in (name for name in chinese_frames if (prop, name) in by_key.index):
            china = by_key.loc[(prop, frame)]
            counts = [row[name] for row in (china, usa) for name in ("count", "n", "unknown")]
            joint = difference_interval(*counts)
            rows.append(
                {
                    "property": prop,
                    "frame": frame,
                    "us_frame": us_frame,
                    "china": china["value"],
                    "usa": usa["value"],
                    "hits": china["count"],
                    "hits2": usa["count"],
                    **difference(china["count"], int(china["n"]), usa["count"], int(usa["n"])),
                    "bound_low": china["bound_low"] - usa["bound_high"],
                    "bound_high": china["bound_high"] - usa["bound_low"],
                    **{end: joint[end] for end in ("joint_low", "joint_high")},
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


def labelled(table: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Add what each property is called in a sentence (``label``), in the properties' order."""
    return properties[["property", "label"]].merge(table, on="property", validate="1:m")


def by_frame(differences: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Return the differences as a figure draws them, a series for each frame that carries shares.

    Parameters
    ----------
    differences : DataFrame
        ``frame`` (Chinese) and what is drawn.
    frames : DataFrame
        ``frame``, ``label``, ``carries_shares``.

    Returns
    -------
    DataFrame
        The rows of those frames with ``series``, what the frame is called.
    """
    carrying = frames[frames["carries_shares"] == "yes"].set_index("frame")["label"]
    rows = differences[differences["frame"].isin(carrying.index)]
    return rows.assign(series=rows["frame"].map(carrying.str.removeprefix("China: ")))


def changing_sign(differences: pd.DataFrame) -> list[str]:
    """Return the properties of which China has more than the USA in one frame, less in another."""
    values = differences.groupby("property", sort=False)["value"]
    low, high = values.min(), values.max()
    return list(low.index[(low < 0) & (high > 0)])


def mode_tests(counts: Mapping[str, pd.DataFrame], seed: int = SEED) -> dict[str, dict[str, float]]:
    """Test whether mode of entry and country are independent, in each pair.

    Parameters
    ----------
    counts : mapping
        Suffix of the pair in ids -> `mode_counts`.
    seed : int
        Seed of the Monte Carlo draws.

    Returns
    -------
    dict
        ``modes_independent`` with the suffix: ``value`` (p), ``n``.
    """
    found = {suffix: independence(table, seed=seed) for suffix, table in counts.items()}
    return {
        f"modes_independent{suffix}": {"value": test["p"], "n": test["n"]}
        for suffix, test in found.items()
    }


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


def residual_map(residuals: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return the residuals of `residual_table` in words: frames as rows, modes as columns.

    Parameters
    ----------
    residuals : DataFrame
        From `residual_table`.
    names : dict
        Frame -> what it is called.
    """
    wide = residuals.pivot(index="frame", columns="mode", values="residual")
    modes = {mode: word for mode, word in MODES.items() if mode in wide}
    return wide.loc[list(names), list(modes)].rename(index=names, columns=modes)
