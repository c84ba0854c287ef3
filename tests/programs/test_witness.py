"""Who executes when in an ordinary program, as the witness sees it from outside (Linux)."""

import sys
import textwrap

import pandas as pd
import pytest

import gilteach as gt

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps such accounts")]

COUNTING = """
import threading

def count(n):
    while n:
        n -= 1

threads = [threading.Thread(target=count, args=(10_000_000,), name=f"counter {i}") for i in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
HASHING = """
import hashlib, threading
piece = bytes(1 << 20)

def digest():
    hasher = hashlib.sha256()
    for _ in range(400):
        hasher.update(piece)

threads = [threading.Thread(target=digest) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
FOUR_PROCESSES = """
import multiprocessing, os, time

def count(seconds):
    while time.process_time() < seconds:
        pass

if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=count, args=(0.5,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
"""
ONE_AFTER_THE_OTHER = """
import threading, time

def count(seconds):
    began = time.thread_time()
    while time.thread_time() < began + seconds:
        pass

def first():
    count(0.4)
    first_is_done.set()
    time.sleep(0.5)

def second():
    first_is_done.wait()
    count(0.4)

first_is_done = threading.Event()
for work in (first, second):
    threading.Thread(target=work, name=work.__name__).start()
"""
SLEEPING = """
import threading, time
for _ in range(3):
    threading.Thread(target=time.sleep, args=(0.5,), name="sleeper").start()
"""


def seconds_by_thread(run, state="executing"):
    slices = run.slices[run.slices["state"] == state]
    return (slices["end_s"] - slices["start_s"]).groupby([slices["process"], slices["thread"]]).sum()


def of_threads(run):
    """The slices of the threads with names that the program gave."""
    named = run.lanes[run.lanes["thread"].notna() & (run.lanes["name"] != "MainThread")]
    return run.slices[run.slices["thread"].isin(named["thread"]) & (run.slices["state"] == "executing")]


def test_counting_threads_take_turns(measure_quietly, two_cpus):
    def is_good(run):
        slices = of_threads(run)
        median = (slices["end_s"] - slices["start_s"]).median()
        return run.overlap <= 0.15 and 0.0035 <= median <= 0.008  # far from what threads without a GIL give

    run = measure_quietly(lambda: gt.measure(COUNTING), is_good)
    assert "took turns: " in run.turns


def test_hashing_threads_execute_at_the_same_time(measure_quietly, two_cpus):
    measure_quietly(lambda: gt.measure(HASHING), lambda run: run.overlap >= 0.5)


def test_more_processes_than_cores_are_ready_as_long_as_they_execute(measure_quietly, two_cpus):
    def is_good(run):
        executing, ready = (seconds_by_thread(run, state).sum() for state in ("executing", "ready"))
        return 0.6 < ready / executing < 1.4

    measure_quietly(lambda: gt.measure(FOUR_PROCESSES), is_good)


def test_who_sleeps_is_never_solid():
    run = gt.measure(SLEEPING)
    slices = of_threads(run)
    assert (slices["end_s"] - slices["start_s"]).sum() < 0.02


def test_each_is_solid_in_its_own_time():
    run = gt.measure(ONE_AFTER_THE_OTHER)
    ids = run.lanes.dropna(subset=["thread"]).set_index("name")["thread"]
    executing = run.slices[run.slices["state"] == "executing"]
    ends = executing[executing["thread"] == ids["first"]]["end_s"]
    begins = executing[executing["thread"] == ids["second"]]["start_s"]
    long = executing[executing["end_s"] - executing["start_s"] > 0.002]
    first, second = (long[long["thread"] == ids[name]] for name in ("first", "second"))
    assert first["end_s"].max() <= second["start_s"].min() + 0.02
    assert len(ends)
    assert len(begins)


@pytest.mark.parametrize("program", [COUNTING, HASHING, FOUR_PROCESSES], ids=["counting", "hashing", "processes"])
def test_slices_add_up_to_the_cpu_time(program):
    run = gt.measure(program)
    lanes = run.lanes.dropna(subset=["thread", "cpu_s"])
    seen = seconds_by_thread(run)
    checked = 0
    for lane in lanes[lanes["cpu_s"] >= 0.1].itertuples():
        # The accounts move in ticks of 4 ms, and the ends of a slice are as uncertain.
        assert seen[lane.process, lane.thread] == pytest.approx(lane.cpu_s, rel=0.05, abs=0.015)
        checked += 1
    assert checked >= 2


def test_slices_are_a_tidy_table_of_what_happened_one_after_the_other():
    run = gt.measure(COUNTING)
    assert list(run.slices.columns) == ["process", "thread", "start_s", "end_s", "state"]
    assert set(run.slices["state"]) <= {"executing", "ready"}
    assert (run.slices["start_s"] >= 0).all()
    assert (run.slices["end_s"] <= run.wall).all()
    assert (run.slices["end_s"] > run.slices["start_s"]).all()
    executing = run.slices[run.slices["state"] == "executing"]
    for _, of_thread in executing.groupby("thread"):
        assert (of_thread["start_s"].iloc[1:].to_numpy() >= of_thread["end_s"].iloc[:-1].to_numpy() - 1e-9).all()


def test_a_saved_program_comes_back(tmp_path):
    run = gt.measure(COUNTING)
    run.save(tmp_path / "run.json")
    loaded = gt.load(tmp_path / "run.json")
    for table in ("lanes", "slices", "samples"):
        pd.testing.assert_frame_equal(getattr(loaded, table), getattr(run, table))
    assert (loaded.summary, loaded.turns, loaded.overlap) == (run.summary, run.turns, run.overlap)
    assert loaded.figure().alt == run.figure().alt


def test_a_figure_can_look_closer_and_refuses_other_moments():
    run = gt.measure(COUNTING)
    assert run.figure(start=0.1, end=0.2).axes[1].get_xlim() == (0.1, 0.2)
    with pytest.raises(gt.BadValue, match="start must come before end"):
        run.figure(start=0.2, end=0.1)
    with pytest.raises(gt.BadValue, match="end must be a number from 0"):
        run.figure(end=run.wall + 1)


def test_turns_that_could_not_be_seen_are_not_told(make_program_run):
    slices = [(1, thread, 0.01 * turn, 0.01 * (turn + 1), "executing") for turn in range(100) for thread in (2, 3)]
    seen = make_program_run(raw_slices=slices)
    assert seen.turns.startswith("2 threads executed at the same time: 200 slices, median 10.0 ms")
    assert "too noisy" in make_program_run(raw_slices=slices, blind=0.5).turns
    assert "Linux only" in make_program_run(raw_slices=None).turns


@pytest.fixture
def make_program_run():
    def make(**fields):
        lanes = [(1, None, "MainProcess", 0.0, 1.0, 1.0), (1, 2, "a", 0.0, 1.0, 0.5), (1, 3, "b", 0.0, 1.0, 0.5)]
        record = {
            "name": "program.py", "exit_status": 0, "wall": 1.0, "cpu": 1.0, "background": 0.0, "output": "",
            "machine": gt.machine(), "raw_lanes": lanes, "raw_samples": [(1.0, 1.0)],
        }  # fmt: skip
        return gt.ProgramRun(**record | fields)

    return make


def test_the_witness_is_not_the_programs_and_ends_with_it(assert_nothing_left):
    run = gt.measure(textwrap.dedent("import os\nprint(sorted(os.listdir('/proc/self/task')) == [str(os.getpid())])"))
    assert run.output == "True\n"
    assert "witness" not in " ".join(run.lanes["name"])
    assert_nothing_left()
