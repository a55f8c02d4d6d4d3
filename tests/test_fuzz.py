"""Damaged tables: a few hundred of the ten thousand cases of `benchmarks/bad_input.py`; writing."""

import csv
import os
import random
from collections import Counter

import bad_input
import pandas as pd
import pytest
from bad_input_cells import CELLS
from bad_input_damages import BYTES, HEAVY, MUTATIONS, TEXTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_anatomy import tables
from cluster_anatomy.tables import contract, files

LIGHT = [kind for kind in MUTATIONS if kind not in HEAVY]
SLOW = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NOTE = """
[notes]
path = "data/notes.csv"
title = "Notes"
description = "Made up."
unit_of_observation = "one note"
source = "nowhere"
licence = "none"
key = []
columns = [
  { name = "text", type = "string", description = "Any text." },
  { name = "size", type = "number", description = "Size." },
]
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A copy of the raw tables to damage."""
    before = os.environ.copy()
    yield bad_input.Room(tmp_path_factory.mktemp("bad") / "study")
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """A compendium with one made-up contract."""
    found = contract.parse_contracts(NOTE)
    monkeypatch.setattr(contract, "contracts", lambda: found)
    monkeypatch.setattr(files, "contracts", lambda: found)
    monkeypatch.setenv("CLUSTER_ANATOMY_ROOT", str(tmp_path))
    monkeypatch.delenv("CLUSTER_ANATOMY_STAGE", raising=False)
    (tmp_path / "data").mkdir()
    return tmp_path / "data/notes.csv"


@pytest.mark.parametrize("kind", LIGHT)
def test_each_kind_of_damage_is_accepted_as_it_stands_or_refused(room, kind):
    names = [
        "data/raw/evidence/south.csv",
        "data/raw/coding/provinces.csv",
        "data/raw/places/clusters.csv",
    ]
    found = [room.case(name, kind, random.Random(f"{name} {kind}")) for name in names]
    found = [(outcome, why) for outcome, why in found if outcome]
    assert found
    assert [one for one in found if one[0] not in ("accepted", "refused")] == []


@SLOW
@given(st.data())
def test_any_table_damaged_in_any_way(room, data):
    name, kind = data.draw(st.sampled_from(room.names())), data.draw(st.sampled_from(LIGHT))
    outcome, why = room.case(name, kind, random.Random(data.draw(st.integers(0, 10**9))))
    assert outcome in ("accepted", "refused", ""), why


@pytest.mark.parametrize(
    "kind",
    [
        "as it is",
        "byte-order mark",
        "CR LF",
        "CR",
        "all quoted",
        "columns in another order",
        "blank lines",
    ],
)
def test_what_means_the_same_is_accepted(room, kind):
    name = "data/raw/evidence/paper.csv"
    assert room.case(name, kind, random.Random(1)) == ("accepted", "")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("UTF-16", "not UTF-8"),
        ("column missing", "is missing"),
        ("column twice", "named twice"),
        ("label blank", "has no name"),
        ("row too short", "cells, but the first line names"),
        ("key twice", "which is the key"),
        ("semicolons", "stand between semicolons"),
        ("folder in its place", "a folder"),
        ("link that leads out", "leads out of its folder"),
        ("ten megabytes", "more than 131,072 characters"),
        ("million cells", "cells, but the first line names"),
    ],
)
def test_what_cannot_be_meant_is_refused(room, kind, words):
    outcome, why = room.case("data/raw/places/places.csv", kind, random.Random(2))
    assert (outcome, words in why) == ("refused", True), why


def test_the_judge_sees_a_reader_that_changes_something(room, monkeypatch):
    """A reader that drops, alters or invents is caught: the fuzzer could fail."""
    name, read = "data/raw/places/places.csv", tables.read
    faults = {
        "dropped row": lambda frame: frame.head(-1),
        "NA taken for missing": lambda frame: frame.assign(name_zh=pd.NA),
        "stripped text": lambda frame: frame.assign(
            **{frame.columns[0]: frame[frame.columns[0]] + " "}
        ),
        "year moved": lambda frame: frame.assign(latitude=frame["latitude"] + 1e-9),
    }
    for words, fault in faults.items():
        monkeypatch.setattr(tables, "read", lambda path, fault=fault: fault(read(path)))
        assert room.case(name, "as it is", random.Random(3))[0] == "changed", words

    def bare(path):
        raise KeyError(path)

    monkeypatch.setattr(tables, "read", bare)
    assert room.case(name, "as it is", random.Random(3))[0] == "crashed"

    def vague(path):
        raise tables.TableError([f"{path}: bad"])

    monkeypatch.setattr(tables, "read", vague)
    assert room.case(name, "UTF-16", random.Random(3))[0] == "unclear"
    assert room.case(name, "as it is", random.Random(3))[0] == "misjudged"

    def writes(path):
        (room.base / path).with_name("left.csv").touch()
        return read(path)

    monkeypatch.setattr(tables, "read", writes)
    assert room.case(name, "as it is", random.Random(3))[0] == "touched"
    (room.base / name).with_name("left.csv").unlink()


@pytest.mark.parametrize("kind", [*BYTES, *TEXTS])
def test_a_damaged_list_of_steps_is_read_or_refused(room, kind):
    found = [room.steps(kind, random.Random(f"{kind} {number}")) for number in range(2)]
    assert [one for one in found if one[0] not in ("accepted", "refused")] == []
    if kind in ("as it is", "CR LF", "no last line end"):
        assert {one[0] for one in found} == {"accepted"}


@settings(SLOW, max_examples=80)
@given(
    st.lists(
        st.tuples(st.text(max_size=20) | st.sampled_from(CELLS["formula"]), st.floats()),
        max_size=5,
    )
)
def test_what_is_written_is_read_again_or_refused_with_the_old_file_kept(notes, rows):
    frame = pd.DataFrame(rows, columns=["text", "size"])
    notes.unlink(missing_ok=True)
    notes.write_text("text,size\nold,1\n")
    refusal = None
    try:
        tables.write(frame, "data/notes.csv")
    except tables.TableError as error:
        refusal = str(error)
    if refusal is not None:
        assert "data/notes.csv, row " in refusal
        assert notes.read_text() == "text,size\nold,1\n"
        return
    again = tables.read("data/notes.csv")
    for (text, size), found in zip(rows, again.itertuples(), strict=True):
        same = text.replace("\r\n", "\n").replace("\r", "\n")
        assert ("" if pd.isna(found.text) else found.text) == same
        assert (pd.isna(size) and pd.isna(found.size)) or found[2] == pytest.approx(size, rel=1e-9)


def test_the_published_tables_hold_ten_thousand_cases_and_no_failure():
    totals = []
    for path in (bad_input.RESULT, bad_input.DETAIL):
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        total = Counter()
        for row in rows:
            counts = {name: int(row[name]) for name in bad_input.OUTCOMES}
            assert sum(counts.values()) == int(row["cases"])
            total.update(counts)
        assert {row["mutation"] for row in rows} == {*MUTATIONS, *TEXTS}
        totals.append(total)
    assert totals[0] == totals[1]
    assert totals[0].total() >= 10_000
    assert totals[0]["accepted"] + totals[0]["refused"] == totals[0].total()
    assert min(totals[0]["accepted"], totals[0]["refused"]) > 1_000
