"""Coders: who comes first where two of them differ, and which columns add up."""

import pandas as pd

from cluster_anatomy.tables.cells import split

ROUNDS = [
    ["paper", "north", "south", "usa"],
    ["china_second", "usa_second"],
    ["listed_china", "listed_usa"],
]
"""Coders by round: a later round looked up what an earlier one had left unknown."""
CODER_ORDER = [coder for coders in ROUNDS for coder in coders]
ROUND_OF = {coder: number for number, coders in enumerate(ROUNDS) for coder in coders}
CONFIDENCE_ORDER = ["high", "medium", "low"]

MERGED_COLUMNS = [
    "founder_names",
    "founder_prior_orgs",
    "founder_prior_org_types",
    "founder_prior_cities",
    "parent_orgs",
    "parent_org_types",
    "parent_cities",
    "parent_countries",
    "investors",
    "foreign_partner",
    "lead_products",
    "source_urls",
]
"""Evidence columns in which the rows of one firm add to each other."""
CHOSEN_COLUMNS = [
    "city",
    "province_or_state",
    "founded_year",
    "entry_year",
    "returnee_founder",
    "predecessor",
    "relocated_from",
    "ownership_at_entry",
    "region",
    "founder_scope",
    "product_field",
    "pre_reform",
]
"""Evidence columns in which the rows of one firm can contradict each other."""


SOURCE_COLUMNS = [
    "founder_names",
    "founder_prior_orgs",
    "founder_prior_org_types",
    "founder_prior_cities",
    "parent_orgs",
    "parent_org_types",
    "parent_cities",
    "parent_countries",
    "relocated_from",
]
"""Evidence columns that say who stood behind a firm; they are read together."""
SETTLED_COLUMNS = ["parent_timing", "pre_reform", "scope", "sources", "last_employers"]
"""Columns that only a reviewer fills: whether a parent came later, whether a firm is older than the
reforms, whether it is an entry at all, whether the row's sources are to be preferred, where the
founders worked last."""


def with_evidence(
    members: pd.DataFrame, evidence: pd.DataFrame, how: str = "inner"
) -> pd.DataFrame:
    """Join the rows of firms with what their coders wrote; ``how="left"`` keeps rows of lists.

    A later round fills what earlier ones left unknown. What it says of the sources of a firm
    (`SOURCE_COLUMNS`) is blank where an earlier round has placed one of them, and what it says in
    other columns that add up (`MERGED_COLUMNS`) where an earlier round says anything; only
    addresses always add up. Where a reviewer preferred the sources of one row (column ``sources``)
    those of the firm's other rows are blank instead.
    """
    keys = {"left_on": ["coder", "name_as_given"], "right_on": ["coder", "name_en"]}
    joined = members.merge(evidence, how=how, validate="1:1", **keys)
    number = joined["coder"].map(ROUND_OF).fillna(0)

    def known_before(known: pd.Series) -> pd.Series:
        return number > number.where(known).groupby(joined["firm_id"]).transform("min")

    others = joined.columns.intersection(MERGED_COLUMNS).difference(
        [*SOURCE_COLUMNS, "source_urls"]
    )
    for column in others:
        joined[column] = joined[column].mask(known_before(joined[column].notna()))
    preferred = joined.get("sources", pd.Series(pd.NA, index=joined.index)) == "preferred"
    preferred = preferred.fillna(False).astype(bool)
    settled = preferred.groupby(joined["firm_id"]).transform("any")
    silent = known_before(_places_a_source(joined)).mask(settled, ~preferred)
    joined.loc[silent, joined.columns.intersection(SOURCE_COLUMNS)] = pd.NA
    return joined


def _places_a_source(rows: pd.DataFrame) -> pd.Series:
    """Say of each row of evidence whether it tells where any source of the firm sat."""
    columns = [*SOURCE_COLUMNS, "country"]
    return pd.Series(
        [
            any(map(split, (row.founder_prior_cities, row.parent_cities, row.relocated_from)))
            or any(country != row.country for country in split(row.parent_countries))
            or any(
                kind.startswith("foreign_")
                for kind in split(row.founder_prior_org_types) + split(row.parent_org_types)
            )
            for row in rows.reindex(columns=columns).itertuples()
        ],
        index=rows.index,
        dtype=bool,
    )


def in_order(rows: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Sort rows by columns: by ``confidence`` the surest first, by ``coder`` as `CODER_ORDER`.

    Sorted by confidence, the rows of a later round stand behind all rows of an earlier one.
    """
    orders = {"confidence": CONFIDENCE_ORDER, "coder": CODER_ORDER}

    def rank(column: pd.Series) -> pd.Series:
        if column.name not in orders:
            return column
        return column.map({word: rank for rank, word in enumerate(orders[column.name])}).fillna(9)

    numbered = rows.assign(round=rows["coder"].map(ROUND_OF).fillna(0))
    columns = [
        part for name in by for part in (["round", name] if name == "confidence" else [name])
    ]
    return numbered.sort_values(columns, key=rank).drop(columns="round")
