"""The distributed engine: Spark on this machine, on a cluster, or in a session that is open."""

import os
import pickle
import re
import shutil
import socket
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlglot
from sqlglot import exp

from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.registers.engines import BATCH, OVERHEAD, BatchFunction, parquet_files

if TYPE_CHECKING:
    from splink.internals.database_api import AcceptableInputTableType, DatabaseAPISubClass
    from splink.internals.splink_dataframe import SplinkDataFrame

MASTERS = ("local", "local[4]", "spark://host:7077", "yarn", "k8s://https://host:443")
MASTER = re.compile(r"local(\[(\d+|\*)(,\s*\d+)?\])?|local-cluster\[.+\]|yarn|k8s://.+|spark://.+")
PATIENCE = 5
"""Seconds to wait for the master of a cluster to answer."""
QUIET = """rootLogger.level = off
rootLogger.appenderRef.none.ref = none
appender.none.type = Null
appender.none.name = none
"""
"""Settings of Java's log: what goes wrong is said in one line."""
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH),
}
DATA = ("data/raw/coding", "data/raw/places")
"""Folders of the compendium that the batch functions read; the workers are sent them."""


@dataclass(frozen=True)
class Cluster:
    """Where Spark runs and how: its master, its settings, or a session that is open already."""

    master: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    session: Any = None

    @cached_property
    def address(self) -> str:
        """The master that was asked for; blank if this machine will do."""
        asked = (self.master, self.settings.get("spark.master"), os.environ.get("SPARK_MASTER"))
        return next((master for master in asked if master), "")


def parse_settings(texts: Iterable[str]) -> dict[str, str]:
    """Read ``spark.executor.memory=4g`` into settings.

    Raises
    ------
    PipelineError
        If a text is no setting of Spark.
    """
    settings = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip().startswith("spark."):
            raise PipelineError(
                f"--spark-conf {text}: write a setting like spark.executor.memory=4g"
            )
        settings[key.strip()] = value.strip()
    return settings


