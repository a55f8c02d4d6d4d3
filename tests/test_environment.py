"""One set of versions: pyproject, lock, environment.yml, Makefile and README agree."""

import re
import tomllib

import pytest

from cluster_anatomy import results, tables
from cluster_anatomy.__main__ import parser
from cluster_anatomy.compendium import marks, paths
from cluster_anatomy.results import exhibits, paragraphs


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
    register = results.lookup(tables.read("data/processed/results.csv"))
    assert paragraphs.fill(readme, register) == readme
    findings = readme.split("## What was found")[1].split("## Run it")[0]
    unread = r'<!--holds:.*?-->|width="480"'  # conditions, and how wide the picture is
    bare = re.sub(unread, "", marks.NUMBER.sub("", findings), flags=re.DOTALL)
    assert not re.findall(r"\d", bare.replace("95 %", ""))
    assert len(marks.NUMBER.findall(findings)) >= 10


def anchors(page):
    """Anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


PAGES = sorted(
    page.relative_to(paths.root()).as_posix()
    for pattern in ("*.md", "data/*.md", "docs/*.md", "seeds/*.md", "own_lists/*/*.md")
    for page in paths.root().glob(pattern)
)


MADE = {"data/CODEBOOK.md", "docs/NUMBERS.md"}
"""Pages that are wholly generated, from what is tested elsewhere."""


@pytest.mark.parametrize("name", PAGES)
def test_pages_name_commands_and_files_that_exist(name):
    page, make, verbs = text(name), text("Makefile"), parser().format_help()
    for target in re.findall(r"(?:^|`)make ([a-z]+)", page, re.MULTILINE):
        assert re.search(rf"^{target}:", make, re.MULTILINE), target
    # Measured tables keep the commands of their day.
    for verb in re.findall(r"-m cluster_anatomy ([a-z]+)", exhibits.LIST.sub("", page)):
        assert re.search(rf"^    {verb}\b", verbs, re.MULTILINE), verb
    for link in re.findall(r"\]\((?!https?://)([^)]+)\)", page):
        file, _, anchor = link.partition("#")
        target = (paths.source(name).parent / file) if file else paths.source(name)
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


OPTIONAL = {
    "data/raw/lists/bioplan_2008.csv",
    "data/raw/lists/miit_2009.csv",
    "seeds/conle_taube_2010.txt",
}
"""What a user with a licence or a copy may add."""


@pytest.mark.parametrize("name", [page for page in PAGES if page not in MADE])
def test_pages_name_paths_that_exist(name):
    """Every path without a placeholder."""
    folders = "benchmarks|data|docs|notebooks|seeds|src|tests"
    named = re.findall(rf"`((?:{folders})/[\w./]+)`", exhibits.LIST.sub("", text(name)))
    assert len(named) > 15 or name != "CONTRIBUTING.md"
    for path in set(named) - OPTIONAL:
        assert paths.source(path).exists(), path


def test_the_changelog_names_modules_that_exist():
    """The last column of the table of moves."""
    moves = text("CHANGELOG.md").split("| was | is |")[1].split("\n\n")[0]
    room, modules = "", 0
    for _, new in re.findall(r"^  \| (`.+) \| (`.+) \|$", moves, re.MULTILINE):
        for name in re.findall(r"`([\w.]+)`", new):
            room = name.partition(".")[0] or room
            module = "/".join([room, *name.split(".")[1:]])
            base = paths.source("src/cluster_anatomy") / module
            assert base.is_dir() or base.with_suffix(".py").is_file(), name
            modules += 1
    assert modules > 50
