"""A panel of gilteach on a page, and what must hold for every panel."""


class Panel:
    """A panel on a notebook's page.

    Parameters
    ----------
    notebook : Notebook
    found : playwright Locator
    """

    def __init__(self, notebook, found):
        self.notebook, self.found = notebook, found
        found.scroll_into_view_if_needed()
        self.place = int(found.evaluate("panel => panel.closest('.jp-Notebook-cell').dataset.windowedListIndex"))
        self.image = found.locator("img.widget-image")

    def slider(self, place=0):
        return self.found.locator(".noUi-handle").nth(place)

    def button(self, name):
        return self.found.get_by_role("button", name=name)

    def move(self, key="ArrowRight", times=1, slider=0):
        """Move a slider by keyboard."""
        handle = self.slider(slider)
        before = handle.get_attribute("aria-valuenow")
        handle.focus()
        for _ in range(times):
            self.notebook.page.keyboard.press(key)
        assert handle.get_attribute("aria-valuenow") != before, "the slider stands still"

    def repeat(self, times):
        """Set how many times a press of a button measures; return what it was."""
        entry = self.found.get_by_role("spinbutton", name="repeats")
        before = entry.input_value()
        entry.fill(str(times))
        entry.press("Tab")
        return before

    def picture(self):
        """The address of the picture, which changes with it."""
        assert self.image.evaluate("image => image.complete && image.naturalWidth > 0"), "the panel has no picture"
        return self.image.get_attribute("src")

    def said(self):
        """What the panel says about what it measured, or complains about."""
        return self.found.locator("[role=status], [role=alert]").inner_text()

    def wait_for_new_picture(self, before, timeout=60):
        self.notebook.page.wait_for_function(
            """([panel, before]) => {
                const image = panel.querySelector("img.widget-image");
                return image.src !== before && image.complete && image.naturalWidth > 0;
            }""",
            arg=[self.found.element_handle(), before],
            timeout=timeout * 1000,
        )

    def wait_until_done(self, timeout=60):
        """Wait until Stop is greyed out: nothing is being measured any more."""
        self.notebook.page.wait_for_function(
            "button => button.disabled", arg=self.button("Stop").element_handle(), timeout=timeout * 1000
        )


def check_slider(panel):
    """Moving a slider runs the experiment and changes the panel's own picture, its words, and nothing else."""
    before, elsewhere, said = panel.picture(), _elsewhere(panel), panel.said()
    panel.move(times=3)  # quickly: only the last setting is worth measuring
    panel.wait_for_new_picture(before)
    panel.wait_until_done()
    assert panel.said() != said
    assert any(digit in panel.image.get_attribute("alt") for digit in "123456789"), "the alternative tells no result"
    assert _elsewhere(panel) == elsewhere


def check_slider_beside_another_cell(panel, enough, meanwhile):
    """The same while another cell computes: the run is not held up by it, where the kernel has subshells.

    The slider must have moved before: ipykernel 7.4 handles what a widget says where the kernel last spoke about
    it, and that is in the cell that made it until the widget's first message has been answered.

    Parameters
    ----------
    enough : Path
        A file that isn't there.
    meanwhile : bool
        Whether the run must come to its end while the other cell still computes.
    """
    before, elsewhere, said = panel.picture(), _elsewhere(panel), panel.said()
    with panel.notebook.computing(enough):
        panel.move("ArrowLeft")
        if meanwhile:
            panel.wait_for_new_picture(before)
            panel.wait_until_done()
    panel.wait_for_new_picture(before)
    panel.wait_until_done()
    assert panel.said() != said
    assert _elsewhere(panel) == elsewhere


def check_stop(panel):
    """Stop ends soon what would go on for minutes."""
    before = panel.repeat(1000)
    panel.button("Sweep").click()
    panel.button("Stop").and_(panel.found.locator(":enabled")).wait_for()
    panel.button("Stop").click()
    panel.wait_until_done(timeout=10)
    assert "stopped" in panel.found.inner_text()
    panel.repeat(before)


def check_size(panel):
    """The panel fits a projector: all of it is seen at once."""
    box = panel.found.bounding_box()
    view = panel.notebook.page.locator(".jp-WindowedPanel-outer").first.bounding_box()
    assert box["height"] <= view["height"], f"{box['height']} px do not fit {view['height']}"
    assert box["x"] + box["width"] <= view["x"] + view["width"], "it is too wide for the page"
    assert panel.found.evaluate("panel => panel.scrollWidth <= panel.clientWidth + 1"), "its parts are too wide for it"


def _elsewhere(panel):
    """The pictures and outputs of all other cells, and how many outputs the panel's own cell has."""
    cells = panel.notebook.code_cells()
    own = next(cell for cell in cells if cell["place"] == panel.place)
    others = {cell["place"]: (cell["pictures"], cell["outputs"]) for cell in cells if cell is not own}
    return others, len(own["outputs"])
