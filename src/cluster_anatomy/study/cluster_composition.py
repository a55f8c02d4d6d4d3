"""Step 04: what clusters are made of, and whether that tells the paper's kinds apart.

Everything here describes the firms that were found. Distances, maps and trees compare the firms of
one cluster with those of another; no share stands for an industry.
"""

import math
from collections.abc import Sequence

import pandas as pd

from cluster_anatomy.firms.clusters import GROUPS, entrants
from cluster_anatomy.firms.compositions import counts as counts
from cluster_anatomy.firms.compositions import origin_quotients
from cluster_anatomy.firms.entries import in_frame
from cluster_anatomy.firms.sites import base_quotients
from cluster_anatomy.firms.sources import central_officials, has_source
from cluster_anatomy.methods.contingency import independence
from cluster_anatomy.methods.differences import difference
from cluster_anatomy.methods.shares import count_until, count_where, share, tally

SECONDARY = ["Hangzhou", "Chengdu", "Xiamen", "Changchun", "Shenyang"]
"""Secondary cities with institutes that the paper names (section 5)."""
TYPES = {
    "academic": ("a_academic", "of academic origin"),
    "subsidiary": ("c_subsidiary", "subsidiaries"),
}
"""Types of origin that are compared between kinds: value of ``paper_type``, and words."""
ON_MAP = {
    "a_academic": "academic",
    "b_enterprise": "enterprise",
    "c_subsidiary": "subsidiary",
    "d_relocation": "relocation",
}
"""Origins as the map of clusters and origins names them."""
ALL = {"China": "cn_all", "USA": "us_all"}
ADJECTIVES = {"China": "Chinese", "USA": "American"}
SERIES = [*GROUPS.values(), "unknown"]
"""Origins of entries, in the order of figures."""
READINGS = {
    "paper_type": "the paper's types",
    "label": "the ten origins",
    "entrants": "the paper's types, works left out",
}
"""Readings of origin (`compositions.agreement`), in words."""


def compared_tables(
    entries: pd.DataFrame, dimension: str, smallest: int
) -> dict[str, pd.DataFrame]:
    """Count the entries of the larger clusters by origin, for each country (`ALL`).

    Parameters
    ----------
    entries : DataFrame
        All entries.
    dimension : str
        The reading of origin: ``paper_type`` or ``label``.
    smallest : int
        Entries of known origin from which a cluster is compared.

    Raises
    ------
    ValueError
        If there is no such reading.
    """
    if dimension not in ("paper_type", "label"):
        raise ValueError(f"There is no reading '{dimension}'; there are: paper_type, label.")
    return {
        country: counts(entries[entries["country"] == country], dimension, smallest)
        for country in ALL
    }


def tests_of_difference(
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    names: dict[str, str],
    dimension: str,
    smallest: int,
) -> pd.DataFrame:
    """Test whether the clusters of frames that carry shares differ in composition at all.

    Parameters
    ----------
    entries, frames : DataFrame
        All entries; table of frames.
    names : dict
        Country -> frame.
    dimension, smallest
        As in `compared_tables`.

    Returns
    -------
    DataFrame
        ``country``, ``place``, ``adjective``, ``frame``, ``clusters`` (their names), ``value``
        (p; Freeman and Halton), ``n`` (entries of known origin).

    Raises
    ------
    ValueError
        If a frame cannot carry shares: what was searched for differs as the search did.
    """
    carries = frames.set_index("frame")["carries_shares"]
    rows = []
    for country, frame in names.items():
        if carries[frame] != "yes":
            raise ValueError(f"Frame '{frame}' cannot carry shares, so its clusters have no test.")
        table = counts(in_frame(entries, frames, frame), dimension, smallest)
        test = independence(table)
        about = {"country": country, "place": country.lower(), "frame": frame}
        about |= {"adjective": ADJECTIVES[country], "clusters": ", ".join(table.index)}
        rows.append(about | {"value": test["p"], "n": test["n"]})
    return pd.DataFrame(rows)


