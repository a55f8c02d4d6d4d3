"""The register on Spark: a standalone master with two workers, a session that is open already."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from cluster_anatomy import registers
from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.registers import spark
from cluster_anatomy.registers.engines import parquet_files

QUIET = {"memory": 2 * 2**30, "tell": lambda line: None}
ROWS = [
    ("Zymovance Therapeutics, Inc.", "Boston", "1998"),
    ("ZYMOVANCE THERAPEUTICS INC", "Boston", "1998"),
    ("Quillbrook Genomics LLC", "San Diego", "2001"),
    ("华沃天成生物技术有限公司", "上海", "2003"),
    ("华沃天成生物技术股份有限公司", "上海市", "2003"),
    ("", "Boston", "1999"),
]
FEW = {"spark.sql.shuffle.partitions": "2", "spark.default.parallelism": "2"}


@pytest.fixture(scope="module")
def there():
    """Skip, loudly, where pyspark or Java is missing."""
    if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
        print("\nNO SPARK: pyspark or Java is missing; no cluster was tried", file=sys.stderr)
        pytest.skip("LOUD: pyspark or Java is missing (make spark); no cluster was tested")


@pytest.fixture
def register(tmp_path):
    """Six rows, and what DuckDB makes of them."""
    text = "Company,City,Founded\n" + "".join(f'"{a}",{b},{c}\n' for a, b, c in ROWS)
    (tmp_path / "r.csv").write_text(text, encoding="utf-8")
    registers.run_register([tmp_path / "r.csv"], tmp_path / "duckdb", **QUIET)
    return tmp_path / "r.csv"


def table(path):
    files = ", ".join(f"'{file}'" for file in parquet_files(path))
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT * FROM read_parquet([{files}]) ORDER BY ALL").fetchall()


def same(one, other):
    return all(
        table(one / name) == table(other / name)
        for name in ("firms.parquet", "records.parquet", "entry.parquet")
    )


# --- Arguments; no Spark is needed


@pytest.mark.parametrize("text", ["executor.memory=4g", "spark.executor.memory", "=4g"])
def test_settings_that_are_none(text):
    with pytest.raises(PipelineError, match=r"--spark-conf .*spark\.executor\.memory=4g"):
        spark.parse_settings([text])


def test_settings():
    texts = ["spark.a.b=4g", "spark.driver.extraJavaOptions=-Dx=y"]
    assert spark.parse_settings(texts) == {
        "spark.a.b": "4g",
        "spark.driver.extraJavaOptions": "-Dx=y",
    }


@pytest.mark.parametrize("master", ["locl", "http://host:7077", "local[", "spark:/host"])
def test_a_master_that_is_none(master):
    with pytest.raises(PipelineError, match="no master of Spark"):
        spark._check_master(master)


@pytest.mark.parametrize("master", ["local", "local[*]", "local[4, 2]", "yarn", "k8s://https://h"])
def test_masters(master):
    assert spark._check_master(master) is None


def test_a_master_that_does_not_answer_is_one_line():
    with pytest.raises(PipelineError, match="no master answers there") as refused:
        spark._check_master("spark://127.0.0.1:9,nobody.invalid:7077")
    assert "\n" not in str(refused.value)


def test_settings_of_spark_need_spark(tmp_path):
    with pytest.raises(PipelineError, match="add --engine spark"):
        registers.run_register(["r.csv"], tmp_path / "out", master="local", **QUIET)
    with pytest.raises(PipelineError, match="only Spark has a catalogue"):
        registers.run_register(["table:db.firms"], tmp_path / "out", **QUIET)
    assert not (tmp_path / "out").exists()


def test_the_package_that_workers_are_sent_is_whole(tmp_path):
    """Out of the archive alone the batch functions run, and its name is that of its content."""
    archive = spark.pack(tmp_path)
    (tmp_path / "again").mkdir()
    assert spark.pack(tmp_path / "again").name == archive.name
    root = tmp_path / archive.stem
    shutil.unpack_archive(archive, root)
    program = """
