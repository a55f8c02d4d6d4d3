"""Peak memory of this process and its children, sampled while a block of work runs."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

INTERVAL = 0.1


@dataclass
class Usage:
    """Wall seconds, processor seconds, and peak resident bytes of a process tree."""

    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:  # it has just ended
        return []


def tree_memory(process: psutil.Process) -> int:
    """Return the resident bytes of a process and all its children (shared pages count in each)."""
    total = 0
    for member in _tree(process):
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue
    return total


def tree_cpu(process: psutil.Process) -> float:
    """Return the processor seconds of a process and all its children, ended ones included."""
    total = 0.0
    for member in _tree(process):
        try:
            times = member.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
        except psutil.Error:
            continue
    return total


@contextmanager
def watched(pid: int | None = None) -> Iterator[Usage]:
    """Measure what a block of work takes, in this process tree or in that of another process."""
    usage, done, process = Usage(), threading.Event(), psutil.Process(pid)

    def sample() -> None:
        while not done.wait(INTERVAL):
            usage.peak = max(usage.peak, tree_memory(process))
            usage.cpu = max(usage.cpu, tree_cpu(process) - before)

    before = tree_cpu(process)
    thread, started = threading.Thread(target=sample, daemon=True), time.perf_counter()
    usage.peak = tree_memory(process)
    thread.start()
    try:
        yield usage
    finally:
        done.set()
        thread.join()
        usage.cpu = max(usage.cpu, tree_cpu(process) - before)
        usage.seconds = time.perf_counter() - started
