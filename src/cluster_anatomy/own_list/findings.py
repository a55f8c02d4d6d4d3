"""What a check has found: one line for each kind, what matters most first, the rest in a table."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from cluster_anatomy.compendium import paths
from cluster_anatomy.own_list import accepted, lists
from cluster_anatomy.own_list.folders import display_name, work_area
from cluster_anatomy.reading.headings import columns
from cluster_anatomy.reading.problems import LONGEST_LINE, Problem, as_shown
from cluster_anatomy.tables.cells import guard

FILE = "check.csv"
EXAMPLES = 3
"""Cells that the line of a kind shows."""
FIRST = 3
"""Kinds that are said before the others."""
SEVERITIES = ("error", "warning", "note")
NO_ANALYSIS = "there is no such column, so there will be no"
LATE = ("was not used", "were not used", "was not taken", "more like these")
"""What is said of columns and rows that hardly matter."""
Kind = list[Problem]
"""Problems that differ only in their cells."""


def kinds(problems: Iterable[Problem]) -> list[Kind]:
    """Return the problems by kind, what matters most first.

    Errors come first; of warnings those that switch an analysis off, then those of the most cells,
    at last what was not used; then the notes.
    """
    groups: dict[tuple[object, ...], Kind] = {}
    for problem in problems:
        groups.setdefault(_kind(problem), []).append(problem)
    return sorted(groups.values(), key=_weight)


def _kind(problem: Problem) -> tuple[object, ...]:
    """Return what problems of one kind have in common: the plain words of what is said."""
    plain = re.sub(r"'[^']*'|\([^)]*\)", " ", problem.wrong)
    words = re.findall(r"(?<!\w)[a-z]+(?:_[a-z]+)*(?!\w)", plain)
    where = None if problem.row is None else problem.column
    own = {} if where else columns("firms")  # "was taken as place" and "as entry_year" are one kind
    return problem.severity, problem.file, where, *(word for word in words if word not in own)


def _weight(kind: Kind) -> tuple[int, int, int]:
    first = kind[0]
    late = any(words in first.wrong for words in LATE)
    urgency = 0 if first.wrong.startswith(NO_ANALYSIS) else 2 if late else 1
    return SEVERITIES.index(first.severity), urgency, -count(kind)


def count(problems: Iterable[Problem]) -> int:
    """Return how many problems there are, with those that were counted and not said."""
    return sum(problem.stands_for for problem in problems)


def lines(problems: Iterable[Problem]) -> list[str]:
    """Return one line for each kind; where there are many, the first of them apart."""
    found = kinds(problems)
    said = [_line(kind) for kind in found]
    urgent = [kind for kind in found if kind[0].severity != SEVERITIES[-1]]
    if len(urgent) <= FIRST:
        return said
    return ["What matters most:", *said[:FIRST], "", "Then:", *said[FIRST:]]


def _line(kind: Kind) -> str:
    """Return the line of a kind: its first problem in full, the cells of others, their number."""
    first, *others = kind
    line = f"{first.severity}: {first}"
    if others:
        shown = ", ".join(filter(None, map(_cell, others[: EXAMPLES - 1])))
        more = f" ({count(kind):,} like this{': also ' + shown if shown else ''})"
        most = LONGEST_LINE - len(more)
        line = (line if len(line) <= most else f"{line[: most - 3]}...") + more
    return line


def _cell(problem: Problem) -> str:
    """Return where a problem is and what the cell holds, as short as it can be said."""
    value = f"'{as_shown(problem.value, 40)}'" if problem.value else ""
    if problem.row is None:
        return f"'{as_shown(problem.column or '', 40)}'"
    return f"row {problem.row} {value}".strip()


def report(folder: Path, name: str, add: bool) -> tuple[list[str], int]:
    """Check a list; return what is to be shown and the number of errors.

    Parameters
    ----------
    folder : Path
        The list.
    name : str
        How the user calls it.
    add : bool
        Whether what is advised is added to its description first.
    """
    problems, said = lists.check(folder), []
    if add:
        added = accepted.write(folder, accepted.settings(problems))
        said = [f"added to {accepted.FILE}: {setting}" for setting in added]
        said = said or [f"nothing is advised that {accepted.FILE} does not say"]
        problems = lists.check(folder) if added else problems
    errors, warnings = (
        count(problem for problem in problems if problem.severity == severity)
        for severity in SEVERITIES[:2]
    )
    counted = f"{_number(errors, 'error')} and {_number(warnings, 'warning')}."
    verdict = "Mend the errors first." if errors else "It can be run."
    said += [
        *lines(problems),
        f"{display_name(folder)}: {counted} {verdict} {_table(folder, problems)}",
    ]
    if advised := accepted.settings(problems):
        named = "; ".join(map(str, advised))
        said.append(f"`check {name} --write` adds to {accepted.FILE} what is advised: {named}")
    return said, errors


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _table(folder: Path, problems: list[Problem]) -> str:
    """Write every problem into the work area of a list; say where."""
    try:
        file = work_area(folder) / FILE
        write(problems, file)
    except OSError as error:
        return f"The table of every line could not be written ({error.strerror})."
    return f"Every line: {display_name(file)}"


def write(problems: Iterable[Problem], path: Path) -> None:
    """Write every problem as a row of a CSV file that a spreadsheet may open."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["severity", "file", "row", "column", "value", "wrong", "right"])
    for problem in problems:
        row = "" if problem.row is None else str(problem.row)
        texts = (problem.column, problem.value, problem.wrong, problem.right)
        cells = [as_shown(text or "", LONGEST_LINE) for text in texts]
        writer.writerow([problem.severity, problem.file, row, *map(guard, cells)])
    paths.replace_text(path, buffer.getvalue())
