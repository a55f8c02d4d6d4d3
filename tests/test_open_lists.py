"""The open lists: download, checksum, extraction, counting, comparison with the register."""

import hashlib
import io
import json
import math
import os
from urllib.error import HTTPError
from urllib.parse import quote

import pandas as pd
import pytest

from cluster_anatomy import tables
from cluster_anatomy.firms import open_lists
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.study import representation
from cluster_anatomy.tables import contract

CRUNCHBASE = (
    "permalink,name,category_code,country_code,state_code,region,city,founded_year\r"
    "/company/a,A\xaa,biotech,USA,CA,SF Bay,EmeryVille,1999\r"
    "/company/b,B,biotech,USA,NY,New York,NYC,\r"
    "/company/c,C,medical,USA,NJ,Princeton,Princeton,2001\r"
    "/company/d,D,biotech,USA,WA,unknown,,2005\r"
    "/company/e,E,biotech,USA,MO,Saint Louis,St. Louis,1999\r"
    "/company/f,F,software,USA,CA,SF Bay,Palo Alto,1999\r"
).encode("mac_roman", errors="replace")


def sources(data, name="crunchbase_2013", address="https://example.org/x.csv"):
    sha = hashlib.sha256(open_lists.lf(data)).hexdigest()
    row = {"list": name, "local_file": "folder/file.csv", "address": address, "sha256": sha}
    return pd.DataFrame([row])


@pytest.fixture
def places():
    return tables.read("data/raw/places/places.csv")


@pytest.fixture
def aliases():
    return tables.read(open_lists.REGIONS)


@pytest.fixture(autouse=True)
def no_local_copies(monkeypatch, request):
    if "lists_at_hand" not in request.fixturenames:
        monkeypatch.delenv(open_lists.VARIABLE, raising=False)


def test_a_download_is_checked_after_its_line_ends_are_made_plain(tmp_path):
    file = tmp_path / "published.csv"
    file.write_bytes(CRUNCHBASE)
    found = open_lists.fetch("crunchbase_2013", sources(CRUNCHBASE, address=file.as_uri()))
    assert found == CRUNCHBASE.replace(b"\r", b"\n")


def test_another_file_is_refused():
    with pytest.raises(
        open_lists.ChecksumError, match=r"crunchbase_2013: SHA-256 .*6 lines below the header"
    ):
        open_lists.fetch(
            "crunchbase_2013", sources(b"other"), opener=lambda address: io.BytesIO(CRUNCHBASE)
        )


def test_a_failed_download_is_not_hidden():
    def broken(address):
        raise HTTPError(address, 500, "no", {}, None)

    with pytest.raises(HTTPError):
        open_lists.fetch("crunchbase_2013", sources(CRUNCHBASE), opener=broken)
    with pytest.raises(HTTPError):
        open_lists.download_parts("https://example.org/{country}/{industry}.json", broken)


def test_local_copies_are_read_and_checked_instead(tmp_path, monkeypatch):
    monkeypatch.setenv(open_lists.VARIABLE, str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"has no folder/file\.csv"):
        open_lists.fetch("crunchbase_2013", sources(CRUNCHBASE))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file.csv").write_bytes(CRUNCHBASE)
    assert open_lists.fetch("crunchbase_2013", sources(CRUNCHBASE), opener=None).startswith(
        b"permalink"
    )
    with pytest.raises(open_lists.ChecksumError):
        open_lists.fetch("crunchbase_2013", sources(b"other"), opener=None)


def test_an_unknown_list_is_named():
    with pytest.raises(ValueError, match="no list 'x'; there are: crunchbase_2013"):
        open_lists.fetch("x", sources(CRUNCHBASE))


@pytest.mark.parametrize(
    ("summary", "year"),
    [
        ("It makes drugs. The company was founded in 1990 and is based in Rome.", 1990),
        ("The company was incorporated in March 2004 and is headquartered in Oslo.", 2004),
        ("Formed as a spin-off of a works in 1987, it went public in 1999.", 1987),
        ("Established by three chemists in 2001; founded anew in 2010.", 2001),
        ("The company was founded by a chemist. In 2010, it was sold.", None),
        ("It has been known under this name since November 2020.", None),
        ("", None),
        (None, None),
    ],
)
def test_the_rule_for_the_year(summary, year):
    assert open_lists.founding_year(summary) == year


