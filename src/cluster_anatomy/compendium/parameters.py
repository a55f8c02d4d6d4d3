"""Parameters of notebooks: their defaults, and the values that a user gives."""

import ast
import math
from collections.abc import Mapping
from pathlib import Path

from cluster_anatomy.compendium.notebooks import PARAMETERS, read_notebook, tagged
from cluster_anatomy.compendium.steps import PipelineError, Step, suggest

Values = Mapping[str, object]  # name of a parameter -> value


def default_parameters(base: Path, step: Step) -> dict[str, object]:
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
                    ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    defaults[name] = ast.literal_eval(value)
                case _:
                    raise ValueError(f"line {node.lineno} is not of the form: name = value")
    except (ValueError, SyntaxError, TypeError) as error:
        raise PipelineError(
            f"{step.name}: the parameters cell must hold only lines like: name = number or text"
            f" ({error})"
        ) from None
    return defaults


def parse_setting(text: str) -> tuple[str, object]:
    """Split ``name=value`` or ``step:name=value``; a value that is no Python literal is text."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise PipelineError(f"--set {text}: write it as name=value or step:name=value")
    try:
        return name.strip(), ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, TypeError):
        return name.strip(), value


def resolve_parameters(
    given: Values, defaults: Mapping[str, Values]
) -> dict[str, dict[str, object]]:
    """Return for each selected step the given parameters that are meant for it.

    Parameters
    ----------
    given : mapping
        ``name`` (for every step that has it) or ``step:name`` (for one step, and stronger) ->
        value.
    defaults : mapping
        Name of each selected step -> its parameters with their default values.

    Raises
    ------
    PipelineError
        If no selected step has the parameter, or the value is of another type than the default.
    """
    resolved: dict[str, dict[str, object]] = {name: {} for name in defaults}
    for key in sorted(given, key=lambda key: ":" in key):
        step, _, name = key.rpartition(":")
        if step and step not in defaults:
            raise PipelineError(f"{key}: no step {step!r} is selected.{suggest(step, defaults)}")
        candidates = {step: defaults[step]} if step else defaults
        owners = [owner for owner in candidates if name in candidates[owner]]
        if not owners:
            raise _unknown(key, candidates)
        for owner in owners:
            check_value(f"{owner}:{name}", given[key], defaults[owner][name])
            resolved[owner][name] = given[key]
    return resolved


def _unknown(key: str, candidates: Mapping[str, Values]) -> PipelineError:
    listed = "; ".join(f"{step}: {', '.join(names)}" for step, names in candidates.items() if names)
    near = suggest(key.rpartition(":")[2], [n for names in candidates.values() for n in names])
    return PipelineError(f"No selected notebook has a parameter {key!r} (known: {listed}).{near}")


def check_value(parameter: str, value: object, default: object) -> None:
    """Refuse a value that cannot stand for the default.

    It must be of the same type (numbers are one type, but not booleans); a whole number, where the
    default is one; and not below zero, where the default is not. What stands in a list or a table
    is checked in the same way against the first that stands there by default.

    Raises
    ------
    PipelineError
        If it is not.
    """
    both_numbers = {type(value), type(default)} <= {int, float}
    if default is not None and type(value) is not type(default) and not both_numbers:
        expected = type(default).__name__
        hint = f". To give it as text, quote it twice: \"'{value}'\"" if expected == "str" else ""
        raise PipelineError(
            f"{parameter} must be {expected}, like its default {default!r}; {value!r} is"
            f" {type(value).__name__}{hint}"
        )
    if both_numbers:
        _check_number(parameter, value, default)  # type: ignore[arg-type]  # as just seen
    if isinstance(value, list | tuple) and isinstance(default, list | tuple) and default:
        for part in value:
            check_value(f"{parameter}, each part,", part, default[0])


def _check_number(parameter: str, value: float, default: float) -> None:
    """Refuse a number that is not whole, or below zero, where the default is otherwise."""
    like = f", like its default {default!r}; {value!r} is not"
    if not math.isfinite(value):
        raise PipelineError(f"{parameter} must be a finite number{like}")
    if isinstance(default, int) and not isinstance(value, int):
        raise PipelineError(f"{parameter} must be a whole number{like}")
    if value < 0 <= default:
        raise PipelineError(f"{parameter} must be zero or more{like}")
