"""The panel: sliders that run a real experiment, and the curves it gives.

What every panel does is in `panel`.
"""

import ipywidgets as widgets

from .. import check
from ..host.machines import usable_cpus
from ..measuring.sweeps import (
    MOST_REPEATS,
    default_workers,
    enough_workers,
    interleave,
    make_grid,
    make_sweep,
    most_workers,
)
from ..show.pictures import empty_figure
from ..show.sweep_figure import panel_figure
from ..show.words import amount, findings
from .panel import Job, Panel

MOST_IO_WORKERS = 64
TOTAL_TASKS = 8  # for "same total work", where the learner's code says nothing else
SIZES_IN_A_SWEEP = 5
SWITCH_INTERVAL = 0.005  # s; Python's own
SWITCH_INTERVALS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)  # s
TURNS_SHOWN = 40  # switch intervals along the time axis of the lanes

OVER = ("workers", "size")
PER_WORKER, SAME_WORK = "one task per worker", "same total work"


class Experiment(Panel):
    """A panel of controls for one task: sliders for workers and loop size, Run, Sweep, Stop, curves.

    Display it as the last expression of a cell. Releasing a slider runs the experiment at once;
    points gather on the curves until Clear.

    Parameters
    ----------
    task : str or function
        A name from `tasks`, or a function of your own, as in `run`.
    runners : str or sequence of str
        Names from `runners`; which of them take part can be chosen in the panel.
    workers : int, optional
        Where the slider stands at first; by default the usable CPUs.
    size : int, float or "auto", optional
        Where the slider for the loop size stands at first, as in `run`.
    tasks : int, optional
        The same total work, of so many tasks, whatever the workers; one task per worker by default.
    repeats : int
        How many times a press of Run or Sweep measures each setting, from 1 to 1,000.
    over : {"workers", "size"}
        What a sweep varies at first, and the curves are drawn against; it can be changed in the panel.
    trace : bool
        Show who executes when instead of the curves: the lanes of the newest run, and a slider for the
        switch interval.
    delay, start_method, switch_interval, python, timeout
        As in `run`; `start_method` is for processes only.

    Raises
    ------
    BadValue, PythonNotFound
        As `run`.
    """

    def __init__(
        self,
        task,
        *,
        runners=("serial", "threads", "processes"),
        workers=None,
        size=None,
        tasks=None,
        repeats=1,
        over="workers",
        trace=False,
        delay=None,
        start_method=None,
        switch_interval=None,
        python=None,
        timeout=60.0,
    ):
        self._task = task
        if trace and switch_interval is None:
            switch_interval = SWITCH_INTERVAL
        self._common = {
            "delay": delay, "switch_interval": switch_interval, "trace": trace, "python": python, "timeout": timeout,
        }  # fmt: skip
        self._start_method = start_method
        # Building the grid once checks every argument; with size="auto" it measures the size too.
        some = 1 if workers is None else workers
        plan = make_grid(task, runners, some, tasks, size, start_method, self._common)[1][0]
        self.task = plan.task
        self.runners = (runners,) if isinstance(runners, str) else tuple(runners)
        self._common["python"] = plan.python
        repeats = check.whole_number("repeats", repeats, 1, MOST_REPEATS)
        check.choice("over", over, OVER)

        facts = plan.facts
        allowed = most_workers(self.runners)
        workers = min(usable_cpus()[0], allowed) if workers is None else workers
        computes = facts.kind in ("CPU", "native")
        most = enough_workers(self.runners) if computes else min(MOST_IO_WORKERS, allowed)

        super().__init__()
        self._build(facts, workers, max(workers, most), plan.size, tasks, repeats, over)

    # ── what the learner sees ────────────────────────────────────────────────────────────────

    def _build(self, facts, workers, most, size, tasks, repeats, over):
        wide = {"description_width": "70px"}
        self._chosen = {
            runner: widgets.Checkbox(value=True, description=runner, indent=False, layout={"width": "110px"})
            for runner in self.runners
        }
        self._work = widgets.Dropdown(
            options=[(PER_WORKER, 0), (f"{SAME_WORK}: {tasks or TOTAL_TASKS} tasks", tasks or TOTAL_TASKS)],
            value=tasks or 0, description="work", style=wide, layout={"width": "300px"},
        )  # fmt: skip
        self._workers = widgets.IntSlider(
            workers, 1, most, description="workers", continuous_update=False, style=wide, layout={"width": "365px"}
        )
        self._size = widgets.SelectionSlider(
            options=[(amount(step, facts.unit), step) for step in _steps(size, facts)], value=size,
            description="loop size" if facts.unit == "iterations" else "size",
            continuous_update=False, style=wide, layout={"width": "465px"},
        )  # fmt: skip
        intervals = sorted({*SWITCH_INTERVALS, self._common["switch_interval"] or SWITCH_INTERVAL})
        self._switch_interval = widgets.SelectionSlider(
            options=[(f"{1000 * interval:g} ms", interval) for interval in intervals],
            value=self._common["switch_interval"] or SWITCH_INTERVAL, description="switch interval",
            continuous_update=False, style={"description_width": "100px"}, layout={"width": "400px"},
        )  # fmt: skip
        self._axis = widgets.Dropdown(
            options=[(f"over {axis}", axis) for axis in OVER], value=over, layout={"width": "130px"},
            tooltip="What a sweep varies, and the curves are drawn against",
        )  # fmt: skip
        self._build_common_controls(repeats)
        sweep = self._button("Sweep", "line-chart", "Measure a range of settings", self._press_sweep)
        self._buttons = (self._run, sweep)

        for control in (self._workers, self._size, self._switch_interval):
            control.observe(self._slider_released, "value")
        for control in (self._work, self._axis):
            control.observe(lambda _: self._redraw(), "value")
        self._assemble(
            [
                widgets.HBox([*self._chosen.values(), self._work]),
                widgets.HBox([self._workers, self._size], layout={"flex_flow": "row wrap", "align_items": "center"}),
                *([self._switch_interval] if self._common["trace"] else []),
                widgets.HBox([*self._buttons, self._axis, self._stop, self._clear, self._repeats, self._on_release]),
            ]
        )

    def __repr__(self):
        return f"<Experiment {self.task}: {', '.join(self.runners)}>"

    # ── what it does without a browser ───────────────────────────────────────────────────────

    @property
    def results(self):
        """All measurements that the curves show: a `Sweep`, or None before the first one."""
        with self._state:
            measured = self._shown(self._history)
        return make_sweep(measured, self._axis.value, len(measured)) if measured else None

    def run(self):
        """Measure the setting that the sliders show and wait for it; the panel shows it too.

        Returns
        -------
        Sweep
            One setting per runner.
        """
        return self._measure_here(self._job_for_run())

    def sweep(self):
        """Measure a range of workers or of sizes and wait for it; the panel shows it too.

        Returns
        -------
        Sweep
        """
        return self._measure_here(self._sweep_job())

    def _press_sweep(self):
        self._start(self._sweep_job)

    # ── jobs ─────────────────────────────────────────────────────────────────────────────────

    def _job_for_run(self):
        return self._job_for([self._workers.value], [self._size.value])

    def _sweep_job(self):
        if self._axis.value == "size":
            values = [step for _, step in self._size.options]
            end = values.index(self._size.value) + 1
            return self._job_for([self._workers.value], values[max(0, end - SIZES_IN_A_SWEEP) : end])
        return self._job_for(default_workers(self._workers.max), [self._size.value])

    def _job_for(self, workers, sizes):
        chosen = tuple(runner for runner, box in self._chosen.items() if box.value)
        start_method = self._start_method if "processes" in chosen else None
        common = self._common | {"switch_interval": self._chosen_switch_interval()}
        _, plans = make_grid(self._task, chosen, workers, self._work.value or None, sizes, start_method, common)
        return Job(plans, self._repeats.value)

    def _interleave(self, plans, repeats, stop):
        return interleave(plans, repeats, stop)

    def _result(self, measured, planned):
        return make_sweep(measured, self._axis.value, planned)

    # ── what is shown ────────────────────────────────────────────────────────────────────────

    def _shown(self, measured):
        """The measurements that differ from the present setting in nothing but the x axis."""
        by_size = self._axis.value == "size"
        return [
            (run, repeat)
            for run, repeat in measured
            if (self._same_workers(run) if by_size else run.size == self._size.value)
            and run.tasks == (self._work.value or run.workers)
            and run.plan.switch_interval == self._chosen_switch_interval()
        ]

    def _chosen_switch_interval(self):
        return self._switch_interval.value if self._common["trace"] else self._common["switch_interval"]

    def _same_workers(self, run):
        alone = run.runner == "serial" and self._work.value > 0
        return alone or run.workers == self._workers.value

    def _is_present(self, run):
        return run.size == self._size.value and self._same_workers(run)

    def _draw(self, measured):
        measured = self._shown(measured)
        if not measured:
            return empty_figure("Not measured yet at this setting: press Run."), []
        sweep = make_sweep(measured, self._axis.value, len(measured))
        present = [(run, repeat) for run, repeat in measured if self._is_present(run)] or self._nearest(measured)
        lines = findings(make_sweep(present, self._axis.value, len(present)).summary)
        if self._common["trace"]:
            newest = present[-1][0]
            picture = newest.figure(start=0, end=min(newest.wall, TURNS_SHOWN * self._switch_interval.value))
            return picture, [*lines, newest.turns]
        return panel_figure(sweep, list({run.runner: run for run, _ in present}.values())), lines

    def _nearest(self, measured):
        """The measurements nearest to the present setting on the x axis, where it has none itself."""
        axis = self._axis.value
        wanted = self._size.value if axis == "size" else self._workers.value
        nearest = min((getattr(run, axis) for run, _ in measured), key=lambda value: abs(value - wanted))
        return [(run, repeat) for run, repeat in measured if getattr(run, axis) == nearest]


def _steps(size, facts):
    """Return the sizes of the slider, in steps of 1, 2, 5, 10, …, with `size` among them."""
    low, high = facts.default / 100, facts.default * 20
    steps = {digit * 10.0**power for power in range(-3, 12) for digit in (1, 2, 5)}
    steps = {step for step in steps if max(facts.low, min(low, size)) <= step <= min(facts.high, max(high, size))}
    steps = {round(step, 6) for step in steps}
    return sorted({int(step) if facts.whole else step for step in steps} | {size})
