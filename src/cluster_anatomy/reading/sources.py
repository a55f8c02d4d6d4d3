"""Where a table of a stranger comes from, and how it is laid out."""

from dataclasses import dataclass, field
from pathlib import Path

from cluster_anatomy.compendium import paths
from cluster_anatomy.reading.problems import Problem, meant

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
FILE = "description.toml"
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
    """Return the file of a table: the one named, or the one with an ending that is read."""
    try:
        named = paths.inside(folder, source.file)
    except paths.StudyError as error:
        return None, Problem(FILE, str(error))
    if named.is_file() and named.suffix:
        return named, None
    candidates = _with_endings(folder, source.file)
    if len(candidates) > 1:
        names = " and ".join(f"'{path.name}'" for path in candidates)
        right = f'say which: file = "{candidates[0].name}" under [{table}]'
        return None, Problem(FILE, f"{names} are both there", right)
    if candidates:
        return candidates[0], None
    if not source.given and table != "firms":
        return None, None
    return None, _missing_file(folder, table, source.file)


def _with_endings(folder: Path, name: str) -> list[Path]:
    endings = (*SUFFIXES, *(suffix.upper() for suffix in SUFFIXES))
    paths_with_endings = {folder / f"{name}{suffix}" for suffix in endings}
    return sorted(path for path in paths_with_endings if path.is_file())


def _missing_file(folder: Path, table: str, name: str) -> Problem:
    files = folder.iterdir() if folder.is_dir() else ()
    hint = meant(name, [path.name for path in files if path.suffix.lower() in SUFFIXES], cutoff=40)
    expected = name if Path(name).suffix else f"{name}.csv (or .xlsx, .xls, .ods)"
    return Problem(
        FILE,
        f"the file of {table}, '{expected}', is not in the folder",
        hint or "put it there, or name yours as `file`",
    )
