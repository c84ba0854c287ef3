"""A run: one measured execution of some tasks by one runner."""

import json
import signal
import threading
import time
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property, partial

from .. import check
from ..children.launch import children, lack_of_shared_memory, start_bench, start_server
from ..errors import BadValue, GilteachError, RunStopped, RunTimeout, TaskError, WorkerDied
from ..host.interpreters import Python, resolve
from ..host.machines import Machine, machine
from ..show.words import amount, seconds
from . import estimates, turns
from .measured import Measured
from .meter import Meter, next_sample
from .plans import Plan, make_plan

FORMAT = "gilteach run"
FORMAT_VERSION = 2


@dataclass(frozen=True, repr=False)
class Run(Measured):
    """One measured execution of tasks by one runner.

    Attributes
    ----------
    plan : Plan
        What was asked for; its `task`, `runner`, `workers`, `tasks` and `size` are the run's too.
    wall : float
        Seconds from submitting the first task until the last result was back.
    startup : float
        Seconds before that, from asking for the workers until all had answered once.
    cpu : float
        CPU seconds (user and system) that the workers used during the wall time.
    background : float
        Cores that everything else on the machine kept busy meanwhile; time that a hypervisor stole
        counts as busy.
    results : list
        What the tasks returned, in order.
    machine : Machine
        Where it ran, with the interpreter that ran it.
    output : str
        What the tasks printed.
    """

    plan: Plan
    wall: float
    startup: float
    cpu: float
    background: float
    results: list
    machine: Machine
    output: str = ""
    raw_spans: list = field(default_factory=list)
    raw_samples: list = field(default_factory=list)
    raw_slices: list = field(default_factory=list)

    task = property(lambda self: self.plan.task)
    runner = property(lambda self: self.plan.runner)
    workers = property(lambda self: self.plan.workers)
    tasks = property(lambda self: self.plan.tasks)
    size = property(lambda self: self.plan.size)

    @cached_property
    def spans(self):
        """Who worked on which task, and when.

        A DataFrame with a row per task: ``worker`` (0…), ``task`` (0…), ``pid``, ``thread`` (native
        id), ``start_s`` and ``end_s`` in seconds from the start of the work, ``cpu_s`` (CPU seconds
        of the worker's thread).
        """
        import pandas as pd

        columns = ["worker", "task", "pid", "thread", "start_s", "end_s", "cpu_s"]
        return pd.DataFrame(self.raw_spans, columns=columns)

    @cached_property
    def slices(self):
        """Which worker was really executing, and when.

        A DataFrame with a row per slice, by worker: ``worker`` (0…), ``start_s`` and ``end_s`` in
        seconds from the start of the work. Between two slices of one task, a worker waited for the
        GIL or for a core. Empty without ``trace=True``, and for tasks that only wait. It holds the
        first 100,000 slices, the same share of them for every task.
        """
        import pandas as pd

        frame = pd.DataFrame(self.raw_slices, columns=["worker", "start_s", "end_s"])
        return frame.astype({"worker": int, "start_s": float, "end_s": float})

    @property
    def overlap(self):
        """Share of the busy time, 0 to 1, in which more than one worker was executing.

        Busy is the time in which at least one was, by `slices`; NaN where there are none.
        """
        return turns.overlap(self.slices)

    @property
    def turns(self):
        """How the workers took turns, in a sentence; needs `slices`."""
        return turns.sentence(self)

    def figure(self, start=None, end=None):
        """Draw cores busy against time, and a lane per worker.

        In the lanes, spans are pale; where there are `slices`, they are solid.

        Parameters
        ----------
        start, end : float, optional
            Seconds from the start of the work between which to look; the whole run by default.

        Returns
        -------
        Figure
            A matplotlib figure, shown as a picture in a notebook.

        Raises
        ------
        BadValue
            If `start` and `end` aren't moments of the run, or in the wrong order.
        """
        from ..show.figures import run_figure

        start = 0.0 if start is None else check.number("start", start, 0.0, self.wall, "seconds")
        end = self.wall if end is None else check.number("end", end, 0.0, self.wall, "seconds")
        if not start < end:
            raise BadValue(f"start must come before end, not {start:g} s before {end:g} s")
        return run_figure(self, start, end)

    def save(self, path):
        """Save the run as a JSON file, which `load` reads.

        Parameters
        ----------
        path : str or path
            The file; one that is there is replaced.
        """
        content = {"format": FORMAT, "version": FORMAT_VERSION} | asdict(self)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file)

    def __repr__(self):
        plan = self.plan
        what = f"{plan.tasks} × {plan.task}({amount(plan.size, plan.facts.unit)})"
        who = "serial" if plan.runner == "serial" else f"{plan.runner}, {plan.workers} workers"
        return (
            f"<Run {what}, {who}: {seconds(self.wall)} wall time, {self.cores_busy:.2f} cores busy, "
            f"start-up {seconds(self.startup)}>"
        )


