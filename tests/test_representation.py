"""The register beside open lists: what is quoted and drawn, on hand-made tables."""

import math

import pandas as pd
import pytest

from cluster_anatomy.study import representation


def test_listed_firms_without_a_year_count_among_all_only():
    listed = pd.DataFrame(
        [
            ("crunchbase_2013", "USA", "biotechnology", 1999, 4),
            ("crunchbase_2013", "USA", "health", None, 6),
            ("financedatabase_2022", "China", "biotechnology", 2001, 3),
        ],
        columns=["list", "country", "industry", "year", "firms"],
    )
    table = representation.dated_firms(listed)
    assert table[["short", "place", "value", "n"]].to_numpy().tolist() == [
        ["funded", "usa", 4, 10],
        ["listed", "china", 3, 3],
    ]


@pytest.fixture
def beside():
    """Two regions on one list: four and one entries beside two and eight firms."""
    rows = [("Here", 4, 2, 0.8, 0.2, 4.0), ("There", 1, 8, 0.2, 0.8, 0.25)]
    table = pd.DataFrame(rows, columns=["category", "entries", "firms", "share", "share2", "ratio"])
    return table.assign(
        frame="f",
        list="financedatabase_2022",
        industry="biotechnology",
        dimension="region",
        n=5,
        n2=10,
        low=0.1,
        high=9.0,
    )


def test_spread_is_the_part_that_would_have_to_be_elsewhere(beside):
    other = beside.assign(frame="g")
    table = representation.spread(pd.concat([beside, other]), "biotechnology", 1, {"f": "china"})
    assert table["place"].tolist() == ["china"]
    assert table[["short", "n"]].to_numpy().tolist() == [["listed", 5]]
    assert table["dissimilarity"].iloc[0] == pytest.approx(0.6)


def test_concentration_is_that_of_entries_by_region_beside_the_list(beside):
    other = beside.assign(frame="g", country="USA", entries=[0, 1], n=1)
    both = pd.concat([other, beside.assign(country="China")])
    table = representation.concentrations(both, {"f": "china", "g": "usa"}, draws=99, seed=1)
    spread = 1 - 0.2**2 - 0.8**2
    by_hand = (0.6**2 + 0.6**2 - spread / 5) / (spread * (1 - 1 / 5))
    assert table["place"].tolist() == ["china", "usa"]
    assert table["value"].iloc[0] == pytest.approx(by_hand)
    assert table["label"].iloc[0] == "China, beside listed firms, biotechnology (n = 5)"
    assert table["n2"].tolist() == [10, 10]
    assert math.isnan(table["value"].iloc[1])  # one entry is not concentrated, nor spread
    assert math.isnan(table["null_low"].iloc[1])
    null = representation.concentration_null(table)
    assert (
        null[["low", "high"]].iloc[0].tolist() == table[["null_low", "null_high"]].iloc[0].tolist()
    )


def test_ratios_are_picked_by_frame_list_class_and_rank_of_period():
    periods = pd.DataFrame({"period": ["to 1980", "1981-1990", "from 1991"]})
    rank = {"first": "to 1980", "second": "1981-1990", "last": "from 1991"}
    frame = {"china": "cn", "usa": "us", "us_all": "us_all"}
    long = {short: name for name, short in representation.SHORT.items()}
    rows = [
        (frame[of], long[source], industry, rank.get(category, category), float(i), 1)
        for i, (of, source, industry, category) in enumerate(representation.PICKED.values())
    ]
    columns = ["frame", "list", "industry", "category", "ratio", "entries"]
    beside = pd.DataFrame(rows, columns=columns).sample(frac=1, random_state=1)
    table = representation.picked_ratios(beside, periods, "cn", "us")
    assert table["name"].tolist() == list(representation.PICKED)
    assert table["value"].tolist() == list(range(len(rows)))
    assert (table["count"] == 1).all()


def test_undefined_ratios_are_not_drawn(beside):
    beside.loc[1, "ratio"] = math.nan
    by_class = representation.drawn(beside, "f", "region", "industry")
    assert by_class.to_numpy().tolist() == [["Here", "biotechnology", 4.0, 0.1, 9.0]]
    by_list = representation.drawn(beside, "f", "region", "list")
    assert by_list["series"].tolist() == ["listed"]
    assert representation.drawn(beside, "f", "period", "list").empty


def test_categories_are_drawn_in_the_order_that_is_given(beside):
    table = representation.drawn(beside, "f", "region", "list", ["There", "Here"])
    assert table["label"].tolist() == ["There", "Here"]


@pytest.mark.parametrize(("ratios", "below"), [((0.4, 0.9), True), ((0.4, 1.1), False)])
def test_the_south_is_below_its_share_if_each_region_is(ratios, below):
    drawn = pd.DataFrame({"label": representation.SOUTH[:2], "value": ratios})
    elsewhere = pd.DataFrame({"label": ["Beijing"], "value": [2.0]})
    table = pd.concat([drawn, elsewhere]).assign(series="all health")
    assert representation.south_below(table) is below
