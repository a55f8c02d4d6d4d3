"""What the notebooks of a list answer with, on frames made by hand."""

import shutil

import pandas as pd
import pytest

from cluster_anatomy.compendium import paths
from cluster_anatomy.own_list import analyses, answers, drawing
from cluster_anatomy.own_list.layout import OWN, RAW, TEMPLATES
from cluster_anatomy.study import own_list as study

HALF = {"count": 1, "n": 2, "unknown": 3, "value": 0.5, "low": 0.1, "high": 0.9}
NOTHING = {**HALF, "count": 0, "n": 0, "value": None}


@pytest.mark.parametrize(
    ("estimate", "carries", "low", "interval"),
    [(HALF, "yes", 0.1, answers.INTERVAL), (HALF, "no", None, ""), (NOTHING, "yes", None, "")],
)
def test_an_interval_only_where_the_frame_carries_shares(estimate, carries, low, interval):
    row = answers.told(estimate, pd.Series({"carries_shares": carries}))
    assert (row["low"], row["interval"], row["unknown"]) == (low, interval, 3)


def test_a_share_that_nobody_is_known_for_is_no_headline():
    assert answers.headlines({"a": HALF, "b": NOTHING}, ["b", "a"]) == ["a"]


def test_a_difference_is_clear_if_its_interval_excludes_zero():
    compared = pd.DataFrame(
        {
            "property": ["home", "start_up", "spin_off"],
            "beside": "us_frame",
            "value": [0.2, 0.1, None],
            "low": [0.1, -0.1, None],
            "high": [0.3, 0.3, None],
            "n": [9, 9, 0],
        }
    )
    properties = pd.DataFrame({"property": compared["property"], "label": ["of a", "of b", "of c"]})
    frames = pd.DataFrame({"frame": ["us_frame"], "label": ["USA"]})
    table = answers.own_differences(compared, properties, frames)
    assert table[["label", "against"]].iloc[0].tolist() == ["Of a", "USA"]
    assert answers.clear_names(table) == ["home_difference_us_frame"]
    assert answers.difference_counts(table) == {
        "differences": {"value": 3, "n": 3},
        "differences_clear": {"value": 1, "n": 3},
    }


def test_a_list_without_regions_has_no_year_of_take_off():
    profiles = pd.DataFrame({"take_off": [], "entries": []}, dtype="Int64")
    entries = pd.DataFrame({"entry_year": pd.array([pd.NA], dtype="Int64")})
    counts = answers.region_counts(profiles, entries)
    assert counts["entries_in_largest_region"] == {"value": 0, "n": 0}
    assert pd.isna(counts["first_take_off"])
    assert pd.isna(counts["first_entry"])


def test_columns_are_filled_in_part_and_an_empty_table_is_left_out():
    given = pd.DataFrame({"firm_id": [1, 2], "entry_year": [1990, None]})
    part = answers.filled({"firm": given, "evidence": given.iloc[:0]})
    assert part.to_dict("records") == [{"label": "firm: entry year", "value": 0.5}]


def test_counts_of_the_largest_members_stand_in_the_order_of_their_sizes():
    table = pd.DataFrame({"cluster": ["a", "b", "b", "c", "c", "c"], "known": list("yynyyy")})
    counts = answers.split_counts(table, "cluster", table["known"], 2)
    assert counts[["label", "series", "value"]].to_numpy().tolist() == [
        ["c", "y", 3],
        ["b", "n", 1],
        ["b", "y", 1],
    ]


def test_a_region_keeps_its_sum_in_years_without_entries():
    table = pd.DataFrame({"cluster": ["a", "b"], "year": [1990, 1992], "cumulated": [1, 1]})
    entries = pd.DataFrame({"cluster": ["a", "b"], "entry_year": [1990, 1992]})
    lines = answers.cumulated_lines(table, entries)
    assert lines[["series", "year", "value"]].to_numpy().tolist() == [
        ["a", 1990, 1],
        ["a", 1992, 1],
        ["b", 1990, 0],
        ["b", 1992, 1],
    ]


