"""A program's lanes as text, for a terminal."""

import numpy as np
from pandas import isna

from .program_figure import most_important, shares, short_name, worth_drawing
from .words import seconds

FILLS = "·░▒▓█"  # from waiting to executing all the time
READY = "─"
NARROWEST = 20  # columns of a lane


def lanes_in_text(run, columns):
    """Return what a `ProgramRun` shows, as wide as a terminal.

    Parameters
    ----------
    run : ProgramRun
        What was measured.
    columns : int
        The terminal's width.

    Returns
    -------
    str
        The summary, how the threads took turns, and a line for each process and thread.
    """
    all_lanes = worth_drawing(run.lanes)
    lanes = most_important(all_lanes)
    rows = [*lanes.itertuples()]
    names = [short_name(lane) for lane in rows]
    used = ["?" if isna(lane.cpu_s) else seconds(lane.cpu_s) for lane in rows]
    left, right = max(map(len, names)), max(map(len, used))
    width = max(NARROWEST, columns - left - right - 2)
    edges = np.linspace(0.0, run.wall, width + 1)
    lines = [f"{run.name}: {run.summary}"]
    if run.raw_slices is not None:
        lines.append(run.turns)
    lines.append(f"{'':{left}} 0{seconds(run.wall):>{width - 1}}")
    for lane, name, cpu in zip(rows, names, used, strict=True):
        lines.append(f"{name:{left}} {_lane(run, lane, edges)} {cpu:>{right}}")
    if len(all_lanes) > len(lanes):
        lines.append(f"{len(all_lanes) - len(lanes)} more lanes are left out")
    if run.raw_slices is not None:
        lines.append(f"{FILLS[-1]} executing  {READY} ready without a core  {FILLS[0]} waiting; CPU time on the right")
    return "\n".join(lines)


def _lane(run, lane, edges):
    alive = (edges[1:] > lane.start_s) & (edges[:-1] < max(lane.end_s, lane.start_s + 1e-9))
    if run.raw_slices is None:  # nobody saw when it executed
        share = 0.0 if isna(lane.cpu_s) else min(1.0, lane.cpu_s / max(lane.end_s - lane.start_s, 1e-6))
        executing, ready = np.full(len(alive), share), np.zeros(len(alive))
    else:
        executing, ready = shares(run, lane, edges)
    text = ""
    for there, solid, waits in zip(alive, executing, ready, strict=True):
        if not there:
            text += " "
        elif waits > 0.5 and waits > solid:
            text += READY
        else:
            text += FILLS[round(solid * (len(FILLS) - 1))]
    return text
