"""Nothing in data is executed, paths stay in their folder, dependencies are pinned, and a run makes
no connection.
"""

import ast
import csv
import json
import os
import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from cluster_anatomy import results, tables
from cluster_anatomy.compendium import paths, rerun, steps
from cluster_anatomy.results import numbers, paragraphs, words
from cluster_anatomy.site import notebooks, pages
from cluster_anatomy.tables import cells as tables_cells
from cluster_anatomy.tables import contract

ROOT = paths.root()
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LOCKS = sorted([*ROOT.glob("requirements*.lock"), *(ROOT / ".ci").glob("*.lock")])
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"
FORBIDDEN = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "yaml.load",
    "tempfile.mktemp",
    "pandas.read_pickle",
    "pd.read_pickle",
    "pd.eval",
    "jinja2.Template",
}
UNSAFE = {
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "joblib",
    "cloudpickle",
    "toml",
    "xml",
    "telnetlib",
    "ftplib",
}
"""Modules that may run what they read, or that read TOML other than as Python does."""
NETWORK = {"urllib.request", "http.client", "requests", "httpx", "urllib3", "aiohttp", "smtplib"}
DOWNLOADS = {"open_lists.py"}
"""The one command that is there to download, ``python -m cluster_anatomy.firms.open_lists``.

No step of the study uses it.
"""
GUARD = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
        host = address[0] if isinstance(address, tuple) else address
        inside = isinstance(address, (str, bytes)) and event in ("socket.connect", "socket.sendto")
        if not inside and host not in ("127.0.0.1", "::1", "localhost", "0.0.0.0", None, ""):
            tell(f"refused {event} {host}")
            raise OSError(f"no network: {event} {host}")
def tell(words):
    with open(os.environ["GUARD_LOG"], "a") as file:
        file.write(words + "\\n")
sys.addaudithook(watch)
tell("guarded " + " ".join(sys.orig_argv)[:200])
"""


# --- Code


WORKERS = {"spark.py": ["pickle"]}
"""Sends its own functions to its own workers, and unpacks nothing that a file holds."""


def calls(tree):
    """Return every call with the name of what is called, as written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def problems(text):
    """Return what a module does that could execute data."""
    tree = ast.parse(text)
    found = [
        name
        for name, _ in calls(tree)
        if name in FORBIDDEN or re.fullmatch(r"yaml\.(?!safe_).*", name)
    ]
    for name, node in calls(tree):
        values = {word.arg: ast.unparse(word.value) for word in node.keywords}
        found += ["shell=True"] * (values.get("shell", "False") != "False")
        found += ["autoescape off"] * (
            name.endswith("Environment") and values.get("autoescape") != "True"
        )
        found += ["escape off"] * (values.get("escape") == "False")
    imported = {
        one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names
    }
    members = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    found += ["from yaml"] * ("yaml" in members)  # a bare name would hide which loader it is
    imported |= members
    return found + sorted(name for name in imported if name.split(".")[0] in UNSAFE), imported


@pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix()
)
def test_no_module_executes_what_it_reads(path):
    found, imported = problems(path.read_text(encoding="utf-8"))
    assert found == WORKERS.get(path.name, [])
    assert not imported & NETWORK or path.name in DOWNLOADS


@pytest.mark.parametrize(
    "line",
    [
        "eval(x)",
        "os.system(x)",
        "run(x, shell=True)",
        "import pickle",
        "from yaml import load",
        "yaml.load(x)",
        "Environment()",
        "d.to_html(escape=False)",
    ],
)
def test_the_scan_finds_what_it_looks_for(line):
    assert problems(line)[0]


def test_no_step_of_the_study_imports_what_downloads():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        assert not re.search(
            r"open_lists\.(fetch|main|download)|urllib\.request|requests\.|\bhttpx\b|^[!%]",
            source,
            re.MULTILINE,
        )


# --- Spreadsheets


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('=HYPERLINK("http://example.org","x")', '\'=HYPERLINK("http://example.org","x")'),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1+1", "'+1+1"),
        ("-2+3|x", "'-2+3|x"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),
        ("-", "'-"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-1A(1)", "'-1A(1)"),
        ("\tx", "'\tx"),
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        ("-1.5", "-1.5"),
        ("+18%", "+18%"),
        ("+8 points", "+8 points"),
        ("'x", "'x"),
        ("'", "'"),
        ("a=1", "a=1"),
        ("", ""),
        ("B&B", "B&B"),
    ],
)
def test_a_formula_is_written_as_text_and_read_again(text, cell):
    assert tables_cells.guard(text) == cell
    assert tables_cells.unguard(cell) == text


