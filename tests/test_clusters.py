"""Step 03: clusters counted and described, on hand-made entries and on the real register."""

import math

import pandas as pd
import pytest

from cluster_anatomy import tables
from cluster_anatomy.firms.sites import BIO_BASE, bases_and_parks, by_province, torch_bases
from cluster_anatomy.methods import shares, similarity
from cluster_anatomy.study import cluster_composition, cluster_genesis


def entries(*rows, country="China"):
    columns = ["firm_id", "cluster", "entry_year", "label", "paper_type"]
    table = pd.DataFrame(rows, columns=columns).assign(
        country=country, region=lambda one: one["cluster"]
    )
    table = table.assign(
        name_en=table["firm_id"], name_zh=pd.NA, source="x", reach="home", evidence_used=pd.NA
    )
    return table.assign(
        frame="f", source_urls=pd.NA, entry_year=table["entry_year"].astype("Int64")
    )


@pytest.fixture
def some():
    return entries(
        ("a1", "A", 1950, "state_backbone", "backbone"),
        ("a2", "A", 1990, "academic_startup", "a_academic"),
        ("a3", "A", 1991, "academic_spinoff", "a_academic"),
        ("a4", "A", 1991, "unknown", "unknown"),
        ("a5", "A", None, "subsidiary_foreign", "c_subsidiary"),
        ("b1", "B", 1995, "subsidiary_domestic", "c_subsidiary"),
        ("c1", "C", 2000, "unknown", "unknown"),
        ("d1", None, 2001, "academic_startup", "a_academic"),
    )


# bases and parks


def test_inferred_years_are_marked_and_rows_of_the_paper_alone_do_not_count():
    bases = pd.DataFrame(
        [
            ("b", "X", "P", "torch", 2001, "https://x", pd.NA),
            ("only", "X", "P", "torch", 2002, "seed", pd.NA),
            ("open", "X", "P", "torch", pd.NA, "seed|https://x", pd.NA),
        ],
        columns=["base", "city", "province", "kind", "year", "source_url", "note"],
    )
    parks = pd.DataFrame(
        [
            ("p", "X", "P", 1991, "https://x", "inferred: what is left"),
            ("q", "Y", "Q", 2012, "https://x", "stated: 2012"),
        ],
        columns=["park", "city", "province", "year", "source_url", "note"],
    )
    sites = bases_and_parks(bases, parks).set_index("name")
    assert sites["year_basis"].fillna("").to_dict() == {
        "b": "stated",
        "only": "stated",
        "open": "",
        "p": "inferred",
        "q": "stated",
    }
    counted = by_province(sites.reset_index(), ["P", "Q", "R"], 2010)
    assert counted.loc["P", ["bases", "bases_undated", "parks"]].tolist() == [1, 1, 1]
    assert counted.loc[["Q", "R"], "parks"].tolist() == [0, 0]
    assert counted["first_park"].isna().tolist() == [False, True, True]


def test_the_real_lists_hold_what_they_are_known_to_hold(raw):
    bases, parks = (tables.read(f"data/raw/aggregates/{name}.csv") for name in ("bases", "parks"))
    sites = bases_and_parks(bases, parks)
    assert len(sites) == len(bases) + len(parks)
    assert (
        (sites["year_basis"] == "inferred").sum()
        == parks["note"].str.startswith("inferred").sum()
        == 18
    )
    provinces = list(tables.read("data/raw/coding/provinces.csv")["province"])
    torch = tables.read("data/raw/aggregates/cn_jst_2009_torch_bases_by_province.csv")
    counted = torch_bases(torch, raw.gazetteer, provinces)
    assert counted.sum() == 133
    assert counted["Jiangsu"] == 37 + 3


def test_half_of_the_kinds_are_our_reading_and_taizhou_is_the_one_in_jiangsu(raw):
    paper = cluster_genesis.kinds(tables.read("data/raw/places/clusters.csv"), raw.gazetteer)
    assert paper.groupby("kind_by").size().to_dict() == {"paper": 6, "reading": 6}
    assert paper.set_index("name_in_paper").loc[
        ["Suzhou / Kunshan", "Taizhou"], "cluster"
    ].tolist() == [
        "Suzhou",
        "Taizhou",
    ]


