"""A run of the study, tried on a compendium of three small notebooks."""

import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pytest

from cluster_anatomy.__main__ import main
from cluster_anatomy.compendium import (
    compare,
    freshness,
    kernels,
    notebooks,
    packages,
    paths,
    steps,
)
from cluster_anatomy.compendium import run as compendium_run
from cluster_anatomy.compendium.parameters import parse_setting, resolve_parameters
from cluster_anatomy.compendium.steps import PipelineError, Step

SOURCE = Path(paths.__file__).parents[2]

STEPS = """
[[step]]
name = "03_apart"
title = "Depends on nothing"
writes = ["data/processed/apart.csv"]

[[step]]
name = "02_results"
title = "From the total to results"
reads = ["data/processed/tot*.csv"]
writes = ["data/processed/results.csv", "figures/dot.png"]

[[step]]
name = "01_total"
title = "From numbers to their total"
reads = ["data/raw/**/*.csv"]
writes = ["data/processed/total.csv"]
"""

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)

TOTAL = """
from cluster_anatomy.compendium.paths import source, target
numbers = [int(n) for n in source("data/raw/numbers.csv").read_text().split()]
total = scale * sum(numbers)
target("data/processed/total.csv").write_text(f"total\\n{total}\\n")
"""

RESULTS = f"""
import base64, os
from cluster_anatomy.compendium.paths import source, target
total = float(source("data/processed/total.csv").read_text().split()[1])
first = f"x,{{total}},yes,The total is {{total:g}}."
rows = ["name,value,headline,statement", first, "y,1,no,Not shown.", ""]
target("data/processed/results.csv").write_text("\\n".join(rows))
target("figures/dot.png").write_bytes(base64.b64decode("{PNG}"))
print("names", names)
print("total", total, flush=True)
"""

APART = """
import os
from cluster_anatomy.compendium.paths import target
target("data/processed/apart.csv").write_text(f"seed\\n{seed}\\n")
names = ("PYTHONHASHSEED", "OMP_NUM_THREADS", "JUPYTER_PREFER_ENV_PATH")
{name: os.environ[name] for name in names}
"""


def write_notebook(base, name, parameters, *sources):
    cells = [nbformat.v4.new_markdown_cell(f"# {name}", id="title")]
    cells.append(nbformat.v4.new_code_cell(parameters, id="set", metadata={"tags": ["parameters"]}))
    cells += [nbformat.v4.new_code_cell(text.strip(), id=f"c{n}") for n, text in enumerate(sources)]
    (base / "notebooks").mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), base / "notebooks" / f"{name}.ipynb")


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def snapshot(base):
    """The content of all files but those in build."""
    return {
        path.relative_to(base).as_posix(): path.read_bytes()
        for path in base.rglob("*")
        if path.is_file() and "build" not in path.relative_to(base).parts
    }


def run(base, *names, parameters=None, **options):
    return compendium_run.run(base, names, parameters, tell=lambda line: None, **options)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A compendium (its path has a space) that was run once; its report is `first`."""
    base = tmp_path_factory.mktemp("built") / "a compendium"
    package = base / "src" / "cluster_anatomy"
    (package / "compendium").mkdir(parents=True)
    for name in ("__init__.py", "compendium/__init__.py", "compendium/paths.py"):
        shutil.copy(SOURCE / "cluster_anatomy" / name, package / name)
    (base / "data" / "raw" / "deep").mkdir(parents=True)
    (base / "data" / "raw" / "numbers.csv").write_text("1\n2\n3\n")
    (base / "requirements.lock").write_text("nothing==1\n")
    write_notebook(base, "01_total", "scale = 2\nlabel: str = 'x'", TOTAL, "total")
    write_notebook(base, "02_results", "scale = 1.0\nnames = ('p', 'q')", RESULTS, "'ok'")
    write_notebook(base, "03_apart", "seed = 1", APART)
    (base / "notebooks" / "steps.toml").write_text(STEPS)
    return base, run(base)


@pytest.fixture
def base(built, tmp_path):
    """A copy of the compendium after its first run, for one test to change."""
    copy = tmp_path / "another compendium"
    shutil.copytree(built[0], copy)
    return copy


@pytest.fixture
def command(base, tmp_path, monkeypatch):
    """The command line, from a working directory that has nothing to do with the compendium."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(base))
    return lambda *arguments: main(list(arguments))


