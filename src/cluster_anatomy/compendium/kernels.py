"""Kernels forked from a process that has the libraries loaded, so that a notebook need not load
them again.

Starting a kernel and importing pandas, scipy, statsmodels and matplotlib takes longer than most
notebooks of the study. `server` starts a process that imports them once and then waits; the kernel
provisioner `ForkedKernel` (the place that Jupyter has for this) asks it for a copy of itself. Each
notebook has a kernel of its own, in its own process; the server imports nothing of the study and
runs no code of a notebook. A kernel dies with the connection over which it was asked for, and all
of them with the server, which dies with the process that started it.

Wherever this is not possible, an ordinary kernel is started: the results are the same.
"""

import builtins
import gc
import importlib
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
from types import SimpleNamespace

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

NAME = "cluster-anatomy-forked"
SERVER_VARIABLE = "CLUSTER_ANATOMY_KERNELS"
"""The socket of the server, set by `server`; without it kernels are ordinary ones."""
SWITCH_VARIABLE = "CLUSTER_ANATOMY_FORK"
"""``no`` turns forked kernels off; ``yes`` turns them on where they are off by default (all but
Linux).
"""
LAUNCHER = "ipykernel_launcher"
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""A process with more than one thread cannot be forked safely: BLAS and Arrow are told to start
none.
"""
FIRST = ["ipykernel.kernelapp", "ipykernel.ipkernel", "IPython", "pandas"]
"""What the server imports before it gives out the first kernel; the rest it imports while it waits.
"""
LATER = [
    "rapidfuzz.fuzz",
    "pypinyin",
    "scipy.stats",
    "networkx",
    "statsmodels.api",
    "statsmodels.stats.proportion",
    "statsmodels.stats.multitest",
    "scipy.cluster.hierarchy",
    "matplotlib.pyplot",
    "seaborn",
    "PIL.Image",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_agg",
]
FIXED = (
    "PYTHON",
    "MPL",
    "OMP_",
    "OPENBLAS_",
    "MKL_",
    "VECLIB_",
    "JE_",
    "LD_",
    "DYLD_",
    "LC_",
    "LANG",
    "TZ",
)
"""Beginnings of names of environment variables that work when a process starts or a library is
loaded.
"""
START = (
    "import runpy, sys; del sys.path[0], sys.argv[0]; runpy.run_path(sys.argv[0],"
    " run_name='__main__')"
)
"""How the server starts: this file alone, without the package and without its folder in the path of
imports.
"""
PATIENCE = 60.0  # seconds to wait for the server, which may still be importing


def possible() -> bool:
    """Whether kernels are forked here: on Linux; on macOS, whose system libraries may not stand a
    fork, if asked for.
    """
    wanted = os.environ.get(SWITCH_VARIABLE, "")
    return hasattr(os, "fork") and wanted != "no" and (sys.platform == "linux" or wanted == "yes")


def write_spec(folder: Path, forked: bool = True) -> None:
    """Write a kernel spec ``python3`` into a folder of ``JUPYTER_PATH``: this interpreter, forked
    if there is a server.
    """
    place = folder / "kernels/python3"
    place.mkdir(parents=True, exist_ok=True)
    spec = {
        "argv": [sys.executable, "-m", LAUNCHER, "-f", "{connection_file}", "--log-level=CRITICAL"],
        "display_name": "Python 3",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": NAME}} if forked else {},
    }
    (place / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


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
            request = json.dumps({"argv": command, "env": environment, "cwd": folder}).encode()
            socket.send_fds(self.link, [len(request).to_bytes(4, "big")], streams)
            self.link.sendall(request)
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
                raise subprocess.TimeoutExpired("kernel", timeout)
            word = self.answers.readline().split()
            self.returncode = (
                int(word[1]) if word else -signal.SIGKILL
            )  # the server has ended, and it with it
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
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class ForkedKernel(LocalProvisioner):
    """Start a kernel by forking the server; an ordinary one where that is not possible."""

    peak: float | None = None
    """Peak memory in MB of the last kernel that was shut down in this process, None where it cannot
    be read.
    """

    async def launch_kernel(self, cmd: list[str], **kwargs):
        if SERVER_VARIABLE not in os.environ:
            return await super().launch_kernel(cmd, **kwargs)
        environment, folder = (
            kwargs.get("env") or dict(os.environ),
            str(kwargs.get("cwd") or Path.cwd()),
        )
        streams = [
            stream if isinstance(stream, int) else stream.fileno() if stream else number
            for number, stream in ((1, kwargs.get("stdout")), (2, kwargs.get("stderr")))
        ]
        try:
            self.process = ForkedProcess(cmd, environment, folder, streams)
        except (OSError, Declined) as error:
            print(
                f"an ordinary kernel is started, since it could not be forked: {error}",
                file=sys.stderr,
            )
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        self.cwd = folder
        return self.connection_info

    async def shutdown_requested(self, restart: bool = False) -> None:
        ForkedKernel.peak = _peak(self.pid)
        await super().shutdown_requested(restart)


def _peak(pid: int) -> float | None:
    with suppress(OSError, StopIteration, ValueError):  # no /proc, or the process is gone
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
    return None


# --- The server


@contextmanager
def server(environment: dict[str, str]) -> Iterator[tuple[str | None, list[int]]]:
    """Start the server; while it runs, kernels asked for with its address in the environment are
    forked from it.

    Parameters
    ----------
    environment : dict
        Its environment. A kernel that is to have another value of what a library or the interpreter
        reads when it is loaded will be an ordinary one.

    Yields
    ------
    address : str or None
        Value for the environment variable `SERVER_VARIABLE`; None if kernels cannot be forked here.
    descriptors : list of int
        Those that keep the server alive: a forked child of this process must close them.
    """
    if not possible():
        yield None, []
        return
    folder = tempfile.mkdtemp(
        prefix="kernels-"
    )  # in a short place: a socket's path has 100 characters at most
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        address = os.path.join(folder, "socket")
        listener.bind(address)
        listener.listen()  # kernels can be asked for from now on, though the server still has to start
        process = subprocess.Popen(
            [sys.executable, "-c", START, __file__, str(listener.fileno())],
            stdin=subprocess.PIPE,
            env=environment | ENVIRONMENT,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    try:
        yield address, [process.stdin.fileno()]
    finally:
        process.stdin.close()  # the server ends when nobody holds the other end any more
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _start_environment(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(FIXED)}


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()


def _objection(request: dict, here: dict[str, str]) -> str | None:
    """Say why a kernel like the one that is asked for cannot be forked from this process."""
    there = _start_environment(request["env"])
    other = [name for name in {**here, **there} if here.get(name) != there.get(name)]
    if other:
        return f"{', '.join(sorted(other))} differ from the server's"
    if request["argv"][:3] != [sys.executable, "-m", LAUNCHER]:
        return f"{request['argv'][0]} is not this interpreter with ipykernel"
    if _threads() > 1:
        return f"the server has {_threads()} threads"
    return None


def _receive(link: socket.socket) -> tuple[dict, list[int]]:
    link.settimeout(5)
    head, streams, _, _ = socket.recv_fds(link, 4, 2)
    body, size = b"", int.from_bytes(head, "big")
    while len(body) < size:
        part = link.recv(size - len(body))
        if not part:
            raise ConnectionError("the request was cut off")
        body += part
    return json.loads(body), streams


def _serve(listener: socket.socket) -> dict:
    """Serve until nobody is there any more; returns only in a forked child, with its request."""
    links: dict[int, socket.socket] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    here = _start_environment(os.environ)
    # As ipykernel does it, but before matplotlib reads it; the backend itself must first be loaded
    # in a kernel.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    # pandas sets the width of its tables by where it is loaded: not in a terminal, but in a kernel.
    builtins.get_ipython = lambda: SimpleNamespace(kernel=None)
    for module in FIRST:
        importlib.import_module(module)
    del builtins.get_ipython
    later = list(LATER)
    while True:
        ready, _, _ = select.select(
            [0, listener, woken, *links.values()], [], [], 0 if later else None
        )
        if 0 in ready:  # whoever started this process is gone
            for pid in links:
                _kill(pid)
            os._exit(0)
        if woken in ready:
            os.read(woken, 4096)
        for pid in [pid for pid, link in links.items() if link in ready]:
            _kill(pid)  # nobody wants this kernel any more
        for pid in list(links):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with suppress(OSError):
                    links[pid].sendall(f"ended {os.waitstatus_to_exitcode(status)}\n".encode())
                links.pop(pid).close()
        if listener in ready:
            link, _ = listener.accept()
            try:
                request, streams = _receive(link)
            except (OSError, ValueError):
                link.close()
                continue
            objection = _objection(request, here)
            gc.freeze()  # what is here now lives as long as the kernel does: it need not be looked at again
            pid = 0 if objection else os.fork()
            if pid == 0 and not objection:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for number, stream in enumerate(streams, start=1):
                    os.dup2(stream, number)
                for end in (listener, link, *links.values()):
                    end.close()
                for end in (woken, wake, *streams):
                    os.close(end)
                return request
            for stream in streams:
                os.close(stream)
            with suppress(OSError):
                link.sendall(
                    f"declined {objection}\n".encode() if objection else f"started {pid}\n".encode()
                )
            if objection:
                link.close()
            else:
                links[pid] = link
        elif later:
            with suppress(ImportError):
                importlib.import_module(later.pop(0))


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # the group may not be there yet
        with suppress(OSError):
            kill(pid, signal.SIGKILL)


def _become_kernel(request: dict) -> None:
    """Be, in a forked child, what ``python -m ipykernel_launcher`` would be in a process of its
    own.
    """
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(
        nothing, 0
    )  # the end of this pipe is how the server, not a kernel, learns that it is to end
    os.close(nothing)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    importlib.invalidate_caches()
    import numpy as np

    np.random.seed()  # noqa: NPY002  (or every kernel would begin with the same state)
    launcher = importlib.util.find_spec(LAUNCHER).origin
    sys.argv = [launcher, *request["argv"][3:], f"--IPKernelApp.parent_handle={os.getppid()}"]
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()


if __name__ == "__main__":
    _become_kernel(_serve(socket.socket(fileno=int(sys.argv[1]))))
