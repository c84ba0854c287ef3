"""The panel: sliders that run a real experiment, and the curves it gives.

Callbacks only note what is wanted and return; a thread of the panel's own does the measuring. So
the controls never freeze, and it doesn't matter which thread delivers a callback. A newer setting
ends the run still going and takes its place: whatever is measured, nothing else is measured with it.
"""

import threading
import time
from dataclasses import dataclass, field
from html import escape

import ipywidgets as widgets

from . import check
from .bench.runners import RUNNERS
from .errors import GilteachError, RunStopped
from .figures import empty_figure, panel_figure
from .machines import usable_cpus
from .runs import take_turn
from .sweeps import MOST_REPEATS, default_workers, interleave, make_grid, make_sweep
from .words import amount, findings, seconds

MOST_IO_WORKERS = 64
TOTAL_TASKS = 8  # for "same total work", where the learner's code says nothing else
REDRAW_AFTER = 1.0  # s; a drawing takes about half a second, in which nothing is measured
SIZES_IN_A_SWEEP = 5
SWITCH_INTERVAL = 0.005  # s; Python's own
SWITCH_INTERVALS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)  # s
TURNS_SHOWN = 40  # switch intervals along the time axis of the lanes

PER_WORKER, SAME_WORK = "one task per worker", "same total work"


@dataclass
class Job:
    """What was asked for at one press of a button or one release of a slider."""

    plans: list
    repeats: int
    stop: threading.Event = field(default_factory=threading.Event)
    replaced: bool = False  # by a newer setting: its measurements aren't wanted any more
    measured: list = field(default_factory=list)  # (run, repeat)


