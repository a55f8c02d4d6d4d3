"""Inference on a specification curve by permuting groups."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_anatomy.methods.differences import difference, difference_test
from cluster_anatomy.methods.specification_tests import curve_test


def example(seed, units=12, specifications=7, part=0.8):
    """Units of two groups, of which each specification knows a part and reads some differently."""
    rng = np.random.default_rng(seed)
    first = np.arange(units) < units // 2
    base = rng.random(units) < np.where(first, 0.7, 0.3)
    known = rng.random((specifications, units)) < part
    return known, base ^ (rng.random(known.shape) < 0.1), first


def by_hand(known, hits, first):
    """The three statistics of one way to deal the groups, one specification after the other."""
    estimates = []
    for mask, hit in zip(known, hits, strict=True):
        sides = [mask & first, mask & ~first]
        counts = [number for side in sides for number in ((hit & side).sum(), side.sum())]
        estimates.append(difference(*map(int, counts)))
    defined = [estimate for estimate in estimates if not math.isnan(estimate["value"])]
    if not defined:
        return [math.nan] * 3
    above, below = (sum(sign * e["value"] > 1e-12 for e in defined) for sign in (1, -1))
    beyond = [sum(e["low"] > 1e-12 for e in defined), sum(e["high"] < -1e-12 for e in defined)]
    excluding = max(beyond) if above == below else beyond[above < below]
    median = np.median([estimate["value"] for estimate in defined])
    return [median, max(above, below) / len(defined), excluding / len(defined)]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_statistics_are_those_of_each_specification_by_itself(seed):
    known, hits, first = example(seed)
    result = curve_test(known, hits, first, draws=9)
    assert result["value"].tolist() == pytest.approx(by_hand(known, hits, first), nan_ok=True)


def test_the_null_agrees_with_all_ways_to_deal_the_groups():
    known, hits, first = example(3, units=8)
    every = []
    for chosen in combinations(range(8), 4):
        dealt = np.isin(np.arange(8), chosen)
        every.append(by_hand(known, hits, dealt))
    every = np.array(every)
    result = curve_test(known, hits, first, draws=3_000)
    for number, row in enumerate(result.itertuples()):
        exact = (np.abs(every[:, number]) >= abs(row.value) - 1e-9).mean()
        assert row.p == pytest.approx(exact, abs=0.03)
        assert row.null_mean == pytest.approx(every[:, number].mean(), abs=0.02)


def test_one_specification_without_gaps_is_fishers_test():
    """Permuting groups with all margins fixed is Fisher's test of one side and its mirror."""
    first = np.arange(20) < 10
    hits = np.zeros((1, 20), dtype=bool)
    hits[0, [0, 1, 2, 3, 4, 5, 6, 10]] = True
    result = curve_test(np.ones((1, 20), dtype=bool), hits, first, draws=20_000)
    fisher = difference_test(7, 10, 1, 10)["p"]
    assert result["p"].iloc[0] == pytest.approx(fisher, abs=0.005)
    assert result["value"].iloc[0] == pytest.approx(0.6)


def test_where_groups_do_not_differ_p_is_even():
    """Of forty samples without a difference about one in twenty is below 0.05."""
    small = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        known, hits = rng.random((5, 30)) < 0.8, rng.random(30) < 0.5
        result = curve_test(known, known & hits, np.arange(30) < 15, draws=99, seed=seed)
        small += result["p"].iloc[0] <= 0.05
    assert small <= 6


def test_copies_of_a_specification_change_nothing_but_their_number():
    known, hits, first = example(5)
    once = curve_test(known, hits, first, draws=199)
    twice = curve_test(np.tile(known, (2, 1)), np.tile(hits, (2, 1)), first, draws=199)
    assert twice["p"].tolist() == once["p"].tolist()
    assert twice["value"].tolist() == pytest.approx(once["value"].tolist())
    assert set(twice["specifications"]) == {14}
    assert set(twice["distinct"]) == set(once["distinct"]) == {7}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_groups_that_change_names_change_the_sign_only(seed):
    known, hits, first = example(seed)
    there, back = (curve_test(known, hits, group, draws=49) for group in (first, ~first))
    assert there["value"].iloc[0] == pytest.approx(-back["value"].iloc[0], nan_ok=True)
    assert there["p"].tolist() == pytest.approx(back["p"].tolist(), nan_ok=True)
    assert there.equals(curve_test(known, hits, first, draws=49))


def test_more_draws_than_a_block_are_all_used():
    known, hits, first = example(8)
    result = curve_test(known, hits, first, draws=250)
    assert set(result["draws"]) == {250}
    assert (result["p"] * 251).tolist() == pytest.approx((result["p"] * 251).round().tolist())


def test_undefined_stays_undefined():
    nothing = curve_test(
        np.zeros((2, 6), dtype=bool), np.zeros((2, 6), dtype=bool), np.arange(6) < 3
    )
    assert nothing[["value", "p"]].isna().all(axis=None)
    # a specification of one group has no estimate and leaves the curve to the others
    known = np.array([[True] * 6, [True] * 3 + [False] * 3])
    hits = np.array([[True] * 3 + [False] * 3] * 2)
    result = curve_test(known, hits, np.arange(6) < 3, draws=19)
    assert result["value"].tolist()[:2] == [1, 1]
