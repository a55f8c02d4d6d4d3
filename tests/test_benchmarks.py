"""The benchmarks: how they write tables, and that the pages show what was measured."""

import notebook_runners
import pytest
import registers
import reporting


def test_rows_are_written_whole_and_read_again(tmp_path):
    path = tmp_path / "results/speed.csv"
    assert reporting.read_csv(path) == []
    reporting.write_csv(path, [{"tool": "ours", "seconds": 1.5}, {"tool": "a, b"}])
    assert path.read_bytes() == b'tool,seconds\nours,1.5\n"a, b",\n'
    assert reporting.read_csv(path)[1] == {"tool": "a, b", "seconds": ""}
    assert [file.name for file in path.parent.iterdir()] == ["speed.csv"]


def test_a_table_is_put_between_the_marks_and_nothing_else_moves(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before <!--a-->old<!--/a--> after\n", encoding="utf-8")
    reporting.put_between(page, "<!--a-->", "<!--/a-->", "\n\nnew\n\n")
    assert page.read_text(encoding="utf-8") == "before <!--a-->\n\nnew\n\n<!--/a--> after\n"
    with pytest.raises(ValueError, match=r"page\.md: put the marks <!--b--> and <!--/b--> around"):
        reporting.put_between(page, "<!--b-->", "<!--/b-->", "new")


def test_a_table_in_markdown_escapes_bars():
    table = reporting.markdown(["a", "b"], [["x|y", "1"]], ["---", "---:"])
    assert table == "| a | b |\n|---|---:|\n| x\\|y | 1 |"


def test_the_spread_is_that_of_the_values():
    assert reporting.spread([3, 1, 2]) == {"n": 3, "min": "1.00", "median": "2.00", "max": "3.00"}
    assert "cores" in reporting.machine()


def test_ways_not_timed_again_keep_their_times_and_stand_beside_ours_of_now():
    old = [
        {"runner": name, "median": median, "n": 2, "ratio": "?"}
        for name, median in {"papermill": "90", notebook_runners.OURS: "30", "gone": "1"}.items()
    ]
    new = [{"runner": notebook_runners.OURS, "median": "45.00", "n": 5, "ratio": "1.00"}]
    order = [notebook_runners.OURS, "papermill", "nbconvert"]
    rows = notebook_runners.with_other_ways(new, old, order)
    assert [(row["runner"], row["n"], row["ratio"]) for row in rows] == [
        (notebook_runners.OURS, 5, "1.00"),
        ("papermill", 2, "2.00"),
    ]


def test_the_pages_have_the_numbers_of_the_results():
    rows = reporting.read_csv(notebook_runners.RESULT)
    assert notebook_runners.table(rows) in notebook_runners.PAGE.read_text(encoding="utf-8")
    rows = reporting.read_csv(registers.RESULT)
    page = (reporting.ROOT / "docs/REGISTERS.md").read_text(encoding="utf-8")
    assert registers.table(rows) in page
    assert all(line in page for line in registers.growth(rows))
