"""Ten thousand damaged tables: is each accepted for what it says, or refused with place and remedy?

``python benchmarks/bad_input.py`` copies the raw tables into a temporary folder, damages one at a
time and reads it with `cluster_anatomy.tables.read`. What should happen is decided by `judge`,
which shares no code with the reader: Python's csv module, and the contract applied cell by cell.
One line per kind of damage goes to ``benchmarks/results/bad_input.csv``, one per table and kind to
``bad_input_by_table.csv``; the exit code is 1 if anything but `accepted` and `refused` was counted.

accepted    read, and every cell of the frame is what the file says
refused     `TableError`; every line names file, place and remedy, and the value that it shows
stands there crashed     another exception, or no answer within twenty seconds changed     read, but
a cell is not what the file says misjudged   read although it breaks the contract, or refused
although it keeps it unclear     refused without file, place or remedy, or with a message that a
terminal could not show touched     a file was changed by reading
"""

import argparse
import contextlib
import csv
import io
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks/results/bad_input.csv"
DETAIL = ROOT / "benchmarks/results/bad_input_by_table.csv"
STEPS = "notebooks/steps.toml"
OUTCOMES = ["accepted", "refused", "crashed", "changed", "misjudged", "unclear", "touched"]
SECONDS = 20
LARGEST, PRECISE = 131_072, 15
REMEDY = re.compile(
    r"\b(write|save|take|keep|restore|quote|put|mend|shorten|fill|leave|name|must|values are|[Dd]id"
    r" you mean|look for|provide|run)\b"
)
Grid = list[list[str]]

# --- Cells that do harm, by kind

CELLS = {
    "year": [
        "0",
        "99999",
        "1e3",
        "19_98",
        "-1998",
        "1998.0",
        "c. 1998",
        "１９９８",
        "١٩٩٨",
        "1998 ",
        "98",
        "2101",
        "1799",
        "+1998",
        "1998–2000",
        "199O",
        "1,998",
        "1998-05-01",
        "inf",
        "0x7CE",
        "1998\n",
        "1998?",
        "'98",
        "2100",
        "1800",
        "01998",
    ],
    "number": [
        "1e5",
        "+1e5",
        "1,234",
        "1.234,5",
        "1 234",
        "1_000",
        "inf",
        "-inf",
        "1e999",
        "1e-400",
        "0x10",
        "٣",
        "½",
        "1e",
        "--1",
        ".",
        "-.5",
        "+.5",
        "007",
        "12345678901234567890",
        "0.1234567890123456789",
        "9" * 400,
        "5%",
        "$5",
        "(5)",
        "1/2",
        "TRUE",
        "-0",
        "123456789012345",
        "1234567890123456",
        "0.30000000000000004",
        "1.7976931348623157e308",
        "2.5",
        "３",
        "1e22",
        "5.",
        "3e0",
    ],
    "missing word": [
        "NA",
        "N/A",
        "NaN",
        "nan",
        "None",
        "null",
        "NULL",
        "-",
        "?",
        "#N/A",
        "<NA>",
        "NaT",
        "",
        "undefined",
    ],
    "look-alike": [
        "007",
        "1e5",
        "TRUE",
        "1998-01-01",
        "MARCH1",
        "1/2",
        "00:30",
        "1E5",
        "0x1F",
        "3.10",
        "٣",
    ],
    "blanks": [" ", "   ", "\u00a0", "\u3000", "\t", "\n", "\u2003", " x", "x ", "x\u00a0", "a  b"],
    "formula": [
        '=HYPERLINK("http://example.org","x")',
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1:A9)",
        "\t=1+1",
        "'=1",
        "''=1",
        "=cmd|' /C calc'!A0",
        "＝1+1",
        " =1",
        "-2+3",
        "+18%",
        "'",
        "''",
        "'x",
        "'-1",
        "'+18%",
        "-",
        "@home",
        "' =1",
        "'\t=1",
        '=1"x',
        "'@",
    ],
    "markup": [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "[x](javascript:alert(1))",
        "&lt;b&gt;",
        "</script><!--",
        "{{7*7}}",
        "{% raw %}",
        "$(reboot)",
        "`x`",
        "__proto__",
        "${jndi:ldap://x}",
        "'; DROP TABLE firms; --",
        "../../etc/passwd",
        "{0.__class__}",
        "$$x^2$$",
        "%s%n",
        "\\x41",
        "| a | b |",
        "# heading",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://",
        "https://example.org/<script>",
        "HTTPS://EXAMPLE.ORG/",
        "//example.org",
    ],
    "control character": [
        *map(chr, [0, 1, 7, 8, 11, 12, 26, 27, 28, 31, 127, 133, 159]),
        "\x1b[31mred\x1b[0m",
        "a\x00b",
    ],
    "direction control": [
        "\u202eabc",
        "a\u2066b\u2069",
        "\u200fx",
        "\u061cx",
        "\u200ex",
        "evil\u202egpj.exe",
        "\u202d1998",
    ],
    "right-to-left text": ["שלום ביוטק", "شركة الأدوية", "ABC שלום 12", "فارسی\u200cها"],
    "zero width": [
        "a\u200bb",
        "\u2060a",
        "a\ufeff",
        "a\u200cb",
        "a\u200db",
        "a\u00adb",
        "a\u180eb",
        "\U000e0041x",
        "\u200b",
    ],
    "line separator": [
        "a\nb",
        "a\r\nb",
        "a\rb",
        "a\u2028b",
        "a\u2029b",
        "a\u0085b",
        "\r=1",
        "\r\n",
        "\r",
    ],
    "odd unicode": [
        "e\u0301",
        "é",
        "Асme",
        "🧬 Gene",
        "Z̷̰͝a̴l̸g̶o",
        "𠀀𪚥",
        "\ue000",
        "\ufffe",
        "\ufffd",
        "\uffff",
        "ﬁ",
        "Ａ",
        "邊󠄁",
        "ß",
        "İ",
        "𝟏𝟗𝟗𝟖",
    ],
    "list": [
        "|",
        "a||b",
        "|a",
        "a|",
        " a | b ",
        "a|a",
        "||||",
        "a;b",
        "a,b",
        "a｜b",
        "a|" * 999 + "a",
    ],
    "unknown name": [
        "Atlantis",
        "atlantis|Mordor",
        "C999999",
        "zz-none",
        "x" * 90,
        "unknown",
        "YES",
        "Yes",
        "no ",
    ],
    "long": [
        "x" * 81,
        "x" * 3000,
        "x" * LARGEST,
        "x" * (LARGEST + 1),
        "甲" * LARGEST,
        "= " * 60_000,
        "|" * LARGEST,
    ],
}


