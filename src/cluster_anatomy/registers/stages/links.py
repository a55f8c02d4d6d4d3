"""The stage `link`: which names are one firm, by the linkage model or the register's own number."""

import re
import shutil
from dataclasses import replace
from math import log2
from pathlib import Path

import numpy as np
import pandas as pd

from cluster_anatomy.firms import linkage
from cluster_anatomy.firms.linkage.features import UNIT
from cluster_anatomy.registers import calibration
from cluster_anatomy.registers.calibration import Calibration
from cluster_anatomy.registers.weights import (
    NAMES,
    SLACK,
    WITNESSES,
    bits,
    bits_of_level,
    bits_without_names,
    fitted,
    largest_block,
    level_in_sql,
    log_odds,
    never_same,
    possible,
)
from cluster_anatomy.registers.work import Run

WAYS = {"free": 3, "place": 2, "year": 1, "both": 0}
"""How two names met: by a key alone, or by one that counts only within a place, a year, or both."""
SAMPLE = 500_000
"""Pairs of names on which the weights are calibrated, about."""
TELLING = 5.0
"""Bits of a level of the comparison of names from which it is calibrated: chance makes the rest."""
UNSHARED = 5.0
"""Bits that words which two names share may lack of one record, with all else that agrees."""
OTHER_DOMAIN = 12.0
"""Bits that different web addresses say against two names being one firm."""
MOST_EQUAL = 0.05
"""Share of pairs with the same words that is believed at most."""
EQUAL = 2.0
"""Bits that equal names may lack of telling one record of the register."""

EQUALS = """
WITH named AS (
    SELECT DISTINCT script, {words} AS words, node, place, country, info FROM features
    WHERE kind IN ('name', 'other')
),
counted AS (
    SELECT script, words, count(DISTINCT place) AS places, count(DISTINCT country) AS countries
    FROM named GROUP BY script, words HAVING count(*) > 1
),
located AS (
    SELECT named.script, named.words, named.node,
        CASE WHEN places <= 1 AND countries <= 1 THEN ''
            WHEN place IS NOT NULL THEN concat(coalesce(country, ''), '|', place) END AS spot
    FROM named JOIN counted ON counted.script = named.script AND counted.words = named.words
    WHERE {unit} * info + CASE WHEN place IS NULL THEN 0 ELSE {place} END >= {needed}
)
SELECT node, min(node) OVER (PARTITION BY script, words, spot) AS root FROM located
WHERE spot IS NOT NULL
"""
REFINED = """
WITH large AS (
    SELECT all_keys.name_id, all_keys.node, all_keys.key, place, year FROM all_keys
    JOIN key_sizes ON key_sizes.key = all_keys.key
    JOIN features ON features.name_id = all_keys.name_id WHERE names > {largest}
)
SELECT DISTINCT name_id, node, key, way FROM (
    SELECT name_id, node, concat(key, '|', place) AS key, 2 AS way FROM large
    WHERE place IS NOT NULL
    UNION ALL SELECT name_id, node, concat(key, '|', year), 1 FROM large WHERE year IS NOT NULL
    UNION ALL SELECT name_id, node, concat(key, '|', year + 1), 1 FROM large
    WHERE year IS NOT NULL AND place IS NULL
    UNION ALL SELECT name_id, node, concat(key, '|', place, '|', year), 0 FROM large
    WHERE place IS NOT NULL AND year IS NOT NULL
) AS refined
"""
LINKED = """
WITH linked AS (
    SELECT least(node_l, node_r) AS node_l, greatest(node_l, node_r) AS node_r, match_weight,
        'model' AS basis
    FROM scored
    UNION ALL
    SELECT root AS node_l, node AS node_r, CAST(NULL AS DOUBLE) AS match_weight,
        'same words' AS basis
    FROM equal WHERE root < node
    UNION ALL
    SELECT DISTINCT first.node AS node_l, records.node AS node_r,
        CAST(NULL AS DOUBLE) AS match_weight, 'same number' AS basis
    FROM records
    JOIN (SELECT id, min(node) AS node FROM records WHERE id IS NOT NULL GROUP BY id) AS first
        ON first.id = records.id
    WHERE first.node < records.node
),
known AS (
    SELECT node, min(id) AS id, max(id) AS other_id, min(domain) AS domain
    FROM records GROUP BY node
)
SELECT node_l, node_r, round(max(match_weight), 6) AS match_weight, max(basis) AS basis
FROM linked JOIN known AS one ON one.node = node_l JOIN known AS other ON other.node = node_r
WHERE basis = 'same number' OR (
    coalesce(one.id = other.id OR one.other_id = other.other_id, TRUE)
    AND (basis = 'same words' OR coalesce(one.domain = other.domain, TRUE)
        OR match_weight >= {threshold})
)
GROUP BY node_l, node_r ORDER BY node_l, node_r
"""
"""Different numbers of the register part what the model would link; so do different domains, unless
the names are the same or the weight exceeds the threshold by `OTHER_DOMAIN`."""