RECORDS = {
    "United States/Biotechnology": {
        "AAA": {
            "long_name": "Aaa, Inc.",
            "city": "Cambridge",
            "state": "MA",
            "summary": "It was founded in 1999.",
        },
        "0AA.F": {
            "long_name": "Aaa, Inc.",
            "city": "Cambridge",
            "state": "MA",
            "summary": "It was founded in 1999.",
        },
        "BBB": {
            "long_name": None,
            "short_name": "BBB CORP",
            "city": "Reno",
            "state": "NV",
            "summary": None,
        },
        "CCC": {"long_name": None, "short_name": None},
    },
    "China/Medical Devices": {
        "1.SZ": {
            "long_name": "Jia Co., Ltd.",
            "city": "Beijing",
            "state": None,
            "summary": "Established in 2003.",
        }
    },
}


def test_symbols_of_one_name_are_one_firm():
    table = open_lists.extract(RECORDS)
    assert list(table["name"]) == ["Aaa, Inc.", "BBB CORP", "Jia Co., Ltd."]
    assert list(table["symbols"]) == ["AAA|0AA.F", "BBB", "1.SZ"]
    assert table["founded_year_from_summary"].fillna(0).tolist() == [1999, 0, 2003]
    assert "summary" not in table
    assert open_lists.extract({}).empty


def test_all_parts_are_asked_for_and_missing_ones_left_out():
    asked = []

    def opener(address):
        asked.append(address)
        for part, records in RECORDS.items():
            country, industry = (quote(word) for word in part.split("/"))
            if address == f"https://example.org/{country}/{industry}.json":
                return io.BytesIO(json.dumps(records).encode())
        raise HTTPError(address, 404, "not found", {}, None)

    address = "https://example.org/{country}/{industry}.json"
    assert open_lists.download_parts(address, opener) == RECORDS
    assert len(asked) == len(open_lists.EXTRACT_COUNTRIES) * len(open_lists.INDUSTRIES)
    assert "https://example.org/United%20States/Drug%20Manufacturers%20-%20General.json" in asked
    data = open_lists.extract(RECORDS).to_csv(index=False, lineterminator="\n").encode()
    wanted = sources(data, "financedatabase_2022", address)
    found = open_lists.read(
        "financedatabase_2022", open_lists.fetch("financedatabase_2022", wanted, opener)
    )
    assert list(found["country"]) == ["USA", "USA", "China"]
    assert list(found["industry"]) == ["biotechnology", "biotechnology", "other_health"]


def test_crunchbase_is_read_counted_and_placed(places, aliases):
    rows = open_lists.read("crunchbase_2013", open_lists.lf(CRUNCHBASE))
    assert len(rows) == 5
    rows["region"] = open_lists.regions(rows, Gazetteer(places), aliases)
    assert list(rows["region"]) == [
        "San Francisco Bay Area",
        "New York",
        "New York",
        "unknown",
        "other",
    ]
    counts = open_lists.count(rows)
    assert counts["firms"].sum() == 5
    assert counts["year"].isna().sum() == 1
    assert (
        counts.query("region == 'New York' and industry == 'other_health'")["year"].item() == 2001
    )


@pytest.mark.parametrize(
    ("country", "city", "state", "region"),
    [
        ("USA", "EmeryVille", "CA", "San Francisco Bay Area"),
        ("USA", "Wilmington", "DE", "Philadelphia"),
        ("USA", "Wilmington", "MA", "Boston"),
        ("USA", "Wilmington", "NC", "other"),
        ("USA", "Boulder", "CO", "other"),
        ("USA", "Washington", "DC", "Washington-Baltimore"),
        ("China", "Shanghai", "", "Shanghai"),
        ("China", "Tianjin", "", "Bohai Rim without Beijing"),
        ("China", "Suzhou", "", "Yangtze River Delta without Shanghai"),
        ("China", "Ji'an", "", "other"),
        ("China", "", "", "unknown"),
    ],
)
def test_towns_are_placed(country, city, state, region, places, aliases):
    row = pd.DataFrame([{"country": country, "metro": "", "city": city, "state": state}])
    assert open_lists.regions(row, Gazetteer(places), aliases).tolist() == [region]


def test_every_place_of_the_register_has_a_region_of_comparison(places):
    allowed = next(
        c.allowed for c in contract.contracts()["open_list_regions"].columns if c.name == "region"
    )
    home = places[places["country"].isin(["USA", "China"])]
    assert set(open_lists.region_of_firm(home)) <= set(allowed)


def test_the_committed_counts_are_what_was_measured():
    counts = tables.read(open_lists.COUNTS)
    dated = counts[counts["year"].notna()].groupby(["list", "country"])["firms"].sum()
    assert dated["financedatabase_2022", "USA"] == 1265
    assert dated["financedatabase_2022", "China"] == 377
    biotech = counts[
        (counts["list"] == "crunchbase_2013") & (counts["industry"] == "biotechnology")
    ]
    assert (biotech["firms"].sum(), biotech.loc[biotech["year"].notna(), "firms"].sum()) == (
        2060,
        1192,
    )


