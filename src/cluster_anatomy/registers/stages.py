"""The stages of a register: rows, names, pairs, firms, entries."""

import csv
import io
import json
import re
import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.registers import files
from cluster_anatomy.registers.engines import BATCH
from cluster_anatomy.registers.weights import fitted, largest_block, possible
from cluster_anatomy.registers.work import LARGEST, ROUNDS, STEP, Run
from cluster_anatomy.tables.cells import guard

# --- The stages; each writes its tables into a folder and returns how many rows came out


def read(run: Run, into: Path) -> int:
    """Write ``records`` (rows with a name) and ``rejected`` (rows left out, cells read as unknown)."""
    schemas = {"records": files.RECORD, "rejected": files.REJECTED}
    writers = {
        name: pq.ParquetWriter(into / f"{name}.parquet", schema, compression="zstd")
        for name, schema in schemas.items()
    }
    rows, kept, counts = 0, 0, []
    try:
        for source in run.sources:
            before = rows
            for batch in files.read(source):
                rows, kept = rows + batch.read, kept + len(batch.records)
                for name, writer in writers.items():
                    if len(table := getattr(batch, name)):
                        writer.write_table(table)
                if (
                    batch.read
                    and rows - before >= 10 * BATCH
                    and (rows - before) % (10 * BATCH) == 0
                ):
                    run.tell(f"      {source.label}: {rows - before:,} rows read")
            counts.append({"file": source.label, "rows": rows - before})
    finally:
        for writer in writers.values():
            writer.close()
    if not kept:
        raise PipelineError(
            f"{', '.join(str(s.path) for s in run.sources)}: no row has a name; nothing to link"
        )
    (into / "files.json").write_text(json.dumps(counts), encoding="utf-8")
    return kept


def place(run: Run, into: Path) -> int:
    """Write ``places``: the region of every place that the register names."""
    from cluster_anatomy.registers import batches

    sql = (
        "SELECT DISTINCT place, country FROM records WHERE place IS NOT NULL ORDER BY place,"
        " country"
    )
    run.engine.map(batches.place, sql, into / "places.parquet")
    run.engine.view("places", into / "places.parquet")
    return run.engine.rows("SELECT count(*) FROM places")[0][0]


def _columns() -> tuple[str, ...]:
    """Return the columns of names that are compared."""
    from cluster_anatomy.firms import linkage

    sql = " ".join(
        linkage.sql_levels(text)
        for one in linkage.load_model().comparisons
        for text in (one["null"], *(level["sql"] for level in one["levels"]))
    )
    used = {name for name in linkage.COLUMNS if re.search(rf"\b{name}_[lr]\b", sql)} | {
        "place",
        "country",
        "year",
    }
    return tuple(name for name in linkage.COLUMNS if name in used - {"name_id", "record_id"})


def clean(run: Run, into: Path) -> int:
    """Write ``nodes`` (each different name, with its place, country and year) and ``features``.

    ``features`` has a row for every name that a node has (its own, former ones, the romanised form
    of a Chinese one), taken apart as the linkage model compares it.
    """
    from cluster_anatomy.registers import batches

    run.engine.write(
        """
        SELECT records.node, min(records.name) AS name, min(other_names) AS other_names, min(former_names) AS former_names,
            min(coalesce(records.region, places.region, records.place)) AS place, min(records.country) AS country,
            min(records.year) AS year, max(records.name) AS other
        FROM records LEFT JOIN places
            ON places.place = records.place AND coalesce(places.country, '') = coalesce(records.country, '')
        GROUP BY records.node ORDER BY records.node
        """,
        into / "nodes.parquet",
    )
    run.engine.view("nodes", into / "nodes.parquet")
    if run.engine.rows("SELECT count(*) FROM nodes WHERE name <> other")[0][0]:
        raise PipelineError(
            "two different names have the same 63-bit number; please report this register"
        )
    sql = (
        "SELECT node, name, other_names, former_names, place, country, year FROM nodes ORDER BY"
        " node"
    )
    run.engine.map(partial(batches.clean, columns=_columns()), sql, into / "features.parquet")
    run.engine.view("features", into / "features.parquet")
    return run.engine.rows("SELECT count(*) FROM features")[0][0]


