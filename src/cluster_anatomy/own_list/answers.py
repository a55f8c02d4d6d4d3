"""What the notebooks of a list answer with: counts and shares by id, and tables to draw.

A share that nobody is known for is undefined, and a frame that carries no shares has no interval.
"""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from cluster_anatomy.figures import difference_data, plain, style
from cluster_anatomy.figures.vocabulary import TIE_WORDS
from cluster_anatomy.firms.clusters import GROUPS
from cluster_anatomy.firms.entries import ORIGINS, home_share
from cluster_anatomy.firms.tie_counts import by_type, kind_share
from cluster_anatomy.firms.ties import KINDS
from cluster_anatomy.own_list import analyses, drawing, layout, register
from cluster_anatomy.results.words import Estimate, Numbers
from cluster_anatomy.study import china_usa, entry_patterns

INTERVAL = ", 95 % interval {low} to {high}"
ENDS = ["low", "high"]
NOT_GIVEN = ["firm_id", "entry_year_as_given", "coder", "confidence", "name_en"]
"""Columns that the door fills and the list does not."""
HYPHENED = {"start_up": "start-up", "spin_off": "spin-off"}
ESTIMATE = ["count", "n", "unknown", "value", *ENDS, "bound_low", "bound_high"]

WORDS = entry_patterns.WORDS | {"label": ORIGINS}
"""What the categories of each dimension of origin are called."""


class ListNumbers(Numbers):
    """The numbers of a list, which may hold nothing for a whole family.

    Raises
    ------
    StudyError
        If there is no list here (`analyses.description`).
    """

    def __init__(self, notebook: str, **parameters: object):
        analyses.description()
        super().__init__(notebook, **parameters)

    def add_rows(self, family: str, table: pd.DataFrame) -> None:
        """Take one number for each row of a table, if there is any (`Numbers.add_rows`)."""
        super().add_rows(family, table)
        self.unused.discard(family)


def of(value: int, n: int) -> Mapping[str, float | None]:
    """Return a count and what it is a part of."""
    return {"value": int(value), "n": int(n)}


# --- Numbers, by id


def register_counts(firms: pd.DataFrame) -> dict[str, Estimate]:
    """Count the firms of a register that have a year, a place and evidence (notebook 01)."""
    counted = register.in_scope(firms)
    columns = {
        "firms_dated": "entry_year",
        "firms_placed": "cluster",
        "firms_with_evidence": "coders",
    }
    rows: dict[str, Estimate] = {
        name: of(counted[column].notna().sum(), len(counted)) for name, column in columns.items()
    }
    rows["firms"] = of(len(counted), len(firms))
    rows["regions"] = counted["cluster"].nunique()
    return rows


def origin_counts(origins: pd.DataFrame, firms: pd.DataFrame) -> dict[str, Estimate]:
    """Count the entries of known mode, source and reach, and those coded in the list."""
    counted = origins[origins["firm_id"].isin(register.in_scope(firms)["firm_id"])]
    rows: dict[str, Estimate] = {
        f"{column}_known": of((counted[column] != "unknown").sum(), len(counted))
        for column in ("mode", "source", "reach")
    }
    return rows | {"coded_in_list": of((counted["rule"] == "coded_in_list").sum(), len(counted))}


def region_counts(profiles: pd.DataFrame, entries: pd.DataFrame) -> dict[str, Estimate]:
    """Return the size of the largest region, and the first entry and take-off (notebook 03).

    Parameters
    ----------
    profiles : DataFrame
        From `clusters.phases`.
    entries : DataFrame
        The entries of the list.
    """
    took_off = profiles["take_off"].dropna()
    largest = profiles["entries"].max() if len(profiles) else 0
    return {
        "regions_taken_off": of(len(took_off), len(profiles)),
        "entries_in_largest_region": of(largest, profiles["entries"].sum()),
        "first_take_off": took_off.min(),
        "first_entry": entries["entry_year"].min(),
    }


