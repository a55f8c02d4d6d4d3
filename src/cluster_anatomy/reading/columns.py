"""Which row of a file holds the headings, and which heading is which column of ours."""

import json
import re
from collections.abc import Iterable

from cluster_anatomy.reading import advice, headings
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.reading.headings import fold
from cluster_anatomy.reading.problems import as_shown, meant
from cluster_anatomy.reading.rows import HEADER_WITHIN, Rows, Score
from cluster_anatomy.reading.sources import NEEDED, Source
from cluster_anatomy.reading.values import clean
from cluster_anatomy.tables.contract import Column

MOST_HEADINGS = 1000
MOST_NAMED = 30
"""Headings that a line about many of them names."""
LONGEST_HEADING = 200
SWITCHED_ON = {"place": "clusters", "entry_year": "entry over time"}
"""What a list of firms without a column does not give."""
Vocabulary = dict[str, list[str]]
"""Key of a heading (`headings.key`) to the columns that it may stand for, the likeliest first."""
Positions = dict[str, int]
"""Our column to its position in the file."""


def vocabulary_of(table: str, source: Source) -> Vocabulary:
    """Return the headings that are understood in a table; those of the description come first."""
    vocabulary: Vocabulary = {}
    ours = headings.columns(table)
    own = {column: [column] for column in ours}
    last = {column: headings.last(column).values() for column in ours if table == "firms"}
    for known in (source.columns, own, headings.headings()[table], last):
        for column, words in known.items():
            for heading in words:
                vocabulary.setdefault(headings.key(heading), []).append(column)
    return {heading: list(dict.fromkeys(columns)) for heading, columns in vocabulary.items()}


def meanings(cell: str, vocabulary: Vocabulary) -> list[str]:
    """Return the columns that a heading may stand for, with or without what it says in brackets."""
    if len(cell) > LONGEST_HEADING:
        return []
    text = clean(cell)
    bare = re.sub(r"[(（\[].*?[)）\]]", "", text)
    return vocabulary.get(headings.key(text)) or vocabulary.get(headings.key(bare)) or []


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
        _say_no_header(cells, rows)
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


def _say_no_header(cells: Cells, rows: Rows) -> None:
    number, row = rows[0]
    needed = next(column for column in NEEDED if column in headings.columns(cells.table))
    cells.say(
        number,
        None,
        " | ".join(filter(None, map(clean, row))),
        f"no heading is known in the first {HEADER_WITHIN} rows, so the column '{needed}' is not"
        " found",
        f"{_how_to_name(cells, needed, _free(row), rows[1:])}; if the file has no headings, put a"
        " row of them on top",
    )


def _free(heads: list[str], taken: Iterable[int] = ()) -> dict[int, str]:
    """Return the headings that are not used, by position."""
    used = set(taken)
    named = enumerate(map(clean, heads))
    return {position: head for position, head in named if head and position not in used}


def _how_to_name(cells: Cells, column: str, heads: dict[int, str], body: Rows) -> str:
    """Return how to name a column that is missing; with the heading, if one can be told."""
    if setting := _setting(cells, column, heads, body):
        return setting
    return (
        f"give its heading under [{cells.table}.columns] in description.toml as {column}; there"
        f" are: {_named(heads.values())}"
    )


def _setting(cells: Cells, column: str, heads: dict[int, str], body: Rows) -> str:
    """Return the line for the description that names a column, where heading and cells agree."""
    ours = headings.columns(cells.table)[column]
    head = advice.advised(ours, headings.words(cells.table, column), heads, body)
    if head is None:
        return ""
    line = f"{column} = {json.dumps(head, ensure_ascii=False)}"
    return f"did you mean '{head}'? write under [{cells.table}.columns] in description.toml: {line}"


def _named(heads: Iterable[str]) -> str:
    """Return headings in quotes; of very many the first."""
    named = [f"'{as_shown(head)}'" for head in heads]
    more = f" and {len(named) - MOST_NAMED:,} more" if len(named) > MOST_NAMED else ""
    return ", ".join(named[:MOST_NAMED]) + more


# --- From headings to columns


def match_columns(
    cells: Cells, heads: list[str], source: Source, vocabulary: Vocabulary, body: Rows
) -> Positions:
    """Return where each column stands in the file; say what was understood and what is missing.

    What the description says comes first, then what headings and cells mean by themselves.
    """
    positions = _described(cells, heads, source)
    _understand(cells, heads, positions, set(source.columns), vocabulary, body)
    if not {"place", "admin"} & {*source.columns} and "place" not in positions:
        _take_admin(cells, heads, positions)
    _say_missing(cells, heads, positions, body)
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
    body: Rows,
) -> None:
    """Add the columns whose headings are understood and whose cells do not speak against it.

    The surest come first: our own names, then the headings that mean a column before others do,
    then those that may stand for the fewest columns. What else a heading means is said.
    """
    taken, ours = set(positions.values()), headings.columns(cells.table)
    wishes = {
        position: columns
        for position, head in enumerate(heads)
        if position not in taken and (columns := meanings(head, vocabulary))
    }
    for position in sorted(wishes, key=lambda position: _order(heads, wishes, position, body)):
        head, texts = heads[position], advice.filled(body, position)
        fitting = [
            wish for wish in wishes[position] if head == wish or advice.may_be(ours[wish], texts)
        ]
        free = [wish for wish in fitting if wish not in {*positions, *described}]
        if not fitting:
            _say_misnamed(cells, head, ours[wishes[position][0]])
        elif not free:
            _say_rival(cells, heads, position, fitting[0], positions, described)
        elif free[0] == "place" and _last("place", head) and advice.holds_addresses(texts):
            wrong = "holds addresses, and a place is a town; it was not used"
            cells.warn(None, head, None, wrong, "put the town into a column of its own")
        else:
            positions[free[0]] = position
            if head != free[0]:
                cells.note(None, head, f"was taken as {free[0]}")


