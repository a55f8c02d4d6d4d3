"""A list of one's own is run by the notebooks of the study: what it has is computed, the rest is
said to be missing.
"""

import ast
import hashlib
import os
import re
import shutil
import tomllib
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest

from cluster_anatomy import own_list, tables
from cluster_anatomy.__main__ import main
from cluster_anatomy.compendium import notebooks, paths, steps
from cluster_anatomy.compendium import run as compendium_run
from cluster_anatomy.compendium.run import Report
from cluster_anatomy.firms.entries import in_frame
from cluster_anatomy.own_list import analyses, drawing, layout, prepare, register, run
from cluster_anatomy.own_list import case as own_list_case
from cluster_anatomy.own_list import origins as list_origins
from cluster_anatomy.tables.contract import TableError, contracts

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / layout.TEMPLATES
NAMES = [
    step["name"] for step in tomllib.loads((TEMPLATES / "steps.toml").read_text("utf-8"))["step"]
]
DESCRIPTION = """
title = "Clockmakers of Ruritania"
country = "Ruritania"
industry = "clocks"
beside = {beside}
[frame]
name = "roll of the guild"
meaning = "All members of the guild."
carries_shares = "{shares}"
"""
FIRMS = [
    {"name": f"Clock {letter}", "place": place, "entry_year": year}
    for letter, place, year in zip(
        "ABCDE", ["Strelsau"] * 3 + ["Zenda"] * 2, range(1991, 1996), strict=True
    )
]
"""Names, places and years of five firms."""
FOUNDER = {"name": "Clock A", "founder_names": "Rose", "founder_prior_orgs": "Old University"}
TYPED = {**FOUNDER, "founder_prior_org_types": "university"}
OF_A_FIRM = {
    **TYPED,
    "founder_prior_orgs": "Clock B",
    "founder_prior_org_types": "firm_same_industry",
}
FROM_B = [
    OF_A_FIRM | {"name": "Clock C"},
    OF_A_FIRM | {"name": "Clock D", "founder_names": "Rupert", "founder_prior_orgs": "Clock C"},
]
TIE = {
    "source_name": "Clock A",
    "source_type": "firm_same_industry",
    "target_name": "Clock D",
    "target_type": "firm_same_industry",
    "tie_type": "invested_in",
}


def write_list(folder, firms=FIRMS, beside="[]", shares="no", description=DESCRIPTION, **others):
    folder.mkdir(parents=True, exist_ok=True)
    text = description.format(beside=beside, shares=shares)
    (folder / "description.toml").write_text(text, encoding="utf-8")
    for name, rows in {"firms": firms, **others}.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    return folder


@cache
def shared():
    return own_list_case.rules(), tables.read(layout.PLACES), analyses.requirements()


def look(folder, beside=None):
    """What a list gives, without a notebook: the description, all that is derived, the table of
    analyses.
    """
    own = own_list.read(folder)
    about = prepare.described(own, beside)
    rules, places, required = shared()
    case = own_list_case.derived(own.tables, about, rules, places)
    made = analyses.analyses(case, about, required).set_index("analysis")
    return SimpleNamespace(about=about, case=case, made=made, **vars(case))


def possible(folder):
    made = look(folder).made
    return set(made.index[made["status"] != "missing"])


def play(case, **_):
    """Stand in for `run.run`: the notebooks of a case, one after the other, in this process."""
    report = Report()
    with prepare.environment({paths.ROOT_VARIABLE: str(case), "MPLBACKEND": "agg"}):
        for step in steps.load_steps(case):
            stage = case / "build/stage" / step.name
            stage.mkdir(parents=True)
            with prepare.environment({paths.STAGE_VARIABLE: str(stage)}):
                names = {"display": lambda *_: None}
                for number, cell in notebooks.code_cells(
                    notebooks.read_notebook(case / step.notebook)
                ):
                    exec(compile(cell["source"], f"{step.name}, cell {number}", "exec"), names)
            found = {
                file.relative_to(stage).as_posix() for file in stage.rglob("*") if file.is_file()
            }
            assert found == set(step.writes), step.name
            for path in found:
                (case / path).parent.mkdir(parents=True, exist_ok=True)
                os.replace(stage / path, case / path)
            report.ran.append(step.name)
    shutil.rmtree(case / "build/stage")
    return report


@pytest.fixture
def in_process(monkeypatch):
    monkeypatch.setattr(compendium_run, "run", play)


