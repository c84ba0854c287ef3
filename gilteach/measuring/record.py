"""A run: the record of one measured execution of some tasks by one runner."""

import json
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property

from .. import check
from ..errors import BadValue
from ..host.interpreters import Python
from ..host.machines import Machine
from ..show.words import amount, seconds
from . import turns
from .measured import Measured
from .plan import Plan

FORMAT = "gilteach run"
FORMAT_VERSION = 2


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
        What the tasks returned, in order.
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
        return turns.overlap(self.slices)

    @property
    def turns(self):
        """How the workers took turns, in a sentence; needs `slices`."""
        return turns.sentence(self)

    def figure(self, start=None, end=None):
        """Draw cores busy against time, and a lane per worker.

        In the lanes, spans are pale; where there are `slices`, they are solid.

        Parameters
        ----------
        start, end : float, optional
            Seconds from the start of the work between which to look; the whole run by default.

        Returns
        -------
        Figure
            A matplotlib figure, shown as a picture in a notebook.

        Raises
        ------
        BadValue
            If `start` and `end` aren't moments of the run, or in the wrong order.
        """
        from ..show.run_figure import run_figure

        start = 0.0 if start is None else check.number("start", start, 0.0, self.wall, "seconds")
        end = self.wall if end is None else check.number("end", end, 0.0, self.wall, "seconds")
        if not start < end:
            raise BadValue(f"start must come before end, not {start:g} s before {end:g} s")
        return run_figure(self, start, end)

    def save(self, path):
        """Save the run as a JSON file, which `load` reads.

        Parameters
        ----------
        path : str or path
            The file; one that is there is replaced.
        """
        content = {"format": FORMAT, "version": FORMAT_VERSION} | asdict(self)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file)

    def __repr__(self):
        plan = self.plan
        what = f"{plan.tasks} × {plan.task}({amount(plan.size, plan.facts.unit)})"
        who = "serial" if plan.runner == "serial" else f"{plan.runner}, {plan.workers} workers"
        return (
            f"<Run {what}, {who}: {seconds(self.wall)} wall time, {self.cores_busy:.2f} cores busy, "
            f"start-up {seconds(self.startup)}>"
        )


def load(path):
    """Load a run that `Run.save` has saved.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    Run

    Raises
    ------
    BadValue
        If the file holds no run, or one that another version of gilteach has saved.
    """
    with open(path, encoding="utf-8") as file:
        try:
            content = json.load(file)
        except (ValueError, RecursionError) as error:
            raise BadValue(f"{path} holds no saved run: it isn't JSON ({error})") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadValue(f"{path} holds no saved run")
    if content.get("version") != FORMAT_VERSION:
        raise BadValue(
            f"{path} was saved in version {content.get('version')} of the format; this gilteach reads {FORMAT_VERSION}"
        )
    try:
        python = content["machine"].pop("python")
        content["machine"]["python"] = Python(**python | {"start_methods": tuple(python["start_methods"])})
        content["machine"] = Machine(**content["machine"])
        content["plan"] = Plan(**content["plan"])
        loaded = Run(**{item.name: content[item.name] for item in fields(Run)})
        for part in (loaded, loaded.plan, loaded.machine, loaded.machine.python):
            _check_types(part)
        # Whatever can be read of a run can be shown: drawn, listed, written.
        repr(loaded), loaded.samples.sum(), loaded.spans.sum(), loaded.slices.sum()
        return loaded
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadValue(f"{path} holds a damaged run: {error!r}") from None


def _check_types(record):
    """Raise a TypeError if a field of a dataclass holds what its annotation doesn't allow."""
    for item in fields(record):
        value = getattr(record, item.name)
        if not isinstance(value, item.type):
            raise TypeError(f"{item.name} is {value!r}")
