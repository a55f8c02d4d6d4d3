"""Step 11: what claims are about, estimated on firms and ties that the paper did not pick."""

import pandas as pd
import pytest

from cluster_anatomy import tables
from cluster_anatomy.study import witnesses

FRAMES = pd.DataFrame(
    [
        ("cn_lists", "China", "on_open_list=yes", "classic", "mixed"),
        ("us_frame", "USA", "us_sample=frame", "classic", "public_firms"),
        ("cn_listed", "China", "frame=cn_listed", "listed", "public_firms"),
        ("us_listed", "USA", "frame=us_listed", "listed", "public_firms"),
    ],
    columns=["frame", "country", "includes", "pair", "kind"],
).assign(carries_shares="yes")
PROPERTIES = pd.DataFrame(
    [
        ("home", "reach", "home", pd.NA, "from home"),
        ("elsewhere", "reach", "elsewhere", pd.NA, "from elsewhere"),
        ("subsidiary", "mode", "subsidiary", "public_firms", "subsidiaries"),
        ("relocation", "mode", "relocation", pd.NA, "relocations"),
    ],
    columns=["property", "column", "value", "cannot_occur_on", "label"],
).assign(unknown="unknown", among=pd.NA)


def entry(firm_id, country, mode, reach, frame="-", lists="no", sample=pd.NA, cluster="Beijing"):
    """One entry; the paper names whoever is on no list."""
    return {
        "firm_id": firm_id,
        "country": country,
        "mode": mode,
        "reach": reach,
        "frame": frame,
        "on_open_list": lists,
        "us_sample": sample,
        "named_in_paper": "no" if lists == "yes" else "yes",
        "cluster": cluster,
    }


CLASSIC = pd.DataFrame(
    [
        entry("a", "China", "subsidiary", "home", lists="yes"),
        entry("b", "China", "subsidiary", "elsewhere", lists="yes", cluster="Wuhan"),
        entry("c", "China", "start_up", "home", lists="yes"),
        entry("d", "China", "unknown", "unknown", lists="yes"),
        entry("e", "China", "start_up", "elsewhere"),  # picked by the paper: in no witness
        entry("f", "USA", "start_up", "home", sample="frame"),
        entry("g", "USA", "start_up", "elsewhere", sample="frame"),
    ]
)
LISTED = pd.DataFrame(
    [
        entry("h", "China", "relocation", "elsewhere", frame="cn_listed"),
        entry("i", "China", "start_up", "home", frame="cn_listed"),
        entry("j", "USA", "start_up", "home", frame="us_listed"),
    ]
)
BY_PAIR = {"lists": CLASSIC, "listed": LISTED}


def test_countries_are_compared_on_the_lists_and_among_listed_firms():
    found = witnesses.entry_witnesses(BY_PAIR, FRAMES, PROPERTIES)
    rows = found.set_index(["property", "pair"])
    assert rows.loc[("home", "lists"), ["n", "n2"]].tolist() == [3, 2]
    assert rows.loc[("home", "lists"), "value"] == pytest.approx(2 / 3 - 1 / 2)
    assert rows.loc[("relocation", "listed"), "value"] == pytest.approx(1 / 2)
    assert ("subsidiary", "lists") not in rows.index  # quoted firms are none
    assert set(found["frame"]) == {"cn_lists vs us_frame", "cn_listed vs us_listed"}


def test_shares_leave_out_what_the_paper_picked():
    rows = witnesses.share_witnesses(BY_PAIR, FRAMES, PROPERTIES).set_index("name")
    counts = rows[["count", "n"]].astype(int).to_numpy().tolist()
    assert dict(zip(rows.index, counts, strict=True)) == {
        "subsidiary_share_lists": [2, 3],
        "subsidiary_or_start_up_share_lists": [2, 3],
        "relocation_share_lists": [0, 3],
        "relocation_share_listed": [1, 2],
        "home_share_listed_usa": [1, 1],
    }
    assert rows.loc["subsidiary_share_lists", "unknown"] == 1


