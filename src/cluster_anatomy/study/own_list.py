"""Step 13: a list of one's own beside the frames of the study, property by property."""

from collections.abc import Iterable, Mapping

import pandas as pd

from cluster_anatomy.results.numbers import result
from cluster_anatomy.study import china_usa


def shares_beside(
    own: pd.DataFrame,
    beside: pd.DataFrame,
    frames: pd.DataFrame,
    properties: pd.DataFrame,
    own_frame: str,
) -> pd.DataFrame:
    """Estimate the share of every property in the list and in every frame beside it.

    Parameters
    ----------
    own, beside : DataFrame
        Entries of the list, and of the study.
    frames, properties : DataFrame
        Frames of both; properties.
    own_frame : str
        Name of the frame of the list.

    Returns
    -------
    DataFrame
        As `china_usa.property_shares`, the list first.
    """
    is_own = frames["frame"] == own_frame
    parts = [
        china_usa.property_shares(own, frames[is_own], properties),
        china_usa.property_shares(beside, frames[~is_own], properties),
    ]
    return pd.concat(parts, ignore_index=True)


def comparison(shares: pd.DataFrame, own_frame: str, others: Iterable[str]) -> pd.DataFrame:
    """Compare the list with some frames (list minus frame).

    Parameters
    ----------
    shares : DataFrame
        From `shares_beside`.
    own_frame : str
        Name of the frame of the list.
    others : iterable of str
        Frames beside it.

    Returns
    -------
    DataFrame
        The columns of `china_usa.differences`, with ``own``, ``other`` and ``beside`` (name of the
        other frame).
    """
    parts = [
        china_usa.differences(shares, [own_frame], other).assign(beside=other) for other in others
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.rename(columns={"china": "own", "usa": "other"})


def comparison_results(
    compared: pd.DataFrame,
    prefix: str,
    title: str,
    short: Mapping[str, str],
    names: Mapping[str, str],
    labels: Mapping[str, str],
) -> list[dict]:
    """Make one result per property and frame of a comparison.

    Parameters
    ----------
    compared : DataFrame
        From `comparison`.
    prefix, title : str
        Begin of the ids; name of the list.
    short, names : mapping
        Frame to its part of the id, and to its name in sentences.
    labels : mapping
        Property to its words.

    Returns
    -------
    list of dict
        From `results.result`.
    """
    return [
        result(
            f"{prefix}_{row.property}_minus_{short[row.beside]}",
            {end: getattr(row, end) for end in ("value", "low", "high", "n", "n2")},
            f"{labels[row.property].capitalize()}, {prefix.capitalize()} minus"
            f" {names[row.beside]}: {{value}} (95 % interval {{low}} to {{high}}).",
            frame=f"{title} vs {row.beside}",
            unit="difference",
        )
        for row in compared.itertuples()
    ]
