"""The files of a register: packed, in folders, in stores, damaged; and what a run leaves behind."""

import bz2
import csv
import gzip
import io
import lzma
import os
import signal
import socket
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import fs

from cluster_anatomy import __main__, registers
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.registers import addresses, batches, pieces, spark
from cluster_anatomy.registers.files import find_sources

MEMORY = 2 * 2**30
QUIET = {"memory": MEMORY, "tell": lambda line: None}
TEXT = "Company,City,Founded\nAardvark Ltd,Leeds,1998\nZebra plc,York,2001\nMole Ltd,,\n"


def taken(*files, **options):
    """Read files in this process; return what was taken in as rows, and the sources."""
    sources = find_sources(list(files), {}, **options)
    asked = [
        {"piece": 0, "source": n, "begins": one.start, "ends": one.stop, "line": one.line}
        for n, source in enumerate(sources)
        for one in source.pieces
    ]
    schema = pa.schema([(name, pa.int64()) for name in asked[0]])
    table = batches.read(pa.Table.from_pylist(asked, schema), sources, 2026)
    return table.to_pylist(), sources


def names(rows):
    return [row["name"] for row in rows if row["left_out"] is None]


def left_out(rows):
    keys = ("row", "line", "column", "reason")
    return [tuple(row[key] for key in keys) for row in rows if row["left_out"] == "row"]


def counts(folder):
    with open(folder / "ledger.csv", newline="", encoding="utf-8") as file:
        return {what: int(count) for what, count in list(csv.reader(file))[1:]}


