"""The committed notebooks: form, text without typed numbers, and nbval with proof that it compares
something.
"""

import ast
import os
import re
import subprocess
import sys
import tomllib

import nbformat
import pytest

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths

STEPS = {
    step["name"]: step
    for step in tomllib.loads(paths.source("notebooks/steps.toml").read_text("utf-8"))["step"]
}
NAMES = sorted(STEPS)
ALLOWED = re.compile(
    r"`[^`]*`|\[[^]]*\]\([^)]*\)|\(\d{4}\)|(?:foot)?notes? \d+|[Ss]teps? \d\d|Figures? \d|sections?"
    r" \d(?:\.\d)?|95 %|Feldman 2006|Sunter 1969|^# \d\d ·",
    re.MULTILINE,
)


def notebook(name):
    return nbformat.read(paths.source(f"notebooks/{name}.ipynb"), as_version=4)


def code(name):
    return [cell for cell in notebook(name).cells if cell.cell_type == "code"]


def test_every_notebook_is_a_step():
    assert {path.stem for path in paths.source("notebooks").glob("*.ipynb")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_head_says_question_reads_writes_parameters_time_and_neighbours(name):
    head = notebook(name).cells[0].source
    assert head.startswith(f"# {name[:2]} · {STEPS[name]['title']}")
    for word in ("**Question.**", "**Reads**", "**Writes**", "**Parameters**", "**Run time**"):
        assert word in head
    for path in (*STEPS[name]["reads"], *STEPS[name]["writes"]):
        assert f"`{path}`" in head
    place = NAMES.index(name)
    for neighbour in (*NAMES[max(0, place - 1) : place], *NAMES[place + 1 : place + 2]):
        assert f"]({neighbour}.ipynb)" in head


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_short_and_functions_live_in_the_package(name):
    sizes = sorted(len(cell.source) for cell in code(name))
    assert sizes[len(sizes) // 2] <= 520
    assert sizes[-1] <= 3_300
    assert sum(sizes) <= 48_500
    assert max(len(line) for cell in code(name) for line in cell.source.splitlines()) <= 100
    for cell in code(name):
        tree = ast.parse(cell.source)
        assert not [
            node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]
        assert not re.search(r"^[%!]", cell.source, re.MULTILINE)
        assert '"..' not in cell.source


@pytest.mark.parametrize("name", NAMES)
def test_no_number_is_typed_into_prose(name):
    for cell in notebook(name).cells:
        if cell.cell_type == "markdown":
            assert not re.findall(r".*\d.*", ALLOWED.sub("", cell.source)), cell.source
        elif cell.cell_type == "code":
            for call in ast.walk(ast.parse(cell.source)):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "say":
                    assert not re.findall(r"\d", ALLOWED.sub("", ast.literal_eval(call.args[0])))


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_are_committed_with_the_outputs_of_one_run(name):
    cells = code(name)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [out for cell in cells for out in cell.outputs if out.output_type == "error"]
    assert cells[-1].source == "versions()"
    assert {tag for cell in cells for tag in cell.metadata.get("tags", [])} <= {
        "parameters"
    }  # none may fail unseen
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
