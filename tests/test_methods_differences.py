"""Differences of shares, their tests and the power of the tests."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cluster_anatomy.methods import differences


def test_difference_is_that_of_newcombe_1998_example_a():
    # Newcombe (1998), Statistics in Medicine 17, 873-890: 56/70 - 48/80, method 10: 0.0524 to
    # 0.3339
    result = differences.difference(56, 70, 48, 80)
    assert (round(result["low"], 4), round(result["high"], 4)) == (0.0524, 0.3339)
    assert result["value"] == pytest.approx(0.2)


def test_difference_with_an_empty_side_is_undefined():
    assert math.isnan(differences.difference(1, 2, 0, 0)["value"])
    assert math.isnan(differences.difference_test(1, 2, 0, 0)["p"])


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), st.integers(1, 20))
def test_difference_changes_sign_with_its_sides(a, b, c, d):
    there = differences.difference_test(min(a, b), b, min(c, d), d)
    back = differences.difference_test(min(c, d), d, min(a, b), b)
    assert there["value"] == pytest.approx(-back["value"])
    assert there["low"] == pytest.approx(-back["high"], abs=1e-9)
    assert there["p"] == pytest.approx(back["p"])
    assert -1 <= there["low"] <= there["value"] + 1e-12
    assert there["value"] <= there["high"] + 1e-12 <= 1 + 1e-9


def test_a_difference_is_tested_by_fishers_tea():
    # Fisher (1935): 3 of 4 cups right, two-sided p = 0.4857
    result = differences.difference_test(3, 4, 1, 4)
    assert result["p"] == pytest.approx(0.4857, abs=1e-4)
    assert list(result) == ["value", "low", "high", "p"]
    plain = differences.difference(3, 4, 1, 4)
    assert {key: result[key] for key in ("value", "low", "high")} == {
        key: plain[key] for key in ("value", "low", "high")
    }


def test_a_published_share_is_tested_exactly():
    assert differences.against_published(7, 10, 0.7)["p"] == pytest.approx(1.0)
    # R: binom.test(682, 925, p = 0.75), Mendel's peas as in Conover (1971), p = 0.3825
    peas = differences.against_published(682, 925, 0.75)
    assert peas["p"] == pytest.approx(0.3825, abs=5e-5)
    assert peas["value"] == pytest.approx(682 / 925 - 0.75)
    assert math.isnan(differences.against_published(0, 0, 0.7)["p"])


def test_power_is_the_chance_of_a_small_p():
    # of three and three the clearest table has p 0.1
    assert differences.fisher_power(3, 1.0, 3, 0.0) == pytest.approx(0)
    assert differences.fisher_power(3, 1.0, 3, 0.0, alpha=0.11) == pytest.approx(1)
    assert differences.fisher_power(8, 0.3, 12, 0.3) <= 0.05


def test_power_is_that_of_simulation():
    rng = np.random.default_rng(2)
    drawn = np.column_stack([rng.binomial(6, 0.7, 1500), rng.binomial(15, 0.1, 1500)])
    tables, counts = np.unique(drawn, axis=0, return_counts=True)
    small = [stats.fisher_exact([[x, 6 - x], [y, 15 - y]]).pvalue <= 0.05 for x, y in tables]
    assert differences.fisher_power(6, 0.7, 15, 0.1) == pytest.approx(
        counts[small].sum() / 1500, abs=0.04
    )


def test_power_is_that_of_the_r_package_statmod():
    # power.fisher.test(0.5, 0.9, 20, 20): "70% chance of detecting difference", by 100 simulations
    assert differences.fisher_power(20, 0.5, 20, 0.9) == pytest.approx(0.70, abs=0.09)
