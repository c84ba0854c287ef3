"""Messages through gilteach's channels and through a plain script that does the same, interleaved.

    uv run benchmarks/messages.py                     some ten minutes on a quiet machine
    uv run benchmarks/messages.py --pairs 3 pipe      a quick look at one channel

Each line is a ratio of times per message, the median of pairs that ran one right after the other.
1 means that both measure the same; it should be between 0.85 and 1.15.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from ratios import pairs, report

import gilteach as gt

SIZES = {"1 KB": 1000, "1 MB": 1_000_000, "50 MB": 50_000_000}
SECONDS = 0.2  # that a delivery lasts at least

# To a process that receives: what is made, how it is sent, how received.
TO_A_PROCESS = """
import multiprocessing, sys, time
from multiprocessing.shared_memory import SharedMemory

SIZE, COUNT = map(int, sys.argv[1:])

def receive(end, free, filled, done):
    for _ in range(2):
        for _ in range(COUNT):
            {receive}
        done.send(True)

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    free, filled = context.Semaphore(1), context.Semaphore(0)
    done, to_done = context.Pipe(duplex=False)
    {make}
    receiver = context.Process(target=receive, args=(end, free, filled, to_done))
    receiver.start()
    message = b"g" * SIZE
    for _ in range(2):  # the first time is the warm-up
        start = time.perf_counter()
        for _ in range(COUNT):
            {send}
        done.recv()
        seconds = time.perf_counter() - start
    print(seconds / COUNT)
    receiver.join()
    {close}
"""

POOL = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

SIZE, COUNT = map(int, sys.argv[1:])

def use(message):
    return len(message[::4096])

if __name__ == "__main__":
    message = b"g" * SIZE
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for _ in range(2):
            start = time.perf_counter()
            for task in [pool.submit(use, message) for _ in range(COUNT)]:
                task.result()
            seconds = time.perf_counter() - start
    print(seconds / COUNT)
"""

THREAD = """
import queue, sys, threading, time

SIZE, COUNT = map(int, sys.argv[1:])
waiting, done = queue.Queue(), queue.Queue()

def receive():
    for _ in range(2):
        for _ in range(COUNT):
            waiting.get()[::4096]
        done.put(True)

threading.Thread(target=receive).start()
message = b"g" * SIZE
for _ in range(2):
    start = time.perf_counter()
    for _ in range(COUNT):
        waiting.put(message)
    done.get()
    seconds = time.perf_counter() - start
print(seconds / COUNT)
"""

PICKLING = """
import pickle, sys, time

SIZE, COUNT = map(int, sys.argv[1:])

def copy(message):
    for _ in range(COUNT):
        pickle.loads(pickle.dumps(message))[::4096]

message = b"g" * SIZE
for _ in range(2):
    start = time.perf_counter()
    copy(message)
    seconds = time.perf_counter() - start
print(seconds / COUNT)
"""

PARTS = {
    "pipe": {
        "make": "end, sending = context.Pipe(duplex=False)",
        "send": "sending.send_bytes(message)",
        "receive": "end.recv_bytes()[::4096]",
    },
    "queue": {"make": "end = context.Queue()", "send": "end.put(message)", "receive": "end.get()[::4096]"},
    "manager": {
        "make": "manager = context.Manager(); end = manager.Queue(2)",
        "send": "end.put(message)",
        "receive": "end.get()[::4096]",
        "close": "manager.shutdown()",
    },
    "shared memory": {
        "make": "end = SharedMemory(create=True, size=SIZE)",
        "send": "free.acquire(); end.buf[:SIZE] = message; filled.release()",
        "receive": "filled.acquire(); bytes(end.buf[:SIZE:4096]); free.release()",
        "close": "end.close(); end.unlink()",
    },
}
PLAIN = {name: TO_A_PROCESS.format(**{"close": "pass"} | parts) for name, parts in PARTS.items()}
PLAIN |= {"pool": POOL, "thread": THREAD, "pickling": PICKLING}


def through_gilteach(channel, size):
    """Return seconds per message, and how many messages it took."""
    row = gt.messages(channel, size, repeats=1, seconds=SECONDS, progress=False).frame.iloc[0]
    return row["seconds_per_message"], row["messages"]


def through_plain_script(script, size, count):
    answer = subprocess.run([sys.executable, script, str(size), str(count)], capture_output=True, text=True, check=True)
    assert not answer.stderr, answer.stderr
    return float(answer.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=11, help="pairs for each ratio (11)")
    parser.add_argument("channels", nargs="*", help="all of them by default")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for channel in arguments.channels or PLAIN:
            script = Path(folder, "plain.py")
            script.write_text(PLAIN[channel])
            for name, size in SIZES.items():
                count = through_gilteach(channel, size)[1]
                ratios = pairs(
                    lambda channel=channel, size=size: through_gilteach(channel, size)[0],
                    lambda script=script, size=size, count=count: through_plain_script(script, size, count),
                    arguments.pairs,
                )
                report(f"gilteach ÷ plain script, {channel}, {name}", ratios)


if __name__ == "__main__":
    main()
