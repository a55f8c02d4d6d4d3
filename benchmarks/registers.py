"""How fast, how large and how good: the register beside its peers, on made registers.

``python benchmarks/registers.py`` makes registers of 10 thousand, 100 thousand, 1 million and 5
million rows (`made_register`, seeded), takes each through ``python -m cluster_anatomy register``
and through the peers, one process after the other on this machine, and writes
``benchmarks/results/registers.csv``. What is there already for the same code and size is kept, so
that an interrupted benchmark goes on (``--fresh``: measure again).

Measured: wall and processor seconds of the whole process, start and imports included; seconds of
each stage; peak resident memory of the process tree; precision and recall on pairs of rows of one
firm.

Peers, each with what its documentation shows first and cleaned by lower case only:

- ``splink_default``: splink, Jaro-Winkler comparison of names with its default levels, exact city
  and year, u from random pairs, m by expectation maximisation, blocked by the first five letters,
  threshold 0.9;
- ``recordlinkage``: the same columns and blocks, Jaro-Winkler 0.85, two of three must agree,
  connected components;
- ``dedupe``: trained on 2,000 pairs whose truth is told to it, default partition threshold 0.5;
- ``pandas``: lower case, no punctuation, no legal form; equal names in the same city are one firm.

recordlinkage and dedupe need other versions of pandas than the study; the script makes an
environment for each below ``build/peers`` from pinned versions. A peer that takes longer than
``--limit`` seconds did not finish.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from itertools import pairwise, product
from math import log
from pathlib import Path

import duckdb
import made_register
import psutil
from reporting import RESULTS, ROOT, markdown, put_between, read_csv, write_csv

from cluster_anatomy.compendium import freshness, paths
from cluster_anatomy.registers import measure

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
LARGEST_PEER = 1_000_000
RESULT = RESULTS / "registers.csv"
PEERS = {
    "splink_default": (),
    "pandas": (),
    "recordlinkage": ("recordlinkage==0.16", "pandas==2.3.3", "pyarrow==26.0.1"),
    "dedupe": ("dedupe==3.0.3", "BTrees==6.1", "pandas==2.3.3", "pyarrow==26.0.1"),
}
COLUMNS = [
    *["size", "who", "outcome", "seconds", "processor_seconds", "peak_mib", "precision", "recall"],
    *["stages", "versions", "cores", "memory_gib", "load_before", "names_from", "code"],
]
MARKS = ("<!--benchmark-->", "<!--/benchmark-->")
SEED = 7
SCRIPTS = ("registers", "made_register", "register_peers")


def work_folder() -> Path:
    """Return the folder for made registers, environments and outputs."""
    return paths.root() / "build/benchmarks/registers"


def code_digest() -> str:
    """Return a digest of the code that is measured and of this script."""
    scripts = [Path(__file__).with_name(f"{name}.py") for name in SCRIPTS]
    return freshness.code_digest(["registers.run"], scripts)[:12]


def environment(peer: str) -> tuple[Path | None, str]:
    """Return the interpreter for a peer, made if it is not there, or why there is none."""
    if not PEERS[peer]:
        return Path(sys.executable), ""
    folder = paths.root() / "build/peers" / peer
    python = folder / "bin/python"
    if not (folder / "ready").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        base = (
            Path(sys.base_prefix) / f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
        )
        made_by = base if base.is_file() else sys.executable
        subprocess.run([made_by, "-m", "venv", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, *PEERS[peer]], capture_output=True, text=True, check=False)
        if done.returncode:
            return None, (done.stderr.strip().splitlines() or ["pip failed"])[-1][:120]
        (folder / "ready").touch()
    return python, ""


def versions(who: str) -> str:
    """Return the versions that matter."""
    if PEERS.get(who):
        return " ".join(PEERS[who])
    names = {"pandas": ["pandas"], "splink_default": ["splink", "duckdb"]}.get(
        who, ["duckdb", "splink", "pyarrow"]
    )
    return " ".join(f"{name}=={importlib.metadata.version(name)}" for name in names)


def measured(command: list, limit: float, log: Path) -> tuple[str, measure.Usage]:
    """Run a process to its end or to its limit; return how it ended and what it took."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [str(part) for part in command], stdout=file, stderr=file, cwd=paths.root()
        )
        with measure.watched(process.pid) as usage:
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                for child in [*psutil.Process(process.pid).children(recursive=True), process]:
                    child.kill()
                process.wait()
                return f"did not finish in {limit:.0f} s", usage
    if code:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"failed: {last[:150]}", usage
    return "finished", usage


