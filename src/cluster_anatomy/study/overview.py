"""Step 00: the study in one page."""

from collections.abc import Iterable

import pandas as pd

from cluster_anatomy.compendium.steps import Step
from cluster_anatomy.results.exhibits import markdown_table
from cluster_anatomy.tables.cells import escaped

SHOWN_FILES = 3


def step_table(steps: Iterable[Step]) -> str:
    """Write the steps in the order of reading: title, tables read, first files written."""
    rows = []
    for step in sorted(steps, key=lambda step: step.name):
        written = ", ".join(f"`{path}`" for path in step.writes[:SHOWN_FILES])
        more = " …" if len(step.writes) > SHOWN_FILES else ""
        link = f"[{step.name}]({step.name}.ipynb): {step.title}"
        rows.append([link, len(step.reads), written + more])
    return markdown_table(["step", "tables read", "first files written"], rows)


def headline_list(register: pd.DataFrame) -> str:
    """Write the headline results as a list in Markdown, each with its whole statement.

    Parameters
    ----------
    register : DataFrame
        ``headline`` (``yes`` or ``no``), ``statement``, ``frame`` and ``notebook``.
    """
    headlines = register[register["headline"] == "yes"]
    return "\n".join(
        f"- {escaped(row.statement)} Frame: `{row.frame}`; [{row.notebook}]({row.notebook}.ipynb)."
        for row in headlines.itertuples()
    )