def map_numbers(maps: pd.DataFrame) -> pd.DataFrame:
    """Return the inertia of each map, in all and on two axes, by country.

    Returns
    -------
    DataFrame
        ``country``, ``total``, ``two``, ``place``, ``adjective``, ``frame``.
    """
    inertia = maps.groupby("country")[["total_inertia", "axis1_share", "axis2_share"]].first()
    two = inertia["axis1_share"] + inertia["axis2_share"]
    table = pd.DataFrame({"total": inertia["total_inertia"], "two": two}).reset_index()
    return table.assign(
        place=table["country"].str.lower(),
        adjective=table["country"].map(ADJECTIVES),
        frame=table["country"].map(ALL),
    )


def odd_branch(trees: dict[str, tuple[pd.DataFrame, pd.DataFrame]]) -> list[str]:
    """Return the smaller side of the first cut of the Chinese tree."""
    members = trees["China"][1]
    sides = [list(side.index) for _, side in members.groupby("group")]
    return min(sides, key=len)


def compared_counts(
    tables: dict[str, pd.DataFrame], trees: dict[str, tuple[pd.DataFrame, pd.DataFrame]]
) -> pd.DataFrame:
    """Count clusters and entries compared, with the support of the cut of each tree.

    Returns
    -------
    DataFrame
        ``country``, ``place``, ``adjective``, ``what``, ``frame``, ``support``, and the columns of
        `methods.shares.tally`.
    """
    words = {"China": "Chinese clusters", "USA": "American regions"}
    rows = []
    for country, table in tables.items():
        adjective, what = ADJECTIVES[country], words[country]
        about = {"country": country, "place": country.lower(), "adjective": adjective}
        about |= {"what": what, "frame": ALL[country]}
        about["support"] = trees[country][1]["group_support"].iloc[0]
        rows.append(about | tally(len(table), int(table.to_numpy().sum())))
    return pd.DataFrame(rows)


def kind_numbers(
    variants: pd.DataFrame, dimension: str, measure: str, groups: int
) -> dict[str, dict[str, float] | float]:
    """Return how far composition goes with the paper's kinds, by id of the result.

    Parameters
    ----------
    variants : DataFrame
        From `compositions.agreement`.
    dimension, measure, groups
        The variant that is quoted.

    Raises
    ------
    ValueError
        If there is no such variant.
    """
    same = (variants["measure"] == measure) & (variants["groups"] == groups)
    quoted = variants[(variants["origin"] == dimension) & same].set_index("kinds")
    if quoted.empty:
        tried = ", ".join(map(str, sorted(set(variants["groups"]))))
        raise ValueError(f"The clusters are not cut into {groups} groups; there are: {tried}.")
    main, stated = quoted.loc["all"], quoted.loc["stated"]
    n, number = {"n": int(main["n"])}, {"number": len(variants)}
    undecidable = int((~(variants["rand_least"] <= 0.05)).sum())
    return {
        "clusters_paper_kinds_ari": {"value": main["rand"]} | n,
        "clusters_paper_kinds_ari_p": {"value": main["rand_p"]} | n,
        "clusters_paper_kinds_least_p": {"value": main["rand_least"]} | n,
        "clusters_paper_kinds_values": int(main["rand_values"]),
        "clusters_paper_kinds_ways": int(main["ways"]),
        "clusters_stated_kinds_ari": {"value": stated["rand"], "n": int(stated["n"])},
        "clusters_stated_kinds_ways": int(stated["ways"]),
        "clusters_kinds_ari_highest": {"value": variants["rand"].max()} | number,
        "clusters_kinds_lowest_p": {"value": min(variants["rand_p"].min(), variants["gap_p"].min())}
        | number,
        "clusters_kinds_least_p": {"value": variants["rand_least"].min()} | number,
        "clusters_kinds_undecidable": tally(undecidable, len(variants)),
        "clusters_kinds_gap": {"value": main["gap"]} | n,
        "clusters_kinds_gap_p": {"value": main["gap_p"]} | n,
        "clusters_kinds_gap_least_p": {"value": main["gap_least"]} | n,
    }


def of_kinds(entries: pd.DataFrame, paper: pd.DataFrame) -> pd.DataFrame:
    """Return the entrants of the paper's clusters with the ``kind`` of their cluster."""
    kind = paper.set_index("cluster")["kind"]
    china = entrants(entries[entries["country"] == "China"])
    return china.assign(kind=china["cluster"].map(kind)).dropna(subset=["kind"])


