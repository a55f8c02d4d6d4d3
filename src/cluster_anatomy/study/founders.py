"""Step 09: who ties places together: founders, families of firms, academia, returnees."""

from collections.abc import Iterable, Mapping

import pandas as pd

from cluster_anatomy.firms.entries import in_frame
from cluster_anatomy.firms.tie_counts import academic_firms
from cluster_anatomy.firms.ties import ACADEMIA, KINDS
from cluster_anatomy.methods import shares
from cluster_anatomy.methods.descent import descent

KINDS_OF_TIE = {
    "academic": "to academia",
    "academic_far": "to academia elsewhere or abroad",
    "academic_capital": "of capital to academia",
    "academic_technology": "of technology to academia",
}
"""Columns of `tie_counts.academic_firms`, and what they count in words."""
ROOTS = {
    "USA": ["Hybritech", "Genentech"],
    "China": [
        "Tonghua Baishan General Pharmaceutical Plant",
        "Merck & Co.",
        "Bristol-Myers Squibb",
    ],
}
"""Roots of the families that are drawn, by country."""
SEEN = {"returnee": "a returnee founder", "foreign_partner": "a foreign partner"}
"""Columns of `tie_counts.cluster_links`, and what they count in words."""


def serial_counts(serial: pd.DataFrame) -> pd.DataFrame:
    """Count serial persons and organisations, and those behind entries in more than one cluster.

    Parameters
    ----------
    serial : DataFrame
        ``country``, ``kind``, ``regions_known``: one row for each serial founder.

    Returns
    -------
    DataFrame
        ``kind``, ``country``, ``place`` (lower case), ``value``, ``across``.
    """
    table = serial.assign(across=serial["regions_known"] > 1)
    counts = table.groupby(["country", "kind"]).agg(
        value=("across", "size"), across=("across", "sum")
    )
    return counts.reset_index().assign(place=lambda rows: rows["country"].str.lower())


def in_several_regions(serial: pd.DataFrame, most: int = 3) -> pd.DataFrame:
    """Return serial founders behind entries in more than one cluster, for reading.

    Parameters
    ----------
    serial : DataFrame
        ``country``, ``kind``, ``actor``, ``entries``, ``regions`` (with ``|`` between them),
        ``regions_known``.
    most : int
        How many of each country and kind, those with most entries.

    Returns
    -------
    DataFrame
        Country and kind (index), founder, entries, clusters.
    """
    several = serial[serial["regions_known"] > 1]
    ranked = several.sort_values("entries", ascending=False, kind="stable")
    shown = ranked.groupby(["country", "kind"]).head(most).sort_values(["country", "kind"])
    words = {"actor": "founder", "regions": "clusters"}
    table = shown.assign(regions=shown["regions"].str.replace("|", ", ")).rename(columns=words)
    return table.set_index(["country", "kind"])[["founder", "entries", "clusters"]]


def foundings_by_kind(founded: pd.DataFrame) -> pd.DataFrame:
    """Count second-order foundings by country and kind of tie (local, external, foreign, unknown).

    Returns
    -------
    DataFrame
        ``country``, ``place``, ``kind``, ``value``, ``n``, ``label`` and ``series`` for figures.
    """
    table = pd.crosstab(founded["seen_from"], founded["kind"]).reindex(columns=KINDS, fill_value=0)
    rows = table.rename_axis(index="country", columns="kind").stack().rename("value").reset_index()
    n = rows["country"].map(table.sum(axis=1))
    place, label = rows["country"].str.lower(), rows["country"]
    return rows.assign(n=n, place=place, label=label, series=rows["kind"])


def descents(founded: pd.DataFrame, ancestors: Mapping[str, str]) -> pd.DataFrame:
    """Say how many firms descend from some ancestors, and how long the longest line is.

    Parameters
    ----------
    founded : DataFrame
        From `foundings`.
    ancestors : mapping
        Word for the id of a result -> name of the firm.

    Returns
    -------
    DataFrame
        ``name``, ``ancestor``, ``value`` (steps in the longest line), ``n`` (descendants).
    """
    edges = list(founded[["parent", "child"]].itertuples(index=False, name=None))
    rows = []
    for name, ancestor in ancestors.items():
        family = descent(edges, ancestor)
        depth = int(family["chain"].max())
        rows.append({"name": name, "ancestor": ancestor, "value": depth, "n": len(family)})
    return pd.DataFrame(rows)


