"""Slices: when a worker was really executing, from the moments that a traced task stamps.

    ┊ stamp, work, stamp, work, … stamp ┊     nothing     ┊ stamp, work, stamp, …
    └────────────── slice ──────────────┴────── gap ──────┴────── slice ─────────
       a stamp every 0.1 ms                another worker
                                           had the GIL, or
                                           another the core

Checked against a CPython that logs every taking and releasing of the GIL, stamps find all gaps over
a millisecond, and their ends to within the work between two stamps.
"""

import sys
import time
from math import inf

FIRST_CHUNK = 64  # iterations; it is adapted within the first 20 stamps
# s; the work between two stamps. A stamp and a new round of the loop cost 0.5 to 1 µs, 1 % of it.
MOST_WORK = 120e-6
LONGEST_GAP = 1e-3  # s; less is a neighbour's visit to the core, which happens all the time


class Slicer:
    """Turns one task's stamps into slices as they come, so that it keeps nothing but their ends.

    Parameters
    ----------
    most : int
        How many slices it keeps: the first ones count.
    clock : callable
        Returns seconds.
    """

    def __init__(self, most, clock=time.perf_counter):
        self.most = most
        self.clock = clock
        # Who waits for the GIL waits for a whole switch interval, so half of one is a gap. The ends
        # of a slice are blurred by the work between two stamps, so that must be far less.
        interval = sys.getswitchinterval()
        self.gap = min(LONGEST_GAP, interval / 2)
        work = min(MOST_WORK, interval / 20)
        self.short, self.long = 0.8 * work, 1.2 * work
        self.chunk = FIRST_CHUNK
        self.last = -inf
        self.edges = []  # the last stamp before each gap and the first one after it

    def stamp(self):
        """Note that the worker is executing; return how many iterations to do until the next stamp."""
        now = self.clock()
        elapsed = now - self.last
        if elapsed < self.short:
            self.chunk += self.chunk // 4 + 1
        elif elapsed > self.long:
            self.chunk = self.chunk * 3 // 4 or 1
            if elapsed > self.gap:
                self.edges += self.last, now
                if len(self.edges) > 2 * self.most:
                    self.gap = inf
        self.last = now
        return self.chunk

    def slices(self):
        """Stamp the end of the task and return its slices, (start, end) each; none if it never stamped."""
        if self.edges:
            self.stamp()
        starts, ends = self.edges[1::2], [*self.edges[2::2], self.last]
        return [(start, end) for start, end in zip(starts[: self.most], ends, strict=False) if start < end]
