"""Conditions on results, such as ``difference_home.high < 0 < difference_home.bound_high``.

A condition is parsed and never executed: it may compare results (by id, or a field of one),
numbers, their sums, differences, products and ratios, and ``abs``, ``min`` and ``max`` of them.
"""

import ast
import operator
from collections.abc import Callable, Mapping

COMPARE: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
COMPUTE: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class ConditionError(ValueError):
    """A condition that cannot be read, or that names no result."""


def holds(condition: str, register: Mapping[str, Mapping[str, object]]) -> bool:
    """Say whether a condition is true of the results.

    Parameters
    ----------
    condition : str
        One comparison, or a chain of them.
    register : mapping
        Id of a result -> its fields (``value``, ``low``, ``high``, ``n``, …).

    Raises
    ------
    ConditionError
        If it is no comparison of results, or names a result or a field that there is not.

    Examples
    --------
    >>> register = {"home": {"value": 0.48, "low": 0.34}, "published": {"value": 0.7}}
    >>> holds("home.low < 0.5 < published", register)
    True
    """
    try:
        tree = ast.parse(condition.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if not isinstance(tree, ast.Compare):
        raise ConditionError(f"'{condition}': write a comparison of results, such as a < b.high")
    sides = [_number(node, condition, register) for node in (tree.left, *tree.comparators)]
    if unknown := [op for op in tree.ops if type(op) not in COMPARE]:
        raise ConditionError(f"'{condition}': {ast.unparse(tree)} compares by {unknown[0]}")
    steps = zip(sides, tree.ops, sides[1:], strict=False)
    return all(COMPARE[type(op)](left, right) for left, op, right in steps)


def _number(node: ast.expr, condition: str, register: Mapping[str, Mapping[str, object]]) -> float:
    """Return the number that a part of a condition stands for."""
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return _field(name, "value", condition, register)
        case ast.Attribute(value=ast.Name(id=name), attr=field):
            return _field(name, field, condition, register)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand, condition, register)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in COMPUTE:
            sides = (_number(side, condition, register) for side in (left, right))
            try:
                return COMPUTE[type(op)](*sides)
            except (ZeroDivisionError, OverflowError) as error:
                raise ConditionError(f"'{condition}': {error}") from None
        case ast.Call(func=ast.Name(id="abs"), args=[argument], keywords=[]):
            return abs(_number(argument, condition, register))
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=args, keywords=[]) if args:
            numbers = [_number(argument, condition, register) for argument in args]
            return min(numbers) if name == "min" else max(numbers)
    raise ConditionError(
        f"'{condition}': '{ast.unparse(node)}' is neither a result nor a sum, difference, product"
        " or ratio of results"
    )


def _field(
    name: str, field: str, condition: str, register: Mapping[str, Mapping[str, object]]
) -> float:
    if name not in register:
        raise ConditionError(f"'{condition}': there is no result '{name}' in the register")
    value = register[name].get(field)
    if not isinstance(value, int | float):
        raise ConditionError(f"'{condition}': result '{name}' has no number '{field}'")
    return value
