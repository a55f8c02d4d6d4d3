"""The documents that a data editor reads: headings, lists, references and checklists."""

import re
from collections import Counter
from pathlib import Path

import pytest

from cluster_anatomy.__main__ import parser
from cluster_anatomy.compendium import notebooks, paths, results_file, steps
from cluster_anatomy.results import exhibits, provenance
from cluster_anatomy.tables.contract import TableError

BASE = paths.root()


def headings(page):
    """Headings of the second level and below, in their order."""
    text = (BASE / page).read_text(encoding="utf-8")
    return re.findall(r"^#{2,} (.*)$", text, re.MULTILINE)


def test_the_replication_page_answers_every_heading_of_the_template():
    asked = [
        "Overview",
        "Data availability and provenance statements",
        "Statement about rights",
        "Licence for data",
        "Summary of availability",
        "Details on each data source",
        "Dataset list",
        "Computational requirements",
        "Software requirements",
        "Controlled randomness",
        "Memory, run time and storage requirements",
        "Description of programs",
        "Licence for code",
        "Instructions to replicators",
        "Details",
        "List of tables, figures and numbers, and programs",
        "References",
        "Acknowledgements",
    ]
    assert headings("docs/REPLICATION.md") == asked
    assert "](docs/REPLICATION.md)" in (BASE / "README.md").read_text(encoding="utf-8")


def test_the_readme_is_short_and_begins_with_the_findings():
    readme = (BASE / "README.md").read_text(encoding="utf-8")
    assert len(readme.encode()) <= 12 * 1024
    assert headings("README.md") == [
        "What was found",
        "Run it",
        "Read it",
        "Your own list",
        "A register of any size",
        "Can it be trusted?",
        "Data, frames and limits",
        "Licences",
        "How to cite",
    ]
    notebooks_listed = re.findall(r"^\| \[(\w+)\]\(notebooks/\1\.ipynb\)", readme, re.MULTILINE)
    assert notebooks_listed == sorted(step.name for step in steps.load_steps(BASE))


def test_no_row_stands_twice_on_a_hand_written_page():
    for page in ("README.md", "docs/index.md", "docs/REPLICATION.md"):
        text = exhibits.LIST.sub("", (BASE / page).read_text(encoding="utf-8"))
        rows = Counter(re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE))
        assert not [row for row, times in rows.items() if times > 1], page


def test_every_page_of_documentation_is_in_the_index_once():
    index = (BASE / "docs/index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[[^\]]+\]\(([^)]+)\) \|", index, re.MULTILINE)
    assert len(listed) == len(set(listed))
    pages = {page.name for page in (BASE / "docs").glob("*.md")} - {"index.md"}
    assert {name for name in listed if "/" not in name} == pages
    assert "](docs/index.md)" in (BASE / "README.md").read_text(encoding="utf-8")


def test_lists_are_filled_and_name_every_figure_table_and_number():
    pages = exhibits.pages(BASE)
    assert {"README.md", "docs/REPLICATION.md", "docs/CHECKLISTS.md"} <= set(pages)
    for page in pages:
        text = (BASE / page).read_text(encoding="utf-8")
        assert exhibits.fill(text, BASE, "../" * page.count("/")) == text, page
    page = provenance.numbers_page(BASE)
    assert (BASE / provenance.NUMBERS).read_text(encoding="utf-8") == page
    assert "](NUMBERS.md)" in (BASE / "docs/REPLICATION.md").read_text(encoding="utf-8")
    for step in steps.load_steps(BASE):
        for path in step.writes:
            if path.endswith(".png") or (
                path.startswith("data/processed/") and "/results" not in path
            ):
                assert f"](../{path})" in page, path
    ids = [row["id"] for row in results_file.read(BASE)]
    assert len(ids) > 400
    assert len(set(ids)) == len(ids)
    assert all(f"| `{name}` |" in page for name in ids)


def test_the_replication_page_lists_the_numbers_of_the_front_page():
    readme = (BASE / "README.md").read_text(encoding="utf-8")
    page = (BASE / "docs/REPLICATION.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| \[\w+\]\(\.\./notebooks/\w+\.ipynb\)", page, re.MULTILINE)
    assert listed == list(dict.fromkeys(exhibits.RESULT.findall(readme)))
    assert len(listed) > 10


