"""Brokerage between groups."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_anatomy.methods.brokerage import ROLES, brokerage


def test_roles_of_gould_and_fernandez():
    graph = nx.star_graph(["v", "a", "b", "c", "d"])
    groups = {"v": "X", "a": "X", "b": "X", "c": "Y", "d": "Y"}
    # a-b inside X; c-d both in Y; a-c, a-d, b-c, b-d across v's border
    assert brokerage(graph, groups, "v") == {
        "coordinator": 1,
        "boundary": 4,
        "itinerant": 1,
        "liaison": 0,
    }
    graph.add_edge("a", "c")
    assert brokerage(graph, groups, "v")["boundary"] == 3
    assert sum(brokerage(graph, groups, "d").values()) == 0


def test_what_has_no_group_brokers_nothing_and_is_not_brokered():
    graph = nx.star_graph(["v", "a", "b"])
    assert sum(brokerage(graph, {"a": 1, "b": 1}, "v").values()) == 0
    assert sum(brokerage(graph, {"v": 1, "a": 1}, "v").values()) == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_roles_agree_with_products_of_matrices(seed):
    """Paths of two steps by group, in plain linear algebra: ordered pairs, so twice each."""
    graph = nx.gnm_random_graph(10, 18, seed=seed)
    groups = {node: node % 3 for node in graph}
    ties = nx.to_numpy_array(graph, nodelist=range(10))
    member = np.array([[groups[node] == group for group in range(3)] for node in range(10)])
    absent = 1 - ties - np.eye(10)
    for node in graph:
        # by group of the first and of the second neighbour
        open_pairs = member.T @ (np.outer(ties[node], ties[node]) * absent) @ member
        own = groups[node]
        others = [group for group in range(3) if group != own]
        roles = brokerage(graph, groups, node)
        assert 2 * roles["coordinator"] == open_pairs[own, own]
        assert 2 * roles["boundary"] == 2 * open_pairs[own, others].sum()
        assert 2 * roles["itinerant"] == sum(open_pairs[group, group] for group in others)
        assert 2 * roles["liaison"] == 2 * open_pairs[others[0], others[1]]


@pytest.mark.parametrize("size", [3, 6])
def test_the_hub_of_a_star_brokers_every_pair(size):
    graph = nx.star_graph(size)
    groups = {node: node for node in graph}
    roles = brokerage(graph, groups, 0)
    assert roles == dict.fromkeys(ROLES, 0) | {"liaison": size * (size - 1) // 2}
    # betweenness of networkx counts the same pairs
    assert roles["liaison"] == nx.betweenness_centrality(graph, normalized=False)[0]
