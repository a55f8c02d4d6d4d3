"""The stage `link`: which names are one firm, by the linkage model or the register's own number."""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cluster_anatomy.firms import linkage
from cluster_anatomy.registers.weights import fitted, largest_block, possible
from cluster_anatomy.registers.work import Run

if TYPE_CHECKING:  # splink takes seconds to load
    from splink import SettingsCreator
    from splink.internals.splink_dataframe import SplinkDataFrame

LINKED = """
WITH linked AS (
    SELECT least(node_l, node_r) AS node_l, greatest(node_l, node_r) AS node_r, match_weight,
        'model' AS basis
    FROM scored
    UNION ALL
    SELECT DISTINCT first.node AS node_l, records.node AS node_r,
        CAST(NULL AS DOUBLE) AS match_weight, 'same number' AS basis
    FROM records
    JOIN (SELECT id, min(node) AS node FROM records WHERE id IS NOT NULL GROUP BY id) AS first
        ON first.id = records.id
    WHERE first.node < records.node
)
SELECT node_l, node_r, round(max(match_weight), 6) AS match_weight, max(basis) AS basis
FROM linked GROUP BY node_l, node_r ORDER BY node_l, node_r
"""


def link(run: Run, into: Path) -> int:
    """Write ``pairs``: nodes that are one firm, by the linkage model or the register's number."""
    model = fitted(linkage.load_model(), run)
    largest = _count_keys(run, into, model)
    _meet(run, into, model, largest)
    scored = _score(run, model)
    run.write("pairs", LINKED, into)
    scored.drop_table_from_database_and_remove_from_cache()
    remove(*(into / f"{name}.parquet" for name in ("all_keys", "key_sizes", "blocked")))
    return run.count("pairs")


def compared_columns() -> tuple[str, ...]:
    """Return the columns of names that the linkage model, fitted to a register, compares."""
    sql = " ".join(
        linkage.sql_levels(text)
        for comparison in linkage.load_model().comparisons
        for text in (comparison["null"], *(level["sql"] for level in comparison["levels"]))
    )
    used = {*_named_in(sql), "place", "country", "year"} - {"name_id", "record_id"}
    return tuple(name for name in linkage.COLUMNS if name in used)


def _named_in(sql: str) -> list[str]:
    """Return the columns of names that an SQL expression on two names looks at."""
    return [name for name in linkage.COLUMNS if re.search(rf"\b{name}_[lr]\b", sql)]


def _count_keys(run: Run, into: Path, model: linkage.Model) -> int:
    """Write ``all_keys`` and ``key_sizes``; return how many names may share a key."""
    explode = run.engine.explode
    run.write("all_keys", f"SELECT name_id, node, {explode}(keys) AS key FROM features", into)
    run.write(
        "key_sizes",
        "SELECT key, count(*) AS names FROM all_keys GROUP BY key HAVING count(*) > 1",
        into,
    )
    sizes = run.engine.rows("SELECT names, count(*) FROM key_sizes GROUP BY names")
    largest = largest_block(sizes, run.count("features"), model.largest_block)
    compared = sum(n * size * (size - 1) // 2 for size, n in sizes if size <= largest)
    run.tell(f"      keys of up to {largest} names: {compared:,} pairs of names to compare")
    return largest


def _meet(run: Run, into: Path, model: linkage.Model, largest: int) -> None:
    """Write ``blocked``: pairs of names that share a key and can reach the model's threshold."""
    condition = possible(model.comparisons, model.prior, model.same_from)
    columns = [name for name in compared_columns() if name in _named_in(condition)]
    sides = "".join(f", one.{name} AS {name}_l, other.{name} AS {name}_r" for name in columns)
    sql = f"""
        WITH blocks AS (
            SELECT all_keys.name_id, all_keys.node, all_keys.key FROM all_keys
            JOIN key_sizes ON key_sizes.key = all_keys.key WHERE names <= {largest}
        )
        SELECT DISTINCT '0' AS match_key, join_key_l, join_key_r
        FROM (
            SELECT left_key.name_id AS join_key_l, right_key.name_id AS join_key_r{sides}
            FROM blocks AS left_key JOIN blocks AS right_key ON right_key.key = left_key.key
            JOIN features AS one ON one.name_id = left_key.name_id
            JOIN features AS other ON other.name_id = right_key.name_id
            WHERE left_key.name_id < right_key.name_id AND left_key.node <> right_key.node
        ) AS met
        WHERE {run.engine.translate(condition)}
    """
    run.write("blocked", sql, into)
    run.tell(f"      {run.count('blocked'):,} of them can be one firm")


def _score(run: Run, model: linkage.Model) -> "SplinkDataFrame":
    """Let splink score the pairs of names; SQL knows those above the threshold as ``scored``."""
    from splink import Linker

    api = run.engine.splink()
    features = api.register(run.engine.table("features"))
    linker = Linker(features, settings(model), log_level="ERROR")
    blocked = api.register(run.engine.table("blocked"))
    linker.table_management.register_blocked_pairs_for_predict(blocked)
    scored = linker.inference.predict(threshold_match_probability=model.same_from)
    run.engine.keep(scored, "scored")
    return scored


def settings(model: linkage.Model) -> "SettingsCreator":
    """Return the linkage model for splink, told to carry no more than is needed."""
    creator = linkage.settings(model)
    creator.retain_intermediate_calculation_columns = False
    creator.additional_columns_to_retain = ["node"]
    return creator


def remove(*tables: Path) -> None:
    """Remove tables that are a file or a folder."""
    for table in tables:
        if table.is_dir():
            shutil.rmtree(table)
        else:
            table.unlink(missing_ok=True)
