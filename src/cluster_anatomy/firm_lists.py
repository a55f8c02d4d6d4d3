"""Step 01: many lists and codings become one register of firms.

Rows of evidence and of lists are compared pair by pair. A rule or a score decides what is clearly
the same or clearly different; a reviewed crosswalk always wins; what is left between is listed as
borderline and kept apart. Nothing depends on the order of rows.
"""

import re
from hashlib import sha256

import networkx as nx
import pandas as pd

from cluster_anatomy import linkage
from cluster_anatomy.names import BRACKETS, NameRules, Place, ascii_fold, is_chinese, pinyin

CODER_ORDER = ["paper", "north", "south", "usa"]
CONFIDENCE_ORDER = ["high", "medium", "low"]
SAME_FROM = 100 * linkage.load_model().same_from
"""Score from which two names in one place are the same firm."""
BORDERLINE_FROM = 100 * linkage.load_model().borderline_from
"""Score from which a pair is listed; below it two names do not look alike."""

MERGED_COLUMNS = [
    "founder_names",
    "founder_prior_orgs",
    "founder_prior_org_types",
    "founder_prior_cities",
    "parent_orgs",
    "parent_org_types",
    "parent_cities",
    "parent_countries",
    "investors",
    "foreign_partner",
    "lead_products",
    "source_urls",
]
"""Evidence columns in which the rows of one firm add to each other."""
CHOSEN_COLUMNS = [
    "city",
    "province_or_state",
    "founded_year",
    "entry_year",
    "returnee_founder",
    "predecessor",
    "relocated_from",
    "ownership_at_entry",
    "region",
    "founder_scope",
    "product_field",
    "pre_reform",
]
"""Evidence columns in which the rows of one firm can contradict each other."""


SETTLED_COLUMNS = ["parent_timing", "pre_reform", "scope"]
"""Columns that only a reviewer fills: whether a parent came later, whether a firm is older than the
reforms, whether it is an entry at all."""


def split(value) -> list[str]:
    """Split a cell with ``|`` between its values; a blank cell has none."""
    return (
        [] if pd.isna(value) else [part.strip() for part in str(value).split("|") if part.strip()]
    )


def place_index(places: pd.DataFrame) -> dict[tuple[str, str | None], pd.Series]:
    """Index places by every name they go by, alone and together with their province or state."""
    index = {}
    for _, place in places.iterrows():
        for name in [place["name"], *split(place["aliases"])]:
            index.setdefault((name, None), place)
            index[(name, place["admin"])] = place
    return index


