"""Step 06: who is tied to whom, and how far ties reach.

A tie joins two *actors* (firms, organisations, persons). What coders wrote in several rows or under
several names is collapsed to pairs of actors before anything is counted. Ties are what someone
found and wrote down: they are no sample of anything, so every count and share describes the set of
ties it names.
"""

from collections.abc import Hashable, Iterable, Mapping
from itertools import combinations

import networkx as nx
import numpy as np
import pandas as pd

from cluster_anatomy.entry_dynamics import kilometres
from cluster_anatomy.firm_lists import CODER_ORDER, place_index, slug, split
from cluster_anatomy.firm_origins import name_index, organisation_key
from cluster_anatomy.results import result
from cluster_anatomy.statistics import DRAWS, SEED, share

TIE_TYPES = [
    "founded",
    "spun_off_from",
    "staff_moved_to",
    "subsidiary_of",
    "invested_in",
    "acquired",
    "joint_venture_with",
    "licensed_from",
    "developed_product_for",
    "rd_site_of",
    "manufacturing_site_of",
]
CHANNELS = {
    "founding": ["founded", "spun_off_from", "staff_moved_to"],
    "capital": ["subsidiary_of", "invested_in", "acquired", "joint_venture_with"],
    "technology": ["licensed_from", "developed_product_for"],
    "sites": ["rd_site_of", "manufacturing_site_of"],
}
"""Kinds of link between places (Conlé and Taube 2010, section 5)."""
FROM_THE_OTHER_END = [
    "spun_off_from",
    "subsidiary_of",
    "licensed_from",
    "rd_site_of",
    "manufacturing_site_of",
]
"""Types written from the receiving to the giving end; a pair is written from giver to receiver."""
KINDS = ["local", "external", "foreign", "unknown"]
ACADEMIA = ["university", "public_research_institute", "military_institute", "foreign_university"]
FIRMS = ["firm_same_industry", "firm", "foreign_firm"]
DOMESTIC_FIRMS = ["firm_same_industry", "firm"]

SEEN_FROM = {"usa": "USA"}
"""Country that a coder looked at; China for the others."""
PLACE = ["city", "cluster", "admin", "country", "latitude", "longitude"]
NOWHERE = dict.fromkeys(PLACE)


