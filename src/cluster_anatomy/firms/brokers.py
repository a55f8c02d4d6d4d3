"""Brokers: the actors whose ties join clusters."""

import networkx as nx
import pandas as pd

from cluster_anatomy.methods.brokerage import ROLES, brokerage


def brokers(pairs: pd.DataFrame) -> pd.DataFrame:
    """List the actors that join clusters.

    Betweenness (Freeman 1977) is computed on all ties of a country. Brokerage follows Gould and
    Fernandez (1989), without direction: an actor brokers two neighbours that have no tie of their
    own. The clusters of the three say which role that is.

    Parameters
    ----------
    pairs : DataFrame
        From `ties.collapse`.

    Returns
    -------
    DataFrame
        Actors with ties to two clusters or more: the columns of the contract ``brokers``, most
        pairs of clusters first within a country.
    """
    rows = []
    for country, part in pairs.groupby("seen_from"):
        graph = nx.Graph()
        graph.add_nodes_from(sorted({*part["source"], *part["target"]}))
        graph.add_edges_from(part[["source", "target"]].itertuples(index=False, name=None))
        about = _about(part)
        cluster = about["cluster"].dropna().to_dict()
        betweenness = nx.betweenness_centrality(graph)
        for actor in graph:
            near = sorted(graph[actor])
            clusters = {cluster[neighbour] for neighbour in near if neighbour in cluster}
            if len(clusters) > 1:
                roles = brokerage(graph, cluster, actor)
                row = {"country": country, "actor": actor, **about.loc[actor].to_dict()}
                row |= {"ties": len(near), "clusters": len(clusters)}
                row |= {"cluster_pairs": len(clusters) * (len(clusters) - 1) // 2}
                rows.append(row | roles | {"betweenness": betweenness[actor]})
    columns = ["country", "actor", "firm_id", "type", "cluster"]
    columns += ["ties", "clusters", "cluster_pairs"]
    table = pd.DataFrame(rows, columns=[*columns, *ROLES, "betweenness"])
    order = ["country", "cluster_pairs", "betweenness", "actor"]
    return table.sort_values(order, ascending=[True, False, False, True], ignore_index=True)


def _about(pairs: pd.DataFrame) -> pd.DataFrame:
    """Firm id, kind and most frequent cluster of each actor of some pairs."""
    about = ["firm_id", "type", "cluster", "country"]
    ends = pd.concat(
        [
            pairs[[end, *(f"{end}_{what}" for what in about)]].set_axis(["actor", *about], axis=1)
            for end in ("source", "target")
        ]
    )
    table = ends.groupby("actor")[["firm_id", "type"]].first()
    seats = (
        ends.groupby(["actor", "cluster"])
        .size()
        .reset_index(name="n")
        .sort_values(["n", "cluster"], ascending=[False, True])
    )
    table["cluster"] = seats.drop_duplicates("actor").set_index("actor")["cluster"]
    return table
