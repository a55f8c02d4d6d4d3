"""What figures of a list call its places and firms, and how they keep the large from the small."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from cluster_anatomy import own_list, tables
from cluster_anatomy.figures import style
from cluster_anatomy.firms.romanisation import is_latin
from cluster_anatomy.own_list import drawing, labels
from cluster_anatomy.own_list.layout import RAW


def write_list(folder, firms, country, **others):
    folder.mkdir()
    (folder / "description.toml").write_text(
        f'title = "Firms"\ncountry = "{country}"\nbeside = []\n', encoding="utf-8"
    )
    for name, rows in {"firms": firms, **others}.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    return folder


def named(folder, country):
    return labels.labels(own_list.read(folder).tables, country).set_index("name")


def test_a_latin_name_of_the_list_goes_before_any_romanisation(tmp_path):
    firms = [
        {"name": "가나제약", "name_local": "Gana Pharma", "place": "대전광역시"},
        {"name": "다라바이오", "other_names": "다라|DaraBio Inc.", "place": "서울특별시"},
        {"name": "Maba", "place": "판교"},
    ]
    places = [
        {"name": "대전광역시", "other_names": "大田|Taejon"},
        {"name": "서울특별시"},
        {"name": "판교", "region": "수도권"},
    ]
    found = named(write_list(tmp_path / "x", firms, "South Korea", places=places), "South Korea")
    assert found["label"].to_dict() == {
        "가나제약": "Gana Pharma",
        "다라바이오": "DaraBio Inc.",
        "대전광역시": "Taejon",
        "서울특별시": "Seoul",
        "수도권": "Sudogwon",
        "판교": "Pangyo",
    }
    assert set(found.index[found["basis"] == "given"]) == {"가나제약", "다라바이오", "대전광역시"}


def test_each_place_is_read_in_its_own_country(tmp_path):
    firms = [
        {"name": "A", "place": "中山", "country": "Taiwan"},
        {"name": "B", "place": "新城市", "country": "Japan"},
    ]
    found = named(write_list(tmp_path / "x", firms, "Japan"), "Japan")
    assert found["label"].to_dict() == {"中山": "Zhongshan", "新城市": "Shinshiro"}


def test_names_in_latin_letters_have_no_label(tmp_path):
    firms = [{"name": "Łódź Bio", "place": "Łódź"}, {"name": "Côté", "place": "Québec"}]
    assert named(write_list(tmp_path / "x", firms, "Poland"), "Poland").empty


def remarks(folder):
    said = [str(problem) for problem in own_list.check(folder)]
    return [remark for remark in said if "figures" in remark]


def test_check_says_once_what_figures_call_the_places(tmp_path):
    firms = [
        {"name": f"F{number}", "place": place}
        for number, place in enumerate(
            ["서울특별시", "충청남도", "대전광역시", "경기도", "서울특별시"]
        )
    ]
    [remark] = remarks(write_list(tmp_path / "x", firms, "South Korea"))
    assert "'경기도' as Gyeonggi-do, '대전광역시' as Daejeon" in remark
    assert remark.endswith("and 1 more")


def test_check_warns_of_places_that_are_only_read_letter_by_letter(tmp_path):
    firms = [{"name": "A", "place": "תל אביב"}, {"name": "B", "place": "שומקום הקטנה"}]
    _, warning = remarks(write_list(tmp_path / "x", firms, "Israel"))
    assert "letter by letter 'שומקום הקטנה'" in warning
    assert "other_names" in warning
    assert "תל אביב" not in warning


def test_check_says_nothing_of_a_list_in_latin_letters(tmp_path):
    assert (
        remarks(write_list(tmp_path / "x", [{"name": "A", "place": "Zürich"}], "Switzerland")) == []
    )


@pytest.fixture
def korean(monkeypatch):
    """The labels of a Korean list in force."""
    latin = {"충청남도": "Chungcheongnam-do", "서울": "Seoul", "서울시": "Seoul"}
    given = drawing._Labels("South Korea", latin)
    monkeypatch.setattr(drawing, "_labels", given)
    style.use()


def test_one_figure_has_no_characters_beside_romanised_names(korean):
    drawn = drawing.labelled(["충청남도", "서울", "大田", "Москва", "Łódź", "가나제약"])
    assert all(map(is_latin, drawn.values()))
    assert drawn["가나제약"] == "Ganajeyak"
    assert drawn["Łódź"] == "Łódź"


def test_names_of_one_label_are_told_apart_and_captions_name_both(korean):
    figure, axis = plt.subplots()
    axis.barh(list(drawing.labelled(["Seoul", "서울", "서울시"]).values()), [1, 2, 3])
    style.check(figure, "bars")
    assert drawing._shown(figure) == {"Seoul (2)": "서울", "Seoul (3)": "서울시"}
    plt.close(figure)


def test_the_caption_says_what_the_labels_of_the_figure_stand_for(korean, tmp_path, monkeypatch):
    monkeypatch.setenv("CLUSTER_ANATOMY_STAGE", str(tmp_path))
    data = tables.read("figures/cluster_years.csv").head(2)
    names = drawing.labelled(["충청남도", "서울"])
    data = data.assign(cluster=[names["충청남도"], "Basel"], first_year=1991)
    figure, note = drawing.cluster_panels(data)
    words = {"cluster_years": dict.fromkeys(("title", "headline", "caption", "alt"), "Words.")}
    row = drawing.save(figure, "cluster_years", data, words | {}, note)
    assert row["caption"] == "Words. In Latin letters: Chungcheongnam-do is 충청남도."


def entered(**years):
    rows = [
        (cluster, year, f"{cluster}{number}")
        for cluster, many in years.items()
        for number, year in enumerate(many)
    ]
    table = pd.DataFrame(rows, columns=["cluster", "entry_year", "firm_id"])
    return table.assign(country="Utopia", label="unknown", entry_year=table["entry_year"])


def panels(found):
    profiles = pd.DataFrame({"country": "Utopia", "cluster": found["cluster"].unique()})
    data = drawing.panel_data(found, profiles.assign(take_off=pd.NA), 12, 5)
    figure, note = drawing.cluster_panels(data)
    style.check(figure, "panels")
    plt.close(figure)
    return figure, note


def test_regions_of_like_size_share_a_scale_and_need_no_note():
    figure, note = panels(entered(A=[1991, 1992, 2001], B=[1991, 2005]))
    assert note == ""
    assert len({axis.get_ylim() for axis in figure.axes}) == 1


def test_a_region_far_above_the_others_gives_each_its_own_scale_and_the_caption_says_so():
    figure, note = panels(entered(A=[1992] * 40, B=[1991, 2005], C=[1999]))
    assert note == "Each panel has its own vertical scale."
    assert [axis.get_ylim()[1] > 30 for axis in figure.axes[:3]] == [True, False, False]


def test_one_old_firm_is_left_out_and_counted_in_the_caption():
    figure, note = panels(entered(A=[1784, *range(1990, 2015)], B=range(1990, 2000)))
    assert note == "Not drawn and not in brackets: entries before 1986 (1)."
    assert figure.axes[0].get_xlim()[0] > 1980
    assert figure.axes[0].get_title(loc="left") == "A (25)"


def test_old_entries_are_left_out_if_they_are_few_and_long_before_the_last():
    assert drawing.first_drawn(pd.Series([1915, *[1990] * 5, *range(1991, 2020)]), 1) == 1990
    assert drawing.first_drawn(pd.Series([*range(1900, 2020)]), 1) == 1905
    assert drawing.first_drawn(pd.Series([1960, 2020]), 1) == 1960


def test_periods_are_as_wide_as_what_is_drawn_needs():
    years = pd.Series([1784, *range(1990, 2020)])
    assert drawing.period_width(years) == 2
    assert drawing.first_drawn(years, 2) == 1989


def test_the_curve_of_years_begins_where_entries_begin_to_be_many():
    grid = pd.DataFrame({"year": range(1784, 2021)})
    grid["entries"] = (grid["year"] >= 1990).astype(int) + (grid["year"] == 1784)
    for column in ("cumulated", "cumulated_low", "cumulated_high"):
        grid[column] = grid["entries"].cumsum()
    figure = drawing.years_curve(grid)
    assert figure.axes[0].get_xlim()[0] > 1980
    plt.close(figure)


def test_labels_come_from_the_case(tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "_labels", drawing._Labels())
    table = pd.DataFrame({"name": ["대전"], "label": ["Taejon"], "basis": ["given"]})
    monkeypatch.setattr(tables, "read", lambda path: {f"{RAW}/labels.csv": table}[path])
    monkeypatch.setattr(drawing.analyses, "description", lambda: {"country": "Japan"})
    drawing.use_style(["대전", "ō", pd.NA])
    assert drawing.drawable("대전") == "Taejon"
    assert drawing.drawable("理研") == "Riken"
