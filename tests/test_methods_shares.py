"""Shares, their intervals and their bounds."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cluster_anatomy.methods import shares


def test_the_bounds_are_what_the_unknown_could_make_of_the_share():
    known, unknown = [1, 1, 1, 0], 4
    possible = [np.mean([*known, *rest]) for rest in product([0, 1], repeat=unknown)]
    result = shares.share(sum(known), len(known), unknown)
    assert (result["bound_low"], result["bound_high"]) == (min(possible), max(possible))
    assert (result["value"], result["bound_low"], result["bound_high"]) == (0.75, 3 / 8, 7 / 8)


def test_wilson_interval_is_that_of_newcombe_1998_table_1():
    # Newcombe (1998), Statistics in Medicine 17, 857-872: 81 of 263, method 3
    result = shares.share(81, 263)
    assert (round(result["low"], 4), round(result["high"], 4)) == (0.2553, 0.3662)


def test_wilson_interval_is_that_of_scipy():
    interval = stats.binomtest(38, 55).proportion_ci(method="wilson")
    result = shares.share(38, 55)
    assert (result["low"], result["high"]) == pytest.approx((interval.low, interval.high))


def test_a_share_of_nothing_is_undefined_not_zero():
    result = shares.share(0, 0, unknown=5)
    assert math.isnan(result["value"])
    assert math.isnan(result["low"])
    assert (result["bound_low"], result["bound_high"]) == (0, 1)
    assert math.isnan(shares.share(0, 0)["bound_low"])


def test_more_hits_than_items_is_an_error():
    with pytest.raises(ValueError, match="5 hits among 4 items: hits must lie between 0 and n"):
        shares.share(5, 4)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_value_lies_within_interval_and_bounds(hits, misses, unknown):
    result = shares.share(hits, hits + misses, unknown)
    if hits + misses:
        assert result["low"] - 1e-12 <= result["value"] <= result["high"] + 1e-12
        assert -1e-12 <= result["low"] <= result["high"] <= 1 + 1e-12
        assert 0 <= result["bound_low"] <= result["value"] <= result["bound_high"] <= 1


def test_counts_say_how_many_are_unknown():
    table = pd.DataFrame({"size": ["small", "large", "unknown", "small"]})
    result = shares.count_where(table, "size", ["small"])
    assert (result["count"], result["n"], result["unknown"], result["bound_high"]) == (2, 3, 1, 3)
    result = shares.count_until(pd.Series([1950, 1990, 1991, 1992, None], dtype="Int64"), 1991)
    assert (result["count"], result["n"], result["unknown"]) == (3, 4, 1)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_a_tally_is_a_share_times_the_items(hits, misses, unknown):
    result, share = (count(hits, hits + misses, unknown) for count in (shares.tally, shares.share))
    total = hits + misses + unknown
    if total:
        assert result["bound_low"] == pytest.approx(share["bound_low"] * total)
        assert result["bound_high"] == pytest.approx(share["bound_high"] * total)


def test_composition_adds_up_and_keeps_values_that_do_not_occur():
    items = pd.DataFrame({"place": ["A", "A", "A", "B"], "mode": ["x", "y", "unknown", "x"]})
    table = shares.composition(items, ["place"], "mode", ["x", "y", "z"])
    table = table.set_index(["place", "mode"])
    assert table["value"].to_dict() == {
        ("A", "x"): 0.5,
        ("A", "y"): 0.5,
        ("A", "z"): 0,
        ("B", "x"): 1,
        ("B", "y"): 0,
        ("B", "z"): 0,
    }
    assert table.loc[("A", "x"), "unknown"] == 1


@given(st.lists(st.sampled_from(["x", "y", "unknown"]), min_size=1, max_size=30), st.randoms())
def test_composition_does_not_depend_on_the_order_of_rows(values, random):
    items = pd.DataFrame({"mode": values})
    shuffled = items.iloc[random.sample(range(len(values)), len(values))]
    first, second = (shares.composition(rows, [], "mode", ["x", "y"]) for rows in (items, shuffled))
    pd.testing.assert_frame_equal(first, second)
    if (items["mode"] != "unknown").any():
        assert first["value"].sum() == pytest.approx(1)
