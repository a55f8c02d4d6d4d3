"""What is done to a register in Python: functions from batch to batch, the same on both engines."""

from functools import cache

import pandas as pd
import pyarrow as pa

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.firms import linkage
from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms.origins import conditions, sources
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.reading.places import gazetteer, read_place
from cluster_anatomy.registers.files import ORIGIN
from cluster_anatomy.registers.records import number_of, table

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


def _region(place: str, country: str | None) -> tuple[str | None, str]:
    """Return the region of a place and on what basis it is known."""
    known = gazetteer(paths.root())
    for reading in read_place(place, "", country or "").readings:
        found, sure = known.find(reading)
        if sure:
            return known.table["region"].iloc[found[0]], "table of places"
        if len(found) > 1 and not reading.area and reading.country != "USA":
            return None, "the name means several places"
        if found:
            break
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
        ``place``, ``country``, ``region`` (that of the table of places, in the country and the
        state that the text and the register name; the place itself where the table does not know
        it or an American town lacks a state; none where its name means several places),
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
