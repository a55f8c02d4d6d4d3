"""Step 11: what claims are about, estimated on firms and ties that the paper did not pick."""

import pandas as pd
import pytest

from cluster_anatomy import tables
from cluster_anatomy.study import witnesses

FRAMES = pd.DataFrame(
    [("cn_lists", "China", "on_open_list=yes")], columns=["frame", "country", "includes"]
)
PROPERTIES = pd.DataFrame(
    [
        ("elsewhere", "reach", "elsewhere", "from elsewhere"),
        ("subsidiary", "mode", "subsidiary", "subsidiaries"),
    ],
    columns=["property", "column", "value", "label"],
).assign(unknown="unknown", among=pd.NA)
CLASSIC = pd.DataFrame(
    [
        ("a", "subsidiary", "yes", "Beijing"),
        ("b", "subsidiary", "yes", "Wuhan"),
        ("c", "start_up", "yes", "Beijing"),
        ("d", "unknown", "yes", "Beijing"),
        ("e", "start_up", "no", "Beijing"),  # picked by the paper: in no witness
    ],
    columns=["firm_id", "mode", "on_open_list", "cluster"],
).assign(
    country="China",
    named_in_paper=lambda rows: rows["on_open_list"].map({"yes": "no", "no": "yes"}),
)


def test_differences_are_those_of_the_frames_and_properties_asked_for():
    differences = pd.DataFrame(
        [
            ("elsewhere", "cn_lists", 0.1),
            ("elsewhere", "cn_named_or_listed", 0.2),
            ("elsewhere", "cn_listed", 0.3),
            ("academic", "cn_lists", 0.4),
        ],
        columns=["property", "frame", "value"],
    )
    found = witnesses.differences_on(differences, ["cn_lists", "cn_listed"], PROPERTIES)
    assert found[["label", "series", "value"]].to_numpy().tolist() == [
        ["from elsewhere", "open lists", 0.1],
        ["from elsewhere", "firms that went public later", 0.3],
    ]


def test_subsidiaries_stand_beside_all_entries_and_beside_start_ups():
    listed = CLASSIC[CLASSIC["on_open_list"] == "yes"]
    rows = witnesses.share_witnesses(listed, PROPERTIES).set_index("name")
    assert rows.loc["subsidiary_share_lists", ["count", "n", "unknown"]].tolist() == [2, 3, 1]
    assert rows.loc["subsidiary_or_start_up_share_lists", ["count", "n"]].tolist() == [2, 3]
    assert set(rows["frame"]) == {"cn_lists"}


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
