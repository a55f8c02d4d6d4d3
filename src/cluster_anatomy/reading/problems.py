"""What is wrong with a file of a stranger, one record per fault."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process, utils

from cluster_anatomy.tables.cells import UNSEEN

SHOWN = 80
"""Characters of a cell that a message shows."""
LONGEST_LINE = 1000
"""Characters of a message."""
LONGEST = 200
"""Characters of a word that is compared with others."""


@dataclass(frozen=True)
class Problem:
    """One fault, doubt or remark; `row` counts as a spreadsheet does, from 1.

    ``error``: the list cannot be run; ``warning``: it can, and this is how the cell was understood;
    ``note``: what was found by itself (encoding, delimiter, sheet, headings).
    """

    file: str
    wrong: str
    right: str = ""
    row: int | None = None
    column: str | None = None
    value: str | None = None
    severity: str = "error"
    stands_for: int = 1
    """Problems that the line speaks of."""

    def __str__(self) -> str:
        where = self.file
        where += f", row {self.row}" if self.row is not None else ""
        where += f", column '{self.column}'" if self.column else ""
        where += f", value '{as_shown(self.value)}'" if self.value else ""
        line = f"{where}: {self.wrong}" + (f"; {self.right}" if self.right else "")
        line = line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 3] + "..."
        return re.sub(rf"{UNSEEN.pattern}|[\t\n]", " ", line)  # nothing that steers a terminal


class UnreadableError(Exception):
    """A file of which nothing can be read; the message is one line."""


def as_shown(cell: str, most: int = SHOWN) -> str:
    """Return a cell as a message shows it: on one line, without control characters, cut."""
    head = cell[: 10 * most]
    line = " ".join("".join(char if char.isprintable() else " " for char in head).split())
    return line if len(line) <= most else line[: most - 3] + "..."


def closest(word: str, words: Iterable[str], limit: int = 1, cutoff: float = 60) -> list[str]:
    """Return the words most like a word, without case and signs, the best first.

    By rapidfuzz ``WRatio``, which also finds a word inside a longer one; by ``ratio`` if the word
    is shorter than four characters, which occur in too many. Nothing is like a very long word.
    """
    if len(word) > LONGEST:
        return []
    matches = process.extract(
        word,
        sorted(set(words)),
        scorer=fuzz.WRatio if len(word) > 3 else fuzz.ratio,
        processor=utils.default_process,
        limit=limit,
        score_cutoff=cutoff,
    )
    return [hit for hit, _, _ in matches]


def meant(word: str, words: Iterable[str], limit: int = 1, cutoff: float = 60) -> str:
    """Return ``did you mean 'x' or 'y'?``, or nothing if no word is near."""
    near = closest(word, words, limit, cutoff)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""
