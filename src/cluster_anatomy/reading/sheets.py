"""Files as people have them become rows of text: any encoding, delimiter or workbook.

Cells stay as they are: nothing is calculated, nothing is executed. What had to be guessed is said.
"""

import csv
import datetime
import io
import re
import sys
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import openpyxl
import python_calamine
from charset_normalizer import from_bytes
from openpyxl.utils import get_column_letter

from cluster_anatomy.reading.problems import Problem, shown

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
HEADER_WITHIN = 30
"""Rows in which a header is looked for."""
LARGEST = 2**30
"""Bytes that a workbook may unpack to."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ENCODINGS = (
    "gb18030",
    "cp1252",
    "big5",
    "cp932",
    "euc_jp",
    "cp949",
    "mac_roman",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp874",
)
"""Tried after UTF-8 and UTF-16, in this order where nothing else decides."""
COUNTRY_ENCODINGS = {
    "cp1250": (
        "Czechia",
        "Czech Republic",
        "Poland",
        "Hungary",
        "Slovakia",
        "Slovenia",
        "Croatia",
        "Romania",
    ),
    "cp1251": ("Russia", "Ukraine", "Bulgaria", "Serbia", "Belarus", "Kazakhstan"),
    "cp1253": ("Greece", "Cyprus"),
    "cp1254": ("Turkey", "Türkiye"),
    "cp1255": ("Israel",),
    "cp1256": ("Egypt", "Saudi Arabia", "Jordan", "Morocco", "Tunisia", "United Arab Emirates"),
    "cp874": ("Thailand",),
    "big5": ("Taiwan", "Hong Kong", "China (Hong Kong)"),
    "cp932": ("Japan",),
    "cp949": ("Korea", "South Korea"),
    "gb18030": ("China", "Singapore"),
}
FREQUENT = {
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "big5": ("big5", 0xA4, 0xC6),
    "cp932": ("cp932", 0x88, 0x98),
    "euc_jp": ("cp932", 0x88, 0x98),
    "cp949": ("euc_kr", 0xB0, 0xC8),
}
"""Lead bytes of the frequent characters: each national standard orders its characters by use (GB
2312 level 1, Big5 level 1, JIS X 0208 level 1, the Hangul of KS X 1001)."""
TYPOGRAPHY = set("’‘“”„–—…•·€£§°®™«»×½\u00a0")


class UnreadableError(Exception):
    """A file of which nothing can be read; the message is one line."""


@dataclass
class Sheet:
    """The rows of one file as text, each with its number in the spreadsheet, and what is to be said
    of it.
    """

    file: str
    rows: list[tuple[int, list[str]]]
    problems: list[Problem] = field(default_factory=list)


def read_sheet(path: Path, score: Callable[[list[str]], int], source, country: str = "") -> Sheet:
    """Read a table of text from a CSV file or a workbook; what it is, its content says, not its
    name.

    Parameters
    ----------
    path : Path
        The file.
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
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableError(
            f"cannot be opened ({error.strerror}); close it elsewhere and look at its rights"
        ) from None
    if not data.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise UnreadableError("the file is empty; its first row must name the columns")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        found = _workbook(data, path.name, score, source.sheet)
        if path.suffix.lower() in (".csv", ".tsv", ".txt"):
            found.problems.append(
                Problem(path.name, "is a workbook, not text; it was read as one", severity="note")
            )
        return found
    for start, what in (
        (b"%PDF", "a PDF"),
        (b"\x1f\x8b", "a packed file (gzip)"),
        (b"Rar!", "a packed file (rar)"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"PAR1", "a Parquet file"),
        (b"SQLite", "a database"),
        (b"{\\rtf", "a word processor's file"),
    ):
        if data.startswith(start):
            raise UnreadableError(
                f"this is {what}, not a table; save the table as CSV or Excel (.xlsx)"
            )
    if (
        data[:2000]
        .lstrip(b"\xef\xbb\xbf \t\r\n")
        .lower()
        .startswith((b"<html", b"<!doctype", b"<table", b"<?xml"))
    ):
        raise UnreadableError(
            "this is a web page or XML under another name; open it in a spreadsheet and save it as"
            " CSV or .xlsx"
        )
    return _text(data, path.name, score, source.encoding, source.delimiter, country)


