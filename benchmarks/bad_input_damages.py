"""Ways to damage a table or the list of steps: cells, rows and columns, bytes, places on disk.

A mutation of a grid takes the rows, a random generator and the contract of the table; one of bytes
the file and a generator; one of the disk the path and the folder of the copy.
"""

import csv
import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from bad_input_cells import CELLS
from bad_input_judge import Grid, parsed, serialised

from cluster_anatomy.tables.contract import Table


def cells(kind: str) -> Callable[[Grid, random.Random, Table], Grid]:
    """Return a mutation that puts such a cell in the place of others, or before or after them."""
    types = {
        "year": ("year",),
        "number": ("integer", "number"),
        "list": ("list", "url_list"),
    }.get(kind, ())

    def change(grid: Grid, pick: random.Random, table: Table) -> Grid:
        type_of = {column.name: column.type for column in table.columns}
        columns = [at for at, label in enumerate(grid[0]) if label in type_of]
        likely = [at for at in columns if type_of[grid[0][at]] in types]
        for _ in range(pick.choice([1, 1, 1, 2, 40])):
            row, at = pick.randrange(1, len(grid)), pick.choice(likely or columns)
            cell, old = pick.choice(CELLS[kind]), grid[row][at]
            grid[row][at] = pick.choice([cell, cell, cell + old, old + cell])
        return grid

    return change


# --- Rows and columns


def without(grid: Grid, pick: random.Random, table: Table) -> Grid:
    at = pick.randrange(len(grid[0]))
    return [row[:at] + row[at + 1 :] for row in grid]


def doubled(grid: Grid, pick: random.Random, table: Table) -> Grid:
    at = pick.randrange(len(grid[0]))
    return [[*row, row[at]] for row in grid]


def renamed(grid: Grid, pick: random.Random, table: Table) -> Grid:
    at = pick.randrange(len(grid[0]))
    label = grid[0][at]
    others = [label.upper(), label + " ", "\ufeff" + label, label[:-1], f"{label}.1"]
    others += [label + "\u200b", f"'{label}", "x" * 5000, "姓名"]
    grid[0][at] = pick.choice(others)
    return grid


def reordered(grid: Grid, pick: random.Random, table: Table) -> Grid:
    order = pick.sample(range(len(grid[0])), len(grid[0]))
    return [[row[at] for at in order] for row in grid]


def swapped_labels(grid: Grid, pick: random.Random, table: Table) -> Grid:
    pick.shuffle(grid[0])
    return grid


def blank_label(grid: Grid, pick: random.Random, table: Table) -> Grid:
    grid[0][pick.randrange(len(grid[0]))] = pick.choice(["", " ", "\u00a0"])
    return grid


def extra(grid: Grid, pick: random.Random, table: Table) -> Grid:
    return [[*row, ""] for row in grid[:1]] + [[*row, pick.choice(["", "x"])] for row in grid[1:]]


def no_header(grid: Grid, pick: random.Random, table: Table) -> Grid:
    return grid[1:]


def two_headers(grid: Grid, pick: random.Random, table: Table) -> Grid:
    return grid[:1] + grid


def short_row(grid: Grid, pick: random.Random, table: Table) -> Grid:
    grid[pick.randrange(1, len(grid))].pop()
    return grid


def long_row(grid: Grid, pick: random.Random, table: Table) -> Grid:
    grid[pick.randrange(1, len(grid))].append(pick.choice(["", "x"]))
    return grid


def repeated_row(grid: Grid, pick: random.Random, table: Table) -> Grid:
    grid.insert(pick.randrange(1, len(grid)), list(pick.choice(grid[1:])))
    return grid


def repeated_key(grid: Grid, pick: random.Random, table: Table) -> Grid:
    target, model = pick.choice(grid[1:]), pick.choice(grid[1:])
    for at, label in enumerate(grid[0]):
        if label in table.key:
            target[at] = model[at]
    return grid


def shuffled_rows(grid: Grid, pick: random.Random, table: Table) -> Grid:
    return grid[:1] + pick.sample(grid[1:], len(grid) - 1)


