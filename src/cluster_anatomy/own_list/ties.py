"""From a list to the study's tables of ties and families."""

import networkx as nx
import pandas as pd

from cluster_anatomy.firms import actors, foundings
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.firms.ties import collapse, neither_at_home
from cluster_anatomy.own_list.layout import HEADERS, OWN, shaped


def located_ties(
    rows: pd.DataFrame,
    source_rows: pd.DataFrame,
    firms: pd.DataFrame,
    places: pd.DataFrame,
    country: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Name and place the ends of ties, and of the steps of founders from firm to firm.

    Returns
    -------
    rows : DataFrame
        The ties of the list.
    founders : DataFrame
        Founders' earlier employers as rows of ties, for genealogies.
    """
    empty = {name: shaped(pd.DataFrame(), name) for name in HEADERS}
    names = {
        "firms": firms,
        "organisations": empty["organisations"],
        "persons": empty["persons"],
        "reviewed": empty["actor_names"],
    }
    gazetteer = Gazetteer(places)

    def located(part: pd.DataFrame) -> pd.DataFrame:
        actors_named = actors.name_actors(part, **names)
        return actors.locate(actors_named, **names, gazetteer=gazetteer, countries={OWN: country})

    return (
        located(actors.gather(rows, empty["paper_figures"])),
        located(foundings.founder_rows(source_rows, firms)),
    )


def tie_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Collapse placed ties to pairs of actors (`ties.collapse`), if any touches the country."""
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
        node: number
        for number, nodes in enumerate(nx.strongly_connected_components(graph))
        for node in nodes
    }
    apart = founded["parent"].map(circle) != founded["child"].map(circle)
    return shaped(foundings.genealogies(founded[apart]), "genealogies")
