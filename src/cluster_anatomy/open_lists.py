"""Open firm lists as a yardstick: firms by country, industry, region and year of founding.

Two public lists give a year and a place under one rule: the FinanceDatabase of July 2022 (listed
firms, both countries) and Crunchbase of October 2013 (funded firms, USA). Neither file is part of
the compendium. Only the counts are, ``data/raw/open_lists/counts.csv``, and ``python -m
cluster_anatomy.open_lists`` derives them again (``--check`` compares them with the committed ones
and writes nothing).

`fetch` takes a local copy from the folder that ``CLUSTER_ANATOMY_OPEN_LISTS`` names, or downloads
from the publisher at the commit that ``data/raw/open_lists/sources.csv`` pins. What comes is
checked by SHA-256, after its line ends were made LF (Crunchbase's are CR at the publisher).

What is not verified: FinanceDatabase publishes one JSON file per country and industry, and the
checksum on record is that of an extract of them (`extract` follows its documented rule). The
download and `extract` are tested on files made by hand, not on the publisher's at that commit; an
extract that differs from the one on record is refused, with the number of rows on both sides, so it
cannot slip into the counts.
"""

import argparse
import hashlib
import io
import json
import math
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import pandas as pd
from statsmodels.stats.proportion import confint_proportions_2indep

from cluster_anatomy import tables
from cluster_anatomy.entry_patterns import in_frame
from cluster_anatomy.firm_lists import place_index
from cluster_anatomy.statistics import DRAWS, SEED, independence

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
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        rows = len(data.splitlines()) - 1
        raise ChecksumError(
            f"{name}: SHA-256 {found}, on record is {sha256} ({rows} lines below the header). "
            "The file has changed, or it is another one."
        )
    return data


def fetch(name: str, sources: pd.DataFrame, opener: Callable = urlopen) -> bytes:
    """Return a list as CSV: the local copy if there is one, else from its publisher; checked by
    SHA-256.

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
    found = sources[sources["list"] == name]
    if found.empty:
        raise ValueError(f"There is no list '{name}'; there are: {', '.join(sources['list'])}.")
    source = found.iloc[0]
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
    """Read the JSON files of all countries and industries, one after the other; most countries lack
    some.

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
    """Read the first year that a summary gives for "founded (incorporated, established, …) … in
    YYYY".
    """
    hit = YEAR.search(summary or "")
    return int(hit[1]) if hit else None


def extract(parts: Mapping[str, Mapping[str, Mapping]]) -> pd.DataFrame:
    """Make one row per firm of FinanceDatabase's records, one per ticker symbol: symbols of one
    name are one firm.

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
            known = firms.setdefault((name, country), first)
            if known is not first:
                known["symbols"] += f"|{symbol}"
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
    """Return the region by which lists and register are compared, for each place (index
    ``place_id``).
    """
    return pd.Series(
        [unit(place.country, place.metro, place.economic_region) for place in places.itertuples()],
        index=places["place_id"],
    )


def unit(country: str, metro: str, economic_region: str) -> str:
    """Return the region of comparison: a metropolitan region (USA), Beijing, Shanghai or an
    economic region (China).
    """
    if country == "USA":
        return metro if metro in US_REGIONS else "other"
    return (
        metro
        if metro in ("Beijing", "Shanghai")
        else CHINESE_PARTS.get(economic_region, economic_region)
    )


def regions(rows: pd.DataFrame, places: pd.DataFrame, aliases: pd.DataFrame) -> pd.Series:
    """Find the region of each firm of a list.

    The label of a metropolitan area decides; else the town, first as ``regions.csv`` has it, then
    as the table of places has it. A town that neither knows is ``other``; no town at all is
    ``unknown``.

    Parameters
    ----------
    rows : DataFrame
        From `read`.
    places : DataFrame
        The table of places.
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
    known = {}
    for country in ("USA", "China"):
        for (name, admin), place in place_index(places[places["country"] == country]).items():
            state = admin if country == "USA" else ""
            if state is not None:
                region = unit(country, place["metro"], place["economic_region"])
                known.setdefault((country, plain(name), state), region)
    found = []
    for row in rows.itertuples():
        town = plain(row.city)
        state = row.state if row.country == "USA" else ""
        region = alias.get((row.country, "metro", plain(row.metro), ""))
        region = (
            region
            or alias.get((row.country, "town", town, state))
            or known.get((row.country, town, state))
        )
        found.append(region or ("other" if town else "unknown"))
    return pd.Series(found, index=rows.index, dtype="str")


