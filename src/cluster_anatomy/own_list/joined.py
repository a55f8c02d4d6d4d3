"""A list that joins a listed frame: what it says of firms that the study left unknown.

The firms are those of the frame. What the study has coded stays; rows of the list fill what is
unknown, and the rules read them as they read the study's own evidence.
"""

import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.firms.listed import FRAME_OF
from cluster_anatomy.own_list.layout import OWN, shaped
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.reading.headings import fold
from cluster_anatomy.reading.problems import meant
from cluster_anatomy.tables.cells import split

OTHER = {"cn_listed": "us_listed", "us_listed": "cn_listed"}
"""Frames that a list can join, and the one that each is compared with."""
TABLES = ["firms", "evidence"]
CODED = ["mode", "source", "reach"]
FILLS = ["place", "admin", "entry_year", "entry_year_low", "entry_year_high"]
"""What a row of firms can fill in; a place with its province, a year with its span."""
OUT = {
    "struck": "was struck from the frame by a rule",
    "beyond": "is in the frame, but beyond the firms that the study looked up",
}
"""Why a firm of the frame is not in the sample, by status (`firms.listed.identify`); one that
stands there twice is found by all its names."""
SHOWN = 12
"""Properties that a notebook shows; the table has all of them."""


def sampled(frame: str) -> pd.DataFrame:
    """Return the firms of a frame as a list codes them, blank where the study knows nothing.

    Parameters
    ----------
    frame : {"cn_listed", "us_listed"}

    Returns
    -------
    DataFrame
        The columns of the contract ``own_firms``, by ``firm_id``.
    """
    entries = tables.read("data/processed/listed_entries.csv")
    own = entries[entries["frame"] == frame].set_index("firm_id")
    own = own.rename(columns={"name_zh": "name_local", "city": "place"})
    own["name"] = own["name_en"].fillna(own["name_local"])
    own[CODED] = own[CODED].mask(own[CODED] == "unknown")
    return shaped(own, "own_firms").astype(object)


def names_in_frame(frame: str) -> pd.DataFrame:
    """Return every name, ticker symbol and number by which a frame knows its firms.

    Returns
    -------
    DataFrame
        ``name`` (folded), ``firm_id``, ``status`` (`firms.listed.identify`).
    """
    file = next(file for file, name in FRAME_OF.items() if name == frame)
    status = tables.read("data/processed/listed_frame.csv")
    status = status.loc[status["frame"] == frame, ["frame_order", "firm_id", "status"]]
    rows = tables.read(f"data/raw/lists/{file}.csv").merge(status, on="frame_order")
    rows["symbol"], rows["order"] = rows["symbols"].map(split), rows["frame_order"].astype(str)
    rows = rows.explode("symbol")[
        ["firm_id", "status", "name", "name_en", "name_zh", "symbol", "order"]
    ]
    long = rows.melt(["firm_id", "status"], value_name="given").dropna(subset="given")
    return long.assign(name=long["given"].map(fold))[["name", "firm_id", "status"]]


def on_frame(frame: str, cells: dict[str, Cells], given: dict[str, pd.DataFrame]) -> None:
    """Put the firms of a frame in the place of the firms given, with what these fill in.

    Parameters
    ----------
    frame : str
        The frame that the list joins.
    cells : dict of str to Cells
        By table; ``firms`` and ``evidence`` get what is said of their rows.
    given : dict of str to DataFrame
        The tables in the types of their contracts; ``firms`` is replaced, rows of ``evidence`` on
        firms of which the study knows mode, source and reach are taken out.
    """
    firms = sampled(frame)
    found = {table: _found(cells[table], given[table], firms, frame) for table in TABLES}
    for row, firm in found["firms"].items():
        _fill(cells["firms"], firms, firm, given["firms"].loc[row])
    kept = {}
    for row, firm in found["evidence"].items():
        if firms.loc[firm, CODED].notna().all():
            name = given["evidence"].loc[row, "name"]
            wrong = "the study knows mode, source and reach of this firm; the row is not used"
            cells["evidence"].warn(row, "name", name, wrong)
        else:
            kept[row] = firms.loc[firm, "name"]
    evidence = given["evidence"].loc[list(kept)]
    given["evidence"] = evidence.assign(name=list(kept.values()))
    given["firms"] = firms.reset_index(drop=True)


