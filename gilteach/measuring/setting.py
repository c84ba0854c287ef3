"""One setting of a sweep: its runs, as values that know their repeats."""

from dataclasses import dataclass

import numpy as np

from ..show.words import seconds
from .value import Value


@dataclass(frozen=True, repr=False)
class Setting:
    """What one setting of a sweep has given; every value knows its repeats and their background.

    Attributes
    ----------
    runs : tuple of Run
        In their order.
    speed_ups : tuple of float
        Of each run against the serial run of the same work in the same repeat; NaN where there is none.
    """

    runs: tuple
    speed_ups: tuple

    def _value(self, numbers):
        return Value(np.fromiter(numbers, float), [run.disturbance for run in self.runs])

    @property
    def wall(self):
        """Wall time in seconds."""
        return self._value(run.wall for run in self.runs)

    @property
    def startup(self):
        """Start-up time in seconds."""
        return self._value(run.startup for run in self.runs)

    @property
    def total(self):
        """Start-up and wall time together, in seconds."""
        return self._value(run.startup + run.wall for run in self.runs)

    @property
    def cpu(self):
        """CPU time in seconds."""
        return self._value(run.cpu for run in self.runs)

    @property
    def cores_busy(self):
        """CPU time ÷ wall time, in cores."""
        return self._value(run.cores_busy for run in self.runs)

    @property
    def speed_up(self):
        """Serial wall time ÷ this wall time, for the same work in the same repeat."""
        return self._value(self.speed_ups)

    @property
    def results(self):
        """What the tasks returned, a list for each run."""
        return [run.results for run in self.runs]

    def __repr__(self):
        run = self.runs[0]
        who = run.runner if run.runner == "serial" else f"{run.workers} {run.runner}"
        return f"<{who}: {seconds(self.wall)} wall time, {self.cores_busy:.2f} cores busy, {len(self.runs)} runs>"
