"""The figure of a distribution: every repeat a dot, so that what varies is seen to vary."""

import numpy as np

from .. import check
from ..errors import BadType, BadValue
from .pictures import COLOURS, REFERENCE, new_picture, our_style, text_width
from .words import amount

MOST_ROWS = 12
FARTHEST = 10**12


def distribution(repeats, label):
    """Draw measured values as dots, a row for each kind, with a line at each median.

    Parameters
    ----------
    repeats : dict
        By kind, what each of its repeats measured.
    label : str
        What was measured, with its unit, such as ``"updates lost (%)"``.

    Returns
    -------
    Figure
        A matplotlib figure, shown as a picture in a notebook.

    Raises
    ------
    BadValue
        If there is nothing to draw, or something that isn't a number.
    """
    rows = _checked(repeats)
    if not isinstance(label, str) or not label.strip():
        raise BadType(f"label must say what was measured, not {label!r}")
    colour = COLOURS["threads"]
    with our_style():
        names = max(text_width(kind, 12) for kind in rows)
        picture = new_picture(1.1 + 0.6 * len(rows), left=names / 72 + 0.3, right=1.5, top=0.2)
        axes = picture.subplots()
        for place, values in enumerate(rows.values()):
            # Equal values lie above one another, not on one another: the same spread of heights every time.
            heights = place + np.linspace(-0.2, 0.2, len(values)) * (len(values) > 1)
            axes.plot(values, heights, "o", color=colour, alpha=0.6, markersize=7, markeredgewidth=0, clip_on=False)
            median = float(np.median(values))
            axes.plot([median, median], [place - 0.33, place + 0.33], color=REFERENCE, linewidth=2)
            axes.annotate(
                f"median {_figure(median)}", (1.0, place), xycoords=axes.get_yaxis_transform(),
                xytext=(10, 0), textcoords="offset points", va="center", color=REFERENCE, annotation_clip=False,
            )  # fmt: skip
        axes.set_yticks(range(len(rows)), list(rows))
        axes.tick_params(axis="y", length=0, pad=8)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(min(0.0, *(min(values) for values in rows.values())))
        if not any(any(values) for values in rows.values()):
            axes.set_xlim(0, 1)
        axes.set_xlabel(label)
    said = (
        f"{kind}: {_figure(min(values))} to {_figure(max(values))}, median {_figure(np.median(values))}, "
        f"of {len(values)} repeats"
        for kind, values in rows.items()
    )
    picture.alt = f"{label}. {'. '.join(said)}."
    return picture


def _figure(value):
    """Return a number to three digits."""
    return amount(float(f"{value:.3g}"), "")


def _checked(repeats):
    if not isinstance(repeats, dict):
        raise BadType(f"repeats must be a dict such as {{'with a lock': [0, 0, 0]}}, not {repeats!r}")
    if not 1 <= len(repeats) <= MOST_ROWS:
        raise BadValue(f"repeats must hold 1 to {MOST_ROWS} kinds, not {len(repeats)}")
    rows = {}
    for kind, values in repeats.items():
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise BadType(f"the repeats of {kind!r} must be a list of numbers, not {values!r}")
        rows[str(kind)] = [check.number(f"each repeat of {kind!r}", value, -FARTHEST, FARTHEST) for value in values]
        if not rows[str(kind)]:
            raise BadValue(f"there is no repeat of {kind!r}")
    return rows
