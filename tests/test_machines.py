"""Other machines: without git, with somebody else's checkout, read-only, Windows, no compendium."""

import errno
import os
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

from cluster_anatomy.__main__ import main
from cluster_anatomy.archive import record
from cluster_anatomy.compendium import lock, paths, rerun
from cluster_anatomy.compendium.git import git, refusal, walked
from cluster_anatomy.compendium.steps import PipelineError

BASE = paths.root()
PROOF = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
"""An environment in which nobody's settings of git matter."""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small checkout with ignored files, new files and a folder of each kind."""
    for name, value in PROOF.items():
        monkeypatch.setenv(name, value)
    base = tmp_path / "a checkout"
    for path in ("a.txt", "data/b.csv", "lists/x/c.csv", "own/x/d.csv", "own/y/e.csv", "keep.log"):
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_text("1\n")
    (base / ".gitignore").write_text("# rules\n*.log\n!keep.log\n/build/\nown/*\n!own/x/\n")
    (base / "new.log").write_text("ignored\n")
    (base / "build").mkdir()
    (base / "build/state.json").write_text("{}")
    subprocess.run(["git", "init", "-q", base], check=True)
    return base


KEPT = [".gitignore", "a.txt", "data/b.csv", "keep.log", "lists/x/c.csv", "own/x/d.csv"]


# --- Without git


def test_a_download_has_the_files_of_a_checkout(checkout):
    assert refusal(checkout) == ""
    assert record.files(checkout) == KEPT
    assert record.without_list(checkout) == ""
    shutil.rmtree(checkout / ".git")
    assert "this folder is no git checkout" in refusal(checkout)
    assert record.files(checkout) == KEPT
    assert "all files but those that .gitignore names" in record.without_list(checkout)


def test_the_files_of_this_compendium_are_found_without_git(tmp_path):
    if git(BASE, "rev-parse", "HEAD") is None:
        pytest.skip("THE FILES ARE NOT COMPARED WITH THOSE OF GIT: this is no checkout")
    assert walked(BASE) == record.files(BASE)


@pytest.mark.parametrize(
    "rules",
    [
        "*.csv",
        "/*.csv",
        "a/*.csv",
        "**/b.csv",
        "a/**",
        "a/**/c.csv",
        "a/",
        "b",
        "/b",
        "a/b",
        "a/b/",
        "?.csv",
        "[ab].csv",
        "[!a].csv",
        "*.csv\n!b.csv",
        "a/\n!a/b.csv",
        "a/*\n!a/b",
        "!a.csv",
        "#a.csv\n\n  \nc.csv   ",
        "über*.csv",
    ],
)
def test_rules_mean_what_git_means_by_them(tmp_path, monkeypatch, rules):
    for name, value in PROOF.items():
        monkeypatch.setenv(name, value)
    for path in ("a.csv", "b.csv", "b", "c.csv", "über 1.csv", "a/a.csv", "a/b/b.csv", "a/b/c.csv"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    (tmp_path / "d/b").mkdir(parents=True)
    (tmp_path / "d/b/a.csv").write_text("x")
    (tmp_path / ".gitignore").write_text(rules + "\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    listed = git(tmp_path, "ls-files", "-co", "--exclude-standard", "-z")
    assert walked(tmp_path) == sorted(os.fsdecode(listed).split("\0")[:-1])


def test_a_machine_without_git_is_said(checkout, monkeypatch):
    monkeypatch.setenv("PATH", str(checkout))
    assert refusal(checkout) == "git is not installed"
    assert record.files(checkout) == KEPT


def test_somebody_elses_checkout_is_walked_and_the_remedy_said(checkout, monkeypatch, capsys):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    remedy = f'git config --global --add safe.directory "{checkout}"'
    assert remedy in refusal(checkout)
    assert "\n" not in refusal(checkout)
    assert record.files(checkout) == KEPT
    assert remedy in record.without_list(checkout)
    with pytest.raises(PipelineError, match=r"what is committed cannot be told: .*safe\.directory"):
        record.files(checkout, committed=True)


def test_a_copy_in_another_repository_is_its_own(checkout):
    inner = checkout / "lists"
    (inner / ".gitignore").write_text("c.csv\n")
    (inner / "f.csv").write_text("1\n")
    assert f"git knows it as a part of {checkout}" in refusal(inner)
    assert record.files(inner) == [".gitignore", "f.csv"]


def test_a_broken_checkout_is_said_in_the_words_of_git(checkout):
    (checkout / ".git/HEAD").write_text("nonsense")
    assert refusal(checkout).startswith("git cannot read this checkout (fatal: ")
    assert record.files(checkout) == KEPT


def test_a_copy_of_a_download_has_what_a_copy_of_a_checkout_has(checkout, tmp_path):
    rerun.copy_compendium(checkout, tmp_path / "one")
    shutil.rmtree(checkout / ".git")
    rerun.copy_compendium(checkout, tmp_path / "two")
    copies = [walked(tmp_path / name) for name in ("one", "two")]
    assert copies == [KEPT, KEPT]


def test_a_folder_without_rules_keeps_what_is_never_copied(tmp_path):
    for path in ("a.txt", "build/b", "x/__pycache__/c.pyc", ".venv/bin/python", ".git/HEAD"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    assert walked(tmp_path) == ["a.txt"]


# --- The lock, and folders that may only be read


def closed(monkeypatch, number):
    def refuse(path, *arguments, **keywords):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(lock, "open", refuse, raising=False)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_folder_that_may_only_be_read_is_said_and_can_be_copied(tmp_path, monkeypatch, number):
    closed(monkeypatch, number)
    with (
        pytest.raises(PipelineError, match=r"may not be written to .* use `check --rerun`"),
        lock.locked(tmp_path),
    ):
        pass
    with lock.undisturbed(tmp_path):
        assert not (tmp_path / lock.FILE).exists()


def test_a_full_disk_is_not_taken_for_a_closed_folder(tmp_path, monkeypatch):
    closed(monkeypatch, errno.ENOSPC)
    with pytest.raises(OSError, match="No space left"), lock.undisturbed(tmp_path):
        pass


def test_a_run_that_is_going_on_disturbs(tmp_path):
    with (
        lock.locked(tmp_path),
        pytest.raises(PipelineError, match=rf"another run is going on \(pid {os.getpid()}\)"),
        lock.undisturbed(tmp_path),
    ):
        pass


def test_windows_locks_a_byte_that_nobody_reads(tmp_path, monkeypatch):
    """With a stand-in for ``msvcrt`` that lets nobody lock a byte twice."""
    held = set()

    def locking(descriptor, mode, count):
        where = (os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR))
        assert count == 1
        if where in held:
            raise PermissionError(errno.EACCES, "Permission denied")
        held.add(where)

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(LK_NBLCK=2, locking=locking))
    with lock.locked(tmp_path):
        assert {place for _, place in held} == {lock.FAR}
        assert (tmp_path / lock.FILE).read_text() == f"{os.getpid()}\n"
        with pytest.raises(PipelineError, match=rf"\(pid {os.getpid()}\)"), lock.locked(tmp_path):
            pass


# --- Windows, as far as it can be told from here

WITHOUT_UNIX = """
import builtins, os, signal, sys

