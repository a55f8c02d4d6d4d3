"""The report of a run, for people (``build/report.html``) and programs (``build/report.json``).

It says what ran and how long it took, with which versions and parameters, and which numbers moved
since the committed run. Only the standard library is imported, so that a run with nothing to do
stays fast.
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
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cluster_anatomy.compendium import results_file, steps
from cluster_anatomy.compendium.git import git
from cluster_anatomy.compendium.paths import replace_text
from cluster_anatomy.compendium.results_file import PARTS, WHOLE

JSON, HTML = "build/report.json", "build/report.html"
COMPARED = ("value", "low", "high", "bound_low", "bound_high", "count", "n", "unknown")
TOLERANCE = 1e-9  # relative; smaller differences are the arithmetic of another processor
STATES = {"ran": "ran", "up_to_date": "up to date", "failed": "failed", "not_run": "not run"}
STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0"
    " 1rem;color:#111;background:#fff}table{border-collapse:collapse;margin:1rem"
    " 0}caption{text-align:left;font-weight:bold;padding:.3rem 0}th,td{border:1px solid"
    " #767676;padding:.2rem .6rem;text-align:left;vertical-align:top}pre{white-space:pre-wrap}"
)


# --- What was committed


def committed(base: Path, paths: list[str]) -> dict[str, str] | None:
    """Return the committed texts of files, path -> text (without those that are new).

    Returns
    -------
    dict or None
        None if the folder is no git checkout of the compendium.
    """
    asked = "".join(f"HEAD:{path}\n" for path in paths).encode()
    answer = git(base, "cat-file", "--batch", asked=asked)
    if answer is None:
        return None
    stream, found = io.BytesIO(answer), {}
    for path in paths:
        head = stream.readline().split()
        if len(head) == 3 and head[1] == b"blob":
            found[path] = stream.read(int(head[2])).decode("utf-8", "replace")
            stream.read(1)
    return found


def _results(texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    rows = (row for text in texts.values() for row in results_file.rows(text))
    return {row["id"]: row for row in rows if row.get("id")}


def _differ(old: str, new: str) -> bool:
    if old == new:
        return False
    try:
        return not math.isclose(float(old), float(new), rel_tol=TOLERANCE, abs_tol=1e-12)
    except ValueError:
        return True


def moved(
    old: Mapping[str, dict[str, str]], new: Mapping[str, dict[str, str]]
) -> list[dict[str, str]]:
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
    found = []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        notebook = (after or before or {}).get("notebook", "")
        if before is None or after is None:
            pairs = [
                ("result", "no" if before is None else "yes", "no" if after is None else "yes")
            ]
        else:
            cells = ((key, before.get(key) or "", after.get(key) or "") for key in COMPARED)
            pairs = [(key, a, b) for key, a, b in cells if _differ(a, b)]
        found += [
            {"id": name, "notebook": notebook, "field": k, "committed": a, "now": b}
            for k, a, b in pairs
        ]
    return found


def compared(base: Path) -> dict:
    """Return what was compared with the register of this run, and the numbers that moved.

    Returns
    -------
    dict
        ``with``: a sentence; ``moved``: list as `moved` gives it, or None if that cannot be known;
        ``files``: parts of the register with other bytes than in the release, where only checksums
        are at hand.
    """
    paths = sorted(path.relative_to(base).as_posix() for path in base.glob(f"{PARTS}/*.csv"))
    paths = paths or ([WHOLE] if (base / WHOLE).is_file() else [])
    now = {path: (base / path).read_text(encoding="utf-8", errors="replace") for path in paths}
    before = committed(base, paths)
    if before is not None:
        if paths and not before:
            return {
                "with": "nothing: the last commit has no register of results",
                "moved": None,
                "files": [],
            }
        return {
            "with": "the last commit",
            "moved": moved(_results(before), _results(now)),
            "files": [],
        }
    sums = base / "SHA256SUMS"
    if sums.is_file():
        lines = (
            line.split("  ", 1)
            for line in sums.read_text(encoding="utf-8").splitlines()
            if "  " in line
        )
        known = {path: digest for digest, path in lines}
        other = [
            path
            for path, text in now.items()
            if known.get(path) != sha256(text.encode()).hexdigest()
        ]
        said = (
            "the checksums of the release; they tell which part of the register differs, not which"
            " number"
        )
        return {"with": said, "moved": [] if not other else None, "files": other}
    said = (
        "nothing: this is neither a git checkout nor an unpacked release, so the committed numbers"
        " are unknown"
    )
    return {"with": said, "moved": None, "files": []}


# --- The report


def versions(base: Path) -> dict[str, str]:
    """Return the versions of the packages that the study asks for, by name; those not installed say
    so.
    """
    try:
        project = tomllib.loads((base / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        names = [
            re.split(r"[\s\[<>=!~;]", requirement)[0] for requirement in project["dependencies"]
        ]
    except (OSError, ValueError, KeyError):
        names = []
    found = {}
    for name in sorted(names):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def content(report: object, base: Path, parameters: Mapping[str, object] | None = None) -> dict:
    """Return the report of a run as plain data.

    Parameters
    ----------
    report : pipeline.Report
        What the run did; ``seconds_of`` and ``memory_of`` (step -> seconds, peak in MB) may be
        missing or hold None.
    base : Path
        Folder of the compendium.
    parameters : mapping, optional
        Parameters given to the run, ``name`` or ``step:name`` -> value; else ``report.parameters``.
    """
    given = parameters if parameters is not None else getattr(report, "parameters", {})
    seconds, memory = getattr(report, "seconds_of", {}), getattr(report, "memory_of", {})
    reasons = report.failed | report.not_run
    state_of = {name: said for key, said in STATES.items() for name in getattr(report, key)}
    # Not by `load_steps`, which the run has done: it takes longer than all the rest of the report.
    whole = tomllib.loads((base / steps.STEPS_FILE).read_text(encoding="utf-8"))
    titles = {entry["name"]: entry.get("title", "") for entry in whole["step"]}
    listed = [
        {
            "step": name,
            "title": titles[name],
            "state": state_of[name],
            "seconds": _rounded(seconds.get(name), 2),
            "peak_memory_mb": _rounded(memory.get(name), 1),
            "reason": reasons.get(name, ""),
        }
        for name in sorted(state_of)
    ]
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": _rounded(report.seconds, 2),
        "peak_memory_mb": _rounded(
            max((one for one in memory.values() if one is not None), default=None), 1
        ),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "packages": versions(base),
        "parameters": {str(key): repr(value) for key, value in sorted((given or {}).items())},
        "steps": listed,
        "compared": compared(base),
        "warnings": list(report.warnings),
    }


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)


def _table(caption: str, head: list[str], rows: list[list[object]]) -> str:
    """Return an HTML table; the first cell of a row is its heading. What is not known is said so."""

    def shown(value: object) -> str:
        return "not measured" if value is None else escape(str(value))

    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = (
        "<tr><th"
        f' scope="row">{shown(row[0])}</th>{"".join(f"<td>{shown(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    body = "\n".join(lines)
    return f"<table><caption>{escape(caption)}</caption>\n<thead><tr>{columns}</tr></thead>\n<tbody>{body}</tbody></table>"


def page(said: dict) -> str:
    """Return the report as a page of plain HTML, without scripts and without anything from
    elsewhere.
    """
    counts = {
        state: sum(step["state"] == state for step in said["steps"]) for state in STATES.values()
    }
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no steps"
    rows = [
        [
            s["step"],
            s["title"],
            s["state"],
            s["seconds"] if s["state"] != "up to date" else "–",
            s["peak_memory_mb"] if s["state"] != "up to date" else "–",
        ]
        for s in said["steps"]
    ]
    parts = ["<h2>Steps</h2>"]
    parts += [_table("What ran", ["step", "title", "state", "seconds", "peak memory in MB"], rows)]
    parts += [
        f"<h3>{escape(s['step'])}: {s['state']}</h3>\n<pre>{escape(s['reason'])}</pre>"
        for s in said["steps"]
        if s["reason"]
    ]
    against = said["compared"]
    parts.append(f"<h2>Numbers that moved</h2>\n<p>Compared with {escape(against['with'])}.</p>")
    if against["moved"]:
        rows = [
            [m["id"], m["notebook"], m["field"], m["committed"], m["now"]] for m in against["moved"]
        ]
        parts.append(
            _table("Numbers that moved", ["result", "notebook", "field", "committed", "now"], rows)
        )
    elif against["moved"] is None:
        parts.append("<p>Whether a number moved is not known.</p>")
        parts += [
            f"<p>Other bytes than in the release: {escape(path)}</p>" for path in against["files"]
        ]
    else:
        parts.append("<p>None.</p>")
    parts.append("<h2>Warnings</h2>")
    parts.append(
        "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in said["warnings"]) + "</ul>"
        if said["warnings"]
        else "<p>None.</p>"
    )
    parts.append("<h2>Parameters and machine</h2>")
    if said["parameters"]:
        parts.append(
            _table(
                "Parameters given",
                ["parameter", "value"],
                [list(item) for item in said["parameters"].items()],
            )
        )
    else:
        parts.append("<p>No parameters were given: the values are those in the notebooks.</p>")
    machine = [
        ["Python", said["python"]],
        ["Platform", said["platform"]],
        ["Processors", said["processors"]],
        ["Peak memory of one step in MB", said["peak_memory_mb"]],
    ]
    parts.append(_table("Machine", ["what", "value"], machine))
    parts.append(
        _table(
            "Packages", ["package", "version"], [list(item) for item in said["packages"].items()]
        )
    )
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>Run report:"
        f" {escape(told)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Run report</h1>\n<p>{escape(told)} in {said['seconds']} s; finished"
        f" {escape(said['finished'])} (UTC).</p>\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def write(report: object, base: Path, parameters: Mapping[str, object] | None = None) -> list[Path]:
    """Write ``build/report.json`` and ``build/report.html`` and return their paths.

    A report that cannot be written (a full disk, say) does not spoil the run: that is said, and the
    earlier report stays as it was.
    """
    said, written = content(report, base, parameters), []
    texts = {JSON: json.dumps(said, ensure_ascii=False, indent=1) + "\n", HTML: page(said)}
    for name, text in texts.items():
        path = base / name
        try:
            path.parent.mkdir(exist_ok=True)
            replace_text(path, text)
            written.append(path)
        except OSError as error:
            print(f"warning: {name} could not be written: {error.strerror}", file=sys.stderr)
    return written
