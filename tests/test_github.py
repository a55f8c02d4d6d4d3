"""What a public copy shows and runs: workflows, forms for issues, attributes of files, licences."""

import os
import re
import subprocess
import tomllib

import pytest
import yaml

from cluster_anatomy.__main__ import parser
from cluster_anatomy.archive import record
from cluster_anatomy.compendium import paths

BASE = paths.root()
WORKFLOWS = sorted((BASE / ".github/workflows").glob("*.yml"))
FORMS = [
    path
    for path in sorted((BASE / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    if path.stem != "config"
]


def name_of(path):
    return path.stem


def each(files):
    return pytest.mark.parametrize("path", files, ids=name_of)


def steps_of(path):
    jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


# --- Workflows


def test_there_is_a_workflow_for_each_purpose():
    assert [path.stem for path in WORKFLOWS] == ["ci", "pages", "release", "weekly"]
    begun = {path.stem: yaml.safe_load(path.read_text("utf-8"))[True] for path in WORKFLOWS}
    assert begun["ci"].keys() == {"push", "pull_request", "workflow_dispatch"}
    assert begun["release"] == {"push": {"tags": ["v*"]}}
    assert "schedule" in begun["weekly"]


@each(WORKFLOWS)
def test_actions_are_pinned_and_a_fork_needs_no_secret(path):
    text = path.read_text("utf-8")
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert used
    for action, comment in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action
    assert "secrets." not in text
    assert "github.repository_owner" not in text
    assert "pull_request_target" not in text
    loaded = yaml.safe_load(text)
    assert loaded["permissions"] == {"contents": "read"}
    assert all(1 <= job["timeout-minutes"] <= 90 for job in loaded["jobs"].values())


@each(WORKFLOWS)
def test_no_expression_is_put_into_a_shell(path):
    """What somebody else can name, such as a branch, reaches a shell as a variable only."""
    scripts = [step["run"] for step in steps_of(path) if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


@each(WORKFLOWS)
def test_workflows_call_commands_that_exist(path):
    makefile, help_text = (BASE / "Makefile").read_text("utf-8"), parser().format_help()
    scripts = "\n".join(step["run"] for step in steps_of(path) if "run" in step)
    targets = re.findall(r"^make (?:\w+=\S+ )?(\w+)$", scripts, re.MULTILINE)
    verbs = re.findall(r"-m cluster_anatomy (\w+)", scripts)
    assert targets or "bash .ci/run" in scripts
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for verb in verbs:
        assert re.search(rf"^    {verb}\b", help_text, re.MULTILINE), verb


def test_ci_does_what_the_local_script_does():
    jobs = yaml.safe_load((BASE / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"]
    assert jobs["whole"]["container"]["image"] == "debian:12"
    assert "bash .ci/run" in [step.get("run") for step in jobs["whole"]["steps"]]
    assert jobs["macos"]["runs-on"].startswith("macos")
    script = (BASE / ".ci/run").read_text("utf-8")
    for part in ("make reproduce", "git --no-pager diff", "make test", "make spark", "make site"):
        assert part in script


def test_the_site_is_published_only_where_pages_are_switched_on():
    jobs = yaml.safe_load((BASE / ".github/workflows/pages.yml").read_text("utf-8"))["jobs"]
    assert jobs["deploy"]["if"] == "needs.build.outputs.published == 'yes'"
    assert jobs["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}


# --- Forms for issues


def test_there_is_a_form_for_each_kind_of_report():
    assert {path.stem for path in FORMS} == {
        "bug",
        "claim_contested",
        "missing_firm",
        "wrong_fact",
    }


@each(FORMS)
def test_forms_are_whole_and_name_files_that_exist(path):
    form = yaml.safe_load(path.read_text("utf-8"))
    assert form.keys() <= {"name", "description", "title", "labels", "body"}
    assert form["name"]
    assert form["description"]
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    ids = [part["id"] for part in fields]
    labels = [part["attributes"]["label"] for part in fields]
    assert len(set(ids)) == len(ids)
    assert len(set(labels)) == len(labels)
    assert all(part["type"] in ("input", "textarea", "dropdown") for part in fields)
    assert any(part["validations"]["required"] for part in fields if "validations" in part)
    for part in fields:
        if part["type"] == "dropdown":
            options = part["attributes"]["options"]
            assert len(set(options)) == len(options) > 1
            assert all(isinstance(option, str) for option in options)
    for named in re.findall(r"\b((?:data|docs)/[\w/]+(?:\.\w+|/))", path.read_text("utf-8")):
        assert (BASE / named).exists(), named


# --- Bytes, and other people's filters


def git(folder, *arguments):
    known = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True,
        capture_output=True,
        env=os.environ | known,
    )
    return done.stdout.decode()


@pytest.fixture
def repository(tmp_path):
    """A repository of one table, one script and one notebook."""
    base = tmp_path / "repository"
    base.mkdir()
    git(base, "init", "-q")
    for name in ("table.csv", "script.py", "book.ipynb"):
        (base / name).write_bytes(b"1\n2\n")
    return base


@pytest.mark.parametrize("attributes", [True, False])
def test_a_clone_of_git_for_windows_has_the_same_bytes(repository, tmp_path, attributes):
    """Without the attributes, line ends change: the test would see it."""
    if attributes:
        (repository / ".gitattributes").write_bytes((BASE / ".gitattributes").read_bytes())
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "x")
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(repository), "clone")
    same = [
        (tmp_path / "clone" / name).read_bytes() == (repository / name).read_bytes()
        for name in ("table.csv", "script.py", "book.ipynb")
    ]
    assert same == [attributes] * 3


def test_no_filter_strips_notebooks_and_nbdime_finds_its_driver(repository):
    (repository / ".gitattributes").write_bytes((BASE / ".gitattributes").read_bytes())
    answer = git(repository, "check-attr", "filter", "diff", "merge", "text", "--", "book.ipynb")
    assert dict(line.split(": ")[1:] for line in answer.splitlines()) == {
        "filter": "unset",
        "diff": "jupyternotebook",
        "merge": "jupyternotebook",
        "text": "unset",
    }


# --- Licences


def licence_of(path, annotations):
    """The licence of a file: that of the last annotation whose pattern fits."""
    found = None
    for one in annotations:
        patterns = one["path"] if isinstance(one["path"], list) else [one["path"]]
        for pattern in patterns:
            parts = re.split(r"(\*\*|\*)", pattern)
            known = {"**": ".*", "*": "[^/]*"}
            expression = "".join(known.get(part) or re.escape(part) for part in parts)
            if re.fullmatch(expression, path):
                found = one["SPDX-License-Identifier"]
    return found


def test_every_file_has_a_licence_whose_text_is_here():
    reuse = tomllib.loads((BASE / "REUSE.toml").read_text("utf-8"))
    licences = {path: licence_of(path, reuse["annotations"]) for path in record.files(BASE)}
    assert None not in licences.values()
    named = {part for one in licences.values() for part in one.split(" AND ")}
    assert named == {path.stem for path in (BASE / "LICENSES").glob("*.txt")}
    about = record.read_record(BASE)
    both = {about.code_licence, about.data_licence}
    for path, licence in licences.items():
        if path.startswith("src/") and path.endswith(".py"):
            assert licence == about.code_licence, path
        elif path.startswith(("data/processed/", "figures/", "seeds/")):
            assert licence == about.data_licence, path
        elif path.endswith(".ipynb"):
            assert set(licence.split(" AND ")) == both, path
        elif path.endswith(".otf"):
            assert licence == "OFL-1.1", path