def _workbook(data: bytes, name: str, score: Callable, wanted: str | None) -> Sheet:
    password = "the workbook has a password; open it and save a copy without one"
    if "EncryptedPackage".encode("utf-16-le") in data[:1_000_000]:
        raise UnreadableError(password)
    try:
        parts = _parts(data)
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        titles = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        sheets = {title: _calamine_sheet(book.get_sheet_by_name(title), name) for title in titles}
        filled = {title: sheet for title, sheet in sheets.items() if sheet.rows}
        if wanted is not None and wanted not in sheets:
            raise UnreadableError(f"has no sheet '{wanted}'; its sheets are: {', '.join(sheets)}")
        if not filled:
            raise UnreadableError("the workbook holds no cell; its first row must name the columns")
        chosen = wanted or max(filled, key=lambda title: best_score(filled[title].rows, score))
        sheet = sheets[chosen]
        if any(mark in part for part in parts for mark in (b"<f", b't="e"')):
            sheet.problems += _formula_problems(data, name, chosen)
    except UnreadableError:
        raise
    except python_calamine.PasswordError:
        raise UnreadableError(password) from None
    except Exception as error:
        what = " ".join(str(error).split())[:120]
        raise UnreadableError(
            f"cannot be read as a workbook ({what}); open it in a spreadsheet and save it as .xlsx"
            " or CSV"
        ) from None
    if wanted is None and len(filled) > 1:
        others = ", ".join(f"'{title}'" for title in filled if title != chosen)
        wrong = f"sheet '{chosen}' was taken, whose headings fit best (others: {others})"
        right = "name another one as `sheet` in description.toml"
        sheet.problems.append(Problem(name, wrong, right, severity="warning"))
    return sheet


def _parts(data: bytes) -> list[bytes]:
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


def _calamine_sheet(sheet: python_calamine.CalamineSheet, name: str) -> Sheet:
    """Return the filled rows of a sheet; every row of a merged cell has its value."""
    left = sheet.start[1] if sheet.start else 0
    cells = [[""] * left + [_cell(value) for value in row] for row in sheet.iter_rows()]
    found = Sheet(name, [])
    for (top, first), (bottom, last) in sorted(sheet.merged_cell_ranges or []):
        _fill(cells, (top, bottom), (first, last), found)
    found.rows = [(number, row) for number, row in enumerate(cells, 1) if any(row)]
    return found


def _formula_problems(data: bytes, name: str, title: str) -> list[Problem]:
    """Return the cells that show an error or a formula that no spreadsheet has calculated."""
    values, formulas = (
        openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=saved)[title].iter_rows()
        for saved in (True, False)
    )
    found = []
    for row, written in zip(values, formulas, strict=True):
        for cell, formula in zip(row, written, strict=True):
            if cell.value is None and formula.value is None:
                continue
            text = getattr(formula.value, "text", formula.value)
            place = {"row": formula.row, "column": get_column_letter(formula.column)}
            if cell.data_type == "e":
                found.append(
                    Problem(name, f"shows the error {cell.value}", "write the value", **place)
                )
            elif cell.value is None:
                right = "open the file in a spreadsheet and save it, or write the value"
                found.append(
                    Problem(name, "a formula that was never calculated", right, value=text, **place)
                )
    return found


