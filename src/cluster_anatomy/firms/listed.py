"""The listed pair: two frames of listed firms in random order, read as the register is.

All firms of a frame stand in an order that was drawn before the first look-up. The firms looked up
stand at its front, so that they are a simple random sample of the frame (Cochran 1977, chapter 2),
and looking up the next ones extends it. A firm that is in the register keeps the register's rows.
The pair is never read together with the register: only the functions are the same.
"""

import pandas as pd

from cluster_anatomy.firms.names import slug

COUNTRY_OF = {"listed_china_frame": "China", "listed_usa_frame": "USA"}
FRAME_OF = {"listed_china_frame": "cn_listed", "listed_usa_frame": "us_listed"}
"""Country and name of the frame of each file of the contract ``listed_frames``."""


def identify(frame: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Give each firm of the frames its id, and say whether it counts.

    Parameters
    ----------
    frame : DataFrame
        Both frames (contract ``listed_frames``), with ``pair``.
    members : DataFrame
        Rows of the register's firms: ``row_id``, ``firm_id``.

    Returns
    -------
    DataFrame
        The rows in their order, with ``country``, ``frame``, ``firm_id`` (the register's where
        ``register_row`` names one, else country and name; that of ``same_as`` for a double) and
        ``status``: ``sampled``, or why a firm is out of the estimate: ``struck`` by a rule,
        ``double``, or ``beyond`` the first firm that nobody looked up.

    Raises
    ------
    ValueError
        If the register has no such row, or two firms that count have one id.
    """
    table = frame.sort_values(["pair", "frame_order"], ignore_index=True)
    row_of = members.set_index("row_id")["firm_id"]
    named = table["register_row"].dropna()
    if missing := sorted(set(named) - set(row_of.index)):
        raise ValueError(f"The register has no row {', '.join(missing)} (column register_row).")
    table["country"], table["frame"] = (
        table["pair"].map(words) for words in (COUNTRY_OF, FRAME_OF)
    )
    names = table["country"] + " " + table["name_en"].fillna(table["name"])
    table["firm_id"] = table["register_row"].map(row_of).fillna(names.map(slug))
    ids = table.set_index(["pair", "frame_order"])["firm_id"]
    double = table["same_as"].notna()
    first = zip(table.loc[double, "pair"], table.loc[double, "same_as"], strict=True)
    table.loc[double, "firm_id"] = [ids[place] for place in first]
    beyond = (table["looked_up"] == "no").groupby(table["pair"]).cummax()
    table["status"] = "sampled"
    table.loc[double, "status"] = "double"
    table.loc[table["outcome"] == "struck", "status"] = "struck"
    table.loc[beyond, "status"] = "beyond"
    counted = table.loc[table["status"] == "sampled", "firm_id"]
    if twice := sorted(counted[counted.duplicated()]):
        raise ValueError(f"Two listed firms have one id: {', '.join(twice)} (set same_as).")
    return table


def members_of(table: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Return the rows behind the sampled firms, as `lists.assemble` does for the register.

    Parameters
    ----------
    table : DataFrame
        From `identify`.
    members : DataFrame
        Rows of the register's firms.

    Returns
    -------
    DataFrame
        ``firm_id``, ``coder``, ``kind``, ``name_as_given``, ``row_id``: the register's rows of a
        firm, the row of the frame (a list), and the row of evidence of the frame's coder.
    """
    counted = table[table["firm_id"].isin(table.loc[table["status"] == "sampled", "firm_id"])]
    rows = [members[members["firm_id"].isin(counted["firm_id"])]]
    evidence = counted.dropna(subset=["name_en"])
    coder = evidence["pair"].str.removesuffix("_frame")
    for kind, part, who, name in (
        ("evidence", evidence, coder, evidence["name_en"]),
        ("list", counted, counted["pair"], counted["name"]),
    ):
        given = {"coder": who, "kind": kind, "name_as_given": name, "row_id": who + ":" + name}
        rows.append(part[["firm_id"]].assign(**given))
    joined = pd.concat(rows)[["firm_id", "coder", "kind", "name_as_given", "row_id"]]
    return joined.sort_values(["firm_id", "kind", "row_id"], ignore_index=True)


def counts(table: pd.DataFrame) -> pd.DataFrame:
    """Count the firms of each list by what became of them.

    Parameters
    ----------
    table : DataFrame
        From `identify`.

    Returns
    -------
    DataFrame
        Index: ``frame``, ``list`` (a firm of two lists stands under both together). Columns:
        ``firms``, each status of `identify`, and of the sampled firms each outcome.
    """
    keys = [table["frame"], table["list"]]
    sampled = table["outcome"].where(table["status"] == "sampled")
    parts = [pd.crosstab(keys, column) for column in (table["status"], sampled)]
    sizes = table.groupby(keys).size().rename("firms")
    return pd.concat([sizes, *parts], axis=1).fillna(0).astype(int)