def _order(
    heads: list[str], wishes: dict[int, list[str]], position: int, body: Rows
) -> tuple[bool, bool, int, int]:
    """Return how sure a heading is, the surest first; a place is no address where there is both."""
    head, columns = heads[position], wishes[position]
    address = columns[0] == "place" and advice.holds_addresses(advice.filled(body, position))
    return head not in columns, address or _last(columns[0], head), len(columns), position


def _last(column: str, head: str) -> bool:
    """Whether a heading means a column only where no other heading does."""
    return headings.key(head) in headings.last(column)


def _say_misnamed(cells: Cells, head: str, column: Column) -> None:
    """Say why a heading is not what it means: a column "Source" may be where a row was read."""
    wrong = f"was not taken as {column.name}, as it holds no {advice.kind(column)}"
    right = f"to have it read all the same name it as {column.name} under [{cells.table}.columns]"
    cells.warn(None, head, None, wrong, right)


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
    if rival is None:
        wrong = f"was not used: description.toml names another heading as {column}"
        cells.warn(None, head, None, wrong)
    elif column in described or rival == column != head:
        cells.warn(None, head, None, f"was not used: '{rival}' is the column of {column}")
    elif column not in NEEDED or _last(column, head) or _last(column, rival):
        wrong = f"was not used: '{rival}' was taken as {column}"
        right = f"to have it instead name it as {column} under [{cells.table}.columns]"
        cells.warn(None, head, None, wrong, right)
    elif rival == head:
        wrong = "two columns have this heading"
        cells.say(None, head, None, wrong, "rename one or take it out")
    else:
        wrong = f"this and '{rival}' both seem to be the column of {column}"
        right = f'say which under [{cells.table}.columns] in description.toml: {column} = "{rival}"'
        cells.say(None, head, None, wrong, right)


def _take_admin(cells: Cells, heads: list[str], positions: Positions) -> None:
    """Take states or provinces as places in a list of firms that has no towns."""
    if cells.table == "firms" and (position := positions.pop("admin", None)) is not None:
        positions["place"] = position
        cells.forget(heads[position])
        wrong = "was taken as place: there is no column of towns, so states or provinces count"
        cells.note(None, heads[position], wrong)


def _say_missing(cells: Cells, heads: list[str], positions: Positions, body: Rows) -> None:
    """Say which columns are missing without which a table says nothing, or less."""
    free = _free(heads, positions.values())
    for column in NEEDED:
        if column in headings.columns(cells.table) and column not in positions:
            right = _how_to_name(cells, column, free or _free(heads), body)
            cells.say(None, column, None, "the column is missing", right)
    if cells.table != "firms":
        return
    for column, what in SWITCHED_ON.items():
        spans = column == "entry_year" and "entry_year_low" in positions
        if column not in positions and not spans:
            wrong = f"there is no such column, so there will be no {what}"
            cells.warn(None, column, None, wrong, _setting(cells, column, free, body))


def evidence_among(heads: list[str], positions: Positions) -> Positions:
    """Return the columns of evidence that stand in the file of firms under our own names."""
    evidence: Positions = {}
    for position, head in enumerate(heads):
        column = head.casefold().replace(" ", "_")
        free = position not in positions.values() and column not in evidence
        if free and column in headings.columns("evidence") and column != "name":
            evidence[column] = position
    return evidence


def say_unused(cells: Cells, heads: list[str], positions: Positions, body: Rows) -> None:
    """Say which columns are not known, and which of them may be one that is missing."""
    mentioned = {problem.column for problem in cells.problems}
    unused = {
        position: head
        for position, head in _free(heads, positions.values()).items()
        if head not in mentioned
    }
    if len(unused) == 1:
        wrong = "is not a column that is known; it was not used"
        cells.warn(None, next(iter(unused.values())), None, wrong)
    elif unused:
        wrong = f"{len(unused):,} columns are not known and were not used: "
        cells.warn(None, None, None, wrong + _named(unused.values()))
    for column, ours in headings.columns(cells.table).items():
        if column in {*positions, *NEEDED, *SWITCHED_ON} or not advice.kind(ours):
            continue
        if right := _setting(cells, column, unused, body):
            wrong = "there is no such column, but one that may be it"
            cells.warn(None, column, None, wrong, right)
