"""What is given as a program and is none: refused with what was probably meant."""

import re

from ..errors import BadValue

FILE_WITH_ARGUMENTS = re.compile(r"""\s*(?P<file>[^\s'"()=#]+\.py)\s+\S""")  # no print('x.py …'), which is Python


def refuse_what_is_no_program(program):
    """Refuse a notebook, and a file with its arguments behind it as on a command line.

    Parameters
    ----------
    program : str or path
        As `measure` takes it. A text of more than one line is a program; whether it is a good one, or a file is
        there, isn't looked at here.

    Raises
    ------
    BadValue
        With what to write instead.
    """
    if isinstance(program, str):
        if "\n" in program.strip():
            return
        if line := FILE_WITH_ARGUMENTS.match(program):
            raise BadValue(
                f"{program!r} is a file with its arguments: give the file alone, and them as a list, "
                f"measure({line['file']!r}, args=[...])"
            )
    if str(program).endswith(".ipynb"):
        raise BadValue(
            f"{str(program)!r} is a notebook, not a program: make it one with `jupyter nbconvert --to script`, "
            "or measure a cell of it with %%measure on top"
        )
