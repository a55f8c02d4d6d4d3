"""The page that opens the study."""

import pandas as pd

from cluster_anatomy.study import overview


def test_headlines_stand_in_full() -> None:
    """Each headline has its whole statement, frame and notebook; other results are left out."""
    long = "Of the entries with known reach " + "very " * 40 + "many came from home."
    register = pd.DataFrame(
        {
            "headline": ["yes", "no", "yes"],
            "statement": [long, "Not this.", "Nor cut."],
            "frame": ["f", "f", "g"],
            "notebook": ["05_entry_patterns", "05_entry_patterns", "10_robustness"],
        }
    )
    first, second = overview.headline_list(register).split("\n")
    assert first == f"- {long} Frame: `f`; [05_entry_patterns](05_entry_patterns.ipynb)."
    assert second.startswith("- Nor cut. Frame: `g`")
