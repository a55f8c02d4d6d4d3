"""The two engines that carry a register: DuckDB on one machine, Spark on several.

Both read Parquet files as views, run the same SQL, hand batches of rows to a Python function and
give splink its backend. What SQL the stages may use is what both understand: no escapes in texts,
no quoted names, types ``BIGINT``, ``INT``, ``DOUBLE``, ``STRING``.
"""

import os
import shutil
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot

from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.steps import PipelineError

BATCH = 50_000
OVERHEAD = 300 * 2**20
"""Bytes that Python and its libraries take in each process beside the engine itself."""
Batch = Callable[[pa.Table], pa.Table]


class Engine(Protocol):
    """What a stage may ask of an engine. Tables are Parquet: one file (DuckDB) or a folder of parts
    (Spark).
    """

    name: str
    explode: str

    def view(self, name: str, path: Path) -> None:
        """Let SQL know a Parquet file, or a folder of Parquet files, by a name."""

    def write(self, sql: str, path: Path) -> None:
        """Write the rows of a query, in its order, to a new Parquet file or folder."""

    def map(self, function: Batch, sql: str, path: Path) -> None:
        """Hand the rows of a query to a function, batch by batch, and write what it returns."""

    def rows(self, sql: str) -> list[tuple]:
        """Return the rows of a query that has few."""

    def translate(self, expression: str) -> str:
        """Return an SQL expression of the linkage model, which is written for DuckDB, as this
        engine has it.
        """

    def splink(self):
        """Return splink's database API on this engine."""

    def table(self, name: str):
        """Return a view as splink takes it."""

    def keep(self, frame, name: str) -> None:
        """Let SQL know a table that splink has made by a name."""

    def close(self) -> None:
        """Let go of everything."""


def parquet_files(path: Path) -> list[str]:
    """Return the Parquet files of a table that is one file or a folder of parts."""
    return [str(path)] if path.is_file() else sorted(str(part) for part in path.glob("*.parquet"))


class DuckDB:
    """The embedded engine; what does not fit into `memory` bytes is spilled to a folder."""

    name = "duckdb"
    explode = "unnest"

    def __init__(self, memory: int, spill: Path, jobs: int):
        self._jobs, self._spill = jobs, spill
        spill.mkdir(parents=True, exist_ok=True)
        limit = max(memory - (jobs + 1) * OVERHEAD, memory // 3)
        self._connection = duckdb.connect(
            config={"memory_limit": f"{limit}B", "temp_directory": str(spill), "threads": jobs}
        )

    def view(self, name: str, path: Path) -> None:
        files = ", ".join("'" + file.replace("'", "''") + "'" for file in parquet_files(path))
        self._connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet([{files}])"
        )

    def write(self, sql: str, path: Path) -> None:
        target = str(path).replace("'", "''")
        self._connection.execute(f"COPY ({sql}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")

    def rows(self, sql: str) -> list[tuple]:
        return self._connection.execute(sql).fetchall()

    def translate(self, expression: str) -> str:
        return expression

    def map(self, function: Batch, sql: str, path: Path) -> None:
        with self._connection.cursor() as cursor:
            reader = cursor.sql(sql).to_arrow_reader(BATCH)
            batches = (pa.Table.from_batches([batch]) for batch in reader)
            first = next(batches, reader.schema.empty_table())
            following = next(batches, None)
            if following is None:  # too few rows for a pool to pay
                pq.write_table(function(first), path, compression="zstd")
                return
            writer, waiting = None, deque()
            # "spawn": a forked child would share the engine's threads and locks
            with ProcessPoolExecutor(self._jobs, get_context("spawn"), _leave_interrupts) as pool:
                try:
                    for batch in chain([first, following], batches):
                        waiting.append(pool.submit(function, batch))
                        if len(waiting) > 2 * self._jobs:
                            writer = _append(writer, waiting.popleft().result(), path)
                    while waiting:
                        writer = _append(writer, waiting.popleft().result(), path)
                finally:
                    pool.shutdown(cancel_futures=True)
                    if writer:
                        writer.close()

    def splink(self):
        from splink.backends.duckdb import DuckDBAPI

        return DuckDBAPI(self._connection)

    def table(self, name: str):
        return self._connection.table(name)

    def keep(self, frame, name: str) -> None:
        self._connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {frame.physical_name}"
        )

    def close(self) -> None:
        self._connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)