def cells(kind: str) -> Callable[[Grid, random.Random, object], Grid]:
    """Return a mutation that puts such a cell anywhere, or to the end or begin of what stands
    there.
    """

    def change(grid: Grid, pick: random.Random, table) -> Grid:
        columns = [
            c for c, label in enumerate(grid[0]) for column in table.columns if column.name == label
        ]
        fitting = {
            "year": ("year",),
            "number": ("integer", "number"),
            "list": ("list", "url_list"),
        }.get(kind, ())
        likely = [
            c
            for c in columns
            for column in table.columns
            if column.name == grid[0][c] and column.type in fitting
        ]
        for _ in range(pick.choice([1, 1, 1, 2, 40])):
            row, at = pick.randrange(1, len(grid)), pick.choice(likely or columns)
            cell, old = pick.choice(CELLS[kind]), grid[row][at]
            grid[row][at] = pick.choice([cell, cell, cell + old, old + cell])
        return grid

    return change


# --- Rows and columns


def without(grid: Grid, pick: random.Random, table) -> Grid:
    at = pick.randrange(len(grid[0]))
    return [row[:at] + row[at + 1 :] for row in grid]


def doubled(grid: Grid, pick: random.Random, table) -> Grid:
    at = pick.randrange(len(grid[0]))
    return [[*row, row[at]] for row in grid]


def renamed(grid: Grid, pick: random.Random, table) -> Grid:
    at, label = pick.randrange(len(grid[0])), None
    label = grid[0][at]
    grid[0][at] = pick.choice(
        [
            label.upper(),
            label + " ",
            "\ufeff" + label,
            label[:-1],
            f"{label}.1",
            label + "\u200b",
            f"'{label}",
            "x" * 5000,
            "姓名",
        ]
    )
    return grid


def reordered(grid: Grid, pick: random.Random, table) -> Grid:
    order = pick.sample(range(len(grid[0])), len(grid[0]))
    return [[row[at] for at in order] for row in grid]


def swapped_labels(grid: Grid, pick: random.Random, table) -> Grid:
    pick.shuffle(grid[0])
    return grid


