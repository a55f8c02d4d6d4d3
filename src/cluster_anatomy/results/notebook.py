"""What every notebook of the study uses: checks of what its words rest on, and versions."""

import os
from importlib.metadata import version

from IPython.display import Markdown, display

from cluster_anatomy.compendium import paths

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


def must(holds: bool, words: str) -> Markdown | None:
    """Stop the study if something is not as it must be; with other parameters only say so.

    Returns
    -------
    Markdown or None
        The words, for a cell to show that ends with them. What does not hold is shown at once,
        wherever in a cell it stands.
    """
    if not holds and not os.environ.get(paths.VARIANT_VARIABLE):
        raise AssertionError(f"This must hold: {words}")
    head = "Holds: " if holds else "**Does not hold under the parameters of this run:** "
    said = Markdown(head + words)  # type: ignore[no-untyped-call]
    if holds:
        return said
    display(said)  # type: ignore[no-untyped-call]
    return None


def versions() -> str:
    """Return the versions of the packages that the numbers depend on, in one line."""
    return " · ".join(f"{package} {version(package)}" for package in PACKAGES)
