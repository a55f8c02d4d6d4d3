"""Ties collapsed to pairs: their reach, E-I indices, brokers, genealogies, owners and sites."""

import numpy as np
import pandas as pd
import pytest

from cluster_anatomy import tables
from cluster_anatomy.firms import actors, owners, ties
from cluster_anatomy.firms.brokers import brokers
from cluster_anatomy.firms.ei_indices import ei_edges, ei_table
from cluster_anatomy.firms.foundings import foundings, genealogies
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.firms.tie_counts import academic_firms, cluster_links, kind_share
from cluster_anatomy.firms.tie_models import across_the_border, distance_models, network
from cluster_anatomy.study import ties as study_ties
from cluster_anatomy.tables.cells import split

REVIEWED = tables.read("data/raw/coding/actor_names.csv")
PROVINCES = tables.read("data/raw/coding/provinces.csv")

ROW = {
    "coder": "south",
    "source_name": "A",
    "source_type": "firm_same_industry",
    "source_city": "Shanghai",
    "target_name": "B",
    "target_type": "firm_same_industry",
    "target_city": "Beijing",
    "tie_type": "founded",
    "year": 2000,
    "source_urls": "https://x.org",
}


def rows(*changes):
    table = pd.DataFrame([ROW | change for change in changes]).astype({"year": "Int64"})
    return table.astype({column: "string" for column in table.columns if column != "year"})


@pytest.fixture(scope="module")
def gazetteer():
    return Gazetteer(tables.read("data/raw/places/places.csv"))


@pytest.fixture(scope="module")
def firms():
    names = ["Alpha", "Beta", "Gamma Gene"]
    return pd.DataFrame(
        {
            "firm_id": ["cn-alpha", "cn-beta", "us-gamma-gene"],
            "name_en": names,
            "name_zh": pd.NA,
            "other_names": ["Alpha Works", pd.NA, pd.NA],
            "city": ["Shanghai", pd.NA, "Seattle"],
            "cluster": ["Shanghai", pd.NA, "Seattle"],
            "admin": ["Shanghai", "Zhejiang", "WA"],
            "country": ["China", "China", "USA"],
            "latitude": [31.2222, np.nan, 47.6062],
            "longitude": [121.4581, np.nan, -122.3321],
            "entry_year": pd.array([1995, 2000, 1990], dtype="Int64"),
        }
    )


@pytest.fixture(scope="module")
def organisations():
    columns = ["org_name", "aliases", "city", "province_or_state", "country"]
    return pd.DataFrame(
        [
            ("Institute of Virology", "IV", "Beijing", "Beijing", "China"),
            ("Cuban Centre", pd.NA, pd.NA, pd.NA, "Cuba"),
        ],
        columns=columns,
    )


@pytest.fixture(scope="module")
def persons():
    rows = [
        ("Wu Yi", pd.NA, "Institute of Virology"),
        ("Li Er", pd.NA, "Institute of Virology|Alpha"),
        ("Xu San", pd.NA, pd.NA),
    ]
    return pd.DataFrame(rows, columns=["person", "aliases", "affiliations"])


@pytest.fixture
def located(firms, organisations, persons, gazetteer):
    def locate(*changes):
        named = actors.name_actors(rows(*changes), firms, organisations, persons, REVIEWED)
        return actors.locate(named, firms, organisations, persons, REVIEWED, gazetteer)

    return locate


# names and places


def test_spellings_of_a_firm_an_organisation_and_a_stranger_meet(firms, organisations, persons):
    find = actors.actor_finder(firms, organisations, persons, REVIEWED)
    assert find("Alpha Works Co., Ltd.") == ("Alpha", "cn-alpha")
    assert find("IV") == ("Institute of Virology", None)
    assert find("GanTech Pharmaceuticals Inc.") == find("GanTech Pharmaceuticals")
    assert find("Merck (USA)") == find("Merck & Co. (MSD)") == ("Merck & Co.", None)


def test_a_parent_with_its_daughters_name_stays_apart():
    firm = {
        "firm_id": ["cn-s"],
        "name_en": ["Sinovac Biotech (Beijing)"],
        "name_zh": [pd.NA],
        "other_names": [pd.NA],
    }
    none = pd.DataFrame(columns=["org_name", "person", "aliases"])
    find = actors.actor_finder(pd.DataFrame(firm), none, none, REVIEWED)
    assert find("Sinovac Biotech")[1] == "cn-s"
    assert find("Sinovac Biotech Ltd. (listed holding, Antigua)")[1] is None


