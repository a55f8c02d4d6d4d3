"""The register of results, and text filled from it."""

from cluster_anatomy.results.exhibits import write_readme
from cluster_anatomy.results.numbers import collect, lookup, record, result, show
from cluster_anatomy.results.prose import MARK, fill_marks, render
from cluster_anatomy.results.words import Numbers

__all__ = [
    "MARK",
    "Numbers",
    "collect",
    "fill_marks",
    "lookup",
    "record",
    "render",
    "result",
    "show",
    "write_readme",
]
