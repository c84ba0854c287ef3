"""Who belongs to a running program, and what each of its processes and threads used, and when.

Three sources complement each other. The CPU clocks of the processes, read from outside every 20 ms,
give the curve and cost the program nothing. The notes that the recorder in each Python process
writes (see bench/recorder) give the names, the threads, and when each began and ended. The witness, where
there is one, knows when each thread executed, also of threads that nobody has noted.
"""

import contextlib
import os
import sys
import time
from ast import literal_eval
from collections import defaultdict
from pathlib import Path

import numpy as np
import psutil

from ..children.launch import BENCH
from ..measuring.meter import edges_of_intervals
from . import stacks

RECORDER = BENCH / "recorder"
HELPERS = ("forkserver", "resource_tracker")  # multiprocessing's own processes
NAME_INTERVAL = 0.1  # s; how often processes that aren't Python are asked for their names
SHORTEST_LANE = 0.1  # s; whether shorter lives without notes are seen at all is chance
BAND_INTERVAL = 0.1  # s; the clocks of all CPUs together move in steps of 10 ms
LEAST_UNSEEN = 0.01  # s; CPU time of a thread that the witness alone has seen, below which it has no lane


class Census:
    """The processes and threads of one program.

    Parameters
    ----------
    program : Program
        The running program.
    notes : Path
        The folder that the recorder writes to: a file per Python process, named by its pid.
    meter : Meter
        Its clock returns the CPU seconds used by a pid, or raises OSError if there is no such process.
    start : float
        When the program was started, on `time.perf_counter`, in seconds.
    witness : Witness
        Is told of every process.
    """

    def __init__(self, program, notes, meter, start, witness):
        self._program = program
        self._notes = notes
        self._meter = meter
        self._start = self._looked = self._named_at = start
        self._witness = witness
        self._last_id, self._pids = None, set()  # of the whole machine, at the last look
        self._moments = []  # of all looks: when the clocks were read
        self._readings = {program.pid: [(start, 0.0)]}  # by pid: (moment, CPU seconds so far), from before its birth
        self._gone = {}  # by pid: when it had ended
        self._facts = {}  # by pid and thread, which is None for the process itself: as noted
        self._executables = {}  # by pid: the files of processes that were asked for their names
        witness.watch([program.pid])

    def look(self):
        """Find the new processes, and read all clocks once."""
        not_yet_there, self._looked = self._looked, time.perf_counter()
        for pid in self._program.own(self._newcomers()):
            self._readings.setdefault(pid, [(not_yet_there, 0.0)])
        recorded = self._recorded()
        for pid in recorded:  # one that was missed above is known by its notes
            self._readings.setdefault(pid, [(self._start, 0.0)])
        self._witness.watch(self._readings.keys() - self._gone.keys())
        self._name_processes(recorded)
        self._meter.look_around()
        self._moments.append(time.perf_counter())
        for pid, readings in self._readings.items():
            if pid not in self._gone:
                now = time.perf_counter()
                try:
                    cpu = self._meter.clock(pid)
                except OSError:
                    self._gone[pid] = now
                    continue
                # The clock of one that has ended can be read until somebody waits for it.
                if cpu == readings[-1][1] and has_ended(pid):
                    self._gone[pid] = now
                else:
                    readings.append((now, cpu))

    def _newcomers(self):
        """Return the pids on this machine that are new since the last look."""
        last_id = _last_id()
        if last_id and last_id == self._last_id:
            return set()  # to ask for all pids takes 0.2 ms on a desktop
        before, self._last_id, self._pids = self._pids, last_id, set(psutil.pids())
        return self._pids - before

    def _name_processes(self, recorded):
        """Ask for names of new processes, and of all now and then: what is about to become `sleep` has its parent's."""
        all_again = self._looked > self._named_at + NAME_INTERVAL
        if all_again:
            self._named_at = self._looked
        for pid in self._readings.keys() - self._gone.keys():
            if all_again or pid not in self._executables:
                with contextlib.suppress(psutil.Error, OSError):
                    process = psutil.Process(pid)
                    name = process.name()
                    self._executables[pid] = process.exe()
                    if pid not in recorded:
                        self._facts.setdefault((pid, None), {})["name"] = name
                    self._facts.setdefault((pid, None), {})["system_name"] = name
        for pid in self._readings.keys() - set(recorded):
            self._facts.setdefault((pid, None), {}).setdefault("name", "unknown")

    def _recorded(self):
        return [int(name) for name in os.listdir(self._notes) if name.isdecimal()]

    def _read_notes(self):
        for pid in self._recorded():
            for line in (self._notes / str(pid)).read_text().splitlines():
                try:
                    thread, facts = literal_eval(line)
                    if "begin" in facts:  # what went before was another program of this process's
                        self._forget_notes(pid, keep_start=facts["begin"] == "exec")
                    first = self._facts.get((pid, None), {}).get("start")
                    self._facts.setdefault((pid, thread), {}).update(facts)
                    if "begin" in facts and first is not None:
                        self._facts[pid, None]["start"] = first
                except (SyntaxError, ValueError, TypeError):
                    pass  # cut off, because the process was ended or the disk is full
            self._forget_what_became_another(pid)
        self._facts.setdefault((self._program.pid, None), {}).update(name="MainProcess", start=self._start)

    def _forget_notes(self, pid, keep_start=False):
        old = self._facts.get((pid, None), {})
        for key in [key for key in self._facts if key[0] == pid]:
            del self._facts[key]
        kept = ("start", "system_name") if keep_start else ("system_name",)
        if found := {name: old[name] for name in kept if name in old}:
            self._facts[pid, None] = found

    def _forget_what_became_another(self, pid):
        """Forget the notes of a Python that has become another program, which isn't Python (exec)."""
        facts = self._facts.get((pid, None), {})
        noted, now = facts.get("executable"), self._executables.get(pid)
        never_seen = pid not in self._executables and facts.get("begin") == "fork" and "end" not in facts
        if never_seen or (noted and now and noted != now):
            start = facts.get("start")
            self._forget_notes(pid)
            self._facts[pid, None] = {"name": facts.get("system_name", "unknown")} | ({"start": start} if start else {})

    def account(self, end, ended_cpu, interval, slices, seen):
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
        slices, seen : list
            What the witness has seen: see `Witness.report`.

        Returns
        -------
        dict
            Fields of `ProgramRun`: ``cpu``, ``raw_samples``, ``raw_others``, ``raw_lanes``, ``raw_slices``.
        """
        self._read_notes()
        self._add_what_was_seen(seen)
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
            has_notes = "begin" in process or pid == self._program.pid
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
                # Births are known to a clock tick: of those in the same one, the smaller number was first.
                lanes.append((round(process["start"], 2), pid, self._rows(pid, threads[pid], end)))
        # The rest was used between a last reading and an end, as far as a core had room for it then; when processes
        # came and went that nobody has seen, nobody knows.
        rest = max(0.0, ended_cpu - used.sum())
        room = np.maximum(0.0, np.minimum(widths - used, _covered(edges, unread)))
        used += room * min(1.0, rest / max(room.sum(), 1e-9))
        used += max(0.0, rest - room.sum()) * widths / (end - self._start)
        samples = list(zip((edges[1:] - self._start).tolist(), (used / widths).tolist(), strict=True))
        return {
            "cpu": float(used.sum()),
            "raw_samples": samples,
            "raw_others": self._others(edges, used, end),
            "raw_lanes": [row for *_, rows in sorted(lanes, key=lambda lane: lane[:2]) for row in rows],
            "raw_slices": self._slices(slices, end),
        }

    def _others(self, edges, used, end):
        """Return what other programs kept busy, as (end of an interval after the start, cores): the curve's band."""
        moments, others = self._meter.others()
        marks = np.append(np.arange(self._start, end - BAND_INTERVAL / 2, BAND_INTERVAL), end)
        own = np.interp(marks, edges, np.concatenate([[0.0], np.cumsum(used)]))
        cores = np.diff(np.interp(marks, moments, others) - own) / np.diff(marks)
        return list(zip((marks[1:] - self._start).tolist(), np.maximum(0.0, cores).tolist(), strict=True))

    def _add_what_was_seen(self, seen):
        """Take over what the witness knows of threads that noted nothing, or whose CPU time nobody has noted."""
        counts = defaultdict(int)
        for pid, *_ in seen:
            counts[pid] += 1
        for pid, thread, name, begin, end, cpu in seen:
            facts = self._facts.get((pid, thread))
            python = "begin" in self._facts.get((pid, None), {})
            if facts is not None and "start" in facts:
                facts["cpu"] = max(facts.get("cpu") or 0.0, cpu)  # a last note is written before the very end
            elif (python or counts[pid] > 1) and cpu >= LEAST_UNSEEN:
                self._facts[pid, thread] = {"name": name or "unknown", "start": begin, "end": end, "cpu": cpu}

    def _slices(self, slices, end):
        if slices is None:
            return None
        found = [
            (pid, thread, max(0.0, begin - self._start), min(stop, end) - self._start, state)
            for pid, thread, begin, stop, state in slices
        ]
        return sorted(slice for slice in found if slice[3] > slice[2])

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
                max(facts["start"], process["start"], min(end, facts.get("end", process["end"]), process["end"]))
                - self._start,
                facts.get("cpu"),
            )
            for thread, facts in {None: process, **threads}.items()
        ]

    def stacks(self):
        """Have every living Python process write where its threads stand; return that with their names."""
        self._read_notes()
        living = {pid: self._name(pid) for pid in self._recorded() if pid not in self._gone}
        living = {pid: name for pid, name in living.items() if name not in HELPERS}
        if not self._witness.pids:
            for pid in living:
                self._read_thread_clocks(pid)
        threads = {
            (pid, facts.get("ident")): facts["name"] for (pid, _), facts in self._facts.items() if "name" in facts
        }
        return stacks.written(living, threads, self._notes)

    def _name(self, pid):
        return self._facts.get((pid, None), {}).get("name", "python")

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


def has_ended(pid):
    """Whether a process has ended and only waits to be asked for how (a zombie)."""
    try:
        if sys.platform == "linux":
            return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X")
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return True
