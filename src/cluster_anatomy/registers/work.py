"""The work of a run: its folder, its engine, what it may use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psutil

from cluster_anatomy.compendium import freshness, paths
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.registers.engines import BatchFunction, DuckDB, Engine
from cluster_anatomy.registers.files import Source
from cluster_anatomy.registers.spark import DATA, Cluster, Spark

LOCAL = Cluster()
ENGINES = ("duckdb", "spark")

OUTPUTS = (
    "firms.parquet",
    "records.parquet",
    "links.parquet",
    "entry.parquet",
    "rejected.csv",
    "ledger.csv",
)
MARK = "register.json"
CODE = ("registers.stages", "registers.batches", "registers.spark", "registers.engines")
"""Modules that decide, with all that they import, on what comes out."""
DISTRIBUTIONS = ("cluster-anatomy", "duckdb", "splink", "pyarrow", "pypinyin", "rapidfuzz")
UNITS = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}


def parse_memory(text: str) -> int:
    """Read ``4GB`` or ``800MB`` into bytes.

    Raises
    ------
    PipelineError
        If it is no such size, or less than 512 MB.
    """
    number = text.strip().upper().replace("IB", "B")
    digits = number.rstrip("KMGTB ")
    try:
        size = int(float(digits) * UNITS[number[len(digits) :].strip()])
    except (ValueError, KeyError):
        raise PipelineError(f"--memory: '{text}' is no size; write it like 4GB or 800MB") from None
    if size < 2**29:
        raise PipelineError(f"--memory: '{text}' is too little; a register needs at least 512MB")
    return size


def default_memory() -> int:
    """Return half of the memory of this machine, in bytes."""
    return psutil.virtual_memory().total // 2


def code_digest() -> str:
    """Return a digest of all that decides on the results beside the register.

    That is code, model, tables and the versions of packages.
    """
    data = [file for folder in DATA for file in paths.source(folder).glob("*.*")]
    return freshness.code_digest(CODE, data, DISTRIBUTIONS)


@dataclass
class Run:
    """One register on its way: its files and folder, the stages done, and the engine.

    The engine is started when a stage needs it.
    """

    sources: list[Source]
    into: Path
    engine_name: str
    memory: int
    spill: Path
    jobs: int
    tell: Callable[[str], None]
    cluster: Cluster = LOCAL
    """Where Spark runs."""
    done: list[Path] = field(default_factory=list, init=False)
    _engine: Engine | None = field(default=None, init=False)

    @property
    def stages(self) -> Path:
        """Folder of the stages' files."""
        return self.into / "build" / "stages"

    @cached_property
    def headings(self) -> set[str]:
        """What the register has: the columns that any of its files holds."""
        return {what for source in self.sources for what in source.columns}

    @property
    def engine(self) -> Engine:
        """The engine, with the tables of every finished stage as views."""
        if self._engine is None:
            means = (self.memory, self.spill, self.jobs)
            if self.engine_name == "spark":
                self._engine = Spark(*means, self.cluster)
            else:
                self._engine = DuckDB(*means)
            for folder in self.done:
                self._show(folder)
        return self._engine

    @property
    def catalogue(self) -> Spark:
        """The engine, if it has a catalogue of tables.

        Raises
        ------
        PipelineError
            If it has none.
        """
        if not isinstance(self.engine, Spark):
            raise PipelineError("table:…: only Spark has a catalogue of tables; add --engine spark")
        return self.engine

    def finish(self, folder: Path) -> None:
        """Let the stages that follow know the tables of a finished stage."""
        self.done.append(folder)
        if self._engine:
            self._show(folder)

    def _show(self, folder: Path) -> None:
        for table in sorted(folder.glob("*.parquet")):
            self.engine.view(table.stem, table)

    def write(self, table: str, sql: str, into: Path) -> None:
        """Write the rows of a query as a table, and let SQL know it by its name."""
        self.engine.write(sql, into / f"{table}.parquet")
        self.engine.view(table, into / f"{table}.parquet")

    def map(self, table: str, function: BatchFunction, sql: str, into: Path) -> None:
        """Write what a function makes of the rows of a query as a table known to SQL."""
        self.engine.map(function, sql, into / f"{table}.parquet")
        self.engine.view(table, into / f"{table}.parquet")

    def number(self, sql: str) -> int:
        """Return the one whole number that a query gives, 0 for none."""
        return self.engine.rows(sql)[0][0] or 0

    def count(self, rows: str) -> int:
        """Return how many rows a table has, or those of it for which a condition holds.

        `rows` is what stands behind ``FROM``, such as ``firms WHERE year IS NULL``.
        """
        return self.number(f"SELECT count(*) FROM {rows}")

    def close(self) -> None:
        """End the engine, if it was started."""
        if self._engine:
            self._engine.close()
