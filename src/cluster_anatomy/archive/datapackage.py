"""The Data Package: datapackage.json."""

import csv
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from cluster_anatomy.archive.record import Record, to_json
from cluster_anatomy.compendium import paths
from cluster_anatomy.tables.contract import (
    Column,
    Table,
    TableError,
    contract_of,
    contracts,
    limits,
)

ROOMS = ("data/", "figures/", "seeds/")
"""Where every table must have a contract."""
TYPES = {"list": "string", "url_list": "string"}
"""Types of the Table Schema for those types of a contract that have another name there."""


def _resource_name(path: str) -> str:
    return re.sub(r"[^a-z0-9._-]", "-", path.lower().removesuffix(".csv"))


def _pattern(column: Column) -> str | None:
    """Return the regular expression of a cell, from what the contract says of a list's parts."""
    if column.type not in ("list", "url_list"):
        return column.pattern
    part = "|".join(map(re.escape, column.allowed)) or column.pattern
    if not part:
        return None
    part = f"({part})?" if column.blank_parts else f"({part})"
    return rf"\s*{part}\s*({re.escape(column.separator)}\s*{part}\s*)*"


def field(column: Column, key: Iterable[str] = ()) -> dict[str, object]:
    """Return a column of a contract as a field of a Table Schema.

    Parameters
    ----------
    column : Column
        From the contract.
    key : iterable of str
        Columns of the table's key.

    Returns
    -------
    dict
        ``name``, ``type``, ``description`` and, if there are any, ``constraints``.
    """
    description = column.description
    if column.type in ("list", "url_list"):
        description += f" A list, its parts between '{column.separator}'."
    if column.references:
        description += f" Occurs in {column.references}."
    constraints = _constraints(column, tuple(key))
    return {
        "name": column.name,
        "type": TYPES.get(column.type, column.type),
        "description": description,
        **({"constraints": constraints} if constraints else {}),
    }


def _constraints(column: Column, key: tuple[str, ...]) -> dict[str, object]:
    low, high = limits(column)
    listed = column.type in ("list", "url_list")
    whole = column.type in ("integer", "year")
    constraints = {
        "required": True if column.required else None,
        "unique": True if key == (column.name,) else None,
        "enum": list(column.allowed) if column.allowed and not listed else None,
        "pattern": _pattern(column) if listed or column.type == "string" else None,
        "minimum": low if low is None or not whole else int(low),
        "maximum": high if high is None or not whole else int(high),
    }
    return {name: value for name, value in constraints.items() if value is not None}


def _foreign_keys(table: Table, path: str, listed: list[str]) -> list[dict[str, object]]:
    """Return the references that a Data Package can state: one value, in a table of one file."""
    keys: list[dict[str, object]] = []
    for column in table.columns:
        if not column.references or column.type == "list":
            continue
        name, _, label = column.references.partition(".")
        homes = [other for other in listed if contract_of(other).name == name]
        if len(homes) == 1:
            resource = "" if homes[0] == path else _resource_name(homes[0])
            keys.append(
                {"fields": [column.name], "reference": {"resource": resource, "fields": [label]}}
            )
    return keys


def _licence(text: str, about: Record) -> dict[str, str]:
    """Return a licence, with what the contract says of rights beside its name."""
    name = about.data_licence
    short = name.replace("-", " ", 1).replace("-", " ") == text.rstrip(".")
    return {
        "name": name,
        "path": "https://creativecommons.org/licenses/by/4.0/",
        "title": "Creative Commons Attribution 4.0" if short else f"{text} See LICENSE-DATA.",
    }


def _header(path: Path) -> list[str]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        return next(csv.reader(file), [])


def _schema(table: Table, path: str, labels: list[str], listed: list[str]) -> dict[str, object]:
    """Return the Table Schema of a file with these columns.

    Raises
    ------
    TableError
        If the columns are not those of the contract. A list as somebody else gave it (an optional
        table outside the data rooms) may have headings of its own; its columns are then plain text.
    """
    columns = {column.name: column for column in table.columns}
    if sorted(labels) != sorted(columns):
        if not table.optional or path.startswith(ROOMS):
            raise TableError(
                [f"{path}: the columns are not those of its contract ({', '.join(columns)})"]
            )
        return {"fields": [_plain_field(label, columns.get(label)) for label in labels]}
    foreign = _foreign_keys(table, path, listed)
    return {
        "fields": [field(columns[label], table.key) for label in labels],
        "missingValues": [""],
        **_key(table),
        **({"foreignKeys": foreign} if foreign else {}),
    }


def _plain_field(label: str, column: Column | None) -> dict[str, object]:
    description = column.description if column else "As the list names it."
    return {"name": label, "type": "string", "description": description}


def _key(table: Table) -> dict[str, object]:
    """Return the key of a table; a primary key must not be blank."""
    if not table.key:
        return {}
    blank = {column.name for column in table.columns if not column.required}
    if blank & set(table.key):
        return {"uniqueKeys": [list(table.key)]}
    return {"primaryKey": list(table.key)}


def resource(path: str, base: Path, about: Record, listed: list[str]) -> dict[str, object]:
    """Return one table as a resource of the Data Package.

    Raises
    ------
    TableError
        If no contract names the file, or the file has other columns than its contract.
    """
    table, file = contract_of(path), base / path
    schema = _schema(table, path, _header(file), listed)
    return {
        "name": _resource_name(path),
        "path": path,
        "type": "table",
        "title": table.title,
        "description": f"{table.description.strip()} One row: {table.unit_of_observation}.",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.stat().st_size,
        "hash": f"sha256:{paths.digest(file)}",
        "sources": [{"title": table.source}],
        "licenses": [_licence(table.licence, about)],
        "schema": {"$schema": "https://datapackage.org/profiles/2.0/tableschema.json"} | schema,
    }


def table_files(listed: Iterable[str]) -> list[str]:
    """Return the tables among the files: all in the data rooms, elsewhere those with a contract."""
    closed = set(contracts()["closed_lists"].path)
    patterns = [path for table in contracts().values() for path in table.path]
    return [
        path
        for path in listed
        if path.endswith(".csv")
        and path not in closed
        and (path.startswith(ROOMS) or any(fnmatchcase(path, pattern) for pattern in patterns))
    ]


def package_file(about: Record, base: Path, listed: list[str]) -> str:
    """Return datapackage.json: a resource for every committed table, a field for every column.

    Raises
    ------
    TableError
        If a table has no contract or other columns than its contract says.
    """
    resources = table_files(listed)
    authors = " and ".join(about.paper["authors"])
    return to_json(
        {
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": about.name,
            **({"id": f"https://doi.org/{about.doi}"} if about.doi else {}),
            "title": about.title,
            "description": about.abstract,
            "version": about.version,
            "created": f"{about.released}T00:00:00Z",
            "keywords": list(about.keywords),
            "contributors": [{"title": name, "roles": ["author"]} for name in about.authors],
            "licenses": [_licence("CC BY 4.0", about)],
            "sources": [{"title": f"{authors} ({about.paper['year']}), {about.paper['title']}"}],
            "resources": [resource(path, base, about, resources) for path in resources],
        }
    )
