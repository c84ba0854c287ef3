"""The kernel's side of the witness, which sees who of a program's threads executes when (see bench/witness)."""

import sys

from ..children.launch import BENCH, Child

PATIENCE = 5.0  # s; for its report, which may be of a hundred thousand slices


class Witness:
    """A witness of a program; where the system keeps no such accounts (not Linux), one that sees nothing."""

    def __init__(self):
        self._child = (
            Child([sys.executable, "-I", "-S", str(BENCH / "witness.py")]) if sys.platform == "linux" else None
        )
        self._watched = set()

    @property
    def pids(self):
        """Of its own process."""
        return [self._child.pid] if self._child else []

    def watch(self, pids):
        """Have it look at the threads of more processes."""
        if self._child:
            for pid in set(pids) - self._watched:
                self._child.send(str(pid))
                self._watched.add(pid)

    def report(self):
        """Return what it has seen.

        Returns
        -------
        slices : list or None
            (pid, thread, begin, end, state) each, the moments on `time.perf_counter`; None if nobody has looked.
        threads : list
            (pid, thread, the system's name for it, begin, end, CPU seconds) each.
        blind : float
            Seconds in which it looked too seldom to tell turns apart, since other programs had the cores.
        """
        nothing = None, [], 0.0
        if self._child is None:
            return nothing
        self._child.send("report")
        event = self._child.receive(PATIENCE)
        if event is None or event.get("event") != "witnessed":
            return nothing
        return event["slices"], event["threads"], event["blind"]

    def end(self):
        if self._child:
            self._child.end(1.0)
