"""Estimates: how long measurements are going to take, judged by what this session has measured before.

An estimate supposes that a task's time grows with its size, that a worker does one task after the
other, and that computing takes turns where there is one core or one GIL for it. Where nothing like it
has been measured, there is none.
"""

from math import ceil, inf

from .interpreters import resolve
from .machines import usable_cpus
from .plans import Plan
from .words import roughly

LONG = 10.0  # s; what takes less needs no announcement
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


def expected(plans, repeats=1):
    """Return how many seconds it takes to measure all of `plans` so many times, or None if that can't be known."""
    each = [_expected(plan) for plan in plans]
    return None if None in each else repeats * sum(each)


def announcement(plans, repeats):
    """Say how long that takes, such as ``" (about 3 min)"``; nothing where it is short or can't be known."""
    seconds = expected(plans, repeats)
    return f" ({roughly(seconds)})" if seconds is not None and seconds > LONG else ""


def _expected(plan):
    if plan in _elapsed:
        return _elapsed[plan]
    task = _one_task(plan) if isinstance(plan, Plan) else None
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


def _work(plan):
    return plan.task, plan.module, plan.delay, plan.python


def _only_computes(plan):
    """Whether a task's time is its CPU time, which is known even where it had to share the core."""
    return plan.facts.kind in ("CPU", "native")
