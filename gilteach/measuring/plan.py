"""A plan: one configuration to measure, its values checked."""

from dataclasses import asdict, dataclass, replace
from numbers import Integral

from .. import check
from ..bench.runners import RUNNERS
from ..bench.tasks import TASKS, Task
from ..errors import BadType, BadValue
from ..host import interpreters
from ..host.machines import usable_cpus
from . import functions

MOST_TASKS = 100_000
LARGEST = 10**12  # size of a task that is a function of the learner's own
LONGEST_TIMEOUT = 24 * 3600.0  # s
DELAY = 0.25  # s; how long a server takes to answer, where nothing else is said
SHORTEST_TRACED = 0.0005  # s; in a shorter switch interval, slices can't be told from chance gaps
AUTO = "auto"  # the size, to be calibrated
START_METHODS = ("fork", "spawn", "forkserver")


@dataclass(frozen=True)
class Plan:
    """What one run is to do. `make_plan` fills in what is left out, and checks all of it.

    Attributes
    ----------
    task, runner : str
        Their names.
    workers : int
        Threads or processes asked for; ``serial`` has one worker whatever this says.
    tasks : int
        How many times the task is done.
    size : int, float or "auto"
        How much work one task does, in the task's own unit; "auto" until it is calibrated.
    delay : float or None
        Seconds that the server of ``fetch`` takes to answer, and ``mixed`` waits; None for others.
    start_method : str or None
        How worker processes start; None for the runner's own choice.
    switch_interval : float or None
        Seconds after which a waiting thread asks for the GIL; None for Python's own 0.005.
    trace : bool
        Whether slices are recorded.
    python : str
        Path of the interpreter.
    timeout : float
        Seconds after which the run is ended.
    module : str or None
        Where the task is, as `functions.locate` says; None for gilteach's own tasks.
    """

    task: str
    runner: str = "threads"
    workers: int = None
    tasks: int = None
    size: int | float = None
    delay: float | None = None
    start_method: str | None = None
    switch_interval: float | None = None
    trace: bool = False
    python: str = None
    timeout: float = 60.0
    module: str | None = None

    @property
    def facts(self):
        """What there is to know about the task."""
        if self.module is None:
            return TASKS[self.task]
        return Task(None, "custom", "", 0, LARGEST, self.size or 1, whole=isinstance(self.size, int))

    @property
    def title(self):
        """What is run, in a few words."""
        return f"{self.task} with {self.runner}"

    def request(self, extras):
        """Return what a bench has to be told."""
        fields = asdict(self) | {"extras": extras}
        del fields["delay"], fields["python"], fields["timeout"]
        return fields


def make_plan(*args, **kwargs):
    """Return the `Plan` that arguments of `run` ask for, each of them checked, with what was left out filled in."""
    asked = Plan(*args, **kwargs)
    task, module = asked.task, None
    if callable(task):
        task, module = functions.locate(task)
    else:
        check.choice("task", task, TASKS)
    runner = RUNNERS[check.choice("runner", asked.runner, RUNNERS)]
    workers = _workers(asked, runner)
    interpreter = interpreters.resolve(asked.python)
    plan = replace(
        asked,
        task=task,
        module=module,
        workers=workers,
        tasks=workers if asked.tasks is None else check.whole_number("tasks", asked.tasks, 1, MOST_TASKS),
        delay=_delay(task, () if module else TASKS[task].extras, asked.delay),
        start_method=_start_method(asked, interpreter),
        switch_interval=_switch_interval(asked),
        python=interpreter.executable,
        timeout=check.number("timeout", asked.timeout, 0.001, LONGEST_TIMEOUT, "seconds"),
        size=0,
    )
    return replace(plan, size=_size(plan.facts, asked.size, own=module is not None))


def _workers(asked, runner):
    if asked.workers is None:
        return 1 if asked.runner == "serial" else min(usable_cpus()[0], runner.most_workers)
    why_no_more = getattr(runner, "why_no_more", "")
    return check.whole_number("workers", asked.workers, 1, runner.most_workers, f"({asked.runner}{why_no_more})")


def _delay(task, extras, asked):
    if "delay" in extras:
        return DELAY if asked is None else check.number("delay", asked, 0, 60, "seconds")
    if asked is not None:
        allowed = ", ".join(name for name, other in TASKS.items() if "delay" in other.extras)
        raise BadValue(f"task {task!r} takes no delay; these do: {allowed}")
    return None


def _start_method(asked, interpreter):
    if asked.start_method is None:
        return None
    if asked.runner != "processes":
        raise BadValue(f"start_method goes with the runner 'processes'; {asked.runner!r} starts no processes")
    check.choice("start_method", asked.start_method, START_METHODS)
    return check.choice("start_method", asked.start_method, interpreter.start_methods)


def _switch_interval(asked):
    if not isinstance(asked.trace, bool):
        raise BadType(f"trace must be True or False, not {asked.trace!r}")
    if asked.switch_interval is None:
        return None
    interval = check.number("switch_interval", asked.switch_interval, 1e-6, 10.0, "seconds")
    if asked.trace and interval < SHORTEST_TRACED:
        raise BadValue(f"trace needs a switch_interval of {SHORTEST_TRACED} seconds or more, not {interval}")
    return interval


def _size(facts, asked, own):
    """Return a checked size; the task's default for None. "auto" is for gilteach's own tasks, and stays as it is."""
    if asked is None:
        return facts.default
    if isinstance(asked, str):
        if asked == AUTO and not own:
            return asked
        raise BadType(f"size must be a number{'' if own else f' of {facts.unit} or {AUTO!r}'}, not {asked!r}")
    whole = isinstance(asked, Integral) if own else facts.whole
    return (check.whole_number if whole else check.number)("size", asked, facts.low, facts.high, facts.unit)
