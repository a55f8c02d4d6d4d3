"""The raw data room: every file keeps its contract, its checksum and its place in the codebook."""

import csv
import hashlib
import re
import tomllib
from pathlib import Path

import pytest

from cluster_anatomy import tables
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.tables import codebook, contract

ROOT = Path(__file__).resolve().parents[1]
RAW = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "data" / "raw").rglob("*.csv"))
FILES = [*RAW, "seeds/claims.csv"]


def header(relative):
    with (ROOT / relative).open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def codebook_columns():
    """Return the documented columns by the files of their table, as written in the codebook."""
    documented = {}
    for chapter in (ROOT / "data" / "CODEBOOK.md").read_text(encoding="utf-8").split("\n## ")[1:]:
        paths = re.findall(r"`([^`]+)`", re.search(r"^- File: (.*)$", chapter, re.M)[1])
        documented.update(dict.fromkeys(paths, re.findall(r"^\| `([^`]+)` \|", chapter, re.M)))
    return documented


@pytest.mark.parametrize("relative", FILES)
def test_every_file_keeps_its_contract(relative):
    assert len(tables.read(relative)) > 0


@pytest.mark.parametrize("relative", FILES)
def test_every_file_is_plain_text_with_unix_line_ends(relative):
    data = (ROOT / relative).read_bytes()
    assert b"\r" not in data
    assert not data.startswith(b"\xef\xbb\xbf")
    assert data.endswith(b"\n")


def test_the_room_is_complete():
    sizes = {name: len(tables.read_all(name)) for name in ("evidence", "ties", "lists", "claims")}
    assert sizes == {"evidence": 460, "ties": 879, "lists": 57, "claims": 139}
    assert len(tables.files_of("aggregates")) == 35
    assert tables.read_all("evidence")["coder"].value_counts().to_dict() == {
        "usa": 166,
        "south": 101,
        "north": 59,
        "paper": 55,
        "china_second": 55,
        "usa_second": 24,
    }


@pytest.mark.parametrize(
    ("name", "place_id"),
    [
        ("Lexington", "us-lexington-ma"),
        ("Lexington KY", "us-lexington-ky"),
        ("Lebanon NH", "us-lebanon-nh"),
        ("Brisbane CA", "us-brisbane-ca"),
        ("Cambridge", "us-cambridge-ma"),
        ("Newark (Delaware)", "us-newark-de"),
        ("Lishui", "cn-lishui"),
        ("Taicang", "cn-taicang"),
    ],
)
def test_homonyms_mean_the_place_that_the_facts_mean(name, place_id):
    assert Gazetteer(tables.read("data/raw/places/places.csv")).find(name).place_id == place_id


@pytest.mark.parametrize("name", ["Newark", "Brisbane", "Louisville", "Rochester", "Lebanon"])
def test_a_bare_homonym_means_no_place(name):
    assert name not in Gazetteer(tables.read("data/raw/places/places.csv"))


def test_checksums_hold():
    said = (ROOT / codebook.SUMS).read_text(encoding="utf-8")
    assert said == codebook.checksums(), (
        "run `python -m cluster_anatomy.tables` and say why data/raw changed"
    )


def test_the_codebook_is_in_step_with_the_contracts():
    said = (ROOT / codebook.CODEBOOK).read_text(encoding="utf-8")
    assert said == codebook.codebook(), "run `python -m cluster_anatomy.tables`"


@pytest.mark.parametrize("relative", FILES)
def test_the_codebook_documents_exactly_the_columns_of_the_file(relative):
    documented = codebook_columns()
    fits = [path for path in documented if path == relative] or [
        path for path in documented if Path(relative).match(path)
    ]
    assert fits, f"{relative} has no chapter in the codebook"
    assert documented[fits[0]] == header(relative)


def test_every_contract_has_its_files():
    for name, table in contract.contracts().items():
        if not table.optional and table.path[0].startswith(("data/raw", "seeds")):
            assert tables.files_of(name), name
            assert all((ROOT / file).is_file() for file in tables.files_of(name)), name


def test_every_column_is_described():
    for table in contract.contracts().values():
        for column in table.columns:
            assert len(column.description) > 3, f"{table.name}.{column.name}"
            assert column.type in ("string", "integer", "number", "year", "list", "url_list")


def test_no_path_of_a_machine_and_no_private_mark():
    for relative in [
        *FILES,
        "data/README.md",
        "data/CODEBOOK.md",
        "seeds/README.md",
        "seeds/record.toml",
    ]:
        assert not re.search(
            r"(?<![\w.:/-])/?(work|home|tmp|Users)/", (ROOT / relative).read_text(encoding="utf-8")
        )


def test_the_text_of_the_paper_is_described_and_not_distributed():
    record = tomllib.loads((ROOT / "seeds" / "record.toml").read_text(encoding="utf-8"))
    assert record["text"]["file"] in (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    copy = ROOT / record["text"]["file"]
    if not copy.is_file():
        pytest.skip("the reader's own copy of the paper is not there")
    data = copy.read_bytes()
    assert len(data) == record["text"]["bytes"]
    assert hashlib.sha256(data).hexdigest() == record["text"]["sha256"]


def test_the_bibliography_has_every_entry_once():
    text = (ROOT / "seeds" / "references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{([^,]+),", text, re.M)
    assert len(keys) == len(set(keys)) >= 19
    assert text.count("{") == text.count("}")