def zstd(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


# --- Packed files and folders


@pytest.mark.parametrize(
    ("ending", "pack"),
    [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zst", zstd)],
)
def test_packed_files_are_read_whatever_they_are_called(tmp_path, ending, pack):
    data = (TEXT * 2).encode()
    file = tmp_path / f"register.csv.{ending}"
    file.write_bytes(pack(TEXT.encode()) + pack(TEXT.encode()[21:]))
    sources = find_sources([file], {})
    unpacked = b"".join(pieces.blocks(str(file), sources[0].packed))
    assert unpacked == TEXT.encode() + data[21 : len(TEXT)]
    report = registers.run_register([file], tmp_path / "out", **QUIET)
    assert report["read"]["rows"] == 6
    file.write_bytes(pack(TEXT.encode())[:-6])
    with pytest.raises(PipelineError, match="damaged or not whole"):
        find_sources([file], {})


def test_a_folder_of_parts_is_one_register(tmp_path):
    folder = tmp_path / "firms.parquet"
    for country, firm in (("DE", "Acme GmbH"), ("FR", "Dupont SA")):
        (folder / f"country={country}").mkdir(parents=True)
        table = pa.table({"name": [firm], "city": ["Metz"], "year": pa.array([1998.0])})
        pq.write_table(table, folder / f"country={country}/part-00000.snappy.parquet")
    (folder / "_SUCCESS").touch()
    (folder / "country=DE/.part-00000.snappy.parquet.crc").write_bytes(b"crc")
    (folder / "country=FR/part-00001.parquet").touch()
    rows, sources = taken(folder)
    assert names(rows) == ["Acme GmbH", "Dupont SA"]
    assert [row["country"] for row in rows] == ["Germany", "France"]
    assert [row["year"] for row in rows] == [1998, 1998]
    assert {source.given for source in sources} == {str(folder)}


def test_parts_of_text_have_rows_and_lines_of_their_own(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    for number in range(3):
        text = f"Company,City\nFirm {number} Ltd,York\nonly one cell\n"
        (folder / f"part-{number}.csv.gz").write_bytes(gzip.compress(text.encode()))
    registers.run_register([folder], tmp_path / "out", **QUIET)
    ledger = counts(tmp_path / "out")
    assert (ledger["rows read"], ledger["records"], ledger["rows left out"]) == (6, 3, 3)
    with open(tmp_path / "out/rejected.csv", newline="", encoding="utf-8") as file:
        found = [(row["file"], row["row"], row["line"]) for row in csv.DictReader(file)]
    assert found == [(f"part-{number}.csv.gz", "2", "3") for number in range(3)]


def test_patterns_are_expanded_or_refused(tmp_path):
    for name in ("a.csv", "b.csv", "c.txt"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    assert len(find_sources([tmp_path / "*.csv"], {})) == 2
    assert len(find_sources([tmp_path / "[bc].*"], {})) == 2
    with pytest.raises(PipelineError, match="no file fits"):
        find_sources([tmp_path / "*.parquet"], {})
    with pytest.raises(PipelineError, match="last part only"):
        find_sources([f"{tmp_path}/*/a.csv"], {})
    with pytest.raises(PipelineError, match="several kinds"):
        find_sources([tmp_path], {})
    (tmp_path / "odd[1].csv").write_text(TEXT, encoding="utf-8")
    assert len(find_sources([tmp_path / "odd[1].csv"], {})) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><table><tr><td>Company</td></tr></table></html>", "web page"),
        (b"\xef\xbb\xbf  <!DOCTYPE html><p>", "web page"),
        (b"<?xml version='1.0'?><Workbook/>", "web page or XML"),
        (b"%PDF-1.7", "a PDF"),
        (gzip.compress(b"PAR1...."), "packed Parquet"),
        (gzip.compress(b"a" * 257 + b"ustar" + b"0" * 300), "tar archive"),
        (b"PK\x03\x04....xl/workbook.xml", "an Excel workbook;"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, content, said):
    file = tmp_path / "list.xls"
    file.write_bytes(content)
    with pytest.raises(PipelineError, match=said):
        find_sources([file], {})


# --- Text


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [
        ("utf-8-sig", ","),
        ("gb18030", ";"),
        ("big5", ";"),
        ("utf-16", "\t"),
        ("utf-32", "|"),
        ("utf-8", "|"),
    ],
)
def test_encodings_and_separators(tmp_path, encoding, delimiter):
    rows = [["公司名稱", "城市"], *[["台灣積體電路製造股份有限公司", "新竹"]] * 5]
    with open(tmp_path / "r.csv", "w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    [source] = find_sources([tmp_path / "r.csv"], {})
    assert (source.wide or source.encoding) == encoding.removesuffix("-sig")
    report = registers.run_register([tmp_path / "r.csv"], tmp_path / "out", **QUIET)
    assert report["read"]["rows"] == 5
    records = pq.read_table(tmp_path / "out/records.parquet")
    assert set(records["name"].to_pylist()) == {rows[1][0]}


def test_rows_with_too_many_cells_are_listed(tmp_path):
    (tmp_path / "r.csv").write_text('Company,City\n"A\nB",x\nC,D,E\n\nF,G\n', encoding="utf-8")
    rows, _ = taken(tmp_path / "r.csv")
    assert [row["row"] for row in rows if row["left_out"] is None] == [1, 3]
    assert left_out(rows) == [(2, 4, None, "3 cells, but the first line names 2 columns")]


@pytest.mark.parametrize(
    ("encoding", "good", "bad"),
    [
        ("utf-8", "Firm", b"M\xfcller"),
        ("utf-8", "Société", b"Caf\xe9"),
        ("utf-8", "Firm", b"No\x00thing"),
        ("gb18030", "华沃天成生物技术", b"\xbb\xaa\xff\xce\xd6"),
        ("cp932", "株式会社東芝", b"\x93\x8c\x8e"),
    ],
)
def test_one_bad_byte_costs_one_row(tmp_path, encoding, good, bad):
    lines = [f"{good} {n},York".encode(encoding) for n in range(3000)]
    lines[2500] = bad + b",York"
    (tmp_path / "r.csv").write_bytes(b"Company,City\n" + b"\n".join(lines) + b"\n")
    rows, [source] = taken(tmp_path / "r.csv")
    assert source.encoding == encoding
    assert left_out(rows) == [(2501, 2502, "Company", f"a byte that is not {encoding} text")]
    assert len(names(rows)) == 2999
    assert "\\x" in next(row["value"] for row in rows if row["left_out"])


def test_a_bad_byte_in_a_column_that_is_not_read_costs_nothing(tmp_path):
    text = b"Company,Remark\n" + b"Firm,-\n" * 2000 + b"Last,caf\xe9\n"
    (tmp_path / "r.csv").write_bytes(text)
    rows, [source] = taken(tmp_path / "r.csv")
    assert len(names(rows)) == 2001
    assert source.damaged == 1


def test_the_encoding_is_said_and_can_be_given(tmp_path, capsys):
    (tmp_path / "r.csv").write_bytes("Firm,City\nŞişecam,Kırklareli\n".encode("cp1254"))
    arguments = ["register", str(tmp_path / "r.csv"), "--into", str(tmp_path / "out")]
    arguments += ["--columns", "name=Firm"]
    assert __main__.main([*arguments, "--encoding", "cp1254"]) == 0
    assert "r.csv: cp1254, cells parted by ," in capsys.readouterr().out
    assert __main__.main([*arguments, "--encoding", "klingon"]) == 2
    assert "--encoding klingon" in capsys.readouterr().err


CELLS = st.text(st.sampled_from('ab",;\n\r é'), max_size=6)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=30), st.integers(1, 40))
def test_pieces_put_together_are_the_rows_of_the_whole(rows, size):
    """However small the pieces, rows, lines and cells are those that `csv` reads in one go."""
    sheet = io.StringIO(newline="")
    csv.writer(sheet, lineterminator="\n").writerows(rows)
    text = sheet.getvalue()
    data = text.encode()
    stream = (data[start : start + size] for start in range(0, len(data), size))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "SIZE", size)
        cut = list(pieces.pieces_of(stream, ",", "r.csv"))
    assert b"".join(piece for piece, _ in cut) == data
    found = [
        (line, cells)
        for piece, first in cut
        for _, line, cells in pieces.rows_of(piece.decode(), ",", first)
    ]
    reader, whole, line = csv.reader(io.StringIO(text, newline="")), [], 1
    for cells in reader:
        if cells:
            whole.append((line, cells))
        line = reader.line_num + 1
    assert found == whole


# --- Addresses


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("s3://bucket/key", "s3://bucket/key"),
        ("s3:/bucket/key", "s3://bucket/key"),  # as a Path leaves it
        ("s3a://bucket/key", "s3://bucket/key"),
        ("GS://bucket/key", "gs://bucket/key"),
        ("hdfs://node:8020/data/r.csv", "hdfs://node:8020/data/r.csv"),
        ("hdfs:///data/r.csv", "hdfs://default/data/r.csv"),
        ("file:///data/r.csv", "/data/r.csv"),
        ("data/r.csv", "data/r.csv"),
    ],
)
def test_addresses(given, meant):
    assert addresses.as_address(given) == meant


