"""Processes of a run that somebody else kills in mid-run: the message says who died of what, within a second."""

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

import gilteach as gt
from gilteach.children import launch
from gilteach.measuring import execution

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals and sessions are POSIX"),
    pytest.mark.usefixtures("nothing_is_left"),
]
PROMPT = 1.0  # s; from the kill to the message
ATTEMPTS = 3  # where half of that second is spent on purpose, and a busy neighbour may take the other half


def assert_told_in_time(provoke, moments):
    """Provoke a death until its message comes in time, so often at most."""
    for _ in range(ATTEMPTS):
        provoke()
        if time.monotonic() - moments[-1] < PROMPT:
            return
    pytest.fail("it is never told in time")


@pytest.fixture
def kill_in_mid_run(monkeypatch):
    """Have `kill`, which gets a bench and its "ready" event, called in mid-run; return the moments of the kills."""
    moments, timers = [], []

    def prepare(kill):
        next_event = execution.next_event

        def then_kill(bench, ready):
            moments.append(time.monotonic())
            kill(bench, ready)

        def next_event_and_kill(bench, plan, deadline, stop, expected, meter=None):
            event = next_event(bench, plan, deadline, stop, expected, meter)
            if expected == "ready":
                timers.append(threading.Timer(0.3, then_kill, [bench, event]))
                timers[-1].start()
            return event

        monkeypatch.setattr(execution, "next_event", next_event_and_kill)
        return moments

    yield prepare
    for timer in timers:
        timer.join()


@pytest.mark.parametrize("start_method", gt.machine().python.start_methods)
def test_the_death_of_a_worker_names_its_number_and_the_signal(kill_in_mid_run, start_method):
    victims = []

    def kill_the_second(bench, ready):
        victims.append(ready["workers"][1][0])
        os.kill(victims[0], signal.SIGKILL)

    moments = kill_in_mid_run(kill_the_second)
    with pytest.raises(gt.WorkerDied) as caught:
        gt.run("count", "processes", workers=3, size=10**10, start_method=start_method)
    assert time.monotonic() - moments[0] < PROMPT
    assert f"worker 1 (process {victims[0]}) was ended by signal SIGKILL" in str(caught.value)


def test_the_number_is_that_of_the_spans(kill_in_mid_run):
    # The worker that is killed is the one whose first task is known from a run that nobody disturbs.
    pids = []
    moments = kill_in_mid_run(lambda bench, ready: pids.extend(pid for pid, _ in ready["workers"]))
    spans = gt.run("wait", "processes", workers=3, size=0.6).spans
    assert moments
    assert [pids[number] for number in spans["worker"]] == spans["pid"].tolist()


def test_other_workers_that_ignore_sigterm_delay_nothing(kill_in_mid_run, add_task):
    stays = add_task(
        "def stays(size):\n    import signal\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    time.sleep(60)\n"
    )
    moments = kill_in_mid_run(lambda bench, ready: os.kill(ready["workers"][0][0], signal.SIGKILL))

    def provoke():
        with pytest.raises(gt.WorkerDied, match=r"worker 0 \(process \d+\) was ended by signal SIGKILL"):
            gt.run(stays, "processes", workers=3)

    assert_told_in_time(provoke, moments)


def test_a_worker_that_is_terminated_is_among_those_named(kill_in_mid_run):
    # The pool ends the others with the same signal, so nobody can tell which was the first.
    moments = kill_in_mid_run(lambda bench, ready: os.kill(ready["workers"][1][0], signal.SIGTERM))

    def provoke():
        with pytest.raises(gt.WorkerDied, match=r"worker 1 \(process \d+\) .*was ended by signal SIGTERM\.$"):
            gt.run("count", "processes", workers=5, size=10**10)

    assert_told_in_time(provoke, moments)


@pytest.mark.parametrize("start_method", [None, *gt.machine().python.start_methods])
def test_the_death_of_the_bench_names_the_signal(kill_in_mid_run, start_method):
    moments = kill_in_mid_run(lambda bench, ready: os.kill(bench.pid, signal.SIGKILL))
    runner = "processes" if start_method else "threads"
    with pytest.raises(gt.WorkerDied, match="the bench itself was ended by signal SIGKILL"):
        gt.run("count", runner, workers=2, size=10**10, start_method=start_method)
    assert time.monotonic() - moments[0] < PROMPT


@pytest.mark.parametrize("task", ["count", "fetch"])
def test_the_whole_tree_may_be_killed_at_once(kill_in_mid_run, task):
    moments = kill_in_mid_run(lambda bench, ready: os.killpg(bench.pid, signal.SIGKILL))
    with pytest.raises(gt.WorkerDied, match="the bench itself was ended by signal SIGKILL"):
        gt.run(task, "processes", workers=2, size=10**9, delay=20 if task == "fetch" else None)
    assert time.monotonic() - moments[0] < PROMPT


@pytest.mark.parametrize("runner", ["serial", "threads", "processes"])
@pytest.mark.parametrize("delay", [0, 20], ids=["downloading", "waiting"])
def test_the_death_of_the_server_is_no_fault_of_the_task(kill_in_mid_run, monkeypatch, runner, delay):
    servers = []

    def start_server():
        server, url = launch.start_server()
        servers.append(server)
        return server, url

    monkeypatch.setattr(execution, "start_server", start_server)
    moments = kill_in_mid_run(lambda bench, ready: os.kill(servers[0].pid, signal.SIGKILL))
    with pytest.raises(gt.WorkerDied, match="the server that fetch downloads from was ended by signal SIGKILL"):
        gt.run("fetch", runner, workers=2, tasks=40, size=10**9, delay=delay)
    assert time.monotonic() - moments[0] < PROMPT


def test_the_death_of_a_measured_program_names_the_signal(started_processes, wait_until):
    def kill():
        assert wait_until(lambda: any("program.py" in " ".join(p.cmdline()) for p in started_processes()), 10)
        next(p for p in started_processes() if "program.py" in " ".join(p.cmdline())).kill()

    killer = threading.Thread(target=kill)
    killer.start()
    run = gt.measure("import time\ntime.sleep(60)\n")
    killer.join()
    assert run.exit_status == -signal.SIGKILL
    assert "Killed" in run.summary


# ── the kernel dies while it measures a program ──────────────────────────────────────────────

PROGRAM = """
import subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
subprocess.Popen(sleep)
subprocess.Popen(sleep, start_new_session=True)
print("under way", flush=True)
time.sleep(60)
"""


def test_a_program_ends_with_the_kernel_that_measures_it():
    kernel = subprocess.Popen(
        [sys.executable, "-c", f"import gilteach as gt; gt.measure({PROGRAM!r})"], stdout=subprocess.PIPE
    )
    with kernel, kernel.stdout as lines:
        assert lines.readline() == b"under way\n"
        assert len(psutil.Process(kernel.pid).children(recursive=True)) >= 4, "program, its children, and its guard"
        kernel.kill()
