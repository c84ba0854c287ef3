"""Predictions: a question that is asked before the measurement answers it.

    predict  ─► Prediction: controls, Submit, Skip
                    │ once one of the two is pressed
    .compare ─► Comparison: "Make your prediction …" ─► words, and the prediction over the measurement

Nothing ever waits for the learner: a cell that compares ends at once, and the callback of the button
shows what there is to show. Where nobody can press one, without a browser or in a stored notebook,
there is the measurement alone.
"""

import math
import threading
from html import escape

import ipywidgets as widgets
import numpy as np

from .. import check
from ..errors import BadType, BadValue
from ..measuring.sweeps import SETTING, Sweep
from ..show.figures import COLOURS, MARKERS, REFERENCE, Picture, new_picture, our_style
from ..show.words import seconds

FARTHEST = 10**12  # a number that can be predicted, either way from 0
MOST_CHOICES = 10
MOST_POINTS = 10  # handles that fit side by side at 1280 pixels, the file browser open
CLOSE = 0.1  # of the larger of two numbers
LEVEL = 0.25  # of the larger end: a curve whose ends differ by less counts as level
PREDICTED = "#8F4A73"  # no runner's colour, and dark enough for text
QUANTITIES = {  # the columns of `Sweep.comparisons` that a curve can be about
    "wall_s": "wall time in seconds",
    "startup_s": "start-up time in seconds",
    "cpu_s": "CPU time in seconds",
    "cores_busy": "cores busy",
    "speed_up": "speed-up (×)",
}
SIMPLE_RATIOS = {"a quarter of": 1 / 4, "a third of": 1 / 3, "half": 1 / 2, "twice": 2, "three times": 3}
TRENDS = {"fall": "falls", "rise": "rises", "stay about level": "stays about level"}


def predict(question, *, choices=None, low=None, high=None, at=None, unit="", over="workers"):
    """Ask for a prediction before the measurement gives the answer.

    Give `choices`; or `low` and `high` for a number; or those two and `at` for a curve. Display what
    is returned as the last expression of a cell, measure in another, and end a third with
    ``.compare(…)``. No cell waits for the learner, who may also skip the question.

    Parameters
    ----------
    question : str
        What is asked.
    choices : sequence of str, optional
        The answers to choose from, 2 to 10.
    low, high : float, optional
        The range of the sliders.
    at : sequence of float, optional
        Where the curve has its handles: 2 to 10 worker counts, or sizes.
    unit : str
        The unit of `low` and `high`, such as ``"s"``.
    over : str
        What `at` counts, in the plural, such as ``"workers"`` or ``"iterations"``.

    Returns
    -------
    Prediction
        Its `value` is None until the learner submits one; its `compare` shows the answer.

    Raises
    ------
    BadValue
        If it isn't clear what kind of answer is wanted, or an argument isn't allowed.
    """
    for name, text in (("question", question), ("unit", unit), ("over", over)):
        if not isinstance(text, str):
            raise BadType(f"{name} must be a string, not {text!r}")
    if not question.strip():
        raise BadValue("question must say what to predict")
    if choices is not None:
        if any(given is not None for given in (low, high, at)):
            raise BadValue("choices go without low, high and at: a question has one kind of answer")
        return ChoicePrediction(question, choices)
    if low is None or high is None:
        raise BadValue("say what to predict: choices=[…]; or low= and high=, for a curve with at=[…]")
    low = check.number("low", low, -FARTHEST, FARTHEST)
    high = check.number("high", high, -FARTHEST, FARTHEST)
    if low >= high:
        raise BadValue(f"low must be below high, and {low:g} isn't below {high:g}")
    if at is None:
        return NumberPrediction(question, low, high, unit)
    return CurvePrediction(question, low, high, unit, at, over)


