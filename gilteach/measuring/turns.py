"""Taking turns: what slices say about workers executing at the same time or one after the other."""

import numpy as np

from ..show.words import seconds, workers

TOGETHER = 0.5  # of the busy time overlaps: they execute at the same time
APART = 0.05  # or less: they take turns
APART_SEEN = 0.1  # the same where turns were seen from outside, every millisecond: their ends are blurred
LEAST_BUSY = 0.02  # s; what a thread of a program has to execute to be spoken of
LEAST_SHARE = 0.1  # of what the busiest has executed
MOST_BLIND = 0.1  # of a program's time in which nobody could see its turns


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
    said = in_words(slices, count, workers(run.runner, count))
    waits = waits_in_words(run)
    return f"{said}; in all they {waits}" if waits else said


def of_program(run):
    """Say how those threads of a program that computed took turns.

    Parameters
    ----------
    run : ProgramRun
        With slices.

    Returns
    -------
    str
        Such as ``"2 threads took turns: 170 slices, median 5.9 ms, 3 % of the busy time overlaps"``.
    """
    if run.raw_slices is None:
        return "who executes when can be seen on Linux only"
    slices = run.slices
    lengths = (slices["end_s"] - slices["start_s"]).groupby([slices["process"], slices["thread"], slices["state"]])
    totals = lengths.sum().unstack(fill_value=0.0).reindex(columns=["executing", "ready"], fill_value=0.0)
    busy = totals[totals["executing"] >= max(LEAST_BUSY, LEAST_SHARE * totals["executing"].max())]
    if busy.empty:
        return "no thread executed for long"
    processes = busy.index.get_level_values("process").nunique()
    count = len(busy)
    if processes == 1:
        who = workers("threads", count)
    elif processes == count:
        who = workers("processes", count)
    else:
        who = f"{count} threads of {processes} processes"
    if count > 1 and run.blind > MOST_BLIND * run.wall:
        return f"{who} executed; too noisy to say how they took turns: other programs had the cores"
    executed = slices[slices["state"] == "executing"]
    executed = executed[executed.set_index(["process", "thread"]).index.isin(busy.index)]
    said = in_words(executed, count, who, APART_SEEN)
    ready = busy["ready"].sum()
    return f"{said}; in all they were {seconds(ready)} ready without a core" if ready >= LEAST_BUSY else said


def in_words(slices, count, who, apart=APART):
    """Say how many slices there are, how long, and how far they overlap."""
    median = (slices["end_s"] - slices["start_s"]).median()
    found = f"{len(slices):,} slice{'s' * (len(slices) != 1)}, median {1e3 * median:,.1f} ms"
    if count == 1:
        return f"{who}: {found}"
    how, share = "partly took turns", overlap(slices)
    if share <= apart:
        how = "took turns"
    elif share > TOGETHER:
        how = "executed at the same time"
    return f"{who} {how}: {found}, {100 * share:.0f} % of the busy time overlaps"


def waits_in_words(run):
    """Say how long the workers waited in mid-task, and for what; nothing where it was under 10 ms."""
    lengths, covered = gaps(run)
    # Another thread can execute only once it has the GIL, and then this one has to wait for it, even
    # while the other is off the CPU. Processes have a GIL each, whoever executes meanwhile.
    shared = run.runner == "threads" and run.machine.python.gil
    for_gil = shared & (covered > 0)
    parts = (("waited {} for the GIL", lengths[for_gil].sum()), ("were {} off the CPU", lengths[~for_gil].sum()))
    return " and ".join(text.format(seconds(total)) for text, total in parts if total >= 0.01)
