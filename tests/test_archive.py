"""Metadata for archives, and the release."""

import csv
import json
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import nbformat
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_anatomy.__main__ import main
from cluster_anatomy.archive import citation, crate, datapackage, documents, record, release
from cluster_anatomy.compendium import paths, steps
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.tables.contract import Column, TableError, contract_of

BASE = paths.root()
VOLATILE = {"bytes", "hash", "contentSize", "sha256"}


@pytest.fixture(scope="module")
def made():
    """All documents, as they would be written now."""
    return documents.generate(BASE)


@pytest.fixture(scope="module")
def graph(made):
    """The entities of the RO-Crate by id."""
    return {entity["@id"]: entity for entity in json.loads(made[record.CRATE])["@graph"]}


@pytest.fixture(scope="module")
def resources(made):
    """The resources of the Data Package by path."""
    return {one["path"]: one for one in json.loads(made[record.PACKAGE])["resources"]}


# --- The record and its four forms

words = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), max_codepoint=0xFFFF), max_size=30
)


@settings(max_examples=60, deadline=None)
@given(words, words, st.lists(words, min_size=1))
def test_any_words_of_the_record_can_be_read_from_the_citation(title, abstract, keywords):
    about = replace(
        record.read_record(BASE), title=title, abstract=abstract, keywords=tuple(keywords)
    )
    text = citation.citation_file(about)
    assert text.startswith("# Generated from pyproject.toml")
    written = yaml.safe_load(text)
    assert (written["title"], written["abstract"]) == (title, abstract)
    assert written["keywords"] == keywords
    assert written["date-released"] == about.released


def test_all_metadata_say_the_same(made):
    about = record.read_record(BASE)
    cff = yaml.safe_load(made[record.CITATION])
    codemeta, package = json.loads(made[record.CODEMETA]), json.loads(made[record.PACKAGE])
    root = next(e for e in json.loads(made[record.CRATE])["@graph"] if e["@id"] == "./")
    assert {cff["title"], codemeta["name"], package["title"], root["name"]} == {about.title}
    assert {cff["version"], codemeta["version"], package["version"], root["version"]} == {
        about.version
    }
    assert {
        cff["abstract"],
        codemeta["description"],
        package["description"],
        root["description"],
    } == {about.abstract}
    assert {cff["date-released"], codemeta["dateModified"], root["datePublished"]} == {
        about.released
    }
    assert (
        [author["name"] for author in cff["authors"]]
        == [a["name"] for a in codemeta["author"]]
        == list(about.authors)
    )
    assert (
        cff["keywords"]
        == codemeta["keywords"]
        == package["keywords"]
        == root["keywords"].split(", ")
    )


def test_both_licences_hold_and_none_is_to_be_chosen(made):
    """A list of licences in CITATION.cff means "or"; here each holds for its part."""
    about = record.read_record(BASE)
    cff, codemeta = yaml.safe_load(made[record.CITATION]), json.loads(made[record.CODEMETA])
    assert cff["license"] == about.data_licence == "CC-BY-4.0"
    assert "each for its part" in cff["message"]
    assert "MIT AND CC-BY-4.0" in cff["message"]
    parts = {part["name"]: part["license"] for part in codemeta["hasPart"]}
    assert parts == {
        "Code": "https://spdx.org/licenses/MIT",
        "Data, text and figures": "https://spdx.org/licenses/CC-BY-4.0",
    }
    assert set(codemeta["license"]) == set(parts.values())


def test_nobody_and_no_identifier_is_invented(made):
    about = record.read_record(BASE)
    assert about.authors == ("The Cluster Anatomy developers",)
    assert about.authors_stand_in
    assert "the author below is a placeholder" in made[record.CITATION]
    named = citation.citation_file(replace(about, authors_stand_in=False))
    assert "placeholder" not in named
    whole = "".join(made[name] for name in (record.CITATION, record.CODEMETA, record.CRATE))
    assert "orcid" not in whole.lower()
    assert ("doi.org" in whole) == bool(about.doi)
    persons = [
        e["name"] for e in json.loads(made[record.CRATE])["@graph"] if e["@type"] == "Person"
    ]
    assert persons == about.paper["authors"]


