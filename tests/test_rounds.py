"""Later rounds of evidence: they fill what the first left unknown and replace nothing."""

import csv
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from cluster_anatomy.firms import coders, lists
from cluster_anatomy.firms.origins import choose, classify, conditions, reach, sources
from cluster_anatomy.study import firm_lists
from cluster_anatomy.tables import contract

ROOT = Path(__file__).resolve().parents[1]
EVIDENCE = [column.name for column in contract.contracts()["evidence"].columns]
KNOWN = ["founder_names", "founder_prior_orgs", "founder_prior_cities", "parent_cities"]


def joined(*rows):
    """The rows of one firm with their evidence, in the order of `coders.in_order`."""
    columns = ["coder", *EVIDENCE, *coders.SETTLED_COLUMNS]
    table = pd.DataFrame(rows, columns=columns).astype("string").assign(name_en="A")
    table[["country", "confidence"]] = table[["country", "confidence"]].fillna("China")
    members = pd.DataFrame({"firm_id": "cn-a", "coder": table["coder"], "name_as_given": "A"})
    return coders.in_order(coders.with_evidence(members, table), "firm_id", "confidence", "coder")


FIRST = {"coder": "paper", "confidence": "low", "founder_names": "Li", "founder_prior_orgs": "X"}
SECOND = {
    "coder": "china_second",
    "confidence": "high",
    "founder_names": "Li|Wu",
    "founder_prior_orgs": "X|Y",
    "founder_prior_cities": "Beijing|Wuxi",
    "parent_orgs": "P",
    "parent_cities": "Wuxi",
}


def test_a_later_round_fills_sources_that_nobody_had_placed():
    rows = joined(FIRST, SECOND)
    assert rows["coder"].tolist() == ["paper", "china_second"]
    assert rows.iloc[1][KNOWN].tolist() == ["Li|Wu", "X|Y", "Beijing|Wuxi", "Wuxi"]


@pytest.mark.parametrize(
    "placed",
    [
        {"founder_prior_cities": "Beijing"},
        {"parent_orgs": "Q", "parent_cities": "Beijing"},
        {"parent_orgs": "Q", "parent_countries": "Japan"},
        {"founder_prior_org_types": "foreign_university"},
        {"relocated_from": "Harbin"},
    ],
)
def test_a_later_round_is_silent_where_an_earlier_one_has_placed_a_source(placed):
    rows = joined(FIRST | placed, SECOND)
    assert rows.iloc[1][KNOWN].isna().all()
    assert rows.iloc[0]["founder_names"] == "Li"


def test_a_parent_at_home_without_a_town_is_not_placed():
    rows = joined(FIRST | {"parent_orgs": "Q", "parent_countries": "China"}, SECOND)
    assert rows.iloc[1]["parent_orgs"] == "P"


def test_a_reviewer_can_prefer_the_sources_of_a_row():
    rows = joined(FIRST | {"founder_prior_cities": "Beijing"}, SECOND | {"sources": "preferred"})
    assert rows.iloc[0][KNOWN].isna().all()
    assert rows.iloc[1]["founder_prior_orgs"] == "X|Y"


def test_coders_of_one_round_add_to_each_other_whatever_they_place():
    placed = {"founder_prior_cities": "Beijing", "investors": "Fund"}
    rows = joined(FIRST | placed, FIRST | placed | {"coder": "south", "confidence": "high"})
    assert rows["coder"].tolist() == ["south", "paper"]
    assert rows["founder_prior_orgs"].tolist() == ["X", "X"]
    later = joined(FIRST | placed, {"coder": "china_second", "investors": "Bank"})
    assert later["investors"].tolist()[0] == "Fund"
    assert pd.isna(later["investors"].tolist()[1])


