"""The E-I index and its null."""

from itertools import permutations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_anatomy.methods.ei_index import ei_index, ei_with_null


def test_ei_by_hand_and_at_its_extremes():
    groups = {"a": 1, "b": 1, "c": 2, "d": 2}
    inside, across = [("a", "b"), ("c", "d")], [("a", "c"), ("b", "d"), ("a", "d")]
    assert ei_index(inside, groups)["ei"] == -1
    assert ei_index(across, groups)["ei"] == 1
    assert ei_index(inside + across, groups) == {
        "internal": 2,
        "external": 3,
        "ei": pytest.approx(0.2),
    }
    assert ei_index([("a", "b"), ("a", "c")], groups, member=1)["ei"] == 0
    assert np.isnan(ei_index(inside, groups, member=3)["ei"])
    assert np.isnan(ei_with_null([], groups)["p"])


def test_a_node_without_a_group_is_an_error():
    with pytest.raises(KeyError):
        ei_index([("a", "b")], {"a": 1})


def test_the_karate_club_of_zachary_1977_keeps_to_itself():
    """The split cuts 11 of the 78 ties (networkx, `cut_size`)."""
    club = nx.karate_club_graph()
    groups = nx.get_node_attributes(club, "club")
    side = [node for node in club if groups[node] == "Officer"]
    cut = nx.cut_size(nx.Graph(club.edges), side)
    result = ei_with_null(club.edges, groups, draws=999)
    assert (result["external"], result["internal"]) == (cut, 78 - cut) == (11, 67)
    assert result["ei"] == pytest.approx((11 - 67) / 78)
    # 17 and 17 of 34: two members of one club meet by chance with 16 of 33
    assert result["null_mean"] == pytest.approx(1 - 2 * 16 / 33, abs=0.02)
    assert result["p"] == pytest.approx(2 / 1000)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_ei_agrees_with_the_mixing_matrix_of_networkx(seed):
    graph = nx.gnm_random_graph(12, 20, seed=seed)
    groups = {node: node % 3 for node in graph}
    nx.set_node_attributes(graph, groups, "group")
    inside = np.trace(nx.attribute_mixing_matrix(graph, "group"))
    value = ei_index(graph.edges, groups)["ei"]
    assert value == pytest.approx(1 - 2 * inside)
    assert -1 <= value <= 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.permutations("xyz"))
def test_ei_depends_neither_on_directions_nor_on_names(seed, names):
    graph = nx.gnm_random_graph(12, 20, seed=seed)
    groups = {node: node % 3 for node in graph}
    renamed = {node: names[group] for node, group in groups.items()}
    turned = [(second, first) for first, second in graph.edges]
    assert ei_index(graph.edges, groups) == ei_index(turned, renamed)
    whole = ei_index(graph.edges, groups)
    parts = [ei_index(graph.edges, groups, member) for member in range(3)]
    assert sum(part["internal"] for part in parts) == whole["internal"]
    assert sum(part["external"] for part in parts) == 2 * whole["external"]


@pytest.mark.parametrize("member", [None, 1])
def test_the_null_agrees_with_all_permutations(member):
    groups = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "f": 3}
    edges = [("a", "b"), ("b", "c"), ("d", "e"), ("e", "f"), ("a", "d")]
    dealt = [dict(zip(groups, labels, strict=True)) for labels in permutations(groups.values())]
    every = np.array([ei_index(edges, way, member)["ei"] for way in dealt])
    every = every[~np.isnan(every)]
    result = ei_with_null(edges, groups, member, draws=9_999)
    exact = min(
        1, 2 * min((every <= result["ei"] + 1e-12).mean(), (every >= result["ei"] - 1e-12).mean())
    )
    assert result["p"] == pytest.approx(exact, abs=0.02)
    assert result["null_mean"] == pytest.approx(every.mean(), abs=0.02)
    assert result == ei_with_null(edges, groups, member, draws=9_999)


def test_the_expected_index_of_one_random_tie():
    # two nodes out of 10 in groups of 5: they share a group with 4/9
    groups = {node: node % 2 for node in range(10)}
    edges = [(node, (node + 1) % 10) for node in range(10)]
    assert ei_with_null(edges, groups)["null_mean"] == pytest.approx(1 - 2 * 4 / 9, abs=0.01)


@pytest.mark.parametrize("member", [None, 1])
def test_groups_that_are_held_stay_with_their_nodes(member):
    """All ways to deal places out among the nodes at home, by hand."""
    groups = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "x": "abroad", "y": "abroad"}
    edges = [("a", "b"), ("b", "c"), ("d", "e"), ("a", "x"), ("e", "y"), ("x", "y")]
    counted = edges[:-1]
    home = list("abcde")
    every = []
    for labels in permutations(groups[node] for node in home):
        way = groups | dict(zip(home, labels, strict=True))
        every.append(ei_index(counted, way, member)["ei"])
    every = np.array(every)
    result = ei_with_null(edges, groups, member, held=["abroad"])
    assert result["ei"] == ei_index(counted, groups, member)["ei"]
    assert result["nodes"] == 5
    assert result["null_mean"] == pytest.approx(every.mean(), abs=0.02)
    exact = min(1, 2 * min((every <= result["ei"] + 1e-12).mean(), (every >= result["ei"]).mean()))
    assert result["p"] == pytest.approx(exact, abs=0.02)


def test_ties_that_are_all_held_have_no_index():
    groups = {"x": "abroad", "y": "abroad"}
    result = ei_with_null([("x", "y")], groups, held={"abroad"})
    assert (result["internal"], result["external"], result["nodes"]) == (0, 0, 0)
    assert np.isnan([result["ei"], result["null_mean"], result["p"]]).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_holding_nothing_that_occurs_changes_nothing(seed):
    graph = nx.gnm_random_graph(9, 14, seed=seed)
    groups = {node: node % 3 for node in graph}
    free = ei_with_null(graph.edges, groups, draws=99)
    assert ei_with_null(graph.edges, groups, draws=99, held=["elsewhere"]) == free
    # a node that is tied to nobody at home only ever adds external ties
    fixed = ei_with_null(
        [*graph.edges, (0, "x")], groups | {"x": "abroad"}, draws=99, held=["abroad"]
    )
    assert fixed["external"] == free["external"] + 1
    assert fixed["internal"] == free["internal"]
