"""The report of a run: what it says, and what it does not claim to know."""

import json
import subprocess
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_anatomy.compendium import report, run

HEAD = "id,value,low,high,count,n,notebook,statement\n"
OLD = HEAD + "home,0.5,0.4,0.6,5,10,01_a,Half.\ngone,1,,,,,01_a,One.\nsame,0.1,,,,,01_a,A tenth.\n"
NEW = (
    HEAD + "home,0.6,0.4,0.6,6,10,01_a,More.\nnew,2,,,,,01_a,Two.\nsame,0.10000000000001,,,,,01_a,A"
    " tenth.\n"
)


def git(base, *arguments):
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(base), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def base(tmp_path):
    """A compendium of three steps without git; its register is the new one."""
    (tmp_path / "notebooks").mkdir()
    for name in ("01_a", "02_b", "03_c"):
        (tmp_path / f"notebooks/{name}.ipynb").write_text("{}")
    lines = [
        f'[[step]]\nname = "{name}"\ntitle = "Step {name} & more"\n'
        for name in ("01_a", "02_b", "03_c")
    ]
    (tmp_path / "notebooks/steps.toml").write_text("".join(lines))
    (tmp_path / "data/processed/results").mkdir(parents=True)
    (tmp_path / "data/processed/results/01_a.csv").write_text(NEW)
    dependencies = '["numpy==1", "no-such-package-here>=2"]'
    (tmp_path / "pyproject.toml").write_text(f"[project]\ndependencies = {dependencies}\n")
    return tmp_path


@pytest.fixture
def committed(base):
    """The same under git, with the old register committed."""
    path = base / "data/processed/results/01_a.csv"
    path.write_text(OLD)
    git(base, "init", "-q")
    git(base, "add", "-A")
    git(base, "commit", "-qm", "x")
    path.write_text(NEW)
    return base


def ran(**given):
    return run.Report(**({"ran": ["01_a"], "up_to_date": ["02_b"], "seconds": 2.345} | given))


# --- Numbers that moved


def test_numbers_that_moved_are_named_with_both_values(committed):
    found = report.compared(committed)
    assert found["with"] == "the last commit"
    assert [(m["id"], m["field"], m["committed"], m["now"]) for m in found["moved"]] == [
        ("gone", "result", "yes", "no"),
        ("home", "value", "0.5", "0.6"),
        ("home", "count", "5", "6"),
        ("new", "result", "no", "yes"),
    ]


def test_nothing_moved_is_said_only_when_it_was_compared(committed):
    (committed / "data/processed/results/01_a.csv").write_text(OLD)
    assert report.compared(committed)["moved"] == []


def test_without_git_and_release_nothing_is_claimed(base):
    found = report.compared(base)
    assert found["moved"] is None
    assert "unknown" in found["with"]
    assert "Whether a number moved is not known" in report.page(report.content(ran(), base))


def test_a_checkout_around_the_folder_is_not_taken_for_its_own(committed):
    inner = committed / "data"
    assert report.committed(inner, ["processed/results/01_a.csv"]) is None


def test_a_commit_without_register_is_not_compared(base):
    git(base, "init", "-q")
    git(base, "add", "notebooks")
    git(base, "commit", "-qm", "x")
    assert report.compared(base)["moved"] is None


def test_a_release_tells_by_checksum_only(base):
    from hashlib import sha256

    path = "data/processed/results/01_a.csv"
    (base / "SHA256SUMS").write_text(f"{sha256(NEW.encode()).hexdigest()}  {path}\n")
    assert report.compared(base)["moved"] == []
    (base / path).write_text(OLD)
    found = report.compared(base)
    assert found["moved"] is None
    assert found["files"] == [path]
    assert f"Other bytes than in the release: {path}" in report.page(report.content(ran(), base))


rows = st.dictionaries(
    st.sampled_from("abc"),
    st.fixed_dictionaries(
        {"value": st.sampled_from(["", "1", "2", "x"]), "notebook": st.just("n")}
    ),
)


