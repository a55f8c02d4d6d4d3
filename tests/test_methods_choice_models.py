"""Conditional logit models, and the null of the model of the next place."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.datasets import modechoice
from statsmodels.discrete.conditional_models import ConditionalLogit

from cluster_anatomy.methods.choice_models import conditional_logit, next_place_model


@pytest.fixture(scope="module")
def units():
    """Sixty units that came to four places of different size, of three kinds."""
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "place": rng.choice(list("abcd"), 60, p=[0.4, 0.3, 0.2, 0.1]),
            "year": rng.integers(1980, 2000, 60),
            "kind": rng.choice(["x", "y", "z"], 60),
        }
    )


def stock_table(units, first, last):
    """One row per place and year: units that came, and those of earlier years by kind."""
    rows = []
    for year in range(first, last + 1):
        for place in sorted(units["place"].unique()):
            inside = units[units["place"] == place]
            before = inside[inside["year"] < year]
            row = {"place": place, "year": year, "events": int((inside["year"] == year).sum())}
            row |= {kind: int((before["kind"] == kind).sum()) for kind in "xyz"}
            rows.append(row | {"stock": len(before)})
    return pd.DataFrame(rows)


def test_travel_modes_are_those_of_greene():
    """Greene, Econometric Analysis, conditional logit of the mode of 210 travellers (table of the
    unweighted sample): coefficients, standard errors and a log likelihood of -199.1284.
    """
    data = modechoice.load_pandas().data
    modes = {name: (data["mode"] == number).astype(float) for name, number in MODES.items()}
    design = data[["gc", "ttme"]].assign(income=data["hinc"] * modes["air"], **modes)
    fit = conditional_logit(
        data["choice"].to_numpy(float).reshape(210, 4), design.to_numpy(float).reshape(210, 4, 6)
    )
    assert fit.estimate == pytest.approx(
        [-0.01550, -0.09612, 0.01329, 5.2074, 3.8690, 3.1632], abs=5e-5
    )
    assert fit.se == pytest.approx([0.004408, 0.01044, 0.01026, 0.7791, 0.4431, 0.4503], abs=5e-5)
    assert fit.log_likelihood == pytest.approx(-199.1284, abs=5e-5)


MODES = {"air": 1, "train": 2, "bus": 3}


def test_matched_pairs_have_the_odds_ratio_of_mcnemar():
    """With one case and one control each only discordant pairs count: 29 to 3."""
    design = np.array([[[1.0], [0.0]]] * 32)
    counts = np.array([[1.0, 0.0]] * 29 + [[0.0, 1.0]] * 3)
    fit = conditional_logit(counts, design)
    assert np.exp(fit.estimate) == pytest.approx(29 / 3)
    assert fit.se == pytest.approx((1 / 29 + 1 / 3) ** 0.5)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_estimates_are_those_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(30, 4, 2))
    chosen = (design @ [0.5, -0.3] + rng.gumbel(size=(30, 4))).argmax(axis=1)
    counts = np.eye(4)[chosen]
    groups = np.repeat(np.arange(30), 4)
    other = ConditionalLogit(counts.ravel(), design.reshape(-1, 2), groups=groups).fit(disp=0)
    fit = conditional_logit(counts, design)
    assert fit.estimate == pytest.approx(other.params, abs=1e-4)
    assert fit.se == pytest.approx(other.bse, rel=1e-3)
    assert fit.log_likelihood == pytest.approx(other.llf, abs=1e-6)


def test_without_a_maximum_or_with_a_term_twice_nothing_is_estimated():
    always = conditional_logit(np.array([[9.0, 0.0]]), np.array([[[1.0], [0.0]]]))
    assert np.isnan(always.estimate).all()
    twice = np.random.default_rng(1).normal(size=(9, 3, 1)).repeat(2, axis=2)
    fit = conditional_logit(np.eye(3)[[0, 1, 2] * 3], twice)
    assert np.isnan([*fit.estimate, *fit.se, fit.log_likelihood]).all()


@pytest.mark.parametrize("kinds", [(), ("x", "y", "z")])
@pytest.mark.parametrize("place_effects", [False, True])
def test_the_model_is_that_of_counts_with_effects_of_years(units, kinds, place_effects):
    terms = list(kinds) or ["stock"]
    table = stock_table(units, 1983, 1999)
    table = table[table.groupby("year")["events"].transform("sum") > 0]
    formula = " + ".join(["events ~ C(year)", *terms, *(["C(place)"] if place_effects else [])])
    counted = smf.poisson(formula, table).fit(disp=0, maxiter=200)
    model = next_place_model(units, 1983, 1999, kinds, place_effects=place_effects, draws=0)
    model = model.set_index("term")
    for term in terms:
        assert model.loc[term, "estimate"] == pytest.approx(counted.params[term], abs=1e-6)
    assert set(model["n"]) == {table["events"].sum()} == {(units["year"] >= 1983).sum()}
    assert np.isnan(model["null_mean"]).all()


def test_choices_of_single_units_give_the_same_as_statsmodels(units):
    """Every unit chooses by itself: statsmodels' conditional logit, one stratum per unit."""
    table = stock_table(units, 1985, 1999)
    parts = []
    for number, unit in enumerate(units[units["year"] >= 1985].itertuples()):
        part = table[table["year"] == unit.year]
        parts.append(part.assign(choice=number, chosen=(part["place"] == unit.place).astype(int)))
    long = pd.concat(parts)
    other = ConditionalLogit(long["chosen"], long[["x", "y", "z"]], groups=long["choice"]).fit(
        disp=0
    )
    model = next_place_model(units, 1985, 1999, ["x", "y", "z"], draws=0)
    assert model["estimate"].to_numpy() == pytest.approx(other.params.to_numpy(), abs=1e-4)
    assert model["se"].to_numpy() == pytest.approx(other.bse.to_numpy(), rel=1e-3)


