"""The cells of one table on their way, and what is said of them."""

from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from cluster_anatomy.reading import headings
from cluster_anatomy.reading.problems import Problem

MOST_SAID = 200
"""Problems of one kind that are said one by one; the others are counted."""
Kind = tuple[str, str | None]
"""Severity, and the heading that a problem is about."""


@dataclass
class Cells:
    """One table on its way: text by our column, rows by their number in the file."""

    table: str
    file: str
    frame: pd.DataFrame
    heads: dict[str, str] = field(default_factory=dict)  # our column -> the heading in the file
    problems: list[Problem] = field(default_factory=list)
    bare: Counter[str] = field(default_factory=Counter)  # our column -> addresses without http://
    said: Counter[Kind] = field(default_factory=Counter)

    def say(
        self,
        row: int | None,
        column: str | None,
        value: object,
        wrong: str,
        right: str = "",
        severity: str = "error",
    ) -> None:
        """Note a problem under the heading that the user knows, unless enough of its kind are."""
        head = None if column is None else self.heads.get(column, column)
        self.said[severity, head] += 1
        if self.said[severity, head] > MOST_SAID:
            return
        text = None if value is None or pd.isna(value) else str(value)
        self.problems.append(Problem(self.file, wrong, right, row, head, text, severity))

    def enough(self, column: str) -> bool:
        """Whether no more errors of a column are said, so that nobody need look for a remedy."""
        return self.said["error", self.heads.get(column, column)] >= MOST_SAID

    def forget(self, head: str) -> None:
        """Take back what was said of a heading."""
        self.problems = [problem for problem in self.problems if problem.column != head]
        for kind in [kind for kind in self.said if kind[1] == head]:
            del self.said[kind]

    def all_said(self) -> list[Problem]:
        """Return the problems in the order of rows, then how many more there are of each kind."""
        more = [
            Problem(
                self.file,
                f"{count - MOST_SAID:,} more like these",
                column=head,
                severity=severity,
                stands_for=count - MOST_SAID,
            )
            for (severity, head), count in self.said.items()
            if count > MOST_SAID
        ]
        return sorted(self.problems, key=lambda problem: problem.row or 0) + more

    def warn(
        self, row: int | None, column: str | None, value: object, wrong: str, right: str = ""
    ) -> None:
        """Note a doubt: how something was understood."""
        self.say(row, column, value, wrong, right, "warning")

    def note(self, row: int | None, column: str | None, wrong: str) -> None:
        """Note what was found by itself."""
        self.say(row, column, None, wrong, severity="note")


def empty(table: str, file: str) -> Cells:
    """Return a table without rows."""
    return Cells(table, file, pd.DataFrame(columns=list(headings.columns(table)), dtype=object))