def test_a_formula_in_a_name_reaches_no_spreadsheet(tmp_path, monkeypatch):
    monkeypatch.setenv("CLUSTER_ANATOMY_ROOT", str(tmp_path))
    monkeypatch.delenv("CLUSTER_ANATOMY_STAGE", raising=False)
    made = results.result("a", -0.5, "=1+1 is {value}", frame="@all", unit="number")
    results.record([made], "01_firm_lists")
    text = (tmp_path / numbers.FOLDER / "01_firm_lists.csv").read_text(encoding="utf-8")
    row = next(csv.DictReader(text.splitlines()))
    assert (row["value"], row["frame"], row["statement"]) == ("-0.5", "'@all", "'=1+1 is −0.50")
    again = results.collect().iloc[0]
    assert (again["value"], again["frame"], again["statement"]) == (-0.5, "@all", "=1+1 is −0.50")


def test_no_committed_table_holds_a_formula():
    seen = 0
    for path in [
        *(ROOT / "data").rglob("*.csv"),
        *(ROOT / "figures").glob("*.csv"),
        *(ROOT / "seeds").glob("*.csv"),
    ]:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    seen += 1
                    if tables_cells.guard(cell) != cell and tables_cells.unguard(cell) == cell:
                        assert re.match(r"[+-][0-9.]+%; [a-z]", cell), (
                            f"{path}: {cell!r}"
                        )  # as printed in a source
    assert seen > 10_000


# --- Markup


def without_marks(text):
    """Return a filled paragraph without the marks of its numbers, and nothing else gone."""
    return re.sub(r"<!--r:a(?:\.[a-z]+)?-->|<!--/r-->", "", text)


def test_markup_from_the_register_shows_as_text_in_notebooks(tmp_path, monkeypatch):
    monkeypatch.setenv("CLUSTER_ANATOMY_ROOT", str(tmp_path))
    monkeypatch.delenv("CLUSTER_ANATOMY_STAGE", raising=False)
    name = f"{HOSTILE} [x](javascript:alert(1)) `y` $z$ &lt;b&gt; {{0}}"
    row = results.result("a", 0.5, f"{name}: {{value}}", frame=name)
    assert row["statement"] == f"{name}: 50 %"  # kept as it is; escaped where it is shown
    register = results.record([row], "01_firm_lists")
    filled = paragraphs.fill("{a.frame} and {a.statement}", results.lookup(register))
    listed = words.Recorded(register)._repr_markdown_()
    shown = [without_marks(filled), re.search(r"^- `a`: .+$", listed, re.MULTILINE)[0]]
    for text in shown:
        assert not re.search(r"<[a-z/!]|(?<!\\)\[x(?<!\\)\]|&lt;b&gt;", text)
        html, _ = pages.markdown(text.replace("&lt;", "<").replace("&amp;", "&"))
        assert "alert('x')" in html
        assert "<script" not in html
        assert "<a" not in html
    filled = paragraphs.fill("{a} < 1", results.lookup(register))
    assert without_marks(filled) == "50 % < 1"


def test_markup_in_tables_shows_as_text_in_notebooks():
    html = pd.DataFrame({HOSTILE: [HOSTILE]})._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("&lt;script&gt;") == 2


def test_no_committed_notebook_holds_anything_that_runs():
    seen = 0
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                assert not any(
                    "javascript" in kind or "widget" in kind for kind in output.get("data", {})
                )
                for kind in ("text/html", "text/markdown"):
                    text = "".join(output.get("data", {}).get(kind, []))
                    seen += len(text)
                    assert not re.search(
                        r"<(script|iframe|object|embed|form|link|svg)|\son\w+=|javascript:",
                        text,
                        re.IGNORECASE,
                    )
    assert seen > 10_000


@pytest.mark.parametrize(
    "html",
    [
        "<!--><script>alert(1)</script>-->",
        "<!-- x --!><script>alert(1)</script>",
        "<![CDATA[><script>alert(1)</script>]]>",
        "<?x ><script>alert(1)</script>?>",
        '<a href="java\tscript:alert(1)">x</a>',
        '<a href="\x01javascript:alert(1)">x</a>',
        '<a href="&#106;avascript:alert(1)">x</a>',
        '<a href="data:text/html,x">x</a>',
        '<a href="vbscript:x">x</a>',
        '<a href="file:///etc/passwd">x</a>',
        "<svg onload=alert(1)>",
        '<p style="background:url(x)">y</p>',
        "<math><mi/></math>",
        '<img src="https://example.org/x.png">',
        '<form action="https://example.org"><input></form>',
        "<base href=//example.org>",
        "<style>@import 'x'</style>",
        '<meta http-equiv="refresh" content="0">',
        "<template><script>alert(1)</script></template>",
    ],
)
def test_what_runs_or_loads_is_taken_out_of_pages(html):
    cleaned = str(notebooks.clean(f"<p>before</p>{html}<p>after</p>"))
    assert "before" in cleaned
    assert "after" in cleaned
    assert not re.search(r"<(?!/?(p|a|img|div)\b)", cleaned)
    assert not re.search(r"<[^>]*\b(on\w+|style|src|action)=", cleaned)
    assert all(
        address.startswith("http") for address in re.findall(r'<a [^>]*href="([^"]*)"', cleaned)
    )


