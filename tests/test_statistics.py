"""Every measure against plain arithmetic, an invariant, and a published or independent value."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cluster_anatomy.methods import contingency, differences, shares


def test_share_of_known_firms_and_bounds():
    result = shares.share(3, 4, unknown=4)
    assert (result["value"], result["bound_low"], result["bound_high"]) == (0.75, 3 / 8, 7 / 8)


def test_wilson_interval_is_that_of_newcombe_1998_table_1():
    # Newcombe (1998), Statistics in Medicine 17, 857-872: 81 of 263, method 3
    result = shares.share(81, 263)
    assert (round(result["low"], 4), round(result["high"], 4)) == (0.2553, 0.3662)


def test_wilson_interval_is_that_of_scipy():
    interval = stats.binomtest(38, 55).proportion_ci(method="wilson")
    result = shares.share(38, 55)
    assert (result["low"], result["high"]) == pytest.approx((interval.low, interval.high))


def test_a_share_of_nobody_is_undefined_not_zero():
    result = shares.share(0, 0, unknown=5)
    assert math.isnan(result["value"])
    assert math.isnan(result["low"])
    assert (result["bound_low"], result["bound_high"]) == (0, 1)


def test_more_hits_than_firms_is_an_error():
    with pytest.raises(ValueError, match="between 0 and n"):
        shares.share(5, 4)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_value_lies_within_interval_and_bounds(hits, misses, unknown):
    result = shares.share(hits, hits + misses, unknown)
    if hits + misses:
        assert result["low"] - 1e-12 <= result["value"] <= result["high"] + 1e-12
        assert result["bound_low"] <= result["value"] <= result["bound_high"]


def test_difference_is_that_of_newcombe_1998_example_a():
    # Newcombe (1998), Statistics in Medicine 17, 873-890: 56/70 - 48/80, method 10: 0.0524 to
    # 0.3339
    result = differences.difference(56, 70, 48, 80)
    assert (round(result["low"], 4), round(result["high"], 4)) == (0.0524, 0.3339)
    assert result["value"] == pytest.approx(0.2)


def test_difference_with_an_empty_side_is_undefined():
    assert math.isnan(differences.difference(1, 2, 0, 0)["value"])


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), st.integers(1, 20))
def test_difference_changes_sign_with_its_sides(a, b, c, d):
    one = differences.difference(min(a, b), b, min(c, d), d)
    other = differences.difference(min(c, d), d, min(a, b), b)
    assert one["value"] == pytest.approx(-other["value"])
    assert one["low"] == pytest.approx(-other["high"], abs=1e-9)


def test_fisher_is_the_lady_tasting_tea():
    # Fisher (1935): 3 of 4 cups right, two-sided p = 0.4857
    result = contingency.independence(pd.DataFrame([[3, 1], [1, 3]]))
    assert result["p"] == pytest.approx(0.4857, abs=1e-4)
    assert result["draws"] == 0


def test_monte_carlo_is_seeded_and_near_the_exact_value():
    table = pd.DataFrame([[3, 4, 5], [8, 1, 1]])
    first, second = contingency.independence(table), contingency.independence(table)
    assert first == second
    assert first["p"] == pytest.approx(_freeman_halton(table.to_numpy()), abs=0.015)


def _freeman_halton(table: np.ndarray) -> float:
    """Exact p of a 2 x 3 table by enumeration."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    observed, total, worse = _probability(table), 0.0, 0.0
    for a in range(columns[0] + 1):
        for b in range(columns[1] + 1):
            c = rows[0] - a - b
            if 0 <= c <= columns[2]:
                first = np.array([a, b, c])
                p = _probability(np.array([first, columns - first]))
                total += p
                worse += p if p <= observed * (1 + 1e-9) else 0.0
    assert total == pytest.approx(1)
    return worse


def _probability(table: np.ndarray) -> float:
    logs = [math.lgamma(cell + 1) for cell in table.ravel()]
    margins = [math.lgamma(m + 1) for m in (*table.sum(axis=0), *table.sum(axis=1))]
    return math.exp(sum(margins) - math.lgamma(table.sum() + 1) - sum(logs))


def test_empty_rows_and_columns_do_not_count():
    table = pd.DataFrame([[3, 1, 0], [1, 3, 0], [0, 0, 0]])
    assert contingency.independence(table)["p"] == pytest.approx(0.4857, abs=1e-4)
    assert math.isnan(contingency.independence(pd.DataFrame([[3, 0], [1, 0]]))["p"])


def test_cramers_v_ends():
    assert contingency.cramers_v(pd.DataFrame([[50, 0], [0, 50]])) == pytest.approx(1, abs=0.02)
    assert contingency.cramers_v(pd.DataFrame([[25, 25], [25, 25]])) == 0


def test_adjusted_residuals_are_those_of_statsmodels():
    from statsmodels.stats.contingency_tables import Table

    table = pd.DataFrame([[10, 5, 3], [2, 8, 9]])
    assert contingency.residuals(table).to_numpy() == pytest.approx(
        Table(table.to_numpy()).standardized_resids
    )


def test_composition_adds_up_and_keeps_values_that_do_not_occur():
    frame = pd.DataFrame({"place": ["A", "A", "A", "B"], "mode": ["x", "y", "unknown", "x"]})
    table = shares.composition(frame, ["place"], "mode", ["x", "y", "z"]).set_index(
        ["place", "mode"]
    )
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
    frame = pd.DataFrame({"mode": values})
    shuffled = frame.iloc[random.sample(range(len(values)), len(values))]
    one, other = (shares.composition(f, [], "mode", ["x", "y"]) for f in (frame, shuffled))
    pd.testing.assert_frame_equal(one, other)
    if (frame["mode"] != "unknown").any():
        assert one["value"].sum() == pytest.approx(1)
