"""How long it takes to draw each figure: as a panel shows it, and as a cell's output is stored.

    uv run benchmarks/drawing.py             about half a minute

What is drawn is measured first, but for what has 10,000 slices, whose threads would take turns for most of a
minute. The last line is what a panel takes from the release of a slider until its picture is there, less the runs.
"""

import statistics
import time
from dataclasses import replace

from growth import with_slices

import gilteach as gt
from gilteach.show.sweep_figure import panel_figure

TIMES = 7
SLICE = 0.0005  # s


def drawings():
    """Yield the name of each figure, and what draws it."""
    many_slices = with_slices(10_000)
    yield "a run with 10,000 slices", many_slices.figure
    yield "a run with 64 workers", gt.run("wait", workers=64, tasks=640, size=0.1).figure
    sweep = gt.sweep("wait", workers=[1, 2, 4, 8, 16], size=0.02, repeats=3, progress=False)
    yield "a sweep of 45 runs", sweep.figure
    yield "a panel with 45 runs", lambda: panel_figure(sweep, sweep.runs[-3:])
    yield "messages through 7 channels", gt.messages(repeats=1, seconds=0.001, progress=False).figure
    yield "a program with 20 threads, 10,000 slices", program_with_slices(20, 10_000).figure
    curve = gt.predict("How long?", low=0, high=1, at=[1, 2, 4, 8, 16])
    curve._decide(dict.fromkeys([1, 2, 4, 8, 16], 0.5), "")
    yield "a prediction over a sweep", lambda: curve.compare(sweep, runner="threads").picture
    yield "a distribution of 3 times 50", lambda: gt.distribution({kind: range(50) for kind in "abc"}, "value")


def program_with_slices(threads, slices):
    """Return a program's run with so many threads, each of which has so many slices in turn with the others."""
    start = "threading.Thread(target=time.sleep, args=(0.5,)).start()"
    run = gt.measure(f"import threading, time\nfor _ in range({threads}):\n    {start}\n")
    lanes = [lane for lane in run.raw_lanes if lane[1] is not None]
    wall = slices * SLICE
    return replace(
        run,
        wall=wall,
        raw_lanes=[(*lane[:3], 0.0, wall, lane[5]) for lane in run.raw_lanes],
        raw_samples=[(wall, 1.0)],
        raw_others=[],
        raw_slices=[
            (*lanes[number % len(lanes)][:2], number * SLICE, (number + 1) * SLICE, "executing")
            for number in range(slices)
        ],
    )


def times_of(*calls):
    """Return the median seconds of each call, all repeated in turn."""
    seconds = [[] for _ in calls]
    for _ in range(TIMES):
        for call, found in zip(calls, seconds, strict=True):
            start = time.perf_counter()
            call()
            found.append(time.perf_counter() - start)
    return [1000 * statistics.median(found) for found in seconds]


class TimedPanel(gt.Experiment):
    """A panel that adds up what its runs take."""

    seconds = 0.0

    def _interleave(self, *arguments):
        start = time.perf_counter()
        for measured in super()._interleave(*arguments):
            self.seconds += time.perf_counter() - start
            yield measured
            start = time.perf_counter()


def slider_to_picture():
    """Return the median milliseconds from a slider's release to the new picture, less what the runs took."""
    panel = TimedPanel("count", workers=1, size=200_000)
    panel.run()
    left = []
    for number in range(2 * TIMES):
        before, panel.seconds = panel._image.value, 0.0
        start = time.perf_counter()
        panel._workers.value = 2 + number % 3
        while panel._job or panel._image.value == before:
            time.sleep(0.001)
        left.append(time.perf_counter() - start - panel.seconds)
    return 1000 * statistics.median(left)


def main():
    print(f"{'':<46}{'shown':>10}{'stored':>10}")
    for name, draw in drawings():
        draw().png()  # imports, and matplotlib's fonts
        shown, stored = times_of(lambda draw=draw: draw().html(), lambda draw=draw: draw().png())
        print(f"{name:<46}{shown:7.0f} ms{stored:7.0f} ms", flush=True)
    print(f"{'from slider to picture, less the runs':<46}{slider_to_picture():7.0f} ms")


if __name__ == "__main__":
    main()
