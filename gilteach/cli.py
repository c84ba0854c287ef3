"""The command `gilteach`, for a terminal."""

import argparse
import json
import shutil
import sys
from pathlib import Path

from .errors import GilteachError, RunTimeout

INTERRUPTED = 130  # the exit status that a shell gives a program that was ended by Ctrl-C
TIMED_OUT = 124  # that of timeout(1)
FAILED = 2


def main(arguments=None):
    """Do what the command line says, and return the exit status."""
    parser = argparse.ArgumentParser(prog="gilteach", description="See what threads and processes do.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_measure(commands)
    options = parser.parse_args(arguments)
    try:
        return options.do(options)
    except GilteachError as error:
        print(f"gilteach: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


# ── gilteach measure ─────────────────────────────────────────────────────────────────────────


def _add_measure(commands):
    measure = commands.add_parser(
        "measure",
        help="run a program and say what its threads and processes did",
        description="Run a Python program as it is. Its output appears as it comes; then follow a summary and a lane "
        "for each process and thread. The exit status is the program's own; 124 if its time was up.",
    )
    measure.add_argument("--timeout", type=float, default=3600.0, metavar="SECONDS", help="then it is ended (3600)")
    measure.add_argument("--python", help="the interpreter: a version such as 3.13t, or a path")
    measure.add_argument("--figure", type=Path, metavar="FILE", help="a picture: FILE.png, .svg or .html")
    measure.add_argument("--json", action="store_true", help="print the whole record; the output goes to stderr")
    measure.add_argument("program", metavar="PROGRAM", help="the program's file")
    measure.add_argument("args", nargs=argparse.REMAINDER, metavar="ARGS", help="its own arguments")
    measure.set_defaults(do=_measure)


def _measure(options):
    from .measuring.saved import document
    from .programs.program import measure
    from .show.figure_files import FORMATS, save_figure
    from .show.lanes_in_text import lanes_in_text

    if options.figure and options.figure.suffix not in FORMATS:
        raise GilteachError(f"--figure must name a file that ends in {', '.join(FORMATS)}, not {options.figure}")
    stdout = sys.stdout
    if options.json:
        sys.stdout = sys.stderr
    try:
        run = measure(Path(options.program), args=options.args, timeout=options.timeout, python=options.python)
    except RunTimeout as error:
        print(error, file=sys.stderr)
        run = error.run
    finally:
        sys.stdout = stdout
    if options.figure:
        save_figure(run.figure(), options.figure)
    if options.json:
        print(json.dumps(document(run)))
    else:
        print(lanes_in_text(run, shutil.get_terminal_size().columns), file=sys.stderr)
    if run.exit_status is None:
        return TIMED_OUT
    return run.exit_status if run.exit_status >= 0 else 128 - run.exit_status


if __name__ == "__main__":
    sys.exit(main())
