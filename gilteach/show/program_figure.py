"""The figure of a program: cores busy against time, above a lane for each of its processes and threads."""

from textwrap import fill

import numpy as np
from matplotlib.colors import to_rgb
from pandas import isna

from .pictures import COLOURS, REFERENCE, new_picture, our_style, set_cores_axis, text_width
from .run_figure import LANE_PIXELS, PALE, SHARPNESS, share_executing
from .words import seconds

MOST_LANES = 24  # drawn; `ProgramRun.lanes` has them all
LANE_HEIGHT = 0.26  # inches
BAR = 0.75  # of that
BAR_ROWS = np.repeat([0, 1, 0], [1, 6, 1])  # of eight in an image of lanes, those that are its bar
LIFE = PALE - 0.05  # opacity of a bar
TITLE_WIDTH = 90  # characters
NAME_SIZE = 10  # points
NAME_WIDTH = 32  # characters; a longer name would leave no room for its lane
HALF = 0.5  # how solid a thread is that is ready without a core
BAND = "#D9D9D9"  # of what other programs kept busy
LEAST_EXECUTING = 0.1  # of the time
LEAST_BAND = 0.05  # cores; less is the noise of the machine's clock


def program_figure(run, start, end):
    """Draw a `ProgramRun` from `start` to `end` (seconds)."""
    lanes = worth_drawing(run.lanes)
    left_out = len(lanes)
    lanes = most_important(lanes)
    left_out -= len(lanes)
    height = 0.5 + LANE_HEIGHT * max(3, len(lanes))
    with our_style():
        title = fill(f"{run.name}: {run.summary}", TITLE_WIDTH)
        names = max((text_width(short_name(lane), NAME_SIZE) for lane in lanes.itertuples()), default=0.0)
        lines = 1 + title.count("\n")
        picture = new_picture(
            2.8 + height, left=max(0.95, names / 72 + 0.2), right=1.45, top=0.5 + 0.25 * lines, above=0.7
        )
        top, bottom = picture.subplots(2, 1, sharex=True, height_ratios=[2.0, height])
        draw_utilisation(top, run)
        draw_lives(bottom, run, lanes, start, end)
        bottom.tick_params(axis="y", pad=names + 4)  # they start at the same place, so that threads are indented
        top.set_xlim(start, end)
        if left_out:
            bottom.set_xlabel(f"{bottom.get_xlabel()} ({left_out} more lanes are left out)")
        picture.suptitle(title, x=0.01, ha="left", fontsize=13, color=REFERENCE, parse_math=False)
    said = [f"{run.name}: {run.summary}"]
    if run.raw_slices is not None:
        said.append(run.turns)
    said += [f"{lane.name}: {lane.start_s:.2f} to {lane.end_s:.2f} s, {_cpu(lane)}" for lane in lanes.itertuples()]
    if left_out:
        said.append(f"{left_out} more lanes are left out")
    picture.alt = ". ".join(said) + "."
    return picture


def worth_drawing(lanes):
    """Leave out the one thread of processes that have no more: their lanes would say everything twice."""
    alone = lanes.groupby("process")["thread"].transform("count") == 1
    return lanes[lanes["thread"].isna() | ~alone]


def most_important(lanes):
    """Return the lanes that are drawn, in their order: processes first, then the threads that computed most."""
    by_importance = lanes.assign(is_thread=lanes["thread"].notna()).sort_values(
        ["is_thread", "cpu_s"], ascending=[True, False], kind="stable", na_position="last"
    )
    return lanes.loc[sorted(by_importance.index[:MOST_LANES])]


def draw_utilisation(axes, run):
    """Draw cores busy against time, on a band of what other programs kept busy."""
    times, cores = zip(*run.raw_samples, strict=True)
    highest = max(cores)
    if run.raw_others and max(kept for _, kept in run.raw_others) > LEAST_BAND:
        moments, others = zip(*run.raw_others, strict=True)
        axes.stairs(others, [0.0, *moments], fill=True, color=BAND, zorder=0)
        busiest = int(np.argmax(others))
        axes.annotate(
            "other programs", (moments[busiest], others[busiest]), xytext=(0, 2), textcoords="offset points",
            ha="right" if moments[busiest] > run.wall / 2 else "left", va="bottom", fontsize=10, color=REFERENCE,
        )  # fmt: skip
        highest = max(highest, *others)
    axes.stairs(cores, [0.0, *times], color="black", linewidth=1.8, baseline=None)
    axes.set_title("CPU utilisation")
    axes.set_ylabel("cores busy")
    set_cores_axis(axes, run.machine.usable_cpus, highest, side="right")


