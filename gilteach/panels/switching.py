"""Threads of the kernel's that don't wait long for its GIL, although a cell computes meanwhile."""

import sys
import threading

INTERVAL = 0.0005  # s; a tenth of Python's own


class _SwitchingOften:
    """A context in which threads change more often; several threads may be in it at a time.

    To measure and to draw, a panel lets go of the GIL and takes it again thousands of times. Beside a cell
    that computes, each time costs a switch interval: it was 30 s before a new picture was seen, not 5.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._inside = 0

    def __enter__(self):
        with self._lock:
            if not self._inside:
                self._usual = sys.getswitchinterval()
                sys.setswitchinterval(INTERVAL)
            self._inside += 1

    def __exit__(self, *error):
        with self._lock:
            self._inside -= 1
            if not self._inside:
                sys.setswitchinterval(self._usual)


switching_often = _SwitchingOften()