def quality(truth: Path, linked: Path) -> tuple[float, float]:
    """Return precision and recall on pairs of rows: ``linked`` has ``row`` and ``firm_id``."""
    pairs = "SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM both_ GROUP BY {})"
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE both_ AS SELECT firm, firm_id FROM read_parquet('{truth}') JOIN"
            f" read_parquet('{linked}') USING (row)"
        )
        right, answered, true = (
            connection.execute(pairs.format(by)).fetchone()[0] or 0
            for by in ("firm, firm_id", "firm_id", "firm")
        )
    return right / answered if answered else float("nan"), right / true


def made(size: int) -> Path:
    """Return the folder of a made register, written anew if its recipe is another."""
    folder = work_folder() / str(size)
    code = hashlib.sha256(Path(made_register.__file__).read_bytes()).hexdigest()[:12]
    note, recipe = folder / "made.txt", f"{code} {made_register.source()} seed {SEED}"
    if not note.is_file() or note.read_text(encoding="utf-8") != recipe:
        made_register.make(size, folder, SEED)
        note.write_text(recipe, encoding="utf-8")
    return folder


def command_of(
    who: str, folder: Path, out: Path, memory: str
) -> tuple[list[str | Path] | None, str]:
    """Return the command that takes the register of a folder into `out`, or why there is none."""
    register = folder / "register.csv"
    if who not in PEERS:
        engine = "spark" if who.endswith("_spark") else "duckdb"
        command = [sys.executable, "-m", "cluster_anatomy", "register", register, "--into", out]
        return [*command, "--memory", memory, "--engine", engine], ""
    python, why = environment(who)
    if python is None:
        return None, f"does not install: {why}"
    out.mkdir()
    script = Path(__file__).with_name("register_peers.py")
    command = [python, script, who, register, out / "records.parquet"]
    return command + ([folder / "truth.parquet"] if who == "dedupe" else []), ""


def row_of(who: str, size: int, limit: float, memory: str) -> dict:
    """Measure one program on one register."""
    folder = made(size)
    out = folder / who
    shutil.rmtree(out, ignore_errors=True)
    command, why = command_of(who, folder, out, memory)
    if command is None:
        return {"size": size, "who": who, "outcome": why}
    load = os.getloadavg()[0]
    outcome, usage = measured(command, limit, folder / f"{who}.log")
    row = {
        "size": size,
        "who": who,
        "outcome": outcome,
        "seconds": f"{usage.seconds:.1f}",
        "processor_seconds": f"{usage.cpu:.1f}",
        "peak_mib": f"{usage.peak / 2**20:.0f}",
        "versions": versions(who),
        "cores": os.cpu_count(),
        "memory_gib": f"{psutil.virtual_memory().total / 2**30:.0f}",
        "load_before": f"{load:.1f}",
        "names_from": made_register.source().partition(":")[0],
    }
    if outcome == "finished":
        linked = out / "records.parquet"  # a file, or of large registers a folder of parts
        parts = linked if linked.is_file() else linked / "*.parquet"
        precision, recall = quality(folder / "truth.parquet", parts)
        row |= {"precision": f"{precision:.4f}", "recall": f"{recall:.4f}", "stages": stages(out)}
    return row


