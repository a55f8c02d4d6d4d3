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
from cluster_anatomy.methods.multiverse import holding, judge
from cluster_anatomy.study import robustness

FRAMES = pd.DataFrame(
    {
        "frame": ["cn", "us"],
        "country": ["China", "USA"],
        "includes": ["scope=entry", "scope=entry"],
        "carries_shares": ["yes", "yes"],
        "pair": "classic",
        "default": "yes",
        "kind": "mixed",
    }
)
ENTRIES = pd.DataFrame(
    {
        "firm_id": ["c1", "c2", "c3", "c4", "u1", "u2"],
        "country": ["China"] * 4 + ["USA"] * 2,
        "scope": "entry",
        "confidence": ["high", "low", "high", None, "high", "medium"],
        "founded_year": pd.array([1999] * 6, dtype="Int64"),
        "entry_year": pd.array([1998, 1999, None, 1980, 1990, 1979], dtype="Int64"),
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
    "period": "any",
}
CHOICES = {
    "frame": ["cn"],
    "us_frame": ["us"],
    "confidence": specifications.CONFIDENCE,
    "unknown": specifications.UNKNOWN,
    "period": specifications.PERIOD,
    "reading": ["one", "two"],
    "mixed": ["elsewhere", "half", "home"],
    "pre_reform": ["stock", "entry"],
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


def test_a_period_drops_firms_of_other_years_and_of_none_that_is_known():
    compute = Estimator({"home": READ}, ENTRIES, FRAMES, 0.7)
    early = USUAL | {"period": "1980_1998"}
    # of China the firm of 1998 (a hit) and that of 1980 (unknown), of the USA that of 1990 (a hit)
    assert compute.count("home", early, "cn") == (1, 1, 1)
    assert compute.count("home", early, "us") == (1, 1, 0)


def test_an_unknown_career_is_not_an_unknown_mode():
    modes = READ.copy()
    modes.loc[:, ["c3", "c4"]] = [1, np.nan]
    careers = READ.copy()
    careers.loc[:, ["c3", "c4"]] = np.nan
    compute = Estimator({"start_up": modes, "second_order": careers}, ENTRIES, FRAMES, 0.7)
    assert compute.count("second_order", USUAL, "cn") == (2, 2, 2)
    chosen = USUAL | {"unknown": "careers_not_hit"}
    assert compute.count("second_order", chosen, "cn") == (2, 3, 1)


def test_samples_are_what_the_estimates_count():
    compute = Estimator({"home": READ}, ENTRIES, FRAMES, 0.7)
    changes = [{}, {"reading": "two"}, {"mixed": "home"}, {"unknown": "hit"}, {"period": "any"}]
    changes += [{"unknown": "not_hit"}, {"pre_reform": "stock"}, {"confidence": "high"}]
    chosen = [USUAL | change for change in changes]
    known, hits = compute.samples("home", chosen)
    assert known[0].tolist() == [True, True, True, False, True, True]
    assert hits[0].tolist() == [True, True, False, False, True, False]
    chinese = np.array([True] * 4 + [False] * 2)
    for row, specification in enumerate(chosen):
        counts = [
            (hits[row] & side).sum() / (known[row] & side).sum() for side in (chinese, ~chinese)
        ]
        assert counts[0] - counts[1] == pytest.approx(compute("home", specification)["value"])


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
    counted = movable({"home": READ}, ENTRIES, FRAMES, CHOICES)
    assert counted.loc["home"].to_dict() == {
        "reading": 1,
        "mixed": 1,
        "unknown": 1,
        "confidence": 2,
        "pre_reform": 1,
        "period": 3,
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
    found = {name: tables.read(f"data/processed/{name}.csv") for name in ("origins", "differences")}
    coding = {
        name: tables.read(f"data/raw/coding/{name}.csv") for name in ("frames", "properties")
    } | vars(raw)
    found["frames"], found["coding"] = coding["frames"], coding
    firms, members, sources = robustness.read_pair(tables.read, "classic")
    found |= {"firms": firms, "firm_evidence": members, "sources": sources}
    found["entries"] = firms[firms["scope"] == "entry"]
    found["values"] = readings.readings(firms, members, sources, raw.gazetteer, coding)
    found["table"] = specifications.specifications(found["values"], found["entries"], coding, 0.7)
    return found


@pytest.fixture(scope="module")
def listed(raw, study):
    firms, *evidence = robustness.read_pair(tables.read, "listed")
    values = readings.readings(firms, *evidence, raw.gazetteer, study["coding"])
    entries = firms[firms["scope"] == "entry"]
    coding = study["coding"]
    table = specifications.specifications(values, entries, coding, 0.7, "listed")
    return {"values": values, "entries": entries, "table": table}


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


def test_the_default_specification_is_the_result_of_step_06(study):
    published = study["differences"].set_index(["property", "frame"])
    table = study["table"]
    choices = specifications.choices_of(study["frames"], study["coding"]["conventions"], "classic")
    plain = holding(table[table["property"] != HOME_USA], choices, frame=None)
    plain = plain.set_index(["property", "frame"])
    names = [*choices["frame"], *choices["us_frame"]]
    carried = firms_entries.comparable(study["coding"]["properties"], study["frames"], names)
    assert len(plain) == len(carried) * 3
    columns = ["value", "low", "high", "n", "n2", "bound_low", "bound_high"]
    found, wanted = plain[columns].astype(float), published.loc[plain.index, columns].astype(float)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-9)
    defaults = table.loc[table["default"] == "yes", "specification"]
    assert list(defaults) == [1] * (len(carried) + 1)


def test_what_a_frame_cannot_hold_is_not_compared(study, listed):
    assert not {"subsidiary", "foreign_subsidiary"} & set(study["table"]["property"])
    assert {"home_of_founded", "spin_off_of_founded"} <= set(study["table"]["property"])
    assert set(listed["table"]["frame"].dropna()) == {"cn_listed"}
    assert set(study["table"]["us_frame"]) == {"us_frame"}


def test_the_default_of_the_listed_pair_is_counted_by_hand(listed):
    origins = tables.read("data/processed/listed_entries.csv").query("mode != 'backbone'")
    row = listed["table"].query("property == 'home_of_founded' and default == 'yes'").iloc[0]
    shares = []
    for country in ("China", "USA"):
        part = origins[(origins["country"] == country) & (origins["reach"] != "unknown")]
        reach = part.loc[part["mode"].isin(["start_up", "spin_off"]), "reach"]
        shares.append((reach == "home").mean())
    assert row["value"] == pytest.approx(shares[0] - shares[1])


def test_all_firms_of_china_against_the_american_frame_too(study):
    compute = Estimator(study["values"], study["entries"], study["frames"], 0.7)
    choices = specifications.choices_of(study["frames"], study["coding"]["conventions"], "classic")
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


def sizes_of(study, choices, name, moves, conventions):
    """How many options of each choice are crossed, varied alone, or tried as extremes."""
    used = choices["us_frame"] if name == HOME_USA else choices["frame"] + choices["us_frame"]
    values = study["values"][name.replace("_usa", "")][sorted(inside(study, used))]
    tried = readings.moving_options(values)
    options = {choice: tried.get(choice, choices[choice]) for choice in choices if moves[choice]}
    column = study["coding"]["properties"].set_index("property")["column"].get(name)
    if column not in specifications.OF_CAREERS:
        options["unknown"] = [word for word in options["unknown"] if word != "careers_not_hit"]
    extremes = specifications.EXTREMES.items()
    extreme = [key for key, word in extremes if word in options.get(key, [])]
    plain = {
        key: len([word for word in words if word != specifications.EXTREMES.get(key)])
        for key, words in options.items()
    }
    alone = set(conventions.loc[conventions["varied"] == "alone", "convention"])
    return plain, alone, extreme


def test_specifications_are_the_product_of_the_choices_that_move_something(study, listed):
    conventions, frames = study["coding"]["conventions"], study["frames"]
    for pair, data in (("classic", study), ("listed", {**study, **listed})):
        choices = specifications.choices_of(frames, conventions, pair)
        counted = movable(data["values"], data["entries"], frames, choices)
        of_data = set(choices) - set(conventions["convention"])
        sizes = data["table"].groupby("property").size().to_dict()
        for name in sizes:
            moves = counted.loc[name]
            plain, alone, extreme = sizes_of(data, choices, name, moves, conventions)
            full = math.prod(size for key, size in plain.items() if key not in alone)
            others = math.prod(size for key, size in plain.items() if key in of_data)
            single = sum(size - 1 for key, size in plain.items() if key in alone)
            single += sum(1 / (plain[key] if key in of_data else 1) for key in extreme)
            assert sizes[name] == pytest.approx(full + others * single), name
    assert 5_000 < len(study["table"]) < 40_000


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
    conventions = study["coding"]["conventions"]
    crossed = [name for name in conventions["convention"].unique() if name in table]
    usual = specifications.choices_of(study["frames"], conventions, "classic")
    for name in set(crossed) - {"region"}:
        assert set(table.loc[extreme, name].dropna()) <= {usual[name][0]}


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
    table["estimate"] = [1, 2, 3, 4]
    table = table.assign(
        default=["yes", "no", "no", "no"], pair="classic", unknown=["left_out", "not_hit"] * 2
    )
    extreme = table.iloc[[0]].assign(value=-1, unknown="hit", default="no")
    table = pd.concat([table, extreme]).assign(extreme=["no"] * 4 + ["yes"], region=None)
    table = judge(table.assign(bound_low=table["low"], bound_high=table["high"]), "property")
    options = robustness.options_held(table, ["unknown"])
    found = robustness.summary(table, options).iloc[0]
    assert found["verdict"] == verdict
    assert (found["estimates"], found["estimates_extreme"]) == (4, 1)
    assert found["share_sign_kept_known"] == 1
    assert found["share_sign_kept_extreme"] == 0
    assert options.set_index("option").loc["hit", ["extreme", "estimates"]].tolist() == ["yes", 1]
    same = robustness.summary(table.assign(estimate=1), options).iloc[0]
    assert same["estimates"] == 1


def test_the_curve_of_countries_that_differ_in_every_firm_is_no_luck(monkeypatch):
    """Four Chinese firms that have the property and four American ones that have not."""
    names = [f"c{i}" for i in range(4)] + [f"u{i}" for i in range(4)]
    entries = pd.DataFrame({"firm_id": names, "country": ["China"] * 4 + ["USA"] * 4})
    entries = entries.assign(scope="entry", confidence="high", founded_year=1990, pre_reform="no")
    entries = entries.assign(entry_year=1990)
    index = pd.MultiIndex.from_arrays([["one"]], names=["reading"])
    values = pd.DataFrame([[1.0] * 4 + [0.0] * 4], index=index, columns=names)
    conventions = pd.DataFrame(
        [("reading", "one"), ("mixed", "elsewhere"), ("pre_reform", "entry")],
        columns=["convention", "option"],
    ).assign(default="yes")
    table = pd.DataFrame({"property": "home", "extreme": "no", "mixed": [None, "half"]})
    table = table.reindex(columns=[*table, *set(CHOICES) - set(table)])
    monkeypatch.setattr(robustness, "TESTED", ["home"])
    found = robustness.curve_tests(
        {"classic": {"home": values}},
        {"classic": entries},
        {"frames": FRAMES, "conventions": conventions},
        {"classic": table},
        draws=99,
    ).set_index("statistic")
    assert found.loc["median", ["value", "specifications", "n"]].tolist() == [1, 1, 8]
    assert found.loc["median", "p"] < 0.1
    # 34 of the 70 ways to deal four of eight give another share than one half to each country
    assert found.loc["share_dominant_sign", "p"] == pytest.approx(34 / 70, abs=0.1)
