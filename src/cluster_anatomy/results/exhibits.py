"""The lists that a data editor asks for: figures, tables and numbers, data, references, checklists.

A Markdown page holds a list between two invisible marks, ``<!--list:references-->`` and
``<!--/list-->``; `fill` puts the list there. Everything comes from ``notebooks/steps.toml``,
``figures/captions.csv``, the contracts and the register of results.
"""

import csv
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from cluster_anatomy.compendium import paths, results_file, steps
from cluster_anatomy.results.numbers import collect, lookup
from cluster_anatomy.results.paragraphs import checked as checked_numbers
from cluster_anatomy.tables.contract import TableError, contract_of, contracts

MEASURED = "benchmarks/results"
LIST = re.compile(r"<!--list:([a-z_]+)-->\n.*?<!--/list-->", re.DOTALL)
RESULT = re.compile(r"<!--r:([a-z0-9_]+)[a-z0-9_.]*-->")
MARKS = {"yes": "met", "partly": "met in part", "no": "not met"}

Row = Sequence[object]
"""What stands in one row of a Markdown table."""


def captions(base: Path) -> dict[str, dict[str, str]]:
    """Return title, caption and alternative text of every figure (none before the first run)."""
    path = base / "figures/captions.csv"
    if not path.is_file():
        return {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        return {row["figure"]: row for row in csv.DictReader(file)}


def markdown_table(head: Sequence[str], rows: Iterable[Row]) -> str:
    """Return a Markdown table; cells are made fit for it."""
    lines: list[Row] = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(part) for part in line)} |\n" for line in lines)


def _cell(part: object) -> str:
    return " ".join(str(part).split()).replace("|", "\\|").replace("<", "&lt;")


def notebook_link(name: str, up: str = "") -> str:
    """Return a link to the notebook of a step; ``up`` leads from the page to the root."""
    return f"[{name}]({up}notebooks/{name}.ipynb)"


def figure_steps(base: Path) -> list[tuple[str, str]]:
    """Return the step and the table behind each figure, in the order of ``steps.toml``."""
    return [
        (step.name, path.removesuffix("png") + "csv")
        for step in steps.load_steps(base)
        for path in step.writes
        if path.startswith("figures/") and path.endswith(".png")
    ]


def table_steps(base: Path) -> list[tuple[str, str]]:
    """Return the step and the path of each table but those of figures and the register's parts."""
    return [
        (step.name, path)
        for step in steps.load_steps(base)
        for path in step.writes
        if path.startswith("data/processed/") and path.endswith(".csv") and "/results/" not in path
    ]


def figures(base: Path, up: str = "") -> list[Row]:
    """Return title, notebook and files of every figure."""
    words = captions(base)
    rows: list[Row] = []
    for step, path in figure_steps(base):
        stem = Path(path).stem
        links = [f"[{end}]({up}figures/{stem}.{end})" for end in ("png", "pdf", "csv")]
        title = words.get(stem, {}).get("title", stem)
        rows.append([title, notebook_link(step, up), ", ".join(links)])
    return rows


def tables(base: Path, up: str = "") -> list[Row]:
    """Return title, notebook and file of every table that a step writes."""
    return [
        [contract_of(path).title, notebook_link(step, up), f"[`{path}`]({up}{path})"]
        for step, path in table_steps(base)
    ]


def step_chart(base: Path) -> str:
    """Return a Mermaid flowchart of the steps: an arrow leads to a step from one that it needs.

    A step that waits for another one anyway, by way of a third, has no arrow of its own from it.
    """
    by_name = {step.name: step for step in steps.load_steps(base)}
    lines = ["flowchart TB"]
    for name, step in sorted(by_name.items()):
        title = step.title.replace('"', "#quot;")
        lines.append(f'    {name}["<b>{name}</b><br>{title}"]')
    for name, step in sorted(by_name.items()):
        further = {
            earlier for need in step.needs for earlier in steps.select(by_name[need].needs, by_name)
        }
        lines += [f"    {need} --> {name}" for need in step.needs if need not in further]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def quoted(base: Path, page: str, up: str = "") -> list[Row]:
    """Return id, notebook and statement of every result that a page quotes, in its order."""
    ids = dict.fromkeys(RESULT.findall(page))
    by_id = {row["id"]: row for row in results_file.read(base)}
    if missing := [name for name in ids if name not in by_id]:
        raise TableError(
            [f"the page quotes {name}, which is not in the register" for name in missing]
        )
    return [
        [f"`{name}`", notebook_link(by_id[name]["notebook"], up), by_id[name]["statement"]]
        for name in ids
    ]


def datasets(base: Path) -> list[Row]:
    """Return file or pattern, title, source, rights and whether provided, for every contract."""
    rows: list[Row] = []
    for contract in contracts().values():
        for path in contract.path:
            provided = "no, optional" if contract.optional else "no"
            if any(file.is_file() for file in base.glob(path)):
                provided = "yes"
            rows.append([f"`{path}`", contract.title, contract.source, contract.licence, provided])
    return rows


