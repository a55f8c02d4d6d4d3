"""The steps of the study: what each reads and writes, and the order that follows from it."""

import difflib
import glob
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from cluster_anatomy.compendium import paths

STEPS_FILE = "notebooks/steps.toml"
KEYS = ("name", "title", "reads", "writes")


class PipelineError(Exception):
    """Something the user can mend; shown as one message, without a traceback."""


@dataclass(frozen=True)
class Step:
    """One notebook with the files that it reads and writes, relative to the root."""

    name: str
    title: str = ""
    reads: tuple[str, ...] = ()
    """Paths or globs."""
    writes: tuple[str, ...] = ()
    """Exact paths, without the notebook itself."""
    needs: tuple[str, ...] = ()
    """The steps whose files it reads, worked out from `reads` and `writes`."""

    @property
    def notebook(self) -> str:
        """The path of the notebook."""
        return f"notebooks/{self.name}.ipynb"

    @property
    def words(self) -> str:
        """The path of the words of its numbers; a step without numbers has none."""
        return f"notebooks/words/{self.name}.toml"

    @property
    def outputs(self) -> tuple[str, ...]:
        """Everything the step leaves behind, the executed notebook last."""
        return (*self.writes, self.notebook)


def suggest(word: str, names: Iterable[str]) -> str:
    """Return the end of a message on a word that is not among the names: a near one, if any."""
    near = difflib.get_close_matches(word, sorted(set(names)), n=1, cutoff=0.5)
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


def _step(entry: Mapping[str, object]) -> Step:
    """Return one table of ``steps.toml`` as a step."""
    name = entry.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name):
        raise PipelineError(
            f"{STEPS_FILE}: a step needs a name of letters, digits, '_', '-' or '.'"
        )
    for key in entry:
        if key not in KEYS:
            raise _mistake(name, f"unknown key {key!r}.{suggest(key, KEYS)}")
    reads, writes = (_paths(name, key, entry.get(key, [])) for key in ("reads", "writes"))
    for path in writes:
        if glob.has_magic(path):
            raise _mistake(name, f"writes {path}, but what is written must be an exact path")
    return Step(name, str(entry.get("title", "")), reads, writes)


def _paths(step: str, key: str, items: object) -> tuple[str, ...]:
    """Return the paths or globs that a step lists under a key, each of them inside the root."""
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise _mistake(step, f"{key} must be a list of paths")
    for item in items:
        if Path(item).is_absolute() or ".." in Path(item).parts:
            raise _mistake(
                step, f"{item} must be a path inside the compendium, relative to its root"
            )
    return tuple(Path(item).as_posix() for item in items)


def existing(pattern: str, base: Path) -> set[str]:
    """Return the files that fit a glob, relative to the base; hidden ones never do."""
    matches = glob.glob(pattern, root_dir=base, recursive=True)
    return {Path(path).as_posix() for path in matches if (base / path).is_file()}


def _fits(path: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether the parts of a path fit those of a glob; ``**`` stands for any number of them."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return _fits(path, pattern[1:]) or (bool(path) and _fits(path[1:], pattern))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and _fits(path[1:], pattern[1:])


def _needs(step: Step, writer: dict[str, str], base: Path) -> tuple[str, ...]:
    needs: set[str] = set()
    for pattern in step.reads:
        parts = tuple(pattern.split("/"))
        writers = {name for path, name in writer.items() if _fits(tuple(path.split("/")), parts)}
        if not writers and not existing(pattern, base):
            raise _mistake(
                step.name, f"reads {pattern}, which neither exists nor is written by a step"
            )
        # A glob may cover the step's own outputs; only an exact path says that it reads them.
        needs |= writers - {step.name} if glob.has_magic(pattern) else writers
    return tuple(sorted(needs))


def select(names: Iterable[str], steps: dict[str, Step]) -> list[str]:
    """Return the names of the named steps and of all they need, in running order."""
    waiting, selected = list(names), set()
    while waiting:
        name = waiting.pop()
        if name not in steps:
            listed = ", ".join(steps)
            raise PipelineError(
                f"There is no step {name!r} (steps: {listed}).{suggest(name, steps)}"
            )
        selected.add(name)
        waiting += set(steps[name].needs) - selected
    return [name for name in steps if name in selected]
