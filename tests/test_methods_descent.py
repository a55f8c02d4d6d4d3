"""Who descends from whom."""

import networkx as nx
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_anatomy.methods.descent import descent, families

EDGES = [("root", "a"), ("root", "b"), ("a", "c"), ("c", "d"), ("b", "d"), ("other", "d")]
PAIRS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]),
    min_size=1,
    max_size=20,
)
"""Ties from smaller to larger numbers: never a circle."""


def test_generations_of_a_hand_made_tree():
    family = descent(EDGES, "root").set_index("child")
    assert family["generation"].to_dict() == {"a": 1, "b": 1, "c": 2, "d": 2}
    assert family["chain"].to_dict() == {"a": 1, "b": 1, "c": 2, "d": 3}
    assert descent(EDGES, "nobody").empty
    assert descent(EDGES, "d").empty


@pytest.mark.parametrize("function", [families, lambda edges: descent(edges, "root")])
def test_nothing_descends_from_itself(function):
    with pytest.raises(ValueError, match="descends from itself"):
        function([*EDGES, ("d", "root")])


@given(PAIRS)
def test_generations_and_chains_are_those_of_networkx(edges):
    graph = nx.DiGraph(edges)
    for ancestor in graph:
        family = descent(edges, ancestor).set_index("child")
        assert set(family.index) == nx.descendants(graph, ancestor)
        for child, row in family.iterrows():
            ways = [len(way) - 1 for way in nx.all_simple_paths(graph, ancestor, child)]
            assert (row["generation"], row["chain"]) == (min(ways), max(ways))
        inside = graph.subgraph({ancestor, *family.index})
        assert nx.dag_longest_path_length(inside) == max(family["chain"], default=0)


@given(PAIRS)
def test_families_are_the_descendants_of_every_root(edges):
    roots = {parent for parent, _ in edges} - {child for _, child in edges}
    table = families(edges)
    assert list(table["root"].unique()) == sorted(roots)
    assert set(table["child"]) == {child for _, child in edges}
    for root, family in table.groupby("root"):
        own = family.drop(columns="root").reset_index(drop=True)
        pd.testing.assert_frame_equal(own, descent(edges, root))


def test_no_ties_make_no_family():
    assert list(families([]).columns) == ["root", "child", "generation", "chain"]
    assert families([]).empty
