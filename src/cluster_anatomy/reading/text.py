"""Text becomes rows: delimiter and quotes, found if the description does not give them."""

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from cluster_anatomy.reading.encodings import SAMPLE, decode
from cluster_anatomy.reading.problems import UnreadableError
from cluster_anatomy.reading.rows import Rows, Score, Sheet, best_score, within_limits
from cluster_anatomy.reading.sources import Source

DELIMITERS = (",", ";", "\t", "|")
MOST_LINES = 20
"""Lines that a message names."""


def read_text(data: bytes, file: str, score: Score, source: Source, country: str = "") -> Sheet:
    """Read the rows of a file of text; parameters as for `sheets.read_sheet`."""

    def score_text(sample: str) -> int:
        return best_score(_first_rows(sample, guess_delimiter(sample, score)), score)

    text, problems = decode(data, file, score_text, source.encoding, country)
    _refuse_binary(text)
    delimiter, skipped = source.delimiter, 0
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, text, skipped = delimiter or first.strip()[4], rest, 1
    if delimiter is None:
        delimiter = guess_delimiter(text, score)
    elif len(delimiter) != 1:
        raise UnreadableError(
            f"delimiter '{delimiter}' in description.toml must be one character, such as ';'"
        )
    return Sheet(file, _parse(text, delimiter, skipped), problems)


def _refuse_binary(text: str) -> None:
    sample = text[:100_000]
    if sum(char < " " and char not in "\t\n\r\x0b\x0c" for char in sample) * 50 > len(sample):
        raise UnreadableError(
            "holds bytes that are no text; save the table as CSV or Excel (.xlsx)"
        )


def _parse(text: str, delimiter: str, skipped: int) -> Rows:
    """Return the rows of a text, counted from the first line of the file."""
    rows, faults = _parsed(text, delimiter)
    if faults:
        rows, faults = _parsed(_without_blanks(text, delimiter), delimiter)
    if faults:
        (line, error), *others = faults
        more = ", ".join(str(line + skipped) for line, _ in others[:MOST_LINES])
        more += f" and {len(others) - MOST_LINES:,} more" if len(others) > MOST_LINES else ""
        raise UnreadableError(
            f"line {line + skipped}: a stray double quote ({error}); take it out or write it twice"
            f" inside a quoted cell{f'; so in lines {more}' if more else ''}"
        )
    return [(number + skipped, row) for number, row in enumerate(rows, 1)]


def _parsed(text: str, delimiter: str) -> tuple[list[list[str]], list[tuple[int, str]]]:
    """Return the rows of a text, and the lines from which none can be read, with the reason."""
    faults: list[tuple[int, str]] = []
    limit = csv.field_size_limit(sys.maxsize)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return list(within_limits(_good_rows(reader, faults))), faults
    finally:
        csv.field_size_limit(limit)


def _good_rows(reader: Any, faults: list[tuple[int, str]]) -> Iterator[list[str]]:
    """Yield the rows of a reader; note where it stumbles and go on with the next line."""
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.append((line, str(error)))
        else:
            yield row


def _without_blanks(text: str, delimiter: str) -> str:
    """Return a text without blanks behind a closing quote, which spreadsheets pass over."""
    end = rf"[{re.escape(delimiter)}\r\n]"
    blank = r"[ \u00a0\u3000]" if delimiter == "\t" else r"[ \t\u00a0\u3000]"
    quoted = rf'(?:\A|(?<={end}))("(?:[^"]++|"")*+")(?:{blank}+(?={end}|\Z))?'
    return re.sub(quoted, r"\1", text)


def guess_delimiter(text: str, score: Score) -> str:
    """Return the delimiter under which most headings are known, then rows are most alike."""

    def fit(delimiter: str) -> tuple[int, float, int]:
        rows = [(number, row) for number, row in _first_rows(text, delimiter) if row]
        widths = Counter(len(row) for _, row in rows)
        width, often = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        alike = often / len(rows) if rows and width > 1 else 0
        return best_score(rows, score), alike, width

    return max(DELIMITERS, key=fit)


def _first_rows(text: str, delimiter: str) -> Rows:
    """Return some rows at the beginning of a text; none where it cannot be parsed."""
    lines = text[:SAMPLE].splitlines()[:300]
    try:
        return list(enumerate(csv.reader(lines, delimiter=delimiter), 1))
    except csv.Error:
        return []