def test_an_identifier_goes_into_all_forms_once_there_is_one():
    about = record.read_record(BASE)
    about = replace(about, doi="10.0000/example", repository="https://example.org/x")
    assert yaml.safe_load(citation.citation_file(about))["doi"] == "10.0000/example"
    codemeta = json.loads(citation.codemeta_file(about))
    assert codemeta["identifier"] == "https://doi.org/10.0000/example"
    assert codemeta["codeRepository"] == "https://example.org/x"


def test_the_committed_metadata_are_those_that_are_generated(made):
    def steady(text):
        try:
            return json.loads(
                text, object_hook=lambda d: {k: v for k, v in d.items() if k not in VOLATILE}
            )
        except ValueError:
            return text

    for path, text in made.items():
        assert (BASE / path).is_file(), f"{path} is missing: python -m cluster_anatomy archive"
        committed = (BASE / path).read_text(encoding="utf-8")
        assert steady(committed) == steady(text), (
            f"{path} is stale: python -m cluster_anatomy archive"
        )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("data-licence =", "data-license =", "'data-licence' is missing"),
        ("data-licence =", 'colour = "red"\ndata-licence =', "unknown key colour"),
        ("released = ", "released = 12 #", "cannot be read"),
        ("[tool.cluster-anatomy]", "[tool.other]", "'cluster-anatomy' is missing"),
    ],
)
def test_mistakes_in_the_record(tmp_path, old, new, message):
    text = (BASE / "pyproject.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "pyproject.toml").write_text(text.replace(old, new), encoding="utf-8")
    (tmp_path / "seeds").mkdir()
    shutil.copy(BASE / "seeds/record.toml", tmp_path / "seeds")
    with pytest.raises(PipelineError, match=message):
        record.read_record(tmp_path)


# --- Data Package


def test_every_column_of_every_table_is_a_field(resources):
    tables = [
        p
        for p in record.files(BASE)
        if p.endswith(".csv") and p.startswith(("data/", "figures/", "seeds/"))
    ]
    assert len(tables) > 100
    assert set(tables) <= set(resources)
    for path in tables:
        with open(BASE / path, newline="", encoding="utf-8") as file:
            header = next(csv.reader(file))
        fields = resources[path]["schema"]["fields"]
        assert [one["name"] for one in fields] == header, path
        assert all(one["description"].strip() and one["type"] for one in fields), path
        assert resources[path]["hash"] == f"sha256:{sha256((BASE / path).read_bytes()).hexdigest()}"


def test_names_of_resources_are_unique_and_plain(resources):
    names = [one["name"] for one in resources.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9._-]+", name) for name in names)


def test_keys_lead_to_fields_that_are_there(resources):
    by_name, checked = {one["name"]: one for one in resources.values()}, 0
    for one in resources.values():
        labels = {f["name"] for f in one["schema"]["fields"]}
        for key in one["schema"].get("foreignKeys", []):
            home = by_name[key["reference"]["resource"]] if key["reference"]["resource"] else one
            assert set(key["fields"]) <= labels
            assert set(key["reference"]["fields"]) <= {f["name"] for f in home["schema"]["fields"]}
            checked += 1
        assert set(one["schema"].get("primaryKey", [])) <= labels
    assert checked > 20


def test_a_contract_becomes_constraints():
    year = datapackage.field(Column("y", "year", "A year.", required=True))
    assert year == {
        "name": "y",
        "type": "year",
        "description": "A year.",
        "constraints": {"required": True, "minimum": 1500, "maximum": 2100},
    }
    assert datapackage.field(Column("k", "string", "Key.", allowed=("a", "b")), ["k"])[
        "constraints"
    ] == {
        "unique": True,
        "enum": ["a", "b"],
    }
    listed = datapackage.field(Column("l", "list", "Parts.", allowed=("a", "b.c")))
    pattern = listed["constraints"]["pattern"]
    assert re.fullmatch(pattern, "a| b.c")
    assert not re.fullmatch(pattern, "a|bxc")
    assert not re.fullmatch(pattern, "a|")
    blank = datapackage.field(Column("l", "list", "Parts.", allowed=("a",), blank_parts=True))[
        "constraints"
    ]["pattern"]
    assert re.fullmatch(blank, "a||a")
    assert "constraints" not in datapackage.field(Column("n", "number", "A number."))


def test_a_list_with_headings_of_its_own_is_plain_text_and_a_data_table_may_not_have_them():
    own = contract_of("own_lists/x/firms.csv")
    schema = datapackage._schema(own, "own_lists/x/firms.csv", ["name", "Gründung"], [])
    assert schema["fields"][1] == {
        "name": "Gründung",
        "type": "string",
        "description": "As the list names it.",
    }
    places = contract_of("data/raw/places/places.csv")
    with pytest.raises(TableError, match="not those of its contract"):
        datapackage._schema(places, "data/raw/places/places.csv", ["place"], [])


# --- RO-Crate


def references(value):
    """All ids that an entity names."""
    if isinstance(value, list):
        return [one for item in value for one in references(item)]
    if isinstance(value, dict):
        return (
            [value["@id"]]
            if set(value) == {"@id"}
            else [o for v in value.values() for o in references(v)]
        )
    return []


def test_the_crate_is_complete_and_closed(graph):
    assert graph[record.CRATE]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.2"}
    root = graph["./"]
    assert all(root[key] for key in ("name", "description", "datePublished", "license", "hasPart"))
    for entity in graph.values():
        for name in references({k: v for k, v in entity.items() if k not in ("@id", "conformsTo")}):
            assert name in graph, f"{entity['@id']} names {name}, which is not described"
    reached, waiting = set(), ["./"]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting += [one for one in references(graph[name].get("hasPart", [])) if one not in reached]
    data = [
        e["@id"]
        for e in graph.values()
        if {"File", "Dataset"} & set(e["@type"] if isinstance(e["@type"], list) else [e["@type"]])
    ]
    assert set(data) <= reached
    listed = [path for path in record.files(BASE) if path.startswith(tuple(crate.FOLDERS))]
    assert listed
    assert set(listed) <= reached
    for path in data:
        assert (BASE / path).exists(), path


def test_sizes_and_checksums_are_those_of_the_files(graph):
    sized = [entity for entity in graph.values() if "sha256" in entity]
    assert len(sized) > 150
    # a notebook's metadata may be another tool's, and `check` is not to call that stale
    assert not [entity["@id"] for entity in sized if entity["@id"].endswith(".ipynb")]
    for entity in sized:
        content = (BASE / entity["@id"]).read_bytes()
        assert entity["sha256"] == sha256(content).hexdigest()
        assert entity["contentSize"] == str(len(content))


def test_each_step_is_an_action_with_what_it_reads_and_writes(graph):
    order = steps.load_steps(BASE)
    assert [one["@id"] for one in graph[steps.STEPS_FILE]["step"]] == [
        f"#step-{step.name}" for step in order
    ]
    for step in order:
        action = graph[f"#run-{step.name}"]
        assert action["instrument"] == {"@id": step.notebook}
        assert [one["@id"] for one in action["result"]] == list(step.outputs)
        reads = {one["@id"] for one in action["object"]}
        assert {path for path in step.reads if "*" not in path} <= reads
        for pattern in step.reads:
            files = {path for path in BASE.glob(pattern) if path.is_file()}
            assert {path.relative_to(BASE).as_posix() for path in files} <= reads


# --- A release

STEPS = (
    '[[step]]\nname = "01_total"\ntitle = "Total"\nreads = ["data/raw/n.txt"]\nwrites ='
    ' ["data/processed/total.txt"]\n'
)
TOTAL = """
from cluster_anatomy.compendium.paths import source, target
numbers = source("data/raw/n.txt").read_text().split()
_ = target("data/processed/total.txt").write_text(f"{sum(map(int, numbers))}\\n")
"""


def git(base, *arguments):
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(base), *identity, *arguments], check=True, capture_output=True)


