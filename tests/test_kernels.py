"""Forked kernels: each begins like an ordinary one, and leaves nothing behind."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from cluster_anatomy.compendium import execute, kernels, paths
from cluster_anatomy.compendium.lock import locked

SOURCE = Path(paths.__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not kernels.possible(), reason="kernels are not forked on this system"
)

SPOIL = """
import os, random, sys, warnings
import matplotlib, numpy as np, pandas as pd
import cluster_anatomy, cluster_anatomy.study
pd.set_option("display.max_rows", 3)
matplotlib.rcParams["font.size"] = 33
np.random.seed(1); random.seed(1)
np.spoilt = "yes"
os.environ["SPOILT"] = "yes"
sys.path.insert(0, "/spoilt")
warnings.simplefilter("ignore")
os.chdir("/")
spoilt = "yes"
"""

STATE = """
import json, os, random, sys, warnings
at_first = sorted(name for name in sys.modules if name.startswith("cluster_anatomy"))
import matplotlib, matplotlib.pyplot as plt, numpy as np, pandas as pd
import cluster_anatomy.study
from pandas.plotting import table
options = ["display.max_rows", "display.max_columns", "display.width", "display.max_colwidth"]
names = sorted(name for name in matplotlib.rcParamsDefault if name != "backend")
aside = ("JPY_PARENT_PID", "JPY_SESSION_NAME", "LINES", "COLUMNS")
paths = [part for part in sys.argv if part.startswith("/") and "kernel-" not in part]
here = json.dumps({
    "options": {name: repr(pd.get_option(name)) for name in [*options, "mode.string_storage"]},
    "rcParams": repr(dict(matplotlib.rcParams)),
    "default": repr({name: matplotlib.rcParamsDefault[name] for name in names}),
    "backend": matplotlib.get_backend(),
    "environment": {name: value for name, value in os.environ.items() if name not in aside},
    "cwd": os.getcwd(), "path": sys.path, "argv": paths[:1],
    "study at first": at_first, "study": cluster_anatomy.study.WORD,
    "filters": [repr(entry) for entry in warnings.filters],
    "spoilt": "spoilt" in globals() or hasattr(np, "spoilt"),
    "main": __import__("__main__").__name__, "file": globals().get("__file__"),
    "signals": [repr(__import__("signal").getsignal(number)) for number in (2, 15, 17)],
    "umask": os.umask(0o22), "stdin": sys.stdin is None,
})
print(here)
print(random.random(), np.random.random())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a study of one module, and a kernel spec that asks for forked kernels."""
    base = tmp_path_factory.mktemp("kernels")
    (base / "src/cluster_anatomy").mkdir(parents=True)
    (base / "src/cluster_anatomy/__init__.py").write_text("")
    (base / "src/cluster_anatomy/study.py").write_text("WORD = 'first'\n")
    kernels.write_spec(base / "build/cache/jupyter")
    kernels.register()
    return base


@pytest.fixture(scope="module")
def environment(folder):
    """The environment of the kernels of a run, with the address of a running server."""
    environment = execute.kernel_environment(folder)
    with kernels.server(environment) as (address, _):
        yield environment | {kernels.SERVER_VARIABLE: address}


@pytest.fixture
def kernel(environment, folder, monkeypatch):
    """A function that runs code in a new kernel and returns what it prints and its process."""
    monkeypatch.setattr(os, "environ", environment.copy())
    started = []

    def run(code, forked=True, **more):
        if not forked:
            os.environ.pop(kernels.SERVER_VARIABLE, None)
        env = {**os.environ, **more}
        env.pop(kernels.SERVER_VARIABLE, None)
        manager, client = start_new_kernel(kernel_name="python3", env=env, cwd=str(folder))
        started.append((manager, client))
        printed = []

        def hook(message):
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = client.execute_interactive(code, output_hook=hook, timeout=60)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(printed), manager.provisioner.process

    yield run
    for manager, client in started:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


def test_a_kernel_after_a_spoilt_one_is_like_an_ordinary_kernel(kernel, folder):
    _, first = kernel(SPOIL)
    (folder / "src/cluster_anatomy/study.py").write_text("WORD = 'edited meanwhile'\n")
    after, second = kernel(STATE)
    ordinary, third = kernel(STATE, forked=False)
    assert [type(process).__name__ for process in (first, second, third)] == [
        "ForkedProcess"
    ] * 2 + ["Popen"]
    assert first.pid != second.pid
    forked, plain = (json.loads(text.splitlines()[0]) for text in (after, ordinary))
    assert forked["study"] == "edited meanwhile"
    assert forked["study at first"] == []
    assert not forked["spoilt"]
    assert forked["backend"].endswith("inline")
    # The libraries were loaded in another order, which is that of their filters of warnings.
    assert set(plain.pop("filters")) <= set(forked.pop("filters"))
    assert forked == plain


def test_kernels_do_not_begin_with_the_same_random_state(kernel):
    drawn = {kernel(STATE)[0].splitlines()[1] for _ in range(3)}
    numbers = [number for line in drawn for number in line.split()]
    assert len(numbers) == len(set(numbers)) == 6


def test_a_picture_has_the_same_bytes(kernel):
    code = (
        "import hashlib, io, matplotlib.pyplot as plt; plt.plot([1, 3, 2]); b = io.BytesIO();"
        " plt.savefig(b)\n"
    )
    code += "print(hashlib.sha256(b.getvalue()).hexdigest())"
    forked, ordinary = kernel(code)[0], kernel(code, forked=False)[0]
    assert forked.splitlines()[0] == ordinary.splitlines()[0]
    assert len(forked.splitlines()[0]) == 64


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_blas_has_no_threads_that_a_fork_would_lose(kernel):
    count = "len(os.listdir('/proc/self/task'))"
    code = (
        f"import os, numpy as np; before = {count}; a = np.ones((600, 600)); a @ a; print({count} -"
        " before)"
    )
    assert kernel(code)[0].strip() == "0"


def gone(pid, seconds=10):
    for _ in range(seconds * 20):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_kernel_dies_with_its_link(kernel):
    _, process = kernel("import time")
    process.link.shutdown(2)
    assert gone(process.pid)


def test_a_kernel_tells_its_exit_code(kernel):
    _, process = kernel("import os")
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
    assert process.poll() == -signal.SIGTERM


@pytest.mark.parametrize("more", [{"PYTHONHASHSEED": "7"}, {"OMP_NUM_THREADS": "2"}])
def test_what_a_fork_could_not_give_is_an_ordinary_kernel(kernel, capfd, more):
    printed, process = kernel(
        "import os; print(os.environ['PYTHONHASHSEED'], os.environ['OMP_NUM_THREADS'])", **more
    )
    assert isinstance(process, subprocess.Popen)
    assert printed.split() == [more.get("PYTHONHASHSEED", "0"), more.get("OMP_NUM_THREADS", "1")]
    notice = capfd.readouterr().err.strip()
    assert notice.endswith(f"{next(iter(more))} differ from the server's")
    assert len(notice.splitlines()) == 1


def test_without_a_server_there_is_an_ordinary_kernel(kernel, capfd, tmp_path):
    os.environ[kernels.SERVER_VARIABLE] = str(tmp_path / "nobody")
    assert isinstance(kernel("1")[1], subprocess.Popen)
    assert "ordinary kernel" in capfd.readouterr().err


def test_peak_memory_of_a_kernel_is_told(kernel):
    _, process = kernel("x = bytearray(200_000_000)")
    assert 200 < kernels._peak(process.pid) < 5000
    assert kernels._peak(2**22 + 1) is None


def test_forking_can_be_turned_off(monkeypatch):
    monkeypatch.setenv(kernels.SWITCH_VARIABLE, "no")
    with kernels.server(dict(os.environ)) as (address, keep):
        assert (address, keep) == (None, [])


# --- Nothing is left behind


def family(base):
    """Pids of processes (not zombies) that have this compendium in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if (
                    str(base).encode() in (entry / "environ").read_bytes()
                    and ") Z" not in (entry / "stat").read_text()
                ):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


