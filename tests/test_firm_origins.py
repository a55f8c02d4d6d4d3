"""Step 02: the rules of origin, the conventions that bend them, and where the sources sit."""

import pandas as pd
import pytest

from cluster_anatomy import tables
from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms.coders import SETTLED_COLUMNS
from cluster_anatomy.firms.origins import choose, conditions, sources
from cluster_anatomy.firms.sources import known_places
from cluster_anatomy.methods import contingency
from cluster_anatomy.study import china_usa, firm_origins
from cluster_anatomy.tables import contract

EVIDENCE = [column.name for column in contract.contracts()["evidence"].columns]
INSTITUTE = "Lanzhou Institute of Biological Products"
STATION = "Guangxi epidemic prevention system"
RESERVE = {"founder_individual", "parent_hospital", "local_parent"}
"""Rules that no firm of this study meets by default: for another convention or a user's data."""


def founders(*types, orgs=None, cities=None, **cells):
    """Evidence on founders from organisations of these types."""
    orgs = orgs or [f"{kind} {number}" for number, kind in enumerate(types)]
    return {
        "founder_names": "somebody",
        "founder_prior_orgs": "|".join(orgs),
        "founder_prior_org_types": "|".join(types),
        "founder_prior_cities": "|".join(cities or []) or None,
    } | cells


def two(*types, **cells):
    """Evidence on several founders from organisations of these types."""
    return founders(*types, **cells) | {"founder_names": "A|B"}


def parents(*types, orgs=None, cities=None, countries=None, **cells):
    """Evidence on parents of these types."""
    orgs = orgs or [f"{kind} {number}" for number, kind in enumerate(types)]
    return {
        "parent_orgs": "|".join(orgs),
        "parent_org_types": "|".join(types),
        "parent_cities": "|".join(cities or []) or None,
        "parent_countries": "|".join(countries or []) or None,
    } | cells


def register_of(cases, gazetteer):
    """Register, members and evidence of firms given as evidence cells; they sit in Beijing unless
    said.
    """
    rows = [
        {"coder": "paper", "name_en": name, "city": "Beijing"} | cells
        for name, cells in cases.items()
    ]
    evidence = pd.DataFrame(rows, columns=["coder", *EVIDENCE, *SETTLED_COLUMNS]).astype("string")
    evidence["confidence"] = "high"
    evidence["founded_year"] = evidence["founded_year"].astype("Int64")
    evidence["country"] = evidence["country"].fillna("China")
    members = pd.DataFrame({"firm_id": list(cases), "coder": "paper", "name_as_given": list(cases)})
    firms = evidence.rename(columns={"name_en": "firm_id"})
    here = [gazetteer.find(city) for city in firms["city"]]
    for column, field in {
        "region": "metro",
        "admin": "admin",
        "economic_region": "economic_region",
    }.items():
        firms[column] = [getattr(place, field) for place in here]
    return firms, members, evidence


def classified(cases, raw, **given):
    """Origins (by firm), register and sources of hand-made firms under the real rules."""
    firms, members, evidence = register_of(cases, raw.gazetteer)
    rows = sources(members, evidence, raw.gazetteer, raw.organisation_types)
    options = choose(raw.conventions, given)
    known = conditions(firms, rows, raw.source_roles, options)
    return firms_origins.classify(known, raw.origin_rules), firms, rows


def test_a_firm_of_unknown_country_is_no_chinese_one_from_before_the_reforms(raw):
    firms, members, evidence = register_of({"old": founders("university")}, raw.gazetteer)
    firms = firms.assign(country=pd.NA, founded_year=pd.array([1970], dtype="Int64"))
    rows = sources(members, evidence, raw.gazetteer, raw.organisation_types)
    met = conditions(firms, rows, raw.source_roles, choose(raw.conventions))
    assert not met["pre_reform"].item()
    settled = conditions(
        firms.assign(country="China"), rows, raw.source_roles, choose(raw.conventions)
    )
    assert settled["pre_reform"].item()


# --- Rules

