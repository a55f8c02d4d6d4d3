"""The work of a run: its folder, its engine, what it may use."""

import hashlib
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psutil

from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.registers import files
from cluster_anatomy.registers.engines import ENGINES, Engine

OUTPUTS = (
    "firms.parquet",
    "records.parquet",
    "links.parquet",
    "entry.parquet",
    "rejected.csv",
    "ledger.csv",
)
MARK = "register.json"
PAIRS = 20
"""Pairs of names that are compared, per name, at most (`largest_block`)."""
LARGEST = 60
"""Names in one firm beyond which a chain of links is taken apart again by a higher threshold
(`group`).
"""
STEP = 2.0
"""By how much of match weight (bits) the threshold rises in each round."""
ROUNDS = 20
UNITS = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}


def parse_memory(text: str) -> int:
    """Read ``4GB`` or ``800MB`` into bytes.

    Raises
    ------
    PipelineError
        If it is no such size, or less than 512 MB.
    """
    number = text.strip().upper().replace("IB", "B")
    digits = number.rstrip("KMGTB ")
    try:
        size = int(float(digits) * UNITS[number[len(digits) :].strip()])
    except (ValueError, KeyError):
        raise PipelineError(f"--memory: '{text}' is no size; write it like 4GB or 800MB") from None
    if size < 2**29:
        raise PipelineError(f"--memory: '{text}' is too little; a register needs at least 512MB")
    return size


def default_memory() -> int:
    """Return half of the memory of this machine, in bytes."""
    return psutil.virtual_memory().total // 2


def code_digest() -> str:
    """Return a digest of all that decides on the results beside the register: code, model, tables,
    versions.
    """
    here, digest = Path(__file__).resolve().parent, hashlib.sha256()
    code = [
        *here.glob("*.py"),
        here.parent / "firms/linkage.toml",
        *(here.parent / f"firms/{name}.py" for name in ("linkage", "names", "origins")),
    ]
    folders = ("data/raw/coding", "data/raw/places")
    data = [file for folder in folders for file in paths.source(folder).glob("*.*")]
    for file in sorted(code) + sorted(data):
        digest.update(f"{file.name}={paths.digest(file)}\n".encode())
    for package in ("cluster-anatomy", "duckdb", "splink", "pyarrow", "pypinyin", "rapidfuzz"):
        digest.update(f"{package}=={importlib.metadata.version(package)}\n".encode())
    return digest.hexdigest()


@dataclass
class Run:
    """One register on its way: its files, its folder, stages done, the engine (started when a stage
    needs it).
    """

    sources: list[files.Source]
    into: Path
    engine_name: str
    memory: int
    spill: Path
    jobs: int
    tell: Callable[[str], None]
    done: list[Path] = field(default_factory=list, init=False)
    _engine: Engine | None = field(default=None, init=False)

    @property
    def stages(self) -> Path:
        """Folder of the stages' files."""
        return self.into / "build" / "stages"

    @property
    def engine(self) -> Engine:
        """The engine, with the tables of every finished stage as views."""
        if self._engine is None:
            self._engine = ENGINES[self.engine_name](self.memory, self.spill, self.jobs)
            for folder in self.done:
                self.show(folder)
        return self._engine

    def show(self, folder: Path) -> None:
        """Let SQL know the tables of a stage."""
        for table in sorted(folder.glob("*.parquet")):
            self.engine.view(table.stem, table)

    @cached_property
    def headings(self) -> set[str]:
        """What the register has: the columns that any of its files holds."""
        return {what for source in self.sources for what in source.columns}

    def close(self) -> None:
        """End the engine, if it was started."""
        if self._engine:
            self._engine.close()