def test_reviewed_names_occur_in_the_data():
    sources = tables.read("data/processed/sources.csv")["organisation"].dropna()
    raw = tables.read_all("ties")
    affiliations = (
        tables.read("data/raw/evidence/persons.csv")["affiliations"].map(split).explode().dropna()
    )
    used = {*raw["source_name"], *raw["target_name"], *sources, *affiliations}
    assert not set(REVIEWED["name"]) - used - set(REVIEWED["actor"].dropna())


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({}, "external"),
        ({"target_city": "Shanghai"}, "local"),
        ({"source_city": "Kunshan", "target_city": "Suzhou"}, "local"),
        ({"target_city": "Seattle"}, "foreign"),
        ({"target_city": "Hong Kong"}, "foreign"),
        ({"target_city": None}, "unknown"),
        (
            {"target_name": "Beta", "target_city": None},
            "external",
        ),  # only its province is known, another one
        ({"target_name": "Alpha", "target_city": None}, "local"),  # the register knows the city
        ({"target_city": None, "target_type": "foreign_firm"}, "foreign"),
        (
            {"target_city": "Beijing", "target_type": "foreign_firm"},
            "external",
        ),  # a foreign firm's house in China
        ({"target_name": "Cuban Centre", "target_city": None}, "foreign"),
        ({"target_city": None, "target_type": "venture_capital"}, "unknown"),
        (
            {"source_name": "Wu Yi", "source_type": "individual"},
            "local",
        ),  # worked in Beijing, whatever the row says
        ({"source_name": "Li Er", "source_type": "individual"}, "unknown"),  # worked in two places
        (
            {"source_name": "Li Er", "source_type": "individual", "target_name": "Alpha"},
            "local",
        ),  # the other one
        ({"source_name": "Xu San", "source_type": "individual"}, "unknown"),
        ({"coder": "usa", "source_city": "Berkeley", "target_city": "Emeryville"}, "local"),
        ({"coder": "usa", "source_city": "New York", "target_city": "Princeton"}, "local"),
        ({"coder": "usa", "source_city": "New York", "target_city": "Boston"}, "external"),
    ],
)
def test_reach(located, change, kind):
    assert list(ties.reach(located(change))) == [kind]


def test_a_firm_foreign_to_one_coder_is_at_home_for_the_other(located):
    table = located(
        {"source_name": "Big Pharma", "source_type": "foreign_firm", "source_city": None},
        {"coder": "usa", "source_name": "Big Pharma", "source_city": None, "target_city": "Boston"},
    )
    assert list(ties.reach(table)) == ["foreign", "unknown"]


# pairs


def test_one_link_in_two_rows_and_two_directions_is_one_pair(located):
    pairs, ledger = ties.collapse(
        located(
            {"tie_type": "staff_moved_to", "year": 2001},
            {
                "source_name": "B",
                "target_name": "A",
                "source_city": None,
                "target_city": "Shanghai",
                "tie_type": "spun_off_from",
            },
            {"coder": "paper", "source_urls": "seed", "year": None},
        )
    )
    pair = pairs.iloc[0]
    assert len(pairs) == 1
    assert (pair["source"], pair["target"], pair["tie_types"]) == (
        "A",
        "B",
        "founded|spun_off_from|staff_moved_to",
    )
    assert (pair["year"], pair["rows"], pair["coders"], pair["stated_in_paper"]) == (
        2000,
        3,
        "paper|south",
        "yes",
    )
    assert (pair["kind"], round(pair["kilometres"]), pair["country"]) == ("external", 1068, "China")
    assert list(ledger["rows_out"]) == [1, 3, 3, 3, 1]


def test_the_child_of_a_row_from_child_to_parent_receives(located):
    pairs, _ = ties.collapse(located({"tie_type": "subsidiary_of"}))
    assert (pairs.loc[0, "source"], pairs.loc[0, "target"], pairs.loc[0, "target_city"]) == (
        "B",
        "A",
        "Shanghai",
    )


def test_rows_that_are_no_tie_of_the_country_are_told_in_the_ledger(located):
    pairs, ledger = ties.collapse(
        located(
            {},
            {"target_name": "a (Shanghai)"},
            {
                "source_type": "foreign_firm",
                "source_name": "X",
                "source_city": None,
                "target_city": "Seattle",
            },
        )
    )
    assert ledger.set_index("stage")["change"].to_dict() == {
        "read": 3,
        "own": -1,
        "outside": -1,
        "collapsed": 0,
    }
    assert list(pairs["tie_id"]) == ["a--b"]


