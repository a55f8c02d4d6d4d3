"""Whether a step is out of date, and why: by content (sha256), never by the time of a file."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from cluster_anatomy.compendium import marks, paths
from cluster_anatomy.compendium.notebooks import (
    INJECTED,
    PARAMETERS,
    PLUMBING,
    code_cells,
    content,
    read_notebook,
    tagged,
)
from cluster_anatomy.compendium.parameters import default_parameters
from cluster_anatomy.compendium.steps import STEPS_FILE, Step, existing, load_steps, select

LOCK_FILE = "requirements.lock"
PACKAGE = "src/cluster_anatomy"
STAMPS_FILE = "data/processed/stamps.json"
IMPORTS = re.compile(
    r"^[ \t]*from[ \t]+(cluster_anatomy[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE
)
EXECUTES = "compendium.execute"
FILL = "cluster_anatomy.results.filling:fill_notebook"
"""What fills the prose of an executed notebook: `run.run` takes its name as ``finish``."""
ALWAYS = ("__init__", EXECUTES, "compendium.notebooks", "compendium.paths", "results.filling")
"""Modules that every step depends on: they execute its notebook, tell it where things are, and
fill its prose."""
TAGS = (PARAMETERS, PLUMBING)
"""Tags of cells on which what a run gives depends: their values, and how long reading takes."""
NO_DATA = {".py", ".j2"}
"""Endings of files in a room that are no data: code, and templates of pages about a run."""

Digests = dict[str, str | None]
"""What a step was made from or has made -> its digest, None if it is missing."""


# --- Digests


def digest_of(data: object) -> str:
    """Return the sha256 of plain data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def digest_of_file(path: Path) -> str | None:
    """Return the sha256 of a file, None if there is none."""
    return paths.digest(path) if path.is_file() else None


def source_digest(path: Path) -> str:
    """Return the sha256 of what a person wrote in a notebook: no outputs, no injected cells."""
    cells = [
        (cell["cell_type"], marks.bare(cell["source"]), *(tagged(cell, tag) for tag in TAGS))
        for cell in read_notebook(path)["cells"]
        if not tagged(cell, INJECTED)
    ]
    return digest_of(cells)


def code_digest(
    names: Iterable[str], data: Iterable[Path] = (), distributions: Iterable[str] = ()
) -> str:
    """Return one sha256 of all that decides what some modules of this package give.

    Parameters
    ----------
    names : iterable of str
        The modules by dotted name, such as ``registers.run``; what they import, directly or not,
        counts with them, and so do the data files in their rooms.
    data : iterable of Path
        Other files that they read.
    distributions : iterable of str
        Installed packages whose versions count.
    """
    package = Path(__file__).parents[1]
    code = [
        (path.relative_to(package).as_posix(), paths.digest(path))
        for path in sorted(_with_imports(names, package))
    ]
    others = [(path.name, paths.digest(path)) for path in sorted(data)]
    return digest_of([code, others, [(name, version(name)) for name in sorted(distributions)]])


@cache
def _imported(text: str) -> frozenset[str]:
    """Return the modules of the package that a module or a notebook may import, by dotted name."""
    names: set[str] = set()
    for module, what in IMPORTS.findall(text):
        inside = module.removeprefix("cluster_anatomy").removeprefix(".")
        names |= {inside} | {f"{inside}.{name}".strip(".") for name in re.findall(r"\w+", what)}
    return frozenset(names - {""})


def _files(name: str, package: Path) -> set[Path]:
    """Return the files of a module with the data of its room; none if there is no such module."""
    path = package / name.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.is_file():
        return set()
    room = file.parent
    inside = room.rglob("*") if room != package else ()
    data = {path for path in inside if path.is_file() and path.suffix not in NO_DATA}
    return {file, room / "__init__.py"} | {p for p in data if "__pycache__" not in p.parts}


def _with_imports(names: Iterable[str], package: Path) -> set[Path]:
    """Return the files of modules and of all that they import, directly or not."""
    waiting, seen = set(names), set()
    files: set[Path] = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        new = _files(name, package) - files
        files |= new
        if name != EXECUTES:  # what it imports decides how a step runs, not what it gives
            for path in new:
                if path.suffix == ".py":
                    waiting |= _imported(path.read_text("utf-8")) - seen
    return files


