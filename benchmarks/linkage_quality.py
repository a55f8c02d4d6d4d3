"""Quality of the linkage model on labelled names, beside plain baselines.

``python benchmarks/linkage_quality.py`` writes ``benchmarks/results/linkage_quality.csv`` and
``linkage_kinds.csv`` and the tables of ``docs/MODEL_CARD.md``; ``--fit`` estimates the weights of
``src/cluster_anatomy/firms/linkage.toml`` on the other half of the names first.

The lists are not part of the compendium: they are read from the folder that
``CLUSTER_ANATOMY_OPEN_LISTS`` names, else from their publisher (``benchmarks/sources.csv``), and
checked by SHA-256.
"""

import argparse
import gzip
import hashlib
import io
import math
import os
import re
import time
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process, utils
from splink import Linker, SettingsCreator, block_on
from splink import comparison_library as comparisons
from splink.backends.duckdb import DuckDBAPI
from statsmodels.stats.proportion import proportion_confint

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.firms import linkage, lists, open_lists
from cluster_anatomy.firms.names import NameRules, default_rules, fold, is_chinese
from cluster_anatomy.firms.places import Gazetteer

HERE = Path(__file__).resolve().parent
CARD = HERE.parent / "docs" / "MODEL_CARD.md"
QUALITY, KINDS = HERE / "results" / "linkage_quality.csv", HERE / "results" / "linkage_kinds.csv"
COMMON = 20
"""A word that so many firms of a set have in their names is common."""
UNREACHABLE = ["only common words shared", "nothing shared"]
"""Kinds of pairs that no comparison of names can find."""
FITTED = ("sec", "chinese")
"""Sources of weights that `fit` estimates; others are written by hand."""
LOOKALIKE = 8.0
"""Bits of the first comparison from which a pair counts when numbers and legal forms are weighed.
"""
LEAST_SCORE = {"sec_former_names": 75}
"""Pairs that a baseline scores lower are not kept (50 if not said); each baseline is best well
above it.
"""
SCORES = {"token_set_ratio": fuzz.token_set_ratio, "token_sort_ratio": fuzz.token_sort_ratio}


@dataclass
class Labelled:
    """Names with known firms: every pair of records is a true or a false one, or is left out.

    ``names`` has ``record_id``, ``name`` (one row per name of a record), ``source``; ``true`` the
    pairs of record ids that are one firm, ``left_out`` pairs without a label, ``place`` the country
    and `Place` of each record where known: pairs in different places are taken from every method's
    answers.
    """

    label: str
    names: pd.DataFrame
    true: set[tuple[str, str]]
    left_out: set[tuple[str, str]] = field(default_factory=set)
    place: dict | None = None


def half(key: str) -> str:
    """Say in which half a firm is: by the first byte of the SHA-256 of its key."""
    return "fit" if hashlib.sha256(key.encode()).digest()[0] % 2 == 0 else "test"


def fetch(name: str, sources: pd.DataFrame) -> pd.DataFrame:
    """Read a list from the local folder or its publisher, after its checksum was compared.

    Raises
    ------
    FileNotFoundError
        If the list has no address on record and is not in the local folder.
    ChecksumError
        If it is not the list on record.
    """
    source = sources.set_index("list").loc[name]
    folder = os.environ.get(open_lists.VARIABLE)
    local = Path(folder) / source["local_file"] if folder else None
    if local and local.is_file():
        data = local.read_bytes()
    elif not source["address"]:
        raise FileNotFoundError(
            f"{name}: no publisher's address is on record; put {source['local_file']} into the"
            f" folder that {open_lists.VARIABLE} names."
        )
    else:
        data = open_lists.download(source["address"])
    if source["local_file"].endswith(".gz"):
        data = gzip.decompress(data)
    data = open_lists.check(open_lists.lf(data), source["sha256"], name)
    return pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)


def pair(one: str, other: str) -> tuple[str, str]:
    """Return a pair of record ids in the order of the alphabet."""
    return (one, other) if one < other else (other, one)