def count(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the firms of lists by country, industry, region and year; a firm without a year has a
    blank one.

    Returns
    -------
    DataFrame
        ``list``, ``country``, ``industry``, ``region``, ``year``, ``firms``.
    """
    keys = ["list", "country", "industry", "region", "year"]
    counts = rows.groupby(keys, dropna=False).size().rename("firms").reset_index()
    return counts.sort_values(keys, ignore_index=True)


def representation(
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    counts: pd.DataFrame,
    places: pd.DataFrame,
    periods: pd.DataFrame,
    industry: str = "biotechnology",
) -> pd.DataFrame:
    """Set the spread of entries over regions and periods beside that of the firms of each open
    list.

    Both sides hold firms with a known year up to the last year of entry of the frame (a list that
    goes on for longer would else count firms that the frame cannot have), for regions also with a
    known region.

    Parameters
    ----------
    entries, frames, periods, places : DataFrame
        Entries with ``place_id`` and ``entry_year``; frames; periods; places.
    counts : DataFrame
        From `count`.
    industry : {"biotechnology", "all_health"}
        Which firms of the lists.

    Returns
    -------
    DataFrame
        ``country``, ``frame``, ``carries_shares``, ``list``, ``industry``, ``dimension``
        (``region``, ``period``), ``category``, ``until``, ``entries``, ``n``, ``firms``, ``n2``,
        ``share``, ``share2``, ``ratio`` (missing where the list has no firm), ``low``, ``high``
        (score interval; Koopman 1984).
    """
    if industry != "all_health":
        counts = counts[counts["industry"] == industry]
    region = region_of_firm(places)
    rows = []
    for frame in frames.itertuples():
        dated = in_frame(entries, frames, frame.frame).dropna(subset=["entry_year"])
        until = int(dated["entry_year"].max())
        dated = dated.assign(unit=dated["place_id"].map(region).fillna("unknown").astype("str"))
        for name in dict.fromkeys(counts.loc[counts["country"] == frame.country, "list"]):
            listed = counts[(counts["list"] == name) & (counts["country"] == frame.country)]
            listed = listed[(listed["year"] <= until).fillna(False)]
            ours = {
                "region": dated["unit"].value_counts(),
                "period": dated["period"].value_counts(),
            }
            theirs = {
                "region": listed.groupby("region")["firms"].sum(),
                "period": (
                    listed.groupby(listed["year"].map(lambda year: period_of(year, periods)))[
                        "firms"
                    ].sum()
                ),
            }
            about = {
                "country": frame.country,
                "frame": frame.frame,
                "carries_shares": frame.carries_shares,
            }
            about |= {"list": name, "industry": industry, "until": until}
            for dimension in ours:
                spread = beside(
                    ours[dimension].drop("unknown", errors="ignore"),
                    theirs[dimension].drop("unknown", errors="ignore"),
                )
                rows += [about | {"dimension": dimension} | row for row in spread]
    return pd.DataFrame(rows)


def period_of(year: int, periods: pd.DataFrame) -> str:
    """Return the period of a year."""
    inside = periods[(periods["first_year"] <= year) & (periods["last_year"] >= year)]
    return inside["period"].iloc[0]


def beside(ours: pd.Series, theirs: pd.Series) -> list[dict]:
    """Compare two spreads of counts: one row per category that occurs in either."""
    n, n2 = int(ours.sum()), int(theirs.sum())
    rows = []
    for category in sorted(set(ours.index) | set(theirs.index)):
        x, y = int(ours.get(category, 0)), int(theirs.get(category, 0))
        row = {"category": category, "entries": x, "n": n, "firms": y, "n2": n2}
        row |= {"share": x / n if n else math.nan, "share2": y / n2 if n2 else math.nan}
        row["ratio"] = row["share"] / row["share2"] if y and n else math.nan
        row["low"], row["high"] = ratio_interval(x, n, y, n2) if x and y else (math.nan, math.nan)
        rows.append(row)
    return rows


def ratio_interval(hits: int, n: int, hits2: int, n2: int) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of two independent shares by the score method (Koopman
    1984).

    Examples
    --------
    >>> low, high = ratio_interval(36, 40, 16, 80)
    >>> round(low, 2), round(high, 2)
    (2.94, 7.15)
    """
    low, high = confint_proportions_2indep(
        hits, n, hits2, n2, compare="ratio", method="score", correction=False
    )
    return float(low), float(high)


def distance(table: pd.DataFrame, draws: int = DRAWS, seed: int = SEED) -> pd.DataFrame:
    """Measure and test how far the spread of each frame is from that of each list.

    Parameters
    ----------
    table : DataFrame
        From `representation`.

    Returns
    -------
    DataFrame
        ``frame``, ``list``, ``dimension``, ``n``, ``n2``, ``dissimilarity`` (part of the entries
        that would have to be elsewhere for the two spreads to agree; Duncan and Duncan 1955), ``p``
        (Freeman-Halton by Monte Carlo), ``cramers_v``, ``draws``, ``seed``.
    """
    rows = []
    for (frame, name, dimension), group in table.groupby(
        ["frame", "list", "dimension"], sort=False
    ):
        gap = (group["share"] - group["share2"]).abs().sum() / 2
        test = independence(group[["entries", "firms"]].T.reset_index(drop=True), draws, seed)
        first = group.iloc[0]
        row = {
            "frame": frame,
            "list": name,
            "dimension": dimension,
            "n": first["n"],
            "n2": first["n2"],
        }
        tested = {key: test[key] for key in ("p", "cramers_v", "draws", "seed")}
        rows.append(row | {"dissimilarity": gap} | tested)
    return pd.DataFrame(rows)


def derive(opener: Callable = urlopen) -> pd.DataFrame:
    """Fetch all lists and count their firms."""
    sources, aliases = tables.read(SOURCES), tables.read(REGIONS)
    places = tables.read("data/raw/places/places.csv")
    parts = []
    for source in sources.itertuples():
        rows = read(source.list, fetch(source.list, sources, opener))
        parts.append(rows.assign(region=regions(rows, places, aliases)))
    return count(pd.concat(parts, ignore_index=True))


def main(arguments: list[str] | None = None) -> int:
    """Derive the counts anew, or compare them with the committed ones."""
    parser = argparse.ArgumentParser(
        prog="python -m cluster_anatomy.open_lists", description=main.__doc__
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
