"""A list that joins a listed frame: rows of one's own fill what the study left unknown there."""

import pandas as pd
import pytest

from cluster_anatomy import own_list, tables
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.own_list import analyses, case, joined, layout, prepare
from cluster_anatomy.own_list import origins as list_origins
from cluster_anatomy.study import own_list as beside
from cluster_anatomy.tables.contract import TableError

FOUNDED = {
    "founder_names": "A. Person",
    "founder_prior_orgs": "An institute|A university",
    "founder_prior_org_types": "hospital|university",
    "founder_prior_cities": "Beijing|Wuhan",
}
"""Made up: one founder, of whose two posts the second is the last."""


def entry(name):
    table = tables.read("data/processed/listed_entries.csv")
    return table[table["firm_id"] == name].iloc[0]


@pytest.fixture(scope="module")
def unknown():
    """A Chinese listed firm of known city and unknown origin, whatever the study knows by now."""
    table = tables.read("data/processed/listed_entries.csv")
    silent = (table["mode"] == "unknown") & (table["reach"] == "unknown") & table["city"].notna()
    return table[silent & (table["frame"] == "cn_listed")].iloc[0]


def folder_of(path, frame="cn_listed", **rows):
    own_list.new("joining", folder=path, joins=frame)
    for table, given in rows.items():
        pd.DataFrame(given).to_csv(path / f"{table}.csv", index=False)
    return path


def shares(folder):
    """Shares without and with the rows, and the entries with them, as notebook 06 computes them."""
    own = own_list.read(folder)
    about = prepare.described(own, None)
    coding = case.rules()
    derived = case.derived(own.tables, about, coding, tables.read(layout.PLACES))
    frames = prepare.own_frames(tables.read("data/raw/coding/frames.csv"), derived.firms, about)
    others = prepare.beside_tables([], about["joins"])[f"{layout.RAW}/beside_entries.csv"]
    entries = list_origins.entries(derived.firms, derived.origins)
    both = beside.shares_beside(entries, others, frames, coding["properties"], layout.OWN)
    made = analyses.analyses(derived, about, analyses.requirements()).set_index("analysis")
    return joined.side_by_side(both, about["joins"]).set_index(["property", "rows"]), entries, made


@pytest.mark.parametrize("frame", ["cn_listed", "us_listed"])
def test_a_new_folder_without_rows_gives_the_frame_as_the_study_has_it(tmp_path, frame):
    folder = folder_of(tmp_path / "x", frame)
    assert {file.name for file in folder.iterdir()} == {
        "description.toml",
        "evidence.csv",
        "README.md",
    }
    assert [problem for problem in own_list.check(folder) if problem.severity != "note"] == []
    both, entries, made = shares(folder)
    assert len(entries) > 90
    columns = ["count", "n", "unknown", "difference"]
    without, having = (both.xs(rows, level="rows")[columns] for rows in ("without", "with"))
    pd.testing.assert_frame_equal(without, having)
    assert made.loc["joined_frame", "status"] == "missing"


def test_rows_fill_what_is_unknown_and_nothing_else(tmp_path, unknown):
    known = entry("cn-wuxi-biologics")
    symbol = "2269.HK"
    rows = [FOUNDED | {"name": unknown["name_en"]}, FOUNDED | {"name": symbol}]
    folder = folder_of(tmp_path / "x", evidence=rows)
    warned = [str(problem) for problem in own_list.check(folder) if problem.severity == "warning"]
    assert len(warned) == 1
    assert f"row 3, column 'name', value '{symbol}'" in warned[0]
    both, entries, made = shares(folder)
    found = entries.set_index("name_en")
    filled = found.loc[unknown["name_en"]]
    assert (filled["mode"], filled["source"]) == ("start_up", "academia")
    assert filled["reach"] == ("home" if unknown["region"] == "Wuhan" else "elsewhere")
    kept = found.loc[known["name_en"], ["mode", "source", "reach"]]
    assert kept.tolist() == known[["mode", "source", "reach"]].tolist()
    assert both.loc[("home", "with"), "n"] == both.loc[("home", "without"), "n"] + 1
    assert both.loc[("academic", "with"), "count"] == both.loc[("academic", "without"), "count"] + 1
    assert (made.loc["joined_frame", "have"], made.loc["joined_frame", "status"]) == (1, "computed")


def test_a_firm_is_found_by_name_symbol_or_number_in_the_frame():
    names = joined.names_in_frame("cn_listed").set_index("firm_id")["name"]
    known = set(names["cn-wuxi-biologics"])
    assert {"1", "2269hk", "wuxibiologics", "wuxibiologicscaymaninc", "药明生物"} <= known
    assert joined.sampled("cn_listed").loc["cn-wuxi-biologics", "name"] == "WuXi Biologics"


def test_each_name_that_cannot_be_filled_is_one_line(tmp_path):
    frame = tables.read("data/processed/listed_frame.csv")
    frame = frame[frame["frame"] == "us_listed"].set_index("status")["frame_order"]
    numbers = {status: int(frame[status].min()) for status in ("struck", "beyond")}
    rows = [{"name": name} for name in ("ABCDX", numbers["struck"], numbers["beyond"])]
    folder = folder_of(tmp_path / "x", "us_listed", evidence=rows)
    lines = [str(problem) for problem in own_list.check(folder) if problem.severity == "error"]
    assert len(lines) == 3
    for line, words in zip(lines, ("no firm of the frame", "was struck", "beyond"), strict=True):
        assert words in line
    with pytest.raises(TableError):
        own_list.read(folder)


def test_wrong_columns_and_words_are_said_as_for_any_list(tmp_path, unknown):
    rows = [FOUNDED | {"name": unknown["name_en"], "founder_prior_org_types": "hospital|academy"}]
    folder = folder_of(tmp_path / "x", evidence=rows)
    lines = [str(problem) for problem in own_list.check(folder) if problem.severity == "error"]
    assert len(lines) == 1
    assert "academy" in lines[0]


def test_a_file_of_firms_fills_places_and_years_where_there_are_none(tmp_path):
    table = joined.sampled("cn_listed")
    dateless = table[table["entry_year"].isna() & table["place"].notna()].iloc[0]
    nowhere = table[table["place"].isna()].iloc[0]
    rows = [
        {"com_name": dateless["name"], "city": "Wuhan", "setup_date": "20000408"},
        {"com_name": nowhere["name"], "city": "Beijing", "setup_date": ""},
    ]
    folder = folder_of(tmp_path / "x", firms=rows)
    with (folder / "description.toml").open("a", encoding="utf-8") as file:
        file.write(
            '[firms.columns]\nname = "com_name"\nplace = "city"\nentry_year = "setup_date"\n'
        )
    own = own_list.read(folder)
    firms = own.tables["firms"].set_index("name")
    assert firms.loc[dateless["name"], "entry_year"] == 2000
    assert firms.loc[dateless["name"], "place"] == dateless["place"]
    assert firms.loc[nowhere["name"], "place"] == "Beijing"
    assert sum("value 'Wuhan'" in line and "was not used" in line for line in own.warnings) == 1
    assert len(firms) == len(table)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('joins = "cn_list"', "did you mean 'cn_listed'?"),
        ('joins = "cn_listed"\nbeside = ["China"]', "'beside' is that of the frame"),
        ('joins = "cn_listed"\n[frame]\nname = "mine"', "'frame' is that of the frame"),
    ],
)
def test_a_frame_that_is_joined_brings_its_own_words(tmp_path, given, said):
    folder = folder_of(tmp_path / "x")
    (folder / "description.toml").write_text(f'title = "x"\n{given}\n', encoding="utf-8")
    lines = [str(problem) for problem in own_list.check(folder) if problem.severity == "error"]
    assert any(said in line for line in lines)


def test_no_other_frame_can_be_joined_or_set_beside(tmp_path):
    with pytest.raises(PipelineError, match="no list can join"):
        folder_of(tmp_path / "y", "us_frame")
    own = own_list.read(folder_of(tmp_path / "x"))
    with pytest.raises(PipelineError, match="set beside the other one"):
        prepare.described(own, ["USA"])


def test_without_and_with_stand_below_each_other():
    row = {"property": "home", "carries_shares": "yes", "unknown": 2, "low": 0, "high": 1}
    table = pd.DataFrame(
        [
            row | {"frame": "own_list", "count": 3, "n": 6, "value": 0.5},
            row | {"frame": "us_listed", "count": 1, "n": 4, "value": 0.25},
            row | {"frame": "cn_listed", "count": 2, "n": 5, "value": 0.4},
        ]
    ).assign(bound_low=0, bound_high=1)
    both = joined.side_by_side(table, "us_listed")
    assert both["rows"].tolist() == ["without", "with"]
    assert both["difference"].round(2).tolist() == [-0.15, 0.1]
    assert set(both["other"]) == {"cn_listed"}
    properties = pd.DataFrame({"property": ["home"], "label": ["from home"]})
    shown = joined.as_shown(both, properties)
    assert shown.loc["from home", "known"].tolist() == ["4 of 6", "6 of 8"]
    assert joined.side_by_side(table, "").empty
