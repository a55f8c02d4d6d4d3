"""Step 00: the steps as a table."""

from cluster_anatomy.compendium.steps import load_steps
from cluster_anatomy.study.overview import step_table


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
