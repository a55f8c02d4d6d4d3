"""The register of results, and text filled from it."""

from cluster_anatomy.results.exhibits import write_readme
from cluster_anatomy.results.numbers import collect, lookup, record, result, show
from cluster_anatomy.results.words import Numbers

__all__ = [
    "Numbers",
    "collect",
    "lookup",
    "record",
    "result",
    "show",
    "write_readme",
]