class Experiment:
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
        trace=False,
        delay=None,
        start_method=None,
        switch_interval=None,
        python=None,
        timeout=60.0,
    ):
        self._task = task
        usable = usable_cpus()[0]
        workers = usable if workers is None else workers
        if trace and switch_interval is None:
            switch_interval = SWITCH_INTERVAL
        self._common = {
            "delay": delay, "switch_interval": switch_interval, "trace": trace, "python": python, "timeout": timeout,
        }  # fmt: skip
        self._start_method = start_method
        # Building the grid once checks every argument; with size="auto" it measures the size too.
        plan = make_grid(task, runners, workers, tasks, size, start_method, self._common)[1][0]
        self.task = plan.task
        self._common["python"] = plan.python
        self.runners = (runners,) if isinstance(runners, str) else tuple(runners)
        repeats = check.whole_number("repeats", repeats, 1, MOST_REPEATS)

        facts = plan.facts
        most = max(8, 2 * usable, workers) if facts.kind in ("CPU", "native") else max(MOST_IO_WORKERS, workers)
        most = min(most, *(RUNNERS[runner].most_workers for runner in self.runners))

        self._history = []  # (run, repeat) of all finished jobs since Clear
        self._passes = 0  # numbers the repeats; runs of the same pass can be compared
        self._job = None
        self._state = threading.RLock()  # guards the three above
        self._picture = empty_figure("Move a slider, or press Run.")
        self._build(facts, workers, most, plan.size, tasks, repeats)

    # ── what the learner sees ────────────────────────────────────────────────────────────────

    def _build(self, facts, workers, most, size, tasks, repeats):
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
        self._repeats = widgets.BoundedIntText(
            repeats,
            1,
            MOST_REPEATS,
            description="repeats",
            style={"description_width": "50px"},
            layout={"width": "110px"},
        )
        self._axis = widgets.Dropdown(
            options=[("over workers", "workers"), ("over size", "size")], layout={"width": "130px"},
            tooltip="What a sweep varies, and the curves are drawn against",
        )  # fmt: skip
        self._on_release = widgets.Checkbox(value=True, description="run when a slider is released", indent=False)

        def button(text, icon, tooltip, callback, **options):
            made = widgets.Button(description=text, icon=icon, tooltip=tooltip, layout={"width": "90px"}, **options)
            made.on_click(lambda _: callback())
            return made

        self._buttons = (
            button("Run", "play", "Measure this setting", self._press_run, button_style="primary"),
            button("Sweep", "line-chart", "Measure a range of settings", self._press_sweep),
        )
        self._stop = button("Stop", "stop", "End what is being measured", self.stop, disabled=True)
        clear = button("Clear", "eraser", "Forget all measurements", self.clear)

        self._progress = widgets.FloatProgress(
            value=0.0, min=0.0, max=1.0, layout={"width": "200px", "visibility": "hidden"}
        )
        self._status = widgets.Label("")
        self._image = widgets.HTML()  # an Image widget has no place for a text alternative
        self._summary = widgets.HTML()
        self._show(self._picture)

        for control in (self._workers, self._size, self._switch_interval):
            control.observe(self._slider_released, "value")
        for control in (self._work, self._axis):
            control.observe(lambda _: self._redraw(), "value")
        self.widget = widgets.VBox(
            [
                widgets.HBox([*self._chosen.values(), self._work]),
                widgets.HBox([self._workers, self._size], layout={"flex_flow": "row wrap", "align_items": "center"}),
                *([self._switch_interval] if self._common["trace"] else []),
                widgets.HBox([*self._buttons, self._axis, self._stop, clear, self._repeats, self._on_release]),
                widgets.HBox([self._progress, self._status]),
                self._image,
                self._summary,
            ]
        )
        self.widget.add_class("gilteach-panel")

    def _repr_mimebundle_(self, include=None, exclude=None):
        picture, metadata = self._picture._repr_mimebundle_()
        data = {
            **self.widget._repr_mimebundle_(),
            "image/png": picture["image/png"],
            "text/plain": f"{self!r}\n{self._picture.alt}",
        }
        return data, metadata

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
        return self._measure_here(self._job_for([self._workers.value], [self._size.value]))

    def sweep(self):
        """Measure a range of workers or of sizes and wait for it; the panel shows it too.

        Returns
        -------
        Sweep
        """
        return self._measure_here(self._sweep_job())

    def stop(self):
        """End what is being measured; what has been measured stays."""
        with self._state:
            if self._job:
                self._job.stop.set()

    def clear(self):
        """Forget all measurements, ending the one that is going on."""
        self._replace_job(None)
        with self._state:
            self._history.clear()
        self._show(empty_figure("Move a slider, or press Run."))
        self._summary.value = ""

    # ── callbacks: each notes what is wanted and returns ─────────────────────────────────────

    def _slider_released(self, _):
        if self._on_release.value:
            self._press_run()
        else:
            self._redraw()

    def _press_run(self):
        self._start(lambda: self._job_for([self._workers.value], [self._size.value]))

    def _press_sweep(self):
        self._start(self._sweep_job)

    def _start(self, make_job):
        try:
            job = make_job()
        except GilteachError as error:
            self._complain(error)
            return
        self._replace_job(job)
        threading.Thread(target=self._measure, args=(job,), daemon=True).start()

    # ── jobs ─────────────────────────────────────────────────────────────────────────────────

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

    def _replace_job(self, job):
        with self._state:
            if self._job:
                self._job.replaced = True
                self._job.stop.set()
            self._job = job
        self._show_activity(job is not None)

    def _measure_here(self, job):
        self._replace_job(job)
        self._measure(job, quietly=False)
        return make_sweep(job.measured, self._axis.value, len(job.plans) * job.repeats)

    def _measure(self, job, quietly=True):
        """Do a job, in the panel's thread, or in the caller's, who then gets its errors."""
        try:
            if take_turn.busy():
                self._tell(job, "waiting for another experiment to end …")
            with take_turn(job.stop):
                self._measure_in_turn(job)
        except RunStopped:
            self._finish(job, "stopped")
            if not quietly:
                raise
        except Exception as error:
            self._finish(job, "")
            if not quietly:
                raise
            if not job.replaced:
                self._complain(error)
        except BaseException:  # the kernel was interrupted while it waited for us
            self._finish(job, "interrupted")
            raise
        else:
            self._finish(job, "")

    def _measure_in_turn(self, job):
        total = len(job.plans) * job.repeats
        began = drawn = time.monotonic()
        with self._state:
            first_pass = self._passes
            self._passes += job.repeats
        self._tell(job, f"run 1 of {total} …", 0.0)
        for run, repeat in interleave(job.plans, job.repeats, job.stop):
            job.measured.append((run, first_pass + repeat))
            done = len(job.measured)
            if done < total:
                left = (time.monotonic() - began) / done * (total - done)
                self._tell(job, f"run {done + 1} of {total}, about {seconds(max(left, 0.1))} left", done / total)
                if time.monotonic() - drawn > REDRAW_AFTER:
                    self._redraw(job)
                    drawn = time.monotonic()

    def _finish(self, job, status):
        with self._state:
            current = self._job is job
            if current:
                self._job = None
            if not job.replaced:
                self._history += job.measured
        if current:
            self._redraw()
            self._status.value = status
            self._show_activity(False)

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

    def _redraw(self, job=None):
        with self._state:
            measured = self._shown(self._history + (job.measured if job else []))
        if not measured:
            if self._history:
                self._show(empty_figure("Not measured yet at this setting: press Run."))
                self._summary.value = ""
            return
        sweep = make_sweep(measured, self._axis.value, len(measured))
        present = [(run, repeat) for run, repeat in measured if self._is_present(run)] or self._nearest(measured)
        lines = findings(make_sweep(present, self._axis.value, len(present)).summary)
        if self._common["trace"]:
            newest = present[-1][0]
            self._show(newest.figure(start=0, end=min(newest.wall, TURNS_SHOWN * self._switch_interval.value)))
            lines.append(newest.turns)
        else:
            self._show(panel_figure(sweep, list({run.runner: run for run, _ in present}.values())))
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        # role="status" has a screen reader announce it.
        style = "font-size: 115%; line-height: 1.5; margin: 0"
        self._summary.value = f'<ul role="status" style="{style}">{items}</ul>'

    def _nearest(self, measured):
        """The measurements nearest to the present setting on the x axis, where it has none itself."""
        axis = self._axis.value
        wanted = self._size.value if axis == "size" else self._workers.value
        nearest = min((getattr(run, axis) for run, _ in measured), key=lambda value: abs(value - wanted))
        return [(run, repeat) for run, repeat in measured if getattr(run, axis) == nearest]

    def _complain(self, error):
        text = escape(str(error) if isinstance(error, GilteachError) else f"{type(error).__name__}: {error}")
        style = "color: #b00020; font-size: 115%; white-space: pre-wrap; line-height: 1.4"
        self._summary.value = f'<div role="alert" style="{style}">{text}</div>'

    def _tell(self, job, text, fraction=None):
        if not job.replaced:
            self._status.value = text
            if fraction is not None:
                self._progress.value = fraction

    def _show_activity(self, active):
        self._stop.disabled = not active
        self._progress.layout.visibility = "visible" if active else "hidden"
        if active:
            self._progress.value = 0.0

    def _show(self, picture):
        self._picture = picture
        self._image.value = picture.html()


def _steps(size, facts):
    """Return the sizes of the slider, in steps of 1, 2, 5, 10, …, with `size` among them."""
    low, high = facts.default / 100, facts.default * 20
    steps = {digit * 10.0**power for power in range(-3, 12) for digit in (1, 2, 5)}
    steps = {step for step in steps if max(facts.low, min(low, size)) <= step <= min(facts.high, max(high, size))}
    steps = {round(step, 6) for step in steps}
    return sorted({int(step) if facts.whole else step for step in steps} | {size})
