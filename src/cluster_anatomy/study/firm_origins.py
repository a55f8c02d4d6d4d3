"""Step 02: where each firm came from, by rules that can be read.

An origin has three dimensions: *mode* (start-up, spin-off, subsidiary, relocation, backbone),
*source* (of founders, capital and knowledge) and *reach* (where the source sits relative to the
entry). The rules are a table (``data/raw/coding/origin_rules.csv``), and so are the conventions on
which honest coders differ (``conventions.csv``). The coders' labels are the yardstick of the rules,
never their input.
"""

import pandas as pd

from cluster_anatomy.firms.coders import in_order, with_evidence


def coder_labels(members: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    """Give each firm the label of its surest coder, and all labels it got.

    Returns
    -------
    DataFrame
        ``firm_id``, ``coder``, ``coder_label``, ``coder_confidence``, ``all_labels``.
    """
    grouped = in_order(with_evidence(members, evidence), "firm_id", "confidence", "coder").groupby(
        "firm_id"
    )
    return grouped.agg(
        coder=("coder", "first"),
        coder_label=("origin_coder_label", "first"),
        coder_confidence=("confidence", "first"),
        all_labels=("origin_coder_label", lambda labels: "|".join(dict.fromkeys(labels))),
    ).reset_index()


def describe_evidence(source_rows: pd.DataFrame) -> pd.Series:
    """Write out, per firm, the sources that the rules have seen (index ``firm_id``)."""
    rows = source_rows[source_rows["timing"] == "at_entry"]
    text = []
    for row in rows.itertuples():
        named = next((part for part in (row.organisation, row.city) if pd.notna(part)), "not named")
        text.append(
            f"{row.role}: {named}" + (f" ({row.org_type})" if pd.notna(row.org_type) else "")
        )
    return pd.Series(text, index=rows["firm_id"]).groupby(level=0).agg("; ".join)
