"""Do the numbers stay the same with other packages and another Python? Build that environment, run,
compare.
"""

import csv
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

from cluster_anatomy.compendium import paths
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
TOLD = ["pandas", "numpy", "scipy", "statsmodels", "matplotlib", "networkx"]


def requirements(base: Path, packages: str) -> list[str]:
    """Return the pip arguments that bring a set of packages: as locked, the oldest allowed or the
    newest there are.

    The oldest are those of ``[tool.canary.oldest]`` in ``pyproject.toml``; a package without an
    entry there keeps its pin.
    """
    if packages == "locked":
        return ["--require-hashes", "--no-deps", "-r", str(base / "requirements.lock")]
    project = tomllib.loads((base / "pyproject.toml").read_text(encoding="utf-8"))
    pins = dict(
        pin.split("==")
        for pin in [
            *project["project"]["dependencies"],
            *project["project"]["optional-dependencies"]["build"],
        ]
    )
    if packages == "newest":
        return sorted(pins)
    return [
        f"{name}=={version}"
        for name, version in sorted((pins | project["tool"]["canary"]["oldest"]).items())
    ]


def environment(base: Path, python: str, packages: str) -> Path:
    """Build a virtual environment below ``build/canary`` and return its interpreter.

    Raises
    ------
    PipelineError
        If the interpreter is not there or pip cannot install the packages; with the last words of
        the tool.
    """
    folder = base / "build/canary" / f"{re.sub('[^A-Za-z0-9.]', '_', Path(python).name)}-{packages}"
    interpreter = folder / "bin/python"
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
    """Return the versions of Python and of the packages that the numbers depend on."""
    code = (
        "import json, platform; from importlib.metadata import version;"
        " print(json.dumps({'python': platform.python_version()} | {name: version(name) for"
        f" name in {TOLD}}}))"
    )
    return json.loads(
        subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=True).stdout
    )


def moved(lines: list[str]) -> dict[str, list[str]]:
    """Sort what ``check`` printed, but for versions.

    Returns
    -------
    dict
        ``numbers`` (values of tables), ``failed`` (notebooks that did not run to their end),
        ``pictures`` (which another matplotlib draws otherwise), ``texts`` (what notebooks and other
        files show).
    """
    found = [line for line in lines if ": committed " in line and "committed 'pandas " not in line]
    sorted_lines = {"numbers": [], "failed": [], "pictures": [], "texts": []}
    for line in found:
        path, what = line.split(":")[0].split(",")[:2]
        kind = {".csv": "numbers", ".png": "pictures", ".pdf": "pictures"}.get(
            Path(path).suffix, "texts"
        )
        sorted_lines["failed" if what == " run" else kind].append(line)
    return sorted_lines


def try_packages(python: str, packages: str) -> dict[str, str]:
    """Run the whole study with other packages and return a row of the table of `RESULTS`.

    The lines of ``check`` are printed as they come.
    """
    base = paths.root()
    interpreter = environment(base, python, packages)
    settings = os.environ | {paths.ROOT_VARIABLE: str(base)}
    done = subprocess.run(
        [interpreter, "-m", "cluster_anatomy", "check"],
        env=settings,
        capture_output=True,
        text=True,
    )
    found = moved(done.stdout.splitlines())
    if done.returncode not in (0, 1) or (done.returncode == 1 and not any(found.values())):
        raise PipelineError(f"the check itself failed:\n{done.stdout[-500:]}{done.stderr[-500:]}")
    lines = [line for kind in found.values() for line in kind]
    for line in lines:
        print(line, flush=True)
    told = versions(interpreter)
    return {
        "python": told.pop("python"),
        "packages": packages,
        "versions": ", ".join(f"{name} {version}" for name, version in told.items()),
        "numbers_moved": str(len(found["numbers"])),
        "notebooks_failed": str(len(found["failed"])),
        "pictures_moved": str(len(found["pictures"])),
        "texts_moved": str(len(found["texts"])),
        "first": [*lines, ""][0],
    }


def record(rows: list[dict[str, str]], base: Path) -> None:
    """Put the rows into the committed table, over earlier rows of the same Python and packages."""
    path = base / RESULTS
    old = list(csv.DictReader(path.open(encoding="utf-8", newline=""))) if path.is_file() else []
    table = {(row["python"], row["packages"]): row for row in [*old, *rows]}
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table[key] for key in sorted(table))