def academic_counts(
    pairs: pd.DataFrame,
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    sources: pd.DataFrame,
    frame: str,
) -> pd.DataFrame:
    """Count domestic firms with ties to academia, on the frame and among all Chinese entries.

    Foreign subsidiaries are left out; the ministry's institutes count as institutes.

    Parameters
    ----------
    pairs : DataFrame
        Ties; those seen from China count.
    entries, frames, sources : DataFrame
        Entries, frames, and the sources of step 02.
    frame : str
        The Chinese frame.

    Returns
    -------
    DataFrame
        ``id``, ``frame``, ``what`` (in words), ``value``, ``n``, ``label`` and ``series`` for
        figures.
    """
    own = entries[entries["label"] != "subsidiary_foreign"]
    academia = sources["org_type"].isin([*ACADEMIA, "biological_products_institute"])
    came_from = set(sources.loc[academia & (sources["timing"] == "at_entry"), "firm_id"])
    rows = []
    for name, series, suffix in ((frame, "frame", "frame"), ("cn_all", "all entries", "china")):
        firms = in_frame(own, frames, name)
        table = academic_firms(pairs[pairs["seen_from"] == "China"], firms)
        tied = int((table["ties"] > 0).sum())
        any_way = (table["academic"] > 0) | table.index.isin(came_from)
        counts = {
            "academia_any_firms": (
                any_way.sum(),
                len(any_way),
                "a tie to academia or came from it",
            ),
            "ties_firms": (tied, len(firms), "a tie"),
        }
        for column, what in KINDS_OF_TIE.items():
            key = column.replace("academic", "academia_ties_firms", 1)
            counts[key] = (int((table[column] > 0).sum()), tied, what)
        about = {"frame": name, "series": series}
        rows += [
            about
            | {"id": f"{key}_{suffix}", "what": what, "value": int(value), "n": n, "label": what}
            for key, (value, n, what) in counts.items()
        ]
    return pd.DataFrame(rows)


def largest_clusters(links: pd.DataFrame, frame: str) -> pd.DataFrame:
    """Say how far firms with a returnee or a foreign partner sit in one Chinese cluster.

    Parameters
    ----------
    links : DataFrame
        From `tie_counts.cluster_links`.
    frame : str
        The Chinese frame.

    Returns
    -------
    DataFrame
        ``column``, ``what``, ``name`` (``frame``, ``china``), ``frame``, ``cluster`` (with most of
        them), ``value``, ``n``, ``clusters``.
    """
    china, rows = links[links["country"] == "China"].set_index("cluster"), []
    for column, what in SEEN.items():
        for suffix, frame_name, name in (("frame", frame, "frame"), ("entries", "cn_all", "china")):
            seen = china[f"{column}_{suffix}"]
            about = {"column": column, "what": what, "name": name, "frame": frame_name}
            numbers = {"value": int(seen.max()), "n": int(seen.sum())}
            clusters = {"cluster": seen.idxmax(), "clusters": int((seen > 0).sum())}
            rows.append(about | numbers | clusters)
    return pd.DataFrame(rows)


def returnees_in_large_clusters(links: pd.DataFrame, largest: int = 10) -> dict[str, int]:
    """Count returnees' firms in the Chinese clusters with most entries: ``value`` of ``n``."""
    china = links[links["country"] == "China"]
    leading = china.nlargest(largest, "entries")["returnee_entries"]
    return {"value": int(leading.sum()), "n": int(china["returnee_entries"].sum())}


def returnees_by_cluster(links: pd.DataFrame, most: int = 12) -> pd.DataFrame:
    """Return returnees' and other entries of the largest Chinese clusters for a figure."""
    china = links[links["country"] == "China"].nlargest(most, "entries")
    table = pd.DataFrame(
        {
            "label": china["cluster"],
            "a returnee founder": china["returnee_entries"],
            "no returnee seen": china["entries"] - china["returnee_entries"],
        }
    )
    return table.melt("label", var_name="series", value_name="value")


def shares_of_firms(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts of `academic_counts` among firms with a tie as a figure draws them."""
    rows = counts[counts["id"].str.startswith("academia_ties")]
    share = [shares.share(row.value, row.n) for row in rows.itertuples()]
    table = pd.DataFrame(share)[["value", "low", "high"]] * 100
    return table.assign(label=rows["label"].to_list(), series=rows["series"].to_list())


def firms_of(entries: pd.DataFrame, frames: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Return the ids of the firms on some frames."""
    return [firm for name in names for firm in in_frame(entries, frames, name)["firm_id"]]
