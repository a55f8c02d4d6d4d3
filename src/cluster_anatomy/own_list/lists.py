"""A folder with a list as people have it becomes four checked tables, or all that is wrong with it.

Nothing is written here. A cell is data: never executed, never dropped in silence; what was
understood in another way than it stands there is said.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cluster_anatomy.compendium import paths
from cluster_anatomy.own_list import labels
from cluster_anatomy.own_list.checks import check_evidence, check_firms, check_ties
from cluster_anatomy.own_list.description import TABLES, Description, read_description
from cluster_anatomy.own_list.firm_rows import (
    drop_notes,
    one_evidence_each,
    one_row_each,
    without_notes,
)
from cluster_anatomy.own_list.folders import find
from cluster_anatomy.own_list.joined import on_frame
from cluster_anatomy.own_list.places import given_places, located
from cluster_anatomy.own_list.typed_cells import typed_table
from cluster_anatomy.reading.cells import Cells, empty
from cluster_anatomy.reading.places import gazetteer
from cluster_anatomy.reading.problems import Problem
from cluster_anatomy.reading.sources import data_file
from cluster_anatomy.reading.table import read_cells
from cluster_anatomy.tables.contract import TableError, contracts


@dataclass(frozen=True)
class OwnList:
    """An own list as read.

    Attributes
    ----------
    folder : Path
    description : Description
    tables : dict of str to DataFrame
        ``firms``, ``evidence``, ``ties``, ``places`` in the columns of the contracts ``own_*``,
        sorted by key; every ``firms.place`` that is filled is, with its ``admin``, a row of
        ``places``.
    given : dict of str to set of str
        The columns of each table in which the user's file holds at least one value.
    warnings : list of str
        How doubtful cells were understood, and what was found by itself.
    """

    folder: Path
    description: Description
    tables: dict[str, pd.DataFrame]
    given: dict[str, set[str]]
    warnings: list[str]


def read(folder: str | Path) -> OwnList:
    """Read an own list.

    Parameters
    ----------
    folder : str or Path
        Name of a list below ``own_lists/``, or the path of a folder with a ``description.toml``.

    Raises
    ------
    TableError
        If there is no such list or anything is wrong; `problems` holds every fault of all files.
    """
    own, problems = _read_and_check(find(str(folder)))
    if own is None:
        raise TableError([str(problem) for problem in problems if problem.severity == "error"])
    return own


def check(folder: str | Path) -> list[Problem]:
    """Return everything that is wrong, doubtful or worth saying, in the order of files and rows.

    Parameters
    ----------
    folder : str or Path
        As for `read`.

    Raises
    ------
    TableError
        If there is no such list.
    """
    return _read_and_check(find(str(folder)))[1]


def _read_and_check(folder: Path) -> tuple[OwnList | None, list[Problem]]:
    """Return the list, if nothing is wrong with it, and all problems."""
    description, problems = read_description(folder)
    if description is None:
        return None, problems
    cells = _read_tables(folder, description, problems)
    frames = _checked(cells, description)
    for table in TABLES:
        problems += cells[table].all_said()
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    given = {
        table: {column for column in cells[table].heads if frames[table][column].notna().any()}
        for table in TABLES
    }
    finished = {table: _finish(frames[table], table) for table in TABLES}
    warnings = [str(problem) for problem in problems]
    return OwnList(folder, description, finished, given, warnings), problems


def _read_tables(
    folder: Path, description: Description, problems: list[Problem]
) -> dict[str, Cells]:
    """Read the files; evidence may stand in the file of firms if it has none of its own."""
    cells, evidence = {}, None
    for table in TABLES:
        source = description.sources[table]
        if _need_not_be_there(folder, table, description):
            cells[table] = empty(table, source.file)
            continue
        cells[table], inside = read_cells(folder, table, source, description.country, problems)
        evidence = inside or evidence
    if evidence is not None and len(cells["evidence"].frame):
        columns = ", ".join(head for column, head in evidence.heads.items() if column != "name")
        wrong = f"columns {columns} were not used: there is a file of evidence"
        cells["firms"].warn(None, None, None, wrong)
    elif evidence is not None:
        evidence.problems += cells["evidence"].problems
        cells["evidence"] = evidence
    return cells


def _need_not_be_there(folder: Path, table: str, description: Description) -> bool:
    """Whether a table is the file of firms of a list that joins a frame, and not there."""
    source = description.sources[table]
    joined = table == "firms" and bool(description.joins) and not source.given
    return joined and data_file(folder, table, source)[0] is None


def _checked(cells: dict[str, Cells], description: Description) -> dict[str, pd.DataFrame]:
    """Return the tables in the types of their contracts; say what is wrong across cells."""
    drop_notes(cells["firms"])
    frames = {table: typed_table(cells[table], description) for table in TABLES}
    if description.joins:
        on_frame(description.joins, cells, frames)
    else:
        frames["firms"] = without_notes(cells["firms"], frames["firms"])
    places = given_places(cells["places"], frames["places"])
    frames["firms"], frames["places"] = located(
        cells["firms"], frames["firms"], places, gazetteer(paths.root()), cells["places"]
    )
    labels.say(cells["firms"], frames, description.country)
    if not description.joins:
        _join_repeated(cells, frames, description)
        check_firms(cells["firms"], frames["firms"], description)
    frames["evidence"] = check_evidence(cells["evidence"], frames["evidence"], frames["firms"])
    check_ties(cells["ties"], frames["ties"])
    return frames


def _join_repeated(
    cells: dict[str, Cells], frames: dict[str, pd.DataFrame], description: Description
) -> None:
    """Put the rows of each firm at one place together, if the description says so."""
    if description.repeated == "one firm":
        frames["firms"] = one_row_each(cells["firms"], frames["firms"])
        if cells["evidence"].file == cells["firms"].file:
            frames["evidence"] = one_evidence_each(cells["evidence"], frames["evidence"])


def _finish(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return a table in the types and the column order of its contract, sorted by its key."""
    contract = contracts()[f"own_{table}"]
    kinds = {"integer": "Int64", "year": "Int64", "number": "float64"}
    finished = {}
    for column in contract.columns:
        cells = frame[column.name]
        kind = kinds.get(column.type, "string")
        missing = float("nan") if kind == "float64" else pd.NA
        finished[column.name] = pd.array(
            [missing if pd.isna(cell) else cell for cell in cells], dtype=kind
        )
    return pd.DataFrame(finished).sort_values(list(contract.key), ignore_index=True, kind="stable")