def link(run: Run, into: Path) -> int:
    """Write ``pairs``: nodes that are one firm, by the linkage model or the register's number.

    Names with the same words are joined first, where place and country do not contradict it, and
    only one of each is compared with others. ``calibration`` has what the register said of the
    weights.
    """
    model = fitted(linkage.load_model(), run)
    _join_equals(run, into, model)
    model = replace(model, prior=max(model.prior, _share_of_equals(run)))
    _count_keys(run, into, model)
    drawn_of = _meet(run, into, model)
    found = _calibrate(run, model, drawn_of)
    run.tell(f"      {found.said}")
    run.write("scored", _scores(model, found), into)
    threshold = log_odds(model.same_from) + OTHER_DOMAIN
    run.write("pairs", LINKED.format(threshold=f"{threshold:.6f}e0"), into)
    bands = ["said_from", "said_to", "pairs", "seen"]
    seen = pd.DataFrame(found.seen, columns=bands, dtype=float)
    seen.to_parquet(into / "calibration.parquet", index=False)
    temporary = ("equal", "compared_names", "all_keys", "key_sizes", "blocks", "met", "scored")
    remove(*(into / f"{name}.parquet" for name in temporary))
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


def _comparison_bits(model: linkage.Model, name: str) -> dict[int, float]:
    """Return the bits of each level of a comparison, by its number; none if there is no such."""
    levels = next((one["levels"] for one in model.comparisons if one["name"] == name), [])
    return {number: bits(level) for number, level in enumerate(levels)}


# --- Equal names


def _join_equals(run: Run, into: Path, model: linkage.Model) -> None:
    """Write ``equal`` (nodes with the same words) and ``compared_names`` (one of each)."""
    needed = log2(max(run.count("nodes"), 2)) - EQUAL
    place = _comparison_bits(model, "place").get(0, 0.0)
    parts = [
        EQUALS.format(words=words, unit=UNIT, place=f"{place:.6f}e0", needed=f"{needed:.6f}e0")
        for words in ("sorted", "joined")
    ]
    for number, part in enumerate(parts):
        run.write(f"equal_{number}", part, into)
    run.write("equal", "SELECT * FROM equal_0 UNION SELECT * FROM equal_1", into)
    alike = ", ".join(f"features.{name}" for name in compared_columns())
    run.write(
        "compared_names",
        f"""
        SELECT name_id FROM (
            SELECT features.name_id, row_number() OVER (
                PARTITION BY coalesce(equal_0.root, features.node), {alike}
                ORDER BY features.name_id
            ) AS place_in_order
            FROM features LEFT JOIN equal_0 ON equal_0.node = features.node
        ) AS numbered WHERE place_in_order = 1
        """,
        into,
    )
    remove(*(into / f"equal_{number}.parquet" for number in range(len(parts))))


