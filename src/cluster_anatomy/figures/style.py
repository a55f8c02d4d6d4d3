"""House style of the figures: a font that holds Chinese, colour-blind-safe colours, sizes.

A missing glyph is an error, and files have the same bytes each time they are made from the same
data.
"""

import io
import warnings
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from textwrap import fill, wrap

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import PIL.Image
from IPython.display import Image, Markdown, display
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.firms.entries import ORIGINS
from cluster_anatomy.tables.cells import escaped

FONT = "Noto Sans CJK SC"
TWO_COLUMNS = 7.2
"""Width in inches of two columns of a journal."""
SMALLEST = 7.0
"""Least size of text in points at the width of print."""
HEADLINE_SIZE, HEADLINE_LETTERS = 9.5, 14
"""Size of headlines in points, and how many of their letters stand on an inch."""
SCREEN_DPI = 110
"""Resolution of the pictures in notebooks; files have 300 dots per inch."""
COLOURS = {
    "academic_startup": "#0072B2",
    "academic_spinoff": "#56B4E9",
    "enterprise_startup": "#D55E00",
    "independent_startup": "#E69F00",
    "government_startup": "#F0E442",
    "subsidiary_domestic": "#009E73",
    "subsidiary_foreign": "#CC79A7",
    "relocation": "#000000",
    "state_backbone": "#7A5C3E",
    "unknown": "#D9D9D9",
}
"""Colours of origins (Okabe and Ito's palette, a brown and a grey)."""
HATCHES = dict(zip(ORIGINS, ["", "///", "", "...", "", "", "xxx", "", "\\\\\\", ""], strict=True))
"""Second cue of origins, so that none is told by colour alone."""


def use() -> None:
    """Put the house style in force for every figure made from here on.

    It begins with Matplotlib's own defaults, whatever a ``matplotlibrc`` of the user says. Fonts
    that happen to be installed are set aside: another build of the same font would give other
    figures.
    """
    shipped = Path(mpl.get_data_path())
    font_manager.fontManager.ttflist = [
        font
        for font in font_manager.fontManager.ttflist
        if Path(font.fname).is_relative_to(shipped)
    ]
    for font in resources.files("cluster_anatomy.figures").joinpath("fonts").iterdir():
        if font.name.endswith(".otf"):
            with resources.as_file(font) as path:
                font_manager.fontManager.addfont(path)
    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "font.family": [FONT],
            "font.size": 8,
            "axes.titlesize": 9,
            "axes.labelsize": 8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.labelsize": 7.5,
            "ytick.labelsize": 7.5,
            "legend.fontsize": 7.5,
            "legend.frameon": False,
            "hatch.linewidth": 0.5,
            "figure.dpi": SCREEN_DPI,
            "savefig.dpi": 300,
            "svg.hashsalt": "cluster-anatomy",
            "pdf.fonttype": 3,
        }
    )


def save(
    figure: Figure, name: str, data: pd.DataFrame, words: dict[str, dict[str, str]]
) -> dict[str, str]:
    """Save a figure as PDF and PNG with the table that it draws, and show it with its words.

    Parameters
    ----------
    figure : Figure
    name : str
        Name of the files in ``figures/``.
    data : DataFrame
        What the figure draws; its contract says what the columns mean.
    words : dict
        Figure to its ``title``, ``headline`` (what it finds, written above it; may be empty),
        ``caption`` (what is shown, on which firms, from which source) and ``alt`` (a sentence that
        says what is to be seen, for readers who cannot see it).

    Returns
    -------
    dict
        ``figure`` and its words: one row of ``figures/captions.csv``.

    Raises
    ------
    ValueError
        If an axis is empty or two labels overlap.
    """
    _must_be_fit(figure, name)
    tables.write(data, f"figures/{name}.csv")
    title, headline, caption, alt = (
        words[name][part] for part in ("title", "headline", "caption", "alt")
    )
    above = _write_headline(figure, headline) if headline else 0.0
    frame = figure.get_tightbbox().padded(0.1)
    figure.savefig(
        paths.target(f"figures/{name}.pdf"), bbox_inches=frame, metadata={"CreationDate": None}
    )
    png = paths.target(f"figures/{name}.png")
    figure.savefig(
        png, bbox_inches=frame, metadata={"Title": title, "Description": alt, "Software": None}
    )
    plt.close(figure)
    if headline:
        display(Markdown(f"**{escaped(headline)}**"))
    display(
        Image(data=_reading_size(png, above), format="png", alt=alt),
        Markdown(f"**{escaped(title)}.** {escaped(caption)}"),
    )
    return {"figure": name, **words[name]}


def _write_headline(figure: Figure, headline: str) -> float:
    """Write a headline above all that is drawn, and return the inches that it takes.

    It has as few lines as can be, of about the same length.
    """
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    figure.text(
        round(drawn.x0 / width, 4),
        round((drawn.y1 + 0.1) / height, 4),
        _broken(headline, round(HEADLINE_LETTERS * drawn.width)),
        fontsize=HEADLINE_SIZE,
        fontweight="bold",
        linespacing=1.25,
        va="bottom",
    )
    return float(figure.get_tightbbox().y1 - drawn.y1)