# --- What a run does


def test_first_run_runs_all_in_order_and_writes(built):
    base, report = built
    assert sorted(report.ran) == ["01_total", "02_results", "03_apart"]
    assert report.ran.index("01_total") < report.ran.index("02_results")
    assert not report.failed
    assert not report.warnings
    assert (base / "data/processed/results.csv").read_text().splitlines()[
        1
    ] == "x,12.0,yes,The total is 12."
    assert set(report.seconds_of) == set(report.memory_of) == set(report.ran)
    assert all(0 < seconds < report.seconds for seconds in report.seconds_of.values())
    if sys.platform == "linux":
        assert all(10 < megabytes < 10_000 for megabytes in report.memory_of.values())
    assert not (base / "build/stage").exists()
    assert list((base / "build/failed").iterdir()) == []
    notebook = nbformat.read(base / "notebooks/03_apart.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells] == ["title", "set", "c0"]
    assert (
        notebook.cells[2].outputs[0].data["text/plain"]
        == "{'PYTHONHASHSEED': '0', 'OMP_NUM_THREADS': '1', 'JUPYTER_PREFER_ENV_PATH': '1'}"
    )


def test_nothing_to_do_is_quick_and_loads_nothing_heavy(base):
    code = (
        "import sys; from cluster_anatomy.__main__ import main; assert main(['run']) == 0;"
        "assert not {'papermill', 'nbformat', 'pandas', 'numpy'} & set(sys.modules), 'heavy import'"
    )
    before, started = snapshot(base), time.perf_counter()
    environment = os.environ | {paths.ROOT_VARIABLE: str(base)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - started < 2
    assert "0 steps run, 3 up to date, 0 failed" in done.stdout
    assert "3 tables in data/processed, 1 figures" in done.stdout
    assert "  The total is 12." in done.stdout
    assert "Not shown" not in done.stdout
    assert "Where to look next" in done.stdout
    assert snapshot(base) == before


def test_a_changed_input_that_leaves_the_output_identical_stops_there(base):
    (base / "data/raw/numbers.csv").write_text("3\n2\n1\n")
    assert freshness.why(Step("01_total", reads=("data/raw/**/*.csv",)), base) == [
        "input data/raw/numbers.csv changed"
    ]
    report = run(base)
    assert (report.ran, report.up_to_date) == (["01_total"], ["03_apart", "02_results"])


def test_a_changed_notebook_runs_with_what_depends_on_it_and_nothing_else(base):
    edit(
        base / "notebooks/01_total.ipynb", "scale * sum(numbers)", "scale * sum(reversed(numbers))"
    )
    report = run(base)
    assert (report.ran, report.up_to_date) == (
        ["01_total"],
        ["03_apart", "02_results"],
    )  # the same total
    edit(base / "notebooks/01_total.ipynb", "scale * sum(reversed", "1 + scale * sum(reversed")
    report = run(base)
    assert (report.ran, report.up_to_date) == (["01_total", "02_results"], ["03_apart"])
    edit(base / "notebooks/02_results.ipynb", "'ok'", "'OK'")
    report = run(base)
    assert (report.ran, report.up_to_date) == (["02_results"], ["01_total", "03_apart"])


def test_the_step_that_others_wait_for_comes_first(base):
    told = []
    compendium_run.run(base, force=True, jobs=1, tell=told.append)
    begun = [line.split()[1] for line in told if " done in " not in line]
    assert begun == ["01_total", "03_apart", "02_results"]


@pytest.mark.parametrize("fork", ["yes", "no"])
def test_forked_and_ordinary_kernels_give_the_same_bytes(base, monkeypatch, capfd, fork):
    monkeypatch.setenv(kernels.SWITCH_VARIABLE, fork)
    before = snapshot(base)
    assert len(run(base, force=True).ran) == 3
    assert snapshot(base) == before
    assert capfd.readouterr().err == ""


def test_a_changed_input_reruns_what_follows_from_it(base):
    (base / "data/raw/deep/more.csv").write_text("")
    (base / "data/raw/numbers.csv").write_text("10\n")
    report = run(base, jobs=1)
    assert (report.ran, report.up_to_date) == (["01_total", "02_results"], ["03_apart"])
    assert "The total is 20." in compendium_run.summary(report, base)[2]


def test_forced_run_gives_the_same_bytes_and_no_warnings(base, capfd):
    shutil.rmtree(base / "build/cache")
    before = snapshot(base)
    assert len(run(base, force=True).ran) == 3
    assert "Warning" not in capfd.readouterr().err
    assert snapshot(base) == before
    assert run(base).ran == []


def test_injected_parameters_are_used_and_undone_by_a_plain_run(base, command, capsys):
    before = snapshot(base)
    assert command("run", "01_total", "--set", "01_total:scale=5", "--set", "label=1 or so") == 0
    assert (base / "data/processed/total.csv").read_text() == "total\n30\n"
    cell = json.loads((base / "notebooks/01_total.ipynb").read_text())["cells"][2]
    assert cell["id"] == "injected-parameters"
    assert "".join(cell["source"]) == "# Parameters\nlabel = '1 or so'\nscale = 5"
    assert command("status") == 0
    out = capsys.readouterr().out
    assert "01_total: parameters changed" in out
    assert "02_results: input data/processed/total.csv changed" in out
    # the very same bytes come back, so what was not run with the parameter is not run now
    assert run(base).ran == ["01_total"]
    assert snapshot(base) == before


def test_a_failing_step_leaves_everything_and_stops_only_what_needs_it(base, command, capsys):
    write_notebook(base, "01_total", "scale = 2", TOTAL, "\n# first line\n1 / 0")
    write_notebook(base, "03_apart", "seed = 9", APART, "import sys\nprint('oh', file=sys.stderr)")
    (base / "data/raw/numbers.csv").write_text("10\n")
    before = snapshot(base)
    assert command("run") == 1
    out = capsys.readouterr().out
    for part in (
        "warning: 03_apart: code cell 3 wrote to stderr: oh",
        "01_total failed",
        "notebook  notebooks/01_total.ipynb",
        "code cell 3, [3]",
        "line      # first line",
        "ZeroDivisionError: division by zero",
        "partial   build/failed/01_total.ipynb",
        "02_results: not run: needs 01_total",
        "1 steps run, 0 up to date, 1 failed",
    ):
        assert part in out
    after = snapshot(base)
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == {"data/processed/apart.csv", "notebooks/03_apart.ipynb"}
    assert "ZeroDivisionError" in (base / "build/failed/01_total.ipynb").read_text()


def test_what_is_written_must_be_what_is_declared(base):
    write_notebook(
        base,
        "03_apart",
        "seed = 9",
        APART,
        "target('figures/extra.png').touch()\ntarget('data/processed/apart.csv').unlink()",
    )
    before = snapshot(base)
    message = run(base, "03_apart").failed["03_apart"]
    assert "did not write data/processed/apart.csv" in message
    assert "wrote figures/extra.png, which notebooks/steps.toml does not list" in message
    assert snapshot(base) == before
    assert (base / "build/failed/03_apart.ipynb").is_file()


def test_a_kernel_that_dies_is_a_failed_step(base):
    write_notebook(base, "03_apart", "seed = 9", APART, "import os\nos.kill(os.getpid(), 9)")
    before = snapshot(base)
    message = run(base, "03_apart").failed["03_apart"]
    assert "code cell 3" in message
    assert "line      import os" in message
    assert "DeadKernelError" in message
    assert snapshot(base) == before


def test_a_folder_that_may_not_be_written_is_named_and_nothing_moves(
    base, command, capsys, monkeypatch
):
    edit(base / "data/raw/numbers.csv", "3", "4")
    before, allowed = snapshot(base), os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path).name != "processed" and allowed(path, mode)
    )
    assert command("run") == 1
    assert "01_total failed: data/processed/ may not be written to" in capsys.readouterr().out
    assert snapshot(base) == before


