"""The command `gilteach`, for a terminal: the course of one's own, and a program measured."""

import argparse
import json
import os
import shutil
import socket
import sys
from pathlib import Path

from .errors import GilteachError, RunTimeout

INTERRUPTED = 130  # the exit status that a shell gives a program that was ended by Ctrl-C
TIMED_OUT = 124  # that of timeout(1)
FAILED = 2
FOLDER = "my-course"
BEGINNING = "00_start_here.ipynb"


def main(arguments=None):
    """Do what the command line says, and return the exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(
        prog="gilteach", description="See what threads and processes do. Without a command: learn."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_learn(commands)
    _add_measure(commands)
    if not arguments or arguments[0] not in (*commands.choices, "-h", "--help"):
        arguments.insert(0, "learn")
    further = []
    if arguments[0] == "learn" and "--" in arguments:
        at = arguments.index("--")
        arguments, further = arguments[:at], arguments[at + 1 :]
    options = parser.parse_args(arguments, argparse.Namespace(jupyterlab=further))
    try:
        return options.do(options)
    except GilteachError as error:
        print(f"gilteach: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


# ── gilteach learn ───────────────────────────────────────────────────────────────────────────


def _add_learn(commands):
    learn = commands.add_parser(
        "learn",
        help="open a copy of the course of your own in JupyterLab (the default)",
        description="Copy the lessons into a folder of your own, and open JupyterLab there. Run it again to go on: "
        "what you have changed stays as it is, and new or improved lessons are added. What follows -- are options of "
        "JupyterLab's own.",
        usage="gilteach [learn] [FOLDER] [--fresh LESSON] [--no-browser] [--port PORT] [-- JUPYTERLAB'S OPTIONS]",
    )
    learn.add_argument("folder", nargs="?", type=Path, default=Path(FOLDER), metavar="FOLDER", help=f"({FOLDER})")
    learn.add_argument(
        "--fresh", action="append", default=[], metavar="LESSON",
        help="set a lesson back, such as 03, and keep the old one beside it",
    )  # fmt: skip
    learn.add_argument("--no-browser", action="store_true", help="say where the course is instead of opening it")
    learn.add_argument("--port", type=int, help="of JupyterLab; by default the first from 8888 that is free")
    learn.set_defaults(do=_learn)


def _learn(options):
    from .learn import update

    if options.port is not None:
        _check_port(options.port)
    changes = update(options.folder, options.fresh)
    print(f"The course is in {options.folder}: {changes}", flush=True)
    own = [f"--ServerApp.root_dir={options.folder.resolve()}", f"--LabApp.default_url=/lab/tree/{BEGINNING}"]
    if options.no_browser:
        own.append("--no-browser")
    if options.port is not None:
        own += [f"--port={options.port}", "--ServerApp.port_retries=0"]
    try:
        from jupyterlab.labapp import LabApp
    except ImportError:
        raise GilteachError("JupyterLab isn't installed in this Python: python -m pip install jupyterlab") from None
    sys.argv[0] = "jupyter-lab"
    LabApp.launch_instance([*own, *options.jupyterlab])
    return 0


def _check_port(port):
    if not 1 <= port <= 65535:
        raise GilteachError(f"--port must be from 1 to 65535, not {port}")
    with socket.socket() as attempt:
        if os.name == "posix":
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left is free
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError as error:
            raise GilteachError(
                f"port {port} can't be used ({error.strerror}): name another, or leave out --port"
            ) from None


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
