"""Pairs of frames of step 06: what can be compared on each, and how firmly it stands.

The classic pair is of the paper's era; the listed pair holds firms that went public since 2008. A
difference is taken within a pair only, and only where both frames can hold the property.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from cluster_anatomy.firms.entries import at_risk, comparable, in_frame, property_share
from cluster_anatomy.methods.bootstrap import family_bootstrap
from cluster_anatomy.methods.differences import difference, difference_tests
from cluster_anatomy.methods.shares import share
from cluster_anatomy.methods.weighting import inverse_yields, weighted_share
from cluster_anatomy.study.china_usa import differences, labelled, origin_table, property_shares
from cluster_anatomy.tables.cells import split

CONTRASTS = {
    "start_up": "start-ups, of all entries",
    "spin_off_of_founded": "spin-offs, of all but subsidiaries",
    "academic_of_founded": "from academia, of start-ups and spin-offs",
    "second_order_of_start_ups": "by staff of the industry, of start-ups",
    "home_of_domestic": "from home, of those with domestic sources",
    "home_of_founded": "from home, of start-ups and spin-offs",
}
"""The contrasts that lead, in words: start-ups, and what both frames of each pair hold alike."""
FOUNDED = {
    "abroad": "from abroad",
    "home_of_domestic": "from home, of those with domestic sources",
}
"""What is said of start-ups and spin-offs alone."""
INTERVALS = {
    "sampling": ("low", "high"),
    "bounds": ("bound_low", "bound_high"),
    "joint": ("joint_low", "joint_high"),
    "families": ("family_low", "family_high"),
    "weighted": ("weighted_low", "weighted_high"),
}
"""What a difference is given with, and the columns of both ends."""

STRATA = {
    "abroad": "China, listed in Hong Kong or the USA",
    "mainland": "China, listed on the mainland",
    "venture": "USA, with venture capital",
    "others": "USA, others",
}
"""Lists of the listed pair of which some are better documented than others."""
STATUSES = {
    "sampled": "looked up and counted",
    "struck": "struck out by rule",
    "double": "second entries of a firm",
    "beyond": "not looked up",
}
"""What became of the firms of the listed frames, in words."""


@dataclass(frozen=True)
class Pair:
    """Two frames that are compared with each other and with no other."""

    name: str
    china: str
    usa: str
    entries: pd.DataFrame
    families: pd.Series
    """Family by ``firm_id``."""
    strata: pd.Series | None = None
    """List by ``firm_id``, where firms of some lists are better known than those of others."""

    @property
    def frames(self) -> list[str]:
        """The Chinese and the American frame."""
        return [self.china, self.usa]

    @property
    def suffix(self) -> str:
        """What tells the pair's ids apart; those of the classic pair have none."""
        return "" if self.name == "classic" else f"_{self.name}"


def shares_of_pairs(
    pairs: Sequence[Pair], frames: pd.DataFrame, properties: pd.DataFrame
) -> pd.DataFrame:
    """Estimate the share of every property in the frames of every pair.

    Returns
    -------
    DataFrame
        ``pair`` and the columns of `property_shares`.
    """
    parts = [
        property_shares(pair.entries, frames[frames["pair"] == pair.name], properties).assign(
            pair=pair.name
        )
        for pair in pairs
    ]
    return pd.concat(parts, ignore_index=True)


def compared(
    pair: Pair, shares: pd.DataFrame, frames: pd.DataFrame, properties: pd.DataFrame
) -> pd.DataFrame:
    """Compare the two frames of a pair in all that both can hold, with every uncertainty.

    The family of tests is that of all differences of the pair.

    Parameters
    ----------
    pair : Pair
    shares : DataFrame
        From `shares_of_pairs`.
    frames, properties : DataFrame
        ``frames.csv`` and ``properties.csv``.

    Returns
    -------
    DataFrame
        The columns of `differences`, ``pair``, those of `difference_tests` (``undecidable`` is
        ``yes`` or ``no``), ``family_low``, ``family_high``, ``families``, ``families2``
        (`family_bootstrap`), ``weighted``, ``weighted_low``, ``weighted_high`` (`reweighted`).
    """
    kept = comparable(properties, frames, pair.frames)
    table = differences(shares[shares["property"].isin(kept["property"])], [pair.china], pair.usa)
    tests = difference_tests(table)[["p", "p_holm", "p_least", "undecidable"]]
    more = pd.DataFrame(
        [
            _by_family(pair, frames, prop) | reweighted(pair, frames, prop)
            for prop in kept.itertuples()
        ]
    )
    tests["undecidable"] = tests["undecidable"].map({True: "yes", False: "no"})
    return pd.concat([table.assign(pair=pair.name), tests, more], axis=1)


