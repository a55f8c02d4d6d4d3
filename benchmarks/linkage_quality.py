"""Quality of the linkage model on labelled names, beside plain baselines.

``python benchmarks/linkage_quality.py`` writes ``benchmarks/results/linkage_quality.csv`` and
``linkage_kinds.csv`` and the tables of ``docs/MODEL_CARD.md``; ``--fit`` estimates the weights of
``src/cluster_anatomy/firms/linkage.toml`` on the other half of the names first. Where the names
come from is said in `linkage_sets`, what the model is compared with in `linkage_scores`.
"""

import argparse
import math
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from linkage_card import write_card
from linkage_fit import fit
from linkage_kinds import UNREACHABLE, kinds
from linkage_scores import baselines, predict
from linkage_sets import Labelled, apart, candidates, chinese, crosswalk, sec
from reporting import RESULTS, ROOT
from statsmodels.stats.proportion import proportion_confint

from cluster_anatomy.firms import linkage
from cluster_anatomy.firms.names import NameRules, default_rules

QUALITY, KINDS = RESULTS / "linkage_quality.csv", RESULTS / "linkage_kinds.csv"
MODEL = ROOT / "src/cluster_anatomy/firms/linkage.toml"
SETS: dict[str, Callable[[str], Labelled]] = {
    "sec_former_names": sec,
    "chinese_short_names": chinese,
    "register_crosswalk": lambda half: crosswalk(),
}


def curve(scores: pd.DataFrame, labelled: Labelled, keep: set | None = None) -> pd.DataFrame:
    """Count true and false pairs at or above every score, the best first.

    Parameters
    ----------
    scores : DataFrame
        ``left``, ``right``, ``score``.
    labelled : Labelled
        Which pairs are true and which have no label.
    keep : set, optional
        The true pairs that count; the others are left out, as if they had no label.

    Returns
    -------
    DataFrame
        ``score``, ``true``, ``false``, ``precision``.
    """
    index = pd.MultiIndex.from_arrays([scores["left"], scores["right"]])
    true, out = (
        index.isin(list(pairs)) if pairs else np.zeros(len(index), bool)
        for pairs in (labelled.true, labelled.left_out)
    )
    counted = true if keep is None else index.isin(list(keep))
    out = out | (true & ~counted)
    table = pd.DataFrame(
        {"score": scores["score"].to_numpy(), "true": counted & ~out, "false": ~true & ~out}
    )
    sums = table.groupby("score")[["true", "false"]].sum()
    table = sums.sort_index(ascending=False).cumsum().reset_index()
    table["precision"] = table["true"] / (table["true"] + table["false"]).clip(lower=1)
    return table


def f1(point: pd.DataFrame | pd.Series, positives: int) -> pd.Series | float:
    """Return the harmonic mean of precision and recall at each point of a curve."""
    return 2 * point["true"] / (point["true"] + point["false"] + positives)


def best(table: pd.DataFrame, positives: int) -> pd.Series:
    """Return the point of a curve with the highest F1."""
    return table.loc[f1(table, positives).idxmax()]


def at_precision(table: pd.DataFrame, least: float) -> pd.Series:
    """Return the point with most true pairs at that precision or a higher one; nothing if none."""
    good = table[table["precision"] >= least]
    if good.empty:
        return pd.Series({"score": math.inf, "true": 0, "false": 0, "precision": math.nan})
    return good.loc[good["true"].idxmax()]


def interval(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); missing if there is nothing to count."""
    return proportion_confint(hits, of, method="wilson") if of else (math.nan, math.nan)


def row_of(
    labelled: Labelled, scope: str, method: str, point_name: str, point: pd.Series, positives: int
) -> dict:
    """Return a line of the results."""
    hits, false = int(point["true"]), int(point["false"])
    low, high = interval(hits, hits + false)
    recall_low, recall_high = interval(hits, positives)
    return {
        "set": labelled.label,
        "scope": scope,
        "method": method,
        "point": point_name,
        "threshold": round(float(point["score"]), 2),
        "pairs_compared": candidates(labelled),
        "true_pairs": positives,
        "found_true": hits,
        "found_false": false,
        "missed": positives - hits,
        "precision": hits / (hits + false) if hits + false else math.nan,
        "precision_low": low,
        "precision_high": high,
        "recall": hits / positives,
        "recall_low": recall_low,
        "recall_high": recall_high,
    }


def compare(
    labelled: Labelled, model: linkage.Model, rules: NameRules
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare the model with the baselines on one set.

    Every baseline gets the threshold that is best for it on this very set (highest F1). The model
    is shown at its own threshold and at the precision of the best baseline.

    Returns
    -------
    quality : DataFrame
        A row for each scope, method and point, as `row_of` gives it.
    by_kind : DataFrame
        Recall by script and kind of difference, of the model and of the best baseline.
    """
    methods = {
        name: apart(scores, labelled.place) for name, scores in baselines(labelled, rules).items()
    }
    ours = apart(predict(labelled, model, rules), labelled.place)
    described = kinds(labelled, rules)
    reachable = described[~described["kind"].isin(UNREACHABLE)]
    own = math.log2(model.same_from / (1 - model.same_from))
    everything, winner, fair, point = compare_scope(
        labelled, "all", labelled.true, methods, ours, own
    )
    keep = set(zip(reachable["left"], reachable["right"], strict=True))
    some, *_ = compare_scope(labelled, "without wholly new names", keep, methods, ours, own)
    by_kind = [
        *recall_by_kind(labelled.label, "this model", ours, fair, described),
        *recall_by_kind(labelled.label, winner, methods[winner], point, described),
    ]
    return pd.DataFrame(everything + some), pd.DataFrame(by_kind)


