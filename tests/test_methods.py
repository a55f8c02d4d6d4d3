"""The library of statistics as a whole: it knows no study, and every example in it runs."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re

import pytest

from cluster_anatomy import methods

NAMES = sorted(module.name for module in pkgutil.iter_modules(methods.__path__))
MODULES = {name: importlib.import_module(f"{methods.__name__}.{name}") for name in NAMES}
PUBLIC = [
    (f"{name}.{function}", value)
    for name, module in MODULES.items()
    for function, value in inspect.getmembers(module, inspect.isfunction)
    if value.__module__ == module.__name__ and not function.startswith("_")
]
STUDY = re.compile(
    r"\b(firm|entry|entries|china|chinese|usa|american|paper|founder|industry|origin|region)s?\b",
    re.IGNORECASE,
)
"""Words of the study; `cluster` has a second life in statistics."""
WITHOUT_SOURCE = [
    "permutation.arrangements",
    "shares.composition",
    "shares.count_until",
    "shares.count_where",
    "similarity.leaf_groups",
]
"""Plain counting and bookkeeping; what is estimated has its source where it is."""


def test_every_example_runs():
    results = [doctest.testmod(module) for module in MODULES.values()]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) > 60


@pytest.mark.parametrize(("name", "function"), PUBLIC, ids=[name for name, _ in PUBLIC])
def test_every_function_says_what_it_takes_returns_and_comes_from(name, function):
    text = inspect.getdoc(function)
    sections = ["Parameters", "Returns", "Examples"]
    if name not in WITHOUT_SOURCE:
        sections.append("References")
    for section in sections:
        assert f"{section}\n{'-' * len(section)}\n" in text
    described = text.split("Returns\n---")[0]
    for parameter in inspect.signature(function).parameters:
        assert re.search(rf"\b{parameter}\b", described)


@pytest.mark.parametrize("name", NAMES)
def test_no_module_knows_the_study(name):
    cited = re.compile(r".*\(\d{4}\).*")
    assert not STUDY.findall(cited.sub("", inspect.getsource(MODULES[name])))


@pytest.mark.parametrize("name", NAMES)
def test_no_module_imports_another_room(name):
    tree = ast.parse(inspect.getsource(MODULES[name]))
    imported = [
        node.module if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    ours = [module for module in imported if module.startswith("cluster_anatomy")]
    assert all(module.startswith("cluster_anatomy.methods.") for module in ours)


def test_the_face_lists_every_family():
    listed = re.findall(r"^(\w+) : .", methods.__doc__, flags=re.MULTILINE)
    assert sorted(listed) == NAMES