def differences_of_pairs(
    pairs: Sequence[Pair], shares: pd.DataFrame, frames: pd.DataFrame, properties: pd.DataFrame
) -> pd.DataFrame:
    """Compare every Chinese frame with the American one of its pair.

    Returns
    -------
    DataFrame
        The columns of `compared`; tests and more are blank for frames other than the pair's two.
    """
    parts = []
    for pair in pairs:
        parts.append(compared(pair, shares, frames, properties))
        inside = (frames["pair"] == pair.name) & (frames["country"] == "China")
        others = [name for name in frames.loc[inside, "frame"] if name != pair.china]
        kept = shares["property"].isin(parts[-1]["property"])
        parts.append(differences(shares[kept], others, pair.usa).assign(pair=pair.name))
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _by_family(pair: Pair, frames: pd.DataFrame, prop) -> dict[str, float]:
    """Return the interval of a difference with families of firms drawn anew."""
    groups = []
    for frame in pair.frames:
        risk = at_risk(in_frame(pair.entries, frames, frame), prop)
        unknown = (risk["at_risk"] == "unknown") | (risk[prop.column] == prop.unknown)
        hit = (risk[prop.column] == prop.value).astype("boolean").mask(unknown)
        groups.append(pd.DataFrame({"hit": hit, "family": risk["firm_id"].map(pair.families)}))
    found = family_bootstrap(*groups)
    return {
        "family_low": found["low"],
        "family_high": found["high"],
        "families": found["families"],
        "families2": found["families2"],
    }


def reweighted(pair: Pair, frames: pd.DataFrame, prop) -> dict[str, float]:
    """Estimate a difference with each known firm weighted by one over the yield of its list.

    The interval is Newcombe's, at the effective numbers of firms.

    Parameters
    ----------
    pair : Pair
    frames : DataFrame
        ``frames.csv``.
    prop
        A row of ``properties.csv``.

    Returns
    -------
    dict
        ``weighted``, ``weighted_low``, ``weighted_high``; nothing where the pair has no strata.

    References
    ----------
    Kish (1965), Survey Sampling: the effective number.
    """
    if pair.strata is None:
        return {}
    sides: list[float] = []
    for frame in pair.frames:
        table = in_frame(pair.entries, frames, frame)
        known = table[prop.column] != prop.unknown
        weights = inverse_yields(table["firm_id"].map(pair.strata), known)
        risk = at_risk(table, prop).query("at_risk == 'yes'").index
        hits = (table[prop.column] == prop.value)[risk]
        side = weighted_share(hits, weights[risk])
        sides += [side["value"] * side["n_effective"], side["n_effective"]]
    found = difference(*sides)  # type: ignore[arg-type]  # Newcombe's limits need no whole numbers
    return {
        "weighted": found["value"],
        "weighted_low": found["low"],
        "weighted_high": found["high"],
    }


def refused(properties: pd.DataFrame, frames: pd.DataFrame, pair: Pair) -> list[str]:
    """Return what cannot be compared on a pair, since one of its frames cannot hold it.

    Raises
    ------
    ValueError
        If a frame is none of the pair.
    """
    inside = frames.loc[frames["pair"] == pair.name, "frame"]
    for name in pair.frames:
        if name not in set(inside):
            listed = ", ".join(inside)
            raise ValueError(f"Frame '{name}' is none of the pair '{pair.name}': {listed}.")
    kept = comparable(properties, frames, pair.frames)["property"]
    return list(properties.loc[~properties["property"].isin(kept), "property"])


