"""Read a business register: CSV in any common encoding and separator, or Parquet, row by row into
batches.

Nothing is dropped silently. A row that cannot be used and a cell that cannot be read are listed
with their file, row and reason; the ledger of the run counts them.
"""

import csv
import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import charset_normalizer
import pyarrow as pa
import pyarrow.parquet as pq

from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.reading.countries import country_name
from cluster_anatomy.reading.headings import fold, headings
from cluster_anatomy.reading.values import clean, is_missing
from cluster_anatomy.reading.years import YearError, read_year, this_year
from cluster_anatomy.tables.contract import nearest

BATCH = 50_000
LONGEST_ROW = 100
"""Lines; a row that is longer is a quote that was never closed."""

ORIGIN = (
    "founder_names",
    "founder_prior_orgs",
    "founder_prior_org_types",
    "founder_prior_cities",
    "returnee_founder",
    "parent_orgs",
    "parent_org_types",
    "parent_cities",
    "parent_countries",
    "parent_timing",
    "ownership_at_entry",
    "relocated_from",
    "pre_reform",
)
"""Columns of the study's evidence from which the rules of origin read (data/CODEBOOK.md, table
evidence).
"""
KNOWN = ("name", "other_names", "former_names", "place", "country", "entry_year")
"""Columns that a register shares with an own list; their headings are in
``reading/headings.toml``.
"""
ALSO = {
    "region": ("region", "metro", "metro region"),
    "id": ("company number", "registration number", "lei", "cin", "统一社会信用代码", "注册号"),
}


@cache
def words() -> dict[str, dict[str, int]]:
    """Return for each thing that a register may have the folded headings by which it is known, the
    first first.
    """
    firms, evidence = headings()["firms"], headings()["evidence"]
    lists = {what: [what, *firms.get(what, [])] for what in KNOWN} | ALSO
    lists |= {what: [what, *evidence.get(what, [])] for what in ORIGIN}
    return {
        what: {fold(word): rank for rank, word in reversed([*enumerate(many)])}
        for what, many in lists.items()
    }


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


@dataclass(frozen=True)
class Source:
    """A file of a register and which of its columns is what."""

    path: Path
    label: str
    columns: Mapping[str, str]
    encoding: str = ""
    separator: str = ","


def is_parquet(path: Path) -> bool:
    """Say whether a file begins as Parquet does, whatever it is called."""
    with open(path, "rb") as file:
        return file.read(4) == b"PAR1"


def encoding_of(path: Path) -> str:
    """Return the encoding of a text file: UTF-8 if all of it is, else a guess from its first 256
    KiB.

    Raises
    ------
    PipelineError
        If the file is not text.
    """
    with open(path, "rb") as file:
        head = file.read(2**18)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise PipelineError(
            f"{path}: this is an Excel workbook; save its sheet as CSV (UTF-8) or as Parquet"
        )
    if b"\x00" in head:
        raise PipelineError(
            f"{path}: this is neither text nor Parquet; give a CSV or a Parquet file"
        )
    try:
        with open(path, encoding="utf-8") as file:
            while file.read(2**20):
                pass
        return "utf-8-sig"
    except UnicodeDecodeError as error:
        guess = charset_normalizer.from_bytes(head[: head.rfind(b"\n") + 1] or head).best()
        if guess is None:
            raise PipelineError(
                f"{path}: byte {error.start} is not UTF-8 text; save the file as CSV in UTF-8"
            ) from None
        return "gb18030" if guess.encoding in ("gb2312", "gbk") else guess.encoding


def find_sources(files: list[Path], columns: Mapping[str, str]) -> list[Source]:
    """Look at the files of a register: form, encoding, separator, and which column is what.

    Parameters
    ----------
    files : list of Path
        CSV or Parquet files with the same columns.
    columns : mapping
        What -> heading; whatever is not given is known by its heading (`words`).

    Raises
    ------
    PipelineError
        If a file is missing or unreadable, or if a column that was asked for is not there; all at
        once.
    """
    problems, found = [], []
    labels = _labels(files)
    for path, label in zip(files, labels, strict=True):
        try:
            found.append(_source(path, label, columns))
        except PipelineError as error:
            problems.append(str(error))
        except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
            problems.append(f"{path}: cannot be read ({str(error).splitlines()[0]})")
    if problems:
        raise PipelineError("\n".join(problems))
    return found


