"""Clusters counted and described, on hand-made entries and on the real register."""

import math

import pandas as pd
import pytest

from cluster_anatomy import tables
from cluster_anatomy.firms import clusters, compositions
from cluster_anatomy.firms.sites import (
    BIO_BASE,
    TORCH_BASE,
    base_quotients,
    bases_and_parks,
    by_province,
    torch_bases,
)
from cluster_anatomy.firms.sources import central_officials, has_source
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


def counted(number):
    return number["count"], number["n"], number["unknown"]


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
    paper = clusters.kinds(tables.read("data/raw/places/clusters.csv"), raw.gazetteer)
    assert paper.groupby("kind_by").size().to_dict() == {"paper": 6, "reading": 6}
    assert paper.set_index("name_in_paper").loc[
        ["Suzhou / Kunshan", "Taizhou"], "cluster"
    ].tolist() == [
        "Suzhou",
        "Taizhou",
    ]


# counting


def test_counts_leave_unknown_origins_and_places_out_and_say_how_many(some):
    table = compositions.counts(some)
    assert table.loc["A"].to_dict() == {"a_academic": 2, "backbone": 1, "c_subsidiary": 1}
    assert list(compositions.counts(some, smallest=2).index) == ["A"]
    hit = shares.count_where(some[some["cluster"] == "A"], "paper_type", ["a_academic"])
    assert (hit["count"], hit["n"], hit["unknown"], hit["bound_high"]) == (2, 4, 1, 3)
    years = shares.count_until(some["entry_year"], 1991)
    assert (years["count"], years["n"], years["unknown"]) == (4, 7, 1)


def test_first_entrants_keep_ties_and_leave_pre_reform_works_out(some):
    table = clusters.first_entrants(some, 2)
    assert table[table["cluster"] == "A"][["firm_id", "place"]].to_numpy().tolist() == [
        ["a2", 1],
        ["a3", 2],
        ["a4", 2],
    ]


def test_cumulated_entries_run_over_every_year_and_end_at_the_dated_total(some):
    table = clusters.cumulated(some)
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
    found = clusters.take_off(pd.Series(years, dtype="Int64"))
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
    assert has_source(table, rows, "elsewhere").tolist() == [
        "yes",
        "no",
        "unknown",
    ]
    assert has_source(table, rows, "abroad").tolist() == [
        "yes",
        "no",
        "unknown",
    ]
    assert has_source(table, rows, "home").tolist() == ["no", "yes", "unknown"]


def test_central_officials_are_founders_from_bodies_in_beijing():
    table = entries(("f", "A", 1990, "x", "x"), ("g", "A", 1990, "x", "x"))
    rows = pd.DataFrame(
        [
            ("f", "founder", "government", "Beijing", "at_entry"),
            ("g", "parent", "government", "Beijing", "at_entry"),
        ],
        columns=["firm_id", "role", "org_type", "region", "timing"],
    )
    assert central_officials(table, rows).tolist() == [True, False]


# correspondence analysis


def test_a_table_of_two_columns_has_no_second_axis():
    points = compositions.map_table(
        "China", pd.DataFrame([[3, 1], [1, 3], [2, 2]], index=list("abc"), columns=["x", "y"])
    )
    assert points["axis2"].isna().all()
    assert (points["axis1_share"] == 1).all()
    assert (points["axis2_share"] == 0).all()


# location quotients


def test_where_nothing_is_at_risk_the_quotient_is_undefined_not_nought(some):
    table = compositions.origin_quotients("China", some).set_index(["place", "category"])
    assert table.loc[("C", "a_academic"), "value"] != table.loc[("C", "a_academic"), "value"]
    assert table.loc[("B", "a_academic"), "value"] == 0
    assert table.loc[("B", "c_subsidiary"), "value"] == pytest.approx(1 / (2 / 5))
    sites = pd.DataFrame(
        {"programme": BIO_BASE, "only_paper": "no", "province": ["P", "P", "Q", "R"]}
    )
    torch = pd.Series([2, 6, 0], index=pd.Index(["P", "Q", "R"], name="province"))
    value = base_quotients(sites, torch).set_index("place")["value"]
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
    shown = cluster_genesis.growth_table(numbers)
    assert shown.loc["J", ["years", "ratio", "growth a year, %"]].tolist() == [
        "2005 to 2010",
        4,
        32,
    ]


