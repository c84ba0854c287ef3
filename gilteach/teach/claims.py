"""Claims: statements of the prose, settled by measurement.

A claim holds (✓) or fails (✗) only where the measurement carries that; otherwise it stays open (?),
and the reason says why, in figures. In a notebook it shows itself as soon as it is made.
"""

import math
from dataclasses import asdict, dataclass
from html import escape

import numpy as np
from IPython import get_ipython
from IPython.core.displaypub import publish_display_data

from .. import check
from ..errors import BadType, BadValue
from ..host import machines
from ..show.words import NOISY_BACKGROUND
from . import progress

NOISY_SHARE = 0.25  # of the runs; with more than that disturbed by other programs, no verdict
MOST_CPUS = 10_000
FARTHEST_BOUND = 10**12

BESIDE_EACH_OTHER = "display: flex; gap: 0.6em; align-items: baseline; line-height: 1.5; margin: 0.15em 0"
BADGE = "flex: none; width: 1.5em; text-align: center; border-radius: 0.75em; color: white; font-family: sans-serif"
LOOKS = {"✓": ("#00704f", "holds"), "✗": ("#b3261e", "doesn't hold"), "?": ("#7a5c00", "open")}

_settled = []
_shown = {}  # by id of a claim: the number of the cell that has shown it


@dataclass(frozen=True, repr=False)
class Claim:
    """A statement and its verdict; printed as one line, and shown as one, with a reason on the next.

    True where the verdict is ✓, and only there.

    Attributes
    ----------
    text : str
        The statement.
    verdict : {"✓", "✗", "?"}
        It holds, it doesn't, or the measurement can't tell.
    reason : str
        What was measured and what the claim needs, or why there is no verdict. The line of a ✓
        leaves it out, so that it is the same wherever the claim holds.
    """

    text: str
    verdict: str
    reason: str

    def __repr__(self):
        return f"✓ {self.text}" if self else f"{self.verdict} {self.text} ({self.reason})"

    def __bool__(self):
        return self.verdict == "✓"

    def html(self):
        """Return it as a notebook shows it: one element, whose words wrap between words."""
        colour, name = LOOKS[self.verdict]
        reason = "" if self else f'<br><span style="font-size: 90%; opacity: 0.8">{escape(self.reason)}</span>'
        return (
            f'<div class="gilteach-claim" style="{BESIDE_EACH_OTHER}"><b role="img" aria-label="{name}" '
            f'style="{BADGE}; background: {colour}">{self.verdict}</b><span>{escape(self.text)}{reason}</span></div>'
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html(), "text/plain": repr(self)}

    def _ipython_display_(self):
        """Show it, unless this cell has done so: a claim shows itself, and may be the cell's last expression too."""
        if getattr(get_ipython(), "execution_count", None) != _shown.get(id(self)):
            show(self)


def show(settled):
    """Show a claim below the cell that is being executed, in a notebook or IPython."""
    shell = get_ipython()
    if shell is not None:
        _shown[id(settled)] = shell.execution_count
        publish_display_data(settled._repr_mimebundle_())


def claim(text, measured, *, low=None, high=None, needs_cpus=1, background=None):
    """Settle a statement by measured ratios, or by a plain yes or no.

    Of several repeats, the median and its 95 % confidence interval must lie within the bounds for a
    ✓ and beyond the same one of them for a ✗; anything else is too noisy. The interval reaches
    from one repeat to another and supposes nothing about their distribution (it is the sign
    test's). Up to eight repeats it takes in all of them, and it has its 95 % from six on: three
    repeats that agree have 75 %. A single ratio is within the bounds or it isn't.

    Parameters
    ----------
    text : str
        The statement, in words of the prose around it.
    measured : Value, float, sequence of float or bool
        What was measured: a value of a run, a sweep, messages or a program, which knows its repeats and its
        background, such as ``sweep["threads"].cores_busy``; or numbers, one a repeat. Or whether the
        statement is true, where that is a matter of yes and no: ``results == expected``.
    low, high : float, optional
        The statement is true from `low` to `high`, both included. Ratios need at least one of them.
    needs_cpus : int
        The statement is about machines with at least so many usable CPUs.
    background : float or sequence of float, optional
        Cores that other programs kept busy meanwhile, one value or one a run, where `measured` doesn't know
        them. There is no verdict if they were over 0.2 in more than a quarter of the runs.

    Returns
    -------
    Claim
        Shows itself as ``✓ text``, ``✗ text (figures)`` or ``? text (reason)``, without `print`.

    Raises
    ------
    BadValue
        If there are no numbers, or no bounds to hold them against.
    """
    if not isinstance(text, str) or not text.strip():
        raise BadValue(f"text must be a sentence, not {text!r}")
    text = " ".join(text.split())
    if background is None:
        background = getattr(measured, "background", ()) or 0.0
    values = _values("measured", getattr(measured, "repeats", measured))
    bounds = _bounds(low, high, yes_or_no=values.dtype == bool)
    needs_cpus = check.whole_number("needs_cpus", needs_cpus, 1, MOST_CPUS)
    usable, _ = machines.usable_cpus()
    disturbed = _disturbed(background)

    if usable < needs_cpus:
        verdict = "?", f"needs {needs_cpus} usable CPUs; this machine has {usable}"
    elif disturbed:
        verdict = "?", f"too noisy: other programs kept {disturbed}"
    elif values.dtype == bool:
        verdict = ("✓", "it is so here") if values[0] else ("✗", "it isn't so here")
    else:
        verdict = _weigh(values, *bounds)
    settled = Claim(text, *verdict)
    _settled.append(settled)
    show(settled)
    if verdict[0] != "?":
        progress.note("claims", text)
    return settled


