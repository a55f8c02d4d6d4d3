"""The Research Object Crate: ro-crate-metadata.json."""

import glob
from pathlib import Path, PurePosixPath

from cluster_anatomy.archive.citation import paper_reference
from cluster_anatomy.archive.datapackage import table_files
from cluster_anatomy.archive.record import CRATE, SPDX, Record, to_json
from cluster_anatomy.compendium import paths, steps
from cluster_anatomy.results import exhibits
from cluster_anatomy.tables.contract import contract_of

Entity = dict[str, object]

ORGANISATION = "#developers"
FOLDERS = {
    "data/raw/": (
        "Raw data",
        "What was collected, and the decisions of this study as data; never edited by a step.",
    ),
    "data/processed/": (
        "Processed data",
        "What the steps make of the raw data, the register of results among it.",
    ),
    "seeds/": ("Seeds", "The paper as a source: record, its claims in our own words, references."),
    "notebooks/": (
        "Notebooks",
        "The steps of the study, with their outputs, and the notebooks that run on own lists.",
    ),
    "figures/": ("Figures", "Each figure as PDF and PNG, and the table that it draws."),
    "own_lists/": ("Own lists", "A small real list of firms, as an example of one's own."),
}
"""Folders whose files are listed one by one, all but notebooks with size and checksum."""
CODE = {
    "src/": (
        "Package",
        "The Python package: how the compendium runs, its tables, methods, firms, study, figures,"
        " site and archive, and the study of lists and registers of one's own.",
    ),
    "tests/": ("Tests", "Tests of functions, data, notebooks and documents."),
    "benchmarks/": (
        "Benchmarks",
        "What measures speed, linkage, planted faults and bad input, and what was measured.",
    ),
    "docs/": ("Documents", "Checklists, the list of numbers, and guides."),
    "LICENSES/": ("Licences", "The text of each licence that REUSE.toml names."),
}
"""Folders that are described as a whole."""
CODE_FILES = {
    "pyproject.toml",
    "requirements.lock",
    "environment.yml",
    "Makefile",
    "postBuild",
    "REUSE.toml",
    steps.STEPS_FILE,
}
"""Files outside the folders of code that have the licence of code."""
DESCRIPTIONS = {
    "data/raw/SHA256SUMS": "Checksums of the raw data, as sha256sum writes them.",
    "notebooks/steps.toml": "The workflow: which notebook reads and writes what.",
    "seeds/record.toml": (
        "Bibliographic record of the paper, with the checksum of the text that was read."
    ),
    "seeds/references.bib": "Works that the study restates, compares with or takes a method from.",
    "seeds/README.md": "What the study takes from the paper.",
}
"""Files that neither a contract nor a step nor a caption describes."""
FORMATS = {
    ".csv": "text/csv",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".ipynb": "application/x-ipynb+json",
    ".md": "text/markdown",
    ".toml": "application/toml",
    ".json": "application/json",
    ".cff": "application/yaml",
    ".yml": "application/yaml",
    ".bib": "application/x-bibtex",
}


def crate_file(about: Record, base: Path, listed: list[str]) -> str:
    """Return ro-crate-metadata.json: what is in the compendium, what made it, who may do what.

    Parameters
    ----------
    about : Record
        What the compendium says of itself.
    base : Path
        Its folder.
    listed : list of str
        Its files.
    """
    order = steps.load_steps(base)
    single = _single_files(listed)
    folders = _folders(about, listed)
    files = _files(about, base, single, listed, order)
    graph: list[Entity] = [
        _descriptor(),
        _root(about, order, [*single, *(str(folder["@id"]) for folder in folders)]),
        *folders,
        *files.values(),
        *(
            entity
            for number, step in enumerate(order, start=1)
            for entity in (_how_to_step(number, step), _action(step, base, set(files)))
        ),
        _developers(about),
        *_licences(about),
        _language(about),
        *_paper(about),
        *_places(about),
    ]
    return to_json({"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": graph})


def _ref(*names: str) -> list[dict[str, str]]:
    return [{"@id": name} for name in names]


# --- The crate as a whole


def _descriptor() -> Entity:
    return {
        "@id": CRATE,
        "@type": "CreativeWork",
        "name": "Metadata of this RO-Crate",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
        "about": {"@id": "./"},
    }


def _root(about: Record, order: list[steps.Step], parts: list[str]) -> Entity:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": about.title,
        "description": about.abstract,
        "datePublished": about.released,
        "version": about.version,
        "keywords": ", ".join(about.keywords),
        "license": _ref(SPDX + about.data_licence, SPDX + about.code_licence),
        "author": {"@id": ORGANISATION},
        "publisher": {"@id": ORGANISATION},
        "isBasedOn": {"@id": "#paper"},
        "spatialCoverage": _ref(*map(_place_id, about.countries)),
        "mainEntity": {"@id": steps.STEPS_FILE},
        "mentions": _ref(*(f"#run-{step.name}" for step in order)),
        **({"identifier": f"https://doi.org/{about.doi}"} if about.doi else {}),
        "hasPart": _ref(*parts),
    }


# --- Folders and files


def _folders(about: Record, listed: list[str]) -> list[Entity]:
    """Describe the folders that hold something; those of data name their files."""
    folders: list[Entity] = []
    for folder, (name, description) in (FOLDERS | CODE).items():
        inside = [path for path in listed if path.startswith(folder)]
        licence = about.data_licence if folder in FOLDERS else about.code_licence
        if inside:
            folders.append(
                {
                    "@id": folder,
                    "@type": "Dataset",
                    "name": name,
                    "description": description,
                    "license": {"@id": SPDX + licence},
                    **({"hasPart": _ref(*inside)} if folder in FOLDERS else {}),
                }
            )
    return folders