def test_the_null_agrees_with_all_permutations_of_the_years():
    units = pd.DataFrame({"place": list("aabab"), "year": [1, 2, 3, 4, 5]})
    every = []
    for years in permutations(units["year"]):
        moved = units.assign(year=years)
        every += next_place_model(moved, 2, 5, smallest=2, draws=0)["value"].tolist()
    every = np.array(every)
    defined = every[~np.isnan(every)]
    model = next_place_model(units, 2, 5, smallest=2, draws=1_000).iloc[0]
    assert model["undefined"] / 1_000 == pytest.approx(np.isnan(every).mean(), abs=0.05)
    assert model["null_mean"] == pytest.approx(defined.mean(), rel=0.05)
    value = model["value"]
    exact = min(1, 2 * min((defined <= value + 1e-9).mean(), (defined >= value - 1e-9).mean()))
    assert model["p"] == pytest.approx(exact, abs=0.08)  # doubled, of some 700 draws


def test_size_alone_raises_the_ratio_and_not_its_p():
    """Units come at random to places of different attraction: the ratio is high, the null too."""
    rng = np.random.default_rng(7)
    units = pd.DataFrame(
        {
            "place": rng.choice(list("abcdef"), 110, p=[0.35, 0.25, 0.15, 0.1, 0.1, 0.05]),
            "year": rng.integers(1975, 2003, 110),
        }
    )
    model = next_place_model(units, 1975, 2002, draws=500).iloc[0]
    assert model["low"] > 1
    assert model["null_mean"] > 1
    assert model["p"] > 0.1


def test_units_that_avoid_the_larger_place_stand_out():
    """They take turns, but for two pairs: what comes next goes where there are fewer."""
    places = list("ab" * 6 + "aabb" + "ab" * 5 + "aabb")
    units = pd.DataFrame({"place": places, "year": range(1980, 1980 + len(places))})
    model = next_place_model(units, 1981, 2020, draws=400).iloc[0]
    assert model["value"] < model["null_low"]
    assert model["p"] < 0.02


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_neither_names_of_places_nor_the_zero_of_time_matter(seed):
    rng = np.random.default_rng(seed)
    units = pd.DataFrame({"place": rng.choice(list("abc"), 30), "year": rng.integers(0, 12, 30)})
    moved = units.assign(place=units["place"].map({"a": "z", "b": "y", "c": "x"}))
    first = next_place_model(units, 3, 11, draws=9)
    second = next_place_model(moved.assign(year=units["year"] + 1990), 1993, 2001, draws=9)
    # rows keep their order, so that the same seed moves the same years
    pd.testing.assert_frame_equal(first, second, rtol=1e-6)
    pd.testing.assert_frame_equal(first, next_place_model(units, 3, 11, draws=9))


def test_only_places_with_enough_units_are_at_risk_and_gaps_are_left_out(units):
    more = pd.concat(
        [
            units,
            pd.DataFrame({"place": ["e", "e", None, "a"], "year": [1985, 1986, 1990, np.nan]}),
            pd.DataFrame({"place": ["a"] * 3, "year": [2001, 2002, 2003]}),
        ]
    )
    first = next_place_model(units, 1983, 1999, draws=20)
    second = next_place_model(more, 1983, 1999, draws=20)
    assert set(first["places"]) == set(second["places"]) == {4}
    assert first["n"].tolist() == second["n"].tolist()
    assert first["estimate"].tolist() == pytest.approx(second["estimate"].tolist())


def test_nobody_at_risk_is_undefined():
    model = next_place_model(pd.DataFrame({"place": ["a"], "year": [2000]}), 1990, 2005, draws=3)
    assert (model["n"].item(), model["places"].item(), model["undefined"].item()) == (0, 0, 3)
    assert model[["estimate", "value", "null_mean", "p"]].isna().all(axis=None)