def sec(raw: pd.DataFrame, which: str) -> Labelled:
    """Names of SEC filers: each written form once per filer; all forms of one filer are one firm."""
    names = raw[["cik", "name"]].drop_duplicates()
    names = names[names["cik"].map(half) == which].sort_values(["cik", "name"])
    names["record_id"] = [f"{number:05d}" for number in range(len(names))]
    true = set()
    for _, firm in names.groupby("cik")["record_id"]:
        ids = sorted(firm)
        true |= {(one, other) for place, one in enumerate(ids) for other in ids[place + 1 :]}
    return Labelled(
        "sec_former_names", names.assign(source="one")[["record_id", "name", "source", "cik"]], true
    )


def chinese(raw: pd.DataFrame, which: str) -> Labelled:
    """Short names of listed firms against full names; two short names can have one full name."""
    raw = raw.set_axis(["short", "full"], axis=1).drop_duplicates()
    raw = raw[raw["full"].map(half) == which]
    full = sorted(set(raw["full"]))
    ids = {name: f"f{number:05d}" for number, name in enumerate(full)}
    short = {name: f"s{number:05d}" for number, name in enumerate(sorted(set(raw["short"])))}
    names = pd.DataFrame(
        [(record, name, "full", name) for name, record in ids.items()]
        + [(record, name, "short", "") for name, record in short.items()],
        columns=["record_id", "name", "source", "cik"],
    )
    true = {pair(short[row.short], ids[row.full]) for row in raw.itertuples()}
    return Labelled("chinese_short_names", names, true)


def crosswalk() -> Labelled:
    """Rows of the register's evidence and lists; true are the pairs that the reviewed crosswalk
    says are one firm.

    False are all pairs of rows of different firms. Pairs of one firm that no reviewer saw are left
    out.
    """
    evidence = lists.settle(
        tables.read_all("evidence"), tables.read("data/raw/coding/settlements.csv")
    )
    gazetteer = Gazetteer(tables.read("data/raw/places/places.csv"))
    rows = lists.gather(evidence, tables.read_all("lists"), gazetteer)
    reviewed = tables.read("data/raw/crosswalk.csv")
    firm = tables.read("data/processed/firm_evidence.csv").set_index("row_id")["firm_id"]
    names = rows[["row_id", "names"]].explode("names").set_axis(["record_id", "name"], axis=1)
    names = names[names["name"].str.len() > 1].drop_duplicates()
    seen = reviewed[reviewed["left"].isin(firm.index) & reviewed["right"].isin(firm.index)]
    yes = {pair(row.left, row.right) for row in seen.itertuples() if row.same == "yes"}
    one_firm = set()
    for _, members in rows.assign(firm=rows["row_id"].map(firm)).groupby("firm")["row_id"]:
        ids = sorted(members)
        one_firm |= {
            pair(one, other) for place, one in enumerate(ids) for other in ids[place + 1 :]
        }
    where = {row.row_id: (row.country, row.place) for row in rows.itertuples()}
    return Labelled(
        "register_crosswalk", names.assign(source="one", cik=""), yes, one_firm - yes, where
    )


def apart(scores: pd.DataFrame, place: dict | None) -> pd.DataFrame:
    """Take out pairs of records that are known to be in different places, as step 01 does before it
    asks a score.
    """
    if place is None:
        return scores
    keep = [
        place[left][0] == place[right][0] and place[left][1].fits(place[right][1]) is not False
        for left, right in zip(scores["left"], scores["right"], strict=True)
    ]
    return scores[keep]


# --- Weights


