"""Messages through a channel: how long one takes, for every size asked for.

Many messages of a size are sent one right after the other, as fast as the channel takes them; the
time from sending the first until the receiver has used the last, divided by their number, is the
time per message. Deliveries grow until one lasts long enough to be measured; the shorter ones
before it are the warm-up.
"""

import threading
import time
import traceback
from concurrent.futures import BrokenExecutor
from multiprocessing import connection

from channels import CHANNELS, ToAProcess
from kernel import child_processes
from runners import process_context

FEWEST = 2  # messages in a delivery that counts: in it, sending and receiving overlap


def measure_messages(kernel, request):
    """Do what a request of the kernel's for messages asks for, and return the channel; what is said is as for tasks."""
    kernel.listen()
    processes = []
    try:
        asked = time.perf_counter()
        channel = CHANNELS[request["channel"]](process_context(), max(request["sizes"]))
        channel.start()
        startup = time.perf_counter() - asked
        processes = child_processes()
        if isinstance(channel, ToAProcess):  # others have no process, or a pool that watches it
            threading.Thread(target=watch, args=(kernel, processes), daemon=True).start()
        kernel.tell_ready(startup, [(process.pid, process.pid) for process in processes])
        kernel.go.wait()
        deliveries = [
            (size, *time_delivery(channel, size, request["seconds"]))
            for size in request["sizes"]
            if size <= channel.largest
        ]
    except BrokenExecutor:
        kernel.tell_deaths_in_pool(processes, channel.close)
    except (EOFError, ConnectionError):
        pass  # a process has ended, which the watching thread tells
    except Exception as error:
        kernel.tell("error", kind="bench", reason=str(error), traceback=traceback.format_exc())
    else:
        kernel.work_is_over = True
        kernel.tell("done", deliveries=deliveries)
        kernel.closed.wait()
        channel.close()
        return channel
    kernel.closed.wait()


def time_delivery(channel, size, seconds):
    """Return how many messages of `size` bytes were delivered, and in how many seconds: `seconds` at least."""
    message = b"g" * size
    count = 1
    while True:
        start = time.perf_counter()
        channel.deliver(message, count)
        elapsed = time.perf_counter() - start
        if elapsed >= seconds and count >= FEWEST:
            return count, elapsed
        count = max(FEWEST, 2 * count)


def watch(kernel, processes):
    """Tell the kernel when one of the processes ends too early: the sender might wait for it for ever."""
    if connection.wait([process.sentinel for process in processes]) and not kernel.work_is_over:
        ended = [process for process in processes if not process.is_alive()]
        kernel.tell_deaths(ended)