@given(rows, rows)
def test_moved_is_empty_for_the_same_and_mirrors(old, new):
    assert report.moved(old, old) == []
    there = {(m["id"], m["field"], m["committed"], m["now"]) for m in report.moved(old, new)}
    back = {(m["id"], m["field"], m["now"], m["committed"]) for m in report.moved(new, old)}
    assert there == back
    assert {name for name, *_ in there} == {
        n for n in old.keys() | new.keys() if old.get(n) != new.get(n)
    }


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        ("1", "1.0", False),
        ("1", "1.0000000000001", False),
        ("1", "1.001", True),
        ("", "0", True),
        ("nan", "nan", False),
        ("0", "1e-15", False),
    ],
)
def test_numbers_are_the_same_up_to_arithmetic_and_blank_is_not_zero(old, new, differs):
    assert report._differ(old, new) is differs


# --- What it says


def test_each_step_has_its_state_and_what_is_not_measured_is_not_zero(base):
    given = ran(failed={"03_c": "died"}, warnings=["careful"])
    said = report.content(given, base, {"seed": 7, "01_a:name": "x"})
    assert [(s["step"], s["state"], s["reason"]) for s in said["steps"]] == [
        ("01_a", "ran", ""),
        ("02_b", "up to date", ""),
        ("03_c", "failed", "died"),
    ]
    assert said["steps"][0]["seconds"] is None
    assert said["peak_memory_mb"] is None
    assert said["parameters"] == {"01_a:name": "'x'", "seed": "7"}
    assert said["warnings"] == ["careful"]
    assert said["packages"]["no-such-package-here"] == "not installed"
    assert said["packages"]["numpy"][0].isdigit()


def test_seconds_and_memory_are_taken_where_the_runner_measured_them(base):
    measured = SimpleNamespace(**vars(ran()))
    measured.seconds_of, measured.memory_of = {"01_a": 1.2345}, {"01_a": 321.06, "02_b": None}
    said = report.content(measured, base)
    assert (
        said["steps"][0]["seconds"],
        said["steps"][0]["peak_memory_mb"],
        said["peak_memory_mb"],
    ) == (
        1.23,
        321.1,
        321.1,
    )


class Page(HTMLParser):
    """What a page holds: its tags, and the addresses that it would fetch."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= dict(attrs)

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_is_plain_escaped_and_needs_nothing_from_elsewhere(base):
    hostile = "<script>alert(1)</script><img src=x onerror=y>"
    given = ran(failed={"03_c": hostile}, warnings=[hostile])
    page = Page(report.page(report.content(given, base, {"name": hostile})))
    assert not {"script", "img", "link", "iframe", "a"} & set(page.tags)
    assert not {"src", "href", "onerror"} & set(page.attributes)
    assert page.attributes["lang"] == "en"
    assert page.tags.count("h1") == page.tags.count("main") == page.tags.count("title") == 1
    assert page.tags.count("table") == page.tags.count("caption") > 2
    assert sum(hostile in text for text in page.texts) == 3
    assert "url(" not in "".join(page.texts)


def test_both_files_are_written_and_say_the_same(committed):
    written = report.write(ran(), committed)
    assert [path.name for path in written] == ["report.json", "report.html"]
    said = json.loads(written[0].read_text(encoding="utf-8"))
    assert said["compared"]["moved"][1]["id"] == "home"
    page = written[1].read_text(encoding="utf-8")
    for shown in (
        "Step 01_a &amp; more",
        "1 ran, 1 up to date in 2.35 s",
        '<th scope="row">home</th>',
    ):
        assert shown in page
    assert not [path for path in (committed / "build").iterdir() if path.suffix == ".tmp"]


def test_a_report_that_cannot_be_written_does_not_spoil_the_run(base, capsys):
    (base / report.JSON).mkdir(parents=True)
    assert [path.name for path in report.write(ran(), base)] == ["report.html"]
    assert "report.json could not be written" in capsys.readouterr().err
    assert not list((base / "build").glob("*.tmp"))
