"""From a list to the tables of the study."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace

import networkx as nx
import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.firms import actors, foundings
from cluster_anatomy.firms import entries as firms_entries
from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms.coders import MERGED_COLUMNS
from cluster_anatomy.firms.names import slug
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.firms.scripts import is_chinese
from cluster_anatomy.firms.ties import collapse, neither_at_home
from cluster_anatomy.study import entry_patterns, firm_origins
from cluster_anatomy.tables.cells import split
from cluster_anatomy.tables.contract import ADDRESS, TableError, contracts

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
"""Tables that step 08 reads and that a list of one's own leaves empty."""
SEAT = {
    "place_id": "place_id",
    "name": "city",
    "metro": "region",
    "cluster": "cluster",
    "latitude": "latitude",
    "longitude": "longitude",
}
"""Columns of a place and what they are called in the register."""
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
    seen = Gazetteer(pd.concat([own, known[known["country"] == country]], ignore_index=True))
    rest = sorted({name for name in names if pd.notna(name) and name not in seen})
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
    here = Gazetteer(places[places["country"].isin(given["country"])])
    found = [_placed(row, here) for row in given.itertuples()]
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


def _placed(firm, here: Gazetteer) -> tuple:
    place = here.find_within(firm.place, firm.admin) or here.find(firm.place)
    return tuple(pd.NA if place is None else getattr(place, column) for column in SEAT)


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
    """List who stood behind each entry, as step 02 of the study does (`origins.sources`)."""
    return firms_origins.sources(members(firms), evidence, Gazetteer(places), types)


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
    options = firms_origins.choose(coding["conventions"], conventions)
    known = firms_origins.conditions(firms, source_rows, coding["source_roles"], options)
    table = as_coded(firms_origins.classify(known, coding["origin_rules"]), given)
    table = table.merge(
        firms_origins.reach(
            firms, source_rows, table, Gazetteer(places), options["region"], options["hong_kong"]
        ),
        on="firm_id",
        validate="1:1",
    )
    said = table["firm_id"].map(given.set_index("firm_id")["reach"])
    table["reach_basis"] = table["reach_basis"].mask(said.notna(), "coder")
    table["reach"] = said.fillna(table["reach"])
    table = views(table, coding["origin_views"])
    table["evidence_used"] = table["firm_id"].map(firm_origins.describe_evidence(source_rows))
    table = table.merge(firms_origins.flags(firms, source_rows), on="firm_id", validate="1:1")
    unsure = (table["mode"] == "start_up") & (table["source"] == "unknown")
    table["second_order"] = firms_origins.second_order(table).mask(unsure, "unknown")
    repeated = firms_origins.serial(counting(firms), source_rows)
    for kind in ("person", "organisation"):
        table[f"serial_{kind}"] = table["firm_id"].map(firms_origins.serial_of_firm(repeated, kind))
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
    """Join register and origins (`entries.entries`), in decades that fit the list."""
    return firms_entries.entries(firms, table, periods(counting(firms)["entry_year"]))


def located(
    rows: pd.DataFrame,
    source_rows: pd.DataFrame,
    firms: pd.DataFrame,
    places: pd.DataFrame,
    country: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Name and place the ends of ties (step 08 of the study).

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
    every = [
        actors.gather(rows, empty["paper_figures"]),
        foundings.founder_rows(source_rows, firms),
    ]
    return tuple(
        actors.locate(
            actors.name_actors(part, **known),
            **known,
            gazetteer=Gazetteer(places),
            countries={OWN: country},
        )
        for part in every
    )


def tie_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Collapse the placed ties of a list to pairs of actors (`ties.collapse`); none if no tie
    touches the country.
    """
    kept = (rows["source"] != rows["target"]) & ~neither_at_home(rows)
    return shaped(collapse(rows)[0] if kept.any() else pd.DataFrame(), "tie_pairs")


def families(rows: pd.DataFrame, founders: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Arrange second-order foundings in families (`foundings.foundings`, `foundings.genealogies`).

    Firms between which people went in a circle have no order of descent; links among them are left
    out.
    """
    founded = foundings.foundings(pd.concat([rows, founders], ignore_index=True), firms)
    graph = nx.DiGraph(list(founded[["parent", "child"]].itertuples(index=False, name=None)))
    circle = {
        node: place
        for place, nodes in enumerate(nx.strongly_connected_components(graph))
        for node in nodes
    }
    apart = founded["parent"].map(circle) != founded["child"].map(circle)
    return shaped(foundings.genealogies(founded[apart]), "genealogies")


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
    """Derive from a list all that the analyses ask for, as notebooks 01, 02 and 08 do one by one.

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
        distances=entry_patterns.source_distances(source_rows, firms, Gazetteer(known)),
        pairs=tie_pairs(rows),
        families=families(rows, founders, firms),
    )


def rules() -> dict[str, pd.DataFrame]:
    """Return the tables of the study by which every list is read (`CODING`)."""
    return {name: tables.read(f"data/raw/coding/{name}.csv") for name in CODING}
