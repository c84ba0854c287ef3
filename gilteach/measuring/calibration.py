"""Finds the size at which one task takes about half a second on this machine."""

from dataclasses import replace
from functools import cache

GOAL = 0.5  # s
NEAR_ENOUGH = 0.25  # of the goal
FIRST_GUESS = 0.02  # of the default size
ATTEMPTS = 6


def calibrated_size(plan):
    """Return the size at which a serial task of `plan` takes about half a second.

    Parameters
    ----------
    plan : Plan
        Its task, delay, interpreter and timeout count.

    Returns
    -------
    int or float
        In the task's unit, to two significant digits; measured once a session, then remembered.
    """
    return _measured(
        replace(plan, runner="serial", workers=1, tasks=1, size=0, start_method=None, switch_interval=None, trace=False)
    )


@cache
def _measured(plan):
    from .runs import execute

    facts = plan.facts
    size = facts.default * FIRST_GUESS
    for _ in range(ATTEMPTS):
        size = _rounded(size, facts)
        wall = execute(replace(plan, size=size)).wall
        if abs(wall - GOAL) < NEAR_ENOUGH * GOAL or (size >= facts.high and wall < GOAL):
            break
        # Tenfold at the most: not every task's time is proportional to its size.
        size *= min(10.0, GOAL / wall)
    return _rounded(size, facts)


def _rounded(size, facts):
    size = min(max(float(f"{size:.1e}"), facts.low), facts.high)
    return max(1, round(size)) if facts.whole else size
