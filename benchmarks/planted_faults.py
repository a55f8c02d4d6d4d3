"""Plant faults one by one in copies of the compendium and see which check catches each.

``python benchmarks/planted_faults.py`` writes ``benchmarks/results/planted_faults.csv`` and exits
with 1 if a fault slips through. Each fault goes into a fresh copy of the committed files. Three
checks look at it:

- *stamps*: ``python -m cluster_anatomy fresh``, which compares every file with the digest of what
  made it;
- *guards*: the tests of the form of notebooks and of the raw data, which run nothing;
- *rerun*: ``python -m cluster_anatomy check``, which runs everything again and compares. Before it,
  the stamps and checksums of the copy are made anew, as someone who hides a fault would do.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageOps
from reporting import RESULTS, write_csv

from cluster_anatomy.compendium import freshness, paths, steps
from cluster_anatomy.compendium.rerun import copy_compendium

RESULT = RESULTS / "planted_faults.csv"
CHECKS = ("stamps", "guards", "rerun")
GUARDS = ["tests/test_notebooks.py", "tests/test_raw_data.py", "tests/test_figures.py"]


def _rows(path: Path) -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _save(path: Path, rows: list[list[str]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _save_notebook(path: Path, notebook: dict) -> None:
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def changed_number(base: Path) -> None:
    """Raise the value of one share in a committed table."""
    path = base / "data/processed/property_shares.csv"
    rows = _rows(path)
    column = rows[0].index("value")
    row = next(row for row in rows[1:] if row[column] not in ("", "0", "1"))
    row[column] = f"{float(row[column]) * 0.9:.10g}"
    _save(path, rows)


def changed_number_in_a_notebook(base: Path) -> None:
    """Change a number that a committed notebook shows."""
    path = base / "notebooks/04_entry_patterns.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            shown = "".join(output.get("data", {}).get("text/plain", []))
            digit = next((sign for sign in shown if sign in "12345678"), None)
            if output["output_type"] == "execute_result" and digit:
                output["data"]["text/plain"] = shown.replace(digit, str(int(digit) + 1), 1)
                _save_notebook(path, notebook)
                return
    raise AssertionError("no number to change")


def wrong_chart(base: Path) -> None:
    """Put another picture of the same size in the place of a figure."""
    path = base / "figures/china_usa.png"
    with Image.open(path) as picture:
        ImageOps.mirror(picture).save(path)


def wrong_chart_in_a_notebook(base: Path) -> None:
    """Swap two pictures that a committed notebook shows."""
    path = base / "notebooks/08_figures.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", []))
    shown = [output["data"] for output in outputs if "image/png" in output.get("data", {})]
    shown[0]["image/png"], shown[1]["image/png"] = shown[1]["image/png"], shown[0]["image/png"]
    _save_notebook(path, notebook)


def _edit_notebook(base: Path, name: str, edit: Callable[[list[dict]], None]) -> None:
    path = base / f"notebooks/{name}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    edit([cell for cell in notebook["cells"] if cell["cell_type"] == "code"])
    _save_notebook(path, notebook)


def stripped_notebook(base: Path) -> None:
    """Take all outputs out of a committed notebook."""

    def strip(cells: list[dict]) -> None:
        for cell in cells:
            cell["outputs"], cell["execution_count"] = [], None

    _edit_notebook(base, "05_china_usa", strip)


def swapped_column(base: Path) -> None:
    """Swap the values of two columns of raw evidence under their headers."""
    path = base / "data/raw/evidence/usa.csv"
    rows = _rows(path)
    cities, parents = rows[0].index("founder_prior_cities"), rows[0].index("parent_cities")
    for row in rows[1:]:
        row[cities], row[parents] = row[parents], row[cities]
    _save(path, rows)


def dropped_row(base: Path) -> None:
    """Leave one firm out of the raw evidence."""
    path = base / "data/raw/evidence/usa.csv"
    rows = _rows(path)
    sample = rows[0].index("sample")
    gone = next(number for number, row in enumerate(rows[1:], 1) if row[sample] == "frame")
    _save(path, rows[:gone] + rows[gone + 1 :])


def flipped_label(base: Path) -> None:
    """Give a firm of the frame another origin than its coder did."""
    path = base / "data/raw/evidence/usa.csv"
    rows = _rows(path)
    label, sample = rows[0].index("origin_coder_label"), rows[0].index("sample")
    row = next(
        row for row in rows[1:] if row[label] == "academic_startup" and row[sample] == "frame"
    )
    row[label] = "subsidiary_domestic"
    _save(path, rows)


def stale_output(base: Path) -> None:
    """Change the code of a notebook and keep the outputs of the old code."""
    _edit_notebook(
        base,
        "04_entry_patterns",
        lambda cells: cells[3].update(source=["1 + 1\n", *cells[3]["source"]]),
    )


def stale_package(base: Path) -> None:
    """Change a function of the package and keep the outputs of the old one."""
    path = base / "src/cluster_anatomy/methods/randomness.py"
    text = path.read_text(encoding="utf-8")
    assert "SEED = " in text
    path.write_text(text.replace("SEED = ", "SEED = 1 + ", 1), encoding="utf-8")


def unknown_magic(base: Path) -> None:
    """Write a magic that nobody knows into a notebook."""
    _edit_notebook(
        base,
        "02_firm_origins",
        lambda cells: cells[2].update(source=["%unheard_of\n", *cells[2]["source"]]),
    )


def hidden_exception(base: Path) -> None:
    """Let a cell fail and tag it so that executors do not mind."""

    def hide(cells: list[dict]) -> None:
        cells[4]["metadata"]["tags"] = ["raises-exception"]
        cells[4]["source"] = [*cells[4]["source"], "\n1 / 0"]

    _edit_notebook(base, "02_firm_origins", hide)


FAULTS: list[Callable[[Path], None]] = [
    changed_number,
    changed_number_in_a_notebook,
    wrong_chart,
    wrong_chart_in_a_notebook,
    stripped_notebook,
    swapped_column,
    dropped_row,
    flipped_label,
    stale_output,
    stale_package,
    unknown_magic,
    hidden_exception,
]


def _run(base: Path, *command: str) -> subprocess.CompletedProcess:
    own = {
        "PYTHONPATH": str(base / "src"),
        paths.ROOT_VARIABLE: str(base),
        "TMPDIR": str(base.parent),  # what a check keeps to be looked at goes with the copy
    }
    return subprocess.run(
        [sys.executable, *command], cwd=base, env=os.environ | own, capture_output=True, text=True
    )


def _first(done: subprocess.CompletedProcess, word: str) -> str:
    lines = [line.strip() for line in done.stdout.splitlines() if word in line]
    return lines[0][:160] if lines else (done.stderr.strip().splitlines() or ["?"])[-1][:160]


def _hide(base: Path) -> None:
    """Make checksums and stamps anew, as someone who hides a fault would do."""
    _run(base, "-m", "cluster_anatomy.tables")
    stamps = {
        step.name: freshness.fingerprint(step, base, {}) | freshness.output_digests(step, base)
        for step in steps.load_steps(base)
    }
    freshness.write_stamps(base, stamps)


def try_fault(fault: Callable[[Path], None] | None, base: Path) -> dict[str, str]:
    """Plant one fault, or none, in a fresh copy and return what each check says of it."""
    parent = Path(tempfile.mkdtemp(prefix="cluster-anatomy-fault-")).resolve()
    folder = parent / "copy"
    try:
        copy_compendium(base, folder)
        if fault is not None:
            fault(folder)
        pytest = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", "not nbval"]
        checks = {"stamps": _run(folder, "-m", "cluster_anatomy", "fresh")}
        checks["guards"] = _run(folder, *pytest, *GUARDS)
        _hide(folder)
        checks["rerun"] = _run(folder, "-m", "cluster_anatomy", "check")
    finally:
        shutil.rmtree(parent, ignore_errors=True)
    telling = {"stamps": ":", "guards": "FAILED", "rerun": ", "}
    words = [_first(done, telling[name]) for name, done in checks.items() if done.returncode]
    row = {"fault": "none", "planted": "Nothing: no check may complain."}
    if fault is not None:
        row = {"fault": fault.__name__, "planted": (fault.__doc__ or "").splitlines()[0]}
    row |= {name: "caught" if done.returncode else "passed" for name, done in checks.items()}
    return row | {"first_word": words[0] if words else ""}


def main() -> int:
    """Plant every fault and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only",
        nargs="*",
        choices=[fault.__name__ for fault in FAULTS],
        help="only these, and none at all; nothing is written",
    )
    arguments = parser.parse_args()
    table = []
    for fault in [None, *FAULTS]:
        if fault and arguments.only and fault.__name__ not in arguments.only:
            continue
        table.append(try_fault(fault, paths.root()))
        print(table[-1], flush=True)
    missed = [row["fault"] for row in table[1:] if "caught" not in [row[name] for name in CHECKS]]
    alarms = [name for name in CHECKS if table[0][name] == "caught"]
    if not arguments.only:
        write_csv(RESULT, table)
    caught = f"{len(table) - 1 - len(missed)} of {len(table) - 1} faults caught"
    print(f"{caught}; missed: {missed}; false alarms: {alarms}")
    return 1 if missed or alarms else 0


if __name__ == "__main__":
    sys.exit(main())
