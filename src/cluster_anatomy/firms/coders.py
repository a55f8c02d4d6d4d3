"""Coders: who comes first where two of them differ, and which columns add up."""

import pandas as pd

CODER_ORDER = ["paper", "north", "south", "usa"]
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


SETTLED_COLUMNS = ["parent_timing", "pre_reform", "scope", "last_employers"]
"""Columns that only a reviewer fills: whether a parent came later, whether a firm is older than the
reforms, whether it is an entry at all, where founders worked last."""


def with_evidence(
    members: pd.DataFrame, evidence: pd.DataFrame, how: str = "inner"
) -> pd.DataFrame:
    """Join the rows of firms with what their coders wrote; ``how="left"`` keeps rows of lists."""
    keys = {"left_on": ["coder", "name_as_given"], "right_on": ["coder", "name_en"]}
    return members.merge(evidence, how=how, validate="1:1", **keys)


def in_order(rows: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Sort rows by columns: by ``confidence`` the surest first, by ``coder`` as `CODER_ORDER`."""
    orders = {"confidence": CONFIDENCE_ORDER, "coder": CODER_ORDER}

    def rank(column: pd.Series) -> pd.Series:
        if column.name not in orders:
            return column
        return column.map({word: rank for rank, word in enumerate(orders[column.name])}).fillna(9)

    return rows.sort_values(list(by), key=rank)
