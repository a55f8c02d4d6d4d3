"""The command line: ``python -m cluster_anatomy run|status|check|new|register|site``."""

import argparse
import os
import signal
import sys
from pathlib import Path

from cluster_anatomy.compendium import freshness, paths, report, rerun, run, steps
from cluster_anatomy.compendium.parameters import parse_setting

EXAMPLES = """examples:
  python -m cluster_anatomy run                          run whatever is out of date
  python -m cluster_anatomy run 05_china_usa --force     run one step again, and what it needs first
  python -m cluster_anatomy run --set seed=7             another value in every notebook with a parameter seed
  python -m cluster_anatomy run --set 08_figures:years=5
  python -m cluster_anatomy status                       what is out of date, and why
  python -m cluster_anatomy check                        run a fresh copy; does any result move?

  python -m cluster_anatomy new india --country India    begin a list of your own in own_lists/india/
  python -m cluster_anatomy check india                  everything that is wrong with it
  python -m cluster_anatomy run india                    the same notebooks on it, into own_lists/india/results/

  python -m cluster_anatomy register firms.csv --into build/register    a business register of any size
"""


def run_command(arguments: argparse.Namespace) -> int:
    """Run what is out of date, or a list of the user's own, and print the report."""
    base = paths.root()
    known = [step.name for step in steps.load_steps(base)] if arguments.steps else []
    if len(arguments.steps) == 1 and arguments.steps[0] not in known:
        return _run_list(arguments, known)
    if arguments.beside is not None:
        raise steps.PipelineError("--beside is for a list of your own: run NAME --beside China")
    parameters = dict(parse_setting(text) for text in arguments.set)
    outcome = run.run(base, arguments.steps, parameters, arguments.force, arguments.jobs)
    report.write(outcome, base, parameters)
    print("\n".join(run.summary(outcome, base)), flush=True)
    return 1 if outcome.failed else 0


def _run_list(arguments: argparse.Namespace, known: list[str]) -> int:
    """Run a list of the user's own; say everything that is wrong if it cannot be run."""
    from cluster_anatomy import (
        own_list,
        tables,  # bring what the other commands do not need
    )
    from cluster_anatomy.own_list.run import run, summary

    folder = own_list.find(arguments.steps[0], known)
    if arguments.set or arguments.force:
        raise steps.PipelineError(
            "--set and --force are for the steps of the study, not for a list of your own"
        )
    beside = (
        None if arguments.beside is None else [name for name in arguments.beside if name != "none"]
    )
    try:
        report = run(folder, beside, arguments.jobs)
    except tables.TableError as error:
        print("\n".join(f"error: {problem}" for problem in error.problems))
        print(f"{own_list.shown(folder)} was not run; nothing was changed")
        return 1
    print("\n".join(summary(report)), flush=True)
    return 1 if report.failed else 0


def status_command(arguments: argparse.Namespace) -> int:
    """Print for each step whether it is up to date, and if not, why."""
    print("\n".join(freshness.status(paths.root())))
    return 0


def check_command(arguments: argparse.Namespace) -> int:
    """Run a copy from scratch and print each value that moved, or check a list of the user's own."""
    if arguments.list is not None:
        return _check_list(arguments)
    found = rerun.check(paths.root(), arguments.into, arguments.jobs)
    print("\n".join(map(str, found)) or "nothing moved")
    return 1 if found else 0


def _check_list(arguments: argparse.Namespace) -> int:
    """Print everything that is wrong with a list, doubtful or worth saying."""
    from cluster_anatomy import own_list

    if arguments.into is not None:
        raise steps.PipelineError("--into is for a check of the study, without a list")
    folder = own_list.find(arguments.list)
    found = own_list.check(folder)
    print(
        "\n".join(f"{problem.severity}: {problem}" for problem in found), end="\n" if found else ""
    )
    count = {
        kind: sum(problem.severity == kind for problem in found) for kind in ("error", "warning")
    }
    said = " and ".join(
        f"{number} {kind}{'' if number == 1 else 's'}" for kind, number in count.items()
    )
    print(
        f"{own_list.shown(folder)}: {said}."
        f" {'Mend the errors first.' if count['error'] else 'It can be run.'}"
    )
    return 1 if count["error"] else 0