def gather(evidence: pd.DataFrame, lists: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Put every row of evidence and of lists into one table.

    Parameters
    ----------
    evidence : DataFrame
        The evidence of all coders with ``coder``, ``name_en``, ``name_zh``, ``aliases``, ``city``,
        …
    lists : DataFrame
        The lists as printed, with ``list``, ``name_as_listed`` and, where a list has them,
        ``name_zh`` and ``place_as_listed``.
    places : DataFrame
        The table of places.

    Returns
    -------
    DataFrame
        One row per row in: ``row_id`` (coder and name), ``coder``, ``kind`` (``evidence`` or
        ``list``), ``name_as_given``, ``names`` (list), ``country``, ``place``.
    """
    index = place_index(places)
    rows = []
    for row in evidence.itertuples():
        names = [
            row.name_en,
            *split(row.name_zh),
            *split(row.aliases),
            *_inside_brackets(row.name_en),
        ]
        known = index.get((row.city, row.province_or_state))
        metro = None if known is None else known["metro"]
        admin = None if pd.isna(row.province_or_state) else row.province_or_state
        country = "China" if pd.isna(row.country) else row.country
        rows.append(
            (
                row.coder,
                "evidence",
                row.name_en,
                _usable(names, index),
                country,
                Place(metro, admin),
            )
        )
    for row in lists.itertuples():
        names = [row.name_as_listed, *split(getattr(row, "name_zh", pd.NA))]
        found = index.get((getattr(row, "place_as_listed", None), None))
        place = Place() if found is None else Place(found["metro"], found["admin"])
        rows.append((row.list, "list", row.name_as_listed, names, "China", place))
    table = pd.DataFrame(
        rows, columns=["coder", "kind", "name_as_given", "names", "country", "place"]
    )
    table.insert(0, "row_id", table["coder"] + ":" + table["name_as_given"])
    if table["row_id"].duplicated().any():
        twice = sorted(table.loc[table["row_id"].duplicated(), "row_id"])
        raise ValueError(
            f"One coder or list names a firm twice: {', '.join(twice)}. Make the names different."
        )
    return table.sort_values("row_id", ignore_index=True)


def _inside_brackets(name: str) -> list[str]:
    return [part.split(")")[0].strip() for part in name.split("(")[1:]]


def _usable(names: list[str], places: dict) -> list[str]:
    """Drop stock exchange codes and plain place names; keep the order, each name once."""
    codes = [name for name in names if name.isdigit() or name.upper().startswith("HKEX")]
    return [
        name for name in dict.fromkeys(names) if name not in codes and (name, None) not in places
    ]


def compare(
    rows: pd.DataFrame, rules: NameRules, borderline_from: float = BORDERLINE_FROM
) -> pd.DataFrame:
    """Score the pairs of rows of one country by the linkage model (`cluster_anatomy.linkage`).

    Each row's own place goes before the one that a name says. A row has as many tries as it has
    names; the two names that meet are those with the same legal name, else with the highest score,
    else in places that fit.

    Returns
    -------
    DataFrame
        Pairs from the score ``borderline_from`` on: ``left``, ``right`` (row ids in alphabetical
        order), ``left_name``, ``right_name`` (the two names that met), ``score`` (probability that
        the two are one firm, 0-100), ``same_legal_name`` (score 100), ``place`` (``same``,
        ``different``, ``unknown``).
    """
    names = rows[["row_id", "names", "country", "place"]].explode("names").dropna(subset=["names"])
    names = names[
        [len(rules.core(name)) > 1 and not rules.is_place(name) for name in names["names"]]
    ]
    own = [
        place if place.metro or place.admin else rules.place(name)
        for place, name in zip(names["place"], names["names"], strict=True)
    ]
    records = pd.DataFrame(
        {
            "record_id": names["row_id"],
            "name": names["names"],
            "place": [place.metro for place in own],
        }
    )
    found = linkage.pairs(linkage.prepare(records, rules=rules), threshold=0.0, each_name=True)
    country = rows.set_index("row_id")["country"]
    found = found[found["left"].map(country) == found["right"].map(country)].copy()
    place_of = dict(zip(zip(records["record_id"], records["name"], strict=True), own, strict=True))
    legal = {name: rules.legal(name) if is_chinese(name) else None for name in records["name"]}
    words = {True: "same", False: "different", None: "unknown"}
    found["place"] = [
        words[place_of[left, left_name].fits(place_of[right, right_name])]
        for left, left_name, right, right_name in found[
            ["left", "left_name", "right", "right_name"]
        ].itertuples(index=False)
    ]
    one, other = found["left_name"].map(legal), found["right_name"].map(legal)
    found["same_legal_name"] = (one == other) & one.notna() & (one != "")
    found["score"] = (100 * found["probability"]).round(1).mask(found["same_legal_name"], 100.0)
    found["apart"] = found["place"] == "different"
    order = ["left", "right", "same_legal_name", "score", "apart", "left_name", "right_name"]
    found = found.sort_values(order, ascending=[True, True, False, False, True, True, True])
    found = found[found["score"] >= borderline_from].drop_duplicates(
        ["left", "right"], ignore_index=True
    )
    return found[["left", "right", "left_name", "right_name", "score", "same_legal_name", "place"]]


def decide(
    pairs: pd.DataFrame, crosswalk: pd.DataFrame, same_from: float = SAME_FROM
) -> pd.DataFrame:
    """Say for every pair whether the two rows are one firm, and why.

    The reviewed crosswalk wins. Then: one coder or list names a firm once; firms in different
    places are different entries; one Chinese legal name is one firm; so is a score from
    ``same_from`` in one place. What is left is ``borderline``: kept apart and listed for review.

    Parameters
    ----------
    pairs : DataFrame
        From `compare`.
    crosswalk : DataFrame
        ``left``, ``right``, ``same`` (``yes`` or ``no``), ``reason``. Reviewed pairs that do not
        look alike are added to the pairs.

    Returns
    -------
    DataFrame
        ``left``, ``right``, ``decision`` (``same``, ``different``, ``borderline``), ``rule``,
        ``score``, ``place``, ``left_name``, ``right_name``, ``reason``; sorted.
    """
    reviewed = crosswalk.rename(columns={"reason": "review"})
    table = pairs.merge(reviewed, on=["left", "right"], how="outer").sort_values(["left", "right"])
    table["same_legal_name"] = table["same_legal_name"].fillna(False).astype(bool)
    one_coder = table["left"].str.split(":").str[0] == table["right"].str.split(":").str[0]
    rules = [
        ("reviewed", table["same"] == "yes", "same", "reviewed pair of the crosswalk"),
        ("reviewed", table["same"] == "no", "different", "reviewed pair of the crosswalk"),
        ("one_coder", one_coder, "different", "one coder or list names each firm once"),
        (
            "different_place",
            table["place"] == "different",
            "different",
            "the names look alike, the places differ",
        ),
        (
            "same_legal_name",
            table["same_legal_name"],
            "same",
            "the same Chinese name but for the legal form",
        ),
        (
            "same_core_and_place",
            (table["score"] >= same_from) & (table["place"] == "same"),
            "same",
            "names that look alike in the same place",
        ),
        (
            "too_little",
            table["left"].notna(),
            "borderline",
            "looks alike, but no rule decides: kept apart",
        ),
    ]
    for column in ("rule", "decision", "reason"):
        table[column] = pd.Series(pd.NA, index=table.index, dtype="object")
    for rule, holds, decision, reason in rules:
        open_and_true = table["rule"].isna() & holds.fillna(False).astype(bool)
        table.loc[open_and_true, ["rule", "decision", "reason"]] = [rule, decision, reason]
    table["reason"] = table["review"].fillna(table["reason"])
    columns = [
        "left",
        "right",
        "decision",
        "rule",
        "score",
        "place",
        "left_name",
        "right_name",
        "reason",
    ]
    return table[columns].reset_index(drop=True)


def assemble(rows: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Join rows that are one firm and give each firm an id that does not depend on the order of
    rows.

    The id is country and name: the name of the first coder in `CODER_ORDER`, else the list's print.

    Returns
    -------
    DataFrame
        ``firm_id``, ``row_id``, ``coder``, ``kind``, ``name_as_given``: each row in, once.

    Raises
    ------
    ValueError
        If a chain of matches joins two rows that were decided to be different: the review has to
        say which link is wrong.
    """
    graph = nx.Graph()
    graph.add_nodes_from(rows["row_id"])
    same = decisions[decisions["decision"] == "same"]
    graph.add_edges_from(same[["left", "right"]].itertuples(index=False))
    firm_of = {row: min(firm) for firm in nx.connected_components(graph) for row in firm}
    apart = decisions[decisions["decision"] == "different"]
    for pair in apart.itertuples():
        if firm_of.get(pair.left) is not None and firm_of.get(pair.left) == firm_of.get(pair.right):
            chain = " = ".join(nx.shortest_path(graph, pair.left, pair.right))
            raise ValueError(
                f"'{pair.left}' and '{pair.right}' are decided to be different ({pair.rule}), but"
                f" matches join them: {chain}. Add the wrong link to data/raw/crosswalk.csv with"
                " same = no."
            )
    table = rows[["row_id", "coder", "kind", "name_as_given", "country"]].copy()
    table["firm"] = table["row_id"].map(firm_of)
    order = {coder: place for place, coder in enumerate(CODER_ORDER)}
    table["rank"] = table["coder"].map(order).fillna(len(order)).astype(int)
    table = table.sort_values(["firm", "rank", "row_id"])
    first = table.groupby("firm").first()
    table["firm_id"] = table["firm"].map(
        (first["country"] + " " + first["name_as_given"]).map(slug)
    )
    if table.groupby("firm_id")["firm"].nunique().max() > 1:
        raise ValueError("Two firms have got one id; make their names different.")
    columns = ["firm_id", "coder", "kind", "name_as_given", "row_id"]
    return table.sort_values(["firm_id", "rank", "row_id"])[columns].reset_index(drop=True)


def slug(text: str) -> str:
    """Turn a name into an id: ``China 3S Bio`` becomes ``cn-3s-bio``; Chinese is romanised."""
    country, name = text.split(" ", 1)
    code = {"China": "cn", "USA": "us"}.get(country, ascii_fold(country)[:12])
    words = "".join(
        f" {pinyin(char)} " if is_chinese(char) else char for char in name.replace("&", " and ")
    )
    # a name in a script that is not romanised here still needs an id that does not depend on the
    # order of rows
    parts = re.findall("[a-z0-9]+", ascii_fold(words)) or [sha256(name.encode()).hexdigest()[:8]]
    return "-".join([code, *parts])


def with_evidence(
    members: pd.DataFrame, evidence: pd.DataFrame, how: str = "inner"
) -> pd.DataFrame:
    """Join the rows of firms with what their coders wrote; with ``how="left"`` rows of lists stay,
    blank.
    """
    keys = {"left_on": ["coder", "name_as_given"], "right_on": ["coder", "name_en"]}
    return members.merge(evidence, how=how, validate="1:1", **keys)


def in_order(rows: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Sort rows by columns: ``confidence`` puts the surest first, ``coder`` goes by `CODER_ORDER`."""
    ranks = {"confidence": CONFIDENCE_ORDER, "coder": CODER_ORDER}

    def rank(column: pd.Series) -> pd.Series:
        if column.name not in ranks:
            return column
        return column.map({word: place for place, word in enumerate(ranks[column.name])}).fillna(9)

    return rows.sort_values(list(by), key=rank)


def resolve(members: pd.DataFrame, evidence: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make one record per firm out of its evidence rows and keep every value that lost.

    Columns that add up (founders, parents, investors, sources, …) are joined, the surer row first.
    In columns that can contradict each other the row with the highest confidence wins, then the
    coder who comes first in `CODER_ORDER`, blank values never.

    Parameters
    ----------
    members : DataFrame
        From `assemble`.
    evidence : DataFrame
        All evidence rows with ``coder`` and the columns of the evidence contract.

    Returns
    -------
    firms : DataFrame
        One row per firm, sorted by ``firm_id``.
    conflicts : DataFrame
        ``firm_id``, ``column``, ``value``, ``coder``, ``confidence``, ``chosen`` for each column in
        which the rows of a firm differ.
    """
    joined = in_order(
        with_evidence(members, evidence, how="left"), "firm_id", "confidence", "coder", "row_id"
    )
    firms, conflicts = [], []
    for firm_id, rows in joined.groupby("firm_id"):
        firm = {"firm_id": firm_id}
        coded = rows[rows["kind"] == "evidence"]
        for column in CHOSEN_COLUMNS:
            values = coded[column].dropna()
            firm[column] = values.iloc[0] if len(values) else pd.NA
            if len(set(values)) > 1:
                told = zip(
                    values,
                    coded.loc[values.index, "coder"],
                    coded.loc[values.index, "confidence"],
                    strict=True,
                )
                conflicts += [
                    (firm_id, column, str(value), coder, confidence, _yes(rank == 0))
                    for rank, (value, coder, confidence) in enumerate(told)
                ]
        for column in MERGED_COLUMNS:
            firm[column] = _join(coded, column)
        firm["confidence"] = coded["confidence"].iloc[0] if len(coded) else pd.NA
        firm |= _names(rows)
        firm["coders"] = "|".join(dict.fromkeys(coded["coder"])) or pd.NA
        firm["lists"] = "|".join(dict.fromkeys(rows.loc[rows["kind"] == "list", "coder"])) or pd.NA
        firms.append(firm)
    columns = ["firm_id", "column", "value", "coder", "confidence", "chosen"]
    return pd.DataFrame(firms), pd.DataFrame(conflicts, columns=columns)


def _names(rows: pd.DataFrame) -> dict:
    """Names of a firm: English by the coder who comes first, Chinese in the longest form, all
    others beside.
    """
    by_coder = in_order(rows, "coder", "row_id")
    given = list(by_coder["name_as_given"])
    chinese = [name for cell in by_coder["name_zh"] for name in split(cell)]
    chinese += [_plain(name) for name in given if is_chinese(name)]
    english = [name for name in given if not is_chinese(name)]
    every = [*english, *chinese, *(name for cell in by_coder["aliases"] for name in split(cell))]
    best = {
        "name_en": english[0] if english else pd.NA,
        "name_zh": max(chinese, key=len) if chinese else pd.NA,
    }
    taken = [name for name in best.values() if pd.notna(name)]
    others = [name for name in dict.fromkeys(every) if name not in taken and not name.isdigit()]
    return best | {"other_names": "|".join(others) or pd.NA}


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _join(rows: pd.DataFrame, column: str):
    """Join the values of a column, each once, the surer row first; blank if no row has one."""
    values = dict.fromkeys(part for cell in rows[column] for part in split(cell))
    return "|".join(values) or pd.NA


def settle(evidence: pd.DataFrame, settlements: pd.DataFrame) -> pd.DataFrame:
    """Add what a reviewer settled about single evidence rows.

    Parameters
    ----------
    evidence : DataFrame
        All evidence rows with ``coder`` and ``name_en``.
    settlements : DataFrame
        ``coder``, ``name_en``, ``column``, ``value``, ``reason``; columns of the evidence or
        `SETTLED_COLUMNS`.

    Raises
    ------
    ValueError
        If a settlement names a row that does not exist.
    """
    evidence = evidence.set_index(["coder", "name_en"], drop=False)
    unknown = [
        key
        for key in zip(settlements["coder"], settlements["name_en"], strict=True)
        if key not in evidence.index
    ]
    if unknown:
        raise ValueError(f"data/raw/coding/settlements.csv names rows that no coder has: {unknown}")
    for column in SETTLED_COLUMNS:
        evidence[column] = pd.array([pd.NA] * len(evidence), dtype="string")
    for column, rows in settlements.groupby("column"):
        kind = evidence[column].dtype
        for row in rows.itertuples():
            evidence.loc[(row.coder, row.name_en), column] = (
                int(row.value) if kind == "Int64" else row.value
            )
    return evidence.reset_index(drop=True)


def register(
    members: pd.DataFrame,
    evidence: pd.DataFrame,
    places: pd.DataFrame,
    rules: NameRules,
    rows: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the register of firms: names, place, years, frame and scope of each.

    Parameters
    ----------
    members : DataFrame
        From `assemble`.
    evidence : DataFrame
        From `settle`.
    places : DataFrame
        The table of places.
    rules : NameRules
        Used for the place that a list-only name carries.
    rows : DataFrame, optional
        From `gather`: the places that lists print beside names.

    Returns
    -------
    firms : DataFrame
        The columns of the contract ``firms``.
    conflicts : DataFrame
        See `resolve`.
    """
    firms, conflicts = resolve(members, evidence)
    index = place_index(places)
    listed = {} if rows is None else _listed_places(rows, members)
    located = [_locate(firm, index, rules, listed.get(firm.firm_id)) for firm in firms.itertuples()]
    columns = [
        "place_id",
        "city",
        "admin",
        "region",
        "economic_region",
        "cluster",
        "latitude",
        "longitude",
    ]
    firms = firms.drop(columns=["city", "region", "province_or_state"])
    firms[columns] = pd.DataFrame(located, columns=columns, index=firms.index)
    chinese = firms["firm_id"].str.startswith("cn-")
    firms["country"] = firms["firm_id"].map(_country(members, evidence))
    firms["entry_year"] = firms["entry_year"].fillna(
        firms["founded_year"].where(firms["relocated_from"].isna())
    )
    spread = _years(members, evidence)
    firms["entry_year_low"] = firms["firm_id"].map(spread["low"]).where(firms["entry_year"].notna())
    firms["entry_year_high"] = (
        firms["firm_id"].map(spread["high"]).where(firms["entry_year"].notna())
    )
    firms["entry_year_low"] = firms[["entry_year_low", "entry_year"]].min(axis=1)
    firms["entry_year_high"] = firms[["entry_year_high", "entry_year"]].max(axis=1)
    in_paper, sample, scope = _membership(members, evidence)
    firms["named_in_paper"] = (
        firms["firm_id"].isin(in_paper).map(_yes).where(chinese | firms["firm_id"].isin(in_paper))
    )
    firms["on_open_list"] = firms["lists"].notna().map(_yes).where(chinese)
    firms["us_sample"] = firms["firm_id"].map(sample)
    firms["scope"] = firms["firm_id"].map(scope).fillna("entry")
    firms["frame"] = "found_otherwise"
    firms.loc[firms["on_open_list"] == "yes", "frame"] = "on_open_list"
    firms.loc[firms["named_in_paper"] == "yes", "frame"] = "named_in_paper"
    firms.loc[firms["us_sample"].notna(), "frame"] = "us_" + firms["us_sample"].astype("string")
    return firms.sort_values("firm_id", ignore_index=True), conflicts


def _plain(name: str) -> str:
    return BRACKETS.sub("", name).rstrip("…")


def _listed_places(rows: pd.DataFrame, members: pd.DataFrame) -> dict[str, Place]:
    firm_of = members.set_index("row_id")["firm_id"]
    known = rows[
        (rows["kind"] == "list") & rows["place"].map(lambda place: place.metro is not None)
    ]
    return {firm_of[row.row_id]: row.place for row in known.itertuples()}


def _locate(firm, index: dict, rules: NameRules, listed: Place | None) -> tuple:
    """Place of a firm: its city, else its coder's region, else what a list prints beside or in its
    name.
    """
    found = index.get((firm.city, firm.province_or_state)) if pd.notna(firm.city) else None
    if found is None and pd.isna(firm.coders):
        found = index.get(((listed or rules.place(_printed(firm))).metro, None))
    if found is not None:
        wanted = [
            "place_id",
            "name",
            "admin",
            "metro",
            "economic_region",
            "cluster",
            "latitude",
            "longitude",
        ]
        return tuple(found[wanted])
    admin = firm.province_or_state
    if pd.isna(firm.coders):
        admin = rules.place(_printed(firm)).admin or pd.NA
    region = firm.region if pd.notna(firm.region) and firm.region != "other" else pd.NA
    same = [
        place
        for place in index.values()
        if pd.notna(admin) and pd.notna(place["admin"]) and place["admin"] == admin
    ]
    economic = {place["economic_region"] for place in same}
    return (
        pd.NA,
        pd.NA,
        admin,
        region,
        economic.pop() if len(economic) == 1 else pd.NA,
        region,
        pd.NA,
        pd.NA,
    )


def _printed(firm) -> str:
    return firm.name_zh if pd.notna(firm.name_zh) else firm.name_en


def _country(members: pd.DataFrame, evidence: pd.DataFrame) -> pd.Series:
    joined = with_evidence(members, evidence, how="left")
    return joined.groupby("firm_id")["country"].first().fillna("China")


def _years(members: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    """Earliest and latest year of entry that any coder gives for a firm."""
    joined = with_evidence(members, evidence)
    joined["year"] = joined["entry_year"].fillna(
        joined["founded_year"].where(joined["relocated_from"].isna())
    )
    years = joined.groupby("firm_id")["year"].agg(["min", "max"])
    return years.rename(columns={"min": "low", "max": "high"})


def _membership(members: pd.DataFrame, evidence: pd.DataFrame) -> tuple[set, dict, dict]:
    """Firms that the paper names; the sample of US firms; firms that are no entry of the industry."""
    joined = with_evidence(members, evidence)
    named = joined["lists"].map(
        lambda cell: any(part.startswith(("seed", "named in seed paper")) for part in split(cell))
    )
    sample = joined.dropna(subset=["sample"]).set_index("firm_id")["sample"].to_dict()
    scope = joined.dropna(subset=["scope"]).set_index("firm_id")["scope"].to_dict()
    return set(joined.loc[named, "firm_id"]), sample, scope


def ledger(rows: pd.DataFrame, members: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Count rows in and out of every stage; each line must follow from the one above.

    Returns
    -------
    DataFrame
        ``stage``, ``rows_in``, ``change``, ``rows_out``, ``reason``.

    Raises
    ------
    AssertionError
        If the lines do not add up.
    """
    lines = []

    def line(stage: str, change: int, reason: str) -> None:
        before = lines[-1]["rows_out"] if lines else 0
        lines.append(
            {
                "stage": stage,
                "rows_in": before,
                "change": change,
                "rows_out": before + change,
                "reason": reason,
            }
        )

    for coder, part in rows[rows["kind"] == "evidence"].groupby("coder"):
        line("read", len(part), f"evidence rows of the coder {coder}")
    for name, part in rows[rows["kind"] == "list"].groupby("coder"):
        line("read", len(part), f"rows of the list {name}")
    line(
        "linked",
        members["firm_id"].nunique() - len(members),
        "rows that are another row's firm under another name",
    )
    for scope, part in firms[firms["scope"] != "entry"].groupby("scope"):
        line("scope", -len(part), f"firms that are no entry of the industry: {scope}")
    table = pd.DataFrame(lines)
    assert len(rows) == len(members), "rows were lost or doubled between reading and linking"
    assert table["rows_out"].iloc[-1] == (firms["scope"] == "entry").sum(), (
        "the ledger does not add up"
    )
    return table
