"""Correspondence analysis."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from cluster_anatomy.methods.correspondence import correspondence

SMOKE = pd.DataFrame(
    [[4, 2, 3, 2], [4, 3, 7, 4], [25, 10, 12, 4], [18, 24, 33, 13], [10, 6, 7, 2]],
    index=["SM", "JM", "SE", "JE", "SC"],
    columns=["none", "light", "medium", "heavy"],
)
"""Smoking by rank among staff: the example of Greenacre (1984)."""
COUNTS = st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=5)


def test_correspondence_analysis_of_smoking_is_that_of_greenacre_1984():
    points, inertias = correspondence(SMOKE)
    assert inertias == pytest.approx([0.074759, 0.010017, 0.000414], abs=1e-6)
    assert inertias.sum() == pytest.approx(0.0852, abs=5e-5)
    rows = points[points["side"] == "row"].set_index("name")
    # print(ca(smoke)) of the R package ca (Nenadić and Greenacre 2007)
    assert rows["mass"].tolist() == pytest.approx(
        [0.056995, 0.093264, 0.264249, 0.455959, 0.129534], abs=1e-6
    )
    assert rows["inertia"].tolist() == pytest.approx(
        [0.002673, 0.011881, 0.038314, 0.026269, 0.006053], abs=1e-6
    )
    scaled = rows["axis1"].abs() / np.sqrt(inertias[0])  # standard coordinates, sign free
    assert scaled["SM"] == pytest.approx(0.24053, abs=1e-5)


@settings(deadline=None, max_examples=50)
@given(COUNTS)
def test_inertia_is_chi_square_by_n_and_axes_are_centred(rows):
    table = pd.DataFrame(rows)
    table = table.loc[table.sum(axis=1) > 0, table.sum(axis=0) > 0]
    assume(min(table.shape) > 1)
    points, inertias = correspondence(table)
    chi2 = stats.chi2_contingency(table, correction=False).statistic
    assert inertias.sum() == pytest.approx(chi2 / table.to_numpy().sum(), abs=1e-9)
    assert points["inertia"].sum() == pytest.approx(2 * inertias.sum(), abs=1e-9)
    for _, side in points.groupby("side"):
        assert (side["mass"] * side["axis1"]).sum() == pytest.approx(0, abs=1e-9)
    assert points["quality"].dropna().between(0, 1 + 1e-9).all()


def test_empty_rows_and_columns_have_no_point():
    points, inertias = correspondence(pd.DataFrame([[3, 1, 0], [1, 3, 0], [0, 0, 0]]))
    assert list(points["name"]) == [0, 1, 0, 1]
    assert inertias == pytest.approx([0.25])


def test_a_table_of_two_columns_has_no_second_axis():
    points, inertias = correspondence(pd.DataFrame([[3, 1], [1, 3], [2, 2]]))
    assert points["axis2"].isna().all()
    assert len(inertias) == 1
    assert points["quality"].dropna().tolist() == pytest.approx([1] * 4)
