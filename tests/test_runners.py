"""Other people's tools on the whole folder of notebooks: they pass, or say why not in a line."""

import os
import subprocess
import sys

import nbclient
import nbformat
import papermill
import pytest

from cluster_anatomy.compendium import kernels, notebooks, paths, rerun

ROOT = paths.root()
TEMPLATES = sorted(path.name for path in (ROOT / "notebooks/own_list").glob("*.ipynb"))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A copy of the compendium, as somebody has cloned it, and the environment of its tools."""
    base = tmp_path_factory.mktemp("runners") / "study"
    base.mkdir()
    rerun.copy_compendium(ROOT, base)
    kernels.write_spec(base / "build/jupyter", forked=False)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("CLUSTER_ANATOMY_")
    }
    environment = kept | {
        "JUPYTER_PATH": str(base / "build/jupyter"),
        "PYTHONPATH": str(base / "src"),
    }
    return base, environment


@pytest.fixture
def own(study, monkeypatch):
    """The copy, in this process, whose kernels are those of a person."""
    base, environment = study
    monkeypatch.setattr(os, "environ", dict(environment))
    os.environ.pop("PYTEST_VERSION", None)
    return base


def contents(base):
    """What lies in the compendium, without what git ignores."""
    return {
        path.relative_to(base).as_posix(): path.read_bytes()
        for path in base.rglob("*")
        if path.is_file() and not {"build", "__pycache__"} & set(path.relative_to(base).parts)
    }


@pytest.mark.parametrize("mode", ["--nbval", "--nbval-lax"])
def test_nbval_on_the_whole_folder_passes_and_overwrites_nothing(study, mode):
    base, environment = study
    before = contents(base)
    command = [sys.executable, "-m", "pytest", mode, "-q", "-p", "no:xdist"]
    command += [
        "-p",
        "no:cacheprovider",
        "notebooks/own_list",
        "notebooks/03_cluster_genesis.ipynb",
    ]
    done = subprocess.run(command, cwd=base, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout
    assert "own_list" not in done.stdout
    assert contents(base) == before


@pytest.mark.parametrize("name", TEMPLATES)
def test_papermill_on_a_notebook_for_lists_says_what_to_do(own, name):
    before = contents(own)
    with pytest.raises(papermill.PapermillExecutionError) as caught:
        papermill.execute_notebook(
            str(own / "notebooks/own_list" / name),
            None,
            kernel_name="python3",
            progress_bar=False,
            cwd=str(own / "notebooks"),
        )
    assert "python -m cluster_anatomy run NAME" in caught.value.evalue
    assert contents(own) == before


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_runner_that_goes_on_after_errors_overwrites_nothing(own, name):
    before = contents(own)
    notebook = nbformat.read(own / "notebooks/own_list" / name, 4)
    resources = {"metadata": {"path": str(own / "notebooks/own_list")}}
    nbclient.NotebookClient(notebook, allow_errors=True, resources=resources).execute()
    failed = [
        output
        for _, cell in notebooks.code_cells(notebook)
        for output in cell["outputs"]
        if output["output_type"] == "error"
    ]
    assert "python -m cluster_anatomy run NAME" in failed[0]["evalue"]
    assert contents(own) == before


@pytest.mark.parametrize("folder", [".", "notebooks", "docs"])
def test_nbclient_from_any_folder_gives_the_committed_outputs(own, folder):
    before = contents(own)
    path = own / "notebooks/03_cluster_genesis.ipynb"
    notebook = nbformat.read(path, 4)
    resources = {"metadata": {"path": str(own / folder)}}
    nbclient.NotebookClient(notebook, resources=resources).execute()
    assert notebooks.content(notebook) == notebooks.content(notebooks.read_notebook(path))
    assert contents(own) == before
