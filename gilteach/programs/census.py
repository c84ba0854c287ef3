"""Who belongs to a running program, and what each of its processes and threads used, and when.

Two sources complement each other. The CPU clocks of the processes, read from outside every 20 ms,
give the curve and cost the program nothing. The notes that the recorder in each Python process
writes (see bench/recorder) give the names, the threads, and when each began and ended.
"""

import contextlib
import faulthandler
import os
import re
import signal
import time
from ast import literal_eval
from collections import defaultdict
from pathlib import Path

import numpy as np
import psutil

from ..children.launch import BENCH
from ..measuring.meter import edges_of_intervals

RECORDER = BENCH / "recorder"
HELPERS = ("forkserver", "resource_tracker")  # multiprocessing's own processes
NAME_INTERVAL = 0.1  # s; how often processes that aren't Python are asked for their names
SHORTEST_LANE = 0.1  # s; whether shorter lives without notes are seen at all is chance
DUMP_PATIENCE = 1.0  # s; for processes to write where their threads stand


class Census:
    """The processes and threads of one program.

    Parameters
    ----------
    program : Program
        The running program.
    notes : Path
        The folder that the recorder writes to: a file per Python process, named by its pid.
    clock : function
        Returns the CPU seconds used by a pid, or raises OSError if there is no such process.
    start : float
        When the program was started, on `time.perf_counter`, in seconds.
    """

    def __init__(self, program, notes, clock, start):
        self._program = program
        self._notes = notes
        self._clock = clock
        self._start = self._looked = self._named_at = start
        self._last_id, self._pids = None, set()  # of the whole machine, at the last look
        self._moments = []  # of all looks: when the clocks were read
        self._readings = {program.pid: [(start, 0.0)]}  # by pid: (moment, CPU seconds so far), from before its birth
        self._gone = {}  # by pid: when there was no such process any more
        self._facts = {}  # by pid and thread, which is None for the process itself: as noted

    def look(self):
        """Find the new processes, and read all clocks once."""
        not_yet_there, self._looked = self._looked, time.perf_counter()
        for pid in self._program.own(self._newcomers()):
            self._readings.setdefault(pid, [(not_yet_there, 0.0)])
        recorded = self._recorded()
        for pid in recorded:  # one that has made a session of its own is known by its notes alone
            self._readings.setdefault(pid, [(self._start, 0.0)])
        self._name_those_without_notes(recorded)
        self._moments.append(time.perf_counter())
        for pid, readings in self._readings.items():
            if pid not in self._gone:
                now = time.perf_counter()
                try:
                    readings.append((now, self._clock(pid)))
                except OSError:
                    self._gone[pid] = now

    def _newcomers(self):
        """Return the pids on this machine that are new since the last look."""
        last_id = _last_id()
        if last_id and last_id == self._last_id:
            return set()  # to ask for all pids takes 0.2 ms on a desktop
        before, self._last_id, self._pids = self._pids, last_id, set(psutil.pids())
        return self._pids - before

    def _name_those_without_notes(self, recorded):
        """Ask for names of new processes, and of all now and then: what is about to become `sleep` has its parent's."""
        all_again = self._looked > self._named_at + NAME_INTERVAL
        if all_again:
            self._named_at = self._looked
        for pid in self._readings.keys() - self._gone.keys() - set(recorded):
            if all_again or (pid, None) not in self._facts:
                facts = self._facts.setdefault((pid, None), {"name": "unknown"})
                with contextlib.suppress(psutil.Error):
                    facts["name"] = psutil.Process(pid).name()

    def _recorded(self):
        return [int(name) for name in os.listdir(self._notes) if name.isdecimal()]

    def _read_notes(self):
        for pid in self._recorded():
            for line in (self._notes / str(pid)).read_text().splitlines():
                try:
                    thread, facts = literal_eval(line)
                    self._facts.setdefault((pid, thread), {}).update(facts)
                except (SyntaxError, ValueError, TypeError):
                    pass  # cut off, because the process was ended or the disk is full
        self._facts.setdefault((self._program.pid, None), {}).update(name="MainProcess", start=self._start)

    def account(self, end, ended_cpu, interval):
        """Add everything up.

        Parameters
        ----------
        end : float
            When the program ended, on `time.perf_counter`, in seconds.
        ended_cpu : float
            CPU seconds that the operating system puts down to the program and to the processes that
            it waited for; 0 if there is no such account. Processes that came and went between two
            looks are in it, and what one used after its last note or reading; those that nobody waits
            for, such as a forkserver with its workers, are not.
        interval : float
            Seconds between two looks. Where they were further apart, so are the points of the curve.

        Returns
        -------
        cpu : float
            CPU seconds of the whole program.
        samples : list of (float, float)
            The end of each interval in seconds after the start, and the cores busy in it.
        lanes : list of tuple
            As in `ProgramRun.lanes`.
        """
        self._read_notes()
        edges = edges_of_intervals(self._moments, self._start, end, interval)
        widths, used = np.diff(edges), np.zeros(len(edges) - 1)
        unread = []  # (begin, end): when a process was there, and its clock had been read for the last time
        lanes = []
        threads = defaultdict(dict)  # of each process
        for (pid, thread), facts in self._facts.items():
            if thread is not None and "start" in facts:
                threads[pid][thread] = facts
        for pid, readings in self._readings.items():
            process = self._facts.setdefault((pid, None), {})
            process.setdefault("name", "python")
            if "end" in process:
                readings.append((process["end"], process["cpu"]))
            # Births lie between two looks. They are noted to a clock tick of 10 ms; without notes, a process is
            # taken to have been busy from its birth on.
            has_notes = "start" in process
            earliest, (first, busy) = readings[0][0], readings[1] if len(readings) > 1 else (end, 0.0)
            process["start"] = float(np.clip(process.get("start", first - busy), earliest, first))
            readings[0] = (process["start"], 0.0)
            moments, clock = np.array(sorted(readings)).T
            clock = np.maximum.accumulate(clock)
            used += np.diff(np.interp(edges, moments, clock, left=0.0))
            gone = min(end, self._gone.get(pid, end))
            unread.append((moments[-1], gone))
            last = end if pid == self._program.pid else process.get("end", gone)
            process |= {"cpu": float(clock[-1]), "end": last}
            if has_notes or last - process["start"] >= SHORTEST_LANE:
                lanes.append((process["start"], self._rows(pid, threads[pid], end)))
        # The rest was used between a last reading and an end, as far as a core had room for it then; when processes
        # came and went that nobody has seen, nobody knows.
        rest = max(0.0, ended_cpu - used.sum())
        room = np.maximum(0.0, np.minimum(widths - used, _covered(edges, unread)))
        used += room * min(1.0, rest / max(room.sum(), 1e-9))
        used += max(0.0, rest - room.sum()) * widths / (end - self._start)
        samples = list(zip((edges[1:] - self._start).tolist(), (used / widths).tolist(), strict=True))
        return float(used.sum()), samples, [row for _, rows in sorted(lanes) for row in rows]

    def _rows(self, pid, threads, end):
        """Return the lane of a process and those of its threads."""
        process = self._facts[pid, None]
        unknown = [facts for facts in threads.values() if facts.get("cpu") is None]
        if len(unknown) == 1:  # in a pool's worker, say, which is ended by a signal: the rest is this one's
            unknown[0]["cpu"] = max(0.0, process["cpu"] - sum(facts.get("cpu") or 0 for facts in threads.values()))
        return [
            (
                pid,
                thread,
                facts["name"],
                max(facts["start"], process["start"]) - self._start,
                min(end, facts.get("end", process["end"])) - self._start,
                facts.get("cpu"),
            )
            for thread, facts in {None: process, **threads}.items()
        ]

    def stacks(self):
        """Have every living Python process write where its threads stand; return that with their names."""
        self._read_notes()
        dumps = {
            pid: self._notes / f"{pid}.stacks"
            for pid in self._recorded()
            if pid not in self._gone and self._name(pid) not in HELPERS and self._can_write_stacks(pid)
        }
        for pid in dumps:
            self._read_thread_clocks(pid)
            if hasattr(faulthandler, "register"):  # elsewhere they keep an eye on the time themselves
                try:
                    os.kill(pid, signal.SIGURG)
                except OSError:
                    pass  # it has ended meanwhile
        patience = time.monotonic() + DUMP_PATIENCE
        while not all(map(_has_text, dumps.values())) and time.monotonic() < patience:
            time.sleep(0.01)
        time.sleep(0.05)  # the last of them may not be complete
        return "\n".join(self._named(pid, dump.read_text()) for pid, dump in dumps.items() if _has_text(dump))

    def _can_write_stacks(self, pid):
        """Whether a process still has its file for that: one that becomes a daemon may have another in its place."""
        if not hasattr(faulthandler, "register"):
            return True
        try:
            files = psutil.Process(pid).open_files()
            return any(os.path.samefile(file.path, self._notes / f"{pid}.stacks") for file in files)
        except (psutil.Error, OSError):
            return False

    def _name(self, pid):
        return self._facts.get((pid, None), {}).get("name", "python")

    def _named(self, pid, dump):
        """Return a dump of faulthandler's with the names of threads in place of their addresses."""
        names = {facts.get("ident"): facts["name"] for (owner, _), facts in self._facts.items() if owner == pid}
        process = f"{self._name(pid)} ({pid})"

        def heading(match):
            return f"{names.get(int(match[1], 16), 'a thread')} of {process}, most recent call first:"

        text = re.sub(r"(?m)^(?:Current thread|Thread) 0x([0-9a-f]+).*$", heading, dump)
        return "".join(line for line in text.splitlines(keepends=True) if str(RECORDER) not in line)

    def _read_thread_clocks(self, pid):
        """Note the CPU time of the threads of a process that is about to be ended."""
        try:
            for thread in psutil.Process(pid).threads():
                if (pid, thread.id) in self._facts:
                    self._facts[pid, thread.id].setdefault("cpu", thread.user_time + thread.system_time)
        except psutil.Error:
            pass  # it has ended meanwhile, or this system tells nobody


def _covered(edges, spans):
    """Return how much of each interval between two edges lies in one span or more, in the same unit."""
    covered, reached = np.zeros(len(edges) - 1), edges[0]
    for begin, end in sorted(spans):
        begin, reached = max(begin, reached), max(end, reached)
        covered += np.diff(np.clip(edges, begin, reached))
    return covered


def _last_id():
    """Return the id that was given last, to a process or a thread; None where nobody tells (Linux only)."""
    try:
        return Path("/proc/loadavg").read_bytes().split()[-1]
    except OSError:
        return None


def _has_text(path):
    return path.exists() and path.stat().st_size > 0
