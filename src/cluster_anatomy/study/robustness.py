"""Step 10: every reading of the evidence at once.

A multiverse (Steegen, Tuerlinckx, Gelman and Vanpaemel 2016) tries all combinations of the choices
that honest researchers could make; a specification curve (Simonsohn, Simmons and Nelson 2020) sorts
what comes out. What is general about both is in `cluster_anatomy.methods.multiverse`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import product

import numpy as np
import pandas as pd

from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms.coders import CONFIDENCE_ORDER
from cluster_anatomy.firms.entries import MIXED_WEIGHT, in_frame
from cluster_anatomy.firms.origins import (
    classify,
    conditions,
    defaults,
    options_of,
    override,
    second_order,
)
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.methods.differences import difference
from cluster_anatomy.methods.multiverse import holding, judge, multiverse, weights
from cluster_anatomy.methods.shares import share

FOUNDER_SIDE = ["employer_abroad", "institutes", "stations", "founders"]
"""Conventions that change what is known of founders (`origins.conditions`)."""
PARENT_SIDE = ["joint_venture", "institutes", "hong_kong", "stations"]
"""Conventions that change what is known of parents."""
STAND_IN = {"relocation": "relocation", "start_up": "start_up", "unknown": "start_up"}
"""A mode whose sources are looked for in the same role; all other modes are as `subsidiary`."""
UNKNOWN = ["left_out", "not_hit", "hit"]
CONFIDENCE = ["low", "medium", "high"]
HOME_USA = "home_usa"
"""The American share from the home region, less the published one, beside the differences."""


def origins_everywhere(
    firms: pd.DataFrame,
    members: pd.DataFrame,
    source_rows: pd.DataFrame,
    coding: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """Classify every firm under every combination of the conventions on origin.

    What is known of founders and of parents depends on few conventions each: both sides are
    computed once per combination of their own conventions, put together, and classified in one go.

    Parameters
    ----------
    firms, members, source_rows : DataFrame
        Register, members (step 01) and sources (step 02).
    coding : mapping
        ``conventions``, ``source_roles``, ``origin_rules``, ``origin_views``, ``alternatives``.

    Returns
    -------
    DataFrame
        Index: one level per convention on origin, and ``firm_id``. Columns: ``mode``, ``source``,
        ``label``, ``paper_type``, ``second_order``.

    Raises
    ------
    ValueError
        If there is a convention on origin of which this function does not know what it changes.
    """
    options, usual = options_of(coding["conventions"]), defaults(coding["conventions"])
    names = _conventions_on_origin(coding["conventions"])
    side = partial(_side, firms, source_rows, coding["source_roles"], options, usual)
    founders = side(FOUNDER_SIDE, control="founder_first")
    parents = side(PARENT_SIDE, control="parent_first")
    varied = [name for name in names if name != "disputed"]
    parts = {}
    for combination in product(*(options[name] for name in varied)):
        reading = dict(zip(varied, combination, strict=True))
        parts[combination] = _both_sides(
            parents[tuple(reading[name] for name in PARENT_SIDE)],
            founders[tuple(reading[name] for name in FOUNDER_SIDE)],
            reading["control"],
        )
    stacked = pd.concat(parts, names=varied)
    coded = classify(stacked.reset_index(drop=True), coding["origin_rules"])
    coded = coded.set_index(stacked.index)[["mode", "source"]]
    by_default = classify(parts[tuple(usual[name] for name in varied)], coding["origin_rules"])
    other = override(by_default, members, coding["alternatives"])
    both = pd.concat(
        {"as_coded": coded, "alternative": _with_alternatives(coded, other)}, names=["disputed"]
    )
    both = both.reset_index().merge(
        coding["origin_views"], on=["mode", "source"], how="left", validate="m:1"
    )
    both["second_order"] = second_order(both)
    return both.set_index([*names, "firm_id"])[
        ["mode", "source", "label", "paper_type", "second_order"]
    ]


def _conventions_on_origin(conventions: pd.DataFrame) -> list[str]:
    """Names of the conventions that change an origin, each of which this module must know."""
    on_origin = set(conventions.loc[conventions["changes"] == "origin", "convention"])
    if new := on_origin - {*FOUNDER_SIDE, *PARENT_SIDE, "control", "disputed"}:
        raise ValueError(
            f"robustness.py does not say which side of an entry the convention '{min(new)}'"
            " changes."
        )
    return [name for name in options_of(conventions) if name in on_origin]


def _side(
    firms: pd.DataFrame,
    source_rows: pd.DataFrame,
    roles: pd.DataFrame,
    options: Mapping[str, list[str]],
    usual: Mapping[str, str],
    names: list[str],
    control: str,
) -> dict[tuple[str, ...], pd.DataFrame]:
    """Conditions of all firms for each combination of the conventions on one side of an entry."""
    return {
        key: conditions(
            firms,
            source_rows,
            roles,
            {**usual, **dict(zip(names, key, strict=True)), "control": control},
        )
        for key in product(*(options[name] for name in names))
    }


def _both_sides(parents: pd.DataFrame, founders: pd.DataFrame, control: str) -> pd.DataFrame:
    """Conditions on parents and on founders, put together."""
    on_founders = [column for column in parents if column.startswith("founder_")]
    if control == "founder_first":
        on_founders.append("parent_decides")
    return parents.assign(**{column: founders[column] for column in on_founders})


def _with_alternatives(coded: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Origins with the other reading of each disputed firm, from `override`."""
    disputed = other[other["rule"] == "disputed_alternative"].set_index("firm_id")
    firm = coded.index.get_level_values("firm_id")
    return coded.assign(
        **{
            column: pd.Series(firm.map(disputed[column]), index=coded.index).fillna(coded[column])
            for column in ("mode", "source")
        }
    )