@pytest.mark.parametrize("place", ["_move_into_place", "locked"])
def test_a_full_disk_is_said_without_a_traceback(base, command, capsys, monkeypatch, place):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "data/processed/total.csv")

    edit(base / "data/raw/numbers.csv", "3", "4")
    monkeypatch.setattr(compendium_run, place, full)
    assert command("run") in (1, 2)
    said = "".join(capsys.readouterr())
    assert "No space left on device: 'data/processed/total.csv'" in said
    assert "Traceback" not in said


def test_temporary_files_lie_below_build_and_are_swept(base, tmp_path, monkeypatch):
    if (
        len(f"{base / compendium_run.TEMPORARY}/run-12345678/kernels-12345678/socket")
        > kernels.LONGEST_SOCKET
    ):
        pytest.skip("the folder of this test is too long for a socket")
    elsewhere = tmp_path / "of the system"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    left = base / compendium_run.TEMPORARY / "kernels-of a run that was killed/socket"
    left.parent.mkdir(parents=True)
    left.touch()
    code = "from ipykernel.connect import get_connection_file as file"
    edit(base / "notebooks/03_apart.ipynb", "seed\\\\n{seed}", "seed\\\\n{file()}")
    edit(base / "notebooks/03_apart.ipynb", "import os", f"import os; {code}")
    report = run(base, "03_apart")
    assert report.failed == {}
    used = Path((base / "data/processed/apart.csv").read_text().split("\n")[1])
    assert used.parent.parent == base / compendium_run.TEMPORARY
    assert not (base / compendium_run.TEMPORARY).exists()
    assert list(elsewhere.iterdir()) == []


