"""What is done to a register in Python: functions from batch to batch, the same on both engines."""

import re
from functools import cache

import pandas as pd
import pyarrow as pa

from cluster_anatomy import tables
from cluster_anatomy.firms import linkage
from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms.origins import conditions, sources
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.firms.scripts import BRACKETS, ascii_fold
from cluster_anatomy.registers.files import ORIGIN
from cluster_anatomy.registers.records import number_of, table
from cluster_anatomy.tables.cells import split

CODING = "data/raw/coding/"
PLACED = pa.schema(
    [
        ("place", pa.string()),
        ("country", pa.string()),
        ("region", pa.string()),
        ("basis", pa.string()),
    ]
)
_LIST = pa.list_(pa.string())
CLEANED = pa.schema(
    [
        ("name_id", pa.int64()),
        ("node", pa.int64()),
        ("kind", pa.string()),
        ("script", pa.string()),
        ("words", _LIST),
        ("terms", _LIST),
        ("own", _LIST),
        ("sorted", pa.string()),
        ("initials", pa.string()),
        ("legal", pa.string()),
        ("country", pa.string()),
        ("place", pa.string()),
        ("year", pa.int64()),
        ("valid_from", pa.int64()),
        ("valid_to", pa.int64()),
    ]
)
CLASSIFIED = pa.schema(
    [
        ("combination", pa.string()),
        ("mode", pa.string()),
        ("source", pa.string()),
        ("rule", pa.string()),
    ]
)
SUFFIX = re.compile(r"(?<=..)[市省县]$")


def _key(text: str) -> str:
    """Return a place name as it is compared: no case, no accents, no ``市``."""
    return ascii_fold(text).strip() or SUFFIX.sub("", text)


@cache
def _regions() -> dict[str, set[tuple[str, str]]]:
    """Return the region and country that each name of a place can mean (Taizhou means two)."""
    regions: dict[str, set[tuple[str, str]]] = {}
    for row in tables.read("data/raw/places/places.csv").itertuples():
        names = [
            row.name,
            BRACKETS.sub("", row.name),
            *split(row.aliases),
            *([] if pd.isna(row.name_zh) else [row.name_zh]),
        ]
        for name in names:
            regions.setdefault(_key(name), set()).add((row.metro, row.country))
    return regions


def _region(place: str, country: str | None) -> tuple[str | None, str]:
    """Return the region of a place and on what basis it is known."""
    for text in (place, place.split(",")[0]):
        meanings = _regions().get(_key(text), set())
        in_country = {meaning for meaning in meanings if country in (None, meaning[1])}
        regions = [region for region, _ in in_country or meanings]
        if len(regions) == 1:
            return regions[0], "table of places"
        if regions:
            return None, "the name means several places"
    return place, "as the register has it"


def place(batch: pa.Table) -> pa.Table:
    """Find the region of each place.

    Parameters
    ----------
    batch : pyarrow.Table
        ``place``, ``country``.

    Returns
    -------
    pyarrow.Table
        ``place``, ``country``, ``region`` (the metro region of the table of places; the place
        itself where the table does not know it; none where its name means several places),
        ``basis``.
    """
    places, countries = batch["place"].to_pylist(), batch["country"].to_pylist()
    rows = [
        (name, country, *_region(name, country))
        for name, country in zip(places, countries, strict=True)
    ]
    return table(rows, PLACED)


def clean(batch: pa.Table) -> pa.Table:
    """Clean names (`linkage.take_apart`), one row per name.

    Parameters
    ----------
    batch : pyarrow.Table
        ``node``, ``name``, ``other_names``, ``former_names``, ``place``, ``other_places``,
        ``country``, ``year``.

    Returns
    -------
    pyarrow.Table
        By the schema `CLEANED`; ``name_id`` and ``node`` are whole numbers.
    """
    frame = linkage.take_apart(batch.to_pandas().rename(columns={"node": "record_id"}))
    frame["name_id"] = [number_of(name) for name in frame["name_id"]]
    frame["node"] = frame["record_id"].astype("int64")
    return pa.Table.from_pandas(frame[CLEANED.names], CLEANED, preserve_index=False)


def weigh(batch: pa.Table, names: dict[str, int], columns: tuple[str, ...]) -> pa.Table:
    """Weigh the words of names by how common they are in the register (`linkage.weigh`).

    Parameters
    ----------
    batch : pyarrow.Table
        By the schema `CLEANED`, and ``seen``: the common words of each name.
    names : dict
        Different names by script and country.
    columns : tuple of str
        Which of `linkage.COLUMNS` the model's comparisons look at.

    Returns
    -------
    pyarrow.Table
        ``name_id`` and ``node``, those columns, and ``keys`` (list of text) for blocking.
    """
    columns_of = {column: batch[column].to_pylist() for column in batch.column_names}
    columns_of["seen"] = [seen or [] for seen in columns_of["seen"]]
    frame = linkage.weigh(
        pd.DataFrame(columns_of, dtype=object).assign(record_id="", name=""), names
    )
    features = pa.Table.from_pandas(frame[[*columns]], preserve_index=False)
    for position, column in enumerate(("name_id", "node")):
        features = features.add_column(position, column, batch[column])
    keys = pa.array(frame["keys"].tolist(), pa.list_(pa.string()))
    return features.append_column("keys", keys)


@cache
def _coding() -> dict[str, pd.DataFrame]:
    names = ["organisation_types", "source_roles", "conventions", "origin_rules"]
    return {name: tables.read(f"{CODING}{name}.csv") for name in names}


@cache
def _gazetteer() -> Gazetteer:
    return Gazetteer(tables.read("data/raw/places/places.csv"))


def classify(batch: pa.Table) -> pa.Table:
    """Find the origin that the study's rules give to each combination of origin columns.

    Parameters
    ----------
    batch : pyarrow.Table
        ``combination`` (key), ``country``, ``year``, and the columns `files.ORIGIN`.

    Returns
    -------
    pyarrow.Table
        ``combination``, ``mode``, ``source``, ``rule`` (``data/raw/coding/origin_rules.csv``).
    """
    coding, frame = _coding(), batch.to_pandas()
    if frame.empty:
        return CLASSIFIED.empty_table()
    firms = frame.rename(columns={"combination": "firm_id", "year": "founded_year"})
    firms["founded_year"] = firms["founded_year"].astype("Int64")
    text = ["country", *ORIGIN]
    firms[text] = firms[text].astype("string")
    members = firms[["firm_id"]].assign(coder="register", name_as_given=firms["firm_id"])
    evidence = firms.assign(coder="register", name_en=firms["firm_id"], confidence="high")[
        ["coder", "name_en", "confidence", *ORIGIN]
    ]
    behind = sources(members, evidence, _gazetteer(), coding["organisation_types"])
    known = conditions(
        firms, behind, coding["source_roles"], firms_origins.choose(coding["conventions"])
    )
    origins = firms_origins.classify(known, coding["origin_rules"])
    columns = ["firm_id", "mode", "source", "rule"]
    return table(origins[columns].itertuples(index=False, name=None), CLASSIFIED)