def new_command(arguments: argparse.Namespace) -> int:
    """Write the folder of a new list and say what comes next."""
    from cluster_anatomy import own_list

    folder = own_list.new(arguments.name, arguments.like, arguments.country)
    print(f"{own_list.shown(folder)}: " + ", ".join(sorted(path.name for path in folder.iterdir())))
    print(
        "Fill in description.toml and the tables (README.md explains them), then: check"
        f" {arguments.name}"
    )
    return 0


def register_command(arguments: argparse.Namespace) -> int:
    """Take a business register to entry by region, year and origin, and print the ledger."""
    from cluster_anatomy import registers  # brings splink, which the other commands do not need
    from cluster_anatomy.registers import files

    columns = files.described_columns(arguments.description) if arguments.description else {}
    registers.run_register(
        arguments.files,
        arguments.into,
        engine=arguments.engine,
        memory=registers.parse_memory(arguments.memory) if arguments.memory else None,
        spill=arguments.spill,
        jobs=arguments.jobs,
        columns=columns | files.parse_columns(arguments.columns),
        fresh=arguments.fresh,
    )
    print("\n".join(registers.summary(arguments.into)), flush=True)
    return 0


def site_command(arguments: argparse.Namespace) -> int:
    """Build the site and print where it is."""
    from cluster_anatomy import site  # brings nbconvert, which the other commands do not need

    print(site.build(arguments.into))
    return 0


def archive_command(arguments: argparse.Namespace) -> int:
    """Write the metadata for archives, or compare them, or build or verify a release."""
    from cluster_anatomy.archive import (
        documents,
        release,  # brings pandera, which the other commands do not need
    )

    if arguments.verify:
        found = release.verify(arguments.verify, arguments.into)
        print("\n".join(found) or "the release reproduces: every byte is as its checksums say")
        return 1 if found else 0
    base = paths.root()
    if arguments.zip:
        print(release.write_release(base, arguments.zip))
        return 0
    if arguments.validate:
        return documents.validate(base)
    if arguments.check:
        found = documents.stale(base)
        print("\n".join(found) or "the metadata are those of the files")
        return 1 if found else 0
    print("\n".join(f"{path} written" for path in documents.write(base)) or "nothing to write")
    return 0


def fresh_command(arguments: argparse.Namespace) -> int:
    """Say which committed outputs were not made from what is here."""
    stale = freshness.stale(paths.root())
    print("\n".join(stale) or "every committed output was made from what is here")
    return 1 if stale else 0


def canary_command(arguments: argparse.Namespace) -> int:
    """Run the study with other packages or another Python and print the numbers that move."""
    from cluster_anatomy.compendium import packages

    row = packages.try_packages(arguments.python, arguments.packages)
    print(
        f"Python {row['python']}, {row['packages']} packages ({row['versions']}): "
        f"{row['numbers_moved']} numbers moved, {row['notebooks_failed']} notebooks failed, "
        f"{row['pictures_moved']} pictures and {row['texts_moved']} texts are others"
    )
    if arguments.record:
        packages.record([row], paths.root())
    return 0 if row["numbers_moved"] == row["notebooks_failed"] == "0" else 1


