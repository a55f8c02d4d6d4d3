"""The two engines that carry a register: DuckDB on one machine, Spark (`spark`) on several.

Both read Parquet files as views, run the same SQL, hand batches of rows to a Python function and
give splink its backend. What SQL the stages may use is what both understand: no escapes in texts,
names quoted by `Engine.quote`, types ``BIGINT``, ``INT``, ``DOUBLE``, ``STRING``.
"""

import os
import shutil
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, closing
from itertools import chain
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

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

    def map(self, function: BatchFunction, sql: str, path: Path, size: int = BATCH) -> None:
        """Hand the rows of a query to a function, so many at once, and write what it returns."""

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

    def map(self, function: BatchFunction, sql: str, path: Path, size: int = BATCH) -> None:
        with self._connection.cursor() as cursor:
            reader = cursor.sql(sql).to_arrow_reader(BATCH)
            batches = (
                pa.Table.from_batches([batch.slice(start, size)])
                for batch in reader
                for start in range(0, len(batch), size)
            )
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
        with ProcessPoolExecutor(self._jobs, get_context("spawn"), _prepare_worker) as pool:
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


def _prepare_worker() -> None:
    """Let the parent decide what Ctrl-C means, and end when it ends, however it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if (parent := parent_process()) is not None:
        Thread(target=_end_with, args=[parent.sentinel], daemon=True).start()


def _end_with(sentinel: int) -> None:
    """End this process when the other end of a pipe is closed: its parent was killed."""
    wait([sentinel])
    os._exit(1)
