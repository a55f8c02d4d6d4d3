"""Step 08: who is tied to whom, and how far ties reach.

A tie joins two *actors* (firms, organisations, persons). What coders wrote in several rows or under
several names is collapsed to pairs of actors before anything is counted. Ties are what someone
found and wrote down: they are no sample of anything, so every count and share describes the set of
ties it names.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import networkx as nx
import pandas as pd

from cluster_anatomy.firms.ties import (
    CHANNELS,
    DOMESTIC_FIRMS,
    FIRMS,
    KINDS,
    TIE_TYPES,
    between,
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


SETS = {
    "paper": ("ties stated in the paper", "stated_in_paper == 'yes' and seen_from == 'China'"),
    "elsewhere": ("ties found elsewhere", "stated_in_paper == 'no' and seen_from == 'China'"),
    "regional": ("ties found by the regional coders", "found_by == 'regional'"),
    "usa": ("ties of the American coder", "seen_from == 'USA'"),
}
"""Sets of ties: what they are called, and which pairs they hold."""
INDICES = {
    "ei_china_all": ("China", "all", "all", "left_out"),
    "ei_china_all_foreign": ("China", "all", "all", "external"),
    "ei_china_paper": ("China", "set", "paper", "left_out"),
    "ei_china_elsewhere": ("China", "set", "elsewhere", "left_out"),
    "ei_china_regional": ("China", "set", "regional", "left_out"),
    "ei_china_organisations": ("China", "set", "organisations", "left_out"),
    "ei_usa": ("USA", "all", "all", "left_out"),
    "ei_usa_foreign": ("USA", "all", "all", "external"),
}
"""Rows of the E-I table that are quoted, by id: country, scope, member, foreign ties."""
PARTS = {
    "technology_ties": "pairs with a licence or a product developed for the other",
    "domestic_firm_ties": "pairs of domestic firms of the industry",
    "domestic_firm_exchange_ties": (
        "pairs of domestic firms that share technology, a venture or staff"
    ),
    "government_capital_ties": (
        "pairs of a government body and a domestic firm that it financed or founded"
    ),
    "staff_ties": "pairs between which staff moved",
}
"""Parts of the Chinese ties that are counted by kind, in words."""
DOMESTIC = ("local", "external")


def set_shares(pairs: pd.DataFrame) -> pd.DataFrame:
    """Describe each set of ties (`SETS`) by kind; foreign ties are left out in the last line of each.

    Returns
    -------
    DataFrame
        ``name``, ``frame``, ``measure`` (``local``, ``external``, ``foreign``,
        ``external_domestic``), ``what`` (in words), and the columns of `kind_share`.
    """
    rows = []
    for name, (frame, condition) in SETS.items():
        part = pairs.query(condition)
        for kind in ("local", "external", "foreign"):
            about = {"name": name, "frame": frame, "measure": kind, "what": kind}
            rows.append(about | kind_share(part, kind))
        about = {"name": name, "frame": frame, "measure": "external_domestic"}
        about["what"] = "external, foreign ones left out"
        rows.append(about | kind_share(part, "external", DOMESTIC))
    return pd.DataFrame(rows)


def set_kinds(pairs: pd.DataFrame) -> pd.DataFrame:
    """Share out each set of ties by kind, unknown among them, as a figure draws it."""
    parts = []
    for frame, condition in SETS.values():
        kinds = pairs.query(condition)["kind"]
        part = (
            kinds.value_counts(normalize=True).rename("value").rename_axis("series").reset_index()
        )
        parts.append(part.assign(label=f"{frame} (n = {len(kinds)})"))
    return pd.concat(parts, ignore_index=True)


def without_firms(pairs: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Count ties stated in the paper that have no firm at either end, and the rest by kind."""
    paper = pairs.query(SETS["paper"][1])
    firms = [*FIRMS, "firm_other_industry"]
    with_firm = paper["source_type"].isin(firms) | paper["target_type"].isin(firms)
    return {
        "ties_without_firm_paper": {"value": int((~with_firm).sum()), "n": len(paper)},
        "ties_external_domestic_share_paper_firms": kind_share(
            paper[with_firm], "external", DOMESTIC
        ),
    }


