"""Figures: whole, legible, the same bytes each time, and equal to the tables they draw."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Wedge

from cluster_anatomy import figures, tables
from cluster_anatomy.compendium import marks, paths
from cluster_anatomy.figures import genealogies, neighbourhoods, plain, style
from cluster_anatomy.figures.comparison import two_frames
from cluster_anatomy.firms import entries as firms_entries
from cluster_anatomy.firms.ties import until
from cluster_anatomy.study import robustness

style.use()
WORDS = {
    "entry_over_time": {
        "title": "Title",
        "headline": "Entry rose before it fell",
        "caption": "Caption.",
        "alt": "What is to be seen.",
    }
}
CAPTIONS = tables.read("figures/captions.csv")
TEMPLATES = tables.read("data/raw/coding/figure_words.csv").set_index("figure")


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


@pytest.mark.parametrize("name", CAPTIONS["figure"])
def test_a_headline_says_what_is_found_and_leads_the_alternative_text(name):
    row = CAPTIONS.set_index("figure").loc[name]
    template = TEMPLATES.loc[name]
    assert marks.conditions(f"<!--holds: {template['holds']}-->")
    assert re.search(r"\d", row["headline"])
    assert not re.search(r"[{}]", row["headline"])
    assert not re.search(r"\d", marks.FIELD.sub("", template["headline"]))  # no typed number
    assert row["alt"].startswith(f"{row['headline']}. ")


def test_a_headline_stands_above_the_figure_within_its_width():
    for headline in ("Short", "A headline that is much too long for one line of a figure. " * 5):
        figure, axis = plt.subplots(figsize=(7.2, 2), layout="constrained")
        axis.plot([0, 1], [0, 1])
        axis.set_title("A title on the left", loc="left")
        style.check(figure, "headed")
        drawn = figure.get_tightbbox()
        above = style._write_headline(figure, headline.strip())
        box = figure.texts[0].get_window_extent().transformed(figure.dpi_scale_trans.inverted())
        assert box.y0 > drawn.y1
        assert box.x0 == pytest.approx(drawn.x0, abs=0.01)
        assert box.x1 < drawn.x1
        assert above == pytest.approx(box.y1 - drawn.y1, abs=0.02)
        plt.close(figure)


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


def panels(sizes, **columns):
    """Data of `figures.cluster_years`: so many entries of each cluster in one period."""
    table = pd.DataFrame({"cluster": list(sizes), "entries": list(sizes.values())})
    given = {"country": "Utopia", "first_year": 1991, "years": 5, "label": "unknown"}
    return table.assign(**(given | {"take_off": pd.NA} | columns))


@pytest.mark.parametrize("many", [1, 3, 4, 5, 8, 9, 13, 15])
@pytest.mark.parametrize("own_scales", [False, True])
def test_years_stand_below_the_lowest_panel_of_each_column(many, own_scales):
    figure = figures.cluster_years(panels({f"C{n}": 1 for n in range(many)}), 1990, own_scales)
    style.check(figure, "panels")
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert len(shown) == many
    lowest = {}
    for axis in shown:
        lowest[axis.get_subplotspec().colspan.start] = axis
    for axis in shown:
        labelled = any(label.get_visible() for label in axis.get_xticklabels())
        assert labelled == (axis in lowest.values())
    plt.close(figure)


def test_a_large_cluster_does_not_flatten_the_others_on_scales_of_their_own():
    for own_scales, heights in ((False, {2901}), (True, {2901, 8})):
        figure = figures.cluster_years(panels({"Large": 2901, "Small": 8}), 1990, own_scales)
        tops = {axis.dataLim.ymax if own_scales else 2901 for axis in figure.axes}
        assert tops == heights
        assert figure.axes[1].get_ylim()[1] < 10 or not own_scales
        plt.close(figure)


def test_titles_of_panels_are_broken_into_lines_before_they_meet():
    names = ["USA: San Francisco Bay Area", "Seoul-Incheon-Suwon Capital Area", "W" * 40, "Basel"]
    figure = figures.cluster_years(panels({name: 2901 for name in names}), 1990)
    style.check(figure, "long titles")
    titles = {axis.get_title(loc="left") for axis in figure.axes}
    assert "USA: San Francisco\nBay Area (2901)" in titles
    assert "Basel (2901)" in titles
    plt.close(figure)


def test_titles_that_meet_are_an_error():
    figure, axes = plt.subplots(1, 2)
    for axis in axes:
        axis.plot([0, 1], [0, 1])
        axis.set_title("A title that is longer than its panel is wide, " * 2, loc="left")
    with pytest.raises(ValueError, match=r"the titles .* overlap"):
        style.check(figure, "titles")
    plt.close(figure)


def test_a_legend_names_the_origins_that_are_drawn_and_no_others():
    found = pd.DataFrame({"firm_id": ["a"], "entry_year": [1991], "label": ["unknown"]})
    data = figures.over_time_data({"own": found})
    for figure in (
        figures.over_time(data, {"own": "A list"}, {}, 1990),
        figures.composition(figures.composition_data([("Utopia", "A list", found)])),
    ):
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Unknown"]
        plt.close(figure)


def test_composition_figure_draws_its_shares():
    entries = pd.DataFrame({"firm_id": ["a", "b"], "label": ["relocation", "unknown"]})
    data = figures.composition_data([("China", "Beijing", entries)])
    figure = figures.composition(data)
    widths = [patch.get_width() for patch in figure.axes[0].patches]
    assert sum(widths) == pytest.approx(1)
    assert np.count_nonzero(widths) == 2
    plt.close(figure)


def test_members_are_clusters_by_size_and_frames_by_label():
    entries = pd.DataFrame(
        {
            "country": ["USA", "China", "China", "USA", "USA", "China"],
            "cluster": ["Boston", "Beijing", "Beijing", "Boston", "Seattle", "Wuhan"],
            "listed": ["yes", "yes", "no", "no", "yes", "no"],
            "mode": "start_up",
        }
    )
    members = figures.cluster_members(entries, 2)
    assert [(*name, len(rows)) for *name, rows in members] == [
        ("China", "Beijing", 2),
        ("USA", "Boston", 2),
    ]
    frames = pd.DataFrame(
        {
            "frame": ["listed"],
            "country": ["China"],
            "includes": ["listed=yes"],
            "label": ["China: on a list"],
        }
    )
    [(country, bar, rows)] = figures.frame_members(entries, frames)
    assert (country, bar, len(rows)) == ("China", "on a list", 1)


def test_events_go_with_the_frame_of_their_country():
    events = pd.DataFrame(
        {"country": ["China", "USA", "China"], "year": [1985, 1976, 1988], "event": ["a", "b", "c"]}
    )
    dated = figures.events_by_frame(events, {"cn": "China", "il": "Israel"})
    assert dated == {"cn": [(1985, "a"), (1988, "c")], "il": []}


EGO = pd.DataFrame(
    [
        ("Ann", "Centre", "founded 1990", "yes"),
        ("Centre", "Branch", "invested in", "yes"),
        ("Branch", "Centre", "spun off from", "no"),
        ("Centre", "Works", "founded", "no"),
        ("Ann", "Works", "founded 1995", "no"),
        ("Fund", "Works", "invested in", "no"),
        ("School", "Academy", "part of", "yes"),
    ],
    columns=["source", "target", "words", "in_paper"],
).assign(source_city="Tonghua", target_city=pd.NA, source_zh=pd.NA, target_zh="通化")


def test_each_tie_of_an_ego_network_stands_once_beside_a_name():
    left, right = neighbourhoods._neighbours(EGO, "Centre")
    assert [one.name for one in left] == ["Ann", "Branch"]
    assert [one.name for one in right] == ["Works", "School"]
    assert [len(one.direct) for one in (*left, *right)] == [1, 2, 1, 0]
    assert [len(one.further) for one in (*left, *right)] == [0, 0, 2, 1]
    figure = figures.ego_network(EGO, "Centre")
    style.check(figure, "ego")  # no labels overlap
    written = [text.get_text().replace("\n", " ") for text in figure.axes[0].texts]
    for tie in EGO.itertuples():
        assert [words for words in written if words.endswith(tie.words)]
    assert "Fund (Tonghua): invested in" in written
    plt.close(figure)


def test_trees_are_shared_out_to_few_columns():
    def tree(size):
        return [genealogies.Line(0, "root")] + [genealogies.Line(1, "child")] * (size - 1)

    def heights(trees):
        return [(title, len(lines)) for title, lines in genealogies._columns(trees)]

    trees = {"USA": [tree(16), tree(14)], "China": [tree(4), tree(5), tree(6)]}
    assert heights(trees) == [("USA", 16), ("", 14), ("China", 15)]
    assert heights({"Israel": [tree(3)]}) == [("Israel", 3)]
    assert heights({"Israel": [tree(3)] * 5}) == [("Israel", 6), ("", 6), ("", 3)]


def test_pies_stay_in_their_squares_below_the_label():
    data = pd.DataFrame(
        [("A", "a", "AA", 0, 0, "unknown", 66), ("A", "b", "BB", 0, 1, "relocation", 1)],
        columns=["country", "admin", "code", "row", "column", "label", "entries"],
    )
    figure = figures.tile_map(data)
    style.check(figure, "map")
    axis = figure.axes[0]
    inverse = axis.transData.inverted()
    labels = [text.get_window_extent().transformed(inverse) for text in axis.texts]
    pies = [patch for patch in axis.patches if isinstance(patch, Wedge)]
    assert len(pies) == 2
    for pie, label in zip(pies, labels, strict=True):
        (x, y), radius = pie.center, pie.r
        assert round(x) - 0.48 <= x - radius
        assert x + radius <= round(x) + 0.48
        assert y + radius <= round(y) + 0.48
        assert y - radius >= max(label.y0, label.y1)
    assert pies[0].r == pytest.approx(pies[1].r * 66**0.5)  # the area counts
    plt.close(figure)


def one_by_one(size):
    """A tree to which one leaf after the other is joined."""
    steps = [(0, 1, 0.1, 2)]
    steps += [(size + i, i + 2, 0.2 + i / 10, i + 3) for i in range(size - 2)]
    return pd.DataFrame(steps, columns=["left", "right", "height", "size"])


def test_labels_of_the_map_of_clusters_meet_no_marker():
    maps = tables.read("data/processed/correspondence.csv")
    parts = dict(list(maps.groupby("country")))
    trees = {name: one_by_one((part["kind"] == "cluster").sum()) for name, part in parts.items()}
    figure = figures.clusters_and_origins(maps, trees, {})
    for plane, part in zip(figure.axes[::2], parts.values(), strict=True):
        middles = plane.transData.transform(part[["axis1", "axis2"]].to_numpy(float))
        assert len(plane.texts) == len(part)
        for text in plane.texts:
            assert not [middle for middle in middles if text.get_window_extent().contains(*middle)]
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
        figures.tie_matrix_data(until(ties, 2010), country, 10).assign(country=country)
        for country in ("China", "USA")
    ]
    readings = tables.read("data/processed/robustness.csv")
    curves = {
        f"specification_curve_{name}": figures.curve_data(robustness.curve(readings, name))
        for name in robustness.CURVES
    }
    return curves | {
        "entry_map": figures.map_data(entries, tables.read("data/raw/places/tiles.csv")),
        "cluster_years": figures.cluster_years_data(
            entries, tables.read("data/processed/cluster_profiles.csv"), 4, 5
        ),
        "tie_matrix": pd.concat(matrices),
        "ei_index": figures.ei_data(tables.read("data/processed/ei_index.csv")),
        "claims": figures.claims_data(tables.read("data/processed/claims.csv")),
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


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["start-up", "spin-off", "subsidiary", "relocation", "unknown"], 5),
        ([f"a series with {name} words in its name" for name in ("two", "ten", "few", "no")], 2),
    ],
)
def test_a_legend_is_read_row_by_row(labels, shown):
    table = pd.DataFrame({"label": "A", "series": labels, "value": 1.0})
    for figure in (plain.bars(table, "firms"), plain.dots(table.assign(low=0, high=2), "firms")):
        figure.canvas.draw()
        legend = figure.legends[0]
        at = {
            text.get_text(): text.get_transform().transform(text.get_position()).round()
            for text in legend.get_texts()
        }
        assert sorted(labels, key=lambda name: (-at[name][1], at[name][0])) == labels
        assert [at[name][1] for name in labels].count(at[labels[0]][1]) == shown
        assert legend.get_window_extent().x1 <= figure.bbox.x1
        plt.close(figure)


def test_a_marker_at_nothing_is_drawn_whole():
    row = {"property": "p", "label": "l", "value": 0.0, "low": 0.0, "high": 0.1}
    row |= {"bound_low": 0.0, "bound_high": 0.2, "n": 9, "n2": 9}
    data = pd.DataFrame([row | {"series": name} for name in ("cn", "us", "difference")])
    figure = two_frames(data, {"cn": "China", "us": "USA"}, {})
    for axis in figure.axes:
        markers = [line for line in axis.lines if line.get_marker() in ("o", "s", "D")]
        assert markers
        assert not any(line.get_clip_on() for line in markers)
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
