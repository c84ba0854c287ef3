"""Surroundings that a learner's machine may have: odd folders, no room, no shared memory, one CPU, a wrong clock."""

import ast
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

import gilteach as gt
from gilteach.measuring import execution, functions

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nothing_is_left")]
linux = pytest.mark.skipif(sys.platform != "linux", reason="done with what only Linux has")

# Everything that needs a folder or shared memory, in a kernel of its own: prints how each of it went.
EVERYTHING = """
import json, os, sys
import gilteach as gt
from gilteach.measuring import functions

MINE = "def mine(size):\\n    return size"

def attempt(name, do):
    try:
        said = do()
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    print("attempt", json.dumps([name, said]), flush=True)

attempt("threads", lambda: gt.run("count", "threads", workers=2, size=10).results)
attempt("processes", lambda: gt.run("fetch", "processes", workers=2, size=10, delay=0).results)
attempt("program", lambda: gt.measure("print(6 * 7)\\n").output)
attempt("task", lambda: gt.run(functions.define(MINE).mine, "processes", workers=1).results)
"""
ALL_IS_WELL = {"threads": [10, 10], "processes": [10, 10], "program": "42\n", "task": [1]}


def attempts(script=EVERYTHING, python=sys.executable, before=(), **options):
    """Run a script in a kernel of its own and return what it says of its attempts."""
    done = subprocess.run([*before, python, "-c", script], stdout=subprocess.PIPE, timeout=180, **options)
    lines = done.stdout.decode().splitlines()
    return dict(json.loads(line.removeprefix("attempt ")) for line in lines if line.startswith("attempt "))


@functools.cache
def mounts_allowed():
    return shutil.which("unshare") and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


@pytest.fixture
def with_mounts():
    """A command that runs another one with file systems of its own, which go with it."""
    if not mounts_allowed():
        pytest.skip("mounting is not allowed here")
    return lambda mount: ["unshare", "-m", "sh", "-ec", f'{mount}\nexec "$@"', "sh"]


# ── temporary folders ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("place", ["missing", "a file", "/proc"])
def test_a_temporary_folder_that_is_none_is_passed_over(tmp_path, place):
    (tmp_path / "a file").touch()
    assert attempts(cwd=tmp_path, env=os.environ | {"TMPDIR": str(tmp_path / place)}) == ALL_IS_WELL


@linux
def test_a_folder_that_became_unwritable_is_said_to_be_so(monkeypatch):
    # Not even root can write there.
    monkeypatch.setattr(tempfile, "tempdir", "/proc")
    monkeypatch.setattr(functions, "_folder", functools.cache(functions._folder.__wrapped__))
    assert gt.run("count", "processes", workers=2, size=10).results == [10, 10]
    for attempt in (lambda: gt.measure("pass\n"), lambda: functions.define("def mine(): pass")):
        with pytest.raises(gt.NoTemporaryFolder, match=r"no temporary file can be written: .*/proc.*TMPDIR") as caught:
            attempt()
        assert isinstance(caught.value, OSError)
    monkeypatch.undo()  # before it is asked what is left


@linux
def test_a_full_disk_is_said_to_be_full(tmp_path, with_mounts):
    fill = f"""
        mount -t tmpfs -o size=64k tmpfs '{tmp_path}'
        cat /dev/zero > '{tmp_path}/filling' 2> /dev/null || true
    """
    script = f"import tempfile\ntempfile.tempdir = {str(tmp_path)!r}\n{EVERYTHING}"  # as if chosen while it had room
    said = attempts(script, before=with_mounts(fill))
    assert {name: said[name] for name in ("threads", "processes")} == {"threads": [10, 10], "processes": [10, 10]}
    for name in ("program", "task"):
        assert said[name].startswith("NoTemporaryFolder: no temporary file can be written: [Errno 28] No space left")


@linux
def test_a_disk_that_fills_up_while_a_program_runs_costs_lanes_only(tmp_path, with_mounts):
    program = (
        "import threading, time\n"
        f"with open({str(tmp_path / 'filling')!r}, 'wb', buffering=0) as file:\n"
        "    try:\n        while True: file.write(bytes(100))\n"
        "    except OSError as error: print(error)\n"
        "for _ in range(200):\n    thread = threading.Thread(target=time.sleep, args=(0.001,))\n"
        "    thread.start()\n    thread.join()\n"
        "print('to its end')\n"
    )
    script = (
        f"import tempfile\ntempfile.tempdir = {str(tmp_path)!r}\n"
        f"{EVERYTHING}\nattempt('filling', lambda: gt.measure({program!r}).output)\n"
    )
    said = attempts(script, before=with_mounts(f"mount -t tmpfs -o size=256k tmpfs '{tmp_path}'"))
    assert said == ALL_IS_WELL | {"filling": "[Errno 28] No space left on device\nto its end\n"}


