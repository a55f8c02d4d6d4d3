"""Steps 05, 06 and 13 on hand-made entries whose answer is plain."""

import math

import pandas as pd
import pytest

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.firms import entries as firms_entries
from cluster_anatomy.firms.entries import home_share
from cluster_anatomy.methods.differences import difference
from cluster_anatomy.own_list import check
from cluster_anatomy.study import china_usa, own_list
from cluster_anatomy.tables import contract

FRAMES = pd.DataFrame(
    {
        "frame": ["cn", "us"],
        "country": ["China", "USA"],
        "includes": ["named=yes|listed=yes", "sample=frame"],
        "carries_shares": ["yes", "yes"],
    }
)
PROPERTIES = pd.DataFrame(
    {
        "property": ["home"],
        "column": ["reach"],
        "value": ["home"],
        "unknown": ["unknown"],
        "among": [None],
        "cannot_occur_on": [None],
        "label": ["from home"],
    }
)


@pytest.fixture
def entries():
    return pd.DataFrame(
        [
            ("China", "yes", "no", None, "home", "start_up"),
            ("China", "no", "yes", None, "mixed", "subsidiary"),
            ("China", "no", "no", None, "home", "start_up"),
            ("China", "yes", "yes", None, "unknown", "unknown"),
            ("USA", None, None, "frame", "home", "start_up"),
            ("USA", None, None, "frame", "elsewhere", "start_up"),
            ("USA", None, None, "purposive", "home", "start_up"),
        ],
        columns=["country", "named", "listed", "sample", "reach", "mode"],
    )


def test_a_frame_holds_whoever_meets_one_of_its_conditions(entries):
    assert list(firms_entries.in_frame(entries, FRAMES, "cn").index) == [0, 1, 3]
    assert list(firms_entries.in_frame(entries, FRAMES, "us").index) == [4, 5]
    with pytest.raises(ValueError, match="no frame 'de'; there are: cn, us"):
        firms_entries.in_frame(entries, FRAMES, "de")


@pytest.mark.parametrize(("mixed", "value"), [("elsewhere", 0.5), ("half", 0.75), ("home", 1.0)])
def test_mixed_reach_counts_as_the_convention_says(entries, mixed, value):
    share = home_share(firms_entries.in_frame(entries, FRAMES, "cn"), mixed)
    assert (share["value"], share["n"], share["unknown"]) == (value, 2, 1)


def test_works_from_before_the_reforms_are_stock_unless_they_are_asked_for(entries):
    entries.loc[0, "mode"] = "backbone"
    assert list(firms_entries.in_frame(entries, FRAMES, "cn").index) == [1, 3]
    assert list(firms_entries.in_frame(entries, FRAMES, "cn", "entry").index) == [0, 1, 3]
    assert list(firms_entries.pre_reform_works(entries).index) == [0]


CARRIED = {
    "second_order_of_start_ups": ((3, 18), (14, 50), (-29, 14)),
    "academic_of_founded": ((17, 29), (27, 51), (-16, 26)),
    "home_of_founded": ((16, 23), (33, 45), (-27, 17)),
    "spin_off_of_founded": ((11, 30), (1, 53), (18, 53)),
    "home_of_domestic": ((22, 37), (38, 53), (-31, 7)),
}
"""Contrasts that both frames of the classic pair can carry, before any other change."""


@pytest.mark.parametrize("name", CARRIED)
def test_conditional_contrasts_are_those_of_a_recount(name):
    properties = tables.read("data/raw/coding/properties.csv").set_index("property", drop=False)
    prop, (china, usa, interval) = properties.loc[name], CARRIED[name]
    inside = prop["among"].split("|")[0].split("=")
    parts = []
    for hits, n in (china, usa):
        rows = pd.DataFrame({inside[0]: [inside[1]] * n})
        other = "elsewhere" if prop["column"] == "reach" else "start_up"
        rows[prop["column"]] = [prop["value"]] * hits + [other] * (n - hits)
        beside = pd.DataFrame({inside[0]: ["abroad"]})
        beside[prop["column"]] = "abroad"
        blank = pd.DataFrame({inside[0]: ["unknown"]})
        blank[prop["column"]] = "unknown"
        parts.append(firms_entries.property_share(pd.concat([rows, beside, blank]), prop))
        assert (parts[-1]["count"], parts[-1]["n"], parts[-1]["unknown"]) == (hits, n, 1)
    found = difference(parts[0]["count"], parts[0]["n"], parts[1]["count"], parts[1]["n"])
    assert [round(100 * found[key]) for key in ("low", "high")] == list(interval)


def test_reach_has_four_parts_that_add_up(entries):
    parts = firms_entries.reach_shares(entries, FRAMES, ["cn", "us"])
    assert parts["frame"].value_counts().to_dict() == {"cn": 4, "us": 4}
    assert parts.groupby("frame")["value"].sum().to_dict() == pytest.approx({"cn": 1, "us": 1})
    china = parts[parts["frame"] == "cn"].set_index("reach")
    assert china["count"].to_dict() == {"home": 1, "elsewhere": 0, "abroad": 0, "mixed": 1}
    assert set(zip(china["n"], china["unknown"], strict=True)) == {(2, 1)}
    assert china.loc["abroad", "bound_high"] == pytest.approx(1 / 3)


KINDS = pd.DataFrame(
    {
        "frame": ["old", "quoted", "quoted_too", "new"],
        "pair": ["classic", "classic", "classic", "listed"],
        "kind": ["mixed", "public_firms", "public_firms", "public_firms"],
    }
)


