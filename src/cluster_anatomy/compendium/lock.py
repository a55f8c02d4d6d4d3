"""One run at a time: the lock of a folder, on every system."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TextIO

from cluster_anatomy.compendium.steps import PipelineError

FILE = "build/lock"
FAR = 1 << 20
"""The byte that Windows locks: nobody may read it, so it lies behind the number of the process."""
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
"""Errors of a folder that may be read only."""


class ReadOnlyError(PipelineError):
    """A folder may be read, but not written to."""


@contextmanager
def locked(base: Path) -> Iterator[int]:
    """Hold the lock of a folder (its descriptor); the system releases it however the process ends.

    Raises
    ------
    PipelineError
        If another process holds it.
    ReadOnlyError
        If the folder may not be written to.
    """
    with _opened(base) as lock:
        try:
            _take(lock)
        except (BlockingIOError, PermissionError):
            lock.seek(0)
            raise PipelineError(f"another run is going on (pid {lock.read().strip()})") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield lock.fileno()


@contextmanager
def undisturbed(base: Path) -> Iterator[None]:
    """Hold the lock while a folder is read; where it may not be written to, no run can disturb."""
    with ExitStack() as stack:
        with suppress(ReadOnlyError):
            stack.enter_context(locked(base))
        yield


def _opened(base: Path) -> TextIO:
    try:
        (base / FILE).parent.mkdir(exist_ok=True)
        return open(base / FILE, "a+", encoding="utf-8")
    except OSError as error:
        if error.errno not in CLOSED:
            raise
        raise ReadOnlyError(
            f"{base} may not be written to ({error.strerror}), and a run writes there: copy it to"
            " a folder of yours, or use `check --rerun`, which runs a copy"
        ) from None


def _take(lock: TextIO) -> None:
    """Lock an open file.

    Raises
    ------
    BlockingIOError, PermissionError
        If another process has locked it (the second on Windows).
    """
    try:
        import fcntl
    except ImportError:
        import msvcrt

        lock.seek(FAR)
        msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
