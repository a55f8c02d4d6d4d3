"""The report of a run, for people (``build/report.html``) and programs (``build/report.json``).

It says what ran and how long it took, with which versions and parameters, and which numbers moved
since the committed run. Little is imported, so that a run with nothing to do stays fast.
"""

import io
import json
import math
import os
import platform
import re
import sys
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypedDict

from cluster_anatomy.compendium import results_file, steps
from cluster_anatomy.compendium.git import git, refusal
from cluster_anatomy.compendium.paths import replace_text
from cluster_anatomy.compendium.results_file import PARTS, WHOLE
from cluster_anatomy.compendium.run import Report

JSON, HTML = "build/report.json", "build/report.html"
TEMPLATE = Path(__file__).with_suffix(".html.j2")
COMPARED = ("value", "low", "high", "bound_low", "bound_high", "count", "n", "unknown")
TOLERANCE = 1e-9  # relative; smaller differences are the arithmetic of another processor
STATES = {"ran": "ran", "up_to_date": "up to date", "failed": "failed", "not_run": "not run"}

Row = dict[str, str]  # of the register of results, as text
Register = Mapping[str, Row]  # id of a result -> its row

Compared = TypedDict("Compared", {"with": str, "moved": list[Row] | None, "files": list[str]})
"""``with``: a sentence; ``moved``: as `moved` gives it, None if that cannot be known; ``files``:
parts of the register with other bytes than in the release, where only checksums are at hand.
"""


class StepReport(TypedDict):
    """What became of one step; None for what was not measured."""

    step: str
    title: str
    state: str
    seconds: float | None
    peak_memory_mb: float | None
    reason: str


class Content(TypedDict):
    """The report as plain data."""

    finished: str
    seconds: float | None
    peak_memory_mb: float | None
    python: str
    platform: str
    processors: int | None
    packages: dict[str, str]
    parameters: dict[str, str]
    steps: list[StepReport]
    compared: Compared
    warnings: list[str]


# --- What was committed


def committed(base: Path, paths: list[str]) -> dict[str, str] | None:
    """Return the committed texts of files, path -> text (without those that are new).

    Returns
    -------
    dict or None
        None if the folder is no git checkout of the compendium.
    """
    names = "".join(f"HEAD:{path}\n" for path in paths).encode()
    answer = git(base, "cat-file", "--batch", stdin=names)
    if answer is None:
        return None
    stream, texts = io.BytesIO(answer), {}
    for path in paths:
        head = stream.readline().split()
        if len(head) == 3 and head[1] == b"blob":
            texts[path] = stream.read(int(head[2])).decode("utf-8", "replace")
            stream.read(1)
    return texts


def _results(texts: Mapping[str, str]) -> dict[str, Row]:
    rows = (row for text in texts.values() for row in results_file.rows(text))
    return {row["id"]: row for row in rows if row.get("id")}


def _differ(old: str, new: str) -> bool:
    if old == new:
        return False
    try:
        return not math.isclose(float(old), float(new), rel_tol=TOLERANCE, abs_tol=1e-12)
    except ValueError:
        return True


def moved(old: Register, new: Register) -> list[Row]:
    """Return the numbers that are not as they were.

    Parameters
    ----------
    old, new : mapping of dict
        Result id -> row of the register, as text.

    Returns
    -------
    list of dict
        ``id``, ``notebook``, ``field``, ``committed``, ``now``, sorted by id; a result that is new
        or gone has the field ``result``.
    """
    numbers = []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        notebook = (after or before or {}).get("notebook", "")
        numbers += [
            {"id": name, "notebook": notebook, "field": field, "committed": a, "now": b}
            for field, a, b in _fields(before, after)
        ]
    return numbers


def _fields(before: Row | None, after: Row | None) -> list[tuple[str, str, str]]:
    """Return the fields in which two rows differ, or that one of them is missing."""
    if before is None or after is None:
        return [("result", "no" if before is None else "yes", "no" if after is None else "yes")]
    cells = ((key, before.get(key) or "", after.get(key) or "") for key in COMPARED)
    return [(key, a, b) for key, a, b in cells if _differ(a, b)]


def compared(base: Path) -> Compared:
    """Return what was compared with the register of this run, and the numbers that moved."""
    paths = sorted(path.relative_to(base).as_posix() for path in base.glob(f"{PARTS}/*.csv"))
    paths = paths or ([WHOLE] if (base / WHOLE).is_file() else [])
    now = {path: (base / path).read_text(encoding="utf-8", errors="replace") for path in paths}
    before = committed(base, paths)
    if before is not None:
        return _compared_with_commit(before, now)
    if (base / "SHA256SUMS").is_file():
        return _compared_with_release(base, now)
    words = f"nothing: {refusal(base)}, so the committed numbers are unknown"
    return {"with": words, "moved": None, "files": []}


