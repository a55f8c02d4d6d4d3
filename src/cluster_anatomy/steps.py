"""The steps of the study: their order, their parameters, and whether (and why) one is out of date.

Each step says in ``notebooks/steps.toml`` what it reads and writes, and the order follows from
that. Whether a step is out of date is decided by content (sha256), never by the time of a file.
Nothing heavy is imported.
"""

import ast
import difflib
import glob
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from . import paths

STEPS_FILE = "notebooks/steps.toml"
LOCK_FILE = "requirements.lock"
PACKAGE = "src/cluster_anatomy"
STAMPS_FILE = "data/processed/stamps.json"
IMPORTS = re.compile(
    r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)|\b(cluster_anatomy(?:\.\w+)+)",
    re.MULTILINE,
)
PARAMETERS, INJECTED = "parameters", "injected-parameters"  # cell tags that papermill also knows


class PipelineError(Exception):
    """Something the user can mend; shown as one message, without a traceback."""


@dataclass(frozen=True)
class Step:
    """One notebook with the files it reads (globs allowed) and writes (exact paths), relative to
    the root.
    """

    name: str
    title: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    needs: tuple[
        str, ...
    ] = ()  # the steps whose files it reads, worked out from `reads` and `writes`

    @property
    def notebook(self) -> str:
        return f"notebooks/{self.name}.ipynb"

    @property
    def outputs(self) -> tuple[str, ...]:
        """Everything the step leaves behind, the executed notebook last."""
        return (*self.writes, self.notebook)


def _suggest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, sorted(set(known)), n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""


# --- The steps and their order


def load_steps(base: Path | None = None) -> list[Step]:
    """Return the steps in ``notebooks/steps.toml``, in an order in which they can run.

    Raises
    ------
    PipelineError
        If the file is missing or malformed, a step has an unknown key, a wrong value or no
        notebook, two steps write one file, a step reads what nobody provides, or steps wait for
        each other.
    """
    base = base or paths.root()
    try:
        table = tomllib.loads((base / STEPS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PipelineError(f"{STEPS_FILE}: {error}") from None
    entries = table.pop("step", [])
    if table or not isinstance(entries, list):
        raise PipelineError(f"{STEPS_FILE} must hold nothing but tables that start with [[step]]")
    steps: dict[str, Step] = {}
    writer: dict[str, str] = {}
    for step in map(_step, entries):
        if step.name in steps:
            raise PipelineError(f"{STEPS_FILE}: there are two steps of the name {step.name}")
        if not (base / step.notebook).is_file():
            raise _mistake(step.name, f"{step.notebook} does not exist")
        steps[step.name] = step
        for path in step.outputs:
            if path in writer:
                raise _mistake(step.name, f"{path} is already written by {writer[path]}")
            writer[path] = step.name
    steps = {name: replace(step, needs=_needs(step, writer, base)) for name, step in steps.items()}
    try:
        order = TopologicalSorter({name: step.needs for name, step in steps.items()}).static_order()
        return [steps[name] for name in order]
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise PipelineError(f"{STEPS_FILE}: these steps wait for each other: {circle}") from None


def _mistake(step: str, text: str) -> PipelineError:
    return PipelineError(f"{STEPS_FILE}, step {step}: {text}")


def _step(entry: dict) -> Step:
    name, known = entry.get("name"), ("name", "title", "reads", "writes")
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name):
        raise PipelineError(
            f"{STEPS_FILE}: a step needs a name of letters, digits, '_', '-' or '.'"
        )
    for key in entry:
        if key not in known:
            raise _mistake(name, f"unknown key {key!r}.{_suggest(key, known)}")
    for key in ("reads", "writes"):
        items = entry.get(key, [])
        if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
            raise _mistake(name, f"{key} must be a list of paths")
        for item in items:
            if Path(item).is_absolute() or ".." in Path(item).parts:
                raise _mistake(
                    name, f"{item} must be a path inside the compendium, relative to its root"
                )
            if key == "writes" and glob.has_magic(item):
                raise _mistake(name, f"writes {item}, but what is written must be an exact path")
        entry[key] = tuple(Path(item).as_posix() for item in items)
    return Step(**entry)


def _existing(pattern: str, base: Path) -> set[str]:
    """Return the files that fit a glob, relative to the base; hidden ones never do."""
    found = glob.glob(pattern, root_dir=base, recursive=True)
    return {Path(path).as_posix() for path in found if (base / path).is_file()}


def _fits(path: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether the parts of a path (it need not exist) fit those of a glob; ``**`` is any number of
    them.
    """
    if not pattern:
        return not path
    if pattern[0] == "**":
        return _fits(path, pattern[1:]) or (bool(path) and _fits(path[1:], pattern))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and _fits(path[1:], pattern[1:])


def _needs(step: Step, writer: dict[str, str], base: Path) -> tuple[str, ...]:
    needs: set[str] = set()
    for pattern in step.reads:
        wanted = tuple(pattern.split("/"))
        writers = {name for path, name in writer.items() if _fits(tuple(path.split("/")), wanted)}
        if not writers and not _existing(pattern, base):
            raise _mistake(
                step.name, f"reads {pattern}, which neither exists nor is written by a step"
            )
        # A glob may well cover the step's own outputs; only an exact path says that it reads what
        # it writes.
        needs |= writers - {step.name} if glob.has_magic(pattern) else writers
    return tuple(sorted(needs))


def select(names: Iterable[str], steps: dict[str, Step]) -> list[str]:
    """Return the names of the named steps and of all they need, in running order."""
    waiting, chosen = list(names), set()
    while waiting:
        name = waiting.pop()
        if name not in steps:
            listed = ", ".join(steps)
            raise PipelineError(
                f"There is no step {name!r} (steps: {listed}).{_suggest(name, steps)}"
            )
        chosen.add(name)
        waiting += set(steps[name].needs) - chosen
    return [name for name in steps if name in chosen]


# --- Notebooks and their parameters


def read_notebook(path: Path) -> dict:
    """Read a notebook as plain data, without nbformat, which takes long to load."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if notebook["nbformat"] == 4:
            for cell in notebook["cells"]:
                cell["source"] = "".join(cell["source"])  # the file may keep a list of lines
            return notebook
    except (ValueError, KeyError, TypeError):
        pass
    raise PipelineError(f"{path} is not a notebook of format 4")


def tagged(cell: dict, tag: str) -> bool:
    """Whether a cell has a tag."""
    return tag in cell["metadata"].get("tags", [])


def code_cells(notebook: dict) -> list[tuple[int, dict]]:
    """Return the code cells with their numbers, from 1."""
    return list(
        enumerate((cell for cell in notebook["cells"] if cell["cell_type"] == "code"), start=1)
    )


def default_parameters(base: Path, step: Step) -> dict:
    """Read the names and default values in the notebook cell tagged ``parameters``."""
    cells = [
        cell for cell in read_notebook(base / step.notebook)["cells"] if tagged(cell, PARAMETERS)
    ]
    if len(cells) > 1:
        raise PipelineError(
            f"{step.name}: {len(cells)} cells are tagged 'parameters'; there must be one"
        )
    defaults = {}
    try:
        for node in ast.parse(cells[0]["source"] if cells else "").body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)])
                    | ast.AnnAssign(target=ast.Name(id=name))
                ):
                    defaults[name] = ast.literal_eval(node.value)
                case _:
                    raise ValueError(f"line {node.lineno} is not of the form: name = value")
    except (ValueError, SyntaxError, TypeError) as error:
        raise PipelineError(
            f"{step.name}: the parameters cell must hold only lines like: name = number or text"
            f" ({error})"
        ) from None
    return defaults


