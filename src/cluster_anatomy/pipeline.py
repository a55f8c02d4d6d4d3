"""Run the notebooks of the study in order, and only those that are out of date.

Each notebook runs in a worker process and writes into a staging folder; its files are moved into
place only when all of them are there, so that a step which fails leaves every earlier output as it
was.
"""

import copy
import csv
import fcntl
import os
import re
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait as wait_for
from pathlib import Path

from . import paths, steps
from .steps import INJECTED, PARAMETERS, STEPS_FILE, PipelineError, Step, code_cells, tagged

RESULTS_FILE = "data/processed/results.csv"


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


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


# --- One notebook, in a worker process


def output_texts(cell: dict) -> list[str]:
    """Return what a code cell shows, one text for each output and form; pictures are left out."""
    texts = []
    for output in cell["outputs"]:
        shown = output.get("data") or {
            "text/plain": output.get("text") or output.get("traceback", [])
        }
        texts += ["".join(shown[form]) for form in sorted(shown) if form.startswith("text/")]
    return texts


def normalise(notebook: dict, machine_paths: Iterable[str] = ()) -> dict:
    """Return a copy of an executed notebook without what differs from run to run or from machine to
    machine.

    Raises
    ------
    PipelineError
        If an output names one of the `machine_paths`.
    """
    result = copy.deepcopy(notebook)
    result["metadata"].pop("papermill", None)
    result["metadata"]["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    result["metadata"]["language_info"] = {"name": "python"}
    for cell in result["cells"]:
        noise = {"papermill", "execution", "ExecuteTime"} | (
            set() if cell["metadata"].get("tags") else {"tags"}
        )
        cell["metadata"] = {
            key: value for key, value in cell["metadata"].items() if key not in noise
        }
    executed = [cell for _, cell in code_cells(result) if cell["execution_count"] is not None]
    for count, cell in enumerate(executed, start=1):
        cell["execution_count"] = count
    for number, cell in code_cells(result):
        outputs = []
        for output in cell["outputs"]:
            if output["output_type"] == "execute_result":
                output["execution_count"] = cell["execution_count"]
            if (
                output["output_type"] == "stream"
                and outputs
                and outputs[-1].get("name") == output["name"]
            ):
                outputs[-1]["text"] += output["text"]  # where a stream is cut is a matter of timing
            else:
                outputs.append(output)
        cell["outputs"] = outputs
        for line in "\n".join(output_texts(cell)).splitlines():
            if any(
                re.search(rf"(?<![\w.]){re.escape(path)}(?![\w-])", line) for path in machine_paths
            ):
                raise PipelineError(
                    f"code cell {number} ({_first_line(cell['source'])}) shows a path of this"
                    f" machine: {line.strip()[:200]}\n            show paths relative to the"
                    " compendium"
                )
    return result


def _warnings(notebook: dict) -> list[str]:
    found = []
    for number, cell in code_cells(notebook):
        for output in cell["outputs"]:
            if output.get("name") == "stderr":
                found.append(f"code cell {number} wrote to stderr: {_first_line(output['text'])}")
        if re.search(r" at 0x[0-9a-f]{6,}", "\n".join(output_texts(cell))):
            found.append(
                f"code cell {number} shows the address of an object, which differs from run to run"
            )
    return found


def _prepare(path: Path, parameters: dict) -> dict:
    """Return the notebook to execute: an id in each cell, and just these parameters injected."""
    import nbformat

    notebook = nbformat.from_dict(steps.read_notebook(path))
    notebook.nbformat_minor = 5
    notebook.cells = [cell for cell in notebook.cells if not tagged(cell, INJECTED)]
    for number, cell in enumerate(notebook.cells, start=1):
        cell.setdefault("id", f"cell-{number}")
    if parameters:  # not injected by papermill, which would turn a tuple or a set into a text
        lines = [
            "# Parameters",
            *(f"{name} = {value!r}" for name, value in sorted(parameters.items())),
        ]
        cell = nbformat.v4.new_code_cell(
            "\n".join(lines), id=INJECTED, metadata={"tags": [INJECTED]}
        )
        place = next(place for place, cell in enumerate(notebook.cells) if tagged(cell, PARAMETERS))
        notebook.cells.insert(place + 1, cell)
    return notebook


def kernel_environment(base: Path, variant: bool = False) -> dict[str, str]:
    """Return the environment of kernels: they inherit as little of this machine and its user as
    possible.
    """
    from .kernels import ENVIRONMENT

    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MPLBACKEND", "PYTHONSTARTUP")
    }
    return (
        inherited
        | ENVIRONMENT
        | {
            paths.VARIANT_VARIABLE: "yes" if variant else "",
            paths.ROOT_VARIABLE: str(base),
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(base / "src"), os.environ.get("PYTHONPATH")])
            ),
            "PYTHONHASHSEED": "0",
            "MPLCONFIGDIR": str(base / "build/cache/matplotlib"),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "JUPYTER_PATH": str(base / "build/cache/jupyter"),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
    )


def _prepare_worker(environment: dict[str, str], inherited: Iterable[int]) -> None:
    """Make this process one that holds nothing of its parent and ends with it, and with it its
    kernels.
    """
    for (
        descriptor
    ) in inherited:  # a forked worker must not go on holding the lock when its parent is gone
        os.close(descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)

    def end_with_parent() -> None:
        wait_for([parent_process().sentinel])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _papermill():
    """Return papermill, loaded without the grammar of web addresses that comes with it and takes
    longer than all else.
    """
    grammar = (  # jsonschema loads it if it is there; a notebook has no field that needs it
        "rfc3987_syntax"
    )
    blocked = sys.modules.setdefault(grammar, None) is None
    try:
        import papermill
    finally:
        if blocked:
            del sys.modules[grammar]
    return papermill


