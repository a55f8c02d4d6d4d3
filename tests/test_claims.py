"""Step 11: how checks are evaluated, how verdicts follow, and the cases a reader will look up
first.
"""

import re
import tomllib

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_anatomy import figures, results, tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.firms.entries import in_frame
from cluster_anatomy.results import checks
from cluster_anatomy.results.checks import ClaimError
from cluster_anatomy.study import claims

PARTS = [
    "01_firm_lists",
    "02_firm_origins",
    "03_cluster_genesis",
    "04_cluster_composition",
    "05_entry_patterns",
    "06_china_usa",
    "07_representation",
    "08_ties",
    "09_founders",
    "10_robustness",
    "11_claims",
]
CHECK = {
    "claim_id": "C001",
    "check": 1,
    "table": "firms",
    "where": "name=Alpha",
    "read": "year",
    "operator": "equals",
    "expected": pd.NA,
    "tolerance": float("nan"),
    "independent": "yes",
    "meaning": "m",
}
FIRMS = pd.DataFrame(
    [
        ("Alpha", 1988, "P", "seed|https://a.example", "x|y", 2),
        ("Beta", 1990, "P", "seed", "y", 3),
        ("Gamma", pd.NA, "Q", "https://g.example", pd.NA, 4),
    ],
    columns=["name", "year", "province", "source_urls", "parts", "line"],
).assign(file="data/firms.csv")


FRAMES = pd.DataFrame(
    [
        ("f", "rule"),
        ("Somebody (2006), second-hand", "rule"),
        ("found", "search"),
        ("sought", "question"),
        ("picked", "paper"),
    ],
    columns=["frame", "chosen_by"],
)


def the_claims(**values):
    """Return claims C001, … with these values."""
    rows = [
        {
            "claim_id": claim,
            "section": "1",
            "kind": "number",
            "statement_in_own_words": "s",
            "value": value,
        }
        for claim, value in (values or {"C001": "1988"}).items()
    ]
    return pd.DataFrame(rows)


def the_register():
    frame = {"frame": "f", "unit": "difference"}
    rows = [
        results.result("gap", {"value": -0.2, "low": -0.3, "high": -0.1, "n": 9}, "s", **frame),
        results.result("open_gap", {"value": -0.2, "low": -0.3, "high": 0.1, "n": 9}, "s", **frame),
        results.result("bare", 0.4, "s", frame="f"),
        results.result("quoted", 0.7, "s", frame="Somebody (2006), second-hand"),
        *(
            results.result(name, {"value": 0.4, "low": 0.3, "high": 0.5}, "s", frame=frame)
            for name, frame in (
                ("of_search", "found vs f"),
                ("of_question", "sought, up to 2010"),
                ("of_paper", "f vs picked"),
                ("of_nobody", "unheard of"),
            )
        ),
    ]
    return pd.DataFrame(rows).assign(notebook="x")


def run(*changes, values=None):
    """Evaluate checks that differ from the standard one."""
    rows = pd.DataFrame([CHECK | {"check": n} | change for n, change in enumerate(changes, 1)])
    return checks.evaluate(
        rows, the_claims(**(values or {})), the_register(), FRAMES, read=lambda name: FIRMS
    )


def reading(**given):
    standard = {
        "claim_id": "C001",
        "defines": "no",
        "covered": "whole",
        "missing": pd.NA,
        "written_for": pd.NA,
    }
    return pd.DataFrame([standard | {"reason": "r"} | given])


def judged(outcomes, **given):
    return claims.judge(the_claims(), reading(**given), outcomes, the_register()).iloc[0]


# reading a table


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("name=Alpha", ["Alpha"]),
        ("province!=P", ["Gamma"]),
        ("year!=1988", ["Beta", "Gamma"]),
        ("year>=1989", ["Beta"]),
        ("year<=1990;source_urls~http", ["Alpha"]),
        ("parts~^y$|x", ["Alpha", "Beta"]),
        ("parts~.", ["Alpha", "Beta"]),
        ("", ["Alpha", "Beta", "Gamma"]),
    ],
)
def test_conditions_select_rows_and_a_blank_fulfils_none_but_unequal(where, names):
    assert list(checks.select(FIRMS, where)["name"]) == names


