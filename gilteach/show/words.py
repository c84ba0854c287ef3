"""Numbers and findings in plain words."""

NOISY_BACKGROUND = 0.2  # cores that others kept busy, above which wall times can't be compared
WAITING = 0.2  # cores busy up to which a run mostly waits, and a busy neighbour doesn't disturb it
NOISY_SPREAD = 0.25  # of the median
CLEAR = 1.1  # a speed-up beyond this is one, if all repeats agree
DRIFT = 1.15  # serial CPU time ÷ CPU time of the same work, above which the cores' speed has changed
CLEAR_ALONE = 1.5  # the same for a single pair of runs, which can be off by half


def seconds(value):
    """Return a duration with a unit that suits it: ``"2.04 s"``, ``"15 ms"``, ``"0.2 ms"``."""
    if value >= 10:
        return f"{value:.1f} s"
    if value >= 0.1:
        return f"{value:.2f} s"
    return f"{value * 1e3:.0f} ms" if value >= 0.001 else f"{value * 1e3:.1g} ms"


def roughly(value):
    """Return a duration that is only roughly known: ``"about 0.5 s"``, ``"about 25 s"``, ``"about 3 min"``."""
    for unit, length in (("h", 3600), ("min", 60)):
        if value >= 2 * length:
            return f"about {value / length:.2g} {unit}"
    return f"about {value:.0f} s" if value >= 10 else f"about {max(value, 0.1):.1f} s"


def amount(value, unit):
    """Return a size with its unit: ``"10,000,000 iterations"``, ``"2 s"``."""
    return f"{value:,.10g} {unit}".rstrip()


def in_bytes(size):
    """Return a number of bytes in words: ``"100 B"``, ``"20 KB"``, ``"1.5 MB"``; a KB is 1,000 bytes."""
    for unit, factor in (("MB", 10**6), ("KB", 10**3)):
        if size >= factor:
            return f"{size / factor:,.10g} {unit}"
    return f"{size:,.10g} B"


def workers(runner, count):
    """Return who did the work: ``"serial"``, ``"1 thread"``, ``"4 processes"``."""
    if runner == "serial":
        return "serial"
    return f"{count} {runner}" if count != 1 else "1 " + runner.removesuffix("es" if runner == "processes" else "s")


def finding(row):
    """Say what one row of `Sweep.summary` shows.

    Parameters
    ----------
    row : named tuple
        From ``sweep.summary.reset_index().itertuples()``.

    Returns
    -------
    str
        Such as ``"4 threads: 2.04 s, 1.0 cores busy, no faster than one after the other"``.
    """
    wall = f"{workers(row.runner, row.workers)}: {seconds(row.wall_s)}, {row.cores_busy:.1f} cores busy"
    if row.runner == "serial":
        return f"{wall}, {row.tasks} tasks one after the other" if row.tasks > 1 else f"{wall}, one task"
    return wall + comparison(row)


def comparison(row):
    """Say how a row of `Sweep.summary` compares with serial, as far as the data carries it."""
    if row.speed_up != row.speed_up:  # NaN: no serial run to compare with
        return ""
    if row.background > NOISY_BACKGROUND and row.cores_busy > WAITING:
        return f"; too noisy to compare: other programs kept {row.background:.1f} cores busy"
    if row.cpu_ratio > DRIFT:
        drift = f"the same work took {row.cpu_ratio:.1f} × the CPU time when done one after the other"
        return f"; too noisy to compare: {drift}"
    alone = row.repeats == 1
    clear, how_often = (CLEAR_ALONE, " (one run each)") if alone else (CLEAR, "")
    if row.speed_up_low > clear:
        return f", {row.speed_up:.1f} × as fast as one after the other{how_often}"
    if row.speed_up_high < 1 / clear:
        return f", {1 / row.speed_up:.1f} × as long as one after the other{how_often}"
    if alone:
        return f", no clear difference from one after the other{how_often}"
    if row.speed_up_high - row.speed_up_low > 2 * NOISY_SPREAD * row.speed_up:
        low, high = row.speed_up_low, row.speed_up_high
        return f"; too noisy to compare: {low:.1f} to {high:.1f} × as fast as one after the other"
    if row.speed_up < clear:
        return ", no faster than one after the other"
    return f", about {row.speed_up:.1f} × as fast as one after the other"


def findings(summary):
    """Return a `finding` for each row of a summary."""
    return [finding(row) for row in summary.reset_index().itertuples()]
