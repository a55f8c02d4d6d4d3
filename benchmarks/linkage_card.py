"""The tables of the model card, from the measured quality and the model itself."""

import math

import pandas as pd
from reporting import ROOT, markdown, put_between

from cluster_anatomy.firms import linkage

CARD = ROOT / "docs" / "MODEL_CARD.md"


def write_card(quality: pd.DataFrame, by_kind: pd.DataFrame, model: linkage.Model) -> None:
    """Write the tables between their marks; the prose around them stays as it is."""
    for name, table in card_tables(quality, by_kind, model).items():
        put_between(CARD, f"<!-- table:{name} -->", f"<!-- end:{name} -->", f"\n\n{table}\n\n")


def card_tables(
    quality: pd.DataFrame, by_kind: pd.DataFrame, model: linkage.Model
) -> dict[str, str]:
    """Return the tables of the model card in Markdown, by name."""
    return {
        "parameters": parameters(model),
        "missed": missed(quality),
        "quality": quality_table(quality),
        "kinds": kinds_table(by_kind),
        "weights": weights(model),
    }


def parameters(model: linkage.Model) -> str:
    """Return the numbers of the model that are not weights."""
    rows = [
        ["prior (share of pairs that are one firm)", f"{model.prior:g}"],
        ["same firm from (probability)", f"{model.same_from:g}"],
        ["borderline from (probability)", f"{model.borderline_from:g}"],
        ["largest block (names that share a key)", f"{model.largest_block}"],
        ["common words known", f"{len(model.words)}"],
        ["common pairs of Chinese characters known", f"{len(model.characters)}"],
    ]
    return markdown(["parameter", "value"], rows)


def missed(quality: pd.DataFrame) -> str:
    """Return what the model and the best baseline miss at the same precision."""
    rows = []
    for row in quality.dropna(subset=["missed_ratio"]).itertuples():
        baseline = row.point.removeprefix("precision of ")
        here = (quality["set"] == row.set) & (quality["scope"] == row.scope)
        other = quality[here & (quality["method"] == baseline)].iloc[0]
        counts = [str(other["missed"]), str(row.missed), f"{row.missed_ratio:.2f}"]
        aim = "yes" if row.missed_ratio <= 2 / 3 else "no"
        rows.append([row.set, row.scope, baseline, f"{other['precision']:.3f}", *counts, aim])
    head = ["set", "pairs", "best baseline", "its precision", "it misses", "the model misses"]
    return markdown([*head, "ratio", "a third fewer"], rows)


def quality_table(quality: pd.DataFrame) -> str:
    """Return precision and recall of every method on every set."""
    rows = []
    for row in quality.itertuples():
        counts = [str(row.true_pairs), str(row.found_true), str(row.found_false)]
        precision = share(row.precision, row.precision_low, row.precision_high)
        recall = share(row.recall, row.recall_low, row.recall_high)
        rows.append([row.set, row.scope, row.method, row.point, *counts, precision, recall])
    head = ["set", "pairs", "method", "threshold", "true pairs", "found", "false"]
    return markdown([*head, "precision (95 %)", "recall (95 %)"], rows)


def kinds_table(by_kind: pd.DataFrame) -> str:
    """Return recall by script and by kind of difference between the names."""
    rows = []
    for row in by_kind.itertuples():
        counts = [str(row.true_pairs), str(row.found_true)]
        recall = share(row.recall, row.recall_low, row.recall_high)
        rows.append([row.set, row.dimension, row.value, row.method, *counts, recall])
    head = ["set", "by", "value", "method", "true pairs", "found", "recall (95 %)"]
    return markdown(head, rows)


def weights(model: linkage.Model) -> str:
    """Return m, u and bits of every level of every comparison."""
    rows = []
    for comparison in model.comparisons:
        for at, level in enumerate(comparison["levels"]):
            name = comparison["name"] if at == 0 else ""
            bits = f"{math.log2(level['m'] / level['u']):+.1f}"
            numbers = [f"{level['m']:.3g}", f"{level['u']:.3g}", bits]
            rows.append([name, level["label"], *numbers, comparison["source"]])
    return markdown(["comparison", "level", "m", "u", "bits", "source"], rows)


def share(value: float, low: float, high: float) -> str:
    """Write a share with its interval."""
    return "-" if math.isnan(value) else f"{value:.3f} ({low:.3f}-{high:.3f})"
