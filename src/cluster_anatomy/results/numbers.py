"""TODO"""

import re
from collections.abc import Iterable

import pandas as pd

from cluster_anatomy import tables

FOLDER = "data/processed/results"
COLUMNS = [
    "id",
    "value",
    "low",
    "high",
    "bound_low",
    "bound_high",
    "count",
    "n",
    "unknown",
    "frame",
    "unit",
    "decimals",
    "convention",
    "notebook",
    "headline",
    "statement",
]
FIELD = re.compile(r"\{([a-z_]+)\}")
UNITS = {"share", "difference", "count", "year", "p", "index", "number", "kilometres"}


def result(
    id: str,
    estimate: dict[str, float] | float,
    statement: str,
    *,
    frame: str,
    unit: str = "share",
    decimals: int | None = None,
    headline: bool = False,
    convention: str = "default",
) -> dict:
    """Make one result.

    Parameters
    ----------
    id : str
        Stable name in lower case with underscores.
    estimate : dict or float
        What `shares.share` or `differences.difference` returns, or a bare number.
    statement : str
        One sentence with ``{value}`` (and ``{low}``, ``{high}``, ``{n}``, ``{count}``, …) to be
        filled in.
    frame : str
        Which firms the result is computed on.
    unit : {"share", "difference", "count", "year", "p", "index", "number", "kilometres"}
        Shares and differences are kept as fractions and shown as percent and percentage points.
    decimals : int, optional
        Decimals shown; the default fits the unit.
    headline : bool
        Whether the report of a run and the overview show it.
    convention : str
        The conventions in force, ``default`` or ``name=option``.

    Returns
    -------
    dict
        One row of the register, but for ``notebook``.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", id):
        raise ValueError(f"Result id '{id}': use lower case letters, digits and underscores.")
    if unit not in UNITS:
        raise ValueError(f"Result '{id}': unit '{unit}' is not one of {', '.join(sorted(UNITS))}.")
    numbers = dict(estimate) if isinstance(estimate, dict) else {"value": estimate}
    digits = {"share": 0, "difference": 0, "count": 0, "year": 0, "p": 3, "kilometres": 0}.get(
        unit, 2
    )
    row = dict.fromkeys(COLUMNS) | {key: numbers.get(key) for key in COLUMNS if key in numbers}
    row |= {
        "id": id,
        "unit": unit,
        "frame": frame,
        "decimals": digits if decimals is None else decimals,
        "headline": "yes" if headline else "no",
        "convention": convention,
    }
    shown = Shown(row)
    # Not `format`, which would follow what stands between the braces of a name.
    row["statement"] = FIELD.sub(lambda field: shown[field[1]], statement)
    return row


def show(value: float, unit: str, decimals: int) -> str:
    """Write a number as it is read: shares as percent, differences as points, a missing one as
    ``undefined``.
    """
    if pd.isna(value):
        return "undefined"
    decimals = int(decimals)
    if unit == "share":
        return f"{100 * value:.{decimals}f} %"
    if unit == "difference":
        points = round(100 * value, decimals) + 0.0  # −0.0 becomes 0.0
        return f"{points:+.{decimals}f} points".replace("-", "−")
    if unit == "p" and value < 10**-decimals:
        return f"< {10**-decimals:.{decimals}f}"
    if unit == "year":
        return str(int(value))
    return f"{value:,.{decimals}f}".replace("-", "−")


class Shown(dict):
    """A result whose fields come out as text: ``value``, ``low`` and ``high`` in the unit, counts
    as integers.
    """

    def __init__(self, row: dict):
        super().__init__(row)

    def __getitem__(self, key: str) -> str:
        value = super().__getitem__(key)
        if key in ("count", "n", "unknown"):
            return "undefined" if pd.isna(value) else f"{value:,.10g}"
        if key in ("value", "low", "high", "bound_low", "bound_high"):
            return show(value, super().__getitem__("unit"), super().__getitem__("decimals"))
        return str(value)

    def __getattr__(self, key: str) -> str:
        return self[key]

    def __format__(self, form: str) -> str:
        return self["value"]


def record(rows: Iterable[dict], notebook: str) -> pd.DataFrame:
    """Write the results of one notebook to its part of the register.

    Parameters
    ----------
    rows : iterable of dict
        From `result`.
    notebook : str
        Name of the step, such as ``04_entry_patterns``.

    Returns
    -------
    DataFrame
        The part as written, sorted by id.
    """
    table = pd.DataFrame(list(rows), columns=COLUMNS)
    table["notebook"] = notebook
    table = table.sort_values("id", ignore_index=True)
    tables.write(table, f"{FOLDER}/{notebook}.csv")
    return table


def collect() -> pd.DataFrame:
    """Read all parts of the register into one table, sorted by id.

    Raises
    ------
    ValueError
        If two notebooks give a result one id.
    """
    parts = [file for file in tables.files_of("results") if file.startswith(f"{FOLDER}/")]
    register = pd.concat([tables.read(part) for part in parts], ignore_index=True)
    if register["id"].duplicated().any():
        twice = register.loc[register["id"].duplicated(keep=False), ["id", "notebook"]]
        raise ValueError(f"One id, two results: {twice.to_dict('records')}")
    return register[COLUMNS].sort_values("id", ignore_index=True)


def lookup(register: pd.DataFrame) -> dict[str, Shown]:
    """Return the results by id, ready to be put into text."""
    return {row["id"]: Shown(row) for row in register.to_dict("records")}