def _labels(files: list[Path]) -> list[str]:
    """Return the names of files, with as much of their folders as tells them apart."""
    for depth in range(1, max((len(path.parts) for path in files), default=1) + 1):
        labels = ["/".join(path.parts[-depth:]) for path in files]
        if len(set(labels)) == len(labels):
            return labels
    raise PipelineError(
        f"the same file was given twice: {next(str(f) for f in files if files.count(f) > 1)}"
    )


def _source(path: Path, label: str, columns: Mapping[str, str]) -> Source:
    if path.is_dir():
        raise PipelineError(f"{path}: this is a folder; name the files in it")
    if not path.is_file():
        raise PipelineError(f"{path}: there is no such file")
    if path.stat().st_size == 0:
        raise PipelineError(f"{path}: the file is empty; the first line must name the columns")
    if is_parquet(path):
        header, encoding, separator = pq.read_schema(path).names, "", ","
    else:
        encoding = encoding_of(path)
        with open(path, encoding=encoding, newline="") as file:
            first = file.readline()
        bare = re.sub(r'"[^"]*"', "", first)
        separator = max(",;\t|", key=bare.count)
        with open(path, encoding=encoding, newline="") as file:
            header = [cell.strip() for cell in next(csv.reader(file, delimiter=separator), [])]
    chosen: dict[str, str] = {}
    for what, known in words().items():
        free = [
            heading
            for heading in header
            if fold(heading) in known and heading not in chosen.values()
        ]
        if free:
            chosen[what] = min(free, key=lambda heading, known=known: known[fold(heading)])
    for what, heading in columns.items():
        chosen = {
            other: taken for other, taken in chosen.items() if taken != heading or other in columns
        }
        if heading not in header:
            raise PipelineError(
                f"{path}: there is no column '{heading}' (asked for as"
                f" {what}).{nearest(heading, header)} The columns are: {', '.join(header)}"
            )
        if header.count(heading) > 1:
            raise PipelineError(f"{path}: two columns are called '{heading}'; rename one of them")
        chosen[what] = heading
    if "name" not in chosen:
        raise PipelineError(
            f"{path}: no column is known to hold the names of firms; say which: --columns"
            f" name=HEADING. The columns are: {', '.join(header)}"
        )
    return Source(path, label, chosen, encoding, separator)


def parse_columns(text: str) -> dict[str, str]:
    """Read ``name=Company,place=City`` into a mapping.

    Raises
    ------
    PipelineError
        If a part has no ``=`` or names something that a register does not have.
    """
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        what, sign, heading = part.partition("=")
        if not sign or not heading.strip():
            raise PipelineError(f"--columns: '{part}' should be WHAT=HEADING, such as name=Company")
        found[what.strip()] = heading.strip()
    return known_columns(found, "--columns")


def known_columns(columns: Mapping[str, str], where: str) -> dict[str, str]:
    """Return a mapping of columns if a register may have all of them.

    Raises
    ------
    PipelineError
        If it may not; `where` says where the mapping stands.
    """
    for what in columns:
        if what not in words():
            raise PipelineError(
                f"{where}: '{what}' is nothing that a register has.{nearest(what, words())}"
                f" It may have: {', '.join(words())}"
            )
    return dict(columns)


