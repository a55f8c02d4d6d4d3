"""What the explorer looks up for each reading: the default conventions, or any others."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cluster_anatomy.firms.entries import MIXED_WEIGHT, in_frame
from cluster_anatomy.methods.shares import share

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""One character per outcome: which of a firm's outcomes holds in a reading."""
SHARE = ["count", "n", "unknown", "value", "low", "high", "bound_low", "bound_high"]
"""Columns of an estimate."""


def outcomes(table: pd.DataFrame) -> dict[str, tuple[list[str], str]]:
    """Return, for each firm that conventions move, what it is in each reading.

    Parameters
    ----------
    table : DataFrame
        Rows: readings, the default first; columns: firms; cells: text.

    Returns
    -------
    dict
        By firm: its outcomes, and a text with one digit (of `DIGITS`) per reading that says which
        holds.
    """
    moved = {}
    for firm, column in table.items():
        codes, values = pd.factorize(column)
        if len(values) > 1:
            digits = "".join(DIGITS[code] for code in codes)
            moved[str(firm)] = ([str(value) for value in values], digits)
    return moved


def reach_words(home: pd.DataFrame, abroad: pd.DataFrame) -> pd.DataFrame:
    """Turn the readings of *founded from the home region* and *from abroad* back into reach.

    Parameters
    ----------
    home, abroad : DataFrame
        From `firms.readings.readings`: 1, 0, 0.5 (mixed) or blank.
    """
    near, far = home.to_numpy(), abroad.to_numpy()
    words = np.select(
        [np.isnan(near), near == 0.5, near == 1, far == 1],
        ["unknown", "mixed", "home", "abroad"],
        "elsewhere",
    )
    return pd.DataFrame(words, index=home.index, columns=home.columns)


def shares_everywhere(values: pd.DataFrame, weights: Mapping[str, float] | None = None) -> dict:
    """Estimate the share of one property among some firms in every reading.

    Parameters
    ----------
    values : DataFrame
        Rows: readings; columns: the firms of a frame; cells: 1, 0, 0.5 (mixed), blank (unknown)
        or infinite (not at risk).
    weights : mapping, optional
        Option of the convention ``mixed`` to what a mixed firm counts; without it, nothing.

    Returns
    -------
    dict
        ``conventions`` (their order: the last one varies fastest), ``shares`` (the different ones,
        in the order of `SHARE`; None is undefined) and ``which`` (an index into ``shares`` per
        reading).
    """
    cells = values.to_numpy()
    hits, mixed, unknown = (cells == 1).sum(1), (cells == 0.5).sum(1), np.isnan(cells).sum(1)
    known = (~np.isnan(cells) & ~np.isinf(cells)).sum(1)
    index_of: dict[tuple[float, int, int], int] = {}
    which = []
    for whole, half, sure, blank in zip(hits, mixed, known, unknown, strict=True):
        for weight in (weights or {"": 0.0}).values():
            key = (float(whole + weight * half), int(sure), int(blank))
            which.append(index_of.setdefault(key, len(index_of)))
    estimates = [share(*key) for key in index_of]
    rounded = [[_number(estimate[name]) for name in SHARE] for estimate in estimates]
    varied = [name for name in values.index.names if values.index.unique(name).size > 1]
    return {
        "conventions": [*varied, *(["mixed"] if weights else [])],
        "shares": rounded,
        "which": which,
    }


def _number(value: float) -> float | int | None:
    if np.isnan(value):
        return None
    return int(value) if float(value).is_integer() else round(float(value), 10)


def properties_everywhere(
    readings: Mapping[str, pd.DataFrame],
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    properties: pd.DataFrame,
) -> list[dict]:
    """Estimate the share of every property on the default frames in every reading.

    Returns
    -------
    list of dict
        ``property``, ``label``, ``frames``: frame to what `shares_everywhere` returns.
    """
    carrying = frames[(frames["default"] == "yes") & (frames["carries_shares"] == "yes")]
    shown = []
    for prop in properties.itertuples():
        weights = MIXED_WEIGHT if prop.property == "home" else None
        shares = {
            frame: shares_everywhere(
                readings[prop.property][list(in_frame(entries, frames, frame)["firm_id"])], weights
            )
            for frame in carrying["frame"]
        }
        shown.append({"property": prop.property, "label": prop.label, "frames": shares})
    return shown
