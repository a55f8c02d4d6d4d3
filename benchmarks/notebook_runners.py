"""Time ways to run the notebooks of the study, all on the same notebooks and the same machine.

``python benchmarks/notebook_runners.py`` writes ``benchmarks/results/notebook_runners.csv`` and the
table of ``docs/PERFORMANCE.md``. Every run happens in a fresh copy of the compendium without any
cache, one after the other and each way once before any is run again, so that a busy moment of the
machine does not hit one way alone. A way counts only if it leaves the same tables and figures as
the others. snakemake, doit and ploomber are installed, with pinned versions, into ``build/peers/``;
they call the plain command line of papermill, two at a time.
"""

import argparse
import csv
import hashlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from cluster_anatomy.compendium import execute, kernels, paths, rerun, steps

RESULTS, PAGE = "benchmarks/results/notebook_runners.csv", "docs/PERFORMANCE.md"
MARKS = "<!--table:notebook_runners-->\n", "<!--/table-->"
PEERS = {"snakemake": "9.27.1", "doit": "0.37.0", "ploomber": "0.23.3"}
OURS = "this package"
COLUMNS = [
    "runner",
    "what",
    "n",
    "min",
    "median",
    "max",
    "ratio",
    "same_files",
    "versions",
    "machine",
]

FLOOR = """
import json, sys
for path in sys.argv[1:]:
    there = {"__name__": "__main__"}
    for cell in json.load(open(path, encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), there)
"""


