"""A plan: one configuration to measure, its values checked."""

from dataclasses import asdict, dataclass
from inspect import isfunction
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
START_METHODS = ("fork", "spawn", "forkserver")


@dataclass(frozen=True)
class Plan:
    """What one run is to do.

    Attributes
    ----------
    task, runner : str
        Their names.
    workers : int
        Threads or processes asked for; ``serial`` has one worker whatever this says.
    tasks : int
        How many times the task is done.
    size : int or float
        How much work one task does, in the task's own unit.
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
    runner: str
    workers: int
    tasks: int
    size: int | float
    delay: float | None
    start_method: str | None
    switch_interval: float | None
    trace: bool
    python: str
    timeout: float
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


def make_plan(
    task,
    runner="threads",
    *,
    workers=None,
    tasks=None,
    size=None,
    delay=None,
    start_method=None,
    switch_interval=None,
    trace=False,
    python=None,
    timeout=60.0,
):
    """Check the arguments of `run` and return them as a `Plan`; ``size="auto"`` is measured here."""
    task, module = functions.locate(task) if isfunction(task) else (check.choice("task", task, TASKS), None)
    extras = () if module else TASKS[task].extras
    runner_class = RUNNERS[check.choice("runner", runner, RUNNERS)]
    if workers is None:
        workers = 1 if runner == "serial" else min(usable_cpus()[0], runner_class.most_workers)
    why_no_more = getattr(runner_class, "why_no_more", "")
    workers = check.whole_number("workers", workers, 1, runner_class.most_workers, f"({runner}{why_no_more})")
    tasks = workers if tasks is None else check.whole_number("tasks", tasks, 1, MOST_TASKS)
    if "delay" in extras:
        delay = DELAY if delay is None else check.number("delay", delay, 0, 60, "seconds")
    elif delay is not None:
        allowed = ", ".join(name for name, other in TASKS.items() if "delay" in other.extras)
        raise BadValue(f"task {task!r} takes no delay; these do: {allowed}")
    interpreter = interpreters.resolve(python)
    if start_method is not None:
        if runner != "processes":
            raise BadValue(f"start_method goes with the runner 'processes'; {runner!r} starts no processes")
        check.choice("start_method", start_method, START_METHODS)
        check.choice("start_method", start_method, interpreter.start_methods)
    if switch_interval is not None:
        switch_interval = check.number("switch_interval", switch_interval, 1e-6, 10.0, "seconds")
    if not isinstance(trace, bool):
        raise BadType(f"trace must be True or False, not {trace!r}")
    if trace and switch_interval is not None and switch_interval < SHORTEST_TRACED:
        raise BadValue(f"trace needs a switch_interval of {SHORTEST_TRACED} seconds or more, not {switch_interval}")
    timeout = check.number("timeout", timeout, 0.001, LONGEST_TIMEOUT, "seconds")
    executable = interpreter.executable
    plan = Plan(
        task, runner, workers, tasks, 0, delay, start_method, switch_interval, trace, executable, timeout, module
    )
    return plan_with_size(plan, size)


def plan_with_size(plan, size):
    """Return `plan` with a checked size: a number, None for the task's default, or "auto"."""
    from dataclasses import replace

    facts = plan.facts
    if size is None:
        size = facts.default
    elif isinstance(size, str):
        if plan.module:
            raise BadType(f"size must be a number, not {size!r}")
        if size != "auto":
            raise BadType(f"size must be a number of {facts.unit} or 'auto', not {size!r}")
        from .calibration import calibrated_size

        size = calibrated_size(plan)
    else:
        whole = isinstance(size, Integral) if plan.module else facts.whole
        checked = check.whole_number if whole else check.number
        size = checked("size", size, facts.low, facts.high, facts.unit)
    return replace(plan, size=size)
