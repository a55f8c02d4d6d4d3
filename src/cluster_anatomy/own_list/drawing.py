"""Figures of a list: fonts, labels, captions, data."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from cluster_anatomy import figures, tables
from cluster_anatomy.firms import entries
from cluster_anatomy.firms.romanisation import is_latin, romanised, usual_name
from cluster_anatomy.own_list import analyses
from cluster_anatomy.own_list.layout import OWN, RAW, shaped

SECOND_FONT = "DejaVu Sans"
"""Comes with matplotlib; Latin with all accents."""
FAR_ABOVE = 4
"""Times the middle panel's tallest bar from which the tallest of all makes scales differ."""


# --- Words and figures


@dataclass
class _Labels:
    """The country of the list, what figures call names of other scripts, and whom labels mean."""

    country: str = ""
    latin: dict[str, str] = field(default_factory=dict)
    originals: dict[str, str] = field(default_factory=dict)


_labels = _Labels()
"""In force since `use_style`, as the style is."""


def use_style(texts: Iterable[str] = ()) -> None:
    """Put the house style and the labels of the list (`labels.labels`) in force.

    A second font for letters that the study does not need leads if one of the texts needs it: a
    word drawn with two fonts loses its accents.
    """
    import matplotlib as mpl

    from cluster_anatomy.figures import style

    style.use()
    _labels.country = analyses.description()["country"]
    _labels.latin = tables.read(f"{RAW}/labels.csv").set_index("name")["label"].to_dict()
    first, second = _drawn()
    drawn = (_labels.latin.get(text, text) for text in texts if pd.notna(text))
    lacking = any(ord(char) in second - first for text in drawn if is_latin(text) for char in text)
    mpl.rcParams["font.family"] = (
        [SECOND_FONT, style.FONT] if lacking else [style.FONT, SECOND_FONT]
    )


@cache
def _drawn() -> tuple[frozenset[int], frozenset[int]]:
    """Return the characters that each of the two fonts holds."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    from cluster_anatomy.figures import style

    style.use()

    def characters(font: str) -> frozenset[int]:
        return frozenset(FT2Font(font_manager.findfont(font)).get_charmap())

    return characters(style.FONT), characters(SECOND_FONT)


def _has_glyph(char: str) -> bool:
    return any(ord(char) in font for font in _drawn())


def drawable(name: str, width: int = 28) -> str:
    """Return a name as a figure draws it: in Latin letters, and cut if it is long.

    A long name keeps its end.
    """
    return labelled([name], width)[name]


_PLAIN_SIGNS = str.maketrans({"$": "＄", "‘": "'", "’": "'"})
"""A dollar would begin a formula; curled apostrophes are drawn as wide as a character."""


def _label(name: str, width: int) -> str:
    text, country = " ".join(name.split()), _labels.country
    plain = _labels.latin.get(name) or usual_name(text, country) or romanised(text, country)
    plain = plain.translate(_PLAIN_SIGNS)
    plain = "".join(filter(_has_glyph, plain)).strip() or "?"
    tail = width // 3
    return plain if len(plain) <= width else f"{plain[: width - tail - 1]}…{plain[-tail:]}"


def save(
    figure, name: str, data: pd.DataFrame, words: Mapping[str, dict[str, str]], more: str = ""
) -> dict[str, str]:
    """Save a figure (`style.save`) whose caption says what its romanised labels stand for.

    Parameters
    ----------
    figure, name, data, words
        As for `style.save`.
    more : str
        Sentences that the caption gets before that.
    """
    from cluster_anatomy.figures import style

    style.check(figure, name)  # lays it out: some labels are only written then
    told = [f"{label} is {original}" for label, original in sorted(_shown(figure).items())]
    parts = [words[name]["caption"], more, f"In Latin letters: {'; '.join(told)}." if told else ""]
    caption = " ".join(filter(None, parts))
    return style.save(figure, name, data, {name: words[name] | {"caption": caption}})


def _shown(figure) -> dict[str, str]:
    """Return the labels in a figure that are not written as the name is, and the name."""
    from matplotlib.text import Text

    texts = [" ".join(text.get_text().split()) for text in figure.findobj(Text)]
    return {
        label: original
        for label, original in _labels.originals.items()
        if any(re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text) for text in texts)
    }


def largest(found: pd.DataFrame, top: int | None) -> list[str]:
    """Return the clusters with most entries, largest first; all of them without a ``top``."""
    sizes = found["cluster"].value_counts()
    return sorted(sizes.index, key=lambda name: (-sizes[name], name))[:top]


def labelled(names: Iterable[str], width: int = 28) -> dict[str, str]:
    """Return the label of each name in figures; two that would look the same get a number."""
    labels: dict[str, str] = {}
    uses: Counter[str] = Counter()
    for name in names:
        label = _label(name, width)
        uses[label] += 1
        labels[name] = label if uses[label] == 1 else f"{label} ({uses[label]})"
    _labels.originals |= {label: name for name, label in labels.items() if not is_latin(name)}
    return labels


def by_region(
    found: pd.DataFrame, title: str, top: int | None = None
) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the entries of each region, largest first, for `figures.composition_data`.

    Parameters
    ----------
    found : DataFrame
        Entries; those without a region are left out.
    title : str
        Title of the panel.
    top : int, optional
        How many regions at most.

    Returns
    -------
    list
        Title, name as drawn, entries.
    """
    names = labelled(largest(found, top))
    return [(title, name, found[found["cluster"] == region]) for region, name in names.items()]


