"""Disturb runs of the compendium and see whether anything committed is damaged.

``python benchmarks/faults_survived.py`` writes ``benchmarks/results/faults_survived.csv`` and exits
with 1 if a file was damaged, a next run did not complete, or its bytes are not those of an
undisturbed run. Everything happens in a copy. Kills come at random moments (seeded): data that
change everything downstream are put in, the run is killed with all its processes, every output must
be whole (the bytes of the run before or those of the run to come, and all files of a step from the
same run), then the run is started again until it completes.
"""

import argparse
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cluster_anatomy.compendium import paths, rerun, steps
from cluster_anatomy.figures import style

RESULTS = "benchmarks/results/faults_survived.csv"
SEED = 20261124
CHANGED = "data/raw/evidence/usa.csv"
RUN = [sys.executable, "-m", "cluster_anatomy", "run"]


class Copy:
    """A copy of the compendium in which runs are disturbed."""

    def __init__(self, folder: Path):
        self.folder = folder.resolve()
        rerun.copy_compendium(paths.root(), self.folder)
        self.steps = steps.load_steps(self.folder)
        self.outputs = sorted({path for step in self.steps for path in step.outputs})

    def start(
        self, *options: str, wrapped: list[str] | None = None, **environment: str
    ) -> subprocess.Popen:
        """Start a run in a process group of its own."""
        added = {
            "PYTHONPATH": str(self.folder / "src"),
            paths.ROOT_VARIABLE: str(self.folder),
        } | environment
        return subprocess.Popen(
            [*(wrapped or []), *RUN, *options],
            cwd=self.folder,
            env=os.environ | added,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *options: str, **kwargs) -> tuple[int, str]:
        """Run to the end; return the exit code and what was printed."""
        process = self.start(*options, **kwargs)
        text = process.communicate()[0]
        return process.returncode, text

    def digests(self) -> dict[str, str | None]:
        """Return the digest of every output."""
        files = {path: self.folder / path for path in self.outputs}
        return {
            path: paths.digest(file) if file.is_file() else None for path, file in files.items()
        }

    def change_data(self, text: bytes) -> None:
        """Put other raw data in."""
        (self.folder / CHANGED).write_bytes(text)

    def processes(self) -> int:
        """Count processes that still belong to runs of this copy."""
        found, mark = 0, f"{paths.ROOT_VARIABLE}={self.folder}".encode()
        for entry in Path("/proc").glob("[0-9]*/environ"):
            try:
                found += mark in entry.read_bytes().split(b"\0")
            except OSError:
                continue
        return found


def damaged(copy: Copy, before: dict, after: dict) -> list[str]:
    """Return the outputs that are of neither run, and the steps whose files are of both."""
    now = copy.digests()
    wrong = [path for path in copy.outputs if now[path] not in (before[path], after[path])]
    for step in copy.steps:
        tell = [path for path in step.outputs if before[path] != after[path] and path not in wrong]
        if len({now[path] == after[path] for path in tell}) > 1:
            wrong.append(f"{step.name}: files of two runs")
    return wrong


def other_data(text: bytes) -> bytes:
    """Change what every firm of the file makes: the register changes, and with it the input of
    every step.
    """
    rows = list(csv.reader(text.decode("utf-8").splitlines()))
    place = rows[0].index("lead_products")
    for row in rows[1:]:
        row[place] = f"{row[place]}|seen again" if row[place] else "seen again"
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return ("\n".join(lines) + "\n").encode("utf-8")


def kills(copy: Copy, wanted: int, seed: int) -> dict:
    """Kill runs at random moments until there were `wanted` kills; every run between them must
    complete.
    """
    rng = random.Random(seed)
    text = (copy.folder / CHANGED).read_bytes()
    versions = [text, other_data(text)]
    reference, seconds = [], []
    for version in (1, 0):
        copy.change_data(versions[version])
        start = time.monotonic()
        code, said = copy.run()
        assert code == 0, said
        seconds.append(time.monotonic() - start)
        reference.insert(0, copy.digests())
    killed = completed = different = orphans = 0
    wrong: list[str] = []
    now = 0
    while killed < wanted:
        before, after = reference[now], reference[1 - now]
        copy.change_data(versions[1 - now])
        while True:
            process = copy.start()
            try:
                process.communicate(
                    timeout=rng.uniform(0.05, 0.7 * min(seconds)) if killed < wanted else None
                )
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                killed += 1
                wrong += damaged(copy, before, after)
                time.sleep(0.5)
                orphans += copy.processes()
                continue
            wrong += [f"exit code {process.returncode} after a kill"] if process.returncode else []
            break
        completed += 1
        different += sum(
            a != b for a, b in zip(copy.digests().values(), after.values(), strict=True)
        )
        now = 1 - now
        print(
            f"{killed} kills, {completed} runs completed, damaged: {wrong}, left over: {orphans}",
            flush=True,
        )
    copy.change_data(text)
    copy.run()
    return {
        "fault": "killed at random moments",
        "tries": killed,
        "completed": completed,
        "damaged": len(wrong),
        "different_bytes": different,
        "left_over": orphans,
        "note": (
            f"seed {seed}; {completed} runs completed between the kills; undisturbed"
            f" {max(seconds):.0f} s"
        ),
    }


