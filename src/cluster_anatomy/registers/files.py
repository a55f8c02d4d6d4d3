"""The files of a business register: form, encoding, separator, and which column is what."""

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from cluster_anatomy.compendium import freshness, paths
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.reading.headings import fold, headings
from cluster_anatomy.reading.sheets import MARKUP, OTHER_FORMATS
from cluster_anatomy.registers.addresses import (
    TABLE,
    as_address,
    files_of,
    info,
    is_remote,
    open_file,
    read_piece,
)
from cluster_anatomy.registers.pieces import (
    BOM,
    SIZE,
    Form,
    Piece,
    beginning,
    first_row,
    lines,
    survey,
)
from cluster_anatomy.tables.contract import nearest

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
"""Columns of the study's evidence that the rules of origin read (data/CODEBOOK.md: evidence)."""
SHARED = ("name", "other_names", "former_names", "place", "admin", "country", "entry_year")
"""Columns that a register shares with an own list; headings are in ``reading/headings.toml``."""
REGISTER_ONLY = {
    "region": ("region", "metro", "metro region"),
    "id": ("company number", "registration number", "lei", "cin", "统一社会信用代码", "注册号"),
    "website": ("website", "web site", "web address", "url", "homepage", "网址", "ホームページ"),
}


@cache
def words() -> dict[str, dict[str, int]]:
    """Return for each thing that a register may have the rank of each heading that names it.

    Headings are folded; the lowest rank is the best heading.
    """
    firms, evidence, last = (headings()[table] for table in ("firms", "evidence", "last"))
    lists = {what: [what, *firms.get(what, []), *last.get(what, [])] for what in SHARED}
    lists |= {what: [*words] for what, words in REGISTER_ONLY.items()}
    lists["admin"] = [word for word in lists["admin"] if fold(word) not in REGISTER_ONLY["region"]]
    lists |= {what: [what, *evidence.get(what, [])] for what in ORIGIN}
    return {
        what: {fold(heading): rank for rank, heading in reversed([*enumerate(ranked)])}
        for what, ranked in lists.items()
    }


