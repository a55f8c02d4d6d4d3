"""What a damaged file says and which message is clear; nothing here is shared with the reader.

What should happen is decided by Python's csv module and by the contract, cell by cell.
"""

import contextlib
import csv
import io
import re
import unicodedata

import pandas as pd
from bad_input_cells import LARGEST

from cluster_anatomy.tables.contract import Column, Table

DIGITS, PRECISE = "0123456789", 15
REMEDY = re.compile(
    r"\b(write|save|take|keep|restore|quote|put|mend|shorten|fill|leave|name|must|values are|[Dd]id"
    r" you mean|look for|provide|run)\b"
)
ADDRESS = re.compile(r"https?://\S.*|seed|github-index:\d+")
FILE = re.compile(r"(data/raw|seeds|data/processed)/[\w./-]+\.csv")
WHERE = re.compile(
    r"(?:, row (\d+)(?: \(line (\d+)\))?|, line \d+)?(?:, column '(.*?)'(?:, value '(.*?)')?)?: ",
    re.DOTALL,
)
Grid = list[list[str]]
Value = str | float | int


def parsed(data: bytes) -> Grid:
    """Return the rows of a sound file."""
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


def serialised(grid: Grid, **options) -> bytes:
    """Return rows as CSV; what cannot be encoded is passed on as the bytes it would be."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, **({"lineterminator": "\n"} | options)).writerows(grid)
    return buffer.getvalue().encode("utf-8", "surrogatepass")


def unseen(letter: str) -> bool:
    """Whether nobody sees a character, by its category in Unicode."""
    if letter in "\t\n\u200c\u200d":
        return False
    odd = unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    return (
        odd
        or letter in "\ufffd\ufffc"
        or 0xFFF0 <= ord(letter) <= 0xFFF8
        or ord(letter) & 0xFFFE == 0xFFFE
    )


def text_of(cell: str) -> str:
    """Return what a cell says: one kind of line break, and no apostrophe before a formula."""
    cell = "\n".join(cell.replace("\r\n", "\r").split("\r"))
    if cell[:1] != "'":
        return cell
    bare = cell[1:]
    while bare[:1].isspace() or bare[:1] == "'":
        if bare[0] in "\t\r":
            return cell[1:]
        bare = bare[1:]
    return cell[1:] if bare[:1] and bare[0] in "=+-@＝＋－＠" else cell


# --- The value of a cell


def all_digits(text: str) -> bool:
    return all(letter in DIGITS for letter in text)


def number(text: str, kind: str) -> float | int | None:
    """Return the number that a text is under the contract, None if it is none."""
    sign, bare = text[:1] in ("+", "-"), text.lstrip("+-") if text[1:2] not in ("+", "-") else "?"
    if kind == "year":
        return int(text) if len(text) == 4 and all_digits(text) else None
    if kind == "integer":
        return int(text) if 0 < len(bare) <= 15 and all_digits(bare) else None
    mantissa, mark, exponent = bare.replace("E", "e").partition("e")
    size = exponent[1:] if exponent[:1] in ("+", "-") else exponent
    if mark and not (0 < len(size) <= 2 and all_digits(size)):
        return None
    whole, _point, part = mantissa.partition(".")
    if not (whole or part) or not all_digits(whole + part):
        return None
    counted = (whole + part).lstrip("0")
    return None if len(counted) > PRECISE or (sign and not bare) else float(text)


def number_within(text: str, column: Column) -> float | int | None:
    """Return the number of a cell, None if it is none or outside the limits of its column."""
    value = number(text, column.type)
    low, high = (1800, 2100) if column.type == "year" else (None, None)
    low = low if column.minimum is None else column.minimum
    high = high if column.maximum is None else column.maximum
    if value is None or (low is not None and value < low) or (high is not None and value > high):
        return None
    return value


def parts(column: Column, text: str) -> list[str]:
    """Return the parts of a list, or the cell."""
    if column.type not in ("list", "url_list"):
        return [text]
    split = [part.strip() for part in text.split(column.separator)]
    return [part for part in split if part] if column.blank_parts else split


def lawful(text: str, column: Column, valid: set[str]) -> Value | None:
    """Return the value of a cell ("" if blank), None if the contract does not allow it."""
    if text == "":
        return None if column.required else ""
    if len(text) > LARGEST or text.isspace() or any(map(unseen, text)):
        return None
    value: Value | None = text
    if column.type in ("integer", "number", "year"):
        value = number_within(text, column)
    for part in parts(column, text):
        wrong = [
            column.type in ("list", "url_list") and not part,
            column.allowed and part not in column.allowed,
            column.pattern and not re.fullmatch(column.pattern, part),
            column.type == "url_list" and not ADDRESS.fullmatch(part),
            column.references and part and part not in valid,
        ]
        if any(wrong):
            return None
    return value


# --- The rows of a file


def rows_of(data: bytes) -> Grid | None:
    """Return the rows that are not empty, None if the bytes are no CSV in UTF-8."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error):
        return None