# counting


def test_counts_leave_unknown_origins_and_places_out_and_say_how_many(some):
    table = cluster_composition.counts(some)
    assert table.loc["A"].to_dict() == {"a_academic": 2, "backbone": 1, "c_subsidiary": 1}
    assert list(cluster_composition.counts(some, smallest=2).index) == ["A"]
    hit = shares.count_where(some[some["cluster"] == "A"], "paper_type", ["a_academic"])
    assert (hit["count"], hit["n"], hit["unknown"], hit["bound_high"]) == (2, 4, 1, 3)
    years = shares.count_until(some["entry_year"], 1991)
    assert (years["count"], years["n"], years["unknown"]) == (4, 7, 1)


def test_first_entrants_keep_ties_and_leave_pre_reform_works_out(some):
    table = cluster_genesis.first_entrants(some, 2)
    assert table[table["cluster"] == "A"][["firm_id", "place"]].to_numpy().tolist() == [
        ["a2", 1],
        ["a3", 2],
        ["a4", 2],
    ]


def test_cumulated_entries_run_over_every_year_and_end_at_the_dated_total(some):
    table = cluster_genesis.cumulated(some)
    assert table[table["cluster"] == "A"]["cumulated"].tolist() == [1, 3]
    assert table.groupby("cluster")["entries"].sum().to_dict() == {"A": 3, "B": 1, "C": 1}


@pytest.mark.parametrize(
    ("years", "answer"),
    [
        ([1985, 1996, 1998, 1999, 2000, 2000, 2010], 1996),
        ([1990, 1991, 1992, 1993], None),  # fewer than five
        ([1990, 1991, 1992, 1993, None], None),  # a firm without a year does not help
        (list(range(1950, 2000, 7)), None),  # never dense
        ([1990, 1991, 1992, 1993, 1994] + [2000] * 20, 2000),  # a third of twenty-five is nine
    ],
)
def test_take_off(years, answer):
    found = cluster_genesis.take_off(pd.Series(years, dtype="Int64"))
    assert pd.isna(found) if answer is None else found == answer


def test_a_source_elsewhere_is_seen_beside_one_abroad():
    table = entries(
        ("f", "A", 1990, "x", "x"), ("g", "A", 1990, "x", "x"), ("h", "A", 1990, "x", "x")
    )
    rows = pd.DataFrame(
        [
            ("f", "founder", "university", "China", "B", "at_entry"),
            ("f", "parent", "foreign_firm", "USA", "Boston", "at_entry"),
            ("g", "founder", "university", "China", "A", "at_entry"),
            ("g", "parent", "x", "China", "B", "later"),
            ("h", "founder", "university", "China", None, "at_entry"),
        ],
        columns=["firm_id", "role", "org_type", "country", "region", "timing"],
    )
    assert cluster_composition.has_source(table, rows, "elsewhere").tolist() == [
        "yes",
        "no",
        "unknown",
    ]
    assert cluster_composition.has_source(table, rows, "abroad").tolist() == [
        "yes",
        "no",
        "unknown",
    ]
    assert cluster_composition.has_source(table, rows, "home").tolist() == ["no", "yes", "unknown"]


def test_central_officials_are_founders_from_bodies_in_beijing():
    table = entries(("f", "A", 1990, "x", "x"), ("g", "A", 1990, "x", "x"))
    rows = pd.DataFrame(
        [
            ("f", "founder", "government", "Beijing", "at_entry"),
            ("g", "parent", "government", "Beijing", "at_entry"),
        ],
        columns=["firm_id", "role", "org_type", "region", "timing"],
    )
    assert cluster_composition.central_officials(table, rows).tolist() == [True, False]


# correspondence analysis


