"""The process of a measured program: what it prints, as it appears; what it used; and all that belongs to it."""

import codecs
import os
import subprocess
import sys
import threading
import time
from collections import deque

import psutil

from ..children.launch import MARK, OUTPUT_LIMIT, Child

if os.name == "posix":
    from os import getpgid, wait4

# What ipykernel and IPython set for what a notebook runs: the first whatever its value, the others if it is theirs.
JUPYTERS_OWN = ("JPY_", "IPYKERNEL_", "PYDEVD_")
JUPYTERS_VALUES = {"TERM": "xterm-color", "CLICOLOR": "1", "FORCE_COLOR": "1", "PAGER": "cat", "GIT_PAGER": "cat"}
JUPYTERS_BACKENDS = ("inline", "ipympl", "nbagg", "widget")
HELPERS = ("resource_tracker", "multiprocessing.forkserver")


def own_environment():
    """Return the environment that a program would have in a terminal, without what Jupyter has put into it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(JUPYTERS_OWN)}
    if "JPY_PARENT_PID" in os.environ or "JPY_SESSION_NAME" in os.environ:
        for name, value in JUPYTERS_VALUES.items():
            if environment.get(name) == value:
                del environment[name]
    if any(backend in environment.get("MPLBACKEND", "") for backend in JUPYTERS_BACKENDS):
        del environment["MPLBACKEND"]
    return environment


class Accounted(subprocess.Popen):
    """A child process whose CPU time, with that of the processes that it waited for, is told by the system.

    Only `reap` waits for it: whoever else did would get the account that it is after. (POSIX only.)

    Attributes
    ----------
    cpu : float
        CPU seconds (user and system), once it has ended.
    """

    cpu = 0.0

    def __init__(self, *args, **kwargs):
        self._ended = threading.Event()
        self._reaping = False
        super().__init__(*args, **kwargs)

    def reap(self):
        """Wait for the end."""
        self._reaping = True
        try:
            _, status, used = wait4(self.pid, 0)
            self.cpu = used.ru_utime + used.ru_stime
            self.returncode = os.waitstatus_to_exitcode(status)
        except ChildProcessError:  # somebody else has waited for it, as a program that embeds us may
            self.returncode = 0
        self._ended.set()

    def poll(self):
        return self.returncode if self._reaping else super().poll()

    def wait(self, timeout=None):
        if not self._reaping:
            return super().wait(timeout)
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.returncode


class Program(Child):
    """A running program: its events are what it prints, as it appears, and its exit.

    It leads a process group, as it would in a terminal, and no session: what it starts is known by its parents, its
    group, or the mark in its environment.
    """

    if os.name == "posix":
        popen = Accounted
        place = {"process_group": 0}

    def __init__(self, command, environment, folder):
        self._members = {}  # by pid, with what tells whether the number was given again since
        super().__init__(command, environment, leftovers=str(folder))
        self._remember(self.pid)
        self._process.stdin.close()  # input() finds the end of file, instead of waiting for ever

    def _readers(self):
        return [*super()._readers(), self._wait]

    def _read_events(self):
        self._pass_on("stdout", self._process.stdout)

    def _read_output(self):
        self._pass_on("stderr", self._process.stderr)

    def _pass_on(self, name, pipe):
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        with pipe:
            while data := pipe.read1(1 << 16):
                self._events.put({"event": name, "text": decode(data)})

    def _wait(self):
        if isinstance(self._process, Accounted):
            self._process.reap()
        else:
            self._process.wait()
        cpu = getattr(self._process, "cpu", 0.0)  # where the system keeps no such account, it is 0
        self._events.put({"event": "exit", "moment": time.perf_counter(), "cpu": cpu})

    # ── what belongs to it ───────────────────────────────────────────────────────────────────

    def own(self, pids):
        """Return those of some pids that are the program's or of what it started, and remember them."""
        if os.name != "posix":
            return super().own(pids)
        found, waiting = [], set(pids)
        # Round by round, since a process may have a smaller number than its parent.
        while joined := {pid for pid in waiting if pid in self._members or self._belongs(pid)}:
            for pid in joined - self._members.keys():
                self._remember(pid)
            waiting -= joined
            found += sorted(joined)
        return found

    def _belongs(self, pid):
        try:
            if getpgid(pid) in self._members:
                return True
            process = psutil.Process(pid)
            return process.ppid() in self._members or process.environ().get(MARK) == self._mark
        except (psutil.Error, OSError):
            return False  # it has ended meanwhile, or belongs to somebody else

    def _remember(self, pid):
        try:
            self._members[pid] = psutil.Process(pid)
        except psutil.Error:
            self._members[pid] = None  # it has ended already

    def _descendants(self):
        """All that can still be traced to it, or was seen to be its own before it lost its parents."""
        known = [process for pid, process in self._members.items() if pid != self.pid and process]
        return [process for process in known if process.is_running()] + super()._descendants()

    def left_running(self):
        """How many processes go on although the program has ended; helpers of multiprocessing's end by themselves."""
        return len({process.pid for process in self._descendants() if _goes_on(process)})


def _goes_on(process):
    try:
        command = " ".join(process.cmdline())
        return process.status() != psutil.STATUS_ZOMBIE and not any(helper in command for helper in HELPERS)
    except psutil.Error:
        return False


class Screen:
    """Shows output as it appears, up to a megabyte of it, and keeps the last megabyte."""

    def __init__(self):
        self._texts = deque()
        self._kept = self._shown = 0

    def show(self, event):
        if event is None or event["event"] not in ("stdout", "stderr"):
            return
        text = event["text"]
        self._texts.append(text)
        self._kept += len(text)
        while self._kept > OUTPUT_LIMIT:
            self._kept -= len(self._texts.popleft())
        if self._shown < OUTPUT_LIMIT:
            self._shown += len(text)
            note = "\n(more than a megabyte of output: the rest is not shown)\n" * (self._shown >= OUTPUT_LIMIT)
            getattr(sys, event["event"]).write(text + note)

    @property
    def text(self):
        return "".join(self._texts)
