"""Step 00: the steps as a table, the headlines in full."""

import pandas as pd

from cluster_anatomy.compendium.steps import load_steps
from cluster_anatomy.study.overview import headline_list, step_table


def test_the_table_has_a_line_for_each_step_and_says_that_more_files_are_written():
    steps = [step for step in load_steps() if step.name in ("02_firm_origins", "13_own_list")]
    *head, origins, own_list = step_table(steps).splitlines()
    assert len(head) == 2
    assert origins.startswith(
        "| [02_firm_origins](02_firm_origins.ipynb): Where each firm came from"
    )
    assert origins.endswith(" … |")
    assert own_list.count("`data/") == 2
    assert not own_list.endswith(" … |")


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
    first, second = headline_list(register).split("\n")
    assert first == f"- {long} Frame: `f`; [05_entry_patterns](05_entry_patterns.ipynb)."
    assert second.startswith("- Nor cut. Frame: `g`")
