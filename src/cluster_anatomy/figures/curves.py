"""Specification curves."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cluster_anatomy.figures.style import TWO_COLUMNS


def specification_curve(data: pd.DataFrame, choices: list[str], label: str) -> Figure:
    """Draw the estimates of all specifications in ascending order and, below, which options are in
    force.

    Parameters
    ----------
    data : DataFrame
        One row per specification: ``value``, ``low``, ``high``, ``default`` (``yes``, ``no``) and
        the choices.
    choices : list of str
        Columns of choices, a band of rows each.
    label : str
        What the estimate is (Simonsohn, Simmons and Nelson 2020).
    """
    data = data.sort_values(["value", *choices], ignore_index=True)
    options = [
        (choice, option) for choice in choices for option in sorted(data[choice].dropna().unique())
    ]
    figure, (top, below) = plt.subplots(
        2,
        1,
        figsize=(TWO_COLUMNS, 2.2 + 0.16 * len(options)),
        sharex=True,
        height_ratios=[2, 0.16 * len(options)],
        layout="constrained",
    )
    x = np.arange(len(data))
    top.fill_between(
        x,
        data["low"],
        data["high"],
        color="#56B4E9",
        alpha=0.35,
        linewidth=0,
        label="95 % interval",
    )
    top.plot(x, data["value"], color="#0072B2", linewidth=1.2, label="estimate")
    default = data.index[data["default"] == "yes"]
    top.plot(
        default,
        data.loc[default, "value"],
        "D",
        color="#D55E00",
        markersize=4,
        linestyle="none",
        label="default reading",
    )
    top.axhline(0, color="black", linewidth=0.6)
    top.set_ylabel(label)
    top.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}".replace("-", "−"))
    top.legend(loc="upper left", ncols=3)
    for row, (choice, option) in enumerate(options):
        chosen = data.index[data[choice] == option]
        below.plot(
            chosen,
            np.full(len(chosen), row),
            "|",
            color="#333333",
            markersize=4,
            markeredgewidth=0.3,
        )
    below.set_yticks(
        range(len(options)),
        [f"{choice}: {option}".replace("_", " ") for choice, option in options],
        fontsize=7,
    )
    below.set_ylim(len(options) - 0.4, -0.6)
    below.tick_params(axis="y", length=0)
    below.set_xlabel(f"{len(data)} specifications in ascending order")
    return figure


def curve_data(specifications: pd.DataFrame) -> pd.DataFrame:
    """Choose the columns of a specification curve, in ascending order of the estimates."""
    columns = [
        "specification",
        "value",
        "low",
        "high",
        "default",
        "frame",
        "unknown",
        "confidence",
        "region",
        "mixed",
    ]
    columns += ["employer_abroad", "founders", "control", "joint_venture", "institutes"]
    return specifications.sort_values(["value", "specification"])[columns]
