"""What a quiet machine showed: a recorded measurement beside a live one, marked as such."""

from html import escape
from pathlib import Path

from .saved import load

SUMMARY = "What a quiet machine showed"


def recorded(path, *, start=None, end=None):
    """Show the figure of a recorded measurement, folded: for where one's own came out too noisy.

    Parameters
    ----------
    path : str or path
        A file that `save` of a run, a sweep or a program has written; or the name of one of the course's own, such
        as ``"03_thrice"``, which lie in its folder `recorded`.
    start, end : float, optional
        Seconds between which to look, of a run or a program.

    Returns
    -------
    Recorded
        Shown as a line to unfold, which says that it is recorded, and on what machine.

    Raises
    ------
    BadValue
        If the file holds no such measurement.
    """
    if isinstance(path, str) and Path(path).name == path and not path.endswith(".json"):
        path = Path("recorded", f"{path}.json")
    return Recorded(load(path), {} if start is None and end is None else {"start": start, "end": end})


class Recorded:
    """A recorded measurement.

    Attributes
    ----------
    measured : Run, Sweep or ProgramRun
        What was recorded.
    """

    def __init__(self, measured, part):
        self.measured = measured
        self._part = part

    @property
    def where(self):
        """On what machine, in words."""
        runs = getattr(self.measured, "runs", (self.measured,))
        machine, busiest = runs[0].machine, max(run.background for run in runs)
        python = f"{machine.python.implementation} {machine.python.short}"
        return (
            f"Recorded, and not measured here: {machine.system.split()[0]}, {machine.usable_cpus} usable CPUs, "
            f"{python}; other programs kept at most {busiest:.1f} cores busy."
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        figure = self.measured.figure(**self._part)
        html = f"<details><summary>{SUMMARY}</summary><p>{escape(self.where)}</p>{figure.html()}</details>"
        return {"text/html": html, "text/plain": repr(self)}

    def __repr__(self):
        return f"{SUMMARY} ({self.where})"
