"""Run the notebooks of the study on a list of one's own, alone or beside China and the USA.

What the list does not hold is reported as missing, not failed. The folder of a list is data,
whoever made it: the notebooks run in a work area of the compendium, and nothing that lies in the
folder is executed, imported or believed.
"""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cluster_anatomy.compendium import freshness, paths, steps
from cluster_anatomy.compendium import report as run_report
from cluster_anatomy.compendium import run as compendium_run
from cluster_anatomy.compendium.lock import locked
from cluster_anatomy.own_list import lists
from cluster_anatomy.own_list.folders import work_area
from cluster_anatomy.own_list.layout import RAW, WORDS
from cluster_anatomy.own_list.prepare import described, prepare

RESULTS = "results"
FILL = "cluster_anatomy.own_list.page:filled"
"""What fills the prose of an executed notebook, and lets no text of the list act in it."""


@dataclass
class ListReport:
    """What a run on a list did.

    Attributes
    ----------
    results : Path
        The folder of its results.
    case : Path
        The folder in which its notebooks ran.
    notebooks : Report
        The run of the notebooks.
    analyses : DataFrame
        What could be computed, from `analyses.analyses`.
    seconds : float
        From the reading of the list to the end.
    """

    results: Path
    case: Path
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

    The list is read and checked before anything is written. The notebooks, those of the
    compendium, run in its ``build/lists/``; only when all of them are done does their outcome take
    the place of an earlier one. In the folder nothing is written outside ``results/``.

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
        If ``results/`` is or holds a link, or holds something else, or another run is going on.
    """
    started, folder = time.perf_counter(), Path(folder).resolve()
    own = lists.read(folder)
    about = described(own, beside)
    results = _results_folder(folder)
    area = work_area(folder)
    with locked(area):
        analyses = prepare(own, about, paths.root(), area / "case")
        notebooks = compendium_run.run(area / "case", jobs=jobs, tell=tell, finish=FILL)
        run_report.write(notebooks, area / "case", None)
        if not notebooks.failed:
            _publish(area / "case", _results_folder(folder))
    return ListReport(results, area / "case", notebooks, analyses, time.perf_counter() - started)


def _results_folder(folder: Path) -> Path:
    """Return where the results of a list go, unless a link or something else is there."""
    results = folder / RESULTS
    for name in sorted(os.listdir(folder)):
        if name.casefold() == RESULTS != name:
            raise steps.PipelineError(
                f"{folder / name}: some machines take this for {RESULTS}/: give it another name"
            )
    if (link := next(_links(results), None)) is not None:
        raise steps.PipelineError(
            f"{link} is a link; results are never written where links lie: take it out"
        )
    if results.exists() and not results.is_dir():
        raise steps.PipelineError(f"{results} is no folder: move it away")
    # earlier versions left their work area there; it is not read and not touched
    held = {path.name for path in results.iterdir()} - {"build"} if results.exists() else set()
    if held and not (results / RAW / "description.json").is_file():
        raise steps.PipelineError(
            f"{results} holds something else than results of a run: move it away"
        )
    return results


def _links(folder: Path) -> Iterator[Path]:
    """Yield the links in a folder, itself among them; a file with a second name is one too."""
    if folder.is_symlink():
        yield folder
        return
    for top, folders, files in os.walk(folder):
        for path in (Path(top, name) for name in (*folders, *files)):
            status = path.lstat()
            second_name = stat.S_ISREG(status.st_mode) and status.st_nlink > 1
            if stat.S_ISLNK(status.st_mode) or second_name:
                yield path


def _publish(case: Path, results: Path) -> None:
    """Put the outcome of a run where the user looks for it; of an older one nothing is left."""
    outputs = {path for step in steps.load_steps(case) for path in step.outputs}
    results.mkdir(exist_ok=True)
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
        return [*lines, f"the notebooks ran in {report.case}; earlier results are as they were"]
    lines.append(
        f"{len(run.ran)} notebooks run, {len(run.up_to_date)} up to date, in {report.seconds:.1f} s"
    )
    missing = report.analyses[report.analyses["status"] == "missing"]
    lines += ["Missing, not failed:"] if len(missing) else []
    lines += [f"  {row.what}: add {row.add}" for row in missing.itertuples()]
    lines.append(f"Look at {report.results / 'README.md'}")
    return lines
