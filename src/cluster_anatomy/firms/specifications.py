"""Estimates of entry in two countries under every specification.

A specification is one combination of frames, of conventions, and of what is done with unknown
firms. What is general about multiverses is in `cluster_anatomy.methods.multiverse`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product

import numpy as np
import pandas as pd

from cluster_anatomy.firms.coders import CONFIDENCE_ORDER
from cluster_anatomy.firms.entries import MIXED_WEIGHT, in_frame
from cluster_anatomy.firms.origins import options_of, pre_reform
from cluster_anatomy.firms.readings import OUTSIDE, moved, moving_options
from cluster_anatomy.methods.differences import difference
from cluster_anatomy.methods.multiverse import judge, multiverse
from cluster_anatomy.methods.shares import share

UNKNOWN = ["left_out", "not_hit", "hit"]
CONFIDENCE = ["low", "medium", "high"]
EXTREMES = {"unknown": "hit", "region": "city"}
"""Options that are tried as extremes: that every unknown firm is a hit, and that a Chinese
prefecture's city is set against an American town."""
HOME_USA = "home_usa"
"""The American share from the home region, less the published one, beside the differences."""


def movable(
    values: Mapping[str, pd.DataFrame],
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    chinese: Sequence[str],
    american: Sequence[str],
) -> pd.DataFrame:
    """Count, for each property and choice, the entries of some frames that the choice can move.

    A choice is varied for a property only if it moves at least one entry. The rule reads the data:
    what a convention could move in principle, but does not move on these frames, is no choice on
    them.

    Parameters
    ----------
    values : mapping
        From `readings`.
    entries : DataFrame
        The entries of the register.
    frames : DataFrame
        ``frames.csv``.
    chinese, american : sequence of str
        Names of the frames that are compared.

    Returns
    -------
    DataFrame
        Index: properties, and `HOME_USA` (American frames only). Columns: the conventions,
        ``unknown`` (entries that some combination leaves unknown), ``confidence`` (entries whose
        evidence is less than sure), ``pre_reform`` (works from before the reforms), ``frame`` and
        ``us_frame`` (entries, 0 where there is only one frame or the frame does not count).
    """
    inside = {
        frame: in_frame(entries, frames, frame, "entry")["firm_id"]
        for frame in (*chinese, *american)
    }
    works = entries.loc[pre_reform(entries), "firm_id"]
    rows = {}
    for outcome in [*values, *([HOME_USA] if "home" in values else [])]:
        table = values["home" if outcome == HOME_USA else outcome]
        used = american if outcome == HOME_USA else [*chinese, *american]
        firm_ids = sorted(set().union(*(inside[frame] for frame in used)))
        part = table[firm_ids]
        sure = entries.set_index("firm_id")["confidence"].loc[firm_ids]
        rows[outcome] = {
            **moved(part).sum().to_dict(),
            "mixed": int((part == 0.5).any().sum()),
            "unknown": int(part.isna().any().sum()),
            "pre_reform": int((part[part.columns.intersection(works)] != OUTSIDE).any().sum()),
            "confidence": int(sure.isin(CONFIDENCE[:-1]).sum()),
            "frame": len(firm_ids) if len(chinese) > 1 and outcome != HOME_USA else 0,
            "us_frame": len(firm_ids) if len(american) > 1 else 0,
        }
    return pd.DataFrame.from_dict(rows, orient="index").fillna(0).astype(int)