class Spark:
    """The distributed engine, by default in local mode on this machine, on loopback only.

    A cluster's workers are sent the package and its data; they must see the folders of the run and
    have the packages that the compendium needs. A session that is open already is used and never
    stopped.
    """

    name = "spark"
    explode = "explode"
    collect = "collect_list"

    def __init__(self, memory: int, spill: Path, jobs: int, cluster: Cluster):
        require_spark(cluster)
        from pyspark.sql import SparkSession

        there = cluster.session or SparkSession.getActiveSession()
        self._spill, self._own = spill, there is None
        self._archive = ""
        spill.mkdir(parents=True, exist_ok=True)
        if there is None:
            self._catalogue = self._session = _start(memory, spill, jobs, cluster)
        else:  # views of ours may not take the place of the caller's
            self._catalogue, self._session = there, _beside(there)
        context = self._session.sparkContext
        if context.getCheckpointDir() is None:
            context.setCheckpointDir(str(spill / "checkpoints"))
        if not context.master.startswith("local"):
            self._archive = self._send_package()

    def _send_package(self) -> str:
        """Send the package and its data to the workers; return the name of their folder there."""
        archive = pack(Path(tempfile.mkdtemp(dir=self._spill)))
        self._session.addArtifacts(f"{archive}#{archive.stem}", archive=True)
        return archive.stem

    def view(self, name: str, path: Path) -> None:
        self._session.read.parquet(*parquet_files(path)).createOrReplaceTempView(name)

    def write(self, sql: str, path: Path) -> None:
        self._session.sql(sql).write.parquet(str(path), compression="zstd")

    def rows(self, sql: str) -> list[tuple]:
        return [tuple(row) for row in self._session.sql(sql).collect()]

    def quote(self, name: str) -> str:
        return f"`{name}`"

    def translate(self, expression: str) -> str:
        tree = sqlglot.parse_one(expression, read="duckdb")
        for distance in list(tree.find_all(exp.Levenshtein)):  # DuckDB counts bytes, Spark letters
            for side in ("this", "expression"):
                distance.set(side, _bytes_as_letters(distance.args[side]))
        return tree.sql(dialect="spark")

    def map(self, function: BatchFunction, sql: str, path: Path, size: int = BATCH) -> None:
        from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

        frame = self._session.sql(sql)
        empty = to_arrow_schema(frame.schema).empty_table()
        schema = function(empty).schema
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            each = _on_worker(pickle.dumps(function), self._archive, size)
            mapped = frame.mapInArrow(each, from_arrow_schema(schema))
        mapped.write.parquet(str(path), compression="zstd")

    def headings(self, table: str) -> list[str]:
        """Return the columns of a table of the catalogue."""
        try:
            return list(self._catalogue.table(table).columns)
        except Exception as error:
            raise PipelineError(f"table:{table}: cannot be read ({first_line(error)})") from None

    def copy(self, table: str, columns: Iterable[str], path: Path) -> None:
        """Write columns of a table of the catalogue to a new Parquet folder."""
        names = [self.quote(name) for name in dict.fromkeys(columns)]
        self._catalogue.table(table).select(*names).write.parquet(str(path), compression="zstd")

    def save(self, path: Path, table: str) -> None:
        """Write a Parquet file or folder as a table of the catalogue, instead of an old one."""
        frame = self._catalogue.read.parquet(*parquet_files(path))
        frame.write.mode("overwrite").saveAsTable(table)

    def has_database(self, name: str) -> bool:
        """Say whether the catalogue has a database."""
        try:
            return bool(self._catalogue.catalog.databaseExists(name))
        except Exception:
            return False

    def splink(self) -> "DatabaseAPISubClass":
        from splink.backends.spark import SparkAPI

        return SparkAPI(spark_session=self._session)

    def table(self, name: str) -> "AcceptableInputTableType":
        return self._session.table(name)

    def keep(self, frame: "SplinkDataFrame", name: str) -> None:
        self._session.table(frame.physical_name).createOrReplaceTempView(name)

    def close(self) -> None:
        if self._own:
            self._session.stop()
        shutil.rmtree(self._spill, ignore_errors=True)


def _bytes_as_letters(text: exp.Expression) -> exp.Expression:
    """Return SQL of Spark for a text with a letter for each of its bytes in UTF-8."""
    names = [exp.Literal.string(name) for name in ("UTF-8", "ISO-8859-1")]
    encoded = exp.Anonymous(this="encode", expressions=[text.copy(), names[0]])
    return exp.Anonymous(this="decode", expressions=[encoded, names[1]])


