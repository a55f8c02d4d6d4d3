"""Brokerage between groups."""

from collections.abc import Hashable, Mapping
from itertools import combinations

import networkx as nx

ROLES = ["coordinator", "boundary", "itinerant", "liaison"]
"""What a broker can be to two others, by the groups of the three."""


def brokerage(
    graph: nx.Graph, groups: Mapping[Hashable, Hashable], node: Hashable
) -> dict[str, int]:
    """Count the pairs of neighbours that a node joins and that have no tie of their own, by role.

    Parameters
    ----------
    graph : Graph
        Ties without direction.
    groups : mapping
        Group of each node; a node without one is unknown.
    node : hashable
        The broker.

    Returns
    -------
    dict
        Counts by role. ``coordinator``: all three in one group; ``boundary`` (gatekeeper or
        representative, which ties without direction do not tell apart): the node shares the group
        of one neighbour; ``itinerant``: the neighbours share a group that is not the node's;
        ``liaison``: three groups. Pairs with an unknown group are left out.

    References
    ----------
    Gould and Fernandez (1989), Sociological Methodology 19, 89-126.

    Examples
    --------
    >>> graph = nx.star_graph(["hub", "a", "b", "c"])
    >>> brokerage(graph, {"hub": "north", "a": "south", "b": "west", "c": "west"}, "hub")
    {'coordinator': 0, 'boundary': 0, 'itinerant': 1, 'liaison': 2}
    """
    counts = dict.fromkeys(ROLES, 0)
    if groups.get(node) is None:
        return counts
    neighbours = [neighbour for neighbour in graph[node] if neighbour in groups]
    for first, second in combinations(neighbours, 2):
        if not graph.has_edge(first, second):
            counts[_role(groups[node], groups[first], groups[second])] += 1
    return counts


def _role(own: Hashable, first: Hashable, second: Hashable) -> str:
    """Name the role of a broker by its group and those of the two that it joins."""
    if first == second:
        return "coordinator" if first == own else "itinerant"
    return "boundary" if own in (first, second) else "liaison"
