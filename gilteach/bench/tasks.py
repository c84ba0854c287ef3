"""The tasks: what one call of an experiment does.

A task is a plain function whose first argument is its size. To add one, write the function and
add one line to `TASKS`. Whatever a function imports goes in its `imports`: workers import it while
they start, so that no measured second goes into it.

A task that computes may have a traced twin, which does the same and calls `stamp` all along: that
notes the time and returns how far to go until the next stamp. The loop between two stamps is the
plain one with a nearer bound; a counter of its own, or a test in it, would change its speed.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

# Hashing in one-megabyte pieces keeps memory small; hashlib lets go of the GIL above 2047 bytes.
PIECE = 1 << 20


def wait(size):
    """Do nothing for `size` seconds."""
    time.sleep(size)
    return size


def fetch(size, url, delay):
    """Download `size` bytes over HTTP from a server that answers after `delay` seconds."""
    from http.client import HTTPConnection

    host, path = url.removeprefix("http://").split("/", 1)
    connection = HTTPConnection(host)
    try:
        connection.request("GET", f"/{path}/{size}/{delay}")
        response = connection.getresponse()
        received = 0
        while piece := response.read(PIECE):
            received += len(piece)
    finally:
        connection.close()
    if response.status != 200 or received != size:
        raise OSError(f"the server answered {response.status} with {received} of {size} bytes")
    return received


def count(size):
    """Count to `size`, one by one."""
    n = 0
    while n < size:
        n += 1
    return n


def count_traced(size, stamp):
    n = 0
    stop = stamp()
    while n < size:
        if stop > size:
            stop = size
        while n < stop:
            n += 1
        # Here and not on top: with nothing after the inner loop, 3.14 compiles it to other instructions than
        # the plain one's, 3 % slower.
        stop = n + stamp()
    return n


def primes(size):
    """Count the primes below `size` by trial division."""
    found = 0
    for candidate in range(2, size):
        divisor = 2
        while divisor * divisor <= candidate:
            if candidate % divisor == 0:
                break
            divisor += 1
        else:
            found += 1
    return found


def primes_traced(size, stamp):
    found = 0
    start = 2
    while start < size:
        stop = min(start + stamp(), size)
        for candidate in range(start, stop):
            divisor = 2
            while divisor * divisor <= candidate:
                if candidate % divisor == 0:
                    break
                divisor += 1
            else:
                found += 1
        start = stop
    return found


def digest(size):
    """Compute the SHA-256 digest of `size` zero bytes."""
    from hashlib import sha256

    piece = bytes(PIECE)
    hasher = sha256()
    for _ in range(size // PIECE):
        hasher.update(piece)
    hasher.update(piece[: size % PIECE])
    return hasher.hexdigest()


def digest_traced(size, stamp):
    from hashlib import sha256

    piece = memoryview(bytes(PIECE))
    hasher = sha256()
    done = 0
    while done < size:
        part = piece[: min(stamp(), size - done)]
        hasher.update(part)
        done += len(part)
    return hasher.hexdigest()


def mixed(size, delay):
    """Wait for `delay` seconds, then count to `size`."""
    wait(delay)
    return count(size)


def mixed_traced(size, delay, stamp):
    wait(delay)
    return count_traced(size, stamp)


class Task(NamedTuple):
    """A task function and what there is to know before calling it."""

    function: Callable
    kind: str  # what it spends its time on: "I/O", "CPU", "native" (C code without the GIL), "mixed"
    unit: str  # of its size
    low: float  # smallest, largest and usual size
    high: float
    default: float
    whole: bool = True  # whether a size is a whole number
    extras: tuple = ()  # further arguments it takes, by name
    imports: tuple = ()  # modules that its workers import while they start
    takes_size: bool = True
    traced: Callable | None = None  # its twin that stamps; None where there is nothing to see but waiting

    @property
    def name(self):
        return self.function.__name__

    @property
    def about(self):
        return self.function.__doc__


TASKS = {
    task.name: task
    for task in (
        Task(wait, "I/O", "s", 0, 600, 0.5, whole=False),
        Task(fetch, "I/O", "bytes", 0, 10**9, 10**6, extras=("url", "delay"), imports=("http.client",)),
        Task(count, "CPU", "iterations", 0, 10**11, 5 * 10**6, traced=count_traced),
        Task(primes, "CPU", "numbers", 0, 10**9, 10**5, traced=primes_traced),
        Task(digest, "native", "bytes", 0, 10**12, 2 * 10**8, imports=("hashlib",), traced=digest_traced),
        Task(mixed, "mixed", "iterations", 0, 10**11, 5 * 10**6, extras=("delay",), traced=mixed_traced),
    )
}