def _share_of_equals(run: Run) -> float:
    """Return the share of pairs of nodes that have the same words: so many at least are one firm.

    A list that names few firms again and again has more true pairs than one for each record.
    """
    equal = run.engine.rows(
        "SELECT sum(n * (n - 1e0) / 2)"
        " FROM (SELECT count(*) AS n FROM equal GROUP BY root) AS sizes"
    )[0][0]
    nodes = run.count("nodes")
    return min((equal or 0.0) / max(nodes * (nodes - 1) / 2, 1.0), MOST_EQUAL)


# --- Which names meet


def _count_keys(run: Run, into: Path, model: linkage.Model) -> None:
    """Write ``blocks``: the keys that few enough names share, the others refined."""
    explode = run.engine.explode
    run.write(
        "all_keys",
        f"SELECT features.name_id, node, {explode}(keys) AS key FROM features"
        " JOIN compared_names ON compared_names.name_id = features.name_id",
        into,
    )
    run.write(
        "key_sizes",
        "SELECT key, count(*) AS names FROM all_keys GROUP BY key HAVING count(*) > 1",
        into,
    )
    names = run.count("compared_names")
    largest = _largest(run, names, model, "key_sizes")
    run.write("refined", REFINED.format(largest=largest), into)
    run.write(
        "refined_sizes",
        "SELECT key, count(*) AS names FROM refined GROUP BY key HAVING count(*) > 1",
        into,
    )
    finer = _largest(run, names, model, "refined_sizes")
    sql = f"""
        SELECT name_id, node, all_keys.key,
            CASE WHEN all_keys.key LIKE 'd:%' THEN 2 ELSE 3 END AS way
        FROM all_keys JOIN key_sizes ON key_sizes.key = all_keys.key WHERE names <= {largest}
        UNION ALL
        SELECT name_id, node, refined.key, way FROM refined
        JOIN refined_sizes ON refined_sizes.key = refined.key WHERE names <= {finer}
    """
    run.write("blocks", sql, into)
    remove(into / "refined.parquet", into / "refined_sizes.parquet")


