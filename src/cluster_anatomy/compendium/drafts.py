"""Where a notebook in Jupyter writes: with the study's own parameters in place, else into drafts.

Whoever edits a parameter and runs all cells, or says ``papermill -p``, gets tables and figures of
their own in ``build/drafts/`` and is told so; no committed result changes.
"""

import ast
import json
import os
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from IPython import get_ipython
from IPython.display import Markdown, display

from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.freshness import STAMPS_FILE
from cluster_anatomy.compendium.parameters import check_value, default_parameters
from cluster_anatomy.compendium.steps import STEPS_FILE, Step, load_steps

FOLDER = "build/drafts"
MISSING = object()
"""Stands for a parameter that the running notebook does not have."""


def begin(relative: str) -> None:
    """Let what the running notebook is about to write go where it belongs.

    Raises
    ------
    StudyError
        If no step writes such a file, or the notebook is not that of the step.
    PipelineError
        If a parameter has a value that it cannot have.
    """
    base, stage = paths.root(), os.environ.get(paths.STAGE_VARIABLE, "")
    if stage and Path(stage).parent != base / FOLDER:
        return  # somebody has named a folder
    step = _writer(relative, base)
    others = other_parameters(step, base)
    if others and all(value is MISSING for value, _ in others.values()):
        raise _foreign(relative)  # another notebook, which writes a file of the same name
    for name, (value, own) in others.items():
        if value is not MISSING:
            check_value(name, value, own)
    if not others:
        os.environ.pop(paths.STAGE_VARIABLE, None)
        return
    draft = base / FOLDER / step.name
    if stage != str(draft):
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        os.environ[paths.STAGE_VARIABLE] = str(draft)
    _say(message(step, others))


@cache
def _steps(base: Path) -> list[Step]:
    return load_steps(base)


def _writer(relative: str, base: Path) -> Step:
    """Return the step that writes a file."""
    for step in _steps(base):
        if relative in step.writes:
            return step
    raise _foreign(relative)


def _foreign(relative: str) -> paths.StudyError:
    return paths.StudyError(
        f"{relative} is written by no step of {STEPS_FILE} that is this notebook. Those of"
        " notebooks/own_list run on a list of firms: python -m cluster_anatomy run NAME"
    )


def other_parameters(step: Step, base: Path) -> dict[str, tuple[object, object]]:
    """Return each parameter that is not the study's own: its value here, and the study's."""
    here = get_ipython().user_ns
    own = _own_parameters(step, base)
    values = {name: here.get(name, MISSING) for name in own}
    return {name: (values[name], own[name]) for name in own if values[name] != own[name]}


def _own_parameters(step: Step, base: Path) -> dict[str, object]:
    """Return the parameters with which the committed outputs were made; by the stamps, since the
    notebook may have been edited.
    """
    here = default_parameters(base, step)
    try:
        stamps = json.loads((base / STAMPS_FILE).read_text(encoding="utf-8"))
        return here | dict(ast.literal_eval(stamps[step.name]["parameters"]))
    except (OSError, ValueError, KeyError, TypeError, SyntaxError):
        return here


def message(step: Step, others: Mapping[str, tuple[object, object]]) -> str:
    """Say what differs, where the notebook writes, and how to go on or back."""
    given = {name: value for name, (value, _) in others.items() if value is not MISSING}
    differs = ", ".join(
        f"`{name} = {given[name]!r}` instead of `{own!r}`" if name in given else f"no `{name}`"
        for name, (_, own) in others.items()
    )
    settings = "".join(f' --set "{step.name}:{name}={value!r}"' for name, value in given.items())
    onward = (
        f" For the later steps too: `python -m cluster_anatomy run{settings}`." if given else ""
    )
    return (
        f"**Other parameters than the study's own** ({differs}): what this notebook writes goes to"
        f" `{FOLDER}/{step.name}/`, and no committed result changes.{onward} A notebook that was"
        f" saved is restored by `git checkout {step.notebook}`."
    )


@cache
def _say(text: str) -> None:
    """Show a text, once in the life of a kernel."""
    display(Markdown(text))  # type: ignore[no-untyped-call]