def parse_setting(text: str) -> tuple[str, object]:
    """Split ``name=value`` or ``step:name=value``; a value that is no Python literal is taken as
    text.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise PipelineError(f"--set {text}: write it as name=value or step:name=value")
    try:
        return name.strip(), ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, TypeError):
        return name.strip(), value


def resolve_parameters(given: dict, defaults: dict[str, dict]) -> dict[str, dict]:
    """Return for each selected step the given parameters that are meant for it.

    Parameters
    ----------
    given : dict
        ``name`` (for every step that has it) or ``step:name`` (for one step, and stronger) ->
        value.
    defaults : dict
        Name of each selected step -> its parameters with their default values.

    Raises
    ------
    PipelineError
        If no selected step has the parameter, or the value is of another type than the default.
    """
    resolved: dict[str, dict] = {name: {} for name in defaults}
    for key in sorted(given, key=lambda key: ":" in key):
        step, _, name = key.rpartition(":")
        if step and step not in defaults:
            raise PipelineError(f"{key}: no step {step!r} is selected.{_suggest(step, defaults)}")
        known = {step: defaults[step]} if step else defaults
        having = [owner for owner in known if name in known[owner]]
        if not having:
            listed = "; ".join(
                f"{owner}: {', '.join(names)}" for owner, names in known.items() if names
            )
            near = _suggest(name, [other for names in known.values() for other in names])
            raise PipelineError(
                f"No selected notebook has a parameter {key!r} (known: {listed}).{near}"
            )
        for owner in having:
            value, default = given[key], defaults[owner][name]
            both_numbers = {type(value), type(default)} <= {int, float}
            if default is not None and type(value) is not type(default) and not both_numbers:
                wanted, got = type(default).__name__, type(value).__name__
                hint = (
                    f". To give it as text, quote it twice: \"'{value}'\""
                    if wanted == "str"
                    else ""
                )
                raise PipelineError(
                    f"{owner}:{name} must be {wanted}, like its default {default!r}; {value!r} is"
                    f" {got}{hint}"
                )
            resolved[owner][name] = value
    return resolved


# --- What is out of date


def _digest(content: object) -> str | None:
    """Return the sha256 of a file (None if there is none), or of other data."""
    if isinstance(content, Path):
        return paths.digest(content) if content.is_file() else None
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def source_digest(path: Path) -> str:
    """Return the sha256 of what a person wrote in a notebook: the cells without outputs and
    injected ones.
    """
    cells = [
        (cell["cell_type"], cell["source"], tagged(cell, PARAMETERS))
        for cell in read_notebook(path)["cells"]
        if not tagged(cell, INJECTED)
    ]
    return _digest(cells)


@cache
def _imported(text: str) -> frozenset[str]:
    """Return the names that a module or a notebook takes from the package."""
    names: set[str] = set()
    for module, what, mentioned in IMPORTS.findall(text):
        path = (mentioned or module).removeprefix("cluster_anatomy").split(".")
        if mentioned or module.startswith(("cluster_anatomy", ".")):
            names |= {part for part in path if part} or set(re.findall(r"\w+", what))
    return frozenset(names)


def modules(notebook: Path, base: Path) -> list[str]:
    """Return the files of the package that a notebook uses, directly or through other modules.

    A module brings the data file of its name (``linkage.toml``); a package brings all its files.
    The pipeline, which writes the executed notebook, is always among them.
    """
    code = "\n".join(cell["source"] for _, cell in code_cells(read_notebook(notebook)))
    found, waiting = set(), {"__init__", "pipeline", "paths"} | _imported(code)
    package = base / PACKAGE
    while waiting:
        name = waiting.pop()
        own = [
            path for path in (package / f"{name}.py", package / f"{name}.toml") if path.is_file()
        ]
        if not own:
            own = [
                path
                for path in (package / name).rglob("*")
                if path.is_file() and "__pycache__" not in path.parts
            ]
        new = {path.relative_to(base).as_posix() for path in own} - found
        found |= new
        if (
            name != "pipeline"
        ):  # what it uses decides whether and how a step runs, not what it gives
            for path in new:
                waiting |= (
                    _imported((base / path).read_text("utf-8")) if path.endswith(".py") else set()
                )
    return sorted(found)


def fingerprint(step: Step, base: Path, parameters: dict) -> dict[str, str | None]:
    """Return the digests of all that decides what a step gives, by names fit for a message."""
    package = modules(base / step.notebook, base)
    inputs = set().union(*(_existing(pattern, base) for pattern in step.reads)) - set(step.outputs)
    return {
        "notebook": source_digest(base / step.notebook),
        "package": _digest([(path, _digest(base / path)) for path in package]),
        "lock file": _digest(base / LOCK_FILE),
        "parameters": repr(sorted(parameters.items())),
        **{f"input {path}": _digest(base / path) for path in sorted(inputs)},
    }


def output_digests(step: Step, base: Path) -> dict[str, str | None]:
    """Return the digest of each output of a step, None for one that is missing."""
    return {f"output {path}": _digest(base / path) for path in step.outputs}


def read_state(base: Path) -> dict[str, dict]:
    """Read the digests recorded when each step last ran; a damaged entry or file counts as not
    recorded.
    """
    try:
        state = json.loads((base / "build/state.json").read_text(encoding="utf-8"))["steps"]
        return {name: entry for name, entry in state.items() if "notebook" in entry}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_state(base: Path, state: dict[str, dict]) -> None:
    """Record the state."""
    text = json.dumps({"steps": state}, indent=1, sort_keys=True) + "\n"
    paths.replace_text(base / "build/state.json", text)


def why(
    step: Step, base: Path, parameters: dict | None = None, state: dict | None = None
) -> list[str]:
    """Say in short reasons why a step, with these parameters given, is out of date; none if it is
    not.
    """
    before = (read_state(base) if state is None else state).get(step.name)
    if before is None:
        return ["never run"]
    now = fingerprint(step, base, parameters or {}) | output_digests(step, base)
    reasons = []
    for key in now | before:
        already_told = key == f"output {step.notebook}" and "notebook changed" in reasons
        if now.get(key) == before.get(key) or already_told:
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


def write_stamps(base: Path, state: dict[str, dict]) -> None:
    """Stamp the outputs with what made them: the digests of a run of all steps with the study's own
    parameters.
    """
    text = json.dumps(state, indent=1, sort_keys=True) + "\n"
    path = base / STAMPS_FILE
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        paths.replace_text(path, text)


def stale(base: Path) -> list[str]:
    """Say which steps' committed outputs were not made from what is here, by their stamps; runs
    nothing.
    """
    try:
        state = json.loads((base / STAMPS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [f"{STAMPS_FILE} is missing or cannot be read: run the study to stamp its outputs"]
    found = {step.name: why(step, base, state=state) for step in load_steps(base)}
    return [f"{name}: {'; '.join(reasons)}" for name, reasons in found.items() if reasons]


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
