"""A program: an ordinary Python script, run and measured as a whole with all that it starts.

    kernel                                             program
    ──────                                             ───────
    Program ──────────────────────────────────────►    python program.py, and what it starts
    shows its output as it appears  ◄─ stdout, stderr
    Census ─── reads their CPU clocks, every 20 ms
    Census ◄── notes of when each thread and process began and ended ── bench/recorder
    Witness ── another process, reads which thread executes, every millisecond (Linux)
    Program.end ─── SIGKILL to what is left ──────►    gone

The clocks give the curve, the notes give names and exact times, the witness gives the slices, and the
operating system's account of the ended program gives the CPU time that no sample has seen.
"""

import os
import re
import shutil
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from .. import check
from ..children.launch import current_folder
from ..children.temporary import new_folder, write
from ..errors import BadType, ProgramNotFound, RunStopped, RunTimeout
from ..host.interpreters import resolve
from ..host.machines import machine
from ..measuring.exclusive import out_of_reach_of_interrupts, take_turn
from ..measuring.meter import Meter, next_sample
from ..measuring.plan import LONGEST_TIMEOUT
from .arguments import refuse_what_is_no_program
from .census import RECORDER, Census
from .process import Program, Screen, own_environment
from .record import ProgramRun
from .witness import Witness

# What multiprocessing's resource tracker says of semaphores and shared memory when a program is
# killed: it removes them, and the fault wasn't the program's.
TRACKER_WARNING = re.compile(r".*UserWarning: resource_tracker: .*\n(  warnings\.warn.*\n)?")
NAME = "program.py"  # of the file that the text of a program is put into
ABOUT_TO_END = 0.1  # s; that processes get which end together with the program


def measure(program, *, args=(), timeout=60.0, python=None):
    """Run a whole program and measure it, showing its output as it appears.

    The program runs as ``python program.py`` would in a terminal, in the kernel's current folder, and
    what it starts is measured with it. It gets no input. Interrupting the kernel ends all of it.

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
    refuse_what_is_no_program(program)
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
    """Return the path of the program's file, and the folder that it can import from besides its own, if any."""
    is_text = isinstance(program, str) and ("\n" in program or not program.endswith(".py"))
    if is_text:
        path = Path(folder, "program", NAME)
        write(path, program)
        return str(path), current_folder()  # as if it had been written into a file beside the notebook
    if not isinstance(program, str | os.PathLike):
        raise BadType(f"program must be the text of a program or the path of its file, not {program!r}")
    path = os.path.abspath(os.path.expanduser(program))
    if not os.path.isfile(path):
        raise ProgramNotFound(f"there is no program {str(program)!r} (in {current_folder()})")
    return path, None


def _environment(notes, search, deadline):
    environment = own_environment() | {"GILTEACH_NOTES": str(notes), "GILTEACH_DEADLINE": str(deadline)}
    environment["PYTHONPATH"] = os.pathsep.join([str(RECORDER), *filter(None, [environment.get("PYTHONPATH")])])
    if search:
        environment["GILTEACH_SEARCH"] = search
    return environment


def _measure(command, notes, search, timeout, stop):
    screen, witness = Screen(), Witness()
    try:
        run, stacks = _watch(command, notes, search, timeout, stop, screen, witness)
    finally:
        witness.end()
    return run, stacks


def _watch(command, notes, search, timeout, stop, screen, witness):
    meter = Meter((), helpers=witness.pids)  # of no process: for its clock, and for what the whole machine does
    meter.begin()
    start = time.perf_counter()
    program = Program(command, _environment(notes, search, start + timeout), notes)
    left_running = 0
    try:
        census = Census(program, notes, meter, start, witness)
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
        slices, threads, blind = witness.report()
        if exit and program.left_running():
            time.sleep(ABOUT_TO_END)
            left_running = program.left_running()
    finally:
        program.end()
    while (event := program.receive(0.0))["event"] != "ended":
        if not exit and event["event"] == "stderr":
            event["text"] = TRACKER_WARNING.sub("", event["text"])
        screen.show(event)
    end, ended_cpu = (exit["moment"], exit["cpu"]) if exit else (now, 0.0)
    account = census.account(end, ended_cpu, meter.interval, slices, threads)
    run = ProgramRun(
        name=os.path.basename(command[1]),
        exit_status=program.exit_code if exit else None,
        wall=end - start,
        background=meter.background(besides=account["cpu"]),
        left_running=left_running,
        blind=blind,
        output=screen.text,
        machine=machine(),
        **account,
    )
    return run, stacks
