"""Steps 05 and 06: the numbers that are quoted and the tables that figures draw, on a few rows."""

import numpy as np
import pandas as pd
import pytest

from cluster_anatomy.study import china_usa, entry_patterns

FRAMES = pd.DataFrame(
    {
        "frame": ["cn", "us"],
        "country": ["China", "USA"],
        "includes": ["scope=entry", "scope=entry"],
        "label": ["Chinese firms", "American firms"],
        "carries_shares": ["yes", "no"],
    }
)
COUNTRY = {"cn": "china", "us": "usa"}


@pytest.fixture
def entries():
    rows = [
        ("c1", "China", "home", 2000, 2000, 2000),
        ("c2", "China", "home", 2001, 2000, 2001),
        ("c3", "China", "abroad", 2001, None, None),
        ("c4", "China", "unknown", None, None, None),
        ("u1", "USA", "home", 1990, 1990, 1990),
        ("u2", "USA", "elsewhere", 1991, 1991, 1991),
    ]
    columns = ["firm_id", "country", "reach", "entry_year", "entry_year_low", "entry_year_high"]
    table = pd.DataFrame(rows, columns=columns).assign(scope="entry", mode="start_up")
    return table.astype(dict.fromkeys(columns[3:], "Int64"))


@pytest.fixture
def farthest(entries):
    table = entries[["firm_id", "reach"]]
    return table.assign(kilometres=[5.0, 300.0, 9000.0, np.nan, 0.0, 40.0])


@pytest.fixture
def parts():
    rows = [
        ("cn", "all", "all", "subsidiary", 1, 0.25),
        ("cn", "all", "all", "start_up", 3, 0.75),
        ("us", "all", "all", "start_up", 2, 1.0),
        ("cn", "period", "late", "start_up", 2, 1.0),
        ("cn", "period", "early", "start_up", 1, 1.0),
        ("cn", "period", "unknown", "start_up", 1, 1.0),
        ("de", "period", "early", "start_up", 9, 1.0),
    ]
    table = pd.DataFrame(rows, columns=["frame", "group", "member", "category", "count", "value"])
    return table.assign(dimension="mode")


def test_shares_are_drawn_in_the_order_of_the_words(parts):
    dots = entry_patterns.composition_dots(parts, "mode", {"cn": "China", "us": "USA"})
    assert dots[["label", "series", "value"]].to_numpy().tolist() == [
        ["start-up", "China", 0.75],
        ["start-up", "USA", 1.0],
        ["subsidiary", "China", 0.25],
    ]


def test_the_largest_shares_of_a_series_come_first_and_undefined_ones_not_at_all():
    rows = [("a", "x", 0.2), ("b", "x", 0.7), ("c", "x", np.nan), ("d", "x", 0.1), ("e", "y", 1.0)]
    dots = pd.DataFrame(rows, columns=["label", "series", "value"])
    assert entry_patterns.leading(dots, "x") == ["b", "a", "d"]
    assert entry_patterns.leading(dots, "x", 0.2) == ["b", "a"]


def test_reach_is_shared_out_with_the_unknown_among_it(entries):
    table = entry_patterns.reach_parts(entries, FRAMES)
    assert set(table["label"]) == {"Chinese firms (n = 4)"}
    assert table.set_index("series")["value"].to_dict() == {
        "home": 0.5,
        "abroad": 0.25,
        "unknown": 0.25,
    }


def test_periods_are_drawn_in_their_order_without_the_unknown(parts):
    table = entry_patterns.entries_by_period(parts, {"cn": "China"}, ["early", "late"])
    assert table.to_numpy().tolist() == [
        ["China, early", "start-up", 1],
        ["China, late", "start-up", 2],
    ]


def test_home_shares_and_start_ups_of_both_countries(entries, parts):
    shares = entry_patterns.entry_shares(entries, FRAMES, parts, "cn", "us")
    assert shares["home_share_china"]["value"] == pytest.approx(2 / 3)
    assert (shares["home_share_usa"]["value"], shares["home_share_usa"]["n"]) == (0.5, 2)
    assert (shares["start_up_share_china"]["count"], shares["start_up_share_usa"]["count"]) == (
        3,
        2,
    )


@pytest.fixture
def model():
    rows = [
        ("cn_all", "by_origin", "academic", np.log(2), 0.0, 1.0, 40, 7),
        ("cn_all", "by_origin", "academic", np.log(2), -1.0, 2.0, 40, 7),
        ("us_all", "all_origins_within", "stock", 0.0, -1.0, 1.0, 30, 5),
        ("us_all", "by_origin_periods", "academic", 0.0, -1.0, 1.0, 10, 5),
        ("de_all", "by_origin", "academic", 0.0, -1.0, 1.0, 10, 5),
    ]
    columns = ["frame", "model", "term", "estimate", "low", "high", "n", "clusters"]
    return pd.DataFrame(rows, columns=columns)


