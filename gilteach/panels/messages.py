"""The panel for messages: a slider for their size, the channels to choose from, and the curves."""

import ipywidgets as widgets

from .. import check
from ..bench.channels import CHANNELS
from ..measuring.sweeps import MOST_REPEATS
from ..measuring.traffic import SIZES, Traffic, interleave_messages, make_message_plans
from ..show.traffic_figure import in_words, traffic_figure
from ..show.words import in_bytes
from .panel import Job, Panel

STEPS = (*(digit * 10**power for power in range(2, 8) for digit in (1, 2, 5)), 10**8)  # bytes


class MessageExperiment(Panel):
    """A panel of controls for messages: a slider for their size, channels, Run, Sweep, Stop, curves.

    Display it as the last expression of a cell. Releasing the slider measures at once; points gather
    on the curves until Clear.

    Parameters
    ----------
    channels : str or sequence of str
        Names from `channels`; which of them take part can be chosen in the panel.
    size : int
        Bytes in a message, where the slider stands at first; from 100 to 100,000,000.
    repeats : int
        How many times a press of Run or Sweep measures each channel, from 1 to 1,000.
    seconds, python, timeout
        As in `messages`.

    Raises
    ------
    BadValue, PythonNotFound
        As `messages`.
    """

    def __init__(self, channels=tuple(CHANNELS), *, size=1_000_000, repeats=1, seconds=0.02, python=None, timeout=60.0):
        super().__init__()
        self._common = {"seconds": seconds, "python": python, "timeout": timeout}
        plans = make_message_plans(channels, size, **self._common)  # checks every argument
        size = check.whole_number("size", size, STEPS[0], STEPS[-1], "bytes")
        self._chosen = {
            plan.channel: widgets.Checkbox(
                value=True, description=plan.channel, indent=False, layout={"width": "130px"}
            )
            for plan in plans
        }
        self._size = widgets.SelectionSlider(
            options=[(in_bytes(step), step) for step in sorted({*STEPS, size})], value=size, description="message",
            continuous_update=False, style={"description_width": "70px"}, layout={"width": "465px"},
        )  # fmt: skip
        self._build_common_controls(check.whole_number("repeats", repeats, 1, MOST_REPEATS))
        sweep = self._button("Sweep", "line-chart", "Measure all sizes", lambda: self._start(self._sweep_job))
        self._size.observe(self._slider_released, "value")
        self._assemble(
            [
                widgets.HBox([*self._chosen.values()], layout={"flex_flow": "row wrap"}),
                self._size,
                widgets.HBox([self._run, sweep, self._stop, self._clear, self._repeats, self._on_release]),
            ]
        )

    def __repr__(self):
        return f"<MessageExperiment: {', '.join(self._chosen)}>"

    @property
    def results(self):
        """All measurements that the curves show: a `Traffic`, or None before the first one."""
        with self._state:
            return Traffic(tuple(self._history)) if self._history else None

    def run(self):
        """Measure the setting that the slider shows and wait for it; the panel shows it too.

        Returns
        -------
        Traffic
            One size.
        """
        return self._measure_here(self._job_for_run())

    def sweep(self):
        """Measure 100 B, 1 KB and so on up to 100 MB and wait for it; the panel shows it too.

        Returns
        -------
        Traffic
        """
        return self._measure_here(self._sweep_job())

    def _job_for_run(self):
        return self._job_for(self._size.value)

    def _sweep_job(self):
        return self._job_for(SIZES)

    def _job_for(self, sizes):
        chosen = [channel for channel, box in self._chosen.items() if box.value]
        return Job(make_message_plans(chosen, sizes, **self._common), self._repeats.value)

    def _interleave(self, plans, repeats, stop):
        return interleave_messages(plans, repeats, stop)

    def _result(self, measured, planned):
        return Traffic(tuple(measured))

    def _draw(self, measured):
        traffic = Traffic(tuple(measured))
        sizes = sorted(traffic.frame["size_bytes"].unique(), key=lambda size: abs(size - self._size.value))
        return traffic_figure(traffic), in_words(traffic, sizes[:1])
