"""Slices: when a worker was really executing, from the moments that a traced task stamps.

    ┊ stamp, work, stamp, work, … stamp ┊     nothing     ┊ stamp, work, stamp, …
    └────────────── slice ──────────────┴────── gap ──────┴────── slice ─────────
       a stamp every 50 µs                 another worker
                                           had the GIL, or
                                           another the core

Checked against a CPython that logs every taking and releasing of the GIL, stamps find all gaps over
a millisecond, and their ends to within the work between two stamps.
"""

import sys
import time
from math import inf

FIRST_CHUNK = 64  # iterations; it is adapted within the first 20 stamps
# s; the work between two stamps. A stamp and a new round of the loop cost 0.3 to 0.6 µs, 1 % of it.
SHORT, LONG = 40e-6, 60e-6
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
        # Who waits for the GIL waits for a whole switch interval, so half of one is a gap.
        self.gap = min(LONGEST_GAP, sys.getswitchinterval() / 2)
        self.chunk = FIRST_CHUNK
        self.last = -inf
        self.edges = []  # the last stamp before each gap and the first one after it

    def stamp(self):
        """Note that the worker is executing; return how many iterations to do until the next stamp."""
        now = self.clock()
        elapsed = now - self.last
        if elapsed < SHORT:
            self.chunk += self.chunk // 4 + 1
        elif elapsed > LONG:
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
