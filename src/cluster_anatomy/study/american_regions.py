"""Step 05: what the paper says of four American regions (section 4.4), region by region."""

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from cluster_anatomy.firms.entries import filled, in_frame, property_share
from cluster_anatomy.methods.differences import difference_test, fisher_attainable, fisher_power

PATTERNS = {
    "New York": ["subsidiary", "foreign_subsidiary"],
    "San Francisco Bay Area": ["academic", "second_order"],
    "Boston": ["academic", "second_order"],
    "San Diego": ["academic", "second_order"],
}
"""What the paper expects to be frequent in four American regions (section 4.4)."""
REGIONS = {
    "New York": "new_york",
    "San Francisco Bay Area": "bay_area",
    "Boston": "boston",
    "San Diego": "san_diego",
}
"""The regions of `PATTERNS`, and the word for each in the id of a result."""


def us_patterns(
    entries: pd.DataFrame, frames: pd.DataFrame, properties: pd.DataFrame
) -> pd.DataFrame:
    """Set each region that the paper names beside all other American regions, property by property.

    Fisher's exact test, with Holm's correction over the patterns that the paper expects, on frames
    that can carry shares; on the others the counts stand alone.

    Returns
    -------
    DataFrame
        ``frame``, ``carries_shares``, ``region``, ``property``, ``expected``, ``count``, ``n``,
        ``unknown``, ``count2``, ``n2`` (other regions), ``value`` (difference), ``low``, ``high``,
        ``p``, ``p_holm``.
    """
    tested = dict.fromkeys(prop for names in PATTERNS.values() for prop in names)
    chosen = properties[properties["property"].isin(list(tested))]
    rows = []
    for frame in filled(entries, frames[frames["country"] == "USA"]).itertuples():
        placed = in_frame(entries, frames, frame.frame).dropna(subset=["region"])
        for region, expected in PATTERNS.items():
            for prop in chosen.itertuples():
                here = property_share(placed[placed["region"] == region], prop)
                others = property_share(placed[placed["region"] != region], prop)
                row = {
                    "frame": frame.frame,
                    "carries_shares": frame.carries_shares,
                    "region": region,
                    "property": prop.property,
                    "expected": "yes" if prop.property in expected else "no",
                    **{key: int(here[key]) for key in ("count", "n", "unknown")},
                    **{f"{key}2": int(others[key]) for key in ("count", "n")},
                }
                if frame.carries_shares == "yes":
                    row |= difference_test(row["count"], row["n"], row["count2"], row["n2"])
                rows.append(row)
    table = pd.DataFrame(rows)
    table["p_holm"] = np.nan
    for _, group in table[(table["expected"] == "yes") & table["p"].notna()].groupby("frame"):
        table.loc[group.index, "p_holm"] = multipletests(group["p"], method="holm")[1]
    return table


def region_differences(regions: pd.DataFrame, frame: str) -> pd.DataFrame:
    """Return the patterns that the paper expects of American regions, on one frame.

    Returns
    -------
    DataFrame
        The columns of `us_patterns`, ``slug``, ``word`` and ``label`` (region and word).
    """
    table = regions[(regions["expected"] == "yes") & (regions["frame"] == frame)]
    word = table["property"].replace({"second_order": "second-order"}).str.replace("_", " ")
    label = table["region"] + ": " + word
    return table.assign(slug=table["region"].map(REGIONS), word=word, label=label)


def region_limits(expected: pd.DataFrame, surplus: float) -> pd.DataFrame:
    """Say what the tests of regional patterns could have told at all.

    Parameters
    ----------
    expected : DataFrame
        From `region_differences`.
    surplus : float
        How many percentage points more than the other regions a region is supposed to have.

    Returns
    -------
    DataFrame
        ``frame``, ``region``, ``slug``, ``property``, ``word``, ``least_p`` (the smallest p that
        the numbers of firms allow), ``power`` (chance to see the surplus).
    """
    rows = []
    for row in expected.to_dict("records"):
        counts = [int(row[key]) for key in ("count", "n", "count2", "n2")]
        rest = counts[2] / counts[3]
        supposed = min(1.0, rest + surplus / 100)
        kept = {key: row[key] for key in ("frame", "region", "slug", "property", "word")}
        power = fisher_power(counts[1], supposed, counts[3], rest)
        rows.append(kept | {"least_p": fisher_attainable(*counts)["p"], "power": power})
    return pd.DataFrame(rows)


def region_numbers(
    regions: pd.DataFrame, entries: pd.DataFrame, frame: str, turn: int, early: int
) -> dict[str, dict[str, float] | float]:
    """Return what is quoted of American regions and stands in no table, by id of the result.

    Parameters
    ----------
    regions : DataFrame
        From `us_patterns`.
    entries : DataFrame
        All entries.
    frame : str
        The American frame.
    turn, early : int
        Year from which New York's entries are late; last year of San Diego's early ones.
    """
    on_frame = region_differences(regions, frame)
    york = on_frame.query("region == 'New York' and property == 'subsidiary'").iloc[0]
    rest = york["count2"] / york["n2"]
    every = regions[regions["frame"] == "us_all"].set_index(["region", "property"])
    foreign = every.loc[("New York", "foreign_subsidiary")]
    dated = entries[(entries["country"] == "USA") & entries["entry_year"].notna()]
    academics = dated.query("region == 'New York' and paper_type == 'a_academic'")["entry_year"]
    san_diego = dated.loc[dated["region"] == "San Diego", "entry_year"]
    both = foreign["count"] + foreign["count2"]
    return {
        "new_york_power": fisher_power(int(york["n"]), 0.5, int(york["n2"]), rest),
        "region_patterns_p": float(on_frame["p_holm"].min()),
        "foreign_found_new_york": {"value": foreign["count"], "n": both},
        "academic_found_new_york_early": int((academics < turn).sum()),
        "academic_found_new_york_late": int((academics >= turn).sum()),
        "found_san_diego_early": {"value": int((san_diego <= early).sum()), "n": len(san_diego)},
    }


def second_order_found(regions: pd.DataFrame) -> pd.DataFrame:
    """Count second-order foundings among all entries found in each region that the paper names."""
    table = regions.query("frame == 'us_all' and property == 'second_order'")
    table = table[table["region"].isin(list(REGIONS))]
    columns = ["region", "slug", "value", "count", "n"]
    return table.assign(slug=table["region"].map(REGIONS), value=table["count"])[columns]
