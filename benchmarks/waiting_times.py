"""Time what a user waits for: the environment, the first run, reruns, the tests.

``python benchmarks/waiting_times.py`` does in a fresh clone what README.md tells users to do and
writes ``benchmarks/results/waiting_times.csv``. Installing goes by the machine's own package index
and cache of downloads.
"""

import csv
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from notebook_runners import machine

from cluster_anatomy.compendium import paths, steps

RESULTS = "benchmarks/results/waiting_times.csv"
COLUMNS = ["what", "command", "n", "min", "median", "max", "unit", "machine"]
CHANGED = "06_ties"
"""The notebook that is changed: it comes late enough to leave something alone, and early enough to
be waited for.
"""
MEGA = 1_000_000


def timed(clone: Path, *command: str) -> float:
    """Run a command in the clone and return its seconds."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
    return seconds


def change(clone: Path, number: int) -> None:
    """Add a remark to the last code cell of a notebook: its source is another, what it makes is the
    same.
    """
    path = clone / f"notebooks/{CHANGED}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    last = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][-1]
    last["source"] = [*last["source"], f"\n# remark {number}"]
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def size(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())


def measure(clone: Path) -> list[dict]:
    """Do everything once, and what is quick several times."""
    python, rows = str(clone / ".venv/bin/python"), []

    def note(what: str, command: str, values: list[float], unit: str = "s") -> None:
        digits = 0 if unit == "MB" else 2
        spread = [f"{call(values):.{digits}f}" for call in (min, statistics.median, max)]
        row = [what, command, len(values), *spread, unit, machine()]
        rows.append(dict(zip(COLUMNS, row, strict=True)))
        print(row, flush=True)

    def several(
        what: str, command: str, times: int, before: Callable[[int], None] | None = None
    ) -> None:
        values = []
        for number in range(times):
            if before:
                before(number)
            values.append(timed(clone, python, "-m", "cluster_anatomy", command))
        note(what, f"`python -m cluster_anatomy {command}`", values)

    note(
        "the repository on disk, without its history",
        "-",
        [(size(clone) - size(clone / ".git")) / MEGA],
        "MB",
    )
    note("building the environment", "`make environment`", [timed(clone, "make", "environment")])
    note("the environment on disk", "-", [size(clone / ".venv") / MEGA], "MB")
    note("the first run", "`make reproduce`", [timed(clone, "make", "reproduce")])
    if moved := subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True
    ).stdout:
        raise SystemExit(
            f"the first run left other files than the committed ones:\n{moved.decode()}"
        )
    report = json.loads((clone / "build/report.json").read_text(encoding="utf-8"))
    note("most memory of a notebook", "`build/report.json`", [report["peak_memory_mb"]], "MB")
    several("nothing to do", "run", 10)
    several("asking what is out of date", "status", 10)
    several("asking whether the committed files are stale", "check", 10)
    several(
        f"one notebook changed, its outputs are not ({CHANGED})",
        "run",
        3,
        lambda n: change(clone, n),
    )
    timed(clone, "git", "checkout", "--quiet", ".")
    note("all tests", "`make test`", [timed(clone, "make", "test")])
    return rows


def main() -> None:
    """Measure in a clone and write the table."""
    base = paths.root()
    parent = Path(tempfile.mkdtemp(prefix="cluster-anatomy-times-")).resolve()
    try:
        subprocess.run(["git", "clone", "--quiet", base, parent / "clone"], check=True)
        rows = measure(parent / "clone")
    finally:
        shutil.rmtree(parent, ignore_errors=True)
    with open(base / RESULTS, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    assert CHANGED in {step.name for step in steps.load_steps(paths.root())}
    main()