class Prediction:
    """A question and its controls, for one of three kinds of answer.

    Attributes
    ----------
    question : str
        What is asked.
    value : float, str, dict or None
        What the learner has submitted: a number, a choice, or the curve's height at each point. None
        before that, and if the question was skipped.
    widget : ipywidgets.Widget
        What the learner sees.
    """

    def __init__(self, question, answers, controls, inputs):
        self.question = question
        self.value = None
        self._answers = answers  # what can be answered, in words, for a page without controls
        self._inputs = inputs
        self._displayed = self._decided = False
        self._comparisons = []
        self._state = threading.RLock()  # guards these; a callback may come while a cell runs
        self._submit = widgets.Button(description="Submit", icon="check", button_style="primary")
        self._skip = widgets.Button(description="Skip", icon="forward", tooltip="Show the answer without a prediction")
        self._submit.on_click(lambda _: self._press_submit())
        self._skip.on_click(lambda _: self._decide(None, "Skipped."))
        self._status = widgets.HTML()
        buttons = widgets.HBox([self._submit, self._skip, self._status], layout={"align_items": "center"})
        self.widget = widgets.VBox([widgets.HTML(_as_html(question)), *controls, buttons])

    def compare(self, measured, *, figure=None):
        """Show what was measured, beside the prediction where there is one.

        Parameters
        ----------
        measured : float or str
            The answer: a number in the question's unit, or the right one of its choices.
        figure : Figure, optional
            A figure to show with it, such as ``run.figure()``.

        Returns
        -------
        Comparison
            Keeps its contents back while the question waits for an answer.
        """
        measured = self._checked(measured)
        if figure is not None and not isinstance(figure, Picture):
            raise BadType(f"figure must be one of gilteach's, such as run.figure(), not {figure!r}")
        return self._compare(lambda value: ([self._verdict(value, measured)], figure))

    def _compare(self, answer):
        with self._state:
            self._comparisons.append(Comparison(self, answer))
            return self._comparisons[-1]

    def _press_submit(self):
        value = self._read()
        if value is None:
            self._status.value = _as_html("Choose an answer first, or press Skip.")
        else:
            self._decide(value, "Submitted.")

    def _decide(self, value, status):
        with self._state:
            if self._decided:
                return
            self.value, self._decided = value, True
            for control in (*self._inputs, self._submit, self._skip):
                control.disabled = True
            self._status.value = _as_html(status)
            for comparison in self._comparisons:
                comparison._update()

    @property
    def _awaited(self):
        """Whether somebody may still answer: a question that was never displayed keeps nothing back."""
        return self._displayed and not self._decided

    def _repr_mimebundle_(self, include=None, exclude=None):
        self._displayed = True
        return {**self.widget._repr_mimebundle_(), "text/plain": f"{self.question}\n{self._answers}"}

    def __repr__(self):
        return f"<{type(self).__name__} {self.question!r}, value {self.value!r}>"


class NumberPrediction(Prediction):
    """A question for a number, answered with a slider."""

    def __init__(self, question, low, high, unit):
        self._unit = unit
        slider = _slider(low, high, layout={"width": "600px"})
        super().__init__(question, _range(low, high, unit), [widgets.HBox([slider, widgets.Label(unit)])], [slider])

    def _read(self):
        return _height(self._inputs[0])

    def _checked(self, measured):
        return check.number("measured", measured, -FARTHEST, FARTHEST)

    def _verdict(self, value, measured):
        if value is None:
            return f"Measured: {_amount(measured, self._unit)}."
        return f"You predicted {_contrast(value, measured, self._unit)}."


class ChoicePrediction(Prediction):
    """A question with answers to choose from."""

    def __init__(self, question, choices):
        choices = _several("choices", choices, MOST_CHOICES, _choice)
        radio = widgets.RadioButtons(options=choices, value=None, layout={"width": "max-content"})
        super().__init__(question, "\n".join(f"○ {choice}" for choice in choices), [radio], [radio])

    def _read(self):
        return self._inputs[0].value

    def _checked(self, measured):
        return check.choice("measured", measured, self._inputs[0].options)

    def _verdict(self, value, measured):
        if value is None:
            return f"Measured: {measured}."
        return f"You predicted “{value}”" + (", and so it is." if value == measured else f"; measured: “{measured}”.")


class CurvePrediction(Prediction):
    """A question for a curve, drawn with a handle for each of its points."""

    def __init__(self, question, low, high, unit, at, over):
        points = sorted(_several("at", at, MOST_POINTS, _point))
        self._unit, self._over, self._limits = unit, over, (low, high)
        upright = {"orientation": "vertical", "layout": {"height": "200px"}}
        self._handles = {point: _slider(low, high, description=f"{point:,.10g}", **upright) for point in points}
        inputs = list(self._handles.values())
        hint = widgets.Label(f"Move the handles to draw the curve, {_range(low, high, unit)}; above them, the {over}:")
        answers = f"a curve over {', '.join(f'{point:,.10g}' for point in points)} {over}, {_range(low, high, unit)}"
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
        return {point: _height(handle) for point, handle in self._handles.items()}

    def _findings(self, predicted, measured):
        """Say how two curves run, and where they are furthest apart."""
        shared = [x for x in predicted if x in measured]
        first, last = shared[0], shared[-1]
        lines = []
        if first != last:
            yours, theirs = (_trend(heights[first], heights[last]) for heights in (predicted, measured))
            outcome = "and so it does" if yours == theirs else f"but it {TRENDS[theirs]}"
            lines.append(f"From {first:,.10g} to {self._at(last)} you had it {yours}, {outcome}.")
        off = [x for x in shared if not _close(predicted[x], measured[x])]
        if not off:
            return [*lines, "You were close everywhere."]
        x = max(off, key=lambda x: abs(predicted[x] - measured[x]))
        contrast = _contrast(predicted[x], measured[x], self._unit)
        return [*lines, f"Furthest off at {self._at(x)}: you predicted {contrast}."]

    def _listing(self, heights):
        return ", ".join(f"{_amount(height, self._unit)} at {self._at(x)}" for x, height in heights.items())

    def _at(self, x):
        return f"{x:,.10g} {self._over.removesuffix('s') if x == 1 else self._over}"


