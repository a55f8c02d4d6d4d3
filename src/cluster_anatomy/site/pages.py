"""From tables to pages: the Jinja environment, Markdown, and numbers in words."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import mistune
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pygments.formatters import HtmlFormatter

from cluster_anatomy.results.numbers import show
from cluster_anatomy.site.notebooks import clean, contents
from cluster_anatomy.tables.cells import split

NAVIGATION = {
    "index.html": "Findings",
    "explorer.html": "Explorer",
    "figures.html": "Figures",
    "claims.html": "Claims",
    "results.html": "Results",
    "notebooks/index.html": "Notebooks",
    "method.html": "Method",
    "codebook.html": "Codebook",
}
"""Pages of the head of every page, in order."""

POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:;"
    " img-src 'self' file: data:; base-uri 'none'; form-action 'none'"
)
"""What a page may load: files of the site. ``file:`` is for browsers to which a site that is opened
from disk is not ``'self'``."""


def environment() -> Environment:
    """Return the Jinja environment: every value is escaped, a missing one is an error."""
    made = Environment(
        loader=PackageLoader("cluster_anatomy.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"split": split, "words": words, "links": links, "filled": filled}
    made.globals |= {"navigation": NAVIGATION, "policy": POLICY}
    return made


def filled(cell: Any) -> str:
    """Return a cell as text; a blank one is empty."""
    return "" if cell is None or pd.isna(cell) else str(cell)


def words(cell: Any) -> str:
    """Return a word of the tables as people write it: no underscores, blank for blank."""
    return filled(cell).replace("_", " ")


def links(cell: Any) -> list[tuple[str, str]]:
    """Return address and text of each part of a cell of addresses.

    What is no http(s) address has none; ``seed`` is the paper. An address may be followed by words
    after a blank.
    """
    parts = []
    for part in split(cell):
        address = part.split()[0] if re.match(r"https?://\S", part) else ""
        parts.append((address, "Conlé and Taube (2010)" if part == "seed" else part))
    return parts


def markdown(
    text: str, retarget: Callable[[str], str] | None = None
) -> tuple[Markup, list[tuple[str, str]]]:
    """Turn Markdown into HTML in which nothing runs.

    Parameters
    ----------
    text : str
        Markdown; HTML in it shows as text, comments are dropped.
    retarget : callable, optional
        Gives each address of a link its place in the site; a link without one becomes text.

    Returns
    -------
    html : Markup
    contents : list of (id, words)
        Headings of the second rank.
    """
    bare = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    soup = clean(str(mistune.create_markdown(escape=True, plugins=["table"])(bare)))
    for link in soup.find_all("a", href=True):
        target = str(link["href"])
        if target == "#harmful-link":  # what mistune makes of an address that runs something
            target = ""
        elif retarget and not target.startswith("http"):
            target = retarget(target)
        if target:
            link["href"] = target
        else:
            link.unwrap()
    headings = contents(soup)
    return Markup(str(soup)), headings


def section(text: str, heading: str) -> str:
    """Return the Markdown below a heading of the second rank (empty if there is none)."""
    below = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE
    )
    return below[1].strip() if below else ""


def frame_words(frame: str, labels: Mapping[str, str]) -> str:
    """Return a frame of the register in words; ``a vs b`` names both."""
    return " against ".join(labels.get(part, part) for part in frame.split(" vs "))


def result_rows(register: pd.DataFrame, labels: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the register as it is shown.

    Returns
    -------
    list of dict
        ``id``, ``statement``, ``value``, ``interval``, ``bounds``, ``n``, ``unknown``, ``frame``,
        ``convention``, ``notebook``, ``headline``, and ``sort`` (the bare value).
    """
    as_text = ["id", "statement", "n", "unknown", "convention", "notebook", "headline"]
    return [
        {
            **{column: filled(row[column]) for column in as_text},
            "value": show(row["value"], row["unit"], row["decimals"]),
            "sort": "" if pd.isna(row["value"]) else f"{row['value']:.10g}",
            "interval": _span(row, "low", "high"),
            "bounds": _span(row, "bound_low", "bound_high"),
            "frame": frame_words(row["frame"], labels),
        }
        for row in register.to_dict("records")
    ]


def _span(row: Mapping, low: str, high: str) -> str:
    if pd.isna(row[low]):
        return ""
    return " to ".join(show(row[end], row["unit"], row["decimals"]) for end in (low, high))


def script(name: str, data: object) -> str:
    """Return a script that holds data under a name."""
    return f"window.{name} = {json_text(data)};\n"


def json_text(data: object) -> Markup:
    """Return data as JSON fit to stand in a script.

    No text in the data can end the script or a line, or open a comment.
    """
    text = json.dumps(
        data, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
    )
    return Markup(re.sub("[<\u2028\u2029]", lambda hit: f"\\u{ord(hit[0]):04x}", text))


def ink(colour: str) -> str:
    """Return black or white, whichever is easier to read on a colour (WCAG 2 contrast)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    light = sum(
        weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )
    return "#000" if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else "#fff"


PATTERNS = {
    "///": "repeating-linear-gradient(-45deg,{ink} 0 1px,transparent 1px 7px)",
    "\\\\\\": "repeating-linear-gradient(45deg,{ink} 0 1px,transparent 1px 7px)",
    "...": "radial-gradient({ink} 1px,transparent 1.4px) 0 0/7px 7px",
    "xxx": (
        "repeating-linear-gradient(45deg,{ink} 0 1px,transparent 1px 7px),"
        "repeating-linear-gradient(-45deg,{ink} 0 1px,transparent 1px 7px)"
    ),
}
"""The hatches of the figures as backgrounds."""


def generated_style(colours: Mapping[str, str], hatches: Mapping[str, str]) -> str:
    """Return the style of origins (colour, a second cue, readable ink) and of code.

    Parameters
    ----------
    colours, hatches : mapping
        Origin to colour and to hatch, as in the figures.
    """
    lines = ["/* Origins: the colours and hatches of the figures. */"]
    for label, colour in colours.items():
        text = ink(colour)
        lines.append(f".o-{label}{{background-color:{colour};--c:{colour};color:{text}}}")
        if pattern := PATTERNS.get(hatches[label]):
            line = "rgba(0,0,0,.55)" if text == "#000" else "rgba(255,255,255,.6)"
            lines.append(f".o-{label}{{background:{pattern.replace('{ink}', line)},{colour}}}")
    lines.append("/* Code. */")
    lines += [
        rule
        for rule in HtmlFormatter(style="xcode").get_style_defs(".highlight").splitlines()
        if "line-height" not in rule
    ]
    return "\n".join(lines) + "\n"
