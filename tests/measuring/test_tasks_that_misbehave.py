"""Tasks that print, raise, exit, die, hang or leave things running: each ends in words, and soon."""

import os
import sys
import threading
import time
from types import SimpleNamespace

import pytest

import gilteach as gt
from gilteach.children import launch

pytestmark = pytest.mark.usefixtures("nothing_is_left")

RUNNERS = ["serial", "threads", "processes"]
SOON = 6.0  # s; the bench's start included, on a busy machine
LEAVES = "def leaves(size):\n    import os\n    print('last words', flush=True)\n    os._exit(3)\n"
posix = pytest.mark.skipif(os.name != "posix", reason="signals and sessions are POSIX")


# ── printing ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("runner", RUNNERS)
def test_what_a_task_prints_is_output_and_no_event(add_task, runner):
    talk = add_task(
        "def talk(size):\n"
        "    import os, sys\n"
        '    print(\'{"event": "done", "results": ["forged"]}\', flush=True)\n'
        '    print("to standard error", file=sys.stderr, flush=True)\n'
        '    os.write(1, b"past Python, to descriptor 1\\\\n")\n'
        "    return size\n"
    )
    run = gt.run(talk, runner, workers=2, size=1)
    assert run.results == [1, 1]
    assert run.output.count("forged") == 2
    assert run.output.count("to standard error") == 2
    assert run.output.count("past Python") == 2


def test_what_a_subprocess_of_a_task_prints_is_output_too(add_task):
    talk = add_task(
        "def talk(size):\n"
        "    import subprocess, sys\n"
        "    return subprocess.run([sys.executable, '-c', 'print(\"from afar\")']).returncode\n"
    )
    run = gt.run(talk, workers=1)
    assert run.results == [0]
    assert "from afar" in run.output


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_task_that_asks_for_input_finds_its_end(add_task, runner):
    asks = add_task("def asks(size):\n    return input()\n")
    began = time.monotonic()
    with pytest.raises(gt.TaskError, match="EOFError"):
        gt.run(asks, runner, workers=1)
    assert time.monotonic() - began < SOON


def test_output_without_end_neither_stalls_the_run_nor_fills_memory(add_task):
    chatter = add_task(
        "def chatter(size):\n"
        "    for line in range(60_000):\n"
        "        print(f'line {line:06} ' + 'x' * 60)\n"  # more than 4 MB
        "    return size\n"
    )
    run = gt.run(chatter, workers=1)
    assert run.output.endswith("x\n")
    assert "line 059999" in run.output
    assert 500_000 < len(run.output) <= 1 << 20


@pytest.mark.parametrize("runner", ["threads", "processes"])
@pytest.mark.parametrize("letter", ["g", b"g"])
@pytest.mark.slow
def test_a_result_of_100_megabytes_arrives(add_task, runner, letter):
    large = add_task(f"def large(size):\n    return {letter!r} * 10**8\n")
    began = time.monotonic()
    assert gt.run(large, runner, workers=1).results == [letter * 10**8]
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("result", "shown"),
    [("loop", "[[...]]"), ("(range(3), loop)", "(range(0, 3), [[...]])"), ("range(3)", "range(0, 3)")],
)
def test_a_result_that_is_no_plain_value_arrives_as_its_repr_and_is_no_text(add_task, result, shown):
    odd = add_task(f"def odd(size):\n    loop = []\n    loop.append(loop)\n    return {result}\n")
    (arrived,) = gt.run(odd, workers=1).results
    assert repr(arrived) == shown
    assert arrived != shown
    assert not isinstance(arrived, str)


def test_a_result_that_is_nested_too_deeply_arrives_all_the_same(add_task):
    deep = add_task(
        "def deep(size):\n    nest = []\n    for _ in range(100_000):\n        nest = [nest]\n    return nest\n"
    )
    assert repr(gt.run(deep, workers=1).results) == "[<list that has no repr>]"


@pytest.mark.parametrize("start_method", [None, "spawn"])
def test_a_result_that_cannot_be_pickled_is_said_to_be_one(add_task, start_method):
    locks = add_task("def locks(size):\n    import threading\n    return threading.Lock()\n")
    began = time.monotonic()
    with pytest.raises(gt.TaskError, match=r"can't be sent from one process to another: cannot pickle '_thread.lock'"):
        gt.run(locks, "processes", workers=2, start_method=start_method)
    assert time.monotonic() - began < SOON
    assert "_thread.lock" in repr(gt.run(locks, "threads", workers=1).results)  # which needs no pickling


TWO_PART = (
    "def odd(size):\n"
    "    return TwoPart(1, 2)\n\n"
    "class TwoPart(Exception):\n"  # pickles itself as TwoPart(1)
    "    def __init__(self, one, two):\n"
    "        super().__init__(one)\n"
)