def blank_label(grid: Grid, pick: random.Random, table) -> Grid:
    grid[0][pick.randrange(len(grid[0]))] = pick.choice(["", " ", "\u00a0"])
    return grid


def extra(grid: Grid, pick: random.Random, table) -> Grid:
    return [[*row, ""] for row in grid[:1]] + [[*row, pick.choice(["", "x"])] for row in grid[1:]]


def no_header(grid: Grid, pick: random.Random, table) -> Grid:
    return grid[1:]


def two_headers(grid: Grid, pick: random.Random, table) -> Grid:
    return grid[:1] + grid


def short_row(grid: Grid, pick: random.Random, table) -> Grid:
    grid[pick.randrange(1, len(grid))].pop()
    return grid


def long_row(grid: Grid, pick: random.Random, table) -> Grid:
    grid[pick.randrange(1, len(grid))].append(pick.choice(["", "x"]))
    return grid


def repeated_row(grid: Grid, pick: random.Random, table) -> Grid:
    grid.insert(pick.randrange(1, len(grid)), list(pick.choice(grid[1:])))
    return grid


def repeated_key(grid: Grid, pick: random.Random, table) -> Grid:
    one, other = pick.choice(grid[1:]), pick.choice(grid[1:])
    for at, label in enumerate(grid[0]):
        if label in table.key:
            one[at] = other[at]
    return grid


def shuffled_rows(grid: Grid, pick: random.Random, table) -> Grid:
    return grid[:1] + pick.sample(grid[1:], len(grid) - 1)


def blank_row(grid: Grid, pick: random.Random, table) -> Grid:
    grid.insert(pick.randrange(1, len(grid) + 1), [""] * len(grid[0]))
    return grid


def header_only(grid: Grid, pick: random.Random, table) -> Grid:
    return grid[:1]


def blank_cell(grid: Grid, pick: random.Random, table) -> Grid:
    grid[pick.randrange(1, len(grid))][pick.randrange(len(grid[0]))] = ""
    return grid


def moved_cells(grid: Grid, pick: random.Random, table) -> Grid:
    row = pick.randrange(1, len(grid))
    grid[row] = grid[row][1:] + grid[row][:1]
    return grid


def typo(grid: Grid, pick: random.Random, table) -> Grid:
    """One letter more, less or other, in a column that refers to another table if there is one."""
    refers = [
        c
        for c, label in enumerate(grid[0])
        for x in table.columns
        if x.name == label and (x.references or x.allowed)
    ]
    filled = [
        (r, c) for c in refers or range(len(grid[0])) for r in range(1, len(grid)) if grid[r][c]
    ]
    if filled:
        row, at = pick.choice(filled)
        word = grid[row][at]
        place = pick.randrange(len(word))
        grid[row][at] = word[:place] + pick.choice(["", "x", word[place] * 2]) + word[place + 1 :]
    return grid


def million_columns(grid: Grid, pick: random.Random, table) -> Grid:
    return [[*grid[0], *map(str, range(1_000_000))], *grid[1:]]


def million_cells(grid: Grid, pick: random.Random, table) -> Grid:
    grid[pick.randrange(1, len(grid))] += [""] * 1_000_000
    return grid


def ten_megabytes(grid: Grid, pick: random.Random, table) -> Grid:
    grid[pick.randrange(1, len(grid))][pick.randrange(len(grid[0]))] = (
        pick.choice(["x", "甲", '"', "a|", "=", "\n"]) * 10_000_000
    )
    return grid


GRIDS = {f"cell: {kind}": cells(kind) for kind in CELLS} | {
    "column missing": without,
    "column twice": doubled,
    "column renamed": renamed,
    "columns in another order": reordered,
    "labels swapped": swapped_labels,
    "label blank": blank_label,
    "column too many": extra,
    "header missing": no_header,
    "header twice": two_headers,
    "row too short": short_row,
    "row too long": long_row,
    "row twice": repeated_row,
    "key twice": repeated_key,
    "rows in another order": shuffled_rows,
    "row of blanks": blank_row,
    "header only": header_only,
    "cell blank": blank_cell,
    "cells moved by one": moved_cells,
    "typing error": typo,
}
HEAVY = {
    "million columns": million_columns,
    "million cells": million_cells,
    "ten megabytes": ten_megabytes,
}


# --- Bytes


