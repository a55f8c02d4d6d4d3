"""Notebooks as plain data: their cells, what they show, and what differs from run to run."""

import copy
import json
import re
from collections.abc import Iterable
from pathlib import Path

from cluster_anatomy.compendium.steps import PipelineError

PARAMETERS, INJECTED = "parameters", "injected-parameters"  # cell tags that papermill also knows


# --- Notebooks and their parameters


def read_notebook(path: Path) -> dict:
    """Read a notebook as plain data, without nbformat, which takes long to load."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if notebook["nbformat"] == 4:
            for cell in notebook["cells"]:
                cell["source"] = "".join(cell["source"])  # the file may keep a list of lines
            return notebook
    except (ValueError, KeyError, TypeError):
        pass
    raise PipelineError(f"{path} is not a notebook of format 4")


def tagged(cell: dict, tag: str) -> bool:
    """Whether a cell has a tag."""
    return tag in cell["metadata"].get("tags", [])


def code_cells(notebook: dict) -> list[tuple[int, dict]]:
    """Return the code cells with their numbers, from 1."""
    return list(
        enumerate((cell for cell in notebook["cells"] if cell["cell_type"] == "code"), start=1)
    )


def first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


# --- One notebook, in a worker process


def output_texts(cell: dict) -> list[str]:
    """Return what a code cell shows, one text for each output and form; pictures are left out."""
    texts = []
    for output in cell["outputs"]:
        shown = output.get("data") or {
            "text/plain": output.get("text") or output.get("traceback", [])
        }
        texts += ["".join(shown[form]) for form in sorted(shown) if form.startswith("text/")]
    return texts


def normalise(notebook: dict, machine_paths: Iterable[str] = ()) -> dict:
    """Return a copy of an executed notebook without what differs from run to run or from machine to
    machine.

    Raises
    ------
    PipelineError
        If an output names one of the `machine_paths`.
    """
    result = copy.deepcopy(notebook)
    result["metadata"].pop("papermill", None)
    result["metadata"]["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    result["metadata"]["language_info"] = {"name": "python"}
    for cell in result["cells"]:
        noise = {"papermill", "execution", "ExecuteTime"} | (
            set() if cell["metadata"].get("tags") else {"tags"}
        )
        cell["metadata"] = {
            key: value for key, value in cell["metadata"].items() if key not in noise
        }
    executed = [cell for _, cell in code_cells(result) if cell["execution_count"] is not None]
    for count, cell in enumerate(executed, start=1):
        cell["execution_count"] = count
    for number, cell in code_cells(result):
        outputs = []
        for output in cell["outputs"]:
            if output["output_type"] == "execute_result":
                output["execution_count"] = cell["execution_count"]
            if (
                output["output_type"] == "stream"
                and outputs
                and outputs[-1].get("name") == output["name"]
            ):
                outputs[-1]["text"] += output["text"]  # where a stream is cut is a matter of timing
            else:
                outputs.append(output)
        cell["outputs"] = outputs
        for line in "\n".join(output_texts(cell)).splitlines():
            if any(
                re.search(rf"(?<![\w.]){re.escape(path)}(?![\w-])", line) for path in machine_paths
            ):
                raise PipelineError(
                    f"code cell {number} ({first_line(cell['source'])}) shows a path of this"
                    f" machine: {line.strip()[:200]}\n            show paths relative to the"
                    " compendium"
                )
    return result


def find_warnings(notebook: dict) -> list[str]:
    found = []
    for number, cell in code_cells(notebook):
        for output in cell["outputs"]:
            if output.get("name") == "stderr":
                found.append(f"code cell {number} wrote to stderr: {first_line(output['text'])}")
        if re.search(r" at 0x[0-9a-f]{6,}", "\n".join(output_texts(cell))):
            found.append(
                f"code cell {number} shows the address of an object, which differs from run to run"
            )
    return found


def prepare(path: Path, parameters: dict) -> dict:
    """Return the notebook to execute: an id in each cell, and just these parameters injected."""
    import nbformat

    notebook = nbformat.from_dict(read_notebook(path))
    notebook.nbformat_minor = 5
    notebook.cells = [cell for cell in notebook.cells if not tagged(cell, INJECTED)]
    for number, cell in enumerate(notebook.cells, start=1):
        cell.setdefault("id", f"cell-{number}")
    if parameters:  # not injected by papermill, which would turn a tuple or a set into a text
        lines = [
            "# Parameters",
            *(f"{name} = {value!r}" for name, value in sorted(parameters.items())),
        ]
        cell = nbformat.v4.new_code_cell(
            "\n".join(lines), id=INJECTED, metadata={"tags": [INJECTED]}
        )
        place = next(place for place, cell in enumerate(notebook.cells) if tagged(cell, PARAMETERS))
        notebook.cells.insert(place + 1, cell)
    return notebook
