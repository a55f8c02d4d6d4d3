"""Step 10: every reading of the evidence at once.

A multiverse (Steegen, Tuerlinckx, Gelman and Vanpaemel 2016) tries all combinations of the choices
that honest researchers could make; a specification curve (Simonsohn, Simmons and Nelson 2020) sorts
what comes out. The readings are in `cluster_anatomy.firms.readings`, the estimates in
`cluster_anatomy.firms.specifications`; here stands what is said of them.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from cluster_anatomy.firms.specifications import HOME_USA
from cluster_anatomy.methods.multiverse import holding, weights


def summary(table: pd.DataFrame, options: pd.DataFrame, nearly: float = 0.9) -> pd.DataFrame:
    """Summarise the multiverse of each property.

    Parameters
    ----------
    table : DataFrame
        From `specifications`.
    options : DataFrame
        From `by_option` on the specifications that can carry shares.
    nearly : float
        Share of specifications from which a finding is called robust.

    Returns
    -------
    DataFrame
        On frames that can carry shares: ``property``, ``specifications``, ``estimates`` (different
        ones among them), ``share_sign_kept``, ``share_excluding_zero``, both again where unknown
        firms are left out (``_known``), ``min``, ``median``, ``max``. On all frames:
        ``specifications_all``, ``share_sign_kept_all``, ``share_excluding_zero_all``. Of the
        default: ``value``, ``bound_low``, ``bound_high`` (worst case of the unknown firms of both
        countries). Over all specifications that can carry shares: ``widest_low``, ``widest_high``,
        ``share_bounds_excluding_zero``. ``verdict``: ``robust`` (sign and interval in nearly all),
        ``sign_robust`` (sign in nearly all), ``depends`` (sign in fewer), ``no_difference_seen``
        (the interval of the default holds zero). ``falls_under``: the options under which most
        specifications do otherwise than the default (lose its sign; or, where it sees no
        difference, see one), as choice=option.
    """
    rows = []
    for name, everything in table.groupby("property", sort=False):
        part = everything[everything["carries_shares"] == "yes"]
        known, default = part[part["unknown"] == "left_out"], part[part["default"] == "yes"].iloc[0]
        seen = default["excludes_zero"] == "yes"
        row = {"property": name, "specifications": len(part)}
        row["estimates"] = len(part[["value", "low", "high"]].round(9).drop_duplicates())
        for ending, held in {"": part, "_known": known, "_all": everything}.items():
            row[f"share_sign_kept{ending}"] = (held["sign_kept"] == "yes").mean()
            row[f"share_excluding_zero{ending}"] = (held["excludes_zero"] == "yes").mean()
        row |= {
            "specifications_all": len(everything),
            **default[["value", "bound_low", "bound_high"]],
        }
        row |= {
            "min": part["value"].min(),
            "median": part["value"].median(),
            "max": part["value"].max(),
        }
        row |= {"widest_low": part["bound_low"].min(), "widest_high": part["bound_high"].max()}
        row["share_bounds_excluding_zero"] = (
            (part["bound_low"] > 0) | (part["bound_high"] < 0)
        ).mean()
        signs, intervals = row["share_sign_kept"] >= nearly, row["share_excluding_zero"] >= nearly
        row["verdict"] = ("robust" if intervals else "sign_robust") if signs else "depends"
        row["verdict"] = row["verdict"] if seen else "no_difference_seen"
        mine = options[options["property"] == name]
        lost = mine["share_sign_kept"] < 0.5 if seen else mine["share_excluding_zero"] > 0.5
        row["falls_under"] = "|".join((mine["choice"] + "=" + mine["option"])[lost]) or None
        rows.append(row)
    return pd.DataFrame(rows)


def convention_weight(
    table: pd.DataFrame, counted: pd.DataFrame, conventions: pd.DataFrame
) -> pd.DataFrame:
    """Weigh every choice on the frames that can carry shares, those that move no entry included.

    Parameters
    ----------
    table : DataFrame
        From `specifications`.
    counted : DataFrame
        From `movable` on the same frames.
    conventions : DataFrame
        ``conventions.csv``.

    Returns
    -------
    DataFrame
        ``property``, ``convention``, ``kind`` (``coding``: how evidence is read; ``data``: frame,
        confidence, unknown), ``entries_moved``, ``mean_change``, ``largest_change``,
        ``variance_share``, ``rank`` (the last four blank where the choice is not varied). See
        `weights`.
    """
    weight = weights(table[table["carries_shares"] == "yes"], list(counted.columns), "property")
    long = (
        counted.rename_axis("property")
        .reset_index()
        .melt("property", var_name="choice", value_name="entries_moved")
    )
    both = long.merge(weight, on=["property", "choice"], how="left", validate="1:1")
    both["kind"] = (
        both["choice"].isin(conventions["convention"]).map({True: "coding", False: "data"})
    )
    both = both[
        (both["choice"] != "us_frame")
        & ((both["property"] != HOME_USA) | (both["choice"] != "frame"))
    ]
    both["property"] = pd.Categorical(both["property"], counted.index)
    both = both.sort_values(["property", "rank", "choice"], ignore_index=True)
    return both.astype({"property": "str"}).rename(columns={"choice": "convention"})


QUOTED = [
    ("sign", "home", "region", "city"),
    ("sign", "home", "unknown", "hit"),
    ("sign", "academic", "unknown", "hit"),
    ("sign", "second_order", "unknown", "hit"),
    ("sign", "second_order", "employer_abroad", "as_at_home"),
    ("interval", "second_order", "employer_abroad", "as_at_home"),
    ("sign", "abroad", "frame", "cn_lists"),
]
"""Options whose specifications are quoted: what is asked, property, choice, option."""
ASKED = {
    "sign": ("share_sign_kept", "keep the sign of the default"),
    "interval": ("share_excluding_zero", "have an interval that excludes zero"),
    "known": (
        "share_sign_kept_known",
        "that leave unknown firms out keep the sign of the default",
    ),
}
"""What is asked of the specifications: column of the summary, and how a sentence says it."""


def choices_in_words(choices: Mapping[str, Sequence[str]], frames: pd.DataFrame) -> pd.DataFrame:
    """Return the choices that have an alternative, for reading: usual option, other options.

    Parameters
    ----------
    choices : mapping
        From `specifications.choices_of`.
    frames : DataFrame
        ``frame``, ``label``: frames go by their label.
    """
    labels = frames.set_index("frame")["label"].to_dict()
    rows = {}
    for name, options in choices.items():
        usual, *others = [labels.get(option, option.replace("_", " ")) for option in options]
        if others:
            rows[name.replace("_", " ")] = [usual, "; ".join(others)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["usual", "also tried"])


def property_words(properties: pd.DataFrame) -> dict[str, str]:
    """Return what each outcome is called in a sentence."""
    words = properties.set_index("property")["label"].to_dict()
    return words | {HOME_USA: "American home share less the published"}


def findings(
    summary: pd.DataFrame, carrying: pd.DataFrame, properties: pd.DataFrame
) -> pd.DataFrame:
    """Say for each property how many specifications keep its sign and exclude zero (`ASKED`).

    Parameters
    ----------
    summary : DataFrame
        From `summary`.
    carrying : DataFrame
        Specifications on frames that can carry shares.
    properties : DataFrame
        ``property`` and ``label``.

    Returns
    -------
    DataFrame
        ``kind``, ``property``, ``label``, ``does`` (the verb of the sentence), ``value`` (share),
        ``n`` (specifications), ``count``.
    """
    by_property, rows = summary.set_index("property"), []
    left_out = carrying[carrying["unknown"] == "left_out"].groupby("property").size()
    for name, label in properties[["property", "label"]].itertuples(index=False):
        for kind, (column, does) in ASKED.items():
            whole = by_property.loc[name, "specifications"]
            n = int(left_out[name]) if kind == "known" else whole
            value = by_property.loc[name, column]
            about = {"kind": kind, "property": name, "label": label, "does": does}
            rows.append(about | {"value": value, "n": n, "count": round(value * n)})
    return pd.DataFrame(rows)


def quoted_options(options: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return what holds where a choice has one option, for those of `QUOTED`.

    Parameters
    ----------
    options : DataFrame
        From `methods.multiverse.by_option`.
    properties : DataFrame
        ``property`` and ``label``.

    Returns
    -------
    DataFrame
        As `findings`, with ``choice`` and ``option``.
    """
    held = options.set_index(["property", "choice", "option"])
    words, rows = property_words(properties), []
    for kind, name, choice, option in QUOTED:
        (column, does), row = ASKED[kind], held.loc[(name, choice, option)]
        n = int(row["specifications"])
        about = {"kind": kind, "property": name, "choice": choice, "option": option, "does": does}
        numbers = {"value": row[column], "n": n, "count": round(row[column] * n)}
        rows.append(about | {"label": words[name]} | numbers)
    return pd.DataFrame(rows)


