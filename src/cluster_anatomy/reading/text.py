"""Text becomes rows: delimiter and quotes, found if the description does not give them."""

import csv
import io
import sys
from collections import Counter

from cluster_anatomy.reading.encodings import SAMPLE, decode
from cluster_anatomy.reading.problems import UnreadableError
from cluster_anatomy.reading.rows import Rows, Score, Sheet, best_score, within_limits
from cluster_anatomy.reading.sources import Source

DELIMITERS = (",", ";", "\t", "|")


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
    rows, line = [], 1
    limit = csv.field_size_limit(sys.maxsize)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for number, row in enumerate(within_limits(reader), 1 + skipped):
            rows.append((number, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(
            f"line {line + skipped}: a stray double quote ({error}); take it out or write it twice"
            " inside a quoted cell"
        ) from None
    finally:
        csv.field_size_limit(limit)
    return rows


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
