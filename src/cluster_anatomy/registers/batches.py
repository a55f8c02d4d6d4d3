"""What is done to a register in Python: functions from batch to batch, the same on both engines."""

from collections.abc import Sequence
from functools import cache

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.firms import linkage
from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms.origins import conditions, sources
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.reading.places import gazetteer, read_place
from cluster_anatomy.registers import addresses, records
from cluster_anatomy.registers.files import ORIGIN, Source
from cluster_anatomy.registers.pieces import MARK, NO_TEXT, Piece, rows_of
from cluster_anatomy.registers.records import Batch, number_of, table

CODING = "data/raw/coding/"
PLACED = pa.schema(
    [
        ("place", pa.string()),
        ("country", pa.string()),
        ("region", pa.string()),
        ("basis", pa.string()),
    ]
)
_LIST = pa.list_(pa.string())
CLEANED = pa.schema(
    [
        ("name_id", pa.int64()),
        ("node", pa.int64()),
        ("kind", pa.string()),
        ("script", pa.string()),
        ("words", _LIST),
        ("terms", _LIST),
        ("own", _LIST),
        ("sorted", pa.string()),
        ("initials", pa.string()),
        ("legal", pa.string()),
        ("country", pa.string()),
        ("place", pa.string()),
        ("year", pa.int64()),
        ("valid_from", pa.int64()),
        ("valid_to", pa.int64()),
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


def _region(place: str, country: str | None) -> tuple[str | None, str]:
    """Return the region of a place and on what basis it is known."""
    known = gazetteer(paths.root())
    for reading in read_place(place, "", country or "").readings:
        found, sure = known.find(reading)
        if sure:
            return known.table["region"].iloc[found[0]], "table of places"
        if len(found) > 1 and not reading.area and reading.country != "USA":
            return None, "the name means several places"
        if found:
            break
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
        ``place``, ``country``, ``region`` (that of the table of places, in the country and the
        state that the text and the register name; the place itself where the table does not know
        it or an American town lacks a state; none where its name means several places),
        ``basis``.
    """
    places, countries = batch["place"].to_pylist(), batch["country"].to_pylist()
    rows = [
        (name, country, *_region(name, country))
        for name, country in zip(places, countries, strict=True)
    ]
    return table(rows, PLACED)


# --- Names


def clean(batch: pa.Table) -> pa.Table:
    """Clean names (`linkage.take_apart`), one row per name.

    Parameters
    ----------
    batch : pyarrow.Table
        ``node``, ``name``, ``other_names``, ``former_names``, ``place``, ``other_places``,
        ``country``, ``year``.

    Returns
    -------
    pyarrow.Table
        By the schema `CLEANED`; ``name_id`` and ``node`` are whole numbers.
    """
    frame = linkage.take_apart(batch.to_pandas().rename(columns={"node": "record_id"}))
    frame["name_id"] = [number_of(name) for name in frame["name_id"]]
    frame["node"] = frame["record_id"].astype("int64")
    return pa.Table.from_pandas(frame[CLEANED.names], CLEANED, preserve_index=False)


def weigh(batch: pa.Table, names: dict[str, int], columns: tuple[str, ...]) -> pa.Table:
    """Weigh the words of names by how common they are in the register (`linkage.weigh`).

    Parameters
    ----------
    batch : pyarrow.Table
        By the schema `CLEANED`, and ``seen``: the common words of each name.
    names : dict
        Different names by script and country.
    columns : tuple of str
        Which of `linkage.COLUMNS` the model's comparisons look at.

    Returns
    -------
    pyarrow.Table
        ``name_id`` and ``node``, those columns, and ``keys`` (list of text) for blocking.
    """
    columns_of = {column: batch[column].to_pylist() for column in batch.column_names}
    columns_of["seen"] = [seen or [] for seen in columns_of["seen"]]
    frame = linkage.weigh(
        pd.DataFrame(columns_of, dtype=object).assign(record_id="", name=""), names
    )
    features = pa.Table.from_pandas(frame[[*columns]], preserve_index=False)
    for position, column in enumerate(("name_id", "node")):
        features = features.add_column(position, column, batch[column])
    keys = pa.array(frame["keys"].tolist(), pa.list_(pa.string()))
    return features.append_column("keys", keys)


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