def dialect(**options) -> Callable[[bytes, random.Random], bytes]:
    """Return a mutation that writes the table in another dialect of CSV."""

    def change(data: bytes, pick: random.Random) -> bytes:
        return serialised(parsed(data), **options)

    return change


def recoded(encoding: str, errors: str = "replace") -> Callable[[bytes, random.Random], bytes]:
    """Return a mutation that saves the text in another encoding."""
    return lambda data, pick: data.decode().encode(encoding, errors)


def garbled(encoding: str) -> Callable[[bytes, random.Random], bytes]:
    """Return a mutation that reads UTF-8 as something else and saves what it saw."""
    return lambda data, pick: data.decode(encoding, "replace").encode()


def inserted(*pieces: bytes) -> Callable[[bytes, random.Random], bytes]:
    """Return a mutation that puts bytes anywhere into the file."""

    def change(data: bytes, pick: random.Random) -> bytes:
        at = pick.randrange(len(data) + 1)
        return data[:at] + pick.choice(pieces) + data[at:]

    return change


def flipped(data: bytes, pick: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(pick.choice([1, 1, 3, 20])):
        damaged[pick.randrange(len(damaged))] = pick.randrange(256)
    return bytes(damaged)


def cut(data: bytes, pick: random.Random) -> bytes:
    return data[: pick.randrange(len(data))]


def mixed_ends(data: bytes, pick: random.Random) -> bytes:
    return b"".join(line + pick.choice([b"\n", b"\r\n", b"\r"]) for line in data.split(b"\n")[:-1])


def blank_lines(data: bytes, pick: random.Random) -> bytes:
    return b"".join(
        line + pick.choice([b"", b"", b"\n", b"\r\n"]) for line in data.splitlines(keepends=True)
    )


def other_file(data: bytes, pick: random.Random) -> bytes:
    return pick.choice(
        [
            b"",
            b"\n",
            b"\xef\xbb\xbf",
            b"PK\x03\x04\x14\x00\x06\x00",
            b"\x1f\x8b\x08\x00",
            b"<!DOCTYPE html><html></html>",
            b'[{"name": "x"}]',
            b"%PDF-1.7\n%\xe2\xe3",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            b"<<<<<<< HEAD\n" + data,
            data + b"=======\n" + data,
            b"\x00" * 1000,
            b'"' * 1001,
            b"," * 1001,
            b"'",
            b"\xff\xfe",
        ]
    )


BYTES = {
    "as it is": lambda data, pick: data,
    "byte-order mark": lambda data, pick: b"\xef\xbb\xbf" + data,
    "two byte-order marks": lambda data, pick: b"\xef\xbb\xbf" * 2 + data,
    "UTF-16": recoded("utf-16"),
    "UTF-16 without mark": recoded("utf-16-le"),
    "UTF-32": recoded("utf-32"),
    "GBK": recoded("gbk"),
    "Big5": recoded("big5"),
    "GB 18030": recoded("gb18030"),
    "Latin-1": recoded("latin-1"),
    "UTF-7": recoded("utf-7"),
    "UTF-8 read as Latin-1": garbled("latin-1"),
    "UTF-8 read as GBK": garbled("gbk"),
    "UTF-8 read as Windows-1252": garbled("cp1252"),
    "broken bytes": inserted(b"\xff", b"\xc3", b"\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\xaf"),
    "lone surrogate": inserted(b"\xed\xa0\x80", b"\xed\xbf\xbf"),
    "NUL": inserted(b"\x00"),
    "bytes changed": flipped,
    "cut off": cut,
    "stray quote": inserted(b'"'),
    "stray separator": inserted(b",", b";", b"\t", b"\n", b"\r"),
    "Ctrl-Z": lambda data, pick: data + b"\x1a",
    "CR LF": lambda data, pick: data.replace(b"\n", b"\r\n"),
    "CR": lambda data, pick: data.replace(b"\n", b"\r"),
    "mixed line ends": mixed_ends,
    "no last line end": lambda data, pick: data.rstrip(b"\n"),
    "blank lines": blank_lines,
    "semicolons": dialect(delimiter=";"),
    "tabs": dialect(delimiter="\t"),
    "bars": dialect(delimiter="|"),
    "all quoted": dialect(quoting=csv.QUOTE_ALL),
    "single quotes": dialect(quotechar="'"),
    "backslash for quotes": dialect(doublequote=False, escapechar="\\"),
    "another file": other_file,
}


# --- Places on disk


def folder(path: Path, base: Path) -> None:
    path.unlink()
    path.mkdir()


def gone(path: Path, base: Path) -> None:
    path.unlink()


def pipe(path: Path, base: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link_out(path: Path, base: Path) -> None:
    shutil.copy(path, base.parent / "outside.csv")
    path.unlink()
    path.symlink_to(base.parent / "outside.csv")


def link_to_itself(path: Path, base: Path) -> None:
    path.unlink()
    path.symlink_to(path)


DISK = {
    "folder in its place": folder,
    "file missing": gone,
    "pipe in its place": pipe,
    "link that leads out": link_out,
    "link to itself": link_to_itself,
}
REFERENCE = "table it refers to damaged"
MUTATIONS = [*BYTES, *GRIDS, *DISK, REFERENCE, *HEAVY]


# --- What a file says, by the csv module and the contract; nothing here is shared with the reader


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


def said(cell: str) -> str:
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


def number(text: str, kind: str) -> float | int | None:
    """Return the number that a text is under the contract, None if it is none."""
    digits = "0123456789"
    sign, bare = text[:1] in ("+", "-"), text.lstrip("+-") if text[1:2] not in ("+", "-") else "?"
    if kind == "year":
        return int(text) if len(text) == 4 and all(x in digits for x in text) else None
    if kind == "integer":
        return int(text) if 0 < len(bare) <= 15 and all(x in digits for x in bare) else None
    mantissa, mark, exponent = bare.replace("E", "e").partition("e")
    size = exponent[1:] if exponent[:1] in ("+", "-") else exponent
    if mark and not (0 < len(size) <= 2 and all(x in digits for x in size)):
        return None
    whole, _point, part = mantissa.partition(".")
    if not (whole or part) or not all(x in digits for x in whole + part):
        return None
    counted = (whole + part).lstrip("0")
    return None if len(counted) > PRECISE or (sign and not bare) else float(text)


def parts(column, text: str) -> list[str]:
    """Return the parts of a list, or the cell."""
    if column.type not in ("list", "url_list"):
        return [text]
    found = [part.strip() for part in text.split(column.separator)]
    return [part for part in found if part] if column.blank_parts else found


def judge(data: bytes, table, known: dict[str, set[str]]) -> list[dict] | None:
    """Return the rows that a file says, None if it breaks the contract of its table.

    Parameters
    ----------
    data : bytes
        The file.
    table : Table
        Its contract.
    known : dict
        Reference to the values that the files of other tables hold.
    """
    try:
        text = data.decode("utf-8")
        rows = [
            row
            for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
            if row
        ]
    except (UnicodeDecodeError, csv.Error):
        return None
    labels = [column.name for column in table.columns]
    if not rows or any(len(row) != len(labels) for row in rows) or set(rows[0]) != set(labels):
        return None
    records = [dict(zip(rows[0], map(said, row), strict=True)) for row in rows[1:]]
    for column in table.columns:
        own = f"{table.name}.{column.references.partition('.')[2]}" if column.references else ""
        valid = known.get(column.references, set())
        if own == column.references:
            valid = {record[own.partition(".")[2]] for record in records}
        for record in records:
            text = record[column.name]
            record[column.name] = value = lawful(text, column, valid)
            if value is None:
                return None
    keys = [tuple(record[label] for label in table.key) for record in records]
    return None if table.key and len(set(keys)) < len(keys) else records


def lawful(text: str, column, valid: set[str]) -> str | float | int | None:
    """Return the value of a cell ("" if blank), None if the contract does not allow it."""
    if text == "":
        return None if column.required else ""
    if len(text) > LARGEST or text.isspace() or any(map(unseen, text)):
        return None
    value = text
    if column.type in ("integer", "number", "year"):
        value = number(text, column.type)
        low, high = (1800, 2100) if column.type == "year" else (None, None)
        low, high = (
            (low if column.minimum is None else column.minimum),
            (high if column.maximum is None else column.maximum),
        )
        if (
            value is None
            or (low is not None and value < low)
            or (high is not None and value > high)
        ):
            return None
    address = r"https?://\S.*|seed|github-index:\d+"
    for part in parts(column, text):
        wrong = [
            column.type in ("list", "url_list") and not part,
            column.allowed and part not in column.allowed,
            column.pattern and not re.fullmatch(column.pattern, part),
            column.type == "url_list" and not re.fullmatch(address, part),
            column.references and part and part not in valid,
        ]
        if any(wrong):
            return None
    return value


# --- One case


class Hang(BaseException):
    """No answer in time."""


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Raise `Hang` after twenty seconds."""

    def late(*_):
        raise Hang(f"no answer within {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def listing(base: Path) -> list[tuple]:
    """Return name, size and time of everything in a folder."""
    found = []
    for where, folders, names in os.walk(base):
        for name in (*folders, *names):
            about = os.lstat(os.path.join(where, name))
            found.append((where, name, about.st_size, about.st_mtime_ns, about.st_mode))
    return sorted(found)


def same(frame, records: list[dict]) -> bool:
    """Whether a frame holds exactly these values."""
    if len(frame) != len(records):
        return False
    for label in frame.columns:
        blank = frame[label].isna().tolist()
        for value, missing, record in zip(frame[label].tolist(), blank, records, strict=True):
            if missing != (record[label] == "") or (not missing and value != record[label]):
                return False
    return list(frame.columns) == list(records[0] if records else frame.columns) or set(
        frame.columns
    ) == set(records[0])


PLACE = re.compile(
    r"(?:, row (\d+)(?: \(line (\d+)\))?|, line \d+)?(?:, column '(.*?)'(?:, value '(.*?)')?)?: ",
    re.DOTALL,
)


def clear(message: str, name: str, data: bytes | None) -> bool:
    """Whether each line of a message names a file, a true place and a remedy, and can be shown
    anywhere.
    """
    lines = message.split("\n")
    if any(unseen(letter) for letter in message.replace("\n", "")) or max(map(len, lines)) > 2000:
        return False
    rows: Grid = []
    if data is not None:
        with contextlib.suppress(UnicodeDecodeError, csv.Error):
            text = data.decode("utf-8").removeprefix("\ufeff")
            rows.extend(
                csv.reader(io.StringIO(text, newline=""), strict=True)
            )  # the rows before an error stay
    for line in lines:
        if re.fullmatch(r"\.\.\. and \d+ more", line):
            continue
        file = re.match(r"(data/raw|seeds|data/processed)/[\w./-]+\.csv", line)
        place = file and PLACE.match(line, file.end())
        if not place or not REMEDY.search(line, place.end()):
            return False
        row, _, column, value = place.groups()
        if file[0] == name and row and column is not None and value is not None and rows:
            header = next(one for one in rows if one)
            cell = said(rows[int(row) - 1][header.index(column)])
            plain = len(cell) <= 80 and not any(
                unseen(letter) or letter in "\t\n" for letter in cell
            )
            if (plain and value != cell) or (
                not plain and value[:3] != cell[:3] and "\\u" not in value
            ):
                return False
    return True


class Room:
    """A copy of the raw tables in a temporary folder, in which one table at a time is damaged."""

    def __init__(self, base: Path):
        from cluster_anatomy import tables
        from cluster_anatomy.tables import contract

        self.base, self.tables, self.contract = base, tables, contract
        for name in ("data/raw", "data/processed", "seeds"):
            shutil.copytree(ROOT / name, base / name)
        for notebook in (ROOT / "notebooks").glob("*.ipynb"):
            (base / "notebooks").mkdir(exist_ok=True)
            (base / "notebooks" / notebook.name).write_text("{}")
        shutil.copy(ROOT / STEPS, base / STEPS)
        for name in ("README.md", "requirements.lock", "pyproject.toml"):
            (base / name).touch()
        for step in tomllib.loads((ROOT / STEPS).read_text(encoding="utf-8"))["step"]:
            for path in (
                path for pattern in step["reads"] for path in ROOT.glob(pattern) if path.is_file()
            ):
                copy = base / path.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.touch()  # that it is there is enough
        os.environ["CLUSTER_ANATOMY_ROOT"] = str(base)
        os.environ.pop("CLUSTER_ANATOMY_STAGE", None)
        self.values: dict[str, set[str]] = {}

    def names(self) -> list[str]:
        """Return every raw table that has a contract."""
        found = [*(ROOT / "data/raw").rglob("*.csv"), *(ROOT / "seeds").glob("*.csv")]
        own = {
            path
            for table in self.contract.contracts().values()
            if table.optional
            for path in table.path
        }
        return sorted({path.relative_to(ROOT).as_posix() for path in found} - own)

    def known(self, table) -> dict[str, set[str]]:
        """Return the values of each column of another table to which this one refers."""
        for column in table.columns:
            if column.references and column.references not in self.values:
                other, _, label = column.references.partition(".")
                values = set()
                for path in self.tables.files_of(other):
                    with open(self.base / path, newline="", encoding="utf-8") as file:
                        values |= {said(row[label]) for row in csv.DictReader(file)}
                self.values[column.references] = values
        return self.values

    def case(self, name: str, mutation: str, pick: random.Random) -> tuple[str, str]:
        """Damage one table in one way, read it, and put it back.

        Returns
        -------
        outcome : str
            One of `OUTCOMES`; empty if the table cannot be damaged in this way.
        why : str
            What is to be said about it.
        """
        path, table = self.base / name, self.contract.contract_of(name)
        sound, data, touched, expected = path.read_bytes(), None, path, None
        try:
            if mutation in BYTES:
                data = BYTES[mutation](sound, pick)
            elif mutation in GRIDS or mutation in HEAVY:
                grid = (GRIDS | HEAVY)[mutation](parsed(sound), pick, table)
                data = serialised(grid)
            elif mutation in DISK:
                DISK[mutation](path, self.base)
            else:  # the table it refers to
                others = sorted(
                    {
                        column.references.partition(".")[0]
                        for column in table.columns
                        if column.references
                    }
                )
                others = [other for other in others if other != table.name]
                if not others:
                    return "", ""
                touched = self.base / pick.choice(self.tables.files_of(pick.choice(others)))
                sound = touched.read_bytes()
                touched.write_bytes(
                    pick.choice(
                        [b"", b"\xff\xfe", b'"', b"name;x\n", sound[: sound.index(b"\n") + 1][1:]]
                    )
                )
            if data is not None:
                path.write_bytes(data)
                expected = judge(data, table, self.known(table))
            return self.outcome(name, data, expected)
        finally:
            if touched.is_dir() and not touched.is_symlink():
                touched.rmdir()
            else:
                touched.unlink(missing_ok=True)
            touched.write_bytes(sound)

    def outcome(
        self, name: str, data: bytes | None, expected: list[dict] | None
    ) -> tuple[str, str]:
        """Read the damaged table and compare with what should happen."""
        before = listing(self.base)
        try:
            with limited():
                frame = self.tables.read(name)
        except self.tables.TableError as error:
            frame, message = None, str(error)
        except (Exception, Hang) as error:
            return "crashed", f"{type(error).__name__}: {error}"[:300]
        if listing(self.base) != before:
            return "touched", "something on disk changed"
        if frame is None:
            if expected is not None:
                return "misjudged", f"refused, but it keeps the contract: {message[:300]}"
            return (
                ("refused", message) if clear(message, name, data) else ("unclear", message[:600])
            )
        if expected is None:
            return "misjudged", "accepted, but it breaks the contract"
        return (
            ("accepted", "")
            if same(frame, expected)
            else ("changed", "a cell is not what the file says")
        )

    def steps(self, mutation: str, pick: random.Random) -> tuple[str, str]:
        """Damage the list of steps instead of a table; only `PipelineError` may come of it."""
        from cluster_anatomy.compendium import steps

        path = self.base / STEPS
        sound = path.read_bytes()
        try:
            path.write_bytes(
                BYTES[mutation](sound, pick) if mutation in BYTES else TEXTS[mutation](sound, pick)
            )
            before = listing(self.base)
            with limited():
                found = steps.load_steps(self.base)
            for step in found:
                for one in (*step.reads, *step.writes):
                    if Path(one).is_absolute() or ".." in Path(one).parts:
                        return "misjudged", f"{one} leads out"
            return ("touched", "") if listing(self.base) != before else ("accepted", "")
        except steps.PipelineError as error:
            return ("refused", "") if "steps.toml" in str(error) else ("unclear", str(error))
        except (Exception, Hang) as error:
            return "crashed", f"{type(error).__name__}: {error}"[:300]
        finally:
            path.write_bytes(sound)


def replaced(pattern: bytes, *others: bytes) -> Callable[[bytes, random.Random], bytes]:
    """Return a mutation of the list of steps that puts something else where a pattern stands."""

    def change(data: bytes, pick: random.Random) -> bytes:
        hit = pick.choice(list(re.finditer(pattern, data)))
        return data[: hit.start()] + pick.choice(others) + data[hit.end() :]

    return change


VALUES = [
    b"1",
    b"-1.5",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b'[""]',
    b"[1]",
    b'"\\u0000"',
    b'["\\u0000"]',
    b'["/etc/passwd"]',
    b"[[]]",
]
TEXTS = {
    "path that leads out": replaced(
        rb'"data/[^"]*"',
        b'"../x"',
        b'"/etc/passwd"',
        b'"data/../../x"',
        b'"data/raw/../../../x/*.csv"',
        b'"~/x"',
        b'"C:\\\\x"',
    ),
    "another value": replaced(rb"(?<== )(\[[^\]]*\]|\"[^\"]*\")", *VALUES),
    "another key": replaced(
        rb"(?m)^(name|title|reads|writes)(?= =)",
        b"x",
        b"nmae",
        b'"a b"',
        b"name",
        b"step",
        b"[x]\ny",
    ),
    "odd glob": replaced(
        rb'"data/raw[^"]*"',
        b'"**"',
        b'"["',
        b'"data/[z-a]"',
        b'"***"',
        b'"' + b"*/" * 50 + b'"',
        b'"?"',
        b'"{a,b}"',
    ),
}


def run(name: str, seed: int, repeats: int, kinds: list[str]) -> list[tuple[str, str, str, str]]:
    """Return table, mutation, outcome and reason of every case of one file."""
    with tempfile.TemporaryDirectory(prefix="bad-input-") as temporary:
        room = Room(Path(temporary) / "study")
        cases = []
        for mutation in kinds:
            for number in range(1 if mutation in (*HEAVY, *DISK) else repeats):
                pick = random.Random(f"{seed} {name} {mutation} {number}")
                outcome, why = (
                    room.steps(mutation, pick) if name == STEPS else room.case(name, mutation, pick)
                )
                table = "steps.toml" if name == STEPS else room.contracts.contract_of(name).name
                if outcome:
                    cases.append((table, mutation, outcome, f"{name}, case {number}: {why}"))
        return cases


def publish(counts: dict[tuple[str, str, str], int]) -> None:
    """Write the counts of (table, mutation, outcome), by mutation and by table and mutation."""
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    for path, keys in ((RESULT, ["mutation"]), (DETAIL, ["table", "mutation"])):
        found: dict[tuple[str, ...], Counter] = {}
        for (table, mutation, outcome), number in counts.items():
            key = (table, mutation) if "table" in keys else (mutation,)
            found.setdefault(key, Counter())[outcome] += number
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*keys, "cases", *OUTCOMES])
            for key, row in sorted(found.items()):
                writer.writerow([*key, row.total(), *(row[outcome] for outcome in OUTCOMES)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=6, help="of the random choices (default 6)")
    parser.add_argument(
        "--repeats", type=int, default=2, help="cases per file and kind of damage (default 2)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument(
        "--only",
        default="",
        metavar="TEXT",
        help="only files whose path holds this; writes no table",
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bad-input-") as temporary:
        room = Room(Path(temporary) / "study")
        names = [name for name in room.names() if arguments.only in name]
        first = {room.contracts.contract_of(name).name: name for name in reversed(names)}.values()
    light = [mutation for mutation in MUTATIONS if mutation not in HEAVY]
    work = [
        (name, arguments.seed, arguments.repeats, light + [*HEAVY] * (name in first))
        for name in names
    ]
    if not arguments.only:
        work.append((STEPS, arguments.seed, 5 * arguments.repeats, [*BYTES, *TEXTS]))
    print(
        f"seed {arguments.seed}, {len(names)} tables, {len(MUTATIONS) + len(TEXTS)} kinds of"
        " damage",
        flush=True,
    )
    with ProcessPoolExecutor(arguments.jobs) as pool:
        cases = []
        for (name, *_), found in zip(work, pool.map(run, *zip(*work, strict=True)), strict=True):
            cases += found
            print(f"{len(found):4} cases of {name}", flush=True)
    counts = Counter(case[:3] for case in cases)
    total = Counter(case[2] for case in cases)
    for table, mutation, outcome, why in cases:
        if outcome not in ("accepted", "refused"):
            print(f"{outcome}: {table}, {mutation}: {why}")
    if not arguments.only:
        publish(counts)
    print(json.dumps({"cases": len(cases), **{outcome: total[outcome] for outcome in OUTCOMES}}))
    return 0 if total["accepted"] + total["refused"] == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())
