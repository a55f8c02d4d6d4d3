"""Step 11: what claims are about, estimated again on firms and ties that the paper did not pick.

A share says as much about who is in its frame as about the world. The paper chose many of its firms
to show what it claims, so the frames that hold them are no witness for it. Left are the open lists
and, of a later time, the firms that went public; and the ties of the coders who did not start from
the paper.
"""

from collections.abc import Callable, Iterable, Sequence

import pandas as pd

from cluster_anatomy.firms.entries import in_frame, property_share
from cluster_anatomy.firms.ties import CHANNELS, DOMESTIC_FIRMS, between, having, until
from cluster_anatomy.methods.differences import difference
from cluster_anatomy.methods.shares import share
from cluster_anatomy.study.china_usa import labelled
from cluster_anatomy.study.cluster_composition import kind_differences, of_kinds, shares_by_kind
from cluster_anatomy.study.ties import SETS
from cluster_anatomy.tables.cells import split

LISTS = "cn_lists"
"""The Chinese frame of the paper's time that the paper did not choose."""
FRAME_WORDS = {LISTS: "open lists", "cn_listed": "firms that went public later"}
ASKED = ("home_of_domestic", "elsewhere", "relocation", "second_order_of_start_ups")
"""Properties of which claims compare China with the USA."""
REGIONAL, AMERICAN = SETS["regional"], SETS["usa"]
"""Sets of ties whose coders did not start from the paper: what they are called, and which pairs."""


def families(
    read: Callable[[str], pd.DataFrame], last_year: int, research: Iterable[str]
) -> dict[str, pd.DataFrame]:
    """Make all witnesses of step 11, by the family of words that names them.

    Parameters
    ----------
    read : callable
        Returns a table by its path.
    last_year : int
        Ties that are dated later are left out.
    research : iterable of str
        Cities that the paper calls attractive for research.

    Returns
    -------
    dict of DataFrame
        ``witness_difference`` (`differences_on`), ``witness_share``, ``witness_contrast`` (a row
        for each number).
    """
    frames, properties = (read(f"data/raw/coding/{name}.csv") for name in ("frames", "properties"))
    entries, serial, pairs, profiles, differences = (
        read(f"data/processed/{name}.csv")
        for name in ("entries", "serial", "ties", "cluster_profiles", "differences")
    )
    ties = tie_witnesses(pairs, last_year, research)
    shares = [
        share_witnesses(in_frame(entries, frames, LISTS), properties),
        serial_witnesses(entries, serial),
        ties[ties["unit"] == "share"],
    ]
    kinds = kind_witness(entries, frames, profiles[profiles["country"] == "China"])
    return {
        "witness_difference": differences_on(differences, [LISTS], properties),
        "witness_share": pd.concat(shares, ignore_index=True),
        "witness_contrast": pd.concat([ties[ties["unit"] == "difference"], pd.DataFrame([kinds])]),
    }


def differences_on(
    differences: pd.DataFrame, chosen: Sequence[str], properties: pd.DataFrame
) -> pd.DataFrame:
    """Return the differences that claims ask for on some Chinese frames, for words and pictures.

    Parameters
    ----------
    differences : DataFrame
        ``differences.csv`` of step 06.
    chosen : sequence of str
        The frames.
    properties : DataFrame
        ``properties.csv``.

    Returns
    -------
    DataFrame
        The rows of the properties in `ASKED` with ``label`` and ``series`` (the frame in words).
    """
    rows = differences[differences["property"].isin(ASKED) & differences["frame"].isin(chosen)]
    return labelled(rows, properties).assign(series=lambda table: table["frame"].map(FRAME_WORDS))


