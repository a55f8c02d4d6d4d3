"""Step 05: China beside the USA, and both beside what Romanelli and Feldman (2006) found.

Differences are between a Chinese frame and the frame rows of the USA; purposive rows are described
apart.
"""

import numpy as np
import pandas as pd
from scipy import stats

from cluster_anatomy.entry_patterns import in_frame, property_share
from cluster_anatomy.statistics import difference


def property_shares(
    table: pd.DataFrame, frames: pd.DataFrame, properties: pd.DataFrame
) -> pd.DataFrame:
    """Estimate the share of every property in every frame.

    Returns
    -------
    DataFrame
        ``property``, ``frame``, ``carries_shares`` and the columns of `statistics.share`.
    """
    rows = [
        {
            "property": prop.property,
            "frame": frame.frame,
            "carries_shares": frame.carries_shares,
            **property_share(in_frame(table, frames, frame.frame), prop),
        }
        for prop in properties.itertuples()
        for frame in frames.itertuples()
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
        for frame in chinese_frames:
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


def against_published(count: float, n: int, published: float) -> dict[str, float]:
    """Set a share against a published one that comes without its n: exact binomial test.

    Returns
    -------
    dict
        ``value`` (our share minus the published one), ``p`` (two-sided), ``n``; ``nan`` if n is 0.
    """
    if not n:
        return {"value": np.nan, "p": np.nan, "n": 0}
    return {
        "value": count / n - published,
        "p": stats.binomtest(round(count), n, published).pvalue,
        "n": n,
    }


def origin_table(
    table: pd.DataFrame, frames: pd.DataFrame, chosen: list[str], column: str = "mode"
) -> pd.DataFrame:
    """Count the entries of some frames by one dimension of origin (rows: frames; unknown left out)."""
    counts = {frame: in_frame(table, frames, frame)[column].value_counts() for frame in chosen}
    return (
        pd.DataFrame(counts)
        .T.fillna(0)
        .astype(int)
        .drop(columns="unknown", errors="ignore")
        .sort_index(axis=1)
    )
