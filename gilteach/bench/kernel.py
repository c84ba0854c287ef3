"""The bench's end of the talk with the kernel: hears its "go" and its end, tells it what happens."""

import json
import os
import signal
import sys
import threading


def claim_stdout():
    """Take standard output for events; whatever a task prints goes to standard error instead."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return events


class Kernel:
    """The other end: hears the kernel's "go" and its end, and tells it what happens."""

    def __init__(self, events):
        self.events = events
        self.go = threading.Event()
        self.closed = threading.Event()
        self.work_is_over = False

    def tell(self, event, **fields):
        # repr for what JSON has no form for: the kernel reads no pickles from a bench.
        self.events.write(json.dumps({"event": event, **fields}, default=repr) + "\n")
        self.events.flush()

    def tell_ready(self, startup, workers):
        """Tell that all workers have answered: after how many seconds, and their (pid, thread) each."""
        gil = getattr(sys, "_is_gil_enabled", lambda: True)()
        self.tell("ready", startup=startup, pid=os.getpid(), workers=workers, gil=gil)

    def listen(self):
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        # os.read and not sys.stdin: a forked worker must never inherit a lock that this thread holds.
        while os.read(0, 1024):
            self.go.set()
        if not self.work_is_over:
            end_at_once()
        self.closed.set()
        self.go.set()


def end_at_once():
    """End the workers and this process without asking them."""
    for worker in child_processes():
        worker.kill()
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
    """Return (pid, exit code) of the processes that ended, the cause before the consequences."""
    for process in processes:
        process.join(1.0)
    ended = [(process.pid, process.exitcode) for process in processes if process.exitcode is not None]
    # The pool ends the others with SIGTERM.
    return sorted(ended, key=lambda worker: worker[1] == -signal.SIGTERM)
