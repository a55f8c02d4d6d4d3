"""Location quotients."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cluster_anatomy.methods.quotients import location_quotients

COUNTS = st.lists(st.lists(st.integers(1, 50), min_size=3, max_size=3), min_size=2, max_size=5)


def test_location_quotients_of_the_example_of_econgeo():
    # Balland's package EconGeo, example of location_quotient: all rows and columns sum to 100, so a
    # fifth is the mean
    table = pd.DataFrame(
        [
            [100, 0, 0, 0, 0],
            [0, 15, 5, 70, 10],
            [0, 20, 10, 20, 50],
            [0, 25, 30, 5, 40],
            [0, 40, 55, 5, 0],
        ]
    )
    first = location_quotients(table).to_numpy()[:2]
    assert first == pytest.approx(np.array([[5, 0, 0, 0, 0], [0, 0.75, 0.25, 3.5, 0.5]]))


@given(COUNTS)
def test_a_location_quotient_is_observed_by_expected(rows):
    expected = stats.contingency.expected_freq(rows)
    quotients = location_quotients(pd.DataFrame(rows))
    assert quotients.to_numpy() == pytest.approx(np.array(rows) / expected)
    sizes = np.array(rows).sum(axis=1)
    assert np.average(quotients, axis=0, weights=sizes) == pytest.approx(np.ones(3))


def test_where_nothing_is_at_risk_the_quotient_is_undefined_not_nought():
    table = location_quotients(pd.DataFrame([[2, 0, 0], [0, 3, 0], [0, 0, 0]]))
    assert table.loc[0, 1] == 0
    assert table.loc[2].isna().all()
    assert table[2].isna().all()
