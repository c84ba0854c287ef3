"""The table that lessons need most often: medians, with start-up."""

from ..errors import BadType, BadValue
from .record import Run
from .setting import Setting
from .sweeps import SETTING, Sweep

COLUMNS = ("startup_s", "wall_s", "total_s", "cores_busy", "speed_up")
DIGITS = 3


def medians(*measured, **named):
    """Put the medians of what was measured into one table, to be read.

    Parameters
    ----------
    *measured : Sweep
        Sweeps, below each other.
    **named : Run or sequence of Run
        Or repeats of runs, a row each.

    Returns
    -------
    pandas.DataFrame
        A row per setting, by what differs among ``task``, ``runner``, ``workers``, ``tasks`` and ``size``; or by the
        names given. ``startup_s``, ``wall_s`` and both together, ``total_s`` (seconds), ``cores_busy`` (cores) and
        ``speed_up`` (×, for sweeps with serial runs), to three digits.

    Raises
    ------
    BadValue
        If there is nothing, or something else than sweeps or runs.
    """
    import pandas as pd

    if bool(measured) == bool(named):
        raise BadValue("give sweeps, or runs by name such as threads=[run, …], one of the two")
    if named:
        rows = {name: _of_runs(name, runs) for name, runs in named.items()}
        return _rounded(pd.DataFrame.from_dict(rows, orient="index"))
    for sweep in measured:
        if not isinstance(sweep, Sweep):
            raise BadType(f"sweeps are wanted, or runs by name, not {sweep!r}")
    together = pd.concat([sweep.comparisons for sweep in measured])
    together["total_s"] = together["startup_s"] + together["wall_s"]
    settings = [name for name in SETTING if together[name].nunique() > 1]
    table = together.groupby(settings or ["runner"], sort=False)[list(COLUMNS)].median()
    return _rounded(table.dropna(axis="columns", how="all"))


def _of_runs(name, runs):
    runs = [runs] if isinstance(runs, Run) else list(runs)
    if not runs or not all(isinstance(run, Run) for run in runs):
        raise BadType(f"{name} must be runs, such as gt.run(…) gives, not {runs!r}")
    setting = Setting(tuple(runs), speed_ups=())
    return {
        "startup_s": setting.startup, "wall_s": setting.wall, "total_s": setting.total, "cores_busy": setting.cores_busy
    }  # fmt: skip


def _rounded(table):
    return table.map(lambda value: float(f"{value:.{DIGITS}g}"))
