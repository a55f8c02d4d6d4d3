"""Time ways to run the notebooks of the study, all on the same notebooks and the same machine.

``python benchmarks/notebook_runners.py`` writes ``benchmarks/results/notebook_runners.csv`` and the
table of ``docs/PERFORMANCE.md``. Every run happens in a fresh copy of the compendium without any
cache, one after the other and each way once before any is run again, so that a busy moment of the
machine does not hit one way alone. A way counts only if it leaves the same tables and figures as
the others. snakemake, doit and ploomber are installed, with pinned versions, into ``build/peers/``;
they call the plain command line of papermill, two at a time.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from reporting import RESULTS, ROOT, machine, markdown, put_between, read_csv, spread, write_csv

from cluster_anatomy.compendium import execute, kernels, paths, rerun, steps

RESULT, PAGE = RESULTS / "notebook_runners.csv", ROOT / "docs/PERFORMANCE.md"
MARKS = "<!--table:notebook_runners-->\n", "<!--/table-->"
PEERS = {"snakemake": "9.27.1", "doit": "0.37.0", "ploomber": "0.23.3"}
OURS = "this package"
FLOOR = """
import json, sys
for path in sys.argv[1:]:
    there = {"__name__": "__main__"}
    for cell in json.load(open(path, encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), there)
