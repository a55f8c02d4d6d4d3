"""Ten thousand damaged tables: is each accepted for what it says, or refused with place and remedy?

``python benchmarks/bad_input.py`` copies the raw tables into a temporary folder, damages one at a
time and reads it with `cluster_anatomy.tables.read`. What should happen is decided by
`bad_input_judge`, which shares no code with the reader. One line per kind of damage goes to
``benchmarks/results/bad_input.csv``, one per table and kind to ``bad_input_by_table.csv``; the exit
code is 1 if anything but `accepted` and `refused` was counted.

===========  =======================================================================================
accepted     read, and every cell of the frame is what the file says
refused      `TableError`; every line names file, place and remedy, and the value that it shows
             stands there
crashed      another exception, or no answer within twenty seconds
changed      read, but a cell is not what the file says
misjudged    read although it breaks the contract, or refused although it keeps it
unclear      refused without file, place or remedy, or with a message that a terminal cannot show
touched      a file was changed by reading
===========  =======================================================================================
"""

import argparse
import contextlib
import csv
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bad_input_damages import BYTES, DISK, GRIDS, HEAVY, MUTATIONS, REFERENCE, TEXTS
from bad_input_judge import clear, judge, parsed, same, serialised, text_of
from reporting import RESULTS, ROOT, write_csv

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths, steps
from cluster_anatomy.tables import contract

RESULT, DETAIL = RESULTS / "bad_input.csv", RESULTS / "bad_input_by_table.csv"
STEPS = "notebooks/steps.toml"
OUTCOMES = ["accepted", "refused", "crashed", "changed", "misjudged", "unclear", "touched"]
SECONDS = 20


class Hang(BaseException):
    """No answer in time."""


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Raise `Hang` after twenty seconds."""

    def late(*_):
        raise Hang(f"no answer within {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def listing(base: Path) -> list[tuple]:
    """Return name, size and time of everything in a folder."""
    entries = []
    for where, folders, names in os.walk(base):
        for name in (*folders, *names):
            about = os.lstat(os.path.join(where, name))
            entries.append((where, name, about.st_size, about.st_mtime_ns, about.st_mode))
    return sorted(entries)


def restore(path: Path, content: bytes) -> None:
    """Put a file back, whatever stands in its place."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.write_bytes(content)


class Room:
    """A copy of the raw tables in a temporary folder, in which one table at a time is damaged."""

    def __init__(self, base: Path):
        self.base = base
        for name in ("data/raw", "data/processed", "seeds"):
            shutil.copytree(ROOT / name, base / name)
        (base / "notebooks").mkdir()
        for notebook in (ROOT / "notebooks").glob("*.ipynb"):
            (base / "notebooks" / notebook.name).write_text("{}")
        shutil.copy(ROOT / STEPS, base / STEPS)
        for name in ("README.md", "requirements.lock", "pyproject.toml"):
            (base / name).touch()
        for step in tomllib.loads((ROOT / STEPS).read_text(encoding="utf-8"))["step"]:
            inputs = (path for pattern in step["reads"] for path in ROOT.glob(pattern))
            for path in filter(Path.is_file, inputs):
                copy = base / path.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.touch()  # that it is there is enough
        os.environ[paths.ROOT_VARIABLE] = str(base)
        os.environ.pop(paths.STAGE_VARIABLE, None)
        self.values: dict[str, set[str]] = {}

    def names(self) -> list[str]:
        """Return every raw table that has a contract."""
        files = [*(ROOT / "data/raw").rglob("*.csv"), *(ROOT / "seeds").glob("*.csv")]
        optional = (table for table in contract.contracts().values() if table.optional)
        of_users = {path for table in optional for path in table.path}
        return sorted({path.relative_to(ROOT).as_posix() for path in files} - of_users)

    def referenced(self, table: contract.Table) -> dict[str, set[str]]:
        """Return the values of each column of another table to which this one refers."""
        for column in table.columns:
            if column.references and column.references not in self.values:
                other, _, label = column.references.partition(".")
                values: set[str] = set()
                for path in tables.files_of(other):
                    with open(self.base / path, newline="", encoding="utf-8") as file:
                        values |= {text_of(row[label]) for row in csv.DictReader(file)}
                self.values[column.references] = values
        return self.values

    def case(self, name: str, mutation: str, pick: random.Random) -> tuple[str, str]:
        """Damage one table in one way, read it, and put it back.

        Returns
        -------
        outcome : str
            One of `OUTCOMES`; empty if the table cannot be damaged in this way.
        why : str
            What is to be said about it.
        """
        table = contract.contract_of(name)
        if mutation == REFERENCE:
            return self.case_of_reference(name, table, pick)
        path = self.base / name
        sound, data, expected = path.read_bytes(), None, None
        try:
            if mutation in DISK:
                DISK[mutation](path, self.base)
            else:
                if mutation in BYTES:
                    data = BYTES[mutation](sound, pick)
                else:
                    data = serialised((GRIDS | HEAVY)[mutation](parsed(sound), pick, table))
                path.write_bytes(data)
                expected = judge(data, table, self.referenced(table))
            return self.outcome(name, data, expected)
        finally:
            restore(path, sound)

    def case_of_reference(
        self, name: str, table: contract.Table, pick: random.Random
    ) -> tuple[str, str]:
        """Damage a table to which this one refers; there may be none."""
        targets = (column.references for column in table.columns if column.references)
        others = sorted({target.partition(".")[0] for target in targets} - {table.name})
        if not others:
            return "", ""
        path = self.base / pick.choice(tables.files_of(pick.choice(others)))
        sound = path.read_bytes()
        headless = sound[: sound.index(b"\n") + 1][1:]
        try:
            path.write_bytes(pick.choice([b"", b"\xff\xfe", b'"', b"name;x\n", headless]))
            return self.outcome(name, None, None)
        finally:
            restore(path, sound)

    def outcome(
        self, name: str, data: bytes | None, expected: list[dict] | None
    ) -> tuple[str, str]:
        """Read the damaged table and compare with what should happen."""
        before = listing(self.base)
        try:
            with limited():
                frame = tables.read(name)
        except tables.TableError as error:
            frame, message = None, str(error)
        except (Exception, Hang) as error:
            return "crashed", f"{type(error).__name__}: {error}"[:300]
        if listing(self.base) != before:
            return "touched", "something on disk changed"
        if frame is None:
            if expected is not None:
                return "misjudged", f"refused, but it keeps the contract: {message[:300]}"
            if not clear(message, name, data):
                return "unclear", message[:600]
            return "refused", message
        if expected is None:
            return "misjudged", "accepted, but it breaks the contract"
        if not same(frame, expected):
            return "changed", "a cell is not what the file says"
        return "accepted", ""

    def steps(self, mutation: str, pick: random.Random) -> tuple[str, str]:
        """Damage the list of steps instead of a table; only `PipelineError` may come of it."""
        path = self.base / STEPS
        sound = path.read_bytes()
        try:
            path.write_bytes((BYTES | TEXTS)[mutation](sound, pick))
            before = listing(self.base)
            with limited():
                loaded = steps.load_steps(self.base)
            for file in (file for step in loaded for file in (*step.reads, *step.writes)):
                if Path(file).is_absolute() or ".." in Path(file).parts:
                    return "misjudged", f"{file} leads out"
            return ("touched", "") if listing(self.base) != before else ("accepted", "")
        except steps.PipelineError as error:
            return ("refused", "") if "steps.toml" in str(error) else ("unclear", str(error))
        except (Exception, Hang) as error:
            return "crashed", f"{type(error).__name__}: {error}"[:300]
        finally:
            path.write_bytes(sound)


