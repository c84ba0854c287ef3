"""The figure of a program: cores busy against time, above a lane for each of its processes and threads."""

from textwrap import fill

from pandas import isna

from .pictures import COLOURS, REFERENCE, new_picture, our_style, set_cores_axis
from .words import seconds

MOST_LANES = 24  # drawn; `ProgramRun.lanes` has them all
LANE_HEIGHT = 0.26  # inches
TITLE_WIDTH = 90  # characters
NAME_WIDTH = 32  # characters; a longer name would leave no room for its lane


def program_figure(run):
    """Draw a `ProgramRun`."""
    lanes = worth_drawing(run.lanes)
    left_out = max(0, len(lanes) - MOST_LANES)
    lanes = lanes.head(MOST_LANES)
    height = 0.5 + LANE_HEIGHT * max(3, len(lanes))
    with our_style():
        picture = new_picture(height=2.8 + height)
        top, bottom = picture.subplots(2, 1, sharex=True, height_ratios=[2.0, height])
        draw_utilisation(top, run)
        draw_lifetimes(bottom, lanes)
        if left_out:
            bottom.set_xlabel(f"{bottom.get_xlabel()} ({left_out} more lanes are left out)")
        title = fill(f"{run.name}: {run.summary}", TITLE_WIDTH)
        picture.suptitle(title, x=0.01, ha="left", fontsize=13, color=REFERENCE)
    lives = [f"{lane.name}: {lane.start_s:.2f} to {lane.end_s:.2f} s, {_cpu(lane)}" for lane in lanes.itertuples()]
    picture.alt = ". ".join([f"{run.name}: {run.summary}", *lives]) + "."
    return picture


def worth_drawing(lanes):
    """Leave out the one thread of processes that have no more: their lanes would say everything twice."""
    alone = lanes.groupby("process")["thread"].transform("count") == 1
    return lanes[lanes["thread"].isna() | ~alone]


def draw_utilisation(axes, run):
    """Draw cores busy against time."""
    times, cores = zip(*run.raw_samples, strict=True)
    axes.stairs(cores, [0.0, *times], color=REFERENCE, linewidth=1.8, baseline=None)
    axes.set_xlim(0, run.wall)
    axes.set_title("CPU utilisation")
    axes.set_ylabel("cores busy")
    set_cores_axis(axes, run.machine.usable_cpus, max(cores), side="right")


def draw_lifetimes(axes, lanes):
    """Draw a bar for each lifetime, filled from below by the share of it that was CPU time."""
    for place, lane in enumerate(lanes.itertuples()):
        is_process = isna(lane.thread)
        colour = COLOURS["processes" if is_process else "threads"]
        life = max(lane.end_s - lane.start_s, 1e-6)
        share = 0.0 if isna(lane.cpu_s) else min(1.0, lane.cpu_s / life)
        axes.barh(place, life, 0.76, lane.start_s, color=colour, alpha=0.25)
        axes.barh(place + 0.38, life, -0.76 * share, lane.start_s, color=colour, align="edge")
        axes.annotate(
            _cpu(lane), (1.0, place), xycoords=axes.get_yaxis_transform(), xytext=(6, 0), textcoords="offset points",
            va="center", fontsize=10, color=colour, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(range(len(lanes)), map(_short, lanes["name"]))
    axes.tick_params(axis="y", length=0, labelsize=10)
    axes.set_ylim(len(lanes) - 0.4, -0.6)
    axes.set_xlabel("seconds since the program was started")
    axes.set_title("Lifetimes of its processes and threads, filled as far as they kept a core busy")


def _short(name):
    name = " ".join(name.split())
    return name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 1]}…"


def _cpu(lane):
    return "CPU time unknown" if isna(lane.cpu_s) else f"{seconds(lane.cpu_s)} CPU time"