def shares_by_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """Share of academics and of subsidiaries among the entrants of each kind of cluster.

    Parameters
    ----------
    rows : DataFrame
        From `of_kinds`, on one frame.

    Returns
    -------
    DataFrame
        ``kind``, ``kind_words``, ``word``, ``adjective``, and the columns of
        `methods.shares.share`; ``label`` and ``series`` for figures.
    """
    parts = []
    for kind, part in rows.groupby("kind"):
        for word, (value, adjective) in TYPES.items():
            hit = count_where(part, "paper_type", [value])
            words = str(kind).replace("_", "-")
            about = {"kind": kind, "kind_words": words, "word": word, "adjective": adjective}
            about |= {"label": adjective, "series": words}
            parts.append(about | share(hit["count"], int(hit["n"]), int(hit["unknown"])))
    return pd.DataFrame(parts)


def kind_differences(shares: pd.DataFrame) -> pd.DataFrame:
    """Endogenous minus policy-induced clusters, by type of origin (``word``)."""
    table, rows = shares.set_index(["kind", "word"]), []
    for word in TYPES:
        endogenous, policy = (table.loc[(kind, word)] for kind in ("endogenous", "policy_induced"))
        counts = (endogenous["count"], endogenous["n"], policy["count"], policy["n"])
        rows.append({"word": word} | difference(*counts))
    return pd.DataFrame(rows)


