"""Parameters the Jupyter way: what a notebook with other values writes, and what it says."""

import ast
import re
from pathlib import Path
from types import SimpleNamespace

import IPython
import nbformat
import papermill
import pytest

from cluster_anatomy.compendium import (
    drafts,
    kernels,
    notebooks,
    parameters,
    paths,
    run,
    steps,
)
from cluster_anatomy.compendium.parameters import check_value
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.results.numbers import cells_in_file
from cluster_anatomy.results.words import Numbers

ROOT = paths.root()
STEPS = """
[[step]]
name = "01_sum"
title = "A sum"
writes = ["data/processed/sum.csv"]
"""
SUM = """
from cluster_anatomy.compendium.paths import source, target
from cluster_anatomy.results.notebook import must
target("data/processed/sum.csv").write_text(f"sum\\n{first + second}\\n")
print(source("data/processed/sum.csv").read_text())
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study of one notebook that was run; kernels are those of a person, not of a test."""
    cells = [
        nbformat.v4.new_code_cell(
            "first = 1\nsecond = 2",
            id="set",
            metadata={"tags": ["parameters"]},
        ),
        nbformat.v4.new_code_cell(SUM.strip(), id="sum"),
        nbformat.v4.new_code_cell('must(first == 1, "The first is one.")', id="must"),
    ]
    (tmp_path / "notebooks").mkdir()
    (tmp_path / steps.STEPS_FILE).write_text(STEPS)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks/01_sum.ipynb")
    monkeypatch.setenv("PYTHONPATH", str(Path(paths.__file__).parents[2]))
    assert run.run(tmp_path, tell=str).failed == {}
    kernels.write_spec(tmp_path / "jupyter", forked=False)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    monkeypatch.delenv("PYTEST_VERSION")
    return tmp_path


def execute(study, **parameters):
    """Run the notebook as `papermill -p` does; what it shows, cell by cell."""
    done = papermill.execute_notebook(
        str(study / "notebooks/01_sum.ipynb"),
        str(study / "out.ipynb"),
        parameters,
        kernel_name="python3",
        cwd=str(study),
        progress_bar=False,
    )
    return ["\n".join(notebooks.output_texts(cell)) for _, cell in notebooks.code_cells(done)]


def test_the_studys_own_parameters_write_in_place(study):
    file = study / "data/processed/sum.csv"
    file.unlink()
    shown = execute(study)
    assert file.read_text() == "sum\n3\n"
    assert "Other parameters" not in "".join(shown)
    assert not (study / drafts.FOLDER).exists()


def test_other_parameters_write_drafts_and_say_where_and_how_to_go_back(study):
    *_, summed, must = execute(study, first=4)
    assert (study / "data/processed/sum.csv").read_text() == "sum\n3\n"
    assert (study / "build/drafts/01_sum/data/processed/sum.csv").read_text() == "sum\n6\n"
    assert "`first = 4` instead of `1`" in summed
    assert "goes to `build/drafts/01_sum/`, and no committed result changes" in summed
    assert 'python -m cluster_anatomy run --set "01_sum:first=4"' in summed
    assert "git checkout notebooks/01_sum.ipynb" in summed
    assert "sum\n6" in summed  # a notebook reads what it has written
    assert "**Does not hold" in must


def test_an_edited_notebook_is_known_by_the_stamps(study):
    path = study / "notebooks/01_sum.ipynb"
    path.write_text(path.read_text().replace("second = 2", "second = 7"))
    _, summed, _ = execute(study)
    assert "`second = 7` instead of `2`" in summed
    assert (study / "data/processed/sum.csv").read_text() == "sum\n3\n"


def test_in_tests_words_stay_strict(study, monkeypatch):
    monkeypatch.setenv("PYTEST_VERSION", "9")
    with pytest.raises(papermill.PapermillExecutionError, match="The first is one"):
        execute(study, first=4)


