"""The register of results and the text that is rendered from it."""

import nbformat
import pandas as pd
import pytest

from cluster_anatomy import results, tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.results import numbers
from cluster_anatomy.results.notebook import must, say

SHARE = {"value": 0.6909, "low": 0.5597, "high": 0.7972, "count": 38, "n": 55, "unknown": 18}


def register(*rows):
    return pd.DataFrame(rows, columns=numbers.COLUMNS)


@pytest.fixture
def home():
    return results.result(
        "home_share", SHARE, "{count} of {n} ({value}; {low} to {high}).", frame="us_frame"
    )


def test_a_result_writes_its_own_sentence(home):
    assert home["statement"] == "38 of 55 (69 %; 56 % to 80 %)."


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.691, "share", 0, "69 %"),
        (-0.2126, "difference", 0, "−21 points"),
        (0.16, "difference", 0, "+16 points"),
        (0.00001, "p", 3, "< 0.001"),
        (0.0134, "p", 3, "0.013"),
        (1997, "year", 0, "1997"),
        (1068.4, "kilometres", 0, "1,068"),
        (float("nan"), "share", 0, "undefined"),
    ],
)
def test_numbers_are_shown_in_their_unit(value, unit, decimals, text):
    assert results.show(value, unit, decimals) == text


def test_bad_ids_and_units_are_refused():
    with pytest.raises(ValueError, match="lower case"):
        results.result("Home share", 1, "x", frame="all")
    with pytest.raises(ValueError, match="unit 'percent'"):
        results.result("home", 1, "x", frame="all", unit="percent")


def test_text_is_filled_from_the_register(home):
    text = results.render("{home_share} of {home_share.n}, from {home_share.low}", register(home))
    assert text == "69 % of 55, from 56 %"


def test_an_unknown_id_is_named(home):
    with pytest.raises(KeyError, match="away_share"):
        results.render("{away_share}", register(home))


def test_say_refuses_words_that_the_numbers_do_not_bear_out(home):
    assert (
        say("Most: {home_share}.", register(home), holds=SHARE["value"] > 0.5).data == "Most: 69 %."
    )
    with pytest.raises(AssertionError, match="says more than the numbers"):
        say("Few: {home_share}.", register(home), holds=[True, SHARE["value"] < 0.5])


def test_a_run_with_other_parameters_marks_what_falls(home, monkeypatch):
    monkeypatch.setenv("CLUSTER_ANATOMY_VARIANT", "yes")
    fallen = say("Few: {home_share}.", register(home), holds=SHARE["value"] < 0.5).data
    assert fallen.startswith("**Falls under the parameters of this run**")
    assert (
        say("Most: {home_share}.", register(home), holds=SHARE["value"] > 0.5).data == "Most: 69 %."
    )
    assert must(False, "two is one.").data.startswith("**Does not hold")
    monkeypatch.delenv("CLUSTER_ANATOMY_VARIANT")
    with pytest.raises(AssertionError, match="two is one"):
        must(False, "two is one.")


def test_marks_in_markdown_are_filled_and_stay(home):
    once = results.fill_marks("is <!--r:home_share-->old<!--/r--> now", register(home))
    assert once == "is <!--r:home_share-->69 %<!--/r--> now"
    assert results.fill_marks(once, register(home)) == once


def test_parts_are_collected_and_an_id_is_used_once(home, tmp_path, monkeypatch):
    monkeypatch.setenv("CLUSTER_ANATOMY_ROOT", str(tmp_path))
    results.record([home], "04_entry_patterns")
    assert list(results.collect()["notebook"]) == ["04_entry_patterns"]
    results.record([home], "05_china_usa")
    with pytest.raises(ValueError, match="One id, two results"):
        results.collect()


def test_every_result_has_a_reader():
    """Each id of the register is shown in an executed notebook; what nobody shows would be kept for
    nobody.
    """
    register = tables.read("data/processed/results.csv")
    for notebook, part in register.groupby("notebook"):
        cells = nbformat.read(paths.source(f"notebooks/{notebook}.ipynb"), as_version=4).cells
        shown = "".join(
            out.data.get("text/markdown", "")
            for cell in cells
            if cell.cell_type == "code"
            for out in cell.outputs
            if "data" in out
        )
        assert [id for id in part["id"] if f"`{id}`" not in shown] == []


def test_every_result_says_its_frame_and_n():
    register = tables.read("data/processed/results.csv")
    shares = register[register["unit"].isin(["share", "difference"])]
    assert len(shares) > 100
    published = shares["id"].str.startswith("published_")
    assert shares.loc[~published & shares["value"].notna(), ["n"]].notna().all(axis=None)
    assert not register["statement"].str.contains(r"[{}]|\bnan\b").any()
