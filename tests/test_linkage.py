"""The linkage model: which names meet, what that weighs, and that nothing else changes it."""

import math
from collections import Counter

import linkage_card
import linkage_fit
import linkage_kinds
import linkage_quality
import linkage_sets
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_anatomy.compendium import paths
from cluster_anatomy.firms import linkage
from cluster_anatomy.firms.linkage import decide, limit_keys, load_model, pairs, prepare


def met(*names, prior=None, **columns):
    """Probability that the records are one firm, for every pair of them that shares a key."""
    records = pd.DataFrame(
        {"record_id": [str(number) for number in range(len(names))], "name": names} | columns
    )
    found = pairs(prepare(records), threshold=0.0, prior=prior)
    return {(row.left, row.right): row.probability for row in found.itertuples()}


ALIKE = [
    ("ELI LILLY & Co", "LILLY ELI & CO"),
    ("Omnicell, Inc", "OMNICELL INC /CA/"),
    ("Mercury Biotech Zyxo Ltd", "Mercury Bio-tech Zyxo Limited"),
    ("北京科兴生物制品有限公司", "科兴生物"),
    ("深圳国华网安科技股份有限公司", "国华网安"),
    ("浙江天元生物药业股份有限公司", "Zhejiang Tianyuan Biopharmaceutical"),
    ("Société Générale S.A.", "SOCIETE GENERALE"),
]
UNLIKE = [
    ("American National Bank", "National American Trust"),
    ("Shanghai Zyxo Pharmaceutical", "Shanghai Quarq Pharmaceutical"),
    ("上海华新生物", "南京华欣生物"),
    ("华兰生物疫苗有限公司", "三生制药有限公司"),
    ("Siga Pharmaceuticals Inc", "Mira Pharmaceuticals, Inc."),
]


@pytest.fixture(scope="module")
def scored():
    """All pairs above in one run: each name a record."""
    names = [name for pair in ALIKE + UNLIKE for name in pair]
    return met(*names)


@pytest.mark.parametrize("number", range(len(ALIKE)), ids=[pair[0] for pair in ALIKE])
def test_one_firm_in_two_forms_scores_high(scored, number):
    left, right = sorted([str(2 * number), str(2 * number + 1)])
    assert scored[left, right] > 0.5


@pytest.mark.parametrize("number", range(len(UNLIKE)), ids=[pair[0] for pair in UNLIKE])
def test_two_firms_score_low(scored, number):
    left, right = sorted([str(2 * (number + len(ALIKE))), str(2 * (number + len(ALIKE)) + 1)])
    assert scored.get((left, right), 0) < 0.1


def test_a_former_name_counts_within_its_years_only():
    found = met(
        "Vaxart Inc",
        "Nabi Biopharmaceuticals",
        "Nabi Biopharmaceuticals",
        "Nabi Biopharmaceuticals",
        former_names=["Nabi Biopharmaceuticals [1995-2012]", None, None, None],
        year=[None, 2000, 2020, None],
    )
    assert found["0", "1"] > 0.9
    assert found["0", "3"] > 0.9
    assert found.get(("0", "2"), 0) < 0.01


def test_former_names_in_brackets_are_names():
    table = prepare(pd.DataFrame({"record_id": ["a"], "name": ["Vaxart Inc. (formerly Nabi)"]}))
    assert table[["name", "kind"]].to_numpy().tolist() == [
        ["Vaxart Inc.", "name"],
        ["Nabi", "former"],
    ]


def test_places_and_countries_weigh_for_and_against():
    same = met("Kexing Zyxo", "Kexing Zyxo Bio", place=["Beijing", "Beijing"])["0", "1"]
    unknown = met("Kexing Zyxo", "Kexing Zyxo Bio", place=["Beijing", None])["0", "1"]
    other = met("Kexing Zyxo", "Kexing Zyxo Bio", place=["Beijing", "Basel"])["0", "1"]
    assert same > unknown > other


