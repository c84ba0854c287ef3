"""A real JupyterLab and a real Chromium for the browser tests."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
                    "--disable-component-update", "--no-first-run"]  # fmt: skip


def chromium():
    """Path of an installed Chromium; without one the test is skipped, but not in CI."""
    found = os.environ.get("GILTEACH_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if not found:
        reason = "no Chromium found: install it (Debian: apt-get install chromium) or set GILTEACH_CHROMIUM to its path"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    path = chromium()
    with playwright.sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield started
        started.close()


class Lab:
    """A JupyterLab server of its own on a copy of the notebooks; nothing of the user's is touched."""

    def __init__(self, folder, options=()):
        shutil.copytree(NOTEBOOKS, folder / "notebooks")
        self.folder = folder / "notebooks"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.token = secrets.token_urlsafe(16)
        self.url = f"http://127.0.0.1:{port}"
        homes = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
                 "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")  # fmt: skip
        environment = os.environ | {home: str(folder / home.lower()) for home in homes}
        self._log = (folder / "jupyter.log").open("wb")
        self._server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
                *(f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}"),
                *(f"--ServerApp.root_dir={self.folder}", "--LabApp.expose_app_in_browser=True"),
                *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
                *options,
            ],
            env=environment,
            stdout=self._log,
            stderr=self._log,
        )
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=1).close()
                return
            except OSError:
                assert self._server.poll() is None, (folder / "jupyter.log").read_text()
                time.sleep(0.1)
        raise TimeoutError((folder / "jupyter.log").read_text())

    def close(self):
        self._server.terminate()
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    started = Lab(tmp_path_factory.mktemp("lab"))
    yield started
    started.close()


class Notebook:
    """An open notebook in the browser, driven as a learner would."""

    def __init__(self, browser, lab, name, width=1280, height=800):
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.complaints = []
        self.page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        self.page.goto(f"{lab.url}/lab/tree/{name}?reset&token={lab.token}")
        self.page.wait_for_selector(".jp-Notebook-cell", timeout=60_000)
        self.page.wait_for_function("window.jupyterapp !== undefined")
        self.wait_until_idle()

    def command(self, name, **arguments):
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments])

    def wait_until_idle(self, timeout=60):
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(
            """() => {
                const kernel = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
                return kernel && kernel.connectionStatus === "connected" && kernel.status === "idle";
            }""",
            timeout=timeout * 1000,
        )

    def run_cell_with(self, text, timeout=120):
        """Run the first code cell that contains the text, and wait for its end."""
        cell = self.page.evaluate(
            """text => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                const place = notebook.widgets.findIndex(
                    cell => cell.model.type === "code" && cell.model.sharedModel.source.includes(text));
                notebook.activeCellIndex = place;
                notebook.widgets[place].model.executionCount = null;
                return place;
            }""",
            text,
        )
        self.command("notebook:run-cell")
        self.page.wait_for_function(
            """place => {
                const cell = window.jupyterapp.shell.currentWidget.content.widgets[place];
                return cell.model.executionCount !== null;
            }""",
            arg=cell,
            timeout=timeout * 1000,
        )
        self.wait_until_idle()

    def panel(self, place=0):
        """The panel in the given place, from 0, of those on the page."""
        found = self.page.locator(".gilteach-panel").nth(place)
        found.scroll_into_view_if_needed()
        return found

    def picture(self, panel):
        """The address of a panel's picture, which changes with it."""
        image = panel.locator("img.widget-image")
        assert image.evaluate("image => image.complete && image.naturalWidth > 0")
        return image.get_attribute("src")

    def wait_for_new_picture(self, panel, before, timeout=60):
        self.page.wait_for_function(
            """([panel, before]) => {
                const image = panel.querySelector("img.widget-image");
                return image.src !== before && image.complete && image.naturalWidth > 0;
            }""",
            arg=[panel.element_handle(), before],
            timeout=timeout * 1000,
        )

    def errors(self):
        return self.page.locator(
            '[data-mime-type="application/vnd.jupyter.stderr"], .jp-OutputArea-output.jp-mod-error'
        )

    def screenshot(self, name):
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")

    def close(self):
        self.page.close()


@pytest.fixture
def open_notebook(browser, lab):
    opened = []

    def open_it(name, **options):
        opened.append(Notebook(browser, lab, name, **options))
        return opened[-1]

    yield open_it
    for notebook in opened:
        notebook.close()