def compare_scope(
    labelled: Labelled,
    scope: str,
    keep: set,
    methods: dict[str, pd.DataFrame],
    ours: pd.DataFrame,
    own: float,
) -> tuple[list[dict], str, float, float]:
    """Compare on some of the true pairs.

    Returns
    -------
    rows : list of dict
        Lines of the results.
    winner : str
        The baseline with the highest F1.
    fair, point : float
        The thresholds at which the model is as precise as the winner, and the winner's own.
    """
    size = len(keep)
    curves = {name: curve(scores, labelled, keep) for name, scores in methods.items()}
    points = {name: best(table, size) for name, table in curves.items() if len(table)}
    rows = [row_of(labelled, scope, name, "best F1", point, size) for name, point in points.items()]
    winner = max(points, key=lambda name: f1(points[name], size))
    mine = curve(ours, labelled, keep)
    fair = at_precision(mine, points[winner]["precision"])
    shown = {"best F1": best(mine, size), f"precision of {winner}": fair}
    over = mine[mine["score"] >= own]
    if len(over):
        shown = {"own threshold": over.iloc[-1]} | shown
    rows += [
        row_of(labelled, scope, "this model", name, point, size) for name, point in shown.items()
    ]
    missed = size - points[winner]["true"]
    rows[-1]["missed_ratio"] = (size - fair["true"]) / missed if missed else math.nan
    return rows, winner, fair["score"], points[winner]["score"]


def recall_by_kind(
    label: str, method: str, scores: pd.DataFrame, threshold: float, described: pd.DataFrame
) -> list[dict]:
    """Return the recall of a method at a threshold by script and by kind of difference."""
    hits = scores[scores["score"] >= threshold]
    pairs = set(zip(hits["left"], hits["right"], strict=True))
    ids = zip(described["left"], described["right"], strict=True)
    described = described.assign(hit=[two in pairs for two in ids])
    rows = []
    for dimension in ("script", "kind"):
        for value, part in described.groupby(dimension):
            count = int(part["hit"].sum())
            low, high = interval(count, len(part))
            row = {"set": label, "method": method, "dimension": dimension, "value": value}
            row |= {"true_pairs": len(part), "found_true": count, "recall": part["hit"].mean()}
            rows.append(row | {"recall_low": low, "recall_high": high})
    return rows


def main() -> None:
    """Fit if that is asked for, compare, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fit", action="store_true", help="estimate the weights first")
    parser.add_argument(
        "--card", action="store_true", help="only write the model card again, from the results"
    )
    parser.add_argument(
        "--only", nargs="+", choices=[*SETS], help="only these sets; nothing is written"
    )
    parser.add_argument("--half", default="test", choices=["test", "fit"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.card:
        write_card(pd.read_csv(QUALITY), pd.read_csv(KINDS), linkage.load_model())
        return
    if options.fit:
        fit(MODEL)
    model, rules = linkage.load_model(), default_rules()
    quality, by_kind = [], []
    for name in options.only or SETS:
        begun = time.perf_counter()
        rows, kind_rows = compare(SETS[name](options.half), model, rules)
        print(f"{name}: {time.perf_counter() - begun:.0f} s", flush=True)
        quality.append(rows)
        by_kind.append(kind_rows)
    tables = {QUALITY: pd.concat(quality), KINDS: pd.concat(by_kind)}
    print(tables[QUALITY].to_string(index=False))
    if options.only or options.half == "fit":
        print(tables[KINDS].to_string(index=False))
        return
    for path, table in tables.items():
        table.to_csv(path, index=False, float_format="%.4f", lineterminator="\n")
    write_card(pd.read_csv(QUALITY), pd.read_csv(KINDS), model)


if __name__ == "__main__":
    main()