def fit(sources: pd.DataFrame, path: Path) -> None:
    """Estimate bits of words, m and u on the half of the names that is not tested, and write them
    into the model.

    A level's m is the share of true pairs in it, u that of all other pairs (Fellegi and Sunter
    1969), both with half a pair added; pairs that share no key are in the last level. For
    comparisons with ``given`` only pairs count that look alike by that comparison.
    """
    rules = default_rules()
    sets = {
        "sec": sec(fetch("sec_names", sources), "fit"),
        "chinese": chinese(fetch("chinese_names", sources), "fit"),
    }
    firms: dict[str, set[str]] = defaultdict(set)
    for row in sets["sec"].names.itertuples():
        firms[row.cik] |= set(rules.clean(row.name)[0])
    words = common(firms)
    full = sets["chinese"].names
    runs = [rules.clean(name)[0] for name in full.loc[full["source"] == "full", "name"]]
    pairs_of = [
        {run[at : at + 2] for run in name if is_chinese(run) for at in range(len(run) - 1)}
        for name in runs
    ]
    characters = common(dict(enumerate(pairs_of)))
    model = replace(linkage.load_model(), words=words, characters=characters)
    found = {}
    for source, labelled in sets.items():
        table = predict(labelled, model, rules, gammas=True)
        table["true"] = [
            pair(*ids) in labelled.true for ids in zip(table["left"], table["right"], strict=True)
        ]
        found[source] = table
    by_name = {comparison["name"]: comparison for comparison in model.comparisons}
    for comparison in model.comparisons:
        if comparison["source"] not in sets:
            continue
        labelled, table = sets[comparison["source"]], found[comparison["source"]]
        last = len(comparison["levels"]) - 1
        if given := comparison.get("given"):
            bits = [math.log2(level["m"] / level["u"]) for level in by_name[given]["levels"]]
            alike = [len(bits) - 1 - at for at, weight in enumerate(bits) if weight >= LOOKALIKE]
            table = table[table[f"gamma_{given}"].isin(alike)]
        known = table[table[f"gamma_{comparison['name']}"] >= 0]
        true = known.loc[known["true"], f"gamma_{comparison['name']}"].value_counts()
        false = known.loc[~known["true"], f"gamma_{comparison['name']}"].value_counts()
        if not given:
            skipped = table[table[f"gamma_{comparison['name']}"] < 0]
            all_true = len(labelled.true) - int(skipped["true"].sum())
            all_false = candidates(labelled) - len(labelled.true)
            true[0] = true.get(0, 0) + all_true - true.sum()
            false[0] = false.get(0, 0) + all_false - false.sum()
        size = last + 1
        for at, level in enumerate(comparison["levels"]):
            level["m"] = (true.get(last - at, 0) + 0.5) / (true.sum() + 0.5 * size)
            level["u"] = (false.get(last - at, 0) + 0.5) / (false.sum() + 0.5 * size)
    write_model(model, path)


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
    by_name = {one["name"]: one for one in model.comparisons}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            lines.append(line)
            if section in ("words", "characters"):
                by_bits = defaultdict(list)
                for word, bits in getattr(model, section).items():
                    by_bits[bits].append(word)
                lines += [
                    f'{bits} = "{" ".join(sorted(by_bits[bits]))}"' for bits in sorted(by_bits)
                ] + [""]
            continue
        if section in ("words", "characters"):
            if line.startswith("#"):
                lines.append(line)
            continue
        if line.startswith("name = "):
            comparison, at = by_name[tomllib.loads(line)["name"]], 0
        if line.strip().startswith("{ label") and comparison["source"] in FITTED:
            level = comparison["levels"][at]
            at += 1
            line = re.sub(
                r"m = [^,]+, u = [^ }]+", f"m = {level['m']:.4g}, u = {level['u']:.4g}", line
            )
            line = re.sub(r"= (\d)e-", r"= \1.0e-", line)
        lines.append(line)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    linkage._load.cache_clear()


# --- Scores of the model and of the baselines


def candidates(labelled: Labelled) -> int:
    """Count the pairs of records of a set: all of them, or of two sources those across."""
    sizes = labelled.names.drop_duplicates("record_id")["source"].value_counts().tolist()
    total = math.prod(sizes) if len(sizes) == 2 else sizes[0] * (sizes[0] - 1) // 2
    return total - len(labelled.left_out)


