"""Every reading of the evidence: each firm's origin under all combinations of conventions."""

from collections.abc import Mapping
from functools import partial
from itertools import product

import numpy as np
import pandas as pd

from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms.origins import (
    classify,
    conditions,
    defaults,
    options_of,
    override,
    second_order,
)
from cluster_anatomy.firms.places import Gazetteer

FOUNDER_SIDE = ["employer_abroad", "institutes", "stations", "founders"]
"""Conventions that change what is known of founders (`origins.conditions`)."""
PARENT_SIDE = ["joint_venture", "institutes", "hong_kong", "stations"]
"""Conventions that change what is known of parents."""
STAND_IN = {"relocation": "relocation", "start_up": "start_up", "unknown": "start_up"}
"""A mode whose sources are looked for in the same role; all other modes are as `subsidiary`."""


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
            f"firms/readings.py does not say which side of an entry the convention '{min(new)}'"
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
