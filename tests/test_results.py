"""The register of results and the text that is rendered from it."""

import ast
import re
import tomllib
from fnmatch import fnmatchcase

import nbformat
import pandas as pd
import pytest

from cluster_anatomy import results, tables
from cluster_anatomy.compendium import notebooks, paths
from cluster_anatomy.compendium.run import run
from cluster_anatomy.results import numbers
from cluster_anatomy.results.notebook import must
from cluster_anatomy.results.numbers import lookup
from cluster_anatomy.results.paragraphs import ParagraphError, checked, fill

SHARE = {"value": 0.6909, "low": 0.5597, "high": 0.7972, "count": 38, "n": 55, "unknown": 18}


def register(*rows):
    return pd.DataFrame(rows, columns=numbers.COLUMNS)


@pytest.fixture
def home():
    return results.result(
        "home_share", SHARE, "{count} of {n} ({value}; {low} to {high}).", frame="us_frame"
    )


def test_a_result_writes_its_own_sentence(home):
    assert home["statement"] == "38 of 55 (69 %; 56 % to 80 %)."


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.691, "share", 0, "69 %"),
        (-0.2126, "difference", 0, "−21 points"),
        (0.16, "difference", 0, "+16 points"),
        (0.00001, "p", 3, "< 0.001"),
        (0.0134, "p", 3, "0.013"),
        (1997, "year", 0, "1997"),
        (1068.4, "kilometres", 0, "1,068"),
        (float("nan"), "share", 0, "undefined"),
    ],
)
def test_numbers_are_shown_in_their_unit(value, unit, decimals, text):
    assert results.show(value, unit, decimals) == text


def test_bad_ids_and_units_are_refused():
    with pytest.raises(ValueError, match="lower case"):
        results.result("Home share", 1, "x", frame="all")
    with pytest.raises(ValueError, match="unit 'percent'"):
        results.result("home", 1, "x", frame="all", unit="percent")


def test_text_is_filled_from_the_register(home):
    text = fill("{home_share} of {home_share.n}, from {home_share.low}", lookup(register(home)))
    assert re.sub(r"<!--.*?-->", "", text) == "69 % of 55, from 56 %"


def test_an_unknown_id_is_named(home):
    with pytest.raises(ParagraphError, match="away_share"):
        fill("{away_share}", lookup(register(home)))


MOST = "Most: {home_share}.\n<!--holds: home_share > 0.5-->"
FEW = "Few: {home_share}.\n<!--holds: home_share.n > 1; home_share < 0.5-->"


def test_words_that_the_numbers_do_not_bear_out_are_refused(home):
    text = checked(MOST, lookup(register(home)))
    assert re.sub(r"<!--.*?-->", "", text) == "Most: 69 %.\n"
    with pytest.raises(ParagraphError, match="says more than the numbers"):
        checked(FEW, lookup(register(home)))


def test_a_run_with_other_parameters_marks_what_falls(home, monkeypatch):
    fallen = checked(FEW, lookup(register(home)), variant=True)
    assert fallen.startswith("<!--falls-->**Falls under the parameters of this run**")
    text = checked(MOST, lookup(register(home)), variant=True)
    assert re.sub(r"<!--.*?-->", "", text) == "Most: 69 %.\n"
    monkeypatch.setenv("CLUSTER_ANATOMY_VARIANT", "yes")
    shown = []
    monkeypatch.setattr("cluster_anatomy.results.notebook.display", shown.append)
    must(False, "two is one.")
    assert shown[0].data.startswith("**Does not hold")
    assert must(True, "one is one.").data == "Holds: one is one."
    monkeypatch.delenv("CLUSTER_ANATOMY_VARIANT")
    with pytest.raises(AssertionError, match="two is one"):
        must(False, "two is one.")


def test_marks_in_markdown_are_filled_and_stay(home):
    once = fill("is <!--r:home_share-->old<!--/r--> now", lookup(register(home)))
    assert once == "is <!--r:home_share-->69 %<!--/r--> now"
    assert fill(once, lookup(register(home))) == once


def test_parts_are_collected_and_an_id_is_used_once(home, tmp_path, monkeypatch):
    monkeypatch.setenv("CLUSTER_ANATOMY_ROOT", str(tmp_path))
    results.record([home], "05_entry_patterns")
    assert list(results.collect()["notebook"]) == ["05_entry_patterns"]
    results.record([home], "06_china_usa")
    with pytest.raises(ValueError, match="One id, two results"):
        results.collect()


