"""Run the notebooks of the study in order, and only those that are out of date.

Each notebook runs in a worker process and writes into a staging folder; its files are moved into
place only when all of them are there, so that a step which fails leaves every earlier output as it
was.
"""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import active_children, get_context
from pathlib import Path

from cluster_anatomy.compendium import freshness, results_file, steps
from cluster_anatomy.compendium.execute import execute, kernel_environment, prepare_worker
from cluster_anatomy.compendium.kernel_server import load_papermill
from cluster_anatomy.compendium.lock import locked
from cluster_anatomy.compendium.parameters import default_parameters, resolve_parameters
from cluster_anatomy.compendium.steps import PipelineError, Step


@dataclass
class Report:
    """What a run did: names of steps, and for the failed ones and those not run, why."""

    ran: list[str] = field(default_factory=list)
    up_to_date: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    seconds_of: dict[str, float] = field(default_factory=dict)
    memory_of: dict[str, float | None] = field(default_factory=dict)
    """Peak memory in MB of the kernel of each step that ran; None where it is not known."""


TEMPORARY = "build/tmp"
"""Where the socket of the server of kernels and the connection files of kernels lie."""
say = partial(print, flush=True)  # at once, so that progress is seen also through a pipe


# --- The workers


@contextmanager
def _workers(base: Path, jobs: int, variant: bool, lock: int) -> Iterator[ProcessPoolExecutor]:
    """Provide worker processes and the server of kernels; end them if interrupted.

    `variant`: the run has other parameters than the study's own.
    """
    from cluster_anatomy.compendium import kernels

    # "python3" is this interpreter, whatever else the user has installed under that name.
    kernels.write_spec(base / "build/cache/jupyter")
    environment = kernel_environment(base, variant)
    shutil.rmtree(base / TEMPORARY, ignore_errors=True)  # what a run that was killed has left
    (base / TEMPORARY).mkdir(parents=True, exist_ok=True)  # of another user, it may still be there
    temporary = Path(tempfile.mkdtemp(prefix="run-", dir=base / TEMPORARY))
    with kernels.server(environment, base / TEMPORARY) as (address, keep):
        if address:
            environment[kernels.SERVER_VARIABLE] = address
            load_papermill()  # once for all workers, while the server loads what kernels need
        pool = ProcessPoolExecutor(
            jobs,
            get_context("fork" if address else "spawn"),
            prepare_worker,
            (environment, (lock, *keep) if address else (), temporary),
        )
        with _closing(pool, base):
            yield pool


@contextmanager
def _closing(pool: ProcessPoolExecutor, base: Path) -> Iterator[None]:
    try:
        yield
    except BrokenExecutor:
        raise PipelineError("a worker process was killed; the steps done so far are kept") from None
    except BaseException:
        for worker in active_children():
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        for folder in ("build/stage", TEMPORARY):
            shutil.rmtree(base / folder, ignore_errors=True)


def _move_into_place(step: Step, base: Path, source: str | None) -> None:
    """Move the staged files of a step, unless its notebook is no longer the one that was run."""
    if freshness.source_digest(base / step.notebook) != source:
        raise PipelineError(
            f"{step.name} failed: {step.notebook} was edited while it ran; run it again"
        )
    for folder in {(base / path).parent for path in step.outputs}:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PipelineError(
                f"{step.name} failed: {folder.relative_to(base)}/ may not be written to"
            )
    with _uninterrupted():  # all of the files or none
        for path in step.outputs:
            os.replace(base / "build/stage" / step.name / path, base / path)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let interrupts wait for the end of a block, where the system can (Windows cannot)."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    interrupts = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, interrupts)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, interrupts)


# --- A run


@dataclass(frozen=True)
class _Task:
    """A step that a worker executes, with what it is made from and when it was begun."""

    step: Step
    fingerprint: freshness.Digests
    begun: float


Outcome = Future[tuple[list[str], float | None]]


