"""From a list to the study's tables of sources, origins and entries."""

from collections.abc import Mapping

import pandas as pd

from cluster_anatomy.firms import entries as firms_entries
from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.own_list.layout import shaped
from cluster_anatomy.own_list.register import in_scope, members, periods
from cluster_anatomy.study import firm_origins

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
"""Views that follow from a mode alone, for pairs that a list may code but the rules never give."""


def sources(
    firms: pd.DataFrame, evidence: pd.DataFrame, places: pd.DataFrame, types: pd.DataFrame
) -> pd.DataFrame:
    """List who stood behind each entry, by the rules of the study (`origins.sources`).

    Firms on which there is no evidence may share a name.
    """
    rows = members(firms)
    rows = rows[rows["name_as_given"].isin(evidence["name_en"])]
    return firms_origins.sources(rows, evidence, Gazetteer(places), types)


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
        From `register.firm_register`.
    given : DataFrame
        The firms of the list with ``firm_id``, ``mode``, ``source``, ``reach``; a value that is
        there is taken.
    source_rows, places : DataFrame
        From `sources` and `register.place_table`.
    coding : mapping
        Tables of `layout.CODING` by name.
    conventions : mapping, optional
        Conventions that differ from their default.

    Returns
    -------
    DataFrame
        The columns of the contract ``origins``.
    """
    options = firms_origins.choose(coding["conventions"], conventions)
    conditions = firms_origins.conditions(firms, source_rows, coding["source_roles"], options)
    table = as_coded(firms_origins.classify(conditions, coding["origin_rules"]), given)
    table = table.merge(
        firms_origins.reach(firms, source_rows, table, Gazetteer(places), options),
        on="firm_id",
        validate="1:1",
    )
    coded_reach = table["firm_id"].map(given.set_index("firm_id")["reach"])
    table["reach_basis"] = table["reach_basis"].mask(coded_reach.notna(), "coder")
    table["reach"] = coded_reach.fillna(table["reach"])
    table = views(table, coding["origin_views"])
    table["evidence_used"] = table["firm_id"].map(firm_origins.describe_evidence(source_rows))
    table = table.merge(firms_origins.flags(firms, source_rows), on="firm_id", validate="1:1")
    table["second_order"] = firms_origins.second_order(table)
    repeated = firms_origins.serial(in_scope(firms), source_rows)
    for kind in ("person", "organisation"):
        table[f"serial_{kind}"] = table["firm_id"].map(firms_origins.serial_of_firm(repeated, kind))
    return shaped(table, "origins")


def as_coded(table: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Take mode and source where the list codes them; the rule of the evidence is then runner-up.

    A list that codes one of the two keeps the other of the rules only if both readings agree on the
    first.
    """
    codes = (
        given.set_index("firm_id")
        .reindex(table["firm_id"])[["mode", "source"]]
        .reset_index(drop=True)
    )
    table = table.reset_index(drop=True)
    for column, other in (("mode", "source"), ("source", "mode")):
        alone = codes[column].notna() & codes[other].isna() & (codes[column] != table[column])
        codes.loc[alone.fillna(False).astype(bool), other] = "unknown"
    any_code = codes.notna().any(axis=1)
    table["runner_up"] = table["runner_up"].mask(any_code, table["rule"])
    table["rule"] = table["rule"].mask(any_code, "coded_in_list")
    for column in ("mode", "source"):
        table[column] = codes[column].fillna(table[column])
    return table


def views(table: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Add the views on mode and source (contract ``origin_views``), for other pairs by mode."""
    table = table.merge(pairs, on=["mode", "source"], how="left", validate="m:1")
    for column in ("label", "paper_type", "founder_kind"):
        by_mode = table["mode"].map(
            {mode: view[column] for mode, view in BY_MODE.items() if column in view}
        )
        table[column] = table[column].fillna(by_mode).fillna("unknown")
    return table


def entries(firms: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Join register and origins (`entries.entries`), in decades that fit the list."""
    return firms_entries.entries(firms, table, periods(in_scope(firms)["entry_year"]))
