"""From the text of cells to values in the types of the contracts."""

import re
import unicodedata

import pandas as pd

from cluster_anatomy.own_list.description import Description
from cluster_anatomy.own_list.places import blank
from cluster_anatomy.reading import headings, values, years
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.reading.countries import country_name
from cluster_anatomy.reading.sources import NEEDED
from cluster_anatomy.reading.values import clean
from cluster_anatomy.tables.cells import LARGEST
from cluster_anatomy.tables.contract import ADDRESS, Column, limits

LONGEST = {"list": 10_000, "url_list": 10_000, "string": 500}
"""Characters of a cell by type of column; what is no text has at most `years.LONGEST`."""
FREE_TEXT = ("product", "note", "evidence")
"""Columns whose cells may be as long as any cell."""
IN_WORDS = ("name", "name_local", "other_names", "former_names", *FREE_TEXT)
"""Columns whose text stays readable if a character of it was lost."""
FEEDS_NOTHING = ("rank", "source_urls", *FREE_TEXT)
"""Columns that no analysis reads: a fault in them blanks the cell and stops nothing."""
FILLED = ("place_as_given", "entry_year_as_given")
"""Columns that the reading fills."""


def typed_table(cells: Cells, description: Description) -> pd.DataFrame:
    """Return the cells in the types of the contract; what is no value is blank, and said."""
    columns = {}
    for name, column in headings.columns(cells.table).items():
        if name in FILLED or (cells.table, name) == ("firms", "entry_year"):
            continue
        raw = cells.frame[name]
        if name not in IN_WORDS:
            raw = ["" if "\ufffd" in cell else cell for cell in raw]
        if column.type in ("list", "url_list"):
            raw = [_on_one_line(cell) for cell in raw]
        texts = zip(cells.frame.index, map(clean, raw), strict=True)
        columns[name] = [_value(cells, row, column, text, description) for row, text in texts]
    for name, count in cells.bare.items():
        many = "1 address lacks its" if count == 1 else f"{count:,} addresses lack their"
        wrong = f"{many} http(s)://, so http:// was put in front"
        cells.note(None, name, wrong)
    typed = pd.DataFrame(columns, index=cells.frame.index, dtype=object)
    if cells.table == "firms":
        _entry(cells, typed, description)
    for name in NEEDED:
        if name in typed and name in cells.heads:
            _say_blank(cells, typed, name)
    if "country" in typed:
        _fill_country(cells, typed, description)
    return typed


def _on_one_line(cell: str) -> str:
    """Return a list whose parts may stand on lines of their own with a bar between them."""
    # one sign for each run of blanks: the second pattern takes ages over a long one
    text = re.sub(r"\s+", lambda run: "\n" if re.search(r"[\r\n]", run[0]) else " ", cell.strip())
    return re.sub(r"\s?\|?\s?\n\s?\|?\s?", "|", text)


def _say_blank(cells: Cells, typed: pd.DataFrame, name: str) -> None:
    """Say in which rows a cell is blank without which the row says nothing."""
    mentioned = {(problem.row, problem.column) for problem in cells.problems}
    for row in typed.index[typed[name].isna()]:
        if (row, cells.heads[name]) not in mentioned and not clean(cells.frame.loc[row, name]):
            rest = " | ".join(filter(None, map(clean, cells.frame.loc[row])))
            wrong = "the row has other cells, but this one is blank"
            cells.say(row, name, rest, wrong, "fill it or take the row out")


def _fill_country(cells: Cells, typed: pd.DataFrame, description: Description) -> None:
    """Spell countries as the study does; those not given are that of the list."""
    typed["country"] = [
        (description.country or pd.NA) if pd.isna(cell) else country_name(cell)
        for cell in typed["country"]
    ]
    for row in typed.index[typed["country"].isna()]:
        right = 'write one, or country = "..." in description.toml for all'
        cells.say(row, "country", None, "has no country", right)


def _value(cells: Cells, row: int, column: Column, text: str, description: Description) -> object:
    """Return the value of one cell, blank if it has none; say what is wrong or doubtful."""
    most = LARGEST if column.name in FREE_TEXT else LONGEST.get(column.type, years.LONGEST)
    if len(text) > most and column.type != "year":
        wrong = f"has {len(text):,} characters; at most {most:,} are read here"
        _say_fault(cells, row, column.name, text, wrong, "shorten it")
        return pd.NA
    if column.type == "year":
        year = _year(cells, row, column.name, text, description)
        return pd.NA if year.value is None else year.value
    if column.type in ("integer", "number"):
        return _number(cells, row, column, text)
    if column.type in ("list", "url_list"):
        return _list(cells, row, column, text)
    if column.allowed and text:
        return _word(cells, row, column, text)
    where = column.name in ("place", "admin", "country", "region")
    code = column.name == "admin" and text in ("ND", "NA")  # North Dakota, Nagaland
    return pd.NA if not text or (where and not code and values.is_missing(text)) else text