def commit(base):
    git(base, "add", "-A")
    git(base, "commit", "-qm", "x")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A compendium of one notebook under git, run, with its metadata, committed."""
    base = tmp_path_factory.mktemp("small") / "compendium"
    for folder in ("seeds", "notebooks", "data/raw", "data/processed"):
        (base / folder).mkdir(parents=True)
    for name in (
        "pyproject.toml",
        "seeds/record.toml",
        "seeds/references.bib",
        "requirements.lock",
    ):
        shutil.copy(BASE / name, base / name)
    (base / ".gitignore").write_text("build/\ndist/\n__pycache__/\n")
    (base / "run").write_text("#!/bin/sh\n")
    (base / "data/raw/n.txt").write_text("1\n2\n")
    (base / "notebooks/steps.toml").write_text(STEPS)
    cells = [
        nbformat.v4.new_markdown_cell("# Total", id="a"),
        nbformat.v4.new_code_cell(TOTAL.strip(), id="b"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), base / "notebooks/01_total.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.ROOT_VARIABLE, str(base))
        assert main(["run"]) == 0
    git(base.parent, "init", "-q", str(base))
    documents.write(base)
    commit(base)
    return base


@pytest.fixture
def copy(small, tmp_path):
    """A copy of it to spoil."""
    return Path(shutil.copytree(small, tmp_path / "copy"))


def test_a_release_has_the_same_bytes_twice_and_lists_every_file(small, tmp_path):
    first = release.write_release(small, tmp_path / "one.zip")
    second = release.write_release(small, tmp_path / "deep" / "two.zip")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as opened:
        names = opened.namelist()
        inside = {name.partition("/")[2] for name in names}
        assert names == sorted(names)
        assert inside == {*record.files(small, committed=True), record.MANIFEST, record.SUMS}
        assert {info.date_time[:3] for info in opened.infolist()} == {
            tuple(map(int, record.read_record(small).released.split("-")))
        }
        assert (
            next(i for i in opened.infolist() if i.filename.endswith("/run")).external_attr >> 16
            & 0o111
        )
        top = names[0].partition("/")[0]
        manifest = opened.read(f"{top}/{record.MANIFEST}").decode()
        for line in opened.read(f"{top}/{record.SUMS}").decode().splitlines():
            digest, path = line.split("  ", 1)
            assert sha256(opened.read(f"{top}/{path}")).hexdigest() == digest
            assert path == record.MANIFEST or f"  {path}\n" in manifest


def test_a_release_holds_only_what_is_committed_and_current(copy, tmp_path):
    (copy / "data/raw/n.txt").write_text("5\n")
    with pytest.raises(PipelineError, match=r"commit or remove first: data/raw/n\.txt"):
        release.write_release(copy, tmp_path / "a.zip")
    commit(copy)
    with pytest.raises(PipelineError, match=r"ro-crate-metadata\.json is stale"):
        release.write_release(copy, tmp_path / "a.zip")
    assert documents.write(copy) == [record.CRATE]
    assert documents.write(copy) == []
    assert documents.stale(copy) == []
    commit(copy)
    assert release.write_release(copy, tmp_path / "a.zip").is_file()


def test_a_release_runs_elsewhere_without_git_and_gives_the_same_bytes(small, tmp_path, capfd):
    made = release.write_release(small, tmp_path / "release.zip")
    assert main(["check", "--release", str(made), "--into", str(tmp_path / "there")]) == 0
    assert "the release reproduces" in capfd.readouterr().out
    base = tmp_path / "there" / "cluster-anatomy-0.1.0"
    assert (base / "build/state.json").is_file()  # it did run there
    assert not (base / ".git").exists()
    assert record.files(base) == record.files(small, committed=True)
    # a release of a release, without git
    again = release.write_release(base, tmp_path / "again.zip")
    assert again.read_bytes() == made.read_bytes()


def test_a_result_that_does_not_reproduce_is_named(small, tmp_path):
    made = release.write_release(small, tmp_path / "release.zip")
    base = release.unpack(made, tmp_path / "there")
    assert release.differing(base) == []
    (base / "build").mkdir()
    (base / "build/state.json").write_text("of the run")
    (base / "data/processed/total.txt").write_text("4\n")
    (base / "data/processed/more.txt").write_text("4\n")
    (base / "run").unlink()
    assert release.differing(base) == [
        "run is missing",
        "data/processed/more.txt is not part of the release",
        "data/processed/total.txt has other bytes",
    ]


def rewritten(source, into, change):
    """A zip with other contents; `change` takes and gives {name: content}."""
    with zipfile.ZipFile(source) as opened:
        contents = change({name: opened.read(name) for name in opened.namelist()})
    with zipfile.ZipFile(into, "w") as opened:
        for name, content in contents.items():
            opened.writestr(name, content)
    return into


TOP = "cluster-anatomy-0.1.0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c | {f"{TOP}/data/raw/n.txt": b"9\n"},
            r"damaged: data/raw/n\.txt has other bytes",
        ),
        (
            lambda c: {k: v for k, v in c.items() if not k.endswith("n.txt")},
            r"damaged: data/raw/n\.txt is missing",
        ),
        (lambda c: c | {f"{TOP}/extra.txt": b"x"}, r"extra\.txt is not part of the release"),
        (lambda c: c | {f"{TOP}/../out.txt": b"x"}, "not a release"),
        (lambda c: c | {"beside.txt": b"x"}, "not a release"),
        (lambda c: {k: v for k, v in c.items() if not k.endswith("SHA256SUMS")}, "no SHA256SUMS"),
        (lambda c: c | {f"{TOP}/SHA256SUMS": b"abc  ../../x\n"}, "line 1: not a checksum"),
    ],
)
def test_a_damaged_or_strange_release_is_refused(small, tmp_path, change, message):
    made = release.write_release(small, tmp_path / "release.zip")
    strange = rewritten(made, tmp_path / "strange.zip", change)
    with pytest.raises(PipelineError, match=message):
        release.unpack(strange, tmp_path / "there")
    assert not (tmp_path / "out.txt").exists()


def test_what_is_no_zip_and_a_full_folder_are_refused(small, tmp_path):
    (tmp_path / "no.zip").write_text("no")
    with pytest.raises(PipelineError, match=r"no\.zip: File is not a zip file"):
        release.verify(tmp_path / "no.zip", tmp_path / "there", tell=lambda line: None)
    with pytest.raises(PipelineError, match="not an empty folder"):
        release.verify(tmp_path / "no.zip", tmp_path, tell=lambda line: None)


def test_a_download_without_git_has_the_same_metadata(copy, monkeypatch, capsys):
    """`make reproduce` ends with `archive`, also in the ZIP that a host of repositories makes."""
    shutil.rmtree(copy / ".git")
    (copy / "build").mkdir(exist_ok=True)
    (copy / "build/state.json").write_text("{}")
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(copy))
    assert main(["archive"]) == 0
    said = capsys.readouterr()
    assert said.out == "nothing to write\n"
    assert said.err.startswith("note: this folder is no git checkout; ")
    assert documents.stale(copy) == []


def test_no_release_is_made_of_what_nobody_has_committed(copy, tmp_path, monkeypatch, capsys):
    shutil.rmtree(copy / ".git")
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(copy))
    assert main(["archive", "--zip", str(tmp_path / "a.zip")]) == 2
    assert "what is committed cannot be told" in capsys.readouterr().err
    assert not (tmp_path / "a.zip").exists()


def test_the_command_says_what_is_stale(copy, monkeypatch, capsys):
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(copy))
    assert main(["archive", "--check"]) == 0
    (copy / record.CITATION).write_text("old\n")
    (copy / record.CODEMETA).unlink()
    assert main(["archive", "--check"]) == 1
    out = capsys.readouterr().out
    assert "CITATION.cff is stale" in out
    assert "codemeta.json is missing" in out
    assert (copy / record.CITATION).read_text() == "old\n"
    assert main(["archive"]) == 0
    assert main(["archive", "--check"]) == 0


# --- What is deposited


def test_the_deposit_has_no_empty_double_or_stray_files():
    listed = record.files(BASE)
    assert len(listed) > 200
    content = {path: (BASE / path).read_bytes() for path in listed}
    assert not [
        path for path in listed if not content[path].strip() and not path.endswith("__init__.py")
    ]
    stray = re.compile(r"(^|/)(\.DS_Store|Thumbs\.db|.*~|.*\.(zip|tar|gz|bak|tmp|orig|pyc|log))$")
    assert not [path for path in listed if stray.search(path)]
    twice = Counter(sha256(text).hexdigest() for text in content.values() if text.strip())
    assert not [path for path in listed if twice[sha256(content[path]).hexdigest()] > 1]


def test_no_code_names_a_folder_of_a_machine():
    code = [
        path
        for path in record.files(BASE)
        if path.startswith(("src/", "notebooks/")) and path.endswith((".py", ".ipynb", ".toml"))
    ]
    assert len(code) > 30
    named = re.compile(r"/(?:home|Users|root|mnt)/\w|/tmp/\w|[A-Z]:\\\\\w")
    assert not [path for path in code if named.search((BASE / path).read_text(encoding="utf-8"))]


def test_the_validators_are_pinned_by_hash():
    lock = (BASE / ".ci/validators.lock").read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"\n(?=[A-Za-z0-9])", lock) if "==" in block]
    assert {"frictionless", "dplib-py", "roc-validator", "rocrate", "cffconvert", "codemetapy"} <= {
        b.split("==")[0] for b in blocks
    }
    assert all("--hash=sha256:" in block for block in blocks)
