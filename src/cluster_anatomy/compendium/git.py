"""Ask git about the compendium."""

import os
import subprocess
from pathlib import Path


def git(base: Path, *arguments: str, stdin: bytes = b"") -> bytes | None:
    """Return what git prints about the compendium.

    None without git, or if the folder is no checkout of its own.
    """
    command = ["git", "-C", str(base)]
    try:
        top = subprocess.run(
            [*command, "rev-parse", "--show-toplevel"], capture_output=True, check=True
        ).stdout
        if Path(os.fsdecode(top).strip()).resolve() != base.resolve():
            return None  # a release unpacked inside another repository
        return subprocess.run(
            [*command, *arguments], input=stdin, capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
