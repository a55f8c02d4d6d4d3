"""Read, check and write the CSV files of the compendium, each under its contract.

The contracts are the TOML files in `cluster_anatomy.tables.contract`, whose docstring explains their
format. A message names the row and the column of each fault and says what would be right there. A
row has the number that a spreadsheet gives it: the first line of the file is row 1.

Nothing is guessed or repaired. A cell means its text, but for two conventions of the format: a line
break inside a cell is ``\n`` however the file writes it, and an apostrophe before what a
spreadsheet would take for a formula is not part of the text (`guard`, `unguard`).

``python -m cluster_anatomy.tables`` rewrites ``data/raw/SHA256SUMS`` and ``data/CODEBOOK.md``.
"""

import csv
import io
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from cluster_anatomy.compendium import paths
from cluster_anatomy.tables.cells import UNSEEN, guard, unguard, visible
from cluster_anatomy.tables.codebook import main
from cluster_anatomy.tables.contract import (
    SHOWN,
    Column,
    Table,
    TableError,
    contract_of,
    contracts,
    failed_check,
    limits,
    nearest,
)

# The same kind of text column whether or not pyarrow is installed, which changes what a comparison
# returns.
pd.options.mode.string_storage = "python"
DIGITS = {
    "integer": r"[+-]?[0-9]{1,15}",
    "year": r"[0-9]{4}",
    "number": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?",
}
WANTED = {
    "integer": "write a whole number in digits, such as 12",
    "year": "write one year with four digits, such as 1998",
    "number": (
        "write a number in digits with a decimal point, such as 12.5, with at most 15 digits that"
        " count"
    ),
}
PRECISE = 15
"""Digits that a float keeps without loss."""
LARGEST = 131_072
"""Characters in a cell; a spreadsheet takes a quarter of it."""


def files_of(table_name: str) -> list[str]:
    """Return the files of a table, relative to the compendium, sorted (optional ones only if they
    are there).
    """
    if table_name not in contracts():
        raise TableError(
            [f"table '{table_name}': no such contract.{nearest(table_name, contracts())}"]
        )
    table, found = contracts()[table_name], set()
    for path in table.path:
        if "*" not in path:
            found |= set() if table.optional and not paths.source(path).is_file() else {path}
            continue
        for base in {paths.root(), Path(os.environ.get(paths.STAGE_VARIABLE) or paths.root())}:
            found |= {file.relative_to(base).as_posix() for file in base.glob(path)}
    return sorted(path for path in found if contract_of(path) is table)


def read(relative: str | Path) -> pd.DataFrame:
    """Read and check one CSV file.

    Returns
    -------
    pandas.DataFrame
        The columns of the contract in its order; ``Int64`` for integers and years, ``float64`` for
        numbers, ``string`` for all else. A blank cell is missing.

    Raises
    ------
    TableError
        If the file is missing, unreadable or breaks its contract.
    """
    name, table = Path(relative).as_posix(), contract_of(relative)
    cells, places = _cells(name, table)
    return _checked(cells, table, places)


def read_all(table_name: str) -> pd.DataFrame:
    """Read every file of a table, one below the other, with the file's stem in the contract's
    `file_column`.
    """
    table, frames = contracts().get(table_name), []
    for file in files_of(table_name):
        frame = read(file)
        if table.file_column:
            frame.insert(
                0, table.file_column, pd.array([Path(file).stem] * len(frame), dtype="string")
            )
        frames.append(frame)
    if frames:
        return pd.concat(frames, ignore_index=True)
    labels = [column.name for column in table.columns]
    empty = _checked(pd.DataFrame(columns=labels, dtype=object), table, [])
    if table.file_column:
        empty.insert(0, table.file_column, pd.array([], dtype="string"))
    return empty


def write(frame: pd.DataFrame, relative: str | Path) -> Path:
    """Check a table and write it as CSV: UTF-8, LF, no index, columns in the order of the contract.

    The old file stays as it was unless the whole new one is valid and written.

    Raises
    ------
    TableError
        If the frame breaks the contract.
    """
    name, table = Path(relative).as_posix(), contract_of(relative)
    kinds = {column.name: column for column in table.columns}
    if twice := list(frame.columns[frame.columns.duplicated()]):
        raise TableError([f"{name}: the table has two columns '{label}'" for label in twice])
    cells = pd.DataFrame(
        {
            str(label): [_text(value, kinds.get(label)) for value in frame[label].astype(object)]
            for label in frame.columns
        },
        dtype=object,
    )
    _check_header(list(cells.columns), table, name)
    _checked(cells, table, [f"{name}, row {row}" for row in range(2, len(cells) + 2)])
    for label, column in kinds.items():
        if column.type not in DIGITS:
            cells[label] = [guard(text) for text in cells[label]]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(kinds)
    writer.writerows(cells[list(kinds)].itertuples(index=False))
    path = paths.target(relative)
    paths.replace_text(path, buffer.getvalue())
    return path


