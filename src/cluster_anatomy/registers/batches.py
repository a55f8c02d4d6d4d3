"""What is done to a register in Python: functions from batch to batch, the same on both engines."""

import re
from collections.abc import Sequence
from functools import cache

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cluster_anatomy import tables
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.firms import linkage
from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms.origins import conditions, sources
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.firms.scripts import BRACKETS, ascii_fold
from cluster_anatomy.registers import addresses, records
from cluster_anatomy.registers.files import ORIGIN, Source
from cluster_anatomy.registers.pieces import MARK, NO_TEXT, Piece, rows_of
from cluster_anatomy.registers.records import Batch, number_of, table
from cluster_anatomy.tables.cells import split

CODING = "data/raw/coding/"
PLACED = pa.schema(
    [
        ("place", pa.string()),
        ("country", pa.string()),
        ("region", pa.string()),
        ("basis", pa.string()),
    ]
)
CLASSIFIED = pa.schema(
    [
        ("combination", pa.string()),
        ("mode", pa.string()),
        ("source", pa.string()),
        ("rule", pa.string()),
    ]
)
TAKEN = pa.unify_schemas(
    [pa.schema([("piece", pa.int64())]), records.RECORD, records.REJECTED],
)
"""Columns of `read`: of a record, or of a row or cell that was left out (``left_out``)."""
SUFFIX = re.compile(r"(?<=..)[市省县]$")


# --- Rows


def read(batch: pa.Table, sources: Sequence[Source], latest: int) -> pa.Table:
    """Read pieces of files.

    Parameters
    ----------
    batch : pyarrow.Table
        ``piece`` (number), ``source`` (position in `sources`), ``begins``, ``ends``, ``line``
        (`pieces.Piece`).
    sources : sequence of Source
    latest : int
        Last year that a firm may be from.

    Returns
    -------
    pyarrow.Table
        By the schema `TAKEN`; ``row`` counts from 1 in each piece, ``line`` in the file.
    """
    tables = [TAKEN.empty_table()]
    for one in batch.to_pylist():
        piece = Piece(one["begins"], one["ends"], one["line"])
        source = sources[one["source"]]
        read_rows = _text_rows if source.encoding else _parquet_rows
        taken = Batch(source, latest)
        try:
            read_rows(source, piece, taken)
        except PipelineError as error:
            raise PipelineError(f"{source.address}, {error}") from None
        for part in (taken.records, taken.rejected):
            number = pa.array([one["piece"]] * len(part), pa.int64())
            tables.append(part.append_column("piece", number))
    return pa.concat_tables(tables, promote_options="default").select(TAKEN.names)


def _text_rows(source: Source, piece: Piece, taken: Batch) -> None:
    """Take in the rows of a piece of text."""
    data = addresses.read_piece(source.address, piece.start, piece.stop)
    header, fixed = source.header, list(source.fixed.values())
    columns = [header.index(heading) for heading in source.columns.values()]
    whats, width = list(source.columns), len(header) - len(fixed)
    text = data.decode(source.encoding, MARK)
    damaged = NO_TEXT.search(text) is not None
    for row, line, cells in rows_of(text, source.separator, piece.line):
        if len(cells) != width:
            wrong = f"{len(cells)} cells, but the first line names {width} columns"
            taken.add(row, line, wrong)
            continue
        used = (
            [(cells + fixed)[column] for column in columns]
            if fixed
            else [cells[column] for column in columns]
        )
        if (
            damaged
            and (at := next((n for n, cell in enumerate(used) if NO_TEXT.search(cell)), None))
            is not None
        ):
            _leave_out(source, row, line, whats[at], used[at], taken)
        else:
            taken.add(row, line, used)


def _leave_out(source: Source, row: int, line: int, what: str, cell: str, taken: Batch) -> None:
    """List a row with a byte that is no text."""
    shown = NO_TEXT.sub(lambda mark: f"\\x{ord(mark[0]) & 0xFF:02x}", cell)
    taken.reject(row, line, what, shown, "row", f"a byte that is not {source.encoding} text")


def _parquet_rows(source: Source, piece: Piece, taken: Batch) -> None:
    """Take in the rows of a row group."""
    headings, row = list(source.columns.values()), 0
    inside = [heading for heading in dict.fromkeys(headings) if heading not in source.fixed]
    groups = range(piece.start, piece.stop)
    with addresses.open_file(source.address) as file, pq.ParquetFile(file) as parquet:
        for batch in parquet.iter_batches(row_groups=list(groups), columns=inside):
            columns: dict[str, list] = {
                name: [text] * len(batch) for name, text in source.fixed.items()
            }
            columns |= {
                name: [_plain(cell) for cell in cells] for name, cells in batch.to_pydict().items()
            }
            for cells in zip(*(columns[heading] for heading in headings), strict=True):
                row += 1
                taken.add(row, piece.line + row - 1, list(cells))