def test_the_chart_of_steps_has_each_step_and_no_arrow_that_follows_from_others(tmp_path):
    (tmp_path / "notebooks").mkdir()
    table = ""
    for name, reads in {"1_read": [], "2_count": ["1"], "3_draw": ["1", "2"]}.items():
        files = [f"data/{number}.csv" for number in reads]
        table += f"[[step]]\nname = '{name}'\ntitle = 'Say \"{name}\"'\n"
        table += f"reads = {files}\nwrites = ['data/{name[0]}.csv']\n"
        (tmp_path / f"notebooks/{name}.ipynb").write_text("{}")
    (tmp_path / "notebooks/steps.toml").write_text(table)
    assert exhibits.fill("<!--list:steps-->\n<!--/list-->\n", tmp_path) == (
        "<!--list:steps-->\n```mermaid\nflowchart TB\n"
        '    1_read["<b>1_read</b><br>Say #quot;1_read#quot;"]\n'
        '    2_count["<b>2_count</b><br>Say #quot;2_count#quot;"]\n'
        '    3_draw["<b>3_draw</b><br>Say #quot;3_draw#quot;"]\n'
        "    1_read --> 2_count\n    2_count --> 3_draw\n```\n<!--/list-->\n"
    )


def test_the_cell_that_is_named_writes_the_exhibit():
    page = provenance.numbers_page(BASE)
    cells = {
        s.name: dict(notebooks.code_cells(notebooks.read_notebook(BASE / s.notebook)))
        for s in steps.load_steps(BASE)
    }
    rows = re.findall(r"^\| [^|]+ \| \[(\w+)\][^|]* \| (\d+) \| .*\]\(\.\./(.+)\)", page, re.M)
    assert len(rows) > 50
    for notebook, number, path in rows:
        stem = Path(path).stem
        code = cells[notebook][int(number)]["source"]
        assert "style.save(" in code if path.startswith("figures/") else "tables.write(" in code
        assert f'"{stem}"' in code or f"/{stem}." in code or re.search(r"[a-z_/]\{name\}", code), (
            path
        )
    register = {row["id"]: row["cell"] for row in results_file.read(BASE)}
    named = re.findall(r"^\| `([a-z0-9_]+)` \| [^|]+ \| (\d+) \|", page, re.M)
    assert dict(named) == register


@pytest.mark.parametrize(
    ("code", "cell"),
    [
        (['tables.write(t, "data/processed/a.csv")', "tables.read(x)"], 1),
        (["x = 1", 'for n in p:\n    tables.write(p[n], f"data/processed/{n}.csv")'], 2),
        (["x = 1", 'style.save(figure, "a", data, words)'], None),
        (["x = 1", "# tables.write(t, 'data/processed/a.csv')"], None),
        (['tables.write(t, "data/processed/a.csv")'] * 2, None),
    ],
)
def test_a_table_is_written_by_one_cell_or_nobody_says_which(code, cell):
    notebook = {"cells": [{"cell_type": "code", "source": source} for source in code]}
    if cell:
        assert provenance.writing_cell(notebook, "data/processed/a.csv") == cell
    else:
        with pytest.raises(TableError, match=r"^data/processed/a\.csv: [02] code cells"):
            provenance.writing_cell(notebook, "data/processed/a.csv")


def test_a_list_that_nobody_knows_is_an_error():
    with pytest.raises(TableError, match="there is no list 'colours'"):
        exhibits.fill("<!--list:colours-->\n<!--/list-->", BASE)
    with pytest.raises(TableError, match="quotes nothing_of_the_kind"):
        exhibits.quoted(BASE, "<!--r:nothing_of_the_kind--><!--/r-->")


def test_cells_of_a_markdown_table_cannot_break_it():
    assert (
        exhibits.markdown_table(["a"], [["x|y\nz<script>"]])
        == "| a |\n| --- |\n| x\\|y z&lt;script> |\n"
    )


