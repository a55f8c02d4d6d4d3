"""Ties: rows collapsed to pairs of actors, local, external or foreign."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from cluster_anatomy.firms.actors import PLACE
from cluster_anatomy.firms.coders import CODER_ORDER
from cluster_anatomy.firms.names import slug
from cluster_anatomy.methods.distance import kilometres
from cluster_anatomy.methods.shares import share
from cluster_anatomy.tables.cells import split

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


def until(table: pd.DataFrame, last_year: int) -> pd.DataFrame:
    """Return what is dated up to a year (column ``year``), and what has no date."""
    return table[~(table["year"] > last_year).fillna(False).astype(bool)]


def measured(rows: pd.DataFrame) -> pd.DataFrame:
    """Add ``kind`` (`reach`) and ``kilometres`` to rows or pairs with places."""
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
    known = {
        what: (source.notna() & target.notna()).to_numpy() for what, (source, target) in end.items()
    }
    same = {
        what: (source.astype(object) == target.astype(object)).to_numpy()
        for what, (source, target) in end.items()
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
    kept = from_giver(rows[~own & ~outside])
    by_pair: dict[tuple[str, str], list[dict]] = {}
    for row in sorted(kept.to_dict("records"), key=lambda row: _rank(row["coder"])):
        by_pair.setdefault(tuple(sorted((row["source"], row["target"]))), []).append(row)
    pairs = pd.DataFrame([_pair(part) for part in by_pair.values()])
    pairs["year"] = pairs["year"].astype("Int64")
    pairs = measured(pairs)
    pairs["country"] = pairs["seen_from"].where(pairs["kind"] != "foreign", "cross")
    if (twice := pairs["tie_id"].duplicated()).any():
        raise ValueError(f"Two pairs have one id: {sorted(pairs.loc[twice, 'tie_id'])}")
    ledger = _ledger(rows, own, outside, kept, pairs)
    assert ledger["rows_out"].iloc[-1] == len(pairs), "the ledger does not add up"
    assert pairs["rows"].sum() == len(kept), "rows were lost or doubled on the way to pairs"
    return pairs.sort_values("tie_id", ignore_index=True), ledger


def _ledger(
    rows: pd.DataFrame,
    own: pd.Series,
    outside: pd.Series,
    kept: pd.DataFrame,
    pairs: pd.DataFrame,
) -> pd.DataFrame:
    """Count the rows of `collapse` into and out of every stage."""
    coders = sorted(rows.groupby("coder"), key=lambda item: _rank(item[0]))
    away = "neither end is in the country that the coder looked at"
    lines = [
        *(("read", len(part), _READ.get(coder, f"ties of {coder}")) for coder, part in coders),
        ("own", -int(own.sum()), "both ends are one actor under two names"),
        ("outside", -int((outside & ~own).sum()), away),
        ("collapsed", len(pairs) - len(kept), "further rows on a pair that another row names"),
    ]
    ledger = pd.DataFrame(lines, columns=["stage", "change", "reason"])
    ledger["rows_out"] = ledger["change"].cumsum()
    ledger["rows_in"] = ledger["rows_out"] - ledger["change"]
    return ledger[["stage", "rows_in", "change", "rows_out", "reason"]]


_READ = {
    "paper": "ties of the paper's coder",
    "figures": "edges of the paper's figures",
    "north": "ties of the coder north",
    "south": "ties of the coder south",
    "usa": "ties of the coder usa",
    "china_second": "ties of the second round, China",
    "usa_second": "ties of the second round, USA",
}


def _rank(coder: str) -> int:
    """Place of a coder among those whose row decides."""
    order = ["paper", "figures", *CODER_ORDER[1:]]
    return order.index(coder) if coder in order else len(order)


def neither_at_home(rows: pd.DataFrame) -> pd.Series:
    """Mark rows whose ends are both known to lie outside the country that the coder looked at."""
    away = [
        rows[f"{end}_country"].notna() & (rows[f"{end}_country"] != rows["seen_from"])
        for end in ("source", "target")
    ]
    return (away[0] & away[1]).fillna(False).astype(bool)


def from_giver(rows: pd.DataFrame) -> pd.DataFrame:
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
        pair |= _end_of_pair(part, end, other)
    in_text = any(in_paper(row["coder"], row["source_urls"]) for row in part)
    coders, types = {row["coder"] for row in part}, {row["tie_type"] for row in part}
    years = [row["year"] for row in part if pd.notna(row["year"])]
    names = (slug(f"China {first[end]}").removeprefix("cn-") for end in ("source", "target"))
    return pair | {
        "tie_id": "--".join(names),
        "tie_types": "|".join(kind for kind in TIE_TYPES if kind in types),
        "year": min(years, default=pd.NA),
        "stated_in_paper": "yes" if in_text else "no",
        "found_by": "paper" if in_text else _found_by(coders),
        "rows": len(part),
        "coders": "|".join(sorted(coders)),
    }


def _end_of_pair(part: list[dict], end: str, other: str) -> dict:
    """Name, firm, kind and place of one end of a pair, the best of its rows."""
    actor = part[0][end]
    sides = [(row, end if row[end] == actor else other) for row in part]
    about = {end: actor}
    for what in ("firm_id", "type"):
        values = [row[f"{side}_{what}"] for row, side in sides if pd.notna(row[f"{side}_{what}"])]
        about[f"{end}_{what}"] = next(
            (value for value in values if value != "firm"), next(iter(values), pd.NA)
        )
    places = [{column: row[f"{side}_{column}"] for column in PLACE} for row, side in sides]
    best = min(places, key=lambda place: (pd.isna(place["cluster"]), pd.isna(place["country"])))
    return about | {f"{end}_{column}": value for column, value in best.items()}


def _found_by(coders: set[str]) -> str:
    """Whose search found a pair that the paper does not state."""
    if coders <= {"usa", "usa_second"}:
        return "usa"
    if coders & {"north", "south", "china_second"}:
        return "regional"
    return "own_list" if coders == {"own_list"} else "paper_coder"


def in_paper(coder: str, addresses: str) -> bool:
    """Say whether a row states what the paper states: its coder read it and names it."""
    return coder in ("paper", "figures") and "seed" in split(addresses)


def stated(rows: pd.DataFrame) -> list[str]:
    """Say of each row whether the paper states it: ``yes`` or ``no``."""
    pairs = zip(rows["coder"], rows["source_urls"], strict=True)
    return ["yes" if in_paper(coder, addresses) else "no" for coder, addresses in pairs]


def having(pairs: pd.DataFrame, types: Iterable[str]) -> pd.DataFrame:
    """Return the pairs that have one of some types."""
    kinds = set(types)
    return pairs[[bool(kinds & set(split(cell))) for cell in pairs["tie_types"]]]


def between(pairs: pd.DataFrame, one: Iterable[str], other: Iterable[str]) -> pd.DataFrame:
    """Return the pairs with one end of a kind in ``one`` and the other of one in ``other``."""
    a, b = list(one), list(other)
    straight = pairs["source_type"].isin(a) & pairs["target_type"].isin(b)
    return pairs[straight | (pairs["source_type"].isin(b) & pairs["target_type"].isin(a))]


def first_known(kinds: Iterable[str]) -> str:
    """Return the first kind of tie that is known; ``unknown`` if none is."""
    return next((kind for kind in kinds if kind != "unknown"), "unknown")


def described(hits: int, n: int, unknown: int = 0) -> dict[str, float]:
    """Return a share with counts and bounds but no interval, since ties are no sample."""
    return share(hits, n, unknown) | {"low": np.nan, "high": np.nan}
