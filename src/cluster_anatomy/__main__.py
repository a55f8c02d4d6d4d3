"""The command line, ``python -m cluster_anatomy COMMAND``: a function for each command.

Each command has a function that does it and, after it, one that adds it to the parser (``add_…``).
What a command alone needs is imported in its function, so that the others stay quick.
"""

import argparse
import io
import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from cluster_anatomy import __version__
from cluster_anatomy.compendium import paths
from cluster_anatomy.compendium.freshness import FILL
from cluster_anatomy.compendium.steps import PipelineError, load_steps

EXAMPLES = """examples:
  python -m cluster_anatomy run                        run whatever is out of date
  python -m cluster_anatomy run 06_china_usa --force   one step again, and what it needs first
  python -m cluster_anatomy run --set seed=7           another value in all notebooks with a seed
  python -m cluster_anatomy status                     what is out of date, and why
  python -m cluster_anatomy check                      is what lies here what the code makes?
  python -m cluster_anatomy check --rerun              run a fresh copy; does any result move?

  python -m cluster_anatomy new india --country India  begin a list of your own in own_lists/india/
  python -m cluster_anatomy check india                everything that is wrong with it
  python -m cluster_anatomy run india                  the same notebooks on it, into its results/

  python -m cluster_anatomy register firms.csv --into build/register   a business register
"""

WINDOWS = "note: nobody has tried this on Windows itself; use WSL 2 (docs/MACHINES.md)\n"
Arguments = argparse.Namespace
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What the commands are added to; argparse has no public name for it."""


def _add(
    commands: Commands, name: str, action: Callable[[Arguments], int], text: str
) -> argparse.ArgumentParser:
    """Add a command, with the function that does it as ``action``."""
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(action=action)
    return command


def _number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def _say(lines: Iterable[str], otherwise: str) -> int:
    """Print lines about what is not in order, or that all is; return the exit code."""
    text = "\n".join(lines)
    print(text or otherwise, flush=True)
    return 1 if text else 0


# --- run and status


def run_command(arguments: Arguments) -> int:
    """Run what is out of date, or a list of the user's own, and print the report."""
    from cluster_anatomy.compendium import report, run
    from cluster_anatomy.compendium.parameters import parse_setting

    base = paths.root()
    names = [step.name for step in load_steps(base)] if arguments.steps else []
    if len(arguments.steps) == 1 and arguments.steps[0] not in names:
        return _run_list(arguments, names)
    if arguments.beside is not None:
        raise PipelineError("--beside is for a list of your own: run NAME --beside China")
    parameters = dict(parse_setting(text) for text in arguments.set)
    forced, jobs = arguments.force, arguments.jobs
    outcome = run.run(base, arguments.steps, parameters, forced, jobs, finish=FILL)
    report.write(outcome, base, parameters)
    print("\n".join(run.summary(outcome, base, bool(parameters))), flush=True)
    return 1 if outcome.failed else 0


def _run_list(arguments: Arguments, steps: list[str]) -> int:
    """Run a list of the user's own; say everything that is wrong if it cannot be run."""
    from cluster_anatomy import own_list, tables
    from cluster_anatomy.own_list import findings
    from cluster_anatomy.own_list.run import list_summary, run

    folder = own_list.find(arguments.steps[0], steps)
    if arguments.set or arguments.force:
        raise PipelineError(
            "--set and --force are for the steps of the study, not for a list of your own"
        )
    beside = arguments.beside
    if beside is not None:
        beside = [country for country in beside if country != "none"]
    try:
        report = run(folder, beside, arguments.jobs)
    except tables.TableError as error:
        errors = [problem for problem in own_list.check(folder) if problem.severity == "error"]
        print("\n".join(findings.lines(errors) or [f"error: {text}" for text in error.problems]))
        print(f"{own_list.display_name(folder)} was not run; nothing was changed")
        return 1
    print("\n".join(list_summary(report)), flush=True)
    return 1 if report.notebooks.failed else 0


