"""Stamps: what made each committed output; and what other packages would move."""

import json
import shutil

import pytest
from PIL import Image, ImageDraw

from cluster_anatomy.compendium import compare, freshness, packages, paths, steps
from cluster_anatomy.compendium.steps import PipelineError

ROOT = paths.root()


def test_every_committed_output_was_made_from_what_is_here():
    assert freshness.stale(ROOT) == []


@pytest.fixture
def copy(tmp_path):
    """Step 02 and what it is made from and makes, alone in a folder with its stamps."""
    step = next(step for step in steps.load_steps(ROOT) if step.name == "02_firm_origins")
    stamps = json.loads((ROOT / freshness.STAMPS_FILE).read_text("utf-8"))[step.name]
    listed = [key.split(" ", 1)[1] for key in stamps if key.startswith(("input ", "output "))]
    for path in [*listed, *freshness.modules(ROOT / step.notebook, ROOT), freshness.LOCK_FILE]:
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
        "figures/style.py",
        "archive/crate.py",
        "compendium/packages.py",
        "study/claims.py",
        "registers/__init__.py",
        "site/__init__.py",
    ):
        assert (ROOT / "src/cluster_anatomy" / name).is_file()
        assert f"src/cluster_anatomy/{name}" not in used


def test_the_canary_asks_for_the_versions_wanted():
    assert packages.requirements(ROOT, "locked")[0] == "--require-hashes"
    oldest = dict(pin.split("==") for pin in packages.requirements(ROOT, "oldest"))
    newest = packages.requirements(ROOT, "newest")
    assert oldest.keys() == set(newest)
    assert oldest["pandas"].startswith("3.0.")
    assert not [name for name in newest if "=" in name]


def test_the_canary_tells_numbers_from_failures_pictures_and_texts():
    lines = [
        "running a copy",
        "data/processed/results.csv, row 3, column value: committed 0.4, new 0.5",
        (
            "notebooks/02_firm_origins.ipynb, code cell 30, line 1: committed 'pandas 3.1.1', new"
            " 'pandas 3.0.0'"
        ),
        "figures/x.png, points: committed the picture, new another one",
        "notebooks/08_figures.ipynb, run: committed ran, new 08_figures failed",
        "README.md, lines: committed 422, new 423",
    ]
    found = packages.moved(lines)
    # that versions differ is the point of the trial
    assert found == {
        "numbers": lines[1:2],
        "failed": lines[4:5],
        "pictures": lines[3:4],
        "texts": lines[5:],
    }


def test_an_unknown_interpreter_is_named(tmp_path):
    with pytest.raises(PipelineError, match=r"no interpreter 'python9\.9'"):
        packages.environment(tmp_path, "python9.9", "locked")


def bars(path, heights):
    picture = Image.new("L", (200, 100), 255)
    for place, height in enumerate(heights):
        ImageDraw.Draw(picture).rectangle([place * 40, 100 - height, place * 40 + 30, 100], fill=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def test_another_chart_of_the_same_size_is_found(tmp_path):
    bars(tmp_path / "old/a.png", [20, 50, 80])
    bars(tmp_path / "new/a.png", [20, 50, 60])
    assert "differ" in str(compare.compare("a.png", tmp_path / "old", tmp_path / "new")[0])
    bars(tmp_path / "new/a.png", [20, 50, 80])
    assert compare.compare("a.png", tmp_path / "old", tmp_path / "new") == []
