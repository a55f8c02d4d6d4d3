"""Distances on the globe."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_anatomy.methods.distance import EARTH_RADIUS, kilometres

POINTS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def test_published_distances():
    """Nashville to Los Angeles (36.12 N 86.67 W, 33.94 N 118.40 W): 2,886.4 km on a sphere of 6,371
    km (Rosetta Code, Haversine formula).
    """
    assert kilometres(36.12, -86.67, 33.94, -118.40) == pytest.approx(2886.45, abs=0.1)
    quarter = math.pi / 2 * EARTH_RADIUS
    assert kilometres(0, 0, 90, 0) == pytest.approx(quarter)
    assert kilometres([0, 0], [0, 0], [0, 0], [180, 90]) == pytest.approx([2 * quarter, quarter])
    assert np.isnan(kilometres([1.0], [1.0], [np.nan], [1.0])).all()


@settings(max_examples=60, deadline=None)
@given(POINTS, POINTS, POINTS)
def test_distance_is_a_metric_on_the_sphere(first, second, third):
    there, back, onward, direct = (
        float(kilometres(*a, *b))
        for a, b in ((first, second), (second, first), (second, third), (first, third))
    )
    assert there == pytest.approx(back, abs=1e-6)
    assert 0 <= there <= math.pi * EARTH_RADIUS + 1e-6
    assert direct <= there + onward + 1e-3


@given(POINTS, POINTS)
def test_distance_is_that_by_the_law_of_cosines_of_vectors(first, second):
    vectors = [
        np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        for lat, lon in np.radians([first, second])
    ]
    angle = np.arctan2(np.linalg.norm(np.cross(*vectors)), np.dot(*vectors))
    assert kilometres(*first, *second) == pytest.approx(EARTH_RADIUS * angle, abs=0.5)