def _single_files(listed: list[str]) -> list[str]:
    """Return the files outside the folders that are described."""
    top = [
        path for path in listed if "/" not in path and path != CRATE and not path.startswith(".")
    ]
    return top + [path for path in ("data/README.md", "data/CODEBOOK.md") if path in listed]


def _files(
    about: Record, base: Path, single: list[str], listed: list[str], order: list[steps.Step]
) -> dict[str, Entity]:
    """Describe each file, the notebooks and the workflow as code; path -> entity."""
    by_name, captions = {step.name: step for step in order}, exhibits.captions(base)
    inside = [path for path in listed if path.startswith(tuple(FOLDERS))]
    files: dict[str, Entity] = {}
    for path in [*single, *inside]:
        name, description = _name_and_description(path, by_name, captions)
        code = path in CODE_FILES or path.endswith(".ipynb")
        licence = about.code_licence if code else about.data_licence
        files[path] = {
            "@id": path,
            "@type": "File",
            "name": name,
            "description": description,
            "encodingFormat": FORMATS.get(PurePosixPath(path).suffix, "text/plain"),
            "license": {"@id": SPDX + licence},
        }
    for path in inside:
        if path.endswith(".ipynb"):
            continue  # to open one in another tool changes its bytes, but nothing that it says
        files[path]["contentSize"] = str((base / path).stat().st_size)
        files[path]["sha256"] = paths.digest(base / path)
    for step in order:
        files[step.notebook] |= _notebook(about)
    files[steps.STEPS_FILE] |= _workflow(order)
    return files


def _name_and_description(
    path: str, by_name: dict[str, steps.Step], captions: dict[str, dict[str, str]]
) -> tuple[str, str]:
    """Take a name and a sentence on a file from contracts, captions and steps."""
    stem = PurePosixPath(path).stem
    if table_files([path]):
        table = contract_of(path)
        return table.title, f"{table.description.strip()} One row: {table.unit_of_observation}."
    if path.startswith("figures/") and stem in captions:
        return captions[stem]["title"], captions[stem]["alt"]
    if stem in by_name:
        return by_name[stem].title, f"Step {stem} of the study, executed, with its outputs."
    return PurePosixPath(path).name, DESCRIPTIONS.get(path, f"{path} of the compendium.")


# --- What made what


def _notebook(about: Record) -> Entity:
    return {
        "@type": ["File", "SoftwareSourceCode"],
        "programmingLanguage": {"@id": "#python"},
        "license": _ref(SPDX + about.code_licence, SPDX + about.data_licence),
    }


def _workflow(order: list[steps.Step]) -> Entity:
    return {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": "Workflow of the study",
        "programmingLanguage": {"@id": "#python"},
        "hasPart": _ref(*(step.notebook for step in order)),
        "step": _ref(*(f"#step-{step.name}" for step in order)),
    }


def _how_to_step(number: int, step: steps.Step) -> Entity:
    return {
        "@id": f"#step-{step.name}",
        "@type": "HowToStep",
        "position": str(number),
        "name": step.title,
        "workExample": {"@id": step.notebook},
    }


def _action(step: steps.Step, base: Path, described: set[str]) -> Entity:
    """Describe the run of a step, with those of its files that are described."""
    reads = {
        Path(path).as_posix()
        for pattern in step.reads
        for path in glob.glob(pattern, root_dir=base, recursive=True)
    }
    return {
        "@id": f"#run-{step.name}",
        "@type": "CreateAction",
        "name": f"Run of {step.name}",
        "description": f"{step.title}: what the notebook reads and writes.",
        "agent": {"@id": ORGANISATION},
        "instrument": {"@id": step.notebook},
        "object": _ref(*sorted(reads & described)),
        "result": _ref(*(path for path in step.outputs if path in described)),
    }


# --- People, licences, language, paper, places


def _developers(about: Record) -> Entity:
    return {"@id": ORGANISATION, "@type": "Organization", "name": " and ".join(about.authors)}


def _language(about: Record) -> Entity:
    return {
        "@id": "#python",
        "@type": "ComputerLanguage",
        "name": "Python",
        "version": about.python.lstrip(">="),
        "url": "https://www.python.org/",
    }


def _licences(about: Record) -> list[Entity]:
    return [
        {
            "@id": SPDX + about.code_licence,
            "@type": "CreativeWork",
            "name": "MIT License",
            "description": "Of the code.",
        },
        {
            "@id": SPDX + about.data_licence,
            "@type": "CreativeWork",
            "name": "Creative Commons Attribution 4.0 International",
            "description": (
                "Of data coding, text and figures; see LICENSE-DATA for facts and third parties."
            ),
        },
    ]


def _paper(about: Record) -> list[Entity]:
    authors: list[Entity] = [
        {"@id": f"#{family}", "@type": "Person", "name": f"{given} {family}"}
        for given, family in about.paper_authors
    ]
    ids = _ref(*(f"#{family}" for _, family in about.paper_authors))
    return [{"@id": "#paper", "author": ids, **paper_reference(about)}, *authors]


def _places(about: Record) -> list[Entity]:
    return [
        {"@id": _place_id(country), "@type": "Country", "name": country}
        for country in about.countries
    ]


def _place_id(country: str) -> str:
    return f"#place-{country.replace(' ', '-')}"
