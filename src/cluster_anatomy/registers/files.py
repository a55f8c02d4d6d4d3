"""The files of a business register: form, encoding, separator, and which column is what."""

import csv
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import charset_normalizer
import pyarrow as pa
import pyarrow.parquet as pq

from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.reading.headings import fold, headings
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
SHARED = ("name", "other_names", "former_names", "place", "country", "entry_year")
"""Columns that a register shares with an own list; headings are in ``reading/headings.toml``."""
REGISTER_ONLY = {
    "region": ("region", "metro", "metro region"),
    "id": ("company number", "registration number", "lei", "cin", "统一社会信用代码", "注册号"),
}


@cache
def words() -> dict[str, dict[str, int]]:
    """Return for each thing that a register may have the rank of each heading that names it.

    Headings are folded; the lowest rank is the best heading.
    """
    firms, evidence, last = (headings()[table] for table in ("firms", "evidence", "last"))
    lists = {what: [what, *firms.get(what, []), *last.get(what, [])] for what in SHARED}
    lists |= {what: [*words] for what, words in REGISTER_ONLY.items()}
    lists |= {what: [what, *evidence.get(what, [])] for what in ORIGIN}
    return {
        what: {fold(heading): rank for rank, heading in reversed([*enumerate(ranked)])}
        for what, ranked in lists.items()
    }


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
    """Return the encoding of a text file: UTF-8 if it is, else a guess from its first 256 KiB.

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
    """Look at the files of a register: form, encoding, separator, which column is what.

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
    problems, sources = [], []
    for path, label in zip(files, _labels(files), strict=True):
        try:
            sources.append(_source(path, label, columns))
        except PipelineError as error:
            problems.append(str(error))
        except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
            problems.append(f"{path}: cannot be read ({str(error).splitlines()[0]})")
    if problems:
        raise PipelineError("\n".join(problems))
    return sources


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
    """Look at one file."""
    if path.is_dir():
        raise PipelineError(f"{path}: this is a folder; name the files in it")
    if not path.is_file():
        raise PipelineError(f"{path}: there is no such file")
    if path.stat().st_size == 0:
        raise PipelineError(f"{path}: the file is empty; the first line must name the columns")
    header, encoding, separator = _header(path)
    return Source(path, label, _columns(path, header, columns), encoding, separator)


def _header(path: Path) -> tuple[list[str], str, str]:
    """Return the headings of a file, its encoding (blank for Parquet) and its separator."""
    if is_parquet(path):
        return pq.read_schema(path).names, "", ","
    encoding = encoding_of(path)
    with open(path, encoding=encoding, newline="") as file:
        line = file.readline()
    bare = re.sub(r'"[^"]*"', "", line)
    separator = max(",;\t|", key=bare.count)
    with open(path, encoding=encoding, newline="") as file:
        header = [cell.strip() for cell in next(csv.reader(file, delimiter=separator), [])]
    return header, encoding, separator


def _columns(path: Path, header: list[str], given: Mapping[str, str]) -> dict[str, str]:
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


def _known_by_heading(header: list[str]) -> dict[str, str]:
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
