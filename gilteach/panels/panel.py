"""What every panel does: measure when a button is pressed, show what was found, and stop.

Callbacks only note what is wanted and return; a thread of the panel's own does the measuring. So
the controls never freeze, and it doesn't matter which thread delivers a callback. A newer setting
ends the measurement still going and takes its place: whatever is measured, nothing else is
measured with it.
"""

import threading
import time
from dataclasses import dataclass, field
from html import escape

import ipywidgets as widgets

from ..errors import GilteachError, RunStopped
from ..measuring import estimates
from ..measuring.exclusive import take_turn
from ..measuring.sweeps import MOST_REPEATS
from ..show.pictures import empty_figure
from ..show.words import roughly
from .switching import switching_often

REDRAW_AFTER = 1.0  # s; a drawing takes about half a second, in which nothing is measured
INVITATION = "Move a slider, or press Run."


@dataclass
class Job:
    """What was asked for at one press of a button or one release of a slider."""

    plans: list
    repeats: int
    stop: threading.Event = field(default_factory=threading.Event)
    replaced: bool = False  # by a newer setting: its measurements aren't wanted any more
    measured: list = field(default_factory=list)  # (what was measured, repeat)

    def expected_to_take(self, done):
        """Seconds that what is left after the first `done` measurements will take; None if that can't be known."""
        passes, begun = divmod(done, len(self.plans))
        parts = estimates.expected(self.plans[begun:]), estimates.expected(self.plans, self.repeats - passes - 1)
        return None if None in parts else sum(parts)


