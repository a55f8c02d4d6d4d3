"""Files as people have them become rows of text: any encoding, delimiter or workbook.

Cells stay as they are: nothing is calculated, nothing is executed. What had to be guessed is said.
"""

from pathlib import Path

from cluster_anatomy.reading import workbooks
from cluster_anatomy.reading.problems import Problem, UnreadableError
from cluster_anatomy.reading.rows import Score, Sheet
from cluster_anatomy.reading.sources import Source, read_file
from cluster_anatomy.reading.text import read_text

OTHER_FORMATS = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a packed file (gzip)",
    b"Rar!": "a packed file (rar)",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"PAR1": "a Parquet file",
    b"SQLite": "a database",
    b"{\\rtf": "a word processor's file",
    b'{"': "JSON",
    b"[{": "JSON",
    b"ID;PWXL": "a SYLK file",
}
"""What files begin with that hold no table for us."""
MARKUP = (
    b"<html",
    b"<!doctype",
    b"<table",
    b"<?xml",
    b"<head",
    b"<meta",
    b"<style",
    b"<body",
    b"<div",
    b"<tr",
    b"<!--",
    b"<workbook",
    b"mime-version:",
)
"""How web pages and XML begin, which programs export under the name of a workbook."""


def read_sheet(folder: Path, path: Path, score: Score, source: Source, country: str = "") -> Sheet:
    """Read a table of text from a CSV file or a workbook; its content decides, not its name.

    Parameters
    ----------
    folder, path : Path
        The folder of the list, and the file in it.
    score : function
        Number of cells of a row that are known headings; decides between encodings, delimiters and
        sheets.
    source : Source
        Sheet, encoding and delimiter as the description gives them; what it does not give is found.
    country : str, optional
        Decides between encodings of one byte, where nothing else does.

    Raises
    ------
    UnreadableError
        If nothing can be read.
    """
    data = read_file(folder, path.relative_to(folder))
    if not data.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise UnreadableError("the file is empty; its first row must name the columns")
    if not data.startswith(workbooks.SIGNATURES):
        _refuse_other_formats(data)
        return read_text(data, path.name, score, source, country)
    sheet = workbooks.read_workbook(data, path.name, score, source.sheet)
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        wrong = "is a workbook, not text; it was read as one"
        sheet.problems.append(Problem(path.name, wrong, severity="note"))
    return sheet


def _refuse_other_formats(data: bytes) -> None:
    for start, what in OTHER_FORMATS.items():
        if data.startswith(start):
            raise UnreadableError(
                f"this is {what}, not a table; save the table as CSV or Excel (.xlsx)"
            )
    begin = data[:4000].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if begin.lower().startswith(MARKUP):
        raise UnreadableError(
            "this is a web page or XML under another name; open it in a spreadsheet and save it as"
            " CSV or .xlsx"
        )
