"""Where a table of a stranger comes from, and how it is laid out."""

from dataclasses import dataclass, field
from pathlib import Path

from cluster_anatomy.compendium import paths
from cluster_anatomy.reading.problems import Problem, meant
from cluster_anatomy.reading.sheets import SUFFIXES

FILE = "description.toml"
FOLDER = "own_lists"
TABLES = ("firms", "evidence", "ties", "places")
NEEDED = ("name", "source_name", "target_name", "tie_type")
"""Columns without which a row of their table says nothing."""


@dataclass(frozen=True)
class Source:
    """Which file a table comes from and how it is laid out; what is None is found."""

    file: str
    given: bool = False
    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)


def data_file(folder: Path, table: str, source: Source) -> tuple[Path | None, Problem | None]:
    """Return the file of a table: as named, or the one of that name with any ending that is read."""
    name = source.file
    try:
        named = paths.inside(folder, name)
    except paths.StudyError as error:
        return None, Problem(FILE, str(error))
    if named.is_file() and named.suffix:
        return named, None
    endings = [
        folder / f"{name}{suffix}"
        for suffix in (*SUFFIXES, *(suffix.upper() for suffix in SUFFIXES))
    ]
    found = sorted({path for path in endings if path.is_file()})
    if len(found) > 1:
        names = " and ".join(f"'{path.name}'" for path in found)
        return None, Problem(
            FILE, f"{names} are both there", f'say which: file = "{found[0].name}" under [{table}]'
        )
    if found:
        return found[0], None
    if not source.given and table != "firms":
        return None, None
    there = (
        [path.name for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
        if folder.is_dir()
        else []
    )
    hint = meant(name, there, cutoff=40)
    wanted = name if Path(name).suffix else f"{name}.csv (or .xlsx, .xls, .ods)"
    return None, Problem(
        FILE,
        f"the file of {table}, '{wanted}', is not in the folder",
        hint or "put it there, or name yours as `file`",
    )
