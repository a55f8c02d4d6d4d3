"""The study computed a second time, without the package: how a referee recomputes it.

Nothing of `cluster_anatomy` is imported. From who stood behind each firm (``sources.csv``), the
registers (``firms.csv``) and the coding tables this script derives mode, source and reach of every
firm of both pairs under the default conventions, then shares, differences, intervals and tests by
their textbook formulas, and compares them with the tables of steps 02 and 06.

The classic pair is the era of the paper (`cn_named_or_listed`, `us_frame`), the listed pair the
two random samples of firms that went public (`cn_listed`, `us_listed`).
"""

import csv
import math
from collections import defaultdict
from pathlib import Path

import pytest
from scipy import optimize, stats

DATA = Path(__file__).resolve().parents[1] / "data"
PAIRS = {
    "classic": {"prefix": "", "firms": 380, "frames": ("cn_named_or_listed", "us_frame")},
    "listed": {"prefix": "listed_", "firms": 190, "frames": ("cn_listed", "us_listed")},
}
"""Both pairs: how their files begin, how many firms they have at least, the frames compared."""
HEADLINES = {"home", "start_up", "spin_off", "relocation", "academic", "second_order", "abroad"}
"""Properties that must be compared on both pairs."""
FOREIGN = {"foreign_firm", "foreign_university"}
OFFSHORE = {"China (Hong Kong)", "Cayman Islands"}
READ = {
    "employer_abroad": "not_at_home",
    "joint_venture": "foreign",
    "institutes": "academia",
    "hong_kong": "foreign",
    "stations": "government",
    "control": "parent_first",
    "founders": "academia_first",
    "venture_house": "only_alone",
    "begun_abroad": "relocation",
    "foreign_house": "at_place",
    "later_parents": "not_counted",
    "disputed": "as_coded",
    "local_parent": "subsidiary",
    "pre_reform": "stock",
    "region": "metro",
    "mixed": "elsewhere",
}
"""The reading that is programmed below: the default of every convention."""


