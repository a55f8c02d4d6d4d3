"""Prose in Markdown cells: numbers filled between marks, conditions parsed and never executed."""

import doctest

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_anatomy import results
from cluster_anatomy.compendium import marks, paths
from cluster_anatomy.results import conditions
from cluster_anatomy.results.conditions import ConditionError, holds
from cluster_anatomy.results.filling import reading_minutes
from cluster_anatomy.results.notebook import headed
from cluster_anatomy.results.numbers import Shown
from cluster_anatomy.results.paragraphs import ParagraphError, checked, fill
from cluster_anatomy.results.words import Numbers, WordsError


def number(id, frame="f", unit="share", **fields):
    return Shown(results.result(id, fields, "{value}.", frame=frame, unit=unit))


REGISTER = {
    "home": number("home", value=0.478, low=0.34, high=0.62, n=46, count=22),
    "gap": number("gap", unit="difference", value=-0.21, low=-0.39, high=-0.02),
}


def test_the_examples_of_the_docstrings_are_right():
    tried = [doctest.testmod(module) for module in (marks, conditions)]
    assert all(one.attempted and not one.failed for one in tried)


def test_fields_become_marks_and_marks_are_filled_again():
    once = fill("From {home} ({home.low} to {home.high}), {gap}.", REGISTER)
    assert once == (
        "From <!--r:home-->48 %<!--/r--> (<!--r:home.low-->34 %<!--/r--> to"
        " <!--r:home.high-->62 %<!--/r-->), <!--r:gap-->−21 points<!--/r-->."
    )
    assert fill(once, REGISTER) == once
    assert fill(once.replace("48 %", "99 %"), REGISTER) == once
    assert marks.bare(once) == "From {home} ({home.low} to {home.high}), {gap}."


def test_code_in_backticks_and_doubled_braces_stay():
    assert fill("`{home}` and {{home}} and {Home}", REGISTER) == "`{home}` and {{home}} and {Home}"


FIGURE = {
    "title": "The home region",
    "headline": "{home} come from home ({gap})",
    "holds": "gap.high < 0",
    "caption": "All entries.",
    "alt": "Dots.",
}


def test_a_headline_is_filled_and_leads_the_alternative_text():
    assert headed({"a": FIGURE}, REGISTER) == {
        "a": {
            "title": "The home region",
            "headline": "48 % come from home (−21 points)",
            "caption": "All entries.",
            "alt": "48 % come from home (−21 points). Dots.",
        }
    }


def test_a_headline_that_does_not_hold_stops_the_study_and_falls_in_a_variant(monkeypatch):
    false = {"a": FIGURE | {"holds": "gap.low > 0"}}
    with pytest.raises(ParagraphError, match="says more than the numbers"):
        headed(false, REGISTER)
    monkeypatch.setenv(paths.VARIANT_VARIABLE, "1")
    fallen = headed(false, REGISTER)["a"]
    assert fallen["headline"].startswith("The home region (the study's headline falls")
    assert fallen["alt"] == "Dots."


@pytest.mark.parametrize(
    ("part", "text", "message"),
    [
        ("holds", "", "figure 'a' has no condition"),
        ("holds", "nothing > 0", "no result 'nothing'"),
        ("headline", "{nothing} come from home", "no result 'nothing'"),
    ],
)
def test_a_headline_without_a_ground_is_an_error(part, text, message):
    with pytest.raises(ParagraphError, match=message):
        headed({"a": FIGURE | {part: text}}, REGISTER)


@pytest.mark.parametrize("text", ["{nothing}", "{home.nothing}", "<!--r:nothing-->1<!--/r-->"])
def test_a_number_that_there_is_not_is_named(text):
    with pytest.raises(ParagraphError, match="nothing"):
        fill(text, REGISTER)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("home < 0.5", True),
        ("home.low < 0.35 < home.high", True),
        ("gap.high < 0 < home", True),
        ("gap.high > 0", False),
        ("abs(gap) * home.n == 0.21 * 46", True),
        ("max(home, gap) == home", True),
        ("min(home.low) == 0.34", True),
        ("-gap > home - 1", True),
        ("home.n / 2 != 23", False),
    ],
)
def test_conditions(condition, expected):
    fields = {name: dict(row.items()) for name, row in REGISTER.items()}
    assert holds(condition, fields) is expected


