"""Step 05: panels, distances of sources, American regions and other years, on hand-made data."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_anatomy import tables
from cluster_anatomy.firms import dynamics
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.study import american_regions, entry_patterns

FRAMES = pd.DataFrame(
    {
        "frame": ["us_frame", "us_all"],
        "country": ["USA", "USA"],
        "includes": ["us_sample=frame", "scope=entry"],
        "carries_shares": ["yes", "no"],
    }
)
PERIODS = pd.DataFrame(
    {"period": ["old", "new"], "first_year": [1900, 1990], "last_year": [1989, 2100]}
)


@pytest.fixture
def dated():
    """Entries in two clusters, mostly by turns, and works from before the reforms in a third."""
    turns = "AB" * 6 + "AABB" + "AB" * 5 + "AABB"
    rows = [(name, 1980 + n, "b_enterprise", "start_up") for n, name in enumerate(turns)]
    rows += [("C", 1970 + n, "backbone", "backbone") for n in range(6)]
    rows += [("A", None, "a_academic", "start_up"), (None, 1990, "a_academic", "start_up")]
    columns = ["cluster", "entry_year", "paper_type", "mode"]
    table = pd.DataFrame(rows, columns=columns).assign(country="USA", scope="entry")
    return table.astype({"entry_year": "Int64"})


def test_entries_choose_among_clusters_and_works_are_no_entries(dated):
    model = dynamics.entry_models(dated, FRAMES, {"us_all": (1981, 2020)}, draws=50)
    assert set(model["clusters"]) == {2}
    assert set(model["entries"]) == {29}
    assert set(zip(model["model"], model["term"], strict=True)) == {
        ("all_origins", "stock"),
        ("all_origins_within", "stock"),
        *(("by_origin", group) for group in dynamics.ORIGIN_GROUPS),
    }
    stock = model[model["model"] == "all_origins"].iloc[0]
    # where they take turns the smaller one is next
    assert stock["value"] < stock["null_low"]
    assert model.loc[model["model"] == "by_origin", "value"].isna().all()  # all of one origin


def test_origins_of_earlier_entries_are_told_apart(dated):
    groups = dynamics.origin_group(dated.assign(paper_type="unknown"))
    assert set(groups) == {"other"}
    kinds = pd.DataFrame({"paper_type": ["a_academic", "b_enterprise", "c_subsidiary", "backbone"]})
    assert dynamics.origin_group(kinds).tolist() == dynamics.ORIGIN_GROUPS


def test_no_cluster_at_risk_gives_an_undefined_model(dated):
    model = dynamics.entry_models(dated, FRAMES, {"us_all": (1980, 2020)}, smallest=40, draws=3)
    assert model[["estimate", "value", "p"]].isna().all(axis=None)
    assert set(model["clusters"]) == set(model["entries"]) == {0}


@pytest.fixture
def placed():
    places = pd.DataFrame(
        {
            "place_id": ["one", "two", "nowhere"],
            "name": ["One", "Two", "Nowhere"],
            "aliases": [None, "Second", None],
            "admin": "XX",
            "country": "USA",
            "latitude": [0.0, 0.0, np.nan],
            "longitude": [0.0, 1.0, np.nan],
        }
    )
    firms = pd.DataFrame(
        {
            "firm_id": ["a", "b", "c"],
            "country": "USA",
            "place_id": ["one", "nowhere", None],
            "us_sample": ["frame", "frame", "purposive"],
            "scope": "entry",
            "mode": ["subsidiary", "start_up", "start_up"],
            "reach": ["elsewhere", "home", "unknown"],
        }
    )
    columns = ["firm_id", "role", "position", "city", "country", "timing"]
    rows = [
        ("a", "founder", 0, "One", "USA", "at_entry"),
        ("a", "parent", 0, "Second", "USA", "at_entry"),
        ("a", "parent", 1, None, "France", "at_entry"),
        ("a", "parent", 2, "Two", "USA", "later"),
        ("b", "founder", 0, "Nowhere", "USA", "at_entry"),
        ("c", "founder", 0, "One", None, "at_entry"),
    ]
    return firms, pd.DataFrame(rows, columns=columns), Gazetteer(places)


def test_distances_are_measured_at_entry_and_unknown_ones_kept(placed):
    firms, sources, gazetteer = placed
    distances = entry_patterns.source_distances(sources, firms, gazetteer)
    assert len(distances) == 5
    assert distances["kilometres"].round(0).tolist()[:2] == [0, 111]
    assert distances["kilometres"].isna().tolist() == [False, False, True, False, True]
    assert distances["kilometres"].iloc[3] == 0  # the same place, though it has no point
    assert distances["same_country"].fillna("?").tolist() == ["yes", "yes", "no", "yes", "?"]
    summary = entry_patterns.distance_summary(distances, firms, FRAMES).set_index(
        ["frame", "sources", "role"]
    )
    assert summary.loc[("us_frame", "all", "all"), ["n", "unknown"]].tolist() == [3, 1]
    assert summary.loc[("us_frame", "domestic", "all"), ["n", "unknown"]].tolist() == [3, 0]
    assert summary.loc[("us_frame", "all", "founder"), "median"] == 0
    assert summary.loc[("us_all", "all", "all"), "unknown"] == 2


def test_the_farthest_source_is_of_the_kind_by_which_reach_is_measured(placed):
    firms, sources, gazetteer = placed
    farthest = entry_patterns.farthest_source(
        entry_patterns.source_distances(sources, firms, gazetteer), firms
    )
    assert farthest["kilometres"].round(0).tolist()[:2] == [111, 0]
    share = entry_patterns.near_share(farthest, 100)
    assert (share["count"], share["n"], share["unknown"]) == (1, 2, 1)
    assert math.isnan(entry_patterns.near_share(farthest.iloc[2:], 100)["value"])


def test_regions_are_tested_only_where_the_frame_carries_shares():
    """Fisher's tea: three of four against one of four, p 0.486 (Agresti 1990)."""
    rows = (
        [("New York", "c_subsidiary")] * 3 + [("New York", "other")] + [("Boston", "c_subsidiary")]
    )
    rows += [("Boston", "other")] * 3 + [("Boston", "unknown"), (None, "c_subsidiary")]
    table = pd.DataFrame(rows, columns=["region", "paper_type"])
    table["mode"] = (
        table["paper_type"]
        .map({"c_subsidiary": "subsidiary", "unknown": "unknown"})
        .fillna("start_up")
    )
    table["label"], table["second_order"] = "unknown", "no"
    table = table.assign(country="USA", us_sample="frame", scope="entry")
    properties = tables.read("data/raw/coding/properties.csv")
    found = american_regions.us_patterns(table, FRAMES, properties).set_index(
        ["frame", "region", "property"]
    )
    tea = found.loc[("us_frame", "New York", "subsidiary")]
    assert tea[["count", "n", "unknown", "count2", "n2"]].tolist() == [3, 4, 0, 1, 4]
    assert tea["p"] == pytest.approx(0.4857, abs=1e-4)
    assert tea["value"] == pytest.approx(0.5)
    assert tea["p_holm"] >= tea["p"]
    assert found.loc["us_all", ["value", "p", "p_holm"]].isna().all().all()
    assert math.isnan(
        found.loc[("us_frame", "New York", "foreign_subsidiary"), "p"]
    )  # nobody's label is known
    assert math.isnan(
        found.loc[("us_frame", "New York", "second_order"), "p_holm"]
    )  # not expected there


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1950, 2010), min_size=1, max_size=40), st.floats(0, 1), st.integers(0, 100)
)
def test_exactly_the_part_asked_for_moves_by_one_year(years, part, seed):
    years = np.array(years)
    moved = dynamics.move_years(years, 5, part, seed)
    assert ((moved != years).sum(axis=1) == round(part * len(years))).all()
    assert np.abs(moved - years).max() <= 1
    assert (moved == dynamics.move_years(years, 5, part, seed)).all()


