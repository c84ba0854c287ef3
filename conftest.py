"""What is said of a test run as a whole: how the notebooks did, and what was left behind.

nbval itself notices no errors in background threads, and counts cells only. The tests run in two workers, each of
which looks after its own and tells the controller what it has found.
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

pytest_plugins = ["quiet", "lessons"]
pytest.register_assert_rewrite("lessons")

import leftovers  # noqa: E402
import lessons  # noqa: E402

MARK = "GILTEACH_TEST_SESSION"  # environment variable that every process of the session inherits

# Notebooks run as they are stored: without progress bars, whose outputs nobody would compare.
os.environ["TQDM_DISABLE"] = "1"

# Some machines have this set: every kernel and every program would compile pandas anew, which takes seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

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
    # A worker's isn't within the controller's, for the same reason.
    place = "/tmp" if sys.platform == "darwin" else os.environ["PYTEST_DEBUG_TEMPROOT"]
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
    config.gilteach_found = []
    RunningKernel.stop = end_kernel


def end_kernel(kernel):
    """Ask a notebook's kernel to end, as JupyterLab does: nbval kills it, and it can't remove its folder then."""
    kernel.kc.stop_channels()
    kernel.km.shutdown_kernel()


def pytest_unconfigure(config):
    config.gilteach_folder.cleanup()


def left_behind(config):
    """Say what of ours is there although all tests are over, a line each."""
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
    session.config.gilteach_shared_memory_before = leftovers.shared_memory()


def errors_outside_cells(config):
    """Tracebacks of background threads in kernels, and of what widgets called."""
    path = config.gilteach_errors
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Take over what a worker has found."""
    node.config.gilteach_found.append(getattr(node, "workeroutput", {}).get("gilteach", {}))


def pytest_sessionfinish(session, exitstatus):
    config = session.config
    patience = time.monotonic() + LEFT_PATIENCE
    while (left := left_behind(config)) and time.monotonic() < patience:
        time.sleep(0.1)
    config.gilteach_found.append(lessons.found(config) | {"errors": errors_outside_cells(config), "left": left})
    if hasattr(config, "workeroutput"):  # of a worker of pytest-xdist
        config.workeroutput["gilteach"] = config.gilteach_found[0]
    elif is_wrong(all_found(config)) and not exitstatus:
        session.exitstatus = 1


def all_found(config):
    """Add up what was found, here and by the workers."""
    total = collections.defaultdict(list)
    for found in config.gilteach_found:
        for kind, some in found.items():
            total[kind] += some if isinstance(some, list) else [some]
    return total


def is_wrong(found):
    """Whether something was found for which a run fails though each of its tests has passed."""
    failed = any(verdict == "✗" for verdict, _ in found["claims"])  # in a cell whose output isn't compared
    return bool(failed or found["changed"] or any(found["errors"]) or found["left"])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter, config):
    """Print last how the notebooks did, and what is left."""
    yield
    found = all_found(config)
    for verdict, claim in found["claims"]:
        if verdict != "✓":
            terminalreporter.write_line(f"{verdict} {claim}")
    if found["notebooks"]:
        verdicts = collections.Counter(verdict for verdict, _ in found["claims"])
        counts = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in "✓✗?")
        compared, only_run = sum(found["compared"]), sum(found["only run"])
        terminalreporter.write_line(f"notebooks: {len(found['notebooks'])}, claims: {counts}")
        terminalreporter.write_line(f"cells of notebooks: {compared} compared, {only_run} only run")
    in_browser = {
        outcome: sum("tests/browser/" in report.nodeid for report in terminalreporter.getreports(outcome))
        for outcome in ("passed", "failed", "error", "skipped")
    }
    if any(in_browser.values()):
        counts = ", ".join(f"{count} {outcome}" for outcome, count in in_browser.items() if count)
        terminalreporter.write_line(f"tests in the browser: {counts}")
    for title, lines in (
        ("cells of notebooks with other kinds of output", found["changed"]),
        ("errors in notebooks, outside their cells", [*filter(None, found["errors"])]),
        ("left behind by the tests", found["left"]),
    ):
        if lines:
            terminalreporter.section(title, red=True)
            terminalreporter.write("\n".join(lines) + "\n")
