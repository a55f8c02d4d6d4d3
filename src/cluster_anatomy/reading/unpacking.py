"""Take a workbook apart: the program that `workbooks` starts, in a process of its own.

It reads the file from standard input and writes JSON, within the memory and the time that it is
given. It stands alone, without the package, so that it starts fast.
"""

import datetime
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import python_calamine

MOST_FORMULAS = 1000
"""Formulas without a value that are told."""
EPOCHS = (datetime.datetime(1899, 12, 30), datetime.datetime(1904, 1, 1))
"""Days from which workbooks count, the usual one and that of old Macintosh."""
YEARS = (1900, max(2026, datetime.date.today().year))
"""Numbers that are a year where a cell shows them as a date: 14 March to 18 July 1905."""
Cells = list[list[str]]
Found = dict[str, Any]
"""A remark on a cell: the fields of `problems.Problem` but for the file."""


def main(memory: int, seconds: int, most_cells: int, title: str | None = None) -> None:
    """Print the sheets of a workbook, or the problems with the formulas of one of them."""
    with suppress(ImportError, OSError, ValueError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    data = sys.stdin.buffer.read()
    try:
        answer = unpacked(data, most_cells) if title is None else formulas(data, title)
    except python_calamine.PasswordError:
        answer = {"error": "password"}
    except MemoryError:
        sys.exit(1)
    except Exception as error:
        answer = {"error": " ".join(str(error).split())[:120]}
    json.dump(answer, sys.stdout)


def unpacked(data: bytes, most_cells: int) -> Found:
    """Return by title the rows of the sheets that hold cells, not charts, with remarks.

    ``formulas`` says whether any sheet holds formulas or errors.
    """
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets, epoch = {}, EPOCHS[_since_1904(data)]
    for about in book.sheets_metadata:
        if about.typ == python_calamine.SheetTypeEnum.WorkSheet:
            sheets[about.name] = _sheet(book.get_sheet_by_name(about.name), epoch, most_cells)
            most_cells -= sum(map(len, sheets[about.name][0]))
    marks = (b"<f", b't="e"')
    return {
        "sheets": sheets,
        "formulas": any(mark in part for part in _stored_sheets(data) for mark in marks),
    }


def _stored_sheets(data: bytes) -> Iterable[bytes]:
    """Yield the sheets of an .xlsx as they are stored; none for another kind of workbook."""
    if not data.startswith(b"PK"):
        return
    archive = zipfile.ZipFile(io.BytesIO(data))
    if "xl/workbook.xml" in archive.namelist():
        for entry in archive.namelist():
            if entry.startswith("xl/worksheets/"):
                yield archive.read(entry)


def _since_1904(data: bytes) -> bool:
    """Say whether a workbook counts days from 1904."""
    if not data.startswith(b"PK"):  # records of an .xls: Date1904, then CalcPrecision
        return b"\x22\x00\x02\x00\x01\x00\x0e\x00\x02\x00" in data
    archive = zipfile.ZipFile(io.BytesIO(data))
    signs = {
        "xl/workbook.xml": rb"date1904\s*=\s*[\"'](?:1|true)[\"']",
        "xl/workbook.bin": rb"\x99\x01.[\x01\x03\x05\x07\x09\x0b\x0d\x0f]",
        "content.xml": rb"null-date[^>]*1904",
    }
    return any(
        re.search(sign, archive.read(name), re.DOTALL) is not None
        for name, sign in signs.items()
        if name in archive.namelist()
    )


def _sheet(
    sheet: python_calamine.CalamineSheet, epoch: datetime.datetime, most_cells: int
) -> tuple[Cells, list[Found]]:
    """Return the rows of a sheet, and remarks; every row of a merged cell has its value."""
    left = sheet.start[1] if sheet.start else 0
    cells: Cells = []
    dated: dict[int, Found] = {}
    for row in sheet.iter_rows():
        most_cells -= left + len(row)
        if most_cells < 0:
            raise MemoryError
        cells.append([""] * left + [_cell(value) for value in row])
        for column, value in enumerate(row, left):
            if (number := _year_as_date(value, epoch)) is not None:
                dated.setdefault(column, _said_of_dates(number, value, len(cells), column))
                cells[-1][column] = number
    remarks = list(dated.values())
    for (top, first), (bottom, last) in sorted(sheet.merged_cell_ranges or []):
        if remark := _fill(cells, (top, bottom), (first, last)):
            remarks.append(remark)
    return cells, remarks


def _cell(value: object) -> str:
    """Return a cell of a workbook as the text that one reads in it; a date as year-month-day."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case _:
            return str(value)


def _year_as_date(value: object, epoch: datetime.datetime) -> str | None:
    """Return the number in a cell that shows a year as a date or a time, if it is one."""
    if isinstance(value, datetime.timedelta):
        days = value
    elif isinstance(value, datetime.datetime):
        days = value - epoch
    elif isinstance(value, datetime.date):
        days = datetime.datetime(value.year, value.month, value.day) - epoch
    else:
        return None
    number = days / datetime.timedelta(days=1)
    return f"{number:.6g}" if YEARS[0] <= number < YEARS[1] + 1 else None


def _said_of_dates(number: str, value: object, row: int, column: int) -> Found:
    """Return the remark on the first year of a column that is shown as a date."""
    return {
        "wrong": f"holds the number {number}, which its format shows as a date; such cells of the"
        " column were taken as the numbers",
        "right": "write the date as text if it is meant",
        "row": row,
        "column": _letter(column + 1),
        "value": _cell(value),
        "severity": "warning",
    }


def _fill(cells: Cells, rows: tuple[int, int], columns: tuple[int, int]) -> Found | None:
    """Give every row of a merged cell its value; rows and columns count from 0."""
    (top, bottom), (left, right) = rows, columns
    bottom = min(bottom, len(cells) - 1)
    value = cells[top][left] if top < len(cells) and left < len(cells[top]) else ""
    if not value or bottom <= top:
        return None
    for row in filter(any, cells[top + 1 : bottom + 1]):
        row[left] = value
    wide = " (only its first column)" if right > left else ""
    return {
        "wrong": f"merged with the cells below it; its value was taken for rows {top + 1} to"
        f" {bottom + 1}{wide}",
        "right": "undo the merging if that is not meant",
        "row": top + 1,
        "column": _letter(left + 1),
        "value": value,
        "severity": "warning",
    }


def _letter(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return get_column_letter(column)


def formulas(data: bytes, title: str) -> Found:
    """Return the cells that show an error or a formula that no spreadsheet has calculated."""
    import openpyxl

    values, written = (
        openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=saved)[title].iter_rows()
        for saved in (True, False)
    )
    problems: list[Found] = []
    for row, below in zip(values, written, strict=True):
        if len(problems) > MOST_FORMULAS:
            break
        for cell, formula in zip(row, below, strict=True):
            if cell.value is None and formula.value is None:
                continue
            text = getattr(formula.value, "text", formula.value)
            place = {"row": formula.row, "column": _letter(formula.column)}
            if cell.data_type == "e":
                wrong = f"shows the error {cell.value}"
                problems.append({"wrong": wrong, "right": "write the value", **place})
            elif cell.value is None:
                right = "open the file in a spreadsheet and save it, or write the value"
                wrong = "a formula that was never calculated"
                problems.append({"wrong": wrong, "right": right, "value": str(text), **place})
    return {"problems": problems}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