def test_a_rate_ratio_has_the_wider_of_its_intervals(model):
    ratios = entry_patterns.stock_ratios(model).set_index("frame")
    assert list(ratios.index) == ["cn_all", "us_all"]
    assert ratios.loc["cn_all", ["kind", "word", "extra"]].tolist() == ["origin", "academic", ""]
    row = ratios.loc["cn_all", ["value", "low", "high"]].astype(float)
    assert row.tolist() == pytest.approx([2, np.exp(-1), np.exp(2)])
    assert ratios.loc["us_all", "extra"] == ", with cluster effects"
    dots = entry_patterns.stock_dots(ratios.reset_index())
    assert dots[["label", "series"]].to_numpy().tolist() == [
        ["any origin, within clusters", "USA"],
        ["academic", "China"],
    ]


def test_clusters_in_the_model_are_counted_once(model):
    frames = ["cn_all", "us_all", "cn_named_or_listed", "us_frame"]
    every = pd.concat([model.assign(frame=frame, model="by_origin") for frame in frames])
    sizes = entry_patterns.model_sizes(every)
    assert sizes["value"].tolist() == [7] * 4
    assert sizes["name"].tolist() == ["china", "usa", "frame_china", "frame_usa"]


def test_distances_by_country_are_those_of_all_sources():
    rows = [("cn", "all", "all", 10.0, 3), ("cn", "domestic", "all", 5.0, 2)]
    summary = pd.DataFrame(rows, columns=["frame", "sources", "role", "median", "n"])
    table = entry_patterns.distance_numbers(summary.assign(upper=20.0, unknown=1), COUNTRY)
    assert table.to_numpy().tolist() == [["china", "cn", 10.0, 20.0, 3, 1]]


def test_near_entries_have_no_source_beyond_the_limit(entries, farthest):
    near = entry_patterns.within(farthest, entries, FRAMES, 100, COUNTRY).set_index("country")
    assert near.loc["china", ["count", "n", "unknown"]].tolist() == [1, 3, 1]
    assert near.loc["usa", "value"] == 1
    drawn = entry_patterns.farthest_by_frame(farthest, entries, FRAMES, COUNTRY)
    assert drawn.groupby("series")["value"].max().to_dict() == {"china": 9000, "usa": 40}


def test_border_exceptions_are_far_homes_and_near_elsewheres(entries, farthest):
    exceptions = entry_patterns.border_exceptions(farthest, 100)
    assert list(exceptions["firm_id"]) == ["c2", "u2"]
    # of the four with known kilometres; abroad no border lies between
    counted = {"border_exceptions": {"value": 2, "n": 4}}
    assert entry_patterns.border_numbers(farthest, 100) == counted
    assert not entry_patterns.outside_frames(exceptions, entries, FRAMES, ["us"])
    assert entry_patterns.outside_frames(exceptions.iloc[:1], entries, FRAMES, ["us"])


def test_years_apart_are_counted_where_both_are_known(entries):
    assert entry_patterns.years_apart(entries) == 1


@pytest.fixture
def regions():
    rows = [
        ("us_frame", "New York", "subsidiary", "yes", 2, 4, 3, 9, 0.04),
        ("us_frame", "Boston", "second_order", "yes", 1, 4, 3, 9, 0.5),
        ("us_frame", "Boston", "subsidiary", "no", 1, 4, 3, 9, np.nan),
        ("us_all", "New York", "foreign_subsidiary", "yes", 2, 5, 1, 10, np.nan),
        ("us_all", "Boston", "second_order", "yes", 3, 5, 1, 10, np.nan),
    ]
    columns = ["frame", "region", "property", "expected", "count", "n", "count2", "n2", "p_holm"]
    return pd.DataFrame(rows, columns=columns)


def test_only_expected_patterns_are_quoted(regions):
    table = entry_patterns.region_differences(regions, "us_frame")
    assert table[["slug", "word", "label"]].to_numpy().tolist() == [
        ["new_york", "subsidiary", "New York: subsidiary"],
        ["boston", "second-order", "Boston: second-order"],
    ]
    assert entry_patterns.second_order_found(regions).to_numpy().tolist() == [
        ["Boston", "boston", 3, 3, 5]
    ]


def test_numbers_of_american_regions(regions):
    rows = [
        ("New York", 1980, "a_academic"),
        ("New York", 1995, "a_academic"),
        ("New York", 1996, "a_academic"),
        ("New York", 1996, "other"),
        ("San Diego", 1980, "other"),
        ("San Diego", 1999, "other"),
        ("San Diego", None, "other"),
    ]
    dated = pd.DataFrame(rows, columns=["region", "entry_year", "paper_type"])
    numbers = entry_patterns.region_numbers(
        regions, dated.assign(country="USA"), "us_frame", turn=1990, early=1985
    )
    assert numbers["region_patterns_p"] == 0.04
    assert numbers["foreign_found_new_york"] == {"value": 2, "n": 3}
    assert numbers["academic_found_new_york_early"] == 1
    assert numbers["academic_found_new_york_late"] == 2
    assert numbers["found_san_diego_early"] == {"value": 1, "n": 2}
    assert 0 < numbers["new_york_power"] < 1


