"""A list of a stranger is data: whatever its folder holds, nothing of it runs and nothing outside
its results is changed; a file that is made to harm ends in one line, soon and in little memory.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import mistune
import openpyxl
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from cluster_anatomy import own_list
from cluster_anatomy.__main__ import main
from cluster_anatomy.compendium import notebooks, paths, steps
from cluster_anatomy.compendium import run as compendium_run
from cluster_anatomy.compendium.run import Report
from cluster_anatomy.own_list import checks, folders, layout, page, run
from cluster_anatomy.own_list.typed_cells import _on_one_line
from cluster_anatomy.reading import sources
from cluster_anatomy.reading.cells import MOST_SAID
from cluster_anatomy.reading.problems import UnreadableError
from cluster_anatomy.reading.values import clean
from cluster_anatomy.tables.contract import TableError

TITLE = 'title = "A list"\ncountry = "India"\n'
FIRMS = "name,place,entry_year\nAcme,Pune,1998\n"
TABLES = {
    "firms.csv": FIRMS,
    "evidence.csv": "name,founder_names\nAcme,A. Person\n",
    "ties.csv": "source_name,target_name,tie_type\nAcme,Other,invested_in\n",
    "places.csv": "name,region\nPune,Pune\n",
}
SECRET = "root:x:0:0:a secret of this machine"


@pytest.fixture
def folder(tmp_path):
    """The folder of a list that can be run."""
    target = tmp_path / "list"
    target.mkdir()
    for name, content in {"description.toml": TITLE, **TABLES}.items():
        (target / name).write_text(content, encoding="utf-8")
    return target


@pytest.fixture
def elsewhere(tmp_path):
    """A folder of the user's beside the list, with work in it."""
    target = tmp_path / "elsewhere"
    (target / "sub").mkdir(parents=True)
    for name in ("thesis.docx", "sub/deep.txt", "01_firm_lists.ipynb", "README.md"):
        (target / name).write_text("years of work", encoding="utf-8")
    return target


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def held(folder):
    """Return all files below a folder with their content, links as what they point to."""
    return {
        path.relative_to(folder).as_posix(): os.readlink(path)
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def said(folder, severity="error"):
    return [str(problem) for problem in own_list.check(folder) if problem.severity == severity]


def without_kernels(case, **_):
    """Stand in for the run of the notebooks: each output holds its own path."""
    for step in steps.load_steps(case):
        for path in step.writes:
            write(case / path, f"made here: {path}")
    return Report(ran=[step.name for step in steps.load_steps(case)])


@pytest.fixture
def quick(monkeypatch):
    """Let a run of a list write its outputs without running a notebook."""
    monkeypatch.setattr(compendium_run, "run", without_kernels)


# --- Nothing of the folder runs or is believed


def planted(results, marker):
    """Plant what an earlier version ran, imported or believed; return the forged number."""
    code = f"open({str(marker)!r}, 'a').write('ran ')\n"
    forged = "777777"
    for base in (results / "build/case", results):
        write(base / "src/sitecustomize.py", code)
        write(base / "sitecustomize.py", code)
        for step in ("01_firm_lists", "02_firm_origins"):
            profile = base / f"build/cache/ipython/{step}/profile_default"
            write(profile / "startup/00.py", code)
            write(profile / "ipython_config.py", code)
        write(base / "build/cache/matplotlib/matplotlibrc", "figure.figsize: nonsense\n")
        write(
            base / "build/cache/jupyter/kernels/python3/kernel.json",
            f'{{"argv": ["touch", {str(marker)!r}], "display_name": "x", "language": "python"}}',
        )
        write(base / "data/processed/results.csv", forged)
        write(base / "data/raw/own_list/description.json", "{}")
        write(base / "data/raw/own_list/firms.csv", forged)
        write(base / "notebooks/steps.toml", '[[step]]\nname = "00_mine"\n')
        shutil.copy(paths.root() / layout.TEMPLATES / "01_firm_lists.ipynb", base / "notebooks")
        mine = (base / "notebooks/01_firm_lists.ipynb").read_text(encoding="utf-8")
        mine = mine.replace('"top = 20"', f'"top = 20; {code.strip()}"')
        assert str(marker) in mine
        write(base / "notebooks/01_firm_lists.ipynb", mine)
        write(base / "notebooks/00_mine.ipynb", mine)
        write(base / "README.md", forged)
        write(base / "build/state.json", '{"steps": {"01_firm_lists": {"notebook": "x"}}}')
    return forged


TAG, LINK = "<img src=x onerror=alert(1)>", "[x](javascript:alert(2))"
ACTING = f"{TAG} {LINK} <script>alert(3)</script>"
DESCRIPTION = f"""
title = "A list {ACTING}"
country = "India"
industry = "clocks {ACTING}"
[frame]
name = "all {ACTING}"
meaning = "Members {ACTING}"
carries_shares = "yes"
"""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """The run of a list whose folder holds all that an earlier version ran or believed."""
    top = tmp_path_factory.mktemp("stranger")
    folder, elsewhere = top / "list", top / "elsewhere"
    elsewhere.mkdir()
    write(folder / "description.toml", DESCRIPTION)
    firms = "".join(f"Acme {at} {TAG},Pune {LINK},c. {1990 + at}\n" for at in range(4))
    write(folder / "firms.csv", f"name,place,entry_year\n{firms}[x]: javascript:alert(4),,\n")
    forged = planted(folder / "results", elsewhere / "code ran")
    for name in ("runpy.py", "pandas.py", "matplotlibrc", "sitecustomize.py"):
        write(elsewhere / name, f"open({str(elsewhere / 'code ran')!r}, 'a').write('ran ')\n")
    before = held(top)
    here = Path.cwd()
    os.chdir(elsewhere)  # a user may stand anywhere
    try:
        errors, report = said(folder), run.run(folder, tell=lambda line: None)
    finally:
        os.chdir(here)
    return SimpleNamespace(
        folder=folder, forged=forged, before=before, errors=errors, report=report
    )


def test_nothing_that_lies_in_the_folder_of_a_stranger_runs(attacked):
    top = attacked.folder.parent
    assert attacked.errors == []
    assert attacked.report.notebooks.failed == {}
    assert len(attacked.report.notebooks.ran) == 8
    assert not (top / "elsewhere/code ran").exists()


def test_nothing_that_lies_in_the_results_of_a_stranger_is_believed(attacked):
    made = held(attacked.folder / "results")
    kept = {name: content for name, content in made.items() if name.startswith("build/")}
    new = {name: made[name] for name in made.keys() - kept.keys()}
    assert "data/raw/own_list/firms.csv" in new
    assert not [name for name, content in new.items() if attacked.forged.encode() in content]
    assert "notebooks/00_mine.ipynb" not in made
    assert kept == {
        name.removeprefix("list/results/"): content
        for name, content in attacked.before.items()
        if name.startswith("list/results/build/")
    }


def test_nothing_outside_the_results_is_changed(attacked):
    after, outside = held(attacked.folder.parent), "list/results/"
    assert {name: content for name, content in after.items() if not name.startswith(outside)} == {
        name: content for name, content in attacked.before.items() if not name.startswith(outside)
    }


def acts(markdown):
    """Return what of a Markdown text runs or leads anywhere when a browser shows it."""
    bold = mistune.HTMLRenderer(escape=False, allow_harmful_protocols=True)
    soup = BeautifulSoup(str(mistune.Markdown(bold)(markdown)), "html.parser")
    links = [link["href"] for link in soup.find_all("a") if ":" in link.get("href", "")]
    return links + [
        str(tag) for tag in soup.find_all(["img", "script"]) if "figures/" not in str(tag)
    ]


def test_no_text_of_a_list_acts_in_its_notebooks_and_pages(attacked):
    assert len(acts(ACTING)) == 3
    assert acts("[x]: javascript:alert(4)\n\n[x]") != []
    results, shown = attacked.folder / "results", []
    for path in sorted((results / "notebooks").glob("*.ipynb")):
        for _, cell in notebooks.code_cells(notebooks.read_notebook(path)):
            for output in cell["outputs"]:
                shown += ["".join(output.get("data", {}).get("text/markdown", ""))]
                assert "<img src=x" not in "".join(output.get("data", {}).get("text/html", ""))
    shown.append((results / "README.md").read_text("utf-8"))
    assert sum("alert(1)" in text for text in shown) >= 3
    assert [acts(text) for text in shown if acts(text)] == []


@given(st.text("a <>[]():!/\\\n-", max_size=30))
def test_what_is_inert_stays_as_it_is(text):
    once = page.inert(text)
    assert acts(once) == []
    assert page.inert(once) == once
    if not re.search(r"[<\]]", text):
        assert once == text


def test_what_folds_stays():
    folded = "<details><summary>5 numbers</summary>\n\n- one\n</details>"
    assert page.inert(folded) == folded
    assert acts(page.inert("<details onclick=alert(1)><img src=x></details>")) == []


def test_the_notebooks_run_in_the_compendium_and_not_in_the_folder(folder, quick):
    report = run.run(folder)
    assert report.case.is_relative_to(paths.root() / folders.AREAS)
    assert {path.name for path in folder.iterdir()} == {"description.toml", "results", *TABLES}
    assert not (folder / "results/build").exists()
    for step in steps.load_steps(report.case):
        template = paths.root() / layout.TEMPLATES / f"{step.name}.ipynb"
        code = [cell["source"] for _, cell in notebooks.code_cells(read(report.case, step))]
        assert code == [
            cell["source"] for _, cell in notebooks.code_cells(notebooks.read_notebook(template))
        ]


def read(case, step):
    return notebooks.read_notebook(case / step.notebook)


def test_the_work_area_of_a_list_that_is_gone_is_swept(folder, tmp_path, quick):
    case = run.run(folder).case
    other = shutil.copytree(folder, tmp_path / "other")
    assert run.run(other).case != case
    assert case.is_dir()
    shutil.rmtree(folder)
    run.run(other)
    assert not case.parent.exists()


# --- Links


@pytest.mark.parametrize(
    "link",
    [
        "results",
        "results/data",
        "results/build",
        "results/build/case",
        "results/build/case/notebooks",
        "results/notebooks",
        "results/README.md",
        "results/figures/deep/below",
    ],
)
def test_a_link_in_or_below_the_results_is_refused(folder, elsewhere, link, quick):
    write(folder / "results/data/raw/own_list/description.json", "{}")
    place = folder / link
    if place.is_dir():
        shutil.rmtree(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    target = elsewhere / "README.md" if place.suffix else elsewhere
    place.symlink_to(target)
    before = held(folder.parent)
    with pytest.raises(steps.PipelineError, match="is a link"):
        run.run(folder)
    assert held(folder.parent) == before


def test_results_that_lead_up_to_the_compendium_are_refused(folder, tmp_path, quick):
    study = tmp_path / "study"
    write(study / "data/raw/licensed.csv", "years of work")
    (folder / "results/build").mkdir(parents=True)
    (folder / "results/build/case").symlink_to("../../../study")
    with pytest.raises(steps.PipelineError, match="is a link"):
        run.run(folder)
    assert (study / "data/raw/licensed.csv").read_text("utf-8") == "years of work"


def test_a_file_of_the_results_with_a_second_name_is_refused(folder, elsewhere, quick):
    run.run(folder)
    (folder / "results/README.md").unlink()
    os.link(elsewhere / "thesis.docx", folder / "results/README.md")
    with pytest.raises(steps.PipelineError, match="is a link"):
        run.run(folder)
    assert (elsewhere / "thesis.docx").read_text("utf-8") == "years of work"


def test_a_link_that_comes_while_the_notebooks_run_is_refused(
    folder, elsewhere, monkeypatch, quick
):
    run.run(folder)

    def meanwhile(case, **options):
        shutil.rmtree(folder / "results")
        (folder / "results").symlink_to(elsewhere)
        return without_kernels(case, **options)

    monkeypatch.setattr(compendium_run, "run", meanwhile)
    before = held(elsewhere)
    with pytest.raises(steps.PipelineError, match="is a link"):
        run.run(folder)
    assert held(elsewhere) == before


@pytest.mark.parametrize("name", ["Results", "RESULTS"])
def test_what_is_the_results_on_some_machines_only_is_refused(folder, elsewhere, name, quick):
    (folder / name).symlink_to(elsewhere)
    with pytest.raises(steps.PipelineError, match="some machines take this for results/"):
        run.run(folder)


# --- The files of a list


@pytest.mark.parametrize("name", ["description.toml", *TABLES])
@pytest.mark.parametrize("how", ["link", "link to a link", "folder", "hard link"])
def test_a_file_that_is_a_link_out_of_the_folder_is_refused(folder, tmp_path, name, how):
    secret = tmp_path / "secret" / name
    write(secret, SECRET)
    (folder / name).unlink()
    match how:
        case "link":
            (folder / name).symlink_to(secret)
        case "link to a link":
            (folder / "between").symlink_to(secret)
            (folder / name).symlink_to("between")
        case "folder":
            (folder / "sub").symlink_to(secret.parent)
            (folder / name).symlink_to(f"sub/{name}")
        case "hard link":
            os.link(secret, folder / name)
    lines = said(folder)
    wrong = "hard link" if how == "hard link" else "leads out of its folder"
    assert len(lines) >= 1
    assert any(wrong in line for line in lines), lines
    assert SECRET[:12] not in "\n".join(lines)
    with pytest.raises(TableError):
        run.run(folder)
    assert not (folder / "results").exists()


def test_a_link_within_the_folder_and_two_names_in_it_are_read(folder):
    (folder / "firms.csv").rename(folder / "members.csv")
    (folder / "firms.csv").symlink_to("members.csv")
    (folder / "ties.csv").rename(folder / "old ties.csv")
    os.link(folder / "old ties.csv", folder / "ties.csv")
    assert said(folder) == []
    assert own_list.read(folder).tables["firms"]["name"].tolist() == ["Acme"]


def test_a_list_that_is_taken_as_a_pattern_brings_no_file_from_outside(folder, tmp_path):
    write(tmp_path / "secret.csv", SECRET)
    (folder / "firms.csv").unlink()
    (folder / "firms.csv").symlink_to(tmp_path / "secret.csv")
    copy = own_list.new(str(tmp_path / "copy"), like=str(folder))
    assert not [name for name, content in held(copy).items() if SECRET.encode() in content]


def test_names_that_differ_in_case_only_are_not_chosen_between(folder):
    write(folder / "FIRMS.CSV", "name\nOther\n")
    (folder / "firms.csv").rename(folder / "Firms.csv")
    if len(list(folder.glob("[Ff]*"))) < 2:
        pytest.skip("this file system does not tell names by their case")
    assert any("are both there" in line for line in said(folder))
    (folder / "FIRMS.CSV").unlink()
    assert own_list.read(folder).tables["firms"]["name"].tolist() == ["Acme"]


# --- A folder that changes while it is read


def test_a_file_that_becomes_a_link_after_it_was_found_is_refused(folder, tmp_path, monkeypatch):
    write(tmp_path / "secret.csv", SECRET)
    find = sources.data_file

    def swapped(place, table, source):
        found = find(place, table, source)
        if table == "firms":
            (folder / "firms.csv").unlink()
            (folder / "firms.csv").symlink_to(tmp_path / "secret.csv")
        return found

    monkeypatch.setattr(sources, "data_file", swapped)
    assert any("leads out of its folder" in line for line in said(folder))


def test_a_file_that_is_swapped_or_written_while_it_is_open_is_refused(folder, monkeypatch):
    whole = os.fstat

    def exchange():
        write(folder / "new", FIRMS)
        os.replace(folder / "new", folder / "firms.csv")

    def append():
        with open(folder / "firms.csv", "a", encoding="utf-8") as file:
            file.write("Late,Pune,1999\n")

    for meanwhile in (exchange, append):
        looked = []

        def fstat(descriptor, looked=looked, meanwhile=meanwhile):
            status = whole(descriptor)
            if not looked:
                meanwhile()
            looked.append(status)
            return status

        monkeypatch.setattr(sources.os, "fstat", fstat)
        with pytest.raises(UnreadableError, match="changed while it was read"):
            sources.read_file(folder, "firms.csv")


def test_what_was_read_is_run_though_the_folder_changes(folder, monkeypatch):
    def meanwhile(case, **options):
        for name in TABLES:
            (folder / name).write_text("name\nForged\n", encoding="utf-8")
        return without_kernels(case, **options)

    monkeypatch.setattr(compendium_run, "run", meanwhile)
    run.run(folder)
    table = (folder / "results/data/raw/own_list/firms.csv").read_text("utf-8")
    assert "Acme" in table
    assert "Forged" not in table


@pytest.mark.parametrize("make", ["pipe", "folder", "device"])
def test_what_is_no_plain_file_is_refused_at_once(folder, make):
    (folder / "firms.csv").unlink()
    match make:
        case "pipe":
            os.mkfifo(folder / "firms.csv")
        case "folder":
            (folder / "firms.csv").mkdir()
        case "device":
            (folder / "firms.csv").symlink_to("/dev/zero")
    assert len(said(folder)) >= 1
    if make == "pipe":
        with pytest.raises(UnreadableError, match="no plain file"):
            sources.read_file(folder, Path("firms.csv"))


# --- Files that are made to harm

SOON, LITTLE = 20, 700
"""Seconds of a processor and megabytes in which each of these files is refused or read."""
WORD = b"<is><t>x</t></is></c></row>"


def stored(sheet, name="xl/worksheets/sheet1.xml"):
    """Return a workbook with more rows of XML at the end of its sheet."""
    book, file, out = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(["name"])
    book.active.append(["Acme"])
    book.save(file)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            end = sheet + b"</sheetData>" if entry == name else b"</sheetData>"
            new.writestr(entry, old.read(entry).replace(b"</sheetData>", end))
    return out.getvalue()


def rows(heads, cells, many):
    return f"{heads}\n" + "".join(f"{cells.format(at)}\n" for at in range(many))


def opendocument(cell):
    """Return an .ods whose one table holds some XML."""
    declared = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("META-INF/manifest.xml", "<x/>")
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content {declared}><office:body><office:spreadsheet>"
            f'<table:table table:name="a">{cell}</table:table></office:spreadsheet></office:body>'
            "</office:document-content>",
        )
    return out.getvalue()


REPEATED = (
    '<table:table-row table:number-rows-repeated="1048576"><table:table-cell'
    ' office:value-type="string" table:number-columns-repeated="16384"><text:p>x</text:p>'
    "</table:table-cell></table:table-row>"
)
HARMFUL = {
    "a million columns": (
        lambda: {"firms.csv": "name," + ",".join(map(str, range(10**6))) + "\nA\n"},
        "firms.csv: is too large at row 1, which has 1,000,001 cells",
    ),
    "more columns than a list has": (
        lambda: {"firms.csv": "name," + ",".join(f"c{at}" for at in range(16_000)) + "\nA\n"},
        "firms.csv, row 1: has 16,001 columns; at most 1,000 are read",
    ),
    "more rows than a spreadsheet": (
        lambda: {"firms.csv": "name\nA\n" + "\n" * 2_000_000},
        "firms.csv: is too large at row 1,048,577",
    ),
    "a large file": (
        lambda: {"firms.csv": b"name\n" + b"\0" * (sources.LARGEST + 1)},
        "has 128 MiB; at most 128 MiB are read",
    ),
    "a year of 309 digits": (
        lambda: {"firms.csv": f"name,entry_year\nA,{'9' * 309}\n"},
        "has 309 characters; write the year alone",
    ),
    "a year that is infinite": (
        lambda: {"firms.csv": f"name,entry_year\nA,{'9' * 199}\n"},
        "is no year; write four digits",
    ),
    "years of raised digits": (
        lambda: {"firms.csv": f"name,entry_year\nA,{'¹' * 60_000}x\n"},
        "has 60,001 characters; write the year alone",
    ),
    "brackets in brackets": (
        lambda: {"description.toml": f"{TITLE}x = {'[' * 1900}{']' * 1900}\n"},
        "description.toml: is nested too deeply",
    ),
    "brackets over many lines": (
        lambda: {"description.toml": TITLE + "x = " + "[\n" * 9000 + "]\n" * 9000},
        "description.toml: is nested too deeply",
    ),
    "a whole number without end": (
        lambda: {"description.toml": f"{TITLE}x = {'9' * 5000}\n"},
        "description.toml: line 3 has 5,004 characters",
    ),
    "a key of many parts": (
        lambda: {"description.toml": f"{TITLE}frame.name{'.a' * 30_000} = 1\n"},
        "description.toml: line 3 has 60,014 characters",
    ),
    "keys that are deep and shown": (
        lambda: {"description.toml": f"{TITLE}frame.name{'.a' * 1_500} = 1\n"},
        "description.toml: is nested too deeply",
    ),
    "a long description": (
        lambda: {"description.toml": TITLE + "#\n" * 40_000},
        "description.toml: has 0 MiB; at most 0.0625 MiB are read",
    ),
    "a cell at the end of the sheet": (
        lambda: {
            "firms.xlsx": stored(
                b'<row r="1048576"><c r="XFD1048576" t="inlineStr">' + WORD,
            )
        },
        "firms.xlsx: is too large for a table once it is unpacked",
    ),
    "a cell repeated to the end of the sheet": (
        lambda: {"firms.ods": opendocument(REPEATED)},
        "firms.ods: cannot be read as a workbook",
    ),
    "a row without end": (
        lambda: {"firms.xlsx": stored(b"<row>" + b"<c><v>1</v></c>" * 5_000_000 + b"</row>")},
        "firms.xlsx: is too large for a table once it is unpacked",
    ),
    "a workbook that unpacks to much": (
        lambda: {"firms.xlsx": stored(b"<row><c><v>" + b"1" * 200_000_000 + b"</v></c></row>")},
        "firms.xlsx: unpacks to 191 MiB, more than 128; save the table as CSV",
    ),
    "names of 130 kB": (
        lambda: {"firms.csv": rows("name,place", "(" * 65_000 + "a b " * 16_000 + "{0},Pune", 12)},
        "has 129,001 characters; at most 500 are read here; shorten it",
    ),
    "a heading of 130 kB": (
        lambda: {"firms.csv": f"name,{'(' * 130_000}\nA,\n"},
        None,
    ),
    "blanks within a list": (
        lambda: {"firms.csv": f'name,other_names\nA,"a{" " * 100_000}b"\n'},
        None,
    ),
    "a list of many parts": (
        lambda: {"firms.csv": f'name,other_names\nA,"{"a;" * 65_000}b"\n'},
        "has 130,001 characters; at most 10,000 are read here; shorten it",
    ),
    "a word without end as an address": (
        lambda: {"firms.csv": f"name,Link\nA,{'a-' * 65_000}\n"},
        None,
    ),
}


MEASURED = """
import resource, sys
from pathlib import Path
from cluster_anatomy import own_list
for problem in own_list.check(sys.argv[1]):
    print(f"{problem.severity}: {problem}")
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
status = Path("/proc/self/status")  # where there is none, the parent's memory is counted too
peak = status.read_text().split("VmHWM:")[1].split()[0] if status.exists() else used[0].ru_maxrss
print(sum(one.ru_utime + one.ru_stime for one in used), int(peak) / 1024)
"""


@pytest.mark.parametrize("name", HARMFUL)
def test_a_file_that_is_made_to_harm_ends_in_one_line_soon_and_in_little_memory(folder, name):
    files, wrong = HARMFUL[name]
    for file, content in files().items():
        if file.startswith("firms"):
            (folder / "firms.csv").unlink(missing_ok=True)
        content = content.encode() if isinstance(content, str) else content
        (folder / file).write_bytes(content)
    for file in ("evidence.csv", "ties.csv", "places.csv"):
        (folder / file).unlink()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(folder)],
        capture_output=True,
        text=True,
        timeout=20 * SOON,
        check=False,
    )
    *lines, measured = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr[-500:]
    seconds, megabytes = map(float, measured.split())
    assert seconds < SOON
    assert megabytes < LITTLE
    assert max(map(len, lines)) < 1020
    errors = [line for line in lines if line.startswith("error: ")]
    assert any(wrong in line for line in errors) if wrong else errors == [], lines


