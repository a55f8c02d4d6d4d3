"""What the benchmarks share: tables as CSV and in pages, the machine, the spread of a measure."""

import csv
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from cluster_anatomy.compendium import paths

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks/results"


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table, none if it has not been written yet."""
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_csv(
    path: Path, rows: Sequence[Mapping[str, object]], columns: Sequence[str] | None = None
) -> None:
    """Write rows as CSV, whole or not at all; `columns` are those of the first row if not given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    with open(draft, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns or list(rows[0]), lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(draft, path)


def markdown(
    head: Sequence[str], rows: Sequence[Sequence[str]], rules: Sequence[str] | None = None
) -> str:
    """Return a table in Markdown; `rules` are the cells below the head, such as ``---:``."""
    lines = ["| " + " | ".join(head) + " |"]
    lines.append(
        "|" + "|".join(rules) + "|" if rules else "| " + " | ".join(["---"] * len(head)) + " |"
    )
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def put_between(page: Path, start: str, end: str, text: str) -> None:
    """Put a text between two marks of a page; everything around them stays as it is.

    Raises
    ------
    ValueError
        If the page does not hold both marks.
    """
    before, opened, rest = page.read_text(encoding="utf-8").partition(start)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise ValueError(f"{page.name}: put the marks {start} and {end} around the table.")
    paths.replace_text(page, before + start + text + end + after)


def machine() -> str:
    """Say on what the times were measured."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{cores} cores, {memory:.0f} GiB, {system}"


def spread(values: Sequence[float], digits: int = 2) -> dict[str, str | int]:
    """Return how many values there are, and the least, the median and the most of them."""
    measures = {"min": min(values), "median": statistics.median(values), "max": max(values)}
    return {"n": len(values)} | {name: f"{value:.{digits}f}" for name, value in measures.items()}
