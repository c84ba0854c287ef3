"""The runners: three ways to run the same tasks.

Each runner starts its workers (`start`), names the processes that it has started (`processes`), runs a
function over many arguments (`run`) and lets the workers go (`close`). To add one, write the class and
add one line to `RUNNERS`.
"""

import os
import sys
import threading
import traceback
from concurrent import futures


class NotReady(Exception):
    """A worker process couldn't get ready; says why, as a traceback's text."""


def introduce():
    """Say which process and thread this is: a worker's identity."""
    return os.getpid(), threading.get_native_id()


class Serial:
    """One task after the other, in the main thread."""

    most_workers = 256
    processes = ()

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
    processes = ()

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
        self.processes = ()
        # A barrier can only be inherited by a process that starts, not sent to one that runs.
        self.pool = futures.ProcessPoolExecutor(
            workers, mp_context=context, initializer=inherit, initargs=(context.Barrier(workers), prepare)
        )

    def start(self):
        try:
            answers = [self.pool.submit(answer_in_process) for _ in range(self.workers)]
        finally:
            # Those too that won't live to answer. multiprocessing's own list forgets such ones, and asks for their
            # exit codes while the pool does.
            self.processes = [*(self.pool._processes or {}).values()]
        return results_of(answers)

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
    """Give every argument to the pool, and return what `results_of` does."""
    return results_of([pool.submit(function, argument) for argument in arguments])


def results_of(tasks):
    """Return the results of a pool's tasks in order; the first error ends it."""
    futures.wait(tasks, return_when=futures.FIRST_EXCEPTION)
    for task in tasks:
        if task.done() and task.exception():
            raise task.exception()
    return [task.result() for task in tasks]


def answer(barrier):
    barrier.wait()
    return introduce()


def inherit(barrier, prepare):
    global inherited_barrier, failure
    inherited_barrier, failure = barrier, None
    try:
        prepare()
    except Exception:  # of which the pool would tell nobody what it was
        failure = traceback.format_exc()


def answer_in_process():
    introduction = answer(inherited_barrier)
    if failure:
        raise NotReady(failure)
    return introduction
