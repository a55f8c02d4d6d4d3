"""The bootstrap over families of linked units."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS

from cluster_anatomy.methods.bootstrap import family_bootstrap, linked_families

PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9)), max_size=8)


def group(hits, families=None):
    """A group of units; without families each is one of its own."""
    return pd.DataFrame({"hit": hits, "family": families or [None] * len(hits)})


def test_units_hang_together_through_chains_and_through_others():
    families = linked_families(
        "abcdef", [("a", "b"), ("b", "c"), ("e", "x"), ("x", "y"), ("y", "f")]
    )
    assert families.to_dict() == {"a": 0, "b": 0, "c": 0, "d": 1, "e": 2, "f": 2}
    assert linked_families([], []).empty


@given(PAIRS)
def test_families_are_equivalence_classes(links):
    families = linked_families(range(8), links)
    for first, second in links:
        if second < 8:
            assert families[first] == families[second]
    assert sorted(set(families)) == list(range(families.nunique()))
    turned = linked_families(range(8), [(second, first) for first, second in links])
    assert families.equals(turned)


def test_the_interval_is_that_of_all_resamples():
    """Three families a group: 27 resamples each, all 729 pairs by hand."""
    first = group([True, True, False, True, None], list("aabcc"))
    second = group([False, True, False, False], list("xyyz"))
    counts = [np.array([[2, 2], [0, 1], [1, 1]]), np.array([[0, 1], [1, 2], [0, 1]])]
    shares = [
        [
            part[list(drawn), 0].sum() / part[list(drawn), 1].sum()
            for drawn in product(range(3), repeat=3)
        ]
        for part in counts
    ]
    every = np.subtract.outer(*shares).ravel()
    result = family_bootstrap(first, second)
    assert result["value"] == pytest.approx(3 / 4 - 1 / 4)
    assert (result["low"], result["high"]) == pytest.approx(
        tuple(np.percentile(every, [2.5, 97.5])),
        abs=0.02,  # the next value of all
    )
    assert (result["n"], result["n2"], result["families"], result["families2"]) == (4, 4, 3, 3)
    assert result["undefined"] == 0
    assert result == family_bootstrap(first, second)


def test_units_without_links_give_the_interval_of_scipy():
    rng = np.random.default_rng(3)
    first, second = rng.random(60) < 0.6, rng.random(50) < 0.3
    result = family_bootstrap(group(first), group(second))
    other = stats.bootstrap(
        (first, second),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        method="percentile",
        rng=np.random.default_rng(5),
    ).confidence_interval
    assert (result["low"], result["high"]) == pytest.approx((other.low, other.high), abs=0.015)
    assert (result["families"], result["families2"]) == (60, 50)


def test_families_widen_the_interval_as_clustered_errors_do():
    """Families of four that agree: half the number of independent units, as statsmodels says."""
    rng = np.random.default_rng(11)
    hits = np.repeat(rng.random((2, 40)) < 0.5, 4, axis=1)
    families = np.repeat(np.arange(80).reshape(2, 40), 4, axis=1)
    linked = family_bootstrap(*(group(hits[k], list(families[k])) for k in (0, 1)))
    alone = family_bootstrap(*(group(hits[k]) for k in (0, 1)))
    ratio = (linked["high"] - linked["low"]) / (alone["high"] - alone["low"])
    assert ratio == pytest.approx(2, rel=0.08)
    design = np.column_stack([np.ones(320), np.repeat([1, 0], 160)])
    fit = OLS(hits.ravel().astype(float), design).fit(
        cov_type="cluster", cov_kwds={"groups": families.ravel(), "use_correction": False}
    )
    assert (linked["high"] - linked["low"]) / 3.92 == pytest.approx(fit.bse[1], rel=0.06)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=12),
    st.lists(st.tuples(st.booleans(), st.integers(5, 9)), min_size=1, max_size=12),
)
def test_the_difference_changes_sign_with_its_sides_and_holds_its_range(first, second):
    groups = [group(*map(list, zip(*units, strict=True))) for units in (first, second)]
    there, back = (family_bootstrap(*way, draws=499) for way in (groups, groups[::-1]))
    assert there["value"] == pytest.approx(-back["value"])
    assert -1 <= there["low"] <= there["high"] <= 1
    assert there["families"] == back["families2"] == groups[0]["family"].nunique()


def test_a_family_in_both_groups_is_refused():
    with pytest.raises(ValueError, match="both groups"):
        family_bootstrap(group([True], ["a"]), group([False], ["a"]))


def test_what_is_unknown_is_no_miss():
    first, second = group([True, None, None], list("abc")), group([False, False], list("xy"))
    result = family_bootstrap(first, second)
    assert (result["value"], result["n"]) == (1, 1)
    # without the first family nothing is known: (2 / 3) cubed of all samples
    assert result["undefined"] / result["draws"] == pytest.approx((2 / 3) ** 3, abs=0.02)
    nothing = family_bootstrap(group([None]), second, draws=9)
    assert math.isnan(nothing["value"])
    assert math.isnan(nothing["low"])
    empty = family_bootstrap(group([]), second, draws=9)
    assert (math.isnan(empty["value"]), empty["families"], empty["undefined"]) == (True, 0, 9)
