"""The execution of a plan: a bench is started, asked, sampled and ended, and what it reports becomes a `Run`."""

import json
import threading
import time
from dataclasses import replace
from functools import partial

from ..bench.values import decode
from ..children.launch import children, start_bench, start_server
from ..errors import RunStopped, TaskError, WorkerDied
from ..host.interpreters import resolve
from ..host.machines import machine
from ..show.words import WAITING
from . import estimates
from .exclusive import out_of_reach_of_interrupts, take_turn
from .failures import failure, how_it_ended, timeout, understanding
from .meter import Meter, next_sample
from .record import Run


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
                    how = how_it_ended(helper.exit_code)
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
        results=[decode(result) for result in done["results"]],
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
            raise failure(event, bench)
        if stop.is_set():
            raise RunStopped("the run was stopped")
        if time.monotonic() > deadline:
            raise timeout(bench, plan, waited=meter is not None and meter.cores_busy() < WAITING)
