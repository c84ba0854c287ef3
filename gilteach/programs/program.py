"""A program: an ordinary Python script, run and measured as a whole with all that it starts.

    kernel                                             program
    ──────                                             ───────
    Program ──────────────────────────────────────►    python program.py, and what it starts
    shows its output as it appears  ◄─ stdout, stderr
    Census ─── reads their CPU clocks, every 20 ms
    Census ◄── notes of when each thread and process began and ended ── bench/recorder
    Program.end ─── SIGKILL to what is left ──────►    gone

The clocks give the curve, the notes give names and exact times, and the operating system's account
of ended processes gives the CPU time that no sample has seen.
"""

import codecs
import os
import re
import shutil
import signal
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from .. import check
from ..children.launch import OUTPUT_LIMIT, Child, current_folder
from ..children.temporary import new_folder, write
from ..errors import BadType, ProgramNotFound, RunStopped, RunTimeout
from ..host.interpreters import resolve
from ..host.machines import Machine, machine
from ..measuring.exclusive import out_of_reach_of_interrupts, take_turn
from ..measuring.measured import Measured
from ..measuring.meter import Meter, next_sample
from ..measuring.plan import LONGEST_TIMEOUT
from ..show.words import NOISY_BACKGROUND, seconds
from .census import RECORDER, Census

try:
    from resource import RUSAGE_CHILDREN, getrusage
except ImportError:  # Windows
    getrusage = None


# What multiprocessing's resource tracker says of semaphores and shared memory when a program is
# killed: it removes them, and the fault wasn't the program's.
TRACKER_WARNING = re.compile(r".*UserWarning: resource_tracker: .*\n(  warnings\.warn.*\n)?")


@dataclass(frozen=True, repr=False)
class ProgramRun(Measured):
    """One measured execution of a whole program.

    Attributes
    ----------
    name : str
        The program's file.
    exit_status : int or None
        0 if all went well; negative if a signal ended it; None if the timeout did.
    wall : float
        Seconds from starting the program until it had ended, the interpreter's start included.
    cpu : float
        CPU seconds (user and system) that the program and all that it started used meanwhile.
    background : float
        Cores that everything else on the machine kept busy meanwhile; time that a hypervisor stole
        counts as busy.
    output : str
        What they printed, the last megabyte of it.
    machine : Machine
        Where it ran, with the interpreter that ran it.
    """

    name: str
    exit_status: int | None
    wall: float
    cpu: float
    background: float
    output: str
    machine: Machine
    raw_lanes: list = field(default_factory=list)
    raw_samples: list = field(default_factory=list)

    @cached_property
    def lanes(self):
        """When each process and each thread lived.

        A DataFrame with a row for every process, followed by its threads: ``process`` (pid),
        ``thread`` (native id; missing in the row of the process itself), ``name``, ``start_s`` and
        ``end_s`` in seconds from the start of the program, ``cpu_s`` (CPU seconds; missing where a
        thread was ended together with its process). Processes that aren't Python have no thread rows,
        and none at all if they lived for less than a tenth of a second.
        """
        import pandas as pd

        columns = ["process", "thread", "name", "start_s", "end_s", "cpu_s"]
        return pd.DataFrame(self.raw_lanes, columns=columns).astype({"thread": "Int64", "cpu_s": float})

    @property
    def summary(self):
        """How it went, in plain words."""
        said = f"{seconds(self.wall)} wall time, {seconds(self.cpu)} CPU time, {self.cores_busy:.2f} cores busy"
        if self.background > NOISY_BACKGROUND:
            said += f", {self.background:.1f} more by other programs"
        if self.exit_status is None:
            return f"ended by the timeout: {said}"
        if self.exit_status:
            by = f" ({signal.strsignal(-self.exit_status)})" if self.exit_status < 0 else ""
            return f"exit status {self.exit_status}{by}: {said}"
        return said

    def figure(self):
        """Draw cores busy against time, and a lane for the lifetime of each process and thread.

        Returns
        -------
        Figure
            A matplotlib figure, shown as a picture in a notebook.
        """
        from ..show.program_figure import program_figure

        return program_figure(self)

    def __repr__(self):
        return f"<ProgramRun {self.name}: {self.summary}>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return self.figure()._repr_mimebundle_()


def measure(program, *, args=(), timeout=60.0, python=None):
    """Run a whole program and measure it, showing its output as it appears.

    The program runs as ``python program.py`` would, in the kernel's current folder, and what it
    starts is measured with it. It gets no input. Interrupting the kernel ends all of it.

    Parameters
    ----------
    program : str or path
        The program's text; or, as a path or as a one-line string that ends in ``.py``, its file.
    args : sequence
        Its command-line arguments, for ``sys.argv``.
    timeout : float
        Seconds after which the program is ended.
    python : str or path, optional
        The interpreter, as in `run`.

    Returns
    -------
    ProgramRun
        A picture in a notebook. A program that fails has shown its traceback, and has an
        `exit_status` other than 0.

    Raises
    ------
    RunTimeout
        If it takes longer than `timeout`; the message says where each thread stood, and the error's
        attribute `run` is the `ProgramRun` so far.
    BadValue, ProgramNotFound, PythonNotFound
        If an argument isn't allowed, or a file isn't there.
    FolderGone, NoTemporaryFolder
        If there is no place to run it in.
    """
    if isinstance(args, str) or not hasattr(args, "__iter__"):
        raise BadType(f"args must be a list such as ['--size', '3'], not {args!r}")
    timeout = check.number("timeout", timeout, 0.001, LONGEST_TIMEOUT, "seconds")
    interpreter = resolve(python)
    args = [*map(str, args)]
    measure_it = partial(_measure_in_turn, program, args, timeout, interpreter.executable)
    run, stacks = out_of_reach_of_interrupts(measure_it, threading.Event())
    run = replace(run, machine=replace(run.machine, python=interpreter))
    if run.exit_status is None:
        error = RunTimeout(
            f"{run.name} took longer than {timeout:g} s and was ended. Where each thread stood then:\n\n{stacks}"
        )
        error.run = run
        raise error
    return run


