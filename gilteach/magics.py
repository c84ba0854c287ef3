"""The magics: ``%%measure``, ``%%task`` and ``%answers``."""

import os
import shlex
import sys
from contextlib import contextmanager, nullcontext

from IPython import get_ipython
from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from .errors import RunTimeout
from .measuring import functions
from .programs import program
from .programs.tracebacks import OwnFrames

measure_options = MagicArgumentParser(prog="%%measure")
measure_options.add_argument("--timeout", type=float, default=60.0)
measure_options.add_argument("--python")
measure_options.add_argument("--args", default="")
measure_options.add_argument("--as", dest="name")
measure_options.add_argument("--answers", dest="question")
measure_options.add_argument("--no-figure", dest="figure", action="store_false")
measure_options.add_argument("--own-frames", action="store_true")


def measure(line, cell):
    """Run the cell as a program of its own and measure it; the cell's value is a `ProgramRun`, unless --no-figure."""
    try:
        options = measure_options.parse_args(words_of(line))
        args = shlex.split(options.args)
    except ValueError as error:
        raise UsageError(f"%%measure: {error}") from None
    if options.name and not options.name.isidentifier():
        raise UsageError(f"%%measure: --as needs the name of a variable, not {options.name!r}")
    if options.question:
        answers(options.question)
    try:
        with own_frames() if options.own_frames else nullcontext():
            run = program.measure(as_numbered(cell), args=args, timeout=options.timeout, python=options.python)
    except RunTimeout as error:  # may be what the lesson is about: no reason for a traceback of ours
        print(error, file=sys.stderr)
        run = error.run
    if options.name:
        get_ipython().push({options.name: run})
    return run if options.figure else None


@contextmanager
def own_frames():
    """Show tracebacks without the frames of other files than the cell's program."""
    usual = sys.stderr
    sys.stderr = trimmed = OwnFrames(usual, lambda path: os.path.basename(path) == program.NAME)
    try:
        yield
    finally:
        trimmed.finish()
        sys.stderr = usual


def words_of(line):
    """Return the words of %%measure's line, with --args and its value joined: alone, --size=3 looks like an option."""
    words = shlex.split(line)
    if "--args" in words[:-1]:
        at = words.index("--args")
        words[at : at + 2] = ["=".join(words[at : at + 2])]
    return words


def answers(line):
    """Hold back what this cell shows while the question with this name waits for an answer."""
    from .teach.answers import hold_back
    from .teach.prediction import Prediction

    name = line.strip()
    question = get_ipython().user_ns.get(name)
    if not isinstance(question, Prediction):
        raise UsageError(f"there is no question {name!r} to answer: run the cell that asks it first")
    hold_back(question)


def task(line, cell):
    """Define the cell's functions, and all else in it, in a module that workers can import too."""
    if line.strip():
        raise UsageError(f"%%task takes no options, such as {line.strip()!r}")
    module = functions.define(as_numbered(cell))
    get_ipython().push({name: value for name, value in vars(module).items() if not name.startswith("__")})


def as_numbered(cell):
    """Return a cell's text with an empty first line for its magic: tracebacks then give the cell's own line numbers."""
    return f"\n{cell}\n"
