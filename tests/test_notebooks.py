"""The committed notebooks: form, text without typed numbers, and nbval with proof that it compares
something.
"""

import ast
import os
import re
import statistics
import subprocess
import sys
import tomllib

import nbformat
import pytest

from cluster_anatomy import tables
from cluster_anatomy.compendium import marks, paths
from cluster_anatomy.compendium.notebooks import PARAMETERS, PLUMBING

STEPS = {
    step["name"]: step
    for step in tomllib.loads(paths.source("notebooks/steps.toml").read_text("utf-8"))["step"]
}
NAMES = sorted(STEPS)
OWN_LIST = sorted(
    f"own_list/{path.stem}" for path in paths.source("notebooks/own_list").glob("*.ipynb")
)
ALLOWED = re.compile(
    r"`[^`]*`|\{[\w.]+\}|\[[^]]*\]\([^)]*\)|\(\d{4}\)"
    r"|(?:foot)?notes? \d+|[Ss]teps? \d\d(?: to \d\d)?|Figures? \d"
    r"|sections? \d(?:\.\d)?|95 %|\b[A-Z]\w+ \d{4}|^# \d\d ·",
    re.MULTILINE,
)

COMPARES = re.compile(
    r"\b(?:more|most|mostly|fewer|fewest|few|less|least|rare|rarely|larger|largest|smaller|smallest"
    r"|higher|highest|lower|lowest|longer|shorter|stronger|weaker|nearly|majority|half|twice|many"
    r"|often|usually|seldom|differ|differs|dominates?)\b",
    re.IGNORECASE,
)
"""Words by which a sentence compares or counts."""


def notebook(name):
    return nbformat.read(paths.source(f"notebooks/{name}.ipynb"), as_version=4)


def code(name):
    return [cell for cell in notebook(name).cells if cell.cell_type == "code"]


def test_every_notebook_is_a_step():
    assert {path.stem for path in paths.source("notebooks").glob("*.ipynb")} == set(NAMES)


def bare(cell):
    """The text of a Markdown cell as a reader sees it, numbers as ``{id}``, the list left out."""
    text = marks.LIST.sub("", marks.bare(cell.source))
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


def prose(name):
    return [cell for cell in notebook(name).cells if cell.cell_type == "markdown"]


@pytest.mark.parametrize("name", NAMES)
def test_the_head_asks_answers_and_leads_on(name):
    head = notebook(name).cells[0].source
    assert head.startswith(f"# {name[:2]} · {STEPS[name]['title']}\n\n**Question.** ")
    answer = re.search(r"^\*\*Answer\.\*\* (.+)$", head, re.MULTILINE)[1]
    assert len(re.findall(r"<!--r:", answer)) >= 2  # the answer has numbers
    assert marks.conditions(head)  # and is guarded
    listed = marks.LIST.search(head)[0]
    for path in (*STEPS[name]["reads"], *STEPS[name]["writes"]):
        short = re.sub(r"^(figures/\w+)\.(csv|pdf|png)$", r"\1", path)
        assert f"`{short}`" in listed
    index = NAMES.index(name)
    for neighbour in (*NAMES[max(0, index - 1) : index], *NAMES[index + 1 : index + 2]):
        assert f"]({neighbour}.ipynb)" in listed


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_read_in_minutes_and_opens_with_pictures(name):
    minutes = int(re.search(r"(\d+) minutes to read", notebook(name).cells[0].source)[1])
    assert minutes <= 12
    pictures = [
        out for cell in code(name) for out in cell.outputs if "image/png" in out.get("data", {})
    ]
    assert len(pictures) >= 2
    assert all(len(out.metadata["image/png"]["alt"]) > 20 for out in pictures)


def tags(cell):
    return set(cell.metadata.get("tags", []))