def test_data_in_a_script_cannot_end_it():
    text = pages.script("DATA", {HOSTILE: "</script>\u2028\u2029<!--"})
    assert not re.search("[<\u2028\u2029]", text)
    assert json.loads(text.removeprefix("window.DATA = ").strip().rstrip(";")) == {
        HOSTILE: "</script>\u2028\u2029<!--"
    }


# --- Paths


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "out",
        "out/x",
        "loop/../../x",
        "a\0b",
        "..",
        "out/../../x",
    ],
)
def test_a_path_cannot_leave_its_folder(tmp_path, name, monkeypatch):
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(paths.StudyError, match="leads out of its folder"):
        paths.inside(folder, name)
    monkeypatch.setenv("CLUSTER_ANATOMY_ROOT", str(folder))
    for call in (paths.source, paths.target):
        for stage in ("", str(folder)):
            monkeypatch.setenv("CLUSTER_ANATOMY_STAGE", stage)
            with pytest.raises(paths.StudyError, match="leads out of its folder"):
                call(name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inside"]


def test_a_path_inside_its_folder_stays_as_it_is(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for name in ("x.csv", "a/b.csv", "a/../b.csv", "link/x.csv", "..x", ".", "甲/乙.csv"):
        assert paths.inside(tmp_path, name) == tmp_path / name
    assert paths.inside(tmp_path / "link", "x") == tmp_path / "link" / "x"


@pytest.mark.parametrize("key", ["reads", "writes"])
@pytest.mark.parametrize("path", ["../x.csv", "/etc/passwd", "data/../../x.csv"])
def test_a_step_cannot_read_or_write_elsewhere(tmp_path, key, path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/a.ipynb").write_text("{}")
    (tmp_path / steps.STEPS_FILE).write_text(f'[[step]]\nname = "a"\n{key} = ["{path}"]\n')
    with pytest.raises(steps.PipelineError, match="inside the compendium"):
        steps.load_steps(tmp_path)


def test_a_table_outside_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setenv("CLUSTER_ANATOMY_ROOT", str(tmp_path))
    monkeypatch.delenv("CLUSTER_ANATOMY_STAGE", raising=False)
    pattern = next(
        path for table in contract.contracts().values() for path in table.path if "*" in path
    )
    with pytest.raises(tables.TableError, match="leads out of its folder"):
        tables.read(pattern.replace("*", "../" * 9 + "x"))


# --- Dependencies


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_dependency_is_pinned_by_hash(lock):
    text = lock.read_text(encoding="utf-8")
    entries = [
        entry
        for entry in re.sub(r"\\\n", " ", text).splitlines()
        if entry.strip() and not entry.strip().startswith("#")
    ]
    assert len(entries) > 1
    for entry in entries:
        assert re.match(
            r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z,0-9_-]+\])?==[^\s;]+( *;[^#]*?)?("
            r" +--hash=sha256:[0-9a-f]{64})+\s*(#.*)?$",
            entry,
        ), entry[:100]
    assert "://" not in text


# --- The network


def test_a_run_makes_no_connection(tmp_path):
    """A step runs where the kernel of the system offers no network, and no process so much as tries
    to connect.
    """
    study, log = tmp_path / "study", tmp_path / "log"
    study.mkdir()
    rerun.copy_compendium(ROOT, study)
    (study / "src/sitecustomize.py").write_text(GUARD)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("CLUSTER_ANATOMY_")
    }
    environment |= {"PYTHONPATH": str(study / "src"), "GUARD_LOG": str(log)}
    alone = ["unshare", "--map-root-user", "--net", "--"]
    cut_off = (
        bool(shutil.which("unshare"))
        and subprocess.run([*alone, "true"], capture_output=True).returncode == 0
    )
    loopback = (
        "import fcntl, socket, struct; s = socket.socket(); r = struct.pack('16sh', b'lo', 1);"
        " fcntl.ioctl(s, 0x8914, r)"
    )
    command = [sys.executable, "-m", "cluster_anatomy", "run", "01_firm_lists", "--force"]
    if cut_off:
        start = f"{loopback}; import os, sys; os.execv(sys.executable, sys.argv[1:])"
        command = [*alone, sys.executable, "-c", start, *command]
    ran = subprocess.run(
        command, cwd=study, env=environment, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 steps run" in ran.stdout
    lines = log.read_text().splitlines()
    assert [line for line in lines if line.startswith("refused")] == []
    assert any("cluster_anatomy run" in line for line in lines), "the run was not guarded"
    assert len(lines) >= 2, "the kernel was not guarded"
    probe = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    tried = subprocess.run(
        [sys.executable, "-c", probe], env=environment, capture_output=True, text=True
    )
    assert "no network" in tried.stderr  # the guard does refuse
    assert (
        "refused socket.connect 192.0.2.1" in log.read_text()
        or "refused socket.getaddrinfo 192.0.2.1" in log.read_text()
    )
    if not cut_off:
        pytest.skip("no network namespace allowed here: only the attempts of Python were watched")
