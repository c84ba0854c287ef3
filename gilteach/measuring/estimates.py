"""Estimates: how long measurements are going to take, judged by what this session has measured before.

An estimate supposes that a task's time grows with its size, that a worker does one task after the
other, and that computing takes turns where there is one core or one GIL for it. Where nothing like it
has been measured, what is announced is a guess, and says so; of a learner's own task there is none.
"""

from math import ceil, inf

from ..host.interpreters import resolve
from ..host.machines import usable_cpus
from ..show.words import roughly
from .plan import Plan

LONG = 10.0  # s; what takes less needs no announcement
TYPICAL = 0.1  # s; CPU time of one task of its default size that computes, on a laptop of the 2020s
FARTHEST = 10.0  # times smaller or larger than what was measured: beyond that, nobody knows

_elapsed = {}  # seconds that a plan took as a whole the last time, by plan
_tasks = {}  # (seconds that one task takes when nothing holds it up, CPU seconds), by kind of work and size
_overhead = {}  # seconds that a run took besides its wall time the last time, by runner


def note(plan, elapsed, done):
    """Learn from a measurement.

    Parameters
    ----------
    plan : Plan or MessagePlan
        What was measured.
    elapsed : float
        Seconds from starting its bench until that was gone.
    done : Run or Deliveries
        What it gave. Of messages, nothing more is known than how long the same ones take.
    """
    _elapsed[plan] = elapsed
    if isinstance(plan, Plan):
        cpu = sum(span[6] for span in done.raw_spans) / plan.tasks
        alone = cpu if _only_computes(plan) else min(end - start for *_, start, end, _ in done.raw_spans)
        _tasks.setdefault(_work(plan), {})[plan.size] = alone, cpu
        _overhead[plan.runner] = elapsed - done.wall


def expected(plans, repeats=1, guess=False):
    """Return how many seconds it takes to measure all of `plans` so many times, or None if that can't be known.

    With `guess`, a task that was never measured is taken for a typical one.
    """
    each = [_expected(plan, guess) for plan in plans]
    return None if None in each else repeats * sum(each)


def announcement(plans, repeats):
    """Say how long that takes, such as ``" (about 3 min)"``; nothing where it is short, or nobody could guess."""
    known = expected(plans, repeats)
    seconds = expected(plans, repeats, guess=True) if known is None else known
    if seconds is None or seconds <= LONG:
        return ""
    return f" ({roughly(seconds)}{', at a guess' * (known is None)})"


def _expected(plan, guess):
    if plan in _elapsed:
        return _elapsed[plan]
    if not isinstance(plan, Plan):
        return None
    task = _one_task(plan) or (_typical_task(plan) if guess else None)
    if task is None:
        return None
    alone, cpu = task
    serial = plan.runner == "serial"
    one_core = serial or (plan.runner == "threads" and plan.facts.kind != "native" and resolve(plan.python).gil)
    cores = 1 if one_core else min(plan.workers, usable_cpus()[0])
    wall = max(ceil(plan.tasks / (1 if serial else plan.workers)) * alone, plan.tasks * cpu / cores)
    overhead = _overhead.get(plan.runner, max(_overhead.values(), default=0.0))
    return min(wall + overhead, plan.timeout)


def _one_task(plan):
    """Return the seconds that one task takes by itself and its CPU seconds; None if that can't be known."""
    if plan.facts.unit == "s":
        return plan.size, 0.0
    known = _tasks.get(_work(plan), {})
    if plan.size in known:
        return known[plan.size]
    farness = {max(size / plan.size, plan.size / size): size for size in known if size and plan.size}
    if min(farness, default=inf) > FARTHEST:
        return None
    nearest = farness[min(farness)]
    alone, cpu = known[nearest]
    growth = plan.size / nearest
    delay = plan.delay or 0.0  # doesn't grow
    return delay + max(0.0, alone - delay) * growth, cpu * growth


def _typical_task(plan):
    """Return the same of a task that was never measured; None of a learner's own, of which nothing is known."""
    if plan.module:
        return None
    cpu = 0.0 if plan.facts.kind == "I/O" else TYPICAL * plan.size / plan.facts.default
    return (plan.delay or 0.0) + cpu, cpu


def _work(plan):
    return plan.task, plan.module, plan.delay, plan.python


def _only_computes(plan):
    """Whether a task's time is its CPU time, which is known even where it had to share the core."""
    return plan.facts.kind in ("CPU", "native")
