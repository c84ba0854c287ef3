"""What measuring costs: the same work through gilteach and in a plain script, interleaved.

    uv run benchmarks/cost.py               about ten minutes on a quiet machine
    uv run benchmarks/cost.py --pairs 20    a quick look
    uv run benchmarks/cost.py --python 3.13 what a run costs under another Python

Each line is a ratio, the median of pairs that ran one right after the other, with the interval that
holds the true median with 95 % confidence (the sign test's). 1 means that it costs nothing. On a
machine whose cores change speed, single pairs are off by tens of per cent; the medians agree. How fast a
loop of Python is depends besides by up to a tenth on where its numbers happen to lie in memory, and so on
what a program has imported and made before: no plain script is *the* one, so a few per cent of a serial
count say nothing of what measuring costs.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from bisect import bisect
from pathlib import Path

import account
from ratios import pairs, report

import gilteach as gt
from gilteach.host import interpreters
from gilteach.measuring import execution
from gilteach.measuring.meter import Meter

WORK = {
    "count": """
def count(size):
    n = 0
    while n < size:
        n += 1
    return n
""",
    "wait": """
def wait(size):
    time.sleep(size)
""",
}
NEEDED = "ipywidgets, matplotlib.figure, numpy, pandas, psutil"  # before the first figure and panel
SIZES = {"count": 2_000_000, "wait": 0.2}

# The plainest programs that do the same work and time it the same way: from when the workers are
# ready until the last is done.
PLAIN = {
    "serial": """
import time

{work}
start = time.perf_counter()
for _ in range(2):
    {task}({size})
print(time.perf_counter() - start)
""",
    "threads": """
import threading
import time

{work}
threads = [threading.Thread(target={task}, args=({size},)) for _ in range(2)]
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

{work}
def work(barrier, ends, size):
    barrier.wait()
    {task}(size)
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


# A program that computes at a steady pace, and notes when each of its pieces was done.
STEADY = """
import json, sys, threading, time

stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
print("ready", flush=True)
done = []
while not stop.is_set():
    n = 0
    while n < 2000:
        n += 1
    done.append(time.perf_counter())
print(json.dumps(done))
"""
STRETCH = 0.1  # s


def run_by_plain(task, runner, count, python):
    """Ratios of a run's wall time ÷ the plain script's."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, f"{runner}.py")
        script.write_text(PLAIN[runner].format(work=WORK[task], task=task, size=SIZES[task]))

        def plain():
            answer = subprocess.run([python, script], capture_output=True, text=True, check=True)
            return float(answer.stdout)

        def through_gilteach():
            return gt.run(task, runner, workers=2, tasks=2, size=SIZES[task], python=python).wall

        return pairs(through_gilteach, plain, count)


def sampled_by_unsampled(processes, count):
    """Ratios of the work that programs do in a stretch while sampled ÷ in the next one while not."""
    programs = [
        subprocess.Popen([sys.executable, "-c", STEADY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for program in programs:
        program.stdout.readline()
    meter = Meter([program.pid for program in programs])

    def sampled():
        start = time.perf_counter()
        while (now := time.perf_counter()) < start + STRETCH:
            time.sleep(meter.interval)
            meter.sample()
        return start, now

    def unsampled():
        start = time.perf_counter()
        time.sleep(STRETCH)
        return start, time.perf_counter()

    stretches = []
    for number in range(count):
        first, second = (unsampled, sampled) if number % 2 else (sampled, unsampled)
        pair = {first: first(), second: second()}
        stretches.append((pair[sampled], pair[unsampled]))
    stamps = [json.loads(program.communicate("stop\n")[0]) for program in programs]

    def rate(start, end):
        return sum(bisect(done, end) - bisect(done, start) for done in stamps) / (end - start)

    return [rate(*one) / rate(*other) for one, other in stretches]


def area_by_cpu_time(runner):
    """Area under the CPU-utilisation curve ÷ CPU time that the tasks' own getrusage reports.

    What a pool itself uses, a millisecond or two, is in the curve alone.
    """
    run = gt.run(account.count, runner, workers=2, tasks=2, size=5 * SIZES["count"])
    widths = run.samples["time_s"].diff().fillna(run.samples["time_s"].iloc[0])
    return (run.samples["cores_busy"] * widths).sum() / sum(run.results)


def traced_by_untraced(runner, count):
    """Ratios of a run's wall time with tracing ÷ without."""

    def wall(trace):
        return gt.run("count", runner, workers=2, tasks=2, size=SIZES["count"], trace=trace).wall

    return pairs(lambda: wall(True), lambda: wall(False), count)


def first_event():
    """Seconds from asking for a bench until its first event."""
    began = []
    original = execution.next_event

    def timed(bench, plan, deadline, stop, expected, meter=None):
        event = original(bench, plan, deadline, stop, expected, meter)
        if expected == "ready":
            began.append(time.perf_counter())
        return event

    execution.next_event = timed
    start = time.perf_counter()
    try:
        gt.run("count", "threads", workers=2, size=1)
    finally:
        execution.next_event = original
    return began[0] - start


def bare_python():
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - start


def import_time(modules):
    code = f"import time; start = time.perf_counter(); import {modules}; print(time.perf_counter() - start)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100, help="pairs for each ratio (100)")
    parser.add_argument("--python", help="only what a run costs there, such as 3.13; by default all, and here")
    options = parser.parse_args()
    count, python = options.pairs, interpreters.resolve(options.python).executable

    for task in WORK:
        for runner in PLAIN:
            report(f"run ÷ plain script, {task}, {runner}", run_by_plain(task, runner, count, python))
    if options.python:
        return
    for processes in 1, 2:
        report(f"work sampled ÷ unsampled, processes: {processes}", sampled_by_unsampled(processes, 3 * count))
    for runner in PLAIN:
        report(f"area under the curve ÷ getrusage, {runner}", [area_by_cpu_time(runner) for _ in range(count // 4)])

    for runner in PLAIN:
        report(f"run traced ÷ untraced, count, {runner}", traced_by_untraced(runner, count))

    events, bare = zip(*((first_event(), bare_python()) for _ in range(count // 4)), strict=True)
    print(f"{'first event after':<46}{1000 * statistics.median(events):7.0f} ms")
    print(f"{'python -c pass takes':<46}{1000 * statistics.median(bare):7.0f} ms")
    ours, needs = zip(*((import_time("gilteach"), import_time(NEEDED)) for _ in range(count // 4)), strict=True)
    print(f"{'import gilteach takes':<46}{1000 * statistics.median(ours):7.1f} ms")
    print(f"{'importing what it can need takes':<46}{1000 * statistics.median(needs):7.0f} ms")


if __name__ == "__main__":
    main()
