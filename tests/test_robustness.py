"""Step 10: the multiverse of the study on hand-made firms, and against steps 02 and 06."""

import math
import random

import numpy as np
import pandas as pd
import pytest

from cluster_anatomy import tables
from cluster_anatomy.firms import entries as firms_entries
from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms import readings, specifications
from cluster_anatomy.firms.origins import classify, conditions
from cluster_anatomy.firms.readings import moved
from cluster_anatomy.firms.specifications import HOME_USA, Estimator, movable
from cluster_anatomy.methods.multiverse import by_option, holding, judge
from cluster_anatomy.study import robustness

FRAMES = pd.DataFrame(
    {
        "frame": ["cn", "us"],
        "country": ["China", "USA"],
        "includes": ["scope=entry", "scope=entry"],
        "carries_shares": ["yes", "yes"],
        "pair": "classic",
    }
)
ENTRIES = pd.DataFrame(
    {
        "firm_id": ["c1", "c2", "c3", "c4", "u1", "u2"],
        "country": ["China"] * 4 + ["USA"] * 2,
        "scope": "entry",
        "confidence": ["high", "low", "high", None, "high", "medium"],
        "founded_year": pd.array([1999] * 6, dtype="Int64"),
        "pre_reform": pd.array(["yes", *[None] * 5], dtype="string"),
    }
)
READ = pd.DataFrame(
    [[1, 1, 0.5, np.nan, 1, 0], [1, 0, 0.5, np.nan, 1, 0]],
    index=pd.MultiIndex.from_product([["one", "two"]], names=["reading"]),
    columns=ENTRIES["firm_id"],
)
USUAL = {
    "reading": "one",
    "frame": "cn",
    "us_frame": "us",
    "mixed": "elsewhere",
    "unknown": "left_out",
    "confidence": "low",
    "pre_reform": "entry",
}


@pytest.mark.parametrize(
    ("changed", "china", "n"),
    [
        ({}, 2 / 3, 3),
        ({"reading": "two"}, 1 / 3, 3),
        ({"mixed": "half"}, 2.5 / 3, 3),
        ({"mixed": "home"}, 1, 3),
        ({"unknown": "not_hit"}, 2 / 4, 4),
        ({"unknown": "hit"}, 3 / 4, 4),
        ({"pre_reform": "stock"}, 1 / 2, 2),
        ({"confidence": "medium"}, 1 / 2, 2),
        # the firm that only a list names has no confidence: it stays, as unknown
        ({"confidence": "medium", "unknown": "not_hit"}, 1 / 3, 3),
    ],
)
def test_a_specification_counts_firms_as_its_choices_say(changed, china, n):
    found = Estimator({"home": READ}, ENTRIES, FRAMES, 0.7)("home", USUAL | changed)
    assert (found["value"], found["n"]) == (pytest.approx(china - 1 / 2), n)


def test_bounds_let_the_unknown_of_both_countries_speak():
    found = Estimator({"home": READ}, ENTRIES, FRAMES, 0.7)("home", USUAL | {"unknown": "hit"})
    assert (found["bound_low"], found["bound_high"]) == (
        pytest.approx(2 / 4 - 1 / 2),
        pytest.approx(3 / 4 - 1 / 2),
    )


def test_the_american_share_is_set_against_the_published_one():
    compute = Estimator({"home": READ}, ENTRIES, FRAMES, 0.7)
    assert compute(HOME_USA, USUAL)["value"] == pytest.approx(1 / 2 - 0.7)
    assert compute(HOME_USA, USUAL | {"confidence": "high"})["value"] == pytest.approx(1 - 0.7)


def test_a_convention_is_a_choice_only_where_it_moves_an_entry():
    assert list(moved(READ)["reading"]) == [False, True, False, False, False, False]
    counted = movable({"home": READ}, ENTRIES, FRAMES, ["cn"], ["us"])
    assert counted.loc["home"].to_dict() == {
        "reading": 1,
        "mixed": 1,
        "unknown": 1,
        "confidence": 2,
        "pre_reform": 1,
        "frame": 0,
        "us_frame": 0,
    }
    assert counted.loc[HOME_USA, ["reading", "mixed", "unknown"]].tolist() == [0, 0, 0]


def test_gaps_are_moved_only_if_they_are_filled():
    table = READ.copy()
    table.loc["two", "c4"] = 0.0
    assert moved(table)["reading"]["c4"]
    both = pd.concat({"x": READ, "y": READ}, names=["nothing"])
    assert not moved(both)["nothing"].any()