def load(path):
    """Load a run that `Run.save` has saved.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    Run

    Raises
    ------
    BadValue
        If the file holds no run, or one that another version of gilteach has saved.
    """
    with open(path, encoding="utf-8") as file:
        try:
            content = json.load(file)
        except (ValueError, RecursionError) as error:
            raise BadValue(f"{path} holds no saved run: it isn't JSON ({error})") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadValue(f"{path} holds no saved run")
    if content.get("version") != FORMAT_VERSION:
        raise BadValue(
            f"{path} was saved in version {content.get('version')} of the format; this gilteach reads {FORMAT_VERSION}"
        )
    try:
        python = content["machine"].pop("python")
        content["machine"]["python"] = Python(**python | {"start_methods": tuple(python["start_methods"])})
        content["machine"] = Machine(**content["machine"])
        content["plan"] = Plan(**content["plan"])
        loaded = Run(**{item.name: content[item.name] for item in fields(Run)})
        for part in (loaded, loaded.plan, loaded.machine, loaded.machine.python):
            _check_types(part)
        # Whatever can be read of a run can be shown: drawn, listed, written.
        repr(loaded), loaded.samples.sum(), loaded.spans.sum(), loaded.slices.sum()
        return loaded
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadValue(f"{path} holds a damaged run: {error!r}") from None


def _check_types(record):
    """Raise a TypeError if a field of a dataclass holds what its annotation doesn't allow."""
    for item in fields(record):
        value = getattr(record, item.name)
        if not isinstance(value, item.type):
            raise TypeError(f"{item.name} is {value!r}")


def run(
    task,
    runner="threads",
    *,
    workers=None,
    tasks=None,
    size=None,
    delay=None,
    start_method=None,
    switch_interval=None,
    trace=False,
    python=None,
    timeout=60.0,
):
    """Run tasks in a bench and measure it.

    Parameters
    ----------
    task : str or function
        What one task does: a name from `tasks`; or a function of your own, from a file or from a cell
        with ``%%task`` on top, which takes the size or nothing.
    runner : str
        How the tasks are run: a name from `runners`.
    workers : int, optional
        Threads or processes, from 1; by default the usable CPUs (1 for ``serial``). ``serial`` has
        one worker whatever this says: it then only sets the default of `tasks`.
    tasks : int, optional
        How many times the task is done, from 1 to 100,000; by default once per worker.
    size : int, float or "auto", optional
        How much work one task does, in the task's unit; the task's default if left out. ``"auto"``
        measures which size takes about half a second here. A function of your own gets it as it is,
        1 if left out.
    delay : float, optional
        Seconds that the server of ``fetch`` takes to answer, and that ``mixed`` waits: 0 to 60, by
        default 0.25.
    start_method : {"fork", "spawn", "forkserver"}, optional
        How worker processes start; by default ``"forkserver"`` where there is one, else ``"spawn"``.
    switch_interval : float, optional
        Seconds after which a waiting thread asks for the GIL; Python's default is 0.005. With `trace`,
        0.0005 at least.
    trace : bool
        Whether to record `Run.slices`, when each worker was really executing, at a cost of a few per cent
        of the work.
    python : str or path, optional
        The interpreter: a version such as ``"3.12"`` or ``"3.13t"``, or a path; see `pythons`.
    timeout : float, optional
        Seconds after which the run is ended.

    Returns
    -------
    Run

    Raises
    ------
    BadValue
        If an argument isn't allowed; the message says what is.
    PythonNotFound
        If there is no such interpreter.
    TaskNotImportable
        If `task` is a function that only the notebook has.
    TaskError
        If a task raises; the message ends with its traceback. Also if it returns what a worker process
        can't send back.
    WorkerDied
        If a worker, the bench or the server that ``fetch`` downloads from ends in mid-run; the message
        says which, and by what.
    RunTimeout
        If it takes longer than `timeout`.
    """
    plan = make_plan(**locals())
    if expected := estimates.announcement([plan], 1):
        print(f"{plan.title}{expected} …", flush=True)
    return execute(plan)


