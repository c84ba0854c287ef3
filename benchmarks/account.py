"""The task `count` with a result of its own: the CPU time that the operating system puts down to it."""

from resource import RUSAGE_THREAD, getrusage


def used():
    account = getrusage(RUSAGE_THREAD)
    return account.ru_utime + account.ru_stime


def count(size):
    """Count to `size`; return the CPU seconds that it took."""
    before = used()
    n = 0
    while n < size:
        n += 1
    return used() - before