def share_witnesses(listed: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Estimate on the open lists what part of the Chinese entries are subsidiaries.

    Parameters
    ----------
    listed : DataFrame
        Chinese entries on the open lists.
    properties : DataFrame
        ``properties.csv``.

    Returns
    -------
    DataFrame
        ``name``, ``words``, ``frame``, and the columns of `shares.share`: of all entries, and of
        subsidiaries and start-ups alone.
    """
    prop = next(row for row in properties.itertuples() if row.property == "subsidiary")
    modes = listed["mode"].value_counts()
    hits, start_ups = int(modes.get("subsidiary", 0)), int(modes.get("start_up", 0))
    rows = [
        {"name": "subsidiary_share_lists", "words": "subsidiaries"} | property_share(listed, prop),
        {
            "name": "subsidiary_or_start_up_share_lists",
            "words": "subsidiaries, of subsidiaries and start-ups",
        }
        | share(hits, hits + start_ups),
    ]
    return pd.DataFrame(rows).assign(frame=LISTS)


def kind_witness(
    entries: pd.DataFrame, frames: pd.DataFrame, clusters: pd.DataFrame
) -> dict[str, object]:
    """Compare academic entries in the paper's kinds of clusters, on the open lists.

    Parameters
    ----------
    entries, frames : DataFrame
        Entries, ``frames.csv``.
    clusters : DataFrame
        ``cluster``, ``kind`` (blank: none of the paper's).

    Returns
    -------
    dict
        ``name``, ``words``, ``frame``, and endogenous minus policy-induced clusters, as from
        `differences.difference`.
    """
    frame = LISTS
    rows = of_kinds(in_frame(entries, frames, frame), clusters.dropna(subset=["kind"]))
    table = kind_differences(shares_by_kind(rows)).set_index("word")
    words = "academic entries, endogenous minus policy-induced clusters"
    about = {"name": "academic_kinds", "words": words, "frame": frame}
    return about | table.loc["academic"].to_dict()


def serial_witnesses(entries: pd.DataFrame, serial: pd.DataFrame) -> pd.DataFrame:
    """Share of Chinese serial founders in several clusters, without firms that the paper picked.

    Parameters
    ----------
    entries : DataFrame
        ``firm_id``, ``cluster``, ``named_in_paper``, ``on_open_list``.
    serial : DataFrame
        ``country``, ``kind``, ``firm_ids``.

    Returns
    -------
    DataFrame
        ``name``, ``words``, ``frame``, and the columns of `shares.share`, by kind of founder; a
        founder counts with two entries of known cluster that are on an open list or were found
        without the paper.
    """
    picked = (entries["named_in_paper"] == "yes") & (entries["on_open_list"] != "yes")
    cluster = entries[~picked].set_index("firm_id")["cluster"].dropna()
    rows = serial[serial["country"] == "China"]
    inside = rows["firm_ids"].map(lambda ids: [cluster[i] for i in split(ids) if i in cluster])
    rows = rows.assign(entries=inside.str.len(), regions=inside.map(lambda names: len(set(names))))
    rows = rows[rows["entries"] > 1]
    return pd.DataFrame(
        {
            "name": f"serial_{kind}s_across",
            "words": f"serial {kind}s in China with entries in more than one cluster",
            "frame": "entries found without the paper",
        }
        | share(int((part["regions"] > 1).sum()), len(part))
        for kind, part in rows.groupby("kind")
    )


def tie_witnesses(pairs: pd.DataFrame, last_year: int, research: Iterable[str]) -> pd.DataFrame:
    """Compare kinds of ties among those that coders found without the paper.

    The intervals would hold if ties were drawn. They are not: an interval only says how far so few
    ties could mislead.

    Parameters
    ----------
    pairs : DataFrame
        From `ties.collapse`.
    last_year : int
        Ties that are dated later are left out.
    research : iterable of str
        Cities that the paper calls attractive for research.

    Returns
    -------
    DataFrame
        ``name``, ``words``, ``frame``, ``unit`` (share or difference), ``value``, ``low``,
        ``high``, ``n`` (``n2``: of the ties that are subtracted).
    """
    china, usa = (until(pairs, last_year).query(condition) for _, condition in (REGIONAL, AMERICAN))
    rows = [*_tie_differences(china, usa, research), *_tie_shares(china)]
    return pd.DataFrame(
        {
            "name": name,
            "words": words,
            "frame": frame or REGIONAL[0],
            "unit": "difference" if len(counts) > 2 else "share",
        }
        | (difference(*counts) if len(counts) > 2 else share(*counts))
        for name, words, frame, counts in rows
    )


def _tie_differences(china: pd.DataFrame, usa: pd.DataFrame, research: Iterable[str]) -> list:
    """Name, words, frame and counts of what is compared between two kinds of ties or sites."""
    external = [_of(part, "external") for part in (china, usa)]
    acquired, founded = (
        _of(having(china, kinds), "external") for kinds in (["acquired"], CHANNELS["founding"])
    )
    in_cities = [
        _hits(having(china, [f"{kind}_site_of"])["target_cluster"].dropna().isin(list(research)))
        for kind in ("rd", "manufacturing")
    ]
    countries = "external ties, China minus USA, if ties were drawn"
    kinds = "external ties, acquisitions minus foundings, if ties were drawn"
    sites = "sites in research cities, research minus plants, if sites were drawn"
    both = f"{REGIONAL[0]} vs {AMERICAN[0]}"
    return [
        ("ties_external", countries, both, (*external[0], *external[1])),
        ("acquisitions", kinds, "", (*acquired, *founded)),
        ("sites", sites, "", (*in_cities[0], *in_cities[1])),
    ]


def _tie_shares(china: pd.DataFrame) -> list:
    """Name, words, frame and counts of shares of ties or sites."""
    sites = having(china, ["rd_site_of"])
    foreign = sites.loc[sites["source_type"] == "foreign_firm", "target_cluster"]
    exchange = [*CHANNELS["technology"], "joint_venture_with", "staff_moved_to"]
    firms = having(between(china, DOMESTIC_FIRMS, DOMESTIC_FIRMS), exchange)
    moves = having(china, ["staff_moved_to"])
    return [
        ("staff_local", "local ties, of moves of staff", "", _of(moves, "local")),
        ("exchange_external", "external ties, of exchanges of firms", "", _of(firms, "external")),
        ("shanghai", "sites in Shanghai, of foreign research", "", _hits(foreign == "Shanghai")),
    ]


def _of(pairs: pd.DataFrame, kind: str) -> tuple[int, int]:
    """Count the domestic ties of one kind, and all domestic ties of known kind."""
    known = pairs[pairs["kind"].isin(["local", "external"])]
    return _hits(known["kind"] == kind)


def _hits(hits: pd.Series) -> tuple[int, int]:
    return int(hits.sum()), len(hits)