"""
Commands = list[list[str]]


@dataclass
class Way:
    """A way to run the notebooks: what it is, its commands in a copy, versions that matter."""

    what: str
    commands: Callable[[Path], Commands]
    versions: str
    seconds: list[float] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)


def environment(base: Path) -> dict[str, str]:
    """Return the same environment for every way: that of the pipeline's kernels, ordinary ones."""
    kept = execute.kernel_environment(base)
    own = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", kernels.SERVER_VARIABLE)
    for name in (*own, kernels.SWITCH_VARIABLE):
        kept.pop(name, None)
    return kept | {
        "PYTHONPATH": str(base / "src"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


# --- The ways


def notebooks(base: Path) -> list[str]:
    """Return the notebooks in an order in which they can run."""
    return [step.notebook for step in steps.load_steps(base)]


def papermill(notebook: str) -> str:
    """Return the plain command line of papermill for a notebook."""
    return f"{sys.executable} -m papermill --no-progress-bar -k python3 {notebook} {notebook}"


def ours(base: Path, *more: str) -> Commands:
    return [[sys.executable, "-m", "cluster_anatomy", "run", *more]]


def one_step_at_a_time(base: Path) -> Commands:
    return ours(base, "--jobs", "1")


def papermill_in_sequence(base: Path) -> Commands:
    return [papermill(notebook).split() for notebook in notebooks(base)]


def nbconvert(base: Path) -> Commands:
    options = ["--execute", "--to", "notebook", "--inplace"]
    return [[sys.executable, "-m", "nbconvert", *options, *notebooks(base)]]


def jupyter_execute(base: Path) -> Commands:
    return [[sys.executable, "-m", "jupyter", "execute", "--inplace", *notebooks(base)]]


def one_process(base: Path) -> Commands:
    return [[sys.executable, "-c", FLOOR, *notebooks(base)]]


def snakemake(base: Path) -> Commands:
    """Rules wait for each other by empty files: the notebooks are input and output at once."""
    loaded = steps.load_steps(base)
    rules = [f"rule all:\n    input: {[f'build/peers/{step.name}' for step in loaded]!r}\n"]
    for step in loaded:
        needs = [f"build/peers/{name}" for name in step.needs]
        rules.append(
            f"rule step_{step.name}:\n    input: {needs!r}\n    output: 'build/peers/{step.name}'\n"
            f"    shell: {papermill(step.notebook) + ' && touch {output}'!r}\n"
        )
    (base / "Snakefile").write_text("\n".join(rules), encoding="utf-8")
    return [[program("snakemake"), "-c2", "--quiet", "all"]]


def doit(base: Path) -> Commands:
    tasks = [
        {
            "name": step.name,
            "actions": [papermill(step.notebook)],
            "task_dep": [f"notebook:{name}" for name in step.needs],
        }
        for step in steps.load_steps(base)
    ]
    (base / "dodo.py").write_text(
        f"def task_notebook():\n    yield from {tasks!r}\n", encoding="utf-8"
    )
    return [[program("doit"), "-n", "2"]]


def ploomber(base: Path) -> Commands:
    (base / "build/peers").mkdir(parents=True, exist_ok=True)
    lines = ["executor:", "  dotted_path: ploomber.executors.Parallel", "  processes: 2", "tasks:"]
    for step in steps.load_steps(base):
        script = base / f"build/peers/{step.name}.sh"
        waits = "".join(f"# {{{{upstream['{name}']}}}}\n" for name in step.needs)
        script.write_text(
            f"{waits}set -e\n{papermill(step.notebook)}\ntouch {{{{product}}}}\n", encoding="utf-8"
        )
        lines += [f"  - source: build/peers/{step.name}.sh", f"    name: '{step.name}'"]
        lines += ["    class: ShellScript", f"    product: build/peers/{step.name}"]
    (base / "pipeline.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [[program("ploomber"), "build", "--force"]]


def ways() -> dict[str, Way]:
    """Return every way by its name."""
    papermill_version = f"papermill {version('papermill')}"
    own = f"{papermill_version}, ipykernel {version('ipykernel')}"
    calls = f"{papermill_version}: its command line, a process per notebook"
    floor = "the floor: the code of all cells in one Python process, no kernel"
    peers = {
        name: Way(
            f"{name}, two at a time, with papermill's command line",
            commands,
            f"{name} {PEERS[name]}, {papermill_version}",
        )
        for name, commands in {"snakemake": snakemake, "doit": doit, "ploomber": ploomber}.items()
    }
    return {
        OURS: Way("`python -m cluster_anatomy run`", ours, own),
        "this package, one step at a time": Way("`run --jobs 1`", one_step_at_a_time, own),
        "papermill": Way(f"{calls}, one after the other", papermill_in_sequence, own),
        "nbconvert": Way(
            "`jupyter nbconvert --execute`, all in one call",
            nbconvert,
            f"nbconvert {version('nbconvert')}",
        ),
        "jupyter execute": Way(
            "`jupyter execute`, all in one call", jupyter_execute, f"nbclient {version('nbclient')}"
        ),
        **peers,
        "one plain process": Way(floor, one_process, "-"),
    }


# --- Peers in environments of their own


def peer_folder(name: str) -> Path:
    return paths.root() / "build/peers" / name


def program(name: str) -> str:
    """Return the command of a peer."""
    return str(peer_folder(name) / "bin" / name)


def install(name: str) -> None:
    """Install a peer into an environment of its own, unless it is there."""
    folder, pinned = peer_folder(name), f"{name}=={PEERS[name]}"
    ready = folder / "ready"
    if ready.is_file() and ready.read_text() == pinned:
        return
    print(f"installing {pinned} into {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "-qq"]
    subprocess.run([*pip, "--disable-pip-version-check", pinned], check=True)
    ready.write_text(pinned)


# --- Measuring


def written(base: Path) -> str:
    """Return one digest of all tables and figures of a copy."""
    digest = hashlib.sha256()
    for step in sorted(steps.load_steps(base), key=lambda step: step.name):
        for path in step.writes:
            file = base / path
            digest.update(path.encode() + (file.read_bytes() if file.is_file() else b"missing"))
    return digest.hexdigest()


def measure(way: Way, base: Path) -> float:
    """Run a way in a fresh copy and keep its seconds and the digest of what it wrote."""
    with tempfile.TemporaryDirectory(prefix="cluster-anatomy-runners-") as folder:
        copy = Path(folder).resolve() / "copy"
        rerun.copy_compendium(base, copy)
        for step in steps.load_steps(copy):
            for path in step.writes:  # what is committed must not stand in for what was not made
                if path != "README.md":
                    (copy / path).unlink(missing_ok=True)
        (copy / "figures").mkdir(exist_ok=True)
        commands, surroundings = way.commands(copy), environment(copy)
        if way.commands is not ours:
            kernels.write_spec(copy / "build/cache/jupyter", forked=False)
        started = time.perf_counter()
        for command in commands:
            done = subprocess.run(
                command, cwd=copy, env=surroundings, capture_output=True, text=True
            )
            if done.returncode:
                output = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
                raise SystemExit(f"{command[:6]} failed:\n{output}")
        way.seconds.append(time.perf_counter() - started)
        way.digests.add(written(copy))
        return way.seconds[-1]


def rows_of(timed: dict[str, Way]) -> list[dict]:
    """Return a row for each way; seconds are set beside ours, or the first way's."""
    first = next(iter(timed.values()))
    own = statistics.median(timed.get(OURS, first).seconds)
    return [
        {"runner": name, "what": way.what}
        | spread(way.seconds)
        | {
            "ratio": f"{statistics.median(way.seconds) / own:.2f}",
            "same_files": "yes" if way.digests == first.digests and len(way.digests) == 1 else "no",
            "versions": way.versions,
            "machine": machine(),
        }
        for name, way in timed.items()
    ]


def with_other_ways(rows: list[dict], before: list[dict], order: list[str]) -> list[dict]:
    """Return the new rows and, of the ways not timed now, the old ones, set beside ours of now."""
    new = {row["runner"]: row for row in rows}
    own = float(new[OURS]["median"])
    old = {
        row["runner"]: row | {"ratio": f"{float(row['median']) / own:.2f}"}
        for row in before
        if row["runner"] in order
    }
    return [(old | new)[name] for name in order if name in old | new]


def table(rows: list[dict]) -> str:
    """Return the Markdown table of `rows`, with machine and versions below it."""
    cells = []
    for row in rows:
        low, median, high = (f"{float(row[name]):.1f}" for name in ("min", "median", "max"))
        times = f"{float(row['ratio']):.1f}"
        cells.append([row["what"], str(row["n"]), f"{median} ({low} to {high})", times])
    head = ["way", "runs", "seconds (least to most)", "times ours"]
    packages = {part for row in rows for part in row["versions"].split(", ")} - {"-"}
    below = f"Medians. {rows[0]['machine']}; {', '.join(sorted(packages))}."
    return f"{markdown(head, cells, ['---', '---:', '---:', '---:'])}\n\n{below}\n"


def main() -> None:
    """Time the ways that are asked for."""
    every = ways()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--repeat", type=int, default=3, metavar="N", help="runs of each way (default 3)"
    )
    text = "only this way, ours among them; the other rows stay as they are; repeatable"
    parser.add_argument("--only", action="append", choices=[*every], help=text)
    arguments = parser.parse_args()
    timed = {name: way for name, way in every.items() if name in (arguments.only or every)}
    for name in PEERS.keys() & timed.keys():
        install(name)
    for repetition in range(1, arguments.repeat + 1):
        for name, way in timed.items():
            seconds = measure(way, paths.root())
            print(f"{repetition}/{arguments.repeat} {name}: {seconds:.1f} s", flush=True)
    rows = rows_of(timed)
    if OURS in timed:
        rows = with_other_ways(rows, read_csv(RESULT), list(every))
        write_csv(RESULT, rows)
        put_between(PAGE, *MARKS, table(rows))
    print(table(rows))
    if different := [row["runner"] for row in rows if row["same_files"] == "no"]:
        raise SystemExit(
            f"not the same tables and figures as with {next(iter(timed))}: {', '.join(different)}"
        )


if __name__ == "__main__":
    main()
