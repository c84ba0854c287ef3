"""The panel in a real JupyterLab: what a learner does with it, by mouse and by keyboard."""

import time

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

FIRST_PANEL = "01_wait_with_threads.ipynb"


@pytest.fixture
def panel_notebook(open_notebook):
    notebook = open_notebook(FIRST_PANEL)
    notebook.run_cell_with("import gilteach as gt")
    notebook.run_cell_with("panel = gt.Experiment")
    return notebook, notebook.panel()


def slider(panel, place):
    return panel.locator(".noUi-handle").nth(place)


def button(panel, name):
    return panel.get_by_role("button", name=name)


def wait_until_done(notebook, panel, timeout=60):
    """Wait until Stop is greyed out: nothing is being measured any more."""
    notebook.page.wait_for_function(
        "panel => [...panel.querySelectorAll('button')].find(b => b.textContent.includes('Stop')).disabled",
        arg=panel.element_handle(),
        timeout=timeout * 1000,
    )


def test_a_stored_notebook_shows_its_pictures_without_a_kernel_having_run(open_notebook):
    notebook = open_notebook(FIRST_PANEL)
    images = notebook.page.locator(".jp-RenderedImage img")
    images.first.wait_for()
    assert images.first.evaluate("image => image.naturalWidth") > 0


def test_releasing_a_slider_changes_the_figure_in_its_own_cell(panel_notebook):
    notebook, panel = panel_notebook
    pictures_elsewhere = notebook.page.locator(".jp-OutputArea img").count()
    before = notebook.picture(panel)
    slider(panel, 0).focus()
    old = slider(panel, 0).get_attribute("aria-valuenow")
    for _ in range(5):  # quickly: only the last setting is worth measuring
        notebook.page.keyboard.press("ArrowRight")
    assert slider(panel, 0).get_attribute("aria-valuenow") != old
    notebook.wait_for_new_picture(panel, before)
    wait_until_done(notebook, panel)
    workers = round(float(slider(panel, 0).get_attribute("aria-valuenow")))
    assert f"{workers} threads" in panel.locator("ul").inner_text()
    assert notebook.page.locator(".jp-OutputArea img").count() == pictures_elsewhere
    assert notebook.errors().count() == 0
    assert notebook.complaints == []
    notebook.screenshot("panel")


def test_a_figure_has_a_text_alternative(panel_notebook):
    _, panel = panel_notebook
    assert "cores busy" in panel.locator("img.widget-image").get_attribute("alt")


def test_stop_ends_a_long_run_at_once_and_the_kernel_answers_meanwhile(panel_notebook):
    notebook, panel = panel_notebook
    panel.get_by_role("checkbox", name="run when a slider is released").uncheck()
    slider(panel, 1).focus()
    notebook.page.keyboard.press("End")  # the longest wait that the slider offers
    button(panel, "Run").click()
    expect(button(panel, "Stop")).to_be_enabled()

    # Another cell answers while the run goes on.
    answered = notebook.page.evaluate(
        """async () => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const began = performance.now();
            await kernel.requestExecute({code: "1 + 1"}).done;
            return performance.now() - began;
        }"""
    )
    assert answered < 5000
    expect(button(panel, "Stop")).to_be_enabled()

    began = time.monotonic()
    button(panel, "Stop").click()
    wait_until_done(notebook, panel, timeout=10)
    assert time.monotonic() - began < 3
    assert "stopped" in panel.inner_text()


def test_the_panel_works_by_keyboard_alone(panel_notebook):
    notebook, panel = panel_notebook
    before = notebook.picture(panel)
    slider(panel, 0).focus()
    notebook.page.keyboard.press("ArrowLeft")
    notebook.wait_for_new_picture(panel, before)
    wait_until_done(notebook, panel)
    button(panel, "Clear").focus()
    notebook.page.keyboard.press("Enter")
    notebook.page.wait_for_function(
        "panel => panel.querySelector('img.widget-image').alt.includes('press Run')", arg=panel.element_handle()
    )
    before = notebook.picture(panel)
    button(panel, "Run").focus()
    notebook.page.keyboard.press("Space")
    notebook.wait_for_new_picture(panel, before)


def test_the_panel_fits_a_projector(panel_notebook):
    notebook, panel = panel_notebook
    box, window = panel.bounding_box(), notebook.page.viewport_size
    assert box["height"] <= window["height"]
    assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth + 1")
