"""Workbooks become rows: one sheet, its cells as one reads them; nothing is calculated."""

import datetime
import io
import zipfile

import openpyxl
import python_calamine
from openpyxl.utils import get_column_letter

from cluster_anatomy.reading.problems import Problem, UnreadableError
from cluster_anatomy.reading.rows import Score, Sheet, best_score

SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes of a workbook: packed XML, or the older binary container."""
LARGEST = 2**30
"""Bytes that a workbook may unpack to."""
PASSWORD = "the workbook has a password; open it and save a copy without one"


def read_workbook(data: bytes, file: str, score: Score, title: str | None = None) -> Sheet:
    """Read one sheet of a workbook.

    Parameters
    ----------
    data : bytes
        The file.
    file : str
        Its name, for messages.
    score : function
        Decides between sheets, as for `sheets.read_sheet`.
    title : str, optional
        The sheet; if not given, the one whose headings fit best, which is said.

    Raises
    ------
    UnreadableError
        If there is no such sheet or nothing can be read.
    """
    if "EncryptedPackage".encode("utf-16-le") in data[:1_000_000]:
        raise UnreadableError(PASSWORD)
    try:
        stored = _stored_sheets(data)
        sheets = _sheets(data, file)
        filled = [name for name, sheet in sheets.items() if sheet.rows]
        _refuse(sheets, filled, title)
        taken = title or max(filled, key=lambda name: best_score(sheets[name].rows, score))
        sheet = sheets[taken]
        if any(mark in part for part in stored for mark in (b"<f", b't="e"')):
            sheet.problems += _formula_problems(data, file, taken)
    except UnreadableError:
        raise
    except python_calamine.PasswordError:
        raise UnreadableError(PASSWORD) from None
    except Exception as error:
        what = " ".join(str(error).split())[:120]
        raise UnreadableError(
            f"cannot be read as a workbook ({what}); open it in a spreadsheet and save it as .xlsx"
            " or CSV"
        ) from None
    if title is None and len(filled) > 1:
        others = ", ".join(f"'{name}'" for name in filled if name != taken)
        wrong = f"sheet '{taken}' was taken, whose headings fit best (others: {others})"
        right = "name another one as `sheet` in description.toml"
        sheet.problems.append(Problem(file, wrong, right, severity="warning"))
    return sheet


def _sheets(data: bytes, file: str) -> dict[str, Sheet]:
    """Return the sheets of a workbook that hold cells, not charts, by title."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    titles = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
    ]
    return {title: _calamine_sheet(book.get_sheet_by_name(title), file) for title in titles}


def _refuse(sheets: dict[str, Sheet], filled: list[str], title: str | None) -> None:
    """Raise if a workbook has no sheet of the title, or no cell at all."""
    if title is not None and title not in sheets:
        raise UnreadableError(f"has no sheet '{title}'; its sheets are: {', '.join(sheets)}")
    if not filled:
        raise UnreadableError("the workbook holds no cell; its first row must name the columns")


def _stored_sheets(data: bytes) -> list[bytes]:
    """Return the sheets of an .xlsx as they are stored; none for another kind of workbook."""
    if not data.startswith(b"PK"):
        return []
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        return []
    if (size := sum(entry.file_size for entry in archive.infolist())) > LARGEST:
        raise UnreadableError(f"unpacks to {size / 2**30:.1f} GiB; save the table as CSV")
    if "xl/workbook.xml" not in archive.namelist():
        return []
    return [
        archive.read(entry) for entry in archive.namelist() if entry.startswith("xl/worksheets/")
    ]


def _calamine_sheet(sheet: python_calamine.CalamineSheet, file: str) -> Sheet:
    """Return the filled rows of a sheet; every row of a merged cell has its value."""
    left = sheet.start[1] if sheet.start else 0
    cells = [[""] * left + [_cell(value) for value in row] for row in sheet.iter_rows()]
    problems = []
    for (top, first), (bottom, last) in sorted(sheet.merged_cell_ranges or []):
        if remark := _fill(cells, (top, bottom), (first, last), file):
            problems.append(remark)
    rows = [(number, row) for number, row in enumerate(cells, 1) if any(row)]
    return Sheet(file, rows, problems)


def _formula_problems(data: bytes, file: str, title: str) -> list[Problem]:
    """Return the cells that show an error or a formula that no spreadsheet has calculated."""
    values, formulas = (
        openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=saved)[title].iter_rows()
        for saved in (True, False)
    )
    problems = []
    for row, written in zip(values, formulas, strict=True):
        for cell, formula in zip(row, written, strict=True):
            if cell.value is None and formula.value is None:
                continue
            text = getattr(formula.value, "text", formula.value)
            place = {"row": formula.row, "column": get_column_letter(formula.column)}
            if cell.data_type == "e":
                problems.append(
                    Problem(file, f"shows the error {cell.value}", "write the value", **place)
                )
            elif cell.value is None:
                right = "open the file in a spreadsheet and save it, or write the value"
                problems.append(
                    Problem(file, "a formula that was never calculated", right, value=text, **place)
                )
    return problems


def _fill(
    cells: list[list[str]], rows: tuple[int, int], columns: tuple[int, int], file: str
) -> Problem | None:
    """Give every row of a merged cell its value; rows and columns count from 0."""
    (top, bottom), (left, right) = rows, columns
    bottom = min(bottom, len(cells) - 1)
    value = cells[top][left] if top < len(cells) and left < len(cells[top]) else ""
    if not value or bottom <= top:
        return None
    for row in filter(any, cells[top + 1 : bottom + 1]):
        row[left] = value
    wide = " (only its first column)" if right > left else ""
    return Problem(
        file,
        f"merged with the cells below it; its value was taken for rows {top + 1} to"
        f" {bottom + 1}{wide}",
        "undo the merging if that is not meant",
        row=top + 1,
        column=get_column_letter(left + 1),
        value=value,
        severity="warning",
    )


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
