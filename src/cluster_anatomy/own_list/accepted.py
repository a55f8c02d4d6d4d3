"""Put the settings that a check advises into ``description.toml``, for the user to accept."""

import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.own_list.description import LARGEST
from cluster_anatomy.reading.problems import Problem
from cluster_anatomy.reading.sources import FILE, read_file

REMARK = "# added by check --write: is it right?"
_VALUE = r'"(?:[^"\\]|\\.)*"|\d+'
ADVICE = re.compile(
    rf"\[([a-z]+(?:\.[a-z]+)?)\](?: in description\.toml)?:? ([a-z_]+) = ({_VALUE})"
    r'(?!\s*(?:,|\||or\b)\s*(?:or\s+)?["\d])'
)
"""A setting as a message writes it; where it names several values, the choice is the user's."""

UNDER = re.compile(rf"([a-z_]+) = ({_VALUE}) under \[([a-z]+(?:\.[a-z]+)?)\]")
"""The same with the table behind it."""
PLACEHOLDER = '"..."'
"""What a message writes where only the user knows the value."""


class Setting(NamedTuple):
    """A line for a table of the description; the value as TOML writes it."""

    table: str
    key: str
    value: str

    def __str__(self) -> str:
        return f"[{self.table}] {self.key} = {self.value}"


def settings(problems: Iterable[Problem]) -> list[Setting]:
    """Return the settings that the remedies of problems advise, the first one of each key."""
    found: dict[tuple[str, str], Setting] = {}
    for problem in problems:
        behind = [(table, key, value) for key, value, table in UNDER.findall(problem.right)]
        for table, key, value in [*ADVICE.findall(problem.right), *behind]:
            if value != PLACEHOLDER:
                found.setdefault((table, key), Setting(table, key, value))
    return list(found.values())


def write(folder: Path, advised: Iterable[Setting]) -> list[Setting]:
    """Add settings to the description of a list; what the user has set stays as it is.

    Every line that is there stays; the file is replaced as a whole or not at all.

    Returns
    -------
    list of Setting
        Those that were added.

    Raises
    ------
    PipelineError
        If the description is a link, or cannot be added to without changing what it says.
    """
    path = folder / FILE
    if path.is_symlink() or path.stat().st_nlink > 1:
        raise PipelineError(f"{path} is a link; nothing was written")
    data = read_file(folder, FILE, LARGEST)
    text = data.decode("utf-8-sig")
    given = tomllib.loads(text)
    added = [setting for setting in advised if not _is_set(given, setting)]
    if not added:
        return []
    end = "\r\n" if "\r\n" in text else "\n"
    new = _with(text, added, end)
    try:
        same = tomllib.loads(new) == _expected(given, added)
    except tomllib.TOMLDecodeError:
        same = False
    if not same or len(new.encode()) > LARGEST:
        listed = "\n".join(map(str, added))
        raise PipelineError(f"{path} has these tables in another form; add by hand:\n{listed}")
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    _replace(path, mark + new.encode())
    return added


def _is_set(given: dict[str, Any], setting: Setting) -> bool:
    """Whether the user has set a key; also if one of its tables is no table."""
    table: Any = given
    for part in setting.table.split("."):
        table = table.get(part, {})
        if not isinstance(table, dict):
            return True
    return setting.key in table


def _expected(given: dict[str, Any], added: list[Setting]) -> dict[str, Any]:
    """Return what the description says when the settings are added."""
    result = tomllib.loads("")
    for table in {setting.table for setting in added}:
        rows = [f"{setting.key} = {setting.value}" for setting in added if setting.table == table]
        result = _merged(result, tomllib.loads("\n".join([f"[{table}]", *rows])))
    return _merged(given, result)


def _merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    both = {key: _merged(left[key], right[key]) for key in left.keys() & right.keys()}
    return left | right | both


def _with(text: str, added: list[Setting], end: str) -> str:
    """Return a description with settings below the heads of their tables, or in tables of their
    own at its end.
    """
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += end
    for table in dict.fromkeys(setting.table for setting in added):
        rows = [
            f"{setting.key} = {setting.value}  {REMARK}{end}"
            for setting in added
            if setting.table == table
        ]
        name = re.escape(table).replace(r"\.", r"\s*\.\s*")
        heads = [
            number
            for number, line in enumerate(lines, 1)
            if re.match(rf"\s*\[\s*{name}\s*\]\s*(#.*)?$", line)
        ]
        if heads:
            lines[heads[0] : heads[0]] = rows
        else:
            lines += [end, f"[{table}]{end}", *rows]
    return "".join(lines)


def _replace(path: Path, data: bytes) -> None:
    """Replace a file so that a reader sees either the old one or the whole new one."""
    number, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        os.chmod(draft, stat.S_IMODE(path.stat().st_mode))
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
