"""Step 10: what is quoted of the specifications, and what figures draw, on a few rows."""

import numpy as np
import pandas as pd
import pytest

from cluster_anatomy.firms.specifications import HOME_USA
from cluster_anatomy.study import robustness

PROPERTIES = pd.DataFrame({"property": ["home", "start_up"], "label": ["from home", "start-ups"]})
CHOICES = {"frame": ["cn"], "region": ["metro", "city"], "unknown": ["left_out", "hit"]}


def test_an_outcome_is_called_what_its_label_says():
    words = robustness.property_words(PROPERTIES)
    assert words["home"] == "from home"
    assert words[HOME_USA] == "American home share less the published"


def test_findings_count_the_estimates_behind_each_share():
    summary = pd.DataFrame({"pair": ["classic", "listed"], "property": ["home", "start_up"]})
    summary = summary.assign(
        estimates=4, share_sign_kept=0.75, share_excluding_zero=0.25, estimates_known=2
    )
    american = summary.iloc[[0]].assign(property=HOME_USA)
    summary = pd.concat([summary, american]).assign(share_sign_kept_known=1.0)
    table = robustness.findings(summary, PROPERTIES).set_index(["property", "kind"])
    assert table.loc[("home", "sign"), ["n", "count", "ending"]].tolist() == [4, 3, ""]
    assert table.loc[("home", "interval"), ["n", "count"]].tolist() == [4, 1]
    assert table.loc[("start_up", "known"), ["n", "count"]].tolist() == [2, 2]
    assert set(table.loc["start_up", "ending"]) == {"_listed"}
    assert len(table) == 6


def test_quoted_options_stand_in_the_order_in_which_they_are_quoted():
    keys = [quoted[1:] for quoted in robustness.QUOTED]
    options = pd.DataFrame(keys, columns=["property", "choice", "option"]).drop_duplicates()
    options = options.assign(estimates=8, share_sign_kept=0.5, share_excluding_zero=0.25)
    other = options.assign(pair="listed", estimates=4)
    options = pd.concat([options.assign(pair="classic"), other], ignore_index=True)
    names = options["property"].unique()
    properties = pd.DataFrame({"property": names, "label": names})
    table = robustness.quoted_options(options, properties)
    assert list(table["option"]) == [quoted[3] for quoted in robustness.QUOTED]
    by_kind = table.groupby("kind")["count"].first()
    assert by_kind.to_dict() == {"interval": 2, "sign": 4}


@pytest.fixture
def weight():
    rows = [
        ("home", "unknown", "data", 1, 0.30),
        ("home", "region", "coding", 2, 0.20),
        ("home", "mixed", "coding", 3, 0.05),
        ("start_up", "control", "coding", 1, 0.10),
        ("start_up", "stations", "coding", None, None),
    ]
    return pd.DataFrame(rows, columns=["property", "convention", "kind", "rank", "mean_change"])


def test_the_weightiest_convention_is_one_of_coding(weight):
    table = robustness.weightiest(weight, PROPERTIES)
    assert table["convention_name"].tolist() == ["region", "control"]
    assert table["words"].tolist() == ["From home", "Start-ups"]
    assert table["value"].tolist() == pytest.approx([20, 10])


def test_the_map_of_weights_begins_with_the_weightiest(weight):
    table = robustness.weight_map(weight, PROPERTIES)
    assert list(table.columns) == ["from home", "start-ups"]
    assert list(table.index) == ["what is unknown", "home region", "parent and founders", "mixed"]
    assert table.loc["home region", "from home"] == pytest.approx(20)
    # the stations move nothing here
    assert "stations" in set(weight["convention"])


@pytest.fixture
def carrying():
    rows = [
        ("home", "metro", "left_out", -0.2),
        ("home", "city", "left_out", 0.1),
        ("home", "metro", "hit", 0.4),
        (HOME_USA, "metro", "left_out", 0.0),
        (HOME_USA, "city", "left_out", -0.3),
    ]
    table = pd.DataFrame(rows, columns=["property", "region", "unknown", "value"])
    return table.assign(frame=np.where(table["property"] == HOME_USA, None, "cn"))


def test_home_shares_by_region_are_put_back_together(carrying):
    table = robustness.by_region(carrying, CHOICES, published=0.7)
    shares = table.set_index(["label", "series"])["value"].to_dict()
    assert shares == pytest.approx(
        {
            ("metropolitan region", "USA"): 0.7,
            ("metropolitan region", "China"): 0.5,
            ("the city itself", "USA"): 0.4,
            ("the city itself", "China"): 0.5,
        }
    )


def test_choices_without_an_alternative_are_not_shown():
    choices = {"us_frame": ["us"], "frame": ["cn", "all"], "x_y": ["left_out", "hit", "not_hit"]}
    frames = pd.DataFrame({"frame": ["cn", "all"], "label": ["China: listed", "China: all_found"]})
    assert robustness.choices_in_words(choices, frames).to_dict("index") == {
        "Chinese frame": {"usual": "China: listed", "also tried": "China: all_found"},
        "x y": {"usual": "left out", "also tried": "counts as yes; counts as no"},
    }


