"""The multiverse and its specification curve, on planted answers."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from cluster_anatomy.methods.multiverse import by_option, curve, holding, judge, multiverse, weights

CHOICES = {"a": ["a0", "a1"], "b": ["b0", "b1", "b2"], "c": ["c0", "c1"]}


def applicable(**outcomes):
    return pd.DataFrame(
        {name: [name in used for used in outcomes.values()] for name in CHOICES},
        index=list(outcomes),
    )


def additive(outcome, options):
    value = (
        4.0 * (options["a"] == "a1")
        + {"b0": 1, "b1": 2, "b2": 3}[options["b"]]
        + 0.0 * (options["c"] == "c1")
    )
    return {"value": value, "low": value - 2.5, "high": value + 2.5}


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_there_are_as_many_specifications_as_the_product_of_the_options_that_apply(shape):
    choices = {
        f"choice {k}": [f"{k}.{option}" for option in range(size)]
        for k, (size, _) in enumerate(shape)
    }
    applies = pd.DataFrame(
        {f"choice {k}": [used] for k, (_, used) in enumerate(shape)}, index=["x"]
    )
    table = multiverse(choices, lambda outcome, options: {"value": 1.0}, applies)
    assert len(table) == math.prod(size for size, used in shape if used)
    assert (
        not table[[name for name in choices if applies.loc["x", name]]].duplicated().any()
        or len(table) == 1
    )
    assert list(table["default"]) == ["yes"] + ["no"] * (len(table) - 1)


def test_a_choice_that_does_not_apply_is_blank_and_at_its_default():
    seen = []
    table = multiverse(
        CHOICES, lambda outcome, options: seen.append(options) or {"value": 0.0}, applicable(x="b")
    )
    assert table["a"].isna().all()
    assert {options["a"] for options in seen} == {"a0"}
    assert len(multiverse(CHOICES, additive, applicable(x=""))) == 1


def test_the_order_of_choices_does_not_matter():
    applies = applicable(x="abc", y="ab")
    table = multiverse(CHOICES, additive, applies)
    turned = multiverse(dict(reversed(CHOICES.items())), additive, applies)
    pd.testing.assert_frame_equal(table, turned[table.columns])


def test_wrong_choices_are_refused():
    with pytest.raises(ValueError, match="Choice 'a' needs"):
        multiverse({"a": ["x", "x"]}, additive, pd.DataFrame({"a": [True]}))
    with pytest.raises(ValueError, match="these columns: a, b, c"):
        multiverse(CHOICES, additive, pd.DataFrame({"a": [True]}))


def test_planted_signs_and_intervals_are_counted():
    """Default +1; a1 turns it to -1 except under b2 (+1); intervals of half-width 0.5 exclude zero,
    but under c1.
    """

    def compute(outcome, options):
        value = -1.0 if options["a"] == "a1" and options["b"] != "b2" else 1.0
        half = 2.0 if options["c"] == "c1" else 0.5
        return {"value": value, "low": value - half, "high": value + half}

    table = judge(multiverse(CHOICES, compute, applicable(x="abc")))
    assert (table["sign_kept"] == "yes").mean() == pytest.approx(8 / 12)
    assert (table["excludes_zero"] == "yes").mean() == pytest.approx(1 / 2)
    held = by_option(table, list(CHOICES)).set_index(["choice", "option"])
    assert held.loc[("a", "a1"), "share_sign_kept"] == pytest.approx(1 / 3)
    assert held.loc[("b", "b2"), "share_sign_kept"] == 1
    assert held.loc[("c", "c1"), "share_excluding_zero"] == 0
    assert held["specifications"].to_dict()[("b", "b0")] == 4


def test_an_estimate_that_comes_twice_counts_once_for_an_option():
    table = pd.DataFrame({"outcome": "x", "a": ["a0", "a0", "a0", "a1"], "value": [1, 1, -1, 1]})
    table = table.assign(sign_kept=["yes", "yes", "no", "yes"], excludes_zero="no")
    held = by_option(table.assign(estimate=[1, 1, 2, 1]), ["a"], distinct="estimate")
    assert held[
        ["option", "specifications", "estimates", "share_sign_kept"]
    ].to_numpy().tolist() == [
        ["a0", 3, 2, 0.5],
        ["a1", 1, 1, 1.0],
    ]
    assert by_option(table, ["a"])["estimates"].tolist() == [3, 1]
    assert by_option(table, ["outcome"]).empty


def test_undefined_and_zero_keep_no_sign():
    table = pd.DataFrame(
        {"outcome": "x", "default": ["yes", "no", "no"], "value": [1.0, np.nan, 0.0]}
    )
    table = judge(table.assign(low=table["value"] - 0.1, high=table["value"] + 0.1))
    assert list(table["sign_kept"]) == ["yes", "no", "no"]
    assert list(table["excludes_zero"]) == ["yes", "no", "no"]


def test_weights_of_an_additive_result_are_its_effects():
    weighed = weights(multiverse(CHOICES, additive, applicable(x="abc")), list(CHOICES)).set_index(
        "choice"
    )
    assert weighed["mean_change"].to_dict() == pytest.approx({"a": 4.0, "b": 4 / 3, "c": 0.0})
    assert weighed["largest_change"].to_dict() == {"a": 4.0, "b": 2.0, "c": 0.0}
    assert weighed["rank"].to_dict() == {"a": 1, "b": 2, "c": 3}
    assert weighed["variance_share"].sum() == pytest.approx(1)
    alone = weights(multiverse(CHOICES, additive, applicable(x="b")), list(CHOICES))
    assert alone[["choice", "mean_change"]].to_numpy().tolist() == [["b", pytest.approx(4 / 3)]]


def test_variance_shares_are_those_of_an_analysis_of_variance():
    draws = iter(np.random.default_rng(7).normal(size=12))
    table = multiverse(
        CHOICES, lambda outcome, options: {"value": next(draws)}, applicable(x="abc")
    )
    squares = anova_lm(ols("value ~ C(a) + C(b) + C(c)", table).fit())["sum_sq"]
    weighed = weights(table, list(CHOICES)).set_index("choice")["variance_share"]
    for name in CHOICES:
        assert weighed[name] == pytest.approx(squares[f"C({name})"] / squares.sum())


def test_a_curve_is_sorted_and_shows_what_varies():
    table = judge(multiverse(CHOICES, additive, applicable(x="ab", y="abc")))
    drawn = curve(table, "x", list(CHOICES))
    assert list(drawn["value"]) == sorted(table.loc[table["outcome"] == "x", "value"])
    assert list(drawn["rank"]) == [1, 2, 3, 4, 5, 6]
    assert list(drawn.columns[-2:]) == ["a", "b"]
    with pytest.raises(ValueError, match="no outcome 'z'; there are: x, y"):
        curve(table, "z", list(CHOICES))


def test_holding_keeps_defaults_but_for_what_is_given():
    table = multiverse(CHOICES, additive, applicable(x="ab", y="abc"))
    assert list(holding(table, CHOICES)["specification"]) == [1, 1]
    assert list(holding(table, CHOICES, b=None)["b"]) == ["b0", "b1", "b2"] * 2
    assert list(holding(table, CHOICES, a="a1", b="b2")["value"]) == [7.0, 7.0]