@pytest.mark.parametrize(
    ("coder", "address", "stated", "found"),
    [
        ("paper", "seed|https://x.org", "yes", "paper"),
        ("paper", "https://x.org", "no", "paper_coder"),
        (
            "south",
            "seed|https://x.org",
            "no",
            "regional",
        ),  # cites the paper for a name, did not read the tie there
        ("usa", "https://x.org", "no", "usa"),
    ],
)
def test_stated_in_the_paper(located, coder, address, stated, found):
    cities = {"source_city": "Boston", "target_city": "Seattle"} if coder == "usa" else {}
    pair = ties.collapse(located({"coder": coder, "source_urls": address} | cities))[0].iloc[0]
    assert (pair["stated_in_paper"], pair["found_by"]) == (stated, found)


def test_shares_of_ties_have_bounds_and_no_interval():
    pairs = pd.DataFrame({"kind": ["local", "external", "external", "foreign", "unknown"]})
    share = kind_share(pairs, "external")
    assert (share["count"], share["n"], share["unknown"]) == (2, 4, 1)
    assert (share["value"], share["bound_low"], share["bound_high"]) == (0.5, 0.4, 0.6)
    assert np.isnan(share["low"])
    assert kind_share(pairs, "external", ("local", "external"))["value"] == pytest.approx(2 / 3)
    assert np.isnan(kind_share(pairs[:0], "local")["value"])


# E-I index


def test_nodes_are_actors_at_places_and_abroad_is_a_group(located):
    pairs, _ = ties.collapse(
        located(
            {},
            {"target_name": "C", "source_city": "Hangzhou", "target_city": "Hangzhou"},
            {"target_name": "D", "target_city": "Seattle"},
            {"target_name": "E", "target_city": None},
        )
    )
    edges, _ = ei_edges(pairs)
    assert sorted(edges) == [("A @ Hangzhou", "C @ Hangzhou"), ("A @ Shanghai", "B @ Beijing")]
    assert len(ei_edges(pairs, "external")[0]) == 3
    table = ei_table(pairs, smallest=1, draws=99).set_index(["scope", "member", "foreign_ties"])
    assert table.loc[
        ("all", "all", "left_out"), ["internal", "external", "foreign", "unknown"]
    ].tolist() == [
        1,
        1,
        1,
        1,
    ]
    assert table.loc[("all", "all", "external"), "external"] == 2
    assert table.loc[("cluster", "Hangzhou", "left_out"), "ei"] == -1


def test_nodes_abroad_stay_where_they_are(located):
    abroad = {"target_type": "foreign_firm", "target_city": "Seattle"}
    changes = [abroad | {"source_name": f"S{n}", "target_name": f"T{n}"} for n in range(3)]
    changes += [{"source_name": f"S{n}", "source_city": "Beijing"} for n in (7, 8)]
    pairs, _ = ties.collapse(located(*changes))
    table = ei_table(pairs, draws=199).set_index(["scope", "member", "foreign_ties"])
    row = table.loc[("all", "all", "external")]
    assert (row["external"], row["internal"]) == (3, 2)
    assert row["nodes"] == 6  # three in Shanghai, S7, S8 and B, none abroad
    assert row["null_low"] > -1  # the three ties abroad cross in each draw
    only = ei_table(pairs[pairs["kind"] == "foreign"], draws=99)
    known = only[only["foreign_ties"] == "external"].dropna(subset=["ei"])
    assert len(known)
    assert (known[["ei", "null_low", "null_high"]] == 1).all(axis=None)


def test_undated_ties_stay_and_later_ones_go():
    years = pd.array([1990, 2010, 2011, pd.NA], dtype="Int64")
    pairs = pd.DataFrame({"seen_from": ["China", "China", "China", "USA"], "year": years})
    assert ties.until(pairs, 2010).index.tolist() == [0, 1, 3]
    table = study_ties.left_out(pairs, 2010).set_index(["place", "name"])
    assert table.loc[("china", "pairs"), "value"] == 2
    assert table.loc[("china", "later"), ["value", "n"]].tolist() == [1, 3]
    assert table.loc[("usa", "undated"), ["value", "n"]].tolist() == [1, 1]


