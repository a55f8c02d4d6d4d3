"""The door: a folder with a list as people have it becomes four checked tables, or all that is
wrong with it.

Nothing is written here. A cell is data: never executed, never dropped in silence; what was
understood in another way than it stands there is said.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
from rapidfuzz import fuzz, process

from cluster_anatomy.compendium import paths
from cluster_anatomy.firms.names import NameRules
from cluster_anatomy.firms.scripts import is_chinese
from cluster_anatomy.own_list.description import TABLES, Description, find, read_description
from cluster_anatomy.own_list.places import blank, gazetteer, given_places, located
from cluster_anatomy.reading import headings, values, years
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.reading.countries import country_name
from cluster_anatomy.reading.headings import fold
from cluster_anatomy.reading.problems import Problem, meant
from cluster_anatomy.reading.sources import NEEDED
from cluster_anatomy.reading.table import read_cells
from cluster_anatomy.reading.values import clean
from cluster_anatomy.tables import files
from cluster_anatomy.tables.contract import ADDRESS, Column, TableError, contracts, limits

TWINS_FROM = 90.0
"""Score from which two names at one place look alike (rapidfuzz, 0 to 100)."""
COMPARED_AT_MOST = 4000
"""Names at one place up to which all pairs are scored; above it only equal cores are found."""
FILLED = ("place_as_given", "entry_year_as_given")
"""Columns that the reading fills."""
PARALLEL = {
    "founder_prior_orgs": ("founder_prior_org_types", "founder_prior_cities"),
    "parent_orgs": ("parent_org_types", "parent_cities", "parent_countries"),
}
"""Evidence columns whose parts stand in the order of organisations."""
NO_FIRM = re.compile(
    r"(sources?|notes?|total|sum|quelle|anmerkung|summe|remarque|注|资料来源|数据来源|合计|总计|出所|計)(\b|\s*[:：]|$)",
    re.IGNORECASE,
)
"""Begin of a row below a table that is no firm."""


@dataclass(frozen=True)
class OwnList:
    """An own list as read.

    Attributes
    ----------
    folder : Path
    description : Description
    tables : dict of str to DataFrame
        ``firms``, ``evidence``, ``ties``, ``places`` in the columns of the contracts ``own_*``,
        sorted by key; every ``firms.place`` that is filled is, with its ``admin``, a row of
        ``places``.
    given : dict of str to set of str
        The columns of each table in which the user's file holds at least one value.
    warnings : list of str
        How doubtful cells were understood, and what was found by itself.
    """

    folder: Path
    description: Description
    tables: dict[str, pd.DataFrame]
    given: dict[str, set[str]]
    warnings: list[str]


def read(folder: str | Path) -> OwnList:
    """Read an own list.

    Parameters
    ----------
    folder : str or Path
        Name of a list below ``own_lists/``, or the path of a folder with a ``description.toml``.

    Raises
    ------
    TableError
        If there is no such list or anything is wrong; `problems` holds every fault of all files.
    """
    own, problems = _look(find(str(folder)))
    if own is None:
        raise TableError([str(problem) for problem in problems if problem.severity == "error"])
    return own


def check(folder: str | Path) -> list[Problem]:
    """Return everything that is wrong, doubtful or worth saying, in the order of files and rows.

    Parameters
    ----------
    folder : str or Path
        As for `read`.

    Raises
    ------
    TableError
        If there is no such list.
    """
    return _look(find(str(folder)))[1]


def _look(folder: Path) -> tuple[OwnList | None, list[Problem]]:
    """Return the list, if nothing is wrong with it, and all problems."""
    description, problems = read_description(folder)
    if description is None:
        return None, problems
    cells = {}
    for table in TABLES:
        cells[table], inside = read_cells(
            folder, table, description.sources[table], description.country, problems
        )
        if table == "firms":
            evidence_inside = inside
    if evidence_inside is not None:
        if len(cells["evidence"].frame):
            columns = ", ".join(
                head for label, head in evidence_inside.heads.items() if label != "name"
            )
            cells["firms"].warn(
                None, None, None, f"columns {columns} were not used: there is a file of evidence"
            )
        else:
            evidence_inside.problems += cells["evidence"].problems
            cells["evidence"] = evidence_inside
    frames = {table: _typed(cells[table], description) for table in TABLES}
    places = given_places(cells["places"], frames["places"])
    frames["firms"], frames["places"] = located(
        cells["firms"], frames["firms"], places, gazetteer(paths.root()), cells["places"]
    )
    _check_firms(cells["firms"], frames["firms"], description)
    frames["evidence"] = _check_evidence(cells["evidence"], frames["evidence"], frames["firms"])
    _check_ties(cells["ties"], frames["ties"])
    for table in TABLES:
        problems += sorted(cells[table].problems, key=lambda problem: problem.row or 0)
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    given = {
        table: {label for label in cells[table].heads if frames[table][label].notna().any()}
        for table in TABLES
    }
    finished = {table: _finish(frames[table], table) for table in TABLES}
    return (
        OwnList(folder, description, finished, given, [str(problem) for problem in problems]),
        problems,
    )


def _finish(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return a table in the types and the column order of its contract, sorted by its key."""
    contract = contracts()[f"own_{table}"]
    kinds = {"integer": "Int64", "year": "Int64", "number": "float64"}
    out = {}
    for column in contract.columns:
        cells = frame[column.name]
        kind = kinds.get(column.type, "string")
        missing = float("nan") if kind == "float64" else pd.NA
        out[column.name] = pd.array(
            [missing if pd.isna(cell) else cell for cell in cells], dtype=kind
        )
    return pd.DataFrame(out).sort_values(list(contract.key), ignore_index=True, kind="stable")