def _text(value: object, column: Column | None) -> str:
    """Return a cell as the text that stands in the file; what is no number stays as it is, to be
    reported.
    """
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    if column is None or column.type not in DIGITS:
        return str(value).replace("\r\n", "\n").replace("\r", "\n")
    try:
        number = float(value) + 0.0  # -0.0 becomes 0.0
    except (TypeError, ValueError):
        return str(value)
    if column.type != "number":
        return str(int(number)) if number.is_integer() else str(value)
    return f"{number:.10g}" if column.decimals is None else f"{number:.{column.decimals}f}"


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
    cure = "run the step that writes it (notebooks/steps.toml says which)"
    if name.startswith(("data/raw", "seeds")):
        cure = f"restore it with `git checkout -- {name}`"
    if table.optional:
        cure = "it is optional and not distributed; provide the columns that data/CODEBOOK.md lists"
    raise TableError([f"{name}: the file is missing; {cure}"])


def _cells(name: str, table: Table) -> tuple[pd.DataFrame, list[str]]:
    """Return the cells of a file as text and, for each row, how a message names its place."""
    data = _bytes(name, table)
    try:
        text = re.sub("\r\n?", "\n", data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        cure = "save it as CSV in UTF-8"
        raise TableError(
            [f"{name}, line {line}: not UTF-8 text (byte {error.start}); {cure}"]
        ) from None
    if "\0" in text.partition("\n")[0]:
        raise TableError(
            [f"{name}, line 1: not UTF-8 text (but perhaps UTF-16); save it as CSV in UTF-8"]
        )
    rows, places, ragged, line = [], [], [], 1
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for number, row in enumerate(reader, 1):
            if row and not rows:
                _check_header(row, table, name)
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
        raise TableError([f"{name}, line {line}: {_csv_problem(str(error))}"]) from None
    if not rows:
        raise TableError([f"{name}: the file is empty; the first line must name the columns"])
    if ragged:
        raise TableError(ragged)
    return pd.DataFrame(rows[1:], columns=rows[0], dtype=object), places[1:]


def _csv_problem(said: str) -> str:
    """Return what stopped the reading of CSV, and what would be right."""
    if "field limit" in said:
        return (
            f"a cell has more than {csv.field_size_limit():,} characters; shorten it or look for a"
            " stray quote"
        )
    return f"not a CSV row ({said}); look for a stray quote"


def _check_header(labels: list[str], table: Table, name: str) -> None:
    """Raise `TableError` if the columns are not those of the contract, in whatever order."""
    wanted, times = [column.name for column in table.columns], Counter(labels)
    for sign, words in {";": "semicolons", "\t": "tabs", "|": "bars"}.items():
        if len(labels) == 1 and labels[0] not in wanted and sign in labels[0]:
            raise TableError(
                [f"{name}, line 1: the columns stand between {words}; save it with commas instead"]
            )
    missing = [
        f"{name}: column '{label}' is missing; the columns must be {', '.join(wanted)}"
        for label in wanted
        if label not in times
    ]
    twice = [
        f"{name}, column '{label}': named twice in the first line; keep one"
        for label in wanted
        if times[label] > 1
    ]
    known = set(wanted)
    unknown = [label for label in times if label not in known]
    strange = []
    for label in unknown[:SHOWN]:
        hint = nearest(label, known - times.keys()) or nearest(label, wanted)
        blank = (
            ""
            if label.strip()
            else f" (the {labels.index(label) + 1}. cell of the first line has no name)"
        )
        strange.append(
            f"{name}: column '{visible(label)}' is not in the contract{blank}; take it out.{hint}"
        )
    if problems := missing + twice + strange:
        raise TableError(problems, len(missing + twice + unknown))


def _checked(cells: pd.DataFrame, table: Table, places: list[str]) -> pd.DataFrame:
    """Return the typed table of cells of text, or raise `TableError` with everything that is wrong.

    The columns are those of the contract, in any order; ``places`` names the place of each row.
    """
    problems = _odd_text(cells)
    if not problems:  # else pandas and the checks would meet what is no text
        typed, problems = _typed(cells, table)
        problems = _unfit(typed, cells, table) | problems
        problems = _repeated(cells, table, places) | _dangling(cells, table) | problems
    if problems:
        order = {label: position for position, label in enumerate(cells.columns)}
        first = sorted(problems, key=lambda place: (place[0], order[place[1]]))[:SHOWN]
        raise TableError(
            [
                f"{places[row]}, column '{label}'{_shown(cells[label].iloc[row])}:"
                f" {problems[row, label]()}"
                for row, label in first
            ],
            len(problems),
        )
    return typed[[column.name for column in table.columns]]


Problems = dict[tuple[int, str], Callable[[], str]]
"""Row and column to a function that says what is wrong there: only the first few are asked."""


def _shown(cell: str) -> str:
    """Return how a message shows the cell it is about: not at all if it is blank."""
    return f", value '{visible(cell)}'" if cell else ""


def _odd_text(cells: pd.DataFrame) -> Problems:
    """Return what is wrong with cells that hold what nobody can see."""
    problems = {}
    for label in cells.columns:
        if (
            not UNSEEN.search("\n".join(cells[label]))
            and max(map(len, cells[label]), default=0) <= LARGEST
        ):
            continue
        for row, text in enumerate(cells[label]):
            if len(text) > LARGEST:
                problems[row, label] = partial(
                    "has {:,} characters; at most {:,} are read".format, len(text), LARGEST
                )
            elif found := UNSEEN.search(text):
                problems[row, label] = partial(_odd, found[0])
    return problems


def _odd(letter: str) -> str:
    """Return what is wrong with a character that nobody sees."""
    code, kind = f"U+{ord(letter):04X}", unicodedata.name(letter, "a control character")
    return (
        f"holds {code} ({kind}), which cannot be seen; take it out or write the letter that was"
        " meant"
    )


def _typed(cells: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, Problems]:
    """Return the cells in the types of the contract, and what is wrong with those that cannot be of
    their type.
    """
    typed, problems = cells.astype("string").replace("", pd.NA), {}
    for column in table.columns:
        if column.type not in DIGITS:
            bad = [cell.isspace() for cell in cells[column.name]]
        else:
            bad = [cell != "" and not _is_number(cell, column.type) for cell in cells[column.name]]
            kind = "float64" if column.type == "number" else "Int64"
            numbers = typed[column.name].mask(pd.Series(bad, dtype=bool))
            typed[column.name] = pd.to_numeric(numbers).astype(kind)
        wrong = WANTED.get(column.type, "holds nothing but blanks; leave it empty or fill it in")
        problems |= {
            (row, column.name): partial(str, wrong) for row, unfit in enumerate(bad) if unfit
        }
    return typed, problems


def _unfit(typed: pd.DataFrame, cells: pd.DataFrame, table: Table) -> Problems:
    """Return what is wrong with each value that its contract does not allow."""
    problems: Problems = {}
    for column in table.columns:
        pairs = zip(typed[column.name].tolist(), cells[column.name], strict=True)
        for row, (value, cell) in enumerate(pairs):
            if failed := failed_check(column, value):
                problems[row, column.name] = partial(_cure, failed, column, cell)
    return problems


def _is_number(cell: str, kind: str) -> bool:
    """Whether a cell is a number of its kind, with no more digits than can be kept."""
    counted = re.split("[eE]", cell)[0].lstrip("+-0.")
    return bool(re.fullmatch(DIGITS[kind], cell)) and sum(map(str.isdigit, counted)) <= PRECISE


def _cure(check: str, column: Column, value: str) -> str:
    """Return what would be right in a cell that failed a check."""
    low, high = limits(column)
    wrong = next((part for part in column.parts(value) if part not in column.allowed), value)
    hint = nearest(wrong, column.allowed) or f" The values are: {', '.join(column.allowed)}"
    which = f"part '{visible(wrong)}'" if wrong != value else "it"
    return {
        "required": "must not be blank; fill it in",
        "minimum": f"must be at least {low}",
        "maximum": f"must be at most {high}",
        "allowed": f"{which} is not one of the {len(column.allowed)} values.{hint}",
        "pattern": f"must have the form {column.pattern}",
        "address": f"each part between '{column.separator}' must be an http(s) address or 'seed'",
        "blank_parts": (
            f"a part between two '{column.separator}' is blank; take the extra separator out"
        ),
    }[check]


def _repeated(cells: pd.DataFrame, table: Table, places: list[str]) -> Problems:
    """Return what is wrong with each row that has the key of an earlier row."""
    seen: dict[tuple[str, ...], int] = {}
    problems = {}
    for row, key in enumerate(
        cells[list(table.key)].itertuples(index=False, name=None) if table.key else []
    ):
        if (first := seen.setdefault(key, row)) != row:
            other, what = places[first].rpartition(", ")[2], " and ".join(table.key)
            said = f"{other} has the same {what}, which is the key; keep one of them"
            problems[row, table.key[0]] = partial(str, said)
    return problems


def _dangling(cells: pd.DataFrame, table: Table) -> Problems:
    """Return what is wrong with each cell that names something its reference does not hold."""
    problems = {}
    for column in (column for column in table.columns if column.references):
        known = _known(column.references, table, cells)
        for row, value in enumerate(cells[column.name]):
            if lost := [part for part in column.parts(value) if part and part not in known]:
                problems[row, column.name] = partial(_lost, lost[-1], column.references, known)
    return problems


def _lost(part: str, reference: str, known: set[str]) -> str:
    """Return what is wrong with a word that its reference does not hold."""
    return (
        f"'{visible(part)}' is not in {reference}; write a value that is, or add it"
        f" there.{nearest(part, known)}"
    )


def _known(reference: str, table: Table, cells: pd.DataFrame) -> set[str]:
    """Return the values of a referenced column (of the table at hand, if that is the one)."""
    other, _, label = reference.partition(".")
    if other == table.name:
        return set(cells[label])
    known: set[str] = set()
    for file in files_of(other):
        known |= set(_cells(file, contracts()[other])[0][label])
    return known


if __name__ == "__main__":
    main()
