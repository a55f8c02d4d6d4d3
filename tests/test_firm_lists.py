"""Step 01: which rows are one firm, and what the register keeps of each."""

import doctest

import pandas as pd
import pytest

from cluster_anatomy.firms import coders, names, places
from cluster_anatomy.firms.linkage import load_model
from cluster_anatomy.firms.lists import (
    assemble,
    compare,
    decide,
    gather,
    resolve,
    settle,
)
from cluster_anatomy.firms.names import NameRules
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.study import firm_lists
from cluster_anatomy.study.firm_lists import ledger, register
from cluster_anatomy.tables import contract

SAME_FROM = 100 * load_model().same_from
EVIDENCE = [column.name for column in contract.contracts()["evidence"].columns]
CROSSWALK = ["left", "right", "same", "reason"]

ROWS = [
    {
        "coder": "paper",
        "name_en": "Kexing",
        "name_zh": "北京科兴",
        "city": "Beijing",
        "confidence": "medium",
        "founded_year": "2001",
        "founder_names": "Yin",
        "lists": "seed",
        "source_urls": "seed",
    },
    {
        "coder": "north",
        "name_en": "Sinovac Biotech",
        "name_zh": "北京科兴生物制品有限公司",
        "city": "Beijing",
        "confidence": "high",
        "founded_year": "2002",
        "founder_names": "Yin|Pan",
        "lists": "H1N1",
        "aliases": "科兴|300142",
        "source_urls": "https://a.example",
    },
    {
        "coder": "south",
        "name_en": "Kexing (Shenzhen)",
        "name_zh": "深圳科兴",
        "city": "Shenzhen",
        "confidence": "low",
        "source_urls": "https://b.example",
    },
    {
        "coder": "south",
        "name_en": "Tianyuan",
        "city": "Hangzhou",
        "confidence": "low",
        "scope": "customer",
        "source_urls": "https://c.example",
    },
    {
        "coder": "usa",
        "name_en": "Kexing",
        "city": "San Diego",
        "country": "USA",
        "confidence": "high",
        "sample": "frame",
        "source_urls": "https://d.example",
    },
]
LISTS = [("flu", "北京科兴生物制品股份有限公司"), ("flu", "浙江天元药业有限公司"), ("epo", "海正")]
PLACES = [
    ("cn-beijing", "Beijing", "北京", "Beijing", "China", "Beijing", "Bohai Rim"),
    ("cn-shenzhen", "Shenzhen", "深圳", "Guangdong", "China", "Shenzhen", "Pearl River Delta"),
    ("cn-hangzhou", "Hangzhou", "杭州", "Zhejiang", "China", "Hangzhou", "Yangtze River Delta"),
    ("us-san-diego", "San Diego", None, "CA", "USA", "San Diego", "Pacific"),
]
ADMIN = {"Beijing": "Beijing", "Shenzhen": "Guangdong", "Hangzhou": "Zhejiang", "San Diego": "CA"}


def evidence_of(rows):
    table = pd.DataFrame(rows, columns=["coder", *EVIDENCE, *coders.SETTLED_COLUMNS]).astype(
        "string"
    )
    table["province_or_state"] = table["city"].map(ADMIN)
    table[["founded_year", "entry_year"]] = table[["founded_year", "entry_year"]].astype("Int64")
    return table.assign(country=table["country"].fillna("China"))


def crosswalk_of(*pairs):
    return pd.DataFrame([(*pair, "looked at") for pair in pairs], columns=CROSSWALK)


