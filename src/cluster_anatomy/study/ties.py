"""Step 06: who is tied to whom, and how far ties reach.

A tie joins two *actors* (firms, organisations, persons). What coders wrote in several rows or under
several names is collapsed to pairs of actors before anything is counted. Ties are what someone
found and wrote down: they are no sample of anything, so every count and share describes the set of
ties it names.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple

import networkx as nx
import pandas as pd

from cluster_anatomy.firms.ties import (
    ACADEMIA,
    CHANNELS,
    KINDS,
    TIE_TYPES,
    described,
    first_known,
    having,
    measured,
    neither_at_home,
    stated,
)
from cluster_anatomy.methods.brokerage import ROLES, brokerage
from cluster_anatomy.methods.ei_index import ei_with_null
from cluster_anatomy.methods.randomness import DRAWS, SEED
from cluster_anatomy.results.numbers import result
from cluster_anatomy.tables.cells import split


def kind_share(
    pairs: pd.DataFrame, kind: str, among: Iterable[str] = ("local", "external", "foreign")
) -> dict[str, float]:
    """Describe what part of the pairs of known kind has one kind.

    Parameters
    ----------
    pairs : DataFrame
        With ``kind``.
    kind : str
        ``local``, ``external`` or ``foreign``.
    among : iterable of str
        Kinds that are compared; with ``("local", "external")`` foreign ties are left out.
    """
    counts = pairs["kind"].value_counts()
    n = int(sum(counts.get(each, 0) for each in among))
    return described(int(counts.get(kind, 0)), n, int(counts.get("unknown", 0)))


def kind_results(id: str, table: pd.DataFrame, what: str, frame: str) -> list[dict]:
    """Make one result per kind of tie, counted among all of a table.

    Parameters
    ----------
    id : str
        Id of the results, with ``{kind}`` in it.
    table : DataFrame
        With ``kind``.
    what : str
        What its rows are, for the sentence.
    frame : str
        The set of ties.

    Returns
    -------
    list of dict
        From `results.result`, one for each of `KINDS`, unknown included.
    """
    counts: dict[str, dict[str, float]] = {
        kind: {"value": int((table["kind"] == kind).sum()), "n": len(table)} for kind in KINDS
    }
    return [
        result(
            id.format(kind=kind),
            count,
            f"{{value}} of {{n}} {what} are {kind}.",
            frame=frame,
            unit="count",
        )
        for kind, count in counts.items()
    ]


def kind_counts(pairs: pd.DataFrame, by: str) -> pd.DataFrame:
    """Count pairs by kind in each group, with the share of external among domestic ties.

    Returns
    -------
    DataFrame
        Index ``by``; ``local``, ``external``, ``foreign``, ``unknown``, ``pairs``,
        ``external_of_domestic``.
    """
    table = pd.crosstab(pairs[by], pairs["kind"]).reindex(columns=KINDS, fill_value=0)
    domestic = table["local"] + table["external"]
    return table.assign(
        pairs=table.sum(axis=1),
        external_of_domestic=table["external"] / domestic.where(domestic > 0),
    )


def by_type(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pair and tie type (column ``tie_type``), with its channel."""
    table = pairs.assign(tie_type=pairs["tie_types"].map(split)).explode(
        "tie_type", ignore_index=True
    )
    channel = {kind: name for name, kinds in CHANNELS.items() for kind in kinds}
    return table.assign(channel=table["tie_type"].map(channel))


