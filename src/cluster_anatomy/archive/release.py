"""A release: every committed file with checksums, in one archive; unpack and verify it."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from cluster_anatomy.archive.documents import stale
from cluster_anatomy.archive.record import MANIFEST, SUMS, Record, files, read_record, sums
from cluster_anatomy.compendium import paths, steps
from cluster_anatomy.compendium.git import git
from cluster_anatomy.compendium.steps import PipelineError

SCRIPT, PLAIN = 0o100755, 0o100644


def write_release(base: Path, into: Path) -> Path:
    """Write every committed file, with a manifest and checksums, into one archive.

    Files are stored without compression, sorted, all with the date of the record, so that the
    archive has the same bytes each time, whatever the machine or the version of a compressor.

    Parameters
    ----------
    base : Path
        Folder of the compendium.
    into : Path
        The zip to write.

    Returns
    -------
    Path
        The zip.

    Raises
    ------
    PipelineError
        If something is not committed or a generated document is stale.
    """
    committed = files(base, committed=True)
    _refuse_unfinished(base)
    about = read_record(base)
    contents = {path: (base / path).read_bytes() for path in committed}
    contents[MANIFEST] = _manifest(about, _commit(base), contents).encode()
    contents[SUMS] = _checksums(contents).encode()
    into.parent.mkdir(parents=True, exist_ok=True)
    draft = into.with_name(f".{into.name}.tmp")
    try:
        _write_zip(draft, f"{about.name}-{about.version}", about.released, contents)
        os.replace(draft, into)
    finally:
        draft.unlink(missing_ok=True)
    return into


def _refuse_unfinished(base: Path) -> None:
    if dirty := os.fsdecode(git(base, "status", "--porcelain") or b""):
        first = ", ".join(line[3:] for line in dirty.splitlines()[:3])
        raise PipelineError(f"a release holds what is committed; commit or remove first: {first}")
    if old := stale(base):
        raise PipelineError(f"{'; '.join(old)}: run `python -m cluster_anatomy archive` and commit")


def _commit(base: Path) -> str:
    """Return the commit of a checkout, or that which the manifest of an unpacked release names."""
    if commit := os.fsdecode(git(base, "rev-parse", "HEAD") or b"").strip():
        return commit
    lines = (base / MANIFEST).read_text(encoding="utf-8").splitlines()
    named = (line.removeprefix("commit: ") for line in lines if line.startswith("commit: "))
    return next(named, "unknown")


def _manifest(about: Record, commit: str, contents: dict[str, bytes]) -> str:
    head = [
        about.title,
        f"version: {about.version}",
        f"date: {about.released}",
        f"commit: {commit}",
        f"files: {len(contents)}",
        f"bytes: {sum(map(len, contents.values()))}",
        "",
    ]
    lines = [f"{len(content):>9}  {path}" for path, content in contents.items()]
    return "\n".join(head + lines) + "\n"


def _checksums(contents: dict[str, bytes]) -> str:
    return "".join(
        f"{hashlib.sha256(content).hexdigest()}  {path}\n"
        for path, content in sorted(contents.items())
    )


def _write_zip(file: Path, top: str, released: str, contents: dict[str, bytes]) -> None:
    year, month, day = map(int, released.split("-"))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path, content in sorted(contents.items()):
            info = zipfile.ZipInfo(f"{top}/{path}", (year, month, day, 0, 0, 0))
            info.create_system = 3
            info.external_attr = (SCRIPT if content.startswith(b"#!") else PLAIN) << 16
            archive.writestr(info, content)


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a release into a folder and check every file against its checksum.

    Returns
    -------
    Path
        The folder of the compendium.

    Raises
    ------
    PipelineError
        If it is no release, a file is missing, added or damaged, or a path would leave the folder.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = opened.namelist()
            tops = {name.partition("/")[0] for name in names}
            parts = [PurePosixPath(name) for name in names]
            if len(tops) != 1 or any(path.is_absolute() or ".." in path.parts for path in parts):
                raise PipelineError(
                    f"{archive}: not a release (it must hold one folder, and nothing beside it)"
                )
            opened.extractall(into)
    except (OSError, zipfile.BadZipFile) as error:
        raise PipelineError(f"{archive}: {error}") from None
    base = into / tops.pop()
    if not (base / SUMS).is_file():
        raise PipelineError(f"{archive}: not a release (no {SUMS} in it)")
    if problems := differing(base):
        raise PipelineError(f"{archive}: damaged: {'; '.join(problems[:10])}")
    return base


def differing(base: Path) -> list[str]:
    """Return what in an unpacked release is not as its checksums say, but for caches and builds."""
    expected = sums(base)
    aside = {"build", "__pycache__", ".venv"}
    present = {
        path.relative_to(base).as_posix()
        for path in base.rglob("*")
        if path.is_file() and not aside.intersection(path.relative_to(base).parts)
    } - {SUMS}
    problems = [f"{path} is missing" for path in sorted(expected.keys() - present)]
    problems += [f"{path} is not part of the release" for path in sorted(present - expected.keys())]
    return problems + [
        f"{path} has other bytes"
        for path in sorted(present & expected.keys())
        if paths.digest(base / path) != expected[path]
    ]


def verify(
    archive: Path, into: Path | None = None, tell: Callable[[str], None] = print
) -> list[str]:
    """Unpack a release elsewhere, run the whole study there without git, and compare every byte.

    What the steps write is removed first, so that nothing can be taken from the release unseen;
    README.md stays, since the run fills it in.

    Parameters
    ----------
    archive : Path
        The zip.
    into : Path, optional
        New or empty folder to unpack into, which is then kept; else a temporary one, kept if
        anything differs.
    tell : callable
        Takes each line of progress.

    Returns
    -------
    list of str
        What differs from the release after the run; empty if it reproduces.

    Raises
    ------
    PipelineError
        If the release is damaged or the run fails.
    """
    if into and into.exists() and (into.is_file() or any(into.iterdir())):
        raise PipelineError(f"{into} is not an empty folder")
    folder = Path(into or tempfile.mkdtemp(prefix="cluster-anatomy-release-")).resolve()
    base = unpack(archive, folder)
    tell(f"unpacked in {base}: {len(sums(base))} files are as their checksums say")
    for step in steps.load_steps(base):
        for path in step.writes:
            if path != "README.md":
                (base / path).unlink()
    environment = _environment(base)
    done = subprocess.run(
        [sys.executable, "-m", "cluster_anatomy", "run"], cwd=base, env=environment, check=False
    )
    if done.returncode:
        raise PipelineError(f"the run of the unpacked release failed; it is kept in {base}")
    differences = differing(base)
    if not differences and not into:
        shutil.rmtree(folder, ignore_errors=True)
    return differences


def _environment(base: Path) -> dict[str, str]:
    """Return the environment of a run of the unpacked code that knows nothing of this checkout."""
    ours = ("CLUSTER_ANATOMY_", "GIT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    others = os.environ.get("PYTHONPATH")
    return kept | {
        "CLUSTER_ANATOMY_ROOT": str(base),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(base / "src"), others])),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
