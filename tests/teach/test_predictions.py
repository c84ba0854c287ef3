"""`gt.predict`: what is asked, what is kept back, and what is said about the difference."""

import base64
import io
import threading

import pandas as pd
import pytest
from PIL import Image

import gilteach as gt
from gilteach.teach import prediction

QUESTION = "How long will 3 threads take?"
CHOICES = ["shorter", "about the same", "longer"]
WAITING = "Make your prediction above, or press Skip"
VIEW = "application/vnd.jupyter.widget-view+json"


def ask_number(**options):
    return gt.predict(QUESTION, **({"low": 0, "high": 10, "unit": "s"} | options))


def ask_choice():
    return gt.predict(QUESTION, choices=CHOICES)


def ask_curve(**options):
    return gt.predict(QUESTION, **({"at": [1, 2, 4, 8], "low": 0, "high": 8, "unit": "s"} | options))


KINDS = {"number": (ask_number, 2.0), "choice": (ask_choice, "longer"), "curve": (ask_curve, {1: 1.0, 2: 2.0, 8: 8.0})}


@pytest.fixture(autouse=True)
def _on_a_page(monkeypatch):
    """Somebody sees the buttons."""
    monkeypatch.setattr(prediction, "cell_on_a_page", lambda: "a cell")


@pytest.fixture(params=KINDS)
def asked(request):
    """A question on screen, with a measurement that answers it."""
    ask, measured = KINDS[request.param]
    guess = ask()
    display(guess)
    return guess, measured


@pytest.fixture
def level_sweep(make_run, make_sweep):
    """Threads that take 2 s whatever their number, measured twice; with serial runs."""
    return make_sweep(
        *[
            (repeat, make_run(runner, workers, tasks=None, wall=wall + 0.1 * repeat))
            for repeat in range(2)
            for runner, wall in (("serial", 4.0), ("threads", 2.0))
            for workers in (1, 2, 4, 8)
        ]
    )


def display(shown):
    """Do what a cell does with its last expression; return the data."""
    bundle = shown._repr_mimebundle_()
    return bundle[0] if isinstance(bundle, tuple) else bundle


def answer(guess):
    """Move the controls a bit and submit."""
    for control in guess._inputs:
        control.value = control.options[0] if hasattr(control, "options") else control.max
    guess._submit.click()


# ── whatever the kind ────────────────────────────────────────────────────────────────────────


def test_value_comes_with_submit_and_is_final(asked):
    guess, _ = asked
    assert guess.value is None
    answer(guess)
    value = guess.value
    assert value in (10.0, "shorter", {1: 8.0, 2: 8.0, 4: 8.0, 8: 8.0})
    assert all(control.disabled for control in (*guess._inputs, guess._submit, guess._skip))
    guess._skip.click()
    assert guess.value == value


def test_skip_leaves_no_value(asked):
    guess, measured = asked
    guess._skip.click()
    assert guess.value is None
    guess._submit.click()
    assert guess.value is None
    assert "You predicted" not in guess.compare(measured).widget.value


def test_comparison_is_kept_back_until_submit(asked):
    guess, measured = asked
    comparison = guess.compare(measured)
    display(comparison)
    assert WAITING in comparison.widget.value
    assert "<img" not in comparison.widget.value
    answer(guess)
    assert WAITING not in comparison.widget.value
    assert all(line in comparison.widget.value for line in map(prediction.escape, comparison.words))
    assert "predicted" in comparison.widget.value or "you had it" in comparison.widget.value


def test_comparison_is_kept_back_until_skip(asked):
    guess, measured = asked
    comparison = guess.compare(measured)
    guess._skip.click()
    assert "Measured: " in comparison.widget.value
    assert WAITING not in comparison.widget.value


def test_comparison_after_submit_shows_at_once(asked):
    guess, measured = asked
    answer(guess)
    assert WAITING not in guess.compare(measured).widget.value


def test_every_comparison_appears(asked):
    guess, measured = asked
    both = [guess.compare(measured), guess.compare(measured)]
    answer(guess)
    assert both[0].widget.value == both[1].widget.value
    assert WAITING not in both[0].widget.value


def test_buttons_may_be_pressed_from_another_thread(asked):
    guess, measured = asked
    comparison = guess.compare(measured)
    thread = threading.Thread(target=answer, args=(guess,))
    thread.start()
    thread.join()
    assert guess.value is not None
    assert WAITING not in comparison.widget.value


