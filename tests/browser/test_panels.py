"""Every kind of panel, question and view in a real JupyterLab, with callbacks in subshells and without.

By default, JupyterLab has the kernel handle what widgets say in a thread of its own, a *subshell*, also while a
cell runs; with `commsOverSubshells` disabled, it waits for the cell's end.
"""

import ast
import contextlib
import time

import nbformat
import pytest
from lab_panel import check_size
from lab_server import SUBSHELLS

NAME = "every_kind.ipynb"
PANELS = {
    "curves": 'gt.Experiment("wait", workers=2, size=0.02)',
    "lanes": 'gt.Experiment("count", runners="threads", workers=2, size=1_000_000, trace=True)',
    "messages": 'gt.MessageExperiment(channels=("pipe", "queue"))',
}
QUESTIONS = {  # the question, the answer, and what both the answered and the skipped one say
    "number": ("low=0, high=8", "4", "You predicted 4; measured 4: close.", "Measured: 4."),
    "choice": ('choices=["fast", "slow"]', '"slow"', "You predicted “fast”; measured: “slow”.", "Measured: slow."),
    "curve": (
        "low=0, high=4, at=[1, 2, 4]",
        "{1: 2, 2: 2, 4: 2}",
        "From 1 to 4 workers you had it stay about level, and so it does.",
        "Measured: 2 at 1 worker, 2 at 2 workers, 2 at 4 workers.",
    ),
}


# All kinds of output that tell the answer.
ANSWER = """%answers {name}
import pandas
print("the answer, printed")
display(pandas.DataFrame({{"the answer": ["in a table"]}}))
gt.claim("The answer is claimed.", True)
{name}.compare({answer})
"""
SHOWN = ("the answer, printed", "in a table", "The answer is claimed.")
HINT = "The answer appears here after Submit or Skip: What is it?"
LATE = """late = gt.predict("What is it?", low=0, high=8)
late
"""


@pytest.fixture(scope="module", params=SUBSHELLS)
def subshells(request):
    return request.param


@pytest.fixture(scope="module")
def notebook(subshells, lab, open_notebook):
    cells = ["import gilteach as gt"]
    cells += [f"{name} = {panel}\n{name}.run()\n{name}" for name, panel in PANELS.items()]
    for kind, (options, *_) in QUESTIONS.items():
        for name in (f"{kind}_answered", f"{kind}_skipped"):
            cells.append(f'{name} = gt.predict("What is it?", {options})\n{name}')
    for kind, (_, answer, *_) in QUESTIONS.items():
        cells += [ANSWER.format(name=f"{kind}_{how}", answer=answer) for how in ("answered", "skipped")]
    cells.append("%%measure --answers curve_skipped --as program\nprint('the answer')")
    cells += [LATE, ANSWER.format(name="late", answer="4")]
    cells.append("game = gt.Interleaving(line='counter = counter + one()')\ngame")
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, lab(subshells).notebooks / NAME)
    opened = open_notebook(NAME, subshells)
    opened.run()
    yield opened
    opened.close()


# For what no setting changes.
by_default = pytest.mark.parametrize("subshells", ["default"], indirect=True, scope="module")


@pytest.fixture(params=PANELS)
def panel(request, notebook):
    return notebook.panels()[list(PANELS).index(request.param)]


def button_of(cell, name):
    return cell.get_by_role("button", name=name)


def test_the_setting_is_in_force(notebook, subshells):
    settings = "@jupyterlab/apputils-extension:kernels-settings"
    loaded = notebook.page.evaluate(
        """async plugin => (await window.jupyterapp.serviceManager.settings.fetch(plugin)).raw""", settings
    )
    kernel = notebook.page.evaluate(
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.commsOverSubshells"
    )
    started = notebook.evaluate("len(get_ipython().kernel.shell_channel_thread.manager.list_subshell())")
    if subshells == "default":
        assert (loaded, kernel) == ("{}", "perCommTarget")
        assert int(started) > 0
    else:
        assert ('"disabled"' in loaded, kernel, started) == (True, "disabled", "0")


def test_the_kernel_answers_while_a_panel_measures(notebook):
    panel = notebook.panels()[0]
    before = panel.repeat(1000)
    panel.button("Run").click()
    panel.button("Stop").and_(notebook.page.locator(":enabled")).wait_for()
    asked = time.monotonic()
    assert notebook.evaluate("1 + 1") == "2"
    assert time.monotonic() - asked < 5
    assert panel.button("Stop").is_enabled()
    panel.button("Stop").click()
    panel.wait_until_done()
    panel.repeat(before)


@by_default
def test_a_panel_works_by_keyboard_alone(panel):
    keyboard = panel.notebook.page.keyboard
    panel.found.locator("input[type=checkbox]").first.focus()
    reached = set()
    while (focused := panel.found.locator(":focus")).count() and len(reached) < 30:
        reached.add(focused.evaluate("control => control.innerText.trim() || control.type || control.role"))
        if focused.text_content().strip() == "Clear":
            before = panel.picture()
            keyboard.press("Enter")
            panel.wait_for_new_picture(before)
            assert "press Run" in panel.image.get_attribute("alt")
        keyboard.press("Tab")
    assert reached >= {"checkbox", "slider", "Run", "Sweep", "Clear", "number"}, "Tab doesn't reach them"
    before = panel.picture()
    panel.button("Run").focus()
    keyboard.press("Space")
    panel.wait_for_new_picture(before)
    panel.wait_until_done()


