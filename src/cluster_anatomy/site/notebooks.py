"""Executed notebooks as parts of pages: cells, outputs, headings, and nothing that could run."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import nbformat
from bs4 import BeautifulSoup
from bs4.element import PreformattedString, Tag
from jinja2 import DictLoader
from nbconvert import HTMLExporter

from cluster_anatomy.compendium import marks, results_file
from cluster_anatomy.compendium.notebooks import code_cells, read_notebook
from cluster_anatomy.results import exhibits, provenance

CELLS = """{% extends 'basic/index.html.j2' %}
{% block input %}
{% set plumbing = "plumbing" in cell.metadata.get("tags", []) %}
<details class="code"><summary>{{ "Reads and records" if plumbing else "Code" }}</summary>
{{ super() }}</details>
{% endblock %}
"""
"""The layout of cells: that of nbconvert, the code folded; what is plumbing says so."""
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
BLOCKS = {"blockquote", "br", "details", "div", "hr", "p", "pre", "summary"}
INLINE = {"a", "abbr", "b", "code", "del", "em", "i", "ins", "s", "small", "span", "strong"}
LISTS = {"dd", "dl", "dt", "li", "ol", "ul"}
PICTURES = {"figcaption", "figure", "img"}
TABLES = {"caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
ALLOWED = HEADINGS | BLOCKS | INLINE | {"sub", "sup", "u"} | LISTS | PICTURES | TABLES
"""Tags that a page may take from a notebook or from Markdown; others are shown as text."""
ATTRIBUTES = {"alt", "class", "colspan", "height", "href", "id", "rowspan"}
ATTRIBUTES |= {"scope", "src", "title", "width"}
"""Attributes that a page may take over; others are dropped."""
Addresses = Mapping[str, str]
NOWHERE: Addresses = MappingProxyType({})


@dataclass(frozen=True)
class ConvertedNotebook:
    """A notebook as the parts of a page."""

    name: str
    title: str
    body: str
    """HTML."""
    contents: list[tuple[str, str]]
    """Id and words of each heading of the second rank."""
    pictures: dict[str, bytes]
    """File name to bytes."""
    executed: bool
    """Whether it holds outputs."""


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


def cell_addresses(notebooks: Iterable[Path], base: Path) -> tuple[Addresses, Addresses]:
    """Return where each number is recorded and each figure drawn, from a page of a notebook.

    Parameters
    ----------
    notebooks : iterable of Path
        The notebooks of the site.
    base : Path
        The compendium.

    Returns
    -------
    tuple
        Id of a result, and name of a figure, to an address such as
        ``06_china_usa.html#cell-06-differ``.
    """
    read = {path.stem: read_notebook(path) for path in notebooks}
    cells = {
        name: {number: cell["id"] for number, cell in code_cells(notebook)}
        for name, notebook in read.items()
    }

    def address(name: str, number: int) -> str:
        return f"{name}.html#cell-{cells[name][number]}"

    numbers = {
        row["id"]: address(row["notebook"], int(row["cell"]))
        for row in results_file.read(base)
        if row["notebook"] in read
    }
    figures = {
        PurePosixPath(path).stem: address(name, provenance.writing_cell(read[name], path))
        for name, path in exhibits.figure_steps(base)
        if name in read
    }
    return numbers, figures


def linked(text: str, numbers: Addresses) -> str:
    """Return Markdown whose filled numbers lead to the cells that record them."""

    def link(mark: re.Match[str]) -> str:
        name, shown = mark[1], mark[0].split("-->", 1)[1].removesuffix("<!--/r-->")
        if name not in numbers:
            return shown
        return f'<a class="number" href="{numbers[name]}" title="{name}">{shown}</a>'

    return marks.NUMBER.sub(link, text)


def convert(path: Path, numbers: Addresses = NOWHERE) -> ConvertedNotebook:
    """Turn one notebook into the parts of a page; its numbers lead to where they are recorded."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = linked(cell.source, numbers)
    name = path.stem
    folder = {"unique_key": name, "output_files_dir": "pictures"}
    html, resources = exporter().from_notebook_node(notebook, resources=folder)
    soup = clean(html)
    first = soup.find("h1")
    title = first.get_text() if first else name
    if first:
        first.decompose()
    for link in soup.find_all("a", href=True):
        link["href"] = re.sub(r"^([\w.-]+)\.ipynb\b", r"\1.html", _attribute(link, "href"))
    for cell in soup.find_all(id=re.compile("^cell-id=")):
        cell["id"] = _attribute(cell, "id").replace("cell-id=", "cell-", 1)
    headings = contents(soup)
    return ConvertedNotebook(
        name=name,
        title=title,
        body=str(soup),
        contents=headings,
        pictures=resources.get("outputs", {}),
        executed=any(cell.get("outputs") for cell in notebook.cells if cell.cell_type == "code"),
    )


def clean(html: str) -> BeautifulSoup:
    """Return HTML with nothing in it that runs or loads.

    Other tags than those allowed show as text, other attributes go. Tables get a box of their own
    to scroll in, pictures are loaded when they are seen, and links that lead nowhere but to a
    script become text.
    """
    soup = BeautifulSoup(html, "html.parser")
    # comments and the like: browsers do not agree with the parser on where they end
    for hidden in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        hidden.extract()
    for tag in soup.find_all(True):
        if tag.name == "style":
            tag.decompose()
        elif tag.name not in ALLOWED:
            tag.replace_with(str(tag))
    for tag in soup.find_all(True):
        tag.attrs = {key: value for key, value in tag.attrs.items() if key in ATTRIBUTES}
        _disarm(tag)
    for head in soup.find_all("th"):
        if not head.get_text(strip=True):  # an empty head says nothing to a reader who cannot see
            head.name = "td"
    scrolling(soup)
    return soup


def _disarm(tag: Tag) -> None:
    """Drop addresses that run something, and pictures from elsewhere."""
    for key in ("href", "src"):
        address = re.sub(r"[\x00-\x20]", "", _attribute(tag, key))  # as browsers do
        if re.match(r"(?!https?:)[a-z][a-z0-9+.-]*:", address, re.IGNORECASE):
            del tag[key]
    if tag.name == "a" and _attribute(tag, "href").startswith("http"):
        tag["rel"] = "noopener noreferrer"
    if tag.name == "img":
        tag["loading"] = "lazy"
        if re.match(r"(https?:)?//", _attribute(tag, "src")):
            del tag["src"]


def _attribute(tag: Tag, name: str) -> str:
    return str(tag.get(name) or "")


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
    """Give each heading an id made of its words; return id and words of the second rank."""
    listed, given = [], set()
    for heading in soup.find_all(re.compile("^h[1-6]$")):
        words = heading.get_text()
        name = slug(words)
        while name in given:
            name += "-again"
        given.add(name)
        heading["id"] = name
        if heading.name == "h2":
            listed.append((name, words))
    return listed