def _measure_in_turn(program, args, timeout, python, stop):
    """Run a program; return its `ProgramRun`, and where its threads stood if its time was up."""
    with take_turn(stop):
        folder = new_folder()
        try:
            script, search = _script(program, folder)
            return _measure([python, script, *args], folder, search, timeout, stop)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _script(program, folder):
    """Return the path of the program's file, and the folders that it can import from besides its own."""
    is_text = isinstance(program, str) and ("\n" in program or not program.endswith(".py"))
    if is_text:
        path = Path(folder, "program", "program.py")
        write(path, program)
        return str(path), [current_folder()]  # as if it had been written into a file beside the notebook
    if not isinstance(program, str | os.PathLike):
        raise BadType(f"program must be the text of a program or the path of its file, not {program!r}")
    path = os.path.abspath(os.path.expanduser(program))
    if not os.path.isfile(path):
        raise ProgramNotFound(f"there is no program {str(program)!r} (in {current_folder()})")
    return path, []


class Program(Child):
    """A running program: its events are what it prints, as it appears, and its exit."""

    def __init__(self, command, environment, folder):
        super().__init__(command, environment, leftovers=str(folder))
        self._process.stdin.close()  # input() finds the end of file, instead of waiting for ever

    def _readers(self):
        return [*super()._readers(), self._wait]

    def _read_events(self):
        self._pass_on("stdout", self._process.stdout)

    def _read_output(self):
        self._pass_on("stderr", self._process.stderr)

    def _pass_on(self, name, pipe):
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        with pipe:
            while data := pipe.read1(1 << 16):
                self._events.put({"event": name, "text": decode(data)})

    def _wait(self):
        self._process.wait()
        self._events.put({"event": "exit", "moment": time.perf_counter(), "children_cpu": _children_cpu()})


def _children_cpu():
    """CPU seconds of the kernel's ended children, and of theirs; 0 where the system keeps no account."""
    if getrusage is None:
        return 0.0
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Screen:
    """Shows output as it appears, up to a megabyte of it, and keeps the last megabyte."""

    def __init__(self):
        self._texts = deque()
        self._kept = self._shown = 0

    def show(self, event):
        if event is None or event["event"] not in ("stdout", "stderr"):
            return
        text = event["text"]
        self._texts.append(text)
        self._kept += len(text)
        while self._kept > OUTPUT_LIMIT:
            self._kept -= len(self._texts.popleft())
        if self._shown < OUTPUT_LIMIT:
            self._shown += len(text)
            note = "\n(more than a megabyte of output: the rest is not shown)\n" * (self._shown >= OUTPUT_LIMIT)
            getattr(sys, event["event"]).write(text + note)

    @property
    def text(self):
        return "".join(self._texts)


def _measure(command, notes, search, timeout, stop):
    path = os.pathsep.join([str(RECORDER), *search, *filter(None, [os.environ.get("PYTHONPATH")])])
    screen = Screen()
    meter = Meter(())  # of no process: for its clock, and for what the whole machine does
    children_before = _children_cpu()
    meter.begin()
    start = time.perf_counter()
    environment = {"PYTHONPATH": path, "GILTEACH_NOTES": str(notes), "GILTEACH_DEADLINE": str(start + timeout)}
    program = Program(command, os.environ | environment, notes)
    try:
        census = Census(program, notes, meter.clock, start)
        exit, now, look_at = None, start, start + meter.interval
        while exit is None and now < start + timeout:
            event = program.receive(max(0.0, look_at - now))
            if event and event["event"] == "exit":
                exit = event
            screen.show(event)
            now = time.perf_counter()
            if exit or now >= look_at:
                census.look()
                look_at = next_sample(look_at, meter.interval)
            if stop.is_set():
                raise RunStopped("the program was stopped")
        meter.end()
        stacks = None if exit else census.stacks()
    finally:
        program.end()
    while (event := program.receive(0.0))["event"] != "ended":
        if not exit and event["event"] == "stderr":
            event["text"] = TRACKER_WARNING.sub("", event["text"])
        screen.show(event)
    end, ended_cpu = (exit["moment"], exit["children_cpu"] - children_before) if exit else (now, 0.0)
    cpu, samples, lanes = census.account(end, ended_cpu, meter.interval)
    run = ProgramRun(
        name=os.path.basename(command[1]),
        exit_status=program.exit_code if exit else None,
        wall=end - start,
        cpu=cpu,
        background=max(0.0, meter.background() - cpu / (end - start)),
        output=screen.text,
        machine=machine(),
        raw_lanes=lanes,
        raw_samples=samples,
    )
    return run, stacks
