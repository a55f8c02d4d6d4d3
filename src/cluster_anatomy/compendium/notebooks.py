"""Notebooks as plain data: their cells, what they show, and what differs from run to run."""

import copy
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from cluster_anatomy.compendium.steps import PipelineError

PARAMETERS, INJECTED = "parameters", "injected-parameters"  # cell tags that papermill also knows
PLUMBING = "plumbing"  # tag of a folded cell: imports, reads, writes, numbers recorded
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
NOISE = {
    *("papermill", "execution", "ExecuteTime"),
    *("colab", "colab_type", "executionInfo", "id", "outputId", "vscode"),
}
"""Metadata of a cell that differ from run to run, or that Colab and VS Code leave there."""
OF_THE_KERNEL = {"kernelspec", "language_info", "widgets"}
"""Metadata of a notebook that a tool writes when it starts a kernel."""
OF_A_TOOL = {"papermill", "widgets", "accelerator", "colab", "vscode"}
"""Metadata of a notebook that a run leaves out: they are of one run, or of one tool."""
OF_THE_VIEW = {"collapsed", "scrolled", "trusted", "jupyter"}
"""Metadata of a cell that say how somebody has looked at it, such as whether it is folded."""
WIDGET = "application/vnd.jupyter.widget-view+json"
"""What shows a widget: a random name, which means something only while its kernel runs."""
LARGE = 2_000_000
"""Bytes above which what one cell shows is said to be too much."""
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What nbformat takes as the id of a cell."""
CONFLICT = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)

Metadata = dict[str, Any]  # of any tool, in any form


class Output(TypedDict):
    """What a code cell has given: of the kinds stream, execute_result, display_data and error."""

    output_type: str
    name: NotRequired[str]
    text: NotRequired[str]
    data: NotRequired[dict[str, str]]
    execution_count: NotRequired[int | None]
    traceback: NotRequired[list[str]]


class Cell(TypedDict):
    """A cell; only code cells have outputs and a number."""

    id: str
    cell_type: str
    source: str
    metadata: Metadata
    outputs: list[Output]
    execution_count: int | None


class Notebook(TypedDict):
    """A notebook of format 4."""

    nbformat: int
    nbformat_minor: int
    metadata: Metadata
    cells: list[Cell]


# --- Reading


def read_notebook(path: Path) -> Notebook:
    """Read a notebook as plain data, without nbformat, which takes long to load.

    Raises
    ------
    PipelineError
        If the file is not a notebook of format 4; with the reason and what to do.
    """
    text = path.read_bytes().decode("utf-8", "replace")
    try:
        notebook: Notebook = json.loads(text)
        if notebook["nbformat"] == 4:
            for cell in notebook["cells"]:
                cell["source"] = "".join(cell["source"])  # the file may keep a list of lines
            return notebook
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise PipelineError(f"{path} is not a notebook of format 4: {_why_not(text)}")


def _why_not(text: str) -> str:
    """Say why a text is not a notebook of format 4, and how it becomes one."""
    if conflict := CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        return (
            f"line {line} is the mark of a merge conflict; take one side (git checkout --ours or"
            " --theirs) and run the step again"
        )
    if text.startswith("\ufeff"):
        return "it begins with a byte order mark (BOM); save it as UTF-8 without one"
    if not text.strip():
        return "the file is empty"
    try:
        notebook = json.loads(text)
    except ValueError as error:
        return f"it is not whole or no JSON ({error})"
    except RecursionError:
        return "it is nested too deep"
    found = notebook.get("nbformat") if isinstance(notebook, dict) else None
    if isinstance(found, int) and found != 4:
        return f"it is of format {found}; convert it: jupyter nbconvert --to notebook --inplace"
    return "its cells or its number of format are missing"


def tagged(cell: Cell, tag: str) -> bool:
    """Whether a cell has a tag."""
    return tag in cell["metadata"].get("tags", [])


def code_cells(notebook: Notebook) -> list[tuple[int, Cell]]:
    """Return the code cells with their numbers, from 1."""
    code = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    return list(enumerate(code, start=1))


def first_line(text: str) -> str:
    """Return the first line of a text that is not blank."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def output_texts(cell: Cell) -> list[str]:
    """Return what a code cell shows, one text for each output and form; pictures are left out."""
    texts = []
    for output in cell["outputs"]:
        shown: Mapping[str, str | list[str]] = output.get("data") or {
            "text/plain": output.get("text") or output.get("traceback", [])
        }
        texts += ["".join(shown[form]) for form in sorted(shown) if form.startswith("text/")]
    return texts


# --- Before and after a run, in a worker process


