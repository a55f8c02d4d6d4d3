"""Stamps: what made each committed output; and what other packages would move."""

import json
import shutil
from contextlib import suppress

import pytest
from PIL import Image, ImageDraw

from cluster_anatomy.__main__ import main
from cluster_anatomy.archive import documents, release
from cluster_anatomy.compendium import compare, freshness, packages, paths, steps
from cluster_anatomy.compendium.compare import Difference
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.results import filling

ROOT = paths.root()


def test_every_committed_output_was_made_from_what_is_here():
    assert freshness.stale(ROOT) == []


@pytest.fixture
def copy(tmp_path):
    """Step 02 and what it is made from and makes, alone in a folder with its stamps."""
    step = next(step for step in steps.load_steps(ROOT) if step.name == "02_firm_origins")
    stamps = json.loads((ROOT / freshness.STAMPS_FILE).read_text("utf-8"))[step.name]
    listed = [key.split(" ", 1)[1] for key in stamps if key.startswith(("input ", "output "))]
    package = freshness.modules(ROOT / step.notebook, ROOT)
    for path in [*listed, *package, step.words, freshness.LOCK_FILE]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    text = (ROOT / steps.STEPS_FILE).read_text("utf-8")
    block = next(part for part in text.split("[[step]]") if '"02_firm_origins"' in part)
    (tmp_path / steps.STEPS_FILE).write_text(f"[[step]]{block}", encoding="utf-8")
    freshness.write_stamps(tmp_path, {step.name: stamps})
    assert freshness.stale(tmp_path) == []
    return tmp_path


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("data/processed/origins.csv", "output data/processed/origins.csv changed since the run"),
        ("data/processed/firms.csv", "input data/processed/firms.csv changed"),
        ("notebooks/words/02_firm_origins.toml", "words changed"),
        ("src/cluster_anatomy/firms/origins.py", "package changed"),
        ("requirements.lock", "lock file changed"),
    ],
)
def test_a_changed_file_makes_its_step_stale(copy, path, reason):
    with open(copy / path, "a", encoding="utf-8") as file:
        file.write("\n")
    assert freshness.stale(copy) == [f"02_firm_origins: {reason}"]


def test_without_stamps_everything_is_stale(copy):
    (copy / freshness.STAMPS_FILE).write_text("{", encoding="utf-8")
    assert "cannot be read" in freshness.stale(copy)[0]


def test_a_module_that_a_step_does_not_use_does_not_make_it_stale():
    used = freshness.modules(ROOT / "notebooks/02_firm_origins.ipynb", ROOT)
    for name in (
        "firms/origins.py",
        "study/firm_origins.py",
        "firms/linkage.toml",
        "tables/contracts/raw.toml",
        "compendium/execute.py",
    ):
        assert f"src/cluster_anatomy/{name}" in used
    for name in (
        "own_list/case.py",
        "archive/crate.py",
        "compendium/packages.py",
        "study/claims.py",
        "registers/__init__.py",
        "site/__init__.py",
    ):
        assert (ROOT / "src/cluster_anatomy" / name).is_file()
        assert f"src/cluster_anatomy/{name}" not in used


@pytest.mark.parametrize(
    ("outputs", "texts", "prose", "code"),
    [
        ([], [], [], 0),
        (["01_a: notebook changed"], [], [], 1),
        ([], ["CITATION.cff is stale"], [], 1),
        ([], [], ["01_a: there is no result 'b' in the register"], 1),
    ],
)
def test_check_names_stale_outputs_documents_and_prose(
    monkeypatch, capsys, outputs, texts, prose, code
):
    monkeypatch.setattr(freshness, "stale", lambda base: outputs)
    monkeypatch.setattr(documents, "stale", lambda base: texts)
    monkeypatch.setattr(filling, "stale", lambda base: prose)
    assert main(["check"]) == code
    assert capsys.readouterr().out.splitlines() == [
        *(outputs or ["every committed output was made from what is here"]),
        *(texts or ["the generated documents and metadata are those of the files"]),
        *(prose or ["every number in the notebooks' prose is the register's"]),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fresh", "check"),
        ("archive --check", "check"),
        ("archive --validate", "check --standards"),
        ("archive --verify x.zip", "check --release FILE"),
        ("canary", "check --rerun --packages newest"),
    ],
)
def test_an_old_name_still_works_and_says_the_new_one(monkeypatch, capsys, old, new):
    asked = {}
    trial = packages.Trial("newest", {"python": "3"}, packages.by_kind([]))
    monkeypatch.setattr(freshness, "stale", lambda base: [])
    monkeypatch.setattr(documents, "stale", lambda base: [])
    monkeypatch.setattr(documents, "validate", lambda base: 0)
    monkeypatch.setattr(release, "verify", lambda file, into: [])
    monkeypatch.setattr(
        packages, "try_packages", lambda base, python, which, *_: asked.update(which=which) or trial
    )
    assert main(old.split()) == 0
    notice = capsys.readouterr().err.splitlines()
    name = old.replace("x.zip", "FILE")
    assert notice == [f"`{name}` is now `{new}`; the old name goes with the next release"]
    assert asked == ({"which": "newest"} if old == "canary" else {})