def standing(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the contrasts that are not zero by each kind of interval, and by all of them.

    Parameters
    ----------
    table : DataFrame
        From `compared`, of one pair.

    Returns
    -------
    dict
        ``sampling``, ``bounds``, ``joint``, ``families``, ``weighted`` (each: properties whose
        interval excludes zero), ``holm`` (adjusted p below 0.05), ``all`` (those in every one).
    """
    found = {
        name: table.loc[(table[low] > 0) | (table[high] < 0), "property"].tolist()
        for name, (low, high) in INTERVALS.items()
        if low in table and table[low].notna().any()
    }
    found["holm"] = table.loc[table["p_holm"] < 0.05, "property"].tolist()
    in_all = set.intersection(*map(set, found.values()))
    return found | {"all": [name for name in table["property"] if name in in_all]}


def contrasts(table: pd.DataFrame) -> pd.DataFrame:
    """Return the leading contrasts of some differences, in the order and words of `CONTRASTS`."""
    rows = table[table["property"].isin(list(CONTRASTS))]
    rows = rows.sort_values(
        "property",
        key=lambda names: names.map(list(CONTRASTS).index),
        kind="stable",
        ignore_index=True,
    )
    return rows.assign(label=rows["property"].map(CONTRASTS))


def founded(pairs: Sequence[Pair], frames: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Estimate where start-ups and spin-offs came from, apart from all other entries.

    Firms whose mode is unknown may be start-ups or spin-offs: they are unknown here, too.

    Returns
    -------
    DataFrame
        ``property`` (of `FOUNDED`), ``label``, ``pair``, ``suffix``, ``country``, ``frame``,
        ``place``, ``series`` and the columns of `shares.share`.
    """
    chosen = properties[properties["property"].isin(list(FOUNDED))]
    rows = []
    for pair in pairs:
        among = pair.entries[pair.entries["mode"].isin(["start_up", "spin_off", "unknown"])]
        for country, frame in zip(("china", "usa"), pair.frames, strict=True):
            words = {"pair": pair.name, "suffix": pair.suffix, "country": country, "frame": frame}
            for prop in chosen.itertuples():
                estimate = property_share(in_frame(among, frames, frame), prop)
                rows.append({"property": prop.property, **words, **estimate})
    table = pd.DataFrame(rows)
    place = table["country"].map({"china": "China", "usa": "USA"})
    series = place + ", " + table["pair"] + " pair"
    return table.assign(label=table["property"].map(FOUNDED), place=place, series=series)


def founded_differences(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the shares of `founded` within each pair.

    Returns
    -------
    DataFrame
        The columns of `differences`, ``label``, ``pair`` and ``suffix``.
    """
    parts = []
    for suffix, rows in table.groupby("suffix", sort=False):
        china, usa = rows["frame"].unique()
        named = {"suffix": suffix, "pair": rows["pair"].iloc[0]}
        parts.append(differences(rows, [china], usa).assign(**named))
    found = pd.concat(parts, ignore_index=True)
    return found.assign(label=found["property"].map(FOUNDED))


def uncertainty_table(table: pd.DataFrame) -> pd.DataFrame:
    """Write the leading contrasts of one pair for people: each with every interval, in points.

    Parameters
    ----------
    table : DataFrame
        From `compared`, of one pair.
    """
    rows = contrasts(table)

    def interval(name: str) -> list[str]:
        ends = (100 * rows[list(INTERVALS[name])]).itertuples(index=False)
        return [f"{low:+.0f} to {high:+.0f}".replace("-", "−") for low, high in ends]

    shown = pd.DataFrame(
        {
            "contrast": rows["label"],
            "China minus USA": [f"{100 * value:+.0f}".replace("-", "−") for value in rows["value"]],
            "sampling": interval("sampling"),
            "unknown firms": interval("bounds"),
            "both": interval("joint"),
            "families": interval("families"),
            "p, Holm": [f"{p:.3f}" if p >= 0.001 else "< 0.001" for p in rows["p_holm"]],
        }
    )
    return shown.set_index("contrast")


def uncertainty_numbers(
    differences: pd.DataFrame, pairs: Sequence[Pair], properties: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return the differences of the pairs as families of numbers.

    Parameters
    ----------
    differences : DataFrame
        From `differences_of_pairs`.
    pairs : sequence of Pair
    properties : DataFrame
        ``property``, ``label``.

    Returns
    -------
    dict
        ``difference``, ``holm`` (of every difference), ``joint``, ``family``, ``weighted`` (of
        the leading contrasts; weighted where the pair has strata). One row per number with
        ``property``, ``label``, ``suffix``, ``frame``, ``us_frame``, ``value``, ``low``, ``high``.
    """
    suffixes = {pair.china: pair.suffix for pair in pairs}
    rows = differences[differences["frame"].isin(list(suffixes))]
    rows = labelled(rows, properties).assign(suffix=lambda table: table["frame"].map(suffixes))
    leading = contrasts(rows)
    blank = dict.fromkeys(("low", "high", "bound_low", "bound_high"))
    found = {"difference": rows, "holm": rows.assign(value=rows["p_holm"], **blank)}
    for name, value in {"joint": "value", "family": "value", "weighted": "weighted"}.items():
        ends = {end: leading[f"{name}_{end}"] for end in ("low", "high")}
        table = leading.assign(value=leading[value], **ends)
        found[name] = table[table["low"].notna()]
    return found


def quoted_shares(
    shares: pd.DataFrame, properties: pd.DataFrame, pairs: Sequence[Pair]
) -> pd.DataFrame:
    """Return the shares of the pairs' frames that step 06 quotes; step 05 quotes the others.

    Returns
    -------
    DataFrame
        The columns of `shares_of_pairs`, ``label``, ``place``, ``country`` and ``suffix`` (as
        in ids).
    """
    parts = []
    for pair in pairs:
        place = shares["frame"].map({pair.china: "China", pair.usa: "USA"})
        rows = shares.assign(place=place, country=place.str.lower(), suffix=pair.suffix)
        rows = rows[place.notna()]
        elsewhere = rows["property"].isin(["home", "start_up"]) & (pair.suffix == "")
        parts.append(labelled(rows[~elsewhere], properties))
    return pd.concat(parts, ignore_index=True)


def weighting_strata(listed_frame: pd.DataFrame) -> pd.Series:
    """Return by ``firm_id`` the list that a sampled firm of the listed pair is weighted with.

    Parameters
    ----------
    listed_frame : DataFrame
        ``listed_frame.csv``.

    Returns
    -------
    Series
        A key of `STRATA`; a firm of two lists counts with that of Hong Kong and the USA.
    """
    sampled = listed_frame[listed_frame["status"] == "sampled"].set_index("firm_id")
    china = sampled["list"].map(lambda name: "abroad" if "hk_us" in split(name) else "mainland")
    usa = sampled["venture_backed"].map({"yes": "venture", "no": "others"})
    return usa.where(sampled["country"] == "USA", china).rename("stratum")


def yields(pair: Pair, frames: pd.DataFrame) -> pd.DataFrame:
    """Say of how many firms of each list the reach is known.

    Returns
    -------
    DataFrame
        ``stratum``, ``label``, ``frame`` and the columns of `shares.share`, in the order of
        `STRATA`; none is unknown.
    """
    rows = []
    for frame in pair.frames:
        table = in_frame(pair.entries, frames, frame)
        known = (table["reach"] != "unknown").groupby(table["firm_id"].map(pair.strata))
        rows += [
            {
                "stratum": name,
                "label": STRATA[name],
                "frame": frame,
                **share(flags.sum(), len(flags)),
            }
            for name, flags in known
        ]
    return pd.DataFrame(rows).sort_values(
        "stratum", key=lambda names: names.map(list(STRATA).index), ignore_index=True
    )


def frame_table(pairs: Sequence[Pair], frames: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Describe the frames of all pairs for people: rule, firms, known origin, what is left out."""
    rows = frames.set_index("frame").loc[[name for pair in pairs for name in pair.frames]]
    by_frame = shares.set_index(["property", "frame"])
    modes, reach = (by_frame.loc[name].loc[rows.index] for name in ("start_up", "home"))
    shown = pd.DataFrame(
        {
            "firms": modes["n"] + modes["unknown"],
            "mode known": modes["n"],
            "reach known": reach["n"],
            "how a firm gets in": rows["rule"],
            "who is left out": rows["leaves_out"],
        }
    )
    return shown.set_axis(rows["label"].rename("frame"))


def sample_counts(listed_frame: pd.DataFrame) -> pd.DataFrame:
    """Count the firms of the listed frames by what became of them.

    Returns
    -------
    DataFrame
        ``country`` (as in ids), ``place`` (in words), ``status``, ``words``, ``frame``, ``value``.
    """
    counts = listed_frame.groupby(["frame", "country"])["status"].value_counts().unstack()
    counts = counts.reindex(columns=list(STATUSES)).fillna(0).astype(int)
    rows = counts.rename_axis(columns="status").stack().rename("value").reset_index()
    return rows.rename(columns={"country": "place"}).assign(
        country=rows["country"].str.lower(), words=rows["status"].map(STATUSES)
    )


def sample_table(listed_frame: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Count the firms of the listed frames by what became of them, and name those struck out.

    Parameters
    ----------
    listed_frame : DataFrame
        ``listed_frame.csv``.
    labels : mapping
        Frame to what it is called.
    """
    counts = pd.crosstab(listed_frame["frame"], listed_frame["status"])
    counts = counts.reindex(columns=list(STATUSES), fill_value=0).rename(columns=STATUSES)
    struck = listed_frame[listed_frame["status"].isin(["struck", "double"])]
    counts["which were struck or doubles"] = struck.groupby("frame")["name"].agg("; ".join)
    return counts.rename(index=labels).rename_axis(None, axis="columns")


def mode_counts(pair: Pair, frames: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Count the entries of a pair by the modes that both frames can hold (rows: frames)."""
    missing = set(refused(properties, frames, pair))
    counts = origin_table(pair.entries, frames, pair.frames)
    return counts.drop(columns=missing, errors="ignore")