@pytest.fixture(scope="module")
def small():
    """Evidence, lists, places and name rules of a few firms."""
    columns = ["place_id", "name", "name_zh", "admin", "country", "metro", "economic_region"]
    places = pd.DataFrame(PLACES, columns=columns).assign(
        aliases=pd.NA, latitude=1.0, longitude=2.0
    )
    places["cluster"] = places["metro"]
    kinds = {
        "有限公司": "legal_form",
        "股份有限公司": "legal_form",
        "生物制品": "industry_word",
        "药业": "industry_word",
    }
    words = pd.DataFrame(
        [(word, "zh", kind) for word, kind in kinds.items()], columns=["word", "script", "kind"]
    )
    words.loc[len(words)] = ["biotech", "en", "industry_word"]
    provinces = pd.DataFrame({"province": ["Zhejiang"], "name_zh": ["浙江"]})
    lists = pd.DataFrame(LISTS, columns=["list", "name_as_listed"])
    return evidence_of(ROWS), lists, places, NameRules(words, provinces, places)


def run(evidence, lists, places, rules, *reviewed):
    """Chain step 01; return members, firms, conflicts and decisions."""
    gazetteer = Gazetteer(places)
    rows = gather(evidence, lists, gazetteer)
    decisions = decide(compare(rows, rules), crosswalk_of(*reviewed))
    members = assemble(rows, decisions)
    return rows, decisions, members, *register(members, evidence, gazetteer, rules)


# --- Decisions


def pair(left, right, score=100.0, legal=False, place="same"):
    return {
        "left": left,
        "right": right,
        "left_name": "x",
        "right_name": "y",
        "score": score,
        "same_legal_name": legal,
        "place": place,
    }


@pytest.mark.parametrize(
    ("row", "reviewed", "decision", "rule"),
    [
        (pair("a:x", "b:x"), [], "same", "same_core_and_place"),
        (pair("a:x", "b:x", SAME_FROM), [], "same", "same_core_and_place"),
        (pair("a:x", "b:x", SAME_FROM - 0.1), [], "borderline", "too_little"),
        (pair("a:x", "b:x", place="unknown"), [], "borderline", "too_little"),
        (pair("a:x", "b:x", legal=True, place="unknown"), [], "same", "same_legal_name"),
        (pair("a:x", "b:x", legal=True, place="different"), [], "different", "different_place"),
        (pair("a:x", "a:y", legal=True), [], "different", "one_coder"),
        (pair("a:x", "b:x"), [("a:x", "b:x", "no")], "different", "reviewed"),
        (pair("a:x", "a:y", 75.0, place="different"), [("a:x", "a:y", "yes")], "same", "reviewed"),
    ],
)
def test_each_rule_decides_and_the_crosswalk_wins(row, reviewed, decision, rule):
    found = decide(pd.DataFrame([row]), crosswalk_of(*reviewed)).iloc[0]
    assert (found["decision"], found["rule"]) == (decision, rule)
    assert (found["reason"] == "looked at") == bool(reviewed)


def test_a_reviewed_pair_need_not_look_alike(small):
    _, decisions, members, _, _ = run(*small, ("epo:海正", "south:Tianyuan", "yes"))
    found = decisions[decisions["left"] == "epo:海正"].iloc[0]
    assert (found["decision"], found["rule"]) == ("same", "reviewed")
    assert pd.isna(found["score"])
    assert members.set_index("row_id")["firm_id"]["epo:海正"] == "cn-tianyuan"


def test_two_scripts_meet_within_one_place_only(small):
    _, decisions, members, _, _ = run(*small)
    firm = members.set_index("row_id")["firm_id"]
    assert (
        firm["paper:Kexing"]
        == firm["north:Sinovac Biotech"]
        == firm["flu:北京科兴生物制品股份有限公司"]
    )
    assert len({firm["paper:Kexing"], firm["south:Kexing (Shenzhen)"], firm["usa:Kexing"]}) == 3
    waiting = decisions[decisions["decision"] == "borderline"]
    assert list(zip(waiting["left"], waiting["right"], strict=True)) == [
        (
            "flu:浙江天元药业有限公司",
            "south:Tianyuan",
        )  # a province in the name, a city in the row: not enough
    ]


def test_a_chain_that_joins_what_was_decided_apart_is_an_error():
    rows = pd.DataFrame({"row_id": ["a:x", "b:x", "c:x"]})
    links = [pair("a:x", "b:x"), pair("b:x", "c:x"), pair("a:x", "c:x", place="different")]
    with pytest.raises(ValueError, match="a:x = b:x = c:x"):
        assemble(rows, decide(pd.DataFrame(links), crosswalk_of()))


