"""Sources of entries: where founders, parents and former seats of firms were."""

import numpy as np
import pandas as pd

from cluster_anatomy.firms.origins import FOREIGN_TYPES


def has_source(entries: pd.DataFrame, source_rows: pd.DataFrame, where: str) -> pd.Series:
    """Say of each entry whether any founder, parent or former seat was in one kind of place.

    Unlike ``reach`` this looks at every source, so a firm with founders from elsewhere and from
    abroad has both.

    Parameters
    ----------
    where : {"home", "elsewhere", "abroad"}
        In the region of the entry, in another one of its country, or in another country.

    Returns
    -------
    Series
        ``yes``, ``no`` or ``unknown`` (no source has a known place), in the order of the entries.
    """
    here = entries.set_index("firm_id")[["country", "region"]].add_prefix("own_")
    rows = source_rows[source_rows["timing"] == "at_entry"].join(here, on="firm_id", how="inner")
    abroad = (rows["country"].notna() & (rows["country"] != rows["own_country"])) | rows[
        "org_type"
    ].isin(FOREIGN_TYPES)
    home = (rows["region"] == rows["own_region"]).fillna(False).astype(bool)
    rows["where"] = np.select(
        [abroad, rows["region"].isna(), home], ["abroad", "unknown", "home"], "elsewhere"
    )
    hit = entries["firm_id"].isin(rows.loc[rows["where"] == where, "firm_id"])
    seen = entries["firm_id"].isin(rows.loc[rows["where"] != "unknown", "firm_id"])
    return pd.Series(np.select([hit, seen], ["yes", "no"], "unknown"), index=entries.index)


def central_officials(entries: pd.DataFrame, source_rows: pd.DataFrame) -> pd.Series:
    """Say of each entry whether a founder came from a government body that sits in Beijing."""
    hit = source_rows[
        (source_rows["role"] == "founder")
        & (source_rows["timing"] == "at_entry")
        & (source_rows["org_type"] == "government")
        & (source_rows["region"] == "Beijing")
    ]
    return entries["firm_id"].isin(hit["firm_id"])
