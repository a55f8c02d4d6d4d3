"""Whether the cells of a table keep its contract: each fault with its place and its remedy.

Nothing is guessed or repaired: a table is as its contract says, or it is refused.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import partial

import pandas as pd

from cluster_anatomy.tables import contract
from cluster_anatomy.tables.cells import LARGEST, UNSEEN, visible
from cluster_anatomy.tables.contract import ADDRESS, SHOWN, Column, Table, TableError, nearest
from cluster_anatomy.tables.parsing import files_of, parse

# Text columns are of one kind whether or not pyarrow is installed: where it is, pandas would keep
# text in Arrow, where comparisons give another type of result than in Python.
pd.options.mode.string_storage = "python"

NUMBER_FORMS = {
    "integer": r"[+-]?[0-9]{1,15}",
    "year": r"[0-9]{4}",
    "number": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?",
}
"""How a cell with a number must be written, by the type of its column."""
FORM_ADVICE = {
    "integer": "write a whole number in digits, such as 12",
    "year": "write one year with four digits, such as 1998",
    "number": (
        "write a number in digits with a decimal point, such as 12.5, with at most 15 digits that"
        " count"
    ),
}
PRECISION = 15
"""Digits that a float keeps without loss."""

Faults = dict[tuple[int, str], Callable[[], str]]
"""Row and column to a function that words the fault: only the first few are worded."""


def checked(cells: pd.DataFrame, table: Table, places: list[str]) -> pd.DataFrame:
    """Return the table of these cells in the types of its contract.

    Parameters
    ----------
    cells : DataFrame
        Text; the columns are those of the contract, in any order.
    table : Table
    places : list of str
        How a message names the place of each row.

    Returns
    -------
    DataFrame
        Columns in the order of the contract; ``Int64`` for integers and years, ``float64`` for
        numbers, ``string`` for all else.

    Raises
    ------
    TableError
        With every fault, the first twenty in words.
    """
    if faults := unseen_characters(cells):  # pandas and the other checks are spared what is no text
        raise _error(faults, cells, places)
    typed, unfit = _typed(cells, table)
    faults = (
        repeated_keys(cells, table, places)
        | missing_references(cells, table)
        | unequal_lists(cells, table)
        | forbidden_values(typed, cells, table)
        | unfit
    )
    if faults:
        raise _error(faults, cells, places)
    return typed[[column.name for column in table.columns]]


def failed_check(column: Column, value: str | float | None) -> str | None:
    """Return the rule of a contract that a value breaks, by its name there; None if it keeps all.

    Parameters
    ----------
    column : Column
    value : str, float or missing
        In the type of the column.
    """
    if value is None or pd.isna(value):
        return "required" if column.required else None
    if isinstance(value, str):
        return _failed_text_check(column, value)
    low, high = contract.limits(column)
    if low is not None and value < low:
        return "minimum"
    if high is not None and value > high:
        return "maximum"
    return None


def _failed_text_check(column: Column, text: str) -> str | None:
    parts = column.parts(text)
    if column.is_list and "" in parts:
        return "blank_parts"
    if column.allowed and not set(parts) <= set(column.allowed):
        return "allowed"
    if column.pattern and not all(re.fullmatch(column.pattern, part) for part in parts):
        return "pattern"
    if column.type == "url_list" and not all(re.fullmatch(ADDRESS, part) for part in parts):
        return "address"
    return None


def forbidden_values(typed: pd.DataFrame, cells: pd.DataFrame, table: Table) -> Faults:
    """Return a fault for each value that its contract does not allow."""
    faults: Faults = {}
    for column in table.columns:
        texts = cells[column.name]
        values = dict(zip(texts, typed[column.name].tolist(), strict=True))  # each text once
        rules = {text: failed_check(column, value) for text, value in values.items()}
        if any(rules.values()):
            for row, text in enumerate(texts):
                if rule := rules[text]:
                    faults[row, column.name] = partial(_advice, rule, column, text)
    return faults


def unseen_characters(cells: pd.DataFrame) -> Faults:
    """Return a fault for each cell that holds what nobody can see, or more than a cell may hold."""
    faults: Faults = {}
    for label in cells.columns:
        longest = max(map(len, cells[label]), default=0)
        if longest <= LARGEST and not UNSEEN.search("\n".join(cells[label])):
            continue
        for row, text in enumerate(cells[label]):
            if len(text) > LARGEST:
                faults[row, label] = partial(
                    "has {:,} characters; at most {:,} are read".format, len(text), LARGEST
                )
            elif hit := UNSEEN.search(text):
                faults[row, label] = partial(_unseen, hit[0])
    return faults


def repeated_keys(cells: pd.DataFrame, table: Table, places: list[str]) -> Faults:
    """Return a fault for each row that has the key of an earlier row."""
    first_row: dict[tuple[str, ...], int] = {}
    faults: Faults = {}
    keys = cells[list(table.key)].itertuples(index=False, name=None) if table.key else ()
    for row, key in enumerate(keys):
        first = first_row.setdefault(key, row)
        if first != row:
            other, what = places[first].rpartition(", ")[2], " and ".join(table.key)
            message = f"{other} has the same {what}, which is the key; keep one of them"
            faults[row, table.key[0]] = partial(str, message)
    return faults


def missing_references(cells: pd.DataFrame, table: Table) -> Faults:
    """Return a fault for each cell that names something its reference does not hold."""
    faults: Faults = {}
    for column in table.columns:
        if not column.references:
            continue
        values = _referenced_values(column.references, table, cells)
        for row, cell in enumerate(cells[column.name]):
            absent = [part for part in column.parts(cell) if part and part not in values]
            if absent:
                faults[row, column.name] = partial(_absent, absent[-1], column.references, values)
    return faults


def unequal_lists(cells: pd.DataFrame, table: Table) -> Faults:
    """Return a fault for each list that has another number of parts than the one it goes with."""
    faults: Faults = {}
    for column in table.columns:
        if not column.parallel_to:
            continue
        both = zip(cells[column.name], cells[column.parallel_to], strict=True)
        for row, (cell, other) in enumerate(both):
            parts, wanted = (len(text.split(column.separator)) for text in (cell, other))
            if cell and (parts != wanted or not other):
                faults[row, column.name] = partial(_unequal, parts, column, wanted if other else 0)
    return faults


def _typed(cells: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, Faults]:
    """Return the cells in the types of the contract, and the faults of those that do not fit."""
    typed = cells.astype("string").replace("", pd.NA)
    faults: Faults = {}
    for column in table.columns:
        texts = cells[column.name]
        if column.is_number:
            fits = {text: text == "" or _is_number(text, column.type) for text in set(texts)}
            unfit = [not fits[text] for text in texts]
            kind = "float64" if column.type == "number" else "Int64"
            numbers = typed[column.name].mask(pd.Series(unfit, dtype=bool))
            typed[column.name] = pd.to_numeric(numbers).astype(kind)
            advice = FORM_ADVICE[column.type]
        else:
            unfit = [text.isspace() for text in texts]
            advice = "holds nothing but blanks; leave it empty or fill it in"
        faults |= {(row, column.name): partial(str, advice) for row, bad in enumerate(unfit) if bad}
    return typed, faults


def _is_number(cell: str, kind: str) -> bool:
    """Whether a cell is a number of its kind, with no more digits than can be kept."""
    counted = re.split("[eE]", cell)[0].lstrip("+-0.")
    return (
        bool(re.fullmatch(NUMBER_FORMS[kind], cell)) and sum(map(str.isdigit, counted)) <= PRECISION
    )


def _referenced_values(reference: str, table: Table, cells: pd.DataFrame) -> set[str]:
    """Return the values of a referenced column (of the table at hand, if that is the one)."""
    other, _, label = reference.partition(".")
    if other == table.name:
        return set(cells[label])
    values: set[str] = set()
    for file in files_of(other):
        values |= set(parse(file, contract.contracts()[other])[0][label])
    return values


# --- Faults in words


def _error(faults: Faults, cells: pd.DataFrame, places: list[str]) -> TableError:
    """Return the error that tells the first faults, by row and column."""
    order = {label: position for position, label in enumerate(cells.columns)}
    first = sorted(faults, key=lambda place: (place[0], order[place[1]]))[:SHOWN]
    lines = []
    for row, label in first:
        cell = cells[label].iloc[row]
        value = f", value '{visible(cell)}'" if cell else ""
        lines.append(f"{places[row]}, column '{label}'{value}: {faults[row, label]()}")
    return TableError(lines, len(faults))


def _advice(rule: str, column: Column, cell: str) -> str:
    """Return what would be right in a cell that breaks a rule."""
    low, high = contract.limits(column)
    wrong = next((part for part in column.parts(cell) if part not in column.allowed), cell)
    hint = nearest(wrong, column.allowed) or f" The values are: {', '.join(column.allowed)}"
    which = f"part '{visible(wrong)}'" if wrong != cell else "it"
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
    }[rule]


def _unseen(letter: str) -> str:
    """Return what is wrong with a character that nobody sees."""
    code, kind = f"U+{ord(letter):04X}", unicodedata.name(letter, "a control character")
    return (
        f"holds {code} ({kind}), which cannot be seen; take it out or write the letter that was"
        " meant"
    )


def _unequal(parts: int, column: Column, wanted: int) -> str:
    """Return what is wrong with a list that does not go with the one beside it."""
    return (
        f"has {parts} parts, but {column.parallel_to} has {wanted}; write one for each in the same"
        f" order, with '{column.separator}' between them and nothing for one that is not known"
    )


def _absent(part: str, reference: str, values: set[str]) -> str:
    """Return what is wrong with a word that its reference does not hold."""
    return (
        f"'{visible(part)}' is not in {reference}; write a value that is, or add it"
        f" there.{nearest(part, values)}"
    )
