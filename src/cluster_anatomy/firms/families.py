"""Families of entries: firms that hang together through founders, parents and each other."""

from collections.abc import Callable

import pandas as pd

from cluster_anatomy.firms.names import name_index, organisation_key
from cluster_anatomy.firms.ties import CHANNELS
from cluster_anatomy.methods.bootstrap import linked_families
from cluster_anatomy.tables.cells import split


def families(entries: pd.DataFrame, sources: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
    """Put the entries of each country in families: those of one did not enter independently.

    A firm hangs together with the organisations it came from (founders' employers, parents), with
    the persons behind it who are behind others too, and with firms that founded it, split it off
    or lost staff to it. Firms that share one of these are of one family, and so are firms at the
    two ends of a chain.

    Parameters
    ----------
    entries : DataFrame
        Entries, with their names, ``country`` and ``serial_person``.
    sources : DataFrame
        Their sources; later ones and those without a name are left out.
    ties : DataFrame
        Rows of ties (contract ``ties``); those between two of the firms count.

    Returns
    -------
    Series
        Family (country and number) by ``firm_id``.
    """
    parts = []
    for country, firms in entries.groupby("country"):
        actor = _finder(firms)
        behind = sources[sources["firm_id"].isin(firms["firm_id"])]
        links = [*_from_sources(firms, behind, actor), *_from_ties(ties, set(firms.firm_id), actor)]
        numbers = linked_families(firms["firm_id"], links)
        parts.append(country + " " + numbers.astype(str))
    return pd.concat(parts).rename("family")


def _finder(firms: pd.DataFrame) -> Callable[[str], str]:
    """Return a function from a name to the id of a firm, or else to the bare name."""
    index = name_index(firms)
    main = firms["name_en"].fillna(firms["name_zh"])
    firm_of = dict(zip(main, firms["firm_id"], strict=True))

    def actor(name: str) -> str:
        key = organisation_key(name)
        return firm_of[index[key]] if key in index else f"actor: {key}"

    return actor


def _from_sources(
    firms: pd.DataFrame, sources: pd.DataFrame, actor: Callable[[str], str]
) -> list[tuple[str, str]]:
    """Link firms to the named organisations they came from, and to serial persons."""
    persons = [
        (firm.firm_id, actor(name))
        for firm in firms.itertuples()
        for name in split(firm.serial_person)
    ]
    named = sources[(sources["timing"] != "later") & sources["organisation"].notna()]
    named = named[~named["organisation"].str.contains("unnamed", case=False)]
    return persons + [(row.firm_id, actor(row.organisation)) for row in named.itertuples()]


def _from_ties(
    ties: pd.DataFrame, firms: set[str], actor: Callable[[str], str]
) -> list[tuple[str, str]]:
    """Link firms of which one founded the other, split it off or lost staff to it."""
    rows = ties[ties["tie_type"].isin(CHANNELS["founding"])]
    ends = [(actor(row.source_name), actor(row.target_name)) for row in rows.itertuples()]
    return [(one, other) for one, other in ends if {one, other} <= firms]