def table(path: str) -> list[dict[str, str]]:
    """Read one CSV file; a blank cell is an empty string."""
    with (DATA / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ------------------------------------------------------------------ 1. where each firm came from


def sources_that_count(rows: list[dict], firm: dict) -> list[dict]:
    """Take the sources at entry, in their order.

    Parents seen only later and earlier employers do not count. A foreign firm's house in the
    country of the entry is a firm of the industry there. A venture house counts only if nobody
    else of its role (founder, parent) is known.
    """
    counted = []
    for row in rows:
        at_home = row["country"] == firm["country"]
        if row["role"] == "founder" and row["org_type"] == "foreign_firm" and at_home:
            row = row | {"org_type": "firm_same_industry"}
        if row["timing"] == "at_entry":
            counted.append(row)
    known = {row["role"] for row in counted if row["org_type"] not in ("", "venture_capital")}
    return [
        row for row in counted if row["org_type"] != "venture_capital" or row["role"] not in known
    ]


def meaning_of_organisations() -> dict[str, dict]:
    """Say what each kind of organisation counts as, as an employer and as a parent."""
    return {
        row["org_type"]: row
        for row in table("raw/coding/source_roles.csv")
        if not row["convention"] or READ[row["convention"]] == row["option"]
    }


def foreign_parents(parents: list[dict], firm: dict) -> list[bool]:
    """Say of each parent whether it is foreign; an offshore one only if it is named first."""
    found = []
    for place, parent in enumerate(parents):
        outside = parent["country"] not in ("", firm["country"])
        offshore = firm["country"] == "China" and parent["country"] in OFFSHORE
        is_foreign = outside or parent["org_type"] in FOREIGN
        found.append(is_foreign and (place == 0 or not offshore))
    return found


def conditions(firm: dict, counted: list[dict], meaning: dict[str, dict]) -> set[str]:
    """Return the conditions of ``origin_rules.csv`` that hold for one firm."""
    holds = {"parent_decides"}
    if any(row["role"] == "mover" for row in counted):
        holds.add("moved")
    founded_early = firm["founded_year"] and int(firm["founded_year"]) < 1980
    if firm["country"] == "China" and (founded_early or firm["pre_reform"] == "yes"):
        holds.add("pre_reform")

    parents = [row for row in counted if row["role"] == "parent"]
    foreign = foreign_parents(parents, firm)
    domestic = []
    for parent, is_foreign in zip(parents, foreign, strict=True):
        kind = meaning[parent["org_type"]]["as_parent"] if parent["org_type"] else ""
        if not is_foreign and kind:
            domestic.append("other_firm" if kind == "foreign_firm" else kind)
    if any(foreign):
        holds.add("foreign_parent")
    elif domestic:
        holds.add("parent_" + domestic[0])
    if firm["ownership_at_entry"] in ("foreign", "joint_venture") and not parents:
        holds.add("foreign_owned")

    founders = [row["org_type"] for row in counted if row["role"] == "founder" and row["org_type"]]
    kinds = [kind for kind in (meaning[word]["as_founder"] for word in founders) if kind]
    if kinds:
        holds.add("founder_" + ("academia" if "academia" in kinds else kinds[0]))
    if firm["returnee_founder"] == "yes":
        holds.add("returnee")
    if firm["founder_names"]:
        holds.add("founders_named")
    return holds


def first_rule(holds: set[str]) -> dict:
    """Return the first rule of which all conditions hold."""
    return next(r for r in table("raw/coding/origin_rules.csv") if set(r["when"].split()) <= holds)


def provinces() -> dict[str, str]:
    """Return the province or state of every name of a place; the first place of a name counts."""
    found: dict[str, str] = {}
    for place in table("raw/places/places.csv"):
        for name in [place["name"], *place["aliases"].split("|")]:
            found.setdefault(name.strip(), place["admin"])
    return found


def where(row: dict, firm: dict, province: dict[str, str]) -> str:
    """Say where one source sat: home, elsewhere, abroad, ``undecided`` or not known (blank)."""
    if row["country"] not in ("", firm["country"]):
        return "abroad"
    if not row["region"]:
        return "abroad" if row["org_type"] in FOREIGN else ""
    if firm["region"]:
        return "home" if row["region"] == firm["region"] else "elsewhere"
    there = province.get(row["city"], "")
    return "elsewhere" if there and firm["admin"] and there != firm["admin"] else "undecided"


def reach(firm: dict, counted: list[dict], mode: str, province: dict[str, str]) -> str:
    """Say where the sources of a firm sat, those of the role that its mode asks for.

    If the table does not place them, the coder's own words count, then that a founder returned.
    """
    roles = {"start_up": "founder", "unknown": "founder", "relocation": "mover"}
    fitting = [row for row in counted if row["role"] == roles.get(mode, "parent")]
    in_order = sorted(fitting or counted, key=lambda row: int(row["position"]))
    kinds = [kind for row in in_order if (kind := where(row, firm, province))]
    if kinds and "undecided" not in kinds:
        return "mixed" if "home" in kinds and len(set(kinds)) > 1 else kinds[0]
    returned = "abroad" if firm["returnee_founder"] == "yes" else "unknown"
    return firm["founder_scope"] or returned


def origins(prefix: str) -> dict[str, dict]:
    """Derive mode, source, reach and their views for every firm of a pair that is an entry."""
    behind = defaultdict(list)
    for row in table(f"processed/{prefix}sources.csv"):
        behind[row["firm_id"]].append(row)
    views = {(row["mode"], row["source"]): row for row in table("raw/coding/origin_views.csv")}
    meaning, province = meaning_of_organisations(), provinces()
    found = {}
    for firm in table(f"processed/{prefix}firms.csv"):
        if firm["scope"] != "entry":
            continue
        counted = sources_that_count(behind[firm["firm_id"]], firm)
        rule = first_rule(conditions(firm, counted, meaning))
        mode, source = rule["mode"], rule["source"]
        career_unknown = mode == "unknown" or (mode == "start_up" and source == "unknown")
        second = mode == "start_up" and source == "same_industry_firm"
        found[firm["firm_id"]] = firm | {
            "mode": mode,
            "source": source,
            "rule": rule["rule"],
            "reach": reach(firm, counted, mode, province),
            "label": views[mode, source]["label"],
            "paper_type": views[mode, source]["paper_type"],
            "second_order": "unknown" if career_unknown else "yes" if second else "no",
        }
    return found


# ------------------------------------------------------------------------ 2. shares of properties


def frame_of(entries: dict[str, dict], name: str) -> list[dict]:
    """Return the entries of one frame, without works from before the reforms (they are stock)."""
    rule = next(row for row in table("raw/coding/frames.csv") if row["frame"] == name)
    wanted = [condition.split("=") for condition in rule["includes"].split("|")]
    return [
        firm
        for firm in entries.values()
        if firm["country"] == rule["country"]
        and firm["mode"] != "backbone"
        and any(firm[column] == value for column, value in wanted)
    ]


def count(firms: list[dict], prop: dict) -> tuple[int, int, int]:
    """Count the firms with a property, those of which it is known, and those of which it is not.

    A property of some firms only (column ``among``) is unknown where it is not known whether the
    firm is one of them.
    """
    among = [condition.split("=") for condition in prop["among"].split("|") if condition]
    hits = known = unknown = 0
    for firm in firms:
        belongs = not among or any(firm[column] == value for column, value in among)
        may_belong = any(firm[column] == "unknown" for column, _ in among)
        if belongs and firm[prop["column"]] != prop["unknown"]:
            known += 1
            hits += firm[prop["column"]] == prop["value"]
        elif belongs or may_belong:
            unknown += 1
    return hits, known, unknown


def wilson(hits: float, n: int, z: float = stats.norm.ppf(0.975)) -> tuple[float, float]:
    """Interval of a share (Wilson 1927)."""
    share = hits / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def newcombe(
    hits: float, n: int, hits2: float, n2: int, z: float = stats.norm.ppf(0.975)
) -> tuple[float, float]:
    """Interval of a difference of two shares out of their Wilson intervals (Newcombe 1998)."""
    (low, high), (low2, high2) = wilson(hits, n, z), wilson(hits2, n2, z)
    one, two = hits / n, hits2 / n2
    down = math.hypot(one - low, high2 - two)
    up = math.hypot(high - one, two - low2)
    return one - two - down, one - two + up


def critical(gap: float, error: float) -> float:
    """Solve Phi(c + gap / error) - Phi(-c) = 0.95 for c (Imbens and Manski 2004, equation 7)."""

    def missed(c: float) -> float:
        return stats.norm.cdf(c + gap / error) - stats.norm.cdf(-c) - 0.95

    return optimize.bisect(missed, 1, 3, xtol=1e-13)


def joint_difference(china: tuple[int, int, int], usa: tuple[int, int, int]) -> tuple[float, float]:
    """Interval that joins sampling and missing values: Newcombe's limits of the two bounds."""
    (hits, n, unknown), (hits2, n2, unknown2) = china, usa
    total, total2 = n + unknown, n2 + unknown2
    at_least, at_most = (hits, hits2 + unknown2), (hits + unknown, hits2)

    def variance(one: int, two: int) -> float:
        share, share2 = one / total, two / total2
        return share * (1 - share) / total + share2 * (1 - share2) / total2

    gap = unknown / total + unknown2 / total2
    z = critical(gap, math.sqrt(max(variance(*at_least), variance(*at_most))))
    low, _ = newcombe(at_least[0], total, at_least[1], total2, z)
    _, high = newcombe(at_most[0], total, at_most[1], total2, z)
    return low, high


def fisher(china: tuple[int, int, int], usa: tuple[int, int, int]) -> float:
    """Fisher's exact test of two shares, two-sided."""
    cells = [[hits, n - hits] for hits, n, _ in (china, usa)]
    return float(stats.fisher_exact(cells).pvalue)


def holm(values: list[float]) -> list[float]:
    """Adjust a family of p-values (Holm 1979)."""
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted, least = [0.0] * len(values), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = least
    return adjusted


# ------------------------------------------------------------- 3. what the steps wrote is the same


def same(row: dict[str, str], expected: dict[str, float]) -> None:
    """Compare numbers of one row with those computed here; files hold ten digits."""
    for column, number in expected.items():
        assert float(row[column]) == pytest.approx(number, rel=1e-8, abs=1e-9), (column, row)


def interval(row: dict[str, str], prefix: str, limits: tuple[float, float]) -> None:
    """Compare an interval of one row with the one computed here."""
    same(row, {f"{prefix}low": limits[0], f"{prefix}high": limits[1]})


@pytest.fixture(scope="module", params=PAIRS)
def pair(request):
    """The entries of one pair as derived here, with its frames and properties."""
    chosen = PAIRS[request.param]
    properties = {row["property"]: row for row in table("raw/coding/properties.csv")}
    return chosen | {"entries": origins(chosen["prefix"]), "properties": properties}


def counts_on(pair: dict, frame: str, prop: str) -> tuple[int, int, int]:
    """Count one property on one frame of a pair."""
    return count(frame_of(pair["entries"], frame), pair["properties"][prop])


def test_the_conventions_are_read_at_their_defaults():
    rows = table("raw/coding/conventions.csv")
    assert {row["convention"]: row["option"] for row in rows if row["default"] == "yes"} == READ


def test_origins_of_all_firms_are_reproduced(pair):
    written = table(f"processed/{pair['prefix']}entries.csv")
    assert len(written) == len(pair["entries"]) >= pair["firms"]
    columns = ["mode", "source", "rule", "reach", "label", "paper_type", "second_order"]
    for row in written:
        derived = pair["entries"][row["firm_id"]]
        assert [row[column] for column in columns] == [derived[column] for column in columns], row


def test_shares_are_reproduced(pair):
    rows = table("processed/property_shares.csv")
    written = [row for row in rows if row["frame"] in pair["frames"]]
    assert {(row["property"], row["frame"]) for row in written} == {
        (prop, frame) for prop in pair["properties"] for frame in pair["frames"]
    }
    for row in written:
        hits, n, unknown = counts_on(pair, row["frame"], row["property"])
        total = n + unknown
        same(row, {"count": hits, "n": n, "unknown": unknown, "value": hits / n})
        same(row, {"bound_low": hits / total, "bound_high": (hits + unknown) / total})
        interval(row, "", wilson(hits, n))


def compared(pair: dict) -> list[dict]:
    """Return the rows of ``differences.csv`` that compare the two frames of a pair."""
    rows = table("processed/differences.csv")
    return [row for row in rows if (row["frame"], row["us_frame"]) == pair["frames"]]


def test_differences_are_reproduced(pair):
    written = compared(pair)
    assert {row["property"] for row in written} >= HEADLINES
    for row in written:
        china, usa = (counts_on(pair, frame, row["property"]) for frame in pair["frames"])
        (hits, n, unknown), (hits2, n2, unknown2) = china, usa
        same(row, {"n": n, "n2": n2, "value": hits / n - hits2 / n2})
        interval(row, "", newcombe(hits, n, hits2, n2))
        least = hits / (n + unknown) - (hits2 + unknown2) / (n2 + unknown2)
        most = (hits + unknown) / (n + unknown) - hits2 / (n2 + unknown2)
        same(row, {"bound_low": least, "bound_high": most})
        interval(row, "joint_", joint_difference(china, usa))


def test_tests_are_reproduced(pair):
    written = compared(pair)
    family = [row for row in written if row["p_holm"]]
    assert {row["property"] for row in family} >= HEADLINES
    p = [
        fisher(*(counts_on(pair, frame, row["property"]) for frame in pair["frames"]))
        for row in family
    ]
    for row, value, adjusted in zip(family, p, holm(p), strict=True):
        same(row, {"p": value, "p_holm": adjusted})


def test_no_difference_compares_what_one_frame_cannot_contain(pair):
    kinds = {row["frame"]: row["kind"] for row in table("raw/coding/frames.csv")}
    written = compared(pair)
    assert written
    for row in written:
        barred = pair["properties"][row["property"]]["cannot_occur_on"].split("|")
        assert len({kinds[frame] in barred for frame in pair["frames"]}) == 1, row


@pytest.mark.parametrize(("frame", "most"), [("us_listed", 0.30), ("cn_listed", 0.35)])
def test_reach_of_few_listed_firms_is_unknown(frame, most):
    firms = [row for row in table("processed/listed_entries.csv") if row["frame"] == frame]
    firms = [row for row in firms if row["mode"] != "backbone"]
    assert len(firms) > 80
    assert sum(row["reach"] == "unknown" for row in firms) / len(firms) < most
