"""Which row of a file holds the headings, and which heading is which column of ours."""

import re

from cluster_anatomy.reading import headings
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.reading.headings import fold
from cluster_anatomy.reading.problems import closest, meant
from cluster_anatomy.reading.rows import HEADER_WITHIN, Rows, Score
from cluster_anatomy.reading.sources import NEEDED, Source
from cluster_anatomy.reading.values import DOMAIN, clean, is_missing, word
from cluster_anatomy.tables.contract import Column

MOST_HEADINGS = 1000
LONGEST_HEADING = 200
SWITCHED_ON = {"place": "clusters", "entry_year": "entry over time"}
"""What a list of firms without a column does not give."""
Vocabulary = dict[str, list[str]]
"""Folded heading to the columns that it may stand for, the likeliest first."""
Positions = dict[str, int]
"""Our column to its position in the file."""


def vocabulary_of(table: str, source: Source) -> Vocabulary:
    """Return the headings that are understood in a table; those of the description come first."""
    vocabulary: Vocabulary = {}
    for column, words in source.columns.items():
        for heading in words:
            vocabulary.setdefault(fold(heading), []).append(column)
    for column in headings.columns(table):
        for heading in _words(table, column):
            vocabulary.setdefault(fold(heading), []).append(column)
    return {heading: list(dict.fromkeys(columns)) for heading, columns in vocabulary.items()}


def _words(table: str, column: str) -> list[str]:
    return [column, *headings.headings()[table].get(column, ())]


def meanings(cell: str, vocabulary: Vocabulary) -> list[str]:
    """Return the columns that a heading may stand for, with or without what it says in brackets."""
    if len(cell) > LONGEST_HEADING:
        return []
    text = clean(cell)
    bare = re.sub(r"[(（\[].*?[)）\]]", "", text)
    return vocabulary.get(fold(text)) or vocabulary.get(fold(bare)) or []


# --- The row of the headings


def find_header(
    cells: Cells, rows: Rows, source: Source, score: Score
) -> tuple[int | None, list[str]]:
    """Return the number of the header row and its cells; None if there is none, which is said."""
    if not rows:
        cells.say(None, None, None, "holds no cell; its first row must name the columns")
        return None, []
    number, row = max(rows[:HEADER_WITHIN], key=lambda numbered: score(numbered[1]))
    if source.header_row is not None:
        number = source.header_row
        if number not in dict(rows):
            wrong = "is blank, though description.toml names it as `header_row`"
            cells.say(number, None, None, wrong, "give the row of the headings")
            return None, []
        row = dict(rows)[number]
    elif not score(row):
        _say_no_header(cells, *rows[0])
        return None, []
    elif number != rows[0][0]:
        cells.note(number, None, "holds the headings; the rows above it were left out")
    heads = [clean(cell) for cell in row]
    while heads and not heads[-1]:
        heads.pop()
    if len(heads) > MOST_HEADINGS:
        wrong = f"has {len(heads):,} columns; at most {MOST_HEADINGS:,} are read"
        cells.say(number, None, None, wrong, "take out those that are not of the list")
        return None, []
    return number, heads


def _say_no_header(cells: Cells, number: int, row: list[str]) -> None:
    first = list(filter(None, map(clean, row)))
    needed = next(column for column in NEEDED if column in headings.columns(cells.table))
    cells.say(
        number,
        None,
        " | ".join(first),
        f"no heading is known in the first {HEADER_WITHIN} rows, so the column '{needed}' is not"
        " found",
        f"{_how_to_name(needed, first, cells.table)}; if the file has no headings, put a row of"
        " them on top",
    )


def _how_to_name(column: str, heads: list[str], table: str) -> str:
    """Return how to name a column that is missing, with the headings that are most like it."""
    near = [head for head in heads if closest(head, _words(table, column), cutoff=75)]
    start = f"did you mean {' or '.join(map(repr, near[:2]))}? " if near else ""
    example = (near or heads or ["your heading"])[0]
    return f'{start}write under [{table}.columns] in description.toml: {column} = "{example}"'


# --- From headings to columns


def match_columns(
    cells: Cells, heads: list[str], source: Source, vocabulary: Vocabulary
) -> Positions:
    """Return where each column stands in the file; say what was understood and what is missing.

    What the description says comes first, then what the headings mean by themselves.
    """
    positions = _described(cells, heads, source)
    _understand(cells, heads, positions, set(source.columns), vocabulary)
    _say_missing(cells, heads, positions)
    return positions


def _described(cells: Cells, heads: list[str], source: Source) -> Positions:
    """Return the columns whose headings the description gives."""
    positions: Positions = {}
    for column, words in source.columns.items():
        hits = [
            (word, position)
            for word in words
            for position, head in enumerate(heads)
            if fold(head) == fold(word)
        ]
        hits = [
            (word, position) for word, position in hits if heads[position] == clean(word)
        ] or hits
        if hits:
            heading, positions[column] = hits[0]
            if sum(word == heading for word, _ in hits) > 1:
                wrong = f"several columns have this heading of {column}"
                cells.say(None, heading, None, wrong, "rename the others")
        elif len(words) == 1:
            wrong = f"no column has this heading, which description.toml names as {column}"
            named = [head for head in heads if head]
            right = meant(words[0], named) or f"there are: {', '.join(named)}"
            cells.say(None, words[0], None, wrong, right)
    return positions