def test_values_read_from_rows():
    assert checks.measure(FIRMS, "rows") == 3
    assert checks.measure(FIRMS, "distinct province") == 2
    assert checks.measure(FIRMS, "top province") == 2
    assert checks.measure(FIRMS, "sum year") == 3978
    assert (checks.measure(FIRMS, "min year"), checks.measure(FIRMS, "max year")) == (
        1988,
        1990,
    )
    assert checks.measure(FIRMS.iloc[:1], "name") == "Alpha"
    assert checks.measure(FIRMS.iloc[:0], "rows") == 0


@pytest.mark.parametrize("rows", [FIRMS, FIRMS.iloc[:0], FIRMS.iloc[2:]])
def test_a_column_is_read_from_one_row_that_has_it(rows):
    with pytest.raises(ClaimError):
        checks.measure(rows, "year")


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_comparisons_fit_together(found, expected):
    at_least, less = (
        checks.holds(operator, found, str(expected)) for operator in ("at_least", "less")
    )
    assert at_least != less
    assert checks.holds("greater", found, str(expected)) != checks.holds(
        "at_most", found, str(expected)
    )
    assert checks.holds("near", found, str(expected), abs(found - expected))


def test_near_contains_and_matches():
    assert checks.holds("near", 46, "50", 5)
    assert not checks.holds("near", 44, "50", 5)
    assert checks.holds("contains", "a|b", "b")
    assert not checks.holds("contains", "a|bc", "b")
    assert checks.holds("matches", "renamed in August 2003", "2003$")
    assert checks.holds("equals", "Zhejiang", "Zhejiang")


@pytest.mark.parametrize(
    ("operator", "low", "high", "expected", "outcome"),
    [
        ("above_zero", 0.1, 0.3, None, "passed"),
        ("above_zero", -0.3, -0.1, None, "failed"),
        ("above_zero", -0.3, 0.09, None, "failed"),  # no room for ten points
        ("above_zero", -0.3, 0.11, None, "undecidable"),
        ("below_zero", -0.3, -0.1, None, "passed"),
        ("below_zero", -0.11, 0.3, None, "undecidable"),
        ("below_zero", -0.09, 0.3, None, "failed"),
        ("above", 0.51, 0.9, "0.5", "passed"),
        ("above", 0.44, 0.86, "0.5", "undecidable"),
        ("below", 0.0, 0.05, "0.1", "passed"),
        ("below", 0.2, 0.3, "0.1", "failed"),
        ("within_interval", -0.3, -0.1, "-0.2", "passed"),
        ("within_interval", -0.3, -0.1, "0.2", "failed"),
        ("above_zero", float("nan"), float("nan"), None, "undecidable"),
    ],
)
def test_an_interval_has_three_outcomes(operator, low, high, expected, outcome):
    limits = {"low": low, "high": high}
    assert checks.outcome_for_interval(operator, limits, expected) == outcome


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 0.5))
def test_above_and_below_are_mirror_images(low, width, least):
    limits, mirrored = ({"low": low, "high": low + width}, {"low": -low - width, "high": -low})
    above = checks.outcome_for_interval("above_zero", limits, None, least)
    assert above == checks.outcome_for_interval("below_zero", mirrored, None, least)


@pytest.mark.parametrize(
    ("read", "operator", "found", "expected", "absence"),
    [
        ("rows", "at_least", 0.0, "1", True),  # not found is not absent
        ("rows", "at_least", 1.0, "1", False),
        ("rows", "equals", 0.0, "0", True),
        ("rows", "equals", 2.0, "0", False),  # a counterexample was found
        ("rows", "equals", 1.0, "1", False),
        ("distinct cluster", "less", 3.0, "5", True),
        ("distinct cluster", "less", 6.0, "5", False),
        ("year", "at_least", 1988.0, "1990", False),  # no count
    ],
)
def test_what_a_search_did_not_find_decides_nothing(read, operator, found, expected, absence):
    check = CHECK | {"table": "entries", "read": read, "operator": operator}
    assert checks.rests_on_absence(check, found, expected) is absence
    assert not checks.rests_on_absence(check | {"table": "provinces"}, found, expected)


# checks


def test_a_numeric_claim_is_compared_with_its_own_value_and_flips_when_that_changes():
    right, wrong = run({}), run({}, values={"C001": "1987"})
    assert (right["outcome"].item(), wrong["outcome"].item()) == ("passed", "failed")
    assert judged(right)["verdict"] == "supported"
    assert judged(wrong)["verdict"] == "contradicted"


