"""Read and write the CSV files of the compendium, each under its contract.

The contracts are the TOML files whose format `cluster_anatomy.tables.contract` explains. A message
names the row and the column of each fault and says what would be right there. A row has the number
that a spreadsheet gives it: the first line of the file is row 1.

A cell means its text, but for two conventions of the format: a line break inside a cell is ``\n``
however the file writes it, and an apostrophe before what a spreadsheet would take for a formula is
not part of the text (`guard`, `unguard`).
"""

import csv
import io
from pathlib import Path

import pandas as pd

from cluster_anatomy.compendium import paths
from cluster_anatomy.tables import contract
from cluster_anatomy.tables.cells import guard
from cluster_anatomy.tables.checks import checked
from cluster_anatomy.tables.contract import Column, Table, TableError, contract_of
from cluster_anatomy.tables.parsing import check_header, files_of, parse


def read(relative: str | Path) -> pd.DataFrame:
    """Read and check one CSV file.

    Returns
    -------
    pandas.DataFrame
        The columns of the contract in its order; ``Int64`` for integers and years, ``float64`` for
        numbers, ``string`` for all else. A blank cell is missing.

    Raises
    ------
    TableError
        If the file is missing, unreadable or breaks its contract.
    """
    name, table = Path(relative).as_posix(), contract_of(relative)
    cells, places = parse(name, table)
    return checked(cells, table, places)


def read_all(table_name: str) -> pd.DataFrame:
    """Read every file of a table, one below the other.

    If the contract has a `file_column`, it comes first and holds the file's name without ending.
    """
    files = files_of(table_name)
    table, frames = contract.contracts()[table_name], [read(file) for file in files]
    if not frames:
        labels = [column.name for column in table.columns]
        files, frames = [""], [checked(pd.DataFrame(columns=labels, dtype=object), table, [])]
    if table.file_column:
        for file, frame in zip(files, frames, strict=True):
            stems = pd.array([Path(file).stem] * len(frame), dtype="string")
            frame.insert(0, table.file_column, stems)
    return pd.concat(frames, ignore_index=True)


def write(frame: pd.DataFrame, relative: str | Path) -> pd.DataFrame:
    """Check a table and write it as CSV: UTF-8, LF, no index, columns in the order of the contract.

    The old file stays as it was unless the whole new one is valid and written.

    Returns
    -------
    pandas.DataFrame
        What `read` gives for the file: the types of the contract, numbers as they were written.

    Raises
    ------
    TableError
        If the frame breaks the contract.
    """
    name, table = Path(relative).as_posix(), contract_of(relative)
    cells = _cells(frame, table, name)
    check_header(list(cells.columns), table, name)
    places = [f"{name}, row {row}" for row in range(2, len(cells) + 2)]
    written = checked(cells, table, places)
    paths.replace_text(paths.target(relative), _csv(cells, table))
    return written


def in_contract(frame: pd.DataFrame, relative: str | Path) -> pd.DataFrame:
    """Return the columns of a frame that its contract has, in the order of the contract."""
    return frame[[column.name for column in contract_of(relative).columns]]


def _cells(frame: pd.DataFrame, table: Table, name: str) -> pd.DataFrame:
    """Return the cells of a frame as the text that they mean."""
    if repeated := list(frame.columns[frame.columns.duplicated()]):
        raise TableError([f"{name}: the table has two columns '{label}'" for label in repeated])
    columns = {column.name: column for column in table.columns}
    texts = {
        str(label): [_text(value, columns.get(label)) for value in frame[label].astype(object)]
        for label in frame.columns
    }
    return pd.DataFrame(texts, dtype=object)


def _text(value: str | float | None, column: Column | None) -> str:
    """Return the text of a cell; what is no number stays as it is, for the check to report."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if column is None or not column.is_number:
        return str(value).replace("\r\n", "\n").replace("\r", "\n")
    try:
        number = float(value) + 0.0  # -0.0 becomes 0.0
    except (TypeError, ValueError):
        return str(value)
    if column.type != "number":
        return str(int(number)) if number.is_integer() else str(value)
    return f"{number:.10g}" if column.decimals is None else f"{number:.{column.decimals}f}"


def _csv(cells: pd.DataFrame, table: Table) -> str:
    """Return cells as a CSV file holds them: in order, and without what a spreadsheet would run."""
    columns = {
        column.name: cells[column.name] if column.is_number else cells[column.name].map(guard)
        for column in table.columns
    }
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return buffer.getvalue()