def add_run(commands: Commands) -> None:
    """Add ``run``."""
    command = _add(
        commands,
        "run",
        run_command,
        "Run the steps that are out of date, in the order that their files ask for.",
    )
    command.add_argument(
        "steps",
        nargs="*",
        metavar="STEP",
        help="only these steps and what they need (default: all); or one list",
    )
    command.add_argument(
        "--beside",
        action="append",
        choices=["China", "USA", "none"],
        metavar="COUNTRY",
        help="of a list of your own: set it beside China, USA or none (default: its description);"
        " repeatable",
    )
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="[STEP:]NAME=VALUE",
        help="give a parameter another value, in all notebooks that have it or in one step;"
        " repeatable",
    )
    command.add_argument(
        "--force", action="store_true", help="run the steps even if they are up to date"
    )
    command.add_argument(
        "--jobs",
        type=_number,
        default=2,
        metavar="N",
        help="steps to run at the same time (default 2)",
    )


def status_command(arguments: Arguments) -> int:
    """Print for each step whether it is up to date, and if not, why."""
    from cluster_anatomy.compendium import freshness

    print("\n".join(freshness.status(paths.root())))
    return 0


def add_status(commands: Commands) -> None:
    """Add ``status``."""
    text = "Say for each step whether it is up to date, and if not, why. Changes nothing."
    _add(commands, "status", status_command, text)


# --- check: is what lies here what the code makes?


def check_command(arguments: Arguments) -> int:
    """Say whether what lies here is what the code makes, or what is wrong with a list."""
    _refuse_mixture(arguments)
    if arguments.list is not None:
        return _check_list(arguments.list, arguments.write)
    if arguments.release is not None:
        return _check_release(arguments.release, arguments.into)
    if arguments.standards:
        return _check_standards()
    if not arguments.rerun:
        return _check_files()
    if arguments.packages or arguments.python:
        return _check_with_packages(arguments)
    return _check_rerun(arguments)


def _refuse_mixture(arguments: Arguments) -> None:
    """Refuse two questions at once, and options that the question asked has no use for."""
    given = {name for name, value in vars(arguments).items() if value}
    questions = [
        "LIST" if name == "list" else f"--{name}"
        for name in ("list", "rerun", "release", "standards")
        if name in given
    ]
    if len(questions) > 1:
        raise PipelineError(f"{' and '.join(questions)} are different checks: ask for one of them")
    options = {name: ["--rerun"] for name in ("jobs", "packages", "python", "record", "json")}
    options |= {"into": ["--rerun", "--release"], "write": ["LIST"]}
    for name, goes_with in options.items():
        if name in given and not {*goes_with} & {*questions}:
            raise PipelineError(f"--{name} goes with {' or '.join(goes_with)}")
    if arguments.record and not (arguments.packages or arguments.python):
        raise PipelineError("--record goes with --packages or --python")


def _check_files() -> int:
    """Compare outputs with their stamps and documents with what they would be; run nothing."""
    from cluster_anatomy.archive import documents
    from cluster_anatomy.compendium import freshness
    from cluster_anatomy.results import filling

    base = paths.root()
    outputs = _say(freshness.stale(base), "every committed output was made from what is here")
    texts = _say(
        documents.stale(base), "the generated documents and metadata are those of the files"
    )
    prose = _say(filling.stale(base), "every number in the notebooks' prose is the register's")
    return max(outputs, texts, prose)


def _check_list(name: str, write: bool) -> int:
    """Print what is wrong with a list, doubtful or worth saying; add what is advised, if asked."""
    from cluster_anatomy import own_list
    from cluster_anatomy.own_list import findings

    folder = own_list.find(name)
    lines, errors = findings.report(folder, name, write)
    print("\n".join(lines))
    return 1 if errors else 0


