"""A new own list: a small folder that explains itself."""

import csv
import io
import os
import re
from importlib import resources
from pathlib import Path
from string import Template

from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.steps import PipelineError, load_steps
from cluster_anatomy.own_list import folders
from cluster_anatomy.own_list.description import JOINS, TABLES, read_description
from cluster_anatomy.own_list.typed_cells import FILLED
from cluster_anatomy.reading import headings, sources
from cluster_anatomy.reading.problems import UnreadableError, meant
from cluster_anatomy.reading.sources import NEEDED
from cluster_anatomy.reading.table import EXAMPLE
from cluster_anatomy.tables.contract import Column, Table, contracts

EXAMPLES = {
    "firms": {
        "name": f"{EXAMPLE}: Amber Biotech Ltd.",
        "other_names": "Amber Bio|Amber",
        "place": "Lakeside",
        "entry_year": "1998",
        "product": "vaccines",
        "source_urls": "https://example.org/amber",
        "note": "delete this row or leave it: it is not read",
    },
    "evidence": {
        "name": f"{EXAMPLE}: Amber Biotech Ltd.",
        "founder_names": "A. Person|B. Person",
        "founder_prior_orgs": "Lakeside University|Old Pharma",
        "founder_prior_org_types": "university|firm_same_industry",
        "founder_prior_cities": "Lakeside|Hilltown",
        "ownership_at_entry": "private",
        "evidence": "Two scientists founded it, one from the university and one from a firm.",
        "source_urls": "https://example.org/amber",
        "confidence": "medium",
    },
    "ties": {
        "source_name": f"{EXAMPLE}: Amber Biotech Ltd.",
        "source_type": "firm_same_industry",
        "source_city": "Lakeside",
        "target_name": "Old Pharma",
        "target_type": "firm_same_industry",
        "target_city": "Hilltown",
        "tie_type": "licensed_from",
        "year": "2001",
        "evidence": "It makes a vaccine under a licence.",
        "source_urls": "https://example.org/licence",
    },
    "places": {
        "name": f"{EXAMPLE}: Lakeside",
        "other_names": "Lake Side",
        "region": "Greater Lakeside",
        "latitude": "12.9716",
        "longitude": "77.5946",
    },
}


def ready() -> list[str]:
    """Return the names of the ready descriptions."""
    return sorted(
        file.name.removesuffix(".toml")
        for file in resources.files(__package__).joinpath("ready").iterdir()
        if file.name.endswith(".toml")
    )


def new(
    name: str,
    like: str | None = None,
    country: str | None = None,
    folder: Path | None = None,
    joins: str | None = None,
) -> Path:
    """Write the folder of a new own list.

    Parameters
    ----------
    name : str
        A bare name (the folder is ``own_lists/<name>``, or where there is no compendium,
        ``<name>``) or a path.
    like : str, optional
        A ready description (`ready`), or an own list whose description and tables are copied,
        without results.
    country : str, optional
        Country of the firms, put into the description.
    folder : Path, optional
        Where to write, if not where `name` says.
    joins : str, optional
        A frame of the listed pair that the list is to join (`description.JOINS`).

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    PipelineError
        If the name is no name for a list, or there is nothing of the name `like`.
    FileExistsError
        If the folder holds anything; nothing is written then.
    """
    bare = re.fullmatch(r"\w[\w.-]*", name) is not None
    if not bare and not ("/" in name or os.sep in name):
        raise PipelineError(
            f"'{name}' is no name for a list: use letters, digits, '-', '_' and '.', or give a path"
        )
    base = paths.found()
    if bare and base and name in [step.name for step in load_steps(base)]:
        raise PipelineError(f"'{name}' is a step of the study; give the list another name")
    target = folder or (
        base / folders.FOLDER / name if bare and base else Path(name).expanduser().resolve()
    )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(
            f"{folders.display_name(target)} is there already; nothing was written. Take another"
            " name, or remove it yourself"
        )
    files = _files(target.name, like, country) if joins is None else _joining(target.name, joins)
    with paths.draft_folder(target) as draft:
        for file, content in files.items():
            (draft / file).write_bytes(content)
    return target


