"""A business register from its files to entry: by hand on few rows, and both engines on a made
register.
"""

import csv
import importlib.util
import json
import shutil
import sys
from math import log2
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from cluster_anatomy import __main__, registers
from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.firms import linkage
from cluster_anatomy.registers import batches, engines, weights, work
from cluster_anatomy.registers.engines import DuckDB
from cluster_anatomy.registers.files import ORIGIN, described_columns
from cluster_anatomy.registers.run import STAGES
from cluster_anatomy.registers.spark import Spark
from cluster_anatomy.registers.stages import groups, origins

MEMORY = 2 * 2**30
HEADER = [
    "Company",
    "City",
    "Country",
    "Founded",
    "Former name",
    "Parent type",
    "Parent country",
    "Parent",
]
ROWS = [
    ["Zymovance Therapeutics, Inc.", "Boston", "USA", "1998", "", "", "", ""],
    ["ZYMOVANCE THERAPEUTICS INC", "Boston", "USA", "1998-04-01", "", "", "", ""],
    ["Zymovance Therapeutics Incorporated", "Boston", "USA", "", "", "", "", ""],
    ["Quillbrook Genomics LLC", "San Diego", "USA", "2001", "", "other_firm", "Japan", "Takeda"],
    ["Novel Name Corp", "San Diego", "USA", "2004", "Oldfield Vectors Corp", "", "", ""],
    ["Oldfield Vectors Corp", "San Diego", "USA", "2004", "", "", "", ""],
    ["华沃天成生物技术有限公司", "上海", "China", "2003年", "", "", "", ""],
    ["华沃天成生物技术股份有限公司", "上海市", "China", "2003", "", "", "", ""],
    ["Pellucidar Foods Ltd", "Atlantis", "", "next year", "", "", "", ""],
    ["", "Boston", "USA", "1999", "", "", "", ""],
]
FIRMS = 5
QUIET = {"memory": MEMORY, "tell": lambda line: None}