def environment(base: Path) -> dict[str, str]:
    """Return the same environment for every way: that of the pipeline's kernels, ordinary ones."""
    kept = execute.kernel_environment(base)
    for name in (
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPATH",
        kernels.SERVER_VARIABLE,
        kernels.SWITCH_VARIABLE,
    ):
        kept.pop(name, None)
    return kept | {
        "PYTHONPATH": str(base / "src"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


def notebooks(base: Path) -> list[steps.Step]:
    """Return the steps in an order in which they can run."""
    return steps.load_steps(base)


def papermill(step: steps.Step) -> str:
    """Return the plain command line of papermill for a step."""
    return (
        f"{sys.executable} -m papermill --no-progress-bar -k python3 {step.notebook}"
        f" {step.notebook}"
    )


def ours(base: Path, *more: str) -> list[list[str]]:
    return [[sys.executable, "-m", "cluster_anatomy", "run", *more]]


def papermill_in_sequence(base: Path) -> list[list[str]]:
    return [papermill(step).split() for step in notebooks(base)]


def nbconvert(base: Path) -> list[list[str]]:
    paths_of = [step.notebook for step in notebooks(base)]
    return [
        [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--inplace", *paths_of]
    ]


def jupyter_execute(base: Path) -> list[list[str]]:
    return [
        [
            sys.executable,
            "-m",
            "jupyter",
            "execute",
            "--inplace",
            *[step.notebook for step in notebooks(base)],
        ]
    ]


def one_process(base: Path) -> list[list[str]]:
    return [[sys.executable, "-c", FLOOR, *[step.notebook for step in notebooks(base)]]]


def snakemake(base: Path, peers: Path) -> list[list[str]]:
    """Rules wait for each other by empty files: the notebooks are input and output at once."""
    rules = [
        f"rule all:\n    input: {[f'build/peers/{step.name}' for step in notebooks(base)]!r}\n"
    ]
    for step in notebooks(base):
        needs = [f"build/peers/{name}" for name in step.needs]
        rules.append(
            f"rule step_{step.name}:\n    input: {needs!r}\n    output: 'build/peers/{step.name}'\n"
            f"    shell: {papermill(step) + ' && touch {output}'!r}\n"
        )
    (base / "Snakefile").write_text("\n".join(rules), encoding="utf-8")
    return [[str(peers / "snakemake/bin/snakemake"), "-c2", "--quiet", "all"]]


def doit(base: Path, peers: Path) -> list[list[str]]:
    tasks = [
        {
            "name": step.name,
            "actions": [papermill(step)],
            "task_dep": [f"notebook:{name}" for name in step.needs],
        }
        for step in notebooks(base)
    ]
    (base / "dodo.py").write_text(
        f"def task_notebook():\n    yield from {tasks!r}\n", encoding="utf-8"
    )
    return [[str(peers / "doit/bin/doit"), "-n", "2"]]


def ploomber(base: Path, peers: Path) -> list[list[str]]:
    (base / "build/peers").mkdir(parents=True, exist_ok=True)
    lines = ["executor:", "  dotted_path: ploomber.executors.Parallel", "  processes: 2", "tasks:"]
    for step in notebooks(base):
        script = base / f"build/peers/{step.name}.sh"
        waits = "".join(f"# {{{{upstream['{name}']}}}}\n" for name in step.needs)
        script.write_text(
            f"{waits}set -e\n{papermill(step)}\ntouch {{{{product}}}}\n", encoding="utf-8"
        )
        lines += [f"  - source: build/peers/{step.name}.sh", f"    name: '{step.name}'"]
        lines += ["    class: ShellScript", f"    product: build/peers/{step.name}"]
    (base / "pipeline.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [[str(peers / "ploomber/bin/ploomber"), "build", "--force"]]


def installed(peers: Path, name: str) -> None:
    """Install a peer into an environment of its own, unless it is there."""
    place, wanted = peers / name, f"{name}=={PEERS[name]}"
    ready = place / "ready"
    if ready.is_file() and ready.read_text() == wanted:
        return
    print(f"installing {wanted} into {place}", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    command = [
        str(place / "bin/python"),
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        wanted,
    ]
    subprocess.run(command, check=True)
    ready.write_text(wanted)


def ways(peers: Path) -> dict[str, tuple[str, Callable[[Path], list[list[str]]], str]]:
    """Return each way: what it is, what makes its commands in a copy, and the versions that matter."""
    own = f"papermill {version('papermill')}, ipykernel {version('ipykernel')}"
    calls = "papermill {}: its command line, a process per notebook".format(version("papermill"))
    return {
        OURS: ("`python -m cluster_anatomy run`", ours, own),
        "this package, one step at a time": (
            "`run --jobs 1`",
            lambda base: ours(base, "--jobs", "1"),
            own,
        ),
        "papermill": (f"{calls}, one after the other", papermill_in_sequence, own),
        "nbconvert": (
            "`jupyter nbconvert --execute`, all in one call",
            nbconvert,
            f"nbconvert {version('nbconvert')}",
        ),
        "jupyter execute": (
            "`jupyter execute`, all in one call",
            jupyter_execute,
            f"nbclient {version('nbclient')}",
        ),
        **{
            name: (
                f"{name}, two at a time, with papermill's command line",
                lambda base, make=make: make(base, peers),
                f"{name} {PEERS[name]}, papermill {version('papermill')}",
            )
            for name, make in {"snakemake": snakemake, "doit": doit, "ploomber": ploomber}.items()
        },
        "one plain process": (
            "the floor: the code of all cells in one Python process, no kernel",
            one_process,
            "-",
        ),
    }


def machine() -> str:
    """Say on what the times were measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()}"
        f" cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python"
        f" {platform.python_version()}"
    )


def written(base: Path) -> str:
    """Return one digest of all tables and figures of a copy."""
    digest = hashlib.sha256()
    for step in sorted(steps.load_steps(base), key=lambda step: step.name):
        for path in step.writes:
            digest.update(
                path.encode()
                + ((base / path).read_bytes() if (base / path).is_file() else b"missing")
            )
    return digest.hexdigest()


def timed(way: Callable[[Path], list[list[str]]], base: Path) -> tuple[float, str]:
    """Run a way in a fresh copy; return seconds and the digest of what it wrote."""
    with tempfile.TemporaryDirectory(prefix="cluster-anatomy-runners-") as folder:
        copy = Path(folder).resolve() / "copy"
        rerun.copy_compendium(base, copy)
        for step in steps.load_steps(copy):
            for path in step.writes:  # what is committed must not stand in for what was not made
                if path != "README.md":
                    (copy / path).unlink(missing_ok=True)
        (copy / "figures").mkdir(exist_ok=True)
        commands, surroundings = way(copy), environment(copy)
        if way is not ours:
            kernels.write_spec(copy / "build/cache/jupyter", forked=False)
        started = time.perf_counter()
        for command in commands:
            done = subprocess.run(
                command, cwd=copy, env=surroundings, capture_output=True, text=True
            )
            if done.returncode:
                raise SystemExit(
                    f"{command[:6]} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
                )
        return time.perf_counter() - started, written(copy)


def table(rows: list[dict]) -> str:
    """Return the Markdown table of `rows`."""
    lines = ["| way | seconds (least to most) | times ours |", "|---|---:|---:|"]
    for row in rows:
        spread = f"{float(row['median']):.1f} ({float(row['min']):.1f} to {float(row['max']):.1f})"
        lines.append(f"| {row['what']} | {spread} | {float(row['ratio']):.1f} |")
    first, packages = (
        rows[0],
        sorted({part for row in rows for part in row["versions"].split(", ")} - {"-"}),
    )
    lines += ["", f"Medians of {first['n']} runs. {first['machine']}; {', '.join(packages)}."]
    return "\n".join(lines) + "\n"


def put(page: Path, text: str) -> None:
    """Put the table between its marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    _, mark, after = rest.partition(MARKS[1])
    if not mark:
        raise SystemExit(f"{page} has no marks {MARKS}")
    page.write_text(before + MARKS[0] + text + mark + after, encoding="utf-8")


def main() -> None:
    """Time the ways that are asked for."""
    base = paths.root()
    peers = base / "build/peers"
    known = ways(peers)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--repeat", type=int, default=3, metavar="N", help="runs of each way (default 3)"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(known),
        help="only this way; nothing is written; repeatable",
    )
    arguments = parser.parse_args()
    chosen = {name: known[name] for name in known if not arguments.only or name in arguments.only}
    for name in PEERS:
        if name in chosen:
            installed(peers, name)
    seconds: dict[str, list[float]] = {name: [] for name in chosen}
    digests: dict[str, set[str]] = {name: set() for name in chosen}
    for repetition in range(1, arguments.repeat + 1):
        for name, (_, way, _) in chosen.items():
            took, digest = timed(way, base)
            seconds[name].append(took)
            digests[name].add(digest)
            print(f"{repetition}/{arguments.repeat} {name}: {took:.1f} s", flush=True)
    own = statistics.median(seconds.get(OURS) or next(iter(seconds.values())))
    reference = next(iter(digests.values()))
    rows = []
    for name, (what, _, versions) in chosen.items():
        median = statistics.median(seconds[name])
        rows.append(
            {
                "runner": name,
                "what": what,
                "n": len(seconds[name]),
                "min": f"{min(seconds[name]):.2f}",
                "median": f"{median:.2f}",
                "max": f"{max(seconds[name]):.2f}",
                "ratio": f"{median / own:.2f}",
                "same_files": "yes" if digests[name] == reference and len(reference) == 1 else "no",
                "versions": versions,
                "machine": machine(),
            }
        )
    print(table(rows))
    different = [row["runner"] for row in rows if row["same_files"] == "no"]
    if not arguments.only:
        (base / RESULTS).parent.mkdir(parents=True, exist_ok=True)
        with open(base / RESULTS, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        put(base / PAGE, table(rows))
    if different:
        raise SystemExit(
            f"not the same tables and figures as with {next(iter(chosen))}: {', '.join(different)}"
        )


if __name__ == "__main__":
    main()
