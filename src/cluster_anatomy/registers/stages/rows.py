"""From files to names: rows are read, places found, names taken apart."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.firms.linkage import counts
from cluster_anatomy.reading.years import this_year
from cluster_anatomy.registers import addresses, batches, records
from cluster_anatomy.registers.engines import parquet_files
from cluster_anatomy.registers.files import Source, row_groups
from cluster_anatomy.registers.pieces import SIZE, Piece, blocks
from cluster_anatomy.registers.stages.links import compared_columns, remove
from cluster_anatomy.registers.work import Run

PIECES = ("piece", "source", "begins", "ends", "line")
STARTS = ("piece", "before")
NODES = """
SELECT records.node, min(records.name) AS name, min(other_names) AS other_names,
    min(former_names) AS former_names,
    min(coalesce(records.region, places.region, records.place)) AS place,
    concat_ws(' ', min(records.place), min(records.region)) AS other_places,
    min(records.country) AS country, min(records.year) AS year, max(records.name) AS other
FROM records LEFT JOIN places
    ON places.place = records.place
    AND coalesce(places.country, '') = coalesce(records.country, '')
GROUP BY records.node ORDER BY records.node
"""

NAMES = """
SELECT script, coalesce(country, '') AS country, count(DISTINCT sorted) FROM cleaned
GROUP BY script, coalesce(country, '')
UNION ALL SELECT script, '*', count(DISTINCT sorted) FROM cleaned GROUP BY script
"""
COMMON = f"""
WITH held AS (
    SELECT DISTINCT script, coalesce(country, '') AS country, sorted, {{explode}}(terms) AS term
    FROM cleaned
),
everywhere AS (
    SELECT script, term, count(DISTINCT sorted) AS names FROM held GROUP BY script, term
    HAVING count(DISTINCT sorted) >= {counts.COMMON}
)
SELECT held.script, held.country, held.term, count(*) AS here, min(everywhere.names) AS everywhere
FROM held JOIN everywhere ON everywhere.script = held.script AND everywhere.term = held.term
GROUP BY held.script, held.country, held.term
"""
SEEN = """
SELECT name_id, {collect}(concat(here, ' ', everywhere, ' ', common.term)) AS seen
FROM (
    SELECT name_id, script, coalesce(country, '') AS country, {explode}(terms) AS term FROM cleaned
) AS held
JOIN common ON common.script = held.script AND common.country = held.country
    AND common.term = held.term
