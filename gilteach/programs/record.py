"""A program's run: the record of one measured execution of a whole program."""

import ast
import re
import signal
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property

from ..errors import BadType, NothingPrinted
from ..host.machines import Machine
from ..measuring import saved, turns
from ..measuring.measured import Measured
from ..measuring.value import Value
from ..show.words import NOISY_BACKGROUND, seconds

NAMED = re.compile(r"(?m)^\s*(\w[\w %]*?)\s*=\s*(\S.*?)\s*$")


def printed_values(output):
    """Yield the names and values of the lines ``name = value`` that a program has printed."""
    for name, text in NAMED.findall(output):
        try:
            yield name, ast.literal_eval(text)
        except (ValueError, SyntaxError):
            continue  # a sentence with an = in it


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
    left_running : int
        Processes that were still running when the program had ended, and were ended then.
    blind : float
        Seconds of it in which other programs kept the cores so busy that `slices` can't tell turns apart.
    """

    name: str
    exit_status: int | None
    wall: float
    cpu: float
    background: float
    output: str
    machine: Machine
    left_running: int = 0
    blind: float = 0.0
    raw_lanes: list = field(default_factory=list)
    raw_samples: list = field(default_factory=list)
    raw_others: list = field(default_factory=list)
    raw_slices: list | None = None

    FORMAT, FORMAT_VERSION = "gilteach program", 1
    READABLE = (FORMAT_VERSION,)

    @cached_property
    def lanes(self):
        """When each process and each thread lived.

        A DataFrame with a row for every process, followed by its threads: ``process`` (pid),
        ``thread`` (native id; missing in the row of the process itself), ``name``, ``start_s`` and
        ``end_s`` in seconds from the start of the program, ``cpu_s`` (CPU seconds; missing where a
        thread was ended together with its process and nobody has seen it). Threads that Python's
        `threading` didn't start, of a library written in C, say, have the system's name for them; they
        are there if they computed. Processes that aren't Python have no row at all if they lived for
        less than a tenth of a second.
        """
        import pandas as pd

        columns = ["process", "thread", "name", "start_s", "end_s", "cpu_s"]
        return pd.DataFrame(self.raw_lanes, columns=columns).astype({"thread": "Int64", "cpu_s": float})

    @cached_property
    def slices(self):
        """Which thread was executing, and which could have been, and when (Linux).

        A DataFrame with a row per slice, by process and thread: ``process`` (pid), ``thread`` (native id),
        ``start_s`` and ``end_s`` in seconds from the start of the program, ``state``: ``"executing"``, or
        ``"ready"`` (it could go on, but had no core). In the time between, the thread waited: for the GIL,
        a lock, a disk, a sleep. The system's accounts are read every millisecond, or more seldom where there are
        many threads: the ends of a slice are blurred by that. Empty on other systems than Linux.
        """
        import pandas as pd

        columns = ["process", "thread", "start_s", "end_s", "state"]
        frame = pd.DataFrame(self.raw_slices or [], columns=columns)
        return frame.astype({"process": int, "thread": int, "start_s": float, "end_s": float, "state": str})

    @property
    def overlap(self):
        """Share of the busy time, 0 to 1, in which more than one thread was executing.

        Busy is the time in which at least one was, by `slices`; NaN where there are none.
        """
        return Value(turns.overlap(self.slices[self.slices["state"] == "executing"]), self.disturbance)

    @property
    def turns(self):
        """How its threads took turns, in a sentence; needs `slices`."""
        return turns.of_program(self)

    def __getitem__(self, name):
        """Return what the program has printed under a name: ``lost = 3`` gives 3 for ``run["lost"]``.

        Numbers are `Value`s: one that was printed several times has so many repeats. Anything else that Python can
        read, a text in quotes, say, is returned as it was printed last.
        """
        if not isinstance(name, str):
            raise BadType(f"name must be a string, not {name!r}")
        printed = [value for there, value in printed_values(self.output) if there == name]
        if not printed:
            names = ", ".join(repr(there) for there in dict(printed_values(self.output))) or "no line of that kind"
            raise NothingPrinted(f"the program has printed no line such as {name} = 3, but {names}")
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in printed):
            return Value(printed, self.disturbance)
        return printed[-1]

    @property
    def summary(self):
        """How it went, in plain words."""
        said = f"{seconds(self.wall)} wall time, {seconds(self.cpu)} CPU time, {self.cores_busy:.2f} cores busy"
        if self.left_running:
            processes = "a process" if self.left_running == 1 else f"{self.left_running} processes"
            said += f", {processes} still running in the end and ended"
        if self.background > NOISY_BACKGROUND:
            said += f", {self.background:.1f} more by other programs"
        if self.exit_status is None:
            return f"ended by the timeout: {said}"
        if self.exit_status:
            by = f" ({signal.strsignal(-self.exit_status)})" if self.exit_status < 0 else ""
            return f"exit status {self.exit_status}{by}: {said}"
        return said

    def _figure(self, start, end):
        from ..show.program_figure import program_figure

        return program_figure(self, start, end)

    def _content(self):
        return asdict(self)

    @classmethod
    def _of_saved(cls, content):
        content |= {"machine": saved.machine_of(content)}
        loaded = cls(**{item.name: content[item.name] for item in fields(cls)})
        loaded.lanes.sum(numeric_only=True)  # can be shown
        return loaded

    def __repr__(self):
        return f"<ProgramRun {self.name}: {self.summary}>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return self.figure()._repr_mimebundle_()
