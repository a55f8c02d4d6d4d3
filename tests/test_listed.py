"""The listed pair: a random order of which the front is a sample, apart from the register."""

import csv
import random
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from cluster_anatomy import tables
from cluster_anatomy.firms import listed, lists
from cluster_anatomy.study import firm_lists, firm_origins
from cluster_anatomy.tables import contract

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = [column.name for column in contract.contracts()["listed_frames"].columns]
USA, CHINA = "listed_usa_frame", "listed_china_frame"


def frame_of(*rows):
    """A frame: pair, place in the order, name, whether looked up, and further cells."""
    given = [
        {"pair": pair, "frame_order": order, "name": name, "looked_up": looked_up, "list": "ipo"}
        | cells
        for pair, order, name, looked_up, cells in rows
    ]
    return pd.DataFrame(given, columns=["pair", *COLUMNS])


MEMBERS = pd.DataFrame(
    [
        ("cn-old", "paper", "evidence", "Old", "paper:Old"),
        ("cn-old", "epo", "list", "Old Ltd", "epo:Old Ltd"),
        ("cn-other", "paper", "evidence", "Other", "paper:Other"),
    ],
    columns=["firm_id", "coder", "kind", "name_as_given", "row_id"],
)
SMALL = frame_of(
    (USA, 2, "Beta Inc", "yes", {"outcome": "found", "name_en": "Beta"}),
    (USA, 1, "Alpha", "yes", {"outcome": "not_found"}),
    (USA, 4, "Delta", "no", {}),
    (USA, 3, "Gamma", "yes", {"outcome": "struck", "struck_by": "trade"}),
    (USA, 5, "Epsilon", "yes", {"outcome": "found", "name_en": "Epsilon"}),
    (CHINA, 1, "Old Listed", "register", {"outcome": "register", "register_row": "paper:Old"}),
    (CHINA, 2, "Old Too", "yes", {"outcome": "part", "same_as": 1, "name_en": "Old Too"}),
)


def test_the_sample_is_the_front_of_the_order_that_was_looked_up():
    table = listed.identify(SMALL, MEMBERS).set_index("name")
    assert table["status"].to_dict() == {
        "Old Listed": "sampled",
        "Old Too": "double",
        "Alpha": "sampled",
        "Beta Inc": "sampled",
        "Gamma": "struck",
        "Delta": "beyond",
        "Epsilon": "beyond",
    }
    assert table["firm_id"].to_dict() == {
        "Old Listed": "cn-old",
        "Old Too": "cn-old",
        "Alpha": "us-alpha",
        "Beta Inc": "us-beta",
        "Gamma": "us-gamma",
        "Delta": "us-delta",
        "Epsilon": "us-epsilon",
    }
    assert table["frame"].value_counts().to_dict() == {"us_listed": 5, "cn_listed": 2}


def test_looking_up_the_next_firm_extends_the_sample():
    longer = SMALL.assign(looked_up=SMALL["looked_up"].replace("no", "yes"))
    status = listed.identify(longer, MEMBERS).set_index("name")["status"]
    assert (status[["Delta", "Epsilon"]] == "sampled").all()


def test_a_firm_of_the_register_keeps_its_rows_and_gets_the_new_ones():
    rows = listed.members_of(listed.identify(SMALL, MEMBERS), MEMBERS)
    behind = rows.groupby("firm_id")["row_id"].agg(set).to_dict()
    assert behind == {
        "cn-old": {
            "paper:Old",
            "epo:Old Ltd",
            "listed_china:Old Too",
            "listed_china_frame:Old Listed",
            "listed_china_frame:Old Too",
        },
        "us-alpha": {"listed_usa_frame:Alpha"},
        "us-beta": {"listed_usa:Beta", "listed_usa_frame:Beta Inc"},
    }


def test_wrong_rows_and_ids_are_named():
    with pytest.raises(ValueError, match="no row paper:New"):
        listed.identify(SMALL.assign(register_row="paper:New"), MEMBERS)
    twice = SMALL.assign(same_as=None, register_row="paper:Old", outcome="found")
    with pytest.raises(ValueError, match="one id: cn-old"):
        listed.identify(twice, MEMBERS)


def test_counts_name_what_is_left_out():
    counts = listed.counts(listed.identify(SMALL, MEMBERS))
    usa = counts.loc[("us_listed", "ipo")]
    assert usa[["firms", "sampled", "struck", "beyond"]].tolist() == [5, 2, 1, 2]
    assert usa[["found", "not_found"]].tolist() == [1, 1]
    assert counts.loc[("cn_listed", "ipo"), "double"] == 1


@pytest.fixture(scope="module")
def frames():
    """The real frames."""
    return tables.read_all("listed_frames")


def test_the_chinese_order_can_be_drawn_again(frames):
    names = frames.loc[frames["pair"] == CHINA].sort_values("frame_order")["name"].tolist()
    again = sorted(names)
    random.Random(20100801).shuffle(again)
    assert names == again


