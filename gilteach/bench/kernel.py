"""The bench's end of the talk with the kernel: hears its "go" and its end, tells it what happens."""

import json
import os
import signal
import sys
import threading
import time

DEATHS_PATIENCE = 0.5  # s; for the worker that died first to be seen, when the others were ended on its account


def claim_stdin():
    """Take standard input for what the kernel says; a task that asks for input finds its end.

    A Python that starts on Windows looks at its standard input, and hangs while somebody waits to read from the
    same pipe (python/cpython#78961): workers must get another one.
    """
    said = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return said


def claim_stdout():
    """Take standard output for events; whatever a task prints goes to standard error instead."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return events


class Kernel:
    """The other end: hears the kernel's "go" and its end, and tells it what happens."""

    def __init__(self):
        self.said = claim_stdin()
        self.events = claim_stdout()
        self.go = threading.Event()
        self.closed = threading.Event()
        self.work_is_over = False
        self.worker_pids = []

    def request(self):
        """Return what the kernel says first."""
        line = b""
        while not line.endswith(b"\n") and (more := os.read(self.said, 1 << 16)):
            line += more
        return json.loads(line)

    def tell(self, event, **fields):
        self.events.write(json.dumps({"event": event, **fields}) + "\n")
        self.events.flush()

    def tell_ready(self, startup, workers):
        """Tell that all workers have answered: after how many seconds, and their (pid, thread) each."""
        gil = getattr(sys, "_is_gil_enabled", lambda: True)()
        self.worker_pids = [pid for pid, _ in workers]
        self.tell("ready", startup=startup, pid=os.getpid(), workers=workers, gil=gil)

    def tell_deaths(self, processes):
        """Tell which of the worker processes have ended: number (None before all were ready), pid and exit code.

        Nobody else may ask for their exit codes meanwhile: of two who ask a forkserver's process at the same time,
        one gets 255 instead. A pool does ask; see `tell_deaths_in_pool`.
        """
        numbers = {pid: number for number, pid in enumerate(self.worker_pids)}
        dead = [(numbers.get(pid), pid, code) for pid, code in how_they_ended(processes)]
        self.tell("error", kind="worker", dead=sorted(dead, key=lambda one: (one[0] or 0, one[1])))

    def tell_deaths_in_pool(self, processes, close):
        """The same of a pool's processes, after `close` has ended what is left of the pool."""
        closing = threading.Thread(target=close, daemon=True)
        closing.start()
        closing.join(DEATHS_PATIENCE)  # and no longer: it waits for workers that ignore SIGTERM
        self.tell_deaths(processes)

    def listen(self):
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        # os.read and not a file: a forked worker must never inherit a lock that this thread holds.
        while os.read(self.said, 1024):
            self.go.set()
        if not self.work_is_over:
            end_at_once()
        self.closed.set()
        self.go.set()


def end_at_once():
    """End the workers and this process without asking them."""
    for worker in child_processes():
        worker.kill()
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing and (folder := multiprocessing.current_process()._config.get("tempdir")):
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        # Processes that tasks started. multiprocessing's resource tracker ignores SIGTERM, and
        # must: it unlinks the semaphores of the workers that were killed.
        os.killpg(0, signal.SIGTERM)
    os._exit(1)


def child_processes():
    """The worker processes, as multiprocessing's own objects; it forgets those that have ended."""
    multiprocessing = sys.modules.get("multiprocessing")
    return multiprocessing.active_children() if multiprocessing else []


def how_they_ended(processes):
    """Return (pid, exit code) of the processes that ended by themselves, or else of all that ended."""
    patience = time.monotonic() + DEATHS_PATIENCE
    while True:
        ended = [(process.pid, process.exitcode) for process in processes if process.exitcode is not None]
        # The pool ends the others with SIGTERM, which they may ignore: nobody waits for them.
        causes = [(pid, code) for pid, code in ended if code != -signal.SIGTERM]
        if causes or time.monotonic() > patience:
            return causes or ended
        time.sleep(0.005)
