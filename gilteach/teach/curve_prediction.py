"""A prediction of a curve, drawn with handles, and shown over the measured one."""

import ipywidgets as widgets
import numpy as np

from .. import check
from ..errors import BadType, BadValue
from ..measuring.sweeps import SETTING, Sweep
from ..show.pictures import COLOURS, MARKERS, REFERENCE, new_picture, our_style
from .prediction import FARTHEST, Prediction, amount, close, contrast, height, in_range, make_slider, several

MOST_POINTS = 10  # handles that fit side by side at 1280 pixels, the file browser open
LEVEL = 0.25  # of the larger end: a curve whose ends differ by less counts as level
PREDICTED = "#8F4A73"  # no runner's colour, and dark enough for text
QUANTITIES = {  # the columns of `Sweep.comparisons` that a curve can be about
    "wall_s": "wall time in seconds",
    "startup_s": "start-up time in seconds",
    "cpu_s": "CPU time in seconds",
    "cores_busy": "cores busy",
    "speed_up": "speed-up (×)",
}
TRENDS = {"fall": "falls", "rise": "rises", "stay about level": "stays about level"}


class CurvePrediction(Prediction):
    """A question for a curve, drawn with a handle for each of its points."""

    def __init__(self, question, low, high, unit, at, over):
        points = sorted(several("at", at, MOST_POINTS, _point))
        self._unit, self._over, self._limits = unit, over, (low, high)
        upright = {"orientation": "vertical", "layout": {"height": "200px"}}
        self._handles = {point: make_slider(low, high, description=f"{point:,.10g}", **upright) for point in points}
        inputs = list(self._handles.values())
        hint = widgets.Label(
            f"Move the handles to draw the curve, {in_range(low, high, unit)}; above them, the {over}:"
        )
        answers = f"a curve over {', '.join(f'{point:,.10g}' for point in points)} {over}, {in_range(low, high, unit)}"
        super().__init__(question, answers, [hint, widgets.HBox(inputs, layout={"flex_flow": "row wrap"})], inputs)

    def compare(self, measured, *, runner=None, column="wall_s"):
        """Draw the measured curve, and over it the predicted one where there is one.

        Parameters
        ----------
        measured : Sweep, dict or Series
            A sweep over what the prediction is over; or the measured value at each point.
        runner : str, optional
            Whose curve it is; may be left out for a sweep with one runner.
        column : {"wall_s", "startup_s", "cpu_s", "cores_busy", "speed_up"}
            Which quantity of a sweep was predicted.

        Returns
        -------
        Comparison
            Keeps its contents back while the question waits for an answer.
        """
        label = self._unit
        if isinstance(measured, Sweep):
            label = QUANTITIES[check.choice("column", column, QUANTITIES)]
            curve, runner = _curve_of_sweep(measured, runner, column)
        elif hasattr(measured, "items"):
            curve = {_point(x): (check.number("measured", y, -FARTHEST, FARTHEST),) * 3 for x, y in measured.items()}
        else:
            raise BadType(f"measured must be a Sweep, or values by point such as {{1: 0.5, 2: 1.0}}, not {measured!r}")
        curve = dict(sorted(curve.items()))
        if not curve.keys() & self._handles.keys():
            here, there = (", ".join(f"{x:,.10g}" for x in points) for points in (self._handles, curve))
            raise BadValue(f"predicted at {here} {self._over}, measured at {there}: they have no point in common")

        def answer(value):
            medians = {x: median for x, (_, median, _) in curve.items()}
            picture = _draw(value, curve, runner, label, self._over, self._limits)
            picture.alt = f"Measured: {self._listing(medians)}."
            if value is None:
                return [picture.alt], picture
            lines = self._findings(value, medians)
            picture.alt = " ".join([f"Predicted: {self._listing(value)}.", picture.alt, *lines])
            return lines, picture

        return self._compare(answer)

    def _read(self):
        return {point: height(handle) for point, handle in self._handles.items()}

    def _findings(self, predicted, measured):
        """Say how two curves run, and where they are furthest apart."""
        shared = [x for x in predicted if x in measured]
        first, last = shared[0], shared[-1]
        lines = []
        if first != last:
            yours, theirs = (_trend(heights[first], heights[last]) for heights in (predicted, measured))
            outcome = "and so it does" if yours == theirs else f"but it {TRENDS[theirs]}"
            lines.append(f"From {first:,.10g} to {self._at(last)} you had it {yours}, {outcome}.")
        off = [x for x in shared if not close(predicted[x], measured[x])]
        if not off:
            return [*lines, "You were close everywhere."]
        x = max(off, key=lambda x: abs(predicted[x] - measured[x]))
        apart = contrast(predicted[x], measured[x], self._unit)
        return [*lines, f"Furthest off at {self._at(x)}: you predicted {apart}."]

    def _listing(self, heights):
        return ", ".join(f"{amount(height, self._unit)} at {self._at(x)}" for x, height in heights.items())

    def _at(self, x):
        return f"{x:,.10g} {self._over.removesuffix('s') if x == 1 else self._over}"


