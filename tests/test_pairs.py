"""Step 06: two pairs of frames, what they can carry, and families of linked firms."""

import pandas as pd
import pytest

from cluster_anatomy import figures, tables
from cluster_anatomy.firms.families import families
from cluster_anatomy.methods.differences import difference
from cluster_anatomy.study import pairs

FRAMES = pd.DataFrame(
    {
        "frame": ["cn", "cn_more", "us"],
        "country": ["China", "China", "USA"],
        "includes": ["frame=cn", "scope=entry", "frame=us"],
        "label": ["China: some", "China: all", "USA: some"],
        "carries_shares": ["yes", "no", "yes"],
        "pair": "classic",
        "kind": ["mixed", "mixed", "public_firms"],
        "rule": "drawn",
        "leaves_out": "the rest",
    }
)
PROPERTIES = tables.read("data/raw/coding/properties.csv")


def firms(country: str, frame: str, *groups: tuple[int, str, str, str]) -> pd.DataFrame:
    """Entries of one frame: number, mode, reach, second-order."""
    columns = ["mode", "reach", "second_order"]
    rows = [group[1:] for group in groups for _ in range(group[0])]
    table = pd.DataFrame(rows, columns=columns).assign(country=country, frame=frame, scope="entry")
    ids = [f"{frame}-{number}" for number in range(len(table))]
    return table.assign(firm_id=ids, label="other", paper_type="other")


@pytest.fixture
def pair() -> pairs.Pair:
    china = firms(
        "China",
        "cn",
        (6, "start_up", "home", "no"),
        (2, "start_up", "abroad", "yes"),
        (8, "subsidiary", "abroad", "no"),
        (4, "unknown", "unknown", "unknown"),
    )
    usa = firms("USA", "us", (15, "start_up", "home", "yes"), (5, "start_up", "elsewhere", "no"))
    entries = pd.concat([china, usa], ignore_index=True)
    alone = pd.Series(entries["firm_id"].to_numpy(), index=entries["firm_id"])
    return pairs.Pair("classic", "cn", "us", entries, alone)


@pytest.fixture
def compared(pair):
    return pairs.differences_of_pairs(
        [pair], pairs.shares_of_pairs([pair], FRAMES, PROPERTIES), FRAMES, PROPERTIES
    )


def row_of(table: pd.DataFrame, name: str) -> pd.Series:
    return table[(table["property"] == name) & (table["frame"] == "cn")].iloc[0]


def test_what_one_frame_cannot_hold_is_named_and_not_compared(pair, compared):
    assert pairs.refused(PROPERTIES, FRAMES, pair) == ["subsidiary", "foreign_subsidiary"]
    assert "subsidiary" not in set(compared["property"])
    assert list(pairs.mode_counts(pair, FRAMES, PROPERTIES)) == ["start_up"]


def test_a_difference_comes_with_every_uncertainty(compared):
    row = row_of(compared, "start_up")
    assert (row["hits"], row["n"], row["hits2"], row["n2"]) == (8, 16, 20, 20)
    assert row["value"] == pytest.approx(-0.5)
    assert row["bound_low"] == pytest.approx(8 / 20 - 1)
    assert row["bound_high"] == pytest.approx(12 / 20 - 1)
    assert row["joint_low"] < row["bound_low"] < row["bound_high"] < row["joint_high"]
    assert row["family_low"] < row["value"] < row["family_high"]
    assert row["p"] <= row["p_holm"]
    assert row["undecidable"] == "no"
    assert row_of(compared, "relocation")["undecidable"] == "yes"


def test_only_the_frames_of_a_pair_are_tested(compared):
    others = compared[compared["frame"] == "cn_more"]
    assert len(others) == len(compared) / 2
    assert others["p"].isna().all()
    assert others["joint_low"].notna().any()


