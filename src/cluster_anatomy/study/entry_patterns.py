"""Step 05: who enters where, and when: the composition of entry by origin.

An entry is a firm's start at a place. Every share carries its n, its frame, its interval and its
bounds.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cluster_anatomy.firms.entries import (
    DIMENSIONS,
    filled,
    home_share,
    in_frame,
    pre_reform_works,
)
from cluster_anatomy.firms.origins import ROLE_OF_MODE
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.methods.distance import kilometres
from cluster_anatomy.methods.shares import composition, share


def compositions(table: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Share out the entries of every frame by origin: in all, by cluster, by period.

    Returns
    -------
    DataFrame
        ``frame``, ``group`` (``all``, ``cluster``, ``period``), ``member``, ``dimension``,
        ``category``, and the columns of `shares.share`.
    """
    parts = []
    for frame in filled(table, frames)["frame"]:
        chosen = in_frame(table, frames, frame).assign(all="all")
        for group in ("all", "cluster", "period"):
            known = chosen.dropna(subset=[group])
            for dimension, values in DIMENSIONS.items():
                part = composition(known, [group], dimension, values)
                part = part.rename(columns={group: "member", dimension: "category"})
                parts.append(part.assign(frame=frame, group=group, dimension=dimension))
    columns = ["frame", "group", "member", "dimension", "category", "count", "n", "unknown"]
    columns += ["value", "low", "high", "bound_low", "bound_high"]
    return pd.concat(parts, ignore_index=True)[columns]


