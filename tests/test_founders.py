"""What is quoted and drawn of founders, on hand-made tables."""

import pandas as pd
import pytest

from cluster_anatomy.study import founders


def test_serial_founders_across_places():
    serial = pd.DataFrame(
        [("China", "person", 2), ("China", "person", 1), ("USA", "organisation", 3)],
        columns=["country", "kind", "regions_known"],
    )
    counts = founders.serial_counts(serial)
    assert counts[["place", "kind", "value", "across"]].to_numpy().tolist() == [
        ["china", "person", 2, 1],
        ["usa", "organisation", 1, 1],
    ]


def test_serial_founders_are_shown_with_the_clusters_of_those_who_founded_most():
    serial = pd.DataFrame(
        [
            ("USA", "person", "a", 2, "Boston|San Diego", 2),
            ("China", "person", "b", 2, "Beijing|Shanghai", 2),
            ("China", "person", "c", 4, "Beijing|Wuhan", 2),
            ("China", "person", "d", 9, "Beijing", 1),
        ],
        columns=["country", "kind", "actor", "entries", "regions", "regions_known"],
    )
    shown = founders.in_several_regions(serial, most=1).reset_index()
    assert shown.to_numpy().tolist() == [
        ["China", "person", "c", 4, "Beijing, Wuhan"],
        ["USA", "person", "a", 2, "Boston, San Diego"],
    ]
    assert founders.in_several_regions(serial)["founder"].tolist() == ["c", "b", "a"]


def test_foundings_are_counted_by_kind_with_kinds_that_do_not_occur():
    founded = pd.DataFrame(
        {"seen_from": ["China", "China", "USA"], "kind": ["local", "external", "local"]}
    )
    counts = founders.foundings_by_kind(founded).set_index(["place", "kind"])[["value", "n"]]
    assert len(counts) == 8
    assert counts.loc[("china", "external")].tolist() == [1, 2]
    assert counts.loc[("usa", "foreign")].tolist() == [0, 1]


def test_descents_give_the_longest_line_and_all_who_descend():
    founded = pd.DataFrame(
        [("A", "B"), ("B", "C"), ("A", "D"), ("X", "Y")], columns=["parent", "child"]
    )
    table = founders.descents(founded, {"a": "A", "x": "X"})
    assert table[["name", "value", "n"]].to_numpy().tolist() == [["a", 2, 3], ["x", 1, 1]]


def test_firms_come_from_academia_or_have_ties_to_it():
    pairs = pd.DataFrame(
        [
            ("China", "f1", "firm_same_industry", pd.NA, "university", "external", "licensed_from"),
            ("China", "f2", "firm_same_industry", pd.NA, "firm", "local", "acquired"),
            ("USA", "f3", "firm_same_industry", pd.NA, "university", "foreign", "licensed_from"),
        ],
        columns=[
            "seen_from",
            "source_firm_id",
            "source_type",
            "target_firm_id",
            "target_type",
            "kind",
            "tie_types",
        ],
    )
    entries = pd.DataFrame(
        {
            "firm_id": ["f1", "f2", "f3", "f4"],
            "country": "China",
            "label": ["x", "x", "x", "subsidiary_foreign"],
            "mode": ["start_up"] * 3 + ["subsidiary"],
            "named": ["yes", "yes", "no", "yes"],
        }
    )
    frames = pd.DataFrame(
        [("cn_named", "China", "named=yes"), ("cn_all", "China", "named=yes|named=no")],
        columns=["frame", "country", "includes"],
    )
    sources = pd.DataFrame(
        {"firm_id": ["f3"], "org_type": ["biological_products_institute"], "timing": ["at_entry"]}
    )
    table = founders.academic_counts(pairs, entries, frames, sources, "cn_named").set_index("id")
    assert table.loc["academia_any_firms_frame", ["value", "n"]].tolist() == [1, 2]
    assert table.loc["academia_any_firms_china", ["value", "n"]].tolist() == [2, 3]
    assert table.loc["academia_ties_firms_far_frame", ["value", "n"]].tolist() == [1, 2]
    assert table.loc["academia_ties_firms_technology_frame", "value"] == 1
    assert table.loc["academia_ties_firms_capital_frame", "value"] == 0
    drawn = founders.shares_of_firms(table.reset_index())
    assert drawn["value"].tolist() == [50, 50, 0, 50] * 2


@pytest.fixture
def links():
    table = pd.DataFrame(
        [("China", "A", 5, 2, 1), ("China", "B", 4, 1, 1), ("USA", "C", 9, 9, 9)],
        columns=["country", "cluster", "entries", "returnee_entries", "returnee_frame"],
    )
    return table.assign(foreign_partner_entries=[0, 3, 9], foreign_partner_frame=[0, 2, 9])


def test_the_cluster_with_most_returnees_or_partners(links):
    table = founders.largest_clusters(links, "cn_named").set_index(["column", "name"])
    columns = ["cluster", "value", "n", "clusters"]
    assert table.loc[("returnee", "china"), columns].tolist() == ["A", 2, 3, 2]
    assert table.loc[("foreign_partner", "frame"), columns].tolist() == ["B", 2, 2, 1]


def test_returnees_sit_in_large_clusters(links):
    assert founders.returnees_in_large_clusters(links, largest=1) == {"value": 2, "n": 3}
    drawn = founders.returnees_by_cluster(links, most=1)
    assert drawn["value"].tolist() == [2, 3]