BY_RULE = {
    "moved_here": founders("university", relocated_from="Shenzhen", founded_year="1958"),
    "before_reforms": parents("government", founded_year="1979"),
    "foreign_parent": parents("foreign_firm", "firm_same_industry"),
    "local_parent": parents("firm_same_industry", cities=["Beijing"]),
    "parent_same_industry": parents("firm_same_industry", "university", founder_names="somebody"),
    "parent_other_firm": parents("firm_other_industry"),
    "parent_academia": parents("military_institute"),
    "parent_government": parents("government"),
    "parent_hospital": parents("hospital"),
    "foreign_owned": {"ownership_at_entry": "joint_venture"},
    "founder_academia": founders("university", "firm_same_industry", founder_names="A|B"),
    "founder_same_industry": founders("university", "firm_same_industry"),
    "founder_government": founders("government"),
    "founder_hospital": founders("hospital"),
    "founder_other_firm": founders("firm_other_industry"),
    "founder_abroad": founders("foreign_university"),
    "founder_capital": founders("venture_capital"),
    "founder_individual": founders("individual"),
    "founder_returnee": {"returnee_founder": "yes"},
    "founder_named": {"founder_names": "somebody", "returnee_founder": "no"},
    "nothing_known": {},
}


def test_each_rule_meets_the_firm_it_is_made_for(raw):
    origins, _, _ = classified(BY_RULE, raw, local_parent="spin_off")
    assert origins.set_index("firm_id")["rule"].to_dict() == {name: name for name in BY_RULE}
    assert list(raw.origin_rules["rule"]) == list(BY_RULE)
    meaning = raw.origin_rules.set_index("rule")[["mode", "source"]]
    found = origins.set_index("firm_id")[["mode", "source"]]
    assert (found == meaning.loc[found.index]).all(axis=None)


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        (founders("venture_capital", "university"), "founder_academia"),
        (parents("firm_same_industry", parent_timing="later"), "nothing_known"),
        (parents("firm_same_industry", countries=["USA"]), "foreign_parent"),
        ({"founded_year": "1971", "country": "USA", "city": "San Diego"}, "nothing_known"),
        ({"pre_reform": "yes"}, "before_reforms"),
        (parents("hospital", ownership_at_entry="foreign"), "parent_hospital"),
        (parents("venture_capital"), "nothing_known"),
    ],
)
def test_what_the_rules_must_not_be_fooled_by(raw, cells, rule):
    origins, _, _ = classified({"firm": cells}, raw)
    assert origins.loc[0, "rule"] == rule


def test_unknown_stays_unknown_and_the_runner_up_is_the_next_that_holds(raw):
    origins, _, _ = classified(
        {"blank": {}, "both": parents("university") | founders("hospital")}, raw
    )
    blank, both = origins.to_dict("records")
    assert (blank["mode"], blank["source"]) == ("unknown", "unknown")
    assert pd.isna(blank["runner_up"])
    assert (both["rule"], both["runner_up"]) == ("parent_academia", "founder_hospital")


def test_a_rule_with_an_unknown_condition_is_named():
    known = pd.DataFrame({"moved": [True]}, index=pd.Index(["a"], name="firm_id"))
    rules = pd.DataFrame(
        {"rule": ["mine"], "when": ["moved founder_pirate"], "mode": "x", "source": "y"}
    )
    with pytest.raises(ValueError, match=r"rule 'mine'.*'founder_pirate'.*there are: moved"):
        firms_origins.classify(known, rules)
    with pytest.raises(ValueError, match="the last rule must have no condition"):
        firms_origins.classify(~known, rules.assign(when="moved"))


def test_tables_of_rules_fit_each_other(raw, step01, source_rows):
    options = choose(raw.conventions)
    known = conditions(step01.firms, source_rows, raw.source_roles, options)
    columns = {column.name: column for column in contract.contracts()["origin_rules"].columns}
    assert set(columns["when"].allowed) == set(known.columns)
    given = pd.concat([raw.origin_rules, raw.alternatives])[["mode", "source"]]
    seen = raw.origin_views[["mode", "source"]]
    assert set(given.itertuples(index=False)) <= set(seen.itertuples(index=False))
    assert list(columns["mode"].allowed) == list(dict.fromkeys(columns["mode"].allowed))
    one_default = raw.conventions[raw.conventions["default"] == "yes"]["convention"].value_counts()
    assert set(one_default) == {1}
    assert set(one_default.index) == set(raw.conventions["convention"])


