"""What a run on a list shows: its front page, and notebooks in which no text of the list acts."""

import re
import tomllib
from collections.abc import Mapping

import pandas as pd

from cluster_anatomy.compendium import paths, steps
from cluster_anatomy.compendium.notebooks import Notebook, code_cells
from cluster_anatomy.compendium.steps import Step
from cluster_anatomy.results.filling import fill_notebook
from cluster_anatomy.tables.cells import escaped


def filled(notebook: Notebook, step: Step, variant: bool = False) -> Notebook:
    """Return an executed notebook of a list, filled (`filling.fill_notebook`) and inert.

    What a list says of itself, and what was noticed in it, is shown as Markdown. In such outputs a
    tag becomes text and a link loses its address; pictures and tables are escaped where they are
    made.
    """
    for _, cell in code_cells(notebook):
        for output in cell["outputs"]:
            shown = output.get("data", {})
            if "text/markdown" in shown:
                shown["text/markdown"] = inert("".join(shown["text/markdown"]))
    return fill_notebook(notebook, step, variant)


def inert(markdown: str) -> str:
    """Return Markdown without tags (but those that fold) and links; all else stays as it is."""
    text = re.sub(r"<(?=[A-Za-z/!?])(?!/?(?:details|summary)>)", "&lt;", markdown)
    text = re.sub(r"\](?=\()", r"]\\", text)
    return re.sub(r"(?m)^([\s>*+-]*\[[^\]\n]*\])(?=:)", r"\1\\", text)


def index(
    about: Mapping, made: pd.DataFrame, captions: pd.DataFrame, register: pd.DataFrame
) -> str:
    """Return the front page of the results: what was made, where it is, and what is missing.

    Parameters
    ----------
    about, made : mapping, DataFrame
        From `analyses.description` and `analyses.analyses`.
    captions, register : DataFrame
        ``figures/captions.csv`` and the results of all notebooks.

    Returns
    -------
    str
        Markdown.
    """
    headlines = register[register["headline"] == "yes"].sort_values(["notebook", "id"])["statement"]
    lines = [
        f"# {escaped(about['title'])}",
        "",
        f"**{escaped(about['frame']['name'])}.** {escaped(about['frame']['meaning'])}",
        "",
    ]
    lines += [f"- {escaped(statement)}" for statement in headlines]
    lines += [
        "",
        "Notebooks: " + " · ".join(f"[{step}](notebooks/{step}.ipynb)" for step in _steps_named()),
    ]
    lines += [
        "",
        "Tables: `data/processed/`; the list as it was understood: `data/raw/own_list/`.",
        "",
        "## Figures",
        "",
    ]
    for row in captions.itertuples():
        lines += [
            f"![{escaped(row.alt)}](figures/{row.figure}.png)",
            "",
            f"**{escaped(row.title)}.** {escaped(row.caption)}",
            "",
        ]
    lines += ["## What could be computed, and what is missing", "", status_table(made), ""]
    return "\n".join(lines)


def _steps_named() -> list[str]:
    text = paths.source(steps.STEPS_FILE).read_text(encoding="utf-8")
    return [step["name"] for step in tomllib.loads(text)["step"]]


def status_table(made: pd.DataFrame) -> str:
    """Return the table of analyses as Markdown."""
    lines = ["| analysis | needs | status | what to add |", "|---|---|---|---|"]
    for row in made.itertuples():
        status = row.status
        if status != "missing":
            status += f" ({row.have} of {row.of} {row.unit})"
        add = "" if pd.isna(row.add) else row.add
        lines.append(f"| {row.what} | {row.needs} | {status} | {add} |")
    return "\n".join(lines)
