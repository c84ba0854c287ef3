"""What is said of a test run as a whole: how the notebooks did, and what was left behind.

nbval itself notices no errors in background threads, and counts cells only.
"""

import collections
import os
import signal
import sys
import tempfile
import time
import uuid
from pathlib import Path

import pytest
from nbval.kernel import RunningKernel

MARK = "GILTEACH_TEST_SESSION"  # environment variable that every process of the session inherits

# Notebooks run as they are stored: without progress bars, whose outputs nobody would compare.
os.environ["TQDM_DISABLE"] = "1"

LEFT_PATIENCE = 2.0  # s; for the last processes to end

# An error in a background thread of a kernel, or in what a widget calls, reaches no cell. Kernels start with this,
# and it is said in the end.
NOTE_ERRORS = """
import sys
import threading
import traceback

shell = get_ipython()

def note(*error):
    with open({path!r}, "a", encoding="utf-8") as file:
        traceback.print_exception(*error, file=file)

def note_thread_error(error, usual=threading.excepthook):
    note(error.exc_type, error.exc_value, error.exc_traceback)
    usual(error)

def note_widget_error(*args, running_compiled_code=False, usual=shell.showtraceback, **kwargs):
    if not running_compiled_code:  # by a cell
        note(*sys.exc_info())
    usual(*args, running_compiled_code=running_compiled_code, **kwargs)

threading.excepthook = note_thread_error
shell.showtraceback = note_widget_error
"""


def pytest_configure(config):
    # A shell has what it runs in the background ignore interrupts, which some tests are about.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())  # where tmp_path is kept for a look at it
    # A short name: on macOS the path of a socket in a bench's folder in it may have 103 characters, and half of them
    # are in the name of the usual place.
    place = "/tmp" if sys.platform == "darwin" else None
    config.gilteach_folder = tempfile.TemporaryDirectory(prefix="gt-", dir=place, ignore_cleanup_errors=True)
    folder = Path(config.gilteach_folder.name)
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    config.gilteach_errors = folder / "errors"
    text = NOTE_ERRORS.format(path=str(config.gilteach_errors))
    (startup / "note_errors.py").write_text(text, encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(folder / "ipython")
    # Temporary files and processes of the tests are told from others by these two.
    (folder / "tmp").mkdir()
    tempfile.tempdir = str(folder / "tmp")
    os.environ |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), tempfile.tempdir)
    config.gilteach_mark = os.environ[MARK] = uuid.uuid4().hex
    config.gilteach_left = []
    RunningKernel.stop = end_kernel


def end_kernel(kernel):
    """Ask a notebook's kernel to end, as JupyterLab does: nbval kills it, and it can't remove its folder then."""
    kernel.kc.stop_channels()
    kernel.km.shutdown_kernel()


def pytest_unconfigure(config):
    config.gilteach_folder.cleanup()


def left_behind(config):
    """Say what of ours is there although all tests are over, a line each."""
    import leftovers  # of tests/, which is on the path once pytest is configured

    commands = [leftovers.command(process) for process in leftovers.processes(MARK, config.gilteach_mark)]
    found = {
        # This process has a resource tracker of its own, if a test has used multiprocessing in it.
        "process": [command for command in commands if "multiprocessing.resource_tracker" not in command],
        "server": leftovers.servers(),
        "temporary file": [name for name in leftovers.temporary_files() if name.startswith(("gilteach-", "pymp-"))],
        "shared memory": leftovers.shared_memory() - config.gilteach_shared_memory_before,
    }
    return [f"{kind}: {one}" for kind, ones in found.items() for one in sorted(ones)]


def pytest_sessionstart(session):
    import leftovers

    session.config.gilteach_shared_memory_before = leftovers.shared_memory()


def errors_outside_cells(config):
    """Tracebacks of background threads in kernels, and of what widgets called."""
    path = config.gilteach_errors
    return path.read_text(encoding="utf-8") if path.exists() else ""


def executed_cells(config):
    """The cells of notebooks that were executed."""
    return [item for item in getattr(config, "gilteach_cells", ()) if item.test_outputs is not None]


def kinds(outputs):
    """What kinds of output there are: the names of streams, and the types that data are given in."""
    return {
        kind
        for output in outputs
        for kind in ([output["name"]] if "name" in output else output.get("data", [output["output_type"]]))
    }


def changed_kinds(config):
    """Say which cells, of those whose outputs nobody compares too, give another kind of output than they did."""
    for item in executed_cells(config):
        before, now = kinds(item.cell.outputs), kinds(item.test_outputs)
        if before != now:
            yield f"{item.parent.name} {item.name}: {sorted(now - before)} instead of {sorted(before - now)}"


def settled_claims(config):
    """The claims that these cells made, as (✓ ✗ or ?, the rest of the line)."""
    from structure import settled  # of tools/, which is on the path once pytest is configured

    return [claim for item in executed_cells(config) for claim in settled(item.test_outputs)]


def pytest_sessionfinish(session, exitstatus):
    patience = time.monotonic() + LEFT_PATIENCE
    while (left := left_behind(session.config)) and time.monotonic() < patience:
        time.sleep(0.1)
    session.config.gilteach_left = left
    # A claim may fail in a cell whose output isn't compared.
    failed = any(verdict == "✗" for verdict, _ in settled_claims(session.config))
    wrong = failed or left or errors_outside_cells(session.config) or any(changed_kinds(session.config))
    if wrong and not exitstatus:
        session.exitstatus = 1


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter, config):
    """Print last how the notebooks did, and what is left."""
    yield
    claims = settled_claims(config)
    cells = executed_cells(config)
    notebooks = {item.parent.name for item in cells}
    for verdict, claim in claims:
        if verdict != "✓":
            terminalreporter.write_line(f"{verdict} {claim}")
    if notebooks:
        verdicts = collections.Counter(verdict for verdict, _ in claims)
        counts = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in "✓✗?")
        only_run = sum("nbval-ignore-output" in item.cell.metadata.get("tags", ()) for item in cells)
        terminalreporter.write_line(f"notebooks: {len(notebooks)}, claims: {counts}")
        terminalreporter.write_line(f"cells of notebooks: {len(cells) - only_run} compared, {only_run} only run")
    if changed := list(changed_kinds(config)):
        terminalreporter.section("cells of notebooks with other kinds of output", red=True)
        terminalreporter.write("\n".join(changed) + "\n")
    in_browser = {
        outcome: sum("tests/browser/" in report.nodeid for report in terminalreporter.getreports(outcome))
        for outcome in ("passed", "failed", "error", "skipped")
    }
    if any(in_browser.values()):
        counts = ", ".join(f"{count} {outcome}" for outcome, count in in_browser.items() if count)
        terminalreporter.write_line(f"tests in the browser: {counts}")
    if errors := errors_outside_cells(config):
        terminalreporter.section("errors in notebooks, outside their cells", red=True)
        terminalreporter.write(errors)
    if config.gilteach_left:
        terminalreporter.section("left behind by the tests", red=True)
        terminalreporter.write("\n".join(config.gilteach_left) + "\n")


def pytest_collection_modifyitems(items):
    """Put the tests that measure behind the notebooks: `.ci/run` does other things beside the first tests."""
    items.sort(key=lambda item: "measure_quietly" in getattr(item, "fixturenames", ()))


def pytest_collection_finish(session):
    from shrink import shrink  # of tools/

    session.config.gilteach_cells = [item for item in session.items if hasattr(item, "test_outputs")]
    for item in session.config.gilteach_cells:
        shrink(item.cell)
