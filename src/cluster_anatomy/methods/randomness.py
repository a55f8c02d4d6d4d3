"""The seed and the number of draws of every random method, unless a caller gives others."""

SEED = 20100801
"""Seed of every random draw in the study: the month of the paper."""
DRAWS = 9_999
"""Monte Carlo tables and permutations drawn per test."""