# what is quoted and drawn of how clusters began


def test_bases_are_counted_up_to_a_year_and_undated_ones_are_unknown():
    sites = pd.DataFrame(
        [
            ("P", "Tonghua", "base", TORCH_BASE, 2001, "stated", "no"),
            ("Q", "X", "base", BIO_BASE, pd.NA, pd.NA, "no"),
            ("P", "Y", "base", BIO_BASE, 2012, "stated", "no"),
            ("P", "Y", "park", "zone", 1991, "inferred", "no"),
            ("R", "Z", "park", "zone", 1992, "stated", "yes"),
        ],
        columns=["province", "city", "kind", "programme", "year", "year_basis", "only_paper"],
    ).astype({"year": "Int64"})
    numbers = cluster_genesis.base_counts(sites, ["P", "Q", "R"], 2010)
    assert (numbers["bases_listed"], numbers["parks_listed"]) == (3, 1)
    assert numbers["bases_to_end"]["count"] == 1
    assert counted(numbers["base_provinces"]) == (1, 2, 1)
    assert counted(numbers["parks_inferred"]) == (1, 1, 0)
    assert (numbers["torch_bases_named"], numbers["tonghua_torch_bases"]) == (1, 1)


def test_provinces_with_equally_many_bases_share_a_rank():
    by = pd.DataFrame(
        {"torch_bases": [5, 9, 5], "bases": [1, 4, 2], "parks": [3, 0, 3]}, index=["P", "Q", "R"]
    )
    ranks = cluster_genesis.base_ranks(by, ["P", "R"]).set_index(["measure", "province"])
    assert ranks["rank"].to_dict() == {
        ("torch_bases", "P"): 2,
        ("torch_bases", "R"): 2,
        ("parks", "P"): 1,
        ("parks", "R"): 1,
    }
    drawn = cluster_genesis.bases_drawn(by, most=2)
    assert drawn["label"].tolist() == ["Q", "R"] * 2
    assert drawn["value"].tolist() == [4, 2, 0, 3]


