"""The rows of a file as text, and how many headings that are known they hold."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cluster_anatomy.reading.problems import Problem

HEADER_WITHIN = 30
"""Rows in which a header is looked for."""
Rows = list[tuple[int, list[str]]]
"""Rows, each with its number as a spreadsheet counts them."""
Score = Callable[[list[str]], int]
"""Number of cells of a row that are known headings."""


@dataclass
class Sheet:
    """The rows of one file, with their numbers in the spreadsheet, and remarks on them."""

    file: str
    rows: Rows
    problems: list[Problem] = field(default_factory=list)


def best_score(rows: Rows, score: Score) -> int:
    """Return the most known headings that one of the first rows holds."""
    filled = (row for _, row in rows if any(cell.strip() for cell in row))
    return max(
        (score(row) for row, _ in zip(filled, range(HEADER_WITHIN), strict=False)), default=0
    )
