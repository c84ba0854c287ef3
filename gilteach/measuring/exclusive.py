"""One measurement at a time, each out of reach of interrupts."""

import threading
from concurrent.futures import Future, wait
from contextlib import contextmanager

from ..errors import RunStopped


class Turn:
    """Makes measurements take turns: two at once would measure each other.

    A lock of its own kind in two ways: whoever has the turn may take it again, and a wait for it
    can be stopped. The main thread never takes it: an interrupt that struck between taking it and
    noting that would keep it for ever.
    """

    def __init__(self):
        self._lock = threading.RLock()
        self._holder = None

    def busy(self):
        """Whether somebody other than this thread has the turn."""
        return self._holder not in (None, threading.get_ident())

    @contextmanager
    def __call__(self, stop=None):
        while not self._lock.acquire(timeout=0.02):
            if stop is not None and stop.is_set():
                raise RunStopped("the run was stopped before its turn came")
        before, self._holder = self._holder, threading.get_ident()
        try:
            yield
        finally:
            self._holder = before
            self._lock.release()


take_turn = Turn()


def out_of_reach_of_interrupts(measure, stop):
    """Return ``measure(stop)``, which runs in a thread of its own; an interrupt sets `stop`.

    An interrupt of the kernel strikes the main thread between any two steps: between starting a
    process and noting that it is there, in the middle of ending it. Here it only strikes the waiting.
    """
    if threading.current_thread() is not threading.main_thread():
        return measure(stop)
    outcome = Future()
    # For whoever comes first: the thread to begin, or an interrupt to prevent that. One that strikes in
    # `thread.start` can't know whether there is a thread by now.
    first = threading.Lock()

    def work():
        if not first.acquire(blocking=False):
            return
        try:
            outcome.set_result(measure(stop))
        except BaseException as error:
            outcome.set_exception(error)

    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
        while thread.is_alive():
            thread.join(0.05)  # a wait that nothing ends can't be interrupted on Windows, nor from another thread
        return outcome.result()
    except KeyboardInterrupt:
        stop.set()
        has_begun = not first.acquire(blocking=False)
        while has_begun and not outcome.done():
            try:
                wait([outcome], timeout=0.05)
            except KeyboardInterrupt:
                pass  # it is ending already
        raise