def test_a_difference_stands_if_no_interval_holds_zero():
    table = pd.DataFrame(
        {
            "property": ["firm", "lucky", "weak"],
            "low": [0.2, 0.1, -0.1],
            "high": [0.4, 0.3, 0.3],
            "bound_low": [0.1, -0.1, -0.2],
            "bound_high": [0.5, 0.4, 0.4],
            "p_holm": [0.001, 0.04, 0.8],
        }
    )
    found = pairs.standing(table)
    assert found["sampling"] == ["firm", "lucky"]
    assert found["bounds"] == found["all"] == ["firm"]
    assert found["holm"] == ["firm", "lucky"]
    assert "weighted" not in found


def test_the_table_for_people_has_the_leading_contrasts_in_points(compared):
    shown = pairs.uncertainty_table(compared[compared["frame"] == "cn"])
    assert list(shown.index) == list(pairs.CONTRASTS.values())
    first = shown.iloc[0]
    assert first["China minus USA"] == "−50"
    assert first["unknown firms"] == "−60 to −40"
    assert (
        first["p, Holm"] == "0.005"
    )  # 12 C(16, 8) / C(36, 8): founding from abroad is rarer still


def test_numbers_of_the_classic_pair_have_no_suffix_and_no_weights(pair, compared):
    blank = compared.assign(weighted=None, weighted_low=None, weighted_high=None)
    found = pairs.uncertainty_numbers(blank, [pair], PROPERTIES)
    assert len(found["difference"]) == len(found["holm"]) == len(compared) / 2
    assert len(found["joint"]) == len(found["family"]) == len(pairs.CONTRASTS)
    assert found["weighted"].empty
    assert set(found["joint"]["suffix"]) == {""}
    start_up = found["joint"].iloc[0]
    assert start_up["low"] < start_up["bound_low"]
    assert start_up["label"] == pairs.CONTRASTS["start_up"]
    quoted = pairs.quoted_shares(
        pairs.shares_of_pairs([pair], FRAMES, PROPERTIES), PROPERTIES, [pair]
    )
    assert not {"home", "start_up"} & set(quoted["property"])
    assert set(quoted["country"]) == {"china", "usa"}


def test_start_ups_and_spin_offs_are_seen_apart_from_subsidiaries(pair):
    table = pairs.founded([pair], FRAMES, PROPERTIES).set_index(["property", "country"])
    abroad = table.loc[("abroad", "china")]
    assert (abroad["count"], abroad["n"], abroad["unknown"]) == (2, 8, 4)
    assert table.loc[("home_of_domestic", "china"), "value"] == 1
    assert table.loc[("home_of_domestic", "usa"), "value"] == pytest.approx(0.75)
    found = pairs.founded_differences(table.reset_index()).set_index("property")
    assert found.loc["abroad", "value"] == pytest.approx(0.25)


def test_weights_let_each_list_count_by_its_size():
    china = firms("China", "cn", (4, "start_up", "home", "no"), (4, "spin_off", "home", "no"))
    china.loc[[1, 2, 3], "mode"] = "unknown"  # of the first list one firm of four is known
    usa = firms("USA", "us", (4, "start_up", "home", "no"))
    entries = pd.concat([china, usa], ignore_index=True)
    strata = pd.Series([*["a"] * 4, *["b"] * 4, *["c"] * 4], index=entries["firm_id"])
    pair = pairs.Pair("classic", "cn", "us", entries, strata, strata)
    start_up = next(row for row in PROPERTIES.itertuples() if row.property == "start_up")
    found = pairs.reweighted(pair, FRAMES, start_up)
    assert found["weighted"] == pytest.approx(0.5 - 1)
    # weights 4, 1, 1, 1, 1: Kish's effective number is 8² / 20
    same = difference(0.5 * 3.2, 3.2, 4, 4)
    assert found["weighted_low"] == pytest.approx(same["low"])


LISTED = pd.DataFrame(
    {
        "frame": ["cn_listed", "cn_listed", "cn_listed", "us_listed", "us_listed"],
        "country": ["China", "China", "China", "USA", "USA"],
        "firm_id": ["a", "b", "c", "d", "e"],
        "name": ["A", "B", "C", "D", "E"],
        "list": ["hk_us|a_share", "a_share", "hk_us", "ipo", "ipo"],
        "venture_backed": [None, None, None, "yes", "no"],
        "status": ["sampled", "sampled", "struck", "sampled", "beyond"],
    }
)


