"""Run the notebooks of the study in order, and only those that are out of date.

Each notebook runs in a worker process and writes into a staging folder; its files are moved into
place only when all of them are there, so that a step which fails leaves every earlier output as it
was.
"""

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import active_children, get_context
from pathlib import Path

from cluster_anatomy.compendium import freshness, results_file, steps
from cluster_anatomy.compendium.execute import (
    execute,
    kernel_environment,
    load_papermill,
    prepare_worker,
)
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
    """Peak memory of the kernel of each step that ran, in MB; None where the system does not tell.
    """


say = partial(print, flush=True)  # at once, so that progress is seen also through a pipe


# --- A run


@contextmanager
def locked(base: Path) -> Iterator[int]:
    """Hold ``build/lock`` (its descriptor); the system lets go of it when the process ends, however
    it ends.
    """
    (base / "build").mkdir(exist_ok=True)
    with open(base / "build/lock", "a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise PipelineError(f"another run is going on (pid {lock.read().strip()})") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield lock.fileno()


@contextmanager
def _workers(base: Path, jobs: int, variant: bool, lock: int) -> Iterator[ProcessPoolExecutor]:
    """Provide worker processes and the server of kernels (`variant`: with other parameters); end
    them if interrupted.
    """
    from cluster_anatomy.compendium import kernels

    # The kernel "python3" is this interpreter, whatever else the user has installed under that
    # name.
    kernels.write_spec(base / "build/cache/jupyter")
    environment = kernel_environment(base, variant)
    with kernels.server(environment) as (address, keep):
        if address:
            environment[kernels.SERVER_VARIABLE] = address
            load_papermill()  # once for all workers, while the server loads what kernels need
        pool = ProcessPoolExecutor(
            jobs,
            get_context("fork" if address else "spawn"),
            prepare_worker,
            (environment, (lock, *keep) if address else ()),
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
        shutil.rmtree(base / "build/stage", ignore_errors=True)


def _move_into_place(step: Step, base: Path, source: str) -> None:
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
    signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM}
    )  # all of the files or none
    try:
        for path in step.outputs:
            os.replace(base / "build/stage" / step.name / path, base / path)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})


def run(
    base: Path,
    names: Iterable[str] = (),
    parameters: dict | None = None,
    force: bool = False,
    jobs: int = 2,
    tell: Callable[[str], None] = say,
) -> Report:
    """Run what is out of date, in order; steps that do not depend on each other run at the same
    time.

    Parameters
    ----------
    base : Path
        Folder of the compendium.
    names : iterable of str
        Steps to run, with whatever they need; all if none is named.
    parameters : dict, optional
        ``name`` or ``step:name`` -> value.
    force : bool
        Run the named steps (all, if none is named) even if they are up to date.
    jobs, tell
        How many steps may run at the same time, and what takes each line of progress.

    Raises
    ------
    PipelineError
        For a mistake in ``steps.toml`` or in the arguments (before anything runs), if another run
        is going on, or if a worker process was killed.
    """
    started, base = time.perf_counter(), base.resolve()
    by_name = {step.name: step for step in steps.load_steps(base)}
    chosen = steps.select(names or by_name, by_name)
    defaults = {name: default_parameters(base, by_name[name]) for name in chosen}
    given = resolve_parameters(parameters or {}, defaults)
    forced = (names or chosen) if force else []
    label = {
        name: f"[{number}/{len(chosen)}] {name} …" for number, name in enumerate(chosen, start=1)
    }
    # The more steps wait for one, one after the other, the sooner it is run.
    urgency = dict.fromkeys(chosen, 0)
    for name in reversed(chosen):
        for needed in by_name[name].needs:
            urgency[needed] = max(urgency[needed], urgency[name] + 1)
    report, waiting, running = Report(), list(chosen), {}
    with locked(base) as lock, ExitStack() as stack:
        state, pool = freshness.read_state(base), None
        while True:
            done = {*report.ran, *report.up_to_date}
            ready = [name for name in waiting if done.issuperset(by_name[name].needs)]
            name = max(ready, key=urgency.__getitem__, default=None)
            if name and len(running) < jobs:
                step = by_name[name]
                waiting.remove(name)
                # Looked at only now: what came before may have run and left the very same files.
                reasons = freshness.why(step, base, given[name], state)
                if reasons or name in forced:
                    tell(f"{label[name]} {', '.join(reasons) or 'forced'}")
                    now = freshness.fingerprint(step, base, given[name])
                    pool = pool or stack.enter_context(_workers(base, jobs, bool(parameters), lock))
                    running[pool.submit(execute, step, base, given[name])] = (
                        step,
                        now,
                        time.perf_counter(),
                    )
                else:
                    report.up_to_date.append(name)
            elif running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    step, now, begun = running.pop(future)
                    try:
                        warnings, report.memory_of[step.name] = future.result()
                        _move_into_place(step, base, now["notebook"])
                        state[step.name] = now | freshness.output_digests(step, base)
                        freshness.write_state(base, state)
                        report.ran.append(step.name)
                        report.warnings += [f"{step.name}: {warning}" for warning in warnings]
                    except PipelineError as error:
                        report.failed[step.name] = str(error)
                    except OSError as error:
                        report.failed[step.name] = f"{step.name} failed: {error}"
                    report.seconds_of[step.name] = time.perf_counter() - begun
                    verb = "failed after" if step.name in report.failed else "done in"
                    tell(f"{label[step.name]} {verb} {report.seconds_of[step.name]:.1f} s")
            else:
                break
    for name in waiting:
        causes = [cause for cause in steps.select([name], by_name) if cause in report.failed]
        report.not_run[name] = f"not run: needs {', '.join(causes)}"
    if not (report.failed or parameters) and len(chosen) == len(by_name):
        freshness.write_stamps(base, {name: state[name] for name in by_name})
    report.seconds = time.perf_counter() - started
    return report


def summary(report: Report, base: Path) -> list[str]:
    """Return the lines to show at the end of a run."""
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
        lines.append("Where to look next: README.md, notebooks/00_overview.ipynb, figures/")
    return lines
