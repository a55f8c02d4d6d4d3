"""The command line: ``python -m cluster_anatomy run|status|check``."""

import argparse
import signal
import sys
from pathlib import Path

from . import check, paths, pipeline, steps

EXAMPLES = """examples:
  python -m cluster_anatomy run                          run whatever is out of date
  python -m cluster_anatomy run 05_china_usa --force     run one step again, and what it needs first
  python -m cluster_anatomy run --set seed=7             another value in every notebook with a parameter seed
  python -m cluster_anatomy run --set 08_figures:years=5
  python -m cluster_anatomy status                       what is out of date, and why
  python -m cluster_anatomy check                        run a fresh copy; does any result move?
"""


def run_command(arguments: argparse.Namespace) -> int:
    """Run what is out of date and print the report."""
    base = paths.root()
    parameters = dict(steps.parse_setting(text) for text in arguments.set)
    report = pipeline.run(base, arguments.steps, parameters, arguments.force, arguments.jobs)
    print("\n".join(pipeline.summary(report, base)), flush=True)
    return 1 if report.failed else 0


def status_command(arguments: argparse.Namespace) -> int:
    """Print for each step whether it is up to date, and if not, why."""
    print("\n".join(steps.status(paths.root())))
    return 0


def check_command(arguments: argparse.Namespace) -> int:
    """Run a copy from scratch and print each value that differs from the committed one."""
    found = check.check(paths.root(), arguments.into, arguments.jobs)
    print("\n".join(map(str, found)) or "nothing moved")
    return 1 if found else 0


def site_command(arguments: argparse.Namespace) -> int:
    """Build the site and print where it is."""
    from . import site  # brings nbconvert, which the other commands do not need

    print(site.build(arguments.into))
    return 0


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

    jobs = {"type": _jobs, "default": 2, "metavar": "N", "help": "steps to run at the same time (default 2)"}

    sub = command(
        "run", run_command, "Run the steps that are out of date, in the order that their files ask for."
    )
    sub.add_argument(
        "steps", nargs="*", metavar="STEP", help="only these steps and what they need (default: all)"
    )
    sub.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="[STEP:]NAME=VALUE",
        help="give a parameter another value, in all notebooks that have it or in one step; repeatable",
    )
    sub.add_argument("--force", action="store_true", help="run the steps even if they are up to date")
    sub.add_argument("--jobs", **jobs)

    command(
        "status",
        status_command,
        "Say for each step whether it is up to date, and if not, why. Changes nothing.",
    )

    sub = command(
        "check",
        check_command,
        "Run a copy from scratch and report every result that differs from the committed one.",
    )
    sub.add_argument(
        "--into", type=Path, metavar="FOLDER", help="new or empty folder for the copy, which is then kept"
    )
    sub.add_argument("--jobs", **jobs)

    sub = command("site", site_command, "Build the site: static pages in site/ that open from disk.")
    sub.add_argument("--into", type=Path, metavar="FOLDER", help="folder to write (default: site/)")
    return main_parser


def main(argv: list[str] | None = None) -> int:
    """Do what the command line asks.

    Returns
    -------
    int
        0 if all went well; 1 if a step failed or a result moved; 2 for a mistake of the user; 130 if
        interrupted.
    """
    sys.stdout.reconfigure(errors="replace")
    arguments = parser().parse_args(argv)
    try:
        return arguments.action(arguments)
    except (steps.PipelineError, FileNotFoundError, FileExistsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: unfinished steps left everything as it was", file=sys.stderr)
        return 130


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