def test_stored_outputs_need_no_kernel(asked):
    guess, measured = asked
    comparison = guess.compare(measured)
    question, answered = display(guess), display(comparison)
    assert question.keys() == {VIEW, "text/plain"}
    assert question["text/plain"].startswith(QUESTION)
    assert answered.keys() - {"image/png"} == {VIEW, "text/plain"}
    assert answered["text/plain"].startswith("Measured: ")
    assert question[VIEW]["model_id"] != answered[VIEW]["model_id"]


def test_question_that_was_never_displayed_keeps_nothing_back():
    for ask, measured in KINDS.values():
        assert "Measured: " in ask().compare(measured).widget.value


def test_question_is_text_and_not_html():
    guess = gt.predict("Is 1 < 2 <b>here</b>?", low=0, high=1)
    assert "1 &lt; 2 &lt;b&gt;" in guess.widget.children[0].value


@pytest.mark.slow
def test_figure_is_kept_back_too(make_run):
    figure = make_run().figure()
    for ask, measured in (KINDS["number"], KINDS["choice"]):
        guess = ask()
        display(guess)
        comparison = guess.compare(measured, figure=figure)
        assert "<img" not in comparison.widget.value
        guess._skip.click()
        assert "<img" in comparison.widget.value
        assert "image/png" in display(comparison)
        with pytest.raises(gt.BadType, match="figure must be one of gilteach's"):
            guess.compare(measured, figure="a.png")


# ── a number ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("predicted", "measured", "words"),
    [
        (6, 2.0, "You predicted 6.00 s; measured 2.00 s: a third of that."),
        (2, 2.04, "You predicted 2.00 s; measured 2.04 s: close."),
        (2, 4.1, "You predicted 2.00 s; measured 4.10 s: twice that."),
        (2, 2.8, "You predicted 2.00 s; measured 2.80 s: 1.4 times that."),
        (0.1, 9, "You predicted 0.10 s; measured 9.00 s: 90 times that."),
        (10, 0.25, "You predicted 10.0 s; measured 0.25 s: 2.5 % of that."),
        (0, 2.0, "You predicted 0 s; measured 2.00 s."),
        (0, 0, "You predicted 0 s; measured 0 s: close."),
    ],
)
def test_number_in_words(predicted, measured, words):
    guess = ask_number()
    guess._inputs[0].value = predicted
    guess._submit.click()
    assert guess.compare(measured).words == [words]


@pytest.mark.parametrize("unit", ["×", "cores", ""])
def test_other_units(unit):
    guess = ask_number(unit=unit)
    guess._inputs[0].value = 3
    guess._submit.click()
    predicted, measured = f"3 {unit}".strip(), f"1,234 {unit}".strip()
    assert guess.compare(1234.4).words == [f"You predicted {predicted}; measured {measured}: 411 times that."]


@pytest.mark.parametrize(("low", "high"), [(0, 10), (0, 3), (1, 100), (0, 0.002), (-5, 5), (0, 1_000_000), (0.1, 0.3)])
def test_slider_has_fitting_steps(low, high):
    slider = gt.predict(QUESTION, low=low, high=high)._inputs[0]
    assert 40 <= (high - low) / slider.step <= 101
    assert low <= slider.value <= high
    assert format(slider.step, slider.readout_format).replace(",", "") == f"{slider.step:.10f}".rstrip("0").rstrip(".")


@pytest.mark.parametrize("measured", ["2", None, float("nan"), True])
def test_measured_number_must_be_one(measured):
    with pytest.raises(gt.BadValue, match="measured must be a number"):
        ask_number().compare(measured)


# ── a choice ─────────────────────────────────────────────────────────────────────────────────


def test_choice_in_words():
    guess = ask_choice()
    guess._inputs[0].value = "longer"
    guess._submit.click()
    assert guess.value == "longer"
    assert guess.compare("about the same").words == ["You predicted “longer”; measured: “about the same”."]
    assert guess.compare("longer").words == ["You predicted “longer”, and so it is."]


def test_nothing_can_be_submitted_before_a_handle_was_moved_or_a_choice_made(asked):
    guess, _ = asked
    assert guess._submit.disabled
    control = guess._inputs[-1]
    control.value = control.options[0] if hasattr(control, "options") else control.max
    assert not guess._submit.disabled
    guess._submit.click()
    assert guess.value is not None
    assert guess._submit.disabled


