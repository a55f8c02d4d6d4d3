"""Joint intervals of sampling error and missing values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cluster_anatomy.methods.differences import difference
from cluster_anatomy.methods.partial_identification import (
    critical_value,
    difference_interval,
    share_interval,
)
from cluster_anatomy.methods.shares import share

COUNTS = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20)).map(
    lambda three: (three[0], three[0] + three[1], three[2])
)
"""Hits, items that are known, unknown ones."""
SOME = COUNTS.filter(lambda three: three[1] + three[2] > 0)


def test_the_critical_value_goes_from_two_sided_to_one_sided():
    """Imbens and Manski (2004): 1.96 where the gap is 0, 1.645 where it is large."""
    assert critical_value(0, 0.1) == pytest.approx(1.96, abs=1e-3)
    assert critical_value(5, 0.1) == pytest.approx(1.645, abs=1e-3)
    assert critical_value(0, 0) == critical_value(0, 0.1)
    assert critical_value(1, 0) == pytest.approx(1.645, abs=1e-3)


@given(st.floats(0, 2), st.floats(0.01, 1))
def test_the_critical_value_solves_its_equation(gap, se):
    critical = critical_value(gap, se)
    # a normal variable that misses neither side: the worst place of the truth is a bound
    assert stats.norm.cdf(critical + gap / se) - stats.norm.cdf(-critical) == pytest.approx(0.95)
    assert 1.64 < critical < 1.961


def test_bounds_with_normal_limits_are_those_of_a_grid_search():
    """Half of a hundred known, a third of them hits: by hand, with a critical value off a grid."""
    result = share_interval(20, 60, 40)
    se = math.sqrt(0.6 * 0.4 / 100)
    grid = np.linspace(1.6, 2, 400_001)
    cover = stats.norm.cdf(grid + 0.4 / se) - stats.norm.cdf(-grid)
    assert result["critical"] == pytest.approx(grid[np.abs(cover - 0.95).argmin()], abs=1e-5)
    # Wilson's limits are where a score test at the critical value just does not reject
    for bound, limit in (("low", 0.2), ("high", 0.6)):
        edge = result[f"joint_{bound}"]
        z = abs(limit - edge) / math.sqrt(edge * (1 - edge) / 100)
        assert z == pytest.approx(result["critical"], abs=1e-6)


@given(st.integers(0, 30), st.integers(1, 30))
def test_nothing_missing_leaves_wilsons_interval(hits, n):
    hits = min(hits, n)
    joint, plain = share_interval(hits, n), share(hits, n)
    assert joint["joint_low"] == pytest.approx(plain["low"], abs=1e-9)
    assert joint["joint_high"] == pytest.approx(plain["high"], abs=1e-9)
    assert joint["bound_low"] == joint["bound_high"] == plain["value"]


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), st.integers(1, 20))
def test_nothing_missing_leaves_newcombes_interval(a, n, b, n2):
    joint = difference_interval(min(a, n), n, 0, min(b, n2), n2, 0)
    plain = difference(min(a, n), n, min(b, n2), n2)
    assert joint["joint_low"] == pytest.approx(plain["low"], abs=1e-9)
    assert joint["joint_high"] == pytest.approx(plain["high"], abs=1e-9)


@given(SOME)
def test_the_interval_holds_the_bounds_and_turns_with_the_property(counts):
    hits, n, unknown = counts
    result, turned = share_interval(hits, n, unknown), share_interval(n - hits, n, unknown)
    plain = share(hits, n, unknown)
    assert (result["bound_low"], result["bound_high"]) == (plain["bound_low"], plain["bound_high"])
    assert -1e-12 <= result["joint_low"] <= result["bound_low"] + 1e-12
    assert result["bound_high"] - 1e-12 <= result["joint_high"] <= 1 + 1e-12
    assert result["joint_low"] == pytest.approx(1 - turned["joint_high"])


@given(SOME, SOME)
def test_the_interval_of_a_difference_holds_its_bounds_and_changes_sign(first, second):
    there, back = difference_interval(*first, *second), difference_interval(*second, *first)
    assert there["joint_low"] == pytest.approx(-back["joint_high"])
    assert there["bound_low"] == pytest.approx(-back["bound_high"])
    assert there["joint_low"] <= there["bound_low"] + 1e-12
    assert there["bound_high"] <= there["joint_high"] + 1e-12
    shares = [share(*counts) for counts in (first, second)]
    assert there["bound_low"] == pytest.approx(shares[0]["bound_low"] - shares[1]["bound_high"])


@pytest.mark.parametrize(
    ("n", "hit", "unknown"), [(30, 0.3, 0.2), (30, 0.3, 0.02), (30, 0.1, 0.1), (40, 0.5, 0.3)]
)
def test_the_truth_at_either_bound_is_covered_as_often_as_stated(n, hit, unknown):
    """Exact: every outcome of a sample whose missing values are all misses, or all hits."""
    covered = {hit: 0.0, hit + unknown: 0.0}
    for hits in range(n + 1):
        for blank in range(n - hits + 1):
            ways = math.comb(n, hits) * math.comb(n - hits, blank)
            rest = (1 - hit - unknown) ** (n - hits - blank)
            chance = ways * hit**hits * unknown**blank * rest
            if chance > 1e-7:
                result = share_interval(hits, n - blank, blank)
                for truth in covered:
                    inside = result["joint_low"] <= truth <= result["joint_high"]
                    covered[truth] += chance * inside
    assert min(covered.values()) > 0.925  # Wilson's own interval dips as low
    assert max(covered.values()) < 0.985


def test_undefined_stays_undefined():
    assert all(math.isnan(value) for value in share_interval(0, 0).values())
    assert all(math.isnan(value) for value in difference_interval(0, 0, 0, 1, 2, 0).values())
    # nothing known is not undefined: anything can be
    result = share_interval(0, 0, 9)
    assert (result["bound_low"], result["bound_high"]) == (0, 1)
    with pytest.raises(ValueError, match="hits must lie between"):
        share_interval(3, 2)
    with pytest.raises(ValueError, match="hits must lie between"):
        difference_interval(1, 2, 0, 3, 2, 0)
