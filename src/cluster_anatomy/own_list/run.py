"""Run the notebooks of the study on a list of one's own, alone or beside China and the USA.

The list comes through the door (`own_list.read`). What follows turns it into the tables of the
study, so that the same functions answer the same questions; what the list does not hold is reported
as missing, not failed.
"""

import hashlib
import json
import os
import shutil
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.compendium import freshness, paths, steps
from cluster_anatomy.compendium import report as run_report
from cluster_anatomy.compendium import run as compendium_run
from cluster_anatomy.compendium.run import locked, say
from cluster_anatomy.own_list import lists
from cluster_anatomy.own_list.analyses import FRAMES, analyses, asked
from cluster_anatomy.own_list.case import (
    HEADERS,
    OWN,
    PLACES,
    RAW,
    TEMPLATES,
    derived,
    rules,
    shaped,
)

# --- A run


@dataclass
class Report:
    """What a run on a list did."""

    results: Path
    seconds: float = 0.0
    ran: list[str] = field(default_factory=list)
    up_to_date: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    analyses: pd.DataFrame = field(default_factory=pd.DataFrame)


def run(folder: Path, beside: Iterable[str] | None = None, jobs: int = 2, tell=say) -> Report:
    """Run the notebooks of the study on the list in a folder, into its ``results/``.

    The list is read and checked before anything is written. The notebooks run in
    ``results/build/case``; only when all of them are done does their outcome take the place of an
    earlier one. Nothing is written outside ``results/``.

    Parameters
    ----------
    folder : Path
        Holds ``description.toml`` and the tables that it names.
    beside : iterable of str, optional
        Countries of the study to set beside the list (``China``, ``USA``); as the description says
        if not given.
    jobs, tell
        As for `run.run`.

    Returns
    -------
    Report
        With the table of `analyses`.

    Raises
    ------
    TableError
        With every problem of the list.
    PipelineError
        If ``results/`` holds something else, or another run is going on.
    """

    started, folder = time.perf_counter(), Path(folder).resolve()
    own = lists.read(folder)
    about = described(own, beside)
    target = folder / "results"
    ours = (target / "build/case").is_dir() or (target / RAW / "description.json").is_file()
    if target.exists() and any(target.iterdir()) and not ours:
        raise steps.PipelineError(
            f"{target} holds something else than results of a run: move it away"
        )
    case = target / "build/case"
    case.mkdir(parents=True, exist_ok=True)
    search = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]
    with locked(target):
        made = prepare(own.tables, about, list(own.warnings), paths.root(), case)
        with _surroundings({"PYTHONPATH": os.pathsep.join(filter(None, search))}):
            report = compendium_run.run(case, jobs=jobs, tell=tell)
            run_report.write(report, case, None)
        done = Report(
            target,
            ran=report.ran,
            up_to_date=report.up_to_date,
            failed=report.failed,
            not_run=report.not_run,
            warnings=report.warnings,
            analyses=made,
        )
        if not report.failed:
            _take_place(case, target)
    done.seconds = time.perf_counter() - started
    return done


def described(own, beside: Iterable[str] | None) -> dict:
    """Return the description of a list as plain data, with what was left out filled in."""
    given, countries = own.description, own.tables["firms"]["country"].dropna()
    wanted = list(given.beside if beside is None else beside)
    if unknown := sorted(set(wanted) - set(FRAMES)):
        raise steps.PipelineError(
            f"beside {', '.join(unknown)}: the study has {' and '.join(FRAMES)}"
        )
    return {
        "title": given.title,
        "country": (
            given.country
            or (countries.mode().iloc[0] if len(countries) else "the country of the list")
        ),
        "industry": given.industry or "the industry of the list",
        "beside": [country for country in FRAMES if country in wanted],
        "years": [given.first, given.last],
        "frame": {
            "name": given.frame_name,
            "meaning": (
                given.frame_meaning
                or "The description does not say why these firms are in the list."
            ),
            "carries_shares": given.carries_shares,
        },
    }


def prepare(
    own: Mapping[str, pd.DataFrame], about: dict, noticed: list[str], study: Path, case: Path
) -> pd.DataFrame:
    """Write what the notebooks read into the folder of a case, and return the table of `analyses`."""
    coding, places, frames = rules(), tables.read(PLACES), tables.read("data/raw/coding/frames.csv")
    found = derived(own, about, coding, places)
    wanted = asked()
    made = analyses(found, about, wanted)
    written = {
        **{f"data/raw/coding/{name}.csv": table for name, table in coding.items()},
        **{path: shaped(pd.DataFrame(), name) for name, path in HEADERS.items()},
        "data/raw/coding/frames.csv": own_frames(frames, found.firms, about),
        "data/raw/coding/figure_words.csv": pd.read_csv(
            study / TEMPLATES / "figure_words.csv", dtype="string"
        ),
        PLACES: found.places,
        f"{RAW}/firms.csv": shaped(found.given, "case_firms"),
        f"{RAW}/evidence.csv": found.evidence,
        f"{RAW}/ties.csv": found.ties,
        f"{RAW}/warnings.csv": pd.DataFrame({"warning": noticed}, dtype="string"),
        f"{RAW}/analyses.csv": made,
        **beside_tables(about["beside"]),
    }
    for stale in ("data/raw", "notebooks"):
        _clear(case / stale, keep=".ipynb")
    with _surroundings({paths.ROOT_VARIABLE: str(case), paths.STAGE_VARIABLE: ""}):
        for path, table in written.items():
            tables.write(table, path)
        _write(
            paths.target(f"{RAW}/description.json"),
            json.dumps(about, indent=1, ensure_ascii=False) + "\n",
        )
        _write(
            case / freshness.LOCK_FILE, (study / freshness.LOCK_FILE).read_text(encoding="utf-8")
        )
        _write(paths.target("data/raw/made_with.txt"), made_with())
        _write_steps(study / TEMPLATES, case, made, wanted)
    return made


