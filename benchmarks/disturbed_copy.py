"""A copy of the compendium in which runs are disturbed, and the judgement of what they leave."""

import csv
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cluster_anatomy.compendium import paths, rerun, steps

CHANGED = "data/raw/evidence/usa.csv"
RUN = [sys.executable, "-m", "cluster_anatomy", "run"]


class Copy:
    """A copy of the compendium in which runs are disturbed."""

    def __init__(self, folder: Path):
        self.folder = folder.resolve()
        rerun.copy_compendium(paths.root(), self.folder)
        self.steps = steps.load_steps(self.folder)
        self.outputs = sorted({path for step in self.steps for path in step.outputs})

    def start(
        self, *options: str, wrapped: list[str] | None = None, **environment: str
    ) -> subprocess.Popen:
        """Start a run in a process group of its own."""
        of_copy = {
            "PYTHONPATH": str(self.folder / "src"),
            paths.ROOT_VARIABLE: str(self.folder),
        }
        return subprocess.Popen(
            [*(wrapped or []), *RUN, *options],
            cwd=self.folder,
            env=os.environ | of_copy | environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *options: str, **kwargs) -> tuple[int, str]:
        """Run to the end; return the exit code and what was printed."""
        process = self.start(*options, **kwargs)
        text = process.communicate()[0]
        return process.returncode, text

    def killed_after(self, seconds: float | None) -> int | None:
        """Start a run and kill it with all its processes; return its exit code if it was faster."""
        process = self.start()
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return None
        return process.returncode

    def digests(self) -> dict[str, str | None]:
        """Return the digest of every output."""
        files = {path: self.folder / path for path in self.outputs}
        return {
            path: paths.digest(file) if file.is_file() else None for path, file in files.items()
        }

    def change_data(self, text: bytes) -> None:
        """Put other raw data in."""
        (self.folder / CHANGED).write_bytes(text)

    def processes(self) -> int:
        """Count processes that still belong to runs of this copy."""
        count, mark = 0, f"{paths.ROOT_VARIABLE}={self.folder}".encode()
        for entry in Path("/proc").glob("[0-9]*/environ"):
            try:
                count += mark in entry.read_bytes().split(b"\0")
            except OSError:
                continue
        return count

    def damaged(self, before: dict, after: dict) -> list[str]:
        """Return the outputs that are of neither run, and the steps whose files are of both."""
        now = self.digests()
        wrong = [path for path in self.outputs if now[path] not in (before[path], after[path])]
        for step in self.steps:
            telling = [
                path for path in step.outputs if before[path] != after[path] and path not in wrong
            ]
            if len({now[path] == after[path] for path in telling}) > 1:
                wrong.append(f"{step.name}: files of two runs")
        return wrong


def other_data(text: bytes) -> bytes:
    """Change every firm of the file: the register changes, and the input of every step with it."""
    rows = list(csv.reader(text.decode("utf-8").splitlines()))
    column = rows[0].index("lead_products")
    for row in rows[1:]:
        row[column] = f"{row[column]}|seen again" if row[column] else "seen again"
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return ("\n".join(lines) + "\n").encode("utf-8")


@dataclass
class Disturbed:
    """A fault and how the last run under it ended; `damage` counts what else went wrong."""

    fault: str
    note: str
    code: int
    output: str
    tries: int = 1
    damage: int = 0


def judged(copy: Copy, disturbed: Disturbed, reference: dict) -> dict:
    """Judge what a disturbed run has left, then run again undisturbed; return a row."""
    wrong = copy.damaged(reference, reference)
    code, text = copy.run("--force")
    after = copy.digests()
    if code:
        print(text)
    output = disturbed.output.replace(f"{copy.folder}/", "")
    words = [line for line in output.splitlines() if "rror" in line or "failed:" in line]
    said = f"; said: {words[0].strip()[:120]}" if words and disturbed.code else ""
    return {
        "fault": disturbed.fault,
        "tries": disturbed.tries,
        "completed": int(code == 0),
        "damaged": len(wrong) + disturbed.damage,
        "different_bytes": sum(after[path] != reference[path] for path in after),
        "left_over": copy.processes(),
        "note": disturbed.note + said,
    }