def link(run: Run, into: Path) -> int:
    """Write ``pairs``: nodes that are one firm by the linkage model, or by the register's own
    number.
    """
    from splink import Linker

    from cluster_anatomy.firms import linkage

    engine, model = run.engine, fitted(linkage.load_model(), run)
    names = engine.rows("SELECT count(*) FROM features")[0][0]
    engine.write(
        f"SELECT name_id, node, {engine.explode}(keys) AS key FROM features",
        into / "all_keys.parquet",
    )
    engine.view("all_keys", into / "all_keys.parquet")
    engine.write(
        "SELECT key, count(*) AS names FROM all_keys GROUP BY key HAVING count(*) > 1",
        into / "sizes.parquet",
    )
    engine.view("key_sizes", into / "sizes.parquet")
    sizes = engine.rows("SELECT names, count(*) FROM key_sizes GROUP BY names")
    largest = largest_block(sizes, names, model.largest_block)
    compared = sum(n * size * (size - 1) // 2 for size, n in sizes if size <= largest)
    run.tell(f"      keys of up to {largest} names: {compared:,} pairs of names to compare")
    condition = possible(model.comparisons, model.prior, model.same_from)
    looked_at = [column for column in _columns() if re.search(rf"\b{column}_[lr]\b", condition)]
    sides = "".join(
        f", one.{column} AS {column}_l, other.{column} AS {column}_r" for column in looked_at
    )
    engine.write(
        f"""
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
        WHERE {engine.translate(condition)}
        """,
        into / "blocked.parquet",
    )
    engine.view("blocked", into / "blocked.parquet")
    met = engine.rows("SELECT count(*) FROM blocked")[0][0]
    run.tell(f"      {met:,} of them can be one firm")
    api = engine.splink()
    linker = Linker(api.register(engine.table("features")), _settings(model), log_level="ERROR")
    linker.table_management.register_blocked_pairs_for_predict(
        api.register(engine.table("blocked"))
    )
    scored = linker.inference.predict(threshold_match_probability=model.same_from)
    engine.keep(scored, "scored")
    engine.write(
        """
        WITH linked AS (
            SELECT least(node_l, node_r) AS node_l, greatest(node_l, node_r) AS node_r, match_weight, 'model' AS basis
            FROM scored
            UNION ALL
            SELECT DISTINCT first.node AS node_l, records.node AS node_r, CAST(NULL AS DOUBLE) AS match_weight,
                'same number' AS basis
            FROM records JOIN (SELECT id, min(node) AS node FROM records WHERE id IS NOT NULL GROUP BY id) AS first
                ON first.id = records.id
            WHERE first.node < records.node
        )
        SELECT node_l, node_r, round(max(match_weight), 6) AS match_weight, max(basis) AS basis
        FROM linked GROUP BY node_l, node_r ORDER BY node_l, node_r
        """,
        into / "pairs.parquet",
    )
    scored.drop_table_from_database_and_remove_from_cache()
    _remove(*(into / f"{name}.parquet" for name in ("all_keys", "sizes", "blocked")))
    engine.view("pairs", into / "pairs.parquet")
    return engine.rows("SELECT count(*) FROM pairs")[0][0]


def _settings(model):
    """Return the linkage model for splink, told to carry no more than is needed."""
    from cluster_anatomy.firms import linkage

    settings = linkage.settings(model)
    settings.retain_intermediate_calculation_columns = False
    settings.additional_columns_to_retain = ["node"]
    return settings


def _remove(*tables: Path) -> None:
    """Remove tables that are a file or a folder."""
    for table in tables:
        if table.is_dir():
            shutil.rmtree(table)
        else:
            table.unlink(missing_ok=True)


def group(run: Run, into: Path) -> int:
    """Write ``members``: the firm of every name, which is the connected component of its links.

    Chains of links can join what is not one firm. A component of more than `LARGEST` names is
    therefore taken apart again by the links whose match weight is `STEP`, twice `STEP`, … above the
    model's threshold, until its parts are small enough, for at most `ROUNDS` rounds. Former names
    and the register's own numbers are never taken apart. What stays larger is kept and counted in
    the ledger.
    """
    from splink.clustering import cluster_pairwise_predictions_at_threshold as components

    engine, done = run.engine, []
    weakest = engine.rows("SELECT coalesce(min(match_weight), 0) FROM pairs")[0][0]
    edges = "SELECT node_l, node_r, match_weight FROM pairs"
    for number in range(ROUNDS):
        draft = into / f"round_{number}.parquet"
        engine.write(edges, into / f"edges_{number}.parquet")
        engine.view("edges", into / f"edges_{number}.parquet")
        engine.write(
            "SELECT node_l AS node FROM edges UNION SELECT node_r FROM edges",
            into / "nodes.parquet",
        )
        engine.view("linked", into / "nodes.parquet")
        found = components(
            engine.table("linked"),
            engine.table("edges"),
            engine.splink(),
            "node",
            "node_l",
            "node_r",
        )
        engine.keep(found, "clusters")
        engine.write(
            "SELECT node, min(node) OVER (PARTITION BY cluster_id) AS firm,"
            " count(*) OVER (PARTITION BY cluster_id) AS names FROM clusters",
            draft,
        )
        found.drop_table_from_database_and_remove_from_cache()
        engine.view(f"round_{number}", draft)
        _remove(into / "nodes.parquet")
        more = engine.rows(f"SELECT count(*) FROM round_{number} WHERE names > {LARGEST}")[0][0]
        if more:  # only links with a weight can be taken apart
            more = engine.rows(
                f"SELECT count(*) FROM edges JOIN round_{number} AS part ON part.node ="
                f" edges.node_l WHERE part.names > {LARGEST} AND match_weight IS NOT NULL"
            )[0][0]
        last = not more or number == ROUNDS - 1
        done.append(
            f"SELECT node, firm FROM round_{number}"
            + ("" if last else f" WHERE names <= {LARGEST}")
        )
        if last:
            break
        run.tell(
            f"      {more:,} links are in firms of more than {LARGEST} names: threshold raised by"
            f" {(number + 1) * STEP:g} bits"
        )
        edges = (
            f"SELECT edges.* FROM edges JOIN round_{number} AS part ON part.node = edges.node_l"
            f" WHERE part.names > {LARGEST}"
            f" AND (match_weight IS NULL OR match_weight >= {weakest + (number + 1) * STEP})"
        )
    engine.write(
        "SELECT nodes.node, min(coalesce(firm, nodes.node)) AS firm FROM nodes"
        f" LEFT JOIN ({' UNION ALL '.join(done)}) AS grouped ON grouped.node = nodes.node"
        " GROUP BY nodes.node ORDER BY nodes.node",
        into / "members.parquet",
    )
    _remove(*into.glob("round_*"), *into.glob("edges_*"))
    engine.view("members", into / "members.parquet")
    return engine.rows("SELECT count(DISTINCT firm) FROM members")[0][0]


def _first(columns: str, order: str) -> str:
    """Return the query for the first row of each firm in an order."""
    return (
        f"SELECT firm, {columns} FROM (SELECT *, row_number() OVER (PARTITION BY firm ORDER BY"
        f" {order}) AS place_in_order FROM joined) AS ordered WHERE place_in_order = 1"
    )


def describe(run: Run, into: Path) -> int:
    """Write ``drafts``: one row per firm, from its records.

    The name is the most frequent one (then the longest, then the first in the alphabet); the year
    is the earliest (entry); place, region and country come from the earliest record that has a
    region; the origin columns come all from one record, the one that fills most of them (then the
    earliest).
    """
    filled = " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in files.ORIGIN)
    origin = [name for name in files.ORIGIN if name in run.headings]
    early = "CASE WHEN year IS NULL THEN 1 ELSE 0 END, year, node"
    every = ", ".join(files.ORIGIN)
    origins = _first(
        every,
        f"filled DESC, {early}, " + ", ".join(f"coalesce({name}, '')" for name in files.ORIGIN),
    )
    if not origin:
        origins = (
            "SELECT DISTINCT firm, "
            + ", ".join(f"CAST(NULL AS STRING) AS {n}" for n in files.ORIGIN)
            + " FROM joined"
        )
    run.engine.write(
        f"""
        WITH joined AS (
            SELECT members.firm, records.node, records.name, records.place, records.country, records.year,
                coalesce(records.region, places.region) AS region, {every}, {filled} AS filled
            FROM records JOIN members ON members.node = records.node
            LEFT JOIN places ON places.place = records.place
                AND coalesce(places.country, '') = coalesce(records.country, '')
        ),
        counted AS (SELECT firm, name, count(*) AS n FROM joined GROUP BY firm, name),
        named AS (
            SELECT firm, name, row_number() OVER (PARTITION BY firm ORDER BY n DESC, length(name) DESC, name) AS k
            FROM counted
        ),
        facts AS (
            SELECT firm, min(year) AS year, count(*) AS records, count(DISTINCT name) AS names FROM joined GROUP BY firm
        ),
        seats AS ({_first("place, region, country", f"CASE WHEN region IS NULL THEN 1 ELSE 0 END, {early}, region, place, country")}),
        origins AS ({origins})
        SELECT facts.firm, named.name, seats.place, seats.region, seats.country, facts.year, facts.records, facts.names,
            {every}
        FROM facts JOIN named ON named.firm = facts.firm AND named.k = 1
        JOIN seats ON seats.firm = facts.firm JOIN origins ON origins.firm = facts.firm
        ORDER BY facts.firm
        """,
        into / "drafts.parquet",
    )
    run.engine.view("drafts", into / "drafts.parquet")
    return run.engine.rows("SELECT count(*) FROM drafts")[0][0]


ASKED = [name for name in files.ORIGIN if name != "founder_prior_cities"]
"""Origin columns that the rules look at: where founders worked tells reach, not origin."""


def _asked(name: str) -> str:
    return (
        f"CASE WHEN {name} IS NOT NULL THEN 'yes' END"
        if name in ("founder_names", "relocated_from")
        else name
    )


def _combination() -> str:
    """Return the SQL for the key of all that the rules of origin look at."""
    period = "CASE WHEN year < 1980 THEN '1979' WHEN year IS NOT NULL THEN '1980' ELSE '' END"
    cells = ["coalesce(country, '')", period, *(f"coalesce({_asked(name)}, '')" for name in ASKED)]
    return f"md5(concat_ws('#', {', '.join(cells)}))"


def classify(run: Run, into: Path) -> int:
    """Write ``origins``: mode and source of every combination of origin columns, by the study's
    rules.

    Firms that agree in all that the rules ask for (`data/raw/coding/origin_rules.csv`) are
    classified once.
    """
    from cluster_anatomy.registers import batches

    cells = ", ".join(
        f"min({_asked(name)}) AS {name}" if name in ASKED else f"CAST(NULL AS STRING) AS {name}"
        for name in files.ORIGIN
    )
    some = " OR ".join(f"{name} IS NOT NULL" for name in files.ORIGIN)
    sql = (
        f"SELECT {_combination()} AS combination, min(country) AS country, min(CASE WHEN year <"
        f" 1980 THEN 1979 WHEN year IS NOT NULL THEN 1980 END) AS year, {cells} FROM drafts WHERE"
        f" {some} GROUP BY {_combination()} ORDER BY combination"
    )
    run.engine.map(batches.classify, sql, into / "origins.parquet")
    run.engine.view("origins", into / "origins.parquet")
    return run.engine.rows("SELECT count(*) FROM origins")[0][0]


FIRM_ID = "concat('f', lpad(lower(hex({})), 16, '0'))"
"""Made from the content of the firm's own names, so that neither the order of rows nor other firms
change it.
"""


def enter(run: Run, into: Path) -> int:
    """Write the results: ``firms``, ``records``, ``links``, ``entry``, ``rejected.csv`` and
    ``ledger.csv``.
    """
    engine = run.engine
    has_origin = any(name in run.headings for name in files.ORIGIN)
    blank = (
        "nothing in its origin columns"
        if has_origin
        else "the register has no columns on founders or parents"
    )
    engine.write(
        f"""
        SELECT {FIRM_ID.format("firm")} AS firm_id, name, place, region, drafts.country, drafts.year, records, names,
            coalesce(mode, 'unknown') AS mode, coalesce(source, 'unknown') AS source,
            coalesce(rule, '{blank}') AS origin_basis
        FROM drafts LEFT JOIN origins ON origins.combination = {_combination().replace("country", "drafts.country").replace("year", "drafts.year")}
        ORDER BY firm_id
        """,
        into / "firms.parquet",
    )
    engine.view("firms", into / "firms.parquet")
    engine.write(
        f"""
        SELECT file, row, {FIRM_ID.format("members.firm")} AS firm_id, records.name, place, year
        FROM records JOIN members ON members.node = records.node ORDER BY file, row
        """,
        into / "records.parquet",
    )
    engine.view("filed", into / "records.parquet")
    engine.write(
        f"""
        SELECT {FIRM_ID.format("one.firm")} AS firm_id, first.name AS name_l, second.name AS name_r, first.place AS place_l,
            second.place AS place_r, first.year AS year_l, second.year AS year_r, match_weight, basis,
            CASE WHEN one.firm = other.firm THEN 'yes' ELSE 'no' END AS kept
        FROM pairs JOIN members AS one ON one.node = node_l JOIN members AS other ON other.node = node_r
        JOIN nodes AS first ON first.node = node_l JOIN nodes AS second ON second.node = node_r
        ORDER BY firm_id, node_l, node_r
        """,
        into / "links.parquet",
    )
    engine.view("links", into / "links.parquet")
    engine.write(
        """
        SELECT coalesce(region, 'unknown') AS region, country, year, mode, source, count(*) AS firms,
            CAST(sum(records) AS BIGINT) AS records
        FROM firms GROUP BY coalesce(region, 'unknown'), country, year, mode, source
        ORDER BY region, country NULLS LAST, year NULLS LAST, mode, source
        """,
        into / "entry.parquet",
    )
    engine.view("entry", into / "entry.parquet")
    rejected = engine.rows(
        'SELECT file, row, line, "column", value, left_out, reason FROM rejected ORDER BY file,'
        " row, line".replace('"', "`" if engine.name == "spark" else '"')
    )
    _write_csv(into / "rejected.csv", files.REJECTED.names, rejected)
    ledger = _ledger(run)
    _write_csv(into / "ledger.csv", ["what", "count"], ledger)
    _add_up(dict(ledger))
    return engine.rows("SELECT count(*) FROM firms")[0][0]


def _write_csv(path: Path, header: Iterable[str], rows: Iterable[tuple]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(
        [guard(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")


def _ledger(run: Run) -> list[tuple[str, int]]:
    """Return what came in, what went where and what came out."""

    def count(sql: str) -> int:
        return run.engine.rows(sql)[0][0] or 0

    counts = json.loads((run.stages / "read" / "files.json").read_text(encoding="utf-8"))
    reasons = run.engine.rows(
        "SELECT left_out, reason, count(*) FROM rejected GROUP BY left_out, reason ORDER BY"
        " left_out DESC, reason"
    )
    word = {"row": "rows left out", "cell": "years read as unknown"}
    return [
        ("rows read", sum(one["rows"] for one in counts)),
        *((f"rows read: {one['file']}", one["rows"]) for one in counts if len(counts) > 1),
        ("rows left out", sum(n for what, _, n in reasons if what == "row")),
        *((f"{word[what]}: {reason}", n) for what, reason, n in reasons),
        ("records", count("SELECT count(*) FROM records")),
        ("different names, with place, country and year", count("SELECT count(*) FROM nodes")),
        ("links", count("SELECT count(*) FROM links")),
        ("links taken apart again", count("SELECT count(*) FROM links WHERE kept = 'no'")),
        ("firms", count("SELECT count(*) FROM firms")),
        ("firms of several records", count("SELECT count(*) FROM firms WHERE records > 1")),
        ("records in the largest firm", count("SELECT max(records) FROM firms")),
        ("different names in the largest firm", count("SELECT max(names) FROM firms")),
        ("records of all firms", count("SELECT CAST(sum(records) AS BIGINT) FROM firms")),
        ("firms without a year", count("SELECT count(*) FROM firms WHERE year IS NULL")),
        ("firms without a region", count("SELECT count(*) FROM firms WHERE region IS NULL")),
        ("firms of unknown origin", count("SELECT count(*) FROM firms WHERE mode = 'unknown'")),
        ("entries in all cells", count("SELECT CAST(sum(firms) AS BIGINT) FROM entry")),
    ]


def _add_up(ledger: dict[str, int]) -> None:
    """Stop if the ledger does not add up."""
    sums = [
        ("rows read", ledger["rows read"], ledger["rows left out"] + ledger["records"]),
        ("records of all firms", ledger["records of all firms"], ledger["records"]),
        ("entries in all cells", ledger["entries in all cells"], ledger["firms"]),
    ]
    for what, one, other in sums:
        if one != other:
            raise PipelineError(
                f"the ledger does not add up: {what} {one:,}, accounted for {other:,}; nothing was"
                " changed"
            )