def by_frame(
    found: pd.DataFrame, others: pd.DataFrame, frames: pd.DataFrame, about: Mapping
) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the entries of the list and of each frame beside, for `figures.composition_data`.

    Parameters
    ----------
    found, others : DataFrame
        Entries of the list, and of the study.
    frames : DataFrame
        The frame of the list, and below it those of the study.
    about : mapping
        From `analyses.description`.

    Returns
    -------
    list
        Country, name of the frame, entries.
    """
    own = (about["country"], drawable(about["title"], 50), found)
    beside = [
        (row.country, row.label.split(": ")[1], entries.in_frame(others, frames, row.frame))
        for row in frames.iloc[1:].itertuples()
    ]
    return [own, *beside]


def comparison_data(
    shares: pd.DataFrame, compared: pd.DataFrame, properties: pd.DataFrame, frame: str
) -> pd.DataFrame:
    """Put the list beside one frame of the study (`figures.difference_data`)."""
    pair = shares[shares["frame"].isin([OWN, frame])]
    return figures.difference_data(pair, compared[compared["beside"] == frame], properties)


def titles(frames: pd.DataFrame, title: str) -> dict[str, str]:
    """Return the title of each frame's panel; the list goes by its own title."""
    words = frames.set_index("frame")["label"].str.replace(":", ",").to_dict()
    return words | {OWN: drawable(title, 50)}


def upright(figure):
    """Write the labels of rows level and of columns upwards, so that long names do not meet."""
    for axis in figure.axes:
        axis.tick_params(axis="y", labelrotation=0)
        axis.tick_params(axis="x", labelrotation=90)
    return figure


def panel_data(
    found: pd.DataFrame, profiles: pd.DataFrame, panels: int, years: int
) -> pd.DataFrame:
    """Count entries over time in the clusters with most dated entries, named as drawn."""
    dated = found.dropna(subset=["entry_year"])
    names = labelled(largest(dated, panels), 40)

    def named(table: pd.DataFrame) -> pd.DataFrame:
        some = table[table["cluster"].isin(list(names))]
        return some.assign(cluster=some["cluster"].map(names))

    return figures.cluster_years_data(named(dated), named(profiles), smallest=1, years=years)


def cluster_panels(data: pd.DataFrame):
    """Draw the entries of each cluster over time so that one region or firm hides no other.

    Where the tallest bar is far above those of the other panels, each has its own scale; of a long
    history the oldest entries are left out (`first_drawn`).

    Parameters
    ----------
    data : DataFrame
        From `panel_data`.

    Returns
    -------
    figure : Figure
    note : str
        What the caption has to say of that.
    """
    years, width = data["first_year"].repeat(data["entries"]), int(data["years"].iloc[0])
    first = first_drawn(years, width)
    shown = data[data["first_year"] >= first]
    tallest = shown.groupby(["cluster", "first_year"])["entries"].sum().groupby("cluster").max()
    own_scales = tallest.max() > FAR_ABOVE * tallest.median()
    early = int((years < first).sum())
    notes = ["Each panel has its own vertical scale."] if own_scales else []
    notes += [f"Not drawn and not in brackets: entries before {first} ({early})."] if early else []
    return whole_years(figures.cluster_years(data, first, own_scales)), " ".join(notes)


def matrix_data(pairs: pd.DataFrame, country: str, top: int) -> pd.DataFrame:
    """Count ties between clusters (`figures.tie_matrix_data`), named as drawn."""
    data = figures.tie_matrix_data(pairs, country, top).assign(country=country)
    names = labelled(dict.fromkeys(data["cluster"]), 20)
    return data.replace({"cluster": names, "other": names})


def index_data(table: pd.DataFrame, beside: pd.DataFrame, top: int) -> pd.DataFrame:
    """Choose the rows of the E-I figure: the clusters with most ties, and the countries beside."""
    ranked = table.assign(ties=-table["internal"] - table["external"]).sort_values(
        ["scope", "ties", "member"]
    )
    many = ranked[(ranked["scope"] == "cluster") & (ranked["foreign_ties"] == "left_out")].index[
        top:
    ]
    data = figures.ei_data(ranked.drop(index=many))
    data["label"] = data["label"].map(lambda label: drawable(label, 24))
    if beside.empty:
        return data
    ties_of = beside["internal"] + beside["external"]
    whole = beside.assign(group="beside", label=beside["country"], n=ties_of)
    return pd.concat([data, shaped(whole, "figure_ei_index")], ignore_index=True)