def prepare(path: Path, parameters: Mapping[str, object]) -> Notebook:
    """Return the notebook to execute: an id of its own in each cell, and just these parameters
    injected.
    """
    import nbformat

    notebook = nbformat.from_dict(read_notebook(path))  # type: ignore[no-untyped-call]
    notebook.nbformat_minor = 5
    notebook.cells = [cell for cell in notebook.cells if not tagged(cell, INJECTED)]
    _give_ids(notebook)
    if parameters:  # not injected by papermill, which would turn a tuple or a set into a text
        lines = [f"{name} = {value!r}" for name, value in sorted(parameters.items())]
        injected = nbformat.v4.new_code_cell(  # type: ignore[no-untyped-call]
            "\n".join(["# Parameters", *lines]), id=INJECTED, metadata={"tags": [INJECTED]}
        )
        tags = [tagged(cell, PARAMETERS) for cell in notebook.cells]
        notebook.cells.insert(tags.index(True) + 1, injected)
    prepared: Notebook = notebook
    return prepared


def _give_ids(notebook: Notebook) -> None:
    """Give a new id to each cell that has none, none that is valid, or that of an earlier cell.

    It follows from the place of the cell, where nbformat would take a random one. Colab keeps ids
    in the metadata.
    """
    given = [str(cell.get("id") or cell["metadata"].get("id", "")) for cell in notebook["cells"]]
    taken = {INJECTED}
    for number, (cell, name) in enumerate(zip(notebook["cells"], given, strict=True), start=1):
        if name in taken or not ID.fullmatch(name):
            name = f"cell-{number}"
            while name in taken or name in given:
                name += "-again"
        cell["id"] = name
        taken.add(name)


def normalise(notebook: Notebook, machine_paths: Iterable[str] = ()) -> Notebook:
    """Return a copy of an executed notebook without what depends on the run or the machine.

    Raises
    ------
    PipelineError
        If an output names one of the `machine_paths`.
    """
    result = copy.deepcopy(notebook)
    for name in OF_A_TOOL:
        result["metadata"].pop(name, None)
    result["metadata"] |= {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}}
    for cell in result["cells"]:
        noise = NOISE if cell["metadata"].get("tags") else NOISE | {"tags"}
        cell["metadata"] = {
            key: value for key, value in cell["metadata"].items() if key not in noise
        }
    number_cells(result)
    places = [re.compile(rf"(?<![\w.]){re.escape(path)}(?![\w-])") for path in machine_paths]
    for number, cell in code_cells(result):
        for output in cell["outputs"]:
            output.get("data", {}).pop(WIDGET, None)
        _refuse_paths(cell, number, places)
    return result


def number_cells(notebook: Notebook) -> None:
    """Number the executed cells in their order, and join the streams that timing has cut."""
    cells = [cell for _, cell in code_cells(notebook)]
    executed = [cell for cell in cells if cell.get("execution_count") is not None]
    for count, cell in enumerate(executed, start=1):
        cell["execution_count"] = count
    for cell in cells:
        _join_streams(cell)


def content(notebook: Notebook) -> list[Any]:
    """Return what a notebook says and shows: its cells without metadata, but for their tags.

    Two notebooks with the same content differ only in what tools write into metadata.
    """
    kept = copy.deepcopy(notebook)
    number_cells(kept)
    return [
        (
            cell["cell_type"],
            cell["source"],
            cell["metadata"].get("tags", []),
            cell.get("execution_count"),
            cell.get("outputs"),
            cell.get("attachments"),
        )
        for cell in kept["cells"]
    ]


def _join_streams(cell: Cell) -> None:
    """Make one output of a stream that was cut, which is a matter of timing; number the result."""
    outputs: list[Output] = []
    for output in cell["outputs"]:
        if output["output_type"] == "execute_result":
            output["execution_count"] = cell["execution_count"]
        stream = output["output_type"] == "stream"
        if stream and outputs and outputs[-1].get("name") == output["name"]:
            outputs[-1]["text"] += output["text"]
        else:
            outputs.append(output)
    cell["outputs"] = outputs


def _refuse_paths(cell: Cell, number: int, places: list[re.Pattern[str]]) -> None:
    for line in "\n".join(output_texts(cell)).splitlines():
        if any(place.search(line) for place in places):
            raise PipelineError(
                f"code cell {number} ({first_line(cell['source'])}) shows a path of this"
                f" machine: {line.strip()[:200]}\n            show paths relative to the"
                " compendium"
            )


def find_warnings(notebook: Notebook) -> list[str]:
    """Return what is doubtful in an executed notebook, before or after `normalise`.

    Words on stderr, addresses of objects, widgets, and outputs that are very long.
    """
    warnings = []
    for number, cell in code_cells(notebook):
        texts = "\n".join(output_texts(cell))
        errors = "".join(
            output["text"] for output in cell["outputs"] if output.get("name") == "stderr"
        )
        size = len(json.dumps(cell["outputs"]))
        doubts = {
            f"wrote to stderr: {first_line(errors)}": bool(errors),
            "shows the address of an object, which differs from run to run": re.search(
                r" at 0x[0-9a-f]{6,}", texts
            ),
            "shows a widget, of which only the text is kept: it lives in a running kernel": any(
                WIDGET in output.get("data", {}) for output in cell["outputs"]
            ),
            f"shows {size / 1e6:.0f} MB, which few readers open: show a part of it, or write it"
            " into a file": size > LARGE,
        }
        warnings += [f"code cell {number} {doubt}" for doubt, found in doubts.items() if found]
    return warnings