def test_every_row_of_a_later_round_belongs_to_a_firm_of_the_first(step01):
    first = step01.members[step01.members["coder"].map(coders.ROUND_OF).fillna(0) == 0]
    assert set(step01.members["firm_id"]) == set(first["firm_id"])
    borderline = step01.decisions[step01.decisions["decision"] == "borderline"]
    assert not borderline["left"].str.contains("_second:").any()
    assert not borderline["right"].str.contains("_second:").any()


def test_a_parent_seen_only_later_is_so_in_the_rows_of_all_coders(step01):
    keys = {"left_on": ["coder", "name_as_given"], "right_on": ["coder", "name_en"]}
    rows = step01.members.merge(step01.evidence, **keys).dropna(subset=["parent_orgs"])
    later = rows["parent_timing"] == "later"
    several = rows[rows["firm_id"].isin(rows.loc[later, "firm_id"])]
    assert len(several) > several["firm_id"].nunique() > 20
    at_entry = several.loc[several["parent_timing"].isna(), "firm_id"]
    # its later parent and the two that began it stand in rows of their own
    assert at_entry.tolist() == ["cn-tianjin-hualida-biotechnology"]


def unknown(raw, name_rules, coders_read):
    """Firms by frame of which mode, reach and year are unknown, by the rules as they are."""
    given = raw.evidence[raw.evidence["coder"].isin(coders_read)]
    settlements = raw.settlements[raw.settlements["coder"].isin(coders_read)]
    crosswalk = raw.crosswalk[
        ~raw.crosswalk["left"].str.contains("_second:")
        | raw.crosswalk["left"].str.split(":").str[0].isin(coders_read)
    ]
    evidence = lists.settle(given, settlements)
    rows = lists.gather(evidence, raw.lists, raw.gazetteer)
    members = lists.assemble(rows, lists.decide(lists.compare(rows, name_rules), crosswalk))
    firms, _ = firm_lists.register(members, evidence, raw.gazetteer, name_rules, rows)
    behind = sources(members, evidence, raw.gazetteer, raw.organisation_types)
    options = choose(raw.conventions)
    met = conditions(firms, behind, raw.source_roles, options)
    origins = classify(met, raw.origin_rules)
    where = reach(firms, behind, origins, raw.gazetteer, options)
    table = firms.merge(origins, on="firm_id").merge(where, on="firm_id")
    table = table[table["scope"] == "entry"]
    silent = {
        "mode": table["mode"] == "unknown",
        "reach": table["reach"] == "unknown",
        "year": table["entry_year"].isna(),
    }
    return {
        what: table.loc[holds, "frame"].value_counts().to_dict() for what, holds in silent.items()
    }


def test_the_second_round_fills_nineteen_modes_and_twenty_seven_reaches_in_china(raw, name_rules):
    before = unknown(raw, name_rules, coders.ROUNDS[0])
    after = unknown(raw, name_rules, [*coders.ROUNDS[0], *coders.ROUNDS[1]])
    chinese = ["named_in_paper", "on_open_list"]
    count = {
        what: [sum(when[what].get(frame, 0) for frame in chinese) for when in (before, after)]
        for what in ("mode", "reach", "year")
    }
    assert count == {"mode": [34, 15], "reach": [49, 22], "year": [50, 34]}
    american = ["us_frame", "us_purposive"]
    assert [[when["mode"][frame] for frame in american] for when in (before, after)] == [
        [11, 8],
        [11, 3],
    ]
    assert [[when["year"][frame] for frame in american] for when in (before, after)] == [
        [9, 22],
        [4, 19],
    ]


def test_the_entries_that_step_02_wrote_hold_the_second_round():
    with (ROOT / "data/processed/entries.csv").open(encoding="utf-8", newline="") as file:
        entries = list(csv.DictReader(file))
    listed = Counter(
        (row["mode"] == "unknown", row["reach"] == "unknown")
        for row in entries
        if row["frame"] in ("named_in_paper", "on_open_list")
    )
    assert sum(listed.values()) == 93
    assert sum(times for (mode, _), times in listed.items() if mode) == 15
    assert sum(times for (_, reached), times in listed.items() if reached) == 22
