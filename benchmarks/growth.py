"""How cost grows: with the number of tasks, of workers, of processes, of samples and of slices.

    uv run benchmarks/growth.py              about three minutes
    uv run benchmarks/growth.py --times 1    a quick look

Each line is the median time of one size, and how many times as long it takes for ten times as many:
10 is linear, less is better. The small sizes show what there is to pay in any case.
"""

import argparse
import statistics
import time
from dataclasses import replace
from functools import cache
from math import log10

import gilteach as gt
from gilteach.measuring import turns
from gilteach.measuring.meter import Meter
from gilteach.show import run_figure

TASKS = (1, 10, 100, 1_000, 10_000)
WORKERS = (1, 4, 16, 64)
PROCESSES = (1, 10, 100)  # of a measured program, one after the other
POINTS = (100, 1_000, 10_000, 100_000)  # of a curve, and slices of a run
TURN = 0.005  # s


def run(runner, tasks=1, workers=2):
    gt.run("count", runner, tasks=tasks, workers=workers, size=1, timeout=120)


def measure(processes):
    start = "subprocess.run([sys.executable, '-I', '-S', '-c', 'pass'])"
    gt.measure(f"import subprocess, sys\nfor _ in range({processes}):\n    {start}\n")


# What is measured is made once: making it isn't to be timed.


@cache
def with_readings(points):
    """Return a meter that has read its clocks so many times."""
    meter = Meter(())
    meter._readings = [(0.02 * number, 0.01 * number) for number in range(points)]
    return meter


@cache
def with_curve(points):
    """Return a run whose curve has so many points."""
    one = gt.run("count", "serial", workers=1, size=1)
    return replace(one, raw_samples=[(0.02 * (number + 1), number % 2) for number in range(points)])


@cache
def with_slices(slices):
    """Return a run in which two threads have taken turns so many times."""
    one = gt.run("count", "threads", workers=2, size=1)
    wall = slices * TURN
    return replace(
        one,
        wall=wall,
        raw_spans=[(worker, worker, 1, worker, 0.0, wall, wall / 2) for worker in range(2)],
        raw_slices=sorted((turn % 2, turn * TURN, (turn + 1) * TURN) for turn in range(slices)),
    )


def draw(one):
    run_figure.run_figure(one, 0.0, one.wall).png()


COSTS = {
    "a run of so many tasks, serial": (TASKS, lambda count: run("serial", tasks=count)),
    "a run of so many tasks, threads": (TASKS, lambda count: run("threads", tasks=count)),
    "a run of so many tasks, processes": (TASKS, lambda count: run("processes", tasks=count)),
    "a run with so many workers, threads": (WORKERS, lambda count: run("threads", workers=count)),
    "a run with so many workers, processes": (WORKERS, lambda count: run("processes", workers=count)),
    "a program with so many processes": (PROCESSES, measure),
    "the curve of so many samples": (
        POINTS,
        lambda count: with_readings(count).curve(0.05, 0.02 * count - 0.05),
    ),
    "a figure with so many samples": (POINTS, lambda count: draw(with_curve(count))),
    "the table and sentence of so many slices": (
        POINTS,
        lambda count: turns.sentence(replace(with_slices(count))),  # a copy has no table yet
    ),
    "a figure with so many slices": (POINTS, lambda count: draw(with_slices(count))),
}


def timed(cost, count, times):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        cost(count)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=5, help="how many times each is measured (5)")
    times = parser.parse_args().times
    print(f"{'':<44}{'number':>10}{'time':>12}{'for tenfold':>14}")
    for what, (counts, cost) in COSTS.items():
        before = None
        for count in counts:
            cost(count)
            seconds = timed(cost, count, times)  # what is paid once, and imports, were paid just before
            growth = ""
            if before:
                growth = f"{(seconds / before[1]) ** (1 / log10(count / before[0])):.1f} ×"
            print(f"{what:<44}{count:>10,}{1000 * seconds:>9.1f} ms{growth:>14}", flush=True)
            before, what = (count, seconds), ""


if __name__ == "__main__":
    main()