def entry_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Count entries by country, year and origin; a firm without a year has a blank one.

    Returns
    -------
    DataFrame
        ``country``, ``frame``, ``cluster``, ``entry_year``, ``label``, ``entries``.
    """
    keys = ["country", "frame", "cluster", "entry_year", "label"]
    counts = table.groupby(keys, dropna=False, observed=True).size().rename("entries").reset_index()
    return counts.sort_values(keys, ignore_index=True)


def source_distances(
    source_rows: pd.DataFrame, firms: pd.DataFrame, gazetteer: Gazetteer
) -> pd.DataFrame:
    """Measure how far each source at entry was from the place of the firm.

    Returns
    -------
    DataFrame
        ``firm_id``, ``role``, ``position``, ``place_id`` (of the source), ``firm_place_id``,
        ``kilometres`` (missing where a place or its point is not known), ``same_country``.
    """
    points = gazetteer.table.set_index("place_id")[["latitude", "longitude"]].astype(float)
    rows = source_rows[source_rows["timing"] == "at_entry"]
    rows = rows[rows["firm_id"].isin(firms["firm_id"])].reset_index(drop=True)
    placed = [gazetteer.find(city) for city in rows["city"]]
    here = (
        firms.set_index("firm_id")[["place_id", "country"]]
        .reindex(rows["firm_id"])
        .reset_index(drop=True)
    )
    there = pd.Series(
        [None if place is None else place.place_id for place in placed], dtype="object"
    )
    far, near = points.reindex(there).to_numpy(), points.reindex(here["place_id"]).to_numpy()
    table = rows[["firm_id", "role", "position"]].assign(
        place_id=there, firm_place_id=here["place_id"]
    )
    table["kilometres"] = kilometres(far[:, 0], far[:, 1], near[:, 0], near[:, 1])
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
    for frame in filled(entries, frames)["frame"]:
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
    """Return how far the sources that decide a firm's reach lie from it.

    Returns
    -------
    DataFrame
        ``firm_id``, ``reach``, ``kilometres`` of the farthest known source, missing where none is
        known.
    """
    role = entries.set_index("firm_id")["mode"].map(ROLE_OF_MODE).fillna("founder")
    rows = distances[distances["firm_id"].isin(role.index)]
    fits = rows["role"] == rows["firm_id"].map(role)
    rows = rows[fits | ~rows["firm_id"].isin(rows.loc[fits, "firm_id"])]
    farthest = rows.groupby("firm_id")["kilometres"].max()
    return entries[["firm_id", "reach"]].assign(kilometres=entries["firm_id"].map(farthest))


def near_share(farthest: pd.DataFrame, within: float) -> dict[str, float]:
    """Share of entries whose located sources all lie within so many kilometres."""
    known = farthest["kilometres"].dropna()
    return share(int((known <= within).sum()), len(known), len(farthest) - len(known))


# --- What is quoted, and what figures draw


MODES = {
    "start_up": "start-up",
    "spin_off": "spin-off",
    "subsidiary": "subsidiary",
    "relocation": "relocation",
    "backbone": "pre-reform backbone",
}
SOURCES = {
    "academia": "academia",
    "same_industry_firm": "firm of the industry",
    "other_firm": "other firm",
    "government": "government",
    "hospital": "hospital",
    "foreign_firm": "foreign firm",
    "individual": "individual",
}
WORDS = {"mode": MODES, "source": SOURCES}
"""What the categories of each dimension are called, in the order in which figures have them."""
STOCK = "(stock: works from before the reforms)"
"""What figures call works that were there when entry began."""
MODEL_FRAMES = {
    "cn_all": "china",
    "us_all": "usa",
    "cn_named_or_listed": "frame_china",
    "us_frame": "frame_usa",
}
"""Frames of the model of the next entry, and the word for each in the id of a result."""
MODEL_NAMES = {
    "china": "China, all found",
    "usa": "USA, all found",
    "frame_china": "China, frame",
    "frame_usa": "USA, frame",
}
"""What figures call them."""
MODEL_TERMS = {
    "all_origins": "any origin",
    "second_order": "second-order",
    "all_origins_within": "any origin, with cluster effects",
}
"""Stocks of earlier entries that a figure shows, in words."""
MOVED = {
    "period_share": "of a period's share of entries",
    "start_up_share": "of the share of start-ups in a period",
    "curve": "of the cumulated curve of entry",
}
"""What moved years can change, in words."""


def composition_dots(
    compositions: pd.DataFrame, dimension: str, frames: dict[str, str]
) -> pd.DataFrame:
    """Return shares of two frames by mode or source as a figure draws them, without the stock.

    Parameters
    ----------
    compositions : DataFrame
        From `compositions`.
    dimension : {"mode", "source"}
    frames : dict
        Frame -> name of the series.

    Returns
    -------
    DataFrame
        ``label``, ``series``, ``value``, ``low``, ``high``, ``bound_low``, ``bound_high``.
    """
    words = WORDS[dimension]
    whole = (compositions["group"] == "all") & (compositions["dimension"] == dimension)
    entered = compositions["category"] != "backbone"
    table = compositions[whole & entered & compositions["frame"].isin(list(frames))]
    table = table.assign(label=table["category"].map(words), series=table["frame"].map(frames))
    order = table["category"].map(list(words).index)
    return table.iloc[order.argsort(kind="stable")]


def leading(dots: pd.DataFrame, series: str, least: float = 0) -> list[str]:
    """Return what has at least so large a share in one series, the largest first.

    Parameters
    ----------
    dots : DataFrame
        From `composition_dots`.
    series : str
        Name of the series.
    least : float
        Least share; an undefined one is left out.

    Returns
    -------
    list of str
        Labels.
    """
    table = dots[(dots["series"] == series) & (dots["value"] >= least)]
    return list(table.sort_values("value", ascending=False, kind="stable")["label"])


def stock_share(entries: pd.DataFrame, frames: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Share of works from before the reforms in works and entries together, where there are any.

    Parameters
    ----------
    entries, frames : DataFrame
        Entries with the works among them; frames.
    names : dict
        Frame -> name of the series.

    Returns
    -------
    DataFrame
        As from `composition_dots`, with the label `STOCK`.
    """
    rows = []
    for frame, series in names.items():
        both = in_frame(entries, frames, frame, "entry")
        works, unknown = len(pre_reform_works(both)), int((both["mode"] == "unknown").sum())
        about = {"label": STOCK, "series": series, "frame": frame}
        rows += [about | share(works, len(both) - unknown, unknown)] if works else []
    return pd.DataFrame(rows)