def test_firms_of_the_listed_frames_are_counted_and_the_struck_ones_named():
    strata = pairs.weighting_strata(LISTED)
    assert strata.to_dict() == {"a": "abroad", "b": "mainland", "d": "venture"}
    shown = pairs.sample_table(LISTED, {"cn_listed": "China", "us_listed": "USA"})
    assert shown.loc["China"].tolist() == [2, 1, 0, 0, "C"]
    assert shown.loc["USA", "not looked up"] == 1
    counts = pairs.sample_counts(LISTED).set_index(["country", "status"])["value"]
    assert counts["china", "struck"] == counts["usa", "beyond"] == 1
    assert counts["usa", "struck"] == 0


def test_yields_say_of_how_many_firms_of_a_list_the_reach_is_known():
    china = firms("China", "cn", (3, "start_up", "home", "no"), (1, "unknown", "unknown", "no"))
    usa = firms("USA", "us", (2, "start_up", "home", "no"))
    entries = pd.concat([china, usa], ignore_index=True)
    strata = pd.Series(["mainland"] * 2 + ["abroad"] * 2 + ["venture"] * 2, entries["firm_id"])
    found = pairs.yields(pairs.Pair("listed", "cn", "us", entries, strata, strata), FRAMES)
    assert found["stratum"].tolist() == ["abroad", "mainland", "venture"]
    assert found["value"].tolist() == [0.5, 1, 1]


def test_a_frame_is_described_with_what_is_known_of_it(pair):
    shares = pairs.shares_of_pairs([pair], FRAMES, PROPERTIES)
    shown = pairs.frame_table([pair], FRAMES, shares)
    assert list(shown.index) == ["China: some", "USA: some"]
    assert shown.loc["China: some", ["firms", "mode known", "reach known"]].tolist() == [20, 16, 16]


def test_the_figure_holds_the_tested_contrasts_of_both_pairs(compared):
    both = pd.concat([compared, compared.assign(pair="listed")])
    data = figures.china_usa_data(both, pairs.CONTRASTS)
    assert data["pair"].tolist() == ["classic", "listed"] * len(pairs.CONTRASTS)
    assert list(dict.fromkeys(data["property"])) == list(pairs.CONTRASTS)
    figure = figures.china_usa(data)
    (axis,) = figure.axes
    words = [text.get_text() for text in axis.texts]
    assert "50 %" in words
    assert "Start-ups, of all entries" in words


# --- Families


def test_firms_that_share_founders_employers_or_parents_are_one_family():
    names = ["one", "two", "three", "four", "five", "six"]
    entries = pd.DataFrame(
        {
            "firm_id": names,
            "name_en": [name.capitalize() for name in names],
            "name_zh": None,
            "other_names": None,
            "country": ["China"] * 5 + ["USA"],
            "serial_person": ["Hou", None, "Hou", None, None, "Hou"],
        }
    )
    sources = pd.DataFrame(
        [
            ("two", "Academy", "at_entry"),
            ("three", "Academy", "at_entry"),
            ("four", "Academy", "later"),
            ("five", "unnamed university", "at_entry"),
            ("four", "unnamed university", "at_entry"),
            ("six", "Academy", "at_entry"),
        ],
        columns=["firm_id", "organisation", "timing"],
    )
    ties = pd.DataFrame(
        [("Four", "Five", "acquired"), ("Five", "One", "licensed_from")],
        columns=["source_name", "target_name", "tie_type"],
    )
    found = families(entries, sources, ties)
    assert found["one"] == found["two"] == found["three"]
    assert found.nunique() == 4
    founded = ties.assign(tie_type="founded")
    linked = families(entries, sources, founded)
    assert linked["five"] == linked["four"] == linked["one"]
    assert linked["six"] != linked["one"]
