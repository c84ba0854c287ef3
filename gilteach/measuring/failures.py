"""What failures mean: the events of a bench that went wrong, as errors in words."""

import os
import re
import signal
import time
from contextlib import contextmanager

from ..children.launch import lack_of_shared_memory
from ..errors import GilteachError, RunTimeout, TaskError, WorkerDied

DUMP_PATIENCE = 0.05  # s; for a process to write where its threads stand
MOST_STACKS = 12  # processes that are asked


@contextmanager
def understanding(event):
    """Make what goes wrong in reading the fields of an event an error that shows the event."""
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise _nonsense(event) from error


def _nonsense(said):
    return GilteachError(f"the bench said what no bench says: {str(said)[:200]!r}")


def failure(event, bench):
    """Return the exception that says what an unexpected event means."""
    if event["event"] == "foreign":
        return _nonsense(event["line"])
    if event["event"] == "ended":
        how = how_it_ended(bench.exit_code)
        return WorkerDied(f"the bench itself {how}. {_advice(bench.exit_code)}\n{bench.output}".strip())
    if event["event"] != "error":
        return _nonsense(event)
    with understanding(event):
        return _ERRORS[event["kind"]](event)


def timeout(bench, plan, waited):
    """Return the exception that says that a run's time was up; if it only waited, also where its threads stood."""
    late = f"{plan.title} took longer than {plan.timeout:g} s and was ended"
    stood = where_threads_stood(bench, plan) if waited else ""
    if stood:
        return RunTimeout(f"{late}. It was waiting, not computing. Where each thread of its own stood:\n\n{stood}")
    return RunTimeout(f"{late}; try a smaller size, or allow more with timeout=")


def where_threads_stood(bench, plan):
    """Have the processes of a bench write where their threads stand; return that of those in the task's own file."""
    before = len(bench.output)
    if plan.module and hasattr(signal, "SIGURG"):
        for process in bench.family()[:MOST_STACKS]:
            try:
                os.kill(process.pid, signal.SIGURG)
            except OSError:
                continue  # it has ended meanwhile
            time.sleep(DUMP_PATIENCE)  # one after the other: they write into the same pipe
    own = f'{(plan.module or "").replace(".", "/")}.py"'
    stacks = re.split(r"(?m)^(?=(?:Current thread|Thread) 0x)", bench.output[before:])
    return "\n\n".join(filter(None, (_down_to(own, stack) for stack in stacks)))


def _down_to(own, stack):
    """Return a stack from where it stands down to the first call in a file; below that is the pool's own."""
    frames = [line for line in stack.splitlines() if line.startswith("  File ")]
    places = [place for place, frame in enumerate(frames) if own in frame]
    return "\n".join(frames[: places[-1] + 1]) if places else ""


def _task_failed(event):
    return TaskError(f"task {event['task']} raised an exception:\n\n{event['traceback']}")


def _not_ready(event):
    return TaskError(f"a worker process could not get ready for the task:\n\n{event['traceback']}")


def _result_lost(event):
    return TaskError(
        f"a task returned what can't be sent from one process to another: {event['reason']}\n"
        "Have it return plain values, such as numbers, texts, and lists of them"
    )


def _worker_died(event):
    codes = [code for *_, code in event["dead"]]
    numbers = [number for number, *_ in event["dead"]]
    who = " or ".join(
        f"process {pid}" if number is None else f"worker {number} (process {pid})" for number, pid, _ in event["dead"]
    )
    end = f"{who} {how_it_ended(codes[0])}" if codes else "its end was not seen"
    when = "before it was ready" if None in numbers else "in mid-run"
    return WorkerDied(f"a worker died {when}: {end}. {_advice(*codes[:1])}".strip())


def _bench_failed(event):
    hint = f"{lack_of_shared_memory()}\n\n".lstrip()
    return GilteachError(f"the bench failed: {event['reason']}\n\n{hint}{event['traceback']}")


_ERRORS = {
    "start": _not_ready, "task": _task_failed, "result": _result_lost, "worker": _worker_died, "bench": _bench_failed,
}  # fmt: skip


def _advice(code=None):
    """Return what may have ended a process with such an exit code, and what to do; nothing for most codes."""
    name = how_it_ended(code)
    if name.endswith("SIGKILL"):
        return "If it was short of memory, try fewer workers or a smaller size."
    if name.endswith("SIGSEGV"):
        return "A recursion without end does that, or a fault in C code."
    return ""


def how_it_ended(code):
    if code is None:
        return "stopped answering"
    if code < 0:
        try:
            return f"was ended by signal {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended with exit code {code}"
