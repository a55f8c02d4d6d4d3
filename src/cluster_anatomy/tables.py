"""Read, check and write the CSV files of the compendium, each under its contract.

The contracts are the TOML files in `cluster_anatomy.contracts`, whose docstring explains their format.
Pandera checks columns, vocabularies, ranges and blanks. Text that is no number, duplicate keys and references
are checked here: their messages name the line of the file and the other row, which pandera does not keep.

``python -m cluster_anatomy.tables`` rewrites ``data/raw/SHA256SUMS`` and ``data/CODEBOOK.md``.
"""

import csv
import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from cluster_anatomy import paths
from cluster_anatomy.contracts import (
    Column,
    Table,
    TableError,
    codebook,
    contract_of,
    contracts,
    limits,
    nearest,
    schema,
)

# The same kind of text column whether or not pyarrow is installed, which changes what a comparison returns.
pd.options.mode.string_storage = "python"

SUMS, CODEBOOK = "data/raw/SHA256SUMS", "data/CODEBOOK.md"
DIGITS = {
    "integer": r"[+-]?[0-9]{1,15}",
    "year": r"[0-9]{4}",
    "number": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?",
}
WANTED = {
    "integer": "write a whole number in digits, such as 12",
    "year": "write one year with four digits, such as 1998",
    "number": "write a number in digits with a decimal point, such as 12.5",
}


def files(table_name: str) -> list[str]:
    """Return the files of a table, relative to the compendium, sorted (optional ones only if they are there)."""
    if table_name not in contracts():
        raise TableError([f"table '{table_name}': no such contract.{nearest(table_name, contracts())}"])
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
        The columns of the contract in its order; ``Int64`` for integers and years, ``float64`` for numbers,
        ``string`` for all else. A blank cell is missing.

    Raises
    ------
    TableError
        If the file is missing, unreadable or breaks its contract.
    """
    name, table = Path(relative).as_posix(), contract_of(relative)
    cells, lines = _cells(name, table)
    return _checked(cells, table, name, lines)


def read_all(table_name: str) -> pd.DataFrame:
    """Read every file of a table, one below the other, with the file's stem in the contract's `file_column`."""
    table, frames = contracts().get(table_name), []
    for file in files(table_name):
        frame = read(file)
        if table.file_column:
            frame.insert(0, table.file_column, pd.array([Path(file).stem] * len(frame), dtype="string"))
        frames.append(frame)
    if frames:
        return pd.concat(frames, ignore_index=True)
    labels = [column.name for column in table.columns]
    empty = _checked(pd.DataFrame(columns=labels, dtype=object), table, table_name, [])
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
        {str(label): [_text(value, kinds.get(label)) for value in frame[label]] for label in frame.columns},
        dtype=object,
    )
    _checked(cells, table, name, list(range(2, len(cells) + 2)))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(kinds)
    writer.writerows(cells[list(kinds)].itertuples(index=False))
    path = paths.target(relative)
    _replace(path, buffer.getvalue())
    return path


def _replace(path: Path, text: str) -> None:
    """Write a text file so that a reader sees either the old or the whole new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _text(value: object, column: Column | None) -> str:
    """Return a cell as the text that stands in the file; what is no number stays as it is, to be reported."""
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


def _cells(name: str, table: Table) -> tuple[pd.DataFrame, list[int]]:
    """Return the cells of a file as text and, for each row, the line on which it begins."""
    path = paths.source(name)
    if not path.is_file():
        cure = "run the step that writes it (notebooks/steps.toml says which)"
        if name.startswith(("data/raw", "seeds")):
            cure = f"restore it with `git checkout -- {name}`"
        if table.optional:
            cure = "it is optional and not distributed; provide the columns that data/CODEBOOK.md lists"
        raise TableError([f"{name}: the file is missing; {cure}"])
    rows, lines, line = [], [], 1
    try:
        reader = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True)
        for row in reader:
            if row:
                rows.append(row)
                lines.append(line)
            line = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise TableError([f"{name}: not UTF-8 text (byte {error.start}); save it as CSV in UTF-8"]) from None
    except csv.Error as error:
        raise TableError([f"{name}, line {line}: not a CSV row ({error}); look for a stray quote"]) from None
    if not rows:
        raise TableError([f"{name}: the file is empty; the first line must name the columns"])
    header, body = rows[0], rows[1:]
    problems = [
        f"{name}, column '{label}': named twice in the first line"
        for label in set(header)
        if header.count(label) > 1
    ]
    for number, (row, start) in enumerate(zip(body, lines[1:], strict=True), 1):
        if len(row) != len(header):
            problems.append(
                f"{name}, row {number} (line {start}): {len(row)} cells, but the first line names {len(header)} "
                "columns; quote cells that hold a comma"
            )
    if problems:
        raise TableError(problems)
    return pd.DataFrame(body, columns=header, dtype=object), lines[1:]