def test_the_index_by_year_with_undated_ties_and_without(located):
    changes = [
        {"source_name": "A", "year": 1990, "target_city": "Shanghai"},
        {"source_name": "C", "year": 2005},
        {"source_name": "D", "year": None, "target_name": "E"},
    ]
    american = {"coder": "usa", "source_name": "X", "source_city": "Boston", "target_name": "Y"}
    changes += [american | {"target_city": "Boston", "year": 1980}]
    changes += [american | {"target_name": "Z", "target_city": "Seattle", "year": None}]
    pairs, _ = ties.collapse(located(*changes))
    table = study_ties.indices_by_year(pairs, [2000], draws=99)
    found = table.set_index(["place", "until", "undated"])["value"].to_dict()
    assert found == {
        ("china", 2000, "kept"): 0,
        ("china", 2000, "dropped"): -1,
        ("china", "all", "kept"): pytest.approx(1 / 3),
        ("china", "all", "dropped"): 0,
        ("usa", 2000, "kept"): 0,
        ("usa", 2000, "dropped"): -1,
        ("usa", "all", "kept"): 0,
        ("usa", "all", "dropped"): -1,
    }
    gaps = study_ties.gaps(table)
    assert gaps["ei_gap_least"]["value"] == 0
    assert gaps["ei_gap_most"] == {"value": 1, "ties": "dated ties alone of any year"}


# borders and distance


@pytest.fixture
def towns():
    """Six firms in two near towns of one cluster and one in the next; ties mostly inside."""
    place = {"a": ("One", 30.0), "b": ("One", 30.5), "c": ("Two", 31.0)}
    ends = [("a1", "a2"), ("a1", "b1"), ("b1", "b2"), ("a2", "b2"), ("b1", "c1"), ("c1", "c2")]
    rows = []
    for source, target in ends:
        row = {"seen_from": "China"}
        for end, actor in (("source", source), ("target", target)):
            cluster, latitude = place[actor[0]]
            row |= {end: actor, f"{end}_type": "firm", f"{end}_cluster": cluster}
            row |= {f"{end}_latitude": latitude, f"{end}_longitude": 120.0}
        rows.append(row)
    pairs = pd.DataFrame(rows)
    same = pairs["source_cluster"] == pairs["target_cluster"]
    return pairs.assign(kind=np.where(same, "local", "external"), kilometres=1.0)


def test_nodes_of_the_network_are_located_actors_with_a_domestic_tie(towns):
    nodes, tied = network(towns)
    assert [name for name, *_ in nodes.index] == ["a1", "a2", "b1", "b2", "c1", "c2"]
    assert (tied == tied.T).all()
    assert tied.sum() == 2 * len(towns)
    assert tied[4, 5]
    assert not tied[0, 5]
    assert not tied.diagonal().any()
    towns.loc[0, "kind"], towns.loc[5, "source_type"] = "foreign", None
    nodes, tied = network(towns)
    assert tied.sum() == 2 * (len(towns) - 2)
    assert [name for name, *_ in nodes.index] == ["a1", "a2", "b1", "b2", "c1"]


def test_pairs_at_like_distances_are_counted_on_both_sides_of_a_border(towns):
    table = across_the_border(towns, 30, 100).set_index("side")
    assert table.loc["within", ["value", "n"]].tolist() == [2, 4]
    assert table.loc["across", ["value", "n"]].tolist() == [1, 4]
    far = across_the_border(towns, 101, 150).set_index("side")
    assert far["n"].to_dict() == {"within": 0, "across": 4}


