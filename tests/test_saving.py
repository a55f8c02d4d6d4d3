"""Saving a notebook in Jupyter changes no more than the person has changed."""

import copy
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from types import SimpleNamespace

import nbformat
import pytest

from cluster_anatomy.compendium import freshness, notebooks, paths, steps
from cluster_anatomy.compendium.saving import keep_metadata

ROOT = paths.root()


@pytest.fixture
def committed(tmp_path):
    """A folder with a notebook as the pipeline leaves it."""
    shown = [nbformat.v4.new_output("stream", name="stdout", text="one\ntwo\n")]
    cells = [
        nbformat.v4.new_markdown_cell("# A", id="head"),
        nbformat.v4.new_code_cell(
            "import os",
            id="first",
            execution_count=1,
            metadata={"tags": ["plumbing"], "jupyter": {"source_hidden": True}},
        ),
        nbformat.v4.new_code_cell("print(1)", id="second", execution_count=2, outputs=shown),
    ]
    notebook = notebooks.normalise(nbformat.v4.new_notebook(cells=cells))
    nbformat.write(notebook, tmp_path / "a.ipynb")
    return tmp_path


def as_opened(folder):
    """What JupyterLab holds of the notebook after it was looked at and run again."""
    notebook = json.loads((folder / "a.ipynb").read_text("utf-8"))
    notebook["metadata"] |= {
        "kernelspec": {"display_name": "My Python", "language": "python", "name": "mine"},
        "language_info": {"name": "python", "version": "3.13.0", "mimetype": "text/x-python"},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}},
    }
    for count, cell in enumerate(notebook["cells"], start=7):
        cell["metadata"] |= {"trusted": True, "execution": {"iopub.status.idle": "2026"}}
        if cell["cell_type"] == "code":
            cell["metadata"] |= {"collapsed": False, "scrolled": True, "jupyter": {}}
            cell["execution_count"] = count
    cut = [
        {"output_type": "stream", "name": "stdout", "text": [word]} for word in ("one\n", "two\n")
    ]
    notebook["cells"][2]["outputs"] = cut
    return notebook


def saved(folder, notebook, path="a.ipynb"):
    """The text of the file once Jupyter has saved the notebook."""
    model = {"type": "notebook", "content": notebook}
    keep_metadata(model=model, path=path, contents_manager=SimpleNamespace(root_dir=str(folder)))
    return nbformat.writes(nbformat.from_dict(model["content"])) + "\n"


def test_a_notebook_that_was_only_looked_at_is_saved_as_it_was(committed):
    assert saved(committed, as_opened(committed)) == (committed / "a.ipynb").read_text("utf-8")


def test_what_a_person_changed_is_saved(committed):
    notebook = as_opened(committed)
    notebook["metadata"]["title"] = "Mine"
    notebook["cells"][0]["source"] = "# B"
    notebook["cells"][2]["metadata"] |= {"tags": ["plumbing"], "jupyter": {"source_hidden": True}}
    notebook["cells"].append(nbformat.v4.new_code_cell("2", id="new", metadata={"collapsed": True}))
    after = json.loads(saved(committed, notebook))
    assert after["metadata"]["title"] == "Mine"
    assert after["cells"][0]["source"] == ["# B"]
    assert after["cells"][2]["metadata"]["jupyter"] == {"source_hidden": True}
    assert after["cells"][3]["metadata"] == {"collapsed": True}
    assert after["metadata"]["kernelspec"]["name"] == "python3"


def test_other_files_and_new_notebooks_are_saved_as_they_come(committed):
    notebook = as_opened(committed)
    before = copy.deepcopy(notebook)
    saved(committed, notebook, "new.ipynb")
    assert notebook == before
    text = {"type": "file", "content": "x"}
    keep_metadata(text, "a.txt", SimpleNamespace(root_dir=str(committed)))
    assert text == {"type": "file", "content": "x"}


def test_a_step_is_not_stale_for_the_metadata_of_its_notebook(committed):
    (committed / "notebooks").mkdir()
    shutil.move(committed / "a.ipynb", committed / "notebooks/a.ipynb")
    step, file = steps.Step("a"), committed / "notebooks/a.ipynb"
    before = freshness.output_digests(step, committed)
    notebook = as_opened(committed / "notebooks")
    file.write_text(json.dumps(notebook), encoding="utf-8")
    assert freshness.output_digests(step, committed) == before
    notebook["cells"][2]["outputs"][1]["text"] = ["three\n"]
    file.write_text(json.dumps(notebook), encoding="utf-8")
    assert freshness.output_digests(step, committed) != before


# --- JupyterLab itself


@pytest.fixture
def lab(tmp_path):
    """JupyterLab as `make lab` starts it, on a copy that holds the overview; its address."""
    for name in ("notebooks/00_overview.ipynb", "notebooks/steps.toml", "jupyter_server_config.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=t"]
    command = ["-m", "jupyterlab", "--config=jupyter_server_config.py", *options]
    environment = os.environ | {"HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "rt")}
    server = subprocess.Popen([sys.executable, *command], cwd=tmp_path, env=environment)
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/api?token=t")
            break
        except OSError:
            time.sleep(0.5)
    yield tmp_path, address
    server.terminate()
    server.wait(20)


def ask(address, path, model=None):
    """Ask the server's interface, as the page in the browser does."""
    data = None if model is None else json.dumps(model).encode()
    method = "GET" if model is None else "PUT"
    request = urllib.request.Request(f"{address}{path}?token=t", data, method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.url, answer.read()


def test_jupyterlab_serves_the_whole_folder_and_saves_what_was_opened_unchanged(lab):
    base, address = lab
    before = (base / "notebooks/00_overview.ipynb").read_bytes()
    assert ask(address, "/")[0].partition("?")[0].endswith("lab/tree/notebooks/00_overview.ipynb")
    names = {entry["name"] for entry in json.loads(ask(address, "/api/contents/")[1])["content"]}
    assert {"notebooks", "jupyter_server_config.py"} <= names
    path = "/api/contents/notebooks/00_overview.ipynb"
    model = json.loads(ask(address, path)[1])
    model["content"]["metadata"]["language_info"]["version"] = "3.99"
    for cell in model["content"]["cells"]:
        cell["metadata"]["execution"] = {"shell.execute_reply": "now"}
    ask(address, path, {key: model[key] for key in ("type", "format", "content")})
    assert (base / "notebooks/00_overview.ipynb").read_bytes() == before