def test_the_frames_are_whole_and_their_front_is_looked_up(frames):
    for pair, size, front in ((USA, 281, 100), (CHINA, 103, 103)):
        part = frames[frames["pair"] == pair].sort_values("frame_order")
        assert part["frame_order"].tolist() == list(range(1, size + 1))
        assert (part["looked_up"] != "no").sum() == front
        assert (part["looked_up"].iloc[:front] != "no").all()
    struck = frames[frames["outcome"] == "struck"]
    assert struck[["struck_by", "reason"]].notna().all(axis=None)
    assert struck["pair"].value_counts().to_dict() == {CHINA: 6, USA: 1}


def test_every_row_of_evidence_is_of_a_firm_of_its_frame(frames):
    evidence = tables.read_all("listed_evidence")
    named = set(frames["pair"].str.removesuffix("_frame") + ":" + frames["name_en"])
    assert set(evidence["coder"] + ":" + evidence["name_en"]) == named - {pd.NA}


def test_the_register_fills_the_pair_and_the_pair_fills_only_what_is_unknown(raw, step01, frames):
    given = lists.settle(tables.read_all("listed_evidence"), raw.settlements)
    everything = pd.concat([step01.evidence, given], ignore_index=True)
    rules = lists.NameRules(raw.name_words, raw.provinces, raw.places, raw.legal_forms)
    frame = listed.identify(frames, step01.members)
    made = firm_lists.listed(frame, step01.members, everything, raw.gazetteer, rules)
    pair, register = (firms.set_index("firm_id") for firms in (made["firms"], step01.firms))
    both = pair.index.intersection(register.index)
    assert len(both) == 35
    for column in ("city", "founded_year", "returnee_founder", "confidence"):
        known = register.loc[both, column].dropna()
        assert (pair.loc[known.index, column] == known).all()
    assert pair["country"].value_counts().to_dict() == {"USA": 99, "China": 96}


# --- What the steps wrote, counted here with nothing of the package