def readings(
    firms: pd.DataFrame,
    members: pd.DataFrame,
    source_rows: pd.DataFrame,
    gazetteer: Gazetteer,
    coding: Mapping[str, pd.DataFrame],
    origins: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """Say whether each entry has each property, under every combination of conventions.

    Parameters
    ----------
    firms, members, source_rows : DataFrame
        Register, members, sources.
    gazetteer : Gazetteer
        The places that cities of sources mean.
    coding : mapping
        As in `origins_everywhere`, and ``properties``.
    origins : DataFrame, optional
        From `origins_everywhere`, if it is known already.

    Returns
    -------
    dict of DataFrame
        By property. Rows: combinations of conventions (index levels), the default first; columns:
        entries (``firm_id``); cells: 1 has it, 0 has it not, 0.5 mixed reach, ``nan`` unknown.
    """
    options = options_of(coding["conventions"])
    # as steps in memory have it: a blank is None, not pandas' NA, which has no truth value
    source_rows = source_rows.astype(object).where(source_rows.notna(), None)
    if origins is None:
        origins = origins_everywhere(firms, members, source_rows, coding)
    names = [name for name in origins.index.names if name != "firm_id"]
    every = pd.MultiIndex.from_product([options[name] for name in names], names=names)
    entries = firms.loc[firms["scope"] == "entry", "firm_id"].tolist()
    modes = origins["mode"].unstack("firm_id").loc[every, entries]
    reaches = _reaches(firms, source_rows, gazetteer, modes, options)
    by_property = {}
    for prop in coding["properties"].itertuples():
        words = (
            reaches
            if prop.column == "reach"
            else origins[prop.column].unstack("firm_id").loc[every, entries]
        )
        cells = words.to_numpy()
        values = np.select(
            [cells == prop.unknown, cells == prop.value, cells == "mixed"], [np.nan, 1.0, 0.5], 0.0
        )
        by_property[prop.property] = pd.DataFrame(values, index=words.index, columns=entries)
    return by_property


def _reaches(
    firms: pd.DataFrame,
    source_rows: pd.DataFrame,
    gazetteer: Gazetteer,
    modes: pd.DataFrame,
    options: Mapping[str, list[str]],
) -> pd.DataFrame:
    """Reach of each entry for each combination in ``modes`` and each definition of a region."""
    stand_in = modes.apply(lambda column: column.map(STAND_IN)).fillna("subsidiary").to_numpy()
    offshore = modes.index.get_level_values("hong_kong").to_numpy()[:, None]
    parts = {}
    for level in options["region"]:
        reach = np.full(modes.shape, None, dtype=object)
        for hong_kong, mode in product(
            options["hong_kong"], ["relocation", "subsidiary", "start_up"]
        ):
            assumed = pd.DataFrame({"firm_id": firms["firm_id"], "mode": mode})
            table = firms_origins.reach(
                firms, source_rows, assumed, gazetteer, level, hong_kong
            ).set_index("firm_id")
            fits = (offshore == hong_kong) & (stand_in == mode)
            words = table["reach"].loc[list(modes.columns)].to_numpy()
            reach = np.where(fits, words[None, :], reach)
        parts[level] = pd.DataFrame(reach, index=modes.index, columns=modes.columns)
    names = [*modes.index.names, "region"]
    every = pd.MultiIndex.from_product([options[name] for name in names], names=names)
    return pd.concat(parts, names=["region"]).reorder_levels(names).loc[every]


def moved(values: pd.DataFrame) -> pd.DataFrame:
    """Say which entries a convention can move, whatever the other conventions are.

    Parameters
    ----------
    values : DataFrame
        One table of `readings`: the full product of its index levels, the last one varying fastest.

    Returns
    -------
    DataFrame
        One row per entry, one boolean column per convention.
    """
    shape = [len(values.index.get_level_values(name).unique()) for name in values.index.names]
    cube = values.fillna(-1).to_numpy().reshape(*shape, values.shape[1])
    moves = {}
    for axis, name in enumerate(values.index.names):
        differs = cube != cube.take([0], axis=axis)
        moves[name] = differs.any(axis=tuple(range(len(shape))))
    return pd.DataFrame(moves, index=values.columns)


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
        evidence is less than sure), ``frame`` and ``us_frame`` (entries, 0 where there is only one
        frame or the frame does not count).
    """
    inside = {frame: in_frame(entries, frames, frame)["firm_id"] for frame in (*chinese, *american)}
    rows = {}
    for outcome in [*values, *([HOME_USA] if "home" in values else [])]:
        table = values["home" if outcome == HOME_USA else outcome]
        used = american if outcome == HOME_USA else [*chinese, *american]
        firm_ids = sorted(set().union(*(inside[frame] for frame in used)))
        part = table[firm_ids]
        mixed = outcome in ("home", HOME_USA)
        sure = entries.set_index("firm_id")["confidence"].loc[firm_ids]
        rows[outcome] = {
            **moved(part).sum().to_dict(),
            "mixed": int((part == 0.5).any().sum()) if mixed else 0,
            "unknown": int(part.isna().any().sum()),
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

    def __call__(self, outcome: str, chosen: Mapping[str, str]) -> dict[str, float | None]:
        """Estimate one property under one specification."""
        name = "home" if outcome == HOME_USA else outcome
        usa = self.count(name, chosen, chosen["us_frame"])
        us_bounds = self.share(*usa)
        us_hits, us_n = _treated(*usa, chosen["unknown"])
        if outcome == HOME_USA:
            own, gap = self.share(us_hits, us_n), self.published
            return {
                **{key: own[key] - gap for key in ("value", "low", "high")},
                "n": us_n,
                "n2": None,
                **{key: us_bounds[key] - gap for key in ("bound_low", "bound_high")},
            }
        china = self.count(name, chosen, chosen["frame"])
        bounds = self.share(*china)
        return {
            **self.difference(*_treated(*china, chosen["unknown"]), us_hits, us_n),
            "bound_low": bounds["bound_low"] - us_bounds["bound_high"],
            "bound_high": bounds["bound_high"] - us_bounds["bound_low"],
        }

    def count(self, name: str, chosen: Mapping[str, str], frame: str) -> tuple[float, int, int]:
        """Return hits, firms known and firms unknown of a property in a frame."""
        row = self.rows[name][tuple(chosen[level] for level in self.levels[name])]
        cells = row[self.inside[frame, chosen["confidence"]]]
        weight = MIXED_WEIGHT[chosen["mixed"]] if name == "home" else 0.0
        unknown = int(np.isnan(cells).sum())
        hits = float((cells == 1).sum() + weight * (cells == 0.5).sum())
        return hits, len(cells) - unknown, unknown


def _masks(
    entries: pd.DataFrame, frames: pd.DataFrame, firm_ids: pd.Index
) -> dict[tuple[str, str], np.ndarray]:
    """Which firms are in each frame, and sure enough, by frame and level of confidence."""
    rank_of = {word: rank for rank, word in enumerate(CONFIDENCE_ORDER)}
    rank = entries.set_index("firm_id")["confidence"].map(rank_of).reindex(firm_ids)
    masks = {}
    for frame, level in product(frames["frame"], CONFIDENCE):
        member = rank.index.isin(in_frame(entries, frames, frame)["firm_id"])
        sure = (rank.isna() | (rank <= rank_of[level])).to_numpy(dtype=bool)
        masks[frame, level] = member & sure
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
    (`movable`).

    Returns
    -------
    DataFrame
        ``property``, ``specification`` (1 is the default), ``carries_shares`` (yes, no), the
        choices, what `Estimator` computes, ``excludes_zero``, ``sign_kept``, ``default``.
    """
    compute = Estimator(values, entries, frames, published)
    parts = []
    for carries in ("yes", "no"):
        choices = choices_of(frames, conventions, carries)
        names = choices["frame"], choices["us_frame"]
        table = multiverse(
            choices, compute, movable(values, entries, frames, *names)[list(choices)] > 0
        )
        # a frame that is the only one is not a choice, but the reader wants its name
        table["us_frame"] = names[1][0]
        table["frame"] = table["frame"].fillna(names[0][0]).where(table["outcome"] != HOME_USA)
        parts.append(
            table.assign(
                carries_shares=carries, default=table["default"] if carries == "yes" else "no"
            )
        )
    table = judge(pd.concat(parts, ignore_index=True))
    table["specification"] = table.groupby("outcome").cumcount() + 1
    table["outcome"] = pd.Categorical(table["outcome"], table["outcome"].unique())
    table = table.sort_values(["outcome", "specification"], ignore_index=True)
    return table.astype({"outcome": "str"}).rename(columns={"outcome": "property"})


def choices_of(
    frames: pd.DataFrame, conventions: pd.DataFrame, carries: str
) -> dict[str, list[str]]:
    """Return all choices with their options, defaults first, on frames that carry shares or not.

    Of the frames that cannot, only the widest of each country is taken (``scope=entry``: all firms
    found).
    """
    compared = frames[frames["carries_shares"] == carries]
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
    return (100 * wide.loc[order]).rename_axis(index=None, columns=None)
