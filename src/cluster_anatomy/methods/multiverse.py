"""Multiverse analysis and specification curves.

A multiverse tries all combinations of the choices that honest researchers could make; a
specification curve sorts what comes out.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import combinations, product
from typing import Any, TypeVar

import numpy as np
import pandas as pd

Option = TypeVar("Option", bound=Hashable)


def multiverse(
    choices: Mapping[str, Sequence[Option]],
    compute: Callable[[Any, dict[str, Option]], Mapping[str, object]],
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
    What is tried is the full product: with options 2, 3 and 2 of choices that apply there are 12
    specifications.

    References
    ----------
    Steegen, Tuerlinckx, Gelman and Vanpaemel (2016), Perspectives on Psychological Science 11,
    702-712.

    Examples
    --------
    >>> choices = {"outlier": ["keep", "drop"], "centre": ["mean", "median"]}
    >>> applies = pd.DataFrame(
    ...     {"outlier": [True, True], "centre": [True, False]}, index=["location", "n"]
    ... )
    >>> def compute(outcome, options):
    ...     data = pd.Series([1, 2, 3, 10] if options["outlier"] == "keep" else [1, 2, 3])
    ...     return {"value": float(len(data) if outcome == "n" else data.agg(options["centre"]))}
    >>> multiverse(choices, compute, applies)[["outcome", "outlier", "centre", "value"]]
        outcome outlier  centre  value
    0  location    keep    mean    4.0
    1  location    drop    mean    2.0
    2  location    keep  median    2.5
    3  location    drop  median    2.0
    4         n    keep     NaN    4.0
    5         n    drop     NaN    3.0
    """
    _check(choices, applies)
    default = {name: options[0] for name, options in choices.items()}
    rows: list[dict[str, object]] = []
    for outcome in applies.index:
        varied = sorted(name for name in choices if applies.loc[outcome, name])
        for number, options in enumerate(product(*(choices[name] for name in varied)), 1):
            options_of = dict(zip(varied, options, strict=True))
            numbers = compute(outcome, default | options_of)
            shown = {"outcome": outcome, "specification": number, **dict.fromkeys(choices)}
            is_default = {"default": "yes" if number == 1 else "no"}
            rows.append({**shown, **options_of, **numbers, **is_default})
    return pd.DataFrame(rows)


def _check(choices: Mapping[str, Sequence[Hashable]], applies: pd.DataFrame) -> None:
    """Refuse choices without options, options twice, and a table that is not about the choices."""
    for name, options in choices.items():
        if not options or len(set(options)) < len(options):
            raise ValueError(
                f"Choice '{name}' needs at least one option and each only once: {list(options)}."
            )
    if set(applies.columns) != set(choices):
        raise ValueError(
            f"The table of applicability must have these columns: {', '.join(choices)}."
        )


def judge(table: pd.DataFrame, by: str = "outcome") -> pd.DataFrame:
    """Say of each specification whether it keeps the default's sign and its interval excludes zero.

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

    References
    ----------
    Simonsohn, Simmons and Nelson (2020), Nature Human Behaviour 4, 1208-1214: both are their
    statistics of a specification curve.

    Examples
    --------
    >>> table = pd.DataFrame({"outcome": "x", "value": [2.0, -1.0], "low": [1.0, -3.0]})
    >>> judge(table.assign(high=[3.0, 1.0], default=["yes", "no"]))[["excludes_zero", "sign_kept"]]
      excludes_zero sign_kept
    0           yes       yes
    1            no        no
    """
    reference = table[table["default"] == "yes"].set_index(by)["value"]
    kept = np.sign(table["value"]) * np.sign(table[by].map(reference)) > 0
    excludes = (table["low"] > 0) | (table["high"] < 0)
    words = {True: "yes", False: "no"}
    return table.assign(excludes_zero=excludes.map(words), sign_kept=kept.map(words))