def _check_rerun(arguments: Arguments) -> int:
    """Run a copy from scratch and print each value that moved."""
    from cluster_anatomy.compendium import packages, rerun

    differences = rerun.check(paths.root(), arguments.into, arguments.jobs or 2, finish=FILL)
    if arguments.json:
        packages.write_differences(differences, arguments.json)
    return _say(map(str, differences), "nothing moved")


def _check_with_packages(arguments: Arguments) -> int:
    """Run a copy with other packages or another Python and print the numbers that move."""
    from cluster_anatomy.compendium import packages

    trial = packages.try_packages(
        paths.root(),
        arguments.python or sys.executable,
        arguments.packages or "locked",
        arguments.into,
        arguments.jobs or 2,
    )
    for difference in trial.moved:
        print(difference, flush=True)
    row = trial.row()
    print(
        f"Python {row['python']}, {row['packages']} packages ({row['versions']}): "
        f"{row['numbers_moved']} numbers moved, {row['notebooks_failed']} notebooks failed, "
        f"{row['pictures_moved']} pictures and {row['texts_moved']} texts are others"
    )
    if arguments.json:
        packages.write_differences(trial.moved, arguments.json)
    if arguments.record:
        packages.record([row], paths.root())
    return 0 if row["numbers_moved"] == row["notebooks_failed"] == "0" else 1


def _check_release(file: Path, into: Path | None) -> int:
    """Unpack a release elsewhere, run it there and compare all bytes."""
    from cluster_anatomy.archive import release

    otherwise = "the release reproduces: every byte is as its checksums say"
    return _say(release.verify(file, into), otherwise)


def _check_standards() -> int:
    """Check the metadata with the standards' own schemas and tools."""
    from cluster_anatomy.archive import documents

    return documents.validate(paths.root())


def add_check(commands: Commands) -> None:
    """Add ``check``."""
    command = _add(
        commands,
        "check",
        check_command,
        "Say which committed outputs, documents and metadata are not what the code makes, by their"
        " stamps: runs nothing. With LIST, everything that is wrong with a list of your own.",
    )
    command.add_argument(
        "list", nargs="?", metavar="LIST", help="name or path of a list of your own"
    )
    flags = {
        "--write": "with LIST: add the settings that are advised to its description.toml",
        "--rerun": "run a copy from scratch and report every result that differs",
        "--standards": "check the metadata with the standards' own schemas and tools (network)",
    }
    for flag, text in flags.items():
        command.add_argument(flag, action="store_true", help=text)
    command.add_argument(
        "--release",
        type=Path,
        metavar="FILE",
        help="unpack a release elsewhere, run it there, compare all bytes",
    )
    command.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="new or empty folder for the copy, which is then kept",
    )
    _add_rerun_options(command.add_argument_group("with --rerun"))


def _add_rerun_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--jobs", type=_number, metavar="N", help="steps to run at the same time (default 2)"
    )
    group.add_argument(
        "--packages",
        choices=("locked", "oldest", "newest"),
        help="in an environment with these versions (with --python: locked)",
    )
    group.add_argument("--python", metavar="P", help="with another interpreter")
    group.add_argument(
        "--record",
        action="store_true",
        help="with --packages or --python: put the result into benchmarks/results",
    )
    group.add_argument(
        "--json", type=Path, metavar="FILE", help="write the differences into a file, too"
    )


# --- new and register


def new_command(arguments: Arguments) -> int:
    """Write the folder of a new list and say what comes next."""
    from cluster_anatomy import own_list

    folder = own_list.new(arguments.name, arguments.like, arguments.country, joins=arguments.joins)
    print(f"{own_list.display_name(folder)}: {', '.join(sorted(os.listdir(folder)))}")
    then = f"then: check {arguments.name}"
    if paths.found() is None:
        then = f"then, in a compendium ({paths.ROOT_VARIABLE} says where one is): check {folder}"
    print(f"Fill in description.toml and the tables (README.md explains them), {then}")
    return 0