# ── raising ──────────────────────────────────────────────────────────────────────────────────

FAILS = (
    "def fails(size):\n"
    "    deeper(size)\n"
    "\n"
    "def deeper(size):\n"
    "    raise ZeroDivisionError('the reason')\n"
)  # fmt: skip


@pytest.mark.parametrize("runner", RUNNERS)
def test_an_exception_names_the_task_and_shows_its_own_traceback(add_task, runner):
    task = add_task(FAILS)
    began = time.monotonic()
    with pytest.raises(gt.TaskError, match=r"task 0\b") as caught:
        gt.run(task, runner, workers=1, tasks=1)
    message = str(caught.value)
    assert isinstance(caught.value, RuntimeError)
    assert "ZeroDivisionError: the reason" in message
    assert "in fails" in message
    assert "in deeper" in message
    assert "work.py" not in message, "the bench's own frames are no help to a learner"
    assert time.monotonic() - began < SOON


def test_the_number_is_that_of_the_task_that_raised(add_task):
    task = add_task(
        "def third_fails(size, calls=[]):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 3:\n"
        "        raise ValueError('third')\n"
    )
    with pytest.raises(gt.TaskError, match=r"task 2\b"):
        gt.run(task, "serial", workers=1, tasks=5)


def test_an_exception_ends_the_run_at_once(add_task):
    # The other tasks would go on for half a minute.
    task = add_task(
        "def first_fails(size, turns=['first']):\n"
        "    try:\n"
        "        turns.pop()\n"
        "    except IndexError:\n"
        "        time.sleep(30)\n"
        "    else:\n"
        "        raise ValueError('first')\n"
    )
    began = time.monotonic()
    with pytest.raises(gt.TaskError, match="first"):
        gt.run(task, "threads", workers=3, size=1)
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("end", ["sys.exit('enough')", "raise KeyboardInterrupt('enough')"])
@pytest.mark.slow
def test_a_task_that_wants_to_exit_has_raised(add_task, runner, end):
    leaves = add_task(f"def leaves(size):\n    import sys\n    {end}\n")
    with pytest.raises(gt.TaskError, match=r"(SystemExit|KeyboardInterrupt): enough"):
        gt.run(leaves, runner, workers=2)


# ── dying ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
def test_a_worker_that_exits_is_named_with_its_exit_code(add_task, pythons_here, start_method):
    if start_method not in gt.machine().python.start_methods:
        pytest.skip(f"no start method {start_method} here")
    leaves = add_task(
        "def leaves(size):\n    import os\n    print(f'pid {os.getpid()}', flush=True)\n    os._exit(7)\n"
    )
    with pytest.raises(gt.WorkerDied, match=r"worker \d \(process \d+\) ended with exit code 7") as caught:
        gt.run(leaves, "processes", workers=2, tasks=1, start_method=start_method)
    assert isinstance(caught.value, RuntimeError)


def test_every_python_tells_a_death_from_a_result_that_cannot_be_unpickled(add_task, python):
    # Both break the pool, and what it says of them differs from one version to the next.
    leaves = add_task("def leaves(size):\n    import os\n    os._exit(7)\n")
    with pytest.raises(gt.WorkerDied, match=r"worker 0 \(process \d+\) ended with exit code 7"):
        gt.run(leaves, "processes", workers=1, python=python)
    odd = add_task(TWO_PART)
    with pytest.raises(gt.TaskError, match=r"can't be sent from one process to another: .*missing 1 required"):
        gt.run(odd, "processes", workers=1, python=python)


@posix
@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
def test_a_worker_that_is_killed_is_named_with_the_signal(add_task, start_method):
    if start_method not in gt.machine().python.start_methods:
        pytest.skip(f"no start method {start_method} here")
    dies = add_task("def dies(size):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n")
    with pytest.raises(gt.WorkerDied, match=r"worker \d \(process \d+\) was ended by signal SIGKILL.*memory"):
        gt.run(dies, "processes", workers=2, start_method=start_method)


