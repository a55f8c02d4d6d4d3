"""The Research Object Crate: ro-crate-metadata.json."""

import glob
from pathlib import Path, PurePosixPath

from cluster_anatomy.archive.citation import paper_reference
from cluster_anatomy.archive.datapackage import table_files
from cluster_anatomy.archive.record import (
    CODE,
    CRATE,
    FOLDERS,
    FORMATS,
    ORGANISATION,
    SPDX,
    Record,
    names,
    to_json,
)
from cluster_anatomy.compendium import paths, steps
from cluster_anatomy.results import exhibits
from cluster_anatomy.tables.contract import contract_of

# --- RO-Crate


def _ref(*names: str) -> list[dict]:
    return [{"@id": name} for name in names]


def _about_file(
    path: str, by_step: dict[str, steps.Step], figures: dict[str, dict]
) -> tuple[str, str]:
    """Return a name and a sentence on a file, from contracts, steps and captions."""
    stem = PurePosixPath(path).stem
    if table_files([path]):
        table = contract_of(path)
        return table.title, f"{table.description.strip()} One row: {table.unit_of_observation}."
    if path.startswith("figures/") and stem in figures:
        return figures[stem]["title"], figures[stem]["alt"]
    if stem in by_step:
        return by_step[stem].title, f"Step {stem} of the study, executed, with its outputs."
    known = {
        "data/raw/SHA256SUMS": "Checksums of the raw data, as sha256sum writes them.",
        "notebooks/steps.toml": "The workflow: which notebook reads and writes what.",
        "seeds/record.toml": (
            "Bibliographic record of the paper, with the checksum of the text that was read."
        ),
        "seeds/references.bib": (
            "Works that the study restates, compares with or takes a method from."
        ),
        "seeds/README.md": "What the study takes from the paper.",
    }
    return PurePosixPath(path).name, known.get(path, f"{path} of the compendium.")


def _entity(path: str, base: Path, about: Record, words: tuple[str, str]) -> dict:
    name, said = words
    entity = {
        "@id": path,
        "@type": "File",
        "name": name,
        "description": said,
        "encodingFormat": FORMATS.get(PurePosixPath(path).suffix, "text/plain"),
        "license": {"@id": SPDX + about.data_licence},
    }
    if path.startswith(tuple(FOLDERS)):
        entity |= {
            "contentSize": str((base / path).stat().st_size),
            "sha256": paths.digest(base / path),
        }
    return entity


def crate(about: Record, base: Path, listed: list[str]) -> str:
    """Return ro-crate-metadata.json: what is in the compendium, what made it, and who may do what
    with it.
    """
    order = steps.load_steps(base)
    by_step = {step.name: step for step in order}
    figures = exhibits.captions(base)
    single = [
        path for path in listed if "/" not in path and path != CRATE and not path.startswith(".")
    ]
    single += [path for path in ("data/README.md", "data/CODEBOOK.md") if path in listed]
    code = {
        "pyproject.toml",
        "requirements.lock",
        "environment.yml",
        "Makefile",
        "notebooks/steps.toml",
    }
    entities: dict[str, dict] = {}
    for path in [*single, *(path for path in listed if path.startswith(tuple(FOLDERS)))]:
        entities[path] = _entity(path, base, about, _about_file(path, by_step, figures))
        if path in code or path.endswith(".ipynb"):
            entities[path]["license"] = {"@id": SPDX + about.code_licence}
    for step in order:
        entities[step.notebook] |= {
            "@type": ["File", "SoftwareSourceCode"],
            "programmingLanguage": {"@id": "#python"},
            "license": _ref(SPDX + about.code_licence, SPDX + about.data_licence),
        }
    entities[steps.STEPS_FILE] |= {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": "Workflow of the study",
        "programmingLanguage": {"@id": "#python"},
        "hasPart": _ref(*(step.notebook for step in order)),
        "step": _ref(*(f"#step-{step.name}" for step in order)),
    }
    folders = []
    for folder, (name, said) in (FOLDERS | CODE).items():
        inside = [path for path in listed if path.startswith(folder)]
        if not inside:
            continue
        entity = {"@id": folder, "@type": "Dataset", "name": name, "description": said}
        entity["license"] = {
            "@id": SPDX + (about.data_licence if folder in FOLDERS else about.code_licence)
        }
        entity |= {"hasPart": _ref(*inside)} if folder in FOLDERS else {}
        folders.append(entity)
    actions = []
    for number, step in enumerate(order, start=1):
        patterns = (glob.glob(pattern, root_dir=base, recursive=True) for pattern in step.reads)
        reads = sorted(
            {Path(path).as_posix() for found in patterns for path in found} & entities.keys()
        )
        writes = [path for path in step.outputs if path in entities]
        actions += [
            {
                "@id": f"#step-{step.name}",
                "@type": "HowToStep",
                "position": str(number),
                "name": step.title,
                "workExample": {"@id": step.notebook},
            },
            {
                "@id": f"#run-{step.name}",
                "@type": "CreateAction",
                "name": f"Run of {step.name}",
                "description": f"{step.title}: what the notebook reads and writes.",
                "agent": {"@id": ORGANISATION},
                "instrument": {"@id": step.notebook},
                "object": _ref(*reads),
                "result": _ref(*writes),
            },
        ]
    paper = about.paper
    root = {
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
        "spatialCoverage": _ref(
            *(f"#place-{country.replace(' ', '-')}" for country in about.countries)
        ),
        "mainEntity": {"@id": steps.STEPS_FILE},
        "mentions": _ref(*(f"#run-{step.name}" for step in order)),
        **({"identifier": f"https://doi.org/{about.doi}"} if about.doi else {}),
        "hasPart": _ref(*single, *(folder["@id"] for folder in folders)),
    }
    context = [
        {"@id": ORGANISATION, "@type": "Organization", "name": " and ".join(about.authors)},
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
        {
            "@id": "#python",
            "@type": "ComputerLanguage",
            "name": "Python",
            "version": about.python.lstrip(">="),
            "url": "https://www.python.org/",
        },
        {
            "@id": "#paper",
            "author": _ref(*(f"#{names(person)['family-names']}" for person in paper["authors"])),
            **paper_reference(about),
        },
        *(
            {"@id": f"#{names(person)['family-names']}", "@type": "Person", "name": person}
            for person in paper["authors"]
        ),
        *(
            {"@id": f"#place-{country.replace(' ', '-')}", "@type": "Country", "name": country}
            for country in about.countries
        ),
    ]
    descriptor = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "name": "Metadata of this RO-Crate",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
        "about": {"@id": "./"},
    }
    graph = [descriptor, root, *folders, *entities.values(), *actions, *context]
    return to_json({"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": graph})