def test_numbers_that_stand_in_no_table(carrying):
    other = carrying[carrying["property"] == "home"].iloc[:1].assign(property="second_order")
    table = pd.concat([carrying, other], ignore_index=True)
    table = table.assign(low=-1.0, high=1.0, n=9, bound_low=-1.0, bound_high=1.0)
    table["employer_abroad"] = np.where(table["property"] == "second_order", "as_at_home", None)
    table["excludes_zero"] = ["no", "no", "no", "no", "yes", "no"]
    table = table.assign(extreme="no", estimate=range(6))
    twice = table.iloc[[3]].assign(region="province")  # the same estimate counts once
    table = pd.concat([table, twice, twice.assign(extreme="yes", estimate=7)], ignore_index=True)
    summary = pd.DataFrame({"property": ["home", "start_up"], "widest_high": [0.5, -0.1]})
    summary = summary.assign(estimates=[3, 12], estimates_extreme=[2, 1], pair="classic")
    other = summary.iloc[[1]].assign(pair="listed", widest_high=0.9)
    summary = pd.concat([summary, other], ignore_index=True)
    weight = pd.DataFrame({"rank": [1, 1], "kind": ["data", "coding"]})
    choices = CHOICES | {"employer_abroad": ["apart", "as_at_home"]}
    numbers = robustness.single_numbers(table, summary, weight, choices)
    assert (numbers["estimates_defensible"], numbers["estimates_extreme"]) == (27, 4)
    assert numbers["data_weighs_most"] == {"value": 1, "n": 2}
    covering = {"value": 0.5, "count": 1, "n": 2}
    assert numbers["home_usa_specifications_covering_published"] == covering
    assert numbers["home_usa_metro_covering_published"] == {"value": 1.0, "count": 1, "n": 1}
    assert numbers["start_up_worst_case"] == {"value": -0.1, "n": 12}
    assert numbers["second_order_as_at_home"]["value"] == -0.2
    assert numbers["home_by_city"]["value"] == 0.1


def test_defaults_are_compared_with_the_step_before(carrying):
    names = ["low", "high", "n", "n2", "bound_low", "bound_high"]
    table = carrying.assign(**dict.fromkeys(names, 1.0))
    before = table.iloc[[0]][["property", "frame", "value", *names]]
    assert robustness.is_default(table, CHOICES, before)
    assert not robustness.is_default(table, CHOICES, before.assign(value=-0.1))


@pytest.fixture
def summary():
    table = pd.DataFrame({"property": ["start_up", "home", HOME_USA, "home"]})
    table["pair"] = ["classic", "classic", "classic", "listed"]
    table = table.assign(median=[-0.4, -0.2, 0.0, -0.3], min=-0.5, max=0.1)
    return table.assign(
        share_sign_kept=[1.0, 0.9, 0.5, 0.8],
        share_excluding_zero=0.25,
        share_sign_kept_extreme=[None, 0.5, 0.5, 0.5],
    )


def test_ranges_stand_in_the_order_of_the_properties_for_both_pairs(summary):
    table = robustness.ranges(summary, PROPERTIES)
    assert table["label"].tolist() == ["from home", "from home", "start-ups"]
    assert table["series"].tolist() == ["classic pair", "listed pair", "classic pair"]
    assert table.iloc[1][["value", "low", "high"]].tolist() == [-0.3, -0.5, 0.1]


def test_the_map_of_shares_is_blank_where_a_pair_is_not_compared(summary):
    table = robustness.share_map(summary, PROPERTIES)
    assert list(table.index) == ["from home", "start-ups"]
    assert table.loc["from home", "classic: sign kept"] == pytest.approx(90)
    assert table.loc["from home", "listed: extremes: sign kept"] == pytest.approx(50)
    assert np.isnan(table.loc["start-ups", "listed: zero excluded"])


def test_the_p_of_a_curve_is_a_result_with_what_it_tests():
    rows = [(name, 0.0) for name in robustness.STATISTICS]
    tests = pd.DataFrame(rows, columns=["statistic", "value"])
    tests = tests.assign(property="home", pair="listed", p=[0.01, 0.2, 0.3], n=9, draws=99)
    found = robustness.permuted(tests.assign(value=[-0.25, 1.0, 0.5]), PROPERTIES)
    assert found["value"].tolist() == [0.01, 0.2, 0.3]
    assert found["observed"].tolist() == [-25, 100, 50]
    assert set(found["ending"]) == {"_listed"}
    shown = robustness.tests_in_words(tests, PROPERTIES)
    assert shown.loc["from home, listed", "share with one sign"] == 0.2


def test_the_curve_is_that_of_the_classic_pair_without_extremes():
    table = pd.DataFrame(
        {
            "pair": ["classic", "classic", "listed", "classic"],
            "property": ["home", "home", "home", "start_up"],
            "extreme": ["no", "yes", "no", "no"],
        }
    )
    assert list(robustness.curve(table, "home").index) == [0]


def test_a_choice_that_moves_nothing_has_no_rank():
    table = pd.DataFrame(
        {
            "property": "home",
            "extreme": "no",
            "region": ["metro", "province"],
            "stations": None,
            "value": [0.5, 0.1],
            "default": ["yes", "no"],
        }
    )
    counted = pd.DataFrame({"region": [3, 9], "stations": [0, 9]}, index=["home", "not_compared"])
    conventions = pd.DataFrame({"convention": ["region", "stations"]})
    weighed = robustness.convention_weight(table, counted, conventions).set_index("convention")
    assert weighed["kind"].tolist() == ["coding", "coding"]
    assert weighed["entries_moved"].to_dict() == {"region": 3, "stations": 0}
    assert weighed.loc["region", "rank"] == 1
    assert pd.isna(weighed.loc["stations", "rank"])


def test_the_tables_of_coding_are_read_by_name():
    read = robustness.read_coding(lambda path: pd.DataFrame({"path": [path]}))
    assert list(read) == robustness.CODING
    assert read["frames"]["path"].item() == "data/raw/coding/frames.csv"


def test_each_pair_is_read_from_its_own_tables():
    assert robustness.read_pair(lambda path: path, "listed") == [
        "data/processed/listed_firms.csv",
        "data/processed/listed_firm_evidence.csv",
        "data/processed/listed_sources.csv",
    ]
    assert robustness.read_pair(lambda path: path, "classic")[0] == "data/processed/firms.csv"