def _on_worker(
    payload: bytes, archive: str, size: int
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what a worker does with batches: it calls the function that was pickled.

    The worker may not have this package: until the folder of the archive is in its path, nothing of
    it may be named.
    """

    def each(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        if archive:
            from pyspark import SparkFiles

            folder = os.path.join(SparkFiles.getRootDirectory(), archive)
            os.environ["CLUSTER_ANATOMY_ROOT"] = folder
            if (source := os.path.join(folder, "src")) not in sys.path:
                sys.path.insert(0, source)
        function = pickle.loads(payload)
        for batch in batches:
            table = pa.Table.from_batches([batch])
            for start in range(0, len(table), size):
                yield from function(table.slice(start, size)).to_batches()

    return each


def pack(folder: Path) -> Path:
    """Write the package and the data that the batch functions read as a zip archive; return it.

    The same code and data give the same name and bytes.
    """
    package = Path(__file__).parents[1]
    files = {
        f"src/{package.name}/{file.relative_to(package).as_posix()}": file
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    for data in DATA:
        files |= {f"{data}/{file.name}": file for file in paths.source(data).glob("*.*")}
    draft = folder / "package.zip"
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), file.read_bytes())
    return draft.rename(folder / f"cluster_anatomy_{paths.digest(draft)[:12]}.zip")


# --- Starting it


def require_spark(cluster: Cluster) -> None:
    """Stop if Java or pyspark is missing, or if nothing is where the master should be.

    Raises
    ------
    PipelineError
        Saying what to install or to correct.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyspark 4.3 does not yet vouch for pandas 3
            import_module("pyspark.sql")
            import_module("splink.backends.spark")
    except ImportError:
        raise PipelineError(
            "--engine spark needs pyspark: make spark builds .venv-spark with it; run its python"
        ) from None
    if cluster.session is not None:
        return
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        raise PipelineError(
            "--engine spark needs Java 17 or newer; on Debian: apt-get install"
            " openjdk-17-jre-headless"
        )
    _check_master(cluster.address)


def _check_master(master: str) -> None:
    """Stop if a master is none, or if a cluster of Spark's own does not answer."""
    if not master:
        return
    if not MASTER.fullmatch(master):
        raise PipelineError(f"--master {master}: no master of Spark; such as {', '.join(MASTERS)}")
    if not master.startswith("spark://"):
        return
    reasons = []
    for one in master.removeprefix("spark://").split(","):
        host, _, port = one.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
            return
        except (OSError, ValueError, OverflowError) as error:
            reasons.append(f"{one}: {error}")
    raise PipelineError(f"--master {master}: no master answers there ({'; '.join(reasons)})")


def _start(memory: int, spill: Path, jobs: int, cluster: Cluster) -> Any:
    """Return a new session.

    Raises
    ------
    PipelineError
        If Spark does not start; in one line.
    """
    from pyspark.sql import SparkSession

    master = cluster.address or f"local[{jobs}]"
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # pandas 3, which pyspark does not yet vouch for; read by the workers
    os.environ.setdefault("PYTHONWARNINGS", "ignore::FutureWarning")
    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.master(master).appName("cluster_anatomy register")
    options = _options(memory, spill, jobs, master) | dict(cluster.settings)
    for key, value in options.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        raise PipelineError(f"--master {master}: {first_line(error)}") from None
    session.sparkContext.setLogLevel("OFF")
    return session


def _beside(session: Any) -> Any:
    """Return a session of the same Spark with views and settings of its own.

    Raises
    ------
    PipelineError
        If it lacks what splink needs.
    """
    from splink.backends.spark import similarity_jar_location

    beside = session.newSession()
    for key, value in SETTINGS.items():
        beside.conf.set(key, value)
    jar = similarity_jar_location()
    if Path(jar).name not in session.conf.get("spark.jars", ""):
        beside.sql(f"ADD JAR '{jar}'")
    return beside


def first_line(error: BaseException) -> str:
    """Return what an error of Spark is about, without the trace of Java."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if re.match(r"(: )?[\w.$]*(Exception|Error)\b: ", line)]
    best = causes[-1] if causes else (lines or [type(error).__name__])[0]
    return best.removeprefix(": ")[:300]


def _options(memory: int, spill: Path, jobs: int, master: str) -> dict[str, str]:
    """Return the settings of a session: few on a cluster, whose keepers know better."""
    from splink.backends.spark import similarity_jar_location

    driver = max(memory - (jobs + 1) * OVERHEAD, memory // 2, 2**29)
    log = spill / "log4j2.properties"
    log.write_text(QUIET, encoding="utf-8")
    options = {
        "spark.driver.memory": f"{driver // 2**20}m",
        "spark.jars": similarity_jar_location(),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **SETTINGS,
        "spark.log.level": "OFF",
        "spark.driver.extraJavaOptions": f"-Xss16m -Dlog4j2.configurationFile={log.as_uri()}",
        "spark.executor.extraJavaOptions": "-Xss16m",
    }
    if master.startswith("local"):
        options |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(spill),
            "spark.sql.warehouse.dir": str(spill / "warehouse"),
            "spark.default.parallelism": str(4 * jobs),
            "spark.sql.shuffle.partitions": str(4 * jobs),
        }
    return options