@pytest.fixture
def crowd():
    """Sixteen firms and laboratories in four towns of two clusters; some ties of each kind."""
    latitudes = [30.0, 30.5, 31.0, 33.0]
    about = [
        (f"n{n:02}", ["firm", "lab"][n % 2], ["One", "Two"][n // 8], latitudes[n // 4])
        for n in range(16)
    ]
    columns = ["", "_type", "_cluster", "_latitude"]
    pairs = [
        {f"source{name}": value for name, value in zip(columns, about[i], strict=True)}
        | {f"target{name}": value for name, value in zip(columns, about[j], strict=True)}
        for i in range(16)
        for j in range(i)
        if (i * j + i) % (3 if i // 8 == j // 8 else 5) == 1
    ]
    table = pd.DataFrame(pairs).assign(source_longitude=120.0, target_longitude=120.0)
    same = table["source_cluster"] == table["target_cluster"]
    return table.assign(kind=np.where(same, "local", "external"), kilometres=1.0)


def test_models_of_distance_have_odds_ratios_and_their_null(crowd):
    both = pd.concat([crowd.assign(seen_from=country) for country in ("China", "USA")])
    table = distance_models(both, draws=99)
    assert table["label"].tolist()[::3] == ["China: same cluster", "USA: same cluster"]
    assert (table["count"] == len(crowd)).all()
    assert table["value"].notna().all()
    assert (table["bound_low"] < 1).all()
    assert (table["bound_high"] > 1).all()
    outside = (table["value"] < table["bound_low"]) | (table["value"] > table["bound_high"])
    assert (table.loc[outside, "p"] < 0.2).all()
    assert (table.loc[~outside, "p"] > 0.01).all()
    numbers = study_ties.model_numbers(table)
    assert len(numbers) == 3 * len(table)
    assert numbers["id"].is_unique
    single = study_ties.single_ties(table.assign(single=5, nodes=16))
    assert single[["place", "value", "n"]].to_numpy().tolist() == [["china", 5, 16], ["usa", 5, 16]]


# brokers


def test_brokers_join_clusters(located):
    pairs, _ = ties.collapse(
        located({}, {"target_name": "C", "target_city": "Tonghua"}, {"target_name": "D"})
    )
    table = brokers(pairs)
    assert list(table["actor"]) == ["A"]
    row = table.iloc[0]
    assert (row["ties"], row["clusters"], row["cluster_pairs"], row["betweenness"]) == (
        3,
        2,
        1,
        1.0,
    )
    assert (row["itinerant"], row["liaison"]) == (1, 2)


# genealogies


def test_people_who_came_later_founded_nothing(located, firms):
    founder = {"tie_type": "staff_moved_to", "target_name": "Alpha", "target_city": None}
    table = foundings(
        located(
            founder | {"source_name": "First", "year": 1995},
            founder | {"source_name": "Late", "year": 1999},
            founder | {"source_name": "Undated", "year": None},
            founder | {"source_name": "Teachers", "source_type": "university"},
            {
                "tie_type": "spun_off_from",
                "source_name": "Beta",
                "source_city": None,
                "target_name": "Alpha",
                "target_city": None,
            },
        ),
        firms,
    )
    assert list(table["parent"]) == ["Alpha", "First", "Undated"]
    assert list(table["year"]) == [2000, 1995, 1995]
    assert list(table["kind"]) == ["external", "local", "local"]
    families = genealogies(table)
    assert set(families["root"]) == {"First", "Undated"}
    assert families.groupby("root")["chain"].max().to_dict() == {"First": 2, "Undated": 2}


# acquisitions, sites, academia, clusters


def test_acquisitions_and_sites(located):
    table = located(
        {"tie_type": "acquired", "coder": "paper", "source_urls": "seed"},
        {"tie_type": "acquired", "coder": "south", "year": 1999},
        {"tie_type": "manufacturing_site_of", "source_city": "Huzhou", "target_city": "Shanghai"},
        {
            "tie_type": "rd_site_of",
            "target_name": "X",
            "target_type": "foreign_firm",
            "target_city": None,
        },
    )
    bought = owners.acquisitions(table).iloc[0]
    assert (
        bought["buyer"],
        bought["bought"],
        bought["year"],
        bought["kind"],
        bought["stated_in_paper"],
    ) == (
        "A",
        "B",
        1999,
        "external",
        "yes",
    )
    sites = owners.sites(table, PROVINCES).set_index("activity")
    assert sites["border"].to_dict()["manufacturing"] == "neighbour"
    assert sites["kind"].to_dict() == {"manufacturing": "external", "research": "foreign"}
    assert pd.isna(sites.loc["research", "border"])


def test_borders_of_provinces_are_mutual_and_complete():
    borders = {row.province: split(row.neighbours) for row in PROVINCES.itertuples()}
    assert all(one in borders[other] for one in borders for other in borders[one])
    assert [one for one in borders if not borders[one]] == ["Hainan"]
    assert owners.province_border("Shanghai", "Zhejiang", borders) == "neighbour"
    assert owners.province_border("Jilin", "Inner Mongolia", borders) == "neighbour"
    assert owners.province_border("Shanghai", "Shandong", borders) == "farther"
    assert owners.province_border("Jilin", "Jilin", borders) == "same"
    assert owners.province_border("Jilin", pd.NA, borders) is None


def test_ties_to_academia_count_for_the_firm_only(located, firms):
    pairs, _ = ties.collapse(
        located(
            {
                "source_name": "Alpha",
                "target_name": "Institute of Virology",
                "target_type": "public_research_institute",
                "tie_type": "licensed_from",
            },
            {"source_name": "Alpha", "target_name": "C"},
            {
                "source_name": "Fudan",
                "source_type": "university",
                "target_name": "Beta",
                "tie_type": "invested_in",
            },
        )
    )
    table = academic_firms(pairs, firms)
    assert table.loc["cn-alpha"].to_dict() == {
        "ties": 2,
        "academic": 1,
        "academic_far": 1,
        "academic_capital": 0,
        "academic_technology": 1,
    }
    assert table.loc["cn-beta", ["academic", "academic_capital"]].tolist() == [1, 1]
    assert table.loc["us-gamma-gene"].sum() == 0


def test_cluster_links_count_entries_and_ties(located):
    pairs, _ = ties.collapse(located({}, {"target_name": "C", "target_city": "Shanghai"}))
    entries = pd.DataFrame(
        {
            "firm_id": ["a", "c"],
            "country": "China",
            "cluster": ["Shanghai", "Beijing"],
            "returnee": ["yes", "not_seen"],
            "foreign_partner": ["not_seen", "yes"],
        }
    )
    table = cluster_links(pairs, entries, ["a"]).set_index("cluster")
    assert table.loc[
        "Shanghai", ["entries", "returnee_entries", "returnee_frame", "local_ties", "external_ties"]
    ].tolist() == [1, 1, 1, 1, 1]
    assert table.loc[
        "Beijing", ["foreign_partner_entries", "foreign_partner_frame", "external_ties"]
    ].tolist() == [1, 0, 1]


# what is quoted and drawn


@pytest.fixture
def pairs():
    columns = ["seen_from", "stated_in_paper", "found_by", "source_type", "target_type"]
    firm, other = "firm_same_industry", "government"
    rows = [
        ("China", "yes", "paper", firm, firm, "local", "acquired", 0.0),
        ("China", "yes", "paper", other, other, "external", "founded", 100.0),
        ("China", "no", "regional", firm, firm, "external", "staff_moved_to", 300.0),
        ("China", "no", "regional", firm, firm, "unknown", "licensed_from", np.nan),
        ("USA", "no", "usa", firm, firm, "foreign", "acquired", 9000.0),
    ]
    return pd.DataFrame(rows, columns=[*columns, "kind", "tie_types", "kilometres"])


def test_sets_of_ties_are_described_by_kind(pairs):
    shares = study_ties.set_shares(pairs).set_index(["name", "measure"])
    columns = ["count", "n", "unknown"]
    assert shares.loc[("paper", "external"), columns].tolist() == [1, 2, 0]
    assert shares.loc[("regional", "external_domestic"), columns].tolist() == [1, 1, 1]
    drawn = study_ties.set_kinds(pairs).set_index(["label", "series"])["value"]
    assert drawn[("ties found elsewhere (n = 2)", "unknown")] == 0.5
    without = study_ties.without_firms(pairs)
    assert without["ties_without_firm_paper"] == {"value": 1, "n": 2}
    assert without["ties_external_domestic_share_paper_firms"]["value"] == 0


def test_takeovers_and_foundings_are_counted_in_both_countries(pairs):
    counts = study_ties.channel_numbers(pairs).set_index(["channel", "place", "kind"])
    assert counts.loc[("acquisitions", "usa", "foreign"), ["value", "n"]].tolist() == [1, 1]
    assert counts.loc[("founding_ties", "china", "external"), ["value", "n"]].tolist() == [2, 2]
    shares = study_ties.channel_shares(pairs).set_index(["channel", "place"])
    assert shares.loc[("founding_ties", "china"), "value"] == 1
    assert shares.loc[("acquisitions", "usa"), "n"] == 0
    lengths = study_ties.medians(pairs).set_index("place")
    assert lengths.loc["china", ["value", "n"]].tolist() == [200, 2]
    parts = study_ties.parts_of_china(pairs).groupby("part")["n"].first()
    assert parts.to_dict() == {
        "technology_ties": 1,
        "domestic_firm_ties": 3,
        "domestic_firm_exchange_ties": 2,
        "government_capital_ties": 0,
        "staff_ties": 1,
    }
    drawn = study_ties.kinds_by_type(pairs, 1)
    assert "China: staff moved to (n = 1)" in set(drawn["label"])


def test_odds_are_pooled_over_types_and_channels_that_both_countries_have():
    counts = {
        ("China", "founded"): (6, 4),
        ("USA", "founded"): (3, 7),
        ("China", "staff_moved_to"): (2, 8),
        ("USA", "staff_moved_to"): (1, 9),
        ("China", "rd_site_of"): (5, 0),
    }
    rows = [
        {"seen_from": country, "tie_types": kind, "kind": reach}
        for (country, kind), (external, local) in counts.items()
        for reach, n in (("external", external), ("local", local))
        for _ in range(n)
    ]
    table = study_ties.pooled_odds(pd.DataFrame(rows)).set_index("strata")
    by_hand = (6 * 7 / 20 + 2 * 9 / 20) / (4 * 3 / 20 + 8 * 1 / 20)
    assert table.loc["type", ["value", "n"]].tolist() == pytest.approx([by_hand, 40])
    assert table.loc["crude", "value"] == pytest.approx((13 / 12) / (4 / 16))
    assert table.loc["channel", "value"] == pytest.approx((8 / 12) / (4 / 16))
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()


def test_indices_that_are_quoted_have_those_of_places_dealt_at_random(monkeypatch):
    monkeypatch.setattr(study_ties, "INDICES", {"ei_usa": ("USA", "all", "all", "left_out")})
    ei = pd.DataFrame({"country": "USA", "scope": "all", "member": "all"}, index=[0])
    ei = ei.assign(foreign_ties="left_out", internal=3, external=1, unknown=2, ei=-0.5)
    ei = ei.assign(null_mean=0.4, null_low=0.1, null_high=0.7, p=0.01)
    indices = study_ties.quoted_indices(ei)
    assert indices[["value", "count", "n", "unknown"]].iloc[0].tolist() == [-0.5, 1, 4, 2]
    chance = study_ties.as_null(indices)
    assert chance[["value", "low", "high"]].iloc[0].tolist() == [0.4, 0.1, 0.7]


@pytest.fixture
def ei_of_types():
    """Kinds of tie in both countries as the text has them."""
    rows = [
        (country, member, index, p, foreign, internal)
        for country in ("China", "USA")
        for member, index, p, foreign, internal in [
            ("spun_off_from", -1.0, 0.01, 0, 5),
            ("founded", -0.5, 0.01, 0, 5),
            ("staff_moved_to", -0.2, 0.01, 0, 5),
            ("acquired", 0.7, 0.3, 0, 2),
            ("joint_venture_with", -0.2, 0.01, 17, 5),
            ("rd_site_of", 1.0, 0.9, 0, 0),
            ("manufacturing_site_of", 1.0, 0.9, 0, 0),
        ]
    ]
    columns = ["country", "member", "ei", "p", "foreign", "internal"]
    return pd.DataFrame(rows, columns=columns).assign(scope="tie_type")


def test_kinds_of_tie_differ_as_the_text_has_it(ei_of_types):
    assert study_ties.kinds_differ(ei_of_types)


@pytest.mark.parametrize(
    ("country", "member", "column", "value"),
    [
        ("USA", "spun_off_from", "ei", -0.9),
        ("China", "founded", "ei", 0.1),
        ("USA", "staff_moved_to", "ei", 0.1),
        ("China", "acquired", "p", 0.01),
        ("China", "joint_venture_with", "foreign", 3),
        ("China", "rd_site_of", "internal", 1),
    ],
)
def test_one_kind_of_tie_that_is_otherwise_is_noticed(ei_of_types, country, member, column, value):
    row = (ei_of_types["country"] == country) & (ei_of_types["member"] == member)
    ei_of_types.loc[row, column] = value
    assert not study_ties.kinds_differ(ei_of_types)


def test_first_brokers_are_hierarchies_in_china_and_firms_with_one_investor_in_the_usa():
    chinese = [("China", name, "government", "Beijing") for name in sorted(study_ties.HIERARCHIES)]
    american = [
        ("USA", "A", "firm_same_industry", "Boston"),
        ("USA", "B", "venture_capital", None),
        ("USA", "C", "university", "Boston"),
    ]
    table = pd.DataFrame(chinese + american, columns=["country", "actor", "type", "cluster"])
    assert study_ties.brokers_are_hierarchies(table[:5])
    assert not study_ties.brokers_are_hierarchies(table)
    assert not study_ties.brokers_are_hierarchies(table[:5], first=2)
    roles = ["ties", "clusters", "coordinator", "boundary", "liaison"]
    shown = study_ties.first_brokers(table.assign(**dict.fromkeys(roles, 1)), first=2)
    assert shown["cluster"].tolist() == ["Beijing", "Beijing", "Boston", "none known"]


def test_sites_are_counted_by_where_they_and_their_owners_lie():
    rows = [
        ("research", "Shanghai", "Shanghai", "USA", "foreign", None),
        ("research", "Xiamen", "Fujian", "China", "external", "farther"),
        ("manufacturing", "Beijing", "Beijing", "China", "external", "neighbour"),
        ("manufacturing", "X", None, "China", "unknown", None),
    ]
    columns = ["activity", "site_cluster", "site_province", "owner_country", "kind", "border"]
    table = pd.DataFrame(rows, columns=columns)
    counts = study_ties.site_counts(table, ["Beijing", "Shanghai"], ["Xiamen"]).set_index("id")
    assert {name: (row["value"], row["n"]) for name, row in counts.iterrows()} == {
        "rd_sites_in_research_cities": (1, 2),
        "rd_sites_in_any_research_city": (2, 2),
        "rd_sites_foreign_in_shanghai": (1, 1),
        "plants_in_research_cities": (1, 1),
        "plants_outside_home": (1, 1),
        "plants_neighbouring_province": (1, 1),
        "plants_farther_province": (0, 1),
    }


# the real ties


@pytest.fixture(scope="module")
def real(gazetteer):
    known = {
        "firms": tables.read("data/processed/firms.csv"),
        "organisations": tables.read("data/raw/evidence/organisations.csv"),
        "persons": tables.read("data/raw/evidence/persons.csv"),
        "reviewed": REVIEWED,
    }
    rows = actors.gather(tables.read_all("ties"), tables.read("data/raw/ties/paper_figures.csv"))
    located = actors.locate(actors.name_actors(rows, **known), **known, gazetteer=gazetteer)
    return rows, located, *ties.collapse(located)


def test_every_raw_row_is_in_a_pair_or_in_the_ledger(real):
    rows, _, pairs, ledger = real
    aside = -ledger.loc[ledger["stage"].isin(["own", "outside"]), "change"].sum()
    assert (
        pairs["rows"].sum() + aside
        == len(rows)
        == len(tables.read_all("ties")) + len(tables.read("data/raw/ties/paper_figures.csv"))
    )
    assert (pairs["source"] != pairs["target"]).all()
    both = pairs[["source", "target"]].apply(lambda ends: frozenset(ends), axis=1)
    assert both.is_unique


def test_every_city_of_a_tie_is_a_known_place(real, gazetteer):
    cities = {city for end in ("source", "target") for city in real[0][f"{end}_city"].dropna()}
    assert all(city in gazetteer for city in cities)


@pytest.mark.parametrize(
    ("one", "other", "kind", "stated"),
    [
        ("Tonghua Dongbao Pharmaceutical", "Gan & Lee Pharmaceutical", "external", "yes"),
        (
            "CAS Shanghai Institute of Plant Physiology",
            "Tonghua Yujin Pharmaceutical",
            "external",
            "yes",
        ),
        (
            "Zhejiang Apeloa Bio-pharmaceutical",
            "Shanghai Apeloa Pharmaceutical Research Institute",
            "external",
            "yes",
        ),
        ("Fudan University", "Shanghai Fudan-Zhangjiang Bio-Pharmaceutical", "local", "yes"),
        ("H&Q Asia Pacific", "Shenzhen Kexing Biotech", "foreign", "yes"),
        ("Hou Yunde", "Jiangsu GDK Biotechnology", "external", "no"),
        (
            "Anke (former employer of Mindray's founders)",
            "Mindray Medical International",
            "unknown",
            "no",
        ),
        ("Hybritech", "Gen-Probe", "local", "no"),
    ],
)
def test_known_ties(real, one, other, kind, stated):
    pairs = real[2].set_index(["source", "target"])
    assert pairs.loc[(one, other), ["kind", "stated_in_paper"]].tolist() == [kind, stated]
