"""A plan: one configuration to measure, its values checked."""

from dataclasses import asdict, dataclass

from . import check, interpreters
from .bench.runners import RUNNERS
from .bench.tasks import TASKS
from .errors import BadType, BadValue
from .machines import usable_cpus

MOST_TASKS = 100_000
LONGEST_TIMEOUT = 24 * 3600.0  # s
DELAY = 0.25  # s; how long a server takes to answer, where nothing else is said
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
    python : str
        Path of the interpreter.
    timeout : float
        Seconds after which the run is ended.
    """

    task: str
    runner: str
    workers: int
    tasks: int
    size: float
    delay: float | None
    start_method: str | None
    switch_interval: float | None
    python: str
    timeout: float

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
    python=None,
    timeout=60.0,
):
    """Check the arguments of `run` and return them as a `Plan`; ``size="auto"`` is measured here."""
    facts = TASKS[check.choice("task", task, TASKS)]
    runner_class = RUNNERS[check.choice("runner", runner, RUNNERS)]
    if workers is None:
        workers = 1 if runner == "serial" else usable_cpus()[0]
    workers = check.whole_number("workers", workers, 1, runner_class.most_workers, f"({runner})")
    tasks = workers if tasks is None else check.whole_number("tasks", tasks, 1, MOST_TASKS)
    if "delay" in facts.extras:
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
    timeout = check.number("timeout", timeout, 0.001, LONGEST_TIMEOUT, "seconds")
    plan = Plan(task, runner, workers, tasks, 0, delay, start_method, switch_interval, interpreter.executable, timeout)
    return plan_with_size(plan, size)


def plan_with_size(plan, size):
    """Return `plan` with a checked size: a number, None for the task's default, or "auto"."""
    from dataclasses import replace

    facts = TASKS[plan.task]
    if size is None:
        size = facts.default
    elif isinstance(size, str):
        if size != "auto":
            raise BadType(f"size must be a number of {facts.unit} or 'auto', not {size!r}")
        from .calibration import calibrated_size

        size = calibrated_size(plan)
    else:
        checked = check.whole_number if facts.whole else check.number
        size = checked("size", size, facts.low, facts.high, facts.unit)
    return replace(plan, size=size)