def test_right_answer_must_be_a_choice():
    with pytest.raises(gt.BadValue, match="Did you mean 'about the same'"):
        ask_choice().compare("about the sam")


# ── a curve ──────────────────────────────────────────────────────────────────────────────────


def draw(guess, **heights):
    for handle, height in zip(guess._inputs, heights.values(), strict=True):
        handle.value = height
    guess._submit.click()


def test_curve_over_a_sweep(level_sweep):
    guess = ask_curve(low=0, high=4)
    draw(guess, a=2.0, b=1.0, c=0.5, d=0.2)
    assert guess.value == {1: 2.0, 2: 1.0, 4: 0.5, 8: 0.2}
    comparison = guess.compare(level_sweep, runner="threads")
    assert comparison.words == [
        "From 1 to 8 workers you had it fall, but it stays about level.",
        "Furthest off at 8 workers: you predicted 0.20 s; measured 2.05 s: 10 times that.",
    ]
    alt = comparison.picture.alt
    assert "Predicted: 2.00 s at 1 worker, 1.00 s at 2 workers, 0.50 s at 4 workers, 0.20 s at 8 workers." in alt
    assert "Measured: 2.05 s at 1 worker, 2.05 s at 2 workers, 2.05 s at 4 workers, 2.05 s at 8 workers." in alt
    assert 'alt="Predicted: ' in comparison.widget.value


@pytest.mark.slow
def test_picture_shows_prediction_over_measurement(level_sweep):
    guess = ask_curve(low=0, high=4)
    display(guess)
    comparison = guess.compare(level_sweep, runner="threads")
    before = display(comparison)["image/png"]
    assert [text.get_text() for text in comparison.picture.axes[0].texts] == ["measured: threads"]
    draw(guess, a=4.0, b=3.0, c=2.0, d=1.0)
    after = display(comparison)["image/png"]
    assert after != before
    with Image.open(io.BytesIO(base64.b64decode(after))) as image:
        assert image.width > 1000
    axes = comparison.picture.axes[0]
    assert sorted(text.get_text() for text in axes.texts) == ["measured: threads", "your prediction"]
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert [list(line.get_ydata()) for line in dashed] == [[4.0, 3.0, 2.0, 1.0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("workers", "wall time in seconds")


RISES = "From 1 to 8 workers you had it rise, and so it does."


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        (
            {1: 1, 2: 2, 4: 3, 8: 4},
            [RISES, "You were close everywhere."],
        ),
        ({8: 4, 1: 1}, [RISES, "You were close everywhere."]),
        ({2: 6.0, 3: 9}, ["Furthest off at 2 workers: you predicted 2.00 s; measured 6.00 s: three times that."]),
        (
            pd.Series([4, 2, 1.5, 1], index=[1, 2, 4, 8]),
            [
                "From 1 to 8 workers you had it rise, but it falls.",
                "Furthest off at 1 worker: you predicted 1.00 s; measured 4.00 s: 4 times that.",
            ],
        ),
    ],
)
def test_curve_over_plain_values(measured, words):
    guess = ask_curve()
    draw(guess, a=1, b=2, c=3, d=4)
    assert guess.compare(measured).words == words


def test_other_quantities_of_a_sweep(level_sweep):
    guess = ask_curve(unit="×")
    draw(guess, a=1, b=2, c=4, d=8)
    comparison = guess.compare(level_sweep, runner="threads", column="speed_up")
    assert "measured 1.98 ×" in comparison.words[-1]
    assert comparison.picture.axes[0].get_ylabel() == "speed-up (×)"


def test_one_runner_needs_no_naming(make_run, make_sweep):
    sweep = make_sweep(*[(0, make_run("threads", workers, wall=2.0)) for workers in (1, 2)])
    assert ask_curve().compare(sweep).words == ["Measured: 2.00 s at 1 worker, 2.00 s at 2 workers."]
    with pytest.raises(gt.BadValue, match="needs serial runs"):
        ask_curve().compare(sweep, column="speed_up")