def test_a_structural_zero_is_not_compared():
    properties = tables.read("data/raw/coding/properties.csv")
    daughter = properties.set_index("property", drop=False).loc["foreign_subsidiary"]
    with pytest.raises(ValueError, match=r"cannot occur on quoted by the rule .* but on old"):
        firms_entries.must_be_comparable(daughter, KINDS, ["old", "quoted"])
    with pytest.raises(ValueError, match="different pairs"):
        firms_entries.must_be_comparable(daughter, KINDS, ["quoted", "new"])
    firms_entries.must_be_comparable(daughter, KINDS, ["quoted", "quoted_too"])
    kept = firms_entries.comparable(properties, KINDS, ["old", "quoted"])
    assert set(properties["property"]) - set(kept["property"]) == {
        "subsidiary",
        "foreign_subsidiary",
    }
    assert firms_entries.comparable(properties, KINDS, ["old", "new"]).empty


def test_a_frame_of_nobody_has_no_share(entries):
    assert math.isnan(firms_entries.home_share(entries.iloc[:0])["value"])


def test_periods_keep_firms_without_a_year():
    firms = pd.DataFrame(
        {"firm_id": ["a", "b", "c"], "scope": "entry", "entry_year": [1979, 1980, None]}
    )
    origins = pd.DataFrame({"firm_id": ["a", "b", "c"], "mode": "start_up"})
    periods = pd.DataFrame(
        {"period": ["old", "new"], "first_year": [1900, 1980], "last_year": [1979, 1989]}
    )
    table = firms_entries.entries(firms, origins, periods)
    assert list(table["period"]) == ["old", "new", "unknown"]


def test_the_table_of_entries_is_register_origins_and_periods_joined():
    tables_of_study = (tables.read(f"data/processed/{name}.csv") for name in ("firms", "origins"))
    made = firms_entries.entries(*tables_of_study, tables.read("data/raw/coding/periods.csv"))
    written = tables.read("data/processed/entries.csv")
    assert list(written) == [column.name for column in contract.contracts()["entries"].columns]
    pd.testing.assert_frame_equal(made.astype({"period": "string"}), written)


def test_differences_are_china_minus_usa_with_bounds(entries):
    shares = china_usa.property_shares(entries, FRAMES, PROPERTIES)
    row = china_usa.differences(shares, ["cn"], "us").iloc[0]
    assert row["value"] == pytest.approx(0.5 - 0.5)
    assert row["bound_low"] == pytest.approx(1 / 3 - 1 / 2)
    assert row["bound_high"] == pytest.approx(2 / 3 - 1 / 2)


def test_the_american_home_share_is_what_the_facts_say():
    """39 of 55 firms of the frame, 71 %; the facts' own count with five mixed firms as half is 74
    %.
    """
    frames = tables.read("data/raw/coding/frames.csv")
    frame = firms_entries.in_frame(tables.read("data/processed/entries.csv"), frames, "us_frame")
    share = firms_entries.home_share(frame)
    assert (share["count"], share["n"]) == (39, 55)
    assert firms_entries.home_share(frame, "half")["value"] == pytest.approx(0.727, abs=0.02)


def test_no_share_in_the_register_stands_on_a_frame_that_cannot_carry_it():
    frames = tables.read("data/raw/coding/frames.csv").set_index("frame")["carries_shares"]
    register = tables.read("data/processed/results.csv")
    shares = register[register["unit"].isin(["share", "difference"])]
    used = {part.strip() for cell in shares["frame"] for part in cell.split(" vs ")}
    assert used & set(frames.index[frames == "yes"])
    assert not used & set(frames.index[frames == "no"])


def test_a_list_beside_a_frame_is_list_minus_frame():
    own = pd.DataFrame({"sample": "frame", "country": "USA", "reach": ["home", "home", "abroad"]})
    beside = pd.DataFrame({"named": "yes", "listed": "no", "country": "China", "reach": ["abroad"]})
    own, beside = own.assign(mode="start_up"), beside.assign(mode="start_up")
    shares = own_list.shares_beside(own, beside, FRAMES, PROPERTIES, "us")
    table = own_list.comparison(shares, "us", ["cn"])
    assert table[["own", "other", "value"]].iloc[0].tolist() == pytest.approx([2 / 3, 0, 2 / 3])
    words = pd.DataFrame({"property": ["home"], "label": ["from home"]})
    (number,) = own_list.difference_numbers(
        table, words, {"cn": "china"}, {"cn": "China, named"}
    ).to_dict("records")
    assert number["value"] == pytest.approx(2 / 3)
    assert (number["country"], number["name"]) == ("china", "China, named")
    assert (number["beside"], number["what"], number["n"]) == ("cn", "From home", 3)
    assert "bound_low" not in number


def test_a_copy_with_faults_has_faults_and_leaves_the_list_alone(tmp_path):
    folder = paths.source("own_lists/israel")
    before = (folder / "firms.csv").read_bytes()
    assert not [fault for fault in check(folder) if fault.severity == "error"]
    faults = check(own_list.copy_with_faults(folder, tmp_path / "copy"))
    errors = {fault.column for fault in faults if fault.severity == "error"}
    assert errors == {"entry_year", "place", "mode", "name"}
    assert (folder / "firms.csv").read_bytes() == before


def test_what_an_analysis_can_use_of_a_list():
    possible = pd.DataFrame(
        {
            "what": ["ties", "years", "families"],
            "have": [1, 4, 0],
            "of": [2, 4, 0],
            "status": ["partly", "computed", "missing"],
        }
    )
    assert own_list.usable(possible).to_numpy().tolist() == [
        ["years", 1],
        ["ties", 0.5],
        ["families", 0],
    ]
    modes = pd.DataFrame({"mode": ["start_up", "unknown"]})
    assert own_list.origin_known(modes) == {"value": 1, "n": 2}
