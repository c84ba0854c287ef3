"""Tasks of `test_shared_memory`: four threads that update one counter, in three ways."""

import threading
import time

counter = 0
lock = threading.Lock()


def one():
    return 1


def update_with_a_call(size):
    global counter
    for _ in range(size):
        counter = counter + one()


def update(size):
    global counter
    for _ in range(size):
        counter += 1


def update_with_a_lock(size):
    global counter
    for _ in range(size):
        with lock:
            counter = counter + one()


def lost(work, size):
    """Return how many of the updates of four threads that begin together got lost."""
    global counter
    counter = 0
    ready = threading.Barrier(4)

    def begin():
        ready.wait()
        work(size)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 4 * size - counter


def lost_with_a_call(size):
    return lost(update_with_a_call, size)


def lost_without(size):
    return lost(update, size)


def lost_with_a_lock(size):
    return lost(update_with_a_lock, size)


def update_and_tell():
    """Add 1 to the counter of this process, and say what it is then."""
    global counter
    time.sleep(0.1)
    with lock:
        counter += 1
        return counter