UNIX = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"}
del signal.pthread_sigmask
import_module = builtins.__import__

def without(name, globals=None, *others, **named):
    ours = (globals or {}).get("__name__", "").startswith("cluster_anatomy")
    if ours and name.partition(".")[0] in UNIX:
        raise ModuleNotFoundError(f"No module named {name!r}")
    return import_module(name, globals, *others, **named)

builtins.__import__ = without
sys.path.insert(0, {source!r})
"""


def without_unix(code, *arguments):
    """Run code in a Python in which our modules find none of those that Windows lacks."""
    start = WITHOUT_UNIX.replace("{source!r}", repr(str(BASE / "src")))
    return subprocess.run(
        [sys.executable, "-c", start + code, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {paths.ROOT_VARIABLE: str(BASE)},
    )


def test_every_module_can_be_imported_without_those_of_unix():
    done = without_unix(
        "import pkgutil, importlib, cluster_anatomy\n"
        "names = [m.name for m in pkgutil.walk_packages(cluster_anatomy.__path__,"
        " 'cluster_anatomy.') if not m.name.endswith('__main__')]\n"
        "for name in names:\n"
        "    importlib.import_module(name)\n"
        "print(len(names))"
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_a_module_of_unix_would_be_found():
    done = without_unix("exec('import fcntl', {'__name__': 'cluster_anatomy.x'})")
    assert "No module named 'fcntl'" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["--version"], ["check", "israel"], ["new", "{folder}"], ["status"]]
)
def test_commands_start_without_the_modules_of_unix(tmp_path, arguments):
    given = [argument.format(folder=tmp_path / "india") for argument in arguments]
    done = without_unix(
        "from cluster_anatomy.__main__ import main; sys.exit(main(sys.argv[1:]))", *given
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_windows_is_told_of_wsl_first(monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["status"]) == 0
    assert capsys.readouterr().err.splitlines()[0].count("WSL 2") == 1


# --- A package without a compendium


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A working directory from which no compendium is found."""
    folder = tmp_path / "nowhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv(paths.ROOT_VARIABLE, raising=False)
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "site-packages/paths.py"))
    return folder


def test_a_list_can_be_begun_anywhere(nowhere, capsys):
    assert main(["new", "india", "--country", "India"]) == 0
    said = capsys.readouterr().out
    assert f"{paths.ROOT_VARIABLE} says where one is" in said
    assert f"check {nowhere / 'india'}" in said
    assert (nowhere / "india/description.toml").is_file()
    assert main(["new", "india"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["new", "other", "--like", "nothing"]) == 2
    assert "bioplan_2008" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["status"],
        ["check"],
        ["check", "india"],
        ["site"],
        ["archive"],
        ["register", "firms.csv", "--into", "out"],
    ],
)
def test_other_commands_say_how_to_name_a_compendium(nowhere, arguments, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "there is no compendium here" in said
    assert f"set the environment variable {paths.ROOT_VARIABLE}" in said
    assert list(nowhere.iterdir()) == []


def test_the_list_is_checked_where_the_variable_names_a_compendium(nowhere, monkeypatch, capsys):
    assert main(["new", "india", "--country", "India"]) == 0
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(BASE))
    capsys.readouterr()
    assert main(["check", str(nowhere / "india")]) in (0, 1)
    assert str(Path(nowhere) / "india") in capsys.readouterr().out
