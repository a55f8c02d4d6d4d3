"""Step 10: every reading of the evidence at once.

A multiverse (Steegen, Tuerlinckx, Gelman and Vanpaemel 2016) tries all combinations of the choices
that honest researchers could make; a specification curve (Simonsohn, Simmons and Nelson 2020) sorts
what comes out. The readings are in `cluster_anatomy.firms.readings`, the estimates in
`cluster_anatomy.firms.specifications`; here stands what is said of them.

Proportions are of distinct estimates: specifications that come to the same value and interval count
once. Readings that nobody would defend (`specifications.EXTREMES`) are counted apart.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from cluster_anatomy.figures.curves import CHOICES, OPTIONS
from cluster_anatomy.firms.specifications import EXTREMES, HOME_USA, Estimator, choices_of
from cluster_anatomy.methods.multiverse import by_option, holding, weights
from cluster_anatomy.methods.specification_tests import curve_test


def options_held(table: pd.DataFrame, choices: Sequence[str]) -> pd.DataFrame:
    """Summarise the readings that hold one option, and those that hold one extreme.

    Parameters
    ----------
    table : DataFrame
        From `specifications`, of one pair or of both.
    choices : sequence of str
        The choices to look at.

    Returns
    -------
    DataFrame
        ``pair``, ``extreme`` (yes: the option is one of `EXTREMES`; no: all is defensible) and the
        columns of `by_option` for distinct estimates.
    """
    parts = []
    for pair, part in table.groupby("pair", sort=False):
        defended = by_option(defensible(part), choices, "property", "estimate")
        parts.append(defended.assign(pair=pair, extreme="no"))
        for name, option in EXTREMES.items():
            held = by_option(part, [name], "property", "estimate")
            parts.append(held[held["option"] == option].assign(pair=pair, extreme="yes"))
    return pd.concat(parts, ignore_index=True)


def defensible(table: pd.DataFrame) -> pd.DataFrame:
    """Return the specifications without an extreme option."""
    return table[table["extreme"] == "no"]


def summary(table: pd.DataFrame, options: pd.DataFrame, nearly: float = 0.9) -> pd.DataFrame:
    """Summarise the multiverse of each property on each pair, by distinct estimates.

    Parameters
    ----------
    table : DataFrame
        From `specifications`, of one pair or of both.
    options : DataFrame
        From `options_held`.
    nearly : float
        Share of estimates from which a finding is called robust.

    Returns
    -------
    DataFrame
        ``pair``, ``property``, ``specifications`` (all). Of readings that someone would defend:
        ``estimates`` (distinct ones), ``share_sign_kept``, ``share_excluding_zero``, the three
        again where unknown firms are left out (``_known``), ``min``, ``median``, ``max``,
        ``widest_low``, ``widest_high``, ``share_bounds_excluding_zero`` (worst case of the unknown
        firms of both countries). Of the others: the first three (``_extreme``; shares blank where
        there are none). Of the default: ``value``, ``bound_low``, ``bound_high``. ``verdict``:
        ``robust`` (sign and interval in nearly all), ``sign_robust`` (sign in nearly all),
        ``depends`` (sign in fewer), ``no_difference_seen`` (the interval of the default holds
        zero). ``falls_under``: the options under which most estimates do otherwise than the default
        (lose its sign; or, where it sees no difference, see one), as choice=option.
    """
    rows = []
    for (pair, name), everything in table.groupby(["pair", "property"], sort=False):
        part, default = defensible(everything), everything.query("default == 'yes'").iloc[0]
        distinct = part.drop_duplicates("estimate")
        known = part[part["unknown"].fillna("left_out") == "left_out"]
        extreme = everything[everything["extreme"] == "yes"]
        row = {"pair": pair, "property": name, "specifications": len(everything)}
        for ending, held in {"": part, "_known": known, "_extreme": extreme}.items():
            row |= {f"{key}{ending}": number for key, number in _kept(held).items()}
        row |= default[["value", "bound_low", "bound_high"]].to_dict()
        row |= {key: distinct["value"].agg(key) for key in ("min", "median", "max")}
        row |= {"widest_low": part["bound_low"].min(), "widest_high": part["bound_high"].max()}
        outside = (distinct["bound_low"] > 0) | (distinct["bound_high"] < 0)
        row["share_bounds_excluding_zero"] = outside.mean()
        seen = default["excludes_zero"] == "yes"
        row["verdict"] = _verdict(row, seen, nearly)
        mine = options[(options["pair"] == pair) & (options["property"] == name)]
        lost = mine["share_sign_kept"] < 0.5 if seen else mine["share_excluding_zero"] > 0.5
        row["falls_under"] = "|".join((mine["choice"] + "=" + mine["option"])[lost]) or None
        rows.append(row)
    return pd.DataFrame(rows)


def _kept(held: pd.DataFrame) -> dict[str, float]:
    """Count the distinct estimates of some specifications, and what they keep."""
    distinct = held.drop_duplicates("estimate")
    return {
        "estimates": len(distinct),
        "share_sign_kept": (distinct["sign_kept"] == "yes").mean(),
        "share_excluding_zero": (distinct["excludes_zero"] == "yes").mean(),
    }


def _verdict(row: Mapping[str, float], seen: bool, nearly: float) -> str:
    """Return the word for a summary; ``seen``: the interval of the default excludes zero."""
    if not seen:
        return "no_difference_seen"
    if row["share_sign_kept"] < nearly:
        return "depends"
    return "robust" if row["share_excluding_zero"] >= nearly else "sign_robust"


def curve_tests(
    values: Mapping[str, Mapping[str, pd.DataFrame]],
    entries: Mapping[str, pd.DataFrame],
    coding: Mapping[str, pd.DataFrame],
    tables: Mapping[str, pd.DataFrame],
    **draws: int,
) -> pd.DataFrame:
    """Ask whether the curves of the differences `TESTED` could be luck of the sample.

    The labels of the countries are dealt anew to the firms of both frames, and every defensible
    specification is computed again (`specification_tests.curve_test`).

    Parameters
    ----------
    values, entries, tables
        By pair: from `readings`, the entries, and from `specifications`.
    coding
        As in `specifications`.
    **draws
        ``draws`` and ``seed`` of `curve_test`.

    Returns
    -------
    DataFrame
        ``pair``, ``property`` and what `curve_test` returns for the distinct samples.
        Specifications in which a firm counts half are left out.
    """
    parts = []
    for pair, table in tables.items():
        choices = choices_of(coding["frames"], coding["conventions"], pair)
        usual = {name: options[0] for name, options in choices.items()}
        compute = Estimator(values[pair], entries[pair], coding["frames"], np.nan)
        country = entries[pair].set_index("firm_id")["country"].reindex(compute.firm_ids)
        chinese = (country == "China").to_numpy(dtype=bool)
        whole = defensible(table[table["mixed"] != "half"])
        for name in TESTED:
            chosen = whole.loc[whole["property"] == name, list(choices)].astype(object)
            chosen = chosen.fillna(usual)
            known, hits = compute.samples(name, chosen.to_dict("records"))
            counts = known.any(axis=0)
            samples = np.unique(np.stack([known, hits], axis=1)[:, :, counts], axis=0)
            found = curve_test(samples[:, 0], samples[:, 1], chinese[counts], **draws)
            parts.append(found.drop(columns="distinct").assign(pair=pair, property=name))
    return pd.concat(parts, ignore_index=True)


def convention_weight(
    table: pd.DataFrame, counted: pd.DataFrame, conventions: pd.DataFrame
) -> pd.DataFrame:
    """Weigh every choice of a pair among its defensible readings, if it moves an entry or not.

    Parameters
    ----------
    table : DataFrame
        From `specifications`, of one pair.
    counted : DataFrame
        From `movable` on the same pair; properties that are not compared do not matter.
    conventions : DataFrame
        ``conventions.csv``.

    Returns
    -------
    DataFrame
        ``property``, ``convention``, ``kind`` (``coding``: how evidence is read; ``data``: frame,
        confidence, unknown, period), ``entries_moved``, ``mean_change``, ``largest_change``,
        ``variance_share``, ``rank`` (the last four blank where the choice is not varied). See
        `weights`.
    """
    counted = counted.loc[table["property"].unique()]
    weight = weights(defensible(table), list(counted.columns), "property")
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
    ("interval", "home", "period", "1980_1998"),
    ("interval", "second_order", "period", "1980_1998"),
    ("interval", "spin_off_of_founded", "period", "1980_1998"),
    ("sign", "spin_off_of_founded", "frame", "cn_named_or_listed"),
    ("sign", "spin_off_of_founded", "frame", "cn_paper"),
    ("sign", "spin_off_of_founded", "frame", "cn_lists"),
]
"""Options that are quoted, of the classic pair: what is asked, property, choice, option."""
ASKED = {
    "sign": ("share_sign_kept", "estimates", "keep the sign of the default"),
    "interval": ("share_excluding_zero", "estimates", "have an interval that excludes zero"),
    "known": (
        "share_sign_kept_known",
        "estimates_known",
        "that leave unknown firms out keep the sign of the default",
    ),
}
"""What is asked of the estimates: columns of the summary, and how a sentence says it."""
ENDINGS = {"classic": "", "listed": "_listed"}
"""How the ids of a pair's results end."""
TESTED = [
    "home",
    "start_up",
    "home_of_founded",
    "academic_of_founded",
    "second_order_of_start_ups",
    "spin_off_of_founded",
]
"""Differences whose curve is tested by permuting the countries."""
STATISTICS = {
    "median": "median of the differences",
    "share_dominant_sign": "share with one sign",
    "share_excluding_zero": "share excluding zero",
}
"""Statistics of `curve_test`, in words."""