def _found(cells: Cells, rows: pd.DataFrame, firms: pd.DataFrame, frame: str) -> dict[int, str]:
    """Return the id of the firm that each row is about; say of a row why it is about none."""
    names = names_in_frame(frame)
    inside = names["status"].isin(["sampled", "double"])
    called = dict(zip(names.loc[inside, "name"], names.loc[inside, "firm_id"], strict=True))
    for column in ("name", "name_local", "other_names"):
        for firm, cell in firms[column].dropna().items():
            called |= {fold(name): str(firm) for name in cell.split("|")}
    outside = dict(zip(names.loc[~inside, "name"], names.loc[~inside, "status"], strict=True))
    found = {}
    for row, name in rows["name"].dropna().items():
        if (firm := called.get(fold(name))) is not None:
            found[row] = firm
        elif status := outside.get(fold(name)):
            cells.say(row, "name", name, OUT[status], "only the sample can be filled")
        else:
            near = "" if cells.enough("name") else meant(name, firms["name"])
            right = near or "write its name, ticker or number in the frame (frame_order)"
            cells.say(row, "name", name, "is no firm of the frame that the list joins", right)
    return found


def _fill(cells: Cells, firms: pd.DataFrame, firm: str, given: pd.Series) -> None:
    """Fill place and year of a firm where the frame has none; say which of them were not used."""
    for columns in (FILLS[:2], FILLS[2:]):
        if given[columns].isna().all():
            continue
        if firms.loc[firm, columns].notna().any():
            value = given[columns].dropna().iloc[0]
            wrong = "the study knows it already; the cell was not used"
            cells.warn(int(str(given.name)), columns[0], value, wrong)
        else:
            firms.loc[firm, columns] = given[columns]


def side_by_side(shares: pd.DataFrame, joins: str) -> pd.DataFrame:
    """Return the shares of a frame without and with the rows of a list that joins it.

    Parameters
    ----------
    shares : DataFrame
        From `study.own_list.shares_beside`, of the list and of both frames of the pair.
    joins : str
        The frame that the list joins; empty if it joins none, as is the table then.

    Returns
    -------
    DataFrame
        Contract ``joined_frame``: by property, ``rows`` (``without``, ``with``), the share, and its
        difference from the other frame of the pair. Without and with are not two samples: their own
        difference has no interval.
    """
    if not joins:
        return shaped(pd.DataFrame(), "joined_frame")
    from cluster_anatomy.study import china_usa  # whoever checks a list need not wait for it

    words = {joins: "without", OWN: "with"}
    other = OTHER[joins]
    compared = china_usa.differences(shares, list(words), other)
    compared = compared[["property", "frame", "value", "low", "high"]].rename(
        columns={"value": "difference", "low": "difference_low", "high": "difference_high"}
    )
    table = shares[shares["frame"].isin(words)].merge(compared, on=["property", "frame"])
    table = table.assign(rows=table["frame"].map(words), other=other)
    order = table["property"].map({name: at for at, name in enumerate(shares["property"].unique())})
    table = table.assign(order=order).sort_values(["order", "rows"], ascending=[True, False])
    return shaped(table, "joined_frame").reset_index(drop=True)


def as_shown(table: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return the first properties of `side_by_side` as a table to read, in percent and points."""
    label = properties.set_index("property")["label"]
    rows = table.assign(known=[f"{row.n} of {row.n + row.unknown}" for row in table.itertuples()])
    for column, heading in {"value": "share, %", "difference": "difference, points"}.items():
        rows[heading] = (100 * rows[column]).round(0).astype("Int64")
    wide = rows.pivot(
        index="property", columns="rows", values=["known", "share, %", "difference, points"]
    )
    wide = wide.reindex(table["property"].unique()[:SHOWN]).reindex(
        columns=["without", "with"], level="rows"
    )
    return wide.rename(index=label).rename_axis(index=None, columns=[None, None])