def predict(
    labelled: Labelled, model: linkage.Model, rules: NameRules, gammas: bool = False
) -> pd.DataFrame:
    """Score pairs of records by the model: ``left``, ``right``, ``score`` (bits), and levels if
    wanted.
    """
    mixed = labelled.label == "register_crosswalk"
    first = labelled.names.groupby("record_id", sort=True)["name"].agg(list)
    records = pd.DataFrame(
        {
            "record_id": first.index,
            "name": [names[0] for names in first],
            "other_names": ["|".join(names[1:]) or None for names in first],
        }
    )
    prepared = linkage.prepare(records, model, rules, romanise=mixed)
    if labelled.names["source"].nunique() == 2:
        source = labelled.names.drop_duplicates("record_id").set_index("record_id")["source"]
        prepared["source"] = prepared["record_id"].map(source)
    if not gammas:
        found = linkage.pairs(prepared, model=model, threshold=0.0)
        return found[["left", "right", "weight"]].rename(columns={"weight": "score"})
    table = linkage.limit_keys(prepared, model.largest_block)
    api = DuckDBAPI()
    parts = (
        [part.drop(columns="source") for _, part in table.groupby("source")]
        if "source" in table
        else [table]
    )
    settings = linkage.settings(model, "link_only" if len(parts) == 2 else "dedupe_only")
    settings.retain_matching_columns = True
    linker = Linker([api.register(part) for part in parts], settings, log_level="ERROR")
    found = linker.inference.predict().as_pandas_dataframe()
    found = found.rename(columns={"record_id_l": "left", "record_id_r": "right"})
    return found[["left", "right", *(column for column in found if column.startswith("gamma_"))]]


def matrix(labelled: Labelled, text: pd.Series, scorer) -> pd.DataFrame:
    """Score all pairs of names and keep those from `LEAST_SCORE` on, the best of two records'
    names.
    """
    names = labelled.names.assign(text=text.to_numpy())
    sources = [part for _, part in names.groupby("source", sort=True)]
    one, other = (sources[0], sources[1]) if len(sources) == 2 else (sources[0], sources[0])
    found = []
    step = 500
    for start in range(0, len(one), step):
        part = one.iloc[start : start + step]
        if len(sources) == 1 and names["record_id"].is_unique:
            other = one.iloc[start:]
        scores = process.cdist(
            part["text"],
            other["text"],
            scorer=scorer,
            workers=1,
            dtype=np.uint8,
            score_cutoff=LEAST_SCORE.get(labelled.label, 50),
        )
        rows, columns = np.nonzero(scores)
        left, right = part["record_id"].to_numpy()[rows], other["record_id"].to_numpy()[columns]
        keep = left != right if len(sources) == 2 else left < right
        keep = keep if len(sources) == 2 or names["record_id"].is_unique else left != right
        turn = left > right
        table = pd.DataFrame(
            {
                "left": np.where(turn, right, left)[keep],
                "right": np.where(turn, left, right)[keep],
                "score": scores[rows, columns][keep],
            }
        )
        found.append(table)
    table = pd.concat(found, ignore_index=True)
    return table.groupby(["left", "right"], as_index=False)["score"].max()


def exact(labelled: Labelled, text: pd.Series) -> pd.DataFrame:
    """Pairs of records that have a name in common once it is cleaned."""
    names = labelled.names.assign(text=text.to_numpy())[
        ["record_id", "text", "source"]
    ].drop_duplicates()
    both = names.merge(names, on="text", suffixes=("_l", "_r"))
    both = both[both["record_id_l"] < both["record_id_r"]]
    if names["source"].nunique() == 2:
        both = both[both["source_l"] != both["source_r"]]
    both = both.rename(columns={"record_id_l": "left", "record_id_r": "right"})[
        ["left", "right"]
    ].drop_duplicates()
    return both.assign(score=100)


