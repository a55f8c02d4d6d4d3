"""One set of versions: pyproject, lock, environment.yml, Makefile and README agree."""

import re
import tomllib

import pytest

from cluster_anatomy import results, tables
from cluster_anatomy.compendium import paths


def text(name):
    return paths.source(name).read_text(encoding="utf-8")


def project():
    return tomllib.loads(text("pyproject.toml"))["project"]


def pins(lock):
    """Name and version of every package in a lock."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ \\;]+)", text(lock), re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in found}


def test_every_direct_dependency_is_pinned_and_in_the_lock():
    extras = project()["optional-dependencies"]
    base = [*project()["dependencies"], *extras["test"], *extras["build"]]
    assert extras.keys() == {"test", "build", "spark"}
    for lock, direct in {
        "requirements.lock": base,
        "requirements-spark.lock": [*base, *extras["spark"]],
    }.items():
        locked = pins(lock)
        for requirement in direct:
            name, version = requirement.split("==")
            assert locked[name.lower().replace("_", "-")] == version, (lock, name)


def test_the_second_lock_is_the_first_and_spark():
    both, spark = pins("requirements.lock"), pins("requirements-spark.lock")
    assert {name: spark[name] for name in both} == both
    assert spark.keys() - both.keys() == {"pyspark", "py4j"}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-spark.lock"])
def test_the_lock_is_hashed_and_names_no_package_index(lock):
    lock = text(lock)
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lock)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)
    assert not re.search(r"--(index-url|extra-index-url|find-links)|https?://", lock)


def test_conda_gets_the_same_versions():
    conda = text("environment.yml")
    minimum = re.search(r">=(\d\.\d+)", project()["requires-python"])[1]
    assert f"- python={minimum}" in conda
    assert "- --require-hashes" in conda
    assert "- -r requirements.lock" in conda
    assert not re.findall(
        r"^\s*- (?!python=|pip\b|pip:|conda-forge|--require-hashes|-r requirements)[a-z]",
        conda,
        re.MULTILINE,
    )


def test_readme_shows_the_register_and_types_no_result():
    readme = text("README.md")
    assert results.fill_marks(readme, tables.read("data/processed/results.csv")) == readme
    findings = readme.split("## What was found")[1].split("## Run it")[0]
    bare = results.MARK.sub("", findings)
    assert not re.findall(r"\d", bare.replace("95 %", ""))
    assert len(results.MARK.findall(findings)) >= 10


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_pages_name_commands_and_files_that_exist(name):
    page, make = text(name), text("Makefile")
    for target in re.findall(r"(?:^|`)make ([a-z]+)", page, re.MULTILINE):
        assert re.search(rf"^{target}:", make, re.MULTILINE), target
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    for link in re.findall(r"\]\(([^)h][^)]*)\)", page):
        assert link[1:] in anchors if link.startswith("#") else paths.source(link).exists(), link


def test_contributing_names_files_that_exist():
    """Every path without a placeholder."""
    named = re.findall(
        r"`((?:data|docs|notebooks|seeds|src|tests)/[\w./]+)`", text("CONTRIBUTING.md")
    )
    assert len(named) > 15
    for path in named:
        assert paths.source(path).exists(), path