@by_default
def test_a_panel_fits_a_projector(panel):
    check_size(panel)
    panel.notebook.keep_screenshot(panel.found, f"panel-{panel.place}")


@by_default
def test_the_picture_of_a_panel_says_in_words_what_it_shows(notebook):
    curves, lanes, messages = (panel.image.get_attribute("alt") for panel in notebook.panels())
    assert "cores busy" in curves
    assert "threads" in lanes
    assert "pipe" in messages


def shown_by(cell):
    return cell.locator(".jp-Cell-outputArea")


def assert_kept_back(answer):
    """In the place of an answer there is the hint and nothing else, seen or unseen."""
    answer.scroll_into_view_if_needed()
    answer.get_by_text(HINT).wait_for()
    said = answer.text_content()
    assert not [part for part in (*SHOWN, "Measured", "predicted") if part in said]
    assert answer.locator("img, table, pre").count() == 0


def answer_by_hand(question):
    """Move a handle away and back, or make a choice, and submit."""
    submit = button_of(question, "Submit")
    assert submit.is_disabled()
    if question.get_by_role("radio").count():
        question.get_by_role("radio", name="fast").check()
    else:
        handle = question.locator(".noUi-handle").first
        handle.press("ArrowRight")
        handle.press("ArrowLeft")
    submit.click()
    question.get_by_role("status").filter(has_text="Submitted.").wait_for()
    assert submit.is_disabled()


@pytest.mark.parametrize("kind", QUESTIONS)
def test_all_that_answers_a_question_is_kept_back_until_it_is_answered_or_skipped(notebook, kind):
    _, _, answered, skipped = QUESTIONS[kind]
    for name, said in (("answered", answered), ("skipped", skipped)):
        question = notebook.cell(notebook.find(f"{kind}_{name} = gt.predict"))
        answer = shown_by(notebook.cell(notebook.find(f"%answers {kind}_{name}")))
        assert_kept_back(answer)
        if name == "answered":
            answer_by_hand(question)
        else:
            button_of(question, "Skip").click()
            question.get_by_role("status").filter(has_text="Skipped.").wait_for()
            assert button_of(question, "Submit").is_disabled()
        answer.get_by_role("status").filter(has_text=said).wait_for()
        text = answer.text_content()
        assert [text.index(part) for part in SHOWN] == sorted(text.index(part) for part in SHOWN)
        assert not answer.get_by_text(HINT).is_visible()
        if kind == "curve":
            picture = answer.locator("img.widget-image")
            assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
            assert ("Predicted: 2 at 1 worker" in picture.get_attribute("alt")) == (name == "answered")
            notebook.keep_screenshot(answer, f"curve-{name}")
    value = notebook.evaluate(f"{kind}_answered.value, {kind}_skipped.value")
    assert ast.literal_eval(value) == ({"number": 4.0, "choice": "fast", "curve": {1: 2.0, 2: 2.0, 4: 2.0}}[kind], None)


def test_a_program_that_answers_a_question_is_shown_with_it(notebook):
    answer = shown_by(notebook.cell(notebook.find("%%measure --answers curve_skipped")))
    answer.get_by_text("the answer").wait_for()
    picture = answer.locator("img").first
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_what_answers_a_question_that_was_submitted_before_is_shown_at_once(notebook):
    asked, answers = notebook.find("late = gt.predict"), notebook.find("%answers late")
    notebook.run_cell(asked)
    answer_by_hand(notebook.cell(asked))
    notebook.run_cell(answers)
    outputs = next(cell["outputs"] for cell in notebook.code_cells() if cell["place"] == answers)
    assert [output["output_type"] for output in outputs] == ["stream", "display_data", "display_data", "execute_result"]
    answer = shown_by(notebook.cell(answers))
    assert all(part in answer.text_content() for part in SHOWN)


def test_an_update_is_lost_by_keyboard_and_replayed(notebook):
    view = notebook.page.locator(".gilteach-interleaving")
    view.scroll_into_view_if_needed()
    said = view.get_by_role("status")
    said.filter(has_text="first?").wait_for()
    for place, thread in enumerate("ABABAB", 1):
        button_of(view, f"Step {thread}").focus()
        notebook.page.keyboard.press("Enter")
        said.filter(has_text="ABABAB"[:place]).wait_for()
    said.filter(has_text="One update is lost").wait_for()
    assert button_of(view, "Step A").is_disabled()
    notebook.keep_screenshot(view, "interleaving")
    button_of(view, "Start again").click()
    said.filter(has_text="first?").wait_for()
    button_of(view, "Replay").click()
    said.filter(has_text="One update is lost").wait_for(timeout=15_000)
    assert "STORE_GLOBAL" in view.locator("pre").text_content()


def test_after_a_restart_the_question_is_asked_anew(notebook):
    asked, answers = notebook.find("late = gt.predict"), notebook.find("%answers late")
    notebook.restart()
    notebook.run_cell(notebook.find("import gilteach as gt"))
    with contextlib.suppress(Exception):  # the cell fails, and says what to do
        notebook.run_cell(answers)
    shown_by(notebook.cell(answers)).get_by_text("there is no question 'late' to answer: run the cell").wait_for()
    notebook.run_cell(asked)
    for _ in range(2):  # when it is run again, too
        notebook.run_cell(answers)
        answer = shown_by(notebook.cell(answers))
        assert_kept_back(answer)
    button_of(notebook.cell(asked), "Skip").click()
    answer.get_by_role("status").filter(has_text="Measured: 4.").wait_for()
    assert all(part in answer.text_content() for part in SHOWN)