class Panel:
    """A panel of controls: Run, Stop, Clear, progress, a picture and findings in words.

    A panel of a certain kind adds controls of its own, and says what is measured and how it is shown:
    `_job_for_run`, `_interleave`, `_result` and `_draw`.
    """

    def __init__(self):
        self._history = []  # (what was measured, repeat) of all finished jobs since Clear
        self._drawings = 0  # numbers the pictures: of two that are drawn at a time, the newer one is shown
        self._passes = 0  # numbers the repeats; measurements of the same pass can be compared
        self._job = None
        self._state = threading.RLock()  # guards the four above, and what is shown
        self._picture = empty_figure(INVITATION)

    # ── what the learner sees ────────────────────────────────────────────────────────────────

    def _build_common_controls(self, repeats):
        self._repeats = widgets.BoundedIntText(
            repeats,
            1,
            MOST_REPEATS,
            description="repeats",
            style={"description_width": "50px"},
            layout={"width": "110px"},
        )
        self._on_release = widgets.Checkbox(value=True, description="run when a slider is released", indent=False)
        self._run = self._button("Run", "play", "Measure this setting", self._press_run, button_style="primary")
        self._stop = self._button("Stop", "stop", "End what is being measured", self.stop, disabled=True)
        self._clear = self._button("Clear", "eraser", "Forget all measurements", self.clear)
        self._progress = widgets.FloatProgress(
            value=0.0, min=0.0, max=1.0, layout={"width": "200px", "visibility": "hidden"}
        )
        self._status = widgets.Label("")
        self._image = widgets.HTML()  # an Image widget has no place for a text alternative
        self._summary = widgets.HTML()
        self._show(self._picture, self._picture.html())

    def _button(self, text, icon, tooltip, callback, **options):
        made = widgets.Button(description=text, icon=icon, tooltip=tooltip, layout={"width": "90px"}, **options)
        made.on_click(lambda _: callback())
        return made

    def _assemble(self, rows):
        """Put the panel's own rows of controls above what all panels show."""
        shown = [widgets.HBox([self._progress, self._status]), self._image, self._summary]
        self.widget = widgets.VBox([*rows, *shown])
        self.widget.add_class("gilteach-panel")

    def _repr_mimebundle_(self, include=None, exclude=None):
        picture, metadata = self._picture._repr_mimebundle_()
        data = {
            **self.widget._repr_mimebundle_(),
            "image/png": picture["image/png"],
            "text/plain": f"{self!r}\n{self._picture.alt}",
        }
        return data, metadata

    # ── what it does without a browser ───────────────────────────────────────────────────────

    def stop(self):
        """End what is being measured; what has been measured stays."""
        with self._state:
            if self._job:
                self._job.stop.set()

    def clear(self):
        """Forget all measurements, ending the one that is going on."""
        self._replace_job(None)
        picture = empty_figure(INVITATION)
        html = picture.html()
        with self._state:
            self._history.clear()
            self._drawings += 1
            self._show(picture, html)
            self._say([])
            if self._job is None:
                self._status.value = ""

    # ── callbacks: each notes what is wanted and returns ─────────────────────────────────────

    def _slider_released(self, _):
        if self._on_release.value:
            self._press_run()
        else:
            self._redraw()

    def _press_run(self):
        self._start(self._job_for_run)

    def _start(self, make_job):
        try:
            job = make_job()
        except GilteachError as error:
            self._complain(error)
            return
        self._replace_job(job)
        threading.Thread(target=self._measure_beside_cells, args=(job,), daemon=True).start()

    # ── jobs ─────────────────────────────────────────────────────────────────────────────────

    def _replace_job(self, job):
        with self._state:
            if self._job:
                self._job.replaced = True
                self._job.stop.set()
            self._job = job
            self._show_activity(job is not None)

    def _measure_beside_cells(self, job):
        with switching_often:
            self._measure(job)

    def _measure_here(self, job):
        self._replace_job(job)
        self._measure(job, quietly=False)
        return self._result(job.measured, len(job.plans) * job.repeats)

    def _measure(self, job, quietly=True):
        """Do a job, in the panel's thread, or in the caller's, who then gets its errors."""
        try:
            if take_turn.busy():
                self._tell(job, "waiting for another experiment to end …")
            if threading.current_thread() is threading.main_thread():
                self._measure_all(job)  # each measurement takes a turn of its own
            else:
                with take_turn(job.stop):
                    self._measure_all(job)
        except RunStopped:
            self._finish(job, "stopped")
            if not quietly:
                raise
        except Exception as error:
            self._finish(job, "", error if quietly else None)
            if not quietly or not isinstance(error, GilteachError):
                raise  # what is no GilteachError is a fault of ours, whose traceback somebody should see
        except BaseException:  # the kernel was interrupted while it waited for us
            self._finish(job, "interrupted")
            raise
        else:
            self._finish(job, "")

    def _measure_all(self, job):
        total = len(job.plans) * job.repeats
        began = drawn = time.monotonic()
        with self._state:
            first_pass = self._passes
            self._passes += job.repeats
        if not take_turn.busy():  # by another thread, for whose end this one may still have to wait
            self._tell(job, f"run 1 of {total}{estimates.announcement(job.plans, job.repeats)} …", 0.0)
        for one, repeat in self._interleave(job.plans, job.repeats, job.stop):
            job.measured.append((one, first_pass + repeat))
            done = len(job.measured)
            if done < total:
                left = job.expected_to_take(done)
                if left is None:  # on average as long as those before
                    left = (time.monotonic() - began) / done * (total - done)
                self._tell(job, f"run {done + 1} of {total}, {roughly(left)} left", done / total)
                if time.monotonic() - drawn > REDRAW_AFTER:
                    self._redraw(job)
                    drawn = time.monotonic()

    def _finish(self, job, status, error=None):
        with self._state:
            current = self._job is job
            if current:
                self._job = None
            if not job.replaced:
                self._history += job.measured
        if current:
            try:
                self._redraw()
            finally:
                with self._state:
                    if self._job is None:  # nothing was started while the picture was being drawn
                        self._status.value = status
                        if error:
                            self._complain(error)
                        self._show_activity(False)

    # ── what is shown ────────────────────────────────────────────────────────────────────────

    def _redraw(self, job=None):
        """Show all that has been measured, by a job that is under way too; unless something newer is to be shown."""
        with self._state:
            measured = self._history + (job.measured if job else [])
            if not measured:
                return
            self._drawings += 1
            number = self._drawings
        picture, lines = self._draw(measured)
        html = picture.html()  # this takes longest, and a press of Stop isn't to wait for it
        with self._state:
            if number == self._drawings and not (job and job.replaced):
                self._show(picture, html)
                self._say(lines)

    def _say(self, lines):
        """Show findings as a list, which a screen reader announces."""
        if not lines:
            self._summary.value = ""
            return
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        style = "font-size: 115%; line-height: 1.5; margin: 0"
        self._summary.value = f'<ul role="status" style="{style}">{items}</ul>'

    def _complain(self, error):
        text = escape(str(error) if isinstance(error, GilteachError) else f"{type(error).__name__}: {error}")
        style = "color: #b00020; font-size: 115%; white-space: pre-wrap; line-height: 1.4"
        self._summary.value = f'<div role="alert" style="{style}">{text}</div>'

    def _tell(self, job, text, fraction=None):
        with self._state:
            if not job.replaced:
                self._status.value = text
                if fraction is not None:
                    self._progress.value = fraction

    def _show_activity(self, active):
        self._progress.layout.visibility = "visible" if active else "hidden"
        if active:
            self._progress.value = 0.0
        self._stop.disabled = not active

    def _show(self, picture, html):
        self._picture = picture
        self._image.value = html
