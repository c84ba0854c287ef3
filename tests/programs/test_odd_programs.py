"""Programs that do what others' programs do: each is measured for what it is."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import findpython
import pytest

import gilteach as gt
from gilteach.show.program_figure import MOST_LANES, most_important, worth_drawing

posix = pytest.mark.skipif(os.name != "posix", reason="needs a shell, sessions or exec")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells that without privileges")
pytestmark = pytest.mark.slow


def measure(text, **options):
    return gt.measure(textwrap.dedent(text), **options)


def lane(run, name):
    return run.lanes[run.lanes["name"] == name].iloc[0]


# ── processes ────────────────────────────────────────────────────────────────────────────────


@posix
def test_who_has_ended_is_not_drawn_on_until_somebody_waits():
    run = measure("""
        import subprocess
        sleepers = [subprocess.Popen(["sleep", seconds]) for seconds in ("1.2", "0.2", "0.6")]
        for sleeper in sleepers:
            sleeper.wait()
    """)
    ends = sorted(run.lanes.loc[run.lanes["name"] == "sleep", "end_s"])
    assert ends[0] < 0.5 < ends[1] < 1.0 < ends[2]


@posix
def test_a_shell_in_a_session_of_its_own_is_seen():
    run = measure("""
        import subprocess, time
        shell = subprocess.Popen(["sh", "-c", "while :; do :; done"], start_new_session=True)
        time.sleep(1)
        shell.kill()
        shell.wait()
    """)
    shell = lane(run, "sh")
    assert 0.2 < shell["cpu_s"] < run.cpu
    assert shell["end_s"] - shell["start_s"] > 0.8


@posix
@pytest.mark.parametrize("make_way", ["setpgrp", "setsid"])
def test_a_child_that_makes_way_before_exec_is_what_it_becomes(make_way):
    run = measure(f"""
        import os, subprocess, sys
        subprocess.run(["sleep", "0.3"], preexec_fn=os.{make_way})
        napper = "import threading, time; threading.Thread(target=time.sleep, args=(0.3,), name='napper').start()"
        subprocess.run([sys.executable, "-c", napper], preexec_fn=os.{make_way})
    """)
    if sys.platform == "linux":
        sleep = lane(run, "sleep")
        assert (run.lanes["process"] == sleep["process"]).sum() == 1, "it has no threads of Python's"
    assert lane(run, "napper")["process"] == lane(run, "python -c")["process"]


@posix
def test_a_program_that_becomes_another_python_keeps_its_record(tmp_path):
    other = tmp_path / "other.py"
    other.write_text("import threading, time\nthreading.Thread(target=time.sleep, args=(60,), name='napper').start()\n")
    with pytest.raises(gt.RunTimeout, match="napper of MainProcess") as caught:
        measure(f"import os, sys\nos.execv(sys.executable, [sys.executable, {str(other)!r}])", timeout=1.5)
    assert lane(caught.value.run, "napper")["end_s"] > 1


@posix
def test_a_program_may_lead_a_process_group_as_in_a_terminal():
    run = measure("import os\nos.setpgrp()\nprint(os.getpgrp() == os.getpid())")
    assert (run.exit_status, run.output) == (0, "True\n")


@posix
def test_what_goes_on_without_environment_and_parents_is_ended_and_said_to_be(assert_nothing_left, wait_until):
    sleeper = shutil.which("sleep")
    run = measure(f"""
        import subprocess, time
        print(subprocess.Popen([{sleeper!r}, "60"], env={{}}, start_new_session=True).pid)
        time.sleep(0.2)
    """)
    assert run.left_running == 1
    assert "a process still running in the end and ended" in run.summary
    assert wait_until(lambda: not Path(f"/proc/{int(run.output)}").exists() or sys.platform != "linux", 2)
    assert_nothing_left()


def test_lokys_processes_are_called_what_they_are():
    run = measure("""
        import time
        from loky import get_reusable_executor
        if __name__ == "__main__":
            with get_reusable_executor(max_workers=2) as executor:
                list(executor.map(time.sleep, [0.2, 0.2]))
    """)
    names = list(run.lanes["name"])
    assert names.count("loky worker") == 2 or any("Loky" in name for name in names), names
    assert not any("python -c" in name or "joblib" in name for name in names), names


# ── threads ──────────────────────────────────────────────────────────────────────────────────

A_BARE_THREAD = """
    import _thread, time

    def count():
        n = 4_000_000
        while n:
            n -= 1
        done.append(1)

    done = []
    _thread.start_new_thread(count, ())
    while not done:
        time.sleep(0.01)
