"""Fixtures that several of the tests use."""

import contextlib
import gc
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path
from shutil import copytree, ignore_patterns
from types import SimpleNamespace

import psutil
import pytest

import gilteach as gt
import leftovers
from gilteach.bench.tasks import TASKS, Task
from gilteach.children import launch
from gilteach.host import interpreters
from gilteach.measuring import exclusive
from gilteach.measuring.plan import make_plan
from leftovers import SHARED_MEMORY
from missing import missing

PYTHONS = ("3.11", "3.12", "3.13", "3.13t", "3.14", "3.15")
NOISY = 0.2  # cores that others kept busy, above which a measurement proves nothing
MARK = "GILTEACH_TEST"  # environment variable that every process a test starts inherits


@pytest.fixture(scope="session")
def pythons_here():
    """The interpreters found on this machine, by their short names."""
    found = {}
    for python in interpreters.find():  # the current one comes first and counts
        found.setdefault(python.short, python)
    return found


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow) for name in PYTHONS])
def python(request, pythons_here):
    """Each Python that gilteach promises to work with, as the name to pass as ``python=``."""
    if request.param not in pythons_here:
        missing(f"no Python {request.param} here; put its folder into {interpreters.EXTRA}")
    return request.param


@pytest.fixture
def free_threaded(pythons_here):
    """The name of a Python without the GIL."""
    names = [name for name in pythons_here if name.endswith("t")]
    if not names:
        missing(f"no free-threaded Python here; put the folder of a 3.13t into {interpreters.EXTRA}")
    return names[0]


@pytest.fixture
def two_cpus():
    """Skips where there is nothing to be parallel on."""
    if gt.machine().usable_cpus < 2:
        pytest.skip("needs two usable CPUs")


@pytest.fixture
def measure_quietly():
    """Measure up to five times, until the outcome is as it should be.

    A busy neighbour spoils measurements but doesn't improve them, so one good outcome is enough. The test fails
    if none is good and one of them was made on a quiet machine, and is skipped if all were noisy; unless none
    of them even passed `even_if_noisy`, which asks for no more than what holds beside busy neighbours too.
    """

    def measure_until_good(measure, is_good, even_if_noisy=lambda run: True):
        measured = []
        for _ in range(5):
            measured.append(measure())
            if is_good(measured[-1]):
                return measured[-1]
        least = min(run.background for run in measured)
        if least <= NOISY or not any(even_if_noisy(run) for run in measured):
            pytest.fail(f"none of five measurements was good: {measured}")
        return pytest.skip(f"other programs kept at least {least:.1f} cores busy in all five attempts")

    return measure_until_good


