"""Disturb runs of the compendium and see whether anything committed is damaged.

``python benchmarks/faults_survived.py`` writes ``benchmarks/results/faults_survived.csv`` and exits
with 1 if a file was damaged, a next run did not complete, or its bytes are not those of an
undisturbed run. Everything happens in a copy. Kills come at random moments (seeded): data that
change everything downstream are put in, the run is killed with all its processes, every output must
be whole (the bytes of the run before or those of the run to come, and all files of a step from the
same run), then the run is started again until it completes.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from disturbed_copy import CHANGED, Copy, Disturbed, judged, other_data
from reporting import RESULTS, read_csv, write_csv

from cluster_anatomy.figures import style

RESULT = RESULTS / "faults_survived.csv"
SEED = 20261124


def kills(copy: Copy, times: int, seed: int) -> dict:
    """Kill runs at random moments, so many times; every run between kills must complete."""
    rng = random.Random(seed)
    text = (copy.folder / CHANGED).read_bytes()
    versions = [text, other_data(text)]
    reference, seconds = undisturbed(copy, versions)
    killed = completed = different = orphans = now = 0
    wrong: list[str] = []
    while killed < times:
        before, after = reference[now], reference[1 - now]
        copy.change_data(versions[1 - now])
        code = None
        while code is None:
            moment = rng.uniform(0.05, 0.7 * min(seconds)) if killed < times else None
            code = copy.killed_after(moment)
            if code is None:
                killed += 1
                wrong += copy.damaged(before, after)
                time.sleep(0.5)
                orphans += copy.processes()
        wrong += [f"exit code {code} after a kill"] if code else []
        completed += 1
        different += sum(
            a != b for a, b in zip(copy.digests().values(), after.values(), strict=True)
        )
        now = 1 - now
        counts = f"{killed} kills, {completed} runs completed"
        print(f"{counts}, damaged: {wrong}, left over: {orphans}", flush=True)
    copy.change_data(text)
    copy.run()
    note = f"seed {seed}; {completed} runs completed between the kills"
    return {
        "fault": "killed at random moments",
        "tries": killed,
        "completed": completed,
        "damaged": len(wrong),
        "different_bytes": different,
        "left_over": orphans,
        "note": f"{note}; undisturbed {max(seconds):.0f} s",
    }


def undisturbed(copy: Copy, versions: list[bytes]) -> tuple[list[dict], list[float]]:
    """Return the digests after a run on each version of the data, and the seconds it took.

    The first version comes last, so that it is the one that lies there.
    """
    reference, seconds = [], []
    for text in reversed(versions):
        copy.change_data(text)
        start = time.monotonic()
        code, output = copy.run()
        assert code == 0, output
        seconds.append(time.monotonic() - start)
        reference.insert(0, copy.digests())
    return reference, seconds


def full_disk(parent: Path) -> dict | None:
    """Run on a disk on which little is left."""
    disk = parent / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        return None
    try:
        copy = Copy(disk / "copy")
        assert copy.run()[0] == 0
        reference, used = copy.digests(), shutil.disk_usage(disk).used
        damage = 0
        for spare in (64, 512, 2048):
            size = f"size={(used >> 10) + spare}k"
            subprocess.run(["mount", "-o", f"remount,{size}", str(disk)], check=True)
            code, output = copy.run("--force")
            damage += len(copy.damaged(reference, reference))
        subprocess.run(["mount", "-o", "remount,size=512m", str(disk)], check=True)
        note = "64, 512 and 2048 KiB left"
        full = Disturbed("disk full", note, code, output, tries=3, damage=damage)
        return judged(copy, full, reference)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def no_permission(copy: Copy, reference: dict) -> dict | None:
    """Run where the tables may not be written."""
    folder = copy.folder / "data/processed"
    wrapped: list[str] = []
    if os.geteuid():
        folder.chmod(0o555)
    else:  # root writes anyway, but not to what is mounted read-only
        mount = f"mount --bind '{folder}' '{folder}' && mount -o remount,ro,bind '{folder}'"
        wrapped = ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh"]
        if subprocess.run([*wrapped, "true"], capture_output=True).returncode:
            return None
    code, output = copy.run("--force", wrapped=wrapped)
    folder.chmod(0o755)
    note = "data/processed read-only"
    return judged(copy, Disturbed("no permission to write", note, code, output), reference)


def two_runs(copy: Copy, reference: dict) -> dict:
    """Start a run while another is going on."""
    first = copy.start("--force")
    time.sleep(2)
    code, output = copy.run("--force")
    first.communicate()
    note = "the second is refused, the first goes on"
    damage = (code == 0) + (first.returncode != 0)
    second = Disturbed("two runs at once", note, code, output, damage=damage)
    return judged(copy, second, reference)


def corrupt_cache(copy: Copy, reference: dict, seed: int) -> dict:
    """Overwrite everything that runs keep for themselves with noise."""
    rng = random.Random(seed)
    files = sorted(path for path in (copy.folder / "build").rglob("*") if path.is_file())
    for path in files:
        path.write_bytes(rng.randbytes(rng.randrange(0, 2000)))
    code, output = copy.run()
    note = f"every file of build/ overwritten, seed {seed}"
    corrupted = Disturbed("cache corrupted", note, code, output, tries=len(files))
    return judged(copy, corrupted, reference)


def clock_and_locale(copy: Copy, reference: dict) -> dict:
    """Run long ago and far away."""
    turkish = {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}
    settings = {
        "1999-12-31 23:59:50": {"TZ": "Asia/Kathmandu", "LC_ALL": "C"},
        "2036-02-29 12:00:00": {"TZ": "America/Los_Angeles"} | turkish,
    }
    damage, faketime = 0, shutil.which("faketime")
    for moment, setting in settings.items():
        clock = [faketime, moment] if faketime else []
        code, output = copy.run("--force", wrapped=clock, **setting)
        damage += len(copy.damaged(reference, reference)) + (code != 0)
    clocks = "clock in 1999 and in 2036"
    if not faketime:
        clocks = "CLOCK NOT CHANGED: faketime is not installed"
    note = f"C and Turkish locale, other time zones, {clocks}"
    other = Disturbed("other clock and locale", note, code, output, len(settings), damage)
    return judged(copy, other, reference)


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
    code, output = copy.run("--force", XDG_DATA_HOME=str(folder.parent))
    listed = "".join(file.read_text(encoding="utf-8") for file in caches.glob("fontlist*.json"))
    assert json.dumps(str(folder / "other.ttf")) in listed, "matplotlib did not find the other font"
    note = f"another font named {style.FONT}"
    other = Disturbed("other fonts installed", note, code, output, damage=int(code != 0))
    return judged(copy, other, reference)


def no_network(copy: Copy, reference: dict) -> dict | None:
    """Run without any network but loopback."""
    wrapped = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if subprocess.run([*wrapped, "true"], capture_output=True).returncode:
        return None
    code, output = copy.run("--force", wrapped=wrapped)
    note = "a network namespace with loopback only"
    cut_off = Disturbed("no network", note, code, output, damage=int(code != 0))
    return judged(copy, cut_off, reference)


def faults(parent: Path, times: int, seed: int) -> dict[str, Callable[[], dict | None]]:
    """Return each fault by its short name: a function that tries it and returns its row."""
    copy = Copy(parent / "copy")
    code, output = copy.run()
    assert code == 0, output
    reference = copy.digests()
    return {
        "killed": lambda: kills(copy, times, seed),
        "disk": lambda: full_disk(parent),
        "permission": lambda: no_permission(copy, reference),
        "two": lambda: two_runs(copy, reference),
        "cache": lambda: corrupt_cache(copy, reference, seed),
        "clock": lambda: clock_and_locale(copy, reference),
        "fonts": lambda: other_fonts(copy, reference),
        "network": lambda: no_network(copy, reference),
    }


def record(rows: list[dict], some: bool) -> None:
    """Write the table, or only put new rows into the place of the old ones."""
    new = {row["fault"]: row for row in rows}
    old = read_csv(RESULT) if some else []
    write_csv(RESULT, [new.get(row["fault"], row) for row in old] or rows)


def main() -> int:
    """Disturb, judge and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=SEED)
    text = "the faults to try; their rows take the place of those in the table"
    parser.add_argument("--only", nargs="*", help=text)
    parser.add_argument("--dry", action="store_true", help="write no table")
    arguments = parser.parse_args()
    parent = Path(tempfile.mkdtemp(prefix="cluster-anatomy-faults-")).resolve()
    rows, skipped = [], []
    try:
        for name, fault in faults(parent, arguments.kills, arguments.seed).items():
            if arguments.only and name not in arguments.only:
                continue
            row = fault()
            if row is None:
                skipped.append(name)
                print(f"NOT TRIED: {name} (this user may not do it here)", flush=True)
            else:
                rows.append(row)
                print(row, flush=True)
    finally:
        shutil.rmtree(parent, ignore_errors=True)
    if not skipped and not arguments.dry:
        record(rows, bool(arguments.only))
    bad = [
        row["fault"]
        for row in rows
        if row["damaged"] or row["different_bytes"] or not row["completed"] or row["left_over"]
    ]
    survived = f"{len(rows) - len(bad)} of {len(rows)} faults survived"
    print(f"{survived}; not survived: {bad}; not tried: {skipped}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