def ei_edges(
    pairs: pd.DataFrame, foreign: str = "left_out"
) -> tuple[list[tuple[Hashable, Hashable]], dict[Hashable, Hashable]]:
    """Turn pairs into edges and groups for the E-I index.

    A node is an actor at a place: one that has ties from two places is two nodes. Its group is the
    cluster; where only the province is known, that province; abroad, the country.

    Parameters
    ----------
    pairs : DataFrame
        From `collapse`.
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

    Parameters
    ----------
    pairs : DataFrame
        From `collapse`.
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
    touching, cluster = tie_set.pairs, tie_set.cluster
    if cluster is not None:
        ends = touching[["source_cluster", "target_cluster"]] == cluster
        touching = touching[ends.any(axis=1)]
    counts = touching["kind"].value_counts()
    return {
        "scope": tie_set.scope,
        "member": tie_set.member,
        "foreign_ties": tie_set.foreign,
        **ei_with_null(edges, groups, cluster, draws, seed),
        "foreign": counts.get("foreign", 0),
        "unknown": counts.get("unknown", 0),
    }


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
    return [one for one in sets if one.pairs["kind"].isin(["local", "external"]).sum() >= smallest]


def _sets_by_cluster(part: pd.DataFrame, smallest: int) -> list[TieSet]:
    """All ties, once for each cluster that enough of them touch."""
    domestic = part[part["kind"].isin(["local", "external"])]
    crossing = domestic.loc[domestic["kind"] == "external", "target_cluster"]
    sizes = pd.concat([domestic["source_cluster"], crossing]).value_counts()
    return [
        TieSet("cluster", cluster, part, cluster=cluster)
        for cluster in sorted(sizes.index[sizes >= smallest])
    ]


def brokers(pairs: pd.DataFrame) -> pd.DataFrame:
    """List the actors that join clusters.

    Betweenness (Freeman 1977) is computed on all ties of a country. Brokerage follows Gould and
    Fernandez (1989), without direction: an actor brokers two neighbours that have no tie of their
    own. The clusters of the three say which role that is.

    Parameters
    ----------
    pairs : DataFrame
        From `collapse`.

    Returns
    -------
    DataFrame
        Actors with ties to two clusters or more: the columns of the contract ``brokers``, most
        pairs of clusters first within a country.
    """
    parts = []
    for country, part in pairs.groupby("seen_from"):
        graph = nx.Graph()
        graph.add_nodes_from(sorted({*part["source"], *part["target"]}))
        graph.add_edges_from(part[["source", "target"]].itertuples(index=False, name=None))
        about = _about(part)
        cluster = about["cluster"].dropna().to_dict()
        between_all = nx.betweenness_centrality(graph)
        for actor in graph:
            near = sorted(graph[actor])
            clusters = {cluster[neighbour] for neighbour in near if neighbour in cluster}
            if len(clusters) > 1:
                roles = brokerage(graph, cluster, actor)
                row = {
                    "country": country,
                    "actor": actor,
                    **about.loc[actor].to_dict(),
                    "ties": len(near),
                }
                row |= {
                    "clusters": len(clusters),
                    "cluster_pairs": len(clusters) * (len(clusters) - 1) // 2,
                }
                parts.append(row | roles | {"betweenness": between_all[actor]})
    columns = [
        "country",
        "actor",
        "firm_id",
        "type",
        "cluster",
        "ties",
        "clusters",
        "cluster_pairs",
    ]
    table = pd.DataFrame(parts, columns=[*columns, *ROLES, "betweenness"])
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


def acquisitions(located: pd.DataFrame) -> pd.DataFrame:
    """List who bought whom (contract ``acquisitions``), one row per buyer and bought."""
    rows = located[
        (located["tie_type"] == "acquired")
        & (located["source"] != located["target"])
        & ~neither_at_home(located)
    ]
    rows = measured(rows).assign(
        stated_in_paper=stated(rows),
    )
    table = rows.groupby(["seen_from", "source", "target"], sort=True).agg(
        buyer_cluster=("source_cluster", "first"),
        bought_cluster=("target_cluster", "first"),
        bought_firm_id=("target_firm_id", "first"),
        year=("year", "min"),
        kind=("kind", first_known),
        kilometres=("kilometres", "first"),
        stated_in_paper=("stated_in_paper", "max"),
    )
    return table.rename_axis(["country", "buyer", "bought"]).reset_index()


def sites(located: pd.DataFrame, provinces: pd.DataFrame) -> pd.DataFrame:
    """List research and manufacturing sites with their owners (contract ``sites``).

    ``border`` says how the provinces of a site and of a Chinese owner lie: ``same``, ``neighbour``,
    ``farther``; blank where one is not known or the owner is abroad. ``provinces`` gives the
    ``neighbours`` of each.
    """
    neighbours = {row.province: split(row.neighbours) for row in provinces.itertuples()}
    rows = located[located["tie_type"].isin(["rd_site_of", "manufacturing_site_of"])]
    rows = measured(rows).assign(
        activity=rows["tie_type"].map(
            {"rd_site_of": "research", "manufacturing_site_of": "manufacturing"}
        ),
        border=[
            province_border(site, owner, neighbours) if country == of_owner == "China" else None
            for site, owner, country, of_owner in zip(
                rows["source_admin"],
                rows["target_admin"],
                rows["source_country"],
                rows["target_country"],
                strict=True,
            )
        ],
        stated_in_paper=stated(rows),
    )
    table = rows.groupby(["activity", "source", "target"], sort=True).agg(
        site_cluster=("source_cluster", "first"),
        site_province=("source_admin", "first"),
        owner_type=("target_type", "first"),
        owner_cluster=("target_cluster", "first"),
        owner_country=("target_country", "first"),
        year=("year", "min"),
        kind=("kind", first_known),
        border=("border", "first"),
        kilometres=("kilometres", "first"),
        stated_in_paper=("stated_in_paper", "max"),
    )
    return table.rename_axis(["activity", "site", "owner"]).reset_index()


def province_border(province: str, other: str, neighbours: Mapping[str, list[str]]) -> str | None:
    """Say how two Chinese provinces lie: ``same``, ``neighbour`` or ``farther``, else None."""
    if pd.isna(province) or pd.isna(other):
        return None
    if province == other:
        return "same"
    return "neighbour" if other in neighbours.get(province, []) else "farther"


def academic_firms(pairs: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Say for each firm of the register which ties to academia are recorded.

    Parameters
    ----------
    pairs : DataFrame
        From `collapse`.
    firms : DataFrame
        Firms of the register that are looked at.

    Returns
    -------
    DataFrame
        Index ``firm_id``; counts ``ties`` (of any kind), ``academic``, ``academic_far`` (external
        or foreign), ``academic_capital`` (one holds, founded or bought the other),
        ``academic_technology``.
    """
    ends = []
    for end, other in (("source", "target"), ("target", "source")):
        part = pairs.dropna(subset=[f"{end}_firm_id"])
        ends.append(
            pd.DataFrame(
                {
                    "firm_id": part[f"{end}_firm_id"],
                    "academic": (
                        part[f"{other}_type"].isin(ACADEMIA) & ~part[f"{end}_type"].isin(ACADEMIA)
                    ),
                    "kind": part["kind"],
                    "types": part["tie_types"],
                }
            )
        )
    table = pd.concat(ends)
    kinds = table["types"].map(lambda cell: set(split(cell)))
    flags = pd.DataFrame(
        {
            "firm_id": table["firm_id"],
            "ties": 1,
            "academic": table["academic"],
            "academic_far": table["academic"] & table["kind"].isin(["external", "foreign"]),
            "academic_capital": (
                table["academic"]
                & kinds.map(lambda has: bool(has & {*CHANNELS["capital"], "founded"}))
            ),
            "academic_technology": (
                table["academic"] & kinds.map(lambda has: bool(has & set(CHANNELS["technology"])))
            ),
        }
    )
    return flags.groupby("firm_id").sum().reindex(firms["firm_id"], fill_value=0).astype(int)


