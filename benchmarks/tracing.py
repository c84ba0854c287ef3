"""What recording slices costs: CPU time of traced runs ÷ CPU time of the same runs untraced.

    python benchmarks/tracing.py [PAIRS [PYTHON ...]]

PAIRS (25 by default) of runs, interleaved; PYTHON as in ``gt.run(python=...)``, such as 3.13t. The
median should stay under 1.02. Where the code happens to lie in memory alone makes a run up to 15 %
faster or slower, so few pairs say little.
"""

import statistics
import sys

import gilteach as gt

SIZES = {"count": 3_000_000, "primes": 60_000, "digest": 100_000_000}


def ratio(task, runner, python, swap):
    """Return traced ÷ untraced CPU time of one pair, the traced run first if `swap`."""
    cpu = {
        trace: gt.run(task, runner, workers=2, size=SIZES[task], trace=trace, python=python).cpu
        for trace in (swap, not swap)
    }
    return cpu[True] / cpu[False]


def main(pairs=25, *pythons):
    settings = [
        (task, runner, python) for python in pythons or (None,) for task in SIZES for runner in ("threads", "processes")
    ]
    ratios = {setting: [] for setting in settings}
    for pair in range(int(pairs)):
        for setting in settings:
            ratios[setting].append(ratio(*setting, swap=pair % 2 == 1))
    print(f"traced ÷ untraced CPU time, {pairs} pairs: median (quartiles)")
    for (task, runner, python), values in ratios.items():
        low, median, high = statistics.quantiles(values, n=4)
        print(f"{python or 'this Python':<12}{task:<8}{runner:<11}{median:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main(*sys.argv[1:])
