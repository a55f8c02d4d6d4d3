"""Brokerage between groups."""

from collections.abc import Hashable, Mapping
from itertools import combinations

import networkx as nx

ROLES = ["coordinator", "boundary", "itinerant", "liaison"]


def brokerage(
    graph: nx.Graph, groups: Mapping[Hashable, Hashable], actor: Hashable
) -> dict[str, int]:
    """Count the open triads that an actor closes, by role (Gould and Fernandez 1989, without
    direction).

    Returns
    -------
    dict
        ``coordinator``: all three in one group; ``boundary`` (gatekeeper or representative): the
        actor shares the group of one neighbour; ``itinerant``: the neighbours share a group that is
        not the actor's; ``liaison``: three groups. Triads with an unknown group are left out.

    Examples
    --------
    >>> graph = nx.star_graph(["hub", "a", "b"])
    >>> brokerage(graph, {"hub": "Beijing", "a": "Tonghua", "b": "Shenzhen"}, "hub")["liaison"]
    1
    """
    counts = dict.fromkeys(ROLES, 0)
    own = groups.get(actor)
    near = [one for one in graph[actor] if one in groups]
    for one, other in combinations(near if own is not None else [], 2):
        if not graph.has_edge(one, other):
            a, b = groups[one], groups[other]
            role = (
                ("coordinator" if a == own else "itinerant")
                if a == b
                else "boundary"
                if own in (a, b)
                else "liaison"
            )
            counts[role] += 1
    return counts
