"""From files to names: rows are read, places found, names taken apart."""

import json
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.registers import batches, records
from cluster_anatomy.registers.engines import BATCH
from cluster_anatomy.registers.stages.links import compared_columns
from cluster_anatomy.registers.work import Run

NODES = """
SELECT records.node, min(records.name) AS name, min(other_names) AS other_names,
    min(former_names) AS former_names,
    min(coalesce(records.region, places.region, records.place)) AS place,
    min(records.country) AS country, min(records.year) AS year, max(records.name) AS other
FROM records LEFT JOIN places
    ON places.place = records.place
    AND coalesce(places.country, '') = coalesce(records.country, '')
GROUP BY records.node ORDER BY records.node
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
    of a Chinese one), taken apart as the linkage model compares it.
    """
    run.write("nodes", NODES, into)
    if run.count("nodes WHERE name <> other"):
        raise PipelineError(
            "two different names have the same 63-bit number; please report this register"
        )
    columns = "node, name, other_names, former_names, place, country, year"
    function = partial(batches.clean, columns=compared_columns())
    run.map("features", function, f"SELECT {columns} FROM nodes ORDER BY node", into)
    return run.count("features")
