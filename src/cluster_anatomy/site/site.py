"""The site: every page of the study as plain files that open from disk, without a server and
without a network.

`build` reads the committed tables, figures and notebooks and writes a folder. Jinja, nbconvert and
mistune come with Jupyter, so nothing has to be installed for it; alternative texts of figures
survive; two runs write the same bytes.
"""

import os
import shutil
import tempfile
import tomllib
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.figures.style import COLOURS, HATCHES
from cluster_anatomy.firms import lists
from cluster_anatomy.firms.entries import ORIGINS
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.site import explorer, notebooks, pages
from cluster_anatomy.study import robustness
from cluster_anatomy.tables.codebook import codebook
from cluster_anatomy.tables.contract import contracts

PROCESSED, CODING = "data/processed/", "data/raw/coding/"
CODED = [
    "source_roles",
    "origin_rules",
    "conventions",
    "alternatives",
    "origin_views",
    "properties",
    "frames",
    "periods",
    "disputes",
    "organisation_types",
]
DOWNLOADS = [
    "firms",
    "firm_evidence",
    "origins",
    "sources",
    "serial",
    "results",
    "composition",
    "property_shares",
    "differences",
    "ties",
    "claims",
]
"""Tables that the site carries along."""
ROOT_FILES = {
    "LICENSE": "LICENSE.txt",
    "LICENSE-DATA": "LICENSE-DATA.txt",
    "CITATION.cff": "CITATION.cff",
}
FIGURE_ENDINGS = ("pdf", "png", "csv")
COMPOSITIONS = {"composition_by_cluster": "cluster", "composition_by_frame": "frame"}
"""Figures whose bars lead to their firms, and what a bar is."""


def build(target: Path | None = None) -> Path:
    """Build the site.

    Parameters
    ----------
    target : Path, optional
        Folder to write; ``site/`` in the compendium if not given. An earlier site there is
        replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If there is something else than an earlier site in that place.
    """
    target = paths.root() / "site" if target is None else Path(target)
    if target.exists() and any(target.iterdir()) and not (target / "static" / "site.css").is_file():
        raise FileExistsError(
            f"{target} holds something else than a site: name another folder or empty it."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".site-", dir=target.parent))
    try:
        os.chmod(draft, 0o755)
        write(draft, gather())
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def gather() -> SimpleNamespace:
    """Read what the pages show; ``ties``, ``claims`` and ``claim_outcomes`` are None before steps
    06 and 09 have run.
    """
    found = SimpleNamespace(**{name: tables.read(f"{CODING}{name}.csv") for name in CODED})
    for name in ("firms", "firm_evidence", "entries", "sources", "conflicts", "results"):
        setattr(found, name, tables.read(f"{PROCESSED}{name}.csv"))
    for name in ("ties", "claims", "claim_outcomes"):
        path = f"{PROCESSED}{name}.csv"
        setattr(found, name, tables.read(path) if paths.source(path).is_file() else None)
    found.evidence, found.lists = tables.read_all("evidence"), tables.read_all("lists")
    found.places = tables.read("data/raw/places/places.csv")
    found.captions = tables.read("figures/captions.csv")
    found.bars = [
        bar
        for name, by in COMPOSITIONS.items()
        for bar in explorer.bars(tables.read(f"figures/{name}.csv"), by)
    ]
    found.readme = paths.source("README.md").read_text(encoding="utf-8")
    found.notebooks = sorted((paths.root() / "notebooks").glob("*.ipynb"))
    found.citation = paths.source("CITATION.cff").read_text(encoding="utf-8")
    project = tomllib.loads(paths.source("pyproject.toml").read_text(encoding="utf-8"))["project"]
    found.version = project["version"]
    return found


