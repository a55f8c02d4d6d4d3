"""Poisson models of counts with robust errors."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from cluster_anatomy.methods.count_models import count_model, rate_ratio


@pytest.fixture(scope="module")
def simulated():
    """Thirty units over ten periods whose rate grows by a fifth per unit of dose."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {"unit": np.repeat([f"u{i:02}" for i in range(30)], 10), "period": np.tile(range(10), 30)}
    )
    table["dose"], table["other"] = rng.poisson(2, 300), rng.poisson(2, 300)
    table["events"] = rng.poisson(np.exp(-0.5 + 0.05 * table["period"] + 0.2 * table["dose"]))
    return table


def test_a_known_ratio_comes_out_with_errors_worked_out_by_hand():
    """Dose 0: one and three events; dose 1: three and five. Ratio 4 / 2; sandwich 2/16 + 2/64,
    times 4 / 2.
    """
    table = pd.DataFrame(
        {"unit": list("abcd"), "period": 2000, "events": [1, 3, 3, 5], "dose": [0, 0, 1, 1]}
    )
    fitted = count_model(table, ["dose"]).set_index("errors")
    assert np.exp(fitted["estimate"].to_numpy()) == pytest.approx([2, 2])
    assert fitted["se"].to_numpy() ** 2 == pytest.approx([0.3125, 0.3125])
    assert fitted["dispersion"].iloc[0] == pytest.approx((0.5 + 0.5 + 0.25 + 0.25) / 2)
    width = (fitted["high"] - fitted["low"]) / (2 * fitted["se"])
    assert width["HC1"] == pytest.approx(1.95996, abs=1e-4)
    assert width["cluster"] == pytest.approx(3.18245, abs=1e-4)  # t with three degrees of freedom


def test_a_true_coefficient_comes_out_again(simulated):
    fitted = count_model(simulated, ["dose", "other"]).set_index(["term", "errors"])
    for errors in ("cluster", "HC1"):
        dose, other = fitted.loc[("dose", errors)], fitted.loc[("other", errors)]
        assert 0.1 < dose["low"] < 0.2 < dose["high"]
        assert other["low"] < 0 < other["high"]


@pytest.mark.parametrize("within", [False, True])
def test_the_model_agrees_with_maximum_likelihood_by_another_route(simulated, within):
    """statsmodels' discrete Poisson model with a formula: other code, other optimiser, other
    design.
    """
    formula = "events ~ dose + other + C(period)" + (" + C(unit)" if within else "")
    groups = pd.factorize(simulated["unit"])[0]
    other = smf.poisson(formula, simulated).fit(
        cov_type="cluster", cov_kwds={"groups": groups}, disp=0, maxiter=200
    )
    fitted = count_model(simulated, ["dose", "other"], within)
    fitted = fitted[fitted["errors"] == "cluster"].set_index("term")
    for term in ("dose", "other"):
        assert fitted.loc[term, "estimate"] == pytest.approx(other.params[term], abs=1e-5)
        assert fitted.loc[term, "se"] == pytest.approx(other.bse[term], rel=0.02)


def test_hc1_is_the_sandwich_times_n_over_degrees_of_freedom(simulated):
    design = pd.get_dummies(simulated["period"], dtype=float).assign(dose=simulated["dose"])
    plain = sm.GLM(simulated["events"], design, family=sm.families.Poisson()).fit()
    x, mean = design.to_numpy(float), plain.fittedvalues.to_numpy()
    bread = np.linalg.inv(x.T @ (mean[:, None] * x))
    meat = x.T @ ((simulated["events"].to_numpy() - mean)[:, None] ** 2 * x)
    n, k = x.shape
    errors = np.sqrt(np.diag(bread @ meat @ bread) * n / (n - k))
    fitted = count_model(simulated, ["dose"]).set_index("errors")
    assert fitted.loc["HC1", "se"] == pytest.approx(errors[-1], rel=1e-6)


def test_columns_go_by_the_names_that_the_caller_gives(simulated):
    names = {"unit": "ward", "period": "week", "events": "falls"}
    renamed = simulated.rename(columns=names)
    first = count_model(simulated, ["dose"])
    second = count_model(renamed, ["dose"], outcome="falls", unit="ward", period="week")
    pd.testing.assert_frame_equal(first, second)
    assert (first["n"] == 300).all()
    assert (first["units"] == 30).all()
    assert (first["events"] == simulated["events"].sum()).all()


def test_the_order_of_rows_does_not_matter(simulated):
    shuffled = simulated.sample(frac=1, random_state=3)
    first, second = count_model(simulated, ["dose"]), count_model(shuffled, ["dose"])
    pd.testing.assert_frame_equal(first, second, rtol=1e-6)


def test_periods_without_any_event_change_nothing(simulated):
    empty = simulated.query("period == 0").assign(period=99, events=0)
    first = count_model(simulated, ["dose"])
    second = count_model(pd.concat([simulated, empty]), ["dose"])
    pd.testing.assert_frame_equal(first, second)


def test_too_few_units_for_the_terms_leave_the_error_by_unit_undefined(simulated):
    few = simulated[simulated["unit"] < "u03"]
    fitted = count_model(few, ["dose", "other"]).set_index(["term", "errors"])
    assert math.isnan(fitted.loc[("dose", "cluster"), "se"])
    assert fitted.loc[("dose", "HC1"), "se"] > 0


def test_terms_that_cannot_be_told_apart_are_undefined(simulated):
    twice = simulated.assign(other=simulated["dose"])
    assert count_model(twice, ["dose", "other"])["estimate"].isna().all()


def test_nothing_at_risk_is_undefined():
    fitted = count_model(pd.DataFrame(columns=["unit", "period", "events", "dose"]), ["dose"])
    assert fitted["estimate"].isna().all()
    assert set(fitted["units"]) == {0}


def test_a_rate_ratio_turns_with_its_sign():
    row = pd.Series({"estimate": 0.4, "low": -0.1, "high": 0.9, "n": 40})
    ratio = rate_ratio(row)
    turned = rate_ratio(-row.rename({"low": "high", "high": "low"}))
    assert ratio["value"] == pytest.approx(1 / turned["value"])
    assert ratio["low"] == pytest.approx(1 / turned["high"])
    assert ratio["low"] < 1 < ratio["high"]
