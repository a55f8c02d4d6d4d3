"""A business register of any country and size: from its files to entry by region, year and origin.

``python -m cluster_anatomy register FILE... --into FOLDER`` takes a register through eight stages,
each of which writes Parquet files and a stamp, so that an interrupted run goes on from the last
finished stage:

read (rows and rejects) · place (region of each place) · clean (names taken apart,
`linkage.prepare`) · link (pairs by the linkage model, `linkage.settings`) · group (linked names
become firms) · describe (one row per firm) · classify (the study's rules of origin) · enter (entry
by region, year and origin; the ledger). `stages` has a module or two for each.

The stages run on DuckDB or, where a register does not fit on one machine, on Spark (`engines`).
"""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NotRequired, TypedDict

from cluster_anatomy.compendium import freshness, paths
from cluster_anatomy.compendium.lock import locked
from cluster_anatomy.compendium.run import say
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.reading import years
from cluster_anatomy.registers.engines import ENGINES
from cluster_anatomy.registers.files import find_sources
from cluster_anatomy.registers.measure import Usage, watched
from cluster_anatomy.registers.stages import (
    classify,
    clean,
    describe,
    enter,
    group,
    link,
    place,
    read,
)
from cluster_anatomy.registers.work import MARK, OUTPUTS, Run, code_digest, default_memory

STAGES: dict[str, Callable[[Run, Path], int]] = {
    "read": read,
    "place": place,
    "clean": clean,
    "link": link,
    "group": group,
    "describe": describe,
    "classify": classify,
    "enter": enter,
}


# --- Stamps, so that finished stages are not done again


class Stamp(TypedDict):
    """What is kept of a stage: its key, what it took, and the digests of its files."""

    key: str
    rows: int
    seconds: float
    cpu: float
    peak_bytes: int
    files: dict[str, str]
    kept: NotRequired[bool]


def _stamp(folder: Path, key: str, rows: int, usage: Usage) -> Stamp:
    return {
        "key": key,
        "rows": rows,
        "seconds": round(usage.seconds, 2),
        "cpu": round(usage.cpu, 2),
        "peak_bytes": usage.peak,
        "files": {
            file.relative_to(folder).as_posix(): paths.digest(file)
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        },
    }


