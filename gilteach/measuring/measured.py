"""What is common to all that was measured: by one execution, and by many."""

import json
from functools import cached_property

from .. import check
from ..errors import BadValue
from ..show.words import WAITING
from . import saved
from .value import Value


class Saveable:
    """What can be saved, and loaded again."""

    def save(self, path):
        """Save it as a JSON file, which `load` reads.

        Parameters
        ----------
        path : str or path
            The file; one that is there is replaced.
        """
        with open(path, "w", encoding="utf-8") as file:
            json.dump(saved.document(self), file)


class Measured(Saveable):
    """Wall time, CPU time and how many cores that kept busy: values that know their background."""

    TIMES = ("wall", "cpu")

    def __post_init__(self):
        numbers = [getattr(self, name) for name in self.TIMES]
        if all(isinstance(number, int | float) for number in (*numbers, self.background)):  # a file may be damaged
            for name, number in zip(self.TIMES, numbers, strict=True):
                object.__setattr__(self, name, Value(number, self.disturbance))

    @property
    def disturbance(self):
        """Cores that other programs kept busy, as far as that disturbs: what mostly waits isn't."""
        waits = self.wall > 0 and self.cpu / self.wall <= WAITING
        return 0.0 if waits else self.background

    @property
    def cores_busy(self):
        """CPU time ÷ wall time: the CPU utilisation, in cores."""
        return self.cpu / self.wall

    def figure(self, start=None, end=None):
        """Draw cores busy against time, above a lane for whoever did the work.

        A lane is pale where a task was in progress or a thread lived, and solid where it executed, as far as
        there are slices that tell.

        Parameters
        ----------
        start, end : float, optional
            Seconds from the start of what was measured between which to look; all of it by default.

        Returns
        -------
        Figure
            A matplotlib figure, shown as a picture in a notebook.

        Raises
        ------
        BadValue
            If `start` and `end` aren't moments of the run, or in the wrong order.
        """
        start = 0.0 if start is None else check.number("start", start, 0.0, self.wall, "seconds")
        end = self.wall if end is None else check.number("end", end, 0.0, self.wall, "seconds")
        if not start < end:
            raise BadValue(f"start must come before end, not {start:g} s before {end:g} s")
        return self._figure(start, end)

    @cached_property
    def samples(self):
        """The CPU-utilisation curve.

        A DataFrame with a row per interval of about 20 ms: ``time_s``, its end in seconds from the
        start of what was measured, and ``cores_busy`` in it. The area under it is the CPU time.
        """
        import pandas as pd

        return pd.DataFrame(self.raw_samples, columns=["time_s", "cores_busy"], dtype=float)


def ranked(table, who, unit):
    """Return the least of each row of a table, whose column it is in, and how many times as much the next least is."""
    import pandas as pd

    lowest = table.apply(lambda row: row.nsmallest(2).tolist(), axis="columns")
    found = {
        who: table.idxmin(axis="columns"),
        unit: lowest.map(lambda two: two[0]),
        "next_takes": lowest.map(lambda two: two[-1] / two[0] if len(two) > 1 else float("nan")),
    }
    return pd.DataFrame(found)


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
