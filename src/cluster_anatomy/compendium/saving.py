"""What Jupyter does before it saves a notebook: keep what the person has not changed.

``jupyter_server_config.py`` makes `keep_metadata` the hook. Without it a notebook that was only
looked at is saved with the names and versions of this machine's kernel, with the times of its
cells, and with the cells unfolded that the reader has unfolded.
"""

from pathlib import Path
from typing import Any, Protocol

from cluster_anatomy.compendium.notebooks import (
    NOISE,
    OF_THE_KERNEL,
    OF_THE_VIEW,
    Metadata,
    Notebook,
    number_cells,
    read_notebook,
)
from cluster_anatomy.compendium.steps import PipelineError


class ContentsManager(Protocol):
    """What of Jupyter's contents manager is used here."""

    root_dir: str


def keep_metadata(model: dict[str, Any], path: str, contents_manager: ContentsManager) -> None:
    """Give a notebook that is about to be saved the metadata of the file that it replaces.

    Parameters
    ----------
    model : dict
        What Jupyter is about to save: its ``type`` and its ``content``.
    path : str
        Where, relative to the folder that is served.
    contents_manager : ContentsManager
        Who saves it.
    """
    if model.get("type") != "notebook" or model["content"].get("nbformat") != 4:
        return
    try:
        before = read_notebook(Path(contents_manager.root_dir) / path.strip("/"))
    except (OSError, PipelineError):
        return  # a new notebook, or one that was damaged: it is saved as it comes
    keep(model["content"], before)


def keep(notebook: Notebook, before: Notebook) -> None:
    """Put back, in place, what tools write into a notebook and no person means to change.

    The language, the kernel and the state of widgets are those of `before`. So is whether a cell is
    folded, unless its tags were changed with it. Executed cells are numbered in their order.
    """
    _put_back(notebook["metadata"], before["metadata"], OF_THE_KERNEL)
    earlier = {cell.get("id"): cell["metadata"] for cell in before["cells"]}
    for cell in notebook["cells"]:
        known = earlier.get(cell.get("id"))
        same_tags = known is not None and known.get("tags") == cell["metadata"].get("tags")
        _put_back(cell["metadata"], known or {}, NOISE | (OF_THE_VIEW if same_tags else set()))
    number_cells(notebook)


def _put_back(metadata: Metadata, before: Metadata, names: set[str]) -> None:
    for name in names:
        metadata.pop(name, None)
        if name in before:
            metadata[name] = before[name]
