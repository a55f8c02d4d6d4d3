"""Where things are: the one place that knows the folders of the compendium.

A notebook never says ``..``. It asks for `source` to read and `target` to write. While the pipeline
runs a step, `target` points into a staging folder, so that a step which fails leaves every earlier
output as it was.
"""

import hashlib
import os
from pathlib import Path

ROOT_VARIABLE = "CLUSTER_ANATOMY_ROOT"
STAGE_VARIABLE = "CLUSTER_ANATOMY_STAGE"
VARIANT_VARIABLE = "CLUSTER_ANATOMY_VARIANT"
"""Set while the pipeline runs with other parameters than the study's own."""


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
        found = os.path.realpath(os.path.join(base, relative))
    except ValueError:  # a NUL
        found = ""
    if Path(relative).is_absolute() or not Path(found).is_relative_to(base):
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
        "No folder with notebooks/steps.toml above the working directory or the package: "
        f"run from inside the compendium or set {ROOT_VARIABLE} to its folder."
    )


def source(relative: str | Path) -> Path:
    """Return the path to read: what the running step itself has just written, else the committed
    file.

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
    """Return the path to write (staged while the pipeline runs a step) and make its folder.

    Raises
    ------
    StudyError
        If the path leads out of the compendium.
    """
    path = inside(os.environ.get(STAGE_VARIABLE) or root(), relative)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def replace_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees either the old or the whole new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
