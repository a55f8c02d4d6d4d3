"""Permutation tests, and the p that they can reach at all."""

import math
from collections import Counter
from functools import partial
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cluster_anatomy.methods.permutation import (
    against_null,
    arrangements,
    attainable,
    null_values,
    permutation_test,
)
from cluster_anatomy.methods.similarity import adjusted_rand, gap

LABELS = st.lists(st.sampled_from("xyz"), min_size=2, max_size=6)
NUMBERS = np.array([3.1, 2.7, 2.9, 1.4, 1.9, 0.3])


def mean_gap(numbers, labels):
    """Mean of the items with the label x minus that of the others."""
    mine = np.array(labels) == "x"
    return numbers[mine].mean() - numbers[~mine].mean()


@given(LABELS)
def test_the_ways_are_all_different_orders(labels):
    different, ways = arrangements(labels)
    ways = [tuple(way) for way in ways]
    assert set(ways) == set(permutations(labels))
    assert len(ways) == len(set(ways)) == different


def test_many_ways_are_drawn_and_the_same_again():
    labels = ["x"] * 10 + ["y"] * 10
    different, ways = arrangements(labels, draws=50)
    ways = list(ways)
    assert (different, len(ways)) == (math.comb(20, 10), 50)
    assert all(Counter(way) == Counter(labels) for way in ways)
    assert ways == list(arrangements(labels, draws=50)[1])
    assert ways != list(arrangements(labels, draws=50, seed=1)[1])


@pytest.mark.parametrize("labels", ["xxxyyy", "xyxyxy", "yyyxxx"])
def test_p_is_that_of_scipy(labels):
    mine = [label == "x" for label in labels]
    other = stats.permutation_test(
        (NUMBERS[mine], NUMBERS[np.logical_not(mine)]),
        lambda a, b: a.mean() - b.mean(),
        n_resamples=np.inf,
        alternative="greater",
    )
    result = permutation_test(partial(mean_gap, NUMBERS), list(labels))
    assert result["p"] == pytest.approx(other.pvalue)
    assert result["value"] == pytest.approx(other.statistic)
    assert (result["ways"], result["n"], result["draws"]) == (20, 6, 0)


def test_the_values_of_ranks_are_those_of_mann_and_whitney_1947():
    """Mann and Whitney (1947), Annals of Mathematical Statistics 18, table I: for three and three
    P(U <= 0, 1, 2, 3, 4) is .050, .100, .200, .350, .500.
    """
    ranks = np.arange(6)
    table = null_values(lambda labels: ranks[np.array(labels) == "x"].sum(), list("xxxyyy"))
    assert table["p"].to_list()[:-6:-1] == pytest.approx([0.05, 0.10, 0.20, 0.35, 0.50])
    assert table["ways"].tolist() == [1, 1, 2, 3, 3, 3, 3, 2, 1, 1]


def test_a_test_of_few_items_cannot_reach_a_small_p():
    # three and three: one way in twenty at best, two-sided level 0.05 is out of reach
    result = attainable(partial(mean_gap, NUMBERS), list("xyxyxy"))
    assert result["p"] == pytest.approx(1 / 20)
    assert result["value"] == pytest.approx(
        permutation_test(partial(mean_gap, NUMBERS), list("xxxyyy"))["value"]
    )
    assert (result["ways"], result["draws"]) == (20, 0)
    assert not result["undecidable"]
    assert attainable(partial(mean_gap, NUMBERS), list("xyxyxy"), alpha=0.04)["undecidable"]
    assert result["values"] == len({round(sum(way[:3]), 9) for way in permutations(NUMBERS)})


@pytest.mark.parametrize(
    ("groups", "labels", "p", "values"),
    [
        ([0] * 6 + [1] * 2, "eeeeeepp", 1 / 28, 3),  # none, one or both of the pair
        ([0] * 4 + [1], "eeepp", 2 / 5, 2),  # the odd one out is e or p
        ([0, 0, 1, 1], "xxyy", 2 / 6, 2),
        ([0, 0, 1, 1], "xxxy", 1.0, 1),  # no way differs from another
    ],
)
def test_the_smallest_p_of_the_adjusted_rand_index(groups, labels, p, values):
    result = attainable(partial(adjusted_rand, groups), list(labels))
    assert (result["p"], result["values"]) == (pytest.approx(p), values)


