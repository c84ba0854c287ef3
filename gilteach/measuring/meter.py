"""The CPU meter: how many cores a few processes keep busy, sampled from outside them.

Sampling from another process never takes the GIL of the one under test. On Linux anyone can read a
process's CPU clock in about a microsecond, with no rounding; but what it has used since the
scheduler last looked after it, at a tick or a switch, isn't in it yet. So while it computes, its
clock is up to a tick behind (4 ms with 250 ticks a second), and a single interval of 20 ms may show
that much too little or too much; the next makes up for it. Elsewhere psutil's process times serve,
which move in steps of 10 ms or more, so they are read less often.

Source: thread_group_cputime in Linux's kernel/sched/cputime.c.
"""

import math
import os
import sys
import time

FINE_INTERVAL = 0.02  # s
COARSE_INTERVAL = 0.1  # s; ten steps of a 10 ms clock
MACHINE_TICK = 0.01  # s; steps of the clocks of all CPUs together
SHORTEST_BACKGROUND = 0.1  # s; over a shorter time, what the others did is steps of that clock


def fine_clock(pid):
    """Return CPU seconds used by process `pid` up to its last tick or switch, from its CPU clock (Linux only).

    The clock's id is made as clock_getcpuclockid(3) makes it: the complement of the process id
    above three bits, of which 2 means "scheduler's own account".
    """
    return time.clock_gettime(~pid << 3 | 2)


def coarse_clock(pid):
    """Return CPU seconds (user and system) used by process `pid`, from psutil (any system)."""
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error as error:
        raise ProcessLookupError(pid) from error
    return times.user + times.system


def best_clock():
    """Return the best of the two clocks that there is here, and every how many seconds to read it."""
    if sys.platform == "linux":
        return fine_clock, FINE_INTERVAL
    return coarse_clock, COARSE_INTERVAL


def next_sample(due, interval):
    """Return when to take the next sample, now that the one that was `due` has been taken.

    They keep in step, and one that comes late isn't made up for: right after it, the next would show the noise of
    two clocks.
    """
    return max(due + interval, time.perf_counter() + interval / 2)


def edges_of_intervals(moments, start, end, interval):
    """Return the moments between `start` and `end` that a curve has points at, and these two themselves.

    Parameters
    ----------
    moments : sequence of float
        When samples were taken, in seconds, rising.
    start, end : float
        In seconds.
    interval : float
        Seconds that lie between two samples as a rule.

    Returns
    -------
    array of float
    """
    import numpy as np

    moments = np.asarray(moments)
    edges = np.concatenate([[start], moments[(moments > start) & (moments < end)], [end]])
    # An interval much shorter than others would show the noise of two clocks.
    if len(edges) > 2 and edges[-1] - edges[-2] < interval / 2:
        edges = np.delete(edges, -2)
    return edges


class Meter:
    """Adds up the CPU time of the given processes.

    Parameters
    ----------
    pids : sequence of int
        The processes whose CPU time is the experiment's.
    helpers : sequence of int
        Processes of ours that are neither the experiment's nor background.
    """

    def __init__(self, pids, helpers=()):
        self.clock, self.interval = best_clock()
        self._last = dict.fromkeys(pids, 0.0)
        self._helpers = dict.fromkeys(helpers, 0.0)
        self._readings = []  # (perf_counter, CPU seconds of all pids so far)
        self._machine_looks = []  # (perf_counter, busy seconds of all CPUs, CPU seconds of ours)

    def sample(self):
        """Read the clocks once, now."""
        cpu = self._read(self._last)
        self._readings.append((time.perf_counter(), cpu))

    def cores_busy(self):
        """Return the cores that the processes have kept busy since the first sample."""
        (begin, used_before), (end, used) = self._readings[0], self._readings[-1]
        return (used - used_before) / max(end - begin, 1e-9)

    def begin(self):
        """Take the first sample, before the work starts."""
        self.look_around()
        self.sample()

    def end(self):
        """Take the last sample, after the work has ended and before its processes do."""
        self.sample()
        self.look_around()

    def _read(self, clocks):
        for pid in clocks:
            try:
                clocks[pid] = self.clock(pid)
            except OSError:
                pass  # it has ended: what it had used stays used
        return sum(clocks.values())

    def look_around(self):
        """Read what all CPUs of the machine have done so far."""
        import psutil

        times = psutil.cpu_times()
        # What a hypervisor steals was wanted and not had: to the experiment it is a busy neighbour.
        # Linux counts guests' time within user time, so it isn't added again.
        kinds = ("user", "nice", "system", "irq", "softirq", "steal", "interrupt", "dpc")
        busy = sum(getattr(times, kind, 0.0) for kind in kinds)
        ours = self._read(self._last) + self._read(self._helpers)
        self._machine_looks.append((time.perf_counter(), busy, ours))

    def others(self):
        """Return when the machine was looked at, and the CPU seconds that all but ours had used by then.

        Returns
        -------
        moments, used : array of float
            In seconds; the second moves in steps of 10 ms for each CPU.
        """
        import numpy as np

        moments, busy, ours = np.array(self._machine_looks).T
        return moments, busy - ours

    def curve(self, start, end):
        """Return the CPU-utilisation curve between two moments.

        Parameters
        ----------
        start, end : float
            Moments on `time.perf_counter`, in seconds.

        Returns
        -------
        list of (float, float)
            The end of each interval in seconds after `start`, and the cores busy in it. Its area is
            the CPU time used from `start` to `end`, where the CPU time at the two ends is
            interpolated between the samples around them.
        """
        import numpy as np

        moments, used = np.array(self._readings).T
        edges = edges_of_intervals(moments, start, end, self.interval)
        cores = np.diff(np.interp(edges, moments, used)) / np.diff(edges)
        return list(zip((edges[1:] - start).tolist(), cores.tolist(), strict=True))

    def background(self, besides=0.0):
        """Return the cores that everything but these processes kept busy, 0 or more.

        Parameters
        ----------
        besides : float
            CPU seconds of the experiment's that weren't read here.
        """
        moments, used = self.others()
        # The clocks of all CPUs move in steps: so much may be chance.
        unsure = 2 * MACHINE_TICK * math.sqrt(os.cpu_count() or 1)
        seconds = max(moments[-1] - moments[0], SHORTEST_BACKGROUND)
        return max(0.0, float(used[-1] - used[0]) - besides - unsure) / seconds