def modules(notebook: Path, base: Path) -> list[str]:
    """Return the files of the package that a notebook uses, directly or through other modules.

    A module brings the face of its room and the data files in it (``firms/linkage.toml``). What
    executes the notebook is always among them.
    """
    code = "\n".join(cell["source"] for _, cell in code_cells(read_notebook(notebook)))
    files = _with_imports({*ALWAYS, *_imported(code)}, base / PACKAGE)
    return sorted(path.relative_to(base).as_posix() for path in files)


# --- What is out of date


def fingerprint(step: Step, base: Path, parameters: Mapping[str, object]) -> Digests:
    """Return the digests of all that decides what a step gives, by names fit for a message."""
    package = modules(base / step.notebook, base)
    matches: set[str] = set().union(*(existing(pattern, base) for pattern in step.reads))
    return {
        "notebook": source_digest(base / step.notebook),
        "words": digest_of_file(base / step.words),
        "package": digest_of([(path, digest_of_file(base / path)) for path in package]),
        "lock file": digest_of_file(base / LOCK_FILE),
        "parameters": repr(sorted({**default_parameters(base, step), **parameters}.items())),
        **{
            f"input {path}": digest_of_file(base / path)
            for path in sorted(matches - set(step.outputs))
        },
    }


def output_digests(step: Step, base: Path) -> Digests:
    """Return the digest of each output of a step, None for one that is missing.

    That of the notebook is of what it says and shows: what a tool writes into its metadata when it
    opens or saves it does not count.
    """
    digests = {f"output {path}": digest_of_file(base / path) for path in step.writes}
    notebook = base / step.notebook
    shown = digest_of(content(read_notebook(notebook))) if notebook.is_file() else None
    return {**digests, f"output {step.notebook}": shown}


def read_state(base: Path) -> dict[str, Digests]:
    """Read the digests recorded when each step last ran; what is damaged counts as not recorded."""
    try:
        state = json.loads((base / "build/state.json").read_text(encoding="utf-8"))["steps"]
        return {name: entry for name, entry in state.items() if "notebook" in entry}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_state(base: Path, state: Mapping[str, Digests]) -> None:
    """Record the state."""
    text = json.dumps({"steps": state}, indent=1, sort_keys=True) + "\n"
    paths.replace_text(base / "build/state.json", text)


def why(
    step: Step,
    base: Path,
    parameters: Mapping[str, object] | None = None,
    state: Mapping[str, Digests] | None = None,
) -> list[str]:
    """Say in short reasons why a step, with these parameters, is out of date; none if it is not."""
    before = (read_state(base) if state is None else state).get(step.name)
    if before is None:
        return ["never run"]
    now = fingerprint(step, base, parameters or {}) | output_digests(step, base)
    reasons: list[str] = []
    for key in now | before:
        already_named = key == f"output {step.notebook}" and "notebook changed" in reasons
        if now.get(key) == before.get(key) or already_named:
            continue
        if key not in now:
            reasons += [f"{key} is gone"] if key.startswith("input ") else []
        elif now[key] is None:
            reasons.append(f"{key} missing")
        elif key not in before:
            reasons.append(f"{key} is new")
        else:
            reasons.append(
                f"{key} changed" + (" since the run" if key.startswith("output ") else "")
            )
    return reasons


def write_stamps(base: Path, state: Mapping[str, Digests]) -> None:
    """Stamp the outputs with what made them, after a whole run without given parameters."""
    text = json.dumps(state, indent=1, sort_keys=True) + "\n"
    path = base / STAMPS_FILE
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        paths.replace_text(path, text)


def stale(base: Path) -> list[str]:
    """Say by the stamps which committed outputs were not made from what is here; runs nothing."""
    try:
        state = json.loads((base / STAMPS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [f"{STAMPS_FILE} is missing or cannot be read: run the study to stamp its outputs"]
    reasons = {step.name: why(step, base, state=state) for step in load_steps(base)}
    return [f"{name}: {'; '.join(several)}" for name, several in reasons.items() if several]


def status(base: Path) -> list[str]:
    """Return a line for each step, in running order: up to date, or why not."""
    steps, state = {step.name: step for step in load_steps(base)}, read_state(base)
    reasons = {name: why(step, base, state=state) for name, step in steps.items()}
    lines = []
    for name in steps:
        first = [other for other in select([name], steps) if other != name and reasons[other]]
        fresh = f"up to date, but {', '.join(first)} will run first" if first else "up to date"
        lines.append(f"{name}: {'; '.join(reasons[name]) or fresh}")
    return lines or [f"{STEPS_FILE} has no steps yet"]
