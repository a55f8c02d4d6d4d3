"""Compare two versions of a file: tables by cell, notebooks by what they show, pictures by points."""

import csv
import math
import re
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from cluster_anatomy.compendium.notebooks import code_cells, output_texts, read_notebook

NUMBER = re.compile(r"((?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)")
EXACT, SHOWN = (
    1e-9,
    1e-6,
)  # relative tolerance for numbers in files, and for those that a notebook shows
CLEARLY, ANOTHER = 64, 0.005
"""Grey steps by which a point differs clearly; share of such points from which a picture is another
one.
"""
PICTURES = {".png", ".pdf", ".svg", ".jpg"}


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
        found = [("file", *("present" if file.is_file() else "missing" for file in (old, new)))]
    elif old.suffix == ".csv":
        found = _compare_tables(old, new)
    elif old.suffix == ".ipynb":
        found = _compare_notebooks(old, new)
    elif old.suffix in PICTURES:
        found = (
            [("size", _size(old), _size(new))]
            if _size(old) != _size(new)
            else _compare_points(old, new)
        )
    else:
        found = _compare_lines(*(file.read_text("utf-8", "replace") for file in (old, new)), EXACT)
    return [Difference(path, *item) for item in found]


def _same(old: str, new: str, tolerance: float) -> bool:
    """Whether two texts are equal but for small differences of the numbers in them."""
    old_parts, new_parts = NUMBER.split(old), NUMBER.split(new)  # every second part is a number
    return len(old_parts) == len(new_parts) and all(
        a == b or (place % 2 and math.isclose(float(a), float(b), rel_tol=tolerance, abs_tol=1e-12))
        for place, (a, b) in enumerate(zip(old_parts, new_parts, strict=True))
    )


def _compare_lines(old: str, new: str, tolerance: float) -> list[tuple[str, str, str]]:
    old_lines, new_lines = old.splitlines(), new.splitlines()
    if len(old_lines) != len(new_lines):
        return [("lines", str(len(old_lines)), str(len(new_lines)))]
    lines = enumerate(zip(old_lines, new_lines, strict=True), start=1)
    return [(f"line {number}", a, b) for number, (a, b) in lines if not _same(a, b, tolerance)]


def _compare_tables(old: Path, new: Path) -> list[tuple[str, str, str]]:
    texts = (file.read_text(encoding="utf-8").splitlines(keepends=True) for file in (old, new))
    old_rows, new_rows = (list(csv.reader(text)) for text in texts)
    if old_rows[:1] != new_rows[:1]:
        return [("columns", *(",".join(rows[0] if rows else []) for rows in (old_rows, new_rows)))]
    found = []
    if len(old_rows) != len(new_rows):
        found.append(("rows", str(len(old_rows) - 1), str(len(new_rows) - 1)))
    for number, (a, b) in enumerate(zip(old_rows[1:], new_rows[1:], strict=False), start=1):
        cells = zip_longest(old_rows[0], a, b, fillvalue="")
        found += [
            (f"row {number}, column {c}", x, y) for c, x, y in cells if not _same(x, y, EXACT)
        ]
    return found


def _compare_notebooks(old: Path, new: Path) -> list[tuple[str, str, str]]:
    old_cells, new_cells = (code_cells(read_notebook(file)) for file in (old, new))
    if len(old_cells) != len(new_cells):
        return [("code cells", str(len(old_cells)), str(len(new_cells)))]
    found = []
    for (number, a), (_, b) in zip(old_cells, new_cells, strict=True):
        lines = _compare_lines("\n".join(output_texts(a)), "\n".join(output_texts(b)), SHOWN)
        found += [(f"code cell {number}, {place}", x, y) for place, x, y in lines]
    return found


def _compare_points(old: Path, new: Path) -> list[tuple[str, str, str]]:
    """Compare two PNG of one size: other fonts move edges a little, another chart moves much."""
    if old.suffix != ".png" or old.read_bytes() == new.read_bytes():
        return []
    from PIL import Image, ImageChops  # only needed where bytes differ

    with Image.open(old) as one, Image.open(new) as other:
        steps = ImageChops.difference(one.convert("L"), other.convert("L")).histogram()
    part = sum(steps[CLEARLY:]) / sum(steps)
    if part <= ANOTHER:
        return []
    return [("points", "the picture", f"another one: {part:.1%} of its points differ")]


def _size(picture: Path) -> str:
    """Width and height from the header of a PNG; of another kind only whether there is anything in
    it.
    """
    content = picture.read_bytes()
    if content and picture.suffix == ".png":
        return (
            f"{int.from_bytes(content[16:20], 'big')} x {int.from_bytes(content[20:24], 'big')}"
            " pixels"
        )
    return "a picture" if content else "an empty file"
