"""Words of the data as they stand in figures."""

import pandas as pd

TIE_WORDS = {
    "founded": "founded",
    "invested_in": "invested in",
    "subsidiary_of": "part of",
    "spun_off_from": "spun off from",
    "acquired": "acquired",
    "licensed_from": "licensed from",
    "staff_moved_to": "staff moved to",
    "joint_venture_with": "joint venture",
    "rd_site_of": "R&D site of",
    "manufacturing_site_of": "plant of",
    "developed_product_for": "developed product for",
}
"""Types of tie as they are written on an arrow."""


def words(table: pd.DataFrame, **parameters: object) -> dict[str, dict[str, str]]:
    """Return the words of every figure, parameters filled in.

    Parameters
    ----------
    table : DataFrame
        ``figure``, ``title``, ``caption``, ``alt``, in which ``{parameter}`` may stand, and
        ``headline`` and ``holds``, which stay as they are (`results.notebook.headed` fills them).
    """
    texts = table.set_index("figure").fillna("").to_dict("index")
    return {
        name: {
            part: text if part in ("headline", "holds") else text.format(**parameters)
            for part, text in parts.items()
        }
        for name, parts in texts.items()
    }