@pytest.fixture
def wait_until():
    """Ask until the answer is yes, for so many seconds at most; return the last answer."""

    def ask_until_yes(question, seconds):
        deadline = time.monotonic() + seconds
        while not (answer := question()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return answer

    return ask_until_yes


# ── a bench with more tasks ──────────────────────────────────────────────────────────────────


@pytest.fixture
def add_task(tmp_path, monkeypatch):
    """Add a task, given as the source of its function, to a copy of the bench; return its name."""
    bench = tmp_path / "bench"
    copytree(launch.BENCH, bench, ignore=ignore_patterns("__pycache__"))
    monkeypatch.setattr(launch, "BENCH", bench)

    def add(source):
        name = source.split("def ", 1)[1].split("(", 1)[0]
        with (bench / "tasks.py").open("a", encoding="utf-8") as file:
            file.write(f"\n\n{source}\n\nTASKS[{name!r}] = Task({name}, 'I/O', 's', 0, 600, 1, whole=False)\n")

        def never_called_in_the_kernel(size):
            raise AssertionError("a task ran in the kernel")

        never_called_in_the_kernel.__name__ = name
        monkeypatch.setitem(TASKS, name, Task(never_called_in_the_kernel, "I/O", "s", 0, 600, 1, whole=False))
        return name

    return add


# ── what a run leaves behind ─────────────────────────────────────────────────────────────────


@pytest.fixture
def started_processes(monkeypatch):
    """List the living processes that were started since the test began, however far down.

    They are known by an environment variable that they inherit.
    """
    mark = uuid.uuid4().hex
    monkeypatch.setenv(MARK, mark)
    others = {*psutil.pids()}

    def living():
        return leftovers.processes(MARK, mark, others)

    yield living
    for process in living():  # after a test that failed
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


@pytest.fixture
def used_shared_memory(started_processes):
    """Note the inode of every piece of shared memory that a process of the test's uses (on Linux)."""
    used = set()
    enough = threading.Event()

    def watch():
        took = 0.0
        while not enough.wait(max(0.03, 2 * took)):  # without a GIL it can hinder other threads that look at processes
            began = time.monotonic()
            for process in started_processes():
                try:
                    lines = Path(f"/proc/{process.pid}/maps").read_text().splitlines()
                except OSError:
                    continue  # it has ended meanwhile
                used.update(int(line.split(maxsplit=5)[4]) for line in lines if str(SHARED_MEMORY) in line)
            took = time.monotonic() - began

    watcher = threading.Thread(target=watch, name="watches shared memory")
    if SHARED_MEMORY.is_dir():
        watcher.start()
    yield used
    enough.set()
    if watcher.ident:
        watcher.join()


@pytest.fixture
def assert_nothing_left(started_processes, used_shared_memory, wait_until):
    """Assert that nothing of the test's is there in two seconds' time at the latest.

    That is: no process, no shared memory, no thread, no temporary file, no socket and no pipe; nor has
    anybody kept the turn to measure.
    Shared memory whose process was killed before it could be seen is taken for another program's.
    """
    threads_before = set(threading.enumerate())
    files_before = leftovers.temporary_files()
    shared_memory_before = leftovers.shared_memory()
    gc.collect()  # what earlier tests have forgotten may be closed now, and then its number be another's
    connections_before = leftovers.connections()

    def left_in_shared_memory():
        return {name for name, inode in _shared_memory() if inode in used_shared_memory}

    def check(seconds=2.0, connections=True):
        deadline = time.monotonic() + seconds
        for left in (
            started_processes,
            left_in_shared_memory,
            lambda: leftovers.shared_memory() - shared_memory_before,  # of benches, which have ended by now
            lambda: set(threading.enumerate()) - threads_before,
            lambda: leftovers.temporary_files() - files_before,
            lambda: leftovers.connections() - connections_before if connections else None,
            exclusive.take_turn.busy,
        ):
            assert wait_until(lambda left=left: not left(), deadline - time.monotonic()), left()

    return check


@pytest.fixture(scope="module", autouse=True)
def garbage_of_the_module_alone():
    """Let collecting garbage, as `assert_nothing_left` does, look at the module's objects only: all take long."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def nothing_is_left(assert_nothing_left):
    """Assert it when the test is over."""
    yield
    assert_nothing_left()


def _shared_memory():
    """Names and inodes of all shared memory there is: while a piece is used, it may have another name."""
    for file in SHARED_MEMORY.iterdir() if SHARED_MEMORY.is_dir() else ():
        try:
            yield file.name, file.stat().st_ino
        except OSError:
            pass  # it was removed meanwhile


# ── runs that nobody measured ────────────────────────────────────────────────────────────────


@pytest.fixture
def make_run():
    """Make a `Run` of chosen numbers, for everything that only computes with runs or draws them."""
    here = replace(gt.machine(), usable_cpus=4, logical_cpus=4, limited_by=None)

    def make(
        runner="threads", workers=2, *, task="count", tasks=None, size=1000, wall=1.0, startup=0.01, cores=1.0,
        background=0.0,
    ):  # fmt: skip
        plan = make_plan(task, runner, workers=workers, tasks=tasks, size=size)
        return run_of_plan(plan, wall=wall, startup=startup, cores=cores, background=background)

    def run_of_plan(plan, *, wall=1.0, startup=0.01, cores=1.0, background=0.0):
        lanes = 1 if plan.runner == "serial" else plan.workers
        rounds = -(-plan.tasks // lanes)
        spans = [
            (task % lanes, task, 1000 + task % lanes, 2000 + task % lanes, start, start + wall / rounds, 0.5)
            for task in range(plan.tasks)
            for start in [task // lanes * wall / rounds]
        ]
        samples = [(wall * part / 10, cores) for part in range(1, 11)]
        return gt.Run(
            plan=plan, wall=wall, startup=startup, cpu=cores * wall, background=background,
            results=[plan.size] * plan.tasks, machine=here, raw_spans=spans, raw_samples=samples,
        )  # fmt: skip

    make.of_plan = run_of_plan
    return make


@pytest.fixture
def make_sweep(make_run):
    """Make a `Sweep` of (repeat, run) pairs."""

    def make(*measured, axis="workers", planned=None):
        repeats, runs = zip(*measured, strict=True)
        return gt.Sweep(runs, repeats, axis, planned or len(runs))

    return make


@pytest.fixture
def pretend_to_run(make_run, monkeypatch):
    """Have sweeps and panels make up their runs instead of measuring them; return the plans so far."""
    made_up = SimpleNamespace(plans=[], interrupt_at=None)

    def execute(plan, stop=None):
        if len(made_up.plans) == made_up.interrupt_at:
            raise KeyboardInterrupt
        made_up.plans.append(plan)
        return make_run.of_plan(plan)

    monkeypatch.setattr("gilteach.measuring.sweeps.execute", execute)
    return made_up
