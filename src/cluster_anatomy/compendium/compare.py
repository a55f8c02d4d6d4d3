"""Compare two versions of a file: tables by cell, notebooks by texts, pictures by points."""

import csv
import math
import re
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from cluster_anatomy.compendium.notebooks import code_cells, output_texts, read_notebook

NUMBER = re.compile(r"((?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)")
EXACT, SHOWN = 1e-9, 1e-6
"""Relative tolerance for numbers in files, and for those that a notebook shows."""
CLEARLY, ANOTHER = 64, 0.005
"""Grey steps by which a point differs clearly; share of such points that make another picture."""
PICTURES = {".png", ".pdf", ".svg", ".jpg"}

Pair = tuple[str, str, str]
"""Where in a file, what is committed, what is new."""


class Difference(NamedTuple):
    """One value that a fresh run gives otherwise than the committed file has it."""

    file: str
    place: str
    committed: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place}: committed {self.committed}, new {self.new}"


def compare(path: str, committed: Path, fresh: Path) -> list[Difference]:
    """Compare one file in two folders.

    Tables are compared cell by cell, notebooks by the texts they show, PNG pictures by the points
    that clearly differ, other pictures by whether there is anything in them, and anything else line
    by line.
    """
    old, new = committed / path, fresh / path
    if not (old.is_file() and new.is_file()):
        there = ("present" if file.is_file() else "missing" for file in (old, new))
        return [Difference(path, "file", *there)]
    if old.suffix == ".csv":
        pairs = _compare_tables(old, new)
    elif old.suffix == ".ipynb":
        pairs = _compare_notebooks(old, new)
    elif old.suffix in PICTURES:
        pairs = _compare_pictures(old, new)
    else:
        old_text, new_text = (file.read_text("utf-8", "replace") for file in (old, new))
        pairs = _compare_lines(old_text, new_text, EXACT)
    return [Difference(path, *pair) for pair in pairs]


def _same(old: str, new: str, tolerance: float) -> bool:
    """Whether two texts are equal but for small differences of the numbers in them."""
    old_parts, new_parts = NUMBER.split(old), NUMBER.split(new)  # every second part is a number
    return len(old_parts) == len(new_parts) and all(
        a == b or (index % 2 and math.isclose(float(a), float(b), rel_tol=tolerance, abs_tol=1e-12))
        for index, (a, b) in enumerate(zip(old_parts, new_parts, strict=True))
    )


def _compare_lines(old: str, new: str, tolerance: float) -> list[Pair]:
    old_lines, new_lines = old.splitlines(), new.splitlines()
    if len(old_lines) != len(new_lines):
        return [("lines", str(len(old_lines)), str(len(new_lines)))]
    lines = enumerate(zip(old_lines, new_lines, strict=True), start=1)
    return [(f"line {number}", a, b) for number, (a, b) in lines if not _same(a, b, tolerance)]


def _compare_tables(old: Path, new: Path) -> list[Pair]:
    texts = (file.read_text(encoding="utf-8").splitlines(keepends=True) for file in (old, new))
    old_rows, new_rows = (list(csv.reader(text)) for text in texts)
    if old_rows[:1] != new_rows[:1]:
        old_names, new_names = (",".join(rows[0]) if rows else "" for rows in (old_rows, new_rows))
        return [("columns", old_names, new_names)]
    pairs = []
    if len(old_rows) != len(new_rows):
        pairs.append(("rows", str(len(old_rows) - 1), str(len(new_rows) - 1)))
    for number, (a, b) in enumerate(zip(old_rows[1:], new_rows[1:], strict=False), start=1):
        cells = zip_longest(old_rows[0], a, b, fillvalue="")
        pairs += [
            (f"row {number}, column {c}", x, y) for c, x, y in cells if not _same(x, y, EXACT)
        ]
    return pairs


def _compare_notebooks(old: Path, new: Path) -> list[Pair]:
    old_cells, new_cells = (code_cells(read_notebook(file)) for file in (old, new))
    if len(old_cells) != len(new_cells):
        return [("code cells", str(len(old_cells)), str(len(new_cells)))]
    pairs = []
    for (number, a), (_, b) in zip(old_cells, new_cells, strict=True):
        lines = _compare_lines("\n".join(output_texts(a)), "\n".join(output_texts(b)), SHOWN)
        pairs += [(f"code cell {number}, {line}", x, y) for line, x, y in lines]
    return pairs


def _compare_pictures(old: Path, new: Path) -> list[Pair]:
    old_size, new_size = _size(old), _size(new)
    if old_size != new_size:
        return [("size", old_size, new_size)]
    return _compare_points(old, new)


def _compare_points(old: Path, new: Path) -> list[Pair]:
    """Compare two PNG of one size: other fonts move edges a little, another chart moves much."""
    if old.suffix != ".png" or old.read_bytes() == new.read_bytes():
        return []
    from PIL import Image, ImageChops  # only needed where bytes differ

    with Image.open(old) as before, Image.open(new) as after:
        steps = ImageChops.difference(before.convert("L"), after.convert("L")).histogram()
    part = sum(steps[CLEARLY:]) / sum(steps)
    if part <= ANOTHER:
        return []
    return [("points", "the picture", f"another one: {part:.1%} of its points differ")]


def _size(picture: Path) -> str:
    """Return width and height of a PNG, from its header; of others whether anything is in them."""
    content = picture.read_bytes()
    if not content:
        return "an empty file"
    if picture.suffix != ".png":
        return "a picture"
    width, height = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
    return f"{width} x {height} pixels"