def _row(
    copy: Copy, name: str, tries: int, reference: dict, fault_code: int, said: str, note: str
) -> dict:
    """Judge a single disturbed run, then run again undisturbed."""
    wrong = damaged(copy, reference, reference)
    code, text = copy.run("--force")
    after = copy.digests()
    if code:
        print(text)
    said = said.replace(f"{copy.folder}/", "")
    words = [line for line in said.splitlines() if "rror" in line or "failed:" in line]
    return {
        "fault": name,
        "tries": tries,
        "completed": int(code == 0),
        "damaged": len(wrong),
        "different_bytes": sum(after[path] != reference[path] for path in after),
        "left_over": copy.processes(),
        "note": note + (f"; said: {words[0].strip()[:120]}" if words and fault_code else ""),
    }


def full_disk(parent: Path) -> dict | None:
    """Run on a disk on which little is left."""
    disk = parent / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", str(disk)], capture_output=True
    ).returncode:
        return None
    try:
        copy = Copy(disk / "copy")
        assert copy.run()[0] == 0
        reference, used = copy.digests(), shutil.disk_usage(disk).used
        worst = []
        for spare in (64, 512, 2048):
            size = f"size={(used >> 10) + spare}k"
            subprocess.run(["mount", "-o", f"remount,{size}", str(disk)], check=True)
            code, said = copy.run("--force")
            worst += damaged(copy, reference, reference)
        subprocess.run(["mount", "-o", "remount,size=512m", str(disk)], check=True)
        row = _row(copy, "disk full", 3, reference, code, said, "64, 512 and 2048 KiB left")
        return row | {"damaged": row["damaged"] + len(worst)}
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def no_permission(copy: Copy, reference: dict) -> dict | None:
    """Run where the tables may not be written."""
    place = copy.folder / "data/processed"
    if os.geteuid():
        place.chmod(0o555)
        wrapped = []
    else:  # root writes anyway, but not to what is mounted read-only
        mount = (
            f"mount --bind '{place}' '{place}' && mount -o remount,ro,bind '{place}' && exec \"$@\""
        )
        wrapped = ["unshare", "-m", "sh", "-c", mount, "sh"]
        if subprocess.run([*wrapped, "true"], capture_output=True).returncode:
            return None
    code, said = copy.run("--force", wrapped=wrapped)
    place.chmod(0o755)
    return _row(
        copy, "no permission to write", 1, reference, code, said, "data/processed read-only"
    )


def two_runs(copy: Copy, reference: dict) -> dict:
    """Start a run while another is going on."""
    first = copy.start("--force")
    time.sleep(2)
    code, said = copy.run("--force")
    first.communicate()
    row = _row(
        copy,
        "two runs at once",
        1,
        reference,
        code,
        said,
        "the second is refused, the first goes on",
    )
    return row | {"damaged": row["damaged"] + (code == 0) + (first.returncode != 0)}


def corrupt_cache(copy: Copy, reference: dict, seed: int) -> dict:
    """Overwrite everything that runs keep for themselves with noise."""
    rng = random.Random(seed)
    files = sorted(path for path in (copy.folder / "build").rglob("*") if path.is_file())
    for path in files:
        path.write_bytes(rng.randbytes(rng.randrange(0, 2000)))
    code, said = copy.run()
    return _row(
        copy,
        "cache corrupted",
        len(files),
        reference,
        code,
        said,
        f"every file of build/ overwritten, seed {seed}",
    )