def splink_default(labelled: Labelled, text: pd.Series) -> pd.DataFrame:
    """Splink as its tutorial starts: its comparison for names, u by random sampling, m by
    expectation maximisation.
    """
    names = labelled.names.assign(text=text.to_numpy())
    names["first"] = names["text"].str.split().str[0].fillna("")
    names["letters"] = names["text"].str.replace(" ", "").str[:3]
    names["last"] = names["text"].str.split().str[-1].fillna("")
    names["unique_id"] = [str(number) for number in range(len(names))]
    keep = ["unique_id", "record_id", "text", "first", "letters", "last"]
    parts = [part[keep] for _, part in names.groupby("source", sort=True)]
    settings = SettingsCreator(
        link_type="link_only" if len(parts) == 2 else "dedupe_only",
        comparisons=[comparisons.NameComparison("text")],
        blocking_rules_to_generate_predictions=[
            block_on("letters"),
            block_on("first"),
            block_on("last"),
        ],
        additional_columns_to_retain=["record_id"],
    )
    api = DuckDBAPI()
    linker = Linker([api.register(part) for part in parts], settings, log_level="ERROR")
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("letters"))
    found = linker.inference.predict().as_pandas_dataframe()
    found = found[found["record_id_l"] != found["record_id_r"]]
    turn = (found["record_id_l"] > found["record_id_r"]).to_numpy()
    left, right = found["record_id_l"].to_numpy(object), found["record_id_r"].to_numpy(object)
    table = pd.DataFrame(
        {"left": np.where(turn, right, left), "right": np.where(turn, left, right)}
    )
    table["score"] = found["match_weight"].to_numpy().round(4)
    return table.groupby(["left", "right"], as_index=False)["score"].max()


# --- Kinds of pairs, by rule


def kinds(labelled: Labelled, rules: NameRules) -> pd.DataFrame:
    """Say for each true pair in which scripts it is and how its two names differ; the model has no
    part in it.

    Where records have several names the two that are most alike (rapidfuzz ``ratio``) are looked
    at.

    Returns
    -------
    DataFrame
        ``left``, ``right``, ``script`` (``latin``, ``han``, ``both``), ``kind``.
    """
    names = labelled.names.groupby("record_id")["name"].agg(list)
    firms_with = Counter()
    owner = labelled.names["cik"].where(labelled.names["cik"] != "", labelled.names["record_id"])
    for _, firm in labelled.names.groupby(owner)["name"]:
        firms_with.update({word for name in firm for word in plain(name)})
    rows = []
    for left, right in sorted(labelled.true):
        one, other = max(
            ((one, other) for one in names[left] for other in names[right]),
            key=lambda two: (fuzz.ratio(fold(two[0]), fold(two[1])), two),
        )
        scripts = {is_chinese(one), is_chinese(other)}
        script = "both" if len(scripts) == 2 else "han" if scripts == {True} else "latin"
        label = (
            kind_han(one, other) if script == "han" else kind_latin(one, other, firms_with, rules)
        )
        rows.append((left, right, script, "romanised or translated" if script == "both" else label))
    return pd.DataFrame(rows, columns=["left", "right", "script", "kind"])


def plain(name: str) -> list[str]:
    """Words of a name: small letters, no accents, no punctuation."""
    return re.sub(r"[\W_]+", " ", re.sub(r"['’.]", "", fold(name))).split()