def entry_shares(
    compositions: pd.DataFrame, entries: pd.DataFrame, near: Mapping[str, float], frame: pd.Series
) -> dict[str, Mapping[str, object]]:
    """Return the shares of start-ups, academia, home and near sources, and years in doubt.

    Parameters
    ----------
    compositions : DataFrame
        From `entry_patterns.compositions`.
    entries : DataFrame
        The entries of the list.
    near : mapping
        From `entry_patterns.near_share`.
    frame : Series
        Row of the table of frames.
    """
    whole = compositions[compositions["group"] == "all"].set_index(["dimension", "category"])
    rows = {
        "start_up_share": whole.loc[("mode", "start_up"), ESTIMATE].to_dict(),
        "academia_share": whole.loc[("source", "academia"), ESTIMATE].to_dict(),
        "home_share": home_share(entries),
        "near_share": near,
    }
    shares: dict[str, Mapping[str, object]] = {name: told(row, frame) for name, row in rows.items()}
    return shares | {"years_in_doubt": of((spans(entries) > 0).sum(), len(entries))}


def told(estimate: Mapping[str, float], frame: pd.Series) -> dict[str, object]:
    """Return a share with the words of its interval; both blank if the frame carries none."""
    carries = frame["carries_shares"] == "yes" and estimate["n"] > 0
    if carries:
        return {**estimate, "interval": INTERVAL}
    return {**estimate, **dict.fromkeys(ENDS), "interval": ""}


def headlines(shares: Mapping[str, Mapping[str, float]], names: Iterable[str]) -> list[str]:
    """Return the names of the shares of which something is known."""
    return [name for name in names if shares[name]["n"] > 0]


def own_shares(shares: pd.DataFrame, properties: pd.DataFrame, frame: pd.Series) -> pd.DataFrame:
    """Return the shares of the list, one row per property, with its words as ``label``."""
    label = properties.set_index("property")["label"]
    mine = shares[shares["frame"] == layout.OWN]
    rows = [
        told(row[ESTIMATE].to_dict(), frame) | {"property": name, "label": label[name]}
        for name, row in mine.set_index("property", drop=False).iterrows()
    ]
    return pd.DataFrame(rows, columns=["property", "label", "interval", *ESTIMATE])


