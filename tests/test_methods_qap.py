"""Logit models of ties with permuted nodes."""

import math
from itertools import permutations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_anatomy.methods.distance import kilometres
from cluster_anatomy.methods.qap import alike, log_distances, tie_model

BUSINESS = """Barbadori-Castellani Barbadori-Ginori Barbadori-Medici Barbadori-Peruzzi
Bischeri-Guadagni Bischeri-Lamberteschi Bischeri-Peruzzi Castellani-Lamberteschi
Castellani-Peruzzi Ginori-Medici Guadagni-Lamberteschi Lamberteschi-Peruzzi Medici-Pazzi
Medici-Salviati Medici-Tornabuoni"""
"""Business ties of Florentine families (Padgett and Ansell 1993); marriages are in networkx."""


def random_case(seed, size=14):
    """Nodes in three places along a line, tied more often inside a place."""
    rng = np.random.default_rng(seed)
    place = pd.Series(rng.integers(0, 3, size))
    same = alike(place)
    away = np.log1p(
        np.abs(
            np.subtract.outer(place.to_numpy(), place.to_numpy()) + rng.normal(0, 0.5, (size, 1))
        )
    )
    ties = np.triu(rng.random((size, size)) < 0.15 + 0.35 * same, 1)
    return ties | ties.T, {"same": same, "away": (away + away.T) / 2}


def pairs(square):
    """The pairs of nodes of a square array."""
    return np.asarray(square)[np.triu_indices(len(square), 1)]


def test_business_and_marriage_of_florentine_families_go_together():
    """Sixteen families: correlation 0.372, p below 0.01 (Hanneman and Riddle 2005, chapter 18).

    With one predictor the score statistic is the correlation times the root of the pairs, and the
    odds ratio is that of the table: 8 pairs with both ties, 12 and 7 with one, 93 with none.
    """
    marriage = nx.florentine_families_graph()
    marriage.add_node("Pucci")
    nodes = sorted(marriage)
    business = nx.Graph([pair.split("-") for pair in BUSINESS.split()])
    business.add_nodes_from(nodes)
    ties, married = (nx.to_numpy_array(graph, nodelist=nodes) for graph in (business, marriage))
    result = tie_model(ties.astype(bool), {"marriage": married}, draws=1_999).iloc[0]
    assert (result["n"], result["ties"], result["nodes"]) == (120, 15, 16)
    assert result["value"] == pytest.approx(8 * 93 / (12 * 7), rel=1e-4)
    assert result["z"] / math.sqrt(120) == pytest.approx(0.372, abs=5e-4)
    assert result["p"] < 0.01


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1_000))
def test_estimates_and_scores_are_those_of_statsmodels(seed):
    ties, predictors = random_case(seed, 20)
    result = tie_model(ties, predictors, draws=0).set_index("term")
    design = pd.DataFrame({name: pairs(square) for name, square in predictors.items()})
    design = sm.add_constant(design)
    tied = pairs(ties).astype(float)
    family = sm.families.Binomial()
    fit = sm.GLM(tied, design, family=family).fit()
    for name in predictors:
        assert result.loc[name, "estimate"] == pytest.approx(fit.params[name], abs=1e-5)
        low, high = fit.conf_int().loc[name]
        assert np.log(result.loc[name, ["low", "high"]].astype(float)).tolist() == pytest.approx(
            [low, high], abs=1e-4
        )
        restricted = sm.GLM(tied, design.drop(columns=name), family=family).fit()
        chi2 = restricted.score_test(exog_extra=design[[name]].to_numpy())[0]
        assert result.loc[name, "z"] ** 2 == pytest.approx(float(np.squeeze(chi2)), rel=1e-4)


