"""What is common to all that was measured: by one execution, and by many."""

from functools import cached_property

from .. import check
from ..errors import BadValue


class Measured:
    """Wall time, CPU time and how many cores that kept busy."""

    @property
    def cores_busy(self):
        """CPU time ÷ wall time: the CPU utilisation, in cores."""
        return self.cpu / self.wall

    def _between(self, start, end):
        """Return two moments of it, checked, between which to look; its start and its end where they are left out."""
        start = 0.0 if start is None else check.number("start", start, 0.0, self.wall, "seconds")
        end = self.wall if end is None else check.number("end", end, 0.0, self.wall, "seconds")
        if not start < end:
            raise BadValue(f"start must come before end, not {start:g} s before {end:g} s")
        return start, end

    @cached_property
    def samples(self):
        """The CPU-utilisation curve.

        A DataFrame with a row per interval of about 20 ms: ``time_s``, its end in seconds from the
        start of what was measured, and ``cores_busy`` in it. The area under it is the CPU time.
        """
        import pandas as pd

        return pd.DataFrame(self.raw_samples, columns=["time_s", "cores_busy"], dtype=float)


class Collection:
    """Many measurements in one tidy table, `frame`."""

    def figure(self):
        """Draw the medians of what was measured, with their spread, against what was varied.

        Returns
        -------
        Figure
            A matplotlib figure, shown as a picture in a notebook.
        """
        return self._figure()

    def to_csv(self, path):
        """Save `frame` as a CSV file.

        Parameters
        ----------
        path : str or path
            The file; one that is there is replaced.
        """
        self.frame.to_csv(path, index=False)

    def __repr__(self):
        return f"<{type(self).__name__} {self._contents()}>"