def joined_numbers(table: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of `joined.side_by_side` of which something is known, with their words."""
    label = properties.set_index("property")["label"].str.capitalize()
    known = table[table["n"] > 0]
    return known.assign(label=known["property"].map(label), interval=INTERVAL)


def years_at_risk(entries: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Return the years from the one after the first entry to that of the last, for the list."""
    years = entries["entry_year"].dropna()
    return {layout.OWN: (int(years.min()) + 1, int(years.max()))}


def beside_data(
    shares: pd.DataFrame, compared: pd.DataFrame, properties: pd.DataFrame, frame: str
) -> pd.DataFrame:
    """Return shares of the list and of one frame, and their differences, as a figure draws them.

    Parameters
    ----------
    shares : DataFrame
        From `china_usa.property_shares`, of the list and of the frames.
    compared : DataFrame
        From `compared`.
    properties : DataFrame
        ``property``, ``label``.
    frame : str
        Frame of the study.
    """
    pair = shares[shares["frame"].isin([layout.OWN, frame])]
    return difference_data(pair, compared[compared["beside"] == frame], properties)


def compared(shares: pd.DataFrame, frames: Iterable[str]) -> pd.DataFrame:
    """Return the differences of the list from some frames of the study (contract ``comparison``).

    Parameters
    ----------
    shares : DataFrame
        From `china_usa.property_shares`, of the list and of the frames.
    frames : iterable of str
        Frames of the study; with none the table is empty.
    """
    parts = [
        china_usa.differences(shares, [layout.OWN], frame).assign(beside=frame) for frame in frames
    ]
    table = pd.concat([pd.DataFrame(), *parts], ignore_index=True)
    return layout.shaped(table.rename(columns={"china": "own", "usa": "other"}), "comparison")


def own_differences(
    compared: pd.DataFrame, properties: pd.DataFrame, frames: pd.DataFrame
) -> pd.DataFrame:
    """Return the differences of the list from other frames, with words as ``label``, ``against``.

    ``clear`` says whether the interval excludes zero.
    """
    label = properties.set_index("property")["label"].str.capitalize()
    table = compared[["property", "beside", "value", *ENDS, "n"]]
    return table.assign(
        label=table["property"].map(label),
        against=table["beside"].map(frames.set_index("frame")["label"]),
        clear=((table["low"] > 0) | (table["high"] < 0)).fillna(False).astype(bool),
    )


def difference_counts(differences: pd.DataFrame) -> dict[str, Mapping[str, float | None]]:
    """Count the differences, and those whose interval excludes zero."""
    n = len(differences)
    return {"differences": of(n, n), "differences_clear": of(differences["clear"].sum(), n)}


def clear_names(differences: pd.DataFrame) -> list[str]:
    """Return the ids of the differences whose interval excludes zero."""
    clear = differences[differences["clear"]]
    return [f"{row.property}_difference_{row.beside}" for row in clear.itertuples()]


def tie_numbers(pairs: pd.DataFrame) -> dict[str, Mapping[str, float | None]]:
    """Count the pairs of each kind, and the share of domestic ones that cross regions."""
    kinds = pairs["kind"].value_counts()
    rows = {f"ties_{kind}": of(kinds.get(kind, 0), len(pairs)) for kind in KINDS}
    share = kind_share(pairs, "external", ("local", "external"))
    return rows | {"ties_external_share": share}


def spans(entries: pd.DataFrame) -> pd.Series:
    """Return by how many years the entry of each dated firm may be earlier or later."""
    return (entries["entry_year_high"] - entries["entry_year_low"]).dropna()


# --- Tables to draw


def filled(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the part of the rows of each table in which each column is filled.

    Returns
    -------
    DataFrame
        ``label`` (table and column), ``value``; a table without rows is left out.
    """
    parts = [
        table.drop(columns=NOT_GIVEN, errors="ignore")
        .notna()
        .mean()
        .rename("value")
        .rename_axis("label")
        .reset_index()
        .assign(label=lambda part, name=name: name + ": " + part["label"].str.replace("_", " "))
        for name, table in tables.items()
        if len(table)
    ]
    return pd.concat(parts, ignore_index=True)


def split_counts(table: pd.DataFrame, member: str, series: pd.Series, top: int) -> pd.DataFrame:
    """Count rows by a column and a series, for the members with most rows, named as drawn.

    Returns
    -------
    DataFrame
        ``label``, ``series``, ``value``.
    """
    sizes = table[member].value_counts()
    chosen = sorted(sizes.index, key=lambda name: (-sizes[name], name))[:top]
    counts = table.groupby([member, series.rename("series")]).size().rename("value").reset_index()
    counts = counts[counts[member].isin(chosen)]
    names = drawing.labelled(chosen)
    order = counts[member].map(chosen.index)
    return counts.assign(label=counts[member].map(names)).iloc[order.argsort(kind="stable")]


def ties_by_type(pairs: pd.DataFrame, top: int) -> pd.DataFrame:
    """Count pairs by type of tie and by kind, for the commonest types (`split_counts`)."""
    types = by_type(pairs)
    types = types.assign(tie_type=types["tie_type"].replace(TIE_WORDS))
    return split_counts(types, "tie_type", types["kind"], top)


def member_counts(
    compositions: pd.DataFrame, group: str, dimension: str, members: Sequence[str] = ()
) -> pd.DataFrame:
    """Count the entries of each member of a group in one dimension, in words and named as drawn.

    Parameters
    ----------
    compositions : DataFrame
        From `entry_patterns.compositions`.
    group : {"cluster", "period"}
    dimension : {"mode", "source", "label"}
        What the columns are.
    members : sequence of str
        Members shown, in their order; all, if none is named.
    """
    part = (compositions["group"] == group) & (compositions["dimension"] == dimension)
    wide = compositions[part].pivot(index="member", columns="category", values="count")
    wide = wide.loc[
        list(members) or list(wide.index), sorted(wide, key=list(WORDS[dimension]).index)
    ]
    return wide.rename(index=drawing.labelled(wide.index), columns=WORDS[dimension])


def distance_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Return distances of sources as a table to read (`entry_patterns.distance_summary`)."""
    columns = {"n": "known", "unknown": "unknown", "lower": "lower quartile, km"}
    columns |= {"median": "median, km", "upper": "upper quartile, km"}
    table = summary.set_index(["sources", "role"])[list(columns)]
    return table.round(0).astype("Int64").rename(columns=columns)


def model_table(model: pd.DataFrame) -> pd.DataFrame:
    """Return odds ratios as a table to read, beside those that the size of regions alone gives.

    Parameters
    ----------
    model : DataFrame
        From `dynamics.entry_models`.
    """
    words = {"value": "odds ratio", "null_low": "by size alone, from", "null_high": "to"}
    words |= {"entries": "entries", "clusters": "regions"}
    table = model.assign(model=model["model"].map(spaced), term=model["term"].map(spaced))
    return table.set_index(["model", "term"])[list(words)].round(2).rename(columns=words)


def cumulated_lines(table: pd.DataFrame, entries: pd.DataFrame, top: int = 7) -> pd.DataFrame:
    """Return entries up to each year of the largest regions, named as drawn.

    Parameters
    ----------
    table : DataFrame
        From `clusters.cumulated`.
    entries : DataFrame
        The entries of the list.
    top : int
        Regions shown: as many as there are colours.

    Returns
    -------
    DataFrame
        ``series``, ``year``, ``value``.
    """
    names = drawing.labelled(drawing.largest(entries.dropna(subset=["entry_year"]), top), 20)
    rows = table[table["cluster"].isin(list(names))]
    wide = rows.pivot_table(index="year", columns="cluster", values="cumulated").ffill().fillna(0)
    long = wide[list(names)].melt(ignore_index=False, var_name="series").reset_index()
    return long.assign(series=long["series"].map(names))


def take_off_table(profiles: pd.DataFrame, most: int = 12) -> pd.DataFrame:
    """Show when the largest regions took off, in words.

    Parameters
    ----------
    profiles : DataFrame
        From `clusters.phases`.
    most : int
        Regions shown.
    """
    columns = ["cluster", "dated", "undated", "first_year", "take_off", "leading"]
    rows = profiles.sort_values(["entries", "cluster"], ascending=[False, True]).head(most)
    return in_words(rows[columns].set_index("cluster").astype(object).fillna(""))


def quotient_map(quotients: pd.DataFrame, regions: list[str]) -> pd.DataFrame:
    """Return location quotients of regions (rows, named as drawn) by origin, in words.

    Parameters
    ----------
    quotients : DataFrame
        From `compositions.origin_quotients`.
    regions : list of str
        Regions shown; one without an entry of known origin is left out.
    """
    rows = quotients[quotients["place"].isin(regions)]
    wide = rows.pivot(index="place", columns="category", values="value")
    return wide.rename(index=drawing.labelled(wide.index), columns=GROUPS)


def in_words(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of counts with blanks instead of underscores in its index and columns."""
    names = {"index": spaced, "columns": spaced}
    return table.rename(**names).rename_axis(index=None, columns=None)


def spaced(name: object) -> str:
    """Return a value of the tables as it is read: ``start_up`` is start-up."""
    return HYPHENED.get(str(name), str(name).replace("_", " "))


def show_heat_map(table: pd.DataFrame, label: str, alt: str, decimals: int = 0) -> None:
    """Show a table of numbers as a heat map in a notebook, if there is a number above zero."""
    if (table.astype(float).fillna(0) > 0).any(axis=None):
        style.show(plain.heat_map(in_words(table), label, decimals), alt)


def show_shares(compositions: pd.DataFrame, dimension: str, alt: str) -> None:
    """Show the shares of the whole list in one dimension as dots with intervals and bounds."""
    whole = (compositions["group"] == "all") & (compositions["dimension"] == dimension)
    part = compositions[whole]
    rows = part.assign(label=part["category"].replace(WORDS.get(dimension, {})))
    style.show(plain.dots(rows, "% of entries of known " + dimension, percent=True), alt)


def parts_used(made: pd.DataFrame) -> pd.DataFrame:
    """Return the part of a list that each analysis was made on (``label``, ``value``).

    Parameters
    ----------
    made : DataFrame
        From `analyses.analyses`; an analysis that is missing has a part of zero.
    """
    part = (made["have"] / made["of"]).where(made["status"] != "missing", 0)
    return pd.DataFrame({"label": made["what"], "value": part.astype(float)})
