"""Runs on machines and in environments that are not as one would have them."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from cluster_anatomy.compendium import kernels, paths, run, steps
from cluster_anatomy.compendium.kernel_server import ENVIRONMENT

SOURCE = Path(paths.__file__).parents[2]
STEP = '[[step]]\nname = "a"\nwrites = ["data/out.txt"]\n'
WRITE = "from cluster_anatomy.compendium.paths import target\n"
PICTURE = """
import hashlib, io
import matplotlib.pyplot as plt
from cluster_anatomy.figures import style
style.use()
figure, axes = plt.subplots()
axes.plot([1, 3, 2])
axes.set_title("A")
content = io.BytesIO()
figure.savefig(content)
plt.close(figure)
target("data/out.txt").write_text(hashlib.sha256(content.getvalue()).hexdigest())
"""
VERSION = "import networkx\ntarget('data/out.txt').write_text(networkx.__version__)\n"


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A function that makes a study of one notebook."""
    base = tmp_path / "study"
    (base / "notebooks").mkdir(parents=True)
    (base / steps.STEPS_FILE).write_text(STEP)
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(base))
    monkeypatch.chdir(base)

    def make(text, *more):
        cells = [
            nbformat.v4.new_code_cell(part, id=f"c{number}")
            for number, part in enumerate([WRITE + text, *more])
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), base / "notebooks/a.ipynb")
        return base

    return make


def in_process(base):
    """Run the study here; what its notebook wrote."""
    report = run.run(base, force=True, tell=str)
    assert (report.failed, report.warnings) == ({}, [])
    return (base / "data/out.txt").read_text()


def command(base, *arguments, **environment):
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "cluster_anatomy", *(arguments or ("run", "--force"))],
        cwd=base,
        env=os.environ | {"PYTHONPATH": str(SOURCE), paths.ROOT_VARIABLE: str(base)} | environment,
        capture_output=True,
        text=True,
    )


# --- Where temporary files lie


@pytest.mark.parametrize("length", [130, 1000])
@pytest.mark.parametrize("sign", ["x", "簇"])
def test_a_long_folder_for_temporary_files_stops_no_run(study, tmp_path, length, sign):
    base = study("target('data/out.txt').write_text('1')")
    temporary = tmp_path
    while len(os.fsencode(temporary)) < length:
        temporary /= sign * 40
    temporary.mkdir(parents=True)
    done = command(base, TMPDIR=str(temporary))
    assert (done.returncode, done.stderr) == (0, "")
    assert (base / "data/out.txt").read_text() == "1"


def test_a_study_in_a_deep_folder_still_forks_its_kernels(tmp_path):
    deep = tmp_path / ("簇" * 60)
    deep.mkdir()
    if not kernels.possible():
        pytest.skip("kernels are not forked on this system")
    with kernels.server(dict(os.environ) | ENVIRONMENT, deep) as (address, _):
        assert address
        assert len(os.fsencode(address)) <= kernels.LONGEST_SOCKET
    assert not Path(address).exists()


def test_where_no_socket_has_room_kernels_are_ordinary_ones(study, monkeypatch):
    monkeypatch.setattr(kernels, "LONGEST_SOCKET", 5)
    assert in_process(study("target('data/out.txt').write_text('1')")) == "1"


def test_what_another_user_of_a_shared_checkout_has_left_stops_no_run(study):
    base = study("target('data/out.txt').write_text('1')")
    left = base / run.TEMPORARY / "run-of another"
    left.mkdir(parents=True)
    spec = base / "build/cache/jupyter/kernels/python3/kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text("{}")
    spec.chmod(0o444)  # of another owner: to be replaced, since it cannot be written to
    left.parent.chmod(0o1777)
    assert in_process(base) == "1"


# --- Matplotlib


@pytest.mark.parametrize("fork", ["yes", "no"])
def test_a_matplotlibrc_changes_no_figure(study, tmp_path, monkeypatch, fork):
    base = study(PICTURE)
    monkeypatch.setenv(kernels.SWITCH_VARIABLE, fork)
    plain = in_process(base)
    lines = "axes.facecolor: pink\nlines.linewidth: 9\nfigure.figsize: 3, 3\nsavefig.dpi: 30\n"
    (tmp_path / "mine").write_text(lines)
    (base / "matplotlibrc").write_text(lines)
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "mine"))
    assert in_process(base) == plain
    assert len(plain) == 64


# --- Packages from elsewhere


@pytest.mark.parametrize("fork", ["yes", "no"])
def test_packages_on_pythonpath_are_not_used_and_that_is_said(study, tmp_path, fork):
    base = study(VERSION)
    for name in ("networkx", "pandas", "statistics"):
        (tmp_path / "other" / name).mkdir(parents=True)
        (tmp_path / "other" / name / "__init__.py").write_text("__version__ = 'of elsewhere'\n")
    other = str(tmp_path / "other")
    for path in (f"{other}{os.pathsep}{SOURCE}", f"{SOURCE}{os.pathsep}{other}"):
        done = command(base, PYTHONPATH=path, **{kernels.SWITCH_VARIABLE: fork})
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == (
            f"PYTHONPATH names {other}, which is not used: the packages are those of"
            f" {sys.executable}\n"
        )
        assert (base / "data/out.txt").read_text()[0].isdigit()


@pytest.mark.parametrize("fork", ["yes", "no"])
def test_a_safe_path_of_imports_stops_no_run(study, fork):
    base = study(VERSION)
    done = command(base, PYTHONSAFEPATH="1", **{kernels.SWITCH_VARIABLE: fork})
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "ordinary kernel" not in done.stdout


# --- Cells and kernels that do not go on


@pytest.mark.parametrize("fork", ["yes", "no"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os; os.kill(os.getpid(), 9)", "killed by signal 9 SIGKILL, perhaps out of memory"),
        ("import os; os.kill(os.getpid(), 11)", "killed by signal 11 SIGSEGV"),
        ("import os; os._exit(3)", "it has ended by itself, with code 3; does a cell call exit()?"),
    ],
)
def test_how_a_kernel_died_is_said(study, monkeypatch, fork, text, said):
    monkeypatch.setenv(kernels.SWITCH_VARIABLE, fork)
    message = run.run(study("1", text), tell=str).failed["a"]
    assert f"DeadKernelError: Kernel died: {said}" in message
    assert "code cell 2" in message


def test_a_cell_that_asks_is_a_failed_step_with_its_line(study):
    message = run.run(study("name = input('Name? ')"), tell=str).failed["a"]
    assert "StdinNotImplementedError" in message
    assert "code cell 1" in message


# --- A reader who has had enough


def test_a_register_whose_progress_nobody_reads_ends_quietly(tmp_path):
    names = "".join(f"Firm {number} Biotech,Boston,1999\n" for number in range(50))
    (tmp_path / "firms.csv").write_text(f"name,city,founded\n{names}")
    line = f'"{sys.executable}" -m cluster_anatomy register firms.csv --into out | true'
    done = subprocess.run(line, shell=True, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert done.stderr == ""
