"""Tables of counts: independence, association, residuals, agreement."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import Table
from statsmodels.stats.proportion import score_test_proportions_2indep

from cluster_anatomy.methods import contingency

LABELS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab")), min_size=2, max_size=30)


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


def test_cramers_v_is_that_of_clickhouse():
    # reference of cramersVBiasCorrected: number % 10 against number % 4 of the numbers below 150,
    # 0.5305112825189074, and 0.5798088336225178 without the correction
    numbers = np.arange(150)
    table = pd.crosstab(numbers % 10, numbers % 4)
    assert contingency.cramers_v(table) == pytest.approx(0.5305112825189074)
    plain = stats.contingency.association(table.to_numpy(), method="cramer")
    assert plain == pytest.approx(0.5798088336225178)


def test_the_correction_of_cramers_v_vanishes_in_large_tables():
    table = pd.DataFrame([[20, 5, 8], [10, 15, 3]]) * 1_000_000
    plain = stats.contingency.association(table.to_numpy(), method="cramer")
    assert contingency.cramers_v(table) == pytest.approx(plain, abs=1e-6)


def test_adjusted_residuals_are_those_of_statsmodels():
    table = pd.DataFrame([[10, 5, 3], [2, 8, 9]])
    assert contingency.residuals(table).to_numpy() == pytest.approx(
        Table(table.to_numpy()).standardized_resids
    )


def test_kappa_of_the_textbook_table():
    """35 of 50 judged alike, 20 yes and 15 no: observed 0.7, by chance 0.5, kappa 0.4."""
    first = pd.Series(["yes"] * 25 + ["no"] * 25)
    second = pd.Series(["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15)
    result = contingency.agreement(first, second)
    assert (result["n"], result["agree"]) == (50, 35)
    assert result["kappa"] == pytest.approx(0.4)
    assert result["kappa"] - result["low"] == pytest.approx(result["high"] - result["kappa"])
    assert 0 < result["low"] < 0.4 < result["high"] < 1


def _labels(counts: list[list[int]]) -> tuple[pd.Series, pd.Series]:
    """The labels of two coders that make a table of counts."""
    pairs = [
        (row, column)
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
        for _ in range(count)
    ]
    first, second = zip(*pairs, strict=True)
    return pd.Series(first), pd.Series(second)


def test_kappa_and_its_interval_are_those_of_the_r_package_statpsych():
    # ci.kappa(.05, 31, 12, 4, 58), after Fleiss and Paik (2003): 0.6756757 (0.5317210, 0.8196303)
    result = contingency.agreement(*_labels([[31, 12], [4, 58]]))
    assert (result["n"], result["agree"]) == (105, 89)
    assert result["kappa"] == pytest.approx(0.6756757, abs=1e-7)
    assert result["low"] == pytest.approx(0.5317210, abs=1e-5)
    assert result["high"] == pytest.approx(0.8196303, abs=1e-5)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_kappa_at_its_ends():
    labels = pd.Series(["a", "b", "c", "a"])
    assert contingency.agreement(labels, labels)["kappa"] == pytest.approx(1)
    assert contingency.agreement(labels, labels)["high"] <= 1
    assert np.isnan(contingency.agreement(pd.Series(["a", "a"]), pd.Series(["a", "a"]))["kappa"])
    assert contingency.agreement(pd.Series(["a", "a"]), pd.Series(["a", "b"]))[
        "kappa"
    ] == pytest.approx(0)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@given(LABELS)
def test_kappa_does_not_depend_on_who_is_first(pairs):
    first, second = (pd.Series(labels) for labels in zip(*pairs, strict=True))
    there, back = contingency.agreement(first, second), contingency.agreement(second, first)
    assert there == pytest.approx(back, nan_ok=True)
    assert math.isnan(there["kappa"]) or -1 <= there["kappa"] <= 1


def test_the_interval_of_a_ratio_is_the_published_one():
    """36 of 40 against 16 of 80: 2.94 to 7.15 (Koopman 1984)."""
    low, high = contingency.ratio_interval(36, 40, 16, 80)
    assert (low, high) == (pytest.approx(2.94, abs=0.01), pytest.approx(7.15, abs=0.01))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 20), st.integers(0, 20), st.integers(1, 20), st.integers(0, 20))
def test_the_limits_of_a_ratio_are_what_the_score_test_just_does_not_reject(a, b, c, d):
    low, high = contingency.ratio_interval(a, a + b, c, c + d)
    assert low < a / (a + b) / (c / (c + d)) < high
    for limit in (low, high):
        test = score_test_proportions_2indep(
            a, a + b, c, c + d, limit, compare="ratio", correction=False
        )
        assert test.pvalue == pytest.approx(0.05, abs=1e-4)
    turned = contingency.ratio_interval(c, c + d, a, a + b)
    assert (low, high) == pytest.approx((1 / turned[1], 1 / turned[0]), rel=1e-3)
