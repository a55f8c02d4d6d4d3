"""The rows of a file as text, and how many headings that are known they hold."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from cluster_anatomy.reading.problems import Problem, UnreadableError

HEADER_WITHIN = 30
"""Rows in which a header is looked for."""
WIDEST, LONGEST, MOST_CELLS = 2**14, 2**20, 5_000_000
"""Columns, rows and cells that a table may have; the first two are those of a spreadsheet."""
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
    workbook: bool = False
    """Whether cells may stand beside the table."""


def best_score(rows: Rows, score: Score) -> int:
    """Return the most known headings that one of the first rows holds."""
    filled = (row for _, row in rows if any(cell.strip() for cell in row))
    return max(
        (score(row) for row, _ in zip(filled, range(HEADER_WITHIN), strict=False)), default=0
    )


def within_limits(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield rows as long as the table is no larger than one may be.

    Raises
    ------
    UnreadableError
        At the first row that is too wide, or one too many.
    """
    cells = 0
    for number, row in enumerate(rows, 1):
        cells += len(row)
        if len(row) > WIDEST or number > LONGEST or cells > MOST_CELLS:
            raise UnreadableError(
                f"is too large at row {number:,}, which has {len(row):,} cells; at most"
                f" {WIDEST:,} columns, {LONGEST:,} rows and {MOST_CELLS:,} cells are read: keep"
                " those of the list, or use `register`"
            )
        yield row
