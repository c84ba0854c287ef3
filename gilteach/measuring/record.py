"""A run: the record of one measured execution of some tasks by one runner."""

from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property

from ..bench.values import decode, encode
from ..host.machines import Machine
from ..show.words import amount, seconds
from . import saved, turns
from .measured import Measured
from .plan import Plan
from .value import Value

UNENCODED = 2  # the version in which results were as JSON holds them; it can be read too


@dataclass(frozen=True, repr=False)
class Run(Measured):
    """One measured execution of tasks by one runner.

    Attributes
    ----------
    plan : Plan
        What was asked for; its `task`, `runner`, `workers`, `tasks` and `size` are the run's too.
    wall : float
        Seconds from submitting the first task until the last result was back.
    startup : float
        Seconds before that, from asking for the workers until all had answered once.
    cpu : float
        CPU seconds (user and system) that the workers used during the wall time.
    background : float
        Cores that everything else on the machine kept busy meanwhile; time that a hypervisor stole
        counts as busy.
    results : list
        What the tasks returned, in order. Plain values of Python and what is made of them come back as they
        were: None, bool, int, float, complex, str, bytes, bytearray, tuple, list, set, frozenset, dict. NumPy's
        numbers come back as Python's. In place of anything else there is an object that shows its repr, and is
        equal to nothing but itself.
    machine : Machine
        Where it ran, with the interpreter that ran it.
    output : str
        What the tasks printed.
    """

    plan: Plan
    wall: float
    startup: float
    cpu: float
    background: float
    results: list
    machine: Machine
    output: str = ""
    raw_spans: list = field(default_factory=list)
    raw_samples: list = field(default_factory=list)
    raw_slices: list = field(default_factory=list)

    FORMAT, FORMAT_VERSION = "gilteach run", 3
    READABLE = (UNENCODED, FORMAT_VERSION)
    TIMES = ("wall", "cpu", "startup")

    task = property(lambda self: self.plan.task)
    runner = property(lambda self: self.plan.runner)
    workers = property(lambda self: self.plan.workers)
    tasks = property(lambda self: self.plan.tasks)
    size = property(lambda self: self.plan.size)

    @cached_property
    def spans(self):
        """Who worked on which task, and when.

        A DataFrame with a row per task: ``worker`` (0…), ``task`` (0…), ``pid``, ``thread`` (native
        id), ``start_s`` and ``end_s`` in seconds from the start of the work, ``cpu_s`` (CPU seconds
        of the worker's thread).
        """
        import pandas as pd

        columns = ["worker", "task", "pid", "thread", "start_s", "end_s", "cpu_s"]
        return pd.DataFrame(self.raw_spans, columns=columns)

    @cached_property
    def slices(self):
        """Which worker was really executing, and when.

        A DataFrame with a row per slice, by worker: ``worker`` (0…), ``start_s`` and ``end_s`` in
        seconds from the start of the work. Between two slices of one task, a worker waited for the
        GIL or for a core. Empty without ``trace=True``, and for tasks that only wait. It holds the
        first 100,000 slices, the same share of them for every task.
        """
        import pandas as pd

        frame = pd.DataFrame(self.raw_slices, columns=["worker", "start_s", "end_s"])
        return frame.astype({"worker": int, "start_s": float, "end_s": float})

    @property
    def overlap(self):
        """Share of the busy time, 0 to 1, in which more than one worker was executing.

        Busy is the time in which at least one was, by `slices`; NaN where there are none.
        """
        return Value(turns.overlap(self.slices), self.disturbance)

    @property
    def turns(self):
        """How the workers took turns, in a sentence; needs `slices`."""
        return turns.sentence(self)

    def _figure(self, start, end):
        from ..show.run_figure import run_figure

        return run_figure(self, start, end)

    def _content(self):
        return asdict(replace(self, results=[])) | {"results": [encode(result) for result in self.results]}

    @classmethod
    def _of_saved(cls, content):
        if content["version"] != UNENCODED:
            content["results"] = decode(content["results"])
        content |= {"machine": saved.machine_of(content), "plan": Plan(**content["plan"])}
        loaded = cls(**{item.name: content[item.name] for item in fields(cls)})
        saved.check_types(loaded.plan)
        loaded.spans.sum()  # can be shown
        return loaded

    def __repr__(self):
        plan = self.plan
        what = f"{plan.tasks} × {plan.task}({amount(plan.size, plan.facts.unit)})"
        who = "serial" if plan.runner == "serial" else f"{plan.runner}, {plan.workers} workers"
        return (
            f"<Run {what}, {who}: {seconds(self.wall)} wall time, {self.cores_busy:.2f} cores busy, "
            f"start-up {seconds(self.startup)}>"
        )