def _curve_of_sweep(sweep, runner, column):
    """Return a runner's curve, as {x: (lowest, median, highest) of the repeats}, and the runner."""
    frame = sweep.comparisons
    runners = list(frame["runner"].unique())
    if runner is None and len(runners) > 1:
        raise BadValue(f"say whose curve was predicted: runner= one of {', '.join(map(repr, runners))}")
    runner = runners[0] if runner is None else check.choice("runner", runner, runners)
    rows = frame[frame["runner"] == runner]
    if rows[SETTING].drop_duplicates()[sweep.axis].duplicated().any():
        raise BadValue(f"the sweep has several curves over {sweep.axis} for {runner!r}; sweep one thing at a time")
    rows = rows.dropna(subset=[column])
    if rows.empty:
        raise BadValue(f"the sweep has no {column} for {runner!r}: it needs serial runs of the same work")
    table = rows.groupby(sweep.axis)[column].agg(["min", "median", "max"])
    return {_point(x): tuple(heights) for x, *heights in table.itertuples()}, runner


def _draw(value, curve, runner, label, over, limits):
    """Draw a measured curve, and a predicted one dashed over it.

    The points are as far apart as the handles: the learner's curve looks the way it was drawn.
    """
    points = sorted({*curve, *(value or ())})
    low, median, high = np.array(list(curve.values())).T
    heights = [*low, *high, *(limits if value is not None else (0,))]  # the range of the handles, if they were used
    margin = 0.04 * (max(heights) - min(heights)) or 1
    colour = COLOURS.get(runner, REFERENCE)
    ends = [(median[-1], f"measured: {runner}" if runner else "measured", colour)]
    with our_style():
        picture = new_picture(3.4, right=1.8, top=0.2)
        axes = picture.subplots()
        axes.errorbar(
            [points.index(x) for x in curve], median, [median - low, high - median],
            color=colour, marker=MARKERS.get(runner, "o"), elinewidth=1.2, capsize=3,
        )  # fmt: skip
        if value is not None:
            axes.plot(
                [points.index(x) for x in value], list(value.values()), color=PREDICTED, linestyle="--", marker="D",
                markerfacecolor="white", zorder=3,
            )  # fmt: skip
            ends.append((list(value.values())[-1], "your prediction", PREDICTED))
        axes.set_xticks(range(len(points)), [f"{x:,.10g}" for x in points])
        axes.set_xlim(-0.3, len(points) - 0.7)
        axes.set_ylim(min(heights) - margin * (min(heights) < 0), max(heights) + margin)
        axes.set(xlabel=over, ylabel=label)
        # The lower name hangs from the end of its line and the higher one stands on it, so they never overlap.
        for side, (height, text, colour) in zip(("top", "bottom") if value else ("center",), sorted(ends), strict=True):
            axes.annotate(
                text, (1.0, height), xycoords=("axes fraction", "data"), xytext=(6, 0), textcoords="offset points",
                va=side, color=colour, annotation_clip=False,
            )  # fmt: skip
    return picture


def _point(x):
    x = check.number("each point", x, 0, FARTHEST)
    return int(x) if x.is_integer() else x


def _trend(first, last):
    """Return which of TRENDS leads from one height to another."""
    if abs(last - first) <= LEVEL * max(abs(first), abs(last)):
        return "stay about level"
    return "rise" if last > first else "fall"
