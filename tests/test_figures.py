"""Figures: whole, legible, the same bytes each time, and equal to the tables they draw."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cluster_anatomy import figures, tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.figures import plain, style
from cluster_anatomy.firms import entries as firms_entries

style.use()
WORDS = {"entry_over_time": {"title": "Title", "caption": "Caption.", "alt": "What is to be seen."}}
CAPTIONS = tables.read("figures/captions.csv")


@pytest.mark.parametrize("name", CAPTIONS["figure"])
def test_a_figure_is_there_in_three_forms_and_not_blank(name):
    for ending in ("pdf", "png", "csv"):
        assert paths.source(f"figures/{name}.{ending}").stat().st_size > 200
    picture = plt.imread(paths.source(f"figures/{name}.png"))[..., :3]
    height, width = picture.shape[:2]
    assert width >= 300 * 3.4
    assert height >= 300 * 1.0
    inked = (picture.min(axis=2) < 0.95).mean()
    assert 0.005 < inked < 0.9


@pytest.mark.parametrize("name", CAPTIONS["figure"])
def test_words_of_a_figure_are_sentences(name):
    row = CAPTIONS.set_index("figure").loc[name]
    assert row["caption"].endswith(".")
    assert row["alt"].endswith(".")
    assert len(row["alt"].split()) >= 5


def test_bars_count_the_firms_that_they_name():
    firms = tables.read("data/processed/firms.csv").set_index("firm_id")
    for name in ("composition_by_cluster", "composition_by_frame"):
        data = tables.read(f"figures/{name}.csv")
        for bar in data.itertuples():
            named = [] if pd.isna(bar.firm_ids) else bar.firm_ids.split("|")
            assert len(named) == bar.entries
            assert set(named) <= set(firms.index)
        assert (
            data.groupby(["panel", "bar"])["entries"].sum()
            == data.groupby(["panel", "bar"])["n"].first()
        ).all()


def test_a_font_of_the_machine_with_the_same_name_is_not_used():
    from matplotlib import font_manager

    style.use()
    shipped = font_manager.findfont(style.FONT)
    other = font_manager.findfont("DejaVu Sans")
    decoy = font_manager.FontEntry(
        "/usr/share/fonts/other.ttf", name=style.FONT, weight=400, size="scalable"
    )
    font_manager.fontManager.ttflist.insert(0, decoy)
    style.use()
    assert Path(shipped).is_relative_to(Path(style.__file__).parent)
    assert decoy not in font_manager.fontManager.ttflist
    assert [font_manager.findfont(name) for name in (style.FONT, "DejaVu Sans")] == [shipped, other]


def test_a_missing_glyph_is_an_error():
    figure, axis = plt.subplots()
    axis.set_title("Shenzhen \U0001f41f")
    with pytest.raises(UserWarning, match="missing"):
        style.check(figure, "fish")
    plt.close(figure)


def test_the_font_holds_every_character_of_the_data():
    from matplotlib import font_manager, ft2font

    drawable = set(ft2font.FT2Font(font_manager.findfont(style.FONT)).get_charmap())
    missing = set()
    for table in ("evidence", "lists", "ties", "persons", "organisations", "places"):
        words = tables.read_all(table).select_dtypes("string")
        for column in words:
            text = "".join(words[column].dropna())
            missing |= {character for character in set(text) if ord(character) not in drawable}
    assert not missing


def test_an_empty_axis_and_overlapping_labels_are_errors():
    figure, axis = plt.subplots()
    with pytest.raises(ValueError, match="nothing is drawn"):
        style.check(figure, "empty")
    axis.plot([0, 1], [0, 1])
    axis.text(0.5, 0.5, "one label")
    axis.text(0.5, 0.5, "another label")
    with pytest.raises(ValueError, match="overlap"):
        style.check(figure, "crowded")
    axis.texts[1].set(position=(0.1, 0.9), fontsize=6)
    with pytest.raises(ValueError, match="smaller than 7"):
        style.check(figure, "small print")
    plt.close(figure)


def test_saving_twice_gives_the_same_bytes(tmp_path, monkeypatch):
    data = tables.read("figures/entry_over_time.csv")
    saved = []
    for run in ("one", "two"):
        monkeypatch.setenv("CLUSTER_ANATOMY_STAGE", str(tmp_path / run))
        figure = figures.over_time(data, {"cn_all": "China"}, {}, 1970)
        style.save(figure, "entry_over_time", data, WORDS)
        saved.append(
            {file.name: file.read_bytes() for file in (tmp_path / run / "figures").iterdir()}
        )
    assert saved[0] == saved[1]
    assert set(saved[0]) == {"entry_over_time.csv", "entry_over_time.pdf", "entry_over_time.png"}


def test_composition_figure_draws_its_shares():
    entries = pd.DataFrame({"firm_id": ["a", "b"], "label": ["relocation", "unknown"]})
    data = figures.composition_data([("China", "Beijing", entries)])
    figure = figures.composition(data)
    widths = [patch.get_width() for patch in figure.axes[0].patches]
    assert sum(widths) == pytest.approx(1)
    assert np.count_nonzero(widths) == 2
    plt.close(figure)


def test_every_origin_has_a_colour_and_a_second_cue():
    assert set(style.COLOURS) == set(style.HATCHES) == set(firms_entries.ORIGINS)
    assert len(set(zip(style.COLOURS.values(), style.HATCHES.values(), strict=True))) == len(
        style.COLOURS
    )


def redrawn():
    """Recompute, from the tables of the study, the data behind figures."""
    entries = firms_entries.entries(
        tables.read("data/processed/firms.csv"),
        tables.read("data/processed/origins.csv"),
        tables.read("data/raw/coding/periods.csv"),
    )
    ties = tables.read("data/processed/ties.csv")
    matrices = [
        figures.tie_matrix_data(ties, country, 10).assign(country=country)
        for country in ("China", "USA")
    ]
    specifications = tables.read("data/processed/robustness.csv")
    carried = specifications[specifications["carries_shares"] == "yes"]
    return {
        "entry_map": figures.map_data(entries, tables.read("data/raw/places/tiles.csv")),
        "cluster_years": figures.cluster_years_data(
            entries, tables.read("data/processed/cluster_profiles.csv"), 4, 5
        ),
        "tie_matrix": pd.concat(matrices),
        "ei_index": figures.ei_data(tables.read("data/processed/ei_index.csv")),
        "claims": figures.claims_data(tables.read("data/processed/claims.csv")),
        "specification_curve_home": figures.curve_data(carried[carried["property"] == "home"]),
        "specification_curve_second_order": figures.curve_data(
            carried[carried["property"] == "second_order"]
        ),
        "specification_curve_subsidiary": figures.curve_data(
            carried[carried["property"] == "subsidiary"]
        ),
    }


def test_the_table_behind_a_figure_is_that_of_the_study(tmp_path, monkeypatch):
    monkeypatch.setenv("CLUSTER_ANATOMY_STAGE", str(tmp_path))
    for name, data in redrawn().items():
        tables.write(data, f"figures/{name}.csv")
        again = (tmp_path / f"figures/{name}.csv").read_bytes()
        assert again == (paths.root() / f"figures/{name}.csv").read_bytes(), name


def test_counts_in_figures_are_counts_of_the_register():
    in_scope = tables.read("data/processed/firms.csv").query("scope == 'entry'")
    assert tables.read("figures/entry_map.csv")["entries"].sum() == in_scope["admin"].notna().sum()
    assert len(tables.read("figures/claims.csv")) == len(tables.read("seeds/claims.csv"))


# --- Plain figures


def test_a_series_that_is_absent_leaves_the_colours_of_the_others_as_they_are():
    table = pd.DataFrame({"label": ["A"], "series": ["c"], "value": [1]})
    figure = plain.bars(table, "firms", ["a", "b", "c"])
    assert plt.matplotlib.colors.to_hex(figure.axes[0].patches[0].get_facecolor()) == (
        plain.SERIES[2].lower()
    )
    plt.close(figure)


def test_bars_of_counts_have_whole_numbers_on_their_axis():
    figure = plain.bars(pd.DataFrame({"label": ["A"], "value": [2]}), "firms")
    assert all(float(tick).is_integer() for tick in figure.axes[0].get_xticks())
    plt.close(figure)


def test_headings_of_a_heat_map_are_broken_between_words():
    table = pd.DataFrame({"first entrants out of local academia": [1], "works": [2], "x": [3]})
    figure = plain.heat_map(table, "count")
    words = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert words == ["first entrants out\nof local academia", "works", "x"]
    plt.close(figure)