def written(name):
    with (ROOT / f"data/processed/{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_unknown_reach_is_below_what_was_asked_for():
    reach = {frame: Counter() for frame in ("us_listed", "cn_listed")}
    for row in written("listed_entries"):
        reach[row["frame"]][row["reach"]] += 1
    sizes = {frame: sum(kinds.values()) for frame, kinds in reach.items()}
    assert sizes == {"us_listed": 99, "cn_listed": 96}
    assert reach["us_listed"]["unknown"] / sizes["us_listed"] < 0.30
    assert reach["cn_listed"]["unknown"] / sizes["cn_listed"] < 0.35


def test_the_entries_of_the_pair_are_its_sample():
    sampled = [row["firm_id"] for row in written("listed_frame") if row["status"] == "sampled"]
    assert sorted(sampled) == sorted(row["firm_id"] for row in written("listed_entries"))
    assert {row["firm_id"] for row in written("listed_sources")} <= set(sampled)


def test_no_table_of_the_register_sees_a_firm_that_is_only_listed():
    pair = {row["row_id"]: row["firm_id"] for row in written("listed_firm_evidence")}
    assert {row.split(":")[0] for row in pair} >= {"listed_china", "listed_usa", "paper"}
    for name in ("firm_evidence", "firms", "entries", "sources", "links"):
        for row in written(name):
            assert not any(cell.startswith(("listed_china", "listed_usa")) for cell in row.values())
    frames_of_entries = {row["frame"] for row in written("entries")}
    assert not frames_of_entries & {"cn_listed", "us_listed"}


def kappa(pairs):
    """Cohen's kappa (Cohen 1960) of pairs of labels."""
    n = len(pairs)
    first, second = (Counter(pair[place] for pair in pairs) for place in (0, 1))
    chance = sum(first[label] * second[label] for label in first) / n**2
    return (sum(a == b for a, b in pairs) / n - chance) / (1 - chance)


def test_the_second_coding_gives_the_agreement_that_is_reported():
    with (ROOT / "data/raw/coding/second_coding.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter((row["coding"], row["blind"], row["field"]) for row in rows) == Counter(
        {("us_listed", "yes", field): 20 for field in ("label", "year", "city_region", "types")}
        | {("us_listed", "yes", field): 20 for field in ("reach", "outcome")}
        | {("us_frame", "no", "label"): 15, ("cn_frames", "no", "label"): 16}
    )
    labels = {row["firm"]: row for row in rows if row["field"] == "label"}
    outcome = {row["firm"]: row for row in rows if row["field"] == "outcome"}
    blind = {firm: row for firm, row in labels.items() if row["coding"] == "us_listed"}
    given = [
        (row["first"], row["second"])
        for row in blind.values()
        if "unknown" not in (row["first"], row["second"])
    ]
    assert (len(given), sum(a == b for a, b in given)) == (13, 10)
    assert kappa(given) == pytest.approx(0.67, abs=0.005)
    found = [
        (row["first"], row["second"])
        for firm, row in blind.items()
        if outcome[firm]["first"] == outcome[firm]["second"] == "found"
    ]
    assert (len(found), sum(a == b for a, b in found)) == (10, 7)
    assert kappa(found) == pytest.approx(0.56, abs=0.005)
    for coding, agree in (("us_frame", 14), ("cn_frames", 16)):
        part = [row for row in labels.values() if row["coding"] == coding]
        assert sum(row["first"] == row["second"] for row in part) == agree
        assert all((row["first"] == row["second"]) == (row["agree"] == "yes") for row in part)


# --- The lists, one by one

LISTS = pd.DataFrame(
    {
        "list": ["seminar", "index A-C", "a_share", "hk_us"],
        "frame": ["cn_lists", "us_frame", "cn_listed", "cn_listed"],
        "label": ["China: seminar", "USA: index", "China: mainland", "China: abroad"],
        "rule": "On it.",
        "leaves_out": "All others.",
    }
)
NAMED = pd.DataFrame(
    [
        ("cn-a", "seminar", "list", "A"),
        ("us-b", "usa", "evidence", "B"),
        ("us-c", "usa", "evidence", "C"),
    ],
    columns=["firm_id", "coder", "kind", "name_as_given"],
)
CODED = pd.DataFrame(
    {"coder": "usa", "name_en": ["B", "C"], "lists": ["index A-C|other index", "genealogy"]}
)
QUOTED = pd.DataFrame(
    {
        "firm_id": ["cn-d", "cn-e", "cn-f"],
        "list": ["a_share", "hk_us|a_share", "hk_us"],
        "status": ["sampled", "sampled", "struck"],
        "outcome": ["found", "register", "struck"],
    }
)


def listings():
    return lists.on_lists(NAMED, CODED, QUOTED, LISTS)


def test_a_firm_stands_on_every_list_that_names_it_and_on_no_other():
    found = set(listings()[["list", "firm_id"]].itertuples(index=False, name=None))
    assert found == {
        ("seminar", "cn-a"),
        ("index A-C", "us-b"),
        ("a_share", "cn-d"),
        ("a_share", "cn-e"),
        ("hk_us", "cn-e"),
    }


def test_a_list_is_described_by_its_entries_and_those_on_it_alone():
    firms = pd.DataFrame(
        {
            "firm_id": ["cn-a", "us-b", "cn-d", "cn-e"],
            "scope": ["entry", "not_industry", "entry", "entry"],
            "entry_year": [1990, 1991, None, 1993],
        }
    )
    table = firm_lists.list_table(firms, listings())
    assert table.index.tolist() == LISTS["label"].tolist()
    assert table["entries"].tolist() == [1, 0, 2, 1]
    assert table["on no other list"].tolist() == [1, 0, 1, 0]
    assert table["with a year"].tolist() == [1, 0, 1, 1]


def test_what_became_of_a_listed_firm_is_counted_once():
    table = firm_lists.looked_up(QUOTED, LISTS)
    assert set(table.itertuples(index=False, name=None)) == {
        ("China: mainland", "found", 1),
        ("China: abroad", "in the register", 1),
        ("China: abroad", "out by rule", 1),
    }


def test_the_yield_of_a_list_is_the_share_of_its_entries_of_known_reach():
    reach = pd.Series({"cn-a": "unknown", "cn-d": "home", "cn-e": "unknown"})
    table = firm_origins.list_yields(reach, listings()).set_index("slug")
    assert table[["count", "n"]].to_dict("index") == {
        "seminar": {"count": 0, "n": 1},
        "a_share": {"count": 1, "n": 2},
        "hk_us": {"count": 0, "n": 1},
    }
    drawn = firm_origins.reach_by_list(reach, listings(), ["cn_listed"])
    assert drawn["value"].sum() == 2
    assert set(drawn["label"]) == {"China: mainland"}


def test_the_lists_of_the_study_are_those_of_its_rows(raw, step01):
    known = tables.read("data/raw/coding/lists.csv")
    printed = set(tables.read_all("lists")["list"].unique())
    on = lists.on_lists(
        step01.members, step01.evidence, tables.read("data/processed/listed_frame.csv"), known
    )
    assert on["firm_id"].notna().all(), "a list without firms is misspelt"
    assert printed <= set(known["list"])
    frame = step01.firms.loc[step01.firms["us_sample"] == "frame", "firm_id"]
    assert set(frame) == set(on.loc[on["frame"] == "us_frame", "firm_id"])
    open_lists = step01.firms.loc[step01.firms["on_open_list"] == "yes", "firm_id"]
    assert set(open_lists) == set(on.loc[on["frame"] == "cn_lists", "firm_id"])
