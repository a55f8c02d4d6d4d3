"""The reading, checking and writing of tables, on hand-made files of a few rows."""

import os

import pandas as pd
import pytest

from cluster_anatomy import tables
from cluster_anatomy.tables import checks, codebook, contract

CONTRACTS = """
[firms]
path = "data/raw/firms/*.csv"
file_column = "coder"
title = "Firms"
description = "Made-up firms."
unit_of_observation = "one firm"
source = "nowhere"
licence = "none"
key = ["name"]
columns = [
    { name = "name", type = "string", required = true, description = "Name." },
    { name = "year", type = "year", description = "Year." },
    { name = "staff", type = "integer", minimum = 1, maximum = 900, description = "Persons." },
    { name = "share", type = "number", decimals = 2, description = "Part." },
    { name = "code", type = "string", pattern = "F[0-9]+", description = "Code." },
    { name = "kinds", type = "list", allowed = ["university", "hospital"], description = "Kinds." },
    { name = "urls", type = "url_list", description = "Addresses." },
]

[ties]
path = "data/raw/ties.csv"
title = "Ties"
description = "Made-up ties."
unit_of_observation = "one tie"
source = "nowhere"
licence = "none"
key = []

[[ties.columns]]
name = "firms"
type = "list"
blank_parts = true
references = "firms.name"
description = "Firms | tied."

[[ties.columns]]
name = "weight"
type = "number"
description = "Weight."

[closed]
path = "data/raw/firms/closed.csv"
optional = true
file_column = "list"
title = "Closed"
description = "A list that users may add."
unit_of_observation = "one entry"
source = "nowhere"
licence = "none"
key = ["rank"]
columns = [{ name = "rank", type = "integer", description = "Rank." }]
"""
HEADER = "name,year,staff,share,code,kinds,urls\n"
GOOD = (
    HEADER
    + 'Alpha,1998,12,0.50,F1,university|hospital,seed|https://a.example/x\n"B, Ltd\n甲",,,,,,\n'
)
FILE = "data/raw/firms/one.csv"


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A compendium in a temporary folder with three made-up contracts."""
    found = contract.parse_contracts(CONTRACTS)
    monkeypatch.setattr(contract, "contracts", lambda: found)
    monkeypatch.setenv("CLUSTER_ANATOMY_ROOT", str(tmp_path))
    monkeypatch.delenv("CLUSTER_ANATOMY_STAGE", raising=False)

    def put(text, relative=FILE):
        path = tmp_path / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return put


def complaint(call, *arguments):
    with pytest.raises(tables.TableError) as caught:
        call(*arguments)
    return str(caught.value)


def test_read_gives_types_and_missing_values(room):
    room(b"\xef\xbb\xbf" + GOOD.encode())
    frame = tables.read(FILE)
    assert list(frame.columns) == HEADER.strip().split(",")
    assert [str(kind) for kind in frame.dtypes] == ["string", "Int64", "Int64", "float64"] + [
        "string"
    ] * 3
    assert frame.loc[0, "year"] == 1998
    assert frame.loc[1, "name"] == "B, Ltd\n甲"
    assert frame.loc[1, "kinds"] is pd.NA
    assert frame["year"].isna().tolist() == [False, True]


def test_read_takes_columns_in_any_order_and_gives_the_order_of_the_contract(room):
    room("weight,firms\n1,\n", "data/raw/ties.csv")
    assert list(tables.read("data/raw/ties.csv").columns) == ["firms", "weight"]


def test_text_that_looks_like_a_missing_value_stays_text(room):
    room(HEADER + "NA,,,,,,\nnull,,,,,,\n")
    assert tables.read(FILE)["name"].tolist() == ["NA", "null"]


def test_read_all_names_the_file_and_an_optional_table_may_be_empty(room):
    room(GOOD)
    room(HEADER + "Gamma,,,,,,\n", "data/raw/firms/two.csv")
    frame = tables.read_all("firms")
    assert frame["coder"].tolist() == ["one", "one", "two"]
    empty = tables.read_all("closed")
    assert (list(empty.columns), len(empty), str(empty["rank"].dtype)) == (
        ["list", "rank"],
        0,
        "Int64",
    )
    room("rank\n1\n", "data/raw/firms/closed.csv")
    assert tables.read_all("closed")["list"].tolist() == ["closed"]
    assert len(tables.read_all("firms")) == 3


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (
            ",,,,,,x",
            [
                "column 'name': must not be blank; fill it in",
                "column 'urls', value 'x': each part between '|'",
            ],
        ),
        ("A,98,,,,,", ["column 'year', value '98': write one year with four digits"]),
        ("A,1400,,,,,", ["column 'year', value '1400': must be at least 1500"]),
        ("A,,1.5,,,,", ["column 'staff', value '1.5': write a whole number"]),
        (
            "A,,99999999999999999999,,,,",
            ["column 'staff', value '99999999999999999999': write a whole number"],
        ),
        ("A,,0,,,,", ["value '0': must be at least 1"]),
        ("A,,901,,,,", ["value '901': must be at most 900"]),
        ("A,,,half,,,", ["column 'share', value 'half': write a number in digits"]),
        ("A,,,nan,,,", ["column 'share', value 'nan': write a number in digits"]),
        ("A,,,,G1,,", ["column 'code', value 'G1': must have the form F[0-9]+"]),
        (
            "A,,,,,univercity|hospital,",
            ["part 'univercity' is not one of the 2 values. Did you mean 'university'?"],
        ),
        (
            "A,,,,,zzz,",
            ["value 'zzz': it is not one of the 2 values. The values are: university, hospital"],
        ),
        ("A,,,,,university|,", ["a part between two '|' is blank"]),
    ],
)
def test_a_wrong_cell_is_named_with_its_cure(room, cells, wanted):
    room(GOOD + cells + "\n")
    said = complaint(tables.read, FILE)
    for text in wanted:
        assert f"{FILE}, row 4 (line 5), " in said
        assert text in said
    assert len(said.splitlines()) == len(wanted)


def test_all_problems_are_told_up_to_twenty(room):
    room(HEADER + "".join(f"N{i},x,,,,,\n" for i in range(23)))
    said = complaint(tables.read, FILE).splitlines()
    assert len(said) == 21
    assert "row 21 (line 21)" in said[19]
    assert said[20] == "... and 3 more"


def test_a_repeated_key_names_both_rows(room):
    room(GOOD + "Alpha,,,,,,\n")
    said = complaint(tables.read, FILE)
    assert "row 4 (line 5), column 'name', value 'Alpha'" in said
    assert "row 2 (line 2) has the same name, which is the key" in said


def test_missing_and_unknown_columns(room):
    room("name,yaer,staff,share,code,kinds,urls\nA,,,,,,\n")
    said = complaint(tables.read, FILE)
    assert "column 'year' is missing" in said
    assert "column 'yaer' is not in the contract; take it out. Did you mean 'year'?" in said


def test_a_list_has_a_part_for_each_part_of_the_one_beside_it():
    labels = ["orgs", "types"]
    columns = [{"name": label, "type": "list", "description": "x"} for label in labels]
    columns[1] |= {"parallel_to": "orgs", "blank_parts": True}
    entry = dict.fromkeys(["title", "description", "unit_of_observation", "source", "licence"], "x")
    table = contract.Table(
        **entry,
        name="t",
        path=("t.csv",),
        key=(),
        columns=tuple(contract.Column(**column) for column in columns),
    )
    fits = pd.DataFrame([("a|b", "x|y"), ("a|b", "|y"), ("a|b", ""), ("", "")], columns=labels)
    assert not checks.unequal_lists(fits, table)
    wrong = pd.DataFrame([("a|b", "x"), ("a", "x|y"), ("", "x")], columns=labels)
    faults = checks.unequal_lists(wrong, table)
    assert list(faults) == [(0, "types"), (1, "types"), (2, "types")]
    assert faults[0, "types"]().startswith("has 1 parts, but orgs has 2; write one for each")


def test_a_broken_reference_is_named_with_the_nearest_name(room):
    room(GOOD)
    room("firms,weight\nAlpha|,1\nAlpha|Alpa,2\n", "data/raw/ties.csv")
    said = complaint(tables.read, "data/raw/ties.csv")
    assert (
        "row 3 (line 3), column 'firms', value 'Alpha|Alpa': 'Alpa' is not in firms.name; write a"
        " value that is, or add it there. Did you mean 'Alpha'?" in said
    )
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"name\n\xff\n", "line 2: not UTF-8 text (byte 5)"),
        (b"", "the file is empty; the first line must name the columns"),
        (HEADER + "A,1\n", "row 2 (line 2): 2 cells, but the first line names 7 columns"),
        (HEADER + '"A"b,,,,,,\n', "line 2: not a CSV row"),
        (HEADER + f"{'x' * 131_073},,,,,,\n", "line 2: a cell has more than 131,072 characters"),
        (HEADER.replace(",", ";"), "line 1: the columns stand between semicolons"),
        (HEADER.encode("utf-16-le"), "line 1: not UTF-8 text (but perhaps UTF-16)"),
        (HEADER.replace("\n", ",\n"), "(the 8. cell of the first line has no name)"),
        (",".join(f"c{i}" for i in range(1000)), "... and 987 more"),
        ("name,name\n", "column 'name': named twice in the first line; keep one"),
    ],
)
def test_a_file_that_is_no_table(room, text, wanted):
    room(text)
    assert wanted in complaint(tables.read, FILE)


def test_a_missing_file_says_what_to_do(room):
    assert "the file is missing; restore it with `git checkout -- data/raw/ties.csv`" in complaint(
        tables.read, "data/raw/ties.csv"
    )
    assert "it is optional and not distributed" in complaint(
        tables.read, "data/raw/firms/closed.csv"
    )


def test_unknown_files_and_tables(room):
    assert "no contract names this file. Did you mean 'data/raw/ties.csv'?" in complaint(
        tables.read, "data/raw/tie.csv"
    )
    assert "Did you mean 'firms'?" in complaint(tables.read_all, "firm")


def test_write_and_read_give_the_same_bytes(room):
    path = room(GOOD)
    frame = tables.read(FILE)
    tables.write(frame[frame.columns[::-1]], FILE)
    assert path.read_bytes() == GOOD.encode()
    tables.write(tables.read(FILE), FILE)
    assert path.read_bytes() == GOOD.encode()


def test_write_formats_numbers_the_same_way_every_time(room, tmp_path):
    frame = pd.DataFrame({"weight": [1 / 3, -0.0, 1e6, None], "firms": [None] * 4})
    tables.write(frame, "data/raw/ties.csv")
    assert (
        tmp_path / "data/raw/ties.csv"
    ).read_bytes() == b"firms,weight\n,0.3333333333\n,0\n,1000000\n,\n"


def test_write_takes_floats_for_whole_numbers_and_one_line_end(room, tmp_path):
    frame = pd.DataFrame(
        {"name": ["A\r\nB"], "year": [1998.0], "staff": [3], "share": [0.125], "code": ["F1"]}
    )
    tables.write(frame.assign(kinds=None, urls=float("nan")), FILE)
    assert (tmp_path / FILE).read_bytes() == (HEADER + '"A\nB",1998,3,0.12,F1,,\n').encode()


def test_write_returns_what_a_reader_will_read(room):
    frame = pd.DataFrame(
        {
            "urls": ["seed", None, float("nan")],
            "name": ["A\r\nB", "=1+1", "'=1"],
            "year": [1998.0, None, 2001],
            "staff": [3, pd.NA, 4],
            "share": [0.125, 1 / 3, -0.0],
            "code": ["F1", None, pd.NA],
            "kinds": ["hospital", "university|hospital", ""],
        },
        index=[7, 7, 1],
    )
    pd.testing.assert_frame_equal(tables.write(frame, FILE), tables.read(FILE))
    empty = tables.write(frame.head(0), FILE)
    pd.testing.assert_frame_equal(empty, tables.read(FILE))
    assert len(empty) == 0


def test_a_write_that_fails_leaves_the_old_file(room, monkeypatch):
    path = room(GOOD)
    frame = tables.read(FILE)
    assert "row 2, column 'staff', value '0': must be at least 1" in complaint(
        tables.write, frame.assign(staff=0), FILE
    )
    twice = pd.concat([frame, frame[["year"]]], axis=1)
    assert "two columns 'year'" in complaint(tables.write, twice, FILE)

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        tables.write(frame.head(1), FILE)
    assert path.read_bytes() == GOOD.encode()
    assert [file.name for file in path.parent.iterdir()] == ["one.csv"]


def test_write_goes_to_the_stage_and_read_prefers_it(room, tmp_path, monkeypatch):
    path = room(GOOD)
    monkeypatch.setenv("CLUSTER_ANATOMY_STAGE", str(tmp_path / "stage"))
    tables.write(tables.read(FILE).head(1), FILE)
    assert path.read_bytes() == GOOD.encode()
    assert len(tables.read(FILE)) == 1
    assert tables.files_of("firms") == [FILE]


def test_checksums_leave_out_what_is_not_distributed(room):
    room("b", "data/raw/b.csv")
    room("a", "data/raw/firms/a.csv")
    room("x", "data/raw/firms/closed.csv")
    room("x", "data/raw/SHA256SUMS")
    lines = codebook.checksums().splitlines()
    assert [line[64:] for line in lines] == ["  b.csv", "  firms/a.csv"]
    assert lines[1].startswith("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")


def test_the_codebook_tells_every_column_and_escapes_the_bar(room):
    text = codebook.codebook()
    assert "## Firms (`firms`)" in text
    assert "- Read together, `coder` holds the name of the file" in text
    assert (
        "| `firms` | list |  | places may be blank; occurs in `firms.name` | Firms \\| tied. |"
        in text
    )
    assert "(may be absent)" in text


def test_a_table_can_have_the_columns_of_another_and_refer_elsewhere():
    text = (
        CONTRACTS
        + """
[others]
path = "data/processed/others.csv"
title = "t"
description = "d"
unit_of_observation = "u"
source = "s"
licence = "l"
key = ["firms"]
columns = "ties"
references = { firms = "other_firms" }
"""
    )
    parsed = contract.parse_contracts(text)
    pairs = list(zip(parsed["others"].columns, parsed["ties"].columns, strict=True))
    assert [one.name for one, _ in pairs] == [other.name for _, other in pairs]
    led = [(one.references, other.references) for one, other in pairs if other.references]
    assert led
    assert all(one == f"other_{other}" for one, other in led)
