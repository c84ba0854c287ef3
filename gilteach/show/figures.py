"""The figures: wall time and cores busy, each with its unit, its reference lines and its words.

They are `Figure` objects that belong to nobody's pyplot state, so that a panel's callback can't
draw into another cell's output. Colours are the Okabe–Ito palette, which colour-blind readers can
tell apart; each runner has its own marker as well.
"""

import base64
import io
import threading
from contextlib import contextmanager
from html import escape

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from .words import amount, findings, workers

COLOURS = {"serial": "#000000", "threads": "#0072B2", "processes": "#D55E00"}
MARKERS = {"serial": "s", "threads": "o", "processes": "^"}
REFERENCE = "#767676"  # grey that still reads on white

WIDTH, HEIGHT = 10.0, 4.2  # inches; at SCREEN_DPI as wide as a notebook's output on a projector
SCREEN_DPI = 96
SHARPNESS = 2  # device pixels per CSS pixel
LANE_PIXELS = round(WIDTH * SCREEN_DPI * SHARPNESS)
PALE = 0.3  # opacity of a task in progress
MOST_EDGES = 200  # tasks in a lane that are told apart by a white edge; of more, edges would be all that is seen

STYLE = {
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 2,
    "lines.markersize": 7,
}


_drawing = threading.RLock()


@contextmanager
def our_style():
    """Draw in our style; one thread at a time, because matplotlib's settings are global."""
    with _drawing, rc_context(STYLE):
        yield


class Picture(Figure):
    """A matplotlib `Figure` that a notebook shows sharply, with a text alternative.

    Attributes
    ----------
    alt : str
        What the figure shows, in words.
    """

    alt = ""

    def png(self):
        """Return the figure as a PNG, in bytes."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=SCREEN_DPI * SHARPNESS, pil_kwargs={"compress_level": 1})
        return _fewer_colours(buffer)

    def html(self):
        """Return the figure as an HTML image that fits its place and has a text alternative."""
        data, metadata = self._repr_mimebundle_()
        source, width = f"data:image/png;base64,{data['image/png']}", metadata["image/png"]["width"]
        style = f"width: 100%; max-width: {width}px"
        return f'<img class="widget-image" src="{source}" alt="{escape(self.alt)}" style="{style}">'

    def _repr_mimebundle_(self, include=None, exclude=None):
        width, height = (round(inches * SCREEN_DPI) for inches in self.get_size_inches())
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.alt}
        return data, {"image/png": {"width": width, "height": height, "alt": self.alt}}


def _fewer_colours(buffer):
    """Return a PNG with a palette: flat colours need no more, and stored notebooks stay small."""
    from PIL import Image

    small = io.BytesIO()
    with Image.open(buffer) as image:
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def new_picture(height=HEIGHT):
    """Return an empty `Picture` of the usual width."""
    return Picture(figsize=(WIDTH, height), layout="constrained")


def sweep_figure(sweep):
    """Draw wall time and mean cores busy against what was swept."""
    with our_style():
        picture = new_picture()
        left, right = picture.subplots(1, 2, width_ratios=[3, 2])
        draw_wall_time(left, sweep)
        draw_cores_busy(right, sweep)
        picture.suptitle(describe_work(sweep), x=0.01, ha="left", fontsize=13, color=REFERENCE)
    picture.alt = f"{describe_work(sweep)}. " + ". ".join(findings(sweep.summary)) + "."
    return picture


def run_figure(run, start, end):
    """Draw cores busy against time, above a lane per worker, from `start` to `end` (seconds)."""
    with our_style():
        picture = new_picture(height=2.6 + min(3.0, 0.3 + 0.25 * run.workers))
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


def panel_figure(sweep, latest):
    """Draw a panel's measurements: the sweep so far, and the utilisation of the latest runs."""
    with our_style():
        picture = new_picture()
        grid = picture.add_gridspec(2, 2, width_ratios=[3, 2])
        draw_wall_time(picture.add_subplot(grid[:, 0]), sweep)
        draw_utilisation(picture.add_subplot(grid[0, 1]), latest)
        draw_cores_busy(picture.add_subplot(grid[1, 1]), sweep)
    picture.alt = ". ".join(findings(sweep.summary)) + "."
    return picture