def test_of_very_many_mistakes_some_are_said_and_the_others_are_counted(folder, capsys):
    many = MOST_SAID + 4_800
    write(folder / "firms.csv", rows("name,entry_year,closure_year", "A{0},19x{0},20x{0}", many))
    (folder / "evidence.csv").unlink()
    lines = said(folder)
    assert len(lines) == 2 * (MOST_SAID + 1)
    assert lines[-2:] == [
        "firms.csv, column 'closure_year': 4,800 more like these",
        "firms.csv, column 'entry_year': 4,800 more like these",
    ]
    assert main(["check", str(folder)]) == 1
    assert f"{2 * many:,} errors and 1 warning." in capsys.readouterr().out


def test_no_remedy_is_looked_for_that_is_not_said(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(checks, "meant", lambda *words, **_: asked.append(words) or "")
    write(folder / "evidence.csv", rows("name,founder_names", "Unknown {0},x", 1000))
    lines = said(folder)
    assert lines[-1] == "evidence.csv, column 'name': 800 more like these"
    assert len(asked) == MOST_SAID


def test_a_packed_file_that_lies_about_its_size_is_refused(folder):
    data = bytearray(stored(b"<row><c><v>" + b"1" * 2_000_000 + b"</v></c></row>"))
    (folder / "firms.csv").unlink()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
    assert data.count(size) == 2
    (folder / "firms.xlsx").write_bytes(data.replace(size, (1000).to_bytes(4, "little")))
    assert any("firms.xlsx: is damaged" in line for line in said(folder))


@given(st.text("a |\n\r", max_size=12))
def test_a_list_over_several_lines_is_read_as_ever(cell):
    slow = re.sub(r"\s*\|?\s*[\r\n]+\s*\|?\s*", "|", cell.strip())
    assert clean(_on_one_line(cell)) == clean(slow)


def test_nothing_that_is_said_can_steer_a_terminal(folder):
    write(folder / "description.toml", TITLE + '[firms]\nfile = "\\u001b[2Jfirms\\u202e.csv"\n')
    lines = said(folder)
    assert len(lines) == 1
    assert lines[0].isprintable()
