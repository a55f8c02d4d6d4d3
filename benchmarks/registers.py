"""How fast, how large and how good: the register beside its peers, on made registers with known
truth.

``python benchmarks/registers.py`` makes registers of 10 thousand, 100 thousand, 1 million and 5
million rows (`made_register`, seeded), takes each through ``python -m cluster_anatomy register``
and through the peers, one process after the other on this machine, and writes
``benchmarks/results/registers.csv``. What is there already for the same code and size is kept, so
that an interrupted benchmark goes on (``--fresh``: measure again).

Measured: wall and processor seconds of the whole process, start and imports included; seconds of
each stage; peak resident memory of the process tree; precision and recall on pairs of rows of one
firm.

Peers, each with what its documentation shows first and cleaned by lower case only:

- ``splink_default``: splink, Jaro-Winkler comparison of names with its default levels, exact city and year, u from
  random pairs, m by expectation maximisation, blocked by the first five letters, threshold 0.9;
- ``recordlinkage``: the same columns and blocks, Jaro-Winkler 0.85, two of three must agree, connected components;
- ``dedupe``: trained on 2,000 pairs whose truth is told to it, default partition threshold 0.5;
- ``pandas``: lower case, no punctuation, no legal form; equal names in the same city are one firm.

recordlinkage and dedupe need other versions of pandas than the study; the script makes an
environment for each below ``build/peers`` from pinned versions. A peer that takes longer than
``--limit`` seconds did not finish.
"""

import argparse
import csv
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from math import log
from pathlib import Path

import duckdb
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent))
import made_register

from cluster_anatomy.compendium import paths
from cluster_anatomy.registers import measure

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
LARGEST_PEER = 1_000_000
PEERS = {
    "splink_default": (),
    "pandas": (),
    "recordlinkage": ("recordlinkage==0.16", "pandas==2.3.3", "pyarrow==26.0.1"),
    "dedupe": ("dedupe==3.0.3", "BTrees==6.1", "pandas==2.3.3", "pyarrow==26.0.1"),
}
COLUMNS = [
    "size",
    "who",
    "outcome",
    "seconds",
    "processor_seconds",
    "peak_mib",
    "precision",
    "recall",
    "stages",
    "versions",
    "cores",
    "memory_gib",
    "load_before",
    "names_from",
    "code",
]
SEED = 7


def results_file() -> Path:
    """Return the file of results."""
    return paths.root() / "benchmarks/results/registers.csv"


def work_folder() -> Path:
    """Return the folder for made registers, environments and outputs."""
    return paths.root() / "build/benchmarks/registers"


def code_digest() -> str:
    """Return a digest of the code that is measured and of this script."""
    package = paths.root() / "src/cluster_anatomy"
    files = [
        *package.glob("registers/*.py"),
        package / "linkage.py",
        package / "linkage.toml",
        package / "names.py",
    ]
    files += [
        Path(__file__),
        Path(__file__).with_name("made_register.py"),
        Path(__file__).with_name("register_peers.py"),
    ]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()[:12]


def environment(peer: str) -> tuple[Path | None, str]:
    """Return the interpreter for a peer, made if it is not there, or why there is none."""
    if not PEERS[peer]:
        return Path(sys.executable), ""
    folder = paths.root() / "build/peers" / peer
    python = folder / "bin/python"
    if not (folder / "ready").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        base = (
            Path(sys.base_prefix)
            / "bin"
            / f"python{sys.version_info.major}.{sys.version_info.minor}"
        )
        subprocess.run(
            [base if base.is_file() else sys.executable, "-m", "venv", folder], check=True
        )
        install = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *PEERS[peer],
        ]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode:
            return None, (
                done.stderr.strip().splitlines()[-1][:120] if done.stderr.strip() else "pip failed"
            )
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
        last = next(
            (
                line
                for line in reversed(log.read_text(encoding="utf-8", errors="replace").splitlines())
                if line.strip()
            ),
            "",
        )
        return f"failed: {last.strip()[:150]}", usage
    return "finished", usage


def quality(truth: Path, found: Path) -> tuple[float, float]:
    """Return precision and recall on pairs of rows: ``found`` has ``row`` and ``firm_id``."""
    pairs = "SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM both_ GROUP BY {})"
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE both_ AS SELECT firm, firm_id FROM read_parquet('{truth}') JOIN"
            f" read_parquet('{found}') USING (row)"
        )
        right, said, true = (
            connection.execute(pairs.format(by)).fetchone()[0] or 0
            for by in ("firm, firm_id", "firm_id", "firm")
        )
    return right / said if said else float("nan"), right / true


