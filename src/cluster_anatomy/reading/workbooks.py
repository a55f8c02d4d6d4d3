"""Workbooks become rows: one sheet, its cells as one reads them; nothing is calculated.

A few bytes can make a library ask for any amount of memory, which ends the process that asked. So a
workbook is taken apart by a program of its own, `unpacking`, with limits.
"""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from cluster_anatomy.reading.problems import Problem, UnreadableError
from cluster_anatomy.reading.rows import MOST_CELLS, Rows, Score, Sheet, best_score, within_limits
from cluster_anatomy.reading.sources import LARGEST

PROGRAM = Path(__file__).with_name("unpacking.py")
SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes of a workbook: packed XML, or the older binary container."""
MEMORY, SECONDS = 2**31, 60
"""Bytes of memory and seconds of a processor that taking a workbook apart may need."""
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
    _refuse_bomb(data)
    unpacked = _unpacked(data)
    sheets = {
        name: Sheet(file, _filled(rows), _problems(problems, file), workbook=True)
        for name, (rows, problems) in unpacked["sheets"].items()
    }
    filled = [name for name, sheet in sheets.items() if sheet.rows]
    _refuse(sheets, filled, title)
    taken = title or max(filled, key=lambda name: best_score(sheets[name].rows, score))
    sheet = sheets[taken]
    if unpacked["formulas"]:
        sheet.problems += _problems(_unpacked(data, taken)["problems"], file)
    if title is None and len(filled) > 1:
        others = ", ".join(f"'{name}'" for name in filled if name != taken)
        wrong = f"sheet '{taken}' was taken, whose headings fit best (others: {others})"
        right = "name another one as `sheet` in description.toml"
        sheet.problems.append(Problem(file, wrong, right, severity="warning"))
    return sheet


def _filled(rows: list[list[str]]) -> Rows:
    """Return the rows that hold a cell, with their numbers."""
    return [(number, row) for number, row in enumerate(within_limits(rows), 1) if any(row)]


def _problems(rows: list[dict[str, Any]], file: str) -> list[Problem]:
    return [Problem(file, **row) for row in rows]


def _unpacked(data: bytes, title: str | None = None) -> dict[str, Any]:
    """Return what `unpacking` finds in a workbook, or in the formulas of one of its sheets.

    Raises
    ------
    UnreadableError
        If the workbook cannot be read, or not within the limits.
    """
    limits = map(str, (MEMORY, SECONDS, MOST_CELLS))
    command = [sys.executable, "-P", str(PROGRAM), *limits, *([] if title is None else [title])]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=10 * SECONDS, check=False
        )
        answer: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    except subprocess.TimeoutExpired:
        answer = {}
    if not answer:
        raise UnreadableError(
            "is too large for a table once it is unpacked (a single cell far behind the others is"
            " enough); save the rows and columns of the list as CSV"
        )
    if answer.get("error") == "password":
        raise UnreadableError(PASSWORD)
    if "error" in answer:
        raise UnreadableError(
            f"cannot be read as a workbook ({answer['error']}); open it in a spreadsheet and save"
            " it as .xlsx or CSV"
        )
    return answer


def _refuse_bomb(data: bytes) -> None:
    """Raise if a packed workbook says of itself that it is too large, or lies about it."""
    if not data.startswith(b"PK"):
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        return  # no workbook, as will be said
    size = sum(entry.file_size for entry in archive.infolist())
    if size > LARGEST:
        raise UnreadableError(
            f"unpacks to {size / 2**20:,.0f} MiB, more than {LARGEST / 2**20:.0f}; save the table"
            " as CSV"
        )
    try:
        broken = archive.testzip()
    except Exception as error:
        broken = str(error)
    if broken is not None:
        raise UnreadableError(
            f"is damaged ({broken[:120]}); open it in a spreadsheet and save it as .xlsx or CSV"
        )


def _refuse(sheets: dict[str, Sheet], filled: list[str], title: str | None) -> None:
    """Raise if a workbook has no sheet of the title, or no cell at all."""
    if title is not None and title not in sheets:
        raise UnreadableError(f"has no sheet '{title}'; its sheets are: {', '.join(sheets)}")
    if not filled:
        raise UnreadableError("the workbook holds no cell; its first row must name the columns")
