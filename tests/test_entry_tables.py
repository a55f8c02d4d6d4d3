"""Steps 05 and 06: the numbers that are quoted and the tables that figures draw, on a few rows."""

import numpy as np
import pandas as pd
import pytest

from cluster_anatomy.study import american_regions, china_usa, entry_patterns, reach

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


def test_shares_are_drawn_in_the_order_of_the_words_and_works_are_none(parts):
    parts = pd.concat([parts, parts.iloc[[0]].assign(category="backbone")])
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
    frames = FRAMES.assign(pair="classic")
    table = reach.parts_by_frame({"classic": entries}, frames)
    assert set(table["label"]) == {"Chinese firms (n = 4)"}
    assert table.set_index("series")["value"].to_dict() == {
        "home": 0.5,
        "abroad": 0.25,
        "unknown": 0.25,
    }


def test_frames_of_a_pair_are_set_side_by_side_by_reach(entries):
    """Of three Chinese entries of known reach two are from home, of two American one."""
    pairs = FRAMES.assign(pair="classic")
    listed = FRAMES.assign(frame=["cn2", "us2"], pair="listed")
    properties = pd.DataFrame(
        {
            "property": ["home_of_domestic"],
            "column": "reach",
            "value": "home",
            "unknown": "unknown",
            "among": "reach=home|reach=elsewhere|reach=mixed",
        }
    )
    names = {"cn": "china", "us": "usa", "cn2": "listed_china", "us2": "listed_usa"}
    numbers = reach.numbers_by_frame(
        {"classic": entries, "listed": entries.iloc[2:]},
        pd.concat([pairs, listed]),
        properties,
        names,
    )
    counted = numbers.set_index(["name", "part"])[["count", "n", "unknown"]]
    assert counted.loc[("china", "home")].tolist() == [2, 3, 1]
    assert counted.loc[("china", "home_of_domestic")].tolist() == [2, 2, 1]
    assert counted.loc[("listed_china", "abroad")].tolist() == [1, 1, 1]
    differences = reach.pair_differences(numbers).set_index(["part", "suffix"])
    assert differences.loc[("elsewhere", ""), "value"] == pytest.approx(-0.5)
    assert differences.loc[("home", ""), "value"] == pytest.approx(2 / 3 - 1 / 2)
    assert differences.loc[("abroad", "_listed"), ["value", "frame"]].tolist() == [1, "cn2 vs us2"]
    drawn = reach.dots_by_pair(numbers)
    assert drawn["label"].tolist()[:4] == [
        "from elsewhere in the country, classic pair",
        "from elsewhere in the country, classic pair",
        "from elsewhere in the country, listed pair",
        "from elsewhere in the country, listed pair",
    ]
    assert drawn["series"].tolist()[:2] == ["China", "USA"]


def test_works_from_before_the_reforms_stand_apart_and_only_where_there_are_any(entries):
    entries.loc[[0, 3], "mode"] = ["backbone", "unknown"]
    stock = entry_patterns.stock_share(entries, FRAMES, {"cn": "China", "us": "USA"})
    assert stock[["series", "count", "n", "unknown"]].to_numpy().tolist() == [["China", 1, 3, 1]]


def test_periods_are_drawn_in_their_order_without_the_unknown_and_the_stock_first(parts):
    stock = pd.DataFrame({"series": ["China"], "count": [4]})
    works = parts.iloc[[3]].assign(category="backbone")
    table = entry_patterns.entries_by_period(
        pd.concat([parts, works]), {"cn": "China"}, ["early", "late"], stock
    )
    assert table.to_numpy().tolist() == [
        [f"China {entry_patterns.STOCK}", 4, "pre-reform backbone"],
        ["China, early", 1, "start-up"],
        ["China, late", 2, "start-up"],
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
        ("cn_all", "all_origins", "stock", 1.1, 7),
        ("cn_all", "by_origin", "second_order", 1.2, 7),
        ("us_all", "all_origins_within", "stock", 0.9, 8),
        ("cn_named_or_listed", "all_origins", "stock", np.nan, 2),
        ("us_frame", "by_origin", "second_order", 1.3, 5),
        ("us_frame", "by_origin", "other", 0.8, 5),
        ("de_all", "all_origins", "stock", 1.0, 5),
    ]
    columns = ["frame", "model", "term", "value", "clusters"]
    table = pd.DataFrame(rows, columns=columns).assign(low=0.5, high=2.0, entries=40, p=0.3)
    return table.assign(null_mean=1.05, null_low=0.8, null_high=1.4)


def test_odds_ratios_stand_beside_their_null_and_undefined_ones_nowhere(model):
    ratios = entry_patterns.stock_ratios(model)
    assert ratios[["name", "slug", "words", "n"]].to_numpy().tolist() == [
        ["china", "all_origins", "any origin", 40],
        ["china", "second_order", "second-order", 40],
        ["usa", "all_origins_within", "any origin, with cluster effects", 40],
        ["frame_usa", "second_order", "second-order", 40],
        ["frame_usa", "other", "other", 40],
    ]
    nulls = entry_patterns.ratio_nulls(ratios)
    assert nulls.loc[0, ["value", "low", "high"]].tolist() == [1.05, 0.8, 1.4]
    drawn = entry_patterns.stock_dots(ratios)
    assert drawn[["label", "series", "bound_high"]].to_numpy().tolist() == [
        ["any origin", "China, all found", 1.4],
        ["second-order", "China, all found", 1.4],
        ["second-order", "USA, frame", 1.4],
        ["any origin, with cluster effects", "USA, all found", 1.4],
    ]


def test_the_order_of_entry_is_tested_only_where_the_frame_carries_shares(model):
    frames = pd.DataFrame({"frame": ["us_frame", "us_all", "cn_all"]})
    frames["carries_shares"] = ["yes", "no", "no"]
    tests = entry_patterns.ratio_tests(entry_patterns.stock_ratios(model), frames)
    assert tests[["name", "slug", "value"]].to_numpy().tolist() == [
        ["frame_usa", "second_order", 0.3],
        ["frame_usa", "other", 0.3],
    ]


def test_clusters_in_the_model_are_counted_once(model):
    sizes = entry_patterns.model_sizes(model)
    assert sizes["name"].tolist() == ["china", "usa", "frame_china", "frame_usa"]
    assert sizes["value"].tolist() == [7, 8, 2, 5]


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
    table = american_regions.region_differences(regions, "us_frame")
    assert table[["slug", "word", "label"]].to_numpy().tolist() == [
        ["new_york", "subsidiary", "New York: subsidiary"],
        ["boston", "second-order", "Boston: second-order"],
    ]
    assert american_regions.second_order_found(regions).to_numpy().tolist() == [
        ["Boston", "boston", 3, 3, 5]
    ]


def test_what_few_firms_could_have_told_of_regions(regions):
    """Tea (Fisher 1935): four of four against none of four has p 1/35, the smallest there is."""
    tea = regions.iloc[[0, 1]].assign(count=[3, 0], n=4, count2=[1, 0], n2=4)
    limits = american_regions.region_limits(
        american_regions.region_differences(tea, "us_frame"), 50
    )
    assert limits["least_p"].tolist() == pytest.approx([1 / 35, 1])
    assert limits[["slug", "property"]].to_numpy().tolist()[1] == ["boston", "second_order"]
    # only all four against none has p below 0.05: 0.75 ** 4 * 0.75 ** 4, and 0.5 ** 4
    assert limits["power"].tolist() == pytest.approx([0.75**8 + 0.25**8, 0.5**4])


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
    numbers = american_regions.region_numbers(
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
