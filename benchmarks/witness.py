"""What it costs to see who executes when: programs measured with the witness and without, and its own share of a core.

    uv run benchmarks/witness.py               some minutes on a quiet machine (Linux)
    uv run benchmarks/witness.py --pairs 5     a quick look

A ratio is the median of pairs that ran one right after the other, with the interval that holds the true median with
95 % confidence (the sign test's). Wall and CPU time are the program's own.
"""

import argparse
import os
import subprocess
import sys
import time
from functools import partial

import numpy as np
from ratios import pairs, report

from gilteach.children.launch import BENCH
from gilteach.programs import program
from gilteach.programs.witness import Witness

COUNT = "def count(n):\n    while n:\n        n -= 1\n"
PROGRAMS = {
    "waiting": "import threading, time\nthreads = [threading.Thread(target=time.sleep, args=(1,)) for _ in range(4)]\n",
    "counting in threads": f"import threading\n{COUNT}"
    "threads = [threading.Thread(target=count, args=(8_000_000,)) for _ in range(2)]\n",
    "counting in processes on all cores": f"import multiprocessing, os\n{COUNT}"
    "threads = [multiprocessing.Process(target=count, args=(16_000_000,)) for _ in range(os.cpu_count())]\n",
}
RUN_THEM = "for thread in threads:\n    thread.start()\nfor thread in threads:\n    thread.join()\n"
SHARES = {1: "one thread", 10: "ten threads", 100: "a hundred threads"}
MANY = """
import sys, threading
def count():
    while True:
        pass
for _ in range(int(sys.argv[1]) - 1):
    threading.Thread(target=count, daemon=True).start()
count()
"""


class NoWitness(Witness):
    def __init__(self):
        self._child = None
        self._watched = set()


def measure(text, witness):
    program.Witness = witness
    run = program.measure(text)
    return np.array([run.wall, run.cpu])


def own_share(threads, seconds=5.0):
    """The share of a core that the witness takes beside a program of so many threads."""
    busy = subprocess.Popen([sys.executable, "-c", MANY, str(threads)])
    time.sleep(0.5)
    witness = subprocess.Popen(
        [sys.executable, "-I", "-S", BENCH / "witness.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        witness.stdin.write(f"{busy.pid}\n".encode())
        witness.stdin.flush()
        time.sleep(0.5)  # in which it finds out how often it may look
        before, began = _clock(witness.pid), time.perf_counter()
        time.sleep(seconds)
        return (_clock(witness.pid) - before) / (time.perf_counter() - began)
    finally:
        busy.kill()
        busy.wait()
        witness.communicate(b"report\n")


def _clock(pid):
    return time.clock_gettime(~pid << 3 | 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=15)
    options = parser.parse_args()
    if sys.platform != "linux":
        raise SystemExit("only Linux keeps the accounts that the witness reads")
    print(f"{os.cpu_count()} CPUs")
    for name, text in PROGRAMS.items():
        source = text + (RUN_THEM if "processes" not in name else "if __name__ == '__main__':\n    pass\n" + RUN_THEM)
        ratios = pairs(partial(measure, source, Witness), partial(measure, source, NoWitness), options.pairs)
        for quantity, of_quantity in zip(("wall", "CPU"), zip(*ratios, strict=True), strict=True):
            report(f"{name}: {quantity} time with ÷ without", of_quantity)
    for threads, words in SHARES.items():
        print(f"the witness's own share of a core, {words}: {100 * own_share(threads):.1f} %")


if __name__ == "__main__":
    main()