def choices_in_words(choices: Mapping[str, Sequence[str]], frames: pd.DataFrame) -> pd.DataFrame:
    """Return the choices that have an alternative, for reading: usual option, other options.

    Parameters
    ----------
    choices : mapping
        From `specifications.choices_of`.
    frames : DataFrame
        ``frame``, ``label``: frames go by their label.
    """
    labels = frames.set_index("frame")["label"].to_dict() | OPTIONS
    rows = {}
    for name, options in choices.items():
        usual, *others = [labels.get(option, option.replace("_", " ")) for option in options]
        if others:
            rows[_choice(name)] = [usual, "; ".join(others)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["usual", "also tried"])


def _choice(name: str) -> str:
    return CHOICES.get(name, name.replace("_", " "))


def property_words(properties: pd.DataFrame) -> dict[str, str]:
    """Return what each outcome is called in a sentence."""
    words = properties.set_index("property")["label"].to_dict()
    return words | {HOME_USA: "American home share less the published"}


def findings(summary: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Say for each difference how many estimates keep its sign and exclude zero (`ASKED`).

    Parameters
    ----------
    summary : DataFrame
        From `summary`.
    properties : DataFrame
        ``property`` and ``label``.

    Returns
    -------
    DataFrame
        ``kind``, ``pair``, ``ending`` (`ENDINGS`), ``property``, ``label``, ``does`` (the verb of
        the sentence), ``value`` (share), ``n`` (distinct estimates that someone would defend),
        ``count``.
    """
    words, rows = property_words(properties), []
    for row in summary[summary["property"] != HOME_USA].to_dict("records"):
        about = {"pair": row["pair"], "ending": ENDINGS[row["pair"]], "property": row["property"]}
        about["label"] = words[row["property"]]
        for kind, (column, counted, does) in ASKED.items():
            value, n = row[column], row[counted]
            numbers = {"value": value, "n": n, "count": round(value * n)}
            rows.append({"kind": kind, **about, "does": does, **numbers})
    return pd.DataFrame(rows)


def quoted_options(options: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return what holds where a choice has one option, for those of `QUOTED`.

    Parameters
    ----------
    options : DataFrame
        From `options_held`.
    properties : DataFrame
        ``property`` and ``label``.

    Returns
    -------
    DataFrame
        As `findings`, with ``choice`` and ``option``.
    """
    held = options[options["pair"] == "classic"].set_index(["property", "choice", "option"])
    words, rows = property_words(properties), []
    for kind, name, choice, option in QUOTED:
        (column, _, does), row = ASKED[kind], held.loc[(name, choice, option)]
        n = int(row["estimates"])
        about = {"kind": kind, "property": name, "choice": choice, "option": option, "does": does}
        numbers = {"value": row[column], "n": n, "count": round(row[column] * n)}
        rows.append(about | {"label": words[name]} | numbers)
    return pd.DataFrame(rows)


def permuted(tests: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return the p of the curves' tests as results, with what their words name."""
    return tests.assign(
        ending=tests["pair"].map(ENDINGS),
        label=tests["property"].map(property_words(properties)),
        statistic_words=tests["statistic"].map(STATISTICS),
        observed=(100 * tests["value"]).round().astype(int),
        value=tests["p"],
    ).drop(columns="n")


def tests_in_words(tests: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return the p of each statistic by difference and pair, for reading."""
    table = tests.assign(
        difference=tests["property"].map(property_words(properties)) + ", " + tests["pair"],
        statistic=tests["statistic"].map(STATISTICS),
    )
    wide = table.pivot(index="difference", columns="statistic", values="p")
    order = list(dict.fromkeys(table["difference"]))
    return wide.loc[order, list(STATISTICS.values())].rename_axis(index=None, columns=None)


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
    table: pd.DataFrame, summary: pd.DataFrame, weight: pd.DataFrame, choices: dict
) -> dict[str, dict[str, float] | float]:
    """Return the numbers that no table holds, by id of the result.

    Parameters
    ----------
    table, summary : DataFrame
        From `specifications` (classic pair) and `summary`.
    weight : DataFrame
        From `convention_weight`.
    choices : dict
        From `choices_of`.
    """
    american = defensible(table[table["property"] == HOME_USA]).drop_duplicates("estimate")
    covers = american["excludes_zero"] == "no"
    metro = covers[american["region"] == "metro"]
    rows = summary[summary["pair"] == "classic"].set_index("property")
    parts = ["value", "low", "high", "n", "bound_low", "bound_high"]
    second = table[table["property"] == "second_order"]
    as_at_home = holding(second, choices, employer_abroad="as_at_home").squeeze()
    city = holding(table[table["property"] == "home"], choices, region="city").squeeze()
    first = int((weight.loc[weight["rank"] == 1, "kind"] == "data").sum())
    return {
        "estimates_defensible": summary["estimates"].sum(),
        "estimates_extreme": summary["estimates_extreme"].sum(),
        "data_weighs_most": {"value": first, "n": len(rows)},
        "home_usa_specifications_covering_published": _part(covers),
        "home_usa_metro_covering_published": _part(metro),
        "start_up_worst_case": {
            "value": rows.loc["start_up", "widest_high"],
            "n": rows.loc["start_up", "estimates"],
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
    "home_of_founded": ["frame", "unknown", "period", "region", "mixed", "control", "confidence"],
    "second_order_of_start_ups": ["frame", "unknown", "period", "founders", "employer_abroad"],
    "spin_off_of_founded": ["frame", "unknown", "period", "control", "institutes", "confidence"],
}
"""Differences whose specification curve is drawn, and the choices below it."""
WEIGHTIEST = {
    "start_up": "control",
    "spin_off_of_founded": "control",
    "home_of_founded": "control",
    "academic_of_founded": "institutes",
    "second_order_of_start_ups": "employer_abroad",
}
"""The conventions of coding that the text names as the weightiest of a result."""


def read_coding(read: Callable[[str], pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Read the tables of `CODING` by name."""
    return {name: read(f"data/raw/coding/{name}.csv") for name in CODING}


def read_pair(read: Callable[[str], pd.DataFrame], pair: str) -> list[pd.DataFrame]:
    """Read the firms, members and sources of a pair of frames."""
    before = {"classic": "", "listed": "listed_"}[pair]
    names = ("firms", "firm_evidence", "sources")
    return [read(f"data/processed/{before}{name}.csv") for name in names]


def curve(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the defensible specifications of a difference on the classic pair."""
    held = defensible(table)
    return held[(held["pair"] == "classic") & (held["property"] == name)]


def is_default(table: pd.DataFrame, choices: dict, differences: pd.DataFrame) -> bool:
    """Say whether the defaults of both pairs are the differences of the step before, to 1e-9."""
    compared = table[table["property"] != HOME_USA]
    default = holding(compared, choices, frame=None, us_frame=None)
    default = default.set_index(["property", "frame"])
    numbers = ["value", "low", "high", "n", "n2", "bound_low", "bound_high"]
    there = differences.set_index(["property", "frame"])[numbers].reindex(default.index)
    found, wanted = default[numbers].astype(float), there.astype(float)
    return len(default) > 0 and np.allclose(found, wanted, rtol=0, atol=1e-9)


def ranges(summary: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return the range of each difference over its readings, as a figure draws it.

    Returns
    -------
    DataFrame
        ``label``, ``series`` (the pair), ``value`` (median), ``low`` (least), ``high`` (greatest).
    """
    words = {name: label for name, label in property_words(properties).items() if name != HOME_USA}
    rows = summary.set_index("property")
    rows = rows.loc[[name for name in words if name in rows.index]]
    numbers = {"value": rows["median"], "low": rows["min"], "high": rows["max"]}
    about = {"label": rows.index.map(words), "series": rows["pair"] + " pair"}
    return pd.DataFrame(about | numbers).reset_index(drop=True)


def share_map(summary: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return what part of the estimates keeps the sign and excludes zero, by difference and pair.

    Returns
    -------
    DataFrame
        Percentages; ``extremes`` are the readings that nobody would defend.
    """
    columns = {
        "share_sign_kept": "sign kept",
        "share_excluding_zero": "zero excluded",
        "share_sign_kept_extreme": "extremes: sign kept",
    }
    rows = summary[summary["property"] != HOME_USA]
    wide = rows.pivot(index="property", columns="pair", values=list(columns))
    words = property_words(properties)
    wide = 100 * wide.loc[[name for name in words if name in wide.index]]
    order = [(column, pair) for pair in ENDINGS for column in columns]
    wide = wide[order].set_axis([f"{pair}: {columns[column]}" for column, pair in order], axis=1)
    return wide.rename(index=words).rename_axis(index=None)


def weight_map(weight: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return mean changes in percentage points: choices (rows, weightiest first) by outcome."""
    wide = weight.pivot(index="convention", columns="property", values="mean_change")
    words = property_words(properties)
    wide = wide[[name for name in words if name in wide]].rename(columns=words).dropna(how="all")
    order = wide.mean(axis=1).sort_values(ascending=False, kind="stable").index
    spoken = {name: _choice(name) for name in order}
    return (100 * wide.loc[order]).rename(index=spoken).rename_axis(index=None, columns=None)
