"""Executed notebooks as parts of pages: cells, outputs and headings, without anything that could
run.
"""

import re
from functools import cache
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from bs4.element import PreformattedString
from jinja2 import DictLoader
from nbconvert import HTMLExporter

CELLS = """{% extends 'basic/index.html.j2' %}
{% block input %}<details class="code"><summary>Code</summary>{{ super() }}</details>{% endblock %}
"""
"""The layout of cells: that of nbconvert, the code folded."""
ALLOWED = set(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    ]
)
ATTRIBUTES = set(
    ["alt", "class", "colspan", "height", "href", "id", "rowspan", "scope", "src", "title", "width"]
)
"""Tags and attributes that a page may take from a notebook or from Markdown; all else is shown as
text or dropped.
"""


@cache
def exporter() -> HTMLExporter:
    """Return the exporter: template ``basic`` of nbconvert, pictures as files, no prompts."""
    made = HTMLExporter(
        extra_loaders=[DictLoader({"cells.html.j2": CELLS})],
        template_name="basic",
        template_file="cells.html.j2",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    made.environment.filters["clean_html"] = str  # `clean` is stricter, and once is enough
    made.register_preprocessor("nbconvert.preprocessors.ExtractOutputPreprocessor", enabled=True)
    return made


def convert(path: Path) -> dict:
    """Turn one notebook into the parts of a page.

    Parameters
    ----------
    path : Path
        The notebook.

    Returns
    -------
    dict
        ``name``, ``title``, ``body`` (HTML), ``contents`` (id and words of each heading of the
        second rank), ``pictures`` (file name to bytes), ``executed`` (whether it holds outputs).
    """
    notebook = nbformat.read(path, as_version=4)
    name = path.stem
    resources = {"unique_key": name, "output_files_dir": "pictures"}
    html, resources = exporter().from_notebook_node(notebook, resources=resources)
    soup = clean(html)
    first = soup.find("h1")
    title = first.get_text() if first else name
    if first:
        first.decompose()
    for link in soup.find_all("a", href=True):
        link["href"] = re.sub(r"^([\w.-]+)\.ipynb\b", r"\1.html", link["href"])
    headings = contents(soup)
    executed = any(cell.get("outputs") for cell in notebook.cells if cell.cell_type == "code")
    return {
        "name": name,
        "title": title,
        "body": str(soup),
        "contents": headings,
        "pictures": resources.get("outputs", {}),
        "executed": executed,
    }


def clean(html: str) -> BeautifulSoup:
    """Return HTML with nothing in it that runs or loads: other tags show as text, other attributes
    go.

    Tables get a box of their own to scroll in, pictures are loaded when they are seen, and links
    that lead nowhere but to a script become text.
    """
    soup = BeautifulSoup(html, "html.parser")
    for hidden in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        hidden.extract()  # comments and the like: browsers do not agree with the parser on where they end
    for tag in soup.find_all(True):
        if tag.name == "style":
            tag.decompose()
        elif tag.name not in ALLOWED:
            tag.replace_with(str(tag))
    for tag in soup.find_all(True):
        tag.attrs = {key: value for key, value in tag.attrs.items() if key in ATTRIBUTES}
        for key in ("href", "src"):
            address = re.sub(r"[\x00-\x20]", "", tag.get(key, ""))  # as browsers do
            if re.match(r"(?!https?:)[a-z][a-z0-9+.-]*:", address, re.IGNORECASE):
                del tag[key]
        if tag.name == "a" and tag.get("href", "").startswith("http"):
            tag["rel"] = "noopener noreferrer"
        if tag.name == "img":
            tag["loading"] = "lazy"
            if re.match(r"(https?:)?//", tag.get("src", "")):
                del tag["src"]
    for head in soup.find_all("th"):
        if not head.get_text(strip=True):  # an empty head says nothing to a reader who cannot see
            head.name = "td"
    scrolling(soup)
    return soup


def scrolling(soup: BeautifulSoup) -> None:
    """Put each table into a box that scrolls by itself and can be reached with the keyboard."""
    for number, table in enumerate(soup.find_all("table"), 1):
        box = soup.new_tag("div", tabindex="0", role="region")
        box["class"] = "scroll"
        box["aria-label"] = f"Table {number}"
        table.wrap(box)


def slug(words: str) -> str:
    """Return words as an id: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "part"


def contents(soup: BeautifulSoup) -> list[tuple[str, str]]:
    """Give each heading an id made of its words and return id and words of those of the second
    rank.
    """
    found, given = [], set()
    for heading in soup.find_all(re.compile("^h[1-6]$")):
        words = heading.get_text()
        name = slug(words)
        while name in given:
            name += "-again"
        given.add(name)
        heading["id"] = name
        if heading.name == "h2":
            found.append((name, words))
    return found
