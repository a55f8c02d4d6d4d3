"""Checks on the checks: no test without an assertion, no broad silence of errors in the package."""

import ast

import pytest

from cluster_anatomy.compendium import paths

TESTS = sorted(paths.source("tests").glob("test_*.py"))
SOURCES = sorted(paths.source("src").rglob("*.py"))


def asserts(function: ast.AST, helpers: set[str]) -> bool:
    """Whether a function asserts something itself, expects an error, or calls a helper that
    asserts.
    """
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in {"raises", "fail", "warns"} | helpers or name.startswith("assert_"):
                return True
    return False


def functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def empty_tests(text: str) -> list[str]:
    tree = ast.parse(text)
    helpers = {
        f.name for f in functions(tree) if not f.name.startswith("test_") and asserts(f, set())
    }
    return [
        f.name for f in functions(tree) if f.name.startswith("test_") and not asserts(f, helpers)
    ]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_every_test_asserts_something(path):
    assert not empty_tests(path.read_text(encoding="utf-8"))


def test_a_test_that_asserts_nothing_is_found():
    assert empty_tests("def test_nothing():\n    1 + 1\ndef test_something():\n    assert 1") == [
        "test_nothing"
    ]


def silenced(text: str) -> list[int]:
    """Lines where any error is caught and nothing is done about it."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or getattr(node.type, "id", "") in (
                "Exception",
                "BaseException",
            )
            if broad and all(isinstance(line, ast.Pass | ast.Continue) for line in node.body):
                found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_error_is_silenced_in_the_package(path):
    assert not silenced(path.read_text(encoding="utf-8"))


def test_a_silenced_error_is_found():
    assert silenced("try:\n    f()\nexcept Exception:\n    pass") == [3]
    assert not silenced("try:\n    f()\nexcept ValueError:\n    pass")