def own_frames(frames: pd.DataFrame, firms: pd.DataFrame, about: Mapping) -> pd.DataFrame:
    """Return the frame of the list, and below it those of the countries that it is set beside."""
    countries = firms["country"].unique()
    own = pd.DataFrame(
        {
            "frame": [OWN],
            "country": [countries[0] if len(countries) == 1 else pd.NA],
            "includes": [f"frame={OWN}"],
            "label": [about["frame"]["name"]],
            "carries_shares": ["yes" if about["frame"]["carries_shares"] else "no"],
            "default": ["yes"],
            "meaning": [about["frame"]["meaning"]],
        }
    )
    return pd.concat([own, frames[frames["country"].isin(about["beside"])]], ignore_index=True)


def beside_tables(countries: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Return the entries and the E-I indices of the study for some countries, by the path in a
    case.
    """
    found = tables.read("data/processed/entries.csv")
    index = tables.read("data/processed/ei_index.csv")
    index = index[(index["scope"] == "all") & (index["foreign_ties"] == "left_out")]
    return {
        f"{RAW}/{name}.csv": shaped(table[table["country"].isin(list(countries))], name)
        for name, table in {"beside_entries": found, "beside_ei": index}.items()
    }


def made_with() -> str:
    """Return version and checksum of the program, so that results made by another one are out of
    date.
    """
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*")):
        if (
            file.suffix in (".py", ".toml", ".otf")
            and "site" not in file.relative_to(package).parts
        ):
            digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return f"cluster-anatomy {version('cluster-anatomy')}\nsha256 {digest.hexdigest()}\n"


def _write_steps(
    templates: Path, case: Path, made: pd.DataFrame, wanted: Mapping[str, dict]
) -> None:
    """Write the notebooks and their steps, without the files that the list cannot give."""
    impossible = made.loc[made["status"] == "missing", "analysis"]
    without = {path for name in impossible for path in wanted[name].get("writes", [])}
    lines = ["# The steps of this list: the questions of the study, under its numbers.\n"]
    for step in tomllib.loads((templates / "steps.toml").read_text(encoding="utf-8"))["step"]:
        step["writes"] = [
            file for path in step["writes"] if path not in without for file in _files(path)
        ]
        step["reads"] = [
            *(path for path in step["reads"] if path not in without),
            "data/raw/made_with.txt",
        ]
        lines += [
            "\n[[step]]\n",
            *(f"{key} = {json.dumps(value)}\n" for key, value in step.items()),
        ]
        fresh, old = templates / f"{step['name']}.ipynb", case / f"notebooks/{step['name']}.ipynb"
        # an executed copy of the same notebook stays: it is an output, and its step may be up to
        # date
        if not old.is_file() or freshness.source_digest(old) != freshness.source_digest(fresh):
            shutil.copyfile(fresh, old)
    _write(case / steps.STEPS_FILE, "".join(lines))


def _files(path: str) -> list[str]:
    """Return the three files of a figure; any other path as it is."""
    return [path] if Path(path).suffix else [f"{path}.{ending}" for ending in ("csv", "pdf", "png")]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def _clear(folder: Path, keep: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != keep:
            file.unlink()


def _take_place(case: Path, results: Path) -> None:
    """Put the outcome of a run where the user looks for it; of an older one nothing is left."""
    fresh = results / "build/fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    listed = {path for step in steps.load_steps(case) for path in step.outputs}
    inputs = {
        file.relative_to(case).as_posix()
        for file in (case / "data/raw").rglob("*")
        if file.is_file()
    }
    for path in sorted(listed | inputs | {steps.STEPS_FILE, freshness.LOCK_FILE}):
        (fresh / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(case / path, fresh / path)
    for old in results.iterdir():
        if old.name != "build" and old.name in {
            "README.md",
            "data",
            "figures",
            "notebooks",
            freshness.LOCK_FILE,
        }:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for new in sorted(fresh.iterdir()):
        os.replace(new, results / new.name)
    fresh.rmdir()


@contextmanager
def _surroundings(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def summary(report: Report) -> list[str]:
    """Return the lines to show at the end of a run."""
    lines = [f"warning: {warning}" for warning in report.warnings]
    lines += report.failed.values()
    lines += [f"{name}: {reason}" for name, reason in report.not_run.items()]
    if report.failed:
        return [
            *lines,
            (
                f"the notebooks ran in {report.results / 'build/case'}; earlier results are as they"
                " were"
            ),
        ]
    lines.append(
        f"{len(report.ran)} notebooks run, {len(report.up_to_date)} up to date, in"
        f" {report.seconds:.1f} s"
    )
    missing = report.analyses[report.analyses["status"] == "missing"]
    lines += ["Missing, not failed:"] if len(missing) else []
    lines += [f"  {row.what}: add {row.add}" for row in missing.itertuples()]
    lines.append(f"Look at {report.results / 'README.md'}")
    return lines