@dataclass(frozen=True)
class Source:
    """A file of a register and which of its columns is what."""

    address: str
    label: str
    given: str
    """What was named on the command line: the file, or the folder or pattern that it belongs to."""
    size: int
    digest: str
    columns: Mapping[str, str]
    header: tuple[str, ...]
    pieces: tuple[Piece, ...] = ()
    encoding: str = ""
    """Blank for Parquet and for tables of a catalogue."""
    separator: str = ","
    damaged: int = 0
    """Lines that are not text in this encoding."""
    packed: str = ""
    wide: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Columns whose one value is the name of a folder (``country=DE/part-0.parquet``)."""


def find_sources(
    files: Sequence[str | Path],
    columns: Mapping[str, str],
    jobs: int = 1,
    encoding: str = "",
) -> list[Source]:
    """Look at the files of a register: form, encoding, separator, which column is what.

    Parameters
    ----------
    files : sequence of str or Path
        CSV or Parquet files with the same columns, packed or not; folders of them; patterns;
        addresses in stores (`addresses`).
    columns : mapping
        What -> heading; whatever is not given is known by its heading (`words`).
    jobs : int
        How many files are looked at at once.
    encoding : str
        Of the files of text; it is found if not given.

    Raises
    ------
    PipelineError
        If a file is missing or unreadable, or if a column that was asked for is not there; all at
        once.
    """
    if encoding:
        check_encoding(encoding)
    problems: list[str] = []
    found: list[tuple[str, str]] = []
    for given in files:
        with _noted(str(given), problems):
            address = as_address(given)
            found += [(file, address) for file in files_of(address)]

    def look(one: tuple[str, str, str]) -> Source | str:
        mistakes: list[str] = []
        with _noted(one[0], mistakes):
            return _source(*one, columns, encoding)
        return mistakes[0]

    labels = _labels([file for file, _ in found])
    with ThreadPoolExecutor(jobs) as pool:
        looked = list(
            pool.map(look, ((*one, label) for one, label in zip(found, labels, strict=True)))
        )
    problems += [one for one in looked if isinstance(one, str)]
    if problems:
        raise PipelineError("\n".join(problems))
    return [one for one in looked if isinstance(one, Source)]


def table_source(given: str, header: Sequence[str], columns: Mapping[str, str]) -> Source:
    """Return a table of Spark's catalogue as a source; it is read anew in every run.

    Parameters
    ----------
    given : str
        ``table:`` and its name.
    header : sequence of str
        Its columns.
    columns : mapping
        As for `find_sources`.

    Raises
    ------
    PipelineError
        If a column that was asked for is not there.
    """
    name = given.removeprefix(TABLE)
    digest = freshness.digest_of([name, str(datetime.now(UTC))])
    return Source(given, name, given, SIZE, digest, _columns(given, header, columns), tuple(header))


@contextmanager
def _noted(file: str, problems: list[str]) -> Iterator[None]:
    """Note what is wrong with a file, and go on."""
    try:
        yield
    except PipelineError as error:
        problems.append(str(error))
    except (OSError, pa.ArrowException, UnicodeError, csv.Error) as error:
        problems.append(f"{file}: cannot be read ({str(error).splitlines()[0]})")


def _labels(files: list[str]) -> list[str]:
    """Return the names of files, with as much of their folders as tells them apart."""
    parts = [file.split("/") for file in files]
    for depth in range(1, max(map(len, parts), default=1) + 1):
        labels = ["/".join(one[-depth:]) for one in parts]
        if len(set(labels)) == len(labels):
            return labels
    raise PipelineError(
        f"the same file was given twice: {next(file for file in files if files.count(file) > 1)}"
    )


def _source(
    address: str, given: str, label: str, columns: Mapping[str, str], encoding: str
) -> Source:
    """Look at one file."""
    size = info(address).size
    if not size:
        raise PipelineError(f"{address}: the file is empty; the first line must name the columns")
    fixed = _folders(address.removeprefix(given)) if address != given else {}
    if read_piece(address, 0, 4) == b"PAR1":
        with open_file(address) as file, pq.ParquetFile(file) as parquet:
            header, pieces = (*parquet.schema_arrow.names, *fixed), row_groups(parquet)
        known = _columns(address, header, columns)
        digest = _digest(address)
        return Source(address, label, given, size, digest, known, header, pieces, fixed=fixed)
    form = _form(address)
    seen = survey(address, form, _known_headings(form.separator), encoding)
    header = (*_cells(form.header.decode(seen.encoding, "replace"), form.separator), *fixed)
    return Source(
        address,
        label,
        given,
        size,
        seen.digest,
        _columns(address, header, columns),
        header,
        tuple(seen.pieces),
        seen.encoding,
        form.separator,
        seen.damaged,
        form.packed,
        form.wide,
        fixed,
    )


def row_groups(parquet: pq.ParquetFile) -> tuple[Piece, ...]:
    """Return a piece for each row group."""
    pieces, row = [], 1
    for number in range(parquet.num_row_groups):
        pieces.append(Piece(number, number + 1, row))
        row += parquet.metadata.row_group(number).num_rows
    return tuple(pieces)


def _digest(address: str) -> str:
    """Return a digest of a Parquet file; in a store, of what the store tells without reading it."""
    if not is_remote(address):
        return paths.digest(Path(address))
    known = info(address)
    return freshness.digest_of([address, known.size, str(known.mtime)])


def _folders(path: str) -> dict[str, str]:
    """Return the columns that the names of folders give: ``/country=DE/part-0.parquet``."""
    cells = [part.partition("=") for part in path.split("/")[:-1] if "=" in part]
    return {
        heading: "" if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)
        for heading, _, value in cells
    }


def _form(address: str) -> Form:
    """Return what the beginning of a file of text tells of it.

    Raises
    ------
    PipelineError
        If it is no text.
    """
    head, packed, wide = beginning(address)
    _refuse_what_is_no_text(address, head)
    start, separator = (len(BOM) if head.startswith(BOM) else 0), ""
    if told := re.match(rb"sep=(.)\r?\n?", head[start:], re.IGNORECASE):
        separator, start = told[1].decode("latin-1"), start + told.end()
    if not separator:
        line = re.split(rb"[\r\n]", head[start:], maxsplit=1)[0].decode("latin-1")
        separator = max(",;\t|", key=re.sub(r'"[^"]*"', "", line).count)
    header = first_row(head[start:], separator)
    end = start + len(header)
    return Form(packed, wide, separator, header, end, 1 + lines(head[:end]))


def _refuse_what_is_no_text(address: str, head: bytes) -> None:
    """Raise if a file begins as something else than text does."""
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        sheets = head.startswith(b"\xd0") or b"xl/" in head
        what = "an Excel workbook" if sheets else "an Excel workbook or another zip archive"
        raise PipelineError(
            f"{address}: this is {what}; save its sheet as CSV (UTF-8) or as Parquet"
        )
    if head[:2000].lstrip(BOM + b" \t\r\n").lower().startswith(MARKUP):
        raise PipelineError(
            f"{address}: this is a web page or XML under another name; open it in a spreadsheet and"
            " save it as CSV (UTF-8)"
        )
    kind = next((what for start, what in OTHER_FORMATS.items() if head.startswith(start)), "")
    if head.startswith(b"PAR1"):
        kind = "a packed Parquet file; unpack it, for Parquet is packed within"
    if head[257:262] == b"ustar":
        kind = "a tar archive; unpack it"
    if kind:
        raise PipelineError(f"{address}: this is {kind}; give a CSV or a Parquet file")
    if b"\x00" in head[:4096]:
        raise PipelineError(
            f"{address}: this is neither text nor Parquet; give a CSV or a Parquet file"
        )


def _cells(line: str, separator: str) -> list[str]:
    """Return the headings of a first row."""
    return [
        cell.strip()
        for cell in next(csv.reader(io.StringIO(line, newline=""), delimiter=separator), [])
    ]


def _known_headings(separator: str) -> Callable[[str], int]:
    """Return a function that counts the known headings of a first row."""
    return lambda line: len(_known_by_heading(_cells(line, separator)))


def _columns(path: str, header: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Return which heading is what: as given, else as it is known by its heading."""
    columns = _known_by_heading(header)
    for what, heading in given.items():
        columns = {
            other: taken for other, taken in columns.items() if taken != heading or other in given
        }
        if heading not in header:
            raise PipelineError(
                f"{path}: there is no column '{heading}' (asked for as"
                f" {what}).{nearest(heading, header)} The columns are: {', '.join(header)}"
            )
        if header.count(heading) > 1:
            raise PipelineError(f"{path}: two columns are called '{heading}'; rename one of them")
        columns[what] = heading
    if "name" not in columns:
        raise PipelineError(
            f"{path}: no column is known to hold the names of firms; say which: --columns"
            f" name=HEADING. The columns are: {', '.join(header)}"
        )
    return columns


