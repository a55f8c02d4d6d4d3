"""Entry over time: which cluster gets the next entry, and what other years would change."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cluster_anatomy.firms.entries import in_frame
from cluster_anatomy.methods.choice_models import next_place_model
from cluster_anatomy.methods.randomness import SEED

ORIGIN_GROUPS = ["academic", "second_order", "subsidiary", "other"]
"""Groups of origin in the stock; ``other`` holds also the entries of unknown origin."""
MODELS: dict[str, tuple[Sequence[str], bool]] = {
    "all_origins": ((), False),
    "all_origins_within": ((), True),
    "by_origin": (ORIGIN_GROUPS, False),
}
"""Stocks that are told apart, and whether clusters have effects of their own, by model."""
ORDER_DRAWS = 1_000
"""Permutations of the years of entry."""
YEAR_DRAWS = 999
"""Draws of other years of entry."""


def origin_group(entries: pd.DataFrame) -> pd.Series:
    """Return the group of origin of each entry (`ORIGIN_GROUPS`)."""
    groups = {
        "a_academic": "academic",
        "b_enterprise": "second_order",
        "c_subsidiary": "subsidiary",
    }
    return entries["paper_type"].map(groups).fillna("other")


def entry_models(
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    years: dict[str, tuple[int, int]],
    smallest: int = 5,
    draws: int = ORDER_DRAWS,
) -> pd.DataFrame:
    """Ask on every given frame whether a cluster with more earlier entries gets the next one.

    Works from before the reforms are stock and left out (`in_frame`): that they came first is their
    definition, so their years cannot be permuted.

    Parameters
    ----------
    entries, frames : DataFrame
        Entries (``cluster``, ``entry_year``, ``paper_type``, ``mode``); table of frames.
    years : dict
        First and last year in which an entry chooses, by frame.
    smallest : int
        Dated entries from which a cluster is at risk.
    draws : int
        Permutations of the years.

    Returns
    -------
    DataFrame
        ``country``, ``frame``, ``model`` (`MODELS`), ``first_year``, ``last_year`` and the columns
        of `next_place_model`, its ``n`` and ``places`` under the names ``entries`` and
        ``clusters``.
    """
    parts = []
    country = frames.set_index("frame")["country"]
    for frame, (first, last) in years.items():
        units = in_frame(entries, frames, frame).assign(kind=origin_group)
        units = units.rename(columns={"cluster": "place", "entry_year": "year"})
        for model, (kinds, within) in MODELS.items():
            fitted = next_place_model(
                units, first, last, kinds, place_effects=within, smallest=smallest, draws=draws
            ).rename(columns={"n": "entries", "places": "clusters"})
            fitted = fitted.assign(country=country[frame], frame=frame, model=model)
            parts.append(fitted.assign(first_year=first, last_year=last))
    return pd.concat(parts, ignore_index=True)


def move_years(years: np.ndarray, draws: int, part: float, seed: int) -> np.ndarray:
    """Move a part of the years by one, up or down, by chance.

    Returns
    -------
    ndarray
        One row per draw; in each, ``round(part * n)`` years are moved.
    """
    rng, n = np.random.default_rng(seed), len(years)
    is_moved = rng.random((draws, n)).argsort(axis=1).argsort(axis=1) < round(part * n)
    return years + is_moved * rng.choice([-1, 1], size=(draws, n))


def year_sensitivity(
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    periods: pd.DataFrame,
    part: float = 0.25,
    draws: int = YEAR_DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Ask what would change if sources that disagree on years were right.

    Parameters
    ----------
    entries, frames, periods : DataFrame
        Entries with ``entry_year``, ``entry_year_low``, ``entry_year_high``, ``mode``; frames;
        periods.
    part : float
        Part of the dated firms whose year is moved by one.
    draws, seed : int
        Random draws and their seed.

    Returns
    -------
    DataFrame
        ``frame``, ``scenario``, ``measure``, ``category``, ``base``, ``low``, ``high``,
        ``largest_change``, ``n``, ``moved``, ``draws``, ``seed``; see the contract of
        ``year_sensitivity``.
    """
    rows = []
    for frame in frames["frame"]:
        dated = in_frame(entries, frames, frame).dropna(subset=["entry_year"])
        dated = dated.sort_values("firm_id")
        years = dated["entry_year"].to_numpy(dtype=int)
        base = _by_period(dated, years[None, :], periods)
        base["curve", "all"] = np.zeros(1)
        scenarios = {
            "moved_by_one": move_years(years, draws, part, seed),
            "earliest": _bound_of_years(dated, "entry_year_low"),
            "latest": _bound_of_years(dated, "entry_year_high"),
        }
        for scenario, moved in scenarios.items():
            values = _by_period(dated, moved, periods)
            values["curve", "all"] = _gap(years, moved)
            about = {
                "n": len(dated),
                "draws": len(moved),
                "seed": seed if scenario == "moved_by_one" else pd.NA,
                "moved": int((moved != years).sum(axis=1).max(initial=0)),
            }
            rows += [
                {"frame": frame, "scenario": scenario, "measure": measure, "category": category}
                | _changes(base[measure, category][0], drawn)
                | about
                for (measure, category), drawn in values.items()
            ]
    return pd.DataFrame(rows)


def _bound_of_years(dated: pd.DataFrame, column: str) -> np.ndarray:
    """One row of years, each the earliest or the latest that any source gives."""
    return dated[column].fillna(dated["entry_year"]).to_numpy(dtype=int)[None, :]


def _changes(base: float, drawn: np.ndarray) -> dict[str, float]:
    """How a value changes over the draws; undefined where it is."""
    low, high = _limits(drawn)
    undefined = np.isnan(base) or np.isnan(drawn).all()
    largest = np.nan if undefined else np.nanmax(np.abs(drawn - base))
    return {"base": base, "low": low, "high": high, "largest_change": largest}


def _limits(drawn: np.ndarray) -> tuple[float, float]:
    """Percentiles 2.5 and 97.5 of the defined draws."""
    known = drawn[~np.isnan(drawn)]
    return tuple(np.percentile(known, [2.5, 97.5])) if len(known) else (np.nan, np.nan)


def _by_period(dated: pd.DataFrame, years: np.ndarray, periods: pd.DataFrame) -> dict:
    """Share of each period, and of start-ups in each period, in every row of years."""
    known = (dated["mode"] != "unknown").to_numpy()
    start_up = (dated["mode"] == "start_up").to_numpy()
    values = {}
    for period in periods.itertuples():
        inside = (years >= period.first_year) & (years <= period.last_year)
        values["period_share", period.period] = _ratio(
            inside.sum(axis=1), np.full(len(years), len(dated))
        )
        part = (inside & start_up).sum(axis=1)
        values["start_up_share", period.period] = _ratio(part, (inside & known).sum(axis=1))
    return values


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _gap(years: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Largest gap between the cumulated curve of the years and that of each row of moved years."""
    if not len(years):
        return np.full(len(moved), np.nan)
    grid = np.arange(min(years.min(), moved.min()), max(years.max(), moved.max()) + 1)
    curve = (years[:, None] <= grid).mean(axis=0)
    return np.array([np.abs((row[:, None] <= grid).mean(axis=0) - curve).max() for row in moved])