def test_pip_is_asked_for_the_versions_of_the_set():
    assert packages.requirements(ROOT, "locked")[0] == "--require-hashes"
    oldest = dict(pin.split("==") for pin in packages.requirements(ROOT, "oldest"))
    newest = packages.requirements(ROOT, "newest")
    assert oldest.keys() == set(newest)
    assert oldest["pandas"].startswith("3.0.")
    assert not [name for name in newest if "=" in name]


def test_numbers_failures_pictures_and_texts_are_told_apart(tmp_path):
    number = Difference("data/processed/results.csv", "row 3, column value", "0.4", "0.5")
    versions = Difference(
        "notebooks/02_firm_origins.ipynb",
        "code cell 30, line 1",
        "'pandas 3.1.1'",
        "'pandas 3.0.0'",
    )
    picture = Difference("figures/x.png", "points", "the picture", "another one")
    failed = Difference("notebooks/12_figures.ipynb", "run", "ran", "12_figures failed:\n“a”, b")
    text = Difference("README.md", "lines", "422", "423")
    packages.write_differences([number, versions, picture, failed, text], tmp_path / "d.json")
    kinds = packages.by_kind(packages.read_differences(tmp_path / "d.json"))
    # that versions differ is the point of the trial
    assert kinds == {
        "numbers": [number],
        "failed": [failed],
        "pictures": [picture],
        "texts": [text],
    }
    row = packages.Trial("oldest", {"python": "3.11.7", "pandas": "3.0.3"}, kinds).row()
    assert list(row) == packages.COLUMNS
    assert list(row.values()) == ["3.11.7", "oldest", "pandas 3.0.3", *"1111", str(number)]


def test_a_digest_of_code_moves_with_code_data_and_versions(tmp_path, monkeypatch):
    (tmp_path / "data.csv").write_text("1\n")
    first = freshness.code_digest(["registers.run"], [tmp_path / "data.csv"], ["numpy"])
    assert freshness.code_digest(["registers.run"], [tmp_path / "data.csv"], ["numpy"]) == first
    assert freshness.code_digest(["archive.crate"], [tmp_path / "data.csv"], ["numpy"]) != first
    monkeypatch.setattr(freshness, "version", lambda name: "0")
    other_version = freshness.code_digest(["registers.run"], [tmp_path / "data.csv"], ["numpy"])
    assert other_version != first
    (tmp_path / "data.csv").write_text("2\n")
    assert freshness.code_digest(["registers.run"], [tmp_path / "data.csv"], ["numpy"]) not in {
        first,
        other_version,
    }


def test_a_draft_takes_its_place_whole_or_not_at_all(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/old.txt").write_text("old")
    (tmp_path / "file.txt").write_text("old")
    before = sorted(tmp_path.rglob("*"))
    with suppress(ZeroDivisionError), paths.draft_folder(tmp_path / "folder") as draft:
        (draft / "new.txt").write_text(str(1 / 0))
    with suppress(ZeroDivisionError), paths.draft_file(tmp_path / "file.txt") as draft:
        draft.write_text("new")
        draft.write_text(str(1 / 0))
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file.txt").read_text() == "old"
    with paths.draft_folder(tmp_path / "folder") as draft:
        (draft / "new.txt").write_text("new")
    assert sorted(tmp_path.rglob("*.txt")) == [tmp_path / "file.txt", tmp_path / "folder/new.txt"]
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755


def test_an_unknown_interpreter_is_named(tmp_path):
    with pytest.raises(PipelineError, match=r"no interpreter 'python9\.9'"):
        packages.environment(tmp_path, "python9.9", "locked")


def bars(path, heights):
    picture = Image.new("L", (200, 100), 255)
    for index, height in enumerate(heights):
        ImageDraw.Draw(picture).rectangle([index * 40, 100 - height, index * 40 + 30, 100], fill=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def test_another_chart_of_the_same_size_is_found(tmp_path):
    bars(tmp_path / "old/a.png", [20, 50, 80])
    bars(tmp_path / "new/a.png", [20, 50, 60])
    assert "differ" in str(compare.compare("a.png", tmp_path / "old", tmp_path / "new")[0])
    bars(tmp_path / "new/a.png", [20, 50, 80])
    assert compare.compare("a.png", tmp_path / "old", tmp_path / "new") == []
