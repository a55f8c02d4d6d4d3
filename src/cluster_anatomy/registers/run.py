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
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from cluster_anatomy.compendium import freshness, paths
from cluster_anatomy.compendium.lock import locked
from cluster_anatomy.compendium.run import say
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.reading import years
from cluster_anatomy.registers.addresses import (
    TABLE,
    as_address,
    check_target,
    is_remote,
    upload,
)
from cluster_anatomy.registers.files import Source, find_sources, table_source
from cluster_anatomy.registers.measure import Usage, watched
from cluster_anatomy.registers.spark import Cluster, first_line, require_spark
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
from cluster_anatomy.registers.work import (
    ENGINES,
    MARK,
    OUTPUTS,
    Run,
    code_digest,
    default_memory,
)

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


@contextmanager
def _prepared(folder: Path) -> Iterator[None]:
    """Make the folder of a run, or make sure that it is one of ours; hold its lock.

    If the run is refused before a stage is finished, what was made here goes again.

    Raises
    ------
    PipelineError
        If something else is in it.
    """
    if folder.exists() and not folder.is_dir():
        raise PipelineError(f"--into {folder}: this is a file; name a new folder")
    before = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if before and MARK not in before:
        raise PipelineError(
            f"--into {folder}: the folder holds other files; name a new or empty folder"
        )
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder):
            yield
    except PipelineError:
        if not before and not list(folder.glob("build/stages/*.json")):
            shutil.rmtree(folder / "build", ignore_errors=True)
            (folder / MARK).unlink(missing_ok=True)
            with suppress(OSError):  # something of somebody else's is in it
                for path in missing:
                    path.rmdir()
        raise


def work_folder(into: str | Path, work: str | Path | None = None) -> Path:
    """Return the folder on this machine in which the stages of a run lie.

    That is `into` itself, or `work` (default: one below the compendium's ``build``) if `into` is an
    address in a store or a catalogue.
    """
    target = target_of(into)
    if not target.startswith(TABLE) and not is_remote(target):
        return Path(target).resolve()
    name = freshness.digest_of(target)[:12]
    return Path(work or paths.root() / "build/registers" / name).resolve()


def target_of(into: str | Path) -> str:
    """Return where results go: a folder, an address, or ``table:`` and a database."""
    return str(into) if str(into).startswith(TABLE) else as_address(into)


