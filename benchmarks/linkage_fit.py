"""Estimate the weights of the linkage model on the half of the names that is not tested."""

import math
import re
import tomllib
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pandas as pd
from linkage_scores import predict
from linkage_sets import Labelled, candidates, chinese, pair, sec

from cluster_anatomy.firms import linkage
from cluster_anatomy.firms.names import NameRules, default_rules
from cluster_anatomy.firms.scripts import is_chinese

FITTED = ("sec", "chinese")
"""Sources of weights that are estimated here; others are written by hand."""
LOOKALIKE = 8.0
"""Bits of the first comparison from which a pair counts when numbers and forms are weighed."""


def fit(path: Path) -> None:
    """Estimate bits of words, m and u, and write them into the model file.

    A level's m is the share of true pairs in it, u that of all other pairs (Fellegi and Sunter
    1969), both with half a pair added; pairs that share no key are in the last level. For
    comparisons with ``given`` only pairs count that look alike by that comparison.
    """
    rules = default_rules()
    sets = {"sec": sec("fit"), "chinese": chinese("fit")}
    words = common(words_of_filers(sets["sec"], rules))
    characters = common(characters_of_full_names(sets["chinese"], rules))
    model = replace(linkage.load_model(), words=words, characters=characters)
    levels = {source: levels_of_pairs(labelled, model, rules) for source, labelled in sets.items()}
    by_name = {comparison["name"]: comparison for comparison in model.comparisons}
    for comparison in model.comparisons:
        source = comparison["source"]
        if source in sets:
            given = by_name.get(comparison.get("given", ""))
            weigh(comparison, given, sets[source], levels[source])
    write_model(model, path)


def words_of_filers(labelled: Labelled, rules: NameRules) -> dict[str, set[str]]:
    """Return the cleaned words in the names of each filer."""
    firms: dict[str, set[str]] = defaultdict(set)
    for row in labelled.names.itertuples():
        firms[row.cik] |= set(rules.clean(row.name)[0])
    return firms


def characters_of_full_names(labelled: Labelled, rules: NameRules) -> dict[int, set[str]]:
    """Return the pairs of adjacent Chinese characters in each full name."""
    names = labelled.names
    full = names.loc[names["source"] == "full", "name"]
    return {
        number: {
            run[at : at + 2]
            for run in rules.clean(name)[0]
            if is_chinese(run)
            for at in range(len(run) - 1)
        }
        for number, name in enumerate(full)
    }


def levels_of_pairs(labelled: Labelled, model: linkage.Model, rules: NameRules) -> pd.DataFrame:
    """Return the levels of each pair of records that shares a key, and whether the pair is true."""
    table = predict(labelled, model, rules, gammas=True)
    ids = zip(table["left"], table["right"], strict=True)
    return table.assign(true=[pair(*two) in labelled.true for two in ids])


def weigh(comparison: dict, given: dict | None, labelled: Labelled, pairs: pd.DataFrame) -> None:
    """Put m and u into each level of a comparison."""
    gamma, size = f"gamma_{comparison['name']}", len(comparison["levels"])
    if given:
        bits = [math.log2(level["m"] / level["u"]) for level in given["levels"]]
        alike = [len(bits) - 1 - at for at, weight in enumerate(bits) if weight >= LOOKALIKE]
        pairs = pairs[pairs[f"gamma_{given['name']}"].isin(alike)]
    compared = pairs[pairs[gamma] >= 0]
    true = compared.loc[compared["true"], gamma].value_counts()
    false = compared.loc[~compared["true"], gamma].value_counts()
    if not given:
        skipped = pairs[pairs[gamma] < 0]
        all_true = len(labelled.true) - int(skipped["true"].sum())
        all_false = candidates(labelled) - len(labelled.true)
        true[0] = true.get(0, 0) + all_true - true.sum()
        false[0] = false.get(0, 0) + all_false - false.sum()
    for at, level in enumerate(comparison["levels"]):
        level["m"] = (true.get(size - 1 - at, 0) + 0.5) / (true.sum() + 0.5 * size)
        level["u"] = (false.get(size - 1 - at, 0) + 0.5) / (false.sum() + 0.5 * size)


def common(words_of: dict) -> dict[str, int]:
    """Return the bits, -log2 of the share of firms, of each word that at least four firms have."""
    counts = Counter(word for words in words_of.values() for word in words)
    return {
        word: max(1, round(-math.log2(count / len(words_of))))
        for word, count in sorted(counts.items())
        if count >= 4
    }


def write_model(model: linkage.Model, path: Path) -> None:
    """Write numbers into the model file; every other line stays as it is."""
    lines, comparison, at, section = [], None, 0, ""
    by_name = {comparison["name"]: comparison for comparison in model.comparisons}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            lines.append(line)
            if section in ("words", "characters"):
                lines += [*lines_by_bits(getattr(model, section)), ""]
            continue
        if section in ("words", "characters"):
            if line.startswith("#"):
                lines.append(line)
            continue
        if line.startswith("name = "):
            comparison, at = by_name[tomllib.loads(line)["name"]], 0
        if line.strip().startswith("{ label") and comparison["source"] in FITTED:
            line = with_weights(line, comparison["levels"][at])
            at += 1
        lines.append(line)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    linkage.load_model.cache_clear()


def lines_by_bits(words: dict[str, int]) -> list[str]:
    """Return a line for each number of bits with the words that weigh so much."""
    by_bits = defaultdict(list)
    for word, bits in words.items():
        by_bits[bits].append(word)
    return [f'{bits} = "{" ".join(sorted(by_bits[bits]))}"' for bits in sorted(by_bits)]


def with_weights(line: str, level: dict) -> str:
    """Return a line of the model file with the m and u of its level."""
    line = re.sub(r"m = [^,]+, u = [^ }]+", f"m = {level['m']:.4g}, u = {level['u']:.4g}", line)
    return re.sub(r"= (\d)e-", r"= \1.0e-", line)
