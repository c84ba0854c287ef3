"""A straight line through measured times: what there is to pay in any case, and what each one more costs."""

from dataclasses import dataclass

from ..errors import BadValue


@dataclass(frozen=True)
class Line:
    """A straight line through measured times: so much in any case, and so much for each.

    Attributes
    ----------
    fixed : float
        Seconds at 0.
    each : float
        Seconds for each one more: iteration, byte, task or worker.
    """

    fixed: float
    each: float

    def __call__(self, amount):
        """Return the seconds that the line gives for an amount."""
        return self.fixed + amount * self.each


def straight_line(amounts, seconds):
    """Fit a `Line` to measured times; a short time counts as much as a long one, since relative errors do."""
    import numpy as np

    amounts, seconds = np.asarray(amounts, dtype=float), np.asarray(seconds, dtype=float)
    if len(np.unique(amounts)) < 2:
        raise BadValue("a line needs two points or more: measure with two sizes at least")
    each, fixed = np.polyfit(amounts, seconds, 1, w=1 / np.maximum(seconds, 1e-9))
    return Line(float(fixed), float(each))
