"""Try the compendium on other machines and with other people's tools, and say what came of it.

``python benchmarks/machines.py`` (as root on Linux, where it can change owners and mount read-only)
writes ``benchmarks/results/machines.csv``. Each case is a copy of the compendium as it is here,
brought into a strange state, and a command that is run there. A case is right if the command ends
as it should and nothing is left that git would call a change. Tools that are not on the path are
left out, and so is what needs root without it. Cases with the word *whole* run the whole study.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from reporting import RESULTS, ROOT, write_csv

from cluster_anatomy.compendium import rerun

RESULT = RESULTS / "machines.csv"
NOBODY = "65534"
LINTERS = {
    "actionlint": ["actionlint"],
    "zizmor": ["zizmor", "--offline", "."],
    "reuse": ["reuse", "lint", "--quiet"],
    "check-jsonschema": [
        "check-jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
        ".github/workflows/ci.yml",
        ".github/workflows/pages.yml",
        ".github/workflows/release.yml",
        ".github/workflows/weekly.yml",
    ],
}
"""Tools of others, by the program that has to be there."""
PLATFORMS = {
    "Linux, x86_64": "x86_64-manylinux_2_28",
    "Linux, aarch64": "aarch64-manylinux_2_28",
    "macOS, Apple silicon": "aarch64-apple-darwin",
    "macOS, Intel": "x86_64-apple-darwin",
    "Windows, x86_64": "x86_64-pc-windows-msvc",
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@dataclass
class Case:
    """A strange place: what it is, how a copy gets there, and the command that is run in it.

    Attributes
    ----------
    what : str
        The case in words.
    arguments : list of str
        The command of the compendium.
    prepare : callable, optional
        Brings the copy into the state; takes its folder.
    before : list of str
        What stands before the command: a program that changes user, processor or mounts.
    known : dict
        Environment variables, None for one that is taken away.
    says : str
        A part of what is to be said.
    code : int
        The exit code that is right.
    root : bool
        Whether the case needs root.
    """

    what: str
    arguments: list[str]
    prepare: Callable[[Path], object] = lambda folder: None
    before: list[str] = field(default_factory=list)
    known: dict[str, str | None] = field(default_factory=dict)
    says: str = ""
    code: int = 0
    root: bool = False


# --- States


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "gc.auto=0"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def committed(folder: Path) -> None:
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")


def within_another(folder: Path) -> None:
    git(folder.parent, "init", "-q")


def of_another_owner(folder: Path) -> None:
    committed(folder)
    subprocess.run(["chown", "-R", NOBODY, str(folder)], check=True)


def cloned_for_windows(folder: Path) -> None:
    committed(folder)
    clone = folder.with_name("clone")
    git(folder.parent, "clone", "-q", "-c", "core.autocrlf=true", str(folder), str(clone))
    shutil.rmtree(folder)
    clone.rename(folder)


def for_nobody(folder: Path) -> None:
    committed(folder)
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(folder)], check=True)
    folder.parent.chmod(0o755)


READ_ONLY = [
    "unshare",
    "-m",
    "sh",
    "-c",
    'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"',
]
"""Runs what follows with the folder named next mounted read-only."""
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
STRICT = ["sh", "-c", 'umask 077 && exec "$0" "$@"']


def cases(work: Path) -> list[Case]:
    """Return every case; `work` is a folder for what commands write elsewhere."""
    no_home = {"HOME": None, "LANG": "C", "TZ": "Pacific/Chatham"}
    nobody = [*AS_NOBODY, *STRICT, "taskset", "-c", "0"]
    step = ["run", "01_firm_lists", "--jobs", "1"]
    note = "no git checkout"
    return [
        Case("ZIP without git", ["check"]),
        Case("ZIP without git", ["archive"], says=note),
        Case("ZIP without git", ["status"]),
        Case("ZIP without git", ["check", "israel"], says="It can be run"),
        Case("no git on the machine", ["archive"], known={"PATH": ""}, says="git is not installed"),
        Case("copy in another repository", ["archive"], within_another, says="a part of"),
        Case(
            "checkout of another owner",
            ["archive"],
            of_another_owner,
            says="safe.directory",
            root=True,
        ),
        Case("clone with core.autocrlf=true", ["check"], cloned_for_windows),
        *read_only(work),
        Case("ZIP without git, whole", ["run"], says="0 failed"),
        Case(
            "unprivileged user, umask 077, no home, one processor",
            step,
            for_nobody,
            nobody,
            no_home,
            "0 failed",
            root=True,
        ),
    ]


def read_only(work: Path) -> list[Case]:
    """Return the cases in a folder that may only be read."""
    what, site = "read-only folder", ["site", "--into", str(work / "site")]
    refused = "may not be written to"
    return [
        *(
            Case(what, command, committed, READ_ONLY, root=True)
            for command in (["check"], ["status"], site)
        ),
        Case(what, ["run"], committed, READ_ONLY, says=refused, code=2, root=True),
        Case(f"{what}, whole", ["check", "--rerun"], committed, READ_ONLY, root=True),
    ]


# --- Trying them


def tried(case: Case, folder: Path) -> dict[str, object]:
    """Bring a copy into its state, run the command, and return a row."""
    case.prepare(folder)
    known = os.environ | {
        "CLUSTER_ANATOMY_ROOT": str(folder),
        "PYTHONPATH": str(folder / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    known = {name: value for name, value in (known | case.known).items() if value is not None}
    before = [*case.before, str(folder)] if case.before is READ_ONLY else case.before
    command = [sys.executable, "-m", "cluster_anatomy", *case.arguments]
    done = subprocess.run(
        [*before, *command], cwd=folder, env=known, capture_output=True, text=True
    )
    text = _without_places(done.stderr + done.stdout, folder)
    lines = text.strip().splitlines()
    last = lines[-1] if lines else ""
    said = next((line for line in lines if case.says and case.says in line), last)
    return row(
        case.what,
        _without_places(" ".join(["python -m cluster_anatomy", *case.arguments]), folder),
        done.returncode,
        said,
        done.returncode == case.code and case.says in said and not left_behind(folder),
    )


def _without_places(text: str, folder: Path) -> str:
    """Name the folders of this machine by what they are."""
    names = {folder: "FOLDER", folder.parent: "ABOVE", folder.parents[1]: "ELSEWHERE"}
    for place, name in names.items():
        text = text.replace(str(place), name)
    return re.sub(rf"{re.escape(tempfile.gettempdir())}/\S+", "ELSEWHERE", text)


def strange_places(work: Path, quick: bool) -> Iterator[dict[str, object]]:
    """Try each case that can be tried here in a copy of its own."""
    for number, case in enumerate(cases(work)):
        if (case.root and os.geteuid()) or (quick and case.what.endswith("whole")):
            continue
        folder = work / str(number) / "compendium"
        shutil.copytree(work / "as it is here", folder)
        yield tried(case, folder)
        shutil.rmtree(folder.parent)


def left_behind(folder: Path) -> str:
    """Return what git calls changed in a copy, as far as it is a checkout."""
    if not (folder / ".git").exists():
        return ""
    safe = ["-c", f"safe.directory={folder}"]
    return git(folder, *safe, "status", "--porcelain")


def row(case: str, command: str, code: int, said: str, right: bool) -> dict[str, object]:
    return {
        "case": case,
        "command": f"`{command}`",
        "exit": code,
        "said": " ".join(said.split())[:160],
        "right": "yes" if right else "no",
    }


def linted() -> Iterator[dict[str, object]]:
    """Run the tools of others that are there on the repository."""
    for program, command in LINTERS.items():
        if shutil.which(program):
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            right = not done.returncode
            said = "" if right else (done.stdout + done.stderr).strip().splitlines()[-1]
            yield row("tool of others", " ".join(command[:2]), done.returncode, said, right)


def installable(work: Path) -> Iterator[dict[str, object]]:
    """Ask uv whether every package of the lock has a wheel, for each system and each Python."""
    if not shutil.which("uv"):
        return
    options = ["--dry-run", "--only-binary", ":all:", "--no-deps", "--require-hashes"]
    for system, platform in PLATFORMS.items():
        missing: dict[str, list[str]] = {}
        for python in PYTHONS:
            command = ["uv", "pip", "install", *options, "--target", str(work / "wheels")]
            command += ["--python", sys.executable, "--python-version", python]
            command += ["--python-platform", platform, "-r", str(ROOT / "requirements.lock")]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                found = re.search(r"Because (\S+) has no usable wheels", done.stderr)
                missing.setdefault(found[1] if found else done.stderr.strip(), []).append(python)
        said = "; ".join(f"none of {name} for {', '.join(old)}" for name, old in missing.items())
        case = f"wheels for {system}, Python {', '.join(PYTHONS)}"
        yield row(case, "uv pip install --dry-run …", int(bool(missing)), said, not missing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave out the cases that run all")
    quick = parser.parse_args().quick
    rows = []
    with tempfile.TemporaryDirectory(prefix="machines-") as name:
        work = Path(name)
        work.chmod(0o755)
        rerun.copy_compendium(ROOT, work / "as it is here")
        for one in chain(linted(), installable(work), strange_places(work, quick)):
            print(one, flush=True)
            rows.append(one)
            write_csv(RESULT, rows)
    wrong = [one for one in rows if one["right"] == "no"]
    print(f"{len(rows)} cases, {len(wrong)} of them not right")
    for one in wrong:
        print(one)


if __name__ == "__main__":
    main()
