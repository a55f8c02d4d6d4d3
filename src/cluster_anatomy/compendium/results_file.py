"""The register of results as text: what a run, its report and the lists of numbers read of it.

Its numbers as numbers, checked against the contract, are the business of `results.collect`.
"""

import csv
import io
from pathlib import Path

PARTS, WHOLE = "data/processed/results", "data/processed/results.csv"


def rows(text: str) -> list[dict[str, str]]:
    """Return the results in the text of a CSV file, field -> text."""
    return list(csv.DictReader(io.StringIO(text)))


def read(base: Path) -> list[dict[str, str]]:
    """Return the results of all notebooks, sorted by id; the texts as they stand in the files."""
    texts = [part.read_text(encoding="utf-8") for part in (base / PARTS).glob("*.csv")]
    return sorted((row for text in texts for row in rows(text)), key=lambda row: row["id"])
