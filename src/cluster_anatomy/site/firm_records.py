"""The firms of the explorer: one record each, with all that the open record says of it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cluster_anatomy.firms.entries import in_frame
from cluster_anatomy.tables.cells import split

FLAGS = ["returnee", "foreign_partner", "former_official"]
FLAGS += ["military", "state_owned", "second_order"]
"""Properties that are shown where they hold."""
ORIGIN_COLUMNS = {
    "label": "label",
    "mode": "mode",
    "source": "source",
    "reach": "reach",
    "basis": "reach_basis",
    "rule": "rule",
    "runner": "runner_up",
    "used": "evidence_used",
    "coder": "coder",
    "coder_label": "coder_label",
    "agrees": "agrees",
    "all_labels": "all_labels",
    "serial_person": "serial_person",
    "serial_organisation": "serial_organisation",
}
FIRM_COLUMNS = {
    "id": "firm_id",
    "en": "name_en",
    "zh": "name_zh",
    "other": "other_names",
    "country": "country",
    "city": "city",
    "admin": "admin",
    "region": "region",
    "cluster": "cluster",
    "year": "entry_year",
    "low": "entry_year_low",
    "high": "entry_year_high",
    "founded": "founded_year",
    "frame": "frame",
    "confidence": "confidence",
    "lists": "lists",
    "founders": "founder_names",
    "investors": "investors",
    "partner": "foreign_partner_given",
    "predecessor": "predecessor",
    "products": "lead_products",
    "ownership": "ownership_at_entry",
    "period": "period",
    "urls": "source_urls",
}
"""Short names in the page of the columns of origins and of firms."""
LISTS = ["other", "lists", "founders", "products", "urls"]
LISTS += ["all_labels", "serial_person", "serial_organisation"]
"""Short names of the columns that hold lists."""


def plain(row: Mapping, columns: Mapping[str, str]) -> dict[str, str | int | list[str]]:
    """Return the cells of a row that are not blank under short names, as plain Python values.

    Parameters
    ----------
    row : mapping
        Column to cell.
    columns : mapping
        Short name to column.

    Returns
    -------
    dict
        Lists for the names in `LISTS`, integers for whole numbers, text for all else.
    """
    cells: dict[str, str | int | list[str]] = {}
    for name, column in columns.items():
        cell = row[column]
        if pd.isna(cell):
            continue
        if name in LISTS:
            cells[name] = split(cell)
        else:
            cells[name] = int(cell) if isinstance(cell, int | np.integer) else str(cell)
    return cells


def by_firm(
    table: pd.DataFrame | None, columns: Sequence[str], key: str = "firm_id"
) -> dict[str, list[list]]:
    """Return the rows of a table as lists of text, by firm; a blank cell is empty text.

    Parameters
    ----------
    table : DataFrame or None
        A table with a column of firms; None has no rows.
    columns : sequence of str
        Columns, in the order of the cells.
    key : str
        Column of the firm.
    """
    rows_of: dict[str, list[list]] = {}
    if table is None:
        return rows_of
    for row in table.dropna(subset=[key]).to_dict("records"):
        cells = ["" if pd.isna(row[column]) else str(row[column]) for column in columns]
        rows_of.setdefault(row[key], []).append(cells)
    return rows_of


def coder_words(
    members: pd.DataFrame, evidence: pd.DataFrame, lists: pd.DataFrame
) -> dict[str, list[list]]:
    """Return, by firm, what each coder wrote and each list printed.

    A row holds coder or list, name, words, label, confidence and addresses.
    """
    coded = evidence.rename(columns={"name_en": "name_as_given", "source_urls": "urls"})
    listed = lists.rename(
        columns={"list": "coder", "name_as_listed": "name_as_given", "source_url": "urls"}
    )
    listed = listed.assign(
        evidence=listed["product_or_note"], origin_coder_label=pd.NA, confidence=pd.NA
    )
    columns = ["coder", "name_as_given", "evidence", "origin_coder_label", "confidence", "urls"]
    rows = pd.concat([coded[columns], listed[columns]], ignore_index=True)
    joined = members.merge(rows, on=["coder", "name_as_given"], how="left", validate="1:1")
    return by_firm(joined, columns)


def tie_words(ties: pd.DataFrame | None) -> dict[str, list[list]]:
    """Return the ties of each firm.

    A row holds the other end, its firm, the kinds of tie, whether the firm gives or takes, year,
    reach, whether the paper states it, and the city of the other end.

    Parameters
    ----------
    ties : DataFrame or None
        Pairs of actors (contract ``tie_pairs``); None if step 08 has not been run.
    """
    rows_of: dict[str, list[list]] = {}
    if ties is None:
        return rows_of
    cells = ties.astype(object).where(ties.notna(), "")
    for row in cells.to_dict("records"):
        for end, other in (("source", "target"), ("target", "source")):
            if row[f"{end}_firm_id"]:
                kinds = ", ".join(split(row["tie_types"])).replace("_", " ")
                direction = "to" if end == "source" else "from"
                words = [row[other], row[f"{other}_firm_id"], kinds, direction]
                words += [row["year"], row["kind"], row["stated_in_paper"], row[f"{other}_city"]]
                rows_of.setdefault(row[f"{end}_firm_id"], []).append([str(word) for word in words])
    return {firm: sorted(rows) for firm, rows in rows_of.items()}


def firm_records(
    entries: pd.DataFrame, frames: pd.DataFrame, details: Mapping[str, Mapping[str, list[list]]]
) -> list[dict]:
    """Make one record per entry.

    Parameters
    ----------
    entries : DataFrame
        From `entries.entries`.
    frames : DataFrame
        ``frame``, ``includes``, …
    details : mapping
        Name of a detail (such as ``ties``) to its rows by firm.

    Returns
    -------
    list of dict
        Sorted by name; what is blank is left out.
    """
    inside = {
        frame: set(in_frame(entries, frames, frame, "entry")["firm_id"])
        for frame in frames["frame"]
    }
    records = []
    for row in entries.to_dict("records"):
        record: dict = plain(row, FIRM_COLUMNS) | plain(row, ORIGIN_COLUMNS)
        record["flags"] = {
            flag: row[flag] for flag in FLAGS if row[flag] not in ("not_seen", "unknown")
        }
        record["frames"] = [frame for frame in frames["frame"] if row["firm_id"] in inside[frame]]
        record |= {
            name: rows[row["firm_id"]] for name, rows in details.items() if row["firm_id"] in rows
        }
        records.append(record)
    return sorted(records, key=lambda record: (record.get("en") or record["zh"], record["id"]))
