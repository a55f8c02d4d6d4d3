"""Ask git about the compendium, and list its files where git says nothing."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

NEVER = {".git", ".venv", "__pycache__", "build"}
"""Names of what is no part of a compendium, whether or not it has a ``.gitignore``."""
GLOBS = {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
"""What the wildcards of ``.gitignore`` are as regular expressions."""


def git(base: Path, *arguments: str, stdin: bytes = b"") -> bytes | None:
    """Return what git prints about the compendium.

    None if git says nothing about it; `refusal` says why.
    """
    if refusal(base):
        return None
    try:
        return _answer(base, *arguments, stdin=stdin)
    except (OSError, subprocess.CalledProcessError):
        return None


def _answer(base: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(
        ["git", "-C", str(base), *arguments],
        input=stdin,
        capture_output=True,
        check=True,
        env=os.environ | {"LC_ALL": "C"},
    ).stdout


def refusal(base: Path) -> str:
    """Return in one line why git says nothing about the compendium; empty if it does."""
    try:
        top = os.fsdecode(_answer(base, "rev-parse", "--show-toplevel")).strip()
    except OSError:
        return "git is not installed"
    except subprocess.CalledProcessError as error:
        return _reason(base, error.stderr.decode("utf-8", "replace"))
    if Path(top).resolve() != base.resolve():
        return f"this folder is no checkout of its own (git knows it as a part of {top})"
    return ""


def _reason(base: Path, said: str) -> str:
    """Return a line on an error of git, with the remedy if there is one."""
    if "safe.directory" in said:
        return (
            "git reads no checkout that belongs to somebody else, unless you allow it:"
            f' git config --global --add safe.directory "{base.resolve()}"'
        )
    if "not a git repository" in said and not (base / ".git").exists():
        return "this folder is no git checkout"
    return f"git cannot read this checkout ({' '.join(said.split())[:200]})"


# --- Without git


def walked(base: Path) -> list[str]:
    """Return the files below a folder, sorted, but for those that its ``.gitignore`` names."""
    rules, files = _rules(base), []
    for folder, inside, names in os.walk(base):
        above = Path(folder).relative_to(base)
        inside[:] = [name for name in inside if not _left_out(above / name, rules, folder=True)]
        files += [above / name for name in names if not _left_out(above / name, rules)]
    return sorted(path.as_posix() for path in files if (base / path).is_file())


@dataclass(frozen=True)
class _Rule:
    """A line of ``.gitignore``: which paths, folders only or not, and whether it leaves them out.

    Backslashes, which escape a character there, are not known.
    """

    pattern: re.Pattern[str]
    folders_only: bool
    leaves_out: bool


def _rules(base: Path) -> list[_Rule]:
    file = base / ".gitignore"
    lines = file.read_text(encoding="utf-8-sig").splitlines() if file.is_file() else []
    stripped = (line.rstrip() for line in lines)
    return [_rule(line) for line in stripped if line and not line.startswith("#")]


def _rule(line: str) -> _Rule:
    name = line.removeprefix("!").removesuffix("/")
    start = "" if "/" in name else "(?:.*/)?"
    parts = re.split(r"(\*\*/|/\*\*$|\*|\?|\[[^]]+\])", name.removeprefix("/"))
    pattern = re.compile(start + "".join(map(_expression, parts)))
    return _Rule(pattern, line.endswith("/"), not line.startswith("!"))


def _expression(part: str) -> str:
    if len(part) > 2 and part.startswith("["):
        return part.replace("[!", "[^", 1)
    return GLOBS.get(part) or re.escape(part)


def _left_out(path: Path, rules: list[_Rule], folder: bool = False) -> bool:
    """Whether the last rule on a path leaves it out."""
    name = path.as_posix()
    fit = [
        rule.leaves_out
        for rule in rules
        if (folder or not rule.folders_only) and rule.pattern.fullmatch(name)
    ]
    return path.name in NEVER or (bool(fit) and fit[-1])
