"""Two open lists of firms, fetched from their publishers and counted by region and year.

The counts are committed, the lists are not: they belong to others. Run as
``python -m cluster_anatomy.firms.open_lists``, this fetches them and counts anew; with ``--check``
it compares.
"""

import argparse
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.firms.places import Gazetteer

VARIABLE = "CLUSTER_ANATOMY_OPEN_LISTS"
FOLDER = "data/raw/open_lists"
COUNTS, REGIONS, SOURCES = (f"{FOLDER}/{name}.csv" for name in ("counts", "regions", "sources"))
COUNTRIES = {"United States": "USA", "China": "China"}
INDUSTRIES = [
    "Biotechnology",
    "Diagnostics & Research",
    "Drug Manufacturers - General",
    "Drug Manufacturers - Other",
    "Drug Manufacturers - Specialty & Generic",
    "Drugs - Generic",
    "Health Information Services",
    "Medical Appliances & Equipment",
    "Medical Care Facilities",
    "Medical Devices",
    "Medical Distribution",
    "Medical Instruments & Supplies",
    "Pharmaceutical Retailers",
]
"""Industries of FinanceDatabase that are health."""
EXTRACT_COUNTRIES = ["United States", "China", "Hong Kong", "Taiwan", "Cayman Islands"]
CRUNCHBASE_HEALTH = ["biotech", "medical", "health"]
US_REGIONS = [
    "Boston",
    "Houston",
    "Los Angeles",
    "New York",
    "Philadelphia",
    "Raleigh-Durham",
    "San Diego",
    "San Francisco Bay Area",
    "Seattle",
    "Washington-Baltimore",
]
"""Metropolitan regions that the evidence on the USA tells apart; all else is ``other``."""
CHINESE_PARTS = {
    "Yangtze River Delta": "Yangtze River Delta without Shanghai",
    "Bohai Rim": "Bohai Rim without Beijing",
}
YEAR = re.compile(
    r"\b(?:founded|incorporated|established|organized|formed)\b[^.;]*?\bin (?:[A-Z][a-z]+"
    r" )?(1[89]\d\d|20[0-2]\d)\b",
    re.IGNORECASE,
)


class ChecksumError(ValueError):
    """A list is not the one on record."""