def explorer_data(data: SimpleNamespace) -> dict:
    """Put together what the explorer looks up.

    Returns
    -------
    dict
        ``firms``, ``conventions``, ``labels`` and ``reach`` (what each moved firm is in each
        reading), ``properties`` (shares in each reading), ``bars``, ``frames``, ``rules``,
        ``words``.
    """
    found = data.entries
    coding = {name: getattr(data, name) for name in CODED}
    known = (data.firms, data.firm_evidence, data.sources)
    origins = robustness.origins_everywhere(*known, coding)
    readings = robustness.readings(*known, Gazetteer(data.places), coding, origins)
    labels = origins["label"].unstack("firm_id")
    source_columns = ["role", "organisation", "org_type", "city", "country", "timing"]
    details = {
        "sources": explorer.by_firm(data.sources, source_columns),
        "conflicts": explorer.by_firm(data.conflicts, ["column", "value", "coder", "chosen"]),
        "said": explorer.coder_words(data.firm_evidence, data.evidence, data.lists),
        "ties": explorer.tie_words(data.ties),
    }
    rules = data.origin_rules.set_index("rule")
    return {
        "firms": explorer.firm_records(found, data.frames, details),
        "conventions": explorer.convention_records(data.conventions),
        "origin_order": list(readings["start_up"].index.names),
        "labels": explorer.outcomes(labels.loc[readings["start_up"].index, found["firm_id"]]),
        "reach_order": list(readings["home"].index.names),
        "reach": explorer.outcomes(explorer.reach_words(readings["home"], readings["abroad"])),
        "properties": explorer.properties_everywhere(readings, found, data.frames, data.properties),
        "bars": {
            one["key"]: [place(one), one["firms"]]
            for bar in data.bars
            for one in whole_and_parts(bar)
        },
        "frames": {row.frame: row.label for row in data.frames.itertuples()},
        "default_frames": data.frames.loc[data.frames["default"] == "yes", "frame"].tolist(),
        "rules": {
            rule: [pages.filled(row["meaning"]), pages.filled(row["passage"])]
            for rule, row in rules.iterrows()
        },
        "origins": ORIGINS,
        "periods": data.periods["period"].tolist(),
        "ties_known": data.ties is not None,
    }


def whole_and_parts(bar: dict) -> list[dict]:
    """Return a bar as one set of firms, and each of its segments."""
    every = [firm for segment in bar["segments"] for firm in segment["firms"]]
    whole = {"key": bar["key"], "firms": every}
    return [{**one, "panel": bar["panel"], "bar": bar["bar"]} for one in (whole, *bar["segments"])]


def place(one: dict) -> str:
    """Return the words for a bar or a segment: panel, bar, origin."""
    return " · ".join([one["panel"], one["bar"], *([one["words"]] if "words" in one else [])])


def write(folder: Path, data: SimpleNamespace) -> None:
    """Write every file of the site into an empty folder."""
    environment = pages.environment()
    labels = {row.frame: row.label for row in data.frames.itertuples()}
    register = pages.result_rows(data.results, labels)
    converted = [notebooks.convert(path) for path in data.notebooks]
    downloads = [name for name in DOWNLOADS if paths.source(f"{PROCESSED}{name}.csv").is_file()]
    about = {path: table for table in contracts().values() for path in table.path}
    figures = data.captions.to_dict("records")

    def page(path: str, template: str, title: str, **context) -> None:
        root = "../" * path.count("/")
        shared = {
            "root": root,
            "here": path,
            "title": title,
            "version": data.version,
            "contents": [],
        }
        text = environment.get_template(template).render({**shared, **context})
        put(folder / path, text)

    intro = pages.markdown(data.readme.split("\n## ")[0].split("\n", 1)[1], readme_target)[0]
    parts = {
        heading: pages.markdown(pages.section(data.readme, heading), readme_target)[0]
        for heading in ("Data, frames and limits", "Licences", "How to cite")
    }
    page(
        "index.html",
        "index.html.j2",
        "Cluster Anatomy",
        intro=intro,
        parts=parts,
        headlines=[row for row in register if row["headline"] == "yes"],
        notebooks=converted,
        figure=next((row for row in figures if row["figure"] == "china_usa"), None),
        downloads=[
            (name, table.title, notebooks.slug(f"{table.title} ({table.name})"))
            for name in downloads
            for table in [about[f"{PROCESSED}{name}.csv"]]
        ],
    )
    page("figures.html", "figures.html.j2", "Figures", figures=figures, compositions=COMPOSITIONS)
    page(
        "explorer.html",
        "explorer.html.j2",
        "Explorer",
        bars=data.bars,
        origins=ORIGINS,
        frames=labels,
        periods=[(period, period) for period in [*data.periods["period"], "unknown"]],
    )
    page("claims.html", "claims.html.j2", "Claims", **claims_context(data))
    page(
        "results.html",
        "results.html.j2",
        "Results",
        rows=register,
        notebooks={one["name"] for one in converted},
    )
    body, headings = pages.markdown(codebook().removeprefix("# Codebook\n"))
    page("codebook.html", "codebook.html.j2", "Codebook", body=body, contents=headings)
    page("method.html", "method.html.j2", "Method", **method_context(data))
    page("notebooks/index.html", "notebooks.html.j2", "Notebooks", notebooks=converted)
    for number, one in enumerate(converted):
        before, after = (
            converted[number - 1] if number else None,
            (converted[number + 1 :] or [None])[0],
        )
        page(
            f"notebooks/{one['name']}.html",
            "notebook.html.j2",
            one["title"],
            notebook=one,
            before=before,
            after=after,
            contents=one["contents"],
        )
        for name, content in one["pictures"].items():
            put(paths.inside(folder / "notebooks", name), content)
    for row in figures:
        for ending in FIGURE_ENDINGS:
            name = f"figures/{row['figure']}.{ending}"
            put(paths.inside(folder, name), paths.source(name).read_bytes())
    for name in downloads:
        put(folder / "data" / f"{name}.csv", paths.source(f"{PROCESSED}{name}.csv").read_bytes())
    for name, new in ROOT_FILES.items():
        put(folder / new, paths.source(name).read_bytes())
    static = resources.files(__package__) / "static"
    for name in ("tables.js", "explorer.js"):
        put(folder / "static" / name, (static / name).read_text(encoding="utf-8"))
    style = (static / "site.css").read_text(encoding="utf-8") + pages.generated_style(
        COLOURS, HATCHES
    )
    put(folder / "static" / "site.css", style)
    put(folder / "static" / "data.js", pages.script("DATA", explorer_data(data)))


