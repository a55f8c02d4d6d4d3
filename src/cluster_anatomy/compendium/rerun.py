"""Run a fresh copy of the compendium and tell every result that differs from the committed one."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from cluster_anatomy.compendium.compare import Difference, compare
from cluster_anatomy.compendium.git import git, walked
from cluster_anatomy.compendium.lock import undisturbed
from cluster_anatomy.compendium.run import Report, run, say
from cluster_anatomy.compendium.steps import PipelineError, Step, load_steps


def check(
    base: Path,
    into: Path | None = None,
    jobs: int = 2,
    tell: Callable[[str], None] = say,
    finish: str | None = None,
) -> list[Difference]:
    """Run a copy from scratch and compare each declared output with the committed one.

    Parameters
    ----------
    base : Path
        Folder of the compendium.
    into : Path, optional
        New or empty folder for the copy, which is then kept; else a temporary one, kept if anything
        differs.
    jobs, tell, finish
        As for `run.run`.
    """
    if into and into.exists() and (into.is_file() or any(into.iterdir())):
        raise PipelineError(f"{into} is not an empty folder")
    folder = Path(into or tempfile.mkdtemp(prefix="cluster-anatomy-check-")).resolve()
    steps = load_steps(base)
    with undisturbed(base):
        copy_compendium(base, folder)
    for step in steps:
        # A fresh run must not read what an earlier one has left; README.md is a person's, a run
        # fills its numbers in.
        for path in set(step.writes) - {"README.md"}:
            (folder / path).unlink(missing_ok=True)
    tell(f"running a copy in {folder}")
    report = run(folder, jobs=jobs, tell=tell, finish=finish)
    differences = _differences(steps, report, base, folder)
    if not differences and not into:
        shutil.rmtree(folder, ignore_errors=True)
    return differences


def _differences(steps: Iterable[Step], report: Report, base: Path, copy: Path) -> list[Difference]:
    """Return what differs in the outputs of each step, or that it did not run to its end."""
    stopped = report.failed | report.not_run
    differences = []
    for step in steps:
        if step.name in stopped:
            differences.append(Difference(step.notebook, "run", "ran", stopped[step.name]))
        else:
            differences += [d for path in step.outputs for d in compare(path, base, copy)]
    return differences


def copy_compendium(base: Path, into: Path) -> None:
    """Copy what belongs to the compendium: all that ``.gitignore`` does not name."""
    listed = git(base, "ls-files", "-co", "--exclude-standard", "-z")
    for path in walked(base) if listed is None else os.fsdecode(listed).split("\0"):
        if (base / path).is_file():  # a deleted file is still listed
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(base / path, into / path)