def lf(data: bytes) -> bytes:
    """Make all line ends LF."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def check(data: bytes, sha256: str, name: str) -> bytes:
    """Return the data if their SHA-256 is the one on record.

    Raises
    ------
    ChecksumError
        If it is another one.
    """
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        rows = len(data.splitlines()) - 1
        raise ChecksumError(
            f"{name}: SHA-256 {digest}, on record is {sha256} ({rows} lines below the header). "
            "The file has changed, or it is another one."
        )
    return data


def fetch(name: str, sources: pd.DataFrame, opener: Callable = urlopen) -> bytes:
    """Return a list as CSV, checked by SHA-256.

    The local copy is read if there is one, else the list of its publisher.

    Parameters
    ----------
    name : str
        ``crunchbase_2013`` or ``financedatabase_2022``.
    sources : DataFrame
        ``list``, ``local_file``, ``address``, ``sha256``.
    opener : callable
        Opens an address; for tests.

    Raises
    ------
    ValueError
        If there is no such list.
    FileNotFoundError
        If the folder of local copies does not hold it.
    ChecksumError
        If what was found is not what is on record.
    """
    on_record = sources[sources["list"] == name]
    if on_record.empty:
        raise ValueError(f"There is no list '{name}'; there are: {', '.join(sources['list'])}.")
    source = on_record.iloc[0]
    if folder := os.environ.get(VARIABLE):
        path = Path(folder) / source["local_file"]
        if not path.is_file():
            raise FileNotFoundError(
                f"{VARIABLE} is set, but its folder has no {source['local_file']}."
            )
        data = path.read_bytes()
    elif "{" in source["address"]:
        data = (
            extract(download_parts(source["address"], opener))
            .to_csv(index=False, lineterminator="\n")
            .encode()
        )
    else:
        data = download(source["address"], opener)
    return check(lf(data), source["sha256"], name)


def download(address: str, opener: Callable = urlopen) -> bytes:
    """Read an address."""
    with opener(address) as answer:
        return answer.read()


def download_parts(address: str, opener: Callable = urlopen) -> dict[str, dict]:
    """Read the JSON files of all countries and industries, of which most countries lack some.

    Returns
    -------
    dict
        By ``country/industry``, the published record of each ticker symbol.
    """
    parts = {}
    for country in EXTRACT_COUNTRIES:
        for industry in INDUSTRIES:
            try:
                data = download(
                    address.format(country=quote(country), industry=quote(industry)), opener
                )
            except HTTPError as error:
                if error.code != 404:
                    raise
                continue
            parts[f"{country}/{industry}"] = json.loads(data)
    return parts


def founding_year(summary: str | None) -> int | None:
    """Read the first year of "founded (incorporated, established, …) … in YYYY"."""
    hit = YEAR.search(summary or "")
    return int(hit[1]) if hit else None


def extract(parts: Mapping[str, Mapping[str, Mapping]]) -> pd.DataFrame:
    """Make one row per firm of FinanceDatabase's records, which have one per ticker symbol.

    Symbols of one name are one firm.

    Returns
    -------
    DataFrame
        ``name``, ``country``, ``industry``, ``city``, ``state``, ``zipcode``, ``website``,
        ``exchange``, ``market_cap``, ``founded_year_from_summary``, ``symbols`` (``|`` between
        them), ``has_summary``. The summary itself is not kept: it is the text of a third party.
    """
    fields = ["city", "state", "zipcode", "website", "exchange", "market_cap"]
    firms: dict[tuple[str, str], dict] = {}
    for part, records in parts.items():
        country, _, industry = part.partition("/")
        for symbol, record in records.items():
            name = record.get("long_name") or record.get("short_name")
            if not name:
                continue
            first = {"name": name, "country": country, "industry": industry} | {
                key: record.get(key) for key in fields
            }
            year, summary = founding_year(record.get("summary")), bool(record.get("summary"))
            first |= {"founded_year_from_summary": year, "symbols": symbol, "has_summary": summary}
            earlier = firms.setdefault((name, country), first)
            if earlier is not first:
                earlier["symbols"] += f"|{symbol}"
    table = pd.DataFrame(list(firms.values()))
    if not table.empty:
        table["founded_year_from_summary"] = table["founded_year_from_summary"].astype("Int64")
    return table


def read(name: str, data: bytes) -> pd.DataFrame:
    """Read a list into one form.

    Returns
    -------
    DataFrame
        ``list``, ``country``, ``industry`` (``biotechnology`` or ``other_health``), ``metro``
        (label of a metropolitan area, Crunchbase only), ``city``, ``state``, ``year`` (of founding;
        missing where not given).
    """
    if name == "crunchbase_2013":
        rows = pd.read_csv(io.BytesIO(data), encoding="mac_roman", dtype=str, keep_default_na=False)
        rows = rows[rows["category_code"].isin(CRUNCHBASE_HEALTH)]
        biotech, year = rows["category_code"] == "biotech", rows["founded_year"]
        rows = rows.assign(country="USA", metro=rows["region"], state=rows["state_code"])
    else:
        rows = pd.read_csv(io.BytesIO(data), encoding="utf-8", dtype=str, keep_default_na=False)
        rows = rows[rows["country"].isin(list(COUNTRIES))]
        biotech, year = rows["industry"] == "Biotechnology", rows["founded_year_from_summary"]
        rows = rows.assign(country=rows["country"].map(COUNTRIES), metro="")
    industry = biotech.map({True: "biotechnology", False: "other_health"})
    table = rows[["country", "metro", "city", "state"]].assign(list=name, industry=industry)
    table["year"] = pd.to_numeric(year, errors="coerce").astype("Int64")
    return table[["list", "country", "industry", "metro", "city", "state", "year"]].reset_index(
        drop=True
    )


def plain(label: str) -> str:
    """Return a place name as it is looked up: small letters, no marks at its ends."""
    return " ".join(label.split()).strip(" ,.`").lower()


def region_of_firm(places: pd.DataFrame) -> pd.Series:
    """Return the region by which lists and register are compared, by ``place_id``."""
    return pd.Series(
        [unit(place.country, place.metro, place.economic_region) for place in places.itertuples()],
        index=places["place_id"],
    )


def unit(country: str, metro: str, economic_region: str) -> str:
    """Return the region of comparison of a place.

    A metropolitan region (USA), Beijing, Shanghai or an economic region (China).
    """
    if country == "USA":
        return metro if metro in US_REGIONS else "other"
    if metro in ("Beijing", "Shanghai"):
        return metro
    return CHINESE_PARTS.get(economic_region, economic_region)


def regions(rows: pd.DataFrame, gazetteer: Gazetteer, aliases: pd.DataFrame) -> pd.Series:
    """Find the region of each firm of a list.

    The label of a metropolitan area decides; else the town, first as ``regions.csv`` has it, then
    as the table of places has it. A town that neither knows is ``other``; no town at all is
    ``unknown``.

    Parameters
    ----------
    rows : DataFrame
        From `read`.
    gazetteer : Gazetteer
        The places that towns mean.
    aliases : DataFrame
        ``country``, ``kind`` (``metro`` or ``town``), ``label``, ``state``, ``region``.
    """
    alias = {
        (
            row.country,
            row.kind,
            plain(row.label),
            "" if pd.isna(row.state) else row.state,
        ): row.region
        for row in aliases.itertuples()
    }
    of_town = _regions_of_towns(gazetteer)
    listed = []
    for row in rows.itertuples():
        town = plain(row.city)
        state = row.state if row.country == "USA" else ""
        region = (
            alias.get((row.country, "metro", plain(row.metro), ""))
            or alias.get((row.country, "town", town, state))
            or of_town.get((row.country, town, state))
        )
        listed.append(region or ("other" if town else "unknown"))
    return pd.Series(listed, index=rows.index, dtype="str")


def _regions_of_towns(gazetteer: Gazetteer) -> dict[tuple[str, str, str], str]:
    """Region of comparison by country, name of a town, and state (blank for China)."""
    regions: dict[tuple[str, str, str], str] = {}
    for name, place in gazetteer.names():
        if place.country in COUNTRIES.values():
            state = "" if place.country == "China" else place.admin or ""
            region = unit(place.country, place.metro, place.economic_region or "")
            regions.setdefault((place.country, plain(name), state), region)
    return regions


def count(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the firms of lists by country, industry, region and year (blank if not known).

    Returns
    -------
    DataFrame
        ``list``, ``country``, ``industry``, ``region``, ``year``, ``firms``.
    """
    keys = ["list", "country", "industry", "region", "year"]
    counts = rows.groupby(keys, dropna=False).size().rename("firms").reset_index()
    return counts.sort_values(keys, ignore_index=True)


def derive(opener: Callable = urlopen) -> pd.DataFrame:
    """Fetch all lists and count their firms."""
    sources, aliases = tables.read(SOURCES), tables.read(REGIONS)
    gazetteer = Gazetteer(tables.read("data/raw/places/places.csv"))
    parts = []
    for source in sources.itertuples():
        rows = read(source.list, fetch(source.list, sources, opener))
        parts.append(rows.assign(region=regions(rows, gazetteer, aliases)))
    return count(pd.concat(parts, ignore_index=True))


def main(arguments: list[str] | None = None) -> int:
    """Derive the counts anew, or compare them with the committed ones."""
    parser = argparse.ArgumentParser(
        prog="python -m cluster_anatomy.firms.open_lists", description=main.__doc__
    )
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    counts = derive()
    if parser.parse_args(arguments).check:
        same = counts.astype(str).equals(tables.read(COUNTS).astype(str))
        print(f"{COUNTS} {'agrees with' if same else 'DIFFERS from'} the lists")
        return 0 if same else 1
    tables.write(counts, COUNTS)
    print(
        f"{COUNTS} written: {counts['firms'].sum()} firms. Now run `python -m"
        " cluster_anatomy.tables`."
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
