"""The documents that are made from code and data: write them, or say which are stale."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cluster_anatomy.archive.citation import citation_file, codemeta_file
from cluster_anatomy.archive.crate import crate_file
from cluster_anatomy.archive.datapackage import package_file
from cluster_anatomy.archive.record import CITATION, CODEMETA, CRATE, PACKAGE, files, read_record
from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.results import exhibits, provenance


def generate(base: Path) -> dict[str, str]:
    """Return everything that `archive` generates, path -> text.

    Raises
    ------
    PipelineError, TableError
        If the record, a contract or a step is not in order.
    """
    about, listed = read_record(base), files(base)
    made = {CITATION, CODEMETA, PACKAGE, CRATE, provenance.NUMBERS}
    listed = sorted({*listed, *made})
    texts = {
        CITATION: citation_file(about),
        CODEMETA: codemeta_file(about),
        PACKAGE: package_file(about, base, listed),
        CRATE: crate_file(about, base, listed),
        provenance.NUMBERS: provenance.numbers_page(base),
    }
    for path in exhibits.pages(base):
        text, up = (base / path).read_text(encoding="utf-8"), "../" * path.count("/")
        texts[path] = exhibits.fill(text, base, up)
    return texts


def stale(base: Path) -> list[str]:
    """Return which of the generated documents are missing or not what they would be now."""
    problems = []
    for path, text in generate(base).items():
        file = base / path
        if not file.is_file():
            problems.append(f"{path} is missing")
        elif file.read_text(encoding="utf-8") != text:
            problems.append(f"{path} is stale")
    return problems


def write(base: Path) -> list[str]:
    """Write what is stale and return its paths; if one cannot be made, none is touched."""
    texts, changed = generate(base), []
    for path, text in texts.items():
        file = base / path
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        paths.replace_text(file, text)
        changed.append(path)
    return changed


def validate(base: Path, tell: Callable[[str], None] = print) -> int:
    """Check the metadata with the standards' own schemas and tools and return the exit code.

    They stay out of the study's environment: one of their own is built below ``build/`` from
    ``.ci/validators.lock`` (which needs network the first time).

    Raises
    ------
    PipelineError
        If that environment cannot be built.
    """
    lock, folder = base / ".ci/validators.lock", base / "build/validators"
    python, stamp = paths.interpreter(folder), folder / "lock.sha256"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != paths.digest(lock):
        tell(f"building {folder.relative_to(base)} from {lock.relative_to(base)}")
        shutil.rmtree(folder, ignore_errors=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        try:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([*install, "--require-hashes", "--no-deps", "-r", str(lock)], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise PipelineError(
                f"the environment of the validators cannot be built: {error}"
            ) from None
        stamp.write_text(paths.digest(lock), encoding="utf-8")
    return subprocess.run([python, base / ".ci/validate_metadata.py", base], check=False).returncode
