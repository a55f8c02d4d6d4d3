"""What a run puts into the Markdown cells of a notebook: numbers, neighbours, files."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from cluster_anatomy import tables
from cluster_anatomy.compendium import marks, paths, steps
from cluster_anatomy.compendium.notebooks import PLUMBING, Notebook, read_notebook, tagged
from cluster_anatomy.compendium.steps import PipelineError, Step
from cluster_anatomy.results import numbers
from cluster_anatomy.results.numbers import Shown
from cluster_anatomy.results.paragraphs import ParagraphError, checked

WORDS_A_MINUTE = 220
"""How fast prose is read; Brysbaert (2019, *Journal of Memory and Language*) found 238."""
OF_THE_RUN = re.compile(
    r"<!--list:step-->.*?<!--/list-->|<!--.*?-->|<details>.*?</details>", re.DOTALL
)
"""What a run writes into prose, or hides there: no part of what is read."""
SECONDS = {"picture": 25, "table": 20, "code line": 1.5}


def fill_notebook(notebook: Notebook, step: Step, variant: bool = False) -> Notebook:
    """Return an executed notebook with its prose filled from the register and checked.

    A notebook may quote the numbers that its step records and those of parts of the register that
    the step reads.

    Parameters
    ----------
    notebook : Notebook
        Executed.
    step : Step
        Its step; while the pipeline runs it, what it has just written is read.
    variant : bool
        Whether the run has other parameters than the study's own.

    Raises
    ------
    PipelineError
        If a paragraph quotes what there is not, or says more than the numbers.
    """
    results = register(step)
    for position, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "markdown":
            continue
        try:
            text = checked(cell["source"], results, variant)
        except ParagraphError as error:
            raise PipelineError(f"Markdown cell at position {position}: {error}") from None
        cell["source"] = marks.LIST.sub(lambda hit: _list(hit, step, notebook), text)
    return notebook


def falling(step: Step) -> list[str]:
    """Return the paragraphs of a notebook that the numbers do not bear, as text.

    For a notebook in Jupyter, whose prose nobody fills: it stands there with the committed numbers.

    Raises
    ------
    PipelineError
        In tests (`paths.strict`), if there is one.
    """
    results, variant = register(step), not paths.strict()
    paragraphs = []
    for cell in read_notebook(paths.root() / step.notebook)["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        try:
            text = checked(cell["source"], results, variant)
        except ParagraphError as error:
            raise PipelineError(str(error)) from None
        if marks.FALLEN.search(text):
            paragraphs.append(OF_THE_RUN.sub("", marks.FALLEN.sub("", text)).strip())
    return paragraphs


def _part(path: str) -> dict[str, Shown]:
    """Read one part of the register."""
    return numbers.lookup(tables.read(path))


def register(step: Step, read: Callable[[str], dict[str, Shown]] = _part) -> dict[str, Shown]:
    """Return the results that a step records or reads, by id; ``read`` reads a part of them."""
    root = paths.root()
    parts = {path for path in step.writes if path.startswith(f"{numbers.FOLDER}/")}
    for pattern in step.reads:
        if pattern.startswith(f"{numbers.FOLDER}/"):
            parts |= steps.existing(pattern, root)
    results: dict[str, Shown] = {}
    for part in sorted(parts):
        results |= read(part)
    return results


def _list(hit: re.Match[str], step: Step, notebook: Notebook) -> str:
    if hit[1] != "step":
        return hit[0]
    return (
        f"<!--list:step-->\n{step_list(step, steps.load_steps(paths.root()), notebook)}<!--/list-->"
    )


def step_list(step: Step, all_steps: Iterable[Step], notebook: Notebook) -> str:
    """Return the folded lines on a step: time to read it, files, parameters, neighbours."""
    names = sorted(other.name for other in all_steps)
    index = names.index(step.name)
    before = f"[← {names[index - 1]}]({names[index - 1]}.ipynb) · " if index else ""
    after = f" · [{names[index + 1]} →]({names[index + 1]}.ipynb)" if names[index + 1 :] else ""
    lines = [
        f"{before}{reading_minutes(notebook)} minutes to read{after}",
        "",
        f"<details><summary>Reads {len(step.reads)} tables or groups of tables, writes"
        f" {len(step.writes)} files</summary>",
        "",
        f"Reads {_files(step.reads)}.",
        "",
        f"Writes {_files(step.writes)}.",
        "",
        "</details>",
        "",
    ]
    return "\n".join(lines)


def _files(paths_: Iterable[str]) -> str:
    """Name files; the three of a figure once."""
    names = dict.fromkeys(re.sub(r"^(figures/\w+)\.(csv|pdf|png)$", r"\1", path) for path in paths_)
    return ", ".join(f"`{name}`" for name in names)


def reading_minutes(notebook: Notebook) -> int:
    """Estimate how long a notebook takes to read: words, pictures, tables, code not folded."""
    seconds = 0.0
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            shown = OF_THE_RUN.sub("", text)
            seconds += 60 * len(shown.split()) / WORDS_A_MINUTE
            continue
        if not tagged(cell, PLUMBING):
            seconds += SECONDS["code line"] * len(text.splitlines())
        for output in cell.get("outputs", []):
            kinds = output.get("data", {})
            seconds += SECONDS["picture"] * ("image/png" in kinds)
            seconds += SECONDS["table"] * ("text/html" in kinds)
    return max(1, round(seconds / 60))


def stale(base: Path) -> list[str]:
    """Say which notebooks hold a number that is not the register's, or a condition that fails."""
    problems, read = [], cache(_part)  # most steps read the same parts
    for step in steps.load_steps(base):
        results = register(step, read)
        for cell in read_notebook(base / step.notebook)["cells"]:
            if cell["cell_type"] == "markdown":
                try:
                    moved = checked(cell["source"], results) != cell["source"]
                except ParagraphError as error:
                    problems.append(f"{step.name}: {error}")
                    continue
                if moved:
                    line = marks.bare(cell["source"]).strip().splitlines()[0][:60]
                    problems.append(f"{step.name}: the numbers of '{line}' are not the register's")
    return problems
