"""Steps 04 and 05: entry on the stock of earlier entries, distance in kilometres, regions, and
other years.

Whatever is computed on a frame that cannot carry shares describes the register and nothing beyond
it.
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

from cluster_anatomy.entry_patterns import in_frame, property_share
from cluster_anatomy.firm_lists import place_index
from cluster_anatomy.statistics import SEED, difference, share

EARTH_RADIUS = 6371.0088
"""Mean radius of the earth in kilometres (Moritz 2000)."""
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
PATTERNS = {
    "New York": ["subsidiary", "foreign_subsidiary"],
    "San Francisco Bay Area": ["academic", "second_order"],
    "Boston": ["academic", "second_order"],
    "San Diego": ["academic", "second_order"],
}
"""What the paper expects to be frequent in four American regions (section 4.4)."""
ROLE_OF_MODE = {
    "relocation": "mover",
    "subsidiary": "parent",
    "spin_off": "parent",
    "backbone": "parent",
}
"""The source by which a firm's reach is measured; founders for all others (as in step 02)."""


def origin_group(entries: pd.DataFrame) -> pd.Series:
    """Return the group of origin of each entry: academic, second-order, subsidiary, other (unknown
    among them).
    """
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


def count_model(table: pd.DataFrame, terms: list[str], within: bool = False) -> pd.DataFrame:
    """Fit a Poisson model of entries on stocks with year effects, with two kinds of robust error.

    Years in which no cluster had an entry are left out: their effect takes them up entirely. The
    interval with errors by cluster uses t with clusters minus one degrees of freedom (Cameron and
    Miller 2015); it is blank where there are not at least two clusters more than terms. Even then,
    below some twenty clusters such errors tend to be too small.

    Parameters
    ----------
    table : DataFrame
        From `panel`.
    terms : list of str
        Columns of stocks.
    within : bool
        Whether clusters have effects of their own: the coefficient then speaks of change inside a
        cluster (and is pulled down, because a stock is the sum of earlier outcomes; Nickell 1981).

    Returns
    -------
    DataFrame
        ``term``, ``errors`` (``cluster``, ``HC1``), ``estimate``, ``se``, ``low``, ``high``, ``p``,
        ``n``, ``entries``, ``clusters``, ``dispersion`` (Pearson chi-square over degrees of
        freedom).
    """
    alive = table[table.groupby("year")["entries"].transform("sum") > 0]
    if within:
        alive = alive[alive.groupby("cluster")["entries"].transform("sum") > 0]
    clusters, n = alive["cluster"].nunique(), len(alive)
    effects = [pd.get_dummies(alive["year"], prefix="year", dtype=float)]
    if within:
        effects.append(pd.get_dummies(alive["cluster"], drop_first=True, dtype=float))
    design = pd.concat([alive[terms].astype(float), *effects], axis=1)
    numbers = {"n": n, "entries": int(alive["entries"].sum()), "clusters": clusters}
    rows = []
    possible = (
        n > design.shape[1] and clusters > 1 and np.linalg.matrix_rank(design) == design.shape[1]
    )
    for errors in ("cluster", "HC1"):
        if not possible:
            blank = dict.fromkeys(["estimate", "se", "low", "high", "p", "dispersion"], np.nan)
            rows += [{"term": term, "errors": errors, **blank, **numbers} for term in terms]
            continue
        options = {"groups": pd.factorize(alive["cluster"])[0]} if errors == "cluster" else {}
        model = sm.GLM(alive["entries"].astype(float), design, family=sm.families.Poisson())
        fit = model.fit(cov_type=errors, cov_kwds=options)
        spread = fit.pearson_chi2 / fit.df_resid
        enough = errors == "HC1" or clusters >= len(terms) + 2
        law = stats.norm if errors == "HC1" else stats.t(clusters - 1)
        # statsmodels' HC1 of a GLM leaves the factor n / (n - k) out that makes it HC1 (MacKinnon
        # and White 1985)
        factor = np.sqrt(n / fit.df_resid) if errors == "HC1" else 1.0
        for term in terms:
            estimate, se = fit.params[term], factor * fit.bse[term] if enough else np.nan
            reach = law.ppf(0.975) * se
            rows.append(
                {
                    "term": term,
                    "errors": errors,
                    "estimate": estimate,
                    "se": se,
                    "low": estimate - reach,
                    "high": estimate + reach,
                    "p": 2 * law.sf(abs(estimate / se)) if enough else np.nan,
                    "dispersion": spread,
                    **numbers,
                }
            )
    return pd.DataFrame(rows)


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
        `count_model`.
    """
    parts = []
    country = frames.set_index("frame")["country"]
    for frame, (first, last) in years.items():
        chosen = in_frame(entries, frames, frame)
        for model, (terms, width, within) in MODELS.items():
            fitted = count_model(panel(chosen, first, last, smallest, width), terms, within)
            fitted = fitted.assign(country=country[frame], frame=frame, model=model)
            parts.append(fitted.assign(first_year=first, last_year=last))
    return pd.concat(parts, ignore_index=True)


def rate_ratio(row: pd.Series) -> dict[str, float]:
    """Return a coefficient as a rate ratio per earlier entry, with its interval and n."""
    low, high = (float(np.exp(row[key])) for key in ("low", "high"))
    return {"value": float(np.exp(row["estimate"])), "low": low, "high": high, "n": int(row["n"])}


def kilometres(lat1, lon1, lat2, lon2) -> np.ndarray:
    """Return great-circle distances by the haversine formula (Sinnott 1984).

    Parameters
    ----------
    lat1, lon1, lat2, lon2 : array_like
        Degrees north and east; missing coordinates give ``nan``.

    Returns
    -------
    ndarray
        Kilometres on a sphere of the earth's mean radius; against the ellipsoid up to half a
        percent off.

    Examples
    --------
    >>> round(float(kilometres(52.5244, 13.4105, 48.8534, 2.3488)))
    878
    """
    lat1, lon1, lat2, lon2 = (
        np.radians(np.asarray(x, dtype=float)) for x in (lat1, lon1, lat2, lon2)
    )
    half = (
        np.sin((lat2 - lat1) / 2) ** 2
        + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def source_distances(
    source_rows: pd.DataFrame, firms: pd.DataFrame, places: pd.DataFrame
) -> pd.DataFrame:
    """Measure how far each source at entry was from the place of the firm.

    Returns
    -------
    DataFrame
        ``firm_id``, ``role``, ``position``, ``place_id`` (of the source), ``firm_place_id``,
        ``kilometres`` (missing where a place or its point is not known), ``same_country``.
    """
    index = place_index(places)
    points = places.set_index("place_id")[["latitude", "longitude"]].astype(float)
    rows = source_rows[source_rows["timing"] == "at_entry"]
    rows = rows[rows["firm_id"].isin(firms["firm_id"])].reset_index(drop=True)
    found = [None if pd.isna(city) else index.get((city, None)) for city in rows["city"]]
    here = (
        firms.set_index("firm_id")[["place_id", "country"]]
        .reindex(rows["firm_id"])
        .reset_index(drop=True)
    )
    there = pd.Series(
        [None if place is None else place["place_id"] for place in found], dtype="object"
    )
    one, other = points.reindex(there).to_numpy(), points.reindex(here["place_id"]).to_numpy()
    table = rows[["firm_id", "role", "position"]].assign(
        place_id=there, firm_place_id=here["place_id"]
    )
    table["kilometres"] = kilometres(one[:, 0], one[:, 1], other[:, 0], other[:, 1])
    # Two firms of one company campus that has no point of its own are still nowhere apart.
    same = (there == here["place_id"].astype("object")).fillna(False).astype(bool)
    table.loc[same, "kilometres"] = 0.0
    inland = (rows["country"] == here["country"]).map({True: "yes", False: "no"})
    table["same_country"] = inland.where(rows["country"].notna().to_numpy())
    return table


def distance_summary(
    distances: pd.DataFrame, entries: pd.DataFrame, frames: pd.DataFrame
) -> pd.DataFrame:
    """Summarise distances by frame, for all sources and for those in the firm's country.

    Returns
    -------
    DataFrame
        ``frame``, ``sources`` (``all``, ``domestic``), ``role`` (``all``, ``founder``, ``parent``),
        ``n`` (distances known), ``unknown``, ``lower`` and ``upper`` (quartiles), ``median``, in
        kilometres.
    """
    rows = []
    for frame in frames["frame"]:
        inside = distances[distances["firm_id"].isin(in_frame(entries, frames, frame)["firm_id"])]
        for sources in ("all", "domestic"):
            chosen = inside if sources == "all" else inside[inside["same_country"] == "yes"]
            for role in ("all", "founder", "parent"):
                group = chosen if role == "all" else chosen[chosen["role"] == role]
                known = group["kilometres"].dropna()
                quarters = (
                    known.quantile([0.25, 0.5, 0.75]).to_numpy() if len(known) else [np.nan] * 3
                )
                named = dict(zip(["lower", "median", "upper"], quarters, strict=True))
                numbers = {"n": len(known), "unknown": int(len(group) - len(known))}
                rows.append({"frame": frame, "sources": sources, "role": role, **numbers, **named})
    return pd.DataFrame(rows)


def farthest_source(distances: pd.DataFrame, entries: pd.DataFrame) -> pd.DataFrame:
    """Return how far the sources that decide a firm's reach lie from it: parents, founders or the
    seat it left.

    Returns
    -------
    DataFrame
        ``firm_id``, ``reach``, ``kilometres`` of the farthest known source, missing where none is
        known.
    """
    wanted = entries.set_index("firm_id")["mode"].map(ROLE_OF_MODE).fillna("founder")
    rows = distances[distances["firm_id"].isin(wanted.index)]
    fits = rows["role"] == rows["firm_id"].map(wanted)
    rows = rows[fits | ~rows["firm_id"].isin(rows.loc[fits, "firm_id"])]
    farthest = rows.groupby("firm_id")["kilometres"].max()
    return entries[["firm_id", "reach"]].assign(kilometres=entries["firm_id"].map(farthest))


def near_share(farthest: pd.DataFrame, within: float) -> dict[str, float]:
    """Share of entries all of whose located sources lie within so many kilometres; others are
    unknown.
    """
    known = farthest["kilometres"].dropna()
    return share(int((known <= within).sum()), len(known), len(farthest) - len(known))


def us_patterns(
    entries: pd.DataFrame, frames: pd.DataFrame, properties: pd.DataFrame
) -> pd.DataFrame:
    """Set each region that the paper names beside all other American regions, property by property.

    Fisher's exact test, with Holm's correction over the patterns that the paper expects, on frames
    that can carry shares; on the others the counts stand alone.

    Returns
    -------
    DataFrame
        ``frame``, ``carries_shares``, ``region``, ``property``, ``expected``, ``count``, ``n``,
        ``unknown``, ``count2``, ``n2`` (other regions), ``value`` (difference), ``low``, ``high``,
        ``p``, ``p_holm``.
    """
    tested = dict.fromkeys(prop for names in PATTERNS.values() for prop in names)
    chosen = properties[properties["property"].isin(list(tested))]
    rows = []
    for frame in frames[frames["country"] == "USA"].itertuples():
        placed = in_frame(entries, frames, frame.frame).dropna(subset=["region"])
        for region, expected in PATTERNS.items():
            for prop in chosen.itertuples():
                here = property_share(placed[placed["region"] == region], prop)
                others = property_share(placed[placed["region"] != region], prop)
                row = {
                    "frame": frame.frame,
                    "carries_shares": frame.carries_shares,
                    "region": region,
                    "property": prop.property,
                    "expected": "yes" if prop.property in expected else "no",
                    **{key: int(here[key]) for key in ("count", "n", "unknown")},
                    **{f"{key}2": int(others[key]) for key in ("count", "n")},
                }
                rows.append(row | (_compared(row) if frame.carries_shares == "yes" else {}))
    table = pd.DataFrame(rows)
    table["p_holm"] = np.nan
    for _, group in table[(table["expected"] == "yes") & table["p"].notna()].groupby("frame"):
        table.loc[group.index, "p_holm"] = multipletests(group["p"], method="holm")[1]
    return table


def _compared(row: dict) -> dict[str, float]:
    """Difference of two shares with its interval, and Fisher's exact p."""
    numbers = difference(row["count"], row["n"], row["count2"], row["n2"])
    cells = [[row["count"], row["n"] - row["count"]], [row["count2"], row["n2"] - row["count2"]]]
    p = stats.fisher_exact(cells).pvalue if row["n"] and row["n2"] else np.nan
    return {key: numbers[key] for key in ("value", "low", "high")} | {"p": p}