def gather(ties: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Put the ties of all coders and the edges of the paper's figures into one table.

    Parameters
    ----------
    ties : DataFrame
        Contract ``ties``, with ``coder``.
    figures : DataFrame
        Contract ``paper_figures``; kind and city of an end are taken from the ties, where the name
        occurs.

    Returns
    -------
    DataFrame
        The columns of ``ties``; ``coder`` is ``figures`` for an edge of a figure.
    """
    ends = pd.concat(
        [
            ties[[f"{end}_name", f"{end}_type", f"{end}_city"]].set_axis(
                ["name", "type", "city"], axis=1
            )
            for end in ("source", "target")
        ]
    )
    known = ends.groupby("name")[["type", "city"]].first()
    edges = figures.assign(coder="figures")
    for end in ("source", "target"):
        for column in ("type", "city"):
            edges[f"{end}_{column}"] = edges[f"{end}_name"].map(known[column])
    columns = [
        "coder",
        *(f"{end}_{what}" for end in ("source", "target") for what in ("name", "type", "city")),
    ]
    return pd.concat([ties, edges], ignore_index=True)[
        [*columns, "tie_type", "year", "source_urls"]
    ]


def name_actors(
    rows: pd.DataFrame,
    firms: pd.DataFrame,
    organisations: pd.DataFrame,
    persons: pd.DataFrame,
    reviewed: pd.DataFrame,
) -> pd.DataFrame:
    """Give each end of each row the actor it means.

    A name is looked up among the reviewed names (contract ``actor_names``), then in the register of
    firms, then among the paper's organisations and persons; two spellings with the same words are
    one actor.

    Returns
    -------
    DataFrame
        The rows with ``source``, ``target`` (names of the actors), ``source_firm_id``,
        ``target_firm_id``.
    """
    find = actor_finder(firms, organisations, persons, reviewed)
    rows = rows.copy()
    for end in ("source", "target"):
        found = [find(name) for name in rows[f"{end}_name"]]
        rows[end] = [name for name, _ in found]
        rows[f"{end}_firm_id"] = pd.array([firm for _, firm in found], dtype="string")
        in_register = (rows[f"{end}_type"] == "firm").fillna(False) & rows[f"{end}_firm_id"].notna()
        rows[f"{end}_type"] = rows[f"{end}_type"].mask(in_register, "firm_same_industry")
    return rows


def actor_finder(
    firms: pd.DataFrame, organisations: pd.DataFrame, persons: pd.DataFrame, reviewed: pd.DataFrame
):
    """Return a function from a name as given to the name and the ``firm_id`` of the actor (see
    `name_actors`).
    """
    main = name_index(firms)
    firm_of = {
        (firm.name_en if pd.notna(firm.name_en) else firm.name_zh): firm.firm_id
        for firm in firms.iloc[::-1].itertuples()
    }
    others: dict[str, str] = {}
    for table, column in ((organisations, "org_name"), (persons, "person")):
        for row in table.itertuples():
            for name in [getattr(row, column), *split(row.aliases)]:
                others.setdefault(organisation_key(name), getattr(row, column))
    means = dict(reviewed.dropna(subset=["actor"])[["name", "actor"]].itertuples(index=False))
    own = {name for name, actor in means.items() if name == actor}
    seen: dict[str, str] = {}

    def find(name: str) -> tuple[str, str | None]:
        name = means.get(name, name)
        if name in own:
            return name, None
        key = organisation_key(name)
        if key in main:
            return main[key], firm_of[main[key]]
        return others.get(key) or seen.setdefault(key, name), None

    return find


def locate(
    named: pd.DataFrame,
    firms: pd.DataFrame,
    organisations: pd.DataFrame,
    persons: pd.DataFrame,
    reviewed: pd.DataFrame,
    places: pd.DataFrame,
    countries: Mapping[str, str] = SEEN_FROM,
) -> pd.DataFrame:
    """Give each end of each row a place.

    The city of the row comes first, then the register of firms, the paper's list of organisations,
    and the city that other rows give the actor. A foreign organisation without a city is abroad. A
    person is where the organisations are that he or she worked in (other than the one at the other
    end), if they are in one place; else the place of a person is unknown.

    Parameters
    ----------
    named : DataFrame
        From `name_actors`.
    firms, organisations, persons, reviewed, places : DataFrame
        Register; contracts ``organisations``, ``persons``, ``actor_names``, ``places``.
    countries : mapping
        Coder to the country that he or she looked at; China for coders that it does not name.

    Returns
    -------
    DataFrame
        The rows with ``seen_from`` (country whose coder wrote the row) and, for each end, ``city``,
        ``cluster``, ``admin``, ``country``, ``latitude``, ``longitude`` (prefixed ``source_``,
        ``target_``).
    """
    index = place_index(places)
    find = actor_finder(firms, organisations, persons, reviewed)
    home = {
        actor: _place_of_firm(firm)
        for firm in firms.itertuples()
        for actor in [find(_main(firm))[0]]
    }
    for row in organisations.itertuples():
        home.setdefault(find(row.org_name)[0], _place_of_organisation(row, index))
    for end in ("source", "target"):
        for row in named[[end, f"{end}_city"]].dropna().itertuples(index=False):
            if not home.get(row[0], NOWHERE)["city"]:
                home[row[0]] = _place(index.get((row[1], None)))
    said = dict(reviewed.dropna(subset=["country"])[["name", "country"]].itertuples(index=False))
    seen_from = np.array([countries.get(coder, "China") for coder in named["coder"]], dtype=str)
    abroad = {
        (seen, actor)
        for end in ("source", "target")
        for seen, actor, kind in zip(seen_from, named[end], named[f"{end}_type"], strict=True)
        if pd.notna(kind) and kind.startswith("foreign_")
    }
    worked = {
        find(row.person)[0]: [
            find(person_or_organisation)[0] for person_or_organisation in split(row.affiliations)
        ]
        for row in persons.itertuples()
    }
    table = named.copy()
    table["seen_from"] = seen_from
    for end, other in (("source", "target"), ("target", "source")):
        found = []
        for row in table.to_dict("records"):
            actor, country = row[end], row["seen_from"]
            if row[f"{end}_type"] == "individual":
                employers = [one for one in worked.get(actor, []) if one != row[other]]
                found.append(
                    _place_of_person(
                        [_place_or_abroad(one, country, home, abroad) for one in employers]
                    )
                )
                continue
            city = row[f"{end}_city"]
            place = (
                _place(index.get((city, None)))
                if pd.notna(city)
                else dict(home.get(actor, NOWHERE))
            )
            if not place["country"]:
                place["country"] = said.get(row[f"{end}_name"]) or said.get(actor)
            if not place["country"]:
                away = (country, actor) in abroad
                place["country"] = "abroad" if away else _assumed(row[f"{end}_type"], country)
            found.append(place)
        frame = pd.DataFrame(found, columns=PLACE, index=table.index)
        table[[f"{end}_{column}" for column in PLACE]] = frame
    for end in ("source", "target"):
        table[[f"{end}_latitude", f"{end}_longitude"]] = table[
            [f"{end}_latitude", f"{end}_longitude"]
        ].astype(float)
    return table


def _main(firm) -> str:
    return firm.name_en if pd.notna(firm.name_en) else firm.name_zh


def _clean(place: Mapping) -> dict:
    return {column: None if pd.isna(place[column]) else place[column] for column in PLACE}


def _place(found: pd.Series | None) -> dict:
    return dict(NOWHERE) if found is None else _clean({**found, "city": found["name"]})


def _place_of_firm(firm) -> dict:
    return _clean({column: getattr(firm, column) for column in PLACE})


def _place_of_organisation(row, index: dict) -> dict:
    if pd.notna(row.city) and (row.city, None) in index:
        return _place(index[row.city, None])
    country = None if pd.isna(row.country) else row.country.replace("United Kingdom", "UK")
    admin = row.province_or_state if country == "China" else None
    return _clean({**NOWHERE, "admin": admin, "country": country})


def _place_or_abroad(actor: str, seen_from: str, home: dict, abroad: set) -> dict:
    place = dict(home.get(actor, NOWHERE))
    if not place["country"] and (seen_from, actor) in abroad:
        place["country"] = "abroad"
    return place


def _place_of_person(employers: list[dict]) -> dict:
    """Place of a person: that of the organisations worked in, if they are in one."""
    spots = {(place["cluster"], place["country"]) for place in employers}
    return dict(employers[0]) if len(spots) == 1 else dict(NOWHERE)


def _assumed(kind, country: str) -> str | None:
    """Country of an organisation without a place: that of the coder, but for investors and unnamed
    kinds.
    """
    return None if pd.isna(kind) or kind in ("venture_capital", "individual") else country


def measured(rows: pd.DataFrame) -> pd.DataFrame:
    """Add ``kind`` (`reach`) and ``kilometres`` (`entry_dynamics.kilometres`) to rows or pairs with
    places.
    """
    angles = [
        f"{end}_{angle}" for end in ("source", "target") for angle in ("latitude", "longitude")
    ]
    return rows.assign(kind=reach(rows), kilometres=kilometres(*(rows[angle] for angle in angles)))


def reach(rows: pd.DataFrame) -> pd.Series:
    """Say whether ties are local, external or foreign.

    Foreign: the ends are in two countries. Local: in one cluster (China) or metropolitan region
    (USA). External: in two of one country; a Chinese city that is not known is certainly another
    one if its province differs. Else unknown.

    Parameters
    ----------
    rows : DataFrame
        ``source_country``, ``source_cluster``, ``source_admin``, the same for ``target``.

    Returns
    -------
    Series
        ``local``, ``external``, ``foreign`` or ``unknown``.
    """
    end = {
        what: [rows[f"{side}_{what}"] for side in ("source", "target")]
        for what in ("country", "cluster", "admin")
    }
    known = {what: (one.notna() & two.notna()).to_numpy() for what, (one, two) in end.items()}
    same = {
        what: (one.astype(object) == two.astype(object)).to_numpy()
        for what, (one, two) in end.items()
    }
    china = (end["country"][0].astype(object) == "China").to_numpy()
    provinces = known["country"] & same["country"] & china & known["admin"] & ~same["admin"]
    choices = [
        (known["country"] & ~same["country"], "foreign"),
        (known["cluster"] & same["cluster"], "local"),
        ((known["cluster"] & ~same["cluster"]) | provinces, "external"),
    ]
    return pd.Series(
        np.select([c for c, _ in choices], [w for _, w in choices], "unknown"), index=rows.index
    )


def collapse(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Collapse rows to one per pair of actors, written from giver to receiver.

    The direction, kinds and places of a pair are those of its first row (paper first, then the
    regional coders); an end without a place in that row takes it from the next one. The year is the
    earliest.

    Parameters
    ----------
    rows : DataFrame
        From `locate`.

    Returns
    -------
    pairs : DataFrame
        The columns of the contract ``tie_pairs``, sorted.
    ledger : DataFrame
        ``stage``, ``rows_in``, ``change``, ``rows_out``, ``reason``; each line follows from the one
        above.

    Raises
    ------
    ValueError
        If two pairs get one id.
    """
    own, outside = rows["source"] == rows["target"], neither_at_home(rows)
    kept = _from_giver(rows[~own & ~outside])
    order = {coder: rank for rank, coder in enumerate(["paper", "figures", *CODER_ORDER[1:]])}
    by_pair: dict[tuple[str, str], list[dict]] = {}
    for row in sorted(kept.to_dict("records"), key=lambda row: order.get(row["coder"], len(order))):
        by_pair.setdefault(tuple(sorted((row["source"], row["target"]))), []).append(row)
    pairs = pd.DataFrame([_pair(part) for part in by_pair.values()])
    pairs["year"] = pairs["year"].astype("Int64")
    pairs = measured(pairs)
    pairs["country"] = pairs["seen_from"].where(pairs["kind"] != "foreign", "cross")
    if (twice := pairs["tie_id"].duplicated()).any():
        raise ValueError(f"Two pairs have one id: {sorted(pairs.loc[twice, 'tie_id'])}")
    lines = [
        ("read", len(part), _READ.get(coder, f"ties of {coder}"))
        for coder, part in sorted(
            rows.groupby("coder"), key=lambda item: order.get(item[0], len(order))
        )
    ]
    lines.append(("own", -int(own.sum()), "both ends are one actor under two names"))
    lines.append(
        (
            "outside",
            -int((outside & ~own).sum()),
            "neither end is in the country that the coder looked at",
        )
    )
    lines.append(
        ("collapsed", len(pairs) - len(kept), "further rows on a pair that another row names")
    )
    ledger = pd.DataFrame(lines, columns=["stage", "change", "reason"])
    ledger["rows_out"] = ledger["change"].cumsum()
    ledger["rows_in"] = ledger["rows_out"] - ledger["change"]
    assert ledger["rows_out"].iloc[-1] == len(pairs), "the ledger does not add up"
    assert pairs["rows"].sum() == len(kept), "rows were lost or doubled on the way to pairs"
    columns = ["stage", "rows_in", "change", "rows_out", "reason"]
    return pairs.sort_values("tie_id", ignore_index=True), ledger[columns]


_READ = {
    "paper": "ties of the paper's coder",
    "figures": "edges of the paper's figures",
    "north": "ties of the coder north",
    "south": "ties of the coder south",
    "usa": "ties of the coder usa",
}


def neither_at_home(rows: pd.DataFrame) -> pd.Series:
    """Mark rows whose ends are both known to lie outside the country that the coder looked at."""
    away = [
        rows[f"{end}_country"].notna() & (rows[f"{end}_country"] != rows["seen_from"])
        for end in ("source", "target")
    ]
    return (away[0] & away[1]).fillna(False).astype(bool)


def _from_giver(rows: pd.DataFrame) -> pd.DataFrame:
    """Write rows from the giving to the receiving end."""
    turned = rows["tie_type"].isin(FROM_THE_OTHER_END)
    ends = [
        column
        for column in rows.columns
        if column.startswith(("source", "target")) and column != "source_urls"
    ]
    swap = {
        column: ("target" if column.startswith("source") else "source") + column[6:]
        for column in ends
    }
    return pd.concat([rows[~turned], rows[turned].rename(columns=swap)[rows.columns]]).sort_index()


def _pair(part: list[dict]) -> dict:
    """One row for the rows of one pair, the first of which decides."""
    first = part[0]
    pair = {"seen_from": min(row["seen_from"] for row in part)}
    for end, other in (("source", "target"), ("target", "source")):
        sides = [(row, end if row[end] == first[end] else other) for row in part]
        pair[end] = first[end]
        for what in ("firm_id", "type"):
            values = [
                row[f"{side}_{what}"] for row, side in sides if pd.notna(row[f"{side}_{what}"])
            ]
            pair[f"{end}_{what}"] = next(
                (value for value in values if value != "firm"), next(iter(values), pd.NA)
            )
        places = [{column: row[f"{side}_{column}"] for column in PLACE} for row, side in sides]
        best = min(places, key=lambda place: (pd.isna(place["cluster"]), pd.isna(place["country"])))
        pair |= {f"{end}_{column}": value for column, value in best.items()}
    stated = any(in_paper(row["coder"], row["source_urls"]) for row in part)
    coders = {row["coder"] for row in part}
    found = (
        "paper"
        if stated
        else (
            "usa"
            if coders == {"usa"}
            else (
                "regional"
                if coders & {"north", "south"}
                else "own_list"
                if coders == {"own_list"}
                else "paper_coder"
            )
        )
    )
    types = {row["tie_type"] for row in part}
    pair |= {
        "tie_id": "--".join(
            slug(f"China {name}").removeprefix("cn-") for name in (first["source"], first["target"])
        ),
        "tie_types": "|".join(kind for kind in TIE_TYPES if kind in types),
        "year": min((row["year"] for row in part if pd.notna(row["year"])), default=pd.NA),
        "stated_in_paper": "yes" if stated else "no",
        "found_by": found,
        "rows": len(part),
        "coders": "|".join(sorted(coders)),
    }
    return pair


def in_paper(coder: str, addresses: str) -> bool:
    """Say whether a row states what the paper states: its coder read the paper and gives it as a
    source.
    """
    return coder in ("paper", "figures") and "seed" in split(addresses)


def _stated(rows: pd.DataFrame) -> list[str]:
    pairs = zip(rows["coder"], rows["source_urls"], strict=True)
    return ["yes" if in_paper(coder, addresses) else "no" for coder, addresses in pairs]


def _known_kind(kinds: Iterable[str]) -> str:
    return next((kind for kind in kinds if kind != "unknown"), "unknown")


def having(pairs: pd.DataFrame, types: Iterable[str]) -> pd.DataFrame:
    """Return the pairs that have one of some types."""
    wanted = set(types)
    return pairs[[bool(wanted & set(split(cell))) for cell in pairs["tie_types"]]]


def between(pairs: pd.DataFrame, one: Iterable[str], other: Iterable[str]) -> pd.DataFrame:
    """Return the pairs with one end of a kind in ``one`` and the other end of a kind in ``other``."""
    a, b = list(one), list(other)
    straight = pairs["source_type"].isin(a) & pairs["target_type"].isin(b)
    return pairs[straight | (pairs["source_type"].isin(b) & pairs["target_type"].isin(a))]


def described(hits: int, n: int, unknown: int = 0) -> dict[str, float]:
    """Return a share with its counts and bounds but without an interval, since ties are no sample."""
    return share(hits, n, unknown) | {"low": np.nan, "high": np.nan}


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
    n = int(sum(counts.get(one, 0) for one in among))
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
    counts = {
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
    """Count pairs by kind in each group, with the share of external ties among local and external
    ones.

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
    """Return one row per pair and tie type (column ``tie_type``), with the channel it belongs to."""
    table = pairs.assign(tie_type=pairs["tie_types"].map(split)).explode(
        "tie_type", ignore_index=True
    )
    channel = {kind: name for name, kinds in CHANNELS.items() for kind in kinds}
    return table.assign(channel=table["tie_type"].map(channel))


def ei_index(
    edges: Iterable[tuple[Hashable, Hashable]],
    groups: Mapping[Hashable, Hashable],
    member: Hashable = None,
) -> dict:
    """Compute the E-I index: external minus internal ties, over both (Krackhardt and Stern 1988).

    Parameters
    ----------
    edges : iterable of pairs
        Ties between nodes, without direction.
    groups : mapping
        Group of each node.
    member : hashable, optional
        Count only ties that touch this group.

    Returns
    -------
    dict
        ``internal``, ``external``, ``ei``: −1 if all ties are inside groups, +1 if all are between
        groups, ``nan`` if there is none.

    Examples
    --------
    >>> groups = {"a": 1, "b": 1, "c": 2}
    >>> ei_index([("a", "b"), ("a", "c"), ("b", "c")], groups)["ei"]
    0.3333333333333333
    """
    ends = [(groups[one], groups[other]) for one, other in edges]
    touching = [pair for pair in ends if member is None or member in pair]
    internal = sum(one == other for one, other in touching)
    external = len(touching) - internal
    return {
        "internal": internal,
        "external": external,
        "ei": (external - internal) / len(touching) if touching else np.nan,
    }


def ei_with_null(
    edges: Iterable[tuple[Hashable, Hashable]],
    groups: Mapping[Hashable, Hashable],
    member: Hashable = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, float]:
    """Compare the E-I index with what it would be if nodes were dealt to groups at random.

    Who is tied to whom and how large each group is stay as they are; the groups are permuted among
    the nodes. With many small groups the index is near +1 by chance alone, so a value means little
    without its null.

    Parameters
    ----------
    edges, groups, member
        As in `ei_index`; only nodes that occur in ``edges`` are permuted.
    draws : int
        Number of permutations.
    seed : int
        Seed of the random generator.

    Returns
    -------
    dict
        ``internal``, ``external``, ``ei``; ``null_mean``, ``null_low``, ``null_high`` (2.5 and 97.5
        percentiles); ``p`` (two-sided, the observed value counted among the draws; Phipson and
        Smyth 2010); ``draws``, ``seed``, ``nodes``. The null is ``nan`` where the index is.

    Examples
    --------
    Two groups of three, every tie inside:

    >>> groups = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "f": 2}
    >>> ties = [("a", "b"), ("b", "c"), ("a", "c"), ("d", "e"), ("e", "f"), ("d", "f")]
    >>> result = ei_with_null(ties, groups, draws=999, seed=1)
    >>> result["ei"], round(result["null_mean"], 1), result["p"] < 0.25
    (-1.0, 0.2, True)
    """
    edges = list(edges)
    nodes = sorted({node for edge in edges for node in edge}, key=str)
    seen = ei_index(edges, groups, member) | {"nodes": len(nodes), "draws": draws, "seed": seed}
    if np.isnan(seen["ei"]):
        return seen | dict.fromkeys(("null_mean", "null_low", "null_high", "p"), np.nan)
    position = {node: place for place, node in enumerate(nodes)}
    codes = {
        group: code for code, group in enumerate(sorted({groups[node] for node in nodes}, key=str))
    }
    labels = np.array([codes[groups[node]] for node in nodes], dtype=np.int16)
    dealt = np.random.default_rng(seed).permuted(np.tile(labels, (draws, 1)), axis=1)
    one, other = (dealt[:, [position[edge[end]] for edge in edges]] for end in (0, 1))
    equal = one == other
    touching = (
        np.ones_like(equal) if member is None else (one == codes[member]) | (other == codes[member])
    )
    total, internal = touching.sum(axis=1), (equal & touching).sum(axis=1)
    with np.errstate(invalid="ignore"):
        null = (total - 2 * internal) / total
    null = null[~np.isnan(null)]
    below, above = (
        (1 + (null <= seen["ei"] + 1e-12).sum()),
        (1 + (null >= seen["ei"] - 1e-12).sum()),
    )
    low, high = np.percentile(null, [2.5, 97.5]) if len(null) else (np.nan, np.nan)
    p = min(1.0, 2 * min(below, above) / (len(null) + 1))
    return seen | {
        "null_mean": float(null.mean()) if len(null) else np.nan,
        "null_low": low,
        "null_high": high,
        "p": float(p),
    }


def ei_edges(
    pairs: pd.DataFrame, foreign: str = "left_out"
) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Turn pairs into edges and groups for the E-I index.

    A node is an actor at a place: one that has ties from two places is two nodes. Its group is the
    cluster; where only the province is known, that province; abroad, the country.

    Parameters
    ----------
    pairs : DataFrame
        From `collapse`.
    foreign : {"left_out", "external"}
        Whether ties with abroad are left out or count as external.
    """
    kinds = ["local", "external"] + (["foreign"] if foreign == "external" else [])
    chosen = pairs[pairs["kind"].isin(kinds)]
    edges, groups = [], {}
    for pair in chosen.to_dict("records"):
        ends = []
        for end in ("source", "target"):
            at_home = pair[f"{end}_country"] == pair["seen_from"]
            group = pair[f"{end}_cluster"] if at_home else pair[f"{end}_country"]
            if pd.isna(group):
                group = (
                    f"{pair[f'{end}_admin']} (city unknown)"
                    if pd.notna(pair[f"{end}_admin"])
                    else "unknown"
                )
            node = f"{pair[end]} @ {group}"
            groups[node] = group
            ends.append(node)
        edges.append(tuple(ends))
    return edges, groups


def ei_table(
    pairs: pd.DataFrame, smallest: int = 5, draws: int = DRAWS, seed: int = SEED
) -> pd.DataFrame:
    """Compute the E-I index of all ties, of the sets they come from, of each tie type and of each
    cluster.

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
    found = []

    def add(
        country: str,
        scope: str,
        member: str,
        part: pd.DataFrame,
        foreign: str,
        cluster: str | None = None,
    ) -> None:
        edges, groups = ei_edges(part, foreign)
        row = ei_with_null(edges, groups, cluster, draws, seed)
        touching = (
            part
            if cluster is None
            else part[(part["source_cluster"] == cluster) | (part["target_cluster"] == cluster)]
        )
        counts = touching["kind"].value_counts()
        found.append(
            {"country": country, "scope": scope, "member": member, "foreign_ties": foreign, **row}
            | {"foreign": counts.get("foreign", 0), "unknown": counts.get("unknown", 0)}
        )

    for country, part in pairs.groupby("seen_from"):
        persons = (part["source_type"] == "individual") | (part["target_type"] == "individual")
        sets = {"all": part, "organisations": part[~persons]}
        if country == "China":
            sets |= {
                name: part[part["found_by"] == name]
                for name in ("paper", "paper_coder", "regional")
            }
            sets["elsewhere"] = part[part["stated_in_paper"] == "no"]
        for name, chosen in sets.items():
            for foreign in ("left_out", "external"):
                add(country, "all" if name == "all" else "set", name, chosen, foreign)
        for kind in TIE_TYPES:
            chosen = having(part, [kind])
            if chosen["kind"].isin(["local", "external"]).sum() >= smallest:
                add(country, "tie_type", kind, chosen, "left_out")
        domestic = part[part["kind"].isin(["local", "external"])]
        sizes = pd.concat(
            [
                domestic["source_cluster"],
                domestic.loc[domestic["kind"] == "external", "target_cluster"],
            ]
        ).value_counts()
        for cluster in sorted(sizes.index[sizes >= smallest]):
            add(country, "cluster", cluster, part, "left_out", cluster)
    columns = [
        "country",
        "scope",
        "member",
        "foreign_ties",
        "internal",
        "external",
        "foreign",
        "unknown",
        "nodes",
    ]
    columns += ["ei", "null_mean", "null_low", "null_high", "p", "draws", "seed"]
    return pd.DataFrame(found)[columns].sort_values(columns[:4], ignore_index=True)


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
            clusters = {cluster[one] for one in near if one in cluster}
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


def _about(pairs: pd.DataFrame) -> pd.DataFrame:
    """Firm id, kind and most frequent cluster of each actor of some pairs."""
    wanted = ["firm_id", "type", "cluster", "country"]
    ends = pd.concat(
        [
            pairs[[end, *(f"{end}_{what}" for what in wanted)]].set_axis(["actor", *wanted], axis=1)
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


def founder_rows(source_rows: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Write founders' earlier employers of step 02 as rows of ties (``staff_moved_to``), for
    `foundings`.
    """
    rows = source_rows[
        (source_rows["role"] == "founder") & (source_rows["timing"] == "at_entry")
    ].dropna(subset=["organisation"])
    names = {firm.firm_id: _main(firm) for firm in firms.itertuples()}
    child = firms.set_index("firm_id")
    return pd.DataFrame(
        {
            "coder": rows["coder"].to_numpy(),
            "source_name": rows["organisation"].to_numpy(),
            "source_type": rows["org_type"].to_numpy(),
            "source_city": rows["city"].to_numpy(),
            "target_name": rows["firm_id"].map(names).to_numpy(),
            "target_type": "firm_same_industry",
            "target_city": rows["firm_id"].map(child["city"]).to_numpy(),
            "tie_type": "staff_moved_to",
            "year": rows["firm_id"].map(child["entry_year"]).to_numpy(),
            "source_urls": "",
        }
    )


def foundings(located: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """List second-order foundings: firms begun by people from, or split off, a firm of the
    industry.

    Rows of ties (``staff_moved_to``, ``spun_off_from``) count, and the founders' earlier employers
    of step 02 (rows without an address). People who came later than the year after the firm's entry
    did not found it.

    Parameters
    ----------
    located : DataFrame
        From `locate`, rows of ties and of `founder_rows`.
    firms : DataFrame
        The register, for years of entry.

    Returns
    -------
    DataFrame
        ``seen_from``, ``parent``, ``child``, ``parent_firm_id``, ``child_firm_id``, clusters,
        ``year`` (entry of the child, else the tie's), ``kind``, ``kilometres``, ``basis``
        (``founder``, ``tie``, ``founder|tie``).
    """
    rows = located[
        located["tie_type"].isin(["staff_moved_to", "spun_off_from"])
        & (located["source"] != located["target"])
    ]
    rows = _from_giver(rows)
    rows = rows[
        rows["source_type"].isin(FIRMS) & rows["target_type"].isin(FIRMS) & ~neither_at_home(rows)
    ]
    began = firms.set_index("firm_id")["entry_year"]
    rows = rows.assign(entry=rows["target_firm_id"].map(began).astype("Int64"))
    late = (rows["tie_type"] == "staff_moved_to") & (rows["year"] > rows["entry"] + 1)
    rows = rows[~late.fillna(False).astype(bool)]
    rows = measured(rows).assign(
        basis=np.where(rows["source_urls"] == "", "founder", "tie"),
    )
    table = (
        rows.sort_values("kilometres", kind="stable")
        .groupby(["source", "target"], sort=True)
        .agg(
            seen_from=("seen_from", "first"),
            parent_firm_id=("source_firm_id", "first"),
            child_firm_id=("target_firm_id", "first"),
            parent_cluster=("source_cluster", "first"),
            child_cluster=("target_cluster", "first"),
            parent_country=("source_country", "first"),
            entry=("entry", "min"),
            said=("year", "min"),
            kind=("kind", _known_kind),
            kilometres=("kilometres", "first"),
            basis=("basis", lambda words: "|".join(sorted(set(words)))),
        )
    )
    table["year"] = table["entry"].fillna(table["said"])
    return table.rename_axis(["parent", "child"]).reset_index().drop(columns=["entry", "said"])


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
    return _descent(*_acyclic(edges), ancestor)


def _acyclic(edges: Iterable[tuple[Hashable, Hashable]]) -> tuple[nx.DiGraph, list]:
    """Return the graph of parents and children, and its nodes from the roots down."""
    graph = nx.DiGraph(list(edges))
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError(f"Someone descends from himself: {nx.find_cycle(graph)}")
    return graph, list(nx.topological_sort(graph))


def _descent(graph: nx.DiGraph, order: list, ancestor: Hashable) -> pd.DataFrame:
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


def genealogies(founded: pd.DataFrame, at_least: int = 2) -> pd.DataFrame:
    """Arrange foundings in families: everyone who descends from a root, a firm without known
    parents.

    Parameters
    ----------
    founded : DataFrame
        From `foundings`.
    at_least : int
        Descendants from which a family is listed.

    Returns
    -------
    DataFrame
        The columns of the contract ``genealogies``: one row per root, parent and child; largest
        families first.
    """
    graph, order = _acyclic(founded[["parent", "child"]].itertuples(index=False, name=None))
    parts = []
    for root in sorted(set(founded["parent"]) - set(founded["child"])):
        family = _descent(graph, order, root)
        if len(family) >= at_least:
            inside = {root, *family["child"]}
            part = founded[founded["parent"].isin(inside) & founded["child"].isin(inside)].merge(
                family, on="child"
            )
            parts.append(part.assign(root=root, family=len(family)))
    table = (
        pd.concat(parts, ignore_index=True)
        if parts
        else founded.iloc[:0].assign(generation=[], chain=[], root=[], family=[])
    )
    order = ["family", "root", "generation", "parent", "child"]
    return table.sort_values(order, ascending=[False, True, True, True, True], ignore_index=True)


def acquisitions(located: pd.DataFrame) -> pd.DataFrame:
    """List who bought whom: the columns of the contract ``acquisitions``, one row per buyer and
    bought.
    """
    rows = located[
        (located["tie_type"] == "acquired")
        & (located["source"] != located["target"])
        & ~neither_at_home(located)
    ]
    rows = measured(rows).assign(
        stated_in_paper=_stated(rows),
    )
    table = rows.groupby(["seen_from", "source", "target"], sort=True).agg(
        buyer_cluster=("source_cluster", "first"),
        bought_cluster=("target_cluster", "first"),
        bought_firm_id=("target_firm_id", "first"),
        year=("year", "min"),
        kind=("kind", _known_kind),
        kilometres=("kilometres", "first"),
        stated_in_paper=("stated_in_paper", "max"),
    )
    return table.rename_axis(["country", "buyer", "bought"]).reset_index()


def sites(located: pd.DataFrame, provinces: pd.DataFrame) -> pd.DataFrame:
    """List research and manufacturing sites away from, or at, the seat of their owner (contract
    ``sites``).

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
            province_border(one, other, neighbours) if country == other_country == "China" else None
            for one, other, country, other_country in zip(
                rows["source_admin"],
                rows["target_admin"],
                rows["source_country"],
                rows["target_country"],
                strict=True,
            )
        ],
        stated_in_paper=_stated(rows),
    )
    table = rows.groupby(["activity", "source", "target"], sort=True).agg(
        site_cluster=("source_cluster", "first"),
        site_province=("source_admin", "first"),
        owner_type=("target_type", "first"),
        owner_cluster=("target_cluster", "first"),
        owner_country=("target_country", "first"),
        year=("year", "min"),
        kind=("kind", _known_kind),
        border=("border", "first"),
        kilometres=("kilometres", "first"),
        stated_in_paper=("stated_in_paper", "max"),
    )
    return table.rename_axis(["activity", "site", "owner"]).reset_index()


def province_border(one, other, neighbours: Mapping[str, list[str]]) -> str | None:
    """Say how two Chinese provinces lie: ``same``, ``neighbour`` or ``farther``; nothing if one is
    not known.
    """
    if pd.isna(one) or pd.isna(other):
        return None
    if one == other:
        return "same"
    return "neighbour" if other in neighbours.get(one, []) else "farther"


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
    pairs: pd.DataFrame, firms: pd.DataFrame, origins: pd.DataFrame, inside: Iterable[str]
) -> pd.DataFrame:
    """Count, for each cluster, its ties by kind and its entries with returnees or foreign partners.

    Parameters
    ----------
    pairs, firms, origins : DataFrame
        From `collapse`, steps 01 and 02.
    inside : iterable of str
        ``firm_id`` of the frame that is counted beside all entries.

    Returns
    -------
    DataFrame
        The columns of the contract ``cluster_links``.
    """
    entries = firms[firms["scope"] == "entry"].merge(
        origins[["firm_id", "returnee", "foreign_partner"]], on="firm_id", suffixes=("_given", "")
    )
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
