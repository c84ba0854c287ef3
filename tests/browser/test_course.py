"""Every lesson in a real JupyterLab at its default settings: opened once, run once, and its widgets answer.

Nothing is measured here, so all sizes are as small as they go. What depends on no lesson is tried in `test_panels`.
"""

import re

import nbformat
import pytest
from lab_panel import check_size, check_slider

from notebooks import course

PANEL = "Experiment("
AWAITED = "(The answer appears here after|Make your prediction above)"
ANSWERED = "[Yy]ou (predicted|had|were)"


@pytest.fixture(scope="module", params=course(), ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture(scope="module")
def stored(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def page(open_notebook):
    """The page that all lessons are opened on, one after the other."""
    return open_notebook(course()[0].name, "default", kernel=False)


@pytest.fixture(scope="module")
def executed(path, page):
    """A lesson with all its cells run; before that, its stored pictures are looked at."""
    page.open(path.name)
    assert page.undecoded() == []
    page.run()
    return page


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


def test_no_answer_is_there_before_its_question_is_answered_or_skipped(executed, stored):
    """Every other question is answered, the others are skipped. All cells have run, so all answers are known."""
    questions = [cell for cell in executed.code_cells() if "gt.predict(" in cell["source"]]
    assert questions
    for number, cell in enumerate(questions):
        name = re.search(r"(\w+) = gt\.predict\(", cell["source"])[1]
        answers = {
            other["place"]: executed.cell(other["place"]).locator(".jp-Cell-outputArea")
            for other in executed.code_cells()
            if re.match(rf"%answers {name}\b|%%measure .*--answers {name}\b", other["source"])
            or re.search(rf"\b{name}\.compare\(", other["source"])
        }
        assert answers
        for answer in answers.values():
            answer.scroll_into_view_if_needed()
            assert re.fullmatch(rf"(\[\d+\]:)?\s*({AWAITED}.*)?", answer.text_content()), answer.text_content()
            assert answer.locator("img").count() == 0
        question = executed.cell(cell["place"])
        if number % 2:
            question.get_by_role("button", name="Skip").click()
        else:
            if question.get_by_role("radio").count():
                question.get_by_role("radio").first.check()
            else:
                question.locator(".noUi-handle").first.press("ArrowRight")
            question.get_by_role("button", name="Submit").click()
        verdict = re.compile("Measured: " if number % 2 else ANSWERED)
        for place, answer in answers.items():
            if stored.cells[place].outputs:  # a program may show nothing by itself
                answer.scroll_into_view_if_needed()
                answer.locator("img, table, pre, summary, [role=status], .gilteach-claim").first.wait_for()
        assert any(verdict.search(answer.text_content()) for answer in answers.values())


def test_panels_answer(executed):
    panels = executed.panels()
    assert [panel.place for panel in panels] == [c["place"] for c in executed.code_cells() if PANEL in c["source"]]
    for number, panel in enumerate(panels, 1):
        check_size(panel)
        panel.repeat(1)
        check_slider(panel)
        executed.keep_screenshot(panel.found, f"panel-{number}")


def shows_an_interleaving(source):
    last = source.splitlines()[-1]
    return last.startswith("gt.Interleaving(") or f"{last} = gt.Interleaving(" in source


def test_interleavings_answer(executed):
    views = executed.page.locator(".gilteach-interleaving").all()
    assert len(views) == sum(map(shows_an_interleaving, (cell["source"] for cell in executed.code_cells())))
    for view in views:
        view.scroll_into_view_if_needed()
        if view.get_by_role("button", name="Start again").is_enabled():
            view.get_by_role("button", name="Start again").click()
            view.get_by_role("status").filter(has_text="first?").wait_for()
        view.get_by_role("button", name="Step A").click()
        view.get_by_role("status").filter(has_text=re.compile(r"Order (so far: )?A\b")).wait_for()


def test_folded_solutions_open(executed, stored):
    folded = executed.page.locator(".jp-MarkdownCell details")  # and no recorded measurements, which are outputs
    assert folded.count() == sum(cell.source.count("<details>") for cell in stored.cells if cell.cell_type != "code")
    for details in folded.all():
        hidden = details.locator("p, pre").first
        assert not hidden.is_visible()
        details.locator("summary").click()
        assert hidden.is_visible()