def _say_fault(cells: Cells, row: int, name: str, text: str, wrong: str, right: str) -> None:
    """Say what is wrong with a cell; that stops the list only where the column feeds something."""
    if name in FEEDS_NOTHING:
        cells.warn(row, name, text, f"{wrong}; it was left out", right)
    else:
        cells.say(row, name, text, wrong, right)


def _word(cells: Cells, row: int, column: Column, part: str) -> object:
    """Return the allowed word that is meant."""
    word, right = values.word(part, column)
    if word is None and not values.is_missing(part):
        cells.say(row, column.name, part, "is not an allowed word", right)
    return pd.NA if word is None else word


def _list(cells: Cells, row: int, column: Column, text: str) -> object:
    """Return the parts of a cell joined by the bar; other signs between parts are understood."""
    if column.type == "url_list":
        joint = r"\s*\|\s*|[;；，,]?\s+(?=https?://)|[;；，]\s*(?=https?://)|[,;；]\s+(?=www\.)"
        parts = re.split(joint, text, flags=re.IGNORECASE)
    else:
        parts = text.split("|") if "|" in text else re.split(r"[;；、](?![^()]*\))", text)
    good = []
    for part in map(str.strip, parts):
        if not part:
            good += [""] if column.blank_parts else []
        elif column.type == "url_list":
            good += _address(cells, row, column.name, part)
        elif column.allowed:
            good.append(blank(_word(cells, row, column, part)))
        else:
            good.append(part)
    return "|".join(good) if any(good) else pd.NA


def _address(cells: Cells, row: int, name: str, part: str) -> list[str]:
    """Return a web address, or none; say if one cannot be read."""
    address = None if values.is_missing(part) else values.web_address(part)
    if address is None and not values.is_missing(part) and not re.fullmatch(ADDRESS, part):
        right = "it must begin with http:// or https://"
        _say_fault(cells, row, name, part, "is no web address", right)
        return []
    if address and not values.SCHEME.match(part):
        cells.bare[name] += 1
    return [address or part] if address or re.fullmatch(ADDRESS, part) else []


def _number(cells: Cells, row: int, column: Column, text: str) -> object:
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
        _say_fault(cells, row, column.name, text, "is no number", right)
        return pd.NA
    number = float(plain)
    if (low is not None and number < low) or (high is not None and number > high):
        right = f"must be at least {low:g}" if high is None else f"must be from {low:g} to {high:g}"
        _say_fault(cells, row, column.name, text, "is out of range", right)
        return pd.NA
    return int(number) if whole else number


def _year(cells: Cells, row: int, column: str, text: str, description: Description) -> years.Year:
    """Return a year as understood; say why, if that is not simply what stands there."""
    if values.is_missing(text):
        return years.UNKNOWN
    country, doubtful = description.country, description.doubtful == "as written"
    if not country and "country" in cells.frame:
        country = country_name(clean(cells.frame.loc[row, "country"]))
    try:
        year = years.read_year(text, country, description.about, doubtful=doubtful)
    except years.YearError as error:
        wrong, _, right = str(error).partition("; ")
        if (chosen := _as_set(error, wrong, description)) is None:
            several = '"first", "last" or "unknown"' if error.years else ""
            setting = f"several = {several}" if several else 'unreadable = "unknown"'
            cells.say(row, column, text, wrong, f"{right}; or {setting} under [years]")
            return years.UNKNOWN
        year = chosen
    if year.remark:
        right = "" if year.value is not None else "the year itself stays blank"
        cells.warn(row, column, text, year.remark, right)
    return year


def _as_set(error: years.YearError, wrong: str, description: Description) -> years.Year | None:
    """Return what the description says that a cell means which cannot be read, if it does."""
    position = {"first": 0, "last": -1}.get(description.several)
    if error.years and position is not None:
        year = error.years[position]
        if years.FIRST_YEAR <= year <= years.this_year():
            remark = f"taken as {year}, the {description.several} year that stands there"
            return years.Year(year, year, year, remark)
    several = len(error.years) > 1 and description.several == "unknown"
    if several or description.unreadable == "unknown":
        return years.Year(None, None, None, f"{wrong}; taken as unknown")
    return None


def _entry(cells: Cells, typed: pd.DataFrame, description: Description) -> None:
    """Fill the year of entry, and the years between which it lies where the file has none."""
    given = [clean(cell) for cell in cells.frame["entry_year"]]
    read = [
        _year(cells, row, "entry_year", text, description)
        for row, text in zip(typed.index, given, strict=True)
    ]
    typed["entry_year"] = [pd.NA if year.value is None else year.value for year in read]
    for side in ("low", "high"):
        limits_read = [getattr(year, side) for year in read]
        typed[f"entry_year_{side}"] = [
            stated if pd.notna(stated) else pd.NA if limit is None else limit
            for stated, limit in zip(typed[f"entry_year_{side}"], limits_read, strict=True)
        ]
    typed["entry_year_as_given"] = [text or pd.NA for text in given]