@pytest.fixture
def sleeper(tmp_path):
    """A compendium of one step that says when it is there and then sleeps."""
    import nbformat

    base = tmp_path / "sleeper"
    package = base / "src/cluster_anatomy"
    (package / "compendium").mkdir(parents=True)
    for name in ("__init__.py", "compendium/__init__.py", "compendium/paths.py"):
        shutil.copy(SOURCE / "cluster_anatomy" / name, package / name)
    (base / "notebooks").mkdir()
    text = (
        "from cluster_anatomy.compendium.paths import target\ntarget('there.txt').touch()\n"
        "import time; time.sleep(60)"
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text, id="a")])
    nbformat.write(book, base / "notebooks/a.ipynb")
    (base / "notebooks/steps.toml").write_text('[[step]]\nname = "a"\nwrites = ["there.txt"]\n')
    return base


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("fork", ["yes", "no"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_process(sleeper, number, fork):
    environment = os.environ | {paths.ROOT_VARIABLE: str(sleeper), kernels.SWITCH_VARIABLE: fork}
    process = subprocess.Popen(
        [sys.executable, "-m", "cluster_anatomy", "run"],
        env=environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    for _ in range(1200):
        if (sleeper / "build/stage/a/there.txt").exists():
            break
        time.sleep(0.05)
    assert len(family(sleeper)) >= 3  # the run, a worker, a kernel
    process.send_signal(number)
    process.wait(30)
    for _ in range(200):
        left = family(sleeper)
        if not left:
            break
        time.sleep(0.05)
    assert left == []
    with locked(sleeper):  # and nobody holds the lock
        pass


def test_registering_is_enough_for_jupyter(folder, environment, monkeypatch):
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.provisioning import KernelProvisionerFactory

    monkeypatch.setattr(os, "environ", environment.copy())
    spec = KernelSpecManager().get_kernel_spec("python3")
    assert spec.metadata["kernel_provisioner"]["provisioner_name"] == kernels.NAME
    assert KernelProvisionerFactory.instance().is_provisioner_available(spec)
    assert asyncio.iscoroutinefunction(kernels.ForkedKernel.launch_kernel)