@pytest.fixture
def begun():
    columns = ["kind", "institutes", "entries", "local_first", "pre_reform_works"]
    rows = {
        "Beijing": ("endogenous", 4, 10, 2, 1),
        "Tonghua": ("endogenous", 0, 6, 0, 2),
        "Shenzhen": ("policy_induced", 0, 8, 0, 0),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def test_endowments_are_counted_by_kind_of_cluster(begun):
    numbers = cluster_genesis.endowment_numbers(begun)
    assert counted(numbers["institutes_endogenous"]) == (1, 2, 0)
    assert counted(numbers["institutes_policy"]) == (0, 1, 0)
    assert numbers["shenzhen_entries"] == 8
    works = cluster_genesis.backbone_counts(begun).set_index("slug")
    assert works[["count", "n"]].to_numpy().tolist() == [[1, 10], [2, 6], [0, 8]]
    drawn = cluster_genesis.endowments_drawn(begun)
    assert drawn.index.tolist()[-1] == "Shenzhen (policy-induced)"
    assert drawn.iloc[-1].tolist() == [0, 0, 0]
    assert not cluster_genesis.endowments_as_said(begun, begun["institutes"])


def test_take_offs_are_counted_among_clusters_with_enough_dated_entries():
    described = pd.DataFrame(
        [
            ("China", "A", 6, 1996),
            ("China", "B", 6, None),
            ("China", "C", 2, None),
            ("USA", "San Diego", 7, 1981),
        ],
        columns=["country", "cluster", "dated", "take_off"],
    )
    counts, years = cluster_genesis.take_offs(described, 5)
    assert counts.set_index("country")[["count", "n"]].to_numpy().tolist() == [[1, 2], [1, 1]]
    assert years[["slug", "value"]].to_numpy().tolist() == [["a", 1996], ["san_diego", 1981]]


def test_only_larger_clusters_are_drawn_as_they_grow(some):
    drawn = cluster_genesis.growth_drawn(some, 2, "China")
    assert drawn[["series", "year", "value"]].to_numpy().tolist() == [
        ["A", 1990, 1],
        ["A", 1991, 3],
    ]


def test_a_cluster_that_stands_still_is_drawn_to_the_end(some):
    drawn = cluster_genesis.growth_drawn(some, 1, "China").set_index(["series", "year"])["value"]
    assert drawn.loc[("A", 2000)] == 3
    assert drawn["B"].to_dict() == dict.fromkeys(range(1995, 2001), 1)
    assert drawn["C"].to_dict() == {2000: 1}


def test_endowments_stand_beside_the_kind_and_the_number_of_entries(some):
    paper = pd.DataFrame({"cluster": ["A", "B"], "kind": ["endogenous", "policy_induced"]})
    endowed = pd.DataFrame({"institutes": [2, 0]}, index=["A", "B"])
    begun = cluster_genesis.beginnings(paper, endowed, some)
    assert begun.loc["A"].to_dict() == {"kind": "endogenous", "institutes": 2, "entries": 5}
    assert begun.loc["B", "entries"] == 1


def test_firms_of_one_first_year_share_a_row(some):
    paper = pd.DataFrame({"cluster": ["A", "B"]})
    twins = some.assign(entry_year=some["entry_year"].replace({1991: 1990}))
    shown = cluster_genesis.pioneers(clusters.first_entrants(twins), paper)
    assert shown["year"].to_dict() == {"A": 1990, "B": 1995}
    assert shown.loc["A", "firm"] == "a2; a3; a4"
    assert shown.loc["B", "origin"] == "Domestic subsidiary"


@pytest.fixture
def dated():
    firms = [
        (key, "A", year, "academic_startup", "a_academic")
        for key, year in zip(cluster_genesis.DATED.values(), (1988, 1989, 1988, pd.NA), strict=True)
    ]
    table = entries(*firms).assign(entry_year_low=1987, named_in_paper="yes")
    return table.assign(entry_year_high=table["entry_year"], source_urls="seed|https://a|https://b")


def test_quoted_years_come_with_their_span_and_addresses(dated):
    years = cluster_genesis.dated_firms(dated).set_index("name")
    assert years.loc["kexing", ["value", "low", "high", "addresses"]].tolist() == [
        1989,
        1987,
        1989,
        2,
    ]
    assert pd.isna(years.loc["yangtze_river", "value"])
    assert years.loc["diao", "firm"] == cluster_genesis.DATED["diao"]


def test_firms_that_the_paper_names_and_that_are_dated_before_kexing(dated):
    assert cluster_genesis.named_before_kexing(dated) == {"biosino", "diao"}
    other = entries(("x", "A", 1980, "unknown", "unknown")).assign(named_in_paper="yes")
    assert cluster_genesis.named_before_kexing(pd.concat([dated, other])) == {
        "biosino",
        "diao",
        "x",
    }


def test_entrants_before_a_firm_leave_works_and_undated_ones_out(some):
    named = some.assign(named_in_paper=some["firm_id"].eq("a2").map({True: "yes", False: "no"}))
    numbers = cluster_genesis.before_numbers(named, "b1")
    assert cluster_genesis.before(named, "b1")["firm_id"].tolist() == ["a2", "a3", "a4"]
    assert counted(numbers["entries_before_kexing"]) == (3, 5, 1)
    assert numbers["entries_before_kexing_in_paper"] == 1


def test_published_totals_of_bases_are_added():
    by_field = ("torch bases by field", "biology and new drugs", "China", 2008, 20)
    columns = ["measure", "category", "region", "period_end", "value"]
    whole = "torch programme specialised industrial bases"
    torch = pd.DataFrame(
        [by_field, (whole, "all", "China", 2006, 133), (whole, "all", "China", 2008, 200)],
        columns=columns,
    )
    bio = pd.DataFrame([("national bio-industry bases (NDRC)", 12)], columns=["measure", "value"])
    stated = {
        "science parks under the torch programme": 54,
        "national-level pharmaceutical and biotechnology industrial bases": 32,
        "provinces with at least one such base": 22,
    }
    paper = pd.DataFrame(stated.items(), columns=["measure", "value"])
    published = dict(zip(cluster_genesis.BASES, (torch, bio, paper), strict=True))
    numbers = cluster_genesis.published_bases(published)
    assert numbers["bases_published_sum"] == 32
    assert numbers["torch_bases_end_of_last_count"] == 200
    assert numbers["paper_parks"] == 54


def test_what_open_numbers_say_of_regions():
    regional = pd.DataFrame(
        [("Jiangsu", 2005, 10.0), ("Jiangsu", 2010, 40.0)],
        columns=["region", "period_end", "value"],
    ).assign(measure="revenue", category="biopharma", unit="billion CNY", source_citation="s")
    shift = pd.DataFrame({"category": ["competitive edge", "both"], "value": [7, 5]})
    numbers = cluster_genesis.region_numbers(regional, shift)
    assert numbers["jiangsu_revenue_ratio"] == {"value": 4, "first_year": 2005, "last_year": 2010}
    assert (numbers["biopharma_output_numbers"], numbers["regional_pairs"]) == (2, 0)
    assert counted(numbers["shift_share_edge"]) == (12, 31, 0)


# what is quoted and drawn of what clusters are made of


@pytest.fixture
def paper():
    return pd.DataFrame({"cluster": ["A", "B"], "kind": ["endogenous", "policy_induced"]})


def test_shares_of_types_are_compared_between_kinds(some, paper):
    of_kinds = cluster_composition.of_kinds(some, paper)
    assert of_kinds["firm_id"].tolist() == ["a2", "a3", "a4", "a5", "b1"]
    shares_of = cluster_composition.shares_by_kind(of_kinds)
    by = shares_of.set_index(["kind", "word"])[["count", "n", "unknown"]]
    assert by.loc[("endogenous", "academic")].tolist() == [2, 3, 1]
    assert by.loc[("policy_induced", "subsidiary")].tolist() == [1, 1, 0]
    difference = cluster_composition.kind_differences(shares_of).set_index("word")["value"]
    assert difference.to_dict() == pytest.approx({"academic": 2 / 3, "subsidiary": -2 / 3})
    led = cluster_composition.led_clusters(compositions.counts(some), paper)
    assert {name: counted(value) for name, value in led.items()} == {
        "academic_led_endogenous": (1, 1, 0),
        "subsidiary_led_endogenous": (0, 1, 0),
        "subsidiary_led_policy": (1, 1, 0),
    }


def test_the_smaller_side_of_the_first_cut_is_the_odd_one_out():
    members = pd.DataFrame({"group": [1, 1, 2], "group_support": 0.4}, index=["A", "B", "C"])
    branches = pd.DataFrame(
        {"members": ["A|B|C", "A|B"], "height": [0.5, 0.123], "support": [1.0, 0.456]}
    )
    trees = {"China": (branches, members)}
    assert cluster_composition.odd_branch(trees) == ["C"]
    drawn = cluster_composition.tree_drawn(trees, "China")
    assert drawn.index.tolist() == ["all but C", "all"]
    assert drawn.to_numpy().tolist() == [[0.12, 46], [0.5, 100]]
    table = pd.DataFrame({"x": [3, 1, 2], "y": [1, 0, 2]}, index=["A", "B", "C"])
    compared = cluster_composition.compared_counts({"China": table}, trees).iloc[0]
    assert (compared["count"], compared["n"], compared["support"]) == (3, 9, 0.4)


@pytest.fixture
def alike():
    rows = [(cluster, kind) for cluster in "AB" for kind in ["x"] * 5 + ["y"] * 5]
    table = pd.DataFrame(rows, columns=["cluster", "paper_type"])
    return table.assign(mode="start_up", country="USA", scope="entry", us_sample="frame")


def test_clusters_that_are_all_alike_do_not_differ(alike):
    frames = pd.DataFrame({"frame": ["us"], "country": "USA", "includes": "us_sample=frame"})
    frames["carries_shares"] = "yes"
    tests = cluster_composition.tests_of_difference(alike, frames, {"USA": "us"}, "paper_type", 5)
    assert tests[["place", "clusters", "value", "n"]].to_numpy().tolist() == [
        ["usa", "A, B", 1, 20]
    ]


def test_clusters_of_a_frame_that_carries_no_shares_are_not_tested(alike):
    frames = pd.DataFrame({"frame": ["us_all"], "country": "USA", "includes": "scope=entry"})
    frames["carries_shares"] = "no"
    with pytest.raises(ValueError, match="'us_all' cannot carry shares"):
        cluster_composition.tests_of_difference(alike, frames, {"USA": "us_all"}, "paper_type", 5)


def test_the_variant_quoted_is_told_beside_the_extremes_of_all():
    columns = ["origin", "measure", "kinds", "groups", "n", "ways", "rand", "rand_p", "rand_least"]
    variants = pd.DataFrame(
        [
            ("paper_type", "hellinger", "all", 2, 10, 252, 0.1, 0.3, 0.25, 2, 0.02, 0.4, 0.04),
            ("paper_type", "hellinger", "stated", 2, 5, 10, 0.2, 0.5, 0.1, 3, 0.03, 0.6, 0.1),
            ("label", "hellinger", "all", 2, 10, 252, 0.7, 0.05, 0.03, 4, 0.01, 0.04, 0.04),
        ],
        columns=[*columns, "rand_values", "gap", "gap_p", "gap_least"],
    )
    numbers = cluster_composition.kind_numbers(variants, "paper_type", "hellinger", 2)
    assert numbers["clusters_paper_kinds_ari"] == {"value": 0.1, "n": 10}
    assert numbers["clusters_paper_kinds_least_p"] == {"value": 0.25, "n": 10}
    assert numbers["clusters_paper_kinds_values"] == 2
    assert numbers["clusters_stated_kinds_ways"] == 10
    assert numbers["clusters_kinds_ari_highest"] == {"value": 0.7, "number": 3}
    assert numbers["clusters_kinds_lowest_p"] == {"value": 0.04, "number": 3}
    assert numbers["clusters_kinds_least_p"] == {"value": 0.03, "number": 3}
    assert counted(numbers["clusters_kinds_undecidable"]) == (2, 3, 0)
    assert numbers["clusters_kinds_gap_least_p"] == {"value": 0.04, "n": 10}
    shown = cluster_composition.kinds_table(variants, "hellinger", 2)
    by_types = shown.loc[("the paper's types", "all")]
    assert by_types.tolist() == [10, 252, 0.1, 0.3, 0.25, 0.02, 0.4, 0.04]


def test_two_kinds_of_which_one_stands_alone_cannot_be_told_apart():
    """Seven clusters alike and one that differs, kinds six to two: two values, least p 0.25."""
    kinds = ["endogenous"] * 6 + ["policy_induced"] * 2
    paper = pd.DataFrame({"cluster": list("ABCDEFGH"), "kind": kinds, "kind_by": "paper"})
    origin = ["a_academic"] * 3 + ["c_subsidiary"] * 2
    rows = [(name, kind) for name in "BCDEFGH" for kind in origin] + [("A", "d_relocation")] * 5
    table = pd.DataFrame(rows, columns=["cluster", "paper_type"])
    table = table.assign(label=table["paper_type"])
    variants = compositions.agreement(table, paper, 5, groups=(2,))
    found = variants[(variants["origin"] == "paper_type") & (variants["kinds"] == "all")].iloc[0]
    assert (found["ways"], found["rand_values"], found["rand_least"]) == (28, 2, 0.25)


def test_clusters_of_each_country_are_compared_by_themselves(some):
    abroad = some.assign(country="USA", cluster=some["cluster"].replace("A", "Boston"))
    tables_of = cluster_composition.compared_tables(pd.concat([some, abroad]), "paper_type", 2)
    assert {country: list(table.index) for country, table in tables_of.items()} == {
        "China": ["A"],
        "USA": ["Boston"],
    }


def test_quotients_of_bases_that_are_quoted_and_those_undefined():
    quotients = pd.DataFrame(
        {
            "measure": ["bio_bases"] * 4 + ["origin"],
            "place": ["Jiangsu", "Shandong", "Jilin", "Gansu", "Jilin"],
            "value": [0.5, 1.0, 2.0, None, 9.0],
        }
    )
    numbers = cluster_composition.base_quotient_numbers(quotients)
    assert counted(numbers.pop("base_quotients_undefined")) == (1, 4, 0)
    assert numbers == {
        "base_quotient_jiangsu": 0.5,
        "base_quotient_shandong": 1.0,
        "base_quotient_jilin": 2.0,
    }


def test_sources_of_shenzhen_are_counted_where_they_sit():
    table = entries(
        ("f", "Shenzhen", 1990, "subsidiary_domestic", "c_subsidiary"),
        ("g", "Shenzhen", 1991, "academic_startup", "a_academic"),
        ("h", "Shenzhen", 1992, "unknown", "unknown"),
        ("w", "Shenzhen", 1950, "state_backbone", "backbone"),
        ("x", "Beijing", 1990, "subsidiary_foreign", "c_subsidiary"),
    ).assign(reach=["elsewhere", "home", "unknown", "elsewhere", "abroad"])
    rows = pd.DataFrame(
        [
            ("f", "parent", "firm_same_industry", "China", "Beijing", "at_entry"),
            ("g", "founder", "university", "China", "Shenzhen", "at_entry"),
            ("x", "parent", "foreign_firm", "USA", "Boston", "at_entry"),
        ],
        columns=["firm_id", "role", "org_type", "country", "region", "timing"],
    )
    found = cluster_composition.shenzhen_sources(table, rows).set_index("name")
    assert {name: counted(row) for name, row in found.iterrows()} == {
        "source_elsewhere": (1, 2, 1),
        "source_abroad": (0, 2, 1),
        "reach_elsewhere": (1, 2, 1),
        "reach_abroad": (0, 2, 1),
        "domestic_subsidiaries": (1, 2, 1),
        "foreign_subsidiaries": (0, 2, 1),
    }


def test_quotients_on_few_firms_are_blank_on_the_map():
    quotients = pd.DataFrame(
        [
            ("A", "a_academic", 4, 1.0, 4.0),
            ("A", "c_subsidiary", 1, 1.0, 1.0),
            ("B", "a_academic", 0, 3.0, 0.0),
        ],
        columns=["place", "category", "count", "expected", "value"],
    ).assign(measure="origin", country="China")
    drawn = cluster_composition.origin_quotient_map(quotients, "China")
    assert drawn.to_dict() == {"academic": {"A": 4.0, "B": 0.0}}


def test_composition_is_drawn_with_unknown_origins(some):
    drawn = cluster_composition.composition_drawn(some, "China", 2)
    assert set(drawn["label"]) == {"A (n = 5)"}
    assert drawn.set_index("series")["value"].to_dict() == {
        "academic": 0.4,
        "backbone": 0.2,
        "subsidiary": 0.2,
        "unknown": 0.2,
    }


def test_single_clusters_that_the_paper_names():
    table = entries(
        *(
            (f"f-{name}", name, 1990, "x", "a_academic")
            for name in ("Beijing", "Shanghai", "Hangzhou", "Chengdu")
        ),
        ("u", "Xiamen", 1990, "x", "unknown"),
        *(
            (f"s-{name}", name, 1990, "x", "c_subsidiary")
            for name in ("Changchun", "Shenyang", "Shenzhen", "Taizhou", "Suzhou")
        ),
    )
    academics, subsidiaries, secondary = cluster_composition.single_clusters(table)
    assert academics.set_index("slug")["count"].sum() == 4
    assert subsidiaries["count"].tolist() == [1, 1, 1]
    assert counted(secondary) == (2, 4, 1)
    assert not cluster_composition.no_secondary_led_by_academics(table)


def test_tonghua_is_counted_without_works():
    table = entries(
        ("w", "Tonghua", 1951, "state_backbone", "backbone"),
        ("t", "Tonghua", 1985, "enterprise_startup", "b_enterprise"),
        ("u", "Tonghua", 1993, "unknown", "unknown"),
    ).assign(second_order=["no", "yes", "unknown"])
    numbers = cluster_composition.tonghua_numbers(table)
    assert counted(numbers["tonghua_entrants"]) == (2, 1, 1)
    assert counted(numbers["tonghua_second_order"]) == (1, 1, 1)
    assert numbers["tonghua_first_year"] == 1985


def test_inertia_of_a_map_is_told_by_country():
    maps = pd.DataFrame({"total_inertia": 0.5, "axis1_share": 0.6, "axis2_share": 0.3}, index=[0])
    row = cluster_composition.map_numbers(maps.assign(country="USA")).iloc[0]
    assert row[["place", "adjective", "frame"]].tolist() == ["usa", "American", "us_all"]
    assert row[["total", "two"]].tolist() == pytest.approx([0.5, 0.9])


def test_san_diego_and_new_york_are_counted_before_and_after_a_year():
    table = entries(
        ("s1", "San Diego", 1978, "x", "a_academic"),
        ("s2", "San Diego", 1986, "x", "a_academic"),
        ("n1", "New York", 1985, "x", "c_subsidiary"),
        ("n2", "New York", 1990, "x", "a_academic"),
        ("n3", "New York", None, "x", "a_academic"),
        country="USA",
    )
    numbers = cluster_composition.american_numbers(table, 1985, 1990)
    assert counted(numbers["san_diego_until_mid_eighties"]) == (1, 2, 0)
    assert counted(numbers["san_diego_one_year_later"]) == (2, 2, 0)
    assert counted(numbers["new_york_academic_after"]) == (1, 1, 0)
    assert counted(numbers["new_york_subsidiaries_before"]) == (1, 1, 0)
    assert numbers["new_york_academic_undated"] == 1
    sampled = table.assign(us_sample=["x", "x", "purposive", "purposive", "frame"])
    assert cluster_composition.york_is_purposive(sampled)


def test_officials_are_counted_in_beijing_and_elsewhere():
    table = entries(
        ("f", "Beijing", 1990, "x", "x"),
        ("g", "A", 1990, "x", "x"),
    ).assign(former_official=["yes", "yes"])
    rows = pd.DataFrame(
        [("f", "founder", "government", "Beijing", "at_entry")],
        columns=["firm_id", "role", "org_type", "region", "timing"],
    )
    counts = cluster_composition.officials(table, rows).set_index("name")["value"]
    assert counts.to_dict() == {
        "former_officials_beijing": 1,
        "former_officials_elsewhere": 1,
        "central_officials_beijing": 1,
        "central_officials_elsewhere": 0,
    }


# the real register


@pytest.fixture(scope="module")
def real():
    return tables.read("data/processed/entries.csv")


def test_profiles_count_every_placed_entry_once(real):
    table = tables.read("data/processed/cluster_profiles.csv")
    assert table["entries"].sum() == real["cluster"].notna().sum()
    assert (
        table[list(clusters.GROUPS.values())].sum(axis=1) + table["unknown"] == table["entries"]
    ).all()
    assert (table["dated"] + table["undated"] + table["backbone"] == table["entries"]).all()


def test_the_committed_test_of_kinds_is_found_again_without_its_code(real, raw):
    paper = clusters.kinds(tables.read("data/raw/places/clusters.csv"), raw.gazetteer)
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
        (real["country"] == "USA") & (real["paper_type"] != "unknown") & real["cluster"].notna()
    ]
    boston = shares.share(int(usa.loc["Boston", "count"]), int(usa.loc["Boston", "place_total"]))[
        "value"
    ]
    overall = (known["paper_type"] == "a_academic").mean()
    assert usa.loc["Boston", "value"] == pytest.approx(boston / overall, abs=1e-4)
    assert table.loc[table["place_total"] == 0, "value"].isna().all()
