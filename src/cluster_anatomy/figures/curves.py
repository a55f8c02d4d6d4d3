"""Specification curves (Simonsohn, Simmons and Nelson 2020)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cluster_anatomy.figures.style import TWO_COLUMNS

CHOICES = {
    "frame": "Chinese frame",
    "unknown": "what is unknown",
    "confidence": "evidence",
    "period": "years of entry",
    "pre_reform": "pre-reform works",
    "region": "home region",
    "employer_abroad": "employer abroad",
    "founders": "of several founders",
    "control": "parent and founders",
    "institutes": "ministry's institutes",
    "stations": "prevention stations",
    "hong_kong": "Hong Kong parents",
    "venture_house": "venture houses",
    "foreign_house": "foreign firms' houses",
    "local_parent": "parents next door",
    "disputed": "disputed firms",
}
"""Choices as they are written in figures and tables; all others by their own name."""
OPTIONS = {
    "cn_named_or_listed": "paper or open list",
    "cn_paper": "paper",
    "cn_lists": "open list",
    "left_out": "left out",
    "careers_not_hit": "careers count as no",
    "not_hit": "counts as no",
    "hit": "counts as yes",
    "low": "of any confidence",
    "medium": "medium or high",
    "high": "high",
    "1980_1998": "1980 to 1998",
    "stock": "left out",
    "entry": "counted",
    "metro": "metropolitan",
    "province": "province or state",
    "economic": "economic region",
    "elsewhere": "not home",
    "home": "home",
    "not_at_home": "no job at home",
    "as_at_home": "as one at home",
    "parent_first": "parent decides",
    "founder_first": "founders decide",
    "academia_first": "academic leads",
    "firm_first": "firm's staff lead",
}
"""Options as they are written in figures and tables; all others by their own name."""


def curve_data(specifications: pd.DataFrame) -> pd.DataFrame:
    """Choose the columns of a specification curve, in ascending order of the estimates.

    Parameters
    ----------
    specifications : DataFrame
        Those of one property, from step 10.
    """
    columns = ["specification", "estimate", "value", "low", "high", "default"]
    columns += ["frame", "unknown", "confidence", "period", "pre_reform", "region", "mixed"]
    columns += ["employer_abroad", "founders", "control", "institutes"]
    return specifications.sort_values(["value", "specification"])[columns]


def specification_curve(data: pd.DataFrame, choices: list[str], label: str) -> Figure:
    """Draw all specifications in ascending order of their estimates, and below the options of each.

    Parameters
    ----------
    data : DataFrame
        One row per specification: ``estimate`` (its number), ``value``, ``low``, ``high``,
        ``default`` (``yes``, ``no``) and the choices.
    choices : list of str
        Columns of choices, a band of rows each.
    label : str
        What the estimate is.
    """
    data = data.sort_values(["value", *choices], ignore_index=True)
    usual = data[data["default"] == "yes"].iloc[0]
    options = [
        (choice, option)
        for choice in choices
        for option in sorted(data[choice].dropna().unique(), key=lambda word: word != usual[choice])
    ]
    figure, (top, below) = plt.subplots(
        2,
        1,
        figsize=(TWO_COLUMNS, 2.2 + 0.16 * len(options)),
        sharex=True,
        height_ratios=[2, 0.16 * len(options)],
        layout="constrained",
    )
    _draw_estimates(top, data)
    top.set_ylabel(label)
    _draw_options(below, data, options)
    below.set_xlabel(
        f"{len(data):,} specifications in ascending order, {data['estimate'].nunique():,} estimates"
    )
    return figure


def _draw_estimates(axis: Axes, data: pd.DataFrame) -> None:
    axis.fill_between(
        np.arange(len(data)),
        data["low"],
        data["high"],
        color="#56B4E9",
        alpha=0.35,
        linewidth=0,
        label="95 % interval",
    )
    axis.plot(data.index, data["value"], color="#0072B2", linewidth=1.2, label="estimate")
    default = data.loc[data["default"] == "yes", "value"]
    axis.plot(
        default.index,
        default,
        "D",
        color="#D55E00",
        markersize=4,
        linestyle="none",
        label="default reading",
    )
    axis.axhline(0, color="black", linewidth=0.6)
    axis.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}".replace("-", "−"))
    axis.legend(loc="upper left", ncols=3)


def _draw_options(axis: Axes, data: pd.DataFrame, options: list[tuple[str, str]]) -> None:
    """Draw a row per option, with a stroke for each specification in which it is in force."""
    for row, (choice, option) in enumerate(options):
        in_force = data.index[data[choice] == option]
        axis.plot(
            in_force,
            np.full(len(in_force), row),
            "|",
            color="#333333",
            markersize=4,
            markeredgewidth=0.3,
        )
    axis.set_yticks(
        range(len(options)),
        [
            f"{CHOICES.get(choice, choice)}: {OPTIONS.get(option, option)}".replace("_", " ")
            for choice, option in options
        ],
        fontsize=7,
    )
    axis.set_ylim(len(options) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
