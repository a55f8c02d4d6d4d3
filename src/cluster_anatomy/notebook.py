"""What every notebook of the study uses: paragraphs filled from the register, and versions."""

from collections.abc import Iterable
from importlib.metadata import version

import pandas as pd
from IPython.display import Markdown

from cluster_anatomy import results, tables

PACKAGES = [
    "pandas",
    "numpy",
    "scipy",
    "statsmodels",
    "networkx",
    "rapidfuzz",
    "pypinyin",
    "matplotlib",
    "seaborn",
]


def say(text: str, register: pd.DataFrame, holds: bool | Iterable[bool] = True):
    """Show a paragraph in a notebook, its numbers filled in from the register.

    Parameters
    ----------
    text : str
        Markdown with ``{id}`` fields.
    register : DataFrame
        The results.
    holds : bool or iterable of bool
        What the words of the paragraph ("most", "more than", "rare") claim about the numbers. If it is not
        true, the paragraph is wrong.

    Raises
    ------
    AssertionError
        If the paragraph claims what the numbers do not say.
    """
    claims = [holds] if isinstance(holds, bool) else list(holds)
    rendered = results.render(text, register)
    if not all(bool(claim) for claim in claims):
        raise AssertionError(f"The text says more than the numbers: {rendered!r}")
    return Markdown(rendered)


def recorded(notebook: str) -> Markdown:
    """List the results that a notebook has just recorded, each with its name in the register."""
    part = tables.read(f"{results.FOLDER}/{notebook}.csv")
    return Markdown("\n".join(f"- `{row.id}`: {row.statement}" for row in part.itertuples()))


def versions() -> str:
    """Return the versions of the packages that the numbers depend on, in one line."""
    return " · ".join(f"{package} {version(package)}" for package in PACKAGES)
