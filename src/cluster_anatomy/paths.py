"""Where things are: the one place that knows the folders of the compendium.

A notebook never says ``..``. It asks for `source` to read and `target` to write. While the pipeline runs a
step, `target` points into a staging folder, so that a step which fails leaves every earlier output as it was.
"""

import os
from pathlib import Path

ROOT_VARIABLE = "CLUSTER_ANATOMY_ROOT"
STAGE_VARIABLE = "CLUSTER_ANATOMY_STAGE"
VARIANT_VARIABLE = "CLUSTER_ANATOMY_VARIANT"
"""Set while the pipeline runs with other parameters than the study's own."""


def root() -> Path:
    """Return the folder of the compendium.

    The environment variable ``CLUSTER_ANATOMY_ROOT`` wins; else the first folder above the working directory,
    then above this file, that holds ``notebooks/steps.toml``.

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
    """Return the path to read: what the running step itself has just written, else the committed file."""
    stage = os.environ.get(STAGE_VARIABLE)
    if stage and (Path(stage) / relative).is_file():
        return Path(stage) / relative
    return root() / relative


def target(relative: str | Path) -> Path:
    """Return the path to write (staged while the pipeline runs a step) and make its folder."""
    path = Path(os.environ.get(STAGE_VARIABLE) or root()) / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
