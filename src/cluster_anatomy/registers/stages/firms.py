"""The stage `describe`: one row per firm, from its records."""

from pathlib import Path

from cluster_anatomy.registers.files import ORIGIN
from cluster_anatomy.registers.work import Run

EARLIEST = "CASE WHEN year IS NULL THEN 1 ELSE 0 END, year, node"
"""Order in which the earliest record comes first."""
MANY = 10
"""Different names from which a firm is shown to the user, and firms that are shown."""


def describe(run: Run, into: Path) -> int:
    """Write ``drafts``: one row per firm, from its records.

    The name is the most frequent one (then the longest, then the first in the alphabet); the year
    is the earliest (entry); place, region and country come from the earliest record that has a
    region; the origin columns come all from one record, the one that fills most of them (then the
    earliest).
    """
    origin = ", ".join(ORIGIN)
    filled = " + ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in ORIGIN)
    with_region = "CASE WHEN region IS NULL THEN 1 ELSE 0 END"
    seats = _first("place, region, country", f"{with_region}, {EARLIEST}, region, place, country")
    sql = f"""
        WITH joined AS (
            SELECT members.firm, records.node, records.name, records.place, records.country,
                records.year, coalesce(records.region, places.region) AS region, {origin},
                {filled} AS filled
            FROM records JOIN members ON members.node = records.node
            LEFT JOIN places ON places.place = records.place
                AND coalesce(places.country, '') = coalesce(records.country, '')
        ),
        counted AS (SELECT firm, name, count(*) AS n FROM joined GROUP BY firm, name),
        named AS (
            SELECT firm, name, row_number() OVER (
                PARTITION BY firm ORDER BY n DESC, length(name) DESC, name
            ) AS k
            FROM counted
        ),
        facts AS (
            SELECT firm, min(year) AS year, count(*) AS records, count(DISTINCT name) AS names
            FROM joined GROUP BY firm
        ),
        seats AS ({seats}),
        origins AS ({_origins(run)})
        SELECT facts.firm, named.name, seats.place, seats.region, seats.country, facts.year,
            facts.records, facts.names, {origin}
        FROM facts JOIN named ON named.firm = facts.firm AND named.k = 1
        JOIN seats ON seats.firm = facts.firm JOIN origins ON origins.firm = facts.firm
        ORDER BY facts.firm
    """
    run.write("drafts", sql, into)
    _show_large(run)
    return run.count("drafts")


def _show_large(run: Run) -> None:
    """Tell which firms have so many names that a reader should look at them."""
    large = run.engine.rows(
        f"SELECT name, names FROM drafts WHERE names > {MANY}"
        f" ORDER BY names DESC, name LIMIT {MANY}"
    )
    if large:
        firms = "; ".join(f"{name} ({names})" for name, names in large)
        run.tell(f"      look at firms of more than {MANY} different names: {firms}")


def _first(columns: str, order: str) -> str:
    """Return the query for the first row of each firm in an order."""
    return (
        f"SELECT firm, {columns} FROM (SELECT *, row_number() OVER (PARTITION BY firm ORDER BY"
        f" {order}) AS place_in_order FROM joined) AS ordered WHERE place_in_order = 1"
    )


def _origins(run: Run) -> str:
    """Return the query for the origin columns of each firm."""
    if not run.headings.intersection(ORIGIN):
        blank = ", ".join(f"CAST(NULL AS STRING) AS {column}" for column in ORIGIN)
        return f"SELECT DISTINCT firm, {blank} FROM joined"
    ties = ", ".join(f"coalesce({column}, '')" for column in ORIGIN)
    return _first(", ".join(ORIGIN), f"filled DESC, {EARLIEST}, {ties}")
