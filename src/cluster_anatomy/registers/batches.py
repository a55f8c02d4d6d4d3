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


def clean(batch: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    """Take names apart into what the linkage model compares (`linkage.prepare`), one row per name.

    Parameters
    ----------
    batch : pyarrow.Table
        ``node``, ``name``, ``other_names``, ``former_names``, ``place``, ``country``, ``year``.
    columns : tuple of str
        Which of `linkage.COLUMNS` the model's comparisons look at.

    Returns
    -------
    pyarrow.Table
        ``name_id`` and ``node`` (whole numbers), those columns, and ``keys`` (list of text) for
        blocking.
    """
    frame = linkage.prepare(batch.to_pandas().rename(columns={"node": "record_id"}))
    names = pa.Table.from_pandas(frame[[*columns]], preserve_index=False)
    names = names.add_column(0, "name_id", pa.array(map(number_of, frame["name_id"]), pa.int64()))
    names = names.add_column(1, "node", pa.array(frame["record_id"].astype("int64"), pa.int64()))
    return names.append_column("keys", pa.array(frame["keys"].tolist(), pa.list_(pa.string())))


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