def led_clusters(table: pd.DataFrame, paper: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Count clusters in which academics or subsidiaries are more, by kind and id of the result.

    The counts are undefined where ``table`` does not count the paper's types.
    """
    kind = paper.set_index("cluster")["kind"]
    rows = table.join(kind).dropna(subset=["kind"])
    if not {"a_academic", "c_subsidiary"} <= set(rows):
        names = ("academic_led_endogenous", "subsidiary_led_endogenous", "subsidiary_led_policy")
        return {key: {"value": math.nan, "n": len(rows)} for key in names}
    academics = rows["a_academic"] > rows["c_subsidiary"]
    subsidiaries = rows["a_academic"] < rows["c_subsidiary"]
    endogenous = rows["kind"] == "endogenous"
    n, rest = int(endogenous.sum()), int((~endogenous).sum())
    return {
        "academic_led_endogenous": tally(int((academics & endogenous).sum()), n),
        "subsidiary_led_endogenous": tally(int((subsidiaries & endogenous).sum()), n),
        "subsidiary_led_policy": tally(int((subsidiaries & ~endogenous).sum()), rest),
    }


def base_quotient_numbers(quotients: pd.DataFrame) -> dict[str, dict[str, float] | float]:
    """Return location quotients of bio-industry bases that are quoted, by id of the result."""
    rows = quotients[quotients["measure"] == "bio_bases"]
    value = rows.set_index("place")["value"]
    undefined = tally(int(rows["value"].isna().sum()), len(rows))
    names = ("Jiangsu", "Shandong", "Jilin")
    return {"base_quotients_undefined": undefined} | {
        f"base_quotient_{name.lower()}": value[name] for name in names
    }


def origin_quotient_map(quotients: pd.DataFrame, country: str, least: float = 3) -> pd.DataFrame:
    """Return location quotients of origins as a heat map draws them.

    Quotients where fewer than ``least`` firms were expected and found are blank.
    """
    rows = quotients[(quotients["measure"] == "origin") & (quotients["country"] == country)]
    solid = (rows["expected"] >= least) | (rows["count"] >= least)
    words = rows["category"].map(lambda name: GROUPS.get(name, name.replace("_", " ")))
    rows = rows.assign(value=rows["value"].where(solid), category=words)
    wide = rows.pivot(index="place", columns="category", values="value")
    return wide.dropna(how="all").dropna(how="all", axis=1).rename_axis(index=None, columns=None)


def single_clusters(entries: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """Count academics and subsidiaries in single Chinese clusters that the paper speaks of.

    Returns
    -------
    academics, subsidiaries : DataFrame
        ``cluster``, ``slug`` and the columns of `methods.shares.tally`.
    secondary : dict
        How many of `SECONDARY` have an academic entrant.
    """
    at = dict(list(entrants(entries[entries["country"] == "China"]).groupby("cluster")))

    def hits(names: Sequence[str], value: str) -> pd.DataFrame:
        rows = [
            {"cluster": name, "slug": name.lower()} | count_where(at[name], "paper_type", [value])
            for name in names
        ]
        return pd.DataFrame(rows)

    academics = hits(["Beijing", "Shanghai", *SECONDARY], "a_academic")
    subsidiaries = hits(["Shenzhen", "Taizhou", "Suzhou"], "c_subsidiary")
    rows = academics[academics["cluster"].isin(SECONDARY)]
    without = rows[rows["count"] == 0]
    unsure = int((without["unknown"] > 0).sum())
    secondary = tally(len(rows) - len(without), len(rows) - unsure, unsure)
    return academics, subsidiaries, secondary


def shenzhen_sources(entries: pd.DataFrame, source_rows: pd.DataFrame) -> pd.DataFrame:
    """Count where the sources of Shenzhen's entrants sit: ``name``, ``words`` and a tally."""
    rows = entrants(entries[entries["cluster"] == "Shenzhen"])
    marks = {where: has_source(rows, source_rows, where) for where in ("elsewhere", "abroad")}
    moved = rows.assign(**marks)
    traits = {
        "source_elsewhere": (
            "elsewhere",
            ["yes"],
            "have a founder, parent or former seat elsewhere in China",
        ),
        "source_abroad": ("abroad", ["yes"], "have a founder or parent abroad"),
        "reach_elsewhere": ("reach", ["elsewhere"], "come from elsewhere in China only"),
        "reach_abroad": ("reach", ["abroad"], "come from abroad only"),
        "domestic_subsidiaries": (
            "label",
            ["subsidiary_domestic", "relocation"],
            "are domestic subsidiaries or moved in",
        ),
        "foreign_subsidiaries": ("label", ["subsidiary_foreign"], "are foreign subsidiaries"),
    }
    counts = [
        {"name": name, "words": words} | count_where(moved, column, values)
        for name, (column, values, words) in traits.items()
    ]
    return pd.DataFrame(counts)


def officials(entries: pd.DataFrame, source_rows: pd.DataFrame) -> pd.DataFrame:
    """Count entrants founded by officials: ``name``, ``words``, ``value``."""
    newcomers = entrants(entries[entries["country"] == "China"])
    groups = {
        "former_officials": (
            newcomers["former_official"] == "yes",
            "were founded by former officials or staff of health stations",
        ),
        "central_officials": (
            central_officials(newcomers, source_rows),
            "have a founder from a government body that sits in Beijing",
        ),
    }
    places = {"beijing": ("Beijing", True), "elsewhere": ("other places", False)}
    in_beijing, rows = newcomers["cluster"] == "Beijing", []
    for name, (hit, words) in groups.items():
        for slug, (place, inside) in places.items():
            value = int((hit & (in_beijing == inside)).sum())
            about = {"name": f"{name}_{slug}", "words": f"entrants of {place} {words}"}
            rows.append(about | {"value": value})
    return pd.DataFrame(rows)


def tonghua_numbers(entries: pd.DataFrame) -> dict[str, dict[str, float] | int]:
    """Return what is quoted of Tonghua, by id of the result."""
    rows = entrants(entries[entries["cluster"] == "Tonghua"])
    unknown = int((rows["label"] == "unknown").sum())
    return {
        "tonghua_entrants": tally(len(rows), len(rows) - unknown, unknown),
        "tonghua_second_order": count_where(rows, "second_order", ["yes"]),
        "tonghua_first_year": int(rows["entry_year"].min()),
    }


def american_numbers(
    entries: pd.DataFrame, san_diego_year: int, new_york_year: int
) -> dict[str, dict[str, float] | int]:
    """Return what is quoted of San Diego and New York, by id of the result."""
    regions = dict(list(entrants(entries[entries["country"] == "USA"]).groupby("cluster")))
    san_diego, york = regions["San Diego"]["entry_year"], regions["New York"]
    early, late = (
        york[york["entry_year"] < new_york_year],
        york[york["entry_year"] >= new_york_year],
    )
    undated = york.loc[york["entry_year"].isna(), "paper_type"]
    until = {"year": san_diego_year, "next_year": san_diego_year + 1}
    turn = {"year": new_york_year}
    return {
        "san_diego_until_mid_eighties": count_until(san_diego, san_diego_year) | until,
        "san_diego_one_year_later": count_until(san_diego, san_diego_year + 1) | until,
        "new_york_academic_before": count_where(early, "paper_type", ["a_academic"]) | turn,
        "new_york_academic_after": count_where(late, "paper_type", ["a_academic"]) | turn,
        "new_york_academic_undated": int((undated == "a_academic").sum()),
        "new_york_subsidiaries_before": count_where(early, "paper_type", ["c_subsidiary"]) | turn,
        "new_york_subsidiaries_after": count_where(late, "paper_type", ["c_subsidiary"]) | turn,
    }


def composition_drawn(entries: pd.DataFrame, country: str, smallest: int) -> pd.DataFrame:
    """Count the entries of the larger clusters of a country by origin, unknown ones among them.

    Returns
    -------
    DataFrame
        ``label`` (cluster and number of entries), ``series`` (origin, in words), ``value``.
    """
    rows = entries[(entries["country"] == country) & entries["cluster"].notna()]
    size = rows.groupby("cluster").size()
    large = size[size >= smallest].sort_values(ascending=False, kind="stable")
    table = pd.crosstab(rows["cluster"], rows["paper_type"].map(GROUPS).fillna("unknown"))
    shares = table.loc[large.index].div(large, axis=0)
    shares.index = [f"{name} (n = {n})" for name, n in large.items()]
    long = shares.rename_axis("label").reset_index()
    return long.melt("label", var_name="series", value_name="value")


def tree_drawn(trees: dict[str, tuple[pd.DataFrame, pd.DataFrame]], country: str) -> pd.DataFrame:
    """Return the branches of a tree for people: members, height, support in per cent.

    A branch of more than half of the clusters is named by those that it lacks.
    """
    merges, members = trees[country]
    branches = merges[["members", "height", "support"]].sort_values("height")
    everywhere = list(members.index)
    return pd.DataFrame(
        {
            "clusters joined": [_branch(row.split("|"), everywhere) for row in branches["members"]],
            "distance": branches["height"].round(2),
            "support, %": (100 * branches["support"]).round(0).astype(int),
        }
    ).set_index("clusters joined")


def _branch(inside: list[str], everywhere: list[str]) -> str:
    """Name the clusters of a branch, or those that it lacks."""
    outside = [name for name in everywhere if name not in inside]
    if not outside:
        return "all"
    few = len(inside) <= len(outside)
    return ", ".join(inside) if few else "all but " + ", ".join(outside)


def kinds_table(variants: pd.DataFrame, measure: str, groups: int) -> pd.DataFrame:
    """Return how far composition goes with the paper's kinds by one distance and cut, for people.

    Parameters
    ----------
    variants : DataFrame
        From `compositions.agreement`.
    measure, groups
        The distance and the cut that are shown.
    """
    words = {
        "n": "clusters",
        "ways": "ways",
        "rand": "adjusted Rand index",
        "rand_p": "p of the index",
        "rand_least": "index: p at best",
        "gap": "gap",
        "gap_p": "p of the gap",
        "gap_least": "gap: p at best",
    }
    shown = variants[(variants["measure"] == measure) & (variants["groups"] == groups)]
    shown = shown.assign(
        origin=shown["origin"].map(READINGS),
        kinds=shown["kinds"].map({"all": "all", "stated": "stated by the paper"}),
    )
    table = shown.set_index(["origin", "kinds"])[list(words)].round(2).rename(columns=words)
    return table.rename_axis(index=["reading of origin", "kinds"])


def all_quotients(
    entries: pd.DataFrame, dimension: str, sites: pd.DataFrame, torch: pd.Series
) -> pd.DataFrame:
    """Return the location quotients of origins in each country, and of bio-industry bases."""
    origins = [
        origin_quotients(country, entries[entries["country"] == country], dimension)
        for country in ALL
    ]
    return pd.concat([*origins, base_quotients(sites, torch)], ignore_index=True)


def no_secondary_led_by_academics(entries: pd.DataFrame) -> bool:
    """Say whether academics outnumber subsidiaries in none of the secondary cities."""
    rows = entrants(entries[entries["cluster"].isin(SECONDARY)])
    table = pd.crosstab(rows["cluster"], rows["paper_type"])
    return bool((table["a_academic"] <= table["c_subsidiary"]).all())


def york_is_purposive(entries: pd.DataFrame) -> bool:
    """Say whether most entries of New York were sought for their genealogy."""
    york = entrants(entries[entries["cluster"] == "New York"])
    return bool((york["us_sample"] == "purposive").mean() > 0.5)