@pytest.mark.parametrize(
    "condition",
    [
        "__import__('os').system('true') < 1",
        "home.__class__ < 1",
        "(lambda: 1)() < 2",
        "[1][0] < 2",
        "home",
        "home = 1",
        "home is home",
        "home < 'a'",
        "home < True",
        "print(home) < 1",
        "abs(home, key=1) < 1",
        "abs(home, home) < 1",
        "home / 0 < 1",
        "nothing < 1",
        "home.frame < 1",
        "(" * 300 + "home" + ")" * 300,
        "home < ",
    ],
)
def test_a_condition_that_is_no_comparison_of_results_is_refused(condition):
    fields = {name: dict(row.items()) for name, row in REGISTER.items()}
    with pytest.raises(ConditionError):
        holds(condition, fields)


@given(st.text(alphabet="abhome.n<>=+-*/() 0123456789,_'\"", max_size=40))
def test_whatever_is_written_is_a_truth_or_a_refusal(condition):
    fields = {name: dict(row.items()) for name, row in REGISTER.items()}
    try:
        outcome = holds(condition, fields)
    except ConditionError:
        outcome = None
    assert outcome in (True, False, None)


def test_a_paragraph_that_claims_too_much_stops_the_study_and_is_marked_in_a_variant():
    text = "Few: {home}. <!--holds: home < 0.3; gap < 0-->"
    with pytest.raises(ParagraphError, match=r"says more than the numbers \(home < 0.3\)"):
        checked(text, REGISTER)
    marked = checked(text, REGISTER, variant=True)
    assert marked.startswith("<!--falls-->**Falls under the parameters")
    assert checked(marked.replace("home < 0.3", "home < 0.5"), REGISTER) == fill(
        "Few: {home}. <!--holds: home < 0.5; gap < 0-->", REGISTER
    )
    assert marks.bare(marked) == text


WORDS = """
headlines = ["share_home"]

[rows_read]
says = "{value} rows were read from {list}."
frame = "{list}"
unit = "count"

[share]
id = "share_{property}"
says = "{count} of {n} entries are {label} ({value})."
frame = "f"
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A function that makes the numbers of a notebook from words."""
    monkeypatch.setenv("CLUSTER_ANATOMY_ROOT", str(tmp_path))
    (tmp_path / "notebooks/words").mkdir(parents=True)

    def make(text=WORDS, **parameters):
        (tmp_path / "notebooks/words/01_x.toml").write_text(text, encoding="utf-8")
        return Numbers("01_x", **({"list": "the list"} | parameters))

    return make


def shares():
    return pd.DataFrame(
        [
            {"property": "home", "label": "from home", "count": 1, "n": 2, "value": 0.5},
            {"property": "away", "label": "from away", "count": 0, "n": 2, "value": 0.0},
        ]
    )


def test_numbers_take_their_words_from_the_file(made):
    numbers = made()
    numbers.add(rows_read=3)
    numbers.add_rows("share", shares())
    assert [row["statement"] for row in numbers.rows.values()] == [
        "3 rows were read from the list.",
        "1 of 2 entries are from home (50 %).",
        "0 of 2 entries are from away (0 %).",
    ]
    assert [row["headline"] for row in numbers.rows.values()] == ["no", "yes", "no"]


def test_a_number_without_words_and_words_without_a_number_are_errors(made):
    with pytest.raises(WordsError, match="no words for 'rows_lost'"):
        made().add(rows_lost=1)
    numbers = made()
    numbers.add(rows_read=3)
    with pytest.raises(WordsError, match="words for share, but no number"):
        numbers.write()
    with pytest.raises(WordsError, match="comes twice"):
        numbers.add(rows_read=4)
    numbers = made()
    numbers.parameters.clear()
    with pytest.raises(WordsError, match=r"nothing is known of \{list\}"):
        numbers.add(rows_read=3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[a]\nsay = "x"', "unknown key 'say'"),
        ('[a]\nframe = "x"', "'says' is missing"),
        ('[a]\nsays = "x"', "'frame' is missing"),
    ],
)
def test_a_mistake_in_the_words_is_named(made, text, message):
    with pytest.raises(WordsError, match=message):
        made(text)


def test_what_a_run_writes_into_a_notebook_takes_no_time_to_read():
    prose = "word " * 325
    lists = "<!--list:step-->\n" + "neighbour " * 20 + "\n<!--/list-->"
    for text in (prose, f"{prose}\n{lists}\n<!--holds: a > b-->"):
        cells = [{"cell_type": "markdown", "source": text, "metadata": {}}]
        assert reading_minutes({"cells": cells}) == 1
