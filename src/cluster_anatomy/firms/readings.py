"""Every reading of the evidence: each firm's origin under all combinations of conventions."""

from collections.abc import Iterator, Mapping, Sequence
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
from cluster_anatomy.tables.cells import split

REACH_SIDE = [
    "region",
    "hong_kong",
    "venture_house",
    "begun_abroad",
    "foreign_house",
    "later_parents",
]
"""Conventions that change where the sources of a firm of known mode sit (`origins.reach`)."""
REGION = "region"
"""The convention of which only the reach has readings."""
OUTSIDE = np.inf
"""Cell of an entry that a property is not about (column ``among`` of the properties)."""
UNKNOWN = -1.0
"""Stands for *unknown* where cells are compared."""
STAND_IN = {"relocation": "relocation", "start_up": "start_up", "unknown": "start_up"}
"""A mode whose sources are looked for in the same role; all other modes are as `subsidiary`."""


def combinations(conventions: pd.DataFrame, changes: Sequence[str], alone: bool = True) -> list:
    """List the readings that the conventions of some kinds allow, the default first.

    Crossed conventions are combined fully, with the others at their defaults; each option of the
    others then comes with everything else at its default (column ``varied``).

    Parameters
    ----------
    conventions : DataFrame
        ``conventions.csv``.
    changes : sequence of str
        Kinds of conventions (column ``changes``) that a reading is made of.
    alone : bool
        Whether conventions that are varied alone are varied at all.

    Returns
    -------
    list of dict
        An option for each of these conventions.
    """
    rows = conventions[conventions["changes"].isin(changes)]
    options, usual = options_of(rows), defaults(rows)
    crossed = list(options_of(rows[rows["varied"] == "crossed"]))
    full = product(*(options[name] for name in crossed))
    readings = [usual | dict(zip(crossed, chosen, strict=True)) for chosen in full]
    if alone:
        others = [name for name in options if name not in crossed]
        readings += [usual | {name: option} for name in others for option in options[name][1:]]
    return readings


def origins_everywhere(
    firms: pd.DataFrame,
    members: pd.DataFrame,
    source_rows: pd.DataFrame,
    coding: Mapping[str, pd.DataFrame],
    alone: bool = True,
) -> pd.DataFrame:
    """Classify every firm under every combination of the conventions on origin.

    Parameters
    ----------
    firms, members, source_rows : DataFrame
        Register, members (step 01) and sources (step 02).
    coding : mapping
        ``conventions``, ``source_roles``, ``origin_rules``, ``origin_views``, ``alternatives``.
    alone : bool
        As in `combinations`.

    Returns
    -------
    DataFrame
        Index: one level per convention on origin, and ``firm_id``. Columns: ``mode``, ``source``,
        ``label``, ``paper_type``, ``second_order``.
    """
    source_rows = _as_in_memory(source_rows)
    usual, parts = defaults(coding["conventions"]), {}
    for reading in combinations(coding["conventions"], ["origin"], alone):
        seen = conditions(firms, source_rows, coding["source_roles"], usual | reading)
        coded = classify(seen, coding["origin_rules"])
        if reading["disputed"] == "alternative":
            coded = override(coded, members, coding["alternatives"])
        parts[tuple(reading.values())] = coded.set_index("firm_id")[["mode", "source"]]
    both = pd.concat(parts, names=list(reading)).reset_index()
    both = both.merge(coding["origin_views"], on=["mode", "source"], how="left", validate="m:1")
    both["second_order"] = second_order(both)
    return both.set_index([*reading, "firm_id"])[
        ["mode", "source", "label", "paper_type", "second_order"]
    ]


def _as_in_memory(source_rows: pd.DataFrame) -> pd.DataFrame:
    """Sources as steps in memory have them: a blank is None, not NA, which has no truth value."""
    return source_rows.astype(object).where(source_rows.notna(), None)