def finished(folder: Path, key: str) -> Stamp | None:
    """Return the stamp of a stage if it was finished with this key and its files are unchanged."""
    try:
        stamp: Stamp = json.loads(folder.with_suffix(".json").read_text(encoding="utf-8"))
        fits = stamp["key"] == key and all(
            paths.digest(folder / name) == digest for name, digest in stamp["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stamp if fits else None


# --- One stage, and all of them


def _run_stage(run: Run, name: str, key: str) -> Stamp:
    """Run one stage into a draft folder, which takes the place of the old one when it is whole."""
    folder, draft = run.stages / name, run.stages / f".{name}.tmp"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    with watched() as usage:
        rows = STAGES[name](run, draft)
    stamp = _stamp(draft, key, rows, usage)
    folder.with_suffix(".json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(draft, folder)
    paths.replace_text(folder.with_suffix(".json"), json.dumps(stamp, indent=1))
    return stamp


def _run_stages(run: Run, key: str, fresh: bool) -> dict[str, Stamp]:
    """Run the stages, except those at the beginning that were finished with the same key."""
    report: dict[str, Stamp] = {}
    going_on = not fresh
    for number, name in enumerate(STAGES, start=1):
        key = hashlib.sha256(f"{key}/{name}".encode()).hexdigest()
        stamp = finished(run.stages / name, key) if going_on else None
        going_on = stamp is not None
        if stamp is None:
            run.tell(f"[{number}/{len(STAGES)}] {name} …")
            stamp = _run_stage(run, name, key)
            took = (
                f"{stamp['seconds']:.1f} s ({stamp['cpu']:.1f} s of processor time), at"
                f" most {stamp['peak_bytes'] / 2**30:.1f} GiB"
            )
        else:
            stamp["kept"], took = True, "finished before"
        run.tell(f"[{number}/{len(STAGES)}] {name}: {stamp['rows']:,} rows, {took}")
        run.finish(run.stages / name)
        report[name] = stamp
    return report


def _publish(run: Run) -> None:
    """Put the results into the folder, each whole."""
    for name in OUTPUTS:
        result, target = run.stages / "enter" / name, run.into / name
        draft = run.into / f".{name}.tmp"
        shutil.rmtree(draft, ignore_errors=True)
        if result.is_dir():
            shutil.copytree(result, draft)
        else:
            shutil.copyfile(result, draft)
        if target.is_dir():
            shutil.rmtree(target)
        elif result.is_dir():
            target.unlink(missing_ok=True)
        os.replace(draft, target)


def _prepare_folder(into: Path) -> None:
    """Make the folder, or make sure that it is one of ours.

    Raises
    ------
    PipelineError
        If something else is in it.
    """
    if into.exists() and not into.is_dir():
        raise PipelineError(f"--into {into}: this is a file; name a new folder")
    if into.is_dir() and any(into.iterdir()) and not (into / MARK).is_file():
        raise PipelineError(
            f"--into {into}: the folder holds other files; name a new or empty folder"
        )
    into.mkdir(parents=True, exist_ok=True)


def run_register(
    files: list[Path],
    into: Path,
    *,
    engine: str = "duckdb",
    memory: int | None = None,
    spill: Path | None = None,
    jobs: int = 2,
    columns: dict[str, str] | None = None,
    fresh: bool = False,
    tell: Callable[[str], None] = say,
) -> dict[str, Stamp]:
    """Take a register from its files to entry by region, year and origin.

    Parameters
    ----------
    files : list of Path
        CSV (any common encoding and separator) or Parquet, all of one register.
    into : Path
        Folder for the results; new, empty, or that of an earlier run, whose finished stages are
        kept.
    engine : {"duckdb", "spark"}
        What carries the tables.
    memory : int, optional
        Bytes to use (default: half of the machine's).
    spill : Path, optional
        Folder for what does not fit (default: below `into`).
    jobs : int
        Processor cores.
    columns : dict, optional
        What -> heading (`files.words`), for columns that their headings do not tell.
    fresh : bool
        Do every stage again.
    tell
        What takes each line of progress.

    Returns
    -------
    dict
        For each stage: ``rows``, ``seconds``, ``peak_bytes``, and ``kept`` if it was finished
        before.

    Raises
    ------
    PipelineError
        For a mistake in the arguments or files (before anything is written), or if memory or disk
        run out.
    """
    if engine not in ENGINES:
        raise PipelineError(f"--engine {engine}: there are {' and '.join(ENGINES)}")
    sources = find_sources(files, columns or {})
    into, memory = into.resolve(), memory or default_memory()
    _prepare_folder(into)
    spill = (spill or into / "build" / "spill").resolve()
    run = Run(sources, into, engine, memory, spill, jobs, tell)
    with locked(into):
        key = _begin(run)
        try:
            report = _run_stages(run, key, fresh)
            _publish(run)
        except (PipelineError, BrokenPipeError):  # a reader of the progress, such as head, has left
            raise
        except Exception as error:
            if (shortage := _shortage(error)) is None:
                raise
            raise PipelineError(f"{shortage}; finished stages are kept") from None
        finally:
            run.close()
    return report


def _begin(run: Run) -> str:
    """Write what is read into the folder and tell it; return the key of the first stage."""
    described = []
    for source in run.sources:
        columns = dict(source.columns)
        described.append(
            {
                "file": source.label,
                "digest": paths.digest(source.path),
                "columns": columns,
                "encoding": source.encoding,
                "separator": source.separator,
            }
        )
        listed = ", ".join(f"{what} = {heading}" for what, heading in columns.items())
        run.tell(f"{source.label}: {listed}")
    mark = {"engine": run.engine_name, "files": described}
    text = json.dumps(mark, indent=1, ensure_ascii=False) + "\n"
    paths.replace_text(run.into / MARK, text)
    content = [described, run.engine_name, years.this_year(), code_digest()]
    return freshness.digest_of(content)


def _shortage(error: BaseException | None) -> str | None:
    """Return what ran out, if that is what an error, or its cause, is about."""
    while error is not None:
        line, name = (str(error).strip().splitlines() or [""])[0], type(error).__name__
        if name in ("MemoryError", "OutOfMemoryException") or "OutOfMemoryError" in line:
            return f"the memory ran out ({line}); give more with --memory, or room with --spill"
        if name == "BrokenProcessPool":
            return "a worker process was killed, mostly for want of memory; give fewer --jobs"
        if isinstance(error, OSError) or name == "IOException":
            return line
        error = error.__cause__ or error.__context__
    return None


def summary(into: Path) -> list[str]:
    """Return the lines to show at the end: the ledger and where the results are."""
    with open(into / "ledger.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return [f"  {int(count):>14,}  {what}" for what, count in rows] + [
        f"Results: {into}: {', '.join(OUTPUTS)}"
    ]