def weightiest(weight: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Name the convention of coding that moves each outcome most.

    Returns
    -------
    DataFrame
        ``property``, ``words``, ``convention_name``, ``value`` (percentage points on average).
    """
    coding = weight[weight["kind"] == "coding"].dropna(subset=["rank"])
    first = coding.groupby("property", sort=False).first().reset_index()
    words = first["property"].map(property_words(properties)).str.capitalize()
    value = 100 * first["mean_change"]
    return pd.DataFrame(
        {
            "property": first["property"],
            "words": words,
            "convention_name": first["convention"],
            "value": value,
        }
    )


REGIONS = {
    "metro": "metropolitan region",
    "city": "the city itself",
    "province": "province or state",
    "economic": "economic region",
}
"""Definitions of a region, in words."""


def by_region(carrying: pd.DataFrame, choices: dict, published: float) -> pd.DataFrame:
    """Set the home shares of both countries beside each other for every definition of a region.

    Everything else is at its default.

    Returns
    -------
    DataFrame
        ``label`` (the region), ``series`` (China, USA), ``value``, with ``low`` and ``high`` blank.
    """
    parts = {
        name: holding(carrying[carrying["property"] == name], choices, region=None).set_index(
            "region"
        )["value"]
        for name in ("home", HOME_USA)
    }
    usa = parts[HOME_USA] + published
    table = pd.DataFrame({"China": usa + parts["home"], "USA": usa}).rename_axis("label")
    table = table.rename(index=REGIONS)
    long = table.reset_index().melt("label", var_name="series", value_name="value")
    return long.assign(low=long["value"], high=long["value"])


def single_numbers(
    carrying: pd.DataFrame, summary: pd.DataFrame, weight: pd.DataFrame, choices: dict
) -> dict[str, dict[str, float] | float]:
    """Return the numbers that no table holds, by id of the result."""
    american = carrying[carrying["property"] == HOME_USA]
    covers = american["excludes_zero"] == "no"
    metro = covers[american["region"] == "metro"]
    rows = summary.set_index("property")
    parts = ["value", "low", "high", "n", "bound_low", "bound_high"]
    second, home = (
        carrying.query("property == 'second_order'"),
        carrying.query("property == 'home'"),
    )
    as_at_home = holding(second, choices, employer_abroad="as_at_home").squeeze()
    city = holding(home, choices, region="city").squeeze()
    first = int((weight.loc[weight["rank"] == 1, "convention"] == "unknown").sum())
    return {
        "specifications_carrying": len(carrying),
        "unknown_weighs_most": {"value": first, "n": len(rows)},
        "home_usa_specifications_covering_published": _part(covers),
        "home_usa_metro_covering_published": _part(metro),
        "start_up_worst_case": {
            "value": rows.loc["start_up", "widest_high"],
            "n": rows.loc["start_up", "specifications"],
        },
        "second_order_as_at_home": as_at_home[parts].to_dict(),
        "home_by_city": city[parts].to_dict(),
    }


def _part(hits: pd.Series) -> dict[str, float]:
    return {"value": hits.mean(), "count": int(hits.sum()), "n": len(hits)}


CODING = [
    "conventions",
    "source_roles",
    "origin_rules",
    "origin_views",
    "alternatives",
    "properties",
    "frames",
]
"""Tables of the raw data by which the evidence is read."""
CURVES = {
    "home": ["frame", "unknown", "region", "mixed", "confidence"],
    "second_order": ["frame", "unknown", "employer_abroad", "founders", "confidence"],
    "subsidiary": ["frame", "unknown", "control", "joint_venture", "institutes", "confidence"],
}
"""Differences whose specification curve is drawn, and the choices below it."""
WEIGHTIEST = {
    "home": "region",
    "start_up": "control",
    "spin_off": "control",
    "subsidiary": "control",
    "academic": "institutes",
    "second_order": "employer_abroad",
    "foreign_subsidiary": "joint_venture",
    "abroad": "control",
    "home_usa": "region",
}
"""The convention of coding that the text names as the weightiest of each result."""


def read_coding(read: Callable[[str], pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Read the tables of `CODING` by name."""
    return {name: read(f"data/raw/coding/{name}.csv") for name in CODING}


def is_default(carrying: pd.DataFrame, choices: dict, differences: pd.DataFrame) -> bool:
    """Say whether the default specifications are the differences of the step before, to 1e-9."""
    default = holding(carrying[carrying["property"] != HOME_USA], choices, frame=None)
    default = default.set_index(["property", "frame"])
    numbers = ["value", "low", "high", "n", "n2", "bound_low", "bound_high"]
    there = differences.set_index(["property", "frame"]).loc[default.index, numbers].astype(float)
    whole = len(default) == len(choices["frame"]) * differences["property"].nunique()
    return whole and np.allclose(default[numbers].astype(float), there, rtol=0, atol=1e-9)


def share_dots(summary: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of specifications as a figure draws them.

    Returns
    -------
    DataFrame
        ``label``, ``series``, ``value``; ``low`` and ``high`` are the value itself.
    """
    series = {
        "share_sign_kept": "sign kept",
        "share_sign_kept_known": "sign kept, unknown firms left out",
        "share_excluding_zero": "interval excludes zero",
    }
    table = summary.loc[summary["property"] != HOME_USA, ["property", *series]]
    long = table.rename(columns=series).melt("property", var_name="series", value_name="value")
    long["label"] = long["property"].map(property_words(properties))
    return long.assign(low=long["value"], high=long["value"])


def turns_only_with_hits(options: pd.DataFrame, names: list[str]) -> bool:
    """Say whether the sign is kept in all specifications in which unknown firms are no hits."""
    rows = options[options["property"].isin(names) & (options["choice"] == "unknown")]
    return bool((rows.loc[rows["option"] != "hit", "share_sign_kept"] == 1).all())


def weight_map(weight: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return mean changes in percentage points: choices (rows, weightiest first) by outcome."""
    wide = weight.pivot(index="convention", columns="property", values="mean_change")
    words = property_words(properties)
    wide = wide[[name for name in words if name in wide]].rename(columns=words)
    order = wide.mean(axis=1).sort_values(ascending=False, kind="stable").index
    spaced = {name: name.replace("_", " ") for name in order}
    return (100 * wide.loc[order]).rename(index=spaced).rename_axis(index=None, columns=None)