def quoted_indices(ei: pd.DataFrame) -> pd.DataFrame:
    """Return the E-I indices of `INDICES` with what chance would give.

    Returns
    -------
    DataFrame
        ``name``, ``frame``, ``value``, ``count`` (external ties), ``n``, ``unknown``; ``null``,
        ``null_low``, ``null_high``, ``p``.
    """
    table = ei.set_index(["country", "scope", "member", "foreign_ties"])
    rows = []
    for name, key in INDICES.items():
        row, country = table.loc[key], "the USA" if key[0] == "USA" else "China"
        frame = f"ties seen from {country}, {key[2]}, foreign ties {key[3].replace('_', ' ')}"
        numbers = {"value": row["ei"], "count": row["external"], "unknown": row["unknown"]}
        numbers |= {"n": row["internal"] + row["external"], "null": row["null_mean"]}
        numbers |= {part: row[part] for part in ("null_low", "null_high", "p")}
        rows.append({"name": name, "frame": frame} | numbers)
    return pd.DataFrame(rows)


def as_null(indices: pd.DataFrame) -> pd.DataFrame:
    """Return what chance would give for each index, as numbers of their own."""
    table = indices[["name", "frame", "null", "null_low", "null_high"]]
    return table.set_axis(["name", "frame", "value", "low", "high"], axis=1)


def channel_numbers(pairs: pd.DataFrame) -> pd.DataFrame:
    """Count takeovers and founding ties by kind, in both countries.

    Returns
    -------
    DataFrame
        ``channel``, ``words``, ``place``, ``frame``, ``kind``, ``value``, ``n``.
    """
    return pd.concat(
        [
            _by_kind(part).assign(channel=channel, words=channel.replace("_", " "), **about)
            for channel, about, part in _channels(pairs)
        ],
        ignore_index=True,
    )


