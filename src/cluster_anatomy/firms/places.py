"""Places: the gazetteer, and what places of two names say of each other."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from cluster_anatomy.tables.cells import split


@dataclass(frozen=True)
class Place:
    """Where a name says it is: metro region and province or state, ``None`` where unknown."""

    metro: str | None = None
    admin: str | None = None

    def fits(self, other: "Place") -> bool | None:
        """Compare two places: ``True`` same, ``False`` different, ``None`` not known."""
        if self.metro and other.metro:
            return self.metro == other.metro
        if self.admin and other.admin:
            return None if self.admin == other.admin else False
        return None


@dataclass(frozen=True)
class GazetteerPlace:
    """One row of the table of places (contract ``places``); text that is blank there is None."""

    place_id: str
    name: str
    admin: str | None
    country: str
    metro: str
    economic_region: str | None
    cluster: str | None
    latitude: float
    longitude: float


class Gazetteer:
    """Places by every name they go by, alone or with their province or state.

    A name that two places share means the first of them in the table; with the province or state
    it means the last one there.

    Parameters
    ----------
    table : DataFrame
        The table of places (contract ``places``), kept as ``table``.

    Examples
    --------
    >>> columns = ["place_id", "name", "aliases", "admin", "country", "metro", "economic_region"]
    >>> row = ["cn-wuxi", "Wuxi", "Wusih", "Jiangsu", "China", "Wuxi", "Yangtze River Delta"]
    >>> gazetteer = Gazetteer(pd.DataFrame([row], columns=columns))
    >>> gazetteer.find("Wusih").metro
    'Wuxi'
    >>> "Xuzhou" in gazetteer
    False
    """

    def __init__(self, table: pd.DataFrame):
        self.table = table
        fields = list(GazetteerPlace.__dataclass_fields__)
        cells = table.reindex(columns=fields).astype({"latitude": float, "longitude": float})
        text = cells.columns.difference(["latitude", "longitude"])
        cells[text] = cells[text].astype(object).where(cells[text].notna(), None)
        self._places = [GazetteerPlace(*row) for row in cells.itertuples(index=False, name=None)]
        self._by_name: dict[str, GazetteerPlace] = {}
        self._by_name_and_admin: dict[tuple[str, str | None], GazetteerPlace] = {}
        for name, place in self.names():
            self._by_name.setdefault(name, place)
            self._by_name_and_admin[name, place.admin] = place

    def names(self) -> Iterator[tuple[str, GazetteerPlace]]:
        """Go through all names and the places that bear them, in the order of the table."""
        for place, aliases in zip(self._places, self.table["aliases"], strict=True):
            for name in [place.name, *split(aliases)]:
                yield name, place

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def find(self, name: str | None) -> GazetteerPlace | None:
        """Return the place of a name; none if the name is blank or not known."""
        return None if name is None or pd.isna(name) else self._by_name.get(name)

    def find_within(self, name: str | None, admin: str | None) -> GazetteerPlace | None:
        """Return the place of a name in a province or state, which may be blank as in the table."""
        if name is None or pd.isna(name):
            return None
        return self._by_name_and_admin.get((name, None if pd.isna(admin) else admin))
