"""A file under our columns: which row holds the headings, and which heading is which column."""

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
from openpyxl.utils import get_column_letter

from cluster_anatomy.reading import headings, sources
from cluster_anatomy.reading.headings import fold
from cluster_anatomy.reading.problems import Problem, closest, meant
from cluster_anatomy.reading.sheets import HEADER_WITHIN, UnreadableError, read_sheet
from cluster_anatomy.reading.sources import NEEDED, Source
from cluster_anatomy.reading.values import DOMAIN, clean, is_missing, word
from cluster_anatomy.tables.cells import LARGEST

EXAMPLE = "# example"
"""A row whose first filled cell begins so is an example of the template and is left out."""
SWITCHED_ON = {"place": "clusters", "entry_year": "entry over time"}
"""What a list of firms without a column does not give."""


@dataclass
class Cells:
    """One table on its way: text by our column, rows by their number in the file."""

    table: str
    file: str
    frame: pd.DataFrame
    heads: dict[str, str] = field(default_factory=dict)  # our column -> the heading in the file
    problems: list[Problem] = field(default_factory=list)
    bare: Counter[str] = field(
        default_factory=Counter
    )  # our column -> addresses without http(s)://

    def say(
        self,
        row: int | None,
        column: str | None,
        value,
        wrong: str,
        right: str = "",
        severity="error",
    ):
        """Note a problem under the heading that the user knows."""
        head = None if column is None else self.heads.get(column, column)
        text = None if value is None or pd.isna(value) else str(value)
        self.problems.append(Problem(self.file, wrong, right, row, head, text, severity))

    def warn(self, row: int | None, column: str | None, value, wrong: str, right: str = ""):
        """Note a doubt: how something was understood."""
        self.say(row, column, value, wrong, right, "warning")

    def note(self, row: int | None, column: str | None, wrong: str):
        """Note what was found by itself."""
        self.say(row, column, None, wrong, severity="note")


def empty(table: str, file: str) -> Cells:
    """Return a table without rows."""
    return Cells(table, file, pd.DataFrame(columns=list(headings.columns(table)), dtype=object))


def read_cells(
    folder: Path, table: str, source: Source, country: str, problems: list[Problem]
) -> tuple[Cells, Cells | None]:
    """Read the file of a table and put its cells under our columns.

    Parameters
    ----------
    folder : Path
        The folder of the list.
    table : str
        ``firms``, ``evidence``, ``ties`` or ``places``.
    source : Source
        Which file the table comes from and how it is laid out.
    country : str
        Country of the list, for its likely encodings.
    problems : list of Problem
        Gets what is wrong with the description.

    Returns
    -------
    cells : Cells
        Empty if there is no such file or nothing of it can be read.
    evidence : Cells or None
        Columns of evidence that stand in the file of firms.
    """
    path, missing = sources.data_file(folder, table, source)
    if missing:
        problems.append(missing)
    if path is None:
        return empty(table, source.file), None
    cells, known = empty(table, path.name), _known_headings(table, source)

    def score(row: list[str]) -> int:
        return sum(bool(_wishes(cell, known)) for cell in row)

    try:
        sheet = read_sheet(path, score, source, country)
    except UnreadableError as error:
        cells.say(None, None, None, str(error))
        return cells, None
    cells.problems += sheet.problems
    rows = [(number, row) for number, row in sheet.rows if any(map(clean, row))]
    at, heads = _header(cells, rows, source, score)
    if at is None:
        return cells, None
    letters = {get_column_letter(place): head for place, head in enumerate(heads, 1) if head}
    cells.problems = [
        replace(problem, column=letters.get(problem.column, problem.column))
        for problem in cells.problems
    ]
    where = _positions(cells, heads, source, known)
    evidence = _evidence_inside(cells, heads, where) if table == "firms" else {}
    _say_unused(cells, heads, {**where, **evidence})
    body = _body(cells, [entry for entry in rows if entry[0] > at], heads)
    _drop_misnamed(cells, heads, where, source, body)
    cells.heads = {label: heads[place] for label, place in where.items()}
    cells.frame = _frame(table, body, where)
    for place in range(len(heads)):
        if not heads[place] and any(clean(row[place]) for _, row in body if place < len(row)):
            cells.warn(
                at,
                None,
                None,
                f"column {place + 1} has cells but no heading; it was not used",
                "name it",
            )
    if table == "firms" and not body:
        cells.say(
            None, None, None, "holds no firm yet", "write one firm per row below the headings"
        )
    if not evidence:
        return cells, None
    evidence["name"] = where.get("name", -1)
    inside = Cells("evidence", path.name, _frame("evidence", body, evidence))
    inside.heads = {label: heads[place] for label, place in evidence.items()}
    filled = inside.frame.drop(columns="name").map(clean).ne("").any(axis=1)
    inside.frame = inside.frame[filled]
    return cells, inside


