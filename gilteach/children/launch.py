"""Starts a bench, talks to it, and ends it.

    kernel (this process)                            child processes
    ─────────────────────                            ───────────────
    Child.send ─────────────────── stdin ──────────► bench ──► workers
    Child.receive ◄─ queue ◄─ thread ◄─ stdout ───── bench
    Child.output  ◄────────── thread ◄─ stderr ───── whatever bench and workers print
    Child.end ───── SIGKILL to all of them ────────► gone
    guard ── should the kernel die, the same ──────► gone

Two threads per child only move lines, so that neither pipe ever fills up and stalls it. A child
leads a session of its own (POSIX): an interrupt of the kernel doesn't reach it, and every process
that it or its tasks start can be found, even after the child itself has died.
"""

import collections
import json
import os
import queue
import secrets
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil

from ..errors import FolderGone, GilteachError, WorkerDied
from .guard import watch_over
from .temporary import folders_of, remove_folders_of

BENCH = Path(__file__).parents[1] / "bench"
OUTPUT_LIMIT = 1 << 20  # characters of output kept; the last ones count
SHARED_MEMORY = Path("/dev/shm")  # Linux shows it as files here; other systems don't, and have no such folder
ENDED = {"event": "ended"}  # queued after a child's last event
MARK = "GILTEACH_CHILD"  # environment variable that a child and all that it starts have
UNKILLABLE = 5.0  # s; a process that takes longer to be killed belongs to somebody else, or hangs in the system
LAST_WORDS = 0.3  # s; to read what a child printed in the end, if no process that it started goes on printing


