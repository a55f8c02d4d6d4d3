"""The stage `enter`: entry by region, year and origin, with all that led to it."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from cluster_anatomy.registers import records
from cluster_anatomy.registers.files import ORIGIN
from cluster_anatomy.registers.stages.ledger import add_up, ledger
from cluster_anatomy.registers.stages.origins import combination
from cluster_anatomy.registers.work import Run
from cluster_anatomy.tables.cells import guard

ENTRY = """
SELECT coalesce(region, 'unknown') AS region, country, year, mode, source, count(*) AS firms,
    CAST(sum(records) AS BIGINT) AS records
FROM firms GROUP BY coalesce(region, 'unknown'), country, year, mode, source
ORDER BY region, country NULLS LAST, year NULLS LAST, mode, source
"""


def enter(run: Run, into: Path) -> int:
    """Write the results.

    They are ``firms``, ``records``, ``links``, ``entry``, ``rejected.csv`` and ``ledger.csv``.
    """
    run.write("firms", _firms(run), into)
    run.engine.write(_records(), into / "records.parquet")  # `records` are those of the stage read
    run.write("links", _links(), into)
    run.write("entry", ENTRY, into)
    _write_csv(into / "rejected.csv", records.REJECTED.names, _rejected(run))
    counts = ledger(run)
    _write_csv(into / "ledger.csv", ["what", "count"], counts)
    add_up(dict(counts))
    return run.count("firms")


def _firm_id(firm: str) -> str:
    """Return the SQL for the id of a firm.

    It is made from the content of the firm's own names, so that neither the order of rows nor other
    firms change it.
    """
    return f"concat('f', lpad(lower(hex({firm})), 16, '0'))"


def _firms(run: Run) -> str:
    """Return the query for the firms with their origins."""
    if run.headings.intersection(ORIGIN):
        no_origin = "nothing in its origin columns"
    else:
        no_origin = "the register has no columns on founders or parents"
    return f"""
        SELECT {_firm_id("firm")} AS firm_id, name, place, region, drafts.country, drafts.year,
            records, names, coalesce(mode, 'unknown') AS mode,
            coalesce(source, 'unknown') AS source, coalesce(rule, '{no_origin}') AS origin_basis
        FROM drafts LEFT JOIN origins ON origins.combination = {combination("drafts")}
        ORDER BY firm_id
    """


def _records() -> str:
    """Return the query for the firm of each row."""
    return f"""
        SELECT file, row, {_firm_id("members.firm")} AS firm_id, records.name, place, year
        FROM records JOIN members ON members.node = records.node ORDER BY file, row
    """


def _links() -> str:
    """Return the query for the links, with what they link and whether they were kept."""
    return f"""
        SELECT {_firm_id("one.firm")} AS firm_id, first.name AS name_l, second.name AS name_r,
            first.place AS place_l, second.place AS place_r, first.year AS year_l,
            second.year AS year_r, match_weight, basis,
            CASE WHEN one.firm = other.firm THEN 'yes' ELSE 'no' END AS kept
        FROM pairs
        JOIN members AS one ON one.node = node_l JOIN members AS other ON other.node = node_r
        JOIN nodes AS first ON first.node = node_l JOIN nodes AS second ON second.node = node_r
        ORDER BY firm_id, node_l, node_r
    """


def _rejected(run: Run) -> list[tuple]:
    """Return what could not be read."""
    column = run.engine.quote("column")
    return run.engine.rows(
        f"SELECT file, row, line, {column}, value, left_out, reason FROM rejected"
        " ORDER BY file, row, line"
    )


def _write_csv(path: Path, header: Iterable[str], rows: Iterable[tuple]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(
        [guard(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")
