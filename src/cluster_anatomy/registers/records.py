"""The rows of a register, as cells, into batches of records.

Nothing is dropped silently. A row that cannot be used and a cell that cannot be read are listed
with their file, row and reason; the ledger of the run counts them.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache

import pyarrow as pa

from cluster_anatomy.reading.countries import area_name, country_name
from cluster_anatomy.reading.values import clean, is_missing
from cluster_anatomy.reading.years import YearError, read_year
from cluster_anatomy.registers.files import ORIGIN, Source

RECORD = pa.schema(
    [
        ("file", pa.string()),
        ("row", pa.int64()),
        ("node", pa.int64()),
        ("id", pa.string()),
        ("domain", pa.string()),
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


def domain_of(address: str | None) -> str | None:
    """Return the domain of a web address, None if there is none (``https://www.x.com/en``: x.com).

    Examples
    --------
    >>> domain_of("https://www.Example.com/about"), domain_of("n/a")
    ('example.com', None)
    """
    host = re.sub(r"^[a-z]+://", "", (address or "").strip().lower())
    host = re.split(r"[/:?#]", host, maxsplit=1)[0].removeprefix("www.")
    return host if "." in host and " " not in host else None


def number_of(*content: object) -> int:
    """Return the 63-bit number of what linking sees of a record.

    The same content gives the same number, whatever the order of rows.
    """
    text = "\x1f".join("" if part is None else str(part) for part in content)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


Cells = list[str] | list[object]


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
            self.reject(row, line, None, None, "row", cells)
        elif (name := self._cell(cells, "name")) is None:
            self.reject(row, line, "name", None, "row", "no name")
        else:
            self._record(row, line, name, cells)

    def _cell(self, cells: Cells, what: str) -> str | None:
        position = self._position.get(what)
        return None if position is None else _text(cells[position])

    def reject(
        self, row: int, line: int, what: str | None, value: str | None, left_out: str, reason: str
    ) -> None:
        """List a row or a cell that is left out."""
        heading = None if what is None else self._source.columns[what]
        self._rejected.append((self._source.label, row, line, heading, value, left_out, reason))

    def _record(self, row: int, line: int, name: str, cells: Cells) -> None:
        other = _names(self._cell(cells, "other_names"))
        former = _names(self._cell(cells, "former_names"))
        place = _unless_missing(self._cell(cells, "place"))
        country = _unless_missing(self._cell(cells, "country"))
        country = country and country_name(country)
        admin = _unless_missing(self._cell(cells, "admin"))
        if place and admin and area_name(country or "USA", admin):
            place = f"{place}, {admin}"  # a town of another state is another place
        text = self._cell(cells, "entry_year")
        year, reason = year_of(text, self._latest)
        if reason:
            self.reject(row, line, "entry_year", text, "cell", reason)
        number, domain = self._cell(cells, "id"), domain_of(self._cell(cells, "website"))
        content = (name, other, former, place, country, year)
        # what tells two firms of one name apart, where it is known
        node = number_of(*content, *filter(None, (number, domain)))
        identity = (self._source.label, row, node, number, domain)
        what = (name, other, former, place, self._cell(cells, "region"), country, year)
        self._records.append((*identity, *what, *(self._cell(cells, column) for column in ORIGIN)))
