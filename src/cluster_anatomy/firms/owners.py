"""Owners: who bought whom, and whose laboratories and plants lie where."""

from collections.abc import Mapping

import pandas as pd

from cluster_anatomy.firms.ties import first_known, measured, neither_at_home, stated
from cluster_anatomy.tables.cells import split


def acquisitions(located: pd.DataFrame) -> pd.DataFrame:
    """List who bought whom (contract ``acquisitions``), one row per buyer and bought."""
    rows = located[
        (located["tie_type"] == "acquired")
        & (located["source"] != located["target"])
        & ~neither_at_home(located)
    ]
    rows = measured(rows).assign(stated_in_paper=stated(rows))
    table = rows.groupby(["seen_from", "source", "target"], sort=True).agg(
        buyer_cluster=("source_cluster", "first"),
        bought_cluster=("target_cluster", "first"),
        bought_firm_id=("target_firm_id", "first"),
        year=("year", "min"),
        kind=("kind", first_known),
        kilometres=("kilometres", "first"),
        stated_in_paper=("stated_in_paper", "max"),
    )
    return table.rename_axis(["country", "buyer", "bought"]).reset_index()


def sites(located: pd.DataFrame, provinces: pd.DataFrame) -> pd.DataFrame:
    """List research and manufacturing sites with their owners (contract ``sites``).

    ``border`` says how the provinces of a site and of a Chinese owner lie: ``same``, ``neighbour``,
    ``farther``; blank where one is not known or the owner is abroad. ``provinces`` gives the
    ``neighbours`` of each.
    """
    neighbours = {row.province: split(row.neighbours) for row in provinces.itertuples()}
    rows = located[located["tie_type"].isin(["rd_site_of", "manufacturing_site_of"])]
    rows = measured(rows).assign(
        activity=rows["tie_type"].map(
            {"rd_site_of": "research", "manufacturing_site_of": "manufacturing"}
        ),
        border=[
            province_border(site, owner, neighbours) if country == of_owner == "China" else None
            for site, owner, country, of_owner in zip(
                rows["source_admin"],
                rows["target_admin"],
                rows["source_country"],
                rows["target_country"],
                strict=True,
            )
        ],
        stated_in_paper=stated(rows),
    )
    table = rows.groupby(["activity", "source", "target"], sort=True).agg(
        site_cluster=("source_cluster", "first"),
        site_province=("source_admin", "first"),
        owner_type=("target_type", "first"),
        owner_cluster=("target_cluster", "first"),
        owner_country=("target_country", "first"),
        year=("year", "min"),
        kind=("kind", first_known),
        border=("border", "first"),
        kilometres=("kilometres", "first"),
        stated_in_paper=("stated_in_paper", "max"),
    )
    return table.rename_axis(["activity", "site", "owner"]).reset_index()


def province_border(province: str, other: str, neighbours: Mapping[str, list[str]]) -> str | None:
    """Say how two Chinese provinces lie: ``same``, ``neighbour`` or ``farther``, else None."""
    if pd.isna(province) or pd.isna(other):
        return None
    if province == other:
        return "same"
    return "neighbour" if other in neighbours.get(province, []) else "farther"
