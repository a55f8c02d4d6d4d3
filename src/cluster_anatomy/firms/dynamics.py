"""Entry over time: counts on the stock of earlier entries, and what other years would change."""

import numpy as np
import pandas as pd

from cluster_anatomy.firms.entries import in_frame
from cluster_anatomy.methods.count_models import count_model
from cluster_anatomy.methods.randomness import SEED

ORIGIN_GROUPS = ["academic", "second_order", "subsidiary", "other"]
"""Groups of origin in the stock; ``other`` holds also the entries of unknown origin."""
MODELS = {
    "by_origin": (ORIGIN_GROUPS, 1, False),
    "by_origin_periods": (ORIGIN_GROUPS, 3, False),
    "all_origins": (["stock"], 1, False),
    "all_origins_within": (["stock"], 1, True),
}
"""Terms, years in a period, and whether clusters have effects of their own, by model."""
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


def panel(
    entries: pd.DataFrame, first_year: int, last_year: int, smallest: int = 5, width: int = 1
) -> pd.DataFrame:
    """Count entries per cluster and year, with the stock of entries of all earlier years.

    At risk are the clusters with at least ``smallest`` dated entries up to ``last_year``, in every
    year from ``first_year`` on, whether or not they had an entry before. Entries without a year or
    cluster are left out.

    Parameters
    ----------
    entries : DataFrame
        ``cluster``, ``entry_year``, ``paper_type``.
    first_year, last_year : int
        First and last year at risk; earlier entries are in the stock only.
    smallest : int
        Dated entries from which a cluster is at risk.
    width : int
        Years that make a period; the stock is that of the period's beginning.

    Returns
    -------
    DataFrame
        ``cluster``, ``year`` (first of the period), ``entries``, ``academic``, ``second_order``,
        ``subsidiary``, ``other`` and ``stock`` (entries of earlier years, by origin and in all).
    """
    dated = entries.dropna(subset=["cluster", "entry_year"])
    dated = dated[dated["entry_year"] <= last_year].assign(group=origin_group)
    sizes = dated["cluster"].value_counts()
    starts = np.arange(first_year, last_year + 1, width)
    rows = []
    for cluster in sorted(sizes.index[sizes >= smallest]):
        inside = dated[dated["cluster"] == cluster]
        years = inside["entry_year"].to_numpy(dtype=int)
        of_group = {
            group: years[(inside["group"] == group).to_numpy(dtype=bool)] for group in ORIGIN_GROUPS
        }
        for start in starts:
            before = {group: int((those < start).sum()) for group, those in of_group.items()}
            now = int(((years >= start) & (years < start + width)).sum())
            stock = sum(before.values())
            rows.append(
                {"cluster": cluster, "year": int(start), "entries": now, **before, "stock": stock}
            )
    columns = ["cluster", "year", "entries", *ORIGIN_GROUPS, "stock"]
    return pd.DataFrame(rows, columns=columns)


def count_models(
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    years: dict[str, tuple[int, int]],
    smallest: int = 5,
) -> pd.DataFrame:
    """Fit all of `MODELS` on every given frame.

    Parameters
    ----------
    entries, frames : DataFrame
        Entries; table of frames.
    years : dict
        First and last year at risk, by frame.
    smallest : int
        Dated entries from which a cluster is at risk.

    Returns
    -------
    DataFrame
        ``country``, ``frame``, ``model``, ``first_year``, ``last_year`` and the columns of
        `count_model`, its events and units under the names ``entries`` and ``clusters``.
    """
    parts = []
    country = frames.set_index("frame")["country"]
    for frame, (first, last) in years.items():
        inside = in_frame(entries, frames, frame)
        for model, (terms, width, within) in MODELS.items():
            fitted = count_model(
                panel(inside, first, last, smallest, width),
                terms,
                within,
                outcome="entries",
                unit="cluster",
                period="year",
            ).rename(columns={"events": "entries", "units": "clusters"})
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