def entries_by_period(
    compositions: pd.DataFrame,
    frames: dict[str, str],
    periods: Sequence[str],
    stock: pd.DataFrame,
) -> pd.DataFrame:
    """Count dated entries of two frames by period and mode, as a figure draws them.

    Parameters
    ----------
    compositions : DataFrame
        From `compositions`.
    frames : dict
        Frame -> name of the country.
    periods : sequence of str
        In their order.
    stock : DataFrame
        From `stock_share`: works from before the reforms have a bar of their own.

    Returns
    -------
    DataFrame
        ``label`` (country and period), ``series`` (mode), ``value`` (entries).
    """
    table = compositions[
        (compositions["group"] == "period")
        & (compositions["dimension"] == "mode")
        & (compositions["category"] != "backbone")
        & (compositions["member"] != "unknown")
        & compositions["frame"].isin(list(frames))
    ]
    table = table.assign(
        frame=pd.Categorical(table["frame"], list(frames)),
        member=pd.Categorical(table["member"], list(periods)),
    ).sort_values(["frame", "member"], kind="stable")
    label = table["frame"].astype(str).map(frames) + ", " + table["member"].astype(str)
    series = table["category"].map(MODES)
    entered = pd.DataFrame({"label": label, "series": series, "value": table["count"]})
    works = pd.DataFrame({"label": stock["series"] + " " + STOCK, "value": stock["count"]})
    return pd.concat([works.assign(series=MODES["backbone"]), entered], ignore_index=True)


def entry_shares(
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    compositions: pd.DataFrame,
    frame_china: str,
    frame_usa: str,
) -> dict[str, dict[str, float]]:
    """Return the shares of both countries that are quoted, by id of the result."""
    china, usa = (in_frame(entries, frames, frame) for frame in (frame_china, frame_usa))
    modes = compositions.query("group == 'all' and dimension == 'mode' and category == 'start_up'")
    start_up = modes.set_index("frame")
    return {
        "home_share_china": home_share(china),
        "home_share_usa": home_share(usa),
        "home_share_usa_half": home_share(usa, "half"),
        "start_up_share_china": start_up.loc[frame_china].to_dict(),
        "start_up_share_usa": start_up.loc[frame_usa].to_dict(),
    }


def stock_ratios(model: pd.DataFrame) -> pd.DataFrame:
    """Return the odds ratios per earlier entry that are defined, each with its null.

    Parameters
    ----------
    model : DataFrame
        From `dynamics.entry_models`.

    Returns
    -------
    DataFrame
        ``frame``, ``name`` (`MODEL_FRAMES`), ``slug`` (the term; the model, where the stock is that
        of all origins), ``words``, ``value``, ``low``, ``high``, ``n`` (entries that choose),
        ``null_mean``, ``null_low``, ``null_high``, ``p``.
    """
    table = model[model["frame"].isin(list(MODEL_FRAMES))].dropna(subset=["value"])
    slug = table["term"].where(table["model"] == "by_origin", table["model"])
    words = slug.map(MODEL_TERMS).fillna(slug.str.replace("_", "-"))
    names = table["frame"].map(MODEL_FRAMES)
    table = table.assign(name=names, slug=slug, words=words, n=table["entries"])
    columns = ["frame", "name", "slug", "words", "value", "low", "high", "n"]
    return table[[*columns, "null_mean", "null_low", "null_high", "p"]].reset_index(drop=True)


def ratio_nulls(ratios: pd.DataFrame) -> pd.DataFrame:
    """Return the nulls of `stock_ratios` as numbers: mean, and range from ``low`` to ``high``."""
    renamed = {"null_mean": "value", "null_low": "low", "null_high": "high"}
    return ratios[["frame", "name", "slug", "words", *renamed]].rename(columns=renamed)


