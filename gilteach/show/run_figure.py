"""The figure of a run: cores busy against time, above a lane for each worker."""

import numpy as np
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.ticker import FixedLocator

from .pictures import (
    COLOURS,
    REFERENCE,
    SCREEN_DPI,
    SHARPNESS,
    WIDTH,
    label_directly,
    new_picture,
    our_style,
    set_cores_axis,
)
from .words import workers

LANE_PIXELS = round(WIDTH * SCREEN_DPI * SHARPNESS)
PALE = 0.3  # opacity of a task in progress
MOST_EDGES = 200  # tasks in a lane that are told apart by a white edge; of more, edges would be all that is seen


def run_figure(run, start, end):
    """Draw cores busy against time, above a lane per worker, from `start` to `end` (seconds)."""
    with our_style():
        picture = new_picture(2.6 + min(3.0, 0.3 + 0.25 * run.workers), above=0.7)
        top, bottom = picture.subplots(2, 1, sharex=True, height_ratios=[2.0, min(3.0, 0.4 + 0.3 * run.workers)])
        draw_utilisation(top, [run])
        draw_lanes(bottom, run, start, end)
        top.set_xlabel("")
        top.set_xlim(start, end)
    tasks = f"{len(run.spans)} task{'s' * (len(run.spans) != 1)}"
    picture.alt = f"{run!r}. Cores busy against time, and a lane per worker with its part of the {tasks}."
    if not run.slices.empty:
        picture.alt += f" {run.turns}."
    return picture


def draw_utilisation(axes, runs):
    """Draw cores busy against time, a line per run."""
    labels = []
    longest = max(run.wall for run in runs)
    for run in runs:
        times, cores = zip(*run.raw_samples, strict=True)
        colour, name = COLOURS[run.runner], workers(run.runner, run.workers)
        axes.stairs(cores, [0.0, *times], color=colour, linewidth=1.8, baseline=None)
        # Beside its usual height, in its colour: beside its end, short runs' names would cross the others.
        labels.append((longest, float(np.median(cores)), name, colour, 11))
    axes.set_xlim(0, longest)
    axes.set_title("CPU utilisation")
    axes.set_ylabel("cores busy")
    axes.set_xlabel("seconds since the work began")
    highest = max(cores for run in runs for _, cores in run.raw_samples)
    set_cores_axis(axes, runs[-1].machine.usable_cpus, highest, side="right")
    label_directly(axes, labels)


def draw_lanes(axes, run, start, end):
    """Draw a lane per worker: a pale bar for every task that it worked on, solid while it executed."""
    spans, slices = run.spans, run.slices
    colour = COLOURS[run.runner]
    for worker, rows in spans.groupby("worker"):
        bars = list(zip(rows["start_s"], rows["end_s"] - rows["start_s"], strict=True))
        pale, between = to_rgba(colour, PALE), 0.8 if len(bars) < MOST_EDGES else 0.0
        axes.broken_barh(bars, (worker - 0.35, 0.7), facecolors=pale, edgecolors="white", linewidth=between)
    for worker, rows in slices.groupby("worker"):
        # A bar is drawn a pixel wide at least, so in a long run two threads that take turns would seem
        # to execute all the time. In an image each pixel is as solid as its share of executing.
        lane = np.empty((1, LANE_PIXELS, 4))
        lane[..., :3] = to_rgb(colour)
        lane[..., 3] = share_executing(rows, np.linspace(start, end, LANE_PIXELS + 1))
        axes.imshow(lane, extent=(start, end, worker + 0.25, worker - 0.25), aspect="auto", zorder=2)
    lanes = int(spans["worker"].max()) + 1
    axes.set_xlim(start, end)
    axes.set_ylim(lanes - 0.4, -0.6)
    axes.yaxis.set_major_locator(FixedLocator(range(lanes), nbins=8))
    axes.set_ylabel("worker")
    axes.set_xlabel("seconds since the work began")
    axes.set_title("Who worked when" + "  (pale: task in progress, solid: executing)" * (not slices.empty))
    if (slices["end_s"] - slices["start_s"]).median() / (end - start) * LANE_PIXELS < 2 * SHARPNESS:
        axes.set_title("figure(start=…, end=…) looks closer", loc="right", fontsize=10, color=REFERENCE)


def share_executing(slices, edges):
    """Return the share of the time between neighbouring `edges` that one worker's `slices` cover."""
    moments = slices[["start_s", "end_s"]].to_numpy()
    executed = np.concatenate([[0.0], np.cumsum(moments[:, 1] - moments[:, 0])])
    share = np.diff(np.interp(edges, moments.ravel(), np.repeat(executed, 2)[1:-1])) / np.diff(edges)
    return np.clip(share, 0.0, 1.0)  # rounding goes a little beyond, of which matplotlib would warn
