"""Scores of pairs of names: by the linkage model, and by plain methods to set beside it.

Each method returns ``left``, ``right`` (record ids, in the order of the alphabet) and ``score``.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from linkage_sets import Labelled
from rapidfuzz import fuzz, process, utils
from splink import Linker, SettingsCreator, block_on
from splink import comparison_library as comparisons
from splink.backends.duckdb import DuckDBAPI

from cluster_anatomy.firms import linkage
from cluster_anatomy.firms.names import NameRules

LEAST_SCORE = {"sec_former_names": 75}
"""Pairs that a baseline scores lower are not kept (50 if not said); each is best well above it."""
SCORES = {"token_set_ratio": fuzz.token_set_ratio, "token_sort_ratio": fuzz.token_sort_ratio}
STEP = 500
"""Names that are compared with all others at a time."""


def predict(
    labelled: Labelled, model: linkage.Model, rules: NameRules, gammas: bool = False
) -> pd.DataFrame:
    """Score pairs of records by the model, in bits, or return the level of each comparison."""
    prepared = prepare(labelled, model, rules)
    if not gammas:
        scored = linkage.pairs(prepared, model=model, threshold=0.0)
        return scored[["left", "right", "weight"]].rename(columns={"weight": "score"})
    table = linkage.limit_keys(prepared, model.largest_block)
    if "source" in table:
        parts = [part.drop(columns="source") for _, part in table.groupby("source")]
    else:
        parts = [table]
    settings = linkage.settings(model, "link_only" if len(parts) == 2 else "dedupe_only")
    settings.retain_matching_columns = True
    api = DuckDBAPI()
    linker = Linker([api.register(part) for part in parts], settings, log_level="ERROR")
    scored = linker.inference.predict().as_pandas_dataframe()
    scored = scored.rename(columns={"record_id_l": "left", "record_id_r": "right"})
    levels = [column for column in scored if column.startswith("gamma_")]
    return scored[["left", "right", *levels]]


def prepare(labelled: Labelled, model: linkage.Model, rules: NameRules) -> pd.DataFrame:
    """Return the names of a set as the model compares them."""
    names_of = labelled.names.groupby("record_id", sort=True)["name"].agg(list)
    records = pd.DataFrame(
        {
            "record_id": names_of.index,
            "name": [names[0] for names in names_of],
            "other_names": ["|".join(names[1:]) or None for names in names_of],
        }
    )
    mixed = labelled.label == "register_crosswalk"
    prepared = linkage.prepare(records, model, rules, romanise=mixed)
    if labelled.names["source"].nunique() == 2:
        source = labelled.names.drop_duplicates("record_id").set_index("record_id")["source"]
        prepared["source"] = prepared["record_id"].map(source)
    return prepared


def baselines(labelled: Labelled, rules: NameRules) -> dict[str, pd.DataFrame]:
    """Return the scores of every plain method, on names as they stand and as they are cleaned."""
    raw = labelled.names["name"].map(utils.default_process)
    cleaned = pd.Series([" ".join(rules.clean(name)[0]) for name in labelled.names["name"]])
    methods = {"exact after cleaning": exact(labelled, cleaned)}
    for name, scorer in SCORES.items():
        methods[name] = matrix(labelled, raw, scorer)
        methods[f"{name}, cleaned names"] = matrix(labelled, cleaned, scorer)
    methods["splink, default name comparison"] = splink_default(labelled, raw)
    methods["splink, default name comparison, cleaned names"] = splink_default(labelled, cleaned)
    return methods


def matrix(labelled: Labelled, text: pd.Series, scorer: Callable) -> pd.DataFrame:
    """Score all pairs of names and keep those from `LEAST_SCORE` on, the best of two records."""
    names = labelled.names.assign(text=text.to_numpy())
    sources = [part for _, part in names.groupby("source", sort=True)]
    across, unique = len(sources) == 2, names["record_id"].is_unique
    one, other = sources[0], sources[-1]
    least = LEAST_SCORE.get(labelled.label, 50)
    tables = []
    for start in range(0, len(one), STEP):
        part = one.iloc[start : start + STEP]
        if not across and unique:
            other = one.iloc[start:]
        options = {"scorer": scorer, "workers": 1, "dtype": np.uint8, "score_cutoff": least}
        scores = process.cdist(part["text"], other["text"], **options)
        rows, columns = np.nonzero(scores)
        left, right = part["record_id"].to_numpy()[rows], other["record_id"].to_numpy()[columns]
        keep = left < right if not across and unique else left != right
        tables.append(ordered(left[keep], right[keep], scores[rows, columns][keep]))
    return best_of_names(pd.concat(tables, ignore_index=True))


def ordered(left: np.ndarray, right: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    """Return pairs of record ids, each in the order of the alphabet, with their scores."""
    turn = left > right
    ids = {"left": np.where(turn, right, left), "right": np.where(turn, left, right)}
    return pd.DataFrame(ids | {"score": scores})


def best_of_names(table: pd.DataFrame) -> pd.DataFrame:
    """Return the best score of each pair of records, whose names may have met more than once."""
    return table.groupby(["left", "right"], as_index=False)["score"].max()


def exact(labelled: Labelled, text: pd.Series) -> pd.DataFrame:
    """Pairs of records that have a name in common once it is cleaned."""
    names = labelled.names.assign(text=text.to_numpy())[["record_id", "text", "source"]]
    names = names.drop_duplicates()
    both = names.merge(names, on="text", suffixes=("_l", "_r"))
    both = both[both["record_id_l"] < both["record_id_r"]]
    if names["source"].nunique() == 2:
        both = both[both["source_l"] != both["source_r"]]
    both = both.rename(columns={"record_id_l": "left", "record_id_r": "right"})
    return both[["left", "right"]].drop_duplicates().assign(score=100)


def splink_default(labelled: Labelled, text: pd.Series) -> pd.DataFrame:
    """Splink as its tutorial starts: its comparison for names, u by sampling, m by EM."""
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
            block_on(column) for column in ("letters", "first", "last")
        ],
        additional_columns_to_retain=["record_id"],
    )
    api = DuckDBAPI()
    linker = Linker([api.register(part) for part in parts], settings, log_level="ERROR")
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("letters"))
    scored = linker.inference.predict().as_pandas_dataframe()
    scored = scored[scored["record_id_l"] != scored["record_id_r"]]
    left, right = scored["record_id_l"].to_numpy(object), scored["record_id_r"].to_numpy(object)
    return best_of_names(ordered(left, right, scored["match_weight"].to_numpy().round(4)))
