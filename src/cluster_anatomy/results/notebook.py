"""What notebooks of the study use: checks of what their words rest on, headlines, versions."""

from collections.abc import Mapping
from importlib.metadata import version

from IPython.display import Markdown, display

from cluster_anatomy.compendium import marks, paths
from cluster_anatomy.results.numbers import Shown
from cluster_anatomy.results.paragraphs import ParagraphError, checked, plain

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
    """Stop the study if something is not as it must be; where it is not strict, only say so.

    Returns
    -------
    Markdown or None
        The words, for a cell to show that ends with them. What does not hold is shown at once,
        wherever in a cell it stands.
    """
    if not holds and paths.strict():
        raise AssertionError(f"This must hold: {words}")
    head = "Holds: " if holds else "**Does not hold under the parameters of this run:** "
    said = Markdown(head + words)  # type: ignore[no-untyped-call]
    if holds:
        return said
    display(said)  # type: ignore[no-untyped-call]
    return None


def headed(
    words: Mapping[str, Mapping[str, str]], register: Mapping[str, Shown]
) -> dict[str, dict[str, str]]:
    """Return the words of figures with headlines filled from the register and checked like prose.

    Parameters
    ----------
    words : mapping
        Figure -> ``title``, ``caption``, ``alt``, ``headline`` (with ``{id}`` or ``{id.field}``)
        and ``holds`` (its conditions), from `figures.words`.
    register : mapping
        Results by id.

    Returns
    -------
    dict
        Figure -> ``title``, ``headline``, ``caption``, ``alt``. The alternative text begins with
        the headline. In a run with other parameters the title stands for a headline that does not
        hold, and says so.

    Raises
    ------
    ParagraphError
        If a headline or its condition names what there is not, has no condition, or says more than
        the numbers of the study.
    """
    return {name: _headed(name, parts, register) for name, parts in words.items()}


def _headed(figure: str, parts: Mapping[str, str], register: Mapping[str, Shown]) -> dict[str, str]:
    title, headline, caption, alt = (
        parts[part] for part in ("title", "headline", "caption", "alt")
    )
    if not parts["holds"]:
        raise ParagraphError(f"the headline of figure '{figure}' has no condition")
    words = f"{headline}<!--holds: {parts['holds']}-->"
    if marks.FALLEN.search(checked(words, register, variant=not paths.strict())):
        headline = f"{title} (the study's headline falls under the parameters of this run)"
    else:
        headline = plain(headline, register)
        alt = f"{headline}. {alt}"
    return {"title": title, "headline": headline, "caption": caption, "alt": alt}


def versions() -> str:
    """Return the versions of the packages that the numbers depend on, in one line."""
    return " · ".join(f"{package} {version(package)}" for package in PACKAGES)
