"""Distances of compositions, trees with support, and the adjusted Rand index."""

import math
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import jensenshannon, pdist

from cluster_anatomy.methods import similarity

MEASURES = ["jensen_shannon", "hellinger"]
TABLE = pd.DataFrame([[4, 2, 3, 2], [18, 24, 33, 13], [0, 6, 1, 0]], index=["a", "b", "c"])
COUNTS = st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=3), min_size=3, max_size=6)
LABELLINGS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12)


# distances


@pytest.mark.parametrize("measure", MEASURES)
def test_distance_is_nought_for_the_same_and_one_for_nothing_in_common(measure):
    table = pd.DataFrame([[1, 1, 0], [3, 3, 0], [0, 0, 5]], index=list("abc"))
    square = similarity.distances(table, measure)
    assert square.loc["a", "b"] == pytest.approx(0, abs=1e-12)
    assert square.loc["a", "c"] == pytest.approx(1)


def test_jensen_shannon_is_that_of_scipy():
    square = similarity.distances(TABLE)
    assert square.loc["a", "b"] == pytest.approx(
        jensenshannon(TABLE.loc["a"], TABLE.loc["b"], base=2)
    )
    # scipy's documented example: [1, 0] and [1/2, 1/2], 0.46450140402245893 in nats
    halves = similarity.pair_distances(np.array([[1.0, 0.0], [0.5, 0.5]]))
    assert halves[0] == pytest.approx(0.46450140402245893 / math.sqrt(math.log(2)))


def test_hellinger_is_that_by_the_coefficient_of_bhattacharyya():
    first, second = TABLE.loc["a"] / 11, TABLE.loc["b"] / 88
    affinity = np.sqrt(first * second).sum()
    assert similarity.distances(TABLE, "hellinger").loc["a", "b"] == pytest.approx(
        np.sqrt(1 - affinity)
    )


def test_another_measure_is_refused():
    with pytest.raises(ValueError, match="no measure 'cosine'"):
        similarity.distances(TABLE, "cosine")


@pytest.mark.parametrize("measure", MEASURES)
@settings(deadline=None)
@given(rows=COUNTS)
def test_both_measures_are_metrics_between_nought_and_one(measure, rows):
    square = similarity.distances(pd.DataFrame(rows), measure).to_numpy()
    assert (square == square.T).all()
    assert (np.diag(square) == 0).all()
    assert ((square >= 0) & (square <= 1 + 1e-12)).all()
    assert (square <= (square[:, :, None] + square[None, :, :]).min(axis=1) + 1e-6).all()


# trees


@settings(deadline=None)
@given(COUNTS, st.integers(1, 3))
def test_a_cut_is_that_of_scipy(rows, groups):
    steps = linkage(pdist(np.array(rows) + np.linspace(0, 0.1, len(rows))[:, None]), "average")
    mine = similarity.leaf_groups(steps, len(rows), groups)
    theirs = fcluster(steps, groups, "maxclust")
    if len(set(theirs)) == groups:  # scipy makes fewer groups of merges at one height
        assert list(pd.factorize(theirs)[0]) == list(mine)


def test_two_clear_groups_come_out_in_every_draw():
    table = pd.DataFrame([[50, 0], [49, 1], [0, 50], [1, 49]], index=list("abcd"))
    merges, members = similarity.tree(table, draws=99)
    assert members["group"].tolist() == ["A", "A", "B", "B"]
    assert (members[["group_support", "pair_support"]] == 1).all(axis=None)
    assert set(merges["members"]) == {"a|b", "c|d", "a|b|c|d"}
    assert merges["support"].tolist() == [1, 1, 1]


def test_a_tree_is_that_of_scipy():
    merges, _ = similarity.tree(TABLE, draws=1)
    profiles = TABLE.to_numpy() / TABLE.to_numpy().sum(axis=1, keepdims=True)
    steps = linkage(pdist(profiles, lambda a, b: jensenshannon(a, b, base=2)), "average")
    assert merges[["left", "right", "height", "size"]].to_numpy() == pytest.approx(steps)


def test_single_counts_carry_no_support_and_a_seed_gives_the_same_again():
    table = pd.DataFrame([[2, 1], [1, 2], [2, 2]], index=list("abc"))
    first, again = similarity.tree(table, draws=199)[1], similarity.tree(table, draws=199)[1]
    pd.testing.assert_frame_equal(first, again)
    assert first["group_support"].iloc[0] < 0.7


# groupings


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ([0, 0, 1, 1], [1, 1, 0, 0], 1.0),
        ([0, 0, 1, 2], [0, 0, 1, 1], 0.571),  # scikit-learn's documented example
        ([0, 0, 1, 1], [0, 0, 1, 2], 0.571),
        ([0, 0, 0, 0], [0, 1, 2, 3], 0.0),
        ([0, 0, 1, 1], [0, 1, 0, 1], -0.5),
    ],
)
def test_adjusted_rand(first, second, value):
    assert similarity.adjusted_rand(first, second) == pytest.approx(value, abs=1e-3)


def test_adjusted_rand_is_the_rand_index_less_its_mean_over_all_permutations():
    first, second = [0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2]

    def rand(a, b):
        pairs = [(i, j) for i in range(6) for j in range(i)]
        return np.mean([(a[i] == a[j]) == (b[i] == b[j]) for i, j in pairs])

    expected = np.mean([rand(first, way) for way in permutations(second)])
    assert similarity.adjusted_rand(first, second) == pytest.approx(
        (rand(first, second) - expected) / (1 - expected)
    )


@given(LABELLINGS, st.permutations(range(4)), st.randoms())
def test_adjusted_rand_depends_on_who_is_with_whom_only(pairs, names, random):
    first, second = zip(*pairs, strict=True)
    value = similarity.adjusted_rand(first, second)
    assert value == pytest.approx(similarity.adjusted_rand(second, first), nan_ok=True)
    renamed = [names[group] for group in first]
    assert value == pytest.approx(similarity.adjusted_rand(renamed, second), nan_ok=True)
    shuffled = zip(*random.sample(pairs, len(pairs)), strict=True)
    assert value == pytest.approx(similarity.adjusted_rand(*shuffled), nan_ok=True)
    assert math.isnan(value) or value <= 1 + 1e-12


def test_the_null_is_all_ways_to_hand_out_the_labels():
    perfect = similarity.rand_test([0, 0, 0, 0, 0, 0, 1, 1], ["e"] * 6 + ["p"] * 2)
    assert (perfect["value"], perfect["ways"], perfect["draws"]) == (1, 28, 0)
    assert perfect["p"] == pytest.approx(1 / 28)
    drawn = similarity.rand_test([0] * 10 + [1] * 10, ["e"] * 10 + ["p"] * 10, draws=99)
    assert (drawn["draws"], drawn["p"]) == (99, pytest.approx(0.01))
    assert math.isnan(similarity.rand_test([0, 0], ["e", "e"])["p"])


def test_gap_between_labels():
    square = np.array([[0, 1, 3, 3], [1, 0, 3, 3], [3, 3, 0, 1], [3, 3, 1, 0]])
    assert similarity.gap(square, list("aabb")) == 2
    assert math.isnan(similarity.gap(square, list("aaaa")))
    assert math.isnan(similarity.gap(square, list("abcd")))
