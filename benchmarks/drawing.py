"""How long it takes to draw each figure, as a notebook shows it: with its PNG.

    uv run benchmarks/drawing.py             about half a minute

What is drawn is measured first, but for the run with 10,000 slices, whose threads would take turns for
most of a minute.
"""

import statistics
import time

from gilteach.show.figures import panel_figure
from growth import with_slices

import gilteach as gt

TIMES = 7


def drawings():
    """Yield the name of each figure, and what draws it."""
    many_slices = with_slices(10_000)
    yield "a run with 10,000 slices", many_slices.figure
    yield "a run with 64 workers", gt.run("wait", workers=64, tasks=640, size=0.1).figure
    sweep = gt.sweep("wait", workers=[1, 2, 4, 8, 16], size=0.02, repeats=3, progress=False)
    yield "a sweep of 45 runs", sweep.figure
    yield "a panel with 45 runs", lambda: panel_figure(sweep, sweep.runs[-3:])
    yield "messages through 7 channels", gt.messages(repeats=1, seconds=0.001, progress=False).figure
    program = (
        "import threading, time\nfor _ in range(20):\n    threading.Thread(target=time.sleep, args=(0.5,)).start()"
    )
    yield "a program with 20 threads", gt.measure(program).figure
    curve = gt.predict("How long?", low=0, high=1, at=[1, 2, 4, 8, 16])
    curve._submit.click()
    yield "a prediction over a sweep", lambda: curve.compare(sweep, runner="threads").picture
    yield "a distribution of 3 times 50", lambda: gt.distribution({kind: range(50) for kind in "abc"}, "value")


def main():
    for name, draw in drawings():
        draw().png()  # imports, and matplotlib's fonts
        seconds = []
        for _ in range(TIMES):
            start = time.perf_counter()
            draw().png()
            seconds.append(time.perf_counter() - start)
        print(f"{name:<46}{1000 * statistics.median(seconds):7.0f} ms   (up to {1000 * max(seconds):.0f})", flush=True)


if __name__ == "__main__":
    main()