def empty_figure(text):
    """Draw a picture that only says `text`."""
    picture = new_picture()
    picture.text(0.5, 0.5, text, ha="center", va="center", fontsize=16, color=REFERENCE)
    picture.alt = text
    return picture


def describe_work(sweep):
    """Say what work a sweep's runs did."""
    frame = sweep.frame
    task = frame["task"].iloc[0]
    sizes, tasks = frame["size"].unique(), frame["tasks"].unique()
    size = f" of {amount(sizes[0], sweep.runs[-1].plan.facts.unit)}" if len(sizes) == 1 else ""
    counts = f"{tasks[0]} ×" if len(tasks) == 1 else "one task per worker:"
    return f"{counts} {task}{size}"


def draw_wall_time(axes, sweep):
    """Draw wall time against the swept axis: medians, all repeats, start-up, ideal."""
    summary = sweep.summary.reset_index()
    frame, axis = sweep.frame, sweep.axis
    _set_x_axis(axes, sweep)
    labels = []
    for runner, rows in summary.groupby("runner", sort=False):
        rows = rows.sort_values(axis)
        colour = COLOURS[runner]
        x, y = rows[axis], rows["wall_s"]
        if runner == "serial" and len(rows) == 1 and summary[axis].nunique() > 1:
            x = [summary[axis].min(), summary[axis].max()]  # the same work at every worker count
            y = [*y, *y]
            axes.plot(x, y, color=colour)
        else:
            axes.plot(x, y, color=colour, marker=MARKERS[runner])
            axes.errorbar(
                x,
                y,
                _spread(rows, "wall_s", "wall_low_s", "wall_high_s"),
                fmt="none",
                ecolor=colour,
                elinewidth=1.2,
                capsize=3,
            )
        repeats = frame[frame["runner"] == runner]
        axes.plot(repeats[axis], repeats["wall_s"], ".", color=colour, alpha=0.35, markersize=5)
        with_startup = rows["wall_s"] + rows["startup_s"]
        if runner != "serial" and (rows["startup_s"] > 0.03 * rows["wall_s"]).any():
            axes.plot(rows[axis], with_startup, color=colour, alpha=0.45, linewidth=1.2, linestyle="--", marker="_")
            labels.append((rows[axis].iloc[-1], with_startup.iloc[-1], "  with start-up", colour, 10))
        labels.append((list(x)[-1], list(y)[-1], runner, colour, 12))
    ideal = _ideal(summary, axis)
    if ideal is not None:
        axes.plot(*ideal, color=REFERENCE, linestyle=":", linewidth=1.5, zorder=1)
        labels.append((ideal[0][-1], ideal[1][-1], "ideal", REFERENCE, 11))
    if axes.get_xscale() == "log" and axis == "size":
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.set_ylim(bottom=0)
    axes.set_title("Wall time")
    axes.set_ylabel("seconds")
    label_directly(axes, labels)
    _mark_usable_cpus(axes, sweep)


def draw_cores_busy(axes, sweep):
    """Draw mean cores busy against the swept axis."""
    summary, axis = sweep.summary.reset_index(), sweep.axis
    _set_x_axis(axes, sweep)
    labels = []
    for runner, rows in summary.groupby("runner", sort=False):
        rows = rows.sort_values(axis)
        colour = COLOURS[runner]
        spread = _spread(rows, "cores_busy", "cores_busy_low", "cores_busy_high")
        axes.errorbar(
            rows[axis], rows["cores_busy"], spread, color=colour, marker=MARKERS[runner], elinewidth=1.2, capsize=3
        )
        labels.append((rows[axis].iloc[-1], rows["cores_busy"].iloc[-1], runner, colour, 11))
    axes.set_title("Mean CPU utilisation")
    axes.set_ylabel("cores busy")
    set_cores_axis(axes, sweep.runs[-1].machine.usable_cpus, summary["cores_busy_high"].max())
    label_directly(axes, labels)