class Turn:
    """Makes measurements take turns: two at once would measure each other.

    A lock of its own kind in two ways: whoever has the turn may take it again, and a wait for it
    can be stopped. The main thread never takes it: an interrupt that struck between taking it and
    noting that would keep it for ever.
    """

    def __init__(self):
        self._lock = threading.RLock()
        self._holder = None

    def busy(self):
        """Whether somebody other than this thread has the turn."""
        return self._holder not in (None, threading.get_ident())

    @contextmanager
    def __call__(self, stop=None):
        while not self._lock.acquire(timeout=0.02):
            if stop is not None and stop.is_set():
                raise RunStopped("the run was stopped before its turn came")
        before, self._holder = self._holder, threading.get_ident()
        try:
            yield
        finally:
            self._holder = before
            self._lock.release()


take_turn = Turn()


def execute(plan, stop=None, measure=None):
    """Run a plan in a bench of its own and measure it.

    Parameters
    ----------
    plan : Plan
        What to run.
    stop : threading.Event, optional
        Ends the run when set.
    measure : callable, optional
        Does it, ``measure(plan, stop)``, where the plan is another one than for tasks.

    Returns
    -------
    Run

    Raises
    ------
    RunStopped
        If `stop` was set; and what `run` raises.
    """
    return out_of_reach_of_interrupts(partial(_execute_in_turn, plan, measure or _execute), stop or threading.Event())


def _execute_in_turn(plan, measure, stop):
    with take_turn(stop):
        began = time.monotonic()
        done = measure(plan, stop)
        estimates.note(plan, time.monotonic() - began, done)
        return done


def out_of_reach_of_interrupts(measure, stop):
    """Return ``measure(stop)``, which runs in a thread of its own; an interrupt sets `stop`.

    An interrupt of the kernel strikes the main thread between any two steps: between starting a
    process and noting that it is there, in the middle of ending it. Here it only strikes the waiting.
    """
    if threading.current_thread() is not threading.main_thread():
        return measure(stop)
    outcome = Future()
    # For whoever comes first: the thread to begin, or an interrupt to prevent that. One that strikes in
    # `thread.start` can't know whether there is a thread by now.
    first = threading.Lock()

    def work():
        if not first.acquire(blocking=False):
            return
        try:
            outcome.set_result(measure(stop))
        except BaseException as error:
            outcome.set_exception(error)

    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
        while thread.is_alive():
            thread.join(0.05)  # a wait that nothing ends can't be interrupted on Windows, nor from another thread
        return outcome.result()
    except KeyboardInterrupt:
        stop.set()
        has_begun = not first.acquire(blocking=False)
        while has_begun and not outcome.done():
            try:
                wait([outcome], timeout=0.05)
            except KeyboardInterrupt:
                pass  # it is ending already
        raise


def _execute(plan, stop):
    extras = {name: plan.delay for name in plan.facts.extras if name == "delay"}
    with children() as started:
        if "url" in plan.facts.extras:
            server, extras["url"] = start_server()
            started.append(server)
        bench = start_bench(plan.python)
        started.append(bench)
        try:
            done = _measure(bench, plan, extras, helpers=[child.pid for child in started[:-1]], stop=stop)
        except TaskError as error:
            for helper in started[:-1]:
                if helper.exit_code is not None:
                    how = _how_it_ended(helper.exit_code)
                    raise WorkerDied(f"the server that {plan.task} downloads from {how} in mid-run") from error
            raise
    return replace(done, output=bench.output)


