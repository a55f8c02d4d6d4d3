"""Who descends from whom."""

from collections.abc import Hashable, Iterable

import networkx as nx
import pandas as pd


def descent(edges: Iterable[tuple[Hashable, Hashable]], ancestor: Hashable) -> pd.DataFrame:
    """Return who descends from an ancestor, in which generation.

    Parameters
    ----------
    edges : iterable of pairs
        Parent and child.
    ancestor : hashable
        Where to start.

    Returns
    -------
    DataFrame
        ``child``, ``generation`` (steps on the shortest way; 1 is a child), ``chain`` (steps on the
        longest way), sorted by generation and name.

    Raises
    ------
    ValueError
        If someone descends from himself.

    Examples
    --------
    >>> descent([("Hybritech", "Gen-Probe"), ("Gen-Probe", "Ligand"), ("Hybritech", "IDEC")], "Hybritech")["chain"].max()
    np.int64(2)
    """
    return descent_in(*acyclic(edges), ancestor)


def acyclic(edges: Iterable[tuple[Hashable, Hashable]]) -> tuple[nx.DiGraph, list]:
    """Return the graph of parents and children, and its nodes from the roots down."""
    graph = nx.DiGraph(list(edges))
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError(f"Someone descends from himself: {nx.find_cycle(graph)}")
    return graph, list(nx.topological_sort(graph))


def descent_in(graph: nx.DiGraph, order: list, ancestor: Hashable) -> pd.DataFrame:
    if ancestor not in graph:
        return pd.DataFrame(columns=["child", "generation", "chain"])
    shortest = nx.single_source_shortest_path_length(graph, ancestor)
    longest = {ancestor: 0}
    for node in order:
        if node in longest:
            for child in graph[node]:
                longest[child] = max(longest.get(child, 0), longest[node] + 1)
    rows = [(child, shortest[child], longest[child]) for child in longest if child != ancestor]
    table = pd.DataFrame(rows, columns=["child", "generation", "chain"])
    return table.sort_values(["generation", "child"], ignore_index=True)