def stages(out: Path) -> str:
    """Return the seconds of each stage of a run, in their order."""
    stamps = sorted(out.glob("build/stages/*.json"), key=lambda path: path.stat().st_mtime)
    seconds = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["seconds"] for path in stamps
    }
    return " ".join(f"{name}={took:.1f}" for name, took in seconds.items())


def by_size(rows: list[dict]) -> list[dict]:
    """Return the rows sorted by size, ours first."""
    return sorted(
        rows, key=lambda row: (int(row["size"]), row["who"] != "cluster_anatomy", row["who"])
    )


def table(rows: list[dict]) -> str:
    """Return the results as a Markdown table."""
    lines = []
    for row in by_size(rows):
        cells = [row["outcome"], "", "", ""]
        if row["outcome"] == "finished":
            cells = [row["seconds"], row["peak_mib"], row["precision"], row["recall"]]
        lines.append([f"{int(row['size']):,}", row["who"], *cells])
    head = ["rows", "program", "seconds", "peak MiB", "precision", "recall"]
    return markdown(head, lines, ["---:", "---", *["---:"] * 4])


def growth(rows: list[dict]) -> list[str]:
    """Say how cost grew from size to size beside n log n (1.0: just as fast)."""
    ours = sorted(
        (int(row["size"]), float(row["seconds"]))
        for row in rows
        if row["who"] == "cluster_anatomy" and row["outcome"] == "finished"
    )
    return [
        f"from {small:,} to {large:,} rows: {slow / fast:.1f} times the seconds, n log n is"
        f" {large * log(large) / (small * log(small)):.1f}"
        for (small, fast), (large, slow) in pairwise(ours)
    ]


def fill_docs(rows: list[dict]) -> None:
    """Put the table between the marks of docs/REGISTERS.md."""
    machines = sorted(
        {f"{row['cores']} cores, {row['memory_gib']} GiB" for row in rows if row["cores"]}
    )
    lines = [
        table(rows),
        "",
        f"Machine: {'; '.join(machines)}. Python {platform.python_version()}.",
    ]
    lines += [f"- {line}" for line in growth(rows)]
    put_between(ROOT / "docs/REGISTERS.md", *MARKS, "\n\n" + "\n".join(lines) + "\n\n")


def arguments() -> argparse.Namespace:
    """Return what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    everyone = ["cluster_anatomy", *PEERS]
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument(
        "--only", nargs="+", choices=[*everyone, "cluster_anatomy_spark"], default=everyone
    )
    parser.add_argument(
        "--limit", type=float, default=1800, help="seconds for each peer (default 1800)"
    )
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--fresh", action="store_true", help="measure again what is there already")
    parser.add_argument("--dry", action="store_true", help="measure again and write nothing")
    return parser.parse_args()


def main() -> None:
    """Measure what is asked for."""
    options = arguments()
    print(made_register.source(), flush=True)
    code, rows = code_digest(), [] if options.dry else read_csv(RESULT)
    for size, who in product(options.sizes, options.only):
        if who in PEERS and size > LARGEST_PEER:
            continue
        others = [row for row in rows if (row["who"], int(row["size"])) != (who, size)]
        kept = [row for row in rows if row not in others and row["code"] == code]
        if kept and not options.fresh:
            continue
        print(f"{size:,} rows, {who} …", flush=True)
        limit = options.limit if who in PEERS else 4 * options.limit
        row = row_of(who, size, limit, options.memory) | {"code": code}
        rows = [*others, row]
        if not options.dry:
            write_csv(RESULT, by_size(rows), COLUMNS)
        values = (f"{key}={row[key]}" for key in COLUMNS[2:9] if row.get(key))
        print("   " + " ".join(values), flush=True)
    if not options.dry:
        rows = read_csv(RESULT)
        fill_docs(rows)
    print(table(rows), *growth(rows), sep="\n")


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s")