def _leave_interrupts() -> None:
    """Let the parent decide what Ctrl-C means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _append(writer: pq.ParquetWriter | None, table: pa.Table, path: Path) -> pq.ParquetWriter:
    writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
    writer.write_table(table)
    return writer


class Spark:
    """The distributed engine, by default in local mode on this machine; no network but loopback is
    used.

    With ``SPARK_MASTER`` set the session joins that cluster instead; folders must then be seen by
    every worker, and the compendium installed on each.
    """

    name = "spark"
    explode = "explode"

    def __init__(self, memory: int, spill: Path, jobs: int):
        if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
            raise PipelineError(
                "--engine spark needs Java 17 or newer; on Debian: apt-get install"
                " openjdk-17-jre-headless"
            )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pyspark 4.3 does not yet vouch for pandas 3
                from pyspark.sql import SparkSession
                from splink.backends.spark import similarity_jar_location
        except ImportError:
            raise PipelineError(
                "--engine spark needs pyspark: make spark builds .venv-spark with it; run its"
                " python"
            ) from None
        self._spill = spill
        spill.mkdir(parents=True, exist_ok=True)
        master = os.environ.get("SPARK_MASTER") or f"local[{jobs}]"
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault(
            "PYTHONWARNINGS", "ignore::FutureWarning"
        )  # pandas 3, see above; read by the workers
        if master.startswith("local"):
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        driver = max(memory - (jobs + 1) * OVERHEAD, memory // 2, 2**29)
        options = {
            "spark.driver.memory": f"{driver // 2**20}m",
            "spark.jars": similarity_jar_location(),
            "spark.local.dir": str(spill),
            "spark.sql.warehouse.dir": str(spill / "warehouse"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.default.parallelism": str(4 * jobs),
            "spark.sql.shuffle.partitions": str(4 * jobs),
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH),
            "spark.executorEnv.CLUSTER_ANATOMY_ROOT": str(paths.root()),
            "spark.log.level": "FATAL",
            "spark.driver.extraJavaOptions": "-Xss16m",
            "spark.executor.extraJavaOptions": "-Xss16m",
        }
        if master.startswith("local"):
            options |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        builder = SparkSession.builder.master(master).appName("cluster_anatomy register")
        for key, value in options.items():
            builder = builder.config(key, value)
        self._session = builder.getOrCreate()
        self._session.sparkContext.setLogLevel("FATAL")
        self._session.sparkContext.setCheckpointDir(str(spill / "checkpoints"))

    def view(self, name: str, path: Path) -> None:
        self._session.read.parquet(*parquet_files(path)).createOrReplaceTempView(name)

    def write(self, sql: str, path: Path) -> None:
        self._session.sql(sql).write.parquet(str(path), compression="zstd")

    def rows(self, sql: str) -> list[tuple]:
        return [tuple(row) for row in self._session.sql(sql).collect()]

    def translate(self, expression: str) -> str:
        return sqlglot.transpile(expression, read="duckdb", write="spark")[0]

    def map(self, function: Batch, sql: str, path: Path) -> None:
        from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

        frame = self._session.sql(sql)
        empty = to_arrow_schema(frame.schema).empty_table()
        schema = function(empty).schema

        def each(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield from function(pa.Table.from_batches([batch])).to_batches()

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            mapped = frame.mapInArrow(each, from_arrow_schema(schema))
        mapped.write.parquet(str(path), compression="zstd")

    def splink(self):
        from splink.backends.spark import SparkAPI

        return SparkAPI(spark_session=self._session)

    def table(self, name: str):
        return self._session.table(name)

    def keep(self, frame, name: str) -> None:
        self._session.table(frame.physical_name).createOrReplaceTempView(name)

    def close(self) -> None:
        self._session.stop()
        shutil.rmtree(self._spill, ignore_errors=True)


ENGINES: dict[str, Callable[[int, Path, int], Engine]] = {"duckdb": DuckDB, "spark": Spark}