class Estimator:
    """Estimates a property under one specification (`multiverse` calls it).

    Called with a property (or `HOME_USA`) and an option for every convention, ``frame``,
    ``us_frame``, ``unknown`` (``left_out``, ``not_hit``, ``hit``: in both countries alike) and
    ``confidence`` (firms whose evidence is less sure are dropped; a firm that only a list names has
    no evidence to be sure of, and stays as unknown), it returns ``value`` (China minus USA; for
    `HOME_USA` American share minus the published one), ``low``, ``high`` (Newcombe 1998; Wilson
    1927), ``n``, ``n2``, ``bound_low``, ``bound_high`` (all unknown firms against, all for the
    difference, whatever ``unknown`` says).

    Parameters
    ----------
    values, entries, frames
        As in `movable`.
    published : float
        The published American share from the home region.
    """

    def __init__(
        self,
        values: Mapping[str, pd.DataFrame],
        entries: pd.DataFrame,
        frames: pd.DataFrame,
        published: float,
    ):
        self.published = published
        self.levels = {name: list(table.index.names) for name, table in values.items()}
        self.rows = {
            name: dict(zip(table.index, table.to_numpy(), strict=True))
            for name, table in values.items()
        }
        self.inside = _masks(entries, frames, next(iter(values.values())).columns)
        self.difference = lru_cache(maxsize=None)(difference)
        self.share = lru_cache(maxsize=None)(share)

    def __call__(self, outcome: str, specification: Mapping[str, str]) -> dict[str, float | None]:
        """Estimate one property under one specification."""
        name = "home" if outcome == HOME_USA else outcome
        usa = self.count(name, specification, specification["us_frame"])
        us_bounds = self.share(*usa)
        us_hits, us_n = _treated(*usa, specification["unknown"])
        if outcome == HOME_USA:
            own, gap = self.share(us_hits, us_n), self.published
            return {
                **{key: own[key] - gap for key in ("value", "low", "high")},
                "n": us_n,
                "n2": None,
                **{key: us_bounds[key] - gap for key in ("bound_low", "bound_high")},
            }
        china = self.count(name, specification, specification["frame"])
        bounds = self.share(*china)
        return {
            **self.difference(*_treated(*china, specification["unknown"]), us_hits, us_n),
            "bound_low": bounds["bound_low"] - us_bounds["bound_high"],
            "bound_high": bounds["bound_high"] - us_bounds["bound_low"],
        }

    def count(
        self, name: str, specification: Mapping[str, str], frame: str
    ) -> tuple[float, int, int]:
        """Return hits, firms known and firms unknown of a property in a frame."""
        row = self.rows[name][tuple(specification[level] for level in self.levels[name])]
        cells = row[self.inside[frame, specification["confidence"], specification["pre_reform"]]]
        cells, weight = cells[cells != OUTSIDE], MIXED_WEIGHT[specification["mixed"]]
        unknown = int(np.isnan(cells).sum())
        hits = float((cells == 1).sum() + weight * (cells == 0.5).sum())
        return hits, len(cells) - unknown, unknown


def _masks(
    entries: pd.DataFrame, frames: pd.DataFrame, firm_ids: pd.Index
) -> dict[tuple[str, str, str], np.ndarray]:
    """Which firms are in each frame, by frame, level of confidence and option of `pre_reform`."""
    rank_of = {word: rank for rank, word in enumerate(CONFIDENCE_ORDER)}
    rank = entries.set_index("firm_id")["confidence"].map(rank_of).reindex(firm_ids)
    works = rank.index.isin(entries.loc[pre_reform(entries), "firm_id"])
    masks = {}
    for frame, level in product(frames["frame"], CONFIDENCE):
        member = rank.index.isin(in_frame(entries, frames, frame, "entry")["firm_id"])
        sure = (rank.isna() | (rank <= rank_of[level])).to_numpy(dtype=bool)
        masks[frame, level, "entry"] = member & sure
        masks[frame, level, "stock"] = member & sure & ~works
    return masks


def _treated(hits: float, n: int, unknown: int, treatment: str) -> tuple[float, int]:
    """Return hits and firms once unknown firms are left out, or counted as hits or as none."""
    if treatment == "left_out":
        return hits, n
    return hits + (unknown if treatment == "hit" else 0), n + unknown


