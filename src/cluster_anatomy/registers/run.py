"""A business register of any country and size: from its files to entry by region, year and origin.

``python -m cluster_anatomy register FILE... --into FOLDER`` takes a register through eight stages,
each of which writes Parquet files and a stamp, so that an interrupted run goes on from the last
finished stage:

read (rows and rejects) · place (region of each place) · clean (names taken apart,
`linkage.prepare`) · link (pairs by the linkage model, `linkage.settings`) · group (linked names
become firms) · describe (one row per firm) · classify (the study's rules of origin) · enter (entry
by region, year and origin; the ledger).

The stages run on DuckDB or, where a register does not fit on one machine, on Spark (`engines`).
"""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.run import locked, say
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


def _stamp_text(folder: Path, key: str, rows: int, usage: Usage) -> str:
    files = {
        file.relative_to(folder).as_posix(): paths.digest(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    return json.dumps(
        {
            "key": key,
            "rows": rows,
            "seconds": round(usage.seconds, 2),
            "cpu": round(usage.cpu, 2),
            "peak_bytes": usage.peak,
            "files": files,
        },
        indent=1,
    )


def finished(folder: Path, key: str) -> dict | None:
    """Return the stamp of a stage if it was finished with this key and its files are as they were
    written.
    """
    stamp = folder.with_suffix(".json")
    try:
        found = json.loads(stamp.read_text(encoding="utf-8"))
        fits = found["key"] == key and all(
            paths.digest(folder / name) == sha for name, sha in found["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if fits else None


def _do(run: Run, name: str, key: str) -> dict:
    """Do one stage: into a draft folder, which takes the place of the old one only when it is
    whole.
    """
    folder, draft = run.stages / name, run.stages / f".{name}.tmp"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    with watched() as usage:
        rows = STAGES[name](run, draft)
    text = _stamp_text(draft, key, rows, usage)
    folder.with_suffix(".json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(draft, folder)
    paths.replace_text(folder.with_suffix(".json"), text)
    if run._engine:
        run.show(folder)
    return json.loads(text)


def _publish(run: Run) -> None:
    """Put the results into the folder, each whole."""
    for name in OUTPUTS:
        made, target, draft = (
            run.stages / "enter" / name,
            run.into / name,
            run.into / f".{name}.tmp",
        )
        shutil.rmtree(draft, ignore_errors=True)
        if made.is_dir():
            shutil.copytree(made, draft)
        else:
            shutil.copyfile(made, draft)
        if target.is_dir():
            shutil.rmtree(target)
        elif made.is_dir():
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
) -> dict[str, dict]:
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
    with locked(into):
        described = [
            {
                "file": s.label,
                "digest": paths.digest(s.path),
                "columns": dict(s.columns),
                "encoding": s.encoding,
                "separator": s.separator,
            }
            for s in sources
        ]
        paths.replace_text(
            into / MARK,
            json.dumps({"engine": engine, "files": described}, indent=1, ensure_ascii=False) + "\n",
        )
        for one in described:
            known = ", ".join(f"{what} = {heading}" for what, heading in one["columns"].items())
            tell(f"{one['file']}: {known}")
        work = Run(
            sources, into, engine, memory, (spill or into / "build" / "spill").resolve(), jobs, tell
        )
        latest = years.this_year()
        key = hashlib.sha256(
            json.dumps([described, engine, latest, code_digest()]).encode()
        ).hexdigest()
        report, going_on = {}, not fresh
        try:
            for number, name in enumerate(STAGES, start=1):
                key = hashlib.sha256(f"{key}/{name}".encode()).hexdigest()
                stamp = finished(work.stages / name, key) if going_on else None
                going_on = stamp is not None
                if stamp is None:
                    tell(f"[{number}/{len(STAGES)}] {name} …")
                    stamp = _do(work, name, key)
                    took = (
                        f"{stamp['seconds']:.1f} s ({stamp['cpu']:.1f} s of processor time), at"
                        f" most {stamp['peak_bytes'] / 2**30:.1f} GiB"
                    )
                else:
                    stamp["kept"], took = True, "finished before"
                tell(f"[{number}/{len(STAGES)}] {name}: {stamp['rows']:,} rows, {took}")
                work.done.append(work.stages / name)
                report[name] = stamp
            _publish(work)
        except PipelineError:
            raise
        except Exception as error:
            if (said := _shortage(error)) is None:
                raise
            raise PipelineError(f"{said}; finished stages are kept") from None
        finally:
            work.close()
    return report


def _shortage(error: BaseException | None) -> str | None:
    """Return what ran out, if that is what an error, or its cause, is about."""
    while error is not None:
        first, name = (str(error).strip().splitlines() or [""])[0], type(error).__name__
        if name in ("MemoryError", "OutOfMemoryException") or "OutOfMemoryError" in first:
            return f"the memory ran out ({first}); give more with --memory, or room with --spill"
        if name == "BrokenProcessPool":
            return "a worker process was killed, mostly for want of memory; give fewer --jobs"
        if isinstance(error, OSError) or name == "IOException":
            return first
        error = error.__cause__ or error.__context__
    return None


def summary(into: Path) -> list[str]:
    """Return the lines to show at the end: the ledger and where the results are."""
    with open(into / "ledger.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return [f"  {int(count):>14,}  {what}" for what, count in rows] + [
        f"Results: {into}: {', '.join(OUTPUTS)}"
    ]
