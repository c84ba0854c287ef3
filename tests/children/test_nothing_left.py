"""However a run ends, no process, no thread and no shared memory of it is left two seconds later."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

import gilteach as gt
from gilteach.measuring import execution

pytestmark = pytest.mark.slow

# Every way to run: a runner, and how its processes start.
WAYS = [("serial", None), ("threads", None), ("processes", "fork"), ("processes", "spawn"), ("processes", "forkserver")]
every_way = pytest.mark.parametrize(("runner", "start_method"), WAYS, ids=lambda value: value or "")
posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows shared memory as files")
ENDLESS = 10**10  # a size at which every task is still at it when the test is over


@pytest.fixture(autouse=True)
def start_method_is_here(request):
    method = request.node.callspec.params.get("start_method") if hasattr(request.node, "callspec") else None
    if method and method not in gt.machine().python.start_methods:
        pytest.skip(f"no start method {method} here")


def test_the_check_itself_sees_processes(assert_nothing_left, started_processes, wait_until):
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert wait_until(started_processes, 5)  # its environment can't be read at once
        with pytest.raises(AssertionError, match=f"pid={sleeper.pid}"):
            assert_nothing_left(seconds=0.1)
    finally:
        sleeper.kill()
        sleeper.wait()
    assert_nothing_left()


@linux
def test_the_check_itself_sees_shared_memory(assert_nothing_left, used_shared_memory, wait_until):
    left = Path(f"/dev/shm/gilteach-test-{os.getpid()}")
    left.write_bytes(bytes(100))
    script = f"""if True:
        import mmap, time
        with open({str(left)!r}, "r+b") as file:
            mapped = mmap.mmap(file.fileno(), 100)
        print("mapped", flush=True)
        time.sleep(60)
    """
    user = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    try:
        with user.stdout as lines:
            assert lines.readline() == b"mapped\n"
            assert wait_until(lambda: left.stat().st_ino in used_shared_memory, 10)
        user.kill()
        user.wait()
        with pytest.raises(AssertionError, match=left.name):
            assert_nothing_left(seconds=0.1)
    finally:
        left.unlink()
    assert_nothing_left()


def test_the_check_itself_sees_threads(assert_nothing_left):
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    try:
        with pytest.raises(AssertionError, match="Thread"):
            assert_nothing_left(seconds=0.1)
    finally:
        go_on.set()
        thread.join()


def test_the_check_itself_sees_temporary_files_sockets_and_pipes(assert_nothing_left):
    for leave, words in (
        (lambda: tempfile.TemporaryDirectory(prefix="gilteach-test-"), "gilteach-test-"),
        (lambda: socket.create_server(("127.0.0.1", 0)), "socket"),
        (lambda: closing(os.fdopen(os.pipe()[0])), "pipe" if sys.platform == "linux" else ""),
    ):
        if words:
            with leave(), pytest.raises(AssertionError, match=words):
                assert_nothing_left(seconds=0.1)


LEAVES = """
import os, pathlib, socket, subprocess, sys, tempfile

def test_that_passes_and_leaves_things():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)  # stray"])
    process.returncode = 0  # or subprocess itself would complain
    left.append(socket.create_server(("127.0.0.1", 0)))
    tempfile.mkdtemp(prefix="gilteach-stray-")
    pathlib.Path(os.environ["GILTEACH_TEST_SHARED_MEMORY"], "gilteach-999999999").touch()

left = []
"""


def test_the_check_after_all_tests_sees_what_is_left(tmp_path, started_processes):
    repository = Path(__file__).parents[2]
    shutil.copy(repository / "conftest.py", tmp_path)
    (tmp_path / "test_leaves.py").write_text(LEAVES)
    (tmp_path / "shared").mkdir()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(repository / "tests"), str(repository / "tools")]),
        "GILTEACH_TEST_SHARED_MEMORY": str(tmp_path / "shared"),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
    finally:
        for process in started_processes():
            process.kill()
    assert "1 passed" in done.stdout
    assert done.returncode == 1
    said = done.stdout.partition("left behind by the tests")[2]
    for kind in ("process: .*stray", r"server: 127\.0\.0\.1:", "temporary file: gilteach-stray-"):
        assert re.search(kind, said), done.stdout
    assert "shared memory: gilteach-999999999" in said


@every_way
def test_after_a_normal_end(assert_nothing_left, runner, start_method):
    gt.run("count", runner, workers=2, size=1000, start_method=start_method)
    assert_nothing_left()


@every_way
def test_after_a_timeout(assert_nothing_left, runner, start_method):
    with pytest.raises(gt.RunTimeout):
        gt.run("count", runner, workers=2, size=ENDLESS, start_method=start_method, timeout=0.8)
    assert_nothing_left()


@every_way
def test_after_a_timeout_in_the_middle_of_the_start(assert_nothing_left, runner, start_method):
    with pytest.raises(gt.RunTimeout):
        gt.run("count", runner, workers=8, size=ENDLESS, start_method=start_method, timeout=0.05)
    assert_nothing_left()


@every_way
def test_after_an_error(assert_nothing_left, add_task, runner, start_method):
    fails = add_task("def fails(size):\n    raise ValueError('no')\n")
    with pytest.raises(gt.TaskError):
        gt.run(fails, runner, workers=2, start_method=start_method)
    assert_nothing_left()


@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
def test_after_the_death_of_a_worker(assert_nothing_left, add_task, start_method):
    dies = add_task("def dies(size):\n    import os\n    os._exit(1)\n")
    with pytest.raises(gt.WorkerDied):
        gt.run(dies, "processes", workers=3, start_method=start_method)
    assert_nothing_left()


def test_after_many_runs_no_files_stay_open(assert_nothing_left, wait_until):
    gt.run("fetch", workers=2, size=10, delay=0)
    here = psutil.Process()
    count = here.num_fds if os.name == "posix" else here.num_handles
    before = count()
    for _ in range(3):
        gt.run("fetch", workers=2, size=10, delay=0)
        with pytest.raises(gt.RunTimeout):
            gt.run("wait", workers=1, size=30, timeout=0.2)
    assert wait_until(lambda: count() <= before, 2)
    assert_nothing_left()


# ── the kernel is interrupted ────────────────────────────────────────────────────────────────


@pytest.fixture
def interrupt_after():
    """Interrupt the main thread, as Jupyter's Interrupt does, so many seconds from now."""
    timers = []

    def interrupt(seconds):
        main = threading.main_thread().ident
        timers.append(threading.Timer(seconds, signal.pthread_kill, [main, signal.SIGINT]))
        timers[-1].start()

    yield interrupt
    for timer in timers:
        timer.cancel()
        timer.join()


