"""The stage `classify`: mode and source of entry, by the study's rules."""

from pathlib import Path

from cluster_anatomy.registers import batches
from cluster_anatomy.registers.files import ORIGIN
from cluster_anatomy.registers.work import Run

SEEN = {
    "founder_names": "repeat('x|', 1 + length({0}) - length(replace({0}, '|', '')))",
    "founder_prior_cities": (
        "CASE WHEN {1}founder_prior_org_types LIKE '%foreign_firm%' THEN {0} END"
    ),
    "relocated_from": "CASE WHEN {0} IS NOT NULL THEN 'yes' END",
}
"""What the rules see of a column, if not its text: of founders how many they are, of cities those
of foreign firms, of a former seat that there is one."""


def combination(table: str = "") -> str:
    """Return the SQL for the key of all that the rules of origin look at.

    Parameters
    ----------
    table : str
        What the columns are qualified with, where more than one table has them.
    """
    prefix = f"{table}." if table else ""
    year = f"{prefix}year"
    period = f"CASE WHEN {year} < 1980 THEN '1979' WHEN {year} IS NOT NULL THEN '1980' ELSE '' END"
    seen = [f"coalesce({_seen(column, prefix)}, '')" for column in ORIGIN]
    return f"md5(concat_ws('#', coalesce({prefix}country, ''), {period}, {', '.join(seen)}))"


def _seen(column: str, prefix: str = "") -> str:
    """Return the SQL for what the rules see of a column."""
    return SEEN.get(column, "{0}").format(prefix + column, prefix)


def classify(run: Run, into: Path) -> int:
    """Write ``origins``: mode and source of every combination of origin columns, by the rules.

    Firms that agree in all that the rules look at (`data/raw/coding/origin_rules.csv`) are
    classified once.
    """
    cells = ", ".join(f"min({_seen(column)}) AS {column}" for column in ORIGIN)
    filled = " OR ".join(f"{column} IS NOT NULL" for column in ORIGIN)
    period = "CASE WHEN year < 1980 THEN 1979 WHEN year IS NOT NULL THEN 1980 END"
    sql = f"""
        SELECT {combination()} AS combination, min(country) AS country, min({period}) AS year,
            {cells}
        FROM drafts WHERE {filled} GROUP BY {combination()} ORDER BY combination
    """
    run.map("origins", batches.classify, sql, into)
    return run.count("origins")