def judge(
    data: bytes, table: Table, referenced: dict[str, set[str]]
) -> list[dict[str, Value]] | None:
    """Return the rows that a file says, None if it breaks the contract of its table.

    Parameters
    ----------
    data : bytes
        The file.
    table : Table
        Its contract.
    referenced : dict
        Reference to the values that the files of other tables hold.
    """
    rows = rows_of(data)
    labels = [column.name for column in table.columns]
    if not rows or any(len(row) != len(labels) for row in rows) or set(rows[0]) != set(labels):
        return None
    texts = [dict(zip(rows[0], map(text_of, row), strict=True)) for row in rows[1:]]
    records: list[dict[str, Value]] = [{} for _ in texts]
    for column in table.columns:
        own, _, label = (column.references or "").partition(".")
        if own == table.name:
            valid = {text[label] for text in texts}
        else:
            valid = referenced.get(column.references or "", set())
        for record, text in zip(records, texts, strict=True):
            value = lawful(text[column.name], column, valid)
            if value is None:
                return None
            record[column.name] = value
    keys = [tuple(record[label] for label in table.key) for record in records]
    return None if table.key and len(set(keys)) < len(keys) else records


def same(frame: pd.DataFrame, records: list[dict[str, Value]]) -> bool:
    """Whether a frame holds exactly these values."""
    if len(frame) != len(records):
        return False
    for label in frame.columns:
        blank = frame[label].isna().tolist()
        for value, missing, record in zip(frame[label].tolist(), blank, records, strict=True):
            if missing != (record[label] == "") or (not missing and value != record[label]):
                return False
    return not records or set(frame.columns) == set(records[0])


# --- Messages


def rows_before_the_error(data: bytes | None) -> Grid:
    """Return the rows of a file up to the first that is no CSV; the empty ones are counted too."""
    rows: Grid = []
    if data is not None:
        with contextlib.suppress(UnicodeDecodeError, csv.Error):
            text = data.decode("utf-8").removeprefix("\ufeff")
            rows.extend(csv.reader(io.StringIO(text, newline=""), strict=True))
    return rows


def shows(value: str, cell: str) -> bool:
    """Whether a message quotes a cell: as it is if that is short and plain, else its begin."""
    if len(cell) <= 80 and not any(unseen(letter) or letter in "\t\n" for letter in cell):
        return value == cell
    return value[:3] == cell[:3] or "\\u" in value


def clear(message: str, name: str, data: bytes | None) -> bool:
    """Whether each line names a file, a true place and a remedy, and any terminal can show it."""
    lines = message.split("\n")
    if any(unseen(letter) for letter in message.replace("\n", "")) or max(map(len, lines)) > 2000:
        return False
    rows = rows_before_the_error(data)
    for line in lines:
        if re.fullmatch(r"\.\.\. and \d+ more", line):
            continue
        file = FILE.match(line)
        where = file and WHERE.match(line, file.end())
        if not file or not where or not REMEDY.search(line, where.end()):
            return False
        row, _, column, value = where.groups()
        if file[0] == name and row and column is not None and value is not None and rows:
            header = next(row for row in rows if row)
            cell = text_of(rows[int(row) - 1][header.index(column)])
            if not shows(value, cell):
                return False
    return True
