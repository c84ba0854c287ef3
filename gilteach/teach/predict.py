"""`predict`: which kind of question is asked."""

from .. import check
from ..errors import BadType, BadValue
from .curve_prediction import CurvePrediction
from .prediction import FARTHEST, ChoicePrediction, NumberPrediction


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
