"""Every notebook of the course in a real JupyterLab, as a learner goes through it.

Each is open in two of them at a time: at the default settings, and with `commsOverSubshells` disabled. The
setting is about widgets; what has none is looked at in the first alone.
"""

import re

import nbformat
import pytest
from exercises import exercises
from lab_panel import check_size, check_slider, check_slider_beside_another_cell, check_stop
from lab_server import SUBSHELLS

from notebooks import course

COURSE = course()
PANEL = "Experiment("
AWAITED = "Make your prediction above"
ANSWERED = re.compile("[Yy]ou (predicted|had|were)")
UNDECIDED = "fewer than two processors are free"
TRIES = 6  # an exercise that asks for a measured time may need another run beside a busy neighbour

default_alone = pytest.mark.parametrize("setting", ["default"])


@pytest.fixture(scope="module", params=COURSE, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture(params=SUBSHELLS)
def setting(request):
    return request.param


@pytest.fixture(scope="module")
def stored(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def by_default(path, open_notebook):
    """The notebook at the default settings, without a kernel."""
    notebook = open_notebook(path.name, "default", kernel=False)
    yield notebook
    notebook.close()


@pytest.fixture(scope="module")
def all_executed(path, by_default, open_notebook):
    """The notebook with all its cells run, in both settings at the same time: much of it waits."""
    by_default.open()
    disabled = open_notebook(path.name, "disabled")
    with by_default.running_all(), disabled.running_all():
        pass
    yield {"default": by_default, "disabled": disabled}
    disabled.close()


@pytest.fixture
def executed(all_executed, setting):
    return all_executed[setting]


def test_the_stored_pictures_are_shown_without_a_kernel(by_default, stored):
    kernel = by_default.page.evaluate(
        "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.id ?? null"
    )
    assert kernel is None
    panels = [cell for cell in stored.cells if PANEL in cell.source and cell.cell_type == "code"]
    assert all("image/png" in cell.outputs[-1].data for cell in panels)
    assert by_default.undecoded() == []


def test_all_cells_run_without_an_error(executed, stored):
    problems = []
    for cell, before in zip(executed.code_cells(), [c for c in stored.cells if c.cell_type == "code"], strict=True):
        first = cell["source"].splitlines()[0]
        meant = any(output.get("name") == "stderr" for output in before.outputs)
        for output in cell["outputs"]:
            if output["output_type"] == "error" and "raises-exception" not in cell["tags"]:
                problems.append(f"cell {cell['place']} ({first}): " + "\n".join(output["traceback"]))
            if output.get("name") == "stderr" and not meant:
                problems.append(f"cell {cell['place']} ({first}) writes to stderr: {output['text']}")
        if before.outputs and not cell["outputs"]:
            problems.append(f"cell {cell['place']} ({first}) shows nothing")
    assert not problems, "\n".join(problems)


def test_panels(executed, setting, tmp_path):
    panels = executed.panels()
    assert [panel.place for panel in panels] == [c["place"] for c in executed.code_cells() if PANEL in c["source"]]
    for number, panel in enumerate(panels, 1):
        check_size(panel)
        panel.repeat(1)
        check_slider(panel)
        executed.keep_screenshot(panel.found, f"panel-{number}")
        check_slider_beside_another_cell(panel, tmp_path / f"enough-{number}", meanwhile=setting == "default")
        check_stop(panel)


def test_predictions(executed):
    """Every other question is answered, the others are skipped."""
    questions = [cell for cell in executed.code_cells() if "gt.predict(" in cell["source"]]
    assert questions
    assert all("Submit" in executed.cell(cell["place"]).text_content() for cell in questions)
    for number, cell in enumerate(questions):
        name = re.search(r"(\w+) = gt\.predict\(", cell["source"])[1]
        question = executed.cell(cell["place"])
        answer = executed.cell(executed.find(f"{name}.compare(")).locator("[role=status]").last
        assert AWAITED in answer.text_content()
        if number % 2:
            question.get_by_role("button", name="Skip").click()
            answer.filter(has_text="Measured: ").wait_for()
        else:
            for choice in question.get_by_role("radio").all()[:1]:
                choice.check()
            question.get_by_role("button", name="Submit").click()
            answer.filter(has_text=ANSWERED).wait_for()
        assert AWAITED not in answer.text_content()


def shows_an_interleaving(source):
    last = source.splitlines()[-1]
    return f"{last} = gt.Interleaving(" in source


def test_interleavings(executed):
    views = executed.page.locator(".gilteach-interleaving").all()
    assert len(views) == sum(map(shows_an_interleaving, (cell["source"] for cell in executed.code_cells())))
    for view in views:
        view.scroll_into_view_if_needed()
        if view.get_by_role("button", name="Start again").is_enabled():
            view.get_by_role("button", name="Start again").click()
            view.get_by_role("status").filter(has_text="first?").wait_for()
        view.get_by_role("button", name="Step A").click()
        view.get_by_role("status").filter(has_text=re.compile(r"Order (so far: )?A\b")).wait_for()


@default_alone
def test_exercises_take_the_right_answer_and_no_other(executed, stored):
    found = list(exercises(stored.cells))
    assert found
    for exercise in found:
        assert "Right" not in executed.printed(exercise.check), "it is right before anything is changed"
        if exercise.wrong:
            executed.type(exercise.check, exercise.wrong)
            executed.run_cell(exercise.check)
            said = executed.printed(exercise.check)
            assert said, exercise.wrong
            assert "Right" not in said, exercise.wrong
        executed.type(exercise.change, exercise.source)
        for _ in range(TRIES):
            executed.run_cell(exercise.change)
            if exercise.check != exercise.change:
                executed.run_cell(exercise.check)
            said = executed.printed(exercise.check)
            if said.startswith("Right"):
                break
        else:
            assert UNDECIDED in said, f"cell {exercise.check} with {exercise.source!r} says {said!r}"


@default_alone
def test_folded_solutions_open(executed, stored):
    folded = executed.page.locator(".jp-Notebook details")
    assert folded.count() == sum(cell.source.count("<details>") for cell in stored.cells if cell.cell_type != "code")
    for details in folded.all():
        hidden = details.locator("p, pre").first
        assert not hidden.is_visible()
        details.locator("summary").click()
        assert hidden.is_visible()
