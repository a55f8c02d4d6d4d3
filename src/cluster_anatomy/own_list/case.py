"""From a list to all tables of the study that the analyses ask for."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.own_list import origins, register, ties
from cluster_anatomy.own_list.layout import CODING, OWN, shaped
from cluster_anatomy.study import entry_patterns


@dataclass(frozen=True)
class Case:
    """A list in the tables of the study.

    Attributes
    ----------
    given, evidence, ties : DataFrame
        The list as it was read, in the columns of the study.
    places : DataFrame
        Places of the list and of the study (contract ``places``).
    firms, sources, origins : DataFrame
        Contracts of the same names.
    distances : DataFrame
        From each source to the entry (`entry_patterns.source_distances`).
    pairs, families : DataFrame
        Contracts ``tie_pairs`` and ``genealogies``.
    """

    given: pd.DataFrame
    evidence: pd.DataFrame
    ties: pd.DataFrame
    places: pd.DataFrame
    firms: pd.DataFrame
    sources: pd.DataFrame
    origins: pd.DataFrame
    distances: pd.DataFrame
    pairs: pd.DataFrame
    families: pd.DataFrame


def rules() -> dict[str, pd.DataFrame]:
    """Return the tables of the study by which every list is read (`layout.CODING`)."""
    return {name: tables.read(f"data/raw/coding/{name}.csv") for name in CODING}


def derived(
    own: Mapping[str, pd.DataFrame],
    about: Mapping,
    coding: Mapping[str, pd.DataFrame],
    places: pd.DataFrame,
) -> Case:
    """Derive from a list the tables on which its notebooks then work, one after the other.

    Parameters
    ----------
    own : mapping
        Tables of `own_list.read`: ``firms``, ``evidence``, ``ties``, ``places``.
    about : mapping
        From `run.described`.
    coding, places : mapping, DataFrame
        From `rules`; the study's table of places.
    """
    country = about["country"]
    given = register.identified(own["firms"], country)
    all_places = register.place_table(own["places"], own["firms"]["place"], country, places)
    evidence = register.coded(own["evidence"])
    firms = register.firm_register(given, evidence, all_places, about["years"])
    sources = origins.sources(firms, evidence, all_places, coding["organisation_types"])
    tie_rows = shaped(own["ties"].assign(coder=OWN), "case_ties").sort_values(
        ["source_name", "target_name", "tie_type", "year"], ignore_index=True
    )
    located, founders = ties.located_ties(tie_rows, sources, firms, all_places, country)
    return Case(
        given=given,
        evidence=evidence,
        ties=tie_rows,
        places=all_places,
        firms=firms,
        sources=sources,
        origins=origins.origins(firms, given, sources, all_places, coding),
        distances=entry_patterns.source_distances(sources, firms, Gazetteer(all_places)),
        pairs=ties.tie_pairs(located),
        families=ties.families(located, founders, firms),
    )