def _largest(run: Run, names: int, model: linkage.Model, sizes: str) -> int:
    """Return how many names may share a key of a table of sizes, and say so."""
    counted = run.engine.rows(f"SELECT names, count(*) FROM {sizes} GROUP BY names")
    largest = largest_block(counted, names, model.largest_block)
    compared = sum(n * size * (size - 1) // 2 for size, n in counted if size <= largest)
    what = "keys" if sizes == "key_sizes" else "keys within a place or year"
    run.tell(f"      {what} of up to {largest} names: {compared:,} pairs of names to compare")
    return largest


PAIRS_OF_BLOCKS = """
SELECT CAST(sum(n * (n - 1) / 2) AS BIGINT) FROM
    (SELECT count(*) AS n FROM blocks GROUP BY key) AS sizes
"""


def _meet(run: Run, into: Path, model: linkage.Model) -> int:
    """Write ``met``: pairs of names that share a key, and the level of each comparison.

    Kept are those that can reach the model's threshold, and one in so many as is returned, on which
    the weights are calibrated.
    """
    condition = possible(model.comparisons, model.prior, model.same_from)
    every = max(1, run.number(PAIRS_OF_BLOCKS) // SAMPLE)
    sample = f"abs(name_l % 1000003 - name_r % 1000003) % {every} = 0"
    sides = _sides([name for name in compared_columns() if name in _named_in(condition)])
    levels = ", ".join(
        f"{level_in_sql(comparison)} AS level_{comparison['name']}"
        for comparison in model.comparisons
    )
    shared = linkage.sql_levels("{shared}")
    rest = bits_without_names(model.comparisons)
    least = f"{-log_odds(model.prior) - UNSHARED:.6f}e0"
    near = "place_l = place_r AND coalesce(abs(year_l - year_r) <= 1, TRUE)"
    columns = [*dict.fromkeys(_named_in(levels + shared + rest + near))]
    sql = f"""
        WITH pairs_of_names AS (
            SELECT name_l, name_r, max(way) AS way,
                CASE WHEN {sample} THEN 1 ELSE 0 END AS drawn
            FROM (
                SELECT left_key.name_id AS name_l, right_key.name_id AS name_r, left_key.way AS way,
                    {sides}
                FROM blocks AS left_key JOIN blocks AS right_key ON right_key.key = left_key.key
                JOIN features AS one ON one.name_id = left_key.name_id
                JOIN features AS other ON other.name_id = right_key.name_id
                WHERE left_key.name_id < right_key.name_id AND left_key.node <> right_key.node
            ) AS met
            WHERE {sample} OR {condition}
            GROUP BY name_l, name_r
        )
        SELECT node_l, node_r, way, drawn, {levels} FROM (SELECT *, {shared} AS shared FROM (
            SELECT one.node AS node_l, other.node AS node_r, way, drawn, {_sides(columns)}
            FROM pairs_of_names JOIN features AS one ON one.name_id = name_l
            JOIN features AS other ON other.name_id = name_r
        ) AS sides) AS counted
        WHERE drawn = 1 OR joined_l = joined_r OR {near} OR {UNIT}e0 * shared + {rest} >= {least}
    """
    run.write("met", run.engine.translate(sql), into)
    run.tell(f"      {run.count('met'):,} of them can be one firm or are looked at for the weights")
    return every


def _sides(columns: list[str]) -> str:
    """Return the SQL for columns of two names, ``one`` and ``other``."""
    return ", ".join(f"one.{name} AS {name}_l, other.{name} AS {name}_r" for name in columns)


# --- What the agreement of two names says in this register


def _without_names(model: linkage.Model, leave_out: tuple[str, ...] = ()) -> str:
    """Return the SQL for what all comparisons but those of the words of names add."""
    parts = [
        bits_of_level(f"level_{comparison['name']}", _comparison_bits(model, comparison["name"]))
        for comparison in model.comparisons
        if comparison["name"] not in (*NAMES, *leave_out)
    ]
    return " + ".join(parts) or "0e0"


def _given(model: linkage.Model) -> str:
    """Return the SQL for what the witnesses add that did not let two names meet."""
    added = {
        name: bits_of_level(f"level_{name}", _comparison_bits(model, name))
        for name in WITNESSES
        if _comparison_bits(model, name)
    }
    unless = {"place": (WAYS["free"], WAYS["year"]), "year": (WAYS["free"], WAYS["place"])}
    parts = [
        f"CASE WHEN way IN {unless[name]} THEN {sql} ELSE 0e0 END" for name, sql in added.items()
    ]
    return " + ".join(parts) or "0e0"


def _start(model: linkage.Model) -> pd.DataFrame:
    """Return the log-odds of a match on each level of names, by the way in which they met."""
    met_by = {"free": (), "place": ("place",), "year": ("year",), "both": ("place", "year")}
    rows = []
    for name in NAMES:
        for level, weight in _comparison_bits(model, name).items():
            for way, witnesses in met_by.items():
                agreed = sum(_comparison_bits(model, witness).get(0, 0.0) for witness in witnesses)
                odds = log_odds(model.prior) + weight + agreed
                rows.append((name, level, way, odds, weight < TELLING or way == "both"))
    return pd.DataFrame(rows, columns=["comparison", "level", "way", "odds", "pinned"])


def _calibrate(run: Run, model: linkage.Model, drawn_of: int) -> Calibration:
    """Fit the log-odds of a match on each level of names to the register.

    One pair in `drawn_of` was drawn for it.
    """
    start = _start(model)
    start["number"] = range(len(start))
    cells = _cells(run, model, start)
    odds = start["odds"].to_numpy(float)
    known = _comparison_bits(model, "year") and _comparison_bits(model, "place")
    said, seen = "weights of the model as they are: no places and years to calibrate them by", []
    if known and len(cells):
        drawn = cells[cells["drawn"] == 1]
        drawn = drawn.assign(level=drawn["number"], evidence=drawn["given"] + drawn["rest"])
        best = start.loc[start["way"] == "free", "odds"].max() + SLACK
        new = calibration.fit(drawn, odds, start["pinned"].to_numpy(bool), best)
        if calibration.believed(drawn, new, run.count("nodes") / drawn_of):
            odds, said = new, "weights calibrated by place and year"
        else:
            said = "weights of the model as they are: the calibration found too many matches"
        seen = _borne_out(cells, odds, model)
    keys = zip(start["comparison"], start["level"], start["way"], strict=True)
    return Calibration(dict(zip(keys, odds, strict=True)), said, seen)


def _cells(run: Run, model: linkage.Model, start: pd.DataFrame) -> pd.DataFrame:
    """Count pairs of names by level, way, and what the other comparisons add."""
    name = " ".join(f"WHEN level_{name} >= 0 THEN '{name}'" for name in NAMES)
    level = " ".join(f"WHEN level_{name} >= 0 THEN level_{name}" for name in NAMES)
    year = "level_year" if _comparison_bits(model, "year") else "-1"
    rest = _without_names(model, WITNESSES)
    sql = f"""
        SELECT CASE {name} END AS comparison, CASE {level} END AS level, way, drawn,
            {year} AS same_year, round({_given(model)}, 3) AS given, round({rest}) AS rest,
            count(*) AS n
        FROM met WHERE NOT ({never_same(model, whatever=True)}) GROUP BY 1, 2, 3, 4, 5, 6, 7
    """
    columns = ["comparison", "level", "way", "drawn", "same_year", "given", "rest", "n"]
    cells = pd.DataFrame(run.engine.rows(run.engine.translate(sql)), columns=columns)
    cells = cells.dropna(subset=["comparison"])
    cells["way"] = cells["way"].map({number: way for way, number in WAYS.items()})
    keys = ["comparison", "level", "way"]
    cells["level"] = cells["level"].astype("int64")
    cells = cells.merge(start[[*keys, "number"]], on=keys)
    return cells.astype({"given": float, "rest": float, "n": float}).sort_values(
        columns, ignore_index=True
    )


def _borne_out(
    cells: pd.DataFrame, odds: np.ndarray, model: linkage.Model
) -> list[tuple[float, float, int, float]]:
    """Return what was said without the year, and what the years say."""
    same = next(one["levels"][0] for one in model.comparisons if one["name"] == "year")
    weights = _comparison_bits(model, "year") | {-1: 0.0}
    met = cells[cells["way"].isin(["free", "place"]) & (cells["same_year"] >= 0)]
    year = met["same_year"].map(weights).to_numpy(float)
    without = odds[met["number"].to_numpy()] + (met["given"] + met["rest"]).to_numpy() - year
    return calibration.borne_out(
        calibration.share(without),
        met["same_year"].to_numpy() == 0,
        met["n"].to_numpy(),
        same["m"],
        same["u"],
    )


def _scores(model: linkage.Model, found: Calibration) -> str:
    """Return the query for the pairs of nodes that reach the threshold."""
    cases = []
    for name in NAMES:
        for way, number in WAYS.items():
            odds = {
                level: weight
                for (comparison, level, met), weight in found.odds.items()
                if (comparison, met) == (name, way)
            }
            column = f"level_{name}"
            if odds:
                cases.append(
                    f"WHEN {column} >= 0 AND way = {number} THEN {bits_of_level(column, odds)}"
                )
    weight = (
        f"CASE {' '.join(cases)} ELSE -99e0 END + {_given(model)} +"
        f" {_without_names(model, WITNESSES)}"
    )
    return f"""
        SELECT node_l, node_r, weight AS match_weight FROM (
            SELECT node_l, node_r, {weight} AS weight FROM met WHERE NOT ({never_same(model)})
        ) AS weighed WHERE weight >= {log_odds(model.same_from):.6f}e0
    """


def remove(*tables: Path) -> None:
    """Remove tables that are a file or a folder."""
    for table in tables:
        if table.is_dir():
            shutil.rmtree(table)
        else:
            table.unlink(missing_ok=True)