def _understand(
    cells: Cells,
    heads: list[str],
    positions: Positions,
    described: set[str],
    vocabulary: Vocabulary,
) -> None:
    """Add the columns whose headings are understood, the surest first; say what else they mean.

    Our own names are surest, then the headings that may stand for the fewest columns.
    """
    taken = set(positions.values())
    wishes = {
        position: columns
        for position, head in enumerate(heads)
        if position not in taken and (columns := meanings(head, vocabulary))
    }
    surest_first = sorted(
        wishes,
        key=lambda position: (
            heads[position] not in wishes[position],
            len(wishes[position]),
            position,
        ),
    )
    for position in surest_first:
        free = [wish for wish in wishes[position] if wish not in {*positions, *described}]
        if not free:
            _say_rival(cells, heads, position, wishes[position][0], positions, described)
            continue
        positions[free[0]] = position
        if heads[position] != free[0]:
            cells.note(None, heads[position], f"was taken as {free[0]}")


def _say_rival(
    cells: Cells,
    heads: list[str],
    position: int,
    column: str,
    positions: Positions,
    described: set[str],
) -> None:
    """Say why a heading is not used that means a column which another heading has."""
    head = heads[position]
    rival = heads[positions[column]] if column in positions else None
    if rival is None or column in described or rival == column != head:
        cells.warn(None, head, None, f"was not used: '{rival}' is the column of {column}")
    elif rival == head:
        wrong = "two columns have this heading"
        cells.say(None, head, None, wrong, "rename one or take it out")
    else:
        wrong = f"this and '{rival}' both seem to be the column of {column}"
        right = f'say which under [{cells.table}.columns] in description.toml: {column} = "{rival}"'
        cells.say(None, head, None, wrong, right)


def _say_missing(cells: Cells, heads: list[str], positions: Positions) -> None:
    """Say which columns are missing without which a table says nothing, or less."""
    taken = set(positions.values())
    left = [head for position, head in enumerate(heads) if head and position not in taken]
    for column in NEEDED:
        if column in headings.columns(cells.table) and column not in positions:
            right = _how_to_name(column, left or heads, cells.table)
            cells.say(None, column, None, "the column is missing", right)
    if cells.table != "firms":
        return
    for column, what in SWITCHED_ON.items():
        spans = column == "entry_year" and "entry_year_low" in positions
        if column not in positions and not spans:
            near = any(closest(head, _words(cells.table, column), cutoff=75) for head in left)
            right = _how_to_name(column, left, cells.table) if near else ""
            wrong = f"there is no such column, so there will be no {what}"
            cells.warn(None, column, None, wrong, right)


def drop_misnamed(
    cells: Cells, heads: list[str], positions: Positions, source: Source, body: Rows
) -> None:
    """Leave out a column that was understood by its heading alone and holds nothing that fits.

    A column "Source" is often where a row was read, not where a firm came from.
    """
    for name, column in headings.columns(cells.table).items():
        if name not in positions or name in source.columns or heads[positions[name]] == name:
            continue
        texts = {
            clean(row[positions[name]])[:LONGEST_HEADING]
            for _, row in body
            if positions[name] < len(row)
        }
        texts = {text for text in texts if not is_missing(text)}
        expected = _what_fits(column)
        if not texts or not expected or any(_fits(text, column) for text in texts):
            continue
        head = heads[positions.pop(name)]
        cells.forget(head)
        wrong = f"was not taken as {name}, as it holds no {expected}"
        right = f'to have it read write under [{cells.table}.columns]: {name} = "{head}"'
        cells.warn(None, head, None, wrong, right)


def _what_fits(column: Column) -> str:
    """Return what a column holds that differs from any other text, or nothing."""
    if column.type == "url_list":
        return "web address"
    closed = column.allowed and column.type == "string"
    return f"allowed word ({', '.join(column.allowed)})" if closed else ""


def _fits(text: str, column: Column) -> bool:
    if column.type == "url_list":
        return re.search(rf"https?://|{DOMAIN}", text) is not None
    return word(text, column)[0] is not None


def evidence_among(heads: list[str], positions: Positions) -> Positions:
    """Return the columns of evidence that stand in the file of firms under our own names."""
    evidence: Positions = {}
    for position, head in enumerate(heads):
        column = head.casefold().replace(" ", "_")
        free = position not in positions.values() and column not in evidence
        if free and column in headings.columns("evidence") and column != "name":
            evidence[column] = position
    return evidence


def say_unused(cells: Cells, heads: list[str], positions: Positions) -> None:
    """Say which columns are not known, and what they may have meant."""
    mentioned = {problem.column for problem in cells.problems}
    free = {
        word: column
        for column in headings.columns(cells.table)
        if column not in positions
        for word in _words(cells.table, column)
    }
    for position, head in enumerate(heads):
        if not head or position in positions.values() or head in mentioned:
            continue
        right = ""
        if near := closest(head, free, cutoff=80):
            column = free[near[0]]
            right = f'if it is {column}, write under [{cells.table}.columns]: {column} = "{head}"'
        cells.warn(None, head, None, "is not a column that is known; it was not used", right)