def _files(name: str, like: str | None, country: str | None) -> dict[str, bytes]:
    """Return the files of a new folder by name."""
    files = {f"{table}.csv": template(table) for table in TABLES}
    if like is None:
        words = {"title": name, "name": name, "country": country or ""}
        quoted = {key: _quoted(word) for key, word in words.items()}
        text = Template(_packaged("templates/description.toml")).substitute(quoted)
        files = {"description.toml": text.encode()} | files
    elif like in ready():
        del files["firms.csv"]
        text = _with_country(_packaged(f"ready/{like}.toml"), country)
        files = {"description.toml": text.encode()} | files
    else:
        files = _copied(like, country)
    return files | {"README.md": readme().encode()}


def _joining(name: str, joins: str) -> dict[str, bytes]:
    """Return the files of a new folder that joins a frame: its firms are those of the study."""
    if joins not in JOINS:
        raise PipelineError(f"no list can join '{joins}'; there are: {', '.join(JOINS)}")
    words = {"title": _quoted(name), "joins": joins}
    text = Template(_packaged("templates/joined.toml")).substitute(words)
    files = {"description.toml": text, "README.md": readme()}
    return {file: text.encode() for file, text in files.items()} | {
        "evidence.csv": template("evidence")
    }


def _packaged(file: str) -> str:
    return resources.files(__package__).joinpath(file).read_text(encoding="utf-8")


def _copied(like: str, country: str | None) -> dict[str, bytes]:
    """Return the description and the tables of another list, without its results."""
    folder = folders.locate(like) if paths.found() else Path(like).expanduser().resolve()
    described = (folder / sources.FILE).is_file()
    description = read_description(folder)[0] if described else None
    if description is None:
        names = [*ready(), *folders.list_names()]
        raise PipelineError(
            f"there is no description and no list '{like}' (there are: {', '.join(names)})."
            f" {meant(like, names)}".strip()
        )
    try:
        text = sources.read_file(folder, sources.FILE).decode("utf-8-sig")
        files = {"description.toml": _with_country(text, country).encode()}
        for table in TABLES:
            file, _ = sources.data_file(folder, table, description.sources[table])
            if file is not None:
                files[file.name] = sources.read_file(folder, file.relative_to(folder))
    except UnreadableError as error:
        raise PipelineError(f"{folders.display_name(folder)} cannot be copied: {error}") from None
    return files


def _quoted(text: str) -> str:
    """Return a text fit to stand between the double quotes of TOML."""
    return (
        "".join(char for char in text if char.isprintable())
        .replace("\\", "\\\\")
        .replace('"', '\\"')
    )


def _with_country(text: str, country: str | None) -> str:
    if country is None:
        return text
    line = f'country = "{_quoted(country)}"'
    return re.sub(r"(?m)^country\s*=.*$", lambda _: line, text, count=1)


def template(table: str) -> bytes:
    """Return an empty table with its headings and an example row, which is left out when read.

    It begins with a byte order mark, so that spreadsheets know it for UTF-8.
    """
    labels = [
        column.name for column in contracts()[f"own_{table}"].columns if column.name not in FILLED
    ]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(labels)
    writer.writerow([EXAMPLES[table].get(label, "") for label in labels])
    return buffer.getvalue().encode("utf-8-sig")


def readme() -> str:
    """Return the README of a new folder, made from the contracts."""
    return _packaged("templates/README.md") + "".join(
        _chapter(contracts()[f"own_{table}"], table) for table in TABLES
    )


def _chapter(contract: Table, table: str) -> str:
    lines = [
        "",
        f"## {table}: {contract.unit_of_observation} per row",
        "",
        contract.description,
        "",
        "| column | kind | what it is | other headings |",
        "|---|---|---|---|",
    ]
    for column in contract.columns:
        if column.name not in FILLED:
            cells = _row(column, headings.headings()[table].get(column.name, []))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _row(column: Column, other_headings: list[str]) -> list[str]:
    kind = {"list": "list", "url_list": "addresses"}.get(column.type, column.type)
    kind += ", needed" if column.name in NEEDED else ""
    what = column.description
    if column.allowed:
        what += f" One of: {', '.join(f'`{value}`' for value in column.allowed)}."
    cells = (f"`{column.name}`", kind, what, ", ".join(other_headings[:6]))
    return [" ".join(cell.split()).replace("|", "\\|") for cell in cells]
