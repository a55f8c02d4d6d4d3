"""Entries: firms, origins and periods in one table, frames, and shares of a property."""

from collections.abc import Sequence

import pandas as pd

from cluster_anatomy.methods.shares import composition, share
from cluster_anatomy.tables.cells import split
from cluster_anatomy.tables.contract import contracts

MIXED_WEIGHT = {"elsewhere": 0.0, "half": 0.5, "home": 1.0}
"""What a firm with sources at home and elsewhere counts, by convention."""
ORIGINS = {
    "academic_startup": "Academic start-up",
    "academic_spinoff": "Academic spin-off",
    "enterprise_startup": "Second-order start-up",
    "independent_startup": "Other start-up",
    "government_startup": "Government start-up",
    "subsidiary_domestic": "Domestic subsidiary",
    "subsidiary_foreign": "Foreign subsidiary",
    "relocation": "Relocation",
    "state_backbone": "Pre-reform backbone",
    "unknown": "Unknown",
}
"""Origins as they are shown, in the order of figures and tables."""
DIMENSIONS = {
    "mode": ["start_up", "spin_off", "subsidiary", "relocation", "backbone"],
    "source": [
        "academia",
        "same_industry_firm",
        "other_firm",
        "government",
        "hospital",
        "foreign_firm",
        "individual",
    ],
    "reach": ["home", "elsewhere", "abroad", "mixed"],
    "label": [label for label in ORIGINS if label != "unknown"],
}


