"""How many firms of an open list lie in the region that the list itself says.

Crunchbase's export of October 2013 (CC BY) gives each firm a city, a state and a region of its own.
The places of own lists and registers put the city and the state into a region; this counts how many
firms of each large region come out there. Only counts are written, never rows.

    CLUSTER_ANATOMY_OPEN_LISTS=folder python benchmarks/known_regions.py
"""

import os
from pathlib import Path

import pandas as pd

from cluster_anatomy.compendium import paths
from cluster_anatomy.reading.places import gazetteer, read_place

LIST = "crunchbase_2013/crunchbase-companies.csv"
RESULTS = Path(__file__).parent / "results" / "known_regions.csv"
OURS = {
    "SF Bay": "San Francisco Bay Area",
    "New York": "New York",
    "Boston": "Boston",
    "Los Angeles": "Los Angeles",
    "Seattle": "Seattle",
    "Washington DC": "Washington-Baltimore",
    "San Diego": "San Diego",
    "Chicago": "Chicago",
    "Denver": "Denver-Boulder",
    "Austin": "Austin",
    "Philadelphia": "Philadelphia",
    "Atlanta": "Atlanta",
    "Dallas": "Dallas",
    "Raleigh-Durham": "Raleigh-Durham",
}
"""Crunchbase's regions and ours."""


def region(city: str, state: str) -> str | None:
    """Return the region of an American town, none if it is not known or may be several."""
    known = gazetteer(paths.root())
    for reading in read_place(city, state, "USA").readings:
        found, sure = known.find(reading)
        if found:
            return known.table["region"].iloc[found[0]] if sure else None
    return None


def main() -> None:
    """Count the firms and write the table."""
    path = Path(os.environ["CLUSTER_ANATOMY_OPEN_LISTS"]) / LIST
    firms = pd.read_csv(path, encoding="mac_roman", dtype=str, keep_default_na=False)
    firms = firms[(firms["country_code"] == "USA") & (firms["city"] != "")]
    groups = firms.groupby(["region", "state_code", "city"], as_index=False).size()
    groups = groups[groups["region"].isin(OURS)]
    groups["ours"] = [
        region(city, state)
        for city, state in zip(groups["city"], groups["state_code"], strict=True)
    ]
    groups["there"] = groups["size"].where(groups["ours"] == groups["region"].map(OURS), 0)
    groups["elsewhere"] = groups["size"].where(groups["ours"].notna(), 0) - groups["there"]
    table = groups.groupby("region")[["size", "there", "elsewhere"]].sum().astype(int)
    table = table.loc[list(OURS)].rename(columns={"size": "firms", "there": "in_our_region"})
    table.insert(0, "our_region", list(OURS.values()))
    table.insert(3, "in_another_region", table.pop("elsewhere"))
    table["no_region"] = table["firms"] - table["in_our_region"] - table["in_another_region"]
    table["share"] = (table["in_our_region"] / table["firms"]).round(4)
    table.rename_axis("crunchbase_region").to_csv(RESULTS, lineterminator="\n")
    print(table.to_string())


if __name__ == "__main__":
    main()
