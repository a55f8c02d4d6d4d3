"""The numbers of a notebook: values from its functions, words from the file beside it.

``notebooks/words/<notebook>.toml`` holds a table for each number, or for each family of numbers::

    headlines = ["difference_home"]        # ids that overview and report show

    [difference]                           # a family: one number for each row of a table
    id = "difference_{property}"           # filled from the row and the notebook's parameters
    says = "China minus USA, {label}: {value} ({low} to {high})."
    frame = "{frame_china} vs {frame_usa}"
    unit = "difference"                    # share, if not said

A number without words is an error, and so are words without a number.
"""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

import pandas as pd
from IPython.display import Markdown, display

from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.steps import load_steps
from cluster_anatomy.results import numbers
from cluster_anatomy.results.filling import falling
from cluster_anatomy.results.notebook import versions
from cluster_anatomy.tables.cells import escaped

FOLDER = "notebooks/words"
SHOWN = {"value", "low", "high", "bound_low", "bound_high", "count", "n", "unknown"}
"""Fields of a number itself: they are shown in its unit, not filled in as they stand."""
FIELD = re.compile(r"\{([a-z][a-z0-9_]*)\}")
NO_ID = re.compile(r"[^a-z0-9_]+")
"""What an id may not hold, such as the hyphen in the name of a region that fills it."""
KEYS = {"id", "says", "frame", "unit", "decimals", "convention"}
Estimate = float | None | Mapping[str, float | None]
"""A bare number, or one with its interval, bounds and counts."""


class WordsError(ValueError):
    """Numbers and words of a notebook do not fit together."""


class Numbers:
    """What a notebook found, number by number, each with the sentence that its file of words has.

    Parameters
    ----------
    notebook : str
        Name of the step, such as ``06_china_usa``.
    **parameters
        Parameters of the notebook that its words name.

    Raises
    ------
    WordsError
        If the file of words has a table with unknown keys or without a sentence.
    """

    def __init__(self, notebook: str, **parameters: object):
        self.notebook, self.parameters = notebook, parameters
        self.rows: dict[str, numbers.Result] = {}
        self.unused: set[str]
        path = f"{FOLDER}/{notebook}.toml"
        self.words = tomllib.loads(paths.source(path).read_text(encoding="utf-8"))
        self.headlines = list(self.words.pop("headlines", []))
        for name, entry in self.words.items():
            if wrong := sorted(set(entry) - KEYS):
                raise WordsError(f"{path}, [{name}]: unknown key '{wrong[0]}'")
            if missing := [key for key in ("says", "frame") if key not in entry]:
                raise WordsError(f"{path}, [{name}]: '{missing[0]}' is missing")
        self.unused = set(self.words)

    def add(self, estimates: Mapping[str, Estimate] | None = None, /, **more: Estimate) -> None:
        """Take numbers by id, such as ``numbers.add(rows_read=len(rows))``.

        Parameters
        ----------
        estimates, more
            Id -> a bare number, or what `methods.shares.share` and its like return. Fields that are
            no part of an estimate may be named by the words.

        Raises
        ------
        WordsError
            If there are no words for a number, or it comes twice.
        """
        for name, estimate in {**(estimates or {}), **more}.items():
            row = dict(estimate) if isinstance(estimate, Mapping) else {}
            self._add(name, estimate, row)

    def add_rows(self, family: str, table: pd.DataFrame) -> None:
        """Take one number for each row of a table; the words of the family name its columns."""
        for row in table.to_dict("records"):
            fields = {str(key): value for key, value in row.items()}
            self._add(family, fields, fields)

    def write(self) -> "Recorded":
        """Write the register of the notebook and return what it holds, to be shown.

        Raises
        ------
        WordsError
            If there are words without a number, or a headline that is none.
        """
        if self.unused:
            listed = ", ".join(sorted(self.unused))
            raise WordsError(f"{self.notebook}: there are words for {listed}, but no number")
        if lost := [name for name in self.headlines if name not in self.rows]:
            raise WordsError(f"{self.notebook}: the headline {lost[0]} is no number of it")
        recorded = Recorded(numbers.record(self.rows.values(), self.notebook))
        if paths.in_jupyter():
            _say_what_falls(self.notebook)
        return recorded

    def _add(self, key: str, estimate: Estimate, row: Mapping[str, object]) -> None:
        if key not in self.words:
            raise WordsError(f"{self.notebook}: there are no words for '{key}'")
        entry: dict[str, Any] = {
            field: self._filled(text, key, row) if isinstance(text, str) else text
            for field, text in self.words[key].items()
        }
        name = NO_ID.sub("_", entry.pop("id", key).lower()).strip("_")
        if name in self.rows:
            raise WordsError(f"{self.notebook}: number '{name}' comes twice")
        sentence = entry.pop("says")
        self.rows[name] = numbers.result(
            name, estimate, sentence, headline=name in self.headlines, **entry
        )
        self.unused.discard(key)

    def _filled(self, text: str, key: str, row: Mapping[str, object]) -> str:
        """Return words with parameters and columns filled in; fields of the number itself stay."""

        def fill(hit: re.Match[str]) -> str:
            name = hit[1]
            if name in SHOWN:
                return hit[0]
            if name not in row and name not in self.parameters:
                raise WordsError(f"{self.notebook}, [{key}]: nothing is known of {{{name}}}")
            return str(row.get(name, self.parameters.get(name)))

        return FIELD.sub(fill, text)


def _say_what_falls(notebook: str) -> None:
    """Show which paragraphs of a notebook in Jupyter the numbers of this session do not bear."""
    step = next(step for step in load_steps() if step.name == notebook)
    if paragraphs := falling(step):
        lines = [f"- {' '.join(text.split())}" for text in paragraphs]
        head = "**These paragraphs fall** (at least in part), with the numbers of this session:"
        display(Markdown("\n".join([head, "", *lines])))  # type: ignore[no-untyped-call]


class Recorded:
    """The numbers that a notebook recorded, shown as a folded list with versions."""

    def __init__(self, part: pd.DataFrame):
        self.part = part

    def __repr__(self) -> str:
        return f"{len(self.part)} numbers recorded"

    def _repr_markdown_(self) -> str:
        lines = [f"- `{row.id}`: {escaped(row.statement)}" for row in self.part.itertuples()]
        head = f"<details><summary>{len(lines)} numbers recorded, and versions</summary>"
        return "\n".join([head, "", *lines, "", versions(), "", "</details>"])
