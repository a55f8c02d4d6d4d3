"""Names and paths of a case: the folder in which the notebooks run on a list."""

import pandas as pd

from cluster_anatomy.tables.contract import contracts

OWN = "own_list"
"""Name of the list as a frame and as a coder."""
RAW = "data/raw/own_list"
PLACES = "data/raw/places/places.csv"
TEMPLATES = "notebooks/own_list"
WORDS = "notebooks/words"
"""Where the notebooks of a list look for their words (`results.words`)."""
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
"""Tables from which the study names the ends of ties; a list of one's own leaves them empty."""


def shaped(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return a frame in the columns of a contract; columns that it lacks are blank."""
    return frame.reindex(columns=[column.name for column in contracts()[table].columns])