def test_other_years_move_shares_and_curves_as_far_as_they_can():
    table = pd.DataFrame(
        {
            "firm_id": list("abcde"),
            "country": "USA",
            "us_sample": "frame",
            "scope": "entry",
            "mode": ["start_up", "subsidiary", "start_up", "unknown", "start_up"],
            "entry_year": [1985, 1989, 1995, 1990, None],
            "entry_year_low": [1985, 1989, 1980, 1990, None],
            "entry_year_high": [1985, 1989, 1995, None, None],
        }
    )
    found = dynamics.year_sensitivity(table, FRAMES[:1], PERIODS, part=0.25, draws=50)
    found = found.set_index(["scenario", "measure", "category"])
    assert set(found["n"]) == {4}
    early = found.loc[("earliest", "period_share", "old")]
    assert (early["base"], early["low"], early["largest_change"], early["moved"]) == (
        0.5,
        0.75,
        0.25,
        1,
    )
    assert found.loc[("latest", "period_share", "old"), "largest_change"] == 0
    assert found.loc[("earliest", "curve", "all"), "largest_change"] == pytest.approx(0.25)
    # One firm moves per draw: 1989 to 1990 or 1990 to 1989 crosses the border, nothing else does.
    assert found.loc[("moved_by_one", "period_share", "old"), "largest_change"] == pytest.approx(
        0.25
    )
    assert found.loc[("moved_by_one", "start_up_share", "old"), "base"] == 0.5
    assert math.isnan(
        found.loc[("earliest", "start_up_share", "new"), "low"]
    )  # nobody with a known mode is left
    assert set(found.xs("moved_by_one")["moved"]) == {1}


def test_the_committed_ratios_are_those_of_the_size_of_clusters():
    """The referee's finding on all rows: no ratio lies above what permuted years give."""
    model = tables.read("data/processed/entry_model.csv")
    found = model[model["frame"].isin(["cn_all", "us_all"])]
    assert len(found) == 12
    assert (found["value"] <= found["null_high"]).all()
