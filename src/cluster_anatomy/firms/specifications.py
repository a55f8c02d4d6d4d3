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
from cluster_anatomy.firms.entries import MIXED_WEIGHT, comparable, in_frame
from cluster_anatomy.firms.origins import options_of, pre_reform
from cluster_anatomy.firms.readings import OUTSIDE, moved, moving_options
from cluster_anatomy.methods.differences import difference
from cluster_anatomy.methods.multiverse import judge, multiverse
from cluster_anatomy.methods.shares import share

UNKNOWN = ["left_out", "careers_not_hit", "not_hit", "hit"]
CONFIDENCE = ["low", "medium", "high"]
PERIOD = ["any", "1980_1998"]
YEARS = (1980, 1998)
"""Years in which both frames of the classic pair have entries (option of ``period``)."""
EXTREMES = {"unknown": "hit", "region": "city"}
"""Options that are tried as extremes: that every unknown firm is a hit, and that a Chinese
prefecture's city is set against an American town."""
OF_CAREERS = ["second_order", "paper_type"]
"""Columns of properties that a start-up has by what its founders did before."""
HOME_USA = "home_usa"
"""The American share from the home region, less the published one, beside the differences."""


def movable(
    values: Mapping[str, pd.DataFrame],
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    choices: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Count, for each property and choice, the entries of the frames that the choice can move.

    A choice is varied for a property only if it moves at least one entry. The rule reads the data:
    what a convention could move in principle, but does not move on these frames, is no choice on
    them.

    Parameters
    ----------
    values : mapping
        From `readings`.
    entries : DataFrame
        The entries of the register, or of the listed pair.
    frames : DataFrame
        ``frames.csv``.
    choices : mapping
        From `choices_of`.

    Returns
    -------
    DataFrame
        Index: properties, and `HOME_USA` (American frames only). Columns: the choices: the
        conventions, ``unknown`` (entries that some combination leaves unknown), ``confidence``
        (entries whose evidence is less than sure), ``pre_reform`` (works from before the reforms),
        ``period`` (entries of other years, or of none that is known), ``frame`` and ``us_frame``
        (entries); 0 where a choice has one option, or the frame does not count.
    """
    inside = {
        frame: in_frame(entries, frames, frame, "entry")["firm_id"]
        for frame in (*choices["frame"], *choices["us_frame"])
    }
    works = entries.loc[pre_reform(entries), "firm_id"]
    about = entries.set_index("firm_id")
    rows = {}
    for outcome in [*values, *([HOME_USA] if "home" in values else [])]:
        used = _used(choices, outcome)
        firm_ids = sorted(set().union(*(inside[frame] for frame in used)))
        part = values["home" if outcome == HOME_USA else outcome][firm_ids]
        of_period = about["entry_year"].loc[firm_ids].between(*YEARS).fillna(False)
        counts = {
            **moved(part).sum().to_dict(),
            "mixed": int((part == 0.5).any().sum()),
            "unknown": int(part.isna().any().sum()),
            "pre_reform": int((part[part.columns.intersection(works)] != OUTSIDE).any().sum()),
            "confidence": int(about["confidence"].loc[firm_ids].isin(CONFIDENCE[:-1]).sum()),
            "period": int((~of_period).sum()),
            "frame": len(firm_ids) if outcome != HOME_USA else 0,
            "us_frame": len(firm_ids),
        }
        rows[outcome] = {
            name: counts.get(name, 0) if len(options) > 1 else 0
            for name, options in choices.items()
        }
    return pd.DataFrame.from_dict(rows, orient="index").astype(int)


def _used(choices: Mapping[str, Sequence[str]], outcome: str) -> list[str]:
    """Return the frames that an outcome is estimated on."""
    chinese = [] if outcome == HOME_USA else choices["frame"]
    return [*chinese, *choices["us_frame"]]


class Estimator:
    """Estimates a property under one specification (`multiverse` calls it).

    Called with a property (or `HOME_USA`) and an option for every convention and for ``frame``,
    ``us_frame``, ``unknown`` (in both countries alike: ``left_out``, ``not_hit``, ``hit``;
    ``careers_not_hit`` leaves out but those of known mode, whose founders' careers are what is
    unknown), ``confidence`` (firms whose evidence is less sure are dropped; a firm that only a list
    names has no evidence to be sure of, and stays as unknown) and ``period`` (`YEARS`; firms of
    unknown year are dropped), it returns ``value`` (China minus USA; for `HOME_USA` American share
    minus the published one), ``low``, ``high`` (Newcombe 1998; Wilson 1927), ``n``, ``n2``,
    ``bound_low``, ``bound_high`` (all that is unknown against, all for the difference).

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
        self.firm_ids = next(iter(values.values())).columns
        self.inside = _masks(entries, frames, self.firm_ids)
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

    def cells(self, name: str, specification: Mapping[str, str], frame: str) -> np.ndarray:
        """Return what `readings` has of each entry, `OUTSIDE` for those that do not count."""
        row = self._row(name, specification)
        if specification["unknown"] == "careers_not_hit":
            mode_known = ~np.isnan(self._row("start_up", specification))
            row = np.where(np.isnan(row) & mode_known, 0.0, row)
        sure, works = specification["confidence"], specification["pre_reform"]
        inside = self.inside[frame, sure, works, specification["period"]]
        return np.where(inside, row, OUTSIDE)

    def count(
        self, name: str, specification: Mapping[str, str], frame: str
    ) -> tuple[float, int, int]:
        """Return hits, firms known and firms unknown of a property in a frame."""
        cells = self.cells(name, specification, frame)
        cells, weight = cells[cells != OUTSIDE], MIXED_WEIGHT[specification["mixed"]]
        unknown = int(np.isnan(cells).sum())
        hits = float((cells == 1).sum() + weight * (cells == 0.5).sum())
        return hits, len(cells) - unknown, unknown

    def samples(
        self, name: str, specifications: Sequence[Mapping[str, str]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the firms of both countries that each specification counts, and its hits.

        Returns
        -------
        tuple of ndarray of bool
            Specifications in rows, entries in columns. A firm that counts half is no hit.
        """
        known, hits = [], []
        for chosen in specifications:
            china, usa = (self.cells(name, chosen, chosen[of]) for of in ("frame", "us_frame"))
            cells = np.minimum(china, usa)  # a firm is in a frame of one country at most
            unknown, treatment = np.isnan(cells), chosen["unknown"]
            counts = (cells != OUTSIDE) & (~unknown | (treatment in {"not_hit", "hit"}))
            hit = (cells == 1) | ((cells == 0.5) & (chosen["mixed"] == "home"))
            known.append(counts)
            hits.append(counts & (hit | (unknown & (treatment == "hit"))))
        return np.array(known), np.array(hits)

    def _row(self, name: str, specification: Mapping[str, str]) -> np.ndarray:
        return self.rows[name][tuple(specification[level] for level in self.levels[name])]


def _masks(
    entries: pd.DataFrame, frames: pd.DataFrame, firm_ids: pd.Index
) -> dict[tuple[str, str, str, str], np.ndarray]:
    """Which firms are in each frame, by level of confidence, works in or out, and period."""
    rank_of = {word: rank for rank, word in enumerate(CONFIDENCE_ORDER)}
    about = entries.set_index("firm_id").reindex(firm_ids)
    rank = about["confidence"].map(rank_of)
    works = {
        "stock": ~firm_ids.isin(entries.loc[pre_reform(entries), "firm_id"]),
        "entry": np.full(len(firm_ids), True),
    }
    of_years = about["entry_year"].between(*YEARS).fillna(False).to_numpy(dtype=bool)
    years = dict(zip(PERIOD, [np.full(len(firm_ids), True), of_years], strict=True))
    masks = {}
    for frame, level in product(frames["frame"], CONFIDENCE):
        member = firm_ids.isin(in_frame(entries, frames, frame, "entry")["firm_id"])
        sure = (rank.isna() | (rank <= rank_of[level])).to_numpy(dtype=bool)
        for stock, period in product(works, years):
            masks[frame, level, stock, period] = member & sure & works[stock] & years[period]
    return masks


def _treated(hits: float, n: int, unknown: int, treatment: str) -> tuple[float, int]:
    """Return hits and firms once unknown firms are left out, or counted as hits or as none."""
    if treatment in {"not_hit", "hit"}:
        return hits + (unknown if treatment == "hit" else 0), n + unknown
    return hits, n


def specifications(
    values: Mapping[str, pd.DataFrame],
    entries: pd.DataFrame,
    coding: Mapping[str, pd.DataFrame],
    published: float,
    pair: str = "classic",
) -> pd.DataFrame:
    """Estimate every property that a pair of frames can carry under every specification.

    A property is combined with the choices that move at least one of its entries (`movable`);
    conventions that are ``varied`` alone, and the `EXTREMES`, come with the data choices only.
    Properties that only one of the frames could hold are not compared (`entries.comparable`).

    Parameters
    ----------
    values : mapping
        From `readings`.
    entries : DataFrame
        The entries of the register, or of the listed pair.
    coding : mapping
        ``frames``, ``conventions``, ``properties``.
    published : float
        The published American share from the home region.
    pair : {"classic", "listed"}
        The pair whose frames are compared.

    Returns
    -------
    DataFrame
        ``pair``, ``property``, ``specification`` (1 is the default), the choices, what `Estimator`
        computes, ``excludes_zero``, ``sign_kept``, ``default``, ``extreme`` (yes: it holds an
        option of `EXTREMES`), ``estimate`` (the same number where value and interval are the same,
        so that distinct estimates can be counted).
    """
    frames, conventions = coding["frames"], coding["conventions"]
    choices = choices_of(frames, conventions, pair)
    carried = comparable(coding["properties"], frames, [*choices["frame"], *choices["us_frame"]])
    values = {name: values[name] for name in carried["property"]}
    of_careers = carried.loc[carried["column"].isin(OF_CAREERS), "property"]
    compute = Estimator(values, entries, frames, published)
    moves = movable(values, entries, frames, choices) > 0
    tables = []
    for outcome in moves.index:
        used = [in_frame(entries, frames, frame, "entry") for frame in _used(choices, outcome)]
        part = values["home" if outcome == HOME_USA else outcome]
        options = choices | moving_options(part[sorted(set(pd.concat(used)["firm_id"]))])
        if outcome not in set(of_careers):
            options["unknown"] = [name for name in UNKNOWN if name != "careers_not_hit"]
        tables.append(_varied(options, compute, moves.loc[[outcome]], conventions))
    table = judge(pd.concat(tables, ignore_index=True))
    # a frame that is the only one is not a choice, but the reader wants its name
    table["us_frame"] = choices["us_frame"][0]
    table["frame"] = table["frame"].fillna(choices["frame"][0])
    table["frame"] = table["frame"].where(table["outcome"] != HOME_USA)
    table["extreme"] = _extreme(table)
    table["estimate"] = _numbered(table)
    table["specification"] = table.groupby("outcome").cumcount() + 1
    return table.rename(columns={"outcome": "property"}).assign(pair=pair)


def _varied(
    choices: Mapping[str, Sequence[str]],
    compute: "Estimator",
    moves: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """Cross the choices, then vary alone what is not crossed: some conventions, and the extremes.

    What is varied alone comes with the data choices only. ``moves`` has one row, that of the
    outcome.
    """
    alone = list(options_of(conventions[conventions["varied"] == "alone"]))
    data = [name for name in choices if name not in set(conventions["convention"])]
    usual = {name: options[0] for name, options in choices.items()}
    plain = {
        name: [option for option in options if option != EXTREMES.get(name)]
        for name, options in choices.items()
    }
    tables = [multiverse(plain, compute, moves.assign(**dict.fromkeys(alone, False)))]
    tried = {name: plain[name][1:] for name in alone}
    active = [name for name in choices if moves[name].item()]
    for name, options in [*tried.items(), *((key, [word]) for key, word in EXTREMES.items())]:
        if name in active and set(options) <= set(choices[name]):
            kept = moves.assign(**{key: False for key in choices if key not in [*data, name]})
            table = multiverse(plain | {name: [usual[name], *options]}, compute, kept)
            tables.append(table[table[name].isin(options)])
    # what one part of the specifications does not vary is there at its default
    filling = {name: usual[name] for name in active}
    return pd.concat(tables, ignore_index=True).fillna(filling)


def _extreme(table: pd.DataFrame) -> pd.Series:
    """Say which specifications hold an option that nobody would defend (`EXTREMES`)."""
    holds = [table[name] == option for name, option in EXTREMES.items()]
    return pd.Series(np.any(holds, axis=0), index=table.index).map({True: "yes", False: "no"})


def _numbered(table: pd.DataFrame) -> pd.Series:
    """Number the distinct estimates of each outcome, in the order in which they first occur."""
    rounded = table[["value", "low", "high"]].astype(float).round(9)
    keys = pd.Series(list(rounded.fillna(np.inf).itertuples(index=False, name=None)), table.index)
    return keys.groupby(table["outcome"]).transform(lambda part: pd.factorize(part)[0] + 1)


def choices_of(frames: pd.DataFrame, conventions: pd.DataFrame, pair: str) -> dict[str, list[str]]:
    """Return all choices with their options, defaults first, on the frames of a pair.

    Only frames that carry shares count. The period is chosen in the classic pair alone, whose
    frames end in different years.
    """
    compared = frames[(frames["carries_shares"] == "yes") & (frames["pair"] == pair)]
    compared = compared.sort_values("default", ascending=False, kind="stable")
    return {
        "frame": compared.loc[compared["country"] == "China", "frame"].tolist(),
        "us_frame": compared.loc[compared["country"] == "USA", "frame"].tolist(),
        "confidence": CONFIDENCE,
        "unknown": UNKNOWN,
        "period": PERIOD if pair == "classic" else PERIOD[:1],
        **options_of(conventions),
    }
