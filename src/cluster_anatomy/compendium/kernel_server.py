"""The process that kernels are forked from, and what is imported in it ahead of the notebooks.

`kernels.server` starts this file alone, without the package and without its folder in the path of
imports, so that no kernel inherits a module of the study. It holds the connections over which
kernels were asked for: a kernel dies with its connection, and all of them with this process, which
dies with the one that started it.

What has to be imported with a trick stands here too (`load_papermill`, `_load_libraries`).
"""

import builtins
import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import ModuleType, SimpleNamespace
from typing import TypedDict

LAUNCHER = "ipykernel_launcher"
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""A process with several threads cannot be forked safely: BLAS and Arrow are told to start none."""
FIRST = ["ipykernel.kernelapp", "ipykernel.ipkernel", "IPython", "pandas"]
"""Imported before the first kernel is given out; the rest is imported between the requests."""
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
"""Beginnings of names of variables that work when a process starts or a library is loaded."""


class Request(TypedDict):
    """What a kernel is asked for with: its command line, environment and working directory."""

    argv: list[str]
    env: dict[str, str]
    cwd: str


# --- Imports that need a trick


def load_papermill() -> ModuleType:
    """Return papermill, without the grammar of web addresses that takes longer than all else.

    jsonschema loads the grammar if it is installed; no field of a notebook needs it.
    """
    with _missing("rfc3987_syntax"):
        return importlib.import_module("papermill")


@contextmanager
def _missing(module: str) -> Iterator[None]:
    """Let a module that has not been imported look as if it were not installed."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # as the import system documents it
    try:
        yield
    finally:
        del sys.modules[module]


def _load_libraries() -> None:
    """Import `FIRST` so that a forked kernel is like one that has imported them itself."""
    # As ipykernel does it, but before matplotlib reads it; the backend itself must first be loaded
    # in a kernel.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    # pandas sets the width of its tables by where it is loaded: not in a terminal, but in a kernel.
    names = vars(builtins)
    names["get_ipython"] = lambda: SimpleNamespace(kernel=None)
    for module in FIRST:
        importlib.import_module(module)
    del names["get_ipython"]


# --- The server


class KernelServer:
    """Gives out forked copies of this process as kernels.

    Parameters
    ----------
    listener : socket
        Where kernels are asked for, one connection a kernel.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.links: dict[int, socket.socket] = {}
        """Connections of the kernels that live, by pid."""
        self.started_with = start_environment(os.environ)
        self.woken, self.wake = os.pipe()  # so that `select` returns when a kernel ends
        os.set_blocking(self.wake, False)
        signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> Request:
        """Serve until nobody is left; return only in a forked child, with its request."""
        _load_libraries()
        later = list(LATER)
        while True:
            ends: list[int | socket.socket] = [0, self.listener, self.woken, *self.links.values()]
            ready = select.select(ends, [], [], 0 if later else None)[0]
            if 0 in ready:  # whoever started this process is gone
                self._end()
            if self.woken in ready:
                os.read(self.woken, 4096)
            for pid in [pid for pid, link in self.links.items() if link in ready]:
                kill(pid)  # nobody wants this kernel any more
            self._report_ended()
            if self.listener in ready:
                if request := self._answer():
                    return request
            elif later:
                with suppress(ImportError):
                    importlib.import_module(later.pop(0))

    def _end(self) -> None:
        for pid in self.links:
            kill(pid)
        os._exit(0)

    def _report_ended(self) -> None:
        for pid in list(self.links):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                link = self.links.pop(pid)
                with suppress(OSError):
                    link.sendall(f"ended {os.waitstatus_to_exitcode(status)}\n".encode())
                link.close()

    def _answer(self) -> Request | None:
        """Fork the kernel that is asked for, or decline; only the child has the request."""
        link, _ = self.listener.accept()
        try:
            request, streams = receive(link)
        except (OSError, ValueError):
            link.close()
            return None
        if objection := why_not(request, self.started_with):
            pid, answer = None, f"declined {objection}\n"
        else:
            gc.freeze()  # what is here now lives as long as the kernel: no need to look at it again
            pid = os.fork()
            if pid == 0:
                self._leave(link, streams)
                return request
            answer = f"started {pid}\n"
        for stream in streams:
            os.close(stream)
        with suppress(OSError):
            link.sendall(answer.encode())
        if pid is None:
            link.close()
        else:
            self.links[pid] = link
        return None

    def _leave(self, link: socket.socket, streams: list[int]) -> None:
        """Let go, in a forked child, of all that is the server's; take over the output streams."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, stream in enumerate(streams, start=1):
            os.dup2(stream, number)
        for end in (self.listener, link, *self.links.values()):
            end.close()
        for descriptor in (self.woken, self.wake, *streams):
            os.close(descriptor)


def receive(link: socket.socket) -> tuple[Request, list[int]]:
    """Read a request and the descriptors of its output streams from a connection."""
    link.settimeout(5)
    head, streams, _, _ = socket.recv_fds(link, 4, 2)
    body, size = b"", int.from_bytes(head, "big")
    while len(body) < size:
        part = link.recv(size - len(body))
        if not part:
            raise ConnectionError("the request was cut off")
        body += part
    request: Request = json.loads(body)
    return request, streams


def why_not(request: Request, started_with: Mapping[str, str]) -> str | None:
    """Say why a kernel like the one that is asked for cannot be forked from this process."""
    needed = start_environment(request["env"])
    differing = [
        name for name in {**started_with, **needed} if started_with.get(name) != needed.get(name)
    ]
    if differing:
        return f"{', '.join(sorted(differing))} differ from the server's"
    if request["argv"][:3] != [sys.executable, "-m", LAUNCHER]:
        return f"{request['argv'][0]} is not this interpreter with ipykernel"
    if count_threads() > 1:
        return f"the server has {count_threads()} threads"
    return None


def start_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a process cannot change after its start, see `FIXED`."""
    return {name: value for name, value in environment.items() if name.startswith(FIXED)}


def count_threads() -> int:
    """Return the number of threads of this process, those of libraries included where known."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()


def kill(pid: int) -> None:
    """Kill a kernel and what it has started."""
    for end in (os.killpg, os.kill):  # the group may not be there yet
        with suppress(OSError):
            end(pid, signal.SIGKILL)


def become_kernel(request: Request) -> None:
    """Be, in a forked child, what ``python -m ipykernel_launcher`` is in a process of its own."""
    os.setsid()
    # The end of the pipe at 0 is how the server, not a kernel, learns that it is to end.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    importlib.invalidate_caches()
    import numpy as np

    np.random.seed()  # noqa: NPY002  (or every kernel would begin with the same state)
    launcher = importlib.util.find_spec(LAUNCHER)
    name = launcher.origin if launcher and launcher.origin else LAUNCHER
    sys.argv = [name, *request["argv"][3:], f"--IPKernelApp.parent_handle={os.getppid()}"]
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()


if __name__ == "__main__":
    become_kernel(KernelServer(socket.socket(fileno=int(sys.argv[1]))).serve())