def show(figure: Figure, alt: str) -> None:
    """Show a figure in a notebook at reading size; `save` keeps the same one in print size.

    Parameters
    ----------
    figure : Figure
    alt : str
        A sentence that says what is to be seen, for readers who cannot see it.

    Raises
    ------
    ValueError
        If an axis is empty, two labels overlap or a text is too small.
    """
    _must_be_fit(figure, alt[:40])
    frame = figure.get_tightbbox().padded(0.1)
    buffer = io.BytesIO()
    figure.savefig(
        buffer, format="png", dpi=SCREEN_DPI, bbox_inches=frame, metadata={"Software": None}
    )
    plt.close(figure)
    display(Image(data=buffer.getvalue(), format="png", alt=alt))


def fit_title(figure: Figure, title: Text, inches: float) -> None:
    """Break a title into as few lines as let none be longer than so many inches."""
    words = title.get_text()
    for letters in range(len(words), 0, -1):
        title.set_text(_broken(words, letters))
        if title.get_window_extent().width <= inches * figure.dpi:
            return


def _broken(words: str, most: int) -> str:
    """Break words into as few lines of at most so many letters as can be, of about one length."""
    lines = len(wrap(words, most))
    return fill(words, next(some for some in range(1, most + 1) if len(wrap(words, some)) == lines))


def _reading_size(png: Path, above: float) -> bytes:
    """Return a saved picture at the size of a screen; to draw it again would take much longer.

    The page writes the headline itself: the inches that it takes ``above`` the figure are cut off.
    """
    with PIL.Image.open(png) as picture:
        dots, (width, height) = picture.info["dpi"][0], picture.size
        below = picture.convert("RGB").crop((0, round(above * dots), width, height))
        size = [round(side * SCREEN_DPI / dots) for side in below.size]
        buffer = io.BytesIO()
        below.resize(size, PIL.Image.Resampling.LANCZOS).save(buffer, format="png")
    return buffer.getvalue()


def check(figure: Figure, name: str) -> None:
    """Refuse a figure that is not fit to print.

    Parameters
    ----------
    figure : Figure
        Its layout is fixed by the check.
    name : str
        Its name in messages.

    Raises
    ------
    ValueError
        If an axis is empty, labels overlap or a text is too small to print; names the labels.
    UserWarning
        If the font lacks a character; names the missing glyph.
    """
    if not figure.axes:
        raise ValueError(f"Figure '{name}' has no axes.")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing")
        _freeze(figure)
    for text in figure.findobj(Text):
        if (
            isinstance(text, Text)
            and text.get_text().strip()
            and float(text.get_fontsize()) < SMALLEST
        ):
            raise ValueError(
                f"Figure '{name}': the text '{text.get_text()}' is smaller than {SMALLEST} points."
            )
    for axes in figure.axes:
        if axes.get_visible() and not axes.has_data() and not axes.texts:
            raise ValueError(f"Figure '{name}': nothing is drawn on one of its axes.")
        ticks = [*_shown_ticks(axes.xaxis), *_shown_ticks(axes.yaxis)] if axes.axison else []
        _refuse_overlap(name, "labels", [*axes.texts, *ticks])
    _refuse_overlap(name, "titles", [title for axes in figure.axes for title in _titles(axes)])


def _must_be_fit(figure: Figure, name: str) -> None:
    """Refuse a figure that is not fit to print; with other parameters, or in Jupyter, say so."""
    try:
        check(figure, name)
    except ValueError as error:
        if paths.strict():
            raise
        display(Markdown(f"**Not fit to print under these parameters:** {escaped(str(error))}"))


def _titles(axes: Axes) -> list[Text]:
    texts = [child for child in axes.get_children() if isinstance(child, Text)]
    return [text for text in texts if text not in axes.texts] if axes.get_visible() else []


def _refuse_overlap(name: str, what: str, texts: Iterable[Text]) -> None:
    """Raise an error that names the first two of some texts of a figure that overlap, if any do."""
    if pair := _overlapping(texts):
        raise ValueError(f"Figure '{name}': the {what} '{pair[0]}' and '{pair[1]}' overlap.")


def _overlapping(texts: Iterable[Text]) -> tuple[str, str] | None:
    """Return the words of the first two texts that overlap, if any do."""
    boxes = [
        (text.get_text(), text.get_window_extent().shrunk(0.98, 0.9))
        for text in texts
        if text.get_visible() and text.get_text().strip()
    ]
    for position, (label, box) in enumerate(boxes):
        for other, other_box in boxes[:position]:
            if box.overlaps(other_box):
                return label, other
    return None


def _freeze(figure: Figure) -> None:
    """Lay a figure out once and round the places of its axes, which vary in the last digits."""
    if engine := figure.get_layout_engine():
        engine.execute(figure)
    # None, and not "none", with which each file would be laid out once more
    figure.set_layout_engine(None)
    for axes in figure.axes:
        left, bottom, width, height = (round(part, 4) for part in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))
    figure.draw_without_rendering()


def _shown_ticks(axis: Axis) -> list[Text]:
    """Return the labels of the ticks that lie within the limits of an axis."""
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
