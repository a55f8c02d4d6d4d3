"""Second-order foundings: who came out of which firm, and the families that this makes."""

import numpy as np
import pandas as pd

from cluster_anatomy.firms.actors import main_name
from cluster_anatomy.firms.ties import FIRMS, first_known, from_giver, measured, neither_at_home
from cluster_anatomy.methods.descent import families


def founder_rows(source_rows: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Write founders' earlier employers of step 02 as rows of ties (``staff_moved_to``)."""
    rows = source_rows[source_rows["role"] == "founder"].dropna(subset=["organisation"])
    names = {firm.firm_id: main_name(firm) for firm in firms.itertuples()}
    child = firms.set_index("firm_id")
    return pd.DataFrame(
        {
            "coder": rows["coder"].to_numpy(),
            "source_name": rows["organisation"].to_numpy(),
            "source_type": rows["org_type"].to_numpy(),
            "source_city": rows["city"].to_numpy(),
            "target_name": rows["firm_id"].map(names).to_numpy(),
            "target_type": "firm_same_industry",
            "target_city": rows["firm_id"].map(child["city"]).to_numpy(),
            "tie_type": "staff_moved_to",
            "year": rows["firm_id"].map(child["entry_year"]).to_numpy(),
            "source_urls": "",
        }
    )


def foundings(located: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """List second-order foundings: firms begun by people from, or split off, another one.

    Rows of ties (``staff_moved_to``, ``spun_off_from``) count, and the founders' earlier employers
    of step 02 (rows without an address). People who came later than the year after the firm's entry
    did not found it.

    Parameters
    ----------
    located : DataFrame
        From `locate`, rows of ties and of `founder_rows`.
    firms : DataFrame
        The register, for years of entry.

    Returns
    -------
    DataFrame
        ``seen_from``, ``parent``, ``child``, ``parent_firm_id``, ``child_firm_id``, clusters,
        ``year`` (entry of the child, else the tie's), ``kind``, ``kilometres``, ``basis``
        (``founder``, ``tie``, ``founder|tie``).
    """
    rows = located[
        located["tie_type"].isin(["staff_moved_to", "spun_off_from"])
        & (located["source"] != located["target"])
    ]
    rows = from_giver(rows)
    rows = rows[
        rows["source_type"].isin(FIRMS) & rows["target_type"].isin(FIRMS) & ~neither_at_home(rows)
    ]
    began = firms.set_index("firm_id")["entry_year"]
    rows = rows.assign(entry=rows["target_firm_id"].map(began).astype("Int64"))
    late = (rows["tie_type"] == "staff_moved_to") & (rows["year"] > rows["entry"] + 1)
    rows = rows[~late.fillna(False).astype(bool)]
    rows = measured(rows).assign(
        basis=np.where(rows["source_urls"] == "", "founder", "tie"),
    )
    table = (
        rows.sort_values("kilometres", kind="stable")
        .groupby(["source", "target"], sort=True)
        .agg(
            seen_from=("seen_from", "first"),
            parent_firm_id=("source_firm_id", "first"),
            child_firm_id=("target_firm_id", "first"),
            parent_cluster=("source_cluster", "first"),
            child_cluster=("target_cluster", "first"),
            parent_country=("source_country", "first"),
            entry=("entry", "min"),
            year_of_tie=("year", "min"),
            kind=("kind", first_known),
            kilometres=("kilometres", "first"),
            basis=("basis", lambda words: "|".join(sorted(set(words)))),
        )
    )
    table["year"] = table["entry"].fillna(table["year_of_tie"])
    return (
        table.rename_axis(["parent", "child"]).reset_index().drop(columns=["entry", "year_of_tie"])
    )


def genealogies(founded: pd.DataFrame, at_least: int = 2) -> pd.DataFrame:
    """Arrange foundings in families: all who descend from a root, a firm without known parents.

    Parameters
    ----------
    founded : DataFrame
        From `foundings`.
    at_least : int
        Descendants from which a family is listed.

    Returns
    -------
    DataFrame
        The columns of the contract ``genealogies``: one row per root, parent and child; largest
        families first.
    """
    edges = founded[["parent", "child"]].itertuples(index=False, name=None)
    parts = []
    for root, family in families(edges).groupby("root"):
        if len(family) >= at_least:
            inside = {root, *family["child"]}
            part = founded[founded["parent"].isin(inside) & founded["child"].isin(inside)].merge(
                family.drop(columns="root"), on="child"
            )
            parts.append(part.assign(root=root, family=len(family)))
    table = (
        pd.concat(parts, ignore_index=True)
        if parts
        else founded.iloc[:0].assign(generation=[], chain=[], root=[], family=[])
    )
    order = ["family", "root", "generation", "parent", "child"]
    return table.sort_values(order, ascending=[False, True, True, True, True], ignore_index=True)