@pytest.mark.parametrize(
    "into", ["ftp://host/out", "http://host/out", "dbfs:/out", "wasbs://c@a/out", "s3://"]
)
def test_an_address_that_does_not_work_is_refused(tmp_path, monkeypatch, capsys, into):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.csv").write_text(TEXT, encoding="utf-8")
    assert __main__.main(["register", "r.csv", "--into", into]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert __main__.main(["register", into, "--into", "out"]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]


def test_a_store_that_cannot_be_reached_is_one_line_and_leaves_nothing(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    addresses._store.cache_clear()
    (tmp_path / "r.csv").write_text(TEXT, encoding="utf-8")
    work = tmp_path / "work"
    into = ["--into", "s3://bucket/out", "--work", str(work)]
    assert __main__.main(["register", "r.csv", *into]) == 2
    said = capsys.readouterr().err
    assert "s3://bucket/out: cannot be reached" in said
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]


@pytest.fixture
def s3(tmp_path, monkeypatch):
    """A store on this machine: the server of moto 5 (``pip install moto[s3,server]`` in any
    environment), whose program ``MOTO_SERVER`` names.
    """
    program = os.environ.get("MOTO_SERVER")
    if not program:
        print("\nNO STORE: MOTO_SERVER names no program; addresses were not tried", file=sys.stderr)
        pytest.skip("LOUD: MOTO_SERVER names no program; addresses were NOT tested")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open(tmp_path / "moto.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log
        )
    until = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert time.monotonic() < until, (tmp_path / "moto.log").read_text(encoding="utf-8")
            time.sleep(0.2)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    addresses._store.cache_clear()
    store = fs.S3FileSystem(
        endpoint_override=f"http://127.0.0.1:{port}", allow_bucket_creation=True
    )
    store.create_dir("bucket")
    yield store
    addresses._store.cache_clear()
    server.terminate()
    server.wait()


def test_addresses_in_and_out(s3, tmp_path):
    local = tmp_path / "r.csv"
    local.write_text(TEXT + "one cell\n", encoding="utf-8")
    registers.run_register([local], tmp_path / "out", **QUIET)
    with s3.open_output_stream("bucket/in/r.csv.gz", compression=None) as file:
        file.write(gzip.compress(local.read_bytes()))
    table = pa.table({"Company": ["Vole Ltd"], "City": ["Leeds"], "Founded": [1990]})
    for part in range(2):
        with s3.open_output_stream(f"bucket/in/parts/part-{part}.parquet") as file:
            pq.write_table(table, file)
    assert len(find_sources(["s3://bucket/in/parts"], {})) == 2
    assert len(find_sources(["s3a://bucket/in/parts/part-*.parquet"], {})) == 2
    with pytest.raises(PipelineError, match="no such file"):
        find_sources(["s3://bucket/in/none.csv"], {})
    work = tmp_path / "work"
    for _ in range(2):  # the second time over what is there
        registers.run_register(["s3://bucket/in/r.csv.gz"], "s3://bucket/out", work=work, **QUIET)
    for name in ("firms.parquet", "entry.parquet", "links.parquet", "ledger.csv"):
        with s3.open_input_file(f"bucket/out/{name}") as file:
            there = file.read()
        here = (tmp_path / "out" / name).read_bytes()
        assert there.replace(b"r.csv.gz", b"r.csv") == here, name
    assert registers.summary("s3://bucket/out", work)[-1].startswith("Results: s3://bucket/out")
    with pytest.raises(PipelineError, match="holds other files"):
        registers.run_register([local], "s3://bucket/in", work=tmp_path / "w2", **QUIET)
    with pytest.raises(PipelineError, match="cannot be reached"):
        registers.run_register([local], "s3://none/out", work=tmp_path / "w3", **QUIET)


# --- What a run leaves behind


def test_a_refused_call_leaves_no_folder(tmp_path):
    (tmp_path / "r.csv").write_text("Company,City\n,York\n", encoding="utf-8")
    with pytest.raises(PipelineError, match="no row has a name"):
        registers.run_register([tmp_path / "r.csv"], tmp_path / "new/out", **QUIET)
    with pytest.raises(PipelineError, match="no such file"):
        registers.run_register([tmp_path / "no.csv"], tmp_path / "new/out", **QUIET)
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]


