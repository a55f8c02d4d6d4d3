"""A file of strangers becomes cells under our columns."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from cluster_anatomy.reading import columns, headings, sources
from cluster_anatomy.reading.cells import Cells, empty
from cluster_anatomy.reading.problems import Problem, UnreadableError
from cluster_anatomy.reading.rows import Rows
from cluster_anatomy.reading.sheets import read_sheet
from cluster_anatomy.reading.sources import Source
from cluster_anatomy.reading.values import clean
from cluster_anatomy.tables.cells import LARGEST

EXAMPLE = "# example"
"""A row whose first filled cell begins so is an example of the template and is left out."""


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
    cells, vocabulary = empty(table, path.name), columns.vocabulary_of(table, source)

    def score(row: list[str]) -> int:
        return sum(bool(columns.meanings(cell, vocabulary)) for cell in row)

    try:
        sheet = read_sheet(folder, path, score, source, country)
    except UnreadableError as error:
        cells.say(None, None, None, str(error))
        return cells, None
    cells.problems += sheet.problems
    rows = [(number, row) for number, row in sheet.rows if any(map(clean, row))]
    header, heads = columns.find_header(cells, rows, source, score)
    if header is None:
        return cells, None
    rows = _without_legend(cells, rows, header, heads) if sheet.workbook else rows
    _name_by_heading(cells, heads)
    body = _body(cells, [(number, row) for number, row in rows if number > header], heads)
    positions = columns.match_columns(cells, heads, source, vocabulary, body)
    evidence = columns.evidence_among(heads, positions) if table == "firms" else {}
    columns.say_unused(cells, heads, {**positions, **evidence}, body)
    cells.heads = {column: heads[position] for column, position in positions.items()}
    cells.frame = _frame(table, body, positions)
    _say_without_heading(cells, header, heads, body)
    if table == "firms" and not body:
        right = "write one firm per row below the headings"
        cells.say(None, None, None, "holds no firm yet", right)
    if not evidence:
        return cells, None
    return cells, _evidence(path.name, body, heads, {**evidence, "name": positions.get("name", -1)})


def _name_by_heading(cells: Cells, heads: list[str]) -> None:
    """Give problems that name a column by its letter the heading instead."""
    from openpyxl.utils import get_column_letter  # no notebook of a list needs it

    letters = {get_column_letter(number): head for number, head in enumerate(heads, 1) if head}
    cells.problems = [
        replace(problem, column=letters.get(problem.column or "", problem.column))
        for problem in cells.problems
    ]


def _without_legend(cells: Cells, rows: Rows, header: int, heads: list[str]) -> Rows:
    """Leave out what stands beside the table in a workbook, and say so once."""
    table, beside = [], []
    for number, row in rows:
        within = row[: len(heads)]
        texts = list(filter(None, map(clean, row[len(heads) :]))) if number > header else []
        beside += [(number, text) for text in texts]
        if not texts or any(map(clean, within)):
            table.append((number, within))
    if beside:
        number, text = beside[0]
        count = f" and {len(beside) - 1:,} more" if len(beside) > 1 else ""
        wrong = f"a cell beside the table{count}; they were left out"
        cells.say(number, None, text, wrong, "name the column if it is one", "warning")
    return table


def _body(cells: Cells, rows: Rows, heads: list[str]) -> Rows:
    """Return the rows of data; say what is wrong with their shape."""
    body = []
    for number, row in rows:
        texts = [clean(cell) for cell in row]
        if next(filter(None, texts)).casefold().startswith(EXAMPLE):
            continue
        if texts[: len(heads)] == heads:
            cells.note(number, None, "the headings again; the row was left out")
            continue
        if beyond := next(filter(None, texts[len(heads) :]), None):
            right = "put cells that hold the delimiter into double quotes, or name the column"
            cells.say(number, None, beyond, "a cell beyond the last heading", right)
        for head, cell in zip(heads, row, strict=False):
            if "\ufffd" in cell:
                wrong = "holds the sign of a character that was lost; a name is read without it,"
                wrong += " another cell is unknown"
                cells.say(number, head, cell, wrong, "write it again", "warning")
            if len(cell) > LARGEST:
                right = f"at most {LARGEST} fit into a cell"
                cells.say(number, head, cell, f"has {len(cell)} characters", right)
        body.append((number, row))
    return body


def _frame(table: str, body: Rows, positions: columns.Positions) -> pd.DataFrame:
    """Return the cells of the rows under our columns; those that the file lacks are blank."""
    records = [
        {
            column: row[position] if position < len(row) else ""
            for column, position in positions.items()
        }
        for _, row in body
    ]
    names = list(headings.columns(table))
    return pd.DataFrame(records, [number for number, _ in body], names, dtype=object).fillna("")


def _say_without_heading(cells: Cells, header: int, heads: list[str], body: Rows) -> None:
    for position, head in enumerate(heads):
        if not head and any(clean(row[position]) for _, row in body if position < len(row)):
            wrong = f"column {position + 1} has cells but no heading; it was not used"
            cells.warn(header, None, None, wrong, "name it")


def _evidence(file: str, body: Rows, heads: list[str], positions: columns.Positions) -> Cells:
    """Return the evidence in a file of firms: the rows that hold any."""
    frame = _frame("evidence", body, positions)
    filled = frame.drop(columns="name").map(clean).ne("").any(axis=1)
    cells = Cells("evidence", file, frame[filled])
    cells.heads = {column: heads[position] for column, position in positions.items()}
    return cells
