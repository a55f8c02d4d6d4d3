"""The index of Ellison and Glaeser."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_anatomy.methods.concentration import ellison_glaeser

PLACES = st.lists(st.sampled_from("abc"), min_size=2, max_size=15)


def test_the_index_of_farhauer_and_kroell_is_that_of_the_r_package_reat():
    # ellison.a of Farhauer and Kröll (2014): ten establishments in three towns, 0.05990628
    places = pd.Series(["Wien"] * 5 + ["Linz"] * 4 + ["Graz"])
    sizes = pd.Series([200, 650, 12000, 100, 50, 16000, 13000, 1500, 1500, 25000])
    reference = pd.Series({"Wien": 500_000, "Linz": 400_000, "Graz": 100_000})
    result = ellison_glaeser(places, reference, sizes, draws=99)
    assert result["value"] == pytest.approx(0.05990628, abs=5e-9)
    assert result["herfindahl"] == pytest.approx(((sizes / 70_000) ** 2).sum())


def test_the_index_by_hand():
    """Four units of five in one of two even places: G 0.18, H 0.2, half of the variance left."""
    result = ellison_glaeser(pd.Series(list("aaaab")), pd.Series({"a": 3, "b": 3}), draws=99)
    assert result["raw"] == pytest.approx(0.3**2 + 0.3**2)
    assert result["value"] == pytest.approx((0.18 - 0.5 * 0.2) / (0.5 * 0.8))
    assert result["n"] == 5


def test_the_null_is_that_of_all_throws():
    """Four darts on three places: every one of 81 throws with its chance."""
    reference = pd.Series({"a": 0.5, "b": 0.3, "c": 0.2})
    values, chances = [], []
    for throw in product("abc", repeat=4):
        values.append(ellison_glaeser(pd.Series(throw), reference, draws=0)["value"])
        chances.append(reference[list(throw)].prod())
    values, chances = np.array(values), np.array(chances)
    # the index is made so that darts have 0 on average
    assert values @ chances == pytest.approx(0, abs=1e-12)
    result = ellison_glaeser(pd.Series(list("bbbc")), reference)
    above = chances[values >= result["value"] - 1e-12].sum()
    assert result["null_mean"] == pytest.approx(0, abs=0.02)
    assert result["p"] == pytest.approx(min(1, 2 * min(above, 1 - above)), abs=0.03)


@settings(max_examples=25, deadline=None)
@given(PLACES, st.tuples(*[st.integers(1, 9)] * 3))
def test_neither_names_nor_scales_nor_the_order_matter(places, weights):
    reference = pd.Series(weights, index=list("abc"))
    first = ellison_glaeser(pd.Series(places), reference, draws=9)
    names = {"a": "z", "b": "y", "c": "x"}
    second = ellison_glaeser(
        pd.Series([names[place] for place in places[::-1]]),
        reference.rename(names) * 7,
        pd.Series([5.0] * len(places)),
        draws=9,
    )
    for key in ("value", "raw", "herfindahl", "n"):
        assert first[key] == pytest.approx(second[key])
    assert first["herfindahl"] == pytest.approx(1 / len(places))
    assert first == ellison_glaeser(pd.Series(places), reference, draws=9)


def test_places_without_reference_count_and_get_no_dart():
    result = ellison_glaeser(
        pd.Series(["a", "b", "new", None]), pd.Series({"a": 1, "b": 1}), draws=200
    )
    assert result["n"] == 3
    assert result["raw"] == pytest.approx(2 * (1 / 6) ** 2 + (1 / 3) ** 2)
    # three darts on two places: 3 to 0 with one half of a half, else 2 to 1
    assert result["null_high"] == pytest.approx(1)


def test_undefined_stays_undefined():
    even = pd.Series({"a": 1, "b": 1})
    for places, reference in [
        (pd.Series(["a"]), even),
        (pd.Series([], dtype=object), even),
        (pd.Series(["a", "a"]), pd.Series({"a": 1})),
    ]:
        result = ellison_glaeser(places, reference, draws=9)
        assert math.isnan(result["value"])
        assert math.isnan(result["null_mean"])
        assert math.isnan(result["p"])
    with pytest.raises(ValueError, match="weights"):
        ellison_glaeser(pd.Series(["a"]), pd.Series({"a": 0}))