@pytest.fixture(scope="module")
def study(raw):
    names = ["firms", "firm_evidence", "sources", "origins", "differences"]
    found = {name: tables.read(f"data/processed/{name}.csv") for name in names}
    coding = {
        name: tables.read(f"data/raw/coding/{name}.csv") for name in ("frames", "properties")
    } | vars(raw)
    found["values"] = readings.readings(
        found["firms"], found["firm_evidence"], found["sources"], raw.gazetteer, coding
    )
    found["entries"] = found["firms"][found["firms"]["scope"] == "entry"]
    found["frames"], found["coding"] = coding["frames"], coding
    found["table"] = specifications.specifications(
        found["values"], found["entries"], coding["frames"], raw.conventions, 0.7
    )
    return found


def cells_of(table, prop, firm_ids):
    """What a reading should hold for a property, from entries as step 02 makes them."""
    risk = firms_entries.at_risk(table, prop).set_index("firm_id").reindex(firm_ids)
    words = risk[prop.column].mask(risk["at_risk"] == "unknown", prop.unknown)
    mixed = (words == "mixed") & (prop.value == "home")
    out = risk["at_risk"].isna()
    masks = [out, words == prop.unknown, words == prop.value, mixed]
    masks = [mask.fillna(False).to_numpy(dtype=bool) for mask in masks]
    return np.select(masks, [readings.OUTSIDE, np.nan, 1, 0.5], 0.0)


def test_the_default_reading_is_that_of_step_02(study):
    for prop in study["coding"]["properties"].itertuples():
        default = study["values"][prop.property].iloc[0]
        wanted = cells_of(study["origins"], prop, default.index)
        np.testing.assert_array_equal(default, wanted)


def test_every_reading_is_what_step_02_would_make(study, raw):
    """Some combinations drawn at random, each computed by the functions of step 02 one after the
    other.
    """
    combinations = readings.combinations(raw.conventions, ["origin", "reach"])
    firms, sources = study["firms"], study["sources"]
    sources = sources.astype(object).where(sources.notna(), None)
    for chosen in random.Random(2010).sample(combinations, 9) + combinations[-3:]:
        known = conditions(firms, sources, raw.source_roles, chosen)
        origins = classify(known, raw.origin_rules)
        if chosen["disputed"] == "alternative":
            origins = firms_origins.override(origins, study["firm_evidence"], raw.alternatives)
        reach = firms_origins.reach(firms, sources, origins, raw.gazetteer, chosen)
        origins = origins.merge(reach, on="firm_id").merge(
            raw.origin_views, on=["mode", "source"], how="left"
        )
        origins["second_order"] = firms_origins.second_order(origins)
        for prop in study["coding"]["properties"].itertuples():
            table = study["values"][prop.property]
            row = table.loc[tuple(chosen[name] for name in table.index.names)]
            wanted = cells_of(origins, prop, row.index)
            np.testing.assert_array_equal(row, wanted, err_msg=f"{prop.property}, {chosen}")


def test_the_default_specification_is_the_result_of_step_05(study):
    published = study["differences"].set_index(["property", "frame"])
    table = study["table"]
    plain = table[(table["carries_shares"] == "yes") & (table["property"] != HOME_USA)]
    choices = specifications.choices_of(study["frames"], study["coding"]["conventions"], "yes")
    plain = holding(plain, choices, frame=None).set_index(["property", "frame"])
    assert len(plain) == len(study["coding"]["properties"]) * 3
    columns = ["value", "low", "high", "n", "n2", "bound_low", "bound_high"]
    found, wanted = plain[columns].astype(float), published.loc[plain.index, columns].astype(float)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-9)
    assert list(table.loc[table["default"] == "yes", "specification"]) == [1] * 16


def test_all_firms_of_china_against_the_american_frame_too(study):
    compute = Estimator(study["values"], study["entries"], study["frames"], 0.7)
    choices = specifications.choices_of(study["frames"], study["coding"]["conventions"], "yes")
    usual = {name: options[0] for name, options in choices.items()} | {"frame": "cn_all"}
    rows = study["differences"][study["differences"]["frame"] == "cn_all"].set_index("property")
    for name, row in rows.iterrows():
        assert compute(name, usual)["value"] == pytest.approx(row["value"], abs=1e-9)


def inside(study, names):
    """Firms of some frames, works from before the reforms among them."""
    parts = [
        firms_entries.in_frame(study["entries"], study["frames"], name, "entry") for name in names
    ]
    return set(pd.concat(parts)["firm_id"])