def test_a_check_can_expect_what_another_found_or_a_result():
    outcomes = run(
        {"where": "province=P", "read": "rows", "operator": "counted", "independent": "no"},
        {"where": "province=Q", "read": "rows", "operator": "less", "expected": "{1}"},
        {
            "table": "results",
            "where": "gap",
            "read": "value",
            "operator": "within_interval",
            "expected": "{open_gap}",
        },
    )
    assert list(outcomes["outcome"]) == ["counted", "passed", "passed"]
    assert list(outcomes["wanted"][1:]) == ["2.0", "-0.2"]


@pytest.mark.parametrize("expected", ["{bare}", "{gap.n}", "{1}"])
def test_two_point_estimates_are_not_compared(expected):
    first = {"read": "rows", "operator": "counted"}
    points = {"table": "results", "where": "bare", "read": "value", "operator": "greater"}
    with pytest.raises(ClaimError, match="point estimates are not compared"):
        run(first, points | {"expected": expected})


def test_shares_of_what_the_paper_picked_are_no_witness():
    given = {"table": "results", "read": "value", "operator": "above_zero"}
    with pytest.raises(ClaimError, match=r"frame of 'of_paper' \(f vs picked\) was picked"):
        run(given | {"where": "of_paper"})
    with pytest.raises(ClaimError, match="sought for what is asked"):
        run(given | {"where": "of_question"})
    with pytest.raises(ClaimError, match="who chose what is in 'unheard of'"):
        run(given | {"where": "of_nobody"})
    shown = run(
        given | {"where": "of_paper", "independent": "no"},
        given | {"where": "of_question", "operator": "counted"},
        given | {"where": "gap"},
    )
    assert list(shown["chosen_by"]) == ["paper", "question", "rule"]
    assert list(shown["outcome"]) == ["passed", "counted", "failed"]


def test_what_was_searched_for_speaks_for_a_part():
    given = {"table": "results", "read": "value", "operator": "above_zero", "where": "of_search"}
    assert judged(run(given), covered="part")["verdict"] == "partly"
    with pytest.raises(ClaimError, match="a search found speaks for a part"):
        judged(run(given))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"table": "results", "where": "gapp", "read": "value"},
            "C001, check 1: there is no result 'gapp'.*gap",
        ),
        (
            {"expected": "{nothing}", "read": "year"},
            "C001, check 1: there is no result 'nothing'",
        ),
        (
            {"table": "results", "where": "bare", "read": "low"},
            "C001, check 1: result 'bare' has no low",
        ),
        ({"where": "nowhere=1"}, "C001, check 1: no column or name 'nowhere'"),
        ({"where": "name=Delta"}, "C001, check 1: .*0 rows fit"),
    ],
)
def test_what_does_not_exist_is_an_error_that_names_claim_and_check(change, message):
    with pytest.raises(ClaimError, match=message):
        run(change)


def test_a_number_is_never_its_own_witness():
    with pytest.raises(ClaimError, match="only the paper"):
        run({"where": "name=Beta"})
    with pytest.raises(ClaimError, match="only the paper"):
        run({"where": "", "read": "rows"})
    with pytest.raises(ClaimError, match="own number"):
        run({"table": "results", "where": "quoted", "read": "value"})
    outcomes = run({"where": "name=Beta", "independent": "no", "expected": "1990"})
    assert outcomes["outcome"].item() == "passed"
    assert judged(outcomes, covered=pd.NA, missing="miit_2009")["verdict"] == "not_testable"


def test_sources_are_named_by_line_and_the_paper_is_no_address():
    verdict = judged(run({}))
    assert verdict["sources"] == "data/firms.csv:2"
    assert verdict["addresses"] == "https://a.example"
    assert verdict["result_ids"] is None


# verdicts


def outcome(*pairs):
    return pd.DataFrame(pairs, columns=["outcome", "independent"])


