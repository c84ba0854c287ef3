"""What measuring costs: the same work through gilteach and in a plain script, interleaved.

    uv run benchmarks/cost.py              about four minutes on a quiet machine
    uv run benchmarks/cost.py --pairs 5    a quick look

Each line is a ratio, the median of pairs that ran one right after the other, with the interval that
holds the true median with 95 % confidence (the sign test's). 1 means that it costs nothing. On a
machine whose cores change speed, single pairs are off by tens of per cent; the medians agree.
"""

import argparse
import statistics
import subprocess
import sys
import time

import gilteach as gt
from gilteach import meter, runs

SIZE = 4_000_000

# The plainest programs that do the same work and time it the same way: from when the workers are
# ready until the last is done.
PLAIN = {
    "serial": """
import time

def count(size):
    n = 0
    while n < size:
        n += 1
    return n

start = time.perf_counter()
for _ in range(2):
    count({size})
print(time.perf_counter() - start)
""",
    "threads": """
import threading
import time

def count(size):
    n = 0
    while n < size:
        n += 1
    return n

threads = [threading.Thread(target=count, args=({size},)) for _ in range(2)]
start = time.perf_counter()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(time.perf_counter() - start)
""",
    "processes": """
import multiprocessing
import time

def count(size):
    n = 0
    while n < size:
        n += 1
    return n

def work(barrier, ends, size):
    barrier.wait()
    count(size)
    ends.put(time.perf_counter())

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    barrier, ends = context.Barrier(3), context.SimpleQueue()
    workers = [context.Process(target=work, args=(barrier, ends, {size})) for _ in range(2)]
    for worker in workers:
        worker.start()
    barrier.wait()
    start = time.perf_counter()
    print(max(ends.get() for _ in workers) - start)
    for worker in workers:
        worker.join()
""",
}


def plain(runner, folder):
    """Wall time of the plain script, in seconds."""
    script = f"{folder}/{runner}.py"
    answer = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    return float(answer.stdout)


def through_gilteach(runner):
    return gt.run("count", runner, workers=2, tasks=2, size=SIZE).wall


def without_sampling(runner):
    usual = meter.EXACT_INTERVAL
    meter.EXACT_INTERVAL = 3600.0
    try:
        return through_gilteach(runner)
    finally:
        meter.EXACT_INTERVAL = usual


def pairs(first, second, count):
    """Ratios first ÷ second of runs that follow each other, in alternating order."""
    ratios = []
    for number in range(count):
        if number % 2:
            two = second()
            one = first()
        else:
            one = first()
            two = second()
        ratios.append(one / two)
    return ratios


def report(what, ratios):
    ordered = sorted(ratios)
    # The sign test's interval for the median; all of the ratios where there are fewer than six.
    outside = max(0, int((len(ordered) - 1.96 * len(ordered) ** 0.5) / 2))
    low, high = ordered[outside], ordered[-1 - outside]
    print(f"{what:<46}{statistics.median(ordered):7.3f}   ({low:.3f} to {high:.3f}, {len(ordered)} pairs)", flush=True)


def area_by_cpu_time(runner):
    """Area under the CPU-utilisation curve ÷ CPU time that the operating system reports."""
    run = gt.run("count", runner, workers=2, size=SIZE)
    widths = run.samples["time_s"].diff().fillna(run.samples["time_s"].iloc[0])
    return (run.samples["cores_busy"] * widths).sum() / run.cpu


def first_event():
    """Seconds from asking for a bench until its first event."""
    began = []
    original = runs._next_event

    def timed(bench, plan, deadline, stop, expected, meter=None):
        event = original(bench, plan, deadline, stop, expected, meter)
        if expected == "ready":
            began.append(time.perf_counter())
        return event

    runs._next_event = timed
    start = time.perf_counter()
    try:
        gt.run("count", "threads", workers=2, size=1)
    finally:
        runs._next_event = original
    return began[0] - start


def bare_python():
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - start


def import_time(modules):
    code = f"import time; start = time.perf_counter(); import {modules}; print(time.perf_counter() - start)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def main():
    import tempfile
    from pathlib import Path

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=30, help="pairs for each ratio (30)")
    count = parser.parse_args().pairs

    with tempfile.TemporaryDirectory() as folder:
        for runner, program in PLAIN.items():
            Path(folder, f"{runner}.py").write_text(program.format(size=SIZE))
        for runner in PLAIN:
            report(
                f"run ÷ plain script, {runner}",
                pairs(lambda r=runner: through_gilteach(r), lambda r=runner: plain(r, folder), count),
            )
    for runner in PLAIN:
        ratios = pairs(lambda r=runner: through_gilteach(r), lambda r=runner: without_sampling(r), count)
        report(f"with ÷ without sampling, {runner}", ratios)
    for runner in PLAIN:
        report(f"area under the curve ÷ CPU time, {runner}", [area_by_cpu_time(runner) for _ in range(count)])

    events = [first_event() for _ in range(count)]
    bare = [bare_python() for _ in range(count)]
    print(f"{'first event after':<46}{1000 * statistics.median(events):7.0f} ms")
    print(f"{'python -c pass takes':<46}{1000 * statistics.median(bare):7.0f} ms")
    ours = [import_time("gilteach") for _ in range(5)]
    needs = [import_time("ipywidgets, matplotlib.figure, numpy, pandas, psutil") for _ in range(5)]
    print(f"{'import gilteach takes':<46}{1000 * statistics.median(ours):7.1f} ms")
    print(f"{'importing what it can need takes':<46}{1000 * statistics.median(needs):7.0f} ms")


if __name__ == "__main__":
    main()