# --- From text to values


def _typed(cells: Cells, description: Description) -> pd.DataFrame:
    """Return the cells in the types of the contract; what is no value is blank, and said."""
    table, out = cells.table, {}
    for name, column in headings.columns(table).items():
        if name in FILLED or (table, name) == ("firms", "entry_year"):
            continue
        raw = cells.frame[name]
        if column.type in ("list", "url_list"):
            raw = [re.sub(r"\s*\|?\s*[\r\n]+\s*\|?\s*", "|", cell.strip()) for cell in raw]
        texts = zip(cells.frame.index, map(clean, raw), strict=True)
        out[name] = [_value(cells, row, column, text, description) for row, text in texts]
    for name, count in cells.bare.items():
        cells.note(
            None, name, f"{count} addresses lack their http(s)://, so http:// was put before them"
        )
    typed = pd.DataFrame(out, index=cells.frame.index, dtype=object)
    if table == "firms":
        _entry(cells, typed, description)
    for name in NEEDED:
        for row in typed.index[typed[name].isna()] if name in typed and name in cells.heads else ():
            told = any(
                (problem.row, problem.column) == (row, cells.heads[name])
                for problem in cells.problems
            )
            if not told and not clean(cells.frame.loc[row, name]):
                rest = " | ".join(filter(None, map(clean, cells.frame.loc[row])))
                cells.say(
                    row,
                    name,
                    rest,
                    "the row has other cells, but this one is blank",
                    "fill it or take the row out",
                )
    if "country" in typed:
        typed["country"] = [
            (description.country or pd.NA) if pd.isna(cell) else country_name(cell)
            for cell in typed["country"]
        ]
        for row in typed.index[typed["country"].isna()]:
            right = 'write one, or country = "..." in description.toml for all'
            cells.say(row, "country", None, "has no country", right)
    return typed


def _value(cells: Cells, row: int, column: Column, text: str, description: Description):
    """Return the value of one cell, blank if it has none; say what is wrong or doubtful."""
    if column.type == "year":
        year = _year(cells, row, column.name, text, description)
        return pd.NA if year.value is None else year.value
    if column.type in ("integer", "number"):
        return _figure(cells, row, column, text)
    if column.type in ("list", "url_list"):
        return _list(cells, row, column, text)
    if column.allowed and text:
        return _word(cells, row, column, text)
    kept = text and not (
        column.name in ("place", "admin", "country", "region") and values.is_missing(text)
    )
    return text if kept else pd.NA


def _word(cells: Cells, row: int, column: Column, part: str):
    """Return the allowed word that is meant."""
    found, right = values.word(part, column)
    if found is None and not values.is_missing(part):
        cells.say(row, column.name, part, "is not an allowed word", right)
    return pd.NA if found is None else found


def _list(cells: Cells, row: int, column: Column, text: str):
    """Return the parts of a cell joined by the bar; other signs between parts are understood."""
    if column.type == "url_list":
        parts = re.split(r"\s*\|\s*|[;；，,]?\s+(?=https?://)|[;；]\s*(?=https?://)", text)
    else:
        parts = text.split("|") if "|" in text else re.split(r"[;；、](?![^()]*\))", text)
    good = []
    for part in map(str.strip, parts):
        if not part:
            good += [""] if column.blank_parts else []
        elif column.type == "url_list" and re.fullmatch(values.DOMAIN, part, re.IGNORECASE):
            cells.bare[column.name] += 1
            good.append(f"http://{part}")
        elif column.type == "url_list" and not re.fullmatch(ADDRESS, part):
            if not values.is_missing(part):
                cells.say(
                    row,
                    column.name,
                    part,
                    "is no web address",
                    "it must begin with http:// or https://",
                )
        elif column.allowed:
            good.append(blank(_word(cells, row, column, part)))
        else:
            good.append(part)
    return "|".join(good) if any(good) else pd.NA


