"""Execute one notebook, in a worker process, into a staging folder."""

import json
import os
import pkgutil
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from multiprocessing import parent_process
from multiprocessing.connection import wait as wait_for
from pathlib import Path

from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.kernel_server import ENVIRONMENT, load_papermill
from cluster_anatomy.compendium.notebooks import (
    Notebook,
    code_cells,
    find_warnings,
    first_line,
    normalise,
    prepare,
    read_notebook,
)
from cluster_anatomy.compendium.steps import STEPS_FILE, PipelineError, Step

Finish = Callable[[Notebook, Step, bool], Notebook]
"""What is done to an executed notebook before it is kept, such as filling its prose.

It takes the notebook, its step, and whether the parameters are other than the study's own. A run is
told its name, ``module:function``, so that only a worker that has executed a notebook loads it.
"""
NOT_INHERITED = ("MPLBACKEND", "MATPLOTLIBRC", "PYTHONSTARTUP", "PYTHONSAFEPATH")
"""Variables with which a kernel would draw otherwise or look for its modules otherwise."""


def kernel_environment(base: Path, variant: bool = False) -> dict[str, str]:
    """Return the environment of kernels, which inherit little of this machine and its user.

    `variant`: the run has other parameters than the study's own. Of ``PYTHONPATH`` nothing is
    inherited: the packages are those of this interpreter, and the code is that of the compendium
    (for one without code of its own, the code that runs here).
    """
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    code = base / "src"
    own = {
        paths.VARIANT_VARIABLE: "yes" if variant else "",
        paths.ROOT_VARIABLE: str(base),
        "PYTHONPATH": str(code if code.is_dir() else Path(__file__).parents[2]),
        "PYTHONHASHSEED": "0",
        "MPLCONFIGDIR": str(base / "build/cache/matplotlib"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_PATH": str(base / "build/cache/jupyter"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    return inherited | ENVIRONMENT | own


def prepare_worker(
    environment: Mapping[str, str], inherited: Iterable[int], temporary: Path
) -> None:
    """Make this process hold nothing of its parent, and end with it and take its kernels along.

    Parameters
    ----------
    environment : mapping
        The environment of the worker, see `kernel_environment`.
    inherited : iterable of int
        Descriptors to close: a forked worker must not go on holding the lock without its parent.
    temporary : Path
        Where this process puts its temporary files, such as those that connect it with kernels.
    """
    for descriptor in inherited:
        os.close(descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = str(temporary)
    parent = parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        wait_for([parent.sentinel])
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def execute(
    step: Step, base: Path, parameters: Mapping[str, object], finish: str | None = None
) -> tuple[list[str], float | None]:
    """Execute the notebook of a step into its staging folder.

    Returns
    -------
    warnings : list of str
        What is doubtful in the notebook.
    peak : float or None
        Peak memory of the kernel in MB; None where the system does not tell.

    Raises
    ------
    PipelineError
        If a cell fails, the kernel dies, or other files are written than ``steps.toml`` lists.
    """
    from cluster_anatomy.compendium import kernels

    kernels.register()
    kernels.ForkedKernel.ended = None
    stage, partial = _empty_folders(step, base)
    try:
        notebook = _run_notebook(prepare(base / step.notebook, parameters), base, partial)
        warnings = find_warnings(notebook)
        notebook = normalise(notebook, {str(base), str(Path.home())} - {"/"})
        if finish is not None:
            function: Finish = pkgutil.resolve_name(finish)
            variant = bool(os.environ.get(paths.VARIANT_VARIABLE))
            notebook = function(notebook, step, variant)
        _write_notebook(notebook, stage / step.notebook)
        _check_files(step, stage)
    except Exception as error:  # also a kernel that died: one failed step, not the end of the run
        raise PipelineError(_failure(step, base, partial, error)) from None
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nbclient has put its own handlers in between
    partial.unlink()
    return warnings, kernels.ForkedKernel.peak


def _empty_folders(step: Step, base: Path) -> tuple[Path, Path]:
    """Return the staging folder of a step and where its partial notebook goes, both empty."""
    stage, partial = base / "build/stage" / step.name, base / "build/failed" / f"{step.name}.ipynb"
    # of this run, so that it is never another user's; IPython warns if it has to make it
    ipython = Path(tempfile.gettempdir(), "ipython", step.name)
    os.environ |= {paths.STAGE_VARIABLE: str(stage), "IPYTHONDIR": str(ipython)}
    shutil.rmtree(stage, ignore_errors=True)
    for folder in (stage / "notebooks", partial.parent, ipython):
        folder.mkdir(parents=True, exist_ok=True)
    partial.unlink(missing_ok=True)
    return stage, partial


def _run_notebook(notebook: Notebook, base: Path, partial: Path) -> Notebook:
    """Execute a notebook with papermill, which leaves what there is of it in `partial`."""
    executed: Notebook = load_papermill().execute_notebook(
        notebook,
        str(partial),
        kernel_name="python3",
        progress_bar=False,
        cwd=str(base),
        engine_name=_engine(),
    )
    return executed


def _engine() -> str:
    """Return the name of an engine of papermill that saves only once, and not after each cell."""
    from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

    class SaveOnce(NBClientEngine):
        @classmethod
        def execute_managed_notebook(
            cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: object
        ) -> None:
            path, nb_man.output_path = nb_man.output_path, None
            try:
                super().execute_managed_notebook(nb_man, kernel_name, **options)
            finally:
                nb_man.output_path = path

    papermill_engines.register("save-once", SaveOnce)
    return "save-once"


def _write_notebook(notebook: Notebook, path: Path) -> None:
    import nbformat

    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def _check_files(step: Step, stage: Path) -> None:
    """Refuse outputs that are missing or that ``steps.toml`` does not list."""
    written = {path.relative_to(stage).as_posix() for path in stage.rglob("*") if path.is_file()}
    listed = set(step.outputs)
    problems = [
        f"did not write {path}, which {STEPS_FILE} promises" for path in sorted(listed - written)
    ]
    problems += [
        f"wrote {path}, which {STEPS_FILE} does not list" for path in sorted(written - listed)
    ]
    if problems:
        raise PipelineError("; ".join(problems))


def _failure(step: Step, base: Path, partial: Path, error: Exception) -> str:
    """Say what failed and where: in the last cell that papermill has started."""
    where, message = "", str(error)
    if not isinstance(error, PipelineError):
        # papermill keeps the name and the text of what the cell raised
        name = getattr(error, "ename", type(error).__name__)
        message = f"{name}: {getattr(error, 'evalue', error)}"
        message += _end_of_kernel(base) if name == "DeadKernelError" else ""
        for number, cell in code_cells(read_notebook(partial)) if partial.exists() else []:
            if cell["metadata"]["papermill"]["start_time"]:
                where = f"  cell      code cell {number}, [{cell['execution_count'] or ' '}]\n"
                where += f"  line      {first_line(cell['source'])}\n"
    kept = f"\n  partial   {partial.relative_to(base)}" if partial.exists() else ""
    return f"{step.name} failed\n  notebook  {step.notebook}\n{where}  error     {message}{kept}"


def _end_of_kernel(base: Path) -> str:
    """Say how the kernel ended that has just died."""
    from cluster_anatomy.compendium.kernels import ForkedKernel

    code = ForkedKernel.ended
    if code is None:
        return ""
    if code >= 0:
        return f": it has ended by itself, with code {code}; does a cell call exit()?"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else ""
    memory = f", perhaps out of memory; {_memory_needed(base)}" if -code == signal.SIGKILL else ""
    return f": killed by signal {-code} {name}".rstrip() + memory


def _memory_needed(base: Path) -> str:
    """Say how much memory a notebook needs, by the report of the last run if there is one."""
    try:
        report = json.loads((base / "build/report.json").read_text(encoding="utf-8"))
        return f"the largest notebook of the last run needed {report['peak_memory_mb']:.0f} MB"
    except (OSError, ValueError, KeyError, TypeError):
        return "docs/REPLICATION.md says how much a notebook needs"
