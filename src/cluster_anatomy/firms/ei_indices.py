"""E-I indices: how far sets of ties stay within clusters or cross them."""

from collections.abc import Hashable, Mapping
from typing import NamedTuple

import pandas as pd

from cluster_anatomy.firms.ties import TIE_TYPES, having
from cluster_anatomy.methods.ei_index import ei_with_null
from cluster_anatomy.methods.randomness import DRAWS, SEED


def ei_edges(
    pairs: pd.DataFrame, foreign: str = "left_out"
) -> tuple[list[tuple[Hashable, Hashable]], dict[Hashable, Hashable]]:
    """Turn pairs into edges and groups for the E-I index.

    A node is an actor at a place: one that has ties from two places is two nodes. Its group is the
    cluster; where only the province is known, that province; abroad, the country.

    Parameters
    ----------
    pairs : DataFrame
        From `ties.collapse`.
    foreign : {"left_out", "external"}
        Whether ties with abroad are left out or count as external.

    Returns
    -------
    edges : list of tuple
        Two nodes each.
    groups : dict
        Group of each node.
    """
    kinds = ["local", "external"] + (["foreign"] if foreign == "external" else [])
    edges: list[tuple[Hashable, Hashable]] = []
    groups: dict[Hashable, Hashable] = {}
    for pair in pairs[pairs["kind"].isin(kinds)].to_dict("records"):
        group_of = {end: _group(pair, end) for end in ("source", "target")}
        source, target = (f"{pair[end]} @ {group}" for end, group in group_of.items())
        groups |= {source: group_of["source"], target: group_of["target"]}
        edges.append((source, target))
    return edges, groups


def _group(pair: Mapping, end: str) -> str:
    """Group of one end of a pair: cluster, else province; abroad the country."""
    at_home = pair[f"{end}_country"] == pair["seen_from"]
    group = pair[f"{end}_cluster"] if at_home else pair[f"{end}_country"]
    if pd.notna(group):
        return group
    admin = pair[f"{end}_admin"]
    return f"{admin} (city unknown)" if pd.notna(admin) else "unknown"


class TieSet(NamedTuple):
    """A set of pairs whose E-I index is computed."""

    scope: str
    member: str
    pairs: pd.DataFrame
    foreign: str = "left_out"
    cluster: str | None = None


def ei_table(
    pairs: pd.DataFrame, smallest: int = 5, draws: int = DRAWS, seed: int = SEED
) -> pd.DataFrame:
    """Compute the E-I index of all ties, of the sets they come from, of each type and cluster.

    The null deals clusters to the nodes in the country; nodes abroad stay where they are.

    Parameters
    ----------
    pairs : DataFrame
        From `ties.collapse`.
    smallest : int
        Ties (local and external) from which a cluster or a type is shown by itself.
    draws, seed : int
        See `ei_with_null`.

    Returns
    -------
    DataFrame
        The columns of the contract ``ei_index``.
    """
    rows = [
        {"country": country, **_ei_of(tie_set, draws, seed)}
        for country, part in pairs.groupby("seen_from")
        for sets in (
            _sets_by_finder(part, country == "China"),
            _sets_by_type(part, smallest),
            _sets_by_cluster(part, smallest),
        )
        for tie_set in sets
    ]
    key = ["country", "scope", "member", "foreign_ties"]
    columns = [*key, "internal", "external", "foreign", "unknown", "nodes"]
    columns += ["ei", "null_mean", "null_low", "null_high", "p", "draws", "seed"]
    return pd.DataFrame(rows)[columns].sort_values(key, ignore_index=True)


def _ei_of(tie_set: TieSet, draws: int, seed: int) -> dict:
    """Row of `ei_table` for one set of ties."""
    edges, groups = ei_edges(tie_set.pairs, tie_set.foreign)
    abroad = _countries_abroad(tie_set.pairs)
    touching, cluster = tie_set.pairs, tie_set.cluster
    if cluster is not None:
        ends = touching[["source_cluster", "target_cluster"]] == cluster
        touching = touching[ends.any(axis=1)]
    counts = touching["kind"].value_counts()
    return {
        "scope": tie_set.scope,
        "member": tie_set.member,
        "foreign_ties": tie_set.foreign,
        **ei_with_null(edges, groups, cluster, draws, seed, held=abroad),
        "foreign": counts.get("foreign", 0),
        "unknown": counts.get("unknown", 0),
    }


def _countries_abroad(pairs: pd.DataFrame) -> set[Hashable]:
    """Groups of the nodes abroad, which keep them in every draw: nobody moves between countries."""
    ends = pairs[["source_country", "target_country"]].stack().dropna()
    return set(ends) - set(pairs["seen_from"])


def _sets_by_finder(part: pd.DataFrame, split_by_finder: bool) -> list[TieSet]:
    """All ties of a country, those between organisations, and (China) by who found them."""
    persons = (part["source_type"] == "individual") | (part["target_type"] == "individual")
    sets = {"all": part, "organisations": part[~persons]}
    if split_by_finder:
        for finder in ("paper", "paper_coder", "regional"):
            sets[finder] = part[part["found_by"] == finder]
        sets["elsewhere"] = part[part["stated_in_paper"] == "no"]
    return [
        TieSet("all" if name == "all" else "set", name, pairs, foreign)
        for name, pairs in sets.items()
        for foreign in ("left_out", "external")
    ]


def _sets_by_type(part: pd.DataFrame, smallest: int) -> list[TieSet]:
    """The ties of each type that occurs often enough."""
    sets = [TieSet("tie_type", kind, having(part, [kind])) for kind in TIE_TYPES]
    return [
        each for each in sets if each.pairs["kind"].isin(["local", "external"]).sum() >= smallest
    ]


def _sets_by_cluster(part: pd.DataFrame, smallest: int) -> list[TieSet]:
    """All ties, once for each cluster that enough of them touch."""
    domestic = part[part["kind"].isin(["local", "external"])]
    crossing = domestic.loc[domestic["kind"] == "external", "target_cluster"]
    sizes = pd.concat([domestic["source_cluster"], crossing]).value_counts()
    return [
        TieSet("cluster", cluster, part, cluster=cluster)
        for cluster in sorted(sizes.index[sizes >= smallest])
    ]