def kind_latin(one: str, other: str, firms_with: Counter, rules: NameRules) -> str:
    """How two names in an alphabet differ, the first of the kinds that holds."""
    left, right = plain(one), plain(other)
    if "".join(left) == "".join(right):
        return "case, blanks and punctuation"
    left, right = (rules.without_legal_form(words) for words in (left, right))
    if left == right or "".join(left) == "".join(right):
        return "legal form"
    if sorted(left) == sorted(right):
        return "word order"
    few, many = sorted((left, right), key=len)
    initials = "".join(word[0] for word in many)
    if len(few) == 1 and len(few[0]) > 2 and initials.startswith(few[0]):
        return "abbreviation"
    if len(left) == len(right) and all(
        a == b or (min(len(a), len(b)) >= 2 and (a.startswith(b) or b.startswith(a)))
        for a, b in zip(left, right, strict=True)
    ):
        return "abbreviation"
    if fuzz.ratio("".join(left), "".join(right)) >= 85:
        return "spelling"
    shared = set(left) & set(right)
    if not few:
        return "nothing shared"
    if set(few) <= set(many):
        return (
            "short form"
            if min(firms_with[word] for word in few) < COMMON
            else "only common words shared"
        )
    if any(firms_with[word] < COMMON and not word.isdigit() for word in shared):
        return "some words changed"
    if shared:
        return "only common words shared"
    if "".join(few).startswith("".join(many)[:5]) or any(
        a[:5] == b[:5] and len(a) > 4 for a in left for b in right
    ):
        return "same stem"
    return "nothing shared"


def kind_han(one: str, other: str) -> str:
    """How a short and a full Chinese name differ, the first of the kinds that holds."""
    short, full = sorted(
        (re.sub(r"[\W_]|[A-Za-z]$|^ST", "", one), re.sub(r"[\W_]", "", other)), key=len
    )
    if short == full or full.removesuffix("股份有限公司").removesuffix("有限公司") == short:
        return "legal form"
    if short in full:
        return "short form in one piece"
    rest = iter(full)
    if all(character in rest for character in short):
        return "characters left out"
    if any(short[at : at + 2] in full for at in range(len(short) - 1)):
        return "two characters in a row shared"
    return "nothing shared" if not set(short) & set(full) else "single characters shared"


# --- Comparison


def curve(scores: pd.DataFrame, labelled: Labelled, keep: set | None = None) -> pd.DataFrame:
    """True and false pairs found at every score, the best first."""
    index = pd.MultiIndex.from_arrays([scores["left"], scores["right"]])
    true, out = (
        index.isin(list(pairs)) if pairs else np.zeros(len(index), bool)
        for pairs in (labelled.true, labelled.left_out)
    )
    wanted = true if keep is None else index.isin(list(keep))
    out = out | (true & ~wanted)
    table = pd.DataFrame(
        {"score": scores["score"].to_numpy(), "true": wanted & ~out, "false": ~true & ~out}
    )
    table = (
        table.groupby("score")[["true", "false"]]
        .sum()
        .sort_index(ascending=False)
        .cumsum()
        .reset_index()
    )
    table["precision"] = table["true"] / (table["true"] + table["false"]).clip(lower=1)
    return table


def best(table: pd.DataFrame, positives: int) -> pd.Series:
    """The point of a curve with the highest F1."""
    f1 = 2 * table["true"] / (table["true"] + table["false"] + positives)
    return table.loc[f1.idxmax()]


def at_precision(table: pd.DataFrame, least: float) -> pd.Series:
    """The point with most true pairs at that precision or a higher one; nothing found if there is
    none.
    """
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
    """One line of the results."""
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


