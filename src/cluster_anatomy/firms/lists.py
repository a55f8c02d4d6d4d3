"""From rows of lists and codings to firms: pairs, decisions, groups, one record each."""

import networkx as nx
import pandas as pd

from cluster_anatomy.firms import linkage
from cluster_anatomy.firms.coders import (
    CHOSEN_COLUMNS,
    CODER_ORDER,
    MERGED_COLUMNS,
    ROUND_OF,
    ROUNDS,
    SETTLED_COLUMNS,
    in_order,
)
from cluster_anatomy.firms.names import NameRules, slug
from cluster_anatomy.firms.places import Gazetteer, Place
from cluster_anatomy.firms.scripts import BRACKETS, is_chinese
from cluster_anatomy.tables.cells import split


def gather(evidence: pd.DataFrame, lists: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    """Put every row of evidence and of lists into one table.

    Parameters
    ----------
    evidence : DataFrame
        The evidence of all coders with ``coder``, ``name_en``, ``name_zh``, ``aliases``, ``city``,
        …
    lists : DataFrame
        The lists as printed, with ``list``, ``name_as_listed`` and, where a list has them,
        ``name_zh`` and ``place_as_listed``.
    gazetteer : Gazetteer
        The places that cities of the evidence and of lists mean.

    Returns
    -------
    DataFrame
        One row per row in: ``row_id`` (coder and name), ``coder``, ``kind`` (``evidence`` or
        ``list``), ``name_as_given``, ``names`` (list), ``country``, ``place``.
    """
    rows = [_coded_row(row, gazetteer) for row in evidence.itertuples()]
    rows += [_listed_row(row, gazetteer) for row in lists.itertuples()]
    columns = ["coder", "kind", "name_as_given", "names", "country", "place"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(0, "row_id", table["coder"] + ":" + table["name_as_given"])
    if table["row_id"].duplicated().any():
        twice = sorted(table.loc[table["row_id"].duplicated(), "row_id"])
        raise ValueError(
            f"One coder or list names a firm twice: {', '.join(twice)}. Make the names different."
        )
    return table.sort_values("row_id", ignore_index=True)


def _coded_row(row, gazetteer: Gazetteer) -> tuple:
    """Row of `gather` for a row of the evidence."""
    names = [
        row.name_en,
        *split(row.name_zh),
        *split(row.aliases),
        *_inside_brackets(row.name_en),
    ]
    city = gazetteer.find_within(row.city, row.province_or_state)
    metro = None if city is None else city.metro
    admin = None if pd.isna(row.province_or_state) else row.province_or_state
    country = "China" if pd.isna(row.country) else row.country
    usable = _usable(names, gazetteer)
    return row.coder, "evidence", row.name_en, usable, country, Place(metro, admin)


def _listed_row(row, gazetteer: Gazetteer) -> tuple:
    """Row of `gather` for what a list prints."""
    names = [row.name_as_listed, *split(getattr(row, "name_zh", pd.NA))]
    printed = gazetteer.find(getattr(row, "place_as_listed", None))
    place = Place() if printed is None else Place(printed.metro, printed.admin)
    return row.list, "list", row.name_as_listed, names, "China", place


def _inside_brackets(name: str) -> list[str]:
    return [part.split(")")[0].strip() for part in name.split("(")[1:]]


def _usable(names: list[str], gazetteer: Gazetteer) -> list[str]:
    """Drop stock exchange codes and plain place names; keep the order, each name once."""
    codes = [name for name in names if name.isdigit() or name.upper().startswith("HKEX")]
    return [name for name in dict.fromkeys(names) if name not in codes and name not in gazetteer]


def compare(
    rows: pd.DataFrame, rules: NameRules, borderline_from: float | None = None
) -> pd.DataFrame:
    """Score the pairs of rows of one country by the linkage model (`firms.linkage`).

    Each row's own place goes before the one that a name says. A row has as many tries as it has
    names; the two names that meet are those with the same legal name, else with the highest score,
    else in places that fit.

    Parameters
    ----------
    rows : DataFrame
        From `gather`.
    rules : NameRules
        Take names apart.
    borderline_from : float, optional
        Score, in per cent, from which a pair is listed; that of the model if not given.

    Returns
    -------
    DataFrame
        Pairs from the score ``borderline_from`` on: ``left``, ``right`` (row ids in alphabetical
        order), ``left_name``, ``right_name`` (the two names that met), ``score`` (probability that
        the two are one firm, 0-100), ``same_legal_name`` (score 100), ``place`` (``same``,
        ``different``, ``unknown``).
    """
    if borderline_from is None:
        borderline_from = 100 * linkage.load_model().borderline_from
    records = _records(rows, rules)
    # the rows name the same firms again and again: words are not counted in them
    prepared = linkage.prepare(records, rules=rules, count=False)
    pairs = linkage.pairs(prepared, threshold=0.0, each_name=True)
    country = rows.set_index("row_id")["country"]
    pairs = pairs[pairs["left"].map(country) == pairs["right"].map(country)].copy()
    own = {(row.record_id, row.name): row.own for row in records.itertuples(index=False)}
    legal = {name: rules.legal(name) if is_chinese(name) else None for name in records["name"]}
    words = {True: "same", False: "different", None: "unknown"}
    pairs["place"] = [
        words[own[left, left_name].fits(own[right, right_name])]
        for left, left_name, right, right_name in pairs[
            ["left", "left_name", "right", "right_name"]
        ].itertuples(index=False)
    ]
    left, right = pairs["left_name"].map(legal), pairs["right_name"].map(legal)
    pairs["same_legal_name"] = (left == right) & left.notna() & (left != "")
    pairs["score"] = (100 * pairs["probability"]).round(1).mask(pairs["same_legal_name"], 100.0)
    pairs["apart"] = pairs["place"] == "different"
    order = ["left", "right", "same_legal_name", "score", "apart", "left_name", "right_name"]
    pairs = pairs.sort_values(order, ascending=[True, True, False, False, True, True, True])
    pairs = pairs[pairs["score"] >= borderline_from]
    pairs = pairs.drop_duplicates(["left", "right"], ignore_index=True)
    return pairs[["left", "right", "left_name", "right_name", "score", "same_legal_name", "place"]]


def _records(rows: pd.DataFrame, rules: NameRules) -> pd.DataFrame:
    """One record per usable name of a row, with its metro region and `Place`, for the model."""
    names = rows[["row_id", "names", "place"]].explode("names").dropna(subset=["names"])
    names = names[
        [len(rules.core(name)) > 1 and not rules.is_place(name) for name in names["names"]]
    ]
    own = [
        place if place.metro or place.admin else rules.place(name)
        for place, name in zip(names["place"], names["names"], strict=True)
    ]
    records = pd.DataFrame({"record_id": names["row_id"], "name": names["names"]})
    return records.assign(place=[place.metro for place in own], own=own)


def decide(
    pairs: pd.DataFrame, crosswalk: pd.DataFrame, same_from: float | None = None
) -> pd.DataFrame:
    """Say for every pair whether the two rows are one firm, and why.

    The reviewed crosswalk wins. Then: one coder or list names a firm once; firms in different
    places are different entries; one Chinese legal name is one firm; so is a score from
    ``same_from`` in one place. What is left is ``borderline``: kept apart and listed for review,
    but for rows of a later round, each of which was looked up for a firm that is there already.

    Parameters
    ----------
    pairs : DataFrame
        From `compare`.
    crosswalk : DataFrame
        ``left``, ``right``, ``same`` (``yes`` or ``no``), ``reason``. Reviewed pairs that do not
        look alike are added to the pairs.
    same_from : float, optional
        Score, in per cent, from which two names in one place are one firm; that of the model if not
        given.

    Returns
    -------
    DataFrame
        ``left``, ``right``, ``decision`` (``same``, ``different``, ``borderline``), ``rule``,
        ``score``, ``place``, ``left_name``, ``right_name``, ``reason``; sorted.
    """
    if same_from is None:
        same_from = 100 * linkage.load_model().same_from
    reviewed = crosswalk.rename(columns={"reason": "review"})
    table = pairs.merge(reviewed, on=["left", "right"], how="outer").sort_values(["left", "right"])
    table["same_legal_name"] = table["same_legal_name"].fillna(False).astype(bool)
    for column in ("rule", "decision", "reason"):
        table[column] = pd.Series(pd.NA, index=table.index, dtype="object")
    for rule, holds, decision, reason in _rules(table, same_from):
        open_and_true = table["rule"].isna() & holds.fillna(False).astype(bool)
        table.loc[open_and_true, ["rule", "decision", "reason"]] = [rule, decision, reason]
    table["reason"] = table["review"].fillna(table["reason"])
    table = table[(table["decision"] != "borderline") | ~_of_later_round(table)]
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


def _of_later_round(pairs: pd.DataFrame) -> pd.Series:
    """Mark pairs of which one row is of a round after the first."""
    number = [pairs[side].str.split(":").str[0].map(ROUND_OF) for side in ("left", "right")]
    return (number[0] > 0) | (number[1] > 0)


def _rules(table: pd.DataFrame, same_from: float) -> list[tuple[str, pd.Series, str, str]]:
    """Rules of `decide` in their order: name, pairs for which it holds, decision, reason."""
    reviewed = "reviewed pair of the crosswalk"
    one_coder = table["left"].str.split(":").str[0] == table["right"].str.split(":").str[0]
    alike_in_place = (table["score"] >= same_from) & (table["place"] == "same")
    return [
        ("reviewed", table["same"] == "yes", "same", reviewed),
        ("reviewed", table["same"] == "no", "different", reviewed),
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
            alike_in_place,
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


def assemble(rows: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Join rows that are one firm, and give each firm an id.

    The id does not depend on the order of rows. It is country and name: the name of the first
    coder of the first round, else the list's print, else the name of a later round, so that a
    later round changes no id.

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
    printed = len(ROUNDS[0])
    rank_of = {
        coder: rank + (rank >= printed)  # lists stand between the first round and later ones
        for rank, coder in enumerate(CODER_ORDER)
    }
    table["rank"] = table["coder"].map(rank_of).fillna(printed).astype(int)
    table = table.sort_values(["firm", "rank", "row_id"])
    first = table.groupby("firm").first()
    table["firm_id"] = table["firm"].map(
        (first["country"] + " " + first["name_as_given"]).map(slug)
    )
    if table.groupby("firm_id")["firm"].nunique().max() > 1:
        raise ValueError("Two firms have got one id; make their names different.")
    columns = ["firm_id", "coder", "kind", "name_as_given", "row_id"]
    return table.sort_values(["firm_id", "rank", "row_id"])[columns].reset_index(drop=True)


def resolve(joined: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make one record per firm out of its evidence rows and keep every value that lost.

    Columns that add up (founders, parents, investors, sources, …) are joined, the surer row first.
    In columns that can contradict each other the row with the highest confidence wins, then the
    coder who comes first in `CODER_ORDER`, blank values never.

    Parameters
    ----------
    joined : DataFrame
        From `with_evidence`: all rows of all firms, those of lists with blank evidence.

    Returns
    -------
    firms : DataFrame
        One row per firm, sorted by ``firm_id``.
    conflicts : DataFrame
        ``firm_id``, ``column``, ``value``, ``coder``, ``confidence``, ``chosen`` for each column in
        which the rows of a firm differ.
    """
    joined = in_order(joined, "firm_id", "confidence", "coder", "row_id")
    firms, conflicts = [], []
    for firm_id, rows in joined.groupby("firm_id"):
        coded, listed = rows[rows["kind"] == "evidence"], rows[rows["kind"] == "list"]
        firm = {"firm_id": firm_id}
        for column in CHOSEN_COLUMNS:
            values = coded[column].dropna()
            firm[column] = values.iloc[0] if len(values) else pd.NA
            conflicts += _conflicts(firm_id, coded, values)
        firm |= {column: _join(coded, column) for column in MERGED_COLUMNS}
        firm["confidence"] = coded["confidence"].iloc[0] if len(coded) else pd.NA
        firm |= _names(rows)
        firm["coders"] = "|".join(dict.fromkeys(coded["coder"])) or pd.NA
        firm["lists"] = "|".join(dict.fromkeys(listed["coder"])) or pd.NA
        firms.append(firm)
    columns = ["firm_id", "column", "value", "coder", "confidence", "chosen"]
    return pd.DataFrame(firms), pd.DataFrame(conflicts, columns=columns)


def _conflicts(firm_id: str, coded: pd.DataFrame, values: pd.Series) -> list[tuple]:
    """Rows of the table of conflicts for one column of a firm, the value that wins first."""
    if len(set(values)) < 2:
        return []
    who = coded.loc[values.index]
    return [
        (firm_id, values.name, str(value), coder, confidence, yes_or_no(rank == 0))
        for rank, (value, coder, confidence) in enumerate(
            zip(values, who["coder"], who["confidence"], strict=True)
        )
    ]


def _names(rows: pd.DataFrame) -> dict:
    """Names of a firm: English by the first coder, Chinese in the longest form, all others."""
    by_coder = in_order(rows, "coder", "row_id")
    given = list(by_coder["name_as_given"])
    chinese = [name for cell in by_coder["name_zh"] for name in split(cell)]
    chinese += [plain_name(name) for name in given if is_chinese(name)]
    english = [name for name in given if not is_chinese(name)]
    every = [*english, *chinese, *(name for cell in by_coder["aliases"] for name in split(cell))]
    best = {
        "name_en": english[0] if english else pd.NA,
        "name_zh": max(chinese, key=len) if chinese else pd.NA,
    }
    taken = [name for name in best.values() if pd.notna(name)]
    others = [name for name in dict.fromkeys(every) if name not in taken and not name.isdigit()]
    return best | {"other_names": "|".join(others) or pd.NA}


def yes_or_no(value: bool) -> str:
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
        `SETTLED_COLUMNS`; the value ``unknown`` makes a cell blank. Those of coders who have no
        rows here are left alone.

    Raises
    ------
    ValueError
        If a settlement names a row that does not exist.
    """
    settlements = settlements[settlements["coder"].isin(evidence["coder"])]
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
            value = int(row.value) if kind == "Int64" and row.value != "unknown" else row.value
            cell = (row.coder, row.name_en), column
            evidence.loc[cell] = pd.NA if row.value == "unknown" else value
    return evidence.reset_index(drop=True)


def on_lists(
    members: pd.DataFrame, evidence: pd.DataFrame, listed_frame: pd.DataFrame, lists: pd.DataFrame
) -> pd.DataFrame:
    """Say which firm stands on which list of a frame.

    Parameters
    ----------
    members : DataFrame
        Rows of firms: a row of a printed list has the list as its ``coder``.
    evidence : DataFrame
        Rows of coders; column ``lists`` names the lists on which a coder found a firm.
    listed_frame : DataFrame
        Firms of the listed pair, with ``list`` and ``status``.
    lists : DataFrame
        Contract ``frame_lists``.

    Returns
    -------
    DataFrame
        ``firm_id`` and the columns of `lists`; a firm on two lists has two rows.
    """
    coded = members[members["kind"] == "evidence"].merge(
        evidence[["coder", "name_en", "lists"]],
        left_on=["coder", "name_as_given"],
        right_on=["coder", "name_en"],
    )
    parts = [
        coded.assign(list=coded["lists"].map(split)).explode("list"),
        members[members["kind"] == "list"].rename(columns={"coder": "list"}),
        listed_frame[listed_frame["status"] == "sampled"]
        .assign(list=listed_frame["list"].map(split))
        .explode("list"),
    ]
    named = pd.concat([part[["firm_id", "list"]] for part in parts]).drop_duplicates()
    return lists.merge(named, on="list", how="left", validate="1:m")


def plain_name(name: str) -> str:
    return BRACKETS.sub("", name).rstrip("…")
