"""How far two names of a register agree: blocks that are small enough, weights from the register itself."""

from dataclasses import replace
from math import log2

from cluster_anatomy.registers.work import PAIRS, Run


def largest_block(sizes: list[tuple[int, int]], names: int, limit: int) -> int:
    """Return the largest number of names that may share a key, so that not too many pairs are
    compared.

    Frequent keys make most of the pairs and few of the matches; they are left out (block purging,
    Papadakis et al. 2020). Every key up to the size that is returned makes pairs; together these
    are at most `PAIRS` per name, and so the cost of linking grows with the number of names and not
    with its square.

    Parameters
    ----------
    sizes : list of (int, int)
        How many names share a key, and how many such keys there are.
    names : int
        Number of names.
    limit : int
        Never more than this (``largest_block`` of the linkage model).
    """
    pairs, largest = 0, 1
    for size, keys in sorted(sizes):
        pairs += keys * size * (size - 1) // 2
        if size > limit or pairs > PAIRS * names:
            break
        largest = size
    return max(largest, 2)


def _bits(level: dict) -> float:
    """Return what a level adds to the log-odds that two records are one firm."""
    return log2(level["m"] / level["u"])


def possible(comparisons: list[dict], prior: float, threshold: float) -> str:
    """Return the SQL that holds for every pair of names that can reach the threshold, and for few
    others.

    Log-odds add up (Fellegi and Sunter 1969). What place, year, legal form and the prior leave to
    be reached is more than even equal names can give for most pairs that share a key; these are
    dropped before the names themselves are compared, which costs most. No pair is lost; splink
    scores the rest.

    Parameters
    ----------
    comparisons : list of dict
        Of the linkage model: ``null`` and ``levels`` with ``sql``, ``m``, ``u``; those whose SQL
        has shorthands in braces compare the names.
    prior, threshold : float
        Probabilities.

    Returns
    -------
    str
        SQL (DuckDB) in the columns ``x_l``, ``x_r`` of two names.
    """
    needed = log2(threshold / (1 - threshold)) - log2(prior / (1 - prior)) - 1e-3
    named = [one for one in comparisons if any("{" in level["sql"] for level in one["levels"])]
    best = max((_bits(level) for one in named for level in one["levels"]), default=0.0)
    rest = []
    for one in (one for one in comparisons if one not in named):
        cases = [f"WHEN {one['null']} THEN 0e0"]
        cases += [
            f"WHEN {'TRUE' if x['sql'] == 'ELSE' else x['sql']} THEN {_bits(x):.6f}e0"
            for x in one["levels"]
        ]
        rest.append(f"CASE {' '.join(cases)} END")
    if not named or not rest:
        return "TRUE"
    counted = " + ".join(f"CASE WHEN {one['null']} THEN 0 ELSE 1 END" for one in named)
    # two comparisons of names at once could give more than the best level of one: such pairs are
    # kept
    return f"{' + '.join(rest)} >= {needed - best:.6f}e0 OR {counted} > 1"


AGREE = {"place": 0.95, "country": 0.98, "year": 0.8, "next year": 0.1}
"""Probability that two records of one firm agree, by rule, where the model has none: registers are
kept by hand.
"""


def _share(probability: float) -> float:
    return min(max(probability, 1e-6), 1 - 1e-6)


def fitted(model, run: Run):
    """Return the linkage model with what only the register itself can tell.

    How often two records agree by chance in place, country and year is counted in the register: a
    common place says much where places are many, and nothing where there is one. The prior is one
    true pair per record: the more records, the rarer they are among all pairs. How names are
    compared stays as it is.
    """
    comparisons = {one["name"]: one for one in model.comparisons}
    for name in ("place", "country"):
        squares = "sum(CAST(n AS DOUBLE) * n) / (sum(CAST(n AS DOUBLE)) * sum(CAST(n AS DOUBLE)))"
        shares = f"SELECT {name}, count(*) AS n FROM nodes WHERE {name} IS NOT NULL GROUP BY {name}"
        by_chance = run.engine.rows(f"SELECT {squares} FROM ({shares}) AS shares")[0][0]
        if by_chance is None:
            comparisons.pop(name, None)
        else:
            agree = comparisons[name]["levels"][0]["m"] if name in comparisons else AGREE[name]
            levels = [
                ("same", f"{name}_l = {name}_r", agree, by_chance),
                ("different", "ELSE", 1 - agree, 1 - by_chance),
            ]
            comparisons[name] = _comparison(name, levels)
    years = dict(
        run.engine.rows(
            "SELECT year, count(*) FROM nodes WHERE year IS NOT NULL GROUP BY year ORDER BY year"
        )
    )
    if years:
        pairs = sum(years.values()) ** 2
        same = sum(n * n for n in years.values()) / pairs
        near = 2 * sum(n * years.get(year + 1, 0) for year, n in years.items()) / pairs
        agree, almost = AGREE["year"], AGREE["next year"]
        levels = [
            ("same", "year_l = year_r", agree, same),
            ("one year apart", "abs(year_l - year_r) = 1", almost, near),
            ("different", "ELSE", 1 - agree - almost, 1 - same - near),
        ]
        comparisons["year"] = _comparison("year", levels)
    nodes = run.engine.rows("SELECT count(*) FROM nodes")[0][0]
    return replace(model, prior=min(model.prior, 1 / nodes), comparisons=[*comparisons.values()])


def _comparison(name: str, levels: list[tuple[str, str, float, float]]) -> dict:
    """Return a comparison of one column in the form of the linkage model."""
    made = [
        {"label": label, "sql": sql, "m": _share(m), "u": _share(u)} for label, sql, m, u in levels
    ]
    return {"name": name, "null": f"{name}_l IS NULL OR {name}_r IS NULL", "levels": made}