@posix
def test_the_named_worker_is_the_one_that_died(add_task, tmp_path):
    note = tmp_path / "pid"
    dies = add_task(
        "def dies(size):\n"
        "    import os, signal\n"
        f"    with open({str(note)!r}, 'w') as file:\n"
        "        file.write(str(os.getpid()))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with pytest.raises(gt.WorkerDied) as caught:
        gt.run(dies, "processes", workers=3, tasks=1)
    assert f"(process {note.read_text()})" in str(caught.value)


@pytest.mark.parametrize("runner", ["serial", "threads"])
def test_the_whole_bench_may_end(add_task, runner):
    leaves = add_task(LEAVES)
    began = time.monotonic()
    with pytest.raises(gt.WorkerDied, match=r"(?s)bench itself ended with exit code 3.*last words"):
        gt.run(leaves, runner, workers=1)
    assert time.monotonic() - began < SOON


def test_last_words_are_waited_for(add_task, monkeypatch):
    read = launch.Child._read_output

    def read_late(child):
        time.sleep(0.1)
        read(child)

    monkeypatch.setattr(launch.Child, "_read_output", read_late)
    leaves = add_task(LEAVES)
    with pytest.raises(gt.WorkerDied, match="last words"):
        gt.run(leaves, "serial")


@posix
def test_a_bench_that_is_killed_names_the_signal(add_task):
    dies = add_task("def dies(size):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n")
    with pytest.raises(gt.WorkerDied, match="bench itself was ended by signal SIGKILL"):
        gt.run(dies, "serial", workers=1)


def test_a_bench_that_talks_nonsense_is_an_error(add_task, monkeypatch):
    from gilteach.children import launch

    (launch.BENCH / "__main__.py").write_text("print('hello', flush=True)\nimport time\ntime.sleep(30)\n")
    with pytest.raises(gt.GilteachError, match="hello"):
        gt.run("count", workers=1, size=1)


RECURSES = (
    "def recurses(size):\n"
    "    return deeper()\n\n"
    "def deeper():\n"
    "    return deeper()\n"
)  # fmt: skip
RECURSES_IN_C = (
    "def recurses_in_c(size):\n"
    "    import sys\n"
    "    sys.setrecursionlimit(10**9)\n"  # so that only the stack is a limit
    "    return repr(Deeper())\n\n"
    "class Deeper:\n"
    "    def __repr__(self):\n"
    "        return repr([self])\n"
)


def assert_recursion_is_named(task, runner, python=None):
    began = time.monotonic()
    with pytest.raises((gt.TaskError, gt.WorkerDied)) as caught:
        gt.run(task, runner, workers=2, python=python)
    assert time.monotonic() - began < 2 * SOON
    message = str(caught.value)
    assert "RecursionError" in message or "SIGSEGV. A recursion without end" in message
    assert len(message) < 5000, "a thousand equal lines help nobody"


@pytest.mark.slow
@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("source", [RECURSES, RECURSES_IN_C], ids=["in Python", "in C"])
def test_a_recursion_without_end_is_named(add_task, runner, source):
    assert_recursion_is_named(add_task(source), runner)


def test_a_recursion_without_end_is_named_by_every_python(add_task, python):
    for source in (RECURSES, RECURSES_IN_C):
        assert_recursion_is_named(add_task(source), "processes", python)


@posix
@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.slow
def test_a_task_that_needs_more_memory_than_there_is_has_raised(add_task, runner):
    # In small pieces, so that nothing at all is left when the last one is refused.
    fills = add_task(
        "def fills(size):\n"
        "    import resource\n"
        "    used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (used + 2**25, used + 2**25))\n"
        "    kept = []\n"
        "    while True:\n"
        "        kept.append(bytes(100))\n"
    )
    if not os.path.exists("/proc/self/statm"):
        pytest.skip("the limit is set with what only Linux tells")
    began = time.monotonic()
    with pytest.raises(gt.TaskError, match=r"(?s)task 0 .*in fills.*MemoryError"):
        gt.run(fills, runner, workers=1)
    assert time.monotonic() - began < 2 * SOON


# ── hanging ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("how", ["time.sleep(60)", "while True: pass"])
@pytest.mark.slow
def test_a_run_that_takes_too_long_is_ended(add_task, runner, how):
    hangs = add_task(f"def hangs(size):\n    {how}\n")
    began = time.monotonic()
    with pytest.raises(gt.RunTimeout, match=r"hangs.*longer than 0.7 s.*timeout=") as caught:
        gt.run(hangs, runner, workers=2, timeout=0.7)
    assert isinstance(caught.value, TimeoutError)
    assert 0.7 <= time.monotonic() - began < 0.7 + SOON


@posix
@pytest.mark.parametrize("runner", ["serial", "processes"])
@pytest.mark.slow
def test_ignoring_sigterm_helps_nobody(add_task, runner):
    stays = (
        "def stays(size):\n"
        "    import signal\n"
        "    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    time.sleep(60)\n"
    )
    with pytest.raises(gt.RunTimeout):
        gt.run(add_task(stays), runner, workers=2, timeout=1)


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.slow
def test_a_deadlock_is_ended(add_task, runner):
    locks = add_task(
        "def locks(size):\n"
        "    import threading\n"
        "    lock = threading.Lock()\n"
        "    lock.acquire()\n"
        "    lock.acquire()\n"
    )  # fmt: skip
    with pytest.raises(gt.RunTimeout):
        gt.run(locks, runner, workers=2, timeout=0.7)


def test_tasks_that_wait_for_each_others_locks_are_ended(add_task):
    crosses = add_task(
        "def crosses(size, order=[0, 1]):\n"
        "    first, second = order\n"
        "    order.reverse()\n"
        "    with LOCKS[first]:\n"
        "        BOTH.wait()\n"
        "        LOCKS[second].acquire()\n\n"
        "import threading\n"
        "LOCKS, BOTH = [threading.Lock(), threading.Lock()], threading.Barrier(2)\n"
    )
    began = time.monotonic()
    with pytest.raises(gt.RunTimeout, match=r"crosses with threads took longer than 0.7 s"):
        gt.run(crosses, "threads", workers=2, timeout=0.7)
    assert time.monotonic() - began < 0.7 + SOON


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("session", ["", ", start_new_session=True"], ids=["", "in a session of its own"])
@pytest.mark.slow
def test_what_a_task_has_started_ends_with_the_run(add_task, runner, session):
    starts = add_task(
        "def starts(size):\n"
        "    import subprocess, sys\n"
        f"    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']{session})\n"
        "    time.sleep(size)\n"
    )
    began = time.monotonic()
    with pytest.raises(gt.RunTimeout):
        gt.run(starts, runner, workers=2, size=30, timeout=1)
    assert time.monotonic() - began < 1 + 2 * SOON
    assert gt.run(starts, runner, workers=2, size=0).tasks == 2  # and when it ends well


ORPHAN = """
import subprocess, sys
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
subprocess.Popen(sleep, start_new_session=True)
subprocess.Popen(sleep, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
"""


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.slow
def test_what_nobody_is_the_parent_of_ends_with_the_run(add_task, runner):
    leaves = add_task(
        "def leaves(size):\n"
        "    import subprocess, sys\n"
        f"    subprocess.run([sys.executable, '-c', {ORPHAN!r}])\n"
        "    time.sleep(size)\n"
    )
    began = time.monotonic()
    assert gt.run(leaves, runner, workers=2, size=0).tasks == 2
    with pytest.raises(gt.RunTimeout):
        gt.run(leaves, runner, workers=2, size=30, timeout=1)
    assert time.monotonic() - began < 1 + 4 * SOON


class NoMoreThreads(threading.Thread):
    def start(self):
        raise RuntimeError("can't start new thread")


def no_more_processes(*_):
    raise BlockingIOError(11, "Resource temporarily unavailable")


@pytest.mark.parametrize(
    ("name", "refuse"),
    [("watch_over", no_more_processes), ("threading", SimpleNamespace(Thread=NoMoreThreads))],
    ids=["no more processes", "no more threads"],
)
def test_where_nothing_more_can_be_started_that_is_said(monkeypatch, name, refuse):
    monkeypatch.setattr(launch, name, refuse)  # which is asked for after the child itself
    for start in (lambda: gt.run("count", size=1), lambda: gt.measure("while True: pass")):
        with pytest.raises(gt.GilteachError, match=r"could not be started: .*(unavailable|new thread)"):
            start()


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the second process is forgotten with the first")
def test_a_process_that_cannot_be_ended_is_not_waited_for(monkeypatch):
    child = launch.Child([sys.executable, "-c", "import os, time; os.fork() or time.sleep(60)"])
    assert child._process.wait(30) == 0
    family = child.family()
    monkeypatch.setattr(launch, "_kill", lambda process: None)  # as if it belonged to somebody else
    monkeypatch.setattr(launch, "UNKILLABLE", 0.3)
    began = time.monotonic()
    child.end()
    assert time.monotonic() - began < 0.3 + SOON
    assert [process.is_running() for process in family] == [True]
    family[0].kill()


@pytest.mark.skipif(os.name != "posix", reason="asked for by a signal")
@pytest.mark.parametrize("runner", ["serial", "threads", "processes"])
@pytest.mark.slow
def test_a_task_that_waits_for_ever_is_shown_where_it_stands(tmp_path, monkeypatch, assert_nothing_left, runner):
    (tmp_path / "stuck_tasks.py").write_text(
        "import threading\n\ndef stuck(size):\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import stuck_tasks

    with pytest.raises(gt.RunTimeout, match="It was waiting, not computing") as caught:
        gt.run(stuck_tasks.stuck, runner, workers=2, timeout=1.5)
    stood = str(caught.value).partition("stood:")[2]
    assert stood.count("line 6 in stuck") == (1 if runner == "serial" else 2)
    assert "bench" not in stood
    assert_nothing_left()