def claims():
    """List the claims that this session has settled.

    Returns
    -------
    pandas.DataFrame
        A row per claim, in the order in which they were settled: ``text``, ``verdict``, ``reason``.
    """
    import pandas as pd

    return pd.DataFrame([asdict(settled) for settled in _settled], columns=["text", "verdict", "reason"])


def _weigh(values, low, high):
    """Return the verdict on measured values, and its reason."""
    missing = values[~np.isfinite(values)]
    if len(missing):
        are = "is" if len(missing) == 1 else "are"
        return "?", f"no measurement: {len(missing)} of {len(values)} numbers {are} {missing[0]:g}"
    values = np.sort(values)
    rank = _rank(len(values))
    lowest, median, highest = values[rank], float(np.median(values)), values[-1 - rank]
    lowest_text, median_text, highest_text = _figures((lowest, median, highest), (low, high))
    if len(values) == 1:
        measured = f"measured {median_text}"
    elif rank == 0:
        measured = f"measured {lowest_text} to {highest_text}, median {median_text}"
    else:
        measured = f"measured a median of {median_text}, {lowest_text} to {highest_text} with 95 % confidence"
    reason = f"{measured}; the claim needs {_range(low, high)}"
    if low <= lowest and highest <= high:
        return "✓", reason
    if highest < low or lowest > high:
        return "✗", reason
    return "?", f"too noisy: {reason}"


def _rank(count):
    """Return how many of `count` sorted values may go at each end of the median's interval."""
    # That the true median lies below the value with `rank` others beneath it is as likely as at most
    # `rank` heads in `count` tosses. At each end that may be 1 in 40; whole numbers don't overflow.
    rank, tosses, heads = 0, 1, 1  # how many outcomes have up to `rank` heads; how many have just that
    while True:
        heads = heads * (count - rank) // (rank + 1)
        tosses += heads
        if 40 * tosses > 2**count:
            return rank
        rank += 1


def _figures(values, bounds):
    """Return numbers as text, with as many digits as it takes to see on which side of the bounds they are."""
    for digits in range(3, 17):
        texts = [_figure(value, digits) for value in values]
        shown = [float(text.replace(",", "")) for text in texts]
        if all(
            np.sign(value - bound) == np.sign(seen - bound)
            for value, seen in zip(values, shown, strict=True)
            for bound in bounds
        ):
            break
    return texts


def _figure(value, digits):
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"


def _range(low, high):
    if low == high:
        return f"exactly {low:,.10g}"
    if high == math.inf:
        return f"at least {low:,.10g}"
    if low == -math.inf:
        return f"at most {high:,.10g}"
    return f"{low:,.10g} to {high:,.10g}"


def _values(name, given):
    """Return numbers as an array of floats, or a yes or no as an array of one bool."""
    try:
        values = np.asarray(given)
    except ValueError:  # a list of lists of different lengths
        values = np.asarray(None)
    if values.shape == (0,):
        raise BadValue(f"{name} holds no value: nothing was measured, or what picks the rows picks none")
    if values.dtype.kind not in "biuf" or values.ndim > 1:
        raise BadType(f"{name} must be a number or a sequence of numbers, not {given!r}")
    if values.dtype == bool and values.ndim:
        raise BadType(f"{name} holds several answers of yes or no; say which is meant, with all(…) or any(…)")
    return np.atleast_1d(values if values.dtype == bool else values.astype(float))


def _bounds(low, high, yes_or_no):
    if yes_or_no:
        if low is not None or high is not None:
            raise BadValue("a yes or no has no bounds: leave out low and high")
        return None
    if low is None and high is None:
        raise BadValue("say what the claim needs: low=, high= or both")
    low = -math.inf if low is None else check.number("low", low, -FARTHEST_BOUND, FARTHEST_BOUND)
    high = math.inf if high is None else check.number("high", high, -FARTHEST_BOUND, FARTHEST_BOUND)
    if low > high:
        raise BadValue(f"low must not be above high: no number lies from {low:g} to {high:g}")
    return low, high


def _disturbed(background):
    """Say how busy other programs kept the cores, where that was too much; else return nothing."""
    cores = _values("background", background)
    if cores.dtype == bool or not (cores >= 0).all():
        raise BadValue(f"background must be cores kept busy, 0 or more, not {background!r}")
    noisy = cores[cores > NOISY_BACKGROUND]
    if len(noisy) <= NOISY_SHARE * len(cores):
        return ""
    often = f" in {len(noisy)} of {len(cores)} runs" if len(noisy) < len(cores) else ""
    return f"{np.median(noisy):.1f} cores busy{often}"