def add_new(commands: Commands) -> None:
    """Add ``new``."""
    command = _add(
        commands,
        "new",
        new_command,
        "Begin a list of your own: write a small folder that explains itself.",
    )
    command.add_argument("name", metavar="NAME", help="the folder is own_lists/NAME; or a path")
    command.add_argument(
        "--like",
        metavar="LIST",
        help="bioplan_2008, miit_2009, or a list whose files are copied, such as israel",
    )
    command.add_argument("--country", help="country of the firms")
    command.add_argument(
        "--joins",
        metavar="FRAME",
        help="cn_listed or us_listed: rows of your own on the firms of a listed frame of the study",
    )


REGISTER_OPTIONS = {
    "--into": ("FOLDER", "new or empty folder, or an earlier run's; or an address"),
    "--work": ("FOLDER", "for the stages, if --into is an address (default: below build/)"),
    "--columns": ("WHAT=HEADING,…", "such as name=Company,place=City"),
    "--description": ("FILE", "description.toml of an own list, for its columns"),
    "--encoding": ("NAME", "of files of text (default: it is found)"),
    "--engine": ("ENGINE", "duckdb (default) or spark"),
    "--master": ("MASTER", "of Spark, such as spark://host:7077"),
    "--memory": ("SIZE", "such as 4GB (default: half of this machine's)"),
    "--spill": ("FOLDER", "for what does not fit (default: below --into)"),
    "--jobs": ("N", "processor cores to use (default 2)"),
}
REGISTER_TYPES = {"--jobs": _number} | dict.fromkeys(("--work", "--description", "--spill"), Path)


def register_command(arguments: Arguments) -> int:
    """Take a business register to entry by region, year and origin, and print the ledger."""
    from cluster_anatomy import registers
    from cluster_anatomy.registers import files, spark

    paths.root()  # or nothing is begun
    columns = files.described_columns(arguments.description) if arguments.description else {}
    registers.run_register(
        arguments.files,
        arguments.into,
        engine=arguments.engine,
        memory=registers.parse_memory(arguments.memory) if arguments.memory else None,
        spill=arguments.spill,
        jobs=arguments.jobs,
        columns=columns | files.parse_columns(arguments.columns),
        encoding=arguments.encoding,
        fresh=arguments.fresh,
        work=arguments.work,
        master=arguments.master,
        settings=spark.parse_settings(arguments.spark_conf),
    )
    print("\n".join(registers.summary(arguments.into, arguments.work)), flush=True)
    return 0


def add_register(commands: Commands) -> None:
    """Add ``register``."""
    command = _add(
        commands,
        "register",
        register_command,
        "Take a business register of any size to entry by region, year and origin"
        " (docs/REGISTERS.md).",
    )
    command.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="CSV or Parquet, all of one register: files, folders, addresses such as s3://…",
    )
    for flag, (metavar, text) in REGISTER_OPTIONS.items():
        kind, required = REGISTER_TYPES.get(flag, str), flag == "--into"
        command.add_argument(flag, metavar=metavar, help=text, type=kind, required=required)
    command.set_defaults(columns="", encoding="", master="", engine="duckdb", jobs=2)
    text = "setting of Spark, such as spark.executor.memory=4g; as often as needed"
    command.add_argument(
        "--spark-conf", action="append", default=[], metavar="KEY=VALUE", help=text
    )
    command.add_argument("--fresh", action="store_true", help="do every stage again")


# --- site and archive


def site_command(arguments: Arguments) -> int:
    """Build the site and print where it is."""
    from cluster_anatomy import site

    print(site.build(arguments.into))
    return 0


def add_site(commands: Commands) -> None:
    """Add ``site``."""
    text = "Build the site: static pages in site/ that open from disk."
    command = _add(commands, "site", site_command, text)
    command.add_argument(
        "--into", type=Path, metavar="FOLDER", help="folder to write (default: site/)"
    )