def channel_shares(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the external part of domestic takeovers and founding ties, in both countries."""
    rows = [
        {"channel": channel, "words": channel.replace("_", " ")}
        | about
        | kind_share(part, "external", DOMESTIC)
        for channel, about, part in _channels(pairs)
    ]
    return pd.DataFrame(rows)


def _channels(pairs: pd.DataFrame) -> Iterator[tuple[str, dict[str, str], pd.DataFrame]]:
    """Give takeovers and founding ties of each country, with what they are called."""
    channels = {"acquisitions": ["acquired"], "founding_ties": CHANNELS["founding"]}
    for country, frame in COUNTRY_SETS.items():
        about = {"place": country.lower(), "frame": frame}
        for channel, kinds in channels.items():
            yield channel, about, having(pairs[pairs["seen_from"] == country], kinds)


COUNTRY_SETS = {"China": "all ties seen from China", "USA": "ties of the American coder"}


def _by_kind(part: pd.DataFrame) -> pd.DataFrame:
    counts = part["kind"].value_counts().reindex(KINDS, fill_value=0)
    return counts.rename("value").rename_axis("kind").reset_index().assign(n=len(part))


def medians(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the median length of external ties: ``place``, ``frame``, ``value`` (km), ``n``."""
    external = pairs[pairs["kind"] == "external"]
    rows = []
    for country, frame in COUNTRY_SETS.items():
        length = external.loc[external["seen_from"] == country, "kilometres"]
        numbers = {"value": length.median(), "n": int(length.count())}
        rows.append({"place": country.lower(), "frame": frame} | numbers)
    return pd.DataFrame(rows)


def parts_of_china(pairs: pd.DataFrame) -> pd.DataFrame:
    """Count the parts of the Chinese ties (`PARTS`) by kind.

    Returns
    -------
    DataFrame
        ``part``, ``words``, ``kind``, ``value``, ``n``.
    """
    china = pairs[pairs["seen_from"] == "China"]
    firms = between(china, DOMESTIC_FIRMS, DOMESTIC_FIRMS)
    capital = having(china, [*CHANNELS["capital"], "founded"])
    exchange = [*CHANNELS["technology"], "joint_venture_with", "staff_moved_to"]
    tables = {
        "technology_ties": having(china, CHANNELS["technology"]),
        "domestic_firm_ties": firms,
        "domestic_firm_exchange_ties": having(firms, exchange),
        "government_capital_ties": between(
            capital, ["government"], [*DOMESTIC_FIRMS, "firm_other_industry"]
        ),
        "staff_ties": having(china, ["staff_moved_to"]),
    }
    parts = [_by_kind(table).assign(part=name, words=PARTS[name]) for name, table in tables.items()]
    return pd.concat(parts, ignore_index=True)


def kinds_by_type(pairs: pd.DataFrame, smallest: int) -> pd.DataFrame:
    """Share out ties of each type and country by kind, as a figure draws them (types of some size)."""
    table = by_type(pairs)
    label = table["seen_from"] + ": " + table["tie_type"].str.replace("_", " ")
    counts = pd.crosstab(label, table["kind"]).reindex(columns=KINDS, fill_value=0)
    counts = counts[counts.sum(axis=1) >= smallest]
    shares = counts.div(counts.sum(axis=1), axis=0)
    shares.index = [f"{name} (n = {n})" for name, n in counts.sum(axis=1).items()]
    long = shares.rename_axis("label").reset_index()
    return long.melt("label", var_name="series", value_name="value")


def site_counts(
    sites: pd.DataFrame, research: Sequence[str], secondary: Sequence[str]
) -> pd.DataFrame:
    """Count where research sites and plants lie.

    Parameters
    ----------
    sites : DataFrame
        From `sites`.
    research, secondary : sequence of str
        Cities that the paper calls attractive for research; further cities with institutes.

    Returns
    -------
    DataFrame
        ``id``, ``what`` (in words), ``value``, ``n``.
    """
    placed = sites[sites["site_province"].notna()]
    plants, laboratories = (
        placed[placed["activity"] == activity] for activity in ("manufacturing", "research")
    )
    away = plants[(plants["owner_country"] == "China") & plants["border"].notna()]
    foreign = laboratories[laboratories["kind"] == "foreign"]
    named = "lie in the research cities of section 4.1"
    hits = {
        "rd_sites_in_research_cities": (
            laboratories["site_cluster"].isin(research),
            f"research sites {named}",
        ),
        "rd_sites_in_any_research_city": (
            laboratories["site_cluster"].isin([*research, *secondary]),
            "research sites lie in a city with institutes",
        ),
        "rd_sites_foreign_in_shanghai": (
            foreign["site_cluster"] == "Shanghai",
            "research sites of foreign firms lie in Shanghai",
        ),
        "plants_in_research_cities": (plants["site_cluster"].isin(research), f"plants {named}"),
        "plants_outside_home": (
            away["kind"] == "external",
            "plants of Chinese owners lie outside the owner's cluster",
        ),
        "plants_neighbouring_province": (
            away["border"] == "neighbour",
            "plants of Chinese owners lie in a province next to the owner's",
        ),
        "plants_farther_province": (
            away["border"] == "farther",
            "plants of Chinese owners lie farther away",
        ),
    }
    rows = [
        {"id": name, "what": what, "value": int(hit.sum()), "n": len(hit)}
        for name, (hit, what) in hits.items()
    ]
    return pd.DataFrame(rows)


def kinds_differ(ei: pd.DataFrame) -> bool:
    """Say whether, in both countries, splitting off stays at home and takeovers cross by chance.

    Besides, founding and staff lean to the home cluster, Chinese joint ventures have foreign
    partners, and no Chinese site lies in its owner's cluster.
    """
    table = ei[ei["scope"] == "tie_type"].set_index(["country", "member"])
    china = table.loc["China"]
    sites = ["rd_site_of", "manufacturing_site_of"]
    return all(
        table.loc[(country, "spun_off_from"), "ei"] == -1
        and (table.loc[country].loc[["founded", "staff_moved_to"], "ei"] < 0).all()
        and table.loc[(country, "acquired"), "p"] > 0.05
        for country in ("China", "USA")
    ) and bool(
        china.loc["joint_venture_with", "foreign"] > 10
        and (china.loc[sites, "internal"] == 0).all()
    )


HIERARCHIES = {
    "China National Biotec Group (CNBG)",
    "SinoBioway Group",
    "Chinese Academy of Sciences (CAS)",
}
"""Chinese actors with units in many places that the text names as brokers."""


def brokers_are_hierarchies(brokers: pd.DataFrame, first: int = 8) -> bool:
    """Say whether the first brokers are `HIERARCHIES` (China), or firms and one investor (USA)."""
    top = brokers.groupby("country").head(first).set_index("country")
    kinds = top.loc["USA", "type"]
    return (
        set(top.loc["China", "actor"]) >= HIERARCHIES
        and set(kinds) == {"firm_same_industry", "venture_capital"}
        and (kinds == "venture_capital").sum() == 1
    )