def readings(
    firms: pd.DataFrame,
    members: pd.DataFrame,
    source_rows: pd.DataFrame,
    gazetteer: Gazetteer,
    coding: Mapping[str, pd.DataFrame],
    origins: pd.DataFrame | None = None,
    alone: bool = True,
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
    alone : bool
        As in `combinations`.

    Returns
    -------
    dict of DataFrame
        By property. Rows: combinations of conventions (index levels), the default first; columns:
        entries (``firm_id``); cells: 1 has it, 0 has it not, 0.5 has mixed reach where it is asked
        for the home region, ``nan`` unknown, `OUTSIDE` not at risk.
    """
    source_rows = _as_in_memory(source_rows)
    if origins is None:
        origins = origins_everywhere(firms, members, source_rows, coding, alone)
    on_origin = combinations(coding["conventions"], ["origin"], alone)
    every = pd.MultiIndex.from_frame(pd.DataFrame(on_origin))
    entries = firms.loc[firms["scope"] == "entry", "firm_id"].tolist()
    modes = origins["mode"].unstack("firm_id").loc[every, entries]
    reaches = _reaches(firms, source_rows, gazetteer, modes, coding["conventions"], alone)
    words = {name: origins[name].unstack("firm_id").loc[every, entries] for name in origins}
    # the reach has more readings than the origin: one for each definition of a region
    of_reach = every.get_indexer(reaches.index.droplevel(REGION))
    by_property = {}
    for prop in coding["properties"].itertuples():
        asked = [condition.split("=") for condition in split(prop.among)]
        if "reach" in (prop.column, *(column for column, _ in asked)):
            index = reaches.index
            cells = {name: table.to_numpy()[of_reach] for name, table in words.items()}
            cells["reach"] = reaches.to_numpy()
        else:
            index, cells = every, {name: table.to_numpy() for name, table in words.items()}
        values = _values(cells, prop, asked)
        by_property[prop.property] = pd.DataFrame(values, index=index, columns=entries)
    return by_property


def _values(cells: Mapping[str, np.ndarray], prop, asked: Sequence[Sequence[str]]) -> np.ndarray:
    """Turn words into what `readings` returns for one property (`entries.at_risk`)."""
    shape = cells[prop.column].shape
    inside, doubt = (np.zeros(shape, dtype=bool) for _ in range(2))
    for column, value in asked:
        inside |= cells[column] == value
        doubt |= cells[column] == "unknown"
    own = cells[prop.column]
    return np.select(
        [
            doubt & ~inside,
            np.full(shape, bool(asked)) & ~inside,
            own == prop.unknown,
            own == prop.value,
            (own == "mixed") & (prop.value == "home"),
        ],
        [np.nan, OUTSIDE, np.nan, 1.0, 0.5],
        0.0,
    )


def _reaches(
    firms: pd.DataFrame,
    source_rows: pd.DataFrame,
    gazetteer: Gazetteer,
    modes: pd.DataFrame,
    conventions: pd.DataFrame,
    alone: bool,
) -> pd.DataFrame:
    """Reach of each entry in every reading of its origin and of its region."""
    usual, known = defaults(conventions), {}
    stand_in = modes.apply(lambda column: column.map(STAND_IN)).fillna("subsidiary")
    rows = {}
    for reading in combinations(conventions, ["origin", "reach"], alone):
        options = usual | reading
        # of the founders' convention only one option changes which of their employers count
        every_job = options["founders"] == "first_listed"
        looked_at = (*(options[name] for name in REACH_SIDE), every_job)
        for mode in ("relocation", "subsidiary", "start_up"):
            if (*looked_at, mode) not in known:
                assumed = pd.DataFrame({"firm_id": firms["firm_id"], "mode": mode})
                table = firms_origins.reach(firms, source_rows, assumed, gazetteer, options)
                words = table.set_index("firm_id")["reach"].loc[list(modes.columns)].to_numpy()
                known[*looked_at, mode] = words
        stands = stand_in.loc[tuple(reading[name] for name in modes.index.names)].to_numpy()
        rows[tuple(reading.values())] = np.select(
            [stands == "relocation", stands == "subsidiary"],
            [known[*looked_at, "relocation"], known[*looked_at, "subsidiary"]],
            known[*looked_at, "start_up"],
        )
    index = pd.MultiIndex.from_tuples(rows, names=list(reading))
    return pd.DataFrame(np.stack(list(rows.values())), index=index, columns=modes.columns)


def moved(values: pd.DataFrame) -> pd.DataFrame:
    """Say which entries a convention can move, whatever the other conventions are.

    Parameters
    ----------
    values : DataFrame
        One table of `readings`.

    Returns
    -------
    DataFrame
        One row per entry, one boolean column per convention.
    """
    return pd.DataFrame(
        {name: differs.any(axis=0) for name, _, differs in _differences(values)},
        index=values.columns,
    )


def moving_options(values: pd.DataFrame) -> dict[str, list[str]]:
    """Return the options of each convention that move an entry, after the default.

    Parameters
    ----------
    values : DataFrame
        One table of `readings`, or some of its columns.
    """
    options = {}
    for name, option, differs in _differences(values):
        moving = set(option[differs.any(axis=1)])
        options[name] = [word for word in option.unique() if word in {option[0], *moving}]
    return options


def _differences(values: pd.DataFrame) -> Iterator[tuple[str, pd.Series, np.ndarray]]:
    """Set every reading beside the one that has the default of one convention in its place.

    Yields each convention, its option in every reading, and which cells are others.
    """
    cells, index = values.fillna(UNKNOWN).to_numpy(), values.index
    levels = [index.get_level_values(name).factorize() for name in index.names]
    for level, name in enumerate(index.names):
        codes, sizes = [code for code, _ in levels], [len(words) for _, words in levels]
        codes[level], sizes[level] = np.zeros(len(index), dtype=int), 1
        rest = np.ravel_multi_index(codes, sizes)
        _, first, group = np.unique(rest, return_index=True, return_inverse=True)
        option = pd.Series(index.get_level_values(level))
        yield name, option, cells != cells[first[group]]