import pyarrow as pa
from cluster_anatomy.registers import batches
found = batches.place(pa.table({"place": ["北京市"], "country": [None]}))
print(batches.__file__, found["region"][0].as_py())
"""
    environment = os.environ | {"PYTHONPATH": str(root / "src"), "CLUSTER_ANATOMY_ROOT": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [
        str(root / "src/cluster_anatomy/registers/batches.py"),
        "Beijing",
    ]


# --- A cluster


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def cluster(there, tmp_path_factory):
    """A standalone master and two workers on loopback, which do not have the package."""
    import pyspark

    home, port = Path(pyspark.__file__).parent, _free_port()
    folder = tmp_path_factory.mktemp("cluster")
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", paths.ROOT_VARIABLE)
    } | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(home)}
    start = [str(home / "bin/spark-class"), "org.apache.spark.deploy"]
    master = f"spark://127.0.0.1:{port}"
    commands = [["master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]]
    worker = ["worker.Worker", "--host", "127.0.0.1", "--cores", "1", "--memory", "1g"]
    commands += [
        [*worker, "--webui-port", "0", "--work-dir", str(folder / f"w{n}"), master] for n in (1, 2)
    ]
    started = []
    with open(folder / "log", "w", encoding="utf-8") as log:
        for room, *rest in commands:
            command = [start[0], f"{start[1]}.{room}", *rest]
            started.append(
                subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
            )
    until = time.monotonic() + 180
    while (folder / "log").read_text(encoding="utf-8").count("Registering worker") < 2:
        assert time.monotonic() < until, (folder / "log").read_text(encoding="utf-8")[-2000:]
        time.sleep(0.5)
    yield master, folder
    for process in reversed(started):
        process.terminate()
        process.wait()


@pytest.mark.spark
def test_a_cluster_gives_the_same_firms_from_the_package_that_it_is_sent(
    cluster, register, tmp_path
):
    master, folder = cluster
    settings = {**FEW, "spark.executor.memory": "800m", "spark.driver.host": "127.0.0.1"}
    registers.run_register(
        [register],
        tmp_path / "cluster",
        engine="spark",
        master=master,
        settings=settings,
        **QUIET,
    )
    assert same(tmp_path / "duckdb", tmp_path / "cluster")
    imported = "app-*/*/cluster_anatomy_*/src/cluster_anatomy/registers/__pycache__/batches.*.pyc"
    assert list(folder.glob(f"w?/{imported}"))


# --- A session that is open already


@pytest.mark.spark
def test_a_session_is_used_and_not_stopped_and_tables_go_in_and_out(there, register, tmp_path):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("a user's own")
    for key, value in FEW.items():
        builder = builder.config(key, value)
    warehouse = str(tmp_path / "warehouse")
    session = builder.config("spark.sql.warehouse.dir", warehouse).getOrCreate()
    try:
        frame = session.createDataFrame(ROWS, ["Company", "City", "Founded"])
        frame.write.mode("overwrite").saveAsTable("default.firms_of_mine")
        frame.limit(1).createOrReplaceTempView("records")
        registers.run_register(
            ["table:default.firms_of_mine"],
            "table:default",
            session=session,
            work=tmp_path / "work",
            **QUIET,
        )
        firms = session.table("default.register_firms").count()
        assert firms == len(table(tmp_path / "duckdb/firms.parquet")) == 3
        assert session.table("records").count() == 1
        with pytest.raises(PipelineError, match="no such database"):
            registers.run_register(
                [register], "table:nowhere", session=session, work=tmp_path / "w2", **QUIET
            )
        with pytest.raises(PipelineError, match=r"table:default\.none: cannot be read"):
            registers.run_register(["table:default.none"], tmp_path / "o", session=session, **QUIET)
        engine = spark.Spark(2 * 2**30, tmp_path / "spill", 1, spark.Cluster())
        engine.close()  # it has found the session by itself
        assert session.range(3).count() == 3
    finally:
        session.stop()