@pytest.fixture
def lists_at_hand():
    if not os.environ.get(open_lists.VARIABLE):
        pytest.skip(
            f"NOT CHECKED: {open_lists.VARIABLE} is not set, so the counts of the open lists were"
            " not derived again"
        )


def test_the_counts_are_derived_again_from_the_lists(lists_at_hand, capsys):
    sources_table = tables.read(open_lists.SOURCES)
    for source in sources_table.itertuples():
        assert (
            len(
                pd.read_csv(
                    io.BytesIO(open_lists.fetch(source.list, sources_table)), encoding="mac_roman"
                )
            )
            == source.rows
        )
    pd.testing.assert_frame_equal(
        open_lists.derive().reset_index(drop=True),
        tables.read(open_lists.COUNTS),
        check_dtype=False,
    )
    assert open_lists.main(["--check"]) == 0
    assert "agrees" in capsys.readouterr().out


@pytest.fixture
def small():
    frames = pd.DataFrame(
        {
            "frame": ["us"],
            "country": ["USA"],
            "includes": ["scope=entry"],
            "carries_shares": ["yes"],
        }
    )
    periods = pd.DataFrame(
        {"period": ["old", "new"], "first_year": [1900, 1990], "last_year": [1989, 2100]}
    )
    places = pd.DataFrame(
        {
            "place_id": ["b", "d"],
            "country": "USA",
            "metro": ["Boston", "Denver"],
            "economic_region": "x",
        }
    )
    entries = pd.DataFrame(
        {
            "country": "USA",
            "scope": "entry",
            "mode": "start_up",
            "place_id": ["b", "b", "b", "d", None, "b"],
            "entry_year": pd.array([1985, 1991, 1992, 1995, 1994, None], dtype="Int64"),
            "period": ["old", "new", "new", "new", "new", "unknown"],
        }
    )
    rows = [
        ("Boston", 1980, 2),
        ("other", 1985, 4),
        ("Seattle", 1990, 2),
        ("Boston", 2010, 90),
        ("unknown", 1990, 2),
    ]
    counts = pd.DataFrame(rows, columns=["region", "year", "firms"]).astype({"year": "Int64"})
    counts = counts.assign(list="l", country="USA", industry="biotechnology")
    return entries, frames, counts, places, periods


def test_spreads_are_compared_up_to_the_last_year_of_the_frame(small):
    table = representation.representation(*small).set_index(["dimension", "category"])
    boston, seattle = table.loc[("region", "Boston")], table.loc[("region", "Seattle")]
    assert (boston["until"], boston["entries"], boston["n"], boston["firms"], boston["n2"]) == (
        1995,
        3,
        4,
        2,
        8,
    )
    assert boston["ratio"] == pytest.approx(3)
    assert boston["low"] < 3 < boston["high"]
    assert seattle["ratio"] == 0
    assert math.isnan(seattle["low"])
    assert table.loc[("period", "old"), ["entries", "n", "firms", "n2"]].tolist() == [1, 5, 6, 10]


def test_chinese_works_from_before_the_reforms_are_on_neither_side(small):
    entries, frames, counts, places, periods = (table.replace("USA", "China") for table in small)
    entries = entries.assign(mode=["backbone", *["start_up"] * 5])
    table = representation.representation(entries, frames, counts, places, periods)
    assert (table["dimension"] == "region").sum()
    assert set(table.loc[table["dimension"] == "period", "category"]) == {"new"}
    assert (table.loc[table["dimension"] == "period", ["n", "n2"]] == [4, 4]).all(axis=None)


def test_a_category_that_the_list_does_not_have_is_undefined():
    rows = representation.beside(pd.Series({"a": 2, "b": 2}), pd.Series({"a": 5}))
    assert rows[0]["ratio"] == pytest.approx(0.5)
    assert math.isnan(rows[1]["ratio"])
    assert math.isnan(representation.beside(pd.Series(dtype=int), pd.Series({"a": 5}))[0]["share"])


def test_dissimilarity_is_the_part_that_would_have_to_move(small):
    found = representation.distance(representation.representation(*small), draws=99).set_index(
        "dimension"
    )
    # ours 3/4, 1/4, 0; theirs 2/8, 4/8, 2/8
    assert found.loc["region", "dissimilarity"] == pytest.approx(0.5)
    assert found.loc["period", "dissimilarity"] == pytest.approx(0.4)
    same = representation.representation(*small).assign(share2=lambda rows: rows["share"])
    assert (representation.distance(same, draws=99)["dissimilarity"] == 0).all()