def archive_command(arguments: Arguments) -> int:
    """Write the metadata for archives, or a release."""
    from cluster_anatomy.archive import documents, record, release

    if arguments.check or arguments.verify or arguments.validate:
        return _old_archive_check(arguments)
    base = paths.root()
    if arguments.zip:
        print(release.write_release(base, arguments.zip))
        return 0
    sys.stderr.write(record.without_list(base))
    print("\n".join(f"{path} written" for path in documents.write(base)) or "nothing to write")
    return 0


def add_archive(commands: Commands) -> None:
    """Add ``archive``."""
    command = _add(
        commands,
        "archive",
        archive_command,
        "Write the metadata for archives, from one record; or make a release of them.",
    )
    alternatives = command.add_mutually_exclusive_group()
    alternatives.add_argument(
        "--zip",
        type=Path,
        metavar="FILE",
        help="write a release: every committed file, with checksums",
    )
    alternatives.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    alternatives.add_argument("--validate", action="store_true", help=argparse.SUPPRESS)
    alternatives.add_argument("--verify", type=Path, help=argparse.SUPPRESS)
    command.add_argument("--into", type=Path, help=argparse.SUPPRESS)


# --- Old names of `check`, for one release


def _notice(old: str, new: str) -> None:
    print(f"`{old}` is now `{new}`; the old name goes with the next release", file=sys.stderr)


def fresh_command(arguments: Arguments) -> int:
    """Say which committed outputs were not made from what is here."""
    from cluster_anatomy.compendium import freshness

    _notice("fresh", "check")
    return _say(freshness.stale(paths.root()), "every committed output was made from what is here")


def canary_command(arguments: Arguments) -> int:
    """Run the study with other packages or another Python and print the numbers that move."""
    _notice("canary", "check --rerun --packages newest")
    return _check_with_packages(arguments)


def _old_archive_check(arguments: Arguments) -> int:
    if arguments.verify:
        _notice("archive --verify FILE", "check --release FILE")
        return _check_release(arguments.verify, arguments.into)
    if arguments.validate:
        _notice("archive --validate", "check --standards")
        return _check_standards()
    from cluster_anatomy.archive import documents

    _notice("archive --check", "check")
    return _say(documents.stale(paths.root()), "the metadata are those of the files")


def add_old_names(commands: Commands) -> None:
    """Add ``fresh`` and ``canary``, which the help does not list any more."""
    commands.add_parser("fresh").set_defaults(action=fresh_command)
    canary = commands.add_parser("canary")
    canary.add_argument("--python", default=sys.executable)
    canary.add_argument("--packages", choices=("locked", "oldest", "newest"), default="newest")
    canary.add_argument("--record", action="store_true")
    canary.set_defaults(action=canary_command, into=None, jobs=None, json=None)


# --- All commands


def parser() -> argparse.ArgumentParser:
    """Return the parser; each command names the function that does it as ``action``."""
    main_parser = argparse.ArgumentParser(
        prog="python -m cluster_anatomy",
        description="Run the notebooks of the study, or tell whether their results are up to date.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"cluster-anatomy {__version__}"
    main_parser.add_argument("--version", action="version", version=version)
    commands = main_parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (add_run, add_status, add_check, add_new, add_register, add_site, add_archive):
        add(commands)
    add_old_names(commands)
    return main_parser


def main(argv: list[str] | None = None) -> int:
    """Do what the command line asks.

    Returns
    -------
    int
        0 if all went well; 1 if a step failed or a result moved; 2 for a mistake of the user; 130
        if interrupted.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    paths.leave_out_other_packages()
    arguments = parser().parse_args(argv)
    sys.stderr.write(WINDOWS if sys.platform == "win32" else "")
    action: Callable[[Arguments], int] = arguments.action
    try:
        return action(arguments)
    except BrokenPipeError:  # whoever read the output, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (PipelineError, paths.StudyError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: unfinished steps left everything as it was", file=sys.stderr)
        return 130


def program() -> None:
    """Run as a program of its own, which ends in good order when it is told to (SIGTERM)."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())


if __name__ == "__main__":
    program()