def test_what_no_step_writes_is_refused(study):
    path = study / "notebooks/01_sum.ipynb"
    path.write_text(path.read_text().replace("processed/sum.csv", "processed/else.csv"))
    with pytest.raises(papermill.PapermillExecutionError, match="run on a list of firms"):
        execute(study)
    assert not (study / "data/processed/else.csv").exists()


@pytest.mark.parametrize("step", steps.load_steps(ROOT), ids=lambda step: step.name)
def test_no_cell_uses_the_name_of_a_parameter_for_something_else(step):
    trees = [
        ast.parse(cell["source"])
        for _, cell in notebooks.code_cells(notebooks.read_notebook(ROOT / step.notebook))
        if not notebooks.tagged(cell, notebooks.PARAMETERS)
    ]
    assert trees
    stored = {
        node.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    assert not stored & set(parameters.default_parameters(ROOT, step))


def test_a_cell_has_the_number_that_a_run_gives_it_whenever_it_runs(tmp_path, monkeypatch):
    cells = [nbformat.v4.new_code_cell(text) for text in ("a = 1", "b = 2\nc = 3")]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks/03_a.ipynb")
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    shell = SimpleNamespace(user_ns={"In": ["", "b = 2\nc = 3\n", "a = 1", "b = 3", "a = 1"]})
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    assert cells_in_file([1, 2, 3, 4], "03_a") == [2, 1, None, 1]


def test_an_id_is_made_of_what_an_id_may_hold(tmp_path, monkeypatch):
    words = tmp_path / "notebooks/words/03_a.toml"
    words.parent.mkdir(parents=True)
    words.write_text('[year]\nid = "year_{region}"\nsays = "{region}: {value}."\nframe = "all"\n')
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    numbers = Numbers("03_a")
    numbers._add("year", 1990.0, {"region": "Washington-Baltimore"})
    assert list(numbers.rows) == ["year_washington_baltimore"]


@pytest.mark.parametrize(
    ("value", "default", "said"),
    [
        (5.5, 3, "p must be a whole number, like its default 3; 5.5 is not"),
        (5.0, 3, "p must be a whole number"),
        (-1, 3, "p must be zero or more, like its default 3; -1 is not"),
        (-0.1, 0.9, "p must be zero or more"),
        (-1, 0, "p must be zero or more"),
        (float("nan"), 0.9, "p must be a finite number"),
        (float("inf"), 0.9, "p must be a finite number"),
        (True, 3, "p must be int, like its default 3; True is bool"),
        ("3", 3, "p must be int"),
        ([1980, 2009.5], [1980, 2009], "p, each part, must be a whole number"),
        (["a", 3], ["a"], "p, each part, must be str"),
    ],
)
def test_a_value_that_cannot_stand_for_the_default_is_refused_in_a_line(value, default, said):
    with pytest.raises(PipelineError, match=re.escape(said)) as caught:
        check_value("p", value, default)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("value", "default"),
    [
        (4, 3),
        (0, 3),
        (1, 0.9),
        (0.5, 1.0),
        (-2, -1),
        ("b", "a"),
        ([2], [1, 3]),
        ([], [1]),
        (5, None),
    ],
)
def test_a_value_like_the_default_is_taken(value, default):
    assert check_value("p", value, default) is None


def test_in_jupyter_a_bad_value_stops_the_notebook_before_it_writes(study):
    with pytest.raises(papermill.PapermillExecutionError, match="first must be a whole number"):
        execute(study, first=1.5)
    assert (study / "data/processed/sum.csv").read_text() == "sum\n3\n"
    assert not (study / drafts.FOLDER).exists()


