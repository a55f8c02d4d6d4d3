"""The two engines that carry a register: DuckDB on one machine, Spark on several.

Both read Parquet files as views, run the same SQL, hand batches of rows to a Python function and
give splink its backend. What SQL the stages may use is what both understand: no escapes in texts,
names quoted by `Engine.quote`, types ``BIGINT``, ``INT``, ``DOUBLE``, ``STRING``.
"""

import os
import shutil
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, closing
from importlib import import_module
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot

from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.steps import PipelineError

if TYPE_CHECKING:
    from splink.internals.database_api import AcceptableInputTableType, DatabaseAPISubClass
    from splink.internals.splink_dataframe import SplinkDataFrame

BATCH = 50_000
"""Rows that a Python function gets at once."""
OVERHEAD = 300 * 2**20
"""Bytes that Python and its libraries take in each process beside the engine itself."""
BatchFunction = Callable[[pa.Table], pa.Table]


class Engine(Protocol):
    """What a stage may ask of an engine.

    Tables are Parquet: one file (DuckDB) or a folder of parts (Spark).
    """

    name: str
    explode: str
    collect: str

    def view(self, name: str, path: Path) -> None:
        """Let SQL know a Parquet file, or a folder of Parquet files, by a name."""

    def write(self, sql: str, path: Path) -> None:
        """Write the rows of a query, in its order, to a new Parquet file or folder."""

    def map(self, function: BatchFunction, sql: str, path: Path) -> None:
        """Hand the rows of a query to a function, batch by batch, and write what it returns."""

    def rows(self, sql: str) -> list[tuple]:
        """Return the rows of a query that has few."""

    def quote(self, name: str) -> str:
        """Return the name of a column that is a word of SQL as this engine quotes it."""

    def translate(self, expression: str) -> str:
        """Return an expression of the linkage model, written for DuckDB, as this engine has it."""

    def splink(self) -> "DatabaseAPISubClass":
        """Return splink's database API on this engine."""

    def table(self, name: str) -> "AcceptableInputTableType":
        """Return a view as splink takes it."""

    def keep(self, frame: "SplinkDataFrame", name: str) -> None:
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
    collect = "list"

    def __init__(self, memory: int, spill: Path, jobs: int):
        self._jobs, self._spill = jobs, spill
        spill.mkdir(parents=True, exist_ok=True)
        limit = max(memory - (jobs + 1) * OVERHEAD, memory // 3)
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{limit}B",
            "temp_directory": str(spill),
            "threads": jobs,
            # files are read and written, but nothing is fetched or loaded that SQL only mentions
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._connection = duckdb.connect(config=settings)

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

    def quote(self, name: str) -> str:
        return f'"{name}"'

    def translate(self, expression: str) -> str:
        return expression

    def map(self, function: BatchFunction, sql: str, path: Path) -> None:
        with self._connection.cursor() as cursor:
            reader = cursor.sql(sql).to_arrow_reader(BATCH)
            batches = (pa.Table.from_batches([batch]) for batch in reader)
            first = next(batches, reader.schema.empty_table())
            second = next(batches, None)
            if second is None:  # too few rows for a pool to pay
                pq.write_table(function(first), path, compression="zstd")
                return
            with ExitStack() as stack:
                writer = None
                tables = self._in_order(function, chain([first, second], batches))
                for table in stack.enter_context(closing(tables)):
                    if writer is None:
                        writer = pq.ParquetWriter(path, table.schema, compression="zstd")
                        stack.enter_context(writer)
                    writer.write_table(table)

    def _in_order(
        self, function: BatchFunction, batches: Iterable[pa.Table]
    ) -> Generator[pa.Table, None, None]:
        """Yield what a function makes of batches, in their order, made by several processes."""
        waiting: deque[Future[pa.Table]] = deque()
        # "spawn": a forked child would share the engine's threads and locks
        with ProcessPoolExecutor(self._jobs, get_context("spawn"), _leave_interrupts) as pool:
            try:
                for batch in batches:
                    waiting.append(pool.submit(function, batch))
                    if len(waiting) > 2 * self._jobs:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def splink(self) -> "DatabaseAPISubClass":
        from splink.backends.duckdb import DuckDBAPI

        return DuckDBAPI(self._connection)

    def table(self, name: str) -> "AcceptableInputTableType":
        return self._connection.table(name)

    def keep(self, frame: "SplinkDataFrame", name: str) -> None:
        self._connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {frame.physical_name}"
        )

    def close(self) -> None:
        self._connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)


def _leave_interrupts() -> None:
    """Let the parent decide what Ctrl-C means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Spark:
    """The distributed engine, by default in local mode on this machine, on loopback only.

    With ``SPARK_MASTER`` set the session joins that cluster instead; folders must then be seen by
    every worker, and the compendium installed on each.
    """

    name = "spark"
    explode = "explode"
    collect = "collect_list"

    def __init__(self, memory: int, spill: Path, jobs: int):
        _require_spark()
        from pyspark.sql import SparkSession

        self._spill = spill
        spill.mkdir(parents=True, exist_ok=True)
        master = os.environ.get("SPARK_MASTER") or f"local[{jobs}]"
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        # pandas 3, which pyspark does not yet vouch for; read by the workers
        os.environ.setdefault("PYTHONWARNINGS", "ignore::FutureWarning")
        if master.startswith("local"):
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = SparkSession.builder.master(master).appName("cluster_anatomy register")
        for key, value in _spark_options(memory, spill, jobs, master).items():
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

    def quote(self, name: str) -> str:
        return f"`{name}`"

    def translate(self, expression: str) -> str:
        return sqlglot.transpile(expression, read="duckdb", write="spark")[0]

    def map(self, function: BatchFunction, sql: str, path: Path) -> None:
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

    def splink(self) -> "DatabaseAPISubClass":
        from splink.backends.spark import SparkAPI

        return SparkAPI(spark_session=self._session)

    def table(self, name: str) -> "AcceptableInputTableType":
        return self._session.table(name)

    def keep(self, frame: "SplinkDataFrame", name: str) -> None:
        self._session.table(frame.physical_name).createOrReplaceTempView(name)

    def close(self) -> None:
        self._session.stop()
        shutil.rmtree(self._spill, ignore_errors=True)


def _require_spark() -> None:
    """Stop if Java or pyspark is missing.

    Raises
    ------
    PipelineError
        Saying what to install.
    """
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        raise PipelineError(
            "--engine spark needs Java 17 or newer; on Debian: apt-get install"
            " openjdk-17-jre-headless"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyspark 4.3 does not yet vouch for pandas 3
            import_module("pyspark.sql")
            import_module("splink.backends.spark")
    except ImportError:
        raise PipelineError(
            "--engine spark needs pyspark: make spark builds .venv-spark with it; run its python"
        ) from None


def _spark_options(memory: int, spill: Path, jobs: int, master: str) -> dict[str, str]:
    """Return the settings of a Spark session."""
    from splink.backends.spark import similarity_jar_location

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
    return options


ENGINES: dict[str, Callable[[int, Path, int], Engine]] = {"duckdb": DuckDB, "spark": Spark}
