"""Figures, tables and numbers against the notebooks that make them: the lists that a data editor
asks for.

A Markdown page holds a list between two invisible marks, ``<!--list:figures-->`` and
``<!--/list-->``; `fill` puts the list there. Everything comes from ``notebooks/steps.toml``,
``figures/captions.csv``, the contracts and the register of results.
"""

import csv
import re
from pathlib import Path

from cluster_anatomy.compendium import notebooks, paths, steps
from cluster_anatomy.results.numbers import collect
from cluster_anatomy.results.prose import fill_marks
from cluster_anatomy.tables.contract import TableError, contract_of, contracts

NUMBERS, MEASURED = "docs/NUMBERS.md", "benchmarks/results"
LIST = re.compile(r"<!--list:([a-z_]+)-->\n.*?<!--/list-->", re.DOTALL)
RESULT = re.compile(r"<!--r:([a-z0-9_]+)[a-z0-9_.]*-->")
MARKS = {"yes": "met", "partly": "met in part", "no": "not met"}


def _rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def captions(base: Path) -> dict[str, dict[str, str]]:
    """Return title, caption and alternative text of every figure (none before the first run)."""
    path = base / "figures/captions.csv"
    return {row["figure"]: row for row in _rows(path)} if path.is_file() else {}


def register(base: Path) -> list[dict[str, str]]:
    """Return the results of all notebooks, sorted by id; the texts as they stand in the files."""
    parts = sorted((base / "data/processed/results").glob("*.csv"))
    return sorted((row for part in parts for row in _rows(part)), key=lambda row: row["id"])


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def table(head: list[str], rows: list[list[object]]) -> str:
    """Return a Markdown table; cells are made fit for it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _notebook(name: str, up: str = "") -> str:
    return f"[{name}]({up}notebooks/{name}.ipynb)"


def figures(base: Path, up: str = "") -> list[list[str]]:
    """Return title, notebook and files of every figure, in the order of ``steps.toml``."""
    known, found = captions(base), []
    for step in steps.load_steps(base):
        for path in step.writes:
            stem = Path(path).stem
            if path.startswith("figures/") and path.endswith(".png"):
                files = ", ".join(
                    f"[{end}]({up}figures/{stem}.{end})" for end in ("png", "pdf", "csv")
                )
                found.append(
                    [known.get(stem, {}).get("title", stem), _notebook(step.name, up), files]
                )
    return found


def processed(base: Path, up: str = "") -> list[list[str]]:
    """Return title, notebook and file of every table that a step writes, but for figures and the
    register's parts.
    """
    found = []
    for step in steps.load_steps(base):
        for path in step.writes:
            if (
                path.startswith("data/processed/")
                and "/results/" not in path
                and path.endswith(".csv")
            ):
                found.append(
                    [contract_of(path).title, _notebook(step.name, up), f"[`{path}`]({up}{path})"]
                )
    return found


def quoted(base: Path, page: str) -> list[list[str]]:
    """Return id, notebook and statement of every result that a page quotes, in its order."""
    ids = dict.fromkeys(RESULT.findall(page))
    by_id = {row["id"]: row for row in register(base)}
    if missing := [name for name in ids if name not in by_id]:
        raise TableError(
            [f"the page quotes {name}, which is not in the register" for name in missing]
        )
    return [
        [f"`{name}`", _notebook(by_id[name]["notebook"]), by_id[name]["statement"]] for name in ids
    ]


def datasets(base: Path) -> list[list[str]]:
    """Return file or pattern, title, source, rights and whether provided, for every contract."""
    found = []
    for contract in contracts().values():
        for path in contract.path:
            there = any(file.is_file() for file in base.glob(path))
            provided = "yes" if there else "no, optional" if contract.optional else "no"
            found.append([f"`{path}`", contract.title, contract.source, contract.licence, provided])
    return found


def references(base: Path) -> list[str]:
    """Return the entries of ``seeds/references.bib`` as a reader wants them, sorted by author and
    year.
    """
    text, found = (base / "seeds/references.bib").read_text(encoding="utf-8"), []
    for entry in re.findall(r"^@\w+\{.*?^\}", text, flags=re.DOTALL | re.MULTILINE):
        fields = dict(re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", entry, flags=re.MULTILINE))
        said = {key: re.sub(r"[{}]", "", value).replace("--", "–") for key, value in fields.items()}
        authors = said["author"].split(" and ")
        people = authors[0] + (
            " et al." if authors[-1] == "others" else "".join(f"; {a}" for a in authors[1:])
        )
        number = said.get("volume", "") + (
            f"({said['number']})" if "number" in said and "volume" in said else ""
        )
        parts = [
            f"*{said[key]}*" if key in ("journal", "booktitle") else said[key]
            for key in ("journal", "booktitle", "type", "institution", "publisher", "note")
            if key in said
        ]
        parts += [number] if number else [said["number"]] if "number" in said else []
        parts += [said["pages"]] if "pages" in said else []
        parts += [f"<https://doi.org/{said['doi']}>"] if "doi" in said else []
        found.append(
            f"{people} ({said['year']}). {said['title'].rstrip('.')}. {', '.join(parts)}".rstrip(
                ". "
            )
            + "."
        )
    return sorted(found)


def checked(page: str) -> list[list[object]]:
    """Count the items of each section of the checklists by how they are met, with a last row of
    sums.

    Parameters
    ----------
    page : str
        Markdown whose sections start with ``## `` and whose items are rows ``| yes | …``, ``|
        partly | …``, ``| no | …``.
    """
    rows: list[list[object]] = []
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        items = re.findall(r"^\| (yes|partly|no) \|", section, flags=re.MULTILINE)
        if items:
            rows.append([section.partition("\n")[0], *(items.count(mark) for mark in MARKS)])
    return [*rows, ["all", *(sum(row[i] for row in rows) for i in (1, 2, 3))]]


def pages(base: Path) -> list[str]:
    """Return the pages with lists. `archive` fills them; a run fills README.md too, with its
    numbers.
    """
    found = [base / "README.md", base / "data/README.md", *sorted((base / "docs").glob("*.md"))]
    return [
        page.relative_to(base).as_posix()
        for page in found
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
        return table([label.replace("_", " ") for label in head], rows)
    scripts = [*(base / "benchmarks").glob("*.py"), *(base / "src").rglob("*.py")]
    if not any(f"{name}.csv" in script.read_text(encoding="utf-8") for script in scripts):
        raise TableError(
            [f"there is no list '{name}', and nothing that makes {MEASURED}/{name}.csv"]
        )
    return f"*Not measured yet: `{MEASURED}/{name}.csv` is missing.*\n"


def fill(text: str, base: Path) -> str:
    """Fill the lists of a page between their marks: those named below, or a table of
    ``benchmarks/results``.

    Raises
    ------
    TableError
        If a mark names neither.
    """
    known = {
        "figures": lambda: table(["figure", "notebook", "files"], figures(base)),
        "tables": lambda: table(["table", "notebook", "file"], processed(base)),
        "numbers": lambda: table(["number", "notebook", "what it says"], quoted(base, text)),
        "datasets": lambda: table(["file", "what", "source", "rights", "provided"], datasets(base)),
        "references": lambda: "".join(f"- {line}\n" for line in references(base)),
        "checklists": lambda: table(["standard", *MARKS.values()], checked(text)),
    }

    def replaced(hit: re.Match) -> str:
        made = known[hit[1]]() if hit[1] in known else measured(hit[1], base)
        return f"<!--list:{hit[1]}-->\n{made}<!--/list-->"

    return LIST.sub(replaced, text)


def _where(sources: list[tuple[int, str]], name: str, default: str) -> str:
    """Return the number of the code cell in which a name is last written out, else the last with a
    default text.
    """
    while name:
        cells = [
            number for number, source in sources if f'"{name}' in source or f"/{name}" in source
        ]
        if cells:
            return str(cells[-1])
        shorter = name.rstrip("_").rpartition("_")[
            0
        ]  # the end of a name may be put together in a loop
        name = f"{shorter}_" if shorter else ""
    return str(max((number for number, source in sources if default in source), default=""))


def numbers_page(base: Path) -> str:
    """Return the page that lists every figure, table and number with notebook, code cell and file."""
    sources: dict[str, list[tuple[int, str]]] = {
        step.name: [
            (n, c["source"])
            for n, c in notebooks.code_cells(notebooks.read_notebook(base / step.notebook))
        ]
        for step in steps.load_steps(base)
    }

    def cell(link: str, name: str, default: str) -> str:
        return _where(sources[link[1 : link.index("]")]], name, default)

    shown = [
        [title, made, cell(made, re.search(r"figures/(\w+)\.", files)[1], "style.save"), files]
        for title, made, files in figures(base, "../")
    ]
    tables = [
        [
            title,
            made,
            cell(made, Path(path.strip("[]`").partition("`")[0]).stem, "tables.write"),
            path,
        ]
        for title, made, path in processed(base, "../")
    ]
    numbers = []
    for row in register(base):
        made = _notebook(row["notebook"], "../")
        numbers.append(
            [
                f"`{row['id']}`",
                made,
                _where(sources[row["notebook"]], row["id"], "results.record"),
                row["statement"],
            ]
        )
    head = [
        "# Figures, tables and numbers, and what makes them",
        "",
        (
            "Generated by `python -m cluster_anatomy archive`. *Cell* is the number of the code"
            " cell, counted from 1, in which the"
        ),
        (
            "exhibit is written or, if its name is put together there, in which the notebook writes"
            " what it has found. Every"
        ),
        (
            "number stands in `data/processed/results/` under its notebook's name, and in"
            " `data/processed/results.csv`."
        ),
    ]
    return (
        "\n".join(head)
        + f"\n\n## Figures ({len(shown)})\n\n"
        + table(["figure", "notebook", "cell", "files"], shown)
        + f"\n## Tables ({len(tables)})\n\n"
        + table(["table", "notebook", "cell", "file"], tables)
        + f"\n## Numbers ({len(numbers)})\n\n"
        + table(["number", "notebook", "cell", "what it says"], numbers)
    )


def write_readme() -> str:
    """Fill the numbers of README.md from the register and its lists from the steps; return its
    text.
    """
    text = paths.source("README.md").read_text(encoding="utf-8")
    filled = fill_marks(fill(text, paths.root()), collect())
    paths.target("README.md").write_text(filled, encoding="utf-8")
    return filled
