"""Rows of a list of firms: those that are a note or a total, and those of one firm."""

import re

import pandas as pd

from cluster_anatomy.firms.names import default_rules
from cluster_anatomy.own_list.places import blank
from cluster_anatomy.reading import headings
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.reading.headings import fold
from cluster_anatomy.reading.values import clean

NOTE = (
    r"sources?|notes?|n\.?b\.?|remarks?|legend|(?:grand |sub)?total|sum|last updated?|copyright|"
    r"quellen?|anmerkung(?:en)?|hinweise?|summe|gesamt|insgesamt|stand|remarques?|fuentes?|notas?|"
    r"fontes?|fonti?|totale|totaal|bron|razem|źródło|celkem|zdroj|источник|примечани[ея]|итого|всего|"
    r"注|註|资料来源|資料來源|数据来源|來源|来源|合计|合計|总计|總計|出所|出典|計|출처|자료|합계|주|"
    r"מקור|סה\"כ|المصدر|المجموع"
)
"""Words that begin a row below a table that is no firm."""
BEGINS = re.compile(rf"(?:{NOTE})(?:\b|$)", re.IGNORECASE)
CERTAIN = re.compile(rf"(?:{NOTE})\s*(?P<colon>[:：])|(?:{NOTE})[\d\s.,]*$", re.IGNORECASE)
"""What is nothing else: such a word with a colon, alone, or with a number."""
SAYS = ("place", "entry_year", "entry_year_low", "product", "rank")
"""Columns of which a firm mostly has one."""


def without_notes(cells: Cells, firms: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows that are a note or a total; say so, and what only looks like one.

    A row is a note only if it holds nothing but its name, though other rows hold more, and the name
    has no legal form; in a list of names alone only a word with a colon tells.
    """
    bare = firms["name"].notna() & firms[[*SAYS]].isna().all(axis=1)
    noted = bare & firms["name"].map(lambda name: bool(BEGINS.match(blank(name))))
    names_alone = bool((bare & ~noted).any())
    out = []
    for row, name in firms.loc[noted, "name"].items():
        certain = CERTAIN.match(name)
        if default_rules().clean(name)[1] or (names_alone and not (certain and certain["colon"])):
            continue
        if certain:
            out.append(row)
            wrong = "looks like a note or a total; the row was left out"
            right = "if it is a firm, give it a place or a year"
        else:
            wrong = "looks like a note or a total; it was kept as a firm"
            right = "if it is none, take the row out"
        cells.warn(row, "name", name, wrong, right)
    return firms.drop(index=out)


def drop_notes(cells: Cells) -> None:
    """Leave out rows whose number is a word that begins a note, and that hold a name at most."""
    frame = cells.frame
    others = frame.columns.difference(["rank", "name"])
    bare = frame[others].map(clean).eq("").all(axis=1)
    noted = bare & frame["rank"].map(lambda text: CERTAIN.match(clean(text)) is not None)
    for row, text in frame.loc[noted, "rank"].items():
        wrong = "looks like a note or a total; the row was left out"
        cells.warn(row, "rank", text, wrong, "if it is a firm, give it a place or a year")
    cells.frame = frame[~noted]


def one_row_each(cells: Cells, firms: pd.DataFrame) -> pd.DataFrame:
    """Put all rows of a firm at one place into its first one, and say how many there were.

    A cell that is blank in the first row is taken from the next that fills it; lists are joined; of
    several years of entry the earliest counts.
    """
    key = [
        firms["name"].map(lambda name: fold(blank(name)) or blank(name)),
        *(firms[column].map(blank) for column in ("country", "place", "admin")),
    ]
    keys = pd.DataFrame(dict(enumerate(key)))
    again = keys.duplicated(keep=False) & keys[0].ne("")
    if not again.any():
        return firms
    groups = [rows for _, rows in firms[again].groupby([keys[at] for at in keys], sort=False)]
    repeated = int(again.sum()) - len(groups)
    wrong = f"rows that name a firm again at the same place: {repeated:,}; each firm was taken once"
    cells.note(None, "name", wrong)
    joined = [_joined(cells, rows) for rows in groups]
    return pd.concat([firms[~again], *joined]).sort_index()


def _joined(cells: Cells, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one firm as one."""
    first = rows.iloc[[0]].copy()
    for name, column in headings.columns("firms").items():
        filled = rows[name].dropna()
        if column.is_list and len(filled):
            parts = [part for cell in filled for part in str(cell).split("|")]
            first[name] = "|".join(dict.fromkeys(filter(None, parts)))
        elif len(filled):
            first[name] = filled.iloc[0]
    years = rows["entry_year"].dropna()
    if len(set(years)) > 1:
        earliest = rows.loc[[years.astype(int).idxmin()]]
        for name in ("entry_year", "entry_year_low", "entry_year_high", "entry_year_as_given"):
            first[name] = earliest[name].to_list()
        listed = ", ".join(str(year) for year in sorted(set(years)))
        wrong = f"the rows of '{first['name'].iloc[0]}' give several years; the earliest was taken"
        cells.warn(first.index[0], "entry_year", listed, wrong)
    return first


def one_evidence_each(cells: Cells, evidence: pd.DataFrame) -> pd.DataFrame:
    """Keep the first row of evidence of each firm; say where another one holds something else."""
    name = evidence["name"].map(lambda name: fold(blank(name)) or blank(name))
    again = name.duplicated() & name.ne("")
    for row in evidence.index[again]:
        first = evidence.index[(name == name[row]).argmax()]
        if not evidence.loc[row].drop("name").equals(evidence.loc[first].drop("name")):
            wrong = f"row {first} is about the same firm; this one was not used"
            cells.warn(row, "name", evidence.loc[row, "name"], wrong)
    return evidence[~again]
