"""Shares weighted by one over the yield."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.regression.linear_model import WLS

from cluster_anatomy.methods.shares import share
from cluster_anatomy.methods.weighting import inverse_yields, weighted_share

ITEMS = st.lists(st.tuples(st.booleans(), st.integers(1, 9)), min_size=1, max_size=20)


def test_lists_of_unequal_yield_count_by_their_size():
    """Two of ten known, both hits; eight of ten known, none a hit: one half, not two of ten."""
    strata = pd.Series(["x"] * 10 + ["y"] * 10)
    hits = pd.Series([True] * 2 + [None] * 8 + [False] * 8 + [None] * 2)
    weights = inverse_yields(strata, hits.notna())
    result = weighted_share(hits, weights)
    assert weights.groupby(strata).sum().tolist() == [10, 10]
    assert result["value"] == pytest.approx(0.5)
    assert result["n"] == 10
    # two weights of 5 and eight of 1.25
    assert result["n_effective"] == pytest.approx(20**2 / (2 * 25 + 8 * 1.5625))


def test_a_list_of_which_nothing_is_known_stands_for_nothing():
    weights = inverse_yields(pd.Series(list("xxy")), pd.Series([True, False, False]))
    assert weights.tolist() == [2, 0, 0]


def test_the_effective_number_is_that_of_kish():
    """A tenth of the items with nine times the weight: Kish's 1 + the squared coefficient of
    variation.
    """
    weights = pd.Series([9.0] * 10 + [1.0] * 90)
    result = weighted_share(pd.Series([True, False] * 50), weights)
    inflation = 1 + weights.var(ddof=0) / weights.mean() ** 2
    assert result["n_effective"] == pytest.approx(100 / inflation)


@given(ITEMS, st.integers(1, 9))
def test_equal_weights_give_the_plain_share(items, weight):
    hits = pd.Series([hit for hit, _ in items])
    result = weighted_share(hits, pd.Series([weight] * len(hits)))
    plain = share(int(hits.sum()), len(hits))
    for key in ("value", "low", "high"):
        assert result[key] == pytest.approx(plain[key], abs=1e-9)
    assert result["n_effective"] == pytest.approx(result["n"]) == len(hits)
    p = plain["value"]
    assert result["se"] == pytest.approx(math.sqrt(p * (1 - p) / len(hits)), abs=1e-9)


@given(ITEMS)
def test_the_error_is_the_robust_one_of_a_weighted_mean(items):
    """statsmodels: weighted least squares on a constant, with heteroskedastic errors (HC0)."""
    hits = pd.Series([hit for hit, _ in items])
    weights = pd.Series([weight for _, weight in items])
    result = weighted_share(hits, weights)
    fit = WLS(hits.astype(float), np.ones(len(hits)), weights=weights).fit(cov_type="HC0")
    assert result["value"] == pytest.approx(fit.params.iloc[0], abs=1e-9)
    assert result["se"] == pytest.approx(fit.bse.iloc[0], abs=1e-7)


@given(ITEMS)
def test_the_interval_holds_the_share_and_turns_with_the_property(items):
    hits = pd.Series([hit for hit, _ in items])
    weights = pd.Series([weight for _, weight in items])
    result, turned = weighted_share(hits, weights), weighted_share(~hits, weights * 3)
    assert -1e-9 <= result["low"] <= result["value"] + 1e-9
    assert result["value"] - 1e-9 <= result["high"] <= 1 + 1e-9
    assert result["low"] == pytest.approx(1 - turned["high"], abs=1e-9)
    assert 1 - 1e-9 <= result["n_effective"] <= result["n"] + 1e-9


def test_undefined_stays_undefined():
    result = weighted_share(pd.Series([None, True]), pd.Series([1.0, 0.0]))
    assert all(math.isnan(result[key]) for key in ("value", "low", "high", "se"))
    assert (result["n"], result["n_effective"]) == (0, 0)
    for weight in (-1.0, math.nan):
        with pytest.raises(ValueError, match="at least 0"):
            weighted_share(pd.Series([True]), pd.Series([weight]))