@posix
@every_way
def test_after_an_interrupt(assert_nothing_left, interrupt_after, runner, start_method):
    interrupt_after(0.8)
    with pytest.raises(KeyboardInterrupt):
        gt.run("count", runner, workers=2, size=ENDLESS, start_method=start_method, timeout=20)
    assert_nothing_left()


@posix
@pytest.mark.parametrize("seconds", [0.001, 0.01, 0.03, 0.1, 0.2])
def test_after_an_interrupt_in_the_middle_of_the_start(assert_nothing_left, interrupt_after, seconds):
    def run_until_interrupted():
        interrupt_after(seconds)
        gt.run("fetch", "processes", workers=4, size=10**9, delay=10, timeout=20)

    with pytest.raises(KeyboardInterrupt):
        run_until_interrupted()
    assert_nothing_left()


def test_an_interrupt_before_the_start_prevents_it(assert_nothing_left, monkeypatch):
    started, begun = [], []
    start = threading.Thread.start

    def be_interrupted(thread):
        later = threading.Timer(0.2, start, [thread])  # it is on its way, but nobody can see that
        start(later)
        started.append(later)
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "start_bench", begun.append)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", be_interrupted)
        with pytest.raises(KeyboardInterrupt):
            gt.run("count", workers=1, size=1)
    started[0].join()
    assert_nothing_left()
    assert not begun


@posix
@pytest.mark.parametrize("gap", [0.001, 0.005, 0.02])
def test_a_second_interrupt_stops_no_cleaning_up(assert_nothing_left, interrupt_after, gap):
    def run_until_interrupted_twice():
        interrupt_after(0.8)
        interrupt_after(0.8 + gap)
        try:
            gt.run("count", "processes", workers=4, size=ENDLESS, timeout=20)
        except KeyboardInterrupt:
            time.sleep(0.5)  # the second one may come as late as here
            raise

    with pytest.raises(KeyboardInterrupt):
        run_until_interrupted_twice()
    assert_nothing_left()


@posix
def test_a_measured_program_after_an_interrupt(assert_nothing_left, interrupt_after):
    def measure_until_interrupted(seconds):
        interrupt_after(seconds)  # perhaps here already
        gt.measure("import multiprocessing\nlock = multiprocessing.Lock()\nwhile True: pass\n")

    for seconds in (0.001, 0.01, 0.05, 0.3):
        with pytest.raises(KeyboardInterrupt):
            measure_until_interrupted(seconds)
    assert_nothing_left()


@posix
def test_messages_after_an_interrupt(assert_nothing_left, interrupt_after):
    for channel in ("queue", "shared memory"):
        interrupt_after(0.5)
        with pytest.raises(KeyboardInterrupt):
            gt.messages(channel, 1_000_000, seconds=10, progress=False)
    assert_nothing_left()


def test_the_next_run_works_after_an_end_by_force():
    with pytest.raises(gt.RunTimeout):
        gt.run("count", workers=2, size=ENDLESS, timeout=0.3)
    assert gt.run("count", workers=2, size=10).results == [10, 10]


# ── the kernel dies ──────────────────────────────────────────────────────────────────────────

KERNEL = """
import sys
import gilteach as gt
task, runner, start_method, size = sys.argv[1:]
delay = 30 if task == "fetch" else None
gt.run(task, runner, workers=2, size=float(size), delay=delay, start_method=start_method or None, timeout=60)
"""


def kill_kernel_when(it_is_time, task, runner, start_method, size):
    kernel = subprocess.Popen([sys.executable, "-P", "-c", KERNEL, task, runner, start_method or "", str(size)])
    try:
        assert it_is_time()
        assert kernel.poll() is None
    finally:
        kernel.kill()
        kernel.wait()


@posix
@pytest.mark.parametrize(
    ("task", "size", "runner", "start_method"),
    [
        *(("count", 10**9, *way) for way in WAYS),
        ("wait", 500, "processes", "forkserver"),
        ("fetch", 10**6, "threads", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_after_the_kernel_was_killed(
    assert_nothing_left, started_processes, wait_until, task, size, runner, start_method
):
    # Kernel, bench and its guard; workers; server and its guard.
    count = 3 + 2 * (runner == "processes") + 2 * (task == "fetch")

    def tasks_are_under_way():
        assert wait_until(lambda: len(started_processes()) >= count, 15), started_processes()
        time.sleep(0.3)
        return True

    kill_kernel_when(tasks_are_under_way, task, runner, start_method, size)
    assert_nothing_left()


@posix
@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
def test_after_the_kernel_was_killed_in_the_middle_of_the_start(
    assert_nothing_left, started_processes, wait_until, start_method
):
    def bench_is_there():
        return wait_until(lambda: len(started_processes()) >= 2, 15)

    kill_kernel_when(bench_is_there, "count", "processes", start_method, 10**9)
    assert_nothing_left()
