"""Multiverse analysis and specification curves."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd


def multiverse(
    choices: Mapping[str, Sequence[Hashable]],
    compute: Callable[[Hashable, dict], Mapping[str, float]],
    applies: pd.DataFrame,
) -> pd.DataFrame:
    """Compute every outcome under every combination of the choices that can change it.

    Parameters
    ----------
    choices : mapping
        Options of each choice, the default first.
    compute : callable
        Takes the name of an outcome and a dict with one option for every choice; returns numbers by
        name. A choice that does not apply to the outcome comes with its default.
    applies : DataFrame
        One row per outcome (index), one column per choice, true where the choice can change the
        outcome. A choice that does not apply is not varied, so that no estimate is counted twice
        for a choice that is none.

    Returns
    -------
    DataFrame
        ``outcome``, ``specification`` (from 1, the default, per outcome; counted with the choices
        in alphabetical order, so that their order in ``choices`` does not matter), one column per
        choice (blank where it does not apply), what ``compute`` returns, ``default`` (yes, no).

    Raises
    ------
    ValueError
        If a choice has no option, one option twice, or if ``applies`` has other columns than the
        choices.

    Notes
    -----
    The multiverse of Steegen, Tuerlinckx, Gelman and Vanpaemel (2016), *Perspectives on
    Psychological Science* 11. What is tried is the full product: with options 2, 3 and 2 of choices
    that apply there are 12 specifications.

    Examples
    --------
    >>> choices = {"outlier": ["keep", "drop"], "centre": ["mean", "median"]}
    >>> applies = pd.DataFrame({"outlier": [True, True], "centre": [True, False]}, index=["location", "n"])
    >>> def compute(outcome, chosen):
    ...     data = pd.Series([1, 2, 3, 10] if chosen["outlier"] == "keep" else [1, 2, 3])
    ...     return {"value": float(len(data) if outcome == "n" else data.agg(chosen["centre"]))}
    >>> multiverse(choices, compute, applies)[["outcome", "outlier", "centre", "value"]]
        outcome outlier  centre  value
    0  location    keep    mean    4.0
    1  location    drop    mean    2.0
    2  location    keep  median    2.5
    3  location    drop  median    2.0
    4         n    keep     NaN    4.0
    5         n    drop     NaN    3.0
    """
    for name, options in choices.items():
        if not options or len(set(options)) < len(options):
            raise ValueError(
                f"Choice '{name}' needs at least one option and each only once: {list(options)}."
            )
    if set(applies.columns) != set(choices):
        raise ValueError(
            f"The table of applicability must have these columns: {', '.join(choices)}."
        )
    default = {name: options[0] for name, options in choices.items()}
    rows = []
    for outcome in applies.index:
        varied = sorted(name for name in choices if applies.loc[outcome, name])
        for number, chosen in enumerate(product(*(choices[name] for name in varied)), 1):
            shown = dict.fromkeys(choices) | dict(zip(varied, chosen, strict=True))
            numbers = compute(outcome, default | dict(zip(varied, chosen, strict=True)))
            first = {"outcome": outcome, "specification": number}
            rows.append({**first, **shown, **numbers, "default": "yes" if number == 1 else "no"})
    return pd.DataFrame(rows)


def judge(table: pd.DataFrame, by: str = "outcome") -> pd.DataFrame:
    """Say whether each specification keeps the sign of the default one and whether its interval
    excludes zero.

    Parameters
    ----------
    table : DataFrame
        From `multiverse`, with ``value``, ``low``, ``high``.
    by : str
        The column that names the outcome.

    Returns
    -------
    DataFrame
        The table with ``excludes_zero`` and ``sign_kept`` (yes, no). An undefined estimate does
        neither; an estimate of exactly zero has no sign to keep.
    """
    reference = table[table["default"] == "yes"].set_index(by)["value"]
    kept = np.sign(table["value"]) * np.sign(table[by].map(reference)) > 0
    excludes = (table["low"] > 0) | (table["high"] < 0)
    words = {True: "yes", False: "no"}
    return table.assign(excludes_zero=excludes.map(words), sign_kept=kept.map(words))


def by_option(table: pd.DataFrame, choices: Sequence[str], by: str = "outcome") -> pd.DataFrame:
    """Summarise the specifications that hold one option: where does a finding fall?

    Parameters
    ----------
    table : DataFrame
        From `judge`.
    choices : sequence of str
        The choices to look at.
    by : str
        The column that names the outcome.

    Returns
    -------
    DataFrame
        ``by``, ``choice``, ``option``, ``specifications``, ``share_sign_kept``,
        ``share_excluding_zero``, ``median``; only choices that vary for the outcome; outcomes and
        options in the order of the table.
    """
    rows = []
    for outcome, part in table.groupby(by, sort=False):
        for name in (name for name in choices if _varies(part[name])):
            for option, held in part.groupby(name, sort=False):
                row = {by: outcome, "choice": name, "option": option, "specifications": len(held)}
                row["share_sign_kept"] = (held["sign_kept"] == "yes").mean()
                row["share_excluding_zero"] = (held["excludes_zero"] == "yes").mean()
                rows.append(row | {"median": held["value"].median()})
    return pd.DataFrame(rows)


def weights(table: pd.DataFrame, choices: Sequence[str], by: str = "outcome") -> pd.DataFrame:
    """Measure how much each choice moves each outcome.

    Parameters
    ----------
    table : DataFrame
        From `multiverse`: a full product of the choices that apply, with ``value``.
    choices : sequence of str
        The choices to weigh.
    by : str
        The column that names the outcome.

    Returns
    -------
    DataFrame
        ``by``, ``choice``, ``mean_change`` (mean absolute difference of ``value`` over all pairs of
        specifications that differ in this choice alone), ``largest_change``, ``variance_share``
        (variance of the means by option over the variance of all values: the first-order index of
        Sobol 1993; what is missing to one is interaction; ``nan`` if nothing varies), ``rank`` (1
        moves most; ties by name). Choices that do not vary for an outcome are left out.
    """
    parts = []
    for outcome, part in table.groupby(by, sort=False):
        active = [name for name in choices if _varies(part[name])]
        spread, rows = part["value"].var(ddof=0), []
        for name in active:
            rest = [other for other in active if other != name]
            wide = (
                part.set_index([*rest, name])["value"].unstack(name)
                if rest
                else part.set_index(name)[["value"]].T
            )
            changes = np.concatenate(
                [(wide[a] - wide[b]).abs().to_numpy() for a, b in combinations(wide.columns, 2)]
            )
            row = {
                by: outcome,
                "choice": name,
                "mean_change": np.nanmean(changes),
                "largest_change": np.nanmax(changes),
            }
            rows.append(
                row | {"variance_share": wide.mean().var(ddof=0) / spread if spread > 0 else np.nan}
            )
        if rows:
            ranked = pd.DataFrame(rows).sort_values(
                ["mean_change", "choice"], ascending=[False, True]
            )
            parts.append(ranked.assign(rank=range(1, len(ranked) + 1)))
    return pd.concat(parts, ignore_index=True)


def curve(
    table: pd.DataFrame, outcome: Hashable, choices: Sequence[str], by: str = "outcome"
) -> pd.DataFrame:
    """Return what a specification curve draws (Simonsohn, Simmons and Nelson 2020, *Nature Human
    Behaviour* 4).

    Parameters
    ----------
    table : DataFrame
        From `judge`, or ``robustness.csv`` (``by="property"``; one kind of frames:
        ``carries_shares`` = yes).
    outcome : hashable
        One outcome.
    choices : sequence of str
        The choices whose options stand in the panel below the curve.
    by : str
        The column that names the outcome.

    Returns
    -------
    DataFrame
        ``rank`` (from 1, smallest estimate first; ties by specification), ``specification``,
        ``value``, ``low``, ``high``, ``excludes_zero``, ``default``, and the choices that vary.

    Raises
    ------
    ValueError
        If there is no such outcome.
    """
    part = table[table[by] == outcome]
    if part.empty:
        raise ValueError(
            f"There is no outcome '{outcome}'; there are:"
            f" {', '.join(map(str, table[by].unique()))}."
        )
    part = part.sort_values(["value", "specification"], ignore_index=True)
    shown = [name for name in choices if _varies(part[name])]
    columns = ["rank", "specification", "value", "low", "high", "excludes_zero", "default", *shown]
    return part.assign(rank=range(1, len(part) + 1))[columns]


def holding(
    table: pd.DataFrame, choices: Mapping[str, Sequence[Hashable]], **given: Hashable
) -> pd.DataFrame:
    """Return the specifications in which every choice has its default (or is blank), but for those
    given.

    Parameters
    ----------
    table : DataFrame
        From `multiverse`.
    choices : mapping
        The choices with their options, the default first.
    **given
        Option of a choice, or ``None`` for any of its options.
    """
    held = pd.Series(True, index=table.index)
    for name, options in choices.items():
        wanted = given.get(name, options[0])
        if wanted is not None:
            held &= table[name].isna() | (table[name] == wanted)
    return table[held]


def _varies(column: pd.Series) -> bool:
    """Say whether a choice was varied: a column that is blank or holds one option was not."""
    return len(set(column.dropna())) > 1