OTHERS = {
    "01_firm_lists": {"same_from": 95.0, "borderline_from": 20.0},
    "02_firm_origins": {
        "employer_abroad": "as_at_home",
        "joint_venture": "domestic",
        "institutes": "enterprise",
        "hong_kong": "domestic",
        "stations": "academia",
        "control": "founder_first",
        "founders": "majority",
        "venture_house": "never",
        "begun_abroad": "founders",
        "foreign_house": "abroad",
        "later_parents": "counted",
        "local_parent": "spin_off",
        "disputed": "alternative",
        "region": "province",
    },
    "03_cluster_genesis": {"last_year": 2005, "window": 4, "part": 2, "first": 4, "smallest": 4},
    "04_cluster_composition": {
        "frame": "cn_lists",
        "frame_usa": "us_frame",
        "smallest": 4,
        "dimension": "label",
        "measure": "hellinger",
        "groups": 3,
        "window": 4,
        "part": 2,
        "first": 4,
        "san_diego_year": 1983,
        "new_york_year": 1992,
    },
    "05_entry_patterns": {
        "frame_china": "cn_lists",
        "frame_usa": "us_all",
        "smallest": 4,
        "years_china": [1985, 2009],
        "years_usa": [1976, 2002],
        "years_usa_frame": [1976, 1998],
        "region_surplus": 25,
        "near_kilometres": 80,
        "new_york_turn": 1992,
        "san_diego_early": 1983,
        "moved_part": 0.3,
        "year_draws": 99,
    },
    "06_china_usa": {
        "frame_china": "cn_lists",
        "frame_usa": "us_all",
        "listed_china": "cn_listed",
        "listed_usa": "us_listed",
        "seed": 7,
    },
    "07_representation": {"frame_china": "cn_lists", "frame_usa": "us_all", "seed": 7},
    "08_ties": {
        "last_year": 2005,
        "last_years": [1998, 2005],
        "smallest": 4,
        "draws": 999,
        "draws_model": 99,
        "nearest": 20,
        "farthest": 200,
        "research_cities": ["Beijing", "Shanghai"],
        "secondary_cities": ["Xiamen"],
    },
    "09_founders": {
        "frame_china": "cn_lists",
        "frame_usa": "us_all",
        "ancestors": {"hybritech": "Hybritech", "genentech": "Genentech"},
    },
    "10_robustness": {"nearly": 0.8, "draws": 99, "seed": 7},
    "11_claims": {
        "parts": [
            "09_founders",
            "10_robustness",
            "07_representation",
            "08_ties",
            "06_china_usa",
            "05_entry_patterns",
            "04_cluster_composition",
            "03_cluster_genesis",
            "02_firm_origins",
            "01_firm_lists",
        ],
        "last_year": 2005,
        "research_cities": ["Beijing", "Shanghai"],
    },
    "12_figures": {
        "smallest": 4,
        "years": 5,
        "first_year": 1975,
        "smallest_dated": 3,
        "largest_clusters": 6,
        "last_year_of_ties": 2005,
    },
    "13_own_list": {"folder": "own_lists/israel", "years": 5, "first_year": 1975},
}
"""Another value for each parameter of each notebook, where there is one that it may have."""
ONLY = {"frame_usa": "us_frame", "listed_china": "cn_listed", "listed_usa": "us_listed"}
ONLY |= {"folder": "own_lists/israel"}
"""Values of parameters that have no other: one frame a country, one list that is here."""


@pytest.mark.parametrize("step", steps.load_steps(ROOT), ids=lambda step: step.name)
def test_each_documented_parameter_may_have_another_value(step, tmp_path, monkeypatch):
    own = parameters.default_parameters(ROOT, step)
    others = OTHERS.get(step.name, {})
    assert others.keys() == own.keys()
    same = {name: value for name, value in others.items() if value == own[name]}
    assert same.items() <= ONLY.items()
    if not others:
        return
    kernels.write_spec(tmp_path / "jupyter", forked=False)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.delenv("PYTEST_VERSION")
    done = papermill.execute_notebook(
        str(ROOT / step.notebook),
        None,
        others,
        kernel_name="python3",
        cwd=str(ROOT),
        progress_bar=False,
    )
    shown = "\n".join(
        text for _, cell in notebooks.code_cells(done) for text in notebooks.output_texts(cell)
    )
    assert f"what this notebook writes goes to `{drafts.FOLDER}/{step.name}/`" in shown
    for name in others.keys() - same.keys():
        assert f"`{name} = {others[name]!r}` instead of `{own[name]!r}`" in shown
