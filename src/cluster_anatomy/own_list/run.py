"""Run the notebooks of the study on a list of one's own, alone or beside China and the USA.

What the list does not hold is reported as missing, not failed.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cluster_anatomy.compendium import freshness, paths, steps
from cluster_anatomy.compendium import report as run_report
from cluster_anatomy.compendium import run as compendium_run
from cluster_anatomy.own_list import lists
from cluster_anatomy.own_list.layout import RAW, WORDS
from cluster_anatomy.own_list.prepare import described, environment, prepare


@dataclass
class ListReport:
    """What a run on a list did.

    Attributes
    ----------
    results : Path
        The folder of its results.
    notebooks : Report
        The run of the notebooks.
    analyses : DataFrame
        What could be computed, from `analyses.analyses`.
    seconds : float
        From the reading of the list to the end.
    """

    results: Path
    notebooks: compendium_run.Report
    analyses: pd.DataFrame
    seconds: float


def run(
    folder: Path,
    beside: Iterable[str] | None = None,
    jobs: int = 2,
    tell: Callable[[str], None] = compendium_run.say,
) -> ListReport:
    """Run the notebooks of the study on the list in a folder, into its ``results/``.

    The list is read and checked before anything is written. The notebooks run in
    ``results/build/case``; only when all of them are done does their outcome take the place of an
    earlier one. Nothing is written outside ``results/``.

    Parameters
    ----------
    folder : Path
        Holds ``description.toml`` and the tables that it names.
    beside : iterable of str, optional
        Countries of the study to set beside the list (``China``, ``USA``); as the description says
        if not given.
    jobs, tell
        As for `compendium.run.run`.

    Raises
    ------
    TableError
        With every problem of the list.
    PipelineError
        If ``results/`` holds something else, or another run is going on.
    """
    started, folder = time.perf_counter(), Path(folder).resolve()
    own = lists.read(folder)
    about = described(own, beside)
    results = folder / "results"
    case = _case_folder(results)
    search = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]
    with compendium_run.locked(results):
        analyses = prepare(own, about, paths.root(), case)
        with environment({"PYTHONPATH": os.pathsep.join(filter(None, search))}):
            notebooks = compendium_run.run(case, jobs=jobs, tell=tell, finish=freshness.FILL)
            run_report.write(notebooks, case, None)
        if not notebooks.failed:
            _publish(case, results)
    return ListReport(results, notebooks, analyses, time.perf_counter() - started)


def _case_folder(results: Path) -> Path:
    """Make the folder in which the notebooks run, unless the results hold something else."""
    case = results / "build/case"
    ours = case.is_dir() or (results / RAW / "description.json").is_file()
    if results.exists() and any(results.iterdir()) and not ours:
        raise steps.PipelineError(
            f"{results} holds something else than results of a run: move it away"
        )
    case.mkdir(parents=True, exist_ok=True)
    return case


def _publish(case: Path, results: Path) -> None:
    """Put the outcome of a run where the user looks for it; of an older one nothing is left."""
    outputs = {path for step in steps.load_steps(case) for path in step.outputs}
    inputs = {
        file.relative_to(case).as_posix()
        for folder in ("data/raw", WORDS)
        for file in (case / folder).rglob("*")
        if file.is_file()
    }
    with ExitStack() as stack:
        drafts: dict[str, Path] = {}
        for path in sorted(outputs | inputs | {steps.STEPS_FILE, freshness.LOCK_FILE}):
            top, *below = Path(path).parts
            if top not in drafts:
                draft = paths.draft_folder if below else paths.draft_file
                drafts[top] = stack.enter_context(draft(results / top))
            target = drafts[top].joinpath(*below)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(case / path, target)


def list_summary(report: ListReport) -> list[str]:
    """Return the lines to show at the end of a run."""
    run = report.notebooks
    lines = [f"warning: {warning}" for warning in run.warnings]
    lines += run.failed.values()
    lines += [f"{name}: {reason}" for name, reason in run.not_run.items()]
    if run.failed:
        where = report.results / "build/case"
        return [*lines, f"the notebooks ran in {where}; earlier results are as they were"]
    lines.append(
        f"{len(run.ran)} notebooks run, {len(run.up_to_date)} up to date, in {report.seconds:.1f} s"
    )
    missing = report.analyses[report.analyses["status"] == "missing"]
    lines += ["Missing, not failed:"] if len(missing) else []
    lines += [f"  {row.what}: add {row.add}" for row in missing.itertuples()]
    lines.append(f"Look at {report.results / 'README.md'}")
    return lines