def blank_row(grid: Grid, pick: random.Random, table: Table) -> Grid:
    grid.insert(pick.randrange(1, len(grid) + 1), [""] * len(grid[0]))
    return grid


def header_only(grid: Grid, pick: random.Random, table: Table) -> Grid:
    return grid[:1]


def blank_cell(grid: Grid, pick: random.Random, table: Table) -> Grid:
    grid[pick.randrange(1, len(grid))][pick.randrange(len(grid[0]))] = ""
    return grid


def moved_cells(grid: Grid, pick: random.Random, table: Table) -> Grid:
    row = pick.randrange(1, len(grid))
    grid[row] = grid[row][1:] + grid[row][:1]
    return grid


def typo(grid: Grid, pick: random.Random, table: Table) -> Grid:
    """One letter more, less or other, in a column that refers to another table if there is one."""
    tied = {column.name for column in table.columns if column.references or column.allowed}
    columns = [at for at, label in enumerate(grid[0]) if label in tied] or range(len(grid[0]))
    filled = [(row, at) for at in columns for row in range(1, len(grid)) if grid[row][at]]
    if filled:
        row, at = pick.choice(filled)
        word = grid[row][at]
        index = pick.randrange(len(word))
        letter = pick.choice(["", "x", word[index] * 2])
        grid[row][at] = word[:index] + letter + word[index + 1 :]
    return grid


def million_columns(grid: Grid, pick: random.Random, table: Table) -> Grid:
    return [[*grid[0], *map(str, range(1_000_000))], *grid[1:]]


def million_cells(grid: Grid, pick: random.Random, table: Table) -> Grid:
    grid[pick.randrange(1, len(grid))] += [""] * 1_000_000
    return grid


def ten_megabytes(grid: Grid, pick: random.Random, table: Table) -> Grid:
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
    """Return what is no table: another kind of file, or one in which a merge was left undone."""
    kinds = [b"", b"\n", b"\xef\xbb\xbf", b"PK\x03\x04\x14\x00\x06\x00", b"\x1f\x8b\x08\x00"]
    kinds += [b"<!DOCTYPE html><html></html>", b'[{"name": "x"}]', b"%PDF-1.7\n%\xe2\xe3"]
    kinds += [b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"]
    kinds += [b"<<<<<<< HEAD\n" + data, data + b"=======\n" + data]
    kinds += [b"\x00" * 1000, b'"' * 1001, b"," * 1001, b"'", b"\xff\xfe"]
    return pick.choice(kinds)


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


# --- The list of steps


def replaced(pattern: bytes, *others: bytes) -> Callable[[bytes, random.Random], bytes]:
    """Return a mutation of the list of steps that puts something else where a pattern stands."""

    def change(data: bytes, pick: random.Random) -> bytes:
        hit = pick.choice(list(re.finditer(pattern, data)))
        return data[: hit.start()] + pick.choice(others) + data[hit.end() :]

    return change


VALUES = [
    *[b"1", b"-1.5", b"true", b"[]", b"{}", b'""', b'[""]', b"[1]"],
    *[b'"\\u0000"', b'["\\u0000"]', b'["/etc/passwd"]', b"[[]]"],
]
LEADS_OUT = [
    *[b'"../x"', b'"/etc/passwd"', b'"data/../../x"', b'"data/raw/../../../x/*.csv"'],
    *[b'"~/x"', b'"C:\\\\x"'],
]
GLOBS = [b'"**"', b'"["', b'"data/[z-a]"', b'"***"', b'"' + b"*/" * 50 + b'"', b'"?"', b'"{a,b}"']
KEYS = [b"x", b"nmae", b'"a b"', b"name", b"step", b"[x]\ny"]
TEXTS = {
    "path that leads out": replaced(rb'"data/[^"]*"', *LEADS_OUT),
    "another value": replaced(rb"(?<== )(\[[^\]]*\]|\"[^\"]*\")", *VALUES),
    "another key": replaced(rb"(?m)^(name|title|reads|writes)(?= =)", *KEYS),
    "odd glob": replaced(rb'"data/raw[^"]*"', *GLOBS),
}
