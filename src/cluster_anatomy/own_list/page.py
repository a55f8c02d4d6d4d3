"""The front page of a run."""

import tomllib
from collections.abc import Mapping

import pandas as pd

from cluster_anatomy.compendium import paths, steps


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
        f"# {about['title']}",
        "",
        f"**{about['frame']['name']}.** {about['frame']['meaning']}",
        "",
    ]
    lines += [f"- {statement}" for statement in headlines]
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
            f"![{row.alt}](figures/{row.figure}.png)",
            "",
            f"**{row.title}.** {row.caption}",
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
