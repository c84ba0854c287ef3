"""What measuring takes in memory: a sweep of 1,000 runs, and a traced minute.

    uv run benchmarks/memory.py              about four minutes
    uv run benchmarks/memory.py minute       one of the two

By how much the memory of this process grows (resident, which is what a learner's machine has to have),
with all tables and a figure made; and for the minute, what its bench takes at most besides.
"""

import sys
import threading
import time

import psutil

import gilteach as gt

KERNEL = psutil.Process()
LOOK_EVERY = 0.1  # s


def resident(process):
    return process.memory_info().rss / 1e6


def warm_up():
    """Import, and draw, what any measurement needs."""
    run = gt.run("count", workers=2, size=10**6, trace=True)
    run.figure().png()
    gt.Sweep((run,), (0,), "workers", 1).figure().png()


def sweep():
    before = resident(KERNEL)
    result = gt.sweep("wait", "threads", workers=8, tasks=64, size=0.005, repeats=1000, progress=False)
    result.figure().png()
    for run in result.runs:
        assert not run.spans.empty
        assert not run.samples.empty
    print(f"a sweep of 1,000 runs: {resident(KERNEL) - before:.0f} MB")


def minute():
    rate = 5_000_000 / gt.run("count", workers=2, size=5_000_000).wall  # of each of two threads
    before, bench, over = resident(KERNEL), [0.0], threading.Event()

    def watch():
        while not over.wait(LOOK_EVERY):
            for child in KERNEL.children():
                try:
                    bench.append(resident(child))
                except psutil.Error:
                    pass  # it has ended meanwhile

    watching = threading.Thread(target=watch)
    watching.start()
    start = time.perf_counter()
    run = gt.run("count", workers=2, size=int(60 * rate), trace=True, timeout=200)
    lasted = time.perf_counter() - start
    over.set()
    watching.join()
    run.figure().png()
    print(
        f"{lasted:.0f} s traced, {len(run.slices):,} slices: {resident(KERNEL) - before:.0f} MB here, "
        f"{max(bench):.0f} MB in the bench"
    )


def main():
    warm_up()
    for part in (sweep, minute):
        if part.__name__ in (sys.argv[1:] or ("sweep", "minute")):
            part()


if __name__ == "__main__":
    main()
