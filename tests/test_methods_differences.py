"""Differences of shares, their tests and the power of the tests."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
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


def test_the_least_p_is_that_of_the_clearest_table():
    # Fisher (1935): of the 70 ways to choose four of eight cups one is all right, and one all wrong
    tea = differences.fisher_attainable(3, 4, 1, 4)
    assert tea["p"] == pytest.approx(2 / 70)
    assert tea["tables"] == 5
    assert tea["size"] == pytest.approx(2 / 70)
    assert not tea["undecidable"]
    # of three and three there are 20 ways
    small = differences.fisher_attainable(2, 3, 1, 3)
    assert small["p"] == pytest.approx(2 / 20)
    assert (small["size"], small["undecidable"]) == (0, True)


@given(st.integers(0, 8), st.integers(1, 8), st.integers(0, 8), st.integers(1, 8))
def test_no_outcome_with_these_margins_has_a_smaller_p(a, n, b, n2):
    a, b = min(a, n), min(b, n2)
    least = differences.fisher_attainable(a, n, b, n2)
    every = [
        differences.difference_test(x, n, a + b - x, n2)["p"]
        for x in range(n + 1)
        if 0 <= a + b - x <= n2
    ]
    assert least["p"] == pytest.approx(min(every))
    assert least["tables"] == len(every)
    assert least["size"] <= 0.05 + 1e-9
    assert least["undecidable"] == (min(every) > 0.05)


def test_power_is_the_mean_of_the_sizes_where_shares_are_equal():
    """Given the number of hits, the exact test of two equal shares rejects as often as its size."""
    n, n2, share = 6, 9, 0.4
    law = stats.binom.pmf(range(n + n2 + 1), n + n2, share)
    sizes = [
        differences.fisher_attainable(min(m, n), n, m - min(m, n), n2)["size"]
        for m in range(n + n2 + 1)
    ]
    assert differences.fisher_power(n, share, n2, share) == pytest.approx(law @ sizes)


def test_holms_adjustment_is_that_of_r():
    # R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") is 0.05 0.08 0.09 0.09 0.09
    p = pd.Series([0.01, 0.02, 0.03, 0.04, 0.05], index=list("abcde"))
    assert differences.holm(p).tolist() == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    # what is undefined is no member of the family
    gap = pd.concat([p, pd.Series({"f": np.nan})])
    assert differences.holm(gap).iloc[:5].tolist() == pytest.approx(differences.holm(p).tolist())
    assert math.isnan(differences.holm(gap)["f"])
    assert differences.holm(pd.Series([np.nan])).isna().all()


@settings(max_examples=20, deadline=None)  # statsmodels collects garbage in every call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holms_adjustment_keeps_the_order_and_never_helps(values):
    p = pd.Series(values)
    adjusted = differences.holm(p)
    assert (adjusted >= p).all()
    assert adjusted.max() <= 1
    assert adjusted[p.sort_values().index].is_monotonic_increasing
    assert adjusted.min() == pytest.approx(min(1, p.min() * len(p)))


def test_a_family_of_differences_is_tested_row_by_row():
    table = pd.DataFrame(
        {"hits": [9, 3, 1, 2], "n": [10, 10, 3, 2], "hits2": [2, 4, 0, 0], "n2": [10, 10, 3, 0]},
        index=list("abcd"),
    )
    result = differences.difference_tests(table)
    for row in result.itertuples():
        single = differences.difference_test(row.hits, row.n, row.hits2, row.n2)
        assert row.p == pytest.approx(single["p"], nan_ok=True)
        assert row.value == pytest.approx(single["value"], nan_ok=True)
    # three tests are defined; the smallest p is tripled
    assert result.loc["a", "p_holm"] == pytest.approx(3 * result.loc["a", "p"])
    assert result["undecidable"].tolist() == [False, False, True, True]
    assert math.isnan(result.loc["d", "p_holm"])
    assert differences.difference_tests(table.iloc[:0]).empty