def _engine() -> str:
    """Return the name of an engine of papermill that saves a notebook at the end and not twice for
    each cell.
    """
    from papermill.engines import NBClientEngine, papermill_engines

    class SaveOnce(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, **options):
            path, nb_man.output_path = nb_man.output_path, None
            try:
                super().execute_managed_notebook(nb_man, kernel_name, **options)
            finally:
                nb_man.output_path = path

    papermill_engines.register(SaveOnce.__name__, SaveOnce)
    return SaveOnce.__name__


def _execute(step: Step, base: Path, parameters: dict) -> tuple[list[str], float | None]:
    """Execute the notebook of a step into its staging folder; return warnings and the kernel's peak
    memory in MB.
    """
    papermill = _papermill()
    import nbformat

    from . import kernels

    kernels.register()

    stage, broken = base / "build/stage" / step.name, base / "build/failed" / f"{step.name}.ipynb"
    ipython = base / "build/cache/ipython" / step.name  # IPython warns if it has to make it
    os.environ |= {paths.STAGE_VARIABLE: str(stage), "IPYTHONDIR": str(ipython)}
    shutil.rmtree(stage, ignore_errors=True)
    for folder in (stage / "notebooks", broken.parent, ipython):
        folder.mkdir(parents=True, exist_ok=True)
    broken.unlink(missing_ok=True)
    try:
        notebook = _prepare(base / step.notebook, parameters)
        options = {
            "kernel_name": "python3",
            "progress_bar": False,
            "cwd": str(base),
            "engine_name": _engine(),
        }
        notebook = papermill.execute_notebook(notebook, str(broken), **options)
        notebook = normalise(notebook, {str(base), str(Path.home())} - {"/"})
        nbformat.write(notebook, stage / step.notebook)
        found = {path.relative_to(stage).as_posix() for path in stage.rglob("*") if path.is_file()}
        listed = set(step.outputs)
        problems = [
            f"did not write {path}, which {STEPS_FILE} promises" for path in sorted(listed - found)
        ]
        problems += [
            f"wrote {path}, which {STEPS_FILE} does not list" for path in sorted(found - listed)
        ]
        if problems:
            raise PipelineError("; ".join(problems))
    except Exception as error:  # also a kernel that died: one failed step, not the end of the run
        raise PipelineError(_failure(step, base, broken, error)) from None
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nbclient has put its own handlers in between
    broken.unlink()
    return _warnings(notebook), kernels.ForkedKernel.peak


def _failure(step: Step, base: Path, broken: Path, error: Exception) -> str:
    """Say what failed and where: in the last cell that papermill has started."""
    where, message = "", str(error)
    if not isinstance(
        error, PipelineError
    ):  # papermill keeps the name and the text of what the cell raised
        message = (
            f"{getattr(error, 'ename', type(error).__name__)}: {getattr(error, 'evalue', error)}"
        )
        for number, cell in code_cells(steps.read_notebook(broken)) if broken.exists() else []:
            if cell["metadata"]["papermill"]["start_time"]:
                where = f"  cell      code cell {number}, [{cell['execution_count'] or ' '}]\n"
                where += f"  line      {_first_line(cell['source'])}\n"
    kept = f"\n  partial   {broken.relative_to(base)}" if broken.exists() else ""
    return f"{step.name} failed\n  notebook  {step.notebook}\n{where}  error     {message}{kept}"


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
    from . import kernels

    # The kernel "python3" is this interpreter, whatever else the user has installed under that
    # name.
    kernels.write_spec(base / "build/cache/jupyter")
    environment = kernel_environment(base, variant)
    with kernels.server(environment) as (address, keep):
        if address:
            environment[kernels.SERVER_VARIABLE] = address
            _papermill()  # once for all workers, while the server loads what kernels need
        pool = ProcessPoolExecutor(
            jobs,
            get_context("fork" if address else "spawn"),
            _prepare_worker,
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
    if steps.source_digest(base / step.notebook) != source:
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
    defaults = {name: steps.default_parameters(base, by_name[name]) for name in chosen}
    given = steps.resolve_parameters(parameters or {}, defaults)
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
        state, pool = steps.read_state(base), None
        while True:
            done = {*report.ran, *report.up_to_date}
            ready = [name for name in waiting if done.issuperset(by_name[name].needs)]
            name = max(ready, key=urgency.__getitem__, default=None)
            if name and len(running) < jobs:
                step = by_name[name]
                waiting.remove(name)
                # Looked at only now: what came before may have run and left the very same files.
                reasons = steps.why(step, base, given[name], state)
                if reasons or name in forced:
                    tell(f"{label[name]} {', '.join(reasons) or 'forced'}")
                    now = steps.fingerprint(step, base, given[name])
                    pool = pool or stack.enter_context(_workers(base, jobs, bool(parameters), lock))
                    running[pool.submit(_execute, step, base, given[name])] = (
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
                        state[step.name] = now | steps.output_digests(step, base)
                        steps.write_state(base, state)
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
        steps.write_stamps(base, {name: state[name] for name in by_name})
    report.seconds = time.perf_counter() - started
    from . import report as run_report

    run_report.write(report, base, parameters)
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
        if (base / RESULTS_FILE).is_file():
            with open(base / RESULTS_FILE, newline="", encoding="utf-8") as file:
                rows = [row for row in csv.DictReader(file) if row.get("headline") == "yes"]
            lines += ["Headline results:", *(f"  {row['statement']}" for row in rows)]
        lines.append("Where to look next: README.md, notebooks/00_overview.ipynb, figures/")
    return lines
