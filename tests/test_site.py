"""The site without a browser: complete, self-contained, safe, and equal to its tables."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from cluster_anatomy import site, tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.figures.style import COLOURS
from cluster_anatomy.firms.entries import entries, home_share, in_frame, property_share
from cluster_anatomy.site import contexts, notebooks, pages, readings
from cluster_anatomy.site.content import COMPOSITIONS
from cluster_anatomy.tables.contract import contracts

LIMIT = 18_000_000
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """What a page refers to: ids, links, everything it loads, pictures with their words."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads, self.pictures, self.handlers = [], [], [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.handlers += [name for name in attrs if name.startswith("on")]
        if tag == "a" and "href" in attrs:
            self.links.append(attrs["href"])
        elif tag != "a":
            self.loads += [
                attrs[name]
                for name in ("src", "href", "data", "action", "poster", "srcset")
                if name in attrs
            ]
        if tag == "img":
            self.pictures[attrs.get("src")] = attrs.get("alt")


@pytest.fixture(scope="module")
def parsed(built):
    return {file: Page(file.read_text(encoding="utf-8")) for file in sorted(built.rglob("*.html"))}


@pytest.fixture(scope="module")
def data(built):
    text = (built / "static" / "data.js").read_text(encoding="utf-8")
    assert "<" not in text
    return json.loads(text.removeprefix("window.DATA = ").rstrip().removesuffix(";"))


@pytest.fixture(scope="module")
def found():
    firms, origins = (
        tables.read("data/processed/firms.csv"),
        tables.read("data/processed/origins.csv"),
    )
    return entries(firms, origins, tables.read("data/raw/coding/periods.csv"))


def test_all_pages_are_there_and_small(built):
    for name in (
        "index",
        "figures",
        "explorer",
        "claims",
        "results",
        "codebook",
        "method",
        "notebooks/index",
    ):
        assert (built / f"{name}.html").is_file(), name
    for notebook in (paths.root() / "notebooks").glob("*.ipynb"):
        assert (built / "notebooks" / f"{notebook.stem}.html").is_file()
    sizes = {file: file.stat().st_size for file in built.rglob("*") if file.is_file()}
    assert sum(sizes.values()) < LIMIT
    assert max(size for file, size in sizes.items() if file.suffix in (".html", ".js")) < 2_000_000


def test_every_link_leads_somewhere(built, parsed, data):
    firms = {firm["id"] for firm in data["firms"]}
    for file, page in parsed.items():
        assert len(page.ids) == len(set(page.ids)), f"{file.name}: two elements have one id"
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme in ("http", "https"), f"{file.name}: {link}"
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            assert target.is_file(), f"{file.name}: {link}"
            assert target.is_relative_to(built)
            if "=" in parts.fragment:  # the explorer keeps its state in the fragment
                state = parse_qs(parts.fragment)
                assert target.name == "explorer.html"
                assert set(state.get("bar", [])) <= set(data["bars"])
                assert set(state.get("firm", [])) <= firms
            elif parts.fragment:
                assert unquote(parts.fragment) in parsed[target].ids, f"{file.name}: {link}"


def test_nothing_comes_from_elsewhere_and_nothing_runs_inline(built, parsed):
    for file, page in parsed.items():
        assert not page.handlers, file.name
        for load in page.loads:
            if load == "data:,":
                continue
            assert not urlsplit(load).scheme, f"{file.name}: {load}"
            assert not urlsplit(load).netloc, f"{file.name}: {load}"
            assert (file.parent / unquote(load)).is_file(), f"{file.name}: {load}"
        assert all(page.pictures.values()), f"{file.name}: a picture without alternative text"
    scripts = [
        (file.name, text)
        for file in parsed
        for text in re.findall(r"<script(?![^>]*src=)[^>]*>", file.read_text("utf-8"))
    ]
    assert scripts == [("index.html", '<script type="application/ld+json">')]  # data, not a script
    for file in parsed:
        text = file.read_text("utf-8")
        assert not re.findall(r"<style|<[^>]*\sstyle\s*=", text), file.name
        head = text[: text.index("<link")]  # before the first file is loaded
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', head)
        assert policy is not None, file.name
        assert unescape(policy[1]) == pages.POLICY
    assert "unsafe" not in pages.POLICY
    style = (built / "static" / "site.css").read_text(encoding="utf-8")
    assert "@import" not in style
    assert "url(" not in style