def by_option(
    table: pd.DataFrame, choices: Sequence[str], by: str = "outcome", distinct: str | None = None
) -> pd.DataFrame:
    """Summarise the specifications that hold one option: where does a result fall?

    Parameters
    ----------
    table : DataFrame
        From `judge`.
    choices : sequence of str
        The choices to look at.
    by : str
        The column that names the outcome.
    distinct : str, optional
        The column that numbers the distinct estimates of an outcome, each of which then counts once
        for an option.

    Returns
    -------
    DataFrame
        ``by``, ``choice``, ``option``, ``specifications``, ``estimates`` (what is counted: they, or
        the distinct ones among them), ``share_sign_kept``, ``share_excluding_zero`` (fractions),
        ``median`` (of the values); only choices that vary for the outcome; outcomes and options in
        the order of the table.

    References
    ----------
    As for `judge`.

    Examples
    --------
    >>> table = pd.DataFrame({"outcome": "x", "centre": ["mean", "median"], "value": [2.0, -1.0]})
    >>> table = table.assign(excludes_zero="yes", sign_kept=["yes", "no"])
    >>> by_option(table, ["centre"])[["choice", "option", "share_sign_kept", "median"]]
       choice  option  share_sign_kept  median
    0  centre    mean              1.0     2.0
    1  centre  median              0.0    -1.0
    """
    rows = []
    for outcome, part in table.groupby(by, sort=False):
        for name in (name for name in choices if _varies(part[name])):
            for option, held in part.groupby(name, sort=False):
                row = {by: outcome, "choice": name, "option": option, "specifications": len(held)}
                once = held if distinct is None else held.drop_duplicates(distinct)
                row["estimates"] = len(once)
                row["share_sign_kept"] = (once["sign_kept"] == "yes").mean()
                row["share_excluding_zero"] = (once["excludes_zero"] == "yes").mean()
                rows.append(row | {"median": once["value"].median()})
    names = ["choice", "option", "specifications", "estimates"]
    names += ["share_sign_kept", "share_excluding_zero", "median"]
    return pd.DataFrame(rows, columns=[by, *names])


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
        (variance of the means by option over the variance of all values: the first-order index;
        what is missing to one is interaction; ``nan`` if nothing varies), ``rank`` (1 moves most;
        ties by name). Choices that do not vary for an outcome are left out.

    Raises
    ------
    ValueError
        If no choice varies for any outcome.

    References
    ----------
    Sobol (1993), Mathematical Modelling and Computational Experiments 1, 407-414.

    Examples
    --------
    >>> table = pd.DataFrame({"outcome": "x", "a": [0, 0, 1, 1], "b": [0, 1, 0, 1]})
    >>> weights(table.assign(value=[0.0, 1.0, 3.0, 4.0]), ["a", "b"])
      outcome choice  mean_change  largest_change  variance_share  rank
    0       x      a          3.0             3.0             0.9     1
    1       x      b          1.0             1.0             0.1     2
    """
    parts = []
    for outcome, part in table.groupby(by, sort=False):
        active = [name for name in choices if _varies(part[name])]
        if active:
            rows = [{by: outcome, "choice": name, **_weight(part, name, active)} for name in active]
            ranked = pd.DataFrame(rows).sort_values(
                ["mean_change", "choice"], ascending=[False, True]
            )
            parts.append(ranked.assign(rank=range(1, len(ranked) + 1)))
    return pd.concat(parts, ignore_index=True)


def _weight(part: pd.DataFrame, name: str, active: Sequence[str]) -> dict[str, float]:
    """Weigh one choice among those that vary for one outcome."""
    rest = [other for other in active if other != name]
    if rest:
        wide = part.set_index([*rest, name])["value"].unstack(name)
    else:
        wide = part.set_index(name)[["value"]].T
    changes = np.concatenate(
        [
            (wide[first] - wide[second]).abs().to_numpy()
            for first, second in combinations(wide.columns, 2)
        ]
    )
    spread = part["value"].var(ddof=0)
    return {
        "mean_change": np.nanmean(changes),
        "largest_change": np.nanmax(changes),
        "variance_share": wide.mean().var(ddof=0) / spread if spread > 0 else np.nan,
    }


def curve(
    table: pd.DataFrame, outcome: Hashable, choices: Sequence[str], by: str = "outcome"
) -> pd.DataFrame:
    """Return what a specification curve draws.

    Parameters
    ----------
    table : DataFrame
        From `judge`.
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

    References
    ----------
    Simonsohn, Simmons and Nelson (2020), Nature Human Behaviour 4, 1208-1214.

    Examples
    --------
    >>> table = pd.DataFrame({"specification": [1, 2], "centre": ["mean", "median"]})
    >>> table = table.assign(outcome="x", value=[2.0, 1.0], low=0.0, high=3.0)
    >>> table["default"] = ["yes", "no"]
    >>> curve(judge(table), "x", ["centre"])[["rank", "specification", "value", "centre"]]
       rank  specification  value  centre
    0     1              2    1.0  median
    1     2              1    2.0    mean
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
    table: pd.DataFrame, choices: Mapping[str, Sequence[Hashable]], **options: Hashable
) -> pd.DataFrame:
    """Return the specifications in which every choice has its default, but for those given.

    Parameters
    ----------
    table : DataFrame
        From `multiverse`.
    choices : mapping
        The choices with their options, the default first.
    **options
        Option of a choice, or ``None`` for any of its options.

    Returns
    -------
    DataFrame
        The rows of the table; a choice that is blank there holds whatever is asked.

    References
    ----------
    Steegen, Tuerlinckx, Gelman and Vanpaemel (2016), Perspectives on Psychological Science 11,
    702-712.

    Examples
    --------
    >>> choices = {"outlier": ["keep", "drop"], "centre": ["mean", "median"]}
    >>> rows = [("keep", "mean"), ("drop", "mean"), ("keep", "median"), ("drop", "median")]
    >>> table = pd.DataFrame(rows, columns=["outlier", "centre"])
    >>> holding(table, choices, centre=None)
      outlier  centre
    0    keep    mean
    2    keep  median
    """
    held = pd.Series(True, index=table.index)
    for name, all_options in choices.items():
        option = options.get(name, all_options[0])
        if option is not None:
            held &= table[name].isna() | (table[name] == option)
    return table[held]


def _varies(column: pd.Series) -> bool:
    """Say whether a choice was varied: a column that is blank or holds one option was not."""
    return len(set(column.dropna())) > 1