@pytest.mark.parametrize(
    ("rows", "defines", "covered", "reached"),
    [
        ([], True, None, "definition"),
        ([], False, None, "not_testable"),
        ([("passed", "no")], False, None, "not_testable"),
        ([("counted", "yes")], False, None, "not_testable"),
        ([("passed", "yes"), ("passed", "yes")], False, "whole", "supported"),
        ([("passed", "yes"), ("passed", "yes")], False, "part", "partly"),
        ([("passed", "yes"), ("failed", "yes")], False, "whole", "partly"),
        ([("failed", "yes"), ("passed", "no")], False, "whole", "contradicted"),
        ([("failed", "yes"), ("failed", "yes")], False, "part", "partly"),
        ([("undecidable", "yes"), ("passed", "no")], False, "whole", "undecidable"),
        ([("undecidable", "yes"), ("counted", "yes")], False, "part", "undecidable"),
        ([("undecidable", "yes"), ("failed", "yes")], False, "whole", "partly"),
        ([("undecidable", "yes"), ("passed", "yes")], False, "whole", "partly"),
    ],
)
def test_the_rule(rows, defines, covered, reached):
    assert claims.verdict(outcome(*rows), defines, covered) == reached


def test_a_check_that_could_not_come_out_otherwise_is_undecidable_not_failed():
    given = {"table": "results", "where": "gap", "read": "value", "operator": "above_zero"}
    decided = run(given | {"expected": pd.NA, "decidable": "gap.n >= 9"})
    silent = run(given | {"expected": pd.NA, "decidable": "gap.n > 1000"})
    assert decided["outcome"].item() == "failed"
    assert silent["outcome"].item() == "undecidable"
    assert judged(silent, written_for="u", missing="firm_panel")["verdict"] == "undecidable"
    with pytest.raises(ClaimError, match="what is missing is not said"):
        judged(silent)
    with pytest.raises(ClaimError, match=r"C001, check 1: 'gab\.n > 1'"):
        run(given | {"expected": pd.NA, "decidable": "gab.n > 1"})


def test_readings_that_do_not_fit_their_checks_are_refused():
    passed = run({})
    paper = run({"independent": "no"})
    with pytest.raises(ClaimError, match="definition"):
        judged(passed, defines="yes")
    with pytest.raises(ClaimError, match="how much"):
        judged(passed, covered=pd.NA)
    with pytest.raises(ClaimError, match="missing"):
        judged(paper, covered=pd.NA)
    with pytest.raises(ClaimError, match="paper alone"):
        judged(run({}, {"independent": "no"}))
    with pytest.raises(ClaimError, match="do not match"):
        claims.judge(the_claims(C001="1988", C002="1"), reading(), passed, the_register())


def test_reasons_are_filled_from_checks_and_register():
    filled = judged(
        run({}), written_for="p", reason="Founded in {1}; {gap} ({gap.low} to {gap.high}), {bare}."
    )
    assert filled["reason"] == "Founded in 1988; −20 points (−30 points to −10 points), 40 %."
    assert filled["result_ids"] == "gap|bare"
    with pytest.raises(ClaimError, match="C001: the reason names check 3"):
        judged(run({}), reason="{3}")
    with pytest.raises(ClaimError, match="C001: the reason names result 'gab'"):
        judged(run({}), reason="{gab}")


def test_a_reason_says_when_its_words_suppose_another_outcome():
    assert judged(run({}), written_for="f")["reason"] == f"{claims.STALE} 1. r"
    assert judged(run({}), written_for="p")["reason"] == "r"


def test_the_summary_counts_every_claim_once():
    verdicts = pd.DataFrame(
        [
            ("1", "number", "supported"),
            ("fn 4", "number", "partly"),
            ("fn 17", "number", "definition"),
        ],
        columns=["section", "kind", "verdict"],
    )
    counted = claims.summary(verdicts).set_index("section")
    assert counted["claims"].to_dict() == {"1": 1, "fn": 2}
    assert counted[claims.VERDICTS].sum(axis=1).equals(counted["claims"])


VERDICTS = pd.DataFrame(
    [
        ("C001", "1", "number", "supported", 2, 0, 0, 0, pd.NA),
        ("C002", "1", "qualitative", "partly", 1, 1, 1, 0, pd.NA),
        ("C003", "abstract", "qualitative", "partly", 1, 0, 0, 1, pd.NA),
        ("C004", "fn 4", "number", "not_testable", 0, 0, 0, 1, "miit_2009"),
        ("C005", "fn 9", "typology", "undecidable", 0, 0, 1, 0, "firm_panel"),
        ("C006", "fn 9", "number", "not_testable", 0, 0, 0, 0, "firm_panel"),
    ],
    columns=[
        "claim_id",
        "section",
        "kind",
        "verdict",
        "checks_passed",
        "checks_failed",
        "checks_undecidable",
        "checks_paper_only",
        "missing",
    ],
).assign(statement="a | b", reason="r")


