"""A measured value: a number that knows its repeats, and how busy other programs were meanwhile."""

import operator

import numpy as np


class Value(float):
    """A measured number: the median of its repeats, with what a claim has to know of them.

    It is an ordinary float wherever one is wanted. Worked out from others by ``+``, ``-``, ``*`` or ``/``, it is
    worked out repeat by repeat, and keeps the background of both.

    Parameters
    ----------
    repeats : float or sequence of float
        What was measured, one value a repeat.
    background : float or sequence of float
        Cores that other programs kept busy meanwhile, one value or one a run.

    Attributes
    ----------
    repeats, background : tuple of float
        As given.
    """

    __slots__ = ("background", "repeats")

    def __new__(cls, repeats, background=()):
        repeats = np.atleast_1d(np.asarray(repeats, dtype=float))
        value = super().__new__(cls, np.median(repeats))
        value.repeats = tuple(repeats.tolist())
        value.background = tuple(np.atleast_1d(np.asarray(background, dtype=float)).tolist())
        return value

    def __reduce__(self):
        return Value, (self.repeats, self.background)

    def _with(self, other, operation):
        if not isinstance(other, int | float | np.number):
            return NotImplemented
        theirs, background = (other.repeats, other.background) if isinstance(other, Value) else ((float(other),), ())
        ours = self.repeats
        if 1 != len(ours) != len(theirs) != 1:  # of different experiments: there is no pair of each
            ours, theirs = (float(self),), (float(other),)
        if background != self.background:  # else both are of the same run
            background = self.background + background
        with np.errstate(all="ignore"):  # a ratio to nothing is inf or nan, and a claim says so
            return Value(operation(np.array(ours), np.array(theirs)), background)

    def __add__(self, other):
        return self._with(other, operator.add)

    def __sub__(self, other):
        return self._with(other, operator.sub)

    def __mul__(self, other):
        return self._with(other, operator.mul)

    def __truediv__(self, other):
        return self._with(other, operator.truediv)

    def __radd__(self, other):
        return self._with(other, lambda ours, theirs: theirs + ours)

    def __rsub__(self, other):
        return self._with(other, lambda ours, theirs: theirs - ours)

    def __rmul__(self, other):
        return self._with(other, lambda ours, theirs: theirs * ours)

    def __rtruediv__(self, other):
        return self._with(other, lambda ours, theirs: theirs / ours)