def test_references_are_all_there_and_whole():
    listed = exhibits.references(BASE)
    assert len(listed) == (BASE / "seeds/references.bib").read_text(encoding="utf-8").count("\n@")
    assert all(re.search(r"\(\d{4}\)\. .+\.$", line) and "{" not in line for line in listed)


def test_checklists_are_counted():
    page = "## A\n| yes | x | y |\n| no | x | y |\n## B\n| partly | x | y |\n## C\nnothing\n"
    assert exhibits.checked(page) == [["A", 1, 0, 1], ["B", 0, 1, 0], ["all", 1, 1, 1]]


def test_evidence_in_the_checklists_exists():
    page = (BASE / "docs/CHECKLISTS.md").read_text(encoding="utf-8")
    tests = "".join(file.read_text(encoding="utf-8") for file in (BASE / "tests").glob("test_*.py"))
    makefile = (BASE / "Makefile").read_text(encoding="utf-8")
    commands = parser().format_help()
    kinds = Counter()
    for named in re.findall(r"`([^`]+)`", page):
        if named.startswith("test_"):
            assert f"def {named}(" in tests, named
            kinds["test"] += 1
        elif command := re.match(r"python -m cluster_anatomy (\w+)", named):
            assert re.search(rf"^    {command[1]}\b", commands, re.MULTILINE), named
            kinds["command"] += 1
        elif target := re.match(r"make ([a-z]+)$", named):
            assert re.search(rf"^{target[1]}:", makefile, re.MULTILINE), named
            kinds["make"] += 1
        elif "/" in named and not named.startswith(("build/", "make ")):
            assert (BASE / named).exists(), named
            kinds["file"] += 1
    assert kinds["test"] > 20
    assert kinds["file"] > 30
    assert kinds["command"] > 3
    assert kinds["make"] > 1


def test_what_other_machines_are_kept_by_exists():
    page = (BASE / "docs/MACHINES.md").read_text(encoding="utf-8")
    tests = "".join(file.read_text(encoding="utf-8") for file in (BASE / "tests").glob("test_*.py"))
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| (`test_.+`) \|$", page, re.MULTILINE)
    assert len(rows) > 15
    for case, named in rows:
        for name in re.findall(r"`(\w+)`", named):
            assert f"def {name}(" in tests, (case, name)


def test_headings_in_the_checklists_exist():
    page = (BASE / "docs/CHECKLISTS.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.md)`, \*([^*]+)\*", page)
    assert len(named) > 12
    for file, heading in named:
        assert heading in headings(file), (file, heading)


def test_what_is_not_met_says_why():
    page = (BASE / "docs/CHECKLISTS.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (partly|no) \| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)
    assert len(rows) > 10
    assert all(len(reason.split()) >= 2 for _, _, reason in rows)


def test_a_table_of_measurements_is_shown_as_it_is_or_said_to_be_missing(tmp_path):
    (tmp_path / "benchmarks/results").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "benchmarks/speed.py").write_text('RESULTS = "benchmarks/results/speed.csv"\n')
    (tmp_path / "docs/PERFORMANCE.md").write_text("Speed:\n\n<!--list:speed-->\n<!--/list-->\n")
    (tmp_path / "docs/other.md").write_text("nothing here\n")
    assert exhibits.pages(tmp_path) == ["docs/PERFORMANCE.md"]
    text = (tmp_path / "docs/PERFORMANCE.md").read_text()
    assert "*Not measured yet: `benchmarks/results/speed.csv` is missing.*" in exhibits.fill(
        text, tmp_path
    )
    (tmp_path / "benchmarks/results/speed.csv").write_text("tool,seconds_cold\nours,1.5\n")
    filled = exhibits.fill(text, tmp_path)
    assert (
        filled
        == "Speed:\n\n<!--list:speed-->\n| tool | seconds cold |\n| --- | --- |\n| ours | 1.5"
        " |\n<!--/list-->\n"
    )
    assert exhibits.fill(filled, tmp_path) == filled
    with pytest.raises(TableError, match="nothing that makes benchmarks/results/slow"):
        exhibits.fill("<!--list:slow-->\n<!--/list-->", tmp_path)
