"""What can be computed of a list, and what is missing."""

import json
import tomllib
from collections.abc import Iterable, Mapping

import pandas as pd
from IPython.display import Markdown, display

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.own_list.case import Case
from cluster_anatomy.own_list.layout import OWN, RAW, TEMPLATES, shaped
from cluster_anatomy.own_list.origins import entries
from cluster_anatomy.own_list.register import in_scope

FRAMES = {"China": "cn_named_or_listed", "USA": "us_frame"}
"""Frame of each country that carries the study's headline shares."""
ALL_FOUND = {"China": "cn_all", "USA": "us_all"}
LEAST = 5
"""Dated entries from which a cluster can have a year of take-off (`clusters.take_off`)."""


def requirements() -> dict[str, dict]:
    """Return what each analysis needs, by name (``notebooks/own_list/analyses.toml``)."""
    return tomllib.loads(paths.source(f"{TEMPLATES}/analyses.toml").read_text(encoding="utf-8"))


# --- What can be computed, and what is missing


def analyses(case: Case, about: Mapping, required: Mapping[str, dict]) -> pd.DataFrame:
    """Say of every analysis what it needs, how much of it the list has, and what to add.

    Parameters
    ----------
    case : Case
        From `case.derived`.
    about, required : mapping
        From `prepare.described` and `requirements`.

    Returns
    -------
    DataFrame
        The columns of the contract ``case_analyses``; ``joined_frame`` is there if the list joins
        a frame.
    """
    numbers = _numbers(case, about)
    rows = []
    for name, needed in required.items():
        have, of = numbers[name]
        of = have if of is None else of
        enough, whole = have >= needed.get("least", 1), have >= of
        status = ("computed" if whole else "partly") if enough else "missing"
        rows.append(needed | {"analysis": name, "have": have, "of": of, "status": status})
    table = pd.DataFrame(rows)
    if not about["joins"]:
        table = table[table["analysis"] != "joined_frame"].reset_index(drop=True)
    for country in FRAMES:
        comparison = table["analysis"] == f"comparison_{country.lower()}"
        if country not in about["beside"]:
            table.loc[comparison, "add"] = f'beside = ["{country}"] in the description'
        elif not about["frame"]["carries_shares"]:
            table.loc[comparison, "add"] = (
                'a list whose firms were not chosen for their origin, and carries_shares = "yes"'
            )
    if about["joins"]:
        comparisons = table["analysis"].str.startswith("comparison_")
        table.loc[comparisons, "add"] = "a list of its own: this one joins a listed frame"
    table["add"] = table["add"].mask(table["status"] == "computed")
    return shaped(table, "case_analyses")


def _numbers(case: Case, about: Mapping) -> dict[str, tuple[int, int | None]]:
    """Return how many rows have what each analysis needs, and of how many, if that can be said."""
    firms = in_scope(case.firms)
    origins = case.origins[case.origins["firm_id"].isin(firms["firm_id"])]
    n, found = len(firms), entries(firms, origins)
    dated, placed = firms["entry_year"].notna(), firms["cluster"].notna()
    sizes, regions = firms.loc[dated & placed, "cluster"].value_counts(), firms["cluster"].nunique()
    known = {
        column: int((origins[column] != "unknown").sum()) for column in ("mode", "source", "reach")
    }
    of_region = found[(found["paper_type"] != "unknown") & found["cluster"].notna()]
    named = firms["founder_names"].notna() | firms["firm_id"].isin(case.sources["firm_id"])
    kind, away = case.pairs["kind"].astype(object), case.distances["kilometres"]
    span = firms["entry_year_low"] < firms["entry_year_high"]
    compared = known["mode"] if about["frame"]["carries_shares"] else 0
    return {
        "entry_over_time": (dated.sum(), n),
        "year_spans": (span.fillna(False).sum(), None),
        "clusters": (placed.sum(), n),
        "cluster_years": ((dated & placed).sum(), n),
        "take_off": ((sizes >= LEAST).sum(), regions),
        "location_quotients": (of_region["cluster"].nunique(), regions),
        "composition": (known["mode"], n),
        "composition_by_region": (len(of_region), n),
        "source": (known["source"], n),
        "reach": (known["reach"], n),
        "serial": (named.sum(), n),
        "distances": (away.notna().sum(), len(away)),
        "entry_model": ((sizes >= LEAST).sum(), None),
        "comparison_china": (compared if "China" in about["beside"] else 0, n),
        "comparison_usa": (compared if "USA" in about["beside"] else 0, n),
        "joined_frame": (firms["coders"].notna().sum() if about["joins"] else 0, None),
        "ties": ((kind != "unknown").sum(), len(kind)),
        "ei_index": (kind.isin(["local", "external"]).sum(), None),
        "genealogies": (case.families["root"].nunique(), None),
    }


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


def countries_beside() -> dict[str, str]:
    """Return the frame of each country that the list can be set beside, by country (`needs`)."""
    return {
        country: frame
        for country, frame in FRAMES.items()
        if needs(f"comparison_{country.lower()}")
    }


def description() -> dict:
    """Return the description of the list as `prepare.described` has filled it in.

    Raises
    ------
    StudyError
        If there is no list here: the notebook was opened where it lies, and not run on a list.
    """
    if not paths.source(f"{RAW}/description.json").is_file():
        raise paths.StudyError(
            "There is no list here. These notebooks run on a list of firms: python -m"
            " cluster_anatomy run NAME, which leaves them in own_lists/NAME/results/notebooks"
        )
    return json.loads(paths.source(f"{RAW}/description.json").read_text(encoding="utf-8"))


def all_found(
    found: pd.DataFrame, others: pd.DataFrame, beside: Iterable[str]
) -> dict[str, pd.DataFrame]:
    """Return the entries of the list, and below them all that were found of each country beside.

    Parameters
    ----------
    found, others : DataFrame
        Entries of the list, and of the study.
    beside : iterable of str
        Countries beside the list.

    Returns
    -------
    dict
        Frame to its entries.
    """
    countries = {ALL_FOUND[name]: others[others["country"] == name] for name in beside}
    return {OWN: found} | countries


def carried(table: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Return shares without intervals on frames that carry none: there they describe the list."""
    carries = table["frame"].map(frames.set_index("frame")["carries_shares"]) == "yes"
    return table.assign(**{end: table[end].where(carries) for end in ("low", "high")})
