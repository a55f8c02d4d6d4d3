"""Statistics that know no firm."""