def run_register(
    files: Sequence[str | Path],
    into: str | Path,
    *,
    engine: str = "duckdb",
    memory: int | None = None,
    spill: Path | None = None,
    jobs: int = 2,
    columns: dict[str, str] | None = None,
    encoding: str = "",
    fresh: bool = False,
    tell: Callable[[str], None] = say,
    work: str | Path | None = None,
    master: str = "",
    settings: dict[str, str] | None = None,
    session: Any = None,
) -> dict[str, Stamp]:
    """Take a register from its files to entry by region, year and origin.

    Parameters
    ----------
    files : sequence of str or Path
        CSV (any common encoding and separator, packed or not) or Parquet, all of one register;
        folders of either; addresses in stores; with Spark, ``table:`` and the name of a table.
    into : str or Path
        Folder for the results; new, empty, or that of an earlier run, whose finished stages are
        kept. An address in a store; with Spark, ``table:`` and the name of a database.
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
    encoding : str
        Of the files of text; it is found if not given.
    fresh : bool
        Do every stage again.
    tell
        What takes each line of progress.
    work : str or Path, optional
        Folder for the stages, where `into` is no folder of this machine (`work_folder`).
    master, settings : str, dict, optional
        Spark's master and settings.
    session : pyspark.sql.SparkSession, optional
        A session that is open already: it is used, and not stopped. The engine is Spark.

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
    cluster = Cluster(master, settings or {}, session)
    engine = "spark" if session is not None else engine
    _check_engine(engine, cluster)
    tables = [str(given) for given in files if str(given).startswith(TABLE)]
    others = [given for given in files if not str(given).startswith(TABLE)]
    sources = find_sources(others, columns or {}, jobs, encoding)
    target, folder = target_of(into), work_folder(into, work)
    room = _spill_folder(folder, spill)
    run = Run(sources, folder, engine, memory or default_memory(), room, jobs, tell, cluster)
    with _prepared(folder):
        shutil.rmtree(room, ignore_errors=True)  # what a run that was killed has left
        with _ending(run):
            for table in tables:
                header = run.catalogue.headings(table.removeprefix(TABLE))
                run.sources.append(table_source(table, header, columns or {}))
            _check_target(run, target)
            key = _begin(run)
            report = _run_stages(run, key, fresh)
            _publish(run)
            _deliver(run, target)
    return report


def _spill_folder(folder: Path, spill: Path | None) -> Path:
    """Return the folder for what does not fit: one of our own, since it is emptied."""
    if spill is None:
        return folder / "build/spill"
    return spill.resolve() / f"cluster-anatomy-{freshness.digest_of(str(folder))[:12]}"


@contextmanager
def _ending(run: Run) -> Iterator[None]:
    """Close a run however it ends, and say in one line if memory or disk ran out."""
    try:
        yield
    except (PipelineError, BrokenPipeError):  # a reader of the progress, such as head, has left
        raise
    except Exception as error:
        if (shortage := _shortage(error)) is None:
            raise
        raise PipelineError(f"{shortage}; finished stages are kept") from None
    finally:
        run.close()


def _check_engine(engine: str, cluster: Cluster) -> None:
    """Stop if there is no such engine, or not all that it needs."""
    if engine not in ENGINES:
        raise PipelineError(f"--engine {engine}: there are {' and '.join(ENGINES)}")
    if engine == "spark":
        require_spark(cluster)
    elif cluster.master or cluster.settings:
        raise PipelineError("--master and --spark-conf are Spark's; add --engine spark")


def _check_target(run: Run, target: str) -> None:
    """Stop if results cannot be written where they are to go."""
    if target.startswith(TABLE):
        if not run.catalogue.has_database(target.removeprefix(TABLE)):
            raise PipelineError(f"--into {target}: the catalogue has no such database")
    elif is_remote(target):
        check_target(target, MARK)


def _deliver(run: Run, target: str) -> None:
    """Copy the results to an address, or write them as tables of a catalogue."""
    if target.startswith(TABLE):
        for name in OUTPUTS:
            if name.endswith(".parquet"):
                table = f"{target.removeprefix(TABLE)}.register_{name.removesuffix('.parquet')}"
                run.catalogue.save(run.into / name, table)
                run.tell(f"{TABLE}{table}")
    elif is_remote(target):
        upload(run.into, [MARK, *OUTPUTS], target)


def _begin(run: Run) -> str:
    """Write what is read into the folder and tell it; return the key of the first stage."""
    described = [
        {
            "file": source.label,
            "digest": source.digest,
            "columns": dict(source.columns),
            "encoding": source.encoding,
            "separator": source.separator,
        }
        for source in run.sources
    ]
    for line in dict.fromkeys(map(_described, run.sources)):
        run.tell(line)
    if damaged := sum(source.damaged for source in run.sources):
        run.tell(f"      {damaged:,} lines are not UTF-8 text; rejected.csv lists their rows")
    mark = {"engine": run.engine_name, "files": described}
    text = json.dumps(mark, indent=1, ensure_ascii=False) + "\n"
    paths.replace_text(run.into / MARK, text)
    content = [described, run.engine_name, years.this_year(), code_digest()]
    return freshness.digest_of(content)


def _described(source: Source) -> str:
    """Return the line that says how a file, or a folder of files, is read."""
    name = source.label if source.given == source.address else source.given
    sign = {"\t": "tab"}.get(source.separator, source.separator)
    form = f"{source.wide or source.encoding}, cells parted by {sign}"
    listed = ", ".join(f"{what} = {heading}" for what, heading in source.columns.items())
    packed = f"{source.packed}, " if source.packed else ""
    return f"{name}: {packed}{form if source.encoding else 'Parquet'}; {listed}"


def _shortage(error: BaseException | None) -> str | None:
    """Return what ran out, if that is what an error, or its cause, is about."""
    while error is not None:
        if told := re.search(r"PipelineError: (.+)", str(error)):  # from a worker of Spark
            return told[1]
        if missing := re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", str(error)):
            return f"a worker of Spark has no package {missing[1]}; install it there"
        line, name = (str(error).strip().splitlines() or [""])[0], type(error).__name__
        if name in ("MemoryError", "OutOfMemoryException") or "OutOfMemoryError" in line:
            return f"the memory ran out ({line}); give more with --memory, or room with --spill"
        if name == "BrokenProcessPool":
            return "a worker process was killed, mostly for want of memory; give fewer --jobs"
        if isinstance(error, OSError) or name == "IOException":
            return line
        if type(error).__module__.startswith(("py4j.", "pyspark.")):
            return f"Spark stopped ({first_line(error)})"
        error = error.__cause__ or error.__context__
    return None


def summary(into: str | Path, work: str | Path | None = None) -> list[str]:
    """Return the lines to show at the end: the ledger and where the results are."""
    with open(work_folder(into, work) / "ledger.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return [f"  {int(count):>14,}  {what}" for what, count in rows] + [
        f"Results: {target_of(into)}: {', '.join(OUTPUTS)}"
    ]