def test_one_coder_may_not_name_a_firm_twice(small):
    evidence, lists, places, _ = small
    with pytest.raises(ValueError, match="south:Kexing"):
        gather(pd.concat([evidence, evidence[2:3]]), lists, Gazetteer(places))


def test_a_place_is_found_by_any_name_and_told_apart_by_its_province():
    assert doctest.testmod(places).failed == 0
    columns = ["place_id", "name", "aliases", "admin", "country", "metro"]
    rows = [
        ("us-a", "Cambridge", pd.NA, "MA", "USA", "Boston"),
        ("uk-a", "Cambridge", "Cantab", pd.NA, "UK", "Cambridge"),
        ("us-b", "Cambridge", pd.NA, "MN", "USA", "Minneapolis"),
    ]
    gazetteer = Gazetteer(pd.DataFrame(rows, columns=columns))
    assert gazetteer.find("Cambridge").place_id == "us-a"
    assert gazetteer.find("Cantab").cluster is None
    assert gazetteer.find_within("Cambridge", "MN").metro == "Minneapolis"
    assert gazetteer.find_within("Cambridge", pd.NA).country == "UK"
    assert gazetteer.find_within("Cambridge", "NY") is gazetteer.find(pd.NA) is None


@pytest.mark.parametrize("seed", range(4))
def test_nothing_depends_on_the_order_of_rows(small, seed):
    evidence, lists, places, rules = small
    mixed = [table.sample(frac=1, random_state=seed) for table in (evidence, lists, places)]
    for one, other in zip(run(*small)[1:], run(*mixed, rules)[1:], strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_ids_say_country_and_name():
    assert names.slug("China 3S Bio") == "cn-3s-bio"
    assert names.slug("USA Gan & Lee (Bridgewater)") == "us-gan-and-lee-bridgewater"
    assert names.slug("China 海王英特龙") == "cn-hai-wang-ying-te-long"
    rows = pd.DataFrame(
        {"row_id": ["south:A B", "south:A-B"], "coder": "south", "kind": "evidence"}
    )
    rows = rows.assign(name_as_given=["A B", "A-B"], country="China")
    with pytest.raises(ValueError, match="make their names different"):
        assemble(rows, decide(pd.DataFrame(columns=list(pair("", ""))), crosswalk_of()))


# --- The register


def test_the_surer_row_wins_and_the_loser_is_kept(small):
    *_, firms, conflicts = run(*small)
    record = firms.set_index("firm_id").loc["cn-kexing"]
    assert record["founded_year"] == 2002
    assert (record["entry_year_low"], record["entry_year_high"]) == (2001, 2002)
    assert record["founder_names"] == "Yin|Pan"
    assert record["source_urls"] == "https://a.example|seed"
    assert (record["coders"], record["lists"], record["confidence"]) == (
        "north|paper",
        "flu",
        "high",
    )
    assert (record["name_en"], record["name_zh"]) == ("Kexing", "北京科兴生物制品股份有限公司")
    assert "300142" not in record["other_names"]
    lost = conflicts[conflicts["column"] == "founded_year"]
    assert lost[["value", "coder", "chosen"]].to_numpy().tolist() == [
        ["2002", "north", "yes"],
        ["2001", "paper", "no"],
    ]


def test_a_blank_never_wins_and_equal_trust_goes_by_coder():
    rows = [
        {
            "coder": "south",
            "name_en": "A",
            "confidence": "high",
            "founded_year": "1999",
            "predecessor": "works",
        },
        {"coder": "north", "name_en": "B", "confidence": "high", "founded_year": "1998"},
    ]
    members = pd.DataFrame(
        {
            "firm_id": "cn-a",
            "coder": ["south", "north"],
            "kind": "evidence",
            "name_as_given": ["A", "B"],
            "row_id": ["south:A", "north:B"],
        }
    )
    firms, conflicts = resolve(coders.with_evidence(members, evidence_of(rows), how="left"))
    assert firms.loc[0, ["founded_year", "predecessor"]].tolist() == [1998, "works"]
    assert set(conflicts["column"]) == {"founded_year"}


def test_frames_places_and_scope(small):
    *_, members, firms, _ = run(*small)
    firm = firms.set_index("firm_id")
    by_row = members.set_index("row_id")["firm_id"]
    assert firm["frame"].to_dict() == {
        by_row["paper:Kexing"]: "named_in_paper",
        by_row["south:Kexing (Shenzhen)"]: "found_otherwise",
        by_row["usa:Kexing"]: "us_frame",
        "cn-tianyuan": "found_otherwise",
        by_row["flu:浙江天元药业有限公司"]: "on_open_list",
        "cn-hai-zheng": "on_open_list",
    }
    listed = firm.loc[by_row["flu:浙江天元药业有限公司"]]
    assert listed[["admin", "economic_region"]].tolist() == ["Zhejiang", "Yangtze River Delta"]
    assert pd.isna(listed["region"])
    assert firm["scope"].value_counts().to_dict() == {"entry": 5, "customer": 1}


def test_the_ledger_adds_up_or_says_so(small):
    rows, _, members, firms, _ = run(*small)
    table = ledger(rows, members, firms)
    assert (table["rows_in"] + table["change"] == table["rows_out"]).all()
    assert table["rows_in"].tolist() == [0, *table["rows_out"][:-1]]
    assert table["rows_out"].iloc[-1] == 5
    with pytest.raises(AssertionError):
        ledger(rows, members[1:], firms)
    with pytest.raises(AssertionError):
        ledger(rows, members, firms[1:])


def test_settlements_change_one_cell_and_name_real_rows(small):
    columns = ["coder", "name_en", "column", "value", "reason"]
    change = pd.DataFrame(
        [
            ("south", "Tianyuan", "entry_year", "1999", ""),
            ("paper", "Kexing", "parent_timing", "later", ""),
        ],
        columns=columns,
    )
    settled = settle(small[0], change).set_index(["coder", "name_en"])
    assert settled.loc[("south", "Tianyuan"), "entry_year"] == 1999
    assert settled["parent_timing"].dropna().to_dict() == {("paper", "Kexing"): "later"}
    assert small[0]["parent_timing"].isna().all()
    with pytest.raises(ValueError, match="Nobody"):
        settle(small[0], change.assign(name_en="Nobody"))


# --- The real data

MERGED = [
    "paper:Sinovac Biotech (Beijing) = north:Sinovac Biotech Co., Ltd. (Beijing)",
    "paper:Sinovac Biotech (Beijing) = flu_vaccine_makers_2009:北京科兴生物制品有限公司",
    "paper:Gan & Lee Pharmaceutical = north:Gan & Lee Pharmaceuticals",
    (
        "paper:Beijing Tri-Prime Genetic Engineering = north:Beijing Tri-Prime Genetic Engineering"
        " Co., Ltd."
    ),
    (
        "paper:Changchun GeneScience Pharmaceuticals = north:Changchun GeneScience Pharmaceuticals"
        " Co., Ltd."
    ),
    "paper:3S Bio = north:Shenyang Sunshine Pharmaceutical (3SBio)",
    "paper:3S Bio = epo_makers_2016:沈阳三生制药有限责任公司",
    "paper:China National Biotec Group (CNBG) = north:China National Biotec Group",
    "paper:Anhui Anke Biotechnology = south:Anhui Anke Biotechnology",
    "paper:Shenzhen SiBiono GeneTech = south:Shenzhen SiBiono GeneTech",
    "paper:Eli Lilly Suzhou = south:Lilly Suzhou Pharmaceutical",
    "paper:Eli Lilly Shanghai R&D centre = south:Lilly China R&D Center (Shanghai)",
    "paper:Roche R&D Center (China) = south:Roche R&D Center (China)",
    "paper:Zhejiang Hisun Pharmaceutical = south:Zhejiang Hisun Pharmaceutical",
    "paper:Shanghai ChemExplorer = south:Shanghai ChemPartner (ShangPharma)",
    "paper:Xiamen Amoytop Biotech = south:Xiamen Amoytop Biotech",
    (
        "north:Beijing Tiantan Biological Products Co., Ltd. ="
        " pharmaletter_2001_listed_biopharma_partial:Tiantan Bio"
    ),
    (
        "south:Shanghai Fosun Pharmaceutical = pharmaletter_2001_listed_biopharma_partial:Fuxing"
        " Enterprise"
    ),
    (
        "paper:Tonghua Xiuzheng Pharmaceutical ="
        " smei_top100_drugmakers_2008_partial:吉林修正药业集团股份有限公司"
    ),
    (
        "south:Shanghai Roche Pharmaceuticals ="
        " smei_top100_drugmakers_2008_partial:上海罗氏制药有…(cut off)"
    ),
]
APART = [
    [
        "paper:Shenzhen Kexing Biotech",
        "paper:Shandong Kexing Bioproducts",
        "paper:Sinovac Biotech (Beijing)",
        "north:Sinovac (Dalian) Vaccine Technology Co., Ltd.",
    ],
    ["south:Shanghai Huaxin High Biotechnology", "south:Nanjing Huaxin Biopharmaceutical"],
    [
        "north:Hualan Biological Engineering Inc.",
        "north:Hualan Biological Bacterin (Vaccine) Co., Ltd.",
        "north:Hualan Bio Chongqing Co., Ltd.",
    ],
    ["paper:Yangtze River Pharmaceutical", "paper:Zhejiang Hisun Pharmaceutical"],
    [
        "paper:BioSino Bio-Technology and Science",
        "paper:China National Biotec Group (CNBG)",
        "paper:Sinopharm (China National Pharmaceutical Group)",
    ],
    ["paper:Shanghai HealthDigit", "paper:Huzhou HealthDigit"],
    ["paper:Shanghai Fudan-Zhangjiang Bio-Pharmaceutical", "paper:Taizhou Fudan-Zhangjiang"],
    ["paper:Di'ao Group", "north:Chengdu Diao Jiuhong Pharmaceutical Factory"],
    [
        "smei_top100_drugmakers_2008_partial:哈药集团有限公司",
        "north:Harbin Pharmaceutical Group Bioengineering Co., Ltd.",
    ],
    [
        "smei_top100_drugmakers_2008_partial:华北制药集团有限责任公司",
        "north:NCPC GeneTech Biotechnology Co., Ltd.",
    ],
    ["south:Shanghai Kehua Bio-Engineering", "epo_makers_2016:上海实业科华生物药业有限公司"],
    [
        "pharmaletter_2001_listed_biopharma_partial:Neptune Bio",
        "south:Shenzhen Neptunus Interlong Bio-Technique",
    ],
    ["north:BGI (Beijing Genomics Institute)", "south:BGI Shenzhen"],
]
STATED = {
    "H1N1": "flu_vaccine_makers_2009",
    "EPO": "epo_makers_2016",
    "CNBG six": "cnbg_six_institutes",
    "SMEI": "smei_top100_drugmakers_2008_partial",
}


@pytest.fixture(scope="module")
def firm_of(step01):
    """The firm of each real row."""
    return step01.members.set_index("row_id")["firm_id"]


def test_every_real_row_stands_in_one_firm(raw, firm_of):
    given = list(raw.evidence["coder"] + ":" + raw.evidence["name_en"])
    given += list(raw.lists["list"] + ":" + raw.lists["name_as_listed"])
    assert sorted(firm_of.index) == sorted(given)


@pytest.mark.parametrize("couple", MERGED)
def test_known_firm_is_one(firm_of, couple):
    left, right = couple.split(" = ")
    assert firm_of[left] == firm_of[right]


@pytest.mark.parametrize("rows", APART, ids=lambda rows: rows[0])
def test_known_trap_is_kept_apart(firm_of, rows):
    assert firm_of[rows].nunique() == len(rows)


@pytest.mark.parametrize(("word", "name"), STATED.items())
def test_who_is_said_to_be_on_a_list_is_linked_to_it(step01, word, name):
    said = step01.evidence[step01.evidence["lists"].str.contains(word, regex=False, na=False)]
    keys = set(said["coder"] + ":" + said["name_en"])
    firms = set(step01.members.loc[step01.members["row_id"].isin(keys), "firm_id"])
    listed = set(step01.members.loc[step01.members["coder"] == name, "firm_id"])
    assert firms
    assert firms <= listed


def test_the_crosswalk_is_in_order_and_names_real_rows(raw, firm_of):
    assert (raw.crosswalk["left"] < raw.crosswalk["right"]).all()
    assert set(raw.crosswalk["left"]) | set(raw.crosswalk["right"]) <= set(firm_of.index)


def test_borderline_pairs_stay_apart(step01, firm_of):
    waiting = step01.decisions[step01.decisions["decision"] == "borderline"]
    assert (waiting["left"].map(firm_of) != waiting["right"].map(firm_of)).all()


def test_the_real_register_does_not_depend_on_the_order_of_rows(raw, step01, name_rules):
    evidence, lists, places = (
        table.sample(frac=1, random_state=7) for table in (step01.evidence, raw.lists, raw.places)
    )
    rows = gather(evidence, lists, Gazetteer(places))
    pd.testing.assert_frame_equal(rows, step01.rows)
    decisions = decide(
        step01.pairs.sample(frac=1, random_state=7), raw.crosswalk.sample(frac=1, random_state=7)
    )
    pd.testing.assert_frame_equal(decisions, step01.decisions)
    members = assemble(rows, decisions)
    firms, conflicts = register(members, evidence, Gazetteer(places), name_rules)
    pd.testing.assert_frame_equal(firms, step01.firms)
    pd.testing.assert_frame_equal(conflicts, step01.conflicts)


def test_the_real_ledger_ends_with_the_entries(step01):
    table = ledger(step01.rows, step01.members, step01.firms)
    assert table["rows_out"].iloc[-1] == (step01.firms["scope"] == "entry").sum()


# --- What notebook 01 shows


def test_undecided_pairs_are_shown_by_score():
    links = pd.DataFrame(
        [("a", "b", 20.0, "same"), ("c", "d", 90.0, "unknown"), ("e", "f", 99.0, "same")],
        columns=["left_name", "right_name", "score", "place"],
    ).assign(decision=["borderline", "borderline", "same"])
    shown = firm_lists.borderline(links)
    assert shown.reset_index().to_numpy().tolist() == [
        ["c", "d", 90.0, "unknown"],
        ["a", "b", 20.0, "same"],
    ]
    assert firm_lists.borderline(links, most=1).index.tolist() == ["c"]


def test_rows_are_counted_by_coder_and_list_in_words():
    rows = pd.DataFrame({"kind": ["list", "evidence", "list"], "coder": ["a_b", "north", "a_b"]})
    counts = firm_lists.rows_by_coder(rows)["rows"]
    assert counts.to_dict() == {("evidence", "north"): 1, ("list", "a b"): 2}


def test_coverage_tells_apart_what_is_known_of_entries():
    firms = pd.DataFrame(
        {
            "scope": ["entry", "entry", "entry", "group"],
            "region": ["Beijing", pd.NA, pd.NA, "Beijing"],
            "entry_year": pd.array([1990, 1991, pd.NA, 1992], dtype="Int64"),
            "country": "China",
            "frame": ["named_in_paper", "named_in_paper", "on_open_list", "on_open_list"],
        }
    )
    assert firm_lists.coverage(firms).to_numpy().tolist() == [
        ["China: named in the paper", "place and year", 1],
        ["China: named in the paper", "year only", 1],
        ["China: on an open list", "neither", 1],
    ]
    assert set(firm_lists.coverage(firms)["series"]) <= set(firm_lists.KNOWN)