def test_the_weight_is_the_sum_of_prior_and_comparisons():
    """Fellegi and Sunter (1969): log2 of the prior odds plus log2(m/u) of each level."""
    model = load_model()
    records = pd.DataFrame({"record_id": ["a", "b"], "name": ["Zyxo Quarq Inc", "Quarq Zyxo Inc"]})
    row = pairs(prepare(records), threshold=0.0).iloc[0]
    prior = math.log2(model.prior / (1 - model.prior))
    parts = [row[comparison["name"]] for comparison in model.comparisons]
    level = next(
        one
        for one in model.comparisons[0]["levels"]
        if one["sql"].startswith("sorted_l = sorted_r")
    )
    assert row["latin"] == pytest.approx(math.log2(level["m"] / level["u"]), abs=1e-3)
    assert row["weight"] == pytest.approx(prior + sum(parts), abs=1e-3)
    assert row["probability"] == pytest.approx(1 / (1 + 2 ** -row["weight"]), abs=1e-5)


def test_two_sources_are_paired_across_only():
    records = pd.DataFrame({"record_id": ["a", "b", "c"], "name": ["Zyxo Inc", "Zyxo Ltd", "Zyxo"]})
    table = prepare(records).assign(source=["one", "one", "two"])
    found = pairs(table, threshold=0.0)
    assert found[["left", "right"]].to_numpy().tolist() == [["a", "c"], ["b", "c"]]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_records_does_not_matter(seed):
    names = [name for pair in ALIKE + UNLIKE for name in pair]
    records = pd.DataFrame(
        {"record_id": [f"r{number:02d}" for number in range(len(names))], "name": names}
    )
    one = pairs(prepare(records), threshold=0.0)
    other = pairs(prepare(records.sample(frac=1, random_state=seed)), threshold=0.0)
    pd.testing.assert_frame_equal(one, other)


def test_batches_give_the_same_rows_as_the_whole():
    names = [name for pair in ALIKE + UNLIKE for name in pair]
    records = pd.DataFrame(
        {"record_id": [f"r{number:02d}" for number in range(len(names))], "name": names}
    )
    parts = pd.concat([prepare(records[:7]), prepare(records[7:])], ignore_index=True)
    pd.testing.assert_frame_equal(parts, prepare(records))


NAMES = st.text(alphabet="科兴北京生物 kexing()-&.,2Öß/\t|[]" + chr(34) + "ש주", max_size=16)


@given(st.lists(NAMES, max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_prepared(names):
    table = prepare(
        pd.DataFrame({"record_id": [str(at) for at in range(len(names))], "name": names})
    )
    assert set(linkage.COLUMNS) | {"keys"} == set(table.columns)
    assert table["name_id"].is_unique
    assert (table["info"] >= 1).all()
    assert table["keys"].map(len).ge(1).all()
    assert (table["joined"].str.len() > 0).all()


def test_a_key_that_too_many_share_makes_no_pairs():
    records = pd.DataFrame(
        {"record_id": list("abcd"), "name": ["Zyxo A1", "Zyxo B2", "Zyxo C3", "Quarq C3"]}
    )
    table = prepare(records)
    assert all("w:zyxo" in keys for keys in table["keys"][:3])
    limited = limit_keys(table, 2)
    assert not any("w:zyxo" in keys for keys in limited["keys"])
    assert "w:c3" in limited["keys"][3]


def test_the_filter_of_a_word_is_in_that_of_the_name():
    table = prepare(pd.DataFrame({"record_id": ["a", "b"], "name": ["Zyxo", "Zyxo Quarq"]}))
    columns = [f"f{number}" for number in range(1, linkage.FILTERS + 1)]
    one, both = table.loc[0, columns], table.loc[1, columns]
    assert all(left & right == left for left, right in zip(one, both, strict=True))
    assert table["info"].tolist() == [4, 8]


def test_thresholds_are_those_of_the_model():
    model = load_model()
    found = decide(pd.Series([model.same_from, model.borderline_from, model.borderline_from / 2]))
    assert found.tolist() == ["same", "borderline", "different"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model", "not a TOML file"),
        ("[model]\nprior = 0.1", "missing or unknown"),
        (
            (
                "[model]\nprior = 0.1\nsame_from = 0.9\nborderline_from = 0.1\nlargest_block ="
                " 9\nrare = 12\n[words]\n[characters]\n[[comparison]]\nname = 'x'\nnull ="
                " ''\nlevels = [{ label = 'one', sql = 'ELSE', m = 1.5, u = 0.1 }]"
            ),
            "comparison 'x', level 'one': m and u must lie between 0 and 1",
        ),
    ],
)
def test_a_broken_model_file_is_named(tmp_path, text, message):
    file = tmp_path / "model.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_model(file)


def test_every_level_of_the_model_says_what_it_weighs():
    for comparison in load_model().comparisons:
        assert comparison["levels"][-1]["sql"] == "ELSE"
        assert comparison["meaning"]
        assert comparison["source"] in ("sec", "chinese", "hand")


# --- The measurement of quality


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("ABC Inc", "A.B.C., INC.", "case, blanks and punctuation"),
        ("Zyxo Inc", "Zyxo Corp", "legal form"),
        ("Eli Zyxo", "Zyxo Eli Inc", "word order"),
        ("AZB", "Alpha Zyxo Beta Corp", "abbreviation"),
        ("Zyxo Tech", "Zyxo Technologies", "abbreviation"),
        ("Zyxoria Labs", "Zixoria Labs", "spelling"),
        ("Zyxo", "Zyxo Mining", "short form"),
        ("Zyxo Quarq Gold", "Zyxo Mining", "some words changed"),
        ("Alpha Holdings", "Quarq Holdings", "only common words shared"),
        ("Alpha", "Quarq", "nothing shared"),
    ],
)
def test_kinds_of_variation(name_rules, one, other, kind):
    firms_with = Counter({"holdings": linkage_kinds.COMMON, "zyxo": 1, "mining": 3})
    assert linkage_kinds.kind_latin(one, other, firms_with, name_rules) == kind
    assert linkage_kinds.kind_latin(other, one, firms_with, name_rules) == kind