def test_claims_and_checks_are_counted():
    outcomes = outcome(("passed", "yes"), ("failed", "yes"), ("passed", "no"))
    counted = claims.counts(VERDICTS, outcomes.assign(chosen_by=["rule", None, "paper"]))
    assert counted == {
        "claims_supported": 1,
        "claims_partly": 2,
        "claims_contradicted": 0,
        "claims_undecidable": 1,
        "claims_not_testable": 2,
        "claims_definition": 0,
        "claims_total": 6,
        "claims_checks": 2,
        "claims_checks_passed": 1,
        "claims_checks_undecidable": 0,
        "claims_checks_picked": 1,
        "claims_paper_alone": 1,
        "claims_mixed": 1,
    }


def test_verdicts_by_kind_and_section_hold_every_claim_in_the_order_of_the_paper():
    groups = claims.grouped(claims.summary(VERDICTS))
    kinds, sections = groups.values()
    assert (
        kinds.loc["numbers"].to_dict()
        == claims.summary(VERDICTS).query("kind == 'number'")[claims.VERDICTS].sum().to_dict()
    )
    assert list(sections.index) == ["abstract", "section 1", "footnotes"]
    assert [int(group.to_numpy().sum()) for group in (kinds, sections)] == [6, 6]
    figure = figures.verdict_shares(groups)
    for axis, counts in zip(figure.axes, groups.values(), strict=True):
        assert sum(part.get_width() for part in axis.patches) == pytest.approx(len(counts))


def test_what_is_lacking_is_counted_and_has_words():
    assert claims.lacking(VERDICTS)[["missing", "value"]].to_numpy().tolist() == [
        ["firm_panel", 1],
        ["miit_2009", 1],
    ]
    assert set(tables.read("data/processed/claims.csv")["missing"].dropna()) <= set(claims.NEEDS)


def test_a_listing_keeps_the_claims_with_most_checks_in_their_order():
    lines = claims.listing(VERDICTS, most=2).splitlines()[2:]
    assert lines == ["| C001 | a \\| b | r | 2 of 2 |", "| C002 | a \\| b | r | 1 of 3 |"]
    assert claims.listing(VERDICTS).splitlines()[5].endswith("| none |")


def test_an_undecided_claim_says_what_would_decide_it():
    assert claims.undecided(VERDICTS).splitlines()[2:] == [
        f"| C005 | a \\| b | r | {claims.NEEDS['firm_panel']} |"
    ]


# the reader's copy of the paper

TEXT = """ Abstract

Some words.
 1   Introduction

There are 56 parks and six bases, seen in February
2010.
1
 More words about half of the 1,956 firms. Shandong and Jilin.
4.2   The next part

In 1990 all was new.
3
"""


def test_anchors_are_found_in_an_invented_text():
    rows = [
        ("C001", "1", "56"),
        ("C002", "1", "6"),
        ("C003", "fn 1", "2010-02"),
        ("C004", "4.2", "1990"),
        ("C005", "4.2", "56"),
        ("C006", "9", "1"),
        ("C007", "fn 2", "1"),
        ("C008", "fn 3", "1990"),
        ("C009", "abstract", pd.NA),
        ("C010", "1", "Shandong > Jilin"),
        ("C011", "1", "95"),
        ("C012", "1", "50"),
    ]
    found = claims.anchors(
        TEXT, pd.DataFrame(rows, columns=["claim_id", "section", "value"])
    ).set_index("claim_id")
    assert list(found.index[~found["anchor"]]) == ["C006", "C007"]
    assert found.loc[found["anchor"], "number"].map(str, na_action="ignore").fillna(
        "none"
    ).to_dict() == {
        "C001": "True",
        "C002": "True",
        "C003": "True",
        "C004": "True",
        "C005": "False",
        "C008": "True",
        "C009": "none",
        "C010": "True",
        "C011": "False",
        "C012": "True",
    }


