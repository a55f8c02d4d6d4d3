"""Step 13: a list of one's own beside the frames of the study, property by property."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

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


def in_series(
    table: pd.DataFrame, properties: pd.DataFrame, column: str, names: Mapping[str, str]
) -> pd.DataFrame:
    """Return the rows of some frames as a figure draws them.

    Parameters
    ----------
    table : DataFrame
        From `shares_beside` or `comparison`.
    properties : DataFrame
        ``property``, ``label``.
    column : str
        Where the table names the frame.
    names : mapping
        Frame to the name of its series; rows of other frames are left out.

    Returns
    -------
    DataFrame
        With ``label`` (of the property) and ``series``.
    """
    rows = china_usa.labelled(table[table[column].isin(list(names))], properties)
    return rows.assign(series=rows[column].map(names))


def difference_numbers(
    compared: pd.DataFrame,
    properties: pd.DataFrame,
    countries: Mapping[str, str],
    names: Mapping[str, str],
) -> pd.DataFrame:
    """Return one row per property and frame of a comparison, with the words that it is told in.

    Parameters
    ----------
    compared : DataFrame
        From `comparison`.
    properties : DataFrame
        ``property``, ``label``.
    countries, names : mapping
        Frame to its country in ids, and to its name in sentences.

    Returns
    -------
    DataFrame
        ``property``, ``beside``, ``country``, ``name``, ``what``, ``value``, ``low``, ``high``,
        ``n``.
    """
    table = china_usa.labelled(compared, properties)
    table["country"], table["name"] = table["beside"].map(countries), table["beside"].map(names)
    table["what"] = table["label"].str.capitalize()
    columns = ["property", "beside", "country", "name", "what", "value", "low", "high", "n"]
    return table[columns]


def origin_known(origins: pd.DataFrame) -> dict[str, int]:
    """Count the firms of the list whose mode of entry is known (``value``) among all (``n``)."""
    return {"value": int((origins["mode"] != "unknown").sum()), "n": len(origins)}


def usable(possible: pd.DataFrame) -> pd.DataFrame:
    """Return which part of a list each analysis can use, those that can use most first.

    Parameters
    ----------
    possible : DataFrame
        ``what``, ``have``, ``of``, ``status`` of each analysis; one that is missing uses nothing.

    Returns
    -------
    DataFrame
        ``label``, ``value``.
    """
    part = (possible["have"] / possible["of"]).where(possible["status"] != "missing", 0.0)
    table = pd.DataFrame({"label": possible["what"], "value": part.astype(float)})
    return table.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def copy_with_faults(folder: Path, target: Path | str) -> Path:
    """Copy a list and put into its firms what people put there, for the check to find.

    Years as they are spoken of, a place with a letter missing, words that the study does not know,
    one firm twice; saved with semicolons and in UTF-16, as spreadsheets do.

    Parameters
    ----------
    folder : Path
        A list with eight firms at least in ``firms.csv``; it stays as it is.
    target : Path or str
        Folder to make.

    Returns
    -------
    Path
        The folder made.
    """
    copy = Path(shutil.copytree(folder, target, ignore=shutil.ignore_patterns("results")))
    firms = pd.read_csv(copy / "firms.csv", dtype="string")
    firms.loc[[0, 1, 2], "entry_year"] = ["c. 2017", "2005/06", "203"]
    firms.loc[3, "place"] = firms.loc[3, "place"].replace("e", "", 1)
    firms.loc[[4, 5], "mode"] = ["startup", "joint venture"]
    firms.loc[len(firms)] = firms.loc[7]
    firms.to_csv(copy / "firms.csv", sep=";", encoding="utf-16", index=False)
    return copy