def test_specifications_are_the_product_of_the_choices_that_move_something(study):
    conventions = study["coding"]["conventions"]
    for carries in ("yes", "no"):
        choices = specifications.choices_of(study["frames"], conventions, carries)
        counted = movable(
            study["values"],
            study["entries"],
            study["frames"],
            choices["frame"],
            choices["us_frame"],
        )
        crossed = set(conventions.loc[conventions["varied"] == "crossed", "convention"])
        data = [name for name in choices if name not in set(conventions["convention"])]
        wanted = {}
        for name, moves in counted.iterrows():
            used = (
                choices["us_frame"] if name == HOME_USA else choices["frame"] + choices["us_frame"]
            )
            firm_ids = sorted(inside(study, used))
            tried = readings.moving_options(study["values"][name.replace("_usa", "")][firm_ids])
            sizes = {
                choice: len(tried.get(choice, choices[choice]))
                for choice in choices
                if moves[choice]
            }
            full = math.prod(size for choice, size in sizes.items() if choice in {*data, *crossed})
            of_data = math.prod(size for choice, size in sizes.items() if choice in data)
            alone = sum(size - 1 for key, size in sizes.items() if key not in {*data, *crossed})
            wanted[name] = full + of_data * alone
        part = study["table"][study["table"]["carries_shares"] == carries]
        assert part.groupby("property").size().to_dict() == wanted
    assert 5_000 < len(study["table"]) < 40_000


def test_purposive_rows_are_marked_and_never_the_default(study):
    described = study["table"][study["table"]["carries_shares"] == "no"]
    assert set(described["us_frame"]) == {"us_all"}
    assert set(described["default"]) == {"no"}


def test_an_option_that_moves_nothing_is_not_tried():
    rows = {"one": [1, 0], "two": [1, 0], "three": [1, 1]}
    index = pd.Index(list(rows), name="reading")
    table = pd.DataFrame(list(rows.values()), index=index, columns=["a", "b"])
    assert readings.moving_options(table) == {"reading": ["one", "three"]}
    assert readings.moving_options(table[["a"]]) == {"reading": ["one"]}


def test_a_convention_varied_alone_meets_only_defaults():
    rows = [("a", "x", "yes", "crossed"), ("a", "y", "no", "crossed")]
    rows += [("b", "p", "yes", "crossed"), ("b", "q", "no", "crossed")]
    rows += [("c", "u", "yes", "alone"), ("c", "v", "no", "alone"), ("c", "w", "no", "alone")]
    conventions = pd.DataFrame(rows, columns=["convention", "option", "default", "varied"])
    found = readings.combinations(conventions.assign(changes="origin"), ["origin"])
    keys = ["".join(reading.values()) for reading in found]
    assert keys == ["xpu", "xqu", "ypu", "yqu", "xpv", "xpw"]
    every = readings.combinations(conventions.assign(changes="origin"), ["origin"], alone=False)
    assert every == found[:4]


def test_extremes_are_marked_and_distinct_estimates_counted(study):
    table = study["table"]
    extreme = (table["unknown"] == "hit") | (table["region"] == "city")
    assert ((table["extreme"] == "yes") == extreme).all()
    distinct = table[["property", "value", "low", "high"]].round(9).drop_duplicates()
    counted = table.groupby("property")["estimate"].max()
    assert counted.to_dict() == distinct.groupby("property").size().to_dict()
    assert (counted < table.groupby("property").size()).any()


@pytest.mark.parametrize(
    ("signs", "intervals", "verdict"),
    [
        ([1, 1, 1, 1], ["yes"] * 4, "robust"),
        ([1, 1, 1, 1], ["yes", "no", "no", "no"], "sign_robust"),
        ([1, -1, 1, 1], ["yes"] * 4, "depends"),
        ([1, -1, 1, 1], ["no"] * 4, "no_difference_seen"),
    ],
)
def test_verdicts(signs, intervals, verdict):
    half = [0.5 if word == "yes" else 2.0 for word in intervals]
    table = pd.DataFrame(
        {
            "property": "x",
            "value": signs,
            "low": np.subtract(signs, half),
            "high": np.add(signs, half),
        }
    )
    table = table.assign(
        default=["yes", "no", "no", "no"], carries_shares="yes", unknown=["left_out", "hit"] * 2
    )
    table = judge(table.assign(bound_low=table["low"], bound_high=table["high"]), "property")
    options = by_option(table, ["unknown"], "property")
    found = robustness.summary(table, options).iloc[0]
    assert found["verdict"] == verdict
    assert found["share_sign_kept_known"] == 1