# --- Conventions

CASES = {
    "returnee of a firm": founders("foreign_firm"),
    "returnee of a university": founders("foreign_university"),
    "joint venture": parents("foreign_firm", "firm_other_industry", countries=["Cuba", "China"]),
    "foreign": parents("foreign_firm", countries=["Japan"]),
    "of the institute": parents("public_research_institute", orgs=[INSTITUTE]),
    "from the institute": founders("public_research_institute", orgs=[INSTITUTE]),
    "of Hong Kong": parents("firm_other_industry", countries=["China (Hong Kong)"]),
    "partly of Hong Kong": parents(
        *["firm_other_industry"] * 2, countries=["China", "China (Hong Kong)"]
    ),
    "from a station": founders("government", orgs=[STATION]),
    "from a ministry": founders("government"),
    "founder and parent": parents("firm_other_industry") | founders("university"),
    "firm and university": founders("firm_same_industry", "university", founder_names="A|B"),
    "university and firm": founders("university", "firm_same_industry", founder_names="A|B"),
    "firm, two of university": founders(
        *["firm_same_industry"], *["university"] * 2, orgs=["X", "Y", "Y"], founder_names="A|B|C"
    ),
    "firm, then university": founders("firm_same_industry", "university"),
    "university, then firm": founders("university", "firm_same_industry"),
    "university": founders("university"),
    "money and university": founders("venture_capital", "university", founder_names="A|B"),
    "money and hospital": founders("venture_capital", "hospital", founder_names="A|B"),
    "money": founders("venture_capital"),
    "moved from abroad": founders("university", relocated_from="Boston"),
    "moved": founders("university", relocated_from="Shenzhen"),
    "of a house here": founders("foreign_firm", cities=["Shanghai"]),
    "parent next door": parents("firm_same_industry", cities=["Beijing"]),
    "parent elsewhere": parents("firm_same_industry", cities=["Shanghai"]),
    "parent of later": parents("firm_same_industry", parent_timing="later") | founders("hospital"),
    "unknown": {},
}
FLIPPED = {
    ("employer_abroad", "as_at_home"): {
        "returnee of a firm": ("start_up", "same_industry_firm"),
        "returnee of a university": ("start_up", "academia"),
    },
    ("venture_house", "always"): {
        "money": ("start_up", "other_firm"),
        "money and hospital": ("start_up", "other_firm"),
    },
    ("venture_house", "never"): {},
    ("begun_abroad", "founders"): {"moved from abroad": ("start_up", "academia")},
    ("foreign_house", "abroad"): {"of a house here": ("start_up", "individual")},
    ("local_parent", "spin_off"): {"parent next door": ("spin_off", "same_industry_firm")},
    ("later_parents", "counted"): {"parent of later": ("subsidiary", "same_industry_firm")},
    ("joint_venture", "domestic"): {"joint venture": ("subsidiary", "other_firm")},
    ("institutes", "enterprise"): {
        "of the institute": ("subsidiary", "same_industry_firm"),
        "from the institute": ("start_up", "same_industry_firm"),
    },
    ("hong_kong", "domestic"): {"of Hong Kong": ("subsidiary", "other_firm")},
    ("stations", "academia"): {"from a station": ("start_up", "academia")},
    ("control", "founder_first"): {"founder and parent": ("start_up", "academia")},
    ("founders", "first_named"): {
        name: ("start_up", "same_industry_firm")
        for name in ("firm and university", "firm, two of university")
    },
    ("founders", "majority"): {"firm and university": ("start_up", "same_industry_firm")},
    ("founders", "firm_first"): {
        name: ("start_up", "same_industry_firm")
        for name in ("firm and university", "university and firm", "firm, two of university")
    },
    ("founders", "first_listed"): {
        name: ("start_up", "academia" if name == "university, then firm" else "same_industry_firm")
        for name in (
            "firm and university",
            "firm, two of university",
            "firm, then university",
            "university, then firm",
        )
    },
}


