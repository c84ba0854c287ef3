"""A notebook that is open in JupyterLab, driven as a learner would."""

import contextlib
import time
from pathlib import Path

from lab_panel import Panel

ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"

# What the widgets' extension of JupyterLab complains about in any notebook without a kernel, even an empty one.
WITHOUT_KERNEL = "Cannot read properties of null (reading 'kernel')"

# Code cells as they are now; a cell that is out of sight may not be in the page.
CODE_CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets.flatMap((cell, place) =>
    cell.model.type !== "code" ? [] : [{
        place,
        source: cell.model.sharedModel.source,
        tags: cell.model.sharedModel.getMetadata("tags") ?? [],
        outputs: cell.model.outputs.toJSON(),
        pictures: [...cell.node.querySelectorAll(".jp-OutputArea img")].map(image => image.src),
    }])"""

# The code cells some of whose pictures the page doesn't show.
UNDECODED = """async () => {
    const missing = [];
    for (const [place, cell] of window.jupyterapp.shell.currentWidget.content.widgets.entries()) {
        const outputs = cell.model.type === "code" ? cell.model.outputs.toJSON() : [];
        const hasPicture = ({data}) => data?.["image/png"] || [data?.["text/html"]].flat().join("").includes("<img");
        const wanted = outputs.filter(hasPicture).length;
        let shown = 0;
        for (const image of cell.node.querySelectorAll(".jp-OutputArea img")) {
            await image.decode().then(() => shown += image.naturalWidth > 0, () => {});
        }
        if (shown !== wanted) missing.push([place, shown, wanted]);
    }
    return missing;
}"""

# What a learner's own cell may do: it draws with pyplot, into whose figures nobody else must draw. It looks at the
# file seldom: a thread that gives the GIL away every few milliseconds, and takes it back at once, starves the others.
COMPUTE_UNTIL = """
import matplotlib.pyplot
from pathlib import Path
enough = Path({path!r})
while not enough.exists():
    for _ in range(5_000_000):
        pass