def _plain(cell: object) -> object:
    """Return a cell of Parquet as a text file would have it: no 1998.0, no NaN, no bytes."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else None if cell != cell else cell
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell


# --- Places


def _key(text: str) -> str:
    """Return a place name as it is compared: no case, no accents, no ``市``."""
    return ascii_fold(text).strip() or SUFFIX.sub("", text)


@cache
def _regions() -> dict[str, set[tuple[str, str]]]:
    """Return the region and country that each name of a place can mean (Taizhou means two)."""
    regions: dict[str, set[tuple[str, str]]] = {}
    for row in tables.read("data/raw/places/places.csv").itertuples():
        names = [
            row.name,
            BRACKETS.sub("", row.name),
            *split(row.aliases),
            *([] if pd.isna(row.name_zh) else [row.name_zh]),
        ]
        for name in names:
            regions.setdefault(_key(name), set()).add((row.metro, row.country))
    return regions


def _region(place: str, country: str | None) -> tuple[str | None, str]:
    """Return the region of a place and on what basis it is known."""
    for text in (place, place.split(",")[0]):
        meanings = _regions().get(_key(text), set())
        in_country = {meaning for meaning in meanings if country in (None, meaning[1])}
        regions = [region for region, _ in in_country or meanings]
        if len(regions) == 1:
            return regions[0], "table of places"
        if regions:
            return None, "the name means several places"
    return place, "as the register has it"


def place(batch: pa.Table) -> pa.Table:
    """Find the region of each place.

    Parameters
    ----------
    batch : pyarrow.Table
        ``place``, ``country``.

    Returns
    -------
    pyarrow.Table
        ``place``, ``country``, ``region`` (the metro region of the table of places; the place
        itself where the table does not know it; none where its name means several places),
        ``basis``.
    """
    places, countries = batch["place"].to_pylist(), batch["country"].to_pylist()
    rows = [
        (name, country, *_region(name, country))
        for name, country in zip(places, countries, strict=True)
    ]
    return table(rows, PLACED)


def clean(batch: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    """Take names apart into what the linkage model compares (`linkage.prepare`), one row per name.

    Parameters
    ----------
    batch : pyarrow.Table
        ``node``, ``name``, ``other_names``, ``former_names``, ``place``, ``country``, ``year``.
    columns : tuple of str
        Which of `linkage.COLUMNS` the model's comparisons look at.

    Returns
    -------
    pyarrow.Table
        ``name_id`` and ``node`` (whole numbers), those columns, and ``keys`` (list of text) for
        blocking.
    """
    frame = linkage.prepare(batch.to_pandas().rename(columns={"node": "record_id"}))
    names = pa.Table.from_pandas(frame[[*columns]], preserve_index=False)
    names = names.add_column(0, "name_id", pa.array(map(number_of, frame["name_id"]), pa.int64()))
    names = names.add_column(1, "node", pa.array(frame["record_id"].astype("int64"), pa.int64()))
    return names.append_column("keys", pa.array(frame["keys"].tolist(), pa.list_(pa.string())))


# --- Origins


@cache
def _coding() -> dict[str, pd.DataFrame]:
    names = ["organisation_types", "source_roles", "conventions", "origin_rules"]
    return {name: tables.read(f"{CODING}{name}.csv") for name in names}


@cache
def _gazetteer() -> Gazetteer:
    return Gazetteer(tables.read("data/raw/places/places.csv"))


def classify(batch: pa.Table) -> pa.Table:
    """Find the origin that the study's rules give to each combination of origin columns.

    Parameters
    ----------
    batch : pyarrow.Table
        ``combination`` (key), ``country``, ``year``, and the columns `files.ORIGIN`.

    Returns
    -------
    pyarrow.Table
        ``combination``, ``mode``, ``source``, ``rule`` (``data/raw/coding/origin_rules.csv``).
    """
    coding, frame = _coding(), batch.to_pandas()
    if frame.empty:
        return CLASSIFIED.empty_table()
    firms = frame.rename(columns={"combination": "firm_id", "year": "founded_year"})
    firms["founded_year"] = firms["founded_year"].astype("Int64")
    text = ["country", *ORIGIN]
    firms[text] = firms[text].astype("string")
    members = firms[["firm_id"]].assign(coder="register", name_as_given=firms["firm_id"])
    evidence = firms.assign(coder="register", name_en=firms["firm_id"], confidence="high")[
        ["coder", "name_en", "confidence", *ORIGIN]
    ]
    behind = sources(members, evidence, _gazetteer(), coding["organisation_types"])
    known = conditions(
        firms, behind, coding["source_roles"], firms_origins.choose(coding["conventions"])
    )
    origins = firms_origins.classify(known, coding["origin_rules"])
    columns = ["firm_id", "mode", "source", "rule"]
    return table(origins[columns].itertuples(index=False, name=None), CLASSIFIED)
