"""What the site shows, read from the tables, figures and notebooks of the compendium."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.site.bars import Bar, bars

PROCESSED, CODING = "data/processed/", "data/raw/coding/"
CODED = ["source_roles", "origin_rules", "conventions", "alternatives", "origin_views"]
CODED += ["properties", "frames", "periods", "disputes", "organisation_types"]
"""Tables of coding decisions."""
DOWNLOADS = ["firms", "firm_evidence", "origins", "sources", "entries", "serial", "results"]
DOWNLOADS += ["composition", "property_shares", "differences", "ties", "claims"]
"""Processed tables that the site carries along."""
COMPOSITIONS = {"composition_by_cluster": "cluster", "composition_by_frame": "frame"}
"""Figures whose bars lead to their firms, and what a bar is."""


@dataclass(frozen=True)
class Content:
    """Everything that a page shows; tables of steps that have not run are None."""

    coding: dict[str, pd.DataFrame]
    firms: pd.DataFrame
    firm_evidence: pd.DataFrame
    entries: pd.DataFrame
    sources: pd.DataFrame
    conflicts: pd.DataFrame
    results: pd.DataFrame
    ties: pd.DataFrame | None
    claims: pd.DataFrame | None
    claim_outcomes: pd.DataFrame | None
    evidence: pd.DataFrame
    lists: pd.DataFrame
    places: Gazetteer
    figures: pd.DataFrame
    bars: list[Bar]
    readme: str
    data_readme: str
    notebooks: list[Path]
    version: str

    @property
    def frame_labels(self) -> dict[str, str]:
        """Frame to its words."""
        frames = self.coding["frames"]
        return dict(zip(frames["frame"], frames["label"], strict=True))


def read_content() -> Content:
    """Read what the pages show from the compendium."""
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    return Content(
        coding={name: tables.read(f"{CODING}{name}.csv") for name in CODED},
        firms=_processed("firms"),
        firm_evidence=_processed("firm_evidence"),
        entries=_processed("entries"),
        sources=_processed("sources"),
        conflicts=_processed("conflicts"),
        results=_processed("results"),
        ties=_if_there("ties"),
        claims=_if_there("claims"),
        claim_outcomes=_if_there("claim_outcomes"),
        evidence=tables.read_all("evidence"),
        lists=tables.read_all("lists"),
        places=Gazetteer(tables.read("data/raw/places/places.csv")),
        figures=tables.read("figures/captions.csv"),
        bars=[
            bar
            for name, kind in COMPOSITIONS.items()
            for bar in bars(tables.read(f"figures/{name}.csv"), kind)
        ],
        readme=_text("README.md"),
        data_readme=_text("data/README.md"),
        notebooks=sorted((paths.root() / "notebooks").glob("*.ipynb")),
        version=project["version"],
    )


def _text(path: str) -> str:
    return paths.source(path).read_text(encoding="utf-8")


def _processed(name: str) -> pd.DataFrame:
    return tables.read(f"{PROCESSED}{name}.csv")


def _if_there(name: str) -> pd.DataFrame | None:
    return _processed(name) if paths.source(f"{PROCESSED}{name}.csv").is_file() else None