def converse(bench, plan, request, stop, helpers=()):
    """Have a bench get ready and do what is requested, while its processes' CPU clocks are read.

    Returns
    -------
    ready, done : dict
        The two events that it reported.
    meter : Meter
        With its readings from the one to the other.
    """
    deadline = time.monotonic() + plan.timeout
    bench.send(json.dumps(request))
    ready = next_event(bench, plan, deadline, stop, "ready")
    with understanding(ready):
        pids = sorted({ready["pid"], *(pid for pid, _ in ready["workers"])})
        meter = Meter(pids, helpers)
        meter.begin()
    bench.send("go")
    done = next_event(bench, plan, deadline, stop, "done", meter)
    meter.end()
    return ready, done, meter


def _measure(bench, plan, extras, helpers, stop):
    ready, done, meter = converse(bench, plan, plan.request(extras), stop, helpers)
    with understanding(ready | done):
        return _run_of(plan, ready, done, meter)


def _run_of(plan, ready, done, meter):
    """Return the `Run` that a bench has reported."""
    start = done["start"]
    if not done["end"] > start or not len(done["spans"]) == len(done["results"]) == plan.tasks:
        raise ValueError("a run takes some time, and each of its tasks has a span and a result")
    worker_numbers = {tuple(identity): number for number, identity in enumerate(ready["workers"])}
    spans = [
        (worker_numbers[pid, thread], task, pid, thread, begin - start, end - start, cpu)
        for task, pid, thread, begin, end, cpu in done["spans"]
    ]
    slices = sorted(
        (span[0], begin - start, end - start)
        for span, pairs in zip(spans, done["slices"], strict=True)
        for begin, end in pairs
    )
    here = machine()
    interpreter = replace(resolve(plan.python), gil=ready["gil"])
    return Run(
        plan=plan,
        wall=done["end"] - start,
        startup=float(ready["startup"]),
        cpu=float(done["cpu"]),
        background=meter.background(),
        results=list(done["results"]),
        machine=replace(here, python=interpreter),
        raw_spans=spans,
        raw_samples=meter.curve(start, done["end"]),
        raw_slices=slices,
    )


def next_event(bench, plan, deadline, stop, expected, meter=None):
    """Wait for the event `expected`, sampling meanwhile; anything else that happens is an error."""
    interval = meter.interval if meter else 0.02
    sample_at = time.perf_counter() + interval
    while True:
        event = bench.receive(max(0.0, sample_at - time.perf_counter()))
        if event is None:
            if meter:
                meter.sample()
            sample_at = next_sample(sample_at, interval)
        elif event["event"] == expected:
            return event
        else:
            raise _failure(event, bench)
        if stop.is_set():
            raise RunStopped("the run was stopped")
        if time.monotonic() > deadline:
            raise RunTimeout(
                f"{plan.title} took longer than {plan.timeout:g} s and was ended; "
                "try a smaller size, or allow more with timeout="
            )


@contextmanager
def understanding(event):
    """Make what goes wrong in reading the fields of an event an error that shows the event."""
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise _nonsense(event) from error


def _nonsense(said):
    return GilteachError(f"the bench said what no bench says: {str(said)[:200]!r}")


def _failure(event, bench):
    """Return the exception that says what an unexpected event means."""
    if event["event"] == "foreign":
        return _nonsense(event["line"])
    if event["event"] == "ended":
        how = _how_it_ended(bench.exit_code)
        return WorkerDied(f"the bench itself {how}. {_advice(bench.exit_code)}\n{bench.output}".strip())
    if event["event"] != "error":
        return _nonsense(event)
    with understanding(event):
        return _ERRORS[event["kind"]](event)


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
    end = f"{who} {_how_it_ended(codes[0])}" if codes else "its end was not seen"
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
    name = _how_it_ended(code)
    if name.endswith("SIGKILL"):
        return "If it was short of memory, try fewer workers or a smaller size."
    if name.endswith("SIGSEGV"):
        return "A recursion without end does that, or a fault in C code."
    return ""


def _how_it_ended(code):
    if code is None:
        return "stopped answering"
    if code < 0:
        try:
            return f"was ended by signal {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended with exit code {code}"
