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
from cluster_anatomy.archive.record import MANIFEST, SUMS, files, record, sums
from cluster_anatomy.compendium import paths, steps
from cluster_anatomy.compendium.git import git
from cluster_anatomy.compendium.steps import PipelineError

# --- The release


def release(base: Path, into: Path) -> Path:
    """Write the release: every committed file, with a manifest and checksums, the same bytes each
    time.

    Files are stored without compression, sorted, all with the date of the record, so that the
    archive does not depend on the machine or on the version of a compressor.

    Raises
    ------
    PipelineError
        If something is not committed or a generated document is stale.
    """
    if dirty := os.fsdecode(git(base, "status", "--porcelain") or b""):
        first = ", ".join(line[3:] for line in dirty.splitlines()[:3])
        raise PipelineError(f"a release holds what is committed; commit or remove first: {first}")
    if old := stale(base):
        raise PipelineError(f"{'; '.join(old)}: run `python -m cluster_anatomy archive` and commit")
    about, listed = record(base), files(base, committed=True)
    commit = os.fsdecode(git(base, "rev-parse", "HEAD") or b"").strip()
    if not commit:
        commit = next(
            (
                line.partition(": ")[2]
                for line in (base / MANIFEST).read_text(encoding="utf-8").splitlines()
                if line.startswith("commit: ")
            ),
            "unknown",
        )
    contents = {path: (base / path).read_bytes() for path in listed}
    head = [
        f"{about.title}",
        f"version: {about.version}",
        f"date: {about.released}",
        f"commit: {commit}",
        f"files: {len(contents)}",
        f"bytes: {sum(map(len, contents.values()))}",
        "",
    ]
    lines = [f"{len(content):>9}  {path}" for path, content in contents.items()]
    contents[MANIFEST] = ("\n".join(head + lines) + "\n").encode()
    checksums = [
        f"{hashlib.sha256(content).hexdigest()}  {path}\n"
        for path, content in sorted(contents.items())
    ]
    contents[SUMS] = "".join(checksums).encode()
    date = (*map(int, about.released.split("-")), 0, 0, 0)
    top = f"{about.name}-{about.version}"
    into.parent.mkdir(parents=True, exist_ok=True)
    draft = into.with_name(f".{into.name}.tmp")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
            for path, content in sorted(contents.items()):
                info = zipfile.ZipInfo(f"{top}/{path}", date)
                info.create_system = 3
                script = content.startswith(b"#!")
                info.external_attr = (0o100755 if script else 0o100644) << 16
                archive.writestr(info, content)
        os.replace(draft, into)
    finally:
        draft.unlink(missing_ok=True)
    return into


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
            if len(tops) != 1 or any(
                PurePosixPath(n).is_absolute() or ".." in PurePosixPath(n).parts for n in names
            ):
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
    """Return what in an unpacked release is not as its checksums say; ``build/`` and caches do not
    count.
    """
    expected = sums(base)
    aside = {"build", "__pycache__", ".venv"}
    found = {
        path.relative_to(base).as_posix()
        for path in base.rglob("*")
        if path.is_file() and not aside.intersection(path.relative_to(base).parts)
    } - {SUMS}
    problems = [f"{path} is missing" for path in sorted(expected.keys() - found)]
    problems += [f"{path} is not part of the release" for path in sorted(found - expected.keys())]
    return problems + [
        f"{path} has other bytes"
        for path in sorted(found & expected.keys())
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
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("CLUSTER_ANATOMY_", "GIT_"))
    }
    environment |= {
        "CLUSTER_ANATOMY_ROOT": str(base),
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(base / "src"), os.environ.get("PYTHONPATH")])
        ),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "cluster_anatomy", "run"], cwd=base, env=environment, check=False
    )
    if done.returncode:
        raise PipelineError(f"the run of the unpacked release failed; it is kept in {base}")
    found = differing(base)
    if not found and not into:
        shutil.rmtree(folder, ignore_errors=True)
    return found