def content(folder, skip=("build",)):
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not set(skip) & set(file.relative_to(folder).parts)
    }


# --- What switches on what

ALONE = {"entry_over_time", "clusters", "cluster_years"}


def test_names_places_and_years_alone_give_entry_over_time_and_regions(tmp_path):
    assert possible(write_list(tmp_path / "x")) == ALONE


@pytest.mark.parametrize(
    ("change", "more", "less"),
    [
        (
            {"firms": [{"name": row["name"], "place": row["place"]} for row in FIRMS]},
            set(),
            {"entry_over_time", "cluster_years"},
        ),
        (
            {"firms": [{"name": row["name"], "entry_year": row["entry_year"]} for row in FIRMS]},
            set(),
            {"clusters", "cluster_years"},
        ),
        ({"firms": [{"name": "A"}]}, set(), ALONE),
        (
            {"firms": [*FIRMS, {"name": "F", "place": "Zenda", "entry_year": "c. 1996"}]},
            {"year_spans"},
            set(),
        ),
        ({"firms": [{**row, "place": "Zenda"} for row in FIRMS]}, {"take_off"}, set()),
        ({"firms": [{**FIRMS[0], "mode": "start_up"}]}, {"composition"}, set()),
        (
            {"firms": [{**FIRMS[0], "mode": "start_up", "source": "academia"}]},
            {"composition", "source", "composition_by_region"},
            set(),
        ),
        ({"firms": [{**FIRMS[0], "reach": "home"}]}, {"reach"}, set()),
        (
            {"evidence": [{"name": "Clock A", "founder_names": "Rose"}]},
            {"composition"},
            set(),
        ),
        ({"evidence": [TYPED]}, {"composition", "source", "composition_by_region"}, set()),
        (
            {"evidence": [{**TYPED, "founder_prior_cities": "Zenda"}]},
            {"composition", "source", "composition_by_region", "reach"},
            set(),
        ),
        (
            {"evidence": [TYPED, {**TYPED, "name": "Clock D"}]},
            {"composition", "source", "composition_by_region", "serial", "location_quotients"},
            set(),
        ),
        (
            {"evidence": FROM_B},
            {
                "composition",
                "source",
                "composition_by_region",
                "serial",
                "location_quotients",
                "genealogies",
            },
            set(),
        ),
        ({"ties": [TIE]}, {"ties", "ei_index"}, set()),
        (
            {
                "ties": [
                    {
                        **TIE,
                        "target_name": "Elsewhere",
                        "target_type": "foreign_firm",
                        "target_city": "Boston",
                    }
                ]
            },
            {"ties"},
            set(),
        ),
        (
            {
                "evidence": [{**TYPED, "founder_prior_cities": "Zenda"}],
                "places": [
                    {"name": "Zenda", "latitude": 1, "longitude": 2},
                    {"name": "Strelsau", "latitude": 1.5, "longitude": 2},
                ],
            },
            {"composition", "source", "composition_by_region", "reach", "distances"},
            set(),
        ),
        (
            {"beside": '["USA"]', "shares": "yes", "evidence": [TYPED]},
            {"composition", "source", "composition_by_region", "comparison_usa"},
            set(),
        ),
        (
            {"beside": '["USA"]', "shares": "no", "evidence": [TYPED]},
            {"composition", "source", "composition_by_region"},
            set(),
        ),
    ],
)
def test_each_column_switches_on_what_it_feeds(tmp_path, change, more, less):
    assert possible(write_list(tmp_path / "x", **change)) == (ALONE | more) - less


def test_what_is_missing_says_what_to_add(tmp_path):
    made = look(write_list(tmp_path / "x", beside='["USA"]', evidence=[TYPED])).made
    assert made.loc["composition", ["have", "of", "status"]].tolist() == [1, 5, "partly"]
    assert 'beside = ["China"]' in made.loc["comparison_china", "add"]
    assert "carries_shares" in made.loc["comparison_usa", "add"]
    assert made.loc[made["status"] != "computed", "add"].notna().all()
    assert set(made["step"]) <= set(NAMES)


def test_every_optional_file_belongs_to_one_analysis_and_is_written_by_a_step():
    listed = [
        path
        for step in tomllib.loads((TEMPLATES / "steps.toml").read_text("utf-8"))["step"]
        for path in step["writes"]
    ]
    optional = [
        path for about in analyses.requirements().values() for path in about.get("writes", [])
    ]
    assert len(optional) == len(set(optional))
    assert set(optional) <= set(listed)
    assert {path for path in listed if path.startswith("figures/")} - set(optional) == {
        "figures/captions.csv"
    }