class Child:
    """A child Python that is told things and reports events, one JSON object a line.

    Parameters
    ----------
    command : list of str
        Program and arguments.
    environment : dict, optional
        Its environment variables; the kernel's own if left out.
    leftovers : str, optional
        How the paths begin that go with it, should the kernel die; those of its own temporary folders if left out.
    """

    popen = subprocess.Popen
    place = {"start_new_session": True} if os.name == "posix" else {}  # where it runs, as `popen` is told

    def __init__(self, command, environment=None, leftovers=None):
        self._mark = secrets.token_hex(8)
        self._process = self._guard = None
        self._events = queue.SimpleQueue()
        self._output = collections.deque()
        self._threads = [threading.Thread(target=target, daemon=True) for target in self._readers()]
        command, environment = python_itself(command, (environment or os.environ) | {MARK: self._mark})
        try:
            self._process = self.popen(
                command,
                env=environment,
                cwd=current_folder(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **self.place,
            )
            self.pid = self._process.pid
            self._guard = watch_over(self._process, leftovers or folders_of(self.pid), f"{MARK}={self._mark}")
            for thread in reversed(self._threads):  # the first waits for the second in the end, which must have begun
                thread.start()
        except (OSError, RuntimeError) as error:  # there may be no more processes, threads or files
            self._give_up()
            if isinstance(error, GilteachError):
                raise
            raise GilteachError(f"a child process could not be started: {error}") from error

    def _readers(self):
        """What the threads do that read from the child: first its events, then its output."""
        return [self._read_events, self._read_output]

    def _give_up(self):
        """End a child that never got so far as to do anything."""
        if self._process:
            self._process.kill()
            self._process.wait()
        if self._guard:
            self._guard.dismiss()
        for thread in self._threads:
            if thread.ident:
                thread.join(LAST_WORDS)
        if self._process:
            self._process.stdin.close()
            self._process.stdout.close()
            self._process.stderr.close()

    def _read_events(self):
        with self._process.stdout as lines:
            for line in lines:
                try:
                    event = json.loads(line)
                except (ValueError, RecursionError):
                    event = None
                if not isinstance(event, dict) or "event" not in event:
                    event = {"event": "foreign", "line": line.decode(errors="replace").strip()}
                self._events.put(event)
        self._threads[1].join(LAST_WORDS)
        self._events.put(ENDED)

    def _read_output(self):
        kept = 0
        with self._process.stderr as pipe:
            while text := pipe.read1(1 << 16):
                self._output.append(text)
                kept += len(text)
                while kept > OUTPUT_LIMIT:
                    kept -= len(self._output.popleft())

    @property
    def output(self):
        """What the child and its workers have printed so far, the last megabyte of it."""
        return b"".join(list(self._output)).decode(errors="replace")

    def send(self, line):
        """Write one line to the child; one that has ended is noticed where its events are read."""
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            pass

    def receive(self, timeout):
        """Return the next event, or None if there is none within `timeout` seconds."""
        try:
            return self._events.get(timeout=timeout)
        except queue.Empty:
            if self._process.poll() is None:
                return None
        self._threads[0].join(2 * LAST_WORDS)  # and no longer: forked workers keep a dead bench's pipe open
        try:
            return self._events.get_nowait()
        except queue.Empty:
            return ENDED

    @property
    def exit_code(self):
        """The child's exit code once it has ended, waiting for that a moment; None if it goes on."""
        try:
            return self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return None

    def end(self, patience=0.0):
        """End the child and all that it started.

        Parameters
        ----------
        patience : float
            Seconds that it gets to leave by itself once its standard input is closed.
        """
        try:
            self._end(patience)
        finally:
            self._guard.dismiss()

    def _end(self, patience):
        started = self._descendants()
        try:
            self._process.stdin.close()
        except OSError:
            pass
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        self._kill_family()
        for process in started:  # one that has made a session of its own
            _kill(process)
        for process in self._strays():
            _kill(process)
        try:
            self._process.wait(UNKILLABLE)
        except subprocess.TimeoutExpired:
            pass
        _remove_what_is_named_after(self.pid)
        remove_folders_of(self.pid)
        deadline = time.monotonic() + LAST_WORDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _strays(self):
        """What the child started that has left its session and lost its parent."""
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self._mark:
                    yield process
            except psutil.Error:
                pass  # it has ended meanwhile, or belongs to somebody else

    def _kill_family(self):
        # In rounds, because a process may start another one while it is being killed.
        # multiprocessing's resource tracker goes last, by itself, once it has unlinked what the
        # killed workers left in shared memory; it gets a second for that.
        began = time.monotonic()
        while (family := self.family()) and time.monotonic() - began < UNKILLABLE:
            others = [process for process in family if not _is_resource_tracker(process)]
            for process in others or (family if time.monotonic() - began > 1.0 else []):
                _kill(process)
            time.sleep(0.002)

    def _descendants(self):
        """All processes that can still be traced to the child, in whatever session."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.Error:
            return []  # it has ended

    def family(self):
        """The living ones of the child and all that it or its tasks started."""
        try:
            members = [psutil.Process(pid) for pid in self.own(psutil.pids())]
            return [process for process in members if process.status() != psutil.STATUS_ZOMBIE]
        except psutil.NoSuchProcess:  # one ended while we looked
            return self.family()

    def own(self, pids):
        """Return those of some pids that are the child's or of what it or its tasks started."""
        if os.name == "posix":
            return [pid for pid in pids if _session(pid) == self.pid]
        members = {self.pid, *(process.pid for process in self._descendants())} if pids else ()
        return [pid for pid in pids if pid in members]


def python_itself(command, environment):
    """Return a command and its environment so that they start Python itself.

    On Windows, the Python of a virtual environment starts the one that it was made from, and waits for it: neither
    its pid nor its CPU time are Python's. multiprocessing passes it over in the same way.
    """
    if os.name == "nt" and command[0] == sys.executable != sys._base_executable:
        return [sys._base_executable, *command[1:]], environment | {"__PYVENV_LAUNCHER__": sys.executable}
    return command, environment


def current_folder():
    """Return the path of the folder that the kernel runs in."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise FolderGone(
            "the folder that the kernel runs in was removed; restart the kernel in another one, or go there with %cd"
        ) from None


def _kill(process):
    try:
        process.kill()
    except psutil.Error:
        pass  # it has ended meanwhile, or belongs to somebody else


def _session(pid):
    """Return the session of a process, by the pid of who leads it; None if there is none, or nobody may know it."""
    try:
        return os.getsid(pid)
    except OSError:
        return None  # it has ended meanwhile, or belongs to somebody else


def _remove_what_is_named_after(pid):
    """Remove shared memory and semaphores of a bench that was killed before its resource tracker knew of them."""
    for name in (f"gilteach-{pid}", f"sem.gilteach-{pid}-*"):
        for file in SHARED_MEMORY.glob(name):
            file.unlink(missing_ok=True)


def lack_of_shared_memory():
    """Say so if worker processes find no shared memory for their locks; nothing otherwise."""
    if sys.platform != "linux":
        return ""
    try:
        if os.access(SHARED_MEMORY, os.W_OK) and shutil.disk_usage(SHARED_MEMORY).free:
            return ""
    except OSError:
        pass
    return f"Processes keep their locks in {SHARED_MEMORY}, which is missing, full or read-only here."


def _is_resource_tracker(process):
    try:
        return any("multiprocessing.resource_tracker" in word for word in process.cmdline())
    except psutil.Error:
        return False


@contextmanager
def children():
    """Collect children in a list, and end them when the block is left, however it is left."""
    started, patience = [], 0.0
    try:
        yield started
        patience = 1.0  # children that have finished leave by themselves, which is cleaner; others are killed
    finally:
        for child in reversed(started):
            child.end(patience)


def start_bench(python):
    """Start a bench under the interpreter `python` (a path)."""
    return Child([python, "-I", str(BENCH)])


def start_server():
    """Start the server that `fetch` downloads from; return its child and its address."""
    server = Child([sys.executable, "-I", str(BENCH / "server.py")])
    event = server.receive(timeout=10.0)
    if event is None or "url" not in event:
        server.end()
        raise WorkerDied(f"the server for downloads did not start: {server.output.strip()}")
    return server, event["url"]
