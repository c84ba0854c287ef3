"""Taking turns: what slices say about workers executing at the same time or one after the other."""

import numpy as np

from ..show.words import seconds, workers

TOGETHER = 0.5  # of the busy time overlaps: they execute at the same time
APART = 0.05  # or less: they take turns


def executing(slices):
    """Return the moments at which slices start or end, and how many workers execute after each.

    Parameters
    ----------
    slices : DataFrame
        `Run.slices`.

    Returns
    -------
    moments : array of float
        In seconds, rising.
    counts : array of int
        The last one is 0.
    """
    moments = np.concatenate([slices["start_s"], slices["end_s"]])
    order = np.argsort(moments, kind="stable")
    steps = np.repeat([1, -1], len(slices))
    return moments[order], np.cumsum(steps[order])


def overlap(slices):
    """Return the share of the busy time in which more than one worker executes; NaN without slices."""
    if slices.empty:
        return float("nan")
    moments, counts = executing(slices)
    lengths, counts = np.diff(moments), counts[:-1]
    return float(lengths[counts > 1].sum() / lengths[counts > 0].sum())


def gaps(run):
    """Return the gaps between the slices of each task.

    Returns
    -------
    lengths : array of float
        In seconds.
    covered : array of float
        In how many of these seconds another worker executed.
    """
    import pandas as pd

    spans = run.spans[["worker", "task", "start_s"]].sort_values("start_s")
    slices = pd.merge_asof(run.slices.sort_values("start_s"), spans, on="start_s", by="worker")
    starts = slices.groupby("task")["end_s"].shift()
    inside = starts.notna()
    starts, ends = starts[inside].to_numpy(), slices["start_s"][inside].to_numpy()
    moments, counts = executing(slices)
    busy = np.concatenate([[0.0], np.cumsum(np.diff(moments) * (counts[:-1] > 0))])
    return ends - starts, np.interp(ends, moments, busy) - np.interp(starts, moments, busy)


def sentence(run):
    """Say how the workers of a run took turns.

    Parameters
    ----------
    run : Run
        With slices.

    Returns
    -------
    str
        Such as ``"2 threads took turns: 120 slices, median 5.1 ms, 0 % of the busy time overlaps; in
        all they waited 0.60 s for the GIL"``.
    """
    slices = run.slices
    if slices.empty:
        return "no slices: they are recorded with trace=True, for tasks that compute"
    count = slices["worker"].nunique()
    median = (slices["end_s"] - slices["start_s"]).median()
    found = f"{len(slices):,} slice{'s' * (len(slices) != 1)}, median {1e3 * median:,.1f} ms"
    who = workers(run.runner, count)
    how, share = "partly took turns", run.overlap
    if share <= APART:
        how = "took turns"
    elif share > TOGETHER:
        how = "executed at the same time"
    said = f"{who} {how}: {found}, {100 * share:.0f} % of the busy time overlaps" if count > 1 else f"{who}: {found}"
    waits = waits_in_words(run)
    return f"{said}; in all they {waits}" if waits else said


def waits_in_words(run):
    """Say how long the workers waited in mid-task, and for what; nothing where it was under 10 ms."""
    lengths, covered = gaps(run)
    # Another thread can execute only once it has the GIL, and then this one has to wait for it, even
    # while the other is off the CPU. Processes have a GIL each, whoever executes meanwhile.
    shared = run.runner == "threads" and run.machine.python.gil
    for_gil = shared & (covered > 0)
    parts = (("waited {} for the GIL", lengths[for_gil].sum()), ("were {} off the CPU", lengths[~for_gil].sum()))
    return " and ".join(text.format(seconds(total)) for text, total in parts if total >= 0.01)