@pytest.mark.parametrize("name", [*NAMES, *OWN_LIST])
def test_what_a_reader_sees_of_the_code_is_short(name):
    cells = code(name)
    seen = [cell for cell in cells if not tags(cell) & {PARAMETERS, PLUMBING}]
    assert len(notebook(name).cells) <= 30
    assert sum(len(cell.source) for cell in cells) <= 8_000
    assert statistics.median(len(cell.source.splitlines()) for cell in seen) <= 4
    assert max(len(cell.source.splitlines()) for cell in cells) <= 15
    assert max(len(line) for cell in cells for line in cell.source.splitlines()) <= 100


WIRING = {"style.use", "drawing.use_style", "pd.set_option", "display"}
WIRING |= {"tables.write", "numbers.add", "numbers.add_rows", "numbers.write", "must"}
"""Calls that may stand alone in plumbing; ``display`` shows what `must` returns."""


def plumbing(source):
    """Whether code only imports, gives names, writes, records numbers and checks; draws nothing."""
    tree = ast.parse(source)
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return not called & {"style.show", "style.save"} and all(map(_wiring, tree.body))


def _wiring(statement):
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Assign() | ast.AugAssign():
            return True
        case ast.For(body=body):
            return all(map(_wiring, body))
        case ast.Expr(value=ast.Call(func=function)):
            return ast.unparse(function) in WIRING
    return False


@pytest.mark.parametrize(
    ("source", "is_plumbing"),
    [
        ("import pandas as pd\nstyle.use()\nfirms = tables.read('firms.csv')", True),
        ("for name in names:\n    tables.write(outputs[name], name)\nnumbers.write()", True),
        ("must(a > b, 'a is more than b.')", True),
        ("firms.head()", False),
        ("style.show(plain.bars(table, 'firms'), 'Bars.')", False),
        ("captions = style.save(figure, 'map', data, words)", False),
        ("if firms.empty:\n    numbers.add(firms=0)", False),
    ],
)
def test_plumbing_is_told_from_what_a_reader_follows(source, is_plumbing):
    assert plumbing(source) is is_plumbing


@pytest.mark.parametrize("name", [*NAMES, *OWN_LIST])
def test_plumbing_is_folded_and_shows_no_picture(name):
    folded = [cell for cell in code(name) if PLUMBING in tags(cell)]
    assert folded
    for cell in folded:
        assert cell.metadata["jupyter"] == {"source_hidden": True}
        assert plumbing(cell.source), cell.source
        assert not [out for out in cell.outputs if "image/png" in out.get("data", {})]
    hidden = [cell for cell in code(name) if "source_hidden" in cell.metadata.get("jupyter", {})]
    assert hidden == folded


@pytest.mark.parametrize("name", NAMES)
def test_functions_live_in_the_package(name):
    for cell in code(name):
        tree = ast.parse(cell.source)
        assert not [
            node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not calls & {"say", "results.result", "print", "display_markdown"}
        assert not re.search(r"^[%!]", cell.source, re.MULTILINE)
        assert '"..' not in cell.source


@pytest.mark.parametrize("name", NAMES)
def test_no_number_is_typed_into_prose(name):
    for cell in prose(name):
        assert not re.findall(r".*\d.*", ALLOWED.sub("", bare(cell))), cell.source


def unguarded(text):
    """Sentences that compare or quantify in a paragraph without a condition."""
    if marks.conditions(text):
        return []
    text = re.sub(r"<!--.*?-->", "", marks.LIST.sub("", text), flags=re.DOTALL)
    text = re.sub(r"^\*\*Question\.\*\* .*$", "", text, flags=re.MULTILINE)
    return [
        " ".join(sentence.split())
        for sentence in re.split(r"(?<=[.?!:])\s+|\n\n", text)
        if COMPARES.search(sentence)
    ]


def test_no_empirical_sentence_stands_without_a_condition():
    """Or it is on the reviewed list: sentences on method, which no number could make false."""
    reviewed = tomllib.loads((paths.root() / "tests/reviewed_sentences.toml").read_text("utf-8"))
    for name in NAMES:
        there = [sentence for cell in prose(name) for sentence in unguarded(cell.source)]
        assert there == reviewed.get(name, []), name
    assert set(reviewed) <= set(NAMES)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Most firms come from home.", ["Most firms come from home."]),
        ("## Fewer start-ups\n\nBars show shares.", ["## Fewer start-ups"]),
        ("Most firms come from home.\n\n<!--holds: home.low > 0.5-->", []),
        ("Bars show shares. They differ in length.", ["They differ in length."]),
        ("Bars show shares.", []),
    ],
)
def test_an_unguarded_sentence_is_found(text, sentences):
    assert unguarded(text) == sentences


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_are_committed_with_the_outputs_of_one_run(name):
    cells = code(name)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [out for cell in cells for out in cell.outputs if out.output_type == "error"]
    assert set().union(*map(tags, cells)) <= {PARAMETERS, PLUMBING}  # none may fail unseen
    text = paths.source(f"notebooks/{name}.ipynb").read_text("utf-8")
    assert not re.search(r"/home/|/Users/|/root/|C:\\\\|\d{4}-\d\d-\d\dT\d\d:", text)