def _fill(
    cells: list[list[str]], rows: tuple[int, int], columns: tuple[int, int], found: Sheet
) -> None:
    """Give every row of a merged cell its value; rows and columns count from 0."""
    (top, bottom), (left, right) = rows, columns
    bottom = min(bottom, len(cells) - 1)
    value = cells[top][left] if top < len(cells) and left < len(cells[top]) else ""
    if not value or bottom <= top:
        return
    for row in filter(any, cells[top + 1 : bottom + 1]):
        row[left] = value
    wide = " (only its first column)" if right > left else ""
    wrong = (
        f"merged with the cells below it; its value was taken for rows {top + 1} to"
        f" {bottom + 1}{wide}"
    )
    right = "undo the merging if that is not meant"
    letter = get_column_letter(left + 1)
    found.problems.append(Problem(found.file, wrong, right, top + 1, letter, value, "warning"))


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


def best_score(rows: list[tuple[int, list[str]]], score: Callable[[list[str]], int]) -> int:
    """Return the most known headings that one of the first rows holds."""
    filled = (row for _, row in rows if any(cell.strip() for cell in row))
    return max(
        (score(row) for row, _ in zip(filled, range(HEADER_WITHIN), strict=False)), default=0
    )


def _text(
    data: bytes,
    name: str,
    score: Callable,
    encoding: str | None,
    delimiter: str | None,
    country: str | None,
) -> Sheet:
    problems: list[Problem] = []
    text = _decode(data, name, score, encoding, country, problems)
    if sum(char < " " and char not in "\t\n\r\x0b\x0c" for char in text[:100_000]) * 50 > len(
        text[:100_000]
    ):
        raise UnreadableError(
            "holds bytes that are no text; save the table as CSV or Excel (.xlsx)"
        )
    first, _, rest = text.partition("\n")
    shift = 0
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, text, shift = delimiter or first.strip()[4], rest, 1
    if delimiter is None:
        delimiter = _delimiter(text, score)
    elif len(delimiter) != 1:
        raise UnreadableError(
            f"delimiter '{delimiter}' in description.toml must be one character, such as ';'"
        )
    rows, line = [], 1
    limit = csv.field_size_limit(sys.maxsize)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for number, row in enumerate(reader, 1 + shift):
            rows.append((number, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(
            f"line {line + shift}: a stray double quote ({error}); take it out or write it twice"
            " inside a quoted cell"
        ) from None
    finally:
        csv.field_size_limit(limit)
    return Sheet(name, rows, problems)


def _delimiter(text: str, score: Callable[[list[str]], int]) -> str:
    """Return the delimiter under which most headings are known, then under which rows are most
    alike.
    """
    head = text[:200_000].splitlines()[:300]

    def fit(delimiter: str) -> tuple:
        try:
            rows = [row for row in csv.reader(head, delimiter=delimiter) if row]
        except csv.Error:
            rows = []
        widths = Counter(map(len, rows))
        width, often = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        alike = often / len(rows) if rows and width > 1 else 0
        return best_score([(0, row) for row in rows], score), alike, width

    return max(DELIMITERS, key=fit)


def _decode(
    data: bytes,
    name: str,
    score: Callable,
    encoding: str | None,
    country: str | None,
    problems: list[Problem],
) -> str:
    if encoding is not None:
        try:
            return data.decode(
                "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
            )
        except LookupError:
            raise UnreadableError(
                f"encoding '{encoding}' in description.toml is not known; utf-8 and gb18030 are"
            ) from None
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise UnreadableError(
                f"line {line} is not {encoding}, which description.toml names; take `encoding` out"
                " to have it found"
            ) from None
    for mark, kind in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _strict(data, kind)
    for offset, kind in ((1, "utf-16-le"), (0, "utf-16-be")):
        if data[offset::2][:400].count(0) > 0.3 * len(data[offset::2][:400]) and not data[
            1 - offset :: 2
        ][:400].count(0):
            problems.append(
                Problem(name, f"read as {kind}, without a byte order mark", severity="note")
            )
            return _strict(data, kind)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        loose = data.decode("utf-8-sig", errors="replace")
        good = sum(ord(char) > 127 for char in loose if char != "\ufffd")
        if loose.count("\ufffd") * 10 < good:
            line = data[: error.start].count(b"\n") + 1
            raise UnreadableError(
                f"line {line}: a byte that is not UTF-8, though the rest is; two encodings were"
                " mixed, so write this line again"
            ) from None
    return _legacy(data, name, score, country, problems)


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableError(
            f"begins as {encoding} but breaks at byte {error.start}; save it again as UTF-8"
        ) from None


def _legacy(
    data: bytes, name: str, score: Callable, country: str | None, problems: list[Problem]
) -> str:
    """Decode bytes that are no Unicode: most known headings, then most plausible characters, then
    the country.
    """
    hint = next((code for code, names in COUNTRY_ENCODINGS.items() if country in names), None)
    ranked = []
    for place, code in enumerate(ENCODINGS):
        try:
            text = data.decode(code)
        except UnicodeDecodeError:
            continue
        sample = text[:200_000]
        delimiter = _delimiter(sample, score)
        rows = [(0, row) for row in csv.reader(sample.splitlines()[:300], delimiter=delimiter)]
        ranked.append(
            (
                -best_score(rows, score),
                -round(plausibility(sample, code), 1),
                code != hint,
                place,
                code,
                text,
            )
        )
    ranked.sort(key=lambda entry: entry[:4])
    if not ranked or ranked[0][1] > -0.5:
        guess = from_bytes(data).best()
        if guess is None:
            raise UnreadableError(
                "is no text in any encoding that is known; save it as CSV in UTF-8, or as .xlsx"
            )
        code, text, doubt = guess.encoding, str(guess), True
    else:
        heads, good, _, _, code, text = ranked[0]
        doubt = any(entry[:2] == (heads, good) and entry[5] != text for entry in ranked[1:])
    sample = next((cell for cell in re.split(r"[,;|\t\r\n]", text) if not cell.isascii()), "")
    if doubt:
        problems.append(
            Problem(
                name,
                f"the encoding is not certain; {code} was taken, which reads '{shown(sample)}'",
                "if that looks wrong, give `encoding` in description.toml or save the file as"
                " UTF-8",
                severity="warning",
            )
        )
    else:
        problems.append(
            Problem(name, f"read as {code}, which reads '{shown(sample)}'", severity="note")
        )
    return text


def plausibility(text: str, code: str) -> float:
    """Return the share of the characters beyond ASCII that a text in this encoding is likely to
    hold.

    East Asian: the frequent characters of the national standard. Else: a letter among letters of
    its own script, a capital at the beginning of a word or among capitals.
    """
    marks = []
    for place, char in enumerate(text):
        if ord(char) < 128:
            continue
        if len(marks) >= 4000:
            break
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        marks.append(_frequent(char, code) if code in FREQUENT else _in_word(char, before, after))
    return sum(marks) / len(marks) if marks else 1.0


@cache
def _frequent(char: str, code: str) -> bool:
    name = unicodedata.name(char, "")
    if name.startswith(("HIRAGANA", "KATAKANA")):
        return code in ("cp932", "euc_jp")
    if unicodedata.category(char)[0] in "PSZN" or name.startswith("FULLWIDTH"):
        return char in TYPOGRAPHY or unicodedata.east_asian_width(char) in "WF"
    standard, low, high = FREQUENT[code]
    try:
        return low <= char.encode(standard)[0] <= high and ord(char) > 0x2E80
    except UnicodeEncodeError:
        return False


@cache
def _in_word(char: str, before: str, after: str) -> bool:
    if not char.isalpha() or char in "ªºƒ":
        return char in TYPOGRAPHY
    script = unicodedata.name(char, "").split(" ")[0]
    near = [other for other in (before, after) if other.isalpha()]
    if not near or any(unicodedata.name(other, "").split(" ")[0] != script for other in near):
        return False
    if char.isupper():
        return not before.isalpha() or before.isupper()
    return not (after.isupper() and before.isalpha())