def test_spark_that_is_missing_is_told_before_anything(tmp_path, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(spark, "import_module", missing)
    (tmp_path / "r.csv").write_text(TEXT, encoding="utf-8")
    told = []
    with pytest.raises(PipelineError, match="needs pyspark"):
        registers.run_register(
            [tmp_path / "r.csv"], tmp_path / "out", engine="spark", tell=told.append
        )
    assert not told
    assert not (tmp_path / "out").exists()


def test_spill_is_a_folder_of_its_own_and_swept(tmp_path):
    (tmp_path / "r.csv").write_text(TEXT, encoding="utf-8")
    spill = tmp_path / "scratch"
    spill.mkdir()
    (spill / "thesis.txt").write_text("years of work", encoding="utf-8")
    left = tmp_path / "out/build/spill/left"
    registers.run_register([tmp_path / "r.csv"], tmp_path / "out", **QUIET)
    left.mkdir(parents=True)
    registers.run_register([tmp_path / "r.csv"], tmp_path / "out", spill=spill, **QUIET)
    registers.run_register([tmp_path / "r.csv"], tmp_path / "out", **QUIET)
    assert [path.name for path in spill.iterdir()] == ["thesis.txt"]
    assert not left.exists()


def test_whoever_reads_the_output_may_stop_reading(tmp_path):
    (tmp_path / "r.csv").write_text(TEXT, encoding="utf-8")
    command = [sys.executable, "-m", "cluster_anatomy", "register", "r.csv", "--into", "out"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    )
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.wait(120)
    assert said == b""


PARENT = """
import sys, time
from cluster_anatomy.registers.engines import _prepare_worker
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import os, time
if __name__ == "__main__":
    pool = ProcessPoolExecutor(2, get_context("spawn"), _prepare_worker)
    print(*{pool.submit(os.getpid).result() for _ in range(20)}, flush=True)
    time.sleep(600)
"""


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc to see processes in")
def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT, encoding="utf-8")
    parent = subprocess.Popen(
        [sys.executable, "parent.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    workers = [int(pid) for pid in parent.stdout.readline().split()]
    assert workers
    assert all(map(alive, workers))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    until = time.monotonic() + 20
    while any(map(alive, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(alive, workers))