GROUP BY name_id
"""
WEIGHED = """
SELECT cleaned.*, seen.seen FROM cleaned LEFT JOIN seen ON seen.name_id = cleaned.name_id
ORDER BY cleaned.node, cleaned.name_id
"""


RECORDS = """
SELECT {columns}, taken.row + starts.before AS row FROM taken
JOIN starts ON starts.piece = taken.piece WHERE {which} ORDER BY taken.piece, row
"""


def read(run: Run, into: Path) -> int:
    """Write ``records`` and ``rejected``: rows with a name, and what could not be read.

    The latter are rows left out and cells read as unknown. The engine reads the pieces of the files
    at the same time; rows are numbered afterwards.
    """
    sources = _readable(run, into)
    pieces = [(number, piece) for number, source in enumerate(sources) for piece in source.pieces]
    _take(run, into, sources, pieces)
    counts = _number(run, into, sources, [number for number, _ in pieces])
    for table, schema, which in (
        ("records", records.RECORD, "left_out IS NULL"),
        ("rejected", records.REJECTED, "left_out IS NOT NULL"),
    ):
        columns = ", ".join(run.engine.quote(name) for name in schema.names if name != "row")
        run.write(table, RECORDS.format(columns=columns, which=which), into)
    remove(*(into / f"{name}.parquet" for name in ("pieces", "taken", "starts")), into / "plain")
    if not (kept := run.count("records")):
        raise PipelineError(f"{', '.join(counts)}: no row has a name; nothing to link")
    files = [{"file": given, "rows": n} for given, n in counts.items()]
    (into / "files.json").write_text(json.dumps(files), encoding="utf-8")
    return kept


def _take(run: Run, into: Path, sources: list[Source], pieces: list[tuple[int, Piece]]) -> None:
    """Write ``taken``: what `batches.read` finds in the pieces, each read by one process."""
    rows = [
        (count, number, piece.start, piece.stop, piece.line)
        for count, (number, piece) in enumerate(pieces)
    ]
    _show(run, into, "pieces", PIECES, rows)
    several = max(len(pieces), 1)
    few = sum(source.size for source in sources) < SIZE
    run.engine.map(
        partial(batches.read, sources=sources, latest=this_year()),
        f"SELECT /*+ REPARTITION({several}) */ * FROM pieces",  # Spark's; DuckDB keeps the order
        into / "taken.parquet",
        several if few else 1,
    )
    run.engine.view("taken", into / "taken.parquet")


def _number(run: Run, into: Path, sources: list[Source], pieces: list[int]) -> Counter[str]:
    """Write ``starts``: rows of its file before each piece; return the rows of what was given.

    `pieces` are the positions of their sources.
    """
    rows = dict(run.engine.rows("SELECT piece, max(row) FROM taken GROUP BY piece"))
    counts = Counter({source.given: 0 for source in sources})
    before: Counter[int] = Counter()
    starts = []
    for piece, number in enumerate(pieces):
        starts.append((piece, before[number]))
        before[number] += rows.get(piece, 0)
        counts[sources[number].given] += rows.get(piece, 0)
    _show(run, into, "starts", STARTS, starts)
    return counts


def _show(run: Run, into: Path, name: str, columns: Iterable[str], rows: list[tuple]) -> None:
    """Write a small table of whole numbers and let SQL know it."""
    schema = pa.schema([(column, pa.int64()) for column in columns])
    pq.write_table(records.table(rows, schema), into / f"{name}.parquet")
    run.engine.view(name, into / f"{name}.parquet")


def _readable(run: Run, into: Path) -> list[Source]:
    """Return the sources as pieces of them can be read.

    Packed files, and those of UTF-16, are first unpacked beside the tables of the stage, for they
    can only be read from their beginning; tables of a catalogue are first written there as Parquet.
    """
    sources = []
    plain = into / "plain"
    plain.mkdir()
    for number, source in enumerate(run.sources):
        if source.address.startswith(addresses.TABLE):
            sources += _parts_of_table(run, source, plain / f"{number}.parquet")
        elif source.packed or source.wide:
            copy = plain / f"{number}.csv"
            with open(copy, "wb") as file:
                file.writelines(blocks(source.address, source.packed, source.wide))
            sources.append(replace(source, address=str(copy)))
        else:
            sources.append(source)
    return sources


def _parts_of_table(run: Run, source: Source, folder: Path) -> list[Source]:
    """Write the columns of a table of the catalogue as Parquet; return its parts."""
    run.catalogue.copy(source.given.removeprefix(addresses.TABLE), source.columns.values(), folder)
    parts = []
    for number, part in enumerate(parquet_files(folder)):
        with pq.ParquetFile(part) as parquet:
            pieces, size = row_groups(parquet), Path(part).stat().st_size
        label = f"{source.label}/{number}"
        parts.append(replace(source, address=part, label=label, pieces=pieces, size=size))
    return parts


def place(run: Run, into: Path) -> int:
    """Write ``places``: the region of every place that the register names."""
    sql = """
        SELECT DISTINCT place, country FROM records WHERE place IS NOT NULL ORDER BY place, country
    """
    run.map("places", batches.place, sql, into)
    return run.count("places")


def clean(run: Run, into: Path) -> int:
    """Write ``nodes`` (each different name, with its place, country and year) and ``features``.

    ``features`` has a row for every name that a node has (its own, former ones, the romanised form
    of a Chinese one), taken apart as the linkage model compares it. How much a word tells is
    counted in the register: names are cleaned, their words counted, and then weighed.
    """
    run.write("nodes", NODES, into)
    if run.count("nodes WHERE name <> other"):
        raise PipelineError(
            "two different names have the same 63-bit number; please report this register"
        )
    columns = "node, name, other_names, former_names, place, other_places, country, year"
    run.map("cleaned", batches.clean, f"SELECT {columns} FROM nodes ORDER BY node", into)
    words = {"explode": run.engine.explode, "collect": run.engine.collect}
    run.write("common", COMMON.format(**words), into)
    run.write("seen", SEEN.format(**words), into)
    names = {counts.group_of(script, country): n for script, country, n in run.engine.rows(NAMES)}
    function = partial(batches.weigh, names=names, columns=compared_columns())
    run.map("features", function, WEIGHED, into)
    remove(*(into / f"{table}.parquet" for table in ("cleaned", "common", "seen")))
    return run.count("features")