class Comparison:
    """A prediction beside the measurement, kept back until the question is answered or skipped.

    Attributes
    ----------
    words : list of str
        How they compare.
    picture : Figure or None
        The figure that goes with them.
    widget : ipywidgets.Widget
        What the learner sees.
    """

    def __init__(self, prediction, answer):
        self._prediction = prediction
        self._answer = answer  # takes the predicted value or None, returns words and picture
        self.widget = widgets.HTML()
        self._update()

    def _update(self):
        self.words, self.picture = self._answer(self._prediction.value)
        if self._prediction._awaited:
            text = "Make your prediction above, or press Skip, and the measurement appears here."
            self.widget.value = _as_html(text)
        else:
            self.widget.value = _as_html(*self.words) + (self.picture.html() if self.picture else "")

    def _repr_mimebundle_(self, include=None, exclude=None):
        data, metadata = self.picture._repr_mimebundle_() if self.picture else ({}, {})
        return {**data, **self.widget._repr_mimebundle_(), "text/plain": repr(self)}, metadata

    def __repr__(self):
        return "\n".join(self.words)


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
        picture = new_picture(height=3.4)
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


def _slider(low, high, **options):
    """Return a slider of 50 to 100 steps, each 1, 2 or 5 times a power of ten; its handle is in the middle."""
    finest = 0.999 * (high - low) / 100  # a little less, for rounding errors
    power = 10.0 ** math.floor(math.log10(finest))
    step = next(digit * power for digit in (1, 2, 5, 10) if digit * power > finest)
    decimals = max(0, -math.floor(math.log10(1.001 * step)))
    middle = low + round((high - low) / 2 / step) * step
    return widgets.FloatSlider(middle, min=low, max=high, step=step, readout_format=f",.{decimals}f", **options)


def _height(slider):
    return round(slider.value, 10)  # the browser sends 0.30000000000000004 for 0.3


def _several(name, given, most, check_one):
    """Return a list of 2 to `most` different things, each checked."""
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise BadType(f"{name} must be a sequence, not {given!r}")
    values = [check_one(value) for value in given]
    if not 2 <= len(set(values)) == len(values) <= most:
        raise BadValue(f"{name} must hold 2 to {most} different values, not {given!r}")
    return values


def _choice(text):
    if not isinstance(text, str) or not text.strip():
        raise BadType(f"each of choices must be a string that says something, not {text!r}")
    return text


def _point(x):
    x = check.number("each point", x, 0, FARTHEST)
    return int(x) if x.is_integer() else x


def _contrast(predicted, measured, unit):
    """Say how far a predicted number and a measured one are apart."""
    text = f"{_amount(predicted, unit)}; measured {_amount(measured, unit)}"
    if _close(predicted, measured):
        return f"{text}: close"
    if min(predicted, measured) <= 0:
        return text
    ratio = measured / predicted
    for words, simple in SIMPLE_RATIOS.items():
        if abs(ratio / simple - 1) < 0.05:
            return f"{text}: {words} that"
    if ratio < 1:
        return f"{text}: {100 * ratio:.2g} % of that"
    return f"{text}: {ratio:,.0f} times that" if ratio >= 10 else f"{text}: {ratio:.2g} times that"


def _close(predicted, measured):
    return abs(measured - predicted) <= CLOSE * max(abs(measured), abs(predicted))


def _trend(first, last):
    """Return which of TRENDS leads from one height to another."""
    if abs(last - first) <= LEVEL * max(abs(first), abs(last)):
        return "stay about level"
    return "rise" if last > first else "fall"


def _amount(value, unit):
    """Return a number with its unit, to about three digits."""
    if unit == "s" and value > 0:
        return seconds(value)
    return f"{value:,.0f} {unit}".strip() if abs(value) >= 1000 else f"{value:.3g} {unit}".strip()


def _range(low, high, unit):
    return f"from {low:,.10g} to {high:,.10g} {unit}".strip()


def _as_html(*lines):
    # role="status" has a screen reader announce it.
    text = "<br>".join(escape(line) for line in lines)
    return f'<div role="status" style="font-size: 115%; line-height: 1.5">{text}</div>'
