"""Execute one notebook, in a worker process, into a staging folder."""

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from multiprocessing import parent_process
from multiprocessing.connection import wait as wait_for
from pathlib import Path

from cluster_anatomy.compendium import notebooks, paths
from cluster_anatomy.compendium.notebooks import (
    code_cells,
    find_warnings,
    first_line,
    normalise,
    prepare,
)
from cluster_anatomy.compendium.steps import STEPS_FILE, PipelineError, Step


def kernel_environment(base: Path, variant: bool = False) -> dict[str, str]:
    """Return the environment of kernels: they inherit as little of this machine and its user as
    possible.
    """
    from cluster_anatomy.compendium.kernels import ENVIRONMENT

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


def prepare_worker(environment: dict[str, str], inherited: Iterable[int]) -> None:
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


def load_papermill():
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


def execute(
    step: Step, base: Path, parameters: dict, finish: Callable | None = None
) -> tuple[list[str], float | None]:
    """Execute the notebook of a step into its staging folder; return warnings and the kernel's peak
    memory in MB.
    """
    papermill = load_papermill()
    import nbformat

    from cluster_anatomy.compendium import kernels

    kernels.register()

    stage, broken = base / "build/stage" / step.name, base / "build/failed" / f"{step.name}.ipynb"
    ipython = base / "build/cache/ipython" / step.name  # IPython warns if it has to make it
    os.environ |= {paths.STAGE_VARIABLE: str(stage), "IPYTHONDIR": str(ipython)}
    shutil.rmtree(stage, ignore_errors=True)
    for folder in (stage / "notebooks", broken.parent, ipython):
        folder.mkdir(parents=True, exist_ok=True)
    broken.unlink(missing_ok=True)
    try:
        notebook = prepare(base / step.notebook, parameters)
        options = {
            "kernel_name": "python3",
            "progress_bar": False,
            "cwd": str(base),
            "engine_name": _engine(),
        }
        notebook = papermill.execute_notebook(notebook, str(broken), **options)
        notebook = normalise(notebook, {str(base), str(Path.home())} - {"/"})
        if finish is not None:
            notebook = finish(notebook, step, bool(os.environ.get(paths.VARIANT_VARIABLE)))
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
    return find_warnings(notebook), kernels.ForkedKernel.peak


def _failure(step: Step, base: Path, broken: Path, error: Exception) -> str:
    """Say what failed and where: in the last cell that papermill has started."""
    where, message = "", str(error)
    if not isinstance(
        error, PipelineError
    ):  # papermill keeps the name and the text of what the cell raised
        message = (
            f"{getattr(error, 'ename', type(error).__name__)}: {getattr(error, 'evalue', error)}"
        )
        for number, cell in code_cells(notebooks.read_notebook(broken)) if broken.exists() else []:
            if cell["metadata"]["papermill"]["start_time"]:
                where = f"  cell      code cell {number}, [{cell['execution_count'] or ' '}]\n"
                where += f"  line      {first_line(cell['source'])}\n"
    kept = f"\n  partial   {broken.relative_to(base)}" if broken.exists() else ""
    return f"{step.name} failed\n  notebook  {step.notebook}\n{where}  error     {message}{kept}"