def test_interrupt_leaves_everything(base):
    write_notebook(base, "03_apart", "seed = 9", APART, "import time\ntime.sleep(60)")
    before = snapshot(base)
    process = subprocess.Popen(
        [sys.executable, "-m", "cluster_anatomy", "run"],
        env=os.environ | {paths.ROOT_VARIABLE: str(base)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    staged = base / "build/stage/03_apart/data/processed/apart.csv"
    for _ in range(200):
        if staged.exists():
            break
        time.sleep(0.1)
    assert staged.exists()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert "interrupted" in process.stderr.read()
    assert snapshot(base) == before


# --- What is out of date


def test_reasons(base):
    step = next(step for step in steps.load_steps(base) if step.name == "02_results")
    assert freshness.why(step, base) == []
    edit(base / "notebooks/02_results.ipynb", "'ok'", "'OK'")
    edit(base / "src/cluster_anatomy/compendium/paths.py", "compendium", "study")
    edit(base / "requirements.lock", "1", "2")
    (base / "figures/dot.png").unlink()
    (base / "data/processed/results.csv").write_text("tampered")
    assert freshness.why(step, base, {"scale": 3}) == [
        "notebook changed",
        "package changed",
        "lock file changed",
        "parameters changed",
        "output data/processed/results.csv changed since the run",
        "output figures/dot.png missing",
    ]


def test_a_tampered_output_of_a_notebook_is_noticed(base):
    edit(base / "notebooks/02_results.ipynb", "total 12.0", "total 13.0")
    step = next(step for step in steps.load_steps(base) if step.name == "02_results")
    assert freshness.why(step, base) == ["output notebooks/02_results.ipynb changed since the run"]


@pytest.mark.parametrize(
    "text", ["", '{"steps": {"01_total"', "[]", '{"steps": {"01_total": {"inputs": 3}}}', "\xff"]
)
def test_a_broken_state_counts_as_never_run(base, text):
    (base / "build/state.json").write_text(text, encoding="latin-1")
    assert freshness.status(base) == [
        f"{name}: never run" for name in ("03_apart", "01_total", "02_results")
    ]


def test_status_says_what_will_run_first(base, command, capsys):
    assert [step.name for step in steps.load_steps()] == ["03_apart", "01_total", "02_results"]
    (base / "data/raw/numbers.csv").write_text("10\n")
    assert command("status") == 0
    assert capsys.readouterr().out.splitlines() == [
        "03_apart: up to date",
        "01_total: input data/raw/numbers.csv changed",
        "02_results: up to date, but 01_total will run first",
    ]


def test_a_reader_who_has_had_enough_is_no_error(base):
    command = f'"{sys.executable}" -m cluster_anatomy status | true'
    known = os.environ | {paths.ROOT_VARIABLE: str(base)}
    assert subprocess.run(command, shell=True, env=known, stderr=subprocess.PIPE).stderr == b""


def test_lock_held_elsewhere(base, command, capsys):
    with open(base / "build/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("123\n")
        lock.flush()
        assert command("run") == 2
    assert "another run is going on (pid 123)" in capsys.readouterr().err


# --- Mistakes are told before anything runs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["01_totl"],
            "no step '01_totl' (steps: 03_apart, 01_total, 02_results). Did you mean '01_total'?",
        ),
        (
            ["--set", "sede=2"],
            (
                "known: 03_apart: seed; 01_total: scale, label; 02_results: scale, names). Did you"
                " mean 'seed'?"
            ),
        ),
        (["01_total", "--set", "seed=2"], "No selected notebook has a parameter 'seed'"),
        (["--set", "01_total:seed=2"], "No selected notebook has a parameter '01_total:seed'"),
        (["--set", "01_totl:scale=2"], "Did you mean '01_total'?"),
        (["--set", "seed=True"], "03_apart:seed must be int, like its default 1; True is bool"),
        (["--set", "label=3"], "01_total:label must be str, like its default 'x'; 3 is int"),
        (["--set", "scale"], "write it as name=value"),
    ],
)
def test_mistakes_in_the_arguments(base, command, capsys, arguments, message):
    before = snapshot(base)
    assert command("run", "--force", *arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert snapshot(base) == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("reads = [", "raeds = [", "step 02_results: unknown key 'raeds'. Did you mean 'reads'?"),
        (
            "tot*.csv",
            "none/*.csv",
            "step 02_results: reads data/processed/none/*.csv, which neither exists nor",
        ),
        ("data/raw/**/*.csv", "figures/dot.png", "wait for each other: 0"),
        (
            "data/raw/**/*.csv",
            "data/processed/total.csv",
            "wait for each other: 01_total -> 01_total",
        ),
        (
            "apart.csv",
            "total.csv",
            "step 01_total: data/processed/total.csv is already written by 03_apart",
        ),
        ("01_total", "03_apart", "two steps of the name 03_apart"),
        ("01_total", "04_gone", "step 04_gone: notebooks/04_gone.ipynb does not exist"),
        (
            "figures/dot.png",
            "../dot.png",
            "step 02_results: ../dot.png must be a path inside the compendium",
        ),
        ("figures/dot.png", "figures/*.png", "must be an exact path"),
        ("[[step]]", "[step]", "notebooks/steps.toml"),
        ("reads = [", "reads = ", "notebooks/steps.toml: "),
    ],
)
def test_mistakes_in_the_steps(base, command, capsys, old, new, message):
    edit(base / "notebooks/steps.toml", old, new)
    assert command("run") == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["scale = 2 * 3", "import os", "scale = ", "a.b = 1", "%matplotlib inline"]
)
def test_parameters_must_be_literals(base, text):
    write_notebook(base, "01_total", text, TOTAL)
    with pytest.raises(PipelineError, match="01_total: the parameters cell must hold only"):
        run(base)