def _figure(cells: Cells, row: int, column: Column, text: str):
    """Return a number; a comma may stand for the decimal point."""
    if values.is_missing(text):
        return pd.NA
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").replace(" ", "").rstrip(".")
    if column.type == "number" and re.fullmatch(r"[+-]?\d+,\d+", plain):
        plain = plain.replace(",", ".")
    low, high = limits(column)
    whole = column.type == "integer"
    if not re.fullmatch(
        r"[+-]?\d{1,15}(\.0+)?" if whole else r"[+-]?(\d{1,15}\.?\d*|\.\d+)", plain
    ):
        right = (
            "write a whole number such as 12" if whole else "write decimal degrees such as 12.9716"
        )
        cells.say(row, column.name, text, "is no number", right)
        return pd.NA
    number = float(plain)
    if (low is not None and number < low) or (high is not None and number > high):
        right = f"must be at least {low:g}" if high is None else f"must be from {low:g} to {high:g}"
        cells.say(row, column.name, text, "is out of range", right)
        return pd.NA
    return int(number) if whole else number


def _year(cells: Cells, row: int, column: str, text: str, description: Description) -> years.Year:
    """Return a year as understood; say why, if that is not simply what stands there."""
    if values.is_missing(text):
        return years.UNKNOWN
    try:
        year = years.read_year(text, description.country, description.about)
    except years.YearError as error:
        wrong, _, right = str(error).partition("; ")
        cells.say(row, column, text, wrong, right)
        return years.UNKNOWN
    if year.remark:
        cells.warn(
            row,
            column,
            text,
            year.remark,
            "" if year.value is not None else "the year itself stays blank",
        )
    return year


def _entry(cells: Cells, typed: pd.DataFrame, description: Description) -> None:
    """Fill the year of entry, and the years between which it lies unless the file says those too."""
    given = [clean(cell) for cell in cells.frame["entry_year"]]
    read_years = [
        _year(cells, row, "entry_year", text, description)
        for row, text in zip(typed.index, given, strict=True)
    ]
    typed["entry_year"] = [pd.NA if year.value is None else year.value for year in read_years]
    for side in ("low", "high"):
        label = f"entry_year_{side}"
        read = [
            pd.NA if getattr(year, side) is None else getattr(year, side) for year in read_years
        ]
        typed[label] = [
            mine if pd.isna(told) else told for told, mine in zip(typed[label], read, strict=True)
        ]
    typed["entry_year_as_given"] = [text or pd.NA for text in given]


# --- Across cells and rows


def _check_firms(cells: Cells, firms: pd.DataFrame, description: Description) -> None:
    """Say which years contradict each other, which firms stand there twice, which rows are no firm."""
    seen: dict[tuple, int] = {}
    for firm in firms.itertuples():
        row, name = firm.Index, firm.name
        _check_years(cells, firm, description)
        if pd.isna(name):
            continue
        bare = all(
            pd.isna(cell)
            for cell in (firm.place, firm.entry_year, firm.entry_year_low, firm.product, firm.rank)
        )
        if bare and NO_FIRM.match(name):
            right = "take the row out, or give it a place or a year"
            cells.say(row, "name", name, "looks like a note or a total, not like a firm", right)
        key = (fold(name) or name, *map(blank, (firm.country, firm.place, firm.admin)))
        if (first := seen.setdefault(key, row)) != row:
            where = (
                f"at the same place ({firm.place})"
                if pd.notna(firm.place)
                else "and neither has a place"
            )
            right = "keep one of them, or tell them apart in a bracket"
            cells.say(row, "name", name, f"row {first} has the same name {where}", right)
    _say_twins(cells, firms)
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


def twins(names: list[str], rules: NameRules) -> list[tuple[int, int, str]]:
    """Return the pairs of names that look alike, and how: equal, alike in letters, or one inside
    the other.

    Names are compared without legal form, case, accents and the order of words (rapidfuzz
    ``token_sort_ratio``; Chinese and Japanese ones as characters, ``ratio``).

    Parameters
    ----------
    names : list of str
        Names at one place.
    rules : NameRules
        Cleans them.
    """
    cleaned = [" ".join(rules.clean(name)[0]) or name.casefold() for name in names]
    found: dict[tuple[int, int], str] = {}
    first: dict[str, int] = {}
    for position, text in enumerate(cleaned):
        if first.setdefault(text, position) != position:
            found[first[text], position] = "the same without legal form"
    measures = {
        True: (fuzz.ratio, fuzz.partial_ratio, 4),
        False: (fuzz.token_sort_ratio, fuzz.token_set_ratio, 5),
    }
    for chinese, (alike, inside, shortest) in measures.items():
        chosen = [position for position, text in enumerate(cleaned) if is_chinese(text) == chinese]
        if not 2 <= len(chosen) <= COMPARED_AT_MOST:
            continue
        some = [cleaned[position] for position in chosen]
        whole = process.cdist(some, some, scorer=alike, score_cutoff=TWINS_FROM)
        part = process.cdist(some, some, scorer=inside, score_cutoff=100)
        for left, right in zip(*(whole + part).nonzero(), strict=True):
            if left < right and whole[left, right]:
                how = f"alike, {whole[left, right]:.0f} of 100"
                found.setdefault((chosen[left], chosen[right]), how)
            elif left < right and min(len(some[left]), len(some[right])) >= shortest:
                found.setdefault((chosen[left], chosen[right]), "one holds the other")
    return sorted((left, right, how) for (left, right), how in found.items())