def entries(firms: pd.DataFrame, origins: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Join register, origins and periods: one row per entry of the industry (step 02).

    Whoever needs the entries of the study reads the table that step 02 wrote.

    Parameters
    ----------
    firms, origins, periods : DataFrame
        Register, origins of its firms, and periods (``period``, ``first_year``, ``last_year``).

    Returns
    -------
    DataFrame
        The columns of the contract ``entries``, those that register and origins have;
        ``period`` is ``unknown`` where the year is.
    """
    table = firms[firms["scope"] == "entry"].merge(
        origins, on="firm_id", suffixes=("_given", ""), validate="1:1"
    )
    table["period"] = "unknown"
    for period in periods.itertuples():
        inside = table["entry_year"].between(period.first_year, period.last_year).fillna(False)
        table.loc[inside, "period"] = period.period
    return table.filter(items=[column.name for column in contracts()["entries"].columns])


def pre_reform_works(table: pd.DataFrame) -> pd.DataFrame:
    """Return the works from before the reforms: stock that was there when entry began."""
    return table[table["mode"] == "backbone"]


def in_frame(
    table: pd.DataFrame, frames: pd.DataFrame, frame: str, pre_reform: str = "stock"
) -> pd.DataFrame:
    """Return the entries of one frame.

    Parameters
    ----------
    table : DataFrame
        From `entries`.
    frames : DataFrame
        ``frame``, ``country`` (blank: any), ``includes`` (``column=value``, any of them between
        ``|``).
    frame : str
        Name of the frame.
    pre_reform : {"stock", "entry"}
        Whether works from before the reforms are left out, as stock (`pre_reform_works`), or are
        entries as others (convention ``pre_reform``).

    Raises
    ------
    ValueError
        If there is no such frame.
    """
    rule = frames[frames["frame"] == frame]
    if rule.empty:
        raise ValueError(f"There is no frame '{frame}'; there are: {', '.join(frames['frame'])}.")
    inside = pd.Series(False, index=table.index)
    for condition in split(rule["includes"].iloc[0]):
        column, value = condition.split("=")
        inside |= (table[column] == value).fillna(False)
    if pre_reform == "stock":
        inside &= ~table.index.isin(pre_reform_works(table).index)
    country = rule["country"].iloc[0]
    return table[inside] if pd.isna(country) else table[inside & (table["country"] == country)]


def home_share(table: pd.DataFrame, mixed: str = "elsewhere") -> dict[str, float]:
    """Share of entries founded from their home region (Conlé and Taube 2010, footnote 36).

    Parameters
    ----------
    table : DataFrame
        Entries with ``reach``.
    mixed : {"elsewhere", "half", "home"}
        What a firm with sources at home and elsewhere counts: nothing, half, or all.
    """
    counts = table["reach"].value_counts()
    hits = counts.get("home", 0) + MIXED_WEIGHT[mixed] * counts.get("mixed", 0)
    unknown = int(counts.get("unknown", 0))
    return share(float(hits), len(table) - unknown, unknown)


def at_risk(table: pd.DataFrame, prop) -> pd.DataFrame:
    """Return the entries that a property is about, with those of which that is not known.

    Parameters
    ----------
    table : DataFrame
        Entries.
    prop
        A row of ``properties.csv`` (``among``; blank: all entries).

    Returns
    -------
    DataFrame
        The entries with a column ``at_risk``: ``yes`` or ``unknown``.
    """
    if not (conditions := split(prop.among)):
        return table.assign(at_risk="yes")
    inside, unknown = (pd.Series(False, index=table.index) for _ in range(2))
    for condition in conditions:
        column, value = condition.split("=")
        inside |= table[column] == value
        unknown |= table[column] == "unknown"
    return table.assign(at_risk=inside.map({True: "yes", False: "unknown"}))[inside | unknown]


def property_share(table: pd.DataFrame, prop) -> dict[str, float]:
    """Share of the entries at risk that have one property (a row of ``properties.csv``)."""
    risk = at_risk(table, prop)
    known = risk[(risk["at_risk"] == "yes") & (risk[prop.column] != prop.unknown)]
    hits = int((known[prop.column] == prop.value).sum())
    return share(hits, len(known), len(risk) - len(known))


def reach_shares(table: pd.DataFrame, frames: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Share out the entries of some frames by where their sources sit.

    Parameters
    ----------
    table, frames : DataFrame
        Entries and frames.
    names : sequence of str
        The frames.

    Returns
    -------
    DataFrame
        ``frame``, ``reach`` (home, elsewhere in the country, abroad, mixed; the four add up to the
        entries of known reach) and the columns of `shares.share`. The contrast within the country
        is the property ``home_of_domestic``.
    """
    parts = [
        composition(in_frame(table, frames, name), [], "reach", DIMENSIONS["reach"])
        for name in names
    ]
    return pd.concat(parts, keys=names, names=["frame"]).reset_index("frame").reset_index(drop=True)


def must_be_comparable(prop, frames: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse to compare a property across frames of which not all, or none, can hold it.

    A structural zero is no estimate: where a rule of sampling keeps a property out, a difference
    compares the rules.

    Parameters
    ----------
    prop
        A row of ``properties.csv`` (``cannot_occur_on``).
    frames : DataFrame
        ``frames.csv`` (``pair``, ``kind``).
    names : sequence of str
        The frames that are compared.

    Raises
    ------
    ValueError
        If the frames are of different pairs, or the property cannot occur on some of them only.
    """
    chosen = frames.set_index("frame").loc[list(names)]
    if len(set(chosen["pair"])) > 1:
        raise ValueError(f"Frames of different pairs are not compared: {', '.join(names)}.")
    cannot = chosen["kind"].isin(split(prop.cannot_occur_on))
    if cannot.any() and not cannot.all():
        raise ValueError(
            f"'{prop.label}' cannot occur on {', '.join(chosen.index[cannot])} by the rule of the"
            f" frame, but on {', '.join(chosen.index[~cannot])}: a difference would compare the"
            " rules. Take a property with a population that both can hold (column among)."
        )


def comparable(
    properties: pd.DataFrame, frames: pd.DataFrame, names: Sequence[str]
) -> pd.DataFrame:
    """Return the properties that `must_be_comparable` lets through for some frames."""
    kept = []
    for prop in properties.itertuples():
        try:
            must_be_comparable(prop, frames, names)
        except ValueError:
            continue
        kept.append(prop.Index)
    return properties.loc[kept]


def filled(table: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Return the frames of which a table holds entries: those of one pair."""
    sizes = [len(in_frame(table, frames, frame, "entry")) for frame in frames["frame"]]
    return frames[[size > 0 for size in sizes]]