# ── folders ──────────────────────────────────────────────────────────────────────────────────


def test_spaces_and_letters_of_other_scripts_in_every_path(tmp_path):
    folder = tmp_path / "Kurs – Übung 1 курс 并发 'q'"
    notebooks = folder / "mein heft"
    notebooks.mkdir(parents=True)
    shutil.copytree(Path(gt.__file__).parent, folder / "gilteach")
    (notebooks / "übung.py").write_text("def eigene(size):\n    return 'ü', size\n", encoding="utf-8")
    (notebooks / "größe 1.py").write_text("import übung\nprint(übung.eigene(1))\n", encoding="utf-8")
    script = f"""
import sys
sys.path[:0] = [{str(folder)!r}, {str(notebooks)!r}]
{EVERYTHING}
import übung
for runner in ("serial", "threads", "processes"):
    attempt(runner, lambda: gt.run(übung.eigene, runner, workers=1, size=3).results)
attempt("file", lambda: gt.measure("größe 1.py").output)
attempt("where", lambda: gt.__file__)
"""
    environment = os.environ | {"LC_ALL": "C", "PYTHONPATH": ""}
    said = attempts(script, cwd=notebooks, env=environment)
    assert Path(said.pop("where")).is_relative_to(folder)
    mine = {runner: [["ü", 3]] for runner in ("serial", "threads", "processes")}
    assert said == ALL_IS_WELL | mine | {"file": "('ü', 1)\n"}


def test_a_temporary_folder_with_spaces_and_other_letters():
    with tempfile.TemporaryDirectory(prefix="ü ж ") as folder:
        assert attempts(env=os.environ | {"TMPDIR": folder}) == ALL_IS_WELL
        assert os.listdir(folder) == []


def test_a_notebook_that_runs_in_another_folder(tmp_path):
    # Its own modules are found where it found them itself, whatever the folder it runs in.
    (tmp_path / "lesson").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "lesson" / "mine.py").write_text("import beside\ndef double(size):\n    return beside.two * size\n")
    (tmp_path / "lesson" / "beside.py").write_text("two = 2\n")
    script = f"""
import sys
sys.path.insert(0, {str(tmp_path / "lesson")!r})
{EVERYTHING}
import mine
attempt("mine", lambda: gt.run(mine.double, "processes", workers=1, size=4).results)
attempt("file", lambda: gt.measure("../lesson/beside.py").exit_status)
"""
    assert attempts(script, cwd=tmp_path / "elsewhere") == ALL_IS_WELL | {"mine": [8], "file": 0}


@pytest.mark.skipif(os.name != "posix", reason="Windows removes no folder that somebody is in")
def test_a_notebook_whose_folder_was_removed(tmp_path):
    folder = tmp_path / "moved"
    folder.mkdir()
    script = f"import os\nos.chdir({str(folder)!r})\nos.rmdir({str(folder)!r})\n{EVERYTHING}"
    said = attempts(script)
    assert said.keys() == ALL_IS_WELL.keys()
    for text in said.values():
        assert text.startswith("FolderGone: the folder that the kernel runs in was removed; restart the kernel")


# ── shared memory ────────────────────────────────────────────────────────────────────────────


