"""The linkage model: which names are compared, how, and what each agreement weighs.

One model (``firms/linkage.toml``) says what is blocked and compared, with the probabilities and
thresholds; ``docs/MODEL_CARD.md`` describes it and how good it is. It is a model of Fellegi and
Sunter (1969), run by splink (Linacre et al. 2022), on DuckDB unless another engine is given.

`prepare` takes names apart. A register does so in two passes over batches of any engine: names are
cleaned (`take_apart`), the engine counts their words (`counts`), and these are weighed (`weigh`).
What is left for the engine is plain SQL on text and whole numbers.
"""

from cluster_anatomy.firms.linkage.features import COLUMNS, prepare, take_apart, weigh
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
    "take_apart",
    "tidy",
    "weigh",
]
