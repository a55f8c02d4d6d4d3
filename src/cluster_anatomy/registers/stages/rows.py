"""From files to names: rows are read, places found, names taken apart."""

import json
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.firms.linkage import counts
from cluster_anatomy.registers import batches, records
from cluster_anatomy.registers.engines import BATCH
from cluster_anatomy.registers.stages.links import compared_columns, remove
from cluster_anatomy.registers.work import Run

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


def read(run: Run, into: Path) -> int:
    """Write ``records`` and ``rejected``: rows with a name, and what could not be read.

    The latter are rows left out and cells read as unknown.
    """
    schemas = {"records": records.RECORD, "rejected": records.REJECTED}
    kept, counts = 0, []
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(
                pq.ParquetWriter(into / f"{name}.parquet", schema, compression="zstd")
            )
            for name, schema in schemas.items()
        }
        for source in run.sources:
            rows = 0
            for batch in records.read(source):
                rows += batch.read
                tables = {"records": batch.records, "rejected": batch.rejected}
                kept += len(tables["records"])
                for name, table in tables.items():
                    if len(table):
                        writers[name].write_table(table)
                if rows and batch.read and rows % (10 * BATCH) == 0:
                    run.tell(f"      {source.label}: {rows:,} rows read")
            counts.append({"file": source.label, "rows": rows})
    if not kept:
        files = ", ".join(str(source.path) for source in run.sources)
        raise PipelineError(f"{files}: no row has a name; nothing to link")
    (into / "files.json").write_text(json.dumps(counts), encoding="utf-8")
    return kept


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