@pytest.mark.parametrize(
    ("short", "full", "kind"),
    [
        ("常柴", "常柴股份有限公司", "legal form"),
        ("国华网安", "深圳国华网安科技股份有限公司", "short form in one piece"),
        ("潞安环能", "山西潞安环保能源开发股份有限公司", "characters left out"),
        ("华培动力", "上海华培数能科技股份有限公司", "two characters in a row shared"),
        ("科兴", "天元有限公司", "nothing shared"),
    ],
)
def test_kinds_of_short_names(short, full, kind):
    assert linkage_kinds.kind_han(short, full) == kind


def test_precision_recall_and_the_point_that_is_compared():
    names = pd.DataFrame(
        {"record_id": list("abcd"), "name": list("abcd"), "source": "one", "cik": ""}
    )
    labelled = linkage_sets.Labelled("toy", names, {("a", "b"), ("c", "d")}, {("a", "c")})
    scores = pd.DataFrame(
        [("a", "b", 9), ("a", "c", 8), ("a", "d", 7), ("c", "d", 6), ("b", "d", 5)],
        columns=["left", "right", "score"],
    )
    curve = linkage_quality.curve(scores, labelled)
    assert curve["true"].tolist() == [1, 1, 1, 2, 2]
    assert curve["false"].tolist() == [0, 0, 1, 1, 2]
    assert linkage_quality.at_precision(curve, 0.6)["score"] == 6
    assert linkage_quality.at_precision(curve, 1.0)["true"] == 1
    assert linkage_quality.best(curve, 2)["score"] == 6
    assert linkage_sets.candidates(labelled) == 5


def test_one_half_is_fitted_and_the_other_tested():
    halves = Counter(linkage_sets.half(str(number)) for number in range(2000))
    assert set(halves) == {"fit", "test"}
    assert abs(halves["fit"] - 1000) < 150


def test_writing_the_same_weights_changes_nothing(tmp_path):
    file = paths.root() / "src" / "cluster_anatomy" / "firms" / "linkage.toml"
    copy = tmp_path / "linkage.toml"
    copy.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    linkage_fit.write_model(load_model(), copy)
    assert copy.read_text(encoding="utf-8") == file.read_text(encoding="utf-8")


def test_the_model_card_has_the_numbers_of_the_results():
    tables = linkage_card.card_tables(
        pd.read_csv(linkage_quality.QUALITY), pd.read_csv(linkage_quality.KINDS), load_model()
    )
    text = linkage_card.CARD.read_text(encoding="utf-8")
    for name, table in tables.items():
        assert table in text, f"{name}: run python benchmarks/linkage_quality.py --card"
