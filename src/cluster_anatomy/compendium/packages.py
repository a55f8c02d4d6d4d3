"""Do the numbers stay the same with other packages and another Python? Build, run, compare."""

import csv
import json
import os
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.compare import PICTURES, Difference
from cluster_anatomy.compendium.steps import PipelineError

RESULTS = "benchmarks/results/same_everywhere.csv"
COLUMNS = [
    "python",
    "packages",
    "versions",
    "numbers_moved",
    "notebooks_failed",
    "pictures_moved",
    "texts_moved",
    "first",
]
SETS = ("locked", "oldest", "newest")
DECISIVE = ["pandas", "numpy", "scipy", "statsmodels", "matplotlib", "networkx"]
"""The packages that the numbers and pictures depend on most."""


# --- An environment with other packages


def requirements(base: Path, packages: str) -> list[str]:
    """Return the arguments for pip that bring a set of packages, one of `SETS`.

    The oldest are those of ``[tool.canary.oldest]`` in ``pyproject.toml``; a package without an
    entry there keeps its pin.
    """
    if packages == "locked":
        return ["--require-hashes", "--no-deps", "-r", str(base / "requirements.lock")]
    settings = tomllib.loads((base / "pyproject.toml").read_text(encoding="utf-8"))
    project = settings["project"]
    pinned = [*project["dependencies"], *project["optional-dependencies"]["build"]]
    pins = dict(pin.split("==") for pin in pinned)
    if packages == "newest":
        return sorted(pins)
    oldest = pins | settings["tool"]["canary"]["oldest"]
    return [f"{name}=={version}" for name, version in sorted(oldest.items())]


def environment(base: Path, python: str, packages: str) -> Path:
    """Build a virtual environment below ``build/canary`` and return its interpreter.

    Raises
    ------
    PipelineError
        If the interpreter is not there or pip cannot install the packages; with the last words of
        the tool.
    """
    folder = base / "build/canary" / f"{re.sub('[^A-Za-z0-9.]', '_', Path(python).name)}-{packages}"
    interpreter = paths.interpreter(folder)
    pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    commands = [
        [python, "-m", "venv", "--clear", str(folder)],
        [*pip, *requirements(base, packages)],
        [*pip, "--no-deps", "--no-build-isolation", "-e", str(base)],
    ]
    for command in commands:
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            raise PipelineError(
                f"there is no interpreter {python!r}; name another with --python"
            ) from None
        if done.returncode:
            last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-3:])
            raise PipelineError(f"{' '.join(command[:5])} … failed:\n{last}")
    return interpreter


def versions(interpreter: Path) -> dict[str, str]:
    """Return the versions of Python (``python``) and of the packages that decide the numbers."""
    code = (
        "import json, platform; from importlib.metadata import version;"
        " print(json.dumps({'python': platform.python_version()} | {name: version(name) for"
        f" name in {DECISIVE}}}))"
    )
    done = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=True)
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


# --- A run in it


@dataclass(frozen=True)
class Trial:
    """A whole run with other packages, beside the committed results.

    Attributes
    ----------
    packages : str
        One of `SETS`.
    versions : dict
        Of Python and of the packages that decide the numbers.
    differences : dict
        As `by_kind` gives them.
    """

    packages: str
    versions: dict[str, str]
    differences: dict[str, list[Difference]]

    @property
    def moved(self) -> list[Difference]:
        """All differences, in the order numbers, failures, pictures, texts."""
        return [difference for kind in self.differences.values() for difference in kind]

    def row(self) -> dict[str, str]:
        """Return the trial as a row of the table of `RESULTS`."""
        named = [f"{name} {version}" for name, version in self.versions.items() if name != "python"]
        return {
            "python": self.versions["python"],
            "packages": self.packages,
            "versions": ", ".join(named),
            "numbers_moved": str(len(self.differences["numbers"])),
            "notebooks_failed": str(len(self.differences["failed"])),
            "pictures_moved": str(len(self.differences["pictures"])),
            "texts_moved": str(len(self.differences["texts"])),
            "first": str(self.moved[0]) if self.moved else "",
        }


def by_kind(differences: Iterable[Difference]) -> dict[str, list[Difference]]:
    """Sort differences by kind, without those of versions, which are the point of the trial.

    Returns
    -------
    dict
        ``numbers`` (values of tables), ``failed`` (notebooks that did not run to their end),
        ``pictures`` (which another matplotlib draws otherwise), ``texts`` (what notebooks and other
        files show).
    """
    kinds: dict[str, list[Difference]] = {
        kind: [] for kind in ("numbers", "failed", "pictures", "texts")
    }
    for difference in differences:
        if difference.committed.startswith("'pandas "):
            continue
        suffix = Path(difference.file).suffix
        if difference.place == "run":
            kind = "failed"
        elif suffix == ".csv":
            kind = "numbers"
        else:
            kind = "pictures" if suffix in PICTURES else "texts"
        kinds[kind].append(difference)
    return kinds


def try_packages(
    base: Path, python: str, packages: str, into: Path | None = None, jobs: int = 2
) -> Trial:
    """Run the whole study with other packages or another Python.

    Parameters
    ----------
    base : Path
        Folder of the compendium.
    python : str
        The interpreter.
    packages : str
        One of `SETS`.
    into, jobs
        As for `rerun.check`.

    Raises
    ------
    PipelineError
        If the environment cannot be built, or the check itself fails.
    """
    interpreter = environment(base, python, packages)
    with tempfile.TemporaryDirectory(prefix="cluster-anatomy-") as folder:
        answer = Path(folder) / "differences.json"
        command = [str(interpreter), "-m", "cluster_anatomy", "check", "--rerun"]
        command += ["--json", str(answer), "--jobs", str(jobs)]
        command += ["--into", str(into.resolve())] if into else []
        done = subprocess.run(
            command,
            env=os.environ | {paths.ROOT_VARIABLE: str(base)},
            capture_output=True,
            text=True,
        )
        if not answer.is_file():
            raise PipelineError(
                f"the check itself failed:\n{done.stdout[-500:]}{done.stderr[-500:]}"
            )
        differences = read_differences(answer)
    return Trial(packages, versions(interpreter), by_kind(differences))


def write_differences(differences: Iterable[Difference], path: Path) -> None:
    """Write differences as JSON, a list of objects with the fields of `Difference`."""
    entries = [difference._asdict() for difference in differences]
    paths.replace_text(path, json.dumps(entries, ensure_ascii=False, indent=1) + "\n")


def read_differences(path: Path) -> list[Difference]:
    """Read what `write_differences` has written."""
    return [Difference(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]


def record(rows: Iterable[dict[str, str]], base: Path) -> None:
    """Put rows into the committed table, over earlier rows of the same Python and packages."""
    path = base / RESULTS
    old = list(csv.DictReader(path.open(encoding="utf-8", newline=""))) if path.is_file() else []
    table = {(row["python"], row["packages"]): row for row in [*old, *rows]}
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table[key] for key in sorted(table))