def test_the_largest_regions_are_shown_with_their_take_off():
    profiles = pd.DataFrame(
        {
            "cluster": ["A", "B", "C"],
            "entries": [3, 9, 3],
            "dated": [3, 8, 0],
            "undated": [0, 1, 3],
            "first_year": [1990, 1980, None],
            "take_off": [None, 1985, None],
            "leading": ["academic", "subsidiary", None],
        }
    )
    shown = answers.take_off_table(profiles, most=2)
    assert shown.index.tolist() == ["B", "A"]
    assert shown.loc["B", ["first year", "take off", "undated"]].tolist() == [1980, 1985, 1]


def test_values_of_the_tables_are_shown_as_they_are_read():
    table = pd.DataFrame({"same_industry_firm": [1]}, index=["spin_off"])
    shown = answers.in_words(table)
    assert (shown.index[0], shown.columns[0]) == ("spin-off", "same industry firm")


def test_quotients_of_the_regions_shown_have_origins_in_words():
    quotients = pd.DataFrame(
        {
            "place": ["A", "A", "B"],
            "category": ["a_academic", "c_subsidiary", "a_academic"],
            "value": [2.0, 0.5, 1.0],
        }
    )
    assert answers.quotient_map(quotients, ["A", "C"]).to_dict("index") == {
        "A": {"academic": 2.0, "subsidiary": 0.5}
    }


def test_an_analysis_that_was_not_made_has_a_part_of_zero():
    made = pd.DataFrame(
        {
            "what": ["ties", "entry model", "reach"],
            "have": [0, 2, 1],
            "of": [0, 2, 4],
            "status": ["missing", "missing", "partly"],
        }
    )
    assert answers.parts_used(made)["value"].tolist() == [0, 0, 0.25]


@pytest.mark.parametrize(
    ("carries", "interval"), [("yes", ", 95 % interval 10 % to 90 %"), ("no", "")]
)
def test_a_share_is_worded_with_its_interval(tmp_path, monkeypatch, carries, interval):
    shutil.copytree(paths.root() / TEMPLATES / "words", tmp_path / "notebooks/words")
    described = tmp_path / RAW / "description.json"
    described.parent.mkdir(parents=True)
    described.write_text("{}", encoding="utf-8")
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    numbers = answers.ListNumbers("05_entry_patterns", near_kilometres=100)
    numbers.add(start_up_share=answers.told(HALF, pd.Series({"carries_shares": carries})))
    statement = numbers.rows["start_up_share"]["statement"]
    assert statement == f"1 of 2 entries are start-ups (50 %{interval}; 3 unknown)."


@pytest.fixture
def compositions():
    rows = [
        ("all", "all", "mode", "start_up", 3, 0.75),
        ("all", "all", "mode", "spin_off", 1, 0.25),
        ("cluster", "b", "mode", "start_up", 2, 1.0),
        ("cluster", "a", "mode", "start_up", 1, 0.5),
        ("cluster", "a", "mode", "spin_off", 1, 0.5),
        ("cluster", "a", "source", "academia", 2, 1.0),
    ]
    columns = ["group", "member", "dimension", "category", "count", "value"]
    return pd.DataFrame(rows, columns=columns)


def test_members_are_counted_in_the_order_in_which_they_are_named(compositions):
    every = answers.member_counts(compositions, "cluster", "mode")
    assert list(every.columns) == ["start-up", "spin-off"]
    assert every.loc["a"].tolist() == [1, 1]
    named = answers.member_counts(compositions, "cluster", "mode", ["b", "a"])
    assert list(named.index) == ["b", "a"]
    assert list(answers.member_counts(compositions, "cluster", "mode", ["b"]).index) == ["b"]


def test_pairs_of_several_types_are_counted_under_each_in_the_words_of_the_figures():
    pairs = pd.DataFrame(
        {"tie_types": ["subsidiary_of|acquired", "subsidiary_of"], "kind": ["local", "foreign"]}
    )
    counts = answers.ties_by_type(pairs, 20)
    assert counts[["label", "series", "value"]].to_numpy().tolist() == [
        ["part of", "foreign", 1],
        ["part of", "local", 1],
        ["acquired", "local", 1],
    ]