def fisher_power(n: int, value: float, n2: int, value2: float, alpha: float = 0.05) -> float:
    """Return the probability that Fisher's exact test tells two true shares apart, by enumeration
    of all tables.

    Parameters
    ----------
    n, n2 : int
        Sizes of the two groups.
    value, value2 : float
        True shares.
    alpha : float
        Level of the two-sided test.
    """
    chance = np.outer(
        stats.binom.pmf(range(n + 1), n, value), stats.binom.pmf(range(n2 + 1), n2, value2)
    )
    p = [
        [stats.fisher_exact([[x, n - x], [y, n2 - y]]).pvalue for y in range(n2 + 1)]
        for x in range(n + 1)
    ]
    return float(chance[np.array(p) <= alpha].sum())


def move_years(years: np.ndarray, draws: int, part: float, seed: int) -> np.ndarray:
    """Move a part of the years by one, up or down, by chance.

    Returns
    -------
    ndarray
        One row per draw; in each, ``round(part * n)`` years are moved.
    """
    rng, n = np.random.default_rng(seed), len(years)
    chosen = rng.random((draws, n)).argsort(axis=1).argsort(axis=1) < round(part * n)
    return years + chosen * rng.choice([-1, 1], size=(draws, n))


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
        dated = (
            in_frame(entries, frames, frame).dropna(subset=["entry_year"]).sort_values("firm_id")
        )
        years = dated["entry_year"].to_numpy(dtype=int)
        scenarios = {"moved_by_one": move_years(years, draws, part, seed)}
        for scenario, column in {"earliest": "entry_year_low", "latest": "entry_year_high"}.items():
            scenarios[scenario] = (
                dated[column].fillna(dated["entry_year"]).to_numpy(dtype=int)[None, :]
            )
        base = _by_period(dated, years[None, :], periods)
        for scenario, moved in scenarios.items():
            about = {
                "n": len(dated),
                "draws": len(moved),
                "seed": seed if scenario == "moved_by_one" else pd.NA,
            }
            about["moved"] = int((moved != years).sum(axis=1).max(initial=0))
            values = _by_period(dated, moved, periods)
            values["curve", "all"] = _gap(years, moved)
            for (measure, category), drawn in values.items():
                start = 0.0 if measure == "curve" else base[measure, category][0]
                low, high = _limits(drawn)
                largest = (
                    np.nan
                    if np.isnan(start) or np.isnan(drawn).all()
                    else np.nanmax(np.abs(drawn - start))
                )
                row = {
                    "frame": frame,
                    "scenario": scenario,
                    "measure": measure,
                    "category": category,
                }
                numbers = {"base": start, "low": low, "high": high, "largest_change": largest}
                rows.append(row | numbers | about)
    return pd.DataFrame(rows)


def _limits(drawn: np.ndarray) -> tuple[float, float]:
    """Percentiles 2.5 and 97.5 of the defined draws."""
    known = drawn[~np.isnan(drawn)]
    return tuple(np.percentile(known, [2.5, 97.5])) if len(known) else (np.nan, np.nan)


def _by_period(dated: pd.DataFrame, years: np.ndarray, periods: pd.DataFrame) -> dict:
    """Share of each period among the dated, and of start-ups in each period, in every row of years."""
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
