"""One set of versions: pyproject, lock, environment.yml, Makefile and README agree."""

import json
import os
import re
import tomllib
from importlib.metadata import EntryPoint

import pytest
import trove_classifiers
import yaml

from cluster_anatomy import __main__ as main_module
from cluster_anatomy import __version__, results, tables
from cluster_anatomy.__main__ import parser
from cluster_anatomy.compendium import marks, paths
from cluster_anatomy.results import exhibits, paragraphs


def text(name):
    return paths.source(name).read_text(encoding="utf-8")


def project():
    return tomllib.loads(text("pyproject.toml"))["project"]


def workflow(name):
    return yaml.safe_load(text(f".github/workflows/{name}.yml"))


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
    for link in re.findall(r"\]\((?!https?://|\.\./\.\./actions/)([^)]+)\)", page):
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


# --- The package, and other machines


def test_the_version_is_said_once_and_everywhere_the_same(capsys):
    assert project()["version"] == __version__
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"cluster-anatomy {__version__}\n"


def test_the_installed_command_is_the_program():
    (name, target), *others = project()["scripts"].items()
    assert not others
    assert name == "cluster-anatomy"
    assert EntryPoint(name, target, "console_scripts").load() is main_module.program


def test_classifiers_are_known_and_name_the_pythons_that_are_tried():
    classifiers = project()["classifiers"]
    assert set(classifiers) <= trove_classifiers.classifiers
    named = [c.rpartition(" ")[2] for c in classifiers if re.search(r":: 3\.\d+$", c)]
    assert named == workflow("ci")["jobs"]["python"]["strategy"]["matrix"]["python"]
    assert project()["requires-python"] == f">={named[0]}"
    assert len(named) >= 4
    sentence = re.search(r"^- Python ([\d., or]+) \(", text("docs/REPLICATION.md"), re.M)
    assert re.findall(r"3\.\d+", sentence[1]) == named
    links = project()["urls"]
    assert all(
        address.startswith("https://") and len(name) <= 32 for name, address in links.items()
    )
    assert links


def test_binder_and_containers_get_the_package():
    install = "pip install --no-deps --no-build-isolation --no-index -e ."
    assert f"python -m {install}" in text("postBuild")
    assert os.access(paths.source("postBuild"), os.X_OK)
    assert f".venv/bin/{install}" in text("docs/MACHINES.md")
    container = json.loads(text(".devcontainer/devcontainer.json"))
    target = re.fullmatch(r"make PYTHON=python3 (\w+)", container["onCreateCommand"])[1]
    assert re.search(rf"^{target}:", text("Makefile"), re.MULTILINE)
    minimum = project()["requires-python"].removeprefix(">=")
    assert f"python:{minimum}-" in container["image"]


def test_four_lines_do_without_make_what_make_does():
    recipe = text("docs/MACHINES.md").split("**Without `make`**")[1].split("```")[1]
    lines = recipe.strip().splitlines()
    assert len(lines) == 4
    makefile = text("Makefile").replace('"$(VENV)', ".venv").replace('"', "")
    assert lines[0].endswith("-m venv .venv")
    for line in lines[1:3]:
        assert line.startswith(".venv/bin/pip install ")
        arguments = line.removeprefix(".venv/bin/pip install ")
        assert f"--disable-pip-version-check {arguments}" in makefile
    assert lines[3] == ".venv/bin/python -m cluster_anatomy run"