@pytest.mark.parametrize("change", FLIPPED, ids="=".join)
def test_a_convention_flips_the_firms_it_is_about_and_no_other(raw, change):
    before, _, _ = classified(CASES, raw)
    after, _, _ = classified(CASES, raw, **dict([change]))
    changed = (before[["mode", "source"]] != after[["mode", "source"]]).any(axis=1)
    found = after[changed].set_index("firm_id")[["mode", "source"]]
    assert (
        dict(zip(found.index, found.itertuples(index=False, name=None), strict=True))
        == FLIPPED[change]
    )


def test_every_convention_on_origins_is_tried(raw):
    others = raw.conventions[
        (raw.conventions["changes"] == "origin") & (raw.conventions["default"] == "no")
    ]
    tried = {*FLIPPED, ("disputed", "alternative")}
    assert set(others[["convention", "option"]].itertuples(index=False, name=None)) == tried


def test_a_wrong_convention_or_option_is_named(raw):
    with pytest.raises(ValueError, match=r"no convention 'honkong'; there are: .*hong_kong"):
        firms_origins.choose(raw.conventions, {"honkong": "foreign"})
    with pytest.raises(ValueError, match="no option 'abroad'; it has: foreign, domestic"):
        firms_origins.choose(raw.conventions, {"hong_kong": "abroad"})


# --- Reach


def reach_of(cells, raw, **given):
    """Reach of one firm and what it rests on."""
    origins, firms, rows = classified({"firm": cells}, raw, **given)
    options = choose(raw.conventions, given)
    found = firms_origins.reach(firms, rows, origins, raw.gazetteer, options).iloc[0]
    return found["reach"], None if pd.isna(found["reach_basis"]) else found["reach_basis"]


@pytest.mark.parametrize(
    ("cells", "reach"),
    [
        (founders("university", cities=["Beijing"]), "home"),
        (founders("university", cities=["Shanghai"]), "elsewhere"),
        (two("university", "university", cities=["Shanghai", "Nanjing"]), "elsewhere"),
        (two("university", "university", cities=["Beijing", "Shanghai"]), "mixed"),
        (two("university", "foreign_firm", cities=["Beijing", ""]), "mixed"),
        (founders("university", "foreign_firm", cities=["Beijing", ""]), "abroad"),
        (founders("foreign_firm", "university", cities=["", "Beijing"]), "home"),
        (founders("foreign_firm", cities=["Shanghai"]), "elsewhere"),
        (two("venture_capital", "university", cities=["Shanghai", "Beijing"]), "home"),
        (two("venture_capital", "university", cities=["Shanghai", ""]), "unknown"),
        (founders("venture_capital", cities=["Shanghai"]), "elsewhere"),
        (founders("foreign_firm"), "abroad"),
        (founders("foreign_university", cities=["Boston"]), "abroad"),
        (two("university", "university", cities=["Beijing", ""]), "home"),
        (founders("university", cities=["Beijing"], relocated_from="Shenzhen"), "elsewhere"),
        (parents("foreign_firm"), "abroad"),
        (parents("firm_same_industry", countries=["China (Hong Kong)"]), "abroad"),
        (
            parents("university", cities=["Shanghai"]) | founders("university", cities=["Beijing"]),
            "elsewhere",
        ),
        (parents("university", cities=["Shanghai"], parent_timing="later"), "unknown"),
        (founders("university", cities=["Atlantis"]), "unknown"),
        (founders("university"), "unknown"),
        ({}, "unknown"),
    ],
)
def test_reach(raw, cells, reach):
    assert reach_of(cells, raw) == (reach, None if reach == "unknown" else "places")


@pytest.mark.parametrize(
    ("given", "cells", "reach"),
    [
        ({"venture_house": "always"}, "money", "mixed"),
        ({"venture_house": "never"}, "money", "home"),
        ({"begun_abroad": "founders"}, "moved", "home"),
        ({}, "moved", "abroad"),
        ({"foreign_house": "abroad"}, "house", "abroad"),
        ({"founders": "first_listed"}, "career", "mixed"),
        ({"later_parents": "counted"}, "bought", "elsewhere"),
    ],
)
def test_conventions_say_which_sources_tell_the_reach(raw, given, cells, reach):
    cases = {
        "money": two("venture_capital", "university", cities=["Shanghai", "Beijing"]),
        "moved": founders("university", cities=["Beijing"], relocated_from="Boston"),
        "house": founders("foreign_firm", cities=["Beijing"]),
        "career": founders("university", "university", cities=["Shanghai", "Beijing"]),
        "bought": parents("university", cities=["Shanghai"], parent_timing="later"),
    }
    assert reach_of(cases[cells], raw, **given) == (reach, "places")