def test_the_largest_change_of_each_measure_is_quoted_in_points(entries):
    measures = ["period_share", "period_share", "start_up_share", "curve"]
    changes = [0.1, 0.3, np.nan, 0.05]
    sensitivity = pd.DataFrame({"measure": measures, "largest_change": changes, "n": 3})
    table = entry_patterns.moved_numbers(
        sensitivity.assign(frame="cn"), entries, FRAMES, {"cn": "china"}
    )
    values = table.set_index("measure")["value"]
    assert values[["period_share", "curve"]].tolist() == pytest.approx([30, 5])
    assert np.isnan(values["start_up_share"])
    assert set(table["unknown"]) == {1}
    shown = entry_patterns.moved_table(table)
    assert shown.loc["of a period's share of entries", "China"] == 30
    assert list(shown.columns) == ["China"]


# --- Step 06


def test_a_label_is_added_in_the_order_of_the_properties():
    properties = pd.DataFrame({"property": ["home", "abroad"], "label": ["from home", "far"]})
    table = pd.DataFrame({"property": ["abroad", "home"], "value": [0.1, 0.7]})
    assert china_usa.labelled(table, properties).to_numpy().tolist() == [
        ["home", "from home", 0.7],
        ["abroad", "far", 0.1],
    ]


def test_differences_are_drawn_by_frame_and_a_change_of_sign_is_seen():
    rows = [("home", "cn", -0.2), ("home", "other", -0.1), ("abroad", "cn", 0.2)]
    rows.append(("abroad", "other", -0.01))
    differences = pd.DataFrame(rows, columns=["property", "frame", "value"])
    assert china_usa.changing_sign(differences) == ["abroad"]
    frames = pd.DataFrame({"frame": ["cn", "other"], "label": ["China: some", "China: all"]})
    drawn = china_usa.by_frame(differences, frames.assign(carries_shares=["yes", "no"]))
    assert drawn[["property", "series"]].to_numpy().tolist() == [
        ["home", "some"],
        ["abroad", "some"],
    ]


def test_modes_are_tested_in_each_pair():
    old = pd.DataFrame({"start_up": [5, 20], "spin_off": [20, 5]}, index=["cn", "us"])
    new = pd.DataFrame({"start_up": [5, 10], "subsidiary": [5, 10]}, index=["cn", "us"])
    tests = china_usa.mode_tests({"": old, "_listed": new})
    assert tests["modes_independent"]["value"] < 0.01
    assert tests["modes_independent"]["n"] == 50
    assert tests["modes_independent_listed"] == {"value": 1.0, "n": 30}


def test_residuals_of_a_table_of_two_by_two_mirror_each_other():
    counts = pd.DataFrame({"start_up": [8, 2], "subsidiary": [2, 8]}, index=["cn", "us"])
    table = china_usa.residual_table(counts)
    assert table["entries"].tolist() == [8, 2, 2, 8]
    # 3 / sqrt(5 (1 - 1/2) (1 - 1/2)); Haberman (1973)
    size = 3 / np.sqrt(5 / 4)
    assert table["residual"].tolist() == pytest.approx([size, -size, -size, size])
    drawn = china_usa.residual_map(table, {"us": "USA", "cn": "China"})
    assert drawn.loc["China"].to_dict() == pytest.approx({"start-up": size, "subsidiary": -size})
    assert list(drawn.index) == ["USA", "China"]


def test_home_shares_are_set_against_the_published_ones():
    outside = "from elsewhere (relocation of entrepreneurs or organizations)"
    published = pd.DataFrame({"category": ["home region", outside], "value": [70, 30]})
    rows = [("home", "us", 7, 10, 0.7, 0.4, 0.9), ("home", "cn", 1, 10, 0.1, 0.0, 0.4)]
    columns = ["property", "frame", "count", "n", "value", "low", "high"]
    shares = pd.DataFrame(rows, columns=columns)
    numbers = china_usa.beside_published(shares, published, "cn", "us")
    assert (numbers["published_home_usa"], numbers["published_outside_usa"]) == (0.7, 0.3)
    outside_usa = numbers["outside_share_usa"]
    assert [outside_usa[key] for key in ("value", "low", "high", "count")] == pytest.approx(
        [0.3, 0.1, 0.6, 3]
    )
    assert numbers["home_usa_against_published"]["value"] == pytest.approx(1)
    assert numbers["home_china_against_published"]["value"] < 0.001
