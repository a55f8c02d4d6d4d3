"""What each page shows: its template, and the values that fill it."""

from typing import NamedTuple

import pandas as pd

from cluster_anatomy.archive import citation
from cluster_anatomy.archive.record import read_record
from cluster_anatomy.compendium import paths
from cluster_anatomy.firms.entries import ORIGINS
from cluster_anatomy.site import pages
from cluster_anatomy.site.content import COMPOSITIONS, DOWNLOADS, PROCESSED, Content
from cluster_anatomy.site.notebooks import Addresses, ConvertedNotebook, slug
from cluster_anatomy.tables.codebook import codebook
from cluster_anatomy.tables.contract import contract_of

ROOT_FILES = {
    "LICENSE": "LICENSE.txt",
    "LICENSE-DATA": "LICENSE-DATA.txt",
    "CITATION.cff": "CITATION.cff",
    "codemeta.json": "codemeta.json",
}
"""Files of the compendium's root that the site carries along, and their names there."""
METHOD_TABLES = {
    "origin_rules": ["rule", "when", "mode", "source", "passage", "meaning"],
    "conventions": ["convention", "option", "default", "meaning", "reason"],
    "frames": ["frame", "label", "carries_shares", "default", "meaning"],
    "periods": ["period", "first_year", "last_year", "meaning"],
    "properties": ["property", "label", "question"],
    "disputes": ["dispute", "subject", "readings", "default", "source"],
}
"""Tables of coding decisions on the page of the method, and their columns."""


class Page(NamedTuple):
    """A page: its place in the site, its template, its title and the values of the template."""

    path: str
    template: str
    title: str
    context: dict[str, object]


def all_pages(
    content: Content,
    converted: list[ConvertedNotebook],
    numbers: Addresses,
    drawn: Addresses,
) -> list[Page]:
    """Return every page of the site.

    Parameters
    ----------
    content : Content
        What the pages show.
    converted : list of ConvertedNotebook
        The notebooks, in order.
    numbers, drawn : mapping
        Where each number is recorded and each figure drawn (`notebooks.cell_addresses`).
    """
    register = pages.result_rows(content.results, content.frame_labels)
    front = front_context(content, register, converted)
    claims = claims_context(content.claims, content.claim_outcomes, set(content.results["id"]))
    body, headings = pages.markdown(codebook().removeprefix("# Codebook\n"))
    figures = {"figures": content.figures.to_dict("records"), "compositions": COMPOSITIONS}
    figures |= {"drawn": drawn}
    return [
        Page("index.html", "index.html.j2", "Cluster Anatomy", front),
        Page("figures.html", "figures.html.j2", "Figures", figures),
        Page("explorer.html", "explorer.html.j2", "Explorer", explorer_context(content)),
        Page("claims.html", "claims.html.j2", "Claims", claims),
        Page("results.html", "results.html.j2", "Results", {"rows": register, "cells": numbers}),
        Page("codebook.html", "codebook.html.j2", "Codebook", {"body": body, "contents": headings}),
        Page("method.html", "method.html.j2", "Method", method_context(content)),
        Page("notebooks/index.html", "notebooks.html.j2", "Notebooks", {"notebooks": converted}),
        *notebook_pages(converted),
    ]


def front_context(
    content: Content, register: list[dict[str, str]], converted: list[ConvertedNotebook]
) -> dict[str, object]:
    """Return what the front page shows: findings, limits, notebooks, data, how to cite."""
    about = {name: contract_of(f"{PROCESSED}{name}.csv") for name in downloads()}
    record = read_record(paths.root())
    tables = {f"data/{name}.csv": table.title for name, table in about.items()}
    figures = content.figures.to_dict("records")
    lines = content.readme.split("\n## ")[0].split("\n")[1:]
    introduction = "\n".join(line for line in lines if not line.startswith("[!["))  # no badges
    return {
        "description": record.abstract,
        "dataset": pages.json_text(citation.dataset(record, tables)),
        "intro": pages.markdown(introduction, readme_target)[0],
        "parts": {
            heading: pages.markdown(pages.section(content.readme, heading), readme_target)[0]
            for heading in ("Data, frames and limits", "Licences", "How to cite")
        },
        "headlines": [row for row in register if row["headline"] == "yes"],
        "notebooks": converted,
        "figure": next((row for row in figures if row["figure"] == "china_usa"), None),
        "downloads": [
            (name, table.title, slug(f"{table.title} ({table.name})"))
            for name, table in about.items()
        ],
    }


def downloads() -> list[str]:
    """Return the names of the tables that the site carries along, as far as they are there."""
    return [name for name in DOWNLOADS if paths.source(f"{PROCESSED}{name}.csv").is_file()]


def readme_target(address: str) -> str:
    """Return where the site has what a link of the README leads to; empty text if nowhere."""
    if address.startswith("notebooks/") and address.endswith(".ipynb"):
        return address.removesuffix(".ipynb") + ".html"
    if address.startswith("figures/"):
        return address
    return ROOT_FILES.get(address, "")


def explorer_context(content: Content) -> dict[str, object]:
    """Return what stands on the page of the explorer before its script runs."""
    periods = [*content.coding["periods"]["period"], "unknown"]
    return {
        "bars": content.bars,
        "origins": ORIGINS,
        "frames": content.frame_labels,
        "periods": [(period, period) for period in periods],
    }


def claims_context(
    claims: pd.DataFrame | None, outcomes: pd.DataFrame | None, results: set[str]
) -> dict[str, object]:
    """Return what the page of claims shows.

    Parameters
    ----------
    claims : DataFrame or None
        The ledger of claims; None if it has not been written.
    outcomes : DataFrame or None
        A row per check of a claim.
    results : set of str
        Ids of the register of results.
    """
    if claims is None:
        return {"claims": None, "checks": {}, "counts": {}, "results": set()}
    checks: dict[str, list[dict]] = {}
    if outcomes is not None:
        for row in outcomes.to_dict("records"):
            checks.setdefault(row["claim_id"], []).append(row)
    return {
        "claims": claims.to_dict("records"),
        "checks": checks,
        "counts": claims["verdict"].value_counts(sort=False).to_dict(),
        "results": results,
    }


def method_context(content: Content) -> dict[str, object]:
    """Return what the page of the method shows: the coding tables and the limits of the frames."""
    limits = pages.section(content.data_readme, "Frames and limits")
    return {
        **{
            name: content.coding[name][columns].to_dict("records")
            for name, columns in METHOD_TABLES.items()
        },
        "columns": METHOD_TABLES,
        "limits": pages.markdown(limits)[0],
        "contents": [
            ("origin", "Origin rules"),
            ("conventions", "Conventions"),
            ("frames", "Frames"),
            ("properties", "Properties and periods"),
            ("linkage", "One register out of many lists"),
            ("disputes", "Disputes"),
        ],
    }


def notebook_pages(converted: list[ConvertedNotebook]) -> list[Page]:
    """Return a page per notebook, each with links to those before and after."""
    return [
        Page(
            f"notebooks/{notebook.name}.html",
            "notebook.html.j2",
            notebook.title,
            {
                "notebook": notebook,
                "before": before,
                "after": after,
                "contents": notebook.contents,
            },
        )
        for before, notebook, after in zip(
            [None, *converted[:-1]], converted, [*converted[1:], None], strict=True
        )
    ]