def test_at_risk_are_the_years_after_the_first_entry():
    entries = pd.DataFrame({"entry_year": pd.array([1991, 1985, None], dtype="Int64")})
    assert answers.years_at_risk(entries) == {OWN: (1986, 1991)}


def test_a_figure_draws_the_list_and_the_frame_beside_it_and_no_other():
    shares = pd.DataFrame(
        {"property": "home", "frame": [OWN, "us", "cn"], "value": [0.1, 0.2, 0.3]}
    )
    compared = pd.DataFrame({"property": "home", "beside": ["us", "cn"], "value": [-0.1, -0.2]})
    properties = pd.DataFrame({"property": ["home"], "label": ["from home"]})
    data = answers.beside_data(shares, compared, properties, "us")
    assert data[["series", "value"]].to_numpy().tolist() == [
        [OWN, 0.1],
        ["us", 0.2],
        ["difference", -0.1],
    ]


def test_distances_and_ratios_are_read_in_words():
    summary = {"sources": ["all"], "role": ["founder"], "n": [2], "unknown": [1]}
    summary |= {"lower": [0.2], "median": [9.6], "upper": [None]}
    shown = answers.distance_table(pd.DataFrame(summary).astype({"upper": "float"}))
    assert shown.loc[("all", "founder"), "median, km"] == 10
    assert pd.isna(shown.loc[("all", "founder"), "upper quartile, km"])
    model = {"model": ["all_origins"], "term": "stock", "value": 1.126, "p": 0.3}
    model |= {"null_low": 1.012, "null_high": 1.2, "entries": 30, "clusters": 4}
    table = answers.model_table(pd.DataFrame(model))
    assert table.loc[("all origins", "stock")].to_dict() == {
        "odds ratio": 1.13,
        "by size alone, from": 1.01,
        "to": 1.2,
        "entries": 30,
        "regions": 4,
    }


@pytest.fixture
def found():
    return pd.DataFrame(
        {"cluster": ["North", "South", "South", None], "country": "Utopia", "mode": "start_up"}
    )


OTHERS = pd.DataFrame(
    {
        "firm_id": ["c", "u"],
        "country": ["China", "USA"],
        "listed": ["yes", "no"],
        "mode": "start_up",
    }
)
FRAMES = pd.DataFrame(
    {
        "frame": [OWN, "cn_listed"],
        "country": ["Utopia", "China"],
        "label": ["what it is", "China: on a list"],
        "includes": [f"frame={OWN}", "listed=yes"],
    }
)


def test_regions_are_drawn_largest_first_and_entries_without_one_left_out(found):
    panels = drawing.by_region(found, "By region")
    assert [(title, name, len(part)) for title, name, part in panels] == [
        ("By region", "South", 2),
        ("By region", "North", 1),
    ]
    assert len(drawing.by_region(found, "By region", top=1)) == 1


def test_the_list_stands_before_the_frames_beside_it(found):
    about = {"title": "A list", "country": "Utopia"}
    bars = drawing.by_frame(found, OTHERS, FRAMES, about)
    assert [(country, name, len(part)) for country, name, part in bars] == [
        ("Utopia", "A list", 4),
        ("China", "on a list", 1),
    ]
    assert drawing.titles(FRAMES, "A list") == {OWN: "A list", "cn_listed": "China, on a list"}


def test_all_that_was_found_of_each_country_beside(found):
    groups = analyses.all_found(found, OTHERS, ["USA"])
    assert list(groups) == [OWN, "us_all"]
    assert groups["us_all"]["firm_id"].tolist() == ["u"]


def test_rows_of_some_frames_are_named_for_a_figure():
    properties = pd.DataFrame(
        {"property": ["home", "spin_off"], "label": ["from home", "spin-offs"]}
    )
    table = pd.DataFrame(
        {"property": ["spin_off", "home", "home"], "frame": ["a", "a", "b"], "value": [1, 2, 3]}
    )
    drawn = study.in_series(table, properties, "frame", {"a": "Utopia"})
    assert drawn[["label", "series", "value"]].to_numpy().tolist() == [
        ["from home", "Utopia", 2],
        ["spin-offs", "Utopia", 1],
    ]
