"""Time what a user waits for: the environment, the first run, reruns, the tests.

``python benchmarks/waiting_times.py`` does in a fresh clone what README.md tells users to do and
writes ``benchmarks/results/waiting_times.csv``. Installing goes by the machine's own package index
and cache of downloads.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from reporting import RESULTS, machine, spread, write_csv

from cluster_anatomy.compendium import paths, steps

RESULT = RESULTS / "waiting_times.csv"
CHANGED = "06_ties"
"""The notebook that is changed: late enough to leave some alone, early enough to be waited for."""
MEGA = 1_000_000


def timed(clone: Path, *command: str) -> float:
    """Run a command in the clone and return its seconds."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        output = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        raise SystemExit(f"{' '.join(command)} failed:\n{output}")
    return seconds


def change(clone: Path, number: int) -> None:
    """Add a remark to the last code cell of a notebook: what it makes stays the same."""
    path = clone / f"notebooks/{CHANGED}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    last = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][-1]
    last["source"] = [*last["source"], f"\n# remark {number}"]
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def size(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())


class Clone:
    """A fresh clone in which everything is timed, and the rows of the table."""

    def __init__(self, folder: Path, python: str):
        self.folder, self.python = folder, python
        self.rows: list[dict] = []

    def note(self, what: str, command: str, values: list[float], unit: str = "s") -> None:
        """Keep a row and print it."""
        measured = spread(values, digits=0 if unit == "MB" else 2)
        row = {"what": what, "command": command} | measured | {"unit": unit, "machine": machine()}
        self.rows.append(row)
        print(row, flush=True)

    def time(self, what: str, *command: str) -> None:
        """Time a command once."""
        self.note(what, f"`{' '.join(command)}`", [timed(self.folder, *command)])

    def repeat(
        self, what: str, command: str, times: int, before: Callable[[int], None] | None = None
    ) -> None:
        """Time a command of the package several times; `before` each, the clone may be changed."""
        values = []
        for number in range(times):
            if before:
                before(number)
            values.append(timed(self.folder, self.python, "-m", "cluster_anatomy", command))
        self.note(what, f"`python -m cluster_anatomy {command}`", values)

    def must_be_as_committed(self) -> None:
        """Stop if the first run has left other files than the committed ones."""
        status = ["git", "status", "--porcelain"]
        moved = subprocess.run(status, cwd=self.folder, capture_output=True, check=True).stdout
        if moved:
            raise SystemExit(
                f"the first run left other files than the committed ones:\n{moved.decode()}"
            )


def first_time(clone: Clone) -> None:
    """Measure what is done once: the files, the environment, the first run."""
    folder = clone.folder
    files = (size(folder) - size(folder / ".git")) / MEGA
    clone.note("the repository on disk, without its history", "-", [files], "MB")
    clone.time("building the environment", "make", "environment")
    clone.note("the environment on disk", "-", [size(folder / ".venv") / MEGA], "MB")
    clone.time("the first run", "make", "reproduce")
    clone.must_be_as_committed()
    report = json.loads((folder / "build/report.json").read_text(encoding="utf-8"))
    memory = [report["peak_memory_mb"]]
    clone.note("most memory of a notebook", "`build/report.json`", memory, "MB")


def every_time(clone: Clone, times: int) -> None:
    """Measure what is done again and again: runs, questions, the tests."""
    clone.repeat("nothing to do", "run", times)
    clone.repeat("asking what is out of date", "status", times)
    clone.repeat("asking whether the committed files are stale", "fresh", times)
    changed = f"one notebook changed, its outputs are not ({CHANGED})"
    clone.repeat(changed, "run", min(times, 3), lambda number: change(clone.folder, number))
    timed(clone.folder, "git", "checkout", "--quiet", ".")


def main() -> None:
    """Measure in a clone and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    text = "only what is quick, once, with the packages of this interpreter; nothing is written"
    parser.add_argument("--quick", action="store_true", help=text)
    quick = parser.parse_args().quick
    parent = Path(tempfile.mkdtemp(prefix="cluster-anatomy-times-")).resolve()
    try:
        folder = parent / "clone"
        subprocess.run(["git", "clone", "--quiet", paths.root(), folder], check=True)
        clone = Clone(folder, sys.executable if quick else str(folder / ".venv/bin/python"))
        if quick:
            os.environ |= {"PYTHONPATH": str(folder / "src"), paths.ROOT_VARIABLE: str(folder)}
            timed(folder, sys.executable, "-m", "cluster_anatomy", "run")
            every_time(clone, times=1)
            return
        first_time(clone)
        every_time(clone, times=10)
        clone.time("all tests", "make", "test")
    finally:
        shutil.rmtree(parent, ignore_errors=True)
    write_csv(RESULT, clone.rows)


if __name__ == "__main__":
    assert CHANGED in {step.name for step in steps.load_steps(paths.root())}
    main()
