"""What the course says about shared memory is so under every Python that it is taught for."""

import importlib.util
import sys
from pathlib import Path

import pytest

import gilteach as gt

SOON = 0.0005  # s; a tenth of the usual switch interval gives ten times the chances in the same time


@pytest.fixture
def tasks(monkeypatch):
    """The module of tasks that lies beside this file."""
    path = Path(__file__).with_name("lost_updates.py")
    spec = importlib.util.spec_from_file_location("lost_updates", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "lost_updates", module)
    spec.loader.exec_module(module)
    return module


def test_an_update_with_a_call_in_it_loses_updates(python, pythons_here, tasks):
    size = 150_000 if pythons_here[python].gil else 300_000  # without a GIL, all depends on running together
    lost = gt.run(tasks.lost_with_a_call, "serial", tasks=10, size=size, switch_interval=SOON, python=python).results
    # Nearly all ten do; on a busy machine the threads may take turns that last as long as all of their work.
    assert sum(count > 0 for count in lost) >= 3, lost


def test_with_a_lock_none_is_lost(python, tasks):
    run = gt.run(tasks.lost_with_a_lock, "serial", tasks=50, size=2_000, switch_interval=SOON, python=python)
    assert run.results == [0] * 50


def test_the_shortest_update_happens_to_lose_none_with_a_gil(python, pythons_here, tasks):
    run = gt.run(tasks.lost_without, "serial", tasks=10, size=100_000, switch_interval=SOON, python=python)
    if pythons_here[python].gil:
        assert run.results == [0] * 10
    else:
        assert max(run.results) > 0


def test_threads_share_their_memory_and_processes_do_not(python, tasks):
    in_threads = gt.run(tasks.update_and_tell, "threads", workers=3, python=python)
    in_processes = gt.run(tasks.update_and_tell, "processes", workers=3, python=python)
    assert max(in_threads.results) == 3
    done = {}  # by process, the tasks that it did: a worker that is late leaves its task to another
    for pid, counter in zip(in_processes.spans["pid"], in_processes.results, strict=True):
        done.setdefault(pid, []).append(counter)
    for counters in done.values():
        assert sorted(counters) == list(range(1, len(counters) + 1))
