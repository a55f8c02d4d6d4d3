"""Where things are: the one place that knows the folders of the compendium.

A notebook never says ``..``. It asks for `source` to read and `target` to write. During a run of
its step `target` points into a staging folder, so that a step which fails leaves every earlier
output as it was; in Jupyter, a notebook with other parameters than the study's own writes drafts
(`drafts`). What is written elsewhere is a draft first (`draft_file`, `draft_folder`).
"""

import hashlib
import os
import pkgutil
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT_VARIABLE = "CLUSTER_ANATOMY_ROOT"
STAGE_VARIABLE = "CLUSTER_ANATOMY_STAGE"
VARIANT_VARIABLE = "CLUSTER_ANATOMY_VARIANT"
"""Set by a run: empty with the study's own parameters, else ``yes``. Unset in Jupyter."""
DRAFTS = "cluster_anatomy.compendium.drafts:begin"
"""What is asked in Jupyter before a notebook writes. It is named here and not imported, since what
it looks up decides where a step writes, and nothing that it gives."""


class StudyError(ValueError):
    """Something that the user can mend; the command line shows the message without a traceback."""


def inside(folder: str | Path, relative: str | Path) -> Path:
    """Return the path of something in a folder, which it may not leave.

    Parameters
    ----------
    folder : path
        The folder.
    relative : path
        What is looked for, relative to the folder, as data or a description names it.

    Returns
    -------
    Path
        ``folder / relative``; it need not exist.

    Raises
    ------
    StudyError
        If the path is absolute or leads out of the folder, by ``..`` or by a link.
    """
    base = os.path.realpath(folder)
    try:
        real = os.path.realpath(os.path.join(base, relative))
    except ValueError:  # a NUL
        real = ""
    if Path(relative).is_absolute() or not Path(real).is_relative_to(base):
        raise StudyError(
            f"{str(relative)!r} leads out of its folder (it is absolute, holds '..' or is a link); "
            "name a file inside the folder, relative to it"
        )
    return Path(folder) / relative


def root() -> Path:
    """Return the folder of the compendium.

    The environment variable ``CLUSTER_ANATOMY_ROOT`` wins; else the first folder above the working
    directory, then above this file, that holds ``notebooks/steps.toml``.

    Raises
    ------
    FileNotFoundError
        If no such folder exists.
    """
    if given := os.environ.get(ROOT_VARIABLE):
        return Path(given).resolve()
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            if (folder / "notebooks" / "steps.toml").is_file():
                return folder
    raise FileNotFoundError(
        "there is no compendium here (no folder above holds notebooks/steps.toml): run this from"
        f" inside one, or set the environment variable {ROOT_VARIABLE} to the folder of one"
    )


def found() -> Path | None:
    """Return `root`; None where there is no compendium."""
    try:
        return root()
    except FileNotFoundError:
        return None


def source(relative: str | Path) -> Path:
    """Return the path to read: what the running step has just written, else the committed file.

    Raises
    ------
    StudyError
        If the path leads out of the compendium.
    """
    stage = os.environ.get(STAGE_VARIABLE)
    if stage and (staged := inside(stage, relative)).is_file():
        return staged
    return inside(root(), relative)


def target(relative: str | Path) -> Path:
    """Return the path to write (staged during a run) and make its folder.

    Raises
    ------
    StudyError
        If the path leads out of the compendium, or if a notebook in Jupyter is to write what no
        step writes.
    """
    if in_jupyter():
        pkgutil.resolve_name(DRAFTS)(Path(relative).as_posix())
    path = inside(os.environ.get(STAGE_VARIABLE) or root(), relative)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def in_jupyter() -> bool:
    """Whether this is the kernel of a notebook that a person or another tool runs, not a run."""
    ipython = sys.modules.get("IPython")  # wherever a cell runs, it has been loaded
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel") and VARIANT_VARIABLE not in os.environ


def strict() -> bool:
    """Whether words that say more than the numbers stop a notebook.

    They do in a run with the study's own parameters, and in tests (nbval, nbmake). In Jupyter, and
    in a run with other parameters, they are marked.
    """
    variant = os.environ.get(VARIANT_VARIABLE)
    return "PYTEST_VERSION" in os.environ if variant is None else not variant


def leave_out_other_packages() -> None:
    """Look for modules nowhere where ``PYTHONPATH`` alone would have them looked for, and say so.

    Other versions of packages give other numbers. Where this package itself lies is kept.
    """
    own = Path(__file__).resolve().parents[2]
    named = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    others = [part for part in named if Path(part).resolve() != own]
    if others:
        left_out = {Path(part).resolve() for part in others}
        sys.path[:] = [part for part in sys.path if Path(part).resolve() not in left_out]
        os.environ["PYTHONPATH"] = str(own) if len(others) < len(named) else ""
        listed = os.pathsep.join(others)
        print(
            f"PYTHONPATH names {listed}, which is not used: the packages are those of"
            f" {sys.executable}",
            file=sys.stderr,
        )


@contextmanager
def draft_file(path: Path) -> Iterator[Path]:
    """Provide a path beside a file; what is written there becomes the file at the end.

    A reader sees either the old file or the whole new one. If anything is raised in between, the
    old file stays and the draft goes.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield draft
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def draft_folder(path: Path) -> Iterator[Path]:
    """Provide an empty folder beside a path; at the end it takes the place of what is there.

    If anything is raised in between, an earlier folder stays and the draft goes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        draft.chmod(0o755)  # mkdtemp makes folders that only their owner may read
        yield draft
        shutil.rmtree(path, ignore_errors=True)
        draft.rename(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def replace_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees either the old or the whole new one."""
    with draft_file(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def interpreter(environment: Path) -> Path:
    """Return the Python of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
