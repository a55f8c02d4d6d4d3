"""Run the notebooks of the study on a list of one's own, alone or beside China and the USA.

The list comes through the door (`own_list.read`). What follows turns it into the tables of the
study, so that the same functions answer the same questions; what the list does not hold is reported
as missing, not failed.
"""

import hashlib
import io
import json
import os
import re
import shutil
import time
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import networkx as nx
import pandas as pd
from IPython.display import Markdown, display

from cluster_anatomy import (
    entry_dynamics,
    entry_patterns,
    figures,
    firm_origins,
    paths,
    pipeline,
    results,
    steps,
    tables,
    ties,
)
from cluster_anatomy.contracts import ADDRESS, TableError, contracts
from cluster_anatomy.firm_lists import MERGED_COLUMNS, place_index, slug, split
from cluster_anatomy.names import is_chinese, pinyin

OWN = "own_list"
"""Name of the list as a frame and as a coder."""
RAW = "data/raw/own_list"
PLACES = "data/raw/places/places.csv"
TEMPLATES = "notebooks/own_list"
CODING = [
    "conventions",
    "source_roles",
    "organisation_types",
    "origin_rules",
    "origin_views",
    "properties",
    "events",
]
"""Tables of the study's rules that every list is read by."""
HEADERS = {
    "organisations": "data/raw/evidence/organisations.csv",
    "persons": "data/raw/evidence/persons.csv",
    "actor_names": "data/raw/coding/actor_names.csv",
    "paper_figures": "data/raw/ties/paper_figures.csv",
}
"""Tables that step 06 reads and that a list of one's own leaves empty."""
SEAT = {
    "place_id": "place_id",
    "name": "city",
    "metro": "region",
    "cluster": "cluster",
    "latitude": "latitude",
    "longitude": "longitude",
}
"""Columns of a place and what they are called in the register."""
FRAMES = {"China": "cn_named_or_listed", "USA": "us_frame"}
"""Frame of each country that carries the study's headline shares."""
ALL_FOUND = {"China": "cn_all", "USA": "us_all"}
BY_MODE = {
    "relocation": {
        "label": "relocation",
        "paper_type": "d_relocation",
        "founder_kind": "relocation",
    },
    "backbone": {
        "label": "state_backbone",
        "paper_type": "backbone",
        "founder_kind": "organisation",
    },
    "subsidiary": {"paper_type": "c_subsidiary", "founder_kind": "organisation"},
    "spin_off": {"founder_kind": "organisation"},
    "start_up": {"founder_kind": "entrepreneur"},
}
"""Views that follow from a mode alone, for pairs of mode and source that the rules never give but a
list may code.
"""
SECOND_FONT = "DejaVu Sans"
"""Comes with matplotlib and holds Latin with all accents, Greek, Cyrillic, Hebrew, Arabic,
Georgian, …
"""
LEAST = 5
"""Dated entries from which a cluster can have a year of take-off (`clusters.take_off`)."""


# --- From the list to the tables of the study