def test_the_last_employer_is_the_last_station_unless_a_reviewer_says_otherwise(raw):
    cases = {
        "one": founders("university", "hospital"),
        "said": founders("university", "hospital", last_employers="university 0"),
        "several": two("university", "hospital"),
        "financed": founders("university", "hospital", "venture_capital"),
    }
    _, _, rows = classified(cases, raw)
    found = rows.groupby("firm_id")["timing"].agg(list).to_dict()
    assert found == {
        "one": ["earlier", "at_entry"],
        "said": ["at_entry", "earlier"],
        "several": ["at_entry", "at_entry"],
        "financed": ["earlier", "at_entry", "at_entry"],
    }


def test_a_place_that_other_tables_know_is_filled_but_for_homonyms(raw):
    table = {"org_name": ["Academy X", "Anke", "Two Seats"]}
    organisations = pd.DataFrame(table | {"city": ["Beijing", "Hefei", "Beijing"]})
    evidence = pd.DataFrame({"name_en": ["Two Seats"], "city": ["Shanghai"]})
    ties = pd.DataFrame(columns=["source_name", "source_city", "target_name", "target_city"])
    homonyms = pd.DataFrame({"organisation": ["Anke"]})
    known = known_places(organisations, evidence, ties, raw.gazetteer, homonyms)
    assert known == {"academy x": "Beijing"}
    cases = {
        "founder": founders("military_institute", orgs=["Academy X"]),
        "homonym": founders("firm_same_industry", orgs=["Anke (former employer)"]),
        "abroad": parents("foreign_firm", orgs=["Academy X"], countries=["Cuba"]),
    }
    firms, members, rows = register_of(cases, raw.gazetteer)
    found = sources(members, rows, raw.gazetteer, raw.organisation_types, known)
    assert found.set_index("firm_id")["city"].dropna().to_dict() == {"founder": "Beijing"}
    assert set(firms["city"]) == {"Beijing"}


def test_an_entry_without_a_city_is_elsewhere_if_its_province_is_another(raw):
    cases = {"firm": two("university", "university", cities=["Shenzhen", "Hefei"], city="Jinan")}
    origins, firms, rows = classified(cases, raw)
    options = choose(raw.conventions)
    for admin, reach in (("Shandong", "elsewhere"), ("Anhui", "unknown")):
        seat = firms.assign(region=pd.NA, admin=admin)
        found = firms_origins.reach(seat, rows, origins, raw.gazetteer, options)
        assert found["reach"].item() == reach


def test_reach_falls_back_on_what_is_stated(raw):
    assert reach_of({"founder_scope": "mixed"}, raw) == ("mixed", "coder")
    assert reach_of({"returnee_founder": "yes"}, raw) == ("abroad", "returnee")
    assert reach_of(founders("university", cities=["Beijing"], founder_scope="mixed"), raw) == (
        "home",
        "places",
    )


def test_reach_of_some_firms_is_their_reach_among_all(raw):
    cases = {
        "a": founders("university", cities=["Beijing"]),
        "b": {"founder_scope": "home"},
        "c": {},
    }
    origins, firms, rows = classified(cases, raw)
    options = choose(raw.conventions)
    every = firms_origins.reach(firms, rows, origins, raw.gazetteer, options)
    some = firms_origins.reach(firms[1:], rows, origins, raw.gazetteer, options)
    pd.testing.assert_frame_equal(some, every[1:].reset_index(drop=True))


