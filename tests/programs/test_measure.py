"""Whole programs: what they print, how long they take, who lived when, and how they end."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import gilteach as gt
from gilteach.measuring.exclusive import take_turn
from gilteach.programs import program as programs
from gilteach.programs.program import Program

posix = pytest.mark.skipif(os.name != "posix", reason="elsewhere the system keeps no account to compare with")

WAITING = """
import threading, time
threads = [threading.Thread(target=time.sleep, args=(0.5,)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
COMPUTING = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

def burn(cpu_seconds):
    begin = time.process_time()
    while time.process_time() < begin + cpu_seconds:
        sum(range(1000))
    return time.process_time() - begin

if __name__ == "__main__":
    with ProcessPoolExecutor(2, mp_context=get_context(sys.argv[1])) as pool:
        print(sum(pool.map(burn, [0.25] * 4)))
"""
ASYNCIO = """
import asyncio

async def tick():
    for _ in range(10):
        await asyncio.sleep(0.05)

async def main():
    await asyncio.gather(*(tick() for _ in range(50)))

asyncio.run(main())
"""
DEADLOCK = """
import threading

def take(mine, other):
    with mine:
        both_have_one.wait()
        with other:
            print("never")

both_have_one = threading.Barrier(2)
left, right = threading.Lock(), threading.Lock()
threads = [threading.Thread(target=take, args=pair, name=name)
           for name, pair in {"Ann": (left, right), "Bob": (right, left)}.items()]
for thread in threads:
    thread.start()
print("locked", flush=True)
"""
PROGRAMS = {"waiting threads": (WAITING, []), "processes": (COMPUTING, ["fork"]), "asyncio": (ASYNCIO, [])}


@pytest.fixture(autouse=True)
def temporary_files(tmp_path, monkeypatch):
    """Where temporary files go; nothing of ours may be left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def area(samples):
    return float((samples["cores_busy"] * samples["time_s"].diff().fillna(samples["time_s"].iloc[0])).sum())


def processes(run):
    return run.lanes[run.lanes["thread"].isna()].set_index("name")


def threads(run):
    return run.lanes[run.lanes["thread"].notna()].set_index("name")


def most_cores_busy(run, over=0.1):
    """The cores busy in the busiest tenth of a second, since a clock may be a few milliseconds behind."""
    moments = [0.0, *run.samples["time_s"]]
    used = [0.0, *(run.samples["cores_busy"] * np.diff(moments)).cumsum()]
    begins = [moment for moment in moments if moment <= run.wall - over]
    return max(np.interp(begin + over, moments, used) - np.interp(begin, moments, used) for begin in begins) / over


# ── what is measured ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.slow
def test_wall_time_is_that_of_the_program_by_itself(tmp_path, measure_quietly, name):
    text, args = PROGRAMS[name]
    path = tmp_path / "alone.py"
    path.write_text(text)

    def measure_twice():
        begin = time.perf_counter()
        subprocess.run([sys.executable, path, *args], stdout=subprocess.PIPE, check=True)
        alone = time.perf_counter() - begin
        run = gt.measure(text, args=args)
        return SimpleNamespace(wall=run.wall, alone=alone, background=run.background)

    measure_quietly(measure_twice, lambda pair: abs(pair.wall - pair.alone) < max(0.1, 0.03 * pair.alone))


@pytest.mark.slow
def test_wall_time_is_that_of_a_clock_outside():
    begin = time.perf_counter()
    run = gt.measure("import time\ntime.sleep(1)")
    assert 1 < run.wall < time.perf_counter() - begin


SAYS_WHAT_IT_USED = """
if __name__ == "__main__":
    import resource, sys
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(sum(one.ru_utime + one.ru_stime for one in used), file=sys.stderr)
"""


@posix
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.slow
def test_cpu_time_is_what_the_system_accounts_to_the_program_alone(name, capfd):
    text, args = PROGRAMS[name]
    own_child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        # It ends in mid-run, and another child of this process's waits for that.
        threading.Timer(0.3, own_child.kill).start()
        run = gt.measure(text + SAYS_WHAT_IT_USED, args=args)
    finally:
        own_child.kill()
        own_child.wait()
    used = float(capfd.readouterr().err)
    assert run.exit_status == 0
    # Between these lines and its end, an interpreter uses some 10 ms.
    assert run.cpu == pytest.approx(used, rel=0.03, abs=0.03)
    assert processes(run)["cpu_s"].sum() == pytest.approx(used, rel=0.03, abs=0.04)


@posix
def test_what_the_notebooks_own_children_used_is_not_the_programs():
    child = subprocess.Popen([sys.executable, "-c", "import time\nwhile time.process_time() < 0.5: pass"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT) if hasattr(os, "waitid") else time.sleep(1)
    run = gt.measure("print('hello')")  # starting it has subprocess wait for what has ended before
    child.wait()
    assert run.cpu < 0.3
    assert run.cores_busy < 1.5


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.slow
def test_the_area_under_the_curve_is_the_cpu_time(name):
    text, args = PROGRAMS[name]
    run = gt.measure(text, args=args)
    assert area(run.samples) == pytest.approx(run.cpu, rel=0.01)
    assert run.samples["time_s"].iloc[-1] == pytest.approx(run.wall)
    assert run.cores_busy == pytest.approx(run.cpu / run.wall)


@pytest.mark.slow
def test_the_curve_shows_when_the_program_computed():
    run = gt.measure("""
import time
time.sleep(0.5)
begin = time.process_time()
while time.process_time() < begin + 0.4:
    pass
""")
    early = run.samples["time_s"] <= 0.45
    assert area(run.samples[early]) < 0.15
    assert run.cpu - area(run.samples[early]) > 0.35


ON_ONE_CPU = """
import multiprocessing, os

if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=print) for _ in range(4)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
"""


@pytest.fixture(params=[0.0, 0.12], ids=["often", "seldom"])
def looks(monkeypatch, request):
    """How often the clocks are read: as usual; and by and by, as where others keep the cores busy."""
    monkeypatch.setattr(programs, "next_sample", lambda due, interval: due + max(interval, request.param))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it isn't known when a process was born")
def test_no_more_cores_are_busy_than_there_are_though_many_interpreters_start_at_once(looks):
    assert most_cores_busy(gt.measure(ON_ONE_CPU)) < 1.2


def test_processes_without_the_recorder_are_drawn_when_they_computed(looks):
    # One after the other keeps one core busy. Python's option -I leaves the recorder out.
    run = gt.measure("""
import subprocess, sys

BURN = "import time\\nwhile time.process_time() < 0.4: pass"
for _ in range(4):
    subprocess.run([sys.executable, "-I", "-c", BURN], check=True)
""")
    children = processes(run).drop("MainProcess")  # and whatever else an interpreter needs to start
    assert (children["cpu_s"] > 0.2).sum() == 4
    assert most_cores_busy(run) < 1.5  # where the portable clock is read, it moves in steps of 10 ms or more


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_every_start_method(method):
    if method not in gt.machine().python.start_methods:
        pytest.skip(f"no start method {method} here")
    run = gt.measure(COMPUTING, args=[method])
    assert run.exit_status == 0
    prefix = {"fork": "ForkProcess", "spawn": "SpawnProcess", "forkserver": "ForkServerProcess"}[method]
    workers = processes(run).filter(like=prefix, axis="index")
    burnt = float(run.output)
    assert sorted(workers.index) == [f"{prefix}-1", f"{prefix}-2"]
    assert 1.0 <= burnt <= workers["cpu_s"].sum() <= burnt + 0.9  # spawned ones import first
    assert run.cpu == pytest.approx(processes(run)["cpu_s"].sum(), rel=0.1)
    assert ((workers["end_s"] - workers["start_s"]) * 1.02 >= workers["cpu_s"]).all()


@pytest.mark.slow
def test_a_process_that_is_terminated_has_its_cpu_time():
    run = gt.measure("""
import multiprocessing, time
def burn(begun):
    begun.set()
    while True:
        pass
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    process = context.Process(target=burn, args=(begun,))
    process.start()
    begun.wait()
    time.sleep(1)
    process.terminate()
    process.join()
    time.sleep(0.5)
""")
    burning = processes(run).loc["SpawnProcess-1"]
    assert 0.1 < burning["cpu_s"] < run.cpu
    assert burning["end_s"] < run.wall - 0.1
    thread = threads(run).query("process == @burning.process").loc["MainThread"]
    assert thread["cpu_s"] == pytest.approx(burning["cpu_s"], rel=0.1)


def test_lanes_of_threads():
    run = gt.measure("""
import threading, time
def burn(cpu_seconds):
    while time.thread_time() < cpu_seconds:
        pass
threading.Thread(target=burn, args=(0.1,)).start()
threading.Thread(target=burn, args=(0.2,), name="the other").start()
time.sleep(0.2)
short = threading.Thread(target=time.sleep, args=(0.05,), name="short")
before = time.perf_counter()
short.start()
short.join()
print(time.perf_counter() - before)
for name in ("daemon", "demon"):
    threading.Thread(target=time.sleep, args=(60,), name=name, daemon=True).start()
""")
    lanes = threads(run)
    assert list(lanes.index) == ["MainThread", "Thread-1 (burn)", "the other", "short", "daemon", "demon"]
    assert lanes.loc["Thread-1 (burn)", "cpu_s"] == pytest.approx(0.1, rel=0.1)
    assert lanes.loc["the other", "cpu_s"] == pytest.approx(0.2, rel=0.1)
    assert lanes.loc["short", "cpu_s"] < 0.01
    assert 0.045 < lanes.loc["short", "end_s"] - lanes.loc["short", "start_s"] <= float(run.output)
    assert lanes.loc["short", "start_s"] > 0.2
    assert lanes.loc["daemon", "end_s"] <= run.wall
    assert (lanes.loc[["daemon", "demon"], "cpu_s"] < 0.01).all()
    assert lanes["cpu_s"].sum() == pytest.approx(processes(run).loc["MainProcess", "cpu_s"], abs=0.05)
    assert (processes(run).loc["MainProcess", ["start_s", "end_s"]] == [0, run.wall]).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_processes_that_come_and_go_between_two_samples():
    run = gt.measure("""
import os, time
for _ in range(10):
    if os.fork() == 0:
        while time.process_time() < 0.03:
            pass
        os._exit(0)
    os.wait()
""")
    forked = processes(run).drop("MainProcess")
    assert len(forked) == 10
    assert (forked["cpu_s"] >= 0.03).all()


@pytest.mark.skipif(os.name != "posix", reason="sleep is a POSIX command")
def test_a_process_that_is_not_python_has_a_lane():
    run = gt.measure("import subprocess\nsubprocess.run(['sleep', '0.4'])")
    sleep = processes(run).loc["sleep"]
    assert 0.2 < sleep["end_s"] - sleep["start_s"] < run.wall


@pytest.mark.skipif(os.name != "posix", reason="no process becomes another program here")
def test_a_process_that_becomes_another_program_has_its_name():
    run = gt.measure("import subprocess\nsubprocess.run(['sh', '-c', 'sleep 0.3; exec sleep 0.4'])")
    assert sorted(processes(run).index) == ["MainProcess", "sleep", "sleep"]


def test_a_program_that_starts_further_interpreters(pythons_here):
    new = [name for name, python in pythons_here.items() if python.numbers >= (3, 14)]
    if not new:
        pytest.skip("no Python here has InterpreterPoolExecutor")
    text = (
        "from concurrent.futures import InterpreterPoolExecutor\n"
        "with InterpreterPoolExecutor(2) as pool:\n    print(list(pool.map(abs, [-1, -2])))"
    )
    run = gt.measure(text, python=new[0])
    assert run.output == "[1, 2]\n"
    assert threads(run).filter(like="InterpreterPool", axis="index")["cpu_s"].min() > 0


# ── the program's surroundings ───────────────────────────────────────────────────────────────


def test_it_is_an_ordinary_program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("beside.py").write_text("answer = 42")
    run = gt.measure(
        "import beside, os, sys\n"
        "print(__name__, os.path.basename(__file__), sys.argv[0] == __file__, sys.argv[1:], __spec__)\n"
        "print(beside.answer, os.getcwd(), any('recorder' in folder for folder in sys.path))\n",
        args=["a b", 3],
    )
    assert run.output == f"__main__ program.py True ['a b', '3'] None\n42 {tmp_path} False\n"


AS_DAEMONS_DO = """
import os, sys, threading
os.closerange(3, 256)
files = [open(f"{sys.argv[1]}{number}", "w") for number in range(5)]
thread = threading.Thread(target=int)
thread.start()
thread.join()
if hasattr(os, "fork") and not os.fork():
    for file in files:
        file.write("child ")
        file.close()
    os._exit(0)
if hasattr(os, "fork"):
    os.wait()
for file in files:
    file.write("parent")
"""


def test_nothing_is_noted_in_a_file_of_the_programs_own(tmp_path):
    run = gt.measure(AS_DAEMONS_DO, args=[str(tmp_path / "own")])
    assert run.exit_status == 0, run.output
    expected = "child parent" if hasattr(os, "fork") else "parent"
    assert {path.read_text() for path in tmp_path.glob("own*")} == {expected}


@pytest.mark.slow
def test_nor_where_its_threads_stood(tmp_path):
    stays = "for file in files:\n    file.flush()\nthreading.Event().wait()\n"
    with pytest.raises(gt.RunTimeout):
        gt.measure(AS_DAEMONS_DO + stays, args=[str(tmp_path / "own")], timeout=1.5)
    texts = [path.read_text() for path in tmp_path.glob("own*")]
    assert len(texts) == 5
    assert not any("most recent call" in text for text in texts)


def test_a_file_is_run_where_it_is(tmp_path):
    path = tmp_path / "my program.py"
    path.write_text("print(__file__)")
    for program in (path, str(path)):
        run = gt.measure(program)
        assert run.output == f"{path}\n"
        assert run.name == "my program.py"


def test_the_environments_own_sitecustomize_is_still_imported(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("print('customized')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    run = gt.measure("import sitecustomize\nprint(sitecustomize.__file__)")
    assert run.output == f"customized\n{tmp_path / 'sitecustomize.py'}\n"
    assert not threads(run).empty


def test_every_python(python):
    run = gt.measure(COMPUTING.replace("[0.25]", "[0.02]"), args=["spawn"], python=python)
    assert run.exit_status == 0
    assert run.machine.python.short == python
    assert {"MainProcess", "SpawnProcess-1"} <= set(processes(run).index)
    assert {"MainThread"} < set(threads(run).index)


def test_input_finds_the_end_of_the_file():
    run = gt.measure("input()")
    assert run.exit_status == 1
    assert "EOFError" in run.output


# ── what is shown ────────────────────────────────────────────────────────────────────────────


def test_output_appears_while_the_program_runs(monkeypatch, capsys):
    seen = []
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    monkeypatch.setattr(sys.stdout, "write", lambda text: seen.append((text, time.perf_counter())))
    gt.measure("import time\nprint('one')\ntime.sleep(1)\nprint('two')")
    assert [text for text, _ in seen] == ["one\n", "two\n"]
    assert seen[1][1] - seen[0][1] > 0.3


@pytest.mark.slow
def test_output_that_comes_late_is_shown(monkeypatch):
    pass_on = Program._pass_on

    def pass_on_late(program, *pipe):
        time.sleep(0.5)  # the program has ended by then
        pass_on(program, *pipe)

    monkeypatch.setattr(Program, "_pass_on", pass_on_late)
    assert gt.measure("print('late')").output == "late\n"


def test_both_streams_are_shown_and_kept(capfd):
    run = gt.measure("import sys, time\nprint('façade €')\ntime.sleep(1)\nprint('oops', file=sys.stderr)")
    assert capfd.readouterr() == ("façade €\n", "oops\n")
    assert run.output == "façade €\noops\n"


@pytest.mark.slow
def test_a_flood_of_output_is_cut(capsys):
    run = gt.measure("for i in range(400_000):\n    print(i)\nprint('end')")
    shown = capsys.readouterr().out
    assert shown.startswith("0\n1\n")
    assert "the rest is not shown" in shown
    assert len(shown) < 1.2e6
    assert 0.9e6 < len(run.output) <= 2**20
    assert run.output.endswith("\n399999\nend\n")


def test_a_failing_program_shows_its_traceback(capsys):
    run = gt.measure("def fail():\n    1 / 0\nfail()")
    assert run.exit_status == 1
    assert "exit status 1" in repr(run)
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert gt.measure("import sys; sys.exit(7)").exit_status == 7
    assert gt.measure("not python").exit_status == 1


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_program_that_a_signal_ends():
    run = gt.measure("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert run.exit_status == -signal.SIGKILL
    assert "exit status -9 (Killed)" in run.summary


def test_the_picture_shows_and_says_everything():
    run = gt.measure(DEADLOCK.replace("both_have_one.wait()", "pass").replace("with other", "with mine2"))
    data, metadata = run._repr_mimebundle_()
    assert {"image/png", "text/plain"} <= set(data)
    assert run.summary in metadata["image/png"]["alt"]
    for name in ("MainProcess", "MainThread", "Ann", "Bob"):
        assert name in metadata["image/png"]["alt"]


def test_names_leave_room_for_their_lanes():
    """A program given on the command line, and a long name, would otherwise fill the picture."""
    run = gt.measure(
        "import subprocess, sys, threading, time\n"
        "subprocess.run([sys.executable, '-c', 'import time\\ntime.sleep(0.1)\\n'])\n"
        f"thread = threading.Thread(target=time.sleep, args=(0.1,), name='{'long ' * 40}')\n"
        "thread.start(); thread.join()"
    )
    assert "python -c" in processes(run).index
    names = [label.get_text() for label in run.figure().axes[1].get_yticklabels()]
    assert max(len(name.strip()) for name in names) == 32
    assert "long long" in " ".join(names)


@pytest.mark.slow
def test_a_picture_of_many_threads_says_that_some_are_left_out():
    run = gt.measure(WAITING.replace("range(4)", "range(60)"))
    picture = run.figure()
    assert "38 more lanes are left out" in picture.axes[1].get_xlabel()
    assert len(picture.axes[1].get_yticks()) == 24
    assert len(threads(run)) == 61


# ── how it ends ──────────────────────────────────────────────────────────────────────────────


def test_a_deadlock_is_ended_and_both_stacks_are_shown(python, assert_nothing_left, capsys):
    with pytest.raises(gt.RunTimeout) as caught:
        gt.measure(DEADLOCK, timeout=1, python=python)
    message = str(caught.value)
    lines = DEADLOCK.splitlines()
    waiting = f"line {lines.index('        with other:') + 1} in take"
    assert "Ann of MainProcess" in message
    assert "Bob of MainProcess" in message
    assert "MainThread of MainProcess" in message
    assert message.count(waiting) == 2
    assert "sitecustomize" not in message
    run = caught.value.run
    assert run.exit_status is None
    assert run.output == "locked\n"
    assert (threads(run).loc[["Ann", "Bob"], "end_s"] > 0.9).all()
    assert (threads(run).loc[["Ann", "Bob"], "cpu_s"] < 0.1).all()
    assert_nothing_left()


@pytest.mark.slow
def test_stacks_of_worker_processes_are_shown():
    with pytest.raises(gt.RunTimeout, match=r"MainThread of SpawnProcess-1 \(\d+\)") as caught:
        gt.measure(
            "import multiprocessing, time\n"
            "def hang():\n    time.sleep(60)\n"
            "if __name__ == '__main__':\n    multiprocessing.get_context('spawn').Process(target=hang).start()\n",
            timeout=3,
        )
    assert "line 3 in hang" in str(caught.value)
    assert "resource_tracker" not in str(caught.value)


@pytest.mark.slow
def test_the_end_of_a_killed_programs_semaphores_is_not_shown_as_its_own_fault(capsys, assert_nothing_left):
    program = "import multiprocessing, time\nlock = multiprocessing.get_context('spawn').Lock()\ntime.sleep(60)\n"
    with pytest.raises(gt.RunTimeout) as caught:
        gt.measure(program, timeout=1)
    shown = capsys.readouterr()
    assert "resource_tracker" not in shown.out + shown.err + caught.value.run.output
    assert_nothing_left()


@pytest.mark.slow
def test_a_program_that_computes_for_ever_is_measured_until_its_end():
    with pytest.raises(gt.RunTimeout) as caught:
        gt.measure("while True: pass\n", timeout=0.5)
    run = caught.value.run
    assert 0.5 <= run.wall < 3
    assert area(run.samples) == pytest.approx(run.cpu, rel=0.01)
    # The thread's clock is read last, while the program still computes.
    assert run.cpu - 0.05 <= threads(run).loc["MainThread", "cpu_s"] < run.cpu + 0.5


def test_an_interrupt_ends_all_of_it(monkeypatch, capsys, assert_nothing_left):
    monkeypatch.setattr(sys.stdout, "write", lambda text: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        gt.measure(
            "import multiprocessing, time\n"
            "if __name__ == '__main__':\n"
            "    child = multiprocessing.get_context('spawn').Process(target=time.sleep, args=(60,))\n"
            "    child.start()\n"
            "    print('started')\n"
            "    child.join()\n"
        )
    assert_nothing_left()


def test_what_a_program_leaves_behind_is_ended(assert_nothing_left):
    run = gt.measure("import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])")
    assert run.wall < 30
    assert_nothing_left()


# ── arguments, and turns ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("nowhere.py",), gt.ProgramNotFound, "no program 'nowhere.py'"),
        ((Path("nowhere.py"),), FileNotFoundError, "no program 'nowhere.py'"),
        ((3,), gt.BadType, "the text of a program or the path of its file"),
    ],
)
def test_bad_programs(arguments, error, says):
    with pytest.raises(error, match=says):
        gt.measure(*arguments)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"args": "--size 3"}, gt.BadType),
        ({"args": 3}, gt.BadType),
        ({"timeout": 0}, gt.BadValue),
        ({"timeout": "long"}, gt.BadType),
        ({"python": "2.7"}, gt.PythonNotFound),
    ],
)
def test_bad_options(options, error):
    with pytest.raises(error):
        gt.measure("pass", **options)


@pytest.mark.slow
def test_it_waits_for_its_turn():
    done = threading.Event()
    measuring = threading.Thread(target=lambda: (gt.measure("pass"), done.set()))
    with take_turn():
        measuring.start()
        assert not done.wait(0.5)
    assert done.wait(30)
    measuring.join()
