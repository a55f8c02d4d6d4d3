"""Scores of pairs of names: what splink is told, and what it gives."""

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cluster_anatomy.firms.linkage.model import Comparison, Level, Model, load_model, sql_levels

if TYPE_CHECKING:  # splink takes seconds to load, and most steps use the model for names only
    from splink import SettingsCreator
    from splink.comparison_library import CustomComparison
    from splink.internals.comparison_level_creator import ComparisonLevelCreator
    from splink.internals.database_api import DatabaseAPISubClass

LinkType = Literal["dedupe_only", "link_only", "link_and_dedupe"]
DIALECT = "duckdb"
"""In which SQL the levels are written; splink translates it for other engines."""


def limit_keys(prepared: pd.DataFrame, largest: int) -> pd.DataFrame:
    """Take out keys that more than ``largest`` names share.

    They would make most pairs and almost no matches: block purging (Papadakis et al. 2020). The key
    of all words in order stays in any case.
    """
    flat = prepared["keys"].explode()
    counts = flat.value_counts()
    frequent = set(counts.index[(counts > largest) & ~counts.index.str.startswith("s:")])
    if not frequent:
        return prepared
    return prepared.assign(
        keys=[[key for key in keys if key not in frequent] for keys in prepared["keys"]]
    )


def _level(level: Level) -> "ComparisonLevelCreator":
    """Return a level of a comparison as splink has it."""
    from splink import comparison_level_library as levels

    creator: ComparisonLevelCreator = levels.ElseLevel()
    if level["sql"] != "ELSE":
        sql = sql_levels(level["sql"])
        creator = levels.CustomLevel(sql, level["label"], base_dialect_str=DIALECT)
    return creator.configure(
        m_probability=level["m"], u_probability=level["u"], label_for_charts=level["label"]
    )


def _comparison(comparison: Comparison) -> "CustomComparison":
    """Return a comparison as splink has it, its probabilities fixed."""
    from splink import comparison_level_library as levels
    from splink.comparison_library import CustomComparison

    nothing_known = levels.CustomLevel(comparison["null"], base_dialect_str=DIALECT)
    return CustomComparison(
        [
            nothing_known.configure(is_null_level=True),
            *(_level(level) for level in comparison["levels"]),
        ],
        output_column_name=comparison["name"],
    )


def settings(
    model: Model | None = None, link_type: LinkType = "dedupe_only", prior: float | None = None
) -> "SettingsCreator":
    """Return the model as splink's settings, all probabilities fixed.

    Parameters
    ----------
    model : Model, optional
        The package's own if not given.
    link_type : {"dedupe_only", "link_only", "link_and_dedupe"}
        As splink has them.
    prior : float, optional
        Instead of the model's.
    """
    from splink import SettingsCreator, block_on

    model = model or load_model()
    return SettingsCreator(
        link_type=link_type,
        unique_id_column_name="name_id",
        comparisons=[_comparison(comparison) for comparison in model.comparisons],
        blocking_rules_to_generate_predictions=[block_on("keys", arrays_to_explode=["keys"])],
        probability_two_random_records_match=prior or model.prior,
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
        additional_columns_to_retain=["record_id", "name", "kind"],
    )


def pairs(
    prepared: pd.DataFrame,
    api: "DatabaseAPISubClass | None" = None,
    model: Model | None = None,
    threshold: float | None = None,
    prior: float | None = None,
    each_name: bool = False,
) -> pd.DataFrame:
    """Score the pairs of records whose names share a key.

    Parameters
    ----------
    prepared : DataFrame
        From `prepare`; if it has a column ``source``, only records of different sources are paired.
    api : splink database API, optional
        DuckDB in memory if not given.
    model : Model, optional
        The package's own if not given.
    threshold : float, optional
        Least probability of the pairs that are returned; the model's ``borderline_from`` if not
        given.
    prior : float, optional
        Instead of the model's.
    each_name : bool
        Return every pair of names, not only the best one of two records.

    Returns
    -------
    DataFrame
        ``left``, ``right`` (record ids, left first in the order of the alphabet), ``left_name``,
        ``right_name`` (the names that met), ``left_kind``, ``right_kind``, ``weight`` (bits, prior
        included; Fellegi and Sunter 1969), ``probability`` and one column per comparison with the
        bits it adds (0 where nothing is known); sorted, rounded, so that the same records give the
        same table on every run.
    """
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    model = model or load_model()
    least = model.borderline_from if threshold is None else threshold
    table = limit_keys(prepared, model.largest_block)
    api = api or DuckDBAPI()
    link_type: LinkType = "link_only" if "source" in table else "dedupe_only"
    sources = [table]
    if "source" in table:
        parts = table.groupby("source", sort=True)
        sources = [part.drop(columns="source") for _, part in parts]
    linker = Linker(
        [api.register(source) for source in sources],
        settings(model, link_type, prior),
        log_level="ERROR",
        validate_settings=False,
    )
    predicted = linker.inference.predict(threshold_match_probability=least)
    return tidy(predicted.as_pandas_dataframe(), model, each_name)


def tidy(
    predicted: pd.DataFrame, model: Model | None = None, each_name: bool = False
) -> pd.DataFrame:
    """Put splink's predictions on names into the form of `pairs`.

    Of two records the best pair of names comes first, and unless `each_name` is given, alone.
    """
    model = model or load_model()
    across = predicted[predicted["record_id_l"] != predicted["record_id_r"]]
    weight, probability = _never_same(across, model)
    turned = (across["record_id_l"] > across["record_id_r"]).to_numpy()
    table = pd.DataFrame()
    for column, label in (("record_id", ""), ("name", "_name"), ("kind", "_kind")):
        left, right = (across[f"{column}_{side}"].to_numpy(object) for side in "lr")
        table[f"left{label}"] = np.where(turned, right, left)
        table[f"right{label}"] = np.where(turned, left, right)
    table["weight"] = weight.round(4)
    table["probability"] = probability.round(6)
    for comparison in model.comparisons:
        table[comparison["name"]] = across[f"mw_{comparison['name']}"].to_numpy().round(4)
    order = ["left", "right", "weight", "left_name", "right_name", "left_kind", "right_kind"]
    table = table.sort_values(
        order, ascending=[column != "weight" for column in order], ignore_index=True
    )
    return table if each_name else table.drop_duplicates(["left", "right"], ignore_index=True)


def _never_same(
    predicted: pd.DataFrame, model: Model
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights and probabilities, those of names on a level `borderline` below ``same_from``.

    They come near to it and keep their order.
    """
    weight = predicted["match_weight"].to_numpy(float)
    held = np.zeros(len(predicted), dtype=bool)
    for comparison in model.comparisons:
        given = predicted[f"mw_{comparison['name']}"].to_numpy(float)
        for level in comparison["levels"]:
            if level.get("borderline"):
                held |= np.isclose(given, np.log2(level["m"] / level["u"]), atol=1e-6)
    top = np.log2(model.same_from / (1 - model.same_from)) - 0.01
    weight = np.where(held, top - np.log2(1 + np.exp2(np.clip(top - weight, -60, 60))), weight)
    return weight, 1 / (1 + np.exp2(-weight))


def decide(probability: pd.Series, model: Model | None = None) -> pd.Series:
    """Say ``same``, ``borderline`` or ``different`` by the model's thresholds."""
    model = model or load_model()
    words = np.select(
        [probability >= model.same_from, probability >= model.borderline_from],
        ["same", "borderline"],
        "different",
    )
    return pd.Series(words, index=probability.index, dtype="str")