@pytest.mark.parametrize(
    ("city", "came_from", "home_from"),
    [
        ("Kunshan", "Kunshan", {"city", "metro", "province", "economic"}),
        ("Kunshan", "Suzhou", {"metro", "province", "economic"}),
        ("Nanjing", "Suzhou", {"province", "economic"}),
        ("Hangzhou", "Suzhou", {"economic"}),
        ("Beijing", "Suzhou", set()),
    ],
)
def test_reach_depends_on_how_large_home_is(raw, city, came_from, home_from):
    cells = founders("university", cities=[came_from], city=city)
    levels = ["city", "metro", "province", "economic"]
    assert {
        level for level in levels if reach_of(cells, raw, region=level)[0] == "home"
    } == home_from


# --- Flags, agreement


def test_a_blank_is_not_seen_and_never_no(raw):
    cases = {
        "blank": {},
        "stated no": {"returnee_founder": "no", "ownership_at_entry": "private"},
        "stated yes": founders(
            "military_institute",
            "government",
            returnee_founder="yes",
            ownership_at_entry="state",
            foreign_partner="Roche",
        ),
        "station": founders("government", orgs=[STATION]),
        "later": parents("military_institute", parent_timing="later"),
    }
    _, firms, rows = classified(cases, raw)
    flags = firms_origins.flags(firms, rows).set_index("firm_id")
    assert set(flags.loc["blank"]) == {"not_seen"}
    assert set(flags.loc["later"]) == {"not_seen"}
    assert set(flags.loc["stated yes"]) == {"yes"}
    assert flags.loc["station", "former_official"] == "yes"
    assert flags.columns[(flags == "no").any()].tolist() == ["returnee", "state_owned"]


def test_second_order_is_staff_of_the_industry_and_unknown_where_the_mode_is():
    origins = pd.DataFrame(
        {
            "mode": ["start_up", "subsidiary", "unknown", "start_up"],
            "source": ["same_industry_firm"] * 2 + ["unknown"] * 2,
        }
    )
    assert firms_origins.second_order(origins).tolist() == ["yes", "no", "unknown", "unknown"]


def frame_of_careers(country, city, academic, second_order, organisations, named, silent):
    """Firms of one country: how many with which founders, with a parent, or with a name alone."""
    here = {"country": country, "city": city}
    kinds = {
        "academic": (founders("university", **here), academic),
        "second": (founders("firm_same_industry", **here), second_order),
        "parent": (parents("firm_other_industry", **here), organisations),
        "named": ({"founder_names": "somebody", **here}, named),
        "silent": (here, silent),
    }
    return {
        f"{country} {kind} {number}": cells
        for kind, (cells, times) in kinds.items()
        for number in range(times)
    }


def test_unknown_careers_are_unknown_and_widen_the_bounds(raw):
    """A frame of the shape of the classic pair: 93 and 73 firms, of 3 and 6 only founders' names.

    Counted as known they made second-order founding -18 [-30, -6], bounds -31 to +15.
    """
    china = frame_of_careers("China", "Beijing", 17, 3, 41, 3, 29)
    usa = frame_of_careers("USA", "San Diego", 27, 14, 15, 6, 11)
    origins, firms, _ = classified(china | usa, raw)
    table = origins.merge(raw.origin_views, on=["mode", "source"], how="left", validate="m:1")
    table["second_order"] = firms_origins.second_order(table)
    table = table.merge(firms[["firm_id", "country"]], on="firm_id")
    named = table[table["rule"] == "founder_named"]
    assert set(named["mode"]) == {"start_up"}
    assert set(named["paper_type"]) | set(named["second_order"]) == {"unknown"}
    frames = pd.DataFrame({"frame": ["cn", "us_frame"], "country": ["China", "USA"]})
    frames = frames.assign(includes="country=China|country=USA", carries_shares="yes")
    properties = tables.read("data/raw/coding/properties.csv").set_index("property")
    careers = properties.loc[["second_order", "academic"]].reset_index()
    found = china_usa.differences(china_usa.property_shares(table, frames, careers), ["cn"])
    points = 100 * found[["value", "low", "high", "bound_low", "bound_high"]].astype(float)
    assert points.round().to_numpy().tolist() == [[-20, -33, -7, -39, 18], [-20, -36, -3, -42, 16]]


# --- Serial founders


