"""The seed and the number of draws of every random method, unless a caller gives others."""

SEED = 20100801
"""A fixed number, so that whoever draws again draws the same."""
DRAWS = 9_999
"""Random tables or permutations per test; with the observed one they are ten thousand."""