def _checked(cells: pd.DataFrame, table: Table, name: str, lines: list[int]) -> pd.DataFrame:
    """Return the typed table of cells of text, or raise `TableError` with everything that is wrong."""
    places = [f"{name}, row {row} (line {line})" for row, line in enumerate(lines, 1)]
    typed, problems = _typed(cells, table)
    labels = []
    try:
        schema(table).validate(typed, lazy=True)
    except pa.errors.SchemaErrors as errors:
        columns = {column.name: column for column in table.columns}
        cases = errors.failure_cases[["column", "check", "failure_case", "index"]]
        for label, check, value, row in cases.itertuples(index=False):
            if check in ("column_in_dataframe", "column_in_schema"):
                labels.append(f"{name}: {_label_problem(check, str(value), columns, list(cells.columns))}")
            else:
                problems.setdefault((row, label), _cure(check, columns[label], cells[label].iloc[row]))
    if not labels:
        problems = _repeated(cells, table, places) | _dangling(cells, table) | problems
    if labels or problems:
        order = {label: position for position, label in enumerate(cells.columns)}
        raise TableError(
            labels
            + [
                f"{places[row]}, column '{label}'{_shown(cells[label].iloc[row])}: {problems[row, label]}"
                for row, label in sorted(problems, key=lambda place: (place[0], order[place[1]]))
            ]
        )
    return typed[[column.name for column in table.columns]]


def _shown(cell: str) -> str:
    """Return how a message shows the cell it is about: cut, and not at all if it is blank."""
    return f", value '{cell if len(cell) <= 80 else cell[:77] + '...'}'" if cell else ""


def _typed(cells: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, dict[tuple[int, str], str]]:
    """Return the cells in the types of the contract, and what is wrong with those that should be numbers."""
    typed, problems = cells.astype("string").replace("", pd.NA), {}
    for column in table.columns:
        if column.type in DIGITS and column.name in cells:
            text = cells[column.name]
            bad = ~text.str.fullmatch(DIGITS[column.type]) & (text != "")
            problems |= {
                (row, column.name): WANTED[column.type] for row in bad.to_numpy().nonzero()[0].tolist()
            }
            kind = "float64" if column.type == "number" else "Int64"
            typed[column.name] = pd.to_numeric(typed[column.name].mask(bad)).astype(kind)
    return typed, problems


def _cure(check: str, column: Column, value: str) -> str:
    """Return what would be right in a cell that failed a check."""
    low, high = limits(column)
    wrong = next((part for part in column.parts(value) if part not in column.allowed), value)
    hint = nearest(wrong, column.allowed) or f" The values are: {', '.join(column.allowed)}"
    which = f"part '{wrong}'" if wrong != value else "it"
    return {
        "not_nullable": "must not be blank",
        "minimum": f"must be at least {low}",
        "maximum": f"must be at most {high}",
        "allowed": f"{which} is not one of the {len(column.allowed)} values.{hint}",
        "pattern": f"must have the form {column.pattern}",
        "address": f"each part between '{column.separator}' must be an http(s) address or 'seed'",
        "blank part": f"a part between two '{column.separator}' is blank; take the extra separator out",
    }.get(check, f"fails {check}")


def _label_problem(check: str, label: str, wanted: Iterable[str], found: list[str]) -> str:
    """Return the message on a column that is missing or unknown."""
    if check == "column_in_dataframe":
        return f"column '{label}' is missing; the columns are {', '.join(wanted)}"
    hint = nearest(label, set(wanted) - set(found)) or nearest(label, wanted)
    return f"column '{label}' is not in the contract.{hint}"


def _repeated(cells: pd.DataFrame, table: Table, places: list[str]) -> dict[tuple[int, str], str]:
    """Return a message for each row that has the key of an earlier row."""
    seen: dict[tuple[str, ...], int] = {}
    problems = {}
    for row, key in enumerate(cells[list(table.key)].itertuples(index=False, name=None) if table.key else []):
        if (first := seen.setdefault(key, row)) != row:
            other, what = places[first].partition(", ")[2], " and ".join(table.key)
            problems[row, table.key[0]] = f"{other} has the same {what}, which is the key; keep one of them"
    return problems


def _dangling(cells: pd.DataFrame, table: Table) -> dict[tuple[int, str], str]:
    """Return a message for each cell that names something its reference does not hold."""
    problems = {}
    for column in (column for column in table.columns if column.references):
        known = _known(column.references, table, cells)
        for row, value in enumerate(cells[column.name]):
            for part in column.parts(value):
                if part and part not in known:
                    hint = nearest(part, known)
                    problems[row, column.name] = f"'{part}' is not in {column.references}.{hint}"
    return problems


def _known(reference: str, table: Table, cells: pd.DataFrame) -> set[str]:
    """Return the values of a referenced column (of the table at hand, if that is the one)."""
    other, _, label = reference.partition(".")
    if other == table.name:
        return set(cells[label])
    known: set[str] = set()
    for file in files(other):
        found = _cells(file, contracts()[other])[0]
        known |= set(found[label]) if label in found else set()
    return known


def checksums() -> str:
    """Return the SHA-256 of every distributed file below data/raw, as `sha256sum` writes and checks it."""
    raw = paths.root() / "data" / "raw"
    own = {path for table in contracts().values() if table.optional for path in table.path} | {SUMS}
    lines = []
    for file in sorted(raw.rglob("*")):
        inside = file.relative_to(raw)
        if file.is_file() and not inside.name.startswith(".") and f"data/raw/{inside.as_posix()}" not in own:
            lines.append(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {inside.as_posix()}\n")
    return "".join(sorted(lines, key=lambda line: line[66:]))


def main() -> None:
    """Rewrite the checksums of the raw data room and the codebook."""
    for relative, text in ((SUMS, checksums()), (CODEBOOK, codebook())):
        _replace(paths.target(relative), text)
        print(f"{relative} written")


if __name__ == "__main__":
    main()
