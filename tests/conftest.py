"""What several test files share: the register and the origins made from the real data."""

import fcntl
import sys
from types import SimpleNamespace

import pytest

from cluster_anatomy import site, tables
from cluster_anatomy.compendium import execute, kernels, paths
from cluster_anatomy.firms import lists
from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms.entries import entries
from cluster_anatomy.firms.names import NameRules
from cluster_anatomy.firms.origins import choose, classify, conditions, sources
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.firms.sources import known_places
from cluster_anatomy.site.content import CODED
from cluster_anatomy.study import firm_lists

CODING = "data/raw/coding/"
sys.path.append(str(paths.root() / "benchmarks"))  # tests import the scripts that measure


@pytest.fixture(scope="session")
def raw():
    """The tables of the raw data room that the first two steps read."""
    names = [
        "name_words",
        "legal_forms",
        "provinces",
        "organisation_types",
        "source_roles",
        "origin_rules",
        "conventions",
        "alternatives",
        "origin_views",
        "settlements",
    ]
    coding = {name: tables.read(f"{CODING}{name}.csv") for name in names}
    places = tables.read("data/raw/places/places.csv")
    return SimpleNamespace(
        evidence=tables.read_all("evidence"),
        lists=tables.read_all("lists"),
        places=places,
        gazetteer=Gazetteer(places),
        crosswalk=tables.read("data/raw/crosswalk.csv"),
        **coding,
    )


@pytest.fixture(scope="session")
def name_rules(raw):
    """The rules on names with the real words and places."""
    return NameRules(raw.name_words, raw.provinces, raw.places, raw.legal_forms)


@pytest.fixture(scope="session")
def step01(raw, name_rules):
    """The frames of step 01."""
    evidence = lists.settle(raw.evidence, raw.settlements)
    rows = lists.gather(evidence, raw.lists, raw.gazetteer)
    pairs = lists.compare(rows, name_rules)
    decisions = lists.decide(pairs, raw.crosswalk)
    members = lists.assemble(rows, decisions)
    firms, conflicts = firm_lists.register(members, evidence, raw.gazetteer, name_rules)
    return SimpleNamespace(
        evidence=evidence,
        rows=rows,
        pairs=pairs,
        decisions=decisions,
        members=members,
        firms=firms,
        conflicts=conflicts,
    )


@pytest.fixture(scope="session")
def source_rows(raw, step01):
    """Who stood behind each firm."""
    places = known_places(
        tables.read("data/raw/evidence/organisations.csv"),
        raw.evidence,
        tables.read_all("ties"),
        raw.gazetteer,
        tables.read(f"{CODING}homonyms.csv"),
    )
    return sources(step01.members, step01.evidence, raw.gazetteer, raw.organisation_types, places)


@pytest.fixture(scope="session")
def origins_under(raw, step01, source_rows):
    """A function that classifies the real firms under the conventions given, the others at their
    default.
    """

    def under(**given):
        options = choose(raw.conventions, given)
        known = conditions(step01.firms, source_rows, raw.source_roles, options)
        origins = classify(known, raw.origin_rules)
        if options["disputed"] == "alternative":
            origins = firms_origins.override(origins, step01.members, raw.alternatives)
        return origins.set_index("firm_id")

    return under


@pytest.fixture(scope="session")
def reclassified():
    """A function that makes the entries under other conventions from scratch, as step 02 does."""

    def under(conventions):
        coding = {name: tables.read(f"data/raw/coding/{name}.csv") for name in CODED}
        firms, stood = (tables.read(f"data/processed/{name}.csv") for name in ("firms", "sources"))
        stood = stood.astype(object).where(stood.notna(), None)
        options = choose(coding["conventions"], conventions)
        facts = conditions(firms, stood, coding["source_roles"], options)
        origins = classify(facts, coding["origin_rules"])
        if options["disputed"] == "alternative":
            origins = firms_origins.override(
                origins, tables.read("data/processed/firm_evidence.csv"), coding["alternatives"]
            )
        places = Gazetteer(tables.read("data/raw/places/places.csv"))
        reach = firms_origins.reach(firms, stood, origins, places, options)
        origins = origins.merge(reach, on="firm_id").merge(
            coding["origin_views"], on=["mode", "source"], how="left"
        )
        origins["second_order"] = firms_origins.second_order(origins)
        return entries(firms, origins, coding["periods"])

    return under


@pytest.fixture(scope="session")
def kernel_environment(tmp_path_factory):
    """The environment in which a kernel ``python3`` is like those of a run."""
    folder = tmp_path_factory.mktemp("jupyter")
    kernels.write_spec(folder)
    environment = execute.kernel_environment(paths.root()) | {"JUPYTER_PATH": str(folder)}
    with kernels.server(environment) as (address, _):
        yield environment | ({kernels.SERVER_VARIABLE: address} if address else {})


@pytest.fixture(scope="session")
def built(tmp_path_factory, worker_id):
    """The site of the committed files, built once for all workers; no test writes there."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with open(shared / "site.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return shared / "site" if (shared / "site").is_dir() else site.build(shared / "site")