Case = tuple[str, str, str, str]
"""Table, mutation, outcome and reason."""


def cases_of(name: str, seed: int, repeats: int, kinds: list[str]) -> list[Case]:
    """Damage one file in every way and return what came of it."""
    with tempfile.TemporaryDirectory(prefix="bad-input-") as temporary:
        room = Room(Path(temporary) / "study")
        table = "steps.toml" if name == STEPS else contract.contract_of(name).name
        cases = []
        for mutation in kinds:
            for number in range(1 if mutation in (*HEAVY, *DISK) else repeats):
                pick = random.Random(f"{seed} {name} {mutation} {number}")
                if name == STEPS:
                    outcome, why = room.steps(mutation, pick)
                else:
                    outcome, why = room.case(name, mutation, pick)
                if outcome:
                    cases.append((table, mutation, outcome, f"{name}, case {number}: {why}"))
        return cases


def publish(cases: list[Case]) -> None:
    """Write the counts of outcomes by mutation, and by table and mutation."""
    for path, keys in ((RESULT, ["mutation"]), (DETAIL, ["table", "mutation"])):
        counts: dict[tuple[str, ...], Counter] = {}
        for table, mutation, outcome, _ in cases:
            key = (table, mutation) if "table" in keys else (mutation,)
            counts.setdefault(key, Counter())[outcome] += 1
        rows = [
            dict(zip(keys, key, strict=True))
            | {"cases": count.total()}
            | {outcome: count[outcome] for outcome in OUTCOMES}
            for key, count in sorted(counts.items())
        ]
        write_csv(path, rows)


def work(only: str, seed: int, repeats: int) -> list[tuple[str, int, int, list[str]]]:
    """Return the arguments of `cases_of` for every file whose path holds `only`.

    Heavy damage is done to one file of each table only, and to the list of steps none.
    """
    with tempfile.TemporaryDirectory(prefix="bad-input-") as temporary:
        names = [name for name in Room(Path(temporary) / "study").names() if only in name]
        firsts = {contract.contract_of(name).name: name for name in reversed(names)}.values()
    light = [mutation for mutation in MUTATIONS if mutation not in HEAVY]
    files = [(name, seed, repeats, light + [*HEAVY] * (name in firsts)) for name in names]
    if not only:
        files.append((STEPS, seed, 5 * repeats, [*BYTES, *TEXTS]))
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=6, help="of the random choices (default 6)")
    parser.add_argument(
        "--repeats", type=int, default=2, help="cases per file and kind of damage (default 2)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    text = "only files whose path holds this; writes no table"
    parser.add_argument("--only", default="", metavar="TEXT", help=text)
    arguments = parser.parse_args()
    files = work(arguments.only, arguments.seed, arguments.repeats)
    kinds = len(MUTATIONS) + len(TEXTS)
    print(f"seed {arguments.seed}, {len(files)} files, {kinds} kinds of damage", flush=True)
    cases: list[Case] = []
    with ProcessPoolExecutor(arguments.jobs) as pool:
        done = pool.map(cases_of, *zip(*files, strict=True))
        for (name, *_), some in zip(files, done, strict=True):
            cases += some
            print(f"{len(some):4} cases of {name}", flush=True)
    total = Counter(outcome for _, _, outcome, _ in cases)
    for table, mutation, outcome, why in cases:
        if outcome not in ("accepted", "refused"):
            print(f"{outcome}: {table}, {mutation}: {why}")
    if not arguments.only:
        publish(cases)
    print(json.dumps({"cases": len(cases), **{outcome: total[outcome] for outcome in OUTCOMES}}))
    return 0 if total["accepted"] + total["refused"] == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())