def test_serial_actors_meet_under_their_names(raw):
    cases = {
        "one": founders(
            "firm_same_industry", orgs=["Kexing Co., Ltd."], founder_names="Hou Yunde (侯云德)"
        ),
        "two": parents(
            "firm_same_industry", orgs=["Kexing"], founder_names="Hou Yunde, 20 percent"
        ),
        "three": founders(
            "university", orgs=["unnamed university"], founder_names="two unnamed professors"
        ),
        "four": founders(
            "university", orgs=["unnamed university"], founder_names="two unnamed professors"
        ),
        "five": parents("firm_same_industry", orgs=["Kexing"], parent_timing="later"),
        "six": founders("firm_same_industry", orgs=["Kexing"], country="USA", city="San Diego"),
    }
    _, firms, rows = classified(cases, raw)
    firms = firms.assign(name_en=firms["firm_id"], name_zh=pd.NA, other_names=pd.NA)
    found = firms_origins.serial(firms, rows)
    assert found[["country", "kind", "entries", "firm_ids"]].to_numpy().tolist() == [
        ["China", "organisation", 2, "one|two"],
        ["China", "person", 2, "one|two"],
    ]
    assert found["regions"].tolist() == ["Beijing", "Beijing"]


# --- The real data


def changed(origins_under, **given):
    """Firms whose origin one convention changes."""
    before, after = origins_under(), origins_under(**given)
    return set(before.index[(before[["mode", "source"]] != after[["mode", "source"]]).any(axis=1)])


def test_every_rule_meets_a_real_firm_or_is_kept_in_reserve(raw, origins_under):
    assert set(raw.origin_rules["rule"]) - set(origins_under()["rule"]) == RESERVE


def test_rules_agree_with_the_coders_where_no_reviewer_took_a_parent_away(
    raw, step01, origins_under
):
    origins = (
        origins_under().reset_index().merge(raw.origin_views, on=["mode", "source"], how="left")
    )
    coded = origins.merge(firm_origins.coder_labels(step01.members, step01.evidence), on="firm_id")
    assert set(coded["coder_label"]) <= set(firms_origins.LABELS)
    later = raw.settlements[raw.settlements["column"] == "parent_timing"]
    settled = set(later["coder"] + ":" + later["name_en"])
    ids = step01.members.loc[step01.members["row_id"].isin(settled), "firm_id"]
    assert len(ids) == len(settled)
    coded = coded[~coded["firm_id"].isin(ids)]
    assert contingency.agreement(coded["label"], coded["coder_label"])["kappa"] > 0.9
    assert (coded["label"] == coded["coder_label"]).mean() > 0.9


def test_the_us_frame_is_as_known(raw, step01, source_rows, origins_under):
    origins = origins_under().reset_index()
    reach = firms_origins.reach(
        step01.firms, source_rows, origins, raw.gazetteer, choose(raw.conventions)
    ).set_index("firm_id")
    firms = step01.firms
    frame = firms[(firms["frame"] == "us_frame") & (firms["scope"] == "entry")]["firm_id"]
    counts = reach.loc[frame, "reach"].value_counts()
    assert (counts["home"], counts.drop("unknown").sum()) == (39, 55)


def test_real_conventions_change_the_firms_in_dispute(raw, step01, origins_under):
    assert {
        "cn-cansino-biologics-inc",
        "cn-sinocelltech-sino-biological-shenzhou-cell-engineering",
        "cn-wuxi-apptec",
    } <= changed(origins_under, employer_abroad="as_at_home")
    assert {
        "cn-beijing-tiantan-biological-products-co-ltd",
        "cn-changchun-changsheng-life-sciences-co-ltd",
    } <= changed(origins_under, institutes="enterprise")
    assert "cn-shenzhen-kangtai-biological-products" not in changed(
        origins_under, hong_kong="domestic"
    )
    assert "cn-anhui-anke-biotechnology" in changed(origins_under, control="founder_first")
    rows = set(raw.alternatives["coder"] + ":" + raw.alternatives["name_en"])
    disputed = set(step01.members.loc[step01.members["row_id"].isin(rows), "firm_id"])
    assert len(disputed) == 4
    assert changed(origins_under, disputed="alternative") == disputed