def cluster_links(
    pairs: pd.DataFrame, entries: pd.DataFrame, inside: Iterable[str]
) -> pd.DataFrame:
    """Count, for each cluster, its ties by kind and its entries with returnees or foreign partners.

    Parameters
    ----------
    pairs, entries : DataFrame
        From `collapse` and `entries.entries`.
    inside : iterable of str
        ``firm_id`` of the frame that is counted beside all entries.

    Returns
    -------
    DataFrame
        The columns of the contract ``cluster_links``.
    """
    entries = entries.dropna(subset=["cluster"])
    keys = [entries["country"], entries["cluster"]]
    framed = entries["firm_id"].isin(list(inside))
    table = pd.DataFrame({"entries": entries.groupby(keys).size()})
    for column in ("returnee", "foreign_partner"):
        table[f"{column}_entries"] = (entries[column] == "yes").groupby(keys).sum()
        table[f"{column}_frame"] = ((entries[column] == "yes") & framed).groupby(keys).sum()
    ends = [
        pairs[["seen_from", f"{end}_cluster", "kind", "tie_id"]].set_axis(
            ["country", "cluster", "kind", "tie_id"], axis=1
        )
        for end in ("source", "target")
    ]
    touched = pd.concat(ends).dropna(subset=["cluster"]).drop_duplicates()
    counts = (
        touched.groupby(["country", "cluster", "kind"])
        .size()
        .unstack(fill_value=0)
        .reindex(columns=KINDS, fill_value=0)
    )
    table = (
        table.join(counts.add_suffix("_ties"))
        .rename_axis(["country", "cluster"])
        .fillna(0)
        .astype(int)
        .reset_index()
    )
    return table.sort_values(
        ["country", "entries", "cluster"], ascending=[True, False, True], ignore_index=True
    )
