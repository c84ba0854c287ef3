"""What can't be run here is right by construction: nothing needs what only POSIX, Linux or fork can do."""

import ast
import ctypes
import importlib.util
import os
import subprocess
import sys
from concurrent.futures import process
from pathlib import Path
from shutil import copytree, ignore_patterns
from types import SimpleNamespace

import pytest

import gilteach as gt
from gilteach.bench import runners
from gilteach.children import guard, launch
from gilteach.measuring import meter
from gilteach.programs import census, stacks, witness
from gilteach.programs import process as process_of_program
from gilteach.programs import program as programs

PACKAGE = Path(gt.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# What the documentation marks with "Availability: Unix" or "not Windows", of the modules that we use; and of
# Linux what macOS doesn't have.
POSIX_ONLY = {
    "faulthandler": {"register", "unregister"},
    "os": {
        *("fork", "forkpty", "register_at_fork", "setsid", "getsid", "getpgid", "getpgrp", "setpgid", "killpg"),
        *("wait3", "wait4", "waitid", "WIFSIGNALED", "WTERMSIG", "nice", "getuid", "geteuid", "getgid", "getloadavg"),
        *("sched_getaffinity", "sched_setaffinity", "sched_yield", "mkfifo", "sysconf", "confstr", "statvfs", "uname"),
        *("pipe2", "pidfd_open", "posix_spawn", "O_CLOEXEC", "O_NONBLOCK", "memfd_create", "eventfd"),
    },
    "signal": {
        *("SIGKILL", "SIGSTOP", "SIGCONT", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGHUP", "SIGCHLD", "SIGALRM", "SIGXCPU"),
        *("alarm", "setitimer", "pthread_kill", "pthread_sigmask", "sigwait", "siginterrupt"),
    },
    "_signal": {"SIGURG"},
    "socket": {"AF_UNIX", "socketpair"},
    "threading": {"setprofile_all_threads"},
    "time": {"clock_gettime", "clock_gettime_ns", "clock_getres", "pthread_getcpuclockid", "tzset"},
}
POSIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "select", "syslog", "termios", "tty"}


# ── POSIX-only names are used under a guard ──────────────────────────────────────────────────


def parents_of(tree):
    return {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}


def is_posix_only(node):
    """Whether a node of a module's tree uses what only POSIX has."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr in POSIX_ONLY.get(node.value.id, ())
    if isinstance(node, ast.ImportFrom):
        return node.module in POSIX_MODULES or any(
            alias.name in POSIX_ONLY.get(node.module, ()) for alias in node.names
        )
    return isinstance(node, ast.Import) and any(alias.name in POSIX_MODULES for alias in node.names)


def is_guard(node):
    """Whether a node asks first what there is, or minds that it isn't there."""
    if isinstance(node, ast.If | ast.IfExp):
        return any(question in ast.unparse(node.test) for question in ("hasattr(", "sys.platform", "os.name"))
    return isinstance(node, ast.Try) and any("ImportError" in ast.unparse(handler.type) for handler in node.handlers)


def unguarded(source):
    """Return the lines that use what only POSIX has, or a function that does, and don't ask first."""
    tree = ast.parse(source)
    parents = parents_of(tree)
    found = []

    def look(node, seen=()):
        """Go up from a use: to a guard, or to a function all whose uses are guarded."""
        above = parents.get(node)
        while above is not None and not is_guard(above):
            if isinstance(above, ast.FunctionDef):
                uses = [one for one in ast.walk(tree) if isinstance(one, ast.Name) and one.id == above.name]
                if not uses or above in seen:
                    break
                for use in uses:
                    look(use, (*seen, above))
                return
            above = parents.get(above)
        if above is None or not is_guard(above):
            found.append(node.lineno)

    for node in ast.walk(tree):
        if is_posix_only(node):
            look(node)
    return found


def test_posix_only_names_are_used_under_a_guard():
    found = {path.name: unguarded(path.read_text(encoding="utf-8")) for path in MODULES}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_check_itself_tells_guarded_from_unguarded():
    assert unguarded("import os\nos.killpg(0, 9)\n") == [2]
    assert unguarded("def end():\n    os.killpg(0, 9)\nend()\n") == [3]
    assert unguarded("from resource import getrusage\n") == [1]
    assert unguarded("def end():\n    os.killpg(0, 9)\nif os.name == 'posix':\n    end()\n") == []
    assert unguarded("os.killpg(0, 9) if hasattr(os, 'killpg') else None\n") == []
    assert unguarded("try:\n    import fcntl\nexcept ImportError:\n    fcntl = None\n") == []


def test_the_check_sees_the_uses_that_there_are():
    used = {path.stem for path in MODULES for node in ast.walk(ast.parse(path.read_bytes())) if is_posix_only(node)}
    assert {"stacks", "kernel", "launch", "machines", "meter", "process", "gilteach_recorder"} <= used


def test_nothing_forks_by_itself():
    # Only a learner may ask for it: as start_method="fork", or in a program of her own.
    for node in (node for path in MODULES for node in ast.walk(ast.parse(path.read_bytes()))):
        assert not (isinstance(node, ast.Attribute) and node.attr in ("fork", "forkpty"))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("get_context", "set_start_method")):
            assert "fork'" not in ast.unparse(node)


