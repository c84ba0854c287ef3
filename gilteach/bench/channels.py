"""The channels: ways to hand a message, some bytes, to another worker.

Each channel gets ready (`start`), delivers a message many times (`deliver`, which returns once the
receiver has used the last one) and lets go of what it holds (`close`). Most of them only say what
sends a message and what receives one. To add one, write the class and add one line to `CHANNELS`.
"""

import errno
import os
import pickle
import queue
import shutil
import threading
from concurrent import futures
from functools import partial
from math import inf

PAGE = 4096  # bytes; the receiver reads a byte of every page: a message must really have arrived, whole
SHARED_MEMORY = "/dev/shm"  # where Linux keeps it; containers often have little of it


class ToAProcess:
    """To a process that receives, and acknowledges the last message of a delivery.

    What sends and receives a message are the very methods of a connection or a queue, so that no call
    of ours is measured with theirs.
    """

    largest = inf  # bytes in a message

    def __init__(self, context, largest):
        self.context = context
        self.open(context, largest)

    def start(self):
        self.control, control = self.context.Pipe()
        self.receiver = self.context.Process(target=keep_receiving, args=(self.receive, control))
        self.receiver.start()
        self.deliver(b"hello", 1)

    def deliver(self, message, count):
        send = self.send
        self.control.send(count)
        for _ in range(count):
            send(message)
        self.control.recv()

    def close(self):
        self.control.send(None)
        self.receiver.join()


def keep_receiving(receive, control):
    while count := control.recv():
        for _ in range(count):
            receive()[::PAGE]
        control.send("used")


class Pipe(ToAProcess):
    """Bytes, through a pipe of the operating system: multiprocessing.Pipe."""

    def open(self, context, largest):
        receiving_end, sending_end = context.Pipe(duplex=False)
        self.send, self.receive = sending_end.send_bytes, receiving_end.recv_bytes


class Queue(ToAProcess):
    """Any object, pickled, through a thread of the sender's and a pipe: multiprocessing.Queue."""

    def open(self, context, largest):
        waiting = context.Queue()
        self.send, self.receive = waiting.put, waiting.get


class Manager(ToAProcess):
    """Any object, pickled, through a queue that a third process keeps: multiprocessing.Manager."""

    def open(self, context, largest):
        self.manager = context.Manager()
        waiting = self.manager.Queue(2)  # messages; large ones need much memory
        self.send, self.receive = waiting.put, waiting.get

    def close(self):
        super().close()
        self.manager.shutdown()


class SharedMemory(ToAProcess):
    """Bytes, copied once, into memory that both processes see: multiprocessing.shared_memory."""

    def open(self, context, largest):
        from multiprocessing import shared_memory

        room = shutil.disk_usage(SHARED_MEMORY).free - PAGE if os.path.isdir(SHARED_MEMORY) else inf
        if room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), SHARED_MEMORY)
        self.largest = min(largest, room)
        self.block = shared_memory.SharedMemory(f"gilteach-{os.getpid()}", create=True, size=8 + self.largest)
        self.free, self.filled = context.Semaphore(1), context.Semaphore(0)
        self.receive = partial(read_shared, self.block, self.free, self.filled)

    def send(self, message):
        end = 8 + len(message)
        self.free.acquire()
        self.block.buf[:8] = len(message).to_bytes(8)
        self.block.buf[8:end] = message
        self.filled.release()

    def close(self):
        super().close()
        self.block.close()
        self.block.unlink()


def read_shared(block, free, filled):
    """Return a byte of every page of the message that stands in shared memory, once it is there."""
    filled.acquire()
    end = 8 + int.from_bytes(block.buf[:8])
    pages = bytes(block.buf[8:end:PAGE])
    free.release()
    return pages


class Pool:
    """Any object, pickled, as the argument of a task: concurrent.futures.ProcessPoolExecutor."""

    largest = inf

    def __init__(self, context, largest):
        self.pool = futures.ProcessPoolExecutor(1, mp_context=context)

    def start(self):
        self.deliver(b"hello", 1)

    def deliver(self, message, count):
        for task in [self.pool.submit(use, message) for _ in range(count)]:
            task.result()

    def close(self):
        self.pool.shutdown()


def use(message):
    return len(message[::PAGE])


class Thread(ToAProcess):
    """A reference to any object, which isn't copied, to another thread: queue.Queue."""

    def open(self, context, largest):
        waiting = queue.Queue()
        self.send, self.receive = waiting.put, waiting.get

    def start(self):
        self.control, control = self.context.Pipe()
        self.receiver = threading.Thread(target=keep_receiving, args=(self.receive, control))
        self.receiver.start()


class Pickling:
    """No channel: what pickling and unpickling alone take, within one process."""

    largest = inf

    def __init__(self, context, largest):
        pass

    def start(self):
        pass

    def deliver(self, message, count):
        for _ in range(count):
            pickle.loads(pickle.dumps(message))[::PAGE]

    def close(self):
        pass


CHANNELS = {
    "pipe": Pipe,
    "queue": Queue,
    "pool": Pool,
    "manager": Manager,
    "shared memory": SharedMemory,
    "thread": Thread,
    "pickling": Pickling,
}