def _compared_with_commit(before: Mapping[str, str], now: Mapping[str, str]) -> Compared:
    if now and not before:
        words = "nothing: the last commit has no register of results"
        return {"with": words, "moved": None, "files": []}
    numbers = moved(_results(before), _results(now))
    return {"with": "the last commit", "moved": numbers, "files": []}


def _compared_with_release(base: Path, now: Mapping[str, str]) -> Compared:
    text = (base / "SHA256SUMS").read_text(encoding="utf-8")
    lines = (line.split("  ", 1) for line in text.splitlines() if "  " in line)
    sums = {path: digest for digest, path in lines}
    other = [
        path for path, text in now.items() if sums.get(path) != sha256(text.encode()).hexdigest()
    ]
    words = (
        "the checksums of the release; they tell which part of the register differs, not which"
        " number"
    )
    return {"with": words, "moved": None if other else [], "files": other}


# --- The report


def versions(base: Path) -> dict[str, str]:
    """Return the versions of the packages that the study needs, by name, or "not installed"."""
    try:
        project = tomllib.loads((base / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        names = [
            re.split(r"[\s\[<>=!~;]", requirement)[0] for requirement in project["dependencies"]
        ]
    except (OSError, ValueError, KeyError):
        names = []
    return {name: _version(name) for name in sorted(names)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def content(report: Report, base: Path, parameters: Mapping[str, object] | None = None) -> Content:
    """Return the report of a run as plain data.

    Parameters
    ----------
    report : run.Report
        What the run did.
    base : Path
        Folder of the compendium.
    parameters : mapping, optional
        Parameters given to the run, ``name`` or ``step:name`` -> value.
    """
    measured = [peak for peak in report.memory_of.values() if peak is not None]
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": _rounded(report.seconds, 2),
        "peak_memory_mb": _rounded(max(measured, default=None), 1),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "packages": versions(base),
        "parameters": {str(key): repr(value) for key, value in sorted((parameters or {}).items())},
        "steps": _steps(report, base),
        "compared": compared(base),
        "warnings": list(report.warnings),
    }


def _steps(report: Report, base: Path) -> list[StepReport]:
    reasons = report.failed | report.not_run
    state_of = {name: state for key, state in STATES.items() for name in getattr(report, key)}
    # Not by `load_steps`, which the run has done: it takes longer than all the rest of the report.
    listed = tomllib.loads((base / steps.STEPS_FILE).read_text(encoding="utf-8"))["step"]
    titles = {entry["name"]: entry.get("title", "") for entry in listed}
    return [
        {
            "step": name,
            "title": titles[name],
            "state": state_of[name],
            "seconds": _rounded(report.seconds_of.get(name), 2),
            "peak_memory_mb": _rounded(report.memory_of.get(name), 1),
            "reason": reasons.get(name, ""),
        }
        for name in sorted(state_of)
    ]


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)


def page(report: Content) -> str:
    """Return the report as a page of plain HTML that needs nothing from elsewhere."""
    from jinja2 import Environment, StrictUndefined  # not needed where no page is written

    counts = {state: 0 for state in STATES.values()}
    for step in report["steps"]:
        counts[step["state"]] += 1
    outcome = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    rows: list[list[object]] = []
    for step in report["steps"]:
        measures = [step["seconds"], step["peak_memory_mb"]]
        shown = ["–", "–"] if step["state"] == STATES["up_to_date"] else measures
        rows.append([step["step"], step["title"], step["state"], *shown])
    fields = ("id", "notebook", "field", "committed", "now")
    numbers = [[row[field] for field in fields] for row in report["compared"]["moved"] or []]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(run=report, outcome=outcome or "no steps", steps=rows, moved=numbers)


def write(report: Report, base: Path, parameters: Mapping[str, object] | None = None) -> list[Path]:
    """Write ``build/report.json`` and ``build/report.html`` and return their paths.

    A report that cannot be written (a full disk, say) does not spoil the run: that is said, and the
    earlier report stays as it was.
    """
    data, written = content(report, base, parameters), []
    texts = {JSON: json.dumps(data, ensure_ascii=False, indent=1) + "\n", HTML: page(data)}
    for name, text in texts.items():
        path = base / name
        try:
            path.parent.mkdir(exist_ok=True)
            replace_text(path, text)
            written.append(path)
        except OSError as error:
            print(f"warning: {name} could not be written: {error.strerror}", file=sys.stderr)
    return written
