"""What every notebook of the study uses: paragraphs filled from the register, and versions."""

import os
from collections.abc import Iterable
from importlib.metadata import version

import pandas as pd
from IPython.display import Markdown

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.results import numbers, prose
from cluster_anatomy.tables import cells

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


def _markdown(text: str) -> Markdown:
    return Markdown(text)  # type: ignore[no-untyped-call]


def say(text: str, register: pd.DataFrame, holds: bool | Iterable[bool] = True) -> Markdown:
    """Show a paragraph in a notebook, its numbers filled in from the register.

    Parameters
    ----------
    text : str
        Markdown with ``{id}`` fields.
    register : DataFrame
        The results.
    holds : bool or iterable of bool
        What the words of the paragraph ("most", "more than", "rare") claim about the numbers. If it
        is not true, the paragraph is wrong.

    Raises
    ------
    AssertionError
        If the paragraph claims what the numbers do not say. A run with other parameters than the
        study's own goes on and marks the paragraph as fallen: that is what such a run is for.
    """
    claims = [holds] if isinstance(holds, bool) else list(holds)
    rendered = prose.render(text, register)
    if all(bool(claim) for claim in claims):
        return _markdown(rendered)
    if os.environ.get(paths.VARIANT_VARIABLE):
        return _markdown(
            f"**Falls under the parameters of this run** (at least in part): {rendered}"
        )
    raise AssertionError(f"The text says more than the numbers: {rendered!r}")


def must(holds: bool, words: str) -> Markdown:
    """Stop the study if something is not as it must be; with other parameters only say so."""
    if not holds and not os.environ.get(paths.VARIANT_VARIABLE):
        raise AssertionError(f"This must hold: {words}")
    return _markdown(
        ("Holds: " if holds else "**Does not hold under the parameters of this run:** ") + words
    )


def recorded(notebook: str) -> Markdown:
    """List the results that a notebook has just recorded, each with its name in the register."""
    part = tables.read(f"{numbers.FOLDER}/{notebook}.csv")
    return _markdown(
        "\n".join(f"- `{row.id}`: {cells.escaped(row.statement)}" for row in part.itertuples())
    )


def versions() -> str:
    """Return the versions of the packages that the numbers depend on, in one line."""
    return " · ".join(f"{package} {version(package)}" for package in PACKAGES)
