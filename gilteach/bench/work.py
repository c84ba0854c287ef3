"""What a worker does: get ready, then run one task and note when, where and at what cost.

A pool of processes sends these objects to its workers, so they hold nothing but plain values.
"""

import sys
import time
import traceback
from importlib import import_module
from typing import NamedTuple

from runners import introduce
from tasks import TASKS


class Span(NamedTuple):
    """One worker working on one task. Times in seconds, `start` and `end` on `time.perf_counter`."""

    task: int
    pid: int
    thread: int
    start: float
    end: float
    cpu: float  # of the worker's thread, from start to end
    process_cpu_start: float  # of the worker's whole process, at start and at end
    process_cpu_end: float
    result: object


class TaskFailed(Exception):
    """A task raised; carries the task's number and its traceback as text."""


class Prepare(NamedTuple):
    """Get a worker ready for `task`."""

    task: str
    switch_interval: float | None

    def __call__(self):
        for module in TASKS[self.task].imports:
            import_module(module)
        if self.switch_interval is not None:
            sys.setswitchinterval(self.switch_interval)


class Work(NamedTuple):
    """Run task number `index` and return its `Span`."""

    task: str
    size: float
    extras: dict

    def __call__(self, index):
        function = TASKS[self.task].function
        process_cpu_start = time.process_time()
        cpu_start = time.thread_time()
        start = time.perf_counter()
        try:
            result = function(self.size, **self.extras)
        except BaseException as error:  # a task may raise SystemExit too, and it must not end the worker
            # The first frame is this function's: the learner's own code begins below it.
            error.__traceback__ = error.__traceback__.tb_next
            raise TaskFailed(index, traceback.format_exc()) from None
        end = time.perf_counter()
        cpu = time.thread_time() - cpu_start
        return Span(index, *introduce(), start, end, cpu, process_cpu_start, time.process_time(), result)
