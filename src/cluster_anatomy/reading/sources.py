"""Where a table of a stranger comes from, how it is laid out, and the one way to open its file."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cluster_anatomy.compendium import paths
from cluster_anatomy.reading.problems import Problem, UnreadableError, meant

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
FILE = "description.toml"
NEEDED = ("name", "source_name", "target_name", "tie_type")
"""Columns without which a row of their table says nothing."""
LARGEST = 2**27
"""Bytes that a file may have, and a workbook unpack to."""


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


def read_file(folder: Path, name: str | Path, largest: int = LARGEST) -> bytes:
    """Return the content of a file of a folder, opened once and never beyond the folder.

    Parameters
    ----------
    folder : Path
        The folder.
    name : str or Path
        The file, relative to the folder; a link within the folder is followed.
    largest : int
        Bytes that it may have.

    Raises
    ------
    UnreadableError
        If the path leads out of the folder, is no plain file, has a second name outside (a hard
        link), is too large, cannot be opened, or changes while it is read.
    """
    real = os.path.realpath(_inside(folder, name))
    flags = [getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC")]
    try:
        with open(os.open(real, os.O_RDONLY | sum(flags)), "rb") as file:
            before = os.fstat(file.fileno())
            _refuse_odd_file(folder, before, largest)
            data = file.read(largest + 1)
            after = os.fstat(file.fileno())
        now = os.stat(_inside(folder, name))
    except OSError as error:
        raise UnreadableError(
            f"cannot be opened ({error.strerror}); close it elsewhere and look at its rights"
        ) from None
    if not os.path.samestat(before, now) or _state(before) != _state(after):
        raise UnreadableError("changed while it was read; try again when nobody writes to it")
    return data


def _inside(folder: Path, name: str | Path) -> Path:
    try:
        return paths.inside(folder, name)
    except paths.StudyError as error:
        raise UnreadableError(str(error)) from None


def _state(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _refuse_odd_file(folder: Path, status: os.stat_result, largest: int) -> None:
    """Raise if an open file is no plain file of the folder, or too large."""
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableError("is no plain file; put the table itself there")
    if status.st_size > largest:
        raise UnreadableError(
            f"has {status.st_size / 2**20:,.0f} MiB; at most {largest / 2**20:,.3g} MiB are read"
        )
    if status.st_nlink > 1 and _names_of(folder, status) < status.st_nlink:
        raise UnreadableError(
            "has a second name outside the folder (it is a hard link); put a copy of it there"
        )


def _names_of(folder: Path, status: os.stat_result) -> int:
    """Return how many names an open file has in a folder and below it."""
    files = (Path(top, name) for top, _, names in os.walk(folder) for name in names)
    return sum(os.path.samestat(status, file.lstat()) for file in files)


def data_file(folder: Path, table: str, source: Source) -> tuple[Path | None, Problem | None]:
    """Return the file of a table: the one named, or the one with an ending that is read."""
    try:
        named = paths.inside(folder, source.file)
        if named.is_file() and named.suffix:
            return named, None
        candidates = _with_endings(folder, source.file)
        for path in candidates:
            paths.inside(folder, path.relative_to(folder))
    except paths.StudyError as error:
        return None, Problem(FILE, str(error))
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
    """Return the files of a name with an ending that is read, in whatever case it is written."""
    place, stem = (folder / name).parent, Path(name).name
    wanted = {f"{stem}{suffix}".casefold() for suffix in SUFFIXES}
    entries = place.iterdir() if stem and place.is_dir() else ()
    return sorted(path for path in entries if path.name.casefold() in wanted and path.is_file())


def _missing_file(folder: Path, table: str, name: str) -> Problem:
    files = folder.iterdir() if folder.is_dir() else ()
    hint = meant(name, [path.name for path in files if path.suffix.lower() in SUFFIXES], cutoff=40)
    expected = name if Path(name).suffix else f"{name}.csv (or .xlsx, .xls, .ods)"
    return Problem(
        FILE,
        f"the file of {table}, '{expected}', is not in the folder",
        hint or "put it there, or name yours as `file`",
    )
