"""The register of results: each number that anyone quotes, with its n, frame, unit and sentence.

A notebook makes its numbers with `result` and writes them with `record`; `collect` puts the parts
of all notebooks together.
"""

import re
import sys
from collections.abc import Iterable, Mapping

import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths, results_file
from cluster_anatomy.compendium.notebooks import code_cells, read_notebook

FOLDER = results_file.PARTS
COUNTS = ("count", "n", "unknown")
VALUES = ("value", "low", "high", "bound_low", "bound_high")
COLUMNS = [
    "id",
    *VALUES,
    *COUNTS,
    "frame",
    "unit",
    "decimals",
    "convention",
    "notebook",
    "cell",
    "headline",
    "statement",
]
FIELD = re.compile(r"\{([a-z_]+)\}")
DECIMALS = {
    "share": 0,
    "difference": 0,
    "count": 0,
    "year": 0,
    "p": 3,
    "index": 2,
    "number": 2,
    "kilometres": 0,
}
"""Decimals with which a number of each unit is shown if nothing else is said."""

Field = str | float | None
Result = dict[str, Field]
"""One row of the register."""


def running_cell() -> int | None:
    """Return the n of ``In [n]`` of the notebook cell that is running.

    None outside a notebook, and where cells run without being numbered.

    In a run with other parameters the cell that sets them counts too, in the register as in the
    notebook that the run leaves.
    """
    ipython = sys.modules.get("IPython")  # wherever a cell runs, it has been loaded
    shell = ipython.get_ipython() if ipython else None
    if not shell:
        return None
    # Not `execution_count`, which some releases raise before a cell runs and others after it.
    number = len(shell.user_ns["In"]) - 1
    return number or None


def result(
    id: str,
    estimate: Mapping[str, float | None] | float | None,
    statement: str,
    *,
    frame: str,
    unit: str = "share",
    decimals: int | None = None,
    headline: bool = False,
    convention: str = "default",
) -> Result:
    """Make one result, and note in which cell.

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
    unit : str
        One of `DECIMALS`. Shares and differences are kept as fractions and shown as percent and
        percentage points.
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
    if unit not in DECIMALS:
        units = ", ".join(sorted(DECIMALS))
        raise ValueError(f"Result '{id}': unit '{unit}' is not one of {units}.")
    numbers = estimate if isinstance(estimate, Mapping) else {"value": estimate}
    row: Result = {key: numbers.get(key) for key in COLUMNS}
    row |= {
        "id": id,
        "unit": unit,
        "frame": frame,
        "decimals": DECIMALS[unit] if decimals is None else decimals,
        "headline": "yes" if headline else "no",
        "convention": convention,
        "cell": running_cell(),
    }
    shown = Shown(row)
    # Not `format`, which would follow what stands between the braces of a name.
    row["statement"] = FIELD.sub(lambda field: shown[field[1]], statement)
    return row


def show(value: float | None, unit: str, decimals: int) -> str:
    """Write a number as it is read: shares as percent, differences as percentage points.

    A missing one is ``undefined``.
    """
    if value is None or pd.isna(value):
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


class Shown(dict[str, Field]):
    """A result whose fields come out as text: values in their unit, counts as integers."""

    def __getitem__(self, key: str) -> str:
        value = super().__getitem__(key)
        if isinstance(value, str):
            return value
        if key in COUNTS:
            return "undefined" if value is None or pd.isna(value) else f"{value:,.10g}"
        if key in VALUES:
            return show(value, self["unit"], int(self["decimals"]))
        return str(value)

    def __getattr__(self, key: str) -> str:
        return self[key]

    def __format__(self, form: str) -> str:
        return self["value"]


def record(rows: Iterable[Result], notebook: str) -> pd.DataFrame:
    """Write the results of one notebook to its part of the register.

    Parameters
    ----------
    rows : iterable of dict
        From `result`.
    notebook : str
        Name of the step, such as ``05_entry_patterns``.

    Returns
    -------
    DataFrame
        The part as written, sorted by id.
    """
    table = pd.DataFrame(list(rows), columns=COLUMNS)
    table["notebook"] = notebook
    part = f"{FOLDER}/{notebook}.csv"
    if paths.in_jupyter():
        cells = pd.Series(cells_in_file(table["cell"], notebook), table.index, dtype="Int64")
        if paths.source(part).is_file():  # nbval runs cells without numbering them
            cells = cells.fillna(table["id"].map(tables.read(part).set_index("id")["cell"]))
        table["cell"] = cells
    return tables.write(table.sort_values("id"), part)


def cells_in_file(numbers: Iterable[int | None], notebook: str) -> list[int | None]:
    """Return the numbers of cells as a run counts them: in Jupyter they run in any order, or twice.

    None for a cell that is not in the file of the notebook as it ran.
    """
    file = read_notebook(paths.root() / f"notebooks/{notebook}.ipynb")
    place = {cell["source"].strip(): number for number, cell in code_cells(file)}
    ran = sys.modules["IPython"].get_ipython().user_ns["In"]
    return [None if n is None or pd.isna(n) else place.get(ran[int(n)].strip()) for n in numbers]


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
