"""Parameters of notebooks: their defaults, and the values that a user gives."""

import ast
from pathlib import Path

from cluster_anatomy.compendium.notebooks import PARAMETERS, read_notebook, tagged
from cluster_anatomy.compendium.steps import PipelineError, Step, suggest


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
            raise PipelineError(f"{key}: no step {step!r} is selected.{suggest(step, defaults)}")
        known = {step: defaults[step]} if step else defaults
        having = [owner for owner in known if name in known[owner]]
        if not having:
            listed = "; ".join(
                f"{owner}: {', '.join(names)}" for owner, names in known.items() if names
            )
            near = suggest(name, [other for names in known.values() for other in names])
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