def drawn_families(families: pd.DataFrame, lines: int = 45) -> pd.DataFrame:
    """Return the largest families that fit into so many lines (one at least), named as drawn."""
    sizes = families.drop_duplicates(["root", "parent", "child"]).groupby("root", sort=False).size()
    kept = sizes.index[(sizes + 1).cumsum() <= lines].union(sizes.index[:1])
    largest_families = families[families["root"].isin(kept)]
    ends = ("root", "parent", "child")
    names = labelled(dict.fromkeys(name for end in ends for name in largest_families[end]), 40)
    return largest_families.assign(**{end: largest_families[end].map(names) for end in ends})


def whole_years(figure):
    """Let the axes of a figure mark whole years and whole firms only."""
    for axis in figure.axes:
        for scale in (axis.xaxis, axis.yaxis):
            if hasattr(scale.get_major_locator(), "set_params") and axis.get_visible():
                scale.get_major_locator().set_params(integer=True)
    return figure


def facts(found: pd.DataFrame, about: Mapping, frame: pd.Series) -> dict:
    """Return what captions say of a list: counts, the largest region, the commonest origin, peak.

    Parameters
    ----------
    found : DataFrame
        From `origins.entries`.
    about : mapping
        From `analyses.description`.
    frame : Series
        Row of the table of frames.
    """
    dated, placed = found["entry_year"].dropna().astype(int), found["cluster"].dropna()
    known = found.loc[found["label"] != "unknown", "label"]
    step = period_width(dated)
    starts, top, origin = ((dated - 1) // step * step + 1).mode(), largest(found, 1), known.mode()
    names = ["the USA" if country == "USA" else country for country in about["beside"]]
    return {
        "title": about["title"],
        "n": len(found),
        "dated": len(dated),
        "undated": len(found) - len(dated),
        "placed": len(placed),
        "regions": placed.nunique(),
        "known": len(known),
        "unknown": len(found) - len(known),
        "years": step,
        "peak": f"{starts.min()} to {starts.min() + step - 1}" if len(starts) else "no years",
        "largest": drawable(top[0]) if top else "no region",
        "largest_n": int((placed == top[0]).sum()) if top else 0,
        "origin": entries.ORIGINS[origin.min()].lower() if len(origin) else "none",
        "origin_n": int((known == origin.min()).sum()) if len(origin) else 0,
        "beside": f", beside {' and '.join(names)}" if names else "",
        "frame": frame["label"],
        "meaning": frame["meaning"],
        "carries": (
            "They describe the list and nothing beyond it."
            if frame["carries_shares"] == "no"
            else ""
        ),
    }


def period_width(years: pd.Series) -> int:
    """Return how many years a bar over time holds, for some two dozen bars at most."""
    span = int(years.max()) - _first_year(years) if len(years) else 0
    return next(width for width in (2, 3, 5, 10, 20, 50) if span / width <= 24 or width == 50)


def first_drawn(years: pd.Series, width: int) -> int:
    """Return the first year to draw: that of the period of the first entry (`_first_year`)."""
    return (_first_year(years) - 1) // width * width + 1


def _first_year(years: pd.Series, most: int = 60) -> int:
    """Return the year of the first entry that is drawn.

    Left out are entries more than so many years before the last, a twentieth of all at most.
    """
    dated = years.dropna().astype(int)
    recent = dated[dated >= dated.max() - most]
    return min(int(recent.min()), int(dated.quantile(0.05, interpolation="lower")))


def years_curve(data: pd.DataFrame):
    """Draw entries up to each year, with the band between the latest and the earliest years.

    Parameters
    ----------
    data : DataFrame
        From `register.entry_years`.
    """
    import matplotlib.pyplot as plt

    from cluster_anatomy.figures.style import TWO_COLUMNS

    figure, axis = plt.subplots(figsize=(TWO_COLUMNS, 3.0), layout="constrained")
    # a step needs a year to stand on
    last = data.iloc[[-1]].assign(year=lambda row: row["year"] + 1)
    year, low, high, line = (
        pd.concat([data, last])[name].to_numpy(dtype=float)
        for name in ("year", "cumulated_low", "cumulated_high", "cumulated")
    )
    if (low < high).any():
        axis.fill_between(
            year,
            low,
            high,
            step="post",
            color="#56B4E9",
            alpha=0.5,
            linewidth=0,
            label="latest to earliest years",
        )
    axis.step(year, line, where="post", color="#0072B2", label="entries up to this year")
    entered = data["year"].repeat(data["entries"])
    late = _first_year(entered)
    axis.set_xlim((late if late > entered.min() else year.min()) - 1, year.max())
    axis.set_ylim(0, high.max() * 1.08)
    axis.set_ylabel("Entries, cumulated")
    axis.legend(loc="upper left")
    return whole_years(figure)
