"""How fast, how large and how good: the register beside its peers, on made registers.

``python benchmarks/registers.py`` makes registers of 10 thousand, 100 thousand, 1 million and 5
million rows (`made_register`, seeded), takes each through ``python -m cluster_anatomy register``
and through the peers, one process after the other on this machine, so many ``--rounds`` of each,
and writes ``benchmarks/results/registers.csv``. What is there already for the same code and size is
kept, so that an interrupted benchmark goes on (``--fresh``: measure again).

Measured: wall and processor seconds of the whole process, start and imports included (the least,
the median and the most of all rounds); peak resident memory of the process tree; seconds of each
stage; precision and recall on pairs of rows of one firm.

The peers (`register_peers` says how each was helped) score pairs. Their threshold is told to them
by the truth: the lowest at which the groups that it makes have a precision of at least
``PRECISION``. Ours is the one that the linkage model ships. With a peer whose precision never gets
there, the highest that it reaches stands in the table.

Peers that need other versions of packages than the study have environments of their own below
``build/peers``, made from pinned versions. A peer that takes longer than ``--limit`` seconds did
not finish. Zingg is not among them: its Python package is a client of a Spark program that no
registry of Python packages has.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise, product
from math import log
from pathlib import Path

import duckdb
import made_register
import psutil
import pyarrow.parquet as pq
from reporting import (
    RESULTS,
    ROOT,
    machine,
    markdown,
    put_between,
    read_csv,
    spread,
    write_csv,
)

from cluster_anatomy.compendium import freshness, paths
from cluster_anatomy.registers import measure

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
LARGEST_PEER = 1_000_000
WITHOUT_PLACES = 100_000
"""Rows of the register that is tried with places missing, too."""
PRECISION = 0.99
RESULT = RESULTS / "registers.csv"
COMMON = ("pandas==2.3.3", "pyarrow==26.0.1")
COSINE = ("scikit-learn==1.9.1", "sparse-dot-topn==1.2.0", *COMMON)
PEERS = {
    "equal_names": (),
    "tfidf": COSINE,
    "tfidf_place_year": COSINE,
    "splink": (),
    "recordlinkage": ("recordlinkage==0.16", *COMMON),
    "dedupe": ("dedupe==3.0.3", "BTrees==5.2", *COMMON),
}
COLUMNS = [
    *["size", "missing_places", "who", "outcome", "n"],
    *["seconds_min", "seconds_median", "seconds_max", "processor_seconds", "peak_mib"],
    *["precision", "recall", "threshold", "stages", "versions", "machine", "load_before"],
    *["names_from", "code"],
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
    name = hashlib.sha256(" ".join(PEERS[peer]).encode()).hexdigest()[:12]
    folder = paths.root() / "build/peers" / name
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
    names = {"equal_names": ["pandas"], "splink": ["splink", "duckdb"]}.get(
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


def quality_of_pairs(truth: Path, scored: Path) -> tuple[float, float, float]:
    """Return precision, recall and threshold of scored pairs of rows.

    Pairs are joined from the best to the worst; after each score the groups so far are judged. The
    threshold is the lowest with a precision of at least `PRECISION`, else the one with the highest.
    """
    firm = dict(
        zip(*pq.read_table(truth, columns=["row", "firm"]).to_pydict().values(), strict=True)
    )
    pairs = pq.read_table(scored).to_pandas().sort_values("score", ascending=False)
    sizes = Counter(firm.values())
    true = sum(n * (n - 1) // 2 for n in sizes.values())
    group = {row: row for row in firm}
    firms = {row: Counter([number]) for row, number in firm.items()}
    right, answered, best = 0, 0, (0.0, 0.0, float("nan"))

    def root(row: int) -> int:
        while group[row] != row:
            group[row] = group[group[row]]
            row = group[row]
        return row

    scores = pairs["score"].to_numpy()
    last = [*(scores[1:] != scores[:-1]), True]
    for at, (left, right_row) in enumerate(zip(pairs["row_l"], pairs["row_r"], strict=True)):
        small, large = sorted((root(left), root(right_row)), key=lambda row: len(firms[row]))
        if small != large:
            group[small] = large
            answered += firms[small].total() * firms[large].total()
            right += sum(n * firms[large][number] for number, n in firms[small].items())
            firms[large].update(firms.pop(small))
        if last[at] and answered:
            precision = right / answered
            if precision >= min(PRECISION, best[0]):
                best = (precision, right / true, float(scores[at]))
    return best


def made(size: int, missing: float) -> Path:
    """Return the folder of a made register, written anew if its recipe is another."""
    folder = work_folder() / (f"{size}_{missing:g}" if missing else str(size))
    code = hashlib.sha256(Path(made_register.__file__).read_bytes()).hexdigest()[:12]
    note, recipe = folder / "made.txt", f"{code} {made_register.source()} seed {SEED}"
    if not note.is_file() or note.read_text(encoding="utf-8") != recipe:
        made_register.make(size, folder, SEED, missing)
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
    return [python, script, who, register, out / "pairs.parquet", folder / "truth.parquet"], ""


def row_of(who: str, size: int, missing: float, options: argparse.Namespace) -> dict:
    """Measure one program on one register, several rounds."""
    folder = made(size, missing)
    out, rounds = folder / who, []
    limit = options.limit if who in PEERS else 4 * options.limit
    load = os.getloadavg()[0]
    row = {"size": size, "missing_places": f"{missing:g}", "who": who, "versions": versions(who)}
    row |= {"machine": machine(), "load_before": f"{load:.1f}"}
    row["names_from"] = made_register.source().partition(":")[0]
    for _ in range(options.rounds):
        shutil.rmtree(out, ignore_errors=True)
        command, why = command_of(who, folder, out, options.memory)
        if command is None:
            return row | {"outcome": why}
        row["outcome"], usage = measured(command, limit, folder / f"{who}.log")
        if row["outcome"] != "finished":
            return row | {"n": len(rounds)}
        rounds.append(usage)
    seconds = spread([usage.seconds for usage in rounds], 1)
    row |= {"n": len(rounds)} | {f"seconds_{key}": seconds[key] for key in ("min", "median", "max")}
    row["processor_seconds"] = spread([usage.cpu for usage in rounds], 1)["median"]
    row["peak_mib"] = f"{max(usage.peak for usage in rounds) / 2**20:.0f}"
    if who in PEERS:
        found = quality_of_pairs(folder / "truth.parquet", out / "pairs.parquet")
        row["threshold"] = f"{found[2]:.4g}"
    else:
        linked = out / "records.parquet"  # a file, or of Spark a folder of parts
        parts = linked if linked.is_file() else linked / "*.parquet"
        found = quality(folder / "truth.parquet", parts)
        row["stages"] = stages(out)
    return row | {"precision": f"{found[0]:.4f}", "recall": f"{found[1]:.4f}"}


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
        rows,
        key=lambda row: (
            int(row["size"]),
            float(row["missing_places"]),
            row["who"] != "cluster_anatomy",
            row["who"],
        ),
    )


def table(rows: list[dict]) -> str:
    """Return the results as a Markdown table."""
    lines = []
    for row in by_size(rows):
        cells = [row["outcome"], *[""] * 5]
        if row["outcome"] == "finished":
            seconds = f"{row['seconds_median']} ({row['seconds_min']} to {row['seconds_max']})"
            cells = [row["n"], seconds, row["processor_seconds"], row["peak_mib"]]
            cells += [row["precision"], row["recall"]]
        size = f"{int(row['size']):,}"
        missing = float(row["missing_places"])
        lines.append(
            [f"{size}, {missing:.0%} without place" if missing else size, row["who"], *cells]
        )
    head = ["rows", "program", "n", "seconds: median (least to most)", "processor s", "peak MiB"]
    return markdown([*head, "precision", "recall"], lines, ["---:", "---", *["---:"] * 6])


def growth(rows: list[dict]) -> list[str]:
    """Say how cost grew from size to size beside n log n (1.0: just as fast)."""
    ours = sorted(
        (int(row["size"]), float(row["seconds_median"]))
        for row in rows
        if row["who"] == "cluster_anatomy"
        and row["outcome"] == "finished"
        and not float(row["missing_places"])
    )
    return [
        f"from {small:,} to {large:,} rows: {slow / fast:.1f} times the seconds, n log n is"
        f" {large * log(large) / (small * log(small)):.1f}"
        for (small, fast), (large, slow) in pairwise(ours)
    ]


def fill_docs(rows: list[dict]) -> None:
    """Put the table between the marks of docs/REGISTERS.md."""
    lines = [table(rows), "", f"Machine: {'; '.join(sorted({row['machine'] for row in rows}))}."]
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
    parser.add_argument("--rounds", type=int, default=5, help="of each program (default 5)")
    parser.add_argument(
        "--missing-places", type=float, nargs="+", default=(0, 0.4), metavar="SHARE"
    )
    parser.add_argument("--fresh", action="store_true", help="measure again what is there already")
    parser.add_argument("--dry", action="store_true", help="measure again and write nothing")
    return parser.parse_args()


def main() -> None:
    """Measure what is asked for."""
    options = arguments()
    print(made_register.source(), flush=True)
    code, rows = code_digest(), [] if options.dry else read_csv(RESULT)
    rows = [row for row in rows if row.get("missing_places")]  # of an earlier form of the table
    for size, missing, who in product(options.sizes, options.missing_places, options.only):
        if (who in PEERS and size > LARGEST_PEER) or (missing and size != WITHOUT_PLACES):
            continue
        one = (who, size, missing)
        others = [
            row
            for row in rows
            if (row["who"], int(row["size"]), float(row["missing_places"])) != one
        ]
        kept = [row for row in rows if row not in others and row["code"] == code]
        if kept and not options.fresh:
            continue
        print(f"{size:,} rows, {who} …", flush=True)
        row = row_of(who, size, missing, options) | {"code": code}
        rows = [*others, row]
        if not options.dry:
            write_csv(RESULT, by_size(rows), COLUMNS)
        values = (f"{key}={row[key]}" for key in COLUMNS[3:13] if row.get(key))
        print("   " + " ".join(values), flush=True)
    if not options.dry:
        rows = read_csv(RESULT)
        fill_docs(rows)
    print(table(rows), *growth(rows), sep="\n")


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s")
