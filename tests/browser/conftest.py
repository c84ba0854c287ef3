"""A real JupyterLab and a real Chromium for the browser tests."""

import os
import shutil
from pathlib import Path

import nbformat
import pytest

from missing import missing
from shrink import make_tiny

pytest.register_assert_rewrite("lab_notebook", "lab_panel")

from lab_notebook import Notebook  # noqa: E402
from lab_server import LabServer  # noqa: E402

COURSE = Path(__file__).resolve().parents[2] / "notebooks"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
                    "--disable-component-update", "--no-first-run"]  # fmt: skip


def chromium():
    """Path of an installed Chromium; without one the test is skipped, but not in CI."""
    found = os.environ.get("GILTEACH_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if not found:
        missing("no Chromium found: install it (Debian: apt-get install chromium) or set GILTEACH_CHROMIUM to its path")
    return found


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright import sync_api as playwright
    except ImportError:
        missing("no Playwright found: python -m pip install playwright")
    path = chromium()
    with playwright.sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield started
        started.close()


def copy_course(folder):
    """Copy the notebooks with everything in them as small as it goes."""
    shutil.copytree(COURSE, folder, dirs_exist_ok=True)
    for path in folder.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            make_tiny(cell)
        nbformat.write(notebook, path)


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Give the JupyterLab that has `commsOverSubshells` set so, or as it is by default; one of each at most."""
    started = {}

    def give(subshells):
        if subshells not in started:
            started[subshells] = LabServer(tmp_path_factory.mktemp("lab"), subshells)
            copy_course(started[subshells].notebooks)
        return started[subshells]

    yield give
    for server in started.values():
        server.close()


@pytest.fixture(scope="module")
def opened():
    """All notebooks that the module has opened."""
    notebooks = []
    yield notebooks
    for notebook in notebooks:
        notebook.close()


@pytest.fixture(scope="module")
def open_notebook(browser, lab, opened):
    """Open a notebook in a JupyterLab with a certain setting of `commsOverSubshells`."""

    def open_it(name, subshells, **options):
        opened.append(Notebook(browser, lab(subshells), name, **options))
        return opened[-1]

    return open_it


@pytest.fixture(autouse=True)
def no_complaints(opened):
    """Fail the test in which a page complains, or for which its notebook was run."""
    yield
    complaints = [notebook.complaints.pop() for notebook in opened for _ in notebook.complaints[:]]
    assert not complaints
