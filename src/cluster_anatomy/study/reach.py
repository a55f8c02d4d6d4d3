"""Step 05: where the sources of entries sit, and what sets China and the USA apart in it."""

from collections.abc import Mapping

import pandas as pd

from cluster_anatomy.firms.entries import in_frame, property_share, reach_shares
from cluster_anatomy.methods.differences import difference

REACH = ["home", "elsewhere", "mixed", "abroad", "unknown"]
"""Reach in the order of figures."""
REACH_WORDS = {
    "elsewhere": "from elsewhere in the country",
    "abroad": "from abroad",
    "mixed": "from the home region and another place",
    "home": "from the home region",
    "home_of_domestic": "from home, of those with a source in the country",
}
"""Shares of entries by reach that are quoted, in words."""
PAIRS = {"classic pair": ("china", "usa"), "listed pair": ("listed_china", "listed_usa")}
"""Frames that are compared with one another, by the word for each in the id of a result."""
SUFFIXES = {"classic pair": "", "listed pair": "_listed"}
"""What the id of a difference ends with, by pair."""


def parts_by_frame(tables: Mapping[str, pd.DataFrame], frames: pd.DataFrame) -> pd.DataFrame:
    """Share out the entries of the frames that carry shares by reach, unknown ones among them.

    Parameters
    ----------
    tables : mapping
        Pair of frames (``classic``, ``listed``) -> the entries on which they are read.
    frames : DataFrame
        Frames.

    Returns
    -------
    DataFrame
        ``label`` (of the frame, with its number of entries), ``series`` (reach), ``value`` (share
        of all entries of the frame).
    """
    rows = []
    for frame in frames[frames["carries_shares"] == "yes"].itertuples():
        reach = in_frame(tables[frame.pair], frames, frame.frame)["reach"]
        for part, share_of_all in reach.value_counts(normalize=True).items():
            label = f"{frame.label} (n = {len(reach)})"
            rows.append({"label": label, "series": part, "value": share_of_all})
    return pd.DataFrame(rows)


def numbers_by_frame(
    tables: Mapping[str, pd.DataFrame],
    frames: pd.DataFrame,
    properties: pd.DataFrame,
    names: Mapping[str, str],
) -> pd.DataFrame:
    """Return the shares of entries by reach that are quoted (`REACH_WORDS`), frame by frame.

    Parameters
    ----------
    tables, frames
        As for `parts_by_frame`.
    properties : DataFrame
        ``properties.csv``, for the share of home among sources in the country.
    names : mapping
        Frame -> the word for it in the id of a result, as in `PAIRS`.

    Returns
    -------
    DataFrame
        ``frame``, ``name``, ``part`` (`REACH_WORDS`), ``words``, and the columns of `shares.share`.
    """
    domestic = next(prop for prop in properties.itertuples() if prop.property == "home_of_domestic")
    pair, rows = frames.set_index("frame")["pair"], []
    for frame, name in names.items():
        entries = tables[pair[frame]]
        parts = reach_shares(entries, frames, [frame]).set_index("reach").to_dict("index")
        parts["home_of_domestic"] = property_share(in_frame(entries, frames, frame), domestic)
        for part, words in REACH_WORDS.items():
            rows.append(parts[part] | {"frame": frame, "name": name, "part": part, "words": words})
    return pd.DataFrame(rows)


def pair_differences(numbers: pd.DataFrame) -> pd.DataFrame:
    """Set the two frames of each pair side by side: China minus the USA.

    Parameters
    ----------
    numbers : DataFrame
        From `numbers_by_frame`.

    Returns
    -------
    DataFrame
        ``part``, ``words``, ``pair``, ``suffix`` (of the id), ``frame`` and the columns of
        `difference`.
    """
    table, rows = numbers.set_index(["name", "part"]), []
    for pair, (first, second) in PAIRS.items():
        for part, words in REACH_WORDS.items():
            china, usa = table.loc[(first, part)], table.loc[(second, part)]
            counts = [int(row[key]) for row in (china, usa) for key in ("count", "n")]
            about = {"part": part, "words": words, "pair": pair, "suffix": SUFFIXES[pair]}
            about["frame"] = f"{china['frame']} vs {usa['frame']}"
            rows.append(about | difference(*counts))
    return pd.DataFrame(rows)


def dots_by_pair(numbers: pd.DataFrame) -> pd.DataFrame:
    """Return shares by reach as a figure draws them, the two frames of a pair together.

    Parameters
    ----------
    numbers : DataFrame
        From `numbers_by_frame`.

    Returns
    -------
    DataFrame
        ``label`` (share and pair), ``series`` (country), and the columns of `shares.share`.
    """
    keyed = numbers.set_index(["part", "name"])
    parts = []
    for part in ("elsewhere", "abroad", "home_of_domestic"):
        for pair, names in PAIRS.items():
            rows = keyed.loc[[(part, name) for name in names]]
            label = f"{REACH_WORDS[part]}, {pair}"
            parts.append(rows.assign(label=label, series=["China", "USA"]))
    return pd.concat(parts, ignore_index=True)