def test_the_readers_own_copy_holds_every_anchor():
    record = tomllib.loads(paths.source("seeds/record.toml").read_text(encoding="utf-8"))
    copy = paths.source(record["text"]["file"])
    if not copy.is_file():
        pytest.skip("the reader's own copy of the paper is not there")
    found = claims.anchors(copy.read_text(encoding="utf-8"), tables.read("seeds/claims.csv"))
    assert found["anchor"].all()
    assert set(found.loc[found["number"].eq(False).fillna(False), "claim_id"]) == {
        "C021",
        "C029",
        "C080",
    }


# the claims themselves


@pytest.fixture(scope="module")
def real():
    """Verdicts and outcomes on the claims of the paper, and what they were made from."""
    paper, given = tables.read("seeds/claims.csv"), tables.read("data/raw/claims/claim_checks.csv")
    readings, register = (
        tables.read("data/raw/claims/claim_readings.csv"),
        claims.register_of(PARTS),
    )
    frames = tables.read("data/raw/claims/claim_frames.csv")
    outcomes = checks.evaluate(given, paper, register, frames)
    verdicts = claims.judge(paper, readings, outcomes, register).set_index("claim_id")
    return {
        "verdicts": verdicts,
        "outcomes": outcomes,
        "paper": paper,
        "readings": readings,
        "checks": given,
        "frames": frames,
    }


def test_every_claim_has_one_verdict_and_a_reason(real):
    verdicts = real["verdicts"]
    assert verdicts.index.is_unique
    assert list(verdicts.index) == list(real["paper"]["claim_id"])
    assert set(verdicts["verdict"]) <= set(claims.VERDICTS)
    assert verdicts["reason"].str.len().min() > 15
    assert not verdicts["reason"].str.contains(claims.STALE).any()


def test_every_verdict_on_the_world_names_what_it_rests_on(real):
    judged = real["verdicts"][~real["verdicts"]["verdict"].isin(["not_testable", "definition"])]
    evaluated = judged[["checks_passed", "checks_failed", "checks_undecidable"]].sum(axis=1)
    assert (evaluated > 0).all()
    assert (judged["sources"].notna() | judged["result_ids"].notna()).all()
    silent = real["verdicts"][real["verdicts"]["verdict"] == "not_testable"]
    assert silent["missing"].notna().all()


def test_the_committed_verdicts_are_the_ones_computed(real):
    written = tables.read("data/processed/claims.csv").set_index("claim_id")
    assert written["verdict"].to_dict() == real["verdicts"]["verdict"].to_dict()
    assert written["reason"].to_dict() == real["verdicts"]["reason"].to_dict()


@pytest.mark.parametrize(
    ("claim", "verdict", "words"),
    [
        ("C101", "partly", "misplaced"),  # WuXi AppTec is not in Jiangsu
        ("C061", "partly", "1980"),  # decided on in 1979, law of 1980
        ("C088", "partly", "Zhejiang"),  # Huzhou is not in Jiangsu
        ("C113", "partly", "Shenzhen Kexing is not among them"),  # Sinovac's founders
        ("C122", "partly", "Among start-ups"),  # second-order founding in China
        ("C114", "partly", "With the USA nothing is compared"),  # founding through hierarchies
        ("C115", "undecidable", "Too few firms"),  # American regions
        ("C128", "supported", "scale of the region"),  # seventy …
        ("C129", "partly", "moved"),  # … to thirty
        ("C132", "partly", "movement within China is not seen"),  # relocations in China
        ("C131", "partly", "Rare they are"),
        ("C063", "not_testable", "Counted alike"),
        ("C032", "definition", "local_parent"),
        ("C130", "not_testable", "could be read"),
        ("C089", "not_testable", "firms, not output"),  # foreign share of output
        ("C079", "not_testable", "Jilin"),  # order of provinces
        ("C104", "partly", "4 in all"),  # Hou Yunde
        ("C004", "supported", "56"),
        ("C045", "supported", "1988"),
        ("C064", "supported", "1989"),
        ("C075", "supported", "1971"),
        ("C068", "supported", "6 institutes"),
        ("C099", "supported", "first"),
        ("C112", "partly", "Chengdu stands in the paper alone"),
        ("C125", "undecidable", "cannot be told apart"),
        ("C016", "definition", "cluster"),
        ("C108", "not_testable", "figure"),
    ],
)
def test_known_cases(real, claim, verdict, words):
    assert real["verdicts"].loc[claim, "verdict"] == verdict
    assert words in real["verdicts"].loc[claim, "reason"]