def test_parameters_go_to_the_steps_that_have_them():
    defaults = {"a": {"x": 1, "y": None}, "b": {"x": 1.5}}
    assert resolve_parameters({"b:x": 3, "x": 2, "y": [1]}, defaults) == {
        "a": {"x": 2, "y": [1]},
        "b": {"x": 3},
    }
    assert parse_setting("x= 1") == ("x", 1)
    assert parse_setting("x=a=b") == ("x", "a=b")


# --- Normalising and comparing


def test_normalise_is_pure_and_stable():
    cell = nbformat.v4.new_code_cell(
        "1", id="a", execution_count=7, metadata={"papermill": {}, "tags": []}
    )
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="one\n"),
        nbformat.v4.new_output("stream", name="stdout", text="two\n"),
        nbformat.v4.new_output("execute_result", {"text/plain": "1"}, execution_count=7),
    ]
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"papermill": {}, "title": "t"})
    before = nbformat.writes(notebook)
    once = notebooks.normalise(notebook)
    assert nbformat.writes(notebook) == before
    assert notebooks.normalise(once) == once
    assert (once.cells[0].execution_count, once.cells[0].outputs[1].execution_count) == (1, 1)
    assert once.cells[0].outputs[0].text == "one\ntwo\n"
    assert once.cells[0].metadata == {}
    assert set(once.metadata) == {"title", "kernelspec", "language_info"}


