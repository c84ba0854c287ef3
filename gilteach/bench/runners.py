"""The runners: three ways to run the same tasks.

Each runner starts its workers (`start`), runs a function over many arguments (`run`) and lets the
workers go (`close`). To add one, write the class and add one line to `RUNNERS`.
"""

import os
import sys
import threading
from concurrent import futures


def introduce():
    """Say which process and thread this is: a worker's identity."""
    return os.getpid(), threading.get_native_id()


class Serial:
    """One task after the other, in the main thread."""

    most_workers = 256

    def __init__(self, workers, prepare, start_method=None):
        self.prepare = prepare

    def start(self):
        self.prepare()
        return [introduce()]

    def run(self, function, arguments):
        return [function(argument) for argument in arguments]

    def close(self):
        pass


class Threads:
    """A pool of threads, which share one process, its memory and its GIL."""

    most_workers = 256

    def __init__(self, workers, prepare, start_method=None):
        self.workers = workers
        self.pool = futures.ThreadPoolExecutor(workers, initializer=prepare)

    def start(self):
        # Nobody passes the barrier before all have come to it, so each thread answers exactly once.
        barrier = threading.Barrier(self.workers)
        return run_all(self.pool, answer, [barrier] * self.workers)

    def run(self, function, arguments):
        return run_all(self.pool, function, arguments)

    def close(self):
        self.pool.shutdown()


class Processes:
    """A pool of processes, each with its own memory and its own GIL."""

    most_workers, why_no_more = 64, ""
    if sys.platform == "win32":  # it waits for 63 handles at most, and the pool has two of its own
        most_workers, why_no_more = 61, "; Windows can't wait for more at once"

    def __init__(self, workers, prepare, start_method=None):
        context = process_context(start_method)
        self.workers = workers
        # A barrier can only be inherited by a process that starts, not sent to one that runs.
        self.pool = futures.ProcessPoolExecutor(
            workers, mp_context=context, initializer=inherit, initargs=(context.Barrier(workers), prepare)
        )

    def start(self):
        return run_all(self.pool, answer_in_process, [None] * self.workers)

    def run(self, function, arguments):
        return run_all(self.pool, function, arguments)

    def close(self):
        self.pool.shutdown()


RUNNERS = {"serial": Serial, "threads": Threads, "processes": Processes}


def process_context(start_method=None):
    """Return multiprocessing as set up for worker processes."""
    # Here, since a bench without worker processes would start 5 ms later for them.
    import atexit
    import multiprocessing
    import shutil
    import tempfile

    # The bench's pid in the names of semaphores and files lets the kernel remove what a bench that is killed leaves.
    config = multiprocessing.current_process()._config
    config["semprefix"] = f"/gilteach-{os.getpid()}"
    config["tempdir"] = tempfile.mkdtemp(prefix=f"gilteach-{os.getpid()}-")
    atexit.register(shutil.rmtree, config["tempdir"], ignore_errors=True)
    if start_method is None:
        methods = multiprocessing.get_all_start_methods()
        start_method = "forkserver" if "forkserver" in methods else "spawn"
    return multiprocessing.get_context(start_method)


def run_all(pool, function, arguments):
    """Give every argument to the pool and return the results in order; the first error ends it."""
    tasks = [pool.submit(function, argument) for argument in arguments]
    futures.wait(tasks, return_when=futures.FIRST_EXCEPTION)
    for task in tasks:
        if task.done() and task.exception():
            raise task.exception()
    return [task.result() for task in tasks]


def answer(barrier):
    barrier.wait()
    return introduce()


def inherit(barrier, prepare):
    global inherited_barrier
    inherited_barrier = barrier
    prepare()


def answer_in_process(_):
    return answer(inherited_barrier)
