"""Step 08: who is tied to whom, and how far ties reach.

A tie joins two *actors* (firms, organisations, persons). What coders wrote in several rows or under
several names is collapsed to pairs of actors before anything is counted. Ties that are dated after
the paper are left out; undated ones stay. Ties are what someone found and wrote down: they are no
sample of anything, so every count and share describes the set of ties it names.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.contingency_tables import StratifiedTable

from cluster_anatomy.figures.vocabulary import TIE_WORDS
from cluster_anatomy.firms.ei_indices import ei_edges
from cluster_anatomy.firms.tie_counts import by_type, kind_share
from cluster_anatomy.firms.ties import (
    CHANNELS,
    DOMESTIC_FIRMS,
    FIRMS,
    KINDS,
    between,
    having,
    until,
)
from cluster_anatomy.methods.ei_index import ei_with_null
from cluster_anatomy.tables.cells import split

SETS = {
    "paper": ("ties stated in the paper", "stated_in_paper == 'yes' and seen_from == 'China'"),
    "elsewhere": ("ties found elsewhere", "stated_in_paper == 'no' and seen_from == 'China'"),
    "regional": ("ties found by the regional coders", "found_by == 'regional'"),
    "usa": ("ties of the American coders", "seen_from == 'USA'"),
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


def left_out(pairs: pd.DataFrame, last_year: int) -> pd.DataFrame:
    """Count the pairs that are dated after a year, and the rest, of which some have no date.

    Returns
    -------
    DataFrame
        ``place``, ``name`` (``pairs``, ``later``, ``undated``), ``what`` (in words), ``value``,
        ``n`` (pairs of which these are a part; missing for ``pairs``).
    """
    rows = []
    for country, part in pairs.groupby("seen_from"):
        kept = until(part, last_year)
        counts = {
            "pairs": ("pairs", len(kept), None),
            "later": ("pairs are dated later and left out", len(part) - len(kept), len(part)),
            "undated": ("pairs have no date and stay", int(kept["year"].isna().sum()), len(kept)),
        }
        rows += [
            {"place": country.lower(), "country": country, "name": name}
            | dict(zip(("what", "value", "n"), numbers, strict=True))
            for name, numbers in counts.items()
        ]
    return pd.DataFrame(rows)


def set_shares(pairs: pd.DataFrame) -> pd.DataFrame:
    """Describe each set of ties (`SETS`) by kind, at last without the foreign ones.

    Returns
    -------
    DataFrame
        ``name``, ``frame``, ``measure`` (``local``, ``external``, ``foreign``,
        ``external_domestic``), ``what`` (in words), and the columns of `tie_counts.kind_share`.
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
    """Return the E-I indices of `INDICES` with those of places dealt at random.

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
    """Return what places dealt at random would give for each index, as numbers of their own."""
    table = indices[["name", "frame", "null", "null_low", "null_high"]]
    return table.set_axis(["name", "frame", "value", "low", "high"], axis=1)


def indices_by_year(pairs: pd.DataFrame, last_years: Sequence[int], draws: int) -> pd.DataFrame:
    """Compute the E-I index of domestic ties up to each of some years, and of all of them.

    Returns
    -------
    DataFrame
        ``place``, ``until`` (a year or ``all``), ``undated`` (``kept``, ``dropped``), ``words``,
        ``label``, ``series`` (for `figures.plain.dots`), ``value``, ``count`` (external ties),
        ``n``, ``bound_low``, ``bound_high`` (95 % of the draws of the null).
    """
    rows = []
    for country, part in pairs.groupby("seen_from"):
        for year in [*last_years, None]:
            ties = part if year is None else until(part, year)
            sets = {"kept": ties, "dropped": ties.dropna(subset=["year"])}
            words = "of any year" if year is None else f"up to {year}"
            rows += [
                {"place": country.lower(), "country": country, "until": year or "all"}
                | {"undated": undated, "words": words, "label": f"{country}, {words}"}
                | _index_row(chosen, draws)
                for undated, chosen in sets.items()
            ]
    series = {"kept": "dated and undated ties", "dropped": "dated ties alone"}
    table = pd.DataFrame(rows)
    return table.assign(series=table["undated"].map(series))


def gaps(by_year: pd.DataFrame) -> dict[str, dict[str, float | str]]:
    """Return the least and the largest difference of the two countries' indices, with its ties.

    Returns
    -------
    dict
        ``ei_gap_least`` and ``ei_gap_most``: ``value`` (China minus the USA) and ``ties`` (which).
    """
    table = by_year.assign(ties=by_year["series"] + " " + by_year["words"])
    wide = table.pivot(index="ties", columns="place", values="value")
    gap = wide["china"] - wide["usa"]
    ends = {"ei_gap_least": gap.idxmin(), "ei_gap_most": gap.idxmax()}
    return {name: {"value": gap[ties], "ties": ties} for name, ties in ends.items()}


def single_ties(models: pd.DataFrame) -> pd.DataFrame:
    """Count the nodes of each model that have one tie: ``country``, ``place``, ``value``, ``n``."""
    table = models.drop_duplicates("country")[["country", "place", "single", "nodes"]]
    return table.rename(columns={"single": "value", "nodes": "n"})


def _index_row(pairs: pd.DataFrame, draws: int) -> dict[str, float]:
    """E-I index of the domestic ties of some pairs, with its null as bounds."""
    index = ei_with_null(*ei_edges(pairs), draws=draws)
    numbers = {"value": index["ei"], "count": index["external"], "low": np.nan, "high": np.nan}
    numbers |= {"n": index["internal"] + index["external"]}
    return numbers | {"bound_low": index["null_low"], "bound_high": index["null_high"]}


def model_numbers(models: pd.DataFrame) -> pd.DataFrame:
    """Return odds ratios, what permuted nodes give for them, and their p, as numbers to record.

    Returns
    -------
    DataFrame
        ``id``, ``country``, ``words``, ``what`` (in words), ``unit``, ``value``, ``low``, ``high``,
        ``count`` (ties), ``n``.
    """
    about = models[["country", "words", "count", "n"]]
    name = "tie_odds_" + models["term"] + "_" + models["place"]
    null = {"low": models["bound_low"], "high": models["bound_high"]}
    parts = [
        about.assign(id=name, what="odds ratio", unit="index", value=models["value"]),
        about.assign(id=name + "_null", what="of permuted nodes", unit="index", value=1.0, **null),
        about.assign(
            id=name + "_p", what="two-sided p by permutation", unit="p", value=models["p"]
        ),
    ]
    return pd.concat(parts, ignore_index=True)


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


def pooled_odds(pairs: pd.DataFrame) -> pd.DataFrame:
    """Compare the odds of crossing clusters in China and the USA, raw and within kinds of tie.

    Mantel and Haenszel's odds ratio of the domestic ties of known kind, pooled over strata: none,
    the first type of each pair, the channel of that type. Its interval holds if ties were drawn,
    which they are not: it says how far so few ties could mislead.

    Returns
    -------
    DataFrame
        ``strata`` (``crude``, ``type``, ``channel``), ``words``, ``value``, ``low``, ``high``
        (95 %), ``n`` (ties in strata that both countries have).

    References
    ----------
    Mantel and Haenszel (1959), Journal of the National Cancer Institute 22, 719-748.
    Robins, Breslow and Greenland (1986), Biometrics 42, 311-323: the interval.
    """
    known = pairs[pairs["kind"].isin(DOMESTIC)]
    first = known["tie_types"].map(lambda cell: split(cell)[0])
    channel = {kind: name for name, kinds in CHANNELS.items() for kind in kinds}
    strata = {
        "crude": (first.map(lambda kind: "all"), "all ties together"),
        "type": (first, "within types of tie"),
        "channel": (first.map(channel), "within channels"),
    }
    rows = []
    for name, (stratum, words) in strata.items():
        counts = [
            pd.crosstab(part["seen_from"], part["kind"])
            .reindex(index=["China", "USA"], columns=["external", "local"], fill_value=0)
            .to_numpy(dtype=float)
            for _, part in known.groupby(stratum)
        ]
        shared = [table for table in counts if table.sum(axis=1).all()]
        pooled = StratifiedTable(shared)
        low, high = pooled.oddsratio_pooled_confint()
        numbers = {"value": pooled.oddsratio_pooled, "low": low, "high": high}
        rows.append(
            {"strata": name, "words": words, "n": int(sum(t.sum() for t in shared))} | numbers
        )
    return pd.DataFrame(rows)


COUNTRY_SETS = {"China": "all ties seen from China", "USA": "ties of the American coders"}


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
    """Share out the ties of the larger types by kind, as a figure draws them."""
    table = by_type(pairs)
    label = table["seen_from"] + ": " + table["tie_type"].replace(TIE_WORDS)
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
        From `owners.sites`.
    research, secondary : sequence of str
        Cities that the paper calls attractive for research; further cities with institutes.

    Returns
    -------
    DataFrame
        ``id``, ``what`` (in words), ``value``, ``n``.
    """
    placed = sites[sites["site_province"].notna()]
    of_activity = dict(list(placed.groupby("activity")))
    hits = _laboratory_hits(of_activity["research"], research, secondary)
    hits |= _plant_hits(of_activity["manufacturing"], research)
    rows = [
        {"id": name, "what": what, "value": int(hit.sum()), "n": len(hit)}
        for name, (hit, what) in hits.items()
    ]
    return pd.DataFrame(rows)