"""


@linux
def test_a_thread_that_threading_did_not_start_has_a_lane():
    run = measure(A_BARE_THREAD)
    bare = run.lanes[run.lanes["thread"].notna() & (run.lanes["name"] != "MainThread")]
    assert len(bare) == 1
    assert bare["cpu_s"].iloc[0] > 0.5 * run.cpu


def test_a_main_thread_may_have_another_name():
    run = measure("import threading\nthreading.current_thread().name = 'boss'")
    assert "boss" in set(run.lanes["name"])
    assert "MainThread" not in set(run.lanes["name"])


def test_of_many_lanes_those_that_matter_are_drawn():
    run = measure("""
        import subprocess, sys, threading, time
        threads = [threading.Thread(target=time.sleep, args=(1,)) for _ in range(30)]
        for thread in threads:
            thread.start()
        subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.3: pass"])
        for thread in threads:
            thread.join()
    """)
    drawn = most_important(worth_drawing(run.lanes))
    assert len(drawn) == MOST_LANES
    assert "python -c" in set(drawn["name"])
    assert list(drawn.index) == sorted(drawn.index)
    assert f"{len(worth_drawing(run.lanes)) - MOST_LANES} more lanes are left out" in run.figure().alt


def test_names_in_any_script_and_with_any_sign_are_drawn_as_they_are(recwarn):
    names = ["$\\nosuch$", "pay $5, get $6", "线程一"]
    run = measure(f"""
        import threading, time
        for name in {names!r}:
            thread = threading.Thread(target=time.sleep, args=(0.05,), name=name)
            thread.start()
            thread.join()
    """)
    picture = run.figure()
    assert picture.png()
    labels = {label.get_text().strip() for label in picture.axes[1].get_yticklabels()}
    assert labels >= set(names)
    assert not recwarn.list


# ── surroundings ─────────────────────────────────────────────────────────────────────────────


def test_what_jupyter_sets_is_not_the_programs(monkeypatch):
    for name, value in {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "JPY_PARENT_PID": "1",
        "FORCE_COLOR": "1",
        "PAGER": "less",
    }.items():
        monkeypatch.setenv(name, value)
    run = measure("import os\nprint([os.environ.get(name) for name in ('MPLBACKEND', 'FORCE_COLOR', 'PAGER')])")
    assert run.output == "[None, None, 'less']\n"
    monkeypatch.setenv("MPLBACKEND", "agg")
    assert measure("import os\nprint(os.environ['MPLBACKEND'])").output == "agg\n"


def test_a_module_beside_the_notebook_is_executed_when_the_program_imports_it(tmp_path, monkeypatch):
    (tmp_path / "threading.py").write_text("print('mine')")
    monkeypatch.chdir(tmp_path)
    assert measure("print('no threads')").output == "no threads\n"
    assert "mine\n" in measure("import threading").output  # beside what Python misses then, in either order


def test_a_program_with_the_name_of_a_standard_module_fails_as_it_does_by_itself(tmp_path):
    path = tmp_path / "threading.py"
    path.write_text("import queue\nprint(queue.Queue().empty())")
    alone = subprocess.run([sys.executable, path], capture_output=True, text=True)
    assert gt.measure(path).exit_status == alone.returncode == 1


def test_unbuffered_stays_unbuffered(monkeypatch):
    program = "import os\nprint('.', end='')\nos._exit(0)"
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    assert measure(program).output == ""
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    assert measure(program).output == "."


def test_a_child_of_an_older_python_notices_nothing():
    providers = [setup.create() for setup in findpython.ALL_PROVIDERS.values()]
    found = [python for provider in providers if provider for python in provider.find_pythons()]
    names = re.compile(r"python3\.([6-9]|10)(\.exe)?")
    older = [
        python for python in found if names.fullmatch(python.executable.name) and "shims" not in python.executable.parts
    ]
    if not older:
        pytest.skip("no Python older than 3.11 here")
    script = "import sys; print([place for place in sys.path if 'recorder' in place])"
    run = measure(f"import subprocess\nsubprocess.run([{str(older[0].executable)!r}, '-c', {script!r}], check=True)")
    assert (run.exit_status, run.output) == (0, "[]\n")


def test_background_of_a_moment_is_no_number_of_cores_that_there_are_not():
    for _ in range(5):
        assert measure("pass").background <= os.cpu_count()
