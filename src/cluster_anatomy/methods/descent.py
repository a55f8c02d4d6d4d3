"""Who descends from whom."""

from collections.abc import Hashable, Iterable

import networkx as nx
import pandas as pd

COLUMNS = ["child", "generation", "chain"]


def descent(edges: Iterable[tuple[Hashable, Hashable]], ancestor: Hashable) -> pd.DataFrame:
    """Return who descends from an ancestor, in which generation.

    Parameters
    ----------
    edges : iterable of pairs
        Parent and child; a child may have several parents.
    ancestor : hashable
        Where to start.

    Returns
    -------
    DataFrame
        ``child``, ``generation`` (steps on the shortest way; 1 is a child), ``chain`` (steps on the
        longest way), sorted by generation and name; without rows where nobody descends.

    Raises
    ------
    ValueError
        If a node descends from itself.

    References
    ----------
    Kahn (1962), Communications of the ACM 5, 558-562: nodes from the roots down, by which the
    longest way needs each tie once.

    Examples
    --------
    >>> descent([("a", "b"), ("b", "c"), ("a", "c")], "a")
      child  generation  chain
    0     b           1      1
    1     c           1      2
    """
    return _below(*_sorted_graph(edges), ancestor)


def families(edges: Iterable[tuple[Hashable, Hashable]]) -> pd.DataFrame:
    """Return who descends from each root: a node without parents.

    Parameters
    ----------
    edges : iterable of pairs
        Parent and child; a child may have several parents, and so belong to several families.

    Returns
    -------
    DataFrame
        ``root``, and the columns of `descent`; sorted by root, generation and name.

    Raises
    ------
    ValueError
        If a node descends from itself.

    References
    ----------
    As for `descent`.

    Examples
    --------
    >>> families([("a", "b"), ("b", "c"), ("z", "c")])
      root child  generation  chain
    0    a     b           1      1
    1    a     c           2      2
    2    z     c           1      1
    """
    graph, order = _sorted_graph(edges)
    parts = [
        _below(graph, order, root).assign(root=root)
        for root in sorted(node for node, parents in graph.in_degree() if not parents)
    ]
    columns = ["root", *COLUMNS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _sorted_graph(
    edges: Iterable[tuple[Hashable, Hashable]],
) -> tuple[nx.DiGraph, list[Hashable]]:
    """Return the graph of parents and children, and its nodes from the roots down."""
    graph = nx.DiGraph(list(edges))
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError(f"A node descends from itself: {nx.find_cycle(graph)}")
    return graph, list(nx.topological_sort(graph))


def _below(graph: nx.DiGraph, order: list[Hashable], ancestor: Hashable) -> pd.DataFrame:
    """Return the table of `descent` from a graph without cycles."""
    if ancestor not in graph:
        return pd.DataFrame(columns=COLUMNS)
    shortest = nx.single_source_shortest_path_length(graph, ancestor)
    longest = {ancestor: 0}
    for node in order:
        if node in longest:
            for child in graph[node]:
                longest[child] = max(longest.get(child, 0), longest[node] + 1)
    rows = [(child, shortest[child], longest[child]) for child in longest if child != ancestor]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values(["generation", "child"], ignore_index=True)