def write(path, rows=ROWS, encoding="utf-8", delimiter=","):
    with open(path, "w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([HEADER, *rows])
    return path


def table(folder, name):
    files = ", ".join(f"'{file}'" for file in engines.parquet_files(folder / f"{name}.parquet"))
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT * FROM read_parquet([{files}])").df()


def ledger(folder):
    with open(folder / "ledger.csv", newline="", encoding="utf-8") as file:
        return {what: int(count) for what, count in list(csv.reader(file))[1:]}


def contents(folder):
    return {name: (folder / name).read_bytes() for name in work.OUTPUTS}


@pytest.fixture(scope="module")
def ten(tmp_path_factory):
    """The ten rows above and what came of them."""
    folder = tmp_path_factory.mktemp("ten")
    file = write(folder / "firms.csv")
    return file, folder / "out", registers.run_register([file], folder / "out", **QUIET)


def test_each_firm_counts_once_and_the_ledger_adds_up(ten):
    _, out, _ = ten
    firms, counts = table(out, "firms"), ledger(out)
    assert len(firms) == FIRMS
    assert firms["records"].sum() == 9
    assert counts["rows read"] == 10
    assert counts["rows left out: no name"] == 1
    assert counts["firms"] == FIRMS == table(out, "entry")["firms"].sum()
    boston = firms[firms["region"] == "Boston"].iloc[0]
    assert (boston["records"], boston["year"]) == (3, 1998)


def test_chinese_places_and_prints_meet(ten):
    firms = table(ten[1], "firms")
    shanghai = firms[firms["country"] == "China"]
    assert list(shanghai["region"]) == ["Shanghai"]
    assert list(shanghai["records"]) == [2]


def test_former_names_link(ten):
    records = table(ten[1], "records").set_index("row")["firm_id"]
    assert records[5] == records[6]


def test_what_is_not_known_is_kept_as_unknown_and_listed(ten):
    _, out, _ = ten
    firms = table(out, "firms").set_index("name")
    food = firms.loc["Pellucidar Foods Ltd"]
    assert food.isna()["year"]
    assert food["region"] == "Atlantis"
    with open(out / "rejected.csv", newline="", encoding="utf-8") as file:
        rejected = list(csv.DictReader(file))
    assert [(one["row"], one["line"], one["column"], one["left_out"]) for one in rejected] == [
        ("9", "10", "Founded", "cell"),
        ("10", "11", "Company", "row"),
    ]
    assert rejected[0]["value"] == "next year"


def test_origins_follow_the_rules_of_the_study(ten):
    firms = table(ten[1], "firms").set_index("name")
    quill = firms.loc["Quillbrook Genomics LLC"]
    assert (quill["mode"], quill["source"], quill["origin_basis"]) == (
        "subsidiary",
        "foreign_firm",
        "foreign_parent",
    )
    assert (firms.drop(index="Quillbrook Genomics LLC")["mode"] == "unknown").all()
    assert set(firms.drop(index="Quillbrook Genomics LLC")["origin_basis"]) == {
        "nothing in its origin columns"
    }


def test_links_say_why(ten):
    links = table(ten[1], "links")
    assert set(links["basis"]) == {"model", "same words"}
    assert (links["kept"] == "yes").all()
    assert links.loc[links["basis"] == "model", "match_weight"].notna().all()


def test_neither_order_of_rows_nor_files_nor_form_changes_the_firms(ten, tmp_path):
    _, out, _ = ten
    write(tmp_path / "a.csv", ROWS[::-1][:4], "gb18030", ";")
    pq.write_table(
        pa.table(dict(zip(HEADER, map(list, zip(*ROWS[:6], strict=True)), strict=True))),
        tmp_path / "b.parquet",
    )
    registers.run_register([tmp_path / "a.csv", tmp_path / "b.parquet"], tmp_path / "out", **QUIET)
    for name in ("firms.parquet", "entry.parquet", "links.parquet"):
        assert (tmp_path / "out" / name).read_bytes() == (out / name).read_bytes(), name


def test_finished_stages_are_kept_and_damaged_ones_done_again(ten, tmp_path):
    file, out, _ = ten
    before = contents(out)
    again = registers.run_register([file], out, **QUIET)
    assert all(stage.get("kept") for stage in again.values())
    shutil.copytree(out, tmp_path / "out")
    (tmp_path / "out/build/stages/group/members.parquet").write_bytes(b"PAR1 half")
    shutil.rmtree(tmp_path / "out/build/stages/enter")
    repaired = registers.run_register([file], tmp_path / "out", **QUIET)
    assert [name for name, stage in repaired.items() if stage.get("kept")] == [
        "read",
        "place",
        "clean",
        "link",
    ]
    assert contents(tmp_path / "out") == before
    assert contents(out) == before


def test_a_run_that_breaks_off_keeps_what_was_there(ten, tmp_path, monkeypatch):
    _, out, _ = ten
    shutil.copytree(out, tmp_path / "out")

    def breaks(run, into):
        (into / "members.parquet").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setitem(STAGES, "group", breaks)
    write(tmp_path / "firms.csv", ROWS[:3])
    with pytest.raises(KeyboardInterrupt):
        registers.run_register([tmp_path / "firms.csv"], tmp_path / "out", **QUIET)
    assert contents(tmp_path / "out") == contents(out)
    monkeypatch.undo()
    report = registers.run_register([tmp_path / "firms.csv"], tmp_path / "out", **QUIET)
    assert [name for name, stage in report.items() if stage.get("kept")] == [
        "read",
        "place",
        "clean",
        "link",
    ]
    assert ledger(tmp_path / "out")["firms"] == 1


def test_the_same_company_number_is_the_same_firm(tmp_path):
    (tmp_path / "r.csv").write_text(
        "name,Company number,city\nAardvark Ltd,17,Leeds\nZebra Holdings,17,York\nMole"
        " Ltd,,Leeds\nVole Ltd,,Leeds\n",
        encoding="utf-8",
    )
    registers.run_register([tmp_path / "r.csv"], tmp_path / "out", **QUIET)
    assert ledger(tmp_path / "out")["firms"] == 3
    assert list(table(tmp_path / "out", "links")["basis"]) == ["same number"]


# --- Wrong input


@pytest.mark.parametrize(
    ("content", "columns", "words"),
    [
        ("", "", ["empty"]),
        ("Firm,Town\nA,B\n", "name=Frim", ["'Frim'", "Did you mean 'Firm'", "Firm, Town"]),
        ("one,two\nA,B\n", "", ["no column", "--columns name=", "one, two"]),
        ("Company,Company\nA,B\n", "name=Company", ["two columns are called 'Company'"]),
        ("Company,City\n,B\n", "", ["no row has a name"]),
        ('Company,City\n"A,B\n' + "x,y\n" * 200, "", ["line 2", "not closed"]),
        (b"PK\x03\x04abc", "", ["Excel", "save its sheet as CSV"]),
        (b"Comp\x00any\nA\n", "", ["neither text nor Parquet"]),
        (b"PAR1 and then nothing", "", ["cannot be read"]),
        ("Company\nA\n", "nmae=Company", ["nmae", "Did you mean 'name'"]),
    ],
)
def test_wrong_input_is_said_and_changes_nothing(tmp_path, capsys, content, columns, words):
    file = tmp_path / "register.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    arguments = ["register", str(file), "--into", str(tmp_path / "out"), "--columns", columns]
    assert __main__.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert all(word in said for word in words), said
    assert not (tmp_path / "out/firms.parquet").exists()


def test_missing_files_are_all_named_at_once(tmp_path, capsys):
    assert (
        __main__.main(["register", "no.csv", str(tmp_path), "--into", str(tmp_path / "out")]) == 2
    )
    said = capsys.readouterr().err
    assert "no.csv: there is no such file" in said
    assert "this is a folder" in said


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    file, other = write(tmp_path / "firms.csv"), tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(PipelineError, match="holds other files"):
        registers.run_register([file], other, **QUIET)
    assert [path.name for path in other.iterdir()] == ["chapter.txt"]


@pytest.mark.parametrize("text", ["4", "lots", "-3GB", "100MB", "4 pounds"])
def test_sizes_that_are_none(text):
    with pytest.raises(PipelineError, match="--memory"):
        registers.parse_memory(text)


def test_sizes():
    assert registers.parse_memory("4GB") == 4 * 2**30
    assert registers.parse_memory("1.5 GiB") == 1.5 * 2**30


# --- Parts


def test_columns_from_the_description_of_an_own_list(tmp_path):
    path = tmp_path / "description.toml"
    path.write_text(
        '[firms.columns]\nname = "Betrieb"\nentry_year = "Seit"\nproduct = "Ware"\n',
        encoding="utf-8",
    )
    assert described_columns(path) == {"name": "Betrieb", "entry_year": "Seit"}
    with pytest.raises(PipelineError, match="cannot be read"):
        described_columns(tmp_path / "no.toml")


@given(
    st.dictionaries(st.integers(2, 500), st.integers(1, 1000), max_size=20), st.integers(1, 10**6)
)
def test_blocks_keep_the_number_of_pairs_in_bounds(sizes, names):
    largest = weights.largest_block(list(sizes.items()), names, 200)
    assert 2 <= largest <= 200
    pairs = sum(n * size * (size - 1) // 2 for size, n in sizes.items() if size <= largest)
    assert pairs <= weights.PAIRS * names or largest == 2


def test_places_with_two_meanings_have_no_region():
    found = batches.place(
        pa.table(
            {
                "place": ["Boston", "Beijing", "北京市", "Taizhou", "Nowhere, ZZ"],
                "country": [None] * 5,
            }
        )
    )
    by_name = dict(zip(found["place"].to_pylist(), found["region"].to_pylist(), strict=True))
    assert by_name["Boston"] == "Boston"
    assert by_name["北京市"] == by_name["Beijing"] == "Beijing"
    assert by_name["Taizhou"] is None
    assert by_name["Nowhere, ZZ"] == "Nowhere, ZZ"


def grouped(tmp_path, pairs, nodes):
    """Let the stage `group` loose on pairs (left, right, weight); return the firm of each node."""
    run = work.Run(
        [], tmp_path / "work", "duckdb", MEMORY, tmp_path / "spill", 1, lambda line: None
    )
    into = tmp_path / "group"
    into.mkdir()
    columns = [list(column) for column in zip(*pairs, strict=True)]
    named = pa.table(
        columns,
        pa.schema([("node_l", pa.int64()), ("node_r", pa.int64()), ("match_weight", pa.float64())]),
    )
    pq.write_table(named, tmp_path / "pairs.parquet")
    pq.write_table(
        pa.table({"node": pa.array(range(nodes), pa.int64())}), tmp_path / "nodes.parquet"
    )
    for name in ("pairs", "nodes"):
        run.engine.view(name, tmp_path / f"{name}.parquet")
    groups.group(run, into)
    run.close()
    return pq.read_table(into / "members.parquet").to_pandas().set_index("node")["firm"]


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_the_key_of_origins_takes_all_its_columns_from_the_table_it_is_given(dialect):
    columns = list(
        sqlglot.parse_one(origins.combination("drafts"), read=dialect).find_all(sqlglot.exp.Column)
    )
    assert {column.table for column in columns} == {"drafts"}
    assert {column.name for column in columns} == {"country", "year", *ORIGIN}


@pytest.mark.parametrize(("engine", "dialect"), [(DuckDB, "duckdb"), (Spark, "spark")])
def test_each_engine_quotes_as_its_sql_does(engine, dialect):
    quoted = engine.quote(None, "column")
    assert sqlglot.parse_one(f"SELECT {quoted} FROM rejected", read=dialect).find(
        sqlglot.exp.Column
    )
    assert quoted == sqlglot.exp.to_identifier("column", quoted=True).sql(dialect)


def test_the_digest_of_the_code_covers_what_the_stages_import(monkeypatch):
    package, digested = Path(registers.__file__).parents[1], []
    monkeypatch.setattr(paths, "digest", lambda path: digested.append(path) or path.name)
    work.code_digest()
    code = {path.relative_to(package).as_posix() for path in digested if package in path.parents}
    assert code >= {
        "firms/linkage.toml",
        "firms/linkage/features.py",
        "firms/names.py",
        "firms/origins.py",
        "firms/scripts.py",
        "reading/values.py",
        "registers/records.py",
        "registers/weights.py",
        "registers/stages/groups.py",
    }
    assert not {file for file in code if file.startswith(("study/", "site/", "own_list/"))}
    data = {path.name for path in digested if package not in path.parents}
    assert data >= {"origin_rules.csv", "legal_forms.csv", "places.csv"}


def test_components_are_firms(tmp_path):
    firm = grouped(tmp_path, [(0, 1, 5.0), (1, 2, 5.0), (4, 5, None)], 7)
    assert list(firm) == [0, 0, 0, 3, 4, 4, 6]


def test_long_chains_of_weak_links_are_taken_apart(tmp_path):
    size = groups.LARGEST // 2 + 10
    chain = [(n, n + 1, 20.0) for n in range(2 * size - 1) if n != size - 1]
    firm = grouped(tmp_path, [*chain, (size - 1, size, 3.5)], 2 * size)
    assert set(firm) == {0, size}


def test_certain_links_are_never_taken_apart(tmp_path):
    size = groups.LARGEST + 5
    assert set(grouped(tmp_path, [(n, n + 1, None) for n in range(size - 1)], size)) == {0}


# --- The made register, and both engines


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A made register of 2,000 rows with its truth, from the study's own names."""
    spec = importlib.util.spec_from_file_location(
        "made_register", paths.root() / "benchmarks/made_register.py"
    )
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CLUSTER_ANATOMY_OPEN_LISTS", raising=False)
        spec.loader.exec_module(module)
        folder = tmp_path_factory.mktemp("made")
        register, truth = module.make(2000, folder, seed=3)
        again, _ = module.make(2000, folder / "again", seed=3)
    assert register.read_bytes() == again.read_bytes()
    registers.run_register([register], folder / "duckdb", **QUIET)
    return folder, register, truth


def test_the_truth_of_the_made_register_fits_its_rows(made):
    _, register, truth = made
    known = pq.read_table(truth).to_pandas()
    assert len(known) == 2000 == len(register.read_text(encoding="utf-8").splitlines()) - 1
    assert (
        known.groupby("firm")["variation"].agg(lambda kinds: (kinds == "original").sum()) <= 1
    ).all()
    assert known["variation"].nunique() > 7


def test_planted_duplicates_are_found(made):
    folder, _, truth = made
    both = pq.read_table(truth).to_pandas().merge(table(folder / "duckdb", "records"), on="row")

    def pairs(*by):
        sizes = both.groupby(list(by)).size()
        return (sizes * (sizes - 1) // 2).sum()

    right = pairs("firm", "firm_id")
    assert right / pairs("firm_id") > 0.9
    assert right / pairs("firm") > 0.5


def spark_is_there():
    return importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None


@pytest.mark.spark
def test_both_engines_agree(made):
    """The same firms on DuckDB and Spark but for pairs whose score is within rounding of the
    threshold.
    """
    if not spark_is_there():
        print(
            "\nNO SPARK: pyspark or Java is missing; the register was not run on the second engine",
            file=sys.stderr,
        )
        pytest.skip(
            "LOUD: pyspark or Java is missing (make spark); the second engine was NOT tested"
        )
    folder, register, _ = made
    registers.run_register([register], folder / "spark", engine="spark", **QUIET)
    duck, spark = ledger(folder / "duckdb"), ledger(folder / "spark")
    columns = ["name_l", "name_r", "place_l", "place_r", "year_l", "year_r"]
    scores = [
        table(folder / engine, "links")
        .astype({"year_l": str, "year_r": str})
        .fillna({"place_l": "", "place_r": ""})
        .groupby(columns)["match_weight"]
        .max()
        for engine in ("duckdb", "spark")
    ]
    one, other = scores
    model = linkage.load_model()
    threshold = log2(model.same_from / (1 - model.same_from))
    apart = one.index.symmetric_difference(other.index)
    for pair in apart:
        weight = one.get(pair, other.get(pair))
        assert abs(weight - threshold) < 1e-4, (
            f"{pair}: only one engine links it, and its score is {weight}"
        )
    common = one.index.intersection(other.index)
    assert len(common) > 100
    assert (
        one[common] - other[common]
    ).abs().max() < 1e-4  # links by number have no weight, which max() skips
    for what, count in duck.items():
        assert abs(spark[what] - count) <= len(apart), what
    if not len(apart):
        entry = [table(folder / engine, "entry") for engine in ("duckdb", "spark")]
        key = ["region", "country", "year", "mode", "source"]
        first, second = (
            one.fillna({"year": 0, "country": ""}).sort_values(key).reset_index(drop=True)
            for one in entry
        )
        assert first.astype(str).equals(second.astype(str))


def test_stamps_do_not_hold_what_differs_from_machine_to_machine(ten):
    _, out, _ = ten
    text = (out / work.MARK).read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert str(out) not in text
    assert json.loads(text)["files"][0]["columns"]["entry_year"] == "Founded"


def test_duckdb_fetches_and_loads_nothing_that_sql_only_mentions(tmp_path):
    engine = engines.DuckDB(MEMORY, tmp_path / "spill", 1)
    names = "autoinstall_known_extensions", "autoload_known_extensions"
    for name in names:
        assert engine.rows(f"SELECT current_setting('{name}')") == [(False,)]
    before = engine.rows("SELECT extension_name FROM duckdb_extensions() WHERE loaded ORDER BY 1")
    with pytest.raises(duckdb.Error, match="httpfs"):
        engine.rows("SELECT * FROM read_csv('https://example.org/x.csv')")
    after = engine.rows("SELECT extension_name FROM duckdb_extensions() WHERE loaded ORDER BY 1")
    assert after == before
    engine.close()