def ratio_tests(ratios: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Return the p of `stock_ratios` (``value``) on the frames that carry shares."""
    carries = frames.loc[frames["carries_shares"] == "yes", "frame"]
    table = ratios[ratios["frame"].isin(carries)]
    return table[["frame", "name", "slug", "words", "n"]].assign(value=table["p"])


def stock_dots(ratios: pd.DataFrame) -> pd.DataFrame:
    """Return the ratios of `MODEL_TERMS` as a figure draws them; the pale bar is the null."""
    table = ratios[ratios["slug"].isin(list(MODEL_TERMS))]
    series = table["name"].map(MODEL_NAMES)
    table = table.assign(label=table["words"], series=series, low=np.nan, high=np.nan)
    table = table.rename(columns={"null_low": "bound_low", "null_high": "bound_high"})
    order = table["slug"].map(list(MODEL_TERMS).index)
    return table.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def model_sizes(model: pd.DataFrame) -> pd.DataFrame:
    """Return the clusters of each model: ``name``, ``frame``, ``value`` (clusters)."""
    sizes = model.drop_duplicates("frame").set_index("frame")["clusters"]
    rows = [
        {"name": name, "frame": frame, "value": int(sizes[frame])}
        for frame, name in MODEL_FRAMES.items()
    ]
    return pd.DataFrame(rows)


def distance_numbers(summary: pd.DataFrame, frames: dict[str, str]) -> pd.DataFrame:
    """Return median and upper quartile of the distance of sources, by country.

    Returns
    -------
    DataFrame
        ``country``, ``frame``, ``median``, ``upper`` (kilometres), ``n``, ``unknown``.
    """
    table = summary[(summary["sources"] == "all") & (summary["role"] == "all")]
    table = table[table["frame"].isin(list(frames))]
    columns = ["country", "frame", "median", "upper", "n", "unknown"]
    return table.assign(country=table["frame"].map(frames))[columns].astype(
        {"n": int, "unknown": int}
    )


def within(
    farthest: pd.DataFrame,
    entries: pd.DataFrame,
    frames: pd.DataFrame,
    limit: float,
    names: dict[str, str],
) -> pd.DataFrame:
    """Share of the entries of each frame whose located sources all lie within so many kilometres.

    Returns
    -------
    DataFrame
        ``country``, ``frame`` and the columns of `near_share`.
    """
    rows = []
    for frame, country in names.items():
        inside = farthest["firm_id"].isin(in_frame(entries, frames, frame)["firm_id"])
        rows.append({"country": country, "frame": frame, **near_share(farthest[inside], limit)})
    return pd.DataFrame(rows)


def border_exceptions(farthest: pd.DataFrame, limit: float) -> pd.DataFrame:
    """Return entries from home with a far source, and those from elsewhere with near ones only."""
    rows = farthest.dropna(subset=["kilometres"])
    far_home = (rows["reach"] == "home") & (rows["kilometres"] > limit)
    near_elsewhere = (rows["reach"] == "elsewhere") & (rows["kilometres"] <= limit)
    return rows[far_home | near_elsewhere]


def border_numbers(farthest: pd.DataFrame, limit: float) -> dict[str, dict[str, int]]:
    """Count the `border_exceptions` among the entries from home and from elsewhere (``n``)."""
    inland = farthest["kilometres"].notna() & farthest["reach"].isin(["home", "elsewhere"])
    exceptions = border_exceptions(farthest, limit)
    return {"border_exceptions": {"value": len(exceptions), "n": int(inland.sum())}}


def moved_numbers(
    sensitivity: pd.DataFrame, entries: pd.DataFrame, frames: pd.DataFrame, names: dict[str, str]
) -> pd.DataFrame:
    """Return the largest change that other years could make, by measure and country.

    Parameters
    ----------
    sensitivity : DataFrame
        From `year_sensitivity`.

    Returns
    -------
    DataFrame
        ``measure``, ``what``, ``country``, ``frame``, ``value`` (percentage points), ``n`` (dated
        entries), ``unknown`` (others).
    """
    rows = []
    for frame, country in names.items():
        part = sensitivity[sensitivity["frame"] == frame]
        n = int(part["n"].iloc[0])
        unknown = len(in_frame(entries, frames, frame)) - n
        largest = part.groupby("measure")["largest_change"].max() * 100
        for measure, what in MOVED.items():
            about = {"measure": measure, "what": what, "country": country, "frame": frame}
            rows.append(about | {"value": largest[measure], "n": n, "unknown": unknown})
    return pd.DataFrame(rows)


def moved_table(moved: pd.DataFrame) -> pd.DataFrame:
    """Return the numbers of `moved_numbers` as a table to read, one column per country."""
    table = moved.pivot(index="what", columns="country", values="value").round(0).astype("Int64")
    table = table.rename(columns={"china": "China", "usa": "USA"})
    return table.rename_axis(index="largest change, points", columns=None)


def farthest_by_frame(
    farthest: pd.DataFrame, entries: pd.DataFrame, frames: pd.DataFrame, names: dict[str, str]
) -> pd.DataFrame:
    """Return the distance of the farthest source of entries by frame, as a figure draws it.

    Returns
    -------
    DataFrame
        ``series`` (name of the frame), ``value`` (kilometres); unknown ones are left out.
    """
    parts = []
    for frame, name in names.items():
        inside = farthest["firm_id"].isin(in_frame(entries, frames, frame)["firm_id"])
        value = farthest.loc[inside, "kilometres"].dropna()
        parts.append(pd.DataFrame({"series": name, "value": value}))
    return pd.concat(parts, ignore_index=True)


def years_apart(entries: pd.DataFrame) -> int:
    """Count entries for which two coders give different years."""
    return int((entries["entry_year_low"] != entries["entry_year_high"]).fillna(False).sum())
