"""What the explorer shows: firms with their evidence, readings under every convention, shares,
bars.

Everything is computed here, in Python, and handed to the page as plain data; the page only looks
things up.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cluster_anatomy.firms.entries import MIXED_WEIGHT, ORIGINS, in_frame
from cluster_anatomy.firms.origins import options_of
from cluster_anatomy.methods.shares import share
from cluster_anatomy.tables.cells import split

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""One character per outcome: which of a firm's outcomes holds in a reading."""
FLAGS = [
    "returnee",
    "foreign_partner",
    "former_official",
    "military",
    "state_owned",
    "second_order",
]
SHARE = ["count", "n", "unknown", "value", "low", "high", "bound_low", "bound_high"]
ORIGIN = {
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
REGISTER = {
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
LISTS = [
    "other",
    "lists",
    "founders",
    "products",
    "urls",
    "all_labels",
    "serial_person",
    "serial_organisation",
]


def plain(row: Mapping, columns: Mapping[str, str]) -> dict:
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
    found = {}
    for name, column in columns.items():
        cell = row[column]
        if pd.isna(cell):
            continue
        number = isinstance(cell, (int, np.integer))
        found[name] = split(cell) if name in LISTS else int(cell) if number else str(cell)
    return found


def by_firm(
    table: pd.DataFrame | None, columns: Sequence[str], key: str = "firm_id"
) -> dict[str, list[list]]:
    """Return the rows of a table as lists of text, by firm; a blank cell is empty text.

    Parameters
    ----------
    table : DataFrame or None
        A table with a column of firms; None has no rows.
    columns : sequence of str
        Columns, in the order wanted.
    key : str
        Column of the firm.
    """
    found: dict[str, list[list]] = {}
    if table is None:
        return found
    for row in table.dropna(subset=[key]).to_dict("records"):
        cells = ["" if pd.isna(row[column]) else str(row[column]) for column in columns]
        found.setdefault(row[key], []).append(cells)
    return found


def coder_words(
    members: pd.DataFrame, evidence: pd.DataFrame, lists: pd.DataFrame
) -> dict[str, list[list]]:
    """Return, by firm, what each coder wrote and each list printed: who, words, label, confidence,
    addresses.
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
    """Return the ties of each firm: other end, its firm, kinds of tie, whether it gives, year,
    reach, in the paper.

    Parameters
    ----------
    ties : DataFrame or None
        Pairs of actors (contract ``tie_pairs``); None if step 08 has not been run.
    """
    found: dict[str, list[list]] = {}
    if ties is None:
        return found
    cells = ties.astype(object).where(ties.notna(), "")
    for row in cells.to_dict("records"):
        for end, other in (("source", "target"), ("target", "source")):
            if row[f"{end}_firm_id"]:
                kinds = ", ".join(split(row["tie_types"])).replace("_", " ")
                words = [
                    row[other],
                    row[f"{other}_firm_id"],
                    kinds,
                    "to" if end == "source" else "from",
                ]
                words += [row["year"], row["kind"], row["stated_in_paper"], row[f"{other}_city"]]
                found.setdefault(row[f"{end}_firm_id"], []).append([str(word) for word in words])
    return {firm: sorted(rows) for firm, rows in found.items()}


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
    inside = {frame: set(in_frame(entries, frames, frame)["firm_id"]) for frame in frames["frame"]}
    records = []
    for row in entries.to_dict("records"):
        record = plain(row, REGISTER) | plain(row, ORIGIN)
        record["flags"] = {
            flag: row[flag] for flag in FLAGS if row[flag] not in ("not_seen", "unknown")
        }
        record["frames"] = [frame for frame in frames["frame"] if row["firm_id"] in inside[frame]]
        record |= {
            name: rows[row["firm_id"]] for name, rows in details.items() if row["firm_id"] in rows
        }
        records.append(record)
    return sorted(records, key=lambda record: (record.get("en") or record["zh"], record["id"]))


def outcomes(table: pd.DataFrame) -> dict[str, list]:
    """Say for each firm that conventions move what it is in each reading.

    Parameters
    ----------
    table : DataFrame
        Rows: readings, the default first; columns: firms; cells: text.

    Returns
    -------
    dict
        By firm: its outcomes, and a text with one digit (of `DIGITS`) per reading that says which
        holds.
    """
    found = {}
    for firm, column in table.items():
        codes, values = pd.factorize(column)
        if len(values) > 1:
            found[firm] = [
                [str(value) for value in values],
                "".join(DIGITS[code] for code in codes),
            ]
    return found


def reach_words(home: pd.DataFrame, abroad: pd.DataFrame) -> pd.DataFrame:
    """Turn the readings of *founded from the home region* and *from abroad* back into reach.

    Parameters
    ----------
    home, abroad : DataFrame
        From `robustness.readings`: 1, 0, 0.5 (mixed) or blank.
    """
    one, other = home.to_numpy(), abroad.to_numpy()
    words = np.select(
        [np.isnan(one), one == 0.5, one == 1, other == 1],
        ["unknown", "mixed", "home", "abroad"],
        "elsewhere",
    )
    return pd.DataFrame(words, index=home.index, columns=home.columns)


def shares_everywhere(values: pd.DataFrame, weights: Mapping[str, float] | None = None) -> dict:
    """Estimate the share of one property among some firms in every reading.

    Parameters
    ----------
    values : DataFrame
        Rows: readings; columns: the firms of a frame; cells: 1, 0, 0.5 (mixed) or blank (unknown).
    weights : mapping, optional
        Option of the convention ``mixed`` to what a mixed firm counts; without it, nothing.

    Returns
    -------
    dict
        ``conventions`` (their order: the last one varies fastest), ``shares`` (the different ones,
        in the order of `SHARE`; None is undefined) and ``which`` (one place in ``shares`` per
        reading).
    """
    cells = values.to_numpy()
    hits, mixed, unknown = (cells == 1).sum(1), (cells == 0.5).sum(1), np.isnan(cells).sum(1)
    places: dict[tuple, int] = {}
    which = []
    for one, half, blank in zip(hits, mixed, unknown, strict=True):
        for weight in (weights or {"": 0.0}).values():
            key = (float(one + weight * half), int(cells.shape[1] - blank), int(blank))
            which.append(places.setdefault(key, len(places)))
    estimates = [share(*key) for key in places]
    rounded = [[_number(estimate[name]) for name in SHARE] for estimate in estimates]
    return {
        "conventions": [*values.index.names, *(["mixed"] if weights else [])],
        "shares": rounded,
        "which": which,
    }


def _number(value: float) -> float | int | None:
    if np.isnan(value):
        return None
    return int(value) if float(value).is_integer() else round(float(value), 10)


def properties_everywhere(
    readings: Mapping[str, pd.DataFrame],
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    properties: pd.DataFrame,
) -> list[dict]:
    """Estimate the share of every property on the default frames in every reading.

    Returns
    -------
    list of dict
        ``property``, ``label``, ``frames``: frame to what `shares_everywhere` returns.
    """
    chosen = frames[(frames["default"] == "yes") & (frames["carries_shares"] == "yes")]
    found = []
    for prop in properties.itertuples():
        weights = MIXED_WEIGHT if prop.property == "home" else None
        one = {
            frame: shares_everywhere(
                readings[prop.property][list(in_frame(entries, frames, frame)["firm_id"])], weights
            )
            for frame in chosen["frame"]
        }
        found.append({"property": prop.property, "label": prop.label, "frames": one})
    return found


def convention_records(conventions: pd.DataFrame) -> list[dict]:
    """Return the conventions with their options, the default first (the order in which readings are
    counted).
    """
    meaning = conventions.set_index(["convention", "option"])
    return [
        {
            "name": name,
            "options": [
                {
                    "option": option,
                    **plain(
                        meaning.loc[(name, option)], {"meaning": "meaning", "reason": "reason"}
                    ),
                }
                for option in options
            ],
        }
        for name, options in options_of(conventions).items()
    ]


def bars(composition: pd.DataFrame, by: str) -> list[dict]:
    """Turn the table behind a composition figure into bars.

    Parameters
    ----------
    composition : DataFrame
        ``panel``, ``bar``, ``label``, ``entries``, ``n``, ``firm_ids``.
    by : str
        What a bar is: a cluster, a frame.

    Returns
    -------
    list of dict
        ``key``, ``group`` (panel and kind of bar), ``panel``, ``bar``, ``n``, ``segments``
        (``key``, ``label``, ``words``, ``entries``, ``firms``), in the order of the figure.
    """
    order = {label: place for place, label in enumerate(ORIGINS)}
    found = []
    for (panel, bar), rows in composition.groupby(["panel", "bar"], sort=False):
        rows = rows.assign(order=rows["label"].map(order)).sort_values("order")
        segments = [
            {
                "key": f"{panel}/{bar}/{row.label}",
                "label": row.label,
                "words": ORIGINS[row.label],
                "entries": int(row.entries),
                "firms": split(row.firm_ids),
            }
            for row in rows.itertuples()
            if row.entries
        ]
        found.append(
            {
                "key": f"{panel}/{bar}",
                "group": f"{panel}, by {by}",
                "panel": panel,
                "bar": bar,
                "n": int(rows["n"].iloc[0]),
                "segments": segments,
            }
        )
    return found