def _frame(table: str, body: list[tuple[int, list[str]]], where: dict[str, int]) -> pd.DataFrame:
    """Return the cells of the rows under our columns; a column that the file does not have is
    blank.
    """
    records = [
        {label: row[place] if place < len(row) else "" for label, place in where.items()}
        for _, row in body
    ]
    labels = list(headings.columns(table))
    return pd.DataFrame(records, [number for number, _ in body], labels, dtype=object).fillna("")


def _body(
    cells: Cells, rows: list[tuple[int, list[str]]], heads: list[str]
) -> list[tuple[int, list[str]]]:
    """Return the rows of data; say what is wrong with their shape."""
    body = []
    for number, row in rows:
        texts = [clean(cell) for cell in row]
        if next(filter(None, texts)).casefold().startswith(EXAMPLE):
            continue
        if texts[: len(heads)] == heads:
            cells.note(number, None, "the headings again; the row was left out")
            continue
        for extra in filter(None, texts[len(heads) :]):
            right = "put cells that hold the delimiter into double quotes, or name the column"
            cells.say(number, None, extra, "a cell beyond the last heading", right)
            break
        for head, cell in zip(heads, row, strict=False):
            if "\ufffd" in cell:
                cells.say(
                    number,
                    head,
                    cell,
                    "holds the sign of a character that was lost",
                    "write it again",
                )
            if len(cell) > LARGEST:
                right = f"at most {LARGEST} fit into a cell"
                cells.say(number, head, cell, f"has {len(cell)} characters", right)
        body.append((number, row))
    return body


# --- Headings


def _known_headings(table: str, source: Source) -> dict[str, list[str]]:
    """Return folded heading -> our columns that it may stand for, the likeliest first."""
    known: dict[str, list[str]] = {}
    for column, words in source.columns.items():
        for heading in words:
            known.setdefault(fold(heading), []).append(column)
    for column in headings.columns(table):
        for heading in _words(table, column):
            known.setdefault(fold(heading), []).append(column)
    return {heading: list(dict.fromkeys(found)) for heading, found in known.items()}


def _words(table: str, column: str) -> list[str]:
    return [column, *headings.headings()[table].get(column, ())]


def _wishes(cell: str, known: dict[str, list[str]]) -> list[str]:
    """Return the columns that a heading may stand for, with or without what it says in brackets."""
    text = clean(cell)
    return known.get(fold(text)) or known.get(fold(re.sub(r"[(（\[].*?[)）\]]", "", text))) or []


def _header(cells: Cells, rows: list, source: Source, score) -> tuple[int | None, list[str]]:
    """Return the number of the header row and its cells; None if there is none, which is said."""
    if not rows:
        cells.say(None, None, None, "holds no cell; its first row must name the columns")
        return None, []
    chosen = max(rows[:HEADER_WITHIN], key=lambda entry: score(entry[1]))
    if source.header_row is not None:
        chosen = next((entry for entry in rows if entry[0] == source.header_row), None)
        if chosen is None:
            wrong = "is blank, though description.toml names it as `header_row`"
            cells.say(source.header_row, None, None, wrong, "give the row of the headings")
            return None, []
    elif not score(chosen[1]):
        first = list(filter(None, map(clean, rows[0][1])))
        needed = next(column for column in NEEDED if column in headings.columns(cells.table))
        wrong = (
            f"no heading is known in the first {HEADER_WITHIN} rows, so the column '{needed}' is"
            " not found"
        )
        right = (
            f"{_advice(first, cells.table, needed)}; if the file has no headings, put a row of them"
            " on top"
        )
        cells.say(rows[0][0], None, " | ".join(first), wrong, right)
        return None, []
    elif chosen[0] != rows[0][0]:
        cells.note(chosen[0], None, "holds the headings; the rows above it were left out")
    heads = list(map(clean, chosen[1]))
    while heads and not heads[-1]:
        heads.pop()
    return chosen[0], heads


def _advice(heads: list[str], table: str, column: str) -> str:
    """Return how to name a column that was not found, with the headings that are most like it."""
    near = [head for head in heads if closest(head, _words(table, column), cutoff=75)]
    start = f"did you mean {' or '.join(map(repr, near[:2]))}? " if near else ""
    example = (near or heads or ["your heading"])[0]
    return f'{start}write under [{table}.columns] in description.toml: {column} = "{example}"'