def test_flags_of_real_firms_never_turn_a_blank_into_no(step01, source_rows):
    firms = step01.firms.set_index("firm_id")
    flags = firms_origins.flags(step01.firms, source_rows).set_index("firm_id")
    assert not (flags.loc[firms["returnee_founder"].isna(), "returnee"] == "no").any()
    assert not (flags.loc[firms["ownership_at_entry"].isna(), "state_owned"] == "no").any()
    assert not (flags[["foreign_partner", "former_official", "military"]] == "no").any(axis=None)


# --- What notebook 02 shows


def test_the_options_in_force_are_shown_with_their_meaning(raw):
    table = firm_origins.in_force(raw.conventions, choose(raw.conventions, {"region": "province"}))
    assert table.index.is_unique
    assert table.loc["region", "option"] == "province"


def test_origins_are_those_of_the_rules_with_reach_and_views(raw):
    firms, members, evidence = register_of({"a": founders("university")}, raw.gazetteer)
    rows = sources(members, evidence, raw.gazetteer, raw.organisation_types)
    coding = {name: getattr(raw, name) for name in ("source_roles", "origin_rules", "origin_views")}
    options = choose(raw.conventions, {})
    found = firm_origins.origins(firms, members, rows, raw.gazetteer, coding, options).iloc[0]
    assert found[["mode", "source", "label", "reach"]].tolist() == [
        "start_up",
        "academia",
        "academic_startup",
        "unknown",
    ]


def test_disagreements_are_shown_in_words():
    firms = pd.DataFrame(
        {"firm_id": ["a", "b"], "name_en": ["A Co.", pd.NA], "name_zh": [pd.NA, "乙"]}
    )
    origins = pd.DataFrame(
        {
            "firm_id": ["a", "b"],
            "coder_label": ["unknown", "academic_startup"],
            "label": ["academic_spinoff", "academic_startup"],
            "agrees": ["no", "yes"],
            "evidence_used": [pd.NA, "founder: X (university)"],
        }
    )
    assert firm_origins.disagreements(origins, firms).reset_index().to_numpy().tolist() == [
        ["A Co.", "Unknown", "Academic spin-off", "no organisation named"]
    ]
    other = firm_origins.disagreements(origins.assign(agrees="no"), firms)
    assert other.index.tolist() == ["A Co.", "乙"]


def test_those_behind_most_entries_are_shown_first():
    serial = pd.DataFrame(
        {
            "actor": ["A", "B", "C"],
            "kind": ["person", "organisation", "person"],
            "entries": [2, 4, 3],
            "regions": ["Beijing", "Beijing|Wuhan", pd.NA],
        }
    )
    shown = firm_origins.most_serial(serial)
    assert shown["entries"].to_dict() == {"B": 4, "C": 3, "A": 2}
    assert shown.loc["C", "regions"] == "unknown"
    assert shown.loc["B", "regions"] == "Beijing, Wuhan"
    assert firm_origins.most_serial(serial, most=1).index.tolist() == ["B"]


def test_silence_of_a_second_coder_is_no_disagreement():
    rows = [
        ("us_listed", "yes", "label", "a", "a", "yes"),
        ("us_listed", "yes", "label", "b", "b", "yes"),
        ("us_listed", "yes", "label", "b", "a", "no"),
        ("us_listed", "yes", "label", "b", None, "one_silent"),
        ("us_listed", "yes", "year", "1990", "1991", "yes"),
        ("us_frame", "no", "label", "a", "a", "yes"),
    ]
    columns = ["coding", "blind", "field", "first", "second", "agree"]
    table = firm_origins.reliability(pd.DataFrame(rows, columns=columns)).set_index("slug")
    assert list(table.index) == ["label", "year", "label_us_frame"]
    assert table.loc["label", ["count", "n", "unknown"]].tolist() == [2, 3, 1]
    assert table.loc["label", "kappa"] == pytest.approx(0.4)
    assert pd.isna(table.loc["year", "kappa"])
    shown = firm_origins.reliability_dots(table.reset_index())
    assert shown["label"].iloc[0] == "origin (n = 3)"
    assert firm_origins.kappas(table.reset_index())["slug"].tolist() == ["label"]
