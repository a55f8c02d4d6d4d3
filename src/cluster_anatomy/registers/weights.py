"""How far two names of a register agree: the weights of the linkage model in SQL and fitted."""

from dataclasses import replace
from math import log2

from cluster_anatomy.firms.linkage import Comparison, Level, Model, sql_levels
from cluster_anatomy.registers.work import Run

PAIRS = 20
"""Pairs of names that are compared, per name, at most (`largest_block`)."""
AGREE = {"place": 0.95, "country": 0.98, "year": 0.8, "next year": 0.1}
"""Probability that two records of one firm agree, by rule, where the model has none.

Registers are kept by hand.
"""
LEAST_CHANCE = 1 / 256
"""Probability that two firms are in one place, at least: neighbours have names that are alike."""
NAMES = ("latin", "han")
"""Comparisons of the words of two names; of two names one of them holds at most."""
WITNESSES = ("place", "year")
"""Comparisons that say whether alike names are one firm (`calibration`)."""
AGREED = "((level_place = 0 AND level_year IN (-1, 0, 1)) OR (level_place = -1 AND level_year = 0))"
"""SQL for a place or year that agrees while the other does not contradict it."""
SLACK = 6.0
"""Bits by which calibration can raise names above the best level of the model at most."""


def largest_block(sizes: list[tuple[int, int]], names: int, limit: int) -> int:
    """Return the largest number of names that may share a key.

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


# --- The weights in SQL


def bits(level: Level) -> float:
    """Return what a level adds to the log-odds that two records are one firm."""
    return log2(level["m"] / level["u"])


def log_odds(probability: float) -> float:
    """Return the binary logarithm of the odds."""
    return log2(probability / (1 - probability))


def level_in_sql(comparison: Comparison) -> str:
    """Return the SQL for the number of the level that two names are on, -1 if nothing is known.

    A column ``shared`` must have the bits that two names share, where names are compared.
    """
    cases = [f"WHEN {comparison['null']} THEN -1"]
    for number, level in enumerate(comparison["levels"]):
        condition = "TRUE" if level["sql"] == "ELSE" else sql_levels(level["sql"], counted=True)
        cases.append(f"WHEN {condition} THEN {number}")
    return f"CASE {' '.join(cases)} END"


def bits_of_level(column: str, weights: dict[int, float]) -> str:
    """Return the SQL for the bits that stand for the number of a level, 0 if it has none."""
    cases = " ".join(f"WHEN {number} THEN {weight:.6f}e0" for number, weight in weights.items())
    return f"CASE {column} {cases} ELSE 0e0 END"


def never_same(model: Model, whatever: bool = False) -> str:
    """Return the SQL, in the numbers of levels, for two names that are borderline at most.

    With `whatever` place and year are not asked.
    """
    names = {comparison["name"] for comparison in model.comparisons}
    witnessed = AGREED if names.issuperset(WITNESSES) else "FALSE"
    held = []
    for comparison in model.comparisons:
        for number, level in enumerate(comparison["levels"]):
            on_level = f"level_{comparison['name']} = {number}"
            if level.get("borderline") == "always":
                held.append(on_level)
            elif level.get("borderline") and not whatever:
                held.append(f"({on_level} AND NOT ({witnessed}))")
    return " OR ".join(held) or "FALSE"


def possible(comparisons: list[Comparison], prior: float, threshold: float) -> str:
    """Return the SQL that holds for every pair of names that can reach the threshold.

    It holds for few others. Log-odds add up (Fellegi and Sunter 1969). What place, year, legal form
    and the prior leave to be reached is more than even equal names can give for most pairs that
    share a key; these are dropped before the names themselves are compared, which costs most.

    Parameters
    ----------
    comparisons : list of Comparison
        Of the linkage model: ``null`` and ``levels`` with ``sql``, ``m``, ``u``; those whose SQL
        has shorthands in braces compare the names.
    prior, threshold : float
        Probabilities.

    Returns
    -------
    str
        SQL (DuckDB) in the columns ``x_l``, ``x_r`` of two names.
    """
    needed = log_odds(threshold) - log_odds(prior) - 1e-3
    of_names = [comparison for comparison in comparisons if _compares_names(comparison)]
    rest = bits_without_names(comparisons)
    if not of_names or not rest:
        return "TRUE"
    best = {comparison["name"]: max(map(bits, comparison["levels"])) for comparison in of_names}
    words = max(best.pop(name, 0.0) for name in NAMES) + SLACK
    most = words + sum(max(more, 0.0) for more in best.values())
    return f"{rest} >= {needed - most:.6f}e0"


def bits_without_names(comparisons: list[Comparison]) -> str:
    """Return the SQL for what all comparisons add but those that look into two names."""
    return " + ".join(
        bits_of_level(
            f"({level_in_sql(comparison)})",
            {number: bits(level) for number, level in enumerate(comparison["levels"])},
        )
        for comparison in comparisons
        if not _compares_names(comparison)
    )


def _compares_names(comparison: Comparison) -> bool:
    """Say whether a comparison is one of names, whose SQL has shorthands in braces."""
    return any("{" in level["sql"] for level in comparison["levels"])


# --- What only the register can tell


def fitted(model: Model, run: Run) -> Model:
    """Return the linkage model with what only the register itself can tell.

    How often two records agree by chance in place, country and year is counted in the register: a
    common place says much where places are many, and nothing where there is one. The prior is one
    true pair per record: the more records, the rarer they are among all pairs. How names are
    compared stays as it is.
    """
    comparisons = {comparison["name"]: comparison for comparison in model.comparisons}
    for name in ("place", "country"):
        by_chance = _agreement_by_chance(name, run)
        if by_chance is None:
            comparisons.pop(name, None)
            continue
        by_chance = max(by_chance, LEAST_CHANCE)
        agree = comparisons[name]["levels"][0]["m"] if name in comparisons else AGREE[name]
        comparisons[name] = _comparison(
            name,
            ("same", f"{name}_l = {name}_r", agree, by_chance),
            ("different", "ELSE", 1 - agree, 1 - by_chance),
        )
    years = dict(
        run.engine.rows(
            "SELECT year, count(*) FROM nodes WHERE year IS NOT NULL GROUP BY year ORDER BY year"
        )
    )
    if years:
        comparisons["year"] = _comparison_of_years(years)
    prior = min(model.prior, 1 / run.count("nodes"))
    return replace(model, prior=prior, comparisons=[*comparisons.values()])


def _agreement_by_chance(name: str, run: Run) -> float | None:
    """Return how often two nodes drawn at random agree in a column, None where it is blank."""
    squares = "sum(CAST(n AS DOUBLE) * n) / (sum(CAST(n AS DOUBLE)) * sum(CAST(n AS DOUBLE)))"
    shares = f"SELECT {name}, count(*) AS n FROM nodes WHERE {name} IS NOT NULL GROUP BY {name}"
    return run.engine.rows(f"SELECT {squares} FROM ({shares}) AS shares")[0][0]


def _comparison_of_years(years: dict[int, int]) -> Comparison:
    """Return the comparison of years, by how many nodes have each year."""
    pairs = sum(years.values()) ** 2
    same = sum(n * n for n in years.values()) / pairs
    near = 2 * sum(n * years.get(year + 1, 0) for year, n in years.items()) / pairs
    agree, almost = AGREE["year"], AGREE["next year"]
    return _comparison(
        "year",
        ("same", "year_l = year_r", agree, same),
        ("one year apart", "abs(year_l - year_r) = 1", almost, near),
        ("different", "ELSE", 1 - agree - almost, 1 - same - near),
    )


def _comparison(name: str, *levels: tuple[str, str, float, float]) -> Comparison:
    """Return a comparison of one column in the form of the linkage model."""
    return {
        "name": name,
        "null": f"{name}_l IS NULL OR {name}_r IS NULL",
        "levels": [
            {"label": label, "sql": sql, "m": _inside(m), "u": _inside(u)}
            for label, sql, m, u in levels
        ],
    }


def _inside(probability: float) -> float:
    """Return a probability that is neither 0 nor 1."""
    return min(max(probability, 1e-6), 1 - 1e-6)