def test_search_engines_for_data_find_the_data_set(built):
    """What Google Dataset Search asks for, and that each file named is there."""
    page = BeautifulSoup((built / "index.html").read_text("utf-8"), "html.parser")
    found = json.loads(page.find("script", type="application/ld+json").string)
    assert found["@context"] == "https://schema.org"
    assert found["@type"] == "Dataset"
    assert 50 <= len(found["description"]) <= 5000
    description = page.find("meta", attrs={"name": "description"})["content"]
    assert found["description"].startswith(description)
    assert "MIT AND CC-BY-4.0" in found["description"]
    assert found["license"] == "https://spdx.org/licenses/CC-BY-4.0"
    assert {"name", "creator", "version", "datePublished", "keywords", "citation"} <= found.keys()
    assert "identifier" not in found  # there is no DOI yet
    files = {one["contentUrl"] for one in found["distribution"]}
    assert files == {f"data/{file.name}" for file in (built / "data").glob("*.csv")}
    described = page.find("link", rel="describedby")
    assert json.loads((built / described["href"]).read_text("utf-8"))["version"]
    assert (built / ".nojekyll").is_file()


def test_no_text_ends_the_script_of_the_data_set():
    text = pages.environment().from_string("<script>{{ data }}</script>")
    hostile = text.render(data=pages.json_text({"name": "</script><b>&amp;<!--"}))
    assert hostile.count("<") == 2
    shown = json.loads(hostile.removeprefix("<script>").removesuffix("</script>"))
    assert shown == {"name": "</script><b>&amp;<!--"}


def test_two_builds_have_the_same_bytes(built, tmp_path):
    again = site.build(tmp_path / "again")
    files = {
        file.relative_to(built): file.read_bytes() for file in built.rglob("*") if file.is_file()
    }
    others = {
        file.relative_to(again): file.read_bytes() for file in again.rglob("*") if file.is_file()
    }
    assert files.keys() == others.keys()
    assert [name for name, content in files.items() if others[name] != content] == []


def test_a_folder_with_other_things_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="something else"):
        site.build(tmp_path)
    assert (tmp_path / "thesis.txt").is_file()


def test_alternative_texts_of_notebooks_survive(built, parsed):
    seen = 0
    for path in (paths.root() / "notebooks").glob("*.ipynb"):
        shown = list(parsed[built / "notebooks" / f"{path.stem}.html"].pictures.values())
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                if "image/png" in output.get("data", {}):
                    assert output["metadata"]["image/png"]["alt"] in shown
                    seen += 1
    assert seen, "no executed notebook with a figure"
    gallery = parsed[built / "figures.html"].pictures
    for row in tables.read("figures/captions.csv").itertuples():
        assert gallery[f"figures/{row.figure}.png"] == row.alt


def test_every_result_is_shown_with_its_anchor(built, parsed):
    register = tables.read("data/processed/results.csv")
    assert set(register["id"]) <= set(parsed[built / "results.html"].ids)
    front = (built / "index.html").read_text(encoding="utf-8")
    for id in register.loc[register["headline"] == "yes", "id"]:
        assert f"results.html#{id}" in front


def rendered(context, title="Claims"):
    """The page of claims, as it would be written."""
    shared = {"root": "", "here": "claims.html", "title": title, "version": "0", "contents": []}
    return pages.environment().get_template("claims.html.j2").render({**shared, **context})


def test_the_ledger_of_claims_is_shown_or_its_absence_said(built, parsed):
    path = built / "claims.html"
    if paths.source("data/processed/claims.csv").is_file():
        assert set(tables.read("data/processed/claims.csv")["claim_id"]) <= set(parsed[path].ids)
    assert "has not been written" in rendered(contexts.claims_context(None, None, set()))


def position(order, conventions, given):
    """Position of a reading among all readings, as the page counts it."""
    options = {
        convention["name"]: [option["option"] for option in convention["options"]]
        for convention in conventions
    }
    place = 0
    for name in order:
        place = place * len(options[name]) + (
            options[name].index(given[name]) if name in given else 0
        )
    return place


def look_up(table, conventions, **given):
    """Find a share in the way the page does."""
    index = table["which"][position(table["conventions"], conventions, given)]
    return dict(zip(readings.SHARE, table["shares"][index], strict=True))


def test_shares_of_the_default_are_those_of_the_register(data):
    register = tables.read("data/processed/results.csv").set_index("id")
    committed = tables.read("data/processed/property_shares.csv").set_index(["property", "frame"])
    compared = 0
    for prop in data["properties"]:
        for frame, table in prop["frames"].items():
            shown = look_up(table, data["conventions"])
            expected = committed.loc[(prop["property"], frame)]
            assert shown == pytest.approx(
                {name: expected[name] for name in readings.SHARE}, abs=1e-9
            )
            id = f"{prop['property']}_share_{'china' if frame.startswith('cn') else 'usa'}"
            if id in register.index and register.loc[id, "frame"] == frame:
                assert shown["value"] == pytest.approx(register.loc[id, "value"], abs=1e-9)
                compared += 1
    assert compared >= 10


def firms_shown_as_moved(data, what, usual, conventions):
    """What the page shows for the firms that are something else under other conventions."""
    order = data["origin_order" if what == "label" else "reach_order"]
    index, shown = position(order, data["conventions"], conventions), {}
    for firm, (values, digits) in data["labels" if what == "label" else "reach"].items():
        value = values[readings.DIGITS.index(digits[index])]
        if value != usual[firm]:
            shown[firm] = value
    return shown


@pytest.mark.parametrize(
    "given",
    [
        {"employer_abroad": "as_at_home"},
        {"founders": "firm_first"},
        {"control": "founder_first", "institutes": "enterprise"},
        {"founders": "first_listed", "control": "founder_first"},
        {"region": "province", "mixed": "half"},
        {"institutes": "enterprise", "region": "economic", "mixed": "home"},
    ],
    ids=str,
)
def test_shares_and_firms_of_other_readings_are_those_of_the_rules(
    data, found, given, reclassified
):
    """Against a reading computed from scratch, firm by firm."""
    own = {name: option for name, option in given.items() if name != "mixed"}
    changed = reclassified(own)
    frames = tables.read("data/raw/coding/frames.csv")
    properties = tables.read("data/raw/coding/properties.csv")
    properties = properties.set_index("property", drop=False)
    for prop in data["properties"]:
        name = prop["property"]
        for frame, table in prop["frames"].items():
            part = in_frame(changed, frames, frame)
            if name == "home":
                expected = home_share(part, given.get("mixed", "elsewhere"))
            else:
                expected = property_share(part, properties.loc[name])
            shown = look_up(table, data["conventions"], **given)
            assert shown == pytest.approx(expected, abs=1e-9), (name, frame)
    for what in ("label", "reach"):
        usual, now = found.set_index("firm_id")[what], changed.set_index("firm_id")[what]
        moved = {firm: now[firm] for firm in now.index if now[firm] != usual[firm]}
        assert firms_shown_as_moved(data, what, usual, own) == moved, what


def test_bars_lead_to_exactly_the_firms_of_the_figures(built, parsed, data):
    links = [
        parse_qs(urlsplit(link).fragment).get("bar", [""])[0]
        for link in parsed[built / "explorer.html"].links
    ]
    style = (built / "static/site.css").read_text(encoding="utf-8")
    for name in COMPOSITIONS:
        drawn = tables.read(f"figures/{name}.csv")
        for row in drawn[drawn["entries"] > 0].itertuples():
            key = f"{row.panel}/{row.bar}/{row.label}"
            assert data["bars"][key][1] == row.firm_ids.split("|")
            assert len(data["bars"][key][1]) == row.entries
            assert f".bar .n-{row.entries}{{flex-grow:{row.entries}}}\n" in style
            assert key in links
        for (panel, bar), rows in drawn.groupby(["panel", "bar"]):
            assert len(data["bars"][f"{panel}/{bar}"][1]) == rows["n"].iloc[0]
            assert f"{panel}/{bar}" in links


def test_every_entry_has_its_record(data, found):
    records = {firm["id"]: firm for firm in data["firms"]}
    assert records.keys() == set(found["firm_id"])
    row = found.set_index("firm_id").loc["cn-3s-bio"]
    record = records["cn-3s-bio"]
    assert (record["zh"], record["year"], record["label"], record["rule"]) == (
        row["name_zh"],
        row["entry_year"],
        row["label"],
        row["rule"],
    )
    assert record["urls"] == row["source_urls"].split("|")
    assert all(firm.get("said") for firm in data["firms"]), "a firm of which nobody said anything"


def test_hostile_text_in_scripts_and_markdown_shows_as_text():
    text = pages.script("DATA", {"name": f"{HOSTILE}</script><!--"})
    assert "<" not in text
    data = json.loads(text.removeprefix("window.DATA = ").strip().rstrip(";"))
    assert data["name"].startswith(HOSTILE)
    html, _ = pages.markdown(
        f"A firm named {HOSTILE} and [a link](javascript:alert(1)).\n\n{HOSTILE}"
    )
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html
    assert Page(html).links == []