def references(base: Path) -> list[str]:
    """Return the entries of ``seeds/references.bib`` as readers want them, by author and year."""
    text = (base / "seeds/references.bib").read_text(encoding="utf-8")
    entries = re.findall(r"^@\w+\{.*?^\}", text, flags=re.DOTALL | re.MULTILINE)
    return sorted(_reference(entry) for entry in entries)


def _reference(entry: str) -> str:
    """Return an entry of a bibliography as one line."""
    pairs = re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", entry, flags=re.MULTILINE)
    field = {key: re.sub(r"[{}]", "", value).replace("--", "–") for key, value in pairs}
    first, *others = field["author"].split(" and ")
    people = f"{first} et al." if others[-1:] == ["others"] else "; ".join([first, *others])
    parts = [
        f"*{field[key]}*" if key in ("journal", "booktitle") else field[key]
        for key in ("journal", "booktitle", "type", "institution", "publisher", "note")
        if key in field
    ]
    number = field.get("number", "")
    if "volume" in field:
        number = field["volume"] + (f"({number})" if number else "")
    parts += [number, field.get("pages", "")]
    if "doi" in field:
        parts.append(f"<https://doi.org/{field['doi']}>")
    rest = ", ".join(part for part in parts if part)
    return f"{people} ({field['year']}). {field['title'].rstrip('.')}. {rest}".rstrip(". ") + "."


def checked(page: str) -> list[Row]:
    """Count the items of each section of the checklists by how they are met, and in all.

    Parameters
    ----------
    page : str
        Markdown whose sections start with ``## `` and whose items are rows ``| yes | …``, ``|
        partly | …``, ``| no | …``.
    """
    sections: dict[str, list[str]] = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        items = re.findall(r"^\| (yes|partly|no) \|", section, flags=re.MULTILINE)
        if items:
            sections[section.partition("\n")[0]] = items
    sections["all"] = [item for items in sections.values() for item in items]
    return [[title, *map(items.count, MARKS)] for title, items in sections.items()]


def pages(base: Path) -> list[str]:
    """Return the pages with lists: `archive` fills them, a run fills README.md with numbers too."""
    files = [base / "README.md", base / "data/README.md", *sorted((base / "docs").glob("*.md"))]
    return [
        page.relative_to(base).as_posix()
        for page in files
        if page.is_file() and LIST.search(page.read_text(encoding="utf-8"))
    ]


def measured(name: str, base: Path) -> str:
    """Return a table of measurements as Markdown, or a line that says that it is not there.

    Raises
    ------
    TableError
        If no script or module could have made it.
    """
    path = base / MEASURED / f"{name}.csv"
    if path.is_file():
        with open(path, newline="", encoding="utf-8-sig") as file:
            head, *rows = csv.reader(file)
        return markdown_table([label.replace("_", " ") for label in head], rows)
    scripts = [*(base / "benchmarks").glob("*.py"), *(base / "src").rglob("*.py")]
    if not any(f"{name}.csv" in script.read_text(encoding="utf-8") for script in scripts):
        raise TableError(
            [f"there is no list '{name}', and nothing that makes {MEASURED}/{name}.csv"]
        )
    return f"*Not measured yet: `{MEASURED}/{name}.csv` is missing.*\n"


def fill(text: str, base: Path, up: str = "") -> str:
    """Fill the lists of a page between their marks.

    A list is one of those named here, or a table of ``benchmarks/results``. ``up`` leads from the
    page to the root, such as ``../``.

    Raises
    ------
    TableError
        If a mark names neither.
    """

    def content(name: str) -> str:
        match name:
            case "steps":
                return step_chart(base)
            case "numbers":
                front_page = (base / "README.md").read_text(encoding="utf-8")
                rows = quoted(base, front_page, up)
                return markdown_table(["number", "notebook", "what it says"], rows)
            case "datasets":
                head = ["file", "what", "source", "rights", "provided"]
                return markdown_table(head, datasets(base))
            case "references":
                return "".join(f"- {line}\n" for line in references(base))
            case "checklists":
                return markdown_table(["standard", *MARKS.values()], checked(text))
        return measured(name, base)

    return LIST.sub(lambda hit: f"<!--list:{hit[1]}-->\n{content(hit[1])}<!--/list-->", text)


def write_readme() -> str:
    """Fill the numbers and the lists of README.md, check what it claims, and return its text.

    Raises
    ------
    ParagraphError
        If it claims what the numbers do not say; with other parameters than the study's own its
        first line says so.
    """
    text = fill(paths.source("README.md").read_text(encoding="utf-8"), paths.root())
    variant = bool(os.environ.get(paths.VARIANT_VARIABLE))
    filled = checked_numbers(text, lookup(collect()), variant)
    paths.target("README.md").write_text(filled, encoding="utf-8")
    return filled
