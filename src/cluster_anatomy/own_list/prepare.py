"""The folder of a case: what the notebooks of the study need to run on a list."""

import hashlib
import json
import os
import shutil
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.compendium import freshness, paths, steps
from cluster_anatomy.own_list.analyses import FRAMES, analyses, requirements
from cluster_anatomy.own_list.case import Case, derived, rules
from cluster_anatomy.own_list.labels import labels
from cluster_anatomy.own_list.layout import HEADERS, OWN, PLACES, RAW, TEMPLATES, WORDS, shaped
from cluster_anatomy.own_list.lists import OwnList


def described(own: OwnList, beside: Iterable[str] | None) -> dict:
    """Return the description of a list as plain data, with what was left out filled in."""
    given, countries = own.description, own.tables["firms"]["country"].dropna()
    named = list(given.beside if beside is None else beside)
    if given.joins and named:
        raise steps.PipelineError("a list that joins a listed frame is set beside the other one")
    if unknown := sorted(set(named) - set(FRAMES)):
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
        "beside": [country for country in FRAMES if country in named],
        "joins": given.joins,
        "years": [given.first, given.last],
        "frame": {
            "name": given.frame_name,
            "meaning": (
                given.frame_meaning
                or "The description does not say why these firms are in the list."
            ),
            "carries_shares": given.carries_shares,
        }
        if not given.joins
        else _joined_frame(given.joins),
    }


def _joined_frame(joins: str) -> dict:
    """Return the words of a frame that a list joins."""
    row = tables.read("data/raw/coding/frames.csv").set_index("frame").loc[joins]
    name = f"{row['label']}, with rows of one's own"
    return {"name": name, "meaning": row["meaning"], "carries_shares": True}


def prepare(own: OwnList, about: dict, study: Path, folder: Path) -> pd.DataFrame:
    """Write what the notebooks read into the folder of a case.

    Parameters
    ----------
    own : OwnList
        The list.
    about : dict
        From `described`.
    study, folder : Path
        The compendium, and the folder of the case.

    Returns
    -------
    DataFrame
        The table of `analyses.analyses`.
    """
    coding, required = rules(), requirements()
    case = derived(own.tables, about, coding, tables.read(PLACES))
    made = analyses(case, about, required)
    inputs = _inputs(case, about, coding, study)
    inputs[f"{RAW}/warnings.csv"] = pd.DataFrame({"warning": own.warnings}, dtype="string")
    inputs[f"{RAW}/analyses.csv"] = made
    inputs[f"{RAW}/labels.csv"] = labels(own.tables, about["country"])
    for stale in ("data/raw", "notebooks"):
        _clear(folder / stale, keep=".ipynb")
    with environment({paths.ROOT_VARIABLE: str(folder), paths.STAGE_VARIABLE: ""}):
        for path, table in inputs.items():
            tables.write(table, path)
        description = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
        paths.replace_text(paths.target(f"{RAW}/description.json"), description)
        paths.replace_text(paths.target("data/raw/made_with.txt"), made_with())
        lock = (study / freshness.LOCK_FILE).read_text(encoding="utf-8")
        paths.replace_text(paths.target(freshness.LOCK_FILE), lock)
        _write_steps(study / TEMPLATES, folder, made, required)
    return made


def _inputs(
    case: Case, about: Mapping, coding: Mapping[str, pd.DataFrame], study: Path
) -> dict[str, pd.DataFrame]:
    """Return the tables that the notebooks read, by path in the folder of the case."""
    frames = tables.read("data/raw/coding/frames.csv")
    words = pd.read_csv(study / TEMPLATES / "figure_words.csv", dtype="string")
    return {
        **{f"data/raw/coding/{name}.csv": table for name, table in coding.items()},
        **{path: shaped(pd.DataFrame(), name) for name, path in HEADERS.items()},
        "data/raw/coding/frames.csv": own_frames(frames, case.firms, about),
        "data/raw/coding/figure_words.csv": words,
        PLACES: case.places,
        f"{RAW}/firms.csv": shaped(case.given, "case_firms"),
        f"{RAW}/evidence.csv": case.evidence,
        f"{RAW}/ties.csv": case.ties,
        **beside_tables(about["beside"], about["joins"]),
    }


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
            "pair": [OWN],
            "kind": ["public_firms" if about["joins"] else "mixed"],
            "meaning": [about["frame"]["meaning"]],
        }
    )
    beside = frames[frames["country"].isin(about["beside"]) & (frames["pair"] == "classic")]
    if about["joins"]:
        beside = frames[frames["pair"] == "listed"]
    return pd.concat([own, beside], ignore_index=True)


def beside_tables(countries: Collection[str], joins: str = "") -> dict[str, pd.DataFrame]:
    """Return entries and E-I indices of countries of the study, by path in the folder of a case.

    A list that joins a listed frame has both frames of the pair beside it.
    """
    if not countries and not joins:
        names = ("beside_entries", "beside_ei")
        return {f"{RAW}/{name}.csv": shaped(pd.DataFrame(), name) for name in names}
    entries = tables.read(f"data/processed/{'listed_' if joins else ''}entries.csv")
    countries = entries["country"].unique() if joins else list(countries)
    index = tables.read("data/processed/ei_index.csv")
    index = index[(index["scope"] == "all") & (index["foreign_ties"] == "left_out")]
    return {
        f"{RAW}/{name}.csv": shaped(table[table["country"].isin(countries)], name)
        for name, table in {"beside_entries": entries, "beside_ei": index}.items()
    }


def made_with() -> str:
    """Return version and checksum of the program: what another one has made is out of date."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*")):
        if (
            file.suffix in (".py", ".toml", ".otf", ".csv")
            and "site" not in file.relative_to(package).parts
        ):
            digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return f"cluster-anatomy {version('cluster-anatomy')}\nsha256 {digest.hexdigest()}\n"


def _write_steps(
    templates: Path, folder: Path, made: pd.DataFrame, required: Mapping[str, dict]
) -> None:
    """Write the notebooks and their steps, without the files that the list cannot give."""
    impossible = set(required) - set(made.loc[made["status"] != "missing", "analysis"])
    without = {path for name in impossible for path in required[name].get("writes", [])}
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
        fresh, old = templates / f"{step['name']}.ipynb", folder / f"notebooks/{step['name']}.ipynb"
        # an executed copy of the same notebook stays: its step may be up to date
        if not old.is_file() or freshness.source_digest(old) != freshness.source_digest(fresh):
            shutil.copyfile(fresh, old)
    shutil.copytree(templates / "words", folder / WORDS, dirs_exist_ok=True)
    paths.replace_text(paths.target(steps.STEPS_FILE), "".join(lines))


def _files(path: str) -> list[str]:
    """Return the three files of a figure; any other path as it is."""
    return [path] if Path(path).suffix else [f"{path}.{ending}" for ending in ("csv", "pdf", "png")]


def _clear(folder: Path, keep: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != keep:
            file.unlink()


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
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