def test_numbers_and_figures_lead_to_the_cells_that_make_them(parsed, built):
    numbers, drawn = notebooks.cell_addresses(
        sorted((paths.root() / "notebooks").glob("*.ipynb")), paths.root()
    )
    assert set(numbers) == set(tables.read("data/processed/results.csv")["id"])
    assert set(drawn) == set(tables.read("figures/captions.csv")["figure"])
    front = parsed[built / "notebooks" / "06_china_usa.html"]
    assert numbers["difference_home"] in front.links
    assert f"notebooks/{drawn['china_usa']}" in parsed[built / "figures.html"].links
    for address in (*numbers.values(), *drawn.values()):
        name, cell = address.split("#")
        assert cell in parsed[built / "notebooks" / name].ids


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "It is <!--r:home.low-->34 %<!--/r-->.",
            'It is <a class="number" href="a.html#cell-b" title="home">34 %</a>.',
        ),
        ("It is <!--r:other-->1<!--/r-->.", "It is 1."),
        ("Plain.", "Plain."),
    ],
)
def test_a_filled_number_becomes_a_link(text, shown):
    assert notebooks.linked(text, {"home": "a.html#cell-b"}) == shown


def test_folded_cells_are_there_and_say_what_they_are(tmp_path):
    cells = [nbformat.v4.new_code_cell(source, id=source) for source in ("a", "b")]
    cells[0].metadata = {"tags": ["plumbing"], "jupyter": {"source_hidden": True}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "one.ipynb")
    blocks = BeautifulSoup(notebooks.convert(tmp_path / "one.ipynb").body, "html.parser")
    folded = blocks.select(".cell > .input > details.code")
    assert [block.summary.get_text() for block in folded] == ["Reads and records", "Code"]
    assert [block.pre.get_text().strip() for block in folded] == ["a", "b"]


def test_hostile_html_of_a_notebook_is_cleaned():
    cleaned = str(
        notebooks.clean(
            '<p onclick="a()">x<script>b()</script><iframe src="http://a.b"></iframe><a href="'
            ' JavaScript:c()">y</a></p>'
        )
    )
    assert "<script" not in cleaned
    assert "<iframe" not in cleaned
    assert "onclick" not in cleaned
    assert "href" not in cleaned


def test_hostile_text_in_a_claim_shows_as_text():
    row = {
        "claim_id": "C001",
        "section": HOSTILE,
        "kind": "number",
        "statement": HOSTILE,
        "verdict": "supported",
        "reason": HOSTILE,
        "missing": None,
        "result_ids": None,
        "sources": None,
        "addresses": f"javascript:alert(1)|https://example.org/{HOSTILE.split('>')[0]}",
    }
    html = rendered({"claims": [row], "checks": {}, "counts": {}, "results": set()}, HOSTILE)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert not [link for link in Page(html).links if link.startswith("javascript")]


def test_the_page_of_the_method_explains_every_rule_of_linkage(built):
    rule = next(column for column in contracts()["links"].columns if column.name == "rule")
    page = (built / "method.html").read_text(encoding="utf-8")
    part = page.split('<h2 id="linkage">')[1].split("<h2")[0]
    assert re.findall(r"<dt><code>(\w+)</code></dt><dd>\w", part) == list(rule.allowed)


def test_only_http_addresses_become_links():
    cell = (
        "seed|https://example.org/a (a note)|javascript:alert(1)|github-index:4|ftp://example.org"
    )
    assert pages.links(cell) == [
        ("", "Conlé and Taube (2010)"),
        ("https://example.org/a", "https://example.org/a (a note)"),
        ("", "javascript:alert(1)"),
        ("", "github-index:4"),
        ("", "ftp://example.org"),
    ]
    assert pages.links(pd.NA) == []


def test_ink_is_readable_on_every_colour():
    def light(colour):
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in COLOURS.values():
        ink = {"#000": 0.0, "#fff": 1.0}[pages.ink(colour)]
        high, low = max(ink, light(colour)), min(ink, light(colour))
        assert (high + 0.05) / (low + 0.05) >= 4.5, colour


def test_a_section_of_markdown_ends_at_the_next_heading():
    text = "# A\n\n## One\n\nfirst\n\n### Sub\n\nx\n\n## Two\n\nsecond\n"
    assert pages.section(text, "One") == "first\n\n### Sub\n\nx"
    assert pages.section(text, "Two") == "second"
    assert pages.section(text, "Three") == ""


def test_shares_everywhere_counts_a_plain_example():
    options = pd.MultiIndex.from_product([["usual", "other"]], names=["convention"])
    values = pd.DataFrame(
        [[1, 0, 0.5, None], [1, 1, 0.5, None]], index=options, columns=list("abcd")
    ).astype(float)
    plain = readings.shares_everywhere(values)
    assert [plain["shares"][index][:3] for index in plain["which"]] == [[1, 3, 1], [2, 3, 1]]
    weighted = readings.shares_everywhere(values, {"elsewhere": 0.0, "half": 0.5})
    assert weighted["conventions"] == ["convention", "mixed"]
    assert [weighted["shares"][index][0] for index in weighted["which"]] == [1, 1.5, 2, 2.5]
