"""The channels: ways to hand a message, some bytes, to another worker.

Each channel gets ready (`start`), delivers a message many times (`deliver`, which returns once the
receiver has used the last one) and lets go of what it holds (`close`). Most of them say in two
methods how a message is sent and how it is received. To add one, write the class and add one line
to `CHANNELS`.
"""

import os
import pickle
import queue
import shutil
import threading
from concurrent import futures
from math import inf

PAGE = 4096  # bytes
SHARED_MEMORY = "/dev/shm"  # where Linux keeps it; containers often have little of it


def use(message):
    """Read a byte of every page of a message: it must really have arrived, whole."""
    return len(bytes(message[::PAGE]))


class ToAProcess:
    """To a process that receives, and acknowledges the last message of a delivery."""

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
        self.control.send(count)
        for _ in range(count):
            self.send(message)
        self.control.recv()

    def close(self):
        self.control.send(None)
        self.receiver.join()

    def __getstate__(self):
        # Only the receiver's part goes to the receiver.
        return {name: value for name, value in vars(self).items() if name in self.shared}


def keep_receiving(receive, control):
    while count := control.recv():
        for _ in range(count):
            receive()
        control.send("used")


class Pipe(ToAProcess):
    """Bytes, through a pipe of the operating system: multiprocessing.Pipe."""

    shared = ("receiving_end",)

    def open(self, context, largest):
        self.receiving_end, self.sending_end = context.Pipe(duplex=False)

    def send(self, message):
        self.sending_end.send_bytes(message)

    def receive(self):
        use(self.receiving_end.recv_bytes())


class Queue(ToAProcess):
    """Any object, pickled, through a thread of the sender's and a pipe: multiprocessing.Queue."""

    shared = ("queue",)

    def open(self, context, largest):
        self.queue = context.Queue()

    def send(self, message):
        self.queue.put(message)

    def receive(self):
        use(self.queue.get())


class Manager(ToAProcess):
    """Any object, pickled, through a queue that a third process keeps: multiprocessing.Manager."""

    shared = ("queue",)

    def open(self, context, largest):
        self.manager = context.Manager()
        self.queue = self.manager.Queue(2)  # messages that may wait there: large ones need much memory

    def send(self, message):
        self.queue.put(message)

    def receive(self):
        use(self.queue.get())

    def close(self):
        super().close()
        self.manager.shutdown()


class SharedMemory(ToAProcess):
    """Bytes, copied once, into memory that both processes see: multiprocessing.shared_memory."""

    shared = ("block", "free", "filled")

    def open(self, context, largest):
        from multiprocessing import shared_memory

        room = shutil.disk_usage(SHARED_MEMORY).free - PAGE if os.path.isdir(SHARED_MEMORY) else inf
        self.largest = min(largest, room)
        self.block = shared_memory.SharedMemory(f"gilteach-{os.getpid()}", create=True, size=8 + self.largest)
        self.free, self.filled = context.Semaphore(1), context.Semaphore(0)

    def send(self, message):
        end = 8 + len(message)
        self.free.acquire()
        self.block.buf[:8] = len(message).to_bytes(8)
        self.block.buf[8:end] = message
        self.filled.release()

    def receive(self):
        self.filled.acquire()
        end = 8 + int.from_bytes(self.block.buf[:8])
        use(self.block.buf[8:end])
        self.free.release()

    def close(self):
        super().close()
        self.block.close()
        self.block.unlink()


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


class Thread(ToAProcess):
    """A reference to any object, which isn't copied, to another thread: queue.Queue."""

    def open(self, context, largest):
        self.queue = queue.Queue()

    def start(self):
        self.control, control = self.context.Pipe()
        self.receiver = threading.Thread(target=keep_receiving, args=(self.receive, control))
        self.receiver.start()

    def send(self, message):
        self.queue.put(message)

    def receive(self):
        use(self.queue.get())


class Pickling:
    """No channel: what pickling and unpickling alone take, within one process."""

    largest = inf

    def __init__(self, context, largest):
        pass

    def start(self):
        pass

    def deliver(self, message, count):
        for _ in range(count):
            use(pickle.loads(pickle.dumps(message)))

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