# --- From the list to the tables of the study


def test_register_and_origins_of_a_plain_example(tmp_path):
    evidence = [
        {**TYPED, "founder_prior_cities": "Zenda"},
        {
            "name": "Clock D",
            "parent_orgs": "Big Clock",
            "parent_org_types": "foreign_firm",
            "parent_countries": "USA",
        },
    ]
    places = [
        {"name": "Zenda", "region": "Strelsau"},
        {"name": "Strelsau", "other_names": "Old Town"},
    ]
    firms = [*FIRMS, {"name": "Clock F", "place": "Old Town"}, {"name": "Clock G"}]
    seen = look(write_list(tmp_path / "x", firms, evidence=evidence, places=places))
    by_name = seen.firms.set_index("name_en")
    assert set(by_name["region"].dropna()) == {"Strelsau"}
    assert by_name.loc["Clock G", ["region", "cluster", "city"]].isna().all()
    origins = seen.origins.assign(name=seen.firms["name_en"]).set_index("name")
    columns = ["mode", "source", "reach", "label", "second_order"]
    assert origins.loc["Clock A", columns].tolist() == [
        "start_up",
        "academia",
        "home",
        "academic_startup",
        "no",
    ]
    assert origins.loc["Clock D", columns].tolist() == [
        "subsidiary",
        "foreign_firm",
        "abroad",
        "subsidiary_foreign",
        "no",
    ]
    assert origins.loc["Clock B", columns].tolist() == [
        "unknown",
        "unknown",
        "unknown",
        "unknown",
        "unknown",
    ]


def test_what_a_list_codes_is_taken_as_coded(tmp_path):
    firms = [
        {"name": "a", "mode": "subsidiary", "source": "foreign_firm", "reach": "abroad"},
        {"name": "b", "mode": "start_up"},
        {"name": "c", "mode": "subsidiary"},
        {"name": "d", "source": "academia"},
        {"name": "e", "source": "government"},
        {"name": "f", "mode": "relocation", "source": "academia"},
    ]
    evidence = [{**TYPED, "name": name} for name in "bcde"]
    seen = look(write_list(tmp_path / "x", firms, evidence=evidence))
    origins = seen.origins.assign(name=seen.firms["name_en"]).set_index("name")
    found = {
        name: tuple(origins.loc[name, ["mode", "source", "label", "paper_type"]])
        for name in "abcdef"
    }
    assert found == {
        "a": ("subsidiary", "foreign_firm", "subsidiary_foreign", "c_subsidiary"),
        "b": ("start_up", "academia", "academic_startup", "a_academic"),
        "c": ("subsidiary", "unknown", "unknown", "c_subsidiary"),
        "d": ("start_up", "academia", "academic_startup", "a_academic"),
        "e": ("unknown", "government", "unknown", "unknown"),
        "f": ("relocation", "academia", "relocation", "d_relocation"),
    }
    assert (origins["rule"] == "coded_in_list").all()
    assert origins.loc["c", "runner_up"] == "founder_academia"
    assert origins.loc["a", ["reach", "reach_basis"]].tolist() == ["abroad", "coder"]


def test_a_start_up_of_unknown_source_may_be_second_order(tmp_path):
    seen = look(write_list(tmp_path / "x", [{"name": "a", "mode": "start_up"}]))
    assert seen.origins["second_order"].tolist() == ["unknown"]