NAMED_CITIES = "lie in the research cities of section 4.1"


def _laboratory_hits(
    laboratories: pd.DataFrame, research: Sequence[str], secondary: Sequence[str]
) -> dict[str, tuple[pd.Series, str]]:
    """Say of each research site whether it lies in cities with institutes, and in Shanghai."""
    foreign = laboratories[laboratories["kind"] == "foreign"]
    return {
        "rd_sites_in_research_cities": (
            laboratories["site_cluster"].isin(research),
            f"research sites {NAMED_CITIES}",
        ),
        "rd_sites_in_any_research_city": (
            laboratories["site_cluster"].isin([*research, *secondary]),
            "research sites lie in a city with institutes",
        ),
        "rd_sites_foreign_in_shanghai": (
            foreign["site_cluster"] == "Shanghai",
            "research sites of foreign firms lie in Shanghai",
        ),
    }


def _plant_hits(plants: pd.DataFrame, research: Sequence[str]) -> dict[str, tuple[pd.Series, str]]:
    """Say of each plant whether it lies in a research city, and how far from a Chinese owner."""
    away = plants[(plants["owner_country"] == "China") & plants["border"].notna()]
    return {
        "plants_in_research_cities": (
            plants["site_cluster"].isin(research),
            f"plants {NAMED_CITIES}",
        ),
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


def kinds_differ(ei: pd.DataFrame) -> bool:
    """Say whether kinds of tie differ in reach as the text of the notebook has it.

    In both countries firms split off stay in the cluster of their parent, foundings and moves of
    staff lean to it, and takeovers do not differ from places dealt at random; in China joint
    ventures are foreign ones, and no site lies in its owner's cluster. Of a kind without ties, as
    there are in fewer years, nothing of this is true.
    """
    sites = ["rd_site_of", "manufacturing_site_of"]
    kinds = ["spun_off_from", "founded", "staff_moved_to", "acquired", "joint_venture_with", *sites]
    table = ei[ei["scope"] == "tie_type"].set_index(["country", "member"])
    table = table.reindex(pd.MultiIndex.from_product([["China", "USA"], kinds]))
    china = table.loc["China"]
    return all(
        table.loc[(country, "spun_off_from"), "ei"] == -1
        and (table.loc[country].loc[["founded", "staff_moved_to"], "ei"] < 0).all()
        and table.loc[(country, "acquired"), "p"] > 0.05
        for country in ("China", "USA")
    ) and bool(
        china.loc["joint_venture_with", "foreign"] > 10
        and (china.loc[sites, "internal"] == 0).all()
    )


def first_brokers(brokers: pd.DataFrame, first: int = 6) -> pd.DataFrame:
    """Return the first brokers of each country as a table to read.

    Parameters
    ----------
    brokers : DataFrame
        From `brokers.brokers`, those who join most clusters first.
    first : int
        Brokers of each country.
    """
    table = brokers.groupby("country").head(first).set_index(["country", "actor"])
    columns = ["cluster", "ties", "clusters", "coordinator", "boundary", "liaison"]
    return table[columns].fillna({"cluster": "none known"})


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
