"""Places: the gazetteer, and what places of two names say of each other."""

from dataclasses import dataclass

import pandas as pd

from cluster_anatomy.tables.cells import split


@dataclass(frozen=True)
class Place:
    """Where a name says it is: metro region and province or state, either of them unknown
    (``None``).
    """

    metro: str | None = None
    admin: str | None = None

    def fits(self, other: "Place") -> bool | None:
        """Compare two places: ``True`` same, ``False`` different, ``None`` not known."""
        if self.metro and other.metro:
            return self.metro == other.metro
        if self.admin and other.admin:
            return None if self.admin == other.admin else False
        return None


def place_index(places: pd.DataFrame) -> dict[tuple[str, str | None], pd.Series]:
    """Index places by every name they go by, alone and together with their province or state."""
    index = {}
    for _, place in places.iterrows():
        for name in [place["name"], *split(place["aliases"])]:
            index.setdefault((name, None), place)
            index[(name, place["admin"])] = place
    return index