def test_the_order_of_rows_does_not_matter(tmp_path):
    parts = {"evidence": FROM_B, "ties": [TIE, {**TIE, "target_name": "Clock E"}]}
    one = look(write_list(tmp_path / "one", **parts))
    other = look(
        write_list(
            tmp_path / "other", FIRMS[::-1], **{name: rows[::-1] for name, rows in parts.items()}
        )
    )
    for name in ("firms", "sources", "origins", "places", "pairs", "families", "ties", "made"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def test_ids_in_any_script_and_for_one_name_at_two_places():
    firms = pd.DataFrame(
        {
            "name": ["שעון", "शुक्ल", "Uhr", "Uhr", "钟表"],
            "place": ["Zenda", "Zenda", "Zenda", "Strelsau", pd.NA],
            "country": "Ruritania",
            "other_names": pd.NA,
        },
        dtype="string",
    )
    ids = register.identified(firms, "Ruritania").set_index(["name", "place"])["firm_id"]
    pattern = next(
        column.pattern for column in contracts()["firms"].columns if column.name == "firm_id"
    )
    assert ids.is_unique
    assert all(re.fullmatch(pattern, one) for one in ids)
    assert ids["Uhr", "Zenda"] == "ruritania-uhr-zenda"
    with pytest.raises(TableError, match="named twice at one place: Uhr"):
        register.identified(firms.assign(place="Zenda"), "Ruritania")


def test_entry_years_lie_between_their_latest_and_earliest():
    firms = pd.DataFrame(
        {
            "entry_year": [2000, 2000, 2002, pd.NA],
            "entry_year_low": [1999, pd.NA, 2002, pd.NA],
            "entry_year_high": [2000, pd.NA, 2003, pd.NA],
        },
        dtype="Int64",
    )
    table = register.entry_years(firms).set_index("year")
    assert table["entries"].to_dict() == {1999: 0, 2000: 2, 2001: 0, 2002: 1, 2003: 0}
    assert table["cumulated"].tolist() == [0, 2, 2, 3, 3]
    assert table["cumulated_low"].tolist() == [0, 2, 2, 2, 3]
    assert table["cumulated_high"].tolist() == [1, 2, 2, 3, 3]
    assert register.entry_years(firms.iloc[3:]).empty


def test_entries_outside_the_years_of_the_list_are_kept_and_not_counted(tmp_path):
    limits = DESCRIPTION + "[years]\nfirst = 1992\nlast = 1994\n"
    firms = [*FIRMS, {"name": "Clock F"}]
    seen = look(write_list(tmp_path / "x", firms, description=limits, evidence=[TYPED]))
    assert seen.firms.set_index("name_en")["scope"].to_dict() == {
        "Clock A": "outside_years",
        "Clock B": "entry",
        "Clock C": "entry",
        "Clock D": "entry",
        "Clock E": "outside_years",
        "Clock F": "entry",
    }
    assert seen.made.loc["entry_over_time", ["have", "of"]].tolist() == [3, 4]
    assert seen.made.loc["composition", "have"] == 0
    assert len(list_origins.entries(seen.firms, seen.origins)) == 4


def test_firms_of_one_name_at_two_places_are_two_firms(tmp_path):
    twins = [FIRMS[0], FIRMS[4] | {"name": FIRMS[0]["name"]}, FIRMS[1]]
    seen = look(write_list(tmp_path / "x", twins, evidence=[TYPED | {"name": "Clock B"}]))
    assert len(list_origins.entries(seen.firms, seen.origins)) == 3
    assert seen.origins.set_index("firm_id")["source"].eq("academia").sum() == 1


def test_firms_between_which_people_went_in_a_circle_have_no_descent(tmp_path):
    circle = [OF_A_FIRM | {"name": "Clock B", "founder_prior_orgs": "Clock C"}, FROM_B[0]]
    assert look(write_list(tmp_path / "x", evidence=circle)).families.empty


def test_a_list_of_two_countries_has_a_frame_of_any_country(tmp_path):
    seen = look(write_list(tmp_path / "x", [{**FIRMS[0]}, {**FIRMS[4], "country": "Freedonia"}]))
    frames = prepare.own_frames(tables.read("data/raw/coding/frames.csv"), seen.firms, seen.about)
    assert frames["country"].isna().tolist() == [True]
    entries = list_origins.entries(seen.firms, seen.origins)
    assert len(in_frame(entries, frames, layout.OWN)) == 2


def test_intervals_only_where_the_frame_carries_shares():
    frames = pd.DataFrame({"frame": ["a", "b"], "carries_shares": ["yes", "no"]})
    shares = pd.DataFrame({"frame": ["a", "b"], "value": 0.5, "low": 0.1, "high": 0.9})
    assert analyses.carried(shares, frames)["low"].isna().tolist() == [False, True]


# --- Words and figures


def test_names_that_no_font_holds_are_romanised_and_long_ones_keep_their_end():
    assert drawing.drawable("Łódź") == "Łódź"
    assert drawing.drawable("תל אביב") == "Tel Aviv"
    assert drawing.drawable("삼양 \U0001f41f") == "Samyang"
    assert drawing.drawable("a very long name of a town on the river", 20) == "a very long n… river"
    assert len(drawing.drawable("x" * 99, 20)) == 20
    labels = drawing.labelled(["a" * 50 + "b" * 50, "a" * 50 + "b" * 51])
    assert len(set(labels.values())) == 2


def test_periods_and_widths_fit_the_years():
    years = pd.Series([1951, 1999, pd.NA], dtype="Int64")
    assert register.periods(years)["first_year"].tolist() == [1950, 1960, 1970, 1980, 1990]
    assert register.periods(years.iloc[2:]).empty
    assert drawing.period_width(years.dropna()) == 2
    assert drawing.period_width(pd.Series([1850, 2020])) == 10
    assert drawing.first_drawn(pd.Series([1990, 1991]), 2) == 1989


# --- A run


def test_the_notebooks_give_all_that_a_full_list_can_give(tmp_path, in_process):
    towns = ["Strelsau"] * 9 + ["Zenda"] * 8 + ["דימונה"] * 6
    firms = [
        {"name": f"Clock {n}", "place": town, "entry_year": 1980 + n}
        for n, town in enumerate(towns)
    ]
    firms[3]["entry_year"] = "c. 1983"
    evidence = [
        {**TYPED, "name": f"Clock {n}", "founder_prior_cities": "Zenda"} for n in range(0, 20, 4)
    ]
    evidence += [
        OF_A_FIRM
        | {
            "name": f"Clock {n}",
            "founder_prior_orgs": f"Clock {n - 1}",
            "founder_names": f"Rose {n}",
        }
        for n in (1, 2, 3, 5, 6)
    ]
    ties = [
        {**TIE, "source_name": f"Clock {n}", "target_name": f"Clock {n + 4}"} for n in range(12)
    ]
    places = [
        {"name": "Zenda", "latitude": 50, "longitude": 10},
        {"name": "Strelsau", "latitude": 51, "longitude": 10},
        {"name": "דימונה"},
    ]
    folder = write_list(
        tmp_path / "x",
        firms,
        '["China", "USA"]',
        "yes",
        evidence=evidence,
        ties=ties,
        places=places,
    )
    report = run.run(folder)
    missing = report.analyses[report.analyses["status"] == "missing"]
    assert set(missing["analysis"]) == {"entry_model"}
    results = folder / "results"
    captions = pd.read_csv(results / "figures/captions.csv")
    wanted = {
        Path(path).name
        for about in analyses.requirements().values()
        for path in about.get("writes", [])
        if path.startswith("figures")
    }
    assert set(captions["figure"]) == wanted
    page = (results / "README.md").read_text("utf-8")
    for name in wanted:
        assert all(
            (results / f"figures/{name}.{ending}").stat().st_size > 100
            for ending in ("csv", "pdf", "png")
        )
        assert f"](figures/{name}.png)" in page
    assert not captions.drop(columns="headline").isna().any(axis=None)
    compared = pd.read_csv(results / "data/processed/comparison.csv").set_index(
        ["beside", "property"]
    )
    usa = tables.read("data/processed/property_shares.csv").set_index(["property", "frame"])[
        "value"
    ]
    assert compared.loc[("us_frame", "start_up"), "value"] == pytest.approx(
        1 - usa["start_up", "us_frame"]
    )
    assert compared[["low", "high"]].notna().all(axis=None)


@pytest.mark.parametrize(
    "firms", [FIRMS, [{"name": "only one"}], [{"name": "a", "place": "दिल"}, {"name": "b"}]]
)
def test_few_firms_and_no_years_are_no_failure(tmp_path, in_process, firms):
    folder = write_list(tmp_path / "x", firms, '["USA"]', "yes")
    assert run.run(folder).notebooks.ran == NAMES
    text = (folder / "results/README.md").read_text("utf-8")
    assert "| mode of entry |" in text
    assert "missing" in text


def test_two_runs_give_the_same_bytes_and_the_study_is_not_touched(tmp_path, in_process):
    folder = write_list(tmp_path / "x", FIRMS[:2])
    before = content(ROOT / "data") | content(ROOT / "figures") | content(ROOT / "notebooks")
    run.run(folder)
    once = content(folder / "results")
    shutil.rmtree(folder / "results")
    run.run(folder)
    assert content(folder / "results") == once
    assert (
        content(ROOT / "data") | content(ROOT / "figures") | content(ROOT / "notebooks") == before
    )


def test_a_list_that_is_wrong_changes_nothing(tmp_path, in_process, capsys):
    folder = write_list(tmp_path / "x", [{"name": "only one"}])
    run.run(folder)
    before = content(tmp_path, skip=())
    (folder / "firms.csv").write_text("name,entry_year\nA,19999\n,2000\n", encoding="utf-8")
    before |= {"x/firms.csv": content(folder)["firms.csv"]}
    with pytest.raises(TableError, match="19999"):
        run.run(folder)
    assert main(["run", str(folder)]) == 1
    assert "nothing was changed" in capsys.readouterr().out
    assert content(tmp_path, skip=()) == before


def test_a_run_that_fails_leaves_the_earlier_results(tmp_path, in_process, monkeypatch):
    folder = write_list(tmp_path / "x", [{"name": "only one"}])
    run.run(folder)
    before = content(folder / "results")
    write_list(folder, FIRMS[:2])
    monkeypatch.setattr(
        compendium_run, "run", lambda case, **_: Report(failed={"01_firm_lists": "no"})
    )
    report = run.run(folder)
    assert content(folder / "results") == before
    assert "earlier results are as they were" in run.list_summary(report)[-1]


def test_other_things_in_the_folder_of_results_are_not_overwritten(tmp_path):
    folder = write_list(tmp_path / "x")
    (folder / "results").mkdir()
    (folder / "results/thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(steps.PipelineError, match="holds something else"):
        run.run(folder)
    assert content(folder / "results", skip=()).keys() == {"thesis.txt"}


def test_the_list_can_be_set_beside_other_countries_than_it_says(tmp_path):
    folder = write_list(tmp_path / "x", beside='["USA"]')
    assert look(folder).about["beside"] == ["USA"]
    assert look(folder, ["USA", "China"]).about["beside"] == ["China", "USA"]
    assert look(folder, []).about["beside"] == []
    with pytest.raises(steps.PipelineError, match="beside Atlantis"):
        look(folder, ["Atlantis"])


def test_the_pipeline_runs_a_list_and_what_did_not_change_stays(tmp_path, capfd):
    folder = write_list(tmp_path / "a list", [{"name": "only one", "entry_year": 2001}])
    assert main(["run", str(folder)]) == 0
    said = capfd.readouterr().out
    assert "8 notebooks run, 0 up to date" in said
    assert "Missing, not failed:" in said
    assert str(folder / "results" / "README.md") in said
    notebook = nbformat.read(folder / "results/notebooks/02_firm_origins.ipynb", as_version=4)
    texts = [
        out.data.get("text/markdown", "")
        for cell in notebook.cells
        for out in cell.get("outputs", [])
        if "data" in out
    ]
    assert any(text.startswith("**Missing: mode of entry.** It needs evidence") for text in texts)
    once = content(folder / "results")
    assert main(["run", str(folder)]) == 0
    assert "0 notebooks run, 8 up to date" in capfd.readouterr().out
    assert content(folder / "results") == once


# --- The notebooks


@pytest.mark.parametrize("name", NAMES)
def test_the_notebooks_keep_the_rules_of_the_study(name):
    book = nbformat.read(TEMPLATES / f"{name}.ipynb", as_version=4)
    step = next(
        step
        for step in tomllib.loads((TEMPLATES / "steps.toml").read_text("utf-8"))["step"]
        if step["name"] == name
    )
    head = book.cells[0].source
    assert head.startswith(f"# {name[:2]} · {step['title']}")
    assert all(words in head for words in ("**Question.**", "**Answer.**", "<!--list:step-->"))
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert (
        code[-1].source.endswith("numbers.write()") == (TEMPLATES / f"words/{name}.toml").is_file()
    )
    assert not [cell for cell in code if cell.outputs or cell.execution_count]
    for cell in code:
        tree = ast.parse(cell.source)
        assert not [
            node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]
        assert not re.search(r"^[%!]", cell.source, re.MULTILINE)
        names = {getattr(node, "id", "") for node in ast.walk(tree)}
        assert not names & {"say", "recorded", "versions"}
    for cell in book.cells:
        if cell.cell_type == "markdown":
            assert not re.findall(
                r"\d", re.sub(r"`[^`]*`|\[[^]]*\]\([^)]*\)|^# \d\d ·|\(\d{4}\)", "", cell.source)
            )
