"""The files of a table, and what stands in them: cells of text, not yet checked one by one."""

import csv
import io
import os
import re
from collections import Counter
from pathlib import Path

import pandas as pd

from cluster_anatomy.compendium import paths
from cluster_anatomy.tables import contract
from cluster_anatomy.tables.cells import unguard, visible
from cluster_anatomy.tables.contract import SHOWN, Table, TableError, nearest

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
"""What stands between the cells of files that were not saved with commas."""


def files_of(table_name: str) -> list[str]:
    """Return the files of a table, relative to the compendium, sorted.

    Optional ones are among them only if they are there.
    """
    contracts = contract.contracts()
    if table_name not in contracts:
        raise TableError(
            [f"table '{table_name}': no such contract.{nearest(table_name, contracts)}"]
        )
    table, files = contracts[table_name], set()
    for path in table.path:
        if "*" not in path:
            if not table.optional or paths.source(path).is_file():
                files.add(path)
            continue
        for base in {paths.root(), Path(os.environ.get(paths.STAGE_VARIABLE) or paths.root())}:
            files |= {file.relative_to(base).as_posix() for file in base.glob(path)}
    return sorted(path for path in files if contract.contract_of(path) is table)


def parse(name: str, table: Table) -> tuple[pd.DataFrame, list[str]]:
    """Return the cells of a file as text, and for each row how a message names its place.

    Raises
    ------
    TableError
        If the file is missing, no CSV in UTF-8, or has other columns than its contract.
    """
    rows: list[list[str]] = []
    places, ragged, line = [], [], 1
    reader = csv.reader(io.StringIO(_decoded(name, _bytes(name, table)), newline=""), strict=True)
    try:
        for number, row in enumerate(reader, 1):
            if row and not rows:
                check_header(row, table, name)
            if row:
                rows.append([unguard(cell) for cell in row])
                places.append(f"{name}, row {number} (line {line})")
                if len(row) != len(rows[0]):
                    ragged.append(
                        f"{places[-1]}: {len(row)} cells, but the first line names {len(rows[0])}"
                        " columns; quote cells that hold a comma, and give each column a cell"
                    )
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableError([f"{name}, line {line}: {_csv_fault(str(error))}"]) from None
    if not rows:
        raise TableError([f"{name}: the file is empty; the first line must name the columns"])
    if ragged:
        raise TableError(ragged)
    return pd.DataFrame(rows[1:], columns=rows[0], dtype=object), places[1:]


def check_header(labels: list[str], table: Table, name: str) -> None:
    """Raise `TableError` if the columns are not those of the contract, in whatever order."""
    expected, times = [column.name for column in table.columns], Counter(labels)
    for sign, words in SEPARATORS.items():
        if len(labels) == 1 and labels[0] not in expected and sign in labels[0]:
            raise TableError(
                [f"{name}, line 1: the columns stand between {words}; save it with commas instead"]
            )
    missing = [
        f"{name}: column '{label}' is missing; the columns must be {', '.join(expected)}"
        for label in expected
        if label not in times
    ]
    repeated = [
        f"{name}, column '{label}': named twice in the first line; keep one"
        for label in expected
        if times[label] > 1
    ]
    unknown = [label for label in times if label not in set(expected)]
    absent = set(expected) - times.keys()
    worded = []
    for label in unknown[:SHOWN]:
        hint = nearest(label, absent) or nearest(label, expected)
        blank = f" (the {labels.index(label) + 1}. cell of the first line has no name)"
        worded.append(
            f"{name}: column '{visible(label)}' is not in the contract"
            f"{'' if label.strip() else blank}; take it out.{hint}"
        )
    if problems := missing + repeated + worded:
        raise TableError(problems, len(missing + repeated + unknown))


def _bytes(name: str, table: Table) -> bytes:
    """Return what a file holds."""
    try:
        path = paths.source(name)
        if path.is_file():
            return path.read_bytes()
    except OSError as error:
        raise TableError(
            [f"{name}: cannot be read ({error.strerror}); mend the file or its permissions"]
        ) from None
    except paths.StudyError as error:
        raise TableError([f"{name}: {error}"]) from None
    if path.exists():
        raise TableError(
            [f"{name}: this is a folder or a device, not a file; put the CSV file in its place"]
        )
    advice = "run the step that writes it (notebooks/steps.toml says which)"
    if name.startswith(("data/raw", "seeds")):
        advice = f"restore it with `git checkout -- {name}`"
    if table.optional:
        advice = (
            "it is optional and not distributed; provide the columns that data/CODEBOOK.md lists"
        )
    if name.startswith("data/raw/own_list/"):
        advice = "a run on a list makes it: python -m cluster_anatomy run NAME"
    raise TableError([f"{name}: the file is missing; {advice}"])


def _decoded(name: str, data: bytes) -> str:
    """Return the text of a file, its lines ended as Unix ends them."""
    try:
        text = re.sub("\r\n?", "\n", data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableError(
            [f"{name}, line {line}: not UTF-8 text (byte {error.start}); save it as CSV in UTF-8"]
        ) from None
    if "\0" in text.partition("\n")[0]:
        raise TableError(
            [f"{name}, line 1: not UTF-8 text (but perhaps UTF-16); save it as CSV in UTF-8"]
        )
    return text


def _csv_fault(message: str) -> str:
    """Return what stopped the parser, and what would be right."""
    if "field limit" in message:
        return (
            f"a cell has more than {csv.field_size_limit():,} characters; shorten it or look for a"
            " stray quote"
        )
    return f"not a CSV row ({message}); look for a stray quote"
