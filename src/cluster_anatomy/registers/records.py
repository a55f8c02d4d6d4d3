"""The rows of a register, from CSV or Parquet into batches of records.

Nothing is dropped silently. A row that cannot be used and a cell that cannot be read are listed
with their file, row and reason; the ledger of the run counts them.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import pyarrow as pa
import pyarrow.parquet as pq

from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.reading.countries import country_name
from cluster_anatomy.reading.values import clean, is_missing
from cluster_anatomy.reading.years import YearError, read_year, this_year
from cluster_anatomy.registers.engines import BATCH
from cluster_anatomy.registers.files import ORIGIN, Source

LONGEST_ROW = 100
"""Lines; a row that is longer is a quote that was never closed."""

RECORD = pa.schema(
    [
        ("file", pa.string()),
        ("row", pa.int64()),
        ("node", pa.int64()),
        ("id", pa.string()),
        ("name", pa.string()),
        ("other_names", pa.string()),
        ("former_names", pa.string()),
        ("place", pa.string()),
        ("region", pa.string()),
        ("country", pa.string()),
        ("year", pa.int32()),
        *((name, pa.string()) for name in ORIGIN),
    ]
)
REJECTED = pa.schema(
    [
        ("file", pa.string()),
        ("row", pa.int64()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("left_out", pa.string()),
        ("reason", pa.string()),
    ]
)


@lru_cache(2**16)
def year_of(text: str | None, latest: int) -> tuple[int | None, str]:
    """Read the year of a cell as in an own list; return it, or why there is none."""
    if not text or is_missing(text):
        return None, ""
    try:
        year = read_year(clean(text), today=latest)
    except YearError as error:
        return None, str(error).partition(";")[0]
    if year.value:
        return year.value, ""
    return None, "no single year is meant" if year.low or year.high else year.remark


def number_of(*content: object) -> int:
    """Return the 63-bit number of what linking sees of a record.

    The same content gives the same number, whatever the order of rows.
    """
    text = "\x1f".join("" if part is None else str(part) for part in content)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


Cells = list[str] | list[object]
Rows = Iterator[tuple[int, int, Cells | str]]
"""Row, line, and the cells of the source's columns, or what is wrong with the row."""


def _csv_rows(source: Source) -> Rows:
    with open(source.path, encoding=source.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=source.separator)
        header = [cell.strip() for cell in next(reader)]
        columns = [header.index(heading) for heading in source.columns.values()]
        row, line = 0, reader.line_num + 1
        try:
            for cells in reader:
                if cells:
                    row += 1
                    if reader.line_num - line > LONGEST_ROW:
                        raise PipelineError(
                            f"{source.path}, row {row} (line {line}): a quote that begins here is"
                            " not closed"
                        )
                    if len(cells) == len(header):
                        yield row, line, [cells[column] for column in columns]
                    else:
                        names = f"the first line names {len(header)} columns"
                        yield row, line, f"{len(cells)} cells, but {names}"
                line = reader.line_num + 1
        except csv.Error as error:
            raise PipelineError(f"{source.path}, line {line}: not a CSV row ({error})") from None
        except UnicodeDecodeError as error:
            raise PipelineError(
                f"{source.path}, after line {line}: not {source.encoding} text ({error.reason});"
                " save it in UTF-8"
            ) from None


def _parquet_rows(source: Source) -> Rows:
    headings = [*source.columns.values()]
    row = 0
    with pq.ParquetFile(source.path) as file:
        for batch in file.iter_batches(BATCH, columns=[*dict.fromkeys(headings)]):
            columns = batch.to_pydict()
            for cells in zip(*(columns[heading] for heading in headings), strict=True):
                row += 1
                yield row, row, list(cells)


def _text(cell: object) -> str | None:
    """Return a cell as text without blanks around and doubled within; a blank cell is missing."""
    if cell is None:
        return None
    return " ".join(str(cell).split()) or None


def _names(text: str | None) -> str | None:
    """Return a cell of several names with a bar between them."""
    return text and "|".join(filter(None, map(_text, re.split(r"[|;；]", text))))


def _unless_missing(text: str | None) -> str | None:
    """Return a cell unless it says that nothing is known."""
    return None if text and is_missing(text) else text


def table(rows: Iterable[tuple], schema: pa.Schema) -> pa.Table:
    """Return rows as a table."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


class Batch:
    """Records and rejects of some rows of one file.

    Parameters
    ----------
    source : Source
        The file.
    latest : int
        Last year that a firm may be from.
    """

    def __init__(self, source: Source, latest: int):
        self.read = 0
        """Rows read."""
        self._source, self._latest = source, latest
        self._position = {what: position for position, what in enumerate(source.columns)}
        self._records: list[tuple] = []
        self._rejected: list[tuple] = []

    @property
    def records(self) -> pa.Table:
        """Rows with a name, by the schema `RECORD`."""
        return table(self._records, RECORD)

    @property
    def rejected(self) -> pa.Table:
        """Rows left out and years read as unknown, by the schema `REJECTED`."""
        return table(self._rejected, REJECTED)

    def add(self, row: int, line: int, cells: Cells | str) -> None:
        """Take a row in, or what is wrong with it."""
        self.read += 1
        if isinstance(cells, str):
            self._reject(row, line, None, None, "row", cells)
        elif (name := self._cell(cells, "name")) is None:
            self._reject(row, line, "name", None, "row", "no name")
        else:
            self._record(row, line, name, cells)

    def _cell(self, cells: Cells, what: str) -> str | None:
        position = self._position.get(what)
        return None if position is None else _text(cells[position])

    def _reject(
        self, row: int, line: int, what: str | None, value: str | None, left_out: str, reason: str
    ) -> None:
        heading = None if what is None else self._source.columns[what]
        self._rejected.append((self._source.label, row, line, heading, value, left_out, reason))

    def _record(self, row: int, line: int, name: str, cells: Cells) -> None:
        other = _names(self._cell(cells, "other_names"))
        former = _names(self._cell(cells, "former_names"))
        place = _unless_missing(self._cell(cells, "place"))
        country = _unless_missing(self._cell(cells, "country"))
        country = country and country_name(country)
        text = self._cell(cells, "entry_year")
        year, reason = year_of(text, self._latest)
        if reason:
            self._reject(row, line, "entry_year", text, "cell", reason)
        node = number_of(name, other, former, place, country, year)
        identity = (self._source.label, row, node, self._cell(cells, "id"))
        what = (name, other, former, place, self._cell(cells, "region"), country, year)
        self._records.append((*identity, *what, *(self._cell(cells, column) for column in ORIGIN)))


def read(source: Source, latest: int | None = None, size: int = BATCH) -> Iterator[Batch]:
    """Yield the rows of one file in batches.

    Parameters
    ----------
    source : Source
        From `find_sources`.
    latest : int, optional
        Last year that a firm may be from (default: this year).
    size : int
        Rows in a batch.

    Yields
    ------
    Batch
        The last one may be empty.

    Raises
    ------
    PipelineError
        If the file turns out to be unreadable.
    """
    latest = latest or this_year()
    batch = Batch(source, latest)
    for row in _csv_rows(source) if source.encoding else _parquet_rows(source):
        batch.add(*row)
        if batch.read == size:
            yield batch
            batch = Batch(source, latest)
    yield batch
