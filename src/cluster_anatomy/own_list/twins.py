"""Firms of one place whose names look alike: are they one firm?"""

from math import log2
from typing import Any

import pandas as pd

from cluster_anatomy.firms import linkage
from cluster_anatomy.own_list.places import blank
from cluster_anatomy.reading.cells import Cells
from cluster_anatomy.reading.headings import fold

MOST_TWINS = 20
"""Pairs that are said one by one, the likeliest first; the others are counted."""
MANY, FEW = 4000, 20
"""Firms above which a key that more names than a few share makes no pairs."""
UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "oe", "å": "aa"}
)
"""How German and Scandinavian names are written without their letters."""


def twins(firms: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of firms that the linkage model takes for one (`firms.linkage`).

    Only firms that may be at one place are paired: those of one country of which the places are
    the same or one is not known.

    Parameters
    ----------
    firms : DataFrame
        Contract ``own_firms``; the index is the row of the file.

    Returns
    -------
    DataFrame
        ``first``, ``second`` (rows, the earlier one first), ``first_name``, ``second_name`` (the
        names that met) and ``probability``, the likeliest pair first.
    """
    named = _different(firms)
    records = pd.DataFrame(
        {
            "record_id": [f"{row:08}" for row in named],
            "name": [firm.name for firm in named.values()],
            "other_names": ["|".join(_spellings(firm)) for firm in named.values()],
            "place": [" ".join(_place(firm)) or None for firm in named.values()],
            "country": [blank(firm.country) or None for firm in named.values()],
        },
        dtype=object,
    )
    columns = ["first", "second", "first_name", "second_name", "probability"]
    model = linkage.load_model()
    prepared = linkage.prepare(records, model)
    largest = model.largest_block if len(named) <= MANY else FEW
    met = _meetings(linkage.limit_keys(prepared, largest), named)
    if met.empty:
        return pd.DataFrame(columns=columns)
    met["probability"] = _probabilities(met, model)
    met = met[met["probability"] >= model.same_from]
    pairs = pd.DataFrame(
        {
            "first": met["record_id_l"].astype(int),
            "second": met["record_id_r"].astype(int),
            "first_name": met["name_l"],
            "second_name": met["name_r"],
            "probability": met["probability"],
        }
    )
    order = ["probability", "first", "second", "first_name", "second_name"]
    pairs = pairs.sort_values(order, ascending=[False, True, True, True, True])
    pairs = pairs.drop_duplicates(["first", "second"], ignore_index=True)
    for side in ("first", "second"):
        met_names = zip(pairs[side], pairs[f"{side}_name"], strict=True)
        pairs[f"{side}_name"] = [_as_given(named[row], name) for row, name in met_names]
    return pairs


def _different(firms: pd.DataFrame) -> dict:
    """Return the firms by row; of those that have one name at one place, the first."""
    first: dict[tuple, Any] = {}
    for firm in firms[firms["name"].notna()].itertuples():
        where = (blank(firm.country), *_place(firm))
        first.setdefault((fold(firm.name) or firm.name, where), firm)
    return {firm.Index: firm for firm in first.values()}


def _meetings(prepared: pd.DataFrame, firms: dict) -> pd.DataFrame:
    """Return the pairs of names that share a key, in columns ``x_l`` and ``x_r`` as the model's SQL
    has them; only of firms that may be at one place.
    """
    keys = prepared[["name_id", "record_id", "keys"]].explode("keys").dropna()
    both = keys.merge(keys, on="keys", suffixes=("_l", "_r"))
    both = both[both["record_id_l"] < both["record_id_r"]]
    records = both[["record_id_l", "record_id_r"]].drop_duplicates().itertuples(index=False)
    near = {
        (left, right) for left, right in records if not _apart(firms[int(left)], firms[int(right)])
    }
    kept = [pair in near for pair in zip(both["record_id_l"], both["record_id_r"], strict=True)]
    names = both.loc[kept, ["name_id_l", "name_id_r"]].drop_duplicates()
    table = prepared.drop(columns="keys").set_index("name_id")
    left = table.loc[names["name_id_l"]].add_suffix("_l").reset_index(drop=True)
    right = table.loc[names["name_id_r"]].add_suffix("_r").reset_index(drop=True)
    return pd.concat([left, right], axis=1)


def _probabilities(met: pd.DataFrame, model: linkage.Model) -> list[float]:
    """Return how likely each pair of names is one firm (Fellegi and Sunter 1969).

    The same sum as splink's, which takes longer to load than all else that a check does.
    """
    import duckdb

    bits = " + ".join(_bits(comparison) for comparison in model.comparisons)
    shared = linkage.sql_levels("{shared}")[1:-1]  # written once, as it stands in every level
    once = f"SELECT *, {shared} AS shared FROM met"
    prior = log2(model.prior / (1 - model.prior))
    query = f"SELECT {prior} + {bits.replace(shared, 'shared')} FROM ({once})"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("met", met)
        weights = connection.execute(query).fetchall()
    return [1 / (1 + 2**-weight) for (weight,) in weights]


def _bits(comparison: linkage.Comparison) -> str:
    """Return the SQL for what a comparison adds to the log-odds of two names."""
    cases = [f"WHEN {comparison['null']} THEN 0e0"]
    for level in comparison["levels"]:
        condition = "TRUE" if level["sql"] == "ELSE" else linkage.sql_levels(level["sql"])
        cases.append(f"WHEN {condition} THEN {log2(level['m'] / level['u']):.6f}e0")
    return f"CASE {' '.join(cases)} END"


def _place(firm) -> list[str]:
    return [part for part in (blank(firm.place), blank(firm.admin)) if part]


def _spellings(firm) -> list[str]:
    """Return the names of a firm and how they are written without umlauts."""
    names = names_of(firm)
    return list(dict.fromkeys([*names[1:], *(name.translate(UMLAUTS) for name in names)]))


def _as_given(firm, name: str) -> str:
    """Return the name of a firm of which another spelling met."""
    return next((own for own in names_of(firm) if own.translate(UMLAUTS) == name), name)


def _apart(first, second) -> bool:
    """Whether two rows are at different places, or have the same name, which is said elsewhere."""
    places = [_place(firm) for firm in (first, second)]
    elsewhere = all(places) and places[0] != places[1]
    same_name = fold(first.name) == fold(second.name)
    return blank(first.country) != blank(second.country) or elsewhere or same_name


def warn_of_twins(cells: Cells, firms: pd.DataFrame) -> None:
    """Warn of firms of one place of which some names look alike."""
    if firms["name"].notna().sum() < 2:
        return
    found = twins(firms)
    for pair in found.head(MOST_TWINS).itertuples():
        how = f"twins: {100 * pair.probability:.0f} of 100"
        wrong = f"looks like '{pair.first_name}' in row {pair.first} ({how})"
        remedy = "if they are one, take a row out and keep its name in other_names"
        cells.warn(
            pair.second, "name", pair.second_name, f"{wrong}, but they count as two firms", remedy
        )
    if len(found) > MOST_TWINS:
        wrong = f"{len(found) - MOST_TWINS:,} more pairs of names look alike"
        cells.warn(None, "name", None, wrong)


def names_of(firm) -> list[str]:
    """Return every name of a firm."""
    cells = (firm.name, firm.name_local, firm.other_names, firm.former_names)
    return [part for cell in cells for part in blank(cell).split("|") if part]