@cache
def _rules(root: Path) -> NameRules:
    """Return the study's rules on names; read once for each compendium."""
    words, provinces, forms = (
        files.read(f"data/raw/coding/{name}.csv")
        for name in ("name_words", "provinces", "legal_forms")
    )
    return NameRules(words, provinces, files.read("data/raw/places/places.csv"), forms)


def _say_twins(cells: Cells, firms: pd.DataFrame) -> None:
    """Warn of firms of one place of which some names look alike."""
    named = firms[firms["name"].notna()]
    if len(named) < 2:
        return
    rules = _rules(paths.root())
    where = [named["country"].map(blank), named["place"].map(blank)]
    named = named[["name", "name_local", "other_names", "former_names"]]
    for _, group in named.groupby(where):
        if len(group) < 2:
            continue
        entries = [
            (firm.Index, name)
            for firm in group.itertuples()
            for name in dict.fromkeys(_names(firm))
        ]
        own = {firm.Index: fold(firm.name) for firm in group.itertuples()}
        told: set[tuple[int, int]] = set()
        for left, right, how in twins([name for _, name in entries], rules):
            (one, its), (other, name) = sorted(
                (entries[left], entries[right]), key=lambda entry: entry[0]
            )
            if one == other or (one, other) in told or own[one] == own[other]:
                continue
            told.add((one, other))
            wrong = f"looks like '{its}' in row {one} (twins: {how}), but they count as two firms"
            right = "if they are one, take a row out and keep its name in other_names"
            cells.warn(other, "name", name, wrong, right)


def _names(firm) -> Iterable[str]:
    """Return every name of a firm."""
    cells = (firm.name, firm.name_local, firm.other_names, firm.former_names)
    return [part for cell in cells for part in blank(cell).split("|") if part]


def _check_evidence(cells: Cells, evidence: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Tie each row to its firm by any of its names; say which cannot be and which parts are out of
    order.
    """
    exact = Counter(firms["name"].dropna())
    called: dict[str, set[str]] = {}
    for firm in firms[firms["name"].notna()].itertuples():
        for name in _names(firm):
            called.setdefault(fold(name) or name, set()).add(firm.name)
    seen: dict[str, int] = {}
    meant_firms = []
    for entry in evidence.itertuples():
        row, name = entry.Index, entry.name
        firm = name
        if pd.notna(name) and len(firms):
            found = {name} if name in exact else called.get(fold(name) or name, set())
            firm = next(iter(found)) if len(found) == 1 else name
            if not found:
                cells.say(
                    row,
                    "name",
                    name,
                    "is not a firm of the list",
                    meant(name, exact) or "add it to the firms",
                )
            elif len(found) > 1 or exact[firm] > 1:
                right = "tell them apart in a bracket, here and in the firms file"
                cells.say(row, "name", name, "several firms of the list have this name", right)
            elif (first := seen.setdefault(firm, row)) != row:
                right = "put both into one row, parts with | between them"
                cells.say(row, "name", name, f"row {first} is about the same firm", right)
        meant_firms.append(firm)
        for main, others in PARALLEL.items():
            for other in others:
                parts, wanted = (
                    len(blank(cell).split("|")) if pd.notna(cell) else 0
                    for cell in (getattr(entry, other), getattr(entry, main))
                )
                if parts and parts != wanted:
                    right = "give them in the same order with | between, an unknown one blank: a||c"
                    cells.say(
                        row,
                        other,
                        getattr(entry, other),
                        f"its number of parts is {parts}, that of {main} is {wanted}",
                        right,
                    )
    return evidence.assign(name=meant_firms)


def _check_ties(cells: Cells, ties: pd.DataFrame) -> None:
    """Say which ties stand there twice."""
    seen: dict[tuple, int] = {}
    for row, *key in ties[list(contracts()["own_ties"].key)].itertuples(name=None):
        if (first := seen.setdefault(tuple(map(blank, key)), row)) != row:
            cells.say(
                row, "source_name", key[0], f"row {first} is the same tie", "keep one of them"
            )
