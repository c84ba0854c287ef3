"""A prediction: a question that is asked before the measurement answers it.

    predict  ─► Prediction: controls, Submit, Skip
                    │ once one of the two is pressed
    .compare ─► Comparison: words, and the prediction over the measurement

Nothing ever waits for the learner: a cell that compares ends at once, and the callback of the button
shows what there is to show; what else a cell shows is held back by `answers`. Where nobody can press one,
without a browser or in a stored notebook, there is the measurement alone.
"""

import math
import threading
from html import escape

import ipywidgets as widgets

from .. import check
from ..errors import BadType, BadValue
from ..show.pictures import Picture
from ..show.words import seconds
from .answers import cell_on_a_page

FARTHEST = 10**12  # a number that can be predicted, either way from 0
MOST_CHOICES = 10
CLOSE = 0.1  # of the larger of two numbers
SIMPLE_RATIOS = {"a quarter of": 1 / 4, "a third of": 1 / 3, "half": 1 / 2, "twice": 2, "three times": 3}


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
        self._asked = self._decided = False
        self.first_held_back = None  # the cell in whose place it says what is waited for
        self._when_decided = []
        self._state = threading.RLock()  # guards these; a callback may come while a cell runs
        self._submit = widgets.Button(
            description="Submit", icon="check", button_style="primary", disabled=True, tooltip="Answer first"
        )
        self._skip = widgets.Button(description="Skip", icon="forward", tooltip="Show the answer without a prediction")
        self._submit.on_click(lambda _: self._press_submit())
        self._skip.on_click(lambda _: self._decide(None, "Skipped."))
        for control in inputs:
            control.observe(self._answered, "value")
        self._status = widgets.HTML()
        buttons = widgets.HBox([self._submit, self._skip, self._status], layout={"align_items": "center"})
        self.widget = widgets.VBox([widgets.HTML(as_html(question)), *controls, buttons])

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
            Keeps its contents back while the question waits.
        """
        measured = self._checked(measured)
        if figure is not None and not isinstance(figure, Picture):
            raise BadType(f"figure must be one of gilteach's, such as run.figure(), not {figure!r}")
        return self._compare(lambda value: ([self._verdict(value, measured)], figure))

    def _compare(self, answer):
        comparison = Comparison(self, answer)
        self.when_decided(comparison._update)
        return comparison

    def _answered(self, _):
        """A handle was moved or a choice made, so that there is something to submit."""
        with self._state:
            self._submit.disabled = self._decided

    def _press_submit(self):
        self._decide(self._read(), "Submitted.")

    def _decide(self, value, status):
        with self._state:
            if self._decided:
                return
            self.value, self._decided = value, True
            for control in (*self._inputs, self._submit, self._skip):
                control.disabled = True
            self._status.value = as_html(status)
            for call in self._when_decided:
                call()

    @property
    def waits(self):
        """Whether somebody may still answer it: it was asked on a page with buttons, and none was pressed."""
        return self._asked and not self._decided

    def when_decided(self, call):
        """Call a function once the question no longer waits: at once, if it doesn't now."""
        with self._state:
            if self.waits:
                self._when_decided.append(call)
                return
        call()

    def _repr_mimebundle_(self, include=None, exclude=None):
        self._asked = bool(cell_on_a_page())
        return {**self.widget._repr_mimebundle_(), "text/plain": f"{self.question}\n{self._answers}"}

    def __repr__(self):
        return f"<{type(self).__name__} {self.question!r}, value {self.value!r}>"


class NumberPrediction(Prediction):
    """A question for a number, answered with a slider."""

    def __init__(self, question, low, high, unit):
        self._unit = unit
        slider = make_slider(low, high, layout={"width": "600px"})
        super().__init__(question, in_range(low, high, unit), [widgets.HBox([slider, widgets.Label(unit)])], [slider])

    def _read(self):
        return height(self._inputs[0])

    def _checked(self, measured):
        return check.number("measured", measured, -FARTHEST, FARTHEST)

    def _verdict(self, value, measured):
        if value is None:
            return f"Measured: {amount(measured, self._unit)}."
        return f"You predicted {contrast(value, measured, self._unit)}."


class ChoicePrediction(Prediction):
    """A question with answers to choose from."""

    def __init__(self, question, choices):
        choices = several("choices", choices, MOST_CHOICES, _choice)
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
        if self._prediction.waits:
            self.widget.value = as_html("Make your prediction above, or press Skip, and the measurement appears here.")
        else:
            self.widget.value = as_html(*self.words) + (self.picture.html() if self.picture else "")

    def _repr_mimebundle_(self, include=None, exclude=None):
        data, metadata = self.picture._repr_mimebundle_() if self.picture else ({}, {})
        return {**data, **self.widget._repr_mimebundle_(), "text/plain": repr(self)}, metadata

    def __repr__(self):
        return "\n".join(self.words)


def make_slider(low, high, **options):
    """Return a slider of 50 to 100 steps, each 1, 2 or 5 times a power of ten; its handle is in the middle."""
    finest = 0.999 * (high - low) / 100  # a little less, for rounding errors
    power = 10.0 ** math.floor(math.log10(finest))
    step = next(digit * power for digit in (1, 2, 5, 10) if digit * power > finest)
    decimals = max(0, -math.floor(math.log10(1.001 * step)))
    middle = low + round((high - low) / 2 / step) * step
    return widgets.FloatSlider(middle, min=low, max=high, step=step, readout_format=f",.{decimals}f", **options)


def height(slider):
    return round(slider.value, 10)  # the browser sends 0.30000000000000004 for 0.3


def several(name, given, most, check_one):
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


def contrast(predicted, measured, unit):
    """Say how far a predicted number and a measured one are apart."""
    text = f"{amount(predicted, unit)}; measured {amount(measured, unit)}"
    if close(predicted, measured):
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


def close(predicted, measured):
    return abs(measured - predicted) <= CLOSE * max(abs(measured), abs(predicted))


def amount(value, unit):
    """Return a number with its unit, to about three digits."""
    if unit == "s" and value > 0:
        return seconds(value)
    return f"{value:,.0f} {unit}".strip() if abs(value) >= 1000 else f"{value:.3g} {unit}".strip()


def in_range(low, high, unit):
    return f"from {low:,.10g} to {high:,.10g} {unit}".strip()


def as_html(*lines):
    # role="status" has a screen reader announce it.
    text = "<br>".join(escape(line) for line in lines)
    return f'<div role="status" style="font-size: 115%; line-height: 1.5">{text}</div>'