def test_a_table_of_two_columns_has_no_second_axis():
    points = cluster_composition.map_table(
        "China", pd.DataFrame([[3, 1], [1, 3], [2, 2]], index=list("abc"), columns=["x", "y"])
    )
    assert points["axis2"].isna().all()
    assert (points["axis1_share"] == 1).all()
    assert (points["axis2_share"] == 0).all()


# location quotients


def test_where_nothing_is_at_risk_the_quotient_is_undefined_not_nought(some):
    table = cluster_composition.origin_quotients("China", some).set_index(["place", "category"])
    assert table.loc[("C", "a_academic"), "value"] != table.loc[("C", "a_academic"), "value"]
    assert table.loc[("B", "a_academic"), "value"] == 0
    assert table.loc[("B", "c_subsidiary"), "value"] == pytest.approx(1 / (2 / 5))
    sites = pd.DataFrame(
        {"programme": BIO_BASE, "only_paper": "no", "province": ["P", "P", "Q", "R"]}
    )
    torch = pd.Series([2, 6, 0], index=pd.Index(["P", "Q", "R"], name="province"))
    value = cluster_composition.base_quotients(sites, torch).set_index("place")["value"]
    assert value[["P", "Q"]].tolist() == pytest.approx([2, 1 / 3])
    assert math.isnan(value["R"])


# growth of regions


def test_growth_compares_one_source_with_itself_only():
    numbers = pd.DataFrame(
        [
            ("J", 2005, 10.0, "s"),
            ("J", 2010, 40.0, "s"),
            ("J", 2012, 90.0, "other source"),
            ("S", 2009, 5.0, "s"),
        ],
        columns=["region", "period_end", "value", "source_citation"],
    ).assign(measure="revenue", category="all", unit="CNY")
    table = cluster_genesis.growth(numbers)
    assert table[["region", "ratio"]].to_numpy().tolist() == [["J", 4.0]]
    assert table["per_year"].iloc[0] == pytest.approx(4**0.2 - 1)


# the real register


@pytest.fixture(scope="module")
def real():
    return tables.read("data/processed/entries.csv")


def test_profiles_count_every_placed_entry_once(real):
    table = tables.read("data/processed/cluster_profiles.csv")
    assert table["entries"].sum() == real["cluster"].notna().sum()
    assert (
        table[list(cluster_genesis.GROUPS.values())].sum(axis=1) + table["unknown"]
        == table["entries"]
    ).all()
    assert (table["dated"] + table["undated"] + table["backbone"] == table["entries"]).all()


def test_the_committed_test_of_kinds_is_found_again_without_its_code(real, raw):
    paper = cluster_genesis.kinds(tables.read("data/raw/places/clusters.csv"), raw.gazetteer)
    kinds = paper.set_index("cluster")["kind"]
    profiles = tables.read("data/processed/cluster_profiles.csv")
    chinese = profiles[(profiles["country"] == "China") & profiles["group"].notna()]
    assert (chinese["known"] >= 5).all()
    register = tables.read("data/processed/results/04_cluster_composition.csv").set_index("id")
    value = similarity.adjusted_rand(
        list(chinese["group"]), list(kinds.reindex(chinese["cluster"]))
    )
    assert register.loc["clusters_paper_kinds_ari", "value"] == pytest.approx(value)
    assert register.loc["clusters_paper_kinds_ari", "n"] == len(chinese)


def test_quotients_of_the_register_are_those_of_the_frame_they_name(real):
    table = tables.read("data/processed/location_quotients.csv")
    usa = table[(table["country"] == "USA") & (table["category"] == "a_academic")].set_index(
        "place"
    )
    known = real[
        (real["country"] == "USA") & (real["label"] != "unknown") & real["cluster"].notna()
    ]
    boston = shares.share(int(usa.loc["Boston", "count"]), int(usa.loc["Boston", "place_total"]))[
        "value"
    ]
    overall = (known["paper_type"] == "a_academic").mean()
    assert usa.loc["Boston", "value"] == pytest.approx(boston / overall, abs=1e-4)
    assert table.loc[table["place_total"] == 0, "value"].isna().all()
