"""Exercises: what a learner has written, judged by what it does."""

from ..errors import BadType, BadValue
from . import progress

RIGHT = "Right."


def exercise(name, *requirements):
    """Judge what a learner has written: print "Right.", or what is missing first.

    Parameters
    ----------
    name : str
        Which exercise it is, in a few words; the table of progress counts those that were right.
    *requirements : tuple of (bool, str)
        What has to hold, and what to say if it doesn't: a hint, and not the solution.

    Raises
    ------
    BadValue
        If there is nothing to judge by.
    """
    if not isinstance(name, str) or not name.strip():
        raise BadValue(f"name must say which exercise it is, not {name!r}")
    if not requirements:
        raise BadValue("say what has to hold, as pairs such as (run.wall < 1, 'it still takes longer')")
    for requirement in requirements:
        if not isinstance(requirement, tuple) or len(requirement) != 2 or not isinstance(requirement[1], str):
            raise BadType(f"each requirement must be a pair such as (run.wall < 1, 'a hint'), not {requirement!r}")
    missing = next((hint for holds, hint in requirements if not holds), None)
    print(missing or RIGHT)
    if missing is None:
        progress.note("exercises", name)