def one(who: str, size: int, limit: float, memory: str, engine: str) -> dict:
    """Measure one program on one register."""
    folder = work_folder() / str(size)
    register, truth = folder / "register.csv", folder / "truth.parquet"
    code = hashlib.sha256(Path(made_register.__file__).read_bytes()).hexdigest()[:12]
    made, recipe = folder / "made.txt", f"{code} {made_register.source()} seed {SEED}"
    if not made.is_file() or made.read_text(encoding="utf-8") != recipe:
        made_register.make(size, folder, SEED)
        made.write_text(recipe, encoding="utf-8")
    out = folder / who
    shutil.rmtree(out, ignore_errors=True)
    stages: dict[str, float] = {}
    load = os.getloadavg()[0]
    if who in ("cluster_anatomy", "cluster_anatomy_spark"):
        command = [
            sys.executable,
            "-m",
            "cluster_anatomy",
            "register",
            register,
            "--into",
            out,
            "--memory",
            memory,
        ]
        command += ["--engine", engine]
        found = out / "records.parquet"
    else:
        python, why = environment(who)
        if python is None:
            return {"size": size, "who": who, "outcome": f"does not install: {why}"}
        out.mkdir()
        found = out / "records.parquet"
        command = [python, Path(__file__).with_name("register_peers.py"), who, register, found]
        if who == "dedupe":
            command += [truth]
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
        precision, recall = quality(truth, found if found.is_file() else found / "*.parquet")
        row |= {"precision": f"{precision:.4f}", "recall": f"{recall:.4f}"}
        for stamp in sorted(out.glob("build/stages/*.json"), key=lambda path: path.stat().st_mtime):
            stages[stamp.stem] = json.loads(stamp.read_text(encoding="utf-8"))["seconds"]
        row["stages"] = " ".join(f"{name}={seconds:.1f}" for name, seconds in stages.items())
    return row


def read_results() -> list[dict]:
    """Return the rows of the results, if there are any."""
    if not results_file().is_file():
        return []
    with open(results_file(), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_results(rows: list[dict]) -> None:
    """Write the rows, sorted by size."""
    results_file().parent.mkdir(parents=True, exist_ok=True)
    draft = results_file().with_suffix(".tmp")
    with open(draft, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(
            sorted(
                rows,
                key=lambda row: (int(row["size"]), row["who"] != "cluster_anatomy", row["who"]),
            )
        )
    os.replace(draft, results_file())


def table(rows: list[dict]) -> str:
    """Return the results as a Markdown table."""
    lines = [
        "| rows | program | seconds | peak MiB | precision | recall |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for row in sorted(
        rows, key=lambda row: (int(row["size"]), row["who"] != "cluster_anatomy", row["who"])
    ):
        done = row["outcome"] == "finished"
        cells = (
            [row["seconds"], row["peak_mib"], row["precision"], row["recall"]]
            if done
            else [row["outcome"], "", "", ""]
        )
        lines.append("| " + " | ".join([f"{int(row['size']):,}", row["who"], *cells]) + " |")
    return "\n".join(lines)


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


MARKS = ("<!--benchmark-->", "<!--/benchmark-->")


def fill_docs(rows: list[dict]) -> None:
    """Put the table between the marks of docs/REGISTERS.md."""
    path = paths.root() / "docs/REGISTERS.md"
    text = path.read_text(encoding="utf-8")
    before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
    machines = sorted(
        {f"{row['cores']} cores, {row['memory_gib']} GiB" for row in rows if row["cores"]}
    )
    said = [
        table(rows),
        "",
        f"Machine: {'; '.join(machines)}. Python {platform.python_version()}.",
        *(f"- {line}" for line in growth(rows)),
    ]
    path.write_text(
        f"{before}{MARKS[0]}\n\n" + "\n".join(said) + f"\n\n{MARKS[1]}{after}", encoding="utf-8"
    )


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    everyone = ["cluster_anatomy", *PEERS]
    parser.add_argument(
        "--only", nargs="+", choices=[*everyone, "cluster_anatomy_spark"], default=everyone
    )
    parser.add_argument(
        "--limit", type=float, default=1800, help="seconds for each peer (default 1800)"
    )
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--fresh", action="store_true")
    arguments = parser.parse_args()
    print(made_register.source(), flush=True)
    code, rows = code_digest(), read_results()
    for size in arguments.sizes:
        for who in arguments.only:
            if who in PEERS and size > LARGEST_PEER:
                continue
            old = next(
                (row for row in rows if row["who"] == who and int(row["size"]) == size), None
            )
            if old and old["code"] == code and not arguments.fresh:
                continue
            print(f"{size:,} rows, {who} …", flush=True)
            limit = arguments.limit if who in PEERS else 4 * arguments.limit
            row = one(
                who, size, limit, arguments.memory, "spark" if who.endswith("_spark") else "duckdb"
            ) | {"code": code}
            rows = [one for one in rows if not (one["who"] == who and int(one["size"]) == size)] + [
                row
            ]
            write_results(rows)
            print(
                "   " + " ".join(f"{key}={row[key]}" for key in COLUMNS[2:9] if row.get(key)),
                flush=True,
            )
    rows = read_results()
    fill_docs(rows)
    print(table(rows), *growth(rows), sep="\n")


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s")