def described_columns(path: Path) -> dict[str, str]:
    """Return the columns that the description of an own list gives (table ``[firms.columns]``).

    Raises
    ------
    PipelineError
        If the file is missing, no TOML, or names a column that a register does not have.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        columns = raw.get("firms", {}).get("columns", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError) as error:
        raise PipelineError(f"--description {path}: cannot be read ({error})") from None
    wrong = [what for what, heading in columns.items() if not isinstance(heading, str)]
    if wrong:
        raise PipelineError(
            f"--description {path}: firms.columns.{wrong[0]} must be one heading in quotes"
        )
    return known_columns(
        {what: one for what, one in columns.items() if what in words()}, f"--description {path}"
    )


@lru_cache(2**16)
def year_of(text: str | None, latest: int) -> tuple[int | None, str]:
    """Read the year of a cell as in an own list (`years.read_year`); return it, or why
    there is none.
    """
    if not text or is_missing(text):
        return None, ""
    try:
        year = read_year(clean(text), today=latest)
    except YearError as error:
        return None, str(error).partition(";")[0]
    return (year.value, "") if year.value else (None, "no single year is meant")


def number_of(*content: object) -> int:
    """Return the 63-bit number of what linking sees of a record: the same content, the same number,
    in any order.
    """
    text = "\x1f".join("" if part is None else str(part) for part in content)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def _clean(cell: object) -> str | None:
    """Return a cell as text without blanks around and doubled within; a blank cell is missing."""
    if cell is None:
        return None
    return " ".join(str(cell).split()) or None


def _csv_rows(source: Source) -> Iterator[tuple[int, int, list[str] | str]]:
    """Yield row, line and the cells of the chosen columns, or what is wrong with the row."""
    with open(source.path, encoding=source.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=source.separator)
        header = [cell.strip() for cell in next(reader)]
        wanted = [header.index(heading) for heading in source.columns.values()]
        width, row, line = len(header), 0, reader.line_num + 1
        try:
            for cells in reader:
                if cells:
                    row += 1
                    if reader.line_num - line > LONGEST_ROW:
                        raise PipelineError(
                            f"{source.path}, row {row} (line {line}): a quote that begins here is"
                            " not closed"
                        )
                    if len(cells) == width:
                        yield row, line, [cells[place] for place in wanted]
                    else:
                        yield (
                            row,
                            line,
                            f"{len(cells)} cells, but the first line names {width} columns",
                        )
                line = reader.line_num + 1
        except csv.Error as error:
            raise PipelineError(f"{source.path}, line {line}: not a CSV row ({error})") from None
        except UnicodeDecodeError as error:
            raise PipelineError(
                f"{source.path}, after line {line}: not {source.encoding} text ({error.reason});"
                " save it in UTF-8"
            ) from None


def _parquet_rows(source: Source) -> Iterator[tuple[int, int, list[str] | str]]:
    row = 0
    with pq.ParquetFile(source.path) as file:
        for batch in file.iter_batches(BATCH, columns=[*dict.fromkeys(source.columns.values())]):
            columns = batch.to_pydict()
            for cells in zip(
                *(columns[heading] for heading in source.columns.values()), strict=True
            ):
                row += 1
                yield row, row, list(cells)


@dataclass
class Batch:
    """Records and rejects of some rows."""

    records: pa.Table
    rejected: pa.Table
    read: int


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
        Tables by the schemas `RECORD` and `REJECTED`.

    Raises
    ------
    PipelineError
        If the file turns out to be unreadable.
    """
    latest = latest or this_year()
    whats = list(source.columns)
    at = {what: place for place, what in enumerate(whats)}
    origins = [at.get(what) for what in ORIGIN]
    records, rejected, read_rows = [], [], 0
    rows = _csv_rows(source) if source.encoding else _parquet_rows(source)

    def batch() -> Batch:
        def made(found: list[tuple], schema: pa.Schema) -> pa.Table:
            columns = list(zip(*found, strict=True)) or [()] * len(schema)
            return pa.table(
                [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
            )

        return Batch(made(records, RECORD), made(rejected, REJECTED), read_rows)

    def cell(cells: list, what: str) -> str | None:
        return _clean(cells[at[what]]) if what in at else None

    for row, line, cells in rows:
        read_rows += 1
        if isinstance(cells, str):
            rejected.append((source.label, row, line, None, None, "row", cells))
        elif (name := cell(cells, "name")) is None:
            rejected.append(
                (source.label, row, line, source.columns["name"], None, "row", "no name")
            )
        else:
            text = cell(cells, "entry_year")
            place, country = (
                None if one and is_missing(one) else one
                for one in (cell(cells, "place"), cell(cells, "country"))
            )
            country = country and country_name(country)
            year, why = year_of(text, latest)
            if why:
                rejected.append(
                    (source.label, row, line, source.columns["entry_year"], text, "cell", why)
                )
            former = cell(cells, "former_names")
            former = former and "|".join(filter(None, map(_clean, re.split(r"[|;；]", former))))
            other = cell(cells, "other_names")
            other = other and "|".join(filter(None, map(_clean, re.split(r"[|;；]", other))))
            node = number_of(name, other, former, place, country, year)
            origin = [None if spot is None else _clean(cells[spot]) for spot in origins]
            context = (name, other, former, place, cell(cells, "region"), country, year)
            records.append((source.label, row, node, cell(cells, "id"), *context, *origin))
        if read_rows == size:
            yield batch()
            records, rejected, read_rows = [], [], 0
    yield batch()
