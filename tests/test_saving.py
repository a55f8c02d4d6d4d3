"""Saving a notebook in Jupyter changes no more than the person has changed."""

import copy
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from types import SimpleNamespace

import nbformat
import pytest

from cluster_anatomy.compendium import freshness, kernels, notebooks, paths, rerun, steps
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


@contextmanager
def serving(base, **environment):
    """JupyterLab as `make lab` starts it; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=t"]
    options += ["--LabApp.expose_app_in_browser=True"]
    command = ["-m", "jupyterlab", "--config=jupyter_server_config.py", *options]
    own = {"HOME": str(base.parent), "JUPYTER_RUNTIME_DIR": str(base.parent / "rt")}
    server = subprocess.Popen(
        [sys.executable, *command], cwd=base, env=os.environ | own | environment
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/api?token=t")
            break
        except OSError:
            time.sleep(0.5)
    try:
        yield address
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def lab(tmp_path):
    """JupyterLab on a folder that holds the overview; folder and address."""
    base = tmp_path / "study"
    for name in ("notebooks/00_overview.ipynb", "notebooks/steps.toml", "jupyter_server_config.py"):
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, base / name)
    with serving(base) as address:
        yield base, address


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


CHROMIUM = shutil.which("chromium")
DRIVE = """async (command) => {
  const app = window.jupyterapp;
  await app.restored;
  await app.commands.execute(command);
}"""
IDLE = """() => {
  const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
  const session = panel && panel.sessionContext;
  return session && session.session && session.session.kernel
    && session.session.kernel.status === 'idle';
}"""


@pytest.mark.browser
@pytest.mark.skipif(
    not (CHROMIUM and importlib.util.find_spec("playwright")),
    reason="JUPYTERLAB IS NOT TESTED IN A BROWSER: playwright or chromium is missing",
)
def test_to_open_run_and_save_a_notebook_in_the_browser_leaves_git_clean(tmp_path):
    from playwright.sync_api import sync_playwright

    base = tmp_path / "study"
    base.mkdir()
    rerun.copy_compendium(ROOT, base)
    git = ["git", "-C", str(base), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "All"]):
        subprocess.run([*git, *arguments], check=True)

    def dirty():
        status = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True)
        return status.stdout

    kernels.write_spec(tmp_path / "jupyter", forked=False)
    environment = {"JUPYTER_PATH": str(tmp_path / "jupyter"), "PYTHONPATH": str(base / "src")}
    notebook = "notebooks/03_cluster_genesis.ipynb"
    with (
        serving(base, **environment, **{paths.ROOT_VARIABLE: str(base)}) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{address}/lab/tree/{notebook}?token=t")
        page.wait_for_function(IDLE, timeout=120_000)
        page.evaluate(DRIVE, "docmanager:save")
        assert dirty() == ""
        page.evaluate(DRIVE, "notebook:run-all-cells")
        page.wait_for_function(IDLE, timeout=120_000)
        page.evaluate(DRIVE, "docmanager:save")
        saved_at = (base / notebook).stat().st_mtime
        browser.close()
    assert saved_at > (base / "notebooks/00_overview.ipynb").stat().st_mtime
    assert dirty() == ""