def put(path: Path, content: str | bytes) -> None:
    """Write one file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def readme_target(address: str) -> str:
    """Return where the site has what a link of the README leads to; empty text if nowhere."""
    if address.startswith("notebooks/") and address.endswith(".ipynb"):
        return address.removesuffix(".ipynb") + ".html"
    if address.startswith("figures/"):
        return address
    return ROOT_FILES.get(address, "")


def claims_context(data: SimpleNamespace) -> dict:
    """Return what the page of claims shows: the ledger, or None, and the checks of each claim."""
    if data.claims is None:
        return {"claims": None, "checks": {}, "counts": {}, "known": set()}
    checks: dict[str, list[dict]] = {}
    if data.claim_outcomes is not None:
        for row in data.claim_outcomes.to_dict("records"):
            checks.setdefault(row["claim_id"], []).append(row)
    return {
        "claims": data.claims.to_dict("records"),
        "checks": checks,
        "counts": data.claims["verdict"].value_counts(sort=False).to_dict(),
        "known": set(data.results["id"]),
    }


def method_context(data: SimpleNamespace) -> dict:
    """Return what the page of the method shows: the coding tables and the rules of linkage."""
    columns = {
        "rules": ["rule", "when", "mode", "source", "passage", "meaning"],
        "conventions": ["convention", "option", "default", "meaning", "reason"],
        "frames": ["frame", "label", "carries_shares", "default", "meaning"],
        "periods": ["period", "first_year", "last_year", "meaning"],
        "properties": ["property", "label", "question"],
        "disputes": ["dispute", "subject", "readings", "default", "source"],
    }
    chosen = {"rules": "origin_rules"}
    coding = {
        name: getattr(data, chosen.get(name, name))[wanted].to_dict("records")
        for name, wanted in columns.items()
    }
    described = {column.name: column.description for column in contracts()["links"].columns}
    rule, text = described["rule"], lists.decide.__doc__.split("Parameters")[0]
    linkage = [part.strip() for part in rule.split(". ") if ":" in part]
    return {
        **coding,
        "columns": columns,
        "linkage": [part.rstrip(".").split(": ", 1) for part in linkage],
        "linkage_text": " ".join(text.split()),
        "limits": pages.markdown(
            pages.section(paths.source("data/README.md").read_text("utf-8"), "Frames and limits")
        )[0],
        "contents": [
            ("origin", "Origin rules"),
            ("conventions", "Conventions"),
            ("frames", "Frames"),
            ("properties", "Properties and periods"),
            ("linkage", "One register out of many lists"),
            ("disputes", "Disputes"),
        ],
    }