@linux
@pytest.mark.parametrize("how", ["missing", "read-only", "full"])
def test_without_shared_memory_only_what_needs_it_fails_and_says_why(with_mounts, how):
    mount = {
        "missing": "mount -t tmpfs tmpfs /dev",  # with nothing in it but what everybody needs
        "read-only": "mount -o remount,bind,ro /dev/shm",
        "full": "mount -t tmpfs -o size=4k tmpfs /dev/shm; cat /dev/zero > /dev/shm/filling 2> /dev/null || true",
    }[how]
    if how == "missing":
        mount = (
            "mkdir -p $TMPDIR/dev; mount --bind /dev $TMPDIR/dev; "
            + mount
            + (
                "; for name in null zero urandom random full; do touch /dev/$name; "
                "mount --bind $TMPDIR/dev/$name /dev/$name; done; umount $TMPDIR/dev; rmdir $TMPDIR/dev"
            )
        )
    elif how == "read-only":
        mount = "mount --bind /dev/shm /dev/shm; " + mount
    script = EVERYTHING + (
        'for channel in ("pipe", "thread", "queue", "shared memory"):\n'
        "    attempt(channel, lambda: len(gt.messages(channel, 1000, repeats=1, progress=False).frame))\n"
    )
    said = attempts(script, before=with_mounts(mount))
    well = {"threads": [10, 10], "program": "42\n", "pipe": 1, "thread": 1}
    assert {name: said[name] for name in well} == well
    for name in ("processes", "task", "queue", "shared memory"):
        assert said[name].startswith("GilteachError: the bench failed: [Errno"), said[name]
        assert "Processes keep their locks in /dev/shm, which is missing, full or read-only here." in said[name]


# ── clocks ───────────────────────────────────────────────────────────────────────────────────

WALL_CLOCKS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "time.localtime", "time.gmtime"}


def wall_clocks(path):
    """The clocks that a file reads and that can be set back."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield from WALL_CLOCKS & {ast.unparse(node)}
        elif isinstance(node, ast.ImportFrom):
            yield from (WALL_CLOCKS | {"datetime.datetime"}) & {f"{node.module}.{alias.name}" for alias in node.names}


def test_no_clock_is_read_that_can_be_set_back():
    found = {path.name: [*wall_clocks(path)] for path in Path(gt.__file__).parent.rglob("*.py")}
    assert {name: clocks for name, clocks in found.items() if clocks} == {}


def test_a_clock_that_is_set_back_in_mid_run_changes_nothing(monkeypatch, add_task):
    set_back = add_task(
        "def set_back(size):\n    time.time = lambda now=[2e9]: now.append(now[-1] - 3600) or now[-1]\n"
        "    time.sleep(size)\n    return time.time() > time.time()\n"
    )
    now = [2e9]
    monkeypatch.setattr(time, "time", lambda: now.append(now[-1] - 3600) or now[-1])
    run = gt.run(set_back, "threads", workers=2, size=0.3)
    assert run.results == [True, True]
    assert 0.3 <= run.wall < 3
    assert run.samples["time_s"].is_monotonic_increasing
    assert (run.spans["end_s"] > run.spans["start_s"]).all()


# ── CPUs ─────────────────────────────────────────────────────────────────────────────────────


@linux
def test_one_cpu_runs_everything_and_says_what_limits_it():
    one = min(os.sched_getaffinity(0))
    script = f"""
import os
os.sched_setaffinity(0, {{{one}}})
{EVERYTHING}
attempt("machine", lambda: [gt.machine().usable_cpus, gt.machine().limited_by])
run = gt.run("count", "processes", workers=2, size=2 * 10**6)
attempt("cores busy", lambda: run.cores_busy < 1.1)
attempt("panel", lambda: len(gt.Experiment("count", size=10).run().frame))
attempt("sweep", lambda: len(gt.sweep("count", workers=[1, 2], size=10, repeats=1, progress=False).frame))
"""
    assert attempts(script) == ALL_IS_WELL | {
        "machine": [1, "affinity"], "cores busy": True, "panel": 3, "sweep": 6,
    }  # fmt: skip


@linux
def test_an_affinity_that_changes_in_mid_run_is_measured_as_it_is(two_cpus, monkeypatch):
    before = os.sched_getaffinity(0)
    timers, next_event = [], execution.next_event

    def confine(pids, cpus):
        for pid in pids:
            psutil.Process(pid).cpu_affinity(list(cpus))

    def next_event_and_confine(bench, plan, deadline, stop, expected, meter=None):
        event = next_event(bench, plan, deadline, stop, expected, meter)
        if expected == "ready":
            pids = [pid for pid, _ in event["workers"]]
            confine(pids, [min(before)])
            timers.append(threading.Timer(0.4, confine, [pids, before]))
            timers[0].start()
        return event

    monkeypatch.setattr(execution, "next_event", next_event_and_confine)
    run = gt.run("count", "processes", workers=2, size=2 * 10**7)
    timers[0].join()
    assert run.results == [2 * 10**7] * 2
    early = run.samples[run.samples["time_s"] < 0.25]
    assert early["cores_busy"].mean() < 1.15, "two workers on one core"
    assert run.samples["cores_busy"].max() < 3
    assert run.cores_busy <= 2.05
