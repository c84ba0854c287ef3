"""What nbval leaves open while the notebooks run: errors in background threads, and a count of the claims."""

import collections
import os
import signal
import tempfile
from pathlib import Path

# Notebooks run as they are stored: without progress bars, whose outputs nobody would compare.
os.environ["TQDM_DISABLE"] = "1"

# An error in a background thread of a kernel reaches no cell. Kernels start with this, and it is said in the end.
NOTE_THREAD_ERRORS = """
import threading
import traceback

def note(error, usual=threading.excepthook):
    with open({path!r}, "a", encoding="utf-8") as file:
        traceback.print_exception(error.exc_type, error.exc_value, error.exc_traceback, file=file)
    usual(error)

threading.excepthook = note
"""


def pytest_configure(config):
    # A shell has what it runs in the background ignore interrupts, which some tests are about.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = config.gilteach_ipython = tempfile.TemporaryDirectory(prefix="gilteach-tests-", ignore_cleanup_errors=True)
    startup = Path(folder.name, "profile_default", "startup")
    startup.mkdir(parents=True)
    config.gilteach_thread_errors = Path(folder.name, "thread-errors")
    text = NOTE_THREAD_ERRORS.format(path=str(config.gilteach_thread_errors))
    (startup / "note_thread_errors.py").write_text(text, encoding="utf-8")
    os.environ["IPYTHONDIR"] = folder.name


def pytest_unconfigure(config):
    config.gilteach_ipython.cleanup()


def thread_errors(config):
    """Tracebacks of background threads in kernels."""
    path = config.gilteach_thread_errors
    return path.read_text(encoding="utf-8") if path.exists() else ""


def pytest_sessionfinish(session, exitstatus):
    if thread_errors(session.config) and not exitstatus:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter, config):
    """Print how the notebooks did: nbval itself counts cells only."""
    from structure import settled  # of tools/, which is on the path once pytest is configured

    cells = [item for item in getattr(config, "gilteach_cells", ()) if item.test_outputs]
    verdicts = collections.Counter(
        verdict for item in cells for verdict, _ in settled(item.cell.source, item.test_outputs)
    )
    notebooks = {item.parent.name for item in cells}
    if notebooks:
        counts = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in "✓✗?")
        terminalreporter.write_line(f"notebooks: {len(notebooks)}, claims: {counts}")
    passed = [report.nodeid for report in terminalreporter.getreports("passed")]
    if in_browser := sum("tests/browser/" in nodeid for nodeid in passed):
        terminalreporter.write_line(f"tests in the browser: {in_browser} passed")
    if errors := thread_errors(config):
        terminalreporter.section("errors in background threads of notebooks", red=True)
        terminalreporter.write(errors)


def pytest_collection_finish(session):
    from shrink import shrink  # of tools/

    session.config.gilteach_cells = [item for item in session.items if hasattr(item, "test_outputs")]
    for item in session.config.gilteach_cells:
        shrink(item.cell)
