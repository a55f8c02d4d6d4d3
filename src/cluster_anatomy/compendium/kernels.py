"""Kernels forked from a process that has the libraries loaded already.

Starting a kernel and importing pandas, scipy, statsmodels and matplotlib takes longer than most
notebooks of the study. `server` starts a process (`kernel_server`) that imports them once and then
waits; the kernel provisioner `ForkedKernel` (the place that Jupyter has for this) asks it for a
copy of itself. Each notebook has a kernel of its own, in its own process; the server imports
nothing of the study and runs no code of a notebook. A kernel dies with the connection over which it
was asked for, and all of them with the server, which dies with the process that started it.

Wherever this is not possible, an ordinary kernel is started: the results are the same.
"""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from cluster_anatomy.compendium import kernel_server, paths
from cluster_anatomy.compendium.kernel_server import ENVIRONMENT, LAUNCHER, Request

NAME = "cluster-anatomy-forked"
SERVER_VARIABLE = "CLUSTER_ANATOMY_KERNELS"
"""The socket of the server, set by `server`; without it kernels are ordinary ones."""
SWITCH_VARIABLE = "CLUSTER_ANATOMY_FORK"
"""``no`` turns forked kernels off; ``yes`` turns them on where they are off by default."""
START = (
    "import sys; sys.path[:] = filter(None, sys.path); del sys.argv[0]; import runpy;"
    " runpy.run_path(sys.argv[0], run_name='__main__')"
)
"""How the server starts: its file alone, and before anything is imported neither its folder nor
that in which the user stands is in the path of imports."""
LONGEST_SOCKET = 100
"""Bytes that the path of a socket may have; the least that systems allow is a little more."""
PATIENCE = 60.0  # seconds to wait for the server, which may still be importing


def possible() -> bool:
    """Whether kernels are forked here.

    On Linux, unless it was turned off; on macOS, whose system libraries may not stand a fork, only
    if it was turned on.
    """
    switch = os.environ.get(SWITCH_VARIABLE, "")
    return hasattr(os, "fork") and switch != "no" and (sys.platform == "linux" or switch == "yes")


def write_spec(folder: Path, forked: bool = True) -> None:
    """Write a kernel spec ``python3`` into a folder of ``JUPYTER_PATH``: this interpreter.

    Its kernels are forked if there is a server (and `forked`).
    """
    target = folder / "kernels/python3"
    target.mkdir(parents=True, exist_ok=True)
    spec = {
        "argv": [sys.executable, "-m", LAUNCHER, "-f", "{connection_file}", "--log-level=CRITICAL"],
        "display_name": "Python 3",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": NAME}} if forked else {},
    }
    # whole or not at all, and also where another user of a shared checkout has written it
    paths.replace_text(target / "kernel.json", json.dumps(spec))


def register() -> None:
    """Make the provisioner known to Jupyter in this process."""
    from importlib.metadata import EntryPoint

    entry = EntryPoint(
        NAME, f"{__name__}:{ForkedKernel.__name__}", KernelProvisionerFactory.GROUP_NAME
    )
    KernelProvisionerFactory.instance().provisioners[NAME] = entry


# --- In the process that executes a notebook


class Declined(Exception):
    """The server cannot give a kernel like the one that is asked for."""


class ForkedProcess:
    """A kernel that is a child of the server, with what Jupyter uses of `subprocess.Popen`.

    Parameters
    ----------
    command, environment, folder : list of str, dict, str
        Command line, environment and working directory of the kernel.
    streams : list of int
        File descriptors of its standard output and error.

    Raises
    ------
    OSError, Declined
        If the server cannot be reached or does not give the kernel.
    """

    stdin = stdout = stderr = None

    def __init__(
        self, command: list[str], environment: dict[str, str], folder: str, streams: list[int]
    ):
        self.returncode: int | None = None
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.link.settimeout(PATIENCE)
        try:
            self.link.connect(os.environ[SERVER_VARIABLE])
            request: Request = {"argv": command, "env": environment, "cwd": folder}
            body = json.dumps(request).encode()
            socket.send_fds(self.link, [len(body).to_bytes(4, "big")], streams)
            self.link.sendall(body)
            self.answers = self.link.makefile("r", encoding="utf-8")
            word, _, rest = self.answers.readline().strip().partition(" ")
            if word != "started":
                raise Declined(rest or "the server of kernels has ended")
        except BaseException:
            self.link.close()
            raise
        self.pid = int(rest)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, once there is one."""
        if self.returncode is None:
            if not select.select([self.link], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("kernel", timeout or 0)
            words = self.answers.readline().split()
            # without an answer the server has ended, and the kernel with it
            self.returncode = int(words[1]) if words else -signal.SIGKILL
            self.link.close()
        return self.returncode

    def poll(self) -> int | None:
        """Return the exit code, or None while the kernel lives."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the kernel has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the kernel at once."""
        self.send_signal(signal.SIGKILL)


