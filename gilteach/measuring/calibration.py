"""Finds the size at which one task takes about half a second on this machine."""

from dataclasses import replace
from functools import cache

from .execution import execute
from .plan import AUTO

GOAL = 0.5  # s
NEAR_ENOUGH = 0.25  # of the goal
FIRST_GUESS = 0.02  # of the default size
ATTEMPTS = 6


def calibrated(plan):
    """Return `plan` with the size at which one task of it takes about half a second, if its size is "auto".

    Parameters
    ----------
    plan : Plan
        Its task, delay, interpreter and timeout count.

    Returns
    -------
    Plan
        With a size in the task's unit, to two significant digits; measured once a session, then
        remembered. A plan that has a size is returned as it is.
    """
    if plan.size != AUTO:
        return plan
    alone = replace(
        plan, runner="serial", workers=1, tasks=1, size=0, start_method=None, switch_interval=None, trace=False
    )
    return replace(plan, size=_measured(alone))


@cache
def _measured(plan):
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