@pytest.mark.parametrize(
    ("text", "refused"), [("in /home/me/x", True), ("/home/me", True), ("/home/mexico", False)]
)
def test_normalise_refuses_machine_paths(text, refused):
    cell = nbformat.v4.new_code_cell(
        "print()", outputs=[nbformat.v4.new_output("stream", text=text)]
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    if refused:
        with pytest.raises(PipelineError, match="code cell 1"):
            notebooks.normalise(notebook, ["/home/me"])
    else:
        notebooks.normalise(notebook, ["/home/me"])


@pytest.mark.parametrize(
    ("committed", "new", "places"),
    [
        ("a,b\nx,1.0\n", "a,b\nx,1.0000000000001\n", []),
        ("a,b\nx,1.0\n", "a,b\nx,1.000001\n", ["row 1, column b"]),
        ("a,b\nx,1.0\n", "a,b\ny,1.0\n", ["row 1, column a"]),
        ("a,b\nx,1.0\n", "a,c\nx,1.0\n", ["columns"]),
        ("a,b\nx,1.0\n", "a,b\n", ["rows"]),
    ],
)
def test_compare_tables(tmp_path, committed, new, places):
    for folder, text in (("old", committed), ("new", new)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.csv").write_text(text)
    differences = compare.compare("t.csv", tmp_path / "old", tmp_path / "new")
    assert [difference.place for difference in differences] == places


@pytest.fixture
def changed(base):
    """Change four outputs of the compendium; what is to be said of them."""
    subprocess.run(["git", "init", "-q", str(base)], check=True)
    (base / ".gitignore").write_text("build/\n")
    edit(base / "data/processed/results.csv", "12.0", "12.5")
    edit(base / "notebooks/01_total.ipynb", '"12"', '"12.000001"')
    edit(base / "notebooks/02_results.ipynb", "total 12.0", "total 12.1")
    (base / "data/processed/apart.csv").unlink()
    return [
        "data/processed/apart.csv, file: committed missing, new present",
        "data/processed/results.csv, row 1, column value: committed 12.5, new 12.0",
        "notebooks/02_results.ipynb, code cell 2, line 2: committed total 12.1, new total 12.0",
    ]


def test_a_rerun_finds_just_what_was_changed(base, changed, command, capsys):
    before, told = snapshot(base), base.parent / "differences.json"
    copy = base.parent / "fresh copy"
    assert command("check", "--rerun", "--into", str(copy), "--json", str(told)) == 1
    assert capsys.readouterr().out.splitlines()[-3:] == changed
    assert snapshot(base) == before
    assert list(map(str, packages.read_differences(told))) == changed


def test_a_rerun_with_other_packages_counts_what_moves(base, changed, command, capsys, monkeypatch):
    names = {name: "1" for name in packages.DECISIVE}
    monkeypatch.setattr(packages, "environment", lambda *arguments: Path(sys.executable))
    monkeypatch.setattr(packages, "versions", lambda interpreter: {"python": "3.99"} | names)
    assert command("check", "--rerun", "--packages", "oldest", "--record") == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert sorted(lines) == sorted(changed)
    assert "2 numbers moved, 0 notebooks failed, 0 pictures and 1 texts are others" in last
    recorded = (base / packages.RESULTS).read_text(encoding="utf-8").splitlines()
    assert recorded[0] == ",".join(packages.COLUMNS)
    assert recorded[1].startswith("3.99,oldest,")
    assert recorded[1].endswith(f',2,0,0,1,"{changed[0]}"')


def test_a_rerun_that_fails_itself_is_no_difference(base, command, capsys, monkeypatch):
    (base / "notebooks/steps.toml").write_text("[")
    monkeypatch.setattr(packages, "environment", lambda *arguments: Path(sys.executable))
    assert command("check", "--rerun", "--python", "python9") == 2
    assert "the check itself failed:\nerror: notebooks/steps.toml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("israel --rerun", "LIST and --rerun are different checks: ask for one of them"),
        ("--rerun --release a.zip", "--rerun and --release are different checks"),
        ("--into there", "--into goes with --rerun or --release"),
        ("israel --into there", "--into goes with --rerun or --release"),
        ("--release a.zip --jobs 3", "--jobs goes with --rerun"),
        ("--packages newest", "--packages goes with --rerun"),
        ("--rerun --record", "--record goes with --packages or --python"),
    ],
)
def test_what_cannot_be_combined_is_refused(command, capsys, arguments, message):
    assert command("check", *arguments.split()) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {message}")
    assert (captured.err.count("\n"), captured.out) == (1, "")