def test_every_result_has_a_reader():
    """Each id of the register is shown in an executed notebook; what nobody shows would be kept for
    nobody.
    """
    register = tables.read("data/processed/results.csv")
    for notebook, part in register.groupby("notebook"):
        cells = nbformat.read(paths.source(f"notebooks/{notebook}.ipynb"), as_version=4).cells
        shown = "".join(
            out.data.get("text/markdown", "")
            for cell in cells
            if cell.cell_type == "code"
            for out in cell.outputs
            if "data" in out
        )
        assert [id for id in part["id"] if f"`{id}`" not in shown] == []


def test_every_result_says_its_frame_and_n():
    register = tables.read("data/processed/results.csv")
    shares = register[register["unit"].isin(["share", "difference"])]
    assert len(shares) > 100
    published = shares["id"].str.startswith("published_")
    assert shares.loc[~published & shares["value"].notna(), ["n"]].notna().all(axis=None)
    assert not register["statement"].str.contains(r"[{}]|\bnan\b").any()


TINY = {
    "parameters": "size = 3",
    "a": """from cluster_anatomy import results

def made(name):
    return results.result(name, size, "{value} of them.", frame="all", unit="count")""",
    "b": 'rows = [made("first"), made("second")]',
    "c": "print(len(rows))",
    "d": 'rows.append(made("third"))',
    "e": 'part = results.record(rows, "01_tiny")',
}
STEPS = """[[step]]
name = "01_tiny"
title = "Tiny"
reads = []
writes = ["data/processed/results/01_tiny.csv"]
"""


@pytest.mark.parametrize(
    ("parameters", "cells"),
    [
        ({}, {"first": 3, "second": 3, "third": 5}),
        ({"size": 4}, {"first": 4, "second": 4, "third": 6}),
    ],
)
def test_a_number_knows_the_cell_that_made_it(tmp_path, monkeypatch, parameters, cells):
    """Also where a cell with parameters came in between: the reader of that notebook counts it."""
    monkeypatch.setenv("CLUSTER_ANATOMY_ROOT", str(tmp_path))
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/steps.toml").write_text(STEPS)
    code = [
        nbformat.v4.new_code_cell(
            text, id=id, metadata={"tags": ["parameters"] * (id == "parameters")}
        )
        for id, text in TINY.items()
    ]
    path = tmp_path / "notebooks/01_tiny.ipynb"
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Tiny", id="x"), *code]),
        path,
    )
    report = run(tmp_path, parameters=parameters, jobs=1)
    assert report.ran == ["01_tiny"], report.failed
    assert results.collect().set_index("id")["cell"].to_dict() == cells
    shown = {
        cell["execution_count"]: cell["source"]
        for _, cell in notebooks.code_cells(notebooks.read_notebook(path))
    }
    assert all(f'"{name}"' in shown[number] for name, number in cells.items())


def test_outside_a_notebook_no_cell_is_noted(home):
    assert home["cell"] is None
    assert numbers.COLUMNS[numbers.COLUMNS.index("notebook") + 1] == "cell"


def calls(code):
    """Return the calls in a code cell with the names of what is called."""
    return [
        (ast.unparse(node.func), node)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call)
    ]


def made(code, words):
    """Patterns of the ids of the numbers that a code cell takes, by the notebook's words."""
    ids = set()
    for name, call in calls(code):
        keys = [keyword.arg for keyword in call.keywords]
        if name == "numbers.add" and call.args:
            keys += list(words)  # a function of the package names them
        if name == "numbers.add_rows":
            family = call.args[0]  # a variable may name any of them
            keys = [family.value] if isinstance(family, ast.Constant) else list(words)
        if name in ("numbers.add", "numbers.add_rows"):
            ids |= {re.sub(r"\{\w+\}", "*", words[key].get("id", key)) for key in keys}
    return ids


def test_every_number_comes_from_a_cell_that_makes_it():
    """The cell that the register names takes numbers, and one with that id."""
    register = tables.read("data/processed/results.csv")
    for notebook, part in register.groupby("notebook"):
        file = paths.source(f"notebooks/{notebook}.ipynb")
        cells = dict(notebooks.code_cells(notebooks.read_notebook(file)))
        words = tomllib.loads(paths.source(f"notebooks/words/{notebook}.toml").read_text("utf-8"))
        words.pop("headlines", None)
        for row in part.itertuples():
            ids = made(cells[row.cell]["source"], words)
            assert any(fnmatchcase(row.id, pattern) for pattern in ids), (row.id, row.cell, ids)


def test_the_ids_that_a_cell_takes_are_read_off():
    words = {"a": {"id": "a_{kind}"}, "b": {}, "c": {}}
    assert made('numbers.add_rows("a", table)', words) == {"a_*"}
    assert made("numbers.add(b=1)", words) == {"b"}
    assert made("numbers.add(f(x))", words) == {"a_*", "b", "c"}
    assert made("add(b=1)", words) == set()
