"""Names whose firms are known, on which the linkage model is fitted and tested.

Three sets: SEC filers and all names that they filed under, short and full names of firms listed in
China, and the reviewed pairs of this study. The first two are no part of the compendium: they are
read from the folder that ``CLUSTER_ANATOMY_OPEN_LISTS`` names, else from their publisher
(``benchmarks/sources.csv``), and checked by SHA-256.
"""

import gzip
import hashlib
import io
import math
import os
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.firms import lists, open_lists
from cluster_anatomy.firms.places import Gazetteer

SOURCES = Path(__file__).with_name("sources.csv")


@dataclass
class Labelled:
    """Names with known firms: every pair of records is a true or a false one, or is left out.

    Attributes
    ----------
    label : str
        Name of the set.
    names : DataFrame
        ``record_id``, ``name`` (one row per name of a record), ``source``, ``cik``.
    true : set
        Pairs of record ids that are one firm.
    left_out : set
        Pairs without a label.
    place : dict, optional
        Country and `Place` of each record where known: pairs in different places are taken from
        every method's answers.
    """

    label: str
    names: pd.DataFrame
    true: set[tuple[str, str]]
    left_out: set[tuple[str, str]] = field(default_factory=set)
    place: dict | None = None


def half(key: str) -> str:
    """Say in which half a firm is: by the first byte of the SHA-256 of its key."""
    return "fit" if hashlib.sha256(key.encode()).digest()[0] % 2 == 0 else "test"


def fetch(name: str) -> pd.DataFrame:
    """Read a list from the local folder or its publisher, after its checksum was compared.

    Raises
    ------
    FileNotFoundError
        If the list has no address on record and is not in the local folder.
    ChecksumError
        If it is not the list on record.
    """
    sources = pd.read_csv(SOURCES, dtype=str, keep_default_na=False)
    source = sources.set_index("list").loc[name]
    folder = os.environ.get(open_lists.VARIABLE)
    local = Path(folder) / source["local_file"] if folder else None
    if local and local.is_file():
        data = local.read_bytes()
    elif not source["address"]:
        raise FileNotFoundError(
            f"{name}: no publisher's address is on record; put {source['local_file']} into the"
            f" folder that {open_lists.VARIABLE} names."
        )
    else:
        data = open_lists.download(source["address"])
    if source["local_file"].endswith(".gz"):
        data = gzip.decompress(data)
    data = open_lists.check(open_lists.lf(data), source["sha256"], name)
    return pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)


def pair(one: str, other: str) -> tuple[str, str]:
    """Return a pair of record ids in the order of the alphabet."""
    return (one, other) if one < other else (other, one)


def pairs_within(groups: pd.core.groupby.SeriesGroupBy) -> set[tuple[str, str]]:
    """Return all pairs of record ids of the same group."""
    return {ids for _, members in groups for ids in combinations(sorted(members), 2)}


def sec(which: str) -> Labelled:
    """SEC filers of a half: each written form once per filer; all forms of a filer are one firm."""
    names = fetch("sec_names")[["cik", "name"]].drop_duplicates()
    names = names[names["cik"].map(half) == which].sort_values(["cik", "name"])
    names["record_id"] = [f"{number:05d}" for number in range(len(names))]
    true = pairs_within(names.groupby("cik")["record_id"])
    columns = ["record_id", "name", "source", "cik"]
    return Labelled("sec_former_names", names.assign(source="one")[columns], true)


def chinese(which: str) -> Labelled:
    """Short names of listed firms and full names; two short names can have one full name."""
    raw = fetch("chinese_names").set_axis(["short", "full"], axis=1).drop_duplicates()
    raw = raw[raw["full"].map(half) == which]
    full = {name: f"f{number:05d}" for number, name in enumerate(sorted(set(raw["full"])))}
    short = {name: f"s{number:05d}" for number, name in enumerate(sorted(set(raw["short"])))}
    names = pd.DataFrame(
        [(record, name, "full", name) for name, record in full.items()]
        + [(record, name, "short", "") for name, record in short.items()],
        columns=["record_id", "name", "source", "cik"],
    )
    true = {pair(short[row.short], full[row.full]) for row in raw.itertuples()}
    return Labelled("chinese_short_names", names, true)


def crosswalk() -> Labelled:
    """Rows of the study's evidence and lists; true are the pairs that a reviewer called one firm.

    False are all pairs of rows of different firms. Pairs of one firm that no reviewer saw are left
    out.
    """
    evidence = lists.settle(
        tables.read_all("evidence"), tables.read("data/raw/coding/settlements.csv")
    )
    rows = lists.gather(
        evidence, tables.read_all("lists"), Gazetteer(tables.read("data/raw/places/places.csv"))
    )
    reviewed = tables.read("data/raw/crosswalk.csv")
    firm = tables.read("data/processed/firm_evidence.csv").set_index("row_id")["firm_id"]
    names = rows[["row_id", "names"]].explode("names").set_axis(["record_id", "name"], axis=1)
    names = names[names["name"].str.len() > 1].drop_duplicates()
    seen = reviewed[reviewed["left"].isin(firm.index) & reviewed["right"].isin(firm.index)]
    true = {pair(row.left, row.right) for row in seen.itertuples() if row.same == "yes"}
    one_firm = pairs_within(rows.assign(firm=rows["row_id"].map(firm)).groupby("firm")["row_id"])
    place = {row.row_id: (row.country, row.place) for row in rows.itertuples()}
    names = names.assign(source="one", cik="")
    return Labelled("register_crosswalk", names, true, one_firm - true, place)


def candidates(labelled: Labelled) -> int:
    """Count the pairs of records of a set: all of them, or of two sources those across."""
    sizes = labelled.names.drop_duplicates("record_id")["source"].value_counts().tolist()
    total = math.prod(sizes) if len(sizes) == 2 else sizes[0] * (sizes[0] - 1) // 2
    return total - len(labelled.left_out)


def apart(scores: pd.DataFrame, place: dict | None) -> pd.DataFrame:
    """Take out pairs of records in different places, as step 01 does before it asks a score."""
    if place is None:
        return scores
    keep = [
        place[left][0] == place[right][0] and place[left][1].fits(place[right][1]) is not False
        for left, right in zip(scores["left"], scores["right"], strict=True)
    ]
    return scores[keep]