print("computed")
"""


class Notebook:
    """A notebook on a page of its own.

    Parameters
    ----------
    browser : playwright Browser
    server : LabServer
    name : str
        The notebook's file in the server's folder.
    kernel : bool
        Whether to start a kernel for it.
    """

    def __init__(self, browser, server, name, kernel=True):
        self.server = server
        self.complaints = []  # what the page has complained about
        self.page = browser.new_page(viewport={"width": 1280, "height": 800})
        self.page.on("console", lambda message: message.type == "error" and self._complain(message.text))
        self.page.on("pageerror", lambda error: self._complain(str(error)))
        self.page.goto(f"{server.url}/lab?reset&token={server.token}")
        self.page.wait_for_function("window.jupyterapp?.commands.hasCommand('docmanager:open')")
        self.page.evaluate("window.jupyterapp.restored")
        self.open(name, kernel)

    def _complain(self, text):
        if text != WITHOUT_KERNEL:
            self.complaints.append(text)

    def open(self, name, kernel=True):
        """Open a notebook, in place of the one that is open."""
        self.shut_down()
        self.name = name
        preference = {} if kernel else {"kernelPreference": {"shouldStart": False, "canStart": False}}
        self.command("docmanager:open", path=self.name, factory="Notebook", **preference)
        self.page.wait_for_selector(".jp-Notebook-cell", timeout=60_000)
        self.page.evaluate(
            """async () => {
                const widget = window.jupyterapp.shell.currentWidget;
                await widget.revealed;
                await widget.sessionContext.ready;
            }"""
        )
        if kernel:
            self.wait_until_idle()

    def shut_down(self):
        """End the kernel, and close the notebook without storing it."""
        self.page.evaluate(
            """async () => {
                const widget = window.jupyterapp.shell.currentWidget;
                if (!widget) return;
                await widget.sessionContext?.shutdown();
                widget.dispose();
            }"""
        )

    def restart(self):
        """Restart the kernel, as its menu does."""
        self.page.evaluate("async () => await window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
        self.wait_until_idle()

    def close(self):
        if not self.page.is_closed():
            self.shut_down()
            self.page.close()

    def command(self, name, **arguments):
        # Without what the command gives, which may be a whole notebook.
        run = "async ([name, args]) => { await window.jupyterapp.commands.execute(name, args); }"
        self.page.evaluate(run, [name, arguments])

    # ── the kernel and the cells ─────────────────────────────────────────────────────────────

    def wait_until_idle(self, timeout=60):
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(
            """() => {
                const kernel = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
                return kernel && kernel.connectionStatus === "connected" && kernel.status === "idle";
            }""",
            timeout=timeout * 1000,
        )

    def evaluate(self, expression):
        """What an expression is worth in the kernel, as text; no cell shows it."""
        return self.page.evaluate(
            """async expression => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const asked = kernel.requestExecute(
                    {code: "", silent: true, user_expressions: {answer: expression}, store_history: false});
                const answer = (await asked.done).content.user_expressions.answer;
                return answer.status === "ok" ? answer.data["text/plain"] : JSON.stringify(answer);
            }""",
            expression,
        )

    def code_cells(self):
        """All code cells: their place, source, tags, outputs as they would be stored, and pictures on the page."""
        return self.page.evaluate(CODE_CELLS)

    def find(self, text):
        """The place of the first code cell whose source contains the text."""
        return next(cell["place"] for cell in self.code_cells() if text in cell["source"])

    def cell(self, place):
        return self.page.locator(f'.jp-Notebook-cell[data-windowed-list-index="{place}"]')

    def printed(self, place):
        """What the code cell in a place has printed."""
        outputs = next(cell["outputs"] for cell in self.code_cells() if cell["place"] == place)
        return "".join(_joined(output["text"]) for output in outputs if output.get("name") == "stdout")

    def run(self):
        """Run all cells, once each."""
        with self.running_all():
            pass

    @contextlib.contextmanager
    def running_all(self, timeout=300):
        """Run all cells, once each, do what the with statement does meanwhile, and wait for their end."""
        self.command("notebook:clear-all-cell-outputs")
        with self._to_end("notebook:run-all-cells", timeout):
            yield

    def run_cell(self, place, timeout=60):
        """Run one cell."""
        with self.running(place, timeout):
            pass

    @contextlib.contextmanager
    def running(self, place, timeout=60):
        """Run one cell, do what the with statement does meanwhile, and wait for the cell's end."""
        self.select(place)
        with self._to_end("notebook:run-cell", timeout):
            yield

    @contextlib.contextmanager
    def _to_end(self, command, timeout):
        self.page.evaluate(
            """command => {
                window.ended = false;
                window.jupyterapp.commands.execute(command).finally(() => window.ended = true);
            }""",
            command,
        )
        yield
        self.page.wait_for_function("window.ended", timeout=timeout * 1000)
        self.wait_until_idle()

    def select(self, place):
        self.page.evaluate("place => window.jupyterapp.shell.currentWidget.content.activeCellIndex = place", place)

    def type(self, place, source):
        """Put the text into a cell, in place of what is in it, as a learner would."""
        editor = self.cell(place).locator(".cm-content")
        editor.scroll_into_view_if_needed()
        editor.click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Escape")

    @contextlib.contextmanager
    def computing(self, enough):
        """Have another cell compute until the file `enough` is there; both are gone afterwards."""
        last = len(self.page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.id)"))
        self.select(last - 1)
        self.command("notebook:insert-cell-below")
        source = COMPUTE_UNTIL.format(path=str(enough))
        self.page.evaluate(
            "source => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource(source)",
            source,
        )
        try:
            with self.running(last):
                self.page.wait_for_function(
                    """() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === "busy" """
                )
                yield
                enough.touch()
            shown = [output.get("text") or list(output["data"]) for output in self.code_cells()[-1]["outputs"]]
            assert shown == ["computed\n"], "it shows more or less than its own"
        finally:
            enough.touch()
            self.wait_until_idle()
            self.select(last)
            self.command("notebook:delete-cell")
            enough.unlink()

    # ── what is on the page ──────────────────────────────────────────────────────────────────

    def panels(self):
        """The panels on the page, in their order."""
        return [Panel(self, found) for found in self.page.locator(".gilteach-panel").all()]

    def undecoded(self, patience=30):
        """Pictures that an output has and the page doesn't show: (place of the cell, how many of how many).

        JupyterLab draws the cells that are out of sight when it has nothing else to do; it has `patience` seconds.
        """
        deadline = time.monotonic() + patience
        while (missing := self.page.evaluate(UNDECODED)) and time.monotonic() < deadline:
            self.page.wait_for_timeout(200)
        return missing

    def keep_screenshot(self, locator, name):
        """Keep a picture of a part of the page as an artifact of the tests."""
        ARTIFACTS.mkdir(exist_ok=True)
        locator.scroll_into_view_if_needed()
        locator.screenshot(path=ARTIFACTS / f"{Path(self.name).stem}-{name}.png")


def _joined(text):
    return text if isinstance(text, str) else "".join(text)