def _positions(
    cells: Cells, heads: list[str], source: Source, known: dict[str, list[str]]
) -> dict[str, int]:
    """Return our column -> position in the file: what the description says, then what is
    understood.
    """
    found = {}
    for column, words in source.columns.items():
        same = [
            (word, place)
            for word in words
            for place, head in enumerate(heads)
            if fold(head) == fold(word)
        ]
        same = [(word, place) for word, place in same if heads[place] == clean(word)] or same
        if same:
            found[column] = same[0][1]
        if sum(word == same[0][0] for word, _ in same) > 1:
            cells.say(
                None,
                same[0][0],
                None,
                f"several columns have this heading of {column}",
                "rename the others",
            )
        elif not same and len(words) == 1:
            wrong = f"no column has this heading, which description.toml names as {column}"
            there = list(filter(None, heads))
            cells.say(
                None,
                words[0],
                None,
                wrong,
                meant(words[0], there) or f"there are: {', '.join(there)}",
            )
    said = set(source.columns)
    wishes = {
        place: _wishes(head, known)
        for place, head in enumerate(heads)
        if place not in found.values()
    }
    order = sorted(
        (place for place in wishes if wishes[place]),
        key=lambda place: (heads[place] not in wishes[place], len(wishes[place]), place),
    )
    for place in order:
        column = next(
            (wish for wish in wishes[place] if wish not in found and wish not in said), None
        )
        if column is not None:
            found[column] = place
            if heads[place] != column:
                cells.note(None, heads[place], f"was taken as {column}")
            continue
        wish = wishes[place][0]
        rival = heads[found[wish]] if wish in found else None
        if rival is None or wish in said or rival == wish != heads[place]:
            cells.warn(None, heads[place], None, f"was not used: '{rival}' is the column of {wish}")
        elif rival == heads[place]:
            cells.say(
                None,
                heads[place],
                None,
                "two columns have this heading",
                "rename one or take it out",
            )
        else:
            right = (
                f'say which under [{cells.table}.columns] in description.toml: {wish} = "{rival}"'
            )
            cells.say(
                None,
                heads[place],
                None,
                f"this and '{rival}' both seem to be the column of {wish}",
                right,
            )
    left = [head for place, head in enumerate(heads) if head and place not in found.values()]
    for column in NEEDED:
        if column in headings.columns(cells.table) and column not in found:
            cells.say(
                None,
                column,
                None,
                "the column is missing",
                _advice(left or heads, cells.table, column),
            )
    for column, what in SWITCHED_ON.items() if cells.table == "firms" else ():
        if column not in found and not (column == "entry_year" and "entry_year_low" in found):
            near = any(closest(head, _words(cells.table, column), cutoff=75) for head in left)
            right = _advice(left, cells.table, column) if near else ""
            cells.warn(
                None, column, None, f"there is no such column, so there will be no {what}", right
            )
    return found


def _drop_misnamed(
    cells: Cells,
    heads: list[str],
    where: dict[str, int],
    source: Source,
    body: list[tuple[int, list[str]]],
) -> None:
    """Leave out a column that was understood by its heading alone and holds nothing that fits.

    A column "Source" is often where a row was read, not where a firm came from.
    """
    for label, column in headings.columns(cells.table).items():
        if label not in where or label in source.columns or heads[where[label]] == label:
            continue
        texts = {clean(row[where[label]]) for _, row in body if where[label] < len(row)}
        texts = {text for text in texts if not is_missing(text)}
        if column.allowed and column.type == "string":
            fits = any(word(text, column)[0] for text in texts)
        elif column.type == "url_list":
            fits = any(re.search(rf"https?://|{DOMAIN}", text) for text in texts)
        else:
            continue
        if texts and not fits:
            place = where.pop(label)
            what = (
                "web address"
                if column.type == "url_list"
                else f"allowed word ({', '.join(column.allowed)})"
            )
            right = (
                f'to have it read write under [{cells.table}.columns]: {label} = "{heads[place]}"'
            )
            cells.problems = [
                problem for problem in cells.problems if problem.column != heads[place]
            ]
            cells.warn(
                None, heads[place], None, f"was not taken as {label}, as it holds no {what}", right
            )


def _evidence_inside(cells: Cells, heads: list[str], where: dict[str, int]) -> dict[str, int]:
    """Return the columns of evidence that stand in the file of firms under our own names."""
    mine, found = headings.columns("evidence"), {}
    for place, head in enumerate(heads):
        column = head.casefold().replace(" ", "_")
        if (
            place not in where.values()
            and column in mine
            and column not in found
            and column != "name"
        ):
            found[column] = place
    return found


def _say_unused(cells: Cells, heads: list[str], where: dict[str, int]) -> None:
    """Say which columns are not known, and what they may have meant."""
    told = {problem.column for problem in cells.problems}
    free = {
        word: column
        for column in headings.columns(cells.table)
        if column not in where
        for word in _words(cells.table, column)
    }
    for place, head in enumerate(heads):
        if head and place not in where.values() and head not in told:
            near = closest(head, free, cutoff=80)
            column = free[near[0]] if near else ""
            right = (
                f'if it is {column}, write under [{cells.table}.columns]: {column} = "{head}"'
                if near
                else ""
            )
            cells.warn(None, head, None, "is not a column that is known; it was not used", right)
