"""The figures of sweeps: wall time and mean cores busy against what was varied."""

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from .pictures import COLOURS, MARKERS, REFERENCE, label_directly, new_picture, our_style, set_cores_axis
from .run_figure import draw_utilisation
from .words import amount, findings


def sweep_figure(sweep):
    """Draw wall time and mean cores busy against what was swept."""
    with our_style():
        picture = new_picture(top=0.75, beside=1.95)
        left, right = picture.subplots(1, 2, width_ratios=[3, 2])
        draw_wall_time(left, sweep)
        draw_cores_busy(right, sweep)
        picture.suptitle(describe_work(sweep), x=0.01, ha="left", fontsize=13, color=REFERENCE)
    picture.alt = f"{describe_work(sweep)}. " + ". ".join(findings(sweep.summary)) + "."
    return picture


def panel_figure(sweep, latest):
    """Draw a panel's measurements: the sweep so far, and the utilisation of the latest runs."""
    with our_style():
        picture = new_picture(beside=1.95, above=1.0)
        grid = picture.add_gridspec(2, 2, width_ratios=[3, 2])
        draw_wall_time(picture.add_subplot(grid[:, 0]), sweep)
        draw_utilisation(picture.add_subplot(grid[0, 1]), latest)
        draw_cores_busy(picture.add_subplot(grid[1, 1]), sweep)
    picture.alt = ". ".join(findings(sweep.summary)) + "."
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
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        for set_formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            set_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
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