def clock_and_locale(copy: Copy, reference: dict) -> dict:
    """Run long ago and far away."""
    settings = {
        "1999-12-31 23:59:50": {"TZ": "Asia/Kathmandu", "LC_ALL": "C"},
        "2036-02-29 12:00:00": {
            "TZ": "America/Los_Angeles",
            "LC_ALL": "tr_TR.UTF-8",
            "LANG": "tr_TR.UTF-8",
        },
    }
    wrong, faketime = [], shutil.which("faketime")
    for moment, setting in settings.items():
        clock = [faketime, moment] if faketime else []
        code, said = copy.run("--force", wrapped=clock, **setting)
        wrong += damaged(copy, reference, reference) + ([said] if code else [])
    note = "C and Turkish locale, other time zones, " + (
        "clock in 1999 and in 2036" if faketime else "CLOCK NOT CHANGED: faketime is not installed"
    )
    row = _row(copy, "other clock and locale", len(settings), reference, code, said, note)
    return row | {"damaged": row["damaged"] + len(wrong)}


def other_fonts(copy: Copy, reference: dict) -> dict:
    """Run where another font has the name of the one that is shipped."""
    import matplotlib as mpl
    from fontTools.ttLib import TTFont

    folder = copy.folder.parent / "share/fonts"
    folder.mkdir(parents=True)
    font = TTFont(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSerif.ttf")
    for number in (1, 4, 16):
        font["name"].setName(style.FONT, number, 3, 1, 0x409)
        font["name"].setName(style.FONT, number, 1, 0, 0)
    font.save(folder / "other.ttf")
    caches = copy.folder / "build/cache/matplotlib"
    shutil.rmtree(caches, ignore_errors=True)
    code, said = copy.run("--force", XDG_DATA_HOME=str(folder.parent))
    known = "".join(file.read_text(encoding="utf-8") for file in caches.glob("fontlist*.json"))
    assert json.dumps(str(folder / "other.ttf")) in known, "matplotlib did not find the other font"
    row = _row(
        copy, "other fonts installed", 1, reference, code, said, f"another font named {style.FONT}"
    )
    return row | {"damaged": row["damaged"] + (code != 0)}


def no_network(copy: Copy, reference: dict) -> dict | None:
    """Run without any network but loopback."""
    wrapped = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if subprocess.run([*wrapped, "true"], capture_output=True).returncode:
        return None
    code, said = copy.run("--force", wrapped=wrapped)
    row = _row(
        copy, "no network", 1, reference, code, said, "a network namespace with loopback only"
    )
    return row | {"damaged": row["damaged"] + (code != 0)}


def record(rows: list[dict], path: Path, some: bool) -> None:
    """Write the table, or only some of its rows."""
    table = rows
    if some and path.is_file():
        with open(path, encoding="utf-8", newline="") as file:
            table = [
                next((new for new in rows if new["fault"] == old["fault"]), old)
                for old in csv.DictReader(file)
            ]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def main() -> int:
    """Disturb, judge and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--only",
        nargs="*",
        help="the faults to try; their rows take the place of those in the table",
    )
    arguments = parser.parse_args()
    parent = Path(tempfile.mkdtemp(prefix="cluster-anatomy-faults-")).resolve()
    try:
        copy = Copy(parent / "copy")
        code, said = copy.run()
        assert code == 0, said
        reference = copy.digests()
        faults = {
            "killed": lambda: kills(copy, arguments.kills, arguments.seed),
            "disk": lambda: full_disk(parent),
            "permission": lambda: no_permission(copy, reference),
            "two": lambda: two_runs(copy, reference),
            "cache": lambda: corrupt_cache(copy, reference, arguments.seed),
            "clock": lambda: clock_and_locale(copy, reference),
            "fonts": lambda: other_fonts(copy, reference),
            "network": lambda: no_network(copy, reference),
        }
        table, skipped = [], []
        for name, fault in faults.items():
            if arguments.only and name not in arguments.only:
                continue
            row = fault()
            if row is None:
                skipped.append(name)
                print(f"NOT TRIED: {name} (this user may not do it here)", flush=True)
            else:
                table.append(row)
                print(row, flush=True)
    finally:
        shutil.rmtree(parent, ignore_errors=True)
    if not skipped:
        record(table, paths.root() / RESULTS, bool(arguments.only))
    bad = [
        row["fault"]
        for row in table
        if row["damaged"] or row["different_bytes"] or not row["completed"] or row["left_over"]
    ]
    print(
        f"{len(table) - len(bad)} of {len(table)} faults survived; not survived: {bad}; not tried:"
        f" {skipped}"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
