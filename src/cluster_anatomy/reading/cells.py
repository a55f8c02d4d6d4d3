"""The cells of one table on their way, and what is said of them."""

from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from cluster_anatomy.reading import headings
from cluster_anatomy.reading.problems import Problem


@dataclass
class Cells:
    """One table on its way: text by our column, rows by their number in the file."""

    table: str
    file: str
    frame: pd.DataFrame
    heads: dict[str, str] = field(default_factory=dict)  # our column -> the heading in the file
    problems: list[Problem] = field(default_factory=list)
    bare: Counter[str] = field(default_factory=Counter)  # our column -> addresses without http://

    def say(
        self,
        row: int | None,
        column: str | None,
        value: object,
        wrong: str,
        right: str = "",
        severity: str = "error",
    ) -> None:
        """Note a problem under the heading that the user knows."""
        head = None if column is None else self.heads.get(column, column)
        text = None if value is None or pd.isna(value) else str(value)
        self.problems.append(Problem(self.file, wrong, right, row, head, text, severity))

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