def draw_lives(axes, run, lanes, start, end):
    """Draw a bar for each lifetime, solid where it executed or, where nobody saw that, as far as it did."""
    slices = run.slices
    if run.raw_slices is not None:
        draw_slices(axes, run, lanes, start, end)
    for place, lane in enumerate(lanes.itertuples()):
        is_process = isna(lane.thread)
        colour = COLOURS["processes" if is_process else "threads"]
        life = max(lane.end_s - lane.start_s, 1e-6)
        if run.raw_slices is None:
            share = 0.0 if isna(lane.cpu_s) else min(1.0, lane.cpu_s / life)
            axes.barh(place, life, BAR, lane.start_s, color=colour, alpha=LIFE, linewidth=0)
            axes.barh(place + BAR / 2, life, -BAR * share, lane.start_s, color=colour, align="edge")
        if isna(lane.cpu_s):
            axes.barh(place, life, BAR, lane.start_s, fill=False, hatch="///", edgecolor=colour, alpha=0.4, linewidth=0)
        axes.annotate(
            _cpu(lane), (1.0, place), xycoords=axes.get_yaxis_transform(), xytext=(6, 0), textcoords="offset points",
            va="center", fontsize=10, color=colour, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(range(len(lanes)), [short_name(lane) for lane in lanes.itertuples()])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
        label.set_ha("left")
    axes.tick_params(axis="y", length=0, labelsize=NAME_SIZE)
    axes.set_xlim(start, end)
    axes.set_ylim(len(lanes) - 0.4, -0.6)
    axes.set_xlabel("seconds since the program was started")
    if run.raw_slices is None:
        axes.set_title("Lifetimes of its processes and threads, filled as far as they kept a core busy")
        return
    axes.set_title("Its processes and threads  (solid: executing, half: ready without a core, pale: waiting)")
    lengths = slices["end_s"] - slices["start_s"]
    much = lengths.sum() > LEAST_EXECUTING * (end - start)  # so that there is something to look at more closely
    if much and lengths.median() / (end - start) * LANE_PIXELS < 2 * SHARPNESS:
        axes.set_xlabel(f"{axes.get_xlabel()}; figure(start=…, end=…) looks closer")


def draw_slices(axes, run, lanes, start, end):
    """Shade all lanes: each pixel is as solid as its share of executing, and half of its share of being ready.

    They are one image, since each costs a few milliseconds, whatever its size.
    """
    edges = np.linspace(start, end, LANE_PIXELS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    image = np.zeros((len(lanes), *BAR_ROWS.shape, LANE_PIXELS, 4), dtype=np.uint8)
    for rows, lane in zip(image, lanes.itertuples(), strict=True):
        executing, ready = shares(run, lane, edges)
        alive = (lane.start_s <= middles) & (middles <= max(lane.end_s, lane.start_s + edges[1] - edges[0]))
        solid = LIFE + (1 - LIFE) * np.maximum(executing, HALF * ready)
        rows[..., :3] = np.multiply(255, to_rgb(COLOURS["processes" if isna(lane.thread) else "threads"]))
        rows[..., 3] = 255 * BAR_ROWS[:, None] * np.where(alive | (executing + ready > 0), solid, 0.0)
    axes.imshow(
        image.reshape(-1, LANE_PIXELS, 4), extent=(start, end, len(lanes) - 0.5, -0.5), aspect="auto", zorder=2,
        interpolation="nearest",
    )  # fmt: skip


def shares(run, lane, edges):
    """Return the shares of the time between neighbouring `edges` that a lane was executing, and ready without a core.

    In a process's lane, of its threads the one with the largest share counts.
    """
    own = run.slices[run.slices["process"] == lane.process]
    if not isna(lane.thread):
        own = own[own["thread"] == lane.thread]
    nothing = np.zeros(len(edges) - 1)
    return [
        np.max([nothing, *(share_executing(of_one, edges) for _, of_one in in_state.groupby("thread"))], axis=0)
        for in_state in (own[own["state"] == state] for state in ("executing", "ready"))
    ]


def short_name(lane):
    """Return what a lane is called, a thread's indented under its process's."""
    name = " ".join(lane.name.split())
    name = name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 1]}…"
    return name if isna(lane.thread) else f"   {name}"


def _cpu(lane):
    return "CPU time unknown" if isna(lane.cpu_s) else f"{seconds(lane.cpu_s)} CPU time"
