"""Counts of ties: by kind and type, of single firms, of clusters."""

from collections.abc import Iterable

import pandas as pd

from cluster_anatomy.firms.ties import ACADEMIA, CHANNELS, KINDS, described
from cluster_anatomy.tables.cells import split


def kind_share(
    pairs: pd.DataFrame, kind: str, among: Iterable[str] = ("local", "external", "foreign")
) -> dict[str, float]:
    """Describe what part of the pairs of known kind has one kind.

    Parameters
    ----------
    pairs : DataFrame
        With ``kind``.
    kind : str
        ``local``, ``external`` or ``foreign``.
    among : iterable of str
        Kinds that are compared; with ``("local", "external")`` foreign ties are left out.
    """
    counts = pairs["kind"].value_counts()
    n = int(sum(counts.get(each, 0) for each in among))
    return described(int(counts.get(kind, 0)), n, int(counts.get("unknown", 0)))


def kind_counts(pairs: pd.DataFrame, by: str) -> pd.DataFrame:
    """Count pairs by kind in each group, with the share of external among domestic ties.

    Returns
    -------
    DataFrame
        Index ``by``; ``local``, ``external``, ``foreign``, ``unknown``, ``pairs``,
        ``external_of_domestic``.
    """
    table = pd.crosstab(pairs[by], pairs["kind"]).reindex(columns=KINDS, fill_value=0)
    domestic = table["local"] + table["external"]
    return table.assign(
        pairs=table.sum(axis=1),
        external_of_domestic=table["external"] / domestic.where(domestic > 0),
    )


def by_type(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pair and tie type (column ``tie_type``), with its channel."""
    table = pairs.assign(tie_type=pairs["tie_types"].map(split)).explode(
        "tie_type", ignore_index=True
    )
    channel = {kind: name for name, kinds in CHANNELS.items() for kind in kinds}
    return table.assign(channel=table["tie_type"].map(channel))


def academic_firms(pairs: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Say for each firm of the register which ties to academia are recorded.

    Parameters
    ----------
    pairs : DataFrame
        From `ties.collapse`.
    firms : DataFrame
        Firms of the register that are looked at.

    Returns
    -------
    DataFrame
        Index ``firm_id``; counts ``ties`` (of any kind), ``academic``, ``academic_far`` (external
        or foreign), ``academic_capital`` (one holds, founded or bought the other),
        ``academic_technology``.
    """
    ends = []
    for end, other in (("source", "target"), ("target", "source")):
        part = pairs.dropna(subset=[f"{end}_firm_id"])
        ends.append(
            pd.DataFrame(
                {
                    "firm_id": part[f"{end}_firm_id"],
                    "academic": (
                        part[f"{other}_type"].isin(ACADEMIA) & ~part[f"{end}_type"].isin(ACADEMIA)
                    ),
                    "kind": part["kind"],
                    "types": part["tie_types"],
                }
            )
        )
    table = pd.concat(ends)
    kinds = table["types"].map(lambda cell: set(split(cell)))
    flags = pd.DataFrame(
        {
            "firm_id": table["firm_id"],
            "ties": 1,
            "academic": table["academic"],
            "academic_far": table["academic"] & table["kind"].isin(["external", "foreign"]),
            "academic_capital": (
                table["academic"]
                & kinds.map(lambda has: bool(has & {*CHANNELS["capital"], "founded"}))
            ),
            "academic_technology": (
                table["academic"] & kinds.map(lambda has: bool(has & set(CHANNELS["technology"])))
            ),
        }
    )
    return flags.groupby("firm_id").sum().reindex(firms["firm_id"], fill_value=0).astype(int)


def cluster_links(
    pairs: pd.DataFrame, entries: pd.DataFrame, inside: Iterable[str]
) -> pd.DataFrame:
    """Count, for each cluster, its ties by kind and its entries with returnees or foreign partners.

    Parameters
    ----------
    pairs, entries : DataFrame
        From `ties.collapse` and `entries.entries`.
    inside : iterable of str
        ``firm_id`` of the frame that is counted beside all entries.

    Returns
    -------
    DataFrame
        The columns of the contract ``cluster_links``.
    """
    entries = entries.dropna(subset=["cluster"])
    keys = [entries["country"], entries["cluster"]]
    framed = entries["firm_id"].isin(list(inside))
    table = pd.DataFrame({"entries": entries.groupby(keys).size()})
    for column in ("returnee", "foreign_partner"):
        table[f"{column}_entries"] = (entries[column] == "yes").groupby(keys).sum()
        table[f"{column}_frame"] = ((entries[column] == "yes") & framed).groupby(keys).sum()
    ends = [
        pairs[["seen_from", f"{end}_cluster", "kind", "tie_id"]].set_axis(
            ["country", "cluster", "kind", "tie_id"], axis=1
        )
        for end in ("source", "target")
    ]
    touched = pd.concat(ends).dropna(subset=["cluster"]).drop_duplicates()
    counts = (
        touched.groupby(["country", "cluster", "kind"])
        .size()
        .unstack(fill_value=0)
        .reindex(columns=KINDS, fill_value=0)
    )
    table = (
        table.join(counts.add_suffix("_ties"))
        .rename_axis(["country", "cluster"])
        .fillna(0)
        .astype(int)
        .reset_index()
    )
    return table.sort_values(
        ["country", "entries", "cluster"], ascending=[True, False, True], ignore_index=True
    )