def test_the_paper_alone_never_makes_a_verdict(real):
    counting = real["outcomes"][
        (real["outcomes"]["independent"] == "yes") & real["outcomes"]["table"].ne("results")
    ]
    paper = counting["where"].str.contains(
        "cn_conle_taube_2010|us_romanelli_feldman_2006_secondhand"
    )
    assert not paper.any()
    alone = (
        real["outcomes"].groupby("claim_id")["independent"].agg(lambda given: set(given) == {"no"})
    )
    assert set(real["verdicts"].loc[alone.index[alone], "verdict"]) == {"not_testable"}


def test_no_claim_is_judged_by_shares_of_what_the_paper_picked(real):
    judged = real["outcomes"][real["outcomes"]["operator"] != "counted"]
    of_results = judged[(judged["table"] == "results") & (judged["independent"] == "yes")]
    assert len(of_results) > 20
    assert set(of_results["chosen_by"]) <= {"rule", "search"}


def test_who_chose_a_frame_is_what_its_firms_say(real):
    """A frame is picked if a firm is in it that the paper names and no list has."""
    frames, read = tables.read("data/raw/coding/frames.csv"), tables.read
    chosen = real["frames"].set_index("frame")["chosen_by"]
    entries = pd.concat([read(f"data/processed/{n}entries.csv") for n in ("", "listed_")])
    for frame in frames["frame"]:
        inside = in_frame(entries, frames, frame)
        own = (inside["named_in_paper"] == "yes") & (inside["on_open_list"] != "yes")
        country = frames.set_index("frame").loc[frame, "country"]
        assert (own.any() and country == "China") == (chosen[frame] == "paper"), frame


@pytest.mark.parametrize(
    "claim", ["C004", "C007", "C045", "C048", "C064", "C067", "C068", "C070", "C075", "C105"]
)
def test_altering_the_number_of_a_claim_flips_its_verdict(real, claim):
    paper = real["paper"].copy()
    one = paper["claim_id"] == claim
    paper.loc[one, "value"] = str(int(paper.loc[one, "value"].item()) + 5)
    own = real["checks"][real["checks"]["claim_id"] == claim]
    outcomes = checks.evaluate(own, paper[one], claims.register_of([]), real["frames"])
    readings = real["readings"][real["readings"]["claim_id"] == claim]
    assert (
        claims.judge(paper[one], readings, outcomes, claims.register_of([]))["verdict"].item()
        == "contradicted"
    )


def test_no_number_is_typed_into_a_reason(real):
    for row in real["readings"].itertuples():
        bare = re.sub(r"\{[^}]*\}", "", row.reason)
        assert not re.findall(r"\d", re.sub(r"\(\d{4}\)|section \d(\.\d)?", "", bare)), row.claim_id


def test_facts_that_were_looked_up_are_used_and_have_an_address(real):
    facts = tables.read("data/raw/claims/claim_facts.csv")
    used = real["checks"][real["checks"]["table"] == "data/raw/claims/claim_facts.csv"]
    assert set(facts["claim_id"]) == set(used["claim_id"])
    assert facts["source_urls"].str.startswith("http").all()


def test_one_id_for_two_results_is_refused(monkeypatch):
    monkeypatch.setattr(tables, "read", lambda path: pd.DataFrame({"id": ["a", path]}))
    assert claims.register_of([]).empty
    assert list(claims.register_of(["05"])["id"]) == ["a", "data/processed/results/05.csv"]
    with pytest.raises(ClaimError, match=r"one id, two results: \['a'\]"):
        claims.register_of(["05", "06"])


def test_outcomes_are_written_in_the_order_of_claims_and_checks():
    rows = [("C002", 1, "b", "2", "1", "two"), ("C001", 1, "a", "1", pd.NA, "one")]
    columns = ["claim_id", "check", "meaning", "found", "expected", "shown"]
    outcomes = pd.DataFrame(rows, columns=columns).assign(
        operator="equals", wanted="3", outcome="failed", independent="yes"
    )
    table = claims.outcome_table(outcomes)
    assert table["claim_id"].tolist() == ["C001", "C002"]
    assert table[["found", "expected"]].to_numpy().tolist() == [["one", "3"], ["two", "3"]]
