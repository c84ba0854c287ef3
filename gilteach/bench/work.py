"""What a worker does: get ready, then run one task and note when, where and at what cost.

A pool of processes sends these objects to its workers, so they hold nothing but plain values.
"""

import faulthandler
import sys
import time
import traceback
from importlib import import_module
from types import FunctionType
from typing import NamedTuple

try:
    from signal import SIGURG  # ignored by default
except ImportError:  # Windows
    SIGURG = None

from functions import find_task
from runners import introduce
from slices import Slicer


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
    slices: list  # of (start, end): when it was really executing, if that was recorded


class TaskFailed(Exception):
    """A task raised; carries the task's number and its traceback as text."""


class Prepare(NamedTuple):
    """Get a worker ready for `task`."""

    task: str
    module: str | None
    switch_interval: float | None

    def __call__(self):
        if hasattr(faulthandler, "register"):  # whoever asks where a task stands gets it on stderr
            faulthandler.register(SIGURG, sys.__stderr__)
        for module in find_task(self.task, self.module).imports:
            import_module(module)
        if self.switch_interval is not None:
            sys.setswitchinterval(self.switch_interval)


class Work(NamedTuple):
    """Run task number `index` and return its `Span`."""

    task: str
    module: str | None
    size: float
    extras: dict
    most_slices: int  # how many slices are recorded; 0: the task is not traced

    def __call__(self, index):
        facts = find_task(self.task, self.module)
        # A number of this worker's own: without a GIL, threads that count references on the same one
        # would wait for each other at every use of it.
        arguments = [type(self.size)(str(self.size))] if facts.takes_size else []
        slicer = Slicer(self.most_slices)
        # The traced twin is called in just the same way, since a loop's speed depends on that too: on 3.11, a call
        # through functools.partial made it 2 % slower.
        function, extras = facts.function, self.extras
        if self.most_slices and facts.traced:
            function, extras = facts.traced, extras | {"stamp": slicer.stamp}
        function = never_called(function)
        process_cpu_start = time.process_time()
        cpu_start = time.thread_time()
        start = time.perf_counter()
        try:
            result = function(*arguments, **extras)
        except BaseException as error:  # a task may raise SystemExit too, and it must not end the worker
            # The first frame is this function's: the learner's own code begins below it.
            error.__traceback__ = error.__traceback__.tb_next
            # If memory has run out, the traceback can be written once the task's own is given back.
            traceback.clear_frames(error.__traceback__)
            raise TaskFailed(index, traceback.format_exc()) from None
        slices = slicer.slices()
        end = time.perf_counter()
        cpu = time.thread_time() - cpu_start
        process_cpu_end = time.process_time()
        return Span(index, *introduce(), start, end, cpu, process_cpu_start, process_cpu_end, result, slices)


def never_called(function):
    """Return a copy of a function whose code was never run.

    CPython 3.11 makes a function's code faster at its eighth call, for the calls under way as well. With
    the code in common, eight threads would beat one after the other, and processes would be at a loss.
    """
    if not isinstance(function, FunctionType):
        return function
    copy = FunctionType(
        function.__code__.replace(),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy
