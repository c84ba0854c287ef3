"""A sweep: many runs over a grid of runners, workers and sizes, interleaved and repeated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from .. import check
from ..bench.runners import RUNNERS
from ..errors import BadValue
from ..host.machines import usable_cpus
from ..show.progress import show_progress
from . import estimates, saved
from .calibration import calibrated
from .execution import execute
from .line import straight_line
from .measured import Collection, Saveable, ranked
from .plan import make_plan
from .record import Run
from .setting import Setting

AXES = ("workers", "tasks", "size")
MOST_REPEATS = 1000
MOST_OUTPUT = 10_000  # characters that are kept of what each run printed: a sweep may have a thousand
SETTING = ["task", "runner", "workers", "tasks", "size"]


@dataclass(frozen=True, repr=False)
class Sweep(Collection, Saveable):
    """Many runs and what they have in common.

    Attributes
    ----------
    runs : tuple of Run
        In the order in which they were measured.
    repeats : tuple of int
        Which repeat each run belongs to, from 0.
    axis : {"workers", "tasks", "size"}
        What was varied, and goes along the figure's x axis.
    planned : int
        How many runs were asked for: more than there are if it was interrupted.
    """

    runs: tuple
    repeats: tuple
    axis: str
    planned: int

    FORMAT, FORMAT_VERSION = "gilteach sweep", 1
    READABLE = (FORMAT_VERSION,)

    @cached_property
    def frame(self):
        """Every run.

        A tidy DataFrame with a row per run: ``task``, ``runner``, ``workers``, ``tasks``, ``size`` (in
        the task's unit), ``repeat`` (0…), ``startup_s``, ``wall_s``, ``cpu_s`` (seconds),
        ``cores_busy`` and ``background`` (cores).
        """
        import pandas as pd

        columns = [*SETTING, "repeat", "startup_s", "wall_s", "cpu_s", "cores_busy", "background"]
        rows = [
            (
                *(getattr(run, name) for name in SETTING),
                repeat,
                run.startup,
                run.wall,
                run.cpu,
                run.cores_busy,
                run.background,
            )
            for run, repeat in zip(self.runs, self.repeats, strict=True)
        ]
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def comparisons(self):
        """Every run against the serial run of the same work in the same repeat.

        `frame` with two more columns: ``speed_up`` (serial wall time ÷ this wall time) and ``cpu_ratio``
        (serial CPU time ÷ this CPU time; well above 1, the cores were slower during the serial run).
        Both are NaN where there is no such serial run, the second also where that one mostly waited.
        """
        work = ["task", "tasks", "size", "repeat"]
        serial = self.frame[self.frame["runner"] == "serial"].groupby(work)[["wall_s", "cpu_s", "cores_busy"]].median()
        joined = self.frame.join(serial.add_prefix("serial_"), on=work)
        joined["speed_up"] = joined["serial_wall_s"] / joined["wall_s"]
        computed = joined["serial_cores_busy"] > 0.5
        joined["cpu_ratio"] = (joined["serial_cpu_s"] / joined["cpu_s"]).where(computed)
        return joined.drop(columns=[name for name in joined if name.startswith("serial_")])

    @cached_property
    def summary(self):
        """One row per setting: the median of its repeats, with the lowest and the highest.

        A DataFrame indexed by ``task``, ``runner``, ``workers``, ``tasks`` and ``size``, with ``repeats``
        (how many), ``wall_s``, ``wall_low_s``, ``wall_high_s``, ``startup_s``, ``cpu_s`` (seconds),
        ``cores_busy``, ``cores_busy_low``, ``cores_busy_high``, ``background`` (cores),
        ``speed_up``, ``speed_up_low``, ``speed_up_high`` (× the serial run of the same repeat),
        ``cpu_ratio`` (as in `comparisons`) and ``efficiency`` (speed-up ÷ workers, in %).
        """
        groups = self.comparisons.groupby(SETTING, sort=False)
        table = groups.agg(
            repeats=("wall_s", "size"),
            wall_s=("wall_s", "median"),
            wall_low_s=("wall_s", "min"),
            wall_high_s=("wall_s", "max"),
            startup_s=("startup_s", "median"),
            cpu_s=("cpu_s", "median"),
            cores_busy=("cores_busy", "median"),
            cores_busy_low=("cores_busy", "min"),
            cores_busy_high=("cores_busy", "max"),
            background=("background", "median"),
            speed_up=("speed_up", "median"),
            speed_up_low=("speed_up", "min"),
            speed_up_high=("speed_up", "max"),
            cpu_ratio=("cpu_ratio", "median"),
        )
        workers = table.index.get_level_values("workers").where(table.index.get_level_values("runner") != "serial", 1)
        table["efficiency"] = 100 * table["speed_up"] / workers
        return table

    def __getitem__(self, which):
        """Return one setting: ``sweep["threads"]``, or ``sweep["threads", 4]`` where several workers were tried.

        The number is of what was varied: workers, tasks, or the size.
        """
        runner, at = which if isinstance(which, tuple) and len(which) == 2 else (which, None)
        check.choice("runner", runner, self.frame["runner"].unique())
        of_runner = [place for place, run in enumerate(self.runs) if run.runner == runner]
        there = sorted({getattr(self.runs[place], self.axis) for place in of_runner})
        if at is None and len(there) > 1:
            raise BadValue(
                f"say which {self.axis} are meant, such as sweep[{runner!r}, {there[0]}]: {self._among(there)}"
            )
        if at is not None and at not in there:
            raise BadValue(f"{runner} were not measured with {self.axis} {at!r}: {self._among(there)}")
        places = [place for place in of_runner if at is None or getattr(self.runs[place], self.axis) == at]
        settings = {tuple(getattr(self.runs[place], name) for name in SETTING) for place in places}
        if len(settings) > 1:
            raise BadValue("several things were varied in this sweep, so that it takes its frame to pick one")
        speed_ups = self.comparisons["speed_up"].iloc[places]
        return Setting(tuple(self.runs[place] for place in places), tuple(speed_ups))

    def fastest(self):
        """Return which runner was done first, start-up included, at each value of what was varied.

        A DataFrame indexed by the axis: ``runner``, ``total_s`` (its median in seconds) and ``next_takes``, how many
        times as long the next one takes.
        """
        totals = self.frame.assign(total_s=self.frame["startup_s"] + self.frame["wall_s"])
        table = totals.groupby([self.axis, "runner"])["total_s"].median().unstack()
        return ranked(table, "runner", "total_s")

    def fit(self, runner):
        """Return the straight line through a runner's wall times: a `Line` over what was varied."""
        check.choice("runner", runner, self.frame["runner"].unique())
        rows = self.frame[self.frame["runner"] == runner]
        return straight_line(rows[self.axis], rows["wall_s"])

    def _among(self, values):
        return f"there are {', '.join(f'{value:,.10g}' for value in values)}"

    def _content(self):
        own = {"repeats": self.repeats, "axis": self.axis, "planned": self.planned}
        return own | {"runs": [saved.document(run) for run in self.runs]}

    @classmethod
    def _of_saved(cls, content):
        runs = tuple(Run._of_saved(dict(run)) for run in content["runs"])
        loaded = cls(runs, tuple(map(int, content["repeats"])), content["axis"], int(content["planned"]))
        if loaded.axis not in AXES or not len(runs) == len(loaded.repeats) > 0:
            raise ValueError("its runs and repeats don't fit together")
        return loaded

    def _figure(self):
        from ..show.sweep_figure import sweep_figure

        return sweep_figure(self)

    def _contents(self):
        frame = self.frame
        over = ", ".join(f"{value:g}" for value in sorted(frame[self.axis].unique()))
        who = ", ".join(frame["runner"].unique())
        kept = "" if len(frame) == self.planned else f" of {self.planned} planned, interrupted"
        return f"{frame['task'].iloc[0]} over {self.axis} {over}: {who}; {len(frame)} runs{kept}"


def most_workers(runners):
    """Return how many workers all of these runners can have."""
    return min(RUNNERS[runner].most_workers for runner in runners)


def enough_workers(runners):
    """Return the worker count up to which something new is seen where work computes: past the usable CPUs."""
    return min(max(8, 2 * usable_cpus()[0]), most_workers(runners))


def default_workers(most):
    """Return the worker counts that a sweep tries by default: 1, 2, 4, … up to `most`."""
    return [2**power for power in range(most.bit_length())]


def sweep(
    task,
    runners=("serial", "threads", "processes"),
    *,
    workers=None,
    tasks=None,
    size=None,
    repeats=3,
    progress=True,
    delay=None,
    start_method=None,
    switch_interval=None,
    python=None,
    timeout=60.0,
):
    """Measure a grid of settings, interleaved and repeated.

    All settings are measured once, then all again, and so on: whatever drifts on the machine
    meanwhile touches all alike. Interrupting the kernel ends the sweep and keeps the runs so far.

    Parameters
    ----------
    task : str or function
        As in `run`.
    runners : str or sequence of str
        Names from `runners`.
    workers, tasks, size : number or sequence of numbers, optional
        As in `run`. The first one given as a sequence is the axis of the figure; all of them are
        combined. With none, `workers` is swept: 1, 2, 4, 8, up to twice the usable CPUs. Where `tasks`
        is given, the total work is the same for all workers, and `serial` is measured once a repeat.
    repeats : int
        How many times each setting is measured, from 1 to 1,000.
    progress : bool
        Whether to show a progress bar with the time left. Its title says how long the sweep will take,
        where that is over 10 s and can be told from earlier measurements.
    delay, start_method, switch_interval, python, timeout
        As in `run`, the timeout for each run; `start_method` is for processes only.

    Returns
    -------
    Sweep

    Raises
    ------
    BadValue, PythonNotFound, TaskError, WorkerDied, RunTimeout
        As `run`.
    """
    repeats = check.whole_number("repeats", repeats, 1, MOST_REPEATS)
    common = {"delay": delay, "switch_interval": switch_interval, "python": python, "timeout": timeout}
    axis, plans = make_grid(task, runners, workers, tasks, size, start_method, common)
    measured, total = [], len(plans) * repeats
    title = f"sweep of {plans[0].task}{estimates.announcement(plans, repeats)}"
    with show_progress(total, title, "run", progress) as bar:
        try:
            for item in interleave(plans, repeats):
                measured.append(item)
                bar.update()
        except KeyboardInterrupt:
            if not measured:
                raise
    return make_sweep(measured, axis, total)


def make_grid(task, runners, workers, tasks, size, start_method, common):
    """Return the swept axis and the plans of one repeat."""
    if isinstance(runners, str):
        runners = (runners,)
    if not is_sequence(runners) or len(runners) == 0:
        raise BadValue(f"runners must name at least one of {', '.join(map(repr, RUNNERS))}, not {runners!r}")
    for runner in runners:
        check.choice("runner", runner, RUNNERS)
    if start_method is not None and "processes" not in runners:
        raise BadValue("start_method goes with the runner 'processes', which is not among the runners")
    if workers is None and not any(is_sequence(value) for value in (tasks, size)):
        workers = default_workers(enough_workers(runners))
    given = {"workers": workers, "tasks": tasks, "size": size}
    axis = next((name for name in AXES if is_sequence(given[name])), "workers")
    for name, value in given.items():
        given[name] = list(value) if is_sequence(value) else [value]
        if not given[name]:
            raise BadValue(f"{name} must hold at least one value")

    plans = {}  # a dict for its order and for leaving out doubles
    for chosen_size in given["size"]:
        for chosen_tasks in given["tasks"]:
            for chosen_workers in given["workers"]:
                for runner in runners:
                    # With a fixed number of tasks, serial does the same whatever the workers.
                    alone = runner == "serial" and chosen_tasks is not None
                    plan = make_plan(
                        task,
                        runner,
                        workers=1 if alone else chosen_workers,
                        tasks=chosen_tasks if chosen_tasks is not None or runner != "serial" else chosen_workers,
                        size=chosen_size,
                        start_method=start_method if runner == "processes" else None,
                        **common,
                    )
                    plans[calibrated(plan)] = None
    return axis, list(plans)


def is_sequence(value):
    """Whether `value` holds several values: a list, a range, an array; a string is one value."""
    if isinstance(value, str):
        return False
    return isinstance(value, Sequence) or getattr(value, "ndim", 0) > 0


def interleave(plans, repeats, stop=None):
    """Run all plans once, then all again, …; yield (run, repeat) as they come."""
    for repeat in range(repeats):
        for plan in plans:
            run = execute(plan, stop)
            yield replace(run, output=run.output[-MOST_OUTPUT:]), repeat


def make_sweep(measured, axis, planned):
    """Return a `Sweep` of (run, repeat) pairs."""
    runs, repeats = zip(*measured, strict=True)
    return Sweep(runs, repeats, axis, planned)
