"""The ledger of a register: what came in, what went where and what came out."""

import json

from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.registers.work import Run

LEFT_OUT = {"row": "rows left out", "cell": "years read as unknown"}


def ledger(run: Run) -> list[tuple[str, int]]:
    """Return what came in, what went where and what came out."""
    return [
        *_read(run),
        ("records", run.count("records")),
        ("different names, with place, country and year", run.count("nodes")),
        ("links", run.count("links")),
        ("links taken apart again", run.count("links WHERE kept = 'no'")),
        ("firms", run.count("firms")),
        ("firms of several records", run.count("firms WHERE records > 1")),
        ("records in the largest firm", run.number("SELECT max(records) FROM firms")),
        ("different names in the largest firm", run.number("SELECT max(names) FROM firms")),
        ("firms of more than 10 different names", run.count("firms WHERE names > 10")),
        *_borne_out(run),
        ("records of all firms", run.number("SELECT CAST(sum(records) AS BIGINT) FROM firms")),
        ("firms without a year", run.count("firms WHERE year IS NULL")),
        ("firms without a region", run.count("firms WHERE region IS NULL")),
        ("firms of unknown origin", run.count("firms WHERE mode = 'unknown'")),
        ("entries in all cells", run.number("SELECT CAST(sum(firms) AS BIGINT) FROM entry")),
    ]


def _borne_out(run: Run) -> list[tuple[str, int]]:
    """Return what was said of pairs without their years, and what the years say, in per cent."""
    bands = run.engine.rows(
        "SELECT said_from, said_to, seen FROM calibration ORDER BY said_from, said_to"
    )
    return [
        (
            f"per cent borne out by years of pairs said to be one firm at {low:.0%} to {high:.0%}",
            round(100 * seen),
        )
        for low, high, seen in bands
    ]


def _read(run: Run) -> list[tuple[str, int]]:
    """Return how many rows were read and how many left out, by file and by reason."""
    counts = json.loads((run.stages / "read" / "files.json").read_text(encoding="utf-8"))
    reasons = run.engine.rows(
        "SELECT left_out, reason, count(*) FROM rejected GROUP BY left_out, reason"
        " ORDER BY left_out DESC, reason"
    )
    files = [(f"rows read: {file['file']}", file["rows"]) for file in counts]
    return [
        ("rows read", sum(file["rows"] for file in counts)),
        *(files if len(files) > 1 else []),
        ("rows left out", sum(n for left_out, _, n in reasons if left_out == "row")),
        *((f"{LEFT_OUT[left_out]}: {reason}", n) for left_out, reason, n in reasons),
    ]


def add_up(ledger: dict[str, int]) -> None:
    """Stop if the ledger does not add up.

    Raises
    ------
    PipelineError
        Naming the sum that is wrong.
    """
    sums = [
        ("rows read", ledger["rows read"], ledger["rows left out"] + ledger["records"]),
        ("records of all firms", ledger["records of all firms"], ledger["records"]),
        ("entries in all cells", ledger["entries in all cells"], ledger["firms"]),
    ]
    for what, total, accounted in sums:
        if total != accounted:
            raise PipelineError(
                f"the ledger does not add up: {what} {total:,}, accounted for {accounted:,};"
                " nothing was changed"
            )