def test_each_figure_cell_holds_its_picture_with_alternative_text():
    found = 0
    for cell in [cell for name in NAMES for cell in code(name)]:
        if "style.save(" in cell.source:
            pictures = [out for out in cell.outputs if "image/png" in out.get("data", {})]
            assert len(pictures) >= cell.source.count("style.save(")
            assert all(len(out.metadata["image/png"]["alt"]) > 20 for out in pictures)
            found += len(pictures)
    assert found == len(tables.read("figures/captions.csv"))


def test_each_caption_has_its_figure():
    drawn = {
        path.removesuffix(".png")
        for step in STEPS.values()
        for path in step["writes"]
        if path.endswith(".png")
    }
    assert {f"figures/{name}" for name in tables.read("figures/captions.csv")["figure"]} == drawn


@pytest.fixture(scope="session")
def nbval(kernel_environment, tmp_path_factory):
    """A function that runs nbval on notebooks, each on a kernel of its own, forked where that is
    possible.
    """
    start = (
        "from cluster_anatomy.compendium import kernels; kernels.register(); import pytest, sys;"
        " sys.exit(pytest.main())"
    )
    options = [
        "--nbval",
        "--nbval-kernel-name",
        "python3",
        "-v",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
    ]

    def run(*files):
        stage = tmp_path_factory.mktemp("stage")
        return subprocess.run(
            [
                sys.executable,
                "-c",
                start,
                *options,
                "-c",
                os.devnull,
                "--rootdir",
                str(files[0].parent),
                *map(str, files),
            ],
            capture_output=True,
            text=True,
            env=kernel_environment | {paths.STAGE_VARIABLE: str(stage)},
        )

    return run


@pytest.fixture(scope="session")
def again(nbval):
    """What nbval says of all committed notebooks."""
    return nbval(*[paths.source(f"notebooks/{name}.ipynb") for name in NAMES])


@pytest.mark.parametrize("name", NAMES)
def test_nbval_finds_the_committed_outputs_again(name, again):
    compared = [
        out for cell in code(name) for out in cell.outputs if "text/plain" in out.get("data", {})
    ]
    assert len(compared) >= 3
    passed = re.findall(rf"{name}\W+ipynb::Cell \d+ PASSED", again.stdout)
    assert len(passed) == len(code(name)), again.stdout[-6000:]
    assert "ordinary kernel" not in again.stderr


def test_nbval_notices_a_changed_number(tmp_path, nbval):
    changed = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("6 * 7")])
    changed.cells[0].outputs = [
        nbformat.v4.new_output("execute_result", {"text/plain": "43"}, execution_count=1)
    ]
    changed.cells[0].execution_count = 1
    nbformat.write(changed, tmp_path / "changed.ipynb")
    done = nbval(tmp_path / "changed.ipynb")
    assert done.returncode == 1
    assert "Cell outputs differ" in done.stdout


def test_ruff_finds_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "src", "tests", "notebooks"],
        cwd=paths.root(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