def test_kinds_of_six_and_two_cannot_be_told_from_one_odd_item():
    """Two values, -0.154 (21 of 28 ways) and 0.462 (7 of 28): no outcome is below p 0.25."""
    statistic, labels = partial(adjusted_rand, [0] * 7 + [1]), list("eeeeeepp")
    table = null_values(statistic, labels)
    assert table["value"].tolist() == pytest.approx([-2 / 13, 6 / 13])
    assert table["ways"].tolist() == [21, 7]
    result = attainable(statistic, labels)
    assert result["p"] == pytest.approx(0.25)
    assert result["undecidable"]


def test_what_is_never_defined_reaches_nothing():
    result = attainable(partial(gap, np.zeros((3, 3))), list("xxx"))
    assert math.isnan(result["p"])
    assert math.isnan(result["value"])
    assert (result["values"], result["ways"]) == (0, 1)
    assert result["undecidable"]
    assert null_values(partial(gap, np.zeros((3, 3))), list("xxx")).empty


def test_ways_without_a_value_count_but_are_no_hits():
    # the mean of a ratio that is undefined if the first label is y: two of three ways have a value
    result = attainable(lambda labels: 1.0 if labels[0] == "x" else np.nan, list("xxy"))
    assert (result["p"], result["values"]) == (pytest.approx(2 / 3), 1)


@settings(max_examples=30, deadline=None)
@given(LABELS, st.integers(0, 1000))
def test_every_attainable_p_is_that_of_the_test(labels, seed):
    numbers = np.random.default_rng(seed).integers(0, 4, len(labels)).astype(float)

    def spread(way):
        return sum(number * ord(label) for number, label in zip(numbers, way, strict=True))

    table = null_values(spread, labels)
    assert table["value"].is_monotonic_increasing
    assert table["p"].iloc[0] == 1
    assert table["ways"].sum() == arrangements(labels)[0]
    result, best = permutation_test(spread, labels), attainable(spread, labels)
    mine = table.loc[(table["value"] - result["value"]).abs() < 1e-9, "p"]
    assert mine.tolist() == pytest.approx([result["p"]])
    assert best["p"] == pytest.approx(table["p"].min())
    assert best["p"] <= result["p"]
    assert best["p"] >= 1 / best["ways"] - 1e-12


def test_values_that_differ_by_rounding_only_are_the_same():
    steps = iter([0.3, 0.1 + 0.2, 0.4])
    table = null_values(lambda labels: next(steps), list("xxy"))
    assert table["ways"].tolist() == [2, 1]


def test_drawn_ways_count_the_observed_one():
    labels = ["x"] * 10 + ["y"] * 10
    numbers = np.arange(20.0)[::-1]
    result = attainable(partial(mean_gap, numbers), labels, draws=99)
    assert result["draws"] == 99
    assert 1 / 100 < result["p"] <= 0.1
    table = null_values(partial(mean_gap, numbers), labels, draws=99)
    assert table["ways"].sum() == 99
    assert table["p"].iloc[0] == 1
    observed = permutation_test(partial(mean_gap, numbers), labels, draws=99)
    assert observed["p"] == pytest.approx(1 / 100)


def test_a_value_is_set_against_its_draws():
    null = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    result = against_null(null, 4.0)
    # four draws with a value; one of them and the observed one are as high
    assert result["p"] == pytest.approx(2 * 2 / 5)
    assert result["null_mean"] == 2.5
    assert (result["null_low"], result["null_high"]) == pytest.approx((1.075, 3.925))
    assert against_null(null, 2.5)["p"] == 1
    assert against_null(np.full(2, np.nan), 1.0)["p"] == 1
    assert math.isnan(against_null(null, np.nan)["p"])


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=30), st.floats(-9, 9))
def test_p_turns_with_the_sign_and_never_leaves_its_range(draws, value):
    result, turned = against_null(np.array(draws), value), against_null(-np.array(draws), -value)
    assert 1 / (len(draws) + 1) <= result["p"] <= 1
    assert result["p"] == turned["p"]
    assert result["null_low"] == pytest.approx(-turned["null_high"])