def specifications(
    values: Mapping[str, pd.DataFrame],
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    conventions: pd.DataFrame,
    published: float,
) -> pd.DataFrame:
    """Estimate every headline result under every specification.

    Two multiverses, one below the other: Chinese frames that can carry shares against the American
    frame that can, and all Chinese against all American firms of the register, which only describe.
    In each, a property is combined with the choices that move at least one of its entries there
    (`movable`); conventions that are ``varied`` alone come with the data choices only.

    Returns
    -------
    DataFrame
        ``property``, ``specification`` (1 is the default), ``carries_shares`` (yes, no), the
        choices, what `Estimator` computes, ``excludes_zero``, ``sign_kept``, ``default``,
        ``extreme`` (yes: it holds an option of `EXTREMES`), ``estimate`` (the same number where
        value and interval are the same, so that distinct estimates can be counted).
    """
    compute = Estimator(values, entries, frames, published)
    parts = []
    for carries in ("yes", "no"):
        choices = choices_of(frames, conventions, carries)
        names = choices["frame"], choices["us_frame"]
        moves = movable(values, entries, frames, *names)[list(choices)] > 0
        tables = []
        for outcome in moves.index:
            options = choices | _tried(values, entries, frames, names, outcome)
            tables.append(_varied(options, compute, moves.loc[[outcome]], conventions))
        table = pd.concat(tables, ignore_index=True)
        # a frame that is the only one is not a choice, but the reader wants its name
        table["us_frame"] = names[1][0]
        table["frame"] = table["frame"].fillna(names[0][0]).where(table["outcome"] != HOME_USA)
        parts.append(
            table.assign(
                carries_shares=carries, default=table["default"] if carries == "yes" else "no"
            )
        )
    table = judge(pd.concat(parts, ignore_index=True))
    table["extreme"] = _extreme(table)
    table["estimate"] = _numbered(table)
    table["specification"] = table.groupby("outcome").cumcount() + 1
    table["outcome"] = pd.Categorical(table["outcome"], table["outcome"].unique())
    table = table.sort_values(["outcome", "specification"], ignore_index=True)
    return table.astype({"outcome": "str"}).rename(columns={"outcome": "property"})


def _tried(
    values: Mapping[str, pd.DataFrame],
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    names: tuple[Sequence[str], Sequence[str]],
    outcome: str,
) -> dict[str, list[str]]:
    """Options of the conventions that move an entry of the frames compared (`moving_options`)."""
    table = values["home" if outcome == HOME_USA else outcome]
    used = names[1] if outcome == HOME_USA else [*names[0], *names[1]]
    inside = {
        firm for frame in used for firm in in_frame(entries, frames, frame, "entry")["firm_id"]
    }
    return moving_options(table[sorted(inside)])


def _varied(
    choices: Mapping[str, Sequence[str]],
    compute: "Estimator",
    moves: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """Cross all choices but the conventions that are varied alone, then vary each of these.

    ``moves`` has one row, that of the outcome.
    """
    alone = list(options_of(conventions[conventions["varied"] == "alone"]))
    data = [name for name in choices if name not in set(conventions["convention"])]
    tables = [multiverse(choices, compute, moves.assign(**dict.fromkeys(alone, False)))]
    active = [name for name in choices if moves[name].item()]
    for name in (name for name in alone if name in active):
        kept = moves.assign(**{key: False for key in choices if key not in [*data, name]})
        table = multiverse(choices, compute, kept)
        tables.append(table[table[name] != choices[name][0]])
    # what one part of the specifications does not vary is there at its default
    usual = {name: choices[name][0] for name in active}
    return pd.concat(tables, ignore_index=True).fillna(usual)


def _extreme(table: pd.DataFrame) -> pd.Series:
    """Say which specifications hold an option that nobody would defend (`EXTREMES`)."""
    holds = [table[name] == option for name, option in EXTREMES.items()]
    return pd.Series(np.any(holds, axis=0), index=table.index).map({True: "yes", False: "no"})


def _numbered(table: pd.DataFrame) -> pd.Series:
    """Number the distinct estimates of each outcome, in the order in which they first occur."""
    rounded = table[["value", "low", "high"]].astype(float).round(9)
    keys = pd.Series(list(rounded.fillna(np.inf).itertuples(index=False, name=None)), table.index)
    return keys.groupby(table["outcome"]).transform(lambda part: pd.factorize(part)[0] + 1)


def choices_of(
    frames: pd.DataFrame, conventions: pd.DataFrame, carries: str
) -> dict[str, list[str]]:
    """Return all choices with their options, defaults first, on frames that carry shares or not.

    The frames are those of the classic pair.
    Of the frames that cannot, only the widest of each country is taken (``scope=entry``: all firms
    found).
    """
    compared = frames[(frames["carries_shares"] == carries) & (frames["pair"] == "classic")]
    if carries == "no":
        compared = compared[compared["includes"] == "scope=entry"]
    compared = compared.sort_values("default", ascending=False, kind="stable")
    return {
        "frame": compared.loc[compared["country"] == "China", "frame"].tolist(),
        "us_frame": compared.loc[compared["country"] == "USA", "frame"].tolist(),
        "confidence": CONFIDENCE,
        "unknown": UNKNOWN,
        **options_of(conventions),
    }