def shaped(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return a frame in the columns of a contract; columns that it lacks are blank."""
    return frame.reindex(columns=[column.name for column in contracts()[table].columns])


def gazetteer(
    places: pd.DataFrame, names: Iterable[str], country: str, known: pd.DataFrame
) -> pd.DataFrame:
    """Return the table of places: the list's own, then the study's, then each place that only the
    firms name.

    A place without a region is a region of its own.

    Parameters
    ----------
    places : DataFrame
        From the door: ``name``, ``other_names``, ``admin``, ``country``, ``region``, ``cluster``,
        ``latitude``, ``longitude``.
    names : iterable of str
        Places of firms.
    country : str
        Country of places that do not say theirs.
    known : DataFrame
        The study's table of places.
    """
    own = places.rename(columns={"other_names": "aliases", "region": "metro"}).copy()
    own["country"] = own["country"].fillna(country)
    own["metro"] = own["metro"].fillna(own["name"])
    own["cluster"] = own["cluster"].fillna(own["metro"])
    seen = place_index(pd.concat([own, known[known["country"] == country]], ignore_index=True))
    rest = sorted({name for name in names if pd.notna(name)} - {name for name, _ in seen})
    only = pd.DataFrame(
        {"name": rest, "metro": rest, "cluster": rest, "country": country}, dtype="string"
    )
    own = pd.concat([own, only], ignore_index=True).sort_values(
        ["name", "admin"], ignore_index=True
    )
    own["place_id"] = _distinct(
        [_key("ow", name) for name in own["name"]],
        [_key("", admin) for admin in own["admin"].fillna("")],
    )
    return shaped(pd.concat([own, known], ignore_index=True), "places")


def register(
    given: pd.DataFrame, evidence: pd.DataFrame, places: pd.DataFrame, years: Sequence[int | None]
) -> pd.DataFrame:
    """Return the register of firms in the columns of the study (contract ``firms``), sorted by
    ``firm_id``.

    Parameters
    ----------
    given : DataFrame
        From `identified`.
    evidence : DataFrame
        From `coded`.
    places : DataFrame
        From `gazetteer`.
    years : sequence
        First and last year of entry that count, None where there is no limit; a firm without a year
        counts.
    """
    here = place_index(places[places["country"].isin(given["country"])])
    index = {name: tuple(place[column] for column in SEAT) for name, place in here.items()}
    found = [_placed(row, index) for row in given.itertuples()]
    about = evidence.groupby("name_en").first()
    firms = given.merge(
        about.drop(columns="source_urls"),
        how="left",
        left_on="name",
        right_index=True,
        suffixes=("", "_evidence"),
    )
    for column in set(MERGED_COLUMNS) & set(about.columns) - {"source_urls"}:
        firms[column] = ["|".join(dict.fromkeys(split(cell))) or pd.NA for cell in firms[column]]
    firms[list(SEAT.values())] = pd.DataFrame(found, index=firms.index, dtype=object)
    admin = places.set_index("place_id")["admin"]
    firms["admin"] = firms["admin"].fillna(firms["place_id"].map(admin))
    chinese = firms["name_local"].map(lambda name: pd.notna(name) and is_chinese(name)).astype(bool)
    firms["name_en"], firms["name_zh"] = firms["name"], firms["name_local"].where(chinese)
    firms["other_names"] = [
        "|".join(dict.fromkeys([*split(pd.NA if zh else local), *split(others)])) or pd.NA
        for local, others, zh in zip(
            firms["name_local"], firms["other_names"], chinese, strict=True
        )
    ]
    firms["lead_products"] = firms["product"]
    addresses = evidence.groupby("name_en")["source_urls"].agg(_joined)
    firms["source_urls"] = [
        _joined([cell, addresses.get(name)])
        for cell, name in zip(firms["source_urls"], firms["name"], strict=True)
    ]
    firms["coders"] = firms["name"].isin(about.index).map({True: OWN, False: None})
    first, last = (
        limit if limit is not None else end for limit, end in zip(years, (0, 9999), strict=True)
    )
    counts = firms["entry_year"].between(first, last).fillna(True)
    firms = firms.assign(
        frame=OWN, lists=OWN, scope=counts.map({True: "entry", False: "outside_years"})
    )
    return shaped(firms, "firms").sort_values("firm_id", ignore_index=True)


def identified(firms: pd.DataFrame, country: str) -> pd.DataFrame:
    """Give each firm of a list its id: country and name, with the place where a name occurs twice.

    Raises
    ------
    TableError
        If two rows have one name and one place.
    """
    earlier = (
        firms["former_names"] if "former_names" in firms else pd.Series(pd.NA, index=firms.index)
    )
    others = [
        "|".join(dict.fromkeys([*split(one), *split(two)])) or pd.NA
        for one, two in zip(firms["other_names"], earlier, strict=True)
    ]
    firms = firms.assign(country=firms["country"].fillna(country), other_names=others)
    keys = [
        slug(f"{re.sub(r'[^A-Za-z]', '', unicodedata.normalize('NFKD', land)) or 'xx'} {name}")
        for land, name in zip(firms["country"], firms["name"], strict=True)
    ]
    places = [_key("", place) for place in firms["place"].fillna("")]
    twice = firms.duplicated(["country", "name", "place"], keep=False)
    if twice.any():
        names = ", ".join(sorted(set(firms.loc[twice, "name"])))
        raise TableError(
            [f"firms: named twice at one place: {names}; keep one row, or make the names different"]
        )
    return firms.assign(firm_id=_distinct(keys, places)).sort_values("firm_id", ignore_index=True)


def _key(prefix: str, name: str) -> str:
    """Return a name in small letters, digits and hyphens; what cannot be romanised becomes a
    checksum.
    """
    return slug(f"China {name}").replace("cn-", f"{prefix}-", 1) if name else ""


def _distinct(keys: list[str], more: list[str]) -> list[str]:
    """Return keys that differ: those that occur twice are joined with more, and with a number at
    last.
    """
    counts = pd.Series(keys).value_counts()
    keys = [key + more[place] if counts[key] > 1 else key for place, key in enumerate(keys)]
    number = pd.Series(keys).groupby(keys).cumcount()
    return [
        key if not count else f"{key}-{count + 1}" for key, count in zip(keys, number, strict=True)
    ]


def _placed(firm, index: Mapping) -> tuple:
    if pd.isna(firm.place):
        return (pd.NA,) * len(SEAT)
    named = (firm.place, firm.admin if pd.notna(firm.admin) else None)
    return index.get(named, index.get((firm.place, None), (pd.NA,) * len(SEAT)))


def _joined(cells: Iterable) -> str:
    """Join the addresses of some cells, each once; what is no address stays in the list's own file."""
    every = dict.fromkeys(address for cell in cells for address in split(cell))
    return "|".join(address for address in every if re.fullmatch(ADDRESS, address)) or pd.NA


def coded(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return the evidence of a list in the columns of the study, with the list as its coder."""
    table = shaped(evidence.assign(name_en=evidence["name"], coder=OWN), "case_evidence")
    return table.assign(confidence=table["confidence"].fillna("high")).sort_values(
        "name_en", ignore_index=True
    )


def members(firms: pd.DataFrame) -> pd.DataFrame:
    """Say which row of the list makes which firm, as step 01 of the study does (contract
    ``firm_evidence``).
    """
    table = pd.DataFrame(
        {"firm_id": firms["firm_id"], "coder": OWN, "name_as_given": firms["name_en"]}
    )
    table["kind"] = firms["coders"].notna().map({True: "evidence", False: "list"})
    table["row_id"] = f"{OWN}:" + firms["firm_id"]
    return shaped(table, "firm_evidence")


def periods(years: pd.Series) -> pd.DataFrame:
    """Return the decades (or half centuries, for more than a dozen decades) from the first to the
    last year.
    """
    if years.dropna().empty:
        return pd.DataFrame({"period": [], "first_year": [], "last_year": [], "meaning": []})
    first, last = int(years.min()), int(years.max())
    width = 10 if last - first <= 120 else 50
    starts = range(first // width * width, last + 1, width)
    rows = [
        (f"{start}-{start + width - 1}", start, start + width - 1, f"{width} years")
        for start in starts
    ]
    return pd.DataFrame(rows, columns=["period", "first_year", "last_year", "meaning"])


def sources(
    firms: pd.DataFrame, evidence: pd.DataFrame, places: pd.DataFrame, types: pd.DataFrame
) -> pd.DataFrame:
    """List who stood behind each entry, as step 02 of the study does (`firm_origins.sources`)."""
    return firm_origins.sources(members(firms), evidence, places, types)


def origins(
    firms: pd.DataFrame,
    given: pd.DataFrame,
    source_rows: pd.DataFrame,
    places: pd.DataFrame,
    coding: Mapping[str, pd.DataFrame],
    conventions: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Say where each entry came from: by the rules of the study, and as the list itself codes it.

    Parameters
    ----------
    firms : DataFrame
        From `register`.
    given : DataFrame
        The firms of the list with ``firm_id``, ``mode``, ``source``, ``reach``; a value that is
        there is taken.
    source_rows, places : DataFrame
        From `sources` and `gazetteer`.
    coding : mapping
        Tables of `CODING` by name.
    conventions : mapping, optional
        Conventions that differ from their default.

    Returns
    -------
    DataFrame
        The columns of the contract ``origins``.
    """
    options = firm_origins.choose(coding["conventions"], conventions)
    known = firm_origins.conditions(firms, source_rows, coding["source_roles"], options)
    table = as_coded(firm_origins.classify(known, coding["origin_rules"]), given)
    table = table.merge(
        firm_origins.reach(
            firms, source_rows, table, places, options["region"], options["hong_kong"]
        ),
        on="firm_id",
        validate="1:1",
    )
    said = table["firm_id"].map(given.set_index("firm_id")["reach"])
    table["reach_basis"] = table["reach_basis"].mask(said.notna(), "coder")
    table["reach"] = said.fillna(table["reach"])
    table = views(table, coding["origin_views"])
    table["evidence_used"] = table["firm_id"].map(firm_origins.describe_evidence(source_rows))
    table = table.merge(firm_origins.flags(firms, source_rows), on="firm_id", validate="1:1")
    unsure = (table["mode"] == "start_up") & (table["source"] == "unknown")
    table["second_order"] = firm_origins.second_order(table).mask(unsure, "unknown")
    repeated = firm_origins.serial(counting(firms), source_rows)
    for kind in ("person", "organisation"):
        table[f"serial_{kind}"] = table["firm_id"].map(firm_origins.serial_of_firm(repeated, kind))
    return shaped(table, "origins")


def as_coded(table: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Take mode and source where the list codes them; the rule that evidence would give becomes the
    runner-up.

    A list that codes one of the two keeps the other of the rules only if both readings agree on the
    first.
    """
    said = (
        given.set_index("firm_id")
        .reindex(table["firm_id"])[["mode", "source"]]
        .reset_index(drop=True)
    )
    table = table.reset_index(drop=True)
    for column, other in (("mode", "source"), ("source", "mode")):
        alone = said[column].notna() & said[other].isna() & (said[column] != table[column])
        said.loc[alone.fillna(False).astype(bool), other] = "unknown"
    any_said = said.notna().any(axis=1)
    table["runner_up"] = table["runner_up"].mask(any_said, table["rule"])
    table["rule"] = table["rule"].mask(any_said, "coded_in_list")
    for column in ("mode", "source"):
        table[column] = said[column].fillna(table[column])
    return table


def views(table: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Add the views on mode and source (contract ``origin_views``); pairs that have none are seen
    by their mode.
    """
    table = table.merge(pairs, on=["mode", "source"], how="left", validate="m:1")
    for column in ("label", "paper_type", "founder_kind"):
        by_mode = table["mode"].map(
            {mode: view[column] for mode, view in BY_MODE.items() if column in view}
        )
        table[column] = table[column].fillna(by_mode).fillna("unknown")
    return table


def counting(firms: pd.DataFrame) -> pd.DataFrame:
    """Return the firms of a register whose entry counts: those that did not enter outside the years
    of the list.
    """
    return firms[firms["scope"] == "entry"]


def entries(firms: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Join register and origins (`entry_patterns.entries`), in decades that fit the list."""
    return entry_patterns.entries(firms, table, periods(counting(firms)["entry_year"]))


def located(
    rows: pd.DataFrame,
    source_rows: pd.DataFrame,
    firms: pd.DataFrame,
    places: pd.DataFrame,
    country: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Name and place the ends of ties (step 06 of the study).

    Returns
    -------
    rows : DataFrame
        The ties of the list.
    founders : DataFrame
        Founders' earlier employers as rows of ties, for genealogies.
    """
    empty = {name: shaped(pd.DataFrame(), name) for name in HEADERS}
    known = {
        "firms": firms,
        "organisations": empty["organisations"],
        "persons": empty["persons"],
        "reviewed": empty["actor_names"],
    }
    every = [ties.gather(rows, empty["paper_figures"]), ties.founder_rows(source_rows, firms)]
    return tuple(
        ties.locate(
            ties.name_actors(part, **known), **known, places=places, countries={OWN: country}
        )
        for part in every
    )


def tie_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Collapse the placed ties of a list to pairs of actors (`ties.collapse`); none if no tie
    touches the country.
    """
    kept = (rows["source"] != rows["target"]) & ~ties.neither_at_home(rows)
    return shaped(ties.collapse(rows)[0] if kept.any() else pd.DataFrame(), "tie_pairs")


def families(rows: pd.DataFrame, founders: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Arrange second-order foundings in families (`ties.foundings`, `ties.genealogies`).

    Firms between which people went in a circle have no order of descent; links among them are left
    out.
    """
    founded = ties.foundings(pd.concat([rows, founders], ignore_index=True), firms)
    graph = nx.DiGraph(list(founded[["parent", "child"]].itertuples(index=False, name=None)))
    circle = {
        node: place
        for place, nodes in enumerate(nx.strongly_connected_components(graph))
        for node in nodes
    }
    apart = founded["parent"].map(circle) != founded["child"].map(circle)
    return shaped(ties.genealogies(founded[apart]), "genealogies")


def entry_years(firms: pd.DataFrame) -> pd.DataFrame:
    """Count entries by year and cumulate them, with the sums if all years are the latest, or the
    earliest, possible.

    Returns
    -------
    DataFrame
        ``year``, ``entries``, ``cumulated``, ``cumulated_low``, ``cumulated_high``; firms without a
        year are left out.
    """
    dated = firms.dropna(subset=["entry_year"])
    year = dated["entry_year"].astype(int)
    low, high = (dated[f"entry_year_{end}"].fillna(year).astype(int) for end in ("low", "high"))
    grid = range(min([*year, *low]), max([*year, *high]) + 1) if len(dated) else range(0)
    table = pd.DataFrame({"year": list(grid)}, dtype="Int64")
    counts = {"entries": year, "cumulated": year, "cumulated_low": high, "cumulated_high": low}
    for column, years in counts.items():
        per_year = table["year"].map(years.value_counts()).fillna(0).astype("Int64")
        table[column] = per_year if column == "entries" else per_year.cumsum()
    return table


def derived(
    own: Mapping[str, pd.DataFrame],
    about: Mapping,
    coding: Mapping[str, pd.DataFrame],
    places: pd.DataFrame,
) -> SimpleNamespace:
    """Derive from a list all that the analyses ask for, as notebooks 01, 02 and 06 do one by one.

    Parameters
    ----------
    own : mapping
        Tables of the door: ``firms``, ``evidence``, ``ties``, ``places``.
    about : mapping
        From `described`.
    coding, places : mapping, DataFrame
        From `rules`; the study's table of places.

    Returns
    -------
    SimpleNamespace
        ``given``, ``evidence``, ``ties`` (the list in the columns of the study), ``places``,
        ``firms``, ``sources``, ``origins``, ``distances``, ``pairs``, ``families``.
    """
    given = identified(own["firms"], about["country"])
    known = gazetteer(own["places"], own["firms"]["place"], about["country"], places)
    evidence = coded(own["evidence"])
    firms = register(given, evidence, known, about["years"])
    source_rows = sources(firms, evidence, known, coding["organisation_types"])
    tie_rows = shaped(own["ties"].assign(coder=OWN), "case_ties").sort_values(
        ["source_name", "target_name", "tie_type", "year"], ignore_index=True
    )
    rows, founders = located(tie_rows, source_rows, firms, known, about["country"])
    return SimpleNamespace(
        given=given,
        evidence=evidence,
        ties=tie_rows,
        places=known,
        firms=firms,
        sources=source_rows,
        origins=origins(firms, given, source_rows, known, coding),
        distances=entry_dynamics.source_distances(source_rows, firms, known),
        pairs=tie_pairs(rows),
        families=families(rows, founders, firms),
    )


def rules() -> dict[str, pd.DataFrame]:
    """Return the tables of the study by which every list is read (`CODING`)."""
    return {name: tables.read(f"data/raw/coding/{name}.csv") for name in CODING}


def asked() -> dict[str, dict]:
    """Return what each analysis needs, by name (``notebooks/own_list/analyses.toml``)."""
    return tomllib.loads(paths.source(f"{TEMPLATES}/analyses.toml").read_text(encoding="utf-8"))


# --- What can be computed, and what is missing


def analyses(
    case: SimpleNamespace, description: Mapping, wanted: Mapping[str, dict]
) -> pd.DataFrame:
    """Say of every analysis what it needs, how much of it the list has, and what would complete it.

    Parameters
    ----------
    case : SimpleNamespace
        From `derived`.
    description, wanted : mapping
        From `described` and `asked`.

    Returns
    -------
    DataFrame
        The columns of the contract ``case_analyses``.
    """
    firms = counting(case.firms)
    origin = case.origins[case.origins["firm_id"].isin(firms["firm_id"])]
    n, found = len(firms), entries(firms, origin)
    year, placed = firms["entry_year"].notna(), firms["cluster"].notna()
    sizes, regions = firms.loc[year & placed, "cluster"].value_counts(), firms["cluster"].nunique()
    known = {
        column: int((origin[column] != "unknown").sum()) for column in ("mode", "source", "reach")
    }
    of_region = found[(found["paper_type"] != "unknown") & found["cluster"].notna()]
    named = firms["founder_names"].notna() | firms["firm_id"].isin(case.sources["firm_id"])
    kind, away = case.pairs["kind"].astype(object), case.distances["kilometres"]
    shares = description["frame"]["carries_shares"]
    compared = {
        country: known["mode"] * (country in description["beside"]) * shares for country in FRAMES
    }
    span = firms["entry_year_low"] < firms["entry_year_high"]
    numbers = {
        "entry_over_time": (year.sum(), n),
        "year_spans": (span.fillna(False).sum(), None),
        "clusters": (placed.sum(), n),
        "cluster_years": ((year & placed).sum(), n),
        "take_off": ((sizes >= LEAST).sum(), regions),
        "location_quotients": (of_region["cluster"].nunique(), regions),
        "composition": (known["mode"], n),
        "composition_by_region": (len(of_region), n),
        "source": (known["source"], n),
        "reach": (known["reach"], n),
        "serial": (named.sum(), n),
        "distances": (away.notna().sum(), len(away)),
        "entry_model": ((sizes >= LEAST).sum(), None),
        **{f"comparison_{country.lower()}": (have, n) for country, have in compared.items()},
        "ties": ((kind != "unknown").sum(), len(kind)),
        "ei_index": (kind.isin(["local", "external"]).sum(), None),
        "genealogies": (case.families["root"].nunique(), None),
    }
    rows = []
    for name, about in wanted.items():
        have, of = numbers[name]
        of = have if of is None else of
        enough, whole = have >= about.get("least", 1), have >= of
        status = ("computed" if whole else "partly") if enough else "missing"
        rows.append(about | {"analysis": name, "have": have, "of": of, "status": status})
    table = pd.DataFrame(rows)
    for country in FRAMES:
        mine = table["analysis"] == f"comparison_{country.lower()}"
        if country not in description["beside"]:
            table.loc[mine, "add"] = f'beside = ["{country}"] in the description'
        elif not shares:
            table.loc[mine, "add"] = (
                'a list whose firms were not chosen for their origin, and carries_shares = "yes"'
            )
    table["add"] = table["add"].mask(table["status"] == "computed")
    return shaped(table, "case_analyses")


def needs(analysis: str) -> bool:
    """Say in a notebook whether an analysis can be made of the list; if not, show what is missing.

    Raises
    ------
    KeyError
        If there is no such analysis.
    """
    row = tables.read(f"{RAW}/analyses.csv").set_index("analysis").loc[analysis]
    if row["status"] == "missing":
        display(
            Markdown(
                f"**Missing: {row['what']}.** It needs {row['needs']}. What to add: {row['add']}."
            )
        )
    return row["status"] != "missing"


def description() -> dict:
    """Return the description of the list: ``title``, ``country``, ``industry``, ``beside``,
    ``years``, ``frame``.
    """
    return json.loads(paths.source(f"{RAW}/description.json").read_text(encoding="utf-8"))


def carried(table: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Return shares with a blank interval on each frame that cannot carry one: there they describe
    the list.
    """
    carries = table["frame"].map(frames.set_index("frame")["carries_shares"]) == "yes"
    return table.assign(**{end: table[end].where(carries) for end in ("low", "high")})


def told(
    id: str, estimate: Mapping[str, float], words: str, frame: pd.Series, headline: bool = False
) -> dict:
    """Make a result of a share (`results.result`), with an interval only if the frame carries
    shares.

    Parameters
    ----------
    id, words : str
        Name of the result, and what the share counts, such as ``entries are start-ups``.
    estimate : mapping
        From `statistics.share`.
    frame : Series
        Row of the table of frames.
    headline : bool
        Whether the front page shows it (never where nothing is known).
    """
    carries = frame["carries_shares"] == "yes" and estimate["n"] > 0
    interval = ", 95 % interval {low} to {high}" if carries else ""
    sentence = f"{{count}} of {{n}} {words} ({{value}}{interval}; {{unknown}} unknown)."
    kept = dict(estimate) | ({} if carries else {"low": None, "high": None})
    return results.result(
        id, kept, sentence, frame=frame["frame"], headline=headline and estimate["n"] > 0
    )


def counted(
    id: str, value: int, of: int, words: str, frame: str = OWN, headline: bool = False
) -> dict:
    """Make a result of a count among the firms of the list: ``{value} of {n}`` and some words."""
    sentence = f"{{value}} of {{n}} {words}."
    return results.result(
        id, {"value": value, "n": of}, sentence, frame=frame, unit="count", headline=headline
    )


# --- Words and figures


def use_style(texts: Iterable[str] = ()) -> None:
    """Put the house style in force, with a second font for characters that the study does not need.

    The second font leads if one of the texts needs it: a word drawn with two fonts loses its
    accents.
    """
    import matplotlib as mpl

    from cluster_anatomy import style

    style.use()
    first, second = _drawn()
    lacking = any(ord(char) in second - first for text in texts if pd.notna(text) for char in text)
    mpl.rcParams["font.family"] = (
        [SECOND_FONT, style.FONT] if lacking else [style.FONT, SECOND_FONT]
    )


@cache
def _drawn() -> tuple[frozenset[int], frozenset[int]]:
    """Return the characters that each of the two fonts holds."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    from cluster_anatomy import style

    style.use()
    return tuple(
        frozenset(FT2Font(font_manager.findfont(name)).get_charmap())
        for name in (style.FONT, SECOND_FONT)
    )


def _has_glyph(char: str) -> bool:
    return any(ord(char) in font for font in _drawn())


def drawable(name: str, width: int = 28) -> str:
    """Return a name as a figure can draw it: romanised where a character has no glyph, and cut
    where it is long.

    Chinese becomes pinyin; a letter of another script is read from its Unicode name. A long name
    keeps its end.
    """
    plain = unicodedata.normalize("NFC", " ".join(name.split())).replace("$", "＄")
    if not all(map(_has_glyph, plain)):
        plain = pinyin(plain) if is_chinese(plain) else "".join(map(_romanised, plain))
        plain = plain[:1].upper() + plain[1:]
    tail = width // 3
    return plain if len(plain) <= width else f"{plain[: width - tail - 1]}…{plain[-tail:]}"


def _romanised(char: str) -> str:
    if _has_glyph(char):
        return char
    known = unicodedata.name(char, "")
    return (
        known.split()[-1].lower()
        if unicodedata.category(char)[0] in "LM" and "VIRAMA" not in known
        else ""
    )


def largest(found: pd.DataFrame, top: int) -> list[str]:
    """Return the clusters with most entries, largest first."""
    sizes = found["cluster"].value_counts()
    return sorted(sizes.index, key=lambda name: (-sizes[name], name))[:top]


def labelled(names: Iterable[str], width: int = 28) -> dict[str, str]:
    """Return the label of each name in figures; two that would look the same get a number."""
    labels, seen = {}, {}
    for name in names:
        label = drawable(name, width)
        seen[label] = seen.get(label, 0) + 1
        labels[name] = label if seen[label] == 1 else f"{label} ({seen[label]})"
    return labels


def upright(figure):
    """Write the labels of rows level and those of columns upwards, so that long names do not meet."""
    for axis in figure.axes:
        axis.tick_params(axis="y", labelrotation=0)
        axis.tick_params(axis="x", labelrotation=90)
    return figure


def panel_data(
    found: pd.DataFrame, profiles: pd.DataFrame, panels: int, years: int
) -> pd.DataFrame:
    """Count entries over time in the clusters with most dated entries
    (`figures.cluster_years_data`), named as drawn.
    """
    dated = found.dropna(subset=["entry_year"])
    names = labelled(largest(dated, panels), 20)
    parts = [
        table[table["cluster"].isin(list(names))].assign(
            cluster=lambda part: part["cluster"].map(names)
        )
        for table in (dated, profiles)
    ]
    return figures.cluster_years_data(*parts, smallest=1, years=years)


def matrix_data(pairs: pd.DataFrame, country: str, top: int) -> pd.DataFrame:
    """Count ties between clusters (`figures.tie_matrix_data`), named as drawn."""
    data = figures.tie_matrix_data(pairs, country, top).assign(country=country)
    names = labelled(dict.fromkeys(data["cluster"]), 20)
    return data.replace({"cluster": names, "other": names})


def index_data(table: pd.DataFrame, beside: pd.DataFrame, top: int) -> pd.DataFrame:
    """Choose the rows of the E-I figure (`figures.ei_data`): the clusters with most ties, and the
    countries beside.
    """
    ranked = table.assign(ties=-table["internal"] - table["external"]).sort_values(
        ["scope", "ties", "member"]
    )
    many = ranked[(ranked["scope"] == "cluster") & (ranked["foreign_ties"] == "left_out")].index[
        top:
    ]
    data = figures.ei_data(ranked.drop(index=many))
    data["label"] = data["label"].map(lambda label: drawable(label, 24))
    if beside.empty:
        return data
    ties_of = beside["internal"] + beside["external"]
    whole = beside.assign(group="beside", label=beside["country"], n=ties_of)
    return pd.concat([data, shaped(whole, "figure_ei_index")], ignore_index=True)


def drawn_families(families: pd.DataFrame, lines: int = 45) -> pd.DataFrame:
    """Return the largest families that fit into so many lines (one at least), named as drawn."""
    sizes = families.drop_duplicates(["root", "parent", "child"]).groupby("root", sort=False).size()
    kept = sizes.index[(sizes + 1).cumsum() <= lines].union(sizes.index[:1])
    chosen = families[families["root"].isin(kept)]
    names = labelled(dict.fromkeys([*chosen["root"], *chosen["parent"], *chosen["child"]]), 40)
    return chosen.assign(**{end: chosen[end].map(names) for end in ("root", "parent", "child")})


def whole_years(figure):
    """Let the axes of a figure mark whole years and whole firms only."""
    for axis in figure.axes:
        for one in (axis.xaxis, axis.yaxis):
            if hasattr(one.get_major_locator(), "set_params") and axis.get_visible():
                one.get_major_locator().set_params(integer=True)
    return figure


def facts(found: pd.DataFrame, about: Mapping, frame: pd.Series) -> dict:
    """Return what captions say of a list: counts, the largest region, the most frequent origin, the
    busiest years.

    Parameters
    ----------
    found : DataFrame
        From `entries`.
    about : mapping
        From `description`.
    frame : Series
        Row of the table of frames.
    """
    dated, placed = found["entry_year"].dropna().astype(int), found["cluster"].dropna()
    known = found.loc[found["label"] != "unknown", "label"]
    step = period_width(dated)
    starts, top, origin = ((dated - 1) // step * step + 1).mode(), largest(found, 1), known.mode()
    names = ["the USA" if country == "USA" else country for country in about["beside"]]
    return {
        "title": about["title"],
        "n": len(found),
        "dated": len(dated),
        "undated": len(found) - len(dated),
        "placed": len(placed),
        "regions": placed.nunique(),
        "known": len(known),
        "unknown": len(found) - len(known),
        "years": step,
        "peak": f"{starts.min()} to {starts.min() + step - 1}" if len(starts) else "no years",
        "largest": drawable(top[0]) if top else "no region",
        "largest_n": int((placed == top[0]).sum()) if top else 0,
        "origin": entry_patterns.ORIGINS[origin.min()].lower() if len(origin) else "none",
        "origin_n": int((known == origin.min()).sum()) if len(origin) else 0,
        "beside": f", beside {' and '.join(names)}" if names else "",
        "frame": frame["label"],
        "meaning": frame["meaning"],
        "carries": (
            "They describe the list and nothing beyond it."
            if frame["carries_shares"] == "no"
            else ""
        ),
    }


def period_width(years: pd.Series) -> int:
    """Return how many years a bar over time should hold, so that there are some two dozen at most."""
    span = int(years.max() - years.min()) if len(years) else 0
    return next(width for width in (2, 3, 5, 10, 20, 50) if span / width <= 24 or width == 50)


def first_drawn(years: pd.Series, width: int, most: int = 60) -> int:
    """Return the first year to draw: that of the period of the first entry.

    If the entries span more than so many years, it is that of the period after which nineteen in
    twenty entered.
    """
    known = years.dropna().astype(int)
    first = int(known.quantile(0.05, interpolation="lower"))
    first = first if known.max() - known.min() > most else int(known.min())
    return (first - 1) // width * width + 1


def years_curve(data: pd.DataFrame):
    """Draw entries up to each year, with the band between the latest and the earliest years that
    the list allows.

    Parameters
    ----------
    data : DataFrame
        From `entry_years`.
    """
    import matplotlib.pyplot as plt

    from cluster_anatomy.style import TWO_COLUMNS

    figure, axis = plt.subplots(figsize=(TWO_COLUMNS, 3.0), layout="constrained")
    last = data.iloc[[-1]].assign(
        year=lambda row: row["year"] + 1
    )  # a step needs a year to stand on
    year, low, high, line = (
        pd.concat([data, last])[name].to_numpy(dtype=float)
        for name in ("year", "cumulated_low", "cumulated_high", "cumulated")
    )
    if (low < high).any():
        axis.fill_between(
            year,
            low,
            high,
            step="post",
            color="#56B4E9",
            alpha=0.5,
            linewidth=0,
            label="latest to earliest years",
        )
    axis.step(year, line, where="post", color="#0072B2", label="entries up to this year")
    axis.set_xlim(year.min() - 1, year.max())
    axis.set_ylim(0, high.max() * 1.08)
    axis.set_ylabel("Entries, cumulated")
    axis.legend(loc="upper left")
    return whole_years(figure)


def index(
    about: Mapping, made: pd.DataFrame, captions: pd.DataFrame, register: pd.DataFrame
) -> str:
    """Return the front page of the results as Markdown: what was made, where it is, and what is
    missing.

    Parameters
    ----------
    about, made : mapping, DataFrame
        From `description` and `analyses`.
    captions, register : DataFrame
        ``figures/captions.csv`` and the results of all notebooks.
    """
    headlines = register[register["headline"] == "yes"].sort_values(["notebook", "id"])["statement"]
    lines = [
        f"# {about['title']}",
        "",
        f"**{about['frame']['name']}.** {about['frame']['meaning']}",
        "",
    ]
    lines += [f"- {statement}" for statement in headlines]
    lines += [
        "",
        "Notebooks: " + " · ".join(f"[{step}](notebooks/{step}.ipynb)" for step in _steps_named()),
    ]
    lines += [
        "",
        "Tables: `data/processed/`; the list as it was understood: `data/raw/own_list/`.",
        "",
        "## Figures",
        "",
    ]
    for row in captions.itertuples():
        lines += [
            f"![{row.alt}](figures/{row.figure}.png)",
            "",
            f"**{row.title}.** {row.caption}",
            "",
        ]
    lines += ["## What could be computed, and what is missing", "", status_table(made), ""]
    return "\n".join(lines)


def _steps_named() -> list[str]:
    text = paths.source(steps.STEPS_FILE).read_text(encoding="utf-8")
    return [step["name"] for step in tomllib.loads(text)["step"]]


def status_table(made: pd.DataFrame) -> str:
    """Return the table of analyses as Markdown."""
    lines = ["| analysis | needs | status | what to add |", "|---|---|---|---|"]
    for row in made.itertuples():
        known = (
            row.status
            if row.status == "missing"
            else f"{row.status} ({row.have} of {row.of} {row.unit})"
        )
        add = "" if pd.isna(row.add) else row.add
        lines.append(f"| {row.what} | {row.needs} | {known} | {add} |")
    return "\n".join(lines)


def shown(figure, name: str, alt: str):
    """Return a figure as a picture for a notebook that saves none (checked as `style.save` does)."""
    import matplotlib.pyplot as plt
    from IPython.display import Image

    from cluster_anatomy import style

    style.check(figure, name)
    frame = figure.get_tightbbox(figure.canvas.get_renderer()).padded(0.1)
    buffer = io.BytesIO()
    figure.savefig(
        buffer, format="png", dpi=style.SCREEN_DPI, bbox_inches=frame, metadata={"Software": None}
    )
    plt.close(figure)
    return Image(data=buffer.getvalue(), format="png", alt=alt)


# --- A run


@dataclass
class Report:
    """What a run on a list did."""

    results: Path
    seconds: float = 0.0
    ran: list[str] = field(default_factory=list)
    up_to_date: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    analyses: pd.DataFrame = field(default_factory=pd.DataFrame)


def run(
    folder: Path, beside: Iterable[str] | None = None, jobs: int = 2, tell=pipeline.say
) -> Report:
    """Run the notebooks of the study on the list in a folder, into its ``results/``.

    The list is read and checked before anything is written. The notebooks run in
    ``results/build/case``; only when all of them are done does their outcome take the place of an
    earlier one. Nothing is written outside ``results/``.

    Parameters
    ----------
    folder : Path
        Holds ``description.toml`` and the tables that it names.
    beside : iterable of str, optional
        Countries of the study to set beside the list (``China``, ``USA``); as the description says
        if not given.
    jobs, tell
        As for `pipeline.run`.

    Returns
    -------
    Report
        With the table of `analyses`.

    Raises
    ------
    TableError
        With every problem of the list.
    PipelineError
        If ``results/`` holds something else, or another run is going on.
    """
    from cluster_anatomy import own_list

    started, folder = time.perf_counter(), Path(folder).resolve()
    own = own_list.read(folder)
    about = described(own, beside)
    target = folder / "results"
    ours = (target / "build/case").is_dir() or (target / RAW / "description.json").is_file()
    if target.exists() and any(target.iterdir()) and not ours:
        raise steps.PipelineError(
            f"{target} holds something else than results of a run: move it away"
        )
    case = target / "build/case"
    case.mkdir(parents=True, exist_ok=True)
    search = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]
    with pipeline.locked(target):
        made = prepare(own.tables, about, list(own.warnings), paths.root(), case)
        with _surroundings({"PYTHONPATH": os.pathsep.join(filter(None, search))}):
            report = pipeline.run(case, jobs=jobs, tell=tell)
        done = Report(
            target,
            ran=report.ran,
            up_to_date=report.up_to_date,
            failed=report.failed,
            not_run=report.not_run,
            warnings=report.warnings,
            analyses=made,
        )
        if not report.failed:
            _take_place(case, target)
    done.seconds = time.perf_counter() - started
    return done


def described(own, beside: Iterable[str] | None) -> dict:
    """Return the description of a list as plain data, with what was left out filled in."""
    given, countries = own.description, own.tables["firms"]["country"].dropna()
    wanted = list(given.beside if beside is None else beside)
    if unknown := sorted(set(wanted) - set(FRAMES)):
        raise steps.PipelineError(
            f"beside {', '.join(unknown)}: the study has {' and '.join(FRAMES)}"
        )
    return {
        "title": given.title,
        "country": (
            given.country
            or (countries.mode().iloc[0] if len(countries) else "the country of the list")
        ),
        "industry": given.industry or "the industry of the list",
        "beside": [country for country in FRAMES if country in wanted],
        "years": [given.first, given.last],
        "frame": {
            "name": given.frame_name,
            "meaning": (
                given.frame_meaning
                or "The description does not say why these firms are in the list."
            ),
            "carries_shares": given.carries_shares,
        },
    }


def prepare(
    own: Mapping[str, pd.DataFrame], about: dict, noticed: list[str], study: Path, case: Path
) -> pd.DataFrame:
    """Write what the notebooks read into the folder of a case, and return the table of `analyses`."""
    coding, places, frames = rules(), tables.read(PLACES), tables.read("data/raw/coding/frames.csv")
    found = derived(own, about, coding, places)
    wanted = asked()
    made = analyses(found, about, wanted)
    written = {
        **{f"data/raw/coding/{name}.csv": table for name, table in coding.items()},
        **{path: shaped(pd.DataFrame(), name) for name, path in HEADERS.items()},
        "data/raw/coding/frames.csv": own_frames(frames, found.firms, about),
        "data/raw/coding/figure_words.csv": pd.read_csv(
            study / TEMPLATES / "figure_words.csv", dtype="string"
        ),
        PLACES: found.places,
        f"{RAW}/firms.csv": shaped(found.given, "case_firms"),
        f"{RAW}/evidence.csv": found.evidence,
        f"{RAW}/ties.csv": found.ties,
        f"{RAW}/warnings.csv": pd.DataFrame({"warning": noticed}, dtype="string"),
        f"{RAW}/analyses.csv": made,
        **beside_tables(about["beside"]),
    }
    for stale in ("data/raw", "notebooks"):
        _clear(case / stale, keep=".ipynb")
    with _surroundings({paths.ROOT_VARIABLE: str(case), paths.STAGE_VARIABLE: ""}):
        for path, table in written.items():
            tables.write(table, path)
        _write(
            paths.target(f"{RAW}/description.json"),
            json.dumps(about, indent=1, ensure_ascii=False) + "\n",
        )
        _write(case / steps.LOCK_FILE, (study / steps.LOCK_FILE).read_text(encoding="utf-8"))
        _write(paths.target("data/raw/made_with.txt"), made_with())
        _write_steps(study / TEMPLATES, case, made, wanted)
    return made


def own_frames(frames: pd.DataFrame, firms: pd.DataFrame, about: Mapping) -> pd.DataFrame:
    """Return the frame of the list, and below it those of the countries that it is set beside."""
    countries = firms["country"].unique()
    own = pd.DataFrame(
        {
            "frame": [OWN],
            "country": [countries[0] if len(countries) == 1 else pd.NA],
            "includes": [f"frame={OWN}"],
            "label": [about["frame"]["name"]],
            "carries_shares": ["yes" if about["frame"]["carries_shares"] else "no"],
            "default": ["yes"],
            "meaning": [about["frame"]["meaning"]],
        }
    )
    return pd.concat([own, frames[frames["country"].isin(about["beside"])]], ignore_index=True)


def beside_tables(countries: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Return the entries and the E-I indices of the study for some countries, by the path in a
    case.
    """
    found = entry_patterns.entries(
        *(tables.read(f"data/processed/{name}.csv") for name in ("firms", "origins")),
        tables.read("data/raw/coding/periods.csv"),
    )
    index = tables.read("data/processed/ei_index.csv")
    index = index[(index["scope"] == "all") & (index["foreign_ties"] == "left_out")]
    return {
        f"{RAW}/{name}.csv": shaped(table[table["country"].isin(list(countries))], name)
        for name, table in {"beside_entries": found, "beside_ei": index}.items()
    }


def made_with() -> str:
    """Return version and checksum of the program, so that results made by another one are out of
    date.
    """
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*")):
        if (
            file.suffix in (".py", ".toml", ".otf")
            and "site" not in file.relative_to(package).parts
        ):
            digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return f"cluster-anatomy {version('cluster-anatomy')}\nsha256 {digest.hexdigest()}\n"


def _write_steps(
    templates: Path, case: Path, made: pd.DataFrame, wanted: Mapping[str, dict]
) -> None:
    """Write the notebooks and their steps, without the files that the list cannot give."""
    impossible = made.loc[made["status"] == "missing", "analysis"]
    without = {path for name in impossible for path in wanted[name].get("writes", [])}
    lines = ["# The steps of this list: the questions of the study, under its numbers.\n"]
    for step in tomllib.loads((templates / "steps.toml").read_text(encoding="utf-8"))["step"]:
        step["writes"] = [
            file for path in step["writes"] if path not in without for file in _files(path)
        ]
        step["reads"] = [
            *(path for path in step["reads"] if path not in without),
            "data/raw/made_with.txt",
        ]
        lines += [
            "\n[[step]]\n",
            *(f"{key} = {json.dumps(value)}\n" for key, value in step.items()),
        ]
        fresh, old = templates / f"{step['name']}.ipynb", case / f"notebooks/{step['name']}.ipynb"
        # an executed copy of the same notebook stays: it is an output, and its step may be up to
        # date
        if not old.is_file() or steps.source_digest(old) != steps.source_digest(fresh):
            shutil.copyfile(fresh, old)
    _write(case / steps.STEPS_FILE, "".join(lines))


def _files(path: str) -> list[str]:
    """Return the three files of a figure; any other path as it is."""
    return [path] if Path(path).suffix else [f"{path}.{ending}" for ending in ("csv", "pdf", "png")]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def _clear(folder: Path, keep: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != keep:
            file.unlink()


def _take_place(case: Path, results: Path) -> None:
    """Put the outcome of a run where the user looks for it; of an older one nothing is left."""
    fresh = results / "build/fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    listed = {path for step in steps.load_steps(case) for path in step.outputs}
    inputs = {
        file.relative_to(case).as_posix()
        for file in (case / "data/raw").rglob("*")
        if file.is_file()
    }
    for path in sorted(listed | inputs | {steps.STEPS_FILE, steps.LOCK_FILE}):
        (fresh / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(case / path, fresh / path)
    for old in results.iterdir():
        if old.name != "build" and old.name in {
            "README.md",
            "data",
            "figures",
            "notebooks",
            steps.LOCK_FILE,
        }:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for new in sorted(fresh.iterdir()):
        os.replace(new, results / new.name)
    fresh.rmdir()


@contextmanager
def _surroundings(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def summary(report: Report) -> list[str]:
    """Return the lines to show at the end of a run."""
    lines = [f"warning: {warning}" for warning in report.warnings]
    lines += report.failed.values()
    lines += [f"{name}: {reason}" for name, reason in report.not_run.items()]
    if report.failed:
        return [
            *lines,
            (
                f"the notebooks ran in {report.results / 'build/case'}; earlier results are as they"
                " were"
            ),
        ]
    lines.append(
        f"{len(report.ran)} notebooks run, {len(report.up_to_date)} up to date, in"
        f" {report.seconds:.1f} s"
    )
    missing = report.analyses[report.analyses["status"] == "missing"]
    lines += ["Missing, not failed:"] if len(missing) else []
    lines += [f"  {row.what}: add {row.add}" for row in missing.itertuples()]
    lines.append(f"Look at {report.results / 'README.md'}")
    return lines