def _known_by_heading(header: Sequence[str]) -> dict[str, str]:
    """Return for each thing that a register may have the heading that best says so, if any."""
    columns: dict[str, str] = {}
    for what, ranks in words().items():
        rank_of = {
            heading: ranks[fold(heading)]
            for heading in header
            if fold(heading) in ranks and heading not in columns.values()
        }
        if rank_of:
            columns[what] = min(rank_of, key=rank_of.__getitem__)
    return columns


def parse_columns(text: str) -> dict[str, str]:
    """Read ``name=Company,place=City`` into a mapping.

    Raises
    ------
    PipelineError
        If a part has no ``=`` or names something that a register does not have.
    """
    columns = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        what, sign, heading = part.partition("=")
        if not sign or not heading.strip():
            raise PipelineError(f"--columns: '{part}' should be WHAT=HEADING, such as name=Company")
        columns[what.strip()] = heading.strip()
    return checked_columns(columns, "--columns")


def checked_columns(columns: Mapping[str, str], where: str) -> dict[str, str]:
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


def check_encoding(name: str) -> None:
    """Stop if an encoding is none, or one in which rows do not end in single bytes.

    Raises
    ------
    PipelineError
        Naming encodings that will do.
    """
    try:
        if "\r\n,".encode(name) == b"\r\n,":
            return
    except (LookupError, UnicodeError):
        pass
    raise PipelineError(
        f"--encoding {name}: no such encoding of text; utf-8, cp1252, gb18030, cp932 are some."
        " (UTF-16 is known by its first bytes)"
    )


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
    return checked_columns(
        {what: heading for what, heading in columns.items() if what in words()},
        f"--description {path}",
    )
