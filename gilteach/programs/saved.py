"""Loading what was saved: runs of tasks, sweeps, and runs of programs."""

from ..errors import BadValue
from ..measuring import saved
from ..measuring.record import Run
from ..measuring.sweeps import Sweep
from .record import ProgramRun

KINDS = {kind.FORMAT: kind for kind in (Run, Sweep, ProgramRun)}


def load(path):
    """Load what `Run.save`, `Sweep.save` or `ProgramRun.save` has saved.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    Run, Sweep or ProgramRun

    Raises
    ------
    BadValue
        If the file holds no run, or one that another version of gilteach has saved.
    """
    content = saved.read(path)
    kind = KINDS.get(content["format"]) if isinstance(content["format"], str) else None
    if kind is None:
        raise BadValue(f"{path} holds no saved run")
    saved.check_version(path, content, kind.READABLE)
    try:
        loaded = kind._of_saved(content)
        for run in getattr(loaded, "runs", (loaded,)):
            for part in (run, run.machine, run.machine.python):
                saved.check_types(part)
            # Whatever can be read of a run can be shown: drawn, listed, written.
            repr(run), run.samples.sum(), run.slices.sum()
        return loaded
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadValue(f"{path} holds a damaged run: {error!r}") from None
