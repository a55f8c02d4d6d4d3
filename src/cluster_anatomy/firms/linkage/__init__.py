"""The linkage model: which names are compared, how, and what each agreement weighs.

One model (``firms/linkage.toml``) says what is blocked and compared, with the probabilities and
thresholds; ``docs/MODEL_CARD.md`` describes it and how good it is. It is a model of Fellegi and
Sunter (1969), run by splink (Linacre et al. 2022), on DuckDB unless another engine is given.

`prepare` takes names apart once, row by row, so that it can run on batches of any engine; what is
left for the engine is plain SQL on text and whole numbers.
"""

from cluster_anatomy.firms.linkage.features import COLUMNS, prepare
from cluster_anatomy.firms.linkage.model import (
    FILTERS,
    Comparison,
    Level,
    Model,
    load_model,
    sql_levels,
)
from cluster_anatomy.firms.linkage.scores import decide, limit_keys, pairs, settings, tidy

__all__ = [
    "COLUMNS",
    "FILTERS",
    "Comparison",
    "Level",
    "Model",
    "decide",
    "limit_keys",
    "load_model",
    "pairs",
    "prepare",
    "settings",
    "sql_levels",
    "tidy",
]