def _spread(rows, middle, low, high):
    """How far it is from the middle down and up, as `errorbar` wants it; an array, since pandas 2 warns of columns."""
    return rows[[low, high]].sub(rows[middle], axis=0).abs().to_numpy().T


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


def _ideal(summary, axis):
    """Wall time if work were shared without loss, from the serial runs; None without them."""
    serial = summary[summary["runner"] == "serial"]
    others = summary[summary["runner"] != "serial"].drop_duplicates(axis).sort_values(axis)
    one_task = (serial["wall_s"] / serial["tasks"]).groupby(serial["size"]).median()
    if len(others) < 2 or not others["size"].isin(one_task.index).all():
        return None
    # Tasks are not divided: five tasks on four workers take as long as two on one.
    rounds = np.ceil(others["tasks"] / others["workers"])
    return others[axis].to_numpy(), (others["size"].map(one_task) * rounds).to_numpy()


def _set_x_axis(axes, sweep):
    frame, axis = sweep.frame, sweep.axis
    values = np.sort(frame[axis].unique())
    if axis == "size":
        unit = sweep.runs[-1].plan.facts.unit
        axes.set_xlabel(f"size ({unit})" if unit else "size")
        if values[0] > 0 and values[-1] / values[0] >= 10:
            axes.set_xscale("log")
        return
    axes.set_xlabel(axis)
    if values[-1] >= 8 and len(values) > 1:
        axes.set_xscale("log", base=2)
        axes.set_xticks(values)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.set_xlim(min(0.5, values[0] - 0.5), values[-1] + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))


def set_cores_axis(axes, usable, highest, side="left"):
    """Mark the usable CPUs, in words at the side where curves seldom reach them."""
    axes.set_ylim(0, 1.15 * max(usable, highest))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.axhline(usable, color=REFERENCE, linestyle=":", linewidth=1.5, zorder=1)
    axes.text(
        float(side == "right"), usable, f" {usable} usable CPU{'s' * (usable != 1)} ",
        transform=axes.get_yaxis_transform(), va="bottom", ha=side, fontsize=10, color=REFERENCE,
    )  # fmt: skip


def _mark_usable_cpus(axes, sweep):
    usable = sweep.runs[-1].machine.usable_cpus
    low, high = axes.get_xlim()
    if sweep.axis == "workers" and low <= usable <= high:
        axes.axvline(usable, color=REFERENCE, linestyle=":", linewidth=1.5, zorder=1)
        place = (axes.transData + axes.transAxes.inverted()).transform((usable, 0))[0]
        axes.text(
            usable, 1.0, f" {usable} usable CPU{'s' * (usable != 1)} ", transform=axes.get_xaxis_transform(),
            va="top", ha="left" if place < 0.5 else "right", fontsize=10, color=REFERENCE,
        )  # fmt: skip


def label_directly(axes, labels):
    """Write each line's name beside its end, moved up or down where two would overlap."""
    height = axes.get_position().height * axes.figure.get_size_inches()[1] * 72  # points
    to_fraction = axes.transData + axes.transAxes.inverted()
    places = sorted((to_fraction.transform((x, y))[1], text, colour, size) for x, y, text, colour, size in labels)
    step, at, heights = 1.25 / height, -1.0, []
    for fraction, _, _, size in places:
        at = max(fraction, at + step * size)
        heights.append(at)
    top = max(1.0, places[-1][0])
    for place in reversed(range(len(places))):  # what was moved up beyond the top comes down again
        heights[place] = min(heights[place], top)
        top = heights[place] - step * places[place][3]
    for at, (_, text, colour, size) in zip(heights, places, strict=True):
        axes.annotate(
            text, (1.0, at), xycoords="axes fraction", xytext=(6, 0), textcoords="offset points",
            va="center", color=colour, fontsize=size, annotation_clip=False,
        )  # fmt: skip