class ForkedKernel(LocalProvisioner):
    """Start a kernel by forking the server; an ordinary one where that is not possible."""

    peak: float | None = None
    """Peak memory in MB of the last kernel that this process shut down; None if unknown."""
    ended: int | None = None
    """Exit code of the last kernel that was found to have ended; negative for a signal."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel and return how to connect to it."""
        if SERVER_VARIABLE not in os.environ:
            return await super().launch_kernel(cmd, **kwargs)
        environment = kwargs.get("env") or dict(os.environ)
        folder = str(kwargs.get("cwd") or Path.cwd())
        streams = [
            stream if isinstance(stream, int) else stream.fileno() if stream else number
            for number, stream in ((1, kwargs.get("stdout")), (2, kwargs.get("stderr")))
        ]
        try:
            process = ForkedProcess(cmd, environment, folder, streams)
        except (OSError, Declined) as error:
            print(
                f"an ordinary kernel is started, since it could not be forked: {error}",
                file=sys.stderr,
            )
            return await super().launch_kernel(cmd, **kwargs)
        self.process = process  # type: ignore[assignment]  # what Jupyter uses of Popen, it has
        self.pid = self.pgid = process.pid
        self.cwd = folder
        return self.connection_info

    async def poll(self) -> int | None:
        """Return the exit code, or None while the kernel lives; note it."""
        code = await super().poll()
        if code is not None and self.has_process:
            ForkedKernel.ended = code
        return code

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Note the peak of memory while the kernel can still be asked."""
        ForkedKernel.peak = None if self.pid is None else _peak(self.pid)
        await super().shutdown_requested(restart)


def _peak(pid: int) -> float | None:
    with suppress(OSError, StopIteration, ValueError):  # no /proc, or the process is gone
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
    return None


# --- The server


@contextmanager
def server(
    environment: dict[str, str], temporary: Path | None = None
) -> Iterator[tuple[str | None, list[int]]]:
    """Start the server; while it runs, kernels that know its address are forked from it.

    Parameters
    ----------
    environment : dict
        Its environment. A kernel that is to have another value of what a library or the interpreter
        reads when it is loaded will be an ordinary one.
    temporary : Path, optional
        Where its socket goes, if that path is short enough; else into the system's temporary folder
        or ``/tmp``. If all of them are too long, kernels are not forked.

    Yields
    ------
    address : str or None
        Value for the environment variable `SERVER_VARIABLE`; None if kernels cannot be forked here.
    descriptors : list of int
        Those that keep the server alive: a forked child of this process must close them.
    """
    folder = _socket_folder(temporary) if possible() else None
    if folder is None:
        yield None, []
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        address = os.path.join(folder, "socket")
        listener.bind(address)
        listener.listen()  # from now on kernels can be asked for, though the server is yet to start
        process = subprocess.Popen(
            [sys.executable, "-c", START, kernel_server.__file__, str(listener.fileno())],
            stdin=subprocess.PIPE,
            cwd=folder,  # not where the user stands, where a matplotlibrc may lie
            env=environment | ENVIRONMENT,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    lifeline = process.stdin
    assert lifeline is not None
    try:
        yield address, [lifeline.fileno()]
    finally:
        lifeline.close()  # the server ends when nobody holds this end any more
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _socket_folder(temporary: Path | None) -> str | None:
    """Make a folder whose path is short enough for a socket in it; None if there is no place."""
    for place in (temporary, Path(tempfile.gettempdir()), Path("/tmp")):
        if place and len(os.fsencode(place / "kernels-12345678/socket")) <= LONGEST_SOCKET:
            with suppress(OSError):
                return tempfile.mkdtemp(prefix="kernels-", dir=place)
    return None
