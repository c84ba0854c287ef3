"""The cell magics: ``%%measure`` and ``%%task``."""

import shlex
import sys

from IPython import get_ipython
from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from .errors import RunTimeout
from .measuring import functions
from .programs import program

measure_options = MagicArgumentParser(prog="%%measure")
measure_options.add_argument("--timeout", type=float, default=60.0)
measure_options.add_argument("--python")
measure_options.add_argument("--args", default="")
measure_options.add_argument("--as", dest="name")


def measure(line, cell):
    """Run the cell as a program of its own and measure it; the cell's value is a `ProgramRun`."""
    try:
        options = measure_options.parse_args(words_of(line))
        args = shlex.split(options.args)
    except ValueError as error:
        raise UsageError(f"%%measure: {error}") from None
    if options.name and not options.name.isidentifier():
        raise UsageError(f"%%measure: --as needs the name of a variable, not {options.name!r}")
    try:
        run = program.measure(as_numbered(cell), args=args, timeout=options.timeout, python=options.python)
    except RunTimeout as error:  # may be what the lesson is about: no reason for a traceback of ours
        print(error, file=sys.stderr)
        run = error.run
    if options.name:
        get_ipython().push({options.name: run})
    return run


def words_of(line):
    """Return the words of %%measure's line, with --args and its value joined: alone, --size=3 looks like an option."""
    words = shlex.split(line)
    if "--args" in words[:-1]:
        at = words.index("--args")
        words[at : at + 2] = ["=".join(words[at : at + 2])]
    return words


def task(line, cell):
    """Define the cell's functions, and all else in it, in a module that workers can import too."""
    if line.strip():
        raise UsageError(f"%%task takes no options, such as {line.strip()!r}")
    module = functions.define(as_numbered(cell))
    get_ipython().push({name: value for name, value in vars(module).items() if not name.startswith("__")})


def as_numbered(cell):
    """Return a cell's text with an empty first line for its magic: tracebacks then give the cell's own line numbers."""
    return f"\n{cell}\n"