def test_curve_over_sizes(make_run, make_sweep):
    sweep = make_sweep(*[(0, make_run(size=size, wall=size / 1000)) for size in (1000, 10_000)], axis="size")
    guess = ask_curve(at=[1000, 10_000], over="iterations")
    assert guess.compare(sweep).words == ["Measured: 1.00 s at 1,000 iterations, 10.0 s at 10,000 iterations."]


def test_points_are_put_in_order():
    guess = ask_curve(at=[8, 1])
    comparison = guess.compare({8: 4, 1: 1})
    assert comparison.words == ["Measured: 1.00 s at 1 worker, 4.00 s at 8 workers."]
    assert list(comparison.picture.axes[0].lines[0].get_ydata()) == [1, 4]
    draw(guess, a=2, b=3)
    assert guess.value == {1: 2.0, 8: 3.0}


def test_several_curves_in_one_sweep(make_run, make_sweep):
    sweep = make_sweep(*[(0, make_run(workers=workers, size=size)) for workers in (1, 2) for size in (1000, 2000)])
    with pytest.raises(gt.BadValue, match="several curves over workers"):
        ask_curve().compare(sweep)


def test_bad_comparisons_of_curves(level_sweep):
    guess = ask_curve()
    with pytest.raises(gt.BadValue, match="say whose curve"):
        guess.compare(level_sweep)
    with pytest.raises(gt.BadValue, match="Did you mean 'threads'"):
        guess.compare(level_sweep, runner="thread")
    with pytest.raises(gt.BadValue, match="Did you mean 'wall_s'"):
        guess.compare(level_sweep, runner="threads", column="wall")
    with pytest.raises(gt.BadType, match="measured must be a Sweep"):
        guess.compare(2.0)
    with pytest.raises(gt.BadValue, match="at 1, 2, 4, 8 workers, measured at 3: they have no point in common"):
        guess.compare({3: 1.0})
    with pytest.raises(gt.BadValue, match="no point in common"):
        guess.compare({})
    with pytest.raises(gt.BadValue, match="measured must be a number"):
        guess.compare({1: "2"})


# ── questions that can't be asked ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("question", "options", "message"),
    [
        ("", {"low": 0, "high": 1}, "question must say what to predict"),
        (" ", {"low": 0, "high": 1}, "question must say what to predict"),
        (None, {"low": 0, "high": 1}, "question must be a string"),
        (QUESTION, {}, "say what to predict: choices="),
        (QUESTION, {"low": 0}, "say what to predict: choices="),
        (QUESTION, {"at": [1, 2]}, "say what to predict: choices="),
        (QUESTION, {"choices": CHOICES, "low": 0, "high": 1}, "one kind of answer"),
        (QUESTION, {"choices": CHOICES, "at": [1, 2]}, "one kind of answer"),
        (QUESTION, {"choices": ["yes"]}, "choices must hold 2 to 10 different values"),
        (QUESTION, {"choices": ["yes", "yes"]}, "choices must hold 2 to 10 different values"),
        (QUESTION, {"choices": "yes"}, "choices must be a sequence"),
        (QUESTION, {"choices": [1, 2]}, "each of choices must be a string"),
        (QUESTION, {"choices": ["yes", ""]}, "each of choices must be a string"),
        (QUESTION, {"low": 1, "high": 1}, "low must be below high"),
        (QUESTION, {"low": "0", "high": 1}, "low must be a number"),
        (QUESTION, {"low": 0, "high": float("inf")}, "high must be a number"),
        (QUESTION, {"low": 0, "high": 1, "at": [1]}, "at must hold 2 to 10 different values"),
        (QUESTION, {"low": 0, "high": 1, "at": range(11)}, "at must hold 2 to 10 different values"),
        (QUESTION, {"low": 0, "high": 1, "at": [1, 1.0]}, "at must hold 2 to 10 different values"),
        (QUESTION, {"low": 0, "high": 1, "at": 4}, "at must be a sequence"),
        (QUESTION, {"low": 0, "high": 1, "at": [1, "2"]}, "must be a number"),
        (QUESTION, {"low": 0, "high": 1, "at": [1, -2]}, "must be a number from 0"),
        (QUESTION, {"low": 0, "high": 1, "unit": None}, "unit must be a string"),
        (QUESTION, {"low": 0, "high": 1, "over": 3}, "over must be a string"),
    ],
)
def test_bad_questions(question, options, message):
    with pytest.raises(gt.BadValue, match=message):
        gt.predict(question, **options)