# ── a run where there is no POSIX ────────────────────────────────────────────────────────────


# Taken away from them: the rest, the standard library itself can't do without here.
NOT_ON_WINDOWS = POSIX_ONLY["os"] - {"statvfs", "sysconf", "uname", "O_CLOEXEC", "O_NONBLOCK"}


class WindowsOs:
    """The module `os` with what it has on Windows."""

    name = "nt"

    def __getattr__(self, name):
        if name in NOT_ON_WINDOWS:
            raise AttributeError(name)
        return getattr(os, name)


BENCH_ON_WINDOWS = f"""
import multiprocessing, os, time
for name in {sorted(NOT_ON_WINDOWS)}:
    vars(os).pop(name, None)
for name in {sorted(POSIX_ONLY["time"])}:
    vars(time).pop(name, None)
get_context = multiprocessing.get_context

def get_only_context(method=None):
    if method not in (None, "spawn"):
        raise ValueError(f"cannot find context for {{method!r}}")
    return get_context("spawn")

multiprocessing.get_all_start_methods = lambda: ["spawn"]
multiprocessing.get_context = get_only_context
"""


@pytest.fixture
def as_on_windows(tmp_path, monkeypatch):
    """Take away, from the kernel's side and from the bench, what Windows doesn't have."""
    bench = tmp_path / "bench"
    copytree(launch.BENCH, bench, ignore=ignore_patterns("__pycache__"))
    # Spawned workers import this file too, and so lose the same.
    main = bench / "__main__.py"
    main.write_text(BENCH_ON_WINDOWS + main.read_text(encoding="utf-8"), encoding="utf-8")
    recorder = bench / "recorder" / "gilteach_recorder.py"
    text = recorder.read_text(encoding="utf-8").replace('hasattr(faulthandler, "register")', "False")
    recorder.write_text(text.replace('sys.platform == "linux"', "False"), encoding="utf-8")
    monkeypatch.setattr(launch, "BENCH", bench)
    monkeypatch.setattr(launch, "os", WindowsOs())
    monkeypatch.setattr(census, "RECORDER", recorder.parent)
    monkeypatch.setattr(programs, "RECORDER", recorder.parent)
    monkeypatch.setattr(stacks, "faulthandler", SimpleNamespace())
    monkeypatch.setattr(stacks, "RECORDERS_OWN", str(recorder.parent))
    monkeypatch.setattr(process_of_program, "os", WindowsOs())
    monkeypatch.setattr(process_of_program.Program, "popen", subprocess.Popen)
    monkeypatch.setattr(process_of_program.Program, "place", {})
    monkeypatch.setattr(witness, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(meter, "best_clock", lambda: (meter.coarse_clock, meter.COARSE_INTERVAL))


@pytest.mark.parametrize("runner", ["serial", "threads", "processes"])
@pytest.mark.slow
def test_a_run_and_its_end_need_no_posix(as_on_windows, assert_nothing_left, runner):
    run = gt.run("primes", runner, workers=2, tasks=3, size=100)
    assert run.results == [25] * 3
    assert run.spans["pid"].nunique() <= 2
    with pytest.raises(gt.RunTimeout):
        gt.run("count", runner, workers=2, size=10**10, timeout=1.0)
    assert_nothing_left()


def test_messages_need_no_posix(as_on_windows, assert_nothing_left):
    traffic = gt.messages(["queue", "shared memory"], 1000, repeats=1, progress=False)
    assert traffic.frame["channel"].tolist() == ["queue", "shared memory"]
    assert_nothing_left()


DEADLOCK = """
import threading
lock = threading.Lock()
lock.acquire()
lock.acquire()  # here it stays
"""


@pytest.mark.slow
def test_where_a_program_stood_is_known_without_signals(as_on_windows, assert_nothing_left):
    with pytest.raises(gt.RunTimeout, match=r"MainThread of MainProcess[^\n]*\n[^\n]*line 5 in <module>"):
        gt.measure(DEADLOCK, timeout=1.5)
    assert_nothing_left()


BUSY = """
import multiprocessing, time

def work():
    end = time.process_time() + 0.8
    while time.process_time() < end:
        pass

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=work) for _ in range(2)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
"""


@pytest.mark.slow
def test_a_program_is_measured_with_the_portable_clock_too(as_on_windows):
    run = gt.measure(BUSY)
    ends = run.samples["time_s"]
    area = (ends.diff().fillna(ends.iloc[0]) * run.samples["cores_busy"]).sum()
    assert area == pytest.approx(run.cpu)
    # 0.8 s each, and three interpreters' start; every process is noted by its own exact clock in the end.
    assert 1.6 <= run.cpu <= 2.6


# ── Windows' own limits ──────────────────────────────────────────────────────────────────────


@pytest.fixture
def windows_runners(monkeypatch):
    """The runners as they are defined on Windows."""
    monkeypatch.setattr(sys, "platform", "win32")
    spec = importlib.util.spec_from_file_location("windows_runners", runners.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.undo()
    return module


def test_on_windows_there_are_no_more_processes_than_it_can_wait_for(windows_runners, monkeypatch):
    most = windows_runners.Processes.most_workers
    assert most == process._MAX_WINDOWS_WORKERS
    monkeypatch.setitem(runners.RUNNERS, "processes", windows_runners.Processes)
    reason = rf"from 1 to {most} \(processes; Windows can't wait for more at once\), not {most + 1}"
    with pytest.raises(gt.BadValue, match=reason):
        gt.run("wait", "processes", workers=most + 1)
    assert gt.Experiment("wait")._workers.max == most
    assert gt.runners().loc["processes", "most_workers"] == most


class Kernel32:
    """Windows's library as far as a job needs it, noting what is called."""

    def __init__(self):
        self.calls = []
        for name in ("CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject", "CloseHandle"):
            setattr(self, name, self.noting(name))

    def noting(self, name):
        def call(*args):
            for kind, value in zip(call.argtypes, args, strict=True):
                kind.from_param(value)
            if name == "SetInformationJobObject":  # by address
                _, kind, limits, size = args
                args = kind, ctypes.string_at(ctypes.addressof(limits._obj), size)
            self.calls.append((name, *args))
            return JOB

        return call


JOB, CHILD = 0x1234, 0x88


def test_on_windows_a_child_is_put_into_a_job_that_ends_with_the_kernel(monkeypatch):
    library = Kernel32()
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: library, raising=False)
    monkeypatch.setattr(guard, "os", WindowsOs())
    watch = guard.watch_over(SimpleNamespace(_handle=CHILD), "nothing", "NAME=value")
    [create, (name, kind, limits), assign] = library.calls
    assert create == ("CreateJobObjectW", None, None)
    assert (name, kind) == ("SetInformationJobObject", 9)
    # As Windows lays it out: the flags follow two times of 8 bytes each.
    assert len(limits) == (144 if sys.maxsize > 2**32 else 112)
    assert limits == bytes(16) + (0x2000).to_bytes(4, "little") + bytes(len(limits) - 20)
    assert assign == ("AssignProcessToJobObject", JOB, CHILD)
    watch.dismiss()
    watch.dismiss()
    assert library.calls[3:] == [("CloseHandle", JOB)]
    assert library.CreateJobObjectW.restype is ctypes.c_void_p, "or half of it would be cut off"


def test_on_windows_python_itself_is_started_and_not_what_a_virtual_environment_has_for_it(monkeypatch):
    monkeypatch.setattr(launch, "os", WindowsOs())
    monkeypatch.setattr(sys, "executable", r"C:\course\Scripts\python.exe")
    monkeypatch.setattr(sys, "_base_executable", r"C:\Python\python.exe", raising=False)
    command, environment = launch.python_itself([sys.executable, "-I", "bench"], {"A": "1"})
    assert command == [r"C:\Python\python.exe", "-I", "bench"]
    assert environment == {"A": "1", "__PYVENV_LAUNCHER__": sys.executable}
    assert launch.python_itself([r"C:\other.exe"], {}) == ([r"C:\other.exe"], {})
    monkeypatch.setattr(sys, "_base_executable", sys.executable)
    assert launch.python_itself([sys.executable], {}) == ([sys.executable], {})
