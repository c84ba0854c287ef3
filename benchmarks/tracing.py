"""What recording slices costs: CPU time of a task's traced twin ÷ CPU time of the task itself.

    uv run benchmarks/tracing.py              about a minute and a half
    uv run --no-project -p 3.13t benchmarks/tracing.py     under another Python: it needs nothing but it

Both take turns in one process, so that the core's speed is the same to both, and a few processes
do so, because where the code happens to lie in memory makes it up to 15 % faster or slower.
"""

import subprocess
import sys
import time
from pathlib import Path

from ratios import pairs, report

SIZES = {"count": 600_000, "primes": 12_000, "digest": 20_000_000}  # some 30 ms
PROCESSES = 40
CALLS = 6  # in each


def cpu_time(function, *arguments, **extras):
    start = time.thread_time()
    function(*arguments, **extras)  # as a bench calls it: a loop's speed depends on that
    return time.thread_time() - start


def compare(name):
    """Print the ratios of one process's calls."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "gilteach" / "bench"))
    from slices import Slicer
    from tasks import TASKS
    from work import never_called

    task, size = TASKS[name], SIZES[name]
    ratios = pairs(
        lambda: cpu_time(never_called(task.traced), size, stamp=Slicer(1000).stamp),
        lambda: cpu_time(never_called(task.function), size),
        CALLS,
    )
    print(*ratios)


def main():
    for name in SIZES:
        ratios = []
        for _ in range(PROCESSES):
            answer = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=True)
            ratios += map(float, answer.stdout.split())
        report(f"traced ÷ untraced CPU time, {name}", ratios)


if __name__ == "__main__":
    compare(*sys.argv[1:]) if sys.argv[1:] else main()