def _jobs(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the parser; each subcommand names the function that does it as ``action``."""
    main_parser = argparse.ArgumentParser(
        prog="python -m cluster_anatomy",
        description="Run the notebooks of the study, or tell whether their results are up to date.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = main_parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, action, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(action=action)
        return sub

    jobs = {
        "type": _jobs,
        "default": 2,
        "metavar": "N",
        "help": "steps to run at the same time (default 2)",
    }

    sub = command(
        "run",
        run_command,
        "Run the steps that are out of date, in the order that their files ask for.",
    )
    sub.add_argument(
        "steps",
        nargs="*",
        metavar="STEP",
        help="only these steps and what they need (default: all); or one list",
    )
    sub.add_argument(
        "--beside",
        action="append",
        choices=["China", "USA", "none"],
        metavar="COUNTRY",
        help=(
            "of a list of your own: set it beside China, USA or none (default: its description);"
            " repeatable"
        ),
    )
    sub.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="[STEP:]NAME=VALUE",
        help=(
            "give a parameter another value, in all notebooks that have it or in one step;"
            " repeatable"
        ),
    )
    sub.add_argument(
        "--force", action="store_true", help="run the steps even if they are up to date"
    )
    sub.add_argument("--jobs", **jobs)

    command(
        "status",
        status_command,
        "Say for each step whether it is up to date, and if not, why. Changes nothing.",
    )

    sub = command(
        "check",
        check_command,
        "Run a copy from scratch and report every result that differs from the committed one; "
        "with LIST, say everything that is wrong with a list of your own.",
    )
    sub.add_argument("list", nargs="?", metavar="LIST", help="name or path of a list of your own")
    sub.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="new or empty folder for the copy, which is then kept",
    )
    sub.add_argument("--jobs", **jobs)

    sub = command(
        "new", new_command, "Begin a list of your own: write a small folder that explains itself."
    )
    sub.add_argument("name", metavar="NAME", help="the folder is own_lists/NAME; or a path")
    sub.add_argument(
        "--like",
        metavar="LIST",
        help="bioplan_2008, miit_2009, or a list whose files are copied, such as israel",
    )
    sub.add_argument("--country", help="country of the firms")

    command("fresh", fresh_command, "Say which committed outputs are stale, and why. Runs nothing.")

    sub = command(
        "canary",
        canary_command,
        "Run everything with other packages or another Python: which numbers move?",
    )
    sub.add_argument(
        "--python", default=sys.executable, help="interpreter to try (default: this one)"
    )
    sub.add_argument(
        "--packages",
        choices=("locked", "oldest", "newest"),
        default="newest",
        help="which versions (default newest)",
    )
    sub.add_argument("--record", action="store_true", help="put the result into benchmarks/results")

    sub = command(
        "register",
        register_command,
        "Take a business register of any size to entry by region, year and origin"
        " (docs/REGISTERS.md).",
    )
    sub.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="CSV or Parquet, all of one register"
    )
    sub.add_argument(
        "--into",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="new or empty folder, or an earlier run's",
    )
    sub.add_argument(
        "--columns", default="", metavar="WHAT=HEADING,…", help="such as name=Company,place=City"
    )
    sub.add_argument(
        "--description",
        type=Path,
        metavar="FILE",
        help="description.toml of an own list, for its columns",
    )
    sub.add_argument("--engine", default="duckdb", help="duckdb (default) or spark")
    sub.add_argument(
        "--memory", metavar="SIZE", help="such as 4GB (default: half of this machine's)"
    )
    sub.add_argument(
        "--spill", type=Path, metavar="FOLDER", help="for what does not fit (default: below --into)"
    )
    sub.add_argument(
        "--jobs", type=_jobs, default=2, metavar="N", help="processor cores to use (default 2)"
    )
    sub.add_argument("--fresh", action="store_true", help="do every stage again")

    sub = command(
        "site", site_command, "Build the site: static pages in site/ that open from disk."
    )
    sub.add_argument("--into", type=Path, metavar="FOLDER", help="folder to write (default: site/)")

    sub = command(
        "archive",
        archive_command,
        "Write the metadata for archives, from one record; or make a release of them.",
    )
    one = sub.add_mutually_exclusive_group()
    one.add_argument("--check", action="store_true", help="only say which metadata are stale")
    one.add_argument(
        "--validate",
        action="store_true",
        help="check the metadata with the standards' own schemas and tools",
    )
    one.add_argument(
        "--zip",
        type=Path,
        metavar="FILE",
        help="write a release: every committed file, with checksums",
    )
    one.add_argument(
        "--verify",
        type=Path,
        metavar="FILE",
        help="unpack a release elsewhere, run it there, compare all bytes",
    )
    sub.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="with --verify: new or empty folder, which is then kept",
    )
    return main_parser


def main(argv: list[str] | None = None) -> int:
    """Do what the command line asks.

    Returns
    -------
    int
        0 if all went well; 1 if a step failed or a result moved; 2 for a mistake of the user; 130
        if interrupted.
    """
    sys.stdout.reconfigure(errors="replace")
    arguments = parser().parse_args(argv)
    try:
        return arguments.action(arguments)
    except BrokenPipeError:  # whoever read the output, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (steps.PipelineError, paths.StudyError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: unfinished steps left everything as it was", file=sys.stderr)
        return 130


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
