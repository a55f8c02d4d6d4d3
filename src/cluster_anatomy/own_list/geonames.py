"""Make the places file of an own list from GeoNames: towns above a size, put into regions.

    python -m cluster_anatomy.own_list.geonames cities15000.txt --country Germany --within 30 \\
        > own_lists/germany/places.csv

GeoNames (https://download.geonames.org/export/dump/, CC BY 4.0) has the files ``cities500.txt`` to
``cities15000.txt`` and, with the names of states, ``admin1CodesASCII.txt``. Nothing is
fetched here.
"""

import argparse
import csv
import sys
from pathlib import Path

import pandas as pd

from cluster_anatomy.methods.distance import kilometres
from cluster_anatomy.reading.countries import country_code, country_name
from cluster_anatomy.reading.places import COLUMNS

LISTED = {1: "name", 3: "alternates", 4: "latitude", 5: "longitude", 8: "country", 10: "code"}
"""Columns of a GeoNames file of cities that are read, by position; and the population."""
POPULATION = 14
OTHER_NAMES = 20
"""Other names of a town that are kept."""


def places(
    cities: pd.DataFrame, country: str, least: int, within: float, areas: dict[str, str]
) -> pd.DataFrame:
    """Return towns in the columns of a places file, the largest first.

    Parameters
    ----------
    cities : DataFrame
        From `read_cities`.
    country : str
        Any name or code of the country.
    least : int
        People that a town must have.
    within : float
        Kilometres within which a town is counted to the largest town; 0 for none, and then the
        region of a town is its state or province.
    areas : dict of str to str
        Names of states by code (``DE.02``); a code that is not there stays.
    """
    code = country_code(country)
    kept = cities[(cities["country"] == code) & (cities["population"] >= least)]
    kept = kept.sort_values(["population", "name"], ascending=[False, True], ignore_index=True)
    kept["admin"] = [areas.get(f"{code}.{area}", area) for area in kept["code"]]
    kept["other_names"] = kept["alternates"].map(
        lambda cell: "|".join(cell.split(",")[:OTHER_NAMES])
    )
    kept["region"] = _nearby(kept, within) if within else kept["admin"]
    kept["cluster"] = kept["region"]
    return kept.assign(country=country_name(country))[COLUMNS].drop_duplicates(["name", "admin"])


def _nearby(towns: pd.DataFrame, within: float) -> list[str]:
    """Return the region of each town: the largest town within so many kilometres that has one."""
    centres: list[int] = []
    regions: list[str] = []
    at = list(zip(towns["latitude"], towns["longitude"], strict=True))
    for town in range(len(towns)):
        near = (one for one in centres if float(kilometres(*at[one], *at[town])) <= within)
        centre = next(near, town)
        if centre == town:
            centres.append(town)
        regions.append(towns["name"].iloc[centre])
    return regions


def read_cities(path: Path) -> pd.DataFrame:
    """Read a GeoNames file of cities: tabs, no headings, no quotes."""
    columns = LISTED | {POPULATION: "population"}
    table = pd.read_csv(
        path,
        sep="\t",
        header=None,
        usecols=list(columns),
        quoting=csv.QUOTE_NONE,
        dtype={position: str for position in columns if position not in (4, 5, POPULATION)},
        keep_default_na=False,
    )
    return table.rename(columns=columns)


def main(arguments: list[str] | None = None) -> None:
    """Write the places file to standard output."""
    parser = argparse.ArgumentParser(prog="cluster_anatomy.own_list.geonames", description=__doc__)
    parser.add_argument("cities", type=Path)
    parser.add_argument("--country", required=True, help="any name or code")
    parser.add_argument("--least", type=int, default=15_000, help="people that a town must have")
    parser.add_argument("--within", type=float, default=0.0, help="kilometres; 0: by state")
    parser.add_argument("--areas", type=Path, help="admin1CodesASCII.txt")
    given = parser.parse_args(arguments)
    if country_code(given.country) is None:
        parser.error(f"no country is known by the name {given.country!r}")
    lines = given.areas.read_text(encoding="utf-8").splitlines() if given.areas else []
    areas = dict(line.split("\t")[:2] for line in lines)
    table = places(read_cities(given.cities), given.country, given.least, given.within, areas)
    table.to_csv(sys.stdout, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
