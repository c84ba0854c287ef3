"""Quiet for the tests that measure: each runs alone on this machine, all others two at a time.

Whoever runs a test has a turn: one of two files locked, or both of them for a test that measures. The files are
the same for all test runs of this user, so a second one beside the first waits as its tests would.
"""

import os
import tempfile
import time
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

HAS_A_TURN = "GILTEACH_TEST_HAS_A_TURN"  # environment variable: pytest as run by a test takes no turn of its own
USER = getattr(os, "getuid", lambda: 0)()
# Where the locks are: kept in the environment, since the tests get another folder for temporary files.
FOLDER = Path(os.environ.setdefault("GILTEACH_TEST_TURNS", f"{tempfile.gettempdir()}/turns-of-gilteach-tests-{USER}"))


class Turns:
    def __init__(self):
        FOLDER.mkdir(exist_ok=True)
        self._gate = FileLock(FOLDER / "gate")  # of who comes next: a test that measures is not passed by others
        self._places = [FileLock(FOLDER / f"place-{number}") for number in range(2)]
        self._nested = HAS_A_TURN in os.environ

    def take(self, alone):
        if self._nested:
            return
        with self._gate:
            if alone:
                for place in self._places:
                    place.acquire()
            else:
                while not any(map(_free, self._places)):
                    time.sleep(0.01)
        os.environ[HAS_A_TURN] = "yes"

    def give_back(self):
        if not self._nested:
            os.environ.pop(HAS_A_TURN, None)
            for place in self._places:
                place.release(force=True)


def _free(place):
    try:
        place.acquire(timeout=0)
    except Timeout:
        return False
    return True


def measures(item):
    """Whether a test needs quiet: it says so by its fixture, or is a cell of a notebook."""
    return "measure_quietly" in getattr(item, "fixturenames", ()) or item.nodeid.startswith("notebooks/")


def pytest_configure(config):
    config.gilteach_turns = Turns()
    config.gilteach_alone = False


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    config = item.config
    if not config.gilteach_alone:
        config.gilteach_turns.take(measures(item))
    try:
        return (yield)
    finally:
        # Two tests in a row that measure keep the turn: others would only get in one by one between them.
        config.gilteach_alone = measures(item) and nextitem is not None and measures(nextitem)
        if not config.gilteach_alone:
            config.gilteach_turns.give_back()
