"""What is wrong across the cells and rows of a list."""

from collections import Counter

import pandas as pd

from cluster_anatomy.own_list.description import Description
from cluster_anatomy.own_list.places import blank
from cluster_anatomy.own_list.twins import names_of, warn_of_twins
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.reading.headings import fold
from cluster_anatomy.reading.problems import meant
from cluster_anatomy.tables.contract import contracts

PARALLEL = {
    "founder_prior_orgs": ("founder_prior_org_types", "founder_prior_cities"),
    "parent_orgs": ("parent_org_types", "parent_cities", "parent_countries"),
}
"""Evidence columns whose parts stand in the order of organisations."""


def check_firms(cells: Cells, firms: pd.DataFrame, description: Description) -> None:
    """Say which years contradict each other, and which firms stand twice."""
    seen: dict[tuple, int] = {}
    for firm in firms.itertuples():
        row, name = firm.Index, firm.name
        _check_years(cells, firm, description)
        if pd.isna(name):
            continue
        key = (fold(name) or name, *map(blank, (firm.country, firm.place, firm.admin)))
        if (first := seen.setdefault(key, row)) != row:
            where = (
                f"at the same place ({firm.place})"
                if pd.notna(firm.place)
                else "and neither has a place"
            )
            right = (
                "keep one of them or tell them apart in a bracket; if they are one firm write"
                ' repeated = "one firm" under [firms]'
            )
            cells.say(row, "name", name, f"row {first} has the same name {where}", right)
    warn_of_twins(cells, firms)
    unknown = {
        "place": firms["place"].isna(),
        "entry_year": firms[["entry_year", "entry_year_low", "entry_year_high"]].isna().all(axis=1),
    }
    for label, rows in unknown.items():
        if label in cells.heads and rows.any():
            cells.note(
                None, label, f"{rows.sum()} of {len(firms)} firms have none; they count as unknown"
            )


def _check_years(cells: Cells, firm, description: Description) -> None:
    """Say which of the years of a firm cannot be."""
    row, year, low, high = firm.Index, firm.entry_year, firm.entry_year_low, firm.entry_year_high
    if pd.notna(low) and pd.notna(high) and low > high:
        cells.say(
            row, "entry_year_low", low, f"comes after the latest year, {high}", "exchange them"
        )
    elif pd.notna(year) and ((pd.notna(low) and low > year) or (pd.notna(high) and high < year)):
        wrong = f"is not between the earliest and the latest year ({blank(low)} to {blank(high)})"
        cells.say(row, "entry_year", year, wrong, "mend one of the three")
    start = year if pd.notna(year) else low
    if pd.notna(firm.closure_year) and pd.notna(start) and firm.closure_year < start:
        right = "mend one of the two, or leave it blank"
        cells.say(
            row, "closure_year", firm.closure_year, f"comes before the entry in {start}", right
        )
    first, last = description.first, description.last
    if pd.notna(year) and not (first or year) <= year <= (last or year):
        wrong = (
            f"is outside the years of the list ({first or ''} to {last or ''}); the firm stays, its"
            " entry does not count"
        )
        cells.warn(row, "entry_year", year, wrong, "mend it, or [years] in description.toml")


def check_evidence(cells: Cells, evidence: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Tie each row to its firm by any of its names; say where that or the order of parts fails."""
    rows_of_name = Counter(firms["name"].dropna())
    firms_called: dict[str, set[str]] = {}
    for firm in firms[firms["name"].notna()].itertuples():
        for name in names_of(firm):
            firms_called.setdefault(fold(name) or name, set()).add(firm.name)
    first_row: dict[str, int] = {}
    names = []
    for entry in evidence.itertuples():
        name = entry.name
        if pd.notna(name) and len(firms):
            name = _firm_meant(cells, entry.Index, name, rows_of_name, firms_called, first_row)
        names.append(name)
        _check_parts(cells, entry)
    return evidence.assign(name=names)


def _firm_meant(
    cells: Cells,
    row: int,
    name: str,
    rows_of_name: Counter[str],
    firms_called: dict[str, set[str]],
    first_row: dict[str, int],
) -> str:
    """Return the name in the list of the firm that a row of evidence is about; say what is wrong.

    `first_row` holds the row in which each firm came first.
    """
    firms = {name} if name in rows_of_name else firms_called.get(fold(name) or name, set())
    firm = next(iter(firms)) if len(firms) == 1 else name
    if not firms:
        near = "" if cells.enough("name") else meant(name, rows_of_name)
        right = near or "add it to the firms"
        cells.say(row, "name", name, "is not a firm of the list", right)
    elif len(firms) > 1 or rows_of_name[firm] > 1:
        right = "tell them apart in a bracket, here and in the firms file"
        cells.say(row, "name", name, "several firms of the list have this name", right)
    elif (first := first_row.setdefault(firm, row)) != row:
        right = "put both into one row, parts with | between them"
        cells.say(row, "name", name, f"row {first} is about the same firm", right)
    return firm


def _check_parts(cells: Cells, entry) -> None:
    """Say which lists of a row have more or fewer parts than there are organisations."""
    for main, others in PARALLEL.items():
        expected = _parts(getattr(entry, main))
        for other in others:
            parts = _parts(getattr(entry, other))
            if parts and parts != expected:
                wrong = f"its number of parts is {parts}, that of {main} is {expected}"
                right = "give them in the same order with | between, an unknown one blank: a||c"
                cells.say(entry.Index, other, getattr(entry, other), wrong, right)


def _parts(cell) -> int:
    return len(str(cell).split("|")) if pd.notna(cell) else 0


def check_ties(cells: Cells, ties: pd.DataFrame) -> None:
    """Say which ties stand there twice."""
    seen: dict[tuple, int] = {}
    for row, *key in ties[list(contracts()["own_ties"].key)].itertuples(name=None):
        if (first := seen.setdefault(tuple(map(blank, key)), row)) != row:
            cells.say(
                row, "source_name", key[0], f"row {first} is the same tie", "keep one of them"
            )