class _Run:
    """One run: the steps that wait, those that are executed, and what has come of the others.

    Raises the mistakes of the user when it is made, before anything runs.
    """

    def __init__(
        self,
        base: Path,
        names: Iterable[str],
        parameters: Mapping[str, object],
        force: bool,
        jobs: int,
        tell: Callable[[str], None],
        finish: str | None,
    ) -> None:
        self.base, self.jobs, self.tell, self.finish = base, jobs, tell, finish
        self.steps = {step.name: step for step in steps.load_steps(base)}
        self.selected = steps.select(names or self.steps, self.steps)
        defaults = {name: default_parameters(base, self.steps[name]) for name in self.selected}
        self.given = resolve_parameters(parameters, defaults)
        self.variant = bool(parameters)
        self.forced = set(names or self.selected) if force else set()
        self.urgency = self._urgency()
        self.label = {
            name: f"[{number}/{len(self.selected)}] {name} …"
            for number, name in enumerate(self.selected, start=1)
        }
        self.waiting = list(self.selected)
        self.executing: dict[Outcome, _Task] = {}
        self.report = Report()

    def _urgency(self) -> dict[str, int]:
        """Return how many steps wait for each one, one after the other: the more, the sooner."""
        urgency = dict.fromkeys(self.selected, 0)
        for name in reversed(self.selected):
            for needed in self.steps[name].needs:
                urgency[needed] = max(urgency[needed], urgency[name] + 1)
        return urgency

    def execute(self) -> None:
        """Execute what is out of date, and stamp the outputs if all of them are in order."""
        with locked(self.base) as lock, ExitStack() as stack:
            self.state = freshness.read_state(self.base)
            pool: ProcessPoolExecutor | None = None
            while True:
                name = self._next()
                if name and len(self.executing) < self.jobs:
                    self.waiting.remove(name)
                    if self._must_run(name):
                        pool = pool or stack.enter_context(
                            _workers(self.base, self.jobs, self.variant, lock)
                        )
                        self._begin(name, pool)
                elif self.executing:
                    for future in wait(self.executing, return_when=FIRST_COMPLETED).done:
                        self._finish(future)
                else:
                    break
        for name in self.waiting:
            needed = steps.select([name], self.steps)
            causes = [cause for cause in needed if cause in self.report.failed]
            self.report.not_run[name] = f"not run: needs {', '.join(causes)}"
        whole = not self.variant and len(self.selected) == len(self.steps)
        if whole and not self.report.failed:
            freshness.write_stamps(self.base, {name: self.state[name] for name in self.steps})

    def _next(self) -> str | None:
        """Return the most urgent of the steps whose inputs are all there."""
        done = {*self.report.ran, *self.report.up_to_date}
        ready = [name for name in self.waiting if done.issuperset(self.steps[name].needs)]
        return max(ready, key=self.urgency.__getitem__, default=None)

    def _must_run(self, name: str) -> bool:
        """Whether a step is out of date or forced; else it is reported as up to date.

        Asked only when its turn has come: what came before may have left the very same files.
        """
        reasons = freshness.why(self.steps[name], self.base, self.given[name], self.state)
        if not reasons and name not in self.forced:
            self.report.up_to_date.append(name)
            return False
        self.tell(f"{self.label[name]} {', '.join(reasons) or 'forced'}")
        return True

    def _begin(self, name: str, pool: ProcessPoolExecutor) -> None:
        step, given = self.steps[name], self.given[name]
        now = freshness.fingerprint(step, self.base, given)
        future = pool.submit(execute, step, self.base, given, self.finish)
        self.executing[future] = _Task(step, now, time.perf_counter())

    def _finish(self, future: Outcome) -> None:
        """Put what a step has written into place, and note how it went."""
        task, report = self.executing.pop(future), self.report
        name = task.step.name
        try:
            warnings, report.memory_of[name] = future.result()
            _move_into_place(task.step, self.base, task.fingerprint["notebook"])
            self.state[name] = task.fingerprint | freshness.output_digests(task.step, self.base)
            freshness.write_state(self.base, self.state)
            report.ran.append(name)
            report.warnings += [f"{name}: {warning}" for warning in warnings]
        except PipelineError as error:
            report.failed[name] = str(error)
        except OSError as error:
            report.failed[name] = f"{name} failed: {error}"
        report.seconds_of[name] = time.perf_counter() - task.begun
        verb = "failed after" if name in report.failed else "done in"
        self.tell(f"{self.label[name]} {verb} {report.seconds_of[name]:.1f} s")


def run(
    base: Path,
    names: Iterable[str] = (),
    parameters: Mapping[str, object] | None = None,
    force: bool = False,
    jobs: int = 2,
    tell: Callable[[str], None] = say,
    finish: str | None = None,
) -> Report:
    """Run what is out of date, in order; steps that do not need each other run side by side.

    Parameters
    ----------
    base : Path
        Folder of the compendium.
    names : iterable of str
        Steps to run, with whatever they need; all if none is named.
    parameters : mapping, optional
        ``name`` or ``step:name`` -> value.
    force : bool
        Run the named steps (all, if none is named) even if they are up to date.
    jobs, tell
        How many steps may run at the same time, and what takes each line of progress.
    finish : str, optional
        Name, ``module:function``, of what is done to each executed notebook before it is kept
        (`execute.Finish`).

    Raises
    ------
    PipelineError
        For a mistake in ``steps.toml`` or in the arguments (before anything runs), if another run
        is going on, or if a worker process was killed.
    """
    started = time.perf_counter()
    running = _Run(base.resolve(), list(names), parameters or {}, force, jobs, tell, finish)
    running.execute()
    running.report.seconds = time.perf_counter() - started
    return running.report


def summary(report: Report, base: Path, variant: bool = False) -> list[str]:
    """Return the lines to show at the end of a run; `variant`: with other parameters."""
    tables, figures = [*base.glob("data/processed/**/*.csv")], [*base.glob("figures/**/*.png")]
    lines = [f"warning: {warning}" for warning in report.warnings]
    lines += report.failed.values()
    lines += [f"{name}: {reason}" for name, reason in report.not_run.items()]
    lines.append(
        f"{len(report.ran)} steps run, {len(report.up_to_date)} up to date, {len(report.failed)}"
        f" failed in {report.seconds:.1f} s; {len(tables)} tables in data/processed, {len(figures)}"
        " figures in figures"
    )
    if not report.failed:
        if (base / results_file.WHOLE).is_file():
            rows = results_file.rows((base / results_file.WHOLE).read_text(encoding="utf-8"))
            headlines = [row["statement"] for row in rows if row.get("headline") == "yes"]
            lines += ["Headline results:", *(f"  {statement}" for statement in headlines)]
        if variant:
            lines.append(
                "Committed files hold results with other parameters now; to restore the study's"
                " own: python -m cluster_anatomy run"
            )
        lines.append("Where to look next: README.md, notebooks/00_overview.ipynb, figures/")
    return lines