def judge(
    labelled: Labelled, model: linkage.Model, rules: NameRules
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare the model with the baselines on one set.

    Every baseline gets the threshold that is best for it on this very set (highest F1). The model
    is shown at its own threshold and at the precision of the best baseline.
    """
    raw = labelled.names["name"].map(utils.default_process)
    cleaned = pd.Series([" ".join(rules.clean(name)[0]) for name in labelled.names["name"]])
    methods = {"exact after cleaning": exact(labelled, cleaned)}
    for name, scorer in SCORES.items():
        methods[name] = matrix(labelled, raw, scorer)
        methods[f"{name}, cleaned names"] = matrix(labelled, cleaned, scorer)
    methods["splink, default name comparison"] = splink_default(labelled, raw)
    methods["splink, default name comparison, cleaned names"] = splink_default(labelled, cleaned)
    methods = {name: apart(scores, labelled.place) for name, scores in methods.items()}
    ours = apart(predict(labelled, model, rules), labelled.place)
    described = kinds(labelled, rules)
    reachable = described[~described["kind"].isin(UNREACHABLE)]
    scopes = {
        "all": labelled.true,
        "without wholly new names": set(zip(reachable["left"], reachable["right"], strict=True)),
    }
    own = math.log2(model.same_from / (1 - model.same_from))
    rows = []
    found = {}
    for scope, keep in scopes.items():
        curves = {name: curve(scores, labelled, keep) for name, scores in methods.items()}
        points = {name: best(table, len(keep)) for name, table in curves.items() if len(table)}
        rows += [
            row_of(labelled, scope, name, "best F1", point, len(keep))
            for name, point in points.items()
        ]
        winner = max(
            points,
            key=lambda name: (
                2
                * points[name]["true"]
                / (points[name]["true"] + points[name]["false"] + len(keep))
            ),
        )
        mine = curve(ours, labelled, keep)
        over = mine[mine["score"] >= own]
        if len(over):
            rows.append(
                row_of(labelled, scope, "this model", "own threshold", over.iloc[-1], len(keep))
            )
        rows.append(
            row_of(labelled, scope, "this model", "best F1", best(mine, len(keep)), len(keep))
        )
        fair = at_precision(mine, points[winner]["precision"])
        rows.append(
            row_of(labelled, scope, "this model", f"precision of {winner}", fair, len(keep))
        )
        missed = len(keep) - points[winner]["true"]
        rows[-1]["missed_ratio"] = (len(keep) - fair["true"]) / missed if missed else math.nan
        if scope == "all":
            found = {
                "this model": (ours, fair["score"]),
                winner: (methods[winner], points[winner]["score"]),
            }
    by_kind = []
    for method, (scores, threshold) in found.items():
        hits = scores[scores["score"] >= threshold]
        hit = set(zip(hits["left"], hits["right"], strict=True))
        told = described.assign(
            hit=[key in hit for key in zip(described["left"], described["right"], strict=True)]
        )
        for dimension in ("script", "kind"):
            for value, part in told.groupby(dimension):
                low, high = interval(int(part["hit"].sum()), len(part))
                by_kind.append(
                    {
                        "set": labelled.label,
                        "method": method,
                        "dimension": dimension,
                        "value": value,
                        "true_pairs": len(part),
                        "found_true": int(part["hit"].sum()),
                        "recall": part["hit"].mean(),
                        "recall_low": low,
                        "recall_high": high,
                    }
                )
    return pd.DataFrame(rows), pd.DataFrame(by_kind)


def main() -> None:
    """Fit if wanted, judge, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fit", action="store_true", help="estimate the weights first")
    parser.add_argument(
        "--card", action="store_true", help="only write the model card again, from the results"
    )
    parser.add_argument("--half", default="test", choices=["test", "fit"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    sources = pd.read_csv(HERE / "sources.csv", dtype=str, keep_default_na=False)
    if options.card:
        write_card(pd.read_csv(QUALITY), pd.read_csv(KINDS), linkage.load_model())
        return
    if options.fit:
        fit(sources, paths.root() / "src" / "cluster_anatomy" / "firms" / "linkage.toml")
    model, rules = linkage.load_model(), default_rules()
    sets = [
        sec(fetch("sec_names", sources), options.half),
        chinese(fetch("chinese_names", sources), options.half),
        crosswalk(),
    ]
    quality, by_kind = [], []
    for labelled in sets:
        begun = time.perf_counter()
        rows, told = judge(labelled, model, rules)
        print(f"{labelled.label}: {time.perf_counter() - begun:.0f} s", flush=True)
        quality.append(rows)
        by_kind.append(told)
    quality, by_kind = pd.concat(quality, ignore_index=True), pd.concat(by_kind, ignore_index=True)
    if options.half == "fit":
        print(quality.to_string())
        print(by_kind.to_string())
        return
    QUALITY.parent.mkdir(exist_ok=True)
    for table, path in ((quality, QUALITY), (by_kind, KINDS)):
        table.to_csv(path, index=False, float_format="%.4f", lineterminator="\n")
    write_card(pd.read_csv(QUALITY), pd.read_csv(KINDS), model)
    print(quality.to_string())


# --- The model card


def write_card(quality: pd.DataFrame, by_kind: pd.DataFrame, model: linkage.Model) -> None:
    """Write the tables of the model card between their marks; the prose around them stays as it is."""
    text = CARD.read_text(encoding="utf-8")
    for name, table in card_tables(quality, by_kind, model).items():
        start, end = f"<!-- table:{name} -->", f"<!-- end:{name} -->"
        before, _, rest = text.partition(start)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(
                f"{CARD.name}: the marks {start} and {end} are missing; put them around the table."
            )
        text = f"{before}{start}\n\n{table}\n\n{end}{after}"
    CARD.write_text(text, encoding="utf-8")


def card_tables(
    quality: pd.DataFrame, by_kind: pd.DataFrame, model: linkage.Model
) -> dict[str, str]:
    """Return the tables of the model card in Markdown, by name."""
    parameters = [
        ["prior (share of pairs that are one firm)", f"{model.prior:g}"],
        ["same firm from (probability)", f"{model.same_from:g}"],
        ["borderline from (probability)", f"{model.borderline_from:g}"],
        ["largest block (names that share a key)", f"{model.largest_block}"],
        ["common words known", f"{len(model.words)}"],
        ["common pairs of Chinese characters known", f"{len(model.characters)}"],
    ]
    weights = [
        [
            one["name"] if at == 0 else "",
            level["label"],
            f"{level['m']:.3g}",
            f"{level['u']:.3g}",
            f"{math.log2(level['m'] / level['u']):+.1f}",
            one["source"],
        ]
        for one in model.comparisons
        for at, level in enumerate(one["levels"])
    ]
    rows = [
        [
            row.set,
            row.scope,
            row.method,
            row.point,
            str(row.true_pairs),
            str(row.found_true),
            str(row.found_false),
            share(row.precision, row.precision_low, row.precision_high),
            share(row.recall, row.recall_low, row.recall_high),
        ]
        for row in quality.itertuples()
    ]
    aims = quality.dropna(subset=["missed_ratio"])
    missed = []
    for row in aims.itertuples():
        baseline = row.point.removeprefix("precision of ")
        other = quality[
            (quality["set"] == row.set)
            & (quality["scope"] == row.scope)
            & (quality["method"] == baseline)
        ].iloc[0]
        missed.append(
            [
                row.set,
                row.scope,
                baseline,
                f"{other['precision']:.3f}",
                str(other["missed"]),
                str(row.missed),
                f"{row.missed_ratio:.2f}",
                "yes" if row.missed_ratio <= 2 / 3 else "no",
            ]
        )
    kind_rows = [
        [
            row.set,
            row.dimension,
            row.value,
            row.method,
            str(row.true_pairs),
            str(row.found_true),
            share(row.recall, row.recall_low, row.recall_high),
        ]
        for row in by_kind.itertuples()
    ]
    return {
        "parameters": markdown(["parameter", "value"], parameters),
        "missed": markdown(
            [
                "set",
                "pairs",
                "best baseline",
                "its precision",
                "it misses",
                "the model misses",
                "ratio",
                "a third fewer",
            ],
            missed,
        ),
        "quality": markdown(
            [
                "set",
                "pairs",
                "method",
                "threshold",
                "true pairs",
                "found",
                "false",
                "precision (95 %)",
                "recall (95 %)",
            ],
            rows,
        ),
        "kinds": markdown(
            ["set", "by", "value", "method", "true pairs", "found", "recall (95 %)"], kind_rows
        ),
        "weights": markdown(["comparison", "level", "m", "u", "bits", "source"], weights),
    }


def share(value: float, low: float, high: float) -> str:
    """Write a share with its interval."""
    return "-" if math.isnan(value) else f"{value:.3f} ({low:.3f}-{high:.3f})"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


if __name__ == "__main__":
    main()
