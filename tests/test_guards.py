"""What keeps the house: sizes, faces, floors, types and form; and tests that assert something."""

import ast
import functools
import json
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

from cluster_anatomy.compendium import paths

TESTS = sorted(paths.source("tests").glob("test_*.py"))
SOURCES = sorted(paths.source("src").rglob("*.py"))
BENCHMARKS = sorted(paths.source("benchmarks").glob("*.py"))
PACKAGE = paths.source("src/cluster_anatomy")
FACES = [path for path in SOURCES if path.name == "__init__.py" and path.parent != PACKAGE]
CODE_OF_A_FUNCTION = 40


def short(path: Path) -> str:
    return path.relative_to(paths.root()).as_posix()


def all_of(paths_of: list[Path]):
    """A test for each file."""
    return pytest.mark.parametrize("path", paths_of, ids=short)


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


# --- Tests that test


def asserts(function: ast.AST, helpers: set[str]) -> bool:
    """Whether a function asserts something, expects an error, or calls a helper that asserts."""
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


@all_of(TESTS)
def test_every_test_asserts_something(path):
    assert not empty_tests(path.read_text(encoding="utf-8"))


def test_a_test_that_asserts_nothing_is_found():
    assert empty_tests("def test_nothing():\n    1 + 1\ndef test_something():\n    assert 1") == [
        "test_nothing"
    ]


# --- Errors are not silenced


def silenced(text: str) -> list[int]:
    """Lines where any error is caught and nothing is done about it."""
    lines = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or getattr(node.type, "id", "") in (
                "Exception",
                "BaseException",
            )
            if broad and all(isinstance(line, ast.Pass | ast.Continue) for line in node.body):
                lines.append(node.lineno)
    return lines


@all_of(SOURCES)
def test_no_error_is_silenced_in_the_package(path):
    assert not silenced(path.read_text(encoding="utf-8"))


def test_a_silenced_error_is_found():
    assert silenced("try:\n    f()\nexcept Exception:\n    pass") == [3]
    assert not silenced("try:\n    f()\nexcept ValueError:\n    pass")


# --- Rooms of a human size


def code_lines(text: str) -> set[int]:
    """Lines with code: not blank, and more than a comment."""
    silent = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    readline = iter(text.splitlines(keepends=True)).__next__
    lines: set[int] = set()
    for token in tokenize.generate_tokens(readline):
        if token.type not in (*silent, tokenize.ENDMARKER):
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines


def long_functions(text: str, most: int = CODE_OF_A_FUNCTION) -> dict[str, int]:
    """Functions with more lines of code; the docstring, blank lines and comments do not count."""
    lines, sizes = code_lines(text), {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = set()
            if ast.get_docstring(node) is not None:
                docstring = set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
            own = set(range(node.lineno, node.end_lineno + 1)) & lines
            sizes[f"{node.name}, line {node.lineno}"] = len(own - docstring)
    return {name: size for name, size in sizes.items() if size > most}


@all_of(SOURCES)
def test_no_file_is_too_long_to_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


@all_of(BENCHMARKS)
def test_no_benchmark_is_too_long_to_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@all_of(SOURCES + BENCHMARKS)
def test_no_function_is_too_long_to_read(path):
    assert not long_functions(path.read_text(encoding="utf-8"))


def test_a_long_function_is_found_and_its_docstring_does_not_count():
    body = "    x = 1\n" * 3
    text = f'def f():\n    """A.\n\n    B.\n    """\n\n    # why\n{body}'
    assert not long_functions(text, most=4)
    assert long_functions(text, most=3) == {"f, line 1": 4}


# --- Faces and what stands behind them


def more_than_a_face(text: str) -> list[int]:
    """Lines of a package's ``__init__`` that are no docstring, import or ``__all__``."""
    body = ast.parse(text).body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return [
        node.lineno
        for node in body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
    ]


def shadowed(face: Path) -> set[str]:
    """Modules of a package that cannot be imported from it, for its face means something else."""
    modules = {path.stem for path in face.parent.glob("*.py")} - {"__init__", "__main__"}
    modules |= {path.parent.name for path in face.parent.glob("*/__init__.py")}
    package = ".".join(face.parent.relative_to(PACKAGE.parent).parts)
    hidden = set()
    for node in ast.walk(tree_of(face)):
        if isinstance(node, ast.ImportFrom) and node.module != package:
            hidden |= {alias.asname or alias.name for alias in node.names} & modules
    return hidden


@all_of(FACES)
def test_a_face_is_a_face(path):
    assert not more_than_a_face(path.read_text(encoding="utf-8"))
    assert not shadowed(path), "name the function otherwise, or leave it out of the face"


def test_more_than_a_face_is_found():
    assert not more_than_a_face('"""A."""\nfrom a import b\n__all__ = ["b"]\n')
    assert more_than_a_face('"""A."""\nX = 1\ndef f(): ...\n') == [2, 3]


def test_a_shadowed_module_is_found(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path / "house")
    room = tmp_path / "house/room"
    room.mkdir(parents=True)
    (room / "door.py").write_text("def door(): ...\n")
    (room / "__init__.py").write_text("from house.room.door import door\n")
    assert shadowed(room / "__init__.py") == {"door"}
    (room / "front.py").write_text("")
    other = tmp_path / "house/other"
    other.mkdir()
    (other / "door.py").write_text("")
    (other / "__init__.py").write_text("from house.other import door\n")
    assert not shadowed(other / "__init__.py")


@all_of(SOURCES)
def test_every_module_says_what_it_is(path):
    docstring = ast.get_docstring(tree_of(path)) or ""
    assert docstring
    assert not docstring.startswith("TODO")


WATCHED_IMPORT = """
import importlib, json, sys

root, source, *names = sys.argv[1:]
sys.path.insert(0, source)
opened = []

def note(event, arguments):
    if event == "open":
        path = str(arguments[0])
        ours = path.startswith(root) and "site-packages" not in path
        if ours and path.endswith((".toml", ".csv", ".json", ".ipynb")):
            opened.append([current, path.removeprefix(root + "/")])

sys.addaudithook(note)
for current in names:
    importlib.import_module(current)
print(json.dumps(opened))
"""


def opened_at_import(names: list[str], root: Path, source: Path) -> list[list[str]]:
    """Import modules in a fresh interpreter; return each with the data files that it opened."""
    command = [sys.executable, "-c", WATCHED_IMPORT, str(root), str(source), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_file_is_read_when_the_package_is_imported():
    """Neither a TOML file of the package nor anything of data/ or notebooks/ is opened."""
    names = [module_name(path) for path in SOURCES if path.name != "__main__.py"]
    assert opened_at_import(names, paths.root(), PACKAGE.parent) == []


def test_a_file_read_at_import_is_found(tmp_path):
    (tmp_path / "rules.toml").write_text("")
    (tmp_path / "reads_early.py").write_text(f"open({str(tmp_path / 'rules.toml')!r}).close()\n")
    assert opened_at_import(["reads_early"], tmp_path, tmp_path) == [["reads_early", "rules.toml"]]


# --- Tools that look at all of it


def run_tool(name: str, *options: str) -> subprocess.CompletedProcess:
    """Run a tool of the environment on the repository; skip, loudly, if it is not installed."""
    program = Path(sys.executable).with_name(name)
    if not program.is_file():
        print(f"\nNOT CHECKED: {name} is not installed", file=sys.stderr)
        pytest.skip(f"LOUD: {name} is missing (make environment); nothing was checked by it")
    return subprocess.run(
        [program, *options], cwd=paths.root(), capture_output=True, text=True, check=False
    )


def test_types_are_checked():
    done = run_tool("mypy", "--python-executable", sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_arrow_points_down():
    done = run_tool("lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_source_and_notebooks_keep_the_rules_of_form():
    done = run_tool("ruff", "check", "--output-format", "concise", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_source_and_notebooks_are_formatted():
    done = run_tool("ruff", "format", "--check", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hooks_run_what_the_tests_run():
    """The hooks call the tools of the environment; nothing is fetched."""
    hooks = paths.source(".pre-commit-config.yaml").read_text(encoding="utf-8")
    for command in ("ruff check", "ruff format", "mypy", "lint-imports"):
        assert command in hooks
    assert "language: system" in hooks
    assert "http" not in hooks


def test_the_floors_in_contributing_are_those_that_are_enforced():
    """The picture has every floor of the layers contract, from top to bottom."""
    project = tomllib.loads(paths.source("pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    page = paths.source("CONTRIBUTING.md").read_text(encoding="utf-8")
    picture = page.split("```mermaid")[1].split("```")[0]
    rooms = [room.strip() for layer in layers for room in layer.split("|")]
    positions = [picture.index(f'"<b>{room}</b>') for room in rooms]
    assert positions == sorted(positions)
    assert len(page.encode()) <= 8192