def test_a_serial_founder_needs_two_entries_that_the_paper_did_not_pick():
    serial = pd.DataFrame(
        [
            ("China", "person", "a|b|e"),  # two left, in two clusters
            ("China", "person", "a|c"),  # two in one cluster
            ("China", "person", "a|e"),  # one left
            ("USA", "person", "f|g"),
        ],
        columns=["country", "kind", "firm_ids"],
    )
    found = witnesses.serial_witnesses(CLASSIC, serial)
    assert found[["name", "count", "n"]].to_numpy().tolist() == [["serial_persons_across", 1, 2]]


def test_ties_are_those_that_coders_found_without_the_paper():
    columns = [
        "found_by",
        "seen_from",
        "tie_types",
        "kind",
        "target_cluster",
        "source_type",
        "year",
    ]
    regional = ("regional", "China")
    pairs = pd.DataFrame(
        [
            (*regional, "acquired", "external", "Wuhan", "firm", 2005),
            (*regional, "founded", "local", "Wuhan", "university", pd.NA),
            (*regional, "staff_moved_to", "local", "Wuhan", "firm", 2010),
            (*regional, "staff_moved_to", "external", "Wuhan", "firm", 2015),  # later
            (*regional, "rd_site_of", "foreign", "Shanghai", "foreign_firm", 2004),
            (*regional, "manufacturing_site_of", "external", "Wuxi", "firm", 2004),
            (*regional, "manufacturing_site_of", "unknown", pd.NA, "firm", 2004),
            ("paper_coder", "China", "acquired", "local", "Wuhan", "firm", 2005),
            ("usa", "USA", "founded", "local", "Boston", "university", 1990),
            ("usa", "USA", "acquired", "external", "Boston", "firm", 1995),
        ],
        columns=columns,
    ).assign(target_type="firm", year=lambda rows: rows["year"].astype("Int64"))
    found = witnesses.tie_witnesses(pairs, 2010, ["Shanghai"]).set_index("name")
    assert found.loc["ties_external", ["n", "n2"]].tolist() == [4, 2]
    assert found.loc["ties_external", "value"] == pytest.approx(2 / 4 - 1 / 2)
    assert found.loc["acquisitions", "value"] == pytest.approx(1)  # foundings: both local
    assert found.loc["sites", ["value", "n", "n2"]].tolist() == [1, 1, 1]
    assert found.loc["staff_local", ["count", "n"]].tolist() == [1, 1]
    assert found.loc["exchange_external", "n"] == 1
    assert found.loc["shanghai", ["count", "n"]].tolist() == [1, 1]


def test_kinds_of_clusters_are_compared_on_the_lists():
    types = {"a": "a_academic", "b": "c_subsidiary", "c": "a_academic", "e": "a_academic"}
    paper_type = CLASSIC["firm_id"].map(types).fillna("unknown")
    entries = CLASSIC.assign(paper_type=paper_type, label="-")
    kinds = pd.DataFrame(
        [("Beijing", "endogenous"), ("Wuhan", "policy_induced"), ("Wuxi", pd.NA)],
        columns=["cluster", "kind"],
    )
    found = witnesses.kind_witness(entries, FRAMES, kinds)
    assert (found["value"], found["n"], found["n2"]) == (1, 2, 1)


def test_the_numbers_of_the_study_come_in_three_families():
    made = witnesses.families(tables.read, 2010, ["Beijing", "Shanghai"])
    assert list(made) == ["witness_difference", "witness_share", "witness_contrast"]
    for table in made.values():
        assert (table["low"] <= table["value"]).all()
        assert (table["value"] <= table["high"]).all()
    shown = witnesses.drawn(made["witness_difference"], ["relocation"])
    assert shown["series"].tolist() == ["open lists", "firms that went public later"]