def test_the_null_agrees_with_all_permutations():
    """Six nodes: what is left of one predictor, moved in all 720 ways; tests by statsmodels."""
    ties, predictors = random_case(0, 6)
    tied, design = pairs(ties).astype(float), sm.add_constant(pairs(predictors["away"]))
    left = sm.OLS(pairs(predictors["same"]), design).fit().resid
    square = np.zeros((6, 6))
    square[np.triu_indices(6, 1)] = left
    square += square.T
    restricted = sm.GLM(tied, design, family=sm.families.Binomial()).fit()
    surprise = tied - restricted.fittedvalues
    every = []
    for order in permutations(range(6)):
        moved = pairs(square[np.ix_(order, order)])
        chi2 = float(np.squeeze(restricted.score_test(exog_extra=moved[:, None])[0]))
        every.append(math.copysign(math.sqrt(chi2), moved @ surprise))
    every = np.array(every)
    result = tie_model(ties, predictors, draws=5_000).set_index("term").loc["same"]
    tails = (every <= result["z"] + 1e-9).mean(), (every >= result["z"] - 1e-9).mean()
    assert result["p"] == pytest.approx(min(1, 2 * min(tails)), abs=0.03)
    assert result["null_mean"] == pytest.approx(every.mean(), abs=0.05)


def test_what_another_predictor_explains_is_not_found_twice():
    """Ties follow the place alone; a second attribute goes with the place."""
    rng = np.random.default_rng(6)
    place = pd.Series(rng.integers(0, 3, 60))
    shadow = place.where(rng.random(60) < 0.8, rng.integers(0, 3, 60))
    ties = np.triu(rng.random((60, 60)) < 0.03 + 0.25 * alike(place), 1)
    both = tie_model(ties | ties.T, {"place": alike(place), "shadow": alike(shadow)}, draws=499)
    alone = tie_model(ties | ties.T, {"shadow": alike(shadow)}, draws=499)
    assert alone["p"].item() < 0.01
    assert both["p"].iloc[0] < 0.01
    assert both["p"].iloc[1] > 0.05


def test_without_an_effect_p_is_even():
    small = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        ties = np.triu(rng.random((15, 15)) < 0.3, 1)
        place = pd.Series(rng.integers(0, 3, 15))
        small += tie_model(ties | ties.T, {"place": alike(place)}, draws=99)["p"].item() <= 0.05
    assert small <= 6


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1_000), st.permutations(range(14)))
def test_the_order_of_the_nodes_does_not_matter(seed, order):
    ties, predictors = random_case(seed)
    turned = {name: square[np.ix_(order, order)] for name, square in predictors.items()}
    first = tie_model(ties, predictors, draws=9)
    second = tie_model(ties[np.ix_(order, order)], turned, draws=9)
    for column in ("estimate", "z"):
        assert first[column].tolist() == pytest.approx(
            second[column].tolist(), abs=1e-5, nan_ok=True
        )
    assert first.equals(tie_model(ties, predictors, draws=9))


def test_an_infinite_odds_ratio_is_undefined_but_tested():
    """No tie crosses from one half to the other."""
    same = alike(pd.Series(list("xxxxyyyy")))
    result = tie_model(same.astype(bool), {"same": same}, draws=1_999).iloc[0]
    assert math.isnan(result["value"])
    assert result["z"] == pytest.approx(math.sqrt(28))
    assert result["p"] < 0.1


def test_what_cannot_be_told_apart_is_undefined():
    ties, predictors = random_case(1)
    for tied, named in [
        (ties, {"same": predictors["same"], "twice": predictors["same"] * 2}),
        (np.zeros_like(ties), predictors),
        (ties, {"even": np.ones(ties.shape)}),
    ]:
        result = tie_model(tied, named, draws=5)
        assert result[["estimate", "value", "z", "null_mean", "p"]].isna().all(axis=None)


def test_arrays_that_do_not_fit_are_refused():
    ties, predictors = random_case(1)
    missing = alike(pd.Series([None, *["x"] * 13]))
    assert np.isnan(missing[0]).all()
    assert np.isnan(missing[:, 0]).all()
    for wrong in (missing, np.ones((3, 3)), np.triu(predictors["away"])):
        with pytest.raises(ValueError, match="square, symmetric"):
            tie_model(ties, {"wrong": wrong})


def test_distances_are_those_of_the_globe():
    north, east = pd.Series([39.9, 31.2, None]), pd.Series([116.4, 121.5, 100.0])
    square = log_distances(north, east)
    far = kilometres(39.9, 116.4, 31.2, 121.5)
    assert square[0, 1] == square[1, 0] == pytest.approx(math.log1p(float(far)))
    assert square[0, 0] == 0
    assert np.isnan(square[2]).all()
