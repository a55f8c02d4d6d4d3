"""The stage `group`: linked names become firms; long chains of weak links are taken apart."""

from pathlib import Path

from cluster_anatomy.registers.stages.links import remove
from cluster_anatomy.registers.work import Run

LARGEST = 60
"""Names in one firm beyond which a chain of links is taken apart by a higher threshold."""
STEP = 2.0
"""By how much of match weight (bits) the threshold rises in each round."""
ROUNDS = 20


def group(run: Run, into: Path) -> int:
    """Write ``members``: the firm of every name, which is the connected component of its links.

    Chains of links can join what is not one firm. A component of more than `LARGEST` names is
    therefore taken apart again by the links whose match weight is `STEP`, twice `STEP`, … above the
    model's threshold, until its parts are small enough, for at most `ROUNDS` rounds. Former names
    and the register's own numbers are never taken apart. What stays larger is kept and counted in
    the ledger.
    """
    weakest = run.engine.rows("SELECT coalesce(min(match_weight), 0) FROM pairs")[0][0]
    edges = "SELECT node_l, node_r, match_weight FROM pairs"
    finished = []
    for number in range(ROUNDS):
        _connect(run, into, edges, number)
        links = _links_to_take_apart(run, number)
        if not links or number == ROUNDS - 1:
            finished.append(f"SELECT node, firm FROM round_{number}")
            break
        finished.append(f"SELECT node, firm FROM round_{number} WHERE names <= {LARGEST}")
        rise = (number + 1) * STEP
        run.tell(
            f"      {links:,} links are in firms of more than {LARGEST} names: threshold raised by"
            f" {rise:g} bits"
        )
        edges = f"""
            SELECT edges.* FROM edges JOIN round_{number} AS part ON part.node = edges.node_l
            WHERE part.names > {LARGEST}
                AND (match_weight IS NULL OR match_weight >= {weakest + rise})
        """
    members = f"""
        SELECT nodes.node, min(coalesce(firm, nodes.node)) AS firm FROM nodes
        LEFT JOIN ({" UNION ALL ".join(finished)}) AS grouped ON grouped.node = nodes.node
        GROUP BY nodes.node ORDER BY nodes.node
    """
    run.write("members", members, into)
    remove(*into.glob("round_*"), *into.glob("edges_*"))
    return run.number("SELECT count(DISTINCT firm) FROM members")


def _connect(run: Run, into: Path, edges: str, number: int) -> None:
    """Write ``round_N``: the connected component of every name that has links, and its size."""
    from splink.clustering import cluster_pairwise_predictions_at_threshold as components

    engine = run.engine
    engine.write(edges, into / f"edges_{number}.parquet")
    engine.view("edges", into / f"edges_{number}.parquet")
    ends = "SELECT node_l AS node FROM edges UNION SELECT node_r FROM edges"
    run.write("linked", ends, into)
    clusters = components(
        engine.table("linked"), engine.table("edges"), engine.splink(), "node", "node_l", "node_r"
    )
    engine.keep(clusters, "clusters")
    sizes = """
        SELECT node, min(node) OVER (PARTITION BY cluster_id) AS firm,
            count(*) OVER (PARTITION BY cluster_id) AS names FROM clusters
    """
    run.write(f"round_{number}", sizes, into)
    clusters.drop_table_from_database_and_remove_from_cache()
    remove(into / "linked.parquet")


def _links_to_take_apart(run: Run, number: int) -> int:
    """Return how many links with a weight are in components that are too large."""
    if not run.count(f"round_{number} WHERE names > {LARGEST}"):
        return 0
    return run.count(
        f"edges JOIN round_{number} AS part ON part.node = edges.node_l"
        f" WHERE part.names > {LARGEST} AND match_weight IS NOT NULL"
    )
